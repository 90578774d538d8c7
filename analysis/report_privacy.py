"""Protection in the report: what each strategy reveals, what that leaves of the value, and what an epsilon protects."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analysis import figures_privacy
from analysis.compare import Comparison
from analysis.protection import protection_frame, reference_strategy
from analysis.report_charts import Chart, series_of
from analysis.report_contracts import (
    all_contracts,
    epsilon_words,
    firms_of,
    plan_contracts,
    seen_words,
    sharing_parties,
)
from analysis.report_tables import THOUSAND, Table, bracketed, count_words, others_of, records
from analysis.report_text import decimals_of, fixed, joined, party_label, percent, size_words, titles_of
from model.contracts import DataContract
from model.outcomes import OUTCOME

_APART = 0.025
"""How far apart points stand in the figure that reveal the same."""
_FULL = 1.0
_SAME = 1e-6
_UNIT = {"heat": "one heat", "day": "one day's plan", "firm": "the whole firm", "none": "–"}


class Protection:
    """What a study says about the protection of plans.

    Compared are strategies that differ in nothing but how plans are shared; what else shares data, or changes a firm's
    behaviour, has a value that no protection explains.

    Attributes:
        comparison: the study.
        contracts: strategy -> its contracts.
        reference: the strategy that shares one plan as it is, by which value is measured; empty if there is none.
        parties: whose gain is added up: all parties to contracts of the strategies compared.
        frame: `analysis.protection.PROTECTION`, the strategies compared, best first.
        apart: strategies that share plans and differ in something else as well.
    """

    def __init__(self, comparison: Comparison) -> None:
        """Work it out."""
        self.comparison = comparison
        every = all_contracts(comparison)
        sharing = [name for name in every if plan_contracts(every[name])]
        others = {name: _others(self.inputs(name)) for name in (*sharing, comparison.baseline)}
        reference = reference_strategy({name: every[name] for name in sharing})
        same = others[reference or comparison.baseline]
        alike = [
            name for name in sharing if others[name] == same and len(plan_contracts(every[name])) == len(every[name])
        ]
        self.contracts = {name: every[name] for name in alike}
        ranked = others_of(comparison)
        finished = [name for name in ranked if name in alike]
        self.apart = [name for name in ranked if name in sharing and name not in alike]
        self.reference, self.parties = reference if reference in finished else "", sharing_parties(self.contracts)
        self.frame = protection_frame(comparison.tables, comparison.baseline, self.parties, finished, self.reference)

    @property
    def shown(self) -> bool:
        """Whether strategies differ in what they reveal, so that there is something to say."""
        return len(self.frame) > 1 and float(np.ptp(self.frame["revealed"])) > 0.0

    def nearest(self, strategy: str) -> str:
        """Return the strategy itself if plans are all that it shares or changes, else the best of those of which so."""
        return str(self.frame["strategy"].iloc[0]) if strategy in self.apart and len(self.frame) else strategy

    def plans(self, strategy: str) -> Sequence[DataContract]:
        """Return the contracts of a strategy, all of which share plans; that of the first sharer first."""
        return self.contracts[strategy]

    def inputs(self, strategy: str) -> Mapping[str, Any]:
        """Return the stored inputs of a strategy."""
        return next(member.inputs for member in self.comparison.tables.strategies if member.name == strategy)


def _others(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a strategy's inputs say about anything but contracts."""
    return {key: value for key, value in inputs.items() if key != "contracts"}


def protection_chart(found: Protection) -> Chart | None:
    """Return the worth of each strategy over the share of the plan that it reveals."""
    if not found.shown:
        return None
    base = titles_of(found.comparison)[found.comparison.baseline]
    places = set_apart(list(found.frame["revealed"]), _APART)
    panels = []
    for column, title in (
        ("saving", f"{OUTCOME['real_cost'].title}: saving"),
        ("gain", f"Gain of {_whose(found.parties)}"),
    ):
        if not found.frame[column].notna().all():
            continue
        table = found.frame.assign(
            place=places, value=found.frame[column], low=found.frame[f"{column}_low"],
            high=found.frame[f"{column}_high"],
        )  # fmt: skip
        panels.append((title, "EUR/yr", table))
    figure = figures_privacy.protection(panels, series_of(found.comparison))
    caption = (
        f"What each strategy is worth (upwards) over what it reveals (to the right), against “{base}”, which reveals "
        f"nothing. Bars: 95 % intervals, {count_words(found.frame['n'])}, chance removed. Revealed: squared "
        "correlation of the hourly plan with what the partner receives, of the sharer of whom most is revealed; points "
        f"that reveal much the same are set a little apart.{_apart_words(found)}"
    )
    return Chart("protection", figure, caption, _described(found), protection_table(found))


def _apart_words(found: Protection) -> str:
    titles = titles_of(found.comparison)
    names = joined([f"“{titles[name]}”" for name in found.apart])
    return f" Left out, because they change something else as well: {names}." if names else ""


def set_apart(values: Sequence[float], step: float) -> list[float]:
    """Return the values, those closer than `step` moved down from the largest of them until they are `step` apart."""
    order = sorted(range(len(values)), key=lambda k: (-values[k], k))
    places = list(values)
    for before, k in itertools.pairwise(order):
        places[k] = min(places[k], places[before] - step)
    lowest = min(places, default=0.0)
    return [place + max(0.0, -lowest) for place in places] if lowest < 0.0 else places


def protection_table(found: Protection) -> Table:
    """Return for each strategy what the partner sees, what is protected, and what it is worth."""
    titles = titles_of(found.comparison)
    rows = []
    for row in records(found.frame):
        plans, inputs = found.plans(row["strategy"]), found.inputs(row["strategy"])
        private = math.isfinite(plans[0].epsilon)
        seen = dict.fromkeys(seen_words(inputs, plan) for plan in plans)
        kept = _kept_cell(row) if row["strategy"] != found.reference else "all of it"
        rows.append((
            titles[row["strategy"]], "; ".join(seen), _UNIT[plans[0].protected],
            f"{plans[0].epsilon:g} / {row['epsilon_year']:.4g}" if private else "–", fixed(row["revealed"], 2),
            f"{row['copies']:g}", *[
                bracketed((row[name], row[f"{name}_low"], row[f"{name}_high"]), THOUSAND, most=1)
                for name in ("use", "saving", "gain")
            ], *([kept] if found.reference else []),
        ))  # fmt: skip
    head = (
        "strategy", "what the partner sees", "protected unit", "epsilon: release / year", "share revealed", "copies",
        "value in use", "real saving", "gain of the parties", *(["of raw sharing's value"] if found.reference else []),
    )  # fmt: skip
    caption = (
        f"What is revealed and what it is worth, thousand EUR/yr against "
        f"“{titles[found.comparison.baseline]}”, {count_words(found.frame['n'])}; 95 % interval in brackets, chance "
        "removed; plus is a gain. Value in use: what is saved before the costs of sharing itself (interfaces, "
        f"platforms, security, expected loss). Parties: {_whose(found.parties)}"
    )
    return Table(caption, head, tuple(rows), words=(0, 1, 2), tight=True)


def protection_sentences(found: Protection) -> list[str]:
    """Return in plain words which protection keeps which part of raw sharing's value."""
    if not found.shown:
        return []
    titles = titles_of(found.comparison)
    rows = {row["strategy"]: row for row in records(found.frame)}
    said = []
    if found.reference:
        full = rows[found.reference]
        size = size_words((full["use"], full["use_low"], full["use_high"]), int(full["n"]), "EUR/yr")
        verb = "is worth" if full["use"] >= 0.0 else "loses"
        words = f"In use, before its own costs, “{titles[found.reference]}” {verb} {size}"
        if not full["use_low"] > 0.0:
            said.append(f"{words}; that cannot be told from zero, so no protection can be said to keep a part of it.")
            return said + _net_words(rows, titles)
        said.append(f"{words}.")
        many = {name: _with_words(found, name) for name in rows}
        said += [
            _kept_words({**row, "with": many[name]}, titles) for name, row in rows.items() if name != found.reference
        ]
    return said + _net_words(rows, titles)


def _with_words(found: Protection, strategy: str) -> str:
    """Return how many firms share, where they are more than in the reference."""
    counts = [
        sum(firm.count for plan in found.plans(name) for firm in firms_of(found.inputs(name), plan))
        for name in (strategy, found.reference)
    ]
    return f", with {counts[0]} sharers instead of {counts[1]}," if counts[0] != counts[1] else ""


def _kept_words(row: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    name, reveals = titles[row["strategy"]], f"and reveals {percent(row['revealed'])} of the plan"
    kept, low, high = row["kept"], row["kept_low"], row["kept_high"]
    if not math.isfinite(low):
        return f"“{name}” keeps {percent(kept)} of that, with no interval to be had, {reveals}."
    if high - low <= _SAME and abs(kept - _FULL) <= _SAME:
        return f"“{name}” is worth exactly as much in use {reveals}."
    ends = f"(95 % interval {_percents(low, high)})"
    if low <= 0.0 <= high:
        return f"“{name}” {reveals.removeprefix('and ')}; what it keeps cannot be told from nothing {ends}."
    if high < 0.0:
        return f"“{name}” makes decisions worse than without sharing {reveals}: {percent(kept)} {ends}."
    if low > _FULL:
        times = f"{kept:.3g} times as much (95 % interval {low:.3g} to {high:.3g})"
        return f"“{name}”{row['with']} is worth {times} {reveals}."
    amount = "about all" if low <= _FULL <= high else percent(kept)
    return f"“{name}”{row['with']} keeps {amount} of that {ends} {reveals}."


def _percents(low: float, high: float) -> str:
    decimals = decimals_of(100 * (low + high) / 2, 50 * (high - low))
    return f"{fixed(100 * low, decimals)} to {fixed(100 * high, decimals)} %"


def _net_words(rows: Mapping[str, Mapping[str, Any]], titles: Mapping[str, str]) -> list[str]:
    """Return which strategies save something after all costs, which cost more than they bring, and which cannot say."""
    groups: dict[str, list[str]] = {"save": [], "cost": [], "unclear": []}
    for name, row in rows.items():
        key = "save" if row["saving_low"] > 0.0 else "cost" if row["saving_high"] < 0.0 else "unclear"
        groups[key].append(f"“{titles[name]}”")
    parts = []
    if groups["save"]:
        parts.append(f"{joined(groups['save'])} {_verb(groups['save'], 'save', 'saves')} real cost")
    if groups["cost"]:
        parts.append(f"{joined(groups['cost'])} {_verb(groups['cost'], 'cost', 'costs')} more than is saved")
    if groups["unclear"]:
        parts.append(f"for {joined(groups['unclear'])} the saving cannot be told from zero")
    return [f"After all costs, {'; '.join(parts)}."]


def _verb(subjects: Sequence[str], plural: str, singular: str) -> str:
    return plural if len(subjects) > 1 else singular


def epsilon_sentences(found: Protection) -> list[str]:
    """Return what every epsilon of the study protects: unit, releases, and a year's epsilon at its delta."""
    titles = titles_of(found.comparison)
    said: dict[str, list[str]] = {}
    for row in records(found.frame):
        for contract in found.plans(row["strategy"]):
            if math.isfinite(contract.epsilon):
                what, how = epsilon_words(found.inputs(row["strategy"]), contract, float(row["epsilon_year"]))
                said.setdefault(what, []).append(f"“{titles[row['strategy']]}”: {how}")
    return [f"{what} {'; '.join(hows)}." for what, hows in said.items()]


def _kept_cell(row: Mapping[str, Any]) -> str:
    kept, low, high = row["kept"], row["kept_low"], row["kept_high"]
    if not math.isfinite(low):
        return "not known"
    shown = bracketed((kept, low, high), 0.01, most=1).removeprefix("+")
    return f"{shown} %" if "(" not in shown else shown.replace(" (", "\N{NO-BREAK SPACE}% (", 1)


def _described(found: Protection) -> str:
    titles = titles_of(found.comparison)
    return " ".join(
        f"{titles[row['strategy']]}: {fixed(row['revealed'], 2)} revealed, real saving "
        f"{bracketed((row['saving'], row['saving_low'], row['saving_high']), THOUSAND, most=1)} thousand EUR/yr."
        for row in records(found.frame)
    )


def _whose(parties: Sequence[str]) -> str:
    return f"{joined([party_label(name) for name in parties])} together" if len(parties) > 1 else "".join(parties)
