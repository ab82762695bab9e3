"""What Gi* answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from sara.core.wording import percent
from sara.hotspots._result import HotspotResult, figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["GiStarResult"]

# A place with this many times the mean is full, whatever lies around it.
FULL = 10
# The classes of the field's maps: surest last.
LEVELS = (0.90, 0.95, 0.99)
# How far from the middle of the colour ramp each stands, to either side.
TONES = (0.2, 0.34, 0.48)


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class GiStarResult(HotspotResult):
    """Which cells have more around them than chance would give."""

    title: ClassVar[str] = "Where is it unusually high?"
    score: ClassVar[str | None] = "z"

    def _text(self) -> str:
        n_hot, n_cold, n = int(self.table["is_hot"].sum()), int(self.table["is_cold"].sum()), len(self.table)
        many, one = ("cells", "cell") if self.layout is not None else ("areas", "area")
        fewer = f" {n_cold:,} {many if n_cold > 1 else one} {'have' if n_cold > 1 else 'has'} fewer." if n_cold else ""
        if n_hot == 0:
            correction = "" if self.settings["p_adjusted"].value == "none" else " after correction for so many tests"
            return (
                f"From {self._span()}, full {many} do not lie together more than chance would bring about: none of the {n:,} {many} stands "
                f"out{correction}.{self._fullest(one)}{fewer}"
            )
        held = int(self.table.loc[self.table["is_hot"], "n"].sum()) / max(1, int(self.table["n"].sum()))
        first = (
            f"From {self._span()}, {n_hot:,} of {n:,} {many} have more {self.noun} in and around them than an even chance would give; they "
            f"{{places}}hold {percent(held)} of the {self.noun} on {percent(n_hot / n)} of the {many}."
        )
        if self.areas.empty:
            return first.format(places="") + fewer
        top, before = self._first()
        places = "one area" if len(self.areas) == 1 else f"{len(self.areas):,} areas"
        more = f", {top['excess']:,.0f} more than as many average cells" if "weights" not in self.settings else ""
        if self.layout is None:
            more = f", {top['excess']:,.0f} more than the average area" if more else ""
        return (
            first.format(places=f"form {places} and " if self.layout is not None else "")
            + f"{before} {top['name']} has the most: {top['n']:,} {self.noun}{more}.{fewer}"
        )

    def _fullest(self, one: str) -> str:
        """Say that a test of neighbourhoods is no test of a single place: the fullest may well be worth a look."""
        values = self.table["n"].to_numpy()
        if values.max(initial=0) < FULL * max(1.0, values.mean()):
            return ""
        return (
            f" That is not to say that none is full: the fullest {one} alone holds {values.max():,} {self.noun}, where the mean is "
            f"{figures(float(values.mean()))}; hot_places and clusters look for those."
        )

    def _paint(self, ax: Axes, side: float) -> str:
        from matplotlib import colormaps

        from sara.hotspots._maps.draw import FAINT, list_areas, paint_cells
        from sara.plot import maps
        from sara.plot.classes import LESS
        from sara.plot.shapes import hatch
        from sara.plot.style import DIVERGING

        table, levels = self.table, self._levels()
        level = _level_of(table["p_adjusted"].to_numpy(dtype=float), levels)
        sign = np.where(level >= 0, np.sign(table["z"].to_numpy(dtype=float)), 0)
        rest = (sign == 0) & (table["n"].to_numpy() > 0)
        paint_cells(ax, self, table[rest], [FAINT] * int(rest.sum()))
        ramp, entries = colormaps[DIVERGING], []
        for word, way in (("hot", 1), ("cold", -1)):
            for k in reversed(range(len(levels))) if way > 0 else range(len(levels)):
                these = (level == k) & (sign == way)
                if not these.any():
                    continue
                color = ramp(0.5 + way * TONES[k + len(TONES) - len(levels)])
                paint_cells(ax, self, table[these], [color] * int(these.sum()), zorder=2)
                look = color if way > 0 else {"facecolor": color, "hatch": LESS, "hatchcolor": "white"}
                entries.append((look, f"{word}, p up to {1 - levels[k]:.2g}"))
        # A fine hatch tells less from more in a grey print.
        hatch(ax, list(table.geometry[sign < 0]), mark=LESS, color="white", zorder=2.5)
        tested = "adjusted p" if self.settings["p_adjusted"].value != "none" else "p"
        maps.key(
            ax,
            [*entries, (FAINT, "some, no more than chance"), (maps.LAND, "none")],
            title=f"{self.noun} around: {tested}",
            side=side,
        )
        cells = self.layout is not None
        list_areas(ax, self, title="Most above an average cell" if cells else "Most above the average area", side=side)
        return f"{self._many()} with more {self.noun} around them than chance would give"

    def _levels(self) -> tuple[float, ...]:
        """Return the levels that the map tells apart: those of the field where the user's own is one of them."""
        confidence = float(self.settings["confidence"].value)
        return LEVELS if confidence in LEVELS else (confidence, *(level for level in LEVELS if level > confidence))[: len(LEVELS)]

    def _many(self) -> str:
        """Return what the places are called."""
        if self.layout is None:
            return "areas"
        return f"{'cells' if self.layout.get('shape', 'square') == 'square' else 'hexagons'} of {self.layout['cell_size']:g} m"


def _level_of(p: npt.NDArray[np.float64], levels: tuple[float, ...]) -> npt.NDArray[np.int64]:
    """Return the highest level at which each place stands out, -1 for none."""
    with np.errstate(invalid="ignore"):
        return np.sum([p <= 1 - level + 1e-12 for level in levels], axis=0) - 1
