"""The stock of every manufacturer at the start of a run, and what its order-up-to policy remembers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from model.errors import Fault, InputError
from model.physics.demand import filter_weights, is_invertible, season_of
from model.population import signal_means
from model.streams import Floats, Ints

if TYPE_CHECKING:
    from model.population import Population
    from model.stage import Stage

SKILLS = ("skilled", "general")
POLICIES = ("moving_average", "exponential", "filtered")
GATE_DAYS = 2
"""Days from a works' order to its production: ordered in the evening, planned at the next noon, made the day after."""
WORKSHOP_DAYS = 1
"""Days from a workshop's order to its production: ordered in the evening, made the next day."""

UNIX_DAY = 719_163
"""Proleptic Gregorian ordinal of 1970-01-01."""


@dataclass
class Stock:
    """Parameters and rings of the order-up-to policy, by manufacturer; see `physics.demand.replenish`."""

    policy: Ints
    window: Ints
    smoothing: Floats
    lead: Ints
    safety_factor: Floats
    negative: Any
    end_demand: Any
    has_customer: Any
    filter_mean: Floats
    filter_terms: Floats
    arrivals: Floats
    past_signals: Floats
    past_demand: Floats
    past_forecasts: Floats
    past_baselines: Floats
    announced: Floats
    baseline_variance: Floats
    material: Floats
    bought: Floats


def workshops_of(people: Population) -> Ints:
    """Return the rows of the manufacturers whose machines or people limit what they make in a day."""
    if not people.makers:
        return np.zeros(0, np.int64)
    endowed = people.spread("equipment", "machines") + sum(people.spread("labour", skill) for skill in SKILLS)
    endowed[people.with_process("batch")] = 0.0
    return np.flatnonzero(endowed > 0.0)


def making_days_of(people: Population) -> Ints:
    """Return the days from each manufacturer's order to its production, 0 where it becomes a delivery as it is."""
    days = np.zeros(people.makers, np.int64)
    days[workshops_of(people)] = WORKSHOP_DAYS
    days[people.with_process("batch")] = GATE_DAYS
    return days


def starting_stock(people: Population, making_days: Ints, error_variance: Floats) -> Stock:
    """Return the rings at a start in equilibrium: mean demand everywhere, safety stock on hand."""
    n = people.makers
    lead = people.spread("ordering", "lead_time").astype(np.int64)
    window = people.spread("ordering", "window").astype(np.int64)
    mean = signal_means(people)
    ring = int(lead.max(initial=1)) + 1
    days = np.arange(ring)
    running = days[None, :] < (lead - making_days)[:, None]
    return Stock(
        policy=people.coded("ordering", "policy", POLICIES),
        window=window,
        smoothing=people.spread("ordering", "smoothing"),
        lead=lead,
        safety_factor=people.spread("ordering", "safety_factor"),
        negative=people.spread("ordering", "negative_orders") > 0.0,
        end_demand=people.coded("ordering", "order_signal", ("orders", "end_demand")) == 1,
        has_customer=np.isin(np.arange(n), people.supplier),
        filter_mean=mean,
        filter_terms=_filter_terms(people, lead),
        arrivals=np.where(running, mean[:, None], 0.0),
        past_signals=np.repeat(mean[:, None], int(window.max(initial=1)), axis=1),
        past_demand=np.repeat(mean[:, None], ring, axis=1),
        past_forecasts=np.repeat((lead * mean)[:, None], ring, axis=1),
        past_baselines=np.repeat((lead * mean)[:, None], ring, axis=1),
        announced=lead * mean,
        baseline_variance=error_variance[:n].copy(),
        material=np.where(making_days == WORKSHOP_DAYS, mean, 0.0),
        bought=mean.copy(),
    )


def _filter_terms(people: Population, lead: Ints) -> Floats:
    """Return the weights of every filtered forecast, shape (n, 5).

    Raises:
        InputError: where a supplier's filter has no closed form: several customers, or a customer that is
            not a filtering retailer itself.
    """
    terms = np.zeros((people.makers, 5))
    faults = []
    rho = people.spread("demand", "autocorrelation")
    filtered = people.coded("ordering", "policy", POLICIES) == POLICIES.index("filtered")
    for row in np.flatnonzero(filtered):
        firm = people.inputs.manufacturers[people.group[row]]
        customers = np.flatnonzero(people.supplier == row)
        retail = None
        receiver = "end_demand" if firm.ordering.order_signal == "end_demand" else firm.ordering.receiver
        if customers.size:
            first = int(customers[0])
            if customers.size > 1 or not filtered[first] or np.any(people.supplier == first):
                faults.append(
                    Fault(
                        f"firms.{firm.name}.ordering.policy",
                        "a supplier filters the orders of one retailer",
                        "one customer, itself `filtered`, that serves final demand; or another policy",
                    )
                )
                continue
            retail = (float(rho[first]), int(lead[first]))
            if not is_invertible(*retail) and receiver == "full_history":
                what = f"the orders of a retailer with autocorrelation {retail[0]:g} do not reveal its demand"
                faults.append(Fault(f"firms.{firm.name}.ordering.receiver", what, "allowed here: naive, last_order"))
                continue
        own_rho = retail[0] if retail else float(rho[row])
        terms[row] = filter_weights(own_rho, int(lead[row]), receiver, retail)
    if faults:
        raise InputError(faults)
    return terms


def seasons_ahead(stage: Stage, ahead: int) -> Floats:
    """Return the cosine of the season on every model day and `ahead` days beyond, shape (days + ahead,)."""
    calendar = stage.futures.calendar
    dates = np.arange(calendar.days + ahead) + (calendar.ordinal[0] - UNIX_DAY)
    dates = dates.astype("datetime64[D]")
    day_of_year = (dates - dates.astype("datetime64[Y]")).astype(np.int64) + 1
    return np.array([season_of(int(day)) for day in day_of_year])
