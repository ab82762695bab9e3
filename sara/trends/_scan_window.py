"""Would chance fill some window this full: Naus's scan over time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sara.core.checks import check_count
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.result import Counts, Setting
from sara.core.stats.naus import fullest_window, naus, scan_chance
from sara.trends._input.counted import counted
from sara.trends._input.judged import history_of
from sara.trends._results.scan_window import ScanWindowResult

__all__ = ["scan_window"]


def scan_window(
    series: Any = None, *, window: int = 2, n: int | None = None, mean: float | None = None, periods: int | None = None,
    freq: str | None = None, period: Any = None,
) -> ScanWindowResult:  # fmt: skip
    """Say how often chance fills some window as full as this one, wherever it begins.

    Null: events fall evenly and one by one (Poisson), and any window could have been the fullest.

    Parameters
    ----------
    series : GeoDataFrame, EventSource, SeriesResult, Series or array-like, optional
        Events, a series, or counts in order of time. If not given, `n`, `mean` and `periods` are needed.
    window : int
        Periods in a row.
    n : int, optional
        Events in one window; of the fullest if not given.
    mean : float, optional
        With a series: expected events per period; its own mean if not given. Without: expected events in one window, as in Naus's table.
    periods : int, optional
        With a series: how many periods were looked at; its own if not given. Without: Naus's L, the windows side by side.
    freq : str, optional
        Length of a period, for events; weeks if not given.
    period : pair of dates, optional
        First and last day.

    Returns
    -------
    ScanWindowResult
        ``table``: one row: ``window``, ``n``, ``mean``, ``periods``, ``p`` (at the spread of the series), ``p_poisson``, ``naive`` (windows side by
        side, fixed beforehand, that chance fills as full), ``first`` (number of the first period of the fullest window) and ``most`` (its events),
        both missing without a series.

    Raises
    ------
    InputError
        If an argument is not what it must be.
    NotEnoughDataError
        If the series is shorter than two windows.

    Notes
    -----
    Windows of a counted series begin where its periods do: exact for one and two periods in a row, else simulated. From numbers a window may begin at
    any moment: Naus's approximation (see `sara.core.stats.naus.naus`). More spread than Poisson makes full windows less rare than it says.

    References
    ----------
    Naus (1982), Journal of the American Statistical Association 77, 177-183. doi:10.1080/01621459.1982.10477783

    Examples
    --------
    >>> import sara
    >>> round(sara.trends.scan_window(n=6, window=2, mean=0.6, periods=208).p, 7)
    0.0390231
    """
    window = check_count(window, name="window")
    n = None if n is None else check_count(n, name="n")
    periods = None if periods is None else check_count(periods, name="periods", least=2 * window)
    if mean is not None and (isinstance(mean, bool) or not isinstance(mean, int | float | np.number) or not 0 <= mean < np.inf):
        raise InputError(f"`mean` must be a number of 0 or more. Got {mean!r}.")
    if series is None:
        if n is None or mean is None or periods is None:
            raise InputError(
                "`n`, `mean` and `periods` must be given where there is no series. Write scan_window(n=6, mean=0.6, periods=208)"
            )
        if freq is not None or period is not None:
            raise InputError(
                "`freq` and `period` must be left out where there is no series. Write scan_window(n=6, mean=0.6, periods=208)"
            )
        p = naus(n, float(mean), periods)
        return ScanWindowResult(
            table=_table(window, n, float(mean), periods, p, p, _fixed(n, float(mean), periods), np.nan, np.nan),
            settings=_settings(window, n, float(mean), periods, True, True, True),
            counts=Counts(n, n), cautions=(), freq=None, start=None, end=None, history=pd.DataFrame({"period": [], "n": []}), p=p,
        )  # fmt: skip
    chosen = counted(series, freq=freq, period=period).check_counts().check_length(2 * window, method="scan_window")
    total, begin = fullest_window(chosen.n, window)
    if np.isnan(total[0]):
        raise NotEnoughDataError(
            f"scan_window needs {window} {chosen.word}s in a row without a gap. Got none. Take a shorter `window`."
        )
    most, first = int(total[0]), int(begin[0])
    known = chosen.n[~np.isnan(chosen.n)]
    asked, level = n or most, float(known.mean()) if mean is None else float(mean)
    stretches = [periods] if periods is not None else [length for length in _stretches(chosen.n) if length >= window]
    looked = int(sum(stretches))
    p = poisson = _some(asked, window, level, stretches, 1.0)
    spread = float(known.var(ddof=1) / known.mean()) if known.mean() > 0 else 1.0
    cautions = (
        ["The mean was taken from the series itself, its fullest window included: the chance comes out a little too large."]
        if mean is None
        else []
    )
    if spread > 1 + 2.5 * np.sqrt(2 / len(known)):
        p = _some(asked, window, level, stretches, spread)
        cautions.append(
            f"These counts vary {spread:.1f} times as much as Poisson counts, for which the chance would be {poisson:.2g}: it is taken at their own spread."
        )
    where = chosen.say(first) if window == 1 else f"{window} {chosen.word}s beginning with {chosen.say(first)}"
    return ScanWindowResult.of(
        chosen, table=_table(window, asked, level, looked, p, poisson, _fixed(asked, level * window, looked / window), first + 1, most),
        history=history_of(chosen), p=p, spread=max(spread, 1.0) if p != poisson else 1.0, where=where,
        settings=_settings(window, asked, level, looked, n is not None, mean is not None, periods is not None), cautions=tuple(cautions),
    )  # fmt: skip


def _stretches(n: np.ndarray) -> list[int]:
    """Return the lengths of the stretches without a gap: no window reaches over one."""
    edges = np.flatnonzero(np.diff(np.r_[0, (~np.isnan(n)).astype(np.int8), 0]))
    return [int(length) for length in edges[1::2] - edges[::2]]


def _some(n: int, window: int, mean: float, stretches: list[int], spread: float) -> float:
    """Return the chance of a full window in any of the stretches."""
    none = [1 - scan_chance(n, window, mean, length, spread=spread) for length in stretches]
    return float(1 - np.prod(none))


def _fixed(n: int, mean: float, windows: float) -> float:
    """Return how many windows side by side, fixed beforehand, chance fills as full."""
    from scipy.stats import poisson

    return float(windows * poisson.sf(n - 1, mean))


def _table(
    window: int, n: int, mean: float, periods: int, p: float, poisson: float, fixed: float, first: float, most: float
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "window": [window], "n": [n], "mean": [mean], "periods": [periods], "p": [p], "p_poisson": [poisson], "naive": [fixed],
            "first": [first], "most": [most],
        }
    )  # fmt: skip


def _settings(
    window: int, n: int, mean: float, periods: int, n_given: bool, mean_given: bool, length_given: bool
) -> dict[str, Setting]:
    return {
        "window": Setting(window, "sara" if window == 2 else "you"),
        "n": Setting(n, "you" if n_given else "sara", "" if n_given else "events of the fullest window"),
        "mean": Setting(mean, "you" if mean_given else "sara", "" if mean_given else "of the series itself"),
        "periods": Setting(periods, "you" if length_given else "sara", "" if length_given else "known ones of the series"),
    }
