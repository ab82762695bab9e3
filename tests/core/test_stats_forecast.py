"""Models and rolling origin as arrays: what each says, that none sees what is to come, and that intervals hold."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import poisson

from sara.core.stats.forecast_models import MODELS, Model, Season, model_of, root, season_curve, unroot
from sara.core.stats.rolling_origin import Folds, held, interval, rolling_origin, spread_of

YEAR = Season(12.0, 12, 2)


def months(n=72, *, mean=100.0, size=0.3, seed=0):
    t = np.arange(n)
    return np.random.default_rng(seed).poisson(mean * (1 + size * np.cos(2 * np.pi * t / 12))).astype(float)


def named(name, seasons=(YEAR,)):
    return model_of(name, seasons, whole=12, year=12)


def said(name, y, steps, seasons=(YEAR,)):
    model = named(name, seasons)
    return model.ahead(model.fit(y), y, steps)


def test_a_root_has_variance_one_and_comes_back():
    rng = np.random.default_rng(0)
    for mean in (5, 50, 5000):
        assert np.var(root(rng.poisson(mean, 50_000))) == pytest.approx(1, abs=0.06)
    assert np.allclose(unroot(root([0.0, 3.0, 1e6])), [0, 3, 1e6])
    # The mean of counts is above the count of the mean root, by a quarter of the variance.
    counts = rng.poisson(20, 50_000)
    assert unroot(root(counts).mean(), np.var(root(counts))) == pytest.approx(20, rel=0.01)


def test_mean_and_naive_are_what_they_say():
    y = months()
    assert said("mean", y, 5).tolist() == [y[-12:].mean()] * 5
    assert said("seasonal-naive", y, 14).tolist() == [*y[-12:], *y[-12:-10]]
    y[-12] = np.nan
    assert said("seasonal-naive", y, 1)[0] == y[-24]


def test_seasonal_models_find_the_season_and_the_mean_does_not():
    y = months(120)
    t = np.arange(120, 132)
    true = 100 * (1 + 0.3 * np.cos(2 * np.pi * t / 12))
    for name in ("seasonal-mean", "ets", "arima"):
        assert np.abs(said(name, y, 12) / true - 1).max() < 0.15, name
    assert np.abs(said("mean", y, 12) / true - 1).max() > 0.25


def test_the_season_of_noise_is_shrunk():
    rng = np.random.default_rng(1)
    size = [np.abs(season_curve(rng.normal(size=60), (YEAR,), 12)[1]).max() for _ in range(200)]
    plain = []
    rng = np.random.default_rng(1)
    for _ in range(200):
        y, t = rng.normal(size=60), np.arange(60)
        design = np.column_stack([f(2 * np.pi * k * t / 12) for k in (1, 2) for f in (np.cos, np.sin)])
        plain.append(np.abs(design @ np.linalg.lstsq(design, y, rcond=None)[0]).max())
    assert np.mean(size) < 0.5 * np.mean(plain)
    with_none = season_curve(rng.normal(size=20), (YEAR,), 3)
    assert not with_none[0].any() and not with_none[1].any()


def test_ets_and_arima_are_those_of_statsmodels():
    from statsmodels.tsa.arima.model import ARIMA
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    rng = np.random.default_rng(2)
    level = np.exp(np.cumsum(rng.normal(0, 0.08, 80))) * 60
    y = rng.poisson(level).astype(float)
    z = root(y)
    fits = [
        ExponentialSmoothing(z, initialization_method="estimated").fit(),
        ExponentialSmoothing(z, trend="add", damped_trend=True, initialization_method="estimated").fit(),
    ]
    best = min(fits, key=lambda fit: fit.aicc)
    expected = unroot(best.forecast(6), np.mean(best.resid**2))
    assert np.allclose(said("ets", y, 6, seasons=()), expected, rtol=1e-6)
    orders = [ARIMA(z, order=order).fit() for order in ((1, 0, 0), (2, 0, 0), (1, 0, 1))]
    told = min(orders, key=lambda fit: fit.aicc).get_forecast(6)
    expected = [float(unroot(a, v)) for a, v in zip(told.predicted_mean, told.var_pred_mean, strict=True)]
    assert np.allclose(said("arima", y, 6, seasons=()), expected, rtol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_what_comes_later_changes_nothing_said_before(name):
    y = months()
    changed = y.copy()
    changed[60:] = 9_999
    origins = range(36, 60, 4)
    first, second = (rolling_origin(values, np.ones(72), named(name), origins, 6) for values in (y, changed))
    upto = [i for i, origin in enumerate(origins) if origin <= 60]
    assert np.array_equal(np.isnan(first.expected), np.isnan(second.expected))
    assert np.array_equal(first.expected[upto], second.expected[upto])


def test_a_model_gets_the_past_only_and_a_copy_of_it():
    seen = []

    def ahead(state, y, steps):
        seen.append(len(y))
        y[:] = -1
        return np.ones(steps)

    y = months(30)
    before = y.copy()
    folds = rolling_origin(y, np.ones(30), Model("spy", 0, lambda y: None, ahead), [10, 15, 28], 4)
    assert seen == [10, 15, 28] and np.array_equal(y, before)
    assert np.array_equal(folds.n[1], y[15:19]) and np.isnan(folds.n[2, 2:]).all() and np.isnan(folds.expected[2, 2:]).all()


def test_unequal_periods_count_by_their_days():
    days = np.tile([31, 28], 20) / 29.5
    folds = rolling_origin(np.full(40, 295.0), days, named("mean", ()), [20, 24], 2)
    assert np.allclose(folds.expected, [[310, 280], [310, 280]]) and np.allclose(folds.n, folds.expected)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("values", [np.zeros(40), np.full(40, 7.0), np.full(40, 1e6), np.r_[np.zeros(39), 1e5]])
def test_odd_series_give_finite_counts(name, values):
    out = said(name, values, 5)
    assert np.isfinite(out).all() and (out >= 0).all()


@pytest.mark.parametrize("name", MODELS)
def test_gaps_are_bridged(name):
    y = months()
    y[[0, 30, 31, 70]] = np.nan
    out = said(name, y, 6)
    assert np.isfinite(out).all() and np.abs(out - said(name, months(), 6)).max() < 25


def test_an_interval_is_whole_never_below_zero_and_never_narrower_than_chance():
    expected = np.array([0.0, 0.4, 12.0, 5000.0])
    low, high = interval(expected, np.full(4, 1e-6), np.full(4, 10.0), 0.9)
    assert np.array_equal(low, poisson.ppf(0.05, expected)) and np.array_equal(high, poisson.ppf(0.95, expected))
    low, high = interval(expected, np.full(4, 6.0), np.full(4, 10.0), 0.9)
    assert (low >= 0).all() and np.array_equal(low, np.floor(low)) and (high > expected).all()
    wider = interval(expected, np.full(4, 6.0), np.full(4, 2.0), 0.9)
    assert (wider[1] > high).all()


def test_the_spread_grows_with_the_distance_and_rests_on_separate_stretches():
    rng = np.random.default_rng(3)
    moments, steps = 200, 8
    expected = np.full((moments, steps), 400.0)
    walk = np.cumsum(rng.normal(0, 1, (moments, steps)), axis=1)
    folds = Folds(np.arange(100, 300), expected, unroot(root(expected) + walk), 0)
    spread = spread_of(folds)
    assert np.allclose(spread.step, np.sqrt(np.arange(1, 9)), rtol=0.15) and (np.diff(spread.step) >= 0).all()
    # 200 moments cover 200 periods: 25 stretches of 8 do not overlap.
    assert spread.total_free[-1] == pytest.approx(199 / 8 + 1) and (np.diff(spread.total) >= 0).all()


def test_coverage_is_told_from_moments_not_measured_on():
    rng = np.random.default_rng(4)
    expected = np.full((40, 3), 100.0)
    folds = Folds(np.arange(20, 60), expected, rng.poisson(100, (40, 3)).astype(float), 0)
    steps, total = held(folds, 0.9)
    assert np.abs(steps - 0.92).max() < 0.12 and np.abs(total - 0.92).max() < 0.12
    few = Folds(np.array([20, 21]), expected[:2], expected[:2], 0)
    assert np.isnan(held(few, 0.9)[0]).all()
