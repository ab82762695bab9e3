"""Farrington's limits: numbers of R's surveillance, the same steps one week at a time with statsmodels, baselines by hand, size by simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from sara.core.stats.farrington import (
    count_quantile,
    count_tail,
    delta_limit,
    farrington_limits,
    first_judged,
    layout,
    outlier_weights,
    reference_points,
)
from sara.core.stats.quasi_poisson import fit_quasi_poisson

# Salmonella Agona, United Kingdom, weeks of 1990 to 1995: inst/extdata/salmonella.agona.txt of the R package surveillance.
AGONA = np.array([
    1,0,5,2,1,2,0,4,0,0,0,3,1,1,0,0,2,2,0,2,6,3,2,1,2,0,1,1,3,5,3,4,3,6,5,8,6,3,6,2,5,2,1,5,7,1,10,3,4,0,0,1,
    6,0,2,2,0,0,2,2,0,6,7,1,0,0,0,1,1,4,3,1,3,2,6,3,4,4,8,12,9,17,16,8,6,13,4,7,10,3,11,4,6,4,7,6,2,9,2,3,4,1,2,2,
    0,0,1,2,2,2,5,0,0,4,2,1,3,2,0,1,1,3,0,1,3,2,3,6,2,1,3,3,2,2,2,1,3,3,2,3,0,2,4,6,7,3,1,4,1,2,5,1,3,1,0,1,
    3,3,0,0,1,1,0,1,4,1,1,0,0,1,1,4,1,0,1,2,1,4,3,3,0,3,5,3,3,4,3,3,3,4,5,7,6,5,3,2,1,3,2,1,2,1,1,0,0,1,1,0,
    1,4,3,2,0,1,0,3,1,1,4,4,0,1,4,2,0,1,1,0,1,1,2,5,4,0,2,1,1,3,6,1,7,6,2,5,7,5,4,5,6,6,1,2,2,5,4,1,6,2,5,3,
    4,7,6,10,2,4,0,3,0,1,3,0,1,1,0,1,0,1,0,1,2,2,4,7,6,1,4,6,4,2,4,5,5,9,8,6,3,2,3,4,3,3,4,4,2,1,2,3,2,2,0,4,
], dtype=float)  # fmt: skip


# ---- numbers printed by R: tests/testthat/test-farringtonFlexible.R of surveillance (Salmon, Hoehle & Meyer)


@pytest.mark.parametrize(
    ("power", "upper", "p", "score"),
    [
        ("none", 8.6926872, 0.0907246, 0.8124165),
        ("1/2", 9.3744842, 0.1189986, 0.6857951),
        ("2/3", 9.1154825, 0.1094727, 0.7289546),
    ],
)
def test_the_delta_limit_is_that_of_r(power, upper, p, score):
    one = np.ones(1)
    found, chance = delta_limit(8 * one, 5 * one, 0.2 * one, one, z=norm.ppf(0.95), power=power)
    assert found[0] == pytest.approx(upper, abs=1e-6)
    assert chance[0] == pytest.approx(p, abs=1e-6)
    assert (8 - 5) / (found[0] - 5) == pytest.approx(score, abs=1e-6)


@pytest.mark.parametrize(
    ("phi", "muan", "upper", "p"),
    [(1.5, True, 24, 0.8597797), (1.0, True, 22, 0.9093099), (1.5, False, 10, 0.03763657), (1.0, False, 9, 0.01369527)],
)
def test_the_limits_of_counts_are_those_of_r(phi, muan, upper, p):
    mu = np.array([5 * np.exp(norm.ppf(0.95) * np.log(2)) if muan else 5.0])
    assert count_quantile(mu, np.array([phi]), 0.05)[0] == upper
    assert count_tail(np.array([11.0]), mu, np.array([phi]))[0] == pytest.approx(p, abs=1e-6)


def test_weights_are_those_of_r():
    assert outlier_weights(np.array([[0.0] * 10]), 0) == pytest.approx(np.ones((1, 10)))
    assert outlier_weights(np.array([[0.0] * 5 + [2.0] * 5]), 0)[0] == pytest.approx([1.6] * 5 + [0.4] * 5)


def test_reference_weeks_are_those_of_r():
    starts = pd.date_range("1990-06-07", periods=1301, freq="7D").to_numpy()
    at = int(np.flatnonzero(starts == np.datetime64("2013-06-06"))[0])
    found = starts[reference_points([at], years=3, starts=starts)[0]].astype("datetime64[D]").astype(str)
    assert list(found) == ["2012-06-07", "2011-06-09", "2010-06-03"]
    assert reference_points([47], 12, years=3).tolist() == [[35, 23, 11]]


# ---- baselines


def test_the_baseline_of_the_original_is_the_windows():
    offsets, group = layout([52, 104], half_window=3, seasons=1, excluded=3)
    assert offsets.tolist() == [*range(-107, -100), *range(-55, -48)]
    assert set(group.tolist()) == {0}


def test_the_baseline_of_the_flexible_version_is_every_week_but_the_last_half_year():
    offsets, group = layout([52, 104, 157], half_window=3, seasons=10, excluded=26)
    assert offsets.tolist() == list(range(-160, -26))
    held = dict(zip(offsets.tolist(), group.tolist(), strict=True))
    assert all(held[-k + j] == 9 for k in (52, 104, 157) for j in range(-3, 4))
    # 45 weeks between two windows are nine blocks of five; of 46, the first block has six.
    assert [held[k] for k in range(-100, -55)] == list(np.repeat(range(9), 5))
    assert [held[k] for k in range(-153, -107)] == [0] * 6 + list(np.repeat(range(1, 9), 5))


def test_29_february_and_weeks_of_a_long_year():
    days = np.arange("2016-01-01", "2021-01-01", dtype="datetime64[D]")
    at = int(np.flatnonzero(days == np.datetime64("2020-02-29"))[0])
    assert [str(d) for d in days[reference_points([at], years=4, starts=days)[0]]] == [
        "2019-03-01",
        "2018-03-01",
        "2017-03-01",
        "2016-02-29",
    ]
    weeks = pd.date_range("2015-01-05", periods=320, freq="7D").to_numpy().astype("datetime64[D]")
    back = reference_points(np.arange(270, 320), years=4, starts=weeks)
    wanted = pd.DatetimeIndex(weeks[270:320])
    for k in range(4):
        gone = np.abs(
            (pd.DatetimeIndex(weeks[back[:, k]]) - pd.DatetimeIndex([d - pd.DateOffset(years=k + 1) for d in wanted])).days
        )
        assert gone.max() <= 3


def test_what_lies_before_the_first_period_is_below_zero():
    weeks = pd.date_range("2015-01-05", periods=220, freq="7D").to_numpy()
    first = first_judged(220, years=3, half_window=3, starts=weeks)
    assert reference_points([first], years=3, starts=weeks)[0, -1] == 3
    assert reference_points([first - 5], years=3, starts=weeks)[0, -1] < 0
    assert first_judged(312, 52, years=4, half_window=3) == 211
    assert first_judged(100, 52, years=4, half_window=3) == 100


# ---- regression


def test_the_regression_is_that_of_statsmodels():
    import statsmodels.api as sm

    rng = np.random.default_rng(1)
    t, group = np.arange(-200.0, 0.0), (np.arange(200) % 50) // 5
    y = rng.poisson(5 * np.exp(0.3 * np.sin(group)) * np.ones((4, 1))).astype(float)
    weights = rng.uniform(0.2, 1, y.shape)
    found = fit_quasi_poisson(y, t, group, 10, weights=weights, tolerance=1e-14)
    design = np.column_stack([group[:, None] == np.arange(10), t]).astype(float)
    eta, variance = found.predict(3)
    for k in range(4):
        peer = sm.GLM(y[k], design, family=sm.families.Poisson(), var_weights=weights[k]).fit(scale="X2", tol=1e-14, maxiter=100)
        ahead = np.eye(11)[3]
        assert eta[k] == pytest.approx(ahead @ peer.params, abs=1e-8)
        assert found.slope[k] == pytest.approx(peer.params[-1], abs=1e-8)
        assert found.dispersion[k] == pytest.approx(peer.scale, abs=1e-8)
        assert variance[k] * found.dispersion[k] == pytest.approx(ahead @ peer.cov_params() @ ahead, abs=1e-8)
        assert found.leverage()[k] == pytest.approx(peer.get_hat_matrix_diag(observed=False), abs=1e-8)


class Plain:
    """A Poisson regression by the rules of R's glm.fit: where it begins, when it stops, and weights of the last step."""

    def __init__(self, y, design, weights, tolerance):
        mu = y + 0.1
        eta, self.converged = np.log(mu), False

        def deviance():
            log_y = np.log(np.where(y > 0, y, 1.0))
            return 2 * (weights * (y * (log_y - eta) - (y - mu))).sum()

        before = deviance()
        for _ in range(25):
            root = np.sqrt(weights * mu)
            q, r = np.linalg.qr(design * root[:, None])
            self.params = np.linalg.solve(r, q.T @ (root * (eta + (y - mu) / mu)))
            eta = design @ self.params
            mu, now = np.exp(eta), None
            now = deviance()
            if abs(now - before) / (abs(now) + 0.1) < tolerance:
                self.converged = True
                break
            before = now
        self.mu, self.df_resid, self.prior = mu, len(y) - design.shape[1], weights
        self.leverage = (q**2).sum(axis=1)
        self.normalized_cov_params = np.linalg.inv(r.T @ r)
        self.scale = (root**2 * ((y - mu) / mu) ** 2).sum() / self.df_resid


class Peer(Plain):
    """The same by statsmodels, at the limit of the iteration."""

    def __init__(self, y, design, weights, tolerance):
        import statsmodels.api as sm

        model = sm.GLM(y, design, family=sm.families.Poisson(), var_weights=weights).fit(scale="X2", tol=tolerance, maxiter=300)
        self.params, self.mu, self.df_resid, self.prior, self.scale = model.params, model.mu, model.df_resid, weights, model.scale
        self.leverage, self.normalized_cov_params = model.get_hat_matrix_diag(observed=False), model.normalized_cov_params


def one_week(y, k, glm_of, tolerance, *, version, years=4, w=3, alpha=0.05, threshold=None):
    """Judge one week step by step: written from the two papers, one problem at a time."""
    from scipy.stats import nbinom, poisson
    from scipy.stats import t as student

    if version == "original":
        index = np.concatenate([np.arange(k - 52 * i - w, k - 52 * i + w + 1) for i in range(years, 0, -1)])
        season, outlier, p_trend = np.full(len(index), "window"), 1.0, 0.05
    else:
        names = {}
        for i in range(1, years + 1):
            names |= {k - 52 * i + j: "window" for j in range(-w, w + 1)}
            names |= {k - 52 * i + w + 1 + j: f"block {j // 5}" for j in range(45)}
        index = np.array(sorted(j for j in names if j < k - 26))
        season, outlier, p_trend = np.array([names[j] for j in index]), 2.58, 1.0
    dummies = np.column_stack([season == s for s in ["window", *sorted(set(season) - {"window"})]]).astype(float)
    obs = y[index]

    def fit(trend):
        design = np.column_stack([dummies, index - k]) if trend else dummies

        def glm(weights):
            return glm_of(obs, design, weights, tolerance)

        model = glm(np.ones(len(obs)))
        mu = model.mu
        residual = 1.5 * (obs ** (2 / 3) * mu ** (-1 / 6) - np.sqrt(mu))
        residual /= np.sqrt(max(model.scale, 1) * (1 - model.leverage))
        weights = np.where(residual > outlier, np.maximum(np.abs(residual), 1e-9) ** -2.0, 1.0)
        model = glm(weights * len(obs) / weights.sum())
        ahead = np.zeros(design.shape[1])
        ahead[0] = 1
        return model, np.exp(ahead @ model.params), ahead

    model, mu, _ = fit(True)
    if version == "flexible":
        weights = model.prior
        scale = (weights * ((obs - model.mu) / model.mu) ** 2).sum() / model.df_resid
    else:
        scale = model.scale
    se = np.sqrt(scale * model.normalized_cov_params[-1, -1])
    p = 2 * student.sf(abs(model.params[-1] / se), model.df_resid)
    kept = p < p_trend and mu <= obs.max()
    if not kept:
        model, mu, _ = fit(False)
    phi = max(model.scale, 1)
    threshold = threshold or ("delta" if version == "original" else "nbPlugin")
    if threshold == "nbPlugin":
        upper = nbinom.ppf(1 - alpha, mu / (phi - 1), 1 / phi) if phi > 1 else poisson.ppf(1 - alpha, mu)
        return mu, upper, phi, kept
    if version == "flexible":
        weights = model.prior
        scale = (weights * ((obs - model.mu) / model.mu) ** 2).sum() / model.df_resid
    else:
        scale = phi
    ahead = np.eye(len(model.params))[0]
    variance = scale * (ahead @ model.normalized_cov_params @ ahead)
    if threshold == "muan":
        high = mu * np.exp(norm.ppf(1 - alpha) * np.sqrt(variance))
        upper = nbinom.ppf(1 - alpha, high / (phi - 1), 1 / phi) if phi > 1 else poisson.ppf(1 - alpha, high)
        return mu, upper, phi, kept
    z = norm.ppf(1 - (alpha / 2 if version == "original" else alpha))
    upper = (mu ** (2 / 3) + z * np.sqrt(4 / 9 * mu ** (1 / 3) * (phi + mu * variance))) ** 1.5
    return mu, upper, phi, kept


@pytest.mark.parametrize(("glm_of", "tolerance", "within"), [(Plain, 1e-8, 1e-9), (Peer, 1e-14, 1e-7)])
@pytest.mark.parametrize(
    ("version", "threshold"), [("original", None), ("flexible", None), ("flexible", "delta"), ("flexible", "muan")]
)
def test_salmonella_agona_step_by_step(version, threshold, glm_of, tolerance, within):
    at = np.arange(211, 312, 3 if version == "original" else 7)
    found = farrington_limits(AGONA, at, 52, years=4, version=version, threshold=threshold, tolerance=tolerance)
    peer = np.array([one_week(AGONA, k, glm_of, tolerance, version=version, threshold=threshold) for k in at])
    assert found.expected[0] == pytest.approx(peer[:, 0], rel=within)
    assert found.phi[0] == pytest.approx(peer[:, 2], rel=within)
    assert found.upper[0] == pytest.approx(peer[:, 1], rel=within)
    assert found.trend_used[0].tolist() == peer[:, 3].astype(bool).tolist()


def test_series_do_not_see_each_other():
    rng = np.random.default_rng(5)
    n = rng.poisson(rng.uniform(0.2, 30, (7, 1)), (7, 290)).astype(float)
    n[3, 40:60] = np.nan
    at = np.arange(220, 290)
    for version in ("original", "flexible"):
        many = farrington_limits(n, at, 52, version=version)
        for k in range(7):
            one = farrington_limits(n[k], at[10:20], 52, version=version)
            for name in ("expected", "upper", "phi", "p"):
                assert getattr(many, name)[k, 10:20] == pytest.approx(getattr(one, name)[0], rel=1e-9, nan_ok=True)


def test_gaps_zeros_and_huge_counts():
    n = np.zeros((4, 262))
    n[1, 258:] = 5
    n[2] = 1_000_000 + 1_000 * np.sin(np.arange(262))
    n[3] = 7
    n[3, 261] = np.nan
    found = farrington_limits(n, [260, 261], 52, version="flexible")
    assert not found.alarm[0].any() and found.alarm[1].all()
    assert np.allclose(found.expected[2], 1_000_000, rtol=0.01) and not found.alarm[2].any()
    assert np.isnan(found.upper[3, 1]) and found.expected[3, 0] == pytest.approx(7)


# ---- how often it is wrong


@pytest.mark.parametrize(
    ("version", "dispersion", "low", "high"),
    # The original calls anything beyond one standard deviation an outbreak of the past: too narrow a limit where counts vary.
    [
        ("original", 1.0, 0.015, 0.045),
        ("original", 2.0, 0.05, 0.10),
        ("flexible", 1.0, 0.02, 0.07),
        ("flexible", 2.0, 0.02, 0.07),
    ],
)
def test_false_alarms(version, dispersion, low, high):
    rng = np.random.default_rng(11)
    mean = 10 * np.exp(0.3 * np.cos(np.arange(262) / 52 * 2 * np.pi))
    level = mean if dispersion == 1 else rng.gamma(mean / (dispersion - 1), dispersion - 1, (1_000, 262))
    n = rng.poisson(level, (1_000, 262)).astype(float)
    found = farrington_limits(n, np.arange(255, 262), 52, version=version)
    assert low < found.alarm.mean() < high
