"""Contracts on resources and technology drawn by hypothesis, among the firms of a drawn economy."""

import dataclasses
import math
from typing import Any

from hypothesis import strategies as st

from model.errors import InputError
from model.inputs import (
    ManufacturerInputs,
    ModelInputs,
    ResourceContract,
    ResourcePlatformInputs,
    Technology,
    TechnologyContract,
    TechnologyPlatformInputs,
)
from model.know_how import AREAS
from tests.property.drawn_quantities import between, zero_or

HOLDERS = {
    "equipment": lambda firm: firm.equipment.machines > 0,
    "labour": lambda firm: firm.labour.skilled + firm.labour.general > 0,
    "heat": lambda firm: firm.heat.use + firm.heat.space + firm.heat.waste_share > 0.0,
    "by_product": lambda firm: firm.by_product.rate + firm.by_product.need > 0.0,
    "station": lambda firm: firm.station.servers > 0,
}
"""Who can take part in a contract on a resource."""


@st.composite
def hubs(draw: st.DrawFn, kind: type, names: list[str], **more: Any) -> tuple[Any, ...]:
    """Return platforms that are down rather often."""
    return tuple(
        kind(
            name=name,
            governance=draw(st.sampled_from(["cooperative", "operator"])),
            hub_cost=draw(zero_or(1e3, 5e5)),
            member_cost=draw(zero_or(1e3, 1e5)),
            fee=draw(zero_or(1e3, 1e5)),
            outage_rate=draw(zero_or(5.0, 60.0)),
            outage_days=draw(between(1.0, 6.0)),
            **{key: draw(strategy) for key, strategy in more.items()},
        )
        for name in names
    )


def terms_of(resource: str, variant: str) -> dict[str, st.SearchStrategy[Any]]:
    """Return what a contract on a resource may say, beside its members and platform."""
    terms = {
        "offered": st.one_of(st.just(1.0), between(0.1, 1.0)),
        "reach": between(4.0, 30.0),
        "moving_cost": zero_or(0.1, 9.0),
        "distance_cost": zero_or(0.05, 2.0),
        "coordination_cost": zero_or(1e3, 2e4),
        "mapping_sd": zero_or(0.02, 0.5) if resource != "station" else st.just(0.0),
        "objective": st.sampled_from(["surplus", "surplus", "proportional"]),
        "inflation": st.one_of(st.just(1.0), between(1.0, 4.0)),
        "bargaining": st.sampled_from(["strategic", "truthful", "posted"]),
        "partners": st.integers(1, 3),
        "search_cost": zero_or(0.5, 20.0),
        "priority": st.sampled_from(["value", "equal"]),
        "throughput": st.one_of(st.just(math.inf), st.just(math.inf), between(0.5, 30.0)),
        "pipe_cost": zero_or(1e3, 9e4),
        "pipe_loss": zero_or(0.001, 0.15),
        "cooling": zero_or(0.1, 4.0),
        "approach": zero_or(0.5, 9.0),
    }
    if variant == "allocation":  # over ways of different length, so that a programme has one best plan
        terms["distance_cost"] = between(0.05, 2.0)
    return terms


@st.composite
def resource_contracts(draw: st.DrawFn, inputs: ModelInputs) -> ModelInputs:
    """Return the economy with contracts on some of its resources, where its firms can share any."""
    fee = st.one_of(st.just(0.0), between(0.01, 0.3))
    platforms = draw(hubs(ResourcePlatformInputs, ["square", "yard"], commission=fee))
    inputs = dataclasses.replace(inputs, resource_platforms=platforms)
    for resource, holds in HOLDERS.items():
        members: list[Any] = [firm for firm in inputs.manufacturers if holds(firm)]
        if resource == "heat":
            members += [
                u for u in inputs.utilities if u.generation.blocks * u.generation.heat_ratio + u.heat.space > 0.0
            ]
        variant = draw(st.sampled_from(["allocation", "leasing", "pooling"])) if resource != "station" else "pooling"
        if variant == "allocation":  # alike members of a group would tie
            members = [firm for firm in members if getattr(firm, "count", 1) == 1]
        if members and draw(st.sampled_from([True, True, False])):
            inputs = draw(_with_contract(inputs, resource, variant, draw(st.permutations(members))))
    return inputs


@st.composite
def _with_contract(
    draw: st.DrawFn, inputs: ModelInputs, resource: str, variant: str, members: list[Any]
) -> ModelInputs:
    """Return the economy with a contract, without members that have nothing to do with the others."""
    terms = {key: draw(strategy) for key, strategy in terms_of(resource, variant).items()}
    if resource == "by_product" and variant == "pooling":  # of one material
        makers = [firm for firm in members if firm.by_product.rate > 0.0 and firm.by_product.makes == "slag"]
        takers = [firm for firm in members if firm.by_product.need > 0.0 and firm.by_product.takes == "slag"]
        members = [firm for firm in members if firm in makers or firm in takers]
        members = [dataclasses.replace(firm, by_product=only_slag(firm)) for firm in members]
        renewed = {firm.name: firm for firm in members}
        whole = tuple(renewed.get(firm.name, firm) for firm in inputs.manufacturers)
        inputs = dataclasses.replace(inputs, manufacturers=whole)
    if not members:
        return inputs
    names = tuple(member.name for member in members)
    shares = ((names[0], 0.3), (names[-1], 0.7)) if len(names) > 1 and draw(st.booleans()) else ()
    contract = ResourceContract(
        name=f"{resource} of {'+'.join(names)}",
        platform=draw(st.sampled_from(["square", "square", "yard"])),
        members=names,
        shares=shares,
        mode="horizontal" if len({member.sector for member in members}) == 1 else "cross_sector",
        resource=resource,
        variant=variant,
        **terms,
    )
    try:
        return dataclasses.replace(inputs, resource_contracts=(*inputs.resource_contracts, contract))
    except InputError:  # nothing fits: no material in common, too far, not hot enough
        return inputs


def only_slag(firm: ManufacturerInputs) -> Any:
    """Return what a firm leaves and takes without the other material."""
    by = firm.by_product
    return dataclasses.replace(
        by, rate=by.rate if by.makes == "slag" else 0.0, need=by.need if by.takes == "slag" else 0.0
    )


@st.composite
def technologies(draw: st.DrawFn, slopes: dict[str, float]) -> Technology:
    """Return what a firm knows and finds out; `slopes`: of the product markets there are, EUR/unit per unit a day."""
    market = draw(st.sampled_from(["", *slopes]))
    return Technology(
        learning_rate=draw(zero_or(0.02, 0.4)),
        learnable_share=draw(between(0.1, 0.9)),
        energy_learning=draw(zero_or(0.01, 0.3)),
        experience=draw(between(0.05, 3.0)),
        **{area: draw(zero_or(0.5, 9.0)) for area in AREAS},
        knowledge_spread=draw(zero_or(0.1, 1.5)),
        public_experience=draw(zero_or(0.5, 40.0)),
        absorption=draw(between(0.05, 0.9)),
        research_share=draw(zero_or(0.001, 0.02)),
        spillover=draw(between(0.0, 0.9)),
        half_learning=draw(between(0.002, 0.1)),
        product_market=market,
        price_slope=slopes.get(market, 0.0),
        review=draw(between(0.1, 1.0)),
    )


@st.composite
def technology_contracts(draw: st.DrawFn, names: tuple[str, ...]) -> TechnologyContract:
    """Return a contract on technology between firms of any sectors."""
    variant = draw(st.sampled_from(["exchange", "cooperation", "sharing"]))
    return TechnologyContract(
        name=f"{variant} of {'+'.join(names)}",
        platform="guild",
        members=names,
        variant=variant,
        meetings=draw(st.integers(1, 4)),
        cutoff=draw(zero_or(0.01, 0.3)),
        joint_weight=draw(st.one_of(st.just(1.0), between(0.0, 1.0))),
        joint_spillover=draw(zero_or(0.1, 1.0)),
        openness=draw(between(0.05, 1.0)),
        royalty=draw(zero_or(0.05, 0.9)),
        leakage=draw(zero_or(0.05, 0.9)),
        ability_slope=draw(zero_or(0.2, 3.0)),
        novelty_slope=draw(zero_or(0.2, 3.0)),
        transfer_cost=draw(zero_or(100.0, 5000.0)),
    )


@st.composite
def guilds(draw: st.DrawFn, inputs: ModelInputs) -> ModelInputs:
    """Return the economy in which firms learn, do research and compete, with contracts on what they find."""
    supplying = {firm.supplier for firm in inputs.manufacturers}
    largest = max(firm.demand.mean for firm in inputs.manufacturers)
    cheapest = min(firm.process.unit_price for firm in inputs.manufacturers)
    slopes = {"steel": draw(between(0.05, 0.9)) * cheapest / largest} if draw(st.booleans()) else {}
    firms = []
    for firm in inputs.manufacturers:
        known = draw(technologies({} if firm.name in supplying else slopes))
        firms.append(dataclasses.replace(firm, technology=known))
    platforms = draw(hubs(TechnologyPlatformInputs, ["guild"], protection=zero_or(0.1, 1.0)))
    inputs = dataclasses.replace(inputs, manufacturers=tuple(firms), technology_platforms=platforms)
    queue = draw(st.permutations([firm.name for firm in firms]))
    cut = draw(st.integers(1, len(queue)))
    for names in (tuple(queue[:cut]), tuple(queue[cut:])):
        contract = draw(technology_contracts(names))
        for mode in ("horizontal", "cross_sector"):
            try:
                tied = (*inputs.technology_contracts, dataclasses.replace(contract, mode=mode))
                inputs = dataclasses.replace(inputs, technology_contracts=tied)
            except InputError:  # not that mode, one firm alone, nobody who learns or does research
                continue
            break
    return inputs
