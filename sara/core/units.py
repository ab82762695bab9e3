"""Distances and periods as people type them."""

from __future__ import annotations

import re
from datetime import date, datetime
from numbers import Real
from typing import Any

import pandas as pd

from sara.core.errors import InputError

__all__ = ["metres", "offset", "period", "timestamp"]

# International foot and mile; the survey foot differs by 2 parts in a million, far below any geocoder's error.
METRES_PER = {"m": 1.0, "km": 1000.0, "ft": 0.3048, "yd": 0.9144, "mi": 1609.344}
# Year first: in 01.02.2019 nobody can tell day from month.
_ISO = re.compile(r"\d{4}(-\d{1,2}(-\d{1,2}([T ].*)?)?)?|\d{8}(T.*)?")
_SPAN = re.compile(r"\s*([0-9]*)\s*([a-z]+)\s*", re.IGNORECASE)
_CODES = {
    "d": "D",
    "day": "D",
    "w": "W",
    "week": "W",
    "m": "MS",
    "month": "MS",
    "q": "QS",
    "quarter": "QS",
    "y": "YS",
    "year": "YS",
}
_DISTANCE = re.compile(r"\s*([0-9]*\.?[0-9]+)\s*(m|km|ft|yd|mi)\s*", re.IGNORECASE)


def metres(value: float | str, *, name: str, zero: bool = False) -> float:
    """Return a distance in metres.

    Parameters
    ----------
    value : float or str
        Metres, or text with a unit: ``"200m"``, ``"0.5km"``, ``"500ft"``, ``"0.25mi"``.
    name : str
        The argument's name, for the error.
    zero : bool
        Whether 0 is allowed.

    Raises
    ------
    InputError
        If the value is not a finite distance above zero (or at zero, where ``zero`` allows it).
    """
    if isinstance(value, str):
        match = _DISTANCE.fullmatch(value)
        if match is None:
            number = re.fullmatch(r"\s*[0-9]*\.?[0-9]+\s*", value)
            got = f"{value!r} (text without a unit)" if number else repr(value)
            example = value.strip() if number else "200"
            raise InputError(f"`{name}` must be a distance. Got {got}. Write {example} (metres) or '{example}m', '500ft'.")
        distance = float(match[1]) * METRES_PER[match[2].lower()]
    elif isinstance(value, Real) and not isinstance(value, bool):
        distance = float(value)
    else:
        raise InputError(f"`{name}` must be a distance. Got {value!r}. Write 200 (metres) or '200m', '500ft'.")
    if not (distance > 0 or (zero and distance == 0)) or distance == float("inf"):
        rule = "a finite distance of zero or more" if zero else "a finite distance above zero"
        raise InputError(f"`{name}` must be {rule}. Got {value!r}. Write 200 (metres) or '200m', '500ft'.")
    return distance


def offset(value: str | pd.DateOffset, *, name: str) -> pd.DateOffset:
    """Return a pandas offset from text such as ``"W"``, ``"MS"``, ``"24MS"`` or ``"30min"``."""
    try:
        result = pd.tseries.frequencies.to_offset(value)
    except (ValueError, TypeError):
        result = None
    if result is None or (getattr(result, "n", 1) <= 0):
        hint = _code_of(value)
        raise InputError(
            f"`{name}` must be a pandas offset. Got {value!r}. Write {f'{hint!r}. Others: ' if hint else ''}'D' (days), 'W' (weeks), 'MS' (months), "
            "'3MS' (three months), 'QS' (quarters), 'YS' (years) or '30min'."
        )
    return result  # type: ignore[return-value]


def _code_of(value: object) -> str | None:
    """Return what stands for ``"3 months"``, ``"Q"`` or 90 (days); None for all else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{int(value)}D" if value > 0 and value == int(value) else None
    match = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    word = match[2].lower()
    code = _CODES.get(word) or _CODES.get(word.removesuffix("s"))
    return f"{match[1]}{code}" if code and match[1] != "0" else None


def timestamp(value: object, *, name: str) -> pd.Timestamp:
    """Return a local wall-clock timestamp (no time zone) from ISO text or a date."""
    try:
        # A bare number would be read as nanoseconds since 1970.
        stamp = pd.NaT if isinstance(value, Real) or _unclear(value) else pd.Timestamp(value)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        stamp = pd.NaT  # type: ignore[assignment]
    if stamp is pd.NaT or pd.isna(stamp):
        raise InputError(f"`{name}` must be a date. Got {value!r}. Write ISO text, the year first: '2024-03-01'.")
    if stamp.tz is not None:
        raise InputError(
            f"`{name}` must be local time without a zone. Got {value!r}. Write '{stamp.tz_localize(None):%Y-%m-%d}'."
        )
    return stamp


def _unclear(value: object) -> bool:
    return isinstance(value, str) and _ISO.fullmatch(value.strip()) is None


def period(value: Any, *, name: str = "period") -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return ``(start, end)``: half-open, the start belongs to the period and the end does not.

    Text or a `datetime.date` as the end means the whole of that day, so ``("2024-01-01", "2024-12-31")`` is the year 2024. A `Timestamp` or
    `datetime` is a moment: nothing of the day it begins belongs to the period.
    """
    if isinstance(value, str) or not hasattr(value, "__len__") or len(value) != 2:
        raise InputError(f"`{name}` must be a pair of dates. Got {value!r}. Write ('2024-01-01', '2024-12-31').")
    start = timestamp(value[0], name=name)
    end = timestamp(value[1], name=name)
    day = isinstance(value[1], date) and not isinstance(value[1], datetime)
    if day or (isinstance(value[1], str) and end == end.normalize() and len(value[1].strip()) <= len("2024-12-31")):
        end = end + pd.Timedelta(days=1)
    if end <= start:
        raise InputError(f"`{name}` must end after it starts. Got {value!r}. Write ('2024-01-01', '2024-12-31').")
    return start, end
