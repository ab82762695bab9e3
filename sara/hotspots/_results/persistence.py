"""What the outlook for the next months answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from sara.core.wording import percent, period_words
from sara.hotspots._result import HotspotResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["OUTLOOKS", "PersistenceResult"]

# What a cell was and what it is expected to be, as a colour and in words.
OUTLOOKS = {
    "chronic": ("#7F1734", "chronic: was, and is expected to stay"),
    "new": ("#D55E00", "new: was not, and is expected to be"),
    "fading": ("#0072B2", "fading: was, and is not expected to be"),
}
# In a grey print the three colours are one.
MARKS = {"new": "....", "fading": "\\\\\\"}


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class PersistenceResult(HotspotResult):
    """Which cells are expected to hold most over the next months.

    Parameters
    ----------
    horizon : (Timestamp, Timestamp)
        First moment of the months looked at, and the one after the last.
    parts : DataFrame
        What the expectation is made of: ``reach`` (metres; 0 is the cell itself), ``past`` ("all", "recent" or "even spread"), ``weight``.
    """

    horizon: tuple[pd.Timestamp, pd.Timestamp]
    parts: pd.DataFrame

    title: ClassVar[str] = "Which places will stay the worst?"
    score: ClassVar[str | None] = "expected"

    def _text(self) -> str:
        table = self.table
        top = table[table["is_chronic"]]
        total = float(table["expected"].sum())
        named = (top["outlook"] == "chronic").sum()
        if len(top) == 1:
            lasting = "it was" if named else "it was not"
        else:
            lasting = "all of them were" if named == len(top) else "1 of them was" if named == 1 else f"{named:,} of them were"
        return (
            f"From {period_words(*self.horizon)}, {percent(top['expected'].sum() / total)} of about {total:,.0f} {self.noun} are expected in the "
            f"{'one cell' if len(top) == 1 else f'{len(top):,} cells'} with most to expect ({percent(len(top) / len(table))} of all cells); {lasting} among the worst before the last twelve months already. "
            f"The first cell is expected to hold {top['expected'].max():,.0f} ({top['low'].iloc[np.argmax(top['expected'])]:,.0f} to "
            f"{top['high'].iloc[np.argmax(top['expected'])]:,.0f})."
        )

    def _paint(self, ax: Axes, side: float) -> str:
        from sara.hotspots._maps.draw import FAINT, cell_words, list_areas, paint_cells
        from sara.plot import maps

        table = self.table
        paint_cells(
            ax,
            self,
            table[(table["outlook"] == "quiet") & (table["n"] > 0)],
            [FAINT] * int(((table["outlook"] == "quiet") & (table["n"] > 0)).sum()),
        )
        entries: list[tuple[Any, str]] = [(maps.LAND, "none so far"), (FAINT, "some, not among the worst")]
        for name, (color, words) in OUTLOOKS.items():
            rows = table[table["outlook"] == name]
            paint_cells(ax, self, rows, [color] * len(rows), zorder=2)
            mark = MARKS.get(name)
            if mark is not None:
                maps.hatch(ax, list(rows.geometry), mark=mark, color="white", zorder=2.1)
            if len(rows):
                entries.append((color if mark is None else {"facecolor": color, "hatch": mark, "hatchcolor": "white"}, words))
        share = float(self.settings["share"].value)
        maps.key(ax, entries, title=f"among the worst {percent(share)} of cells", side=side)
        list_areas(ax, self, title="Most expected", side=side)
        return f"outlook to {self.horizon[1] - pd.Timedelta(microseconds=1):%Y-%m-%d} by {cell_words(self)}"
