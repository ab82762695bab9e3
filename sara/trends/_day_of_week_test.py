"""Whether a weekday, a month or an hour is really busier, or chance would do as much."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_choice, check_confidence, check_count, check_seed
from sara.core.result import Setting
from sara.core.source import EventSource
from sara.core.stats.multinomial import MultinomialTest, multinomial_test, swing_of
from sara.trends._input.dials import Dial, bins_of
from sara.trends._results.day_of_week_test import DayOfWeekResult

__all__ = ["day_of_week_test"]

Floats = npt.NDArray[np.float64]

_METHODS = ("auto", "exact", "monte-carlo", "chi-square")
# With fewer events, how much weekdays vary from week to week can't be measured.
_LEAST_SWING = 100
# With this many events, differences that matter to nobody are told from chance.
_HUGE = 10_000


def day_of_week_test(
    events: gpd.GeoDataFrame | EventSource | Any, *, by: str = "dow", exposure: Any = True, n_exact: int = 25, method: str = "auto",
    confidence: float = 0.95, n_sims: int = 9_999, seed: int | None = 1, day_starts: int | str = 0, period: Any = None,
) -> DayOfWeekResult:  # fmt: skip
    """Test whether events fall on some weekdays (months, hours) more than chance would have them, exactly for a handful of events.

    Answers "three of three on a Friday: is that a pattern?". Use `trends.clock` to see the hours of the week.

    Parameters
    ----------
    events : GeoDataFrame, EventSource, SeriesResult, Series or array-like of int
        Events; counts of days with their dates; or counts, one per bin, the Monday (January, midnight) first: ``[3, 0, 0, 0, 0, 0, 0]``.
    by : {"dow", "month", "hour", "bin"}
        Day of the week, month, or hour of the day; ``"bin"`` for counts of any other cycle.
    exposure : bool or array-like of float
        Hold each bin against how often it came round in the period; False: all equal; or one number per bin.
    n_exact : int
        Most events for which the exact test is taken by ``method="auto"``.
    method : {"auto", "exact", "monte-carlo", "chi-square"}
        ``"auto"``: exact up to `n_exact` events; beyond, chi-square where every bin expects ten events, else Monte Carlo; with the
        measured swing where there is one (see Notes).
    confidence : float
        Level of the intervals of the ratios, all of them together.
    n_sims, seed : int
        Draws of the Monte Carlo test, and their seed.
    day_starts : int or str
        Hour at which a day begins: with ``6`` or ``"06:00"`` a fight at 02:00 on Saturday is one of Friday night.
    period : (str, str), optional
        First and last day. If not given, the longest run of the file without a gap of three empty months.

    Returns
    -------
    DayOfWeekResult
        ``table``: the column `by` (Monday 0, January 1, hour 0-23), ``n``, ``exposure``, ``expected``, ``ratio``, ``low``, ``high``.
        ``statistic``, ``p``, ``how``, ``n_splits``.

    Raises
    ------
    InputError
        If counts are not one per bin, `exposure` does not fit, or hours are asked of dates.
    NotEnoughDataError
        If no event is left.

    Notes
    -----
    The null: each event falls on a weekday by itself, with a chance in proportion to how often that weekday came round. The statistic is
    ``G = 2 sum n ln(n / expected)``; the exact p-value adds up the chances of all ways to split the events with a G at least as large.
    From 100 events on, whole weeks (for months, whole years) tell how much the shares vary from one to the next. Where that is more than
    chance has it, ``"auto"`` divides G by this swing and holds it against the F distribution, and intervals widen to match: a weekday must
    stand out from what weekdays do anyway.
    Intervals of the ratio (observed to expected) are Wilson's, at a level that holds for all bins together (Bonferroni).

    Events that belong together (one offender, one party with five calls) break the null without any pattern of weekdays: merge them first.

    References
    ----------
    Wheeler (2016), Testing serial crime events for randomness in day-of-week patterns with small samples, Journal of Investigative
    Psychology and Offender Profiling 13(2), 148-165. doi:10.1002/jip.1449

    Examples
    --------
    >>> import sara
    >>> found = sara.trends.day_of_week_test([3, 0, 0, 0, 0, 0, 0])
    >>> round(found.p, 4), found.how, found.n_splits
    (0.0204, 'exact', 84)
    """
    check_choice(method, _METHODS, name="method")
    confidence = check_confidence(confidence)
    n_exact, n_sims = check_count(n_exact, name="n_exact", least=0), check_count(n_sims, name="n_sims", least=99)
    seed = check_seed(seed)
    chosen = bins_of(events, by=by, exposure=exposure, period=period, method="day_of_week_test", day_starts=day_starts)
    n = int(chosen.n.sum())
    swing, degrees = (
        swing_of(chosen.repeats)
        if method == "auto" and chosen.repeats is not None and n >= max(_LEAST_SWING, n_exact + 1)
        else (float("nan"), 0)
    )
    found, low, high = _numbers(
        chosen.n,
        chosen.exposure,
        method=method,
        n_exact=n_exact,
        n_sims=n_sims,
        seed=seed,
        confidence=confidence,
        swing=swing,
        degrees=degrees,
    )
    expected = n * chosen.exposure / chosen.exposure.sum()
    why = {
        "exact": f"up to {n_exact} events all splits are gone through",
        "chi-square": "every bin expects ten events or more",
        "monte-carlo": f"{n_sims:,} draws, seed {seed}",
        "with swing": f"shares vary from {'year to year' if by == 'month' else 'week to week'} {swing:.2f} times as much as those of independent events",
    }
    return DayOfWeekResult(
        table=pd.DataFrame({by: chosen.values, "n": chosen.n, "exposure": chosen.exposure, "expected": expected, "ratio": chosen.n / expected, "low": low, "high": high}),
        settings={
            **chosen.settings,
            "method": Setting(found.method, "sara" if method == "auto" else "you", why[found.method] if method == "auto" else ""),
            "confidence": Setting(confidence, "sara" if confidence == 0.95 else "you", "all bins together" if confidence == 0.95 else ""),
        },
        counts=chosen.counts, cautions=(*chosen.cautions, *_cautions(chosen, found, n)), freq=None, start=chosen.start, end=chosen.end, noun=chosen.noun,
        source=chosen.source, by=by, labels=chosen.labels, statistic=found.statistic, p=found.p, how=found.method, n_splits=found.n_splits,
        least_p=None if np.isnan(found.least_p) else found.least_p, swing=None if np.isnan(swing) else swing,
    )  # fmt: skip


def _numbers(
    n: npt.NDArray[np.int64],
    exposure: Floats,
    *,
    method: str,
    n_exact: int,
    n_sims: int,
    seed: int | None,
    confidence: float,
    swing: float,
    degrees: int,
) -> tuple[MultinomialTest, Floats, Floats]:
    """Test the counts against the exposures, and give the interval of each ratio."""
    from scipy.special import ndtri

    total, p0 = float(n.sum()), exposure / exposure.sum()
    found = multinomial_test(n, exposure, method=method, n_exact=n_exact, n_sims=n_sims, seed=seed)
    if swing > 1:
        from scipy.special import fdtrc

        p = float(fdtrc(len(n) - 1, degrees, found.statistic / (len(n) - 1) / swing))
        found = replace(found, p=p, method="with swing")
        # So many independent events would vary as much.
        total = total / swing
    z = float(ndtri(1 - (1 - confidence) / (2 * len(n))))
    share = n / n.sum()
    middle = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z * np.sqrt(share * (1 - share) / total + z**2 / (4 * total**2)) / (1 + z**2 / total)
    return found, np.where(n > 0, np.maximum(middle - half, 0.0), 0.0) / p0, (middle + half) / p0


def _cautions(chosen: Dial, found: MultinomialTest, n: int) -> tuple[str, ...]:
    out = []
    if found.least_p >= 0.05:
        out.append(
            f"With {n} {chosen.noun if n != 1 else 'event'} even all in one bin would come by chance {100 * found.least_p:.0f} times in 100: too few to show a pattern."
        )
    if n >= _HUGE:
        out.append(f"With {n:,} {chosen.noun} the test finds differences too small to matter: look at the ratios.")
    elif n > 1:
        out.append(
            "The test takes each event to be by itself: several by one offender, or several calls about one event, look like a pattern."
        )
    days = None if chosen.start is None or chosen.end is None else (chosen.end - chosen.start) / pd.Timedelta(days=1)
    if chosen.by == "month" and days is not None and days < 730:
        out.append("Under two years: a busy month here may be that month of that year, not a season.")
    return tuple(out)
