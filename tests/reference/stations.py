"""Urgent jobs at servers, one event after the other, in plain Python."""

import math
from dataclasses import dataclass
from typing import Any

from tests.reference.trades import Way


@dataclass
class Job:
    """A job: its station, the hour at which it came since the run began, and how long it takes a server."""

    station: "Station"
    came: float
    length: float


class Station:
    """Servers of a firm; partners may use the last few of them."""

    def __init__(self, firm: Any, draws: Any) -> None:
        self.firm, self.terms, self.draws = firm, firm.terms.station, draws
        self.free_at = [0.0] * self.terms.servers
        self.partners: list[tuple[Station, Way, int, Any]] = []
        self.today: dict[str, float] = {}
        self.total = dict.fromkeys(("jobs", "blocked", "delayed", "waited", "busy", "away"), 0.0)

    def jobs(self, day: int) -> list[Job]:
        """Return today's jobs."""
        found: list[Job] = []
        hour = 0.0
        while self.terms.arrivals > 0.0:
            k = len(found)
            hour -= math.log(self.draws.uniform(self.firm.entity, day, 2 * k)) * 24.0 / self.terms.arrivals
            if hour >= 24.0:
                break
            length = -math.log(self.draws.uniform(self.firm.entity, day, 2 * k + 1)) * self.terms.duration
            found.append(Job(self, day * 24.0 + hour, length))
        return found

    def choices(self, day: int) -> list[tuple["Station", int, float]]:
        """Return servers that its jobs may have today, and EUR of the way: own ones, then the nearest partner's."""
        own = [(self, server, 0.0) for server in range(self.terms.servers)]
        for other, way, lent, platform in self.partners:
            if platform.online[day]:
                servers = range(other.terms.servers - lent, other.terms.servers)
                own += [(other, server, way.eur) for server in servers]
        return own


class Stations:
    """All stations of a run, and the jobs that wait."""

    def __init__(self, model: Any) -> None:
        self.model = model
        draws = model.streams["station_job"]
        self.stations = [Station(firm, draws) for firm in model.firms if firm.terms.station.servers]
        self.waiting: list[Job] = []

    def of(self, firm: Any) -> Station:
        """Return a firm's station."""
        return next(station for station in self.stations if station.firm is firm)

    def serve(self, day: int) -> None:
        """Live through the events of a day: jobs come, servers become free."""
        start, midnight = 24.0 * day, 24.0 * (day + 1)
        for station in self.stations:
            station.today = dict.fromkeys((*station.total, "moved"), 0.0)
            station.today["busy"] = math.fsum(max(0.0, min(t, midnight) - start) for t in station.free_at)
        old, self.waiting = self.waiting, []
        for job in old:
            if not self._begin(job, start, day):
                self.waiting.append(job)
        now = start
        for job in sorted((j for station in self.stations for j in station.jobs(day)), key=lambda j: j.came):
            self._release(now, job.came, day)
            now = job.came
            job.station.today["jobs"] += 1
            if not self._begin(job, now, day):
                if job.station.terms.discipline == "loss":
                    job.station.today["blocked"] += 1
                else:
                    job.station.today["delayed"] += 1
                    self.waiting.append(job)
        self._release(now, midnight, day)
        for job in self.waiting:
            job.station.today["waited"] += midnight - max(job.came, start)

    def _begin(self, job: Job, now: float, day: int) -> bool:
        """Let a job have the first server that is free now, if any."""
        for owner, server, way in job.station.choices(day):
            if owner.free_at[server] <= now:
                owner.free_at[server] = now + job.length
                owner.today["busy"] += min(now + job.length, 24.0 * (day + 1)) - now
                job.station.today["waited"] += now - max(job.came, 24.0 * day)
                job.station.today["away"] += owner is not job.station
                job.station.today["moved"] += way
                return True
        return False

    def _release(self, after: float, until: float, day: int) -> None:
        """Let jobs that wait have the servers that become free, first come first served."""
        now = after
        while self.waiting:
            coming = [t for station in self.stations for t in station.free_at if now < t <= until]
            if not coming:
                return
            now = min(coming)
            for job in list(self.waiting):
                if self._begin(job, now, day):
                    self.waiting.remove(job)

    def pay(self, books: Any) -> None:
        """Pay for jobs that went elsewhere, waited or were moved."""
        for station in self.stations:
            terms, today = station.terms, station.today
            outside = terms.blocked_cost * today["blocked"] + terms.waiting_cost * today["waited"]
            books.pay(station.firm, self.model.resources, "outsourcing", outside)
            books.pay(station.firm, self.model.resources, "moving", today["moved"])

    def count(self) -> None:
        """Count today."""
        for station in self.stations:
            for word in station.total:
                station.total[word] += station.today[word]

    def outcomes(self, days: int) -> dict[tuple[str, str], float]:
        """Return what is reported, party by party."""
        values: dict[tuple[str, str], float] = {}
        for party in dict.fromkeys(station.firm.party for station in self.stations):
            own = [station for station in self.stations if station.firm.party == party]
            total = {word: math.fsum(station.total[word] for station in own) for word in own[0].total}
            hours = 24.0 * days * sum(station.terms.servers for station in own)
            values["station_utilisation", party] = total["busy"] / hours
            values["jobs_away", party] = total["away"] * 365.0 / days
            if total["jobs"] > 0:
                values["station_blocked", party] = total["blocked"] / total["jobs"]
                values["station_delayed", party] = total["delayed"] / total["jobs"]
                values["station_wait", party] = total["waited"] / total["jobs"]
        return values
