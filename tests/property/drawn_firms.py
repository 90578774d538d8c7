"""Firms drawn by hypothesis: their demand, orders, processes, records and logs, and how they supply one another."""

import dataclasses
import math

from hypothesis import strategies as st

from model.inputs import Demand, ManufacturerInputs, Ordering, Process, Retail
from model.records import Logs, Records
from model.reference import table_names
from tests.property.drawn_quantities import RECEIVERS, between, zero_or

LOAD_TABLES = sorted(table_names("load"))


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
        size = process.heat_output * mean_reaching(firm, firms) / firm.demand.mean
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


def mean_reaching(firm: ManufacturerInputs, firms: list[ManufacturerInputs]) -> float:
    """Return the mean demand that reaches one firm, its customers' included."""
    customers = [other for other in firms if other.supplier == firm.name]
    if not customers:
        return firm.demand.mean
    return sum(other.count * mean_reaching(other, firms) for other in customers)


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
