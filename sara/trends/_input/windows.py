"""The window that ends now, the one before it, and the same window of earlier years, as days."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.errors import InputError

__all__ = ["Window", "WindowRule", "rule_of"]

Ints = npt.NDArray[np.int64]

_DAYS_A_YEAR = 365.2425
# Blocks in which the history is cut to measure its swing are no longer than this: four whole weeks.
_BLOCK = 28
_RULE = re.compile(r"\s*(\d*)\s*([a-z]+)\s*", re.IGNORECASE)
_OPTIONS = "'7D', '28D' (days), 'MS' (last whole month), '12MS', 'MTD' or 'YTD' (month, year to date)"


@dataclass(frozen=True)
class Window:
    """First day and the day after the last, in days since 1970."""

    start: int
    end: int

    @property
    def days(self) -> int:
        """Length."""
        return self.end - self.start

    @property
    def stamps(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """The two as moments, half-open."""
        return _stamp(self.start), _stamp(self.end)


@dataclass(frozen=True)
class WindowRule:
    """How long a window is, and how it is laid against earlier ones.

    ``kind``: ``"D"`` (days), ``"MS"`` (whole months), ``"MTD"``, ``"YTD"``; ``size``: how many days or months.
    """

    kind: str
    size: int

    def now(self, end: pd.Timestamp) -> Window:
        """Return the window that ends before the day `end`."""
        if self.kind == "D":
            return Window(_day(end) - self.size, _day(end))
        if self.kind == "MS":
            last = end.replace(day=1)
            return Window(_day(last - pd.DateOffset(months=self.size)), _day(last))
        final = end - pd.Timedelta(days=1)
        return Window(_day(final.replace(day=1) if self.kind == "MTD" else final.replace(month=1, day=1)), _day(end))

    def before(self, now: Window) -> Window:
        """Return the window before; for a year to date, the same days of the year before."""
        if self.kind == "YTD":
            return self.year(now, 1)
        if self.kind == "D":
            # A stretch shorter than a week is compared with the same weekdays.
            shift = max(self.size, 7)
            return Window(now.start - shift, now.end - shift)
        if self.kind == "MS":
            return Window(_day(_stamp(now.start) - pd.DateOffset(months=self.size)), now.start)
        first, final = _stamp(now.start) - pd.DateOffset(months=1), _stamp(now.end - 1) - pd.DateOffset(months=1)
        return Window(_day(first), _day(final) + 1)

    def year(self, now: Window, years: int) -> Window:
        """Return the same window `years` earlier: the same weekdays where it is counted in days, the same dates where by the calendar.

        Without a 29 February, a window that ends on one ends on the 28th.
        """
        if self.kind == "D":
            shift = 7 * round(_DAYS_A_YEAR * years / 7)
            return Window(now.start - shift, now.end - shift)
        back = pd.DateOffset(years=years)
        if self.kind == "MS":
            return Window(_day(_stamp(now.start) - back), _day(_stamp(now.end) - back))
        return Window(_day(_stamp(now.start) - back), _day(_stamp(now.end - 1) - back) + 1)

    def block(self, now: Window) -> int:
        """Return the days of a block of history: as long as the window, but at most four weeks."""
        return min(now.days, _BLOCK)

    def blocks(self, now: Window, first: int) -> tuple[list[list[Window]], list[Window]]:
        """Return the history before the window, cut in blocks.

        Parameters
        ----------
        now : Window
            Not part of it.
        first : int
            First day of the data.

        Returns
        -------
        list of list of Window, list of Window
            By year, then back in time (the same blocks in each year, whole weeks apart); and windows as long as this one in order of time.
        """
        size = self.block(now)
        per_year = 364 // size
        # The blocks that the window itself lies in are left out of every year: they are what is asked about.
        skip = -(-now.days // size) if now.days < 182 else 0
        years: list[list[Window]] = []
        for year in range(100):
            shift = 7 * round(_DAYS_A_YEAR * (year + (0 if skip else 1)) / 7)
            end = now.end - shift
            cut = [Window(end - size * (k + 1), end - size * k) for k in range(skip, per_year)]
            if not cut or cut[-1].start < first:
                break
            years.append(cut)
        step = max(now.days, 7)
        last = now.start - (step - now.days)
        running = [Window(last - step * k - now.days, last - step * k) for k in range(max(0, (last - first) // step))]
        return years, running[::-1]

    def in_one_year(self, now: Window) -> bool:
        """Whether the window, and so each earlier one, can be called by its year."""
        return (
            _stamp(now.start + 7).year == _stamp(now.end - 8).year
            if now.days > 15
            else _stamp(now.start).year == _stamp(now.end - 1).year
        )

    def words(self, now: Window) -> str:
        """Name the window: the 28 days to 2024-03-31."""
        start, end = now.stamps
        final = end - pd.Timedelta(days=1)
        if self.kind == "D":
            return f"{self.size} days to {final:%Y-%m-%d}" if self.size > 1 else f"{final:%Y-%m-%d}"
        if self.kind == "MS" and self.size == 1:
            return f"{start:%B %Y}"
        if self.kind == "MS":
            return f"{self.size} months to {final:%B %Y}"
        return (
            f"{start:%B %Y} to the {final.day}{_ending(final.day)}"
            if self.kind == "MTD"
            else f"since 1 January (to {final:%Y-%m-%d})"
        )

    @property
    def same(self) -> str:
        """Name the same window of other years."""
        return {
            "D": "the same weeks" if self.size % 7 == 0 else "the same days",
            "MS": "the same months" if self.size > 1 else "the same month",
        }.get(self.kind, "the same days")

    @property
    def one_before(self) -> str:
        """Name the window before."""
        if self.kind == "YTD":
            return "the same days of the year before"
        if self.kind == "MTD":
            return "the same days of the month before"
        unit = "days" if self.kind == "D" else "months"
        if self.size == 1:
            return "the month before" if self.kind == "MS" else "the same weekday a week before"
        return f"the {self.size} {unit} before" if self.kind == "MS" or self.size >= 7 else "the same weekdays a week before"


def rule_of(window: Any) -> WindowRule:
    """Read ``"28D"``, ``"4W"``, ``"MS"``, ``"12MS"``, ``"MTD"`` or ``"YTD"``.

    Examples
    --------
    >>> rule_of("4W"), rule_of("ytd")
    (WindowRule(kind='D', size=28), WindowRule(kind='YTD', size=1))
    """
    match = _RULE.fullmatch(window) if isinstance(window, str) else None
    size = int(match[1] or 1) if match else 0
    unit = match[2].upper() if match else ""
    kind, times = _UNITS.get(unit, ("", 0))
    if not kind or size < 1 or (kind in ("MTD", "YTD") and match is not None and match[1]):
        raise InputError(f"`window` must be one of {_OPTIONS}. Got {window!r}. Write window='28D'")
    most = 366 if kind == "D" else 12
    if size * times > most:
        raise InputError(
            f"`window` must be at most a year: {most}{'D' if kind == 'D' else 'MS'}. Got {window!r}. Write window='12MS'"
        )
    return WindowRule(kind, size * times)


_UNITS = {
    **dict.fromkeys(("D", "DAY", "DAYS"), ("D", 1)), **dict.fromkeys(("W", "WEEK", "WEEKS"), ("D", 7)),
    **dict.fromkeys(("MS", "M", "MONTH", "MONTHS"), ("MS", 1)), **dict.fromkeys(("QS", "Q"), ("MS", 3)), "MTD": ("MTD", 1), "YTD": ("YTD", 1),
}  # fmt: skip


def _ending(day: int) -> str:
    return "th" if 10 < day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def _day(moment: pd.Timestamp) -> int:
    return int(np.datetime64(moment, "D").astype(np.int64))


def _stamp(day: int) -> pd.Timestamp:
    return pd.Timestamp(np.datetime64(int(day), "D"))
