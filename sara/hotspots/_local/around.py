"""What lies around each place: the sum over its neighbours, and how many they are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sara.core.errors import InputError

__all__ = ["Around", "around", "window_sums"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# How far to either side a window reaches in the row of the cell itself (0) and in rows so far away.
QUEEN = {0: 1, 1: 1}
ROOK = {0: 1, 1: 0}


@dataclass(frozen=True, eq=False)
class Around:
    """Of each place: ``sums`` over its neighbours, itself not counted, and ``size``, the number of neighbours."""

    sums: Floats
    size: Ints


def around(cells: Any, values: Floats, *, contiguity: str, distance: float | None) -> Around:
    """Return what lies around each cell or named area.

    Parameters
    ----------
    cells : Grid, HexGrid or AreaUnits
        The places.
    values : array, (n,)
        In the order of ``cells.frame()``.
    contiguity : {"queen", "rook"}
        Who is a neighbour.
    distance : float or None
        Instead: all within so many metres, centre to centre.

    Raises
    ------
    InputError
        If no place has a neighbour.
    """
    if cells.shape == "square":
        raster = np.zeros(cells.member.shape)
        raster[cells.member] = values
        reach = _disk(distance / cells.cell_size) if distance is not None else QUEEN if contiguity == "queen" else ROOK
        size = window_sums(cells.member.astype(float), reach)[cells.member] - 1
        found = Around(window_sums(raster, reach)[cells.member] - values, np.rint(size).astype(np.int64))
    else:
        matrix = cells.neighbours(contiguity, distance)
        found = Around(np.asarray(matrix @ values), np.diff(matrix.indptr).astype(np.int64))
    if distance is not None and not found.size.any():
        raise InputError(
            f"`distance` must reach from the centre of one {cells.word} to the next. Got {distance:g} m"
            f"{f' with cells of {cells.cell_size:g} m' if cells.cell_size else ''}. "
            f"Write distance={f'{1.5 * cells.cell_size:g}' if cells.cell_size else '5000'}, or leave it out."
        )
    return found


def window_sums(raster: Floats, reach: dict[int, int]) -> Floats:
    """Return the sum over a window around each cell, itself included; nothing lies beyond the edge.

    Parameters
    ----------
    raster : array, rows x columns
        What to add up.
    reach : dict
        Rows away -> how far the window reaches to either side there. One running sum a row, two look-ups per row of the window.
    """
    rows, columns = raster.shape
    running = np.zeros((rows, columns + 1))
    np.cumsum(raster, axis=1, out=running[:, 1:])
    out = np.zeros(raster.shape)
    column = np.arange(columns)
    for away, side in reach.items():
        if away >= rows:
            continue
        low, high = np.maximum(column - side, 0), np.minimum(column + side + 1, columns)
        line = running[:, high] - running[:, low]
        if away == 0:
            out += line
        else:
            out[away:] += line[:-away]
            out[:-away] += line[away:]
    return out


def _disk(radius: float) -> dict[int, int]:
    """Return the reach of a disk, its radius in cells."""
    return {up: int(math.sqrt(max(0.0, radius**2 * (1 + 2e-9) - up**2)) + 1e-9) for up in range(int(radius + 1e-9) + 1)}
