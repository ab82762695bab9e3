"""What events would be in proportion to, by cell or area."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from sara.core.checks import check_columns
from sara.core.errors import InputError
from sara.core.result import Setting
from sara.hotspots._area import Selected

__all__ = ["exposure_of"]

Floats = npt.NDArray[np.float64]


def exposure_of(exposure: Any, chosen: Selected, *, areas: Any, column: str | None) -> dict[str, Any]:
    """Return the exposure of each cell or area, in the order of the grid's frame, as ``values``, and as the setting ``exposure``.

    Raises
    ------
    InputError
        If the exposure is not a column of `areas` or a layer of points or polygons, or holds no number above zero.
    """
    assert chosen.grid is not None
    if exposure is None:
        return {
            "values": chosen.grid.inside_km2(),
            "exposure": Setting("surface", "sara", "no exposure was given: an even spread"),
        }
    if isinstance(exposure, str):
        if areas is None:
            raise InputError(
                f"`exposure` names a column of `areas`, so `areas` must be given. Got {exposure!r} without. Write: areas=sara.read_areas('tracts.geojson'), exposure={exposure!r}"
            )
        check_columns(areas, [exposure], argument="exposure", table="areas")
        found, words = _numbers(areas, exposure)[chosen.grid.number], exposure  # type: ignore[union-attr]
    elif isinstance(exposure, gpd.GeoDataFrame):
        found, words = _of_layer(exposure, chosen, column), column or "the other layer"
    else:
        raise InputError(
            f"`exposure` must be the name of a column of `areas`, or a layer of points or polygons. Got a {type(exposure).__name__}. Write exposure='residents'"
        )
    if not found.sum() > 0:
        raise InputError(
            "`exposure` must be above zero somewhere in the study area. Got zero everywhere. Check that it is of the same city."
        )
    return {"values": found, "exposure": Setting(words, "you")}


def _of_layer(layer: gpd.GeoDataFrame, chosen: Selected, column: str | None) -> Floats:
    assert chosen.grid is not None
    if layer.crs is None:
        raise InputError(
            "`exposure` must have a coordinate reference system. Got crs=None. Write: exposure = exposure.set_crs(4326)"
        )
    if column is not None:
        check_columns(layer, [column], argument="column", table="exposure")
    moved = layer[layer.geometry.notna() & ~layer.geometry.is_empty].to_crs(chosen.rows.crs)
    shapes = moved.geometry.to_numpy()
    if (moved.geom_type == "Point").all():
        each = np.ones(len(moved)) if column is None else _numbers(moved, column)
        code = chosen.grid.locate(shapely.get_x(shapes), shapely.get_y(shapes))
        return np.asarray(chosen.grid.counts(code, each)[chosen.grid.member], dtype=float)
    if column is None or not moved.geom_type.isin(["Polygon", "MultiPolygon"]).all():
        raise InputError(
            "`column` must name the numbers of a layer of polygons. Got none. Write: exposure=tracts, column='residents'"
        )
    return _spread(shapely.make_valid(shapes), _numbers(moved, column), chosen)


def _spread(shapes: npt.NDArray[Any], each: Floats, chosen: Selected) -> Floats:
    """Spread each polygon's number over the cells it lies on, by surface."""
    assert chosen.grid is not None
    cells = shapely.intersection(chosen.grid.frame().geometry.to_numpy(), chosen.area)
    polygon, cell = shapely.STRtree(cells).query(shapes, predicate="intersects")
    part = shapely.area(shapely.intersection(shapes[polygon], cells[cell]))
    whole = np.maximum(shapely.area(shapes), 1e-9)
    return np.asarray(np.bincount(cell, weights=each[polygon] * part / whole[polygon], minlength=len(cells)), dtype=float)


def _numbers(frame: pd.DataFrame, column: str) -> Floats:
    values = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        raise InputError(
            f"`{column}` must hold numbers of zero or more. Got {frame[column].iloc[int(np.flatnonzero(bad)[0])]!r} in row {frame.index[bad][0]!r}. "
            f"Write: table[{column!r}] = table[{column!r}].fillna(0)"
        )
    return values
