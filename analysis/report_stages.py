"""The pipeline in the report: what each stage of preparing and using records adds, in money and in noise."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis import figures_stages
from analysis.compare import Comparison
from analysis.drawing import scale_of
from analysis.estimates import t_estimate
from analysis.points import floats
from analysis.report_charts import Chart
from analysis.report_tables import Table, bracketed, count_words, records
from analysis.report_text import cells, joined, level, outcome_of, party_label, titles_of
from model.outcomes import OUTCOME

_NOISE = ("soiled", "cleaned", "integrated", "transformed")
_ALL_OFF, _ALL_ON = "all off", "all on"
_MOST_PANELS = 5


def stage_charts(comparison: Comparison) -> list[Chart]:
    """Return a waterfall for each chain of stages: one panel per outcome, and the record's error after each stage."""
    charts = []
    for k, (_, chain) in enumerate(comparison.waterfall.groupby("name", sort=False)):
        panels = [
            _panel(part) for part in _parts(chain) if _moves(part)
        ] + _noise_panels(comparison, str(chain["strategy"].iloc[0]))  # fmt: skip
        if panels:
            charts.append(_chart(comparison, "waterfall" if k == 0 else f"waterfall_{k + 1}", chain, panels))
    return charts


def _parts(chain: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the rows of each outcome and party."""
    return [part for _, part in chain.groupby(["outcome", "party"], sort=False)]


def _about(part: pd.DataFrame) -> tuple[str, str]:
    """Return outcome and party of rows that share both."""
    return str(part["outcome"].iloc[0]), str(part["party"].iloc[0])


def _heading(outcome: str, party: str) -> str:
    words = outcome_of(outcome, party)
    return f"{words[0].upper()}{words[1:]}"


def _moves(part: pd.DataFrame) -> bool:
    """Tell whether any stage changes the outcome."""
    steps = part[part["kind"] == "cumulative"]["effect"]
    return bool(steps.notna().all() and (steps != 0.0).any())


def _chart(
    comparison: Comparison, name: str, chain: pd.DataFrame, panels: Sequence[tuple[str, str, pd.DataFrame]]
) -> Chart:
    title = titles_of(comparison)[str(chain["strategy"].iloc[0])]
    figure = figures_stages.waterfall(panels[:_MOST_PANELS])
    more = f" {len(panels) - _MOST_PANELS} more are in the table." if len(panels) > _MOST_PANELS else ""
    caption = (
        f"What each stage adds in “{title}” to those before it, from all stages off to all on; to the left is better. "
        f"Lines: 95 % intervals of the step, {count_words(chain[chain['n'] > 0]['n'])}. The error of the record is "
        f"measured within the runs of the strategy itself, after each stage of preprocessing. Stages that are not "
        "drawn change nothing there. Chance is removed from every step by itself, so that steps of a net cost add up "
        f"to the total only nearly.{more}"
    )
    table = stage_table(comparison, chain)
    words = [f"{row[0]}, {row[1]}: alone {row[2]}, after those before it {row[3]}." for row in table.rows]
    return Chart(name, figure, caption, " ".join(words), table)


def _panel(part: pd.DataFrame) -> tuple[str, str, pd.DataFrame]:
    """Return a panel of steps from nothing (money) or from the level with all stages off (other units)."""
    first = part.iloc[0]
    is_money = first["unit"] == "EUR/yr"
    levels = {row["stage"]: row for row in records(part[part["kind"] == "level"])}
    base = 0.0 if is_money else float(levels[_ALL_OFF]["effect"])
    rows, here = [], base
    if not is_money:
        off = levels[_ALL_OFF]
        rows.append(_bar(_ALL_OFF, (0.0, base), (off["lower"], off["upper"]), off, is_level=True))
    for row in records(part[part["kind"] == "cumulative"]):
        if row["effect"] == row["lower"] == row["upper"] == 0.0:
            continue
        rows.append(_bar(row["stage"], (here, here + row["effect"]), (here + row["lower"], here + row["upper"]), row))
        here += row["effect"]
    end = records(part[part["kind"] == "total"])[0] if is_money else levels[_ALL_ON]
    label = "all stages" if is_money else _ALL_ON
    rows.append(_bar(label, (0.0, end["effect"]), (end["lower"], end["upper"]), end, is_level=True))
    frame = pd.DataFrame(rows)
    change = ": change" if is_money else ""
    return (
        f"{_heading(first['outcome'], first['party'])}{change}",
        str(first["unit"]),
        _worded(frame, str(first["unit"])),
    )


def _bar(
    stage: str, ends: tuple[float, float], interval: tuple[float, float], row: Mapping[str, Any],
    *,
    is_level: bool = False,
) -> dict[str, Any]:  # fmt: skip
    return {
        "stage": stage, "start": float(ends[0]), "end": float(ends[1]), "low": float(interval[0]),
        "high": float(interval[1]), "n": int(row["n"]), "is_level": is_level,
    }  # fmt: skip


def _worded(frame: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Add what stands beside each bar: a step with its sign, a level without."""
    divisor, _ = scale_of(frame[["start", "end", "low", "high"]].to_numpy(), unit)
    words = []
    for row in records(frame):
        step = row["end"] - row["start"]
        shown = cells((step, row["low"] - row["start"], row["high"] - row["start"]), divisor, 2)[0] if step else "0"
        words.append(shown.removeprefix("+") if row["is_level"] and unit != "EUR/yr" else shown)
    return frame.assign(words=words)


def _noise_panels(comparison: Comparison, strategy: str) -> list[tuple[str, str, pd.DataFrame]]:
    """Return the error of the record after each stage of preprocessing, a panel per sharer whose record is dirty."""
    metrics = comparison.tables.metrics
    mine = metrics[(metrics["strategy"] == strategy) & metrics["outcome"].str.startswith("record_noise_")]
    panels = []
    for party, part in mine.groupby("party", sort=False):
        if not (part["value"] > 0.0).any():
            continue
        rows = []
        for stage in _NOISE:
            one = t_estimate(floats(part[part["outcome"] == f"record_noise_{stage}"]["value"]))
            label = "as it comes in" if stage == "soiled" else f"after being {stage}"
            rows.append(_bar(label, (0.0, one.value), (one.low, one.high), {"n": one.n}, is_level=True))
        title = f"Error of the record of {party_label(str(party))}, root mean square"
        panels.append((title, "MW", _worded(pd.DataFrame(rows), "MW")))
    return panels


def stage_table(comparison: Comparison, chain: pd.DataFrame) -> Table:
    """Return what each stage adds: left out alone, and one after another."""
    title = titles_of(comparison)[str(chain["strategy"].iloc[0])]
    rows = []
    for part in _parts(chain):
        if not _moves(part) and part["effect"].notna().all():
            continue
        outcome, party = _about(part)
        divisor, unit = scale_of(part[part["kind"] != "level"]["effect"].to_numpy(), OUTCOME[outcome].unit)
        alone = {row["stage"]: row for row in records(part[part["kind"] == "leave_one_out"])}
        about = f"{_heading(outcome, party)}, {unit}"
        for row in records(part[part["kind"].isin(["cumulative", "total"])]):
            missing = _effect(alone[row["stage"]], divisor) if row["stage"] in alone else "–"
            rows.append((about, row["stage"], missing, _effect(row, divisor), str(row["n"])))
    head = ("outcome", "stage", "with it rather than without, all others on", "added to the stages before it", "n")
    caption = (
        f"What each stage of the pipeline changes in “{title}”, {count_words(chain[chain['n'] > 0]['n'])}; 95 % "
        "interval in brackets. Outcomes that no stage changes are left out"
    )
    return Table(caption, head, tuple(rows), words=(0, 1))


def _effect(row: Mapping[str, Any], divisor: float) -> str:
    if not np.isfinite(row["effect"]):
        return str(row["note"]) or "–"
    return bracketed((row["effect"], row["lower"], row["upper"]), divisor, most=2) if row["effect"] else "0"


def stage_sentences(comparison: Comparison) -> list[str]:
    """Return which stages save money alone, which cannot be told from zero, and what the record's error becomes."""
    titles, said = titles_of(comparison), []
    for _, chain in comparison.waterfall.groupby("name", sort=False):
        title = titles[str(chain["strategy"].iloc[0])]
        money = chain[(chain["unit"] == "EUR/yr") & (chain["kind"] == "leave_one_out") & chain["effect"].notna()]
        for part in _parts(money):
            outcome, party = _about(part)
            said.append(f"“{title}”, {outcome_of(outcome, party)}: {_stage_groups(part)}.")
        said += _noise_words(comparison, str(chain["strategy"].iloc[0]), title)
    return said


def _stage_groups(part: pd.DataFrame) -> str:
    """Return the stages by what taking one away would do, all others on."""
    groups: dict[str, list[str]] = {
        "would raise the cost": [], "would lower it": [], "changes it by an amount that cannot be told from zero": [],
        "changes nothing": [],
    }  # fmt: skip
    raises, lowers, unclear, nothing = groups
    for row in records(part):
        if row["effect"] == row["lower"] == row["upper"] == 0.0:
            groups[nothing].append(row["stage"])
        elif row["upper"] < 0.0:
            groups[raises].append(row["stage"])
        elif row["lower"] > 0.0:
            groups[lowers].append(row["stage"])
        else:
            groups[unclear].append(row["stage"])
    return "; ".join(f"leaving out {joined(stages)} alone {words}" for words, stages in groups.items() if stages)


def _noise_words(comparison: Comparison, strategy: str, title: str) -> list[str]:
    said = []
    for heading, _, table in _noise_panels(comparison, strategy):
        first, last = table.iloc[0], table.iloc[-1]
        said.append(
            f"“{title}”: {heading[0].lower()}{heading[1:].removesuffix(', root mean square')} falls from "
            f"{level(float(first['end']))} MW as it comes in to {level(float(last['end']))} MW after preprocessing "
            f"(n = {int(first['n'])})."
            if last["end"] < first["end"]
            else f"“{title}”: preprocessing does not lower the {heading[0].lower()}{heading[1:]}."
        )
    return said
