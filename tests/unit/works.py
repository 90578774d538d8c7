"""Three small works and their utility: what the tests of sharing share."""

import dataclasses
from typing import Any

from model.inputs import (
    DataContract,
    DataPlatformInputs,
    Demand,
    ManufacturerInputs,
    ModelInputs,
    Ordering,
    Period,
    Process,
    UtilityInputs,
)
from model.world import Incidents

HEATS = {"ore": 30.0, "forge": 20.0, "mill": 25.0}
"""Electricity of a heat by works, MWh."""


def works(name: str, **process: Any) -> ManufacturerInputs:
    """Return a works of 62 MW that sells 1,000 units a day at 100 EUR."""
    melting = Process(
        heat_energy=HEATS[name], furnace=50.0, capacity=16, heat_output=100.0, mill=8.0, auxiliary=4.0,
        unit_price=100.0, unit_cost=0.0, **process,
    )  # fmt: skip
    return ManufacturerInputs(
        name=name, utility="power", metered_alone=True, process=melting, demand=Demand(mean=1000.0),
        ordering=Ordering(lead_time=3),
    )  # fmt: skip


def economy(*contracts: DataContract, **changes: Any) -> ModelInputs:
    """Return the works, their utility and a platform, 26 days from 1 March."""
    inputs = ModelInputs(
        calendar=Period(start="2025-03-04", days=23, burn_in=3),
        manufacturers=tuple(works(name) for name in HEATS),
        utilities=(UtilityInputs(name="power"),),
        data_platforms=(DataPlatformInputs(name="hub", outage_rate=0.0),) if "data_platforms" not in changes else (),
        incidents=Incidents(loss_years=0),
    )
    return dataclasses.replace(inputs, contracts=contracts, **changes)


def plan(**terms: Any) -> DataContract:
    """Return a contract under which all three share their plans."""
    return DataContract(name="plans", provider="ore", members=("forge", "mill"), partner="power", **terms)
