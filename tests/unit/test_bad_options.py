"""Faults of what is set on the command line: checked like a file, and told together with the faults of the file."""

from pathlib import Path

import pytest

from model.errors import InputError
from scenarios.spec import load_study


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("balancing.betta=3", "--set balancing.betta: unknown key 'betta' in balancing (did you mean beta?"),
        ("balancing.beta=9", "--set balancing.beta: balancing.beta: 9 is out of range (allowed: "),
        ("balancing.beta=1 MW", "--set balancing.beta: balancing.beta: '1 MW': MW cannot be converted"),
        ("balancing.beta", "--set balancing.beta: is not KEY=VALUE (for example --set balancing.beta=0.3)"),
        ("=3", "is not KEY=VALUE"),
        ("balancing.beta=", "--set balancing.beta: balancing.beta has no value"),
        ("balancing.beta=[1", "--set balancing.beta: not YAML"),
        ("balancing.rule.x=1", "--set balancing.rule.x: balancing.rule is a section"),
        ("contracts.plam.fee=1", "--set contracts.plam.fee: no such contract: 'plam' (did you mean plan?"),
        ("firms.stele.count=1", "--set firms.stele.count: no such firm: 'stele' (did you mean steel?"),
        ("run.replications=0", "--set run.replications: run.replications: 0 is out of range"),
        (
            "firms.steel=3",
            "--set firms.steel: firms.steel is not a section (allowed: a section with type: manufacturer or",
        ),
        (
            "evaluate.break_even={parameter: contracts.plan.noise_sd, values: [0, .inf], strategy: raw, "
            "outcome: real_cost}",
            "evaluate.break_even.values is no sweep (allowed: .inf as the last value, after one above 0)",
        ),
        (
            "contracts.plan.members=[steel]",
            "--set contracts.plan.members: contracts.plan.members.0: plan of steel is shared",
        ),
        (
            "privacy.k_min=6",
            "--set privacy.k_min: privacy.k_min: the rule wants 6 subjects behind a record, contract plan",
        ),
        ("data_platforms.hubb.fee=3", "no such data platform: 'hubb' (did you mean hub? known: hub)"),
        ("strategies.none=null", "goals.baseline: no such strategy: 'none'"),
        ("a" + ".a" * 5000 + "=1", "unknown key"),
    ],
)
def test_set_is_checked_like_a_file(option: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        load_study("steel-and-power", sets=[option])
    assert said in str(caught.value)


def test_what_a_rule_imposes_is_said_of_the_rule() -> None:
    with pytest.raises(InputError) as caught:
        load_study("steel-and-power", sets=["privacy.protected=firm", "privacy.epsilon_max=1"])
    assert {fault.where for fault in caught.value.faults} == {"--set privacy.protected"}
    assert all(fault.what.startswith("privacy.protected: contracts.") for fault in caught.value.faults)


def test_an_unknown_override_names_the_nearest() -> None:
    with pytest.raises(InputError, match=r"--override: no such override: 'dual-prices' \(did you mean dual-pricing\?"):
        load_study("steel-and-power", overrides=["dual-prices"])


def test_faults_of_file_override_and_option_come_together(tmp_path: Path) -> None:
    scenario = tmp_path / "mine.yaml"
    scenario.write_text("extends: steel-and-power\ntitel: x\n")
    with pytest.raises(InputError) as caught:
        load_study(str(scenario), overrides=["dual-prices"], sets=["balancing.beta=9"])
    assert len(caught.value.faults) == 3
