"""What is wrong with contracts: parties that do not fit, protection that is impossible, budgets that run out."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from model.contracts import DataContract
from model.errors import Fault, nearest
from model.firms import ManufacturerInputs, UtilityInputs
from model.platforms import DataPlatformInputs

CUSTOMERS = "customers"
"""Final demand: the provider of announced orders."""

DAY_HOURS = 24
MIN_SHARERS = 3
"""With two sharers, the sum less one's own record is the other's."""


@dataclass(frozen=True)
class Parties:
    """Who there is, by name."""

    makers: Mapping[str, ManufacturerInputs]
    utilities: Mapping[str, UtilityInputs]
    platforms: Mapping[str, DataPlatformInputs]
    start: dt.date
    """First counted day: privacy budgets run by calendar year."""
    days: int


def sharers(contract: DataContract) -> tuple[str, ...]:
    """Return the names of all groups that share under a contract, the provider first."""
    return (contract.provider, *contract.members)


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
        yield from _protection_faults(where, contract, parties)
        for name in sharers(contract):
            key = (name, contract.partner, contract.asset)
            if key in seen:
                yield Fault(where, f"{contract.asset} of {name} is shared twice with the same partner")
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
        yield Fault(f"{where}.members", f"{contract.asset} has one provider", "members share plan, log or meter")


def _platform_faults(where: str, contract: DataContract, parties: Parties) -> Iterator[Fault]:
    if contract.platform:
        yield from _known(f"{where}.platform", contract.platform, "data platform", parties.platforms)
    platform = parties.platforms.get(contract.platform)
    standard = platform.standard if platform and contract.standard == "none" else contract.standard
    if contract.variant == "standardised" and standard == "none":
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
    if contract.protected != "none" and not math.isfinite(contract.epsilon):
        yield Fault(f"{where}.protected", "a protected unit without an epsilon", "set epsilon, such as 3")
    if contract.variant != "anonymised":
        for name, idle in (("epsilon", math.isinf(contract.epsilon)), ("k", contract.k == 1)):
            if not idle:
                yield Fault(f"{where}.{name}", f"variant {contract.variant} adds none", "set variant: anonymised")
        if contract.release != "records":
            yield Fault(f"{where}.release", f"variant {contract.variant} has no such release", "variant: anonymised")
    if contract.asset != "plan" and contract.variant in ("encrypted", "anonymised"):
        allowed = "raw or standardised; noise_sd for orders"
        yield Fault(f"{where}.variant", f"{contract.variant} is offered for plans, not for {contract.asset}", allowed)
    if contract.release != "records" and contract.k > 1:
        yield Fault(f"{where}.k", "a sum has one value for all sharers already", "release: records with k, or k: 1")


def _asset_faults(where: str, contract: DataContract, parties: Parties) -> Iterator[Fault]:
    """Yield a fault for each asset that its provider does not have, or that its partner cannot use."""
    if contract.asset == "orders":
        yield from _order_faults(where, contract, parties.makers[contract.partner])
    elif contract.asset == "price_forecast":
        yield from _forecast_faults(where, contract, parties.makers[contract.partner])
    else:
        for name in sharers(contract):
            yield from _load_faults(where, contract, parties.makers[name])
    if contract.resolution in range(1, DAY_HOURS + 1) and DAY_HOURS % contract.resolution:
        what = f"{contract.resolution} h does not divide the day"
        yield Fault(f"{where}.resolution", what, "allowed: 1, 2, 3, 4, 6, 8, 12, 24")


def _load_faults(where: str, contract: DataContract, provider: ManufacturerInputs) -> Iterator[Fault]:
    if provider.utility != contract.partner:
        yield Fault(
            f"{where}.mode",
            f"{contract.partner} does not supply {provider.name}",
            "vertical: a supplier and its customer",
        )
    if contract.asset in ("plan", "log") and (not provider.metered_alone or provider.process.kind != "batch"):
        what = "production plan" if contract.asset == "plan" else "melting shop whose log could be mined"
        yield Fault(
            f"{where}.asset",
            f"{provider.name} has no {what} of its own to share",
            "needs process.kind batch and metered_alone true",
        )
    if contract.asset == "meter" and not provider.metered_alone:
        what = f"{provider.name} is forecast within the portfolio, where its meter alone tells nothing"
        yield Fault(f"{where}.asset", what, "needs metered_alone true")


def _order_faults(where: str, contract: DataContract, partner: ManufacturerInputs) -> Iterator[Fault]:
    if partner.demand.mean <= 0.0:
        yield Fault(f"{where}.partner", f"{partner.name} serves no final demand", "needs demand.mean above 0")
    if contract.platform:
        yield Fault(f"{where}.platform", "final customers are no members of a platform", "leave platform out")


def _forecast_faults(where: str, contract: DataContract, partner: ManufacturerInputs) -> Iterator[Fault]:
    if partner.utility != contract.provider:
        yield Fault(
            f"{where}.mode", f"{contract.provider} does not supply {partner.name}", "vertical: a supplier and its customer"
        )
    if partner.process.kind == "batch" and partner.process.scheduling != "before_prices":
        what = f"{partner.name} does not schedule by expected prices"
        yield Fault(f"{where}.asset", what, "set process.scheduling: before_prices")


def _protection_faults(where: str, contract: DataContract, parties: Parties) -> Iterator[Fault]:
    """Yield a fault for each protection that is impossible with these sharers or this budget."""
    if contract.asset != "plan":
        return
    members = [parties.makers[name] for name in sharers(contract)]
    count = sum(member.count for member in members)
    if contract.variant == "encrypted" and count < MIN_SHARERS:
        yield Fault(
            f"{where}.variant",
            f"secure aggregation of {count} sharer{'s' if count > 1 else ''} hides nothing: "
            "whoever knows one record knows the other",
            f"at least {MIN_SHARERS} sharers: name more customers of {contract.partner} under members",
        )
    if contract.k > count:
        allowed = f"allowed here: 1 to {count}; or name more customers of {contract.partner} under members"
        yield Fault(f"{where}.k", f"groups of {contract.k} out of {count} sharers", allowed)
