"""Rows on a default location: a point that stands for "we do not know where"."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.data.quality.stacks import default_points, rows_at

__all__ = ["default_points", "default_rows"]


def default_rows(events: pd.DataFrame, points: gpd.GeoDataFrame) -> npt.NDArray[np.bool_]:
    """Mark the rows that lie on one of the default points, to a centimetre."""
    return np.asarray(rows_at(events, np.c_[points["x"].to_numpy(dtype=float), points["y"].to_numpy(dtype=float)]) >= 0)
