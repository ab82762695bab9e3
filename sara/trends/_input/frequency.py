"""The length of a period: read from what people type, and said in words."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import record_of
from sara.core.errors import InputError
from sara.core.units import offset
from sara.trends._input.edges import DAY

__all__ = ["check_precision", "label_of", "moment_of", "per_year", "step_of", "word_of"]

Times = npt.NDArray[np.datetime64]
# The letters of older pandas, for ends of periods; people still type them.
_OLD_LETTERS = {"M": "MS", "Q": "QS", "Y": "YS", "A": "YS", "H": "h", "d": "D", "w": "W"}
_WORDS = {
    "h": ("hour", "an"),
    "D": ("day", "a"),
    "W": ("week", "a"),
    "M": ("month", "a"),
    "Q": ("quarter", "a"),
    "Y": ("year", "a"),
}
_CLOCK = re.compile(r"(\d*)(h|min)")
_DAYS_A_YEAR = 365.2425


def step_of(freq: str) -> pd.DateOffset:
    """Return the pandas offset of a `freq`; ``"M"`` is a month, as it was in older pandas."""
    text = _OLD_LETTERS.get(freq, freq) if isinstance(freq, str) else freq
    return offset(text, name="freq")


def label_of(step: pd.DateOffset) -> str:
    """Return the name by which pandas knows an offset."""
    return str(step.freqstr)


def word_of(freq: str | None) -> tuple[str, str]:
    """Return how a period is called, and its article; bare numbers have periods without a name.

    Examples
    --------
    >>> word_of("W-SUN"), word_of("2W-SUN"), word_of(None)
    (('week', 'a'), ('2-week period', 'a'), ('period', 'a'))
    >>> word_of("60min"), word_of("30min"), word_of("8h")
    (('hour', 'an'), ('30-minute period', 'a'), ('8-hour period', 'an'))
    """
    if freq is None:
        return "period", "a"
    clock = _CLOCK.fullmatch(freq)
    if clock is not None:
        minutes = int(clock[1] or 1) * (60 if clock[2] == "h" else 1)
        many, word = (minutes // 60, "hour") if minutes % 60 == 0 else (minutes, "minute")
        return (word, "an" if word == "hour" else "a") if many == 1 else (f"{many}-{word} period", _article(many))
    digits = "".join(c for c in freq if c.isdigit())
    letters = freq.lstrip("0123456789").split("-")[0]
    word, article = _WORDS.get(letters[:1] if letters not in ("min", "ms", "s", "SMS", "SME") else letters, ("period", "a"))
    return (f"{digits}-{word} period", _article(int(digits))) if digits and digits != "1" else (word, article)


def moment_of(at: Any, word: str) -> str:
    """Return the date on which a period begins, with the time of day where it is shorter than a day.

    Examples
    --------
    >>> moment_of("2024-01-31 14:00", "hour"), moment_of("2024-01-29", "week")
    ('2024-01-31 14:00', '2024-01-29')
    """
    form = "%Y-%m-%d %H:%M" if "hour" in word or "minute" in word else "%Y-%m-%d"
    return pd.Timestamp(at).strftime(form)


def _article(number: int) -> str:
    return "an" if number in (11, 18) or str(number).startswith("8") else "a"


def per_year(start: Times, end: Times) -> float:
    """Return how many periods a year holds: 52.18 weeks, 12 months, 365.24 days.

    Examples
    --------
    >>> import numpy as np
    >>> months = np.array(["2024-01", "2024-02", "2024-03"], dtype="datetime64[M]").astype("datetime64[us]")
    >>> round(per_year(months[:-1], months[1:]))
    12
    """
    days = float(np.mean((end - start).astype(np.int64))) / DAY
    return _DAYS_A_YEAR / days


def check_precision(events: Any, edges: Times, *, freq: str) -> None:
    """Refuse periods shorter than the times of the file are precise."""
    shortest = int(np.diff(edges).min().astype(np.int64)) if len(edges) > 1 else DAY
    known = record_of(events).get("time_precision")
    if known == "month" and shortest < 28 * DAY:
        raise InputError(f"`freq` must be a month or longer where times are months without a day. Got {freq!r}. Write freq='MS'.")
    if shortest < DAY and known == "day":
        raise InputError(
            f"`freq` must be a day or longer where times are dates without an hour. Got {freq!r}. Write freq='D' or freq='W'."
        )
