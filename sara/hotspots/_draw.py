"""The three maps."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np

from sara.core.wording import period_words
from sara.plot import maps
from sara.plot.style import WARN, finish, new_axes, subtitle_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sara.hotspots._result import HotspotResult

__all__ = ["draw"]

LISTED = 6
# Not hot, but not empty: light, so that the hot cells carry the picture.
FAINT = "#D9D9D9"
OUTLINE_FILL = (0.698, 0.094, 0.169, 0.35)


def draw(result: HotspotResult, *, ax: Axes | None, areas: gpd.GeoDataFrame | None, streets: gpd.GeoDataFrame | None) -> Axes:
    """Draw a hot spot result."""
    ax = new_axes(width=8.2, height=6.0) if ax is None else ax
    crs = result.areas.crs
    below = {name: None if frame is None else frame.to_crs(crs) for name, frame in (("areas", areas), ("streets", streets))}
    side = maps.basemap(ax, result.area, **below)
    unit = {"count": _count, "gi_star": _gi_star, "clusters": _clusters}[result.method](ax, result, side)
    maps.scale_bar(ax)
    from sara.hotspots._result import TITLES

    n = f"n = {result.counts.rows_used:,} {result.noun}"
    return finish(
        ax,
        title=TITLES[result.method],
        subtitle=subtitle_of(unit, period_words(*result.period), n),
        xlabel="",
        ylabel="",
        source=result.source,
    )


def _corners(result: HotspotResult, rows: Any) -> tuple[Any, Any, float]:
    layout = result.layout or {}
    size = layout["cell_size"]
    return layout["x0"] + rows["column"].to_numpy() * size, layout["y0"] + rows["row"].to_numpy() * size, size


def _count(ax: Axes, result: HotspotResult, side: float) -> str:
    column = "weight" if "weight" in result.table.columns else "n"
    rows = result.table[result.table[column] > 0]
    values = rows[column].to_numpy(dtype=float)
    breaks = maps.class_breaks(values)
    size = (result.layout or {})["cell_size"]
    what = str(result.settings["weights"].value) if column == "weight" else result.noun
    if len(rows):
        colors = maps.class_colors(len(breaks))
        group = np.clip(np.searchsorted(breaks, values, side="right") - 1, 0, len(breaks) - 1)
        maps.cells(ax, *_corners(result, rows), [colors[g] for g in group])
        labels = maps.class_labels(breaks, values)
        maps.key(ax, [(maps.LAND, "none"), *zip(colors, labels, strict=True)], title=f"{what} per cell", side=side)
    return f"{what} per cell of {size:g} m"


def _gi_star(ax: Axes, result: HotspotResult, side: float) -> str:
    table = result.table
    size = (result.layout or {})["cell_size"]
    rest = table[~table["is_hot"] & (table["n"] > 0)]
    hot = table[table["is_hot"]]
    if len(rest):
        maps.cells(ax, *_corners(result, rest), [FAINT] * len(rest))
    edges = (0.05, 0.01, 0.001)
    entries = [(maps.LAND, "none"), (FAINT, "some, not hot")]
    confidence = float(result.settings["confidence"].value)
    if len(hot):
        colors = maps.class_colors(4)[1:]
        bounds = [e for e in edges if e < 1 - confidence - 1e-12]
        group = np.sum([hot["p_adjusted"].to_numpy() <= e for e in bounds], axis=0) if bounds else np.zeros(len(hot), dtype=int)
        levels = [f"hot, adjusted p to {e:.3g}" for e in (1 - confidence, *bounds)]
        shades = colors[-len(levels) :] if len(levels) <= len(colors) else maps.class_colors(len(levels) + 1)[1:]
        maps.cells(ax, *_corners(result, hot), [shades[g] for g in group], zorder=2)
        entries += [(c, words) for k, (c, words) in enumerate(zip(shades, levels, strict=True)) if (group == k).any()]
    maps.key(ax, entries, title=f"{result.noun} in the cell", side=side)
    _list_areas(ax, result, title="Most above an average cell", side=side)
    return f"cells of {size:g} m with more {result.noun} around them than chance would give"


def _clusters(ax: Axes, result: HotspotResult, side: float) -> str:
    maps.outlines(ax, list(result.areas.geometry), color=WARN, fill=OUTLINE_FILL, linewidth=0.9)
    many = f"{len(result.areas):,} clusters" if len(result.areas) != 1 else "1 cluster"
    maps.key(ax, [(OUTLINE_FILL, many if len(result.areas) else "no cluster found")], title="outlines", side=side)
    _list_areas(ax, result, title="Largest excess", side=side)
    return f"where {result.noun} lie within {result.settings['eps'].value:g} m of each other"


def _list_areas(ax: Axes, result: HotspotResult, *, title: str, side: float) -> None:
    top = result.areas.head(LISTED)
    if top.empty:
        return
    words = []
    for name, n, km2 in zip(top["name"], top["n"], top["km2"], strict=True):
        place = name.split(" near ", 1)[-1] if " near " in name else name.split(" in ", 1)[-1] if " in " in name else ""
        short = textwrap.shorten(place, 34, placeholder=" ...") or "no address"
        words.append(f"{short}\n    {n:,} {result.noun}, {km2:.2g} km2")
    maps.numbered(ax, list(top.geometry), words, title=title, side=side)
