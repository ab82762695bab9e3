"""What the patterns of hot and cold over time answer with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from sara.core.wording import percent
from sara.hotspots._over_time.patterns import KINDS, PATTERNS
from sara.hotspots._result import HotspotResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["EmergingResult"]

# Face, and hatch with its colour: the longer hot, the darker; patterns that come and go are hatched, what is over is hollow. Dark reds and
# dark blues are alike in grey: cold spots carry a fine white hatch besides.
HOT = {
    "new": ("#FFE34D", "", None), "consecutive": ("#FDB44B", "", None), "intensifying": ("#5A0016", "", None), "persistent": ("#B2182B", "", None),
    "diminishing": ("#E0796A", "", None), "sporadic": ("#F9C9B6", "....", "#B2182B"), "oscillating": ("#F9C9B6", "xxxx", "#B2182B"),
    "historical": ("#FFFFFF", "|||||", "#B2182B"),
}  # fmt: skip
LESS = "\\\\\\\\\\\\"
COLD = {
    "new": ("#B9F2F0", "", None), "consecutive": ("#7FCDEB", "", None), "intensifying": ("#05254D", LESS, "white"), "persistent": ("#2166AC", LESS, "white"),
    "diminishing": ("#6FA3CF", LESS, "white"), "sporadic": ("#D1E5F0", "....", "#2166AC"), "oscillating": ("#D1E5F0", "xxxx", "#2166AC"),
    "historical": ("#FFFFFF", "-----", "#2166AC"),
}  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class EmergingResult(HotspotResult):
    """Which cells are hot in the last step, and since when.

    Parameters
    ----------
    steps : DataFrame
        Per step: ``start``, ``n`` (events), ``n_hot`` and ``n_cold`` (cells), ``known`` (False: a gap in the file, left out).
    last_step : str
        The last step in words.
    step_word : str
        What a step is called.
    """

    steps: pd.DataFrame
    last_step: str
    step_word: str

    question: ClassVar[str] = "Where is it new, where does it last?"
    title: ClassVar[str] = "Where is it new, where does it last?"
    score: ClassVar[str | None] = "z"

    @property
    def patterns(self) -> pd.DataFrame:
        """Cells and events by pattern, in the order of the definitions; only those that occur."""
        held = self.table.groupby("pattern")["n"].agg(["size", "sum"])
        held = held.reindex([name for name in PATTERNS if name in held.index])
        return pd.DataFrame({"pattern": held.index.to_numpy(), "cells": held["size"].to_numpy(), "n": held["sum"].to_numpy()})

    def _text(self) -> str:
        found = {name: n for name, n in zip(self.patterns["pattern"], self.patterns["cells"], strict=True) if name != "none"}
        known, n = int(self.steps["known"].sum()), len(self.table)
        first = f"From {self._span()}, over {known} {self.step_word}s, "
        n_hot = int(self.table["is_hot"].sum())
        over = found.get("historical hot spot", 0)
        past = (
            f" {over:,} {_cells(over)} been hot for nearly all of the time, but not in the last {self.step_word}." if over else ""
        )
        n_cold = sum(count for name, count in found.items() if name.endswith("cold spot"))
        cold = f" {n_cold:,} {_cells(n_cold)} a pattern of fewer." if n_cold else ""
        if n_hot == 0:
            return (
                f"{first}no cell of {n:,} has more {self.noun} around it in {self.last_step} than chance would give.{past}{cold}"
            )
        kinds = [
            f"{found[f'{kind} hot spot']:,} {kind}" for kind in KINDS if kind != "historical" and f"{kind} hot spot" in found
        ]
        held = self.table.loc[self.table["is_hot"], "n"].sum() / max(1, self.table["n"].sum())
        top = (
            f" {self.areas['name'].iloc[0]} holds the most, {self.areas['n'].iloc[0]:,} {self.noun} in all {known} {self.step_word}s."
            if len(self.areas)
            else ""
        )
        return (
            f"{first}{n_hot:,} of {n:,} cells are hot in the last, {self.last_step}: {_listed(kinds)}. They hold {percent(held)} of all "
            f"{self.noun} on {percent(n_hot / n)} of the cells.{top}{past}{cold}"
        )

    def _paint(self, ax: Axes, side: float) -> str:
        from sara.hotspots._maps.draw import FAINT, cell_words, list_areas, paint_cells
        from sara.plot import maps
        from sara.plot.shapes import hatch

        table, entries = self.table, []
        pattern = table["pattern"].to_numpy(dtype=object)
        rest = (pattern == "none") & (table["n"].to_numpy() > 0)
        paint_cells(ax, self, table[rest], [FAINT] * int(rest.sum()))
        for family, looks in (("hot spot", HOT), ("cold spot", COLD)):
            for kind, (face, mark, ink) in looks.items():
                these = pattern == f"{kind} {family}"
                if not these.any():
                    continue
                paint_cells(ax, self, table[these], [face] * int(these.sum()), zorder=2)
                if mark:
                    hatch(ax, table.geometry[these].to_numpy(), mark=mark, color=ink, zorder=2.5)
                look = {"facecolor": face, "hatch": mark, "hatchcolor": ink} if mark else face
                entries.append((look, f"{kind} {family} ({int(these.sum()):,})"))
        if rest.any():
            entries.append((FAINT, f"no pattern ({int(np.sum(pattern == 'none')):,})"))
        over = f"{int(self.steps['known'].sum())} {self.step_word}s"
        maps.key(ax, entries, title=f"pattern over {over} (cells)", side=side)
        list_areas(ax, self, title=f"Hot in {self.last_step};\nnumbers: all {over}", side=side)
        cells = cell_words(self).replace(" of", "s of", 1)
        return f"{cells} with more {self.noun} around them than chance would give, {self.step_word} by {self.step_word}"


def _cells(n: int) -> str:
    return "cell has" if n == 1 else "cells have"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
