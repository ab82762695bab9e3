"""Counts that carry the names of their weekdays, months or hours: put in the order of the calendar, never taken by position."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.errors import InputError

__all__ = ["BINS", "check_numbers", "in_order"]

Floats = npt.NDArray[np.float64]

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
)  # fmt: skip
BINS = {"dow": (7, 0), "month": (12, 1), "hour": (24, 0)}
_WANTED = {
    "dow": "the weekdays by name, or 0 (Monday) to 6",
    "month": "the months by name, or 1 to 12",
    "hour": "the hours from 0 to 23",
}
_HOUR = re.compile(r"(\d{1,2})(?::00(?::00)?)?")


def check_numbers(data: Any, *, method: str) -> Floats:
    """Return bare counts as floats; times and words, which are rows and not counts, are refused.

    Parameters
    ----------
    data : Series, Index, array or sequence
        One number per bin.
    method : str
        For errors.
    """
    values = pd.Series(data)
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        raise InputError(
            f"`events` must be events, or one count per bin. Got a column of times. Hand in the whole table: sara.trends.{method}(events), or count: times.dt.day_of_week.value_counts()"
        )
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        kind = next((repr(value) for value in values if not isinstance(value, int | float | np.number)), "no numbers")
        raise InputError(
            f"`events` must be events, or one count per bin. Got {kind} among the values. To count rows, write: sara.trends.{method}(values.value_counts())"
        ) from None


def in_order(data: pd.Series, values: Floats, *, by: str, name: str = "events") -> Floats:
    """Return one number per bin in the order of the calendar, by what the index of a Series says; a bin it leaves out has 0.

    Parameters
    ----------
    data : Series
        Its index: names of weekdays (months), full or short; 0 to 6, 1 to 12 or 0 to 23 in any order; or 0 to n-1 or 1 to n, in order, where
        the position counts.
    values : array of float
        Its numbers.
    by : str
        ``"dow"``, ``"month"`` or ``"hour"``.
    name : str
        The argument, for errors.

    Raises
    ------
    InputError
        If the index says nothing about the bins.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.Series({"Sunday": 5, "sat": 7})
    >>> in_order(days, days.to_numpy(dtype=float), by="dow").tolist()
    [0.0, 0.0, 0.0, 0.0, 0.0, 7.0, 5.0]
    """
    bins, first = BINS[by]
    number = _whole(data.index)
    plain = number is not None and any(np.array_equal(number, np.arange(len(number)) + k) for k in (0, 1))
    if plain and (len(data) == bins or isinstance(data.index, pd.RangeIndex)):
        # A list in order; one of another length is left to the check of its length.
        return values
    at = number - first if number is not None else _named(data.index, by)
    if at is None or not _fits(at, bins):
        listed = ", ".join(map(str, data.index[:4])) + (", ..." if len(data) > 4 else "")
        raise InputError(
            f"`{name}` must be counts by {_WANTED[by]}, each once. Got an index of {listed}. For numbers in the order of the calendar write: values.to_list()"
        )
    out = np.zeros(bins)
    out[at] = values
    return out


def _fits(at: npt.NDArray[np.int64], bins: int) -> bool:
    return bool(len(at) and at.min() >= 0 and at.max() < bins and len(np.unique(at)) == len(at))


def _whole(index: pd.Index) -> npt.NDArray[np.int64] | None:
    if (isinstance(index, pd.MultiIndex) and index.nlevels > 1) or isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex):
        return None
    if pd.api.types.is_bool_dtype(index.dtype) or index.hasnans:
        return None
    try:
        number = np.asarray(pd.to_numeric(pd.Series(np.asarray(index.get_level_values(0), dtype=object))), dtype=float)
    except (TypeError, ValueError):
        return None
    return number.astype(np.int64) if np.isfinite(number).all() and (number == np.floor(number)).all() else None


def _named(index: pd.Index, by: str) -> npt.NDArray[np.int64] | None:
    if index.nlevels > 1:
        return None
    found = [_place(str(label).strip().rstrip(".").lower(), by) for label in index]
    return None if -1 in found else np.array(found, dtype=np.int64)


def _place(word: str, by: str) -> int:
    if by == "hour":
        match = _HOUR.fullmatch(word)
        return int(match[1]) if match else -1
    names = _DAYS if by == "dow" else _MONTHS
    hits = [
        i
        for i, name in enumerate(names)
        if len(word) >= 3 and name.startswith(word.removesuffix("s") if by == "dow" and len(word) > 5 else word)
    ]
    return hits[0] if len(hits) == 1 else -1
