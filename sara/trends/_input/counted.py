"""One number per period: what every method for a series works on, whatever it was given.

People hand in events, a `SeriesResult`, a pandas Series or a list of counts from a spreadsheet; a method sees one kind of thing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_events, record_of
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.period import in_period, resolve_period
from sara.core.result import Counts, Setting
from sara.core.source import EventSource, as_source
from sara.core.units import period as parse_period
from sara.core.wording import officer_words
from sara.trends._input.edges import DAY, covered, edges_of
from sara.trends._input.frequency import check_precision, label_of, per_year, step_of, word_of
from sara.trends._input.gaps import check_known, gaps_of, missing_days, outside_words
from sara.trends._input.labels import dates_of, periods_of
from sara.trends._input.rows import Rows, rows_of, unit_of

__all__ = ["Counted", "counted"]

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.datetime64]


@dataclass(frozen=True, eq=False)
class Counted:
    """A series: one number per complete period, in order of time.

    ``n`` is NaN where the data say nothing (a gap), never 0. ``start`` and ``end`` are the limits of each period, ``NaT`` for bare numbers,
    which have only an order; ``days`` is how many days of each were covered (1 each for bare numbers). ``freq`` is None for bare numbers.
    ``partial`` holds the periods that the data cover in part, as (start, n); no method uses them, figures draw them hollow.
    """

    start: Times
    end: Times
    n: Floats
    days: Floats
    freq: str | None
    noun: str
    source: str
    counts: Counts
    settings: dict[str, Setting]
    cautions: tuple[str, ...] = ()
    partial: tuple[tuple[pd.Timestamp, float], ...] = field(default=())

    def __len__(self) -> int:
        return len(self.n)

    @property
    def dated(self) -> bool:
        """Whether the periods have dates."""
        return self.freq is not None

    @property
    def word(self) -> str:
        """What one period is called: week."""
        return word_of(self.freq)[0]

    @property
    def a_word(self) -> str:
        """The same with its article: a week."""
        word, article = word_of(self.freq)
        return f"{article} {word}"

    @property
    def per_year(self) -> float:
        """Periods in a year; NaN for bare numbers."""
        return per_year(self.start, self.end) if self.dated and len(self) else float("nan")

    @property
    def labels(self) -> pd.Series:
        """The column `period` of a table: starts, or 1, 2, 3 ... for bare numbers."""
        if not self.dated:
            return pd.Series(np.arange(1, len(self) + 1), name="period")
        return pd.Series(self.start, name="period")

    @property
    def span(self) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
        """First moment and the one after the last; None for bare numbers."""
        if not self.dated or not len(self):
            return None, None
        return pd.Timestamp(self.start[0]), pd.Timestamp(self.end[-1])

    def say(self, i: int) -> str:
        """Name one period: "the week from 2024-03-04", "March 2024", or "period 12"."""
        if not self.dated:
            return f"period {int(np.arange(len(self))[i]) + 1}"
        at, word = pd.Timestamp(self.start[i]), self.word
        if word == "day":
            return f"{at:%Y-%m-%d}"
        if word == "month" and at.day == 1:
            return f"{at:%B %Y}"
        return (
            f"the {word} from {at:%Y-%m-%d %H:%M}"
            if self.end[i] - self.start[i] < np.timedelta64(1, "D")
            else f"the {word} from {at:%Y-%m-%d}"
        )

    def check_counts(self, *, name: str = "series") -> Self:
        """Refuse what is no count: numbers below zero, or with a fraction."""
        known = self.n[~np.isnan(self.n)]
        wrong = known[(known < 0) | (known != np.floor(known))]
        if len(wrong):
            raise InputError(
                f"`{name}` must hold counts: whole numbers of zero or more. Got {wrong[0]:g}. Counts per day or rates have another chance variation: hand in the counts."
            )
        return self

    def check_length(self, least: int, *, method: str, instead: str = "") -> Self:
        """Refuse a series with fewer known periods than the method needs."""
        known = int((~np.isnan(self.n)).sum())
        if known < least:
            more = f" {instead}" if instead else " Take a longer period, or a shorter `freq`."
            raise NotEnoughDataError(f"{method} needs at least {least:,} complete {self.word}s. Got {known}.{more}")
        return self

    def check_whole(self, *, method: str) -> Self:
        """Refuse a series with gaps, where a method can't go on without a period."""
        gaps = np.flatnonzero(np.isnan(self.n))
        if len(gaps):
            raise InputError(
                f"`series` must have a number for every {self.word} for {method}. Got {len(gaps)} without one, the first {self.say(int(gaps[0]))}. Take the part before or after it: period=(..., ...)"
            )
        return self


def counted(data: Any, *, freq: str | None = None, period: Any = None, name: str = "series") -> Counted:
    """Return what was handed in as one number per complete period.

    Parameters
    ----------
    data : GeoDataFrame, EventSource, SeriesResult, DataFrame, Series or array-like
        Events (counted per `freq`); a `SeriesResult` without groups, or its table (``period``, ``n``, optionally ``complete``); a Series of
        numbers with dates as its index; or bare numbers in order of time.
    freq : str, optional
        Length of a period for events; weeks if not given. Everything else has its own.
    period : (str, str), optional
        First and last day. Of a series, the periods that lie wholly inside.
    name : str
        What the argument is called where it is refused.

    Returns
    -------
    Counted
        The complete periods. Partial ones at the ends are left out and counted.
    """
    from sara.trends._results.series import SeriesResult

    if isinstance(data, SeriesResult):
        if data.by is not None:
            raise InputError(
                f"`{name}` must be one series. Got one per {data.by}. Filter first: sara.trends.series(events.query(\"{data.by} == '...'\")); for many at once: sara.trends.monitor(events, by='{data.by}')"
            )
        out = _of_table(data.table, name=name, freq=data.freq, noun=data.noun, source=data.source)
        out = replace(out, counts=_counts(data.counts, out), cautions=data.cautions, settings=_settings_of(data, out))
    elif isinstance(data, pd.Series | Mapping):
        values = data if isinstance(data, pd.Series) else pd.Series(dict(data))
        if not isinstance(data, pd.Series) and len(values) and dates_of(values.index, name=name) is None:
            # Numbered periods have the order of their numbers; names have none.
            if not pd.api.types.is_numeric_dtype(values.index):
                raise _unordered(data, name)
            values = values.sort_index()
        out = _of_series(values, name=name)
    elif isinstance(data, pd.DataFrame) and {"period", "n"} <= set(data.columns) and "time" not in data.columns:
        out = _of_table(data, name=name)
    elif isinstance(data, pd.DataFrame | EventSource) or as_source(data) is not None:
        return _of_events(data, freq=freq or "W", period=period, given=freq is not None, name=name)
    else:
        out = _of_numbers(data, name=name)
    if freq is not None:
        raise InputError(
            f"`freq` must be left out where `{name}` already is a series. Got {freq!r}. Write: sara.trends.series(events, freq={freq!r})"
        )
    return out if period is None else _cut(out, period)


def _of_events(data: Any, *, freq: str, period: Any, given: bool, name: str) -> Counted:
    source = as_source(data)
    known: Any = check_events(data, name=name if name == "events" else "events") if source is None else source
    step = step_of(freq)
    start, end, period_setting = resolve_period(known, period)
    edges = edges_of(start, end, step, freq=freq)
    check_precision(known, edges, freq=freq)
    rows = rows_of(known, unit=unit_of(start, end, *edges))
    no_time, inside = np.isnat(rows.time), in_period(rows.time, start, end)
    at = np.searchsorted(edges, rows.time[inside], side="right") - 1
    n = np.bincount(at, weights=rows.n[inside], minlength=len(edges) - 1).astype(float)
    complete, days = covered(edges, start, end)
    gaps, word = gaps_of(known, None, start, end), word_of(label_of(step))[0]
    _check_times(rows, no_time, name=name)
    check_known(known, gaps, start, end)
    missing = missing_days(edges, gaps)
    unknown = (missing > 0) & complete
    days = days - missing
    n[unknown] = np.nan
    in_gap, used = int(rows.n[inside][unknown[at]].sum()), int(np.nansum(n[complete]))
    _check_any(complete & ~unknown, word)
    kept, outside = _inside_file(known, edges, complete, unknown)
    left_out = {
        "without a time": rows.count(no_time),
        "outside the period": rows.count(~inside & ~no_time),
        f"in a partial {word}": rows.count(inside) - used - in_gap,
        "beside a gap of the file": in_gap,
    }
    return Counted(
        start=edges[:-1][kept], end=edges[1:][kept], n=n[kept], days=days[kept], freq=label_of(step), noun=rows.noun,
        source=rows.source, counts=Counts(int(rows.n.sum()), used, left_out),
        settings={
            "freq": Setting(label_of(step), "you" if given else "sara", "weeks run Monday to Sunday" if label_of(step) == "W-SUN" else ""),
            "period": period_setting,
        },
        cautions=(*rows.cautions, *([outside_words(known, outside, word)] if outside else []),
                  *officer_words(rows.count(inside & rows.officer), rows.count(inside), noun=rows.noun)),
        partial=tuple((pd.Timestamp(edges[i]), float(n[i])) for i in np.flatnonzero(~complete & (days > 0))),
    )  # fmt: skip


def _check_times(rows: Rows, no_time: npt.NDArray[np.bool_], *, name: str) -> None:
    if len(no_time) and no_time.all():
        raise NotEnoughDataError(
            f"`{name}` needs at least 1 event with a time. Got 0 of {int(rows.n.sum()):,}. Check the time column: sara.audit(events)"
        )


def _check_any(whole: npt.NDArray[np.bool_], word: str) -> None:
    if not whole.any():
        raise NotEnoughDataError(
            f"`period` must hold at least 1 complete {word} of the file. Got 0. Take a longer period, or a shorter `freq`."
        )


def _inside_file(
    known: Any, edges: Times, complete: npt.NDArray[np.bool_], unknown: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.bool_], int]:
    """Return the complete periods without the unknown ones at both ends, and how many of these lie beyond what the file covers."""
    whole = np.flatnonzero(complete & ~unknown)
    kept = complete.copy()
    kept[: whole[0]] = kept[whole[-1] + 1 :] = False
    coverage = record_of(known).get("coverage")
    if not coverage:
        return kept, 0
    first, last = (np.datetime64(pd.Timestamp(day), "us") for day in coverage)
    beyond = (edges[:-1] < first) | (edges[1:] > last)
    return kept, int((complete & ~kept & beyond).sum())


def _of_table(table: pd.DataFrame, *, name: str, freq: str | None = None, noun: str = "events", source: str = "") -> Counted:
    if table["period"].duplicated().any():
        raise InputError(f"`{name}` must be one series. Got several rows for one period. Filter first, or sum them.")
    values = pd.Series(_numbers_of(table["n"], name=name), index=pd.Index(table["period"]))
    if dates_of(values.index, name=name) is None:
        return _of_numbers(values.to_numpy(), name=name)
    complete = table["complete"].to_numpy(dtype=bool) if "complete" in table else np.ones(len(table), dtype=bool)
    covered_days = table["days"].to_numpy(dtype=float) if "days" in table else None
    return replace(
        _of_series(values, name=name, freq=freq, complete=complete, covered_days=covered_days), noun=noun, source=source
    )


def _counts(before: Counts, out: Counted) -> Counts:
    used = int(np.nansum(out.n))
    left = dict(before.left_out)
    return Counts(before.rows_in, used, {**left, f"in a partial {out.word}": before.rows_used - used})


def _of_series(
    values: pd.Series, *, name: str, freq: str | None = None, complete: npt.NDArray[np.bool_] | None = None, covered_days: Floats | None = None
) -> Counted:  # fmt: skip
    if (
        not pd.api.types.is_numeric_dtype(values.dtype)
        and values.dtype != object
        and not isinstance(values.dtype, pd.StringDtype)
    ):
        raise InputError(
            f"`{name}` must hold numbers. Got a column of {values.dtype}. Hand in the events themselves, or count first: sara.trends.series(events)"
        )
    index = dates_of(values.index, name=name)
    if index is None:
        return _of_numbers(values.to_numpy(), name=name)
    numbers = _numbers_of(values.to_numpy(), name=name)
    order = np.argsort(index.to_numpy(), kind="stable")
    edges, at, step, cautions = periods_of(index[order], freq=freq, name=name)
    size, word = len(edges) - 1, word_of(label_of(step))[0]
    n, whole = np.full(size, np.nan), np.zeros(size, dtype=bool)
    days = (edges[1:] - edges[:-1]).astype(np.int64) / DAY
    n[at], whole[at] = numbers[order], True if complete is None else complete[order]
    if covered_days is not None:
        days[at] = covered_days[order]
    known = float(np.nansum(n))
    partial = tuple((pd.Timestamp(edges[i]), float(n[i])) for i in np.flatnonzero(~whole & ~np.isnan(n)))
    # Partial periods at the ends go; one inside has a hole, and no number.
    kept = np.flatnonzero(whole)
    _check_any(whole, word)
    first, last = int(kept[0]), int(kept[-1]) + 1
    n = np.where(whole, n, np.nan)[first:last]
    days = np.where(np.isnan(n), 0.0, days[first:last])
    missing, used = int(np.isnan(n).sum()), float(np.nansum(n))
    verb = "have" if missing > 1 else "has"
    if missing:
        cautions += (
            f"{missing:,} {word}{'s' if missing > 1 else ''} of the series {verb} no number: taken as unknown, not as zero.",
        )
    return Counted(
        start=edges[first:last], end=edges[first + 1 : last + 1], n=n, days=days, freq=label_of(step), noun="events", source="",
        counts=Counts(round(known), round(used), {f"in a partial {word}": round(known) - round(used)}),
        settings={"freq": Setting(label_of(step), "you", "the dates of the series, each taken as the first day of its period")},
        cautions=cautions, partial=partial,
    )  # fmt: skip


def _settings_of(data: Any, out: Counted) -> dict[str, Setting]:
    """Return what the series was counted with, as far as it says how."""
    return {
        "freq": data.settings.get("freq", out.settings["freq"]),
        **{key: data.settings[key] for key in ("period", "day_starts", "gaps") if key in data.settings},
    }


def _of_numbers(data: Any, *, name: str) -> Counted:
    numbers = _numbers_of(data, name=name)
    nat = np.full(len(numbers), np.datetime64("NaT"), dtype="datetime64[us]")
    known = int(np.nansum(numbers))
    return Counted(
        start=nat, end=nat, n=numbers, days=np.ones(len(numbers)), freq=None, noun="events", source="", counts=Counts(known, known),
        settings={"freq": Setting("none", "you", "bare numbers in order of time")},
    )  # fmt: skip


def _unordered(data: Any, name: str) -> InputError:
    return InputError(
        f"`{name}` must be numbers in order of time, or by date. Got {'an' if type(data).__name__[0] in 'aeiou' else 'a'} {type(data).__name__}, which has no order. Write a list: [3, 5, 4, 2]"
    )


def _numbers_of(data: Any, *, name: str) -> Floats:
    if isinstance(data, set | frozenset):
        raise _unordered(data, name)
    try:
        numbers = pd.to_numeric(
            pd.Series(data if isinstance(data, np.ndarray | Sequence) else list(data)), errors="raise"
        ).to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        numbers = None
    if numbers is None or isinstance(data, str) or np.isinf(numbers).any():
        raise InputError(
            f"`{name}` must be events, a series, or numbers in order of time. Got {type(data).__name__}. Write: sara.trends.series(events) or [3, 5, 4, 2]"
        )
    if len(numbers) == 0:
        raise NotEnoughDataError(f"`{name}` needs at least 1 number. Got 0. Has an earlier filter removed them all?")
    # A copy: a method may write into its own numbers, not into what it was handed.
    return np.array(numbers)


def _cut(out: Counted, period: Any) -> Counted:
    if not out.dated:
        raise InputError(
            f"`period` must be left out for numbers without dates. Got {period!r}. Cut the list itself: numbers[10:60]"
        )
    start, end = parse_period(period)
    keep = (out.start >= np.datetime64(start)) & (out.end <= np.datetime64(end))
    if not keep.any():
        raise NotEnoughDataError(f"`period` must hold a whole {out.word} of the series. Got {period!r}.")
    gone = int(np.nansum(out.n[~keep]))
    counts = Counts(
        out.counts.rows_in, out.counts.rows_used - gone,
        {**out.counts.left_out, "outside the period": out.counts.left_out.get("outside the period", 0) + gone},
    )  # fmt: skip
    return replace(
        out, start=out.start[keep], end=out.end[keep], n=out.n[keep], days=out.days[keep], counts=counts, partial=(),
        settings={**out.settings, "period": Setting(f"{start:%Y-%m-%d} to {end - pd.Timedelta(microseconds=1):%Y-%m-%d}", "you")},
    )  # fmt: skip
