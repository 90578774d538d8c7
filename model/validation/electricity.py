"""Validation of the electricity economy: merit order, imbalance settlement, monthly peaks.

Oracles: Schweppe, Caramanis, Tabors & Bohn (1988), Spot Pricing of Electricity (uniform price); Bremnes (2004),
Wind Energy 7(1) and Pinson, Chevallier & Kariniotakis (2007), IEEE Trans. Power Systems 22(3) (best quantile under a
penalty on either side); order statistics by numerical integration. They share no code with the engine.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.integrate import quad
from scipy.stats import norm

from model.errors import Fault
from model.streams import Floats, normals, stream_key
from model.validation.case import Bench, Case, Check, setting
from model.validation.engine import FIRST_DAY, flat_price, model_of, own_load
from model.validation.sampling import estimated, mean_of, replicate

SEED = 2004
HOURS = 24
EXACT = 1e-9
"""Relative tolerance where nothing is random: rounding."""
POWER = "model.physics.electricity"


# --- merit order -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class MeritOrder:
    """Parameters of `merit_order`."""

    capacities_mw: tuple[float, ...] = setting((50.0, 30.0, 40.0), "MW", "Capacity of each block.", bounds=(0, 1e6))
    costs_eur_mwh: tuple[float, ...] = setting(
        (20.0, 40.0, 90.0), "EUR/MWh", "Marginal cost of each block.", bounds=(-500, 4000)
    )
    demand_mw: float = setting(70.0, "MW", "Demand, which no price changes.", bounds=(0.001, 1e6))


def uniform_price(s: MeritOrder, cap: float) -> tuple[float, float]:
    """Return price (EUR/MWh) and cost (EUR/h): the lowest cost at which enough is on offer, and the area below.

    Demand beyond all capacity is met at the price cap.
    """
    blocks = [(c, k) for c, k in zip(s.costs_eur_mwh, s.capacities_mw, strict=True) if k > 0.0]
    offers = [*blocks, (cap, math.inf)]
    price = min(c for c, _ in offers if sum(k for d, k in offers if d <= c) >= s.demand_mw)
    cheaper = [(c, k) for c, k in offers if c < price]
    rest = s.demand_mw - sum(k for _, k in cheaper)
    return price, sum(c * k for c, k in cheaper) + rest * price


def _merit_refusal(s: MeritOrder) -> list[Fault]:
    if len(s.capacities_mw) != len(s.costs_eur_mwh):
        return [
            Fault(
                "merit_order.costs_eur_mwh",
                f"has {len(s.costs_eur_mwh)} costs, there are {len(s.capacities_mw)} capacities",
                "lists of one length",
            )
        ]
    return []


def _measure_merit_order(s: MeritOrder, _: Bench) -> dict[str, Check]:
    from model.inputs import Balancing, Market, Period

    days = 2
    town = _customer("town", "power", mean_load=s.demand_mw)
    steady = own_load("town", np.ones((7, HOURS)))
    with tempfile.TemporaryDirectory() as folder:
        stack = stack_file(Path(folder), s.capacities_mw, s.costs_eur_mwh)
        zone = zone_file(Path(folder), s.demand_mw)
        market = Market(closure="endogenous", stack_table=stack, price_table=zone)
        model = model_of(
            Period(start=FIRST_DAY, days=days, burn_in=0),
            SEED,
            0,
            market=market,
            manufacturers=(town,),
            utilities=(utility_of("power", portfolio_error=0.0),),
            own_series=(steady,),
            balancing=Balancing(rest_sd=0.0),
        )
    model.run_to_end()
    hours = days * HOURS
    price, cost = uniform_price(s, market.price_cap)
    return {
        "price": Check(found=float(model.power.price.mean()), expected=price, rel=EXACT),
        "cost": Check(found=model.ledger.by_kind("generation") / hours, expected=cost, rel=EXACT),
        "payments": Check(
            found=model.ledger.paid("power", "wholesale") / hours, expected=price * s.demand_mw, rel=EXACT
        ),
    }


def stack_file(folder: Path, capacities_mw: Sequence[float], costs_eur_mwh: Sequence[float]) -> str:
    """Write a table of generation blocks; return its path."""
    blocks = [{"capacity_mw": k, "marginal_cost_eur_mwh": c} for k, c in zip(capacities_mw, costs_eur_mwh, strict=True)]
    path = folder / "stack.json"
    path.write_text(json.dumps({"table": "stack", "kind": "stack", "blocks": blocks}), encoding="utf-8")
    return str(path)


def zone_file(folder: Path, demand: float) -> str:
    """Write a price table whose zone always has `demand` MW of residual load; its prices are never used."""
    flat = [[0.0] * HOURS, [demand] * HOURS]
    quantiles = [[[0.0, 1.0]] * 3, [[demand, demand + 1.0]] * 3]
    fit = {
        "day_type": [0] * 7,
        "first_monday": 0,
        "monday_day_of_year": 1,
        "block_weeks": 1,
        "season_weeks": -1,
        "mean": flat,
        "components": [[0.0] * 2 * HOURS],
        "scores": [[0.0]] * 7,
        "noise_level": [[0.0, 1.0]] * 2,
        "noise_sd": [[0.0, 0.0]] * 2,
        "noise_scale": [[0.0] * 7] * 2,
        "noise_ar": [0.0, 0.0],
        "raw_quantiles": quantiles,
        "real_quantiles": quantiles,
    }
    words = dict.fromkeys(("table", "source", "licence", "attribution", "method", "date", "unit", "zone"), "validation")
    table = {**words, "kind": "price", "has_residual_load": True, "statistics": {}, "fit": fit}
    path = folder / "zone.json"
    path.write_text(json.dumps(table), encoding="utf-8")
    return str(path)


# --- imbalance ---------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Imbalance:
    """Parameters of `imbalance`."""

    rule: str = setting("dual", "", "Settlement rule.", choices=("dual", "single"))
    position: str = setting(
        "load", "", "Whether the parties buy a load or offer a generation.", choices=("load", "generation")
    )
    n: int = setting(10, "1", "Independent parties.", bounds=(1, 50))
    sigma: float = setting(5.0, "MW", "Sd of each party's hourly deviation.", bounds=(0.001, 1e4))
    cost_short: float = setting(20.0, "EUR/MWh", "Penalty for lacking energy (dual).", bounds=(0.001, 1000))
    cost_long: float = setting(20.0, "EUR/MWh", "Penalty for having too much (dual).", bounds=(0.001, 1000))
    beta: float = setting(
        0.5, "EUR/MWh per MW", "Slope of the imbalance price (single) and of real cost.", bounds=(0.001, 5)
    )
    intraday: float = setting(0.0, "1", "Share closed intraday, free of charge.", bounds=(0, 0.99))


def best_quantile(s: Imbalance) -> float:
    """Return the quantile to take: short over short plus long for a buyer, the complement for a generator."""
    if s.rule == "single":
        return 0.5
    buyer = s.cost_short / (s.cost_short + s.cost_long)
    return buyer if s.position == "load" else 1.0 - buyer


def imbalance_costs(s: Imbalance) -> tuple[float, float, float]:
    """Return payments of n separate parties, of the pool, and the real cost of the separate parties, EUR/h.

    What is closed intraday scales every deviation. Real cost is beta E[S^2] / 2 with the positions as taken.
    """
    sigma = (1.0 - s.intraday) * s.sigma
    real = 0.5 * s.beta * s.n * sigma**2
    if s.rule == "single":
        return 2.0 * real, 2.0 * real, real
    z = norm.ppf(best_quantile(s))
    one = float((s.cost_short + s.cost_long) * norm.pdf(z) * sigma)
    return s.n * one, math.sqrt(s.n) * one, float(real + 0.5 * s.beta * (s.n * z * sigma) ** 2)


def _imbalance_refusal(s: Imbalance) -> list[Fault]:
    level = s.cost_short / (s.cost_short + s.cost_long)
    if s.rule == "dual" and not 0.05 <= level <= 0.95:  # noqa: PLR2004 - see the reason below
        return [
            Fault(
                "imbalance.cost_short",
                f"the best quantile is {level:.3g}: a party learns its spread from its "
                "own errors, which costs extra in a far tail",
                "cost_short / (cost_short + cost_long) from .05 to .95",
            )
        ]
    return []


def _measure_imbalance(s: Imbalance, bench: Bench) -> dict[str, Check]:
    days = bench.share(min(6000, max(360, 24000 // s.n // 10 * 10)), 20)
    burn_in = 1000 if s.rule == "dual" and s.cost_short != s.cost_long else 60
    burn_in = bench.share(burn_in, 10)

    def draw(replication: int) -> Floats:
        loads = _noisy_loads(s, burn_in + days, replication)
        alone, reached, real = _settled(s, loads, [f"party{i}" for i in range(s.n)], days, replication)
        pooled, _, _ = _settled(s, loads, ["pool"] * s.n, days, replication)
        return np.column_stack([alone, pooled, reached, real])

    def judge(units: Floats) -> dict[str, Check]:
        expected = imbalance_costs(s)
        found, error = zip(*map(mean_of, units.T), strict=True)
        return {
            "cost_separate": Check(found=found[0], expected=expected[0], standard_error=error[0], rel=0.01),
            "cost_pooled": Check(found=found[1], expected=expected[1], standard_error=error[1], rel=0.01),
            "bid_quantile": Check(found=found[2], expected=best_quantile(s), standard_error=error[2], absolute=0.01),
            "real_cost": Check(found=found[3], expected=expected[2], standard_error=error[3], rel=0.02),
        }

    return replicate(draw, judge, bench)


def _noisy_loads(s: Imbalance, days: int, replication: int) -> list[Any]:
    """Return each party's metered load: ten sigma on average, with independent normal hours."""
    key = stream_key(SEED, replication, "validation.load")
    return [
        own_load(f"customer{i}", s.sigma * (10.0 + normals(key, i, np.arange(days), HOURS)), _start(days))
        for i in range(s.n)
    ]


def _start(days: int) -> str:
    """Return the first date of a run of `days` days that ends with 2030."""
    return (dt.date(2031, 1, 1) - dt.timedelta(days=days)).isoformat()


def _settled(
    s: Imbalance, loads: list[Any], parties: list[str], days: int, replication: int
) -> tuple[Floats, Floats, Floats]:
    """Return payments (EUR/h), share of hours within the position, and real cost (EUR/h), each by block of days."""
    from model.inputs import Balancing, Market, Period

    short, long = (s.cost_short, s.cost_long) if s.position == "load" else (s.cost_long, s.cost_short)
    burn_in = len(loads[0].values) - days
    first = dt.date.fromisoformat(loads[0].first_day) + dt.timedelta(days=burn_in)
    model = model_of(
        Period(start=first.isoformat(), days=days, burn_in=burn_in, holidays="none"),
        SEED,
        replication,
        manufacturers=tuple(
            _customer(load.name, party, mean_load=10.0 * s.sigma, alone=True)
            for load, party in zip(loads, parties, strict=True)
        ),
        utilities=tuple(utility_of(name) for name in dict.fromkeys(parties)),
        own_series=(flat_price(), *loads),
        market=Market(price_table="flat"),
        balancing=Balancing(
            rule=s.rule,
            beta=s.beta,
            rest_sd=0.0,
            penalty_short=short,
            penalty_long=long,
            intraday_share=s.intraday,
            intraday_cost=0.0,
        ),
    )
    model.run_for(burn_in)
    blocks, length = 10, days // 10
    found = np.zeros((3, blocks))
    before = np.zeros(2)
    for block in range(blocks):
        reached = 0.0
        for _ in range(length):
            model.step()
            reached += float((model.power.imbalance <= 0.0).mean())
        after = np.array([model.ledger.by_kind("imbalance"), model.ledger.by_kind("balancing")])
        found[0, block], found[2, block] = (after - before) / (length * HOURS)
        found[1, block] = reached / length
        before = after
    return found[0], found[1], found[2]


def _customer(name: str, utility: str, *, mean_load: float, alone: bool = False, peak_charge: float = 0.0) -> Any:
    """Return a customer whose load is the user's own series of the same name, whatever it produces."""
    from model.inputs import ManufacturerInputs, Process, Retail

    return ManufacturerInputs(
        name=name,
        utility=utility,
        metered_alone=alone,
        retail=Retail(peak_charge=peak_charge),
        process=Process(kind="shaped", load_table=name, mean_load=mean_load, production_share=0.0),
    )


def utility_of(name: str, portfolio_error: float = 0.0) -> Any:
    """Return a utility that knows its customers' mean alone."""
    from model.inputs import Forecasting, UtilityInputs

    return UtilityInputs(name=name, forecasting=Forecasting(receiver="naive", portfolio_error=portfolio_error))


# --- monthly peaks -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class PeakPooling:
    """Parameters of `peak_pooling`."""

    n: int = setting(9, "1", "Meters that may be pooled.", bounds=(1, 50))
    mu: float = setting(100.0, "MW", "Mean load of every hour.", bounds=(0.001, 1e5))
    sigma: float = setting(10.0, "MW", "Sd of the load of an hour.", bounds=(0.001, 1e5))
    hours: int = setting(24, "h", "Hours of operation in a billing month.", bounds=(1, 672))


def mean_maximum(hours: int) -> float:
    """Return the expected largest of `hours` independent standard normals, by numerical integration."""
    return float(
        quad(
            lambda x: x * hours * norm.pdf(x) * norm.cdf(x) ** (hours - 1),
            -12.0,
            12.0,
            limit=200,
            points=[-3.0, 0.0, 3.0, 5.0],
        )[0]
    )


def _peak_refusal(s: PeakPooling) -> list[Fault]:
    if s.mu < 5.0 * s.sigma:
        return [Fault("peak_pooling.sigma", "loads would be negative, which no meter reads", "at most mu / 5")]
    return []


def _measure_peaks(s: PeakPooling, bench: Bench) -> dict[str, Check]:
    months = bench.share(12, 1)
    days = (dt.date(2025 + months // 12, months % 12 + 1, 1) - dt.date.fromisoformat(FIRST_DAY)).days
    pools = max(1, bench.share(100, 30) // (s.n + 1))

    def draw(replication: int) -> Floats:
        peaks = _monthly_peaks(s, pools, (months, days), replication)
        return np.column_stack([peaks[:, :-1].sum(axis=1), peaks[:, -1]])

    def judge(units: Floats) -> dict[str, Check]:
        top = s.sigma * mean_maximum(s.hours)
        expected = {"separate": s.n * (s.mu + top), "pooled": s.n * s.mu + math.sqrt(s.n) * top}
        return {
            key: estimated(mean_of(units[:, column]), units, expected[key], rel=0.002)
            for column, key in enumerate(expected)
        }

    return replicate(draw, judge, bench)


def _monthly_peaks(s: PeakPooling, pools: int, span: tuple[int, int], replication: int) -> Floats:
    """Return the mean monthly peak that is charged, MW, shape (pool, n + 1); the last meter is the pool's."""
    from model.inputs import Market, Period

    months, days = span
    loads = _operating_loads(s, pools, days, replication)
    series = [own_load(f"meter{p}-{i}", loads[p, i]) for p in range(pools) for i in range(s.n + 1)]
    meters = [_customer(x.name, "power", mean_load=float(x.values.mean()), peak_charge=1.0) for x in series]
    model = model_of(
        Period(start=FIRST_DAY, days=days, burn_in=0),
        SEED,
        replication,
        manufacturers=tuple(meters),
        utilities=(utility_of("power"),),
        own_series=(flat_price(), *series),
        market=Market(price_table="flat"),
    )
    model.run_to_end()
    charged = [model.ledger.paid(meter.name, "peak") / (1000.0 * months) for meter in meters]
    return np.array(charged).reshape(pools, s.n + 1)


def _operating_loads(s: PeakPooling, pools: int, days: int, replication: int) -> Floats:
    """Return hourly loads, MW, shape (pool, n + 1, days, 24): the month's first hours run, the others stand still.

    The pool's meter reads the sum of its members.
    """
    key = stream_key(SEED, replication, "validation.peak")
    first = dt.date.fromisoformat(FIRST_DAY)
    day_of_month = np.array([(first + dt.timedelta(days=d)).day - 1 for d in range(days)])
    runs = day_of_month[:, None] * HOURS + np.arange(HOURS) < s.hours
    draws = [normals(key, m, np.flatnonzero(runs.any(axis=1)), HOURS) for m in range(pools * s.n)]
    loads = np.zeros((pools, s.n + 1, days, HOURS))
    loads[:, :-1][:, :, runs.any(axis=1)] = s.mu + s.sigma * np.array(draws).reshape(pools, s.n, -1, HOURS)
    loads *= runs
    loads[:, -1] = loads[:, :-1].sum(axis=1)
    return loads


CASES = (
    Case(
        name="merit_order",
        title="Uniform price of a stack, its cost and its payments",
        family="resource",
        level="emergent",
        settings=MeritOrder,
        measure=_measure_merit_order,
        refuse=_merit_refusal,
        exercises=lambda _: (
            f"{POWER}:clear_merit_order",
            f"{POWER}:clear_day",
            f"{POWER}:read_portfolio",
            f"{POWER}:nominate",
            f"{POWER}:settle",
            "model.power:nominate_all",
            "model.physics.production:run_shapes",
            "model.stack:read_stack",
            "model.ledger:post_lines",
        ),
        source="Schweppe, Caramanis, Tabors & Bohn (1988), Spot Pricing of Electricity",
    ),
    Case(
        name="imbalance",
        title="Imbalance payments of separate and pooled parties, and real cost",
        family="resource",
        level="emergent",
        settings=Imbalance,
        measure=_measure_imbalance,
        refuse=_imbalance_refusal,
        exercises=lambda s: (
            f"{POWER}:settle",
            f"{POWER}:imbalance_payment",
            f"{POWER}:close_intraday",
            f"{POWER}:balancing_cost",
            f"{POWER}:nominate",
            f"{POWER}:read_meters",
            "model.power:nominate_all",
            "model.power:forecast_all",
            "model.physics.forecasting:forecast_from_history",
            "model.physics.production:run_shapes",
            "model.ledger:post_lines",
            *((f"{POWER}:bid_quantile",) if s.rule == "dual" and s.cost_short != s.cost_long else ()),
        ),
        source="Bremnes (2004), Wind Energy 7(1); Pinson, Chevallier & Kariniotakis (2007), IEEE Transactions on Power "
        "Systems 22(3); single price: beta Var(S) paid, half of it real cost",
    ),
    Case(
        name="peak_pooling",
        title="Monthly peaks charged on separate meters and on one",
        family="resource",
        level="emergent",
        settings=PeakPooling,
        measure=_measure_peaks,
        refuse=_peak_refusal,
        exercises=lambda _: (
            f"{POWER}:read_meters",
            "model.physics.production:run_shapes",
            "model.accounts:book_firms",
            "model.ledger:post_lines",
        ),
        source="expected maximum of independent normals by numerical integration",
    ),
)
