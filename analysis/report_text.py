"""Sentences and numbers of the report: plain words, sensible rounding, nothing the statistics do not say."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.breakeven import BreakEven
from analysis.compare import FEW, Comparison, verdict
from model.outcomes import OUTCOME

NEGLIGIBLE = 1e-5
"""Share of the energy bill below which a party counts as neither gaining nor paying."""
SAME = 1e-10
"""Relative difference below which two strategies have the same result in a random future."""
SURE = 0.99
EXACT = 1e-9
"""Half-width over value below which an interval is a point."""
SMALLEST_PERCENT = 0.001
_LEAST = 1e-6
_MANY = 4
_SCALES = ((1e9, "billion"), (1e6, "million"), (1e3, "thousand"))
_FIXED = {
    "market": "the wholesale market", "grid": "the grid operator", "customers": "the final customers",
    "suppliers": "the suppliers of materials", "regulator": "the regulator", "resources": "resources used up",
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """The difference of one outcome from the baseline, as the report states it.

    Where the control variate applies, chance that is known to be zero on average has been subtracted.

    Attributes:
        strategy, party, outcome: whose and what; party is empty for the whole economy.
        n: random futures.
        value, low, high: difference and its 95 % interval, chance removed where that is possible.
        plain: difference and interval as averaged over the runs; None where nothing was removed.
        share_of_bill: value over the energy bill, a party's over its own; NaN where that says nothing.
        verdict: better, worse, unchanged, unclear, or empty.
    """

    strategy: str
    party: str
    outcome: str
    n: int
    value: float
    low: float
    high: float
    plain: tuple[float, float, float] | None
    share_of_bill: float
    verdict: str

    @property
    def half(self) -> float:
        """Half-width of the interval; NaN if there is none."""
        return (self.high - self.low) / 2


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


def titles_of(comparison: Comparison) -> dict[str, str]:
    """Return strategy -> title; a title that two strategies bear is followed by the name."""
    titles = {member.name: member.title or member.name for member in comparison.tables.strategies}
    taken = list(titles.values())
    return {name: title if taken.count(title) == 1 else f"{title} [{name}]" for name, title in titles.items()}


def changes(comparison: Comparison, outcome: str) -> list[Change]:
    """Return the differences of one outcome, best strategy first, parties in alphabetical order."""
    order = {str(name): i for i, name in enumerate(comparison.ranking["strategy"])}
    rows = comparison.differences[comparison.differences["outcome"] == outcome]
    found = [_change(comparison, row) for _, row in rows.iterrows()]
    return sorted(found, key=lambda one: (order.get(one.strategy, len(order)), one.party))


def _change(comparison: Comparison, row: Any) -> Change:
    plain = (float(row["difference"]), float(row["low"]), float(row["high"]))
    removed = row["control_method"] != "none" and math.isfinite(row["adjusted_low"])
    value, low, high = (float(row[f"adjusted_{k}"]) for k in ("difference", "low", "high")) if removed else plain
    strategy, party, is_money = str(row["strategy"]), str(row["party"]), row["unit"] == "EUR/yr"
    return Change(
        strategy, party, str(row["outcome"]), int(row["n"]), value, low, high, plain if removed else None,
        comparison.bill.share(value, strategy, party) if is_money else math.nan,
        verdict(low, high, str(row["direction"]), value),
    )  # fmt: skip


def goal_changes(comparison: Comparison) -> list[Change]:
    """Return the differences of the outcome that ranks the strategies, best first."""
    return [one for one in changes(comparison, comparison.goal) if not one.party]


def outcome_of(outcome: str, party: str) -> str:
    """Return an outcome and whose it is, within a sentence: "net cost of steel"; parties joined by + are together."""
    title = OUTCOME[outcome].title
    words = title[0].lower() + title[1:] if title[1:2].islower() else title
    names = [party_label(name) for name in party.split(" + ") if name]
    together = " together" if len(names) > 1 else ""
    return f"{words.removesuffix(' of the party')} of {joined(names)}{together}" if names else words


def party_label(party: str) -> str:
    """Return what a party is called in sentences."""
    return _FIXED.get(party, party)


def joined(words: Sequence[str]) -> str:
    """Return "a, b and c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def money(value: float, half_width: float = 0.0) -> str:
    """Return an amount such as "EUR 72 thousand", as exact as its interval allows and three digits at most."""
    if not math.isfinite(value):
        return "an unknown amount"
    divisor, word = _scale(abs(value))
    decimals = decimals_of(value / divisor, half_width / divisor)
    return f"EUR {told(abs(value) / divisor, decimals)}{' ' + word if word else ''}"


def change_words(one: Change) -> str:
    """Return the size of a change: "EUR 72 thousand a year (95 % interval 65 to 80 thousand; n = 30)".

    The ends of the interval are those of the size, so that a saving of 65 to 80 is not "-80 to -65".
    """
    return size_words((one.value, one.low, one.high), one.n, OUTCOME[one.outcome].unit)


def size_words(estimate: tuple[float, float, float], n: int, unit: str) -> str:
    """Return an estimate (value, low, high) as in `change_words`."""
    value, low, high = estimate
    sign = -1.0 if value < 0 else 1.0
    low, high = sorted((sign * low, sign * high))
    is_money = unit == "EUR/yr"
    divisor, word = _scale(abs(value)) if is_money else (1.0, "")
    half = (high - low) / 2 / divisor
    decimals = decimals_of(value / divisor, half)
    suffix = f" {word}" if word else ""
    shown = told(abs(value) / divisor, decimals)
    amount = f"EUR {shown}{suffix} a year" if is_money else f"{shown}{'' if unit == '1' else ' ' + unit}"
    if not math.isfinite(half):
        return f"{amount} (n = {n}, too few for an interval)"
    if half * divisor <= EXACT * abs(value):
        return f"{amount} (the same in all {n} random futures)"
    ends = f"{told(low / divisor, decimals)} to {told(high / divisor, decimals)}{suffix}"
    return f"{amount} (95 % interval {ends}; n = {n})"


def percent(share: float) -> str:
    """Return a share with two significant digits, such as "0.06 %"."""
    if not math.isfinite(share):
        return "–"
    size = abs(100 * share)
    if 0 < size < SMALLEST_PERCENT:
        return f"below {SMALLEST_PERCENT:g} %"
    decimals = 0 if size >= 10 or size == 0 else 1 - math.floor(math.log10(size))
    return f"{fixed(100 * share, decimals)} %"


def probability(share: float) -> str:
    """Return a bootstrap share as a probability that claims no more than a bootstrap can."""
    if share > SURE:
        return "more than 99 %"
    if math.isnan(share):
        return "-"
    return "less than 1 %" if share < 1 - SURE else f"{100 * share:.0f} %"


def cells(estimate: tuple[float, float, float], divisor: float = 1.0, most: int = 6) -> tuple[str, str]:
    """Return a difference with its sign and its interval for a table, as exact as the interval allows.

    Each number has two significant digits at least, so that its sign is told.

    Args:
        estimate: value, low, high.
        divisor: what to divide by, such as 1,000.
        most: most decimals.
    """
    value, low, high = (part / divisor for part in estimate)
    if not math.isfinite(value):
        return "–", "–"
    half = (high - low) / 2
    decimals = min(most, decimals_of(value, half))
    if math.isfinite(half) and half <= EXACT * abs(value):
        return signed(value, max(decimals, least_decimals(value))), "no spread" if value else "–"
    ends = f"{told(low, decimals)} to {told(high, decimals)}" if math.isfinite(half) else "–"
    return signed(value, max(decimals, least_decimals(value))), ends


def signed(value: float, decimals: int) -> str:
    """Return a difference with its sign; 0 where rounding leaves nothing."""
    text = fixed(value, decimals)
    if not any(digit in text for digit in "123456789"):
        return "0"
    return text if text.startswith("−") else f"+{text}"


def level(value: float) -> str:
    """Return a value of any unit for a table: four significant digits, thousands separated."""
    if not math.isfinite(value):
        return "–"
    if value == 0.0:
        return "0"
    decimals = max(0, 3 - math.floor(math.log10(abs(value))))
    return fixed(value, min(decimals, 6))


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


def party_verdict(one: Change, bill: float) -> str:
    """Return gains, pays, even or unclear: what a change of a party's net cost means for it."""
    tiny = NEGLIGIBLE * bill if math.isfinite(bill) else 0.0
    if max(abs(one.value), abs(one.low), abs(one.high)) <= tiny or one.verdict == "unchanged":
        return "even"
    return {"better": "gains", "worse": "pays"}.get(one.verdict, "unclear")


def break_even_sentence(found: BreakEven, titles: dict[str, str]) -> str:
    """Return the answer of a sweep as a sentence."""
    whose = joined([party_label(name) for name in found.parties])
    group = f"For {whose}{' together' if len(found.parties) > 1 else ''}" if whose else "In total"
    return f"{group}, “{titles.get(found.strategy, found.strategy)}” {found.verdict}."


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
    outcome = _outcome_words(comparison.goal)
    size = change_words(best) + _share(comparison, best.share_of_bill)
    verb = ("lower" if best.value < 0 else "raise") + ("" if several else "s")
    if best.low == best.high == 0.0:
        return f"No strategy changes the {outcome}: {names} and {base} come to the same in every random future."
    if kind == "better":
        best_words = "are equally good and better than all others" if several else "is the best strategy"
        subject = "they each" if several else "it"
        return f"{names} {best_words}: against {base}, {subject} {verb} the {outcome} by {size}."
    if kind == "worse":
        return (
            f"{base} is the best strategy, and nothing that was tried beats it: the best alternative, {names}, {verb} "
            f"the {outcome} by {size}."
        )
    return (
        f"No strategy is clearly better than {base}: the best alternative, {names}, {verb} the {outcome} by {size}; "
        "this may be chance."
    )


def _outcome_words(outcome: str) -> str:
    title = OUTCOME[outcome].title
    return title[0].lower() + title[1:]


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
    outcome = _outcome_words(comparison.goal)
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
            question = f"{sweep.title.rstrip('. ')} ({_outcome_words(sweep.outcome)}): " if several else ""
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
        f"“{titles[one.strategy]}” needs no contract and lowers the {_outcome_words(comparison.goal)} by "
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


def fee_sentences(comparison: Comparison) -> list[str]:
    """Return, for each strategy with one contract, which fee would leave both of its parties better off, if any.

    A fee only moves money, so that a party's result shifts by exactly the change of the fee.
    """
    titles = titles_of(comparison)
    found: dict[tuple[int, int], list[tuple[str, Change, Change]]] = {}
    costs = {(one.strategy, one.party): one for one in changes(comparison, "party_cost")}
    for member in comparison.tables.strategies:
        contracts = member.inputs.get("contracts", ())
        parties = [(member.name, pair[role]) for pair in contracts for role in ("provider", "partner")]
        if len(contracts) != 1 or contracts[0].get("members") or not all(key in costs for key in parties):
            continue
        provider, partner = (costs[key] for key in parties)
        fee = float(contracts[0].get("fee", 0.0))
        least, most = fee + provider.value, fee - partner.value
        ends = (round(least), round(most))  # strategies that differ in the fee only have the same range
        found.setdefault(ends, []).append((member.name, provider, partner))
    never = [same for (least, most), same in found.items() if least >= most]
    merged = len(never) > _MANY
    said = [
        _fee_sentence(ends, joined([f"“{titles[name]}”" for name, _, _ in same]), *same[0][1:])
        for ends, same in found.items() if not (merged and same in never)
    ]  # fmt: skip
    names = [f"“{titles[name]}”" for same in never for name, _, _ in same]
    return [*said, f"{joined(names)}: no fee leaves both better off."] if merged else said


def _fee_sentence(ends: tuple[int, int], strategies: str, provider: Change, partner: Change) -> str:
    least, most = ends
    giver, taker = party_label(provider.party), party_label(partner.party)
    if least >= most:
        gap = f"{giver} needs {money(least)} a year" + (f" and {taker} gains {money(most)}" if most > 0 else "")
        nothing = "" if most > 0 else f", and {taker} gains nothing"
        return f"{strategies}: no fee leaves both better off; {gap}{nothing}."
    if least <= 0:
        return f"{strategies}: both are better off without a fee, and with any fee below {money(most)} a year."
    return (
        f"{strategies}: any fee between {money(least)} and {money(most)} a year, paid by {taker} to {giver}, leaves "
        "both better off on average."
    )


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


def _scale(size: float) -> tuple[float, str]:
    return next(((divisor, word) for divisor, word in _SCALES if size >= divisor), (1.0, ""))


def decimals_of(value: float, half_width: float) -> int:
    """Return the decimals that give three significant digits, fewer where the interval is wide."""
    if value == 0.0:
        return 0 if not half_width > 0 else max(0, min(6, -math.floor(math.log10(half_width / 2))))
    by_size = 2 - math.floor(math.log10(abs(value)))
    wide = math.isfinite(half_width) and half_width > EXACT * abs(value)
    by_interval = -math.floor(math.log10(half_width / 2)) if wide else by_size
    return max(0, min(by_size, by_interval, 6))


def least_decimals(value: float) -> int:
    """Return the decimals that give two significant digits; none where six decimals would not tell the sign."""
    return min(6, max(0, 1 - math.floor(math.log10(abs(value))))) if abs(value) >= _LEAST else 0


def told(value: float, decimals: int) -> str:
    """Return a number with these decimals, and with more where they would leave fewer than two significant digits."""
    return fixed(value, max(decimals, least_decimals(value)))


def fixed(value: float, decimals: int) -> str:
    """Return a number with a true minus sign and separated thousands; never minus zero."""
    text = f"{value:,.{decimals}f}"
    if not text.startswith("-"):
        return text
    return "−" + text[1:] if any(digit in text for digit in "123456789") else text[1:]
