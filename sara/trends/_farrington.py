"""Is it more than is usual for the season: Farrington's method, original and flexible."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sara.core.checks import check_choice, check_count
from sara.core.errors import InputError
from sara.core.result import Setting
from sara.core.stats.farrington import DEFAULTS, farrington_limits, first_judged
from sara.trends._ears import _check_alpha
from sara.trends._input.counted import Counted, counted
from sara.trends._input.judged import first_of, history_of
from sara.trends._results.farrington import FarringtonResult

__all__ = ["farrington"]

# Bare numbers are taken as weeks.
WEEKS = 52.0
SEASONS = 10
# Fewer events expected than this come of a baseline of zeros.
EMPTY = 1e-4
# From this dispersion on the original version alarms clearly more often than it says.
WIDE = 1.15


def farrington(
    series: Any, *, years: int = 4, half_window: int | None = None, alpha: float = 0.05, version: str = "original", start: Any = None,
    threshold: str | None = None, seasons: int | None = None, excluded: int | None = None, reweight: bool = True, trend: bool = True,
    per_year: float | None = None, freq: str | None = None, period: Any = None,
) -> FarringtonResult:  # fmt: skip
    """Judge each count by the same season of earlier years, past outbreaks weighted down, a trend allowed for.

    Answers "is this week more than is usual for the time of year?". Null: the count is as season, level and trend of the earlier years make
    likely. Use `ears` without years of history, `monitor` for many series at once.

    Parameters
    ----------
    series : GeoDataFrame, EventSource, SeriesResult, Series or array-like
        Events, a series, or counts in order of time.
    years : int
        Years of history. With fewer than 3 no trend is used.
    half_window : int, optional
        Periods taken before and after the same date of each earlier year. 3 if not given; 1 for months, 0 for quarters and longer.
    alpha : float
        Original: two-sided as published, so that half of it lies above the limit. Flexible: all of it lies above.
    version : {"original", "flexible"}
        Farrington et al. (1996), or Noufaily et al. (2013).
    start : date or int, optional
        First period to judge: a date, or the number of the period, counting from 1. If not given, the first with the whole history before it.
    threshold : {"delta", "nbPlugin", "muan"}, optional
        Limit from a normal curve for counts to the power 2/3 (original), from a negative binomial about the expected count (flexible), or from
        one about the upper limit of the expected count.
    seasons : int, optional
        Levels of the season in a year. 1 (original): only the windows are used. Flexible: 10, the window among them, as far as a year has them.
    excluded : int, optional
        Last periods not used, so that an outbreak under way doesn't hide itself; half a year if not given (flexible only).
    reweight : bool
        Whether earlier counts that stand out above count less.
    trend : bool
        Whether a trend may be used.
    per_year : float, optional
        Periods in a year, for numbers without dates: 52 if not given.
    freq : str, optional
        Length of a period, for events; weeks if not given.
    period : pair of dates, optional
        First and last day.

    Returns
    -------
    FarringtonResult
        ``table``: one row per period judged: ``period``, ``n``, ``expected``, ``upper`` (limit; missing with fewer than 5 events in the last 4 periods),
        ``alarm`` (n above upper), ``trend`` (change of the log count per period; missing where no trend was kept), ``score``
        ((n - expected) / (upper - expected)), ``p`` (chance of a count at least as high; missing, as the score, where the baseline holds no event), ``phi`` (dispersion). ``history``: the whole series.

    Raises
    ------
    InputError
        If an argument is not what it must be, or the numbers are no counts.
    NotEnoughDataError
        If no period has `years` of history before it.

    Notes
    -----
    Quasi-Poisson regression of the baseline, log link; phi = max(1, Pearson's chi-square / df). Anscombe residuals beyond 1 (flexible: 2.58) get weight
    1 / s^2 and it is fitted again. Original: the trend stays if p < 0.05, the history has three years, and it leads no higher than any
    baseline count; flexible: without the first. Delta limit: ``(mu^(2/3) + z sqrt(4/9 mu^(1/3) (phi + Var(mu) / mu)))^(3/2)``. Limits by "nbPlugin" and "muan" are quantiles of a
    negative binomial with variance phi mu.

    Dates choose the reference periods: of weeks, that whose first day is closest to the same date of the earlier year. Without dates, those 52, 104 ...
    periods back. Unknown counts are left out of the baseline. Days of the week are not modelled.

    References
    ----------
    Farrington, Andrews, Beale & Catchpole (1996), JRSS A 159(3), 547-563. doi:10.2307/2983331
    Noufaily et al. (2013), Statistics in Medicine 32(7), 1206-1222. doi:10.1002/sim.5595
    Salmon, Schumacher & Hoehle (2016), Journal of Statistical Software 70(10). doi:10.18637/jss.v070.i10

    Examples
    --------
    >>> import numpy as np, sara
    >>> usual = np.tile([8, 10, 9, 11, 12, 10, 9, 7, 8, 10, 11, 9, 10], 20)
    >>> found = sara.trends.farrington([*usual, 9, 25], years=4, start=261)
    >>> found.table[["period", "n", "alarm"]].to_dict("records")
    [{'period': 261, 'n': 9.0, 'alarm': False}, {'period': 262, 'n': 25.0, 'alarm': True}]
    """
    years = check_count(years, name="years")
    version = check_choice(version, tuple(DEFAULTS), name="version")
    alpha = _check_alpha(alpha)
    if threshold is not None:
        check_choice(threshold, ("delta", "nbPlugin", "muan"), name="threshold")
    reweight = bool(check_choice(reweight, (True, False), name="reweight"))
    trend = bool(check_choice(trend, (True, False), name="trend"))
    chosen = counted(series, freq=freq, period=period).check_counts()
    year = _per_year(chosen, per_year)
    window = _half_window(half_window, year)
    levels, out = _season(version, seasons, excluded, year, window, years)
    starts = chosen.start if chosen.dated else None
    earliest = first_judged(len(chosen), year, years=years, half_window=window, starts=starts)
    least = earliest if earliest < len(chosen) else int(np.ceil(years * year)) + window
    fewer = [
        k
        for k in range(years - 1, 0, -1)
        if first_judged(len(chosen), year, years=k, half_window=window, starts=starts) < len(chosen)
    ]
    instead = f" Write years={fewer[0]}" if fewer else " Write: sara.trends.ears(series)"
    first = first_of(chosen, start, max(least, earliest), method=f"farrington with {years} years of history", instead=instead)
    at = np.arange(first, len(chosen))
    limits = farrington_limits(
        chosen.n, at, year, years=years, half_window=window, alpha=alpha, version=version, starts=starts, seasons=levels, excluded=out,
        reweight=reweight, trend=trend, threshold=threshold,
    )  # fmt: skip
    upper = np.where(limits.enough[0], limits.upper[0], np.nan)
    # A rate fitted to zeros alone is zero: how rare one event is, cannot be told from it.
    empty = limits.expected[0] < EMPTY
    table = pd.DataFrame(
        {
            "period": chosen.labels.iloc[first:].to_numpy(), "n": chosen.n[first:], "expected": limits.expected[0], "upper": upper, "alarm": limits.alarm[0],
            "trend": limits.slope[0], "score": np.where(empty, np.nan, limits.score[0]), "p": np.where(empty, np.nan, limits.p[0]), "phi": limits.phi[0],
        }
    )  # fmt: skip
    used = DEFAULTS[version]["threshold"] if threshold is None else threshold
    return FarringtonResult.of(
        chosen, table=table, history=history_of(chosen), version=version, years=years, tail=alpha / 2 if version == "original" else alpha, partial=chosen.partial,
        settings={
            "version": Setting(version, "sara" if version == "original" else "you"),
            "years": Setting(years, "sara" if years == 4 else "you"),
            "half_window": Setting(f"{window} {chosen.word}s", "sara" if half_window is None else "you"),
            "alpha": Setting(alpha, "sara" if alpha == 0.05 else "you", "two-sided: half of it above" if version == "original" else "all of it above"),
            "threshold": Setting(used, "sara" if threshold is None else "you"),
            "seasons": Setting(levels, "sara" if seasons is None else "you"),
            **({"excluded": Setting(f"{out} {chosen.word}s", "sara" if excluded is None else "you")} if version == "flexible" else {}),
            "start": Setting(chosen.say(first), "sara" if start is None else "you", "the first with the whole history" if start is None else ""),
            **({} if chosen.dated else {"per_year": Setting(year, "sara" if per_year is None else "you")}),
        },
        cautions=(*_cautions(chosen, limits.enough[0], limits.upper[0]), *_empty(chosen, empty & ~np.isnan(upper), limits.alarm[0]), *_narrow(chosen, at, version, year, years, window, starts)),
    )  # fmt: skip


def _per_year(chosen: Counted, per_year: float | None) -> float:
    if per_year is None:
        return chosen.per_year if chosen.dated else WEEKS
    if chosen.dated:
        raise InputError(f"`per_year` must be left out where the series has dates. Got {per_year!r}.")
    if isinstance(per_year, bool) or not isinstance(per_year, int | float | np.number) or not 1 <= per_year <= 8784:
        raise InputError(
            f"`per_year` must be the number of periods in a year, 1 or more. Got {per_year!r}. For weeks: per_year=52"
        )
    return float(per_year)


def _half_window(half_window: int | None, year: float) -> int:
    if round(year) < 2:
        raise InputError(
            "`freq` must be shorter than a year: Farrington's method holds the same season of other years against each other. Got one period a year. Write freq='W' or freq='MS'"
        )
    window = (
        (3 if year > 40 else 1 if year > 6 else 0)
        if half_window is None
        else check_count(half_window, name="half_window", least=0)
    )
    if 2 * window + 1 > year:
        raise InputError(f"`half_window` must leave windows of different years apart: less than half a year. Got {half_window}.")
    return window


def _season(version: str, seasons: int | None, excluded: int | None, year: float, window: int, years: int) -> tuple[int, int]:
    """Return the levels of the season and the last periods left out."""
    most = max(1, int(year) - 2 * window)
    if version == "original":
        if excluded is not None or seasons not in (None, 1):
            raise InputError("`seasons` and `excluded` must be left out for the original version. Write version='flexible'")
        return 1, 0
    levels = min(SEASONS, most) if seasons is None else check_count(seasons, name="seasons")
    if levels > most:
        raise InputError(
            f"`seasons` must be at most {most}: a year has {year:.0f} periods, {2 * window + 1} of them in the window. Got {seasons}."
        )
    left_out = round(year / 2) if excluded is None else check_count(excluded, name="excluded", least=0)
    longest = round((years - 0.5) * year)
    if left_out > longest:
        raise InputError(
            f"`excluded` must leave half a year of the history: at most {longest} of {round(years * year)} periods. Got {excluded}. Write excluded={round(year / 2)}"
        )
    return levels, left_out


def _cautions(chosen: Counted, enough: np.ndarray, upper: np.ndarray) -> tuple[str, ...]:
    out = []
    few = int((~enough & ~np.isnan(upper)).sum())
    if few:
        out.append(f"{few} of {len(enough)} {chosen.word}s were not judged: fewer than 5 {chosen.noun} in 4 {chosen.word}s.")
    if np.isnan(upper).any():
        out.append(f"{int(np.isnan(upper).sum())} {chosen.word}s have no limit: they, or their baseline, are unknown.")
    if chosen.word == "day":
        out.append("Days of the week are not told apart: the same date of another year is another weekday. Weeks are safer.")
    return tuple(out)


def _empty(chosen: Counted, empty: np.ndarray, alarm: np.ndarray) -> tuple[str, ...]:
    """Say how many periods are judged by a baseline without any event."""
    if not empty.any():
        return ()
    many = f"{int(empty.sum())} of {len(empty)} {chosen.word}s" if len(empty) > 1 else f"The {chosen.word} judged"
    verb = "have" if empty.sum() > 1 else "has"
    alarms = int((empty & alarm).sum())
    said = (
        f": {alarms} alarm{'s' if alarms > 1 else ''} there {'say' if alarms > 1 else 'says'} only that there was none before"
        if alarms
        else ""
    )
    return (
        f"{many} {verb} a baseline without any event, so that a single one is above the limit, and no chance of it can be told{said}. Take more `years` or a longer `freq`.",
    )


def _narrow(chosen: Counted, at: np.ndarray, version: str, year: float, years: int, window: int, starts: Any) -> tuple[str, ...]:
    """Say so where the original version is known to alarm too often."""
    if version != "original":
        return ()
    phi = farrington_limits(
        chosen.n, at, year, years=years, half_window=window, version="original", starts=starts, reweight=False
    ).phi
    if np.isnan(phi).all() or np.nanmedian(phi) < WIDE:
        return ()
    return (
        f"Counts vary {np.nanmedian(phi):.1f} times as much as chance around their season: the original version then alarms more often than it says, at 1.5 to 2 times two to three times as often. Write version='flexible'.",
    )
