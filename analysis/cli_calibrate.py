"""`tandem calibrate`: fit generators to measured series, check the fitted ones, rebuild the committed tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import datetime

    from analysis.calibrate import TableCheck
    from analysis.calibrate_tables import TableText
    from scenarios.series_files import CleanSeries

_HELP = {"help_option_names": ["-h", "--help"]}
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group(invoke_without_command=True, context_settings=_HELP)
@click.option("--check", is_flag=True, help="Simulate tables and print real against simulated statistics.")
@click.option("--years", default=30, show_default=True, help="Simulated years per table, at least 30.")
@click.option("--table", "tables", multiple=True, help="Table to check: a committed name or a file. Default: all.")
@click.option("--json", "as_json", is_flag=True, help="Print the check as JSON.")
@click.option("--rebuild", "rebuild_all", is_flag=True, help="Recompute the committed tables from the raw series.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("../shared/data"),
    show_default=True,
    help="Folder of the raw series, for --rebuild.",
)
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Folder the rebuilt tables go to. Default: model/data of this installation.",
)
@click.pass_context
def calibrate(
    ctx: click.Context,
    check: bool,
    years: int,
    tables: tuple[str, ...],
    as_json: bool,
    rebuild_all: bool,
    data: Path,
    into: Path | None,
) -> None:
    """Fit generators to measured series, or check the fitted ones.

    \b
      tandem calibrate load meter.csv --out my_works.json --source "meter 17, 2024"
      tandem calibrate price prices.csv --unit EUR/MWh --out my_zone.json
      tandem calibrate --check
      tandem calibrate --check --table my_works.json --json

    A table that is written can be named in a scenario. Exit code of --check: 0 when the declared
    share of statistics of every table lies within tolerance, else 1.
    """
    if ctx.invoked_subcommand is not None:
        if check or rebuild_all:
            message = "--check and --rebuild stand alone, without a subcommand"
            raise click.UsageError(message, ctx)
        return
    if rebuild_all:
        _rebuild(data, into)
    if check:
        ctx.exit(_check(tables, years, as_json=as_json))
    if not rebuild_all:
        click.echo(ctx.get_help())


def _rebuild(data: Path, into: Path | None) -> None:
    from importlib.resources import as_file, files

    from analysis.calibrate_rebuild import rebuild

    with as_file(files("model").joinpath("data")) as home:
        for path in rebuild(data, into or home):
            click.echo(f"{path.name}: {path.stat().st_size / 1000:.0f} kB", err=True)


# --- check -------------------------------------------------------------------------------------------


def _check(tables: tuple[str, ...], years: int, *, as_json: bool) -> int:
    """Check tables, print the outcome, and return the exit code."""
    import json

    from analysis.calibrate import check_table, checked_tables

    checks = [check_table(name, years) for name in tables or checked_tables()]
    passed = all(check.passed for check in checks)
    if as_json:
        tree = {"passed": passed, "tables": [check.as_dict() for check in checks]}
        click.echo(json.dumps(tree, indent=1))
    else:
        for check in checks:
            click.echo(check_text(check))
        click.echo(f"{sum(check.passed for check in checks)} of {len(checks)} tables pass")
    return 0 if passed else 1


def check_text(check: TableCheck) -> str:
    """Return one table's check as aligned text."""
    how, other = (f"{check.years:.0f} simulated years", "simulated") if check.years else ("by its parts", "recomputed")
    lines = [
        f"{check.table} ({check.kind}, {how})",
        f"  {'statistic':<32}{'real':>12}{other:>12}{'difference':>12}{'tolerance':>12}",
    ]
    for row in check.rows:
        verdict = "pass" if row.passed else "FAIL"
        note = "" if row.within_5_percent or not row.passed else "  (sampling error, beyond 5 %)"
        lines.append(
            f"  {row.statistic:<32}{row.real:>12.4g}{row.simulated:>12.4g}{row.simulated - row.real:>12.2g}"
            f"{row.tolerance:>12.2g}  {verdict}{note}"
        )
    good = sum(row.passed for row in check.rows)
    strict = sum(row.within_5_percent for row in check.rows)
    within = f"within max(5 %, 2 sampling sd), {strict} within 5 %" if check.years else "within tolerance"
    lines.append(f"  {good} of {len(check.rows)} {within}: {'pass' if check.passed else 'FAIL'}\n")
    return "\n".join(lines)


# --- fit ---------------------------------------------------------------------------------------------


def _text_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say what a series is."""
    options = [
        click.option("--out", required=True, type=_FILE, help="Table to write (JSON)."),
        click.option("--name", default=None, help="Name of the table. Default: the file name of --out."),
        click.option("--source", default="", help="Where the series comes from. Default: the file's name."),
        click.option("--licence", default="not stated", show_default=True, help="Licence of the series."),
        click.option("--attribution", default="", help="Words the licence asks for. Default: the source."),
        click.option("--date", default=None, help="ISO date of the calibration. Default: today."),
        click.option("--time-zone", default="Europe/Berlin", show_default=True, help="Zone of the model days."),
        click.option("--time-column", default=None, help="Time column, if there are several."),
        click.option(
            "--holidays",
            default="DE",
            show_default=True,
            help="DE, none, or ISO dates separated by commas: days with Sunday hours.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@calibrate.command("load", context_settings=_HELP)
@click.argument("file", type=_FILE)
@click.option("--column", default=None, help="Value column, if there are several.")
@click.option("--unit", default=None, help="Unit of the values (kW, MW, kWh per interval, ...), if the name has none.")
@click.option("--first-date", default=None, help="True date of the first day, if the stamps are of another year.")
@_text_options
def load_command(file: Path, column: str | None, unit: str | None, first_date: str | None, **options: Any) -> None:
    """Fit a load class to a metered series.

    \b
      tandem calibrate load meter.csv --unit kWh --out my_works.json --source "meter 17, 2024"
    """
    from dataclasses import replace

    from analysis.calibrate import load_table_tree, weekday_notes
    from scenarios.series_files import read_series

    text = _table_text(file, options)
    series = read_series(
        file, "load", unit=unit, column=column, time=options["time_column"], time_zone=options["time_zone"]
    )
    _say(series.report)
    if first_date is not None:
        series = replace(series, first=_date("--first-date", first_date))
    _say(weekday_notes(series.values, series.first))
    _write(load_table_tree(series.values, series.first, _holidays(options["holidays"], series), text), options["out"])


@calibrate.command("price", context_settings=_HELP)
@click.argument("file", type=_FILE)
@click.option("--column", default=None, help="Price column, if there are several.")
@click.option("--unit", default=None, help="Unit of the price (EUR/MWh, ct/kWh), if the name has none.")
@click.option("--residual-load", default=None, help='Columns of the same file: "load_mw - wind_mw - solar_mw".')
@click.option("--zone", default="own", show_default=True, help="Name of the bidding zone.")
@_text_options
def price_command(
    file: Path, column: str | None, unit: str | None, residual_load: str | None, zone: str, **options: Any
) -> None:
    """Fit day-ahead prices, with the residual load if the file has it.

    \b
      tandem calibrate price smard.csv --column price_eur_mwh \\
        --residual-load "load_mw - wind_mw - solar_mw" --out my_zone.json
    """
    from analysis.calibrate import price_table_tree
    from analysis.calibrate_rebuild import residual_load as read_residual
    from model.errors import Fault, InputError
    from scenarios.series_files import read_series

    text = _table_text(file, options)
    price = read_series(
        file, "price", unit=unit, column=column, time=options["time_column"], time_zone=options["time_zone"]
    )
    _say(price.report)
    residual = None
    if residual_load is not None:
        names = [name.strip() for name in residual_load.split(" - ")]
        residual, first = read_residual(file, names, options["time_column"], options["time_zone"])
        if first != price.first or len(residual) != price.days:
            raise InputError([Fault("--residual-load", "covers other days than the price", "the same days")])
    _write(price_table_tree(price.values, residual, price.first, text, zone=zone), options["out"])


@calibrate.command("forecast-error", context_settings=_HELP)
@click.argument("file", type=_FILE)
@click.option("--forecast-column", default=None, help="Day-ahead forecast, for a raw series.")
@click.option("--actual-column", default=None, help="Actual load in the same unit, for a raw series.")
@click.option("--unit", default=None, help="Unit of both columns, if their names have none.")
@click.option(
    "--autocorrelation",
    default=None,
    type=_FILE,
    help="CSV with lag_15min, autocorr: FILE then holds statistics by hour, not a raw series.",
)
@click.option("--days", default=1275, show_default=True, help="Days behind the statistics, with --autocorrelation.")
@_text_options
def forecast_error_command(
    file: Path,
    forecast_column: str | None,
    actual_column: str | None,
    unit: str | None,
    autocorrelation: Path | None,
    days: int,
    **options: Any,
) -> None:
    """Fit a day-ahead load forecast error, from forecast and actual, or from their statistics.

    \b
      tandem calibrate forecast-error own.csv --forecast-column forecast_mw --actual-column load_mw --out error.json
      tandem calibrate forecast-error by_hour.csv --autocorrelation lags.csv --out error.json
    """
    from analysis.calibrate import error_table_tree, error_table_tree_of_series
    from analysis.calibrate_rebuild import read_error_statistics
    from model.errors import Fault, InputError
    from scenarios.series_files import read_series

    text = _table_text(file, options)
    if autocorrelation is not None:
        _write(error_table_tree(read_error_statistics(file, autocorrelation), days, text), options["out"])
        return
    if forecast_column is None or actual_column is None:
        what = "a raw series needs both --forecast-column and --actual-column"
        raise InputError([Fault("forecast-error", what, "or --autocorrelation, for statistics")])
    forecast, actual = (
        read_series(
            file, "residual_load", unit=unit, column=name, time=options["time_column"], time_zone=options["time_zone"]
        )
        for name in (forecast_column, actual_column)
    )
    _say((*forecast.report, *actual.report))
    if (forecast.first, forecast.days) != (actual.first, actual.days):
        raise InputError([Fault(str(file), "forecast and actual cover different days", "the same days")])
    free = _holidays(options["holidays"], forecast)
    _write(error_table_tree_of_series(forecast.values, actual.values, forecast.first, free, text), options["out"])


def _table_text(file: Path, options: dict[str, Any]) -> TableText:
    """Return what the user says about the series; refuses a date or name that is none."""
    import datetime

    from analysis.calibrate_tables import TableText
    from analysis.export import check_target

    date = options["date"] or datetime.datetime.now(datetime.UTC).date().isoformat()
    _date("--date", date)
    check_target(options["out"], "--out", ".json")
    source = options["source"] or f"user's file {file.name}"
    return TableText(
        options["name"] or options["out"].stem, source, options["licence"], options["attribution"] or source, date
    )


def _date(option: str, text: str) -> datetime.date:
    """Return an ISO date that a user gave for `option`."""
    import datetime

    from model.errors import Fault, InputError

    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise InputError([Fault(option, f"is {text!r}", "an ISO date such as 2026-01-31")]) from error


def _holidays(wanted: str, series: CleanSeries) -> frozenset[datetime.date]:
    """Return the holidays a user named for a series: DE, none, or dates."""
    import datetime

    from model.calendar import german_holidays

    if wanted == "none":
        return frozenset()
    if wanted == "DE":
        last = series.first + datetime.timedelta(days=series.days - 1)
        return frozenset().union(*(german_holidays(year) for year in range(series.first.year, last.year + 1)))
    return frozenset(_date("--holidays", day.strip()) for day in wanted.split(","))


def _say(report: tuple[str, ...]) -> None:
    for line in report:
        click.echo(line, err=True)


def _write(tree: dict[str, Any], out: Path) -> None:
    from analysis.calibrate_tables import write_table

    write_table(tree, out)
    click.echo(
        f"{out}: {tree['table']}, {len(tree['statistics'])} statistics, {out.stat().st_size / 1000:.0f} kB", err=True
    )
