"""Parquet and Arrow files: anyone's tables, and sara's own event tables with their record."""

from __future__ import annotations

import io
import json
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from sara.core.errors import InputError
from sara.data._build import EVENT_COLUMNS, STAMPS
from sara.data._text import TEXT_DTYPE
from sara.data.formats._geojson import representative, with_points
from sara.data.formats._raw import RawFile, check_columns, no_rejects, typed_frame

__all__ = ["MAX_ROWS", "RECORD_KEY", "read_parquet"]

# Where sara keeps the record of an event table, beside the key of GeoParquet.
RECORD_KEY = b"sara"
# A column of one value takes a few bytes for any number of rows: the size of a file says nothing about that of its table.
MAX_ROWS = 30_000_000


def read_parquet(content: bytes, name: str, sha: str | None) -> RawFile:
    """Read Parquet, GeoParquet or an Arrow file; the frame of an event table that sara wrote is that event table, with its record in ``attrs``."""
    import pyarrow as pa

    try:
        table = _arrow(content, name)
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"`path` must be a whole Parquet file. Got {name}, which can't be opened ({str(error).splitlines()[0][:200]}). Download it again."
        ) from None
    meta = table.schema.metadata or {}
    lines = np.arange(1, table.num_rows + 1, dtype=np.int64)
    record = _loads(meta.get(RECORD_KEY))
    geo = _loads(meta.get(b"geo"))
    try:
        frame, points, crs, drawn = _frame(table, geo)
    except Exception as error:
        # What describes the columns may be damaged in any way.
        said = str(error).splitlines() or [type(error).__name__]
        raise InputError(f"`path` must be a Parquet file of plain columns. Got {name}: {said[0][:200]}.") from None
    notes: dict[str, Any] = {"format": "GeoParquet" if geo else "Parquet"}
    if not record and isinstance(frame.attrs.get("sara"), dict):
        record = frame.attrs["sara"]
    if set(EVENT_COLUMNS) - {"geometry", "n_reports", "merged_ids"} <= set(frame.columns):
        own = _event_frame(frame, points, crs if crs is not None else record.get("crs"))
        # Written by another program, it has lost its record: what is known of it is how many rows it has.
        own.attrs["sara"] = record or {"file": name, "rows_read": len(own), "rows_rejected": 0, "rejects": None}
        return RawFile(own, lines, no_rejects(), sha, name, notes)
    frame.attrs = {}
    raw = RawFile(typed_frame(frame), lines, no_rejects(), sha, name, notes)
    return raw if points is None else with_points(raw, points, crs, {"geometry_not_points": drawn} if drawn else {})


def _arrow(content: bytes, name: str) -> Any:
    import pyarrow as pa
    import pyarrow.parquet

    if content[:6] == b"ARROW1":
        return pa.ipc.open_file(pa.BufferReader(content)).read_all()
    file = pyarrow.parquet.ParquetFile(io.BytesIO(content))
    check_columns(file.metadata.num_columns, name)
    if file.metadata.num_rows > MAX_ROWS:
        raise InputError(
            f"`path` must hold at most {MAX_ROWS:,} rows to be read into memory. Got {file.metadata.num_rows:,} in {name}. Leave it where it is: sara.open_events({name!r})"
        )
    return file.read()


def _loads(text: bytes | None) -> dict[str, Any]:
    try:
        found = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _frame(table: Any, geo: dict[str, Any]) -> tuple[pd.DataFrame, np.ndarray | None, Any, int]:
    """Return the plain columns, and one point a row with its system where a column is geometry."""
    import pyproj

    name = geo.get("primary_column")
    described = geo.get("columns", {}).get(name) if isinstance(geo.get("columns"), dict) else None
    others = [column for column in (geo.get("columns") or {}) if column in table.column_names]
    frame = table.drop_columns(others).to_pandas()
    if not isinstance(frame.index, pd.RangeIndex):
        named = [level for level in frame.index.names if level is not None]
        frame = frame.reset_index(drop=not named)
    frame = frame.reset_index(drop=True).rename(columns=str)
    if name not in table.column_names or not isinstance(described, dict):
        return frame, None, None, 0
    shapes = _shapes(table.column(name), str(described.get("encoding", "WKB")))
    said = described.get("crs", "OGC:CRS84")
    crs = None if said is None else pyproj.CRS.from_user_input(json.dumps(said) if isinstance(said, dict) else said)
    kinds = shapely.get_type_id(shapes)
    drawn = int(((kinds != 0) & (kinds != 4) & (kinds != -1)).sum())
    return frame, representative(shapes), crs, drawn


def _shapes(column: Any, encoding: str) -> np.ndarray:
    """Return shapes of well-known binary, or of coordinates in columns of their own."""
    if encoding.lower() == "point":
        import pyarrow.compute as pc

        x, y = (pc.struct_field(column, part).to_numpy().astype(float) for part in ("x", "y"))
        shapes = np.full(len(x), None, dtype=object)
        shapes[~np.isnan(x)] = shapely.points(x[~np.isnan(x)], y[~np.isnan(x)])
        return shapes
    if encoding.upper() != "WKB":
        raise ValueError(f"its geometry is written as {encoding!r}, not as points or well-known binary")
    return np.asarray(shapely.from_wkb(np.array(column.to_pylist(), dtype=object), on_invalid="ignore"), dtype=object)


def _event_frame(frame: pd.DataFrame, points: np.ndarray | None, crs: Any) -> gpd.GeoDataFrame:
    """Give the columns of an event table the types they have in memory: a file knows fewer."""
    out: dict[str, Any] = {}
    for name in frame.columns:
        column = frame[name]
        if name in ("t", "t_local"):
            out[name] = column.astype("Int64")
        elif name in ("month", "dow", "hour"):
            out[name] = column.astype("Int8")
        elif name in ("time", "time_to", *STAMPS):
            out[name] = pd.to_datetime(column).astype("datetime64[us]")
        elif name in ("x", "y"):
            out[name] = column.astype(float)
        elif name == "n_reports":
            out[name] = column.fillna(1).astype(np.int64)
        elif name in EVENT_COLUMNS:
            out[name] = column.astype(object).where(column.notna(), None).astype(TEXT_DTYPE)
        else:
            out[name] = _own(column)
    plain = pd.DataFrame(out, index=frame.index)
    if points is None:
        points = np.full(len(plain), None, dtype=object)
        x, y = plain["x"].to_numpy(), plain["y"].to_numpy()
        ok = np.isfinite(x) & np.isfinite(y)
        points[ok] = shapely.points(x[ok], y[ok])
    plain = plain.drop(columns="geometry", errors="ignore")
    plain.attrs = {}
    return gpd.GeoDataFrame(plain, geometry=gpd.array.from_shapely(points, crs=crs))


def _own(column: pd.Series) -> pd.Series:
    """Keep the type a published column was written with; labels are text again."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.astype(object).where(column.notna(), None).astype(TEXT_DTYPE)
    return column
