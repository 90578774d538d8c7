"""Validation of tail risk: the CVaR estimator against the closed forms of two distributions.

Oracle: Rockafellar & Uryasev (2000), Journal of Risk 2(3) for the normal; the lognormal's tail expectation follows
from its partial moment. It shares no code with the engine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from model.errors import Fault
from model.risk import cvar, cvar_standard_error
from model.streams import Floats, normals, stream_key
from model.validation.case import Bench, Case, Check, setting
from model.validation.sampling import replicate

SEED = 2000
LOSSES = 1_000_000
"""Losses in one replication; the tail must hold enough of them that the estimator's own bias is nil."""


@dataclass(frozen=True, kw_only=True)
class TailRisk:
    """Parameters of `tail_risk`."""

    distribution: str = setting("normal", "", "Distribution of the losses, around 0.", choices=("normal", "lognormal"))
    sigma: float = setting(1.0, "1", "Standard deviation, of the log for the lognormal.", bounds=(0.001, 1000))
    level: float = setting(0.99, "1", "Share of losses outside the tail.", bounds=(0.5, 0.999))


def closed_form(s: TailRisk) -> float:
    """Return sigma phi(z) / (1 - a) for the normal, exp(sigma^2 / 2) Phi(sigma - z) / (1 - a) for the lognormal."""
    z = norm.ppf(s.level)
    if s.distribution == "normal":
        return float(s.sigma * norm.pdf(z) / (1.0 - s.level))
    return float(math.exp(0.5 * s.sigma**2) * norm.cdf(s.sigma - z) / (1.0 - s.level))


def _refusal(s: TailRisk) -> list[Fault]:
    if s.distribution == "lognormal" and s.sigma > 2.0:  # noqa: PLR2004 - see the reason below
        return [
            Fault(
                "tail_risk.sigma",
                "the closed form holds, but no affordable sample shows it: the standard "
                "error of the estimate grows with exp(sigma^2)",
                "at most 2 for the lognormal",
            )
        ]
    return []


def _measure(s: TailRisk, bench: Bench) -> dict[str, Check]:
    size = bench.share(LOSSES, 2000)
    slots = 1000

    def draw(replication: int) -> Floats:
        key = stream_key(SEED, replication, "validation.losses")
        z = normals(key, 0, np.arange(-(-size // slots)), slots).ravel()
        losses = s.sigma * z if s.distribution == "normal" else np.exp(s.sigma * z)
        return np.array([[float(cvar(losses, s.level)), cvar_standard_error(losses, s.level)]])

    def judge(units: Floats) -> dict[str, Check]:
        error = math.sqrt(float((units[:, 1] ** 2).sum())) / len(units)
        return {"cvar": Check(found=float(units[:, 0].mean()), expected=closed_form(s), standard_error=error, rel=0.01)}

    return replicate(draw, judge, bench, most=100)


CASES = (
    Case(
        name="tail_risk",
        title="Mean of the worst losses, from a sample",
        family="risk",
        level="unit",
        settings=TailRisk,
        measure=_measure,
        refuse=_refusal,
        exercises=lambda _: (
            "model.risk:cvar",
            "model.streams:normals",
            "model.streams:normal_quantile",
            "model.streams:uniform",
        ),
        source="Rockafellar & Uryasev (2000), Journal of Risk 2(3)",
    ),
)
