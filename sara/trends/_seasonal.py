"""A year against the same months of earlier years."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_confidence
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.result import Counts, Setting
from sara.core.stats.seasonal import Usual, usual_range
from sara.trends._input.counted import Counted, counted
from sara.trends._input.edges import DAY
from sara.trends._results.seasonal import SeasonalResult

__all__ = ["SeasonalResult", "seasonal"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def seasonal(
    series: Any, *, freq: str | None = None, period: Any = None, year: int | None = None, confidence: float = 0.95
) -> SeasonalResult:
    """Lay the years over one another and compare one with the same months of earlier ones.

    Answers "is this usual for the time of year?". Use `trends.weekly_band` for the last weeks, `trends.farrington` for alarms week by week.

    Parameters
    ----------
    series : GeoDataFrame, EventSource, SeriesResult, Series or DataFrame
        Events, or a series of counts per month, week or quarter with dates.
    freq : str, optional
        For events: ``"MS"`` (months, if not given), ``"W"`` or ``"QS"``.
    period : (str, str), optional
        First and last day. If not given, the longest run of the file without a gap of three empty months.
    year : int, optional
        The year to compare; the last one with a complete month if not given. Later years are not used.
    confidence : float
        Probability that a month without any change is inside its range.

    Returns
    -------
    SeasonalResult
        ``table``: ``period``, ``year``, ``season`` (1-12, 1-53 or 1-4), ``n``, ``per_day``, and for the year compared ``expected``, ``low``,
        ``high``, ``outside``; ``usual``: the range of each season.

    Raises
    ------
    InputError
        If the periods are not months, weeks or quarters, or `year` is not among them.
    NotEnoughDataError
        If there is no earlier year.

    Notes
    -----
    The null: this month came from the same mean per day as the same month of the earlier years, and years swing around it as those years did.
    What is usual is the mean of the season over the earlier years, with the range in which a new year falls with probability `confidence`:
    negative binomial, with the dispersion measured over all seasons at once in two parts (whole years that differ, and the rest) and widened by
    Student's t with Satterthwaite's degrees of freedom. Simulated coverage of a nominal 95 %: 95 to 99 % where months swing independently,
    with two to five earlier years and means of 1 to 400; 88 to 94 % with two or three years where whole years differ by a tenth and months
    are in the hundreds. One earlier year does not show how far years differ: then no range is given.
    A trend over the years is not modeled: where every year has more than the one before, the current year will be above.
    Weeks are those of ISO 8601; week 53 has few counterparts.

    References
    ----------
    Satterthwaite (1946), An approximate distribution of estimates of variance components, Biometrics Bulletin 2(6), 110-114.
    doi:10.2307/3002019
    Wheeler (2016), Tables and graphs for monitoring temporal crime trends, International Journal of Police Science & Management 18(3), 159-172.
    doi:10.1177/1461355716642781

    Examples
    --------
    >>> import pandas as pd, sara
    >>> months = pd.Series([31, 28] * 18, index=pd.date_range("2021-01-01", periods=36, freq="MS"))
    >>> print(sara.trends.seasonal(months).text)
    12 of the 12 complete months of 2023 inside what is usual for them in 2021 to 2022.
    """
    is_events = _events(series)
    chosen = counted(series, freq=(freq or "MS") if is_events else freq, period=period)
    chosen.check_counts()
    confidence = check_confidence(confidence)
    seasons = _seasons(chosen)
    years, season = _calendar(chosen, seasons)
    own = _year(years, chosen, year)
    partial = _partial(chosen, own) if own == years.max() else None
    keep = years <= own
    chosen, years, season = _until(chosen, keep), years[keep], season[keep]
    counts, days, now_days = _grid(chosen, years, season, own, seasons)
    found = usual_range(counts, days, now_days, confidence=confidence)
    table = _table(chosen, years, season, own, found)
    earlier = int((~np.isnan(counts)).any(axis=1).sum())
    return SeasonalResult.of(
        chosen,
        table=table,
        settings={
            **({"freq": Setting(chosen.freq, "sara", "months")} if is_events and freq is None else {}),
            "year": Setting(own, "sara" if year is None else "you", "the last one with a complete period" if year is None else ""),
            "earlier years": Setting(earlier, "sara", "all before it"),
            "confidence": Setting(confidence, "you" if confidence != 0.95 else "sara", "of each season by itself"),
            "dispersion": Setting(round(found.dispersion, 2), "sara", "measured over all seasons of the earlier years" if found.df else "one year does not show it"),
        },
        cautions=_cautions(earlier),
        usual=_usual(found), year=own, seasons=seasons, dispersion=found.dispersion, confidence=confidence,
        partial=partial, drift=_drift(chosen, years, season),
    )  # fmt: skip


def _events(data: Any) -> bool:
    from sara.core.source import EventSource, as_source

    if isinstance(data, pd.DataFrame):
        return "time" in data.columns or not {"period", "n"} <= set(data.columns)
    return isinstance(data, EventSource) or (
        not isinstance(data, pd.Series | list | tuple | np.ndarray) and as_source(data) is not None
    )


def _seasons(chosen: Counted) -> int:
    """Return how many seasons a year has."""
    if chosen.dated and len(chosen):
        days = float(np.median((chosen.end - chosen.start).astype(np.int64))) / DAY
        for seasons, low, high in ((12, 28, 31), (52, 7, 7), (4, 90, 92)):
            if low <= days <= high:
                return seasons
    raise InputError(
        f"`series` must be counts per month, week or quarter with dates. Got {chosen.freq or 'numbers without dates'}. Write: sara.trends.seasonal(events, freq='MS')"
    )


def _calendar(chosen: Counted, seasons: int) -> tuple[Ints, Ints]:
    """Return the year and season (from 1) of each period; weeks by ISO 8601, whatever day they begin on, by their middle."""
    starts = pd.DatetimeIndex(chosen.start)
    if seasons == 52:
        iso = (starts + pd.Timedelta(days=3)).isocalendar()
        return iso["year"].to_numpy(dtype=np.int64), iso["week"].to_numpy(dtype=np.int64)
    month = starts.month.to_numpy(dtype=np.int64)
    return starts.year.to_numpy(dtype=np.int64), month if seasons == 12 else (month - 1) // 3 + 1


def _year(years: Ints, chosen: Counted, year: Any) -> int:
    known = np.unique(years[~np.isnan(chosen.n)])
    if year is not None and (isinstance(year, bool) or not isinstance(year, int | np.integer) or year not in known):
        raise InputError(f"`year` must be a year of the series. Got {year!r}. Write one of {known.tolist()}.")
    if len(known) == 0 or known[0] >= (known[-1] if year is None else year):
        begins = f"a series that begins in {known[0]}" if len(known) else "none"
        later = (
            f"Write year={known[-1]}"
            if len(known) and known[-1] > known[0]
            else "For the last weeks alone: sara.trends.weekly_band(events)"
        )
        raise NotEnoughDataError(
            f"seasonal needs at least 1 {chosen.word} in a year before the one compared{'' if year is None else f', {year}'}. Got {begins}. {later}."
        )
    return int(known[-1] if year is None else year)


def _grid(chosen: Counted, years: Ints, season: Ints, own: int, seasons: int) -> tuple[Floats, Floats, Floats]:
    """Return counts and days of the earlier years, one row per year, and the days of each season in the own year."""
    size = 53 if seasons == 52 else seasons
    earlier = np.unique(years[years < own])
    counts, days = np.full((len(earlier), size), np.nan), np.zeros((len(earlier), size))
    for row, one in enumerate(earlier):
        at = years == one
        counts[row, season[at] - 1] = chosen.n[at]
        days[row, season[at] - 1] = (chosen.end - chosen.start)[at].astype(np.int64) / DAY
    days[np.isnan(counts)] = 0
    if seasons == 52:
        return counts, days, np.full(size, 7.0)
    starts = pd.to_datetime([f"{own}-{1 + i * (12 // seasons):02d}-01" for i in range(seasons)])
    ends = starts + pd.DateOffset(months=12 // seasons)
    return counts, days, np.asarray((ends - starts) / pd.Timedelta(days=1), dtype=float)


def _table(chosen: Counted, years: Ints, season: Ints, own: int, found: Usual) -> pd.DataFrame:
    at, mine = season - 1, years == own
    limits = {name: np.where(mine, getattr(found, name)[at], np.nan) for name in ("expected", "low", "high")}
    with np.errstate(invalid="ignore", divide="ignore"):
        outside = np.select([chosen.n < limits["low"], chosen.n > limits["high"]], ["below", "above"], "")
        per_day = np.where(chosen.days > 0, chosen.n / chosen.days, np.nan)
    n = pd.Series(chosen.n)
    return pd.DataFrame(
        {
            "period": chosen.start, "year": years, "season": season, "n": n.astype("Int64") if n.isna().any() else n.astype(np.int64),
            "per_day": per_day, **limits, "outside": outside,
        }
    )  # fmt: skip


def _usual(found: Usual) -> pd.DataFrame:
    season = np.arange(1, len(found.expected) + 1)
    return pd.DataFrame(
        {"season": season, "expected": found.expected, "low": found.low, "high": found.high, "years": found.years}
    )


def _partial(chosen: Counted, own: int) -> float | None:
    """Return the count so far of the period after the last complete one, where it belongs to the year."""
    if not len(chosen) or not chosen.partial:
        return None
    start, n = chosen.partial[-1]
    return float(n) if start == pd.Timestamp(chosen.end[-1]) and start.year == own and n == n else None


def _until(chosen: Counted, keep: npt.NDArray[np.bool_]) -> Counted:
    """Leave out the years after the one compared."""
    later = int(np.nansum(chosen.n[~keep]))
    counts = Counts(
        chosen.counts.rows_in, chosen.counts.rows_used - later, {**chosen.counts.left_out, "after the year compared": later}
    )
    return replace(
        chosen, start=chosen.start[keep], end=chosen.end[keep], n=chosen.n[keep], days=chosen.days[keep], counts=counts
    )


def _drift(chosen: Counted, years: Ints, season: Ints) -> Literal["more", "fewer", ""]:
    """Say whether each of four or more years had more, or fewer, than the one before, its own months considered."""
    known = ~np.isnan(chosen.n)
    n, days, at = chosen.n[known], chosen.days[known], season[known]
    usual = np.bincount(at, weights=n) / np.maximum(np.bincount(at, weights=days), 1e-12)
    each, row = np.unique(years[known], return_inverse=True)
    steps = np.diff(np.bincount(row, weights=n) / np.maximum(np.bincount(row, weights=days * usual[at]), 1e-12))
    if len(each) < 4 or not ((steps > 0).all() or (steps < 0).all()):
        return ""
    return "more" if steps[0] > 0 else "fewer"


def _cautions(earlier: int) -> tuple[str, ...]:
    if earlier != 2:
        return ()
    return (
        "Two earlier years show little of how far years differ: the range is wide, and may still be too narrow where whole years differ.",
    )
