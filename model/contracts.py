"""Declared inputs of collaboration contracts."""

import math
from dataclasses import dataclass, field

from model.assets import ASSETS
from model.parameters import declare
from model.platforms import STANDARDS
from model.records import Pipeline
from model.security import Security


@dataclass(frozen=True, kw_only=True)
class DataContract:
    """A contract under which `provider`, and `members` like it, share a data asset with `partner`.

    Attributes:
        name, provider, partner: names; the provider of orders is `customers`.
        members: further firms that share the same asset with the same partner.
        platform: the data platform that it runs over; empty for a bilateral interface.
    """

    name: str
    provider: str
    partner: str
    members: tuple[str, ...] = ()
    platform: str = ""
    mode: str = declare(
        "vertical",
        unit="",
        choices=("vertical",),
        role="lever",
        note="what this version offers",
        doc="Who may contract with whom: a supplier with its customer.",
    )
    variant: str = declare(
        "raw",
        unit="",
        choices=("raw", "standardised", "encrypted", "anonymised"),
        role="lever",
        note="the family's zero",
        doc="How records are prepared before the partner sees them; `encrypted` reveals the sum of all sharers only.",
    )
    standard: str = declare(
        "none",
        unit="",
        choices=STANDARDS,
        role="lever",
        note="each side's own codes",
        doc="Standard that the shared records follow; over a platform, the platform's.",
    )
    exchange: str = declare(
        "one_way",
        unit="",
        choices=("one_way", "mutual"),
        role="lever",
        note="from the sharers to the partner",
        doc="Whether sharers also exchange the record with each other, which takes an interface for every pair.",
    )
    asset: str = declare(
        "plan",
        unit="",
        choices=tuple(ASSETS),
        role="lever",
        note="what the first study shares",
        doc="What is shared: plan and orders are structured, the maintenance log is text, the meter is real-time.",
    )
    resolution: int = declare(
        1,
        unit="h",
        bounds=(1, 24),
        role="lever",
        note="as planned",
        doc="Hours per shared value; 24 shares the day's total only. Divides 24.",
    )
    noise_sd: float = declare(
        0.0,
        unit="MW",
        bounds=(0, float("inf")),
        role="uncertainty",
        note="raw data",
        doc="Announced sd of independent noise on each shared value (orders: units); .inf shares nothing.",
    )
    mapping_sd: float = declare(
        0.0,
        unit="MW",
        bounds=(0, 1e4),
        role="uncertainty",
        note="none when both sides agree on every code; without a standard 0 to 5 MW at a works of 60 MW",
        doc="Sd of the error of each value from translating one side's codes; under a standard there is none.",
    )
    late_rate: float = declare(
        0.0,
        unit="1",
        bounds=(0, 1),
        role="uncertainty",
        note="none; without a standard up to a tenth of exchanges are delayed (NIST 1999); masks must all be in time",
        doc="Share of days on which the record misses the gate and cannot be used.",
    )
    protected: str = declare(
        "none",
        unit="",
        choices=("none", "heat", "day", "firm"),
        role="lever",
        note="no privacy claim",
        doc="What an epsilon protects: one heat, one day, or the whole firm; `anonymised` only.",
    )
    noise: str = declare(
        "laplace",
        unit="",
        choices=("laplace", "gaussian"),
        role="lever",
        note="the usual mechanism",
        doc="Mechanism of the privacy noise.",
    )
    epsilon: float = declare(
        math.inf,
        unit="1",
        bounds=(1e-6, math.inf),
        role="lever",
        note="no noise",
        doc="Privacy loss of one release for the protected unit; .inf adds no noise. Needs `protected`.",
    )
    delta: float = declare(
        1e-5,
        unit="1",
        bounds=(1e-12, 0.1),
        role="lever",
        note="usual order of magnitude",
        doc="Probability with which the privacy bound may fail; Gaussian noise and the yearly ledger use it.",
    )
    budget: float = declare(
        math.inf,
        unit="1",
        bounds=(1e-6, math.inf),
        role="lever",
        note="no limit",
        doc="Largest epsilon that a data subject may lose in a calendar year, at `delta`; accounted by zCDP.",
    )
    k: int = declare(
        1,
        unit="1",
        bounds=(1, 100_000),
        role="lever",
        note="every record by itself",
        doc="Records are replaced by the mean of groups of at least k sharers; `anonymised` only.",
    )
    grouping: str = declare(
        "sorted",
        unit="",
        choices=("sorted", "random"),
        role="lever",
        note="loses least",
        doc="Whether groups of k unite sharers of like size or of any size.",
    )
    release: str = declare(
        "records",
        unit="",
        choices=("records", "sum", "tree"),
        role="lever",
        note="one record per sharer",
        doc="What a trusted platform releases: records, their sum, or running totals by tree aggregation.",
    )
    window: int = declare(
        28,
        unit="d",
        bounds=(1, 365),
        role="lever",
        note="four weeks",
        doc="Days of the running total that a tree release gives.",
    )
    fee: float = declare(
        0.0,
        unit="EUR/yr",
        bounds=(0, 1e9),
        role="lever",
        note="agreed between the parties",
        doc="Paid by the partner to each firm that shares.",
    )
    interface_cost: float = declare(
        60_000.0,
        unit="EUR/yr",
        bounds=(0, 1e9),
        role="uncertainty",
        note="half a person and licences",
        doc="Running one bilateral interface, both sides; over a platform its members pay that platform's instead.",
    )
    provider_share: float = declare(
        0.5,
        unit="1",
        bounds=(0, 1),
        role="lever",
        note="each runs its own side",
        doc="Part of the interface cost that the provider bears.",
    )
    breach_rate: float = declare(
        0.0976,
        unit="1/yr",
        bounds=(0, 100),
        role="uncertainty",
        source="iris_2025",
        doc="Breaches a year at the partner, holder of the extra copy; published for organisations, so rather high.",
    )
    breach_median: float = declare(
        20_000.0,
        unit="EUR",
        bounds=(0, 1e12),
        role="uncertainty",
        note="severity belongs to the asset: a plan, not the whole firm",
        doc="Median loss of the provider when the shared asset leaks.",
    )
    breach_sigma: float = declare(
        2.0,
        unit="1",
        bounds=(0, 5),
        role="uncertainty",
        note="low end of 2.0 to 2.6, which a published median (Romanosky 2016) and a published mean together imply",
        doc="Standard deviation of the log loss.",
    )
    security: Security = field(default_factory=Security)
    pipeline: Pipeline = field(default_factory=Pipeline)
