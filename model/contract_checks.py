"""What contracts may be: how the privacy rule tightens them, and what is wrong with them.

Parties may not fit, protection may be impossible with so few sharers, a budget may run out before the year does.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from model.contracts import DataContract
from model.errors import Fault, nearest
from model.firms import ManufacturerInputs, UtilityInputs
from model.mechanisms.aggregation import MIN_SHARERS, too_few_sharers
from model.mechanisms.privacy import (
    Noise,
    Sensitivity,
    exhausted_on,
    firm_level_reason,
    noise_for,
    sensitivity_of,
)
from model.platforms import DataPlatformInputs
from model.processes import Process
from model.security import PrivacyRule

CUSTOMERS = "customers"
"""Final demand: the provider of announced orders."""

DAY_HOURS = 24

UNITS = ("none", "heat", "day", "firm")
"""Protected units, each of which contains the one before."""


IDLE: dict[str, dict[str, object]] = {
    "plan": {},
    "orders": {"mapping_sd": 0, "late_rate": 0, "resolution": 1, "exchange": "one_way"},
    "log": {"noise_sd": 0, "mapping_sd": 0, "resolution": 1},
    "meter": {"noise_sd": 0, "mapping_sd": 0, "resolution": 1},
    "price_forecast": {"mapping_sd": 0, "resolution": 1, "exchange": "one_way"},
}
"""What changes nothing for an asset, and the value to leave it at."""


@dataclass(frozen=True)
class Parties:
    """Who there is, by name."""

    makers: Mapping[str, ManufacturerInputs]
    utilities: Mapping[str, UtilityInputs]
    platforms: Mapping[str, DataPlatformInputs]
    rule: PrivacyRule
    start: dt.date
    """First day that releases anything: privacy budgets run by calendar year."""
    days: int
    cleared: bool
    """Whether prices come out of a zone's merit order instead of being given."""


def sharers(contract: DataContract) -> tuple[str, ...]:
    """Return the names of all groups that share under a contract, the provider first."""
    return (contract.provider, *contract.members)


def is_null(contract: DataContract) -> bool:
    """Tell whether a contract shares nothing: then there is no copy, no interface and no cost either."""
    return math.isinf(contract.noise_sd)


def standard_of(contract: DataContract, platforms: Iterable[DataPlatformInputs]) -> str:
    """Return the standard that a contract's records follow: its own, or its platform's; `none` without one."""
    if contract.standard != "none":
        return contract.standard
    return next((p.standard for p in platforms if p.name == contract.platform), "none")


def contract_faults(contracts: tuple[DataContract, ...], parties: Parties) -> Iterator[Fault]:
    """Yield a fault for each way in which the contracts cannot work."""
    seen: set[tuple[str, str, str]] = set()
    for contract in contracts:
        where = f"contracts.{contract.name}"
        strangers = list(_name_faults(where, contract, parties))
        yield from strangers
        yield from _platform_faults(where, contract, parties)
        yield from _privacy_faults(where, contract)
        if strangers:
            continue
        yield from _asset_faults(where, contract, parties)
        bound = complying(contract, parties.rule)
        for fault in _protection_faults(where, bound, parties):
            imposed = fault.where == f"{where}.protected" and contract.protected != bound.protected
            yield replace(fault, where="privacy.protected", what=f"{where}: {fault.what}") if imposed else fault
        for k, name in enumerate(sharers(contract)):
            key = (name, contract.partner, contract.asset)
            if key in seen:
                what = f"{contract.asset} of {name} is shared twice with the same partner"
                yield Fault(f"{where}.members.{k - 1}" if k else where, what)
            seen.add(key)


def _known(where: str, name: str, noun: str, known: Mapping[str, object]) -> Iterator[Fault]:
    if name not in known:
        allowed = nearest(name, list(known)) or f"known: {', '.join(known) or 'none'}"
        yield Fault(where, f"no such {noun}: {name!r}", allowed)


def _name_faults(where: str, contract: DataContract, parties: Parties) -> Iterator[Fault]:
    """Yield a fault for each name that no fitting party bears."""
    from_utility, to_maker = contract.asset == "price_forecast", contract.asset in ("price_forecast", "orders")
    givers: Mapping[str, object] = parties.utilities if from_utility else parties.makers
    noun = "utility" if from_utility else "manufacturer"
    if contract.asset == "orders":
        givers, noun = {CUSTOMERS: None}, "provider of orders"
    for k, name in enumerate(sharers(contract)):
        yield from _known(f"{where}.{f'members.{k - 1}' if k else 'provider'}", name, noun, givers)
    takers: Mapping[str, object] = parties.makers if to_maker else parties.utilities
    yield from _known(f"{where}.partner", contract.partner, "manufacturer" if to_maker else "utility", takers)
    if contract.members and contract.asset not in ("plan", "log", "meter"):
        yield Fault(f"{where}.members", f"{contract.asset} has one provider", "members can share plan, log or meter")


def _platform_faults(where: str, contract: DataContract, parties: Parties) -> Iterator[Fault]:
    if contract.platform:
        yield from _known(f"{where}.platform", contract.platform, "data platform", parties.platforms)
    platform = parties.platforms.get(contract.platform)
    if contract.variant == "standardised" and standard_of(contract, parties.platforms.values()) == "none":
        yield Fault(
            f"{where}.variant",
            "standardised by no standard",
            "name one: standard of the contract, or of its platform",
        )
    if platform and contract.standard not in ("none", platform.standard):
        yield Fault(
            f"{where}.standard",
            f"{contract.standard} on platform {platform.name}, whose standard is {platform.standard}",
            f"allowed here: none or {platform.standard}",
        )


def _privacy_faults(where: str, contract: DataContract) -> Iterator[Fault]:
    """Yield a fault for each protection that does not say what it protects, or that its variant does not offer."""
    if math.isfinite(contract.epsilon) and contract.protected == "none":
        what = f"an epsilon of {contract.epsilon:g} that protects nothing named"
        yield Fault(f"{where}.epsilon", what, "set protected: heat, day or firm")
    if contract.variant != "anonymised":
        if math.isfinite(contract.epsilon):
            yield Fault(f"{where}.epsilon", f"variant {contract.variant} adds no noise", "set variant: anonymised")
        if contract.k > 1:
            yield Fault(f"{where}.k", f"variant {contract.variant} forms no groups", "set variant: anonymised")
        if contract.release != "records":
            what = f"variant {contract.variant} releases records only, not a {contract.release}"
            yield Fault(f"{where}.release", what, "set variant: anonymised")
    if contract.asset != "plan" and contract.variant in ("encrypted", "anonymised"):
        allowed = "raw or standardised; noise_sd for orders"
        yield Fault(f"{where}.variant", f"{contract.variant} is offered for plans, not for {contract.asset}", allowed)
    if contract.release == "tree" and not (
        contract.resolution == DAY_HOURS and contract.protected == "day" and math.isfinite(contract.epsilon)
    ):
        what = "a tree protects one day's total of each sharer"
        yield Fault(f"{where}.release", what, "set resolution: 24 h, protected: day and an epsilon")
    if contract.release != "records" and contract.k > 1:
        yield Fault(f"{where}.k", "a sum has one value for all sharers already", "release: records with k, or k: 1")


def _asset_faults(where: str, contract: DataContract, parties: Parties) -> Iterator[Fault]:
    """Yield a fault for each asset that its provider does not have, or that its partner cannot use."""
    for name, nothing in IDLE[contract.asset].items():
        if getattr(contract, name) != nothing and not is_null(contract):
            what = f"means nothing for {contract.asset}"
            yield Fault(f"{where}.{name}", what, f"leave it at {nothing}")
    lacking = list(_lacking_faults(where, contract, parties))
    yield from lacking
    if lacking:
        return
    if contract.asset == "orders":
        yield from _order_faults(where, contract, parties)
    elif contract.asset == "price_forecast":
        yield from _forecast_faults(where, contract, parties)
    else:
        for k, name in enumerate(sharers(contract)):
            yield from _load_faults(where, f"members.{k - 1}" if k else "", contract, parties.makers[name])
    if contract.resolution in range(1, DAY_HOURS + 1) and DAY_HOURS % contract.resolution:
        what = f"{contract.resolution} h does not divide the day"
        yield Fault(f"{where}.resolution", what, "allowed: 1, 2, 3, 4, 6, 8, 12, 24")


def _lacking_faults(where: str, contract: DataContract, parties: Parties) -> Iterator[Fault]:
    """Yield a fault for each sharer that says which data it has, and has not this asset."""
    for k, name in enumerate(sharers(contract)):
        giver = parties.makers.get(name) or parties.utilities.get(name)
        if giver and giver.data and contract.asset not in giver.data:
            what = f"{name} has no data asset {contract.asset}"
            yield Fault(f"{where}.{f'members.{k - 1}' if k else 'asset'}", what, f"it has: {', '.join(giver.data)}")


def _load_faults(where: str, member: str, contract: DataContract, provider: ManufacturerInputs) -> Iterator[Fault]:
    """Yield a fault for each reason why a sharer, the provider or a further `member`, has nothing to share here."""
    if provider.utility != contract.partner:
        yield Fault(
            f"{where}.{member or 'mode'}",
            f"{contract.partner} does not supply {provider.name}",
            "vertical: a supplier and its customer",
        )
    if contract.asset in ("plan", "log") and (not provider.metered_alone or provider.process.kind != "batch"):
        plan, log = "production plan of its own to share", "melting shop of its own whose log could be mined"
        yield Fault(
            f"{where}.{member or 'asset'}",
            f"{provider.name} has no {plan if contract.asset == 'plan' else log}",
            "needs process.kind batch and metered_alone true",
        )
    if contract.asset == "meter" and not provider.metered_alone:
        what = f"{provider.name} is forecast within the portfolio, where its meter alone tells nothing"
        yield Fault(f"{where}.{member or 'asset'}", what, "needs metered_alone true")


def _order_faults(where: str, contract: DataContract, parties: Parties) -> Iterator[Fault]:
    partner = parties.makers[contract.partner]
    if partner.demand.mean <= 0.0:
        yield Fault(f"{where}.partner", f"{partner.name} serves no final demand", "needs demand.mean above 0")
    customer = next((m.name for m in parties.makers.values() if m.supplier == partner.name), "")
    if customer:
        yield Fault(
            f"{where}.partner", f"{partner.name} serves {customer}, not final customers", "the first in the chain"
        )
    if contract.platform:
        yield Fault(f"{where}.platform", "final customers are no members of a platform", "leave platform out")


def _forecast_faults(where: str, contract: DataContract, parties: Parties) -> Iterator[Fault]:
    partner = parties.makers[contract.partner]
    if partner.utility != contract.provider:
        what = f"{contract.provider} does not supply {partner.name}"
        yield Fault(f"{where}.mode", what, "vertical: a supplier and its customer")
    if partner.process.kind == "batch" and partner.process.scheduling != "before_prices":
        what = f"{partner.name} schedules by {partner.process.scheduling}, so a forecast of prices changes nothing"
        yield Fault(f"{where}.partner", what, f"set firms.{partner.name}.process.scheduling: before_prices")
    if parties.cleared:
        what = "prices that come out of the agents' own market cannot be forecast from outside"
        yield Fault(f"{where}.asset", what, "needs market.closure exogenous")


def _protection_faults(where: str, contract: DataContract, parties: Parties) -> Iterator[Fault]:
    """Yield a fault for each protection that is impossible with these sharers or this budget."""
    if contract.asset != "plan":
        return
    members = [parties.makers[name] for name in sharers(contract)]
    count = sum(member.count for member in members)
    if contract.variant == "encrypted" and count < MIN_SHARERS:
        allowed = f"name more customers of {contract.partner} under members"
        yield Fault(f"{where}.variant", too_few_sharers(count), allowed)
    if contract.variant == "encrypted" and count < parties.rule.k_min:
        yield _too_many_wanted(contract, count, parties.rule)
    if contract.k > count and contract.k == parties.rule.k_min:
        yield _too_many_wanted(contract, count, parties.rule)
    elif contract.k > count:
        most = f"1 to {count}" if count > 1 else "1"
        allowed = f"allowed here: {most}; or name more customers of {contract.partner} under members"
        yield Fault(f"{where}.k", f"groups of {contract.k} out of {_sharers(count)}", allowed)
    if contract.release == "tree" and contract.protected == "firm":
        what = f"the rule wants the firm protected, and the tree of contract {contract.name} protects a day"
        yield Fault("privacy.protected", what, "heat or day; or release: sum of 3 or more sharers")
    if contract.protected != "none" and math.isfinite(contract.epsilon) and DAY_HOURS % contract.resolution == 0:
        yield from _budget_faults(where, contract, members, count, parties)


def _too_many_wanted(contract: DataContract, count: int, rule: PrivacyRule) -> Fault:
    """Return the fault of a rule that wants more subjects behind a record than a contract has sharers."""
    what = f"the rule wants {rule.k_min} subjects behind a record, contract {contract.name} has {_sharers(count)}"
    return Fault("privacy.k_min", what, f"at most {count}, or name more customers of {contract.partner} under members")


def _sharers(count: int) -> str:
    return f"{count} sharer{'' if count == 1 else 's'}"


def _budget_faults(
    where: str, contract: DataContract, members: list[ManufacturerInputs], count: int, parties: Parties
) -> Iterator[Fault]:
    """Yield a fault for a firm-level claim of a single subject, and for a budget that the year would exceed."""
    if any(member.process.kind != "batch" for member in members):
        return  # said where the asset is judged
    sensitivity = widest_sensitivity(contract, members)
    if contract.protected == "firm" and (contract.release == "records" or count < MIN_SHARERS):
        mean = members[0].demand.mean / members[0].process.heat_output * members[0].process.heat_energy / DAY_HOURS
        year = contract.epsilon if math.isinf(contract.budget) else contract.budget
        what = firm_level_reason(year, contract.delta, sensitivity, mean_load_mw=max(1e-9, mean))
        yield Fault(f"{where}.protected", what, "allowed: heat, day; firm with release: sum of 3 or more sharers")
    elif contract.release != "tree" and math.isfinite(contract.budget):
        noise = noise_for(contract.noise, contract.epsilon, contract.delta, sensitivity)  # type: ignore[arg-type]
        unit: Any = contract.protected
        last = exhausted_on(
            parties.start, parties.days, unit, budget=contract.budget, delta=contract.delta, noise=noise
        )
        if last is not None:
            short = "does not pay for a single release" if last == parties.start else f"is spent by {last.isoformat()}"
            yield Fault(
                f"{where}.budget",
                f"a budget of {contract.budget:g} a year {short}, at epsilon {contract.epsilon:g} a release",
                "a larger budget, a smaller epsilon a release, or a smaller protected unit (heat, day)",
            )
    elif contract.epsilon > contract.budget:
        yield Fault(f"{where}.budget", f"epsilon {contract.epsilon:g} is more than a year's budget", "at least epsilon")


def next_divisor(hours: int) -> int:
    """Return the smallest divisor of 24 that is not below `hours`, at most 24."""
    return next(h for h in range(hours, DAY_HOURS + 1) if DAY_HOURS % h == 0)


def complying(contract: DataContract, rule: PrivacyRule) -> DataContract:
    """Return a contract as the privacy rule lets it be: plans that others see are protected as it demands.

    Under secure aggregation nobody sees a record; there only the number of sharers counts, which is checked.
    """
    if contract.asset != "plan" or contract.variant == "encrypted":
        return contract
    changes: dict[str, Any] = {}
    if contract.resolution < rule.block_min:
        changes |= {"resolution": next_divisor(rule.block_min)}
    if contract.release == "records" and contract.k < rule.k_min:
        changes |= {"variant": "anonymised", "k": rule.k_min}
    if math.isfinite(rule.epsilon_max):
        epsilon, unit = (
            min(contract.epsilon, rule.epsilon_max),
            max(contract.protected, rule.protected, key=UNITS.index),
        )
        if (epsilon, unit) != (contract.epsilon, contract.protected):
            changes |= {"variant": "anonymised", "epsilon": epsilon, "protected": unit}
    return replace(contract, **changes) if changes else contract


def connection_mw(process: Process) -> float:
    """Return the connection capacity of a batch works, MW."""
    return process.furnace + process.mill + process.auxiliary


def widest_sensitivity(contract: DataContract, members: list[ManufacturerInputs]) -> Sensitivity:
    """Return the sensitivity of the released vector to the protected unit of any sharer: the largest of each norm."""
    unit: Any = contract.protected
    found = [
        sensitivity_of(
            unit,
            resolution_h=contract.resolution,
            heat_energy_mwh=member.process.heat_energy,
            furnace_mw=member.process.furnace,
            limit_mw=connection_mw(member.process),
            heats_per_day=member.process.capacity,
        )
        for member in members
    ]
    largest = max(found, key=lambda one: one.l1)
    return replace(largest, l2=max(one.l2 for one in found))


def privacy_noise(contract: DataContract, members: list[ManufacturerInputs]) -> Noise | None:
    """Return the noise that a contract's epsilon asks for, None without one; all sharers get the largest one's."""
    if contract.protected == "none" or math.isinf(contract.epsilon) or contract.release == "tree":
        return None
    mechanism: Any = contract.noise
    return noise_for(mechanism, contract.epsilon, contract.delta, widest_sensitivity(contract, members))
