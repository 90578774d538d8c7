"""Plan contracts at work, by hand: cells, what is released and revealed, and how a correction is divided."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from model.errors import InputError
from model.inputs import DataContract, Period
from model.mechanisms.plans import divide_correction, release_plans
from model.mechanisms.privacy import sensitivity_of
from model.model import CollaborationModel
from model.plans import PlanContract, cells_of
from model.streams import entity_id, normal, stream_key, uniform
from tests.unit.works import economy, plan

KEY = stream_key(1, 0, "grouping")


def cells(size: list[float], **terms: Any) -> list[int]:
    contract = DataContract(name="plans", provider="a", partner="b", **terms)
    entities = np.array([entity_id(f"works {k}") for k in range(len(size))])
    return cells_of(contract, np.array(size), KEY, entities).tolist()


def test_a_sharer_is_a_cell_by_itself() -> None:
    assert cells([3.0, 1.0, 2.0]) == [0, 1, 2]
    assert cells([3.0, 1.0, 2.0], variant="anonymised") == [0, 1, 2]


@pytest.mark.parametrize("terms", [{"variant": "encrypted"}, {"variant": "anonymised", "release": "sum"}])
def test_a_sum_has_everybody_in_one_cell(terms: dict[str, Any]) -> None:
    assert cells([3.0, 1.0, 2.0], **terms) == [0, 0, 0]


def test_groups_unite_neighbours_in_size_and_the_rest_joins_the_largest() -> None:
    # Sizes in order: 1, 2 | 4, 7, 9: the fifth finds no partner and joins the last group.
    assert cells([9.0, 1.0, 7.0, 2.0, 4.0], variant="anonymised", k=2) == [1, 0, 1, 0, 1]


def test_groups_by_lot_follow_each_firms_own_draw() -> None:
    sizes = [9.0, 1.0, 7.0, 2.0]
    draws = [uniform(KEY, entity_id(f"works {k}"), 0, 0) for k in range(4)]
    ranks = [sorted(draws).index(draw) for draw in draws]
    assert cells(sizes, variant="anonymised", k=2, grouping="random") == [rank // 2 for rank in ranks]


def test_a_correction_is_divided_by_the_variance_of_errors() -> None:
    baseline = np.array([np.full(24, 10.0), np.full(24, 20.0), np.full(24, 30.0)])
    forecast = np.zeros((3, 24))
    alone, spread = np.array([2, 0]), np.array([1.0, 3.0])
    divide_correction(np.full(24, 8.0), np.array([0, 1]), alone, spread, baseline, forecast)
    assert forecast[2].tolist() == [32.0] * 24  # sharer 0 is customer 2: a quarter of 8 MW
    assert forecast[0].tolist() == [16.0] * 24  # sharer 1 is customer 0: three quarters
    assert forecast[1].tolist() == [0.0] * 24  # customer 1 is no member


def released(values: list[list[float]], cell: list[int], noise_sd: float, resolution: int, day: int) -> tuple[Any, Any]:
    """Return what cells of 100 MW release, and the moments counted where plans are 7 MW and forecasts 5 MW."""
    sharers, cells = len(cell), max(cell) + 1
    moments, out = np.zeros((sharers, 6)), np.zeros((cells, 24))
    release_plans(
        day, 77, resolution, True, np.array(cell), np.array(values), stream_key(1, 0, "plan_noise"), noise_sd,
        stream_key(1, 0, "privacy_noise"), False, 0.0, np.full(cells, 100.0), np.full((sharers, 96), 7.0),
        np.arange(sharers), np.full((sharers, 24), 5.0), np.arange(sharers), moments, out,
    )  # fmt: skip
    return out, moments


def test_a_cell_releases_the_sum_of_its_records_within_its_limit() -> None:
    values = [[10.0] * 24, [20.0] * 24, [99.0] * 24]
    out, moments = released(values, [0, 1, 1], 0.0, 1, day=21)
    assert out.tolist() == [[10.0] * 24, [100.0] * 24]  # 119 MW is more than the cell can draw
    # News of a plan: 7 - 5 MW; of the cell's record: 100 MW less the forecasts of both its members.
    assert moments[2].tolist() == [24.0, 24 * 2.0, 24 * 90.0, 24 * 4.0, 24 * 8100.0, 24 * 180.0]
    assert not released(values, [0, 1, 1], 0.0, 1, day=20)[1].any()


def test_a_block_has_one_noisy_value_of_its_own() -> None:
    out, _ = released([[50.0] * 24, [40.0] * 24], [0, 1], 0.5, 12, day=5)
    draws = [[normal(stream_key(1, 0, "plan_noise"), 77, 5, 24 * c + block) for block in (0, 1)] for c in (0, 1)]
    for c, level in ((0, 50.0), (1, 40.0)):
        for block in (0, 1):
            assert out[c, 12 * block : 12 * block + 12] == pytest.approx(level + 0.5 * draws[c][block], rel=1e-12)


def ran(*contracts: DataContract, **changes: Any) -> CollaborationModel:
    model = CollaborationModel(economy(*contracts, **changes), rng=2)
    model.run_to_end()
    return model


def contract_of(model: CollaborationModel) -> PlanContract:
    contract = model.sharing.contracts[0]
    assert isinstance(contract, PlanContract)
    return contract


def test_a_raw_clean_plan_is_revealed_whole() -> None:
    model = ran(plan())
    assert contract_of(model).revealed == pytest.approx([1.0, 1.0, 1.0])
    outcomes = model.outcomes()
    assert outcomes["revealed_share", "ore"] == pytest.approx(1.0)
    assert outcomes["records_usable", "ore"] == 1.0
    assert all(outcomes[f"record_noise_{stage}", "ore"] == 0.0 for stage in ("soiled", "cleaned", "transformed"))


def test_what_is_revealed_is_the_squared_correlation_of_news() -> None:
    # Of the plan beyond the partner's forecast of the works, and of the record beyond its forecast of the sum.
    model = CollaborationModel(economy(plan(variant="encrypted"), calendar=Period(days=31, burn_in=9)), rng=2)
    contract = contract_of(model)
    planned, told = [], []
    for day in range(40):
        model.step()
        if day >= 21:
            own = model.power.customers.forecast[contract.alone]
            planned.append(model.goods.plan.reshape(3, 24, 4).mean(axis=2) - own)
            told.append(contract.released[0] - own.sum(axis=0))
    for k in range(3):
        correlation = np.corrcoef(np.concatenate([day[k] for day in planned]), np.concatenate(told))[0, 1]
        assert contract.revealed[k] == pytest.approx(correlation**2, rel=1e-9)
    assert contract.revealed.max() < 0.99


def test_a_plan_that_never_varies_has_nothing_to_hide_and_a_flat_record_tells_nothing() -> None:
    contract = contract_of(ran(plan()))
    n = 48.0
    flat, varied = [n, 7.3 * n, 7.3 * n, 7.3**2 * n, 7.3**2 * n, 7.3**2 * n], [n, 0.0, 7.3 * n, n, 7.3**2 * n, 0.0]
    contract.moments[:] = [flat, varied, flat]
    assert contract.revealed.tolist() == [1.0, 0.0, 1.0]


def test_a_tree_releases_the_running_mean_and_counts_what_that_reveals() -> None:
    terms = {"variant": "anonymised", "release": "tree", "resolution": 24, "protected": "day", "window": 4}
    model = CollaborationModel(economy(plan(**terms, epsilon=1e12)), rng=2)
    contract = contract_of(model)
    totals, news = [], 0.0
    for day in range(26):
        model.step()
        totals.append(model.goods.plan.mean(axis=1).sum())
        assert contract.released[0] == pytest.approx(np.full(24, np.mean(totals[-4:])), abs=1e-3)
        if day >= 21:
            news += (contract.released[0] - model.power.customers.forecast[contract.alone].sum(axis=0)).sum()
    assert contract.moments[:, 2] == pytest.approx(news, rel=1e-9)


def test_all_sharers_get_the_noise_that_the_most_sensitive_one_needs() -> None:
    contract = contract_of(ran(plan(variant="anonymised", protected="heat", epsilon=2.0, resolution=2)))
    # ore's heats are the largest: 30 MWh at 2 h a value move the released means by 15 MW in sum.
    widest = sensitivity_of(
        "heat", resolution_h=2, heat_energy_mwh=30.0, furnace_mw=50.0, limit_mw=62.0, heats_per_day=10
    )
    assert widest.l1 == 15.0
    assert contract.privacy is not None
    assert contract.privacy.scale == 7.5
    assert contract.news_news.shape == (3, 24, 24)


def test_a_year_of_releases_costs_a_firm_their_sum_and_a_heat_one() -> None:
    for unit, releases in (("heat", 1), ("firm", 24)):
        terms = {"variant": "anonymised", "release": "sum", "protected": unit, "epsilon": 1e-3}
        model = ran(plan(**terms), calendar=Period(start="2024-12-25", days=29, burn_in=0))
        # 7 releases fall into 2024 and 22 into 2025, the worse year; small epsilons add up plainly
        worst = {1: 1, 24: 22}[releases]
        assert model.outcomes()["epsilon_year", "mill"] == pytest.approx(worst * 1e-3, rel=1e-12)


def test_late_records_and_outages_leave_the_forecast_from_history() -> None:
    model = CollaborationModel(economy(plan(late_rate=0.5)), rng=2)
    contract, unchanged = contract_of(model), []
    for day in range(model.futures.calendar.days):
        model.step()
        same = np.array_equal(model.power.forecast[contract.alone], model.power.customers.forecast[contract.alone])
        unchanged.append(same)
        assert same or contract.arrives(day)
    assert contract.seen == sum(contract.arrives(day) for day in range(contract.days))
    assert 0 < contract.seen < contract.days
    assert not all(unchanged)


def test_what_a_record_is_worth_is_learnt_once_its_meters_are_known() -> None:
    # Billing data come two days later, also where meters are read in real time besides.
    meters = DataContract(name="meters", asset="meter", provider="ore", partner="power")
    model = CollaborationModel(economy(plan(variant="encrypted"), meters), rng=2)
    contract, weights = contract_of(model), []
    for _ in range(4):
        model.step()
        weights.append(float(contract.weight[0, 0]))
    memory = contract.memory
    assert weights == pytest.approx([10.0, 10.0, 10.0 * memory + 1.0, (10.0 * memory + 1.0) * memory + 1.0])


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"variant": "encrypted", "members": ()}, "secure aggregation among 1 hides nothing: the sum is that record"),
        ({"variant": "encrypted", "members": ("mill",)}, "each learns the other's by subtracting its own"),
        ({"variant": "anonymised", "k": 4}, "groups of 4 out of 3 sharers"),
        ({"variant": "anonymised", "protected": "firm", "epsilon": 1.0}, "firm-level privacy of a single firm"),
        (
            {"variant": "anonymised", "protected": "firm", "release": "sum", "epsilon": 1.0, "budget": 5.0},
            "a budget of 5 a year",
        ),
        ({"variant": "anonymised", "protected": "heat", "epsilon": 2.0, "budget": 1.0}, "single release"),
        ({"variant": "standardised"}, "standardised by no standard"),
        ({"epsilon": 3.0}, "protects nothing named"),
        ({"variant": "anonymised", "release": "tree", "protected": "day", "epsilon": 3.0}, "a tree protects one day"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(terms: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match="contracts.plans") as refusal:
        economy(dataclasses.replace(plan(), **terms))
    assert said in str(refusal.value)
