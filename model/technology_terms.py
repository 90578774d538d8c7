"""Declared inputs of technology contracts: who learns what from whom, on which terms."""

from dataclasses import dataclass

from model.parameters import declare
from model.resource_terms import MODES


@dataclass(frozen=True, kw_only=True)
class TechnologyContract:
    """A contract under which its members exchange know-how, do research together or open what they know.

    Attributes:
        name: of the contract; `platform`: the technology platform that it runs over.
        members: names of firms or groups; members of a group take part each for itself.
    """

    name: str
    platform: str
    members: tuple[str, ...]
    mode: str = declare(
        "horizontal",
        unit="",
        choices=MODES,
        role="lever",
        note="the members say what fits",
        doc="Who may contract with whom; it has no effect of its own.",
    )
    variant: str = declare(
        "exchange",
        unit="",
        role="lever",
        note="asks for least",
        doc="Mechanism: exchange, cooperation, sharing, or the name of an extension's.",
    )
    meetings: int = declare(
        3,
        unit="1",
        bounds=(0, 1000),
        role="lever",
        note="once a month",
        doc="Exchange: meetings of each pair in a quarter; 0 exchanges nothing.",
    )
    cutoff: float = declare(
        0.01,
        unit="1",
        bounds=(0, 1),
        role="uncertainty",
        source="cowan_jonard_2004",
        doc="Exchange: relative lead below which two firms count as equally good in an area.",
    )
    joint_weight: float = declare(
        1.0,
        unit="1",
        bounds=(0, 1),
        role="lever",
        note="members maximise their joint profit",
        doc="Cooperation: weight of a partner's profit in the choice of one's effort; 0 cooperates in nothing.",
    )
    joint_spillover: float = declare(
        0.0,
        unit="1",
        bounds=(0, 1),
        role="lever",
        note="what spills over anyway",
        doc="Cooperation: least part of a partner's cost reduction that a member gets.",
    )
    damping: float = declare(
        0.5,
        unit="1",
        bounds=(0.01, 1),
        note="undamped best responses diverge at low spillover (Henriques 1990)",
        doc="Cooperation: part of the way to the best response that a round of planning goes.",
    )
    openness: float = declare(
        1.0,
        unit="1",
        bounds=(0, 1),
        role="lever",
        note="an open pool",
        doc="Sharing: part of each member's experience that the pool shows to all; 0 shares nothing.",
    )
    royalty: float = declare(
        0.0,
        unit="1",
        bounds=(0, 1),
        role="lever",
        note="an open pool asks for none",
        doc="Sharing: part of what a member saves through the others' experience that it pays to them as a licence.",
    )
    leakage: float = declare(
        0.1,
        unit="1",
        bounds=(0, 1),
        role="uncertainty",
        note="staff moves and suppliers talk; 0 to .3",
        doc="Part of what a member newly learns that its rivals outside the contract learn too.",
    )
    coordination_cost: float = declare(
        10_000.0,
        unit="EUR/yr",
        bounds=(0, 1e8),
        role="uncertainty",
        note="engineers' time; 2,000 to 50,000",
        doc="What taking part costs each member beside the platform.",
    )
    transfer_cost: float = declare(
        1_500.0,
        unit="EUR",
        bounds=(0, 1e7),
        role="uncertainty",
        note="two people for a day; 300 to 5,000",
        doc="Exchange: cost of a meeting to each side.",
    )
    ability: float = declare(
        1.0,
        unit="1",
        bounds=(0, 10),
        role="uncertainty",
        note="with the next three the inverted U of Nooteboom et al. (2007), best distance .4",
        doc="Mutual understanding a0 at no cognitive distance; learning is (a0 - a1 d)(b0 + b1 d).",
    )
    ability_slope: float = declare(
        1.0, unit="1", bounds=(0, 100), role="uncertainty", note="understanding is lost at d = 1", doc="Its fall a1."
    )
    novelty: float = declare(
        0.2,
        unit="1",
        bounds=(0, 10),
        role="uncertainty",
        note="even the alike have something new",
        doc="Novelty b0 at no cognitive distance.",
    )
    novelty_slope: float = declare(
        1.0, unit="1", bounds=(0, 100), role="uncertainty", note="what is far is new", doc="Its rise b1."
    )
