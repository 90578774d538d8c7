"""Declared inputs of data platforms: hubs over which contracts may run instead of bilateral interfaces."""

from dataclasses import dataclass, field

from model.parameters import declare
from model.security import Security

STANDARDS = ("none", "iec-cim", "opc-ua", "edifact")
"""Standards that records may follow; they differ in name only, but a member of two platforms pays twice."""


@dataclass(frozen=True, kw_only=True)
class DataPlatformInputs:
    """A data platform: its members, who are the parties to contracts over it, need one interface each."""

    name: str
    standard: str = declare(
        "none",
        unit="",
        choices=STANDARDS,
        role="lever",
        note="a hub without a standard only forwards",
        doc="Standard that every record on the platform follows.",
    )
    holds: str = declare(
        "records",
        unit="",
        choices=("records", "ciphertext"),
        role="lever",
        note="an ordinary hub reads what it forwards",
        doc="What the platform itself holds: ciphertext reveals nothing when it leaks, but cannot be cleaned there.",
    )
    governance: str = declare(
        "cooperative",
        unit="",
        choices=("cooperative", "operator"),
        role="lever",
        note="the members own it",
        doc="Who bears the platform's result: its members in equal parts, or its operator.",
    )
    hub_cost: float = declare(
        120_000.0,
        unit="EUR/yr",
        bounds=(0, 1e9),
        role="uncertainty",
        note="one person, servers and licences; 50,000 to 500,000",
        doc="Running the platform.",
    )
    member_cost: float = declare(
        15_000.0,
        unit="EUR/yr",
        bounds=(0, 1e9),
        role="uncertainty",
        note="a standard interface costs about a quarter of a bilateral one; 5,000 to 30,000",
        doc="Running a member's one interface to the platform, borne by the member.",
    )
    fee: float = declare(
        0.0,
        unit="EUR/yr",
        bounds=(0, 1e9),
        role="lever",
        note="agreed with the members",
        doc="Paid by each member to the platform.",
    )
    breach_rate: float = declare(
        0.0976,
        unit="1/yr",
        bounds=(0, 100),
        role="uncertainty",
        source="iris_2025",
        doc="Breaches a year of the platform; each exposes what it holds of all members at once.",
    )
    outage_rate: float = declare(
        2.0,
        unit="1/yr",
        bounds=(0, 100),
        role="uncertainty",
        note="a managed service; 0.5 to 12",
        doc="Outages a year that last to the next gate or longer.",
    )
    outage_days: float = declare(
        1.5,
        unit="d",
        bounds=(1, 90),
        role="uncertainty",
        note="most are mended within two days; 1 to 7",
        doc="Mean number of gates that an outage lasts over.",
    )
    security: Security = field(default_factory=Security)
