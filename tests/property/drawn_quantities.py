"""What all drawn parts of an economy share: quantities off the grid, and how a receiver reads what it gets.

Quantities are drawn off a grid that avoids round numbers: a decision (how many heats, where the pause, which block)
must not hang on the last bit of a sum, on which two programs may rightly differ.
"""

import math

from hypothesis import strategies as st

OFF_GRID = math.sqrt(3.0) - 1.0
RECEIVERS = st.sampled_from(["naive", "last_order", "full_history"])


def between(low: float, high: float) -> st.SearchStrategy[float]:
    """Return quantities between two bounds, never a round number."""
    return st.integers(0, 9999).map(lambda k: low + (high - low) * (k + OFF_GRID) / 10_000.0)


def zero_or(low: float, high: float) -> st.SearchStrategy[float]:
    """Return 0, where a process is switched off, or a quantity between two bounds."""
    return st.one_of(st.just(0.0), between(low, high))
