"""Mined logs at work, by hand: when a stop pays, how a forecast is corrected, what a prediction is worth."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from model.inputs import DataContract, Period
from model.logbook import log_keys, log_volume, write_log
from model.logs import PRIOR_DAYS, LogContract, MinedLog
from model.model import CollaborationModel
from model.records import Logs, Pipeline
from tests.unit.works import economy, works

SHARED = DataContract(name="logs", asset="log", provider="ore", partner="power")
WORN = {"wear_rate": 0.5, "overhaul_rate": 0.3, "wear_ratio": 20.0, "repair_cost": 15_000.0}


def shop(logs: Logs | None = None, **process: Any) -> Any:
    return dataclasses.replace(works("ore", **process), logs=logs or Logs())


def model_of(*contracts: DataContract, logs: Logs | None = None, days: int = 40, **process: Any) -> CollaborationModel:
    firms = (shop(logs, **process),)
    calendar = Period(start="2025-03-04", days=days, burn_in=3)
    return CollaborationModel(economy(*contracts, manufacturers=firms, calendar=calendar), rng=3)


def log_of(model: CollaborationModel) -> MinedLog:
    contract = model.sharing.contracts[0]
    assert isinstance(contract, LogContract)
    return contract.mined[0]


@pytest.mark.parametrize(
    ("horizon", "cost", "stops"),
    # .3 against .1: one day averts .2 repairs, 2,000 EUR; three days .9^3 - .7^3 = .386 of one.
    [(1, 1999.0, True), (1, 2001.0, False), (3, 3859.0, True), (3, 3861.0, False)],
)
def test_a_stop_pays_where_it_averts_more_than_it_costs(horizon: int, cost: float, stops: bool) -> None:
    model = model_of(SHARED, repair_cost=10_000.0, maintenance_cost=cost, maintenance_horizon=horizon)
    log = log_of(model)
    log.chance, log.base = 0.3, 0.1
    log.maintain()
    assert model.goods.wanted.tolist() == [stops]


def test_a_chance_below_the_base_rate_plans_no_stop_even_for_nothing() -> None:
    model = model_of(SHARED, repair_cost=10_000.0, maintenance_cost=0.0)
    log = log_of(model)
    log.chance, log.base = 0.1, 0.3
    log.maintain()
    assert model.goods.wanted.tolist() == [False]


def test_a_planned_stop_takes_cycles_and_leaves_sound_equipment() -> None:
    process = {"wear_rate": 0.0, "overhaul_rate": 0.0, "maintenance_hours": 18.5, "maintenance_cost": 777.0}
    model = model_of(**process, breakdown_rate=0.0, energy_variation=0.0, delay=0.0)
    model.run_for(3)
    model.goods.worn[:] = True
    before = int(model.goods.heats[0])
    model.goods.maintain(0)
    model.step()
    # of 16 cycles, 5.5 h of 24 are left: floor(16 x .229) = 3
    assert int(model.goods.heats[0]) == 3 < before
    assert model.goods.maintained.tolist() == [True]
    assert model.goods.worn.tolist() == [False]
    assert model.goods.efforts[0, 2] == 777.0
    model.step()
    assert model.goods.maintained.tolist() == [False]
    assert model.goods.heats[0] > 3


def test_the_log_is_what_the_crews_write_and_its_score_what_came_true() -> None:
    model = model_of(SHARED, days=20, **WORN, maintenance_cost=1e7)
    log, volume, score, base_score = log_of(model), 0, 0.0, 0.0
    entity = int(model.population.entity[0])
    for day in range(23):
        model.step()
        broke = bool(model.goods.broke[0])
        text = write_log(log_keys(3, 0), entity, day, Logs(), worn=bool(model.goods.worn[0]), failed=broke)
        volume += log_volume(text)[1]
        score -= math.log(log.chance if broke else 1.0 - log.chance)
        base_score -= math.log(log.base if broke else 1.0 - log.base)
    assert log.volume == volume
    assert log.skill == pytest.approx(1.0 - score / base_score)
    outcomes = model.outcomes()
    assert outcomes["mining_skill", "ore"] == pytest.approx(log.skill)
    assert outcomes["data_volume", "ore"] == pytest.approx(volume / 23 * 365.0 / 1e6)


def test_a_forestalled_breakdown_says_nothing_about_the_prediction() -> None:
    model = model_of(SHARED)
    log = log_of(model)
    model.run_for(5)
    before = (log.score, log.base_score)
    model.goods.maintained[:] = True
    log.write(5)
    assert (log.score, log.base_score) == before


def test_a_predicted_breakdown_moves_the_forecast_by_the_regression_of_its_error() -> None:
    model = model_of(SHARED, **WORN, maintenance_cost=1e7)
    contract = model.sharing.contracts[0]
    assert isinstance(contract, LogContract)
    product, square = np.zeros(24), PRIOR_DAYS * 0.01
    told: list[float] = []
    uncorrected: list[Any] = []
    loads: list[Any] = []
    for day in range(43):
        model.step()
        log = contract.mined[0]
        news = log.chance - log.base
        if day >= 2:  # billing data come two days later
            product += told[day - 2] * (loads[day - 2] - uncorrected[day - 2])
            square += told[day - 2] ** 2
        told.append(news)
        uncorrected.append(model.power.customers.forecast[0].copy())
        loads.append(model.power.hourly[0].copy())
        expected = np.clip(uncorrected[-1] + product / square * news, 0.0, 62.0)
        assert model.power.forecast[0] == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert max(map(abs, told)) > 0.01


@pytest.mark.parametrize("off", ["mining", "application"])
def test_without_mining_or_application_nothing_is_done_with_a_log(off: str) -> None:
    idle = dataclasses.replace(SHARED, pipeline=dataclasses.replace(Pipeline(), **{off: False}))
    terms = {**WORN, "maintenance_cost": 1.0}
    silent, shared = model_of(**terms), model_of(idle, **terms)
    for _ in range(43):
        silent.step()
        shared.step()
        assert np.array_equal(silent.power.forecast, shared.power.forecast)
        assert np.array_equal(silent.live.load, shared.live.load)
    assert shared.outcomes()["maintenance_days", "ore"] == 0.0


def test_works_that_mine_their_own_log_gain_no_stops_by_sharing_it() -> None:
    terms = {"wear_rate": 0.1, "overhaul_rate": 0.1, "wear_ratio": 20.0, "repair_cost": 15_000.0}
    terms |= {"maintenance_cost": 1.0, "own_mining": True, "days": 90}
    chatty = Logs(symptom_rate_worn=3.0, typo_rate=0.0)
    unused = dataclasses.replace(SHARED, pipeline=Pipeline(application=False))
    loads = []
    for contracts in ((), (SHARED,), (unused,)):
        model = model_of(*contracts, logs=chatty, **terms)
        assert len(model.sharing.own_logs.mined) == 1
        model.run_for(90)
        loads.append((model.live.load.tolist(), model.outcomes()["maintenance_days", "ore"]))
    assert loads[0] == loads[1] == loads[2]
    assert loads[0][1] > 0.0


def test_works_of_one_contract_learn_together() -> None:
    contract = CollaborationModel(economy(dataclasses.replace(SHARED, members=("forge", "mill")))).sharing.contracts[0]
    assert isinstance(contract, LogContract)
    first, *others = (log.miner for log in contract.mined)
    first.learn(0, failed=True)
    first.learn(1, failed=False)
    assert all(other.base_probability() == first.base_probability() > 0.1 for other in others)
