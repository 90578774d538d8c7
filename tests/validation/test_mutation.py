"""Breaking any engine function that a case says it exercises makes the case fail."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.validation, pytest.mark.slow]

ROOT = Path(__file__).parents[2]

REQUESTS = (
    ("bullwhip", {}, 0.002, []),
    ("information_value", {"l": 1, "L": 1}, 0.0015, []),
    ("information_value", {"l": 1, "L": 1, "receiver": "full_history"}, 0.0015, ["model.physics.demand:infer_shock"]),
    ("newsvendor", {}, 0.004, []),
    ("privacy_cost", {}, 0.004, []),
    ("interfaces", {}, 0.01, []),
    ("breach_loss", {}, 0.005, []),
    ("hub_common_mode", {"n": 5}, 0.01, []),
    ("security_investment", {}, 0.01, []),
    ("laplace_privacy", {"n": 5}, 0.004, []),
    ("privacy_budget", {}, 0.01, []),
    ("k_anonymity", {"n": 10}, 0.02, []),
    ("secure_aggregation", {"n": 4}, 0.04, []),
    ("merit_order", {}, 0.01, []),
    ("imbalance", {"n": 3}, 0.004, []),
    ("peak_pooling", {}, 0.01, []),
    ("demand_response", {}, 0.01, []),
    ("storage_sharing", {"n": 4}, 0.02, []),
    ("leasing", {}, 0.02, []),
    ("pool_market", {"n": 3}, 0.02, []),
    ("rationing", {"n": 10}, 0.05, []),
    ("equipment_pooling", {}, 0.01, []),
    ("equipment_pooling", {"machines": 3, "load": 2, "discipline": "queue"}, 0.01, []),
    ("inventory_pooling", {}, 0.01, []),
    ("symbiosis_mismatch", {}, 0.004, []),
    ("tail_risk", {}, 0.01, []),
    ("joint_rd", {}, 1.0, []),
    ("joint_rd", {"regime": "cartel"}, 1.0, []),
    ("joint_rd_thresholds", {}, 1.0, []),
    ("cognitive_distance", {}, 1.0, []),
    ("learning_pool", {}, 1.0, []),
    ("knowledge_barter", {"n": 12, "degree": 4, "nets": 6}, 1.0, []),
    ("trust", {}, 0.01, []),
    ("balances", {}, 0.01, []),
    ("null_collaboration", {}, 0.01, []),
)
"""Case, parameters, effort, functions to break (all that the case exercises if empty)."""

WITHOUT_ELECTRICITY = (
    "bullwhip",
    "information_value",
    "newsvendor",
    "privacy_cost",
    "inventory_pooling",
    "symbiosis_mismatch",
)


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda r: "-".join([r[0], str(r[1].get("receiver", ""))]).strip("-"))
def test_every_broken_function_is_noticed(request_: tuple[str, dict[str, object], float, list[str]]) -> None:
    case, given, effort, only = request_
    request = {"case": case, "given": given, "effort": effort, "only": only}
    text = json.dumps({**request, "no_electricity": case in WITHOUT_ELECTRICITY})
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("mutants.py")), text],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    verdicts = json.loads(done.stdout)
    assert verdicts.pop("intact") == "passed"
    assert verdicts
    assert not [address for address, verdict in verdicts.items() if verdict == "passed"]


def test_every_case_of_the_catalogue_is_broken_here() -> None:
    from model.validation.catalogue import CATALOGUE

    assert {request[0] for request in REQUESTS} == set(CATALOGUE)
