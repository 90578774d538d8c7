"""Small scenarios drawn by hypothesis: every switch of the model varied, sizes and horizons kept short."""

import dataclasses

from hypothesis import strategies as st

from model.inputs import Balancing, Forecasting, ManufacturerInputs, Market, ModelInputs, Period, Process, UtilityInputs
from model.security import PrivacyRule
from model.world import Incidents
from tests.property.drawn_contracts import contracts, data_platforms, privacy_rules
from tests.property.drawn_endowments import endowed, powered
from tests.property.drawn_firms import chains, demands, mean_reaching, orderings, shapes
from tests.property.drawn_quantities import RECEIVERS, between, zero_or
from tests.property.drawn_sharing_contracts import guilds, resource_contracts


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


def _scheduled(firm: ManufacturerInputs, market: Market) -> ManufacturerInputs:
    """Return the firm, not waiting for prices where the zone clears after the day is planned."""
    if market.closure == "exogenous" or firm.process.scheduling != "after_prices":
        return firm
    return dataclasses.replace(firm, process=dataclasses.replace(firm.process, scheduling="before_prices"))


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
    inputs = ModelInputs(
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
    return draw(parks(inputs)) if draw(st.sampled_from([True, False, False])) else inputs


@st.composite
def parks(draw: st.DrawFn, inputs: ModelInputs) -> ModelInputs:
    """Return an economy whose firms own more than their process, and share some of it."""
    firms = list(inputs.manufacturers)
    grown = dataclasses.replace(
        inputs,
        manufacturers=tuple(draw(endowed(firm, mean_reaching(firm, firms))) for firm in firms),
        utilities=tuple(draw(powered(utility)) for utility in inputs.utilities),
    )
    return draw(resource_contracts(grown))


@st.composite
def estates(draw: st.DrawFn) -> ModelInputs:
    """Return a few weeks of firms that own and share much, and do nothing else that other scenarios do already."""
    names = draw(st.sampled_from([[], ["power"]]))
    firms: list[ManufacturerInputs] = []
    for name in ("acre", "beam", "coil", "dyer", "eyot")[: draw(st.integers(2, 5))]:
        ordering = draw(orderings(2))
        firms.append(
            ManufacturerInputs(
                name=name,
                count=draw(st.sampled_from([1, 1, 2])),
                supplier=draw(st.sampled_from(["", "", *(firm.name for firm in firms if firm.count == 1)])),
                utility=draw(st.sampled_from([*names, ""])),
                demand=draw(demands()),
                ordering=dataclasses.replace(ordering, policy="exponential"),
                process=draw(st.one_of(st.just(Process(kind="none")), shapes())),
            )
        )
    inputs = ModelInputs(
        name="estate",
        calendar=dataclasses.replace(draw(periods()), days=draw(st.integers(6, 14)), burn_in=draw(st.integers(0, 4))),
        market=draw(markets()),
        manufacturers=tuple(firms),
        utilities=tuple(UtilityInputs(name=name) for name in names),
        incidents=Incidents(loss_years=0),
    )
    return draw(parks(inputs)) if draw(st.booleans()) else draw(quarters(inputs))


@st.composite
def quarters(draw: st.DrawFn, inputs: ModelInputs) -> ModelInputs:
    """Return an economy whose firms learn and do research, over the first days of two quarters."""
    period = Period(start="2025-06-26", days=draw(st.integers(9, 15)), burn_in=draw(st.integers(0, 4)))
    if draw(st.sampled_from([True, False, False, False])):
        period = dataclasses.replace(period, start="2025-06-29", days=99)
    return draw(guilds(dataclasses.replace(inputs, calendar=period)))
