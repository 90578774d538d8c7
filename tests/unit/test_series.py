"""Generators: pure functions of their address, faithful to their blocks, right in the long run."""

import dataclasses
import datetime

import numpy as np
import pytest

from model.calendar import Calendar, build_calendar
from model.physics.series import (
    align_days,
    generate_forecast_error,
    generate_load,
    generate_price,
    load_from_series,
    price_from_series,
    source_days,
)
from model.reference import (
    BlockFit,
    ForecastErrorTable,
    LoadTable,
    PriceTable,
    forecast_error_table,
    load_table,
    price_table,
    table_names,
)
from model.streams import Floats, stream_key

NEW_YEAR = datetime.date(2025, 1, 1)


@pytest.fixture(scope="module")
def steel() -> LoadTable:
    return load_table("steel_works_2018")


@pytest.fixture(scope="module")
def metal() -> LoadTable:
    return load_table("metal_processing_2018")


@pytest.fixture(scope="module")
def market() -> PriceTable:
    return price_table("day_ahead_de_lu_2025")


@pytest.fixture(scope="module")
def error() -> ForecastErrorTable:
    return forecast_error_table("load_error_de_2015_2018")


def _year(start: datetime.date = NEW_YEAR, days: int = 365) -> Calendar:
    return build_calendar(start, days, "DE")


# --- pure functions of the address -------------------------------------------------------------------


def test_a_longer_horizon_changes_no_number_that_was_there(
    steel: LoadTable, market: PriceTable, error: ForecastErrorTable
) -> None:
    short, long = _year(days=100), _year(days=400)
    assert np.array_equal(generate_load(steel, 1, 2, "A", short), generate_load(steel, 1, 2, "A", long)[:100])
    for part, whole in zip(generate_price(market, 1, 2, short), generate_price(market, 1, 2, long), strict=True):
        assert np.array_equal(part, whole[:100])
    errors = generate_forecast_error(error, 1, 2, "B", long)
    assert np.array_equal(generate_forecast_error(error, 1, 2, "B", short), errors[:100])


def test_a_longer_burn_in_forgets_itself(steel: LoadTable, market: PriceTable, error: ForecastErrorTable) -> None:
    """The same dates after an earlier start: the day's autoregression has forgotten its start after a few days."""
    late, early = _year(), _year(NEW_YEAR - datetime.timedelta(days=60), 425)
    np.testing.assert_allclose(
        generate_load(steel, 1, 0, "A", late)[5:], generate_load(steel, 1, 0, "A", early)[65:], atol=1e-9
    )
    np.testing.assert_allclose(
        generate_price(market, 1, 0, late)[0][5:], generate_price(market, 1, 0, early)[0][65:], atol=1e-6
    )
    np.testing.assert_allclose(  # the weekly part remembers its start for weeks: memory .9 a week
        generate_forecast_error(error, 1, 0, "B", late)[-30:],
        generate_forecast_error(error, 1, 0, "B", early)[-30:],
        atol=1e-3,
    )


@pytest.mark.parametrize(("seed", "replication", "entity"), [(2, 0, "A"), (1, 1, "A"), (1, 0, "B")])
def test_every_part_of_the_address_counts(
    steel: LoadTable, error: ForecastErrorTable, seed: int, replication: int, entity: str
) -> None:
    calendar = _year()
    assert not np.array_equal(
        generate_load(steel, 1, 0, "A", calendar), generate_load(steel, seed, replication, entity, calendar)
    )
    assert not np.array_equal(
        generate_forecast_error(error, 1, 0, "A", calendar),
        generate_forecast_error(error, seed, replication, entity, calendar),
    )


def test_customers_of_one_class_are_not_copies_of_each_other(metal: LoadTable) -> None:
    calendar = _year()
    a, b = (generate_load(metal, 1, 0, name, calendar)[calendar.day_type == 0, 48] for name in "AB")
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.6  # noon of workdays: season and shut-downs only


# --- blocks ------------------------------------------------------------------------------------------


def _plain_fit(days: int = 364, slots: int = 96, **changes: object) -> BlockFit:
    """A generator without noise whose map is the identity: source day k is k everywhere; it starts on a Monday."""
    day_type = np.array([(0, 0, 0, 0, 0, 1, 2)[k % 7] for k in range(days)])
    wide = np.array([[[-1e6, 1e6]] * 3])
    fit = BlockFit(
        day_type=day_type,
        first_monday=0,
        monday_day_of_year=1,
        block_weeks=1,
        season_weeks=3,
        mean=np.zeros((1, slots)),
        components=np.ones((1, slots)),
        scores=np.arange(days, dtype=np.float64)[:, None],
        noise_level=np.zeros((1, 1)),
        noise_sd=np.zeros((1, 1)),
        noise_scale=np.zeros((1, days)),
        noise_ar=np.zeros(1),
        raw_quantiles=wide,
        real_quantiles=wide,
        pools=np.argsort(day_type, kind="stable"),
        pool_start=np.searchsorted(np.sort(day_type), np.arange(4)),
    )
    return dataclasses.replace(fit, **changes)


def _table(fit: BlockFit) -> LoadTable:
    return LoadTable(load_table("steel_works_2018").provenance, {}, fit)


def test_without_noise_each_day_is_its_source_day() -> None:
    fit, calendar = _plain_fit(), build_calendar(NEW_YEAR, 730, "none")
    load = generate_load(_table(fit), 5, 0, "A", calendar)
    chosen = source_days(fit, stream_key(5, 0, "load.block"), _entity("A"), calendar)
    np.testing.assert_allclose(load, np.repeat(chosen[:, None], 96, axis=1), atol=1e-9)
    assert (chosen % 7 == calendar.weekday).all()


def _entity(name: str) -> int:
    from model.streams import entity_id

    return entity_id(name)


@pytest.mark.parametrize("block_weeks", [1, 4])
def test_blocks_keep_days_together_and_stay_in_season(block_weeks: int) -> None:
    fit = _plain_fit(block_weeks=block_weeks)
    calendar = build_calendar(datetime.date(2024, 1, 1), 2000, "none")
    chosen = source_days(fit, stream_key(1, 0, "load.block"), 7, calendar)
    step = np.diff(chosen)
    starts = (calendar.ordinal[1:] - 1) % (7 * block_weeks) == 0
    assert set(step[~starts].tolist()) <= {1, 1 - 364}  # inside a block the next day follows, over the year's end too
    away = (chosen + 1 - calendar.day_of_year + 182) % 365 - 182
    assert np.abs(away).max() <= 7 * 3 + 3 + 2  # three weeks, half a week of rounding, the 364-day year


def test_a_holiday_takes_a_day_of_its_type_nearby() -> None:
    fit, calendar = _plain_fit(), _year()
    chosen = source_days(fit, stream_key(1, 0, "load.block"), 7, calendar)
    assert (fit.day_type[chosen] == calendar.day_type).all()
    may_day = int(np.flatnonzero(calendar.day_of_year == 121)[0])
    assert abs(chosen[may_day] - 121) <= 7 * (3 + 3)


def test_a_source_without_holidays_keeps_its_weekdays() -> None:
    workdays = np.zeros(364, dtype=np.int64)
    fit = _plain_fit(day_type=workdays, pools=np.arange(364), pool_start=np.array([0, 364, 364, 364]))
    calendar = _year()
    chosen = source_days(fit, stream_key(1, 0, "load.block"), 7, calendar)
    assert (chosen % 7 == calendar.weekday).all()


def test_a_short_source_is_used_all_the_year_round() -> None:
    fit = _plain_fit(days=70)
    chosen = source_days(fit, stream_key(1, 0, "load.block"), 7, build_calendar(NEW_YEAR, 3000, "none"))
    assert set(chosen.tolist()) == set(range(70))


def test_residual_noise_has_the_strength_and_memory_of_its_table() -> None:
    fit = _plain_fit(
        scores=np.zeros((364, 1)),
        noise_sd=np.full((1, 1), 0.5),
        noise_scale=np.full((1, 364), 2.0),
        noise_ar=np.array([0.8]),
    )
    noise = generate_load(_table(fit), 1, 0, "A", build_calendar(NEW_YEAR, 1000, "none")).ravel()
    assert noise.std() == pytest.approx(1.0, rel=0.03)  # .5 x 2; 96,000 draws, effective number about 11,000
    assert np.corrcoef(noise[1:], noise[:-1])[0, 1] == pytest.approx(0.8, abs=0.01)


def test_the_quantile_map_is_applied_by_day_type() -> None:
    raw = np.array([[[-400.0, 0.0, 400.0]] * 3])
    real = np.array([[[0.0, 0.0, 4.0], [10.0, 10.0, 14.0], [20.0, 20.0, 24.0]]])
    calendar = _year()
    load = generate_load(_table(_plain_fit(raw_quantiles=raw, real_quantiles=real)), 1, 0, "A", calendar)
    chosen = source_days(_plain_fit(), stream_key(1, 0, "load.block"), _entity("A"), calendar)
    np.testing.assert_allclose(load[:, 0], calendar.day_type * 10.0 + chosen / 100.0, atol=1e-9)


# --- long run ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", table_names("load"))
def test_loads_are_never_negative_and_average_one(name: str) -> None:
    table = load_table(name)
    years = [generate_load(table, 1, replication, "A", _year()) for replication in range(20)]
    assert min(year.min() for year in years) >= 0.0
    assert np.mean(years) == pytest.approx(1.0, abs=0.02)
    assert years[0].shape == (365, 96)


def test_the_metal_works_rests_on_may_day_and_works_around_it(metal: LoadTable) -> None:
    calendar = _year()  # 1 May 2025 is a Thursday
    days = np.mean([generate_load(metal, 1, i, "A", calendar).mean(axis=1) for i in range(20)], axis=0)
    assert days[120] < 0.6
    assert days[119] > 0.9


def test_price_and_residual_load_belong_together(market: PriceTable) -> None:
    price, residual = generate_price(market, 1, 0, _year())
    assert price.shape == residual.shape == (365, 24)
    assert np.corrcoef(price.ravel(), residual.ravel())[0, 1] > 0.8
    assert (price < 0).any()


def test_a_market_without_residual_load_says_nan() -> None:
    table = price_table("day_ahead_de_2018")
    price, residual = generate_price(table, 1, 0, _year())
    assert not table.has_residual_load
    assert np.isfinite(price).all()
    assert np.isnan(residual).all()


def test_forecast_error_keeps_what_a_learner_could_remove(error: ForecastErrorTable) -> None:
    """Published statistics of the German load forecast: week-end bias below, workday bias above zero, 24 h .43."""
    calendar = build_calendar(NEW_YEAR, 30 * 365, "none")
    errors = generate_forecast_error(error, 1, 0, "B", calendar)
    assert errors.shape == (30 * 365, 24)
    assert errors[calendar.day_type == 0].mean() == pytest.approx(0.0149, abs=0.003)
    assert errors[calendar.day_type > 0].mean() == pytest.approx(-0.0065, abs=0.003)
    flat = errors.ravel()
    assert np.corrcoef(flat[24:], flat[:-24])[0, 1] == pytest.approx(0.43, abs=0.03)
    assert np.corrcoef(flat[1:], flat[:-1])[0, 1] == pytest.approx(0.92, abs=0.02)
    assert flat.std() == pytest.approx(error.standard_deviation, rel=0.04)


def test_holidays_carry_the_week_end_bias(error: ForecastErrorTable) -> None:
    shifted = dataclasses.replace(error, bias=np.array([[0.0] * 24, [1.0] * 24]), sd=np.zeros((2, 24)))
    calendar = _year()
    errors = generate_forecast_error(shifted, 1, 0, "B", calendar)
    assert np.array_equal(errors[:, 0] == 1.0, calendar.day_type > 0)


# --- a user's own year -------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [7, 30, 350, 357, 364, 365, 366, 800])
@pytest.mark.parametrize("first", [datetime.date(2024, 2, 27), datetime.date(2018, 1, 1), datetime.date(2031, 6, 5)])
def test_weekdays_stay_weekdays(days: int, first: datetime.date) -> None:
    calendar = build_calendar(NEW_YEAR, 3653, "DE")
    at = align_days(days, first, calendar)
    assert at.min() >= 0
    assert at.max() < days
    assert ((first.weekday() + at) % 7 == calendar.weekday).all()


@pytest.mark.parametrize("days", [364, 365, 366, 800])
def test_a_year_stays_in_season(days: int) -> None:
    first = datetime.date(2023, 3, 14)
    calendar = build_calendar(NEW_YEAR, 3653, "DE")
    used = [(first + datetime.timedelta(days=int(i))).timetuple().tm_yday for i in align_days(days, first, calendar)]
    away = (np.array(used) - calendar.day_of_year + 182) % 365 - 182
    assert np.abs(away).max() <= 5


def test_dates_inside_the_series_are_themselves() -> None:
    values = np.arange(365 * 96, dtype=np.float64).reshape(365, 96)
    assert np.array_equal(load_from_series(values, NEW_YEAR, _year()), values)
    prices = np.arange(365 * 24, dtype=np.float64).reshape(365, 24)
    assert np.array_equal(price_from_series(prices, NEW_YEAR, _year())[200], prices[200])


def test_less_than_a_week_is_refused() -> None:
    values: Floats = np.ones((6, 96))
    with pytest.raises(ValueError, match="6 days; at least 7"):
        load_from_series(values, NEW_YEAR, _year())
