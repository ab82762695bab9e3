"""How finely places are published, and the smallest cell that makes sense."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyproj

from sara.core.checks import located, record_of
from sara.data._text import uniques_of
from sara.data.quality.stacks import stack_numbers

__all__ = ["Precision", "precision", "precision_record"]

# A degree of latitude, in metres; so many decimals of it are finer than any place.
DEGREE, FINE = 111_320.0, 5
# A block of a hundred house numbers is about as long; a cell must hold two steps of what places are rounded to.
BLOCK, STEPS = 100.0, 2
# Finest cell worth drawing, and what cell sizes are rounded up to.
FINEST, ROUND = 10, 25
# Points whose nearest neighbours are this often equally far (within a hundredth) are a lattice, though with holes; chance makes it one in fifty.
LATTICE, LEAST_SIDE = 0.3, 5.0
LEAST_POINTS, MOST_POINTS = 50, 20_000
# A point that several houses of one street share is a block's middle; so many of the rows must lie on such.
HOUSES, MIDDLES = 3, 0.5


@dataclass(frozen=True, slots=True)
class Precision:
    """What places are rounded to.

    Parameters
    ----------
    decimals : int or None
        Of longitude and latitude as published.
    step : float or None
        Metres between neighbouring values of the coarser of the two.
    lattice : float or None
        Side of the lattice on which the points lie, in metres.
    blocks : float
        Share of the places that are hundred blocks.
    middles : float
        Share of the rows on points that three houses or more of one street share.
    """

    decimals: int | None
    step: float | None
    lattice: float | None
    blocks: float
    middles: float

    @property
    def smallest_cell(self) -> int | None:
        """Smallest side of a cell, in metres, that shows the city and not the rounding."""
        coarse = [
            value for value in (self.step, self.lattice, BLOCK if max(self.blocks, self.middles) > MIDDLES else None) if value
        ]
        if not coarse:
            return None
        return FINEST if max(coarse) < FINEST / 5 else int(np.ceil(STEPS * max(coarse) / ROUND) * ROUND)

    @property
    def words(self) -> str:
        """What was found, in words."""
        parts = []
        if self.step:
            parts.append(
                f"coordinates have {self.decimals} decimals (about {self.step:,.0f} m)"
                if self.step >= 1
                else "coordinates are finer than a metre"
            )
        if self.lattice:
            parts.append(f"points lie on a lattice of {self.lattice:,.0f} m")
        if self.blocks > MIDDLES:
            parts.append(f"{100 * self.blocks:.1f} % of the places are hundred blocks")
        elif self.middles > MIDDLES:
            parts.append(
                f"{100 * self.middles:.1f} % of the rows lie on a point that several houses of a street share, such as the middle of a block"
            )
        return "; ".join(parts)


def precision_record(events: pd.DataFrame, decimals: int | None = None) -> dict[str, Any]:
    """Return what a table's own record keeps: ``smallest_cell`` in metres, and ``smallest_cell_why``; nothing where it is not known."""
    found = precision(events, decimals=decimals)
    return (
        {}
        if found is None or found.smallest_cell is None
        else {"smallest_cell": found.smallest_cell, "smallest_cell_why": found.words}
    )


def precision(events: pd.DataFrame, *, decimals: int | None = None, stack: np.ndarray | None = None) -> Precision | None:
    """Measure how finely places are published; None where no row has a location.

    Parameters
    ----------
    events : DataFrame
        An event table; `x` and `y` are enough.
    decimals : int, optional
        Of the published coordinates, where reading has counted them.
    stack : ndarray of int, optional
        What `stack_numbers` gives, where it is known.
    """
    ok = located(events)
    if not ok.any():
        return None
    x, y = (events[name].to_numpy(dtype=float, na_value=np.nan) for name in ("x", "y"))
    decimals = decimals if decimals is not None else record_of(events).get("decimals")
    decimals = _decimals(x[ok], y[ok], getattr(events, "crs", None), decimals)
    step = None if decimals is None else DEGREE / 10**decimals
    stack = stack_numbers(events) if stack is None else stack
    _, first = np.unique(stack[ok], return_index=True)
    # Decimals of degrees make a lattice, which is told already.
    lattice = _lattice(x[ok][first], y[ok][first]) if step is None or step < 5 else None
    codes, names = uniques_of(events["place"])
    return Precision(decimals, step, lattice, _blocks(codes, names), _middles(codes, names, stack))


def _decimals(x: np.ndarray, y: np.ndarray, crs: Any, counted: int | None) -> int | None:
    """Return the decimals of longitude and latitude that the points were published with, or None where they were not.

    What reading has counted holds where the values bear it out: decimals of feet are none of degrees. Five or more are finer than a
    metre in any unit.
    """
    if counted is not None and counted >= FINE:
        return counted
    if crs is None:
        return None
    # Spread over all rows: strays are few.
    rows = np.arange(0, len(x), max(1, len(x) // 2000))
    lon, lat = pyproj.Transformer.from_crs(crs, 4326, always_xy=True).transform(x[rows], y[rows])
    values = np.r_[lon, lat]
    values = values[np.isfinite(values)]
    for decimals in [counted] if counted is not None else range(1, 8):
        if (np.abs(values * 10**decimals - np.round(values * 10**decimals)) < 10 ** (decimals - 8.5)).mean() > 0.95:
            return decimals
    return None


def _lattice(x: np.ndarray, y: np.ndarray) -> float | None:
    """Return the side of the lattice that the points of the middle of the city lie on, or None."""
    from scipy.spatial import cKDTree

    # A box round the middle, not a sample: a sample has no neighbours.
    share = min(1.0, np.sqrt(MOST_POINTS / max(len(x), 1)))
    lo, hi = 0.5 - share / 2, 0.5 + share / 2
    inside = (x >= np.quantile(x, lo)) & (x <= np.quantile(x, hi))
    inside &= (y >= np.quantile(y, lo)) & (y <= np.quantile(y, hi))
    points = np.c_[x[inside], y[inside]]
    if len(points) < LEAST_POINTS:
        return None
    nearest = cKDTree(points).query(points, k=2)[0][:, 1]
    # The most frequent distance: on a lattice with holes it is its side, and the others are multiples and diagonals.
    bins = np.floor(np.log(np.maximum(nearest, 0.01)) / 0.01).astype(np.int64)
    values, n = np.unique(bins, return_counts=True)
    side = float(np.median(nearest[bins == values[n.argmax()]]))
    same = np.abs(nearest - side) <= 0.01 * side
    return side if side >= LEAST_SIDE and same.mean() >= LATTICE else None


def _blocks(codes: np.ndarray, names: np.ndarray) -> float:
    """Return the share of places that are hundred blocks."""
    if len(names) == 0 or not (codes >= 0).any():
        return 0.0
    block = pd.Series(names, dtype=object).map(str).str.contains(" BLOCK OF ", regex=False).to_numpy(dtype=bool)
    return float(block[codes[codes >= 0]].mean())


def _middles(codes: np.ndarray, names: np.ndarray, stack: np.ndarray) -> float:
    """Return the share of rows with a place that lie on a point which three houses or more of one street share."""
    rows = np.flatnonzero((codes >= 0) & (stack >= 0))
    if len(rows) < LEAST_POINTS:
        return 0.0
    n_rows, width = len(rows), np.int64(len(names))
    pairs = pd.unique(stack[rows] * width + codes[rows])
    # Text is looked at only where several places stand on one point.
    rows = rows[np.bincount(pairs // width)[stack[rows]] >= HOUSES]
    if len(rows) == 0:
        return 0.0
    used, at = np.unique(codes[rows], return_inverse=True)
    parts = pd.Series(names[used], dtype=object).map(str).str.extract(r"^\d[\d-]*(?: 1/2)? (?!BLOCK OF )(.+)$")[0]
    street = pd.factorize(parts)[0][at]
    rows, street, place = rows[street >= 0], street[street >= 0], at[street >= 0]
    if len(rows) == 0:
        return 0.0
    point = pd.factorize(stack[rows] * np.int64(street.max() + 1) + street)[0]
    houses = np.bincount(pd.unique(point * np.int64(len(used)) + place) // len(used))
    return float((houses[point] >= HOUSES).sum() / n_rows)
