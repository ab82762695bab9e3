"""Trend, season and remainder as arrays: agreement with statsmodels, what noise leaves, and the test of a season."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.tsa.seasonal import MSTL, STL

from sara.core.stats.decompose import decompose_numbers, noise_left, season_p, strength


def waves(n, cycle, size, seed=0, level=50.0):
    t = np.arange(n)
    return level + size * np.cos(2 * np.pi * t / cycle) + np.random.default_rng(seed).normal(0, 3, n)


@pytest.mark.parametrize("robust", [True, False])
@pytest.mark.parametrize(("n", "cycle"), [(120, 12), (261, 52), (90, 7)])
def test_one_season_is_the_stl_of_statsmodels(n, cycle, robust):
    y = waves(n, cycle, 10)
    ours, theirs = decompose_numbers(y, [cycle], robust=robust), STL(y, period=cycle, robust=robust).fit()
    assert np.array_equal(ours.trend, theirs.trend)
    assert np.array_equal(ours.seasons[0], theirs.seasonal)
    assert np.array_equal(ours.remainder, theirs.resid)
    assert np.array_equal(ours.weight, theirs.weights)


def test_two_seasons_are_the_mstl_of_statsmodels():
    y = waves(200, 7, 10) + 4 * np.sin(2 * np.pi * np.arange(200) / 30)
    ours, theirs = decompose_numbers(y, [7, 30]), MSTL(y, periods=(7, 30), stl_kwargs={"robust": True}).fit()
    assert np.array_equal(ours.trend, theirs.trend)
    assert np.array_equal(ours.seasons.T, theirs.seasonal)
    assert np.array_equal(ours.remainder, theirs.resid)


def test_a_gap_is_bridged_by_the_season_and_leaves_nothing_over():
    y = 50 + 10 * np.cos(2 * np.pi * np.arange(96) / 12)
    holed = y.copy()
    holed[40:43] = np.nan
    parts = decompose_numbers(holed, [12], robust=False)
    assert np.isnan(parts.remainder[40:43]).all() and not np.isnan(np.delete(parts.remainder, [40, 41, 42])).any()
    assert np.allclose((parts.trend + parts.seasons[0])[40:43], y[40:43], atol=0.6)


def test_strength_follows_its_formula_and_stays_between_0_and_1():
    rng = np.random.default_rng(1)
    part, rest = rng.normal(0, 3, 5000), rng.normal(0, 1, 5000)
    assert strength(part, rest) == pytest.approx(1 - np.var(rest) / np.var(part + rest))
    assert strength(-rest, rest) == 0.0
    assert strength(np.zeros(10), np.zeros(10)) == 0.0


def test_little_is_left_of_noise_where_the_season_may_change():
    def left(windows, degree):
        def split(y):
            return decompose_numbers(y, [52], windows=windows, degree=degree, robust=False, quick=True)

        return noise_left(156, split, split)

    same, changing = left((41,), 0), left((7,), 1)
    # Three turns with one value for each week: two thirds of the variance are left, but for what the trend takes.
    assert same.kept == pytest.approx(np.sqrt(2 / 3), abs=0.04)
    assert changing.kept < same.kept
    # Three standard deviations of what is left, as without weights it is normal noise.
    assert same.far == pytest.approx(3 * same.kept, rel=0.05)


def test_quick_curves_differ_little():
    y = waves(261, 52, 10)
    exact, quick = decompose_numbers(y, [52], robust=False), decompose_numbers(y, [52], robust=False, quick=True)
    assert np.abs(exact.trend - quick.trend).max() < 0.2


def test_a_season_is_found_and_two_turns_of_months_cannot_show_one():
    y = 10 * np.cos(2 * np.pi * np.arange(60) / 12) + np.random.default_rng(3).normal(0, 3, 60)
    assert season_p(y, 12) < 0.005
    assert season_p(y[:24], 12) > 0.05
    assert np.isnan(season_p(y[:20], 12))
    assert season_p(y[:24], 12) == season_p(y[:24], 12)


@pytest.mark.parametrize(("turns", "cycle", "echo"), [(5, 12, 0.0), (4, 52, 0.0), (4, 52, 0.6)])
def test_noise_has_a_season_about_one_time_in_twenty(turns, cycle, echo):
    rng = np.random.default_rng(4)
    p = []
    for _ in range(200):
        y = rng.normal(size=turns * cycle)
        for i in range(1, len(y)):
            y[i] += echo * y[i - 1]
        p.append(season_p(y - y.mean(), cycle, shifts=99))
    assert 0.01 <= np.mean(np.array(p) <= 0.05) <= 0.10
