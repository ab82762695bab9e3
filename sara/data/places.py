"""Named areas: read them from any file, and say which one each event lies in."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from sara.core.checks import check_areas, check_columns
from sara.core.errors import InputError, SaraWarning

__all__ = ["read_areas", "within"]

# A boundary file of a whole state is below this; more is a mistake or an attack.
MAX_BYTES = 1_000_000_000
# Names of the column that names an area, in order of trust: what publishers of boundary files write.
NAME_COLUMNS = (
    "name", "area", "areaname", "neighborhood", "neighbourhood", "neighborho", "nhood", "nbhdname", "hood", "prineigh", "shood", "community",
    "communityarea", "district", "districtname", "precinct", "precinctname", "beat", "zone", "sector", "ward", "wardname", "tract", "censustract",
    "blockgroup", "label", "mapname", "title", "namelsad", "geoid", "lhood", "secneigh",
)  # fmt: skip


def read_areas(path: str | Path | gpd.GeoDataFrame, *, name: str | None = None) -> gpd.GeoDataFrame:
    """Read named areas (neighborhoods, beats, districts) from a boundary file.

    Parameters
    ----------
    path : str, Path or GeoDataFrame
        A local GeoJSON, GeoPackage, shapefile (also zipped), FlatGeobuf or GeoParquet file, or a table already read.
    name : str, optional
        The column that names the areas. Recognised if not given: a usual name (``name``, ``nhood``, ``PRI_NEIGH``, ``S_HOOD``, ``district`` ...)
        whose values differ from row to row, else the first text column whose values all differ.

    Returns
    -------
    GeoDataFrame
        ``name`` (text, unique, never missing), the published columns, and ``geometry``: valid, two-dimensional polygons, one row per name, in
        the order of the file. In the file's own projected coordinate system, or in longitude and latitude (EPSG:4326) if the file has any
        geographic one. ``attrs["sara"]`` records the name column, the rows read and what was repaired.

    Raises
    ------
    InputError
        If the file is missing, holds no polygons, or does not say its coordinate system.

    Notes
    -----
    Rows that share a name are joined into one area, rows without a name are called ``unnamed 1`` ..., and rows without an outline are left out;
    each is said in a warning. Outlines that cross themselves are repaired with ``make_valid`` and counted in the record.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely.geometry import box
    >>> from sara.data.places import read_areas
    >>> table = gpd.GeoDataFrame({"NHOOD": ["Old Town", "Harbor"]}, geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1)], crs=4326)
    >>> list(read_areas(table)["name"])
    ['Old Town', 'Harbor']
    """
    frame = path.copy() if isinstance(path, gpd.GeoDataFrame) else _read(Path(path))
    source = "a table" if isinstance(path, gpd.GeoDataFrame) else Path(path).name
    frame = _with_crs(frame, source).reset_index(drop=True)
    column = _name_column(frame, name)
    n_read = len(frame)
    frame, n_repaired = _polygons(frame, source)
    frame = _named(frame, column)
    n_left, n_rows = n_read - len(frame), len(frame)
    frame = _one_row_per_name(frame)
    if n_left:
        warnings.warn(f"{n_left} of {n_read} rows of {source} have no outline. They are left out.", SaraWarning, stacklevel=2)
    if n_rows > len(frame):
        warnings.warn(
            f"{n_rows - len(frame)} of {n_rows} areas of {source} share a name with another. They are joined: one row per name.",
            SaraWarning,
            stacklevel=2,
        )
    frame.attrs["sara"] = {
        "file": source, "name_column": column, "rows_read": n_read, "rows_without_outline": n_left, "rows_joined": n_rows - len(frame), "rows_repaired": n_repaired,
    }  # fmt: skip
    return frame


def within(events: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, *, name: str = "name") -> pd.Series:
    """Say which area each event lies in.

    Parameters
    ----------
    events : GeoDataFrame
        Points, in any coordinate system; an event table or any other table of points.
    areas : GeoDataFrame
        Polygons, from `read_areas`.
    name : str
        The column of `areas` whose value is returned.

    Returns
    -------
    Series
        Named ``area``, on the index of `events`: the area's name, missing outside all areas and where the event has no location.

    Notes
    -----
    Every event is in at most one area, so that the counts of all areas add up to the events inside. A point on an edge, or where areas overlap,
    belongs to the first of them in the order of `areas`.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely.geometry import box
    >>> from sara.data.places import within
    >>> areas = gpd.GeoDataFrame({"name": ["West", "East"]}, geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1)], crs=32616)
    >>> points = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0.5, 1.0, 1.5], [0.5, 0.5, 0.5]), crs=32616)
    >>> list(within(points, areas))
    ['West', 'West', 'East']
    """
    if not isinstance(events, gpd.GeoDataFrame):
        raise InputError(
            f"`events` must be an event table. Got a {type(events).__name__}. Write: events = sara.read_calls('calls.csv')"
        )
    if events.crs is None:
        raise InputError(
            "`events` must have a coordinate reference system. Got crs=None. If x and y are longitude and latitude: events = events.set_crs(4326)"
        )
    areas = check_areas(areas, crs=events.crs)
    check_columns(areas, [name], argument="name", table="areas")
    x, y = _coordinates(events)
    which = area_numbers(x, y, areas.geometry.to_numpy())
    return pd.Series(_take(areas[name], which).array, index=events.index, name="area")


def area_numbers(x: np.ndarray, y: np.ndarray, polygons: np.ndarray) -> np.ndarray:
    """Return the position of the first polygon that covers each point; -1 outside all and for points that are not finite."""
    which = np.full(len(x), -1, dtype=np.int64)
    rows = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    # One sort of the points lets every polygon look only at those in its own strip of x: no point objects are built.
    rows = rows[np.argsort(x[rows], kind="stable")]
    sorted_x, sorted_y = x[rows], y[rows]
    shapely.prepare(polygons)
    bounds = shapely.bounds(polygons)
    for number, (x0, y0, x1, y1) in enumerate(bounds):
        if not np.isfinite(x0):
            continue
        strip = slice(np.searchsorted(sorted_x, x0, side="left"), np.searchsorted(sorted_x, x1, side="right"))
        near = rows[strip][(sorted_y[strip] >= y0) & (sorted_y[strip] <= y1)]
        near = near[which[near] < 0]
        which[near[shapely.intersects_xy(polygons[number], x[near], y[near])]] = number
    return which


def _coordinates(events: gpd.GeoDataFrame) -> tuple[np.ndarray, np.ndarray]:
    points = events.geometry.to_numpy()
    kinds = shapely.get_type_id(points)
    if not np.isin(kinds, (-1, 0)).all():
        wrong = np.flatnonzero(~np.isin(kinds, (-1, 0)))[0]
        row, kind = events.index[wrong], points[wrong].geom_type
        raise InputError(
            f"`events` must be points. Got {kind} in row {row}. Write: events = events.set_geometry(events.centroid)"
        )
    there = ~shapely.is_missing(points) & ~shapely.is_empty(points)
    x, y = np.full(len(points), np.nan), np.full(len(points), np.nan)
    x[there], y[there] = shapely.get_x(points[there]), shapely.get_y(points[there])
    return x, y


def _take(names: pd.Series, which: np.ndarray) -> pd.Series:
    if pd.api.types.is_integer_dtype(names.dtype):
        names = names.astype("Int64")
    return names.reset_index(drop=True).reindex(np.where(which >= 0, which, len(names)))


def _read(path: Path) -> gpd.GeoDataFrame:
    if not path.exists():
        raise InputError(f"`path` must be a boundary file that is there. Got {str(path)!r}. Look in: {path.parent}")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise InputError(
            f"`path` must be a file of at most {MAX_BYTES / 1e9:.0f} GB. Got {size / 1e9:.1f} GB. Cut it to the study area first."
        )
    try:
        if path.suffix.lower() in (".parquet", ".geoparquet"):
            return gpd.read_parquet(path)
        frame = gpd.read_file(path)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"`path` must be a GeoJSON, GeoPackage, shapefile (also zipped), FlatGeobuf or GeoParquet file. Got {path.name!r}, which does not open: {reason}. "
            "Export it again from the mapping program as GeoJSON."
        ) from error
    if not isinstance(frame, gpd.GeoDataFrame):
        raise InputError(
            f"`path` must be a file with outlines. Got {path.name!r}, a table without geometry. Export the layer as GeoJSON."
        )
    return frame


def _with_crs(frame: gpd.GeoDataFrame, source: str) -> gpd.GeoDataFrame:
    if len(frame) == 0:
        raise InputError(
            f"`path` must hold at least one area. Got {source} with no rows. Has an earlier filter removed them all?"
        )
    if frame.crs is None:
        raise InputError(
            f"`path` must say its coordinate system (a shapefile's .prj). Got {source} without one. If its numbers are longitude and latitude: "
            "areas = sara.read_areas(geopandas.read_file(path).set_crs(4326))"
        )
    if frame.crs.is_geographic:
        frame = frame.to_crs(4326)
        bounds = frame.total_bounds
        if np.isfinite(bounds).all() and (np.abs(bounds[[0, 2]]).max() > 360 or np.abs(bounds[[1, 3]]).max() > 90):
            raise InputError(
                f"`path` must hold the coordinates it says it holds. Got {source}, said to be longitude and latitude, with numbers up to {np.abs(bounds).max():,.0f}. "
                "Its coordinate system is another one: areas = sara.read_areas(geopandas.read_file(path).set_crs(..., allow_override=True))"
            )
    return frame


def _name_column(frame: gpd.GeoDataFrame, name: str | None) -> str | None:
    """Return the column that names the areas, or None where nothing does."""
    columns = [column for column in frame.columns if column != frame.geometry.name]
    if name is not None:
        check_columns(frame[columns], [name], argument="name", table=f"areas ({len(frame)} rows)")
        return name
    if not columns:
        return None
    share = {column: _distinct(frame[column]) for column in columns}
    words = {column: "".join(c for c in str(column).lower() if c.isalpha()) for column in columns}
    known = [column for word in NAME_COLUMNS for column in columns if words[column] == word and share[column] > 0]
    text = [
        column
        for column in columns
        if not pd.api.types.is_numeric_dtype(frame[column]) and not pd.api.types.is_datetime64_any_dtype(frame[column])
    ]
    whole = [column for column in columns if pd.api.types.is_integer_dtype(frame[column])]
    for options in (known, text, whole):
        unique = [column for column in options if share[column] == 1]
        if unique:
            return str(unique[0])
    # No column tells all rows apart: the usual name with the most different values, rows that share one are joined.
    return str(max(known, key=lambda column: share[column])) if known else None


def _distinct(column: pd.Series) -> float:
    """Return different values per row: 1 where all differ and none is missing."""
    return float(column.astype(str).where(column.notna()).nunique() / len(column)) if len(column) else 0.0


def _polygons(frame: gpd.GeoDataFrame, source: str) -> tuple[gpd.GeoDataFrame, int]:
    """Return two-dimensional valid polygons, and how many rows were repaired; rows without any are left out."""
    shapes = shapely.force_2d(frame.geometry.to_numpy())
    broken = ~shapely.is_valid(shapes) & ~shapely.is_missing(shapes)
    shapes[broken] = shapely.make_valid(shapes[broken])
    shapes = np.array([_only_polygons(shape) for shape in shapes], dtype=object)
    keep = np.array([shape is not None for shape in shapes])
    if not keep.any():
        kinds = ", ".join(sorted(set(frame.geometry.geom_type.dropna()))) or "no outlines"
        raise InputError(
            f"`path` must hold polygons. Got {source} with {kinds}. For points with a radius: sara.read_areas(points.set_geometry(points.buffer(200)))"
        )
    out = frame[keep].copy()
    out = out.set_geometry(gpd.GeoSeries(shapes[keep], index=out.index, crs=frame.crs))
    return out, int((broken & keep).sum())


def _only_polygons(shape: Any) -> Any:
    if shape is None or shape.is_empty:
        return None
    if shape.geom_type in ("Polygon", "MultiPolygon"):
        return shape
    parts = [part for part in getattr(shape, "geoms", ()) if part.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(parts) if parts else None


def _named(frame: gpd.GeoDataFrame, column: str | None) -> gpd.GeoDataFrame:
    if column is None:
        names = np.array([f"area {i + 1}" for i in range(len(frame))], dtype=object)
    else:
        values = frame[column]
        if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
            values = values.astype("Int64")
        text = (
            values.astype(object)
            .where(values.notna(), None)
            .map(lambda v: None if v is None else " ".join(str(v).split()) or None)
        )
        missing = text.isna().to_numpy()
        names = text.to_numpy(dtype=object, copy=True)
        names[missing] = [f"unnamed {i + 1}" for i in range(missing.sum())]
        if missing.any():
            warnings.warn(
                f"{missing.sum()} areas have no {column!r}. They are called unnamed 1 and so on.", SaraWarning, stacklevel=3
            )
    geometry = frame.geometry.name
    rest = frame.drop(columns=[geometry, *(["name"] if "name" in frame.columns else [])])
    out = gpd.GeoDataFrame(rest, geometry=frame.geometry.to_numpy(), crs=frame.crs)
    out.insert(0, "name", pd.Series(names, index=out.index).astype("str" if pd.__version__ >= "3" else object))
    return out.reset_index(drop=True)


def _one_row_per_name(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    if frame["name"].is_unique:
        return frame
    shapes = frame.geometry.groupby(frame["name"], sort=False).agg(lambda shapes: shapely.union_all(shapes.to_numpy()))
    out = frame.drop_duplicates("name").reset_index(drop=True)
    return out.set_geometry(gpd.GeoSeries(shapes.reindex(out["name"]).to_numpy(), crs=frame.crs))
