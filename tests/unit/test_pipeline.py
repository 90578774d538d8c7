"""Dirty records and the stages that put them right: each error as declared, each repair by hand, clean data alone."""

import datetime

import numpy as np
import pytest

from model.mechanisms.pipeline import (
    COMMON,
    FORMAT,
    LOCAL,
    RATES,
    RECORD_STREAMS,
    SITE,
    UNLABELLED,
    UTC,
    ZONE,
    blank_header,
    clean,
    integrate,
    likeness,
    record_rates,
    run_pipeline,
    seems_utc,
    soil,
    stage_flags,
    stamp_in_local_time,
    stamp_in_utc,
    transform,
    utc_offsets,
)
from model.parameters import faults_of, parameters_of
from model.records import Logs, Pipeline, Records
from model.streams import stream_key

LIMIT = 60.0
KEYS = np.array([stream_key(7, 0, name) for name in RECORD_STREAMS])
HOURS = np.arange(24.0)
BASELINE = np.where((HOURS >= 13) & (HOURS < 19), 14.0, 40.0)


def plan(day: int) -> np.ndarray:
    """Return a plan like a works': melting with a pause near the habitual hour, on some days elsewhere."""
    rng = np.random.default_rng(day)
    start = 13 if rng.random() < 0.8 else int(rng.integers(0, 24))
    paused = (np.arange(24) - start) % 24 < 6
    return np.where(paused, 12.0, rng.uniform(36.0, 50.0, 24))


def dirty(values: np.ndarray, day: int = 3, offset: int = 2, **rates: float) -> tuple[np.ndarray, np.ndarray]:
    record, header = np.vstack([values, np.zeros(24)]), blank_header()
    previous = np.vstack([np.full(24, 5.0), np.zeros(24)])
    soil(day, 11, KEYS, record_rates(Records(**rates)), offset, previous, blank_header(), record, header)
    return record, header


def processed(
    pipeline: Pipeline, days: int, resolution: int = 1, **rates: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return results and clean records, shape (days, 24), and noise counters per record, shape (4, 3)."""
    previous, header, noise = np.zeros((2, 24)), blank_header(), np.zeros((4, 3))
    flags, quality = stage_flags(pipeline), record_rates(Records(**rates))
    plans = np.array([plan(day).reshape(-1, resolution).mean(1).repeat(resolution) for day in range(days)])
    out = plans.copy()
    for day in range(days):
        run_pipeline(day, 11, KEYS, quality, flags, 2, resolution, LIMIT, BASELINE, previous, header, noise, out[day])
    return out, plans, noise / days


@pytest.mark.parametrize("group", [Records, Pipeline, Logs])
def test_declared_inputs_keep_their_own_bounds(group: type) -> None:
    assert not list(faults_of(group(), ""))
    assert all(p.doc.endswith(".") and len(p.note) > 2 for p in parameters_of(group).values())


def test_default_records_are_clean() -> None:
    assert set(RATES) == set(parameters_of(Records)) - {"sensitivity"}  # what a leak costs soils no record
    assert not record_rates(Records()).any()


def test_clean_records_are_left_alone_by_soiling() -> None:
    record, header = dirty(plan(1))
    assert record[0].tobytes() == plan(1).tobytes()
    assert not record[1].any()
    assert header.tolist() == [LOCAL, COMMON]


@pytest.mark.parametrize("cleaning", [True, False])
@pytest.mark.parametrize("integration", [True, False])
@pytest.mark.parametrize("transformation", [True, False])
@pytest.mark.parametrize("resolution", [1, 3])
def test_every_stage_leaves_clean_records_bit_for_bit(
    cleaning: bool, integration: bool, transformation: bool, resolution: int
) -> None:
    stages = Pipeline(cleaning=cleaning, integration=integration, transformation=transformation)
    out, plans, noise = processed(stages, 60, resolution)
    assert out.tobytes() == plans.tobytes()
    assert not noise.any()


def test_flat_plans_and_day_totals_may_repeat_unharmed() -> None:
    record = np.vstack([np.full(24, 33.0), np.zeros(24)])
    clean(record, record.copy(), LIMIT, 0.01)
    assert (record[0] == 33.0).all()


def test_gaps_fall_in_the_declared_share_of_hours() -> None:
    missing = [np.isnan(dirty(plan(day), day, gap_rate=0.03)[0][0]).mean() for day in range(2_000)]
    assert np.mean(missing) == pytest.approx(0.03, abs=4 * np.sqrt(0.03 * 0.97 / 48_000))


@pytest.mark.parametrize("name", ["mixup_rate", "shift_rate", "stale_rate", "label_rate"])
def test_errors_of_a_day_come_at_their_declared_rate(name: str) -> None:
    days = 3_000
    hit = 0
    for day in range(days):
        record, header = dirty(plan(day), day, **{name: 0.1})
        hit += record[0].tobytes() != plan(day).tobytes() or header[ZONE] != LOCAL
    assert hit / days == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / days))


def test_one_rate_moves_no_other_error() -> None:
    """Common random numbers: the gaps of a year are the same with and without other errors."""
    for day in range(300):
        alone, _ = dirty(plan(day), day, gap_rate=0.1)
        together, _ = dirty(plan(day), day, gap_rate=0.1, code_sd=3.0, mixup_rate=0.2)
        assert (np.isnan(alone[0]) == np.isnan(together[0])).all()


def test_a_higher_gap_rate_keeps_the_gaps_of_a_lower_one() -> None:
    few, many = (np.isnan(dirty(plan(5), 5, gap_rate=rate)[0][0]) for rate in (0.1, 0.5))
    assert (many | ~few).all()
    assert many.sum() > few.sum()


def test_kilowatts_are_recognised_and_divided() -> None:
    record, _ = dirty(plan(4), mixup_rate=1.0)
    assert record[0] == pytest.approx(1000.0 * plan(4))
    clean(record, np.zeros((2, 24)), LIMIT, 0.01)
    assert record[0] == pytest.approx(plan(4), rel=1e-15)


def test_a_record_sent_again_becomes_all_gaps() -> None:
    record, _ = dirty(plan(4), stale_rate=1.0)
    assert (record[0] == 5.0).all()
    old = np.vstack([plan(3), np.zeros(24)])
    old[0, 4] = np.nan
    again = old.copy()
    clean(again, old, LIMIT, 0.01)
    assert np.isnan(again[0]).all()


def test_where_no_record_is_ever_sent_again_a_repeated_one_is_a_repeated_plan() -> None:
    record = np.vstack([plan(4), np.zeros(24)])
    clean(record, record.copy(), LIMIT, 0.0)
    assert record[0].tobytes() == plan(4).tobytes()


def test_impossible_values_become_gaps_and_inexact_ones_wait_for_the_gate() -> None:
    record = np.vstack([plan(4), np.zeros(24)])
    record[0, :4] = [-16.0, -1.0, 61.0, 76.0]
    clean(record, np.zeros((2, 24)), LIMIT, 0.01)
    assert np.isnan(record[0, [0, 3]]).all()
    assert record[0, [1, 2]].tolist() == [-1.0, 61.0]
    assert (record[0, 4:] == plan(4)[4:]).all()


@pytest.mark.parametrize("offset", [1, 2, -5])
def test_utc_stamps_move_a_record_and_lose_its_border(offset: int) -> None:
    """The value of local hour h stands at h - offset; put back, all hours but the lost ones are as they were."""
    values = np.arange(100.0, 124.0)
    record = np.vstack([values, values])
    stamp_in_utc(offset, record)
    kept = np.arange(24)[max(0, offset) : 24 + min(0, offset)]
    assert (record[:, kept - offset] == values[kept]).all()
    stamp_in_local_time(offset, record)
    assert (record[0, kept] == values[kept]).all()
    assert np.isnan(np.delete(record[0], kept)).all()


def test_labelled_utc_records_are_put_back() -> None:
    record, header = dirty(plan(4), offset=2, shift_rate=1.0)
    assert header[ZONE] == UTC
    integrate(record, header, 2, BASELINE, 0.01)
    assert np.isnan(record[0, :2]).all()
    assert (record[0, 2:] == plan(4)[2:]).all()


@pytest.mark.parametrize("shift_rate", [0.0, 1.0])
def test_site_codes_are_translated_also_when_stamped_in_utc(shift_rate: float) -> None:
    record, header = dirty(plan(4), code_sd=4.0, shift_rate=shift_rate)
    assert header[FORMAT] == SITE
    integrate(record, header, 2, BASELINE, 0.01)
    kept = slice(2, 24) if shift_rate else slice(0, 24)
    assert record[0, kept] == pytest.approx(plan(4)[kept], abs=1e-12)
    assert header.tolist() == [LOCAL, COMMON]


def test_codes_in_a_record_of_kilowatts_are_translated_after_cleaning() -> None:
    record, header = dirty(plan(4), code_sd=4.0, mixup_rate=1.0)
    clean(record, np.zeros((2, 24)), LIMIT, 0.01)
    integrate(record, header, 2, BASELINE, 0.01)
    assert record[0] == pytest.approx(plan(4), abs=1e-12)


def test_the_record_of_the_day_is_kept_as_it_was_sent() -> None:
    """What may be sent again tomorrow, and is compared with it, is the dirty record with its header."""
    rates = {"gap_rate": 0.2, "code_sd": 4.0, "shift_rate": 1.0}
    sent, sent_header = dirty(plan(4), **rates)
    previous, header = np.vstack([np.full(24, 5.0), np.zeros(24)]), blank_header()
    noise, values = np.zeros((4, 3)), plan(4)
    quality, flags = record_rates(Records(**rates)), stage_flags(Pipeline())
    run_pipeline(3, 11, KEYS, quality, flags, 2, 1, LIMIT, BASELINE, previous, header, noise, values)
    assert previous.tobytes() == sent.tobytes()
    assert header.tolist() == sent_header.tolist() == [UTC, SITE]


def test_untranslated_codes_leave_the_declared_error() -> None:
    errors = np.array([dirty(plan(day), day, code_sd=4.0)[0][0] - plan(day) for day in range(500)])
    assert errors.std() == pytest.approx(4.0, rel=0.03)
    assert errors.mean() == pytest.approx(0.0, abs=0.15)


@pytest.mark.parametrize("offset", [1, 2])
def test_unlabelled_records_are_mostly_told_apart_and_sometimes_wrongly(offset: int) -> None:
    """Four days in five follow habit and tell their zone; a pause that happens to lie an offset earlier misleads."""
    found, false = [], []
    for day in range(800):
        moved = np.vstack([plan(day), np.zeros(24)])
        stamp_in_utc(offset, moved)
        found.append(seems_utc(moved[0], offset, BASELINE, 0.01))
        false.append(seems_utc(plan(day), offset, BASELINE, 0.01))
    assert 0.75 < np.mean(found) < 0.9
    assert 0.0 < np.mean(false) < 0.02


@pytest.mark.parametrize(("shift_rate", "moved"), [(0.0, False), (0.5, False), (1.0, True)])
def test_what_is_announced_decides_where_the_record_says_nothing(shift_rate: float, moved: bool) -> None:
    assert seems_utc(plan(4), 2, np.full(24, 33.0), shift_rate) is moved


def test_a_hand_worked_comparison_of_both_readings() -> None:
    """A record that fits exactly as UTC is infinitely better evidence than the rarity of such days."""
    forecast = np.array([float((7 * h) % 11) for h in range(24)])
    record = np.vstack([forecast, np.zeros(24)])
    stamp_in_utc(1, record)
    assert likeness(record[0], 1, forecast, 1) == pytest.approx(1.0)
    assert likeness(record[0], 0, forecast, 1) == pytest.approx(np.corrcoef(record[0, 1:], forecast[1:])[0, 1])
    assert seems_utc(record[0], 1, forecast, 1e-6)
    assert not seems_utc(forecast, 1, forecast, 1 - 1e-6)


def test_a_flat_forecast_cannot_tell_the_zone() -> None:
    record, header = dirty(plan(4), shift_rate=1.0, label_rate=1.0)
    assert header[ZONE] == UNLABELLED
    before = record.copy()
    integrate(record, header, 2, np.full(24, 33.0), 0.01)
    assert record.tobytes() == before.tobytes()


def test_a_filled_hour_carries_no_news() -> None:
    record = np.vstack([plan(4), np.zeros(24)])
    record[0, 7] = np.nan
    transform(record, BASELINE, 1)
    assert record[0, 7] == BASELINE[7]
    block = np.vstack([np.repeat(plan(4)[:8], 3), np.zeros(24)])
    block[0, 4] = np.nan
    block[0, 12:15] = np.nan
    transform(block, BASELINE, 3)
    assert block[0, 4] == block[0, 3]
    assert block[0, 12:15] == pytest.approx(BASELINE[12:15].mean())


def test_what_leaves_the_pipeline_is_physical_whatever_is_off() -> None:
    rates = {"gap_rate": 0.2, "mixup_rate": 0.2, "shift_rate": 0.2, "stale_rate": 0.2, "label_rate": 0.3}
    for stages in (Pipeline(), Pipeline(cleaning=False, integration=False, transformation=False)):
        out, _, _ = processed(stages, 200, code_sd=5.0, **rates)
        assert np.isfinite(out).all()
        assert out.min() >= 0.0
        assert out.max() <= LIMIT


def test_without_transformation_a_gap_is_read_as_no_load() -> None:
    out, plans, noise = processed(Pipeline(transformation=False), 50, gap_rate=0.1)
    gaps = out != plans
    assert (out[gaps] == 0.0).all()
    assert noise[3] == pytest.approx([np.mean((plans * gaps) ** 2), 0.0, gaps.sum() / 50])


def test_each_stage_lowers_the_noise_that_is_its_own() -> None:
    """Read error: kW by cleaning, codes by integration, gaps by transformation."""
    _, _, kilo = processed(Pipeline(), 400, mixup_rate=0.1)
    assert kilo[0, 0] > 10.0
    assert kilo[1, 0] < 1e-20
    _, _, codes = processed(Pipeline(), 400, code_sd=3.0)
    assert codes[1, 0] == pytest.approx(codes[0, 0])
    assert codes[2, 0] < 1e-20
    _, _, gaps = processed(Pipeline(), 400, gap_rate=0.1)
    assert gaps[2, 0] == gaps[0, 0]
    assert gaps[3, 0] < 0.3 * gaps[0, 0]
    assert gaps[3, 2] == 0.0


def test_resent_records_are_dropped_and_the_next_day_is_compared_with_what_was_sent() -> None:
    out, plans, _ = processed(Pipeline(), 200, stale_rate=0.2)
    stale = (out != plans).any(axis=1)
    assert 0.1 < stale[1:].mean() < 0.3
    assert (out[stale] == BASELINE).all(axis=1)[1:].all()


def test_offsets_follow_the_clock_of_the_zone() -> None:
    """In 2025 German clocks change on 30 March and 26 October; noon of that day already has the new time."""
    days = [(2025, 3, 29), (2025, 3, 30), (2025, 10, 25), (2025, 10, 26)]
    ordinals = np.array([datetime.date(*day).toordinal() for day in days])
    assert utc_offsets(ordinals).tolist() == [1, 2, 2, 1]
    assert utc_offsets(ordinals, "UTC").tolist() == [0, 0, 0, 0]
