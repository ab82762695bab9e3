"""Tables that are in memory already: a DataFrame, or the table that openpolicedata loads."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from sara.core.errors import InputError
from sara.data.formats._geojson import representative, with_points
from sara.data.formats._raw import RawFile, check_columns, no_rejects, typed_frame

__all__ = ["as_table", "from_frame"]


def as_table(given: Any, *, source: str) -> RawFile | None:
    """Return a table in memory, or None for what is none."""
    if isinstance(given, pd.DataFrame):
        return from_frame(given)
    inner = getattr(given, "table", None)
    if isinstance(inner, pd.DataFrame) and any(hasattr(given, name) for name in ("agency", "table_type", "state")):
        return _published(given, inner, source)
    if hasattr(given, "to_pandas") and not isinstance(given, type):
        return from_frame(given.to_pandas())
    return None


def from_frame(frame: pd.DataFrame, *, name: str = "", notes: dict[str, Any] | None = None) -> RawFile:
    """Return a table whose rows are known by their labels."""
    if isinstance(frame.columns, pd.MultiIndex):
        frame = frame.set_axis([" ".join(str(part) for part in column if str(part)) for column in frame.columns], axis=1)
    if len(set(map(str, frame.columns))) < len(frame.columns):
        double = frame.columns[frame.columns.map(str).duplicated()][0]
        raise InputError(
            f"`path` must have each column once. Got two called {double!r}. Write: table = table.loc[:, ~table.columns.duplicated()]"
        )
    check_columns(len(frame.columns), name or "the table")
    labels = np.asarray(frame.index.to_flat_index() if isinstance(frame.index, pd.MultiIndex) else frame.index)
    there = {str(column) for column in frame.columns}
    told = {str(name): level for level, name in enumerate(frame.index.names) if name is not None and str(name) not in there}
    if told and isinstance(frame.index, (pd.MultiIndex, pd.DatetimeIndex)):
        # Labels that are times, or parts of a key, are columns by another name.
        frame = frame.assign(**{name: frame.index.get_level_values(level) for name, level in told.items()})
    plain = frame.reset_index(drop=True).rename(columns=str)
    geometry = getattr(frame, "_geometry_column_name", None) if isinstance(frame, gpd.GeoDataFrame) else None
    if geometry not in plain.columns:
        return RawFile(typed_frame(pd.DataFrame(plain)), labels, no_rejects(), None, name, dict(notes or {}))
    shapes, crs = np.asarray(plain[geometry].to_numpy(), dtype=object), plain[geometry].crs
    table = RawFile(typed_frame(pd.DataFrame(plain.drop(columns=geometry))), labels, no_rejects(), None, name, dict(notes or {}))
    return with_points(table, representative(shapes), crs, {})


def _published(given: Any, frame: pd.DataFrame, source: str) -> RawFile:
    """Return the table of openpolicedata, which says whose it is."""
    said = {name: _word(getattr(given, name, None)) for name in ("table_type", "agency", "state", "year", "source_name")}
    kind = said["table_type"].upper()
    if source == "complaints" and "COMPLAINT" in kind:
        raise InputError(
            f"`path` must be residents' complaints about places (311 requests). Got the table type {said['table_type']!r}: complaints about officers, which are about persons. sara has no use for them."
        )
    publisher = ", ".join(dict.fromkeys(word for word in (said["agency"], said["source_name"], said["state"]) if word))
    notes = {
        key: value
        for key, value in (("publisher", publisher), ("table_type", said["table_type"]), ("year", said["year"]))
        if value
    }
    return from_frame(frame, name=f"openpolicedata: {publisher or 'table'}", notes={"format": "openpolicedata", **notes})


def _word(value: Any) -> str:
    value = getattr(value, "value", value)
    return "" if value is None or value == "NONE" else str(value)
