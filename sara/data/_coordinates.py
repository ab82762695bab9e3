"""Coordinates as published, to metres in the city's own UTM zone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyproj
import shapely

from sara.core.errors import InputError
from sara.data._text import is_blank, squeeze

__all__ = ["Located", "check_crs", "locate", "numbers", "split_points"]

# Shapefiles write "no value" as the most negative double; no place on Earth needs a number this large.
ESRI_NULL = 1e30
# Within one degree of 0, 0 there is only sea.
NULL_ISLAND = 1.0
# Degrees: within this of the other points, a pair turned round is no chance.
_SAME_REGION = 2.0
# An equal-area system in metres for a table in which no row has a location.
NOWHERE = "EPSG:6933"


@dataclass(frozen=True)
class Located:
    """Positions in metres.

    Parameters
    ----------
    x, y : ndarray of float64
        Metres; NaN where there is no usable coordinate.
    crs : pyproj.CRS
        The system of `x` and `y`.
    bad : dict of str to int
        Why rows that had something written got no location.
    """

    x: np.ndarray
    y: np.ndarray
    crs: pyproj.CRS
    bad: dict[str, int] = field(default_factory=dict)


def check_crs(crs: Any) -> pyproj.CRS:
    """Return `crs` as a coordinate reference system."""
    try:
        return pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError:
        raise InputError(
            f"`crs` must be a coordinate reference system. Got {crs!r}. Write crs=4326 (longitude and latitude) or crs=3435 (an EPSG number)."
        ) from None


def numbers(values: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return ``(numbers, is_text)``: decimal commas and thousands marks are read; other text is NaN and marked."""
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.to_numpy(dtype=float, na_value=np.nan), np.zeros(len(values), bool)
    out = np.array(pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan))
    left = np.isnan(out)
    if left.any():
        rest = values[left]
        blank = is_blank(rest).to_numpy()
        # 5.551.234,5 as in much of Europe: points between thousands, a comma before decimals.
        text = squeeze(rest)
        dotted = text.str.fullmatch(r"-?[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+").to_numpy(dtype=bool, na_value=False)
        text = text.where(~dotted, text.str.replace(".", "", regex=False).str.replace(",", ".", regex=False))
        text = text.str.replace(r"^(-?[0-9]{1,3}),([0-9]{3,})$", r"\1.\2", regex=True)
        text = text.str.replace(r"(?<=[0-9]),(?=[0-9]{3}(?:,|\.|$))", "", regex=True).str.replace(",", ".", regex=False)
        out[left] = pd.to_numeric(text, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        is_text = np.zeros(len(out), bool)
        is_text[left] = ~blank & np.isnan(out[left])
        return out, is_text
    return out, np.zeros(len(out), bool)


def split_points(values: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return ``(lon, lat)`` text from "(lat, lon)", "POINT (lon lat)", GeoJSON, or well-known binary in hex."""
    text = values.astype(object).astype(str)
    wkt = text.str.extract(r"(?i:POINT\s*Z?M?)\s*\(\s*(-?[0-9.eE+-]+)\s+(-?[0-9.eE+-]+)(?:\s+-?[0-9.eE+-]+)*\s*\)", expand=True)
    pair = text.str.extract(r"^[^\[{]*?\(?\s*(-?[0-9]+\.?[0-9]*)\s*,\s*(-?[0-9]+\.?[0-9]*)\s*\)?\s*$", expand=True)
    json = text.str.extract(r"coordinates[^\[]*\[\s*(-?[0-9.eE+-]+)\s*,\s*(-?[0-9.eE+-]+)\s*\]", expand=True)
    first, second = (pd.to_numeric(pair[place], errors="coerce").abs() for place in (0, 1))
    # "390642,5" and "13,40512" are numbers with a decimal comma: a pair is two degrees, or two of feet or metres.
    comma = text.str.fullmatch(r"\s*-?[0-9]{4,},[0-9]{1,5}\s*").to_numpy(dtype=bool, na_value=False)
    pair = pair.where(((first <= 180) == (second <= 180)) & ~comma)
    if bool((first > 80).mean() > 0.5):
        # "-122.3, 47.6": the longitude stands first; no city lies beyond 80 degrees of latitude.
        pair = pair.rename(columns={0: 1, 1: 0})
    if not (wkt[0].notna() | json[0].notna() | pair[0].notna()).any():
        # {'latitude': '41.9', 'longitude': '-87.6'}, as some portals' JSON has it.
        named = [text.str.extract(rf"{word}['\"]?\s*:\s*['\"]?(-?[0-9.]+)", expand=False) for word in ("longitude", "latitude")]
        json = pd.concat(named, axis=1, keys=[0, 1])
    lon, lat = (
        found.where(found.notna(), second.where(second.notna(), third))
        for found, second, third in ((wkt[0], json[0], pair[1]), (wkt[1], json[1], pair[0]))
    )
    binary = text.str.fullmatch(r"0[01](?:[0-9A-Fa-f]{2}){20,}").to_numpy(dtype=bool, na_value=False)
    if binary.any():
        points = shapely.centroid(shapely.from_wkb(text[binary].tolist(), on_invalid="ignore"))
        lon, lat = lon.astype(object), lat.astype(object)
        lon[binary], lat[binary] = shapely.get_x(points), shapely.get_y(points)
    return lon, lat


def locate(x: pd.Series, y: pd.Series, crs: Any, target: pyproj.CRS | None = None) -> Located:
    """Return positions in the UTM zone of the median valid coordinate, or in `target` where the rows are part of a table that has one.

    Strays far away keep their location but cannot choose the zone; what is no coordinate at all is missing, with the reason counted.
    """
    source = check_crs(crs)
    (east, text_x), (north, text_y) = numbers(x), numbers(y)
    nothing = np.isnan(east) & np.isnan(north) & ~text_x & ~text_y
    bad, reasons = _why_bad(east, north, text_x | text_y, nothing, geographic=source.is_geographic)
    ok = ~bad & ~nothing
    if (
        target is None
        and not ok.any()
        and (far := reasons.get("outside the range of longitude and latitude", 0)) > 0.5 * (~nothing).sum()
    ):
        first = np.flatnonzero(np.isfinite(east) & np.isfinite(north))[0]
        raise InputError(
            f"longitude and latitude must lie within 180 and 90 degrees. Got {east[first]:.10g}, {north[first]:.10g} and {far - 1:,} more of the kind. "
            "If these are feet or metres, name the columns as x and y and write crs=3435 with the EPSG number the publisher names"
        )
    lon, lat = _lon_lat(east[ok], north[ok], source)
    finite = np.isfinite(lon) & np.isfinite(lat)
    if not finite.any():
        return Located(np.full(len(east), np.nan), np.full(len(east), np.nan), target or pyproj.CRS(NOWHERE), reasons)
    target = target or _utm(float(np.median(lon[finite])), float(np.median(lat[finite])))
    out_x, out_y = np.full(len(east), np.nan), np.full(len(east), np.nan)
    if source == target:
        out_x[ok], out_y[ok] = east[ok], north[ok]
    else:
        moved = pyproj.Transformer.from_crs(source, target, always_xy=True).transform(east[ok], north[ok])
        projected = np.isfinite(moved[0]) & np.isfinite(moved[1])
        out_x[ok], out_y[ok] = np.where(projected, moved[0], np.nan), np.where(projected, moved[1], np.nan)
        if not projected.all():
            reasons["cannot be projected"] = int((~projected).sum())
    return Located(out_x, out_y, target, reasons)


def _why_bad(
    east: np.ndarray, north: np.ndarray, text: np.ndarray, nothing: np.ndarray, *, geographic: bool
) -> tuple[np.ndarray, dict[str, int]]:
    with np.errstate(invalid="ignore"):
        checks = [
            ("not a number", text),
            ("one of the two is missing", np.isnan(east) ^ np.isnan(north)),
            ("shapefile null", (np.abs(east) > ESRI_NULL) | (np.abs(north) > ESRI_NULL)),
            ("zero", (east == 0) | (north == 0) | (geographic & (np.abs(east) <= NULL_ISLAND) & (np.abs(north) <= NULL_ISLAND))),
        ]
        if geographic:
            checks.append(("longitude and latitude swapped", _turned(east, north)))
            checks.append(("outside the range of longitude and latitude", (np.abs(east) > 180) | (np.abs(north) > 90)))
    bad = np.zeros(len(east), bool)
    reasons: dict[str, int] = {}
    for reason, mask in checks:
        new = mask & ~bad & ~nothing
        if new.any():
            reasons[reason] = int(new.sum())
        bad |= new
    return bad, reasons


def _turned(east: np.ndarray, north: np.ndarray) -> np.ndarray:
    """Mark pairs that are out of range as written and lie beside the other points the other way round."""
    valid = (np.abs(east) <= 180) & (np.abs(north) <= 90) & (np.abs(east) > NULL_ISLAND)
    if not valid.any():
        return np.zeros(len(east), bool)
    lon, lat = np.median(east[valid]), np.median(north[valid])
    return (np.abs(north) > 90) & (np.abs(north - lon) < _SAME_REGION) & (np.abs(east - lat) < _SAME_REGION)


def _lon_lat(east: np.ndarray, north: np.ndarray, source: pyproj.CRS) -> tuple[np.ndarray, np.ndarray]:
    if source.is_geographic:
        return east, north
    lon, lat = pyproj.Transformer.from_crs(source, 4326, always_xy=True).transform(east, north)
    return np.asarray(lon), np.asarray(lat)


def _utm(lon: float, lat: float) -> pyproj.CRS:
    zone = int(np.clip((lon + 180) // 6 + 1, 1, 60))
    return pyproj.CRS.from_epsg((32600 if lat >= 0 else 32700) + zone)
