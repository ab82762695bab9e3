"""EARS kernel: numbers of R's earsC, the formulas one period at a time, known rates of false alarms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, t

from sara.core.stats.ears import ears_limits, false_alarm_rate

# Limits by R's surveillance 1.20.3, earsC(alpha = 0.001, baseline = 7).
SERIES = [3, 5, 4, 2, 6, 4, 5, 3, 4, 12, 9, 5, 4, 3]


@pytest.mark.parametrize(
    ("method", "upper", "alarms"),
    [
        ("C1", [7.98947, 15.30287, 16.14499, 16.09266, 16.09266], [10]),
        ("C2", [8.29979, 8.29979, 7.98947, 15.30287, 16.14499], [10, 11]),
        ("C3", [np.nan, np.nan, 0, 5.57640, 13.00214], [12]),
    ],
)
def test_limits_are_those_of_r(method, upper, alarms):
    found = ears_limits(SERIES, method=method)
    assert found.upper[-5:] == pytest.approx(upper, abs=5e-6, nan_ok=True)
    assert (np.flatnonzero(found.alarm) + 1).tolist() == alarms


@pytest.mark.parametrize("baseline", [3, 7, 14])
def test_formulas_one_period_at_a_time(baseline):
    n = np.random.default_rng(2).poisson(60, (3, 60)).astype(float)
    z = norm.ppf(0.99)
    c1, c2, c3 = (ears_limits(n, method=m, baseline=baseline, alpha=0.01) for m in ("C1", "C2", "C3"))
    printed = ears_limits(n, method="C3", baseline=baseline, alpha=0.01, c3="published")
    for row in range(3):
        away = np.full(60, np.nan)
        for k in range(baseline, 60):
            before = n[row, k - baseline : k]
            assert c1.upper[row, k] == pytest.approx(before.mean() + z * before.std(ddof=1))
        for k in range(baseline + 2, 60):
            before = n[row, k - 2 - baseline : k - 2]
            assert c2.expected[row, k] == pytest.approx(before.mean())
            away[k] = (n[row, k] - before.mean()) / before.std(ddof=1)
            assert c2.alarm[row, k] == (away[k] > z)
        for k in range(baseline + 4, 60):
            before = max(0, away[k - 1] - 1) + max(0, away[k - 2] - 1)
            # R's count cancels out; the formula in print judges it. All counts here are above 0.
            assert c3.alarm[row, k] == (before > z)
            assert printed.alarm[row, k] == (away[k] + before > z)
        assert np.isnan(c3.upper[row, : baseline + 4]).all()


def test_gaps_are_not_zeros_and_no_spread_is_no_error():
    n = np.full(30, 4.0)
    n[12] = np.nan
    found = ears_limits(n, method="C1")
    assert np.isnan(found.upper[13:20]).all() and found.upper[20] == 4
    assert not found.alarm.any()
    n = np.full(30, 4.0)
    n[20] = 5
    assert np.flatnonzero(ears_limits(n, method="C1").alarm).tolist() == [20]
    assert not ears_limits(n, method="C1", min_sd=1).alarm.any()
    assert np.isfinite(ears_limits(n, method="C3").upper[11:]).all()


def test_the_rate_of_false_alarms_at_high_counts_is_that_of_student():
    # With counts this high, Poisson is normal: mean and sd of seven, and a new value.
    wanted = t.sf(norm.ppf(0.999) / np.sqrt(1 + 1 / 7), 6)
    assert wanted == pytest.approx(1 / 72, rel=0.01)
    for method in ("C1", "C2"):
        assert false_alarm_rate(10_000, method=method, baseline=7, alpha=0.001) == pytest.approx(wanted, rel=0.07)
    assert false_alarm_rate(0, method="C1", baseline=7, alpha=0.001) == 0
