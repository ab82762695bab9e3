"""What a comparison of windows answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from sara.core.wording import percent
from sara.data._lists import PLACE_LIKE, shown
from sara.trends._result import TrendResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PERCENT_BASE", "TrendCompareResult", "times_as_many"]

# No percent change on a base under 20: a handful more or less would move it by half.
PERCENT_BASE = 20


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class TrendCompareResult(TrendResult):
    """A window against the one before and against earlier years.

    Parameters
    ----------
    by : str or None
        The column of the rows.
    against : str
        ``"years"`` or ``"before"``: what the ratio and the flag are about.
    window, base : str
        The window and what it is compared with, in words.
    years : tuple of int
        The earlier years compared with, by their first day.
    one_year : bool
        Whether the window lies in one year.
    confidence : float
        Level of the intervals.
    adjust : str
        ``"fdr"`` or ``"none"``.
    knows : str
        What the test allows for, in words.
    fair : bool
        Whether the false-alarm rate is what it says.
    windows : DataFrame
        The column `by`, ``window`` (``"now"``, ``"before"``, or a year), ``start``, ``end`` (half-open), ``days`` (that the file tells about), ``n``.
    history : DataFrame
        What the sparklines draw: ``row`` (of the table), ``name``, ``period``, ``n``, ``per_day``.
    n : int
        Rows drawn, next to the total.
    """

    by: str | None
    against: str
    window: str
    base: str
    years: tuple[int, ...]
    one_year: bool
    confidence: float
    adjust: str
    knows: str
    fair: bool
    windows: pd.DataFrame
    history: pd.DataFrame
    n: int

    question: ClassVar[str] = "Is it more than before, or is it noise?"
    title: ClassVar[str] = "Is it more than before, or is it noise?"
    count_columns: ClassVar[tuple[str, ...]] = ("n", "before", "last_year")

    def __post_init__(self) -> None:
        object.__setattr__(self, "private_columns", (self.by,) if self.by in PLACE_LIKE else ())

    @property
    def sentences(self) -> tuple[str, ...]:
        """One plain sentence per row of the table, in its order."""
        tested = int(self.table.loc[~self.table["is_total"] | (self.by is None), "p_adjusted"].notna().sum())
        return tuple(self._sentence(row, tested) for _, row in self.table.iterrows())

    def _name(self, row: pd.Series) -> str:
        if self.by is None or row["is_total"]:
            return f"All {self.noun}" if self.by is not None else self.noun.capitalize()
        text = self._shown(row[self.by])
        return text[:1].upper() + text[1:]

    def _shown(self, value: Any) -> str:
        """Name a row as it may be shown; a bare number with its column: hour 8."""
        text = shown(value, self.by)
        return f"{self.by} {text}" if text.replace(".", "", 1).isdigit() else text

    def _usual(self, row: pd.Series) -> str:
        """Say what is compared with: 31 a year in the same weeks of 2021 to 2023."""
        known = self._known("base")
        if self.against == "before":
            return f"{row['before']:,} in {self.base}{known}"
        each = " a year" if len(self.years) > 1 else ""
        return f"{_number(self._a_year(row))}{each} in {self.base} of {self._span()}{known}"

    def _part(self, which: str) -> pd.DataFrame:
        """Return the window asked about, or those it is compared with: a line each."""
        each = self.windows.iloc[:: len(self.table)]
        if which == "base" and self.against == "years":
            return each[~each["window"].isin(["now", "before"])]
        return each[each["window"].eq("before" if which == "base" else "now")]

    def _a_year(self, row: pd.Series) -> float:
        """Return what the file holds of a row in each of the earlier years, as counted."""
        place = np.arange(len(self.windows)) % len(self.table)
        mine = (
            place == 0
            if self.by is None or row["is_total"]
            else (place > 0) & (self.windows[self.by] == row[self.by]).to_numpy(dtype=bool)
        )
        return float(self.windows.loc[mine & ~self.windows["window"].isin(["now", "before"]).to_numpy(), "n"].mean())

    def _known(self, which: str) -> str:
        """Say how many days are known, where that is not all of them."""
        part = self._part(which)
        days, known = int((part["end"] - part["start"]).dt.days.sum()), int(part["days"].sum())
        return f" ({known:,} of the {days:,} days are known)" if known < days else ""

    def _span(self) -> str:
        """Name the years compared with: 2021 to 2023; or, where a window crosses New Year, the 3 years before."""
        whole = len(self.years) < 2 or self.years[-1] - self.years[0] == len(self.years) - 1
        if not self.one_year and whole:
            return "the year before" if len(self.years) == 1 else f"the {len(self.years)} years before"
        return _years(self.years)

    def _sentence(self, row: pd.Series, tested: int) -> str:
        head = f"{self._name(row)}: {row['n']:,} {self._when()}{self._known('now')}"
        if row["flag"] == "too few to tell":
            return f"{head}, {self._usual(row)}: too few to tell."
        size = f"{self._size(row)} ({self._interval(row)})"
        return f"{head}, {self._usual(row)}: {size}; {self._verdict(row, tested)}.{self._older(row)}"

    def _when(self) -> str:
        """Say when: in the 28 days to 2025-02-28, in March 2024, on 2025-02-28, since 1 January (to 2025-02-28)."""
        if self.window[:4].isdigit():
            return f"on {self.window}"
        if self.window.startswith("since"):
            return self.window
        return f"in the {self.window}" if self.window[0].isdigit() else f"in {self.window}"

    def _size(self, row: pd.Series) -> str:
        if pd.isna(row["ratio"]):
            return "there were none before"
        if row["n"] == 0:
            return "none now"
        if pd.notna(row["percent"]) and row["ratio"] < 3:
            return (
                f"{percent(abs(row['percent']) / 100)} {'more' if row['percent'] >= 0 else 'fewer'}{self._each_day}"
                if abs(row["percent"]) >= 0.5
                else f"as many{self._each_day}"
            )
        return f"{times_as_many(row['ratio'])}{self._each_day}"

    @property
    def _each_day(self) -> str:
        """Say that rates per day are compared, where a reader who divides the two counts would find another number."""
        return " by the day" if self._part("base")["days"].mean() != self._part("now")["days"].mean() else ""

    def _interval(self, row: pd.Series) -> str:
        low, high = row["low"], row["high"]
        upper = "no upper limit" if pd.isna(high) else f"{high:.2f}" if high < 10 else f"{high:,.0f}"
        return f"ratio {low:.2f} to {upper}" if pd.notna(high) else f"ratio {low:.2f} or more"

    @property
    def _s(self) -> str:
        return "s" if self.knows == "chance" else ""

    def _verdict(self, row: pd.Series, tested: int) -> str:
        if row["flag"] in ("more", "fewer"):
            return f"more than {self.knows} explain{self._s}"
        if row["p"] <= 1 - self.confidence:
            return f"alone it would stand out, but among {tested:,} rows one like it is to be expected by chance"
        if row["p"] > 0.5:
            return f"{self.knows} give{self._s} a difference like this more often than not"
        times = f"one time in {1 / row['p']:,.0f}" if row["p"] < 0.4 else "about half the time"
        return f"{self.knows} give{self._s} a difference like this {times}"

    def _older(self, row: pd.Series) -> str:
        """Say where a change is older than this year: the mean of years that differ hides it."""
        if (
            self.against != "years"
            or row["flag"] not in ("more", "fewer")
            or not row["years_differ"]
            or pd.isna(row["last_year"])
        ):
            return ""
        return f" The earlier years differ among themselves (last year {row['last_year']:,}): part of this is older."

    def _text(self) -> str:
        table = self.table
        total = self._sentence(table.iloc[0], 1)
        if self.by is None:
            return total
        rows = table[~table["is_total"]]
        few = int((rows["flag"] == "too few to tell").sum())
        tested = len(rows) - few
        if tested == 0:
            return f"{total} None of the {len(rows):,} rows holds enough {self.noun} to tell."
        more, fewer = rows[rows["flag"] == "more"], rows[rows["flag"] == "fewer"]
        if len(more) + len(fewer) == 0:
            which = f"None of {tested:,} rows" if tested > 1 else "The one row"
            found = f"{which} by {self.by} {'differs' if tested > 1 else 'does not differ'} by more than {self.knows} explain{self._s}"
        else:
            listed = "; ".join(
                f"{len(part):,} {word} ({self._names(part)})" for part, word in ((more, "more"), (fewer, "fewer")) if len(part)
            )
            found = f"Of {tested:,} rows by {self.by}, beyond {self.knows}: {listed}"
        rest = f"; {few:,} more {'holds' if few == 1 else 'hold'} too few to tell" if few else ""
        return f"{found}{rest}.{self._alarms(len(more) + len(fewer))} {total}"

    def _alarms(self, called: int) -> str:
        if not called or not self.fair:
            return ""
        one = round(1 / (1 - self.confidence))
        return (
            f" About 1 in {one} rows called is called by chance."
            if self.adjust == "fdr"
            else f" By chance alone, 1 row in {one} is called: nothing was done about their number."
        )

    def _names(self, rows: pd.DataFrame) -> str:
        names = [self._shown(name) for name in rows[self.by].head(4)]
        return ", ".join(names) + (f" and {len(rows) - 4:,} more" if len(rows) > 4 else "")

    def plot(self, *, ax: Axes | None = None, marks: Any = None) -> Axes:
        """Draw one line per row: counts, a sparkline, the ratio with its interval, and the flag in words; return the Axes.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new one if not given.
        marks : dict of date to str, optional
            Dates drawn as dotted lines in the sparklines: ``{"2024-03-01": "response begins"}``.

        Returns
        -------
        Axes
            The figure.
        """
        from sara.plot.style import finish, new_axes, subtitle_of

        ax = new_axes(width=9.6, height=1.5 + 0.34 * min(len(self.table), self.n + 1)) if ax is None else ax
        unit = self._paint(ax, marks)
        return finish(ax, title=self.title, subtitle=subtitle_of(unit, self._n_words()), source=self.source, xlabel="")

    def _paint(self, ax: Axes, marks: Any = None) -> str:
        from sara.plot.trend_compare import draw_compare

        rows = self.table.head(self.n + 1)
        if self.years:
            # Beside two counts stands a third; `earlier` of the table is for as many days as now.
            rows = rows.assign(earlier=[self._a_year(row) for _, row in rows.iterrows()])
        base = "before" if self.against == "before" else "earlier"
        heads = {
            "now": "now",
            "before": "before",
            "base": "a year\nbefore" if len(self.years) == 1 else f"mean of\n{len(self.years)} years",
        }
        draw_compare(
            ax, [self._name(row) for _, row in rows.iterrows()], rows, self.history, base=base, heads=heads, marks=marks, bold_first=self.by is not None,
        )  # fmt: skip
        span = f" of {self._span()}" if self.against == "years" else ""
        more = f"the first {self.n:,} of {len(self.table) - 1:,} rows" if len(self.table) > self.n + 1 else ""
        said = (
            f"{self.noun}, {self.window} against {self.base}{span}; line: {round(100 * self.confidence)} % interval of the ratio"
        )
        said += f",{self._each_day}" if self._each_day else ""
        return f"{said} · {more}" if more else said


def times_as_many(ratio: float) -> str:
    """Say a ratio in words: 2.4 times as many; as many."""
    if 0.95 <= ratio < 1.05:
        return "as many" if f"{ratio:.2f}" == "1.00" else f"{ratio:.2f} times as many"
    return f"{ratio:,.1f} times as many"


def _years(years: tuple[int, ...]) -> str:
    if not years:
        return ""
    if len(years) > 2 and years[-1] - years[0] == len(years) - 1:
        return f"{years[0]} to {years[-1]}"
    return ", ".join(map(str, years[:-1])) + f" and {years[-1]}" if len(years) > 1 else str(years[0])


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 20 or value == round(value) else f"{value:.1f}"
