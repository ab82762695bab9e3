"""Square cells over a study area: all of it, empty cells too, each point in one cell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from sara.core.errors import InputError
from sara.core.result import Setting
from sara.core.units import metres

__all__ = ["MAX_CELLS", "Grid", "as_grid", "choose_cell_size"]

# A raster of this size takes 32 MB a layer; a stray point at 0, 0 would otherwise ask for billions of cells.
MAX_CELLS = 4_000_000
# Cells on the shorter side; side in metres kept between these (a city block to a few of them); the least side, and the least number, for small areas.
CELLS, LOW, HIGH, LEAST_SIDE, LEAST_CELLS = 50, 100.0, 250.0, 10.0, 20

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def choose_cell_size(bounds: tuple[float, float, float, float]) -> Setting:
    """Return the side of a cell in metres for an area with these bounds, with the reason.

    Parameters
    ----------
    bounds : (minx, miny, maxx, maxy)
        Of the study area, in metres.

    Returns
    -------
    Setting
        The shorter side / 50, kept within 100 to 250 m; where that leaves fewer than 20 cells, the shorter side / 20, down to 10 m.
        Rounded down to whole 10 m (whole metres below 100 m).

    Examples
    --------
    >>> choose_cell_size((0, 0, 10_000, 20_000)).value, choose_cell_size((0, 0, 1_000, 1_000)).value
    (200.0, 50.0)
    """
    side = min(bounds[2] - bounds[0], bounds[3] - bounds[1])
    size = min(max(side / CELLS, LOW), HIGH)
    why = f"the shorter side of the study area / {CELLS}, kept within {LOW:.0f} to {HIGH:.0f} m"
    if side / size < LEAST_CELLS:
        size = max(side / LEAST_CELLS, LEAST_SIDE)
        why = f"a small study area: its shorter side / {LEAST_CELLS}, not below {LEAST_SIDE:.0f} m"
    step = 10.0 if size >= LOW else 1.0
    return Setting(math.floor(size / step + 1e-9) * step, "sara", why)


@dataclass(frozen=True, eq=False)
class Grid:
    """Square cells over a study area.

    Cells are half-open, ``[x, x + cell_size)``, numbered by row from the south and column from the west. A cell belongs to the grid where its
    inside meets the inside of the area. A point belongs to the area by exact geometry (the outline itself included), then to the one cell
    that holds it; a point on the outer edge, whose half-open cell lies outside, belongs to the nearest cell of the grid.

    Parameters
    ----------
    x0, y0 : float
        South-west corner, metres.
    cell_size : float
        Side of a cell, metres.
    member : array of bool, rows x columns
        Cells of the study area.
    whole : array of bool, rows x columns
        Cells that lie in the area with all their surface: their points need no further look.
    area : shapely geometry
        The study area.
    crs : object
        Coordinate reference system, as GeoPandas takes it.
    """

    x0: float
    y0: float
    cell_size: float
    member: npt.NDArray[np.bool_]
    whole: npt.NDArray[np.bool_]
    area: BaseGeometry
    crs: Any = None

    @classmethod
    def over(cls, area: BaseGeometry, *, cell_size: float | str, crs: Any = None) -> Grid:
        """Lay cells over all of `area`, from its south-west corner.

        Raises
        ------
        InputError
            If that takes more than 4 million cells; the message names a side that would do.
        """
        size = metres(cell_size, name="cell_size")
        minx, miny, maxx, maxy = area.bounds
        # A far edge that a whole number of cells reaches, but for rounding, needs no further cell.
        shape = [max(1, math.ceil(side / size - 1e-9)) for side in (maxy - miny, maxx - minx)]
        if shape[0] * shape[1] > MAX_CELLS:
            enough = math.ceil(math.sqrt((maxx - minx) * (maxy - miny) / MAX_CELLS) / 10 + 1) * 10
            raise InputError(
                f"`cell_size` must give at most {MAX_CELLS:,} cells. Got {shape[0] * shape[1]:,} cells of {size:g} m "
                f"over {(maxx - minx) / 1000:,.0f} x {(maxy - miny) / 1000:,.0f} km. Write cell_size={enough}, or give a smaller `area`."
            )
        member, whole = _cover(area, minx, miny, size, shape[0], shape[1])
        return cls(minx, miny, size, member, whole, area, crs)

    @property
    def n_cells(self) -> int:
        """Cells of the study area."""
        return int(self.member.sum())

    def locate(self, x: Floats, y: Floats) -> Ints:
        """Return each point's cell as ``row * columns + column``; -1 outside the study area or without a location."""
        rows, columns = self.member.shape
        with np.errstate(invalid="ignore"):
            column, row = np.floor((x - self.x0) / self.cell_size), np.floor((y - self.y0) / self.cell_size)
            # One cell of slack on each side: the outline belongs to the area, also where it is the far edge of the last cell.
            near = (row >= -1) & (row <= rows) & (column >= -1) & (column <= columns)
        code = np.where(near, np.clip(row, 0, rows - 1) * columns + np.clip(column, 0, columns - 1), -1).astype(np.int64)
        exact = near & (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
        sure = exact & self.whole.ravel()[code]
        check = np.flatnonzero(near & ~sure)
        if len(check):
            shapely.prepare(self.area)
            outside = check[~shapely.intersects_xy(self.area, x[check], y[check])]
            code[outside] = -1
            self._move_to_members(code, x, y, check)
        return code

    def _move_to_members(self, code: Ints, x: Floats, y: Floats, check: Ints) -> None:
        """Give points on the outline whose half-open cell is not in the grid to the nearest cell that is."""
        member, columns = self.member.ravel(), self.member.shape[1]
        lost = check[(code[check] >= 0) & ~member[code[check]]]
        if len(lost) == 0:
            return
        from scipy.spatial import cKDTree

        cells = np.flatnonzero(member)
        centres = np.c_[cells % columns + 0.5, cells // columns + 0.5]
        at = np.c_[(x[lost] - self.x0) / self.cell_size, (y[lost] - self.y0) / self.cell_size]
        code[lost] = cells[cKDTree(centres).query(at, p=np.inf)[1]]

    def counts(self, code: Ints, weights: Floats | Ints | None = None) -> Floats:
        """Return the number (or summed weight) of points in each cell of the raster, rows x columns."""
        inside = code[code >= 0] if (code < 0).any() else code
        held = None if weights is None else weights[code >= 0]
        return np.bincount(inside, weights=held, minlength=self.member.size).reshape(self.member.shape).astype(float)

    def frame(self) -> gpd.GeoDataFrame:
        """Return one row per cell of the study area: ``row``, ``column``, ``geometry`` (the whole square)."""
        row, column = np.nonzero(self.member)
        return cells_frame(row, column, x0=self.x0, y0=self.y0, cell_size=self.cell_size, crs=self.crs)

    def layout(self) -> dict[str, Any]:
        """Return where the cells lie as plain values."""
        rows, columns = self.member.shape
        return {"x0": self.x0, "y0": self.y0, "cell_size": self.cell_size, "rows": rows, "columns": columns}

    @classmethod
    def from_layout(cls, layout: dict[str, Any], area: BaseGeometry, crs: Any = None) -> Grid:
        """Lay the same cells again from `layout`."""
        args = (layout["x0"], layout["y0"], layout["cell_size"])
        member, whole = _cover(area, *args, layout["rows"], layout["columns"])
        return cls(*args, member, whole, area, crs)


def cells_frame(row: Ints, column: Ints, *, x0: float, y0: float, cell_size: float, crs: Any) -> gpd.GeoDataFrame:
    """Return cells as a table: ``row``, ``column``, ``geometry``."""
    left, low = x0 + column * cell_size, y0 + row * cell_size
    # The next cell's edge, not this one's plus a side: neighbours then share their corners to the last digit.
    right, high = x0 + (column + 1) * cell_size, y0 + (row + 1) * cell_size
    data = pd.DataFrame({"row": np.asarray(row, dtype=np.int64), "column": np.asarray(column, dtype=np.int64)})
    return gpd.GeoDataFrame(data, geometry=shapely.box(left, low, right, high), crs=crs)


def as_grid(value: Any, *, crs: Any = None) -> Grid:
    """Return the grid of an earlier result, of its ``.grid`` table, or a `Grid` itself.

    Raises
    ------
    InputError
        If `value` carries no grid, or one in another coordinate system than `crs`.
    """
    table = value if isinstance(value, Grid | gpd.GeoDataFrame) else getattr(value, "grid", None)
    grid = table if isinstance(table, Grid) else None
    if isinstance(table, gpd.GeoDataFrame) and "grid" in table.attrs.get("sara", {}):
        record = table.attrs["sara"]["grid"]
        grid = Grid.from_layout(record, shapely.from_wkt(record["area"]), table.crs)
    if grid is None:
        raise InputError(
            f"`grid` must be a grid of cells. Got a {type(value).__name__} without one. "
            "Write: first = sara.hotspots.count(events, area=city); sara.hotspots.gi_star(events, grid=first)"
        )
    if crs is not None and grid.crs is not None and gpd.GeoSeries([], crs=grid.crs).crs != gpd.GeoSeries([], crs=crs).crs:
        raise InputError(
            "`grid` must be in the coordinate system of `events`. Got another one. Make it from these events: sara.hotspots.count(events)"
        )
    return grid


def _cover(
    area: BaseGeometry, x0: float, y0: float, size: float, rows: int, columns: int
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return which cells meet the area, and which it contains, by halving blocks: a block all in or all out is settled at once."""
    member, whole = np.zeros((rows, columns), dtype=bool), np.zeros((rows, columns), dtype=bool)
    shapely.prepare(area)
    step = 1 << max(0, math.ceil(math.log2(max(rows, columns))))
    row, column = np.array([0]), np.array([0])
    while len(row):
        boxes = shapely.box(x0 + column * size, y0 + row * size, x0 + (column + step) * size, y0 + (row + step) * size)
        full = shapely.covers(area, boxes)
        for r, c in zip(row[full], column[full], strict=True):
            member[r : r + step, c : c + step] = whole[r : r + step, c : c + step] = True
        # Touching along an edge is not meeting: an area of exactly ten cells has ten, not a rim of twenty more.
        meets = ~full & shapely.intersects(area, boxes)
        row, column, boxes = row[meets], column[meets], boxes[meets]
        if step == 1:
            inside = ~shapely.touches(area, boxes)
            member[row[inside], column[inside]] = True
            break
        step //= 2
        row = np.concatenate([row, row, row + step, row + step])
        column = np.concatenate([column, column + step, column, column + step])
        keep = (row < rows) & (column < columns)
        row, column = row[keep], column[keep]
    return member, whole
