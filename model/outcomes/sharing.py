"""What sharing resources and technology costs, moves and brings about."""

from model.outcomes.costs import TOTAL
from model.outcomes.declaration import Outcome

_COSTS = (
    ("overtime", "Overtime", "Extra cost of hours beyond the shifts, of machines and of workers."),
    ("lending", "Lending", "What hours that work for others cost their owners: set-up, instruction, wear."),
    ("moving", "Moving shared resources", "Ways, transport and the search for partners."),
    ("heat", "Heat", "Gas burnt in firms' own boilers, and recovering waste heat that is used."),
    ("pipes", "Heat pipes", "Owning and pumping the pipes of heat contracts."),
    ("disposal", "Disposal", "Getting rid of by-products that nobody takes; less what dealers pay for them."),
    (
        "material",
        "Replaceable materials",
        "Bought materials that a by-product could replace, and preparing those that do.",
    ),
    ("outsourcing", "Urgent jobs", "Jobs that found every server busy: sent elsewhere, or kept waiting."),
    ("research", "Research", "Research and development, what firms would do without cooperation included."),
    ("coordination", "Coordination", "People's time for taking part in contracts and platforms, and for meetings."),
)

SHARING_COSTS: tuple[Outcome, ...] = tuple(
    Outcome(f"cost_{kind}", title, "EUR/yr", "lower", "cost", text, component_of=TOTAL) for kind, title, text in _COSTS
)
"""Kinds of real cost that come with shared resources and technology."""

SHARING: tuple[Outcome, ...] = (
    Outcome(
        "rent",
        "Payments for shared resources",
        "EUR/yr",
        "none",
        "transfer",
        "Paid (positive) or received (negative) for machines, people, heat and materials, commissions included.",
        per_party=True,
    ),
    Outcome(
        "carbon_payment",
        "Payments for carbon of own fuel",
        "EUR/yr",
        "lower",
        "transfer",
        "Carbon price on what boilers and generators of one's own burn.",
        per_party=True,
    ),
    Outcome(
        "matched_surplus",
        "Surplus of what the platform matched",
        "EUR/yr",
        "higher",
        "efficiency",
        "Worth to the takers less cost to the givers and of moving, as both value it on the day.",
        per_party=True,
    ),
    Outcome(
        "matched_bound",
        "Largest surplus that could have been matched",
        "EUR/yr",
        "none",
        "diagnostic",
        "The linear programme's on true needs, day by day; where allocation is the mechanism.",
        per_party=True,
    ),
    Outcome(
        "match_rate",
        "Share of needs that were matched",
        "1",
        "higher",
        "efficiency",
        "What was delivered over what was needed from others, by worth.",
        per_party=True,
    ),
)
"""What running contracts on resources is read off by."""
