"""Sentences and numbers of the report: plain words, sensible rounding, nothing the statistics do not say."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analysis.breakeven import BreakEven
from analysis.compare import Comparison, verdict
from model.outcomes import OUTCOME

NEGLIGIBLE = 1e-5
"""Share of the energy bill below which a party counts as neither gaining nor paying."""
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


def outcome_words(outcome: str) -> str:
    """Return the title of an outcome within a sentence."""
    title = OUTCOME[outcome].title
    return title[0].lower() + title[1:]


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
