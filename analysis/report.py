"""The report of a study: one self-contained HTML file, from the results store alone.

`build` gathers what the page says, `html_of` renders it, `write_report` writes it whole or not at all.
"""

import datetime as dt
import math
import os
import re
import shlex
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from analysis import report_charts as charts
from analysis import report_tables as tables
from analysis.compare import Comparison, compare_study
from analysis.figures import INKS, png_of, svg_of
from analysis.glossary import terms_in
from analysis.report_charts import Chart
from analysis.report_sources import (
    Setting,
    reference_of,
    settings_of,
    stakeholders_of,
    tables_of,
    with_unit,
)
from analysis.report_text import (
    Answer,
    answer_of,
    break_even_sentence,
    fee_sentences,
    goal_changes,
    joined,
    titles_of,
)
from analysis.tables import read_hourly, read_study
from model.errors import StoreError
from scenarios.provenance import model_version
from scenarios.store import Reader


@dataclass(frozen=True)
class Report:
    """Everything a report says.

    Attributes:
        comparison: the statistics.
        answer: the sentences at the top.
        charts: by name, in order of the page; those that the study cannot fill are missing.
    """

    comparison: Comparison
    answer: Answer
    charts: dict[str, Chart]


def build(name: str, db: str) -> Report:
    """Read a study from the store and work out its report.

    Args:
        name: name of the study, or the path of its scenario file.
        db: URL of the results store.

    Raises:
        StoreError: if there is no such store or study, or nothing of it is finished.
    """
    with Reader(db) as store:
        study = read_study(store, name)
        comparison = compare_study(study)
        answer = answer_of(comparison)
        hourly = read_hourly(store, study, [comparison.baseline, *answer.focus[:1]])
    drawn = [
        charts.strategies_chart(comparison), charts.components_chart(comparison), charts.parties_chart(comparison),
        charts.week_chart(comparison, hourly, answer.focus[0]), charts.payments_chart(comparison),
        charts.break_even_chart(comparison),
    ]  # fmt: skip
    return Report(comparison, answer, {chart.name: chart for chart in drawn if chart is not None})


def html_of(report: Report, *, today: dt.date) -> str:
    """Return the report as one HTML page that needs no other file.

    Args:
        report: what to say.
        today: date printed on the page.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("analysis", "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    page = environment.get_template("report.html")
    words = _context(report, today)
    terms = terms_in(plain_text(page.render(**words, terms=[])))
    return page.render(**words, terms=terms)


def write_report(report: Report, path: Path, *, today: dt.date) -> int:
    """Write the page to `path`, whole or not at all; return its size in bytes.

    Raises:
        StoreError: if the file cannot be written.
    """
    content = html_of(report, today=today).encode("utf-8")
    write_whole(path, content)
    return len(content)


def write_figures(report: Report, folder: Path) -> list[Path]:
    """Write every figure as PNG and SVG into `folder`, which is made if absent; return the files.

    Raises:
        StoreError: if a file cannot be written.
    """
    written = []
    for name, chart in report.charts.items():
        for suffix, content in ((".png", png_of(chart.figure)), (".svg", svg_of(chart.figure, text=False).encode())):
            path = folder / f"{name}{suffix}"
            write_whole(path, content)
            written.append(path)
    return written


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside its place and give it its name when it is complete.

    Raises:
        StoreError: if it cannot be written.
    """
    scratch, path = None, path.resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        scratch = Path(name)
        with os.fdopen(handle, "wb") as target:
            target.write(content)
        scratch.chmod(0o644)
        scratch.replace(path)
    except OSError as error:
        msg = f"{path}: cannot be written: {error.strerror}"
        raise StoreError(msg) from error
    finally:
        if scratch is not None:
            scratch.unlink(missing_ok=True)


def inline_svg(chart: Chart) -> str:
    """Return a figure as an SVG element for the page: its colours follow the page's, its ids are its own."""
    svg = svg_of(chart.figure, text=True)
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    for color, name in INKS.items():
        svg = svg.replace(color, f"var(--{name})")
    svg = re.sub(r'(\sid="|url\(#|xlink:href="#)', rf"\g<1>{chart.name}-", svg)
    svg = svg.replace("xlink:href=", "href=").replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "")
    svg = re.sub(r"font-family: [^;\"]*", "font-family: var(--chart-font)", svg)
    size = re.match(r'<svg[^>]*?width="([\d.]+)pt"', svg)
    width = float(size.group(1)) if size else 490.0
    svg = re.sub(r'(<svg[^>]*?) height="[\d.]+pt"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) width="[\d.]+pt"', rf'\1 style="max-width:{width * 4 / 3:.0f}px"', svg, count=1)
    label = f'role="img" aria-labelledby="{chart.name}-caption" aria-describedby="{chart.name}-words"'
    return svg.replace("<svg", f"<svg {label}", 1)


class _Words(HTMLParser):
    """Collects the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.hidden = 0
        self.glued = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Stop collecting inside style and drawings; a place where a word may be cut does not part it."""
        self.hidden += tag in ("style", "svg")
        self.glued = tag == "wbr"

    def handle_endtag(self, tag: str) -> None:
        """Collect again."""
        self.hidden -= tag in ("style", "svg")
        self.glued = False

    def handle_data(self, data: str) -> None:
        """Keep text that a reader sees."""
        if not self.hidden and self.glued:
            self.parts[-1] += data
        elif not self.hidden:
            self.parts.append(data)


def plain_text(html: str) -> str:
    """Return the words of a page, one space between them."""
    reader = _Words()
    reader.feed(html)
    return " ".join(" ".join(reader.parts).split())


def _context(report: Report, today: dt.date) -> dict[str, Any]:
    comparison, found = report.comparison, report.comparison.tables
    base = next(member for member in found.strategies if member.name == comparison.baseline)
    people, description = stakeholders_of(found.study.text)
    titles = titles_of(comparison)
    finished = int((found.runs["status"] == "done").sum())
    return {
        "study": found.study, "today": today.isoformat(), "answer": report.answer, "titles": titles,
        "baseline": titles[comparison.baseline], "stakeholders": people, "description": description,
        "charts": report.charts, "svg": {name: _markup(inline_svg(chart)) for name, chart in report.charts.items()},
        "goals": tables.goal_table(comparison), "firms": tables.firm_table(base.inputs), "inputs": base.inputs,
        "rules": _rules(base.inputs), "strategies": tables.strategy_table(comparison),
        "varied": tables.varied_table(comparison), "has_others": len(comparison.ranking) > 1,
        "ranking": tables.ranking_table(comparison), "components": tables.component_table(comparison),
        "parties": tables.party_table(comparison), "outcomes": tables.outcome_table(comparison),
        "tail": tables.tail_table(comparison), "real_payments": tables.payment_table(comparison, real=True),
        "payments": tables.payment_table(comparison, real=False),
        "matrix": tables.matrix_table(comparison, report.answer.focus[-1]) if report.answer.kind != "alone" else None,
        "break_even": [break_even_sentence(one, titles) for one in comparison.break_even],
        "runs": _run_facts(comparison, finished), "warnings": comparison.warnings,
        "assumptions": _assumptions(comparison), "swept": _swept(comparison),
        "fees": fee_sentences(comparison), "has_chance": any(one.plain for one in goal_changes(comparison)),
        "other_model": any(one["model_version"] != model_version() for one in found.executions),
        "data_tables": tables_of(base.inputs), "provenance": _provenance(comparison), "limits": _limits(comparison),
        "joined": joined,
    }  # fmt: skip


def _markup(text: str) -> Any:
    from markupsafe import Markup

    return Markup(text)  # matplotlib's own SVG, in which it has escaped every label


def _rules(inputs: Mapping[str, Any]) -> list[str]:
    """Return market and balancing of the baseline in sentences."""
    market, balancing = inputs["market"], inputs["balancing"]
    price = (
        f"The firms are price takers: day-ahead prices are drawn from the calibrated series {market['price_table']}."
        if market["closure"] == "exogenous"
        else f"Day-ahead prices clear in the zone's merit order ({market['stack_table']})."
    )
    rule = (
        f"Imbalance is settled at a single price, which rises by {balancing['beta']:g} EUR/MWh for each MW by which "
        "the system is short."
        if balancing["rule"] == "single"
        else f"Imbalance is settled at dual prices, with penalties of {balancing['penalty_short']:g} (short) and "
        f"{balancing['penalty_long']:g} EUR/MWh (long)."
    )
    closure = (
        f"{100 * balancing['intraday_share']:g} % of a deviation is traded away intraday at "
        f"{balancing['intraday_cost']:g} EUR/MWh before it becomes imbalance."
    )
    return [price, rule, closure]


def _run_facts(comparison: Comparison, finished: int) -> list[tuple[str, str]]:
    found = comparison.tables
    calendar = found.strategies[0].inputs["calendar"]
    rows = comparison.differences
    rows = rows[(rows["outcome"] == comparison.goal) & (rows["party"] == "")]
    facts = [
        ("random futures per strategy", str(found.study.replications)),
        ("days that count in each", f"{calendar['days']:g}, from {calendar['start']}"),
        ("days before them, not counted", f"{calendar['burn_in']:g}"),
        ("runs finished", f"{finished} of {len(found.runs)}, break-even sweep included"),
        ("computing time", f"{found.runs['seconds'].sum():.0f} s on one processor"),
    ]
    if len(rows):
        needed = rows["replications_needed_adjusted"].max()
        ratio = rows["variance_ratio"].min()
        facts += [
            ("random futures needed for an interval of ± 5 % of the smallest difference", _whole(needed)),
            ("how many times more would be needed if the strategies had futures of their own", _whole(ratio)),
        ]
    return facts


def _whole(value: float) -> str:
    """Return a whole number for people; a dash where there is none."""
    return f"{value:,.0f}" if math.isfinite(value) else "–"


def _assumptions(comparison: Comparison) -> dict[str, Any]:
    """Return the parameters of all strategies in three groups, and the references behind their sources."""
    merged: dict[tuple[str, str], Setting] = {}
    for member in comparison.tables.strategies:
        for one in settings_of(member.inputs):
            merged.setdefault((one.key, one.shown), one)
    everything = list(merged.values())
    changed = [one for one in everything if one.changed]
    assumed = [one for one in everything if not one.changed and one.parameter.is_assumption]
    sourced = [one for one in everything if not one.changed and not one.parameter.is_assumption]
    ids = dict.fromkeys(one.parameter.source for one in sourced)
    return {
        "count": len(everything),
        "groups": [
            tables.setting_table(f"Set by this study to another value than the default ({len(changed)})", changed),
            tables.setting_table(f"Defaults that are assumptions ({len(assumed)})", assumed),
            tables.setting_table(f"Defaults with a source ({len(sourced)})", sourced),
        ],
        "references": [(name, reference_of(name)) for name in ids],
    }


def _swept(comparison: Comparison) -> str:
    """Return what the parameter of the break-even sweep is, and the study's own value."""
    if not comparison.break_even:
        return ""
    sweep = comparison.break_even[0]
    member = next((m for m in comparison.tables.strategies if m.name == sweep.strategy), None)
    one = next((s for s in settings_of(member.inputs) if s.key == sweep.parameter), None) if member else None
    return f"{sweep.parameter}: {one.parameter.doc} In this study it is {one.shown}." if one else ""


def _provenance(comparison: Comparison) -> dict[str, Any]:
    found = comparison.tables
    study = found.study
    command = [
        "tandem", "run", study.name, "--seed", str(study.seed), "--replications", str(study.replications),
        *study.evaluation.get("options", ()),
    ]  # fmt: skip
    return {
        "command": shlex.join(command), "report": shlex.join(["tandem", "report", study.name]),
        "executions": found.executions, "hashes": [(m.name, m.inputs_hash) for m in found.strategies],
        "text": study.text, "created": f"{study.created_at:%Y-%m-%d %H:%M} UTC",
    }  # fmt: skip


def _limits(comparison: Comparison) -> list[str]:
    """Return what the model cannot say, those limits that apply to this study."""
    members = [member.inputs for member in comparison.tables.strategies]
    balancing = members[0]["balancing"]
    contracts = [pair for inputs in members for pair in inputs.get("contracts", ())]
    said = [
        "The intervals measure chance only: how far the result would move with other weather, prices, demand and "
        "breakdowns. They do not measure how wrong an assumption may be.",
        f"The slope of the imbalance price ({with_unit(balancing['beta'], 'EUR/MWh per MW')}) and the imbalance of the "
        "rest of the system are assumptions; no open data give them.",
        f"That intraday trading closes {100 * balancing['intraday_share']:g} % of a deviation at "
        f"{balancing['intraday_cost']:g} EUR/MWh is an assumption. With the imbalance price it decides much of the "
        "result: vary both before relying on it.",
        f"That {100 * balancing['intraday_real_share']:g} % of that cost uses up resources and only the rest moves "
        "money is an assumption too; a mere spread between buyer and seller saves nothing real when it is avoided.",
        "Positions and imbalances are hourly. Settled by the quarter-hour, as Germany does, a batch load varies more "
        "and a better forecast is worth more.",
        "Firms follow fixed rules. They do not bargain, cheat, enter or leave, and a utility does not change its "
        "tariff because it forecasts better.",
        "A year is simulated with today's plant; nothing is invested, and no party learns from one year to the next.",
    ]
    if contracts:
        said.insert(1, (
            "How well a production plan predicts the load is an assumption. No published data set contains a plan, so "
            "the regularity, delays and breakdowns of the works are set by judgement."
        ))  # fmt: skip
        said.insert(2, (
            "What a leak costs is an assumption (median "
            f"{with_unit(contracts[0].get('breach_median', 0), 'EUR')}); published severities are those of whole "
            "firms. The loss is booked as its expected value, so a rare large loss does not show in the interval."
        ))  # fmt: skip
    if members[0]["market"]["closure"] == "exogenous":
        said.append("Day-ahead prices are given: what the firms do cannot change them.")
    return said
