"""Hexagonal cells over a study area: six equal neighbours, each point in one cell."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import shapely

from sara.core.cells import Cells, Floats, Ints

__all__ = ["HexGrid"]

ROOT3 = math.sqrt(3)


class HexGrid(Cells):
    """Hexagons over a study area, corners up; ``cell_size`` is the distance between opposite sides (the width).

    Rows run from the south and touch along slanted sides; every other row is moved half a width to the east. Corners lie on a lattice of
    half widths and half sides, so that neighbours share theirs to the last digit. A point on an edge belongs to the hexagon to its east or
    north.

    Examples
    --------
    >>> from shapely.geometry import box
    >>> from sara.core.hexgrid import HexGrid
    >>> grid = HexGrid.over(box(0, 0, 1000, 1000), cell_size=200)
    >>> round(grid.cell_km2, 4), int(grid.neighbours().sum(axis=1).max())
    (0.0346, 6)
    """

    shape: ClassVar[str] = "hexagon"

    @property
    def side(self) -> float:
        """Length of a side, metres."""
        return self.cell_size / ROOT3

    @property
    def cell_km2(self) -> float:
        """Surface of a cell, km2."""
        return ROOT3 / 2 * self.cell_size**2 / 1e6

    @classmethod
    def _extent(cls, width: float, height: float, size: float) -> tuple[int, int]:
        side = size / ROOT3
        rows = max(1, math.ceil((height - side) / (1.5 * side) - 1e-9) + 1)
        # Even rows begin half a cell to the west: the far edge needs one more.
        return rows, max(1, math.ceil(width / size - 1e-9)) + 1

    def _row_column(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        # In half widths and half sides: row r is a box from v = 3r to 3r + 2, and from there to 3r + 3 the teeth of two rows meet.
        u, v = (x - self.x0) * (2 / self.cell_size), (y - self.y0) * (2 / self.side)
        row = np.floor(v / 3)
        odd = row % 2
        column = np.floor((u + 1 - odd) / 2)
        along = u - 2 * column - odd
        above = v - 3 * row - 2 >= 1 - np.abs(along)
        # To the next row: to the west of an even row's middle that is the column before, to the east of an odd row's the column after.
        column += above * np.where(along < 0, odd - 1, odd)
        row += above
        return row, column

    def _lattice(self, row: Ints, column: Ints) -> tuple[Ints, Ints]:
        """Return the centres in half widths and half sides."""
        return 2 * column + row % 2, 3 * row + 1

    def _at(self, u: Any, v: Any) -> tuple[Floats, Floats]:
        return self.x0 + u * (self.cell_size / 2), self.y0 + v * (self.side / 2)

    def corners(self, row: Ints, column: Ints) -> Floats:
        """Return the corners of cells, n x 6 x 2; neighbours share theirs to the last digit."""
        u, v = self._lattice(np.asarray(row), np.asarray(column))
        around = ((1, -1), (1, 1), (0, 2), (-1, 1), (-1, -1), (0, -2))
        return np.stack([np.column_stack(self._at(u + right, v + up)) for right, up in around], axis=1)

    def _centre(self, row: Ints, column: Ints) -> tuple[Floats, Floats]:
        return self._at(*self._lattice(row, column))

    def _blocks(self, row: Ints, column: Ints, step: int) -> npt.NDArray[Any]:
        left, low = self._at(2 * column - 1, 3 * row - 1)
        right, high = self._at(2 * (column + step), 3 * (row + step - 1) + 3)
        return shapely.box(left, low, right, high)

    def _offsets(self, parity: int, contiguity: str, distance: float | None) -> list[tuple[int, int]]:  # noqa: ARG002
        # All six share a side; none meets another at a corner only.
        far = self.cell_size if distance is None else distance
        reach_rows, reach = int(far / (1.5 * self.side) + 1e-9), int(far / self.cell_size + 1e-9) + 1
        found = []
        for r in range(-reach_rows, reach_rows + 1):
            shift = ((parity + r) % 2 - parity) / 2
            for c in range(-reach, reach + 1):
                away = math.hypot((c + shift) * self.cell_size, r * 1.5 * self.side)
                if (r, c) != (0, 0) and away <= far * (1 + 1e-9):
                    found.append((r, c))
        return found
