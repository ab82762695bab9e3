"""Counts per week, month or any other period, with the partial ones marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_columns, check_enough, check_events, record_of
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.period import in_period
from sara.core.persons import check_no_person
from sara.core.result import Counts, Setting
from sara.core.source import EventSource, as_source
from sara.core.wording import officer_words
from sara.data._lists import HELP_REASON, PLACE_LIKE, shown
from sara.trends._input.edges import DAY, MOST_ROWS, covered, edges_of
from sara.trends._input.exposed import exposure_of
from sara.trends._input.frequency import check_precision, label_of, step_of
from sara.trends._input.gaps import Gaps, check_known, gaps_of, in_gaps, missing_days
from sara.trends._input.lawful import assemblies_in
from sara.trends._input.operational import operational_period, start_of_day
from sara.trends._input.rows import Rows, rows_of, unit_of
from sara.trends._results.series import SeriesResult

__all__ = ["SeriesResult", "series"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Times = npt.NDArray[np.datetime64]

# Days without a row where this many were to be expected are a hole in the feed, not a quiet time.
GAP_EXPECTED = 20
# A group silent for periods in which this many were to be expected has a code that came or went.
CODE_EXPECTED = 100
# Reports of the last four weeks often come in late.
LAG = pd.Timedelta(days=28)


def series(
    events: gpd.GeoDataFrame | EventSource, *, freq: str = "W", by: str | None = None, period: Any = None, day_starts: int | str = 0,
    gaps: Sequence[Any] | None = None, exposure: pd.Series | dict[Any, float] | None = None,
) -> SeriesResult:  # fmt: skip
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
    day_starts : int or str
        Hour at which a day begins, such as 6 or ``"06:00"``: an event at 02:00 on Saturday then belongs to Friday, and weeks begin on Monday
        at that hour.
    gaps : list of (str, str), optional
        First and last day of stretches for which the file is known to be incomplete, beside those that its record names. Their rows are left
        out and counted.
    exposure : Series or dict, optional
        Numbers by date, one for each day (hours on patrol, buses that ran) or for each longer step (inhabitants by month): added up over
        each period to give ``exposure`` and ``rate``.

    Returns
    -------
    SeriesResult
        ``table``: ``period``, the column `by`, ``n``, ``complete``, ``days``, ``per_day``, with exposure also ``exposure`` and ``rate``.

    Raises
    ------
    InputError
        If `freq` is no offset, is shorter than the times are precise, `by` names no column, or `exposure` is not by date.
    NotEnoughDataError
        If no row has a time.

    Notes
    -----
    Weeks, months and years keep their calendar limits: one that the period cuts is partial (``complete`` is False), drawn hollow, and no part
    of any comparison. The two years compared are the first and the last 12 months of a period of at least two years; no percentage is given
    on a base under 20. A difference that twelve months of two like years show in one case of 20 or more is called possible by the usual ups
    and downs: a paired t-test over the months, of ``sqrt(2) * (sqrt(last) - sqrt(first))``, whose standard deviation is taken to be at least
    the 1 of chance. A larger one is not called a trend.

    A gap is not zero: days without any row of the whole file where at least 20 were to be expected are named in the record when a file is
    read, and stay known when rows are filtered. Nor is what lies before or after all that the file covers, where a stretch of two days or more
    was due to hold 20 rows of the whole file. A period that lies in a gap has no ``n``; one that is cut by it has the ``n`` of its other
    days, is not complete, and can be compared by ``per_day``. With `day_starts`, dates mean days that begin at that hour; the hours before
    the first of them are outside the period.

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
    step, shift = step_of(freq), start_of_day(day_starts)
    _check_by(known, by)
    start, end, period_setting = operational_period(known, period, shift)
    edges = edges_of(start - shift, end - shift, step, freq=freq) + np.timedelta64(shift)
    check_precision(known, edges, freq=freq)
    _check_day_starts(known, shift, day_starts)
    out_of = gaps_of(known, gaps, start, end)
    rows = rows_of(known, unit=unit_of(start, end, *edges, *[at for gap in out_of for at in gap]), by=by)
    within, n_in = in_period(rows.time, start, end), int(rows.n.sum())
    check_known(known, out_of, start, end)
    no_time = np.isnat(rows.time)
    _check_times(rows, no_time)
    lost = in_gaps(rows.time, out_of) & within
    inside = within & ~lost
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
    if by is not None and len(names) >= len(edges) - 1 and len(names) * (len(edges) - 1) > MOST_ROWS:
        raise InputError(
            f"`by` must have few values. Got {len(names):,} of {by!r}, which with {len(edges) - 1:,} periods make more than {MOST_ROWS:,} rows. Keep the largest of them first, or write by='category'."
        )
    if len(names) * (len(edges) - 1) > MOST_ROWS:
        raise InputError(
            f"`freq` must give a table of at most {MOST_ROWS:,} rows. Got {len(edges) - 1:,} periods of {freq!r} and {len(names):,} groups. Write freq='W' or freq='MS'."
        )
    n = _numbers(rows.time[used], edges, groups[used], len(names), rows.n[used])
    complete, days = covered(edges, start, end)
    missing = missing_days(edges, out_of)
    complete, days = complete & (missing == 0), np.maximum(days - missing, 0.0)
    shown_as = edges - np.timedelta64(shift) if _whole_days(edges) else edges
    exposed = None if exposure is None else exposure_of(exposure, edges - np.timedelta64(shift), days, complete, out_of)
    table = _table(shown_as, n, complete, days, by, names, exposed)
    whole = n.sum(axis=0)[complete]
    years, years_p = _years(rows, used, *_known_span(out_of, start, end))
    holes = _gap_caution(rows, used, start, end, out_of)
    officers = officer_words(rows.count(used & rows.officer), rows.count(used), noun=rows.noun)
    return SeriesResult(
        table=table,
        settings={
            "freq": Setting(label_of(step), "sara" if freq == "W" else "you", "weeks run Monday to Sunday" if label_of(step) == "W-SUN" else ""),
            "period": period_setting,
            "day_starts": Setting(f"{pd.Timestamp(0) + shift:%H:%M}", "you" if shift else "sara", "" if shift else "calendar days"),
            "gaps": Setting(_words_of(out_of) or "none", "you" if gaps else "sara", "" if gaps else "of the file's record"),
            "exposure": Setting("days covered" if exposure is None else "given", "sara" if exposure is None else "you"),
            "by": Setting(by if by is not None else "none", "you" if by is not None else "sara", "" if by is not None else "one series"),
        },
        counts=Counts(
            n_in, rows.count(used),
            {
                "without a time": rows.count(no_time), "outside the period": rows.count(~within & ~no_time),
                "in a gap of the file": rows.count(lost),
                f"with no {by}": rows.count(inside & (groups < 0)), HELP_REASON: rows.count(helps),
            },
        ),
        cautions=(*rows.cautions, *officers, *_known_gaps(out_of), *holes, *_code_cautions(n[:, complete], names, by), *_lag_caution(rows.last, end)),
        freq=label_of(step), by=by, holes=bool(holes) or _cut_years(out_of, *_known_span(out_of, start, end)), years=years, years_p=years_p,
        swing=float(whole.var(ddof=1) / whole.mean()) if len(whole) > 2 and whole.mean() > 0 else 1.0,
        start=start - shift if start == start.normalize() + shift else start, end=end - shift if end == end.normalize() + shift else end,
        noun=rows.noun, source=rows.source, assemblies=assemblies_in(known) is not None,
        gaps=tuple((f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}") for first, last in out_of),
    )  # fmt: skip


def _check_times(rows: Rows, no_time: npt.NDArray[np.bool_]) -> None:
    if len(no_time) and no_time.all():
        raise NotEnoughDataError(
            f"series needs at least 1 event with a time. Got 0 of {int(rows.n.sum()):,}. Check the time column: sara.audit(events)"
        )


def _check_by(events: Any, by: Any) -> None:
    if by is None:
        return
    if not isinstance(by, str):
        raise InputError(f"`by` must name one column. Got {by!r}. Write: by='category'")
    check_columns(events, [by], argument="by")
    check_no_person([by])
    if by in ("period", "n", "complete", "days", "per_day", "exposure", "rate"):
        raise InputError(f"`by` must not be a word of the answer's own table. Got {by!r}. Rename the column first.")


def _groups(rows: Rows, by: str | None) -> tuple[Ints, list[Any]]:
    """Return a code per row, -1 where the value is missing, and the values in order."""
    column = rows.values
    if column is None:
        return np.zeros(len(rows.n), dtype=np.int64), ["all"]
    try:
        codes, names = pd.factorize(column)
    except TypeError as error:
        raise InputError(
            f"`by` must name a column of single values. Got {by!r}, which holds lists or the like. Make text of them first: events.assign({by}=events[{by!r}].astype(str))"
        ) from error
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
    starts: Times,
    n: Ints,
    complete: npt.NDArray[np.bool_],
    days: Floats,
    by: str | None,
    names: list[Any],
    exposure: Floats | None,
) -> pd.DataFrame:
    groups, periods = n.shape
    columns: dict[str, Any] = {"period": np.repeat(starts[:-1], groups)}
    if by is not None:
        columns[by] = pd.Series(names * periods)
    with np.errstate(divide="ignore", invalid="ignore"):
        per_day = np.where(days > 0, n / days, np.nan)
        rate = None if exposure is None else n / exposure
    columns |= {
        "n": n.T.ravel(),
        "complete": np.repeat(complete, groups),
        "days": np.repeat(days, groups),
        "per_day": per_day.T.ravel(),
    }
    if exposure is not None and rate is not None:
        columns |= {"exposure": np.repeat(exposure, groups), "rate": rate.T.ravel()}
    table = pd.DataFrame(columns)
    unknown = np.repeat(days <= 0, groups)
    if unknown.any():
        table["n"] = table["n"].astype("Int64").mask(unknown)
    return table


def _whole_days(edges: Times) -> bool:
    return bool((np.diff(edges).astype(np.int64) % DAY == 0).all())


def _words_of(gaps: Gaps) -> str:
    listed = [f"{first:%Y-%m-%d} to {last - pd.Timedelta(microseconds=1):%Y-%m-%d}" for first, last in gaps]
    return ", ".join(listed[:3]) + (f" and {len(listed) - 3} more" if len(listed) > 3 else "")


def _known_gaps(gaps: Gaps) -> list[str]:
    days = sum((last - first) / pd.Timedelta(days=1) for first, last in gaps)
    return (
        [f"The file says nothing about {days:,.0f} days ({_words_of(gaps)}): they are taken as unknown, not as zero."]
        if gaps
        else []
    )


def _known_span(gaps: Gaps, start: pd.Timestamp, end: pd.Timestamp) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the period without the gaps at its ends."""
    first = gaps[0][1] if gaps and gaps[0][0] <= start else start
    last = gaps[-1][0] if gaps and gaps[-1][1] >= end else end
    return first, last


def _cut_years(gaps: Gaps, start: pd.Timestamp, end: pd.Timestamp) -> bool:
    first_end, last_start = start + pd.DateOffset(years=1), end - pd.DateOffset(years=1)
    return any(start < last and first < end and (first < first_end or last > last_start) for first, last in gaps)


def _check_day_starts(events: Any, shift: pd.Timedelta, day_starts: Any) -> None:
    if shift and record_of(events).get("time_precision") in ("day", "month"):
        raise InputError(
            f"`day_starts` must be left out where times are dates without an hour. Got {day_starts!r}. Write: sara.trends.series(events, freq='D')"
        )


def _years(
    rows: Rows, used: npt.NDArray[np.bool_], start: pd.Timestamp, end: pd.Timestamp
) -> tuple[tuple[int, int] | None, float | None]:
    """Return the events of the first and of the last 12 months, and how often months swing as much where the two years are alike."""
    first_end, last_start = start + pd.DateOffset(years=1), end - pd.DateOffset(years=1)
    if first_end > last_start:
        return None, None
    first, last = (_twelfths(rows, used, at) for at in (start, last_start))
    return (int(first.sum()), int(last.sum())), _alike(first, last)


def _twelfths(rows: Rows, used: npt.NDArray[np.bool_], start: pd.Timestamp) -> Ints:
    """Count the twelve months from a day on; each group of rows as a whole, by its first moment."""
    edges = np.array([start + pd.DateOffset(months=i) for i in range(13)], dtype="datetime64[us]")
    at = np.searchsorted(edges, rows.time[used], side="right") - 1
    inside = (at >= 0) & (at < 12)
    return np.bincount(at[inside], weights=rows.n[used][inside], minlength=12).astype(np.int64)


def _alike(first: Ints, last: Ints) -> float:
    """Return the p-value of a paired t-test over the months of two years, on the scale on which chance is the same for all counts."""
    from scipy.special import stdtr

    apart = np.sqrt(2) * (np.sqrt(last) - np.sqrt(first))
    # Chance alone gives a standard deviation of one: months that happen to agree are no proof of more.
    sd = max(float(apart.std(ddof=1)), 1.0)
    return float(2 * stdtr(11, -abs(float(apart.mean())) / (sd / np.sqrt(12))))


def _lag_caution(time: Times, end: pd.Timestamp) -> list[str]:
    there = time[~np.isnat(time)]
    late = len(there) > 0 and end + LAG > pd.Timestamp(there.max())
    return ["The last weeks may still rise: some reports reach the file late."] if late else []


def _code_cautions(n: Ints, names: list[Any], by: str | None) -> list[str]:
    """Name the groups that begin or end inside the period although many were to be expected: a code that changed looks like a change."""
    # A place that begins or ends is no code.
    if by is None or by in PLACE_LIKE or n.shape[1] < 6:
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


def _gap_caution(rows: Rows, used: npt.NDArray[np.bool_], start: pd.Timestamp, end: pd.Timestamp, known: Gaps) -> list[str]:
    """Say where the feed seems to have been down: whole days without a row where at least 20 were to be expected."""
    per_day = rows.count(used) / ((end - start) / pd.Timedelta(days=1))
    # From the last moment of each group to the first of the next one that begins later than all before it have ended.
    # A gap that is known counts as if rows had filled it.
    first, last = (np.array([gap[side] for gap in known], dtype="datetime64[us]") for side in (0, 1))
    time, until = np.r_[rows.time[used], first], np.r_[rows.last[used], last]
    order = np.argsort(time, kind="stable")
    begins = np.append(time[order], np.datetime64(end, "us"))
    ended = np.maximum.accumulate(np.append(np.datetime64(start, "us"), until[order]))
    lengths = (begins - ended).astype(np.int64) / DAY
    holes = np.flatnonzero((lengths * per_day >= GAP_EXPECTED) & (lengths >= 2))
    if len(holes) == 0:
        return []
    longest = int(holes[np.argmax(lengths[holes])])
    low, high = pd.Timestamp(ended[longest]), pd.Timestamp(begins[longest])
    others = len(holes) - 1
    more = f" and {others} more such hole{'s' if others > 1 else ''}" if others else ""
    return [
        f"No {rows.noun} at all from {low:%Y-%m-%d} to {high:%Y-%m-%d}, where about {lengths[longest] * per_day:,.0f} were to be expected{more}: "
        "ask whether the data are complete before speaking of a fall."
    ]
