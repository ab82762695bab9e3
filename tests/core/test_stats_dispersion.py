"""Dispersion, drift and shrinkage: what was put in comes out."""

from __future__ import annotations

import numpy as np
import pytest

from sara.core.stats.dispersion import place_drift, two_way_dispersion
from sara.core.stats.shrinkage import gamma_poisson


def _counts(rng, places, months, mean, ratio=1.0):
    level = mean * np.linspace(0.5, 2, places)[:, None] * (1 + 0.3 * np.sin(np.arange(months) / 2))
    return rng.poisson(level) if ratio == 1 else rng.negative_binomial(level / (ratio - 1), 1 / ratio)


@pytest.mark.parametrize("ratio", [1.0, 2.0, 3.0])
def test_the_dispersion_put_in_comes_out_whatever_the_season(ratio):
    rng = np.random.default_rng(3)
    found = np.mean([two_way_dispersion(_counts(rng, 6, 24, 20, ratio)).phi for _ in range(150)])
    assert found == pytest.approx(ratio, rel=0.06)


def test_degrees_of_freedom_and_order():
    counts = _counts(np.random.default_rng(1), 5, 12, 10)
    found = two_way_dispersion(counts)
    assert found.df == 4 * 11
    assert two_way_dispersion(counts[::-1]).phi == pytest.approx(found.phi)


def test_one_place_has_no_dispersion():
    found = two_way_dispersion(np.array([[3, 4, 5]]))
    assert np.isnan(found.phi) and found.df == 0
    assert two_way_dispersion(np.zeros((0, 0))).df == 0


def test_independent_months_do_not_correlate():
    rng = np.random.default_rng(4)
    assert abs(np.mean([two_way_dispersion(_counts(rng, 6, 24, 20)).lag1 for _ in range(100)])) < 0.02


@pytest.mark.parametrize("drift", [0.0, 0.2])
def test_the_drift_put_in_comes_out(drift):
    rng = np.random.default_rng(5)
    found = []
    for _ in range(120):
        level = rng.uniform(20, 60, 40)
        after = level * 1.1 * np.exp(drift * rng.standard_normal(40) - drift**2 / 2)
        found.append(place_drift([(rng.poisson(24 * level), rng.poisson(12 * after), (24, 12))], phi=1.0))
    assert np.mean([d.trend for d in found]) == pytest.approx(1.1, rel=0.02)
    # Drift of the later level alone, over the square of the mean level of both windows.
    assert np.mean([d.tau2 for d in found]) == pytest.approx((1.1 * drift / (36 * 1.1 / 37.2 * 1.0)) ** 2, abs=0.008)
    assert found[0].df == 39


def test_more_windows_give_more_degrees_of_freedom():
    rng = np.random.default_rng(6)
    year = [rng.poisson(200, 10) for _ in range(4)]
    assert place_drift([(year[0], year[1], (12, 12)), (year[2], year[3], (12, 12))], phi=1.0).df == 18


def test_regression_to_the_mean_is_foretold():
    rng = np.random.default_rng(0)
    level = rng.gamma(2, 5, 20_000)
    before, after = rng.poisson(level), rng.poisson(level)
    worst = before >= np.quantile(before, 0.9)
    expected = np.mean(gamma_poisson(before).expected(before[worst]))
    assert (before[worst].mean(), after[worst].mean(), expected) == pytest.approx((26.9406, 24.1399, 24.1311), abs=2e-4)


def test_places_that_differ_only_by_chance_are_all_expected_at_the_mean():
    counts = np.random.default_rng(2).poisson(10, 300)
    assert gamma_poisson(counts, phi=1.3).reliability == 0
    assert gamma_poisson(np.array([4, 4, 4])).expected(9) == 4
