"""Sectors as plug-in files: what they say is what the tables say, and firms that are like them have it."""

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from model.errors import InputError
from model.inputs import ManufacturerInputs, ModelInputs
from model.model import CollaborationModel
from scenarios.cli_sectors import sectors_command
from scenarios.industries import BOILER, facts
from scenarios.spec import Study, load_study
from scenarios.spec_explain import explain
from scenarios.spec_sectors import known_sectors, read_sector, with_sectors
from scenarios.spec_tree import load

SECTORS = ("chemicals", "farm", "food", "hospital", "machinery", "metal-goods", "power", "steel")
SURVEYED = ("chemicals", "food", "machinery", "metal-goods", "steel")
"""Sectors whose industry the surveys of utilisation and energy cover."""
WORKSHOPS = ("chemicals", "food", "machinery", "metal-goods")
PARK = """\
goals: {question: Which firms are there?, outcomes: [real_cost], baseline: none}
platforms:
  calendar: {start: 2025-01-01, days: 200, burn_in: 30}
  firms:
    town: {like: power}
    steel: {like: steel, utility: town}
    chemicals: {like: chemicals, utility: town}
    food: {like: food, utility: town}
    metal-goods: {like: metal-goods, utility: town}
    machinery: {like: machinery, utility: town}
    hospital: {like: hospital, utility: town}
    farm: {like: farm, utility: town}
strategies: {none: {title: Nobody shares}}
run: {seed: 1, replications: 1}
evaluate: {outcomes: [real_cost]}
"""
SMALL = """\
goals: {question: Which firms are there?, outcomes: [real_cost], baseline: none}
platforms:
  calendar: {start: 2025-01-01, days: 10, burn_in: 10}
  firms:
    town: {type: utility}
    mill: {like: LIKE, utility: town}
strategies: {none: {title: Nobody shares}}
run: {seed: 1, replications: 1}
evaluate: {outcomes: [real_cost]}
"""
BAKERY = """\
title: Bakery
firm:
  type: manufacturer
  demand: {mean: 5 unit/day}
  process: {kind: shaped, mean_load: 0.2 MW}
"""


def study_of(folder: Path, text: str, **options: Any) -> Study:
    (folder / "mine.yaml").write_text(text, encoding="utf-8")
    return load_study(str(folder / "mine.yaml"), **options)


def makers_of(study: Study) -> dict[str, ManufacturerInputs]:
    return {firm.name: firm for firm in study.strategies["none"].manufacturers}


@pytest.fixture(scope="module")
def park(tmp_path_factory: pytest.TempPathFactory) -> ModelInputs:
    return study_of(tmp_path_factory.mktemp("park"), PARK).strategies["none"]


@pytest.fixture(scope="module")
def makers(park: ModelInputs) -> dict[str, ManufacturerInputs]:
    return {firm.name: firm for firm in park.manufacturers}


def faults_of(folder: Path, text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        study_of(folder, text)
    return [f"{fault.where.replace(str(folder), '')}: {fault.what}" for fault in caught.value.faults]


def own_sector(folder: Path, name: str, text: str) -> None:
    (folder / "sectors").mkdir(exist_ok=True)
    (folder / "sectors" / f"{name}.yaml").write_text(text, encoding="utf-8")


# --- the files that come with Tandem -----------------------------------------------------------------


@pytest.mark.parametrize("name", SECTORS)
def test_every_sector_file_is_sound_and_says_where_its_values_come_from(name: str) -> None:
    sector = read_sector(known_sectors()[name])
    assert sector.description
    assert sector.sources
    assert re.fullmatch(r"[\u4e00-\u9fff]+", sector.title_zh)
    # a number is from a source, or is marked an assumption: comments speak of every assumed price
    assert "assum" in sector.path.read_text(encoding="utf-8")


def test_these_are_all_sectors() -> None:
    assert tuple(sorted(known_sectors())) == SECTORS


def test_each_type_of_firm_has_a_sector(makers: dict[str, ManufacturerInputs], park: ModelInputs) -> None:
    assert {firm.type for firm in makers.values()} == {"manufacturer", "healthcare", "farm"}
    assert park.utilities[0].generation.blocks > 0


@pytest.mark.parametrize("name", WORKSHOPS)
def test_machines_at_mean_demand_are_used_as_in_the_industry(name: str, makers: dict[str, ManufacturerInputs]) -> None:
    firm, known = makers[name], facts(read_sector(known_sectors()[name]).industry)
    hours = firm.equipment.machines * firm.equipment.shift_hours
    assert firm.demand.mean * firm.equipment.hours_per_unit / hours == pytest.approx(known.utilisation, rel=0.005)
    assert firm.equipment.shift_hours == known.hours


def test_the_furnace_at_mean_demand_is_used_as_in_the_industry(makers: dict[str, ManufacturerInputs]) -> None:
    process = makers["steel"].process
    heats = makers["steel"].demand.mean / process.heat_output
    assert heats / process.capacity == pytest.approx(facts("331").utilisation, rel=0.02)


@pytest.mark.parametrize("name", SURVEYED)
def test_energy_over_revenue_is_the_industry_s(name: str, makers: dict[str, ManufacturerInputs]) -> None:
    firm, known = makers[name], facts(read_sector(known_sectors()[name]).industry)
    revenue, process = firm.demand.mean * firm.process.unit_price, firm.process
    load = process.mean_load
    if process.kind == "batch":
        melting = firm.demand.mean / process.heat_output * process.heat_energy
        load = melting / 24 + process.mill + process.auxiliary
    # an arc furnace's own figure is published, and a little above the mean of primary metals
    assert load * 24_000 / revenue == pytest.approx(known.electricity, rel=0.08 if name == "steel" else 0.01)
    assert firm.heat.use * 1000 / process.unit_price == pytest.approx(known.heat, rel=0.01)
    assert firm.heat.space * 24_000 / revenue == pytest.approx(known.space_heat, rel=0.05)


@pytest.mark.parametrize("name", [name for name in SECTORS if name != "power"])
def test_knowledge_follows_from_the_inputs_of_the_industry(name: str, makers: dict[str, ManufacturerInputs]) -> None:
    technology = makers[name].technology
    for area, level in facts(read_sector(known_sectors()[name]).industry).knowledge.items():
        assert getattr(technology, area) == level, area


def test_knowledge_of_farms_by_hand() -> None:
    """Farms buy most from farms; an area as large as half of that has half of the four doublings."""
    table = json.loads(files("model").joinpath("data", "input_output_us.json").read_text(encoding="utf-8"))
    inputs = dict(zip(table["sectors"], table["industries"]["111CA"]["inputs"], strict=True))
    raw = inputs["11_agriculture"] + inputs["21_mining"]
    makes = inputs["31D_durable_mfg"] + inputs["31N_nondurable_mfg"]
    assert facts("111CA").knowledge["raw_materials"] == 4.0
    assert facts("111CA").knowledge["processing"] == pytest.approx(4.0 * makes / raw, abs=0.005)


def test_heat_is_the_fuel_of_boilers_and_process_heating_through_a_boiler() -> None:
    table = json.loads(files("model").joinpath("data", "energy_use_us.json").read_text(encoding="utf-8"))
    food = table["industries"]["311FT"]
    shares = food["fuel_shares"]
    fuel = food["fuel_kwh_usd"] * (shares["process_heating"] + shares["boilers"])
    assert facts("311FT").heat == pytest.approx(fuel * BOILER)
    assert ManufacturerInputs(name="any").heat.efficiency == BOILER


def test_learning_is_the_median_of_the_table(makers: dict[str, ManufacturerInputs]) -> None:
    table = json.loads(files("model").joinpath("data", "learning_rates.json").read_text(encoding="utf-8"))
    rates = {name: firm.technology.learning_rate for name, firm in makers.items() if name != "hospital"}
    assert list(rates.values()) == pytest.approx([table["all"]["p50"]] * 6, abs=0.0005)
    assert makers["hospital"].technology.learning_rate == 0.0


def test_crews_are_four_fifths_busy(makers: dict[str, ManufacturerInputs]) -> None:
    crews = [firm for firm in makers.values() if firm.labour.skilled]
    assert len(crews) == 6
    for firm in crews:
        labour = firm.labour
        present = labour.hours * (1 - labour.absence)
        skilled = firm.demand.mean * labour.skilled_hours_per_unit / (labour.skilled * present)
        general = firm.demand.mean * labour.general_hours_per_unit / (labour.general * present)
        assert (skilled, general) == pytest.approx((0.8, 0.8), rel=0.005), firm.name


def test_healthcare_records_are_the_most_sensitive(makers: dict[str, ManufacturerInputs]) -> None:
    assert makers["hospital"].records.sensitivity == pytest.approx(9.77 / 5.56, abs=0.05)
    assert max(makers.values(), key=lambda firm: firm.records.sensitivity).name == "hospital"


def test_what_one_sector_leaves_another_takes(makers: dict[str, ManufacturerInputs]) -> None:
    left = {firm.by_product.makes for firm in makers.values()} - {""}
    assert {firm.by_product.takes for firm in makers.values()} - {""} <= left
    # the farm's greenhouses can use the heat that the food plant's cooling gives off
    assert makers["food"].heat.waste_level >= makers["farm"].heat.level


def test_simulated_firms_use_their_machines_as_the_industry_does(park: ModelInputs) -> None:
    """Over half a year, failures, absences and waves of orders included: within a standard deviation of the survey."""
    model = CollaborationModel(park, rng=1)
    model.run_for(park.calendar.burn_in + park.calendar.days)
    outcomes = model.outcomes()
    for name in WORKSHOPS:
        known = facts(read_sector(known_sectors()[name]).industry)
        assert known.utilisation_sd is not None
        assert outcomes["machine_utilisation", name] == pytest.approx(known.utilisation, abs=known.utilisation_sd), name
    assert outcomes["utilisation", "steel"] == pytest.approx(facts("331").utilisation, abs=0.0775)
    for name in (*WORKSHOPS, "farm"):
        assert outcomes["fill_rate", name] > 0.85, name


# --- firms that are like a sector --------------------------------------------------------------------


def test_a_firm_has_the_sector_s_values_where_it_is_silent(tmp_path: Path) -> None:
    mill = "mill: {like: food, sector: dairy, utility: town, demand: {mean: 60 unit/day}, heat: {level: 75 degC}"
    study = study_of(tmp_path, SMALL.replace("mill: {like: LIKE, utility: town", mill))
    mine, plain = makers_of(study)["mill"], makers_of(study_of(tmp_path, SMALL.replace("LIKE", "food")))["mill"]
    assert (mine.sector, plain.sector) == ("dairy", "food")
    assert (mine.demand.mean, mine.heat.level) == (60.0, 75.0)
    assert mine.demand.variation == plain.demand.variation == 0.12
    assert mine.heat.use == plain.heat.use > 0.0
    assert mine.equipment == plain.equipment


def test_explain_names_the_line_of_the_sector_file(tmp_path: Path) -> None:
    rows = {row.key: row for row in explain(study_of(tmp_path, SMALL.replace("LIKE", "food")))}
    row = rows["firms.mill.heat.waste_level"]
    assert (row.file, row.value, row.is_default) == ("scenarios/sectors/food.yaml", 50.0, False)
    text = known_sectors()["food"].read_text(encoding="utf-8").splitlines()
    assert text[row.line - 1].strip().startswith("waste_level: 50 degC")
    assert Path(rows["firms.mill.sector"].file).name == "mine.yaml"


def test_a_sector_of_ones_own_is_found_before_tandem_s(tmp_path: Path) -> None:
    own_sector(tmp_path, "food", BAKERY)
    own_sector(tmp_path, "bakery", BAKERY.replace("5 unit", "7 unit"))
    text = SMALL.replace("LIKE", "food").replace("    mill:", "    oven: {like: bakery}\n    mill:")
    firms = makers_of(study_of(tmp_path, text))
    assert (firms["mill"].demand.mean, firms["oven"].demand.mean) == (5.0, 7.0)
    # what another file calls food is what stands beside that file
    (tmp_path / "deeper").mkdir()
    own_sector(tmp_path / "deeper", "food", BAKERY.replace("5 unit", "9 unit"))
    assert makers_of(study_of(tmp_path / "deeper", SMALL.replace("LIKE", "food")))["mill"].demand.mean == 9.0


def test_like_may_come_from_the_command_line_or_an_override(tmp_path: Path) -> None:
    text = SMALL.replace("LIKE", "food") + "overrides: {heavy: {platforms.firms.mill.like: machinery}}\n"
    assert makers_of(study_of(tmp_path, text))["mill"].sector == "food"
    assert makers_of(study_of(tmp_path, text, overrides=["heavy"]))["mill"].sector == "machinery"
    assert makers_of(study_of(tmp_path, text, sets=["firms.mill.like=chemicals"]))["mill"].sector == "chemicals"
    with pytest.raises(InputError, match="no such sector: 'chemicls'"):
        study_of(tmp_path, text, sets=["firms.mill.like=chemicls"])


def test_a_study_that_names_no_sector_file_is_left_alone() -> None:
    """`sector: steel` stays the free word that it was: no file is read for it."""
    forest = load("steel-and-power")
    assert forest.tree is not None
    found: list[Any] = []
    assert with_sectors(forest.tree, forest.path, found) is forest.tree
    assert not found


# --- what is wrong, and where ------------------------------------------------------------------------


def test_an_unknown_sector_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        study_of(tmp_path, SMALL.replace("LIKE", "fod"))
    (fault,) = caught.value.faults
    assert fault.where.endswith("mine.yaml:6:18")
    assert fault.what == "firms.mill.like: no such sector: 'fod'"
    assert fault.allowed.startswith("did you mean food? known: chemicals, farm, food,")


@pytest.mark.parametrize(
    ("mill", "fault"),
    [
        ("like: 3", "mine.yaml:6:18: firms.mill.like is not the name of a sector"),
        ("like: ../food", "mine.yaml:6:18: firms.mill.like: no such sector: '../food'"),
        ("like: food, type: farm", "mine.yaml:6:30: firms.mill.type: 'farm', but sector food is of type manufacturer"),
        ("like: food, heat: {use: lots}", "mine.yaml:6:36: firms.mill.heat.use: 'lots' is not a number, nor a number"),
        ("like: food, data: [plann]", "mine.yaml:6:30: firms.mill.data: no such data asset: 'plann'"),
    ],
)
def test_a_firm_that_does_not_fit_its_sector_is_one_fault(tmp_path: Path, mill: str, fault: str) -> None:
    (said,) = faults_of(tmp_path, SMALL.replace("like: LIKE", mill))
    assert said.lstrip("/").startswith(fault)


def test_a_strategy_cannot_change_a_sector(tmp_path: Path) -> None:
    text = SMALL.replace("LIKE", "food").replace(
        "{title: Nobody shares}", "{title: x, changes: {firms.mill.like: farm}}"
    )
    (said,) = faults_of(tmp_path, text)
    assert said.endswith("firms.mill.like is set by a strategy")


def test_a_contract_cannot_share_data_that_the_sector_lacks(tmp_path: Path) -> None:
    contract = "{title: x, contracts: {p: {provider: mill, partner: town, asset: log}}}"
    (said,) = faults_of(tmp_path, SMALL.replace("LIKE", "food").replace("{title: Nobody shares}", contract))
    assert said.endswith("contracts.p.asset: mill has no data asset log")


def test_faults_of_a_sector_file_name_its_lines(tmp_path: Path) -> None:
    own_sector(
        tmp_path,
        "bad",
        "titel: Bad\nindustry: 33\nresources: [heat, labour]\nfirm:\n  type: farm\n  heat: {use: 3 t/unit}\n  hat: 3\n",
    )
    assert faults_of(tmp_path, SMALL.replace("LIKE", "bad")) == [
        "/sectors/bad.yaml:1:1: unknown key 'titel'",
        "/sectors/bad.yaml:1:1: key 'title' is missing",
        "/sectors/bad.yaml:2:11: no such industry: '33'",
        "/sectors/bad.yaml:3:19: resources: firm declares no labour",
        "/sectors/bad.yaml:6:15: firms.mill.heat.use: '3 t/unit': t/unit cannot be converted to MWh/unit",
        "/sectors/bad.yaml:7:3: unknown key 'hat' in firms.mill",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[1, 2]", ":1:1: the file is not a section"),
        ("title: x", ":1:1: a sector file needs a section 'firm'"),
        ("title: x\nfirm: 3", ":2:7: a sector file needs a section 'firm'"),
        ("title: x\nfirm: {demand: {mean: 3}}", ":2:1: key 'type' is missing in firm"),
        ("title: x\nfirm: {type: farm, like: food}", ":2:20: a sector file is like no other"),
        ("", ":1:1: the file is empty"),
        ('title: "x', "not YAML"),
        ("title: x\nfirm: {type: farm, data: [plan, 3]}", ":2:33: firm.data: 3 is not text"),
    ],
)
def test_a_sector_file_is_checked_alone(tmp_path: Path, text: str, fault: str) -> None:
    own_sector(tmp_path, "own", text)
    with pytest.raises(InputError) as caught:
        read_sector(tmp_path / "sectors" / "own.yaml")
    assert any(fault in f"{one.where}: {one.what}" for one in caught.value.faults), caught.value.faults


def test_a_changed_sector_file_is_read_anew(tmp_path: Path) -> None:
    own_sector(tmp_path, "bakery", BAKERY)
    assert makers_of(study_of(tmp_path, SMALL.replace("LIKE", "bakery")))["mill"].demand.mean == 5.0
    own_sector(tmp_path, "bakery", BAKERY.replace("5 unit", "11 unit"))
    assert makers_of(study_of(tmp_path, SMALL.replace("LIKE", "bakery")))["mill"].demand.mean == 11.0


# --- the command -------------------------------------------------------------------------------------


def run(*arguments: str) -> str:
    result = CliRunner().invoke(sectors_command, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_the_command_lists_sectors_with_type_resources_and_data() -> None:
    rows = {row["name"]: row for row in json.loads(run("--json"))}
    assert tuple(rows) == SECTORS
    hospital = rows["hospital"]
    assert (hospital["kind"], hospital["title_zh"], hospital["path"]) == (
        "healthcare",
        "医院",
        "scenarios/sectors/hospital.yaml",
    )
    assert hospital["resources"] == ["equipment", "labour", "station", "heat"]
    assert rows["food"]["inputs"]["11_agriculture"] == pytest.approx(0.246, abs=0.001)
    assert run().count("resources:") == len(SECTORS)


def test_the_command_shows_one_sector_and_one_industry() -> None:
    shown = run("farm")
    assert "farm: Farm with greenhouses 农场 (farm)" in shown
    assert "knowledge: {raw_materials: 4, energy: 0.22" in shown
    assert "utilisation: 0.558" in run("--industry", "327")
    assert json.loads(run("--industry", "327", "--json"))["hours"] == 9.6
    for arguments in (["fod"], ["--industry", "32"]):
        with pytest.raises(InputError, match="no such"):
            CliRunner().invoke(sectors_command, arguments, catch_exceptions=False)
