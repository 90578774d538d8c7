"""Scenario files that are right: what they resolve to, and where each value comes from."""

import dataclasses
import typing
from pathlib import Path
from typing import Any

import pytest

from model import endowments, know_how
from model.inputs import Balancing, ManufacturerInputs, as_tree
from scenarios.spec import Study, library, load_study, study_hash
from scenarios.spec_explain import as_yaml, explain, for_json, resolved

MINIMAL = """\
goals: {question: Does it pay?, outcomes: [real_cost], baseline: none}
platforms:
  firms:
    works: {type: manufacturer, utility: power, metered_alone: true}
    power: {type: utility}
strategies:
  none: {title: No sharing}
  raw: {title: The plan, contracts: {plan: {provider: works, partner: power}}}
run: {seed: 1, replications: 2}
evaluate: {outcomes: [real_cost]}
"""


def study_of(folder: Path, text: str, name: str = "mine.yaml", **options: Any) -> Study:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return load_study(str(path), **options)


def works(study: Study, strategy: str = "none", name: str = "works") -> ManufacturerInputs:
    return next(firm for firm in study.strategies[strategy].manufacturers if firm.name == name)


def test_the_library_has_the_reference_study() -> None:
    assert "steel-and-power" in library()
    study = load_study("steel-and-power")
    assert study.baseline == "none"
    assert list(study.strategies) == [
        "none", "raw", "standardised", "blocks", "heat-noise-10", "heat-noise-3", "heat-noise-1", "pairwise", "hub",
        "encrypted", "k-anonymous", "shift-alone", "shift-and-plan", "both-ways", "resources", "technology",
        "data-and-resources", "data-and-technology", "resources-and-technology", "all-three",
    ]  # fmt: skip
    assert (study.run.seed, study.run.replications) == (20250101, 30)
    assert study.strategies["none"].contracts == ()
    (blocks,), (noisy,) = study.strategies["blocks"].contracts, study.strategies["heat-noise-3"].contracts
    assert (blocks.resolution, blocks.variant) == (3, "raw")
    assert (noisy.epsilon, noisy.protected, noisy.variant) == (3.0, "heat", "anonymised")
    (masked,) = study.strategies["encrypted"].contracts
    assert (masked.provider, masked.members, masked.platform) == ("steel", ("foundries",), "hub")
    plan, prices = study.strategies["both-ways"].contracts
    assert (plan.asset, prices.asset, prices.provider) == ("plan", "price_forecast", "power")


def test_the_reference_study_is_the_reference_case_of_the_declarations() -> None:
    """Values that the file repeats for the reader are those that the declarations back with sources.

    Wear splits the declared breakdown rate into that of sound and of worn equipment; repairs and stops cost something.
    """
    declared = ManufacturerInputs(name="steel")
    steel = works(load_study("steel-and-power"), name="steel")
    for group in ("demand", "retail", "ordering"):
        assert getattr(steel, group) == getattr(declared, group)
    upkeep = ("breakdown_rate", "wear_rate", "wear_ratio", "repair_cost", "maintenance_interval")
    worn = {key: getattr(steel.process, key) for key in upkeep}
    assert steel.process == dataclasses.replace(declared.process, **worn)
    assert worn["breakdown_rate"] < declared.process.breakdown_rate < worn["breakdown_rate"] * worn["wear_ratio"]
    assert load_study("steel-and-power").strategies["raw"].balancing == Balancing()


def test_the_other_customers_draw_300_mw() -> None:
    firms = load_study("steel-and-power").strategies["none"].manufacturers
    others = [firm for firm in firms if firm.process.kind == "shaped"]
    assert sum(firm.count for firm in others) >= 20
    assert sum(firm.count * firm.process.mean_load for firm in others) == 300.0


@pytest.mark.parametrize("name", load_study("steel-and-power").overrides)
def test_every_override_of_the_library_changes_the_results(name: str) -> None:
    assert study_hash(load_study("steel-and-power", overrides=[name])) != study_hash(load_study("steel-and-power"))


def test_what_is_not_said_has_the_declared_default(tmp_path: Path) -> None:
    study = study_of(tmp_path, MINIMAL)
    assert works(study) == ManufacturerInputs(name="works", utility="power", metered_alone=True)
    assert study.evaluation.parties == ("works", "power")
    assert study.evaluation.break_even == ()
    assert study.name == "mine"


def test_units_are_converted_and_whole_numbers_stay_whole(tmp_path: Path) -> None:
    text = MINIMAL.replace("metered_alone: true", "metered_alone: true, process: {furnace: 50000 kW, repair: 90 min}")
    text = text.replace("platforms:\n", "platforms:\n  calendar: {days: 2 week}\n")
    study = study_of(tmp_path, text)
    assert (works(study).process.furnace, works(study).process.repair) == (50.0, 1.5)
    days = study.strategies["none"].calendar.days
    assert (days, type(days)) == (14, int)


def test_extends_lays_a_file_upon_another(tmp_path: Path) -> None:
    study_of(tmp_path, MINIMAL, "base.yaml")
    study = study_of(
        tmp_path,
        "extends: base.yaml\nplatforms: {firms: {works: {process: {furnace: 60 MW}}}}\nrun: {replications: 9}\n",
    )
    assert works(study).process.furnace == 60.0
    assert works(study).metered_alone
    assert (study.run.seed, study.run.replications) == (1, 9)
    assert study.origins["run.seed"].file.endswith("base.yaml")
    assert study.origins["run.replications"].file.endswith("mine.yaml")


def test_extends_can_take_a_strategy_out(tmp_path: Path) -> None:
    left = [name for name in load_study("steel-and-power").strategies if name not in ("hub", "both-ways")]
    study = study_of(tmp_path, "extends: steel-and-power\nstrategies: {hub: null, both-ways: null}\n")
    assert list(study.strategies) == left


def test_extends_can_take_a_platform_out(tmp_path: Path) -> None:
    text = MINIMAL.replace("strategies:", "  data_platforms: {hub: {standard: iec-cim}, spare: {}}\nstrategies:", 1)
    study_of(tmp_path, text, "base.yaml")
    study = study_of(tmp_path, "extends: base.yaml\nplatforms: {data_platforms: {spare: null}}\n")
    assert [platform.name for platform in study.strategies["none"].data_platforms] == ["hub"]


def test_extends_reaches_over_several_files(tmp_path: Path) -> None:
    study_of(tmp_path, MINIMAL, "a.yaml")
    study_of(tmp_path, "extends: a.yaml\nplatforms: {balancing: {beta: 0.3, rest_sd: 300}}\n", "b.yaml")
    study = study_of(tmp_path, "extends: b.yaml\nplatforms: {balancing: {beta: 0.4}}\n")
    assert study.strategies["raw"].balancing.beta == 0.4
    assert study.strategies["raw"].balancing.rest_sd == 300.0


def test_overrides_apply_in_order_and_set_comes_last(tmp_path: Path) -> None:
    text = MINIMAL + "overrides:\n  a: {balancing.beta: 0.3, balancing.rule: dual}\n  b: {balancing.beta: 0.4}\n"
    ab = study_of(tmp_path, text, overrides=["a", "b"]).strategies["none"].balancing
    ba = study_of(tmp_path, text, overrides=["b", "a"]).strategies["none"].balancing
    last = study_of(tmp_path, text, overrides=["a"], sets=["balancing.beta=0.5"]).strategies["none"].balancing
    assert (ab.beta, ab.rule, ba.beta, last.beta, last.rule) == (0.4, "dual", 0.3, 0.5, "dual")


def test_a_nested_override_means_the_same_as_a_dotted_one(tmp_path: Path) -> None:
    dotted = study_of(tmp_path, MINIMAL + "overrides: {a: {firms.works.process.furnace: 50}}\n", overrides=["a"])
    nested = study_of(
        tmp_path, MINIMAL + "overrides: {a: {firms: {works: {process: {furnace: 50}}}}}\n", overrides=["a"]
    )
    assert dotted.strategies == nested.strategies
    assert works(nested).process.furnace == 50.0


def test_a_set_contract_changes_in_every_strategy_that_has_it(tmp_path: Path) -> None:
    other = "  total: {title: Total, contracts: {plan: {provider: works, partner: power, resolution: 24 h}}}\n"
    meter = "  meter: {title: Meter, contracts: {meter: {provider: works, partner: power, asset: meter}}}\n"
    text = MINIMAL.replace("run:", f"{other}{meter}run:")
    study = study_of(tmp_path, text, sets={"contracts.plan.fee": "1 kEUR/yr"})
    fees = {name: [contract.fee for contract in inputs.contracts] for name, inputs in study.strategies.items()}
    assert fees == {"none": [], "raw": [1000.0], "total": [1000.0], "meter": [0.0]}


def test_a_strategy_changes_only_itself(tmp_path: Path) -> None:
    study = study_of(tmp_path, MINIMAL.replace("title: The plan,", "title: The plan, changes: {balancing.rule: dual},"))
    assert study.strategies["none"].balancing.rule == "single"
    assert study.strategies["raw"].balancing.rule == "dual"
    assert study.origins["strategies.raw.balancing.rule"].line == 8
    assert "balancing.rule" not in study.origins


def test_a_policy_holds_under_every_strategy(tmp_path: Path) -> None:
    study = study_of(tmp_path, MINIMAL + "policies: {market.carbon_price: 100 EUR/t}\n")
    assert {inputs.market.carbon_price for inputs in study.strategies.values()} == {100.0}
    assert study.origins["market.carbon_price"].line == 11
    assert study.policies == {"market.carbon_price": "100 EUR/t"}


def test_names_of_any_script_are_fine(tmp_path: Path) -> None:
    text = MINIMAL.replace("works", "钢厂").replace("power", "Électricité-1").replace("raw:", "共享:")
    study = study_of(tmp_path, text, "研究.yaml")
    assert works(study, "共享", "钢厂").utility == "Électricité-1"
    assert study.name == "研究"
    assert study.origins["firms.钢厂.type"].line == 4


def test_an_own_price_series_reaches_the_model(tmp_path: Path) -> None:
    rows = [f"2025-01-{day:02d} {hour:02d}:00,{10 * day + hour}" for day in range(1, 15) for hour in range(24)]
    (tmp_path / "prices.csv").write_text("time,price_eur_mwh\n" + "\n".join(rows) + "\n")
    study = study_of(tmp_path, MINIMAL.replace("platforms:\n", "platforms:\n  market: {price_table: prices.csv}\n"))
    inputs = study.strategies["none"]
    series = inputs.own_series[0]
    assert inputs.market.price_table == series.name == str(tmp_path / "prices.csv")
    assert next(row.value for row in explain(study) if row.key == "market.price_table") == "prices.csv"
    assert (series.first_day, series.values.shape, float(series.values[2, 5])) == ("2025-01-01", (14, 24), 35.0)


def test_the_break_even_sweep_is_read_in_the_unit_of_its_parameter(tmp_path: Path) -> None:
    sweep = (
        "{parameter: firms.works.process.furnace, values: [40000 kW, 48, 60 MW], strategy: raw, "
        "outcome: party_cost, parties: [power]}"
    )
    study = study_of(
        tmp_path, MINIMAL.replace("outcomes: [real_cost]}\n", f"outcomes: [real_cost], break_even: {sweep}}}\n", 2)
    )
    (found,) = study.evaluation.break_even
    assert found.values == (40.0, 48.0, 60.0)
    assert (found.baseline, found.party) == ("none", "power")


def test_the_hash_follows_results_and_not_words(tmp_path: Path) -> None:
    plain = study_of(tmp_path, MINIMAL)
    retitled = study_of(tmp_path, "# a comment\ntitle: Another title\n" + MINIMAL.replace("Does it pay", "Who gains"))
    faster = study_of(tmp_path, MINIMAL.replace("seed: 1", "seed: 2"))
    assert study_hash(plain) == study_hash(retitled)
    assert study_hash(plain) != study_hash(faster)


def test_resolved_is_a_scenario_of_the_same_inputs(tmp_path: Path) -> None:
    text = (
        MINIMAL
        + "policies: {market.carbon_price: 100}\noverrides: {a: {strategies.raw.changes: {balancing.rule: dual}}}\n"
    )
    study = study_of(tmp_path, text, overrides=["a"])
    again = study_of(tmp_path, as_yaml(resolved(study)), "again.yaml")
    assert {name: as_tree(inputs) for name, inputs in again.strategies.items()} == {
        name: as_tree(inputs) for name, inputs in study.strategies.items()
    }
    assert (again.run, again.evaluation, again.baseline) == (study.run, study.evaluation, study.baseline)
    assert study.strategies["raw"].balancing.rule == "dual"


def test_resolved_reference_study_is_the_reference_study(tmp_path: Path) -> None:
    study = load_study("steel-and-power")
    again = study_of(tmp_path, as_yaml(resolved(study)))
    assert study_hash(again) == study_hash(study)


def test_explain_names_the_line_of_every_value(tmp_path: Path) -> None:
    study = study_of(tmp_path, MINIMAL, sets=["balancing.beta=0.3"])
    rows = {row.key: row for row in explain(study)}
    beta, furnace, seed = rows["balancing.beta"], rows["firms.works.process.furnace"], rows["run.seed"]
    assert (beta.file, beta.line, beta.value, beta.unit) == ("--set balancing.beta", 0, 0.3, "EUR/MWh per MW")
    assert (Path(seed.file).name, seed.line, seed.value) == ("mine.yaml", 9, 1)
    assert rows["strategies.raw.contracts.plan.provider_share"].source == "assumption"
    assert furnace.is_default
    line = (Path(__file__).parents[2] / furnace.file).read_text(encoding="utf-8").splitlines()[furnace.line - 1]
    assert line.strip().startswith("furnace: float = declare(")
    hints = typing.get_type_hints(ManufacturerInputs)
    had = {name for name, hint in hints.items() if hint.__module__ in (endowments.__name__, know_how.__name__)}
    fields = {field.name for field in dataclasses.fields(ManufacturerInputs)} - {"name", "type", "data"} - had
    assert {key.split(".")[2] for key in rows if key.startswith("firms.works.")} == fields


def test_a_calibrated_table_of_the_users_own_reaches_the_model(tmp_path: Path) -> None:
    committed = Path(__file__).parents[2] / "model" / "data" / "metal_processing_2018.json"
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "mine.json").write_bytes(committed.read_bytes())
    process = "process: {kind: shaped, load_table: tables/mine.json}"
    study = study_of(tmp_path, MINIMAL.replace("metered_alone: true", process).replace("\n  raw:", "\n  # raw:"))
    assert works(study).process.load_table == str(tmp_path / "tables" / "mine.json")
    assert study.strategies["none"].own_series == ()


def test_nested_policies_and_set_sections_mean_the_same_as_dotted_ones(tmp_path: Path) -> None:
    nested = study_of(tmp_path, MINIMAL + "policies: {market: {carbon_price: 100}}\n")
    assert nested.policies == {"market.carbon_price": 100}
    section = load_study("steel-and-power", sets=["balancing={beta: 0.3, rule: dual}", "goals.outcomes=[party_cost]"])
    assert (section.strategies["raw"].balancing.beta, section.strategies["raw"].balancing.rule) == (0.3, "dual")
    assert section.goals == ("party_cost",)


def test_infinite_noise_is_a_value_and_survives_json(tmp_path: Path) -> None:
    study = load_study("steel-and-power", sets=["contracts.plan.noise_sd=.inf"])
    assert study.strategies["raw"].contracts[0].noise_sd == float("inf")
    assert for_json(resolved(study))["strategies"]["raw"]["contracts"]["plan"]["noise_sd"] == ".inf"
    assert study_of(tmp_path, as_yaml(resolved(study))).strategies == study.strategies


def test_a_stack_of_the_users_own_is_checked_and_used(tmp_path: Path) -> None:
    committed = Path(__file__).parents[2] / "model" / "data" / "stack_de.json"
    (tmp_path / "stack.json").write_bytes(committed.read_bytes())
    study = study_of(tmp_path, MINIMAL.replace("platforms:\n", "platforms:\n  market: {stack_table: stack.json}\n"))
    assert study.strategies["none"].market.stack_table == str(tmp_path / "stack.json")


def test_what_was_cleaned_in_an_own_series_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = [f"2025-01-{day:02d} {hour:02d}:00,{10 * day + hour}" for day in range(1, 15) for hour in range(24)]
    del rows[30]
    (tmp_path / "prices.csv").write_text("time,price_eur_mwh\n" + "\n".join(rows) + "\n")
    study_of(tmp_path, MINIMAL.replace("platforms:\n", "platforms:\n  market: {price_table: prices.csv}\n"))
    assert "prices.csv: 1 missing value" in caplog.text
