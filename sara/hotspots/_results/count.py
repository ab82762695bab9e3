"""What a count answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sara.core.wording import km2_words, percent
from sara.hotspots._result import HotspotResult, figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CountResult"]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class CountResult(HotspotResult):
    """How many events each cell, named area or street holds.

    Parameters
    ----------
    unit : {"cell", "area", "street"}
        What was counted by.
    """

    title: ClassVar[str] = "Where is most of it?"
    score: ClassVar[str | None] = "n"

    unit: str = "cell"

    def _text(self) -> str:
        values = np.sort(self.table["n"].to_numpy())[::-1]
        total = int(values.sum())
        half = int(np.searchsorted(np.cumsum(values), total / 2)) + 1
        if self.unit == "street":
            return self._text_streets(total, half)
        if self.unit == "area":
            return self._text_areas(total, half)
        size = self.layout["cell_size"] if self.layout else 0
        shape = (self.layout or {}).get("shape", "square")
        first = (
            f"From {self._span()}, half of {total:,} {self.noun} lie in {half:,} of the {len(values):,} {'cells' if shape == 'square' else 'hexagons'} "
            f"of {size:g} m ({percent(half / len(values))} of the study area); the busiest cell has {values[0]:,}."
        )
        if self.areas.empty or "weights" in self.settings:
            return first
        top, before = self._first()
        return f"{first}{before} {top['name']} stands out most, with {top['n']:,} on {km2_words(top['km2'])}."

    def _text_areas(self, total: int, half: int) -> str:
        table = self.table
        order = np.lexsort((table["name"].astype(str), -table["n"]))
        held = float(table["km2"].iloc[order[:half]].sum() / table["km2"].sum())
        first = f"From {self._span()}, half of {total:,} {self.noun} lie in {half:,} of the {len(table):,} areas ({percent(held)} of their surface)."
        if self.areas.attrs.get("sara", {}).get("calls_for_help"):
            return f"{first} The busiest has {int(table['n'].max()):,}."
        most, dense = table.iloc[order[0]], table.iloc[np.lexsort((table["name"].astype(str), -table["per_km2"]))[0]]
        also = "also the most for its size" if most["name"] == dense["name"] else f"{dense['name']} the most for its size"
        return f"{first} {most['name']} has the most ({most['n']:,}), {also} ({figures(dense['per_km2'])} a km2)."

    def _text_streets(self, total: int, half: int) -> str:
        table = self.table
        crossing = table["kind"] == "intersection"
        at = int(table.loc[crossing, "n"].sum())
        busiest = int(table["n"].max())
        return (
            f"From {self._span()}, half of {total:,} {self.noun} lie on {half:,} of {len(table):,} street pieces and intersections "
            f"({percent(half / len(table))}); the busiest has {busiest:,}. {percent(at / total)} lie at intersections, which belong to no street."
        )

    def _paint(self, ax: Axes, side: float) -> str:
        from sara.hotspots._maps.draw import cell_words, paint_classes, paint_streets, three_digits

        column = "weight" if "weight" in self.table.columns else "n"
        what = str(self.settings["weights"].value) if column == "weight" else self.noun
        if self.unit == "street":
            paint_streets(ax, self, self.table[column], title=f"{what} per piece", side=side)
            return f"{what} per street piece (line) and intersection (dot)"
        if self.unit == "area" and column == "n":
            paint_classes(ax, self, three_digits(self.table["per_km2"]), title=f"{what} a km2", side=side)
            return f"{what} a km2, by area"
        paint_classes(ax, self, self.table[column], title=f"{what} per {'area' if self.unit == 'area' else 'cell'}", side=side)
        return f"{what} per {cell_words(self)}"
