"""Maintenance logs: crews write, a miner reads, works and their utility act on the breakdown that it predicts.

The crews' text and its reading into words (`model.logbook`, `model.mechanisms.mining.Reader`) are given; what words
are counted, what they are taken to mean and what follows is written anew.
"""

import math
from typing import Any

from model.logbook import log_keys, write_log
from model.mechanisms.mining import Reader
from tests.reference.contracts import Contract
from tests.reference.utility import connection


class Lore:
    """What was learnt of breakdowns from all logs that are mined together."""

    def __init__(self, stages: Any) -> None:
        self.mining = stages is None or stages.mining
        on = stages is None
        self.reader = Reader(cleaning=on or stages.cleaning, integration=on or stages.integration)
        self.calm_counts: dict[int, float] = {}
        self.broken_counts: dict[int, float] = {}
        self.windows = {False: 0, True: 0}
        self.days = {False: 0, True: 0}
        self.slope, self.precision = 0.0, 4.0

    def base(self) -> float:
        """Return the share of days with a breakdown."""
        return share_broken(self.days)

    def score(self, window: dict[int, float]) -> float:
        """Return the log likelihood ratio of Poisson counts of every word, breakdown against none."""
        days = self.windows[True] + self.windows[False]
        terms = []
        for word in self.calm_counts.keys() | self.broken_counts.keys():
            calm, broken = self.calm_counts.get(word, 0.0), self.broken_counts.get(word, 0.0)
            if calm + broken > 0.0:
                prior = 30.0 * (calm + broken) / days
                usual = (calm + prior) / (self.windows[False] + 30.0)
                before = (broken + prior) / (self.windows[True] + 30.0)
                terms.append(window.get(word, 0.0) * math.log(before / usual) - (before - usual))
        return min(8.0, max(-8.0, math.fsum(terms)))

    def chance(self, window: dict[int, float] | None) -> float:
        """Return the probability of a breakdown after such a window; the base rate where there is none."""
        base = self.base()
        if window is None or not self.mining or not any(self.windows.values()):
            return base
        odds = math.log(base / (1.0 - base)) + max(0.0, self.slope) * self.score(window)
        return 1.0 / (1.0 + math.exp(-odds))

    def learn(self, window: dict[int, float] | None, broke: bool) -> None:
        """Take in what came after a window: first how far to trust the score, then what words mean."""
        if window is not None and self.mining:
            score = self.score(window) if any(self.windows.values()) else 0.0
            base = share_broken(self.windows)
            odds = math.log(base / (1.0 - base)) + max(0.0, self.slope) * score
            p = 1.0 / (1.0 + math.exp(-odds))
            self.precision += p * (1.0 - p) * score**2
            self.slope += (float(broke) - p) * score / self.precision
            self.windows[broke] += 1
            counts = self.broken_counts if broke else self.calm_counts
            for word, count in window.items():
                counts[word] = counts.get(word, 0.0) + count
        self.days[broke] += 1


def share_broken(days: dict[bool, int]) -> float:
    """Return the share of days with a breakdown; ten days at .1 come before any evidence."""
    return (days[True] + 10.0 * 0.1) / (days[True] + days[False] + 10.0)


class MinedLog:
    """One works' log: what was written, and what it says about tomorrow."""

    def __init__(self, model: Any, firm: Any, stages: Any = None, lore: Lore | None = None) -> None:
        self.model, self.firm = model, firm
        self.lore = lore or Lore(stages)
        self.keys = log_keys(model.seed_of_study, model.replication)
        self.words: dict[int, dict[int, float]] = {}
        self.forgotten_before = 0
        self.written = self.days = 0
        self.unlearnt: tuple[int, bool] | None = None
        self.penalty = self.base_penalty = 0.0
        self.chance = self.base = 0.0

    def _window(self, day: int) -> dict[int, float] | None:
        """Return the counts of words that the gate of `day` knows: written two days before it and earlier."""
        newest = day - 2
        if newest not in self.words:
            return None
        first = newest - self.firm.terms.logs.window + 1
        counts: dict[int, float] = {}
        for written in range(max(first, self.forgotten_before), newest + 1):
            for word, count in self.words.get(written, {}).items():
                counts[word] = counts.get(word, 0.0) + count
        return counts

    def predict(self, day: int) -> None:
        """Predict a breakdown on `day`."""
        self.chance, self.base = self.lore.chance(self._window(day)), self.lore.base()

    def maintain_if_worth_it(self) -> None:
        """Ask for a planned stop where it costs less than the repairs that it averts over the horizon."""
        process = self.firm.terms.process
        days = process.maintenance_horizon
        averted = (1.0 - self.base) ** days - (1.0 - self.chance) ** days
        if averted * process.repair_cost > process.maintenance_cost:
            self.firm.process.maintenance_due = True

    def write(self, day: int) -> None:
        """Write up the day, see how good the prediction was, and learn."""
        process = self.firm.process
        text = write_log(
            self.keys, self.firm.entity, day, self.firm.terms.logs, worn=process.worn, failed=process.broke
        )
        self.written += sum(len(line.encode()) + 1 for line in text)
        self.days += 1
        if not process.maintained:
            self.penalty -= math.log(self.chance if process.broke else 1.0 - self.chance)
            self.base_penalty -= math.log(self.base if process.broke else 1.0 - self.base)
        counts: dict[int, float] = {}
        for word in self.lore.reader.read(text) if self.lore.mining else []:
            counts[word] = counts.get(word, 0.0) + 1.0
        self.words[day] = counts
        if self.unlearnt is not None:
            self.lore.learn(self._window(self.unlearnt[0]), self.unlearnt[1])
        self.unlearnt = None if process.maintained else (day, process.broke)
        if process.maintained:
            self.forgotten_before = day + 1

    @property
    def skill(self) -> float:
        """1 less the log score over that of the base rate."""
        return 1.0 - self.penalty / self.base_penalty if self.base_penalty > 0.0 else 0.0


class LogContract(Contract):
    """Works share their logs with their utility, which mines them together and expects less load of a sick works."""

    def __init__(self, model: Any, terms: Any, sharers: list[Any], partner: Any, platform: Any) -> None:
        super().__init__(model, terms, platform)
        self.partner = partner
        lore = Lore(terms.pipeline)
        self.logs = [MinedLog(model, firm, lore=lore) for firm in sharers]
        self.news: list[list[float]] = [[] for _ in sharers]
        self.forecasts: list[list[list[float]]] = [[] for _ in sharers]
        self.product = [[0.0] * 24 for _ in sharers]
        self.square = [30.0 * 0.01 for _ in sharers]

    def advise(self, day: int) -> None:
        """Predict, and let works plan stops."""
        for log in self.logs:
            log.predict(day)
            if self.arrives(day) and self.terms.pipeline.application:
                log.maintain_if_worth_it()

    def use(self, day: int) -> None:
        """Regress the forecast's error on what a prediction said more than the base rate, and correct by it."""
        for k, log in enumerate(self.logs):
            history, forecast = self.partner.histories[log.firm.name], self.partner.forecast
            known = day - history.delay
            if known >= 0 and self.terms.pipeline.analysis:
                said = self.news[k][known]
                misses = zip(history.metered[known], self.forecasts[k][known], strict=True)
                self.product[k] = [p + said * (a - b) for p, (a, b) in zip(self.product[k], misses, strict=True)]
                self.square[k] += said**2
            news = log.chance - log.base if self.arrives(day) else 0.0
            self.news[k].append(news)
            self.forecasts[k].append(list(forecast[log.firm.name]))
            if self.terms.pipeline.application and news != 0.0:
                limit = connection(log.firm)
                steps = [p / self.square[k] * news for p in self.product[k]]
                mine = zip(forecast[log.firm.name], steps, strict=True)
                forecast[log.firm.name] = [min(limit, max(0.0, f + step)) for f, step in mine]

    def bytes_a_day(self) -> float:
        """Return the mean size of the text that a firm shares."""
        days = sum(log.days for log in self.logs)
        return sum(log.written for log in self.logs) / days if days else 0.0

    def skill(self, group: str) -> float:
        """Return the mean skill of a group's predictions."""
        skills = [log.skill for log in self.logs if log.firm.party == group]
        return math.fsum(skills) / len(skills)
