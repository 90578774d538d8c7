"""Break-even sweeps and influences in the report: charts, tables, and the sentences that follow from them."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis import figures_sweeps
from analysis.breakeven import BreakEven, Scale
from analysis.compare import Comparison
from analysis.drawing import scale_of
from analysis.points import as_number, declared_parameter, value_at
from analysis.report_charts import Chart
from analysis.report_tables import Table, count_words, records
from analysis.report_text import cells, decimals_of, fixed, joined, outcome_of, party_label, titles_of
from model.outcomes import OUTCOME

_MOST_TICKS = 9
_LARGE = 1e4
_SWITCH = {0.0: "no", 1.0: "yes"}


def sweeps_of(comparison: Comparison) -> list[tuple[BreakEven, ...]]:
    """Return the answers of each sweep together, in the order of the study."""
    return [tuple(group) for _, group in itertools.groupby(comparison.break_even, key=lambda one: one.name)]


def break_even_charts(comparison: Comparison) -> list[Chart]:
    """Return a chart for each sweep, of the gain over the values of its parameter."""
    sweeps = sweeps_of(comparison)
    names = ["break_even", *(f"break_even_{k}" for k in range(2, len(sweeps) + 1))]
    return [_break_even_chart(comparison, name, answers) for name, answers in zip(names, sweeps, strict=False)]


def _break_even_chart(comparison: Comparison, name: str, answers: Sequence[BreakEven]) -> Chart:
    first, titles = answers[0], titles_of(comparison)
    groups = [whose(one.parties) for one in answers]
    scale = Scale(first.table["value"].to_numpy(np.float64), first.spacing)
    frame = pd.concat(
        [one.table.assign(group=group, place=scale.places) for group, one in zip(groups, answers, strict=True)],
        ignore_index=True,
    )
    crossings = _crossings(answers, groups, scale)
    title, outcome = titles.get(first.strategy, first.strategy), OUTCOME[first.outcome]
    figure = figures_sweeps.break_even(
        frame, crossings, title=f"Gain from “{title}”", unit=outcome.unit, parameter=_parameter_label(first),
        marked=_own_place(comparison, first, scale), ticks=_ticks(first, scale), joined=first.kind != "bool",
    )  # fmt: skip
    caption = (
        f"Gain from “{title}” against “{titles.get(first.baseline, first.baseline)}” "
        f"({_gain_words(first)}) as {first.parameter} varies; above zero it pays. "
        f"{'Bands' if first.kind != 'bool' else 'Bars'}: 95 % intervals, {count_words(frame['n'])}."
    )
    if len(crossings):
        caption += " Crosses on the zero line: break-even values, with their 95 % intervals as thick bars."
    if first.spacing == "log":
        caption += " The axis is logarithmic."
    if math.isinf(scale.values[-1]):
        caption += " The last value is unlimited (∞)."
    description = " ".join(f"{whose(one.parties)}: {one.verdict}." for one in answers)
    return Chart(name, figure, caption, description, _gain_table(answers, frame, outcome.unit))


def _gain_words(answer: BreakEven) -> str:
    better = "higher" if OUTCOME[answer.outcome].direction == "higher" else "lower"
    return f"{better} {outcome_of(answer.outcome, '').removesuffix(' of the party')}"


def whose(parties: Sequence[str]) -> str:
    """Return whose gain it is."""
    return " + ".join(party_label(name) for name in parties) or "all parties together"


def _parameter_label(answer: BreakEven) -> str:
    declared = declared_parameter(answer.parameter)
    unit = f", {answer.unit}" if answer.unit not in ("", "1") else ""
    return f"{declared.doc.rstrip('.')} ({answer.parameter}{unit})" if declared else answer.parameter


def place_of(scale: Scale, value: float) -> float:
    """Return the place of any value on the scale of a sweep: the inverse of `Scale.value`.

    Between the last finite value and an infinite one the scale is the reciprocal.
    """
    places, last = scale.places, scale.values[-1]
    if math.isinf(last) and value > scale.values[-2]:
        return float(places[-2] + (1.0 - scale.values[-2] / value) * (places[-1] - places[-2]))
    return math.log(value) if scale.spacing == "log" else value


def _crossings(answers: Sequence[BreakEven], groups: Sequence[str], scale: Scale) -> pd.DataFrame:
    """Return break-even values by group as places; an open end of an interval is the end of the values tried."""
    places = scale.places
    rows = [
        [
            group,
            place_of(scale, c.value),
            places[0] if c.low is None else place_of(scale, c.low),
            places[-1] if c.high is None else place_of(scale, c.high),
        ]
        for group, one in zip(groups, answers, strict=True)
        for c in one.crossings
    ]
    return pd.DataFrame(rows, columns=["group", "place", "low", "high"])


def _ticks(answer: BreakEven, scale: Scale) -> list[tuple[float, str]]:
    """Return labelled places where matplotlib's own would mislead: logarithms, infinity and switches."""
    values, places = scale.values, scale.places
    if answer.spacing == "linear" and answer.kind != "bool" and math.isfinite(values[-1]):
        return []
    step = math.ceil(values.size / _MOST_TICKS)
    kept = [k for k in range(values.size) if (values.size - 1 - k) % step == 0]
    return [(float(places[k]), value_label(float(values[k]), answer.kind)) for k in kept]


def value_label(value: float, kind: str = "float") -> str:
    """Return the value of a parameter for people."""
    if kind == "bool":
        return _SWITCH.get(value, "–")
    if math.isinf(value):
        return "∞"
    return f"{value:,.0f}" if abs(value) >= _LARGE else f"{value:.4g}"


def _own_place(comparison: Comparison, answer: BreakEven, scale: Scale) -> float | None:
    """Return the place of the study's own value, None where it lies outside the values tried."""
    member = next((m for m in comparison.tables.strategies if m.name == answer.strategy), None)
    value = as_number(value_at(member.inputs, answer.parameter)) if member else math.nan
    inside = scale.values[0] <= value <= scale.values[-1]
    return place_of(scale, value) if inside else None


def _gain_table(answers: Sequence[BreakEven], frame: pd.DataFrame, unit: str) -> Table:
    first = answers[0]
    divisor, unit = scale_of(frame[["gain", "low", "high"]].to_numpy(), unit)
    rows = tuple(
        (row["group"], value_label(row["value"], first.kind),
         *cells((row["gain"], row["low"], row["high"]), divisor, 2), str(row["n"]))
        for row in records(frame)
    )  # fmt: skip
    head = ("party", first.unit if first.unit not in ("", "1") else "value", f"gain, {unit}", "95 % interval", "n")
    return Table(f"Gain by value of {first.parameter}", head, rows)


def influences_of(comparison: Comparison) -> list[pd.DataFrame]:
    """Return one frame for each ranking of assumptions and group of parties."""
    return [part for _, part in comparison.influence.groupby(["name", "party"], sort=False)]


def influence_charts(comparison: Comparison) -> list[Chart]:
    """Return a tornado for each ranking: of all its parties together where they are several."""
    frame = comparison.influence
    charts = []
    for k, (_, part) in enumerate(frame.groupby("name", sort=False)):
        last = part[part["party"] == part["party"].iloc[-1]]
        drawn = last[last["swing"].notna()]
        if len(drawn):
            charts.append(_influence_chart(comparison, "influence" if k == 0 else f"influence_{k + 1}", last, drawn))
    return charts


def _influence_chart(comparison: Comparison, name: str, part: pd.DataFrame, drawn: pd.DataFrame) -> Chart:
    first, titles = part.iloc[0], titles_of(comparison)
    outcome = OUTCOME[first["outcome"]]
    shown = drawn.assign(
        label=[f"{short_key(r['parameter'])} ({range_words(r)})" for r in records(drawn)],
        low=[_end_label(r, "low") for r in records(drawn)], high=[_end_label(r, "high") for r in records(drawn)],
    )  # fmt: skip
    base = titles.get(str(first["baseline"]), str(first["baseline"]))
    what = outcome_of(str(first["outcome"]), str(first["party"]))
    figure = figures_sweeps.tornado(shown, title=f"{what[0].upper()}{what[1:]}", unit=outcome.unit, baseline=base)
    strategy = titles.get(str(first["strategy"]), str(first["strategy"]))
    caption = (
        f"What “{strategy}” changes against “{base}” ({what}) when one assumption alone goes "
        "to the low or the high end of its range, the most influential on top; the dashed line is the study as it is. "
        f"Lines: 95 % intervals, {count_words(drawn['n'])}. A cross marks an end at which the sign turns."
    )
    missing = len(part) - len(drawn)
    caption += f" {missing} could not be run at either end: see the table." if missing else ""
    description = " ".join(
        f"{row['parameter']}: {range_words(row)} moves it by {_amount(row['swing'], outcome.unit)}."
        for row in records(drawn)
    )
    return Chart(name, figure, caption, description, influence_table(comparison, part))


def short_key(key: str) -> str:
    """Return a dotted key as the row of a chart: "steel: regularity"."""
    parts = [part.replace("_", " ") for part in key.split(".")]
    named = parts[0] in ("firms", "contracts", "data platforms") and len(parts) > 2
    return f"{parts[1] if named else parts[0]}: {parts[-1]}" if len(parts) > 1 else key


def range_words(row: Any) -> str:
    """Return "0.05 to 0.5 EUR/MWh per MW" of an assumption."""
    unit = f" {row['unit']}" if row["unit"] not in ("", "1") else ""
    return f"{_end_label(row, 'low')} to {_end_label(row, 'high')}{unit}"


def _end_label(row: Any, end: str) -> str:
    declared = declared_parameter(row["parameter"])
    return value_label(float(row[end]), declared.kind if declared else "float")


def _amount(value: float, unit: str) -> str:
    divisor, unit = scale_of([value], unit)
    return f"{fixed(value / divisor, decimals_of(value / divisor, 0.0))} {unit}"


def influence_table(comparison: Comparison, part: pd.DataFrame) -> Table:
    """Return the assumptions of one ranking with what they move, intervals and notes."""
    first = part.iloc[0]
    ends = ("low", "base", "high")
    divisor, unit = scale_of(part[[f"at_{end}" for end in ends]].to_numpy(), str(first["outcome_unit"]))
    rows = []
    for row in records(part):
        estimates = [_at(row, end, divisor) for end in ends]
        swing = "–" if math.isnan(row["swing"]) else fixed(row["swing"] / divisor, 1)
        notes = "; ".join(words for words in row["note"].split("; ") if not words.startswith("n = "))
        rows.append((row["parameter"], range_words(row), *estimates, swing, str(row["n"]), notes or "–"))
    titles = titles_of(comparison)
    caption = (
        f"What “{titles.get(str(first['strategy']), first['strategy'])}” changes against "
        f"“{titles.get(str(first['baseline']), first['baseline'])}” when one assumption alone moves: "
        f"{outcome_of(first['outcome'], first['party'])}, {unit}, {count_words(part['n'])}; 95 % interval in brackets"
    )
    head = ("assumption", "range", "at the low end", "as it is", "at the high end", "swing", "n", "note")
    return Table(caption, head, tuple(rows), words=(0, 1, 7))


def _at(row: Any, end: str, divisor: float) -> str:
    estimate = (row[f"at_{end}"], row[f"at_{end}_lower"], row[f"at_{end}_upper"])
    if not math.isfinite(estimate[0]):
        return "–"
    value, ends = cells(estimate, divisor, 1)
    return value if ends in ("–", "no spread") else f"{value} ({ends})"


def influence_sentences(comparison: Comparison) -> list[str]:
    """Return which assumption moves the result most, which flip the answer, and which cannot change it."""
    titles, said = titles_of(comparison), []
    for part in influences_of(comparison):
        rows = [row for row in records(part) if math.isfinite(row["swing"])]
        if not rows:
            continue
        first = rows[0]
        what = outcome_of(first["outcome"], first["party"])
        strategy = titles.get(str(first["strategy"]), str(first["strategy"]))
        said.append(
            f"“{strategy}”, {what}: {first['parameter']} moves the result most, by "
            f"{_amount(first['swing'], first['outcome_unit'])} from {range_words(first)}. {_flip_words(rows)}"
        )
    return said


def _flip_words(rows: Sequence[Any]) -> str:
    """Return which assumptions turn the answer; what cannot be told from zero is no answer."""
    ends = [(row, end) for row in rows for end in ("low", "high")]
    names = {(row["parameter"], end): f"{row['parameter']} at {_end_label(row, end)}" for row, end in ends}
    sure = [(row, end) for row, end in ends if told_from_zero(row, end)]
    if not told_from_zero(rows[0], "base"):
        lower_is_better = OUTCOME[rows[0]["outcome"]].direction != "higher"
        better = [names[r["parameter"], e] for r, e in sure if (r[f"at_{e}"] < 0.0) == lower_is_better]
        worse = [names[r["parameter"], e] for r, e in sure if (r[f"at_{e}"] < 0.0) != lower_is_better]
        said = [f"it is a gain with {joined(better)}"] if better else []
        said += [f"a loss with {joined(worse)}" if said else f"it is a loss with {joined(worse)}"] if worse else []
        decided = f"; {' and '.join(said)}" if said else "; no assumption tried decides it"
        return f"As it is, the result cannot be told from zero{decided}."
    turned = [(row, end) for row, end in ends if row[f"at_{end}"] * row["at_base"] < 0.0]
    flips = [names[r["parameter"], e] for r, e in turned if told_from_zero(r, e)]
    maybe = [names[r["parameter"], e] for r, e in turned if not told_from_zero(r, e)]
    said = [f"{joined(flips)} {'flip' if len(flips) > 1 else 'flips'} the answer"] if flips else []
    turn = "turn" if len(maybe) > 1 else "turns"
    said += [f"{joined(maybe)} {turn} the sign, but not so that it can be told from zero"] if maybe else []
    lost = [names[r["parameter"], e] for r, e in ends if r[f"at_{e}"] * r["at_base"] > 0.0 and not _known(r, e)]
    with_words = "with" if said else "With"
    said += [f"{with_words} {joined(lost)} the result cannot be told from zero any more"] if lost else []
    return f"{'; '.join(said) or 'No assumption tried turns or hides the sign'}."


def _known(row: Any, end: str) -> bool:
    """Tell whether an end was not run, or is told from zero."""
    return not math.isfinite(row[f"at_{end}"]) or told_from_zero(row, end)


def told_from_zero(row: Any, end: str) -> bool:
    """Tell whether the 95 % interval at one end leaves zero out."""
    low, high = float(row[f"at_{end}_lower"]), float(row[f"at_{end}_upper"])
    return bool(low > 0.0 or high < 0.0)
