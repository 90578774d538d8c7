"""Contracts on data drawn by hypothesis: their terms, the platforms between the parties and the law above them."""

import math
from typing import Any

from hypothesis import strategies as st

from model.inputs import DataContract, DataPlatformInputs, ManufacturerInputs, Market
from model.records import Pipeline
from model.security import PrivacyRule, Security
from tests.property.drawn_quantities import between, zero_or


def pipelines() -> st.SearchStrategy[Pipeline]:
    """Return a pipeline, whole or with stages switched off."""
    stages = ("cleaning", "integration", "transformation", "mining", "analysis", "application")
    some = st.builds(Pipeline, **{name: st.sampled_from([True, True, True, False]) for name in stages})
    return st.one_of(st.just(Pipeline()), some)


def securities() -> st.SearchStrategy[Security]:
    """Return what a holder of copies does about their security."""
    return st.builds(
        Security,
        rule=st.sampled_from(["none", "fixed", "share_of_exposure", "gordon_loeb"]),
        spending=zero_or(1e3, 1e5),
        exposure_share=between(0.0, 0.5),
        alpha=between(1e-6, 1e-3),
        beta=between(0.1, 3.0),
    )


@st.composite
def data_platforms(draw: st.DrawFn, name: str) -> DataPlatformInputs:
    """Return a hub that is down rather often."""
    return DataPlatformInputs(
        name=name,
        standard=draw(st.sampled_from(["none", "iec-cim"])),
        holds=draw(st.sampled_from(["records", "ciphertext"])),
        governance=draw(st.sampled_from(["cooperative", "operator"])),
        hub_cost=draw(zero_or(1e3, 5e5)),
        member_cost=draw(zero_or(1e3, 1e5)),
        fee=draw(zero_or(1e3, 1e5)),
        breach_rate=draw(zero_or(0.01, 1.0)),
        outage_rate=draw(zero_or(5.0, 90.0)),
        outage_days=draw(between(1.0, 6.0)),
        security=draw(securities()),
    )


@st.composite
def privacy_rules(draw: st.DrawFn, sharers: int) -> PrivacyRule:
    """Return what the law demands where every contract has at least so many sharers."""
    return PrivacyRule(
        epsilon_max=draw(st.one_of(st.just(math.inf), st.just(math.inf), between(0.5, 30.0))),
        protected=draw(st.sampled_from(["heat", "day"])),
        block_min=draw(st.sampled_from([1, 1, 1, 2, 5])),
        k_min=draw(st.sampled_from([1, 1, sharers])),
        fine_probability=draw(zero_or(0.01, 1.0)),
        fine_median=draw(zero_or(1e3, 1e6)),
        fine_sigma=draw(zero_or(0.5, 3.0)),
        fine_cap=draw(zero_or(1e4, 1e7)),
        fine_cap_share=draw(zero_or(0.001, 0.1)),
    )


@st.composite
def plan_contracts(draw: st.DrawFn, works: list[ManufacturerInputs], hubs: list[DataPlatformInputs]) -> DataContract:
    """Return a contract under which works of one utility share their plans with it."""
    count = sum(firm.count for firm in works)
    way = draw(ways(hubs))
    variants = ["raw", "anonymised", "anonymised"]
    variants += ["encrypted"] * 2 if count >= 3 else []
    standard = way["standard"] != "none" or any(hub.standard != "none" for hub in hubs if hub.name == way["platform"])
    variants += ["standardised"] if standard else []
    variant = draw(st.sampled_from(variants))
    terms = {
        "resolution": draw(st.sampled_from([1, 1, 2, 3, 4, 6, 8, 12, 24])),
        "noise_sd": draw(noise(40.0)),
        "mapping_sd": draw(zero_or(0.1, 9.0)),
        "late_rate": draw(zero_or(0.02, 0.5)),
        "exchange": draw(st.sampled_from(["one_way", "one_way", "mutual"])),
    }
    if variant == "anonymised":
        terms |= draw(anonymity(count))
    names = {"provider": works[0].name, "members": tuple(firm.name for firm in works[1:]), "partner": works[0].utility}
    return DataContract(
        name=f"plan of {works[0].name}", variant=variant, **names, **(way | terms), **draw(contract_terms())
    )


@st.composite
def anonymity(draw: st.DrawFn, count: int) -> dict[str, Any]:
    """Return groups of k, noise for a heat, a day or a firm, a sum or a tree, as so many sharers allow."""
    epsilon = draw(between(0.05, 60.0))
    kinds = ["heat", "day", "sum", "tree", "unlimited"]
    kinds += ["groups", "groups", "both"] if count > 1 else []
    kinds += ["firm"] if count >= 3 else []
    kind = draw(st.sampled_from(kinds))
    terms: dict[str, Any] = {
        "noise": draw(st.sampled_from(["laplace", "gaussian"])),
        "delta": draw(between(1e-7, 0.05)),
    }
    if kind in {"groups", "both"}:
        terms |= {"k": draw(st.integers(2, count)), "grouping": draw(st.sampled_from(["sorted", "random"]))}
    if kind == "tree":
        terms |= {"release": "tree", "resolution": 24, "window": draw(st.integers(1, 40))}
    if kind in {"sum", "firm"}:
        terms |= {"release": "sum"}
    unit = {"tree": "day", "firm": "firm"}.get(kind, draw(st.sampled_from(["heat", "day"])))
    if kind == "unlimited":
        return terms | {"protected": unit}
    if kind != "groups":
        budget = draw(st.sampled_from([math.inf, 100.0 * epsilon]))
        terms |= {"protected": unit, "epsilon": epsilon, "budget": budget}
    return terms


@st.composite
def ways(draw: st.DrawFn, hubs: list[DataPlatformInputs]) -> dict[str, Any]:
    """Return whether records go over a platform, and by which standard."""
    hub = draw(st.sampled_from([None, *hubs]))
    if hub is None:
        return {"platform": "", "standard": draw(st.sampled_from(["none", "none", "edifact"]))}
    return {"platform": hub.name, "standard": draw(st.sampled_from(["none", hub.standard]))}


@st.composite
def simple_contracts(
    draw: st.DrawFn, asset: str, givers: list[str], partner: str, hubs: list[DataPlatformInputs]
) -> DataContract:
    """Return a contract on logs, meters or price forecasts."""
    names = {"provider": givers[0], "members": tuple(givers[1:]), "partner": partner}
    terms: dict[str, Any] = {}
    if asset == "log":
        terms["exchange"] = draw(st.sampled_from(["one_way", "one_way", "mutual"]))
    terms["late_rate"] = draw(zero_or(0.02, 0.5))
    way, noise_sd = draw(ways(hubs)), draw(st.sampled_from([0.0, 0.0, 0.0, math.inf]))
    if asset == "price_forecast":
        noise_sd = draw(noise(30.0))
    return DataContract(
        name=f"{asset} of {'+'.join(givers)} to {partner}",
        asset=asset,
        noise_sd=noise_sd,
        **names,
        **terms,
        **way,
        **draw(contract_terms()),
    )


@st.composite
def order_contracts(draw: st.DrawFn, firm: ManufacturerInputs) -> DataContract:
    """Return a contract under which final customers announce their orders to a firm, or to each of a group."""
    noise_sd, terms = draw(noise(2000.0)), draw(contract_terms())
    name = f"orders of {firm.name}"
    return DataContract(name=name, provider="customers", partner=firm.name, asset="orders", noise_sd=noise_sd, **terms)


@st.composite
def contracts(
    draw: st.DrawFn,
    firms: tuple[ManufacturerInputs, ...],
    utilities: list[str],
    hubs: list[DataPlatformInputs],
    market: Market,
) -> list[DataContract]:
    """Return contracts on every kind of data."""
    found: list[DataContract] = []
    for utility in utilities:
        customers = [firm for firm in firms if firm.utility == utility and firm.metered_alone]
        works = [firm for firm in customers if firm.process.kind == "batch"]
        if works and draw(st.sampled_from([True, True, True, False])):
            found += [draw(plan_contracts(together, hubs)) for together in draw(parties(works))]
        if works and draw(st.booleans()):
            for together in draw(parties(works)):
                found.append(draw(simple_contracts("log", [firm.name for firm in together], utility, hubs)))
        if customers and draw(st.booleans()):
            for together in draw(parties(customers)):
                found.append(draw(simple_contracts("meter", [firm.name for firm in together], utility, hubs)))
        for firm in customers if market.closure == "exogenous" else []:
            waits = firm.process.kind != "batch" or firm.process.scheduling == "before_prices"
            if waits and draw(st.booleans()):
                found.append(draw(simple_contracts("price_forecast", [utility], firm.name, hubs)))
    supplying = {firm.supplier for firm in firms}
    found += [draw(order_contracts(firm)) for firm in firms if firm.name not in supplying and draw(st.booleans())]
    return found


@st.composite
def parties(draw: st.DrawFn, firms: list[ManufacturerInputs]) -> list[list[ManufacturerInputs]]:
    """Return which firms share together, in which order; some share under no contract."""
    queue = draw(st.permutations(firms))
    cut, end = draw(st.sampled_from([len(queue), len(queue), 1])), draw(st.sampled_from([len(queue), 1]))
    return [group for group in (queue[:cut], queue[cut : max(cut, end)]) if group]


def noise(highest: float) -> st.SearchStrategy[float]:
    """Return the sd of announced noise: none, infinite, or between."""
    return st.one_of(st.just(0.0), st.just(math.inf), between(0.1, highest))


@st.composite
def contract_terms(draw: st.DrawFn) -> dict[str, Any]:
    """Return what any contract costs and risks."""
    return {
        "fee": draw(zero_or(1e3, 1e6)),
        "interface_cost": draw(zero_or(1e3, 1e5)),
        "provider_share": draw(between(0.0, 1.0)),
        "breach_rate": draw(zero_or(0.01, 1.0)),
        "breach_median": draw(zero_or(1e3, 1e6)),
        "breach_sigma": draw(zero_or(0.5, 3.0)),
        "security": draw(st.one_of(st.just(Security()), securities())),
        "pipeline": draw(pipelines()),
    }
