"""Breakdowns, planned stops and the skill of predicting them."""

from model.outcomes.declaration import Outcome

MAINTENANCE: tuple[Outcome, ...] = (
    Outcome(
        "breakdown_days",
        "Days with a breakdown",
        "1/yr",
        "lower",
        "efficiency",
        "Days on which a works' furnace broke down.",
        per_party=True,
    ),
    Outcome(
        "maintenance_days",
        "Days with planned maintenance",
        "1/yr",
        "none",
        "diagnostic",
        "Days on which a predicted breakdown was forestalled by a planned stop.",
        per_party=True,
    ),
    Outcome(
        "mining_skill",
        "Skill of the breakdown forecast",
        "1",
        "higher",
        "efficiency",
        "1 less log score over that of the base rate; 0 or below tells nothing.",
        per_party=True,
    ),
)
"""Breakdowns and maintenance of each party."""
