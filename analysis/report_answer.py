"""What the report says first: the answer in three sentences, and what speaks against it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.compare import FEW, Comparison
from analysis.report_text import (
    Change,
    break_even_sentence,
    change_words,
    changes,
    goal_changes,
    joined,
    level,
    money,
    outcome_words,
    party_label,
    party_verdict,
    percent,
    probability,
    size_words,
    titles_of,
)
from model.outcomes import OUTCOME

SAME = 1e-10
"""Relative difference below which two strategies have the same result in a random future."""
_MANY = 4


@dataclass(frozen=True)
class Answer:
    """What the report says first.

    Attributes:
        sentences: the answer in three sentences.
        against: what speaks against collaboration, one sentence each; empty if nothing in the runs does.
        kind: better, worse or unclear: the best alternative against the baseline; alone without alternative.
        focus: the strategies that the answer is about: the best one, and all that are equally good.
    """

    sentences: tuple[str, ...]
    against: tuple[str, ...]
    kind: str
    focus: tuple[str, ...]


def answer_of(comparison: Comparison) -> Answer:
    """Return the answer in three sentences and what speaks against it, from the statistics alone."""
    titles = titles_of(comparison)
    found = goal_changes(comparison)
    if not found:
        only = titles[comparison.baseline]
        words = f"Only “{only}” was run, so there is nothing to compare it with."
        return Answer((words, "", ""), (), "alone", (comparison.baseline,))
    focus = _focus(comparison, [one.strategy for one in found])
    best = found[0]
    kind = best.verdict if best.verdict in ("better", "worse") else "unclear"
    first = _first_sentence(comparison, focus, best, kind, titles)
    second = "; ".join(_party_words(comparison, name, titles) for name in focus)
    second = f"{second[0].upper()}{second[1:]}."
    third = _third_sentence(comparison, focus, best, kind, titles)
    return Answer((first, second, third), tuple(_against(comparison, focus, titles)), kind, focus)


def _focus(comparison: Comparison, others: Sequence[str]) -> tuple[str, ...]:
    """Return the best strategy other than the baseline, with all that give the same in every random future."""
    metrics = comparison.tables.metrics
    rows = metrics[(metrics["outcome"] == comparison.goal) & (metrics["party"] == "")]
    wide = rows.pivot(index="replication", columns="strategy", values="value")
    best = wide[others[0]]
    tolerance = SAME * float(best.abs().max())
    return tuple(name for name in others if float((wide[name] - best).abs().max()) <= tolerance)


def _first_sentence(
    comparison: Comparison, focus: tuple[str, ...], best: Change, kind: str, titles: dict[str, str]
) -> str:  # fmt: skip
    base, names = f"“{titles[comparison.baseline]}”", joined([f"“{titles[name]}”" for name in focus])
    several = len(focus) > 1
    outcome = outcome_words(comparison.goal)
    size = change_words(best) + _share(comparison, best.share_of_bill)
    verb = ("lower" if best.value < 0 else "raise") + ("" if several else "s")
    doubt = f", though n = {best.n} is too small to say how probably" if best.n < FEW else ""
    subject = "they each" if several else "it"
    if best.verdict == "unchanged":
        rest = any(one.verdict != "unchanged" for one in goal_changes(comparison))
        start = f"No strategy is better than {base}" if rest else f"No strategy changes the {outcome}"
        return f"{start}: {names} and {base} come to the same in every random future{' that was run' if doubt else ''}."
    if kind == "better":
        best_words = "are equally good and better than all others" if several else "is the best strategy"
        if doubt:
            best_words = (
                f"{'have' if several else 'has'} the best mean{doubt} {'they are' if several else 'it is'} best"
            )
        return f"{names} {best_words}: against {base}, {subject} {verb} the {outcome} by {size}."
    if kind == "worse":
        best_words = f"has the best mean{doubt} it is best" if doubt else "is the best strategy"
        return (
            f"{base} {best_words}, and nothing that was tried beats it: the best alternative, {names}, {verb} "
            f"the {outcome} by {size}."
        )
    clear = _clear_words(comparison, base, titles)
    if clear:
        best_words = "have the best mean but are" if several else "has the best mean but is"
        return (
            f"{names} {best_words} not clearly better than {base}, since it may be chance that {subject} {verb} the "
            f"{outcome} by {size}; {clear}."
        )
    return (
        f"No strategy is clearly better than {base}: the best alternative, {names}, {verb} the {outcome} by {size}; "
        "this may be chance."
    )


def _clear_words(comparison: Comparison, base: str, titles: dict[str, str]) -> str:
    """Return which strategies are clearly better than the baseline and by how much; empty if none is."""
    clear = [one for one in goal_changes(comparison) if one.verdict == "better"]
    if not clear:
        return ""
    unit = OUTCOME[comparison.goal].unit
    sizes = [
        f"“{titles[one.strategy]}” by "
        + (
            f"{money(one.value, one.half)} a year"
            if unit == "EUR/yr"
            else f"{level(abs(one.value))} {unit}".removesuffix(" 1")
        )
        for one in clear[:_MANY]
    ]
    more = [f"{len(clear) - _MANY} more (below)"] if len(clear) > _MANY else []
    few = f", as far as n = {clear[0].n} can tell" if clear[0].n < FEW else ""
    are = "are" if len(clear) > 1 else "is"
    return f"clearly better than {base}{few}, {are} {joined([*sizes, *more])}"


def _share(comparison: Comparison, share: float) -> str:
    if not math.isfinite(share):
        return ""
    whose = comparison.bill.whose
    return f", which is {percent(abs(share))} of the energy bill of {whose}"


def _party_words(comparison: Comparison, strategy: str, titles: dict[str, str]) -> str:
    groups: dict[str, list[str]] = {"gains": [], "pays": [], "unclear": [], "even": []}
    for one in sorted(changes(comparison, "party_cost"), key=lambda one: -abs(one.value)):
        if one.strategy != strategy:
            continue
        word, name = party_verdict(one, comparison.bill.eur_per_year), party_label(one.party)
        if word in ("gains", "pays"):
            verb = {"gains": "gains", "pays": "loses"}[word]
            groups[word].append(f"{name} {verb} {money(one.value, one.half)} a year")
        elif word == "unclear" or one.party in comparison.tables.contract_parties:
            groups[word].append(name)
    parts = groups["gains"] + groups["pays"]
    if groups["unclear"]:
        parts.append(f"for {joined(groups['unclear'])} the sign is unclear")
    if groups["even"]:
        parts.append(f"{joined(groups['even'])} {'come' if len(groups['even']) > 1 else 'comes'} out even")
    title = titles[strategy]
    return f"under “{title}” {joined(parts) if parts else 'no net cost of a party changes'}"


def _third_sentence(
    comparison: Comparison, focus: tuple[str, ...], best: Change, kind: str, titles: dict[str, str]
) -> str:  # fmt: skip
    chances = comparison.ranking.set_index("strategy")["probability_best"]
    top = (comparison.baseline,) if kind == "worse" else focus
    if best.verdict == "unchanged":
        top = (*focus, comparison.baseline)
    who = "one of them" if len(top) > 1 else f"“{titles[top[0]]}”"
    chance = float(sum(chances[name] for name in top))
    words = f"The probability that {who} is the best of the {len(chances)} strategies is {probability(chance)}"
    if math.isnan(chance):
        words = f"How probable it is that {who} is the best of the {len(chances)} strategies takes {FEW} replications"
    if best.plain is not None and best.plain[0] != 0.0:
        verb = "lowers" if best.plain[0] < 0 else "raises"
        size = size_words(best.plain, best.n, OUTCOME[best.outcome].unit)
        words += f"; the plain average of the runs, with chance left in, {verb} it by {size}"
    if best.n < FEW:
        words += f"; n = {best.n} is too small for these figures to be trusted"
    return f"{words}; the intervals measure chance, not the assumptions behind them."


def _against(comparison: Comparison, focus: tuple[str, ...], titles: dict[str, str]) -> list[str]:
    outcome = outcome_words(comparison.goal)
    moved = {kind: [one for one in goal_changes(comparison) if one.verdict == kind] for kind in ("worse", "unclear")}
    found = [*_without_contract(comparison, focus, titles), *_worse_words(moved["worse"], outcome, titles)]
    for one in moved["unclear"]:
        verb = "raise" if one.value > 0 else "lower"
        found.append(
            f"Whether “{titles[one.strategy]}” changes the {outcome} is not clear: it may {verb} it by "
            f"{change_words(one)}."
        )
    losers = _losers(comparison, focus, titles)
    found += losers.values()
    for sweep in comparison.break_even:
        if (sweep.strategy, *sweep.parties) in losers and not sweep.crossings:
            continue
        if sweep.crossings or (sweep.table["gain"] <= 0).any():
            several = len({one.name for one in comparison.break_even}) > 1 and sweep.title
            question = f"{sweep.title.rstrip('. ')} ({outcome_words(sweep.outcome)}): " if several else ""
            found.append(question + break_even_sentence(sweep, titles).replace(" pays if ", " pays only if "))
        elif (sweep.table["low"] <= 0).any():
            whose = joined([party_label(name) for name in sweep.parties]) or "all parties together"
            values = sweep.table[sweep.table["low"] <= 0]["value"]
            found.append(
                f"For {whose}, zero gain from “{titles.get(sweep.strategy, sweep.strategy)}” lies within the interval "
                f"where {sweep.parameter} is {_span(values)} (n = {sweep.n})."
            )
    return found


def _without_contract(comparison: Comparison, focus: tuple[str, ...], titles: dict[str, str]) -> list[str]:
    """Return a sentence for each strategy that betters the goal without any contract, where the best one needs some."""
    needs = {member.name: bool(member.inputs.get("contracts")) for member in comparison.tables.strategies}
    if not all(needs[name] for name in focus):
        return []
    return [
        f"“{titles[one.strategy]}” needs no contract and lowers the {outcome_words(comparison.goal)} by "
        f"{change_words(one)} already; only what goes beyond that can be the worth of sharing."
        for one in goal_changes(comparison)
        if one.verdict == "better" and not needs[one.strategy]
    ]


def _worse_words(found: Sequence[Change], outcome: str, titles: dict[str, str]) -> list[str]:
    """Return that strategies cost more than they bring: a sentence each, one for all where they are many."""
    verbs = ["raises" if one.value > 0 else "lowers" for one in found]
    if len(found) <= _MANY or len(set(verbs)) > 1:
        return [
            f"“{titles[one.strategy]}” {verb} the {outcome} by {change_words(one)}: it costs more than it brings."
            for one, verb in zip(found, verbs, strict=True)
        ]
    sizes = joined([f"“{titles[one.strategy]}” by {money(one.value, one.half)}" for one in found])
    verb = verbs[0].removesuffix("s")
    often = "each year " if OUTCOME[found[0].outcome].unit == "EUR/yr" else ""
    what = f"{often}they {verb} the {outcome}, {sizes} (intervals below)"
    return [f"{len(found)} strategies cost more than they bring: {what}."]


def _span(values: "pd.Series[float]") -> str:
    low, high = float(values.min()), float(values.max())
    return f"{low:g}" if low == high else f"between {low:g} and {high:g}"


def _losers(
    comparison: Comparison, focus: tuple[str, ...], titles: dict[str, str]
) -> dict[tuple[str, str], str]:  # fmt: skip
    """Return (strategy, party) -> a sentence, for each party to a contract that loses under a strategy in focus."""
    return {
        (one.strategy, one.party): (
            f"“{titles[one.strategy]}” costs {party_label(one.party)} {change_words(one)}: without compensation it has "
            "no reason to take part."
        )
        for one in changes(comparison, "party_cost")
        if one.strategy in focus
        and one.party in comparison.tables.contract_parties
        and party_verdict(one, comparison.bill.eur_per_year) == "pays"
    }
