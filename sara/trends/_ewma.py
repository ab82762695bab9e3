"""Has the level crept up: the exponentially weighted moving average chart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sara.core.errors import InputError
from sara.core.result import Setting
from sara.core.stats.ewma import ewma_false_alarms, ewma_limits
from sara.trends._input.counted import Counted, counted
from sara.trends._input.judged import history_of
from sara.trends._input.known_level import Level, check_positive, is_counts, level_of, more_than_chance
from sara.trends._results.ewma import EwmaResult

__all__ = ["ewma"]

# Averages of counts as low as this are skewed: the upper limit is left more often than a bell curve says.
LOW = 5.0


def ewma(
    series: Any, *, weight: float = 0.3, limit: float = 3.0, center: float | None = None, sd: float | None = None, exact: bool = False,
    baseline: Any = None, freq: str | None = None, period: Any = None,
) -> EwmaResult:  # fmt: skip
    """Average each count with those before it, the older the less, and say when the average leaves what is usual.

    Answers "has it crept up?": a small lasting rise shows sooner than in single weeks. Null: every period has the mean of the baseline. Use
    `cusum` for a chart with a chosen rate of false alarms and a date of onset, `farrington` where there is a season.

    Parameters
    ----------
    series : GeoDataFrame, EventSource, SeriesResult, Series or array-like
        Events, a series, or numbers in order of time; with `center` and `sd` (or a baseline) they need not be counts.
    weight : float
        Of the newest number, above 0, at most 1. Smaller finds smaller shifts, later.
    limit : float
        Distance of the limits from the center, in standard deviations of the average.
    center : float, optional
        Usual mean. If not given, that of the baseline.
    sd : float, optional
        Usual standard deviation of a single period. If not given: of counts the square root of dispersion times center, the dispersion (variance over
        mean, at least 1) measured on the baseline, and 1 where only `center` is told; of other numbers that of the baseline.
    exact : bool
        Whether the first limits are narrower, as the first averages swing less. By default all rows have the same limits.
    baseline : int or pair of dates, optional
        Periods that show what is usual: the first so many, or ``("2022-01-01", "2022-12-31")``. If not given, the first year (bare numbers 52, months 24), but at
        most half of the series. Periods after it are judged.
    freq : str, optional
        Length of a period, for events; weeks if not given.
    period : pair of dates, optional
        First and last day.

    Returns
    -------
    EwmaResult
        ``table``: one row per period judged: ``period``, ``n``, ``ewma``, ``expected`` (the center), ``low``, ``high`` (limits of ewma; low of
        counts at least 0), ``alarm`` (ewma outside the limits; never in a gap). ``history``: the whole series. ``run``: average periods between false alarms.

    Raises
    ------
    InputError
        If an argument is not what it must be.
    NotEnoughDataError
        If the baseline has fewer than 8 periods or no event.

    Notes
    -----
    ``z(t) = weight x(t) + (1 - weight) z(t-1)``, z(0) = center. Limits: ``center +- limit sd sqrt(weight / (2 - weight))``; with ``exact=True`` times
    ``sqrt(1 - (1 - weight)^(2t))``. In a gap z holds. ``run`` is from a Markov chain for Poisson or negative binomial counts (normal numbers
    otherwise), its rate averaged over the means that a baseline this long leaves possible; for the limits that do not change.

    References
    ----------
    Lucas & Saccucci (1990), Technometrics 32(1), 1-12. doi:10.1080/00401706.1990.10484583
    Borror, Champ & Rigdon (1998), Journal of Quality Technology 30(4), 352-361. doi:10.1080/00224065.1998.11979871

    Examples
    --------
    >>> import sara
    >>> found = sara.trends.ewma([9, 11, 10, 8, 12, 10, 9, 11, 14, 15, 16, 14, 17], center=10, sd=3.2)
    >>> found.table.loc[found.table["alarm"], ["period", "n", "ewma", "high"]].round(2).to_dict("records")
    [{'period': 13, 'n': 17.0, 'ewma': 14.65, 'high': 14.03}]
    """
    weight = check_positive(weight, name="weight")
    if weight > 1:
        raise InputError(f"`weight` must be at most 1: the share of the newest number. Got {weight:g}.")
    limit = check_positive(limit, name="limit")
    chosen = counted(series, freq=freq, period=period)
    _check_center(center)
    counts = is_counts(chosen.n) and (center is None or center > 0)
    level, se, cautions = _level(chosen, center, sd, baseline, counts)
    used = chosen.n[level.first :]
    found = ewma_limits(
        used, level.mean, level.sd, weight=weight, limit=limit, exact=bool(exact), floor=0.0 if counts else -np.inf
    )
    table = pd.DataFrame(
        {
            "period": chosen.labels.iloc[level.first :].to_numpy(), "n": used, "ewma": found.ewma, "expected": np.full(len(used), level.mean),
            "low": found.low, "high": found.high, "alarm": found.alarm,
        }
    )  # fmt: skip
    run = ewma_false_alarms(level.mean, level.sd, weight=weight, limit=limit, counts=counts, se=se)
    if counts and level.mean < LOW:
        cautions += (
            f"There are fewer than {LOW:g} {chosen.noun} {chosen.a_word}: the average leaves its upper limit more often than at higher counts. The rate in the text allows for it; a smaller `weight` or a larger `limit` helps.",
        )
    if chosen.word == "day":
        cautions += ("Days of the week are not told apart: a weekend that is always busy looks like a rise.",)
    return EwmaResult.of(
        chosen, table=table, history=history_of(chosen), weight=weight, limit=limit, run=run, partial=chosen.partial,
        settings={
            "weight": Setting(weight, "sara" if weight == 0.3 else "you", "between the 0.2 and 0.3 that are usual" if weight == 0.3 else ""),
            "limit": Setting(limit, "sara" if limit == 3 else "you", "standard deviations of the average"),
            "center": Setting(level.mean, "sara" if center is None else "you", "mean of the baseline" if center is None else ""),
            "sd": Setting(level.sd, "sara" if sd is None else "you", _sd_words(sd, level, counts)),
            "baseline": level.setting,
            "exact": Setting(bool(exact), "you" if exact else "sara"),
        },
        cautions=cautions,
    )  # fmt: skip


def _check_center(center: Any) -> None:
    if center is not None and (
        isinstance(center, bool) or not isinstance(center, int | float | np.number) or not np.isfinite(center)
    ):
        raise InputError(f"`center` must be a number: the usual mean. Got {center!r}.")


def _sd_words(sd: float | None, level: Level, counts: bool) -> str:
    if sd is not None:
        return ""
    if not counts:
        return "of the baseline"
    return (
        f"counts with a variance of {level.dispersion:.2f} times their mean"
        if level.dispersion > 1
        else "counts that swing by chance alone"
    )


def _level(chosen: Counted, center: Any, sd: Any, baseline: Any, counts: bool) -> tuple[Level, float, tuple[str, ...]]:
    """Return what is usual, the standard error of its mean, and cautions."""
    if sd is not None:
        sd = check_positive(sd, name="sd")
    if center is not None and (sd is not None or (baseline is None and counts)):
        if baseline is not None:
            raise InputError("`baseline` must be left out where `center` and `sd` are given.")
        cautions = () if sd is not None else more_than_chance(chosen.n, float(center), chosen.word)
        spread = float(np.sqrt(center)) if sd is None else sd
        told = Setting("none", "you", "what is usual was told")
        return Level(float(center), spread**2 / center if counts else np.nan, spread, 0, 0, told), 0.0, cautions
    if center is not None and baseline is None:
        raise InputError(
            "`sd` must be given with `center` where the numbers are no counts. Write ewma(numbers, center=..., sd=...)"
        )
    found = level_of(chosen, baseline, method="ewma")
    mean = found.mean if center is None else float(center)
    spread = sd if sd is not None else float(np.sqrt(found.dispersion * mean)) if counts else found.sd
    se = 0.0 if center is not None else spread / float(np.sqrt(found.size))
    return Level(mean, found.dispersion, spread, found.size, found.first, found.setting), se, ()
