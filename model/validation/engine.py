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


def own_load(name: str, hourly: Floats, first_day: str = FIRST_DAY) -> OwnSeries:
    """Return a customer's measured load as the engine takes a user's own series.

    Args:
        name: name that `process.load_table` gives.
        hourly: MW, shape (days, 24); quarter-hours of an hour are alike.
        first_day: date of the first row.
    """
    from model.inputs import OwnSeries

    values = np.repeat(hourly, 4, axis=1)
    return OwnSeries(name=name, first_day=first_day, digest=hashlib.sha256(values.tobytes()).hexdigest(), values=values)
