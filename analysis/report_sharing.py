"""Shared resources and technology in the report: what was matched and learnt, what it changes, and who gains."""

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from analysis import figures_sharing
from analysis.compare import Comparison
from analysis.drawing import axis_title
from analysis.estimates import Estimate, t_estimate
from analysis.points import floats, paired, values_of
from analysis.report_charts import Chart
from analysis.report_tables import (
    ROUNDING,
    THOUSAND,
    Table,
    bracketed,
    by_columns,
    component_changes,
    count_words,
    others_of,
    party_table,
    records,
)
from analysis.report_text import (
    Change,
    changes,
    fixed,
    joined,
    level,
    party_label,
    party_verdict,
    percent,
    size_words,
    titles_of,
)
from model.outcomes import OUTCOME

FAMILIES = {"resource_contracts": "resources", "technology_contracts": "technology"}
"""Field of the stored inputs -> what is shared."""
_PHYSICAL = (
    "borrowed_hours", "overtime_hours", "jobs_away", "heat_from_partners", "by_product_used", "by_product_disposed",
    "boiler_emissions",
)  # fmt: skip
"""What moves between firms, and what that avoids; added up over parties."""
_COSTS = (
    "cost_overtime", "cost_lending", "cost_moving", "cost_heat", "cost_pipes", "cost_disposal", "cost_material",
    "cost_outsourcing", "cost_stock", "cost_coordination", "cost_platform",
)  # fmt: skip
_KNOWLEDGE = ("mean_knowledge", "consumers_gain", "cost_research", "cost_coordination")
_KNOWLEDGE_OF_PARTIES = ("unit_cost_change", "energy_change", "price_change", "research_spending")
_MOST_PANELS = 6
_DECIMALS = 2
_NOTICEABLE = 1e-3
"""Part of the largest change of an outcome below which a party's is not told."""


def sharing(comparison: Comparison, family: str) -> list[str]:
    """Return the strategies other than the baseline with a contract of a family (`FAMILIES`), best first."""
    having = {member.name for member in comparison.tables.strategies if member.inputs.get(family)}
    return [name for name in others_of(comparison) if name in having]


def gains_charts(comparison: Comparison) -> list[Chart]:
    """Return who gains and who loses under each strategy that shares resources or technology, six to a chart."""
    names = [name for name in others_of(comparison) if any(name in sharing(comparison, one) for one in FAMILIES)]
    bill = comparison.bill.eur_per_year
    found = [one for one in changes(comparison, "party_cost") if one.strategy in names]
    touched = [one.party for one in found if party_verdict(one, bill) != "even"]
    parties = dict.fromkeys([*(p for p in comparison.tables.contract_parties if p in touched), *sorted(touched)])
    kept = [one for one in found if one.party in parties]
    if not kept:
        return []
    rows = [
        [one.strategy, party_label(one.party), one.n, *(part / THOUSAND for part in (one.value, one.low, one.high)),
         party_verdict(one, bill)]
        for one in kept
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["strategy", "party", "n", "difference", "low", "high", "verdict"])
    labels = [party_label(name) for name in parties]
    count = -(-len(names) // _MOST_PANELS)
    ends = [len(names) * k // count for k in range(count + 1)]
    return [
        _gains_chart(comparison, "gains" if k == 0 else f"gains_{k + 1}", names[start:end], labels, table)
        for k, (start, end) in enumerate(itertools.pairwise(ends))
    ]


def _gains_chart(
    comparison: Comparison, name: str, shown: Sequence[str], parties: Sequence[str], table: pd.DataFrame
) -> Chart:
    titles = titles_of(comparison)
    figure = figures_sharing.gains(
        table, [(one, titles[one]) for one in shown], parties, baseline=titles[comparison.baseline]
    )  # fmt: skip
    caption = (
        "Who gains (left of zero) and who loses (right), by strategy. Bars: 95 % intervals, "
        f"{count_words(table['n'])}; where none is seen it is narrower than the symbol. "
        "Parties that no strategy touches are left out."
    )
    if figures_sharing.is_uneven(table["difference"]):
        caption += " The scale is logarithmic but for the middle, since parties differ much in size."
    words = {"gains": "gains", "pays": "loses", "unclear": "unclear", "even": "about even"}
    said = [
        f"{titles[row['strategy']]}, {row['party']}: {words[row['verdict']]}, "
        f"{bracketed((row['difference'], row['low'], row['high']), 1.0, floor=ROUNDING / THOUSAND, most=_DECIMALS)}."
        for row in records(table)
        if row["strategy"] in shown
    ]
    return Chart(name, figure, caption, "In thousand EUR a year. " + " ".join(said), party_table(comparison))


def _money(one: Change) -> str:
    return bracketed((one.value, one.low, one.high), THOUSAND, floor=ROUNDING, most=_DECIMALS)


def resource_sections(comparison: Comparison) -> dict[str, Any] | None:
    """Return sentences and tables about shared resources; None if no strategy shares any."""
    names = sharing(comparison, "resource_contracts")
    if not names:
        return None
    costs = component_rows(comparison, names, _COSTS, "Real cost of what sharing resources touches, thousand EUR/yr")
    found = ((matched_table(comparison, names), 2), (costs, 2), (moved_table(comparison, names), 1),
             (rent_table(comparison, names), 1))  # fmt: skip
    return {"said": resource_sentences(comparison, names), "tables": _in_parts(found)}


def _in_parts(found: Iterable[tuple[Table | None, int]]) -> list[Table]:
    """Return tables in parts that fit a page; each comes with the columns that every part keeps."""
    return [part for table, keep in found if table is not None and table.rows for part in by_columns(table, keep)]


def matched_table(comparison: Comparison, names: Sequence[str]) -> Table:
    """Return what each platform matched under each strategy, against the most that could have been matched."""
    titles, rows, counts = titles_of(comparison), [], []
    for name in names:
        for hub in _hubs(comparison, name):
            surplus, bound = _matched(comparison, name, hub)
            rate = _mean(comparison, name, "match_rate", hub)
            if surplus is None:
                continue
            counts.append(surplus.n)
            rows.append((
                titles[name], hub, _thousands(surplus), "not worked out" if bound is None else _thousands(bound),
                "–" if bound is None or bound.value <= 0.0 else percent(surplus.value / bound.value),
                "–" if rate is None else percent(rate.value), _rents(comparison, name),
            ))  # fmt: skip
    caption = (
        "What resource platforms matched, thousand EUR/yr as takers and givers valued it on the day, "
        f"{count_words(counts)}; 95 % interval in brackets. “At most” is what allocation on true needs and offers "
        "could have reached, worked out where allocation is the mechanism; “needs met” is by worth; payments are what "
        "those members that pay for resources pay in all"
    )
    head = ("strategy", "platform", "surplus", "at most", "surplus of that", "needs met", "payments")
    return Table(caption, head, tuple(rows), words=(0, 1))


def _matched(comparison: Comparison, strategy: str, hub: str) -> tuple[Estimate | None, Estimate | None]:
    """Return surplus and largest surplus, in the runs that have both where any has; None for what no run has."""
    rows = comparison.tables.metrics[comparison.tables.metrics["strategy"] == strategy]
    surplus, bound = (values_of(rows, outcome, (hub,)) for outcome in ("matched_surplus", "matched_bound"))
    if not len(bound):
        return _mean(comparison, strategy, "matched_surplus", hub), None
    both = surplus.index.intersection(bound.index)
    return t_estimate(floats(surplus[both])), t_estimate(floats(bound[both]))


def _hubs(comparison: Comparison, strategy: str) -> list[str]:
    member = next(one for one in comparison.tables.strategies if one.name == strategy)
    return list(dict.fromkeys(one["platform"] for one in member.inputs.get("resource_contracts", ())))


def _mean(comparison: Comparison, strategy: str, outcome: str, party: str) -> Estimate | None:
    """Return the mean of an outcome with its interval; None if no run has it."""
    metrics = comparison.tables.metrics
    values = floats(values_of(metrics[metrics["strategy"] == strategy], outcome, (party,)))
    return t_estimate(values) if values.size else None


def _thousands(one: Estimate) -> str:
    return bracketed((one.value, one.low, one.high), THOUSAND, floor=ROUNDING, most=_DECIMALS).removeprefix("+")


def _rents(comparison: Comparison, strategy: str) -> str:
    """Return what members that pay for resources pay in all, on average."""
    metrics = comparison.tables.metrics
    rows = metrics[(metrics["strategy"] == strategy) & (metrics["outcome"] == "rent") & (metrics["value"] > 0.0)]
    runs = metrics[metrics["strategy"] == strategy]["replication"].nunique()
    return fixed(float(rows["value"].sum()) / runs / THOUSAND, 1) if runs else "–"


def component_rows(comparison: Comparison, names: Sequence[str], costs: Sequence[str], what: str) -> Table | None:
    """Return components of real cost: level under the baseline and each strategy's difference; zero ones are hidden."""
    titles = titles_of(comparison)
    found = {(one.outcome, one.strategy): one for one in component_changes(comparison)}
    base = comparison.components[comparison.components["strategy"] == comparison.baseline]
    levels = dict(zip(base["component"], base["mean"], strict=True))
    rows = [
        (OUTCOME[cost].title, level(levels[cost] / THOUSAND),
         *[_money(found[cost, name]) if (cost, name) in found else "–" for name in names])
        for cost in costs
        if any(abs(found[cost, name].value) > ROUNDING for name in names if (cost, name) in found)
    ]  # fmt: skip
    caption = (
        f"{what}, {count_words(base['n'])}: the level under “{titles[comparison.baseline]}” and the difference from "
        "it, 95 % interval in brackets; minus is a saving. What no strategy changes is left out"
    )
    head = ("component", titles[comparison.baseline], *[titles[name] for name in names])
    return Table(caption, head, tuple(rows)) if rows else None


def moved_table(comparison: Comparison, names: Sequence[str]) -> Table | None:
    """Return what moves between firms and what that avoids, added up over all parties."""
    titles, counts, rows = titles_of(comparison), [], []
    for outcome in _PHYSICAL:
        found = [_together(comparison, name, outcome) for name in names]
        if any(one is not None and one.value for one in found):
            counts += [one.n for one in found if one is not None]
            cells = ["–" if one is None else bracketed((one.value, one.low, one.high), 1.0, most=1) for one in found]
            rows.append((axis_title(outcome), *cells))
    caption = (
        f"What sharing moves and avoids, all parties added up: the difference from “{titles[comparison.baseline]}”, "
        f"{count_words(counts)}; 95 % interval in brackets"
    )
    return Table(caption, ("", *[titles[name] for name in names]), tuple(rows)) if rows else None


def _together(comparison: Comparison, strategy: str, outcome: str) -> Estimate | None:
    """Return the paired change of an outcome added up over the parties that have it in all runs."""
    metrics = comparison.tables.metrics
    rows = metrics[metrics["outcome"] == outcome]
    ours, theirs = (rows[rows["strategy"] == name] for name in (strategy, comparison.baseline))
    parties = [party for party in dict.fromkeys(ours["party"]) if (theirs["party"] == party).any()]
    plain, _ = paired(ours, theirs, outcome, parties)
    return t_estimate(floats(plain)) if len(plain) else None


def rent_table(comparison: Comparison, names: Sequence[str]) -> Table | None:
    """Return what each party pays for resources of others, or receives for its own."""
    titles = titles_of(comparison)
    means = {(p, n): _mean(comparison, n, "rent", p) for p in _payers(comparison) for n in names}
    parties = [party for party in _payers(comparison) if any(_moves(means[party, name]) for name in names)]
    if not parties:
        return None
    cells = {key: "–" if one is None else bracketed((one.value, one.low, one.high), THOUSAND, floor=ROUNDING, most=1)
             for key, one in means.items()}  # fmt: skip
    rows = tuple((party_label(party), *[cells.get((party, name), "–") for name in names]) for party in parties)
    counts = [one.n for one in means.values() if one is not None]
    caption = (
        f"Payments for shared resources, thousand EUR/yr, {count_words(counts)}: plus is paid, minus received, "
        "commissions included; 95 % interval in brackets"
    )
    return Table(caption, ("party", *[titles[name] for name in names]), rows)


def _payers(comparison: Comparison) -> list[str]:
    metrics = comparison.tables.metrics
    return list(dict.fromkeys(str(party) for party in metrics[metrics["outcome"] == "rent"]["party"]))


def _moves(one: Estimate | None) -> bool:
    return one is not None and abs(one.value) > ROUNDING


def resource_sentences(comparison: Comparison, names: Sequence[str]) -> list[str]:
    """Return what was matched, and which members gain, for each strategy."""
    titles, said = titles_of(comparison), []
    for name in names:
        parts = []
        for hub in _hubs(comparison, name):
            surplus, bound = _matched(comparison, name, hub)
            if surplus is None:
                continue
            if abs(surplus.value) <= ROUNDING:
                parts.append(f"nothing was matched over {hub} (n = {surplus.n})")
                continue
            size = size_words((surplus.value, surplus.low, surplus.high), surplus.n, "EUR/yr")
            most = ""
            if bound is not None and bound.value > 0.0:
                most = f", {percent(surplus.value / bound.value)} of the most that could have been matched"
            parts.append(f"{hub} matched {size}{most}")
        parts += [words for words in [_who(comparison, name, "resource_contracts")] if words]
        said += [f"“{titles[name]}”: {'; '.join(parts)}."] if parts else []
    return said


def _who(comparison: Comparison, strategy: str, family: str) -> str:
    """Return which members of a strategy's contracts gain and lose."""
    member = next(one for one in comparison.tables.strategies if one.name == strategy)
    names = dict.fromkeys(name for terms in member.inputs.get(family, ()) for name in terms["members"])
    groups: dict[str, list[str]] = {"gains": [], "pays": [], "unclear": [], "even": []}
    for one in changes(comparison, "party_cost"):
        if one.strategy == strategy and one.party in names:
            groups[party_verdict(one, comparison.bill.eur_per_year)].append(party_label(one.party))
    words = {"gains": "gain", "pays": "lose", "unclear": "cannot be told", "even": "about even"}
    return "; ".join(f"{words[group]}: {joined(who)}" for group, who in groups.items() if who)


def technology_sections(comparison: Comparison) -> dict[str, Any] | None:
    """Return sentences and tables about shared technology; None if no strategy shares any."""
    names = sharing(comparison, "technology_contracts")
    if not names:
        return None
    tables = (
        (change_rows(comparison, names, _KNOWLEDGE, "What sharing technology changes, all parties together"), 3),
        (change_rows(comparison, names, _KNOWLEDGE_OF_PARTIES, "What sharing technology changes for each firm"), 3),
    )
    return {"said": technology_sentences(comparison, names), "tables": _in_parts(tables)}


def change_rows(comparison: Comparison, names: Sequence[str], outcomes: Sequence[str], what: str) -> Table | None:
    """Return outcomes by party: level under the baseline and each strategy's difference; unchanged ones are hidden."""
    titles, rows, counts = titles_of(comparison), [], []
    for outcome in outcomes:
        found = [one for one in changes(comparison, outcome) if one.strategy in names]
        least = _NOTICEABLE * max((abs(one.value) for one in found), default=0.0)
        for party in dict.fromkeys(one.party for one in found):
            mine = {one.strategy: one for one in found if one.party == party}
            if max(abs(one.value) for one in mine.values()) <= least:
                continue
            counts += [one.n for one in mine.values()]
            is_money = OUTCOME[outcome].unit == "EUR/yr"
            base = _mean(comparison, comparison.baseline, outcome, party)
            shown = math.nan if base is None else base.value / (THOUSAND if is_money else 1.0)
            cells = [_any(mine[name], is_money=is_money) if name in mine else "–" for name in names]
            title = f"{OUTCOME[outcome].title} (thousand EUR/yr)" if is_money else axis_title(outcome)
            rows.append((title, party_label(party), level(shown), *cells))
    caption = (
        f"{what}: the level under “{titles[comparison.baseline]}” and the difference from it, {count_words(counts)}; "
        "95 % interval in brackets. What no strategy changes noticeably is left out"
    )
    head = ("outcome", "party", titles[comparison.baseline], *[titles[name] for name in names])
    return Table(caption, head, tuple(rows), words=(0, 1)) if rows else None


def _any(one: Change, *, is_money: bool) -> str:
    if is_money:
        return _money(one)
    return bracketed((one.value, one.low, one.high), 1.0) if one.value else "0"


def technology_sentences(comparison: Comparison, names: Sequence[str]) -> list[str]:
    """Return what firms learn, what consumers gain, and who gains, for each strategy."""
    titles, said = titles_of(comparison), []
    for name in names:
        parts = []
        for one in changes(comparison, "mean_knowledge"):
            if one.strategy == name:
                size = size_words((one.value, one.low, one.high), one.n, "1")
                more = f"{size} doublings of experience {'more' if one.value > 0 else 'less'}"
                parts.append(f"firms learn {more if one.value else 'nothing more'}")
        for one in changes(comparison, "cost_research"):
            if one.strategy == name and abs(one.value) > ROUNDING:
                size = size_words((one.value, one.low, one.high), one.n, "EUR/yr")
                parts.append(f"research costs {size} {'more' if one.value > 0.0 else 'less'}")
        for one in changes(comparison, "consumers_gain"):
            if one.strategy == name and abs(one.value) > ROUNDING:
                size = size_words((one.value, one.low, one.high), one.n, "EUR/yr")
                verb = "gain" if one.value > 0.0 else "lose"
                parts.append(f"consumers {verb} {size}, which is in nobody's net cost")
        parts += [words for words in [_who(comparison, name, "technology_contracts")] if words]
        said += [f"“{titles[name]}”: {'; '.join(parts)}."] if parts else []
    return said
