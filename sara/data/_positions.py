"""Where a published table's rows lie: which columns say so, and in which system."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyproj
import shapely

from sara.core.errors import InputError, SaraWarning
from sara.data._coordinates import Located, locate, numbers, split_points
from sara.data.recognition.crs_guess import candidates

__all__ = ["crs_words", "decimals", "positions", "settled_crs", "swapped"]

# Systems shown in an error: more would not be read.
_MOST_SHOWN = 6


def settled_crs(frame: pd.DataFrame, fields: Mapping[str, list[str]], crs: Any, tz: str | None) -> tuple[Any, str | None]:
    """Return the system of x and y, and how it was found if nobody named it.

    Degrees are known by their range. Otherwise the system is the only one under which the points land where the table's states, ZIP codes or
    time zone say; where several do, or nothing says, it is asked for.
    """
    if crs is not None or "x" not in fields or "y" not in fields or {"lon", "lat"} <= set(fields):
        return crs, None
    x, y = (numbers(frame[fields[name][0]])[0] for name in ("x", "y"))
    ok = np.isfinite(x) & np.isfinite(y) & (x != 0) & (y != 0) & (np.abs(x) < 1e30) & (np.abs(y) < 1e30)
    if not ok.any() or (np.mean(np.abs(x[ok]) <= 180) > 0.9 and np.mean(np.abs(y[ok]) <= 90) > 0.9):
        return None, None
    found, said = candidates(x[ok], y[ok], frame, tz)
    names = f"{fields['x'][0]!r} and {fields['y'][0]!r}"
    alone = len(found) == 1 and (said or found[0].code == 3857)
    if alone:
        best = found[0]
        warnings.warn(
            f"{names} were read as {best.name} (EPSG:{best.code}): of the systems in use only this one fits{f' the numbers and {said}' if said else ' the numbers'}. "
            f"The first point lies at {best.lat:.4f}, {best.lon:.4f}. If that is wrong, write crs= with the publisher's EPSG number.",
            SaraWarning,
            stacklevel=6,
        )
        return best.code, f"EPSG:{best.code}, guessed from the numbers{f' and {said}' if said else ' alone'}"
    shown = "; ".join(one.words for one in found[:_MOST_SHOWN])
    more = f"; and {len(found) - _MOST_SHOWN} more" if len(found) > _MOST_SHOWN else ""
    where = f" The first point would be at (latitude, longitude): {shown}{more}." if found else ""
    raise InputError(
        f"`crs` must be given: {names} are not longitude and latitude. Got {x[ok][0]:.10g}, {y[ok][0]:.10g}.{where} "
        f"Write crs={found[0].code if found else 3435} with the number that puts it in your city, or columns={{'x': None, 'y': None}} to go without."
    )


def positions(
    frame: pd.DataFrame, fields: Mapping[str, list[str]], crs: Any, keep: np.ndarray, target: pyproj.CRS | None = None
) -> Located:
    """Return positions from longitude and latitude, a point column, x and y, or the table's own geometry."""
    east, north, system = _pair(frame, fields, crs)
    if east is None or north is None:
        nothing = np.full(len(frame), np.nan)
        return Located(nothing, nothing.copy(), target or pyproj.CRS("EPSG:6933"))
    found = locate(east, north, system, target)
    if keep.all():
        return found
    # Rows turned down for their time are not counted as rows without a location.
    return Located(found.x, found.y, found.crs, locate(east[keep], north[keep], system, target).bad)


def _pair(frame: pd.DataFrame, fields: Mapping[str, list[str]], crs: Any) -> tuple[pd.Series | None, pd.Series | None, Any]:
    if "lon" in fields and "lat" in fields:
        lon, lat = frame[fields["lon"][0]], frame[fields["lat"][0]]
        if not swapped(lon, lat):
            return lon, lat, 4326
        warnings.warn(
            f"{fields['lon'][0]!r} holds latitudes and {fields['lat'][0]!r} longitudes: each was read as what it holds. "
            f"Write columns={{'lon': {fields['lat'][0]!r}, 'lat': {fields['lon'][0]!r}}} to say so yourself.",
            SaraWarning,
            stacklevel=7,
        )
        return lat, lon, 4326
    if "x" in fields and "y" in fields:
        x, y = frame[fields["x"][0]], frame[fields["y"][0]]
        return x, y, crs if crs is not None else 4326
    if "point" in fields:
        lon, lat = split_points(frame[fields["point"][0]])
        return lon, lat, crs if crs is not None else 4326
    geometry = getattr(frame, "_geometry_column_name", None)
    if geometry is not None and geometry in frame.columns:
        return _geometry_pair(frame, geometry, crs)
    return None, None, None


def swapped(lon: pd.Series, lat: pd.Series) -> bool:
    """Whether two columns bear each other's name: no city lies beyond 80 degrees of latitude, and half of one does not by accident."""
    # A few thousand rows of the whole length tell as well as all.
    step = max(1, len(lon) // 5000)
    east, north = numbers(lon.iloc[::step])[0], numbers(lat.iloc[::step])[0]
    ok = np.isfinite(east) & np.isfinite(north) & (east != 0) & (np.abs(east) <= 180) & (np.abs(north) <= 180)
    return bool(ok.any()) and bool(np.median(np.abs(north[ok])) > 80 and np.median(np.abs(east[ok])) < 80)


def _geometry_pair(frame: pd.DataFrame, geometry: str, crs: Any) -> tuple[pd.Series, pd.Series, Any]:
    shapes = frame[geometry]
    system = shapes.crs if shapes.crs is not None else crs
    if system is None:
        raise InputError(
            "`table` must have a coordinate reference system. Got crs=None. If its points are longitude and latitude, write crs=4326"
        )
    points = shapely.centroid(shapes.to_numpy())
    empty = shapely.is_missing(points) | shapely.is_empty(points)
    x, y = np.full(len(frame), np.nan), np.full(len(frame), np.nan)
    x[~empty], y[~empty] = shapely.get_x(points[~empty]), shapely.get_y(points[~empty])
    return pd.Series(x), pd.Series(y), system


def crs_words(fields: Mapping[str, list[str]], crs: Any, frame: pd.DataFrame) -> str:
    if "lon" in fields and "lat" in fields:
        if swapped(frame[fields["lon"][0]], frame[fields["lat"][0]]):
            return "longitude and latitude (EPSG:4326), each in the other's column"
        return "longitude and latitude (EPSG:4326)"
    if "x" in fields and "y" in fields:
        return "longitude and latitude (EPSG:4326)" if crs is None else str(pyproj.CRS.from_user_input(crs).to_string())
    if "point" in fields:
        return "point text (EPSG:4326)"
    return "the table's geometry" if getattr(frame, "_geometry_column_name", None) in frame.columns else "no coordinates"


def decimals(frame: pd.DataFrame, fields: Mapping[str, list[str]]) -> dict[str, int]:
    """Return how many decimals most coordinates are published with: three are a hundred metres."""
    name = fields.get("lat", fields.get("y", [None]))[0]
    if name is None or pd.api.types.is_numeric_dtype(frame[name].dtype):
        return {}
    text = frame[name].astype(object).dropna().iloc[:5000].astype(str)
    length = text.str.extract(r"[.,]([0-9]+)$")[0].str.rstrip("0").str.len().dropna()
    return {"decimals": int(length.median())} if len(length) else {}
