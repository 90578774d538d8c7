"""Declared inputs of the world around the firms: period, money, day-ahead market, balancing."""

from dataclasses import dataclass

from model.parameters import declare


@dataclass(frozen=True, kw_only=True)
class Period:
    """When the run takes place."""

    start: str = declare(
        "2025-01-01",
        unit="",
        role="constant",
        note="first year of the calibrated prices",
        doc="First day after burn-in, as YYYY-MM-DD.",
    )
    days: int = declare(
        365, unit="day", bounds=(1, 7305), note="one tariff year", doc="Days that count, after burn-in."
    )
    burn_in: int = declare(
        140,
        unit="day",
        bounds=(0, 1825),
        note="the utility's learning filter has settled by then",
        doc="Days simulated before the first day that counts.",
    )
    holidays: str = declare(
        "DE",
        unit="",
        choices=("DE", "none"),
        note="the market zone is Germany",
        doc="Which public holidays count as Sundays.",
    )


@dataclass(frozen=True, kw_only=True)
class Economy:
    """Conventions of money."""

    capital_charge: float = declare(
        0.08,
        unit="1",
        bounds=(0, 1),
        role="uncertainty",
        source="assumption",
        note="yearly cost of capital held against loss, usually 6 to 10 %",
        doc="Price of risk: charge on CVaR95 minus mean of yearly cost; shown beside the cost, never added to it.",
    )


@dataclass(frozen=True, kw_only=True)
class Market:
    """The day-ahead market zone."""

    closure: str = declare(
        "exogenous",
        unit="",
        choices=("exogenous", "endogenous"),
        note="two firms do not move the price of a zone",
        doc="Price taker (calibrated series) or merit-order clearing of the zone's stack.",
    )
    price_table: str = declare(
        "day_ahead_de_lu_2025",
        unit="",
        note="the reference year",
        doc="Calibrated table, or the scenario's own file, of day-ahead prices.",
    )
    stack_table: str = declare(
        "stack_de", unit="", note="the reference zone", doc="Table of generation blocks for the merit order."
    )
    gas_price: float = declare(
        35.0,
        unit="EUR/MWh",
        bounds=(0, 500),
        role="uncertainty",
        note="no open series found; 2025 futures were about 30 to 45",
        doc="Gas, per MWh of fuel.",
    )
    coal_price: float = declare(
        13.0,
        unit="EUR/MWh",
        bounds=(0, 200),
        role="uncertainty",
        note="no open series found; range 10 to 18",
        doc="Hard coal, per MWh of fuel.",
    )
    lignite_price: float = declare(
        6.0,
        unit="EUR/MWh",
        bounds=(0, 100),
        role="uncertainty",
        note="mining cost, not traded; range 4 to 8",
        doc="Lignite, per MWh of fuel.",
    )
    oil_price: float = declare(
        45.0,
        unit="EUR/MWh",
        bounds=(0, 500),
        role="uncertainty",
        note="no open series found; range 35 to 60",
        doc="Oil, per MWh of fuel.",
    )
    biomass_price: float = declare(
        25.0,
        unit="EUR/MWh",
        bounds=(0, 200),
        role="uncertainty",
        note="no open series found; subsidised in reality",
        doc="Biomass, per MWh of fuel.",
    )
    waste_price: float = declare(
        0.0,
        unit="EUR/MWh",
        bounds=(-100, 100),
        role="uncertainty",
        note="waste is burnt anyway",
        doc="Waste, per MWh of fuel.",
    )
    carbon_price: float = declare(
        72.0,
        unit="EUR/t",
        bounds=(0, 1000),
        role="lever",
        note="no open series found; 2025 allowances were about 60 to 85",
        doc="Price on CO2 of generation.",
    )
    price_cap: float = declare(
        4000.0,
        unit="EUR/MWh",
        bounds=(0, 10000),
        note="harmonised technical limit of the zone",
        doc="Price when demand exceeds the stack.",
    )
    price_floor: float = declare(
        0.0,
        unit="EUR/MWh",
        bounds=(-500, 500),
        note="renewables bid zero",
        doc="Price when renewables cover all demand.",
    )
    emission_factor: float = declare(
        0.36,
        unit="t/MWh",
        bounds=(0, 2),
        role="uncertainty",
        note="German mix about .33 to .40",
        doc="CO2 of electricity when the price is exogenous.",
    )


@dataclass(frozen=True, kw_only=True)
class Balancing:
    """What happens between nomination and delivery, and how imbalance is settled."""

    rule: str = declare(
        "single",
        unit="",
        choices=("single", "dual"),
        role="lever",
        source="german_balancing_rules",
        doc="One symmetric imbalance price, or a penalty on either side.",
    )
    beta: float = declare(
        0.2,
        unit="EUR/MWh per MW",
        bounds=(0, 5),
        role="uncertainty",
        note="slope of the imbalance price; no open data; range .05 to .5",
        doc="Rise of the imbalance price above day-ahead per MW of system imbalance.",
    )
    rest_sd: float = declare(
        450.0,
        unit="MW",
        bounds=(0, 10000),
        role="uncertainty",
        note="with beta it sets the spread of imbalance over day-ahead prices",
        doc="Standard deviation of the imbalance of the rest of the system.",
    )
    rest_autocorrelation: float = declare(
        0.85,
        unit="1",
        bounds=(0, 0.999),
        role="uncertainty",
        note="hour to hour; no open data",
        doc="Autocorrelation of that imbalance.",
    )
    penalty_short: float = declare(
        20.0,
        unit="EUR/MWh",
        bounds=(0, 1000),
        role="uncertainty",
        note="range 10 to 40",
        doc="Dual rule: penalty per MWh drawn beyond the position.",
    )
    penalty_long: float = declare(
        20.0,
        unit="EUR/MWh",
        bounds=(0, 1000),
        role="uncertainty",
        note="range 10 to 40",
        doc="Dual rule: penalty per MWh drawn below the position.",
    )
    intraday_share: float = declare(
        0.8,
        unit="1",
        bounds=(0, 1),
        role="uncertainty",
        note="share of a deviation seen in time to trade it",
        doc="Share of the deviation from nomination that is closed intraday.",
    )
    intraday_real_share: float = declare(
        1.0,
        unit="1",
        bounds=(0, 1),
        role="uncertainty",
        note="re-dispatch and effort use up resources, a spread beyond them only moves money; no data; range 0 to 1",
        doc="Part of the intraday cost that is real; the rest is a transfer to the market.",
    )
    intraday_cost: float = declare(
        3.0,
        unit="EUR/MWh",
        bounds=(0, 200),
        role="uncertainty",
        note="re-dispatch, effort, fees and half the spread; range 1 to 6",
        doc="Cost of closing a position intraday.",
    )


@dataclass(frozen=True, kw_only=True)
class Incidents:
    """How the tail of breach losses is sampled; means book the expected loss."""

    loss_years: int = declare(
        10_000,
        unit="yr",
        bounds=(0, 10_000_000),
        role="constant",
        note="enough that the worst 5 % of years are 500 in each replication",
        doc="Nested years of breaches for each replication; 0 samples none.",
    )
