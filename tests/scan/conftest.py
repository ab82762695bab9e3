"""A small town by hand: 16 areas, 2 categories spread evenly, and whatever a test plants in it."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

CRS = 32616
X0, Y0, SIDE = 500_000.0, 4_000_000.0, 1_000.0
WEEKS = 104
START = pd.Timestamp("2022-01-03")


def town_areas(residents=None):
    boxes = [
        shapely.box(X0 + i * SIDE, Y0 + j * SIDE, X0 + (i + 1) * SIDE, Y0 + (j + 1) * SIDE) for j in range(4) for i in range(4)
    ]
    frame = gpd.GeoDataFrame({"name": [f"Area {k + 1}" for k in range(16)]}, geometry=boxes, crs=CRS)
    return frame if residents is None else frame.assign(population=residents)


def rows(n, category, *, x, y, place, rng, origin="community", caller=None, weeks=(0, WEEKS), hour=None):
    """Return `n` rows of one category at the places given (arrays of equal length, or one)."""
    seconds = rng.integers(weeks[0] * 7 * 86_400, weeks[1] * 7 * 86_400, n)
    if hour is not None:
        seconds = seconds // 86_400 * 86_400 + rng.choice(hour, n) * 3_600 + rng.integers(0, 3_600, n)
    return pd.DataFrame({
        "time": START + pd.to_timedelta(seconds, unit="s"), "category": category, "type": category.upper(), "x": x, "y": y, "place": place, "origin": origin,
        "caller": [f"c{i}" for i in rng.integers(0, 10**9, n)] if caller is None else caller,
    })  # fmt: skip


def background(rng, per_category=1600, categories=("theft", "noise", "vandalism", "disorder")):
    """Return calls of all categories, spread evenly over 800 houses."""
    houses = np.arange(800)
    hx, hy = X0 + 50 + (houses % 40) * 100.0, Y0 + 100 + (houses // 40) * 195.0
    out = []
    for category in categories:
        at = rng.integers(0, 800, per_category)
        out.append(rows(per_category, category, x=hx[at], y=hy[at], place=[f"{100 + h} OAK ST" for h in at], rng=rng))
    return pd.concat(out, ignore_index=True)


def events(table, source="calls"):
    """Make an event table without going through a reader."""
    table = table.sort_values(["time", "x", "y"], kind="stable").reset_index(drop=True)
    out = gpd.GeoDataFrame(
        table.assign(id=[f"{source}-{i}" for i in range(len(table))], source=source),
        geometry=gpd.points_from_xy(table["x"], table["y"]),
        crs=CRS,
    )
    out["time"] = out["time"].astype("datetime64[us]")
    out["hour"], out["dow"], out["month"] = (
        getattr(out["time"].dt, name).astype("Int8") for name in ("hour", "day_of_week", "month")
    )
    out["address"] = out["place"]
    out["n_reports"] = 1
    out.attrs["sara"] = {"coverage": ["2022-01-03", "2024-01-01"], "time_precision": "minute", "file": "hand.csv"}
    return out


class Town:
    rows, background, events, areas = staticmethod(rows), staticmethod(background), staticmethod(events), staticmethod(town_areas)
    crs, weeks, start = CRS, WEEKS, START

    @staticmethod
    def with_(*extra, seed=1, **kwargs):
        rng = np.random.default_rng(seed)
        return events(pd.concat([background(rng, **kwargs), *extra], ignore_index=True))


@pytest.fixture(scope="session")
def town():
    return Town


@pytest.fixture
def rng():
    return np.random.default_rng(7)
