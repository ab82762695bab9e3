"""What many series watched at once answer with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from sara.core.wording import percent, period_words
from sara.data._lists import PLACE_LIKE, shown
from sara.trends._result import TrendResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MonitorResult"]

# Named in the text.
NAMED = 3
# Silent and new series drawn under the alarms, and others that come next.
FEW, NEXT = 5, 8


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class MonitorResult(TrendResult):
    """Hundreds of series judged at once.

    Parameters
    ----------
    by : tuple of str
        The columns whose combinations are the series.
    at : Timestamp
        Start of the last period judged.
    last : int
        Periods judged.
    alpha : float
        Share of false alarms put up with.
    adjust : str
        How p was corrected: "fdr", "bonferroni" or "none".
    drawn : int
        Series on the page.
    history : DataFrame
        What the page draws: the columns of `by`, ``period``, ``n``, ``expected``, ``low``, ``upper``.
    judged : DataFrame
        One row per series and period judged, where there is more than one: the columns of `by`, ``period``, ``n``, ``expected``, ``low``,
        ``upper``, ``p``, ``p_adjusted``, ``alarm``.
    """

    by: tuple[str, ...]
    at: pd.Timestamp
    last: int
    alpha: float
    adjust: str
    drawn: int
    history: pd.DataFrame
    judged: pd.DataFrame

    question: ClassVar[str] = "What needs a look now?"
    title: ClassVar[str] = "What is above what is usual, and what fell silent?"
    count_columns: ClassVar[tuple[str, ...]] = ("n", "last_year", "year_before")

    def __post_init__(self) -> None:
        object.__setattr__(self, "private_columns", tuple(c for c in self.by if c in PLACE_LIKE))

    def name(self, row: Any) -> str:
        """Return the words for one row of a table: "Harbor, theft"."""
        return ", ".join(shown(row[column], column) for column in self.by)

    def _text(self) -> str:
        return " ".join(part for part in (self._alarms(), self._over_time(), self._silent(), self._left()) if part)

    def _judged(self) -> int:
        return int((self.table["status"] == "judged").sum())

    def _alarms(self) -> str:
        found = self.table[self.table["alarm"]]
        when, n = f"{self._when()}: ", self._judged()
        if n == 0:
            few = f"none of {len(self.table):,} series holds" if len(self.table) > 1 else "the one series does not hold"
            return f"{when}{few} enough {self.noun} to be judged."
        if not len(found) and n == 1:
            return f"{when}the one series is not above what is usual for it by more than chance explains."
        if not len(found):
            return f"{when}none of {n:,} series is above what is usual for it by more than chance among so many explains."
        named = "; ".join(
            f"{self.name(row)} ({row['n']:,.0f}, usual {row['low']:,.0f} to {row['upper']:,.0f})"
            for _, row in found.head(NAMED).iterrows()
        )
        more = f"; and {len(found) - NAMED:,} more" if len(found) > NAMED else ""
        verb = "is" if len(found) == 1 else "are"
        of = f"{len(found):,} of {n:,} series" if n > 1 else "the one series"
        return f"{when}{of} {verb} above what is usual: {named}{more}. {self._chance()}"

    def _chance(self) -> str:
        if self.adjust == "fdr":
            return f"Of such alarms, about 1 in {round(1 / self.alpha)} at most is chance."
        if self.adjust == "bonferroni":
            return f"Chance would give any alarm at all in at most {percent(self.alpha)} of {self.word}s, however many series there are."
        expected = self.alpha * self._judged()
        return f"Chance alone would give up to {expected:,.0f} alarm{'' if round(expected) == 1 else 's'}: p is not adjusted for the number of series."

    def _over_time(self) -> str:
        if self.last == 1 or not len(self.judged):
            return ""
        found = self.judged[self.judged["alarm"]]
        span = f"In the {self.last:,} {self.word}s judged there"
        if not len(found):
            return f"{span} was no alarm."
        series = len(found.drop_duplicates(list(self.by)))
        were = "was 1 alarm" if len(found) == 1 else f"were {len(found):,} alarms"
        return f"{span} {were}, in {series:,} series."

    def _silent(self) -> str:
        found = self.table[self.table["is_silent"]].sort_values(["p_silent", "rank"], kind="stable")
        if not len(found):
            return ""
        named = "; ".join(f"{self.name(row)} ({self._for(row['silent_for'])})" for _, row in found.head(2).iterrows())
        return f"{len(found):,} fell silent: {named}{f'; and {len(found) - 2:,} more' if len(found) > 2 else ''}."

    def _for(self, n: int) -> str:
        return f"{n:,} {self.word}{'' if n == 1 else 's'}"

    def _left(self) -> str:
        kinds = self.table["status"].value_counts()
        parts = [f"{kinds.get(kind, 0):,} {words}" for kind, words in (("too sparse", "too sparse to judge"), ("new", "new"), ("ended", "ended")) if kinds.get(kind, 0)]  # fmt: skip
        return f"Not judged: {', '.join(parts)}." if parts else ""

    def _when(self) -> str:
        return f"{self.word.capitalize()} from {self.at:%Y-%m-%d}"

    @property
    def alt_text(self) -> str:
        """What the figure shows, for a reader who cannot see it."""
        return f"Board with a row per series: its counts as a small line over the band of what is usual, this {self.word}, the usual, p. {self.text}"

    def _paint(self, ax: Axes) -> str:
        return self._board(ax, None)

    def _board(self, ax: Axes, marks: Mapping[Any, str] | None) -> str:
        from sara.plot.monitor import Line, draw_monitor

        listed = self.table[(self.table["status"] == "judged")].head(self.drawn)
        alarms, others = listed[listed["alarm"]], listed[~listed["alarm"] & ~listed["is_silent"]].head(NEXT)
        silent = self.table[self.table["is_silent"]].sort_values(["p_silent", "rank"], kind="stable")
        new = self.table[self.table["status"] == "new"]
        parts: list[tuple[str, list[Line]]] = []
        head = f"ABOVE THE USUAL ({len(self.table[self.table['alarm']]):,} of {self._judged():,} judged)"
        parts.append((head, [self._line(row, "alarm") for _, row in alarms.iterrows()]))
        parts.append(
            (
                "NEXT IN LINE: what chance among so many series explains",
                [self._line(row, "usual") for _, row in others.iterrows()],
            )
        )
        for words, kind, rows in (("FELL SILENT", "silent", silent), ("NEW: a new code, or a new problem?", "new", new)):
            if len(rows):
                parts.append((f"{words} ({len(rows):,})", [self._line(row, kind) for _, row in rows.head(FEW).iterrows()]))
        draw_monitor(ax, parts, word=self.word, names=", ".join(self.by), adjusted=self.adjust != "none", marks=marks)
        return f"{self.noun} {self.a_word}, {self.word} from {self.at:%Y-%m-%d}; grey behind the small lines: what is usual"

    def _line(self, row: Any, kind: str) -> Any:
        from sara.plot.monitor import Line

        mask = pd.Series(True, index=self.history.index)
        for column in self.by:
            mask &= self.history[column] == row[column]
        past = self.history[mask]
        return Line(
            name=self.name(row), kind=kind, period=past["period"].to_numpy(dtype="datetime64[us]"),
            **{c: past[c].to_numpy(dtype=float) for c in ("n", "expected", "low", "upper")},
            p=float(row["p_silent"] if kind == "silent" else row["p_adjusted"]), ratio=float(row["ratio"]), silent_for=int(row["silent_for"]),
            last_year=_number(row["last_year"]), year_before=_number(row["year_before"]),
        )  # fmt: skip

    def plot(self, *, ax: Axes | None = None, marks: Mapping[Any, str] | None = None) -> Axes:
        """Draw the page: a row per series with its last two years, what is usual, this period, and p; return the Axes.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new one, as long as its rows need, if not given.
        marks : dict of date to str, optional
            Dates that may explain a change, drawn as dotted lines through the small lines: ``{"2024-03-01": "new call codes"}``.
        """
        from sara.plot.style import finish, new_axes, subtitle_of

        if ax is None:
            # A page: 26 rows fill one of 8.3 by 11.7 inches.
            alarms = int(self.table["alarm"].sum())
            listed = (
                min(self.drawn, alarms + min(NEXT, self._judged() - alarms))
                + min(FEW, int(self.table["is_silent"].sum()))
                + min(FEW, int((self.table["status"] == "new").sum()))
            )
            ax = new_axes(width=8.3, height=2.6 + 0.34 * max(listed, 3))
        unit = self._board(ax, marks)
        span = "" if self.start is None or self.end is None else period_words(self.start, self.end)
        return finish(
            ax,
            title=self.title,
            subtitle=subtitle_of(unit, span, self._n_words(), self._left().rstrip(".").lower()),
            source=self.source,
            xlabel="",
            ylabel="",
        )

    def _n_words(self) -> str:
        return f"n = {self.counts.rows_used:,} in {len(self.table):,} series"


def _number(value: Any) -> float:
    return float("nan") if pd.isna(value) else float(value)
