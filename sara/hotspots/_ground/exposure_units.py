"""What events are set against, by cell or area: people, addresses, or other events."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from sara.core.checks import check_columns
from sara.core.errors import InputError
from sara.core.source import as_source
from sara.core.wording import percent
from sara.hotspots._ground.area import Selected
from sara.hotspots._ground.rows import rows_of

__all__ = ["Exposure", "exposure_by_unit", "is_own_units"]

Floats = npt.NDArray[np.float64]

# Less than this share of the exposure outside the study area is rounding at its edge.
LOST = 0.001
# Number columns that are names or places of points, not what they stand for.
NO_EXPOSURE = re.compile(
    r"x|y|lat|lon|lng|long|latitude|longitude|year|zip|index|fid|(.*[_ ])?(id|code|no|nr|number)|.*(object|geo|fips).*|.*id", re.I
)


@dataclass(frozen=True, eq=False)
class Exposure:
    """``values`` of each cell or area in the order of its frame (missing where not known), the ``word`` for them, ``how`` they were found."""

    values: Floats
    word: str
    how: str
    cautions: tuple[str, ...] = ()
    is_events: bool = False


def is_own_units(exposure: Any) -> bool:
    """Tell whether the layer's polygons can be the units themselves."""
    return isinstance(exposure, gpd.GeoDataFrame) and len(exposure) > 0 and bool(_polygons(exposure.geometry).all())


def exposure_by_unit(exposure: Any, chosen: Selected, *, areas: Any, column: str | None) -> Exposure:
    """Return the exposure of each cell or area.

    Raises
    ------
    InputError
        If the exposure is not a column, a layer with numbers or an event table, or holds no number above zero.
    """
    if isinstance(exposure, str) and as_source(exposure) is None:
        found = _of_column(areas, exposure, chosen, name="exposure")
    elif as_source(exposure) is not None or _is_events(exposure, column):
        found = _of_events(exposure, column, chosen)
    elif isinstance(exposure, gpd.GeoDataFrame):
        found = _of_layer(exposure, column, chosen, own=areas is exposure)
    else:
        raise InputError(
            "`exposure` must be a column of `areas`, a layer of points or polygons, or an event table. "
            f"Got a {type(exposure).__name__}. Write: sara.hotspots.rates(events, tracts, column='population')"
        )
    if not np.nansum(found.values) > 0:
        raise InputError(
            "`exposure` must be above zero somewhere in the study area. Got none there. Check that it is of the same city and in the right column."
        )
    return found


def _is_events(value: Any, column: str | None) -> bool:
    return column is None and isinstance(value, gpd.GeoDataFrame) and {"time", "x", "y", "category"} <= set(value.columns)


def _of_column(areas: Any, column: str, chosen: Selected, *, name: str) -> Exposure:
    if not isinstance(areas, gpd.GeoDataFrame):
        raise InputError(
            f"`areas` must be given when `{name}` names one of its columns. Got {column!r} without. "
            f"Write: sara.hotspots.rates(events, {column!r}, areas=sara.read_areas('tracts.geojson'))"
        )
    check_columns(areas, [column], argument=name, table="areas" if name == "exposure" else "exposure")
    units: Any = chosen.grid
    # Areas cut by a study area keep the share of their number that their surface keeps.
    whole = shapely.area(areas.geometry.to_crs(chosen.rows.crs).to_numpy())[units.number]
    share = np.minimum(1.0, units.inside_km2() * 1e6 / whole)
    values = _numbers(areas, column)[units.number]
    cut = share < 1 - LOST
    told = (f"{cut.sum():,} areas reach beyond the study area: their exposure was cut by the same share as their surface.",)
    return Exposure(
        np.where(cut, values * share, values), column, f"the column {column!r} of the areas", told if cut.any() else ()
    )


def _of_events(other: Any, column: str | None, chosen: Selected) -> Exposure:
    """Return how many other events lie in each unit in the same period."""
    rows = rows_of(other, period=chosen.period, weights=column)
    units = chosen.grid
    assert units is not None
    code = units.locate(rows.x, rows.y)
    values = _summed(units, code, rows.n.astype(float) if rows.weight is None else rows.weight)
    outside = int(rows.n[code < 0].sum())
    how = f"{rows.noun} of the same period"
    told = [
        f"Exposure is {how}: the rate says how much of what is reported there is of this kind. Where the events are themselves among them, "
        "the rate is a share, and its limits are a little too wide."
    ]
    if outside:
        told.append(f"{outside:,} of the {rows.noun} that serve as exposure lie outside the study area.")
    return Exposure(values, rows.noun if column is None else column, how, tuple(told), is_events=True)


def _of_layer(layer: gpd.GeoDataFrame, column: str | None, chosen: Selected, *, own: bool) -> Exposure:
    if layer.crs is None or chosen.rows.crs is None:
        which = "exposure" if layer.crs is None else "events"
        raise InputError(
            f"`{which}` must have a coordinate reference system. Got crs=None. Write: {which} = {which}.set_crs(4326)"
        )
    there = (layer.geometry.notna() & ~layer.geometry.is_empty).to_numpy()
    kinds = shapely.get_type_id(layer.geometry.to_numpy()[there])
    if column is None and not (kinds == 0).all():
        numeric = [str(c) for c in layer.columns if pd.api.types.is_numeric_dtype(layer[c])]
        raise InputError(
            f"`column` must name the numbers of the exposure layer. Got None. Number columns: {', '.join(numeric[:12]) or 'none'}"
        )
    if own:
        return _of_column(layer, str(column), chosen, name="column")
    if column is not None:
        check_columns(layer, [column], argument="column", table="exposure")
    values = np.ones(len(layer)) if column is None else _numbers(layer, column)
    told = [] if there.all() else [f"{(~there).sum():,} rows of the exposure layer have no location and were left out."]
    unknown = there & np.isnan(values)
    if unknown.any():
        told.append(
            f"{unknown.sum():,} rows of the exposure layer have no number and were left out: the exposure around them is too low."
        )
    told += _counted_caution(layer) if column is None else []
    keep = there & ~unknown
    moved, values = layer.geometry[keep].to_crs(chosen.rows.crs).to_numpy(), values[keep]
    if (shapely.get_type_id(moved) == 0).all():
        found, how = _of_points(moved, values, chosen), "points in each unit"
        note = "The exposure of a unit is that of the points in it: where points stand for blocks, people on its edge may be counted next door."
    elif _polygons(moved).all():
        found, how = _spread(shapely.make_valid(moved), values, chosen), "polygons, by their share of surface in each unit"
        note = (
            "The exposure was spread evenly over each of its polygons, by surface: parks and water get people, high-rises too few. "
            "Where the polygons can be the units, leave `areas` and the cells out."
        )
    else:
        raise InputError(
            "`exposure` must be points or polygons, one kind. Got others. Keep one: exposure[exposure.geom_type == 'Polygon']"
        )
    lost = max(0.0, float(values.sum() - found.sum())) / max(float(values.sum()), 1e-300)
    if lost > LOST:
        told.append(f"{percent(lost)} of the exposure lies outside the study area.")
    return Exposure(found, column or "places", how, (note, *told))


def _counted_caution(layer: gpd.GeoDataFrame) -> list[str]:
    """Say so where points are counted one each, and a column might hold what they stand for."""
    numeric = [
        str(c) for c in layer.columns if pd.api.types.is_numeric_dtype(layer[c]) and not pd.api.types.is_bool_dtype(layer[c])
    ]
    meant = [c for c in numeric if not NO_EXPOSURE.fullmatch(c)]
    if not meant:
        return []
    others = f" (or {', '.join(map(repr, meant[1:8]))})" if len(meant) > 1 else ""
    return [
        f"Each point counts as one place. If a column holds how many people or homes a point stands for, name it: column={meant[0]!r}{others}."
    ]


def _of_points(shapes: npt.NDArray[Any], values: Floats, chosen: Selected) -> Floats:
    assert chosen.grid is not None
    return _summed(chosen.grid, chosen.grid.locate(shapely.get_x(shapes), shapely.get_y(shapes)), values)


def _summed(units: Any, code: npt.NDArray[np.int64], values: Floats) -> Floats:
    """Add values up by unit: fractions come to the same sum whatever the order of rows only if they are added in one order."""
    order = np.lexsort((values, code))
    return np.asarray(units.counts(code[order], values[order])[units.member], dtype=float)


def _spread(shapes: npt.NDArray[Any], values: Floats, chosen: Selected) -> Floats:
    """Spread each polygon's number over the units it lies on, by surface; units that no polygon reaches hold nobody."""
    units, ground = chosen.grid, chosen.area
    assert units is not None
    cells = units.frame().geometry.to_numpy()
    shapely.prepare(ground)
    rim = ~shapely.covers(ground, cells)
    cells[rim] = shapely.intersection(cells[rim], ground)
    polygon, cell = shapely.STRtree(cells).query(shapes, predicate="intersects")
    shapely.prepare(shapes)
    part = shapely.area(cells)[cell]
    partly = ~shapely.covers(shapes[polygon], cells[cell])
    part[partly] = shapely.area(shapely.intersection(shapes[polygon[partly]], cells[cell[partly]]))
    moved = values[polygon] * part / np.maximum(shapely.area(shapes), 1e-9)[polygon]
    order = np.lexsort((moved, cell))
    return np.asarray(np.bincount(cell[order], weights=moved[order], minlength=len(cells)), dtype=float)


def _numbers(frame: pd.DataFrame, column: str) -> Floats:
    """Return a column of numbers, missing ones as NaN."""
    values = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    bad = (values < 0) | np.isinf(values)
    if bad.any():
        raise InputError(
            f"`exposure` must be numbers of zero or more. Got {values[bad][0]:g} in {column!r} ({bad.sum():,} such rows). "
            f"If they stand for missing: layer[{column!r}] = layer[{column!r}].where(layer[{column!r}] >= 0)"
        )
    if np.isnan(values).all():
        raise InputError(
            f"`exposure` must be numbers. Got none in {column!r}. Columns: {', '.join(map(str, frame.columns[:20]))}"
        )
    return values


def _polygons(shapes: Any) -> npt.NDArray[np.bool_]:
    return np.isin(shapely.get_type_id(np.asarray(shapes)), (3, 6))
