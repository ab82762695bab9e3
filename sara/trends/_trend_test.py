"""Is it rising or falling, beyond chance and season: Mann-Kendall, seasonal Kendall, and Sen's slope per year."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_choice, check_confidence
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.result import Setting
from sara.core.stats.seasonal_kendall import CORRECTIONS, Trend, seasonal_kendall
from sara.trends._input.counted import Counted, counted
from sara.trends._input.cycles import LEAST_YEARS, YEAR
from sara.trends._input.edges import DAY
from sara.trends._results.trend_test import TrendTestResult

__all__ = ["trend_test"]

Floats = npt.NDArray[np.float64]

LEAST = 8
# Without a correction nothing has to be measured but the order.
LEAST_PLAIN = 4
# All pairs of more periods than this do not fit into memory.
MOST = 10_000
# Years below which the covariances of seasons can't be told.
LEAST_HIRSCH = 10
# No percent change on a base under 20.
PERCENT_BASE = 20
# A week counts by its known days if there are at least so many.
KNOWN_DAYS = 4


@dataclass(frozen=True, eq=False, slots=True)
class _Steps:
    """What is tested: ``rate`` (events per usual period), ``year`` (time in years, or in periods of bare numbers), ``season``; and in words."""

    rate: Floats
    year: Floats
    season: npt.NDArray[np.int64] | None
    label: pd.Series
    n: Floats
    word: str
    season_words: str
    caution: str = ""


def trend_test(
    series: Any, *, freq: str | None = None, period: Any = None, correction: str = "memory", season: Any = "auto", confidence: float = 0.95
) -> TrendTestResult:  # fmt: skip
    """Test whether a series rises or falls, and tell by how much a year.

    Answers "is it going up or down, or is that noise?". Use `change_points` for the date of a change, `compare` for this year against last.

    Parameters
    ----------
    series : GeoDataFrame, EventSource, SeriesResult, Series or array-like
        Events, counted per `freq`; a series; or numbers in order of time (counts, rates, minutes: only their order counts).
    freq : str, optional
        Length of a period, for events: weeks if not given. Days and hours are first added up to weeks.
    period : (str, str), optional
        First and last day.
    correction : {"memory", "yue-wang", "hirsch-slack", "hamed-rao", "none"}
        What is done about neighbors being alike, which makes chance look like a trend. ``"memory"``: the variance of the test grows by how
        alike neighbors are and how slowly that fades. ``"yue-wang"``: by the correlation with the period before only. ``"hirsch-slack"``: by the
        covariances of the seasons (ten whole years at least). ``"hamed-rao"``: by the correlated ranks, without a season; as published it also shrinks the
        variance where neighbors are unlike. ``"none"``: the test
        of the books, for independent values.
    season : "auto", None, or int
        ``"auto"``: each week is compared with the same week of other years, each month with the same month, where the dates cover two years.
        None: all with all. A number of periods: for bare numbers, 12 if they are months.
    confidence : float
        Level of the interval of the slope.

    Returns
    -------
    TrendTestResult
        ``table``: one row: ``n`` (events), ``periods``, ``s``, ``variance``, ``z``, ``p`` (two-sided), ``tau``, ``slope`` (change of the number
        per period, each year; for bare numbers each period), ``low``, ``high`` (its interval), ``level`` (median), ``percent`` (slope over level;
        missing where a year holds fewer than 20 events), ``correlation`` (with the period before, trend and season taken out), ``inflation``.
        ``periods``: ``period``, ``n``, ``trend``, ``low``, ``high``.

    Raises
    ------
    InputError
        If an option is unknown, or the numbers are too many.
    NotEnoughDataError
        If there are fewer than 8 whole periods (4 without a correction).

    Notes
    -----
    Null hypothesis: no trend, values of the same season differ by chance and by what neighbors share. ``S`` is rises less falls over all pairs
    of the same season, ``z = (S - sign S) / sqrt(Var S)``; Sen's slope is the median slope of these pairs. A rise and a fall of the same length
    cancel out: look at the figure. Months are compared by the day, so that February is no fall. Measured false alarms are on the method's page.

    References
    ----------
    Mann (1945), Econometrica 13(3), 245-259. doi:10.2307/1907187
    Sen (1968), JASA 63(324), 1379-1389. doi:10.1080/01621459.1968.10480934
    Hirsch, Slack & Smith (1982), Water Resources Research 18(1), 107-121. doi:10.1029/WR018i001p00107
    Yue & Wang (2004), Water Resources Management 18, 201-218. doi:10.1023/B:WARM.0000043140.61082.60

    Examples
    --------
    >>> import sara
    >>> test = sara.trends.trend_test([5, 6, 11, 8, 10, 12, 11, 15, 14, 16], correction="none")
    >>> test.table[["s", "slope"]].round(3).values.tolist()
    [[36.0, 1.2]]
    """
    check_choice(correction, (*CORRECTIONS, "hamed-rao"), name="correction")
    confidence = check_confidence(confidence)
    least = LEAST_PLAIN if correction == "none" else LEAST
    chosen = counted(series, freq=freq, period=period).check_length(least, method="trend_test")
    steps = _steps(chosen, season)
    known = int((~np.isnan(steps.rate)).sum())
    if known < least:
        raise NotEnoughDataError(f"trend_test needs at least {least} {steps.word}s. Got {known}. Take a longer period.")
    if known > MOST:
        raise InputError(
            f"`series` must have at most {MOST:,} numbers without a season. Got {known:,}. Count longer periods: freq='W'."
        )
    _check_fits(steps, correction)
    found = _numbers(steps, correction, confidence)
    return TrendTestResult.of(
        chosen, table=_table(chosen, steps, found),
        settings={
            "correction": Setting(correction, "sara" if correction == "memory" else "you", f"variance of the test times {found.inflation:.2g}, measured on the series"),
            "season": Setting(steps.season_words, "sara" if season == "auto" else "you"),
            "step": Setting(steps.word, "sara", "shorter periods are added up to weeks" if steps.word != chosen.word else ""),
            "confidence": Setting(confidence, "sara" if confidence == 0.95 else "you"),
        },
        cautions=_cautions(steps, found), periods=_periods(steps, found), years=_years(chosen), step=steps.word,
        seasonal=steps.season is not None, confidence=confidence,
    )  # fmt: skip


def _numbers(steps: _Steps, correction: str, confidence: float) -> Trend:
    if correction != "hamed-rao":
        return seasonal_kendall(steps.rate, steps.year, steps.season, correction=correction, confidence=confidence)
    from sara.core.stats.mann_kendall import mann_kendall

    plain = seasonal_kendall(steps.rate, steps.year, correction="none", confidence=confidence)
    by = float(mann_kendall(steps.rate, correction="hamed-rao").inflation)
    return seasonal_kendall(steps.rate, steps.year, correction=by, confidence=confidence) if by != 1 else plain


def _check_fits(steps: _Steps, correction: str) -> None:
    if correction == "hamed-rao" and (steps.season is not None or np.isnan(steps.rate).any()):
        raise InputError(
            f'`correction` must be "memory" for a series with a season or with gaps. Got {correction!r}. Write season=None for one without gaps.'
        )
    if correction != "hirsch-slack":
        return
    held = np.bincount(steps.season) if steps.season is not None else np.zeros(1, dtype=np.int64)
    if np.isnan(steps.rate).any() or held.min() != held.max() or held.min() < LEAST_HIRSCH:
        raise InputError(
            f'`correction` "hirsch-slack" must have at least {LEAST_HIRSCH} whole years without gaps, each season once a year. Got {int(held.min())}. Write correction="memory"'
        )


def _steps(chosen: Counted, season: Any) -> _Steps:
    if chosen.dated and float(np.median((chosen.end - chosen.start).astype(np.int64))) / DAY < 6.9:
        chosen = _weeks(chosen)
    usual = float(np.median(chosen.days[chosen.days > 0]))
    rate = np.where(chosen.days > 0, chosen.n / np.maximum(chosen.days, 1e-9) * usual, np.nan)
    if not chosen.dated:
        return _bare(chosen, rate, season)
    middle = chosen.start + (chosen.end - chosen.start) // 2
    year = (middle - middle[0]).astype(np.int64) / DAY / YEAR
    length = float((chosen.end[-1] - chosen.start[0]).astype(np.int64)) / DAY / YEAR
    many = round(chosen.per_year)
    if isinstance(season, int | np.integer) and not isinstance(season, bool):
        return _bare(replace(chosen), rate, season, year=year)
    if season not in ("auto", None, False):
        raise InputError(f'`season` must be "auto", None or a number of periods. Got {season!r}. Write season="auto"')
    if season != "auto" or many < 2:
        return _Steps(rate, year, None, chosen.labels, chosen.n, chosen.word, "none")
    if length < LEAST_YEARS - 0.02:
        words = "The series is shorter than two years, so the season could not be told apart: a trend here may be the season."
        return _Steps(rate, year, None, chosen.labels, chosen.n, chosen.word, "none", words)
    begin = middle.astype("datetime64[Y]").astype("datetime64[us]")
    share = (middle - begin).astype(np.int64) / DAY / 365.25
    group = np.minimum(np.floor(share * many), many - 1).astype(np.int64)
    return _Steps(rate, year, group, chosen.labels, chosen.n, chosen.word, f"the same {chosen.word} of other years")


def _bare(chosen: Counted, rate: Floats, season: Any, *, year: Floats | None = None) -> _Steps:
    at = np.arange(len(rate))
    time = at.astype(float) if year is None else year
    if season in ("auto", None, False):
        return _Steps(rate, time, None, chosen.labels, chosen.n, chosen.word, "none")
    if isinstance(season, bool) or not isinstance(season, int | np.integer) or season < 2:
        raise InputError(
            f'`season` must be "auto", None or a number of periods from 2 on. Got {season!r}. Write season=12 for months.'
        )
    if len(at) < 2 * season:
        raise NotEnoughDataError(
            f"`season` needs at least two of its cycles. Got {len(at)} {chosen.word}s for a season of {season}. Write season=None"
        )
    return _Steps(rate, time, at % season, chosen.labels, chosen.n, chosen.word, f"{season} {chosen.word}s")


def _weeks(chosen: Counted) -> Counted:
    """Add days and shorter periods up to weeks from the first day on; the rest of a week at the end is left out."""
    step = int((chosen.end[0] - chosen.start[0]).astype(np.int64))
    per = max(1, round(7 * DAY / step))
    whole = len(chosen) // per * per
    if whole < per * LEAST:
        raise NotEnoughDataError(
            f"trend_test adds periods up to weeks, and needs {LEAST} of them. Got {len(chosen) // per}. Take a longer period."
        )
    n, days = chosen.n[:whole].reshape(-1, per), chosen.days[:whole].reshape(-1, per)
    known = ~np.isnan(n)
    days = np.where(known, days, 0.0).sum(axis=1)
    enough = days >= KNOWN_DAYS
    return replace(
        chosen, start=chosen.start[:whole:per], end=chosen.end[per - 1 : whole : per], freq="W", n=np.where(enough, np.nansum(n, axis=1), np.nan),
        days=np.where(enough, days, 0.0),
    )  # fmt: skip


def _years(chosen: Counted) -> float | None:
    """Return the years covered; None for bare numbers."""
    return float((chosen.end[-1] - chosen.start[0]).astype(np.int64)) / DAY / YEAR if chosen.dated else None


def _table(chosen: Counted, steps: _Steps, found: Trend) -> pd.DataFrame:
    level = float(np.nanmedian(steps.rate))
    base = level * (float(len(steps.year) - 1) / max(steps.year[-1] - steps.year[0], 1e-9) if chosen.dated else 1.0)
    whole = bool((chosen.n[~np.isnan(chosen.n)] == np.floor(chosen.n[~np.isnan(chosen.n)])).all())
    return pd.DataFrame([{
        "n": int(np.nansum(steps.n)) if whole else float(np.nansum(steps.n)), "periods": int((~np.isnan(steps.rate)).sum()), "s": found.s, "variance": found.variance, "z": found.z, "p": found.p,
        "tau": found.tau, "slope": found.slope, "low": found.low, "high": found.high, "level": level,
        "percent": 100 * found.slope / level if base >= PERCENT_BASE else float("nan"), "correlation": found.correlation, "inflation": found.inflation,
    }])  # fmt: skip


def _periods(steps: _Steps, found: Trend) -> pd.DataFrame:
    """Return the line through the middle of the counts, and the lines of the interval through the middle of it."""
    known = ~np.isnan(steps.rate)
    middle = float(np.median(steps.year[known]))
    level = float(np.median(steps.rate[known] - found.slope * (steps.year[known] - middle)))
    away = steps.year - middle
    ends = np.sort(np.stack([level + found.low * away, level + found.high * away]), axis=0)
    return pd.DataFrame({
        "period": steps.label.to_numpy(), "n": np.where(known, steps.rate, np.nan), "trend": level + found.slope * away, "low": ends[0], "high": ends[1],
    })  # fmt: skip


def _cautions(steps: _Steps, found: Trend) -> tuple[str, ...]:
    out = [steps.caution] if steps.caution else []
    if found.correlation > 0.6:
        out.append(
            f"Neighboring {steps.word}s are much alike (correlation {found.correlation:.1f}): a level that wanders by itself can look like a trend."
        )
    return tuple(out)
