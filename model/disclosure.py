"""What sharing did: outcomes of contracts, records, privacy, platforms and incidents, read off a run."""

from __future__ import annotations

from statistics import mean
from typing import TYPE_CHECKING

import numpy as np

from model.assets import ASSETS, VALUE_BYTES
from model.contract_checks import sharers
from model.incidents import breach_probability
from model.logs import LogContract
from model.mechanisms.pipeline import STAGES
from model.plans import PlanContract
from model.risk import cvar, var
from model.streams import Floats

if TYPE_CHECKING:
    from model.agreement import Agreement
    from model.ledger import Ledger
    from model.sharing import Sharing

YEAR_DAYS = 365.0
type Values = dict[tuple[str, str], float]


def sharing_outcomes(sharing: Sharing, ledger: Ledger, scale: float) -> Values:
    """Return the outcomes that contracts define: (name, party) -> value per 365-day year.

    Args:
        sharing: contracts and platforms of the run.
        ledger: who paid whom.
        scale: years per counted time.
    """
    values: Values = {}
    for contract in sharing.contracts:
        for party in (*sharers(contract.terms), contract.terms.partner):
            values["sharing_fee", party] = ledger.paid(party, "fee") * scale
        _add_data(values, contract)
        if isinstance(contract, PlanContract):
            values |= _plan_outcomes(contract)
        if isinstance(contract, LogContract):
            for name in sharers(contract.terms):
                values["mining_skill", name] = mean(log.skill for log in contract.mined if log.group == name)
    for platform in sharing.platforms:
        for party in (*sharing.members[platform.name], platform.name):
            paid = ledger.paid(party, "platform_fee") + ledger.paid(party, "platform_result")
            values["platform_payment", party] = paid * scale
    return values | sharing.risk(_risk_outcomes)


def _add_data(values: Values, contract: Agreement) -> None:
    """Add volume and age of what a contract shares; several contracts of a firm add up, the oldest counts."""
    terms = contract.terms
    asset = ASSETS[terms.asset]
    for name in sharers(terms):
        volume = contract.text_bytes or asset.values_per_day(terms.resolution) * VALUE_BYTES
        key = ("data_volume", name)
        values[key] = values.get(key, 0.0) + volume * YEAR_DAYS / 1e6
        age = ("data_age", name)
        values[age] = max(values.get(age, 0.0), asset.age_hours)


def _plan_outcomes(contract: PlanContract) -> Values:
    """Return how good, how revealing and how private a firm's shared plans were, means over a group's members."""
    values: Values = {}
    terms, names = contract.terms, contract.group_of_sharer
    noise = np.sqrt(contract.stages[:, :, 0] / max(1.0, contract.days))
    for name in sharers(terms):
        mine = names == name
        values["revealed_share", name] = float(contract.revealed[mine].mean())
        values["records_usable", name] = contract.seen / max(1, contract.days)
        for stage, error in zip(STAGES, noise[mine].mean(axis=0), strict=True):
            values[f"record_noise_{stage}", name] = float(error)
        if name in contract.accounts:
            values["epsilon_year", name] = max(contract.accounts[name].by_year.values())
        elif terms.release == "tree":
            values["epsilon_year", name] = terms.epsilon
    return values


def _risk_outcomes(sharing: Sharing) -> Values:
    """Return what could leak, how likely, and the sampled tail of what it would cost."""
    values: Values = {}
    exposure = sharing.exposure
    values |= {("exposed_copies", name): 0.0 for name in exposure.owners}
    for copy in exposure.readable:
        key = ("exposed_copies", copy.group)
        values[key] += 1.0
    for name, hazard in exposure.hazard_of_owner().items():
        values["breach_probability", name] = breach_probability(np.array([hazard]), 1.0)
    for name, records in exposure.exposed_records().items():
        values["exposed_records", name] = records
    for name, eur in sharing.by_party(exposure.expected_fine()).items():
        values["fines", name] = eur
    if exposure.copies and sharing.stage.inputs.incidents.loss_years > 0:
        values |= _tail(sharing.loss_years().losses, exposure.owners)
    return values


def _tail(losses: Floats, owners: tuple[str, ...]) -> Values:
    """Return the tail of nested years of losses, EUR, shape (owner, year)."""
    values: Values = {("system_loss_cvar95", ""): float(cvar(losses.sum(axis=0)))}
    for name, years in zip(owners, losses, strict=True):
        values["breach_loss_p95", name] = float(var(years))
        values["breach_loss_cvar95", name] = float(cvar(years))
    return values
