"""The command `tandem runs`: which runs a store holds, by number."""

import dataclasses
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from scenarios.store import RunRecord

EPILOG = """\b
Examples:
  tandem runs
  tandem runs steel-and-power --json
"""
_HASH_DIGITS = 12
_SHOWN = ("id", "study", "study_id", "strategy", "sweep_value", "part", "point", "replication", "attempt",
          "superseded", "seed", "status", "seconds", "result_hash", "result_run_id", "inputs_hash",
          "model_version")  # fmt: skip


@click.command("runs", epilog=EPILOG)
@click.argument("study", required=False)
@click.option("--db", default="sqlite:///tandem.db", show_default=True, help="Results store: a URL, or a SQLite file.")
@click.option("--all", "history", is_flag=True, help="Also runs that a later attempt or study has superseded.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with whole hashes.")
def runs_command(study: str | None, *, db: str, history: bool, as_json: bool) -> None:
    """List the runs of STUDY, or of every study, in a results store.

    A run answered by an identical one that was computed before names that run.
    """
    import json

    from scenarios.store import Records

    with Records(db) as store:
        found = store.all_runs(study, history=history)
    if as_json:
        click.echo(json.dumps([_tree(one) for one in found], indent=2, ensure_ascii=False))
    elif found:
        click.echo(_table(found))
    else:
        click.echo("no run yet", err=True)


def _tree(one: "RunRecord") -> dict[str, Any]:
    tree = dataclasses.asdict(one)
    finished = one.finished_at.isoformat() if one.finished_at else None
    return {**{name: tree[name] for name in _SHOWN}, "label": one.label, "finished_at": finished}


def _table(found: list["RunRecord"]) -> str:
    from analysis.text import table

    rows = [
        [str(one.id), one.label, one.status, "" if not one.seconds else f"{one.seconds:.3f}",
         (one.result_hash or "")[:_HASH_DIGITS], _remark(one)]
        for one in found
    ]  # fmt: skip
    return table(["run", "study/strategy/replication", "status", "seconds", "result", ""], rows, left=(1, 2, 4, 5))


def _remark(one: "RunRecord") -> str:
    parts = [f"attempt {one.attempt}"] if one.attempt > 1 else []
    parts += ["superseded"] if one.superseded else []
    parts += [f"answered by run {one.result_run_id}"] if one.result_run_id not in (None, one.id) else []
    return ", ".join(parts)
