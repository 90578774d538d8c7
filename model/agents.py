"""The agents: Mesa agents whose attributes are columns, so that kernels see all firms at once."""

from typing import Any, ClassVar

import numpy as np

from model.columns import Col, ColumnAgent
from model.streams import Floats

HOURS = 24
QUARTERS = 96


class Firm(ColumnAgent, table=True):
    """A party with a cash account and a meter."""

    cash = Col(np.float64, "EUR", doc="money received less paid, own real cost included, since the first day")
    load = Col(np.float64, "MW", shape=(QUARTERS,), doc="today's quarter-hour mean loads")
    electricity = Col(np.float64, "MWh", doc="electricity drawn today")

    @property
    def name(self) -> str:
        """Name of the firm in the scenario; members of a group are numbered from 1."""
        return str(self.model.population.names[self.column_row])


class Manufacturer(Firm):
    """Makes a product from stock, on order, with electricity.

    Subclass it and override `decide_order` or `decide_offer` to give single firms a rule of their own; the model calls
    the methods only for subclasses that do, all others stay in the compiled path.

    Attributes:
        behaviour: word by which a scenario's firms ask for the class, where it stands in an extension.
    """

    behaviour: ClassVar[str] = ""

    demand_mean = Col(np.float64, "unit/day", doc="mean of final demand")
    demand_sd = Col(np.float64, "unit/day", doc="stationary sd of final demand")
    demand_deviation = Col(np.float64, "unit/day", doc="state of the AR(1) around the seasonal mean")
    demand = Col(np.float64, "unit/day", doc="final demand of today")
    incoming = Col(np.float64, "unit/day", doc="demand that reaches the firm today: customers or other firms")
    end_demand = Col(np.float64, "unit/day", doc="end customers' demand behind today's incoming orders")
    order = Col(np.float64, "unit", doc="order placed at the end of today: production of tomorrow")
    scheduled = Col(np.float64, "unit", doc="batch works: order that is planned at the next gate, for the day after")
    produced = Col(np.float64, "unit", doc="units made today")
    shipped = Col(np.float64, "unit", doc="units delivered today")
    prompt = Col(np.float64, "unit", doc="part of today's demand delivered today")
    net_stock = Col(np.float64, "unit", doc="stock less backlog at the end of today")
    pipeline = Col(np.float64, "unit", doc="ordered or made, not yet available")
    level = Col(np.float64, "unit/day", doc="smoothed level of the demand signal")
    last_signal = Col(np.float64, "unit/day", doc="demand signal of today")
    shock = Col(np.float64, "unit/day", doc="innovation inferred from incoming orders")
    lead_error = Col(np.float64, "unit", doc="error of the lead-time forecast that ends today")
    error_variance = Col(np.float64, "unit2", doc="running variance of that error")
    peak_load = Col(np.float64, "MW", doc="highest quarter-hour of the month so far")
    energy_charge = Col(np.float64, "EUR", doc="energy bill of today")

    def decide_order(self, proposed: float) -> float:
        """Return the order to place tonight, units; `proposed` is what the order-up-to policy would place."""
        return proposed

    def decide_offer(self, resource: str, proposed: Floats) -> Floats:
        """Return what to offer to the partners of a contract today, units by slot of the session, 0 to `proposed`.

        Args:
            resource: class of the resource, such as `equipment` or `heat`; stations match job by job and do not ask.
            proposed: what is idle, times the part that the contract opens, shape (S,): 24 hours for heat, else one
                slot for each kind.
        """
        return proposed


class Utility(Firm):
    """Supplies electricity, buys it day-ahead, and is responsible for the balance of its customers."""

    nomination = Col(np.float64, "MW", shape=(HOURS,), doc="position bought day-ahead for today")
    drawn = Col(np.float64, "MW", shape=(HOURS,), doc="load of all customers today")
    imbalance = Col(np.float64, "MW", shape=(HOURS,), doc="drawn less bought after intraday trading")


class HealthcareProvider(Manufacturer):
    """Treats patients: what it makes is treatments, and its beds and devices are a station of urgent jobs."""


class Farm(Manufacturer):
    """Grows crops or keeps animals; its season is strong, its goods spoil, and its glasshouses take heat."""


MAKERS: dict[str, type[Manufacturer]] = {
    "manufacturer": Manufacturer,
    "healthcare": HealthcareProvider,
    "farm": Farm,
}
"""Agent class of each type of firm that makes something."""


class Platform(Firm):
    """A hub over which contracts run: its members are the parties to them, and share its outages."""

    members = Col(np.int64, "1", doc="firms that are parties to contracts over it")
    online = Col(np.int64, "1", doc="1 if it works today, else 0")


class DataPlatform(Platform):
    """A hub for records: its members need one interface each, and share its breaches."""


class ResourcePlatform(Platform):
    """A hub that finds users for idle machines, people, heat and materials, and clears what they pay."""


class TechnologyPlatform(Platform):
    """A hub that brings those together who may learn from each other."""


def overrides(kind: type[Any], rule: str) -> bool:
    """Tell whether an agent class has a decision rule, such as `decide_order`, of its own."""
    return issubclass(kind, Manufacturer) and getattr(kind, rule) is not getattr(Manufacturer, rule)
