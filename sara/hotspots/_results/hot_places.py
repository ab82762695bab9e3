"""What the list of hot places answers with: the map, the words, the hotspot matrix."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from sara.core.wording import percent
from sara.data.privacy import SQUARE_METRES
from sara.hotspots._result import HotspotResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sara.plot.interactive import InteractiveMap

__all__ = ["HotPlacesResult", "kinds_in_words"]

# What the classes mean, for a reader of the text.
MEANING = {
    "dispersed": "over many addresses", "clustered": "at a few addresses in it", "hot point": "at one address",
    "diffused": "at the hours of the rest of the city", "focused": "more at some hours than the rest of the city", "acute": "nearly all in a few hours or days",
}  # fmt: skip
SPATIAL = ("dispersed", "clustered", "hot point")
TEMPORAL = ("diffused", "focused", "acute")
# Somewhere in this square.
SOMEWHERE = (0.0, 0.0, 0.0, 0.10)
# On the map of all the study area, and where a smaller map stands beside a part of it.
LISTED, LISTED_NEAR = 6, 4
IN_CELL = 9
# First words of names, and how many of them are said to be there.
KINDS = {
    "Address": ("address", "addresses"), "Corner": ("corner", "corners"), "Point": ("point", "points"), "Stretch": ("stretch", "stretches"),
    "Area": ("small area", "small areas"),
}  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class HotPlacesResult(HotspotResult):
    """Addresses, stretches and areas that are hot, and what kind of hot each is.

    Parameters
    ----------
    parts : DataFrame
        The hot addresses and stretches inside the listed places: ``parent`` (the place's name), ``kind``, ``name`` (for the public), ``n`` (events it gives the
        place), ``share`` (of the place's events), ``p_adjusted``.
    """

    parts: pd.DataFrame = field(default_factory=pd.DataFrame)

    question: ClassVar[str] = "Which places should be dealt with?"
    title: ClassVar[str] = "Which places should be dealt with?"
    score: ClassVar[str | None] = None
    private_columns: ClassVar[tuple[str, ...]] = ("place",)

    def _text(self) -> str:
        total = self.counts.rows_used
        if self.table.empty:
            return f"From {self._span()}, no address, stretch or small area has more of the {total:,} {self.noun} than chance would give."
        if pd.isna(self.table["expected"].iloc[0]):
            only = self.table.iloc[0]
            return f"From {self._span()}, all {total:,} {self.noun} lie at one place, {only['name']}: there is no other to compare it with."
        held, km2 = int(self.table["n"].sum()), float(self.areas["km2"].sum())
        listed = " and ".join(", ".join(_kinds(self.table)).rsplit(", ", 1))
        top = self.table.iloc[0]
        more = f", most on {top['peak']}" if isinstance(top["peak"], str) and top["peak"] else ""
        found = self._found()
        first = f"the first {len(self.table):,} of {found:,} hot places, {listed}, " if found > len(self.table) else f"{listed} "
        return (
            f"From {self._span()}, {first}{'holds' if found == 1 else 'hold'} {percent(held / total)} of {total:,} {self.noun} on "
            f"{percent(km2 / (self.area.area / 1e6))} of the study area. {top['name']} comes first: {top['n']:,} {self.noun}, "
            f"{top['excess']:,.0f} more than its share{more}; {self._kind_words(top)}."
        )

    def _found(self) -> int:
        return int(self.settings["found"].value)

    def _kind_words(self, row: Any) -> str:
        spatial, temporal = row["spatial"], row["temporal"]
        space = f"{spatial} ({MEANING[spatial]})" if isinstance(spatial, str) else "not known by address"
        return f"in space {space}, in time {temporal} ({MEANING[temporal]})"

    def _paint(self, ax: Axes, side: float) -> str:
        from sara.plot import maps
        from sara.plot.style import INK, WARN

        order = ("area", "line", "dot")
        looks = {
            "area": {"facecolor": "#F3D9D6", "edgecolor": WARN, "hatch": "////", "linewidth": 1.0},
            "line": {"color": WARN, "width": 3.2},
            "dot": {"color": INK, "dot": 6},
        }
        entries = []
        for kind in order:
            rows = self.table[(self.table["kind"] == kind).to_numpy(dtype=bool)]
            if rows.empty:
                continue
            _draw_kind(ax, kind, rows, looks[kind])
            look = {"facecolor": "#F3D9D6", "hatch": "////", "hatchcolor": WARN} if kind == "area" else looks[kind]
            words = [w if kind != "dot" or "corner" in w else f"{w} (to 250 m)" for w in _kinds(rows)]
            entries.append((look, ", ".join(words)))
        maps.key(ax, entries[::-1] or [(maps.LAND, "none found")], title="hot places", side=side)
        self._list(ax, side)
        return "addresses, stretches and areas with more than chance"

    def _list(self, ax: Axes, side: float) -> None:
        from sara.plot import maps

        window = maps.asking().window
        shapes = np.array(_public_shapes(self.table), dtype=object)
        seen = np.ones(len(shapes), dtype=bool) if window is None else shapely.intersects(shapely.box(*window), shapes)
        # A place keeps its number on a map of a part of the city.
        at = np.flatnonzero(seen)[: LISTED if window is None else LISTED_NEAR]
        top = self.table.iloc[at]
        words = []
        for name, n, peak, temporal in zip(top["name"], top["n"], top["peak"], top["temporal"], strict=True):
            place = name.split(" near ", 1)[-1] if " near " in name else name.split(" in ", 1)[-1]
            when = f", {peak}" if isinstance(peak, str) and peak else ""
            words.append(f"{textwrap.shorten(place, 32, placeholder=' ...')}\n    {n:,}{when}, {temporal}")
        if len(top):
            maps.numbered(ax, list(shapes[at]), words, title="Largest excess", side=side, numbers=(at + 1).tolist())

    def explore(
        self, *, areas: gpd.GeoDataFrame | None = None, streets: gpd.GeoDataFrame | None = None, breaks: Any = None,
        suppress: int | None = None,
    ) -> InteractiveMap:  # fmt: skip
        """Return the map as one to move and to ask. Addresses are the squares of 250 m in which they lie.

        Parameters
        ----------
        areas, streets, breaks, suppress
            As in `HotspotResult.explore`.

        Returns
        -------
        InteractiveMap
            Shows itself in a notebook; ``.save(path)`` writes one page that works without a network.
        """
        from sara.hotspots._maps.explore import explore

        shapes = gpd.GeoSeries(_public_shapes(self.table), index=self.table.index, crs=self.areas.crs)
        shown = replace(self, table=gpd.GeoDataFrame(self.table).set_geometry(shapes), areas=self.areas.set_geometry(shapes))
        return explore(shown, areas=areas, streets=streets, breaks=breaks, suppress=suppress)

    def matrix(self) -> pd.DataFrame:
        """Return how many listed places there are of each class: one row per spatial class, one column per temporal class.

        Returns
        -------
        DataFrame
            Index ``spatial`` ("dispersed", "clustered", "hot point"), columns "diffused", "focused", "acute". Places whose addresses are not
            published have no spatial class and are not in it.
        """
        known = self.table[self.table["spatial"].notna()]
        out = pd.crosstab(known["spatial"].astype(str), known["temporal"].astype(str)).reindex(
            index=list(SPATIAL), columns=list(TEMPORAL), fill_value=0
        )
        return out.rename_axis(index="spatial", columns="temporal").astype("int64")

    def figure(self) -> Figure:
        """Draw the hotspot matrix: which listed places are dispersed, clustered or hot points, and diffused, focused or acute in time.

        Returns
        -------
        Figure
            A 3 by 3 table with the numbers and names of the places.
        """
        from sara.plot.style import finish, new_axes, subtitle_of

        ax = new_axes(width=9.6, height=6.4)
        _draw_matrix(ax, self.table)
        known = int(self.table["spatial"].notna().sum())
        finish(
            ax, title="What kind of hot is each place?", subtitle=subtitle_of(f"{known:,} of {len(self.table):,} places", self._span(), f"n = {self.counts.rows_used:,} {self.noun}"),
            xlabel="in time", ylabel="in space", source=self.source,
        )  # fmt: skip
        return ax.figure.figure  # type: ignore[union-attr,return-value]


def kinds_in_words(first_words: Iterable[str]) -> str:
    """Return "3 addresses, 1 stretch" for the first words of names."""
    n = Counter(first_words)
    return ", ".join(f"{n[word]:,} {KINDS[word][int(n[word] != 1)]}" for word in KINDS if n[word])


def _kinds(table: pd.DataFrame) -> list[str]:
    return kinds_in_words(name.split(" ", 1)[0] for name in table["name"]).split(", ")


def _draw_kind(ax: Axes, kind: str, rows: Any, look: dict[str, Any]) -> None:
    from sara.plot import maps

    if kind == "area":
        maps.compound(ax, list(rows.geometry), zorder=2, **look)
    elif kind == "line":
        maps.outlines(ax, list(rows.geometry), color=look["color"], fill=look["color"], linewidth=2.0, zorder=5)
    else:
        shapes = _public_shapes(rows)
        maps.outlines(ax, shapes, color=look["color"], fill=SOMEWHERE, linewidth=0.6, zorder=4.5)
        centres = shapely.centroid(np.array(shapes, dtype=object))
        maps.points(ax, shapely.get_x(centres), shapely.get_y(centres), color=look["color"], size=30, zorder=6)


def _public_shapes(rows: Any) -> list[Any]:
    """Return where places are shown: a house as the square it lies in, as a point in public; corners, stretches and areas where they are."""
    out = []
    for name, kind, shape in zip(rows["name"], rows["kind"], rows.geometry, strict=True):
        if kind != "dot" or name.startswith("Corner") or shape.is_empty:
            out.append(shape)
            continue
        x, y = (math.floor(v / SQUARE_METRES) * SQUARE_METRES for v in (shape.centroid.x, shape.centroid.y))
        out.append(shapely.box(x, y, x + SQUARE_METRES, y + SQUARE_METRES))
    return out


def _draw_matrix(ax: Axes, table: Any) -> None:
    from sara.plot.style import INK, MUTED

    shades = ("#FFFFFF", "#F0F0EE", "#E1E1DD", "#D2D2CC", "#C3C3BC")
    for i, spatial in enumerate(SPATIAL):
        for j, temporal in enumerate(TEMPORAL):
            ax.fill_between([j, j + 1], i, i + 1, facecolor=shades[i + j], edgecolor=MUTED, linewidth=0.8)
            here = table[((table["spatial"] == spatial) & (table["temporal"] == temporal)).to_numpy(dtype=bool)]
            lines = [_short(name) for name in here["name"].head(IN_CELL)]
            if len(here) > IN_CELL:
                lines.append(f"and {len(here) - IN_CELL:,} more")
            ax.text(
                j + 0.03,
                i + 0.95,
                "\n".join(lines) or "none",
                fontsize=7.5,
                color=INK if lines else MUTED,
                va="top",
                ha="left",
                linespacing=1.35,
            )
    ax.set_xlim(0, 3)
    ax.set_ylim(0, 3)
    ax.set_xticks([0.5, 1.5, 2.5], [f"{t}" for t in TEMPORAL])
    ax.set_yticks([0.5, 1.5, 2.5], list(SPATIAL), rotation=90, va="center")
    ax.tick_params(length=0)
    ax.grid(False)


def _short(name: str) -> str:
    return textwrap.shorten(name.replace(" near ", ", ").replace(" block of ", " "), 44, placeholder=" ...")
