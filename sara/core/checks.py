"""Checks of what people hand in, worded once for every method."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from sara.core.errors import InputError, NotEnoughDataError, suggest

__all__ = [
    "check_areas",
    "check_choice",
    "check_columns",
    "check_confidence",
    "check_count",
    "check_enough",
    "check_events",
    "check_pair",
    "check_seed",
    "check_source",
    "located",
    "record_of",
]

EVENT_COLUMNS = ("id", "source", "time", "type", "category", "origin", "x", "y", "geometry")
# The geometry of a row may lie this far, in metres, from its x and y: what is left of rounding.
APART = 1.0


def _a(value: Any) -> str:
    kind = type(value).__name__
    return f"{'an' if kind[0] in 'aeiouAEIO' else 'a'} {kind}"


def check_events(events: Any, *, name: str = "events", moved: bool = False) -> gpd.GeoDataFrame:
    """Return `events` if it is an event table in metres; otherwise say how to make it one.

    Geometry and x, y must be of the same place, unless the table may have been `moved`: the caller then takes x and y from the geometry.
    """
    if isinstance(events, gpd.GeoDataFrame) and len(events) == 0:
        raise InputError(
            f"`{name}` has no rows. Has an earlier filter removed them all? (query \"category == 'Noise'\" is case sensitive; categories are lower case)"
        )
    if not isinstance(events, pd.DataFrame):
        raise InputError(
            f"`{name}` must be an event table. Got {_a(events)}. Write: {name} = sara.read_calls('calls.csv') or sara.as_events(table, time='received')"
        )
    if not events.columns.is_unique:
        twice = ", ".join(map(repr, dict.fromkeys(events.columns[events.columns.duplicated()])))
        raise InputError(
            f"`{name}` must have each column once. Got {twice} more than once. Write: {name} = {name}.loc[:, ~{name}.columns.duplicated()]"
        )
    missing = [column for column in EVENT_COLUMNS if column not in events.columns]
    if missing or not isinstance(events, gpd.GeoDataFrame):
        got = f"a table without {', '.join(missing)}" if missing else "a DataFrame without geometry"
        raise InputError(
            f"`{name}` must be an event table. Got {got}. Write: {name} = sara.as_events(table, time='...', lon='...', lat='...')"
        )
    _check_metres(events, name=name)
    if not moved:
        _check_together(events, name=name)
    return events


def check_source(source: Any, n_rows: int, *, name: str = "events") -> None:
    """Raise if a source has no rows, or a coordinate system that is not in metres."""
    if n_rows == 0:
        raise InputError(
            f"`{name}` has no rows. Has an earlier filter removed them all? (where(\"category == 'Noise'\") is case sensitive; categories are lower case)"
        )
    if source.crs is not None and (not source.crs.is_projected or source.crs.axis_info[0].unit_name not in ("metre", "meter")):
        raise InputError(
            f"`{name}` must be in metres. Got {source.crs.name} ({source.crs.axis_info[0].unit_name}). Write: sara.convert('calls.csv', 'calls.parquet')"
        )


def check_areas(areas: Any, *, name: str = "areas", crs: Any = None) -> gpd.GeoDataFrame:
    """Return `areas` as a GeoDataFrame of polygons, in `crs` where one is given."""
    if isinstance(areas, gpd.GeoSeries):
        areas = gpd.GeoDataFrame(geometry=areas)
    if not isinstance(areas, gpd.GeoDataFrame):
        raise InputError(f"`{name}` must be polygons. Got {_a(areas)}. Write: {name} = sara.read_areas('neighborhoods.geojson')")
    if len(areas) == 0:
        raise InputError(f"`{name}` has no rows. Has an earlier filter removed them all?")
    if areas.crs is None:
        raise InputError(
            f"`{name}` must have a coordinate reference system. Got crs=None. If its numbers are longitude and latitude: {name} = {name}.set_crs(4326)"
        )
    if areas.geometry.isna().any():
        row = areas.index[areas.geometry.isna()][0]
        raise InputError(
            f"`{name}` must have a shape in every row. Got none in row {row}. Write: {name} = {name}[{name}.geometry.notna()]"
        )
    wrong = ~areas.geometry.geom_type.isin(["Polygon", "MultiPolygon"])
    if wrong.any():
        raise InputError(
            f"`{name}` must be polygons. Got {areas.geometry.geom_type[wrong].iloc[0]} in row {areas.index[wrong][0]}. Buffer it first: {name}.buffer(50)"
        )
    return areas if crs is None else areas.to_crs(crs)


def _check_metres(frame: gpd.GeoDataFrame, *, name: str) -> None:
    if frame.crs is None:
        raise InputError(
            f"`{name}` must have a coordinate reference system. Got crs=None. If x and y are longitude and latitude: {name} = {name}.set_crs(4326)"
        )
    if not frame.crs.is_projected or frame.crs.axis_info[0].unit_name not in ("metre", "meter"):
        raise InputError(
            f"`{name}` must be in metres. Got {frame.crs.name} ({frame.crs.axis_info[0].unit_name}). Write: {name} = sara.as_events({name}) or {name}.to_crs({name}.estimate_utm_crs())"
        )


def _check_together(events: gpd.GeoDataFrame, *, name: str) -> None:
    """Raise where geometry and x, y say different places: methods read x and y, and a changed geometry alone would change nothing."""
    shapes = events.geometry.to_numpy()
    # Rows without a point have no coordinates to compare: a missing number is not farther than anything.
    apart = np.zeros(len(events), dtype=bool)
    for column, values in (("x", shapely.get_x(shapes)), ("y", shapely.get_y(shapes))):
        apart |= np.abs(values - events[column].to_numpy(dtype=float, na_value=np.nan)) > APART
    if apart.any():
        raise InputError(
            f"`{name}` must have the same place in geometry as in x and y. Got {apart.sum():,} of {len(events):,} rows more than {APART:g} m apart. "
            f"If the geometry is right: {name}['x'], {name}['y'] = {name}.geometry.x, {name}.geometry.y. "
            f"If x and y are: {name} = {name}.set_geometry(geopandas.points_from_xy({name}['x'], {name}['y'], crs={name}.crs))"
        )


def check_columns(frame: pd.DataFrame, columns: Iterable[str], *, argument: str, table: str = "events") -> None:
    """Raise if a column named by `argument` is not in `frame`."""
    for column in columns:
        if column not in frame.columns:
            have = ", ".join(map(str, frame.columns[:20]))
            raise InputError(
                f"`{argument}` names a column that is not in `{table}`: {column!r}.{suggest(column, frame.columns)} Columns: {have}"
            )


def check_choice(value: Any, options: Sequence[Any], *, name: str) -> Any:
    """Return `value` if it is one of `options`."""
    if value not in options:
        listed = ", ".join(repr(option) for option in options)
        raise InputError(f"`{name}` must be one of {listed}. Got {value!r}.{suggest(value, options)}")
    return value


def check_confidence(value: Any) -> float:
    """Return a confidence level between 0.5 and 1."""
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0.5 <= value < 1:
        raise InputError(f"`confidence` must be a share from 0.5 up to 1. Got {value!r}. Write 0.95 for 95 %.")
    return float(value)


def check_count(value: Any, *, name: str, least: int = 1) -> int:
    """Return a whole number of at least `least`."""
    whole = (
        isinstance(value, (int, np.integer, float)) and not isinstance(value, bool) and np.isfinite(value) and value == int(value)
    )
    if not whole or value < least:
        raise InputError(f"`{name}` must be a whole number of {least} or more. Got {value!r}.")
    return int(value)


def check_seed(value: Any) -> int | None:
    """Return a seed, a whole number of zero or more; None stands for other draws each time."""
    return None if value is None else check_count(value, name="seed", least=0)


def check_pair(value: Any, *, name: str) -> tuple[float, float]:
    """Return ``(before, after)``: two counts that are finite and not negative."""
    try:
        before, after = (float(v) for v in value)
    except (TypeError, ValueError):
        raise InputError(f"`{name}` must be a pair of counts (before, after). Got {value!r}. Write {name}=(80, 52)") from None
    if not (np.isfinite(before) and np.isfinite(after) and before >= 0 and after >= 0):
        raise InputError(f"`{name}` must hold two counts of zero or more. Got {value!r}. Write {name}=(80, 52)")
    return before, after


def check_enough(n: int, least: int, *, method: str, what: str = "events with a location", instead: str = "") -> None:
    """Raise `NotEnoughDataError` if fewer than `least` are there."""
    if n < least:
        do = instead or "Try a longer period or a larger area."
        raise NotEnoughDataError(f"{method} needs at least {least} {what}. Got {n}. {do}")


def located(events: gpd.GeoDataFrame) -> np.ndarray:
    """Return a mask of the rows that have a usable location."""
    x, y = events["x"].to_numpy(dtype=float, na_value=np.nan), events["y"].to_numpy(dtype=float, na_value=np.nan)
    return np.isfinite(x) & np.isfinite(y)


def record_of(events: Any) -> dict[str, Any]:
    """Return the own record (zone, coverage, precision) of a table or a source; empty where a merge has lost it."""
    record = events.attrs.get("sara", {})
    return dict(record) if isinstance(record, dict) else {}
