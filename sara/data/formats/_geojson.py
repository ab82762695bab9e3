"""GeoJSON: features to rows; each keeps its row whatever its geometry."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import shapely.geometry

from sara.core.errors import InputError
from sara.data.formats._raw import RawFile
from sara.data.formats._records import from_records, short

__all__ = ["is_geojson", "read_features", "representative", "with_points"]

_BARE = ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection")


def is_geojson(parsed: Any) -> bool:
    """Whether parsed JSON is a feature or a collection of them."""
    if not isinstance(parsed, Mapping):
        return False
    kind = parsed.get("type")
    return kind == "FeatureCollection" or (kind == "Feature" and ("geometry" in parsed or "properties" in parsed))


def read_features(parsed: Mapping[str, Any], name: str, sha: str | None, *, places: Sequence[int] | None = None) -> RawFile:
    """Read features; one without properties has its geometry alone, one without geometry no location."""
    features = parsed.get("features")
    if parsed.get("type") == "Feature":
        features = [parsed]
    if not isinstance(features, list):
        raise InputError(f"`path` must hold a list of features. Got GeoJSON without one: {name}. Download it again.")
    records = [_properties(feature) for feature in features]
    table = from_records(records, name, sha, places=places, notes={"format": "GeoJSON"})
    kept = set(table.lines.tolist())
    at = range(1, len(features) + 1) if places is None else places
    shapes = [feature.get("geometry") for number, feature in zip(at, features, strict=True) if number in kept]
    points, notes = _points(shapes)
    return with_points(table, points, _crs(parsed, points), notes)


def _properties(feature: Any) -> Any:
    """Return what a feature says, with its own id where it says none; what is no feature stays what it is, to be turned down."""
    if not isinstance(feature, Mapping) or (feature.get("type") != "Feature" and "properties" not in feature):
        return short(feature)
    properties = feature.get("properties")
    out = dict(properties) if isinstance(properties, Mapping) else {}
    if feature.get("id") is not None and "id" not in {str(key).lower() for key in out}:
        out = {"id": feature["id"], **out}
    return out if out or not feature.get("geometry") else {"geometry_only": "yes"}


def _points(shapes: Sequence[Any]) -> tuple[np.ndarray, dict[str, Any]]:
    """Return one point a feature, and how many were lines or areas, or could not be read."""
    out = np.full(len(shapes), None, dtype=object)
    plain: list[tuple[int, float, float]] = []
    other: list[tuple[int, Any]] = []
    broken = 0
    for position, shape in enumerate(shapes):
        if not isinstance(shape, Mapping):
            broken += shape is not None
            continue
        pair = shape.get("coordinates")
        if shape.get("type") == "Point" and isinstance(pair, list):
            try:
                plain.append((position, float(pair[0]), float(pair[1])))
            except (IndexError, TypeError, ValueError):
                broken += len(pair) > 0
        elif shape.get("type") in _BARE:
            other.append((position, shape))
        else:
            broken += bool(shape)
    if plain:
        where, x, y = map(np.asarray, zip(*plain, strict=True))
        out[where.astype(int)] = shapely.points(x.astype(float), y.astype(float))
    drawn = 0
    for position, shape in other:
        try:
            made = representative(np.array([shapely.geometry.shape(shape)], dtype=object))[0]
        except (shapely.errors.ShapelyError, TypeError, ValueError, AttributeError, KeyError, IndexError, RecursionError):
            broken += 1
            continue
        out[position] = made
        drawn += made is not None and shape["type"] != "MultiPoint"
    return out, {key: n for key, n in (("geometry_not_points", drawn), ("geometry_unreadable", broken)) if n}


def representative(shapes: np.ndarray) -> np.ndarray:
    """Return a point for each shape: itself, or one that lies on it; None where there is none."""
    kinds = shapely.get_type_id(shapes)
    out = shapes.copy()
    rest = (kinds != 0) & (kinds != -1)
    if rest.any():
        out[rest] = shapely.point_on_surface(shapes[rest])
    empty = shapely.is_missing(out) | shapely.is_empty(out)
    out[empty] = None
    return shapely.force_2d(out)


def with_points(table: RawFile, points: np.ndarray, crs: Any, notes: Mapping[str, Any]) -> RawFile:
    """Return the table with its points, or as it is where no row has one."""
    found = {**table.notes, **notes}
    if all(point is None for point in points):
        return RawFile(table.frame, table.lines, table.rejects, table.sha256, table.name, found, table.names)
    frame = table.frame.drop(columns="geometry_only", errors="ignore")
    column = next(
        name for name in ("geometry", "geometry_published", *(f"geometry_{n}" for n in range(2, 99))) if name not in frame
    )
    place = pd.Series(gpd.array.from_shapely(points, crs=crs), index=frame.index)
    shaped = gpd.GeoDataFrame(frame.assign(**{column: place}), geometry=column, crs=crs)
    return RawFile(shaped, table.lines, table.rejects, table.sha256, table.name, found, table.names)


def _crs(parsed: Mapping[str, Any], points: np.ndarray) -> Any:
    """Return what the file says, else degrees; None where the numbers are none."""
    said = parsed.get("crs")
    if isinstance(said, Mapping):
        named = str((said.get("properties") or {}).get("name", "")) if isinstance(said.get("properties"), Mapping) else ""
        code = re.search(r"EPSG:(?:[0-9.]*:)?([0-9]{4,6})$", named)
        if code:
            return int(code[1])
    there = points[[point is not None for point in points]]
    x, y = shapely.get_x(there), shapely.get_y(there)
    real = np.isfinite(x) & np.isfinite(y) & (np.abs(x) < 1e30)
    inside = (np.abs(x[real]) <= 180) & (np.abs(y[real]) <= 180)
    return 4326 if not real.any() or inside.mean() > 0.5 else None
