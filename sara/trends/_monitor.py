"""Hundreds of series at once: which are above what is usual for them, with false alarms held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_choice, check_count
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.result import Setting
from sara.core.source import EventSource
from sara.core.stats.farrington import farrington_limits
from sara.core.stats.fdr import benjamini_hochberg
from sara.core.stats.predictive import LEAST_RECENT, began, measured_tail, predictive, recent, silence
from sara.trends._input.many import Many, many
from sara.trends._results.monitor import MonitorResult

__all__ = ["monitor"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# More years back tell little about today.
MOST_YEARS = 5
# Thirty years of days; hours are better judged a few months at a time.
MOST_PERIODS = 11_000
# A season can't be told from a trend with less.
LEAST_YEARS = 2
# A series with fewer events in its history has no usual.
LEAST_EVENTS = 10
# Below one event a period in the window of the season, a level of its own for each season would rest on a handful.
SEASON_FROM = 1.0
# Earlier counts further out than this are weighted down: a lower threshold makes the usual look calmer than it is, and p-values too small.
OUTLIER = 4.0
# Levels and trend fitted.
LEVELS = 11
# What one clump of events may add to the dispersion of all sparse series.
MOST_POOLED = 5.0
# The usual is between these shares of the predictive distribution.
USUAL = (0.025, 0.975)
# Periods drawn.
DRAWN_YEARS = 2
# The longest judged stretch drawn with its band.
BAND_YEARS = 1


@dataclass(frozen=True, eq=False)
class Judged:
    """What is usual, one row per series and one column per period judged; NaN where nothing can be said."""

    expected: Floats
    low: Floats
    upper: Floats
    p: Floats


@dataclass(frozen=True)
class Chart:
    """How the usual is found."""

    method: str
    version: str
    years: int
    periods: int
    half_window: int
    per_year: float


def monitor(
    events: gpd.GeoDataFrame | EventSource | pd.DataFrame,
    *,
    by: str | Sequence[str] | None = None,
    areas: Any = None,
    freq: str | None = None,
    method: str = "auto",
    version: str = "flexible",
    years: int | None = None,
    last: int = 1,
    alpha: float = 0.05,
    adjust: str = "fdr",
    period: Any = None,
    n: int = 20,
) -> MonitorResult:
    """Judge hundreds of series at once, such as each kind of call in each beat, and list those above what is usual for them.

    Answers "what needs a look this week?". Use `farrington` for one series, `compare` for this period against the same of earlier years.

    Parameters
    ----------
    events : GeoDataFrame, EventSource or DataFrame
        Events; a result of `series` with `by`; or counts: a table with ``period``, ``n`` and the group columns, or one with dates as its index and
        a column per series.
    by : str or sequence of str, optional
        Columns whose combinations are the series. If not given, area and category as far as the file has them.
    areas : GeoDataFrame, optional
        Named areas (column ``name``): the group ``area`` is then the one in which an event lies.
    freq : str, optional
        Length of a period, a pandas offset; weeks if not given.
    method : {"auto", "farrington", "recent"}
        What is usual: the same season of earlier years with a trend, or the half year just before (no season). By itself the first, where there are
        two years of history.
    version : {"flexible", "original"}
        Of Farrington's method; see `farrington`.
    years : int, optional
        Years of history; as many as there are, at most 5, if not given.
    last : int
        How many of the last complete periods to judge. The table tells about the last one, ``judged`` about all.
    alpha : float
        Share of false alarms that is put up with among all alarms of a period (``adjust="fdr"``).
    adjust : {"fdr", "bonferroni", "none"}
        How the p-values of one period are corrected for their number.
    period : (str, str), optional
        First and last day. If not given, the longest run of the file without a gap of three empty months.
    n : int
        How many series the page draws.

    Returns
    -------
    MonitorResult
        ``table``: one row per series, in rank order: ``rank``, the columns of `by`, ``n`` (of the last period), ``expected``, ``low`` and ``upper`` (the usual:
        95 of 100 counts lie between), ``ratio`` (missing where less than one was expected), ``p`` (chance of so many or more),
        ``p_adjusted``, ``alarm``, ``alarms`` (periods of those judged with an alarm), ``last_year`` and ``year_before`` (events in the last
        two years of complete periods; missing where a gap cuts them), ``silent_for`` (periods since the last event), ``p_silent`` (adjusted), ``is_silent``
        and ``status``: ``"judged"``, ``"too sparse"`` (fewer than 10 events in its history), ``"new"`` (it begins within the last year), ``"ended"``
        (silent for more than a year). ``judged``: one row per series and period judged. ``history``: what the page draws.

    Raises
    ------
    InputError
        If an argument is not what it must be.
    NotEnoughDataError
        If the series are too short for the method.

    Notes
    -----
    The expected count is fitted to each series alone (quasi-Poisson with trend and season, earlier outbreaks weighted down, the last half year left out so that
    a slow rise does not become the usual). Series of less than one event a period get no season. The p-value is the tail of the distribution of the *next* count: negative
    binomial, its variance being the chance of counts, their measured dispersion, and that the expected count was itself only counted; where the dispersion is above 1, by Student's t,
    as it was measured too. For Poisson counts with
    a level mean this is the exact conditional test of two counts, so that the false alarms hold at any mean, also at zero. It is not a mid-p: counts are discrete, so
    that the rate among sparse series is below the nominal.

    Series that fell silent are told by the time since their last event against the same season of earlier years, corrected for the number of series. A silence before the
    first event that chance does not explain (one in a million) is taken for a code that did not exist yet: unknown, not zero.

    References
    ----------
    Noufaily et al. (2013), Statistics in Medicine 32(7), 1206-1222. doi:10.1002/sim.5595
    Farrington et al. (1996), JRSS A 159(3), 547-563. doi:10.2307/2983331
    Benjamini & Hochberg (1995), JRSS B 57(1), 289-300. doi:10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    >>> import numpy as np, pandas as pd, sara
    >>> weeks = pd.date_range("2020-01-06", periods=260, freq="7D")
    >>> counts = pd.DataFrame({f"beat {k}": np.arange(260) % (k + 2) for k in range(9)}, index=weeks)
    >>> counts.iloc[-1, 3] = 25
    >>> board = sara.trends.monitor(counts)
    >>> board.table.loc[board.table["alarm"], ["series", "n"]].to_dict("records")
    [{'series': 'beat 3', 'n': 25}]
    """
    method = check_choice(method, ("auto", "farrington", "recent"), name="method")
    version = check_choice(version, ("flexible", "original"), name="version")
    adjust = check_choice(adjust, ("fdr", "bonferroni", "none"), name="adjust")
    last, n = check_count(last, name="last"), check_count(n, name="n")
    years = None if years is None else check_count(years, name="years")
    if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0 < alpha <= 0.5:
        raise InputError(f"`alpha` must be a share above 0 and at most 0.5. Got {alpha!r}. Write alpha=0.05")
    held = many(events, by=by, areas=areas, freq=freq, period=period)
    _check_periods(held)
    at = _periods(held, last)
    chart, why = _chart(held, int(at[0]), method, version, years)
    counts, status, quiet = _status(held, at, chart)
    tested = status == "judged"
    judged = _judge(counts, at, chart)
    p = np.where(tested[:, None], judged.p, np.nan)
    p_adjusted = np.column_stack([_adjust(p[:, j], adjust) for j in range(len(at))])
    now = held.n[:, at]
    with np.errstate(invalid="ignore"):
        alarm = (p_adjusted <= alpha) & (now > judged.expected)
    p_silent = _adjust(np.where(np.isin(status, ("judged",)), quiet[2], np.nan), adjust)
    table = _table(held, at, judged, p, p_adjusted, alarm, status, quiet, p_silent, alpha)
    order = table.pop("order").to_numpy()
    drawn = _drawn(table, order, n)
    return MonitorResult(
        table=table,
        settings={
            **held.settings, "method": Setting(chart.method, "sara" if method == "auto" else "you", why),
            **({"version": Setting(version, "sara" if version == "flexible" else "you")} if chart.method == "farrington" else {}),
            "history": Setting(
                f"{chart.years} years" if chart.method == "farrington" else f"the {chart.periods} {held.word}s before", "sara" if years is None else "you",
                f"as many as there are, at most {MOST_YEARS}" if years is None and chart.method == "farrington" else "",
            ),
            "last": Setting(last, "sara" if last == 1 else "you"), "alpha": Setting(alpha, "sara" if alpha == 0.05 else "you"),
            "adjust": Setting(adjust, "sara" if adjust == "fdr" else "you", "Benjamini-Hochberg over the series of a period" if adjust == "fdr" else ""),
            "least_events": Setting(LEAST_EVENTS, "sara", "a series with fewer events in its history has no usual"),
        },
        counts=held.counts, cautions=(*held.cautions, *_cautions(chart, held, judged, tested, now)), by=held.by, freq=held.freq,
        start=pd.Timestamp(held.start[0]), end=pd.Timestamp(held.end[-1]), noun=held.noun, source=held.source,
        at=pd.Timestamp(held.start[at[-1]]), last=len(at), alpha=float(alpha), adjust=adjust, drawn=n,
        history=_history(held, counts, drawn, at, chart),
        judged=_long(held, at, judged, p, p_adjusted, alarm, order) if len(at) > 1 else pd.DataFrame(),
    )  # fmt: skip


def _check_periods(held: Many) -> None:
    periods = held.n.shape[1]
    if periods > MOST_PERIODS:
        raise InputError(
            f"`freq` must give at most {MOST_PERIODS:,} periods. Got {periods:,} {held.word}s: judging each against those of earlier years takes minutes. Write freq='D', or a shorter `period`"
        )


def _periods(held: Many, last: int) -> Ints:
    """Return the last periods for which anything is known."""
    known = np.flatnonzero((~np.isnan(held.n)).any(axis=0))
    if len(known) <= last:
        raise NotEnoughDataError(
            f"monitor needs history before the {last} {held.word}s to judge. Got {len(known)} {held.word}s in all. Take a longer period, or last=1."
        )
    return known[-last:]


def _chart(held: Many, first: int, method: str, version: str, years: int | None) -> tuple[Chart, str]:
    """Choose how the usual is found from how much history there is before the first period judged."""
    per_year = held.per_year
    half_window = max(1, round(3 * per_year / 52))
    # A year that lacks a few weeks is one: what lies before the series is unknown.
    there = int(first / per_year + 0.1)
    if years is not None and there < years:
        raise NotEnoughDataError(
            f"`years` must be at most the years of history before the first {held.word} judged, {there}. Got {years}. Write years={max(there, 1)}, or leave it out."
        )
    use = min(there, MOST_YEARS) if years is None else years
    half_year = int(np.clip(round(per_year / 2), 8, 60))
    if method == "recent" or (method == "auto" and use < LEAST_YEARS):
        if first < LEAST_RECENT:
            raise NotEnoughDataError(
                f"monitor needs at least {LEAST_RECENT} {held.word}s before the first judged. Got {first}. Take a longer period."
            )
        why = "" if method == "recent" else f"less than {LEAST_YEARS} years of history: the season can't be told"
        return Chart("recent", version, 0, half_year, half_window, per_year), why
    if use < 1:
        raise NotEnoughDataError(
            f"farrington needs at least 1 year of history before the first {held.word} judged. Got {first} {held.word}s. Write method='recent'"
        )
    why = "the same season of earlier years, where there are at least 2" if method == "auto" else ""
    return Chart("farrington", version, use, 0, half_window, per_year), why


def _status(held: Many, at: Ints, chart: Chart) -> tuple[Floats, npt.NDArray[np.object_], tuple[Ints, Floats, Floats]]:
    """Return counts with what came before a code unknown, what can be said of each series, and its silence."""
    year = max(1, round(chart.per_year))
    first = began(held.n)
    counts = np.where(np.arange(held.n.shape[1])[None, :] < first[:, None], np.nan, held.n)
    quiet = silence(counts, chart.per_year)
    before = counts[:, : at[-1]]
    left_out = 0 if chart.method == "recent" else year // 2
    base = before[:, : max(before.shape[1] - left_out, 0)]
    status = np.full(len(counts), "judged", dtype=object)
    status[np.nansum(before, axis=1) < LEAST_EVENTS] = "too sparse"
    least = LEAST_RECENT if chart.method == "recent" else year
    status[(first > 0) & ((~np.isnan(base)).sum(axis=1) < least)] = "new"
    status[(quiet[0] > year) & (quiet[2] < 1e-6)] = "ended"
    return counts, status, quiet


def _judge(counts: Floats, at: Ints, chart: Chart) -> Judged:
    """Find the usual for every series and period."""
    if chart.method == "recent":
        expected, variance, phi = recent(counts, at, periods=chart.periods)
        return _usual(expected, variance, phi, counts[:, at], _known(counts, at, chart.periods, 0) - 1)
    shape = (len(counts), len(at))
    out = [np.full(shape, np.nan) for _ in range(4)]
    busy = np.nan_to_num(_mean(counts[:, : at[0] + 1])) >= SEASON_FROM
    half_year = round(chart.per_year / 2)
    # Among few events a second one in a period already stands out: weighing it down would hide the dispersion.
    whole_year: dict[str, Any] = {"seasons": 1, "half_window": half_year, "reweight": False}
    for rows, own in ((busy, {"half_window": chart.half_window}), (~busy, whole_year)):
        if not rows.any():
            continue
        with np.errstate(all="ignore"):
            # Fits of series that hold next to nothing overflow on their way; what is left unknown is NaN.
            limits = farrington_limits(
                counts[rows], at, chart.per_year, years=chart.years, version=chart.version, weights_threshold=OUTLIER,
                threshold="delta",  # The limit itself is not used here, and this one is the quickest.
                **{"excluded": half_year, **own} if chart.version == "flexible" else {"half_window": chart.half_window},
            )  # fmt: skip
        phi = limits.phi
        if own["half_window"] != chart.half_window:
            # A handful of events says little about their own dispersion: at least that of all sparse series.
            phi = np.maximum(phi, _pooled(phi))
        back = round(chart.years * chart.per_year) + int(own["half_window"])
        df = _known(counts[rows], at, back, half_year) - LEVELS
        judged = _usual(limits.expected, limits.variance, phi, counts[rows][:, at], df)
        for name, values in zip(out, (judged.expected, judged.low, judged.upper, judged.p), strict=True):
            name[rows] = values
    return Judged(*out)


def _pooled(phi: Floats) -> float:
    known = phi[np.isfinite(phi)]
    return float(np.minimum(known, MOST_POOLED).mean()) if known.size else 1.0


def _mean(counts: Floats) -> Floats:
    known = (~np.isnan(counts)).sum(axis=1)
    return np.where(known > 0, np.nansum(counts, axis=1) / np.maximum(known, 1), np.nan)


def _known(counts: Floats, at: Ints, back: int, until: int) -> Floats:
    """Return how many known counts there are from `back` periods before each judged one to `until` before."""
    known = np.concatenate([np.zeros((len(counts), 1)), np.cumsum(~np.isnan(counts), axis=1)], axis=1)
    return np.asarray(known[:, np.maximum(at - until, 0)] - known[:, np.maximum(at - back, 0)])


def _usual(expected: Floats, variance: Floats, phi: Floats, now: Floats, df: Floats) -> Judged:
    found = predictive(expected, variance, phi)
    low, upper = (found.quantile(share) for share in USUAL)
    return Judged(expected=expected, low=low, upper=upper, p=measured_tail(found.at_least(now), phi, df))


def _adjust(p: Floats, adjust: str) -> Floats:
    if adjust == "none":
        return p
    if adjust == "bonferroni":
        return np.minimum(p * np.count_nonzero(~np.isnan(p)), 1.0)
    return benjamini_hochberg(p)


def _table(
    held: Many, at: Ints, judged: Judged, p: Floats, p_adjusted: Floats, alarm: npt.NDArray[np.bool_], status: npt.NDArray[np.object_],
    quiet: tuple[Ints, Floats, Floats], p_silent: Floats, alpha: float,
) -> pd.DataFrame:  # fmt: skip
    year = max(1, round(held.per_year))
    now, said = held.n[:, at[-1]], status == "judged"
    expected, low, upper = (np.where(said, x[:, -1], np.nan) for x in (judged.expected, judged.low, judged.upper))
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(expected >= 1, now / expected, np.nan)
    out = held.names.copy()
    out["n"] = pd.array(np.where(np.isnan(now), -1, now).astype(np.int64), dtype="Int64")
    out.loc[np.isnan(now), "n"] = pd.NA
    out["expected"], out["low"], out["upper"], out["ratio"] = expected, low, upper, ratio
    out["p"], out["p_adjusted"], out["alarm"] = p[:, -1], p_adjusted[:, -1], alarm[:, -1]
    out["alarms"] = alarm.sum(axis=1)
    out["last_year"] = _whole(held.n[:, -year:], year)
    out["year_before"] = _whole(held.n[:, -2 * year : -year], year)
    out["silent_for"] = quiet[0]
    out["p_silent"] = p_silent
    with np.errstate(invalid="ignore"):
        out["is_silent"] = (p_silent <= alpha) & (quiet[0] > 0)
    out["status"] = pd.Series(
        status.tolist(), dtype=held.names.iloc[:, 0].dtype if held.names.iloc[:, 0].dtype == "str" else object
    )
    out["order"] = np.arange(len(out))
    # Alarms first, by p; then the others judged; then what was not judged, the busiest first.
    out["_kind"] = np.where(out["alarm"], 0, np.where(said, 1, 2))
    out["_volume"] = -np.nansum(held.n[:, -year:], axis=1)
    out = out.sort_values(["_kind", "p", "_volume", "order"], kind="stable", ignore_index=True).drop(columns=["_kind", "_volume"])
    out.insert(0, "rank", np.arange(1, len(out) + 1))
    return out


def _whole(n: Floats, year: int) -> Any:
    """Return sums of whole years; missing where a period is unknown or there is none."""
    total = n.sum(axis=1) if n.shape[1] == year else np.full(len(n), np.nan)
    return pd.array([pd.NA if np.isnan(v) else int(v) for v in total], dtype="Int64")


def _drawn(table: pd.DataFrame, order: Ints, n: int) -> Ints:
    """Return the series on the page: the first of the table, those that fell silent, and the new ones; by their place in the input."""
    first = (table["status"] == "judged").to_numpy() & (np.arange(len(table)) < n)
    silent = _first(table["is_silent"].to_numpy(dtype=bool), n)
    new = _first((table["status"] == "new").to_numpy(), n)
    return order[first | silent | new]


def _first(mask: npt.NDArray[np.bool_], n: int) -> npt.NDArray[np.bool_]:
    return mask & (np.cumsum(mask) <= n)


def _history(held: Many, counts: Floats, drawn: Ints, at: Ints, chart: Chart) -> pd.DataFrame:
    """Return the counts of the last two years of the series drawn, and what was usual in the last of them."""
    year = max(1, round(chart.per_year))
    shown = np.arange(max(0, int(at[-1]) + 1 - DRAWN_YEARS * year), int(at[-1]) + 1)
    least = LEAST_RECENT if chart.method == "recent" else round(chart.years * chart.per_year) if chart.years == 1 else 2 * year
    band = shown[(shown >= least) & (shown > at[-1] - BAND_YEARS * year)]
    usual = {name: np.full((len(drawn), len(shown)), np.nan) for name in ("expected", "low", "upper")}
    if len(band) and len(drawn):
        judged = _judge(counts[drawn], band, chart)
        for name, values in usual.items():
            values[:, band - shown[0]] = getattr(judged, name)
    rows = {
        "series": np.repeat(drawn, len(shown)), "period": np.tile(held.start[shown], len(drawn)), "n": held.n[drawn][:, shown].ravel(),
        **{name: values.ravel() for name, values in usual.items()},
    }  # fmt: skip
    names = {c: np.repeat(held.names[c].to_numpy()[drawn], len(shown)).tolist() for c in held.by}
    return pd.DataFrame({**names, **{k: v for k, v in rows.items() if k != "series"}})


def _long(
    held: Many, at: Ints, judged: Judged, p: Floats, p_adjusted: Floats, alarm: npt.NDArray[np.bool_], order: Ints
) -> pd.DataFrame:
    size, k = len(order), len(at)
    out: dict[str, Any] = {c: np.repeat(held.names[c].to_numpy()[order], k).tolist() for c in held.by}
    out["period"] = np.tile(held.start[at], size)
    parts = {
        "n": held.n[:, at],
        "expected": judged.expected,
        "low": judged.low,
        "upper": judged.upper,
        "p": p,
        "p_adjusted": p_adjusted,
    }
    out |= {name: values[order].ravel() for name, values in parts.items()}
    out["alarm"] = alarm[order].ravel()
    return pd.DataFrame(out)


def _cautions(chart: Chart, held: Many, judged: Judged, tested: npt.NDArray[np.bool_], now: Floats) -> tuple[str, ...]:
    out = []
    if chart.method == "recent":
        out.append(
            f"What is usual is the up to {chart.periods} {held.word}s before: a season shows as a rise. With two years of history it would be told apart."
        )
    share = float(np.mean(now[tested, -1] > judged.upper[tested, -1])) if tested.any() else 0.0
    if tested.sum() >= 20 and share > 0.15:
        out.append(
            f"{share:.0%} of the series are above what is usual at once: ask for one cause, such as a new way to record or a holiday, before looking at each.".replace(
                "%", " %", 1
            )
        )
    return tuple(out)
