"""Copies of several contracts: a holder is one firm, an asset there is one copy, a fine falls once."""

import math
from dataclasses import replace

import numpy as np
import pytest

from model.exposure import FINE, Copy, Exposure
from model.inputs import Incidents, replace_inputs
from model.model import CollaborationModel, reference_inputs
from model.security import PrivacyRule, Security
from model.streams import Key, stream_key

FINED = PrivacyRule(fine_probability=1.0, fine_median=1000.0, fine_sigma=0.0)
NO_RULE = PrivacyRule()
YEARS = 40_000


def copy(**changes: object) -> Copy:
    terms = {
        "owner": "steel", "group": "steel", "asset": "plan", "holder": "power", "median": 100.0, "sigma": 0.0,
        "cap": math.inf, "revealed": 1.0, "rate": 0.1, "security": Security(), "turnover": 0.0, "records": 10.0,
        "regulated": True,
    }  # fmt: skip
    return Copy(**(terms | changes))  # type: ignore[arg-type]


@pytest.fixture
def key() -> Key:
    return stream_key(3, 0, "breach")


def test_an_asset_that_two_contracts_bring_to_a_holder_is_one_copy(key: Key) -> None:
    twice = Exposure([copy(revealed=0.5, rate=0.2), copy(revealed=0.8, rate=0.1)], NO_RULE)
    once = Exposure([copy(revealed=0.8, rate=0.2)], NO_RULE)
    assert twice.copies == once.copies
    assert twice.expected_loss() == {"steel": pytest.approx(0.2 * 80.0)}
    assert twice.exposed_records() == {"steel": pytest.approx(0.2 * 10.0)}
    drawn = [x.by_party(x.loss_years(key, 1000))["steel"] for x in (twice, once)]
    assert np.array_equal(*drawn)


def test_one_holder_at_two_rates_is_broken_into_and_fined_once(key: Key) -> None:
    exposure = Exposure([copy(rate=0.3), copy(asset="log", rate=0.1, median=10.0)], FINED)
    assert exposure.expected_loss() == {"steel": pytest.approx(0.3 * 100.0 + 0.1 * 10.0)}
    assert exposure.expected_fine() == {"power": pytest.approx(0.3 * 1000.0)}
    assert exposure.hazard_of_owner() == {"steel": pytest.approx(0.3)}
    drawn = exposure.by_party(exposure.loss_years(key, YEARS))
    assert set(drawn) == {"", "steel", FINE + "power"}
    breaches = drawn[FINE + "power"] / 1000.0
    assert breaches.mean() == pytest.approx(0.3, abs=5 * math.sqrt(0.3 / YEARS))
    plans = np.floor(drawn["steel"] / 100.0 + 1e-9)
    assert np.array_equal(plans, breaches)  # each breach takes the plan, and some the log too
    logs = (drawn["steel"] - 100.0 * plans) / 10.0
    assert (logs <= plans + 1e-9).all()
    assert logs.mean() == pytest.approx(0.1, abs=5 * math.sqrt(0.1 / YEARS))


def test_a_holder_has_the_strictest_security_that_a_contract_asks_for() -> None:
    some, more = (Security(rule="fixed", spending=eur, alpha=1e-5) for eur in (1e5, 3e5))
    exposure = Exposure([copy(security=some), copy(asset="log", security=more), copy(security=Security())], NO_RULE)
    assert exposure.security_cost() == {"power": 3e5}
    assert exposure.expected_loss()["steel"] == pytest.approx(2 * 0.1 / 4.0 * 100.0)


def test_owners_at_different_rates_keep_their_own_hazard() -> None:
    exposure = Exposure([copy(), copy(owner="foundry", group="foundry", rate=0.4)], NO_RULE)
    assert exposure.hazard_of_owner() == {"steel": pytest.approx(0.1), "foundry": pytest.approx(0.4)}
    assert exposure.expected_loss() == {"steel": pytest.approx(10.0), "foundry": pytest.approx(40.0)}


def test_nothing_shared_exposes_nothing(key: Key) -> None:
    exposure = Exposure([], FINED)
    assert exposure.expected_loss() == exposure.expected_fine() == exposure.hazard_of_owner() == {}
    assert exposure.by_party(exposure.loss_years(key, 5))[""].tolist() == [0.0] * 5


def test_the_model_gives_its_loss_years_by_name() -> None:
    inputs = replace_inputs(
        reference_inputs(shared=True),
        {"calendar.days": 2, "calendar.burn_in": 1, "incidents.loss_years": 5000, "privacy.fine_probability": 0.5,
         "contracts.plan.breach_rate": 0.5},
    )  # fmt: skip
    model = CollaborationModel(inputs, rng=5)
    model.run_to_end()
    drawn = model.loss_years()
    assert set(drawn) == {"", "steel", "fine/power"}
    assert all(years.shape == (5000,) for years in drawn.values())
    assert np.array_equal(drawn[""], drawn["steel"])
    worst = np.sort(drawn["steel"])[-250:]
    assert model.outcomes()["breach_loss_cvar95", "steel"] == pytest.approx(worst.mean())
    assert np.count_nonzero(drawn["fine/power"]) > 500
    assert CollaborationModel(replace(inputs, incidents=Incidents(loss_years=0)), rng=5).loss_years() == {}
    assert CollaborationModel(replace(inputs, contracts=()), rng=5).loss_years() == {}
