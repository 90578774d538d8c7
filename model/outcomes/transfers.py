"""Transfers: payments between parties, which cancel over all of them."""

from model.outcomes.declaration import Outcome

TRANSFERS: tuple[Outcome, ...] = (
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
)
"""Payments of each party."""
