"""What a search for changes of level answers with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from sara.trends._result import TrendResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ChangePointsResult"]

# So many changes can be read in a sentence.
SAID = 3
# No percent change on a base under 20.
PERCENT_BASE = 20


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class ChangePointsResult(TrendResult):
    """When the level changed, between which dates, and from what to what.

    Parameters
    ----------
    levels : DataFrame
        One row per stretch: ``first``, ``last`` (its first and last period), ``periods``, ``n``, ``level`` (events per usual period).
    periods : DataFrame
        ``period``, ``n``, ``expected`` (level times days times season), ``level``.
    marks : tuple of (Timestamp, str)
        Known dates.
    steady : float or None
        Factor per year of a steady trend (per period of bare numbers), where that explains the counts better than the changes.
    seasonal, untold, alike, default : bool
        Whether a season was allowed for, whether the series is too short to tell it from a change, whether neighbors are much alike, and
        whether the penalty was the default.
    confidence : float
        Level of the intervals.
    """

    levels: pd.DataFrame
    periods: pd.DataFrame
    marks: tuple[tuple[Any, str], ...]
    steady: float | None
    seasonal: bool
    untold: bool
    alike: bool
    default: bool
    confidence: float

    question: ClassVar[str] = "When did it change?"
    title: ClassVar[str] = "When did it change?"
    count_columns: ClassVar[tuple[str, ...]] = ()

    def _text(self) -> str:
        lone = self._last_words()
        known = int(self.periods["n"].notna().sum())
        if self.table.empty and self.steady is not None:
            return f"No one date of a change in {known:,} {self.word}s: {self._trend_words()}"
        if self.table.empty:
            return f"No change of level beyond the usual ups and downs in {known:,} {self.word}s: about {_level(self.levels['level'].iloc[0])} {self.a_word} throughout.{lone}"
        if self.steady is not None:
            trend = self._trend_words()
            many = "one change" if len(self.table) == 1 else f"{len(self.table)} changes"
            return f"{trend[0].upper()}{trend[1:]} That explains the counts better than {many} of level. {self._steps_words('As steps, the level changed')}{self._mark_words()}"
        return f"{self._steps_words('The level changed')}{self._mark_words()}{lone}"

    def _last_words(self) -> str:
        if self.untold and self.table.empty:
            return " The series is shorter than two years: the season could not be told apart."
        if self.untold:
            return " The series is shorter than two years: what looks like a change may be the season."
        allowed = ", season allowed for" if self.seasonal else ""
        if self.alike and self.default:
            return (
                f" Neighboring {self.word}s are alike, so that up to 1 such series of 5 without a change would show one{allowed}."
            )
        return f" About 1 series of 20 without a change would show one{allowed}." if self.default else ""

    def _trend_words(self) -> str:
        assert self.steady is not None
        way = "rose" if self.steady > 1 else "fell"
        per = "a year" if self.freq is not None else "a period"
        by = (
            f" by about {100 * abs(self.steady - 1):.0f} % {per}"
            if 0.2 < self.steady < 3 and self._first_year() >= PERCENT_BASE
            else ""
        )
        return f"the level {way} little by little{by}."

    def _first_year(self) -> float:
        """Return the events of the first year: the base of a percentage a year."""
        period = self.periods["period"]
        first = period < period.iloc[0] + pd.DateOffset(years=1) if self.freq is not None else period > 0
        return float(self.periods.loc[first, "n"].sum())

    def _steady_line(self) -> Any:
        """Return the level where it moved little by little: as many events in all, growing by the same factor each year."""
        assert self.steady is not None
        period = self.periods["period"]
        at = (period - period.iloc[0]) / pd.Timedelta(days=365.2425) if self.freq is not None else period - period.iloc[0]
        line = self.steady ** at.to_numpy(dtype=float)
        known = self.periods["n"].notna().to_numpy()
        return line * float(self.periods["n"].sum()) / line[known].sum()

    def _steps_words(self, begin: str) -> str:
        table = self.table
        if len(table) == 1:
            return f"{begin} {self._one(table.iloc[0])}."
        shown = table.loc[table["gain"].nlargest(SAID).index].sort_index()
        times = "twice" if len(table) == 2 else f"{len(table)} times"
        if len(table) > SAID:
            return f"{begin} {times}, most clearly {self._several(shown)}."
        return f"{begin} {times}: {self._several(shown)}."

    def _several(self, rows: pd.DataFrame) -> str:
        parts = [self._one(row) for _, row in rows.iterrows()]
        return "; ".join(parts)

    def _one(self, row: pd.Series) -> str:
        name = self._date(row["date"])
        within = f"between {self._date(row['earliest'])} and {self._date(row['latest'])}"
        if row["earliest"] == row["latest"]:
            within = f"within a {self.word} of it"
        return f"around {name} ({within}): from about {_level(row['before'], row['after'])} to about {_level(row['after'], row['before'])} {self.a_word}"

    def _date(self, date: Any) -> str:
        if self.freq is None:
            return f"period {int(date)}"
        return f"{date:%Y-%m-%d}" if self._by_day else f"{date:%Y-%m-%d %H:%M}"

    @property
    def _by_day(self) -> bool:
        starts = pd.DatetimeIndex(self.periods["period"])
        return bool((starts == starts.normalize()).all())

    def _mark_words(self) -> str:
        named = self.table[self.table["mark"].notna()]
        if named.empty:
            none = " No known date lies within that time." if len(self.marks) and len(self.table) == 1 else ""
            return none
        if len(self.table) == 1:
            return f" Within that time lies {named['mark'].iloc[0]}."
        return " " + " ".join(
            f"Within the time of the change around {self._date(row['date'])} lies {row['mark']}."
            for _, row in named.head(SAID).iterrows()
        )

    def plot(self, *, ax: Axes | None = None, marks: Mapping[Any, str] | None = None) -> Axes:
        """Draw counts, levels and the time of each change on one Axes and return it.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new one if not given.
        marks : dict of date to str, optional
            Dates that may explain a change; those given to the method if not given here.

        Returns
        -------
        Axes
            The figure.
        """
        return TrendResult.plot(self, ax=ax, marks=dict(self.marks) if marks is None else marks)

    def _paint(self, ax: Axes) -> str:
        from sara.plot.trend_levels import draw_levels

        x = self.periods["period"].to_numpy()
        little = self.steady is not None and self.table.empty
        level = self._steady_line() if little else self.periods["level"].to_numpy(dtype=float)
        draw_levels(
            ax, x, self.periods["n"].to_numpy(dtype=float), level, expected=self.periods["expected"].to_numpy(dtype=float) if self.seasonal and not little else None,
            spans=list(zip(self.table["earliest"], self.table["latest"], strict=True)), words=[f"{_level(level[0])} to {_level(level[-1])}"] if little else [_level(v) for v in self.levels["level"]],
            firsts=list(self.levels["first"]), label=f"when it changed ({100 * self.confidence:.0f} %)",
        )  # fmt: skip
        return f"{self.noun} {self.a_word}"


def _level(level: float, other: float | None = None) -> str:
    """Return a level with as many figures as it can bear, and as it takes to tell it from another."""
    if level >= 20:
        near = other is not None and round(level) == round(other)
        return f"{level:,.1f}" if near else f"{level:,.0f}"
    return f"{level:.1f}" if level >= 0.95 or level == 0 else f"{level:.2g}" if not np.isnan(level) else "?"
