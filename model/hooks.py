"""Actions on dates: what happens to the economy from outside on a certain day, as plain Python functions."""

from __future__ import annotations

import datetime as dt
import math
import pickle
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from model.errors import Fault, InputError
from model.physics.capacity import DAY_HOURS, MOST_ABSENT

if TYPE_CHECKING:
    from model.calendar import Calendar
    from model.population import Population
    from model.shocks import Shock
    from model.streams import Ints

type Action = Callable[[Any], object]


class Hooks:
    """The dated actions of one model.

    Args:
        calendar: days of the run, burn-in included.
    """

    def __init__(self, calendar: Calendar) -> None:
        self.first, self.days = calendar.date(0), calendar.days
        self.actions: dict[int, list[Action]] = {}

    def add(self, date: str | dt.date, action: Action, done: int) -> None:
        """Note that `action(model)` is to be called at the start of a day, after what was noted for that day before.

        Args:
            date: a day of the run, YYYY-MM-DD; burn-in counts.
            action: a function of a module, so that copies and pickles of the model can hold it.
            done: days that are over.

        Raises:
            InputError: for a date outside the horizon or in the past, or a function that cannot be copied.
        """
        faults = _action_faults(action)
        try:
            day = (_date(date) - self.first).days
        except (ValueError, AttributeError):
            raise InputError([Fault("on", f"{date!r} is not a date", "allowed: YYYY-MM-DD"), *faults]) from None
        if not done <= day < self.days:
            last = self.first + dt.timedelta(days=self.days - 1)
            past = " is over" if 0 <= day < done else " is no day of the run"
            left = f"{self.first + dt.timedelta(days=done)} to {last}" if done < self.days else "none, the run is over"
            faults.append(Fault("on", f"{date}{past}", f"allowed: {left}"))
        if faults:
            raise InputError(faults)
        self.actions.setdefault(day, []).append(action)

    def run(self, day: int, model: Any) -> None:
        """Do what was noted for a day, in the order in which it was noted."""
        for action in self.actions.get(day, ()):
            action(model)


class ShockAtWork:
    """A declared shock: it begins, and it ends by taking back what it did.

    Args:
        shock: what was declared.
        rows: firms that it hits.
    """

    def __init__(self, shock: Shock, rows: Ints) -> None:
        self.shock, self.rows = shock, rows
        self.change = np.zeros(rows.size)

    def begin(self, model: Any) -> None:
        """Change the state of the economy: mean demand, hours of repair left, or the mean rate of absence."""
        shock, rows, shops = self.shock, self.rows, model.workshops
        places = shops.place[rows[shops.place[rows] >= 0]]
        if shock.what == "demand":
            self.change = shock.size * model.live.demand_mean[rows]
            model.live.demand_mean[rows] += self.change
        elif shock.what == "absence":
            self.change = np.minimum(MOST_ABSENT, shops.absence[places] + shock.size) - shops.absence[places]
            shops.absence[places] += self.change
        else:
            for place in places:
                first = int(shops.first[place])
                hit = slice(first, first + math.ceil(shock.size * float(shops.machines[place])))
                shops.left[hit] = np.maximum(shops.left[hit], shock.days * DAY_HOURS)

    def end(self, model: Any) -> None:
        """Let demand and absence be as they would be without the shock; machines are repaired by then."""
        if self.shock.what == "demand":
            model.live.demand_mean[self.rows] -= self.change
        elif self.shock.what == "absence":
            shops = model.workshops
            shops.absence[shops.place[self.rows[shops.place[self.rows] >= 0]]] -= self.change


def hooks_of(calendar: Calendar, population: Population) -> Hooks:
    """Return the dated actions that the inputs declare."""
    hooks = Hooks(calendar)
    for shock in population.inputs.shocks:
        work = ShockAtWork(shock, np.concatenate([population.rows_of(name) for name in shock.firms]))
        first = dt.date.fromisoformat(shock.date)
        hooks.add(first, work.begin, 0)
        if (first - hooks.first).days + shock.days < hooks.days:
            hooks.add(first + dt.timedelta(days=shock.days), work.end, 0)
    return hooks


def _date(date: str | dt.date) -> dt.date:
    return dt.date.fromisoformat(date) if isinstance(date, str) else dt.date(date.year, date.month, date.day)


def _action_faults(action: Any) -> list[Fault]:
    """Return what is wrong with an action; bound methods are copied with the object that they are bound to."""
    if not callable(action):
        return [Fault("on", f"{action!r} cannot be called", "allowed: a function of the model")]
    try:
        pickle.dumps(getattr(action, "__func__", action))
    except (pickle.PicklingError, AttributeError, TypeError):
        name = getattr(action, "__qualname__", repr(action))
        allowed = "allowed: a function defined at the top of a module, or functools.partial of one"
        return [Fault("on", f"{name} cannot be copied with the model", allowed)]
    return []
