"""The event table: one row per call or complaint, in metres, sorted by time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from sara.core.checks import record_of
from sara.core.errors import InputError
from sara.data._build import EVENT_COLUMNS, FIELDS, STAMPS, Table, build, known_categories
from sara.data._coordinates import NOWHERE, locate
from sara.data._order import in_order
from sara.data._rejects import reject_rows
from sara.data._text import is_blank
from sara.data.recognize import recognize, require

__all__ = ["EVENT_COLUMNS", "FIELDS", "LOCATION", "as_events"]

# The ways to say where a row lies.
LOCATION = ("lon", "lat", "x", "y", "point")


def as_events(
    table: pd.DataFrame,
    *,
    source: str = "events",
    id: str | None = None,
    time: str | list[str] | None = None,
    time_to: str | None = None,
    type: str | None = None,
    category: str | None = None,
    origin: str | None = None,
    place: str | None = None,
    text: str | None = None,
    x: str | None = None,
    y: str | None = None,
    lon: str | None = None,
    lat: str | None = None,
    crs: Any = None,
    tz: str | None = None,
) -> gpd.GeoDataFrame:
    """Make the event table from a table you already have.

    Parameters
    ----------
    table : DataFrame or GeoDataFrame
        One row per call, complaint or crime. An event table comes back as it is, in metres again after ``to_crs``.
    source : str
        What the rows are: ``"calls"``, ``"complaints"`` or your own word.
    id, time, time_to, type, category, origin, place, text, x, y, lon, lat : str, optional
        Names of columns. `time` may be two columns, ``["Date", "Time"]``. Columns that are already called as in the event table are taken
        as they are. With none of these given, sara recognises the columns by name and content.
    crs : int, str or CRS, optional
        The coordinate reference system of `x` and `y`. Not needed for longitude and latitude.
    tz : str, optional
        The city's time zone, such as ``"America/Chicago"``.

    Returns
    -------
    GeoDataFrame
        The columns of `EVENT_COLUMNS` in that order, then all others under their published names; sorted by time, in the UTC zone of the
        median valid coordinate. ``attrs["sara"]`` says what was read and how.

    Raises
    ------
    InputError
        If a column is not there, no time is found, or times or coordinates can be read in two ways.

    Notes
    -----
    A row whose time is written but can't be read is not in the result: ``audit(events).rejects`` has it. A blank time, and a coordinate
    that is none (0, 0; a shapefile null; outside the range), leave the row in, without time or location; ``attrs["sara"]["bad_locations"]``
    counts why. A row without an id gets one from its content. A `category` you name is used in lower case; otherwise the type is mapped
    with `sara.data.category_table`. An hour that came twice at the end of summer time takes its first occurrence.

    Examples
    --------
    >>> table = pd.DataFrame({"when": ["2024-03-01 23:10"], "what": ["FIGHT"], "lon": [-88.9], "lat": [40.9]})
    >>> events = as_events(table, time="when", type="what", lon="lon", lat="lat", tz="America/Chicago")
    >>> str(events["time"].iloc[0]), events["category"].iloc[0], int(events["hour"].iloc[0])
    ('2024-03-01 23:10:00', 'disorder', 23)
    """
    _check_table(table)
    named = {
        "id": id, "time": time, "time_to": time_to, "type": type, "category": category, "origin": origin,
        "place": place, "text": text, "x": x, "y": y, "lon": lon, "lat": lat,
    }  # fmt: skip
    given = {name: column for name, column in named.items() if column is not None}
    if not given and is_event_table(table):
        return again(table, source=source, crs=crs)
    tz = tz if tz is not None else record_of(table).get("zone")
    if len(set(table.columns)) < len(table.columns):
        double = table.columns[table.columns.duplicated()][0]
        raise InputError(
            f"`table` must have each column once. Got two called {double!r}. Write: table = table.loc[:, ~table.columns.duplicated()]"
        )
    mapping = _mapping(table, given)
    raw = Table(
        frame=table,
        lines=np.asarray(table.index),
        files=np.full(len(table), "", dtype=object),
        rejects=reject_rows([], [], [], [], []),
        rows_read=len(table),
    )
    return build(raw, mapping, source=source, kind="311" if source == "complaints" else "police", crs=crs, tz=tz)


def _check_table(table: Any) -> None:
    if not isinstance(table, pd.DataFrame):
        raise InputError(
            f"`table` must be a table. Got a {table.__class__.__name__}. For a file, write: sara.read_calls('calls.csv')"
        )


def _mapping(table: pd.DataFrame, given: dict[str, Any]) -> dict[str, Any]:
    """Return field -> column: what was named, then columns already called as in the event table, else what is recognised."""
    if not given:
        found = recognize(table)
        return without_columns_for_geometry(table, require(found, table, call="as_events(table, {})"))
    taken = {column for value in given.values() for column in ([value] if isinstance(value, str) else value)}
    exact = {name: name for name in FIELDS if name in table.columns and name not in taken and name not in given}
    if {"x", "y", "lon", "lat"} & set(given):
        exact = {name: column for name, column in exact.items() if name not in LOCATION}
    if "time" in given:
        exact.pop("time", None)
    if "type" in given or not _known_categories(table, exact.get("category")):
        exact.pop("category", None) if "type" in exact or "type" in given else None
    if not {"x", "y", "lon", "lat"} & set(given):
        exact = without_columns_for_geometry(table, exact)
    mapping = {**exact, **given}
    if not any(name in mapping for name in ("time", *STAMPS)):
        # Named columns overrule what is recognised; a time that nobody named is looked for all the same.
        found = recognize(table.drop(columns=[column for column in taken if column in table.columns]))
        times = {name: column for name, column in found.columns.items() if name in ("time", *STAMPS)}
        return {**mapping, **(times or _no_time(table))}
    return mapping


def _no_time(table: pd.DataFrame) -> dict[str, Any]:
    have = ", ".join(map(str, list(table.columns)[:30])) + (", ..." if len(table.columns) > 30 else "")
    raise InputError(
        f"`time` must be one of the columns. Got none that is called or reads like a time. Columns: {have}. Write: as_events(table, time='...')"
    )


def without_columns_for_geometry(table: pd.DataFrame, mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out coordinate columns where the table has geometry and says in which system."""
    if (
        not isinstance(table, gpd.GeoDataFrame)
        or getattr(table, "_geometry_column_name", None) not in table.columns
        or table.crs is None
    ):
        return dict(mapping)
    return {name: column for name, column in mapping.items() if name not in LOCATION}


def _known_categories(table: pd.DataFrame, column: str | None) -> bool:
    if column is None:
        return False
    values = table[column].astype(object)
    values = pd.Series(values[~is_blank(values)].unique(), dtype=object)
    return bool(len(values)) and bool(values.isin(known_categories()).all())


def is_event_table(table: pd.DataFrame) -> bool:
    needed = [name for name in EVENT_COLUMNS if name not in ("n_reports", "merged_ids", "geometry")]
    return all(name in table.columns for name in needed) and pd.api.types.is_datetime64_any_dtype(table["time"])


def again(table: pd.DataFrame, *, source: str, crs: Any) -> gpd.GeoDataFrame:
    """Bring an event table back into metres and into order; nothing else changes."""
    out = pd.DataFrame(table).copy()
    record = record_of(table)
    system = getattr(table, "crs", None) if isinstance(table, gpd.GeoDataFrame) else None
    if system is not None:
        shapes = table.geometry.to_numpy()
        empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
        x, y = np.full(len(out), np.nan), np.full(len(out), np.nan)
        x[~empty], y[~empty] = shapely.get_x(shapes[~empty]), shapely.get_y(shapes[~empty])
    else:
        x, y = (out[name].to_numpy(dtype=float, na_value=np.nan) for name in ("x", "y"))
        system = crs if crs is not None else record.get("crs")
        if system is None and np.isfinite(x).any():
            raise InputError(
                "`crs` must be given: this event table has lost its geometry. Write crs=32616 with the EPSG number of its x and y."
            )
    found = locate(pd.Series(x), pd.Series(y), system if system is not None else NOWHERE)
    out["x"], out["y"] = found.x, found.y
    ok = np.isfinite(found.x)
    shapes = np.full(len(out), None, dtype=object)
    shapes[ok] = shapely.points(found.x[ok], found.y[ok])
    out["geometry"] = gpd.array.from_shapely(shapes, crs=found.crs)
    out = out[[*(name for name in EVENT_COLUMNS if name in out), *(name for name in out if name not in EVENT_COLUMNS)]]
    if source != "events":
        out = out.assign(source=source)
    events = in_order(gpd.GeoDataFrame(out, geometry="geometry", crs=found.crs))
    events.attrs["sara"] = record or {"source": str(out["source"].iloc[0]) if len(out) else "events"}
    return events
