"""What a scan statistic answers with."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from sara.core.wording import percent
from sara.hotspots._result import HotspotResult, figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ScanStatisticResult"]

SPACE = "space"
LISTED = 6


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class ScanStatisticResult(HotspotResult):
    """Where and when it flared up.

    Parameters
    ----------
    llr_needed : float
        The log likelihood ratio that a cluster needs to stand out.
    unit_words : str
        What circles are made of: "cell of 250 m" or "area".
    """

    llr_needed: float = 0.0
    unit_words: str = "cell"

    title: ClassVar[str] = "Where and when did it flare up?"
    score: ClassVar[str | None] = None
    count_columns: ClassVar[tuple[str, ...]] = ("n", "expected", "excess")

    def __post_init__(self) -> None:
        """Ask only where, if time was not looked at."""
        if self._in_space:
            object.__setattr__(self, "title", "Where does it stand out?")

    @property
    def _in_space(self) -> bool:
        return bool(self.settings["model"].value == SPACE)

    def _text(self) -> str:
        if self.table.empty:
            return f"From {self._span()}, {self.counts.rows_used:,} {self.noun} hold no cluster of any size."
        n_hot, top = int(self.table["is_hot"].sum()), self.table.iloc[0]
        if n_hot == 0:
            return (
                f"From {self._span()}, no cluster stands out among {self.counts.rows_used:,} {self.noun}: the strongest, {self._one(top)}, "
                f"would be matched by chance somewhere in the search in {percent(top['p'])} of all cases."
            )
        many = "1 cluster stands" if n_hot == 1 else f"{n_hot:,} clusters stand"
        return f"From {self._span()}, {many} out among {self.counts.rows_used:,} {self.noun}, {self._against()}. The strongest: {self._one(top)} (p {top['p']:.3g})."

    def _against(self) -> str:
        model = self.settings["model"].value
        if model == "space-time permutation":
            return "more than the usual map and the usual calendar would bring together"
        return f"more than an even share by {self.settings['exposure'].value} would give"

    def _one(self, row: Any) -> str:
        days = "" if self._in_space else f"{_days(row)}, "
        cells = f"one {self.unit_words}" if row["n_locations"] == 1 else f"{row['radius_m']:,.0f} m around one {self.unit_words}"
        place = (
            row["name"].split(" near ", 1)[-1]
            if " near " in row["name"]
            else row["name"].split(" in ", 1)[-1]
            if " in " in row["name"]
            else ""
        )
        where = f"{cells}{' near' if ' near ' in row['name'] else ' in'} {place}" if place else cells
        return f"{days}{row['n']:,} {self.noun} in {where}, where {figures(row['expected'])} {'was' if row['expected'] < 1.5 else 'were'} to be expected"

    def _paint(self, ax: Axes, side: float) -> str:
        from sara.hotspots._maps.draw import OUTLINE_FILL
        from sara.plot import maps
        from sara.plot.style import WARN

        hot = self.table[self.table["is_hot"]]
        maps.outlines(ax, list(hot.geometry), color=WARN, fill=OUTLINE_FILL, linewidth=0.9)
        many = f"{len(hot):,} clusters" if len(hot) != 1 else "1 cluster"
        maps.key(ax, [(OUTLINE_FILL, many if len(hot) else "no cluster found")], title="outlines", side=side)
        top = hot.head(LISTED)
        if len(top):
            maps.numbered(ax, list(top.geometry), [self._words(row) for _, row in top.iterrows()], title="Strongest", side=side)
        return f"{self.noun} {'in circles' if self._in_space else 'in circles and days'}, {self._against()}"

    def _words(self, row: Any) -> str:
        place = (
            row["name"].split(" near ", 1)[-1]
            if " near " in row["name"]
            else row["name"].split(" in ", 1)[-1]
            if " in " in row["name"]
            else ""
        )
        short = textwrap.shorten(place, 34, placeholder=" ...") or "no address"
        held = f"{row['n']:,} {self.noun}, {figures(row['expected'])} expected"
        return f"{short}\n    {held}" if self._in_space else f"{short}\n    {_days(row)}\n    {held}"


def _days(row: Any) -> str:
    """Return the days of a cluster: "3 to 16 Mar 2014"."""
    start, end = row["start"], row["end"]
    if start == end:
        return f"{start.day} {start:%b %Y}"
    if (start.year, start.month) == (end.year, end.month):
        return f"{start.day} to {end.day} {end:%b %Y}"
    return f"{start.day} {start:%b}{'' if start.year == end.year else f' {start.year}'} to {end.day} {end:%b %Y}"
