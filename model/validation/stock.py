"""Validation of demand, stock and orders: bullwhip, the value of shared demand, the newsvendor, announced orders.

Oracles: Chen, Drezner, Ryan & Simchi-Levi (2000), Management Science 46(3), 436-443; Lee, So & Tang (2000),
Management Science 46(5), 626-643; Raghunathan (2001), Management Science 47(4), 605-610; Arrow, Harris &
Marschak (1951), Econometrica 19(3), 250-272. They share no code with the engine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import norm

from model.errors import Fault
from model.streams import Floats
from model.validation.case import Bench, Case, Check, setting
from model.validation.sampling import mean_of, ratio_of, replicate

SEED = 2000
CHAINS = 150
"""Independent supply chains in one model: each is one unit of observation."""
FEWEST_CHAINS = 20
MEAN = 100.0
"""Mean daily demand, units; it cancels out of every result."""
PRECISION = 0.01
"""Relative tolerance of the random results."""
NOTHING = 1e-6
"""Ratio below which a cost counts as none."""
FEWEST_REPLICATIONS = 12
"""Replications before a standard error between them can be trusted."""
ENGINE = tuple(
    f"model.physics.demand:{name}"
    for name in (
        "draw_demand",
        "final_demand",
        "open_orders",
        "serve",
        "replenish",
        "lead_time_forecast",
        "order_up_to",
    )
)
IN_MONEY = ("model.physics.demand:next_deviation", "model.accounts:book_firms", "model.ledger:post_lines")
"""What a cost takes beyond that: the size of the demand's swings, and the way into the ledger."""


@dataclass(frozen=True, kw_only=True)
class Bullwhip:
    """Parameters of `bullwhip`."""

    p: int = setting(5, "day", "Window of the moving average.", bounds=(1, 60))
    L: int = setting(4, "day", "Lead time of every stage.", bounds=(1, 30))
    rho: float = setting(0.0, "1", "Autocorrelation of final demand.", bounds=(-0.95, 0.95))
    z: float = setting(0.0, "1", "Safety factor; above 0 the published ratio is a lower bound.", bounds=(0, 5))
    stages: int = setting(1, "1", "Stages between customer and factory; the last one is measured.", bounds=(1, 6))
    information: str = setting(
        "decentralised",
        "",
        "What a stage forecasts from: its orders, or end demand.",
        choices=("decentralised", "centralised"),
    )


def order_filter(s: Bullwhip) -> Floats:
    """Return the linear filter that turns demand into the last stage's orders at z = 0, newest day first.

    Order = signal + a (signal today - signal p days ago), a = L/p. Decentralised, each stage passes what it
    receives through it; centralised, the stages' lead times add up.
    """
    step = np.zeros(s.p + 1)
    step[0], step[s.p] = 1.0, -1.0
    one = np.zeros(s.p + 1)
    one[0] = 1.0
    if s.information == "centralised":
        return one + s.stages * s.L / s.p * step
    whole = np.ones(1)
    for _ in range(s.stages):
        whole = np.convolve(whole, one + s.L / s.p * step)
    return whole


def variance_ratio(s: Bullwhip) -> float:
    """Return order variance over demand variance at z = 0: sum over i, j of h_i h_j rho^|i - j|."""
    h = order_filter(s)
    lags = np.abs(np.subtract.outer(np.arange(h.size), np.arange(h.size)))
    return float(h @ np.power(float(s.rho), lags) @ h)


def lower_bound(s: Bullwhip) -> float:
    """Return the published lower bound for any z: product over stages, or its single-stage and centralised forms."""
    if s.information == "centralised" or s.stages == 1:
        return variance_ratio(s)
    return float((1.0 + 2.0 * s.L / s.p + 2.0 * (s.L / s.p) ** 2) ** s.stages)


def _bullwhip_refusal(s: Bullwhip) -> list[Fault]:
    if s.z > 0.0 and s.rho != 0.0 and s.stages > 1:
        return [
            Fault(
                "bullwhip.z",
                "with safety stock and correlated demand a bound is published for one stage only",
                "z = 0, rho = 0, or stages = 1",
            )
        ]
    return []


def _measure_bullwhip(s: Bullwhip, bench: Bench) -> dict[str, Check]:
    reach = (s.p + s.L) * s.stages + math.ceil(5.0 / (1.0 - abs(s.rho)))

    chains = bench.share(CHAINS, FEWEST_CHAINS)

    def draw(replication: int) -> Floats:
        firms = [_stage(s, chain, k) for chain in range(chains) for k in range(s.stages)]
        record = _record(firms, ("order", "demand"), (bench.share(1500, 60), 3 * reach), replication)
        order, demand = ((record[c].reshape(-1, chains, s.stages) - MEAN) ** 2 for c in ("order", "demand"))
        return np.column_stack([order[:, :, -1].sum(axis=0), demand[:, :, 0].sum(axis=0)])

    def judge(units: Floats) -> dict[str, Check]:
        found, error = ratio_of(units[:, 0], units[:, 1])
        expected = lower_bound(s) if s.z > 0.0 else variance_ratio(s)
        return {
            "variance_ratio": Check(
                found=found, expected=expected, standard_error=error, rel=PRECISION, lower_bound=s.z > 0.0
            )
        }

    return replicate(draw, judge, bench)


def _stage(s: Bullwhip, chain: int, stage: int) -> Any:
    signal = "end_demand" if s.information == "centralised" else "orders"
    last = stage + 1 == s.stages
    return _firm(
        f"chain{chain}-{stage}",
        "" if last else f"chain{chain}-{stage + 1}",
        (0.2, s.rho),
        {"policy": "moving_average", "window": s.p, "lead_time": s.L, "safety_factor": s.z, "order_signal": signal},
    )


@dataclass(frozen=True, kw_only=True)
class InformationValue:
    """Parameters of `information_value`."""

    rho: float = setting(0.7, "1", "Autocorrelation of final demand.", bounds=(-0.95, 0.95))
    l: int = setting(5, "day", "Retailer's lead time, review day not counted.", bounds=(0, 20))  # noqa: E741
    L: int = setting(5, "day", "Supplier's lead time, review day not counted.", bounds=(0, 20))
    receiver: str = setting(
        "naive",
        "",
        "What the supplier infers from orders when demand is not shared.",
        choices=("naive", "last_order", "full_history"),
    )


def shared_variance(rho: float, retail: int, supply: int) -> float:
    """Return V', the supplier's lead-time variance with shared demand, for unit innovations (Lee, So & Tang 2000)."""
    return sum((1.0 - rho ** (retail + 1 + k)) ** 2 for k in range(1, supply + 2)) / (1.0 - rho) ** 2


def unshared_variance(rho: float, retail: int, supply: int, receiver: str) -> float:
    """Return V, the same without sharing: Lee-So-Tang for `naive`, Raghunathan for `full_history`, else projection."""
    if receiver == "full_history":
        return shared_variance(rho, retail, supply)
    if receiver == "naive":
        hidden = rho**2 * (1 - rho ** (retail + 1)) ** 2 * (1 - rho ** (supply + 1)) ** 2 / (1 - rho) ** 4
        return shared_variance(rho, retail, supply) + hidden
    return projection_variance(rho, retail, supply)


def projection_variance(rho: float, retail: int, supply: int) -> float:
    """Return the variance of the next supply + 1 orders around their best linear forecast from the last order.

    Numerically, from the moving-average form of the retailer's orders y = sum psi_k e_(t-k), with
    psi_0 = 1 + A, psi_k = rho^(k-1) (rho (1 + A) - A), A = rho (1 - rho^(l+1)) / (1 - rho).
    """
    a = rho * (1.0 - rho ** (retail + 1)) / (1.0 - rho)
    terms = 40 + math.ceil(40.0 / (1.0 - abs(rho)))
    psi = np.concatenate([[1.0 + a], (rho * (1.0 + a) - a) * np.power(rho, np.arange(terms))])
    ahead = np.zeros(psi.size + supply + 1)  # weight of each innovation, oldest last, in the sum of coming orders
    for k in range(1, supply + 2):
        ahead[supply + 1 - k : supply + 1 - k + psi.size] += psi
    last = np.concatenate([np.zeros(supply + 1), psi])
    return float(ahead @ ahead - (ahead @ last) ** 2 / (last @ last))


def _information_refusal(s: InformationValue) -> list[Fault]:
    if s.rho < 0.0:
        return [
            Fault(
                "information_value.rho",
                "the published variances hold for positively correlated demand; below 0 "
                "the supplier cannot always recover demand from the order history",
                "0 to 0.95",
            )
        ]
    return []


def _measure_information(s: InformationValue, bench: Bench) -> dict[str, Check]:
    days = (bench.share(2500, 100), 3 * (s.l + s.L + 2) + math.ceil(20.0 / (1.0 - s.rho)))

    chains = bench.share(CHAINS, FEWEST_CHAINS)

    def squares(signal: str, replication: int) -> Floats:
        firms = [firm for pair in range(chains) for firm in _pair(s, pair, signal)]
        record = _record(firms, ("lead_error",), days, replication)["lead_error"]
        mean_square: Floats = (record.reshape(-1, chains, 2)[:, :, 1] ** 2).mean(axis=0)
        return mean_square

    def draw(replication: int) -> Floats:
        return np.column_stack([squares("orders", replication), squares("end_demand", replication)])

    def judge(units: Floats) -> dict[str, Check]:
        expected = unshared_variance(s.rho, s.l, s.L, s.receiver), shared_variance(s.rho, s.l, s.L)
        checks = {}
        for column, key in enumerate(("variance_without", "variance_with")):
            found, error = mean_of(units[:, column])
            checks[key] = Check(found=found, expected=expected[column], standard_error=error, rel=PRECISION)
        ratio, error = ratio_of(units[:, 1], units[:, 0])
        saving, saving_error = 1.0 - math.sqrt(ratio), 0.5 * error / math.sqrt(ratio)
        checks["safety_stock_saving"] = Check(
            found=saving,
            expected=1.0 - math.sqrt(expected[1] / expected[0]),
            standard_error=saving_error,
            absolute=0.005,
        )
        return checks

    return replicate(draw, judge, bench)


def _pair(s: InformationValue, pair: int, signal: str) -> tuple[Any, Any]:
    sd = 1.0 / math.sqrt(1.0 - s.rho**2) / MEAN
    filtered = {"policy": "filtered", "safety_factor": 0.0}
    retailer = _firm(f"retailer{pair}", f"supplier{pair}", (sd, s.rho), {**filtered, "lead_time": s.l + 1})
    supplier = _firm(
        f"supplier{pair}",
        "",
        (sd, s.rho),
        {**filtered, "lead_time": s.L + 1, "receiver": s.receiver, "order_signal": signal},
    )
    return retailer, supplier


def _inference(s: InformationValue) -> tuple[str, ...]:
    """Return what a receiver of the full history adds; the weight of a last order alone is too small to show."""
    return ("model.physics.demand:infer_shock",) if s.receiver == "full_history" else ()


@dataclass(frozen=True, kw_only=True)
class Newsvendor:
    """Parameters of `newsvendor`."""

    h: float = setting(1.0, "EUR/unit/day", "Cost of holding a unit for a day.", bounds=(0.001, 1e6))
    b: float = setting(9.0, "EUR/unit/day", "Cost of a unit's backlog for a day.", bounds=(0.001, 1e6))
    sigma: float = setting(20.0, "unit", "Sd of demand over the protection interval, here a day.", bounds=(0.001, 1e6))


def newsvendor_cost(s: Newsvendor) -> float:
    """Return (h + b) phi(z) sigma, z = Phi^-1(b / (b + h)), EUR per day (Arrow, Harris & Marschak 1951)."""
    return float((s.h + s.b) * norm.pdf(norm.ppf(s.b / (s.b + s.h))) * s.sigma)


def _newsvendor_refusal(s: Newsvendor) -> list[Fault]:
    ratio = s.b / (s.b + s.h)
    if not 0.5 <= ratio <= 0.99:  # noqa: PLR2004 - see the reason below
        return [
            Fault(
                "newsvendor.b" if type(s) is Newsvendor else "privacy_cost.b",
                f"b / (b + h) is {ratio:.4g}: the firm holds no negative safety stock, and it "
                "learns sigma from its own errors, which costs extra in a far tail",
                "ratio from 0.5 to 0.99",
            )
        ]
    return []


def _measure_newsvendor(s: Newsvendor, bench: Bench) -> dict[str, Check]:
    def draw(replication: int) -> Floats:
        return np.array([[_shop_cost(s, math.inf, bench, replication)]])

    def judge(units: Floats) -> dict[str, Check]:
        found, error = mean_of(units[:, 0])
        error = error if units.size >= bench.share(FEWEST_REPLICATIONS, 6) else math.inf
        return {"cost": Check(found=found, expected=newsvendor_cost(s), standard_error=error, rel=PRECISION)}

    return replicate(draw, judge, bench)


def _shop_cost(s: Newsvendor, noise_variance: float, bench: Bench, replication: int) -> float:
    """Return the cost of stock and backlog of shops whose customers announce each coming day, EUR per shop and day."""
    from model.inputs import DataContract, Period
    from model.validation.engine import model_of

    firms, days = bench.share(100, 20), bench.share(400, 20)
    policy = {
        "policy": "filtered",
        "lead_time": 1,
        "holding_cost": s.h,
        "backlog_cost": s.b,
        "safety_factor": float(norm.ppf(s.b / (s.b + s.h))),
    }
    shop = _firm("shop", "", (0.1, 0.0), policy, mean=10.0 * s.sigma, count=firms)
    orders = DataContract(
        name="orders", provider="customers", partner="shop", asset="orders", noise_sd=math.sqrt(noise_variance)
    )
    period = Period(days=days, burn_in=20)
    model = model_of(period, SEED, replication, manufacturers=(shop,), contracts=(orders,))
    model.run_to_end()
    return model.ledger.by_kind("stock") / (firms * days)


@dataclass(frozen=True, kw_only=True)
class PrivacyCost(Newsvendor):
    """Parameters of `privacy_cost`."""

    noise_variance: float = setting(
        200.0, "unit2", "Variance of the Gaussian noise on what customers announce of that demand.", bounds=(0, 1e12)
    )


def posterior_ratio(s: PrivacyCost) -> float:
    """Return what noisy announcements leave of the cost: s_post / s, s_post^2 = s^2 v / (s^2 + v) (Gaussian)."""
    return math.sqrt(s.noise_variance / (s.sigma**2 + s.noise_variance))


def _measure_privacy_cost(s: PrivacyCost, bench: Bench) -> dict[str, Check]:
    def draw(replication: int) -> Floats:
        return np.array([[_shop_cost(s, v, bench, replication) for v in (s.noise_variance, math.inf)]])

    def judge(units: Floats) -> dict[str, Check]:
        found, error = ratio_of(units[:, 0], units[:, 1])
        error = error if len(units) >= bench.share(FEWEST_REPLICATIONS, 6) else math.inf
        expected = posterior_ratio(s)
        allowed = PRECISION * expected if expected else NOTHING
        return {"cost_ratio": Check(found=found, expected=expected, standard_error=error, absolute=allowed)}

    return replicate(draw, judge, bench)


def _firm(
    name: str, supplier: str, demand: tuple[float, float], policy: dict[str, Any], *, mean: float = MEAN, count: int = 1
) -> Any:
    """Return a firm without electricity whose demand has (variation, autocorrelation) and no season."""
    from model.inputs import Demand, ManufacturerInputs, Ordering, Process

    return ManufacturerInputs(
        name=name,
        count=count,
        supplier=supplier,
        process=Process(kind="none"),
        demand=Demand(mean=mean, variation=demand[0], autocorrelation=demand[1], season=0.0, common_share=0.0),
        ordering=Ordering(negative_orders=True, **policy),
    )


def _record(firms: list[Any], columns: tuple[str, ...], days: tuple[int, int], replication: int) -> dict[str, Any]:
    """Return the daily columns, shape (days, firm), of `days` = (counted, burn-in) days."""
    from model.inputs import Period
    from model.recorder import Recorder
    from model.validation.engine import model_of

    counted, burn_in = days
    model = model_of(Period(days=counted, burn_in=burn_in), SEED, replication, manufacturers=tuple(firms))
    model.run_for(burn_in)
    recorder = Recorder(model.firms, columns, counted)
    for _ in range(counted):
        model.step()
        recorder.record(model.time)
    return {name: recorder.array(name) for name in columns}


CASES = (
    Case(
        name="bullwhip",
        title="Order variance over demand variance along a supply chain",
        family="data",
        level="emergent",
        settings=Bullwhip,
        measure=_measure_bullwhip,
        refuse=_bullwhip_refusal,
        exercises=lambda _: (*ENGINE, "model.physics.demand:update_level"),
        source="Chen, Drezner, Ryan & Simchi-Levi (2000), Management Science 46(3); exact multi-stage "
        "ratio from the k-fold moving-average filter",
    ),
    Case(
        name="information_value",
        title="What a supplier's safety stock gains from shared demand",
        family="data",
        level="emergent",
        settings=InformationValue,
        measure=_measure_information,
        refuse=_information_refusal,
        exercises=lambda s: (*ENGINE, "model.physics.demand:filter_weights", *_inference(s)),
        source="Lee, So & Tang (2000), Management Science 46(5); Raghunathan (2001), Management Science 47(4)",
    ),
    Case(
        name="newsvendor",
        title="Cost of stock and backlog under the best safety factor",
        family="data",
        level="emergent",
        settings=Newsvendor,
        measure=_measure_newsvendor,
        refuse=_newsvendor_refusal,
        exercises=lambda _: (*ENGINE, *IN_MONEY, "model.physics.demand:track_variance"),
        source="Arrow, Harris & Marschak (1951), Econometrica 19(3); Zipkin (2000), Foundations of Inventory "
        "Management",
    ),
    Case(
        name="privacy_cost",
        title="Cost of stock and backlog that noise on announced orders leaves",
        family="data",
        level="emergent",
        settings=PrivacyCost,
        measure=_measure_privacy_cost,
        refuse=_newsvendor_refusal,
        exercises=lambda _: (
            *ENGINE,
            *IN_MONEY,
            "model.physics.demand:announce_demand",
            "model.physics.demand:announcement_gain",
        ),
        source="Arrow, Harris & Marschak (1951), Econometrica 19(3), with the variance that a noisy Gaussian signal "
        "leaves (linear estimate of least mean square)",
    ),
)
