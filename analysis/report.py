"""The report of a study: one self-contained HTML file, from the results store alone.

`build` gathers what the page says, `html_of` renders it, `write_report` writes it whole or not at all.
"""

import datetime as dt
import os
import re
import tempfile
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import report_background as background
from analysis import report_charts as charts
from analysis import report_contracts as contracts
from analysis import report_orders as orders
from analysis import report_risk as risk
from analysis import report_sharing as sharing
from analysis import report_stages as stages
from analysis import report_sweeps as sweeps
from analysis import report_tables as tables
from analysis.compare import Comparison, compare_study
from analysis.drawing import INKS, png_of, svg_of
from analysis.glossary import terms_in
from analysis.report_answer import Answer, answer_of
from analysis.report_charts import Chart
from analysis.report_privacy import Protection, epsilon_sentences, protection_chart, protection_sentences
from analysis.report_privacy import protection_table as table_of_protection
from analysis.report_sources import stakeholders_of, tables_of
from analysis.report_text import (
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
        protection: what strategies reveal and are worth.
        exposure: what leaks cost, `analysis.report_risk.EXPOSURE`.
        charts: by name, in order of the page; those that the study cannot fill are missing.
    """

    comparison: Comparison
    answer: Answer
    protection: Protection
    exposure: pd.DataFrame
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
        protection = Protection(comparison)
        week = protection.nearest(answer.focus[0])
        hourly = read_hourly(store, study, dict.fromkeys([comparison.baseline, week]))
    exposure = risk.exposure_frame(comparison)
    drawn = [
        charts.strategies_chart(comparison), charts.components_chart(comparison), charts.parties_chart(comparison),
        *sharing.gains_charts(comparison),
        protection_chart(protection), charts.week_chart(comparison, hourly, week),
        *stages.stage_charts(comparison), charts.payments_chart(comparison), *sweeps.break_even_charts(comparison),
        *orders.orders_charts(comparison), *sweeps.influence_charts(comparison),
        risk.exposure_chart(comparison, exposure),
    ]  # fmt: skip
    shown = {chart.name: chart for chart in drawn if chart is not None}
    return Report(comparison, answer, protection, exposure, shown)


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
    has_others = len(comparison.ranking) > 1
    return {
        "study": found.study, "today": today.isoformat(), "answer": report.answer, "titles": titles,
        "baseline": titles[comparison.baseline], "stakeholders": people, "description": description,
        "charts": report.charts, "svg": {name: _markup(inline_svg(chart)) for name, chart in report.charts.items()},
        "goals": tables.goal_table(comparison), "firms": tables.firm_table(base.inputs), "inputs": base.inputs,
        "rules": background.rules(base.inputs), "strategies": contracts.agreement_table(comparison),
        "data_platforms": contracts.platform_table(comparison), "hubs": contracts.hub_table(comparison),
        "assets": contracts.asset_table(comparison),
        "varied": _in_parts(tables.varied_table(comparison), 1), "has_others": has_others,
        "ranking": tables.ranking_table(comparison), "components": _in_parts(tables.component_table(comparison), 2),
        "parties": tables.party_table(comparison), "outcomes": _in_parts(tables.outcome_table(comparison), 3),
        "real_payments": tables.payment_table(comparison, real=True),
        "payments": tables.payment_table(comparison, real=False),
        "matrix": tables.matrix_table(comparison, report.answer.focus[-1]) if report.answer.kind != "alone" else None,
        "runs": background.run_facts(comparison, finished), "warnings": comparison.warnings,
        "assumptions": background.assumptions(comparison), "sweeps": _sweeps(report, titles),
        "fees": fee_sentences(comparison), "has_chance": any(one.plain for one in goal_changes(comparison)),
        "other_model": any(one["model_version"] != model_version() for one in found.executions),
        "data_tables": tables_of(base.inputs), "provenance": background.provenance(comparison),
        "limits": background.limits(comparison), "joined": joined, **_data_sections(report),
    }  # fmt: skip


def _data_sections(report: Report) -> dict[str, Any]:
    """Return what is said about data: protection, stages of the pipeline, influence, exposure and risk."""
    comparison, names = report.comparison, list(report.charts)
    parties = ["", *comparison.tables.contract_parties]
    return {
        "protection": {
            "said": protection_sentences(report.protection), "epsilons": epsilon_sentences(report.protection),
            "table": table_of_protection(report.protection) if report.protection.shown else None,
        },
        "stages": {
            "said": stages.stage_sentences(comparison), "charts": [n for n in names if n.startswith("waterfall")],
        },
        "gains": [name for name in names if name.startswith("gains")],
        "resources": sharing.resource_sections(comparison), "technology": sharing.technology_sections(comparison),
        "orders": {
            "said": orders.orders_sentences(comparison),
            "charts": [
                (name, orders.orders_tables(comparison, k))
                for k, name in enumerate(n for n in names if n.startswith("orders"))
            ],
        },
        "influence": {
            "said": sweeps.influence_sentences(comparison), "charts": [n for n in names if n.startswith("influence")],
            "shown": [report.charts[n].table.caption for n in names if n.startswith("influence")],
            "tables": [sweeps.influence_table(comparison, part) for part in sweeps.influences_of(comparison)],
        },
        "risk": {
            "said": risk.risk_sentences(comparison, report.exposure), "notes": risk.tail_notes(comparison),
            "table": risk.exposure_table(comparison, report.exposure) if len(report.exposure) else None,
            "whole": risk.tail_table(comparison, parties[:1]), "parties": risk.tail_table(comparison, parties[1:]),
        },
    }  # fmt: skip


def _sweeps(report: Report, titles: dict[str, str]) -> list[dict[str, Any]]:
    """Return each break-even sweep: its question, what its parameter is, its answers, and its chart's name."""
    names = [name for name in report.charts if name.startswith("break_even")]
    return [
        {
            "title": answers[0].title, "parameter": answers[0].parameter, "chart": name,
            "about": background.swept(report.comparison, answers[0]),
            "said": [break_even_sentence(one, titles) for one in answers],
        }
        for name, answers in zip(names, sweeps.sweeps_of(report.comparison), strict=True)
    ]  # fmt: skip


def _in_parts(table: tables.Table | None, keep: int) -> list[tables.Table]:
    """Return a table with a column per strategy in parts that fit a page; nothing without a table."""
    return tables.by_columns(table, keep) if table is not None and table.rows else []


def _markup(text: str) -> Any:
    from markupsafe import Markup

    return Markup(text)  # matplotlib's own SVG, in which it has escaped every label
