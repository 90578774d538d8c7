"""What the library's studies find must hold in small runs of the same files: direction, break-even and identity."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import pytest
from scipy import stats

from model.inputs import ModelInputs, replace_inputs
from scenarios.run import run_once
from scenarios.spec import load_study

type Metrics = dict[tuple[str, str], float]

FUTURES = 3


def lived(inputs: ModelInputs, changes: Mapping[str, object], futures: int = FUTURES) -> list[Metrics]:
    """Return the outcomes of the same few futures under changed inputs."""
    return [run_once(replace_inputs(inputs, dict(changes)), 11, future).metrics for future in range(futures)]


def mean(runs: list[Metrics], outcome: str, party: str = "") -> float:
    return float(np.mean([run[outcome, party] for run in runs]))


class TestPrivacyRule:
    """The stricter the rule, the less the utility learns, on the same futures; and less is revealed."""

    study = load_study("privacy-rule", sets=["calendar.days=60", "calendar.burn_in=60", "incidents.loss_years=0"])

    @pytest.mark.parametrize(
        ("strategy", "parameter", "from_strict_to_free"),
        [
            ("one-plan-heat-rule", "privacy.epsilon_max", [0.1, 1.0, 10.0, float("inf")]),
            ("day-rule", "privacy.epsilon_max", [1.0, 100.0, 1000.0, float("inf")]),
            ("one-plan", "privacy.block_min", [24, 8, 3, 1]),
            ("block-rule", "privacy.block_min", [24, 8, 3, 1]),
        ],
    )
    def test_value_falls_with_strictness(self, strategy: str, parameter: str, from_strict_to_free: list[float]) -> None:
        steps = [lived(self.study.strategies[strategy], {parameter: value}) for value in from_strict_to_free]
        errors = [mean(runs, "load_forecast_rmse", "arc") for runs in steps]
        revealed = [mean(runs, "revealed_share", "arc") for runs in steps]
        assert errors == sorted(errors, reverse=True)
        assert revealed == sorted(revealed)
        assert errors[-1] < 0.75 * errors[0]
        saved = mean(steps[0], "cost_intraday") - mean(steps[-1], "cost_intraday")
        assert saved > 0.0

    def test_groups_hide_the_works_and_tell_the_utility_as_much(self) -> None:
        inputs = self.study.strategies["group-rule"]
        alone, grouped = (lived(inputs, {"privacy.k_min": k}) for k in (1, 16))
        assert mean(grouped, "revealed_share", "foundries") < 0.5 * mean(alone, "revealed_share", "foundries")
        nothing = mean(lived(self.study.strategies["none"], {}), "cost_intraday")
        saved_alone, saved_grouped = (nothing - mean(runs, "cost_intraday") for runs in (alone, grouped))
        assert saved_grouped > 0.9 * saved_alone > 0.0

    def test_encryption_is_exempt_from_noise_blocks_and_fewer_than_its_sharers(self) -> None:
        inputs = self.study.strategies["encrypted"]
        ruled = {"privacy.epsilon_max": 1.0, "privacy.block_min": 3, "privacy.k_min": 16}
        assert lived(inputs, ruled, 1)[0]["real_cost", ""] == lived(inputs, {}, 1)[0]["real_cost", ""]


class TestStandardsMandate:
    """Where hub and pairs differ in interfaces only, the break-even is the closed form."""

    clean = (
        "firms.works.records.shift_rate=0",
        "firms.works.records.label_rate=0",
        "firms.works.records.code_sd=0",
        "data_platforms.hub.outage_rate=0",
        "data_platforms.hub.breach_rate=0",
        "calendar.days=2",
        "calendar.burn_in=0",
        "incidents.loss_years=0",
    )
    alike: ClassVar = {
        "contracts.records.mapping_sd": 0.0,
        "contracts.records.late_rate": 0.0,
        "contracts.records.breach_rate": 0.0,
    }

    @pytest.mark.parametrize("works", [1, 2, 5, 8, 9, 10, 11, 40])
    def test_break_even_is_that_of_the_closed_form(self, works: int) -> None:
        study = load_study("standards-mandate", sets=[*self.clean, f"firms.works.count={works}"])
        (pairs,), (hub,) = (lived(study.strategies[name], self.alike, 1) for name in ("pairwise", "hub"))
        members = works + 1  # and the utility
        expected = 15_000 * members + 120_000 - 6_000 * members * (members - 1) / 2
        difference = hub["real_cost", ""] - pairs["real_cost", ""]
        assert difference == pytest.approx(expected, abs=0.01 + 1e-9 * pairs["real_cost", ""])
        cheaper = members > 10  # the root of 15 N + 120 = 6 N (N - 1) / 2
        assert (difference < -1.0) == cheaper
        interfaces = hub["cost_interface", ""] - pairs["cost_interface", ""]
        assert (interfaces < -1.0) == (members > 1 + 2 * 15 / 6)

    @pytest.mark.parametrize(("strategy", "copies"), [("pairwise", 7 * 7), ("hub", 7 * 8), ("lookup", 7 * 2)])
    def test_copies_grow_with_the_square_unless_nobody_keeps_them(self, strategy: str, copies: int) -> None:
        study = load_study("standards-mandate", sets=[*self.clean, "firms.works.count=7"])
        (run,) = lived(study.strategies[strategy], {}, 1)
        assert run["exposed_copies", "works"] == copies

    def test_members_that_hold_copies_pay_as_one_party(self) -> None:
        sets = [*self.clean, "firms.works.count=5", "privacy.fine_probability=0.1"]
        study = load_study("standards-mandate", sets=sets)
        changes = {"contracts.records.security.rule": "fixed", "contracts.records.security.spending": 1000.0}
        (run,) = lived(study.strategies["pairwise"], changes, 1)
        assert run["cost_security", ""] == pytest.approx(6 * 1000.0)
        assert run["fines", "works"] > run["fines", "power"] > 0.0


class TestWhichData:
    """A works that reads its own log gains nothing by having it read."""

    study = load_study(  # dear repairs, so that a few futures see planned stops
        "which-data", sets=["incidents.loss_years=0", "firms.steel.process.repair_cost=50000"]
    )

    def test_a_shared_log_saves_what_own_mining_saves(self) -> None:
        nothing, own, shared, both = (
            lived(self.study.strategies[name], {}) for name in ("none", "own-mining", "log", "log-beyond-own")
        )
        assert mean(own, "maintenance_days", "steel") > 0.0
        assert mean(own, "cost_maintenance") != mean(nothing, "cost_maintenance")
        assert [run["cost_maintenance", ""] for run in both] == [run["cost_maintenance", ""] for run in shared]
        beyond = np.array([b["real_cost", ""] - o["real_cost", ""] for b, o in zip(both, own, strict=True)])
        dues = mean(both, "cost_interface") + mean(both, "cost_breach")
        half = stats.t.ppf(0.975, FUTURES - 1) * beyond.std(ddof=1) / np.sqrt(FUTURES)
        assert abs(beyond.mean() - dues) <= half + 1.0
        assert half < 5_000.0, "else the interval would say nothing"
