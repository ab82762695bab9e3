"""Counts per week, month or any other period, with the partial ones marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_columns, check_enough, check_events
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.period import in_period, resolve_period
from sara.core.result import Counts, Result, Setting
from sara.core.source import EventSource, as_source
from sara.core.wording import officer_words, percent, period_words
from sara.data._lists import HELP_REASON, PLACE_LIKE, shown
from sara.trends._input.edges import DAY, MOST_ROWS, covered, edges_of
from sara.trends._input.frequency import check_precision, label_of, step_of, word_of
from sara.trends._input.rows import Rows, rows_of, unit_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SeriesResult", "series"]

Ints = npt.NDArray[np.int64]
Times = npt.NDArray[np.datetime64]

# No percent change on a base under 20: a handful more or less would move it by half.
PERCENT_BASE = 20
# Days without a row where this many were to be expected are a hole in the feed, not a quiet time.
GAP_EXPECTED = 20
# A group silent for periods in which this many were to be expected has a code that came or went.
CODE_EXPECTED = 100
# Reports of the last four weeks often come in late.
LAG = pd.Timedelta(days=28)


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class SeriesResult(Result):
    """Counts over time.

    Parameters
    ----------
    table : DataFrame
        One row per period (and per value of `by`): ``period`` (its start), the column `by` where one was asked for, ``n`` (events, zeros
        filled in), ``complete`` (whether the data cover the whole period; only complete periods are compared), ``days`` (days covered).
    freq : str
        The pandas offset used.
    by : str or None
        The column of the groups.
    years : tuple of int, or None
        Events in the first and in the last 12 months of the period; None where it is shorter than two years.
    holes : bool
        Whether days are missing where many events were to be expected.
    swing : float
        Variance of the counts of complete periods over their mean; 1 where only chance moves them.
    start, end : Timestamp
        The period, half-open.
    noun, source : str
        What the rows are called, and the source line.
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
        n = total.loc[total["complete"], "n"]
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
        # Both years are counts, and they swing more than chance alone: the square-root test with the measured swing.
        z = np.sqrt(2) * (np.sqrt(last) - np.sqrt(first)) / np.sqrt(max(self.swing, 1.0))
        change = (
            f"{percent(abs(last - first) / first)} {'more' if last > first else 'fewer'}"
            if last < 3 * first
            else f"{last / first:.0f} times as many"
        )
        return f"{words}: {change}" + (", which the usual ups and downs may explain." if abs(z) < 2 else ".")

    def _groups(self) -> str:
        if self.by is None:
            return ""
        sums = self.table.groupby(self.by, sort=True)["n"].sum().sort_values(ascending=False, kind="stable")
        top, total = sums.head(3), max(int(sums.sum()), 1)
        listed = ", ".join(f"{shown(name, self.by)} ({percent(n / total)})" for name, n in top.items())
        return f"Most by {self.by}: {listed}."

    @property
    def alt_text(self) -> str:
        """What the figure shows, for a reader who cannot see it."""
        word, _ = word_of(self.freq)
        total = self._total()
        whole = total[total["complete"]]
        last = f" The last complete {word} had {int(whole['n'].iloc[-1]):,}." if len(whole) else ""
        return f"Line of {self.noun} per {word}, {period_words(self.start, self.end)}, partial periods hollow. {self.text}{last}"

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the counts as a line: the last complete period marked, partial periods hollow; return the Axes."""
        from sara.plot.series import MOST_LINES, draw_lines
        from sara.plot.style import finish, new_axes, subtitle_of

        ax = new_axes() if ax is None else ax
        table = (
            self.table
            if self.by not in PLACE_LIKE
            else self.table.assign(**{self.by: [shown(name, self.by) for name in self.table[self.by]]})
        )
        draw_lines(ax, table, by=self.by)
        word, article = word_of(self.freq)
        groups = self.table[self.by].nunique() if self.by else 1
        largest = f"the largest {MOST_LINES} of {groups:,} values of {self.by}" if groups > MOST_LINES else ""
        hollow = "" if self.table["complete"].all() else f"hollow: partial {word}"
        return finish(
            ax, title=f"How many {self.noun}, and is it changing?", source=self.source, xlabel=None, ylabel=f"{self.noun} {article} {word}",
            subtitle=subtitle_of(f"{self.noun} {article} {word}", period_words(self.start, self.end), f"n = {int(self.table['n'].sum()):,}", largest, hollow),
        )  # fmt: skip


def series(events: gpd.GeoDataFrame | EventSource, *, freq: str = "W", by: str | None = None, period: Any = None) -> SeriesResult:
    """Count events per week, month or any other period.

    Answers "how many, and is it changing?". Use `trends.clock` for the hours of the week.

    Parameters
    ----------
    events : GeoDataFrame or EventSource
        Event table, or a source (`sara.open_events`, the path of a Parquet file). Rows without a time and outside the period are left out
        and counted.
    freq : str
        Any pandas offset: ``"D"``, ``"W"`` (Monday to Sunday, labelled by its Monday), ``"2W"``, ``"MS"``, ``"QS"``, ``"YS"``, ``"6h"``.
    by : str, optional
        A column: one series per value, every period filled in for each. Rows without a value are left out and counted.
    period : (str, str), optional
        First and last day. If not given, the longest run of the file without a gap of three empty months.

    Returns
    -------
    SeriesResult
        ``table``: ``period``, the column `by`, ``n``, ``complete``, ``days``.

    Raises
    ------
    InputError
        If `freq` is no offset, is shorter than the times are precise, or `by` names no column.
    NotEnoughDataError
        If no row has a time.

    Notes
    -----
    Weeks, months and years keep their calendar limits: one that the period cuts is partial (``complete`` is False), drawn hollow, and no part
    of any comparison. The two years compared are the first and the last 12 months of a period of at least two years; no percentage is given
    on a base under 20. A difference with ``|sqrt(2) * (sqrt(last) - sqrt(first))| < 2 * sqrt(variance / mean)`` is called possible by the
    usual ups and downs; a larger one is not called a trend.

    References
    ----------
    Wheeler (2016), Tables and graphs for monitoring temporal crime trends, International Journal of Police Science & Management 18(3), 159-172.
    doi:10.1177/1461355716642781

    Examples
    --------
    >>> import pandas as pd, sara
    >>> table = pd.DataFrame({"when": ["2024-01-01 10:00", "2024-01-03 11:00", "2024-01-16 12:00"]})
    >>> weeks = sara.trends.series(sara.as_events(table, time="when"), period=("2024-01-01", "2024-01-21"))
    >>> weeks.table["n"].tolist()
    [2, 0, 1]
    """
    source = as_source(events)
    known: Any = check_events(events) if source is None else source
    step = step_of(freq)
    _check_by(known, by)
    start, end, period_setting = resolve_period(known, period)
    edges = edges_of(start, end, step, freq=freq)
    check_precision(known, edges, freq=freq)
    rows = rows_of(known, unit=unit_of(start, end, *edges), by=by)
    inside, n_in = in_period(rows.time, start, end), int(rows.n.sum())
    groups, names = _groups(rows, by)
    helps = rows.helped & inside & (groups >= 0)
    used = inside & (groups >= 0) & ~helps
    if by is not None:
        # A value without a row in use is not on the list: it may be a place that only asked for help.
        check_enough(
            rows.count(used),
            1,
            method="series",
            what=f"event of the period with a {by}",
            instead="Try a longer period, or another `by`.",
        )
        there, codes = np.unique(groups[used], return_inverse=True)
        groups[used], names = codes, [names[code] for code in there]
    no_time = np.isnat(rows.time)
    if len(names) * (len(edges) - 1) > MOST_ROWS:
        raise InputError(
            f"`freq` must give a table of at most {MOST_ROWS:,} rows. Got {len(edges) - 1:,} periods of {freq!r} and {len(names):,} groups. Write freq='W' or freq='MS'."
        )
    n = _numbers(rows.time[used], edges, groups[used], len(names), rows.n[used])
    complete, days = covered(edges, start, end)
    table = _table(edges, n, complete, days, by, names)
    whole = n.sum(axis=0)[complete]
    holes = _gap_caution(rows, used, start, end)
    officers = officer_words(rows.count(used & rows.officer), rows.count(used), noun=rows.noun)
    return SeriesResult(
        table=table,
        settings={
            "freq": Setting(label_of(step), "sara" if freq == "W" else "you", "weeks run Monday to Sunday" if label_of(step) == "W-SUN" else ""),
            "period": period_setting,
            "by": Setting(by if by is not None else "none", "you" if by is not None else "sara", "" if by is not None else "one series"),
        },
        counts=Counts(
            n_in, rows.count(used),
            {
                "without a time": rows.count(no_time), "outside the period": rows.count(~inside & ~no_time),
                f"with no {by}": rows.count(inside & (groups < 0)), HELP_REASON: rows.count(helps),
            },
        ),
        cautions=(*rows.cautions, *officers, *holes, *_code_cautions(n[:, complete], names, by), *_lag_caution(rows.last, end)),
        freq=label_of(step), by=by, holes=bool(holes), years=_years(rows, used, start, end),
        swing=float(whole.var(ddof=1) / whole.mean()) if len(whole) > 2 and whole.mean() > 0 else 1.0,
        start=start, end=end, noun=rows.noun, source=rows.source,
    )  # fmt: skip


def _check_by(events: Any, by: Any) -> None:
    if by is None:
        return
    if not isinstance(by, str):
        raise InputError(f"`by` must name one column. Got {by!r}. Write: by='category'")
    check_columns(events, [by], argument="by")
    if by == "caller":
        raise InputError(
            "`by` must not list callers: no person is ranked. Got 'caller'. Write: sara.scan.concentration(events, by='caller') for their distribution"
        )
    if by in ("period", "n", "complete", "days"):
        raise InputError(f"`by` must not be a word of the answer's own table. Got {by!r}. Rename the column first.")


def _groups(rows: Rows, by: str | None) -> tuple[Ints, list[Any]]:
    """Return a code per row, -1 where the value is missing, and the values in order."""
    column = rows.values
    if column is None:
        return np.zeros(len(rows.n), dtype=np.int64), ["all"]
    codes, names = pd.factorize(column)
    if len(names) == 0:
        raise NotEnoughDataError(
            f"`by` must name a column with values. Got {by!r}, which is empty in all {int(rows.n.sum()):,} rows. Leave by= out, or name another column."
        )
    order = np.argsort(np.array([str(name) for name in names]), kind="stable")
    if column.dtype.kind in "biuf":
        order = np.argsort(np.asarray(names, dtype=float), kind="stable")
    place = np.empty(len(names) + 1, dtype=np.int64)
    place[order], place[-1] = np.arange(len(names)), -1
    return place[codes], [names[i] for i in order]


def _numbers(time: Times, edges: Times, groups: Ints, n_groups: int, n: Ints) -> Ints:
    """Count events by group and period; each moment stands for `n` of them."""
    periods = len(edges) - 1
    at = np.searchsorted(edges, time, side="right") - 1
    counted = np.bincount(groups * periods + at, weights=n, minlength=n_groups * periods)
    return counted.reshape(n_groups, periods).astype(np.int64)


def _table(
    edges: Times, n: Ints, complete: npt.NDArray[np.bool_], days: npt.NDArray[np.float64], by: str | None, names: list[Any]
) -> pd.DataFrame:
    groups, periods = n.shape
    columns: dict[str, Any] = {"period": np.repeat(edges[:-1], groups)}
    if by is not None:
        columns[by] = pd.Series(names * periods)
    columns |= {"n": n.T.ravel(), "complete": np.repeat(complete, groups), "days": np.repeat(days, groups)}
    return pd.DataFrame(columns)


def _years(rows: Rows, used: npt.NDArray[np.bool_], start: pd.Timestamp, end: pd.Timestamp) -> tuple[int, int] | None:
    first_end, last_start = start + pd.DateOffset(years=1), end - pd.DateOffset(years=1)
    if first_end > last_start:
        return None
    return rows.count(used & (rows.time < np.datetime64(first_end))), rows.count(used & (rows.time >= np.datetime64(last_start)))


def _lag_caution(time: Times, end: pd.Timestamp) -> list[str]:
    there = time[~np.isnat(time)]
    late = len(there) > 0 and end + LAG > pd.Timestamp(there.max())
    return ["The last weeks may still rise: some reports reach the file late."] if late else []


def _code_cautions(n: Ints, names: list[Any], by: str | None) -> list[str]:
    """Name the groups that begin or end inside the period although many were to be expected: a code that changed looks like a change."""
    if by is None or n.shape[1] < 6:
        return []
    out = []
    for row, name in zip(n, names, strict=True):
        there = np.flatnonzero(row)
        if len(there) == 0:
            continue
        usual = row[there[0] : there[-1] + 1].mean()
        before, after = int(there[0]), int(len(row) - 1 - there[-1])
        if max(before, after) >= 3 and max(before, after) * usual >= CODE_EXPECTED:
            out.append(f"{shown(name, by)} ({'begins' if before >= after else 'ends'} inside the period)")
    if not out:
        return []
    more = f" and {len(out) - 3} more" if len(out) > 3 else ""
    return [
        f"Has the coding changed? {', '.join(out[:3])}{more}: from nothing to many, or the reverse, is more often a new code than a new problem."
    ]


def _gap_caution(rows: Rows, used: npt.NDArray[np.bool_], start: pd.Timestamp, end: pd.Timestamp) -> list[str]:
    """Say where the feed seems to have been down: whole days without a row where at least 20 were to be expected."""
    per_day = rows.count(used) / ((end - start) / pd.Timedelta(days=1))
    # From the last moment of each group to the first of the next one that begins later than all before it have ended.
    order = np.argsort(rows.time[used], kind="stable")
    begins = np.append(rows.time[used][order], np.datetime64(end, "us"))
    ended = np.maximum.accumulate(np.append(np.datetime64(start, "us"), rows.last[used][order]))
    lengths = (begins - ended).astype(np.int64) / DAY
    holes = np.flatnonzero((lengths * per_day >= GAP_EXPECTED) & (lengths >= 2))
    if len(holes) == 0:
        return []
    longest = int(holes[np.argmax(lengths[holes])])
    first, last = pd.Timestamp(ended[longest]), pd.Timestamp(begins[longest])
    more = f" and {len(holes) - 1} more such holes" if len(holes) > 1 else ""
    return [
        f"No {rows.noun} at all from {first:%Y-%m-%d} to {last:%Y-%m-%d}, where about {lengths[longest] * per_day:,.0f} were to be expected{more}: "
        "ask whether the data are complete before speaking of a fall."
    ]


def _round(mean: float) -> str:
    return f"{mean:,.0f}" if mean >= 20 else f"{mean:.1f}"


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
