"""Seasonal Kendall: published values, Mann-Kendall and SciPy where there is one season, sizes under memory by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kendalltau, theilslopes

from sara.core.stats.mann_kendall import mann_kendall, sen_slope
from sara.core.stats.seasonal_kendall import seasonal_kendall


@pytest.mark.parametrize(
    ("series", "s", "variance", "z"),
    [([5, 6, 11, 8, 10], 6, 50 / 3, 1.2247), ([10, 15, 14, 20], 4, 26 / 3, 1.0190), (list(range(1, 11)), 45, 125, 3.9355)],
)
def test_the_published_examples(series, s, variance, z):
    found = seasonal_kendall(series, np.arange(len(series)), correction="none")
    assert (found.s, found.variance) == (s, pytest.approx(variance))
    assert found.z == pytest.approx(z, abs=5e-5)


@pytest.mark.parametrize("seed", range(5))
def test_one_season_is_mann_kendall_sen_and_scipy(seed):
    rng = np.random.default_rng(seed)
    x = rng.poisson(6, 60) + 0.02 * np.arange(60)
    found = seasonal_kendall(x, np.arange(60), correction="none")
    other, slope = mann_kendall(x, exact=False), sen_slope(x)
    assert (found.s, found.variance, found.p) == pytest.approx((float(other.s), float(other.variance), float(other.p)))
    assert (found.slope, found.low, found.high) == pytest.approx((float(slope.slope), float(slope.low), float(slope.high)))
    by_scipy = theilslopes(x, np.arange(60))
    assert (found.slope, found.low, found.high) == pytest.approx((by_scipy.slope, by_scipy.low_slope, by_scipy.high_slope))
    distinct = x + rng.uniform(0, 1e-6, 60)
    assert seasonal_kendall(distinct, np.arange(60)).tau == pytest.approx(kendalltau(np.arange(60), distinct).statistic)


def test_several_seasons_add_up_their_own_tests():
    rng = np.random.default_rng(1)
    x, season = rng.poisson(9, 96).astype(float), np.arange(96) % 12
    found = seasonal_kendall(x, np.arange(96) / 12, season, correction="none")
    own = [mann_kendall(x[season == k], exact=False) for k in range(12)]
    assert found.s == sum(float(one.s) for one in own)
    assert found.variance == pytest.approx(sum(float(one.variance) for one in own))
    slopes = [(x[j] - x[i]) / ((j - i) / 12) for i in range(96) for j in range(i + 12, 96, 12)]
    assert found.pairs == len(slopes)
    assert found.slope == pytest.approx(np.median(slopes))


def test_a_season_however_strong_does_not_move_the_test():
    rng = np.random.default_rng(2)
    x, t, season = rng.normal(size=72), np.arange(72) / 12, np.arange(72) % 12
    plain, strong = (seasonal_kendall(x + k * np.sin(season), t, season) for k in (0, 1_000))
    assert (plain.s, plain.slope, plain.inflation) == pytest.approx((strong.s, strong.slope, strong.inflation))


def test_missing_values_are_passed_over():
    x = np.array([1, np.nan, 3, 4, 5, np.nan, 7, 8, 9, 10.0])
    found = seasonal_kendall(x, np.arange(10), correction="none")
    assert found.slope == pytest.approx(1)
    assert found.s == 8 * 7 / 2


def test_nothing_to_compare_and_all_alike():
    alone, alike = seasonal_kendall([3.0], [0.0]), seasonal_kendall(np.ones(20), np.arange(20))
    assert (alone.p, alone.pairs, np.isnan(alone.slope)) == (1.0, 0, True)
    assert (alike.p, alike.z, alike.slope) == (1.0, 0.0, 0.0)


def remembered(rng, periods, *, rho, share=1.0):
    x = np.zeros(periods + 60)
    for k in range(1, len(x)):
        x[k] = rho * x[k - 1] + np.sqrt(1 - rho**2) * rng.normal()
    return np.sqrt(share) * x[60:] + np.sqrt(1 - share) * rng.normal(size=periods)


def called(seed, periods, year, *, rho, share=1.0, correction="memory", draws=150):
    rng, t = np.random.default_rng(seed), np.arange(periods)
    season = None if year is None else t % year
    wave = 0 if year is None else 2 * np.sin(2 * np.pi * t / year)
    return np.mean(
        [
            seasonal_kendall(remembered(rng, periods, rho=rho, share=share) + wave, t, season, correction=correction).p < 0.05
            for _ in range(draws)
        ]
    )


def test_memory_does_not_pass_for_a_trend():
    assert called(1, 120, 12, rho=0.7) <= 0.10
    assert called(1, 120, 12, rho=0.7, correction="none") > 0.2


@pytest.mark.slow
@pytest.mark.parametrize(("periods", "year"), [(48, None), (156, None), (60, 12), (156, 52)])
@pytest.mark.parametrize(("rho", "share"), [(0.0, 1.0), (0.4, 1.0), (0.7, 1.0), (0.7, 0.4)])
def test_false_alarms_are_held(periods, year, rho, share):
    # 400 draws at 5 %: standard error 1.1 %; the shortest series under half hidden memory keep 8 %.
    assert called(11, periods, year, rho=rho, share=share, draws=400) <= (0.115 if periods == 48 else 0.085)


@pytest.mark.slow
def test_covariances_of_seasons_need_ten_years_and_hold_then():
    assert 0.02 <= called(5, 240, 12, rho=0.6, correction="hirsch-slack", draws=400) <= 0.085
