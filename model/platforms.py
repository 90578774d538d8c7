"""Declared inputs of platforms: hubs over which contracts run."""

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


@dataclass(frozen=True, kw_only=True)
class Hub:
    """What resource and technology platforms have in common; their members are the parties to contracts over them."""

    name: str
    governance: str = declare(
        "cooperative",
        unit="",
        choices=("cooperative", "operator"),
        role="lever",
        note="the members own it",
        doc="Who bears the platform's result: its members in equal parts, or its operator.",
    )
    hub_cost: float = declare(
        60_000.0,
        unit="EUR/yr",
        bounds=(0, 1e9),
        role="uncertainty",
        note="half a person and software; 20,000 to 300,000",
        doc="Running the platform.",
    )
    member_cost: float = declare(
        5_000.0,
        unit="EUR/yr",
        bounds=(0, 1e9),
        role="uncertainty",
        note="a desk's share of somebody's time; 1,000 to 20,000",
        doc="What membership costs a member on its own side.",
    )
    fee: float = declare(
        0.0,
        unit="EUR/yr",
        bounds=(0, 1e9),
        role="lever",
        note="agreed with the members",
        doc="Paid by each member to the platform.",
    )
    outage_rate: float = declare(
        2.0,
        unit="1/yr",
        bounds=(0, 100),
        role="uncertainty",
        note="a managed service; 0.5 to 12",
        doc="Outages a year; nothing is matched on their days.",
    )
    outage_days: float = declare(
        1.5, unit="d", bounds=(1, 90), role="uncertainty", note="1 to 7", doc="Mean number of days of an outage."
    )


@dataclass(frozen=True, kw_only=True)
class ResourcePlatformInputs(Hub):
    """A resource platform: it finds partners for idle resources and clears what they pay."""

    commission: float = declare(
        0.0,
        unit="1",
        bounds=(0, 1),
        role="lever",
        note="none; the members pay by fee",
        doc="Part of every payment for a resource that the platform keeps; a cooperative's members get it back alike.",
    )


@dataclass(frozen=True, kw_only=True)
class TechnologyPlatformInputs(Hub):
    """A technology platform: it brings those together who may learn from each other, and keeps what they found."""

    protection: float = declare(
        0.0,
        unit="1",
        bounds=(0, 1),
        role="lever",
        note="members only promise not to tell",
        doc="Part of the leakage to rivals that the platform's rules prevent.",
    )
