"""What event days answer with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from sara.core.wording import percent, period_words
from sara.trends._result import TrendResult
from sara.trends._results.compare import times_as_many

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["EventDaysResult"]

_MOST = 16


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class EventDaysResult(TrendResult):
    """Days of games, festivals or holidays against ordinary days.

    Parameters
    ----------
    kinds, each : DataFrame
        Per kind, and per day; the columns are in the docstring of `sara.trends.event_days`.
    set_aside : int
        Days with lawful assemblies, which are not compared.
    left_out : dict of str to int
        Days that could not be compared, by reason.
    hours : str
        The hours that count, in words.
    confidence : float
        Level of the intervals.
    match : int
        Weeks before and after from which ordinary days come.
    swing : float
        Variance of ordinary days over that of chance.
    """

    kinds: pd.DataFrame
    each: pd.DataFrame
    set_aside: int
    left_out: Mapping[str, int]
    hours: str
    confidence: float
    match: int
    swing: float

    question: ClassVar[str] = "Do these days bring more than ordinary ones?"
    title: ClassVar[str] = "Do these days bring more than ordinary ones?"
    count_columns: ClassVar[tuple[str, ...]] = ("n",)

    @property
    def sentences(self) -> tuple[str, ...]:
        """One plain sentence per row of the table, in its order."""
        return tuple(self._sentence(row, str(row["name"])) for _, row in self.table.iterrows())

    def _sentence(self, row: pd.Series, name: str) -> str:
        head = f"{name[:1].upper()}{name[1:]} ({_days(row['days'])}): {row['n']:,} {self.noun if row['n'] != 1 else self.noun[:-1]}, where ordinary days give {_number(row['expected'])}"
        if row["flag"] == "too few to tell":
            return f"{head}: too few to tell."
        return f"{head}: {self._size(row)} ({_interval(row)}); {self._verdict(row)}."

    def _size(self, row: pd.Series) -> str:
        if pd.isna(row["ratio"]):
            return "there are none on ordinary days"
        if pd.notna(row["percent"]) and row["ratio"] < 2:
            return (
                f"{percent(abs(row['percent']) / 100)} {'more' if row['percent'] >= 0 else 'fewer'}"
                if abs(row["percent"]) >= 0.5
                else "as many"
            )
        return times_as_many(row["ratio"])

    def _verdict(self, row: pd.Series) -> str:
        if row["flag"] in ("more", "fewer"):
            return "more than chance and the swing of ordinary days explain"
        if row["p"] <= 1 - self.confidence:
            return "alone it would stand out, but among so many one like it is to be expected by chance"
        if row["p"] > 0.4:
            return "ordinary days differ as much about half the time or more"
        return f"ordinary days differ as much one time in {1 / row['p']:,.0f}"

    def _text(self) -> str:
        kinds = self.kinds
        said = " ".join(
            self._sentence(row, f"{row['kind']} days" if row["kind"] != "event" else "event days")
            for _, row in kinds.head(3).iterrows()
        )
        out = int((self.each["flag"] != "no clear difference").sum())
        days = len(self.each)
        far = "none lies" if out == 0 else f"{out:,} lies" if out == 1 else f"{out:,} lie"
        one = f" Of {days:,} single days, {far} outside what an ordinary day may hold." if days > 1 else ""
        aside = (
            f" {_days(self.set_aside)} of lawful assembly {'is' if self.set_aside == 1 else 'are'} set aside."
            if self.set_aside
            else ""
        )
        return f"{said}{one}{aside}"

    @property
    def alt_text(self) -> str:
        """What the figure shows, for a reader who cannot see it."""
        return f"Figure: {self.title} One line per kind and name: days, events, what ordinary days give, and the ratio with its interval. {self.text}"

    def plot(self, *, ax: Axes | None = None, marks: Any = None) -> Axes:  # noqa: ARG002 (dates have no place here; every result takes them)
        """Draw one line per kind and name: the ratio with its interval, every single day as a dot; return the Axes.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new one if not given.
        marks : dict of date to str, optional
            Not drawn: the figure has no time axis.

        Returns
        -------
        Axes
            The figure.
        """
        from sara.plot.style import finish, new_axes, subtitle_of

        rows = self._lines()
        ax = new_axes(width=9.2, height=1.6 + 0.34 * len(rows)) if ax is None else ax
        unit = self._paint(ax)
        return finish(
            ax, title=self.title, subtitle=subtitle_of(unit, "" if self.start is None or self.end is None else period_words(self.start, self.end), self._n_words()),
            source=self.source, xlabel="",
        )  # fmt: skip

    def _lines(self) -> list[tuple[str, bool, pd.Series, pd.DataFrame]]:
        """Return what is drawn: a kind, then its names, as many as there is room for."""
        out: list[tuple[str, bool, pd.Series, pd.DataFrame]] = []
        for _, kind in self.kinds.iterrows():
            names = self.table[self.table["kind"] == kind["kind"]]
            own = self.each[self.each["kind"] == kind["kind"]]
            out.append((f"{str(kind['kind'])[:1].upper()}{str(kind['kind'])[1:]} days", True, kind, own))
            if len(names) > 1 or str(names["name"].iloc[0]) != kind["kind"]:
                out += [(str(row["name"]), False, row, own[own["name"] == row["name"]]) for _, row in names.iterrows()]
        return out[:_MOST]

    def _paint(self, ax: Axes) -> str:
        from sara.plot.trend_event_days import draw_event_days

        lines = self._lines()
        draw_event_days(
            ax, [line[0] for line in lines], [line[1] for line in lines], [line[2] for line in lines], [line[3] for line in lines]
        )
        total = len(self.kinds) + len(self.table)
        more = f" · the first {len(lines)} of {total} lines" if total > len(lines) and len(lines) == _MOST else ""
        hours = "" if self.hours == "midnight to midnight" else f", {self.hours}"
        return f"{self.noun}{hours}, against the same weekday up to {self.match} weeks before and after; line: {round(100 * self.confidence)} % interval, small dots: single days{more}"


def _days(n: int) -> str:
    return f"{n:,} day" if n == 1 else f"{n:,} days"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 20 or value == round(value) else f"{value:.1f}"


def _interval(row: pd.Series) -> str:
    if pd.isna(row["high"]):
        return f"ratio {row['low']:.2f} or more"
    return f"ratio {row['low']:.2f} to {row['high']:.2f}"
