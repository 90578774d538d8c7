"""Demand for products, and the order-up-to policy that answers it with stock, backlog and orders.

Conventions (they fix the numbers; see ODD.md "Demand and stock"): an order placed at the end of day t
is available at the start of day t+L; orders reach the supplier the same day; a supplier is never
short towards its customers, what it lacks it buys in and books as backlog.
Sources: Chen, Drezner, Ryan & Simchi-Levi (2000), Management Science 46(3); Lee, So & Tang (2000),
Management Science 46(5); Raghunathan (2001), Management Science 47(4).
"""

import numpy as np
from numpy.typing import NDArray

from model.kernels import kernel
from model.streams import Floats, Ints, Key, normal

type Bools = NDArray[np.bool_]

MOVING_AVERAGE, EXPONENTIAL, FILTERED = 0, 1, 2
"""Codes of `ordering.policy`."""

ERROR_MEMORY = 0.995
"""Forgetting factor of the lead-time forecast error's variance: about 200 days (assumption)."""


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
        if day == 0:
            deviation[i] = sd[i] * shock
        else:
            deviation[i] = rho[i] * deviation[i] + np.sqrt(1.0 - rho[i] * rho[i]) * sd[i] * shock
        value = mean[i] * (1.0 + amplitude[i] * season) + deviation[i]
        demand[i] = value if may_be_negative[i] else max(0.0, value)


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
    makes_itself: Bools,
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
    error_variance: Floats,
    incoming: Floats,
    end_demand: Floats,
    shipped: Floats,
    prompt: Floats,
    lead_error: Floats,
    order: Floats,
) -> None:
    """Serve a day's demand and place the orders of its end, customers before their suppliers.

    Args:
        sequence: firms to process, each after all of its customers, shape (<= firm,).
        day: model day.
        supplier: index of the firm that receives the orders, or -1.
        reads_end_demand: whether its forecast reads end customers' demand instead of its incoming orders.
        policy, window, smoothing, lead, safety_factor, may_be_negative: declared in `inputs.Ordering`.
        makes_itself: whether the order goes into a production plan (batch) instead of becoming a delivery.
        scheduled: last night's order of such firms, which waits for its plan, units.
        produced: units made today by such firms; available after the rest of the lead time.
        filter_mean: mean of the signal that a filtered forecast knows, units per day.
        filter_terms: shape (firm, 5): weight on signal, weight on shock, rho, MA term new, MA term old;
            the last two are zero where no shock is inferred.
        net_stock, pipeline, level, last_signal, shock, error_variance: states, updated in place.
        arrivals: ring of future arrivals, shape (firm, ring).
        past_signals: ring of the moving average, shape (firm, longest window).
        past_demand, past_forecasts: rings over the lead time, shape (firm, ring).
        incoming, end_demand, shipped, prompt, order: results, units per day; `lead_error`: today's error of
            the forecast made one lead time ago, units.
    """
    ring = arrivals.shape[1]
    for i in sequence:
        # 1 arrivals and demand
        slot = day % ring
        due = arrivals[i, slot]
        arrivals[i, slot] = 0.0
        pipeline[i] -= due
        net_stock[i], shipped[i], prompt[i] = serve(net_stock[i], due, incoming[i])
        if makes_itself[i]:
            arrivals[i, (day + lead[i] - 2) % ring] += produced[i]
            pipeline[i] += produced[i]
        # 2 learn from what was seen
        past_demand[i, slot] = incoming[i]
        total = 0.0
        for k in range(lead[i]):
            total += past_demand[i, (day - k) % ring]
        lead_error[i] = total - past_forecasts[i, (day - lead[i]) % ring]
        if day >= lead[i]:
            error_variance[i] = ERROR_MEMORY * error_variance[i] + (1.0 - ERROR_MEMORY) * lead_error[i] ** 2
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
        past_forecasts[i, slot] = forecast
        target = forecast + safety_factor[i] * np.sqrt(error_variance[i])
        position = net_stock[i] + pipeline[i]
        if makes_itself[i]:
            position += scheduled[i]
        order[i] = order_up_to(target, position, may_be_negative[i])
        if not makes_itself[i]:
            arrivals[i, (day + lead[i]) % ring] += order[i]
            pipeline[i] += order[i]
        if supplier[i] >= 0:
            incoming[supplier[i]] += order[i]
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
