"""What is counted while a run counts, and the declared outcomes read off it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.disclosure import sharing_outcomes
from model.kernels import kernel
from model.ledger import REAL_KINDS
from model.physics.electricity import HOURS
from model.population import signal_means
from model.streams import Floats, Ints

if TYPE_CHECKING:
    from model.goods import Goods
    from model.ledger import Ledger
    from model.population import Population
    from model.power import Power
    from model.sharing import Sharing
    from model.stage import Stage

YEAR_DAYS = 365.0
SALES = ("sales", "goods")
"""Kinds of payment for goods: of final customers, and of other manufacturers."""
SUMS = ("electricity", "output", "capacity", "demand", "prompt", "peak")
"""Counters by group; peak is a maximum."""


class Measures:
    """Counters of one run; they stand still during burn-in."""

    def __init__(self, stage: Stage, goods: Goods, power: Power, sharing: Sharing, ledger: Ledger) -> None:
        people = stage.population
        self.stage, self.goods, self.power, self.sharing, self.ledger = stage, goods, power, sharing, ledger
        self.days = 0
        self.groups = len(stage.inputs.manufacturers)
        self.sums = np.zeros((self.groups, len(SUMS)))
        self.moments = np.zeros((people.makers, 4))
        self.loads = np.zeros((int((people.alone >= 0).sum()), 6))
        self.imbalance = np.zeros(len(stage.inputs.utilities))
        self.broken, self.stopped = (np.zeros(goods.batch.size) for _ in range(2))
        self.misses = np.zeros(len(stage.inputs.utilities))
        self.emissions = 0.0
        self.alignment = 0.0
        self.capacity = _daily_capacity(people)
        self.usual = signal_means(people)
        self.plan_row = _plan_rows(people, goods.batch)

    def count(self) -> None:
        """Count today."""
        power, people, c = self.power, self.stage.population, self.stage.live
        self.days += 1
        count_firms(
            people.group,
            c.electricity,
            c.produced,
            self.capacity,
            c.incoming,
            c.prompt,
            self.goods.stock.bought,  # what its supplier hears: of a workshop, less the material that is left
            c.load,
            self.usual,
            self.sums,
            self.moments,
        )
        count_loads(power.hourly, power.forecast, power.customers.forecast, self.goods.plan, self.plan_row, self.loads)
        self.imbalance += np.abs(power.imbalance).sum(axis=1)
        self.misses += (power.miss**2).sum(axis=1)
        self.broken += self.goods.broke
        self.stopped += self.goods.maintained
        self.alignment += power.totals[1]
        if power.stack is not None:
            self.emissions += power.generation[1]

    def outcomes(self) -> dict[tuple[str, str], float]:
        """Return every declared outcome that the run defines: (name, party) -> value per 365-day year."""
        values: dict[tuple[str, str], float] = {}
        if self.days:
            self._money(values)
            self._firms(values)
            self._forecasts(values)
            values |= sharing_outcomes(self.sharing, self.ledger, YEAR_DAYS / self.days)
        return {key: float(value) for key, value in values.items()}

    def _money(self, values: dict[tuple[str, str], float]) -> None:
        ledger, scale = self.ledger, YEAR_DAYS / self.days
        for kind, name in REAL_KINDS.items():
            values[name, ""] = ledger.by_kind(kind) * scale
        values["real_cost", ""] = sum(values[name, ""] for name in REAL_KINDS.values())
        for party in ledger.parties[:-1]:
            values["party_cost", party] = ledger.net_cost(party) * scale
        for firm in self.stage.inputs.manufacturers:
            if firm.utility:
                peak = ledger.paid(firm.name, "peak") * scale
                values["peak_charge", firm.name] = peak
                values["energy_bill", firm.name] = ledger.paid(firm.name, "energy") * scale + peak
        for u, utility in enumerate(self.stage.inputs.utilities):
            values["imbalance_payment", utility.name] = ledger.paid(utility.name, "imbalance") * scale
            values["imbalance_energy", utility.name] = float(self.imbalance[u]) * scale
            values["portfolio_forecast_rmse", utility.name] = float(np.sqrt(self.misses[u] / (self.days * HOURS)))
        values["imbalance_covariance", ""] = self.alignment * scale

    def _firms(self, values: dict[tuple[str, str], float]) -> None:
        scale = YEAR_DAYS / self.days
        supplied = np.array([bool(firm.utility) for firm in self.stage.inputs.manufacturers])
        drawn = self.sums[supplied, 0].sum()
        factor = self.stage.inputs.market.emission_factor
        if self.power.stack is not None and drawn > 0.0:
            factor = self.emissions / drawn
        if self.power.plants is not None and drawn > 0.0:
            given, emitted = self.power.plants.given_and_emitted()
            zone = self.emissions if self.power.stack is not None else factor * (drawn - given)
            factor = (zone + emitted) / drawn
        for g, firm in enumerate(self.stage.inputs.manufacturers):
            electricity, output, capacity, demand, prompt, peak = self.sums[g]
            if firm.utility:
                values["electricity", firm.name] = electricity * scale
                values["emissions", firm.name] = electricity * factor * scale
                values["peak_load", firm.name] = peak
                if output > 0.0:
                    values["energy_intensity", firm.name] = electricity / output
            values["output", firm.name] = output * scale
            if output > 0.0:
                values["unit_cost", firm.name] = (self.ledger.net_cost(firm.name) + self._sold(firm.name)) / output
            works = self.stage.population.group[self.goods.batch] == g
            if works.any():
                values["breakdown_days", firm.name] = self.broken[works].mean() * scale
                values["maintenance_days", firm.name] = self.stopped[works].mean() * scale
            if np.isfinite(capacity):
                values["utilisation", firm.name] = output / capacity
            if demand > 0.0:
                values["fill_rate", firm.name] = prompt / demand
            ratio = self._bullwhip(g)
            if ratio is not None:
                values["bullwhip", firm.name] = ratio

    def _sold(self, name: str) -> float:
        """Return EUR that a manufacturer received for goods since counting began."""
        return sum(eur for _, payee, kind, eur in self.ledger.flows() if payee == name and kind in SALES)

    def _bullwhip(self, group: int) -> float | None:
        """Return the mean over a group's firms of order variance over demand variance, None without variance."""
        rows = self.stage.population.group == group
        mean = self.moments[rows] / self.days
        demand, order = mean[:, 1] - mean[:, 0] ** 2, mean[:, 3] - mean[:, 2] ** 2
        varies = demand > 1e-9 * np.maximum(1.0, self.usual[rows] ** 2)
        return float((order[varies] / demand[varies]).mean()) if varies.any() else None

    def _forecasts(self, values: dict[tuple[str, str], float]) -> None:
        people = self.stage.population
        hours = self.days * HOURS
        for a, row in enumerate(np.flatnonzero(people.alone >= 0)):
            name = self.stage.inputs.manufacturers[people.group[row]]
            if name.count > 1:
                continue
            load, square, error, absolute, history, plan = self.loads[a]
            spread = square - load * load / hours
            values["load_forecast_rmse", name.name] = float(np.sqrt(error / hours))
            if load > 0.0:
                values["load_forecast_wmape", name.name] = absolute / load
            if spread > 1e-9 * square:
                values["load_r2_history", name.name] = 1.0 - history / spread
                if self.plan_row[a] >= 0:
                    values["load_r2_plan", name.name] = 1.0 - plan / spread


@kernel
def count_firms(
    group: Ints,
    electricity: Floats,
    produced: Floats,
    capacity: Floats,
    incoming: Floats,
    prompt: Floats,
    order: Floats,
    load: Floats,
    usual: Floats,
    sums: Floats,
    moments: Floats,
) -> None:
    """Add a day to the counters of groups, shape (group, 6), and of firms' demand and orders, shape (firm, 4).

    Moments are taken about each firm's `usual` demand: raw ones would lose their digits where little varies.
    """
    for i in range(group.size):
        g = group[i]
        sums[g, 0] += electricity[i]
        sums[g, 1] += produced[i]
        sums[g, 2] += capacity[i]
        sums[g, 3] += max(0.0, incoming[i])
        sums[g, 4] += prompt[i]
        top = sums[g, 5]
        for q in range(load.shape[1]):
            top = max(top, load[i, q])
        sums[g, 5] = top
        came, went = incoming[i] - usual[i], order[i] - usual[i]
        moments[i, 0] += came
        moments[i, 1] += came * came
        moments[i, 2] += went
        moments[i, 3] += went * went


@kernel
def count_loads(hourly: Floats, forecast: Floats, history: Floats, plan: Floats, plan_row: Ints, loads: Floats) -> None:
    """Add a day to the forecast counters, shape (customer, 6).

    Columns: sum of load, of its square, of squared and absolute error, of squared error from history alone, of
    squared deviation from plan; MW and MW2.
    """
    for a in range(hourly.shape[0]):
        for h in range(hourly.shape[1]):
            load = hourly[a, h]
            error = load - forecast[a, h]
            loads[a, 0] += load
            loads[a, 1] += load * load
            loads[a, 2] += error * error
            loads[a, 3] += abs(error)
            loads[a, 4] += (load - history[a, h]) ** 2
            if plan_row[a] >= 0:
                row = plan[plan_row[a]]
                planned = (row[4 * h] + row[4 * h + 1] + row[4 * h + 2] + row[4 * h + 3]) / 4.0
                loads[a, 5] += (load - planned) ** 2


def _daily_capacity(people: Population) -> Floats:
    """Return units a day that each manufacturer can make; infinite where no process limits it."""
    capacity = people.spread("process", "capacity") * people.spread("process", "heat_output")
    is_batch = np.isin(np.arange(people.makers), people.with_process("batch"))
    return np.where(is_batch, capacity, np.inf)


def _plan_rows(people: Population, batch_rows: Ints) -> Ints:
    """Return the batch row of each separately forecast customer, -1 where it has no plan."""
    batch = {int(row): b for b, row in enumerate(batch_rows)}
    rows = np.flatnonzero(people.alone >= 0)
    return np.array([batch.get(int(row), -1) for row in rows], dtype=np.int64)
