"""Urgent jobs at servers in continuous time: jobs come one by one, are served, wait or go elsewhere.

Jobs arrive as a Poisson process and take a server for an exponential time (Erlang 1917). The k-th job of a station on a
day comes at the same minute and takes as long whoever serves it, so that stations alone and together live through the
same jobs. What is under way at midnight goes on.
"""

import numpy as np
from numpy.typing import NDArray

from model.kernels import kernel
from model.streams import Floats, Ints, Key, uniform

type Bools = NDArray[np.bool_]

DAY_HOURS = 24.0
JOBS, BLOCKED, DELAYED, WAITED, BUSY, AWAY, MOVED = range(7)
"""Columns of what happened: jobs that came, went elsewhere, had to wait; hours waited, and served at the station's own
servers; jobs of the station begun at others' servers, and what bringing them there cost, EUR."""
COUNTS = 7


@kernel
def exponential(u: float, mean: float) -> float:
    """Return an exponential time of the given mean, from a uniform draw in (0, 1)."""
    return float(-np.log(u) * mean)


@kernel
def count_jobs(key: Key, entity: int, day: int, arrivals: float) -> int:
    """Return how many jobs a station gets on a day, of `arrivals` a day on average."""
    jobs, hour = 0, 0.0
    while arrivals > 0.0:
        hour += exponential(uniform(key, entity, day, 2 * jobs), DAY_HOURS / arrivals)
        if hour >= DAY_HOURS:
            break
        jobs += 1
    return jobs


@kernel
def draw_jobs(
    key: Key, entity: int, day: int, arrivals: float, duration: float, times: Floats, lengths: Floats
) -> None:
    """Write when a station's jobs of a day come and how long each takes a server.

    Args:
        key: stream "station_job"; `entity`: of the station.
        day: model day; `arrivals`: mean jobs a day; `duration`: mean hours of a job.
        times: result, h since the first day began, shape (jobs,), as many as `count_jobs` says; `lengths`: result, h.
    """
    hour = 0.0
    for k in range(times.size):
        hour += exponential(uniform(key, entity, day, 2 * k), DAY_HOURS / arrivals)
        times[k] = day * DAY_HOURS + hour
        lengths[k] = exponential(uniform(key, entity, day, 2 * k + 1), duration)


@kernel
def find_server(
    station: int,
    at: float,
    first_server: Ints,
    free_at: Floats,
    first_link: Ints,
    link_to: Ints,
    link_open: Ints,
    link_up: Bools,
) -> tuple[int, int]:
    """Return (server, link) that a job can have at once: a server of its own station (link -1), else the nearest free.

    Both are -1 where all are busy. Arguments as in `serve_day`.
    """
    for s in range(first_server[station], first_server[station + 1]):
        if free_at[s] <= at:
            return s, -1
    for link in range(first_link[station], first_link[station + 1]):
        if link_up[link]:
            last = first_server[link_to[link] + 1]
            for s in range(last - link_open[link], last):
                if free_at[s] <= at:
                    return s, link
    return -1, -1


@kernel
def link_to_server(
    station: int,
    server: int,
    first_server: Ints,
    first_link: Ints,
    link_to: Ints,
    link_open: Ints,
    link_up: Bools,
) -> int:
    """Return the link by which jobs of a station may use a server: -1 for its own, -2 for none.

    Arguments as in `serve_day`.
    """
    if first_server[station] <= server < first_server[station + 1]:
        return -1
    for link in range(first_link[station], first_link[station + 1]):
        last = first_server[link_to[link] + 1]
        if link_up[link] and last - link_open[link] <= server < last:
            return link
    return -2


@kernel
def begin_job(
    station: int,
    server_of: int,
    server: int,
    way: float,
    came: float,
    length: float,
    at: float,
    midnight: float,
    free_at: Floats,
    today: Floats,
) -> None:
    """Let a server take a job at hour `at`: it is busy for `length` h; `way` EUR moves the job to another station.

    Args:
        station: whose job it is; `server_of`: station of the server; `server`: its number.
        came: hour at which the job came; `midnight`: at which the day ends.
        free_at, today: as in `serve_day`; updated in place.
    """
    free_at[server] = at + length
    today[server_of, BUSY] += min(at + length, midnight) - at
    today[station, WAITED] += at - max(came, midnight - DAY_HOURS)
    if server_of != station:
        today[station, AWAY] += 1.0
        today[station, MOVED] += way


@kernel
def next_release(after: float, until: float, stations: Ints, first_server: Ints, free_at: Floats) -> tuple[int, int]:
    """Return (server, its station) that becomes free first after one hour and not after another; -1 if none does."""
    found, owner, best = -1, -1, until
    for station in stations:
        for s in range(first_server[station], first_server[station + 1]):
            if after < free_at[s] <= best:
                found, owner, best = s, station, free_at[s]
    return found, owner


@kernel
def release_until(
    after: float,
    until: float,
    midnight: float,
    stations: Ints,
    queue: Ints,
    waiting: int,
    jobs: Floats,
    first_server: Ints,
    free_at: Floats,
    first_link: Ints,
    link_to: Ints,
    link_way: Floats,
    link_open: Ints,
    link_up: Bools,
    today: Floats,
) -> int:
    """Give servers that become free to those who wait, first come first served; return how many still wait.

    Args:
        after, until: hours between which servers are looked at; `midnight`: end of the day.
        stations: of the pool.
        queue: jobs that wait, in order; changed in place; `waiting`: how many.
        jobs: hour, length, station of each job, shape (jobs, 3).
        first_server, free_at, first_link, link_to, link_way, link_open, link_up, today: as in `serve_day`.
    """
    now = after
    while waiting > 0:
        server, owner = next_release(now, until, stations, first_server, free_at)
        if server < 0:
            break
        now = free_at[server]
        for place in range(waiting):
            job = queue[place]
            station = int(jobs[job, 2])
            link = link_to_server(station, server, first_server, first_link, link_to, link_open, link_up)
            if link >= -1:
                way = link_way[link] if link >= 0 else 0.0
                begin_job(station, owner, server, way, jobs[job, 0], jobs[job, 1], now, midnight, free_at, today)
                waiting -= 1
                for k in range(place, waiting):
                    queue[k] = queue[k + 1]
                break
    return waiting


@kernel
def serve_pool(
    jobs: Floats,
    old: int,
    midnight: float,
    stations: Ints,
    loses: Bools,
    first_server: Ints,
    free_at: Floats,
    first_link: Ints,
    link_to: Ints,
    link_way: Floats,
    link_open: Ints,
    link_up: Bools,
    queue: Ints,
    today: Floats,
) -> int:
    """Live through a day of the stations of one pool; return how many jobs wait at its end, those in `queue`.

    Args:
        jobs: hour, length, station of each job, by hour, shape (jobs, 3); the first `old` wait since yesterday.
        midnight: hour at which the day ends.
        stations: of the pool; `loses`: whether a job that finds no server goes elsewhere, by station.
        queue: result, indices into `jobs`, room for all.
        first_server, free_at, first_link, link_to, link_way, link_open, link_up, today: as in `serve_day`.
    """
    now, waiting = midnight - DAY_HOURS, 0
    for job in range(jobs.shape[0]):
        came, length, station = max(now, jobs[job, 0]), jobs[job, 1], int(jobs[job, 2])
        if job >= old:
            waiting = release_until(
                now, came, midnight, stations, queue, waiting, jobs, first_server, free_at, first_link, link_to,
                link_way, link_open, link_up, today
            )  # fmt: skip
            now = came
            today[station, JOBS] += 1.0
        server, link = find_server(station, came, first_server, free_at, first_link, link_to, link_open, link_up)
        if server >= 0:
            owner = link_to[link] if link >= 0 else station
            way = link_way[link] if link >= 0 else 0.0
            begin_job(station, owner, server, way, jobs[job, 0], length, came, midnight, free_at, today)
        elif loses[station]:
            today[station, BLOCKED] += 1.0
        else:
            today[station, DELAYED] += 1.0 if job >= old else 0.0
            queue[waiting] = job
            waiting += 1
    return release_until(
        now, midnight, midnight, stations, queue, waiting, jobs, first_server, free_at, first_link, link_to,
        link_way, link_open, link_up, today
    )  # fmt: skip


@kernel
def serve_day(
    day: int,
    key: Key,
    entity: Ints,
    arrivals: Floats,
    duration: Floats,
    loses: Bools,
    first_server: Ints,
    free_at: Floats,
    first_link: Ints,
    link_to: Ints,
    link_way: Floats,
    link_open: Ints,
    link_up: Bools,
    first_member: Ints,
    members: Ints,
    waiting: Floats,
    today: Floats,
) -> Floats:
    """Live through a day of all stations; return the jobs that wait at its end, columns as in `waiting`.

    Args:
        day: model day; `key`: stream "station_job".
        entity, arrivals, duration, loses: of each station: stream entity, jobs a day, h, whether jobs do not wait.
        first_server: first server of each station and the end, shape (station + 1,).
        free_at: hour at which each server has finished what it does, shape (server,); state, updated in place.
        first_link: first link of each station and the end; links of a station lead to others, nearest first.
        link_to, link_way, link_open, link_up: station, EUR a job, servers open to it, whether it can be used today.
        first_member: first member of each pool and the end; `members`: stations by pool. Links stay within a pool.
        waiting: hour, length and station of the jobs that wait since yesterday, by pool and hour, shape (jobs, 3).
        today: result, shape (station, 7), columns as in `COUNTS`; overwritten.
    """
    today[:] = 0.0
    midnight = (day + 1) * DAY_HOURS
    expected = np.empty(entity.size, np.int64)
    for station in range(entity.size):
        expected[station] = count_jobs(key, entity[station], day, arrivals[station])
        for s in range(first_server[station], first_server[station + 1]):
            today[station, BUSY] += max(0.0, min(free_at[s], midnight) - day * DAY_HOURS)
    left = np.empty((waiting.shape[0] + expected.sum(), 3))
    kept, seen = 0, 0
    for pool in range(first_member.size - 1):
        stations = members[first_member[pool] : first_member[pool + 1]]
        old = 0
        while seen + old < waiting.shape[0] and (stations == int(waiting[seen + old, 2])).any():
            old += 1
        jobs = pool_jobs(day, key, entity, arrivals, duration, stations, expected, waiting[seen : seen + old])
        seen += old
        queue = np.zeros(jobs.shape[0], np.int64)
        rest = serve_pool(
            jobs, old, midnight, stations, loses, first_server, free_at, first_link, link_to, link_way, link_open,
            link_up, queue, today
        )  # fmt: skip
        for k in range(rest):
            left[kept] = jobs[queue[k]]
            today[int(left[kept, 2]), WAITED] += midnight - max(left[kept, 0], midnight - DAY_HOURS)
            kept += 1
    return left[:kept].copy()


@kernel
def pool_jobs(
    day: int,
    key: Key,
    entity: Ints,
    arrivals: Floats,
    duration: Floats,
    stations: Ints,
    expected: Ints,
    waiting: Floats,
) -> Floats:
    """Return a pool's jobs of a day, those that wait already first, then by hour: hour, length, station, shape (., 3).

    `expected`: number of new jobs of each station; the other arguments as in `serve_day`.
    """
    old, new = waiting.shape[0], 0
    for station in stations:
        new += expected[station]
    jobs = np.empty((old + new, 3))
    jobs[:old] = waiting
    fresh = np.empty((new, 3))
    row = 0
    for station in stations:
        end = row + expected[station]
        draw_jobs(key, entity[station], day, arrivals[station], duration[station], fresh[row:end, 0], fresh[row:end, 1])
        fresh[row:end, 2] = station
        row = end
    order = np.argsort(fresh[:, 0], kind="mergesort")
    for k in range(new):
        jobs[old + k] = fresh[order[k]]
    return jobs
