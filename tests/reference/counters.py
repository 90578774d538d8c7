"""What the reference counts while a run counts, and the outcomes it reads off, as `model.outcomes` declares them."""

import math
from collections import defaultdict
from statistics import fmean, pvariance
from typing import Any

from tests.reference.plans import PlanContract
from tests.reference.utility import hourly
from tests.reference.workshops import workshop_outcomes

REAL_COST = {
    "cost_production": "production",
    "cost_energy": "generation",
    "cost_intraday": "intraday",
    "cost_imbalance": "balancing",
    "cost_stock": "stock",
    "cost_interface": "interface",
    "cost_breach": "breach",
    "cost_restart": "restart",
    "cost_comfort": "comfort",
    "cost_maintenance": "maintenance",
    "cost_storage": "storage",
    "cost_platform": "platform",
    "cost_security": "security",
    "cost_overtime": "overtime",
    "cost_lending": "lending",
    "cost_moving": "moving",
    "cost_heat": "heat",
    "cost_carbon": "carbon",
    "cost_pipes": "pipes",
    "cost_disposal": "disposal",
    "cost_material": "material",
    "cost_outsourcing": "outsourcing",
    "cost_research": "research",
    "cost_coordination": "coordination",
}


class Counters:
    """Every counted day of every firm, kept as lists."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.days = 0
        self.of_firm: dict[str, dict[str, list[float]]] = {f.name: defaultdict(list) for f in model.firms}
        self.imbalance: dict[str, float] = defaultdict(float)
        self.misses: dict[str, list[float]] = defaultdict(list)
        self.emissions = self.alignment = 0.0

    def count(self) -> None:
        """Count today."""
        model = self.model
        self.days += 1
        for firm in model.firms:
            kept = self.of_firm[firm.name]
            for name in ("electricity", "produced", "incoming", "prompt", "bought"):
                kept[name].append(getattr(firm, name))
            kept["peak"].append(max(firm.load))
            kept["broke"].append(float(firm.process.broke))
            kept["maintained"].append(float(firm.process.maintained))
            if firm.utility and firm.terms.metered_alone:
                kept["load"] += hourly(firm.load)
                kept["forecast"] += firm.utility.forecast[firm.name]
                kept["history"] += firm.utility.baseline[firm.name]
                kept["plan"] += hourly(firm.process.plan) if firm.process.plan else []
        for utility in model.utilities:
            self.imbalance[utility.name] += sum(map(abs, utility.imbalance))
            self.misses[utility.name] += utility.misses[-1]
        beta = model.inputs.balancing.beta
        self.alignment += beta * sum(r * own for r, own in zip(model.rest, model.own_imbalance, strict=True))
        self.emissions += model.generation_emissions
        for part in (*model.shops, *model.plants, model.stations, model.flows, model.contracts, model.technology):
            part.count()

    def outcomes(self) -> dict[tuple[str, str], float]:
        """Return (name, party) -> value per 365-day year."""
        values: dict[tuple[str, str], float] = {}
        if self.days:
            self._costs(values)
            for terms in self.model.inputs.manufacturers:
                self._production(terms, values)
                if terms.utility and terms.metered_alone and terms.count == 1:
                    self._forecast(self.of_firm[terms.name], terms.name, values)
            self._sharing(values)
        return values

    def _sharing(self, values: dict[tuple[str, str], float]) -> None:
        """Add what shared resources and technology bring about."""
        model, year = self.model, 365.0 / self.days
        values |= workshop_outcomes(model.shops, year)
        values |= model.flows.outcomes(year)
        values |= model.contracts.outcomes(year)
        values |= model.stations.outcomes(self.days)
        values |= model.technology.outcomes(self.days)
        for plant in model.plants:
            values |= plant.outcomes(self.days)
        for platform in (*model.resource_platforms, *model.technology_platforms):
            for party in (*platform.members, platform.party) if platform.members else ():
                paid = model.books.paid(party, "platform_fee") + model.books.paid(party, "platform_result")
                values["platform_payment", party] = year * paid

    def _costs(self, values: dict[tuple[str, str], float]) -> None:
        books, inputs, year = self.model.books, self.model.inputs, 365.0 / self.days
        for name, kind in REAL_COST.items():
            values[name, ""] = year * books.of_kind(kind)
        values["real_cost", ""] = sum(values[name, ""] for name in REAL_COST)
        parties = [p.name for p in (*inputs.manufacturers, *inputs.utilities)]
        parties += [platform.party for platform in self.model.platforms]
        parties += ["market", "grid", "customers", *(["regulator"] if inputs.privacy.fine_probability > 0.0 else [])]
        for party in parties:
            values["party_cost", party] = year * books.paid(party)
        for terms in inputs.manufacturers:
            if terms.utility:
                values["peak_charge", terms.name] = year * books.paid(terms.name, "peak")
                values["energy_bill", terms.name] = year * (
                    books.paid(terms.name, "peak") + books.paid(terms.name, "energy")
                )
        for terms in inputs.utilities:
            values["imbalance_payment", terms.name] = year * books.paid(terms.name, "imbalance")
            values["imbalance_energy", terms.name] = year * self.imbalance[terms.name]
            misses = self.misses[terms.name]
            values["portfolio_forecast_rmse", terms.name] = math.sqrt(fmean(x * x for x in misses))
        values |= self.model.sharing.outcomes(year)
        values["imbalance_covariance", ""] = year * self.alignment

    def _production(self, terms: Any, values: dict[tuple[str, str], float]) -> None:
        firms = [kept for firm, kept in self._members(terms)]
        year = 365.0 / self.days
        electricity = sum(math.fsum(kept["electricity"]) for kept in firms)
        output = sum(math.fsum(kept["produced"]) for kept in firms)
        values["output", terms.name] = year * output
        if output > 0.0:
            books = self.model.books.total
            sold = sum(eur for (_, to, kind), eur in books.items() if to == terms.name and kind in {"sales", "goods"})
            values["unit_cost", terms.name] = (self.model.books.paid(terms.name) + sold) / output
        if terms.utility:
            values["electricity", terms.name] = year * electricity
            values["emissions", terms.name] = year * electricity * self._emission_factor()
            values["peak_load", terms.name] = max(max(kept["peak"]) for kept in firms)
            if output > 0.0:
                values["energy_intensity", terms.name] = electricity / output
        if terms.process.kind == "batch":
            heats = terms.count * terms.process.capacity * self.days
            values["breakdown_days", terms.name] = year * sum(sum(kept["broke"]) for kept in firms) / terms.count
            values["maintenance_days", terms.name] = year * sum(sum(kept["maintained"]) for kept in firms) / terms.count
            values["utilisation", terms.name] = output / (heats * terms.process.heat_output)
        demand = sum(sum(max(0.0, d) for d in kept["incoming"]) for kept in firms)
        if demand > 0.0:
            values["fill_rate", terms.name] = sum(math.fsum(kept["prompt"]) for kept in firms) / demand
        ratios = [pvariance(kept["bought"]) / pvariance(kept["incoming"]) for kept in firms if self._varies(kept)]
        if ratios:
            values["bullwhip", terms.name] = fmean(ratios)

    def _members(self, terms: Any) -> list[tuple[Any, dict[str, list[float]]]]:
        return [(f, self.of_firm[f.name]) for f in self.model.firms if f.party == terms.name]

    @staticmethod
    def _varies(kept: dict[str, list[float]]) -> bool:
        return pvariance(kept["incoming"]) > 1e-9 * max(1.0, fmean(x * x for x in kept["incoming"]))

    def lost_digits(self, outcome: str, party: str) -> float:
        """Return by how much a variance from running sums loses precision: largest mean square over variance."""
        series = {"load_r2_history": ("load",), "load_r2_plan": ("load",)}
        worst = 1.0
        if outcome == "revealed_share":
            sharing = [c for c in self.model.sharing.contracts if isinstance(c, PlanContract)]
            worst = max((c.lost_digits(party) for c in sharing), default=1.0)
        for firm in self.model.firms:
            for name in series.get(outcome, ()) if firm.party == party else ():
                values = self.of_firm[firm.name][name]
                spread, square = pvariance(values), fmean(x * x for x in values)
                worst = max(worst, square / spread if spread > 1e-9 * square else 1.0)
        return worst

    def _emission_factor(self) -> float:
        """Return t/MWh: declared for a price taker, what the stack emitted per MWh drawn in a zone that clears."""
        drawn = sum(math.fsum(self.of_firm[f.name]["electricity"]) for f in self.model.firms if f.utility)
        declared, plants = float(self.model.inputs.market.emission_factor), self.model.plants
        if drawn <= 0.0 or not (self.model.merit_order or plants):
            return declared
        given = math.fsum(plant.given for plant in plants)
        zone = self.emissions if self.model.merit_order else declared * (drawn - given)
        return float(zone + math.fsum(plant.given * plant.emission for plant in plants)) / drawn

    @staticmethod
    def _forecast(kept: dict[str, list[float]], name: str, values: dict[tuple[str, str], float]) -> None:
        load = kept["load"]
        errors = [a - b for a, b in zip(load, kept["forecast"], strict=True)]
        values["load_forecast_rmse", name] = math.sqrt(fmean(e * e for e in errors))
        if sum(load) > 0.0:
            values["load_forecast_wmape", name] = sum(map(abs, errors)) / sum(load)
        if pvariance(load) > 1e-9 * fmean(x * x for x in load):
            for outcome, guess in (("load_r2_history", "history"), ("load_r2_plan", "plan")):
                if kept[guess]:
                    miss = fmean((a - b) ** 2 for a, b in zip(load, kept[guess], strict=True))
                    values[outcome, name] = 1.0 - miss / pvariance(load)
