"""Validation of breaches, common mode, security spending and interfaces.

Oracles: compound Poisson by Panjer's recursion (Panjer 1981, ASTIN Bulletin 12(1)); the variance of a sum of copies of
one variable; numerical minima; counts of a complete graph. They share no code with the engine.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from model.errors import Fault
from model.incidents import expected_breach_loss
from model.interfaces import Link, Wiring, interface_cost, interface_count
from model.risk import var
from model.security import Security, investment, spending_bound
from model.streams import Floats
from model.validation.case import Bench, Case, Check, setting
from model.validation.engine import flat_price, own_load
from model.validation.sampling import estimated, mean_of, ratio_of, replicate

SEED = 2000
DRAWS = (
    "model.incidents:draw_breaches",
    "model.incidents:add_losses",
    "model.sharing:copies_of",
    "model.streams:uniform",
)
LEVEL = 0.995
GRID = 8192
"""Steps of the oracle's grid of losses."""


def drawn_losses(years: int, replication: int, **parts: Any) -> Floats:
    """Return the nested years of breach losses of a model of the given parts, EUR, shape (owner, year)."""
    from model.inputs import Period
    from model.validation.engine import model_of
    from model.world import Incidents

    model = model_of(Period(days=1, burn_in=0), SEED, replication, incidents=Incidents(loss_years=years), **parts)
    return model.sharing.loss_years().losses


# --- losses of one copy ------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class BreachLoss:
    """Parameters of `breach_loss`."""

    rate: float = setting(0.1, "1/yr", "Breaches a year at the holder of the copy.", bounds=(0.01, 10))
    median: float = setting(2e5, "EUR", "Median loss.", bounds=(1e-3, 1e9))
    sigma_ln: float = setting(2.0, "1", "Standard deviation of the log loss.", bounds=(0.1, 2.5))


def yearly_loss_quantile(s: BreachLoss, level: float = LEVEL) -> float:
    """Return the quantile of the year's total loss, EUR, by Panjer's recursion on a grid that grows to hold it."""
    top = s.median * math.exp(s.sigma_ln * float(norm.ppf(1.0 - (1.0 - level) / max(1.0, s.rate)))) * max(1.0, s.rate)
    while True:
        step = top / GRID
        below = np.cumsum(compound_poisson(s, step))
        if below[-1] > level:
            return step * float(np.interp(level, below, np.arange(GRID) + 0.5))
        top *= 2.0


def compound_poisson(s: BreachLoss, step: float) -> Floats:
    """Return the probabilities that the year's total rounds to 0, 1, 2 ... steps, shape (GRID,)."""
    edges = np.log(step * (np.arange(GRID) + 0.5) / s.median) / s.sigma_ln
    single = np.diff(norm.cdf(edges), prepend=0.0)
    weighted = np.arange(GRID) * single
    total = np.zeros(GRID)
    total[0] = math.exp(-s.rate * (1.0 - single[0]))
    for k in range(1, GRID):
        total[k] = s.rate / k * (weighted[1 : k + 1] @ total[k - 1 :: -1])
    return total


def _loss_refusal(s: BreachLoss) -> list[Fault]:
    if math.exp(s.sigma_ln**2) / s.rate > 6000.0:  # noqa: PLR2004 - variance over squared mean of a year's loss
        return [
            Fault(
                "breach_loss.sigma_ln",
                "the oracle holds, but no affordable sample shows it: so rare and so different are the losses",
                "exp(sigma_ln^2) / rate up to 6000",
            )
        ]
    return []


def _measure_losses(s: BreachLoss, bench: Bench) -> dict[str, Check]:
    from model.inputs import DataContract, ManufacturerInputs, Process

    shop = ManufacturerInputs(name="shop", process=Process(kind="none"))
    orders = DataContract(
        name="orders",
        provider="customers",
        partner="shop",
        asset="orders",
        breach_rate=s.rate,
        breach_median=s.median,
        breach_sigma=s.sigma_ln,
    )
    years = bench.share(1_000_000, 5000)

    def draw(replication: int) -> Floats:
        losses = drawn_losses(years, replication, manufacturers=(shop,), contracts=(orders,))[0]
        return np.array([[losses.mean(), float(var(losses, LEVEL))]])

    quantile = yearly_loss_quantile(s)
    mean = s.rate * s.median * math.exp(0.5 * s.sigma_ln**2)

    def judge(units: Floats) -> dict[str, Check]:
        return {
            "mean": estimated(mean_of(units[:, 0]), units, mean, rel=0.02),
            "var995": estimated(mean_of(units[:, 1]), units, quantile, rel=0.02),
        }

    return replicate(draw, judge, bench, most=300)


# --- one hub against separate holders ----------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class HubCommonMode:
    """Parameters of `hub_common_mode`."""

    n: int = setting(20, "1", "Members, each with one copy.", bounds=(1, 100))
    p: float = setting(0.05, "1", "Probability of a breach of a holder in a year.", bounds=(0.01, 0.5))


def sharing_meters(s: HubCommonMode, *, over_hub: bool) -> dict[str, Any]:
    """Return the parts of a model in which n works share their meters, each with a utility of its own.

    Each leak costs an euro. Either the hub is breached, which holds what all have shared, or each utility by itself.
    """
    from model.inputs import (
        DataContract,
        DataPlatformInputs,
        Forecasting,
        ManufacturerInputs,
        Market,
        Process,
        UtilityInputs,
    )

    rate = -math.log1p(-s.p)
    load = own_load("load", np.ones((7, 24)))
    shaped = Process(kind="shaped", load_table="load", mean_load=1.0, production_share=0.0)
    hub = DataPlatformInputs(name="hub", breach_rate=rate)
    names = [str(member) for member in range(s.n)]
    return {
        "manufacturers": tuple(
            ManufacturerInputs(name=f"works {i}", utility=f"utility {i}", metered_alone=True, process=shaped)
            for i in names
        ),
        "utilities": tuple(
            UtilityInputs(name=f"utility {i}", forecasting=Forecasting(receiver="naive")) for i in names
        ),
        "data_platforms": (hub,) if over_hub else (),
        "contracts": tuple(
            DataContract(
                name=f"meter {i}",
                provider=f"works {i}",
                partner=f"utility {i}",
                platform="hub" if over_hub else "",
                asset="meter",
                breach_rate=0.0 if over_hub else rate,
                breach_median=1.0,
                breach_sigma=0.0,
            )
            for i in names
        ),
        "own_series": (flat_price(), load),
        "market": Market(price_table="flat"),
    }


def _measure_hub(s: HubCommonMode, bench: Bench) -> dict[str, Check]:
    years = bench.share(min(100_000, 5_000_000 // s.n), 1000)

    def draw(replication: int) -> Floats:
        hub = drawn_losses(years, 2 * replication, **sharing_meters(s, over_hub=True)).sum(axis=0)
        separate = drawn_losses(years, 2 * replication + 1, **sharing_meters(s, over_hub=False)).sum(axis=0)
        return np.array([[hub.mean(), separate.mean(), hub.var(ddof=1), separate.var(ddof=1)]])

    def judge(units: Floats) -> dict[str, Check]:
        return {
            "mean_ratio": estimated(ratio_of(units[:, 0], units[:, 1]), units, 1.0, rel=0.02),
            "variance_ratio": estimated(ratio_of(units[:, 2], units[:, 3]), units, float(s.n), rel=0.02),
        }

    return replicate(draw, judge, bench, most=1000)


# --- security spending -------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class SecurityInvestment:
    """Parameters of `security_investment`."""

    v: float = setting(0.65, "1/yr", "Hazard of a breach without spending.", bounds=(0.001, 10))
    loss: float = setting(1e6, "EUR", "Loss in a breach.", bounds=(1, 1e12))
    alpha: float = setting(1e-5, "yr/EUR", "Effect of spending on the hazard.", bounds=(1e-12, 1))
    beta: float = setting(1.0, "1", "Exponent of that effect.", bounds=(0.01, 20))


def cheapest_spending(s: SecurityInvestment) -> float:
    """Return the spending z that minimises v L / (alpha z + 1)^beta + z, by a numerical search over [0, v L]."""
    exposure = s.v * s.loss
    found = minimize_scalar(
        lambda share: (s.alpha * exposure * share + 1.0) ** -s.beta + share,
        bounds=(0.0, 1.0),
        method="bounded",
        options={"xatol": 1e-10},
    )
    return float(found.x) * exposure


def dearest_spending(exposure: float) -> float:
    """Return the most that is ever worth spending: the largest optimum over all effects k of v L exp(-k z).

    The exponential is the limit of the class for beta to infinity at k = alpha beta; its optimum is ln(k v L) / k.
    """
    found = minimize_scalar(lambda k: -math.log(k) / k, bounds=(1.0, 50.0), method="bounded", options={"xatol": 1e-10})
    return -float(found.fun) * exposure


def _measure_security(s: SecurityInvestment, _: Bench) -> dict[str, Check]:
    exposure = expected_breach_loss(s.v, s.loss, 0.0, math.inf)
    found = investment(Security(rule="gordon_loeb", alpha=s.alpha, beta=s.beta), exposure)
    best = cheapest_spending(s)
    bound = dearest_spending(s.v * s.loss)
    return {
        "investment": Check(found=found, expected=best, absolute=1e-4 * bound),
        "bound": Check(found=spending_bound(exposure), expected=bound, rel=1e-6),
    }


# --- interfaces --------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Interfaces:
    """Parameters of `interfaces`."""

    n: int = setting(10, "1", "Parties, each exchanging records with every other.", bounds=(2, 500))
    cost_hub: float = setting(4.0, "EUR/yr", "Cost of a member's interface to the hub.", bounds=(0, 1e9))
    cost_pair: float = setting(1.0, "EUR/yr", "Cost of an interface of a pair.", bounds=(1e-6, 1e9))


def _complete(n: int) -> list[Link]:
    """Return contracts of everybody with everybody, in both directions."""
    return list(itertools.permutations([f"party {i}" for i in range(n)], 2))


def _measure_interfaces(s: Interfaces, _: Bench) -> dict[str, Check]:
    links = s.n * (s.n - 1) // 2

    def cost(n: int, wiring: Wiring) -> float:
        return interface_cost(_complete(n), wiring, s.cost_pair if wiring == "pairwise" else s.cost_hub)

    def advantage(n: int) -> float:
        """Return what the hub saves each member: linear in n, so two sizes give the one where it is nil."""
        return (cost(n, "pairwise") - cost(n, "hub")) / n

    few, many = 2, max(3, s.n)
    slope = (advantage(many) - advantage(few)) / (many - few)
    threshold = many - advantage(many) / slope if slope else math.nan
    return {
        "pairwise_links": Check(found=interface_count(_complete(s.n), "pairwise"), expected=links, absolute=0.0),
        "hub_links": Check(found=interface_count(_complete(s.n), "hub"), expected=s.n, absolute=0.0),
        "pairwise_cost": Check(found=cost(s.n, "pairwise"), expected=s.cost_pair * links, rel=1e-9),
        "hub_cost": Check(found=cost(s.n, "hub"), expected=s.cost_hub * s.n, rel=1e-9),
        "threshold_n": Check(found=threshold, expected=1.0 + 2.0 * s.cost_hub / s.cost_pair, rel=1e-9),
    }


CASES = (
    Case(
        name="interfaces",
        title="Interfaces of pairs and of a hub, and when the hub is cheaper",
        family="data",
        level="unit",
        settings=Interfaces,
        measure=_measure_interfaces,
        exercises=lambda _: tuple(
            f"model.interfaces:{name}" for name in ("interfaces", "interface_count", "interface_cost")
        ),
        source="edges of a complete graph, n (n - 1) / 2, against n members of a star",
    ),
    Case(
        name="breach_loss",
        title="Mean and 99.5 % quantile of a year's breach losses",
        family="data",
        level="emergent",
        settings=BreachLoss,
        measure=_measure_losses,
        refuse=_loss_refusal,
        exercises=lambda _: (
            *DRAWS,
            "model.incidents:draw_loss_years",
            "model.streams:normal_quantile",
            "model.risk:var",
        ),
        source="Panjer (1981), ASTIN Bulletin 12(1): compound Poisson with lognormal losses",
    ),
    Case(
        name="hub_common_mode",
        title="Losses with all copies at one hub against separate holders",
        family="data",
        level="emergent",
        settings=HubCommonMode,
        measure=_measure_hub,
        exercises=lambda _: DRAWS,
        source="one Bernoulli event for all against one each: same mean, n times the variance",
    ),
    Case(
        name="security_investment",
        title="Optimal spending on security, and its upper bound",
        family="data",
        level="unit",
        settings=SecurityInvestment,
        measure=_measure_security,
        exercises=lambda _: (
            "model.security:investment",
            "model.security:gordon_loeb",
            "model.security:spending_bound",
            "model.incidents:expected_breach_loss",
            "model.incidents:limited_mean",
        ),
        source="Gordon & Loeb (2002), ACM Transactions on Information and System Security 5(4)",
    ),
)
