"""The command `tandem validate`: the engine against closed forms, published numbers and independent solutions."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from model.inputs import ModelInputs
    from model.validation.case import Case, Report

EPILOG = """\b
Examples:
  tandem validate
  tandem validate bullwhip --set p=10 --set L=2 --set stages=3
  tandem validate merit_order --set costs_eur_mwh=[20,40,90] --json
  tandem validate --all
"""


@click.command("validate", epilog=EPILOG)
@click.argument("case", required=False)
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="Set a parameter of the case; lists: [1,2]."
)
@click.option("--all", "run_all", is_flag=True, help="Run every case at its default parameters.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def validate_command(case: str | None, *, settings: tuple[str, ...], run_all: bool, as_json: bool) -> int:
    """List the validation cases, or run one, or all of them.

    A case runs the functions that a scenario runs and compares what they find with a closed form, a published number
    or an independent solution. Exit code 0 only when all that ran passed, 2 for parameters that are not allowed.
    """
    from model.validation.catalogue import CATALOGUE, find_case

    given = _read_arguments(case, settings, run_all)
    if run_all:
        reports = list(_run_all(CATALOGUE.values()))
        click.echo(_dump([r.as_tree() for r in reports]) if as_json else "\n\n".join(map(_as_text, reports)))
        return 0 if all(report.passed for report in reports) else 1
    if case is None:
        click.echo(_dump([c.describe() for c in CATALOGUE.values()]) if as_json else _list(CATALOGUE.values()))
        return 0
    report = _run(find_case(case), given)
    click.echo(_dump(report.as_tree()) if as_json else _as_text(report))
    return 0 if report.passed else 1


def _read_arguments(case: str | None, settings: tuple[str, ...], run_all: bool) -> dict[str, str]:
    """Return the settings by name.

    Raises:
        InputError: with every fault of the arguments.
    """
    from model.errors import Fault, InputError

    faults, given = [], {}
    if run_all and case is not None:
        faults.append(Fault("--all", f"runs every case, not only {case!r}", "either a case or --all"))
    if settings and case is None:
        faults.append(Fault("--set", "sets a parameter of one case", "name the case"))
    for text in settings:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            faults.append(Fault("--set", f"{text!r} is not NAME=VALUE", "for example p=10"))
        elif name.strip() in given:
            faults.append(Fault("--set", f"{name.strip()} is set twice"))
        given[name.strip()] = value.strip()
    if faults:
        raise InputError(faults)
    return given


def _run(case: Case, given: dict[str, str]) -> Report:
    from model.validation.case import Bench

    return case.run(case.read(given), Bench(1.0, _strategies))


def _run_all(cases: Iterable[Case]) -> Iterable[Report]:
    for case in cases:
        begun = time.perf_counter()
        report = _run(case, {})
        verdict = "passed" if report.passed else "FAILED"
        click.echo(f"{case.name:20} {verdict}  {time.perf_counter() - begun:5.1f} s", err=True)
        yield report


def _strategies(scenario: str) -> dict[str, ModelInputs]:
    """Return a study's strategies by name."""
    from scenarios.spec import load_study

    return load_study(scenario).strategies


def _dump(tree: Any) -> str:
    return json.dumps(tree, indent=2, ensure_ascii=False, allow_nan=False)


def _list(cases: Iterable[Case]) -> str:
    from model.parameters import parameters_of

    lines = []
    for case in cases:
        lines.append(f"{case.name:20} {case.level:10} {case.title}")
        lines += [f"    {p.name} = {_plain(p.default)}: {p.doc}" for p in parameters_of(case.settings).values()]
    return "\n".join(lines)


def _as_text(report: Report) -> str:
    """Return a report as a small table."""
    tree = report.as_tree()
    values = ", ".join(f"{name} = {_plain(value)}" for name, value in tree["parameters"].items())
    head = f"{tree['case']} ({tree['level']}): {'passed' if tree['passed'] else 'FAILED'}"
    rows = [f"  {'':22}{'found':>14}{'expected':>14}{'std. error':>12}  tolerance"]
    for key, check in report.checks.items():
        error = "exact" if check.standard_error is None else f"{check.standard_error:.3g}"
        bound = ", ".join(f"{kind} {_plain(value)}" for kind, value in tree["tolerance"][key].items())
        mark = "" if check.passes(report.effort) else "  <- off"
        rows.append(f"  {key:22}{_plain(check.found):>14}{_plain(check.expected):>14}{error:>12}  {bound}{mark}")
    return "\n".join([head, f"  {values}", *rows, f"  {tree['source']}"])


def _plain(value: Any) -> str:
    if isinstance(value, tuple | list):
        return "[" + ",".join(map(_plain, value)) + "]"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
