"""Demand for products, and the order-up-to policy that answers it with stock, backlog and orders.

Conventions (they fix the numbers; see ODD.md "Demand and stock"): an order placed at the end of day t
is available at the start of day t+L; orders reach the supplier the same day; a supplier is never
short towards its customers, what it lacks it buys in and books as backlog. An announcement that is made
on the evening of day t is of the demand of days t+1 to t+L, the days that tonight's order has to cover.
Sources: Chen, Drezner, Ryan & Simchi-Levi (2000), Management Science 46(3); Lee, So & Tang (2000),
Management Science 46(5); Raghunathan (2001), Management Science 47(4).
"""

import math

import numpy as np
from numpy.typing import NDArray

from model.kernels import kernel
from model.streams import Floats, Ints, Key, normal

type Bools = NDArray[np.bool_]

MOVING_AVERAGE, EXPONENTIAL, FILTERED = 0, 1, 2
"""Codes of `ordering.policy`."""

ERROR_MEMORY = 0.995
"""Forgetting factor of the lead-time forecast error's variance: about 200 days (assumption)."""

MIDSUMMER = 182
"""Day of the year on which final demand is highest (assumption)."""


def season_of(day_of_year: int) -> float:
    """Return the cosine of the season: 1 at mid-year, -1 at the turn of the year."""
    return math.cos(2.0 * math.pi * (day_of_year - MIDSUMMER) / 365.0)


@kernel
def next_deviation(day: int, rho: float, sd: float, shock: float, deviation: float) -> float:
    """Return the AR(1) state of `day` after `deviation`, units per day; day 0 starts from the stationary spread."""
    if day == 0:
        return sd * shock
    return rho * deviation + math.sqrt(1.0 - rho * rho) * sd * shock


@kernel
def final_demand(mean: float, amplitude: float, season: float, deviation: float, may_be_negative: bool) -> float:
    """Return a day's final demand of one firm, units, from the season and the state of its AR(1)."""
    value = mean * (1.0 + amplitude * season) + deviation
    return value if may_be_negative else max(0.0, value)


@kernel
def draw_demand(
    day: int,
    season: float,
    key: Key,
    common_key: Key,
    entity: Ints,
    mean: Floats,
    sd: Floats,
    rho: Floats,
    amplitude: Floats,
    common_share: Floats,
    may_be_negative: Bools,
    deviation: Floats,
    demand: Floats,
) -> None:
    """Draw a day's final demand of every firm: AR(1) around a seasonal mean, with a common factor.

    Args:
        day: model day, burn-in included; day 0 starts from the stationary distribution.
        season: cosine of the season on this day, -1 to 1.
        key: stream "demand"; `common_key`: stream "demand_common".
        entity: stream entity of each firm, shape (firm,).
        mean: units per day, shape (firm,).
        sd: stationary sd, units per day, shape (firm,).
        rho: autocorrelation, shape (firm,).
        amplitude: seasonal amplitude over mean, shape (firm,).
        common_share: share of variance in common, shape (firm,).
        may_be_negative: whether demand is left unclipped, shape (firm,).
        deviation: AR(1) state, units per day; updated in place.
        demand: result, units per day; overwritten.
    """
    common = normal(common_key, 0, day, 0)
    for i in range(mean.size):
        shock = np.sqrt(1.0 - common_share[i]) * normal(key, entity[i], day, 0) + np.sqrt(common_share[i]) * common
        deviation[i] = next_deviation(day, rho[i], sd[i], shock, deviation[i])
        demand[i] = final_demand(mean[i], amplitude[i], season, deviation[i], may_be_negative[i])


@kernel
def announce_demand(
    day: int,
    seasons: Floats,
    noise_key: Key,
    key: Key,
    common_key: Key,
    entity: Ints,
    mean: Floats,
    sd: Floats,
    rho: Floats,
    amplitude: Floats,
    common_share: Floats,
    may_be_negative: Bools,
    deviation: Floats,
    lead: Ints,
    noise_variance: Floats,
    announced: Floats,
) -> None:
    """Let final customers announce what they will buy over each firm's lead time, as it will really come, with noise.

    Draws are functions of their address alone, so the coming days can be drawn tonight.

    Args:
        day: today, whose demand is drawn already; the days from `day` + 1 to `day` + `lead` are announced.
        seasons: cosine of the season on every model day and `lead` days beyond, shape (days + longest lead,).
        noise_key: stream "order_noise"; `key` to `deviation`: as in `draw_demand`, after today's draw.
        lead: lead time, days, shape (firm,).
        noise_variance: announced variance of the noise on the total, unit2, shape (firm,); inf announces nothing.
        announced: result, units over the lead time, shape (firm,); left alone where nothing is announced.
    """
    for i in range(mean.size):
        if np.isinf(noise_variance[i]):
            continue
        total, state = 0.0, deviation[i]
        for later in range(day + 1, day + lead[i] + 1):
            own, common = normal(key, entity[i], later, 0), normal(common_key, 0, later, 0)
            shock = np.sqrt(1.0 - common_share[i]) * own + np.sqrt(common_share[i]) * common
            state = next_deviation(later, rho[i], sd[i], shock, state)
            total += final_demand(mean[i], amplitude[i], seasons[later], state, may_be_negative[i])
        announced[i] = total + np.sqrt(noise_variance[i]) * normal(noise_key, entity[i], day, 0)


@kernel
def announcement_gain(error_variance: float, noise_variance: float) -> float:
    """Return the weight of an announcement: s^2/(s^2 + v), of a forecast error's s^2 and an announced noise's v, unit2.

    It is the linear estimate of least mean square, which leaves the variance s^2 v/(s^2 + v); a true
    announcement (v = 0) is believed, one of infinite noise is not.
    """
    return 1.0 if noise_variance == 0.0 else error_variance / (error_variance + noise_variance)


@kernel
def lead_time_forecast(
    policy: int, lead: int, mean: float, level: float, on_signal: float, on_shock: float, signal: float, shock: float
) -> float:
    """Return the forecast of demand summed over the next `lead` days, in units.

    Moving average and exponential smoothing extrapolate `level`; the filtered policy is linear in the
    newest deviation of its signal and in the innovation it has inferred.
    """
    if policy == FILTERED:
        return lead * mean + on_signal * (signal - mean) + on_shock * shock
    return lead * level


@kernel
def update_level(
    policy: int, signal: float, day: int, window: int, smoothing: float, level: float, past: Floats
) -> float:
    """Return the new smoothed level after `signal` was seen; `past` is the ring of a moving average."""
    if policy == MOVING_AVERAGE:
        slot = day % window
        level += (signal - past[slot]) / window
        past[slot] = signal
    elif policy == EXPONENTIAL:
        level += smoothing * (signal - level)
    return level


@kernel
def infer_shock(signal: float, last: float, shock: float, mean: float, rho: float, new: float, old: float) -> float:
    """Return the innovation that a supplier infers from a retailer's orders, in units.

    The retailer's orders are y_t = rho y_(t-1) + new e_t - old e_(t-1) (deviations from the mean), which a
    receiver of the full order history inverts (Raghunathan 2001).
    """
    return ((signal - mean) - rho * (last - mean) + old * shock) / new


@kernel
def track_variance(variance: float, error: float) -> float:
    """Return the running mean square of forecast errors, unit2, after another `error`."""
    return ERROR_MEMORY * variance + (1.0 - ERROR_MEMORY) * error**2


@kernel
def order_up_to(target: float, position: float, may_be_negative: bool) -> float:
    """Return the order, in units, that lifts the inventory position to `target`."""
    order = target - position
    return order if may_be_negative else max(0.0, order)


@kernel
def serve(net_stock: float, arrivals: float, demand: float) -> tuple[float, float, float]:
    """Return (net stock after the day, units shipped, part of today's demand shipped today).

    Net stock is stock less backlog; backlog is served first.
    """
    on_hand = max(0.0, max(0.0, net_stock) + arrivals)
    backlog = max(0.0, -net_stock)
    wanted = max(0.0, demand)
    shipped = min(on_hand, backlog + wanted)
    prompt = max(0.0, min(on_hand - backlog, wanted))
    return net_stock + arrivals - demand, shipped, prompt


@kernel
def open_orders(demand: Floats, has_customer: Bools, incoming: Floats, end_demand: Floats) -> None:
    """Start the day's incoming orders: final demand, or nothing yet where other firms order; shapes (firm,)."""
    for i in range(has_customer.size):
        incoming[i] = 0.0 if has_customer[i] else demand[i]
        end_demand[i] = incoming[i]


@kernel
def replenish(
    sequence: Ints,
    day: int,
    supplier: Ints,
    reads_end_demand: Bools,
    policy: Ints,
    window: Ints,
    smoothing: Floats,
    lead: Ints,
    safety_factor: Floats,
    may_be_negative: Bools,
    making_days: Ints,
    scheduled: Floats,
    produced: Floats,
    filter_mean: Floats,
    filter_terms: Floats,
    net_stock: Floats,
    pipeline: Floats,
    arrivals: Floats,
    level: Floats,
    past_signals: Floats,
    last_signal: Floats,
    shock: Floats,
    past_demand: Floats,
    past_forecasts: Floats,
    past_baselines: Floats,
    announced: Floats,
    announced_variance: Floats,
    baseline_variance: Floats,
    error_variance: Floats,
    incoming: Floats,
    end_demand: Floats,
    shipped: Floats,
    prompt: Floats,
    lead_error: Floats,
    order: Floats,
    material: Floats,
    bought: Floats,
) -> None:
    """Serve a day's demand and place the orders of its end, customers before their suppliers.

    Args:
        sequence: firms to process, each after all of its customers, shape (<= firm,).
        day: model day.
        supplier: index of the firm that receives the orders, or -1.
        reads_end_demand: whether its forecast reads end customers' demand instead of its incoming orders.
        policy, window, smoothing, lead, safety_factor, may_be_negative: declared in `inputs.Ordering`.
        making_days: days from an order to its production, shape (firm,), less than the lead time: 0 where an order
            becomes a delivery as it is; 1 in a workshop, made the next day; 2 in a batch works, planned in between.
        scheduled: last night's order where making takes 2 days: it waits for its plan, units.
        produced: units made today where making takes a day or more; available after the rest of the lead time.
        filter_mean: mean of the signal that a filtered forecast knows, units per day.
        filter_terms: shape (firm, 5): weight on signal, weight on shock, rho, MA term new, MA term old;
            the last two are zero where no shock is inferred.
        net_stock, pipeline, level, last_signal, shock, error_variance: states, updated in place.
        arrivals: ring of future arrivals, shape (firm, ring).
        past_signals: ring of the moving average, shape (firm, longest window).
        past_demand, past_forecasts: rings over the lead time, shape (firm, ring); `past_baselines`: forecasts
            before announced demand was taken in, kept where any is announced.
        announced, announced_variance: as in `announce_demand`; inf leaves the firm to its own forecast.
        baseline_variance: running variance of the baseline's error, unit2, updated where demand is announced.
        incoming, end_demand, shipped, prompt, order: results, units per day; `lead_error`: today's error of
            the forecast made one lead time ago, units.
        material: in a workshop, units that could be made of what was bought and not made into anything yet, shape
            (firm,), updated in place; a unit that is ordered again, because it was not made, takes no new material.
        bought: result, units ordered from the supplier, shape (firm,): the order less material at hand in a workshop.
    """
    ring = arrivals.shape[1]
    for i in sequence:
        # 1 arrivals and demand
        slot = day % ring
        due = arrivals[i, slot]
        arrivals[i, slot] = 0.0
        pipeline[i] -= due
        net_stock[i], shipped[i], prompt[i] = serve(net_stock[i], due, incoming[i])
        if making_days[i] > 0:
            arrivals[i, (day + lead[i] - making_days[i]) % ring] += produced[i]
            pipeline[i] += produced[i]
        # 2 learn from what was seen
        past_demand[i, slot] = incoming[i]
        total = 0.0
        for k in range(lead[i]):
            total += past_demand[i, (day - k) % ring]
        lead_error[i] = total - past_forecasts[i, (day - lead[i]) % ring]
        told = not np.isinf(announced_variance[i])
        if day >= lead[i]:
            error_variance[i] = track_variance(error_variance[i], lead_error[i])
            if told:
                miss = total - past_baselines[i, (day - lead[i]) % ring]
                baseline_variance[i] = track_variance(baseline_variance[i], miss)
        signal = end_demand[i] if reads_end_demand[i] else incoming[i]
        level[i] = update_level(policy[i], signal, day, window[i], smoothing[i], level[i], past_signals[i])
        if filter_terms[i, 3] != 0.0:
            shock[i] = infer_shock(
                signal,
                last_signal[i],
                shock[i],
                filter_mean[i],
                filter_terms[i, 2],
                filter_terms[i, 3],
                filter_terms[i, 4],
            )
        last_signal[i] = signal
        # 3 order
        forecast = lead_time_forecast(
            policy[i], lead[i], filter_mean[i], level[i], filter_terms[i, 0], filter_terms[i, 1], signal, shock[i]
        )
        if told:
            past_baselines[i, slot] = forecast
            gain = announcement_gain(baseline_variance[i], announced_variance[i])
            forecast += gain * (announced[i] - forecast)
        past_forecasts[i, slot] = forecast
        target = forecast + safety_factor[i] * np.sqrt(error_variance[i])
        position = net_stock[i] + pipeline[i]
        if making_days[i] > 1:
            position += scheduled[i]
        order[i] = order_up_to(target, position, may_be_negative[i])
        if making_days[i] == 0:
            arrivals[i, (day + lead[i]) % ring] += order[i]
            pipeline[i] += order[i]
        bought[i] = order[i]
        if making_days[i] == 1:
            material[i] -= produced[i]
            bought[i] = order_up_to(order[i], material[i], may_be_negative[i])
            material[i] += bought[i]
        if supplier[i] >= 0:
            incoming[supplier[i]] += bought[i]
            end_demand[supplier[i]] += end_demand[i]


def filter_weights(rho: float, lead: int, receiver: str, upstream_of: tuple[float, int] | None) -> Floats:
    """Return the terms of a filtered forecast, shape (5,): signal, shock, rho, MA new, MA old.

    Args:
        rho: autocorrelation of final demand.
        lead: the firm's own lead time L, days.
        receiver: "naive", "last_order", "full_history", or "end_demand" for a supplier that sees demand.
        upstream_of: (rho, lead time) of the one retailer that orders from the firm, None at the retail stage.

    Source: Lee, So & Tang (2000) for naive and shared demand, Raghunathan (2001) for full history.
    """
    span = _geometric(rho, lead)
    if upstream_of is None:
        return np.array([rho * span, 0.0, rho, 0.0, 0.0])
    amplification = rho * _geometric(rho, upstream_of[1])
    new, old = 1.0 + amplification, amplification
    if receiver == "end_demand":
        return np.array([(new * rho - old) * span, 0.0, rho, 0.0, 0.0])
    if receiver == "naive":
        return np.array([rho * span, 0.0, rho, 0.0, 0.0])
    if receiver == "last_order":
        return np.array([_last_order_weight(rho, new, old, span), 0.0, rho, 0.0, 0.0])
    return np.array([rho * span, -old * span, rho, new, old])


def is_invertible(rho: float, lead: int) -> bool:
    """Tell whether a retailer's orders reveal its demand shocks: only where A > -1/2 (Raghunathan 2001)."""
    return rho * _geometric(rho, lead) > -0.5


def _geometric(rho: float, terms: int) -> float:
    """Return 1 + rho + ... + rho^(terms-1)."""
    return float(sum(rho**k for k in range(terms)))


def _last_order_weight(rho: float, new: float, old: float, span: float) -> float:
    """Return the LMMSE weight of the last order alone for the next `span` orders.

    For y = rho y' + new e - old e': Var y = (new^2 + old^2 - 2 rho new old)/(1 - rho^2) and
    Cov(y_(t+1), y_t) = rho Var y - old new (unit innovation variance).
    """
    variance = (new**2 + old**2 - 2.0 * rho * new * old) / (1.0 - rho**2)
    return (rho * variance - old * new) / variance * span
