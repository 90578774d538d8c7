"""A plan contract as a plain Mesa agent: plans leave works, are protected on the way, and the partner learns."""

import math
from typing import Any

from tests.reference.contracts import Contract
from tests.reference.draws import Stream
from tests.reference.learning import PlanTrust
from tests.reference.records import RecordWay
from tests.reference.utility import connection, hourly

ASSET_AGE_HOURS = 36.0


class PlanContract(Contract):
    """The plans of all sharers, as released, and what the partner has learnt about their worth.

    A *cell* is what the partner sees one record of: a sharer, a group of k sharers, or all of them.
    """

    def __init__(self, model: Any, terms: Any, sharers: list[Any], partner: Any, platform: Any) -> None:
        super().__init__(model, terms, platform)
        self.sharers, self.partner = sharers, partner
        self.streams: dict[str, Stream] = model.streams
        self.standard = terms.standard != "none" or (platform is not None and platform.terms.standard != "none")
        self.ways = [RecordWay(firm, terms, self.standard, connection(firm), self.streams) for firm in sharers]
        self.cells = self._cells()
        self.cell_limits = [sum(connection(sharers[m]) for m in cell) for cell in self.cells]
        rules = partner.terms.forecasting
        self.memory = rules.memory
        self.privacy_sd, self.privacy_draw = self._privacy_noise()
        announced = terms.noise_sd**2 + self.privacy_sd**2
        self.trust = [
            PlanTrust(rules.gain_band, rules.memory, (limit / 4.0) ** 2 + announced, limit)
            for limit in self.cell_limits
        ]
        self.spread = [connection(firm) ** 2 / 16.0 for firm in sharers]
        self.baselines: list[list[list[float]]] = []
        self.news: list[list[list[float]]] = []
        self.arrived: list[bool] = []
        self.plan_hours: list[list[float]] = [[] for _ in sharers]
        self.seen_hours: list[list[float]] = [[] for _ in sharers]
        self.sums_by_day: list[float] = []
        self.releases_in: dict[int, int] = {}

    def _cells(self) -> list[list[int]]:
        """Divide the sharers: everybody in one cell, groups of at least k neighbours in size or by lot, or alone."""
        terms, count = self.terms, len(self.sharers)
        if terms.variant == "encrypted" or terms.release != "records":
            return [list(range(count))]
        if terms.k == 1:
            return [[m] for m in range(count)]
        if terms.grouping == "sorted":
            queue = sorted(range(count), key=lambda m: self.sharers[m].usual_demand)
        else:
            lot = self.streams["grouping"]
            queue = sorted(range(count), key=lambda m: lot.uniform(self.sharers[m].entity, 0))
        groups = max(1, count // terms.k)
        cells = [queue[g * terms.k : (g + 1) * terms.k] for g in range(groups)]
        cells[-1] += queue[groups * terms.k :]
        return [sorted(cell) for cell in cells]

    def _privacy_noise(self) -> tuple[float, Any]:
        """Return the sd of the privacy noise, and a function that draws it at (day, slot)."""
        terms, stream = self.terms, self.streams["privacy_noise"]
        if terms.protected == "none" or math.isinf(terms.epsilon) or terms.release == "tree":
            return 0.0, None
        distances = [heat_or_day_distance(terms, firm) for firm in self.sharers]
        if terms.noise == "laplace":
            scale = max(l1 for l1, _ in distances) / terms.epsilon
            return math.sqrt(2.0) * scale, lambda day, slot: scale * laplace(stream.uniform(self.entity, day, slot))
        sd = max(l2 for _, l2 in distances) / math.sqrt(2.0 * rho_of(terms.epsilon, terms.delta))
        return sd, lambda day, slot: sd * stream.normal(self.entity, day, slot)

    @property
    def added_up_in_trust(self) -> bool:
        """Whether somebody sees every record and releases totals only."""
        return self.terms.release != "records" or len(self.cells) < len(self.sharers)

    def _received(self, day: int) -> list[list[float]]:
        """Return every sharer's record after its way through the pipeline, MW by hour."""
        hours, records = self.terms.resolution, []
        translation = 0.0 if self.standard else self.terms.mapping_sd
        for m, (firm, way) in enumerate(zip(self.sharers, self.ways, strict=True)):
            plan: list[float] = []
            for start in range(0, 24, hours):
                block = firm.process.plan[4 * start : 4 * (start + hours)]
                plan += [math.fsum(block) / len(block)] * hours
            if self.privacy_draw and not self.added_up_in_trust:  # each protects its own record at home
                for start in range(0, 24, hours):
                    noisy = plan[start] + self.privacy_draw(day, 24 * m + start // hours)
                    plan[start : start + hours] = [within(noisy, way.limit)] * hours
            record = way.send(day, self.model.date(day), plan, self.partner.baseline[firm.name])
            if translation > 0.0:
                errors = [self.streams["mapping_error"].normal(firm.entity, day, h // hours) for h in range(24)]
                record = [within(x + translation * e, way.limit) for x, e in zip(record, errors, strict=True)]
            records.append(record)
        return records

    def release(self, day: int) -> list[list[float]]:
        """Return what the partner sees of every cell: the sum of its records with all noise, within limits."""
        terms, hours, records = self.terms, self.terms.resolution, self._received(day)
        released = []
        for c, cell in enumerate(self.cells):
            if terms.variant == "encrypted":  # masks cancel in whole watts
                sums = [sum(round(records[m][h] * 1e6) for m in cell) / 1e6 for h in range(24)]
            else:
                sums = [math.fsum(records[m][h] for m in cell) for h in range(24)]
            if terms.release == "tree":
                sums = [self._running_mean(day, math.fsum(sums) / 24.0)] * 24
            for start in range(0, 24, hours):
                noise, slot = 0.0, 24 * c + start // hours
                if terms.noise_sd > 0.0:
                    noise += terms.noise_sd * self.streams["plan_noise"].normal(self.entity, day, slot)
                if self.privacy_draw and self.added_up_in_trust:
                    noise += self.privacy_draw(day, slot)
                if terms.noise_sd > 0.0 or (
                    self.privacy_draw and self.added_up_in_trust
                ):  # one noisy value is released for the whole block
                    sums[start : start + hours] = [sums[start] + noise] * hours
            released.append([within(value, self.cell_limits[c]) for value in sums])
        return released

    def _running_mean(self, day: int, today: float) -> float:
        """Return the mean of the last days' totals with the noise of the nodes of a binary tree that make them up."""
        self.sums_by_day.append(today)
        window, levels = self.terms.window, int(math.log2(self.terms.window) + 1e-9) + 1
        first = max(0, day + 1 - window)
        widest = max(connection(firm) for firm in self.sharers)
        node_sd = widest * math.sqrt(levels / (2.0 * rho_of(self.terms.epsilon, self.terms.delta)))
        noise, at = 0.0, first
        while at <= day:
            level = max(
                j for j in range(levels) if at % 2**j == 0 and at + 2**j <= day + 1
            )  # the longest node that begins here and ends by today
            noise += node_sd * self.streams["tree_noise"].normal(self.entity, at // 2**level, level)
            at += 2**level
        return (math.fsum(self.sums_by_day[first:]) + noise) / (day + 1 - first)

    def use(self, day: int) -> None:
        """Learn from the newest metered day what records are worth, then improve today's forecast."""
        stages, names = self.terms.pipeline, [firm.name for firm in self.sharers]
        self.arrived.append(self.arrives(day))
        self.releases_in[self.model.date(day).year] = self.releases_in.get(self.model.date(day).year, 0) + 1
        released = self.release(day)
        self.baselines.append([self.partner.baseline[name] for name in names])
        self.news.append([])
        for c, cell in enumerate(self.cells):
            self._learn(day, c, cell)
            base = [math.fsum(column) for column in zip(*(self.baselines[day][m] for m in cell), strict=True)]
            for m in cell if day >= 21 else []:  # by then forecasts from history have settled
                plan = zip(hourly(self.sharers[m].process.plan), self.baselines[day][m], strict=True)
                self.plan_hours[m] += [planned - own for planned, own in plan]
                self.seen_hours[m] += [seen - own for seen, own in zip(released[c], base, strict=True)]
            news = self._news(released[c], base)
            self.news[day].append(news)
            if self.arrived[day] and stages.application:
                total = self.trust[c].combine(base, news) if stages.analysis else released[c]
                self._divide(cell, base, total)

    def _news(self, released: list[float], base: list[float]) -> list[float]:
        hours = self.terms.resolution
        firsts = [h - h % hours for h in range(24)]
        return [released[h] - math.fsum(base[first : first + hours]) / hours for h, first in enumerate(firsts)]

    def _learn(self, day: int, c: int, cell: list[int]) -> None:
        """Learn from the newest day on which the meters of the whole cell are known."""
        known = day - max(self.partner.histories[self.sharers[m].name].delay for m in cell)
        if known < 0:
            return
        misses = []
        for m in cell:
            metered = self.partner.histories[self.sharers[m].name].metered[known]
            misses.append([a - b for a, b in zip(metered, self.baselines[known][m], strict=True)])
            square = math.fsum(x * x for x in misses[-1]) / 24.0
            self.spread[m] = self.memory * self.spread[m] + (1.0 - self.memory) * square
        if self.arrived[known] and self.terms.pipeline.analysis:
            self.trust[c].learn([math.fsum(column) for column in zip(*misses, strict=True)], self.news[known][c])

    def _divide(self, cell: list[int], base: list[float], total: list[float]) -> None:
        """Correct each member's forecast by its part of the cell's correction: its part of the errors' variance."""
        whole = math.fsum(self.spread[m] for m in cell)
        for m in cell:
            part, own = self.spread[m] / whole, self.partner.baseline[self.sharers[m].name]
            corrected = [b + part * (t - s) for b, t, s in zip(own, total, base, strict=True)]
            self.partner.forecast[self.sharers[m].name] = corrected if len(cell) > 1 else list(total)

    def revealed(self) -> list[float]:
        """Return how much of what history leaves open of each sharer's plan the news in what is released explains."""
        return [explained(plan, seen) for plan, seen in zip(self.plan_hours, self.seen_hours, strict=True)]

    def readable(self) -> list[float]:
        """Return how much of each plan a platform reads: nothing of masked records, all where it adds them up."""
        if self.terms.variant == "encrypted":
            return [0.0] * len(self.sharers)
        return [1.0] * len(self.sharers) if self.added_up_in_trust else self.revealed()

    def lost_digits(self, group: str) -> float:
        """Return how much precision running sums lose: the largest mean square over variance of plans and records."""
        worst = 1.0
        for m, firm in enumerate(self.sharers):
            for values in (
                (self.plan_hours[m], self.seen_hours[m]) if firm.party == group and self.plan_hours[m] else ()
            ):
                square, spread = math.fsum(x * x for x in values), math.fsum(x * x for x in spread_out(values))
                worst = max(worst, square / spread if spread > 0.0 else 1.0)
        return worst

    def outcomes(self, group: str) -> dict[str, float]:
        """Return how good, how revealing and how private one group's records were."""
        mine = [m for m, firm in enumerate(self.sharers) if firm.party == group]
        days, shares = max(1, len(self.arrived)), self.revealed()
        found = {
            "revealed_share": math.fsum(shares[m] for m in mine) / len(mine),
            "records_usable": sum(self.arrived) / days,
        }
        for stage in self.ways[0].square_errors:
            errors = [math.sqrt(math.fsum(self.ways[m].square_errors[stage]) / days) for m in mine]
            found[f"record_noise_{stage}"] = math.fsum(errors) / len(mine)
        if self.terms.release == "tree":
            found["epsilon_year"] = self.terms.epsilon
        elif self.privacy_draw:
            found["epsilon_year"] = max(self._loss(count) for count in self.releases_in.values())
        return found

    def _loss(self, releases: int) -> float:
        """Return the epsilon that a year of releases costs the protected unit: a heat or a day is in one of them."""
        terms, count = self.terms, releases if self.terms.protected == "firm" else 1
        rho = terms.epsilon**2 / 2.0 if terms.noise == "laplace" else rho_of(terms.epsilon, terms.delta)
        zcdp = count * rho + 2.0 * math.sqrt(count * rho * math.log(1.0 / terms.delta))
        return min(zcdp, count * terms.epsilon) if terms.noise == "laplace" else zcdp


def within(value: float, limit: float) -> float:
    """Return a load within 0 and its limit."""
    return min(limit, max(0.0, value))


def laplace(u: float) -> float:
    """Return the Laplace quantile of scale 1."""
    return math.log(2.0 * u) if u < 0.5 else -math.log(2.0 * (1.0 - u))


def rho_of(epsilon: float, delta: float) -> float:
    """Return the zCDP loss rho with rho + 2 sqrt(rho ln(1/delta)) = epsilon, solved as a quadratic in sqrt(rho)."""
    log = math.log(1.0 / delta)
    return (epsilon / (math.sqrt(log + epsilon) + math.sqrt(log))) ** 2


def heat_or_day_distance(terms: Any, firm: Any) -> tuple[float, float]:
    """Return how far (sum, length; MW) a day's released means move if a heat comes or goes, or if all changes."""
    process, hours, limit = firm.terms.process, terms.resolution, connection(firm)
    values = 24 // hours
    whole_day = values * limit, math.sqrt(values) * limit
    if terms.protected != "heat":
        return whole_day
    melting = min(24.0, process.heat_energy / process.furnace)
    parts = [min(hours, max(0.0, melting - hours * block)) / hours * process.furnace for block in range(values)]
    return min(whole_day[0], math.fsum(parts)), min(whole_day[1], math.sqrt(math.fsum(x * x for x in parts)))


def explained(x: list[float], y: list[float]) -> float:
    """Return the squared correlation; 1 where `x` does not vary and has nothing to hide, 0 where only `y` does not."""
    if not x:
        return 1.0
    left, right = spread_out(x), spread_out(y)
    if not any(left) or not any(right):
        return 1.0 if not any(left) else 0.0
    both = math.fsum(a * a for a in left) * math.fsum(b * b for b in right)
    return min(1.0, math.fsum(a * b for a, b in zip(left, right, strict=True)) ** 2 / both)


def spread_out(values: list[float]) -> list[float]:
    """Return the values less their mean; zeros where they differ by no more than rounding."""
    mean = math.fsum(values) / len(values)
    if max(values) - min(values) <= 1e-9 * max(map(abs, values)):
        return [0.0] * len(values)
    return [value - mean for value in values]
