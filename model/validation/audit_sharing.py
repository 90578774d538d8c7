"""The second set of books of what firms own and share: hours, heat, materials, jobs, generators and know-how.

Every payment is worked out anew from declared terms and what physically happened; engine code is only read, not run.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from model.physics.stations import BLOCKED, MOVED, WAITED
from model.stack import fuel_terms

if TYPE_CHECKING:
    from model.model import CollaborationModel
    from model.streams import Floats

YEAR_DAYS = 365.0
CO2_OF_GAS = 0.202
FUELS = {"gas": "natural_gas", "coal": "hard_coal", "biomass": "solid_biomass"}


def sharing_cash(model: CollaborationModel, produced_before: Floats, waiting: list[bool]) -> Floats:
    """Return what endowments and their sharing move in each firm's cash today, EUR, shape (firm row,).

    Args:
        model: after today's step.
        produced_before: yesterday's output by firm row, units; `waiting`: whether a quarter's part of each technology
            contract was still to be done when the day began.
    """
    cash = -hours_cost(model) - heat_cost(model) - material_cost(model) - station_cost(model) - generation_cost(model)
    cash -= trade_cost(model) + technology_cost(model, produced_before, waiting)
    return cash + platform_cash(model)


def hours_cost(model: CollaborationModel) -> Floats:
    """Return what overtime and lending hours and stores cost today, EUR by firm row: hours short times declared costs.

    Overtime is what production took beyond own hours that stayed and borrowed ones.
    """
    cost, shops, stores = np.zeros(model.firms.size), model.workshops, model.batteries
    for i, row in enumerate(shops.rows):
        maker = model.inputs.manufacturers[model.population.group[row]]
        e, w = maker.equipment, maker.labour
        produced = max(0.0, float(model.live.produced[row]))
        classes = (
            (e.machines, e.hours_per_unit, e.overtime_cost, e.lending_cost),
            (w.skilled, w.skilled_hours_per_unit, w.overtime_cost, w.lending_cost),
            (w.general, w.general_hours_per_unit, w.overtime_cost, w.lending_cost),
        )
        for k, (number, each, over, lending) in enumerate(classes):
            own, lent, borrowed = shops.own[k, i], shops.lent[k, i], shops.borrowed[k, i]
            short = produced * each - max(0.0, own - lent) - borrowed if number else 0.0
            cost[row] += over * max(0.0, short) + lending * lent
    for k, row in enumerate(stores.rows):
        maker = model.inputs.manufacturers[model.population.group[row]]
        cost[row] += maker.storage.lending_cost * stores.lent[k] if stores.tied else 0.0
    return cost


def heat_cost(model: CollaborationModel) -> Floats:
    """Return what boilers burn, recovering heat and pipes cost today, EUR by firm row."""
    cost, flows, market = np.zeros(model.firms.size), model.flows.heat, model.inputs.market
    date = model.futures.calendar.date(model.day)
    cold = -math.cos(2.0 * math.pi * (date.timetuple().tm_yday - 182) / YEAR_DAYS)
    makers = model.population.makers
    for k, row in enumerate(flows.rows):
        if row < makers:
            heat = model.inputs.manufacturers[model.population.group[row]].heat
            recovery = heat.recovery_cost
        else:
            utility = model.inputs.utilities[row - makers]
            heat, recovery = utility.heat, utility.generation.recovery_cost
        process = heat.use * max(0.0, float(model.live.produced[row])) if row < makers else 0.0
        need = process + 24.0 * heat.space * (1.0 + heat.season * cold)
        burnt = (need - float(flows.delivered[k].sum())) / heat.efficiency
        cost[row] += burnt * (market.gas_price + CO2_OF_GAS * market.carbon_price)
        cost[row] += recovery * float(flows.given[k].sum())
    return cost + pipe_cost(model)


def pipe_cost(model: CollaborationModel) -> Floats:
    """Return what members pay for pipes a day, EUR by firm row: by length, from sites, and agreed shares."""
    cost, people = np.zeros(model.firms.size), model.population
    for contract in model.resources.contracts:
        terms, session = contract.terms, contract.session
        if terms.resource != "heat":
            continue
        xy = np.array([_site(model, int(row)) for row in session.rows])
        if session.taker.size:
            km = float(np.hypot(*(xy[session.taker] - xy[session.giver]).T).sum())
        else:
            takes, gives = model.flows.heat.within_reach[terms.name]
            km = float(np.hypot(*(xy - xy.mean(axis=0)).T)[takes | gives].sum())
        agreed, parties = dict(terms.shares), [people.parties[people.party[row]] for row in session.rows]
        for row, party in zip(session.rows, parties, strict=True):
            part = agreed.get(party, 0.0) / parties.count(party) if agreed else 1.0 / len(parties)
            cost[row] += part * terms.pipe_cost * km / YEAR_DAYS
    return cost


def _site(model: CollaborationModel, row: int) -> tuple[float, float]:
    """Return where a firm or utility stands, km."""
    makers, people = model.population.makers, model.population
    owner: Any = model.inputs.manufacturers[people.group[row]] if row < makers else model.inputs.utilities[row - makers]
    return owner.site.x, owner.site.y


def material_cost(model: CollaborationModel) -> Floats:
    """Return what disposal, bought materials and preparing others' by-products cost today, EUR by firm row."""
    cost, flows = np.zeros(model.firms.size), model.flows.materials
    for k, row in enumerate(flows.rows):
        by = model.inputs.manufacturers[model.population.group[row]].by_product
        produced = max(0.0, float(model.live.produced[row]))
        made = by.rate * produced if by.makes else 0.0
        need = by.need * produced if by.takes else 0.0
        cost[row] += by.disposal_cost * (made - flows.given[k])
        cost[row] += by.price * (need - flows.used[k]) + by.preparation * flows.used[k]
    return cost


def station_cost(model: CollaborationModel) -> Floats:
    """Return what jobs cost today that were turned away, waited or were moved, EUR by firm row."""
    cost, stations = np.zeros(model.firms.size), model.stations
    for k, row in enumerate(stations.rows):
        terms, today = model.inputs.manufacturers[model.population.group[row]].station, stations.today[k]
        cost[row] += terms.blocked_cost * today[BLOCKED] + terms.waiting_cost * today[WAITED] + today[MOVED]
    return cost


def generation_cost(model: CollaborationModel) -> Floats:
    """Return what fuel, upkeep and carbon of own generators cost today, EUR by firm row."""
    cost, plants, market = np.zeros(model.firms.size), model.power.plants, model.inputs.market
    for u, utility in enumerate(model.inputs.utilities if plants is not None else ()):
        terms = utility.generation
        if terms.blocks and plants is not None:
            price, emission = fuel_terms(FUELS.get(terms.fuel, terms.fuel), market)
            each = (price + market.carbon_price * emission) / terms.efficiency + terms.upkeep
            cost[model.population.makers + u] += each * float(plants.output_mw[u].sum())
    return cost


def trade_cost(model: CollaborationModel) -> Floats:
    """Return what members pay for others' resources, platforms keep and give back, and ways take, EUR by firm row."""
    cost, people = np.zeros(model.firms.size), model.population
    for contract in model.resources.contracts:
        session, hub = contract.session, contract.terms.platform
        np.add.at(cost, session.rows, session.paid + session.moved)
        terms = next(platform for platform in model.inputs.resource_platforms if platform.name == hub)
        kept = terms.commission * np.maximum(0.0, session.paid)
        np.add.at(cost, session.rows, kept)
        if terms.governance == "cooperative":
            names = {name for one in model.resources.terms if one.platform == hub for name in one.members}
            members = np.concatenate([people.rows_of(name) for name in names])
            cost[members] -= kept.sum() / members.size
        else:
            cost[people.rows_of(hub)] -= kept.sum()
    return cost


def platform_cash(model: CollaborationModel) -> Floats:
    """Return what platforms and taking part move in each firm's cash a day, EUR by firm row."""
    cash, people = np.zeros(model.firms.size), model.population
    at_work: list[Any] = [*model.resources.terms, *(contract.terms for contract in model.technology.contracts)]
    for contract in at_work:
        for name in contract.members:
            cash[people.rows_of(name)] -= contract.coordination_cost / YEAR_DAYS
    for hub in (*model.inputs.resource_platforms, *model.inputs.technology_platforms):
        names = {name for contract in at_work if contract.platform == hub.name for name in contract.members}
        if not names:
            continue
        members, own = np.concatenate([people.rows_of(name) for name in names]), people.rows_of(hub.name)
        result = members.size * hub.fee - hub.hub_cost
        cash[members] -= (hub.member_cost + hub.fee) / YEAR_DAYS
        cash[own] += result / YEAR_DAYS
        if hub.governance == "cooperative":
            cash[members] += result / members.size / YEAR_DAYS
            cash[own] -= result / YEAR_DAYS
    return cash


def technology_cost(model: CollaborationModel, produced_before: Floats, waiting: list[bool]) -> Floats:
    """Return what research, meetings and royalties cost today, EUR by firm row; arguments as in `sharing_cash`."""
    cost, technology = np.zeros(model.firms.size), model.technology
    if not technology.active:
        return cost
    rivalry, makers = technology.rivalry, model.population.makers
    does = np.isfinite(rivalry.market.difficulty)
    cost[:makers][does] += rivalry.market.difficulty[does] * rivalry.effort[does] ** 2 / 2.0
    date = model.futures.calendar.date(model.day)
    first, quarter = model.inputs.calendar.burn_in, date.day == 1 and date.month in {1, 4, 7, 10}
    begins = model.day == first or (quarter and model.day > first)
    for contract, was_waiting in zip(technology.contracts, waiting, strict=True):
        terms, rows = contract.terms, contract.rows
        if (was_waiting or begins) and contract.online[model.day]:
            meetings = contract.mechanism.meetings()
            if terms.variant == "exchange":
                meetings = np.full(rows.size, float(terms.meetings * (rows.size - 1)))
            cost[rows] += terms.transfer_cost * meetings
        if terms.royalty > 0.0:
            cost[rows] += royalties(model, contract, produced_before)
    return cost


def royalties(model: CollaborationModel, contract: Any, produced_before: Floats) -> Floats:
    """Return what each member of a contract pays net for what it saved yesterday, EUR, shape (m,)."""
    technology, rows = model.technology, contract.rows
    saved = np.zeros(rows.size)
    for m, row in enumerate(rows):
        if row >= model.population.makers:
            continue
        maker = model.inputs.manufacturers[model.population.group[row]]
        t, gained = maker.technology, technology.knowledge[row] - technology.start[row]
        lowered = []
        for own in (gained, gained - contract.learnt[m]):
            public = float(technology.public[row])
            doublings = [math.log2((2.0**x + public) / (1.0 + public)) for x in own]
            lowered.append((1.0 - t.learning_rate) ** (math.fsum(doublings) / len(doublings)))
        made = float(produced_before[row]) if model.day else 0.0
        saved[m] = made * maker.process.unit_cost * t.learnable_share * (lowered[1] - lowered[0])
    if contract.terms.variant != "sharing":
        net: Floats = contract.mechanism.royalties(saved)
        return net
    put_in = contract.mechanism.put_in
    due = contract.terms.royalty * np.maximum(0.0, saved)
    received = [
        sum(due[i] * put_in[j] / (put_in.sum() - put_in[i]) for i in range(rows.size) if i != j)
        for j in range(rows.size)
    ]
    net_of_all: Floats = due - np.array(received)
    return net_of_all
