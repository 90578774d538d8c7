"""Declared inputs of a firm's production: how it draws electricity, and how it shifts and stores it."""

import math
from dataclasses import dataclass

from model.parameters import declare


@dataclass(frozen=True, kw_only=True)
class Process:
    """How production draws electricity."""

    kind: str = declare(
        "batch",
        unit="",
        choices=("batch", "shaped", "none"),
        note="electric steel",
        doc="Batch furnace, calibrated load shape, or no electricity at all.",
    )
    heat_energy: float = declare(
        38.0,
        unit="MWh",
        bounds=(0.001, 1000),
        role="uncertainty",
        source="eaf_electricity",
        doc="Electricity of one heat: 90 t at 420 kWh/t (published 400 to 500).",
    )
    heat_output: float = declare(
        90.0, unit="unit", bounds=(0.001, 1e6), note="tonnage of a mid-size furnace", doc="Output of one heat."
    )
    furnace: float = declare(
        48.0,
        unit="MW",
        bounds=(0.001, 10000),
        role="uncertainty",
        note="60 MW site peak less mill and auxiliaries",
        doc="Power while a heat melts.",
    )
    capacity: int = declare(
        19,
        unit="heat/day",
        bounds=(1, 96),
        role="uncertainty",
        note="so that 13.1 heats are the industry's utilisation of about .70 (US Census, NAICS 331: .702)",
        doc="Heats that fit into a day.",
    )
    mill: float = declare(
        8.0,
        unit="MW",
        bounds=(0, 10000),
        role="uncertainty",
        note="rolling mill",
        doc="Power of the rolling mill, around the clock.",
    )
    auxiliary: float = declare(
        4.0,
        unit="MW",
        bounds=(0, 10000),
        role="uncertainty",
        note="dust, water, light",
        doc="Power of auxiliaries, around the clock.",
    )
    energy_variation: float = declare(
        0.05,
        unit="1",
        bounds=(0, 0.5),
        role="uncertainty",
        note="scrap mix; published 400 to 500 kWh/t",
        doc="Standard deviation of a heat's electricity over its mean.",
    )
    regularity: float = declare(
        0.82,
        unit="1",
        bounds=(0, 1),
        role="uncertainty",
        note="no data set contains a plan; at .82 history explains about .4 of the load",
        doc="Share of days whose pause is at the habitual hour.",
    )
    habitual_hour: float = declare(
        14.0,
        unit="h",
        bounds=(0, 23.99),
        note="pause ends before the evening peak price",
        doc="Habitual start of the daily pause, local time.",
    )
    scheduling: str = declare(
        "habit",
        unit="",
        choices=("habit", "before_prices", "after_prices"),
        role="lever",
        note="flexible loads come later",
        doc="Pause by habit, by the firm's own price forecast, or by published prices.",
    )
    restart_cost: float = declare(
        math.inf,
        unit="EUR",
        bounds=(0, math.inf),
        role="uncertainty",
        note="one pause a day unless declared; 1,500 is plausible (500 to 5,000): reheating energy, refractory wear",
        doc="Cost of each cold restart beyond the day's first, when a pause by prices is split; .inf never splits it.",
    )
    delay: float = declare(
        3.0,
        unit="min",
        bounds=(0, 240),
        role="uncertainty",
        note="charging, crane, analysis; with breakdowns the plan explains about .9 of the load",
        doc="Mean delay of a heat against plan (exponential).",
    )
    turnaround: float = declare(
        15.0, unit="min", bounds=(0, 240), note="tapping and charging", doc="Shortest time between two heats."
    )
    breakdown_rate: float = declare(
        0.01,
        unit="1/h",
        bounds=(0, 10),
        role="uncertainty",
        source="assumption",
        note="one in 100 operating hours",
        doc="Breakdowns per operating hour.",
    )
    repair: float = declare(
        2.0, unit="h", bounds=(0, 240), role="uncertainty", note="mean of an exponential time", doc="Mean repair time."
    )
    wear_rate: float = declare(
        0.0,
        unit="1/day",
        bounds=(0, 1),
        role="uncertainty",
        note="breakdowns come out of the blue unless declared; .025 is plausible: sound for weeks (.005 to .1)",
        doc="Probability a day that sound equipment becomes worn.",
    )
    overhaul_rate: float = declare(
        0.067,
        unit="1/day",
        bounds=(0, 1),
        role="uncertainty",
        note="a regular overhaul or a new lining every other week (.03 to .2)",
        doc="Probability a day that worn equipment is overhauled and sound again; planned maintenance does so at once.",
    )
    wear_ratio: float = declare(
        1.0,
        unit="1",
        bounds=(1, 1000),
        role="uncertainty",
        note="no difference unless declared; 6 is plausible (3 to 20)",
        doc="Breakdown rate of worn over sound equipment.",
    )
    repair_cost: float = declare(
        0.0,
        unit="EUR",
        bounds=(0, 1e8),
        role="uncertainty",
        note="only lost production counts unless declared; 15,000 is plausible for a furnace (3,000 to 50,000)",
        doc="Labour and parts of repairing one day's breakdowns.",
    )
    maintenance_cost: float = declare(
        4000.0,
        unit="EUR",
        bounds=(0, 1e8),
        role="uncertainty",
        note="a planned stop costs a fraction of a repair; 1,000 to 10,000",
        doc="Labour and parts of a planned stop that makes worn equipment sound.",
    )
    maintenance_hours: float = declare(
        4.0,
        unit="h",
        bounds=(0, 24),
        role="uncertainty",
        note="half a shift",
        doc="Melting hours that a planned stop takes, first out of the day's pause.",
    )
    maintenance_interval: int = declare(
        0,
        unit="day",
        bounds=(0, 3650),
        role="lever",
        note="no planned stops unless declared; 14 to 30 days are plausible",
        doc="Days after the last planned stop at which the next one is due without any prediction; 0 for never.",
    )
    maintenance_horizon: int = declare(
        7,
        unit="day",
        bounds=(1, 365),
        role="lever",
        note="wear lasts weeks, and the next planned stop is a week away at most",
        doc="Days over which repairs averted are weighed against a planned stop.",
    )
    own_mining: bool = declare(
        False,
        unit="",
        role="uncertainty",
        note="logs are kept but not analysed in most works; a works that mines its own gains nothing by sharing them",
        doc="Whether the works predicts breakdowns from its own log without any contract.",
    )
    load_table: str = declare(
        "metal_processing_2018",
        unit="",
        note="measured shape",
        doc="Calibrated table, or the scenario's own file, of a shaped load.",
    )
    mean_load: float = declare(
        12.5,
        unit="MW",
        bounds=(0, 1e6),
        role="uncertainty",
        note="300 MW over 24 customers",
        doc="Mean of a shaped load.",
    )
    production_share: float = declare(
        0.3,
        unit="1",
        bounds=(0, 1),
        role="uncertainty",
        note="rest is base load",
        doc="Part of a shaped load that follows production.",
    )
    unit_cost: float = declare(
        450.0,
        unit="EUR/unit",
        bounds=(0, 1e9),
        role="uncertainty",
        note="scrap and conversion, energy excluded",
        doc="Cost of production without energy.",
    )
    unit_price: float = declare(
        650.0,
        unit="EUR/unit",
        bounds=(0, 1e9),
        role="uncertainty",
        note="reinforcing steel",
        doc="Price paid by final customers on delivery, by other firms on order.",
    )


@dataclass(frozen=True, kw_only=True)
class Flexibility:
    """Shaped load that may move within the day, towards hours that are expected to be cheap."""

    share: float = declare(
        0.0,
        unit="1",
        bounds=(0, 1),
        role="uncertainty",
        note="nothing moves unless declared",
        doc="Largest part of an hour's load that may move to other hours of the day, its quarter-hours alike.",
    )
    comfort_cost: float = declare(
        20.0,
        unit="EUR/MWh",
        bounds=(0, 1e5),
        role="uncertainty",
        note="overtime, idle staff, quality; no open data; range 5 to 100",
        doc="Real cost of each MWh that is moved.",
    )
    largest_rise: float = declare(
        math.inf,
        unit="MW",
        bounds=(0, math.inf),
        role="uncertainty",
        note="the connection limits it",
        doc="Most by which an hour's load may rise.",
    )
    watch_peak: bool = declare(
        True,
        unit="",
        role="lever",
        note="the charge is known and large",
        doc="Whether the firm weighs every move against the charge on the month's peak.",
    )


@dataclass(frozen=True, kw_only=True)
class Storage:
    """A store of electricity behind a shaped load's meter."""

    capacity: float = declare(
        0.0,
        unit="MWh",
        bounds=(0, 1e6),
        role="lever",
        note="none unless declared",
        doc="Energy that it holds; it is full every morning.",
    )
    power: float = declare(
        math.inf,
        unit="MW",
        bounds=(0, math.inf),
        role="uncertainty",
        note="chosen to suit the capacity",
        doc="Most that it charges in an hour.",
    )
    lending_cost: float = declare(
        25.0,
        unit="EUR/MWh",
        bounds=(0, 1e5),
        role="uncertainty",
        note="wear of a cycle: 250 EUR/kWh over 10,000 cycles; 10 to 50",
        doc="What a MWh of capacity that works for others for a day costs its owner.",
    )
    daily_cost: float = declare(
        60.0,
        unit="EUR/MWh/day",
        bounds=(0, 1e5),
        role="uncertainty",
        note="250 EUR/kWh over 15 years at 4 %",
        doc="Cost of owning one MWh of capacity for a day.",
    )
