"""A small city whose truth is known: a lattice of places with a level each, a season, and nothing else."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import sara

CRS = 32616
X0, Y0, STEP = 500_000.0, 4_500_000.0, 1_500.0


def squares(*, seed=1, months=36, first="2022-01-01", levels=None, effect=0.0, displaced=0.0, effect_from=24, noise=0.0):
    """One row per event at 5 x 6 places; place 0 changes by `effect` events a month from month `effect_from`, its ring by `displaced`."""
    rng = np.random.default_rng(seed)
    levels = np.asarray(levels if levels is not None else np.r_[40.0, np.linspace(20, 60, 29)])
    season = 1 + 0.25 * np.sin(2 * np.pi * np.arange(months) / 12)
    mean = levels[:, None] * season * np.exp(noise * rng.standard_normal((len(levels), months)))
    mean[0, effect_from:] += effect
    n = rng.poisson(np.maximum(mean, 0))
    place, month = (np.repeat(a, n.ravel()) for a in np.divmod(np.arange(n.size), months))
    x = X0 + STEP * (place % 6) + rng.uniform(-90, 90, len(place))
    y = Y0 + STEP * (place // 6) + rng.uniform(-90, 90, len(place))
    ring = rng.poisson(np.where(np.arange(months) >= effect_from, 5 + displaced, 5.0))
    ring_month = np.repeat(np.arange(months), ring)
    x, y = np.r_[x, X0 + 250 + rng.uniform(-20, 20, len(ring_month))], np.r_[y, Y0 + rng.uniform(-20, 20, len(ring_month))]
    month = np.r_[month, ring_month]
    start = np.array([pd.Timestamp(first) + pd.DateOffset(months=int(m)) for m in range(months + 1)], dtype="datetime64[s]")
    length = (start[month + 1] - start[month]).astype(float)
    time = start[month] + (rng.uniform(0, 0.999, len(month)) * length).astype("timedelta64[s]")
    table = pd.DataFrame({"x": x, "y": y, "time": pd.to_datetime(time), "type": "NOISE", "category": "noise"})
    return sara.as_events(table, source="calls", time="time", type="type", category="category", x="x", y="y", crs=CRS)


@pytest.fixture(scope="session")
def make_events():
    return squares


@pytest.fixture(scope="session")
def events() -> gpd.GeoDataFrame:
    return squares()


@pytest.fixture(scope="session")
def treated() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"name": ["the corner"]}, geometry=gpd.GeoSeries.from_xy([X0], [Y0]).buffer(130, cap_style="square"), crs=CRS
    )
