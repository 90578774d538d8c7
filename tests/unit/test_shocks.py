"""Declared shocks: they hit whom they name, for as long as they last, and every strategy alike."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.errors import InputError
from model.inputs import (
    Demand,
    Equipment,
    Labour,
    ManufacturerInputs,
    ModelInputs,
    Ordering,
    Period,
    Process,
    Shock,
    replace_inputs,
)
from model.model import CollaborationModel
from scenarios.spec import load_study
from scenarios.spec_explain import as_yaml, resolved

SCENARIO = """\
extends: steel-and-power
platforms:
  shocks:
    slump: {what: demand, firms: [steel], date: 2025-03-01, days: 60, size: -40 %}
strategies:
  milder:
    title: A milder slump
    changes: {shocks.slump.size: -20 %}
"""


def maker(name: str, count: int = 1, **parts: Any) -> ManufacturerInputs:
    return ManufacturerInputs(
        name=name,
        count=count,
        demand=Demand(mean=100.0, variation=0.0, season=0.0),
        ordering=Ordering(lead_time=2),
        process=Process(kind="none", unit_cost=0.0),
        **parts,
    )


def economy(*shocks: Shock, days: int = 10) -> ModelInputs:
    """Return two works with ten machines of 16 hours and crews of 20 who work 8 hours, and one without either."""
    machines = Equipment(machines=10, hours_per_unit=1.0, failure_rate=0.0)
    crew = Labour(skilled=20, hours=8.0, skilled_hours_per_unit=1.0, absence=0.05, absence_spread=0.0)
    firms = (maker("works", count=2, equipment=machines, labour=crew), maker("shop"))
    return ModelInputs(calendar=Period(start="2025-03-04", days=days, burn_in=2), manufacturers=firms, shocks=shocks)


def by_day(inputs: ModelInputs, what: str) -> np.ndarray[Any, Any]:
    """Return mean demand of all, or machine-hours or crew at hand of the works, shape (day, firm)."""
    model, found = CollaborationModel(inputs, rng=1), []
    for _ in range(model.futures.calendar.days):
        model.step()
        shops = model.workshops
        values = {"demand": model.live.demand_mean, "machines": shops.own[0], "absence": shops.absence}[what]
        found.append(values.copy())
    return np.array(found)


def test_demand_changes_for_its_days_and_returns() -> None:
    slump = Shock(name="slump", firms=("works",), date="2025-03-06", days=3, size=-0.4)
    found = by_day(economy(slump), "demand")
    assert found[:, 2].tolist() == [100.0] * 12
    assert found[:, 0].tolist() == [100.0] * 4 + [60.0] * 3 + [100.0] * 5
    assert found[:, 1].tolist() == found[:, 0].tolist()


def test_machines_that_are_hit_stand_still_for_its_days() -> None:
    flood = Shock(name="flood", firms=("works",), what="machines", date="2025-03-06", days=3, size=0.25)
    found = by_day(economy(flood), "machines")
    assert found[:, 0].tolist() == [160.0] * 4 + [160.0 - 3 * 16.0] * 3 + [160.0] * 5


def test_people_are_absent_for_its_days() -> None:
    flu = Shock(name="flu", firms=("works",), what="absence", date="2025-03-06", days=3, size=0.3)
    found = by_day(economy(flu), "absence")
    assert found[:, 0] == pytest.approx(np.array([0.05] * 4 + [0.35] * 3 + [0.05] * 5))


def test_shocks_add_up_and_may_outlast_the_run() -> None:
    first = Shock(name="first", firms=("shop",), date="2025-03-02", days=5, size=0.5)
    second = Shock(name="second", firms=("shop",), date="2025-03-04", days=3000, size=-0.5)
    found = by_day(economy(first, second, days=7), "demand")
    assert found[:, 2].tolist() == [150.0] * 2 + [75.0] * 3 + [25.0] * 4


def test_a_copy_ends_its_shock_for_itself() -> None:
    slump = Shock(name="slump", firms=("shop",), date="2025-03-04", days=3, size=-0.4)
    model = CollaborationModel(economy(slump), rng=1)
    model.run_for(4)
    twin = copy.deepcopy(model)
    model.run_to_end()
    assert twin.live.demand_mean[2] == 60.0
    twin.run_to_end()
    assert twin.live.net_stock.tobytes() == model.live.net_stock.tobytes()
    assert twin.live.demand_mean[2] == 100.0


@pytest.mark.parametrize(
    ("shock", "words"),
    [
        ({"firms": ("work",)}, "shocks.s.firms.0: no such firm that makes something: 'work' (did you mean works?)"),
        ({"firms": ()}, "shocks.s.firms: the shock hits nobody"),
        ({"firms": ("shop", "shop")}, "shocks.s.firms.1: shop is named twice"),
        ({"what": "machines", "size": 0.1}, "shocks.s.firms.0: shop declares no machines (equipment.machines)"),
        ({"what": "absence", "size": 0.1}, "shocks.s.firms.0: shop declares no crew (labour.skilled, labour.general)"),
        (
            {"what": "machines", "firms": ("works",)},
            "shocks.s.size: -0.3 is no part of the machines (needed: the part that is missing, from 0 to 1; the",
        ),
        (
            {"what": "absence", "firms": ("works",), "size": 1.5},
            "shocks.s.size: 1.5 is no part of the crew (needed: the part that is missing, from 0 to 1)",
        ),
        ({"date": "2025-03-14"}, "shocks.s.date: 2025-03-14 is no day of the run (allowed: 2025-03-02 to 2025-03-13)"),
        ({"date": "soon"}, "shocks.s.date: 'soon' is not a date (allowed: YYYY-MM-DD)"),
        ({"what": "locusts"}, "shocks.s.what: 'locusts' is not allowed"),
        ({"days": 0}, "shocks.s.days: 0 is out of range"),
    ],
)
def test_shocks_that_cannot_be_are_refused(shock: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        economy(Shock(**{"name": "s", "firms": ("shop",), "date": "2025-03-04", **shock}))
    assert words in str(caught.value)


def test_a_scenario_declares_shocks_that_strategies_may_change(tmp_path: Path) -> None:
    (tmp_path / "slump.yaml").write_text(SCENARIO, encoding="utf-8")
    study = load_study(str(tmp_path / "slump.yaml"))
    assert study.strategies["none"].shocks == (
        Shock(name="slump", firms=("steel",), date="2025-03-01", days=60, size=-0.4),
    )
    assert study.strategies["milder"].shocks[0].size == -0.2
    assert replace_inputs(study.strategies["none"], {"shocks.slump.days": 5}).shocks[0].days == 5
    (tmp_path / "again.yaml").write_text(as_yaml(resolved(study)), encoding="utf-8")
    again = load_study(str(tmp_path / "again.yaml"))
    assert {n: i.shocks for n, i in again.strategies.items()} == {n: i.shocks for n, i in study.strategies.items()}
    text = SCENARIO.replace("[steel]", "[stel]").replace("2025-03-01", "2026-03-01").replace("what", "wat")
    (tmp_path / "slump.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_study(str(tmp_path / "slump.yaml"))
    said = "\n".join(str(fault) for fault in caught.value.faults)
    assert "slump.yaml:4:13: unknown key 'wat' in shocks.slump (did you mean what?" in said
