"""From the dates that label a series to the periods that they begin."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.errors import InputError, NotEnoughDataError
from sara.trends._input.edges import DAY, edges_of
from sara.trends._input.frequency import label_of, step_of

__all__ = ["dates_of", "periods_of"]

Times = npt.NDArray[np.datetime64]
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
SUNDAYS = (
    "The weeks of the series are labelled by Sundays, taken as their first days. If they are the last ones, as pandas' resample('W') has it, "
    "every date here is six days late: write resample('W-MON', closed='left', label='left')."
)


def dates_of(index: pd.Index, *, name: str) -> pd.DatetimeIndex | None:
    """Return an index as local dates, or None where it holds none."""
    if isinstance(index, pd.MultiIndex):
        raise InputError(
            f"`{name}` must have an index of dates alone. Got {index.nlevels} levels ({', '.join(str(one) for one in index.names)}). Take one series: series.xs(..., level=1)"
        )
    if isinstance(index, pd.CategoricalIndex):
        index = pd.Index(index.to_numpy())
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    if not isinstance(index, pd.DatetimeIndex) and (index.dtype == object or isinstance(index.dtype, pd.StringDtype)):
        try:
            index = pd.DatetimeIndex(pd.to_datetime(index, format="ISO8601"))
        except (ValueError, TypeError):
            return None
    if not isinstance(index, pd.DatetimeIndex):
        return None
    if index.tz is not None or index.hasnans or not index.is_unique:
        what = "a time zone" if index.tz is not None else "a missing date" if index.hasnans else "a date twice"
        raise InputError(f"`{name}` must have an index of local dates, each once. Got {what}. Write: sara.trends.series(events)")
    return index


def periods_of(
    index: pd.DatetimeIndex, *, freq: str | None, name: str
) -> tuple[Times, npt.NDArray[np.int64], Any, tuple[str, ...]]:
    """Return limits of the periods, which of them each date begins, the offset between them, and what to say about it.

    Parameters
    ----------
    index : DatetimeIndex
        In order.
    freq : str or None
        The offset where it is known.
    name : str
        The argument, for errors.
    """
    cautions: tuple[str, ...] = ()
    if freq is None and len(index) > 1:
        index = _month_ends(index)
    step = step_of(freq) if freq is not None else _step_between(index, name=name)
    starts = index.to_numpy(dtype="datetime64[us]")
    if freq is None and isinstance(step, pd.offsets.Week) and (index.day_of_week == 6).all():
        cautions = (SUNDAYS,)
    last = pd.Timestamp(starts[-1]) + pd.Timedelta(microseconds=1)
    if isinstance(step, pd.offsets.Tick) and step.nanos < DAY * 1000:
        # Shifts that begin at 06:00 keep doing so.
        edges = pd.date_range(starts[0], last + 2 * step, freq=step).to_numpy(dtype="datetime64[us]")
        edges = edges[: int(np.searchsorted(edges, np.datetime64(last))) + 1]
    else:
        edges = edges_of(pd.Timestamp(starts[0]), last, step, freq=label_of(step))
    at = np.searchsorted(edges, starts, side="right") - 1
    # A day may be labelled by the hour at which it begins.
    off = (starts - edges[at]).astype(np.int64)
    if len(np.unique(at)) < len(at) or (at < 0).any() or (off != off[0]).any() or not 0 <= off[0] < DAY:
        _not_regular(index, name)
    return edges, at.astype(np.int64), step, cautions


def _month_ends(index: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Return the first days of months, quarters or years that are labelled by their last day, as pandas does with ``"ME"``."""
    if not index.is_month_end.all():
        return index
    months = index.to_period("M")
    length = int(np.diff(months.year * 12 + months.month).min())
    return (months - (length - 1)).to_timestamp()


def _step_between(index: pd.DatetimeIndex, *, name: str) -> Any:
    """Return the offset at which dates follow one another; of weeks, with the day on which these begin."""
    if len(index) < 2:
        raise NotEnoughDataError(f"`{name}` needs at least 2 periods. Got {len(index)}. Take a longer period.")
    # The shortest: where periods are missing, others are longer.
    if (index.day == 1).all() and (index == index.normalize()).all():
        months = int(np.diff(index.year * 12 + index.month).min())
        special: dict[int, Any] = {
            3: pd.offsets.QuarterBegin(startingMonth=int((index.month[0] - 1) % 3 + 1)),
            12: pd.offsets.YearBegin(month=int(index.month[0])),
        }
        return special.get(months) or pd.offsets.MonthBegin(months)
    days = float(np.diff(index.to_numpy(dtype="datetime64[us]")).astype(np.int64).min()) / DAY
    if days % 7 == 0:
        # pandas names a week by its last day.
        return step_of(f"{int(days // 7)}W-{_WEEKDAYS[int(index.day_of_week[0])]}")
    if days % 1 == 0:
        return step_of(f"{int(days)}D")
    minutes = days * 1440
    return step_of(f"{round(minutes)}min") if minutes >= 1 and abs(minutes % 1) < 1e-9 else _not_regular(index, name)


def _not_regular(index: pd.DatetimeIndex, name: str) -> NoReturn:
    listed = ", ".join(f"{date:%Y-%m-%d}" for date in index[:3])
    raise InputError(
        f"`{name}` must have regular dates: days, Mondays, firsts of a month. Got {listed}, ... Write: sara.trends.series(events)"
    )
