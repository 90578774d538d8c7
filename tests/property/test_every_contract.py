"""The engine against the readable reference under each kind of contract in turn: what draws may happen to leave out."""

import dataclasses
from typing import Any

import pytest

from model.inputs import (
    DataContract,
    DataPlatformInputs,
    Demand,
    Forecasting,
    ManufacturerInputs,
    ModelInputs,
    Ordering,
    Period,
    Process,
    UtilityInputs,
)
from model.parameters import parameters_of
from model.records import Logs, Pipeline, Records
from model.security import PrivacyRule, Security
from model.world import Incidents
from tests.property.test_differential import compare

HUB = DataPlatformInputs(name="hub", standard="opc-ua", outage_rate=40.0, outage_days=2.3, fee=7001.0)
GUARDED = Security(rule="gordon_loeb", alpha=2.3e-4, beta=0.7)
DIRT = Records(gap_rate=0.03, mixup_rate=0.15, shift_rate=0.2, stale_rate=0.15, label_rate=0.6, code_sd=0.7)
PROTECTED = {"variant": "anonymised", "protected": "heat", "epsilon": 7.3}

PLANS: dict[str, dict[str, Any]] = {
    "raw": {},
    "daily": {"resolution": 24, "noise_sd": 1.3},
    "standardised": {"variant": "standardised", "standard": "iec-cim", "mapping_sd": 3.0, "late_rate": 0.2},
    "translated": {"mapping_sd": 2.1, "late_rate": 0.3, "resolution": 2},
    "encrypted": {"variant": "encrypted", "mapping_sd": 1.1},
    "encrypted hub": {"variant": "encrypted", "platform": "hub", "exchange": "mutual"},
    "groups by size": {"variant": "anonymised", "k": 2},
    "groups by lot": {"variant": "anonymised", "k": 2, "grouping": "random", "exchange": "mutual"},
    "heat": PROTECTED,
    "heat in groups": {**PROTECTED, "k": 3, "noise": "gaussian", "resolution": 4, "budget": 8.1},
    "day": {**PROTECTED, "protected": "day", "resolution": 12, "epsilon": 31.0},
    "sum": {**PROTECTED, "release": "sum", "noise": "gaussian"},
    "firm": {**PROTECTED, "release": "sum", "protected": "firm", "epsilon": 1.7, "budget": 90.0},
    "tree": {**PROTECTED, "release": "tree", "resolution": 24, "protected": "day", "window": 11, "noise_sd": 0.3},
    "hub": {"platform": "hub", "security": GUARDED, "breach_rate": 0.7},
    "taken at its word": {"pipeline": Pipeline(analysis=False)},
    "unused": {"pipeline": Pipeline(application=False)},
    "uncleaned": {"pipeline": Pipeline(cleaning=False)},
    "unintegrated": {"pipeline": Pipeline(integration=False)},
    "unfilled": {"pipeline": Pipeline(transformation=False)},
}


def works(name: str, count: int, **process: Any) -> ManufacturerInputs:
    furnace = Process(
        heat_energy=31.7, furnace=52.3, capacity=17, breakdown_rate=0.02, wear_rate=0.11, wear_ratio=7.3,
        repair_cost=9001.0, maintenance_cost=2003.0, **process,
    )  # fmt: skip
    logs = Logs(symptom_rate_worn=1.9, symptom_rate_healthy=0.04, window=3)
    return ManufacturerInputs(
        name=name, count=count, utility="power", metered_alone=True, process=furnace, logs=logs, records=DIRT,
        demand=Demand(mean=1003.7 + 11.0 * len(name)), ordering=Ordering(lead_time=3),
    )  # fmt: skip


def economy(*contracts: DataContract, **changes: Any) -> ModelInputs:
    """Return four works of three groups, 28 days that cross the change of the clock, and a hub."""
    firms = (works("ore", 1), works("forge", 2, scheduling="before_prices", restart_cost=37.0), works("mill", 1))
    inputs = ModelInputs(
        calendar=Period(start="2025-04-01", days=5, burn_in=23),
        manufacturers=firms,
        utilities=(UtilityInputs(name="power", forecasting=Forecasting(memory=0.97, gain_band=3)),),
        data_platforms=(HUB,),
        contracts=contracts,
        incidents=Incidents(loss_years=0),
        privacy=PrivacyRule(fine_probability=0.13),
    )
    return dataclasses.replace(inputs, **changes)


def plan(**terms: Any) -> DataContract:
    return DataContract(name="plans", provider="ore", members=("forge", "mill"), partner="power", fee=1009.0, **terms)


@pytest.mark.parametrize("terms", PLANS.values(), ids=PLANS.keys())
def test_the_reference_agrees_on_every_protection_of_plans(terms: dict[str, Any]) -> None:
    compare(economy(plan(**terms)), 11, 3)


@pytest.mark.parametrize(
    ("rule", "terms"),
    [
        (PrivacyRule(block_min=5, k_min=2, fine_probability=1.0), {}),
        (PrivacyRule(epsilon_max=0.9, protected="day"), {"resolution": 6}),
        (PrivacyRule(epsilon_max=0.9, k_min=4), PLANS["heat"]),
        (PrivacyRule(epsilon_max=2.0, k_min=4), PLANS["encrypted"]),
        (PrivacyRule(epsilon_max=20.0, protected="day"), PLANS["heat"]),
    ],
)
def test_the_reference_agrees_on_contracts_under_a_privacy_rule(rule: PrivacyRule, terms: dict[str, Any]) -> None:
    compare(economy(plan(**terms), privacy=rule), 12, 0)


def test_the_reference_agrees_on_all_assets_together() -> None:
    names = {"provider": "forge", "members": ("ore",), "partner": "power"}
    contracts = (
        DataContract(name="logs", asset="log", platform="hub", **names),
        plan(platform="hub", exchange="mutual"),
        DataContract(name="meters", asset="meter", **{**names, "members": ()}),
        DataContract(name="prices", asset="price_forecast", provider="power", partner="forge", platform="hub"),
        DataContract(name="orders", asset="orders", provider="customers", partner="mill", noise_sd=211.0),
    )
    compare(economy(*contracts), 13, 1)
    operated = dataclasses.replace(HUB, governance="operator", holds="ciphertext", security=GUARDED)
    compare(economy(*contracts, data_platforms=(operated,)), 13, 1)


@pytest.mark.parametrize("stage", ["cleaning", "integration", "mining", "analysis", "application"])
def test_the_reference_agrees_on_logs_without_a_stage(stage: str) -> None:
    pipeline = dataclasses.replace(Pipeline(), **{stage: False})
    shared = DataContract(name="logs", asset="log", provider="forge", partner="power", pipeline=pipeline)
    compare(economy(shared), 14, 2)


def test_the_reference_agrees_on_works_that_mine_their_own_logs() -> None:
    alone = tuple(
        dataclasses.replace(firm, process=dataclasses.replace(firm.process, own_mining=True, maintenance_hours=h))
        for firm, h in zip(economy().manufacturers, (0.0, 5.3, 23.9), strict=True)
    )
    inputs = economy(DataContract(name="logs", asset="log", provider="ore", partner="power"), manufacturers=alone)
    compare(inputs, 15, 0)


@pytest.mark.parametrize("word", ["variant", "release", "noise", "grouping", "exchange"])
def test_every_choice_of_a_plan_contract_is_compared(word: str) -> None:
    declared = parameters_of(DataContract)[word]
    assert {terms.get(word, declared.default) for terms in PLANS.values()} == set(declared.choices)
