"""Which method works in this city: many periods, each foretold from before its start."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_choice, check_confidence, check_count
from sara.core.errors import InputError, NotEnoughDataError, SaraWarning
from sara.core.result import Setting
from sara.core.source import EventSource
from sara.core.units import timestamp
from sara.core.wording import percent
from sara.hotspots._evidence.contest import DEFAULTS, Contest, Entry, entries_of
from sara.hotspots._ground.area import select
from sara.hotspots._persistence import day_of, panel_of, span_of
from sara.hotspots._result import HotspotResult
from sara.hotspots._results.compare import CHOOSER, CompareResult

__all__ = ["compare"]

Floats = npt.NDArray[np.float64]

SHARES = (0.005, 0.01, 0.02)
# Earlier origins that only the chooser learns from, and the history (days) an origin needs.
WARM_UP, LEAST_HISTORY = 4, 84
FEW_PERIODS, FEW_EVENTS = 6, 30
# A method takes over when its record leads by more than chance would give this often, over at least so many tests.
CHANCE, LEAST_RECORD = 0.05, 3
FLATTERED = "The method that comes first of several is a little flattered: it was picked on these periods."
YEAR = pd.DateOffset(months=12)
DAY = pd.Timedelta(days=1)


def compare(
    methods: Sequence[Any] | Mapping[str, Any] | str | Callable[..., HotspotResult] | None,
    events: gpd.GeoDataFrame | EventSource,
    *,
    area: Any = None,
    cell_size: float | str | None = None,
    shape: str = "square",
    grid: Any = None,
    horizon: str = "3MS",
    step: str | None = None,
    start: Any = None,
    end: Any = None,
    history: str | None = None,
    km2: float | Sequence[float] | None = None,
    shares: Sequence[float] | None = None,
    ties: str = "expected",
    n_sims: int = 1999,
    seed: int = 1,
    confidence: float = 0.95,
    period: Any = None,
) -> CompareResult:
    """Set methods against each other over many periods of your own data, at equal area.

    Answers "which map should I trust here?". Use `accuracy` for one map and one period.

    Parameters
    ----------
    methods : list, dict or None
        Names, ``(name, settings)`` pairs or functions; a dict gives each a label. Quick ones are ``"all counts"``, ``"last year"``, ``"last period"``,
        ``"kde"`` (settings `bandwidth`, `kernel`, `edge`), ``"gi_star"`` (`contiguity`) and ``"persistence"``; each takes `history`, how far back it looks. Any
        other function of `sara.hotspots` by its name (``"clusters"``), or your own ``function(events, grid) -> HotspotResult``. None: all quick
        ones but "last period".
    events : GeoDataFrame or EventSource
        One row per event, from `as_events` or a reader, of one kind of problem; or a source.
    area : GeoDataFrame, GeoSeries or polygon, optional
        The study area. If not given, the box around the middle 99 % of the locations, with a caution.
    cell_size : float or str, optional
        Side of a cell, in metres or with a unit ("600ft"). Chosen by sara if not given.
    shape : {"square", "hexagon"}
        Shape of the cells.
    grid : HotspotResult, GeoDataFrame, Grid or HexGrid, optional
        An earlier result or its ``.grid``.
    horizon : str
        Length of each period, as a pandas offset: ``"3MS"`` is three months, ``"4W"`` four weeks.
    step : str, optional
        From one origin to the next; the horizon if not given, so that periods do not overlap.
    start, end : date, optional
        First origin, and the end of the last period. If not given: a year after the file begins (half of a file of less than two years),
        and its end.
    history : str, optional
        How far back methods look that have no `history` of their own. Everything before the origin if not given.
    km2 : float or list of float, optional
        Areas at which the methods are compared, km2.
    shares : list of float, optional
        The same as shares of the study area. If neither is given: 0.5, 1 and 2 %.
    ties : {"expected", "lowest"}
        Of cells with equal scores: all in evenly, as on average over all orders, or those with fewest later events first (the least any order gives,
        which treats maps of few counts harshly).
    n_sims : int
        Draws of periods for the intervals.
    seed : int
        Seed of the draws.
    confidence : float
        Of the intervals.
    period : pair of dates, optional
        First and last day of all events used, to learn from and to test on.

    Returns
    -------
    CompareResult
        ``table``: one row per area and method: ``area``, ``km2``, ``method``, ``pai`` with ``low`` and ``high``, ``hit_rate``, ``rank``, ``wins``, ``behind`` with its
        interval. ``periods``: the same for each period. ``best``: the method that did best over all areas. One further row is "chosen by its own
        record": "persistence" (else the first method named), until another has been ahead by more than chance would give in tests that had ended.

    Raises
    ------
    InputError
        If a method is not known, or a method's map is of events after its origin.
    NotEnoughDataError
        If no whole period fits after twelve weeks of history.

    Notes
    -----
    Rolling origin: the map of each period is made from events before its first day only (asserted), then all maps get the same ground, and
    ``PAI = (n / N) / (a / A)``. Where a map's ground ends within a cell, that part of the cell's events counts. Maps of areas (clusters) are visited by
    density; beyond what they outline, the rest of the city follows evenly.

    Intervals draw whole periods with replacement, the same for every method, so differences are paired; percentiles are widened for few
    periods (Hesterberg 2015). The best of many methods over few periods is flattered by chance: that is what ``behind``'s interval and the row of the
    chooser are for, which knew no period beforehand.

    References
    ----------
    Chainey, Tompson & Uhlig (2008), Security Journal 21, 4-28. doi:10.1057/palgrave.sj.8350066
    Tashman (2000), International Journal of Forecasting 16(4), 437-450: rolling origins. doi:10.1016/S0169-2070(00)00065-0
    Hesterberg (2015), The American Statistician 69(4), 371-386. doi:10.1080/00031305.2015.1089789

    Examples
    --------
    >>> import sara
    >>> calls = sara.datasets.load("riverton_calls").query("category == 'disorder'")
    >>> found = sara.hotspots.compare(["last year", "kde"], calls, area=sara.datasets.load("riverton_areas"), start="2024-03-01")
    >>> found.n_periods, found.best
    (4, 'last year')
    """
    entries = entries_of(DEFAULTS if methods is None else methods)
    if history is not None:
        entries = [_looking_back(entry, history) for entry in entries]
    confidence = check_confidence(confidence)
    n_sims, seed = check_count(n_sims, name="n_sims", least=99), check_count(seed, name="seed", least=0)
    check_choice(ties, ("expected", "lowest"), name="ties")
    chosen = select(
        events, area=area, period=period, method="compare", cell_size=cell_size, grid=grid, shape=shape, least=LEAST_HISTORY, when=True,
    )  # fmt: skip
    cells, panel = panel_of(chosen)
    contest = Contest.of(events, chosen, panel, cells)
    total = float(cells.inside_km2().sum())
    sizes = _sizes(km2, shares, total)
    origins, early, stretch = _origins(chosen.period, horizon, step, start, end)
    at = np.array([size for _, size in sizes])
    rows = [
        _one(contest, entry, origin, origin + stretch, sizes, at, total, ties)
        for origin in (*early, *origins)
        for entry in entries
    ]
    tests = pd.DataFrame([row for block in rows for row in block])
    tests = pd.concat([tests, _chooser(tests, [entry.label for entry in entries])], ignore_index=True)
    periods = tests[tests["start"] >= origins[0]].reset_index(drop=True)
    table = _table(periods, sizes, n_sims=n_sims, seed=seed, confidence=confidence)
    best = _best(table)
    told = _cautions(periods, len(origins))
    for words in told:
        warnings.warn(words, SaraWarning, stacklevel=2)
    settings = {
        **chosen.settings,
        "methods": Setting("; ".join(entry.label for entry in entries), "you" if methods is not None else "sara"),
        "horizon": Setting(str(horizon), "sara" if horizon == "3MS" else "you"),
        "step": Setting(str(step or horizon), "sara" if step is None else "you", "periods do not overlap" if step is None else ""),
        "origins": Setting(f"{len(origins)}, from {origins[0]:%Y-%m-%d} to {origins[-1]:%Y-%m-%d}", "you" if start is not None else "sara", "" if start is not None else "from a year after the file begins, or half of a short file"),
        "chooser": Setting(f"{len(early)} earlier origins", "sara", "only the row that chooses by its own record learns from these"),
        "ties": Setting(ties, "sara" if ties == "expected" else "you"),
        "n_sims": Setting(n_sims, "sara" if n_sims == 1999 else "you"),
        "seed": Setting(seed, "sara" if seed == 1 else "you"),
        "confidence": Setting(confidence, "sara" if confidence == 0.95 else "you"),
    }  # fmt: skip
    return CompareResult(
        table=table, periods=periods, best=best, settings=settings, counts=chosen.counts, cautions=(*told, FLATTERED, *chosen.cautions),
        period=(origins[0], origins[-1] + stretch), noun=chosen.noun, source=chosen.rows.source,
    )  # fmt: skip


def _looking_back(entry: Entry, history: str) -> Entry:
    span_of(history, name="history")
    if entry.settings.get("history") is not None or entry.name in ("last year", "last period", "all counts"):
        return entry
    return Entry(entry.label, entry.name, {**entry.settings, "history": history}, entry.make)


def _sizes(km2: Any, shares: Any, total: float) -> list[tuple[str, float]]:
    """Return the areas in words and in km2."""
    given = [km2] if isinstance(km2, (int, float)) else list(km2 or [])
    if km2 is None and shares is None:
        shares = SHARES
    out = []
    for value in given:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= total:
            raise InputError(
                f"`km2` must be above 0 and at most the study area ({total:,.4g} km2). Got {value!r}. Write km2={total / 100:.2g}"
            )
        out.append((f"{value:.3g} km2", float(value)))
    for value in shares or ():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 1:
            raise InputError(f"`shares` must be above 0 and at most 1. Got {value!r}. Write 0.01 for 1 %.")
        out.append((f"{percent(value)} of the area", float(value) * total))
    if not out:
        raise InputError("`shares` must name at least one area. Got none. Write shares=[0.01]")
    return out


def _origins(
    period: tuple[pd.Timestamp, pd.Timestamp], horizon: str, step: str | None, start: Any, end: Any
) -> tuple[list[pd.Timestamp], list[pd.Timestamp], Any]:
    """Return the origins, the earlier ones for the chooser, and the length of a period."""
    first, last = period[0].normalize(), period[1]
    stretch = span_of(horizon, name="horizon")
    stride = stretch if step is None else span_of(step, name="step")
    stop = last if end is None else min(last, timestamp(end, name="end"))
    if start is not None:
        origin = timestamp(start, name="start").normalize()
    else:
        origin = first + YEAR if first + 2 * YEAR <= last else first + (last - first) / 2
        origin = origin.normalize()
        # Months are compared with months: from the first of one.
        if isinstance(stretch, pd.DateOffset) and origin.day != 1:
            origin = (origin + pd.offsets.MonthBegin(1)).normalize()
    if day_of(origin) - day_of(first) < LEAST_HISTORY:
        raise NotEnoughDataError(
            f"compare needs at least {LEAST_HISTORY} days of events before the first origin. Got {day_of(origin) - day_of(first)} "
            f"(from {first:%Y-%m-%d} to {origin:%Y-%m-%d}). Try a later `start`."
        )
    found = []
    while origin + stretch <= stop:
        found.append(origin)
        origin = origin + stride
    if not found:
        raise NotEnoughDataError(
            f"compare needs at least one whole period of {horizon} after the first origin ({origin:%Y-%m-%d}). Got events to {stop - DAY:%Y-%m-%d}. "
            "Try a shorter `horizon` or an earlier `start`."
        )
    early: list[pd.Timestamp] = []
    back = found[0] - stride
    while len(early) < WARM_UP and day_of(back) - day_of(first) >= LEAST_HISTORY:
        early.insert(0, back)
        back = back - stride
    return found, early, stretch


def _one(
    contest: Contest,
    entry: Entry,
    origin: pd.Timestamp,
    end: pd.Timestamp,
    sizes: list[tuple[str, float]],
    at: Floats,
    total: float,
    ties: str,
) -> list[dict[str, Any]]:
    found = contest.map_of(entry, origin, day_of(end) - day_of(origin))
    hits, n_all = contest.hits(found, origin, end, at, ties=ties)
    pai = hits / n_all / (at / total) if n_all else np.full(len(at), np.nan)
    return [
        {
            "start": origin,
            "end": end,
            "area": words,
            "method": entry.label,
            "n": n,
            "n_all": n_all,
            "pai": value,
            "used": entry.label,
        }
        for (words, _), n, value in zip(sizes, hits, pai, strict=True)
    ]


def _chooser(tests: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
    """Return what following the record would have met: at each origin, by tests that had ended by then.

    The incumbent ("persistence", else the first named) stays until another has been ahead by more than chance would give (paired t, 95 %,
    corrected for the number of challengers): a record of few periods is mostly chance, and running after it costs more than it brings.
    """
    # Each test of an area counts alike, however high its PAI.
    mean = tests.groupby(["start", "area"])["pai"].transform("mean")
    relative = tests.assign(relative=(tests["pai"] / mean).where(mean > 0))
    from scipy.stats import t

    incumbent = "persistence" if "persistence" in labels else labels[0]
    out = []
    for origin, now in tests.groupby("start", sort=True):
        known = relative[relative["end"] <= origin]
        assert known.empty or known["end"].max() <= origin
        record = (
            known.pivot_table(index="start", columns="method", values="relative", aggfunc="mean").reindex(columns=labels).dropna()
        )
        used = incumbent
        if len(record) >= LEAST_RECORD:
            ahead = record.sub(record[incumbent], axis=0)
            error = ahead.std(ddof=1) / np.sqrt(len(ahead))
            surely = t.ppf(1 - CHANCE / 2 / max(1, len(labels) - 1), len(record) - 1)
            clear = ahead.mean().where(ahead.mean() > surely * error)
            used = str(clear.idxmax()) if clear.notna().any() else incumbent
        out.append(now[now["method"] == used].assign(method=CHOOSER, used=used))
    return pd.concat(out, ignore_index=True)


def _table(periods: pd.DataFrame, sizes: list[tuple[str, float]], *, n_sims: int, seed: int, confidence: float) -> pd.DataFrame:
    blocks = []
    for words, size in sizes:
        here = periods[periods["area"] == words]
        pai = here.pivot(index="start", columns="method", values="pai").dropna()
        names = [name for name in dict.fromkeys(here["method"]) if name != CHOOSER]
        sums = here.groupby("method")[["n", "n_all"]].sum()
        means = pai.mean()
        best = str(means[names].idxmax())
        draws = _drawn_means(pai, n_sims=n_sims, seed=seed)
        low, high = _widened(draws, len(pai), confidence)
        gap = {name: _widened(draws[[name]].sub(draws[best], axis=0), len(pai), confidence) for name in pai.columns}
        wins = pai[names].eq(pai[names].max(axis=1), axis=0)
        won = wins.div(wins.sum(axis=1), axis=0).sum()
        rank = means[names].rank(ascending=False, method="min")
        blocks += [
            {
                "area": words, "km2": size, "method": name, "pai": means[name], "low": low[name], "high": high[name],
                "hit_rate": sums.loc[name, "n"] / sums.loc[name, "n_all"], "rank": rank.get(name, np.nan), "wins": won.get(name, np.nan),
                "behind": means[name] - means[best], "behind_low": gap[name][0][name], "behind_high": gap[name][1][name],
            }
            for name in [*means[names].sort_values(ascending=False, kind="stable").index, CHOOSER]
        ]  # fmt: skip
    return pd.DataFrame(blocks).astype({"rank": "Int64"})


def _drawn_means(pai: pd.DataFrame, *, n_sims: int, seed: int) -> pd.DataFrame:
    """Return mean PAI of each method over periods drawn with replacement, the same periods for all."""
    n = len(pai)
    draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=n_sims)
    return pd.DataFrame(draws @ pai.to_numpy() / n, columns=pai.columns)


def _widened(draws: pd.DataFrame, n: int, confidence: float) -> tuple[pd.Series, pd.Series]:
    """Return percentiles, moved out as far as few periods ask for."""
    from scipy.stats import norm, t

    if n < 2:
        nothing = pd.Series(np.nan, index=draws.columns)
        return nothing, nothing
    tail = float(norm.cdf(np.sqrt(n / (n - 1)) * t.ppf((1 - confidence) / 2, n - 1)))
    return draws.quantile(tail), draws.quantile(1 - tail)


def _best(table: pd.DataFrame) -> str:
    rows = table[table["method"] != CHOOSER]
    relative = rows["pai"] / rows.groupby("area")["pai"].transform("max")
    score = relative.groupby(rows["method"], sort=False).mean()
    return str(score.idxmax())


def _cautions(periods: pd.DataFrame, n: int) -> tuple[str, ...]:
    told = []
    if n < FEW_PERIODS:
        told.append(
            f"Only {n} period{'s were' if n > 1 else ' was'} tested: which method comes first may be chance. Use a shorter `horizon` or a longer file."
        )
    each = periods.drop_duplicates("start")["n_all"]
    if (each < FEW_EVENTS).any():
        told.append(
            f"{int((each < FEW_EVENTS).sum())} of {len(each)} periods hold fewer than {FEW_EVENTS} events: their PAI jumps."
        )
    if periods["pai"].isna().any():
        told.append("Periods without any event are left out of the means.")
    return tuple(told)
