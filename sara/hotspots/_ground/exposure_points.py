"""What events are set against: other events, or numbers at points or in areas (people, homes, visits)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from sara.core.checks import check_columns
from sara.core.errors import InputError
from sara.core.wording import percent

__all__ = ["Exposure", "exposure_of"]

Floats = npt.NDArray[np.float64]
# Nodes for which a number of an area is handed out; more would not fit in memory.
MOST_NODES = 4_000_000


@dataclass(frozen=True, eq=False)
class Exposure:
    """Numbers at places inside the study area; ``words`` say what they are and how much of them lies outside."""

    x: Floats
    y: Floats
    value: Floats
    words: str


def exposure_of(layer: Any, column: str, *, crs: Any, area: BaseGeometry, step: float) -> Exposure:
    """Return the numbers of a layer at places inside the study area; those of polygons evenly over their surface, `step` metres apart.

    Raises
    ------
    InputError
        If the layer is no points or polygons with a coordinate system, or the column does not hold numbers of zero or more.
    """
    if not isinstance(layer, gpd.GeoDataFrame):
        raise InputError(
            f"`other` must be events, or points or polygons with a column of numbers. Got a {type(layer).__name__}. Write: other = geopandas.read_file('tracts.geojson')"
        )
    if len(layer) == 0:
        raise InputError("`other` has no rows. Has an earlier filter removed them all?")
    if layer.crs is None:
        raise InputError(
            "`other` must have a coordinate reference system. Got crs=None. If its numbers are longitude and latitude: other = other.set_crs(4326)"
        )
    check_columns(layer, [column], argument="column", table="other")
    value = pd.to_numeric(layer[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    bad = ~(np.isfinite(value) & (value >= 0))
    if bad.any():
        first = layer.index[bad][0]
        raise InputError(
            f"`column` must hold numbers of zero or more. Got {layer[column].iloc[int(np.flatnonzero(bad)[0])]!r} in row {first!r} of `other` ({bad.sum():,} such rows). "
            f"Leave them out: other = other[other[{column!r}] >= 0]"
        )
    shapes = layer.to_crs(crs).geometry
    kinds = set(shapes.geom_type.dropna())
    if kinds <= {"Point"} and len(kinds):
        x, y = shapes.x.to_numpy(), shapes.y.to_numpy()
        there = np.isfinite(x) & np.isfinite(y)
        x, y, held = x[there], y[there], value[there]
    elif kinds <= {"Polygon", "MultiPolygon"} and len(kinds):
        x, y, held = _spread(shapely.make_valid(shapes.to_numpy()), value, area, step)
    else:
        raise InputError(
            f"`other` must be points, or polygons. Got {', '.join(sorted(kinds)) or 'no shapes'}. Buffer lines first."
        )
    shapely.prepare(area)
    inside = shapely.intersects_xy(area, x, y) & (held > 0)
    total, within = float(value.sum()), float(held[inside].sum())
    if within <= 0:
        raise InputError(
            f"`other` must have some {column!r} in the study area. Got none of {total:,.0f}. Check that both are of the same city."
        )
    order = np.lexsort((held[inside], y[inside], x[inside]))
    share = f", {percent(within / total)} of all" if within < total * (0.995) else ""
    return Exposure(x[inside][order], y[inside][order], held[inside][order], f"{column}: {within:,.0f} in the study area{share}")


def _spread(shapes: npt.NDArray[Any], value: Floats, area: BaseGeometry, step: float) -> tuple[Floats, Floats, Floats]:
    """Share the number of each polygon that meets the study area evenly among nodes inside it; a sliver without one gets a point."""
    keep = np.flatnonzero(shapely.intersects(shapes, area) & (value > 0))
    shapes, value = shapes[keep], value[keep]
    if not len(shapes):
        return (np.empty(0),) * 3
    minx, miny, maxx, maxy = shapely.total_bounds(shapes)
    step = max(step, float(np.sqrt((maxx - minx) * (maxy - miny) / MOST_NODES)))
    # Nodes lie at whole multiples of the step: the same ones whichever polygons are given.
    xx, yy = np.meshgrid(
        np.arange(np.floor(minx / step), np.ceil(maxx / step) + 1) * step,
        np.arange(np.floor(miny / step), np.ceil(maxy / step) + 1) * step,
    )
    x, y = xx.ravel(), yy.ravel()
    owner, node = shapely.STRtree(shapely.points(x, y)).query(shapes, predicate="contains")
    many = np.bincount(owner, minlength=len(shapes))
    bare = np.flatnonzero(many == 0)
    spots = shapely.point_on_surface(shapes[bare])
    return (
        np.r_[x[node], shapely.get_x(spots)],
        np.r_[y[node], shapely.get_y(spots)],
        np.r_[(value / np.maximum(many, 1))[owner], value[bare]],
    )
