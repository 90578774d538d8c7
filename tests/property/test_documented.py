"""What the documentation promises at the edges that drawn scenarios leave out."""

import dataclasses

import numpy as np
import pytest

from model.errors import InputError
from model.inputs import (
    Balancing,
    Demand,
    ManufacturerInputs,
    Market,
    ModelInputs,
    Ordering,
    OwnSeries,
    Period,
    Process,
    UtilityInputs,
    replace_inputs,
)
from model.model import CollaborationModel, reference_inputs

NO_PROCESS = Process(kind="none")


def ran(inputs: ModelInputs, *, keep_hours: bool = False) -> CollaborationModel:
    model = CollaborationModel(inputs, keep_hours=keep_hours)
    model.run_to_end()
    return model


def drawn_mwh(model: CollaborationModel) -> float:
    return sum(value for (name, _), value in model.outcomes().items() if name == "electricity")


def zone(**changes: object) -> ModelInputs:
    return dataclasses.replace(
        reference_inputs(), market=Market(closure="endogenous"), calendar=Period(days=40, burn_in=20), **changes
    )


def test_a_zone_burns_fuel_for_what_is_drawn() -> None:
    # Same customers, same load: whether the utility buys much or little ahead changes no MWh that is burnt for them.
    costs, drawn = [], []
    for short, long in ((40.0, 1.0), (1.0, 40.0)):
        rule = Balancing(rule="dual", penalty_short=short, penalty_long=long, intraday_share=0.5)
        model = ran(zone(balancing=rule))
        costs.append(model.outcomes()["cost_energy", ""])
        drawn.append(drawn_mwh(model))
    assert drawn[0] == pytest.approx(drawn[1], rel=1e-12)
    assert costs[0] == pytest.approx(costs[1], rel=0.01)


def test_a_furnace_needs_a_lead_time_of_two_days() -> None:
    # Ordered in the evening, melted tomorrow, available the morning after: the input is refused, or served in time.
    try:
        works = ManufacturerInputs(name="steel", ordering=Ordering(lead_time=1))
        model = ran(ModelInputs(manufacturers=(works,), calendar=Period(days=60, burn_in=0)))
    except InputError as error:
        assert "lead_time" in str(error)  # noqa: PT017 - either way is right
    else:
        assert model.outcomes()["fill_rate", "steel"] > 0.3


def test_a_suppliers_load_has_its_declared_mean() -> None:
    shop = ManufacturerInputs(name="shop", demand=Demand(mean=100.0), process=NO_PROCESS, supplier="mill")
    mill = ManufacturerInputs(name="mill", utility="power", process=Process(kind="shaped", mean_load=12.5))
    inputs = ModelInputs(
        manufacturers=(shop, mill), utilities=(UtilityInputs(name="power"),), calendar=Period(days=364, burn_in=0)
    )
    assert drawn_mwh(ran(inputs)) / 8760.0 == pytest.approx(12.5, rel=0.05)


def test_a_firm_off_the_grid_does_not_move_the_zone() -> None:
    off_grid = ManufacturerInputs(name="island", count=20, process=Process(kind="shaped", mean_load=400.0))
    inputs = zone()
    grown = dataclasses.replace(inputs, manufacturers=(*inputs.manufacturers, off_grid))
    prices = [ran(case, keep_hours=True).hourly()["price_eur_mwh"] for case in (inputs, grown)]
    assert np.array_equal(*prices)


def test_a_firm_off_the_grid_dilutes_no_emissions() -> None:
    off_grid = ManufacturerInputs(name="island", count=20, process=Process(kind="shaped", mean_load=400.0))
    inputs = zone()
    grown = dataclasses.replace(inputs, manufacturers=(*inputs.manufacturers, off_grid))
    emissions = [ran(case).outcomes()["emissions", "steel"] for case in (inputs, grown)]
    assert emissions[0] == pytest.approx(emissions[1], rel=1e-9)


def test_a_supplier_never_infers_an_exploding_shock() -> None:
    demand = Demand(mean=100.0, autocorrelation=-0.7, season=0.0)
    rule = Ordering(policy="filtered", lead_time=1, negative_orders=True)
    shop = ManufacturerInputs(name="shop", demand=demand, ordering=rule, process=NO_PROCESS, supplier="maker")
    maker = dataclasses.replace(shop, name="maker", supplier="")
    try:
        model = ran(ModelInputs(manufacturers=(shop, maker), calendar=Period(days=365, burn_in=0)))
    except InputError as error:
        assert "autocorrelation" in str(error)  # noqa: PT017 - either way is right
    else:
        assert abs(model.live.shock[1]) < 1000.0


def test_a_dual_buyer_bids_its_quantile() -> None:
    # Bremnes (2004): nominate the quantile 30/(30+10) of the load, so three hours in four are long.
    changes = {
        "balancing.rule": "dual",
        "balancing.penalty_short": 30.0,
        "balancing.penalty_long": 10.0,
        "firms.power.forecasting.memory": 1.0,
    }
    model = ran(replace_inputs(reference_inputs(), changes), keep_hours=True)
    long = model.hourly()["imbalance_mw/power"] < 0.0
    assert long.mean() == pytest.approx(0.75, abs=0.1)


def test_days_before_counting_are_not_charged() -> None:
    changes = {"calendar.start": "2025-01-29", "calendar.days": 3, "calendar.burn_in": 28}
    charged = ran(replace_inputs(reference_inputs(), changes)).outcomes()["peak_charge", "steel"]
    # 60 MW of nameplate at 10 EUR/kW and month is 7.2 MEUR a year, however the year is cut.
    assert charged <= 1.1 * 7.2e6


def test_a_zone_needs_a_residual_load() -> None:
    own = OwnSeries(name="mine.csv", first_day="2025-01-01", digest="", values=np.full((60, 24), 50.0))
    market = Market(closure="endogenous", price_table="mine.csv")
    inputs = dataclasses.replace(reference_inputs(), market=market, own_series=(own,))
    with pytest.raises(InputError, match="residual"):
        CollaborationModel(inputs)


def test_heats_that_do_not_fit_into_a_day_are_refused() -> None:
    with pytest.raises(InputError, match="19 heats of 1.9 h do not fit into a day"):
        replace_inputs(reference_inputs(), {"firms.steel.process.furnace": 20.0})
