"""Counts now and before: published values, SciPy's E-test, the size of the test by simulation, and swing that is measured right."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.rates import test_poisson_2indep as two_rates

from sara.core.stats.window_change import rate_change, square_root_z, step_swing, year_swing


def test_the_textbooks_z():
    # Cary, North Carolina, year to date 2025 against 2024, and against a mean of five years.
    assert square_root_z(9, 4) == pytest.approx(2)
    now, before = [33, 1815, 7, 71, 897, 190, 1, 7], [54, 1863, 6, 106, 1085, 185, 0, 12]
    published = [-3.207813, -1.119334, 0.392523, -3.738961, -5.978760, 0.365156, 2.0, -1.636701]
    assert square_root_z(now, before) == pytest.approx(published, abs=1e-6)
    assert square_root_z([33, 1], [95.4, 0.4]) == pytest.approx([-8.045459, 0.735089], abs=1e-6)


def test_two_random_counts_have_a_z_of_their_own():
    rng = np.random.default_rng(1)
    now, before = rng.poisson(50, (2, 200_000))
    assert np.std(square_root_z(now, before)) == pytest.approx(1.419, abs=0.02)
    assert np.mean(np.abs(square_root_z(now, before)) > 3) == pytest.approx(0.035, abs=0.002)
    assert np.std(square_root_z(now, before, share=1)) == pytest.approx(1, abs=0.02)
    three = rng.poisson(50, (3, 200_000)).mean(axis=0)
    assert np.std(square_root_z(now, three, share=1 / 3)) == pytest.approx(1, abs=0.02)
    assert square_root_z(9, 4, share=1, phi=4) == pytest.approx(2**-0.5)


def test_published_p_values_of_the_e_test():
    found = rate_change([6, 0], [2, 3])
    assert found.p == pytest.approx([0.1748748, 0.0883790], abs=1e-6)
    assert rate_change([2, 3], [6, 0]).p == pytest.approx(found.p)
    assert found.too_few.tolist() == [False, True]


def test_e_test_is_that_of_statsmodels():
    assert rate_change([60], [30], exposure=(51477.5, 54308.7)).p[0] == pytest.approx(0.000567262, abs=1e-9)
    now, before, days = [33, 7, 120, 2, 56], [54, 6, 90, 19, 84], (28.0, 84.0)
    ours = rate_change(now, before, exposure=days)
    for k in range(5):
        assert ours.p[k] == pytest.approx(two_rates(now[k], days[0], before[k], days[1], method="etest").pvalue, abs=1e-8)
        assert ours.ratio[k] == pytest.approx(now[k] / before[k] * 3)
        assert ours.low[k] < ours.ratio[k] < ours.high[k]


def test_p_and_interval_agree_where_one_side_is_short():
    # One day of 33 against twelve of 15: a rise by interval and by test.
    found = rate_change([33], [185], exposure=(1, 12))
    assert found.low[0] > 1.4
    assert found.p[0] < 0.001
    rng = np.random.default_rng(8)
    now, before = rng.poisson(15, 300), rng.poisson(180, 300)
    one = rate_change(now, before, exposure=(1, 12))
    outside = (one.low > 1) | (one.high < 1)
    assert np.mean(outside == (one.p < 0.05)) > 0.97


def test_nothing_at_all_is_no_test():
    found = rate_change([0, np.nan], [0, 3])
    assert np.isnan(found.p).all()
    assert found.too_few.all()


def test_swing_widens_and_weakens():
    plain, swung = rate_change([60], [40]), rate_change([60], [40], phi=2.0)
    unsure = rate_change([60], [40], phi=2.0, df=6)
    assert plain.p < swung.p < unsure.p
    assert plain.low > swung.low > unsure.low
    assert plain.high < swung.high < unsure.high
    # Half of the events, each counted twice, carry the information of half of them.
    assert swung.p == pytest.approx(rate_change([30], [20]).p)
    # Where phi is 1, chance is known.
    assert rate_change([60], [40], df=6).p == pytest.approx(plain.p)


def test_large_counts_are_quick_and_finite():
    found = rate_change([1_000_000, 0], [1_010_000, 1_000_000])
    assert found.p[0] == pytest.approx(1.9e-12, rel=2)
    assert found.ratio[1] == 0


# ---- how much counts swing


def years(rng, rows, mean, phi, *, season=0.4, shape=(4, 12), level=(1.0, 1.3, 0.8, 1.1)):
    """Return negative binomial counts with a season, and years of different level."""
    months = mean * (1 + season * np.cos(2 * np.pi * np.arange(shape[1]) / shape[1])) * np.array(level)[: shape[0], None]
    rate = np.broadcast_to(months, (rows, *shape))
    return rng.poisson(rate * rng.gamma(rate / (phi - 1), (phi - 1) / rate) if phi > 1 else rate)


@pytest.mark.parametrize("phi", [1.0, 1.5, 3.0])
@pytest.mark.parametrize("mean", [3.0, 40.0])
def test_swing_around_season_and_level(phi, mean):
    found = year_swing(years(np.random.default_rng(2), 800, mean, phi))
    # Windows without one event in any year take no degree of freedom.
    assert np.mean(found.df == 33) > 0.95
    # The correlation that chance shows in some rows adds a little.
    if mean > 5 or phi < 2:
        assert np.median(found.phi) == pytest.approx(phi, rel=0.12)
    assert np.mean(found.phi) == pytest.approx(phi, rel=0.16)


def test_a_window_that_comes_back_is_no_swing():
    x = np.array([[[10, 20, 30, 40], [20, 40, 60, 80]]])
    assert year_swing(x).phi[0] == 1


def test_windows_that_swing_together_make_a_year_swing_more():
    rng = np.random.default_rng(3)
    rows, blocks = 600, 13 * 4
    z = np.zeros((rows, blocks))
    z[:, 0] = rng.normal(size=rows)
    for k in range(1, blocks):
        z[:, k] = 0.5 * z[:, k - 1] + np.sqrt(0.75) * rng.normal(size=rows)
    x = rng.poisson(100 * np.exp(0.2 * z)).reshape(rows, 4, 13)
    one, whole = year_swing(x), year_swing(x, parts=13)
    truth = x.sum(axis=2).var(axis=0).mean() / x.sum(axis=2).mean()
    assert np.median(one.phi) == pytest.approx(x.var(axis=0).mean() / x.mean(), rel=0.2)
    assert np.median(whole.phi) == pytest.approx(truth, rel=0.3)
    assert np.median(whole.phi) > 2 * np.median(one.phi)


def test_windows_with_a_gap_are_left_out():
    x = years(np.random.default_rng(4), 5, 20, 1.0).astype(float)
    holed = x.copy()
    holed[:, 1, 3] = np.nan
    assert year_swing(holed).phi == pytest.approx(year_swing(np.delete(x, 3, axis=2)).phi)
    assert year_swing(x[:, :1]).df.tolist() == [0] * 5
    assert year_swing(np.zeros((2, 3, 12))).phi.tolist() == [1, 1]


@pytest.mark.parametrize("phi", [1.0, 2.5])
def test_steps(phi):
    x = years(np.random.default_rng(5), 800, 30, phi, season=0.0, shape=(1, 40), level=(1.0,))[:, 0]
    found = step_swing(x)
    assert np.mean(found.phi) == pytest.approx(phi, rel=0.15)
    assert found.df == pytest.approx(26)
    # The week is a rhythm, no swing.
    week = np.tile([10, 10, 10, 10, 20, 30, 20], 8)[None]
    assert step_swing(week, lag=7).phi[0] == 1
    assert step_swing(week).phi[0] > 1
    assert step_swing(week[:, :2]).df[0] == 0


def test_steps_across_a_gap_do_not_count():
    x = np.array([[10.0, 12, np.nan, 90, 91, 89, 92, 90, 91]])
    assert step_swing(x).phi[0] == 1


@pytest.mark.parametrize(("mean", "phi"), [(4.0, 1.0), (30.0, 1.0), (30.0, 2.0), (200.0, 3.0)])
def test_size_of_the_test_with_measured_swing(mean, phi):
    rng = np.random.default_rng(6)
    history = years(rng, 1_500, mean, phi, season=0.3, shape=(3, 12), level=(1.0, 1.0, 1.0))
    swing = year_swing(history)
    now, before = years(rng, 1_500, mean, phi, season=0.0, shape=(4, 3), level=(1, 1, 1, 1))[:, :, 0].T[[0, 1]]
    found = rate_change(now, before, phi=swing.phi, df=swing.df)
    assert 0.015 <= np.mean(np.nan_to_num(found.p, nan=1) < 0.05) <= 0.065
    assert np.mean((found.low <= 1) & (np.nan_to_num(found.high, nan=9) >= 1)) >= 0.93
