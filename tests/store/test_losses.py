"""Nested loss-years in the store: written once for each run of a strategy, read back as drawn, replayed bit for bit."""

import dataclasses
import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from analysis.cli import main
from analysis.tables import read_study
from model.inputs import replace_inputs
from model.model import CollaborationModel
from model.risk import nested_cvar
from scenarios.batch import run_study
from scenarios.spec import load_study
from scenarios.store import Reader, Records, Store
from scenarios.store.losses import loss_hash, pack_losses, unpack_losses

STUDY = """
title: A works shares its plan
goals:
  question: What does the risk cost?
  outcomes: [real_cost, party_cost]
  baseline: none
platforms:
  calendar: {days: 3, burn_in: 2}
  incidents: {loss_years: 4000}
  privacy: {fine_probability: 50 %}
  firms:
    steel:
      type: manufacturer
      utility: power
      metered_alone: true
      process: {kind: batch}
    power: {type: utility}
strategies:
  none: {title: Nothing, description: Nothing is shared}
  raw:
    title: Plan
    description: The plan is shared
    contracts:
      plan: {provider: steel, partner: power, breach_rate: 0.3 1/yr}
  twin:
    title: The same plan
    description: The plan is shared again
    contracts:
      plan: {provider: steel, partner: power, breach_rate: 0.3 1/yr}
evaluate:
  outcomes: [real_cost, party_cost]
  break_even:
    - strategy: raw
      parameter: contracts.plan.breach_rate
      values: [0.1, 0.5]
      outcome: real_cost
      replications: 2
run: {seed: 11, replications: 3}
"""


def call(*arguments: str, code: int = 0) -> None:
    """Run the command line."""
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    assert (ended.value.code or 0) == code


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the study, run through the command line."""
    place = tmp_path_factory.mktemp("losses")
    (place / "tiny.yaml").write_text(STUDY)
    call("run", str(place / "tiny.yaml"), "--db", str(place / "l.db"), "--workers", "1", "--quiet")
    return place


def ask(db: Path, query: str, *values: object) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(db)
    try:
        with connection:
            return connection.execute(query, values).fetchall()
    finally:
        connection.close()


def drawn(folder: Path, strategy: str, replication: int) -> dict[str, np.ndarray]:
    """Return the loss-years of a run as a model draws them."""
    model = CollaborationModel(
        load_study(str(folder / "tiny.yaml")).strategies[strategy], rng=11, replication=replication
    )
    model.run_to_end()
    return model.loss_years()


def test_the_store_holds_the_years_that_the_model_draws(folder: Path) -> None:
    with Reader(str(folder / "l.db")) as store:
        samples = read_study(store, "tiny").loss_years
    assert {strategy for strategy, _ in samples} == {"raw", "twin"}
    expected = drawn(folder, "raw", 2)
    assert set(expected) == {name for strategy, name in samples if strategy == "raw"} == {"", "steel", "fine/power"}
    for name, years in expected.items():
        got = samples["raw", name]
        assert got.replications.tolist() == [0, 1, 2]
        np.testing.assert_array_equal(got.table(np.array([2]))[0], years.astype(np.float32))
        assert got.table(np.array([0])).any()


def test_only_strategies_keep_their_losses_and_twins_share_them(folder: Path) -> None:
    kept = ask(
        folder / "l.db",
        "select strategy.name, strategy.part, count(*), max(length(payload)) from run join strategy on strategy.id = "
        "strategy_id join run_loss on run_loss.run_id = run.id group by strategy.name, strategy.part order by 1",
    )
    assert [row[:3] for row in kept] == [("none", "", 3), ("raw", "", 3)]
    assert all(row[3] < 4000 * 8 for row in kept)  # 30 % of 4000 years have a breach
    points = ask(
        folder / "l.db", "select count(*) from run join strategy on strategy.id = strategy_id where part != ''"
    )
    assert points == [(8,)]  # two values under strategy and baseline, twice


def test_compare_shows_the_tail_of_stored_years(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    call("compare", str(folder / "tiny.yaml"), "--db", str(folder / "l.db"), "--json")
    tree = json.loads(capsys.readouterr().out)
    tails = {(row["strategy"], row["party"]): row for row in tree["tail"]}
    with Reader(str(folder / "l.db")) as store:
        tables = read_study(store, "tiny")
    costs = tables.metrics.query("strategy == 'raw' and outcome == 'party_cost' and party == 'steel'")["value"]
    flows = tables.transfers.query("strategy == 'raw' and payer == 'steel' and kind == 'breach'")["value"]
    years = np.stack([drawn(folder, "raw", r)["steel"] for r in range(3)])
    expected = nested_cvar(costs.to_numpy() - flows.to_numpy(), years)
    tail = tails["raw", "steel"]
    assert [tail["cvar95"], tail["cvar95_error"]] == pytest.approx(list(expected), rel=1e-6)
    assert tail["expected_loss"] == pytest.approx(flows.mean())
    assert tail["years"] == 4000
    assert tail["capital_charge"] == pytest.approx(0.08 * tail["cvar_minus_mean"])
    assert tails["none", "steel"]["excess_difference"] == 0.0
    assert tails["twin", "power"]["loss_cvar95"] == tails["raw", "power"]["loss_cvar95"] > 0.0
    call("compare", "tiny", "--db", str(folder / "l.db"))
    assert "steel, EUR/yr" in capsys.readouterr().out


def test_a_study_that_is_answered_from_the_store_has_its_losses(folder: Path, tmp_path: Path) -> None:
    """Runs of points have no losses, so that only runs of strategies can stand in for those of a strategy."""
    study = load_study(str(folder / "tiny.yaml"))
    with Store(str(tmp_path / "l.db")) as store:
        assert run_study(study, store, workers=1, quiet=True).computed == 9 + 8
        again = dataclasses.replace(study, title="The same again")
        assert run_study(again, store, workers=1, quiet=True).computed == 0
        asked = dict(study.strategies) | {
            "risky": replace_inputs(study.strategies["raw"], {"contracts.plan.breach_rate": 0.5})
        }
        notes = dict(study.strategy_notes) | {"risky": study.strategy_notes["raw"]}
        wider = dataclasses.replace(study, strategies=asked, strategy_notes=notes)
        assert run_study(wider, store, workers=1, quiet=True).computed == 3
        samples = read_study(store, "tiny").loss_years
    assert samples["risky", "steel"].table(np.array([0, 1])).any()


def test_replay_draws_the_same_years_and_notices_changed_ones(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    call("replay", "tiny/raw/1", "--db", str(folder / "l.db"), "--json")
    tree = json.loads(capsys.readouterr().out)
    assert (tree["verdict"], tree["compared"]["losses"], tree["losses"]) == ("identical", 2, [])
    copy = tmp_path / "copy.db"
    copy.write_bytes((folder / "l.db").read_bytes())
    with Records(str(copy)) as store:
        (number,) = [one.id for one in store.all_runs() if one.label == "tiny/raw/1"]
        losses = store.run_losses(number)
    assert losses is not None
    year = int(np.flatnonzero(losses["steel"])[0])
    losses["steel"][year] += 1024.0
    ask(copy, "update run_loss set payload = ? where run_id = ?", pack_losses(losses), number)
    call("replay", str(number), "--db", str(copy), code=3)
    told = capsys.readouterr().out
    assert "losses steel: 1 years differ, by up to 1.02e+03 EUR" in told
    assert "values in the store were changed" in told


def test_a_pack_of_nothing_and_of_rare_years_comes_back() -> None:
    assert unpack_losses(pack_losses({})) == {}
    losses = {"a/b": np.zeros(7, np.float32), "": np.zeros(3, np.float32), "c": np.zeros(70_000, np.float32)}
    losses["c"][[0, 69_999]] = [1.5, np.float32(0.1)]
    back = unpack_losses(pack_losses(losses))
    assert list(back) == ["a/b", "", "c"]
    for name, years in losses.items():
        assert back[name].dtype == np.float32
        np.testing.assert_array_equal(back[name], years)
    assert loss_hash(back) == loss_hash(losses)
    losses["c"][5] = 1.0
    assert loss_hash(back) != loss_hash(losses)
