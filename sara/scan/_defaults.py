"""Rows on a default location: a point that stands for "we do not know where"."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from sara.data._stacks import default_points

__all__ = ["default_points", "default_rows"]


def default_rows(events: gpd.GeoDataFrame, points: gpd.GeoDataFrame) -> npt.NDArray[np.bool_]:
    """Mark the rows that lie on one of the default points, to a centimetre."""
    out = np.zeros(len(events), dtype=bool)
    x, y = (events[name].to_numpy(dtype=float, na_value=np.nan) for name in ("x", "y"))
    for px, py in zip(points["x"], points["y"], strict=True):
        out |= (np.abs(x - px) < 0.01) & (np.abs(y - py) < 0.01)
    return out
