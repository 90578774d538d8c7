"""The tail of costs with drawn losses, against closed forms and a calculation of its own."""

import datetime as dt
import json
import math

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

from analysis import export, text
from analysis.compare import compare_study
from analysis.tables import METRICS, POINTS, RUNS, TRANSFERS, StudyTables, loss_samples
from analysis.tails import COVERAGE, TAIL, jackknife, tail_frame
from model.risk import cvar, leave_one_out, nested_cvar
from scenarios.store import StrategyRow, StudyRow

type Array = NDArray[np.float64]
CVAR95_NORMAL = 2.0627128  # phi(1.6448536) / .05
CHARGE = {"none": 0.08, "raw": 0.1}


def study(
    costs: dict[str, Array],
    losses: dict[str, Array] | None = None,
    fines: dict[str, Array] | None = None,
    booked: dict[str, float] | None = None,
    fined: dict[str, float] | None = None,
) -> StudyTables:
    """Return a study of one works and its utility: steel's costs and losses, and the fines on power."""
    rows, flows, years = [], [], []
    for strategy, cost in costs.items():
        rows += [(strategy, r, "real_cost", "", 2.0 * value) for r, value in enumerate(cost)]
        rows += [(strategy, r, "party_cost", "steel", value) for r, value in enumerate(cost)]
        rows += [(strategy, r, "party_cost", "power", 5.0 + value) for r, value in enumerate(cost)]
        flows += [(strategy, r, "steel", "power", "energy", 1e6) for r in range(cost.size)]
        for eur, payer, payee, kind in (
            ((booked or {}).get(strategy), "steel", "resources", "breach"),
            ((fined or {}).get(strategy), "power", "regulator", "fine"),
        ):
            flows += [(strategy, r, payer, payee, kind, eur) for r in range(cost.size) if eur is not None]
        for r in range(cost.size):
            kept = {name: table[strategy][r].astype(np.float32) for name, table in
                    (("steel", losses or {}), ("fine/power", fines or {})) if strategy in table}  # fmt: skip
            years.append((strategy, r, kept))
    members = tuple(
        StrategyRow(i, i, name, name, "", None, {"contracts": [{"provider": "steel", "partner": "power"}],
                    "economy": {"capital_charge": CHARGE[name]}}, "h")
        for i, name in enumerate(costs)
    )  # fmt: skip
    asked = {"goals": ["real_cost"], "outcomes": ["real_cost"], "parties": ["steel"], "break_even": None}
    row = StudyRow(1, "tiny", "Tiny", "?", "", "none", 7, 3, asked, dt.datetime(2026, 1, 2, tzinfo=dt.UTC))
    runs = [[name, None, r, 1, 7, "done", 0.1, "h", "r", None, "", ""] for name in costs for r in range(3)]
    return StudyTables(
        row, members, pd.DataFrame(rows, columns=list(METRICS)), pd.DataFrame(columns=list(POINTS)),
        pd.DataFrame(flows, columns=list(TRANSFERS)), pd.DataFrame(runs, columns=list(RUNS)),
        ({"started_at": row.created_at, "code_version": "0"},), loss_samples(years),
    )  # fmt: skip


def tail_of(tables: StudyTables, strategy: str, party: str) -> pd.Series:
    frame = tail_frame(tables, "none")
    return frame[(frame["strategy"] == strategy) & (frame["party"] == party)].iloc[0]


def worst(values: Array) -> float:
    """CVaR95 by sorting: mean of the largest n / 20, the last of them in part."""
    largest, left, total = sorted(values.ravel().tolist(), reverse=True), 0.05 * values.size, 0.0
    for value in largest:
        total += value * min(1.0, left)
        left -= min(1.0, left)
    return total / (0.05 * values.size)


def left_out(figure: list[float], whole: float) -> tuple[float, float]:
    """Jackknife value and standard error, in the words of Tukey: mean and error of the pseudo-values."""
    n = len(figure)
    pseudo = [n * whole - (n - 1) * value for value in figure]
    return float(np.mean(pseudo)), float(np.std(pseudo, ddof=1) / math.sqrt(n))


@pytest.fixture
def generator() -> np.random.Generator:
    return np.random.default_rng(20260101)


def test_a_loss_of_one_size_has_the_tail_of_its_frequency() -> None:
    """Equal costs of 500, a loss of 1000 in 2 % of all years: the worst 5 % of years lose 400 on average."""
    losses = np.zeros((10, 100))
    losses[:, 7] = losses[:, 63] = 1000.0
    tables = study(
        {"none": np.full(10, 480.0), "raw": np.full(10, 520.0)}, {"raw": losses}, booked={"raw": 20.0}
    )  # fmt: skip
    tail = tail_of(tables, "raw", "steel")
    assert (tail["n"], tail["years"], tail["mean"], tail["expected_loss"]) == (10, 100, 520.0, 20.0)
    assert tail["cvar95"] == pytest.approx(500.0 + 400.0)
    assert tail["cvar_minus_mean"] == pytest.approx(380.0)
    assert tail["capital_charge"] == pytest.approx(0.1 * 380.0)
    assert tail["loss_cvar95"] == pytest.approx(400.0)
    assert [tail[name] for name in ("cvar95_error", "standard_error", "capital_charge_error")] == pytest.approx(
        [0.0] * 3
    )
    assert tail["excess_difference"] == pytest.approx(380.0)
    assert tail["cvar95_difference"] == pytest.approx(900.0 - 480.0)
    assert (tail["base_share"], tail["note"]) == (pytest.approx(0.0, abs=1e-12), "")
    whole = tail_of(tables, "raw", "")
    assert whole["cvar95"] == pytest.approx(2 * 520.0 - 20.0 + 400.0)


def test_normal_costs_and_losses_have_the_tail_of_their_sum(generator: np.random.Generator) -> None:
    cost, losses = generator.normal(100.0, 3.0, 200), generator.normal(50.0, 4.0, (200, 500))
    tables = study({"none": cost, "raw": cost + 50.0}, {"raw": losses}, booked={"raw": 50.0})
    tail = tail_of(tables, "raw", "steel")
    assert tail["cvar95"] == pytest.approx(150.0 + 5.0 * CVAR95_NORMAL, abs=4 * tail["cvar95_error"])
    assert tail["cvar_minus_mean"] == pytest.approx(5.0 * CVAR95_NORMAL, abs=4 * tail["standard_error"])
    assert tail["loss_cvar95"] == pytest.approx(50.0 + 4.0 * CVAR95_NORMAL, abs=4 * tail["loss_cvar95_error"])
    assert 0.0 < tail["loss_cvar95_error"] < tail["standard_error"] < 0.5
    assert tail["base_share"] == pytest.approx(0.75, rel=0.15)


def test_every_figure_of_a_pair_is_that_of_a_plain_calculation(generator: np.random.Generator) -> None:
    n, years = 12, 40
    cost = {"none": generator.normal(100.0, 5.0, n)}
    cost["raw"] = cost["none"] + generator.normal(3.0, 1.0, n)
    rare = generator.random((n, years)) < 0.2
    losses = (rare * generator.lognormal(2.0, 1.0, (n, years))).astype(np.float32).astype(np.float64)
    tables = study(cost, {"raw": losses}, booked={"raw": 2.5})
    total = {"none": np.repeat(cost["none"][:, None], years, axis=1), "raw": cost["raw"][:, None] - 2.5 + losses}

    def figures(kept: list[int]) -> dict[str, float]:
        found = {}
        for name, table in total.items():
            level = worst(table[kept])
            over = level - float(np.mean(cost[name][kept]))
            found |= {f"{name}/cvar95": level, f"{name}/excess": over, f"{name}/charge": CHARGE[name] * over}
        for figure in ("cvar95", "excess", "charge"):
            found[f"gap/{figure}"] = found[f"raw/{figure}"] - found[f"none/{figure}"]
        return found | {"alone": worst(losses[kept])}

    whole = figures(list(range(n)))
    without = [figures([r for r in range(n) if r != out]) for out in range(n)]
    expected = {name: left_out([one[name] for one in without], whole[name]) for name in whole}
    tail = tail_of(tables, "raw", "steel")
    got = {
        "raw/cvar95": ("cvar95", "cvar95_error"), "raw/excess": ("cvar_minus_mean", "standard_error"),
        "raw/charge": ("capital_charge", "capital_charge_error"), "alone": ("loss_cvar95", "loss_cvar95_error"),
    }  # fmt: skip
    for name, columns in got.items():
        assert [tail[column] for column in columns] == pytest.approx(expected[name])
    reach = stats.t.ppf(0.975, n - 1)
    for column, name in (("cvar95", "cvar95"), ("excess", "excess"), ("capital_charge", "charge")):
        value, error = expected[f"gap/{name}"]
        ends = [tail[f"{column}_{end}"] for end in ("difference", "low", "high")]
        assert ends == pytest.approx([value, value - reach * error, value + reach * error])
    same = nested_cvar(cost["raw"] - 2.5, losses)
    assert (tail["cvar95"], tail["cvar95_error"]) == (pytest.approx(same.value), pytest.approx(same.standard_error))


def test_the_baseline_does_not_differ_from_itself(generator: np.random.Generator) -> None:
    frame = tail_frame(study({"none": generator.normal(size=8), "raw": generator.normal(size=8)}), "none")
    own = frame[frame["strategy"] == "none"]
    ends = [f"{name}_{end}" for name in ("cvar95", "excess", "capital_charge") for end in ("difference", "low", "high")]
    assert (own[ends].to_numpy() == 0.0).all()
    assert (frame.loc[frame["strategy"] == "raw", "excess_difference"] != 0.0).all()


def test_a_fine_falls_on_its_holder_and_not_on_the_economy() -> None:
    fines = np.zeros((10, 40))
    fines[:, 3] = 800.0
    tables = study(
        {"none": np.full(10, 100.0), "raw": np.full(10, 100.0)}, {"raw": np.zeros((10, 40))}, {"raw": fines},
        booked={"raw": 0.0}, fined={"raw": 20.0},
    )  # fmt: skip
    power, steel, whole = (tail_of(tables, "raw", party) for party in ("power", "steel", ""))
    assert (power["expected_loss"], power["cvar95"]) == (20.0, pytest.approx(105.0 - 20.0 + 400.0))
    assert [steel["cvar_minus_mean"], whole["cvar_minus_mean"]] == pytest.approx([0.0, 0.0], abs=1e-9)
    assert whole["loss_cvar95"] == 0.0


def test_losses_that_were_not_drawn_stay_in_as_booked_and_are_named() -> None:
    tables = study({"none": np.arange(20.0), "raw": np.arange(20.0) + 30.0}, booked={"raw": 30.0})
    tail = tail_of(tables, "raw", "steel")
    assert (tail["years"], tail["expected_loss"], math.isnan(tail["loss_cvar95"])) == (0, 30.0, True)
    assert "no nested years were drawn" in tail["note"]
    assert tail["excess_difference"] == pytest.approx(0.0, abs=1e-9)
    nothing = tail_of(tables, "none", "steel")
    assert (nothing["loss_cvar95"], "drawn" in nothing["note"]) == (0.0, False)


def test_one_replication_has_no_error() -> None:
    tail = tail_of(study({"none": np.array([3.0]), "raw": np.array([4.0])}), "raw", "steel")
    assert (tail["cvar95"], tail["cvar_minus_mean"], tail["cvar95_difference"]) == (4.0, 0.0, 1.0)
    assert math.isnan(tail["standard_error"])
    assert math.isnan(tail["cvar95_low"])
    assert tail["note"] == "one replication has no tail of its own"


@pytest.mark.parametrize(
    ("spread", "covered"), [(0.2, ""), (0.8, "88 to 93 %"), (5.0, "76 to 88 %"), (50.0, "about 75 %")]
)
def test_a_note_says_how_often_the_interval_covers(spread: float, covered: str) -> None:
    cost = spread * np.tile([-1.0, 1.0], 15)
    losses = np.tile([-1.0, 1.0], (30, 50))
    note = tail_of(study({"none": cost, "raw": cost}, {"raw": losses}, booked={"raw": 0.0}), "raw", "steel")["note"]
    assert covered in note
    assert bool(note) == bool(covered)


@pytest.mark.parametrize(("spread", "low", "high"), [(1 / 3, 0.89, 0.96), (1.0, 0.86, 0.92), (10.0, 0.72, 0.84)])
def test_the_interval_covers_as_often_as_the_note_says(
    spread: float, low: float, high: float, generator: np.random.Generator
) -> None:
    """30 normal replications, normal losses: the figures of `COVERAGE`, of CVaR95 less mean."""
    truth, hits, trials = math.hypot(1.0, spread) * CVAR95_NORMAL, 0, 500
    for _ in range(trials):
        base = spread * generator.normal(size=30)
        total = base[:, None] + generator.normal(size=(30, 200))
        over = float(cvar(total.ravel())) - base.mean()
        value, error = jackknife(over, leave_one_out(total) - (base.sum() - base) / 29)
        hits += abs(value - truth) <= stats.t.ppf(0.975, 29) * error
    assert low <= hits / trials <= high
    assert [limit for limit, _ in COVERAGE] == [1 / 3, 1.0, 10.0, math.inf]


def test_loss_years_come_back_by_replication_with_the_sum_over_owners() -> None:
    runs = [
        ("raw", 4, {"steel": np.array([0, 2, 0], np.float32), "shop": np.array([1, 1, 0], np.float32)}),
        ("raw", 2, {"steel": np.array([5, 0, 0], np.float32), "shop": np.zeros(3, np.float32),
                    "fine/power": np.array([9, 0, 0], np.float32)}),
        ("none", 2, {}),
    ]  # fmt: skip
    samples = loss_samples(runs)
    assert set(samples) == {("raw", name) for name in ("", "steel", "shop", "fine/power")}
    assert samples["raw", ""].table(np.array([2, 4])).tolist() == [[5.0, 0.0, 0.0], [1.0, 3.0, 0.0]]
    assert samples["raw", "steel"].table(np.array([4])).tolist() == [[0.0, 2.0, 0.0]]
    with pytest.raises(KeyError, match="7"):
        samples["raw", "steel"].table(np.array([2, 7]))


def test_text_json_and_sheets_show_the_tail(generator: np.random.Generator) -> None:
    cost = generator.normal(100.0, 5.0, 12)
    losses = generator.exponential(10.0, (12, 60))
    comparison = compare_study(study({"none": cost, "raw": cost + 10.0}, {"raw": losses}, booked={"raw": 10.0}))
    assert list(comparison.tail.columns) == list(TAIL)
    shown = text.full(comparison)
    for words in ("all parties together, EUR/yr", "steel, EUR/yr", "power, EUR/yr", "losses alone", "its price"):
        assert words in shown
    assert "note: all parties together" in shown
    tree = json.loads(export.write_json(export.as_json(comparison)), parse_constant=pytest.fail)
    (row,) = [row for row in tree["tail"] if (row["strategy"], row["party"]) == ("raw", "steel")]
    assert row["cvar95"] == pytest.approx(tail_of(comparison.tables, "raw", "steel")["cvar95"])
    assert row["years"] == 60
