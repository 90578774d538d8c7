"""`ModelInputs`: the frozen, fully resolved inputs of one run, and nothing but declared parameters.

A scenario file resolves to one `ModelInputs` per strategy; a validation case builds one directly.
Groups nest as a scenario file does: `inputs.balancing.beta` is `balancing.beta` in YAML, and
`firms.steel.process.furnace` is the parameter `furnace` of the firm named steel.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import Fault, InputError, nearest
from model.parameters import declare, faults_of, parameters_of


@dataclass(frozen=True, kw_only=True)
class Period:
    """When the run takes place."""

    start: str = declare("2025-01-01", unit="", role="constant", note="first year of the calibrated prices",
                         doc="First day after burn-in, as YYYY-MM-DD.")
    days: int = declare(365, unit="day", bounds=(1, 7305), note="one tariff year",
                        doc="Days that count, after burn-in.")
    burn_in: int = declare(140, unit="day", bounds=(0, 1825),
                           note="the utility's learning filter has settled by then",
                           doc="Days simulated before the first day that counts.")
    holidays: str = declare("DE", unit="", choices=("DE", "none"), note="the market zone is Germany",
                            doc="Which public holidays count as Sundays.")


@dataclass(frozen=True, kw_only=True)
class Economy:
    """Conventions of money."""

    capital_charge: float = declare(0.08, unit="1", bounds=(0, 1), role="uncertainty", source="assumption",
                                    note="yearly cost of capital held against loss, usually 6 to 10 %",
                                    doc="Price of risk: charge on CVaR95 minus mean of yearly cost.")
    usd_in_eur: float = declare(0.92, unit="EUR/USD", bounds=(0.3, 3), note="declared rate for USD sources",
                                doc="Exchange rate for figures published in USD.")


@dataclass(frozen=True, kw_only=True)
class Market:
    """The day-ahead market zone."""

    closure: str = declare("exogenous", unit="", choices=("exogenous", "endogenous"),
                           note="two firms do not move the price of a zone",
                           doc="Price taker (calibrated series) or merit-order clearing of the zone's stack.")
    price_table: str = declare("day_ahead_de_lu_2025", unit="", note="the reference year",
                               doc="Calibrated table, or the scenario's own file, of day-ahead prices.")
    stack_table: str = declare("stack_de", unit="", note="the reference zone",
                               doc="Table of generation blocks for the merit order.")
    gas_price: float = declare(35.0, unit="EUR/MWh", bounds=(0, 500), role="uncertainty",
                               note="no open series found; 2025 futures were about 30 to 45", doc="Gas, per MWh of fuel.")
    coal_price: float = declare(13.0, unit="EUR/MWh", bounds=(0, 200), role="uncertainty",
                                note="no open series found; range 10 to 18", doc="Hard coal, per MWh of fuel.")
    lignite_price: float = declare(6.0, unit="EUR/MWh", bounds=(0, 100), role="uncertainty",
                                   note="mining cost, not traded; range 4 to 8", doc="Lignite, per MWh of fuel.")
    oil_price: float = declare(45.0, unit="EUR/MWh", bounds=(0, 500), role="uncertainty",
                               note="no open series found; range 35 to 60", doc="Oil, per MWh of fuel.")
    carbon_price: float = declare(72.0, unit="EUR/t", bounds=(0, 1000), role="lever",
                                  note="no open series found; 2025 allowances were about 60 to 85",
                                  doc="Price on CO2 of generation.")
    price_cap: float = declare(4000.0, unit="EUR/MWh", bounds=(0, 10000), note="harmonised technical limit of the zone",
                               doc="Price when demand exceeds the stack.")
    price_floor: float = declare(0.0, unit="EUR/MWh", bounds=(-500, 500), note="renewables bid zero",
                                 doc="Price when renewables cover all demand.")
    emission_factor: float = declare(0.36, unit="t/MWh", bounds=(0, 2), role="uncertainty",
                                     note="German mix about .33 to .40",
                                     doc="CO2 of electricity when the price is exogenous.")


@dataclass(frozen=True, kw_only=True)
class Balancing:
    """What happens between nomination and delivery, and how imbalance is settled."""

    rule: str = declare("single", unit="", choices=("single", "dual"), role="lever", source="science-2.1",
                        doc="One symmetric imbalance price, or a penalty on either side.")
    beta: float = declare(0.2, unit="EUR/MWh per MW", bounds=(0, 5), role="uncertainty",
                          note="slope of the imbalance price; no open data; range .05 to .5",
                          doc="Rise of the imbalance price above day-ahead per MW of system imbalance.")
    rest_sd: float = declare(450.0, unit="MW", bounds=(0, 10000), role="uncertainty",
                             note="with beta it sets the spread of imbalance over day-ahead prices",
                             doc="Standard deviation of the imbalance of the rest of the system.")
    rest_autocorrelation: float = declare(0.85, unit="1", bounds=(0, 0.999), role="uncertainty",
                                          note="hour to hour; no open data", doc="Autocorrelation of that imbalance.")
    penalty_short: float = declare(20.0, unit="EUR/MWh", bounds=(0, 1000), role="uncertainty",
                                   note="range 10 to 40", doc="Dual rule: penalty per MWh drawn beyond the position.")
    penalty_long: float = declare(20.0, unit="EUR/MWh", bounds=(0, 1000), role="uncertainty",
                                  note="range 10 to 40", doc="Dual rule: penalty per MWh drawn below the position.")
    intraday_share: float = declare(0.8, unit="1", bounds=(0, 1), role="uncertainty",
                                    note="share of a deviation seen in time to trade it",
                                    doc="Share of the deviation from nomination that is closed intraday.")
    intraday_cost: float = declare(3.0, unit="EUR/MWh", bounds=(0, 200), role="uncertainty",
                                   note="half spread, fees and effort", doc="Cost of closing a position intraday.")


@dataclass(frozen=True, kw_only=True)
class Demand:
    """Daily demand for a firm's product: AR(1) with season and a common factor."""

    mean: float = declare(1180.0, unit="unit/day", bounds=(0, 1e9), role="uncertainty",
                          note="13.1 heats of 90 t give 33 MW on average", doc="Mean daily demand.")
    variation: float = declare(0.15, unit="1", bounds=(0, 5), role="uncertainty", note="daily order intake",
                               doc="Stationary standard deviation over mean.")
    autocorrelation: float = declare(0.7, unit="1", bounds=(-0.99, 0.99), role="uncertainty",
                                     note="orders come in waves", doc="Day-to-day autocorrelation.")
    season: float = declare(0.05, unit="1", bounds=(0, 1), role="uncertainty", note="building season",
                            doc="Yearly amplitude over mean, highest at mid-year.")
    common_share: float = declare(0.3, unit="1", bounds=(0, 1), role="uncertainty", note="business cycle",
                                  doc="Share of the variance that all firms have in common.")


@dataclass(frozen=True, kw_only=True)
class Ordering:
    """Order-up-to policy for stock and production."""

    policy: str = declare("exponential", unit="", choices=("moving_average", "exponential", "filtered"),
                          note="common practice", doc="How demand over the lead time is forecast.")
    window: int = declare(14, unit="day", bounds=(1, 365), note="two weeks", doc="Length p of the moving average.")
    smoothing: float = declare(0.1, unit="1", bounds=(0.001, 1), note="about 19 days of memory",
                               doc="Weight of the newest day in exponential smoothing.")
    lead_time: int = declare(2, unit="day", bounds=(1, 60), note="ordered today, made tomorrow, shipped the day after",
                             doc="Days L: ordered at the end of day t, available at the start of day t+L.")
    safety_factor: float = declare(1.28, unit="1", bounds=(0, 10), role="lever", source="science-1.0",
                                   doc="Safety stock over the sd of the lead-time forecast error.")
    holding_cost: float = declare(0.15, unit="EUR/unit/day", bounds=(0, 1e6), role="uncertainty",
                                  note="8 % a year on about 650 EUR/t", doc="Cost of holding stock.")
    backlog_cost: float = declare(1.35, unit="EUR/unit/day", bounds=(0, 1e6), role="uncertainty",
                                  note="nine times holding, service level 90 %", doc="Cost of late delivery.")
    negative_orders: bool = declare(False, unit="", note="a works cannot unmake steel",
                                    doc="Whether orders may be negative (returns), as in textbook results.")
    order_signal: str = declare("orders", unit="", choices=("orders", "end_demand"), role="lever",
                                source="science-1.1",
                                doc="What the forecast reads: own incoming orders, or end customers' shared demand.")
    receiver: str = declare("full_history", unit="", choices=("naive", "last_order", "full_history"),
                            role="uncertainty", source="science-1.1",
                            doc="What a `filtered` supplier infers from incoming orders without sharing.")


@dataclass(frozen=True, kw_only=True)
class Process:
    """How production draws electricity."""

    kind: str = declare("batch", unit="", choices=("batch", "shaped", "none"), note="electric steel",
                        doc="Batch furnace, calibrated load shape, or no electricity at all.")
    heat_energy: float = declare(38.0, unit="MWh", bounds=(0.001, 1000), role="uncertainty",
                                 source="science-reference-case",
                                 doc="Electricity of one heat: 90 t at 420 kWh/t (published 400 to 500).")
    heat_output: float = declare(90.0, unit="unit", bounds=(0.001, 1e6), note="tonnage of a mid-size furnace",
                                 doc="Output of one heat.")
    furnace: float = declare(48.0, unit="MW", bounds=(0.001, 10000), role="uncertainty",
                             note="60 MW site peak less mill and auxiliaries", doc="Power while a heat melts.")
    capacity: int = declare(19, unit="heat/day", bounds=(1, 96), role="uncertainty", source="census-qpc-331",
                            doc="Heats that fit into a day; 13.1 of 19 is the industry's utilisation of .69.")
    mill: float = declare(8.0, unit="MW", bounds=(0, 10000), role="uncertainty", note="rolling mill",
                          doc="Power of the rolling mill, around the clock.")
    auxiliary: float = declare(4.0, unit="MW", bounds=(0, 10000), role="uncertainty", note="dust, water, light",
                               doc="Power of auxiliaries, around the clock.")
    energy_variation: float = declare(0.05, unit="1", bounds=(0, 0.5), role="uncertainty",
                                      note="scrap mix; published 400 to 500 kWh/t",
                                      doc="Standard deviation of a heat's electricity over its mean.")
    regularity: float = declare(0.65, unit="1", bounds=(0, 1), role="uncertainty",
                                note="no data set contains a plan; sets what history alone explains",
                                doc="Share of days whose pause is at the habitual hour.")
    habitual_hour: float = declare(14.0, unit="h", bounds=(0, 23.99), note="pause ends before the evening peak price",
                                   doc="Habitual start of the daily pause, local time.")
    scheduling: str = declare("habit", unit="", choices=("habit", "before_prices", "after_prices"), role="lever",
                              note="flexible loads come later",
                              doc="Pause by habit, by the firm's own price forecast, or by published prices.")
    delay: float = declare(4.0, unit="min", bounds=(0, 240), role="uncertainty", note="charging, crane, analysis",
                           doc="Mean delay of a heat against plan (exponential).")
    turnaround: float = declare(15.0, unit="min", bounds=(0, 240), note="tapping and charging",
                                doc="Shortest time between two heats.")
    breakdown_rate: float = declare(0.015, unit="1/h", bounds=(0, 10), role="uncertainty", source="assumption",
                                    note="about one in 67 operating hours", doc="Breakdowns per operating hour.")
    repair: float = declare(2.0, unit="h", bounds=(0, 240), role="uncertainty", note="mean of an exponential time",
                            doc="Mean repair time.")
    load_table: str = declare("metal_processing_2018", unit="", note="measured shape",
                              doc="Calibrated table, or the scenario's own file, of a shaped load.")
    mean_load: float = declare(12.5, unit="MW", bounds=(0, 1e6), role="uncertainty", note="300 MW over 24 customers",
                               doc="Mean of a shaped load.")
    production_share: float = declare(0.3, unit="1", bounds=(0, 1), role="uncertainty", note="rest is base load",
                                      doc="Part of a shaped load that follows production.")
    unit_cost: float = declare(450.0, unit="EUR/unit", bounds=(0, 1e9), role="uncertainty",
                               note="scrap and conversion, energy excluded", doc="Cost of production without energy.")
    unit_price: float = declare(650.0, unit="EUR/unit", bounds=(0, 1e9), role="uncertainty", note="reinforcing steel",
                                doc="Price paid by customers on delivery.")


@dataclass(frozen=True, kw_only=True)
class Retail:
    """A manufacturer's electricity contract."""

    contract: str = declare("indexed", unit="", choices=("indexed", "tariff"), role="lever",
                            note="large users buy at day-ahead plus margin", doc="Day-ahead indexed, or fixed price.")
    price: float = declare(92.0, unit="EUR/MWh", bounds=(0, 2000), role="lever", note="2025 mean plus margin",
                           doc="Energy price of a fixed tariff.")
    margin: float = declare(3.0, unit="EUR/MWh", bounds=(-100, 500), role="lever", note="supplier's service",
                            doc="Margin on the day-ahead price of an indexed contract.")
    peak_charge: float = declare(10.0, unit="EUR/kW/month", bounds=(0, 200), role="lever",
                                 note="range 6 to 20 across grid areas",
                                 doc="Charge on the month's highest quarter-hour mean load.")


@dataclass(frozen=True, kw_only=True)
class Forecasting:
    """How a utility forecasts its customers and nominates."""

    receiver: str = declare("full_history", unit="", choices=("naive", "last_order", "full_history"),
                            role="uncertainty", source="science-1.1",
                            doc="What the utility learns from meters: the mean, the last day, or everything.")
    meter_delay: int = declare(2, unit="day", bounds=(1, 30), source="design-timetable",
                               doc="Nominating day d at the noon gate before it, meters are known to day d-delay.")
    memory: float = declare(0.995, unit="1", bounds=(0.8, 1), note="about 200 days",
                            doc="Forgetting factor of the recursive least squares.")
    portfolio_error: float = declare(0.034, unit="1", bounds=(0, 0.5), role="uncertainty",
                                     source="forecast-error-statistics",
                                     doc="Relative sd of the day-ahead error for all other customers together.")
    error_table: str = declare("load_error_de_2015_2018", unit="", note="calibrated to published errors",
                               doc="Table of the error's shape over hours and days.")
    gain_band: int = declare(4, unit="h", bounds=(1, 24), note="a delay moves load by few hours",
                             doc="Hours over which a plan's deviation informs other hours.")


@dataclass(frozen=True, kw_only=True)
class ManufacturerInputs:
    """One manufacturer, or `count` independent ones alike."""

    name: str
    count: int = declare(1, unit="firm", bounds=(1, 1_000_000), note="one of each", doc="How many such firms.")
    sector: str = declare("steel", unit="", note="the reference case", doc="Sector, as a word.")
    supplier: str = declare("", unit="", note="materials are never short",
                            doc="Firm that receives this firm's orders; empty for an outside source.")
    utility: str = declare("", unit="", note="none", doc="Utility that supplies electricity; empty for none.")
    metered_alone: bool = declare(False, unit="", note="large customers have a forecast of their own",
                                  doc="Whether the utility forecasts this customer separately.")
    demand: Demand = field(default_factory=Demand)
    ordering: Ordering = field(default_factory=Ordering)
    process: Process = field(default_factory=Process)
    retail: Retail = field(default_factory=Retail)


@dataclass(frozen=True, kw_only=True)
class UtilityInputs:
    """One electricity supplier and balance responsible party."""

    name: str
    sector: str = declare("power", unit="", note="the reference case", doc="Sector, as a word.")
    forecasting: Forecasting = field(default_factory=Forecasting)


@dataclass(frozen=True, kw_only=True)
class DataContract:
    """A contract under which `provider` shares a data asset with `partner`."""

    name: str
    provider: str
    partner: str
    mode: str = declare("vertical", unit="", choices=("vertical",), role="lever", source="mission",
                        doc="Who may contract with whom: a supplier with its customer.")
    variant: str = declare("raw", unit="", choices=("raw",), role="lever", source="mission",
                           doc="How the data are prepared before they leave the provider.")
    asset: str = declare("plan", unit="", choices=("plan",), role="lever", source="mission",
                         doc="What is shared: the production plan as expected load.")
    resolution: int = declare(1, unit="h", bounds=(1, 24), role="lever", note="as planned",
                              doc="Hours per shared value; 24 shares the day's total only. Divides 24.")
    noise_sd: float = declare(0.0, unit="MW", bounds=(0, float("inf")), role="uncertainty", note="raw data",
                              doc="Announced sd of independent noise on each hourly value; .inf shares nothing.")
    fee: float = declare(0.0, unit="EUR/yr", bounds=(0, 1e9), role="lever", note="agreed between the parties",
                         doc="Paid by the partner to the provider.")
    interface_cost: float = declare(60_000.0, unit="EUR/yr", bounds=(0, 1e9), role="uncertainty",
                                    note="half a person and licences", doc="Running the interface, both sides.")
    provider_share: float = declare(0.5, unit="1", bounds=(0, 1), role="lever", note="each runs its own side",
                                    doc="Part of the interface cost that the provider bears.")
    breach_rate: float = declare(0.0976, unit="1/yr", bounds=(0, 100), role="uncertainty", source="iris-2025",
                                 doc="Breaches a year at the holder of one more copy.")
    breach_median: float = declare(20_000.0, unit="EUR", bounds=(0, 1e12), role="uncertainty",
                                   note="severity belongs to the asset: a plan, not the whole firm",
                                   doc="Median loss of the provider when the shared asset leaks.")
    breach_sigma: float = declare(2.0, unit="1", bounds=(0, 5), role="uncertainty", source="romanosky-2016",
                                  doc="Standard deviation of the log loss.")


@dataclass(frozen=True, kw_only=True)
class OwnSeries:
    """A user's own measured series, named by `market.price_table` or `process.load_table`.

    Attributes:
        name: the name that the parameter gives (the file's path).
        first_day: date of the first day, YYYY-MM-DD.
        digest: sha256 of the values; stands for them in comparisons and in the stored inputs.
        values: EUR/MWh, shape (days, 24), for a price; load of any scale, shape (days, 96), for a load.
    """

    name: str
    first_day: str
    digest: str
    values: NDArray[np.float64] = field(compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class ModelInputs:
    """The resolved inputs of one run; seed and replication are arguments of the model."""

    name: str = "case"
    calendar: Period = field(default_factory=Period)
    economy: Economy = field(default_factory=Economy)
    market: Market = field(default_factory=Market)
    balancing: Balancing = field(default_factory=Balancing)
    manufacturers: tuple[ManufacturerInputs, ...] = ()
    utilities: tuple[UtilityInputs, ...] = ()
    contracts: tuple[DataContract, ...] = ()
    own_series: tuple[OwnSeries, ...] = ()

    def __post_init__(self) -> None:
        """Refuse faulty inputs.

        Raises:
            InputError: with every fault found.
        """
        faults = [*_value_faults(self), *_reference_faults(self), *_contract_faults(self)]
        if faults:
            raise InputError(faults)


GROUPS: dict[str, type] = {
    "calendar": Period, "economy": Economy, "market": Market, "balancing": Balancing,
    "demand": Demand, "ordering": Ordering, "process": Process, "retail": Retail, "forecasting": Forecasting,
    "manufacturer": ManufacturerInputs, "utility": UtilityInputs, "data_contract": DataContract,
}
"""Every parameter group by the name of its section."""


def _groups_within(owner: object, where: str) -> Iterator[tuple[str, object]]:
    yield where, owner
    for item in dataclasses.fields(owner):  # type: ignore[arg-type]
        value = getattr(owner, item.name)
        if dataclasses.is_dataclass(value):
            yield from _groups_within(value, f"{where}.{item.name}" if where else item.name)


def _members(inputs: ModelInputs) -> Iterator[tuple[str, object]]:
    """Yield (dotted place, group) for every parameter group of the inputs."""
    for name in ("calendar", "economy", "market", "balancing"):
        yield name, getattr(inputs, name)
    for firm in (*inputs.manufacturers, *inputs.utilities):
        yield from _groups_within(firm, f"firms.{firm.name}")
    for contract in inputs.contracts:
        yield f"contracts.{contract.name}", contract


def _value_faults(inputs: ModelInputs) -> Iterator[Fault]:
    for where, group in _members(inputs):
        yield from faults_of(group, where)
    try:
        dt.date.fromisoformat(inputs.calendar.start)
    except (ValueError, TypeError):
        yield Fault("calendar.start", f"{inputs.calendar.start!r} is not a date", "allowed: YYYY-MM-DD")


def _reference_faults(inputs: ModelInputs) -> Iterator[Fault]:
    """Yield a fault for each name that is taken twice or refers to nobody."""
    makers = [m.name for m in inputs.manufacturers]
    utilities = [u.name for u in inputs.utilities]
    names = makers + utilities
    for name in sorted({n for n in names if names.count(n) > 1}):
        yield Fault(f"firms.{name}", "two firms bear this name")
    for firm in inputs.manufacturers:
        for role, known in (("supplier", makers), ("utility", utilities)):
            target = getattr(firm, role)
            if target and (target not in known or target == firm.name):
                allowed = nearest(target, known) or f"known: {', '.join(known) or 'none'}"
                yield Fault(f"firms.{firm.name}.{role}", f"no such {role}: {target!r}", allowed)
    for firm in inputs.manufacturers:
        if firm.process.kind == "batch" and firm.utility and not firm.metered_alone:
            yield Fault(f"firms.{firm.name}.metered_alone", "a batch process is forecast on its own",
                        "set metered_alone to true")
    yield from _loop_faults({m.name: m.supplier for m in inputs.manufacturers})


def _loop_faults(suppliers: Mapping[str, str]) -> Iterator[Fault]:
    for name in suppliers:
        seen, here = {name}, suppliers[name]
        while here in suppliers and here not in seen:
            seen.add(here)
            here = suppliers[here]
        if here == name:
            yield Fault(f"firms.{name}.supplier", "the chain of suppliers runs in a circle")


def _contract_faults(inputs: ModelInputs) -> Iterator[Fault]:
    makers = {m.name: m for m in inputs.manufacturers}
    utilities = [u.name for u in inputs.utilities]
    seen: set[tuple[str, str, str]] = set()
    for contract in inputs.contracts:
        where = f"contracts.{contract.name}"
        if contract.provider not in makers:
            yield Fault(f"{where}.provider", f"no such manufacturer: {contract.provider!r}",
                        nearest(contract.provider, list(makers)) or f"known: {', '.join(makers) or 'none'}")
            continue
        if contract.partner not in utilities:
            yield Fault(f"{where}.partner", f"no such utility: {contract.partner!r}",
                        nearest(contract.partner, utilities) or f"known: {', '.join(utilities) or 'none'}")
            continue
        yield from _plan_faults(where, contract, makers[contract.provider])
        key = (contract.provider, contract.partner, contract.asset)
        if key in seen:
            yield Fault(where, "the same asset is shared twice with the same partner")
        seen.add(key)


def _plan_faults(where: str, contract: DataContract, provider: ManufacturerInputs) -> Iterator[Fault]:
    if provider.utility != contract.partner:
        yield Fault(f"{where}.mode", f"{contract.partner} does not supply {contract.provider}",
                    "vertical: a supplier and its customer")
    if not provider.metered_alone or provider.process.kind != "batch" or provider.count != 1:
        yield Fault(f"{where}.asset", f"{contract.provider} has no production plan of its own to share",
                    "needs process.kind batch, metered_alone true and count 1")
    if isinstance(contract.resolution, int) and contract.resolution > 0 and 24 % contract.resolution:
        yield Fault(f"{where}.resolution", f"{contract.resolution} h does not divide the day",
                    "allowed: 1, 2, 3, 4, 6, 8, 12, 24")


def replace_inputs(inputs: ModelInputs, changes: Mapping[str, Any]) -> ModelInputs:
    """Return `inputs` with dotted keys replaced, for example {"balancing.beta": 0.3}.

    Args:
        inputs: the inputs to start from; not modified.
        changes: dotted key -> value; firms and contracts are addressed as `firms.NAME.group.parameter`
            and `contracts.NAME.parameter`.

    Raises:
        InputError: for unknown keys or values that are not allowed, all at once.
    """
    faults: list[Fault] = []
    for key, value in changes.items():
        try:
            inputs = _replaced(inputs, key.split("."), value, key)
        except InputError as error:
            faults.extend(error.faults)
    if faults:
        raise InputError(faults)
    return inputs


def _replaced(owner: Any, path: list[str], value: Any, key: str) -> Any:
    head, *rest = path
    if isinstance(owner, ModelInputs) and head in ("firms", "contracts") and rest:
        return _replaced_member(owner, head, rest, value, key)
    names = [f.name for f in dataclasses.fields(owner)]
    if head not in names or (not rest and head not in parameters_of(type(owner))):
        raise InputError([Fault(key, f"{head!r} is not a parameter", nearest(head, names))])
    return dataclasses.replace(owner, **{head: _replaced(getattr(owner, head), rest, value, key) if rest else value})


def _replaced_member(inputs: ModelInputs, section: str, rest: list[str], value: Any, key: str) -> ModelInputs:
    """Replace a parameter of one firm or contract, addressed by its name."""
    fields = ("manufacturers", "utilities") if section == "firms" else ("contracts",)
    for attribute in fields:
        members = getattr(inputs, attribute)
        for i, member in enumerate(members):
            if member.name == rest[0] and len(rest) > 1:
                changed = _replaced(member, rest[1:], value, key)
                return dataclasses.replace(inputs, **{attribute: (*members[:i], changed, *members[i + 1 :])})
    known = [m.name for attribute in fields for m in getattr(inputs, attribute)]
    raise InputError([Fault(key, f"no such member of {section}: {rest[0]!r}", nearest(rest[0], known))])


def as_tree(inputs: ModelInputs) -> dict[str, Any]:
    """Return the inputs as plain nested dicts and lists, ready for JSON, in declaration order."""
    slim = dataclasses.replace(inputs, own_series=())
    series = [{"name": s.name, "first_day": s.first_day, "digest": s.digest} for s in inputs.own_series]
    return {**dataclasses.asdict(slim), "own_series": series}
