"""The JSON that ArcGIS services answer a query with: one page, or several in a list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import shapely

from sara.core.errors import InputError
from sara.data.formats._geojson import representative, with_points
from sara.data.formats._raw import RawFile
from sara.data.formats._records import from_records, short

__all__ = ["is_esri", "read_esri"]

# Web Mercator's old numbers, which no table of systems lists.
_WKIDS = {102100: 3857, 102113: 3857, 900913: 3857}
# A column called so says nothing; its alias may.
_NAMELESS = re.compile(r"(?:f|field|col|column|attr|expr)_?[0-9]+", re.IGNORECASE)


def is_esri(parsed: Any) -> bool:
    """Whether parsed JSON is the answer of an ArcGIS layer, or the description of one."""
    if not isinstance(parsed, Mapping) or parsed.get("type") == "FeatureCollection":
        return False
    features = parsed.get("features")
    if isinstance(features, list):
        return (
            "fields" in parsed
            or "spatialReference" in parsed
            or any(isinstance(f, Mapping) and "attributes" in f for f in features[:20])
        )
    return "objectIds" in parsed or ("fields" in parsed and "currentVersion" in parsed)


def read_esri(parsed: Any, name: str, sha: str | None) -> RawFile:
    """Read the pages of a query; coded values are read as what they stand for, and times stay the numbers they are."""
    pages = parsed if isinstance(parsed, list) else [parsed]
    if not any(isinstance(page.get("features"), list) for page in pages):
        what = "only the numbers of its rows" if "objectIds" in pages[0] else "the description of a layer"
        raise InputError(
            f"`path` must hold features. Got {what}: {name}. Ask the layer for a query with where=1=1&outFields=*&f=json"
        )
    features = [feature for page in pages for feature in page.get("features") or []]
    described: list[Any] = next((page["fields"] for page in pages if isinstance(page.get("fields"), list)), [])
    fields = [field for field in described if isinstance(field, Mapping) and isinstance(field.get("name"), str)]
    names = {field["name"]: _name(field) for field in fields}
    records = [_attributes(feature, names) for feature in features]
    table = from_records(records, name, sha, notes={"format": "Esri JSON", **_more(pages[-1]), **_notes(fields, names)})
    frame = _decoded(table.frame.reindex(columns=list(dict.fromkeys([*names.values(), *table.frame.columns]))), fields, names)
    table = RawFile(frame, table.lines, table.rejects, sha, name, table.notes)
    shapes = [features[number - 1].get("geometry") for number in table.lines]
    points, notes = _points(shapes)
    reference = next((page["spatialReference"] for page in pages if isinstance(page.get("spatialReference"), Mapping)), None)
    if reference is None:
        reference = next(
            (s["spatialReference"] for s in shapes if isinstance(s, Mapping) and isinstance(s.get("spatialReference"), Mapping)),
            {},
        )
    return with_points(table, points, _crs(reference, points), notes)


def _name(field: Mapping[str, Any]) -> str:
    alias = field.get("alias")
    return alias.strip() if isinstance(alias, str) and alias.strip() and _NAMELESS.fullmatch(field["name"]) else field["name"]


def _attributes(feature: Any, names: Mapping[str, str]) -> Any:
    if not isinstance(feature, Mapping) or not isinstance(feature.get("attributes"), Mapping):
        return short(feature)
    return {names.get(key, key): value for key, value in feature["attributes"].items()}


def _more(page: Mapping[str, Any]) -> dict[str, Any]:
    """Return whether the service says that more rows follow this page: of a set of pages only the last one may not."""
    told = page.get("exceededTransferLimit") or (page.get("properties") or {}).get("exceededTransferLimit")
    return {"more_rows": True} if told else {}


def _notes(fields: list[Mapping[str, Any]], names: Mapping[str, str]) -> dict[str, Any]:
    """Return the columns a service declares to be times (milliseconds since 1970) and those called otherwise."""
    dates = [names[field["name"]] for field in fields if field.get("type") == "esriFieldTypeDate"]
    renamed = {new: old for old, new in names.items() if new != old}
    return {key: value for key, value in (("epoch_columns", dates), ("renamed_columns", renamed)) if value}


def _decoded(frame: pd.DataFrame, fields: list[Mapping[str, Any]], names: Mapping[str, str]) -> pd.DataFrame:
    """Write what a coded value stands for in its place; the code stays beside it."""
    for field in fields:
        domain, column = field.get("domain"), names[field["name"]]
        coded = domain.get("codedValues") if isinstance(domain, Mapping) else None
        if not isinstance(coded, list) or column not in frame:
            continue
        words = {str(entry.get("code")): entry.get("name") for entry in coded if isinstance(entry, Mapping)}
        codes = frame[column]
        said = [words.get(_code(value), value) for value in codes.astype(object)]
        if all(a is b or a == b for a, b in zip(said, codes.astype(object), strict=True) if a is not None and a == a):
            continue
        frame = frame.assign(**{column: pd.Series(said, index=frame.index, dtype=object), f"{column}_code": codes})
        text = frame[column].map(lambda value: None if value is None or value is pd.NA or value != value else str(value))
        frame[column] = text
    return frame


def _code(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _points(shapes: list[Any]) -> tuple[np.ndarray, dict[str, Any]]:
    out = np.full(len(shapes), None, dtype=object)
    drawn = broken = 0
    for position, shape in enumerate(shapes):
        if not isinstance(shape, Mapping) or not shape:
            continue
        try:
            made = _shape(shape)
        except (shapely.errors.ShapelyError, TypeError, ValueError, IndexError, AttributeError):
            broken += 1
            continue
        drawn += made is not None and made.geom_type not in ("Point", "MultiPoint")
        out[position] = made
    return representative(out), {key: n for key, n in (("geometry_not_points", drawn), ("geometry_unreadable", broken)) if n}


def _shape(shape: Mapping[str, Any]) -> Any:
    """Return an Esri geometry; a missing point is written as null or "NaN"."""
    if "x" in shape:
        x, y = (float("nan") if shape.get(key) in (None, "NaN") else float(shape[key]) for key in ("x", "y"))
        return shapely.Point(x, y) if np.isfinite(x) and np.isfinite(y) else None
    if shape.get("points"):
        return shapely.MultiPoint([point[:2] for point in shape["points"]])
    if shape.get("paths"):
        return shapely.MultiLineString([[point[:2] for point in path] for path in shape["paths"]])
    if shape.get("rings"):
        # The first ring is an outer one; holes matter little for a point that stands for the whole.
        return shapely.make_valid(shapely.Polygon([point[:2] for point in shape["rings"][0]]))
    return None


def _crs(reference: Mapping[str, Any], points: np.ndarray) -> Any:
    """Return the system a service names; the newer number first, Esri's own where there is no other."""
    import pyproj

    for key in ("latestWkid", "wkid"):
        number = reference.get(key)
        if isinstance(number, int) and not isinstance(number, bool):
            number = _WKIDS.get(number, number)
            for authority in ("EPSG", "ESRI"):
                try:
                    return pyproj.CRS.from_authority(authority, number)
                except pyproj.exceptions.CRSError:
                    continue
    if isinstance(reference.get("wkt"), str):
        try:
            return pyproj.CRS.from_wkt(reference["wkt"])
        except pyproj.exceptions.CRSError:
            return None
    there = points[[point is not None for point in points]]
    inside = (np.abs(shapely.get_x(there)) <= 180) & (np.abs(shapely.get_y(there)) <= 90)
    return 4326 if len(there) and inside.all() else None
