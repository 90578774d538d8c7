"""What sharing resources and technology costs, moves and brings about."""

from model.outcomes.costs import TOTAL
from model.outcomes.declaration import Direction, Family, Outcome

_COSTS = (
    ("overtime", "Overtime", "Extra cost of hours beyond the shifts, of machines and of workers."),
    ("lending", "Lending", "What hours that work for others cost their owners: set-up, instruction, wear."),
    ("moving", "Moving shared resources", "Ways, transport and the search for partners."),
    ("heat", "Heat", "Gas burnt in firms' own boilers, and recovering waste heat that is used."),
    (
        "carbon",
        "Carbon of own fuel",
        "Fuel of boilers and own blocks at the carbon price; bought power has it in its price.",
    ),
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


def _of_parties(family: Family, *rows: tuple[str, str, str, Direction, str]) -> tuple[Outcome, ...]:
    """Return outcomes per party from (name, title, unit, direction, description)."""
    return tuple(
        Outcome(name, title, unit, direction, family, text, per_party=True)
        for name, title, unit, direction, text in rows
    )


ENDOWMENTS: tuple[Outcome, ...] = (
    *_of_parties(
        "efficiency",
        (
            "machine_utilisation",
            "Machine-hours used",
            "1",
            "higher",
            "Hours run, for oneself and others, over hours up.",
        ),
        ("machine_availability", "Machine availability", "1", "higher", "Hours up over hours manned."),
        ("labour_utilisation", "Working hours used", "1", "higher", "Hours worked, for all, over hours present."),
        ("production_shortfall", "Production short", "1", "lower", "Units not made on their day over those due."),
        ("overtime_hours", "Overtime", "h/yr", "lower", "Hours of machines and workers beyond the shifts."),
        ("station_blocked", "Jobs turned away", "1", "lower", "Urgent jobs that went elsewhere, over all."),
        ("station_delayed", "Jobs that waited", "1", "lower", "Urgent jobs that found all servers busy, over all."),
        ("station_wait", "Wait of a job", "h", "lower", "Mean time that an urgent job waits."),
        ("station_utilisation", "Servers busy", "1", "none", "Busy hours over hours of servers."),
        ("boiler_emissions", "Emissions of boilers", "t/yr", "lower", "CO2 of gas burnt for heat."),
        ("generation_emissions", "Emissions of own blocks", "t/yr", "lower", "CO2 of fuel burnt for electricity."),
        ("by_product_disposed", "By-products disposed of", "t/yr", "lower", "Material that nobody took."),
        (
            "generator_availability",
            "Blocks available",
            "1",
            "higher",
            "Hours up over hours, of a utility's own blocks.",
        ),
    ),
    *_of_parties(
        "diagnostic",
        (
            "borrowed_hours",
            "Hours borrowed",
            "h/yr",
            "none",
            "Machine-hours and working hours of others that were used.",
        ),
        ("lent_hours", "Hours lent", "h/yr", "none", "Machine-hours and working hours that worked for others."),
        ("jobs_away", "Jobs at partners", "1/yr", "none", "Urgent jobs that a partner's server took."),
        ("storage_lent", "Storage lent", "MWh/yr", "none", "Capacity of stores that served partners, by day."),
        ("storage_borrowed", "Storage borrowed", "MWh/yr", "none", "Capacity of partners' stores that was used."),
        ("heat_demand", "Heat needed", "MWh/yr", "none", "For processes and rooms."),
        ("heat_from_partners", "Heat from partners", "MWh/yr", "higher", "Delivered through pipes instead of boiled."),
        ("waste_heat", "Waste heat", "MWh/yr", "none", "Heat that could be had where electricity was drawn or made."),
        ("heat_given", "Heat given", "MWh/yr", "none", "Waste heat that partners were sent."),
        ("by_product_used", "By-products taken over", "t/yr", "higher", "Material of partners used instead of bought."),
        ("own_generation", "Own generation", "MWh/yr", "none", "Electricity of a utility's own blocks."),
    ),
)
"""What machines, people, stations, heat, materials and blocks did."""

PRICES: tuple[Outcome, ...] = _of_parties(
    "diagnostic",
    *(
        (
            f"price_of_{resource}",
            f"Price of {words}",
            unit,
            "none",
            f"Mean of what takers paid over a platform for {words}.",
        )
        for resource, words, unit in (
            ("equipment", "a machine-hour", "EUR/h"),
            ("labour", "a working hour", "EUR/h"),
            ("heat", "heat", "EUR/MWh"),
            ("by_product", "by-products", "EUR/t"),
            ("storage", "a loan of storage", "EUR/MWh"),
        )
    ),
)
"""What shared resources cost those who took them; by-products have one price for all materials of a platform."""

KNOWLEDGE: tuple[Outcome, ...] = (
    Outcome(
        "consumers_gain",
        "Gain of consumers",
        "EUR/yr",
        "higher",
        "transfer",
        "Change of consumers' surplus against the baseline, in markets whose price answers to cost.",
    ),
    Outcome(
        "mean_knowledge",
        "Knowledge gained",
        "1",
        "higher",
        "efficiency",
        "Doublings of experience since the start, mean over firms and areas.",
    ),
    *_of_parties(
        "efficiency",
        (
            "unit_cost_change",
            "Change of unit cost",
            "EUR/unit",
            "lower",
            "Against the declared unit cost, by know-how and research.",
        ),
        ("energy_change", "Change of electricity per unit", "1", "lower", "Against the declared one, by know-how."),
    ),
    *_of_parties(
        "diagnostic",
        ("research_spending", "Research", "EUR/yr", "none", "Spending on research."),
        ("price_change", "Change of the market price", "EUR/unit", "none", "Against the declared one."),
    ),
)
"""What firms know and what follows from it."""
