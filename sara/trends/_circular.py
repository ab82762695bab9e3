"""The mean hour of events whose clock has no beginning: 23:00 and 01:00 are two hours apart."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_choice, check_confidence, check_enough
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.result import Counts, Setting
from sara.core.source import EventSource
from sara.core.stats.aoristic import DAY, WEEK
from sara.core.stats.circular import Circle, circle
from sara.trends._input.dials import DIALS, Moments, is_numbers, moments_of
from sara.trends._input.rounds import days_of, exposure_of_week
from sara.trends._results.circular import CircularResult, say_position
from sara.trends._results.series import SeriesResult

__all__ = ["circular"]

Floats = npt.NDArray[np.float64]

# How long a cycle is, in the unit people write positions in, and where that unit begins to count.
_CYCLE = {"hour": (24.0, 0.0), "dow": (7.0, 0.0), "month": (12.0, 1.0)}
_BINS = {"hour": 24, "dow": 7, "month": 12}
# How fine the curve of the peaks may be: a week's stays below the seven waves of its days.
_HARMONICS = {"hour": 6, "dow": 4, "month": 4}
_TIMES = {
    "hour": "times.dt.hour + times.dt.minute / 60",
    "dow": "times.dt.day_of_week + times.dt.hour / 24",
    "month": "1 + 12 * (times.dt.day_of_year - 1) / 366",
}
# A cycle with a longer hole, such as half a year, has no mean direction.
_LEAST_COVERED = 0.95
_LEAP_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_YEAR_MINUTES = 366 * DAY


def circular(
    events: gpd.GeoDataFrame | EventSource | Any, *, by: str = "hour", confidence: float = 0.95, period: Any = None
) -> CircularResult:
    """Measure the mean hour (weekday, time of the year) of events, how closely they gather round it, and whether one peak describes them.

    Answers "around what time, and how sharply?". Use `trends.clock` for all hours of the week.

    Parameters
    ----------
    events : GeoDataFrame, EventSource or array-like of float
        Events; or positions: hours from 0 to 24, days from 0 (Monday 00:00) to 7, or months from 1 (1 January) to 13.
    by : {"hour", "dow", "month"}
        The circle: the day, the week or the year.
    confidence : float
        Level of the interval of the mean.
    period : (str, str), optional
        First and last day. If not given, the longest run of the file without a gap of three empty months.

    Returns
    -------
    CircularResult
        ``table``: the column `by`, ``n``, ``exposure``, ``expected``, ``ratio``. ``mean``, ``low``, ``high``, ``length``, ``z``, ``p``,
        ``spread``, ``peaks``.

    Raises
    ------
    InputError
        If hours are asked of dates, or positions lie off the circle.
    NotEnoughDataError
        If no event is left, or the period does not go round the circle once.

    Notes
    -----
    R, the mean resultant length, is the length of the mean of unit vectors: 1 where all events fall at one moment, 0 where they spread evenly
    or cancel out. Rayleigh's test holds ``n R^2`` against an even spread; the null: each moment of the circle is as likely, in proportion to
    how often it came round. It sees one peak only: two peaks opposite cancel out. Peaks are therefore looked for apart, on the curve of the
    first harmonics (six of the day, four of the week and the year) that chance would reach in fewer than 1 of 1,000 cases, damped as Fejer has it. The interval
    of the mean is Fisher's, which assumes no shape.

    Events of moments that came round more often count for less (a March seen four times against an April seen three).

    References
    ----------
    Fisher (1993), Statistical Analysis of Circular Data, Cambridge. doi:10.1017/CBO9780511564345.
    Wilkie (1983), Applied Statistics 32(3), 311-312. doi:10.2307/2347954.
    Brunsdon & Corcoran (2006), Using circular statistics to analyse time patterns in crime incidence, Computers, Environment and Urban
    Systems 30(3), 300-319. doi:10.1016/j.compenvurbsys.2005.11.001

    Examples
    --------
    >>> import sara
    >>> late = sara.trends.circular([22, 23, 23.5, 0.5, 1, 2])
    >>> round(late.mean, 2), round(late.length, 2)
    (0.0, 0.94)
    """
    check_choice(by, DIALS, name="by")
    confidence = check_confidence(confidence)
    _check_no_counts(events, by)
    if is_numbers(events):
        return _of_numbers(events, by, confidence, period)
    found = moments_of(events, period, hours=by == "hour", method="circular")
    at, known = _position(found, by), _exposure(found, by)
    if (known > 0).mean() < _LEAST_COVERED:
        raise NotEnoughDataError(
            f"circular needs a period that goes round once: a whole {'year' if by == 'month' else 'week' if by == 'dow' else 'day'}. "
            f"Got {found.start:%Y-%m-%d} to {found.end - pd.Timedelta(microseconds=1):%Y-%m-%d}. Take a longer period, or by='hour'."
        )
    step = np.minimum((at * len(known)).astype(np.int64), len(known) - 1)
    # A moment at the edge of a gap may be seen where no exposure is counted.
    often = np.maximum(known[step], known[known > 0].min())
    weight = 1 / often
    numbers = _numbers(at, weight, found.n, by, confidence)
    # Calendar months are no twelfths of a year.
    of_part = np.repeat(np.arange(12), _LEAP_MONTHS) if by == "month" else np.arange(len(known)) * _BINS[by] // len(known)
    exposure = np.bincount(of_part, weights=known).astype(float)
    n = np.bincount(of_part[step], weights=found.n, minlength=_BINS[by])
    cautions = list(found.cautions)
    if by == "month" and (found.end - found.start) < pd.Timedelta(days=730):
        cautions.append("Under two years: a peak here may be that month of that year, not a season.")
    return _result(
        numbers, n.astype(np.int64), exposure, _near(at, weight * found.n, numbers.mean), by, confidence, counts=found.counts, settings={**found.settings, "exposure": Setting("how often each moment of the cycle came round", "sara")},
        cautions=cautions, start=found.start, end=found.end, noun=found.noun, source=found.source,
    )  # fmt: skip


def _check_no_counts(data: Any, by: str) -> None:
    """Refuse counts over time, and times that still have their date: neither is a place on the circle."""
    whole = f"Hand in the events: sara.trends.circular(events, by={by!r})"
    counts = "sara.trends.day_of_week_test(counts)"
    if isinstance(data, SeriesResult) or (
        isinstance(data, pd.DataFrame) and {"period", "n"} <= set(data.columns) and "time" not in data.columns
    ):
        raise InputError(
            f"`events` must be events, each with its time. Got a series of counts. {whole}. For counts of days: {counts}"
        )
    if (isinstance(data, pd.Series | pd.Index) and pd.api.types.is_datetime64_any_dtype(data.dtype)) or (
        isinstance(data, np.ndarray) and data.dtype.kind == "M"
    ):
        raise InputError(
            f"`events` must be events, or positions on the circle. Got a column of times. {whole}, or write: {_TIMES[by]}"
        )
    if isinstance(data, pd.Series) and isinstance(data.index, pd.DatetimeIndex | pd.PeriodIndex):
        raise InputError(
            f"`events` must be events, or positions on the circle. Got numbers with dates: counts over time, it seems. {whole}. For counts of days: {counts}. If they are positions: values.to_list()"
        )
    if isinstance(data, pd.Series) and data.name == "count":
        raise InputError(
            f"`events` must be events, or one position for each. Got counts by value, as value_counts() gives them. {whole}. To test them: {counts}"
        )


def _of_numbers(data: Any, by: str, confidence: float, period: Any) -> CircularResult:
    length, first = _CYCLE[by]
    if period is not None:
        raise InputError(f"`period` must be left out where `events` are numbers without dates. Got {period!r}.")
    try:
        values = np.asarray(pd.Series(data), dtype=float)
    except (TypeError, ValueError):
        raise InputError(
            f"`events` must be events, or positions from {first:g} to {first + length:g} for `by={by!r}`. Got words. Read times with pandas.to_datetime, then write: {_TIMES[by]}"
        ) from None
    known = values[~np.isnan(values)]
    wrong = known[(known < first) | (known > first + length)]
    if len(wrong):
        raise InputError(
            f"`events` must be events, or positions from {first:g} to {first + length:g} for `by={by!r}`. Got {wrong[0]:,g}.{' Angles in degrees: hours = degrees / 15.' if by == 'hour' and wrong[0] <= 360 else ''} Counts are no positions: hand in the events themselves."
        )
    check_enough(len(known), 1, method="circular", what="number", instead="All are missing.")
    at = ((known - first) / length) % 1.0
    numbers = _numbers(at, None, None, by, confidence)
    n = np.bincount(np.minimum((at * _BINS[by]).astype(np.int64), _BINS[by] - 1), minlength=_BINS[by])
    return _result(
        numbers, n, np.ones(_BINS[by]), _near(at, np.ones(len(at)), numbers.mean), by, confidence, counts=Counts(len(values), len(known), {"missing": len(values) - len(known)}),
        settings={"exposure": Setting("equal for all", "sara", "bare numbers have no dates")}, cautions=[], start=None, end=None, noun="events", source="",
    )  # fmt: skip


def _position(found: Moments, by: str) -> Floats:
    """Return where in its cycle each moment lies, as a share; a date stands for its noon, a minute for its first second."""
    time = found.time
    days = time.astype("datetime64[D]")
    minute = (time.astype("datetime64[m]") - days.astype("datetime64[m]")).astype(np.int64)
    of_day = np.full(len(time), DAY // 2) if found.days_only else minute
    if by == "hour":
        return np.asarray(of_day / DAY)
    if by == "dow":
        return np.asarray((((days.astype(np.int64) + 3) % 7) * DAY + of_day) / WEEK)
    return np.asarray((_day_of_year(days) * DAY + of_day) / _YEAR_MINUTES)


def _day_of_year(days: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
    """Return the day of a leap year, 0 to 365, so that 1 March is at the same place every year."""
    year = days.astype("datetime64[Y]")
    day = (days - year.astype("datetime64[D]")).astype(np.int64)
    leap = ((year + 1).astype("datetime64[D]") - year.astype("datetime64[D]")).astype(np.int64) == 366
    return day + (~leap & (day >= 59))


def _exposure(found: Moments, by: str) -> Floats:
    """Return how often each part of the cycle came round: minutes of the day, hours of the week, days of the (leap) year."""
    if by in ("hour", "dow"):
        week = exposure_of_week(found.start, found.end, gaps=found.gaps)
        return np.asarray(week.reshape(7, 24).sum(axis=0)) if by == "hour" else week
    days, covered = days_of(found.start, found.end, gaps=found.gaps)
    return np.bincount(_day_of_year(days), weights=covered, minlength=366).astype(float)


def _numbers(at: Floats, weight: Floats | None, rows: npt.NDArray[np.int64] | None, by: str, confidence: float) -> Circle:
    """Measure the direction of positions on the circle."""
    return circle(at, weight, rows=rows, confidence=confidence, harmonics=_HARMONICS[by])


def _near(at: Floats, weight: Floats, mean: float) -> float:
    """Return the share of the events in the quarter of the circle round the mean; an even spread has a quarter."""
    if np.isnan(mean):
        return 0.25
    away = np.abs((at - mean + 0.5) % 1.0 - 0.5)
    return float(weight[away <= 0.125 + 1e-12].sum() / weight.sum())


def _result(
    found: Circle, n: npt.NDArray[np.int64], exposure: Floats, near: float, by: str, confidence: float, *, counts: Counts, settings: dict[str, Setting],
    cautions: list[str], start: pd.Timestamp | None, end: pd.Timestamp | None, noun: str, source: str,
) -> CircularResult:  # fmt: skip
    length, first = _CYCLE[by]

    def place(share: float) -> float | None:
        return None if np.isnan(share) else float(share % 1.0 * length + first)

    expected = n.sum() * exposure / exposure.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(expected > 0, n / expected, np.nan)
    peaks = tuple((float(peak.at * length + first), peak.height) for peak in found.peaks)
    if len(peaks) > 1:
        told = " and ".join(say_position(at, by) for at, _ in peaks[:2])
        cautions.append(
            f"{'Two peaks' if len(peaks) == 2 else f'{len(peaks)} peaks'}, {'' if len(peaks) == 2 else 'the highest '}around {told}: no single {'hour' if by == 'hour' else 'time'} describes them, and the mean may lie where little happens."
        )
    if np.isnan(found.p):
        cautions.append("Under five events the test has no p-value.")
    elif found.p < 0.05:
        cautions.append(
            "The test takes each event to be by itself: several by one offender, one busy week, or several calls about one event make it too sure."
        )
    return CircularResult(
        table=pd.DataFrame({by: np.arange(_BINS[by]) + int(first), "n": n, "exposure": exposure, "expected": expected, "ratio": ratio}),
        settings={
            **settings, "by": Setting(by),
            "confidence": Setting(confidence, "sara" if confidence == 0.95 else "you"),
        },
        counts=counts, cautions=tuple(cautions), freq=None, start=start, end=end, noun=noun, source=source, by=by, mean=place(found.mean), low=place(found.low),
        high=place(found.high), length=found.length, z=found.z, p=None if np.isnan(found.p) else found.p,
        spread=None if not np.isfinite(found.spread) else found.spread * length, peaks=peaks, near=near, confidence=confidence,
    )  # fmt: skip
