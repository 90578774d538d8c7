"""The command `tandem compare`: what the stored runs say, in text, JSON, CSV or XLSX."""

from pathlib import Path

import click

EPILOG = """\b
Examples:
  tandem compare steel-and-power
  tandem compare steel-and-power --outcome cost_imbalance --xlsx comparison.xlsx
"""


@click.command("compare", epilog=EPILOG)
@click.argument("name")
@click.option("--db", default="sqlite:///tandem.db", show_default=True, help="Results store: a URL, or a SQLite file.")
@click.option("--baseline", help="Strategy to compare with; the study's own if silent.")
@click.option("--outcome", "outcomes", multiple=True, help="Outcome to show; repeat for more. All go into exports.")
@click.option(
    "--precision", type=click.FloatRange(0.0, 1.0, min_open=True), default=0.05, show_default=True,
    help="Half-width, as a share of the difference, that the replications needed aim at.",
)  # fmt: skip
@click.option("--csv", type=click.Path(path_type=Path), help="Write the differences as CSV.")
@click.option("--xlsx", type=click.Path(path_type=Path), help="Write every table as a sheet of a workbook.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def compare_command(
    name: str, *, db: str, baseline: str | None, outcomes: tuple[str, ...], precision: float, csv: Path | None,
    xlsx: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Compare the strategies of a study with its baseline.

    Differences are paired: every strategy lived through the same random futures. Intervals are 95 %. What steps bring
    in every order follows where the study asks for it. Reads the results store only; `tandem run` fills it.
    """
    from analysis import export, text
    from analysis.compare import compare_study
    from analysis.tables import read_study
    from model.errors import Fault, InputError
    from scenarios.store import Reader

    _check_outcomes(outcomes)
    if not precision > 0.0:  # NaN passes every range
        raise InputError([Fault("--precision", f"{precision} is not a share", "a number above 0, at most 1")])
    for path, option, suffix in ((csv, "--csv", ".csv"), (xlsx, "--xlsx", ".xlsx")):
        if path is not None:
            export.check_target(path, option, suffix)
    with Reader(db) as store:
        tables = read_study(store, name)
    _check_baseline(baseline, [member.name for member in tables.strategies])
    comparison = compare_study(tables, baseline=baseline, precision=precision)
    if csv is not None:
        export.write_csv(comparison, csv)
    if xlsx is not None:
        export.write_xlsx(comparison, xlsx)
    click.echo(export.write_json(export.as_json(comparison)) if as_json else text.full(comparison, outcomes))
    for path in (csv, xlsx):
        if path is not None:
            click.echo(f"wrote {path}", err=True)


def _check_outcomes(outcomes: tuple[str, ...]) -> None:
    from model.errors import Fault, InputError, nearest
    from model.outcomes import OUTCOME

    unknown = [name for name in outcomes if name not in OUTCOME]
    if unknown:
        hints = [nearest(name, list(OUTCOME)) or f"known: {', '.join(OUTCOME)}" for name in unknown]
        raise InputError(
            Fault("--outcome", f"no such outcome: {name!r}", hint) for name, hint in zip(unknown, hints, strict=True)
        )


def _check_baseline(baseline: str | None, known: list[str]) -> None:
    from model.errors import Fault, InputError, nearest

    if baseline is not None and baseline not in known:
        hint = nearest(baseline, known) or f"known: {', '.join(known)}"
        raise InputError([Fault("--baseline", f"no such strategy: {baseline!r}", hint)])
