"""Directions on a circle: SciPy's mean and spread, a textbook example, simulation of the test and of the interval."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sara.core.stats.circular import circle, rayleigh_p

# Eight directions of trees, in degrees: the first example of the chapter on circles in Biostatistical Analysis (5th ed., 26).
TREES = np.array([45, 55, 81, 96, 110, 117, 132, 154])


def series(n, z):
    """Return the p-value of the series in Fisher (1993, 4.17), which astropy uses below 50."""
    return np.exp(-z) * (1 + (2 * z - z**2) / (4 * n) - (24 * z - 132 * z**2 + 76 * z**3 - 9 * z**4) / (288 * n**2))


def test_a_textbook_example():
    found = circle(TREES / 360)
    assert 360 * found.mean == pytest.approx(99, abs=0.5)
    assert found.length == pytest.approx(0.825, abs=0.0005)
    assert found.z == pytest.approx(5.448, abs=0.001)
    assert 0.001 < found.p < 0.002


@pytest.mark.parametrize("seed", range(5))
def test_mean_and_spread_are_scipys(seed):
    rng = np.random.default_rng(seed)
    hours = (rng.vonmises(rng.uniform(-3, 3), 1.5, 80) / (2 * np.pi) * 24) % 24
    found = circle(hours / 24)
    assert 24 * found.mean == pytest.approx(stats.circmean(hours, high=24) % 24)
    assert 24 * found.spread == pytest.approx(stats.circstd(hours, high=24))
    assert 1 - found.length == pytest.approx(stats.circvar(hours, high=24))


@pytest.mark.parametrize("n", [5, 10, 20, 49])
def test_the_p_value_is_that_of_the_series(n):
    for p in (0.5, 0.1, 0.05, 0.01):
        z = -np.log(p)
        assert float(rayleigh_p(n, np.sqrt(z / n))) == pytest.approx(series(n, z), abs=0.003)


@pytest.mark.parametrize("n", [5, 8, 15, 40])
def test_the_p_value_under_no_direction(n):
    rng = np.random.default_rng(n)
    angle = rng.uniform(0, 2 * np.pi, (n, 40_000))
    p = rayleigh_p(n, np.hypot(np.cos(angle).mean(axis=0), np.sin(angle).mean(axis=0)))
    for level in (0.2, 0.05, 0.01):
        # Five standard errors, and what the formula is off by at five events.
        assert (p <= level).mean() == pytest.approx(level, abs=5 * np.sqrt(level / 40_000) + 0.003)


@pytest.mark.parametrize(("kappa", "n"), [(1.0, 25), (2.0, 12), (4.0, 60)])
def test_the_interval_covers_the_mean(kappa, n):
    rng = np.random.default_rng(int(10 * kappa) + n)
    hits = 0
    for _ in range(600):
        found = circle((rng.vonmises(0, kappa, n) / (2 * np.pi)) % 1, harmonics=1)
        hits += bool(np.isnan(found.low) or (0 - found.low) % 1 <= found.high - found.low)
    assert 0.92 <= hits / 600 <= 0.98


def test_two_peaks_opposite_are_two_peaks_and_no_mean():
    found = circle(np.tile([0.25, 0.75], 30))
    assert found.p == pytest.approx(1)
    assert sorted(round(peak.at, 2) for peak in found.peaks) == [0.25, 0.75]
    assert np.isnan(found.low)


def test_peaks_are_found_where_they_are_and_not_in_noise():
    rng = np.random.default_rng(9)
    away = lambda at, n: (rng.vonmises(2 * np.pi * at, 8, n) / (2 * np.pi)) % 1  # noqa: E731
    found = circle(np.r_[away(8 / 24, 400), away(17.5 / 24, 600)])
    assert [round(24 * peak.at) for peak in found.peaks] in ([17, 8], [18, 8])
    assert len(circle(away(0.9, 500)).peaks) == 1
    assert sum(len(circle(rng.random(200)).peaks) > 0 for _ in range(300)) <= 9  # 4 of 1,000 each expected


def test_turning_the_circle_turns_the_mean():
    rng = np.random.default_rng(2)
    at = (rng.vonmises(0.3, 1, 60) / (2 * np.pi)) % 1
    one, other = circle(at), circle((at + 0.4) % 1)
    assert (other.mean - one.mean) % 1 == pytest.approx(0.4)
    assert other.length == pytest.approx(one.length)
    assert (other.low - one.low) % 1 == pytest.approx(0.4)


def test_rows_stand_for_events_and_weights_for_how_often():
    at, rows = np.array([0.1, 0.3, 0.7]), np.array([4, 1, 2])
    one, other = circle(at, rows=rows), circle(np.repeat(at, rows))
    assert (one.mean, one.length, one.n, one.p) == pytest.approx((other.mean, other.length, other.n, other.p))
    # A part of the circle seen twice has twice the events; weights of a half undo it.
    even = np.arange(24) / 24
    seen = np.r_[even, even[:12]]
    often = np.r_[np.full(12, 0.5), np.ones(12), np.full(12, 0.5)]
    assert circle(seen).length > 0.1
    assert circle(seen, often).length == pytest.approx(0, abs=1e-12)


def test_few_events():
    assert np.isnan(circle([0.2]).p)
    assert circle([0.2]).length == pytest.approx(1)
    assert np.isnan(circle([0.0, 0.5]).mean)
