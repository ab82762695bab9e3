"""What squares and hexagons have in common: which cells an area has, which cell a point is in, who is whose neighbour."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from sara.core.errors import InputError
from sara.core.units import metres

__all__ = ["MAX_CELLS", "Cells", "surfaces"]

# A raster of this size takes 32 MB a layer; a stray point at 0, 0 would otherwise ask for billions of cells.
MAX_CELLS = 4_000_000
# Points handled at a time: what fits in a processor's own memory is twice as fast.
CHUNK = 1 << 16
# Kinds of geometry, as shapely numbers them.
POLYGON, COLLECTION = 3, 7
# Border cells that are measured against one piece of the outline.
FEW = 24
# A smaller share of a cell than this is rounding of coordinates in the millions, no surface.
SLIVER = 1e-10

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def surfaces(shapes: Any) -> npt.NDArray[Any]:
    """Return shapes repaired, without the lines and points that a repair leaves behind: they have no surface."""
    valid = shapely.make_valid(np.asarray(shapes, dtype=object))
    for i in np.flatnonzero(shapely.get_type_id(valid) == COLLECTION):
        parts = shapely.get_parts(shapely.get_parts(valid[i]))
        valid[i] = shapely.union_all(parts[shapely.get_type_id(parts) == POLYGON])
    return valid


@dataclass(frozen=True, eq=False)
class Cells(ABC):
    """Equal cells over a study area, by row from the south and column from the west.

    A cell belongs to the grid where its inside meets the inside of the area. A point belongs to the area by exact geometry (the outline
    itself included), then to the one cell that holds it; a point on the outer edge, whose cell lies outside, belongs to the nearest cell of
    the grid.

    Parameters
    ----------
    x0, y0 : float
        South-west corner, metres.
    cell_size : float
        Side of a square, or distance between opposite sides of a hexagon, metres.
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
    member: Bools
    whole: Bools
    area: BaseGeometry
    crs: Any = None

    # What a cell looks like, as users write it.
    shape: ClassVar[str]
    # What a person calls one.
    word: ClassVar[str] = "cell"

    @classmethod
    def over(cls, area: BaseGeometry, *, cell_size: float | str, crs: Any = None) -> Self:
        """Lay cells over all of `area`, from its south-west corner.

        Raises
        ------
        InputError
            If that takes more than 4 million cells; the message names a side that would do.
        """
        size = metres(cell_size, name="cell_size")
        minx, miny, maxx, maxy = area.bounds
        rows, columns = cls._extent(maxx - minx, maxy - miny, size)
        if rows * columns > MAX_CELLS:
            enough = math.ceil(math.sqrt((maxx - minx) * (maxy - miny) / (0.86 * MAX_CELLS)) / 10 + 1) * 10
            raise InputError(
                f"`cell_size` must give at most {MAX_CELLS:,} cells. Got {rows * columns:,} cells of {size:g} m "
                f"over {(maxx - minx) / 1000:,.0f} x {(maxy - miny) / 1000:,.0f} km. Write cell_size={enough}, or give a smaller `area`."
            )
        return cls._laid(minx, miny, size, rows, columns, area, crs)

    @classmethod
    def from_layout(cls, layout: dict[str, Any], area: BaseGeometry, crs: Any = None) -> Self:
        """Lay the same cells again from `layout`."""
        return cls._laid(layout["x0"], layout["y0"], layout["cell_size"], layout["rows"], layout["columns"], area, crs)

    @classmethod
    def _laid(cls, x0: float, y0: float, size: float, rows: int, columns: int, area: BaseGeometry, crs: Any) -> Self:
        nothing = np.zeros((rows, columns), dtype=bool)
        area = surfaces([area])[0]
        member, whole = cls(x0, y0, size, nothing, nothing, area, crs)._cover()
        return cls(x0, y0, size, member, whole, area, crs)

    @classmethod
    @abstractmethod
    def _extent(cls, width: float, height: float, size: float) -> tuple[int, int]:
        """Return how many rows and columns cover a box."""

    @abstractmethod
    def _row_column(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return the row and column that hold each point, also outside the raster."""

    @abstractmethod
    def corners(self, row: Ints, column: Ints) -> Floats:
        """Return the corners of cells, n x corners x 2; neighbours share theirs to the last digit."""

    @abstractmethod
    def _centre(self, row: Ints, column: Ints) -> tuple[Floats, Floats]:
        """Return the centres of cells."""

    @abstractmethod
    def _blocks(self, row: Ints, column: Ints, step: int) -> npt.NDArray[Any]:
        """Return the boxes around `step` x `step` cells from each row and column."""

    @abstractmethod
    def _offsets(self, parity: int, contiguity: str, distance: float | None) -> list[tuple[int, int]]:
        """Return the steps (rows, columns) from a cell in a row of this parity to its neighbours, south-west first."""

    @property
    @abstractmethod
    def cell_km2(self) -> float:
        """Surface of a cell, km2."""

    @property
    def n_cells(self) -> int:
        """Cells of the study area."""
        return int(self.member.sum())

    def locate(self, x: Floats, y: Floats) -> Ints:
        """Return each point's cell as ``row * columns + column``; -1 outside the study area or without a location."""
        x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        code, doubtful = np.empty(len(x), dtype=np.int64), []
        whole = self.whole.ravel()
        shape = np.array(self.member.shape, dtype=float)
        with np.errstate(invalid="ignore"):
            for start in range(0, len(x), CHUNK):
                part = slice(start, start + CHUNK)
                doubtful.append(start + self._locate_part(x[part], y[part], code[part], whole, shape[0], shape[1]))
        check = np.concatenate(doubtful) if doubtful else np.empty(0, dtype=np.int64)
        if len(check):
            shapely.prepare(self.area)
            outside = check[~shapely.intersects_xy(self.area, x[check], y[check])]
            code[outside] = -1
            self._move_to_members(code, x, y, check)
        return code

    def _locate_part(self, x: Floats, y: Floats, code: Ints, whole: Bools, rows: float, columns: float) -> Ints:
        """Write the cell of each point into `code`; return which need a look at the outline."""
        row, column = self._row_column(x, y)
        inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
        if inside.all():
            np.copyto(code, row * columns + column, casting="unsafe")
            return np.flatnonzero(~whole[code])
        # One cell of slack on each side: the outline belongs to the area, also where it is the far edge of the last cell.
        near = (row >= -1) & (row <= rows) & (column >= -1) & (column <= columns)
        held = np.clip(row, 0, rows - 1) * columns + np.clip(column, 0, columns - 1)
        code[:] = np.where(near, held, -1).astype(np.int64)
        return np.flatnonzero(near & ~(inside & whole[code]))

    def _move_to_members(self, code: Ints, x: Floats, y: Floats, check: Ints) -> None:
        """Give points on the outline whose cell is not in the grid to the nearest cell that is."""
        member = self.member.ravel()
        lost = check[(code[check] >= 0) & ~member[code[check]]]
        if len(lost) == 0:
            return
        from scipy.spatial import cKDTree

        cells = np.flatnonzero(member)
        p = np.inf if self.shape == "square" else 2
        code[lost] = cells[cKDTree(np.column_stack(self.centres())).query(np.c_[x[lost], y[lost]], p=p)[1]]

    def counts(self, code: Ints, weights: Floats | Ints | None = None) -> Floats:
        """Return the number (or summed weight) of points in each cell of the raster, rows x columns."""
        out = len(code) > 0 and bool(code.min() < 0)
        inside = code[code >= 0] if out else code
        held = None if weights is None else weights[code >= 0] if out else weights
        return np.bincount(inside, weights=held, minlength=self.member.size).reshape(self.member.shape).astype(float)

    def frame(self) -> gpd.GeoDataFrame:
        """Return one row per cell of the study area: ``row``, ``column``, ``geometry`` (the whole cell)."""
        return self.cells(*np.nonzero(self.member))

    def cells(self, row: Any, column: Any) -> gpd.GeoDataFrame:
        """Return these cells as a table: ``row``, ``column``, ``geometry``."""
        row, column = np.asarray(row, dtype=np.int64), np.asarray(column, dtype=np.int64)
        shapes = shapely.polygons(self.corners(row, column))
        return gpd.GeoDataFrame(pd.DataFrame({"row": row, "column": column}), geometry=shapes, crs=self.crs)

    def layout(self) -> dict[str, Any]:
        """Return where the cells lie as plain values."""
        rows, columns = self.member.shape
        return {
            "shape": self.shape, "x0": self.x0, "y0": self.y0, "cell_size": self.cell_size, "rows": rows, "columns": columns,
        }  # fmt: skip

    def centres(self) -> tuple[Floats, Floats]:
        """Return x and y of the centres of the cells of the study area, in the order of `frame`."""
        return self._centre(*np.nonzero(self.member))

    def inside_km2(self) -> Floats:
        """Return the surface of each cell inside the study area, km2, in the order of `frame`."""
        return self._inside_km2.copy()

    @cached_property
    def _inside_km2(self) -> Floats:
        surface = np.where(self.whole, self.cell_km2, 0.0)
        row, column = np.nonzero(self.member & ~self.whole)
        surface[row, column] = self._measure(row, column)
        return np.minimum(surface, self.cell_km2)[self.member]

    def _measure(self, row: Ints, column: Ints) -> Floats:
        """Return the surface of cells inside the study area, km2, by geometry."""
        surface = np.zeros(len(row))
        todo = [(self.area, np.arange(len(row)))] if len(row) else []
        while todo:
            # A city's outline has ten thousand corners, a cell meets ten of them: both are halved until few cells are left.
            ground, held = todo.pop()
            r, c = row[held], column[held]
            if len(held) <= FEW:
                surface[held] = shapely.area(shapely.intersection(ground, shapely.polygons(self.corners(r, c)))) / 1e6
                continue
            by = r if np.ptp(r) > np.ptp(c) else c
            low = by <= (by.min() + by.max()) // 2
            for half in (held[low], held[~low]):
                around = shapely.total_bounds(self._blocks(row[half], column[half], 1))
                todo.append((shapely.intersection(ground, shapely.box(*around)), half))
        return surface

    def neighbours(self, contiguity: str = "queen", distance: float | str | None = None) -> Any:
        """Return who is whose neighbour among the cells of the study area, in the order of `frame`; no cell is its own.

        Parameters
        ----------
        contiguity : {"queen", "rook"}
            Squares that share a side or a corner, or a side only. Hexagons that touch share a side: six either way.
        distance : float or str, optional
            Instead: cells whose centres lie within this distance, in metres or with a unit.

        Returns
        -------
        scipy.sparse.csr_array of float
            1 for neighbours, n_cells x n_cells, symmetric, indices sorted.
        """
        from scipy import sparse

        far = None if distance is None else metres(distance, name="distance")
        rows, columns = self.member.shape
        index = np.full(self.member.shape, -1, dtype=np.int32)
        index[self.member] = np.arange(self.n_cells, dtype=np.int32)
        row, column = np.nonzero(self.member)
        steps = [self._offsets(parity, contiguity, far) for parity in (0, 1)]
        found = np.full((self.n_cells, len(steps[0])), -1, dtype=np.int32)
        for parity, offsets in enumerate(steps):
            these = np.flatnonzero(row % 2 == parity)
            for k, (up, right) in enumerate(offsets):
                r, c = row[these] + up, column[these] + right
                ok = (r >= 0) & (r < rows) & (c >= 0) & (c < columns)
                found[these[ok], k] = index[r[ok], c[ok]]
        there = found >= 0
        pointer = np.r_[0, np.cumsum(there.sum(axis=1))].astype(np.int32)
        values = found[there]
        return sparse.csr_array((np.ones(len(values)), values, pointer), shape=(self.n_cells, self.n_cells))

    def _cover(self) -> tuple[Bools, Bools]:
        """Return which cells meet the area, and which it contains, by halving blocks: one that no outline crosses is settled at once."""
        rows, columns = self.member.shape
        member, whole = np.zeros((rows, columns), dtype=bool), np.zeros((rows, columns), dtype=bool)
        rim = shapely.multilinestrings(shapely.get_rings(shapely.get_parts(self.area)))
        shapely.prepare([self.area, rim])
        step = 1 << max(0, math.ceil(math.log2(max(rows, columns))))
        row, column = np.array([0]), np.array([0])
        while len(row):
            boxes = self._blocks(row, column, step)
            crossed = shapely.intersects(rim, boxes)
            west, south, east, north = shapely.bounds(boxes[~crossed]).T
            full = shapely.intersects_xy(self.area, (west + east) / 2, (south + north) / 2)
            for r, c in zip(row[~crossed][full], column[~crossed][full], strict=True):
                member[r : r + step, c : c + step] = whole[r : r + step, c : c + step] = True
            row, column = row[crossed], column[crossed]
            if step == 1:
                break
            step //= 2
            row = np.concatenate([row, row, row + step, row + step])
            column = np.concatenate([column, column + step, column, column + step])
            keep = (row < rows) & (column < columns)
            row, column = row[keep], column[keep]
        # Touching along an edge is not meeting: an area of exactly ten cells has ten, not a rim of twenty more.
        share = self._measure(row, column) / self.cell_km2
        member[row, column] = share > SLIVER
        # What seems full is asked exactly: only then do its points need no further look.
        row, column = row[share > 1 - 1e-6], column[share > 1 - 1e-6]
        whole[row, column] = shapely.covers(self.area, shapely.polygons(self.corners(row, column)))
        return member, whole
