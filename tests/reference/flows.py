"""Heat by the hour and by-products by the day, in plain Python."""

import math
from typing import Any

HOURS = range(24)
CO2_OF_GAS = 0.202


class HeatSource:
    """Heat that a firm needs, and heat that leaves it.

    A utility's is needed by the town that it heats and left by its own generators, which serve that town first.
    """

    def __init__(self, model: Any, firm: Any) -> None:
        self.model, self.firm = model, firm
        self.is_utility = firm in model.utilities
        self.pipes = 0.0
        self.used = self.from_partners = self.to_partners = self.left = self.fuel = 0.0
        terms = firm.terms.heat
        self.level, self.efficiency = terms.level, terms.efficiency
        self.waste_level, self.recovery_cost = terms.waste_level, terms.recovery_cost
        self.takes, self.gives = terms.space > 0.0, terms.waste_share > 0.0
        if self.is_utility:
            own = firm.terms.generation
            self.waste_level, self.recovery_cost = own.heat_level, own.recovery_cost
            self.gives = own.blocks * own.heat_ratio > 0.0
        else:
            self.takes |= terms.use > 0.0
        self.heats_itself = self.is_utility and self.takes and self.gives and self.waste_level >= self.level

    @property
    def value(self) -> float:
        """What a MWh from the own boiler costs, EUR."""
        market = self.model.inputs.market
        return float((market.gas_price + CO2_OF_GAS * market.carbon_price) / self.efficiency)

    @property
    def usual(self) -> tuple[float, float]:
        """What the firm usually needs, and usually has to give, MW."""
        heat = self.firm.terms.heat
        if self.is_utility:
            own = self.firm.terms.generation
            offer = own.heat_ratio * own.blocks * own.capacity
            kept = min(heat.space, offer) if self.heats_itself else 0.0
            return heat.space - kept, offer - kept
        need = heat.space + heat.use * self.firm.usual_demand / 24.0
        return need, heat.waste_share * self.model.usual_load_of([self.firm])

    def survey(self, day: int) -> None:
        """Work out what is needed and left today, hour by hour."""
        self.kept, self.delivered, self.given = [0.0] * 24, [0.0] * 24, [0.0] * 24
        heat, firm = self.firm.terms.heat, self.firm
        winter = -math.cos(2.0 * math.pi * (self.model.date(day).timetuple().tm_yday - 182) / 365.0)
        rooms = heat.space * (1.0 + heat.season * winter)
        if self.is_utility:
            self.need = [rooms for _ in HOURS]
            output = firm.plant.output if firm.plant else [0.0] * 24
            self.waste = [firm.terms.generation.heat_ratio * mw for mw in output]
            if self.heats_itself:
                self.kept = [min(pair) for pair in zip(self.need, self.waste, strict=True)]
            return
        process = heat.use * max(0.0, firm.produced)
        self.need = [rooms + process * self._share_of_hour(h) for h in HOURS]
        self.waste = [heat.waste_share * math.fsum(firm.load[4 * h : 4 * h + 4]) / 4.0 for h in HOURS]

    def _share_of_hour(self, hour: int) -> float:
        """Return the part of a day's process heat in an hour; what runs past midnight counts early that day."""
        heat = self.firm.terms.heat
        begin, end = heat.start, heat.start + heat.hours
        within = sum(max(0.0, min(end, h + 1.0) - max(begin, h)) for h in (float(hour), hour + 24.0))
        return within / heat.hours

    @property
    def lacking(self) -> list[float]:
        """What neither the firm itself nor partners have given by now, MWh by hour."""
        hours = zip(self.need, self.kept, self.delivered, strict=True)
        return [need - own - partners for need, own, partners in hours]

    @property
    def unused(self) -> list[float]:
        """What nobody has taken by now, MWh by hour."""
        return [w - own - given for w, own, given in zip(self.waste, self.kept, self.given, strict=True)]

    def use(self, books: Any) -> None:
        """Let the boiler make the rest, and pay."""
        market, model = self.model.inputs.market, self.model
        boiler = math.fsum(map(max, self.lacking, [0.0] * 24))
        self.burnt = boiler / self.efficiency
        given = math.fsum(self.given) + math.fsum(self.kept)
        books.pay(self.firm, model.resources, "heat", market.gas_price * self.burnt + self.recovery_cost * given)
        books.pay(self.firm, model.resources, "carbon", market.carbon_price * CO2_OF_GAS * self.burnt)
        books.pay(self.firm, model.resources, "pipes", self.pipes)

    def count(self) -> None:
        """Count today."""
        self.used += math.fsum(self.need)
        self.from_partners += math.fsum(self.delivered)
        self.to_partners += math.fsum(self.given)
        self.left += math.fsum(self.waste)
        self.fuel += self.burnt


class Material:
    """A by-product that a firm makes, or one that it can use."""

    def __init__(self, model: Any, firm: Any) -> None:
        self.model, self.firm = model, firm
        terms = firm.terms.by_product
        self.makes = terms.makes if terms.rate > 0.0 else ""
        self.takes = terms.takes if terms.need > 0.0 else ""
        self.total_used = self.total_disposed = 0.0

    def survey(self) -> None:
        """Work out what today's production leaves and takes, t."""
        terms, produced = self.firm.terms.by_product, max(0.0, self.firm.produced)
        self.made = terms.rate * produced if self.makes else 0.0
        self.need = terms.need * produced if self.takes else 0.0
        self.used = self.given = 0.0

    def use(self, books: Any) -> None:
        """Dispose of what nobody took, and buy what nobody gave."""
        terms = self.firm.terms.by_product
        self.disposed = max(0.0, self.made - self.given)
        books.pay(self.firm, self.model.resources, "disposal", terms.disposal_cost * self.disposed)
        bought = terms.price * max(0.0, self.need - self.used)
        books.pay(self.firm, self.model.resources, "material", bought + terms.preparation * self.used)

    def count(self) -> None:
        """Count today."""
        self.total_used += self.used
        self.total_disposed += self.disposed


class Flows:
    """Heat and by-products of all firms."""

    def __init__(self, model: Any) -> None:
        self.heat: dict[int, HeatSource] = {}
        self.materials: dict[int, Material] = {}
        for firm in model.firms:
            heat, by = firm.terms.heat, firm.terms.by_product
            if heat.use + heat.space + heat.waste_share > 0.0:
                self.heat[id(firm)] = HeatSource(model, firm)
            if (by.makes and by.rate > 0.0) or (by.takes and by.need > 0.0):
                self.materials[id(firm)] = Material(model, firm)
        for utility in model.utilities:
            own = utility.terms.generation
            if utility.terms.heat.space > 0.0 or own.blocks * own.heat_ratio > 0.0:
                self.heat[id(utility)] = HeatSource(model, utility)

    def survey(self, day: int) -> None:
        """Find out what there is today."""
        for source in self.heat.values():
            source.survey(day)
        for material in self.materials.values():
            material.survey()

    def use(self, books: Any) -> None:
        """Let everybody do without partners what is left to do."""
        for flow in (*self.heat.values(), *self.materials.values()):
            flow.use(books)

    def count(self) -> None:
        """Count today."""
        for flow in (*self.heat.values(), *self.materials.values()):
            flow.count()

    def outcomes(self, year: float) -> dict[tuple[str, str], float]:
        """Return what is reported, party by party."""
        values: dict[tuple[str, str], float] = {}

        def add(name: str, party: str, amount: float) -> None:
            values[name, party] = values.get((name, party), 0.0) + year * amount

        for source in self.heat.values():
            party = source.firm.party
            if source.takes:
                add("heat_demand", party, source.used)
                add("heat_from_partners", party, source.from_partners)
                add("boiler_emissions", party, CO2_OF_GAS * source.fuel)
            if source.gives:
                add("waste_heat", party, source.left)
                add("heat_given", party, source.to_partners)
        for material in self.materials.values():
            if material.takes:
                add("by_product_used", material.firm.party, material.total_used)
            if material.makes:
                add("by_product_disposed", material.firm.party, material.total_disposed)
        return values
