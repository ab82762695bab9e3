"""False alarms of Gi* and local Moran by simulation: where nothing is going on, and where the city is only thicker in its middle."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from shapely.geometry import box

from sara.core.grid import Grid
from sara.core.stats.fdr import benjamini_hochberg
from sara.hotspots._gi_star import _standardize
from sara.hotspots._local.around import around
from sara.hotspots._local.chance import chance
from sara.hotspots._local_moran import _of_sums

SIDE, RUNS = 40, 150
# With nothing to be found, any call is a false one: 5 % of the runs may have one, and this much more by chance of 150 runs.
LIMIT = 0.05 + 3 * np.sqrt(0.05 * 0.95 / RUNS)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cells():
    return Grid.over(box(0, 0, SIDE, SIDE), cell_size=1)


def hot_cells(cells, x, method, inference):
    """Return the p-values, which cells stand out, and which of them by more."""
    near = around(cells, x, contiguity="queen", distance=None)
    size = near.size.astype(float)
    star = method == "gi_star"
    z = _standardize(near.sums + x, size + 1, size + 1, x).z if star else _of_sums(x, near.sums, size, 1 / size).z
    found = chance(x, near, z, inference=inference, dealt=star, n_sims=999, seed=1, words=("cell", "cells"), confidence=0.95)
    sure = benjamini_hochberg(found.p) <= 0.05
    return found.p, sure, sure & (found.side > 0)


@pytest.mark.parametrize(("method", "inference"), [("gi_star", "exact"), ("gi_star", "conditional"), ("local_moran", "exact")])
@pytest.mark.parametrize("mean", [0.05, 0.3, 2.0, 10.0])
def test_of_pure_chance_at_most_one_run_in_twenty_has_a_false_alarm(cells, mean, method, inference):
    rng = np.random.default_rng(1)
    alarms, small = [], []
    for _ in range(RUNS):
        p, sure, _ = hot_cells(cells, rng.poisson(mean, SIDE**2).astype(float), method, inference)
        alarms.append(sure.any())
        small.append((p <= 0.05).mean())
    assert np.mean(alarms) <= LIMIT
    # Uncorrected, too: never more than one in twenty, less where counts come in few steps.
    assert np.mean(small) <= 0.05
    assert np.mean(small) >= (0.03 if mean >= 2 else 0.002)


@pytest.mark.parametrize("method", ["gi_star", "local_moran"])
def test_the_normal_curve_raises_false_alarms_where_counts_are_small(cells, method):
    rng = np.random.default_rng(1)
    alarms = [hot_cells(cells, rng.poisson(0.05, SIDE**2).astype(float), method, "analytic")[1].any() for _ in range(40)]
    assert np.mean(alarms) > 0.8


@pytest.mark.parametrize("inference", ["exact", "conditional"])
def test_where_the_city_is_thicker_hot_cells_are_thicker_than_the_average(cells, inference):
    """The null is false here by design: calls are not dealt evenly. Hot cells must then lie where the true intensity is above the mean."""
    rng = np.random.default_rng(2)
    smooth = np.exp(gaussian_filter(rng.normal(0, 1, (SIDE, SIDE)), 5) * 12)
    intensity = (smooth / smooth.mean() * 2).ravel()
    called, wrong = 0, 0
    for _ in range(40):
        hot = hot_cells(cells, rng.poisson(intensity).astype(float), "gi_star", inference)[2]
        called, wrong = called + int(hot.sum()), wrong + int((intensity[hot] < intensity.mean()).sum())
    assert called > 40 * 0.02 * SIDE**2
    assert wrong <= 0.01 * called
