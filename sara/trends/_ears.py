"""Is it more than in the days or weeks before: the EARS charts C1, C2 and C3."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sara.core.checks import check_choice, check_count
from sara.core.errors import InputError
from sara.core.result import Setting
from sara.core.stats.ears import LAGS, METHODS, ears_limits, false_alarm_rate
from sara.trends._input.counted import counted
from sara.trends._input.judged import first_of, history_of
from sara.trends._results.ears import EarsResult

__all__ = ["ears"]

LEAST_BASELINE = 3
# A mean below this makes one event an alarm.
RARE = 1.0


def ears(
    series: Any, *, method: str = "C1", baseline: int = 7, alpha: float = 0.001, min_sd: float = 0.0, c3: str = "surveillance", start: Any = None,
    freq: str | None = None, period: Any = None,
) -> EarsResult:  # fmt: skip
    """Judge each count by the few before it, where there is no history of years.

    Answers "is today out of line with the last week or two?". Null: the period is as those of its baseline. Use `farrington` where there are
    years of history, `weekly_band` for a band that holds its rate of false alarms.

    Parameters
    ----------
    series : GeoDataFrame, EventSource, SeriesResult, Series or array-like
        Events, a series, or counts in order of time.
    method : {"C1", "C2", "C3"}
        C1: baseline up to the period before. C2: a gap of two periods, so that a slow rise doesn't hide itself. C3: C2, with the excess
        of the two periods before added.
    baseline : int
        Periods of the baseline; at least 3.
    alpha : float
        Nominal share of false alarms (as if the mean and standard deviation were known, and counts normal). The real share is in the text.
    min_sd : float
        The standard deviation is taken to be at least this. Give 0.5 or 1 where counts are low and the baseline is often all alike.
    c3 : {"surveillance", "published"}
        How C3 is computed; see Notes.
    start : date or int, optional
        First period to judge: a date, or the number of the period, counting from 1. If not given, the first with a whole baseline.
    freq : str, optional
        Length of a period, for events; weeks if not given.
    period : pair of dates, optional
        First and last day.

    Returns
    -------
    EarsResult
        ``table``: one row per period judged: ``period``, ``n``, ``expected`` (mean of the baseline), ``upper`` (limit; missing where the baseline has a
        gap), ``alarm`` (n above upper). ``history``: the whole series. ``false_alarms``: simulated share of false alarms.

    Raises
    ------
    InputError
        If an argument is not what it must be, or the numbers are no counts.
    NotEnoughDataError
        If no period has a whole baseline before it.

    Notes
    -----
    C1 and C2: ``upper = mean + z sd`` of the baseline, z the normal quantile of 1 - alpha, sd with n - 1. C3, with ``C2 = (n - mean) / sd``:
    ``upper(t) = max(0, mean(t) + sd(t) (z - max(0, C2(t-1) - 1) - max(0, C2(t-2) - 1)))`` in print. R's surveillance has n(t) in place of mean(t): the count
    itself then cancels out, and the two periods before alone decide. The default gives its numbers; ``c3="published"`` judges the count.

    Seven values don't know their standard deviation: for normal data C1 at alpha = 0.001 alarms one time in 72, not in 1,000. `false_alarms` is
    simulated at this series' mean and, where it is larger than Poisson's, dispersion.

    References
    ----------
    Hutwagner, Thompson, Seeman & Treadwell (2003), Journal of Urban Health 80(1), i89-i96. doi:10.1007/PL00022319
    Salmon, Schumacher & Hoehle (2016), Journal of Statistical Software 70(10). doi:10.18637/jss.v070.i10

    Examples
    --------
    >>> import sara
    >>> found = sara.trends.ears([3, 5, 4, 2, 6, 4, 5, 3, 4, 12, 9, 5, 4, 3])
    >>> found.table.loc[found.table["alarm"], ["period", "n", "upper"]].round(3).to_dict("records")
    [{'period': 10, 'n': 12.0, 'upper': 7.989}]
    """
    method = check_choice(method, METHODS, name="method")
    baseline = check_count(baseline, name="baseline", least=LEAST_BASELINE)
    alpha = _check_alpha(alpha)
    c3 = check_choice(c3, ("surveillance", "published"), name="c3")
    if not (isinstance(min_sd, int | float | np.number) and 0 <= min_sd < np.inf):
        raise InputError(f"`min_sd` must be a number of 0 or more. Got {min_sd!r}.")
    chosen = counted(series, freq=freq, period=period).check_counts()
    first = first_of(chosen, start, baseline + LAGS[method], method=f"ears ({method})")
    limits = ears_limits(chosen.n, method=method, baseline=baseline, alpha=alpha, min_sd=float(min_sd), c3=c3)
    table = pd.DataFrame(
        {"period": chosen.labels, "n": chosen.n, "expected": limits.expected, "upper": limits.upper, "alarm": limits.alarm}
    ).iloc[first:].reset_index(drop=True)  # fmt: skip
    mean, dispersion = _level(chosen.n, baseline)
    rate = false_alarm_rate(
        mean, method=method, baseline=baseline, alpha=alpha, min_sd=float(min_sd), dispersion=dispersion, c3=c3
    )
    cautions = []
    if 0 < mean < RARE:
        cautions.append(f"There is less than one event {chosen.a_word}: one or two can alarm. Take a longer `freq`, or min_sd=1.")
    alarm = table["alarm"].to_numpy(dtype=bool)
    lone = alarm & (table["n"].to_numpy(dtype=float) == 1)
    if lone.any():
        cautions.append(
            f"{int(lone.sum()):,} of the {int(alarm.sum()):,} alarms {'is' if lone.sum() == 1 else 'are'} a single event after a baseline with hardly any: that says little. Write min_sd=1."
        )
    if method == "C3" and c3 == "surveillance":
        cautions.append(
            f"C3 computed as in R's surveillance asks only about the two {chosen.word}s before. Write c3='published' to judge the {chosen.word} itself."
        )
    if chosen.word == "day":
        cautions.append("Days of the week are not told apart: a busy Saturday is judged by the whole week before.")
    if table["upper"].isna().any():
        cautions.append(f"{int(table['upper'].isna().sum())} {chosen.word}s could not be judged: their baseline has a gap.")
    return EarsResult.of(
        chosen, table=table, history=history_of(chosen), method=method, baseline=baseline, false_alarms=rate, partial=chosen.partial,
        settings={
            "method": Setting(method, "sara" if method == "C1" else "you"),
            "baseline": Setting(f"{baseline} {chosen.word}s", "sara" if baseline == 7 else "you", "as published" if baseline == 7 else ""),
            "alpha": Setting(alpha, "sara" if alpha == 0.001 else "you", "nominal: for normal counts whose mean and spread are known"),
            **({"c3": Setting(c3, "sara" if c3 == "surveillance" else "you")} if method == "C3" else {}),
            "min_sd": Setting(float(min_sd), "sara" if min_sd == 0 else "you"),
            "start": Setting(chosen.say(first), "sara" if start is None else "you"),
        },
        cautions=tuple(cautions),
    )  # fmt: skip


def _check_alpha(alpha: Any) -> float:
    if isinstance(alpha, bool) or not isinstance(alpha, int | float | np.number) or not 0 < alpha < 0.5:
        raise InputError(f"`alpha` must be between 0 and 0.5: the share of false alarms. Got {alpha!r}.")
    return float(alpha)


def _level(n: np.ndarray, baseline: int) -> tuple[float, float]:
    """Return the mean, and the variance over it within stretches as long as a baseline: levels may differ between them."""
    known = n[~np.isnan(n)]
    if not len(known) or known.mean() == 0:
        return 0.0, 1.0
    whole = known[: len(known) // baseline * baseline].reshape(-1, baseline)
    # The median holds against the alarms themselves; that of chi-square lies below its mean.
    from scipy.stats import chi2

    ratio = np.median(whole.var(axis=1, ddof=1)) / chi2.median(baseline - 1) * (baseline - 1) if len(whole) else known.mean()
    return float(known.mean()), float(max(1.0, ratio / known.mean()))
