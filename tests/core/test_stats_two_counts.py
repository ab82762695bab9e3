"""Two counts: against SciPy, statsmodels and published values, to the printed digit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import poisson, poisson_means_test
from statsmodels.stats.rates import confint_poisson_2indep
from statsmodels.stats.rates import test_poisson_2indep as poisson_2indep

from sara.core.stats.two_counts import METHODS, compare_counts, difference_interval, difference_p, poisson_limits

NG = {"exposure": (28010, 19017)}  # Ng, Gu & Tang (2007): 41 of 28,010 against 15 of 19,017
PEERS = {
    "wald": "wald",
    "score": "score",
    "exact": "exact-cond",
    "mid-p": "cond-midp",
    "e-test": "etest-wald",
    "e-test-score": "etest-score",
}


@pytest.mark.parametrize(("counts", "p"), [((0, 3), 0.0883790), ((6, 2), 0.1748748), ((20, 10), 0.0688318)])
def test_the_e_test_gives_the_published_values(counts, p):
    assert compare_counts(*counts).p == pytest.approx(p, abs=5e-8)


def test_the_statistic_has_the_sign_of_the_first_less_the_second():
    assert compare_counts(0, 3).statistic == pytest.approx(-1.7320508, abs=5e-8)


@pytest.mark.parametrize(
    ("method", "alternative", "p"),
    [
        ("wald", "larger", 0.0137),
        ("score", "larger", 0.0187),
        ("e-test", "larger", 0.01845),
        ("e-test-score", "larger", 0.01785),
        ("e-test", "two-sided", 0.029043),
        ("exact", "two-sided", 0.04085),
        ("mid-p", "two-sided", 0.03475),
    ],
)
def test_ng_gu_tang(method, alternative, p):
    digits = len(str(p).split(".")[1])
    assert round(compare_counts(41, 15, method=method, alternative=alternative, **NG).p, digits) == p


def test_ng_gu_tang_statistics():
    assert round(compare_counts(41, 15, method="wald", **NG).statistic, 4) == 2.2047
    assert round(compare_counts(41, 15, method="score", **NG).statistic, 4) == 2.0818


def test_unequal_exposure_follows_scipy_and_not_the_score_twin():
    found = {m: compare_counts(60, 30, exposure=(51477.5, 54308.7), method=m).p for m in ("e-test", "e-test-score")}
    assert found["e-test"] == pytest.approx(0.000643145, abs=1e-9)
    assert found["e-test-score"] == pytest.approx(0.000567262, abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("alternative", ["two-sided", "larger", "smaller"])
def test_all_methods_against_statsmodels(method, alternative):
    for k1, n1, k2, n2 in [(41, 28010, 15, 19017), (7, 2, 3, 1), (12, 1, 12, 3), (1, 1, 9, 2)]:
        ours = compare_counts(k1, k2, exposure=(n1, n2), method=method, alternative=alternative).p
        theirs = poisson_2indep(k1, n1, k2, n2, method=PEERS[method], alternative=alternative, compare="ratio").pvalue
        assert ours == pytest.approx(float(theirs), rel=1e-6)


@pytest.mark.parametrize("counts", [(14, 6), (25, 31), (0, 8), (60, 41)])
def test_the_e_test_against_scipy(counts):
    assert compare_counts(*counts).p == pytest.approx(float(poisson_means_test(counts[0], 1, counts[1], 1).pvalue), abs=1e-8)


def test_the_e_test_against_the_sum_over_all_pairs():
    # SciPy's rounding can leave the observed pair itself out (7 in 2.507 against 8 in 2.721: .943 for .964): here the sum is spelled out.
    rng = np.random.default_rng(1)
    i, j = np.meshgrid(np.arange(150), np.arange(150), indexing="ij")
    for k1, k2 in rng.poisson(8, (10, 2)):
        n1, n2 = rng.uniform(0.5, 3, 2)
        variance = i / n1**2 + j / n2**2
        t = np.where(variance > 0, (i / n1 - j / n2) / np.sqrt(np.where(variance > 0, variance, 1)), 0)
        observed = abs((k1 / n1 - k2 / n2) / np.sqrt(k1 / n1**2 + k2 / n2**2))
        rate = (k1 + k2) / (n1 + n2)
        chance = poisson.pmf(i, n1 * rate) * poisson.pmf(j, n2 * rate)
        assert compare_counts(k1, k2, exposure=(n1, n2)).p == pytest.approx(chance[np.abs(t) >= observed - 1e-10].sum(), abs=1e-8)


def test_the_score_interval_against_statsmodels():
    found = compare_counts(15, 41, exposure=(19017, 28010), method="score")
    assert (found.low, found.high) == pytest.approx(
        confint_poisson_2indep(41, 28010, 15, 19017, method="score", compare="ratio"), rel=1e-6
    )


def test_the_conditional_interval_is_clopper_and_pearsons():
    from scipy.stats import binomtest

    limits = binomtest(4, 13).proportion_ci(method="exact")
    found = compare_counts(9, 4, method="exact")
    assert (found.low, found.high) == pytest.approx((limits.low / (1 - limits.low), limits.high / (1 - limits.high)), rel=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_swapping_the_counts_turns_everything_round(method):
    one, other = compare_counts(9, 4, exposure=(2, 3), method=method), compare_counts(4, 9, exposure=(3, 2), method=method)
    assert one.p == pytest.approx(other.p, rel=1e-9)
    assert one.ratio == pytest.approx(1 / other.ratio)
    assert one.low == pytest.approx(1 / other.high, rel=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_a_zero_count_has_one_open_end(method):
    nothing_before, nothing_after = compare_counts(0, 5, method=method), compare_counts(5, 0, method=method)
    assert nothing_before.ratio == np.inf and nothing_before.low > 0
    assert nothing_after.ratio == 0 and np.isfinite(nothing_after.high)


def test_a_million_events_take_no_memory():
    assert compare_counts(1_000_000, 1_003_000).p == pytest.approx(0.034, abs=1e-3)


def test_the_difference_interval_inverts_its_test():
    low, high = difference_interval(12, 5)
    assert difference_p(12, 5, low) == pytest.approx(0.05, abs=0.01)
    assert difference_p(12, 5, high) == pytest.approx(0.05, abs=0.01)
    assert difference_interval(5, 12) == pytest.approx((-high, -low), abs=1e-6)


def test_score_limits_lie_z_standard_errors_away():
    low, high = poisson_limits(np.array([9.0]), 2.0)
    assert (9 - low) / np.sqrt(low) == pytest.approx(2) and (high - 9) / np.sqrt(high) == pytest.approx(2)


@pytest.mark.slow
@pytest.mark.parametrize("mean", [2, 5, 20])
def test_the_e_test_holds_its_level(mean):
    rng = np.random.default_rng(mean)
    draws, weight = np.unique(rng.poisson(mean, (20_000, 2)), axis=0, return_counts=True)
    wrong = sum(w for (a, b), w in zip(draws, weight, strict=True) if a + b and compare_counts(a, b).p < 0.05)
    assert wrong / 20_000 < 0.06
