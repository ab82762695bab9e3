"""What there was to be exposed to in each period: hours on patrol, buses that ran, inhabitants."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.errors import InputError
from sara.trends._input.edges import DAY
from sara.trends._input.gaps import Gaps

__all__ = ["exposure_of"]

Floats = npt.NDArray[np.float64]
_WRITE = "Write exposure=pd.Series(hours, index=dates)."


def exposure_of(
    exposure: Any, edges: npt.NDArray[np.datetime64], days: Floats, complete: npt.NDArray[np.bool_], gaps: Gaps
) -> Floats:
    """Return the exposure of each period, missing where it is not known for all of the days that count.

    Parameters
    ----------
    exposure : Series or dict
        One number per day, or per longer step, by date.
    edges : array of datetime64
        Limits of the periods, in days from midnight.
    days : array of float
        Days of each period that the data cover.
    complete : array of bool
        Whether that is all of them.
    gaps : list of (Timestamp, Timestamp)
        Where the file says nothing.
    """
    dates, values = _checked(exposure)
    at = np.searchsorted(edges, dates, side="right") - 1
    inside = (at >= 0) & (at < len(edges) - 1)
    for first, last in gaps:
        inside &= ~((dates >= np.datetime64(first, "us")) & (dates < np.datetime64(last, "us")))
    total = np.bincount(at[inside], weights=values[inside], minlength=len(edges) - 1)
    held = np.bincount(at[inside], minlength=len(edges) - 1)
    daily = len(dates) > 1 and int(np.diff(dates).min().astype(np.int64)) == DAY
    # A day without a number would make the rest look busier than it was.
    known = held == days if daily else complete & (held > 0)
    return np.where(known & (total > 0), total, np.nan)


def _checked(exposure: Any) -> tuple[npt.NDArray[np.datetime64], Floats]:
    series = pd.Series(exposure) if isinstance(exposure, dict) else exposure
    if not isinstance(series, pd.Series) or len(series) == 0:
        raise InputError(f"`exposure` must be a Series of numbers by date. Got {type(exposure).__name__}. {_WRITE}")
    index = series.index.to_timestamp() if isinstance(series.index, pd.PeriodIndex) else series.index
    try:
        dates = pd.DatetimeIndex(index) if not pd.api.types.is_numeric_dtype(index) else None
        values = series.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        dates = None
    if dates is None or dates.tz is not None or dates.hasnans or not dates.is_unique:
        raise InputError(f"`exposure` must have an index of local dates, each once. Got {index[:2].tolist()!r}. {_WRITE}")
    wrong = values[~((values >= 0) & (values < np.inf))]
    if len(wrong):
        raise InputError(f"`exposure` must hold numbers of zero or more. Got {wrong[0]:g}. {_WRITE}")
    order = np.argsort(dates.to_numpy(), kind="stable")
    days = dates.to_numpy(dtype="datetime64[us]")[order].astype("datetime64[D]").astype("datetime64[us]")
    return np.asarray(days), np.asarray(values[order], dtype=np.float64)
