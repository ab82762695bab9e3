"""Events against people, addresses or other events: rates, smoothed, with the limits of what chance and usual differences do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from sara.core.checks import check_choice, check_confidence
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.result import Counts, Setting
from sara.core.source import EventSource
from sara.core.stats.fdr import benjamini_hochberg
from sara.core.stats.funnel import Spread, funnel_limits, funnel_p, rate_interval, spread_of
from sara.core.stats.shrinkage import SmoothedRates, smoothed_rates
from sara.core.wording import percent
from sara.hotspots._ground.area import Selected, select
from sara.hotspots._ground.areas import cell_areas
from sara.hotspots._ground.exposure_units import Exposure, exposure_by_unit, is_own_units
from sara.hotspots._result import figures
from sara.hotspots._results.rates import RatesResult

__all__ = ["rates"]

Floats = npt.NDArray[np.float64]

LEAST_EVENTS, LEAST_UNITS = 10, 3
# Below this many expected events a raw rate is mostly chance.
TINY = 1.0
# Below this many places the extra spread is itself a rough number.
FEW = 25
LEVELS = {"95": 0.95, "998": 0.998}
NULL = (
    "High means more events for its exposure than chance and the usual differences between places explain; it does not say why. "
    "Exposure is only as good as its source: people who work or visit there are not in a census."
)
COUNTED_WHERE = "People are counted where they sleep: city centers, stations and malls have high rates because few live there."


@dataclass(frozen=True, eq=False)
class Rates:
    """One number per unit with exposure; rates per unit of exposure."""

    expected: Floats
    rate: Floats
    low: Floats
    high: Floats
    smoothed: Floats
    ratio: Floats
    limits: dict[str, tuple[Floats, Floats]]
    p: Floats
    p_adjusted: Floats
    p_chance: Floats
    overall: float
    spread: Spread
    shrunk: SmoothedRates | None


def rates(
    events: gpd.GeoDataFrame | EventSource,
    exposure: Any,
    *,
    area: Any = None,
    areas: Any = None,
    column: str | None = None,
    cell_size: float | str | None = None,
    shape: str = "square",
    grid: Any = None,
    smooth: str | None = "global",
    dispersion: str = "additive",
    per: float = 1000,
    confidence: float = 0.95,
    period: Any = None,
) -> RatesResult:
    """Set events against people, addresses or other events, and say which places stand out.

    Answers "where is there more than one would expect for so many people?". Use `count` for where most is, `gi_star` for cells that are high
    together with those around them.

    Parameters
    ----------
    events : GeoDataFrame or EventSource
        One row per event, from `as_events` or a reader; or a source (`sara.open_events`, the path of a Parquet file). Rows without a location
        are left out and counted.
    exposure : str, GeoDataFrame or EventSource
        What the events are set against: the name of a column of `areas`; a layer of polygons or points with a number `column` (tracts with
        population, blocks, points with residents; points without `column` count one each); or another event table, whose events of the same
        period are counted (robberies per call, complaints per inspection).
    area : GeoDataFrame, GeoSeries or polygon, optional
        The study area. If not given: all of the areas, else the box around the middle 99 % of the locations.
    areas : GeoDataFrame, optional
        Named areas (column ``name``) to work by. If not given, and `exposure` is polygons, these; else cells.
    column : str, optional
        The column of `exposure` that holds the numbers.
    cell_size, shape, grid : optional
        Cells to work by, as in `count`.
    smooth : {"global", "local"} or None
        What an uncertain rate is drawn towards: the rate of all places, that of the places around it, or nothing (``rate_smoothed`` is then
        the raw rate).
    dispersion : {"additive", "multiplicative", "none"}
        What the limits allow for besides chance: places that differ anyway, each with a relative risk of its own ("additive"); counts that
        are all as many times more variable ("multiplicative"); nothing ("none": every real difference then ends up outside).
    per : float
        Rates are per this many units of exposure.
    confidence : float
        Of the interval of each rate; 1 minus it is the false discovery rate of ``is_high`` and ``is_low``.
    period : pair of dates, optional
        First and last day. If not given, what the file covers. Rates are for the whole period, not a year.

    Returns
    -------
    RatesResult
        ``table`` (and ``grid``, of cells): row, column (or name), ``n``, ``exposure``, ``expected`` (at the overall rate), ``rate``, ``low``,
        ``high`` (exact Poisson interval), ``rate_smoothed``, ``risk_ratio`` (n / expected), ``low_95``, ``high_95``, ``low_998``, ``high_998``
        (funnel limits, as rates), ``p`` (two-sided, against these limits' distribution), ``p_adjusted`` (Benjamini-Hochberg), ``p_chance``
        (against the Poisson distribution, no usual differences allowed for), ``is_high``, ``is_low``, ``geometry``. Units without exposure have missing rates and are not tested. ``areas``: high units, dissolved where cells
        touch; ``excess`` is over the expected. ``.funnel()`` draws every unit's rate against its exposure.

    Raises
    ------
    InputError
        If the exposure is not what it must be, or is negative or zero everywhere.
    NotEnoughDataError
        If fewer than 10 events or 3 units with exposure are left.

    Notes
    -----
    Overall rate m = sum(n) / sum(exposure); expected E = m x exposure. Smoothing: Marshall's moments (`sara.core.stats.shrinkage`). Limits:
    quantiles of the gamma-Poisson distribution with mean E and variance E + tau2 E^2 (additive) or phi E (multiplicative), Poisson without
    extra spread; tau2 and phi are measured with a tenth of the places at each end drawn in, so that outliers do not hide themselves
    (`sara.core.stats.funnel`). Where tau2 > 0, "high" means: more than places here usually differ; a place can have a rate well above the
    overall one and be usual. Polygons that are not the units are spread by surface.

    References
    ----------
    Marshall (1991), Applied Statistics 40(2), 283-294. doi:10.2307/2347593
    Spiegelhalter (2005), Statistics in Medicine 24(8), 1185-1202. doi:10.1002/sim.1970
    Benjamini & Hochberg (1995), JRSS B 57(1), 289-300. doi:10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd
    >>> from shapely.geometry import box
    >>> from sara.data import as_events
    >>> from sara.hotspots import rates
    >>> east = [50] * 30 + [150] * 6 + [250] * 4
    >>> table = pd.DataFrame({"when": "2024-01-01", "east": east, "north": 50})
    >>> calls = as_events(table, time="when", x="east", y="north", crs=32616)
    >>> tracts = gpd.GeoDataFrame(
    ...     {"name": ["a", "b", "c"], "people": [1000, 1000, 2000]},
    ...     geometry=[box(0, 0, 100, 100), box(100, 0, 200, 100), box(200, 0, 300, 100)], crs=32616)
    >>> rates(calls, "people", areas=tracts).table["rate"].tolist()
    [30.0, 6.0, 2.0]
    """
    smooth = check_choice(smooth, ("global", "local", None), name="smooth")
    dispersion = check_choice(dispersion, ("additive", "multiplicative", "none"), name="dispersion")
    confidence, per = check_confidence(confidence), _checked_per(per)
    own = areas is None and grid is None and cell_size is None and shape == "square" and is_own_units(exposure)
    units_from = exposure if own else areas
    chosen = select(
        events,
        area=area,
        period=period,
        method="rates",
        cell_size=cell_size,
        grid=grid,
        shape=shape,
        areas=units_from,
        least=LEAST_EVENTS,
    )
    units = chosen.grid
    assert units is not None and chosen.code is not None
    found = exposure_by_unit(exposure, chosen, areas=units_from, column=column)
    n = units.counts(chosen.code, chosen.rows.n)[units.member]
    known = np.isfinite(found.values) & (found.values > 0)
    chosen, aside = _set_aside(chosen, n, known, units.word)
    around = units.neighbours()[known][:, known] if smooth == "local" else None
    numbers = _numbers(n[known], found.values[known], smooth=smooth, around=around, dispersion=dispersion, confidence=confidence)
    table = _table(chosen, n, found.values, known, numbers, per=per, confidence=confidence)
    difference = np.zeros(units.member.shape)
    difference[units.member] = np.where(known, n - np.nan_to_num(_spread_out(numbers.expected, known)), 0.0)
    hot, p = np.zeros(units.member.shape, dtype=bool), np.ones(units.member.shape)
    hot[units.member], p[units.member] = table["is_high"].to_numpy(), table["p_adjusted"].fillna(1.0).to_numpy()
    high = cell_areas(chosen, difference, hot, p, contiguity="queen", word="High area")
    settings = {
        **chosen.settings, **_settings(found, numbers, smooth=smooth, dispersion=dispersion, per=per, confidence=confidence),
    }  # fmt: skip
    return RatesResult.of(
        chosen, table=table, areas=high, method="rates", settings=settings, overall=numbers.overall * per, per=per, exposure_word=found.word, unit=units.word,
        spread_kind=numbers.spread.kind, spread=numbers.spread.value, n_aside=int((~known).sum()), n_beyond_chance=_beyond(numbers, confidence),
        cautions=(*chosen.cautions, *found.cautions, *aside, *_told(numbers, table, units.word), *(() if found.is_events else (COUNTED_WHERE,)), NULL),
    )  # fmt: skip


def _numbers(
    n: npt.ArrayLike, exposure: npt.ArrayLike, *, smooth: str | None = "global", around: Any = None, dispersion: str = "additive", confidence: float = 0.95
) -> Rates:  # fmt: skip
    """Return all rates of units whose exposure is above zero."""
    n, b = np.asarray(n, dtype=float), np.asarray(exposure, dtype=float)
    overall = float(n.sum() / b.sum())
    expected = overall * b
    shrunk = None if smooth is None else smoothed_rates(n, b, around=around if smooth == "local" else None)
    spread = spread_of(n, expected, kind=dispersion)
    limits = {}
    for name, level in LEVELS.items():
        low, high = funnel_limits(expected, spread, level)
        limits[name] = (low / b, high / b)
    p = funnel_p(n, expected, spread)
    p_chance = funnel_p(n, expected, spread_of(n, expected, kind="none"))
    low, high = rate_interval(n, b, confidence=confidence)
    return Rates(
        expected=expected, rate=n / b, low=low, high=high, smoothed=n / b if shrunk is None else shrunk.rate, ratio=n / expected, limits=limits,
        p=p, p_adjusted=benjamini_hochberg(p), p_chance=p_chance, overall=overall, spread=spread, shrunk=shrunk,
    )  # fmt: skip


def _checked_per(per: Any) -> float:
    if isinstance(per, bool) or not isinstance(per, int | float | np.integer | np.floating) or not np.isfinite(per) or per <= 0:
        raise InputError(f"`per` must be a number above zero. Got {per!r}. Write per=1000 for a rate per 1,000 people.")
    return float(per)


def _set_aside(chosen: Selected, n: Floats, known: npt.NDArray[np.bool_], word: str) -> tuple[Selected, tuple[str, ...]]:
    """Leave the units without exposure out, and count their events."""
    lost = int(n[~known].sum())
    before = chosen.counts
    counts = Counts(before.rows_in, before.rows_used - lost, {**before.left_out, f"in {word}s without exposure": lost})
    if known.sum() < LEAST_UNITS or counts.rows_used < LEAST_EVENTS:
        raise NotEnoughDataError(
            f"rates needs at least {LEAST_UNITS} {word}s with exposure and {LEAST_EVENTS} events in them. "
            f"Got {known.sum()} and {counts.rows_used}. Try larger cells or areas, or another exposure."
        )
    chosen = replace(chosen, counts=counts)
    if known.all():
        return chosen, ()
    share = lost / max(1, before.rows_used)
    return chosen, (
        f"{(~known).sum():,} of {len(known):,} {word}s have no exposure or none that is known; they have no rate, and their {lost:,} {chosen.noun} "
        f"({percent(share)}) are in no rate: nobody living there does not mean nobody there.",
    )


def _spread_out(values: npt.NDArray[Any], known: npt.NDArray[np.bool_], fill: Any = np.nan) -> Any:
    out = np.full(len(known), fill)
    out[known] = values
    return out


def _table(
    chosen: Selected, n: Floats, exposure: Floats, known: npt.NDArray[np.bool_], found: Rates, *, per: float, confidence: float
) -> gpd.GeoDataFrame:
    assert chosen.grid is not None
    called = found.p_adjusted <= 1 - confidence + 1e-12
    columns = {
        "expected": found.expected, "rate": found.rate * per, "low": found.low * per, "high": found.high * per,
        "rate_smoothed": found.smoothed * per, "risk_ratio": found.ratio,
        **{f"{side}_{name}": limit * per for name, pair in found.limits.items() for side, limit in zip(("low", "high"), pair, strict=True)},
        "p": found.p, "p_adjusted": found.p_adjusted, "p_chance": found.p_chance,
    }  # fmt: skip
    out = {
        "n": n.astype(np.int64),
        "exposure": exposure,
        **{name: _spread_out(values, known) for name, values in columns.items()},
    }
    for name, side in (("is_high", found.ratio > 1), ("is_low", found.ratio < 1)):
        out[name] = _spread_out(called & side, known, fill=False)
    table = chosen.grid.frame()
    for name, values in out.items():
        table.insert(len(table.columns) - 1, name, values)
    return table


def _settings(
    exposure: Exposure, found: Rates, *, smooth: str | None, dispersion: str, per: float, confidence: float
) -> dict[str, Setting]:
    default = {"global": "the rate of all places", "local": "the rate of the places around", None: ""}
    spread = found.spread
    size = f"tau2 = {spread.value:.3g}" if spread.kind == "additive" else f"phi = {spread.value:.3g}"
    extra = f"{spread.kind}, {size}" if spread.kind != "none" else "none"
    return {
        "exposure": Setting(exposure.word, "you", exposure.how),
        "per": Setting(per, "sara" if per == 1000 else "you", "rates are per this many units of exposure"),
        "overall_rate": Setting(found.overall * per, "sara", "all events over all exposure"),
        "smooth": Setting(smooth or "none", "sara" if smooth == "global" else "you", default[smooth]),
        "dispersion": Setting(extra, "sara" if dispersion == "additive" else "you", spread.how),
        "confidence": Setting(confidence, "sara" if confidence == 0.95 else "you"),
        "p_adjusted": Setting("Benjamini-Hochberg", "sara", f"{len(found.p):,} places were tested, all with exposure"),
    }


def _beyond(found: Rates, confidence: float) -> int:
    """Return how many units are above what chance alone would give."""
    return int(((benjamini_hochberg(found.p_chance) <= 1 - confidence + 1e-12) & (found.ratio > 1)).sum())


def _told(found: Rates, table: gpd.GeoDataFrame, word: str) -> tuple[str, ...]:
    told = []
    tiny = int((found.expected < TINY).sum())
    doubtful = int((table["is_high"] & (table["expected"] < TINY)).sum())
    if doubtful:
        told.append(
            f"{doubtful:,} of the high {word}s expect fewer than one event: look at their exposure first (a park, a mall, a default address)."
        )
    if tiny:
        told.append(
            f"{tiny:,} {word}s expect fewer than one event: their raw rate is mostly chance and nothing ranks by it; read `rate_smoothed`."
        )
    kind, value = found.spread.kind, found.spread.value
    if kind != "none" and found.spread.places < FEW:
        told.append(
            f"How much places usually differ was measured on {found.spread.places:,} {word}s only: the funnel limits are themselves uncertain."
        )
    if kind == "additive" and value > 0:
        told.append(
            f"Places differ by more than chance even in the middle of the field: their usual relative risks have a standard deviation of {figures(np.sqrt(value))}. "
            "The funnel limits allow for that; a place inside them is usual here, not safe."
        )
    if kind == "multiplicative" and value > 1:
        told.append(f"Counts vary {value:.2g} times as much as chance would have them; the funnel limits allow for that.")
    if found.shrunk is not None and np.all(np.asarray(found.shrunk.variance) == 0):
        told.append("The places differ no more than chance makes them: every smoothed rate is the overall rate.")
    return tuple(told)
