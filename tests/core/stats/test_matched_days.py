"""Days against ordinary days: exact values, the predictive range, and the size of the test by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import nbinom
from statsmodels.stats.rates import test_poisson_2indep as two_rates

from sara.core.stats.matched_days import day_range, group_ratio, matched_days

EVEN = np.tile([9.0, 11, 10, 10, 9, 11], (1, 1))


def test_one_day_is_the_e_test_of_one_against_six():
    found = matched_days([18], EVEN, np.arange(6)[None])
    assert (found.expected[0], found.m[0], found.phi) == (10, 6, 1)
    ratio, swing = group_ratio(found, [0], 1)
    assert ratio.ratio[0] == pytest.approx(1.8)
    assert ratio.p[0] == pytest.approx(two_rates(18, 1, 60, 6, method="etest").pvalue, abs=1e-6)
    assert swing[0] == 1


def test_the_range_of_a_day_is_the_predictive_one():
    found = matched_days([18], EVEN, np.arange(6)[None])
    one = day_range(found)
    exact = nbinom(60.5, 6 / 7)
    assert (one.low[0], one.high[0]) == (exact.ppf(0.025), exact.isf(0.025))
    assert one.p[0] == pytest.approx(2 * exact.sf(17))


def test_an_ordinary_day_beside_two_days_counts_once():
    ordinary = np.array([[10.0, 12, 8, 10], [10, 12, 8, 10]])
    shared = matched_days([15, 17], ordinary, np.array([[0, 1, 2, 3], [0, 1, 2, 3]]))
    apart = matched_days([15, 17], ordinary, np.array([[0, 1, 2, 3], [4, 5, 6, 7]]))
    one, _ = group_ratio(shared, [0, 0], 1)
    two, _ = group_ratio(apart, [0, 0], 1)
    assert one.ratio[0] == two.ratio[0] == pytest.approx(1.6)
    # Two days against the same four: 32 to 40 over a time of 2 and 4.
    assert one.p[0] == pytest.approx(two_rates(32, 2, 40, 4, method="etest").pvalue, abs=1e-6)
    assert two.p[0] == pytest.approx(two_rates(32, 2, 80, 8, method="etest").pvalue, abs=1e-6)


def test_swing_of_ordinary_days_is_measured_and_used():
    rng = np.random.default_rng(1)
    ordinary = rng.negative_binomial(20, 0.5, (200, 12)).astype(float)
    found = matched_days(rng.negative_binomial(20, 0.5, 200), ordinary, np.arange(2400).reshape(200, 12))
    assert found.phi == pytest.approx(2, rel=0.1)
    assert np.mean(day_range(found).p < 0.05) == pytest.approx(0.045, abs=0.03)


def test_days_that_differ_among_themselves_widen_the_interval():
    ordinary = np.tile([20.0, 21, 19, 20, 22, 18], (6, 1))
    key = np.arange(36).reshape(6, 6)
    alike, _ = group_ratio(matched_days([30, 31, 29, 30, 30, 30], ordinary, key), [0] * 6, 1)
    apart, swing = group_ratio(matched_days([10, 60, 12, 55, 13, 30], ordinary, key), [0] * 6, 1)
    assert alike.ratio[0] == pytest.approx(apart.ratio[0])
    assert swing[0] > 5
    assert apart.low[0] < 1 < alike.low[0]


def test_days_without_events_or_ordinary_days():
    found = matched_days([0, 3], np.array([[0.0, 0, 0], [np.nan, np.nan, np.nan]]), np.array([[0, 1, 2], [3, 4, 5]]))
    ratio, _ = group_ratio(found, [0, 1], 2)
    assert ratio.too_few.all()
    assert np.isnan(day_range(found).p[1])
    assert day_range(found).low[0] == 0


@pytest.mark.parametrize(("mean", "phi", "days"), [(3, 1.0, 1), (30, 1.0, 6), (30, 2.0, 1), (30, 2.0, 12)])
def test_size_and_coverage(mean, phi, days):
    rng = np.random.default_rng(7)

    def draw(*shape):
        return rng.poisson(mean, shape) if phi == 1 else rng.negative_binomial(mean / (phi - 1), 1 / phi, shape)

    p, inside = [], []
    for _ in range(400):
        found = matched_days(draw(days), draw(days, 12).astype(float), np.arange(12 * days).reshape(days, 12))
        ratio, _ = group_ratio(found, np.zeros(days, dtype=int), 1)
        p.append(np.nan_to_num(ratio.p[0], nan=1.0))
        inside.append(ratio.low[0] <= 1 <= np.nan_to_num(ratio.high[0], nan=np.inf))
    assert np.mean(np.array(p) < 0.05) <= 0.075
    assert np.mean(inside) >= 0.925
