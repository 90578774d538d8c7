"""A second set of books: money, energy, materials and hours, read off a running model's physical columns.

The engine posts every payment in kernels of its own; the auditor recomputes each firm's day from quantities and
declared prices and compares. It shares no code with what it checks.
"""

from __future__ import annotations

import math
from calendar import monthrange
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.integrate import quad
from scipy.stats import lognorm

from model.streams import Floats
from model.validation.audit_sharing import sharing_cash

if TYPE_CHECKING:
    from model.model import CollaborationModel

YEAR_DAYS = 365.0
BALANCES = ("money", "energy", "materials", "hours")
COUNTED_AMONG = {
    "machine hours": "hours",
    "labour hours": "hours",
    "heat": "energy",
    "heat from partners": "energy",
    "waste heat": "energy",
    "by-products": "materials",
    "material": "materials",
}
"""Balances of the engine that stand among others here."""


class Auditor:
    """Watches one model; call `before` and `after` each step.

    Attributes:
        worst: largest relative residual so far by balance.
    """

    def __init__(self, model: CollaborationModel) -> None:
        self.model = model
        self.worst = dict.fromkeys(BALANCES, 0.0)
        people = model.population
        self.makers = [model.inputs.manufacturers[g] for g in people.group]
        self.peaks = np.zeros(len(self.makers))
        self.is_batch = np.array([firm.process.kind == "batch" for firm in self.makers], dtype=bool)
        self.is_workshop = np.array([_is_workshop(firm) for firm in self.makers], dtype=bool)
        usual = [mean_signal(model.inputs.manufacturers, firm) for firm in self.makers]
        self.material = np.where(self.is_workshop, np.array(usual, dtype=np.float64), 0.0)
        self._before: dict[str, Any] = {}

    def before(self) -> None:
        """Remember the state of the last evening."""
        c, technology = self.model.live, self.model.technology
        names = ("cash", "net_stock", "pipeline", "order", "produced")
        self._before = {name: getattr(c, name).copy() for name in names}
        self._before["waiting"] = [contract.waiting for contract in technology.contracts]

    def after(self) -> None:
        """Compare the day with what its physical columns imply."""
        self._materials()
        self._energy()
        self._hours()
        self._money()
        for name, residual in self.model.ledger.worst.items():
            self._note(COUNTED_AMONG.get(name, name), residual, 1.0)

    def _note(self, name: str, residual: Any, turnover: float) -> None:
        value = float(np.max(np.abs(residual), initial=0.0)) / max(1.0, turnover)
        self.worst[name] = value if math.isnan(value) else max(self.worst[name], value)

    def _materials(self) -> None:
        """Require that stock and pipeline change by what comes in less demand, and that deliveries match both."""
        c, n, old = self.model.live, len(self.makers), self._before
        made = self.is_batch | self.is_workshop
        inflow = np.where(made, c.produced[:n], c.order[:n])
        held = (c.net_stock + c.pipeline)[:n] - (old["net_stock"] + old["pipeline"])[:n]
        scale = float(np.abs(c.net_stock[:n]).sum() + np.abs(inflow).sum())
        self._note("materials", held - inflow + c.incoming[:n], scale)
        backlog, old_backlog = np.maximum(0.0, -c.net_stock[:n]), np.maximum(0.0, -old["net_stock"][:n])
        ordinary = np.array([not firm.ordering.negative_orders for firm in self.makers], dtype=bool)
        self._note("materials", (c.shipped[:n] - c.incoming[:n] - old_backlog + backlog)[ordinary], scale)
        self._note("materials", (c.produced[:n] - old["order"][:n])[~made], scale)
        self._note("materials", np.maximum(0.0, c.produced[:n] - old["order"][:n])[self.is_workshop], scale)

    def _energy(self) -> None:
        """Require that every customer's energy is its load, and every utility's position covers its customers."""
        c, n, power = self.model.live, len(self.makers), self.model.power
        drawn = c.load[:n].reshape(n, 24, 4).mean(axis=2)
        scale = float(drawn.sum())
        supplied = self.model.population.utility
        self._note("energy", (c.electricity[:n] - drawn.sum(axis=1))[supplied >= 0], scale)
        for u in range(power.utilities):
            position = power.nomination[u] + power.closed[u] + power.imbalance[u]
            if power.plants is not None:
                position = position + power.plants.output_mw[u]
            self._note("energy", drawn[supplied == u].sum(axis=0) - position, scale)

    def _hours(self) -> None:
        """Require that furnace hours are the energy above base load over power, and fit the heats and the day."""
        c, goods = self.model.live, self.model.goods
        for b, row in enumerate(goods.batch):
            p = self.makers[row].process
            melted = (float(c.load[row].mean()) - p.mill - p.auxiliary) * 24.0 / p.furnace
            self._note("hours", melted - goods.hours[b, 0], 24.0)
            heats = float(c.produced[row]) / p.heat_output
            self._note("hours", heats - round(heats), 24.0)
            usual = heats * p.heat_energy / p.furnace
            allowed = 8.0 * p.energy_variation * usual  # eight sd even if all heats of a day deviated alike
            self._note("hours", max(0.0, abs(melted - usual) - allowed - 1e-9), 24.0)
            self._note("hours", max(0.0, goods.hours[b].sum() - 24.0 - 1e-9), 24.0)

    def _money(self) -> None:
        """Require that every firm's cash moves by its own receipts less its own payments."""
        c, n, model = self.model.live, len(self.makers), self.model
        change = np.zeros(c.cash.size)
        price = np.repeat(model.power.price[:, None], 4, axis=1).ravel()
        month_share = self._month_share()
        self.peaks = np.maximum(self.peaks, c.load[:n].max(axis=1))
        cheaper, bought = self._changes(), self._bought()
        for i, firm in enumerate(self.makers):
            change[i] += self._goods_cash(i, firm, *cheaper[:, i])
            if model.population.utility[i] >= 0:
                bill = self._bill(i, firm, price)
                change[i] -= bill + 1000.0 * firm.retail.peak_charge * self.peaks[i] * month_share
                change[n + model.population.utility[i]] += bill
            if model.population.supplier[i] >= 0:
                seller = model.population.supplier[i]
                goods = (self.makers[seller].process.unit_price + cheaper[0, seller]) * bought[i]
                change[i] -= goods
                change[seller] += goods
        change[n : n + model.power.utilities] -= self._wholesale()
        change[:n] -= self._efforts()
        change += contract_cash(model) + sharing_cash(model, self._before["produced"], self._before["waiting"])
        if month_share:
            self.peaks[:] = 0.0
        self._note("money", change - (c.cash - self._before["cash"]), float(np.abs(model.ledger.today).sum()))

    def _changes(self) -> Floats:
        """Return by how much technology has changed prices and unit costs, EUR/unit, shape (2, n)."""
        technology = self.model.technology
        if not technology.active:
            return np.zeros((2, len(self.makers)))
        changes: Floats = np.stack([technology.price_change, technology.cost_change])
        return changes

    def _bought(self) -> Floats:
        """Return what every firm bought for tonight's order, units: a workshop needs no new material for old orders."""
        c, n = self.model.live, len(self.makers)
        bought: Floats = c.order[:n].copy()
        for i in np.flatnonzero(self.is_workshop):
            self.material[i] -= c.produced[i]
            lacking = c.order[i] - self.material[i]
            bought[i] = lacking if self.makers[i].ordering.negative_orders else max(0.0, lacking)
            self.material[i] += bought[i]
        return bought

    def _goods_cash(self, i: int, firm: Any, price_change: float, cost_change: float) -> float:
        """Return sales less production and stock cost, EUR; prices and unit costs have changed by EUR/unit."""
        c = self.model.live
        p, o = firm.process, firm.ordering
        final = not np.any(self.model.population.supplier == i)
        stock = o.holding_cost * max(0.0, c.net_stock[i]) - o.backlog_cost * min(0.0, c.net_stock[i])
        sales = final * (p.unit_price + price_change) * c.shipped[i]
        return float(sales - (p.unit_cost + cost_change) * c.produced[i] - stock)

    def _bill(self, i: int, firm: Any, price: Floats) -> float:
        """Return the energy bill of the day, EUR; `price` by quarter-hour."""
        r = firm.retail
        rate = price + r.margin if r.contract == "indexed" else np.full(96, r.price)
        return float((self.model.live.load[i] * rate).sum() / 4.0)

    def _efforts(self) -> Floats:
        """Return what restarts, comfort, stores, repairs and planned stops cost each manufacturer, EUR, shape (n,)."""
        goods = self.model.goods
        paid = np.array([self._shifting_cost(i, firm) for i, firm in enumerate(self.makers)], dtype=np.float64)
        for b, row in enumerate(goods.batch):
            p = self.makers[row].process
            paid[row] += goods.broke[b] * p.repair_cost + goods.maintained[b] * p.maintenance_cost
        return paid

    def _shifting_cost(self, i: int, firm: Any) -> float:
        """Return what restarts, comfort and a store cost today, EUR, from what the plan and the loads show."""
        goods, orders, cost = self.model.goods, self.model.power.orders, 0.0
        for b in np.flatnonzero(goods.batch == i):
            paused = goods.starts[b, : firm.process.capacity] < 0.0
            pauses = max(int((paused & ~np.roll(paused, 1)).sum()), int(paused.any()))
            cost += firm.process.restart_cost * (pauses - 1) if pauses > 1 else 0.0
        for firms in (goods.flexible, orders):
            for k in np.flatnonzero(firms.rows == i):
                cost += firm.flexibility.comfort_cost * float(np.maximum(-firms.moved[k], 0.0).sum())
        stores = firm.process.kind == "shaped" and bool(firm.utility)
        return float(cost + stores * firm.storage.capacity * firm.storage.daily_cost)

    def _wholesale(self) -> Floats:
        """Return what each utility pays for energy, imbalance and intraday trading, EUR, shape (utility,)."""
        power, b = self.model.power, self.model.inputs.balancing
        own = power.imbalance
        system = power.rest + own.sum(axis=0)
        if b.rule == "single":
            settlement = b.beta * system * own
        else:
            settlement = b.penalty_short * np.maximum(own, 0.0) + b.penalty_long * np.maximum(-own, 0.0)
        energy = power.price * (power.nomination + power.closed + own)
        paid: Floats = (energy + settlement + b.intraday_cost * np.abs(power.closed)).sum(axis=1)
        return paid

    def _month_share(self) -> float:
        """Return the share of a month that is charged tonight: 0 unless the month, burn-in or the run ends."""
        calendar, day = self.model.futures.calendar, self.model.day
        month, burn_in = calendar.month, self.model.inputs.calendar.burn_in
        if day + 1 not in {calendar.days, burn_in} and month[day + 1] == month[day]:
            return 0.0
        date, since = calendar.date(day), burn_in if day >= burn_in else 0
        return float(np.sum(month[since : day + 1] == month[day])) / monthrange(date.year, date.month)[1]


def _is_workshop(firm: Any) -> bool:
    """Tell whether machines or people limit what a firm makes."""
    return bool(firm.equipment.machines or firm.labour.skilled or firm.labour.general)


def contract_cash(model: CollaborationModel) -> Floats:
    """Return what sharing moves in each firm's cash a day, EUR: yearly payments in equal parts to a party's firms.

    Expected breach losses are worked out anew, copy by copy, from the area under the survival function.
    """
    people, sharing = model.population, model.sharing
    cash = np.zeros(model.firms.size)
    amounts = [(p.payer, p.payee, p.eur) for p in sharing.postings if p.kind != "breach"]
    for copy, rate in zip(sharing.exposure.copies, sharing.exposure.hazard_of_copy(), strict=True):
        amounts.append((copy.group, "", rate * mean_loss(copy.median * copy.revealed, copy.sigma, copy.cap)))
    for payer, payee, eur in amounts:
        for name, sign in ((payer, -1.0), (payee, 1.0)):
            if name in people.parties:
                rows = np.flatnonzero(people.party == people.parties.index(name))
                cash[rows] += sign * eur / YEAR_DAYS / max(1, rows.size)
    return cash


@cache
def mean_loss(median: float, sigma: float, largest: float) -> float:
    """Return the mean of a lognormal loss that cannot exceed `largest`, EUR: the area under its survival function."""
    if median == 0.0 or sigma == 0.0:
        return float(min(median, largest))
    loss = lognorm(s=sigma, scale=median)
    if math.isinf(largest):
        return float(loss.mean())
    points = [x for x in loss.ppf([0.01, 0.5, 0.9, 0.99, 0.9999]) if x < largest]
    return float(quad(loss.sf, 0.0, largest, points=points or None, limit=500)[0])


def mean_signal(makers: Any, firm: Any) -> float:
    """Return the mean daily demand that reaches a firm: its customers', or final demand where it has none."""
    customers = [m for m in makers if m.supplier == firm.name]
    if not customers:
        return float(firm.demand.mean)
    return float(sum(m.count * mean_signal(makers, m) for m in customers))


def audit(model: CollaborationModel) -> dict[str, float]:
    """Run a model to its end and return the largest relative residual by balance."""
    auditor = Auditor(model)
    for _ in range(model.futures.calendar.days):
        auditor.before()
        model.step()
        auditor.after()
    return auditor.worst
