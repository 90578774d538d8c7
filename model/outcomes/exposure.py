"""Risk: what shared data expose their owner to."""

from model.outcomes.declaration import Outcome

EXPOSURE: tuple[Outcome, ...] = (
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
)
"""Copies, leaks, losses and what is revealed."""
