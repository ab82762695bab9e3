"""Partitions: every partition tried by hand, SciPy's likelihoods, statsmodels' season, spread and dates by simulation."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import nbinom, poisson

from sara.core.stats.change_fit import change_fit
from sara.core.stats.change_points import change_dates, false_alarm_penalty, partition, segment_cost, spread_of
from sara.core.stats.season_levels import season_levels

# The likelihoods are sums in another order.
CLOSE = 1e-9


def every_partition(n, exposure, *, penalty, size, min_length):
    """Return the best partition of all there are."""
    periods = len(n)
    y, e = np.concatenate([[0], np.cumsum(n)]), np.concatenate([[0], np.cumsum(exposure)])
    best, found = np.inf, ()
    for many in range(periods // min_length):
        for cuts in combinations(range(min_length, periods - min_length + 1), many):
            edges = np.array([0, *cuts, periods])
            if np.diff(edges).min() < min_length:
                continue
            cost = segment_cost(np.diff(y[edges]), np.diff(e[edges]), size=size).sum() + penalty * many
            if cost < best - CLOSE:
                best, found = cost, cuts
    return list(found)


@pytest.mark.parametrize("size", [np.inf, 3.0])
@pytest.mark.parametrize("min_length", [1, 2, 3])
def test_the_fast_way_finds_what_all_partitions_tried_find(size, min_length):
    rng = np.random.default_rng(min_length)
    changed = 0
    for _ in range(25):
        periods = int(rng.integers(5, 13))
        n = rng.poisson(np.where(np.arange(periods) < rng.integers(1, periods), 3, rng.uniform(1, 12)))
        exposure, penalty = rng.uniform(0.5, 1.5, periods), rng.uniform(0.1, 2.5)
        fast = partition(n, exposure, penalty=penalty, size=size, min_length=min_length).tolist()
        assert fast == every_partition(n, exposure, penalty=penalty, size=size, min_length=min_length)
        changed += len(fast)
    assert changed >= 5


def test_the_cost_is_the_likelihood_of_scipy():
    rng = np.random.default_rng(1)
    n, e = rng.poisson(6, 30), rng.uniform(0.5, 2, 30)

    def by_scipy(part, size):
        level = n[part].sum() / e[part].sum()
        if np.isinf(size):
            return poisson.logpmf(n[part], level * e[part]).sum()
        return nbinom.logpmf(n[part], size * e[part], size / (size + level)).sum()

    whole, first, second = slice(0, 30), slice(0, 11), slice(11, 30)
    for size in (np.inf, 2.5):
        gain = by_scipy(first, size) + by_scipy(second, size) - by_scipy(whole, size)
        cost = [float(segment_cost(n[part].sum(), e[part].sum(), size=size)) for part in (whole, first, second)]
        assert cost[0] - cost[1] - cost[2] == pytest.approx(gain, rel=1e-8)


def test_a_longer_series_is_cut_alike_whatever_is_dropped_on_the_way(monkeypatch):
    rng = np.random.default_rng(3)
    n = rng.poisson(np.repeat([10, 25, 12, 14, 30], 40))
    fast = partition(n, penalty=4, min_length=5)
    # The plain recursion, one end after the other, nothing dropped.
    y = np.concatenate([[0], np.cumsum(n)])
    best, before = np.full(len(y), np.inf), np.zeros(len(y), dtype=int)
    best[0] = -4
    for t in range(5, len(y)):
        starts = np.array([0, *range(5, t - 4)])
        total = best[starts] + segment_cost(y[t] - y[starts], t - starts) + 4
        before[t], best[t] = starts[np.argmin(total)], total.min()
    plain, at = [], len(n)
    while before[at]:
        at = before[at]
        plain.append(int(at))
    assert fast.tolist() == plain[::-1]
    assert [min(abs(fast - true)) <= 2 for true in (40, 80, 160)] == [True] * 3


def test_counts_that_are_too_many_to_look_up_or_not_whole_are_cut_alike():
    n = np.repeat([10.0, 30.0], 12)
    assert (
        partition(n * 1e6, penalty=5).tolist()
        == partition(n, penalty=5).tolist()
        == partition(n + 0.5, penalty=5).tolist()
        == [12]
    )


def test_a_stretch_without_events_is_a_level_of_zero():
    assert partition([4, 5, 6, 5, 4, 0, 0, 0, 0, 0], penalty=2).tolist() == [5]
    assert partition(np.zeros(12), penalty=1).tolist() == []


def test_level_and_season_are_those_of_a_log_linear_model():
    import statsmodels.api as sm

    rng = np.random.default_rng(5)
    t = np.arange(120)
    stretch = (t >= 50).astype(int)
    cycles = np.stack([np.sin(t / 6), np.cos(t / 6)], axis=1)
    days = rng.uniform(28, 31, 120)
    n = rng.poisson(days * np.exp(cycles @ [0.3, -0.2]) * np.where(stretch, 1.5, 1.0))
    design = np.column_stack([1 - stretch, stretch, cycles])
    model = sm.GLM(n, design, family=sm.families.Poisson(), offset=np.log(days)).fit(tol=1e-12)
    found = season_levels(n, days, stretch, cycles)
    assert found.level * found.season * days == pytest.approx(model.mu, rel=1e-6)
    assert found.terms == pytest.approx(model.params[2:], abs=1e-6)
    assert (found.season * days).sum() == pytest.approx(days.sum())


def remembered(rng, periods, *, rho, sd):
    x = np.zeros(periods + 50)
    for k in range(1, len(x)):
        x[k] = rho * x[k - 1] + np.sqrt(1 - rho**2) * rng.normal()
    return np.exp(sd * x[50:] - sd**2 / 2)


def test_spread_is_measured_on_both_sides_of_a_change():
    rng = np.random.default_rng(6)
    flat = [spread_of((rng.poisson(20, 300) - 20) / np.sqrt(20)) for _ in range(40)]
    assert np.mean([one.dispersion for one in flat]) == pytest.approx(1.05, abs=0.07)
    assert np.median([one.inflation for one in flat]) == 1.0
    wild = [spread_of((rng.negative_binomial(20, 0.5, 300) - 20) / np.sqrt(20)) for _ in range(40)]
    assert np.mean([one.dispersion for one in wild]) == pytest.approx(2, abs=0.15)
    jumped = [
        spread_of((np.concatenate([rng.poisson(20, 150), rng.poisson(60, 150)]) - 40) / np.sqrt(40), np.repeat([0, 1], 150))
        for _ in range(40)
    ]
    assert np.mean([one.dispersion for one in jumped]) == pytest.approx(1.05, abs=0.1)


def test_memory_is_measured_where_counts_share_it():
    rng = np.random.default_rng(7)
    # Variance 20 + 400 * (exp(0.25^2) - 1) = 46, of which 26 fade by 0.6: 1 + 2 * 0.56 * 0.6 / 0.4 = 2.7.
    found = [
        spread_of((rng.poisson(20 * remembered(rng, 500, rho=0.6, sd=0.25)) - 20) / np.sqrt(20)).inflation for _ in range(60)
    ]
    assert np.median(found) == pytest.approx(2.7, rel=0.35)


def test_dates_widen_with_confidence_and_hold_the_best():
    rng = np.random.default_rng(8)
    n, ones = rng.poisson(np.repeat([20, 15], 60)), np.ones(120)
    changes = partition(n, penalty=false_alarm_penalty(120, 4), min_length=4)
    spans = [change_dates(n, ones, changes, min_length=4, confidence=c) for c in (0.5, 0.9, 0.99)]
    widths = [int(span.last[0] - span.first[0]) for span in spans]
    assert widths == sorted(widths)
    assert all(span.first[0] <= changes[0] <= span.last[0] for span in spans)


def test_dates_cover_and_no_change_is_mostly_none():
    rng = np.random.default_rng(9)
    ones, none, whole = np.ones(120), np.zeros((120, 0)), np.zeros(120, dtype=np.int64)
    held, found, false = 0, 0, 0
    for _ in range(150):
        cut = int(rng.integers(30, 90))
        fit = change_fit(rng.poisson(np.where(np.arange(120) < cut, 20, 15)).astype(float), ones, none, whole)
        if len(fit.changes):
            nearest = int(np.argmin(np.abs(fit.changes - cut)))
            found, held = found + 1, held + (fit.first[nearest] <= cut <= fit.last[nearest])
        false += len(change_fit(rng.poisson(20, 120).astype(float), ones, none, whole).changes) > 0
    # 150 draws: 95 % within three standard errors.
    assert found > 120
    assert held / found > 0.90
    assert false <= 14
