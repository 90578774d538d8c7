"""What drawn firms own beside their process: a place, machines, people, stations, heat, materials, generators."""

import dataclasses
from typing import Any

from hypothesis import strategies as st

from model.inputs import (
    ByProduct,
    Equipment,
    Generation,
    Heat,
    Labour,
    ManufacturerInputs,
    Site,
    Station,
    UtilityInputs,
)
from tests.property.drawn_quantities import between, zero_or

MATERIALS = ("slag", "whey")


def sites() -> st.SearchStrategy[Site]:
    """Return places within some kilometres."""
    return st.builds(Site, x=between(-9.0, 9.0), y=between(-9.0, 9.0))


@st.composite
def endowed(draw: st.DrawFn, firm: ManufacturerInputs, reaching: float) -> ManufacturerInputs:
    """Return a firm with some of what firms can own, sized for the mean demand that reaches it."""
    some = st.sampled_from([True, True, True, False])
    parts: dict[str, Any] = {"site": draw(sites()), "sector": draw(st.sampled_from(["steel", "steel", "food"]))}
    demand = max(reaching, firm.demand.mean)
    if firm.process.kind != "batch" and firm.ordering.lead_time > 1:
        parts |= {"equipment": draw(equipment(demand))} if draw(some) else {}
        parts |= {"labour": draw(labour(demand))} if draw(some) else {}
    parts |= {"heat": draw(heat(demand))} if draw(some) else {}
    parts |= {"by_product": draw(by_products(demand))} if draw(some) else {}
    parts |= {"station": draw(stations())} if draw(some) else {}
    return dataclasses.replace(firm, **parts)


@st.composite
def equipment(draw: st.DrawFn, demand: float) -> Equipment:
    """Return a few machines, more or less used by a demand of so many units a day, that fail often."""
    machines, shift = draw(st.integers(1, 6)), draw(between(5.0, 16.0))
    overtime = draw(zero_or(0.5, 7.9))
    return Equipment(
        kind=draw(st.sampled_from(["lathe", "lathe", "press"])),
        machines=machines,
        shift_hours=shift,
        overtime_hours=overtime,
        hours_per_unit=machines * (shift + overtime) * draw(between(0.3, 0.97)) / demand,
        overtime_cost=draw(between(20.0, 150.0)),
        lending_cost=draw(zero_or(2.0, 60.0)),
        failure_rate=draw(zero_or(0.005, 0.2)),
        repair=draw(between(0.5, 60.0)),
    )


@st.composite
def labour(draw: st.DrawFn, demand: float) -> Labour:
    """Return small crews that are often ill."""
    skilled, general = draw(st.sampled_from([(0, 9), (7, 0), (5, 12), (11, 3)]))
    hours, absence, over = draw(between(3.0, 9.0)), draw(between(0.01, 0.4)), draw(zero_or(0.02, 0.3))
    present = hours * (1.0 - absence) * (1.0 + over)
    return Labour(
        skilled=skilled,
        general=general,
        hours=hours,
        absence=absence,
        absence_spread=draw(zero_or(0.1, 1.5)),
        absence_common=draw(st.one_of(st.just(0.0), st.just(1.0), between(0.0, 1.0))),
        overtime_share=over,
        overtime_cost=draw(between(15.0, 90.0)),
        lending_cost=draw(zero_or(1.0, 40.0)),
        skilled_hours_per_unit=skilled * present * draw(between(0.3, 0.97)) / demand,
        general_hours_per_unit=general * present * draw(between(0.3, 0.97)) / demand,
    )


@st.composite
def heat(draw: st.DrawFn, demand: float) -> Heat:
    """Return heat that is needed, left, or both."""
    return Heat(
        use=draw(zero_or(5.0, 90.0)) / demand,
        space=draw(zero_or(0.1, 4.0)),
        season=draw(st.one_of(st.just(0.0), st.just(1.0), between(0.0, 1.0))),
        start=draw(between(0.0, 23.9)),
        hours=draw(st.one_of(st.just(24.0), between(1.0, 24.0))),
        level=draw(between(30.0, 130.0)),
        efficiency=draw(between(0.5, 1.05)),
        waste_share=draw(zero_or(0.05, 0.6)),
        waste_level=draw(between(60.0, 200.0)),
        recovery_cost=draw(zero_or(0.5, 20.0)),
    )


@st.composite
def by_products(draw: st.DrawFn, demand: float) -> ByProduct:
    """Return a material that a firm makes and one that it can use; some say only one of the two."""
    makes, takes = draw(st.permutations(MATERIALS))
    return ByProduct(
        makes=makes,
        rate=draw(zero_or(0.1, 40.0)) / demand,
        disposal_cost=draw(between(-20.0, 90.0)),
        takes=takes,
        need=draw(zero_or(0.1, 40.0)) / demand,
        price=draw(between(5.0, 120.0)),
        preparation=draw(between(0.0, 30.0)),
    )


@st.composite
def stations(draw: st.DrawFn) -> Station:
    """Return a few servers for urgent jobs, busy more or less."""
    servers, arrivals = draw(st.integers(1, 4)), draw(zero_or(0.5, 9.0))
    busy = draw(between(0.2, 0.95))
    return Station(
        kind=draw(st.sampled_from(["bed", "bed", "bay"])),
        servers=servers,
        arrivals=arrivals,
        duration=24.0 * servers * busy / arrivals if arrivals else 24.0,
        discipline=draw(st.sampled_from(["loss", "queue"])),
        blocked_cost=draw(between(50.0, 2000.0)),
        waiting_cost=draw(between(1.0, 90.0)),
    )


@st.composite
def powered(draw: st.DrawFn, utility: UtilityInputs) -> UtilityInputs:
    """Return a utility with generator blocks that fail often, or without."""
    generation = Generation(
        blocks=draw(st.integers(0, 3)),
        capacity=draw(between(1.0, 40.0)),
        efficiency=draw(between(0.3, 0.6)),
        fuel=draw(st.sampled_from(["gas", "coal", "lignite", "oil", "biomass", "waste"])),
        upkeep=draw(between(0.0, 15.0)),
        outage_rate=draw(zero_or(0.001, 0.05)),
        repair=draw(between(2.0, 90.0)),
        heat_ratio=draw(zero_or(0.2, 1.5)),
        heat_level=draw(between(60.0, 130.0)),
        recovery_cost=draw(between(0.5, 9.0)),
    )
    town = Heat(
        space=draw(zero_or(0.1, 9.0)), season=draw(between(0.0, 1.0)), level=draw(between(50.0, 110.0)), efficiency=0.93
    )
    return dataclasses.replace(utility, site=draw(sites()), generation=generation, heat=town)
