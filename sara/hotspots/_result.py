"""What a map answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from sara.core.grid import cells_frame
from sara.core.result import Result, Setting
from sara.core.wording import percent, period_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sara.hotspots._area import Selected

__all__ = ["HotspotResult"]

TITLES = {
    "count": "Where is most of it?",
    "gi_star": "Where is it unusually high?",
    "clusters": "Where does it crowd together?",
}


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class HotspotResult(Result):
    """Where: every cell of the study area, or clusters, and the areas to look at.

    Parameters
    ----------
    table : GeoDataFrame
        One row per cell (`count`, `gi_star`) or per cluster (`clusters`); the columns are in the docstring of each.
    areas : GeoDataFrame
        ``name``, ``n`` (events), ``excess`` (events more than an even spread would give), ``p_adjusted`` (missing where no test was made),
        ``km2`` (inside the study area), ``geometry``; largest excess first. ``attrs["sara"]["period"]`` is the period that chose them.
    area : shapely geometry
        The study area, in metres.
    method : str
        ``"count"``, ``"gi_star"`` or ``"clusters"``.
    period : (Timestamp, Timestamp)
        First moment, and the one after the last.
    noun : str
        What the rows are called.
    source : str
        The source line of the figure.
    layout : dict or None
        Where the cells lie; None for clusters.
    """

    areas: gpd.GeoDataFrame
    area: BaseGeometry
    method: str
    period: tuple[pd.Timestamp, pd.Timestamp]
    noun: str = "events"
    source: str = ""
    layout: dict[str, Any] | None = None

    question: ClassVar[str] = "Where is it?"
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
    ) -> Self:
        """Build a result from the rows a method used."""
        cautions = (*_default_cautions(areas, chosen), *cautions)
        return cls(
            table=table, areas=areas, area=chosen.area, method=method, period=chosen.period, noun=chosen.noun, source=chosen.rows.source,
            layout=None if chosen.grid is None else chosen.grid.layout(), settings=settings, counts=chosen.counts, cautions=cautions,
        )  # fmt: skip

    @property
    def grid(self) -> gpd.GeoDataFrame | None:
        """Every cell of the study area, empty ones too, with its layout; None for clusters, which have no cells."""
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
        return {"count": self._text_count, "gi_star": self._text_gi_star, "clusters": self._text_clusters}[self.method]()

    def plot(
        self, *, ax: Axes | None = None, areas: gpd.GeoDataFrame | None = None, streets: gpd.GeoDataFrame | None = None
    ) -> Axes:
        """Draw the map on one Axes and return it.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new one if not given.
        areas, streets : GeoDataFrame, optional
            Outlines and streets to draw lightly below; any coordinate system.

        Returns
        -------
        Axes
            The map.
        """
        from sara.hotspots._draw import draw

        return draw(self, ax=ax, areas=areas, streets=streets)

    def _span(self) -> str:
        return period_words(*self.period)

    def _text_count(self) -> str:
        values = np.sort(self.table["n"].to_numpy())[::-1]
        total = int(values.sum())
        half = int(np.searchsorted(np.cumsum(values), total / 2)) + 1
        size = self.layout["cell_size"] if self.layout else 0
        first = (
            f"From {self._span()}, half of {total:,} {self.noun} lie in {half:,} of the {len(values):,} cells of {size:g} m "
            f"({percent(half / len(values))} of the study area); the busiest cell has {values[0]:,}."
        )
        if self.areas.empty or "weights" in self.settings:
            return first
        top = self.areas.iloc[0]
        return f"{first} {top['name']} stands out most, with {top['n']:,} on {top['km2']:.2g} km2."

    def _text_gi_star(self) -> str:
        n_hot, n = int(self.table["is_hot"].sum()), len(self.table)
        if n_hot == 0:
            return (
                f"From {self._span()}, no cell has more {self.noun} around it than chance would give: "
                f"none of the {n:,} cells stands out after correction for so many tests."
            )
        held = int(self.table.loc[self.table["is_hot"], "n"].sum()) / max(1, int(self.table["n"].sum()))
        top = self.areas.iloc[0]
        places = "one area" if len(self.areas) == 1 else f"{len(self.areas):,} areas"
        return (
            f"From {self._span()}, {n_hot:,} of {n:,} cells have more {self.noun} in and around them than an even chance would give; they form "
            f"{places} and hold {percent(held)} of the {self.noun} on {percent(n_hot / n)} of the cells. {top['name']} has the most: "
            f"{top['n']:,} {self.noun}, {top['excess']:,.0f} more than as many average cells."
        )

    def _text_clusters(self) -> str:
        if self.areas.empty:
            return (
                f"From {self._span()}, {self.counts.rows_used:,} {self.noun} form no cluster: nowhere do enough of them "
                f"({self.settings['min_events'].value:,.4g}) lie within {self.settings['eps'].value:g} m of each other."
            )
        held, km2 = int(self.areas["n"].sum()), float(self.areas["km2"].sum())
        top, n = self.areas.iloc[0], len(self.areas)
        unit = f" ({self.settings['weights'].value})" if "weights" in self.settings else ""
        return (
            f"From {self._span()}, {n:,} {'cluster holds' if n == 1 else 'clusters hold'} {percent(held / self.counts.rows_used)} of "
            f"{self.counts.rows_used:,} {self.noun} on {percent(km2 / (self.area.area / 1e6))} of the study area ({km2:.2g} km2). {top['name']} has "
            f"the largest excess: {top['n']:,} {self.noun} on {top['km2']:.2g} km2, {top['excess']:,.0f}{unit} more than an even spread would put there."
        )

    def _field_values(self) -> dict[str, Any]:
        values = super()._field_values()
        if self.layout is not None:
            # Squares are drawn again from row and column: a tenth of the size, and the same to the last digit.
            values["table"] = pd.DataFrame(self.table.drop(columns="geometry"))
            values["layout"] = {**self.layout, "crs": self.table.crs.to_wkt() if self.table.crs is not None else None}
        return values

    @classmethod
    def _from_fields(cls, values: dict[str, Any]) -> Self:
        layout = values.get("layout")
        if layout is not None:
            layout = dict(layout)
            crs, table = layout.pop("crs"), values["table"]
            row, column = table["row"].to_numpy(), table["column"].to_numpy()
            squares = cells_frame(row, column, x0=layout["x0"], y0=layout["y0"], cell_size=layout["cell_size"], crs=crs)
            values = {**values, "layout": layout, "table": gpd.GeoDataFrame(table, geometry=squares.geometry, crs=crs)}
        return cls(**values)


def _default_cautions(areas: gpd.GeoDataFrame, chosen: Selected) -> tuple[str, ...]:
    """Name the areas that hold an address which stands for "we do not know where"; the file's record knows of it."""
    told = []
    for x, y, n in chosen.rows.record.get("default_points", []):
        held = areas["name"][areas.geometry.intersects(Point(x, y))]
        told += [
            f"{name} holds a point at which {n:,} rows of the file lie, of every kind or of many addresses: likely a default address and no hot spot. "
            "See sara.audit(events).default_points"
            for name in held
        ]
    return tuple(told)
