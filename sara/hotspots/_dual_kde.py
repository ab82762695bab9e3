"""Two surfaces set against each other: where there is more of one than the other would lead one to expect."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from sara.core.cells import Cells
from sara.core.checks import check_choice, check_confidence, check_count, check_seed
from sara.core.errors import InputError
from sara.core.result import Counts, Setting
from sara.core.source import EventSource, as_source
from sara.core.stats.fdr import benjamini_hochberg
from sara.core.wording import period_words
from sara.hotspots._ground.area import Selected, select
from sara.hotspots._ground.areas import cell_areas
from sara.hotspots._ground.exposure_points import exposure_of
from sara.hotspots._kde import inside_share, surface_cells, together
from sara.hotspots._results.dual_kde import DualKdeResult
from sara.hotspots._surfaces.bandwidth import choose_ratio_bandwidth, told_bandwidth
from sara.hotspots._surfaces.ratio import LEAST_EXPECTED, LEAST_OTHER, NODES, Pair, Ratio, anywhere, excess_spread, ratio_of
from sara.hotspots._surfaces.surface import KERNELS, PER_SIGMA, Lattice, Raster, lattice_of

__all__ = ["dual_kde"]

Floats = npt.NDArray[np.float64]

# Twice the reach of a single surface: the ratio of two surfaces is noisier than either, most of all where both are low.
BANDWIDTH = 800.0
LEAST_EVENTS = 30
# From this factor on, series at one place are worth a caution.
WORTH_SAYING = 1.5
# The number of a polygon is handed out to nodes this many to a bandwidth.
NODES_OTHER = 8
RATIO = (
    "A high ratio can come from many {noun} or from little of the other: look at both densities, which are in the table. The ratio compares shares "
    "of each total, so it is above 1 somewhere and below 1 elsewhere even where nothing is unusual."
)
NULL_LABELS = (
    "Under the null hypothesis both are dealt at random to the same places: p says how rarely that would give a ratio as far from 1. It does not "
    "say why."
)
NULL_PEOPLE = (
    "Under the null hypothesis each of the {noun} falls on the other at random, in proportion to its number; people are counted where they live, "
    "not where they spend the day, and shops and bars draw more than their residents."
)


@dataclass(frozen=True, eq=False)
class _Other:
    """The other layer: its places, what it is called, and its own counts where it is events."""

    x: Floats
    y: Floats
    value: Floats
    noun: str
    words: str
    counts: Counts | None


def dual_kde(
    events: gpd.GeoDataFrame | EventSource,
    other: Any,
    *,
    area: Any = None,
    bandwidth: float | str | None = None,
    kernel: str = "quartic",
    column: str | None = None,
    cell_size: float | str | None = None,
    grid: Any = None,
    confidence: float = 0.95,
    n_sims: int = 999,
    seed: int = 1,
    period: Any = None,
) -> DualKdeResult:
    """Set one surface against another: calls against complaints, or events against people.

    Answers "where is there more of it than the other would lead one to expect?". Use `rates` for named areas with a population, `change` for two
    periods of the same events.

    Parameters
    ----------
    events : GeoDataFrame or EventSource
        One row per event, from `as_events` or a reader; or a source (`sara.open_events`, the path of a Parquet file). Rows without a location
        are left out and counted.
    other : GeoDataFrame or EventSource
        Other events; or points or polygons with a number in `column` (people, homes, visits; polygons spread theirs evenly over their surface).
    area : GeoDataFrame, GeoSeries or polygon, optional
        The study area. If not given, the box around the middle 99 % of the locations of `events`, with a caution.
    bandwidth : float or str, optional
        Shared by both: reach of the quartic, or sigma of the Gaussian, in metres or with a unit. If not given, 800 m (Gaussian: 283 m).
        ``"auto"`` (other events only): of 200 to 2,000 m, the one that tells best which of the two an event is from the events of all other places.
    kernel : {"quartic", "gaussian"}
        The hill put over each event.
    column : str, optional
        The column of numbers of `other`, where it is not events.
    cell_size : float or str, optional
        Side of a cell, metres; a fifth of the bandwidth (Gaussian: of the reach of a quartic that spreads as far) if not given.
    grid : HotspotResult, GeoDataFrame or Grid, optional
        An earlier result or its ``.grid``: its cells and study area are used.
    confidence : float
        1 minus the false discovery rate at which cells are called high or low.
    n_sims : int
        Random deals for the question whether there is any difference at all; 0 leaves it open.
    seed : int
        Of the random deals.
    period : pair of dates, optional
        First and last day of both. If not given, what both files cover.

    Returns
    -------
    DualKdeResult
        ``table`` and ``grid``: one row per cell: ``row``, ``column``, ``n`` (events in the cell), ``n_other`` (other events, or sum of
        `column`), ``density``, ``density_other`` (per km2), ``log_ratio`` (natural, of the two shares), ``ratio``, ``z``, ``p`` (pointwise,
        two-sided), ``p_adjusted`` (Benjamini-Hochberg over the cells that can be told), ``is_high``, ``is_low``, ``too_few`` (log_ratio, z
        and p are missing there), ``geometry``. ``areas``: high cells dissolved where they touch, ``excess`` over what the other would lead one
        to expect. ``p_any``: the chance that random deals of
        whole places (an address keeps its series together) differ as much anywhere.

    Raises
    ------
    InputError
        If `other` is not what it must be, or the two periods have no day in common.
    NotEnoughDataError
        If fewer than 30 events of either kind lie in the study area and the period.

    Notes
    -----
    ``log_ratio = log(f / N_f + c) - log(g / N_g + c)``, f and g kernel sums with one bandwidth; edge corrections cancel. c is half an event
    spread over the kernel, alike for both, so that swapping the two turns the sign. The tolerance limits are pointwise in `p`: given the places,
    the kernel sum over labels dealt at random has a mean, variance and third moment that are known exactly (no simulation); the p-value is that
    of a gamma curve with these. Events that come in series at one address widen the variance by a factor, ``settings["series"]``. Neighboring
    cells share most of their events: the false discovery rate holds for such positively dependent tests, but the cells are not so many
    independent findings. Where fewer than 5 events of the rarer kind are to be expected, in effect, under the kernel (fewer than 1, from
    people), there is too little to say.

    References
    ----------
    Kelsall & Diggle (1995), Statistics in Medicine 14(21-22), 2335-2342. doi:10.1002/sim.4780142106
    Hazelton & Davies (2009), Biometrical Journal 51(1), 98-109. doi:10.1002/bimj.200810495
    Davies, Marshall & Hazelton (2018), Statistics in Medicine 37(7), 1191-1221. doi:10.1002/sim.7577

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from sara.data import as_events
    >>> from sara.hotspots import dual_kde
    >>> rng = np.random.default_rng(1)
    >>> where = pd.DataFrame(rng.uniform(0, 4000, (400, 2)), columns=["east", "north"]).assign(when="2024-01-01")
    >>> calls, complaints = (as_events(half, time="when", x="east", y="north", crs=32616) for half in (where[:200], where[200:]))
    >>> found = dual_kde(calls, complaints, n_sims=99)
    >>> int(found.table["is_high"].sum() + found.table["is_low"].sum())
    0
    """
    check_choice(kernel, KERNELS, name="kernel")
    confidence, n_sims = check_confidence(confidence), check_count(n_sims, name="n_sims", least=0)
    check_seed(seed)
    why = "twice the 400 m of a single surface: a ratio of two surfaces is noisier than either"
    reach = told_bandwidth(bandwidth, kernel=kernel, default=BANDWIDTH, why=why)
    chosen, told = _inputs(events, other, column, reach, area=area, period=period, cell_size=cell_size, grid=grid)
    x, y, n, _ = together(chosen)
    pair = _pair(x, y, n, told)
    cautions: tuple[str, ...] = ()
    if reach is None:
        reach, cautions = choose_ratio_bandwidth(pair.x, pair.y, pair.one, pair.two, kernel=kernel)
    chosen = surface_cells(chosen, reach.value, kernel=kernel, cell_size=cell_size, shape="square")
    cells, spread = chosen.grid, excess_spread(pair)
    assert isinstance(cells, Cells) and chosen.code is not None
    found = ratio_of(pair, *cells.centres(), size=cells.cell_size, bandwidth=reach.value, kernel=kernel, spread=spread)
    table = _table(chosen, cells, told, found, reach.value, kernel, 1 - confidence)
    settings = {
        **chosen.settings,
        "other": Setting(told.words, "you"),
        "bandwidth": reach,
        "kernel": Setting(kernel, "sara" if kernel == "quartic" else "you"),
        "confidence": Setting(confidence, "sara" if confidence == 0.95 else "you"),
        "p_adjusted": Setting("Benjamini-Hochberg", "sara", f"over the {int((~found.few).sum()):,} cells of which something can be told"),
        "series": Setting(round(spread, 2), "sara", "times the variance of single events: events of one place come in series"),
        "too_few": _few_setting(pair.labelled),
        "n_sims": Setting(n_sims, "sara" if n_sims == 999 else "you", "random deals, for `p_any` only"),
        "seed": Setting(seed, "sara" if seed == 1 else "you"),
    }  # fmt: skip
    cautions = (*cautions, *_in_both(events, other if pair.labelled else None))
    null = (NULL_LABELS if pair.labelled else NULL_PEOPLE).format(noun=chosen.noun)
    p_any = None if n_sims == 0 else _anywhere(pair, chosen, reach.value, kernel, n_sims, seed)
    return DualKdeResult.of(
        chosen, table=table, areas=_areas(chosen, cells, found, table), method="dual_kde", settings=settings,
        cautions=(*chosen.cautions, *cautions, *_series_words(spread, chosen.noun), RATIO.format(noun=chosen.noun), null), other_noun=told.noun, counts_other=told.counts,
        p_any=p_any,
    )  # fmt: skip


def _inputs(
    events: Any, other: Any, column: str | None, reach: Setting | None, *, area: Any, period: Any, cell_size: Any, grid: Any
) -> tuple[Selected, _Other]:
    """Return the events used, and the other layer brought to their coordinate system, study area and period."""
    if column is None and as_source(other) is None and not (isinstance(other, gpd.GeoDataFrame) and "time" in other.columns):
        raise InputError(
            "`other` must be events, or points or polygons with a number in `column`. Got neither. Write: column='population', the name of the column"
        )

    def first(when: Any) -> Selected:
        return select(
            events,
            area=area,
            period=when,
            method="dual_kde",
            cell_size=cell_size,
            grid=grid,
            cells=grid is not None,
            least=LEAST_EVENTS,
        )

    chosen = first(period)
    if column is not None:
        if reach is None:
            raise InputError(
                "`bandwidth` must be a distance where `other` has a column of numbers. Got 'auto'. Write 800 (metres) or '800m'."
            )
        found = exposure_of(other, column, crs=chosen.rows.crs, area=chosen.area, step=reach.value / NODES_OTHER)
        return chosen, _Other(found.x, found.y, found.value, column, found.words, None)
    second = _second(other, chosen, period)
    if period is None and second.period != chosen.period:
        start, end = max(second.period[0], chosen.period[0]), min(second.period[1], chosen.period[1])
        if start >= end:
            raise InputError(
                f"`other` must cover some of the time of `events`. Got {period_words(*second.period)} and {period_words(*chosen.period)}. Give `period`."
            )
        chosen, second = first((start, end)), _second(other, chosen, (start, end))
        common = Setting(period_words(start, end), "sara", "what both files cover")
        chosen = replace(chosen, settings={**chosen.settings, "period": common})
    x, y, n, _ = together(second)
    if second.rows.crs is not None and second.rows.crs != chosen.rows.crs:
        moved = gpd.GeoSeries(gpd.points_from_xy(x, y), crs=second.rows.crs).to_crs(chosen.rows.crs)
        x, y = moved.x.to_numpy(), moved.y.to_numpy()
    noun = second.noun if second.noun != chosen.noun else f"other {second.noun}"
    return chosen, _Other(x, y, n, noun, f"{second.counts.rows_used:,} {noun}", second.counts)


def _second(other: Any, chosen: Selected, period: Any) -> Selected:
    crs = chosen.rows.crs
    ground = chosen.area if crs is None else gpd.GeoSeries([chosen.area], crs=crs)
    return select(other, area=ground, period=period, method="dual_kde", cells=False, least=LEAST_EVENTS)


def _pair(x: Floats, y: Floats, n: Floats, other: _Other) -> Pair:
    """Return each place once, with what it holds of either."""
    places, back = np.unique(np.r_[np.c_[x, y], np.c_[other.x, other.y]], axis=0, return_inverse=True)
    back = back.ravel()
    one = np.bincount(back[: len(x)], n, len(places)).astype(float)
    two = np.bincount(back[len(x) :], other.value, len(places)).astype(float)
    return Pair(places[:, 0], places[:, 1], one, two, labelled=other.counts is not None)


def _table(
    chosen: Selected, cells: Cells, other: _Other, found: Ratio, bandwidth: float, kernel: str, rate: float
) -> gpd.GeoDataFrame:
    """Return one row per cell; what can't be told is missing."""
    assert chosen.code is not None
    p_adjusted = np.full(len(found.p), np.nan)
    p_adjusted[~found.few] = benjamini_hochberg(found.p[~found.few])
    sure = ~found.few & (np.nan_to_num(p_adjusted, nan=1.0) <= rate + 1e-12)
    share = inside_share(cells, Raster(lattice_of(*cells.centres(), least=cells.cell_size), bandwidth=bandwidth, kernel=kernel))
    held = cells.counts(cells.locate(other.x, other.y), other.value)[cells.member]
    log_ratio, z, p = (np.where(found.few, np.nan, values) for values in (found.log_ratio, found.z, found.p))
    values = {
        "n": cells.counts(chosen.code, chosen.rows.n)[cells.member].astype(np.int64),
        "n_other": held if other.counts is None else held.astype(np.int64),
        "density": found.one / share * 1e6, "density_other": found.two / share * 1e6, "log_ratio": log_ratio, "ratio": np.exp(log_ratio),
        "z": z, "p": p, "p_adjusted": p_adjusted, "is_high": sure & (found.z > 0), "is_low": sure & (found.z < 0), "too_few": found.few,
    }  # fmt: skip
    table = cells.frame()
    for place, (name, column) in enumerate(values.items(), start=2):
        table.insert(place, name, column)
    return table


def _areas(chosen: Selected, cells: Cells, found: Ratio, table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Dissolve high cells; their excess is over what the other would lead one to expect."""
    total = float(table["n"].sum())
    expected = found.two * cells.inside_km2()
    expected *= total / max(float(expected.sum()), 1e-300)
    above, p = np.zeros(cells.member.shape), np.ones(cells.member.shape)
    above[cells.member] = table["n"].to_numpy() - expected
    p[cells.member] = table["p_adjusted"].fillna(1.0)
    hot = np.zeros(cells.member.shape, dtype=bool)
    hot[cells.member] = table["is_high"]
    return cell_areas(chosen, above, hot, p, contiguity="queen", word="High area")


def _anywhere(pair: Pair, chosen: Selected, bandwidth: float, kernel: str, n_sims: int, seed: int) -> float:
    """Ask random deals on a raster of a quarter of the reach whether there is any difference at all."""
    step = bandwidth * (1 if kernel == "quartic" else PER_SIGMA) / NODES
    minx, miny, maxx, maxy = chosen.area.bounds
    columns, rows = (max(1, int(np.ceil(side / step))) for side in (maxx - minx, maxy - miny))
    lattice = Lattice(minx + step / 2, miny + step / 2, step, step, columns, rows)
    x, y = np.meshgrid(lattice.x0 + np.arange(columns) * step, lattice.y0 + np.arange(rows) * step)
    shapely.prepare(chosen.area)
    inside = shapely.intersects_xy(chosen.area, x.ravel(), y.ravel()).reshape(rows, columns)
    return anywhere(pair, inside, lattice, bandwidth=bandwidth, kernel=kernel, n_sims=n_sims, seed=seed)


def _in_both(events: Any, other: Any) -> tuple[str, ...]:
    """Warn of events that stand in both tables: set against themselves, they pull every ratio towards 1."""
    if not (isinstance(events, gpd.GeoDataFrame) and isinstance(other, gpd.GeoDataFrame)):
        return ()
    names = [t[["source", "id", "x", "y"]].dropna().astype({"source": str, "id": str}).drop_duplicates() for t in (events, other)]
    n = len(names[0].merge(names[1]))
    if n == 0:
        return ()
    return (
        f"{n:,} events are in both tables and are set against themselves, which pulls the ratio towards 1. Leave them out of `other`.",
    )


def _series_words(spread: float, noun: str) -> tuple[str, ...]:
    if spread < WORTH_SAYING:
        return ()
    return (
        f"The {noun} of one place come in series: they vary {spread:.1f} times as much from place to place as single ones would, and the tolerance was widened "
        "by that. A series at one address can still make a place high.",
    )


def _few_setting(labelled: bool) -> Setting:
    if labelled:
        return Setting(
            LEAST_OTHER, "sara", "a cell needs as many events of the rarer kind to be expected, in effect, under the kernel"
        )
    return Setting(LEAST_EXPECTED, "sara", "a cell needs as many events to be expected under the kernel")
