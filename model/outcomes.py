"""Every output of a run, declared once: name, unit, direction, stakeholder, description.

Tables, figures, comparison and report read these declarations. A cost is *real* when it uses up
a resource and a *transfer* when it only moves money; transfers sum to zero over all parties.
"""

from dataclasses import dataclass
from typing import Literal

type Direction = Literal["lower", "higher", "none"]
type Family = Literal["cost", "transfer", "efficiency", "risk", "diagnostic", "control"]


@dataclass(frozen=True)
class Outcome:
    """The declaration of one output.

    Attributes:
        name: identifier in tables.
        title: label for people, without unit.
        unit: unit of the yearly figure; "1" for dimensionless.
        direction: which way is better; "none" where neither is.
        family: cost, transfer, efficiency, risk, diagnostic, or control (a control variate of known mean).
        description: one sentence.
        per_party: whether there is one value per party instead of one for the whole economy.
        component_of: name of the total that this outcome is an additive part of, or "".
        mean: known expected value (control variates only).
    """

    name: str
    title: str
    unit: str
    direction: Direction
    family: Family
    description: str
    per_party: bool = False
    component_of: str = ""
    mean: float | None = None


_TOTAL = "real_cost"
_PARTY = "party_cost"

OUTCOMES: tuple[Outcome, ...] = (
    Outcome(
        _TOTAL,
        "Total real cost",
        "EUR/yr",
        "lower",
        "cost",
        "Resources used up by all parties in a year; transfers between parties excluded.",
    ),
    Outcome(
        "cost_production",
        "Production",
        "EUR/yr",
        "lower",
        "cost",
        "Materials, labour and wear of production, energy excluded.",
        component_of=_TOTAL,
    ),
    Outcome(
        "cost_energy",
        "Electricity generation",
        "EUR/yr",
        "lower",
        "cost",
        "Electricity drawn, at its day-ahead value (price taker) or at the stack's generation cost (market zone).",
        component_of=_TOTAL,
    ),
    Outcome(
        "cost_intraday",
        "Intraday trading",
        "EUR/yr",
        "lower",
        "cost",
        "Real part of the cost of closing positions after the day-ahead gate.",
        component_of=_TOTAL,
    ),
    Outcome(
        "cost_imbalance",
        "Balancing energy",
        "EUR/yr",
        "lower",
        "cost",
        "What the agents' imbalance adds to the real cost beta*S^2/2 of balancing the system.",
        component_of=_TOTAL,
    ),
    Outcome(
        "cost_stock",
        "Stock and backlog",
        "EUR/yr",
        "lower",
        "cost",
        "Holding stock and keeping customers waiting.",
        component_of=_TOTAL,
    ),
    Outcome(
        "cost_restart",
        "Cold restarts",
        "EUR/yr",
        "lower",
        "cost",
        "Reheating and wear of furnaces whose pause was split to shift load.",
        component_of=_TOTAL,
    ),
    Outcome(
        "cost_comfort",
        "Discomfort of shifted load",
        "EUR/yr",
        "lower",
        "cost",
        "Overtime, idle staff and quality where flexible load moves within the day.",
        component_of=_TOTAL,
    ),
    Outcome(
        "cost_storage",
        "Electricity stores",
        "EUR/yr",
        "lower",
        "cost",
        "Owning stores of electricity behind meters.",
        component_of=_TOTAL,
    ),
    Outcome(
        "cost_maintenance",
        "Repair and maintenance",
        "EUR/yr",
        "lower",
        "cost",
        "Repairing breakdowns, and planned stops that forestall them.",
        component_of=_TOTAL,
    ),
    Outcome(
        "cost_interface",
        "Interfaces",
        "EUR/yr",
        "lower",
        "cost",
        "Labour and licences for exchanging data.",
        component_of=_TOTAL,
    ),
    Outcome(
        "cost_platform",
        "Data platforms",
        "EUR/yr",
        "lower",
        "cost",
        "Running the hubs over which contracts run.",
        component_of=_TOTAL,
    ),
    Outcome(
        "cost_security",
        "Security of shared data",
        "EUR/yr",
        "lower",
        "cost",
        "What holders of copies spend on them beyond what they do anyway.",
        component_of=_TOTAL,
    ),
    Outcome(
        "cost_breach",
        "Expected breach loss",
        "EUR/yr",
        "lower",
        "cost",
        "Expected loss through the copies of data held at partners (marginal hazard only).",
        component_of=_TOTAL,
    ),
    Outcome(
        _PARTY,
        "Net cost of the party",
        "EUR/yr",
        "lower",
        "cost",
        "What a party pays less what it receives, own real cost included.",
        per_party=True,
    ),
    Outcome(
        "energy_bill",
        "Energy bill",
        "EUR/yr",
        "lower",
        "transfer",
        "Retail electricity bill: energy and monthly peak components.",
        per_party=True,
    ),
    Outcome(
        "peak_charge",
        "Peak charge",
        "EUR/yr",
        "lower",
        "transfer",
        "Monthly quarter-hour peak component of the bill.",
        per_party=True,
    ),
    Outcome(
        "imbalance_payment",
        "Imbalance settlement",
        "EUR/yr",
        "lower",
        "transfer",
        "Paid for imbalance beyond the day-ahead value of its energy.",
        per_party=True,
    ),
    Outcome(
        "sharing_fee",
        "Fees for shared data",
        "EUR/yr",
        "none",
        "transfer",
        "Paid (positive) or received (negative) under data contracts.",
        per_party=True,
    ),
    Outcome(
        "fines",
        "Privacy fines",
        "EUR/yr",
        "lower",
        "transfer",
        "Expected fines on a holder of data that leak.",
        per_party=True,
    ),
    Outcome(
        "platform_payment",
        "Payments to platforms",
        "EUR/yr",
        "none",
        "transfer",
        "Members' fees less what a cooperative platform pays back; negative for the platform that receives them.",
        per_party=True,
    ),
    Outcome(
        "portfolio_forecast_rmse",
        "Error of the portfolio forecast",
        "MW",
        "lower",
        "efficiency",
        "Root mean square error of the utility's day-ahead forecast of all its customers together.",
        per_party=True,
    ),
    Outcome(
        "load_forecast_rmse",
        "Error of the load forecast",
        "MW",
        "lower",
        "efficiency",
        "Root mean square error of the utility's day-ahead forecast of the customer's hourly load.",
        per_party=True,
    ),
    Outcome(
        "load_forecast_wmape",
        "Load forecast wMAPE",
        "1",
        "lower",
        "efficiency",
        "Sum of absolute hourly errors over the sum of loads.",
        per_party=True,
    ),
    Outcome(
        "load_r2_history",
        "Load explained by history",
        "1",
        "none",
        "diagnostic",
        "R2 of the forecast that uses meter history only.",
        per_party=True,
    ),
    Outcome(
        "load_r2_plan",
        "Load explained by the plan",
        "1",
        "none",
        "diagnostic",
        "R2 of the plan itself as a forecast of the hourly load.",
        per_party=True,
    ),
    Outcome(
        "utilisation", "Capacity utilisation", "1", "higher", "efficiency", "Output over capacity.", per_party=True
    ),
    Outcome(
        "unit_cost",
        "Cost per unit of output",
        "EUR/unit",
        "lower",
        "efficiency",
        "What a manufacturer pays for all but what it sells, net of fees for its data, per unit produced.",
        per_party=True,
    ),
    Outcome(
        "energy_intensity",
        "Electricity per unit",
        "MWh/unit",
        "lower",
        "efficiency",
        "Electricity drawn per unit produced.",
        per_party=True,
    ),
    Outcome(
        "emissions",
        "Emissions of electricity",
        "t/yr",
        "lower",
        "efficiency",
        "CO2 of the electricity drawn: at the declared average factor, or in a market zone what the stack emits more.",
        per_party=True,
    ),
    Outcome(
        "fill_rate",
        "Fill rate",
        "1",
        "higher",
        "efficiency",
        "Share of demand served on the day it arises.",
        per_party=True,
    ),
    Outcome(
        "bullwhip",
        "Bullwhip ratio",
        "1",
        "lower",
        "efficiency",
        "Variance of orders over variance of demand.",
        per_party=True,
    ),
    Outcome("electricity", "Electricity drawn", "MWh/yr", "none", "diagnostic", "Energy metered.", per_party=True),
    Outcome(
        "peak_load",
        "Highest quarter-hour",
        "MW",
        "lower",
        "efficiency",
        "Highest quarter-hour mean load of the year; of a group, its largest member's.",
        per_party=True,
    ),
    Outcome("output", "Output", "unit/yr", "higher", "diagnostic", "Units produced.", per_party=True),
    Outcome(
        "imbalance_energy",
        "Imbalance energy",
        "MWh/yr",
        "lower",
        "efficiency",
        "Sum of absolute hourly imbalance after intraday trading.",
        per_party=True,
    ),
    Outcome(
        "exposed_copies",
        "Copies of data at partners",
        "1",
        "lower",
        "risk",
        "Copies of a firm's data assets held by others.",
        per_party=True,
    ),
    Outcome(
        "exposed_records",
        "Records expected to leak",
        "1/yr",
        "lower",
        "risk",
        "Values held by others times the hazard of their holder; a holder keeps a year.",
        per_party=True,
    ),
    Outcome(
        "breach_probability",
        "Probability of a leak in a year",
        "1",
        "lower",
        "risk",
        "That any holder of a copy is breached: 1 - exp(-sum of hazards).",
        per_party=True,
    ),
    Outcome(
        "breach_loss_p95",
        "Breach loss of one year in twenty",
        "EUR/yr",
        "lower",
        "risk",
        "95 % quantile of the nested years' breach losses.",
        per_party=True,
    ),
    Outcome(
        "breach_loss_cvar95",
        "Mean breach loss of the worst 5 % of years",
        "EUR/yr",
        "lower",
        "risk",
        "CVaR95 of the nested years' breach losses.",
        per_party=True,
    ),
    Outcome(
        "system_loss_cvar95",
        "Breach loss of all owners in the worst 5 % of years",
        "EUR/yr",
        "lower",
        "risk",
        "CVaR95 of the sum over all owners: common holders make it larger than independent ones.",
    ),
    Outcome(
        "revealed_share",
        "Share of the plan that is revealed",
        "1",
        "lower",
        "risk",
        "Of what its meter leaves open: squared correlation of the plan's and the record's news; 1 is the plan itself.",
        per_party=True,
    ),
    Outcome(
        "epsilon_year",
        "Privacy loss of a year",
        "1",
        "lower",
        "risk",
        "Epsilon that the contract's protected unit loses in a year, by zCDP at the contract's delta.",
        per_party=True,
    ),
    Outcome(
        "data_volume",
        "Volume of shared data",
        "MB/yr",
        "none",
        "diagnostic",
        "Values at 16 bytes each, and text as it is written.",
        per_party=True,
    ),
    Outcome(
        "data_age",
        "Age of shared data",
        "h",
        "lower",
        "diagnostic",
        "Mean time from the newest fact in a record to the middle of the day it is used for.",
        per_party=True,
    ),
    Outcome(
        "records_usable",
        "Records that arrive in time",
        "1",
        "higher",
        "diagnostic",
        "Share of days on which the record reached its partner before the gate.",
        per_party=True,
    ),
    *(
        Outcome(
            f"record_noise_{stage}",
            f"Error of the record, {words}",
            "MW",
            "lower",
            "diagnostic",
            f"Root mean square error against the clean record, a missing hour read as 0 MW, {words}.",
            per_party=True,
        )
        for stage, words in (
            ("soiled", "as it comes in"),
            ("cleaned", "after cleaning"),
            ("integrated", "after integration"),
            ("transformed", "after transformation"),
        )
    ),
    Outcome(
        "breakdown_days",
        "Days with a breakdown",
        "1/yr",
        "lower",
        "efficiency",
        "Days on which a works' furnace broke down.",
        per_party=True,
    ),
    Outcome(
        "maintenance_days",
        "Days with planned maintenance",
        "1/yr",
        "none",
        "diagnostic",
        "Days on which a predicted breakdown was forestalled by a planned stop.",
        per_party=True,
    ),
    Outcome(
        "mining_skill",
        "Skill of the breakdown forecast",
        "1",
        "higher",
        "efficiency",
        "1 less log score over that of the base rate; 0 or below tells nothing.",
        per_party=True,
    ),
    Outcome(
        "imbalance_covariance",
        "Chance alignment with the system",
        "EUR/yr",
        "none",
        "control",
        "beta times the sum of own imbalance and the rest of the system's: zero on average, used as control variate.",
        mean=0.0,
    ),
)

OUTCOME: dict[str, Outcome] = {outcome.name: outcome for outcome in OUTCOMES}
"""Declarations by name."""

COST_COMPONENTS: tuple[str, ...] = tuple(o.name for o in OUTCOMES if o.component_of == _TOTAL)
"""The additive parts of the total real cost."""
