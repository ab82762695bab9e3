"""What a map is asked for beyond its method: the classes of another map, small counts hidden, a part of the city."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from sara.core.errors import InputError
from sara.hotspots._ground.areas import HELP_EVENTS, HELP_SQUARE
from sara.plot import maps
from sara.plot.style import MUTED, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sara.hotspots._result import HotspotResult

__all__ = ["check_suppress", "classes_of", "drawable", "fewer_than", "ground_drawn", "hide", "least_shown", "small", "window_of"]

# A part of the city is shown with this much around it, and never less than so many metres across: streets must be recognized.
AROUND, LEAST_ACROSS = 1.7, 1200.0
# Half the width, in metres, of a gap that is no gap.
SLIVER = 1.0


def classes_of(breaks: Any) -> tuple[float, ...] | None:
    """Return the lower ends of the classes: those given, or those of another result's map.

    Raises
    ------
    InputError
        If they are not ascending numbers, or that map has no classes of numbers.
    """
    if breaks is None:
        return None
    if hasattr(breaks, "_paint"):
        with maps.asked() as look:
            breaks._paint(new_figure()[1][0], 0.0)
        if look.used is None:
            raise InputError(
                f"`breaks` must be numbers or a map with classes of numbers. Got a map of {breaks.method}, whose classes are the same in every map. "
                "Leave `breaks` out"
            )
        return look.used
    try:
        found = tuple(float(b) for b in breaks)
    except (TypeError, ValueError):
        found = ()
    if not found or not np.isfinite(found).all() or any(a >= b for a, b in itertools.pairwise(found)):
        raise InputError(
            f"`breaks` must be ascending numbers, the lower ends of the classes, or another result. Got {breaks!r}. Write: breaks=[1, 5, 10, 50]"
        )
    if len(found) > maps.MAX_CLASSES + 3:
        raise InputError(
            f"`breaks` must be few enough to tell their colours apart, at most {maps.MAX_CLASSES + 3}. Got {len(found)}. Leave some out"
        )
    return found


def check_suppress(suppress: int | None) -> int | None:
    """Return the least count that is shown.

    Raises
    ------
    InputError
        If it is no whole number above 1.
    """
    if suppress is None:
        return None
    if isinstance(suppress, bool) or not isinstance(suppress, (int, np.integer)) or suppress < 2:
        raise InputError(
            f"`suppress` must be a whole number above 1. Got {suppress!r}. Write: suppress=10 (counts of 1 to 9 are not shown)"
        )
    return int(suppress)


def least_shown(result: HotspotResult, suppress: int | None) -> int | None:
    """Return the least count that is shown: what is asked for, and of calls for help on small cells never a home's."""
    least = check_suppress(suppress)
    help_asked = result.areas.attrs.get("sara", {}).get("calls_for_help")
    if least is None and help_asked and result.layout is not None and result.layout["cell_size"] < HELP_SQUARE:
        return HELP_EVENTS
    return least


def window_of(result: HotspotResult, zoom: Any) -> tuple[float, float, float, float] | None:
    """Return the part of the map to show: around the first area, or around the places given."""
    if zoom is None or zoom is False:
        return None
    if zoom is True:
        if result.areas.empty:
            raise InputError(
                "`zoom` must have a place to show. Got a map on which none stands out. Give one: zoom=areas.query(\"name == 'Old Town'\")"
            )
        shapes = result.areas.geometry.head(1)
    elif isinstance(zoom, gpd.GeoDataFrame | gpd.GeoSeries) and len(zoom):
        shapes = _in_crs(zoom, result.areas.crs, name="zoom").geometry
        if shapes.is_empty.all() or not shapely.box(*shapes.total_bounds).intersects(result.area):
            raise InputError(
                "`zoom` must lie in the study area. Got places elsewhere. Check that they are of the same city, and their coordinate system: zoom.crs"
            )
    else:
        raise InputError(
            f"`zoom` must be True or a table of places. Got {type(zoom).__name__}. Write: zoom=True (the first area), or zoom=result.areas.head(2)"
        )
    low, bottom, high, top = shapes.total_bounds
    half = max(high - low, top - bottom, LEAST_ACROSS / AROUND) * AROUND / 2
    x, y = (low + high) / 2, (bottom + top) / 2
    return x - half, y - half, x + half, y + half


def drawable(frame: gpd.GeoDataFrame | None, crs: Any, *, name: str = "areas") -> gpd.GeoDataFrame | None:
    """Return a layer of the user in the map's coordinates, without its empty rows; None where nothing is left.

    Raises
    ------
    InputError
        If it is no table with shapes, or says no coordinate system.
    """
    if frame is None:
        return None
    if isinstance(frame, gpd.GeoSeries):
        frame = gpd.GeoDataFrame(geometry=frame)
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        read = "sara.read_areas('neighborhoods.geojson')" if name == "areas" else "geopandas.read_file('streets.geojson')"
        raise InputError(f"`{name}` must be a table with shapes. Got {_said(frame)}. Read the file first: {name}={read}")
    shapes = frame.geometry.to_numpy()
    held = frame[~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)]
    return _in_crs(held, crs, name=name) if len(held) else None


def _said(value: Any) -> str:
    return repr(value) if isinstance(value, str) and len(value) < 60 else f"a {type(value).__name__}"


def _in_crs(frame: Any, crs: Any, *, name: str) -> Any:
    if frame.crs is None and crs is not None:
        raise InputError(
            f"`{name}` must say its coordinate system. Got crs=None. Write: {name}.set_crs(4326) for longitude and latitude"
        )
    return frame if crs is None else frame.to_crs(crs)


def ground_drawn(area: Any) -> Any:
    """Return the study area as it is drawn: slivers between parts that were digitized apart are no outline."""
    closed = shapely.buffer(shapely.buffer(area, SLIVER, join_style="mitre"), -SLIVER, join_style="mitre")
    return area if shapely.is_empty(closed) else closed


def small(table: gpd.GeoDataFrame, suppress: int | None) -> npt.NDArray[np.bool_]:
    """Mark the rows whose count is not shown: above zero and below `suppress`."""
    if suppress is None or "n" not in table.columns:
        return np.zeros(len(table), dtype=bool)
    n = table["n"].to_numpy(dtype=float)
    return (n > 0) & (n < suppress)


def hide(ax: Axes, result: HotspotResult) -> None:
    """Hatch the places whose counts are not shown; streets become dotted."""
    held = result.table[small(result.table, maps.asking().suppress)]
    shapes = held.geometry.to_numpy()
    dimension = shapely.get_dimensions(shapes)
    maps.hatch(ax, shapes[dimension == 2], zorder=3.5)
    rest = shapes[dimension == 1]
    if len(rest):
        maps.lines(ax, rest, color="white", width=3.0, zorder=3.4)
        maps.lines(ax, rest, color=MUTED, width=0.6, zorder=3.5)


def fewer_than(suppress: int) -> str:
    """Say a count that is not shown."""
    return f"fewer than {suppress:,}"
