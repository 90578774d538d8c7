"""The command `tandem replay`: do one stored run again and say whether it comes out the same, bit for bit."""

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from model.errors import RunError, TandemError

if TYPE_CHECKING:
    from scenarios.replay import Replay, ValueChange

EXIT_DIFFERS = 3
EPILOG = """\b
Examples:
  tandem replay steel-and-power/raw/3
  tandem replay 42 --db results.db --json
"""
_MOST_ROWS = 12
_VERDICTS = {
    "differs": "comes out differently",
    "altered": "the result is reproduced bit for bit (hash {hash}), but not what the store shows of it:\n"
    "  values in the store were changed after the run",
    "fails alike": "fails as it did: {error}",
    "fails otherwise": "failed, and fails differently now\n  then: {then}\n  now:  {error}",
    "fails now": "had a result, and fails now: {error}",
    "succeeds now": "failed, and has a result now\n  then: {then}",
}


@click.command("replay", epilog=EPILOG)
@click.argument("run", metavar="RUN")
@click.option("--db", default="sqlite:///tandem.db", show_default=True, help="Results store: a URL, or a SQLite file.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON, every value that differs included.")
def replay_command(run: str, *, db: str, as_json: bool) -> int:
    """Do the stored run RUN again and compare: bit for bit, or what differs and by how much.

    RUN is the run's number, or STUDY/STRATEGY/REPLICATION for a run of a strategy as it is; `tandem runs` lists
    both. Everything comes from the store: the scenario may have changed since, or be gone.
    What of code, packages, machine and parameters is not as it was is listed, also where it makes no difference.
    Nothing is written to the store.

    \b
    Exit codes:
      0  the same result bit for bit, or the same failure
      1  the store or this version cannot ask the same question again; the reason is given
      2  no such run
      3  it comes out differently
    """
    from scenarios.replay import find_run, replay
    from scenarios.store import Records

    with Records(db) as store:
        try:
            answer = replay(store, find_run(store, run))
        except TandemError:
            raise
        except (ValueError, TypeError, AttributeError, LookupError) as error:  # a field that no program of ours wrote
            msg = f"run {run} cannot be replayed: what the store holds of it is damaged ({error})"
            raise RunError(msg) from error
    click.echo(_as_json(answer) if as_json else "\n".join(_lines(answer)))
    return 0 if answer.reproduced else EXIT_DIFFERS


def _lines(answer: "Replay") -> Iterator[str]:
    """Yield the answer for a terminal: verdict first, then what differs, then what is not as it was."""
    record = answer.record
    yield f"run {record.id}, {record.label}: {_verdict(answer)}"
    if answer.compared:
        counts = ", ".join(f"{count} {name}" for name, count in answer.compared.items())
        yield f"compared: {counts}; seed {record.seed}, replication {record.replication}"
        yield from _extent(answer)
    yield from _values("outcome", answer.outcomes)
    yield from _values("transfer", answer.transfers)
    yield from _series(answer)
    yield from _losses(answer)
    yield ""
    yield from _circumstances(answer)


def _verdict(answer: "Replay") -> str:
    from scenarios.replay import SAME, failure

    if answer.verdict == SAME:
        return f"identical, bit for bit (hash {answer.replayed_hash})"
    told = _VERDICTS[answer.verdict].format(
        hash=answer.replayed_hash, error=failure(answer.error or ""), then=failure(answer.record.error or "")
    )
    if answer.verdict == "differs":
        told += f"\n  hash then: {answer.record.result_hash}\n  hash now:  {answer.replayed_hash}"
        if not (answer.outcomes or answer.transfers or answer.series or answer.losses):
            told += "\n  every stored value is reproduced; only the stored hash is not"
    return told


def _extent(answer: "Replay") -> Iterator[str]:
    """Yield in one line how many values differ, and by how much at most."""
    changes = {name: getattr(answer, name) for name in ("outcomes", "transfers", "series", "losses")}
    if any(changes.values()):
        sizes = [abs(one.relative) for one in (*answer.outcomes, *answer.transfers) if one.relative is not None]
        most = f"; largest relative difference {max(sizes):.3g}" if sizes else ""
        yield f"different: {', '.join(f'{len(found)} {name}' for name, found in changes.items())}{most}"


def _values(what: str, changes: Sequence["ValueChange"]) -> Iterator[str]:
    """Yield a table of values that differ, the relatively largest first."""
    from analysis.text import table

    if not changes:
        return
    rows = [
        [" ".join(filter(None, one.key)), one.unit, _exact(one.stored), _exact(one.replayed), _rough(one.difference),
         _rough(one.relative)]
        for one in changes[:_MOST_ROWS]
    ]  # fmt: skip
    yield ""
    yield table([f"{what} that differs", "unit", "stored", "replayed", "difference", "relative"], rows, left=(0, 1))
    if len(changes) > _MOST_ROWS:
        yield f"and {len(changes) - _MOST_ROWS} more; --json lists all"


def _series(answer: "Replay") -> Iterator[str]:
    if answer.series:
        yield ""
    for one in answer.series[:_MOST_ROWS]:
        if one.hours is None or one.first is None:
            yield f"series {one.name}: is there only once, or covers other days"
        else:
            day, hour = one.first
            yield (
                f"series {one.name}: {one.hours} hours differ, by up to {_rough(one.largest)}; "
                f"first in hour {hour} of day {day}"
            )
    if len(answer.series) > _MOST_ROWS:
        yield f"and {len(answer.series) - _MOST_ROWS} more series; --json lists all"


def _losses(answer: "Replay") -> Iterator[str]:
    if answer.losses:
        yield ""
    for one in answer.losses:
        if one.years is None:
            yield f"losses {one.name}: are there only once, or of another number of years"
        else:
            yield f"losses {one.name}: {one.years} years differ, by up to {_rough(one.largest)} EUR"


def _circumstances(answer: "Replay") -> Iterator[str]:
    """Yield what of code, packages, machine and parameters is not as it was."""
    from analysis.text import table

    if answer.environment:
        rows = [[one.what, one.then, one.now] for one in answer.environment]
        yield table(["not as it was", "then", "now"], rows, left=(0, 1, 2))
    else:
        yield "code, packages, machine and random streams are as they were"
    yield from _departures(answer, "new", "unknown then, now at their defaults")
    yield from _departures(answer, "gone", "unknown now, then at their defaults")
    if not answer.reproduced and not answer.environment and answer.verdict != "altered":
        yield "nothing that the store records explains this"


def _departures(answer: "Replay", kind: str, told: str) -> Iterator[str]:
    """Yield the parameters that only one of the two versions knows, those of all firms in one line."""
    values = {one.path: one.value for one in answer.departures if one.kind == kind}
    if values:
        yield f"parameters {told}:"
    for path, value in list(values.items())[:_MOST_ROWS]:
        yield f"  {path}: {value!r}"
    if len(values) > _MOST_ROWS:
        yield f"  and {len(values) - _MOST_ROWS} more; --json lists all"


def _exact(value: float | None) -> str:
    return "none" if value is None else repr(value)


def _rough(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _as_json(answer: "Replay") -> str:
    import json

    from scenarios.replay import failure

    record = answer.record
    run: dict[str, Any] = {
        **{name: value for name, value in dataclasses.asdict(record).items() if name not in ("error", "finished_at")},
        "label": record.label, "finished_at": record.finished_at.isoformat() if record.finished_at else None,
    }  # fmt: skip
    tree = {
        "run": run, "verdict": answer.verdict, "reproduced": answer.reproduced,
        "hash": {"stored": record.result_hash, "replayed": answer.replayed_hash},
        "failure": {
            "stored": failure(record.error) if record.error else None,
            "replayed": failure(answer.error) if answer.error else None,
        },
        "seconds": answer.seconds, "compared": answer.compared,
        "environment": [dataclasses.asdict(one) for one in answer.environment],
        "parameters": [{**dataclasses.asdict(one), "value": _finite(one.value)} for one in answer.departures],
        "outcomes": [_value_tree(one, ("outcome", "party")) for one in answer.outcomes],
        "transfers": [_value_tree(one, ("payer", "payee", "kind")) for one in answer.transfers],
        "series": [dataclasses.asdict(one) for one in answer.series],
        "losses": [dataclasses.asdict(one) for one in answer.losses],
    }  # fmt: skip
    return json.dumps(tree, indent=2, ensure_ascii=False, allow_nan=False)


def _finite(value: Any) -> Any:
    """Return a value that JSON can hold: an infinite default becomes a word."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _value_tree(one: "ValueChange", names: tuple[str, ...]) -> dict[str, Any]:
    tree = dataclasses.asdict(one)
    return {**dict(zip(names, tree.pop("key"), strict=True)), **tree}
