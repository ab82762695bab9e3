"""How much of what came later lies where a map said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.checks import check_choice, check_confidence, check_count, check_events
from sara.core.engine import counts_by_period
from sara.core.errors import InputError
from sara.core.period import resolve_period
from sara.core.result import Counts, Setting
from sara.core.source import EventSource, as_source
from sara.core.units import period as parse_period
from sara.core.wording import percent
from sara.hotspots._evidence.curve import PAI, Band, Curve, HitCurve, band, hit_curve, ranked
from sara.hotspots._evidence.ranking import Ranking, days_expected, ranking_of
from sara.hotspots._ground.area import select
from sara.hotspots._result import HotspotResult
from sara.hotspots._results.accuracy import AccuracyResult

__all__ = ["accuracy"]

Floats = npt.NDArray[np.float64]

SHARES = (0.005, 0.01, 0.02, 0.05)
# The area of which the text speaks.
HEADLINE = 0.01
# Points of the curve: close together at the start, where maps differ.
POINTS = 160
# Calls follow the week; below this many days there are too few weeks to draw from.
LEAST_DAYS = 56
FEW_EVENTS, FEW_DAYS = 30, 28
# Rows that begin or end this much inside what the file covers were cut by a filter.
SILENCE = pd.Timedelta(days=31)
DAY = pd.Timedelta(days=1)


def accuracy(
    result: HotspotResult,
    later_events: gpd.GeoDataFrame | EventSource,
    *,
    km2: float | Sequence[float] | None = None,
    shares: Sequence[float] = SHARES,
    km: float | Sequence[float] | None = None,
    streets: gpd.GeoDataFrame | None = None,
    ties: str = "lowest",
    n_sims: int = 999,
    seed: int = 1,
    confidence: float = 0.95,
    period: Any = None,
) -> AccuracyResult:
    """Test a map on events that came after it.

    Answers "how much of it would we have met there?". Use `compare` to set methods against each other over many periods.

    Parameters
    ----------
    result : HotspotResult
        A map: cells are ranked by their score (count, z, density), named areas, clusters and streets by events per area or length.
    later_events : GeoDataFrame or EventSource
        Events from the end of the map's own period on. Earlier ones are refused: a map is not tested on what made it.
    km2 : float or list of float, optional
        Areas in km2 at which to give the numbers, besides `shares`.
    shares : list of float
        The same as shares of the study area: 0.01 is 1 %.
    km : float or list of float, optional
        The same in km of street, for maps of streets or with `streets`.
    streets : GeoDataFrame, optional
        A street layer: ground is then measured in km of street inside each cell or area, not in km2.
    ties : {"lowest", "expected"}
        Of cells with the same score, the one with fewest later events comes first (nobody can do worse), or they come in evenly, as on average
        over all orders.
    n_sims : int
        Draws for the interval.
    seed : int
        Seed of the draws.
    confidence : float
        Of the interval.
    period : pair of dates, optional
        First and last day of the test. If not given, from the end of the map's period to the end of what the file covers.

    Returns
    -------
    AccuracyResult
        ``table``: one row per area: ``area``, ``share_area``, ``km2`` (or ``km``), ``units``, ``n``, ``hit_rate`` with ``low`` and ``high``,
        ``pai`` with ``pai_low`` and ``pai_high``, ``pai_best``, ``pei``, ``pei_nij``, ``recapture_rate``, ``recovery``, ``per_km2``.
        ``curve``: share of events against share of area, with its band. ``pai`` and ``hit_rate``: of the row the text speaks of.

    Raises
    ------
    InputError
        If `later_events` or `period` begin before the map's period ends, or an argument is not what it must be.
    NotEnoughDataError
        If no later event lies in the study area.

    Notes
    -----
    With n of N later events in an area a of A: ``hit_rate = n / N``; ``pai = (n / N) / (a / A)``, 1 on all of the area; ``pei = PAI / PAI*``,
    PAI* of the best possible choice of exactly as much ground (a part of a cell allowed); ``pei_nij = n / n_max`` over whole cells only, as the NIJ
    challenge counted, the same number where the area is a whole number of cells; ``recapture_rate = (n2 / n1) / (N2 / N1)``, 1 where the area
    keeps its share of the events; ``recovery``: events expected there by the map (its ``expected``, else its own count; either
    brought from the days it stands for to the length of the test), by those that came; ``per_km2``: search efficiency, events per km2 searched.

    A cell counts with its surface inside the study area. Where an area ends within a cell, that part of the cell's events counts. Areas that
    overlap are counted once. Beyond the outlined areas the rest of the study area follows as one, so that the curve there is a straight line; the
    best possible outlines are not known, so `pai_best` and `pei` are missing for them. In the curve equal scores always come in evenly.

    The interval holds for this map and more time like the later one: weeks (days, where there are fewer than 56) are drawn with replacement,
    all events of a week together, and the interval is never narrower than the exact binomial one. PAI rises as the area shrinks: compare
    maps at the same area only.

    References
    ----------
    Chainey, Tompson & Uhlig (2008), Security Journal 21, 4-28. doi:10.1057/palgrave.sj.8350066
    Levine (2008), Security Journal 21, 295-302. doi:10.1057/palgrave.sj.8350075
    Hunt (2016), thesis, George Mason University: prediction efficiency index.
    Bowers, Johnson & Pease (2004), British Journal of Criminology 44(5), 641-658. doi:10.1093/bjc/azh036
    Drawve & Wooditch (2019), Journal of Criminal Justice 62, 1-11: street length in place of area.

    Examples
    --------
    >>> import sara
    >>> calls = sara.datasets.load("riverton_calls").query("category == 'disorder'")
    >>> first = sara.hotspots.count(calls, area=sara.datasets.load("riverton_areas"), period=("2023-03-01", "2024-02-29"))
    >>> test = sara.hotspots.accuracy(first, calls, period=("2024-03-01", "2024-08-31"))
    >>> 0 < test.hit_rate < 1 < test.pai
    True
    """
    confidence = check_confidence(confidence)
    n_sims = check_count(n_sims, name="n_sims", least=99)
    seed = check_count(seed, name="seed", least=0)
    check_choice(ties, ("lowest", "expected"), name="ties")
    ranking = ranking_of(result, streets=streets)
    measure = "km" if streets is not None or ranking.kind == "streets" else "km2"
    sizes = _sizes(ranking, measure, km2=km2, km=km, shares=shares)
    asked = _later_period(result, later_events, period)
    chosen = select(later_events, area=_ground(result, ranking), period=asked, method="accuracy", cells=False, when=True)
    assert chosen.rows.day is not None
    unit = ranking.locate(chosen.rows.x, chosen.rows.y)
    inside = unit >= 0
    unit, n, day = unit[inside], chosen.rows.n[inside].astype(float), chosen.rows.day[inside]
    counts = _counts(chosen.counts, int(n.sum()), ranking)
    days = _days(chosen.period)
    expected = _expected(result, ranking, days)
    observed = np.bincount(unit, weights=n, minlength=len(ranking.size)).astype(float)
    curve = Curve.of(ranking.score, observed, ranking.size, before=ranking.before, expected=expected, ties=ties)
    even = _even(ranking, observed)
    block = (day - day.min()) // 7 if days >= LEAST_DAYS else day
    total = float(ranking.size.sum())
    fixed = np.array([size for _, size in sizes])
    draw = partial(band, unit=unit, block=block, n=n, n_sims=n_sims, seed=seed, confidence=confidence)
    table = _table(sizes, curve, draw(curve.forecast, at=fixed), measure)
    line = _line(even, draw, curve.best, np.unique(np.r_[0.0, np.geomspace(5e-4, 1, POINTS), fixed / total]), measure)
    if _outlines(ranking):
        # Of all shapes that could have been outlined, the best are not known.
        table[["pai_best", "pei", "pei_nij"]], line["best"] = np.nan, np.nan
    headline = 0 if km2 is not None or km is not None or _outlines(ranking) else _nearest(table["share_area"], HEADLINE)
    settings = {
        **chosen.settings,
        "period": Setting(chosen.settings["period"].value, "you" if period is not None else "sara", "" if period is not None else "from the end of the map's own period"),
        "ties": Setting(ties, "sara" if ties == "lowest" else "you", "of equal scores the cell with fewest later events first" if ties == "lowest" else "equal scores come in evenly"),
        "blocks": Setting("weeks" if days >= LEAST_DAYS else "days", "sara", f"{len(np.unique(block)):,} of them are drawn with replacement"),
        "n_sims": Setting(n_sims, "sara" if n_sims == 999 else "you"),
        "seed": Setting(seed, "sara" if seed == 1 else "you"),
        "confidence": Setting(confidence, "sara" if confidence == 0.95 else "you"),
    }  # fmt: skip
    return AccuracyResult(
        table=table, curve=line, settings=settings, counts=counts, cautions=(*_cautions(observed.sum(), days, ranking, fixed), *chosen.cautions), period=chosen.period,
        chosen_on=result.period, method=result.method, units=ranking.kind, noun=chosen.noun, source=chosen.rows.source, headline=headline,
    )  # fmt: skip


def _expected(result: HotspotResult, ranking: Ranking, days: float) -> Floats:
    """Return the events that the map expects of each unit in as many days as the test has."""
    own = ranking.before * days / _days(result.period)
    if ranking.expected is None:
        return own
    # A unit without an expectation (a rate without a population) is expected to stay as it was.
    return np.where(np.isfinite(ranking.expected), ranking.expected * days / days_expected(result), own)


def _numbers(observed: Floats, predicted: Floats, area: Floats, *, ties: str = "lowest") -> PAI:
    """Return the accuracy after each unit of the ranking by `predicted`."""
    curve = Curve.of(predicted, observed, area, before=observed, expected=predicted, ties=ties)
    return curve.numbers(curve.forecast.size[1:])


def _even(ranking: Ranking, observed: Floats) -> HitCurve:
    """Return the curve with equal scores coming in evenly: the order of a tie means nothing, and would draw steps that are not there."""
    return hit_curve(observed, ranking.size, ranked(ranking.score, observed), ranking.score)


def _line(forecast: HitCurve, draw: Callable[..., Band], best: HitCurve, share: Floats, measure: str) -> pd.DataFrame:
    at, n_all = share * forecast.size[-1], forecast.hits[-1]
    drawn = draw(forecast, at=at)
    return pd.DataFrame({
        "share_area": share, measure: at, "share_events": forecast.at(at) / n_all, "low": drawn.low, "high": drawn.high, "best": best.at(at) / n_all,
    })  # fmt: skip


def _table(sizes: list[tuple[str, float]], curve: Curve, drawn: Band, measure: str) -> pd.DataFrame:
    at = np.array([size for _, size in sizes])
    found, low, high = curve.numbers(at), drawn.low, drawn.high
    return pd.DataFrame({
        "area": [words for words, _ in sizes], "share_area": found.share, measure: at, "units": curve.forecast.units_within(at), "n": found.n,
        "hit_rate": found.hit_rate, "low": low, "high": high, "pai": found.pai, "pai_low": low / found.share, "pai_high": high / found.share,
        "pai_best": found.pai_best, "pei": found.pei, "pei_nij": found.pei_nij, "recapture_rate": found.recapture_rate,
        "recovery": found.recovery, f"per_{measure}": found.n / at,
    })  # fmt: skip


def _sizes(ranking: Ranking, measure: str, *, km2: Any, km: Any, shares: Any) -> list[tuple[str, float]]:
    """Return the areas asked for, in words and in km2 (or km)."""
    total = float(ranking.size.sum())
    wrong = km2 if measure == "km" else km
    if wrong is not None:
        other, use = ("km2", "km") if measure == "km" else ("km", "km2")
        raise InputError(f"`{other}` does not fit a map measured in {measure}. Got {wrong!r}. Write {use}={_as_list(wrong)[0]!r}")
    out = []
    if _outlines(ranking):
        held = ranking.size[: ranking.n_chosen]
        out.append(
            (
                f"the {ranking.n_chosen:,} areas of the map" if ranking.n_chosen > 1 else "the one area of the map",
                float(held.sum()),
            )
        )
    given, name = (km, "km") if measure == "km" else (km2, "km2")
    asked = []
    for value in _as_list(given):
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 < value <= total * (1 + 1e-9):
            raise InputError(
                f"`{name}` must be above 0 and at most the study area ({total:,.4g} {name}). Got {value!r}. Write {name}={total / 100:.2g}"
            )
        asked.append((f"the first {value:g} {name}", float(value)))
    for value in _as_list(shares):
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 < value <= 1:
            raise InputError(f"`shares` must be above 0 and at most 1. Got {value!r}. Write 0.01 for 1 %.")
        out.append((percent(value), float(value) * total))
    return [*asked, *out]


def _outlines(ranking: Ranking) -> bool:
    """Return whether the map outlines a part of the study area. Named areas tile it: all of them together are no finding."""
    return ranking.kind == "areas" and len(ranking.size) > ranking.n_chosen > 0


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return [value] if isinstance(value, (int, float, str)) else list(value)


def _later_period(result: HotspotResult, later: Any, period: Any) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the period of the test; refuse one that begins before the map's own period ends."""
    known_until = result.period[1]
    day = f"{known_until:%Y-%m-%d}"
    if period is not None:
        start, end = parse_period(period)
        if start < known_until:
            raise InputError(
                f"`period` must begin when the map's own period has ended ({day}). Got {start:%Y-%m-%d}: rows that made a map flatter it. "
                f"Write: period=({day!r}, ...)"
            )
        return start, end
    source = as_source(later)
    if source is None:
        times = check_events(later, name="later_events")["time"].dropna()
        first, last, early = times.min(), times.max(), int((times < known_until).sum())
    else:
        held = counts_by_period(source, freq="D").dropna(subset=["period"])
        stamps = pd.to_datetime(held["period"].astype("int64"), unit="D")
        first, last = stamps.min(), stamps.max()
        early = int(held["n"][(stamps < known_until).to_numpy()].sum())
    if early:
        raise InputError(
            f"`later_events` must begin when the map's own period has ended ({day}). Got {early:,} earlier events, from {first:%Y-%m-%d} on: rows that "
            f"made a map flatter it. Write: later = events[events['time'] >= {day!r}], or period=({day!r}, ...)"
        )
    _, end, _ = resolve_period(later)
    start = known_until if pd.isna(first) or first - known_until <= SILENCE else first.normalize()
    if not pd.isna(last) and (end - last > SILENCE or end <= start):
        end = last.normalize() + DAY
    return start, max(end, start + DAY)


def _ground(result: HotspotResult, ranking: Ranking) -> Any:
    """Return the study area as `select` takes it: a bare polygon in the map's own coordinates, with their name."""
    crs = result.areas.crs
    return gpd.GeoSeries([ranking.area], crs=crs) if crs is not None else ranking.area


def _counts(counts: Counts, n_used: int, ranking: Ranking) -> Counts:
    far = counts.rows_used - n_used
    reason = f"farther than {50:g} m from every street" if ranking.kind == "streets" else "outside the map"
    return Counts(counts.rows_in, n_used, {**counts.left_out, reason: far})


def _days(period: tuple[pd.Timestamp, pd.Timestamp]) -> float:
    return float((period[1] - period[0]) / DAY)


def _nearest(values: pd.Series, wanted: float) -> int:
    return int(np.argmin(np.abs(values.to_numpy() - wanted)))


def _cautions(n: float, days: float, ranking: Ranking, sizes: Floats) -> tuple[str, ...]:
    told = []
    if n < FEW_EVENTS:
        told.append(f"Only {n:,.0f} later events: the numbers may be very different in the next period.")
    if days < FEW_DAYS:
        told.append(
            f"The test covers {days:.0f} days: a map may look good or bad for as short a time by chance. See sara.hotspots.compare."
        )
    if _outlines(ranking) and np.isfinite(ranking.score[:1]).all():
        held = float(ranking.size[: ranking.n_chosen].sum())
        if (sizes > held * (1 + 1e-9)).any():
            told.append(
                f"Areas beyond the {held:.2g} that the map outlines are filled with the rest of the study area, unranked."
            )
    told.append("PAI rises as the area shrinks: compare maps at the same area and over the same period only.")
    return tuple(told)
