"""Scan over time: printed numbers, exact chances against simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import poisson

from sara.core.stats.naus import fullest_window, naus, scan_chance


def test_printed_numbers():
    assert naus(6, 2, 0.6, 208) == pytest.approx(0.03902238, abs=1e-8)
    assert naus(6, 1, 1, 260) == pytest.approx(0.4868140, abs=5e-8)
    assert 260 * poisson.sf(5, 1) == pytest.approx(0.154488, abs=5e-7)


def test_one_period_is_exact():
    assert scan_chance(6, 1, 1.0, 260) == pytest.approx(1 - poisson.cdf(5, 1) ** 260)


@pytest.mark.parametrize(("window", "n"), [(2, 6), (3, 8)])
def test_whole_periods_against_simulation(window, n):
    drawn = np.random.default_rng(3).poisson(0.6, (10_000, 208)).astype(float)
    share = (fullest_window(drawn, window)[0] >= n).mean()
    assert scan_chance(n, window, 0.6, 208) == pytest.approx(share, abs=0.02)
