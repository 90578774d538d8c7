"""One run: resolved inputs, a seed and a replication in; a result out. No files, no database."""

import math
import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from model.errors import RunError
from model.inputs import ModelInputs
from model.outcomes import OUTCOME

MUST_BE_FINITE = frozenset({"cost", "transfer", "control"})
"""Families whose values always exist; any other outcome may be undefined, such as a ratio of nothing."""


@dataclass(frozen=True)
class RunResult:
    """What one run leaves behind.

    Attributes:
        metrics: (outcome, party or "") -> value per year, in the unit declared in `model.outcomes`.
            An undefined value (a ratio of nothing) has no entry.
        hourly: series name -> values of the counted days, shape (days, 24); empty unless asked for.
        transfers: (payer, payee, kind, EUR per year).
        seconds: computing time.
        losses: nested years of breach losses by owning party, and of fines by `fine/HOLDER`, EUR, shape (years,);
            float32, as they are stored. None unless asked for; empty if nothing can leak or no year is drawn.
    """

    metrics: dict[tuple[str, str], float]
    hourly: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    transfers: list[tuple[str, str, str, float]] = field(default_factory=list)
    seconds: float = 0.0
    losses: dict[str, NDArray[np.float32]] | None = None


def run_once(
    inputs: ModelInputs, seed: int, replication: int, keep_hours: bool = False, *, keep_losses: bool = False
) -> RunResult:
    """Simulate `inputs` from burn-in to the last day.

    Args:
        inputs: resolved inputs of one strategy.
        seed: seed of the study.
        replication: number of the random future, from 0; the same for all strategies.
        keep_hours: whether to keep the hourly series.
        keep_losses: whether to keep the nested years of losses.

    Raises:
        RunError: if a cost, a payment or a control variate is not a finite number.
        TandemError: whatever the model raises on purpose.
    """
    from model.model import CollaborationModel

    begun = time.perf_counter()
    model = CollaborationModel(inputs, rng=seed, replication=replication, keep_hours=keep_hours)
    model.run_to_end()
    metrics = {(str(name), str(party)): float(value) for (name, party), value in model.outcomes().items()}
    hourly = dict(model.hourly()) if keep_hours else {}
    transfers = [(str(a), str(b), str(kind), float(value)) for a, b, kind, value in model.transfers()]
    losses = None
    if keep_losses:  # the sum over all owners is left to the reader
        losses = {str(name): years.astype(np.float32) for name, years in model.loss_years().items() if name}
    seconds = time.perf_counter() - begun
    return RunResult(_defined(metrics, inputs.name, seed, replication), hourly, transfers, seconds, losses)


def _defined(
    metrics: dict[tuple[str, str], float], name: str, seed: int, replication: int
) -> dict[tuple[str, str], float]:
    """Return the finite metrics.

    Raises:
        RunError: if one that must be finite is not, or is not declared in `model.outcomes`.
    """
    kept: dict[tuple[str, str], float] = {}
    for (outcome, party), value in metrics.items():
        if outcome not in OUTCOME:
            msg = f"{name}, seed {seed}, replication {replication}: {outcome!r} is not a declared outcome"
            raise RunError(msg)
        if math.isfinite(value):
            kept[outcome, party] = value
        elif OUTCOME[outcome].family in MUST_BE_FINITE:
            place = f"{outcome} of {party}" if party else outcome
            msg = f"{name}, seed {seed}, replication {replication}: {place} is {value}, not a finite number"
            raise RunError(msg)
    return kept
