"""Validation of industrial symbiosis: how much of a by-product finds use where supply and need do not match by day.

Oracle: the mean of the smaller of two independent normal quantities, by numerical integration of the probability that
both exceed a level; for means far above zero it is mu - sigma / sqrt(pi). It shares no code with the engine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import integrate
from scipy.stats import norm

from model.errors import Fault
from model.streams import Floats
from model.validation.case import Bench, Case, Check, setting
from model.validation.sampling import mean_of, replicate

if TYPE_CHECKING:
    from model.inputs import ManufacturerInputs, ModelInputs

SEED = 2020
PAIRS = 40
"""Pairs of firms in one model, each far from all others: each is one unit of observation."""
FEWEST_PAIRS = 20
KM_APART, KM_BETWEEN, REACH = 50.0, 20.0, 25.0
"""Between pairs, between the two of a pair, and how far they look for partners."""
LEAST_MEAN = 4.0
"""Mean over sd below which quantities would often be cut off at nothing."""


@dataclass(frozen=True, kw_only=True)
class SymbiosisMismatch:
    """Parameters of `symbiosis_mismatch`."""

    mu: float = setting(
        100.0, "t/day", "Mean of what one firm leaves and of what the other needs.", bounds=(0.001, 1e6)
    )
    sigma: float = setting(20.0, "t/day", "Sd of both, independent between firms and days.", bounds=(1e-6, 1e6))


def mean_match(s: SymbiosisMismatch) -> float:
    """Return the mean of the smaller of two such quantities, t a day: the integral of P(one > x)^2 over x >= 0."""
    low, high = max(0.0, s.mu - 12.0 * s.sigma), s.mu + 12.0 * s.sigma
    both, _ = integrate.quad(lambda x: norm.sf((x - s.mu) / s.sigma) ** 2, low, high, points=[s.mu], limit=200)
    return low + float(both)


def _mismatch_refusal(s: SymbiosisMismatch) -> list[Fault]:
    if s.mu < LEAST_MEAN * s.sigma:
        what = f"at {s.sigma:g} quantities would often be cut off at nothing, and are not normal then"
        return [Fault("symbiosis_mismatch.sigma", what, f"at most mu / {LEAST_MEAN:g} = {s.mu / LEAST_MEAN:g}")]
    return []


def _measure_mismatch(s: SymbiosisMismatch, bench: Bench) -> dict[str, Check]:
    pairs = bench.share(PAIRS, FEWEST_PAIRS)

    def draw(replication: int) -> Floats:
        return _matched(_parks(s, pairs, bench.share(400, 25)), replication)[:, None]

    def judge(units: Floats) -> dict[str, Check]:
        found, error = mean_of(units[:, 0])
        return {"matched": Check(found=found, expected=mean_match(s), standard_error=error, rel=0.01)}

    return replicate(draw, judge, bench)


def _matched(inputs: ModelInputs, replication: int) -> Floats:
    """Return what each pair used instead of bought material, t a day, as its own books say, shape (pair,)."""
    from model.model import YEAR_DAYS, CollaborationModel

    model = CollaborationModel(inputs, rng=SEED, replication=replication)
    model.run_to_end()
    used = [amount for (name, _), amount in model.outcomes().items() if name == "by_product_used"]
    return np.array(used) / YEAR_DAYS


def _parks(s: SymbiosisMismatch, pairs: int, days: int) -> ModelInputs:
    """Return pairs of a firm that leaves a by-product and one that can use it, under one contract."""
    from model.inputs import ModelInputs, Period, ResourceContract, ResourcePlatformInputs

    firms = [
        firm for k in range(pairs) for firm in (_firm(s, k, "leaves", makes=True), _firm(s, k, "uses", makes=False))
    ]
    terms = ResourceContract(
        name="symbiosis",
        platform="exchange",
        members=tuple(f.name for f in firms),
        resource="by_product",
        variant="allocation",
        reach=REACH,
    )
    return ModelInputs(
        calendar=Period(days=days, burn_in=2),
        manufacturers=tuple(firms),
        resource_platforms=(ResourcePlatformInputs(name="exchange", outage_rate=0.0),),
        resource_contracts=(terms,),
    )


def _firm(s: SymbiosisMismatch, pair: int, name: str, *, makes: bool) -> ManufacturerInputs:
    """Return a firm that makes every day what was asked for the day before: independent normal quantities."""
    from model.inputs import ByProduct, Demand, ManufacturerInputs, Ordering, Process, Site

    flow: dict[str, Any] = {"makes": "slag", "rate": 1.0} if makes else {"takes": "slag", "need": 1.0}
    return ManufacturerInputs(
        name=f"{name}{pair}",
        site=Site(x=KM_APART * (pair - PAIRS / 2.0) + (0.0 if makes else KM_BETWEEN)),
        process=Process(kind="none"),
        demand=Demand(mean=s.mu, variation=s.sigma / s.mu, autocorrelation=0.0, season=0.0, common_share=0.0),
        ordering=Ordering(policy="filtered", lead_time=1, safety_factor=0.0),
        by_product=ByProduct(**flow),
    )


CASES = (
    Case(
        name="symbiosis_mismatch",
        title="By-product that finds use where supply and need do not match by day",
        family="resource",
        level="emergent",
        settings=SymbiosisMismatch,
        measure=_measure_mismatch,
        refuse=_mismatch_refusal,
        exercises=lambda _: (
            "model.physics.demand:next_deviation",
            "model.physics.demand:draw_demand",
            "model.physics.demand:final_demand",
            "model.physics.demand:open_orders",
            "model.physics.demand:replenish",
            "model.session:pairs_within",
            "model.session:new_session",
            "model.mechanisms.allocation:solve_programme",
            "model.mechanisms.allocation:carry_out",
            "model.ways:sites",
            "model.ways:tied_members",
            "model.ways:by_party",
        ),
        source="Fraccascia & Yazan (2018) and Yazan & Fraccascia (2020) on the mismatch of supply and demand; the mean "
        f"of the smaller of two independent normals, mu - sigma / sqrt(pi) = mu - {1.0 / math.sqrt(math.pi):.4f} sigma",
    ),
)
