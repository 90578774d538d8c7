"""Small scenarios drawn by hypothesis: every switch of the model varied, sizes and horizons kept short.

Quantities are drawn off a grid that avoids round numbers: a decision (how many heats, where the pause, which block)
must not hang on the last bit of a sum, on which two programs may rightly differ.
"""

import dataclasses
import math
from typing import Any

from hypothesis import strategies as st

from model.inputs import (
    Balancing,
    DataContract,
    DataPlatformInputs,
    Demand,
    Forecasting,
    ManufacturerInputs,
    Market,
    ModelInputs,
    Ordering,
    Period,
    Process,
    Retail,
    UtilityInputs,
)
from model.records import Logs, Pipeline, Records
from model.reference import table_names
from model.security import PrivacyRule, Security
from model.world import Incidents

OFF_GRID = math.sqrt(3.0) - 1.0
LOAD_TABLES = sorted(table_names("load"))
RECEIVERS = st.sampled_from(["naive", "last_order", "full_history"])


def between(low: float, high: float) -> st.SearchStrategy[float]:
    """Return quantities between two bounds, never a round number."""
    return st.integers(0, 9999).map(lambda k: low + (high - low) * (k + OFF_GRID) / 10_000.0)


def zero_or(low: float, high: float) -> st.SearchStrategy[float]:
    """Return 0, where a process is switched off, or a quantity between two bounds."""
    return st.one_of(st.just(0.0), between(low, high))


@st.composite
def periods(draw: st.DrawFn) -> Period:
    """Return 20 to 40 days that cross the end of a month, after up to 23 days of burn-in."""
    year, month, day = draw(st.integers(2023, 2026)), draw(st.integers(1, 12)), draw(st.integers(12, 28))
    return Period(
        start=f"{year}-{month:02d}-{day:02d}",
        days=draw(st.integers(20, 40)),
        burn_in=draw(st.one_of(st.integers(0, 10), st.just(23))),
        holidays=draw(st.sampled_from(["DE", "none"])),
    )


def balancings() -> st.SearchStrategy[Balancing]:
    """Return settlement rules."""
    return st.builds(
        Balancing,
        rule=st.sampled_from(["single", "dual"]),
        beta=zero_or(0.02, 2.0),
        rest_sd=zero_or(10.0, 900.0),
        rest_autocorrelation=zero_or(0.1, 0.99),
        penalty_short=st.one_of(st.just(15.0), between(0.0, 60.0)),
        penalty_long=st.one_of(st.just(15.0), between(0.0, 60.0)),
        intraday_share=st.one_of(st.just(0.0), st.just(1.0), between(0.0, 1.0)),
        intraday_cost=zero_or(0.5, 9.0),
        intraday_real_share=st.one_of(st.just(1.0), between(0.0, 1.0)),
    )


def markets() -> st.SearchStrategy[Market]:
    """Return a price taker's market or a zone that clears."""
    return st.builds(
        Market,
        closure=st.sampled_from(["exogenous", "exogenous", "endogenous"]),
        gas_price=between(5.0, 90.0),
        carbon_price=zero_or(10.0, 150.0),
    )


def orderings(lowest_lead: int) -> st.SearchStrategy[Ordering]:
    """Return ordering rules; a filter is paired off later."""
    return st.builds(
        Ordering,
        policy=st.sampled_from(["moving_average", "exponential", "filtered"]),
        window=st.integers(1, 20),
        smoothing=between(0.01, 1.0),
        lead_time=st.integers(lowest_lead, 7),
        safety_factor=zero_or(0.5, 3.0),
        holding_cost=between(0.0, 1.0),
        backlog_cost=between(0.0, 9.0),
        negative_orders=st.booleans(),
        order_signal=st.sampled_from(["orders", "end_demand"]),
        receiver=RECEIVERS,
    )


def demands() -> st.SearchStrategy[Demand]:
    """Return demand processes."""
    return st.builds(
        Demand,
        mean=between(20.0, 3000.0),
        variation=zero_or(0.02, 0.8),
        autocorrelation=between(-0.95, 0.95),
        season=zero_or(0.01, 0.5),
        common_share=st.one_of(st.just(0.0), st.just(1.0), between(0.0, 1.0)),
    )


@st.composite
def batches(draw: st.DrawFn, mean: float) -> Process:
    """Return a furnace whose heats fit into its cycles, more or less used by a demand of `mean` units a day."""
    capacity = draw(st.integers(1, 24))
    furnace = draw(between(5.0, 90.0))
    return Process(
        kind="batch",
        capacity=capacity,
        furnace=furnace,
        heat_energy=min(998.7, furnace * 24.0 / capacity * draw(between(0.2, 0.95))),  # the declared bound is 1,000
        heat_output=mean / (capacity * draw(between(0.2, 1.3))),
        mill=draw(zero_or(1.0, 20.0)),
        auxiliary=draw(zero_or(1.0, 9.0)),
        energy_variation=draw(zero_or(0.01, 0.3)),
        regularity=draw(st.one_of(st.just(0.0), st.just(1.0), between(0.0, 1.0))),
        habitual_hour=draw(between(0.0, 23.9)),
        scheduling=draw(st.sampled_from(["habit", "before_prices", "after_prices"])),
        restart_cost=draw(st.one_of(st.just(math.inf), zero_or(5.0, 5000.0))),
        delay=draw(zero_or(1.0, 60.0)),
        turnaround=draw(zero_or(1.0, 30.0)),
        breakdown_rate=draw(zero_or(0.01, 0.5)),
        repair=draw(zero_or(0.5, 9.0)),
        repair_cost=draw(zero_or(100.0, 30_000.0)),
        wear_rate=draw(zero_or(0.02, 0.4)),
        overhaul_rate=draw(zero_or(0.02, 0.5)),
        wear_ratio=draw(st.one_of(st.just(1.0), between(1.5, 20.0))),
        maintenance_cost=draw(between(10.0, 9000.0)),
        maintenance_hours=draw(zero_or(0.5, 23.5)),
        maintenance_horizon=draw(st.integers(1, 60)),
        maintenance_interval=draw(st.sampled_from([0, 0, 3, 14])),
        own_mining=draw(st.booleans()),
        unit_cost=draw(between(1.0, 900.0)),
        unit_price=draw(between(1.0, 900.0)),
    )


def shapes() -> st.SearchStrategy[Process]:
    """Return a measured load."""
    return st.builds(
        Process,
        kind=st.just("shaped"),
        load_table=st.sampled_from(LOAD_TABLES),
        mean_load=between(0.5, 60.0),
        production_share=st.one_of(st.just(0.0), st.just(1.0), between(0.0, 1.0)),
        unit_cost=between(1.0, 900.0),
        unit_price=between(1.0, 900.0),
    )


@st.composite
def manufacturers(draw: st.DrawFn, name: str, utilities: list[str], suppliers: list[str]) -> ManufacturerInputs:
    """Return one firm or group, with a utility or none, ordering from one of `suppliers` or from outside."""
    demand = draw(demands())
    kind = draw(st.sampled_from(["batch", "batch", "shaped", "none"]))
    process = Process(kind="none")
    if kind != "none":
        process = draw(batches(demand.mean) if kind == "batch" else shapes())
    return ManufacturerInputs(
        name=name,
        count=draw(st.sampled_from([1, 1, 1, 2, 3])),
        supplier=draw(st.sampled_from(["", *suppliers])),
        utility=draw(st.sampled_from([*utilities, *utilities, ""])),
        metered_alone=kind == "batch" or draw(st.booleans()),
        demand=demand,
        ordering=draw(orderings(3 if kind == "batch" else 1)),
        process=process,
        records=draw(record_qualities()),
        logs=draw(logs()),
        retail=Retail(
            contract=draw(st.sampled_from(["indexed", "tariff"])),
            margin=draw(between(-5.0, 9.0)),
            peak_charge=draw(zero_or(1.0, 20.0)),
        ),
    )


@st.composite
def chains(draw: st.DrawFn, utilities: list[str]) -> tuple[ManufacturerInputs, ...]:
    """Return one to six firms and groups, some of which supply others."""
    firms: list[ManufacturerInputs] = []
    names = draw(st.permutations(["acre", "beam", "coil", "dyer", "eyot"]))
    for name in names[: draw(st.integers(1, 5))]:
        suppliers = [firm.name for firm in firms if firm.count == 1]
        firms.append(draw(manufacturers(name, utilities, suppliers)))
    while sum(firm.count for firm in firms) > 6:
        firms = [dataclasses.replace(firm, count=1) for firm in firms]
    if len(firms) > 1 and draw(st.booleans()):
        firms = _with_filtering_pair(firms)
    return tuple(draw(st.permutations([_fitted(firm, firms) for firm in firms])))


def _with_filtering_pair(firms: list[ManufacturerInputs]) -> list[ManufacturerInputs]:
    """Make the first firm filter the orders of the second, which filters final demand; others keep away from both."""
    maker, shop, *others = firms
    filtering = [dataclasses.replace(firm.ordering, policy="filtered") for firm in (maker, shop)]
    maker = dataclasses.replace(maker, count=1, ordering=filtering[0])
    shop = dataclasses.replace(shop, count=1, supplier=maker.name, ordering=filtering[1])
    apart = [
        dataclasses.replace(other, supplier="") if other.supplier in {maker.name, shop.name} else other
        for other in others
    ]
    return [maker, shop, *apart]


def _fitted(firm: ManufacturerInputs, firms: list[ManufacturerInputs]) -> ManufacturerInputs:
    """Return the firm sized for its customers, and with a filter only where its form is known."""
    customers = [other for other in firms if other.supplier == firm.name]
    if not customers:
        return firm
    process, ordering = firm.process, firm.ordering
    if process.kind == "batch":
        size = process.heat_output * _reaching(firm, firms) / firm.demand.mean
        process = dataclasses.replace(process, heat_output=size)
    retailer = customers[0]
    final = not any(other.supplier == retailer.name for other in firms)
    paired = len(customers) == 1 and retailer.count == 1 and final and retailer.ordering.policy == "filtered"
    if ordering.policy == "filtered" and not paired:
        ordering = dataclasses.replace(ordering, policy="exponential")
    rho, lead = retailer.demand.autocorrelation, retailer.ordering.lead_time
    if sum(rho**k for k in range(1, lead + 1)) <= -0.5:  # such orders do not reveal the demand behind them
        ordering = dataclasses.replace(ordering, receiver="naive")
    return dataclasses.replace(firm, process=process, ordering=ordering)


def _scheduled(firm: ManufacturerInputs, market: Market) -> ManufacturerInputs:
    """Return the firm, not waiting for prices where the zone clears after the day is planned."""
    if market.closure == "exogenous" or firm.process.scheduling != "after_prices":
        return firm
    return dataclasses.replace(firm, process=dataclasses.replace(firm.process, scheduling="before_prices"))


def _reaching(firm: ManufacturerInputs, firms: list[ManufacturerInputs]) -> float:
    """Return the mean demand that reaches one firm, its customers' included."""
    customers = [other for other in firms if other.supplier == firm.name]
    if not customers:
        return firm.demand.mean
    return sum(other.count * _reaching(other, firms) for other in customers)


def record_qualities() -> st.SearchStrategy[Records]:
    """Return clean or dirty records; what happens to some of a firm's records happens often in so short a run."""
    dirty = st.builds(
        Records,
        gap_rate=zero_or(0.01, 0.4),
        mixup_rate=zero_or(0.05, 0.5),
        shift_rate=zero_or(0.05, 0.6),
        stale_rate=zero_or(0.05, 0.5),
        label_rate=zero_or(0.05, 0.9),
        code_sd=zero_or(0.1, 9.0),
        sensitivity=zero_or(0.1, 3.0),
    )
    return st.one_of(st.just(Records()), dirty)


def logs() -> st.SearchStrategy[Logs]:
    """Return what crews write."""
    return st.builds(
        Logs,
        entries=zero_or(0.1, 3.0),
        symptom_rate_healthy=zero_or(0.01, 0.5),
        symptom_rate_worn=zero_or(0.1, 3.0),
        code_share=zero_or(0.05, 0.9),
        typo_rate=zero_or(0.05, 0.9),
        window=st.integers(1, 12),
    )


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


def forecastings() -> st.SearchStrategy[Forecasting]:
    """Return what a utility learns, and how."""
    return st.builds(
        Forecasting,
        receiver=RECEIVERS,
        meter_delay=st.integers(2, 9),
        memory=st.one_of(st.just(1.0), between(0.97, 1.0)),
        portfolio_error=zero_or(0.005, 0.1),
        gain_band=st.integers(1, 24),
        price_error=zero_or(1.0, 60.0),
    )


@st.composite
def scenarios(draw: st.DrawFn) -> ModelInputs:
    """Return the inputs of a small economy."""
    names = draw(st.sampled_from([[], ["power"], ["power"], ["power"], ["north", "south"]]))
    market = draw(markets())
    firms = tuple(_scheduled(firm, market) for firm in draw(chains(names)))
    hubs = [draw(data_platforms(name)) for name in draw(st.sampled_from([[], [], ["hub"], ["hub", "ring"]]))]
    shared = draw(contracts(firms, names, hubs, market))
    counts = {firm.name: firm.count for firm in firms}
    plans = [contract for contract in shared if contract.asset == "plan"]
    fewest = min((sum(counts[name] for name in (plan.provider, *plan.members)) for plan in plans), default=1)
    return ModelInputs(
        name="drawn",
        calendar=draw(periods()),
        market=market,
        balancing=draw(balancings()),
        manufacturers=firms,
        utilities=tuple(UtilityInputs(name=name, forecasting=draw(forecastings())) for name in names),
        data_platforms=tuple(hubs),
        contracts=tuple(shared),
        privacy=draw(st.one_of(st.just(PrivacyRule()), privacy_rules(fewest))),
        incidents=Incidents(loss_years=0),  # nested years are drawn from the run's outside
    )
