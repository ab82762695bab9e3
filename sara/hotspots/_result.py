"""What a map answers with."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import geopandas as gpd
import pandas as pd
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from sara.core.grid import cells_of
from sara.core.registry import kind_named
from sara.core.result import Result, Setting
from sara.core.wording import period_words
from sara.hotspots._ground.areas import HELP_EVENTS, HELP_PLACES, HELP_SQUARE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sara.hotspots._ground.area import Selected
    from sara.plot.interactive import InteractiveMap

__all__ = ["HotspotResult", "figures"]

FIRST_KINDS = {"count": "CountResult", "gi_star": "GiStarResult", "clusters": "ClustersResult"}

# Default addresses told one by one; a county's file can have dozens.
DEFAULTS_TOLD = 3


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class HotspotResult(Result):
    """Where: every cell of the study area, or clusters, and the areas to look at. Each method has a subclass that says and draws its own.

    Parameters
    ----------
    table : GeoDataFrame
        One row per cell, named area, street or cluster; the columns are in the docstring of each method.
    areas : GeoDataFrame
        ``name``, ``n`` (events), ``excess`` (events more than an even spread would give), ``p_adjusted`` (missing where no test was made),
        ``km2`` (inside the study area), ``geometry``; largest excess first. ``attrs["sara"]["period"]`` is the period that chose them.
    area : shapely geometry
        The study area, in metres.
    method : str
        The function that made it.
    period : (Timestamp, Timestamp)
        First moment, and the one after the last.
    noun : str
        What the rows are called.
    source : str
        The source line of the figure.
    layout : dict or None
        Where the cells lie; None where there are none (clusters, named areas, streets).
    """

    areas: gpd.GeoDataFrame
    area: BaseGeometry
    method: str
    period: tuple[pd.Timestamp, pd.Timestamp]
    noun: str = "events"
    source: str = ""
    layout: dict[str, Any] | None = None

    question: ClassVar[str] = "Where is it?"
    # The question of this method, over its map.
    title: ClassVar[str] = "Where is it?"
    # The column of `table` by which `accuracy` ranks the cells, largest first; None where the areas are the ranking.
    score: ClassVar[str | None] = None
    count_columns: ClassVar[tuple[str, ...]] = ("n",)

    @classmethod
    def of(
        cls,
        chosen: Selected,
        *,
        table: gpd.GeoDataFrame,
        areas: gpd.GeoDataFrame,
        method: str,
        settings: dict[str, Setting],
        cautions: tuple[str, ...],
        **fields: Any,
    ) -> Self:
        """Build a result from the rows a method used; `fields` are those of the subclass."""
        areas.attrs["sara"] = {**areas.attrs.get("sara", {}), "default_areas": [name for name, _ in _at_default(areas, chosen)]}
        cautions = (*_default_cautions(areas, chosen), *_help_cautions(areas), *cautions)
        return cls(
            table=table, areas=areas, area=chosen.area, method=method, period=chosen.period, noun=chosen.noun, source=chosen.rows.source,
            layout=None if chosen.grid is None else chosen.grid.layout(), settings=settings, counts=chosen.counts, cautions=cautions, **fields,
        )  # fmt: skip

    @property
    def grid(self) -> gpd.GeoDataFrame | None:
        """Every cell of the study area, empty ones too, with its layout; None where there are no cells."""
        if self.layout is None:
            return None
        out = self.table.copy()
        start, end = self.period
        record = {"grid": {**self.layout, "area": self.area.wkt}, "period": [start.isoformat(), end.isoformat()]}
        out.attrs["sara"] = record
        return out

    @property
    def text(self) -> str:
        """The finding in two or three sentences."""
        return self._text()

    @property
    def alt_text(self) -> str:
        """What the map shows, for a reader who cannot see it."""
        return f"Map: {self.title} {self.text}"

    @abstractmethod
    def _text(self) -> str:
        """Say the finding of this method."""

    @abstractmethod
    def _paint(self, ax: Axes, side: float) -> str:
        """Draw the map of this method, with words from x = `side` on; return its unit in words."""

    def plot(
        self, *, ax: Axes | None = None, areas: gpd.GeoDataFrame | None = None, streets: gpd.GeoDataFrame | None = None,
        breaks: Any = None, suppress: int | None = None, zoom: Any = False,
    ) -> Axes:  # fmt: skip
        """Draw the map on one Axes and return it.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new one if not given.
        areas, streets : GeoDataFrame, optional
            Outlines (with their ``name`` where it fits) and streets to draw lightly below; any coordinate system.
        breaks : list of float or HotspotResult, optional
            Lower ends of the classes, or another result whose classes are taken: the same colours then mean the same in both maps. Chosen
            from the values if not given.
        suppress : int, optional
            Hatch places with fewer events than this, and do not say how many: ``suppress=10`` before a map is published.
        zoom : bool or GeoDataFrame
            Show only the surroundings of the first area (True), or of these places, with a small map of where in the city that is: on a map
            of all of a big city, a hot street corner is a dot.

        Returns
        -------
        Axes
            The map.
        """
        from sara.hotspots._maps.draw import draw

        return draw(self, ax=ax, areas=areas, streets=streets, breaks=breaks, suppress=suppress, zoom=zoom)

    def explore(
        self, *, areas: gpd.GeoDataFrame | None = None, streets: gpd.GeoDataFrame | None = None, breaks: Any = None,
        suppress: int | None = None,
    ) -> InteractiveMap:  # fmt: skip
        """Return the map as one to move and to ask: a click on a place tells what is known of it.

        Parameters
        ----------
        areas, streets : GeoDataFrame, optional
            Outlines, with their ``name`` where it fits, and streets to draw below; any coordinate system. They are the base map: none is
            fetched from anywhere.
        breaks : list of float or HotspotResult, optional
            Classes, as in `plot`.
        suppress : int, optional
            Hatch places with fewer events than this, and do not say how many; of single cells no number is then told.

        Returns
        -------
        InteractiveMap
            Shows itself in a notebook; ``.save(path)`` writes one page that works without a network.
        """
        from sara.hotspots._maps.explore import explore

        return explore(self, areas=areas, streets=streets, breaks=breaks, suppress=suppress)

    def _first(self) -> tuple[pd.Series, str]:
        """Return the first area that holds no default point, and words on the one before it that does."""
        held = self.areas.attrs.get("sara", {}).get("default_areas", [])
        real = self.areas[~self.areas["name"].isin(held)]
        top = self.areas.iloc[0]
        if real.empty or str(top["name"]) not in held:
            return top, ""
        return real.iloc[
            0
        ], f" {top['name']} ({top['n']:,}) holds a default address of the file and may be no place at all; of the others,"

    def _span(self) -> str:
        return period_words(*self.period)

    def _field_values(self) -> dict[str, Any]:
        values = super()._field_values()
        if self.layout is not None:
            # Cells are drawn again from row and column: a tenth of the size, and the same to the last digit.
            values["table"] = pd.DataFrame(self.table.drop(columns="geometry"))
            values["layout"] = {**self.layout, "crs": self.table.crs.to_wkt() if self.table.crs is not None else None}
        return values

    @classmethod
    def _from_fields(cls, values: dict[str, Any]) -> Self:
        if cls is HotspotResult:
            # Records of the first version named no kind of map: the method does.
            return cast("type[Self]", kind_named(FIRST_KINDS[values["method"]]))._from_fields(values)
        layout = values.get("layout")
        if layout is not None:
            layout = dict(layout)
            crs, table = layout.pop("crs"), values["table"]
            cells = cells_of(layout, table["row"].to_numpy(), table["column"].to_numpy(), crs=crs)
            values = {**values, "layout": layout, "table": gpd.GeoDataFrame(table, geometry=cells.geometry, crs=crs)}
        return cls(**values)


def figures(value: float) -> str:
    """Return a number with about three figures, and without an exponent.

    Examples
    --------
    >>> figures(2160.7), figures(0.01234), figures(12.345)
    ('2,161', '0.0123', '12.3')
    """
    return f"{value:,.0f}" if abs(value) >= 100 or value == 0 else f"{value:.3g}"


def _at_default(areas: gpd.GeoDataFrame, chosen: Selected) -> list[tuple[str, int]]:
    """Return the areas that hold a default point, and its rows."""
    return [
        (str(name), n)
        for x, y, n in chosen.rows.record.get("default_points", [])
        for name in areas["name"][areas.geometry.intersects(Point(x, y))]
    ]


def _default_cautions(areas: gpd.GeoDataFrame, chosen: Selected) -> tuple[str, ...]:
    """Name the areas that hold an address which stands for "we do not know where"; the file's record knows of it."""
    found = _at_default(areas, chosen)
    told = [
        f"{name} holds a point at which {n:,} rows of the file lie, of every kind or of many addresses: likely a default address and no hot spot. "
        "See sara.audit(events).default_points"
        for name, n in found[:DEFAULTS_TOLD]
    ]
    rest = list(dict.fromkeys(name for name, _ in found[DEFAULTS_TOLD:]))
    if rest:
        told.append(
            f"{len(rest):,} more hold such points, with fewer rows: {', '.join(name.split(' near ')[0].split(' in ')[0] for name in rest[:8])}"
            f"{' ...' if len(rest) > 8 else ''}."
        )
    return tuple(told)


def _help_cautions(areas: gpd.GeoDataFrame) -> tuple[str, ...]:
    """Say what was done so that no outline of calls for help is a home."""
    record = areas.attrs.get("sara", {})
    told = []
    small = int(record.get("too_small", 0))
    if small:
        told.append(
            f"Most rows are calls for help: {small:,} {'area' if small == 1 else 'areas'} with fewer than {HELP_EVENTS} of them, or at fewer than "
            f"{HELP_PLACES} different places, or half of them at one, {'is' if small == 1 else 'are'} left out, as such an outline could be a home."
        )
    if record.get("on_squares") and len(areas):
        told.append(
            f"Most rows are calls for help: the outlines are laid on squares of {HELP_SQUARE:g} m, so that none points to a house. `n` is what the "
            "method counted before."
        )
    return tuple(told)
