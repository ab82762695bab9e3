"""Run lengths from Markov chains: published values, and simulation."""

from __future__ import annotations

import numpy as np
import pytest

from sara.core.stats.cusum import arm_for, arm_run, cusum_sums, reference
from sara.core.stats.ewma import ewma_false_alarms, ewma_limits
from sara.core.stats.run_length import cusum_run, ewma_run, normal_cdf


def drawn(mean: float, dispersion: float, shape: tuple[int, int], seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if dispersion == 1:
        return rng.poisson(mean, shape).astype(float)
    return rng.negative_binomial(mean / (dispersion - 1), 1 / dispersion, shape).astype(float)


def simulated(alarm: np.ndarray) -> float:
    """Censored runs: periods watched over runs that ended."""
    ended = alarm.any(axis=1)
    return float(np.where(ended, alarm.argmax(axis=1) + 1, alarm.shape[1]).sum() / ended.sum())


@pytest.mark.parametrize(
    ("h", "shift", "published"), [(4, 0, 336), (4, 0.25, 77.1), (4, 1, 8.38), (5, 0, 930), (5, 0.5, 38.0), (5, 1, 10.4)]
)
def test_normal_cusum_as_in_hawkins_and_montgomery(h, shift, published):
    """One side, k = 0.5; Montgomery's 168 and 465 are of both sides."""
    assert cusum_run(normal_cdf(shift, 1), 0.5, h, width=1 / 40, lattice=False) == pytest.approx(published, rel=0.005)


@pytest.mark.parametrize(
    ("weight", "limit", "shift", "published"),
    [(0.4, 3.054, 0, 500), (0.25, 2.998, 0, 500), (0.2, 2.962, 0, 500), (0.1, 2.814, 0, 500), (0.05, 2.615, 0, 500), (0.4, 3.054, 1, 14.3),
     (0.25, 2.998, 1, 11.1), (0.2, 2.962, 1, 10.5), (0.1, 2.814, 1, 10.3), (0.05, 2.615, 1, 11.4), (0.1, 2.814, 0.5, 31.3)],
)  # fmt: skip
def test_normal_ewma_as_in_lucas_and_saccucci(weight, limit, shift, published):
    half = limit * np.sqrt(weight / (2 - weight))
    assert ewma_run(normal_cdf(shift, 1), weight, 0, -half, half) == pytest.approx(published, rel=0.01)


@pytest.mark.parametrize(("mean", "dispersion"), [(0.5, 1), (5, 1), (5, 2)])
def test_run_lengths_of_counts_are_those_of_simulated_counts(mean, dispersion):
    sd = float(np.sqrt(dispersion * mean))
    n = drawn(mean, dispersion, (600, 800))
    for down in (False, True):
        ratio = 1 + sd / mean
        arm = arm_for(100, mean, sd, shifted=mean / ratio if down else mean * ratio, down=down)
        assert arm.run >= 100
        # 600 runs: a standard error of 4 %.
        assert simulated(cusum_sums(n, arm.k, arm.h, down=down).alarm) == pytest.approx(arm.run, rel=0.14)
    told = ewma_false_alarms(mean, sd, weight=0.3, limit=2.5, counts=True)
    assert simulated(ewma_limits(n, mean, sd, limit=2.5, floor=0).alarm) == pytest.approx(told, rel=0.14)


@pytest.mark.slow
@pytest.mark.parametrize("dispersion", [1, 1.5, 2])
@pytest.mark.parametrize("mean", [0.5, 1, 5, 20, 100])
def test_run_lengths_of_ten_years(mean, dispersion):
    sd = float(np.sqrt(dispersion * mean))
    n = drawn(mean, dispersion, (800, 2_500))
    arm = arm_for(520, mean, sd, shifted=mean + sd)
    assert simulated(cusum_sums(n, arm.k, arm.h).alarm) == pytest.approx(arm.run, rel=0.13)
    told = ewma_false_alarms(mean, sd, weight=0.3, limit=3, counts=True)
    assert simulated(ewma_limits(n, mean, sd, floor=0).alarm) == pytest.approx(told, rel=0.13)


@pytest.mark.slow
@pytest.mark.parametrize("size", [26, 52])
def test_with_an_estimated_mean_the_average_rate_is_kept(size):
    """Baselines drawn anew: the rate over all of them, not that of one."""
    rng, mean = np.random.default_rng(3), 10.0
    rates = []
    for base in rng.poisson(mean, (250, size)).mean(axis=1):
        arm = arm_for(520, float(base), float(np.sqrt(base)), shifted=float(base + np.sqrt(base)), se=float(np.sqrt(base / size)))
        rates.append(1 / arm_run(arm.k, arm.h, mean, float(np.sqrt(mean)), counts=True))
    assert 1 / np.mean(rates) == pytest.approx(560, rel=0.25)


def test_lucas_reference_value():
    assert reference(5, 10) == pytest.approx(5 / np.log(2))


def test_many_series_at_once_are_each_as_alone():
    n = drawn(4, 1, (5, 60))
    n[2, 10:13] = np.nan
    both = cusum_sums(n, 5, 6), ewma_limits(n, 4, 2)
    for i, row in enumerate(n):
        assert cusum_sums(row, 5, 6).onset.tolist() == both[0].onset[i].tolist()
        assert ewma_limits(row, 4, 2).ewma.tolist() == both[1].ewma[i].tolist()
