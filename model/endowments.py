"""Declared inputs of what firms own beside their process: site, machines, people, stations, heat, by-products.

Nothing of it is there unless declared: a firm without machines or workers is never short of them.
"""

from dataclasses import dataclass

from model.parameters import declare


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where a firm stands; members of a group stand together."""

    x: float = declare(
        0.0, unit="km", bounds=(-2000, 2000), role="uncertainty", note="beside its partners", doc="Place, eastwards."
    )
    y: float = declare(
        0.0, unit="km", bounds=(-2000, 2000), role="uncertainty", note="beside its partners", doc="Place, northwards."
    )


@dataclass(frozen=True, kw_only=True)
class Equipment:
    """Machines that limit production, fail and are repaired; idle hours may work for others of the same class."""

    kind: str = declare(
        "machines",
        unit="",
        role="uncertainty",
        note="a word; firms with machines of one kind can work for each other",
        doc="Class of the machines.",
    )
    machines: int = declare(
        0, unit="1", bounds=(0, 100_000), role="uncertainty", note="never short unless declared", doc="How many."
    )
    hours_per_unit: float = declare(
        0.0,
        unit="h/unit",
        bounds=(0, 1e4),
        role="uncertainty",
        note="set so that utilisation is the industry's",
        doc="Machine-hours that a unit of output takes.",
    )
    shift_hours: float = declare(
        16.0,
        unit="h",
        bounds=(0, 24),
        role="lever",
        note="two shifts",
        doc="Hours a day that a machine is manned and runs at no extra cost.",
    )
    overtime_hours: float = declare(
        4.0,
        unit="h",
        bounds=(0, 24),
        role="uncertainty",
        note="half a shift more",
        doc="Most hours a day beyond those.",
    )
    overtime_cost: float = declare(
        60.0,
        unit="EUR/h",
        bounds=(0, 1e5),
        role="uncertainty",
        note="crew of one or two at a premium of a half, energy of the shop; 30 to 120",
        doc="Extra cost of a machine-hour beyond the shifts.",
    )
    lending_cost: float = declare(
        15.0,
        unit="EUR/h",
        bounds=(0, 1e5),
        role="uncertainty",
        note="set-up, supervision and wear; 5 to 40",
        doc="What a machine-hour that works for others costs its owner.",
    )
    cost_spread: float = declare(
        0.0,
        unit="1",
        bounds=(0, 2),
        role="uncertainty",
        note="alike unless declared; .2 to .5 is plausible between shops",
        doc="Sd of the log by which both costs differ between the firms of a group; nobody else knows a firm's own.",
    )
    failure_rate: float = declare(
        0.0,
        unit="1/h",
        bounds=(0, 10),
        role="uncertainty",
        note="none unless declared; one in 100 to 500 h is plausible",
        doc="Failures of a machine per hour that it runs.",
    )
    repair: float = declare(
        8.0, unit="h", bounds=(0.01, 2000), role="uncertainty", note="a shift; 2 to 40", doc="Mean time to repair."
    )


@dataclass(frozen=True, kw_only=True)
class Labour:
    """Workers of two skills; their absence limits production, spare hours may work for others."""

    skilled: int = declare(
        0,
        unit="1",
        bounds=(0, 1_000_000),
        role="uncertainty",
        note="never short unless declared",
        doc="Skilled workers.",
    )
    general: int = declare(
        0, unit="1", bounds=(0, 1_000_000), role="uncertainty", note="never short unless declared", doc="Other workers."
    )
    skilled_hours_per_unit: float = declare(
        0.0,
        unit="h/unit",
        bounds=(0, 1e4),
        role="uncertainty",
        note="set so that crews are busy as in the industry",
        doc="Hours of skilled work that a unit takes.",
    )
    general_hours_per_unit: float = declare(
        0.0,
        unit="h/unit",
        bounds=(0, 1e4),
        role="uncertainty",
        note="set so that crews are busy as in the industry",
        doc="Hours of other work that a unit takes.",
    )
    hours: float = declare(
        5.3,
        unit="h",
        bounds=(0, 24),
        role="uncertainty",
        note="37 h a week over seven days",
        doc="Hours that a worker who is not absent works, as a mean over all days of the week.",
    )
    absence: float = declare(
        0.06,
        unit="1",
        bounds=(0, 0.9),
        role="uncertainty",
        note="sick leave in German industry is about 5 to 7 %",
        doc="Mean share of workers who are absent.",
    )
    absence_spread: float = declare(
        0.3,
        unit="1",
        bounds=(0, 2),
        role="uncertainty",
        note="weeks with an infection that goes round; .1 to .5",
        doc="Standard deviation of the absence rate over its mean, beyond what chance of single workers makes.",
    )
    absence_common: float = declare(
        0.5,
        unit="1",
        bounds=(0, 1),
        role="uncertainty",
        note="infections go round in a region",
        doc="Share of that variance that all firms have in common.",
    )
    overtime_share: float = declare(
        0.1,
        unit="1",
        bounds=(0, 1),
        role="uncertainty",
        note="limits of working time",
        doc="Most overtime over the hours of those present.",
    )
    overtime_cost: float = declare(
        45.0,
        unit="EUR/h",
        bounds=(0, 1e4),
        role="uncertainty",
        note="labour cost of industry is about 45 EUR/h, and the hour and its premium come on top; 30 to 70",
        doc="Extra cost of an hour of overtime.",
    )
    lending_cost: float = declare(
        10.0,
        unit="EUR/h",
        bounds=(0, 1e4),
        role="uncertainty",
        note="instruction and travel; the wage is paid either way; 5 to 30",
        doc="What an hour worked for others costs the employer beyond the wage.",
    )
    cost_spread: float = declare(
        0.0,
        unit="1",
        bounds=(0, 2),
        role="uncertainty",
        note="alike unless declared; .2 to .5 is plausible between employers",
        doc="Sd of the log by which both costs differ between the firms of a group; nobody else knows a firm's own.",
    )


@dataclass(frozen=True, kw_only=True)
class Station:
    """Servers that take urgent jobs one by one: beds, laboratory devices, repair bays."""

    kind: str = declare(
        "station",
        unit="",
        role="uncertainty",
        note="a word; stations of one kind can stand in for each other",
        doc="Class of the servers.",
    )
    servers: int = declare(0, unit="1", bounds=(0, 10_000), role="lever", note="none unless declared", doc="How many.")
    arrivals: float = declare(
        0.0,
        unit="1/day",
        bounds=(0, 1e5),
        role="uncertainty",
        note="set from servers and utilisation",
        doc="Mean number of jobs a day; they come as a Poisson process.",
    )
    duration: float = declare(
        24.0,
        unit="h",
        bounds=(0.01, 10_000),
        role="uncertainty",
        note="a day",
        doc="Mean time that a job takes a server, exponential.",
    )
    discipline: str = declare(
        "loss",
        unit="",
        choices=("loss", "queue"),
        role="uncertainty",
        note="a patient without a bed is taken elsewhere",
        doc="What happens to a job that finds all servers busy: it goes elsewhere, or it waits.",
    )
    blocked_cost: float = declare(
        500.0,
        unit="EUR",
        bounds=(0, 1e7),
        role="uncertainty",
        note="transfer and organisation; 200 to 2,000",
        doc="Cost of a job that goes elsewhere.",
    )
    waiting_cost: float = declare(
        20.0,
        unit="EUR/h",
        bounds=(0, 1e5),
        role="uncertainty",
        note="idle staff beside a machine that waits; 5 to 100",
        doc="Cost of an hour that a job waits.",
    )


@dataclass(frozen=True, kw_only=True)
class Heat:
    """Heat that a firm needs, and heat that leaves it unused."""

    use: float = declare(
        0.0,
        unit="MWh/unit",
        bounds=(0, 1e4),
        role="uncertainty",
        note="none unless declared",
        doc="Process heat of a unit of output.",
    )
    space: float = declare(
        0.0,
        unit="MW",
        bounds=(0, 1e4),
        role="uncertainty",
        note="none unless declared",
        doc="Mean of the heat for rooms, baths and greenhouses.",
    )
    season: float = declare(
        0.8,
        unit="1",
        bounds=(0, 1),
        role="uncertainty",
        note="rooms hardly need heat in summer",
        doc="Yearly amplitude of that heat over its mean, highest in mid-winter.",
    )
    start: float = declare(
        6.0, unit="h", bounds=(0, 23.99), note="first shift", doc="Local hour at which process heat begins."
    )
    hours: float = declare(
        16.0, unit="h", bounds=(1, 24), note="two shifts", doc="Hours a day with process heat; it is even within them."
    )
    level: float = declare(
        90.0,
        unit="degC",
        bounds=(20, 1500),
        role="uncertainty",
        note="hot water",
        doc="Temperature that the firm's heat must have at its door.",
    )
    efficiency: float = declare(
        0.9,
        unit="1",
        bounds=(0.1, 1.1),
        role="uncertainty",
        note="gas boiler",
        doc="Heat over gas burnt in its boiler.",
    )
    waste_share: float = declare(
        0.0,
        unit="1",
        bounds=(0, 1),
        role="uncertainty",
        note="none unless declared; .1 to .3 of an arc furnace's electricity can be had from its off-gas",
        doc="Heat that could be had, over electricity drawn.",
    )
    waste_level: float = declare(
        120.0,
        unit="degC",
        bounds=(20, 1500),
        role="uncertainty",
        note="hot water under pressure from an off-gas boiler",
        doc="Temperature at which that heat leaves the firm.",
    )
    recovery_cost: float = declare(
        4.0,
        unit="EUR/MWh",
        bounds=(0, 1000),
        role="uncertainty",
        note="pumps and upkeep; 2 to 8",
        doc="What a MWh of waste heat that is used costs its giver.",
    )


@dataclass(frozen=True, kw_only=True)
class ByProduct:
    """A material that leaves a firm beside its product, and one that it takes in and others may have to give."""

    makes: str = declare(
        "", unit="", role="uncertainty", note="none unless declared", doc="Material that leaves, as a word."
    )
    rate: float = declare(
        0.0,
        unit="t/unit",
        bounds=(0, 1e6),
        role="uncertainty",
        note="none unless declared",
        doc="How much of it a unit of output leaves.",
    )
    disposal_cost: float = declare(
        30.0,
        unit="EUR/t",
        bounds=(-1e4, 1e5),
        role="uncertainty",
        note="landfill of mineral waste costs 10 to 60; negative where a dealer pays for it",
        doc="Cost of getting rid of what nobody takes.",
    )
    takes: str = declare(
        "", unit="", role="uncertainty", note="none unless declared", doc="Material that it can use, as a word."
    )
    need: float = declare(
        0.0,
        unit="t/unit",
        bounds=(0, 1e6),
        role="uncertainty",
        note="none unless declared",
        doc="How much of that a unit of output takes.",
    )
    price: float = declare(
        40.0,
        unit="EUR/t",
        bounds=(0, 1e6),
        role="uncertainty",
        note="gravel, feed or fertiliser that it replaces; 10 to 200",
        doc="Price of the bought material that it stands in for.",
    )
    preparation: float = declare(
        5.0,
        unit="EUR/t",
        bounds=(0, 1e5),
        role="uncertainty",
        note="crushing, drying, testing; 2 to 20",
        doc="What a tonne that is taken over costs its taker before use.",
    )


@dataclass(frozen=True, kw_only=True)
class Generation:
    """A utility's own generator blocks, which run when the day-ahead price pays for their fuel."""

    blocks: int = declare(0, unit="1", bounds=(0, 1000), role="lever", note="none unless declared", doc="How many.")
    capacity: float = declare(
        50.0, unit="MW", bounds=(0.001, 5000), role="uncertainty", note="a mid-size gas engine plant", doc="Of each."
    )
    efficiency: float = declare(
        0.45, unit="1", bounds=(0.05, 0.7), role="uncertainty", note="gas engines .42 to .48", doc="Power over fuel."
    )
    fuel: str = declare(
        "gas",
        unit="",
        choices=("gas", "coal", "lignite", "oil", "biomass", "waste"),
        role="lever",
        note="usual in towns",
        doc="Fuel; its price and the carbon price are the market's.",
    )
    upkeep: float = declare(
        6.0,
        unit="EUR/MWh",
        bounds=(0, 1000),
        role="uncertainty",
        note="3 to 12",
        doc="Variable cost of running beside fuel and carbon.",
    )
    outage_rate: float = declare(
        0.001,
        unit="1/h",
        bounds=(0, 1),
        role="uncertainty",
        note="about nine a year",
        doc="Outages of a block per hour.",
    )
    repair: float = declare(
        30.0, unit="h", bounds=(0.01, 10_000), role="uncertainty", note="1 to 3 days", doc="Mean duration of an outage."
    )
    heat_ratio: float = declare(
        0.0,
        unit="1",
        bounds=(0, 3),
        role="lever",
        note="power only unless declared; 0.9 is plausible for a gas engine",
        doc="Heat that a running block could give, over its power.",
    )
    heat_level: float = declare(
        95.0, unit="degC", bounds=(20, 600), role="uncertainty", note="jacket water", doc="Temperature of that heat."
    )
    recovery_cost: float = declare(
        4.0,
        unit="EUR/MWh",
        bounds=(0, 1000),
        role="uncertainty",
        note="pumps and upkeep; 2 to 8",
        doc="What a MWh of that heat that is used costs the utility.",
    )
