"""What is usual for a season: means, dispersion by hand, coverage by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sara.core.stats.seasonal import usual_range


def test_means_are_per_day_and_scaled_to_the_new_year():
    n = np.array([[31.0, 28.0], [62.0, 58.0]])
    days = np.array([[31.0, 28.0], [31.0, 29.0]])
    found = usual_range(n, days, np.array([31.0, 28.0]))
    assert found.expected.tolist() == pytest.approx([93 / 62 * 31, 86 / 57 * 28])
    assert found.years.tolist() == [2, 2]


def test_without_extra_swing_the_range_is_that_of_a_new_poisson_count():
    # All years alike: no dispersion beyond chance, and the mean of 4 years is uncertain by a quarter of a year's variance.
    n = np.full((4, 12), 100.0)
    found = usual_range(n, np.full((4, 12), 30.0), np.full(12, 30.0))
    assert found.dispersion == 1
    assert found.low[0] == pytest.approx(stats.norm.ppf(0.025, 100, np.sqrt(125)), abs=4)
    assert found.high[0] == pytest.approx(stats.norm.ppf(0.975, 100, np.sqrt(125)), abs=4)


def test_dispersion_by_hand():
    # Two years, two seasons of mean 100: whole years differ by +-20 in each season, nothing else.
    n = np.array([[80.0, 80.0], [120.0, 120.0]])
    found = usual_range(n, np.full((2, 2), 30.0), np.full(2, 30.0))
    # Between: ((160-200)^2 + (240-200)^2) / 200 = 16 over 1 df; rest 0 over 1; 16 / 2 seasons + 0.
    assert found.dispersion == pytest.approx(8)
    assert found.df == pytest.approx(1)  # 8^2 / 8^2


def test_one_year_does_not_show_how_far_years_differ():
    found = usual_range(np.full((1, 12), 50.0), np.full((1, 12), 30.0), np.full(12, 30.0))
    assert found.df == 0
    assert np.isnan(found.low).all()
    assert found.expected.tolist() == [50.0] * 12


def test_seasons_without_an_earlier_year_and_seasons_of_zeros():
    n = np.array([[np.nan, 0.0, 10.0], [np.nan, 0.0, 12.0], [np.nan, 0.0, 9.0]])
    found = usual_range(n, np.where(np.isnan(n), 0, 30.0), np.full(3, 30.0))
    assert np.isnan(found.low[0])
    assert np.isnan(found.expected[0])
    assert (found.low[1], found.expected[1]) == (0, 0)
    assert 1 <= found.high[1] <= 4


def simulate(years, mean, swing, year_sd, *, repeats, seed=5):
    rng = np.random.default_rng(seed)
    expected = mean * (1 + 0.3 * np.sin(np.arange(12) / 12 * 2 * np.pi))
    below, above = [], []
    for _ in range(repeats):
        level = np.exp(rng.normal(0, year_sd, years + 1) - year_sd**2 / 2)[:, None] * expected
        n = rng.poisson(level) if swing == 1 else rng.negative_binomial(level / (swing - 1), 1 / swing)
        found = usual_range(n[:years].astype(float), np.full((years, 12), 30.0), np.full(12, 30.0))
        below.append((n[years] < found.low).mean())
        above.append((n[years] > found.high).mean())
    return float(np.mean(below)), float(np.mean(above))


def test_few_good_months_are_called_unusual():
    below, above = simulate(3, 50, 2, 0, repeats=150)
    assert 0.005 < below < 0.04
    assert 0.005 < above < 0.04


@pytest.mark.slow
@pytest.mark.parametrize("years", [2, 3, 5])
@pytest.mark.parametrize("mean", [5, 50, 400])
@pytest.mark.parametrize(("swing", "year_sd", "most"), [(1, 0, 0.055), (2, 0, 0.055), (2, 0.1, 0.105)])
def test_false_alarms_are_not_more_than_said(years, mean, swing, year_sd, most):
    below, above = simulate(years, mean, swing, year_sd, repeats=400)
    assert below + above < most
