"""Sweeps, rankings of assumptions and waterfalls as a scenario writes them, and the points that run for them."""

import math
from pathlib import Path

import pytest

from model.inputs import replace_inputs
from scenarios.batch import plan_study
from scenarios.evaluation import resolve
from scenarios.spec import Study, load_study, study_hash
from scenarios.spec_evaluate import STAGES
from scenarios.spec_explain import as_yaml, explain, resolved
from tests.unit.small_study import GOALS_TO_STRATEGIES

BASE = (
    GOALS_TO_STRATEGIES
    + """\
  daily-total: {title: Daily total, contracts: {plan: {provider: steel, partner: power, resolution: 24 h}}}
run: {seed: 7, replications: 30}
evaluate: {outcomes: [real_cost]}
"""
)
SWEEPS = """\
extends: base.yaml
evaluate:
  break_even:
    - {name: noise, title: How much noise, parameter: contracts.plan.noise_sd, values: [0.5, 1 MW, .inf], spacing: log,
       strategy: raw, outcome: real_cost}
    - {parameter: firms.metalworks.count, values: [4, 8], strategy: raw, outcome: party_cost, parties: [power],
       replications: 4}
    - {parameter: contracts.plan.pipeline.cleaning, values: [false, true], strategy: raw, baseline: daily-total,
       outcome: real_cost}
    - {parameter: balancing.beta, values: {from: 0.01, to: 1, points: 5}, spacing: log, strategy: raw,
       outcome: real_cost}
"""
RANKING = """\
extends: base.yaml
evaluate:
  influence:
    title: What moves it
    strategy: raw
    outcome: real_cost
    replications: 4
    parameters:
      balancing.beta: [0.05, 0.5]
      contracts.plan.interface_cost: [20 kEUR/yr, 100 kEUR/yr]
      contracts.plan.resolution: [1, 5]
"""
CHAIN = """\
extends: base.yaml
evaluate:
  waterfall:
    strategy: raw
    outcomes: [real_cost, party_cost]
    parties: [power]
    switches:
      interface: {contracts.plan.interface_cost: 0 EUR/yr}
      hours: {contracts.plan.resolution: 24 h}
      fee: {contracts.plan.fee: 5 kEUR/yr, balancing.rule: dual}
"""


def study_of(folder: Path, text: str, name: str = "mine.yaml", **options: list[str]) -> Study:
    (folder / "base.yaml").write_text(BASE, encoding="utf-8")
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return load_study(str(path), **options)  # type: ignore[arg-type]


def test_a_list_of_sweeps_is_read_in_the_units_and_kinds_of_its_parameters(tmp_path: Path) -> None:
    noise, count, cleaning, beta = study_of(tmp_path, SWEEPS).evaluation.break_even
    assert (noise.name, noise.title, noise.values, noise.spacing) == (
        "noise", "How much noise", (0.5, 1.0, math.inf), "log"
    )  # fmt: skip
    assert (noise.baseline, noise.parties, noise.replications) == ("none", ("",), 10)
    assert (count.name, count.values, count.replications) == ("firms.metalworks.count", (4, 8), 4)
    assert all(isinstance(value, int) for value in count.values)
    assert (cleaning.values, cleaning.baseline) == ((False, True), "daily-total")
    assert beta.values == pytest.approx((0.01, 0.0316228, 0.1, 0.316228, 1.0))


def test_a_sweep_changes_a_contract_where_it_exists_and_leaves_the_baseline_alone(tmp_path: Path) -> None:
    study = study_of(tmp_path, SWEEPS)
    points, refused = resolve(study.evaluation, study.strategies)
    noise = [(point, inputs) for point, inputs in points if point.part == "break_even/noise"]
    assert refused == []
    assert {inputs == study.strategies["none"] for point, inputs in noise if point.strategy == "none"} == {True}
    shared = {point.value: inputs.contracts[0].noise_sd for point, inputs in noise if point.strategy == "raw"}
    assert shared == {0.5: 0.5, 1.0: 1.0, math.inf: math.inf}
    counts = [inputs for point, inputs in points if point.part == "break_even/firms.metalworks.count"]
    assert [m.count for inputs in counts for m in inputs.manufacturers if m.name == "metalworks"] == [4, 4, 8, 8]


def test_a_point_that_changes_nothing_costs_nothing(tmp_path: Path) -> None:
    plan, known = plan_study(study_of(tmp_path, SWEEPS))
    own = {member.name: member.inputs_hash for member in plan.strategies if not member.part}
    swept = [member for member in plan.strategies if member.part == "break_even/noise"]
    assert {member.inputs_hash for member in swept if member.name == "none"} == {own["none"]}
    assert len({member.inputs_hash for member in swept}) == 4
    assert all(not member.keep_hours for member in plan.strategies if member.part)
    assert {member.replications for member in plan.strategies if member.part.endswith("count")} == {4}
    assert set(known) == {member.inputs_hash for member in plan.strategies}


def test_a_ranking_runs_both_ends_of_every_assumption_for_both_strategies(tmp_path: Path) -> None:
    study = study_of(tmp_path, RANKING)
    (ranking,) = study.evaluation.influence
    assert (ranking.name, ranking.title, ranking.baseline, ranking.parties) == ("raw", "What moves it", "none", ("",))
    assert [(one.parameter, one.low, one.high) for one in ranking.parameters] == [
        ("balancing.beta", 0.05, 0.5), ("contracts.plan.interface_cost", 20_000.0, 100_000.0),
        ("contracts.plan.resolution", 1, 5),
    ]  # fmt: skip
    points, refused = resolve(study.evaluation, study.strategies)
    found = {(point.label, point.strategy): inputs for point, inputs in points if point.part == "influence/raw"}
    assert found["balancing.beta high", "none"] == replace_inputs(study.strategies["none"], {"balancing.beta": 0.5})
    assert found["contracts.plan.interface_cost low", "raw"].contracts[0].interface_cost == 20_000.0
    assert len(found) == 3 * 4 - 1
    assert [(one.label, one.strategy) for one in refused] == [("contracts.plan.resolution high", "raw")]
    assert refused[0].reason.startswith("contracts.plan.resolution: 5 h does not divide the day")


def test_a_waterfall_switches_off_alone_and_on_one_after_another(tmp_path: Path) -> None:
    study = study_of(tmp_path, CHAIN)
    points, refused = resolve(study.evaluation, study.strategies)
    off = {
        point.label: {
            "interface": inputs.contracts[0].interface_cost == 0.0, "hours": inputs.contracts[0].resolution == 24,
            "fee": (inputs.contracts[0].fee, inputs.balancing.rule) == (5_000.0, "dual"),
        }
        for point, inputs in points if point.part == "waterfall/raw"
    }  # fmt: skip
    assert refused == []
    assert {label: [stage for stage, is_off in stages.items() if is_off] for label, stages in off.items()} == {
        "all off": ["interface", "hours", "fee"],
        "without interface": ["interface"], "without hours": ["hours"], "without fee": ["fee"],
        "up to interface": ["hours", "fee"], "up to hours": ["fee"],
    }  # fmt: skip


def test_a_contract_stands_for_the_stages_of_its_pipeline(tmp_path: Path) -> None:
    text = "extends: base.yaml\nevaluate: {waterfall: {strategy: raw, outcomes: [real_cost], contract: plan}}\n"
    study = study_of(tmp_path, text)
    (chain,) = study.evaluation.waterfall
    assert [switch.stage for switch in chain.switches] == list(STAGES)
    assert chain.switches[3].off == {"contracts.plan.pipeline.mining": False}
    points, _ = resolve(study.evaluation, study.strategies)
    alone = next(inputs for point, inputs in points if point.label == "without mining")
    assert not alone.contracts[0].pipeline.mining
    assert alone.contracts[0].pipeline.cleaning


@pytest.mark.parametrize("text", [SWEEPS, RANKING, CHAIN, SWEEPS + RANKING.partition("evaluate:\n")[2]])
def test_what_is_resolved_is_the_same_scenario_again(text: str, tmp_path: Path) -> None:
    study = study_of(tmp_path, text)
    again = study_of(tmp_path, as_yaml(resolved(study)), "again.yaml")
    assert again.evaluation == study.evaluation
    assert study_hash(again) == study_hash(study)
    assert study_hash(study) != study_hash(load_study(str(tmp_path / "base.yaml")))


def test_explain_names_the_line_and_unit_of_every_assumption(tmp_path: Path) -> None:
    rows = {row.key: row for row in explain(study_of(tmp_path, RANKING))}
    beta = rows["evaluate.influence.parameters.balancing.beta"]
    assert (beta.value, beta.unit, beta.line) == ([0.05, 0.5], "EUR/MWh per MW", 9)
    rows = {row.key: row for row in explain(study_of(tmp_path, SWEEPS))}
    assert (rows["evaluate.break_even.0.title"].line, rows["evaluate.break_even.2.parameter"].line) == (4, 8)


def test_a_sweep_of_a_list_is_changed_by_number_or_name_and_the_first_if_silent(tmp_path: Path) -> None:
    sets = ["evaluate.break_even.noise.values=[2, 4]", "evaluate.break_even.3.spacing=linear",
            "evaluate.break_even.title=Another"]  # fmt: skip
    noise, *_, beta = study_of(tmp_path, SWEEPS, sets=sets).evaluation.break_even
    assert (noise.values, noise.title) == ((2.0, 4.0), "Another")
    assert beta.values == pytest.approx((0.01, 0.2575, 0.505, 0.7525, 1.0))


def test_a_title_decides_no_result(tmp_path: Path) -> None:
    renamed = study_of(tmp_path, RANKING.replace("What moves it", "Which one"))
    assert study_hash(renamed) == study_hash(study_of(tmp_path, RANKING))


def test_only_what_the_chosen_strategies_need_is_evaluated(tmp_path: Path) -> None:
    evaluation = study_of(tmp_path, SWEEPS + RANKING.partition("evaluate:\n")[2]).evaluation
    limited = evaluation.limited({"none", "raw"}, ("break_even",))
    assert [one.parameter for one in limited.break_even] == [
        "contracts.plan.noise_sd", "firms.metalworks.count", "balancing.beta"
    ]  # fmt: skip
    assert limited.influence == ()
    assert evaluation.limited({"none"}) == evaluation.limited((), ())
