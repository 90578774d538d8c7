"""The background of a report: rules, runs, assumptions, provenance, and what the model cannot say."""

import math
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from analysis import report_tables as tables
from analysis.breakeven import BreakEven
from analysis.compare import Comparison
from analysis.report_sources import Setting, absent, reference_of, settings_of, untouched, with_unit


def rules(inputs: Mapping[str, Any]) -> list[str]:
    """Return market and balancing of the baseline in sentences."""
    market, balancing = inputs["market"], inputs["balancing"]
    price = (
        f"The firms are price takers: day-ahead prices are drawn from the calibrated series {market['price_table']}."
        if market["closure"] == "exogenous"
        else f"Day-ahead prices clear in the zone's merit order ({market['stack_table']})."
    )
    rule = (
        f"Imbalance is settled at a single price, which rises by {balancing['beta']:g} EUR/MWh for each MW by which "
        "the system is short."
        if balancing["rule"] == "single"
        else f"Imbalance is settled at dual prices, with penalties of {balancing['penalty_short']:g} (short) and "
        f"{balancing['penalty_long']:g} EUR/MWh (long)."
    )
    closure = (
        f"{100 * balancing['intraday_share']:g} % of a deviation is traded away intraday at "
        f"{balancing['intraday_cost']:g} EUR/MWh before it becomes imbalance."
    )
    return [price, rule, closure]


def run_facts(comparison: Comparison, finished: int) -> list[tuple[str, str]]:
    """Return what was run, in numbers."""
    found = comparison.tables
    calendar = found.strategies[0].inputs["calendar"]
    rows = comparison.differences
    rows = rows[(rows["outcome"] == comparison.goal) & (rows["party"] == "")]
    facts = [
        ("random futures per strategy", str(found.study.replications)),
        ("days that count in each", f"{calendar['days']:g}, from {calendar['start']}"),
        ("days before them, not counted", f"{calendar['burn_in']:g}"),
        ("runs finished", f"{finished} of {len(found.runs)}, points of sweeps, rankings and waterfalls included"),
        ("computing time", f"{found.runs['seconds'].sum():.0f} s on one processor"),
    ]
    if len(rows):
        needed = rows["replications_needed_adjusted"].max()
        ratio = rows["variance_ratio"].min()
        facts += [
            ("random futures needed for an interval of ± 5 % of the smallest difference", _whole(needed)),
            ("how many times more would be needed if the strategies had futures of their own", _whole(ratio)),
        ]
    return facts


def _whole(value: float) -> str:
    """Return a whole number for people; a dash where there is none."""
    return f"{value:,.0f}" if math.isfinite(value) else "–"


def assumptions(comparison: Comparison) -> dict[str, Any]:
    """Return the parameters of all strategies in groups, and the references behind their sources.

    Those that no strategy touches, in parts of the model that then do nothing, come last and apart; those of what no
    firm has (machines, people, heat ...) are left out.
    """
    merged: dict[tuple[str, str], Setting] = {}
    for member in comparison.tables.strategies:
        for one in settings_of(member.inputs):
            merged.setdefault((one.key, one.shown), one)
    every = list(merged.values())
    nowhere = absent(every)
    everything = [one for one in every if one.key not in nowhere]
    idle = untouched(everything)
    changed = [one for one in everything if one.changed]
    assumed = [one for one in everything if not one.changed and one.parameter.is_assumption and one.key not in idle]
    sourced = [one for one in everything if not one.changed and not one.parameter.is_assumption and one.key not in idle]
    others = [one for one in everything if one.key in idle]
    ids = dict.fromkeys(one.parameter.source for one in sourced)
    return {
        "count": len(everything), "idle": len(others), "absent": len(every) - len(everything),
        "groups": [
            tables.setting_table(f"Set by this study to another value than the default ({len(changed)})", changed),
            tables.setting_table(f"Defaults that are assumptions ({len(assumed)})", assumed),
            tables.setting_table(f"Defaults with a source ({len(sourced)})", sourced),
        ],
        "others": tables.setting_table(
            f"Defaults in parts of the model that no strategy of this study uses ({len(others)})", others
        ),
        "references": [(name, reference_of(name)) for name in ids],
    }  # fmt: skip


def swept(comparison: Comparison, answer: BreakEven) -> str:
    """Return what the parameter of a break-even sweep is, and the study's own value."""
    member = next((m for m in comparison.tables.strategies if m.name == answer.strategy), None)
    one = next((s for s in settings_of(member.inputs) if s.key == answer.parameter), None) if member else None
    return f"{answer.parameter}: {one.parameter.doc} In this study it is {one.shown}." if one else ""


def provenance(comparison: Comparison) -> dict[str, Any]:
    """Return how to repeat the study, and what it was computed with."""
    found = comparison.tables
    study = found.study
    command = [
        "tandem", "run", study.name, "--seed", str(study.seed), "--replications", str(study.replications),
        *study.evaluation.get("options", ()),
    ]  # fmt: skip
    return {
        "command": shlex.join(command), "report": shlex.join(["tandem", "report", study.name]),
        "executions": found.executions, "hashes": [(m.name, m.inputs_hash) for m in found.strategies],
        "text": study.text, "created": f"{study.created_at:%Y-%m-%d %H:%M} UTC",
    }  # fmt: skip


def limits(comparison: Comparison) -> list[str]:
    """Return what the model cannot say, those limits that apply to this study."""
    members = [member.inputs for member in comparison.tables.strategies]
    balancing = members[0]["balancing"]
    contracts = [pair for inputs in members for pair in inputs.get("contracts", ())]
    said = [
        "The intervals measure chance only: how far the result would move with other weather, prices, demand and "
        "breakdowns. They do not measure how wrong an assumption may be.",
        f"The slope of the imbalance price ({with_unit(balancing['beta'], 'EUR/MWh per MW')}) and the imbalance of the "
        "rest of the system are assumptions; no open data give them.",
        f"That intraday trading closes {100 * balancing['intraday_share']:g} % of a deviation at "
        f"{balancing['intraday_cost']:g} EUR/MWh is an assumption. With the imbalance price it decides much of the "
        "result: vary both before relying on it.",
        f"That {100 * balancing['intraday_real_share']:g} % of that cost uses up resources and only the rest moves "
        "money is an assumption too; a mere spread between buyer and seller saves nothing real when it is avoided.",
        "Positions and imbalances are hourly. Settled by the quarter-hour, as Germany does, a batch load varies more "
        "and a better forecast is worth more.",
        *_conduct(members),
    ]
    said[1:1] = [*_data_limits(contracts), *_sharing_limits(members)]
    if members[0]["market"]["closure"] == "exogenous":
        said.append("Day-ahead prices are given: what the firms do cannot change them.")
    return said


def _conduct(members: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what firms are not taken to do."""
    leases = any(one["variant"] == "leasing" for inputs in members for one in inputs.get("resource_contracts", ()))
    learns = any(inputs.get("technology_contracts") for inputs in members)
    rules = "They bargain over leases only, and do not" if leases else "They do not bargain,"
    plant = "A year is simulated with today's plant; nothing is invested"
    return [
        f"Firms follow fixed rules. {rules} cheat, enter or leave, and a utility does not change its tariff because it "
        "forecasts better.",
        f"{plant} but in research." if learns else f"{plant}, and no party learns from one year to the next.",
    ]


def _sharing_limits(members: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what the model cannot say about resources and technology that are shared."""
    said = []
    if any(inputs.get("resource_contracts") for inputs in members):
        said.append(
            "What an idle hour of a machine or a worker, heat or a tonne of by-product is worth to others follows from "
            "what firms are taken to pay for overtime, waiting customers, fuel, disposal and materials. Most of these "
            "are assumptions, and so is what moving and taking part cost."
        )
    if any(inputs.get("technology_contracts") for inputs in members):
        said.append(
            "How fast firms learn from each other, how much leaks, and what research brings rests on a few studies of "
            "other industries. A year shows the beginning of what know-how does; its costs come first. What consumers "
            "gain by lower prices is told apart and is in nobody's net cost."
        )
    return said


def _data_limits(contracts: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what the model cannot say about the data that are shared."""
    assets = {pair.get("asset", "plan") for pair in contracts}
    variants = {pair.get("variant", "raw") for pair in contracts}
    said = []
    if "plan" in assets:
        said.append(
            "How well a production plan predicts the load is an assumption. No published data set contains a plan, so "
            "the regularity, delays and breakdowns of the works are set by judgement."
        )
    if "log" in assets:
        said.append("Maintenance logs are written by the simulation: real crews may write more, or nothing of use.")
    if contracts:
        said.append(
            "What a leak costs is an assumption (median "
            f"{with_unit(contracts[0].get('breach_median', 0), 'EUR')}); published severities are those of whole "
            "firms. The loss is booked as its expected value, so a rare large loss does not show in the interval."
        )
        said.append(
            "A loss is scaled by the share of what meters leave open of the asset that a copy reveals, a squared "
            "correlation. Somebody who knows more than the copy tells may learn more; only an epsilon bounds that, for "
            "its protected unit."
        )
    if variants & {"encrypted"}:
        said.append(
            "Secure aggregation is taken to be carried out as agreed: no sharer lies, and none works with the partner "
            "to unmask another."
        )
    return said
