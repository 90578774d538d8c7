"""How cases build and run the model: the same `CollaborationModel` as a scenario's."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from model.streams import Floats

if TYPE_CHECKING:
    from model.inputs import OwnSeries, Period
    from model.model import CollaborationModel

FIRST_DAY = "2025-01-01"


def model_of(period: Period, seed: int, replication: int, **parts: Any) -> CollaborationModel:
    """Return a model of the given parts of `ModelInputs`."""
    from model.inputs import ModelInputs
    from model.model import CollaborationModel

    return CollaborationModel(ModelInputs(calendar=period, **parts), rng=seed, replication=replication)


def own_series(name: str, values: Floats, first_day: str = FIRST_DAY) -> OwnSeries:
    """Return a series as the engine takes a user's own, shape (days, 24) for a price, (days, 96) for a load."""
    from model.inputs import OwnSeries

    return OwnSeries(name=name, first_day=first_day, digest=hashlib.sha256(values.tobytes()).hexdigest(), values=values)


def own_load(name: str, hourly: Floats, first_day: str = FIRST_DAY) -> OwnSeries:
    """Return a customer's measured load, MW, shape (days, 24); quarter-hours of an hour are alike."""
    return own_series(name, np.repeat(hourly, 4, axis=1), first_day)


def flat_price(eur_mwh: float = 50.0) -> OwnSeries:
    """Return a day-ahead price that never moves, named `flat`."""
    return own_series("flat", np.full((7, 24), eur_mwh))
