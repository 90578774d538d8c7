"""The command `tandem run`: run a scenario's strategies on the same random futures, then rank them."""

import dataclasses
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from scenarios.batch import BatchReport
    from scenarios.spec import Study
    from scenarios.store import Store

EPILOG = """\b
Examples:
  tandem run steel-and-power
  tandem run steel-and-power --replications 100 --set balancing.beta=0.3
  tandem run steel-and-power --days 60 --replications 4 --dry-run
"""
_MOST_SEED = 2**63 - 1


@click.command("run", epilog=EPILOG)
@click.argument("name")
@click.option("--replications", type=click.IntRange(1, 100_000), help="Random futures per strategy.")
@click.option("--seed", type=click.IntRange(0, _MOST_SEED), help="Seed of all random futures.")
@click.option("--strategy", "strategies", multiple=True, help="Run only this one and the baseline; repeat for more.")
@click.option("--days", type=click.IntRange(1, 7305), help="Days that count, after burn-in.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Set a parameter, such as balancing.beta=0.3.")
@click.option("--override", "overrides", multiple=True, help="Apply a named override of the scenario.")
@click.option("--db", default="sqlite:///tandem.db", show_default=True, help="Results store: a URL, or a SQLite file.")
@click.option("--workers", type=click.IntRange(1, 1024), help="Worker processes; one per processor if silent.")
@click.option("--break-even/--no-break-even", default=True, help="Whether to run the scenario's break-even sweeps.")
@click.option("--influence/--no-influence", default=True, help="Whether to run its rankings of assumptions.")
@click.option("--waterfall/--no-waterfall", default=True, help="Whether to run its pipelines stage by stage.")
@click.option("--strategies-only", is_flag=True, help="Run none of these three.")
@click.option("--dry-run", is_flag=True, help="Print the number of runs and the estimated time; run nothing.")
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
def run_command(name: str, *, db: str, workers: int | None, as_json: bool, **options: Any) -> int:
    """Run a scenario's strategies on the same random futures and rank them.

    NAME is a scenario of the library, or the path of your own. Results go into the store as they are
    finished: Ctrl-C loses nothing, the same command resumes, and what was computed before is not
    computed again. Python files that the scenario names as extensions are run with all your rights.
    """
    from scenarios.batch import run_study
    from scenarios.executors import default_workers
    from scenarios.store import Store

    wanted = () if options["strategies_only"] else ("break_even", "influence", "waterfall")
    study = _study(
        name, parts=tuple(part for part in wanted if options[part]),
        **{key: options[key] for key in ("overrides", "sets", "strategies", "replications", "seed", "days")},
    )  # fmt: skip
    crew = workers or default_workers()
    if options["dry_run"]:
        _print_estimate(study, crew, as_json=as_json)
        return 0
    with Store(db) as store:
        report = run_study(study, store, workers=crew, quiet=options["quiet"])
        return _print_result(store, study.name, report, as_json=as_json)


def _study(
    name: str, *, overrides: tuple[str, ...], sets: tuple[str, ...], strategies: tuple[str, ...],
    replications: int | None, seed: int | None, days: int | None, parts: tuple[str, ...],
) -> "Study":  # fmt: skip
    """Return the scenario with what the command line changes."""
    from model.inputs import replace_inputs
    from scenarios.spec import RunPlan, load_study

    study = load_study(name, overrides=overrides, sets=sets)
    plan = RunPlan(
        study.run.seed if seed is None else seed, study.run.replications if replications is None else replications
    )
    chosen = _chosen(study, strategies)
    if days is not None:
        chosen = {key: replace_inputs(inputs, {"calendar.days": days}) for key, inputs in chosen.items()}
    evaluation = study.evaluation.limited(set(chosen), parts)
    typed = [word for wanted in strategies for word in ("--strategy", wanted)]
    typed += [] if days is None else ["--days", str(days)]
    options = (*study.options, *typed)
    return dataclasses.replace(study, run=plan, strategies=chosen, evaluation=evaluation, options=options)


def _chosen(study: "Study", wanted: tuple[str, ...]) -> dict[str, Any]:
    """Return the wanted strategies and the baseline in their order, all of them if none is named."""
    from model.errors import Fault, InputError, nearest

    known = list(study.strategies)
    faults = [
        Fault("--strategy", f"no such strategy: {name!r}", nearest(name, known) or f"known: {', '.join(known)}")
        for name in wanted
        if name not in known
    ]
    if faults:
        raise InputError(faults)
    kept = {*wanted, study.baseline} if wanted else set(known)
    return {name: inputs for name, inputs in study.strategies.items() if name in kept}


def _print_estimate(study: "Study", workers: int, *, as_json: bool) -> None:
    import json

    from scenarios.batch import estimate_seconds
    from scenarios.progress import duration

    runs, seconds = estimate_seconds(study)
    elapsed = seconds / workers
    if as_json:
        click.echo(json.dumps({"study": study.name, "runs": runs, "workers": workers, "seconds": elapsed}))
    else:
        click.echo(f"{study.name}: {runs} runs, about {duration(elapsed)} with {workers} workers")


def _print_result(store: "Store", name: str, report: "BatchReport", *, as_json: bool) -> int:
    """Print the comparison; return the exit code: 1 if a run failed."""
    from analysis import export, text
    from analysis.compare import compare_study
    from analysis.tables import read_study
    from model.errors import StoreError
    from scenarios.progress import duration

    click.echo(
        f"{report.total} runs: {report.computed} computed in {duration(report.seconds)}, "
        f"{report.answered} already in {store.name}", err=True,
    )  # fmt: skip
    tables = read_study(store, name)
    failed = tables.runs[tables.runs["status"] == "failed"]
    for row in failed.head(3).itertuples():
        click.echo(
            f"failed: {row.strategy}, seed {row.seed}, replication {row.replication}: "
            f"{str(row.error).strip().splitlines()[-1]}", err=True,
        )  # fmt: skip
    if len(failed):
        click.echo(f"{len(failed)} runs failed; their tracebacks are in the store; the same command retries", err=True)
    try:
        comparison = compare_study(tables)
    except StoreError as error:
        click.echo(str(error), err=True)
        return 1
    if as_json:
        call = dataclasses.asdict(report)
        click.echo(export.write_json({**export.as_json(comparison), "run": call}))
    else:
        click.echo(text.ranked(comparison))
    return 1 if len(failed) else 0
