"""What is wrong with contracts on resources and technology, and with what firms say that they own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations, product
from math import dist, sumprod
from typing import TYPE_CHECKING, Any

from model.errors import Fault, nearest
from model.extensions import class_of
from model.firms import ManufacturerInputs, UtilityInputs
from model.know_how import AREAS, Technology
from model.parameters import parameters_of
from model.resource_terms import ResourceContract
from model.technology_terms import TechnologyContract

if TYPE_CHECKING:
    from collections.abc import Iterable

    from model.inputs import ModelInputs

type FirmInputs = ManufacturerInputs | UtilityInputs
type Variants = Mapping[str, Iterable[str]]

SHARES_TOLERANCE = 1e-9
WORKSHOP_DAYS = 2
"""Shortest lead time of a firm whose machines or people limit what it makes."""
DAY_HOURS = 24.0


def family_faults(inputs: ModelInputs, variants: Variants) -> Iterator[Fault]:
    """Yield every fault of contracts on resources and technology.

    Args:
        inputs: of the run.
        variants: names of the mechanisms that there are, by family: `resource` and `technology`.
    """
    firms: dict[str, FirmInputs] = {
        **{m.name: m for m in inputs.manufacturers},
        **{u.name: u for u in inputs.utilities},
    }
    for maker in inputs.manufacturers:
        yield from _endowment_faults(maker)
    for utility in inputs.utilities:
        yield from _utility_faults(utility)
    yield from _market_faults(inputs.manufacturers)
    hubs = {"resource": inputs.resource_platforms, "technology": inputs.technology_platforms}
    for family, contracts in (("resource", inputs.resource_contracts), ("technology", inputs.technology_contracts)):
        seen: dict[tuple[str, str], str] = {}
        for contract in contracts:
            where = f"contracts.{contract.name}"
            yield from _known(
                f"{where}.platform", contract.platform, f"{family} platform", [h.name for h in hubs[family]]
            )
            yield from _known(f"{where}.variant", contract.variant, f"{family} mechanism", list(variants[family]))
            yield from _member_faults(where, contract, firms)
            if not contract.members or any(name not in firms for name in contract.members):
                continue
            yield from _mode_faults(where, contract, firms)
            yield from _holding_faults(where, contract, firms, _is_pooled(inputs, contract))
            what = contract.resource if isinstance(contract, ResourceContract) else contract.variant
            for k, name in enumerate(contract.members):
                other = seen.setdefault((name, what), contract.name)
                if other != contract.name:
                    yield Fault(f"{where}.members.{k}", f"{name} shares its {what} under {other} already")


def _known(where: str, name: str, noun: str, known: list[str]) -> Iterator[Fault]:
    if name not in known:
        yield Fault(where, f"no such {noun}: {name!r}", nearest(name, known) or f"known: {', '.join(known) or 'none'}")


def _member_faults(
    where: str, contract: ResourceContract | TechnologyContract, firms: Mapping[str, FirmInputs]
) -> Iterator[Fault]:
    for k, name in enumerate(contract.members):
        yield from _known(f"{where}.members.{k}", name, "firm", list(firms))
        if name in contract.members[:k]:
            yield Fault(f"{where}.members.{k}", f"{name} is named twice")
    if sum(getattr(firms.get(name), "count", 1) for name in contract.members) < 2:
        what = "one firm alone shares with nobody" if contract.members else "the contract has no members"
        yield Fault(f"{where}.members", what, "allowed: at least two firms")
    if isinstance(contract, TechnologyContract):
        return
    for k, name in enumerate(contract.overstating):
        if name not in contract.members:
            hint = nearest(name, contract.members) or f"allowed: {', '.join(contract.members)}"
            yield Fault(f"{where}.overstating.{k}", f"{name} is no member", hint)
    shares = dict(contract.shares)
    strangers = [name for name in shares if name not in contract.members]
    for name in strangers:
        yield Fault(f"{where}.shares.{name}", f"{name} is no member", nearest(name, contract.members))
    total = sum(shares.values())
    if shares and not strangers and abs(total - 1.0) > SHARES_TOLERANCE:
        yield Fault(f"{where}.shares", f"the shares add up to {total:g}", "allowed: shares that sum to 1")


def _mode_faults(
    where: str, contract: ResourceContract | TechnologyContract, firms: Mapping[str, FirmInputs]
) -> Iterator[Fault]:
    """Yield a fault where the members are not those whom the mode brings together."""
    members = [firms[name] for name in contract.members]
    sectors = {firm.sector for firm in members}
    if contract.mode == "horizontal" and len(sectors) > 1:
        what = f"horizontal, between the sectors {', '.join(sorted(sectors))}"
        yield Fault(f"{where}.mode", what, "allowed: firms of one sector; or mode cross_sector")
    if contract.mode == "cross_sector" and len(sectors) == 1:
        what = f"cross_sector, within the sector {sectors.pop()}"
        yield Fault(f"{where}.mode", what, "allowed: firms of at least two sectors; or mode horizontal")
    if contract.mode == "vertical":
        for firm in members:
            if not any(_trades(firm, other) or _trades(other, firm) for other in members):
                what = f"vertical, but {firm.name} neither supplies nor buys from another member"
                yield Fault(f"{where}.mode", what, "allowed: suppliers with their customers; or another mode")


def _trades(customer: FirmInputs, supplier: FirmInputs) -> bool:
    """Tell whether one firm buys goods or electricity from the other."""
    return isinstance(customer, ManufacturerInputs) and supplier.name in (customer.supplier, customer.utility)


def _has_equipment(firm: FirmInputs) -> bool:
    return isinstance(firm, ManufacturerInputs) and firm.equipment.machines > 0


def _has_labour(firm: FirmInputs) -> bool:
    return isinstance(firm, ManufacturerInputs) and firm.labour.skilled + firm.labour.general > 0


def _needs_heat(firm: FirmInputs) -> bool:
    return firm.heat.use + firm.heat.space > 0.0


def _has_heat(firm: FirmInputs) -> bool:
    if isinstance(firm, UtilityInputs):
        return firm.generation.blocks > 0 and firm.generation.heat_ratio > 0.0
    return firm.heat.waste_share > 0.0 and bool(firm.utility)


def _has_station(firm: FirmInputs) -> bool:
    return isinstance(firm, ManufacturerInputs) and firm.station.servers > 0


def _has_storage(firm: FirmInputs) -> bool:
    return isinstance(firm, ManufacturerInputs) and firm.storage.capacity > 0.0


def _draws_power(firm: FirmInputs) -> bool:
    return isinstance(firm, ManufacturerInputs) and firm.process.kind == "shaped" and bool(firm.utility)


def _makes(firm: FirmInputs) -> str:
    return firm.by_product.makes if isinstance(firm, ManufacturerInputs) and firm.by_product.rate > 0.0 else ""


def _takes(firm: FirmInputs) -> str:
    return firm.by_product.takes if isinstance(firm, ManufacturerInputs) and firm.by_product.need > 0.0 else ""


HOLDING: dict[str, tuple[str, Callable[[Any], bool], Callable[[Any], bool]]] = {
    "equipment": ("machines", _has_equipment, _has_equipment),
    "labour": ("workers", _has_labour, _has_labour),
    "heat": ("heat to give", _has_heat, _needs_heat),
    "by_product": ("by-product", lambda firm: bool(_makes(firm)), lambda firm: bool(_takes(firm))),
    "station": ("servers", _has_station, _has_station),
    "storage": ("store of electricity", _has_storage, _draws_power),
}
"""What a resource is called, who has it and who can use it."""


def _is_pooled(inputs: ModelInputs, contract: ResourceContract | TechnologyContract) -> bool:
    """Tell whether all that is shared goes through the middle of the members; urgent jobs take the direct way."""
    if isinstance(contract, TechnologyContract) or contract.resource == "station":
        return False
    return bool(getattr(class_of(inputs.extensions, "resource", contract.variant), "in_the_middle", False))


def _holding_faults(
    where: str, contract: ResourceContract | TechnologyContract, firms: Mapping[str, FirmInputs], pooled: bool
) -> Iterator[Fault]:
    members = [firms[name] for name in contract.members]
    if isinstance(contract, TechnologyContract):
        yield from _knowledge_faults(where, contract, members)
        return
    noun, has, uses = HOLDING[contract.resource]
    for k, firm in enumerate(members):
        if not has(firm) and not uses(firm):
            what = f"{firm.name} has no {noun}, and no use for it"
            yield Fault(f"{where}.members.{k}", what, f"allowed: firms that declare it under firms.{firm.name}")
    if not any(map(has, members)):
        yield Fault(f"{where}.resource", f"nobody among the members has a {noun}".replace("a machines", "machines"))
    elif not any(uses(firm) for firm in members):
        yield Fault(f"{where}.resource", f"no member could use {contract.resource} of another")
    elif not _fits(contract, members, pooled):
        yield Fault(f"{where}.resource", *_why_nothing_fits(contract, members, pooled))
    if contract.resource == "station" and contract.variant != "pooling":
        yield Fault(f"{where}.variant", "urgent jobs cannot wait for an offer", "allowed for station: pooling")
    elif not pooled and contract.offered > 0.0 and (contract.variant != "leasing" or contract.partners > 0):
        yield from _size_faults(where, contract, members)


def _size_faults(where: str, contract: ResourceContract, members: list[FirmInputs]) -> Iterator[Fault]:
    """Yield a fault where surely more pairs, or a larger programme, would come about than there may be."""
    from model.session import MOST_PAIRS, TIERS

    _, has, uses = HOLDING[contract.resource]
    most = sum(map(_number, members)) ** 2
    if most <= MOST_PAIRS and contract.variant != "allocation":
        return
    few = contract.resource == "heat" or (
        contract.variant == "leasing" and contract.resource in ("equipment", "labour")
    )
    near = [(giver, taker) for giver, taker in product(members, repeat=2) if has(giver) and uses(taker)
            and _lends(contract, giver)
            and dist((giver.site.x, giver.site.y), (taker.site.x, taker.site.y)) <= contract.reach]  # fmt: skip
    listed = sum(_number(giver) * _number(taker) for giver, taker in near)
    if listed > MOST_PAIRS and not few:
        what = f"{listed:,} pairs of members lie within {contract.reach:g} km of each other"
        way_out = "fewer members" if contract.resource == "station" else "`variant: pooling`"
        yield Fault(f"{where}.reach", what, f"at most {MOST_PAIRS:,}: a shorter reach, or {way_out}")
    elif contract.variant == "allocation" and not few:
        size = _slots(contract, members) * TIERS * sum(_pairs(contract, giver, taker) for giver, taker in near)
        if size > contract.largest_programme:
            what = f"allocation by a linear programme would take at least {size:,} variables a day"
            allowed = f"largest_programme is {contract.largest_programme:,}; `variant: pooling` takes any number"
            yield Fault(f"{where}.variant", what, allowed)


def _number(firm: FirmInputs) -> int:
    return firm.count if isinstance(firm, ManufacturerInputs) else 1


def _slots(contract: ResourceContract, members: list[FirmInputs]) -> int:
    """Return the markets that are held apart each day on what has no pipes."""
    if contract.resource == "equipment":
        return len({firm.equipment.kind for firm in members if isinstance(firm, ManufacturerInputs)
                    and _has_equipment(firm)})  # fmt: skip
    return 2 if contract.resource == "labour" else 1


def _pairs(contract: ResourceContract, giver: FirmInputs, taker: FirmInputs) -> int:
    """Return how many pairs of single firms surely trade, of two groups within reach, or of one with itself."""
    far_skills = contract.resource == "labour" and not all(_has_general(firm) for firm in (giver, taker))
    if far_skills or not _fit(contract, giver, taker, (0.0,)):
        return 0
    return _number(giver) * (_number(taker) - (giver is taker))


def _lends(contract: ResourceContract, giver: FirmInputs) -> bool:
    """Tell whether what a firm has can be lent: batteries that charge, whole servers."""
    if isinstance(giver, ManufacturerInputs) and contract.resource == "station":
        return contract.offered * giver.station.servers >= 1.0
    return contract.resource != "storage" or _draws_power(giver)


def _has_general(firm: FirmInputs) -> bool:
    return isinstance(firm, ManufacturerInputs) and firm.labour.general > 0


def _fits(contract: ResourceContract, members: list[FirmInputs], pooled: bool) -> bool:
    """Tell whether any two members could share: of one kind, near enough, hot enough."""
    alone = [(firm, firm) for firm in members if getattr(firm, "count", 1) > 1]
    pairs = [pair for one, other in combinations(members, 2) for pair in ((one, other), (other, one))]
    middle = _middle(members)
    for giver, taker in [*pairs, *alone]:
        one, other = (giver.site.x, giver.site.y), (taker.site.x, taker.site.y)
        ways = (dist(one, middle), dist(middle, other)) if pooled else (dist(one, other),)
        if _fit(contract, giver, taker, ways):
            return True
    return False


def _middle(members: list[FirmInputs]) -> tuple[float, float]:
    """Return the mean of all members' sites, km; each firm of a group counts."""
    counts = [getattr(firm, "count", 1) for firm in members]
    x, y = ([getattr(firm.site, axis) for firm in members] for axis in ("x", "y"))
    return sumprod(counts, x) / sum(counts), sumprod(counts, y) / sum(counts)


def _fit(contract: ResourceContract, giver: FirmInputs, taker: FirmInputs, ways: tuple[float, ...]) -> bool:
    """Tell whether one firm could use what the other has, over ways of so many km."""
    _, has, uses = HOLDING[contract.resource]
    if not (has(giver) and uses(taker)) or max(ways) > contract.reach:
        return False
    if contract.resource == "by_product":
        return _makes(giver) == _takes(taker)
    if contract.resource == "heat":
        arriving = heat_level(giver) - contract.approach - contract.cooling * sum(ways)
        return arriving >= heat_level(taker, used=True) and contract.pipe_loss * max(ways) < 1.0
    if contract.resource in ("equipment", "station"):
        one, other = getattr(giver, contract.resource), getattr(taker, contract.resource)
        return bool(one.kind == other.kind)
    return True


def heat_level(firm: FirmInputs, *, used: bool = False) -> float:
    """Return the temperature of the heat that a firm gives, or that it needs, degC."""
    if used:
        return firm.heat.level
    return firm.generation.heat_level if isinstance(firm, UtilityInputs) else firm.heat.waste_level


def _why_nothing_fits(contract: ResourceContract, members: list[FirmInputs], pooled: bool) -> tuple[str, str]:
    if contract.resource == "by_product":
        made, taken = sorted(set(map(_makes, members)) - {""}), sorted(set(map(_takes, members)) - {""})
        return f"made: {', '.join(made)}; taken: {', '.join(taken)}: nothing fits", "name one material in both places"
    of_kinds = contract.resource in ("equipment", "station")
    kinds = sorted({getattr(m, contract.resource).kind for m in members if of_kinds and hasattr(m, contract.resource)})
    if len(kinds) > 1:
        return f"no two members have {contract.resource} of one kind within reach: {', '.join(kinds)}", "one kind"
    if pooled:
        middle, reach = _middle(members), f"the pool's reach is {contract.reach:g} km"
        ways = ", ".join(f"{m.name} {dist(middle, (m.site.x, m.site.y)):.3g} km" for m in members)
        hot = ", or hot enough there" if contract.resource == "heat" else ""
        what = f"no two members are near enough to the middle of all{hot}: {ways}, and {reach}"
        return what, "a longer reach, or other members; or variant allocation or leasing"
    hot = ", or hot enough, for each other" if contract.resource == "heat" else " to each other"
    return f"no two members are near enough{hot}", "a longer reach, or other members"


def _knowledge_faults(where: str, contract: TechnologyContract, members: list[FirmInputs]) -> Iterator[Fault]:
    known = [m.technology for m in members if isinstance(m, ManufacturerInputs)]
    if contract.variant == "cooperation" and not any(t.research_share > 0.0 for t in known):
        what = "no member does any research"
        yield Fault(f"{where}.variant", what, "declare technology.research_share of the members")
    if contract.variant in ("exchange", "sharing") and not any(
        t.learning_rate + t.energy_learning > 0.0 for t in known
    ):
        what = "no member's costs depend on what it knows"
        yield Fault(f"{where}.variant", what, "declare technology.learning_rate or energy_learning of the members")
    elif contract.variant in ("exchange", "sharing"):
        for k, firm in enumerate(members):
            if not (_learns(firm, contract.variant) or _knows(firm)):
                what = f"{firm.name} has no know-how to show, and no use for that of others"
                allowed = f"allowed: firms that declare it under firms.{firm.name}.technology"
                yield Fault(f"{where}.members.{k}", what, allowed)


def _learns(firm: FirmInputs, variant: str) -> bool:
    """Tell whether what others know changes a firm's costs; a pool shows results of research too."""
    t = firm.technology
    return t.learning_rate + t.energy_learning > 0.0 or (variant == "sharing" and t.research_share > 0.0)


def _knows(firm: FirmInputs) -> bool:
    """Tell whether anything is declared of what a firm knows."""
    t, declared = firm.technology, parameters_of(Technology)
    known = any(getattr(t, area) not in (0.0, declared[area].default) for area in AREAS)
    return known or t.knowledge_spread > 0.0


def _endowment_faults(maker: ManufacturerInputs) -> Iterator[Fault]:
    """Yield a fault for each thing that a firm owns and cannot use as declared."""
    where, mean = f"firms.{maker.name}", maker.demand.mean
    e, w, s, by = maker.equipment, maker.labour, maker.station, maker.by_product
    if (e.machines or w.skilled or w.general) and maker.process.kind == "batch":
        what = "a batch process is limited by its furnace"
        yield Fault(f"{where}.process.kind", what, "allowed with machines or workers: shaped, none")
    if (e.machines or w.skilled or w.general) and maker.ordering.lead_time < WORKSHOP_DAYS:
        what = f"{maker.ordering.lead_time} day(s) are too few where machines or people limit production"
        yield Fault(f"{where}.ordering.lead_time", what, "allowed: 2 or more: ordered tonight, made tomorrow")
    if e.shift_hours + e.overtime_hours > DAY_HOURS:
        what = f"shifts and overtime add up to {e.shift_hours + e.overtime_hours:g} h a day"
        yield Fault(f"{where}.equipment.overtime_hours", what, "allowed: up to 24 h together")
    present = w.hours * (1.0 - w.absence) * (1.0 + w.overtime_share)
    for key, number, each, hours in (
        ("equipment.hours_per_unit", e.machines, e.shift_hours + e.overtime_hours, e.hours_per_unit),
        ("labour.skilled_hours_per_unit", w.skilled, present, w.skilled_hours_per_unit),
        ("labour.general_hours_per_unit", w.general, present, w.general_hours_per_unit),
    ):
        if number and hours * mean > number * each:
            what = f"the mean demand takes {hours * mean:,.0f} h a day, and {number * each:,.0f} h are there at most"
            yield Fault(f"{where}.{key}", what, "fewer hours a unit, or more of them")
        if number and hours == 0.0:
            yield Fault(f"{where}.{key}", f"{number} are there, and no unit takes any time of them", "above 0")
    if s.servers and s.discipline == "queue" and s.arrivals * s.duration / DAY_HOURS >= s.servers:
        what = f"{s.arrivals * s.duration / DAY_HOURS:.3g} servers are busy on average, and {s.servers} are there"
        yield Fault(f"{where}.station.servers", what, "more servers, or fewer jobs: the queue would grow for ever")
    if by.makes and by.makes == by.takes:
        yield Fault(f"{where}.by_product.takes", f"it makes {by.makes} itself", "the material of somebody else")


def _utility_faults(utility: UtilityInputs) -> Iterator[Fault]:
    """Yield a fault for each thing that is declared for a utility and that only a firm which makes something has."""
    where, makes_nothing = f"firms.{utility.name}", f"{utility.name} is a utility and makes nothing"
    for key, amount, allowed in (
        ("heat.use", utility.heat.use, "0; heat.space is what its town needs"),
        ("heat.waste_share", utility.heat.waste_share, "0; generation.heat_ratio is what its engines leave"),
    ):
        if amount != 0.0:
            yield Fault(f"{where}.{key}", makes_nothing, f"allowed: {allowed}")
    for key in ("learning_rate", "energy_learning", "research_share", "product_market"):
        if getattr(utility.technology, key):
            yield Fault(f"{where}.technology.{key}", makes_nothing, "none; others can learn what it knows")


def _market_faults(makers: tuple[ManufacturerInputs, ...]) -> Iterator[Fault]:
    """Yield a fault for each firm that sees another slope than its rivals."""
    slope: dict[str, float] = {}
    for maker in makers:
        t = maker.technology
        if t.product_market and slope.setdefault(t.product_market, t.price_slope) != t.price_slope:
            what = f"{t.price_slope:g} in the market {t.product_market}, where others say {slope[t.product_market]:g}"
            yield Fault(f"firms.{maker.name}.technology.price_slope", what, "one market has one slope")
