"""Declared inputs of firms: what a manufacturer sells, stocks and pays for electricity; how a utility forecasts."""

from dataclasses import dataclass, field

from model.endowments import ByProduct, Equipment, Generation, Heat, Labour, Site, Station
from model.know_how import Technology
from model.parameters import declare
from model.processes import Flexibility, Process, Storage
from model.records import Logs, Records


@dataclass(frozen=True, kw_only=True)
class Demand:
    """Daily demand for a firm's product: AR(1) with season and a common factor."""

    mean: float = declare(
        1180.0,
        unit="unit/day",
        bounds=(0, 1e9),
        role="uncertainty",
        note="13.1 heats of 90 t give 33 MW on average",
        doc="Mean daily demand.",
    )
    variation: float = declare(
        0.15,
        unit="1",
        bounds=(0, 5),
        role="uncertainty",
        note="daily order intake",
        doc="Stationary standard deviation over mean.",
    )
    autocorrelation: float = declare(
        0.7,
        unit="1",
        bounds=(-0.99, 0.99),
        role="uncertainty",
        note="orders come in waves",
        doc="Day-to-day autocorrelation.",
    )
    season: float = declare(
        0.05,
        unit="1",
        bounds=(0, 1),
        role="uncertainty",
        note="building season",
        doc="Yearly amplitude over mean, highest at mid-year.",
    )
    common_share: float = declare(
        0.3,
        unit="1",
        bounds=(0, 1),
        role="uncertainty",
        note="business cycle",
        doc="Share of the variance that all firms have in common.",
    )


@dataclass(frozen=True, kw_only=True)
class Ordering:
    """Order-up-to policy for stock and production."""

    policy: str = declare(
        "exponential",
        unit="",
        choices=("moving_average", "exponential", "filtered"),
        note="common practice",
        doc="How demand over the lead time is forecast.",
    )
    window: int = declare(14, unit="day", bounds=(1, 365), note="two weeks", doc="Length p of the moving average.")
    smoothing: float = declare(
        0.1,
        unit="1",
        bounds=(0.001, 1),
        note="about 19 days of memory",
        doc="Weight of the newest day in exponential smoothing.",
    )
    lead_time: int = declare(
        3,
        unit="day",
        bounds=(1, 60),
        note="ordered tonight, planned at tomorrow's gate, made the day after, shipped the next",
        doc="Days L: ordered at the end of day t, available at the start of day t+L.",
    )
    safety_factor: float = declare(
        1.28,
        unit="1",
        bounds=(0, 10),
        role="lever",
        source="zipkin_2000",
        doc="Safety stock over the sd of the lead-time forecast error.",
    )
    holding_cost: float = declare(
        0.15,
        unit="EUR/unit/day",
        bounds=(0, 1e6),
        role="uncertainty",
        note="8 % a year on about 650 EUR/t",
        doc="Cost of holding stock.",
    )
    backlog_cost: float = declare(
        1.35,
        unit="EUR/unit/day",
        bounds=(0, 1e6),
        role="uncertainty",
        note="nine times holding, service level 90 %",
        doc="Cost of late delivery.",
    )
    overtime: str = declare(
        "promised",
        unit="",
        choices=("promised", "worthwhile"),
        role="uncertainty",
        note="a firm that has promised a date works for it; what a missed one costs is seldom in the cost of backlog",
        doc="Overtime whenever a unit would be late, or only where it costs less than a day of that unit's backlog.",
    )
    negative_orders: bool = declare(
        False,
        unit="",
        note="a works cannot unmake steel",
        doc="Whether orders may be negative (returns), as in textbook results.",
    )
    order_signal: str = declare(
        "orders",
        unit="",
        choices=("orders", "end_demand"),
        role="lever",
        source="raghunathan_2001",
        doc="What the forecast reads: own incoming orders, or end customers' shared demand.",
    )
    receiver: str = declare(
        "full_history",
        unit="",
        choices=("naive", "last_order", "full_history"),
        role="uncertainty",
        source="raghunathan_2001",
        doc="What a `filtered` supplier infers from incoming orders without sharing.",
    )


@dataclass(frozen=True, kw_only=True)
class Retail:
    """A manufacturer's electricity contract."""

    contract: str = declare(
        "indexed",
        unit="",
        choices=("indexed", "tariff"),
        role="lever",
        note="large users buy at day-ahead plus margin",
        doc="Day-ahead indexed, or fixed price.",
    )
    price: float = declare(
        92.0,
        unit="EUR/MWh",
        bounds=(0, 2000),
        role="lever",
        note="2025 mean plus margin",
        doc="Energy price of a fixed tariff.",
    )
    margin: float = declare(
        3.0,
        unit="EUR/MWh",
        bounds=(-100, 500),
        role="lever",
        note="supplier's service",
        doc="Margin on the day-ahead price of an indexed contract.",
    )
    peak_charge: float = declare(
        10.0,
        unit="EUR/kW/month",
        bounds=(0, 200),
        role="lever",
        note="range 6 to 20 across grid areas",
        doc="Charge on the month's highest quarter-hour mean load.",
    )


@dataclass(frozen=True, kw_only=True)
class Forecasting:
    """How a utility forecasts its customers and nominates."""

    receiver: str = declare(
        "full_history",
        unit="",
        choices=("naive", "last_order", "full_history"),
        role="uncertainty",
        source="raghunathan_2001",
        doc="What the utility learns from meters: the mean, the last day, or everything.",
    )
    meter_delay: int = declare(
        2,
        unit="day",
        bounds=(2, 30),
        source="day_ahead_timetable",
        doc="Nominating day d at the noon gate before it, meters are known to day d-delay.",
    )
    memory: float = declare(
        0.995, unit="1", bounds=(0.8, 1), note="about 200 days", doc="Forgetting factor of the recursive least squares."
    )
    portfolio_error: float = declare(
        0.034,
        unit="1",
        bounds=(0, 0.5),
        role="uncertainty",
        note="2 to 5 %; the published national error is .036, a portfolio of 300 MW may do worse",
        doc="Relative sd of the published day-ahead error for all other customers together.",
    )
    error_table: str = declare(
        "load_error_de_2015_2018",
        unit="",
        note="calibrated to published errors",
        doc="Table of the error's shape over hours and days.",
    )
    gain_band: int = declare(
        4,
        unit="h",
        bounds=(1, 24),
        note="a delay moves load by few hours",
        doc="Hours over which a plan's deviation informs other hours.",
    )
    price_error: float = declare(
        10.0,
        unit="EUR/MWh",
        bounds=(0, 1000),
        role="uncertainty",
        note="about a tenth of 2025's prices; published day-ahead forecasts err by 5 to 20",
        doc="Sd of the error of the utility's own forecast of tomorrow's hourly prices, before the gate.",
    )


@dataclass(frozen=True, kw_only=True)
class ManufacturerInputs:
    """One firm that makes something, or `count` independent ones alike.

    Attributes:
        name: of the firm or group; `type`: which kind of agent it is, one of `MAKER_TYPES`.
        data: data assets that it has and could share; empty: all that its process yields.
    """

    name: str
    type: str = "manufacturer"
    count: int = declare(1, unit="firm", bounds=(1, 1_000_000), note="one of each", doc="How many such firms.")
    sector: str = declare("steel", unit="", note="the reference case", doc="Sector, as a word.")
    supplier: str = declare(
        "",
        unit="",
        note="materials are never short",
        doc="Firm that receives this firm's orders; empty for an outside source.",
    )
    utility: str = declare("", unit="", note="none", doc="Utility that supplies electricity; empty for none.")
    metered_alone: bool = declare(
        False,
        unit="",
        note="large customers have a forecast of their own",
        doc="Whether the utility forecasts this customer separately.",
    )
    behaviour: str = declare(
        "",
        unit="",
        role="lever",
        note="the declared policies decide",
        doc="Behaviour of an extension that takes decisions in place of the declared policies; empty for none.",
    )
    demand: Demand = field(default_factory=Demand)
    ordering: Ordering = field(default_factory=Ordering)
    process: Process = field(default_factory=Process)
    flexibility: Flexibility = field(default_factory=Flexibility)
    storage: Storage = field(default_factory=Storage)
    retail: Retail = field(default_factory=Retail)
    records: Records = field(default_factory=Records)
    logs: Logs = field(default_factory=Logs)
    site: Site = field(default_factory=Site)
    equipment: Equipment = field(default_factory=Equipment)
    labour: Labour = field(default_factory=Labour)
    station: Station = field(default_factory=Station)
    heat: Heat = field(default_factory=Heat)
    by_product: ByProduct = field(default_factory=ByProduct)
    technology: Technology = field(default_factory=Technology)
    data: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class UtilityInputs:
    """One electricity supplier and balance responsible party.

    Attributes:
        name: of the utility; `data`: data assets that it has and could share; empty: all.
        heat: of the town that it heats (`space`, `season`, `level`) and of the boilers that do (`efficiency`); its
            engines' own heat serves the town first, as far as it is hot enough.
        technology: what it knows, which firms that make something can learn; its own costs do not depend on it.
    """

    name: str
    sector: str = declare("power", unit="", note="the reference case", doc="Sector, as a word.")
    forecasting: Forecasting = field(default_factory=Forecasting)
    site: Site = field(default_factory=Site)
    generation: Generation = field(default_factory=Generation)
    heat: Heat = field(default_factory=Heat)
    technology: Technology = field(default_factory=Technology)
    data: tuple[str, ...] = ()


MAKER_TYPES = ("manufacturer", "healthcare", "farm")
"""Kinds of agents that make something: goods, treatments, crops."""
