"""What is said of contracts on resources and technology that cannot work, and of endowments that cannot be used."""

import re
from pathlib import Path

import pytest

from model.errors import InputError
from model.model import CollaborationModel
from scenarios.spec import load_study

STUDY = """
title: A small park
goals: {question: Does it pay?, outcomes: [real_cost], baseline: none}
platforms:
  calendar: {days: 10 day, burn_in: 0 day}
  firms:
    dairy:
      type: manufacturer
      sector: food
      utility: power
      process: {kind: shaped}
      heat: {use: 0.1 MWh/unit, level: 90 degC}
    shop:
      type: manufacturer
      sector: metal
      process: {kind: none}
      demand: {mean: 10 unit/day}
      equipment: {kind: lathe, machines: 2, hours_per_unit: 2 h/unit}
    forge:
      type: manufacturer
      sector: metal
      utility: power
      process: {kind: shaped}
      demand: {mean: 10 unit/day}
      equipment: {kind: press, machines: 2, hours_per_unit: 2 h/unit}
      heat: {waste_share: 20 %, waste_level: 60 degC}
    power: {type: utility, sector: power}
  resource_platforms: {exchange: {}}
  technology_platforms: {circle: {}}
strategies:
  none: {title: Nothing}
  shared:
    title: Something
    contracts:
      one: {family: resource, platform: exchange, members: [MEMBERS], TERMS}
run: {seed: 1, replications: 1}
evaluate: {outcomes: [real_cost]}
"""


def faults(tmp_path: Path, members: str, terms: str, changed: tuple[str, str] = ("", "")) -> str:
    """Return what is said of the study with these members and terms, and one text of it changed."""
    text = STUDY.replace("MEMBERS", members).replace("TERMS", terms)
    path = tmp_path / "park.yaml"
    path.write_text(text.replace(*changed) if changed[0] else text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        load_study(str(path))
    return str(error.value)


@pytest.mark.parametrize(
    ("members", "terms", "said"),
    [
        (
            "dairy, shop",
            "mode: horizontal, resource: equipment",
            r"\.mode: horizontal, between the sectors food, metal",
        ),
        ("forge, shop", "mode: cross_sector, resource: equipment", r"\.mode: cross_sector, within the sector metal"),
        (
            "forge, shop",
            "mode: vertical, resource: equipment",
            r"\.mode: vertical, but forge neither supplies nor buys",
        ),
        ("forge, shop", "resource: equipment", r"no two members have equipment of one kind.*: lathe, press"),
        ("forge, shop", "resource: labour", r"forge has no workers, and no use for it"),
        ("forge, shop", "resource: station", r"nobody among the members has a servers|nobody among the members has"),
        ("dairy, forge", "mode: cross_sector, resource: heat", r"hot enough"),
        ("forge, shop", "resource: equipment, shares: {forge: 0.5, shop: 0.6}", r"the shares add up to 1\.1.*sum to 1"),
        (
            "forge, shop",
            "resource: equipment, shares: {forge: 0.5, shap: 0.5}",
            r"shap is no member.*did you mean shop",
        ),
        ("forge, shop", "resource: equipment, overstating: [fodge]", r"fodge is no member.*did you mean forge"),
        ("forge, shop", "resource: equipment, variant: poling", r"no such resource mechanism: 'poling'.*pooling"),
        ("forge, shep", "resource: equipment", r"no such firm: 'shep'.*did you mean shop"),
        ("forge, forge", "resource: equipment", r"forge is named twice"),
        ("forge", "resource: equipment", r"one firm alone shares with nobody"),
        ("", "resource: equipment", r"\.members: the contract has no members \(allowed: at least two firms\)$"),
        ("forge, shop", "resource: machines", r"'machines' is not allowed; did you mean equipment"),
        ("forge, shop", "resource: beds", r"'beds' is not allowed; did you mean station"),
    ],
)
def test_a_contract_that_cannot_work_is_told_why_and_where(tmp_path: Path, members: str, terms: str, said: str) -> None:
    message = faults(tmp_path, members, terms)
    assert re.search(said, message), message
    assert re.search(r"park\.yaml:\d+", message)


PACT = "one: {family: resource, platform: exchange, members: [MEMBERS], TERMS}"


def pact(tmp_path: Path, variant: str, members: str, *known: str) -> str:
    """Return what is said of a contract on technology where firms know what is given, as `firm.parameter: value`."""
    changes = "".join(f"\n      firms.{one}" for one in known)
    terms = (
        f"one: {{family: technology, platform: circle, mode: cross_sector, variant: {variant}, members: [{members}]}}"
    )
    text = STUDY.replace(PACT, f"{terms}\n    changes:{changes}")
    (tmp_path / "pact.yaml").write_text(text, encoding="utf-8")
    try:
        load_study(str(tmp_path / "pact.yaml"))
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("variant", ["exchange", "sharing"])
def test_who_neither_knows_nor_learns_anything_is_no_member(tmp_path: Path, variant: str) -> None:
    learning = "forge.technology.learning_rate: 10 %"
    said = pact(tmp_path, variant, "forge, power, dairy", learning)
    for name, k in (("power", 1), ("dairy", 2)):
        assert f"one.members.{k}: {name} has no know-how to show, and no use for that of others" in said
    assert "forge has" not in said
    teaching = ("power.technology.energy: 2.5", "dairy.technology.knowledge_spread: 1")
    assert pact(tmp_path, variant, "forge, power, dairy", learning, *teaching) == ""
    blank = pact(tmp_path, variant, "forge, power", learning, "power.technology.energy: 0")
    assert "power has no know-how to show" in blank


def test_results_of_research_are_of_use_in_a_pool_and_to_rivals_only(tmp_path: Path) -> None:
    known = ("forge.technology.learning_rate: 10 %", "dairy.technology.research_share: 1 %")
    assert pact(tmp_path, "sharing", "forge, dairy", *known) == ""
    assert pact(tmp_path, "cooperation", "forge, power, dairy", *known) == ""
    assert "dairy has no know-how" in pact(tmp_path, "exchange", "forge, dairy", *known)


def size(tmp_path: Path, terms: str, count: int = 1, site: str = "0 km") -> str:
    """Return what is said of a contract of the shop with so many forges, there, that have lathes and people too."""
    people = "labour: {general: 10, general_hours_per_unit: 1 h/unit}"
    text = STUDY.replace("press", "lathe").replace("MEMBERS", "shop, forge").replace("TERMS", terms)
    text = text.replace(
        "    forge:\n", f"    forge:\n      count: {count}\n      site: {{x: {site}}}\n      {people}\n"
    )
    text = text.replace("    shop:\n", f"    shop:\n      {people}\n")
    (tmp_path / "size.yaml").write_text(text, encoding="utf-8")
    try:
        load_study(str(tmp_path / "size.yaml"))
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(("resource", "variables"), [("equipment", 84), ("labour", 168)])
def test_a_programme_that_is_too_large_is_told_before_it_runs(tmp_path: Path, resource: str, variables: int) -> None:
    """Seven firms: 42 pairs, two tiers, one kind of machines or two skills."""
    terms = f"resource: {resource}, variant: allocation, largest_programme:"
    assert size(tmp_path, f"{terms} {variables}", 6) == ""
    said = size(tmp_path, f"{terms} {variables - 1}", 6)
    assert f"one.variant: allocation by a linear programme would take at least {variables} variables a day" in said
    assert "`variant: pooling`" in said
    assert size(tmp_path, f"resource: {resource}, variant: pooling, largest_programme: 1", 6) == ""


def test_only_pairs_within_reach_count(tmp_path: Path) -> None:
    assert "60 variables" in size(tmp_path, "variant: allocation, largest_programme: 59", 6, "90 km")
    assert size(tmp_path, "variant: allocation, largest_programme: 60", 6, "90 km") == ""


def test_more_pairs_than_can_be_listed_are_told_before_a_run(tmp_path: Path) -> None:
    said = size(tmp_path, "variant: allocation, largest_programme: 10000000", 2236)
    assert "one.reach: 5,004,169 pairs of members lie within 25 km of each other (at most 5,000,000: a shorter" in said
    assert "`variant: pooling`" in said
    for terms, count in (
        ("variant: leasing", 2236),
        ("variant: pooling", 2236),
        ("variant: leasing, offered: 0", 9999),
    ):
        assert size(tmp_path, terms, count) == ""


def test_the_size_that_is_told_is_that_of_the_programme(tmp_path: Path) -> None:
    """The mechanism itself counts as many variables as the check, so that neither refuses what the other accepts."""
    size(tmp_path, "variant: allocation, largest_programme: 84", 6)
    inputs = load_study(str(tmp_path / "size.yaml")).strategies["shared"]
    contract = CollaborationModel(inputs, rng=1).resources.contracts[0]
    assert type(contract.mechanism).programme_size(contract.session) == 84


FAR = ("type: manufacturer\n      sector: metal", "type: manufacturer\n      site: {x: 90 km}\n      sector: metal")


@pytest.mark.parametrize("variant", ["pooling", "leasing"])
def test_only_heat_is_said_to_be_not_hot_enough(tmp_path: Path, variant: str) -> None:
    text = STUDY.replace(FAR[0], FAR[1], 1).replace("press", "lathe").replace("MEMBERS", "shop, forge")
    path = tmp_path / "park.yaml"
    path.write_text(text.replace("TERMS", f"resource: equipment, variant: {variant}"), encoding="utf-8")
    with pytest.raises(InputError, match="no two members are near enough") as error:
        load_study(str(path))
    assert "hot" not in str(error.value)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (("machines: 2, hours_per_unit: 2 h/unit}\n    forge", "machines: 2}\n    forge"), r"no unit takes any time"),
        (("kind: lathe, machines: 2", "kind: lathe, machines: 0.5"), r"not a whole number"),
        (
            (
                "demand: {mean: 10 unit/day}\n      equipment: {kind: lathe",
                "demand: {mean: 90 unit/day}\n      equipment: {kind: lathe",
            ),
            r"takes 180 h a day, and 40 h are there",
        ),
    ],
)
def test_machines_that_cannot_be_used_are_told(tmp_path: Path, changed: tuple[str, str], said: str) -> None:
    message = faults(tmp_path, "forge, shop", "resource: equipment", changed)
    assert re.search(said, message), message


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    message = faults(tmp_path, "dairy, shep", "mode: horizontal, variant: poling, shares: {dairy: 2}, reach: 3 EUR")
    for said in ("shep", "poling", "reach", "shares"):
        assert said in message, message
