"""Weekly band: the textbook's numbers, only the past, the rate of false alarms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import poisson

from sara.core.stats.weekly_band import weekly_band


def test_the_textbooks_numbers():
    band = weekly_band([8.0] * 9, method="square-root")
    assert (band.low[8], band.high[8]) == pytest.approx((1.7647, 18.7353), abs=5e-5)
    assert weekly_band([2.0] * 9, method="square-root").low[8] == 0
    assert poisson.pmf([0, 4], 1.06) == pytest.approx([0.3465, 0.0182], abs=5e-5)
    assert poisson.sf(5, 1.06) == pytest.approx(0.000801, abs=5e-7)


def test_the_week_judged_and_later_ones_take_no_part():
    n = np.random.default_rng(1).poisson(9, 60).astype(float)
    other = n.copy()
    other[40:] = 900
    one, two = weekly_band(n), weekly_band(other)
    assert np.array_equal(one.high[:41], two.high[:41], equal_nan=True)


def test_gaps_are_not_zeros():
    n = np.array([5.0, 5, 5, 5, np.nan, np.nan, np.nan, np.nan, 5, np.nan, 5])
    band = weekly_band(n)
    assert band.expected[8] == 5
    assert np.isnan(band.expected[10])
    assert np.isnan(band.high[10])


@pytest.mark.parametrize(("mean", "factor"), [(2, 1), (10, 1), (10, 2)])
def test_false_alarms_are_held(mean, factor):
    rng, shape = np.random.default_rng(5), (60, 108)
    n = (rng.poisson(mean, shape) if factor == 1 else rng.negative_binomial(mean / (factor - 1), 1 / factor, shape)).astype(float)
    band = weekly_band(n)
    assert ((n > band.high) | (n < band.low)).mean() < 0.0045
