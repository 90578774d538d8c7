"""Control variates: outcomes of known mean, which take chance out of a comparison."""

from model.outcomes.declaration import Outcome

CONTROLS: tuple[Outcome, ...] = (
    Outcome(
        "imbalance_covariance",
        "Chance alignment with the system",
        "EUR/yr",
        "none",
        "control",
        "beta times the sum of own imbalance and the rest of the system's: zero on average, used as control variate.",
        mean=0.0,
    ),
)
"""Outcomes of known mean."""
