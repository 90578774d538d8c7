"""Speed of the families of resources and technology against the economy without them, and of a year of a park."""

from typing import Any

import pytest

from tests.benchmarks.families import STRATEGIES, family_lines, park_seconds


def test_families_side_by_side(benchmark: Any) -> None:
    sizes = [(1, 1, 1)] if benchmark.disabled else [(1, 100, 3), (27, 30, 3), (270, 10, 3)]
    shown = benchmark.pedantic(lambda: [line for size in sizes for line in family_lines(*size)], rounds=1)
    print("", *shown, sep="\n")
    assert len(shown) == len(sizes) * len(STRATEGIES)


@pytest.mark.slow
def test_a_year_of_the_park_with_everything_takes_a_second_or_two() -> None:
    assert park_seconds("everything", 2) < 3.0  # under one on an idle processor
