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

__all__ = ["AREA_COLUMNS", "cell_areas", "finish_areas", "place_words"]

AREA_COLUMNS = ["name", "n", "excess", "p_adjusted", "km2", "geometry"]
# Public names that say nothing about where.
_SILENT = {public_place(None), "a named place"}
# From this share on, a map shows where people asked for help.
HELP_SHARE = 0.5
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
    """Rank areas by excess, name them, and write down the period that chose them."""
    out = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(shapes, crs=chosen.rows.crs), crs=chosen.rows.crs)
    out["km2"] = out.geometry.area / 1e6
    centre = out.geometry.representative_point()
    out["place"] = [p or _area_name(chosen, c) for p, c in zip(places, centre, strict=True)]
    # Ties are broken by where the area lies, so that the order of rows can't matter.
    out["_x"], out["_y"] = centre.x, centre.y
    out = out.sort_values(["excess", "n", "_x", "_y"], ascending=[False, False, True, True], kind="stable", ignore_index=True)
    # Named areas keep their name; shapes that have none are numbered.
    out["name"] = [f"{word} {i}{p}" if word else p for i, p in enumerate(out["place"], start=1)]
    out["name"] = out["name"].astype(object if out.empty else out["name"].dtype)
    out = out.drop(columns=["place", "_x", "_y"])
    start, end = chosen.period
    out.attrs["sara"] = {"period": [start.isoformat(), end.isoformat()], "chosen_from": chosen.noun}
    if _mostly_help(chosen):
        out.attrs["sara"]["calls_for_help"] = True
    rest = [c for c in out.columns if c not in AREA_COLUMNS]
    return out[[*AREA_COLUMNS[:-1], *rest, "geometry"]]


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


def _area_name(chosen: Selected, point: Any) -> str:
    if chosen.named is None:
        return ""
    hit = chosen.named["name"][chosen.named.geometry.intersects(point).to_numpy()]
    return f" in {hit.iloc[0]}" if len(hit) else ""
