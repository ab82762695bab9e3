"""Trend, season, and what is left of a series."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_choice
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.result import Setting
from sara.core.stats.decompose import Noise, Parts, decompose_numbers, noise_left, season_p, strength
from sara.core.stats.forecast_models import root
from sara.trends._input.counted import Counted, counted
from sara.trends._input.edges import DAY
from sara.trends._input.seasons import Cycle, cycles_of
from sara.trends._results.decompose import DecomposeResult

__all__ = ["decompose"]

Floats = npt.NDArray[np.float64]

# With fewer turns, what comes back cannot be told from what happened once.
LEAST_TURNS = 2
# More unknown periods than this, and the parts are mostly made up.
MOST_GAPS = 0.1
# `z` is scaled so that chance alone goes beyond it about once in 370 periods.
FAR = 3.0
# With fewer turns, a season that may change follows noise: it is held the same in every turn.
FEW_TURNS = 7
# Periods beyond which curves are computed at some places only; and beyond which far periods are left out of the swing without a new split.
LONG, SPLIT_AGAIN = 2_000, 600
# So many periods hold turns enough to tell what is left of noise.
MOST_NOISE = 8_000
# Rounds in which far periods are set aside before the swing is measured, and the most of them.
ASIDE, MOST_ASIDE = 3, 0.05
# Roots of fewer events than this on average tell too little of how much they vary.
SMALL = 5.0
# With fewer turns, the swing is known only roughly.
SURE_TURNS = 5
_TO: dict[str, Callable[[Floats], Floats]] = {"none": lambda n: n, "square-root": np.sqrt, "log": np.log}
_FROM: dict[str, Callable[[Floats], Floats]] = {
    "none": lambda z: z,
    "square-root": lambda z: np.maximum(z, 0.0) ** 2,
    "log": np.exp,
}


def decompose(
    series: Any,
    *,
    seasons: Any = None,
    robust: bool = True,
    transform: str = "none",
    windows: Any = None,
    freq: str | None = None,
    period: Any = None,
) -> DecomposeResult:
    """Split a series into its trend, what comes back with the season, and the rest.

    Answers "is it the season, or is it more?". Use `seasonal` to see the years as lines, `trend_test` to ask whether a trend is more than chance,
    `change_points` for a sudden step.

    Parameters
    ----------
    series : GeoDataFrame, EventSource, SeriesResult, Series or array-like
        Events, what `trends.series` gave, a pandas Series of numbers by date, or bare numbers in order of time.
    seasons : None, int, str, or a sequence of these
        Cycles in periods, or ``"day"``, ``"week"``, ``"year"``. If not given: the year of weeks and months, the week and the year of days, the day and the
        week of hours, each if the series holds it twice. Bare numbers need it told: ``seasons=12``.
    robust : bool
        Whether single far periods (a storm, a festival) lose their weight, so that they show in the remainder and do not bend the rest.
    transform : {"none", "square-root", "log"}
        The scale on which the parts add up. ``"log"`` where the season grows with the level (no zeros), ``"square-root"`` where counts are small. The
        columns are events in any case.
    windows : None, int, sequence of int, or "same"
        Turns over which a season may change its shape, odd, one for each season (statsmodels' own default is 7, or 11 and 15 where there are two);
        or ``"same"``: the same season in every turn. If not given, ``"same"`` with fewer than seven turns of the longest season, else
        statsmodels' default.
    freq : str, optional
        Length of a period when events are given; weeks if not given.
    period : (str, str), optional
        First and last day to use.

    Returns
    -------
    DecomposeResult
        ``table``, one row per period, in events: ``period``, ``n``, ``trend``, ``season`` (all of them), ``season_week``, ``season_year`` ... where there are
        several, ``expected`` (trend and season), ``remainder``, ``weight`` (1 full, 0 left aside), ``z`` (the remainder over its usual swing), ``unusual``.
        ``n = trend + season + remainder``. Months are taken as if all were equally long; ``counted`` then holds the counts themselves. ``seasons``, one row per cycle: ``season``, ``length`` (periods), ``strength``, ``p``, ``high``, ``low`` (when), ``above``,
        ``below`` (events). ``strength_trend``.

    Raises
    ------
    InputError
        If an argument is not what it must be, or a tenth of the periods is unknown.
    NotEnoughDataError
        If the series holds no cycle twice.

    Notes
    -----
    STL (Cleveland and others 1990) by statsmodels, MSTL for several seasons (Bandara, Hyndman & Bergmeir 2021); with ``windows=7`` the numbers are those of
    ``STL(n, period=52, robust=True).fit()``. Over few turns such a season follows noise, and robust weights then pass most points exactly, so that nothing is
    left over: with fewer than seven turns it is held the same (R's "periodic"). Unknown periods are bridged by what the parts say, and have no remainder.

    The strength of a part is 1 - Var(remainder) / Var(part + remainder). It is not zero for plain noise: a curve for each of 52 weeks follows noise,
    and three years of noise have a seasonal strength of nearly 0.5 with ``windows=7``. So a season is called one only if `p` is 0.05 or less: the share of
    999 sets of turns, each shifted in a circle by chance, that are as much alike. Two years of months cannot reach that.

    The swing of the remainder is measured on a split without weights, far periods set aside, put right for what smoothing takes out of plain noise
    (measured on draws), and held against what chance alone would leave (Poisson: the square root of what is expected); it is no less than that
    unless clearly so. ``z`` is on the square-root scale for counts, and such that chance alone goes beyond 3 in about one period of 370:
    ``unusual``. Of more than 2,000 periods, curves are computed at every tenth of their window, with four rounds of weights.

    A year of weeks has 52.18: a cycle of 52 drifts by a week in six years, which the changing season follows.

    References
    ----------
    Cleveland, Cleveland, McRae & Terpenning (1990), Journal of Official Statistics 6(1), 3-73.
    Wang, Smith & Hyndman (2006), Data Mining and Knowledge Discovery 13(3), 335-364. doi:10.1007/s10618-005-0039-x
    Bandara, Hyndman & Bergmeir (2021), arXiv:2107.13462. doi:10.48550/arXiv.2107.13462

    Examples
    --------
    >>> import numpy as np, sara
    >>> months = np.arange(60)
    >>> found = sara.trends.decompose(np.round(50 + 15 * np.cos(2 * np.pi * months / 12) + months / 6), seasons=12)
    >>> found.seasons[["strength", "p"]].round(3).values.tolist()
    [[1.0, 0.001]]
    >>> bool(np.allclose(found.table["trend"] + found.table["season"] + found.table["remainder"], found.table["n"]))
    True
    """
    transform = check_choice(transform, tuple(_TO), name="transform")
    robust = bool(check_choice(robust, (True, False), name="robust"))
    told = counted(series, freq=freq, period=period)
    chosen = _of_one_length(told)
    cycles = _cycles(chosen, seasons)
    y = _scaled(chosen, transform)
    windows_used, degree = _windows(windows, cycles, len(y))
    lengths = [c.whole for c in cycles]
    long = len(y) > LONG
    split = partial(decompose_numbers, cycles=lengths, windows=windows_used, degree=degree)
    parts = split(y, robust=robust, quick=long)
    table = _table(chosen, parts, cycles, transform)
    if chosen is not told:
        table.insert(2, "counted", told.n)
    plain = partial(split, robust=False, quick=True)
    used = partial(split, robust=True, quick=len(y) > SPLIT_AGAIN) if robust else plain
    left = noise_left(min(len(y), MOST_NOISE), plain, used)
    whole = told.n[~np.isnan(told.n)]
    counts = bool((whole >= 0).all() and (whole == np.floor(whole)).all())
    swing = _swing(chosen.n, y, table["expected"].to_numpy(dtype=float), plain, left, transform, counts=counts)
    table["z"] = swing.z
    table["unusual"] = table["z"].abs() > FAR
    return DecomposeResult.of(
        chosen, table=table, settings=_settings(chosen, cycles, seasons, robust, transform, windows_used, degree, windows) | _length_setting(told, chosen),
        cautions=_cautions(chosen, cycles, len(y)), seasons=_season_table(chosen, table, parts, cycles, y),
        strength_trend=strength(parts.trend, parts.remainder), swing=swing.size, chance=swing.chance, swing_df=swing.df, echo=_echo(parts.remainder),
    )  # fmt: skip


def _of_one_length(chosen: Counted) -> Counted:
    """Return months as if each were as long as the usual one: a short February is no season, and a leap day no outlier."""
    length = (chosen.end - chosen.start).astype(np.int64) / DAY if chosen.dated else np.ones(len(chosen))
    known = chosen.n[~np.isnan(chosen.n)]
    # Rates and minutes are what they are in a month of any length.
    if np.ptp(length) < 0.5 or (known != np.floor(known)).any() or (known < 0).any():
        return chosen
    with np.errstate(divide="ignore", invalid="ignore"):
        return replace(chosen, n=np.where(chosen.days > 0, chosen.n / chosen.days * length.mean(), np.nan))


def _length_setting(told: Counted, chosen: Counted) -> dict[str, Setting]:
    if chosen is told:
        return {}
    usual = float(((chosen.end - chosen.start).astype(np.int64) / DAY).mean())
    return {
        "length": Setting(
            f"{usual:.1f} days", "sara", f"each {chosen.word} as if it were as long as the mean one; `counted` is as counted"
        )
    }


def _cycles(chosen: Counted, seasons: Any) -> tuple[Cycle, ...]:
    if seasons is None and not chosen.dated:
        raise InputError("`seasons` must be told for bare numbers: how many of them make a cycle. Got None. Write: seasons=12")
    asked = cycles_of(chosen, seasons)
    if seasons is None and not asked:
        raise InputError(
            f"`seasons` must be told for {chosen.word}s: they have no season of their own. Got None. Write: seasons=4"
        )
    kept = tuple(c for c in asked if len(chosen) >= LEAST_TURNS * c.whole)
    if len(kept) > 1:
        # MSTL passes over a cycle that is half the series.
        kept = tuple(c for c in kept if len(chosen) > LEAST_TURNS * c.whole)
    short = [c for c in asked if c not in kept]
    if not kept or (seasons is not None and short):
        missing = short[0]
        instead = (
            "Take a longer period"
            if chosen.dated
            else f"Take a longer series, or a shorter season if there is one: at most seasons={len(chosen) // 2}"
        )
        if len(chosen) < 2 * LEAST_TURNS:
            instead = "Take a longer period" if chosen.dated else "Take a longer series"
        raise NotEnoughDataError(
            f"decompose needs two turns of a season: {LEAST_TURNS * missing.whole} {chosen.word}s for {missing.word!r}. Got {len(chosen)}. {instead}."
        )
    return kept


def _scaled(chosen: Counted, transform: str) -> Floats:
    unknown = np.isnan(chosen.n)
    if unknown.mean() > MOST_GAPS:
        raise InputError(
            f"`series` must have numbers for nine {chosen.word}s of ten. Got {unknown.sum()} of {len(unknown)} without one. Take the part between the gaps: period=(..., ...)"
        )
    least = float(np.nanmin(chosen.n))
    if (transform == "log" and least <= 0) or (transform == "square-root" and least < 0):
        where = chosen.say(int(np.nanargmin(chosen.n)))
        what = "above zero" if transform == "log" else "zero or more"
        raise InputError(
            f"`series` must hold numbers {what} for transform={transform!r}. Got {least:g} in {where}. Write: transform={'square-root' if least == 0 else 'none'!r}"
        )
    return np.asarray(_TO[transform](chosen.n), dtype=float)


def _windows(windows: Any, cycles: tuple[Cycle, ...], n: int) -> tuple[tuple[int, ...] | None, int]:
    """Return the seasons' windows (None: statsmodels' own) and the degree of their curves."""
    if windows is None and n >= FEW_TURNS * cycles[-1].whole:
        return None, 1
    if windows is None or (isinstance(windows, str) and windows == "same"):
        # So wide that all turns weigh alike: R's "periodic".
        return tuple(10 * (n // c.whole + 1) + 1 for c in cycles), 0
    each = [windows] * len(cycles) if isinstance(windows, (int, np.integer)) and not isinstance(windows, bool) else windows
    try:
        out = tuple(int(w) for w in each)
        right = all(w == int(w) and int(w) >= 3 and int(w) % 2 == 1 for w in each)
    except (TypeError, ValueError):
        right, out = False, ()
    if not right or len(out) != len(cycles):
        raise InputError(
            f'`windows` must be odd whole numbers from 3 on, one for each of {len(cycles)} seasons, or "same". Got {windows!r}. Write: windows=7'
        )
    return out, 1


def _table(chosen: Counted, parts: Parts, cycles: tuple[Cycle, ...], transform: str) -> pd.DataFrame:
    """Return the parts in events: each season is what it adds to the trend and the seasons before it."""
    back = _FROM[transform]
    levels = np.vstack([parts.trend, parts.trend + np.cumsum(parts.seasons, axis=0)])
    events = np.asarray(back(levels), dtype=float)
    seasons = parts.seasons if transform == "none" else np.diff(events, axis=0)
    remainder = parts.remainder if transform == "none" else chosen.n - events[-1]
    columns: dict[str, Any] = {
        "period": chosen.labels.to_numpy(),
        "n": chosen.n,
        "trend": events[0],
        "season": seasons.sum(axis=0),
    }
    if len(cycles) > 1:
        columns |= {f"season_{c.word.replace(' ', '_')}": seasons[i] for i, c in enumerate(cycles)}
    columns |= {"expected": events[-1], "remainder": remainder, "weight": np.where(np.isnan(chosen.n), np.nan, parts.weight)}
    return pd.DataFrame(columns)


@dataclass(frozen=True, eq=False)
class _Swing:
    """Each remainder over its usual swing; that swing in events, what chance alone would leave (NaN for numbers that are no counts), and on how much it rests."""

    z: Floats
    size: float
    chance: float
    df: float


def _swing(
    n: Floats, y: Floats, expected: Floats, plain: Callable[[Floats], Parts], left: Noise, transform: str, *, counts: bool
) -> _Swing:
    """Measure the swing on a split without weights, far periods set aside: with weights, the parts pass close to most points of a short series."""
    from scipy.stats import chi2, norm, t

    known = ~np.isnan(n)
    usual, df = _usual(n, y, plain, left, transform, counts=counts)
    off = root(n) - root(np.maximum(expected, 0.0)) if counts else n - expected
    flat = usual <= 1e-9 * max(1.0, float(np.abs(n[known]).max()))
    # Chance is the least that counts can swing by, however close a short series happens to lie.
    least = max(usual, 1.0) if counts else usual
    rough = float(t.isf(1 / 740, df) / norm.isf(1 / 740))
    z = np.where(known, 0.0, np.nan) if flat else FAR * off / (least * left.far * rough)
    if not counts:
        return _Swing(z, usual, float("nan"), df)
    # A root differs by one where a count differs by its square root.
    chance = float(np.sqrt(np.maximum(expected[known], 0.0).mean()))
    calmer = flat or bool(chi2.cdf(df * usual**2, df) < 0.001)
    return _Swing(z, (usual if calmer else least) * chance, chance, df)


def _usual(
    n: Floats, y: Floats, plain: Callable[[Floats], Parts], left: Noise, transform: str, *, counts: bool
) -> tuple[float, float]:
    """Return the standard deviation of what is left, put right for what smoothing takes out of noise, and its degrees of freedom."""
    from scipy.stats import t

    known = ~np.isnan(n)
    used, parts = known, plain(y)
    for turn in range(ASIDE + 1):
        level = np.asarray(_FROM[transform](parts.trend + parts.seasons.sum(axis=0)), dtype=float)
        level = np.maximum(level, 0.0) if counts else level
        mean = float(level[known].mean())
        off = n - level if not counts else (n - level) / np.sqrt(max(mean, 1e-9)) if mean < SMALL else root(n) - root(level)
        df = max(1.0, float(known.sum()) * left.kept**2 - float((known & ~used).sum()))
        usual = float(np.sqrt((off[used] ** 2).sum() / df))
        # Roots of small counts are skewed to one side: only of larger ones is a far one set aside.
        # Each by the swing without it: one far period of 36 hides itself otherwise.
        square = (off / left.kept) ** 2
        without = np.sqrt(np.maximum(usual**2 * df - np.where(used, square, 0.0), 0.0) / max(df - 1.0, 1.0))
        far = known & (square > (float(t.isf(1 / 740, max(df - 1.0, 1.0))) * np.maximum(without, 1.0 if counts else 0.0)) ** 2)
        if turn == ASIDE or (counts and mean < SMALL) or not (far & used).any() or (far | ~used)[known].mean() > MOST_ASIDE:
            break
        used = used & ~far
        if len(n) <= SPLIT_AGAIN:
            parts = plain(np.where(used, y, np.nan))
    return usual, df


def _season_table(chosen: Counted, table: pd.DataFrame, parts: Parts, cycles: tuple[Cycle, ...], y: Floats) -> pd.DataFrame:
    rows = []
    for i, cycle in enumerate(cycles):
        alone = y - parts.trend - np.delete(parts.seasons, i, axis=0).sum(axis=0)
        column = table["season"] if len(cycles) == 1 else table[f"season_{cycle.word.replace(' ', '_')}"]
        names = _positions(chosen, cycle)
        curve = column.groupby(names, sort=True).mean()
        rows.append(
            {
                "season": cycle.word, "length": cycle.whole, "strength": strength(parts.seasons[i], parts.remainder), "p": season_p(alone, cycle.whole),
                "high": _named(curve.idxmax(), chosen, cycle), "low": _named(curve.idxmin(), chosen, cycle), "above": float(curve.max()), "below": float(-curve.min()),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _positions(chosen: Counted, cycle: Cycle) -> npt.NDArray[np.int64]:
    """Return where in its turn each period lies: the month of a year, the day of a week, the hour of a day, or its number."""
    if not chosen.dated or cycle.word not in ("year", "week", "day"):
        return np.arange(len(chosen)) % cycle.whole
    middle = pd.DatetimeIndex(chosen.start + (chosen.end - chosen.start) // 2)
    start = pd.DatetimeIndex(chosen.start)
    found = middle.month if cycle.word == "year" else start.day_of_week if cycle.word == "week" else start.hour
    return np.asarray(found, dtype=np.int64)


def _named(position: Any, chosen: Counted, cycle: Cycle) -> str:
    k = int(position)
    if not chosen.dated or cycle.word not in ("year", "week", "day"):
        return f"place {k + 1} of {cycle.whole}"
    if cycle.word == "year":
        return str(pd.Timestamp(2024, k, 1).month_name())
    # 1 January 2024 was a Monday.
    return str(pd.Timestamp(2024, 1, 1 + k).day_name()) if cycle.word == "week" else f"{k:02d}:00"


def _echo(remainder: Floats) -> float:
    """Return the correlation of neighboring remainders."""
    off = remainder - np.nanmean(remainder)
    first, second = off[:-1], off[1:]
    both = ~np.isnan(first) & ~np.isnan(second)
    square = float(np.nansum(off**2))
    return float((first[both] * second[both]).sum() / square) if square > 1e-12 * max(1.0, float(np.nanmax(np.abs(off)))) else 0.0


def _settings(
    chosen: Counted, cycles: tuple[Cycle, ...], seasons: Any, robust: bool, transform: str, used: tuple[int, ...] | None, degree: int, windows: Any
) -> dict[str, Setting]:  # fmt: skip
    own = (7,) if len(cycles) == 1 else tuple(7 + 4 * (i + 1) for i in range(len(cycles)))
    shown = "the same in every turn" if degree == 0 else ", ".join(map(str, used or own))
    return {
        "seasons": Setting(", ".join(f"{c.word} ({c.whole} {chosen.word}s)" for c in cycles), "sara" if seasons is None else "you"),
        "robust": Setting(robust, "sara" if robust else "you", "single far periods do not bend trend and season" if robust else ""),
        "transform": Setting(transform, "sara" if transform == "none" else "you"),
        "windows": Setting(shown, "sara" if windows is None else "you", "turns over which a season may change" if degree else ""),
    }  # fmt: skip


def _cautions(chosen: Counted, cycles: tuple[Cycle, ...], n: int) -> tuple[str, ...]:
    out = []
    longest = cycles[-1]
    if n < 3 * longest.whole:
        out.append(f"Fewer than three turns of the {longest.word}: what happened once may pass for a season.")
    elif n < SURE_TURNS * longest.whole:
        out.append(f"Fewer than five turns of the {longest.word}: how far {chosen.word}s usually lie off is known only roughly.")
    missing = int(np.isnan(chosen.n).sum())
    if missing:
        out.append(f"{missing} {chosen.word}s without a number were bridged by trend and season; they have no remainder.")
    return tuple(out)
