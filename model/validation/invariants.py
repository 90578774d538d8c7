"""Validation of what must hold in any scenario: balances, and null collaboration as no collaboration.

Oracle of the balances: `audit`, a second set of books. Both are invariants of model.md's principles 2 and 5.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from model.errors import Fault, InputError
from model.validation.case import Bench, Case, Check, setting

if TYPE_CHECKING:
    from model.inputs import DataContract, ModelInputs
    from model.model import CollaborationModel

SEED = 1
REFERENCE = "reference"
LARGEST_RESIDUAL = 1e-9
"""Relative residual that rounding may leave."""


@dataclass(frozen=True, kw_only=True)
class Balances:
    """Parameters of `balances`."""

    scenario: str = setting(REFERENCE, "", "`reference` for the reference case and its variants, or a scenario's name.")
    days: int = setting(
        365, "day", "Days to audit, burn-in included; fewer if the scenario has fewer.", bounds=(1, 7305)
    )


@dataclass(frozen=True, kw_only=True)
class NullCollaboration:
    """Parameters of `null_collaboration`."""

    scenario: str = setting(REFERENCE, "", "`reference` for the reference case and its variants, or a scenario's name.")
    days: int = setting(
        120, "day", "Days to compare, burn-in included; fewer if the scenario has fewer.", bounds=(30, 7305)
    )


def configurations(scenario: str, bench: Bench) -> dict[str, ModelInputs]:
    """Return the configurations of a scenario by name: the reference case's variants, or a study's strategies."""
    if scenario != REFERENCE:
        return bench.scenarios(scenario)
    from model.inputs import replace_inputs
    from model.model import reference_inputs

    shared = reference_inputs(shared=True)
    plan = shared.contracts[0].name
    variants: dict[str, dict[str, Any]] = {
        "single": {f"contracts.{plan}.fee": 12_000.0},
        "dual": {"balancing.rule": "dual", "balancing.penalty_short": 30.0, "firms.steel.retail.contract": "tariff"},
        "endogenous": {"market.closure": "endogenous", "firms.steel.process.scheduling": "before_prices"},
    }
    return {"baseline": reference_inputs(), **{k: replace_inputs(shared, v) for k, v in variants.items()}}


def shortened(inputs: ModelInputs, days: int) -> ModelInputs:
    """Return the inputs with at most `days` days, a quarter of them burn-in."""
    period = inputs.calendar
    burn_in = min(period.burn_in, days // 4)
    return dataclasses.replace(
        inputs, calendar=dataclasses.replace(period, burn_in=burn_in, days=min(period.days, days - burn_in))
    )


def _measure_balances(s: Balances, bench: Bench) -> dict[str, Check]:
    from model.model import CollaborationModel
    from model.validation.audit import BALANCES, audit

    worst = dict.fromkeys(BALANCES, 0.0)
    for inputs in configurations(s.scenario, bench).values():
        residuals = audit(CollaborationModel(shortened(inputs, bench.share(s.days, 12)), rng=SEED))
        for name, value in residuals.items():
            worst[name] = value if math.isnan(value) else max(worst[name], value)
    return {name: Check(found=value, expected=0.0, absolute=LARGEST_RESIDUAL) for name, value in worst.items()}


def null_contracts(inputs: ModelInputs) -> tuple[DataContract, ...]:
    """Return contracts that share every plan there is with infinite noise, fees and costs declared all the same."""
    from model.inputs import DataContract

    return tuple(
        DataContract(
            name=f"null-{firm.name}",
            provider=firm.name,
            partner=firm.utility,
            noise_sd=math.inf,
            fee=1000.0,
            interface_cost=60_000.0,
        )
        for firm in inputs.manufacturers
        if firm.process.kind == "batch" and firm.metered_alone and firm.utility and firm.count == 1
    )


def null_sharing(inputs: ModelInputs) -> dict[str, Any]:
    """Return the contracts on resources and technology of a scenario by field, on terms that share nothing."""
    nothing: dict[str, Any] = {"meetings": 0, "openness": 0.0, "joint_weight": 0.0, "joint_spillover": 0.0}
    known = [c for c in inputs.technology_contracts if c.variant in {"exchange", "cooperation", "sharing"}]
    return {
        "resource_contracts": tuple(dataclasses.replace(c, offered=0.0) for c in inputs.resource_contracts),
        "technology_contracts": tuple(dataclasses.replace(c, **nothing) for c in known),
    }


def _measure_null(s: NullCollaboration, bench: Bench) -> dict[str, Check]:
    identical = shares = True
    found_any = False
    for inputs in configurations(s.scenario, bench).values():
        whole = shortened(inputs, bench.share(s.days, 8))
        alone = dataclasses.replace(whole, contracts=(), resource_contracts=(), technology_contracts=())
        null, others = null_contracts(alone), null_sharing(whole)
        if any(others.values()):
            identical &= _differing_days(alone, dataclasses.replace(alone, **others)) == 0
        if not null:
            continue
        found_any = True
        real = tuple(dataclasses.replace(contract, noise_sd=0.0) for contract in null)
        identical &= _differing_days(alone, dataclasses.replace(alone, contracts=null)) == 0
        shares &= _differing_days(alone, dataclasses.replace(alone, contracts=real), ("nomination",)) > 0
    if not found_any:
        raise InputError(
            [
                Fault(
                    "null_collaboration.scenario",
                    f"{s.scenario} has no plan that could be shared",
                    "a batch process that its utility meters alone",
                )
            ]
        )
    return {
        "identical": Check(found=identical, expected=True, absolute=0.0),
        "real_sharing_differs": Check(found=shares, expected=True, absolute=0.0),
    }


def _differing_days(left: ModelInputs, right: ModelInputs, columns: tuple[str, ...] = ()) -> int:
    """Return on how many days the two runs differ in any bit of the columns; of all and the hourly series if silent."""
    from model.model import CollaborationModel

    one = CollaborationModel(left, rng=SEED, keep_hours=True)
    two = CollaborationModel(right, rng=SEED, keep_hours=True)
    days = 0
    for _ in range(one.futures.calendar.days):
        one.step()
        two.step()
        days += _state(one, columns) != _state(two, columns)
    return days


def _state(model: CollaborationModel, columns: tuple[str, ...]) -> dict[str, bytes]:
    """Return today's bits of the given columns of all firms; of all columns and the hourly series if silent."""
    state = {name: model.firms.column(name).tobytes() for name in columns or model.firms.names}
    if not columns:
        state.update({name: days[-1].tobytes() for name, days in (model.hours or {}).items() if days})
    return state


CASES = (
    Case(
        name="balances",
        title="Money, energy, materials and hours balance every day",
        family="invariant",
        level="invariant",
        settings=Balances,
        measure=_measure_balances,
        exercises=lambda _: (
            "model.accounts:book_firms",
            "model.ledger:post_lines",
            "model.physics.electricity:settle",
            "model.physics.electricity:imbalance_payment",
            "model.physics.electricity:close_intraday",
            "model.physics.electricity:bill",
            "model.physics.electricity:read_meters",
            "model.physics.electricity:read_portfolio",
            "model.physics.demand:serve",
            "model.physics.demand:replenish",
            "model.physics.production:melt",
            "model.physics.production:run_batches",
            "model.physics.production:add_block",
            "model.incidents:expected_losses",
        ),
        source="conservation: every euro, kWh, unit and hour has a source and a sink",
    ),
    Case(
        name="null_collaboration",
        title="A contract that shares nothing changes no bit",
        family="invariant",
        level="invariant",
        settings=NullCollaboration,
        measure=_measure_null,
        exercises=lambda _: (
            "model.contract_checks:is_null",
            "model.mechanisms.plans:take_in_plans",
            "model.mechanisms.data:combine",
            "model.mechanisms.data:learn_gain",
            "model.mechanisms.data:innovation",
        ),
        source="a mechanism at infinite noise is no mechanism",
    ),
)
