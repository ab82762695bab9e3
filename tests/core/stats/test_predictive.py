"""The next count when the usual was itself only counted: exact for Poisson counts, measured for others."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, nbinom

from sara.core.stats.farrington import farrington_limits
from sara.core.stats.predictive import began, measured_tail, predictive, recent, silence

# Binomial shares by simulation: three standard errors are allowed.
SLACK = 3


@pytest.mark.parametrize(("s", "m", "n"), [(0, 28, 2), (8, 4, 6), (140, 28, 12), (3, 200, 1)])
def test_the_tail_is_the_exact_conditional_test_of_two_poisson_counts(s, m, n):
    mean = max(s / m, 1e-12)
    found = predictive([mean], [1 / (mean * m)], [1.0])
    assert found.at_least([n])[0] == pytest.approx(binom.sf(n - 1, s + n, 1 / (m + 1)), rel=1e-6)


def test_the_tail_of_a_dispersed_count_is_scipys_negative_binomial():
    found = predictive([5.0], [0.02], [2.0])
    size = found.mean / (found.spread - 1)
    assert found.at_least([9]) == pytest.approx(nbinom.sf(8, size, 1 / found.spread))
    assert found.middle([9]) == pytest.approx(nbinom.sf(8, size, 1 / found.spread) - 0.5 * nbinom.pmf(9, size, 1 / found.spread))
    assert found.quantile(0.975)[0] == nbinom.ppf(0.975, size[0], 1 / found.spread[0])
    assert found.at_least([0])[0] == 1.0
    assert np.isnan(found.at_least([np.nan])[0])


def test_the_recent_mean_is_that_of_the_periods_before():
    n = np.array([[1.0, 3.0, 2.0, np.nan, 4.0, 99.0], [0, 0, 0, 0, 0, 5]])
    mean, variance, dispersion = recent(n, np.array([5]), periods=5)
    assert mean[0, 0] == pytest.approx(2.5)
    assert variance[0, 0] == pytest.approx(1 / 10)
    assert dispersion[0, 0] == 1.0
    # Nothing counted: n or more has the chance (1 / (m + 1)) ** n.
    assert predictive(mean, variance, dispersion).at_least(n[:, [5]])[1, 0] == pytest.approx((1 / 6) ** 5, rel=1e-5)


def test_recent_says_nothing_where_most_is_unknown():
    n = np.array([[np.nan, np.nan, np.nan, 2.0, 3.0, 4.0]])
    assert np.isnan(recent(n, np.array([5]), periods=5)[0]).all()


def test_a_silence_has_the_chance_of_its_formula():
    steady = np.tile([2.0, 1.0, 3.0, 2.0], 26)
    n = np.vstack([np.r_[steady, 0, 0, 0], np.r_[steady, 1, 0, 2]])
    periods, expected, p = silence(n, 52)
    # Two earlier windows of three weeks, each with the counts 2, 1, 3 or alike.
    assert periods.tolist() == [3, 0]
    assert expected[0] == pytest.approx((n[0, 52:55].sum() + n[0, :3].sum()) / 2)
    assert p[0] == pytest.approx((2 / 3) ** (2 * expected[0]))
    assert p[1] == 1.0


def test_what_is_silent_in_every_winter_is_not_silent():
    year = np.r_[np.full(26, 8.0), np.zeros(26)]
    periods, expected, p = silence(np.tile(year, 4)[None, :], 52)
    assert periods[0] == 26
    assert expected[0] == 0
    assert p[0] == 1.0


def test_a_gap_is_no_silence():
    n = np.r_[np.full(100, 5.0), np.full(4, np.nan)][None, :]
    assert silence(n, 52)[0][0] == 0


def test_what_would_have_come_in_a_gap_is_not_expected_in_the_silence():
    silent = np.ones((1, 270))
    silent[0, -2:] = 0
    cut = silent.copy()
    cut[0, -12:-2] = np.nan
    # The whole of the stretch lies in the file four times before, its last two weeks five times.
    for n, windows in ((silent, 5), (cut, 4)):
        periods, expected, p = silence(n, 52.18)
        assert (periods[0], expected[0]) == (2, 2.0)
        assert p[0] == pytest.approx((windows / (windows + 1)) ** (2 * windows))
    # An earlier gap at the season of this one takes nothing from what can be compared.
    cut[0, -64:-54] = np.nan
    assert silence(cut, 52.18)[2][0] == pytest.approx((4 / 5) ** 8)


def test_a_code_begins_where_chance_does_not_explain_the_zeros_before():
    late = np.r_[np.zeros(150), np.full(60, 4.0)]
    rare = np.zeros(210)
    rare[[40, 90, 170]] = 1
    # Many at once, once a year: one clump says nothing about when the series begins.
    clump = np.zeros(210)
    clump[[60, 112, 164]] = 40
    assert began(np.vstack([late, rare, clump, np.zeros(210)])).tolist() == [150, 0, 0, 0]


@pytest.mark.parametrize("mean", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("dispersion", [1.0, 1.5])
def test_false_alarms_hold_at_any_mean(mean, dispersion):
    rng = np.random.default_rng(2)
    series, at = 1_500, np.array([259, 262, 265])
    size = (series, 266)
    n = rng.poisson(mean, size) if dispersion == 1 else rng.negative_binomial(mean / (dispersion - 1), 1 / dispersion, size)
    limits = farrington_limits(n, at, 52, years=4, weights_threshold=4, **({"seasons": 1, "half_window": 26} if mean < 1 else {}))
    p = predictive(limits.expected, limits.variance, limits.phi).at_least(n[:, at])
    for level in (0.05, 0.01):
        assert np.mean(p <= level) <= level + SLACK * np.sqrt(level * (1 - level) / p.size)


def test_a_measured_dispersion_has_students_tail():
    from scipy.stats import norm, t

    p = np.array([0.2, 1e-3, 1e-6])
    assert measured_tail(p, [2.0, 1.5, 1.1], [25, 180, 180]) == pytest.approx(t.sf(norm.isf(p), [25, 180, 180]), rel=1e-6)
    # Poisson counts have no dispersion to measure.
    assert measured_tail(p, 1.0, 25) == pytest.approx(p)
