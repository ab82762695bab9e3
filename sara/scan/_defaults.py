"""Rows on a default location: a point that stands for "we do not know where"."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from sara.data import _stacks

__all__ = ["default_points", "default_rows"]

# Apartment numbers make one house many addresses: a stand-in needs this many different places, or the mix of the whole city.
_LEAST_PLACES = 5


def default_points(events: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the default points that the audit finds, without those whose many addresses are the homes of one place."""
    points = _stacks.default_points(events)
    by_address = points["mix"].isna().to_numpy(dtype=bool)
    keep = [not lone or _n_places(events, x, y) >= _LEAST_PLACES for lone, x, y in zip(by_address, points["x"], points["y"], strict=True)]
    return points[np.array(keep, dtype=bool)].reset_index(drop=True)


def _n_places(events: gpd.GeoDataFrame, x: float, y: float) -> int:
    return int(events.loc[_at(events, x, y), "place"].nunique())


def _at(events: gpd.GeoDataFrame, x: float, y: float) -> npt.NDArray[np.bool_]:
    ex, ey = (events[name].to_numpy(dtype=float, na_value=np.nan) for name in ("x", "y"))
    out: npt.NDArray[np.bool_] = (np.abs(ex - x) < 0.01) & (np.abs(ey - y) < 0.01)
    return out


def default_rows(events: gpd.GeoDataFrame, points: gpd.GeoDataFrame) -> npt.NDArray[np.bool_]:
    """Mark the rows that lie on one of the default points, to a centimetre."""
    out = np.zeros(len(events), dtype=bool)
    for x, y in zip(points["x"], points["y"], strict=True):
        out |= _at(events, x, y)
    return out
