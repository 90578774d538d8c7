"""Steps in several orders in the report: chart, tables, and the sentences that follow from them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis import figures_orders
from analysis.compare import Comparison
from analysis.drawing import scale_of
from analysis.report_charts import Chart
from analysis.report_tables import THOUSAND, Table, bracketed, count_words, records
from analysis.report_text import cells, joined, outcome_of, party_label, size_words, titles_of
from model.outcomes import OUTCOME

type Row = Mapping[str, Any]

_MOST_DECIMALS = 2
_SAME = 0.002
"""Difference between orders over the largest change that is not worth telling."""
_MEAN = "mean over all orders"


def orders_of(comparison: Comparison) -> list[pd.DataFrame]:
    """Return one frame for each question and group of parties."""
    return [part for _, part in comparison.orders.groupby(["name", "party"], sort=False)]


def orders_charts(comparison: Comparison) -> list[Chart]:
    """Return a chart for each question: of all its parties together where they are several."""
    charts = []
    for k, (_, found) in enumerate(comparison.orders.groupby("name", sort=False)):
        part = found[found["party"] == found["party"].iloc[-1]]
        if part["n"].iloc[0]:
            charts.append(_chart(comparison, "orders" if k == 0 else f"orders_{k + 1}", part))
    return charts


def _chart(comparison: Comparison, name: str, part: pd.DataFrame) -> Chart:
    what = _what(part)
    figure = figures_orders.steps_by_order(_drawn(part), title=f"Change of the {what}", unit=str(part["unit"].iloc[0]))
    caption = (
        f"What each step changes in the {what}, by the steps that are taken before it; left of zero is "
        f"{'better' if _lower_is_better(part) else 'worse'}. Filled symbols with a line: the mean over all orders "
        f"(Shapley value). Bars: 95 % intervals, {count_words(part['n'])}."
    )
    said = [f"{row['step']}, {row['label']}: {_cell(row, part)}." for row in records(_drawn(part))]
    return Chart(name, figure, caption, f"In {_scale(part)[1]}. " + " ".join(said), order_table(comparison, part))


def _drawn(part: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the chart: each step after each set of others, and its mean."""
    marginal = part[part["kind"] == "marginal"].drop_duplicates(["step", "before"])
    shapley = part[part["kind"] == "shapley"]
    steps = list(shapley["step"])
    rows = []
    for step in steps:
        mine = sorted(records(marginal[marginal["step"] == step]), key=lambda row: row["place"])
        rows += [row | {"label": _after(row, len(steps)), "is_mean": False} for row in mine]
        rows += [row | {"label": _MEAN, "is_mean": True} for row in records(shapley[shapley["step"] == step])]
    divisor, _ = scale_of(part[["effect", "lower", "upper"]].to_numpy(), str(part["unit"].iloc[0]))
    words = [
        cells((row["effect"], row["lower"], row["upper"]), divisor, 2)[0] if row["effect"] else "0" for row in rows
    ]
    return pd.DataFrame(rows).assign(words=words)


def _after(row: Row, count: int) -> str:
    if not row["before"]:
        return "taken first"
    return "taken last" if row["place"] == count else f"after {joined(row['before'].split(' + '))}"


def _what(part: pd.DataFrame) -> str:
    return outcome_of(str(part["outcome"].iloc[0]), str(part["party"].iloc[0]))


def _lower_is_better(part: pd.DataFrame) -> bool:
    return OUTCOME[str(part["outcome"].iloc[0])].direction != "higher"


def _scale(part: pd.DataFrame) -> tuple[float, str]:
    """Return the divisor of the tables and their unit: thousands where it is money, as elsewhere in the report."""
    unit = str(part["unit"].iloc[0])
    return (THOUSAND, f"thousand {unit}") if unit.startswith("EUR") else (1.0, unit)


def _cell(row: Row, part: pd.DataFrame) -> str:
    if not np.isfinite(row["effect"]):
        return "–"
    return bracketed((row["effect"], row["lower"], row["upper"]), _scale(part)[0], most=_MOST_DECIMALS)


def _of(part: pd.DataFrame, kind: str) -> list[dict[str, Any]]:
    return records(part[part["kind"] == kind])


def order_table(comparison: Comparison, part: pd.DataFrame) -> Table:
    """Return what each step adds in every order, a row per order, and the mean over orders."""
    steps = [row["step"] for row in _of(part, "shapley")]
    rows = []
    for order, group in part[part["kind"] == "marginal"].groupby("order", sort=False):
        found = {row["step"]: row for row in records(group)}
        rows.append((str(order).replace(" > ", " → "), *[_cell(found[step], part) for step in steps]))
    rows.append((f"{_MEAN} (Shapley value)", *[_cell(row, part) for row in _of(part, "shapley")]))
    base = titles_of(comparison).get(str(part["baseline"].iloc[0]), str(part["baseline"].iloc[0]))
    caption = (
        f"What each step changes in the {_what(part)} when steps are taken in this order, starting from “{base}”, "
        f"{_scale(part)[1]}, {count_words(part['n'])}; 95 % interval in brackets. Every row adds up to the same total"
    )
    return Table(caption, ("order", *steps), tuple(rows), strong=(len(rows) - 1,))


def set_table(part: pd.DataFrame) -> Table:
    """Return what sets of steps are worth together, and beyond what each step is worth alone."""
    beyond = {row["step"]: _cell(row, part) for row in _of(part, "interaction")}
    rows = [(row["step"], _cell(row, part), beyond.get(row["step"], "")) for row in _of(part, "set")]
    caption = (
        f"What sets of steps change in the {_what(part)}, and how that differs from what each changes alone, summed, "
        f"{_scale(part)[1]}, {count_words(part['n'])}; 95 % interval in brackets"
    )
    return Table(caption, ("steps", "change", "less the sum of each alone"), tuple(rows))


def shapley_table(parts: Sequence[pd.DataFrame]) -> Table:
    """Return the mean of each step over all orders, a column per party and one for all of them: who gains by what."""
    whole = pd.concat(parts, ignore_index=True)
    steps = [row["step"] for row in _of(parts[0], "shapley")]
    columns = [{row["step"]: _cell(row, whole) for row in _of(part, "shapley")} for part in parts]
    total = [next(_cell(row, whole) for row in reversed(_of(part, "set"))) for part in parts]
    rows = [(step, *[column[step] for column in columns]) for step in steps]
    names = [_party_head(str(part["party"].iloc[0])) for part in parts]
    what = OUTCOME[str(whole["outcome"].iloc[0])].title.lower()
    caption = (
        f"Who gains by which step: its mean over all orders (Shapley value) in the {what}, {_scale(whole)[1]}, "
        f"{count_words(whole['n'])}; 95 % interval in brackets"
    )
    return Table(caption, ("step", *names), (*rows, ("all steps", *total)), strong=(len(rows),))


def _party_head(party: str) -> str:
    names = party.split(" + ")
    return party_label(party) if len(names) == 1 else "all of them together"


def orders_tables(comparison: Comparison, chart: int) -> dict[str, Any]:
    """Return the tables of the chart with this number: beside it, by party, and what each party's own orders are."""
    drawn = [part for _, part in comparison.orders.groupby("name", sort=False) if part["n"].iloc[0]][chart]
    parts = [part for _, part in drawn.groupby("party", sort=False)]
    return {
        "main": [order_table(comparison, parts[-1]), set_table(parts[-1])],
        "parties": shapley_table(parts) if len(parts) > 1 else None,
        "more": [table for part in parts[:-1] for table in (order_table(comparison, part), set_table(part))],
    }


def orders_sentences(comparison: Comparison) -> list[str]:
    """Return what the steps bring together and on average, where the order matters most, and what helps what."""
    said = []
    for _, found in comparison.orders.groupby("name", sort=False):
        part = found[found["party"] == found["party"].iloc[-1]]
        if not part["n"].iloc[0]:
            said.append(f"{_heading(part)}: {part['note'].iloc[0]}.")
            continue
        said.append(f"{_heading(part)}: {_total_words(part)} {_order_words(part)}")
        said += [f"{_interaction_words(row, part)}." for row in _pairs(part)]
    return said


def _heading(part: pd.DataFrame) -> str:
    title = str(part["title"].iloc[0])
    what = _what(part)
    return f"{title} ({what})" if title else f"{what[0].upper()}{what[1:]}"


def _size(row: Row, part: pd.DataFrame) -> str:
    return size_words((row["effect"], row["lower"], row["upper"]), int(row["n"]), str(part["unit"].iloc[0]))


def _total_words(part: pd.DataFrame) -> str:
    total = _of(part, "set")[-1]
    means = [
        f"the step “{row['step']}” {'lowers' if row['effect'] < 0.0 else 'raises'} it by {_size(row, part)}"
        for row in sorted(_of(part, "shapley"), key=lambda row: row["effect"])
        if row["effect"]
    ]
    verb = "lower" if total["effect"] < 0.0 else "raise"
    whole = f"all steps together {verb} it by {_size(total, part)}." if total["effect"] else "all steps change nothing."
    return f"{whole} On average over all orders {joined(means)}." if means else whole


def _order_words(part: pd.DataFrame) -> str:
    """Return for which step the order matters most, if it does for any."""
    spans = []
    for _, group in part[part["kind"] == "marginal"].groupby("step", sort=False):
        rows = sorted(records(group), key=lambda row: row["effect"])
        spans.append((rows[-1]["effect"] - rows[0]["effect"], rows[0], rows[-1]))
    span, least, most = max(spans, key=lambda one: one[0])
    if span <= _SAME * max(abs(row["effect"]) for row in _of(part, "set")):
        return "The order hardly matters: no step is worth noticeably more at one place than at another."
    told = any(row["lower"] > 0.0 or row["upper"] < 0.0 for row in _of(part, "interaction"))
    sure = "The order" if told else "Whether the order matters cannot be told; as far as it can be seen, it"
    ends = " and ".join(f"{_amount(row, part)} {_when(row, len(spans))}" for row in (least, most))
    return f"{sure} matters most for “{least['step']}”: {ends}."


def _when(row: Row, count: int) -> str:
    words = _after(row, count)
    return words if words.startswith("after") else f"when it is {words}"


def _amount(row: Row, part: pd.DataFrame) -> str:
    return f"{_cell(row, part)} {_scale(part)[1]}"


def _pairs(part: pd.DataFrame) -> list[dict[str, Any]]:
    return [row for row in _of(part, "interaction") if row["step"].count(" + ") == 1]


def _interaction_words(row: Row, part: pd.DataFrame) -> str:
    """Return whether two steps help each other, stand in each other's way, or do neither."""
    pair = joined([f"“{step}”" for step in row["step"].split(" + ")])
    if row["effect"] == row["lower"] == row["upper"] == 0.0:
        return f"{pair} bring together exactly what each brings alone"
    if not (row["lower"] > 0.0 or row["upper"] < 0.0):
        return f"Whether {pair} help each other or stand in each other's way cannot be told (n = {int(row['n'])})"
    helps = (row["effect"] < 0.0) == _lower_is_better(part)
    words = "help each other" if helps else "replace each other or stand in each other's way"
    return f"{pair} {words}: together they bring {_size(row, part)} {'more' if helps else 'less'} than each alone"
