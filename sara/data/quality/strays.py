"""Points that are none, far away, swapped, or outside the city; and a city that is another one."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pyproj

from sara.core.checks import record_of
from sara.data.quality.ground import Finding, Ground, many
from sara.data.quality.result import _percent

__all__ = ["FAR", "FOREIGN", "far_box", "location"]

# A point farther from the median than this many robust standard deviations is a slip of geocoding, not a suburb.
FAR = 10.0
# Areas that hold less of the believable points than this are of another city, or say the wrong coordinate reference system.
FOREIGN = 0.2
# What may have happened to longitude and latitude, and how to undo it.
SLIPS = (
    ("their longitude and latitude swapped", lambda lon, lat: (lat, lon)),
    ("the sign of their longitude lost", lambda lon, lat: (-lon, lat)),
    ("the sign of their latitude lost", lambda lon, lat: (lon, -lat)),
)


def far_box(x: np.ndarray, y: np.ndarray, ok: np.ndarray) -> tuple[float, float, float, float] | None:
    """Return the box (west, east, south, north) of what is not far, or None without a point."""
    if not ok.any():
        return None
    edges: list[float] = []
    for values in (x, y):
        middle = float(np.median(values[ok]))
        # Half the rows on one point have no spread; a kilometre stands in for it.
        reach = FAR * max(1.4826 * float(np.median(np.abs(values[ok] - middle))), 1_000.0)
        edges += [middle - reach, middle + reach]
    return edges[0], edges[1], edges[2], edges[3]


def location(events: gpd.GeoDataFrame, ground: Ground) -> list[Finding]:
    """Tell of coordinates that are none, far points and what may have moved them, points outside the areas."""
    found = [*_none(events), *_far(events, ground), *_outside(events, ground)]
    if not any(finding.n for finding in found):
        found.insert(
            0,
            Finding(
                "location",
                "no point lies far from the city",
                0,
                "ok",
                "one stray point makes a map of a continent",
                "nothing to do",
            ),
        )
    return found


def _none(events: gpd.GeoDataFrame) -> list[Finding]:
    return [
        Finding(
            "location", f"{many(int(n), 'coordinate')} {'is' if n == 1 else 'are'} none: {reason}", int(n), "note", "a point at 0, 0 is in the ocean",
            "the row stays, without a location", "events[events['x'].isna()]  # look at them; mend the file, read it again",
        )
        for reason, n in sorted((record_of(events).get("bad_locations") or {}).items())
        if n
    ]  # fmt: skip


def _far(events: gpd.GeoDataFrame, ground: Ground) -> list[Finding]:
    n = int(ground.far.sum())
    if n == 0 or ground.box is None:
        return []
    west, east, south, north = ground.box
    inside = f"events['x'].between({west:.0f}, {east:.0f}) & events['y'].between({south:.0f}, {north:.0f})"
    found = [Finding(
        "location", f"{many(n, 'point')} {'lies' if n == 1 else 'lie'} far from the city", n, "warning" if n > 0.05 * len(events) else "note",
        "they stretch maps and belong to no area", "kept; outside every study area, counted as such", f"events = events[events['x'].isna() | ({inside})]",
    )]  # fmt: skip
    for words, hit in _slips(events, ground):
        found.append(Finding(
            "location", f"{many(hit, 'point')} would lie in the city with {words}" if hit > 1 else f"1 point would lie in the city with {words.replace('their', 'its')}",
            hit, "note", "a slip in the export, not a place far away", "kept where they are published", "mend the file, read it again; or leave them out as above",
        ))  # fmt: skip
    return found


def _slips(events: gpd.GeoDataFrame, ground: Ground) -> list[tuple[str, int]]:
    """Return what would bring far points back into the city, with how many it would bring."""
    if ground.box is None or events.crs is None:
        return []
    rows = np.flatnonzero(ground.far)
    x, y = (events[name].to_numpy(dtype=float, na_value=np.nan)[rows] for name in ("x", "y"))
    lon, lat = pyproj.Transformer.from_crs(events.crs, 4326, always_xy=True).transform(x, y)
    back = pyproj.Transformer.from_crs(4326, events.crs, always_xy=True)
    west, east, south, north = ground.box
    out = []
    for words, undo in SLIPS:
        u, v = undo(lon, lat)
        valid = np.isfinite(u) & np.isfinite(v) & (np.abs(v) <= 90)
        px, py = back.transform(np.where(valid, u, 0.0), np.where(valid, v, 0.0))
        n = int((valid & (px >= west) & (px <= east) & (py >= south) & (py <= north)).sum())
        if n:
            out.append((words, n))
    return out


def _outside(events: gpd.GeoDataFrame, ground: Ground) -> list[Finding]:
    if not ground.has_areas:
        return []
    if ground.foreign:
        return [Finding(
            "location", f"only {_percent(ground.inside, 1)} of the points lie inside the areas: they are of another city, or their coordinate reference system is wrong",
            int(ground.has_place.sum()), "serious", "every count by area would be wrong", "the areas are not used here", "areas = sara.read_areas('the right file'); areas.crs says what it takes them to be",
        )]  # fmt: skip
    n = int(ground.outside.sum())
    severity = "warning" if n > 0.05 * len(events) else "note" if n else "ok"
    return [Finding(
        "location", f"{many(n, 'point')} {'lies' if n == 1 else 'lie'} outside all areas", n, severity, "they belong to no area, and counts by area do not add up to all rows",
        "kept; counted as outside", "events[sara.within(events, areas).isna()]  # look at them",
    )]  # fmt: skip
