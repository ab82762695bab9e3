"""Scan over time: printed numbers, exact chances against simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import poisson

from sara.core.stats.naus import fullest_window, naus, scan_chance


def test_published_numbers():
    """The printed numbers (0.03902238 and 0.4868140) come from a program with a shorter last sum and exponent L - k."""
    assert naus(6, 0.6, 208) == pytest.approx(0.0390231, abs=5e-8)
    assert naus(6, 0.6, 208) == pytest.approx(0.03902238, rel=1e-4)
    assert naus(6, 1, 260) == pytest.approx(0.4855866, abs=5e-8)
    assert naus(6, 1, 260) == pytest.approx(0.4868140, rel=3e-3)
    assert 260 * poisson.sf(5, 1) == pytest.approx(0.154488, abs=5e-7)


def test_three_windows_against_simulation():
    """Where the program's shorter sum shows: 0.386 by simulation, 0.387 by the formula, 0.390 without the last term."""
    rng, series, mean, n = np.random.default_rng(5), 40_000, 1.5, 3
    reached = np.zeros(series, dtype=bool)
    events = rng.poisson(3 * mean, series)
    for i, k in enumerate(events):
        at = np.sort(rng.uniform(0, 3, k))
        reached[i] = k >= n and bool((at[n - 1 :] - at[: k - n + 1] < 1).any())
    assert 1 - naus(n, mean, 3) == pytest.approx(1 - reached.mean(), abs=0.008)


def test_one_period_is_exact():
    assert scan_chance(6, 1, 1.0, 260) == pytest.approx(1 - poisson.cdf(5, 1) ** 260)


@pytest.mark.parametrize(("window", "n"), [(2, 6), (3, 8)])
def test_whole_periods_against_simulation(window, n):
    drawn = np.random.default_rng(3).poisson(0.6, (10_000, 208)).astype(float)
    share = (fullest_window(drawn, window)[0] >= n).mean()
    assert scan_chance(n, window, 0.6, 208) == pytest.approx(share, abs=0.02)
