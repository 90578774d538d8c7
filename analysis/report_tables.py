"""The tables of the report: frames of a comparison turned into cells for people."""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from analysis.compare import FEW, Comparison
from analysis.drawing import axis_title, scale_of
from analysis.estimates import CONTROL
from analysis.report_sources import Setting, kind_label, settings_of
from analysis.report_text import (
    Change,
    cells,
    changes,
    goal_changes,
    level,
    party_label,
    party_verdict,
    percent,
    probability,
    signed,
    titles_of,
)
from model.outcomes import COST_COMPONENTS, OUTCOME

ROUNDING = 0.5
"""Differences below this many EUR a year are the rounding of sums in the billions."""
THOUSAND = 1e3
_VERDICT = {"gains": "gains", "pays": "loses", "even": "about even", "unclear": "unclear"}
_MOST = 2
_MANY = 4
"""Strategies beyond which a table has a row for each and a column per party."""
_STUCK = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class Table:
    """A table for people.

    Attributes:
        caption: what it shows, with n where chance is involved.
        head: column titles.
        rows: cells, one tuple per row.
        words: columns that hold words; the others hold numbers.
        strong: rows set in bold.
        tight: whether cells may break before a bracket, so that many columns fit.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: tuple[int, ...] = (0,)
    strong: tuple[int, ...] = ()
    tight: bool = False


def by_columns(table: Table, keep: int, most: int = 5) -> list[Table]:
    """Return a table in parts of at most `most` columns beside the first `keep`, which every part has.

    Args:
        table: the table.
        keep: columns that name the rows.
        most: other columns of a part; parts are about equally wide.
    """
    others = len(table.head) - keep
    count = max(1, -(-others // most))
    ends = [keep + others * k // count for k in range(count + 1)]
    return [
        replace(
            table, caption=table.caption + (f" (part {k + 1} of {count})" if count > 1 else ""),
            head=(*table.head[:keep], *table.head[start:end]),
            rows=tuple((*row[:keep], *row[start:end]) for row in table.rows),
        )
        for k, (start, end) in enumerate(itertools.pairwise(ends))
    ]  # fmt: skip


def count_words(counts: Any) -> str:
    """Return "n = 30", or the range where it differs, with a warning when it is small."""
    values = [int(value) for value in counts]
    if not values:
        return "n = 0"
    low, high = min(values), max(values)
    words = f"n = {low}" if low == high else f"n = {low} to {high}"
    return words + (": too few for the intervals to be trusted" if low < FEW else "")


def frame_of(found: Iterable[Change]) -> pd.DataFrame:
    """Return changes as the tidy table of a figure: strategy, party, n, difference, low, high, plain ones."""
    nothing = (float("nan"),) * 3
    rows = [[c.strategy, c.party, c.n, c.value, c.low, c.high, *(c.plain or nothing)] for c in found]
    columns = ["strategy", "party", "n", "difference", "low", "high", "plain_difference", "plain_low", "plain_high"]
    return pd.DataFrame(rows, columns=columns)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame as plain dicts."""
    return [dict(zip(frame.columns, row, strict=True)) for row in frame.astype(object).itertuples(index=False)]


def others_of(comparison: Comparison) -> list[str]:
    """Return the strategies other than the baseline, best first."""
    return [str(name) for name in comparison.ranking["strategy"] if name != comparison.baseline]


def ranking_table(comparison: Comparison) -> Table:
    """Return the strategies by the goal outcome."""
    goal, titles = OUTCOME[comparison.goal], titles_of(comparison)
    found = {one.strategy: one for one in goal_changes(comparison)}
    divisor, unit = scale_of([[c.value, c.low, c.high] for c in found.values()], goal.unit)
    has_plain = any(one.plain is not None for one in found.values())
    has_share = any(math.isfinite(one.share_of_bill) for one in found.values())
    rows = []
    for row in records(comparison.ranking):
        one = found.get(row["strategy"])
        shown = ["baseline", "", ""][: 3 if has_share else 2] if one is None else [
            *cells((one.value, one.low, one.high), divisor), percent(one.share_of_bill),
        ][: 3 if has_share else 2]  # fmt: skip
        plain = cells(one.plain, divisor) if one is not None and one.plain is not None else ("", "")
        rows.append((str(row["rank"]), titles[row["strategy"]], *shown, probability(row["probability_best"]),
                     *(plain if has_plain else ()), str(row["n"])))  # fmt: skip
    extra = ("plain average", "95 % interval") if has_plain else ()
    share = ("of the bill",) if has_share else ()
    head = ("rank", "strategy", f"difference, {unit}", "95 % interval", *share, "best", *extra, "n")
    whose = comparison.bill.whose if has_share else ""
    caption = f"{goal.title}: difference from “{titles[comparison.baseline]}”, {count_words(comparison.ranking['n'])}"
    caption += "; minus is a saving" if goal.unit == "EUR/yr" else ""
    caption += f"; “of the bill”: share of the energy bill of {whose}" if whose else ""
    return Table(caption, head, tuple(rows), words=(1,))


def component_changes(comparison: Comparison) -> list[Change]:
    """Return the differences of the real cost by component and in total, best strategy first.

    Chance is removed only where the control variate's coefficient is fixed, so that components add up to the total.
    """
    fixed_at_1 = comparison.differences[comparison.differences["control_method"] == "fixed at 1"]
    found = [one for name in (*COST_COMPONENTS, "real_cost") for one in changes(comparison, name)]
    exact = set(fixed_at_1["outcome"])
    return [one if one.outcome in exact or one.plain is None else _as_run(one, comparison) for one in found]


def _as_run(one: Change, comparison: Comparison) -> Change:
    value, low, high = one.plain or (one.value, one.low, one.high)
    share = comparison.bill.share(value, one.strategy, one.party)
    return Change(one.strategy, one.party, one.outcome, one.n, value, low, high, None, share, one.verdict)


def moved_components(comparison: Comparison) -> tuple[str, ...]:
    """Return the cost components that differ from the baseline under any strategy."""
    moved = {one.outcome for one in component_changes(comparison) if abs(one.value) > ROUNDING}
    return tuple(name for name in COST_COMPONENTS if name in moved)


def component_table(comparison: Comparison) -> Table:
    """Return the real cost by component: the baseline's level and each strategy's difference."""
    titles, others = titles_of(comparison), others_of(comparison)
    found = {(one.outcome, one.strategy): one for one in component_changes(comparison)}
    base = comparison.components[comparison.components["strategy"] == comparison.baseline]
    levels = dict(zip(base["component"], base["mean"], strict=True))
    rows = [
        (
            OUTCOME[name].title, level(levels[name] / THOUSAND),
            *[_cell(found[name, other]) if (name, other) in found else "–" for other in others],
        )
        for name in (*COST_COMPONENTS, "real_cost")
        if name in levels and (levels[name] or any(one.value for (c, _), one in found.items() if c == name))
    ]  # fmt: skip
    head = ("component", titles[comparison.baseline], *[titles[name] for name in others])
    caption = (
        f"Real cost of all parties together by component, thousand EUR/yr, {count_words(base['n'])}: the level under "
        f"“{titles[comparison.baseline]}” and the difference from it under each other strategy, 95 % interval in "
        "brackets; minus is a saving. Components that are zero everywhere are left out, "
        "and payments between parties are no real cost"
    )
    return Table(caption, head, tuple(rows), strong=(len(rows) - 1,))


def _cell(one: Change) -> str:
    return bracketed((one.value, one.low, one.high), THOUSAND, floor=ROUNDING, most=_MOST)


def bracketed(estimate: tuple[float, float, float], divisor: float, *, floor: float = 0.0, most: int = 6) -> str:
    """Return "−19 (−33 to −6)"; 0 for what is at most `floor`; no brackets where there is no spread."""
    if max(abs(part) for part in estimate) <= floor:
        return "0"
    value, ends = cells(estimate, divisor, most)
    return value if ends in ("no spread", "–") else f"{value} ({ends.replace(' ', _STUCK)})"


def party_table(comparison: Comparison) -> Table:
    """Return the net cost of every party: difference, interval, share of bill, verdict."""
    titles, contract = titles_of(comparison), comparison.tables.contract_parties
    if len(others_of(comparison)) > _MANY:
        return _party_grid(comparison)
    order = {name: i for i, name in enumerate(others_of(comparison))}
    found = sorted(
        changes(comparison, "party_cost"), key=lambda one: (order[one.strategy], _place(one.party, contract))
    )
    rows = []
    for one in found:
        verdict = party_verdict(one, comparison.bill.eur_per_year)
        if verdict != "even" or one.party in contract:
            rows.append((
                titles[one.strategy], party_label(one.party),
                "no difference" if one.verdict == "unchanged" else _VERDICT[verdict],
                *cells((one.value, one.low, one.high), THOUSAND, _MOST), percent(one.share_of_bill), str(one.n),
            ))  # fmt: skip
    head = ("strategy", "party", "", "difference, thousand EUR/yr", "95 % interval", "of its energy bill", "n")
    caption = (
        f"Net cost of each party (what it pays less what it receives), difference from "
        f"“{titles[comparison.baseline]}”, {count_words(one.n for one in found)}; minus is a gain. Parties that come "
        "out even and have no contract are left out"
    )
    return Table(caption, head, tuple(rows), words=(0, 1, 2))


def _party_grid(comparison: Comparison) -> Table:
    """Return the net cost of the parties that are touched under any of many strategies, a column each."""
    titles, contract, bill = titles_of(comparison), comparison.tables.contract_parties, comparison.bill.eur_per_year
    found = {(one.strategy, one.party): one for one in changes(comparison, "party_cost")}
    touched = {party for (_, party), one in found.items() if party_verdict(one, bill) != "even"} | set(contract)
    parties = sorted(touched & {party for _, party in found}, key=lambda party: _place(party, contract))
    rows = tuple(
        (titles[name], *[_cell(found[name, party]) if (name, party) in found else "–" for party in parties])
        for name in others_of(comparison)
    )
    counts = count_words(one.n for one in found.values())
    caption = (
        "Net cost of each party (what it pays less what it receives), thousand EUR/yr, difference from "
        f"“{titles[comparison.baseline]}” with 95 % interval in brackets, {counts}; "
        "minus is a gain. Parties that come out even and have no contract are left out"
    )
    return Table(caption, ("strategy", *[party_label(party) for party in parties]), rows, tight=True)


def _place(party: str, first: Sequence[str]) -> tuple[int, str]:
    """Return a sort key: parties to contracts in their order, then the others by name."""
    return (first.index(party), "") if party in first else (len(first), party)


def payments(comparison: Comparison, *, real: bool) -> pd.DataFrame:
    """Return the payments that differ from the baseline: between parties, or (real) for resources used up."""
    frame = comparison.real_costs if real else comparison.transfers
    moved = frame.groupby(["payer", "payee", "kind"], sort=False)["difference"].transform(lambda d: d.abs().max())
    return frame[(moved > ROUNDING) & (frame["strategy"] != comparison.baseline)]


def payment_label(row: dict[str, Any]) -> str:
    """Return "power → steel: fee for shared data"."""
    return f"{party_label(row['payer'])} → {party_label(row['payee'])}: {kind_label(row['kind'])}"


def payment_table(comparison: Comparison, *, real: bool) -> Table:
    """Return who pays whom, and how much more than under the baseline."""
    frame, titles = payments(comparison, real=real), titles_of(comparison)
    rows = [
        (
            titles[row["strategy"]], party_label(row["payer"]), party_label(row["payee"]), kind_label(row["kind"]),
            level(row["baseline_mean"] / THOUSAND), level(row["mean"] / THOUSAND),
            bracketed((row["difference"], row["low"], row["high"]), THOUSAND, floor=ROUNDING, most=_MOST),
        )
        for row in records(frame)
    ]  # fmt: skip
    head = ("strategy", "payer", "payee", "for", f"under “{titles[comparison.baseline]}”", "under the strategy",
            "difference")  # fmt: skip
    what = "What is paid for resources used up (real cost)" if real else "Payments between parties (transfers)"
    caption = f"{what} that change, thousand EUR/yr, {count_words(frame['n'])}; 95 % interval in brackets"
    return Table(caption, head, tuple(rows), words=(0, 1, 2, 3))


def matrix_table(comparison: Comparison, strategy: str) -> Table:
    """Return a small matrix of changed payments: rows pay, columns receive."""
    frame = payments(comparison, real=False)
    frame = frame[frame["strategy"] == strategy]
    flows: dict[tuple[str, str], float] = {}
    for row in records(frame):
        flows[row["payer"], row["payee"]] = flows.get((row["payer"], row["payee"]), 0.0) + row["difference"]
    sums = {key: value for key, value in flows.items() if abs(value) > ROUNDING}
    payers, payees = (list(dict.fromkeys(key[place] for key in sums)) for place in (0, 1))
    rows = tuple(
        (party_label(payer), *[
            signed(sums[payer, payee] / THOUSAND, 1) if (payer, payee) in sums else "" for payee in payees
        ])
        for payer in payers
    )  # fmt: skip
    head = ("payer ↓ payee →", *[party_label(name) for name in payees])
    caption = (
        f"“{titles_of(comparison)[strategy]}”: what the party in the row pays the party in the column more than under "
        f"the baseline, thousand EUR/yr, means, {count_words(frame['n'])}"
    )
    return Table(caption, head, rows)


def outcome_table(comparison: Comparison) -> Table:
    """Return the other outcomes that the study asks for: efficiency, forecasts, copies of data."""
    asked = comparison.tables.study.evaluation.get("outcomes", ())
    titles, others = titles_of(comparison), others_of(comparison)
    rows, counts = [], []
    for name in OUTCOME:
        if OUTCOME[name].unit == "EUR/yr" or name == CONTROL or name not in (*asked, "exposed_copies", "emissions"):
            continue
        found = changes(comparison, name)
        for party in dict.fromkeys(one.party for one in found):
            mine = {one.strategy: one for one in found if one.party == party}
            if not any(one.value for one in mine.values()) and OUTCOME[name].direction != "none":
                continue
            counts += [one.n for one in mine.values()]
            rows.append((
                axis_title(name), party_label(party), level(_baseline_mean(comparison, name, party)),
                *[_outcome_cell(mine[other]) if other in mine else "–" for other in others],
            ))  # fmt: skip
    head = ("outcome", "party", titles[comparison.baseline], *[titles[name] for name in others])
    caption = (
        f"Other outcomes that the study asks for, {count_words(counts)}: the level under "
        f"“{titles[comparison.baseline]}” and the difference from it under each other strategy, 95 % interval in "
        "brackets. Outcomes that no strategy changes are left out"
    )
    return Table(caption, head, tuple(rows), words=(0, 1))


def _outcome_cell(one: Change) -> str:
    return bracketed((one.value, one.low, one.high), 1.0) if one.value else "0"


def _baseline_mean(comparison: Comparison, outcome: str, party: str) -> float:
    rows = comparison.differences
    rows = rows[(rows["outcome"] == outcome) & (rows["party"] == party)]
    return float(rows["baseline_mean"].iloc[0])


def varied_table(comparison: Comparison) -> Table | None:
    """Return the parameters whose value differs between strategies, contracts apart; None if there are none."""
    members = comparison.tables.strategies
    values = [{s.key: s for s in settings_of(m.inputs) if not s.key.startswith("contracts.")} for m in members]
    keys = dict.fromkeys(key for one in values for key in one)
    rows = []
    for key in keys:
        shown = [one[key].shown if key in one else "–" for one in values]
        if len(set(shown)) > 1:
            rows.append((key, *shown))
    titles = titles_of(comparison)
    head = ("parameter", *[titles[member.name] for member in members])
    return Table("Parameters that differ between strategies", head, tuple(rows)) if rows else None


def firm_table(inputs: dict[str, Any]) -> Table:
    """Return the firms of the baseline with the numbers that matter most."""
    rows = [
        (f"{firm['name']}" + (f" ({firm['count']} firms)" if firm.get("count", 1) > 1 else ""),
         str(firm.get("type", "manufacturer")), str(firm.get("sector", "")), str(firm.get("utility", "")) or "–",
         "; ".join([_load_words(firm["process"]), *_endowment_words(firm)]))
        for firm in inputs.get("manufacturers", ())
    ]  # fmt: skip
    rows += [
        (str(firm["name"]), "utility", str(firm.get("sector", "")), "–",
         "; ".join([f"forecasts with: {firm['forecasting']['receiver'].replace('_', ' ')}", *_endowment_words(firm)]))
        for firm in inputs.get("utilities", ())
    ]  # fmt: skip
    head = ("party", "kind", "sector", "supplied by", "electricity, and what else it has")
    return Table("The firms", head, tuple(rows), words=(0, 1, 2, 3, 4))


def _load_words(process: dict[str, Any]) -> str:
    if process["kind"] == "batch":
        base = process["mill"] + process["auxiliary"]
        return f"batch furnace of {process['furnace']:g} MW on {base:g} MW of mill and auxiliaries"
    if process["kind"] == "shaped":
        return f"{process['mean_load']:g} MW on average each, shape of {process['load_table']}"
    return "none"


def _endowment_words(firm: dict[str, Any]) -> list[str]:
    """Return what a firm has beside its process, each member of a group as much."""
    found = {name: firm.get(name, {}) for name in (
        "equipment", "labour", "station", "heat", "by_product", "generation", "technology",
    )}  # fmt: skip
    equipment, labour, station, heat, flow, blocks, known = found.values()
    words = (
        [f"{equipment['machines']} machines ({equipment['kind'].replace('_', ' ')})"]
        if equipment.get("machines")
        else []
    )
    crew = labour.get("skilled", 0) + labour.get("general", 0)
    words += [f"{crew} workers ({labour['skilled']} skilled)"] if crew else []
    words += (
        [f"{station['servers']} places for urgent jobs ({station['kind'].replace('_', ' ')})"]
        if station.get("servers")
        else []
    )
    words += [f"needs heat at {heat['level']:g} °C"] if heat.get("use") or heat.get("space") else []
    words += [f"waste heat at {heat['waste_level']:g} °C"] if heat.get("waste_share") else []
    words += [f"leaves {flow['makes'].replace('_', ' ')}"] if flow.get("makes") and flow.get("rate") else []
    words += [f"can use {flow['takes'].replace('_', ' ')}"] if flow.get("takes") and flow.get("need") else []
    words += (
        [f"{blocks['blocks']} blocks of {blocks['capacity']:g} MW on {blocks['fuel']}"] if blocks.get("blocks") else []
    )
    words += ["does research"] if known.get("research_share") else []
    return words + (["learns by doing"] if known.get("learning_rate") or known.get("energy_learning") else [])


def goal_table(comparison: Comparison) -> Table:
    """Return the outcomes that matter, most important first."""
    names = [name for name in comparison.tables.study.evaluation.get("goals", ()) if name in OUTCOME]
    better = {"lower": "less is better", "higher": "more is better", "none": "neither"}
    rows = [
        (OUTCOME[n].title, OUTCOME[n].unit, better[OUTCOME[n].direction], OUTCOME[n].description)
        for n in names or [comparison.goal]
    ]
    caption = "Outcomes that matter, most important first"
    return Table(caption, ("outcome", "unit", "", "meaning"), tuple(rows), words=(0, 1, 2, 3))


def setting_table(caption: str, settings: Sequence[Setting]) -> Table:
    """Return parameters with value, reason and meaning; firms for which one is the same share a row."""
    alike: dict[tuple[str, str, str, str], list[Setting]] = {}
    for one in settings:
        alike.setdefault((one.place, one.shown, _whence(one), one.parameter.doc), []).append(one)
    rows = tuple((_keys_words(same), *cells_of[1:]) for cells_of, same in alike.items())
    return Table(caption, ("parameter", "value", "why this value", "meaning"), rows, words=(0, 1, 2, 3))


def _keys_words(same: Sequence[Setting]) -> str:
    """Return the key of a parameter, and the other firms for which it is the same."""
    more = ", ".join(one.firm for one in same[1:])
    return f"{same[0].key}; also {more}" if more else same[0].key


def _whence(one: Setting) -> str:
    """Return where a value is from: the study, a source, or an assumption with its reason."""
    declared, note = one.parameter, one.parameter.note
    if not one.changed:
        origin = "assumption" if declared.is_assumption else declared.source
        return f"{origin}: {note}" if note else origin
    if declared.kind in ("str", "bool"):
        return f"this study; default: {one.default_shown}"
    because = f" ({note})" if note else ""
    return f"this study; default: {one.default_shown}{because}"
