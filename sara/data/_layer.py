"""Any layer a county publishes (points, lines, parcels) as one table of text columns and its shapes; columns found by name."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from sara.core.errors import InputError
from sara.data._rejects import REJECT_COLUMNS
from sara.data._text import is_blank, squeeze
from sara.data.formats import read_file

__all__ = ["Layer", "column_named", "open_layer", "plain", "texts"]

# A county's parcels are below this; more is a mistake or an attack.
MAX_BYTES = 2_000_000_000
_TABLES = (".csv", ".txt", ".tsv", ".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
_LON = ("lon", "long", "longitude", "lng", "xcoordlon", "pointx", "lonwgs84")
_LAT = ("lat", "latitude", "ycoordlat", "pointy", "latwgs84")
_X = ("x", "xcoord", "xcoordinate", "easting", "pointx", "xcoord1", "statexcoord", "xftsp")
_Y = ("y", "ycoord", "ycoordinate", "northing", "pointy", "ycoord1", "stateycoord", "yftsp")


@dataclass(frozen=True)
class Layer:
    """A table and, row by row, its shapes.

    Parameters
    ----------
    frame : DataFrame
        The published columns, without the geometry.
    shapes : ndarray of geometry
        One per row; None where there is none.
    crs : CRS or None
        Of the shapes.
    name : str
        What to call it in a message: the file's name.
    lines : ndarray
        Where each row stands in the file; the row's label for a table.
    rejects : DataFrame
        Lines that could not be read.
    """

    frame: pd.DataFrame
    shapes: np.ndarray
    crs: Any
    name: str
    lines: np.ndarray
    rejects: pd.DataFrame


def plain(name: Any) -> str:
    """Return a column's name without case, blanks and signs: ``ST_NAME`` and ``St Name`` are one, and ``License #`` is a number."""
    return re.sub(r"[^a-z0-9]", "", str(name).lower().replace("#", "number"))


def column_named(frame: pd.DataFrame, names: Iterable[str]) -> str | None:
    """Return the first column that bears one of `names`, in the order of `names`, and is not empty."""
    have: dict[str, str] = {}
    for column in frame.columns:
        have.setdefault(plain(column), column)
    return next((have[name] for name in names if name in have and frame[have[name]].notna().any()), None)


def texts(frame: pd.DataFrame, column: str | None) -> np.ndarray:
    """Return a column as upper-case text without outer blanks; missing where blank. 12.0 is 12."""
    if column is None:
        return np.full(len(frame), None, dtype=object)
    values = frame[column]
    codes, unique = pd.factorize(values, use_na_sentinel=True)
    words = pd.Series(np.asarray(unique, dtype=object), dtype=object)
    if pd.api.types.is_numeric_dtype(values.dtype):
        words = words.map(lambda v: str(int(v)) if float(v).is_integer() else str(v))
    upper = squeeze(words).str.upper()
    tidy = upper.to_numpy(dtype=object, copy=True)
    tidy[is_blank(upper).to_numpy(dtype=bool)] = None
    out: np.ndarray = np.append(tidy, np.array([None], dtype=object))[codes]
    return out


def open_layer(path: Any, *, argument: str, crs: Any = None) -> Layer:
    """Open a file or a table; its shapes from the geometry, else from longitude and latitude, else from x and y with `crs`."""
    frame, lines, rejects, name = _table(path, argument)
    if len(frame) == 0:
        raise InputError(
            f"`{argument}` must hold at least one row. Got {name} with none. Has an earlier filter removed them all?"
        )
    frame = frame.reset_index(drop=True)
    if isinstance(frame, gpd.GeoDataFrame) and frame._geometry_column_name in frame.columns:
        found = frame.crs if crs is None else crs
        shapes = shapely.force_2d(frame.geometry.to_numpy())
        rest = pd.DataFrame(frame.drop(columns=[frame.geometry.name]))
        if found is None:
            raise InputError(
                f"`{argument}` must say its coordinate system (a shapefile's .prj). Got {name} without one. Write crs=... or set_crs(4326) if its numbers are "
                "longitude and latitude."
            )
        return Layer(rest, shapes, found, name, lines, rejects)
    table = pd.DataFrame(frame)
    for names, system in (((_LON, _LAT), 4326), ((_X, _Y), crs)):
        east, north = (column_named(table, options) for options in names)
        if east is None or north is None:
            continue
        x, y = (_decimals(table[column]) for column in (east, north))
        there = np.isfinite(x) & np.isfinite(y) & ~((x == 0) & (y == 0))
        if system is None and not (np.abs(x[there]).max(initial=0) <= 180 and np.abs(y[there]).max(initial=0) <= 90):
            raise InputError(
                f"`crs` must be given: {name} has {east} and {north} in some system's own units. Got numbers like {x[there][0]:,.0f}, {y[there][0]:,.0f}. "
                "Write crs=... with the EPSG number the publisher names."
            )
        shapes = np.full(len(table), None, dtype=object)
        shapes[there] = shapely.points(x[there], y[there])
        return Layer(table, shapes, 4326 if system is None else system, name, lines, rejects)
    return Layer(table, np.full(len(table), None, dtype=object), None, name, lines, rejects)


def _decimals(values: pd.Series) -> np.ndarray:
    """Return numbers; where text has a comma for the decimal sign, that is read too."""
    if not pd.api.types.is_numeric_dtype(values.dtype):
        words = values.astype(object).where(values.notna(), "").astype(str)
        values = words.str.replace(r"^(\s*-?\d+),(\d+\s*)$", r"\1.\2", regex=True)
    out: np.ndarray = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
    return out


def _table(path: Any, argument: str) -> tuple[pd.DataFrame, np.ndarray, pd.DataFrame, str]:
    """Return a table, the line each row stands on, the lines that could not be read, and what to call the file."""
    nothing = pd.DataFrame(columns=REJECT_COLUMNS)
    if isinstance(path, pd.DataFrame):
        return path, path.index.to_numpy(dtype=object), nothing, "a table"
    if not isinstance(path, (str, Path)):
        raise InputError(
            f"`{argument}` must be a file or a table. Got a {type(path).__name__}. Write {argument}='county.gpkg' or a GeoDataFrame."
        )
    file = Path(path)
    if not file.exists():
        raise InputError(f"`{argument}` must be a file that is there. Got {str(path)!r}. Look in: {file.parent}")
    if file.is_file() and file.stat().st_size > MAX_BYTES:
        raise InputError(
            f"`{argument}` must be a file of at most {MAX_BYTES / 1e9:.0f} GB. Got {file.stat().st_size / 1e9:.1f} GB. Cut it to the study area first."
        )
    if file.name.lower().removesuffix(".gz").endswith(_TABLES):
        raw = read_file(file)
        return pd.DataFrame(raw.frame), np.asarray(raw.lines, dtype=object), raw.rejects, file.name
    try:
        frame = _shapes(file)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"`{argument}` must be a CSV, Excel, GeoJSON, GeoPackage, shapefile (also zipped) or Parquet file. Got {file.name!r}, which does not open: {reason}. "
            "Export it again as GeoJSON or CSV."
        ) from error
    return frame, np.arange(1, len(frame) + 1).astype(object), nothing, file.name


def _shapes(file: Path) -> pd.DataFrame:
    name = file.name.lower()
    if name.endswith((".parquet", ".geoparquet")):
        try:
            return gpd.read_parquet(file)
        except ValueError:
            return pd.read_parquet(file)
    if name.endswith(".gz"):
        with gzip.open(file, "rb") as stream:
            content = stream.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ValueError("it unpacks to more than 2 GB")
        return gpd.read_file(io.BytesIO(content))
    return gpd.read_file(file)
