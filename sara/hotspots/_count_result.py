"""What a count answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sara.core.wording import percent
from sara.hotspots._result import HotspotResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CountResult"]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class CountResult(HotspotResult):
    """How many events each cell holds."""

    title: ClassVar[str] = "Where is most of it?"
    score: ClassVar[str | None] = "n"

    def _text(self) -> str:
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

    def _paint(self, ax: Axes, side: float) -> str:
        from sara.hotspots._draw import cell_words, paint_classes

        column = "weight" if "weight" in self.table.columns else "n"
        what = str(self.settings["weights"].value) if column == "weight" else self.noun
        paint_classes(ax, self, self.table[column], title=f"{what} per cell", side=side)
        return f"{what} per {cell_words(self)}"
