"""The interactive map of a result: what its picture shows, in the same colours, with what is known of each place at a click."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from sara.core.errors import NotEnoughDataError
from sara.core.wording import period_words
from sara.data.privacy import public_place
from sara.data.privacy import suppress as suppress_counts
from sara.hotspots._maps.draw import cell_words
from sara.hotspots._maps.look import classes_of, drawable, fewer_than, ground_drawn, hide, least_shown, small
from sara.plot import maps
from sara.plot.interactive import InteractiveMap, Layer, to_interactive
from sara.plot.style import MUTED, WARN, new_figure, subtitle_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sara.hotspots._result import HotspotResult

__all__ = ["explore"]

# Areas in the list below the map.
LISTED = 12
# A drawn line or dot belongs to a row that lies within so many metres of it.
NEAR = 0.5
# A dot may stand so far from its place: half the diagonal of the squares of 250 m that addresses are moved to the middle of, and a little.
MOVED = 180.0
# Two surfaces whose sizes differ by less than this share are one.
SAME = 0.02
# Words of columns; others are said as they are called.
WORDS = {
    "p_adjusted": "adjusted p",
    "km2": "km²",
    "excess": "more than expected",
    "length_m": "length, m",
    "is_hot": "hot",
    "low": "from",
    "high": "to",
}
# What a place is, not how much: shown whatever is suppressed.
KEPT = ("name", "pattern", "quadrant", "kind", "class")
HATCHES = {"/": "up", "\\": "down", ".": "dots"}


def explore(
    result: HotspotResult,
    *,
    areas: gpd.GeoDataFrame | None,
    streets: gpd.GeoDataFrame | None,
    breaks: Any = None,
    suppress: int | None = None,
) -> InteractiveMap:
    """Turn the picture of a result into an interactive map."""
    least, shared = least_shown(result, suppress), classes_of(breaks)
    areas, streets = drawable(areas, result.areas.crs), drawable(streets, result.areas.crs, name="streets")
    ax = new_figure(width=8.2, height=6.0)[1][0]
    side = maps.basemap(ax, result.area)
    with maps.asked(breaks=shared, suppress=least) as look:
        if least is not None and small(result.table, least).any():
            look.extra.append((maps.HIDDEN, fewer_than(least)))
        unit = result._paint(ax, side)
        hide(ax, result)
    ax.figure.figure.draw_without_rendering()
    rows = _rows(result, _drawn(ax), least)
    land, *lines = _ground(result, areas, streets)
    surfaces = [layer for layer in rows if layer.shapes.geom_type.str.contains("Polygon").all()]
    # Streets over cells, so that a reader finds the corner; street pieces and points of the result over the streets.
    rest = [layer for layer in rows if not any(layer is other for other in surfaces)]
    layers = [land, *surfaces, *lines, *rest, *_areas(result, least)]
    n = f"n = {result.counts.rows_used:,} {result.noun}"
    return to_interactive(
        layers,
        title=result.title,
        subtitle=subtitle_of(unit, period_words(*result.period), n),
        text=result.text,
        source=result.source,
        legend=_legend(ax),
        names=areas,
        view=gpd.GeoSeries([result.area], crs=result.areas.crs),
    )


def _ground(result: HotspotResult, areas: gpd.GeoDataFrame | None, streets: gpd.GeoDataFrame | None) -> list[Layer]:
    crs = result.areas.crs
    land = gpd.GeoSeries([ground_drawn(result.area)], crs=crs)
    out = [Layer(land, [0], [{"fill": maps.LAND, "line": MUTED, "width": 1}])]
    if streets is not None and len(streets):
        parts = shapely.get_parts(streets.geometry.to_numpy())
        lines = shapely.multilinestrings(parts[shapely.get_type_id(parts) == 1])
        out.append(
            Layer(
                gpd.GeoSeries([lines], crs=streets.crs), [0], [{"line": "#9A9A9A", "width": 0.7, "opacity": 0.7}], name="streets"
            )
        )
    if areas is not None and len(areas):
        shapes = areas.geometry.reset_index(drop=True)
        out.append(Layer(shapes, [0] * len(shapes), [{"line": "#6F6F6F", "width": 0.9}], name="outlines"))
    return out


@dataclass(frozen=True)
class _Drawn:
    """What lies on an Axes: each shape with its style, and how high it lies."""

    shapes: npt.NDArray[Any]
    styles: list[dict[str, Any]]
    height: npt.NDArray[np.float64]


def _drawn(ax: Axes) -> _Drawn:
    """Read what was drawn back from the Axes: whatever a method paints, its interactive map has the same colours."""
    shapes: list[Any] = []
    styles: list[dict[str, Any]] = []
    height: list[float] = []
    for place, drawn in enumerate(ax.collections):
        if drawn.get_zorder() <= 0:
            continue
        found, held = _read(drawn)
        shapes.extend(found)
        styles.extend(held)
        # The later of two that lie equally high covers the earlier.
        height.extend([drawn.get_zorder() + place * 1e-6] * len(found))
    return _Drawn(np.array(shapes, dtype=object), styles, np.array(height, dtype=float))


def _read(drawn: Any) -> tuple[list[Any], list[dict[str, Any]]]:
    from matplotlib.collections import CircleCollection, EllipseCollection, LineCollection, PathCollection

    faces, edges, widths = drawn.get_facecolors(), drawn.get_edgecolors(), np.atleast_1d(drawn.get_linewidths())
    offsets = np.ma.getdata(drawn.get_offsets())
    if isinstance(drawn, LineCollection):
        shapes = [shapely.linestrings(s) if len(s) > 1 else shapely.Point() for s in drawn.get_segments()]
        return shapes, [{"line": _hex(_at(edges, i)), "width": _width(_at(widths, i))} for i in range(len(shapes))]
    if isinstance(drawn, EllipseCollection):
        radius = np.broadcast_to(np.asarray(drawn.get_widths()) / 2, len(offsets))
        shapes = [shapely.Point(xy).buffer(r) for xy, r in zip(offsets, radius, strict=True)]
    elif isinstance(drawn, CircleCollection) or (isinstance(drawn, PathCollection) and len(drawn.get_sizes())):
        sizes = np.atleast_1d(drawn.get_sizes())
        styles = [
            {**_surface(drawn, faces, edges, widths, i), "radius": max(2.5, float(np.sqrt(_at(sizes, i))) * 0.75)}
            for i in range(len(offsets))
        ]
        return list(shapely.points(offsets)), styles
    else:
        shapes = [_polygon(path) for path in drawn.get_paths()]
    return shapes, [_surface(drawn, faces, edges, widths, i) for i in range(len(shapes))]


def _surface(drawn: Any, faces: Any, edges: Any, widths: Any, i: int) -> dict[str, Any]:
    """Return the style of one surface; what is not there is left out."""
    out: dict[str, Any] = {}
    face, edge = _at(faces, i), _at(edges, i)
    if face is not None and face[3] > 0:
        out |= {"fill": _hex(face), "alpha": round(float(face[3]), 2)}
    mark, width = drawn.get_hatch(), _at(widths, i)
    if mark:
        return {**out, "hatch": HATCHES.get(mark[0], "up"), "ink": _hex(edge), "line": _hex(edge), "width": _width(width)}
    seen = edge is not None and edge[3] > 0 and width > 0 and (_hex(edge) != out.get("fill") or edge[3] > out["alpha"])
    return {**out, "line": _hex(edge), "width": _width(width)} if seen else {**out, "width": 0}


def _at(values: Any, i: int) -> Any:
    return None if len(values) == 0 else values[i % len(values)]


def _hex(color: Any) -> str:
    from matplotlib.colors import to_hex

    return "#595959" if color is None else str(to_hex(color))


def _width(points: float) -> float:
    return round(float(points) * 1.3, 1)


def _polygon(path: Any) -> Any:
    """Return the surface of a path: rings inside rings are holes."""
    rings = [ring for ring in path.to_polygons(closed_only=True) if len(ring) >= 4]
    if not rings:
        return shapely.Polygon()
    first = shapely.polygons(rings[0])
    for ring in rings[1:]:
        first = shapely.symmetric_difference(shapely.make_valid(first), shapely.make_valid(shapely.polygons(ring)))
    return first


def _rows(result: HotspotResult, drawn: _Drawn, least: int | None) -> list[Layer]:
    """Return the rows of the table that the picture shows, surfaces first, lines and dots above them."""
    table = result.table
    if not isinstance(table, gpd.GeoDataFrame) or table.empty or not len(drawn.shapes):
        return []
    shapes = table.geometry.to_numpy()
    told = _told(result, table, least, title=_title(result), cells=result.layout is not None)
    dimension = np.where(shapely.is_empty(shapes), -1, shapely.get_dimensions(shapes))
    out, left = [], np.flatnonzero(dimension == 0)
    for wanted, name in ((2, _many(result)), (1, "street pieces")):
        chosen = np.flatnonzero(dimension == wanted)
        looks, styles = _looks(shapes[chosen], wanted, drawn)
        rows = chosen[looks >= 0]
        left = np.r_[left, chosen[looks < 0]] if wanted == 2 else left
        if len(rows):
            listed = LISTED if result.layout is None and wanted == 2 and "name" in table.columns else 0
            held = gpd.GeoSeries(shapes[rows], crs=table.crs)
            out.append(Layer(held, looks[looks >= 0].tolist(), styles, told.iloc[rows], name=name, listed=listed))
    return [*out, *_dots(shapes, np.sort(left), drawn, told, table.crs)]


def _dots(shapes: npt.NDArray[Any], rows: npt.NDArray[np.int64], drawn: _Drawn, told: pd.DataFrame, crs: Any) -> list[Layer]:
    """Return the rows that the picture shows as dots, where the picture has them: it may have moved an address off its house."""
    dots = np.flatnonzero(shapely.get_dimensions(drawn.shapes) == 0)
    if not len(dots) or not len(rows):
        return []
    tree = shapely.STRtree(drawn.shapes[dots])
    found, nearest = tree.query_nearest(shapely.centroid(shapes[rows]), max_distance=MOVED, all_matches=False)
    if not len(found):
        return []
    styles = [drawn.styles[k] for k in dots[nearest]]
    held = gpd.GeoSeries(drawn.shapes[dots[nearest]], crs=crs)
    return [Layer(held, list(range(len(styles))), styles, told.iloc[rows[found]], name="addresses and corners")]


def _looks(shapes: npt.NDArray[Any], dimension: int, drawn: _Drawn) -> tuple[npt.NDArray[np.int64], list[dict[str, Any]]]:
    """Return for each shape the style of what is drawn highest at its middle; -1 where nothing is."""
    looks = np.full(len(shapes), -1, dtype=np.int64)
    kept = np.flatnonzero(shapely.get_dimensions(drawn.shapes) == dimension)
    if not len(kept) or not len(shapes):
        return looks, []
    tree = shapely.STRtree(drawn.shapes[kept])
    middles = shapely.point_on_surface(shapes) if dimension == 2 else shapely.line_interpolate_point(shapes, 0.5, normalized=True)
    row, found = (
        tree.query(middles, predicate="intersects") if dimension == 2 else tree.query(middles, predicate="dwithin", distance=NEAR)
    )
    if dimension == 2:
        # An outline around many cells is none of theirs.
        sizes, size = shapely.area(shapes)[row], shapely.area(drawn.shapes[kept[found]])
        empty = np.array([not ({"fill", "hatch"} & set(drawn.styles[k])) for k in kept[found]], dtype=bool)
        meant = ~empty | (np.abs(sizes - size) <= SAME * sizes)
        row, found = row[meant], found[meant]
    order = np.lexsort((drawn.height[kept[found]], row))
    row, found = row[order], kept[found[order]]
    merged: dict[int, dict[str, Any]] = {}
    for r, f in zip(row.tolist(), found.tolist(), strict=True):
        # A hatch and an outline lie over the colour below them; a colour covers it.
        style = drawn.styles[f]
        merged[r] = style if "fill" in style else {**merged.get(r, {}), **style}
    known: dict[tuple[Any, ...], int] = {}
    for r, style in merged.items():
        looks[r] = known.setdefault(tuple(sorted(style.items())), len(known))
    return looks, [dict(style) for style in known]


def _areas(result: HotspotResult, least: int | None) -> list[Layer]:
    """Return the areas as outlines; none where the table's rows are the areas."""
    areas = result.areas
    if areas.empty or (result.layout is None and len(result.table) == len(areas)):
        return []
    told = _told(result, areas, least, title="area", cells=False)
    outline = {"line": WARN, "width": 2.2, "fill": "#ffffff", "alpha": 0.01}
    shapes = areas.geometry.reset_index(drop=True)
    return [Layer(shapes, [0] * len(shapes), [outline], told, name="areas that stand out", listed=LISTED)]


def _told(result: HotspotResult, table: gpd.GeoDataFrame, least: int | None, *, title: str, cells: bool) -> pd.DataFrame:
    """Return what a click tells: the name first, then each column in words; small counts, and what would give them back, stay out."""
    plain = pd.DataFrame(table.drop(columns=[c for c in table.columns if str(table[c].dtype) == "geometry"]))
    hidden = _hidden(result, plain, least, cells=cells)
    low = small(table, least)
    private = set(result.private_columns)
    out = pd.DataFrame({title: _names(plain, title, private)})
    for column in plain.columns:
        if column in ("row", "column", "name"):
            continue
        words = result.noun if column == "n" else WORDS.get(column, str(column).replace("_", " "))
        values: list[Any] = [_said(column, v, private=column in private) for v in plain[column]]
        if least is not None and column not in KEPT and not pd.api.types.is_bool_dtype(plain[column].dtype):
            # From exact numbers of every cell around it a hidden one could be worked out; areas say theirs.
            many = f"{least:,} or more"
            shown = (
                (["none" if n == 0 else many for n in plain["n"]] if column == "n" else [None] * len(plain)) if cells else values
            )
            instead = [(fewer_than(least) if few else "not shown") if column == "n" else None for few in low]
            values = [word if h else v for h, word, v in zip(hidden, instead, shown, strict=True)]
        out[words if words not in out.columns else f"{words} "] = pd.Series(values, dtype=object)
    return out


def _hidden(result: HotspotResult, table: pd.DataFrame, least: int | None, *, cells: bool) -> npt.NDArray[np.bool_]:
    """Mark the rows whose numbers are not told: those with a small count, and of places with exact numbers what would give one back."""
    hidden = np.zeros(len(table), dtype=bool)
    for column in result.count_columns:
        if least is None or column not in table.columns:
            continue
        n = table[column].to_numpy(dtype=float)
        hidden |= (n > 0) & (n < least)
        if not cells and np.array_equal(n, np.round(n)):
            try:
                kept = suppress_counts(table[[column]].astype("int64"), columns=column, threshold=least, margins="columns")
                hidden |= kept[column].isin([f"<{least}", "withheld"]).to_numpy()
            except NotEnoughDataError:
                hidden[:] = True
    return hidden


def _names(table: pd.DataFrame, title: str, private: set[str]) -> list[str]:
    if "name" in table.columns:
        return [public_place(v) if "name" in private else str(v) for v in table["name"]]
    return [title[:1].upper() + title[1:]] * len(table)


def _said(column: str, value: Any, *, private: bool) -> Any:
    if pd.isna(value):
        return None
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, str):
        return public_place(value) if private else value
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    number = float(value)
    if column in ("p", "p_adjusted"):
        return "< 0.001" if number < 0.001 else f"{number:.3f}"
    if number == round(number) and abs(number) < 1e15:
        return int(number)
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"


def _title(result: HotspotResult) -> str:
    return cell_words(result) if result.layout is not None else "place"


def _many(result: HotspotResult) -> str:
    return "cells" if result.layout is not None else "areas"


def _legend(ax: Axes) -> tuple[str, list[tuple[dict[str, Any], str]]]:
    found = ax.get_legend()
    if found is None:
        return "", []
    entries = [(_entry(handle), text.get_text()) for handle, text in zip(found.legend_handles, found.get_texts(), strict=True)]
    return found.get_title().get_text(), entries


def _entry(handle: Any) -> dict[str, Any]:
    from matplotlib.lines import Line2D

    if isinstance(handle, Line2D):
        color = _hex(handle.get_color())
        if handle.get_marker() not in (None, "", "None"):
            return {"fill": color, "radius": float(handle.get_markersize()) / 2 + 1}
        return {"line": color, "stroke": float(handle.get_linewidth()) + 0.5}
    face, mark = handle.get_facecolor(), handle.get_hatch()
    out = {"fill": _hex(face), "alpha": round(float(face[3]), 2)}
    return {**out, "hatch": HATCHES.get(mark[0], "up"), "ink": _hex(handle.get_edgecolor())} if mark else out
