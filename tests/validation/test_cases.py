"""The validation cases: oracles against published numbers, verdicts of the engine, and what is refused."""

import json
import math
from pathlib import Path

import pytest

from model.errors import InputError
from model.validation import electricity, stock, tails
from model.validation.case import Check
from model.validation.catalogue import CATALOGUE, find_case, validate

pytestmark = pytest.mark.validation

KEYS = ["case", "level", "parameters", "results", "expected", "standard_error", "tolerance", "passed", "exercises",
        "source"]  # fmt: skip


@pytest.mark.parametrize(
    ("p", "lead", "rho", "stages", "information", "published"),
    [
        (5, 1, 0.0, 1, "decentralised", 1.48),
        (5, 4, 0.0, 1, "decentralised", 3.88),
        (15, 4, 0.0, 1, "decentralised", 1.676),
        (5, 4, 0.5, 1, "decentralised", 3.790),
        (5, 4, 0.8, 1, "decentralised", 2.936),
        (5, 4, -0.5, 1, "decentralised", 3.970),
        (10, 2, 0.0, 2, "decentralised", 2.3056),
        (10, 2, 0.0, 4, "decentralised", 6.3318),
        (5, 4, 0.0, 3, "decentralised", 106.7),
        (10, 2, 0.0, 2, "centralised", 2.12),
        (10, 2, 0.0, 3, "centralised", 2.92),
    ],
)
def test_bullwhip_oracle_gives_the_published_ratios(
    p: int, lead: int, rho: float, stages: int, information: str, published: float
) -> None:
    """Chen et al. (2000); exact multi-stage ratios and AR(1) values of the design's science notes, 4 digits."""
    settings = stock.Bullwhip(p=p, L=lead, rho=rho, stages=stages, information=information)
    assert stock.variance_ratio(settings) == pytest.approx(published, rel=6e-4)


def test_lower_bound_with_safety_stock_is_the_published_product() -> None:
    """Chen et al. (2000): 1.48, 2.190, 3.242 for p = 10, L = 2."""
    found = [stock.lower_bound(stock.Bullwhip(p=10, L=2, stages=k, z=1.0)) for k in (1, 2, 3)]
    assert found == pytest.approx([1.48, 2.190, 3.242], abs=6e-4)


@pytest.mark.parametrize(
    ("rho", "without", "shared"),
    [(0.3, 12.617, 12.244), (0.5, 27.633, 23.877), (0.7, 98.097, 61.430), (0.9, 628.607, 238.178)],
)
def test_information_oracle_gives_lee_so_tang(rho: float, without: float, shared: float) -> None:
    """Lee, So & Tang (2000), l = L = 5, unit innovations."""
    assert stock.shared_variance(rho, 5, 5) == pytest.approx(shared, abs=6e-4)
    assert stock.unshared_variance(rho, 5, 5, "naive") == pytest.approx(without, abs=6e-4)


def test_information_oracle_for_receivers_that_infer() -> None:
    """The last order alone leaves 61.48 at rho .7, the full history 61.43 (Raghunathan 2001)."""
    assert stock.unshared_variance(0.7, 5, 5, "last_order") == pytest.approx(61.48, abs=0.006)
    assert stock.unshared_variance(0.7, 5, 5, "full_history") == pytest.approx(61.43, abs=0.006)


def test_newsvendor_oracle() -> None:
    """H 1, b 9, sigma 20: 35.10."""
    assert stock.newsvendor_cost(stock.Newsvendor()) == pytest.approx(35.10, abs=0.005)


def test_privacy_cost_oracle() -> None:
    """Sigma 20, noise variance 200: 11.547 of 20 is left, .5774."""
    assert stock.posterior_ratio(stock.PrivacyCost()) == pytest.approx(11.547 / 20.0, rel=5e-5)


def test_merit_order_oracle() -> None:
    """Blocks 50 at 20, 30 at 40, 40 at 90, demand 70: price 40, cost 1,800."""
    assert electricity.uniform_price(electricity.MeritOrder(), 4000.0) == (40.0, 1800.0)


def test_imbalance_oracle() -> None:
    """Dual: .79788 c sigma a party; 30/10: 12.711 sigma; single: beta Var(S) paid, half of it real."""
    separate, pooled, _ = electricity.imbalance_costs(electricity.Imbalance())
    assert separate == pytest.approx(10 * 20 * 5 * 0.79788, rel=1e-4)
    assert pooled == pytest.approx(separate / math.sqrt(10))
    skewed = electricity.Imbalance(cost_short=30.0, cost_long=10.0, n=1, sigma=1.0)
    assert electricity.imbalance_costs(skewed)[0] == pytest.approx(12.711, abs=6e-4)
    assert electricity.imbalance_costs(electricity.Imbalance(rule="single")) == pytest.approx((125.0, 125.0, 62.5))


@pytest.mark.parametrize(("hours", "published"), [(24, 1.9477), (168, 2.6877), (720, 3.1459), (8760, 3.8189), (1, 0.0)])
def test_mean_maximum_of_normals(hours: int, published: float) -> None:
    """Expected largest of n independent standard normals, to four digits."""
    assert electricity.mean_maximum(hours) == pytest.approx(published, abs=6e-5)


def test_tail_oracle() -> None:
    """Gaussian CVaR: 2.0627 at 95 %, 2.6652 at 99 %."""
    found = [tails.closed_form(tails.TailRisk(level=level)) for level in (0.95, 0.99)]
    assert found == pytest.approx([2.0627, 2.6652], abs=6e-5)


@pytest.mark.parametrize("name", CATALOGUE)
def test_engine_passes_at_the_defaults(name: str) -> None:
    tree = validate(name).as_tree()
    assert list(tree) == KEYS
    assert tree["passed"], json.dumps(tree, indent=1)
    assert tree["level"] in {"emergent", "kernel", "unit", "invariant"}
    for part in ("expected", "standard_error", "tolerance"):
        assert list(tree[part]) == list(tree["results"])
    for key, error in tree["standard_error"].items():  # enough was drawn for the tolerance to mean something
        bound = tree["tolerance"][key]
        allowed = bound.get("abs", bound.get("rel", 0.0) * abs(tree["expected"][key]))
        assert error is None or 4.0 * error <= allowed * (1.0 + 1e-9)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("bullwhip", {"p": 10, "L": 2, "stages": 3}),
        ("bullwhip", {"p": 10, "L": 2, "stages": 3, "information": "centralised"}),
        ("bullwhip", {"rho": 0.8}),
        ("bullwhip", {"z": 2}),
        ("newsvendor", {"h": 2, "b": 38, "sigma": 5}),
        ("privacy_cost", {"h": 2, "b": 38, "sigma": 5, "noise_variance": 30}),
        ("privacy_cost", {"noise_variance": 0}),
        ("privacy_cost", {"noise_variance": 1e12}),
        ("merit_order", {"capacities_mw": [40, 0, 50], "costs_eur_mwh": [90, 5, -20], "demand_mw": 50}),
        ("merit_order", {"demand_mw": 150}),
        ("tail_risk", {"distribution": "lognormal", "level": 0.95}),
        ("imbalance", {"position": "generation", "cost_short": 30, "cost_long": 10, "n": 2}),
    ],
)
def test_engine_passes_elsewhere(name: str, given: dict[str, object]) -> None:
    tree = validate(name, given).as_tree()
    assert tree["passed"], json.dumps(tree, indent=1)


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("bullwhip", {"P": "5"}, "bullwhip.P: is not a parameter of this case"),
        ("bullwhip", {"stage": "2"}, "did you mean stages?"),
        ("bullwhip", {"p": "0"}, "from 1 to 60 day"),
        ("bullwhip", {"p": "2.5"}, "not a whole number"),
        ("bullwhip", {"rho": "nan"}, "NaN is not a value"),
        ("bullwhip", {"rho": "1e999"}, "out of range"),
        ("bullwhip", {"z": "abc"}, "not a number"),
        ("bullwhip", {"z": "true"}, "not a number"),
        ("bullwhip", {"information": "centralized"}, "did you mean centralised?"),
        ("bullwhip", {"z": "1", "rho": ".5", "stages": "2"}, "a bound is published for one stage only"),
        ("information_value", {"rho": "-.3"}, "positively correlated demand"),
        ("newsvendor", {"b": ".5"}, "no negative safety stock"),
        ("privacy_cost", {"b": ".5"}, "privacy_cost.b: b / (b + h) is 0.3333"),
        ("privacy_cost", {"noise_variance": "inf"}, "out of range (allowed: number from 0 to 1e+12 unit2)"),
        ("merit_order", {"costs_eur_mwh": "[40,50]"}, "lists of one length"),
        ("merit_order", {"costs_eur_mwh": "40"}, "not a list of numbers"),
        ("merit_order", {"costs_eur_mwh": "[]"}, "not a list of numbers"),
        ("merit_order", {"costs_eur_mwh": "[20,NaN,90]"}, "NaN is not a value"),
        ("merit_order", {"costs_eur_mwh": '[20,"x",[1]]'}, "'x' is not a number; [1.0] is not a number"),
        ("peak_pooling", {"sigma": "30"}, "loads would be negative"),
        ("tail_risk", {"distribution": "lognormal", "sigma": "2.5"}, "no affordable sample"),
        ("imbalance", {"cost_short": "1000"}, "far tail"),
        ("balances", {"scenario": "nowhere"}, "no such scenario"),
        ("bullwip", {}, "did you mean bullwhip?"),
    ],
)
def test_wrong_parameters_are_refused_with_the_reason(name: str, given: dict[str, object], words: str) -> None:
    with pytest.raises(InputError) as caught:
        validate(name, given)
    assert words in str(caught.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        find_case("bullwhip").read({"p": "0", "q": "1", "rho": "inf"})
    assert len(caught.value.faults) == 3


@pytest.mark.parametrize(
    ("check", "passes"),
    [
        (Check(found=1.005, expected=1.0, standard_error=0.002, rel=0.01), True),
        (Check(found=1.005, expected=1.0, standard_error=0.001, rel=0.01), False),
        (Check(found=1.02, expected=1.0, standard_error=0.02, rel=0.01), False),
        (Check(found=float("nan"), expected=1.0, standard_error=0.02, rel=0.01), False),
        (Check(found=5.0, expected=1.0, rel=0.01, lower_bound=True), True),
        (Check(found=0.9, expected=1.0, rel=0.01, lower_bound=True), False),
        (Check(found=True, expected=True, absolute=0.0), True),
        (Check(found=False, expected=True, absolute=0.0), False),
    ],
)
def test_verdict_needs_both_standard_errors_and_tolerance(check: Check, passes: bool) -> None:
    assert check.passes(1.0) is passes


def test_command_lists_runs_and_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    from analysis.cli import main

    def code(*arguments: str) -> tuple[object, tuple[str, str]]:
        with pytest.raises(SystemExit) as caught:
            main(["validate", *arguments])
        shown = capsys.readouterr()
        return caught.value.code, (shown.out, shown.err)

    status, said = code("--json")
    assert status == 0
    assert [entry["case"] for entry in json.loads(said[0])] == list(CATALOGUE)
    status, said = code("merit_order", "--set", "demand_mw=60", "--json")
    assert status == 0
    assert json.loads(said[0])["results"] == pytest.approx({"price": 40.0, "cost": 1400.0, "payments": 2400.0})
    status, said = code("merit_order", "--set", "demand=60", "--set", "costs_eur_mwh=[1,NaN]")
    assert status == 2
    assert said[0] == ""
    assert "merit_order.demand" in said[1]
    assert "NaN is not a value" in said[1]
    status, said = code("merit_order", "--set", "junk", "--set", "demand_mw=1", "--set", "demand_mw=2")
    assert status == 2
    assert "'junk' is not NAME=VALUE" in said[1]
    assert "demand_mw is set twice" in said[1]
    status, said = code("merit_order", "--all", "--set", "a=1")
    assert status == 2
    status, said = code("balances", "--set", "scenario=" + str(Path("missing.yaml")))
    assert status == 2
