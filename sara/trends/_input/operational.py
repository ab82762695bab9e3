"""The day of those who work it: one that begins at 06:00 has the small hours of Saturday in Friday's night."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from sara.core.errors import InputError
from sara.core.period import resolve_period
from sara.core.result import Setting

__all__ = ["operational_period", "start_of_day"]

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def start_of_day(day_starts: Any) -> pd.Timedelta:
    """Return how long after midnight a day begins.

    Examples
    --------
    >>> start_of_day("06:30"), start_of_day(6)
    (Timedelta('0 days 06:30:00'), Timedelta('0 days 06:00:00'))
    """
    clock = _CLOCK.fullmatch(day_starts.strip()) if isinstance(day_starts, str) else None
    if clock is not None:
        return pd.Timedelta(hours=int(clock[1]), minutes=int(clock[2]))
    if isinstance(day_starts, bool) or not isinstance(day_starts, int) or not 0 <= day_starts <= 23:
        raise InputError(
            f"`day_starts` must be an hour of the day. Got {day_starts!r}. Write day_starts=6 or day_starts='06:00'."
        )
    return pd.Timedelta(hours=day_starts)


def operational_period(events: Any, period: Any, shift: pd.Timedelta) -> tuple[pd.Timestamp, pd.Timestamp, Setting]:
    """Return the period whose days begin so long after midnight: its last day ends in the next calendar day, as far as the file goes."""
    start, end, setting = resolve_period(events, period)
    if not shift:
        return start, end, setting
    begins = start + shift if start == start.normalize() else start
    covered = end if period is None else max(end, resolve_period(events)[1])
    ends = min(end + shift, covered) if end == end.normalize() else end
    return (
        begins,
        ends,
        Setting(setting.value, setting.chosen_by, f"days begin at {_clock(shift)}" + (f"; {setting.why}" if setting.why else "")),
    )


def _clock(shift: pd.Timedelta) -> str:
    return f"{(pd.Timestamp(0) + shift):%H:%M}"
