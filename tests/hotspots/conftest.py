"""Event tables for the maps: made by hand, without a reader."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

CRS = 32616


def table(x, y, *, time="2024-01-15", **more) -> gpd.GeoDataFrame:
    """Return an event table at these points."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    n = len(x)
    data = {
        "id": [str(i) for i in range(n)], "source": "calls", "time": pd.to_datetime(pd.Series([time] * n if isinstance(time, str) else time)),
        "type": "NOISE", "category": "noise", "origin": "community", "place": None, "x": x, "y": y,
    }  # fmt: skip
    out = gpd.GeoDataFrame({**data, **more}, geometry=gpd.points_from_xy(x, y), crs=CRS)
    out.attrs["sara"] = {"coverage": ["2024-01-01T00:00:00", "2025-01-01T00:00:00"], "file": "calls.csv"}
    return out


@pytest.fixture
def make():
    return table


@pytest.fixture
def town():
    """Return 3,000 events on 10 x 8 km: an even scatter, one corner with 300, one address with 90."""
    rng = np.random.default_rng(4)
    x = np.r_[rng.uniform(0, 10_000, 2_610), rng.normal(7_000, 120, 300), np.full(90, 2_000.0)]
    y = np.r_[rng.uniform(0, 8_000, 2_610), rng.normal(5_000, 120, 300), np.full(90, 3_000.0)]
    place = np.array([None] * 2_610 + ["1423 N 35TH ST"] * 300 + ["77 ELM ST"] * 90, dtype=object)
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta((np.arange(3_000) * 7) % 366, unit="D")
    return table(x, y, time=list(days), place=place)


@pytest.fixture(scope="session")
def both(tmp_path_factory):
    """Return every tenth call of the synthetic city as a table and as a source."""
    pytest.importorskip("duckdb")
    import sara

    folder = tmp_path_factory.mktemp("both")
    rows = pd.read_csv(sara.datasets.folder() / "calls.csv.gz", dtype=str, keep_default_na=False)
    rows.iloc[::10].to_csv(folder / "calls.csv", index=False)
    sara.convert(folder / "calls.csv", folder / "calls.parquet")
    return sara.read_calls(folder / "calls.csv"), sara.open_events(folder / "calls.parquet")
