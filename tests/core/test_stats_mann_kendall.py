"""Mann-Kendall and Sen: published values, SciPy, all orders counted by hand, and size by simulation."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from scipy.stats import kendalltau, theilslopes

from sara.core.stats.mann_kendall import mann_kendall, sen_slope

# Same arithmetic in another order.
CLOSE = 1e-12


def test_many_steps_of_few_values_are_counted_by_value_with_the_same_answer(monkeypatch):
    x = np.random.default_rng(2).poisson(0.8, size=(12, 400))
    by_value = mann_kendall(x)
    monkeypatch.setattr("sara.core.stats.mann_kendall.LONG", 10**9)
    by_lag = mann_kendall(x)
    assert np.array_equal(by_value.s, by_lag.s)
    assert np.array_equal(by_value.variance, by_lag.variance)
    assert by_value.s[0] == sum(np.sign(b - a) for i, a in enumerate(x[0].tolist()) for b in x[0, i + 1 :].tolist())


@pytest.mark.parametrize(
    ("series", "s", "variance", "z"),
    [
        ([5, 6, 11, 8, 10], 6, 50 / 3, 1.2247),
        ([10, 15, 14, 20], 4, 26 / 3, 1.0190),
        (list(range(1, 11)), 45, 125, 3.9355),
    ],
)
def test_the_published_examples(series, s, variance, z):
    found = mann_kendall(series)
    assert found.s == s
    assert found.variance == pytest.approx(variance)
    assert found.z == pytest.approx(z, abs=5e-5)


def test_many_series_at_once_are_each_series_alone():
    rng = np.random.default_rng(1)
    rows = rng.poisson(2, size=(50, 17)).astype(float)
    rows[3, 5], rows[4, :] = np.nan, 2.0
    together = mann_kendall(rows)
    for i, row in enumerate(rows):
        alone = mann_kendall(row)
        for name in ("s", "variance", "z", "p", "tau", "n"):
            assert getattr(together, name)[i] == getattr(alone, name)
    assert together.z[4] == 0
    assert together.p[4] == 1


def test_s_and_ties_agree_with_scipys_tau():
    rng = np.random.default_rng(2)
    for _ in range(20):
        x = rng.integers(0, 6, size=14).astype(float)
        found, tau_b = mann_kendall(x), kendalltau(np.arange(14), x).statistic
        ties = np.unique(x, return_counts=True)[1]
        pairs = 14 * 13 / 2
        assert found.s == pytest.approx(tau_b * np.sqrt(pairs * (pairs - (ties * (ties - 1) / 2).sum())))
        assert found.variance == pytest.approx((14 * 13 * 33 - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18)


def test_the_exact_p_counts_all_orders():
    orders = list(permutations(range(6)))
    found = mann_kendall(orders)
    size = np.abs(found.s)
    for s in np.unique(size):
        assert found.p[size == s][0] == pytest.approx(np.mean(size >= s), abs=CLOSE)


def test_the_exact_p_is_scipys():
    rng = np.random.default_rng(3)
    for n in (5, 12, 30):
        x = rng.normal(size=n)
        assert mann_kendall(x).p == pytest.approx(kendalltau(np.arange(n), x, method="exact").pvalue, abs=1e-10)


def test_the_normal_curve_joins_the_exact_count():
    x = np.random.default_rng(4).normal(size=(2_000, 40))
    exact, normal = mann_kendall(x).p, mann_kendall(x, exact=False).p
    assert np.abs(exact - normal).max() < 0.003


def test_a_missing_value_takes_its_pairs_with_it():
    assert mann_kendall([1, np.nan, 2, 3]).s == 3
    assert mann_kendall([1, np.nan, 2, 3]).variance == mann_kendall([1, 2, 3]).variance
    assert mann_kendall([np.nan, 1.0]).p == 1


def test_turning_time_round_turns_the_sign():
    x = np.random.default_rng(5).poisson(3, size=(100, 24))
    forth, back = mann_kendall(x), mann_kendall(x[:, ::-1])
    assert np.array_equal(forth.s, -back.s)
    assert np.array_equal(forth.p, back.p)


@pytest.mark.parametrize("seed", range(5))
def test_sens_slope_is_scipys(seed):
    rng = np.random.default_rng(seed)
    x = rng.poisson(4, size=23) + 0.2 * np.arange(23)
    found, peer = sen_slope(x, confidence=0.9), theilslopes(x, alpha=0.9)
    assert float(found.slope) == pytest.approx(peer.slope, abs=CLOSE)
    assert (float(found.low), float(found.high)) == pytest.approx((peer.low_slope, peer.high_slope), abs=CLOSE)


def test_sens_slope_of_many_and_of_nothing():
    rows = np.array([[1.0, 3, 5, 7], [1, np.nan, 5, 7], [np.nan, np.nan, np.nan, 2]])
    found = sen_slope(rows)
    assert found.slope[:2].tolist() == [2.0, 2.0]
    assert np.isnan(found.slope[2])


def test_hamed_and_rao_by_the_formula_written_out():
    x = np.array([3.1, 4.2, 6.35, 5.4, 8.05, 9.6, 7.7, 4.83, 3.9, 2.01, 4.12, 6.17, 8.53, 10.2, 9.34, 7.28])
    n = len(x)
    level = x - np.arange(1, n + 1) * theilslopes(x).slope
    rank = np.argsort(np.argsort(level, kind="stable")) + 1.0
    assert len(set(level)) == n
    y = rank - rank.mean()
    total = 0.0
    for i in range(1, n):
        r = (y[i:] * y[:-i]).sum() / (y * y).sum()
        if abs(r) > 1.959964 / np.sqrt(n):
            total += (n - i) * (n - i - 1) * (n - i - 2) * r
    factor = 1 + 2 / (n * (n - 1) * (n - 2)) * total
    found = mann_kendall(x, correction="hamed-rao")
    assert factor != 1
    assert found.inflation == pytest.approx(factor if factor > 0 else 1.0)
    assert found.variance == pytest.approx(mann_kendall(x).variance * float(found.inflation))


def test_the_lag_one_factor_is_the_sum_of_an_autoregressive_series():
    # 1 + 2 sum (1 - k/n) r^k, in closed form; a series long enough that the correction of bias is small.
    rng = np.random.default_rng(8)
    x = rng.normal(size=4_000)
    for t in range(1, len(x)):
        x[t] += 0.5 * x[t - 1]
    lags = np.arange(1, len(x))
    expected = 1 + 2 * np.sum((1 - lags / len(x)) * 0.5**lags)
    assert mann_kendall(x[:1_500], correction="yue-wang").inflation == pytest.approx(expected, rel=0.15)


def test_the_size_is_right_for_independent_values_and_mended_for_dependent_ones():
    rng = np.random.default_rng(6)
    x = rng.normal(size=(2_000, 36))
    assert 0.04 <= np.mean(mann_kendall(x).p <= 0.05) <= 0.06
    assert np.mean(mann_kendall(x, correction="yue-wang").p <= 0.05) <= 0.06
    for t in range(1, 36):
        x[:, t] += 0.4 * x[:, t - 1]
    assert np.mean(mann_kendall(x).p <= 0.05) > 0.12
    assert np.mean(mann_kendall(x, correction="yue-wang").p <= 0.05) <= 0.075
