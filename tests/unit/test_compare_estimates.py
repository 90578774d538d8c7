"""Estimates against closed forms, scipy, and simulated samples whose truth is known."""

import math

import numpy as np
import pytest
from scipy import stats

from analysis.estimates import (
    bca_interval,
    control_adjusted,
    known_coefficient,
    probability_best,
    replications_for,
    t_estimate,
    variance_ratio,
)

CVAR95_NORMAL = 2.0627128  # phi(1.6448536) / .05


@pytest.fixture
def generator() -> np.random.Generator:
    return np.random.default_rng(314)


def test_the_paired_interval_is_the_one_of_the_paired_t_test(generator: np.random.Generator) -> None:
    a, b = generator.normal(size=(2, 17))
    expected = stats.ttest_rel(a, b).confidence_interval(0.95)
    got = t_estimate(a - b)
    assert (got.low, got.high) == pytest.approx((expected.low, expected.high), rel=1e-12)
    assert (got.value, got.sd, got.n) == pytest.approx(((a - b).mean(), (a - b).std(ddof=1), 17))


def test_the_interval_covers_the_truth_as_often_as_it_says(generator: np.random.Generator) -> None:
    estimates = [t_estimate(sample) for sample in generator.normal(3.0, 2.0, size=(4000, 8))]
    covered = np.mean([estimate.low <= 3.0 <= estimate.high for estimate in estimates])
    assert covered == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / 4000))


def test_one_observation_has_no_interval() -> None:
    got = t_estimate(np.array([5.0]))
    assert got.value == 5.0
    assert math.isnan(got.low)
    assert math.isnan(got.high)
    assert all(math.isnan(end) for end in bca_interval(np.array([5.0, 6.0])))


def test_the_bootstrap_interval_is_scipys(generator: np.random.Generator) -> None:
    sample = generator.lognormal(0.0, 1.0, size=30)
    reference = stats.bootstrap(
        (sample,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(1)
    ).confidence_interval  # fmt: skip
    low, high = bca_interval(sample)
    width = reference.high - reference.low
    assert (low, high) == pytest.approx((reference.low, reference.high), abs=0.05 * width)
    plain = t_estimate(sample)
    assert high - sample.mean() > plain.high - sample.mean()  # it leans towards the long tail
    assert low > plain.low


def test_the_bootstrap_of_a_constant_is_that_constant() -> None:
    assert bca_interval(np.full(12, 0.1)) == pytest.approx((0.1, 0.1))


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.99])
def test_the_variance_ratio_of_correlated_normals(correlation: float, generator: np.random.Generator) -> None:
    """Equal variances: (Var a + Var b) / Var(a - b) = 1 / (1 - correlation)."""
    covariance = [[1.0, correlation], [correlation, 1.0]]
    a, b = generator.multivariate_normal([5.0, -3.0], covariance, size=20_000).T
    ratio, low, high = variance_ratio(a, b)
    assert ratio == pytest.approx(1.0 / (1.0 - correlation), rel=0.05)
    assert low < ratio < high


@pytest.mark.parametrize("scale", [2.0**1000, 2.0**-400])
def test_the_variance_ratio_has_no_unit_however_large(scale: float, generator: np.random.Generator) -> None:
    a, b = generator.normal(size=(2, 30))
    assert variance_ratio(a * scale, b * scale) == variance_ratio(a, b)


def test_the_interval_of_the_variance_ratio_covers_the_truth(generator: np.random.Generator) -> None:
    """A percentile bootstrap of 30 pairs is known to cover somewhat less than it says."""
    samples = generator.multivariate_normal([0.0, 0.0], [[1.0, 0.8], [0.8, 1.0]], size=(400, 30))
    intervals = [variance_ratio(pairs[:, 0], pairs[:, 1]) for pairs in samples]
    covered = np.mean([low <= 5.0 <= high for _, low, high in intervals])
    assert 0.85 < covered < 0.99


def test_the_variance_ratio_where_nothing_varies() -> None:
    a = np.array([1e9, 2e9, 4e9])
    assert variance_ratio(a, a + 7.0)[0] == math.inf
    assert math.isnan(variance_ratio(np.full(5, 6e4), np.zeros(5))[0])


@pytest.mark.parametrize(("sd", "half_width"), [(1.0, 0.5), (1.0, 0.05), (3.0, 1.0), (1.0, 10.0)])
def test_replications_are_the_fewest_that_suffice(sd: float, half_width: float) -> None:
    def half(n: int) -> float:
        return float(stats.t.ppf(0.975, n - 1)) * sd / math.sqrt(n)

    n = int(replications_for(sd, half_width))
    assert half(n) <= half_width
    assert n == 2 or half(n - 1) > half_width


def test_replications_that_cannot_be_named() -> None:
    assert math.isnan(replications_for(math.nan, 1.0))
    assert math.isnan(replications_for(1.0, 0.0))
    assert replications_for(0.0, 1.0) == 2
    assert replications_for(1.0, 1e-9) == math.inf


def test_an_estimated_control_is_the_intercept_of_the_regression(generator: np.random.Generator) -> None:
    control = generator.normal(0.0, 3.0, size=25)
    difference = 4.0 + 1.7 * control + generator.normal(size=25)
    line = stats.linregress(control, difference)
    estimate, slope = control_adjusted(difference, control, None)
    half = float(stats.t.ppf(0.975, 23)) * line.intercept_stderr
    assert slope == pytest.approx(line.slope)
    assert estimate.value == pytest.approx(line.intercept)
    assert (estimate.low, estimate.high) == pytest.approx((line.intercept - half, line.intercept + half))


def test_a_control_of_known_mean_zero_is_unbiased_and_takes_its_variance_away(generator: np.random.Generator) -> None:
    control = generator.normal(0.0, 5.0, size=(2000, 12))
    difference = 2.0 + control + generator.normal(0.0, 0.5, size=(2000, 12))
    fixed = [control_adjusted(d, c, 1.0)[0] for d, c in zip(difference, control, strict=True)]
    estimated = [control_adjusted(d, c, None)[0] for d, c in zip(difference, control, strict=True)]
    for estimates, spread in ((fixed, 0.5 / math.sqrt(12)), (estimated, 0.5 / math.sqrt(12) * 1.06)):
        values = np.array([estimate.value for estimate in estimates])
        covered = np.mean([estimate.low <= 2.0 <= estimate.high for estimate in estimates])
        assert values.mean() == pytest.approx(2.0, abs=4 * spread / math.sqrt(2000))
        assert values.std() == pytest.approx(spread, rel=0.08)
        assert covered == pytest.approx(0.95, abs=0.02)
    plain = np.array([d.mean() for d in difference])
    assert plain.std() > 9 * np.array([estimate.value for estimate in fixed]).std()


def test_a_control_that_does_not_vary_changes_nothing() -> None:
    difference = np.array([1.0, 2.0, 4.0, 3.0])
    estimate, slope = control_adjusted(difference, np.zeros(4), None)
    assert (estimate.value, slope) == (2.5, 0.0)


def test_the_probability_of_best_follows_the_paired_difference(generator: np.random.Generator) -> None:
    """With one rival, the bootstrap share tends to Phi(mean difference / its standard error)."""
    n = 60
    common = generator.normal(0.0, 100.0, size=n)
    gap = generator.normal(0.3, 2.0, size=n)
    values = np.column_stack([common, common + gap])
    expected = stats.norm.cdf(gap.mean() / (gap.std() / math.sqrt(n)))
    lower = probability_best(values, lower_is_better=True)
    higher = probability_best(values, lower_is_better=False)
    assert lower[0] == pytest.approx(expected, abs=0.04)
    assert (lower + higher) == pytest.approx([1.0, 1.0])


def test_equal_strategies_share_the_first_place() -> None:
    values = np.repeat(np.random.default_rng(1).normal(size=(10, 1)), 2, axis=1)
    assert probability_best(values, lower_is_better=True) == pytest.approx([0.5, 0.5])


def test_the_one_party_that_bears_chance_contains_it_once_and_the_others_never() -> None:
    assert known_coefficient("real_cost", ("",), None) == 1.0
    assert known_coefficient("party_cost", ("power",), "power") == 1.0
    assert known_coefficient("party_cost", ("steel", "grid"), "power") == 0.0
    assert known_coefficient("party_cost", ("steel", "power"), "power") == 1.0
    assert known_coefficient("party_cost", ("power",), None) is None
    assert known_coefficient("energy_bill", ("power",), "power") is None
