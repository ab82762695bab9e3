"""When the level changed: Poisson and negative-binomial partitions, with an interval for each date."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_choice, check_confidence, check_count
from sara.core.errors import InputError
from sara.core.result import Setting
from sara.core.stats.change_fit import ChangeFit, change_fit
from sara.core.units import timestamp
from sara.trends._input.counted import Counted, counted
from sara.trends._input.cycles import Cycles, cycles_of
from sara.trends._input.edges import DAY
from sara.trends._results.change_points import ChangePointsResult

__all__ = ["change_points"]

METHODS = ("auto", "poisson", "negative-binomial")
CORRECTIONS = ("autocorrelation", "none")
LEAST = 10
# Beyond this the exact partition takes more than a minute.
MOST = 60_000
# No percent change on a base under 20.
PERCENT_BASE = 20
# From this memory on more series without a change show one than promised.
ALIKE = 3.0
# Days within which a change is too fresh to rely on.
RECENT = 60
# Shortest stretch by the days of a period: what is shorter is an outbreak, and no level.
SHORTEST = ((1.0, "a week", 7), (6.9, "14 days", 14), (27.0, "4 weeks", 28), (80.0, "3 months", 84))


def change_points(
    series: Any, *, freq: str | None = None, period: Any = None, method: str = "auto", season: Any = "auto", correction: str = "autocorrelation",
    penalty: float | None = None, min_length: int | None = None, max_points: int | None = None, marks: Mapping[Any, str] | None = None, confidence: float = 0.95,
) -> ChangePointsResult:  # fmt: skip
    """Find when the level of a series changed, and between which dates that may have been.

    Answers "when did it start?". Use `trend_test` for a slow rise or fall, `cusum` or `ears` to watch for the next change.

    Parameters
    ----------
    series : GeoDataFrame, EventSource, SeriesResult, Series or array-like
        Events, counted per `freq`; a series; or counts in order of time.
    freq : str, optional
        Length of a period, for events: ``"D"``, ``"W"`` (if not given), ``"MS"``.
    period : (str, str), optional
        First and last day.
    method : {"auto", "negative-binomial", "poisson"}
        Likelihood of the counts. ``"auto"``: negative-binomial, with the variance measured on the series; Poisson where that is not above the
        mean. ``"poisson"``: variance equal to the mean, whatever the series shows.
    season : "auto", None, or int
        ``"auto"``: the time of year where the dates cover two years, and weekdays (and hours) where periods are days or shorter. None: no
        season. A number of periods: for bare numbers, 12 if they are months.
    correction : {"autocorrelation", "none"}
        Whether likeness of neighboring periods, measured on the series, is allowed for.
    penalty : float, optional
        What a change must add to the log-likelihood. If not given, such that about 1 series of 20 without a change shows any.
    min_length : int, optional
        Periods of the shortest stretch; if not given 14 days, 4 weeks, 3 months, 2 quarters, or 4 bare numbers.
    max_points : int, optional
        Show at most so many changes: the penalty is raised until no more are left.
    marks : dict of date to str, optional
        Dates that may explain a change: ``{"2024-03-01": "response begins", "2023-07-01": "new call codes"}``. Each is named with the change
        whose interval holds it.
    confidence : float
        Level of the intervals of dates and ratios.

    Returns
    -------
    ChangePointsResult
        ``table``: one row per change: ``date`` (start of the first period of the new level; the number of the period for bare numbers),
        ``earliest``, ``latest`` (limits of the date), ``before``, ``after`` (events per usual period, season taken out), ``ratio``, ``low``,
        ``high`` (its interval), ``percent`` (missing on a base under 20 events), ``gain`` (log-likelihood it adds), ``mark``.
        ``levels``: one row per stretch. ``periods``: ``period``, ``n``, ``expected``, ``level``.

    Raises
    ------
    InputError
        If the series holds no counts, or an option is unknown.
    NotEnoughDataError
        If there are fewer than 10 whole periods.

    Notes
    -----
    Counts have mean ``level * days * season`` and, negative-binomial, variance ``mean * (1 + level / size)``. The partition with the highest
    likelihood less `penalty` for each change is found exactly. Likelihoods are divided by the inflation that memory (likeness of neighbors)
    brings. The season is fitted together with the levels. Null hypothesis: one level for the whole series, times the season. The interval of
    a date holds all starts whose log-likelihood is within ``-log(1 - sqrt(confidence))`` of the best; measured coverage is on the method's
    page. Where a steady trend explains the counts better than the changes do, the text says so. A change names a date, not a cause.

    References
    ----------
    Jackson et al. (2005), IEEE Signal Processing Letters 12(2), 105-108. doi:10.1109/LSP.2001.838216
    Killick, Fearnhead & Eckley (2012), JASA 107(500), 1590-1598. doi:10.1080/01621459.2012.737745
    Eo & Morley (2015), Quantitative Economics 6(2), 463-497. doi:10.3982/QE186

    Examples
    --------
    >>> import sara
    >>> found = sara.trends.change_points([41, 38, 44, 40, 39, 45, 42, 23, 25, 20, 24, 22, 26, 21])
    >>> found.table[["date", "earliest", "latest"]].values.tolist()
    [[8, 8, 8]]
    """
    check_choice(method, METHODS, name="method")
    check_choice(correction, CORRECTIONS, name="correction")
    confidence = check_confidence(confidence)
    chosen = counted(series, freq=freq, period=period).check_counts().check_length(LEAST, method="change_points")
    if len(chosen) > MOST:
        raise InputError(
            f"`series` must have at most {MOST:,} periods. Got {len(chosen):,}. Count longer ones: freq='D' or freq='W'."
        )
    if penalty is not None and not (isinstance(penalty, int | float | np.number) and penalty >= 0):
        raise InputError(
            f"`penalty` must be a number of 0 or more, in units of log-likelihood. Got {penalty!r}. Leave it out for 1 false alarm in 20 series."
        )
    most = None if max_points is None else check_count(max_points, name="max_points")
    known = np.flatnonzero(~np.isnan(chosen.n))
    shortest, why = (
        (_shortest(chosen, len(known)), "shorter spells are outbreaks, not levels")
        if min_length is None
        else (check_count(min_length, name="min_length"), "")
    )
    if 2 * shortest > len(known):
        raise InputError(
            f"`min_length` must be at most half of the {len(known)} {chosen.word}s. Got {min_length}. Write min_length={max(1, len(known) // 4)}"
        )
    said, cycles = _marks(marks, chosen), cycles_of(chosen, season)
    found = change_fit(
        chosen.n[known], chosen.days[known], cycles.terms[known], cycles.stretch[known], at=known, method=method,
        memory=correction == "autocorrelation", penalty=penalty, min_length=shortest, most=most, confidence=confidence,
    )  # fmt: skip
    dates = _dates(chosen, known, found)
    return ChangePointsResult.of(
        chosen, table=_table(chosen, known, found, dates, said, confidence),
        settings={
            "method": Setting(_likelihood(found) if method == "auto" else method, "sara" if method == "auto" else "you", f"variance {found.spread.dispersion:.2g} times the mean, measured on the series"),
            "season": Setting(cycles.words, "sara" if season == "auto" else "you"),
            "correction": Setting(correction, "sara" if correction == "autocorrelation" else "you", f"sums vary {found.spread.inflation:.2g} times as much as without memory"),
            "penalty": Setting(round(found.penalty, 2), "sara" if penalty is None and most is None else "you", "about 1 series of 20 without a change shows any" if penalty is None and most is None else ""),
            "min_length": Setting(shortest, "sara" if min_length is None else "you", why),
            "confidence": Setting(confidence, "sara" if confidence == 0.95 else "you"),
        },
        cautions=_cautions(chosen, cycles, found),
        levels=_levels(chosen, known, found), periods=_periods(chosen, known, found), marks=said, steady=_steady(chosen, found),
        seasonal=cycles.words != "none",
        untold=bool(cycles.caution),
        alike=found.spread.inflation >= ALIKE, confidence=confidence, default=penalty is None,
    )  # fmt: skip


def _likelihood(found: ChangeFit) -> str:
    return "poisson" if np.isinf(found.size) else "negative-binomial"


def _shortest(chosen: Counted, known: int) -> int:
    least = 4
    if chosen.dated:
        days = float(np.median((chosen.end - chosen.start).astype(np.int64))) / DAY
        least = next((max(2, round(span / days)) for limit, _, span in SHORTEST if days < limit), 2)
    return max(2, min(least, known // 5))


def _marks(marks: Mapping[Any, str] | None, chosen: Counted) -> tuple[tuple[Any, str], ...]:
    if not marks:
        return ()
    if not isinstance(marks, Mapping):
        raise InputError(
            f"`marks` must be a dict of dates and words. Got {type(marks).__name__}. Write marks={{'2024-03-01': 'response begins'}}"
        )
    if not chosen.dated:
        raise InputError("`marks` must be left out for numbers without dates. Write: sara.trends.series(events)")
    return tuple(sorted((timestamp(date, name="marks"), str(words)) for date, words in marks.items()))


def _dates(chosen: Counted, known: npt.NDArray[np.int64], found: ChangeFit) -> tuple[Any, Any, Any]:
    """Return date, earliest and latest of each change; beside a gap, the change may lie in it."""
    at, first, last = known[found.changes], known[found.first - 1] + 1, known[found.last]
    if not chosen.dated:
        return at + 1, first + 1, last + 1
    return chosen.start[at], chosen.start[first], chosen.start[last]


def _table(
    chosen: Counted, known: npt.NDArray[np.int64], found: ChangeFit, dates: tuple[Any, Any, Any], marks: tuple[tuple[Any, str], ...], confidence: float
) -> pd.DataFrame:  # fmt: skip
    from scipy.special import ndtri

    edges = np.concatenate([[0], found.changes, [len(known)]]).astype(np.int64)
    n, e = np.add.reduceat(chosen.n[known], edges[:-1]), np.add.reduceat(found.exposure, edges[:-1])
    # Half an event where there is none, so that the ratio has an interval.
    safe = np.maximum(n, 0.5)
    vary = found.spread.inflation * (1 + n / e / found.size) / safe
    level, error = n / e, np.sqrt(vary[1:] + vary[:-1]) * ndtri((1 + confidence) / 2)
    middle = np.log(safe[1:] / e[1:]) - np.log(safe[:-1] / e[:-1])
    before, after = level[:-1], level[1:]
    ratio = np.divide(after, before, out=np.full(len(before), np.nan), where=before > 0)
    date, earliest, latest = dates
    return pd.DataFrame({
        "date": date, "earliest": earliest, "latest": latest, "before": before, "after": after, "ratio": ratio, "low": np.exp(middle - error), "high": np.exp(middle + error),
        "percent": np.where(n[:-1] >= PERCENT_BASE, 100 * (ratio - 1), np.nan), "gain": found.gain,
        "mark": pd.Series([_mark(chosen, known, found, k, marks) for k in range(len(before))], dtype=object),
    })  # fmt: skip


def _mark(
    chosen: Counted, known: npt.NDArray[np.int64], found: ChangeFit, k: int, marks: tuple[tuple[Any, str], ...]
) -> str | None:
    """Return the known dates inside the interval of a change, the period before it included: a change within a period shows in it or in the next."""
    if not marks:
        return None
    low, high = chosen.start[known[found.first[k] - 1]], chosen.end[known[found.last[k]]]
    inside = [f"{date:%Y-%m-%d} {words}" for date, words in marks if low < np.datetime64(date) < high]
    return "; ".join(inside) or None


def _levels(chosen: Counted, known: npt.NDArray[np.int64], found: ChangeFit) -> pd.DataFrame:
    edges = np.concatenate([[0], found.changes, [len(known)]]).astype(np.int64)
    labels = chosen.labels.to_numpy()
    return pd.DataFrame({
        "first": labels[known[edges[:-1]]], "last": labels[known[edges[1:] - 1]], "periods": np.diff(edges),
        "n": np.add.reduceat(chosen.n[known], edges[:-1]).astype(np.int64), "level": found.level[edges[:-1]],
    })  # fmt: skip


def _periods(chosen: Counted, known: npt.NDArray[np.int64], found: ChangeFit) -> pd.DataFrame:
    expected, level = np.full(len(chosen), np.nan), np.full(len(chosen), np.nan)
    expected[known], level[known] = found.level * found.exposure, found.level
    return pd.DataFrame({"period": chosen.labels.to_numpy(), "n": chosen.n, "expected": expected, "level": level})


def _steady(chosen: Counted, found: ChangeFit) -> float | None:
    """Return the factor per year (per period of bare numbers) of a steady trend, where that explains more."""
    if np.isnan(found.steady):
        return None
    return float(np.exp(found.steady * (chosen.per_year if chosen.dated else 1.0)))


def _cautions(chosen: Counted, cycles: Cycles, found: ChangeFit) -> tuple[str, ...]:
    out = [cycles.caution] if cycles.caution else []
    if found.spread.inflation >= ALIKE:
        out.append(
            f"Neighboring {chosen.word}s are much alike (correlation {found.spread.correlation:.1f}): a level that wanders by itself can look like a change, and more than 1 such series in 20 shows one."
        )
    if chosen.dated and len(found.changes):
        # The known periods, without gaps.
        newest = chosen.start[~np.isnan(chosen.n)][found.changes[-1]]
        if float((chosen.end[-1] - newest).astype(np.int64)) / DAY < RECENT:
            out.append("The last change is recent: late reports, or a few more weeks, may move or undo it.")
    return tuple(out)
