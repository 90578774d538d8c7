"""The economy as a graph, and the file that the command line writes of it."""

import dataclasses
from pathlib import Path

import networkx
import pytest

from analysis.cli import main
from model.inputs import (
    DataContract,
    DataPlatformInputs,
    Demand,
    Equipment,
    ManufacturerInputs,
    ModelInputs,
    Process,
    ResourceContract,
    ResourcePlatformInputs,
    Site,
    Technology,
    TechnologyContract,
    TechnologyPlatformInputs,
    UtilityInputs,
)
from model.model import CollaborationModel, reference_inputs
from model.network import network_of
from scenarios.spec import load_study


def maker(name: str, **changes: object) -> ManufacturerInputs:
    about = {"demand": Demand(mean=10.0), "process": Process(kind="none"), "sector": "metal", "utility": "power"}
    return ManufacturerInputs(name=name, **{**about, **changes})  # type: ignore[arg-type]


def park() -> ModelInputs:
    machines = Equipment(machines=2, hours_per_unit=1.0)
    learning = Technology(learning_rate=0.1)
    return ModelInputs(
        name="park",
        manufacturers=(
            maker("mill", site=Site(x=3.0, y=-1.0), equipment=machines, technology=learning),
            maker("press", count=2, supplier="mill", utility="", equipment=machines, technology=learning),
        ),
        utilities=(UtilityInputs(name="power"),),
        data_platforms=(DataPlatformInputs(name="hub"),),
        resource_platforms=(ResourcePlatformInputs(name="exchange"),),
        technology_platforms=(TechnologyPlatformInputs(name="club"),),
        contracts=(DataContract(name="orders", provider="customers", partner="press", asset="orders"),),
        resource_contracts=(ResourceContract(name="hours", platform="exchange", members=("mill", "press")),),
        technology_contracts=(TechnologyContract(name="know-how", platform="club", members=("mill", "press")),),
    )


def links(graph: "networkx.MultiDiGraph[str]", family: str) -> set[tuple[str, str, str]]:
    return {(a, b, key) for a, b, key, about in graph.edges(keys=True, data=True) if about["family"] == family}


def test_firms_and_platforms_are_nodes_with_what_is_declared_of_them() -> None:
    graph = network_of(park())
    assert list(graph) == ["mill", "press 1", "press 2", "power", "hub", "exchange", "club", "customers"]
    assert graph.nodes["mill"] == {"type": "manufacturer", "sector": "metal", "group": "mill", "x": 3.0, "y": -1.0}
    assert graph.nodes["press 2"]["group"] == "press"
    assert {graph.nodes[name]["type"] for name in ("power", "hub", "exchange", "club", "customers")} == {
        "utility", "data_platform", "resource_platform", "technology_platform", "outside",
    }  # fmt: skip


def test_links_lead_from_who_gives_to_who_gets() -> None:
    graph = network_of(park())
    assert links(graph, "goods") == {("mill", "press 1", "goods"), ("mill", "press 2", "goods")}
    assert links(graph, "electricity") == {("power", "mill", "electricity")}
    assert links(graph, "data") == {("customers", "press 1", "orders"), ("customers", "press 2", "orders")}
    for family, hub, key in (("resource", "exchange", "hours"), ("technology", "club", "know-how")):
        members = ("mill", "press 1", "press 2")
        assert links(graph, family) == {(m, hub, key) for m in members} | {(hub, m, key) for m in members}
    assert graph.edges["mill", "exchange", "hours"]["what"] == "equipment"
    assert graph.size() == 2 + 1 + 2 + 6 + 6


def test_sharers_who_exchange_are_linked_with_each_other() -> None:
    both = DataContract(name="plans", provider="left", members=("right",), partner="power", exchange="mutual")
    works = reference_inputs().manufacturers[0]
    firms = tuple(dataclasses.replace(works, name=name) for name in ("left", "right"))
    graph = network_of(ModelInputs(manufacturers=firms, utilities=(UtilityInputs(name="power"),), contracts=(both,)))
    pairs = (("left", "power"), ("right", "power"), ("left", "right"), ("right", "left"))
    assert links(graph, "data") == {(a, b, "plans") for a, b in pairs}


def test_records_pass_the_platform_of_their_contract() -> None:
    study = load_study("steel-and-power")
    graph = network_of(study.strategies["hub"])
    assert graph.has_edge("steel", "hub")
    assert graph.has_edge("hub", "power")
    assert not links(graph, "data") & {("steel", "power", key) for key in ("plan", "small-plans")}


def test_a_model_gives_the_graph_of_its_inputs_and_analysis_takes_it() -> None:
    graph = CollaborationModel(reference_inputs(shared=True)).to_networkx()
    assert graph.number_of_nodes() == 26
    assert graph.out_degree("power") == 25
    assert networkx.is_weakly_connected(graph)
    assert graph.edges["steel", "power", "plan"] == {"family": "data", "variant": "raw", "what": "plan"}


def test_the_command_line_writes_one_strategy_as_graphml(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "steel.graphml"
    with pytest.raises(SystemExit) as ended:
        main(["show", "steel-and-power", "--graph", str(file), "--strategy", "raw"])
    assert ended.value.code == 0
    said = capsys.readouterr()
    assert not said.out
    assert said.err.startswith(f"wrote {file}: ")
    graph = networkx.read_graphml(file, force_multigraph=True)
    found = [about for a, b, about in graph.edges(data=True) if (a, b) == ("steel", "power")]
    assert [(about["link"], about["what"]) for about in found] == [("plan", "plan")]
    assert graph.nodes["steel"]["sector"] == "steel"


@pytest.mark.parametrize(
    ("file", "strategy", "words"),
    [("a.graphml", "raws", "did you mean raw?"), ("none/a.graphml", "raw", "cannot be written: No such file")],
)
def test_a_graph_that_cannot_be_written_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str, strategy: str, words: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["show", "steel-and-power", "--graph", str(tmp_path / file), "--strategy", strategy])
    assert ended.value.code == 2
    assert words in capsys.readouterr().err
