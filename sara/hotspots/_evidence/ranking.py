"""Any map as a ranking of units to go to first: cells by their score, named areas, clusters and streets by what they hold per area."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from sara.core.errors import InputError
from sara.core.grid import as_grid
from sara.core.network import AT_JUNCTION, snap_to_streets
from sara.data.places import area_numbers
from sara.hotspots._result import HotspotResult

__all__ = ["Ranking", "days_expected", "ranking_of", "street_km"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Scores that are counts: where units differ in size, what they hold per area ranks them.
COUNTS = ("n", "weight")
# How far from a street an event may lie and still be on it, metres; as the street methods do.
SNAP = 50.0


@dataclass(frozen=True, eq=False)
class Ranking:
    """A map as units: what each is worth, how large it is, and what the map knew of it.

    Parameters
    ----------
    score : array of float, (n,)
        The higher, the sooner it is visited; the rest of the study area (where it is a unit) is never chosen before another.
    size : array of float, (n,)
        km2, or km of street.
    before : array of float, (n,)
        Events the map was made from.
    expected : array of float or None
        Events the map expects, where it says so.
    kind : {"cells", "areas", "streets"}
        What the units are.
    n_chosen : int
        Units that the map outlines: all but the rest of the study area.
    where : object
        What finds the unit of a point: a grid, an array of polygons, or an array of lines and points.
    area : shapely geometry
        The study area.
    """

    score: Floats
    size: Floats
    before: Floats
    expected: Floats | None
    kind: str
    n_chosen: int
    where: Any
    area: BaseGeometry

    def locate(self, x: Floats, y: Floats) -> Ints:
        """Return the unit of each point; -1 outside the study area, or far from every street."""
        if self.kind == "cells":
            place = np.full(self.where.member.size + 1, -1, dtype=np.int64)
            place[:-1][self.where.member.ravel()] = np.arange(self.where.n_cells)
            return place[self.where.locate(x, y)]
        if self.kind == "streets":
            return _on_street(x, y, self.where)
        found = area_numbers(x, y, self.where)
        shapely.prepare(self.area)
        rest = (found < 0) & shapely.intersects_xy(self.area, x, y)
        found[rest] = len(self.where)
        return np.where(found < len(self.size), found, -1)

    def in_street_km(self, streets: Any, *, crs: Any) -> Ranking:
        """Return the same ranking with units measured by the street inside them."""
        if self.kind == "streets":
            return self
        shapes = self.where.frame().geometry.to_numpy() if self.kind == "cells" else self.where
        size = street_km(streets, shapes, self.area, crs=crs)
        if len(size) < len(self.size):
            size = np.r_[size, max(0.0, street_km(streets, np.array([self.area]), self.area, crs=crs)[0] - size.sum())]
        if size.sum() == 0:
            raise InputError("`streets` must lie in the study area. Got no street there. Check that both are of the same city.")
        return Ranking(**{**self.__dict__, "size": size})


def ranking_of(result: Any, *, streets: Any = None) -> Ranking:
    """Return the units of a map, in the order of its table (or of its areas).

    Raises
    ------
    InputError
        If `result` is no map, or its map has nothing to rank.
    """
    if not isinstance(result, HotspotResult):
        raise InputError(
            f"`result` must be a map from sara.hotspots. Got a {type(result).__name__}. Write: first = sara.hotspots.kde(events, area=city); "
            "sara.hotspots.accuracy(first, later_events)"
        )
    if result.layout is not None and result.score is not None:
        found = _of_cells(result)
    elif result.score is not None and "geometry" in result.table.columns and len(result.table):
        lines = result.table.geometry.geom_type.isin(["Point", "LineString", "MultiLineString"]).any()
        found = _of_streets(result) if lines else _of_named(result)
    else:
        found = _of_areas(result)
    return found if streets is None else found.in_street_km(streets, crs=result.areas.crs)


def days_expected(result: HotspotResult) -> float:
    """Return how many days the column ``expected`` of a map stands for: of its horizon, of its later period, or of its own."""
    if hasattr(result, "horizon"):
        start, end = result.horizon
    elif hasattr(result, "days_after"):
        # Only days that the file tells about were counted.
        return float(result.days_after)
    else:
        start, end = result.period
    return float((end - start) / pd.Timedelta(days=1))


def street_km(streets: Any, shapes: npt.NDArray[Any], ground: BaseGeometry, *, crs: Any) -> Floats:
    """Return the kilometres of street inside each shape and the study area."""
    from sara.core.network import street_lines

    lines = street_lines(streets, crs=crs).lines
    shape, line = shapely.STRtree(lines).query(shapes, predicate="intersects")
    inside = shapely.covers(ground, shapes)
    pieces = shapely.intersection(lines[line], shapes[shape])
    border = ~inside[shape]
    pieces[border] = shapely.intersection(pieces[border], ground)
    return np.bincount(shape, weights=shapely.length(pieces), minlength=len(shapes)) / 1000


def _of_cells(result: HotspotResult) -> Ranking:
    grid, table = as_grid(result), result.table
    return Ranking(
        _numbers_of(table, str(result.score)), grid.inside_km2(), _numbers_of(table, "n"), _expected(table), "cells", len(table), grid,
        grid.area,
    )  # fmt: skip


def _of_named(result: HotspotResult) -> Ranking:
    table = result.table
    shapes = shapely.intersection(shapely.make_valid(table.geometry.to_numpy()), result.area)
    size = shapely.area(shapes) / 1e6
    score = _numbers_of(table, str(result.score))
    if result.score in COUNTS:
        score = _per(score, size)
    return Ranking(score, size, _numbers_of(table, "n"), _expected(table), "areas", len(table), shapes, result.area)


def _of_streets(result: HotspotResult) -> Ranking:
    table = result.table
    shapes = table.geometry.to_numpy()
    points = shapely.get_type_id(shapes) == 0
    # An intersection has no length of its own: it stands for the metres around it that count as its.
    size = np.where(points, 2 * AT_JUNCTION, shapely.length(shapes)) / 1000
    score = _numbers_of(table, str(result.score))
    if result.score in COUNTS:
        score = _per(score, size)
    # Streets per kilometre, intersections by the same: a column that has no value for them is filled from their count.
    score = np.where(np.isfinite(score), score, _per(_numbers_of(table, "n"), size))
    return Ranking(score, size, _numbers_of(table, "n"), _expected(table), "streets", len(table), shapes, result.area)


def _of_areas(result: HotspotResult) -> Ranking:
    areas = result.areas
    if len(areas) == 0:
        raise InputError(
            f"`result` must have areas or cells to test. Got a map by {result.method} without any. Make it with more events, or a lower threshold."
        )
    shapes = shapely.intersection(shapely.make_valid(areas.geometry.to_numpy()), result.area)
    n = areas["n"].to_numpy(dtype=float)
    order = np.lexsort((np.arange(len(n)), -_per(n, shapely.area(shapes) / 1e6)))
    shapes, n = shapes[order], n[order]
    # Ground in two areas is visited with the first: the second adds only what is new.
    own, covered = shapes.copy(), shapely.Polygon()
    for k, shape in enumerate(shapes):
        own[k] = shapely.difference(shape, covered) if shapely.intersects(shape, covered) else shape
        covered = shapely.union(covered, shape)
    size = shapely.area(own) / 1e6
    rest = max(0.0, result.area.area / 1e6 - size.sum())
    left = max(0.0, float(result.counts.rows_used) - n.sum())
    score = np.r_[-np.arange(len(n), dtype=float), -np.inf]
    return Ranking(score, np.r_[size, rest], np.r_[n, left], None, "areas", len(n), shapes, result.area)


def _per(n: Floats, size: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(size > 0, n / size, np.where(n > 0, np.inf, 0.0))


def _expected(table: pd.DataFrame) -> Floats | None:
    return _numbers_of(table, "expected") if "expected" in table.columns else None


def _numbers_of(table: pd.DataFrame, column: str) -> Floats:
    return pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)


def _on_street(x: Floats, y: Floats, shapes: npt.NDArray[Any]) -> Ints:
    """Return the intersection within reach of each point, else the nearest street; -1 where none is near."""
    from scipy.spatial import cKDTree

    points = np.flatnonzero(shapely.get_type_id(shapes) == 0)
    lines = np.setdiff1d(np.arange(len(shapes)), points)
    segment, _, _ = snap_to_streets(x, y, shapes[lines], limit=SNAP)
    found = np.where(segment >= 0, lines[segment], -1) if len(lines) else np.full(len(x), -1)
    if len(points) and len(x):
        at = np.c_[shapely.get_x(shapes[points]), shapely.get_y(shapes[points])]
        far, nearest = cKDTree(at).query(np.c_[x, y], distance_upper_bound=AT_JUNCTION)
        close = np.isfinite(far)
        found[close] = points[nearest[close]]
    return found.astype(np.int64)
