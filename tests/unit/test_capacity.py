"""Machines, crews and what they leave of a day's production: closed forms, limiting cases and hand-worked days."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from model.physics.capacity import (
    EXACT_CREW,
    absence_rate,
    binomial_quantile,
    hours_up,
    make_units,
    man_crews,
    run_machines,
    size_needs,
    weekly_wave,
)
from model.streams import stream_key, uniform

MACHINE = stream_key(7, 0, "machine")
DAY = 24.0


def availability(rate: float, repair: float, shift: float) -> float:
    """Return the share of the shift that a machine is up in the long run.

    p' = (1 - p)/repair - rate p while it runs and p' = (1 - p)/repair overnight, solved over a day that begins as it
    ends. `rate` is per hour of the shift that it is up.
    """
    mend = 1.0 / repair
    rest = mend / (rate + mend)  # where p goes while it runs
    fade, night = math.exp(-(rate + mend) * shift), math.exp(-mend * (DAY - shift))
    morning = (1.0 - (1.0 - rest) * night - rest * fade * night) / (1.0 - fade * night)
    return rest + (morning - rest) * (1.0 - fade) / ((rate + mend) * shift)


def simulated(rate: float, repair: float, shift: float, use: float, days: int) -> np.ndarray:
    """Return each of 600 machines' share of the shift up, over all days but the first hundred."""
    firms = 600
    first = np.arange(firms + 1)
    left, up, total = np.zeros(firms), np.zeros(firms), np.zeros(firms)
    columns = [np.full(firms, value) for value in (shift, rate, use, repair)]
    for day in range(days):
        run_machines(day, np.arange(firms), MACHINE, first, *columns, left, up)
        if day >= 100:
            total += up
    return total / (shift * (days - 100))


@pytest.mark.parametrize(
    ("rate", "repair", "shift", "use"),
    [(0.01, 8.0, 16.0, 1.0), (0.02, 40.0, 16.0, 0.6), (0.005, 20.0, 24.0, 1.0), (0.1, 3.0, 8.0, 1.4)],
)
def test_machines_are_up_as_often_as_the_chain_says(rate: float, repair: float, shift: float, use: float) -> None:
    shares = simulated(rate, repair, shift, use, 500)
    error = shares.std(ddof=1) / math.sqrt(shares.size)
    assert error < 0.002
    assert shares.mean() == pytest.approx(availability(rate * use, repair, shift), abs=4.0 * error)


def test_round_the_clock_availability_is_that_of_the_textbook() -> None:
    """One machine that always runs: 1/(1 + rate * repair); over all hours that is 1/(1 + rate * repair * use)."""
    rate, repair = 0.02, 12.0
    shares = simulated(rate, repair, DAY, 0.5, 500)
    error = shares.std(ddof=1) / math.sqrt(shares.size)
    assert shares.mean() == pytest.approx(1.0 / (1.0 + rate * repair * 0.5), abs=4.0 * error)


def test_long_repairs_do_not_care_when_the_shift_is() -> None:
    """Where a repair takes weeks, only running hours over hours up count: 1/(1 + rate * repair * use)."""
    rate, repair, shift = 0.005, 400.0, 16.0
    assert availability(rate, repair, shift) == pytest.approx(1.0 / (1.0 + rate * repair * shift / DAY), rel=0.01)
    shares = simulated(rate, repair, shift, 1.0, 900)
    error = shares.std(ddof=1) / math.sqrt(shares.size)
    assert shares.mean() == pytest.approx(availability(rate, repair, shift), abs=4.0 * error)


@pytest.mark.parametrize(
    ("left", "up", "after"), [(0.0, 16.0, 0.0), (5.0, 11.0, 0.0), (16.0, 0.0, 0.0), (20.0, 0.0, 0.0), (30.0, 0.0, 6.0)]
)
def test_repairs_go_on_through_the_night(left: float, up: float, after: float) -> None:
    assert hours_up(3, 5, MACHINE, 0, 16.0, 1e-15, 8.0, left) == pytest.approx((up, after))


def test_a_failure_stops_the_machine_for_its_repair() -> None:
    """The day's first draws by hand."""
    rate, repair = 0.3, 2.0
    draws = [uniform(MACHINE, 5, 3, slot) for slot in range(2 * 40)]
    time = up = 0.0
    for fails, mends in zip(draws[::2], draws[1::2], strict=True):
        run = min(-math.log(fails) / rate, 16.0 - time)
        up, time = up + run, time + run
        if time >= 16.0:
            break
        time += -repair * math.log(mends)
        if time >= 16.0:
            break
    after = max(0.0, time - 24.0)
    assert 0.0 < up < 16.0
    assert hours_up(3, 5, MACHINE, 0, 16.0, rate, repair, 0.0) == pytest.approx((up, after))


def test_every_machine_fails_for_itself() -> None:
    """Three machines of one firm and one of another are what `hours_up` says of each, whoever stands beside."""
    first, left, up = np.array([0, 3, 4]), np.zeros(4), np.zeros(2)
    alone = np.zeros(4)
    firms = np.array([11, 12])
    columns = [np.array([16.0, 20.0]), np.array([0.03, 0.05]), np.ones(2), np.array([8.0, 30.0])]
    for day in range(60):
        run_machines(day, firms, MACHINE, first, *columns, left, up)
        hours = np.zeros(2)
        for m, (firm, machine) in enumerate([(0, 0), (0, 1), (0, 2), (1, 0)]):
            shift, rate, _, repair = (column[firm] for column in columns)
            ran, alone[m] = hours_up(day, firms[firm], MACHINE, machine, shift, rate, repair, alone[m])
            hours[firm] += ran
        assert up == pytest.approx(hours, abs=1e-9)
        assert left == pytest.approx(alone, abs=1e-9)


def test_machines_that_do_not_run_do_not_fail() -> None:
    left, up = np.zeros(2), np.zeros(2)
    run_machines(
        0, np.arange(2), MACHINE, np.arange(3), np.full(2, 16.0), np.full(2, 10.0), np.array([0.0, 1.0]),
        np.full(2, 8.0), left, up,
    )  # fmt: skip
    assert up[0] == 16.0
    assert up[1] < 16.0


@pytest.mark.parametrize("share", [0.0, 0.013, 0.06, 0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("size", [0, 1, 3, 20, 137, 1000])
def test_absent_workers_are_binomial(size: int, share: float) -> None:
    levels = np.linspace(0.0005, 0.9995, 211)
    got = np.array([binomial_quantile(size, share, p) for p in levels])
    expected = stats.binom(size, share).ppf(levels)
    assert (np.abs(got - expected) <= 1).all()  # a rounding in the sum may move a quantile that lies on a step
    assert (got == expected).mean() > 0.99


def test_large_crews_are_nearly_binomial() -> None:
    levels = np.linspace(0.01, 0.99, 99)
    for size, share in [(EXACT_CREW + 1, 0.06), (50_000, 0.04), (1_000_000, 0.9)]:
        got = np.array([binomial_quantile(size, share, p) for p in levels])
        spread = math.sqrt(size * share * (1.0 - share))
        assert got == pytest.approx(stats.binom(size, share).ppf(levels), abs=1.0 + 0.05 * spread)


def test_weeks_are_standard_normal_and_fade_within_two_weeks() -> None:
    key = stream_key(1, 0, "absence")
    waves = np.array([[weekly_wave(key, entity, day) for day in range(21)] for entity in range(20_000)])
    assert waves.mean(axis=0) == pytest.approx(np.zeros(21), abs=4.0 / math.sqrt(20_000))
    assert waves.std(axis=0) == pytest.approx(np.ones(21), abs=0.03)
    seen = np.corrcoef(waves.T)
    assert seen[0, 1] == pytest.approx((6.0 / 7.0) / math.hypot(6.0 / 7.0, 1.0 / 7.0), abs=0.02)
    assert abs(seen[0, 14]) < 0.03
    assert seen[3, 10] > 0.2


@pytest.mark.parametrize(("mean", "spread"), [(0.06, 0.3), (0.06, 0.0), (0.1, 1.0), (0.02, 2.0)])
def test_absence_has_the_declared_mean_and_spread(mean: float, spread: float) -> None:
    """Over the normal quantiles of a fine grid; the cut at 0.9 takes nothing that counts."""
    grid = stats.norm.ppf((np.arange(200_000) + 0.5) / 200_000)
    rates = np.array([absence_rate(mean, spread, wave) for wave in grid])
    assert rates.mean() == pytest.approx(mean, rel=0.01)
    assert rates.std() / mean == pytest.approx(spread, rel=0.06, abs=1e-9)
    assert absence_rate(0.6, 1.0, 3.0) == 0.9


def present(days: np.ndarray, firms: int, others: float = 1200.0, **changes: float) -> np.ndarray:
    """Return hours present over those of the whole crew, shape (day, 2, firm), of 8 skilled and 1,200 others."""
    terms = {"hours": 5.0, "absence": 0.06, "spread": 0.3, "common": 0.5} | changes
    keys = np.stack([stream_key(2, 0, name) for name in ("absence_common", "absence", "absent")])
    crew = np.array([np.full(firms, 8.0), np.full(firms, others)])
    columns = [np.full(firms, terms[name]) for name in ("hours", "absence", "spread", "common")]
    out = np.zeros((days.size, 2, firms))
    for d, day in enumerate(days):
        man_crews(day, np.arange(firms), keys, crew, *columns, out[d])
    return out / (crew * terms["hours"])


def test_presence_has_the_declared_mean() -> None:
    days = 14 * np.arange(400)  # two weeks apart: independent
    there = present(days, 50)
    for skill in range(2):
        by_day = there[:, skill].mean(axis=1)  # what firms have in common makes a day one draw
        error = by_day.std(ddof=1) / math.sqrt(days.size)
        assert by_day.mean() == pytest.approx(0.94, abs=4.0 * error)


@pytest.mark.parametrize("common", [0.0, 0.5, 1.0])
def test_weeks_of_absence_are_partly_common(common: float) -> None:
    """Large crews, whose own chance hardly shows: what two firms have in common is the declared share."""
    days = 14 * np.arange(1500)
    there = np.log(1.0 - present(days, 2, 100_000.0, common=common)[:, 1])
    assert np.corrcoef(there.T)[0, 1] == pytest.approx(common, abs=0.1)


def test_everybody_is_there_without_absence() -> None:
    assert (present(np.arange(3), 4, absence=0.0) == 1.0).all()


def by_class(*rows: list[float]) -> np.ndarray:
    return np.array(rows, dtype=np.float64)


def test_own_hours_come_before_borrowed_and_those_before_overtime() -> None:
    """100 units at 0.5 machine-hours and 0.2 skilled hours; machines give 30 + 8 + 6 h, people 20."""
    unit_hours, own = by_class([0.5], [0.2], [0.0]), by_class([34.0], [20.0], [0.0])
    overtime, lent, borrowed = (
        by_class([6.0], [2.0], [0.0]),
        by_class([4.0], [0.0], [0.0]),
        by_class([8.0], [0.0], [0.0]),
    )
    made, used, guests, over = np.zeros(1), *(np.zeros((3, 1)) for _ in range(3))
    make_units(np.array([100.0]), unit_hours, own, overtime, lent, borrowed, made, used, guests, over)
    assert made[0] == pytest.approx(44.0 / 0.5)
    assert used[:, 0] == pytest.approx([30.0, 17.6, 0.0])
    assert guests[:, 0] == pytest.approx([8.0, 0.0, 0.0])
    assert over[:, 0] == pytest.approx([6.0, 0.0, 0.0])
    make_units(np.array([70.0]), unit_hours, own, overtime, lent, borrowed, made, used, guests, over)
    assert (made[0], used[0, 0], guests[0, 0], over[0, 0]) == (70.0, 30.0, 5.0, 0.0)


def test_returns_take_no_hours() -> None:
    made, used, guests, over = np.zeros(1), *(np.zeros((3, 1)) for _ in range(3))
    some = np.ones((3, 1))
    make_units(np.array([-5.0]), some, some, some, 0.0 * some, 0.0 * some, made, used, guests, over)
    assert made[0] == -5.0
    assert not used.any()
    assert not over.any()


def test_machines_are_wanted_for_what_labour_allows() -> None:
    """100 units a day; 40 skilled hours and 4 of overtime at half an hour a unit allow 88."""
    unit_hours, own = by_class([1.0], [0.5], [0.25]), by_class([60.0], [40.0], [100.0])
    overtime, need = by_class([10.0], [4.0], [0.0]), np.zeros((3, 1))
    firms, target, none = np.arange(1), np.array([100.0]), np.zeros((3, 1))
    size_needs(firms, target, unit_hours, own, overtime, none, none, np.zeros((3, 1), np.bool_), need)
    assert need[:, 0] == pytest.approx([88.0, 50.0, 25.0])  # all classes can be borrowed
    hard = np.array([[True], [False], [False]])
    size_needs(firms, target, unit_hours, own, overtime, none, none, hard, need)
    assert need[:, 0] == pytest.approx([88.0, 35.0, 17.5])  # 70 machine-hours are all there will be
    size_needs(firms, target, unit_hours, own, overtime, by_class([0.0], [0.0], [10.0]), 3.0 + none, ~hard, need)
    assert need[:, 0] == pytest.approx([94.0, 50.0, 23.5])  # 3 h more of all, 10 h less of the others


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(*(st.floats(0.0, 1e3) for _ in range(5)), st.floats(0.0, 1.0)), min_size=3, max_size=3),
    st.floats(-100.0, 1e4),
)
def test_hours_go_somewhere(rows: list[tuple[float, ...]], target: float) -> None:
    unit_hours, own, overtime, borrowed, _, part = (np.array(column)[:, None] for column in zip(*rows, strict=True))
    lent = part * own
    made, used, guests, over = np.zeros(1), *(np.zeros((3, 1)) for _ in range(3))
    make_units(np.array([target]), unit_hours, own, overtime, lent, borrowed, made, used, guests, over)
    room = 1e-9 * (own + overtime + borrowed + 1.0)
    assert made[0] <= target
    assert made[0] >= min(0.0, target)
    assert used + guests + over == pytest.approx(max(0.0, made[0]) * unit_hours, abs=1e-9)
    for part_of, whole in ((used, own - lent), (guests, borrowed), (over, overtime)):
        assert (part_of >= 0.0).all()
        assert (part_of <= whole + room).all()
    if made[0] < target:  # somebody is worn out
        worn_out = np.abs(used + guests + over - (own - lent + borrowed + overtime)) <= room
        assert (worn_out & (unit_hours > 0.0)).any()
