"""Where is it getting worse, where has it always been bad, where is it over? Hot and cold cells step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_choice, check_confidence, check_count
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.result import Setting
from sara.core.source import EventSource
from sara.core.stats.fdr import benjamini_hochberg
from sara.core.stats.mann_kendall import mann_kendall, sen_slope
from sara.core.stats.permutation import dealt_tails, why_not_exact
from sara.hotspots._ground.area import Selected, select
from sara.hotspots._ground.areas import cell_areas
from sara.hotspots._over_time.patterns import PATTERNS, _classify, often
from sara.hotspots._over_time.steps import PARTIAL, Steps, day_stamp, only_days, step_word, steps_of
from sara.hotspots._results.emerging import EmergingResult

__all__ = ["emerging"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LEAST_EVENTS, LEAST_STEPS = 30, 10
# With fewer events around a cell and step than this, a hot spot has to be many times the mean to be seen.
LEAST_AROUND = 2.0
# A trend of all the city is told from this level and this share of its mean on.
TREND_LEVEL, TREND_SIZE = 0.05, 0.2
# Cells times steps; a cube of this size takes about 1 GB while it is worked on.
MOST = 25_000_000
NULL = (
    "Hot means more than if the same counts were dealt at random to all cells and all steps, parks and water included; it does not say that "
    "there is more than the number of people there would lead one to expect."
)


@dataclass(frozen=True, eq=False)
class Emerging:
    """Numbers of a cube: arrays (cells, steps), and of each cell its trend and pattern (a place in `PATTERNS`)."""

    z: Floats
    p: Floats
    p_adjusted: Floats
    hot: Bools
    cold: Bools
    trend_z: Floats
    trend_p: Floats
    trend_p_adjusted: Floats
    pattern: npt.NDArray[np.int8]
    why_normal: str | None


def emerging(
    events: gpd.GeoDataFrame | EventSource,
    *,
    area: Any = None,
    cell_size: float | str | None = None,
    shape: str = "square",
    grid: Any = None,
    freq: str = "MS",
    contiguity: str = "queen",
    distance: float | str | None = None,
    confidence: float = 0.95,
    time_lag: int = 1,
    inference: str = "exact",
    adjust: str | None = "fdr",
    period: Any = None,
) -> EmergingResult:
    """Tell new hot spots from lasting, fading and past ones.

    Answers "where is it new, where does it last, where is it over?". Use `gi_star` for one period, `change` to compare two.

    Parameters
    ----------
    events : GeoDataFrame or EventSource
        One row per event, from `as_events` or a reader; or a source (`sara.open_events`, the path of a Parquet file). Rows without a location
        are left out and counted.
    area : GeoDataFrame, GeoSeries or polygon, optional
        The study area. If not given, the box around the middle 99 % of the locations, with a caution.
    cell_size : float or str, optional
        Side of a cell (a hexagon's width), in metres or with a unit ("500ft"). Chosen by sara if not given, as in `count`.
    shape : {"square", "hexagon"}
        Shape of the cells.
    grid : HotspotResult, GeoDataFrame, Grid or HexGrid, optional
        An earlier result, its ``.grid``, or a grid: its cells and study area are used.
    freq : str
        Length of a step, a pandas offset of whole days: "MS" (calendar months), "W" (weeks from Monday), "28D" (counted back from the end).
    contiguity : {"queen", "rook"}
        Neighbours of a square: the eight around it, or the four that share a side.
    distance : float or str, optional
        Instead: cells whose centres lie within this distance, in metres or with a unit.
    confidence : float
        1 minus the false discovery rate of hot and cold, and of trends.
    time_lag : int
        How many earlier steps of the cell and its neighbours belong to its neighbourhood; 0 for none.
    inference : {"exact", "analytic"}
        Where p comes from: all counts dealt at random to all cells and steps, computed; or the normal curve behind z, as ArcGIS does, which
        calls more cells hot where most counts are small.
    adjust : {"fdr", None}
        Correction for the number of tests: Benjamini-Hochberg over all cells and steps (trends: over the cells whose trend matters), or none.
    period : pair of dates, optional
        First and last day. If not given, what the file covers. Steps that are not wholly inside are left out and counted.

    Returns
    -------
    EmergingResult
        ``table`` and ``grid``: one row per cell: ``row``, ``column``, ``n`` (events in the whole steps), ``pattern`` (one of 17, see Notes),
        ``z`` (no unit), ``p`` and ``p_adjusted`` of the last step, ``is_hot`` and ``is_cold`` in the last step, ``share_hot``, ``share_cold``
        (of steps), ``trend_z`` and ``trend_p`` (Mann-Kendall), ``trend_p_adjusted`` (only where the pattern depends on it), ``geometry``.
        ``areas``: cells hot in the last step, dissolved where they touch. ``steps``: per step ``start``, ``n``, ``n_hot``, ``n_cold``, ``known``.

    Raises
    ------
    InputError
        If an argument is not what it must be, or cells times steps are more than 25 million.
    NotEnoughDataError
        If there are fewer than 10 whole steps with data, or fewer than 30 events.

    Notes
    -----
    Gi* of every cell and step: the sum over the cell, its neighbours, and the same cells `time_lag` steps before, against the mean and spread
    of the whole cube (n = cells x steps). Its p-value is exact, for counts dealt at random to all cells and steps; ``z`` is the usual one. A single
    busy address in a small study area is no unlikely deal by that measure: give the whole city, not one district.
    Steps without a single event, where some were to be expected, are gaps in the file: they are left out, not taken as zeros.

    The trend is Mann-Kendall's test on the sums of cell and neighbours, step by step. ArcGIS Pro tests the z of overlapping windows
    instead, whose overlap alone makes one step depend on the last: with no trend at all it would call three times as many trends as it says.

    The patterns are those of ArcGIS Pro; of two that fit, the first is taken. Read with cold for hot for the other eight.

    - new: hot in the last step and never before.
    - consecutive: an unbroken run of two hot steps or more at the end, never hot before it, hot in less than 90 % of steps.
    - intensifying: hot in at least 90 % of steps and in the last, and rising.
    - persistent: hot in at least 90 % of steps and in the last, without a trend.
    - diminishing: hot in at least 90 % of steps and in the last, and falling.
    - sporadic: hot in the last step, on and off before, in less than 90 % of steps, never cold.
    - oscillating: hot in the last step, in less than 90 % of steps, cold in some step before.
    - historical: not hot in the last step, but in at least 90 % of steps.
    - none: all else.

    What may be said: "hot in the last month and never before", not "it will stay": a new hot spot is often chance that happened to be near.

    References
    ----------
    Getis & Ord (1992), Geographical Analysis 24(3), 189-206. doi:10.1111/j.1538-4632.1992.tb00261.x
    Mann (1945), Econometrica 13(3), 245-259. doi:10.2307/1907187
    Benjamini & Hochberg (1995), JRSS B 57(1), 289-300. doi:10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    >>> import pandas as pd
    >>> from sara.data import as_events
    >>> from sara.hotspots import emerging
    >>> months = pd.date_range("2023-01-15", periods=12, freq="MS")
    >>> even = [(when, 250 * (k % 24), 250 * (k // 24)) for when in months for k in range(576)]
    >>> corner = [(when, east, 3000) for when in months for east in (3000, 3250, 3500) for _ in range(9)]
    >>> calls = as_events(pd.DataFrame(even + corner, columns=["when", "east", "north"]), time="when", x="east", y="north", crs=32616)
    >>> found = emerging(calls, cell_size="250m", period=("2023-02-01", "2024-01-31"))
    >>> int((found.table["pattern"] == "persistent hot spot").sum()), found.last_step
    (9, 'January 2024')
    """
    check_choice(contiguity, ("queen", "rook"), name="contiguity")
    check_choice(inference, ("exact", "analytic"), name="inference")
    check_choice(adjust, ("fdr", None), name="adjust")
    confidence = check_confidence(confidence)
    time_lag = check_count(time_lag, name="time_lag", least=0)
    word = step_word(freq)
    chosen = select(
        events, area=area, period=period, method="emerging", cell_size=cell_size, grid=grid, shape=shape, least=LEAST_EVENTS, when=True
    )  # fmt: skip
    assert chosen.rows.day is not None and chosen.grid is not None
    steps = steps_of(chosen.period, chosen.rows.day, chosen.rows.n, freq=freq)
    _enough(steps, word)
    chosen = only_days(chosen, steps)
    cube = _cube(chosen, steps)
    cells: Any = chosen.grid
    links = cells.neighbours(contiguity, distance)
    found = _numbers(
        cube, steps.known, links, time_lag=time_lag, confidence=confidence, adjust=adjust == "fdr", exact=inference == "exact"
    )
    typical = float(cube[:, steps.known].mean() * (1 + links.sum() / len(cube)))
    table = _table(chosen, cube, found)
    hot, p = np.zeros(cells.member.shape, dtype=bool), np.ones(cells.member.shape)
    hot[cells.member], p[cells.member] = found.hot[:, -1], found.p_adjusted[:, -1]
    raster = cells.counts(chosen.code, chosen.rows.n)
    areas = cell_areas(chosen, raster, hot, p, contiguity=contiguity, word="Hot area")
    settings = _settings(
        chosen,
        steps,
        found,
        word,
        contiguity=contiguity,
        distance=distance,
        confidence=confidence,
        time_lag=time_lag,
        adjust=adjust,
    )
    return EmergingResult.of(
        chosen, table=table, areas=areas, method="emerging", settings=settings, cautions=_cautions(chosen, steps, found, cube, typical, word=word, confidence=confidence, adjust=adjust),
        steps=_per_step(steps, cube, found), last_step=steps.name(len(steps.known) - 1), step_word=word,
    )  # fmt: skip


def _enough(steps: Steps, word: str) -> None:
    known = int(steps.known.sum())
    if known < LEAST_STEPS:
        raise NotEnoughDataError(
            f"emerging needs at least {LEAST_STEPS} whole {word}s with data. Got {known}. Take shorter steps (freq='W'), a longer period, or "
            "sara.hotspots.change for two periods."
        )
    if not steps.known[-1]:
        raise NotEnoughDataError(
            f"emerging needs data in the last {word}. Got none in {steps.name(len(steps.known) - 1)}, a gap in the file. End the period before it: "
            f"period=('{day_stamp(steps.edges[0]):%Y-%m-%d}', '{day_stamp(steps.edges[np.flatnonzero(steps.known)[-1] + 1] - 1):%Y-%m-%d}')"
        )


def _cube(chosen: Selected, steps: Steps) -> Ints:
    """Return counts by cell and step."""
    cells: Any = chosen.grid
    n_steps = len(steps.known)
    if cells.n_cells * n_steps > MOST:
        raise InputError(
            f"`cell_size` must leave at most {MOST:,} cells times steps. Got {cells.n_cells:,} cells and {n_steps:,} steps. Take larger cells, or freq='MS'."
        )
    assert chosen.code is not None and chosen.rows.day is not None
    index = np.full(cells.member.size, -1, dtype=np.int64)
    index[np.flatnonzero(cells.member)] = np.arange(cells.n_cells)
    at = index[chosen.code] * n_steps + steps.of(chosen.rows.day)
    held = np.bincount(at, weights=chosen.rows.n, minlength=cells.n_cells * n_steps)
    return held.reshape(cells.n_cells, n_steps).astype(np.int64)


def _numbers(
    cube: Ints, known: Bools, links: Any, *, time_lag: int, confidence: float, adjust: bool, exact: bool = True
) -> Emerging:
    """Return Gi*, hot and cold, trends and patterns of a cube.

    Parameters
    ----------
    cube : array of int, (cells, steps)
        Counts.
    known : array of bool, (steps,)
        Steps that the file tells about; the others are left out.
    links : sparse matrix, (cells, cells)
        1 for neighbours, 0 on the diagonal.
    """
    x = cube[:, known].astype(float)
    at = np.flatnonzero(known)
    around = np.asarray(links @ x) + x
    size = np.asarray(links.sum(axis=1)).reshape(-1, 1) + 1.0
    total, width = around.copy(), np.ones(len(at))
    for lag in range(1, time_lag + 1):
        before = np.searchsorted(at, at - lag)
        there = (before < len(at)) & (at[np.minimum(before, len(at) - 1)] == at - lag)
        total[:, there] += around[:, before[there]]
        width += there
    sizes = size * width
    z, upper, why = _chance(x, total, sizes, exact=exact)
    p = np.minimum(1.0, 2 * np.minimum(upper[0], upper[1]))
    p_adjusted = benjamini_hochberg(p.ravel()).reshape(p.shape) if adjust else p
    sure = p_adjusted <= 1 - confidence + 1e-12
    hot, cold = sure & (upper[0] < upper[1]) & (z > 0), sure & (upper[1] < upper[0]) & (z < 0)
    trend = mann_kendall(around)
    # A trend decides between patterns only where a cell is hot, or cold, almost always: only these are tests.
    matters = (often(hot) & hot[:, -1]) | (often(cold) & cold[:, -1])
    adjusted = np.full(len(x), np.nan)
    adjusted[matters] = benjamini_hochberg(trend.p[matters]) if adjust else trend.p[matters]
    way = np.where(np.nan_to_num(adjusted, nan=1.0) <= 1 - confidence + 1e-12, np.sign(trend.s), 0).astype(np.int64)
    return Emerging(z, p, p_adjusted, hot, cold, trend.z, trend.p, adjusted, _classify(hot, cold, way), why)


def _chance(x: Floats, total: Floats, sizes: Floats, *, exact: bool) -> tuple[Floats, tuple[Floats, Floats], str | None]:
    """Return z, the upper and lower tail of each sum, and why they are not exact (None where they are)."""
    n, mean, spread = x.size, x.mean(), x.std()
    scale = spread * np.sqrt(np.maximum(n * sizes - sizes**2, 0) / max(n - 1, 1))
    safe = scale > 1e-12 * max(abs(mean), spread, 1e-300) * sizes
    z = np.divide(total - sizes * mean, scale, out=np.zeros(x.shape), where=safe)
    if spread == 0:
        return z, (np.ones(x.shape), np.ones(x.shape)), None
    values, sums, counts = x.ravel(), total.ravel(), np.broadcast_to(sizes, x.shape).ravel().astype(np.int64)
    # The answer depends on sum and size alone: few of them differ.
    pairs, first = _distinct(sums.astype(np.int64) * (counts.max() + 1) + counts)
    few_sums, few_sizes = np.divmod(pairs, counts.max() + 1)
    why = why_not_exact(values, few_sums, few_sizes, held=False) if exact else "asked for"
    if why is None:
        tails = dealt_tails(values, few_sums, few_sizes)
        return z, (tails.upper[first].reshape(x.shape), tails.lower[first].reshape(x.shape)), None
    from scipy.special import ndtr

    return z, (ndtr(-z), ndtr(z)), why


def _distinct(keys: Ints) -> tuple[Ints, Ints]:
    """Return the distinct keys in order, and which of them each is; small keys are ticked off instead of sorted."""
    if keys.max(initial=0) > 10 * keys.size:
        found, first = np.unique(keys, return_inverse=True)
        return found, first.ravel()
    there = np.bincount(keys) > 0
    return np.flatnonzero(there), (np.cumsum(there) - 1)[keys]


def _table(chosen: Selected, cube: Ints, found: Emerging) -> gpd.GeoDataFrame:
    cells: Any = chosen.grid
    table = cells.frame()
    columns = {
        "n": cube.sum(axis=1), "pattern": np.array(PATTERNS, dtype=object)[found.pattern], "z": found.z[:, -1], "p": found.p[:, -1],
        "p_adjusted": found.p_adjusted[:, -1], "is_hot": found.hot[:, -1], "is_cold": found.cold[:, -1], "share_hot": found.hot.mean(axis=1),
        "share_cold": found.cold.mean(axis=1), "trend_z": found.trend_z, "trend_p": found.trend_p, "trend_p_adjusted": found.trend_p_adjusted,
    }  # fmt: skip
    for name, column in columns.items():
        table.insert(len(table.columns) - 1, name, column)
    return table


def _per_step(steps: Steps, cube: Ints, found: Emerging) -> pd.DataFrame:
    n_hot, n_cold = np.zeros(len(steps.known), dtype=np.int64), np.zeros(len(steps.known), dtype=np.int64)
    n_hot[steps.known], n_cold[steps.known] = found.hot.sum(axis=0), found.cold.sum(axis=0)
    starts = [day_stamp(day) for day in steps.edges[:-1]]
    return pd.DataFrame({"start": starts, "n": cube.sum(axis=0), "n_hot": n_hot, "n_cold": n_cold, "known": steps.known})


def _settings(
    chosen: Selected, steps: Steps, found: Emerging, word: str, *, contiguity: str, distance: Any, confidence: float, time_lag: int, adjust: str | None
) -> dict[str, Setting]:  # fmt: skip
    from sara.core.units import metres

    start, end = steps.period
    gaps = int((~steps.known).sum())
    near = (
        Setting(contiguity, "sara" if contiguity == "queen" else "you", "the cells around")
        if distance is None
        else Setting(metres(distance, name="distance"), "you", "metres, from centre to centre")
    )
    tests = f"over {found.p.size:,} cells times {word}s" if adjust else ""
    return {
        **chosen.settings,
        "freq": Setting(steps.freq, "sara" if steps.freq == "MS" else "you"),
        "steps": Setting(
            int(steps.known.sum()), "sara", f"whole {word}s, {start:%Y-%m-%d} to {end - pd.Timedelta(days=1):%Y-%m-%d}" + (f", {gaps} without data left out" if gaps else "")
        ),
        "contiguity" if distance is None else "distance": near,
        "time_lag": Setting(time_lag, "sara" if time_lag == 1 else "you", f"{word}s before that belong to the neighborhood"),
        "confidence": Setting(confidence, "sara" if confidence == 0.95 else "you"),
        "p": Setting("exact" if found.why_normal is None else "normal curve", "sara", found.why_normal or "counts dealt at random to all cells and steps"),
        "p_adjusted": Setting("Benjamini-Hochberg" if adjust else "none", "sara" if adjust else "you", tests),
        "trend": Setting("Mann-Kendall", "sara", f"on the sums of a cell and its neighbors, {word} by {word}, without overlap"),
    }  # fmt: skip


def _city_trend(totals: Ints, noun: str, word: str) -> list[str]:
    """Say so where all of the city rises or falls: hot is more than the mean of all steps."""
    test, slope = mann_kendall(totals, correction="yue-wang"), float(sen_slope(totals).slope)
    size = slope * (len(totals) - 1) / max(1.0, float(totals.mean()))
    if float(test.p) > TREND_LEVEL or abs(size) < TREND_SIZE:
        return []
    way, what = ("rose", "new and rising") if size > 0 else ("fell", "past and fading")
    return [
        f"All {noun} {way} by about {abs(size):.0%} of their mean over these {word}s".replace("%", " %")
        + f": part of the {what} hot spots only went with the city. See `change` for places that changed more than the city."
    ]


def _cautions(
    chosen: Selected,
    steps: Steps,
    found: Emerging,
    cube: Ints,
    typical: float,
    *,
    word: str,
    confidence: float,
    adjust: str | None,
) -> tuple[str, ...]:
    told = [*chosen.cautions]
    gaps = [steps.name(int(k)) for k in np.flatnonzero(~steps.known)]
    if gaps:
        told.append(
            f"The file tells nothing about {', '.join(gaps[:6])}{' ...' if len(gaps) > 6 else ''}: left out, not taken as zero."
        )
    if chosen.counts.left_out.get(PARTIAL):
        told.append(f"{chosen.counts.left_out[PARTIAL]:,} {chosen.noun} of a {word} that is not whole are left out.")
    if len(steps.known) < 24 and word in ("month", "quarter"):
        told.append("Less than two years: a season can look like a trend.")
    told += _city_trend(cube[:, steps.known].sum(axis=0), chosen.noun, word)
    if typical < LEAST_AROUND:
        told.append(
            f"In a {word}, a cell and its neighbors hold {typical:.2g} {chosen.noun} on average: so few that most hot spots can't be told from chance. "
            "Take larger cells, or freq='QS'."
        )
    if found.why_normal is not None:
        told.append(
            f"The p-values are those of the normal curve ({found.why_normal}); where counts are small it is too generous at the hot end."
        )
    if adjust is None:
        told.append(
            f"No correction was made for {found.p.size:,} tests: chance alone makes up to {(1 - confidence) / 2:.2g} of all cells hot in each {word}."
        )
    return (*told, NULL)
