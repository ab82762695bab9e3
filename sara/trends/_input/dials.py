"""Events by weekday, month or hour, beside how often each came round; or bare numbers, one per weekday, month or hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_choice, check_enough, check_events
from sara.core.errors import InputError
from sara.core.period import in_period
from sara.core.result import Counts, Setting
from sara.core.source import EventSource, as_source
from sara.core.wording import officer_words, percent
from sara.trends._input.counted import counted
from sara.trends._input.gaps import Gaps, gaps_of
from sara.trends._input.named_bins import check_numbers, in_order
from sara.trends._input.operational import operational_period, start_of_day
from sara.trends._input.rounds import days_of, exposure_of_week
from sara.trends._input.rows import Rows, rows_of, unit_of
from sara.trends._results.series import SeriesResult

__all__ = ["DIALS", "LABELS", "WORDS", "Dial", "Moments", "bins_of", "is_numbers", "moments_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Times = npt.NDArray[np.datetime64]

DIALS = ("dow", "month", "hour")
LABELS: dict[str, tuple[str, ...]] = {
    "dow": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "month": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "hour": tuple(f"{hour:02d}:00" for hour in range(24)),
}
WORDS = {"dow": "day of the week", "month": "month", "hour": "hour of the day", "bin": "bin"}
_FIRST = {"dow": 0, "month": 1, "hour": 0, "bin": 1}
_NO_SHIFT = pd.Timedelta(0)
# More at one clock time than this share is a clerk's default.
_DEFAULT_SHARE = 0.02


@dataclass(frozen=True, eq=False)
class Moments:
    """Moments of the events of a period, to the minute or finer, each with the rows it stands for; and what is known about them."""

    time: Times
    n: Ints
    start: pd.Timestamp
    end: pd.Timestamp
    gaps: Gaps
    days_only: bool
    noun: str
    source: str
    counts: Counts
    settings: dict[str, Setting]
    cautions: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Dial:
    """Counts by bin, and how often each bin came round (days, or hours; equal for bare numbers).

    ``repeats`` holds the events by week (for months, by year) and bin, whole ones only; None for bare numbers.
    """

    by: str
    values: Ints
    labels: tuple[str, ...]
    n: Ints
    exposure: Floats
    start: pd.Timestamp | None
    end: pd.Timestamp | None
    noun: str
    source: str
    counts: Counts
    settings: dict[str, Setting]
    cautions: tuple[str, ...] = ()
    repeats: Ints | None = None


def is_numbers(data: Any) -> bool:
    """Whether bare numbers were handed in, not events."""
    if isinstance(data, pd.DataFrame | EventSource | str):
        return False
    if isinstance(data, pd.Series | pd.Index | np.ndarray):
        return bool(np.ndim(data) == 1)
    return isinstance(data, Sequence) and all(isinstance(value, int | float | np.integer | np.floating) for value in data)


def moments_of(events: Any, period: Any, *, hours: bool, method: str, unit: int = 60, shift: pd.Timedelta = _NO_SHIFT) -> Moments:
    """Return the moments of the events of a period; where `hours` are needed, dates without one are refused.

    With a `shift`, the period is one of days that begin so long after midnight. A source hands over groups of at most `unit` seconds with their first moment.
    """
    source = as_source(events)
    known: Any = check_events(events) if source is None else source
    start, end, period_setting = operational_period(known, period, shift)
    rows = rows_of(known, unit=min(unit, unit_of(start, end)), hours=hours)
    no_time, within = np.isnat(rows.time), in_period(rows.time, start, end)
    # Rows of a file of dates that was joined with one of times have no hour.
    inside = within & ~np.isnan(rows.hour) if hours else within
    days_only = _days_only(rows, no_time)
    if rows.record.get("time_precision") == "month":
        raise InputError(
            "`events` must have times with a day. Got months without a day. Write: sara.trends.series(events, freq='MS')"
        )
    if shift and days_only:
        raise InputError(
            f"`day_starts` must be left out where times are dates without an hour. Got {shift / pd.Timedelta(hours=1):g} hours. Write day_starts=0."
        )
    if hours and days_only:
        first = pd.Timestamp(rows.time[~no_time][0])
        raise InputError(
            f"`events` must have times with an hour for by='hour'. Got dates only (first row: {first:%Y-%m-%d}). Write by='dow' or by='month', or read a column that holds the time of day."
        )
    counted = {
        "without a time": rows.count(no_time),
        "outside the period": rows.count(~within & ~no_time),
        "without an hour": rows.count(within & ~inside),
    }
    of = rows.count(inside)
    check_enough(of, 1, method=method, what="event of the period with a time", instead="Try a longer period.")
    officers = officer_words(rows.count(inside & rows.officer), of, noun=rows.noun)
    return Moments(
        time=rows.time[inside], n=rows.n[inside], start=start, end=end, gaps=gaps_of(known, None, start, end), days_only=days_only, noun=rows.noun,
        source=rows.source, counts=Counts(int(rows.n.sum()), of, counted), settings={"period": period_setting},
        cautions=(*rows.cautions, *officers, *(_midnight(rows, inside, of) if hours else ())),
    )  # fmt: skip


def _days_only(rows: Rows, no_time: npt.NDArray[np.bool_]) -> bool:
    time = rows.time[~no_time]
    if rows.record.get("time_precision") in ("day", "month"):
        return bool(len(time))
    return rows.count(~no_time) > 1 and bool((time == time.astype("datetime64[D]").astype(time.dtype)).all())


def _midnight(rows: Rows, inside: npt.NDArray[np.bool_], of: int) -> tuple[str, ...]:
    share = rows.count(inside & (rows.time == rows.time.astype("datetime64[D]").astype(rows.time.dtype))) / of
    if share <= _DEFAULT_SHARE or of < 20:
        return ()
    return (
        f"{percent(share)} of these {rows.noun} are at exactly 00:00: a default for an unknown time, it seems, that makes midnight look busy.",
    )


def bins_of(data: Any, *, by: str, exposure: Any, period: Any, method: str, day_starts: Any = 0) -> Dial:
    """Return events or bare numbers by weekday, month or hour.

    Parameters
    ----------
    data : GeoDataFrame, EventSource, SeriesResult, Series or array-like
        Events; counts of days (for months also of months) with their dates; or one count per bin in order of the calendar (Monday first,
        January first, midnight first).
    by : str
        One of `DIALS`, or ``"bin"`` for numbers of any other cycle.
    exposure : bool or array-like
        Whether bins are held against how often they came round; or these numbers themselves.
    period : (str, str), optional
        As elsewhere.
    method : str
        For errors.
    day_starts : int or str
        Hour at which a day begins; for events by weekday or month.
    """
    shift = start_of_day(day_starts)
    if shift and (by == "hour" or isinstance(data, SeriesResult) or is_numbers(data)):
        raise InputError(
            f"`day_starts` must be left out for {'hours' if by == 'hour' else 'counts'}. Got {day_starts!r}. Write: sara.trends.{method}(events, day_starts=6)"
        )
    if isinstance(data, SeriesResult) or (
        isinstance(data, pd.Series) and isinstance(data.index, pd.DatetimeIndex | pd.PeriodIndex)
    ):
        return _of_series(data, by=by, exposure=exposure, period=period)
    if is_numbers(data):
        return _of_numbers(data, by=by, exposure=exposure, period=period, method=method)
    check_choice(by, DIALS, name="by")
    found = moments_of(data, period, hours=by == "hour", method=method, unit=3_600, shift=shift)
    first, time = np.datetime64(found.start - shift, "D"), found.time - np.timedelta64(shift)
    days, covered = days_of(
        found.start - shift, found.end - shift, gaps=[(low - shift, high - shift) for low, high in found.gaps]
    )
    at, names = _bin_of(time, by), np.array(LABELS[by])
    if by == "hour":
        known = exposure_of_week(found.start, found.end, gaps=found.gaps).reshape(7, 24).sum(axis=0)
    else:
        known = np.bincount(_bin_of(days, by), weights=covered, minlength=len(names)).astype(float)
    n = np.bincount(at, weights=found.n, minlength=len(names)).astype(np.int64)
    chosen, setting = _exposure(exposure, known, n, names, by=by, unit="hours covered" if by == "hour" else "days covered")
    keep = (chosen > 0) | (n > 0)
    gone = ", ".join(names[~keep])
    check_enough(int(keep.sum()), 2, method=method, what=f"values of {WORDS[by]} in the period", instead="Take a longer period.")
    return Dial(
        by=by, values=(np.arange(len(n)) + _FIRST[by])[keep], labels=tuple(map(str, names[keep])), n=n[keep], exposure=chosen[keep], start=found.start,
        end=found.end, noun=found.noun, source=found.source, counts=found.counts, settings={**found.settings, "by": Setting(by), "exposure": setting, "day_starts": Setting(f"{pd.Timestamp(0) + shift:%H:%M}", "you" if shift else "sara", "" if shift else "calendar days")},
        cautions=(*found.cautions, *((f"The period has no {gone}: nothing is said about {'it' if (~keep).sum() == 1 else 'them'}.",) if gone else ())),
        repeats=_repeats(time, found.n, at, first, covered, by)[:, keep],
    )  # fmt: skip


def _bin_of(times: Times, by: str) -> Ints:
    if by == "month":
        return np.asarray(times.astype("datetime64[M]").astype(np.int64) % 12)
    if by == "hour":
        return np.asarray(times.astype("datetime64[h]").astype(np.int64) % 24)
    # 1970-01-01 was a Thursday.
    return np.asarray((times.astype("datetime64[D]").astype(np.int64) + 3) % 7)


def _repeats(time: Times, n: Ints, at: Ints, first: np.datetime64, covered: Floats, by: str) -> Ints:
    """Count events by round of the calendar (weeks from Monday; for months, years) and bin, in the rounds that are covered in full."""

    def round_of(times: Times) -> Ints:
        if by == "month":
            return np.asarray(times.astype("datetime64[Y]").astype(np.int64))
        return np.asarray((times.astype("datetime64[D]").astype(np.int64) + 3) // 7)

    days = first + np.arange(len(covered))
    rounds, at_day = np.unique(round_of(days), return_inverse=True)
    held = np.bincount(at_day, weights=covered)
    full = held >= (365 if by == "month" else 7) - 1e-9
    bins = len(LABELS[by])
    code = np.searchsorted(rounds, round_of(time)) * bins + at
    table = np.bincount(code, weights=n, minlength=len(rounds) * bins).reshape(len(rounds), bins)
    return np.asarray(table[full].astype(np.int64))


def _of_series(data: Any, *, by: str, exposure: Any, period: Any) -> Dial:
    """Add up counts that have dates; a day without a number is no exposure."""
    check_choice(by, ("dow", "month"), name="by")
    found = counted(data, period=period, name="events").check_counts(name="events")
    wanted = ("D",) if by == "dow" else ("D", "MS")
    if found.freq not in wanted:
        raise InputError(
            f"`events` must be counts of days{' or months' if by == 'month' else ''} for by={by!r}. Got {found.word}s. Write: sara.trends.series(events, freq='D')"
        )
    known = ~np.isnan(found.n)
    n, days, time = found.n[known].astype(np.int64), found.days[known], found.start[known]
    check_enough(int(n.sum()), 1, method="day_of_week_test", what="event", instead="All counts are zero.")
    at, names = _bin_of(time, by), np.array(LABELS[by])
    counts = np.bincount(at, weights=n, minlength=len(names)).astype(np.int64)
    chosen, setting = _exposure(
        exposure, np.bincount(at, weights=days, minlength=len(names)).astype(float), counts, names, by=by, unit="days covered"
    )
    keep = (chosen > 0) | (counts > 0)
    start, end = found.span
    covered = np.zeros(int((found.end[-1].astype("datetime64[D]") - found.start[0].astype("datetime64[D]")).astype(np.int64)))
    if found.freq == "D":
        covered[known] = 1.0
    repeats = _repeats(time, n, at, found.start[0].astype("datetime64[D]"), covered, by)[:, keep] if found.freq == "D" else None
    return Dial(
        by=by, values=(np.arange(len(names)) + _FIRST[by])[keep], labels=tuple(map(str, names[keep])), n=counts[keep], exposure=chosen[keep], start=start,
        end=end, noun=found.noun, source=found.source, counts=found.counts, settings={**found.settings, "by": Setting(by), "exposure": setting},
        cautions=found.cautions, repeats=repeats,
    )  # fmt: skip


def _of_numbers(data: Any, *, by: str, exposure: Any, period: Any, method: str) -> Dial:
    check_choice(by, (*DIALS, "bin"), name="by")
    numbers = check_numbers(data, method=method)
    labels = LABELS.get(by) or _bin_labels(data)
    bins = len(labels)
    if isinstance(data, pd.Series) and by in LABELS:
        numbers = in_order(data, numbers, by=by)
    if len(numbers) != bins or bins < 2:
        wanted = "two counts or more" if by == "bin" else f"{bins} counts, one per {WORDS[by]}"
        rows = " To count rows, write: values.value_counts()." if len(numbers) > bins and isinstance(data, pd.Series) else ""
        raise InputError(
            f"`events` must be events, or {wanted}, in order. Got {len(numbers):,} {'number' if len(numbers) == 1 else 'numbers'}.{rows} Write sara.trends.{method}([3, 0, 0, 0, 0, 0, 0]), or `by='bin'` for another cycle."
        )
    wrong = numbers[~(np.isfinite(numbers) & (numbers >= 0) & (numbers == np.floor(numbers)))]
    if len(wrong):
        raise InputError(
            f"`events` must hold counts: whole numbers of zero or more. Got {wrong[0]:g}. Rates have another chance variation: hand in the counts, and exposure=[...]."
        )
    if period is not None:
        raise InputError(f"`period` must be left out for counts without dates. Got {period!r}.")
    n = numbers.astype(np.int64)
    total = int(n.sum())
    check_enough(total, 1, method=method, what="event", instead="All counts are zero.")
    values = np.arange(bins) + _FIRST[by]
    names = np.array(labels)
    chosen, setting = _exposure(exposure, np.ones(bins), n, names, by=by, unit="equal for all: bare counts have no dates")
    keep = chosen > 0
    return Dial(
        by=by, values=values[keep], labels=tuple(map(str, names[keep])), n=n[keep], exposure=chosen[keep], start=None, end=None, noun="events", source="",
        counts=Counts(total, total), settings={"by": Setting(by), "exposure": setting},
    )  # fmt: skip


def _bin_labels(data: Any) -> tuple[str, ...]:
    """Return names of the bins of another cycle: the index of a Series if it holds words, else 1 to n."""
    if isinstance(data, pd.Series) and data.index.is_unique:
        if all(isinstance(label, str) for label in data.index):
            return tuple(data.index)
        first = data.index[0] if len(data) else 0
        if first not in (0, 1) or list(data.index) != list(range(int(first), int(first) + len(data))):
            raise InputError(
                f"`events` must have bins in order, or named by words, for by='bin'. Got an index of {', '.join(map(str, data.index[:4]))}. Write: counts.sort_index().to_list()"
            )
    return tuple(str(i + 1) for i in range(len(data)))


def _exposure(given: Any, known: Floats, n: Ints, names: npt.NDArray[Any], *, by: str, unit: str) -> tuple[Floats, Setting]:
    if isinstance(given, bool | np.bool_):
        equal = Setting("equal for all", "you")
        setting = Setting(unit, "sara", "a period with one Monday more does not make Mondays busier" if "covered" in unit else "")
        chosen, setting = (known, setting) if given else (np.ones(len(n)), equal)
    else:
        try:
            chosen = np.asarray(list(given), dtype=float)
            if isinstance(given, pd.Series) and len(n) == len(LABELS.get(by, ())):
                chosen = in_order(given, chosen, by=by, name="exposure")
        except (TypeError, ValueError):
            chosen = np.zeros(0)
        if len(chosen) != len(n) or not np.isfinite(chosen).all() or (chosen < 0).any() or not chosen.any():
            raise InputError(
                f"`exposure` must be True, False, or {len(n)} numbers of zero or more. Got {given!r}. Write exposure=[53, 52, 52, 52, 52, 52, 52] (days of each)."
            )
        setting = Setting("given", "you")
    without = np.flatnonzero((chosen <= 0) & (n > 0))
    if len(without):
        raise InputError(
            f"`exposure` must be above zero where there are events. Got 0 for {names[without[0]]}, which has {n[without[0]]}."
        )
    return chosen, setting
