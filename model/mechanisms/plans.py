"""How a day's plans leave the works, are added up by cell, and are taken into their partner's forecasts.

What happens to one record on its way is told in `mechanisms.pipeline`, what a partner learns in `mechanisms.data`.
"""

from typing import Any

import numpy as np

from model.kernels import kernel
from model.mechanisms.data import block_means, combine, innovation, learn_gain
from model.mechanisms.pipeline import HOURS, run_pipeline
from model.mechanisms.privacy import laplace
from model.streams import Floats, Ints, Key, normal

SETTLING_DAYS = 21
"""Days before the partner's own forecasts say what meters foretell; a leak counts in full until then (assumption)."""

MOMENTS = ("count", "plan", "record", "plan2", "record2", "product")
"""Columns of what is counted about a record and the plan behind it."""


@kernel
def publish_plans(
    day: int,
    entity: int,
    resolution: int,
    plans: Floats,
    batch: Ints,
    entities: Ints,
    keys: Key,
    rates: Floats,
    flags: Any,
    utc_offset_hours: int,
    limit: Floats,
    baseline: Floats,
    alone: Ints,
    mapping_key: Key,
    mapping_sd: float,
    privacy_key: Key,
    is_laplace: bool,
    privacy_scale: float,
    previous: Floats,
    previous_header: Ints,
    stages: Floats,
    values: Floats,
) -> None:
    """Write each sharer's record after the pipeline, MW by hour, shape (sharer, 24).

    Args:
        day, entity: model day, stream entity of the contract.
        resolution: hours per shared value.
        plans: MW by quarter-hour of every batch works, shape (batch, 96); `batch`: rows of the sharers.
        entities, keys, rates, flags, utc_offset_hours, previous, previous_header, stages: as in `run_pipeline`, with
            a leading sharer axis.
        limit: physical limit, MW, shape (sharer,).
        baseline: the partner's forecasts from history, MW, shape (customer, 24); `alone`: rows of the sharers.
        mapping_key, mapping_sd: stream and sd of translation errors, MW.
        privacy_key, is_laplace, privacy_scale: noise that each record gets at its source, MW per unit draw; 0 for none.
        values: result.
    """
    for m in range(batch.size):
        block_means(plans[batch[m]], resolution, values[m])
        if privacy_scale > 0.0:
            add_privacy_noise(day, entity, m, resolution, privacy_key, is_laplace, privacy_scale, limit[m], values[m])
        run_pipeline(
            day,
            entities[m],
            keys,
            rates[m],
            flags,
            utc_offset_hours,
            resolution,
            limit[m],
            baseline[alone[m]],
            previous[m],
            previous_header[m],
            stages[m],
            values[m],
        )
        if mapping_sd > 0.0:
            for h in range(HOURS):
                error = mapping_sd * normal(mapping_key, entities[m], day, h // resolution)
                values[m, h] = min(limit[m], max(0.0, values[m, h] + error))


@kernel
def add_privacy_noise(
    day: int,
    entity: int,
    cell: int,
    resolution: int,
    key: Key,
    is_laplace: bool,
    scale: float,
    limit: float,
    values: Floats,
) -> None:
    """Add noise of `scale` MW per unit draw to each block of a record, in place, and cut it off at 0 and `limit` MW."""
    for block in range(HOURS // resolution):
        slot = cell * HOURS + block
        draw = laplace(key, entity, day, slot) if is_laplace else normal(key, entity, day, slot)
        value = min(limit, max(0.0, values[block * resolution] + scale * draw))
        for h in range(block * resolution, (block + 1) * resolution):
            values[h] = value


@kernel
def release_plans(
    day: int,
    entity: int,
    resolution: int,
    in_the_open: bool,
    cell: Ints,
    values: Floats,
    noise_key: Key,
    noise_sd: float,
    privacy_key: Key,
    is_laplace: bool,
    privacy_scale: float,
    cell_limit: Floats,
    plans: Floats,
    batch: Ints,
    baseline: Floats,
    alone: Ints,
    moments: Floats,
    released: Floats,
) -> None:
    """Write what the partner sees of each cell, MW by hour, shape (cell, 24), and count what it tells of each plan.

    Args:
        day, entity, resolution, plans, batch, baseline, alone: as in `publish_plans`.
        in_the_open: whether the records are added up here; else `released` has their sum or running mean already.
        cell: cell of each sharer; `values`: records, MW, shape (sharer, 24).
        noise_key, noise_sd: announced Gaussian noise, MW.
        privacy_key, is_laplace, privacy_scale: privacy noise, MW per unit draw; 0 for none.
        cell_limit: physical limit, MW, shape (cell,).
        moments: counters, shape (sharer, 6), columns as `MOMENTS`.
        released: result.
    """
    if in_the_open:
        released[:] = 0.0
        for m in range(cell.size):
            for h in range(HOURS):
                released[cell[m], h] += values[m, h]
    for c in range(cell_limit.size):
        if noise_sd > 0.0:
            for block in range(HOURS // resolution):
                value = released[c, block * resolution] + noise_sd * normal(noise_key, entity, day, c * HOURS + block)
                for h in range(block * resolution, (block + 1) * resolution):
                    released[c, h] = value
        if privacy_scale > 0.0:
            add_privacy_noise(
                day, entity, c, resolution, privacy_key, is_laplace, privacy_scale, cell_limit[c], released[c]
            )
        for h in range(HOURS):
            released[c, h] = min(cell_limit[c], max(0.0, released[c, h]))
    if day >= SETTLING_DAYS:
        count_revealed(plans, batch, baseline, alone, cell, released, moments)


@kernel
def count_revealed(
    plans: Floats, batch: Ints, baseline: Floats, alone: Ints, cell: Ints, released: Floats, moments: Floats
) -> None:
    """Count what a day's records tell of each plan beyond the partner's own forecasts; see `release_plans`."""
    own = np.zeros(released.shape)
    for m in range(cell.size):
        own[cell[m]] += baseline[alone[m]]
    for m in range(cell.size):
        plan = plans[batch[m]]
        for h in range(HOURS):
            x = (plan[4 * h] + plan[4 * h + 1] + plan[4 * h + 2] + plan[4 * h + 3]) / 4.0 - baseline[alone[m], h]
            y = released[cell[m], h] - own[cell[m], h]
            moments[m, 0] += 1.0
            moments[m, 1] += x
            moments[m, 2] += y
            moments[m, 3] += x * x
            moments[m, 4] += y * y
            moments[m, 5] += x * y


@kernel
def take_in_plans(
    day: int,
    delay: Ints,
    came: bool,
    analysis: bool,
    application: bool,
    resolution: int,
    band: int,
    memory: float,
    alone: Ints,
    order: Ints,
    first: Ints,
    cell_limit: Floats,
    past: Floats,
    baseline: Floats,
    released: Floats,
    base_hist: Floats,
    news_hist: Floats,
    used: Any,
    error_news: Floats,
    news_news: Floats,
    weight: Floats,
    spread: Floats,
    forecast: Floats,
) -> None:
    """Learn from the newest metered day what plans are worth, then combine today's with the forecast from history.

    Args:
        day: model day; `delay`: days until a customer's meter is known, shape (customer,).
        came: whether today's record is there.
        analysis: whether the partner learns what a record is worth; else it takes it at its word.
        application: whether it uses the result.
        resolution, band, memory: as in `mechanisms.data`.
        alone: customer row of each sharer; `order`: sharers by cell, shape (sharer,).
        first: where each cell's sharers begin in `order`, shape (cell + 1,); `cell_limit`: MW by cell.
        past: ring of metered days, MW, shape (customer, ring, 24); `baseline`: as in `publish_plans`.
        released: what the partner sees, MW, shape (cell, 24).
        base_hist: ring of earlier baselines, MW, shape (ring, sharer, 24); `news_hist`: of innovations, by cell.
        used: ring: whether a record was there, shape (ring,).
        error_news, news_news, weight: as in `learn_gain`, with a leading cell axis.
        spread: running variance of the baseline's error by sharer, MW2, by which the correction of a cell is divided
            among its members.
        forecast: result, MW, shape (customer, 24).
    """
    ring = past.shape[1]
    today, known = day % ring, day - delay[alone[0]]  # one utility, one delay
    slot = known % ring
    used[today] = came
    base, error, total = np.empty(HOURS), np.empty(HOURS), np.empty(HOURS)
    for c in range(cell_limit.size):
        members = order[first[c] : first[c + 1]]
        base[:] = 0.0
        error[:] = 0.0
        for m in members:
            base_hist[today, m] = baseline[alone[m]]
            base += baseline[alone[m]]
            if known >= 0:
                miss = past[alone[m], slot] - base_hist[slot, m]
                error += miss
                if members.size > 1:
                    spread[m] += (1.0 - memory) * ((miss * miss).mean() - spread[m])
        if known >= 0 and used[slot] and analysis:
            learn_gain(error, news_hist[slot, c], band, memory, error_news[c], news_news[c], weight[c])
        news = news_hist[today, c]
        innovation(released[c], base, resolution, news)
        if not (came and application):
            continue
        if analysis:
            combine(base, news, band, error_news[c], news_news[c], cell_limit[c], total)
        else:
            total[:] = released[c]
        if members.size == 1:
            forecast[alone[members[0]]] = total
        else:
            divide_correction(total - base, members, alone, spread, baseline, forecast)


@kernel
def divide_correction(
    correction: Floats, members: Ints, alone: Ints, spread: Floats, baseline: Floats, forecast: Floats
) -> None:
    """Divide a cell's correction among its members by the variance of their errors: the best guess of each.

    Arguments as in `take_in_plans`; `correction`: MW, shape (24,); `members`: of the cell.
    """
    whole = 0.0
    for m in members:
        whole += spread[m]
    for m in members:
        forecast[alone[m]] = baseline[alone[m]] + spread[m] / whole * correction
