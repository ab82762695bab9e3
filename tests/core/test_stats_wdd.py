"""Weighted differences: published values, and the level of the interval by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from sara.core.stats.power import detectable_ratio, detectable_share, difference_se, smallest_detectable
from sara.core.stats.two_counts import difference_p
from sara.core.stats.wdd import ratio_of_ratios, weighted_difference

PLUS_MINUS = np.array([1.0, 1.0, -1.0, -1.0])


def test_dispersion_widens_and_never_narrows():
    counts = [110, 308, 207, 318]
    plain = weighted_difference(counts, PLUS_MINUS)
    assert weighted_difference(counts, PLUS_MINUS, dispersion=4).se == pytest.approx(2 * plain.se)
    assert weighted_difference(counts, PLUS_MINUS, dispersion=0.3).se == plain.se


def test_t_quantiles_are_wider_than_normal_ones():
    counts = [110, 308, 207, 318]
    assert weighted_difference(counts, PLUS_MINUS, df=5).high > weighted_difference(counts, PLUS_MINUS).high


def test_drift_adds_to_the_variance():
    plain = weighted_difference([110, 308, 207, 318], PLUS_MINUS)
    assert weighted_difference([110, 308, 207, 318], PLUS_MINUS, extra_variance=100).se == pytest.approx(
        np.sqrt(plain.se**2 + 100)
    )


def test_small_counts_leave_the_normal_interval():
    found = weighted_difference([3, 8, 9, 7], PLUS_MINUS)
    assert found.method == "e-test"
    assert found.estimate == -5 and found.low < -5 < found.high
    assert weighted_difference([3, 8, 9, 7], np.array([1.0, 0.5, -1.0, -0.5])).method == "score limits"


def test_inflation_reaches_the_small_count_path():
    plain, wide = weighted_difference([3, 8, 9, 7], PLUS_MINUS), weighted_difference([3, 8, 9, 7], PLUS_MINUS, dispersion=4)
    assert wide.high - wide.estimate == pytest.approx(2 * (plain.high - plain.estimate))
    assert wide.p > plain.p


def test_nothing_at_all_has_a_finite_interval():
    found = weighted_difference([0, 0, 0, 0], PLUS_MINUS)
    assert found.estimate == 0 and np.isfinite(found.low) and found.p == 1


@pytest.mark.parametrize("means", [(3, 3, 3, 3), (2, 6, 2, 6), (40, 25, 40, 25)])
def test_the_level_holds_without_an_effect(means):
    rng = np.random.default_rng(7)
    draws, weight = np.unique(rng.poisson(means, (3000, 4)) @ np.c_[[1, 0, 0, 1], [0, 1, 1, 0]], axis=0, return_counts=True)
    cells = [(a, b, w) for (a, b), w in zip(draws, weight, strict=True)]
    wrong = sum(w for a, b, w in cells if difference_p(a, b) < 0.05)
    assert wrong / 3000 < 0.065


def test_a_correction_moves_the_ratio_towards_one():
    plain, moved = ratio_of_ratios((50, 30), (60, 55)), ratio_of_ratios((50, 30), (60, 55), correct=True)
    assert plain.ratio < moved.ratio < 1
    assert round(moved.se_log, 6) == 0.295188


@pytest.mark.parametrize(("level", "events"), [(20, 25.1), (50, 39.6), (100, 56.0), (200, 79.2)])
def test_the_smallest_detectable_difference(level, events):
    assert smallest_detectable(difference_se(level, np.array([level]))) == pytest.approx(events, abs=0.05)


@pytest.mark.parametrize(("level", "share"), [(20, 1.25), (50, 0.79), (100, 0.56), (200, 0.40)])
def test_the_smallest_detectable_share(level, share):
    assert round(detectable_share(level), 2) == pytest.approx(share, abs=0.005)


@pytest.mark.parametrize(("level", "ratio"), [(20, 0.286), (50, 0.453), (100, 0.571), (200, 0.673), (500, 0.778)])
def test_the_smallest_detectable_ratio(level, ratio):
    assert round(detectable_ratio(level), 3) == ratio
