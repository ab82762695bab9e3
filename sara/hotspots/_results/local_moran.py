"""What local Moran answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sara.core.wording import percent
from sara.hotspots._result import HotspotResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["LocalMoranResult"]

# Where each kind stands in the colour ramp from blue (0) to red (1), strongest contrast for cells that are like their neighbours.
TONES = {"high-high": 0.97, "high-low": 0.75, "low-high": 0.25, "low-low": 0.03}
WORDS = {
    "high-high": "high among high", "high-low": "high among low", "low-high": "low among high", "low-low": "low among low",
}  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class LocalMoranResult(HotspotResult):
    """Which cells are like their neighbours, high or low, and which unlike them."""

    title: ClassVar[str] = "Is it part of something larger?"

    def _text(self) -> str:
        sure = self.table[self.table["is_significant"]]
        held, n = sure["quadrant"].value_counts(), len(self.table)
        many, one = ("cells", "cell") if self.layout is not None else ("areas", "area")
        told = [f"{int(held[k]):,} high among {k.split('-')[1]}" for k in ("high-high", "high-low") if k in held]
        told += [f"{int(held[k]):,} low among {k.split('-')[1]}" for k in ("low-low", "low-high") if k in held]
        if not told:
            return (
                f"From {self._span()}, {many} are no more like or unlike their neighbors than chance would make them: none of {n:,} {many} stands out. "
                f"That says nothing about how full a single {one} is."
            )
        first = f"From {self._span()}, {len(sure):,} of {n:,} {many} have neighbors with more or fewer {self.noun} than chance would give: {_and(told)}."
        if self.areas.empty:
            return first
        top, high = self.areas.iloc[0], sure[sure["quadrant"] == "high-high"]
        share = int(high["n"].sum()) / max(1, int(self.table["n"].sum()))
        return (
            f"{first} High among high hold {percent(share)} of the {self.noun} on {percent(len(high) / n)} of the {many}; {top['name']} has the most, "
            f"{top['n']:,} {self.noun}."
        )

    def _paint(self, ax: Axes, side: float) -> str:
        from matplotlib import colormaps

        from sara.hotspots._maps.draw import FAINT, list_areas, paint_cells
        from sara.plot import maps
        from sara.plot.classes import LESS
        from sara.plot.shapes import hatch
        from sara.plot.style import DIVERGING

        table = self.table
        kind = np.where(table["is_significant"], table["quadrant"], "")
        rest = (kind == "") & (table["n"].to_numpy() > 0)
        paint_cells(ax, self, table[rest], [FAINT] * int(rest.sum()))
        entries = []
        for name, tone in TONES.items():
            these = kind == name
            if not these.any():
                continue
            color = colormaps[DIVERGING](tone)
            paint_cells(ax, self, table[these], [color] * int(these.sum()), zorder=2)
            low = name.startswith("low")
            entries.append(({"facecolor": color, "hatch": LESS, "hatchcolor": "white"} if low else color, WORDS[name]))
        # A fine hatch tells low from high in a grey print.
        hatch(ax, list(table.geometry[np.char.startswith(kind.astype(str), "low")]), mark=LESS, color="white", zorder=2.5)
        maps.key(ax, [*entries, (FAINT, "some, no pattern"), (maps.LAND, "none")], title=f"{self.noun}, and around", side=side)
        list_areas(ax, self, title="High among high", side=side)
        return f"{_places(self)} whose neighbors hold more or fewer {self.noun} than chance would give"


def _places(result: HotspotResult) -> str:
    if result.layout is None:
        return "areas"
    return f"{'cells' if result.layout.get('shape', 'square') == 'square' else 'hexagons'} of {result.layout['cell_size']:g} m"


def _and(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
