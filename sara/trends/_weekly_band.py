"""Is this week outside what the weeks before it make likely."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sara.core.checks import check_choice, check_confidence, check_count
from sara.core.result import Setting
from sara.core.stats.weekly_band import METHODS
from sara.core.stats.weekly_band import weekly_band as _numbers
from sara.trends._input.counted import counted
from sara.trends._input.judged import first_of, history_of
from sara.trends._results.weekly_band import WeeklyBandResult

__all__ = ["weekly_band"]

USUAL = 0.9973


def weekly_band(
    events: Any, *, weeks: int = 8, method: str = "negative-binomial", confidence: float = USUAL, period: Any = None, freq: str | None = None
) -> WeeklyBandResult:  # fmt: skip
    """Say of each week whether it is inside what the weeks before it make likely.

    Null: the week has the mean of the weeks before it, and the spread that the series has shown. Where the season is strong, look at `seasonal` too:
    the band follows it some weeks behind.

    Parameters
    ----------
    events : GeoDataFrame, EventSource, SeriesResult, Series or array-like
        Events, a series, or counts in order of time.
    weeks : int
        Periods before each one that its band rests on; at least 4.
    method : {"negative-binomial", "square-root"}
        A band that knows small counts and the spread of the series; or the textbook's, for Poisson counts that are not small.
    confidence : float
        Share of periods inside where nothing changes.
    period : pair of dates, optional
        First and last day.
    freq : str, optional
        Length of a period, for events; weeks if not given.

    Returns
    -------
    WeeklyBandResult
        ``table``: a row per period after the first `weeks`: ``period``, ``n``, ``expected`` (mean of the periods before), ``low``, ``high`` (both
        still usual), ``position`` (inside, above, below; missing where it is not judged), ``alarm``.

    Raises
    ------
    InputError
        If an argument is not what it must be, or the numbers are no counts.
    NotEnoughDataError
        If no period has enough before it.

    Notes
    -----
    Square root, mean m: ``(sqrt(m) - 1.5)**2`` (0 if ``sqrt(m) <= 1.5``) to ``(sqrt(m) + 1.5)**2``. Negative binomial: quantiles 0.00135 and 0.99865 of the
    count to come, given the S events of the weeks before: for Poisson counts, size S + 1/2 and chance weeks / (weeks + 1). The spread is learned from how
    far earlier weeks, up to a year of them, lay from their own forecasts; the week judged takes no part. Gaps are not zeros: at least half of the
    weeks before must be known.

    References
    ----------
    Gelman, Carlin, Stern, Dunson, Vehtari & Rubin (2013), Bayesian Data Analysis, section 2.6. doi:10.1201/b16018

    Examples
    --------
    >>> import sara
    >>> found = sara.trends.weekly_band([8] * 8 + [9, 30], method="square-root")
    >>> found.table[["n", "expected", "position"]].to_dict("records")
    [{'n': 9.0, 'expected': 8.0, 'position': 'inside'}, {'n': 30.0, 'expected': 8.125, 'position': 'above'}]
    """
    method = check_choice(method, METHODS, name="method")
    weeks = check_count(weeks, name="weeks", least=4)
    confidence = check_confidence(confidence)
    chosen = counted(events, freq=freq, period=period, name="events").check_counts(name="events")
    first = first_of(chosen, None, weeks, method="weekly_band")
    band = _numbers(chosen.n, weeks=weeks, method=method, tail=round((1 - confidence) / 2, 12))
    with np.errstate(invalid="ignore"):
        above, below = chosen.n > band.high, chosen.n < band.low
    known = ~np.isnan(chosen.n) & ~np.isnan(band.high)
    words = np.where(above, "above", np.where(below, "below", "inside")).astype(object)
    words[~known] = None
    table = pd.DataFrame(
        {"period": chosen.labels, "n": chosen.n, "expected": band.expected, "low": band.low, "high": band.high, "position": words, "alarm": above | below}
    ).iloc[first:].reset_index(drop=True)  # fmt: skip
    cautions = []
    if (~known[first:]).any():
        cautions.append(f"{int((~known[first:]).sum())} {chosen.word}s could not be judged: a gap.")
    if chosen.dated:
        cautions.append(
            "The band knows no season and follows one some weeks behind: where the season is strong, look at `seasonal` too."
        )
    return WeeklyBandResult.of(
        chosen, table=table, history=history_of(chosen), weeks=weeks, method=method, partial=chosen.partial,
        false_alarms=float(np.nanmean(band.outside)) if known.any() else 0.0,
        settings={
            "weeks": Setting(weeks, "sara" if weeks == 8 else "you", "the textbook's" if weeks == 8 else ""),
            "method": Setting(method, "sara" if method == METHODS[0] else "you", "holds at low counts and where the spread is more than chance" if method == METHODS[0] else ""),
            "confidence": Setting(confidence, "sara" if confidence == USUAL else "you", "one week in 370 outside by chance" if confidence == USUAL else ""),
        },
        cautions=tuple(cautions),
    )  # fmt: skip
