"""Declared inputs of dated shocks: what hits which firms from outside, from which day on and for how long."""

from dataclasses import dataclass

from model.parameters import declare

HITS = ("demand", "machines", "absence")
"""What a shock can do."""


@dataclass(frozen=True, kw_only=True)
class Shock:
    """Something that hits firms from outside on a certain day, under every strategy alike.

    Attributes:
        name: of the shock.
        firms: names of the firms or groups that it hits.
    """

    name: str
    firms: tuple[str, ...]
    what: str = declare(
        "demand",
        unit="",
        choices=HITS,
        role="uncertainty",
        note="the usual one",
        doc="What it does: final demand changes, machines need repair, or people are absent.",
    )
    date: str = declare(
        "2025-07-01",
        unit="",
        role="uncertainty",
        note="mid-year of the reference year",
        doc="First day, YYYY-MM-DD; a day of the run, burn-in included.",
    )
    days: int = declare(30, unit="day", bounds=(1, 3660), role="uncertainty", note="a month", doc="How long it lasts.")
    size: float = declare(
        -0.3,
        unit="1",
        bounds=(-1, 10),
        role="uncertainty",
        note="orders fell by a quarter to a third in the spring of 2020",
        doc="Change of mean demand over mean demand; or part of the machines, or of the crew, that is missing, 0 to 1.",
    )
