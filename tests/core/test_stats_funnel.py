"""Funnel limits: exact for small counts, wide enough for what places differ by, and not widened by the outliers they look for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sara.core.stats.funnel import Spread, funnel_limits, funnel_p, rate_interval, spread_of


def test_intervals_are_garwoods():
    n, b = np.array([0, 1, 7, 120]), np.array([10.0, 10, 350, 4_000])
    low, high = rate_interval(n, b, confidence=0.9)
    assert low == pytest.approx(np.nan_to_num(stats.chi2.ppf(0.05, 2 * n)) / 2 / b)
    assert high == pytest.approx(stats.chi2.ppf(0.95, 2 * n + 2) / 2 / b)


def test_limits_without_extra_spread_are_exact_poisson():
    expected = np.array([0.4, 3.0, 25.0, 900.0])
    low, high = funnel_limits(expected, Spread("none", 0, 1, 4, ""), 0.95)
    # Interpolated between the quantile and the count below it, as Spiegelhalter has it.
    for limit, q in ((low, 0.025), (high, 0.975)):
        r = stats.poisson.ppf(q, expected)
        assert ((limit <= r) & (limit >= np.maximum(r - 1, 0))).all()
    z = (np.array([low[3], high[3]]) - 900) / 30
    assert z == pytest.approx([-1.96, 1.96], abs=0.04)
    p = funnel_p([25, 40], [25.0, 25.0], Spread("none", 0, 1, 4, ""))
    assert p == pytest.approx([1.0, 2 * stats.poisson.sf(39, 25)])


def test_extra_spread_widens_limits_and_keeps_their_middle():
    expected = np.array([5.0, 50.0, 500.0])
    poisson = funnel_limits(expected, Spread("none", 0, 1, 3, ""), 0.95)
    for spread, variance in (
        (Spread("additive", 0.1, 2, 3, ""), expected + 0.1 * expected**2),
        (Spread("multiplicative", 3.0, 3, 3, ""), 3 * expected),
    ):
        low, high = funnel_limits(expected, spread, 0.95)
        assert (low < poisson[0]).all() and (high > poisson[1]).all()
        assert (high - low)[2] == pytest.approx(2 * 1.96 * np.sqrt(variance[2]), rel=0.05)


@pytest.mark.parametrize("tau2", [0.0, 0.05, 0.4])
def test_the_extra_spread_is_found_and_outliers_do_not_hide_themselves(tau2):
    rng = np.random.default_rng(3)
    expected = rng.gamma(2, 20, 800) + 5
    risk = rng.gamma(1 / tau2, tau2, 800) if tau2 else np.ones(800)
    n = rng.poisson(expected * risk)
    clean = spread_of(n, expected, kind="additive").value
    assert clean == pytest.approx(tau2, rel=0.25, abs=0.004)
    n[:24] *= 8
    # Eight times as many in 3 of 100 places: plain moments would find a spread of more than 1.
    assert spread_of(n, expected, kind="additive").value < tau2 * 1.45 + 0.01
    assert (((n - expected) ** 2).sum() - expected.sum()) / (expected**2).sum() > 1


def test_multiplicative_spread_is_found():
    rng = np.random.default_rng(4)
    expected = rng.uniform(20, 200, 900)
    n = stats.nbinom.rvs(expected / 2, 1 / 3, random_state=rng)
    assert spread_of(n, expected, kind="multiplicative").value == pytest.approx(3, rel=0.15)
    assert spread_of(rng.poisson(expected), expected, kind="multiplicative").value == pytest.approx(1, abs=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("tau2", [0.0, 0.02, 0.1, 0.4])
@pytest.mark.parametrize("size", [1, 10, 80])
def test_limits_cover_what_they_say(tau2, size):
    rng = np.random.default_rng(int(1000 * tau2) + size)
    exposure = rng.gamma(2, size / 2, 600) + 0.05
    inside, called = [], []
    for _ in range(40):
        n = rng.poisson(exposure * (rng.gamma(1 / tau2, tau2, 600) if tau2 else 1))
        expected = exposure * n.sum() / exposure.sum()
        spread = spread_of(n, expected, kind="additive")
        held = [funnel_limits(expected, spread, level) for level in (0.95, 0.998)]
        inside.append([np.mean((n >= low) & (n <= high)) for low, high in held])
        called.append(np.mean(funnel_p(n, expected, spread) <= 0.05))
    assert np.mean(inside, axis=0) == pytest.approx([0.95, 0.998], abs=0.02)
    assert np.mean(called) <= 0.052
