"""Validation of protection: Laplace noise, the privacy account, groups of k, and masked sums.

Oracles: closed forms of Dwork, McSherry, Nissim & Smith (2006) and Dwork & Roth (2014); the Rényi bound behind zCDP
minimised numerically (Mironov 2017, CSF'17); a simulation of groups with its own generator; exact integers and the
conditional variance of equicorrelated normals. They share no code with the engine.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import ndtri

from model.errors import Fault
from model.kernels import kernel
from model.mechanisms.aggregation import groups_of, masked_records, microaggregate, too_few_sharers, unmasked_sum
from model.mechanisms.privacy import (
    epsilon_advanced,
    epsilon_basic,
    epsilon_used,
    epsilon_zcdp,
    laplace,
    laplace_scale,
)
from model.streams import Floats, Ints, Key, normals, stream_key, uniforms
from model.validation.case import Bench, Case, Check, setting
from model.validation.sampling import mean_of, replicate

SEED = 2000
PRECISION = 0.01
"""Relative tolerance of the random results."""


@dataclass(frozen=True, kw_only=True)
class LaplacePrivacy:
    """Parameters of `laplace_privacy`."""

    sensitivity: float = setting(1.0, "MW", "L1 distance when one record is replaced.", bounds=(1e-6, 1e6))
    epsilon: float = setting(0.5, "1", "Privacy loss of the release.", bounds=(1e-3, 100))
    n: int = setting(100, "1", "Records that carry their own noise and are then summed.", bounds=(1, 200))


@kernel
def local_noise(key: Key, day: int, noise: Floats) -> None:
    """Write a day's unit Laplace draws, one for each record, shape (record,)."""
    for record in range(noise.size):
        noise[record] = laplace(key, record, day, 0)


def _measure_laplace(s: LaplacePrivacy, bench: Bench) -> dict[str, Check]:
    """Add local noise to n records of one value on many days; each day is one observation."""
    days = bench.share(min(20_000, 2_000_000 // s.n), 200)
    scale = laplace_scale(s.sensitivity, s.epsilon)

    def draw(replication: int) -> Floats:
        key = stream_key(SEED, replication, "validation.privacy_noise")
        noise = np.empty((days, s.n))
        for day in range(days):
            local_noise(key, day, noise[day])
        noise *= scale
        return np.column_stack([(noise**2).mean(axis=1), noise.sum(axis=1) ** 2])

    def judge(units: Floats) -> dict[str, Check]:
        expected = 2.0 * s.sensitivity**2 / s.epsilon**2
        checks = {}
        for column, (key, records) in enumerate((("variance_record", 1), ("variance_sum", s.n))):
            found, error = mean_of(units[:, column])
            checks[key] = Check(found=found, expected=records * expected, standard_error=error, rel=PRECISION)
        return checks

    return replicate(draw, judge, bench, most=200)


@dataclass(frozen=True, kw_only=True)
class PrivacyBudget:
    """Parameters of `privacy_budget`."""

    releases: int = setting(365, "1", "Releases that touch the protected unit.", bounds=(1, 1_000_000))
    epsilon: float = setting(1.0, "1", "Privacy loss of one release, with delta 0.", bounds=(1e-6, 20))
    delta: float = setting(1e-5, "1", "Probability with which the composed bound may fail.", bounds=(1e-15, 0.5))


def advanced_bound(s: PrivacyBudget) -> float:
    """Return the bound of theorem 3.20: mean privacy loss plus its deviation by Azuma's inequality.

    The loss of a release is at most e and e (exp(e) - 1) on average, so that by Azuma the sum of k exceeds its mean by
    t with probability exp(-t^2 / (2 k e^2)) at most; t is solved for delta.
    """
    mean_loss = s.epsilon * (math.exp(s.epsilon) - 1.0)
    excess = math.sqrt(-2.0 * s.releases * s.epsilon**2 * math.log(s.delta))
    return s.releases * mean_loss + excess


def renyi_bound(s: PrivacyBudget) -> float:
    """Return the least (epsilon, delta) bound over all Rényi orders a, at Rényi loss a e^2 / 2 a release."""
    rho = s.releases * s.epsilon**2 / 2.0

    def bound(log_order: float) -> float:
        above_one = math.exp(log_order)
        return rho * (1.0 + above_one) - math.log(s.delta) / above_one

    return float(minimize_scalar(bound, bounds=(-25.0, 25.0), method="bounded", options={"xatol": 1e-9}).fun)


def _measure_budget(s: PrivacyBudget, _: Bench) -> dict[str, Check]:
    found = {
        "basic": epsilon_basic(s.releases, s.epsilon),
        "advanced": epsilon_advanced(s.releases, s.epsilon, s.delta),
        "zcdp": epsilon_zcdp(s.releases * s.epsilon**2 / 2.0, s.delta),
        "used": epsilon_used(s.releases, s.epsilon, s.delta),
    }
    expected = {
        "basic": math.fsum([s.epsilon] * s.releases),
        "advanced": advanced_bound(s),
        "zcdp": renyi_bound(s),
    }
    expected["used"] = min(expected.values())
    return {key: Check(found=found[key], expected=expected[key], rel=1e-9) for key in found}


@dataclass(frozen=True, kw_only=True)
class KAnonymity:
    """Parameters of `k_anonymity`."""

    k: int = setting(5, "1", "Records that become alike.", bounds=(1, 200))
    n: int = setting(100, "1", "Records.", bounds=(2, 200))
    sigma: float = setting(1.0, "MW", "Standard deviation of the records, normal.", bounds=(1e-6, 1e6))
    grouping: str = setting(
        "random", "", "Whether groups form blindly or from neighbours in size.", choices=("random", "sorted")
    )


def _k_refusal(s: KAnonymity) -> list[Fault]:
    if s.k > s.n:
        return [Fault("k_anonymity.k", f"{s.k} of {s.n} records cannot be alike", f"at most n = {s.n}")]
    return []


def _split_mix(count: int) -> Floats:
    """Return uniforms of the SplitMix64 generator, shape (count,) (Steele, Lea & Flood 2014, OOPSLA'14)."""
    state = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        state = (state ^ (state >> np.uint64(shift))) * np.uint64(factor)
    state ^= state >> np.uint64(31)
    return ((state >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53


def _cells(s: KAnonymity) -> Iterator[slice]:
    """Yield groups of k neighbours; what is left over joins the last."""
    starts = range(0, s.n - s.k + 1, s.k)
    for start in starts:
        yield slice(start, s.n if start == starts[-1] else start + s.k)


def sorted_loss(s: KAnonymity) -> tuple[float, float]:
    """Return the mean squared change of a sorted record and its standard error, from 8 million normals."""
    samples = 8_000_000 // s.n
    records = np.sort(s.sigma * ndtri(_split_mix(samples * s.n)).reshape(samples, s.n), axis=1)
    lost = sum(records[:, cell].var(axis=1) * (cell.stop - cell.start) for cell in _cells(s)) / s.n
    return mean_of(np.asarray(lost))


def _measure_k(s: KAnonymity, bench: Bench) -> dict[str, Check]:
    draws = bench.share(2000, 20)
    groups = len(list(_cells(s)))
    blind = s.sigma**2 * (1.0 - groups / s.n), 0.0
    expected, oracle_error = blind if s.grouping == "random" else sorted_loss(s)
    precision = PRECISION if s.grouping == "random" else 2.0 * PRECISION

    def draw(replication: int) -> Floats:
        key, order_key = (stream_key(SEED, replication, f"validation.{name}") for name in ("records", "groups"))
        rows = np.empty((draws, 2))
        values = s.sigma * normals(key, 0, np.arange(draws), s.n)
        ranks = uniforms(order_key, 0, np.arange(draws), s.n) if s.grouping == "random" else values
        for row, (before, rank) in enumerate(zip(values, ranks, strict=True)):
            after = before[:, np.newaxis].copy()
            microaggregate(after, groups_of(s.n, s.k, np.argsort(rank)))
            rows[row] = ((after[:, 0] - before) ** 2).mean(), abs(after.sum() - before.sum())
        return rows

    def judge(units: Floats) -> dict[str, Check]:
        found, error = mean_of(units[:, 0])
        return {
            "information_loss": Check(
                found=found, expected=expected, standard_error=math.hypot(error, oracle_error), rel=precision
            ),
            "total_error": Check(found=float(units[:, 1].max()), expected=0.0, absolute=1e-12 * s.n * s.sigma),
        }

    return replicate(draw, judge, bench, most=100)


@dataclass(frozen=True, kw_only=True)
class SecureAggregation:
    """Parameters of `secure_aggregation`."""

    n: int = setting(50, "1", "Members that share their load.", bounds=(1, 100))
    rho: float = setting(0.0, "1", "Correlation of the loads of any two members.", bounds=(0, 0.95))


MEAN_MW, SD_MW = 10.0, 4.0
"""Load of a member: mean and standard deviation; they cancel out of the results."""
SLOTS = 24
BATCHES = 10
"""Independent observations in a replication."""


def _aggregation_refusal(s: SecureAggregation) -> list[Fault]:
    reason = too_few_sharers(s.n)
    return [Fault("secure_aggregation.n", reason)] if reason else []


def _loads(s: SecureAggregation, key: Key, days: Ints) -> Floats:
    """Return equicorrelated loads, MW, shape (day, member, slot)."""
    own = np.stack([normals(key, member + 1, days, SLOTS) for member in range(s.n)], axis=1)
    common = normals(key, 0, days, SLOTS)[:, np.newaxis]
    return np.asarray(MEAN_MW + SD_MW * (math.sqrt(s.rho) * common + math.sqrt(1.0 - s.rho) * own))


def exact_sums(values: Floats) -> Floats:
    """Return the sums over members of records in whole watts, MW, from plain integers; shape (..., slot)."""
    return np.asarray(np.round(values * 1e6).astype(np.int64).sum(axis=-2) / 1e6)


def _left_unknown(loads: Floats, known: Floats) -> float:
    """Return the sd of loads around their best linear forecast from what is known, over their own sd.

    Shapes (observation,) and (observation, thing known); for normal loads the best linear forecast is the best.
    """
    hints = (known - known.mean(axis=0)) / known.std(axis=0)
    aim = loads - loads.mean()
    rest = aim - hints @ np.linalg.lstsq(hints, aim, rcond=None)[0]
    return float(rest.std() / aim.std())


def _measure_aggregation(s: SecureAggregation, bench: Bench) -> dict[str, Check]:
    """Compare the sums with exact integers, and see what sum and masked record together tell of a member."""
    days = bench.share(100, 4)
    entities = np.arange(s.n) + 1

    def batch(first: int, keys: tuple[Key, Key]) -> tuple[float, float]:
        loads = _loads(s, keys[0], np.arange(first, first + days))
        sent = np.empty(loads.shape, dtype=np.uint64)
        sums = np.empty((days, SLOTS))
        for k in range(days):
            sent[k] = masked_records(loads[k], keys[1], first + k, s.n, entities)
            sums[k] = unmasked_sum(sent[k])
        error = float(np.abs(sums - exact_sums(loads)).max())
        seen = [np.broadcast_to(sums[:, np.newaxis], loads.shape).ravel(), sent.view(np.int64).ravel() / 2.0**63]
        return _left_unknown(loads.ravel(), np.column_stack(seen)), error

    def draw(replication: int) -> Floats:
        names = ("validation.loads", "validation.masks")
        keys = stream_key(SEED, replication, names[0]), stream_key(SEED, replication, names[1])
        return np.array([batch(k * days, keys) for k in range(BATCHES)])

    def judge(units: Floats) -> dict[str, Check]:
        found, error = mean_of(units[:, 0])
        expected = math.sqrt((s.n - 1) * (1.0 - s.rho) / s.n)
        return {
            "max_abs_error_of_sum": Check(found=float(units[:, 1].max()), expected=0.0, absolute=0.0),
            "individual_sd_ratio": Check(found=found, expected=expected, standard_error=error, rel=PRECISION),
        }

    return replicate(draw, judge, bench)


def _exercised(module: str, *names: str) -> tuple[str, ...]:
    return tuple(f"model.mechanisms.{module}:{name}" for name in names)


CASES = (
    Case(
        name="laplace_privacy",
        title="Variance of Laplace noise on records and in their sum",
        family="data",
        level="kernel",
        settings=LaplacePrivacy,
        measure=_measure_laplace,
        exercises=lambda _: (
            *_exercised("privacy", "laplace", "laplace_scale"),
            "model.streams:uniform",
        ),
        source="Dwork, McSherry, Nissim & Smith (2006), TCC, LNCS 3876",
    ),
    Case(
        name="privacy_budget",
        title="Privacy loss of many releases by three ways of composing them",
        family="data",
        level="unit",
        settings=PrivacyBudget,
        measure=_measure_budget,
        exercises=lambda _: _exercised("privacy", "epsilon_basic", "epsilon_advanced", "epsilon_zcdp", "epsilon_used"),
        source="Dwork & Roth (2014), theorem 3.20; Bun & Steinke (2016), TCC, LNCS 9985",
    ),
    Case(
        name="k_anonymity",
        title="What groups of k like records lose, and that totals stay",
        family="data",
        level="kernel",
        settings=KAnonymity,
        measure=_measure_k,
        refuse=_k_refusal,
        exercises=lambda _: _exercised("aggregation", "groups_of", "microaggregate"),
        source="Sweeney (2002), IJUFKS 10(5); Domingo-Ferrer & Mateo-Sanz (2002), IEEE TKDE 14(1)",
    ),
    Case(
        name="secure_aggregation",
        title="Sums from masked records, and what they tell of one member",
        family="data",
        level="kernel",
        settings=SecureAggregation,
        measure=_measure_aggregation,
        refuse=_aggregation_refusal,
        exercises=lambda _: _exercised("aggregation", "quantise", "pair_mask", "masked_records", "unmasked_sum"),
        source="Bonawitz et al. (2017), CCS'17; conditional variance of equicorrelated normals",
    ),
)
