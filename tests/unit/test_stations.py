"""Urgent jobs at servers: against textbook formulas, a second simulation, and by hand."""

import dataclasses
import math
import pickle
from typing import Any

import numpy as np
import pytest

from model.endowments import Site, Station
from model.inputs import Demand, ManufacturerInputs, ModelInputs, Period, Process, ResourcePlatformInputs
from model.model import CollaborationModel
from model.physics.stations import AWAY, BLOCKED, BUSY, DELAYED, JOBS, MOVED, WAITED, count_jobs, draw_jobs
from model.resource_terms import ResourceContract
from model.stations import Stations
from model.streams import stream_key

JOBS_A_DAY = 40.0


def _clinic(name: str, *, x: float = 0.0, count: int = 1, **station: Any) -> ManufacturerInputs:
    return ManufacturerInputs(
        name=name,
        count=count,
        process=Process(kind="none"),
        demand=Demand(mean=0.0),
        site=Site(x=x),
        station=Station(**{"servers": 2, "arrivals": JOBS_A_DAY, "duration": 1.0, **station}),
    )


def _stations(
    *clinics: ManufacturerInputs, online: dict[str, Any] | None = None, members: tuple[str, ...] = (), **terms: Any
) -> Stations:
    inputs = ModelInputs(manufacturers=clinics)
    stage = CollaborationModel(inputs).stage
    contracts = (
        [ResourceContract(name="beds", platform="hub", members=members, resource="station", **terms)] if members else []
    )
    return Stations(stage, contracts, online)


def _days(stations: Stations, days: int) -> np.ndarray:
    return np.array([(stations.serve(day), stations.today.copy())[1] for day in range(days)])


def _fresh_jobs(stations: Stations, days: int) -> list[list[tuple[float, float]]]:
    """Return (hour, length) of all jobs of each station, as the engine draws them."""
    everything = []
    for entity, arrivals, duration in zip(stations.entity, stations.arrivals, stations.duration, strict=True):
        jobs: list[tuple[float, float]] = []
        for day in range(days):
            times, lengths = np.zeros((2, count_jobs(stations.key, entity, day, arrivals)))
            draw_jobs(stations.key, entity, day, arrivals, duration, times, lengths)
            jobs += zip(times.tolist(), lengths.tolist(), strict=True)
        everything.append(jobs)
    return everything


def test_jobs_come_as_a_poisson_process() -> None:
    key = stream_key(3, 0, "station_job")
    counts, gaps, lengths = [], [], []
    for day in range(3000):
        times, hours = np.zeros((2, count_jobs(key, 7, day, 12.0)))
        draw_jobs(key, 7, day, 12.0, 5.0, times, hours)
        assert (np.diff(times) > 0).all()
        assert times.size == 0 or (day * 24.0 < times[0] and times[-1] < (day + 1) * 24.0)
        counts.append(times.size)
        gaps += times.tolist()
        lengths += hours.tolist()
    assert np.mean(counts) == pytest.approx(12.0, abs=4 * math.sqrt(12.0 / 3000))
    assert np.var(counts) == pytest.approx(12.0, rel=4 * math.sqrt(2.0 / 3000))
    between = np.diff(gaps)  # over midnight too: the process has no memory
    assert between.mean() == pytest.approx(2.0, rel=0.03)
    assert between.std() == pytest.approx(2.0, rel=0.04)
    assert np.mean(lengths) == pytest.approx(5.0, rel=0.03)
    assert np.std(lengths) == pytest.approx(5.0, rel=0.04)


def test_no_arrivals_are_no_jobs() -> None:
    assert count_jobs(stream_key(3, 0, "station_job"), 7, 0, 0.0) == 0
    stations = _stations(_clinic("a", arrivals=0.0))
    assert not _days(stations, 3).any()


@pytest.mark.parametrize("servers", [1, 2, 5])
def test_a_queue_alone_is_the_waiting_time_recursion(servers: int) -> None:
    """Kiefer & Wolfowitz (1955): each job goes to the server that is free first, in the order of arrival."""
    days = 60
    stations = _stations(_clinic("a", servers=servers, duration=0.55 * servers, discipline="queue"))
    found = _days(stations, days).sum(axis=0)[0]
    free = np.zeros(servers)
    waited, delayed, busy = 0.0, 0, 0.0
    midnight = 24.0 * days
    for came, length in _fresh_jobs(stations, days)[0]:
        server = int(free.argmin())
        begin = max(came, free[server])
        delayed += begin > came
        waited += min(begin, midnight) - came
        busy += max(0.0, min(begin + length, midnight) - begin)
        free[server] = begin + length
    assert delayed > 100
    assert found[DELAYED] == delayed
    assert found[WAITED] == pytest.approx(waited)
    assert found[BUSY] == pytest.approx(busy)
    assert found[BLOCKED] == 0


@pytest.mark.parametrize("discipline", ["loss", "queue"])
def test_pooled_stations_without_a_way_serve_as_one(discipline: str) -> None:
    """Two stations that share all servers serve the same jobs as one with the servers of both."""
    clinics = [_clinic(n, servers=s, discipline=discipline, duration=1.0) for n, s in (("a", 2), ("b", 3))]
    stations = _stations(*clinics, members=("a", "b"), variant="pooling")
    found = _days(stations, 60).sum(axis=0)
    jobs = sorted(job for station in _fresh_jobs(stations, 60) for job in station)
    free = np.zeros(5)
    blocked, waited = 0, 0.0
    for came, length in jobs:
        server = int(free.argmin())
        if discipline == "loss" and free[server] > came:
            blocked += 1
            continue
        begin = max(came, free[server])
        waited += min(begin, 60 * 24.0) - came
        free[server] = begin + length
    assert found[:, JOBS].sum() == len(jobs)
    assert found[:, BLOCKED].sum() == blocked
    assert found[:, WAITED].sum() == pytest.approx(waited)
    assert blocked > 50 or waited > 50.0
    assert found[0, AWAY] > found[1, AWAY] > 0


def test_jobs_are_the_same_whoever_serves_them() -> None:
    alone = _days(_stations(_clinic("a"), _clinic("b", x=10.0)), 30)
    pooled = _days(_stations(_clinic("a"), _clinic("b", x=10.0), members=("a", "b")), 30)
    assert np.array_equal(alone[:, :, JOBS], pooled[:, :, JOBS])
    assert pooled[:, :, BLOCKED].sum() < alone[:, :, BLOCKED].sum()
    assert not alone[:, :, AWAY].any()


def test_a_job_goes_to_the_nearest_free_partner_and_pays_the_way() -> None:
    clinics = [_clinic("a", arrivals=60.0, servers=1), _clinic("far", x=20.0), _clinic("near", x=4.0)]
    clinics[1:] = [_clinic(c.name, x=c.site.x, arrivals=0.0) for c in clinics[1:]]
    stations = _stations(*clinics, members=("a", "far", "near"), moving_cost=3.0, distance_cost=0.5)
    found = _days(stations, 20).sum(axis=0)
    near, far = found[2, BUSY], found[1, BUSY]
    assert near > far > 0.0
    ways = 3.0 + 0.5 * 4.0, 3.0 + 0.5 * 20.0
    assert min(ways) * found[0, AWAY] < found[0, MOVED] < max(ways) * found[0, AWAY]
    assert not found[1:, AWAY].any()


def test_a_partner_out_of_reach_or_of_another_kind_is_no_partner() -> None:
    for other in (_clinic("b", x=30.0), _clinic("b", kind="laboratory")):
        stations = _stations(_clinic("a"), other, members=("a", "b"), reach=25.0)
        assert stations.links.to.size == 0
        assert stations.first_member.tolist() == [0, 1, 2]
        assert np.array_equal(_days(stations, 5), _days(_stations(_clinic("a"), other), 5))


@pytest.mark.parametrize(("offered", "most"), [(0.24, 0), (0.25, 1), (0.5, 2), (1.0, 4)])
def test_only_what_is_offered_is_open_to_others(offered: float, most: int) -> None:
    """The guest has no server free for long; it can hold `most` of the four servers of its partner, never more."""
    host, guest = _clinic("host", servers=4, arrivals=0.0), _clinic("guest", servers=1, arrivals=1000.0, duration=24.0)
    stations = _stations(host, guest, members=("host", "guest"), offered=offered)
    busy = _days(stations, 10)[-1, 0, BUSY]
    assert busy == pytest.approx(24.0 * most, rel=0.05)


def test_while_the_platform_is_down_everybody_is_alone() -> None:
    up = np.ones(40, np.bool_)
    up[10:20] = False
    clinics = (_clinic("a", discipline="queue"), _clinic("b", discipline="queue", arrivals=5.0))
    found = _days(_stations(*clinics, members=("a", "b"), online={"hub": up}), 40)
    assert not found[10:20, :, AWAY].any()
    assert found[~np.isin(np.arange(40), np.arange(10, 20))][:, 0, AWAY].min() > 0
    always = _days(_stations(*clinics, members=("a", "b")), 40)
    assert np.array_equal(found[:10], always[:10])
    assert found[10:20, :, WAITED].sum() > always[10:20, :, WAITED].sum()


def test_those_who_waited_for_the_platform_are_served_when_it_is_back() -> None:
    """A crowded station beside an idle one: its queue runs off at once on the day the platform is up again."""
    up = np.array([False] * 40 + [True])
    full = _clinic("full", servers=1, arrivals=24.0, duration=0.99, discipline="queue")
    idle = _clinic("idle", servers=100, arrivals=0.0, discipline="queue")
    stations = _stations(full, idle, members=("full", "idle"), online={"hub": up})
    waiting = [(stations.serve(day), len(stations.waiting))[1] for day in range(41)]
    assert waiting[39] > 2
    assert waiting[40] == 0
    assert stations.today[0, AWAY] >= waiting[39]
    assert stations.today[0, WAITED] == pytest.approx(0.0)


def test_stations_of_one_group_count_together() -> None:
    stations = _stations(_clinic("ward", count=3))
    for day in range(10):
        stations.serve(day)
        stations.count()
    values = stations.outcomes(365.0 / 10)
    assert {party for _, party in values} == {"ward"}
    total = stations.total.sum(axis=0)
    assert values["station_blocked", "ward"] == pytest.approx(total[BLOCKED] / total[JOBS])
    assert values["station_utilisation", "ward"] == pytest.approx(total[BUSY] / (3 * 2 * 240.0))
    assert values["jobs_away", "ward"] == 0.0


def test_costs_go_to_the_books() -> None:
    clinics = (
        _clinic("a", blocked_cost=700.0),
        _clinic("b", x=10.0, discipline="queue", waiting_cost=30.0),
        _clinic("mill", servers=0),
    )
    stations = _stations(*clinics, members=("a", "b"), moving_cost=1.0)
    stations.serve(0)
    stations.serve(1)
    lines = dict(zip(stations.book.lines, stations.book.today, strict=True))
    today = stations.today
    assert lines["a", "resources", "outsourcing"] == pytest.approx(700.0 * today[0, BLOCKED])
    assert lines["b", "resources", "outsourcing"] == pytest.approx(30.0 * today[1, WAITED])
    assert lines["b", "resources", "moving"] == pytest.approx((1.0 + 0.2 * 10.0) * today[1, AWAY])
    assert lines["mill", "resources", "outsourcing"] == 0.0
    assert stations.book.today.sum() == pytest.approx(-stations.book.cash.sum())
    assert today[0, BLOCKED] > 0
    assert today[1, WAITED] > 0.0


def _economy(**terms: Any) -> ModelInputs:
    clinics = _clinic("a"), _clinic("b", x=10.0)
    beds = ResourceContract(name="beds", platform="hub", members=("a", "b"), resource="station", **terms)
    hub = ResourcePlatformInputs(name="hub", outage_rate=12.0, outage_days=3.0)
    return ModelInputs(
        calendar=Period(days=60, burn_in=10),
        manufacturers=clinics,
        resource_platforms=(hub,),
        resource_contracts=(beds,),
    )


def test_in_a_run_what_is_counted_is_what_is_paid() -> None:
    model = CollaborationModel(_economy(moving_cost=2.0))
    model.run_to_end()
    values, total = model.outcomes(), model.stations.total
    scale = 365.0 / 60
    away = sum(values["jobs_away", name] for name in "ab")
    assert model.ledger.by_kind("moving") * scale == pytest.approx((2.0 + 0.2 * 10.0) * away)
    assert model.ledger.by_kind("outsourcing") == pytest.approx(500.0 * total[:, BLOCKED].sum())
    assert values["cost_outsourcing", ""] == pytest.approx(500.0 * total[:, BLOCKED].sum() * scale)
    assert not model.resources.platforms.online["hub"].all()
    assert away > 0


def test_offering_nothing_changes_no_bit() -> None:
    null = CollaborationModel(_economy(offered=0.0))
    bare = CollaborationModel(dataclasses.replace(_economy(), resource_contracts=(), resource_platforms=()))
    for model in (null, bare):
        model.run_for(20)
    assert np.array_equal(null.stations.today, bare.stations.today)
    assert np.array_equal(null.stations.free_at, bare.stations.free_at)
    assert np.array_equal(null.live.cash[:2], bare.live.cash[:2])


def test_a_copy_goes_on_alike() -> None:
    model = CollaborationModel(_economy())
    model.run_for(15)
    twin = pickle.loads(pickle.dumps(model))
    for one in (model, twin):
        one.run_for(5)
    assert np.array_equal(model.stations.free_at, twin.stations.free_at)
    assert np.array_equal(model.stations.total, twin.stations.total)


def test_without_servers_nothing_happens() -> None:
    stations = _stations(_clinic("mill", servers=0))
    stations.serve(0)
    stations.count()
    assert stations.outcomes(1.0) == {}
    assert stations.book.lines == []
