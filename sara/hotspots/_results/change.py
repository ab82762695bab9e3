"""What two periods compared answer with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from sara.core.wording import period_words
from sara.hotspots._result import HotspotResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ChangeResult"]

LEAST_BASE = 20
# Dots over places of which too little is known: lighter than what is known.
DOTS = "#BDBDBD"


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class ChangeResult(HotspotResult):
    """Which places changed between two periods, and more than the city did.

    Parameters
    ----------
    before, after : (Timestamp, Timestamp)
        The two periods, half-open.
    days_before, days_after : float
        How many days of each the file tells about.
    similarity : float
        Share of places with any event whose share of the city did not change significantly.
    """

    before: tuple[pd.Timestamp, pd.Timestamp]
    after: tuple[pd.Timestamp, pd.Timestamp]
    days_before: float
    days_after: float
    similarity: float

    question: ClassVar[str] = "Where has it changed?"
    title: ClassVar[str] = "Where has it changed?"
    score: ClassVar[str | None] = "difference"
    count_columns: ClassVar[tuple[str, ...]] = ("n", "before", "after")

    def _text(self) -> str:
        table = self.table
        many = "cells" if self.layout is not None else "areas"
        before, after = int(table["before"].sum()), int(table["after"].sum())
        rate = after / max(before, 1) * self.days_before / self.days_after
        # What would be told as 0 % is no change: years differ by a leap day.
        same = abs(rate - 1) < 0.005
        stayed = "stayed the same" if abs(self.days_before / self.days_after - 1) < 0.02 else "stayed the same by the day"
        way = stayed if same else "rose" if rate > 1 else "fell"
        by = f" by {abs(rate - 1):.0%} a day".replace("%", " %") if before >= LEAST_BASE and not same else ""
        counts = f"{before:,} and {after:,}" if same else f"from {before:,} to {after:,}"
        total = f"From {period_words(*self.after)}, against {period_words(*self.before)}, {self.noun} {way}{by}, {counts}."
        up, down = table[table["is_up"]], table[table["is_down"]]
        few = int((table["too_few"] & (table["n"] > 0)).sum())
        rest = f" {few:,} {many} hold too few {self.noun} to tell." if few else ""
        if table["too_few"].all():
            return f"{total} None of {len(table):,} {many} holds enough {self.noun} to be tested: larger ones, or longer periods, could tell."
        if len(up) + len(down) == 0:
            return f"{total} None of {len(table):,} {many} changed more than the city did and more than {many} here usually do.{rest}"
        found = f" Of {len(table):,} {many}, {len(up):,} rose and {len(down):,} fell, each more than the city did and more than {many} here usually do."
        top = ""
        if len(self.areas):
            first = self.areas.iloc[0]
            top = f" {first['name']} rose most: {first['n']:,} {self.noun} after, {first['excess']:,.0f} more than had it gone with the city."
        return f"{total}{found}{top}{rest}"

    def _paint(self, ax: Axes, side: float) -> str:
        from sara.hotspots._maps.draw import cell_words, list_areas
        from sara.plot import maps
        from sara.plot.classes import diverging
        from sara.plot.style import INK

        table = self.table
        value = (table["after"] - table["expected"]).to_numpy(dtype=float)
        few, some = table["too_few"].to_numpy(), (table["n"] > 0).to_numpy()
        called = (table["is_up"] | table["is_down"]).to_numpy()
        quiet = some & ~few & ~called
        shapes = table.geometry.to_numpy()
        by = diverging(value[~few], breaks=_breaks(value[some & ~few]))
        # What is within chance stays pale: only what was found carries the picture.
        pale = [_pale(color) for color in by.colors]
        maps.polygons(ax, shapes[quiet], [pale[g] for g in by.group(value[quiet])], edge=None if self.layout else "white")
        maps.fill(ax, shapes[called], value[called], by, zorder=2)
        maps.outlines(ax, list(shapes[called]), color=INK, linewidth=1.1)
        maps.hatch(ax, shapes[some & few], mark="....", color=DOTS, zorder=1)
        used = np.unique(by.group(value[called]))
        entries: list[tuple[Any, str]] = [by.entries()[k] for k in used[::-1]]
        words = dict.fromkeys(by.group(value[quiet])[np.argsort(-value[quiet], kind="stable")].tolist())
        entries += [
            (pale[k], f"{by.labels[k]}, within the usual" if by.labels[k] != "about the same" else by.labels[k]) for k in words
        ]
        if (some & few).any():
            entries.append(({**maps.UNKNOWN, "hatchcolor": DOTS}, "too few to tell"))
        maps.key(ax, entries, title=f"{self.noun} above or below\nthe city's own change", side=side)
        list_areas(ax, self, title="Rose most", side=side)
        cells = cell_words(self).replace(" of", "s of", 1) if self.layout is not None else "areas"
        return f"{self.noun} in {cells}, from {self.after[0]:%Y-%m-%d} on against before {self.before[1]:%Y-%m-%d}"


def _breaks(value: np.ndarray) -> list[float]:
    """Return one to three round numbers between a usual difference and the largest."""
    from sara.plot.classes import nice

    size = np.abs(value[np.isfinite(value)])
    if len(size) == 0 or size.max() < 1:
        return [1.0]
    return sorted({max(1.0, nice(float(np.quantile(size, q)))) for q in (0.5, 0.9, 0.99) if np.quantile(size, q) > 0})


def _pale(color: Any) -> tuple[float, float, float]:
    red, green, blue = (0.35 * c + 0.65 for c in color[:3])
    return red, green, blue
