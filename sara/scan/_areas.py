"""The areas of the board: those given, or squares of a coarse grid named after what is in them."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from sara.core.checks import check_areas, check_columns
from sara.core.result import Setting
from sara.data.places import area_numbers
from sara.data.privacy import public_place
from sara.scan._rows import Rows
from sara.scan._weighted import quantiles

__all__ = ["Areas", "given_areas", "grid_areas"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# A square should hold enough events to speak of weeks, and stay small enough to walk: half a kilometre to two.
SQUARE_EVENTS, SQUARE_LEAST, SQUARE_MOST = 500, 500.0, 2000.0
# Columns that count residents, as census files and city portals call them; the first that is there is used.
_RESIDENTS = (
    "population",
    "pop",
    "residents",
    "total_population",
    "totalpop",
    "pop_total",
    "total_pop",
    "population_total",
    "pop2020",
    "pop_2020",
    "pop2010",
    "pop_2010",
    "households",
)


@dataclass(frozen=True)
class Areas:
    """Named polygons in the coordinates of the calls, and how many live there.

    Parameters
    ----------
    name : array of str
        Unique.
    geometry : array of Polygon
        In metres.
    residents : array of float
        Missing where not given.
    counted_in : str
        The column of `residents`; empty where there is none.
    is_grid : bool
        Whether sara drew them.
    """

    name: npt.NDArray[np.object_]
    geometry: npt.NDArray[np.object_]
    residents: Floats
    counted_in: str
    is_grid: bool
    setting: Setting

    def of(self, x: Floats, y: Floats) -> Ints:
        """Return the position of the area that holds each point, -1 outside all."""
        return area_numbers(x, y, self.geometry)


def given_areas(areas: gpd.GeoDataFrame, crs: object) -> Areas:
    """Take the user's areas as they are."""
    frame = check_areas(areas, crs=crs)
    check_columns(frame, ["name"], argument="areas", table="areas")
    frame = frame.drop_duplicates("name")
    lower = {str(column).lower(): column for column in reversed(frame.columns)}
    column = next((lower[word] for word in _RESIDENTS if word in lower), None)
    residents = (
        pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        if column is not None
        else np.full(len(frame), np.nan)
    )
    return Areas(
        frame["name"].astype(str).to_numpy(dtype=object), frame.geometry.to_numpy(), residents, str(column) if column is not None else "", False,
        Setting(f"{len(frame)} named areas", "you"),
    )  # fmt: skip


def grid_areas(rows: Rows) -> Areas:
    """Draw squares over the events and name each after its busiest place."""
    used = rows.used
    x, y = rows.x[used], rows.y[used]
    n = rows.n[used]
    (x0, x1), (y0, y1) = (quantiles(v, n, [0.005, 0.995]) for v in (x, y))
    side = np.sqrt(max((x1 - x0) * (y1 - y0), 1.0) * SQUARE_EVENTS / max(int(n.sum()), 1))
    side = float(np.clip(np.ceil(side / 100) * 100, SQUARE_LEAST, SQUARE_MOST))
    cells = np.floor(np.c_[x, y] / side).astype(np.int64)
    near = (x >= x0 - side) & (x <= x1 + side) & (y >= y0 - side) & (y <= y1 + side)
    corners, cell = np.unique(cells[near], axis=0, return_inverse=True)
    names = _names_of(cell.ravel(), rows.place[used][near], n[near], rows.places, len(corners))
    shapes = shapely.box(corners[:, 0] * side, corners[:, 1] * side, (corners[:, 0] + 1) * side, (corners[:, 1] + 1) * side)
    why = f"no areas were given; about {SQUARE_EVENTS} calls to a square, {SQUARE_LEAST:.0f} to {SQUARE_MOST:.0f} m wide"
    return Areas(
        names, shapes, np.full(len(corners), np.nan), "", True, Setting(f"{len(corners)} squares of {side:.0f} m", "sara", why)
    )


def _names_of(cell: Ints, place: Ints, weight: Ints, places: npt.NDArray[np.object_], n_cells: int) -> npt.NDArray[np.object_]:
    ok = place >= 0
    keys, which = np.unique(cell[ok] * max(len(places), 1) + place[ok], return_inverse=True)
    pairs, n = np.c_[np.divmod(keys, max(len(places), 1))], np.bincount(which, weights=weight[ok], minlength=len(keys))
    order = np.lexsort((pairs[:, 1], -n, pairs[:, 0])) if len(pairs) else np.array([], dtype=np.int64)
    firsts = order[np.unique(pairs[order, 0], return_index=True)[1]] if len(order) else order
    busiest = {int(c): public_place(places[p]) for c, p in pairs[firsts]} if len(firsts) else {}
    seen: dict[str, int] = {}
    out = np.empty(n_cells, dtype=object)
    for i in range(n_cells):
        words = "the square around " + busiest.get(i, f"number {i + 1}")
        seen[words] = seen.get(words, 0) + 1
        out[i] = words if seen[words] == 1 else f"{words} ({seen[words]})"
    return out
