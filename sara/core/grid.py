"""Square cells over a study area: all of it, empty cells too, each point in one cell."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from sara.core.cells import MAX_CELLS, Cells, Floats, Ints
from sara.core.errors import InputError
from sara.core.hexgrid import HexGrid
from sara.core.result import Setting

__all__ = ["MAX_CELLS", "Grid", "as_grid", "blank", "cells_of", "choose_cell_size", "lay_cells"]

# Cells on the shorter side; side in metres kept between these (a city block to a few of them); the least side, and the least number, for small areas.
CELLS, LOW, HIGH, LEAST_SIDE, LEAST_CELLS = 50, 100.0, 250.0, 10.0, 20


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


class Grid(Cells):
    """Square cells over a study area.

    Cells are half-open, ``[x, x + cell_size)``. `sara.core.hexgrid.HexGrid` has hexagons; `sara.core.cells.Cells` says what both can do.

    Examples
    --------
    >>> from shapely.geometry import box
    >>> from sara.core.grid import Grid
    >>> grid = Grid.over(box(0, 0, 300, 200), cell_size=100)
    >>> grid.n_cells, grid.locate([50, 100, 999], [50, 100, 0]).tolist()
    (6, [0, 4, -1])
    """

    shape: ClassVar[str] = "square"

    @property
    def cell_km2(self) -> float:
        """Surface of a cell, km2."""
        return self.cell_size**2 / 1e6

    @classmethod
    def _extent(cls, width: float, height: float, size: float) -> tuple[int, int]:
        # A far edge that a whole number of cells reaches, but for rounding, needs no further cell.
        return max(1, math.ceil(height / size - 1e-9)), max(1, math.ceil(width / size - 1e-9))

    def _row_column(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        row, column = y - self.y0, x - self.x0
        for at in (row, column):
            # In place: a third array of ten million would cost more than the division.
            at /= self.cell_size
            np.floor(at, out=at)
        return row, column

    def corners(self, row: Ints, column: Ints) -> Floats:
        """Return the corners of cells, n x 4 x 2; neighbours share theirs to the last digit."""
        # The next cell's edge, not this one's plus a side.
        left, right = self.x0 + column * self.cell_size, self.x0 + (column + 1) * self.cell_size
        low, high = self.y0 + row * self.cell_size, self.y0 + (row + 1) * self.cell_size
        return np.stack([np.c_[right, low], np.c_[right, high], np.c_[left, high], np.c_[left, low]], axis=1)

    def _centre(self, row: Ints, column: Ints) -> tuple[Floats, Floats]:
        x: Floats = np.asarray(self.x0 + (column + 0.5) * self.cell_size, dtype=np.float64)
        y: Floats = np.asarray(self.y0 + (row + 0.5) * self.cell_size, dtype=np.float64)
        return x, y

    def _blocks(self, row: Ints, column: Ints, step: int) -> npt.NDArray[Any]:
        x, y, size = self.x0, self.y0, self.cell_size
        return shapely.box(x + column * size, y + row * size, x + (column + step) * size, y + (row + step) * size)

    def _offsets(self, parity: int, contiguity: str, distance: float | None) -> list[tuple[int, int]]:  # noqa: ARG002
        reach = 1 if distance is None else int(distance / self.cell_size + 1e-9)
        steps = [(r, c) for r in range(-reach, reach + 1) for c in range(-reach, reach + 1) if (r, c) != (0, 0)]
        if distance is not None:
            return [(r, c) for r, c in steps if math.hypot(r, c) * self.cell_size <= distance * (1 + 1e-9)]
        return steps if contiguity == "queen" else [(r, c) for r, c in steps if r == 0 or c == 0]


SHAPES: dict[str, type[Cells]] = {"square": Grid, "hexagon": HexGrid}


def lay_cells(shape: str, area: BaseGeometry, *, cell_size: float | str, crs: Any = None) -> Cells:
    """Lay cells of a shape, ``"square"`` or ``"hexagon"``, over all of `area`."""
    return SHAPES[shape].over(area, cell_size=cell_size, crs=crs)


def cells_of(layout: dict[str, Any], row: Any, column: Any, *, crs: Any) -> gpd.GeoDataFrame:
    """Return the cells of a layout at these rows and columns as a table: ``row``, ``column``, ``geometry``."""
    return blank(layout, crs=crs).cells(row, column)


def blank(layout: dict[str, Any], *, crs: Any = None) -> Cells:
    """Return cells that know where they lie but not which of them the study area has: enough to draw them."""
    nothing = np.zeros((layout["rows"], layout["columns"]), dtype=bool)
    kind = SHAPES[layout.get("shape", "square")]
    return kind(layout["x0"], layout["y0"], layout["cell_size"], nothing, nothing, shapely.Polygon(), crs)


def as_grid(value: Any, *, crs: Any = None) -> Cells:
    """Return the grid of an earlier result, of its ``.grid`` table, or a `Grid` or `HexGrid` itself.

    Raises
    ------
    InputError
        If `value` carries no grid, or one in another coordinate system than `crs`.
    """
    table = value if isinstance(value, Cells | gpd.GeoDataFrame) else getattr(value, "grid", None)
    grid = table if isinstance(table, Cells) else None
    if isinstance(table, gpd.GeoDataFrame) and "grid" in table.attrs.get("sara", {}):
        record = table.attrs["sara"]["grid"]
        grid = SHAPES[record.get("shape", "square")].from_layout(record, shapely.from_wkt(record["area"]), table.crs)
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
