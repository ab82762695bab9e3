"""Areas out of cells or shapes: dissolved, named for the public, largest excess first."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from sara.core.cells import Cells
from sara.data.privacy import public_place
from sara.hotspots._ground.area import Selected
from sara.hotspots._ground.units import AreaUnits

__all__ = [
    "AREA_COLUMNS",
    "HELP_EVENTS",
    "HELP_PLACES",
    "HELP_SQUARE",
    "cell_areas",
    "finish_areas",
    "from_middle",
    "place_words",
]

AREA_COLUMNS = ["name", "n", "excess", "p_adjusted", "km2", "geometry"]
# Public names that say nothing about where.
_SILENT = {public_place(None), "a named place"}
# From this share on, a map shows where people asked for help.
HELP_SHARE = 0.5
# Of calls for help an area is shown from so many events at so many different places, on squares of this side (m): no outline is a home.
HELP_EVENTS, HELP_PLACES, HELP_SQUARE = 10, 3, 100.0
# An area of which one place has this share is drawn around that place.
HELP_LARGEST = 0.5
# Coordinates nearer than this are one place.
ONE_PLACE = 10.0
# What is larger is no street corner: the hundred block with most rows does not name it.
LARGE_KM2 = 0.5
COMPASS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
QUEEN = np.ones((3, 3), dtype=int)
ROOK = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]])


def cell_areas(
    chosen: Selected,
    raster: npt.NDArray[np.float64],
    hot: npt.NDArray[np.bool_],
    p: npt.NDArray[np.float64] | None,
    *,
    contiguity: str,
    word: str,
) -> gpd.GeoDataFrame:
    """Dissolve hot cells that touch into areas.

    ``excess`` is over the mean of all cells, times the cells of the area; ``p_adjusted`` is the smallest of its cells. Areas without an
    excess are left out.
    """
    grid = chosen.grid
    assert grid is not None and chosen.code is not None
    if isinstance(grid, AreaUnits):
        return _unit_areas(chosen, grid, raster, hot, p)
    labels, n_areas = _parts(grid, hot, contiguity)
    ids = np.arange(1, n_areas + 1)
    rows, columns = np.nonzero(labels)
    owner = labels[rows, columns]
    cells = shapely.polygons(grid.corners(rows, columns))
    order = np.argsort(owner, kind="stable")
    groups = np.split(cells[order], np.flatnonzero(np.diff(owner[order])) + 1) if n_areas else []
    shapes = [shapely.intersection(shapely.union_all(group), grid.area) for group in groups]
    values = raster[rows, columns]
    held = np.bincount(labels.ravel()[chosen.code], weights=chosen.rows.n, minlength=n_areas + 1)[1:]
    mean = raster[grid.member].sum() / grid.n_cells
    excess = np.bincount(owner, weights=values - mean, minlength=n_areas + 1)[1:]
    smallest = np.full(n_areas, np.nan)
    if p is not None and n_areas:
        smallest = np.full(n_areas + 1, np.inf)
        np.minimum.at(smallest, owner, p[rows, columns])
        smallest = smallest[1:]
    frame = pd.DataFrame({"n": held.astype(np.int64), "excess": excess, "p_adjusted": smallest})
    member = labels.ravel()[chosen.code]
    # A lone cell beside a busy corner can be hot for its neighbours' sake and still hold less than the mean: that is no hot place.
    keep = np.flatnonzero(excess > 0)
    names = place_words(chosen, member, ids[keep])
    return finish_areas(chosen, frame.iloc[keep].reset_index(drop=True), [shapes[i] for i in keep], names, word=word)[
        AREA_COLUMNS
    ]


def _parts(grid: Cells, hot: npt.NDArray[np.bool_], contiguity: str) -> tuple[npt.NDArray[np.int64], int]:
    """Give each group of hot cells that touch a number from 1; 0 is not hot."""
    if grid.shape == "square":
        from scipy.ndimage import label

        labels, n_parts = label(hot, structure=QUEEN if contiguity == "queen" else ROOK)
        return labels, int(n_parts)
    from scipy.sparse.csgraph import connected_components

    inside = np.flatnonzero(hot[grid.member])
    n_parts, part = connected_components(grid.neighbours()[inside][:, inside], directed=False)
    labels = np.zeros(grid.member.shape, dtype=np.int64)
    labels[hot & grid.member] = part + 1
    return labels, int(n_parts)


def _unit_areas(
    chosen: Selected,
    units: AreaUnits,
    values: npt.NDArray[np.float64],
    hot: npt.NDArray[np.bool_],
    p: npt.NDArray[np.float64] | None,
) -> gpd.GeoDataFrame:
    """Return hot named areas, each by its own name: people know them by it."""
    assert chosen.code is not None
    held = units.counts(chosen.code, chosen.rows.n).astype(np.int64)
    excess = values - values.mean()
    keep = np.flatnonzero(hot & (excess > 0))
    frame = pd.DataFrame({
        "n": held[keep], "excess": excess[keep], "p_adjusted": np.full(len(keep), np.nan) if p is None else p[keep],
    })  # fmt: skip
    return finish_areas(chosen, frame, list(units.shapes[keep]), list(units.names[keep]), word="")[AREA_COLUMNS]


def finish_areas(chosen: Selected, frame: pd.DataFrame, shapes: list[Any], places: list[str], *, word: str) -> gpd.GeoDataFrame:
    """Rank areas by excess, name them, and write down the period that chose them.

    Where most rows are calls for help, small areas are left out and the others laid on squares: see `_guarded`. Named areas stay.
    """
    out = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(shapes, crs=chosen.rows.crs), crs=chosen.rows.crs)
    out["_place"] = places
    centre = out.geometry.representative_point()
    # Ties are broken by where the area lies, so that the order of rows can't matter.
    out["_x"], out["_y"] = centre.x, centre.y
    out = out.sort_values(["excess", "n", "_x", "_y"], ascending=[False, False, True, True], kind="stable", ignore_index=True)
    start, end = chosen.period
    record: dict[str, Any] = {"period": [start.isoformat(), end.isoformat()], "chosen_from": chosen.noun}
    if _mostly_help(chosen):
        record["calls_for_help"] = True
        if not isinstance(chosen.grid, AreaUnits):
            out, record["too_small"], record["on_squares"] = _guarded(out, chosen)
    out["km2"] = out.geometry.area / 1e6
    named = [_place(chosen, p, shape) for p, shape in zip(out["_place"], out.geometry, strict=True)]
    # Named areas keep their name; shapes that have none are numbered.
    out["name"] = [f"{word} {i}{p}" if word else p for i, p in enumerate(named, start=1)]
    out["name"] = out["name"].astype(object if out.empty else out["name"].dtype)
    out = out.drop(columns=["_place", "_x", "_y"])
    out.attrs["sara"] = record
    rest = [c for c in out.columns if c not in AREA_COLUMNS]
    return out[[*AREA_COLUMNS[:-1], *rest, "geometry"]]


def _guarded(areas: gpd.GeoDataFrame, chosen: Selected) -> tuple[gpd.GeoDataFrame, int, bool]:
    """Leave out areas of calls for help that could be a home, and lay the others on squares; say how many were left out, and whether laid.

    Cells of 100 m and more are squares already. ``n`` stays what the method counted.
    """
    rows = chosen.rows
    at = np.c_[np.round(rows.x / ONE_PLACE), np.round(rows.y / ONE_PLACE)]
    near, place = np.unique(at, axis=0, return_index=True, return_inverse=True)[1:]
    held = np.bincount(place.ravel(), weights=rows.n)
    area, inside = shapely.STRtree(shapely.points(rows.x[near], rows.y[near])).query(
        areas.geometry.to_numpy(), predicate="intersects"
    )
    n_places, n = (np.bincount(area, weights=w, minlength=len(areas)) for w in (None, held[inside]))
    largest = np.zeros(len(areas))
    np.maximum.at(largest, area, held[inside])
    shown = (areas["n"].to_numpy() >= HELP_EVENTS) & (n_places >= HELP_PLACES) & (largest < HELP_LARGEST * n)
    out = areas[shown].reset_index(drop=True)
    size = getattr(chosen.grid, "cell_size", None)
    if size is not None and size >= HELP_SQUARE:
        return out, int((~shown).sum()), False
    laid = _laid_on_squares(list(out.geometry), chosen.area)
    return out.set_geometry(gpd.GeoSeries(laid, crs=areas.crs)), int((~shown).sum()), True


def _laid_on_squares(shapes: list[Any], ground: Any) -> list[Any]:
    """Return the squares that each shape touches; what two apart from each other would share stays with the first."""
    out: list[Any] = []
    for i, shape in enumerate(shapes):
        x0, y0, x1, y1 = np.floor(np.array(shape.bounds) / HELP_SQUARE)
        x, y = (v.ravel() * HELP_SQUARE for v in np.meshgrid(np.arange(x0, x1 + 1), np.arange(y0, y1 + 1)))
        squares = shapely.box(x, y, x + HELP_SQUARE, y + HELP_SQUARE)
        shapely.prepare(shape)
        laid = shapely.intersection(shapely.union_all(squares[shapely.intersects(shape, squares)]), ground)
        before = [old for old, first in zip(out, shapes[:i], strict=True) if old.intersects(laid) and first.disjoint(shape)]
        out.append(shapely.difference(laid, shapely.union_all(before)) if before else laid)
    return out


def _mostly_help(chosen: Selected) -> bool:
    """Tell whether most rows are calls for help: then no place may be shown in public, not even as an outline."""
    rows = chosen.rows
    return int(rows.n[rows.helped].sum()) > HELP_SHARE * int(rows.n.sum())


def place_words(chosen: Selected, member: npt.NDArray[np.int64], ids: npt.NDArray[np.int64]) -> list[str]:
    """Return `` near <hundred block>`` of the place with most rows, for each area; calls for help never name one.

    `member` says which area each used row lies in.
    """
    rows = chosen.rows
    listed = np.isin(member, ids) & pd.notna(rows.place) & ~rows.helped
    inside = pd.DataFrame({"area": member[listed], "place": rows.place[listed], "n": rows.n[listed]})
    counted = inside.groupby(["area", "place"])["n"].sum().reset_index()
    first = (
        counted.sort_values(["n", "place"], ascending=[False, True], kind="stable")
        .drop_duplicates("area")
        .set_index("area")["place"]
    )
    words = {area: public_place(place) for area, place in first.items()}
    return [f" near {words[i]}" if words.get(i, public_place(None)) not in _SILENT else "" for i in ids]


def _place(chosen: Selected, near: str, shape: Any) -> str:
    """Return where an area is: a small one near its commonest hundred block, a large one in the named area that has most of it."""
    if near and shape.area <= LARGE_KM2 * 1e6:
        return near
    return _area_name(chosen, shape) or near


def _area_name(chosen: Selected, shape: Any) -> str:
    if chosen.named is None or shape.is_empty:
        return ""
    hit = chosen.named.iloc[np.sort(chosen.named.sindex.query(shape, predicate="intersects"))]
    if hit.empty:
        return ""
    held = shapely.area(shapely.intersection(shapely.make_valid(hit.geometry.to_numpy()), shape))
    return f" in {hit['name'].iloc[int(held.argmax())]}"


def from_middle(shape: Any, ground: Any) -> str:
    """Return where a shape lies, seen from the middle of the study area.

    Examples
    --------
    >>> import shapely
    >>> from_middle(shapely.Point(1500, 3500), shapely.box(0, 0, 6000, 4000))
    '2.1 km NW of the middle'
    """
    at, middle = shape.centroid, ground.centroid
    east, north = at.x - middle.x, at.y - middle.y
    km = float(np.hypot(east, north)) / 1000
    if km < 0.1:
        return "in the middle"
    return f"{km:.1f} km {COMPASS[round(np.degrees(np.arctan2(east, north)) / 45) % 8]} of the middle"
