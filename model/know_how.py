"""Declared inputs of what firms know: how costs follow from it, and what is spent on finding out more.

Nothing follows from it unless declared: without learning rates and research no firm's costs depend on what it knows.
"""

from dataclasses import dataclass

from model.parameters import declare


@dataclass(frozen=True, kw_only=True)
class Technology:
    """What a firm knows, how its costs follow from it, and what it spends on finding out more.

    Experience counts in doublings of cumulative output (Wright 1936), by five areas; a doubling in all of them cuts
    the learnable part of unit cost by `learning_rate`. Beside what it knows itself a firm has what is public, as far as
    its research lets it take that in (Cohen & Levinthal 1989); the declared unit cost holds with both. Research finds
    cost reductions as in d'Aspremont & Jacquemin (1988); what it spends in the baseline is the non-cooperative
    equilibrium, so only changes against it matter.
    """

    learning_rate: float = declare(
        0.0,
        unit="1",
        bounds=(0, 0.6),
        role="uncertainty",
        note="nothing is learnt unless declared; the median of 87 technologies is in table learning_rates",
        doc="Fall of the learnable part of unit cost per doubling of experience in all areas.",
    )
    learnable_share: float = declare(
        0.3,
        unit="1",
        bounds=(0, 1),
        role="uncertainty",
        note="conversion without bought material",
        doc="Part of unit cost that experience can lower.",
    )
    energy_learning: float = declare(
        0.0,
        unit="1",
        bounds=(0, 0.6),
        role="uncertainty",
        note="nothing is learnt unless declared; .03 to .1",
        doc="Fall of electricity per unit per doubling of experience in the area energy.",
    )
    experience: float = declare(
        10.0,
        unit="yr",
        bounds=(0.01, 1000),
        role="uncertainty",
        note="years of output at the mean",
        doc="Cumulative output at the start, in years of mean output.",
    )
    raw_materials: float = declare(
        1.0, unit="1", bounds=(0, 40), role="uncertainty", note="even over areas", doc="Doublings in raw materials."
    )
    energy: float = declare(
        1.0, unit="1", bounds=(0, 40), role="uncertainty", note="even over areas", doc="Doublings in energy."
    )
    processing: float = declare(
        1.0, unit="1", bounds=(0, 40), role="uncertainty", note="even over areas", doc="Doublings in processing."
    )
    logistics: float = declare(
        1.0, unit="1", bounds=(0, 40), role="uncertainty", note="even over areas", doc="Doublings in logistics."
    )
    information: float = declare(
        1.0, unit="1", bounds=(0, 40), role="uncertainty", note="even over areas", doc="Doublings in information."
    )
    knowledge_spread: float = declare(
        0.0,
        unit="1",
        bounds=(0, 20),
        role="uncertainty",
        note="all alike unless declared; 1 would mean that most firms know half to twice as much as the mean one",
        doc="Sd, in doublings, of what single firms know at the start around the doublings above, in each area.",
    )
    public_experience: float = declare(
        30.0,
        unit="1",
        bounds=(0, 1000),
        role="uncertainty",
        note="an industry has many firms, and its learning curve is measured on what all made; 0 to 300",
        doc="Experience that everybody in the trade can know, over the firm's own at the start; it stands still.",
    )
    absorption: float = declare(
        0.1,
        unit="1",
        bounds=(0, 1),
        role="uncertainty",
        source="cowan_jonard_2004",
        doc="Part of a gap in knowledge that a firm closes when it learns from another.",
    )
    research_share: float = declare(
        0.0,
        unit="1",
        bounds=(0, 0.5),
        role="uncertainty",
        note="no research unless declared; .005 to .05 of revenue in manufacturing",
        doc="Research spending over revenue without any cooperation.",
    )
    spillover: float = declare(
        0.3,
        unit="1",
        bounds=(0, 1),
        role="uncertainty",
        note="judged .2 to .6 in the literature",
        doc="Part of a rival's cost reduction that the firm gets without any contract.",
    )
    half_learning: float = declare(
        0.01,
        unit="1",
        bounds=(1e-6, 1),
        role="uncertainty",
        note="a firm that spends 1 % of revenue on research can use half of what others publish",
        doc="Own research over revenue at which a firm can take in half of what it is shown (Cohen & Levinthal 1989).",
    )
    product_market: str = declare(
        "",
        unit="",
        role="uncertainty",
        note="no rival in the study unless declared",
        doc="Word; firms that name the same one sell substitutes and are Cournot rivals.",
    )
    price_slope: float = declare(
        0.0,
        unit="EUR/unit*day/unit",
        bounds=(0, 1e6),
        role="uncertainty",
        note="price given unless declared",
        doc="Fall of the market price with each unit a day that its firms sell more.",
    )
    review: float = declare(
        0.25,
        unit="1",
        bounds=(0.01, 1),
        role="uncertainty",
        note="research results take about a year to arrive",
        doc="Part of the way to the results of its present effort that a firm goes in a quarter.",
    )


AREAS = ("raw_materials", "energy", "processing", "logistics", "information")
"""Areas of knowledge, in the order of a firm's knowledge vector."""
