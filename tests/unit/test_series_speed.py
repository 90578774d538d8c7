"""A year of series costs milliseconds: a study draws some 10,000 of them."""

import datetime
import time
from collections.abc import Callable

from model.calendar import build_calendar
from model.physics.series import generate_forecast_error, generate_load, generate_price
from model.reference import forecast_error_table, load_table, price_table

CALENDAR = build_calendar(datetime.date(2025, 1, 1), 365, "DE")


def _best_ms(draw: Callable[[int], object], repeats: int = 30) -> float:
    """Return the fastest of `repeats` calls after one that compiles; the fastest is the least disturbed."""
    draw(0)
    times = []
    for replication in range(1, repeats):
        start = time.perf_counter()
        draw(replication)
        times.append(time.perf_counter() - start)
    return min(times) * 1000.0


def test_a_year_of_one_load_takes_at_most_3_ms() -> None:
    table = load_table("steel_works_2018")
    assert _best_ms(lambda replication: generate_load(table, 1, replication, "A", CALENDAR)) <= 3.0


def test_a_year_of_price_and_residual_load_takes_at_most_5_ms() -> None:
    table = price_table("day_ahead_de_lu_2025")
    assert _best_ms(lambda replication: generate_price(table, 1, replication, CALENDAR)) <= 5.0


def test_a_year_of_forecast_error_takes_at_most_3_ms() -> None:
    table = forecast_error_table("load_error_de_2015_2018")
    assert _best_ms(lambda replication: generate_forecast_error(table, 1, replication, "B", CALENDAR)) <= 3.0
