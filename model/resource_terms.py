"""Declared inputs of resource contracts: who shares which resource by which mechanism, and what moving it takes."""

from dataclasses import dataclass

from model.parameters import declare

RESOURCES_SHARED = ("equipment", "labour", "heat", "by_product", "storage", "station")
"""Classes of resources that contracts share."""

MODES = ("vertical", "horizontal", "cross_sector")
"""Who contracts with whom: a supplier with its customer, firms of one sector, firms of different sectors."""


@dataclass(frozen=True, kw_only=True)
class ResourceContract:
    """A contract under which its members use each other's idle resources.

    Attributes:
        name: of the contract; `platform`: the resource platform that it runs over.
        members: names of firms or groups; members of a group take part each for itself.
        overstating: members who report `inflation` times what they need; all of them where silent.
        shares: part of the common cost (pipes) that each member bears; equal parts where silent; they sum to 1.
    """

    name: str
    platform: str
    members: tuple[str, ...]
    overstating: tuple[str, ...] = ()
    shares: tuple[tuple[str, float], ...] = ()
    mode: str = declare(
        "horizontal",
        unit="",
        choices=MODES,
        role="lever",
        note="the members say what fits",
        doc="Who may contract with whom; it has no effect of its own.",
    )
    resource: str = declare(
        "equipment",
        unit="",
        choices=RESOURCES_SHARED,
        role="lever",
        note="the usual start",
        doc="What is shared.",
    )
    variant: str = declare(
        "pooling",
        unit="",
        role="lever",
        note="the only one of any size",
        doc="Mechanism: allocation, leasing, pooling, or the name of an extension's.",
    )
    offered: float = declare(
        1.0,
        unit="1",
        bounds=(0, 1),
        role="lever",
        note="all that is idle",
        doc="Part of its idle resource that each member offers; 0 shares nothing.",
    )
    reach: float = declare(
        25.0, unit="km", bounds=(0, 5000), role="uncertainty", note="half an hour's drive", doc="Farthest partner."
    )
    moving_cost: float = declare(
        0.0,
        unit="EUR/unit",
        bounds=(0, 1e6),
        role="uncertainty",
        note="none beside the way",
        doc="Cost of moving one unit of the resource (h, MWh, t, job) to whoever uses it.",
    )
    distance_cost: float = declare(
        0.2,
        unit="EUR/unit/km",
        bounds=(0, 1e4),
        role="uncertainty",
        note="a lorry at 2 EUR/km moves 10 t, or parts for 10 h of work; .1 to .5",
        doc="Cost of moving one unit of the resource (h, MWh, t, job) over a kilometre.",
    )
    coordination_cost: float = declare(
        4_000.0,
        unit="EUR/yr",
        bounds=(0, 1e8),
        role="uncertainty",
        note="a few hours a month; 1,000 to 20,000",
        doc="What taking part costs each member beside the platform.",
    )
    mapping_sd: float = declare(
        0.0,
        unit="1",
        bounds=(0, 2),
        role="uncertainty",
        note="none where both sides describe resources alike; .05 to .3 across sectors",
        doc="Sd of the log error of what members report, from describing a resource in another sector's terms.",
    )
    objective: str = declare(
        "surplus",
        unit="",
        choices=("surplus", "proportional"),
        role="lever",
        note="what a planner would want",
        doc="Allocation: highest total surplus (linear programme), or equal parts of what each asks for.",
    )
    inflation: float = declare(
        1.0,
        unit="1",
        bounds=(1, 100),
        role="uncertainty",
        note="members report what they need; above 1 they overstate it",
        doc="Allocation: what members, or those named under `overstating`, report over what they need.",
    )
    largest_programme: int = declare(
        20_000,
        unit="1",
        bounds=(1, 10_000_000),
        role="lever",
        note="a day's programme of this size takes about a tenth of a second",
        doc="Allocation: most variables (pairs of giver and taker, over all hours) of a day's linear programme.",
    )
    bargaining: str = declare(
        "strategic",
        unit="",
        choices=("strategic", "truthful", "posted"),
        role="uncertainty",
        source="chatterjee_samuelson_1983",
        doc="Leasing: bids of the linear equilibrium under private values, true values, or a posted price.",
    )
    partners: int = declare(
        3,
        unit="1",
        bounds=(0, 1000),
        role="lever",
        note="a few phone calls",
        doc="Leasing: offers that each who needs something asks for a day; heat: pipes to each user. 0 shares nothing.",
    )
    search_cost: float = declare(
        5.0,
        unit="EUR",
        bounds=(0, 1e5),
        role="uncertainty",
        note="ten minutes of somebody's time",
        doc="Leasing: cost of asking for one offer, borne by who asks.",
    )
    priority: str = declare(
        "value",
        unit="",
        choices=("value", "equal"),
        role="lever",
        note="a call market",
        doc="Pooling: the highest bids are served first, or all in equal parts at the price of the dearest offer.",
    )
    throughput: float = declare(
        float("inf"),
        unit="unit/day",
        bounds=(0, float("inf")),
        role="uncertainty",
        note="the platform handles all",
        doc="Pooling: most of the resource that the pool can move a day; when it binds, the pool is congested.",
    )
    pipe_cost: float = declare(
        50_000.0,
        unit="EUR/km/yr",
        bounds=(0, 1e8),
        role="uncertainty",
        note="700 EUR a metre over 30 years at 5 %, and pumping; 20,000 to 100,000",
        doc="Heat: yearly cost of a pipe.",
    )
    pipe_loss: float = declare(
        0.02,
        unit="1/km",
        bounds=(0, 1),
        role="uncertainty",
        note="1 to 4 % a kilometre",
        doc="Heat: part of what is given that is lost on a kilometre.",
    )
    cooling: float = declare(
        1.5,
        unit="K/km",
        bounds=(0, 100),
        role="uncertainty",
        note="0.5 to 3",
        doc="Heat: fall of temperature on a kilometre.",
    )
    approach: float = declare(
        5.0,
        unit="K",
        bounds=(0, 200),
        role="uncertainty",
        note="heat exchangers on both sides",
        doc="Heat: fall of temperature through exchangers.",
    )
