"""Counts over time: what they say, and how they are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import pandas as pd

from sara.core.errors import InputError
from sara.core.result import Result
from sara.core.wording import percent, period_words
from sara.data._lists import PLACE_LIKE, shown
from sara.trends._input.frequency import word_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SeriesResult"]

# No percent change on a base under 20: a handful more or less would move it by half.
PERCENT_BASE = 20
# Two years that differ by as much in one case of 20 without a change are not called different.
CHANCE = 0.05


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class SeriesResult(Result):
    """Counts over time.

    Parameters
    ----------
    table : DataFrame
        One row per period (and per value of `by`): ``period`` (the day on which it begins), the column `by` where one was asked for, ``n``
        (events, zeros filled in; missing where the file has a gap), ``complete`` (whether the data cover the whole period; only complete
        periods are compared), ``days`` (days covered, without those of gaps), ``per_day`` (events per day covered: what to compare months
        of 28 and 31 days by), and with exposure ``exposure`` and ``rate`` (events per unit of it).
    freq : str
        The pandas offset used.
    by : str or None
        The column of the groups.
    years : tuple of int, or None
        Events in the first and in the last 12 months of the period; None where it is shorter than two years.
    holes : bool
        Whether days are missing where many events were to be expected.
    years_p : float or None
        How often the two years would differ as much if the months of both were alike; None where they are not compared.
    gaps : tuple of (str, str)
        Known gaps of the file inside the period: first day, and the day after the last.
    swing : float
        Variance of the counts of complete periods over their mean; 1 where only chance moves them.
    start, end : Timestamp
        The period, half-open.
    noun, source : str
        What the rows are called, and the source line.
    assemblies : bool
        Whether at least half of the events are lawful assemblies, which are not predicted.
    """

    freq: str
    by: str | None
    years: tuple[int, int] | None
    holes: bool
    swing: float
    start: pd.Timestamp
    end: pd.Timestamp
    noun: str
    source: str = ""
    gaps: tuple[tuple[str, str], ...] = ()
    years_p: float | None = None
    assemblies: bool = False

    question: ClassVar[str] = "How many, and is it changing?"
    count_columns: ClassVar[tuple[str, ...]] = ("n",)

    def __post_init__(self) -> None:
        object.__setattr__(self, "private_columns", (self.by,) if self.by in PLACE_LIKE else ())

    @property
    def text(self) -> str:
        """The finding in one to three sentences."""
        return " ".join(part for part in (self._level(), self._years(), self._groups()) if part)

    def _total(self) -> pd.DataFrame:
        if self.by is None:
            return self.table
        return self.table.groupby("period", as_index=False, sort=True).agg(
            n=("n", "sum"), complete=("complete", "first"), days=("days", "first")
        )

    def _level(self) -> str:
        word, article = word_of(self.freq)
        total = self._total()
        n = total.loc[total["complete"], "n"].astype(int)
        if n.empty:
            return f"{_capital(_count(int(total['n'].sum()), self.noun))}; the data do not cover one whole {word}."
        if len(n) == 1:
            return f"{int(n.iloc[0]):,} {self.noun} in the one {word} that the data cover in full."
        return f"About {_round(float(n.mean()))} {self.noun} {article} {word} ({len(n):,} complete {word}s, from {int(n.min()):,} to {int(n.max()):,})."

    def _years(self) -> str:
        if self.years is None:
            return ""
        first, last = self.years
        words = f"In the last 12 months there were {last:,}, in the first 12 months {first:,}"
        if first == last:
            return f"{words}: as many."
        if self.holes:
            return f"{words}; the data have holes, so this need not be a change."
        if first < PERCENT_BASE:
            return f"{words}: too few to speak of a percentage."
        if self.years_p is None or self.years_p >= CHANCE:
            return f"{words}: a difference that the usual ups and downs may explain."
        change = (
            f"{percent(abs(last - first) / first)} {'more' if last > first else 'fewer'}"
            if last < 3 * first
            else f"{last / first:.0f} times as many"
        )
        return f"{words}: {change}."

    def _groups(self) -> str:
        if self.by is None:
            return ""
        sums = self.table.groupby(self.by, sort=True)["n"].sum()
        # Places of one block have one public name: what is named is the block.
        sums = sums.groupby([shown(name, self.by) for name in sums.index], sort=False).sum() if self.by in PLACE_LIKE else sums
        sums = sums.sort_values(ascending=False, kind="stable")
        top, total = sums.head(3), max(int(sums.sum()), 1)
        listed = ", ".join(f"{shown(name, '')} ({percent(n / total)})" for name, n in top.items())
        return f"Most by {self.by}: {listed}."

    @property
    def alt_text(self) -> str:
        """What the figure shows, for a reader who cannot see it."""
        word, _ = word_of(self.freq)
        total = self._total()
        whole = total[total["complete"]]
        missing = f" No line where the file has a gap ({len(self.gaps)})." if self.gaps else ""
        last = f" The last complete {word} had {int(whole['n'].iloc[-1]):,}." if len(whole) else ""
        return f"Line of {self.noun} per {word}, {period_words(self.start, self.end)}, partial periods hollow.{missing} {self.text}{last}"

    def plot(
        self, *, ax: Axes | None = None, marks: Mapping[Any, str] | None = None, value: Literal["n", "per_day", "rate"] = "n"
    ) -> Axes:
        """Draw the counts as a line and return the Axes: the last complete period marked, partial periods hollow, gaps open.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new one if not given.
        marks : dict of date to str, optional
            Dates that may explain a change, drawn as dotted lines: ``{"2024-03-01": "response begins", "2023-07-01": "new call codes"}``.
        value : {"n", "per_day", "rate"}
            What to draw: counts, events per day covered (for months of unequal length), or per unit of exposure.

        Returns
        -------
        Axes
            The figure.
        """
        from sara.plot.series import MOST_LINES, draw_lines
        from sara.plot.style import finish, new_axes, subtitle_of
        from sara.plot.trend import draw_gaps, draw_marks

        unit = self._unit(value)
        ax = new_axes() if ax is None else ax
        table = self._public()
        draw_lines(ax, table, by=self.by, value=value)
        draw_gaps(ax, self.gaps)
        draw_marks(ax, marks)
        word, _ = word_of(self.freq)
        groups = table[self.by].nunique() if self.by else 1
        largest = f"the largest {MOST_LINES} of {groups:,} values of {self.by}" if groups > MOST_LINES else ""
        hollow = "" if self.table["complete"].all() else f"hollow: partial {word}"
        hatched = "hatched: no data" if self.gaps else ""
        return finish(
            ax, title=f"How many {self.noun}, and is it changing?", source=self.source, xlabel=None, ylabel=unit,
            subtitle=subtitle_of(unit, period_words(self.start, self.end), f"n = {int(self.table['n'].sum()):,}", largest, hollow, hatched),
        )  # fmt: skip

    def _public(self) -> pd.DataFrame:
        """Return the table for the figure: places by their public names, those of one block added up."""
        if self.by is None or self.by not in PLACE_LIKE:
            return self.table
        names = {name: shown(name, self.by) for name in self.table[self.by].unique()}
        of = {name: (name, "first") for name in ("complete", "days", "exposure") if name in self.table}
        public = self.table.assign(**{self.by: self.table[self.by].map(names)})
        out = public.groupby(["period", self.by], as_index=False, sort=True).agg(n=("n", "sum"), **of)
        out["n"] = out["n"].astype(float).where(out["days"] > 0)
        out["per_day"] = out["n"] / out["days"].where(out["days"] > 0)
        if "exposure" in out:
            out["rate"] = out["n"] / out["exposure"]
        return out

    def _unit(self, value: str) -> str:
        word, article = word_of(self.freq)
        units = {
            "n": f"{self.noun} {article} {word}",
            "per_day": f"{self.noun} a day, by {word}",
            "rate": f"{self.noun} per unit of exposure, by {word}",
        }
        if value not in units or value not in self.table.columns:
            have = ", ".join(repr(name) for name in units if name in self.table.columns)
            raise InputError(f"`value` must be a column of the table to draw. Got {value!r}. Write one of {have}.")
        return units[value]


def _round(mean: float) -> str:
    return f"{mean:,.0f}" if mean >= 20 else f"{mean:.1f}"


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
