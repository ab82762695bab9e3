"""Where could it happen again soon? Zones around what has just happened, and whether this file gives reason to draw them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from sara.core.checks import check_confidence, check_count, check_seed, record_of
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.period import Period
from sara.core.result import Counts, Setting
from sara.core.source import EventSource
from sara.core.stats.fdr import benjamini_hochberg
from sara.core.stats.knox import Knox, knox
from sara.core.units import metres, timestamp
from sara.core.wording import dedupe_known
from sara.hotspots._ground.area import Selected, select
from sara.hotspots._ground.areas import finish_areas, place_words
from sara.hotspots._over_time.near_repeats import History, history, ratio_limits, snapped
from sara.hotspots._results.near_repeat import NearRepeatResult

__all__ = ["near_repeat_zones"]

Ints = npt.NDArray[np.int64]

LEAST_EVENTS = 100
# Pairs times deals; more deals than this allows take longer than their last digit is worth, but 99 are always made.
MOST_WORK, LEAST_DEALS = 400_000_000, 99
# Reports at the same point within this time are taken for one event told twice; above this share of events the answer would be theirs.
SAME, MOST_SAME = pd.Timedelta(minutes=30), 0.005
PURPOSE = (
    "These zones are for telling neighbors and for locks, lights and repairs while it matters; they are no list of places to send cars to, and "
    "they say nothing about any person."
)
HELP = "These are calls for help: no zone is drawn, because it would show who asked for it."


def near_repeat_zones(
    events: gpd.GeoDataFrame | EventSource,
    *,
    distance: float | str = "200m",
    days: int = 14,
    as_of: Any = None,
    area: Any = None,
    n_sims: int = 999,
    seed: int | None = 1,
    confidence: float = 0.95,
    period: Any = None,
) -> NearRepeatResult:
    """Draw zones around recent events, if events in this file are followed by others close by.

    Answers "who should be warned now?". Use `clusters` for places that last.

    Parameters
    ----------
    events : GeoDataFrame or EventSource
        One kind of event (burglaries, thefts), one row each, from `as_events` or a reader, passed through `sara.dedupe`; dates without a time
        will do. Rows without a location are left out and counted.
    distance : float or str
        How near another event has to be, in metres or with a unit.
    days : int
        How soon: less than this many days apart.
    as_of : date, optional
        The morning for which zones are drawn; nothing of that day or later is used. If not given, the end of the period.
    area : GeoDataFrame, GeoSeries or polygon, optional
        The study area. If not given, the box around the middle 99 % of the locations, with a caution.
    n_sims : int
        How often times are dealt at random; fewer where there are millions of pairs (recorded in ``settings``).
    seed : int or None
        Makes the deals repeatable; None deals anew each time.
    confidence : float
        Level of the interval and, as 1 minus it, of the test.
    period : pair of dates, optional
        First and last day. If not given, what the file covers.

    Returns
    -------
    NearRepeatResult
        ``table`` and ``areas``: the zones of now, dissolved where they overlap, ``n`` recent events in each; none where the file shows no near
        repeats. ``ratio``, ``low``, ``high``, ``p``: pairs nearer than `distance` and `days` against what chance would give. ``bands``: the same by band:
        ``distance_from``, ``distance_to`` (metres), ``days_from``, ``days_to`` (the right edges are not part of a band), ``n`` (pairs), ``expected``, ``ratio``,
        ``p``, ``p_adjusted`` (Benjamini-Hochberg over the bands). ``hit_share``, ``chance_share``, ``area_share``: see Notes.

    Raises
    ------
    InputError
        If reports of one event were not merged: they would be their own near repeats. Or an argument is not what it must be.
    NotEnoughDataError
        If fewer than 100 events are left.

    Notes
    -----
    Knox's test: pairs near in space and time against times dealt at random to the events (`sara.core.stats.knox`). It takes lasting hot spots
    into account, but not places that become hot, or cool, over years, which look like near repeats too: give two or three years, not ten. The
    interval is from the spread between blocks of time and blocks of space, the wider of the two.

    What zones would have been worth is measured on the file itself: each morning, zones are drawn from the `days` days before, and the events of
    the day are looked up in them. ``hit_share`` of events lay in a zone, on ``area_share`` of the study area; ``chance_share`` would have if the
    same places had been hit on other dates. The first two say how good a map it is, the third how much of that the recent dates bring.

    Zones are drawn around the middle of a square of half the distance, not around the address, and never for calls for help.
    Coordinates moved to the middle of a block make repeats at the same point out of near ones.

    References
    ----------
    Knox (1964), Applied Statistics 13(1), 25-29. doi:10.2307/2985220
    Ratcliffe & Rengert (2008), Security Journal 21, 58-76. doi:10.1057/palgrave.sj.8350068
    Ornstein & Hammond (2017), in Fox et al., PLOS ONE 12. doi:10.1371/journal.pone.0186310

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from sara.data import as_events
    >>> from sara.hotspots import near_repeat_zones
    >>> rng = np.random.default_rng(1)
    >>> first = pd.DataFrame({"east": rng.uniform(0, 9000, 300), "north": rng.uniform(0, 9000, 300), "day": rng.integers(0, 360, 300)})
    >>> again = first.assign(east=first["east"] + 60, day=first["day"] + 4)
    >>> both = pd.concat([first, again]).assign(when=lambda t: pd.Timestamp("2023-01-01") + pd.to_timedelta(t["day"], unit="D"))
    >>> calls = as_events(both, time="when", x="east", y="north", crs=32616)
    >>> zones = near_repeat_zones(calls, n_sims=99)
    >>> bool(zones.ratio > 5), zones.p, len(zones.areas) > 0
    (True, 0.01, True)
    """
    reach = metres(distance, name="distance")
    days = check_count(days, name="days", least=2)
    n_sims, seed = check_count(n_sims, name="n_sims", least=19), check_seed(seed)
    confidence = check_confidence(confidence)
    chosen = select(events, area=area, period=period, method="near_repeat_zones", cells=False, least=1, when=True)
    told = _merged(events, chosen)
    chosen, moment, setting = _as_of(chosen, as_of)
    if chosen.counts.rows_used < LEAST_EVENTS:
        raise NotEnoughDataError(
            f"near_repeat_zones needs at least {LEAST_EVENTS} events with a location before {moment:%Y-%m-%d}. Got {chosen.counts.rows_used}. Try a longer period, or "
            "sara.hotspots.clusters."
        )
    x, y, day = _each(chosen)
    found, n_deals = _bands(x, y, day, reach, days, n_sims=n_sims, seed=seed)
    window = (slice(0, _upto(_distances(reach), reach)), slice(0, _upto(_days(days), days)))
    ratio, p = _whole(found, window)
    low, high = ratio_limits(x, y, day, distance=reach, days=days, confidence=confidence)
    past = history(chosen.area, x, y, day, distance=reach, days=days, first=_day(chosen.period[0]), last=_day(moment), seed=seed)
    shown = p <= 1 - confidence + 1e-12 and ratio > 1
    areas = _zones(chosen, reach, days, _day(moment), draw=shown)
    if areas.attrs["sara"].get("calls_for_help"):
        areas, told = areas.iloc[:0], (*told, HELP)
    settings = {
        **chosen.settings, "as_of": setting,
        "distance": Setting(reach, "sara" if distance == "200m" else "you", "metres"),
        "days": Setting(days, "sara" if days == 14 else "you", "days"),
        "n_sims": Setting(n_deals, "you" if n_deals == n_sims and n_sims != 999 else "sara", "" if n_deals == n_sims else f"fewer, for {int(found.space.sum()):,} pairs of places"),
        "confidence": Setting(confidence, "sara" if confidence == 0.95 else "you"),
        "seed": Setting(seed, "sara" if seed == 1 else "you"),
    }  # fmt: skip
    return NearRepeatResult.of(
        chosen, table=areas.copy(), areas=areas, method="near_repeat_zones", settings=settings, cautions=(*chosen.cautions, *told, PURPOSE),
        bands=_bands_table(found, reach, days), as_of=moment, ratio=ratio, low=low, high=high, p=p, recent=int(np.sum(day >= _day(moment) - days)), **_shares(past),
    )  # fmt: skip


def _merged(events: Any, chosen: Selected) -> tuple[str, ...]:
    """Refuse reports of one event that were not merged; say so where that can't be seen."""
    if isinstance(events, gpd.GeoDataFrame) and dedupe_known(events):
        return ()
    noun = chosen.noun
    if not isinstance(events, gpd.GeoDataFrame) or record_of(events).get("time_precision") == "day":
        rows = chosen.rows
        spot = pd.DataFrame({"x": rows.x, "y": rows.y, "day": rows.day, "n": rows.n}).groupby(["x", "y", "day"])["n"].sum()
        again = int((spot - 1).sum())
        return (
            (
                f"{again:,} {noun} are at the same point on the same day as another: if they are reports of one event, merge them first.",
            )
            if again
            else ()
        )
    start, end = chosen.period
    rows = events[(events["time"] >= start) & (events["time"] < end) & events["x"].notna() & events["y"].notna()]
    ordered = rows.sort_values(["x", "y", "time"], kind="stable")
    same = (ordered["x"].diff() == 0) & (ordered["y"].diff() == 0) & (ordered["time"].diff() <= SAME)
    n_same = int(same.sum())
    if n_same > MOST_SAME * max(1, len(rows)):
        raise InputError(
            f"`events` must hold each event once: {n_same:,} of {len(rows):,} {noun} are at the same point within {SAME.seconds // 60} minutes of another, and reports of "
            "one event would be near repeats of themselves. Write: events = sara.dedupe(events)"
        )
    return (
        (f"{n_same:,} {noun} are at the same point within half an hour of another; sara.dedupe merges reports of one event.",)
        if n_same
        else ()
    )


def _as_of(chosen: Selected, as_of: Any) -> tuple[Selected, pd.Timestamp, Setting]:
    """Return the selection before the morning of `as_of`, and that morning."""
    start, end = chosen.period
    if as_of is None:
        moment = end.ceil("D")
        return chosen, moment, Setting(f"{moment:%Y-%m-%d}", "sara", "the day after the last")
    moment = timestamp(as_of, name="as_of").normalize()
    if not start < moment <= end.ceil("D"):
        raise InputError(
            f"`as_of` must lie in the period, {start:%Y-%m-%d} to {end.ceil('D'):%Y-%m-%d}. Got {moment:%Y-%m-%d}. Write as_of='{end.ceil('D'):%Y-%m-%d}'"
        )
    assert chosen.rows.day is not None
    before = chosen.rows.day < _day(moment)
    later = int(chosen.rows.n[~before].sum())
    left_out = {**chosen.counts.left_out, "on `as_of` or later": later}
    counts = Counts(chosen.counts.rows_in, chosen.counts.rows_used - later, left_out)
    period: Period = (start, moment)
    rows = replace(chosen.rows.only(before), period=period)
    return replace(chosen, rows=rows, counts=counts), moment, Setting(f"{moment:%Y-%m-%d}", "you")


def _day(moment: pd.Timestamp) -> int:
    return int(np.datetime64(moment, "D").astype(np.int64))


def _each(chosen: Selected) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], Ints]:
    """Return x, y and day of each event, in an order of their own."""
    rows = chosen.rows
    assert rows.day is not None
    order = np.lexsort((rows.day, rows.y, rows.x))
    times = rows.n[order]
    return np.repeat(rows.x[order], times), np.repeat(rows.y[order], times), np.repeat(rows.day[order], times)


def _distances(reach: float) -> list[float]:
    return sorted({0.0, *([1.0] if reach > 2 else []), reach / 2, reach, 1.5 * reach, 2 * reach})


def _days(days: int) -> list[int]:
    half = -(-days // 2)
    return sorted({0, half, days, days + half, 2 * days})


def _upto(edges: list[Any], edge: float) -> int:
    return edges.index(edge)


def _bands(x: Any, y: Any, day: Ints, reach: float, days: int, *, n_sims: int, seed: int | None) -> tuple[Knox, int]:
    first = knox(x, y, day, distances=_distances(reach), days=_days(days), n_sims=0)
    n_deals = min(n_sims, max(LEAST_DEALS, MOST_WORK // max(1, int(first.space.sum()))))
    return knox(x, y, day, distances=_distances(reach), days=_days(days), n_sims=n_deals, seed=seed), n_deals


def _whole(found: Knox, window: tuple[slice, slice]) -> tuple[float, float]:
    """Return ratio and p of all bands of the window together."""
    observed, expected = int(found.observed[window].sum()), float(found.expected[window].sum())
    dealt = found.simulated[:, window[0], window[1]].sum(axis=(1, 2))
    p = (1 + int(np.sum(dealt >= observed))) / (1 + len(dealt))
    return (observed / expected if expected > 0 else float("nan")), p


def _bands_table(found: Knox, reach: float, days: int) -> pd.DataFrame:
    distances, spans = _distances(reach), _days(days)
    rows, columns = found.observed.shape
    a, b = np.divmod(np.arange(rows * columns), columns)
    return pd.DataFrame({
        "distance_from": np.array(distances)[a], "distance_to": np.array(distances)[a + 1], "days_from": np.array(spans)[b], "days_to": np.array(spans)[b + 1],
        "n": found.observed.ravel(), "expected": found.expected.ravel(), "ratio": found.ratio.ravel(), "p": found.p.ravel(),
        "p_adjusted": benjamini_hochberg(found.p.ravel()),
    })  # fmt: skip


def _zones(chosen: Selected, reach: float, days: int, today: int, *, draw: bool) -> gpd.GeoDataFrame:
    """Return the zones of this morning, dissolved."""
    rows = chosen.rows
    assert rows.day is not None
    recent = (rows.day >= today - days) & (rows.day < today) & draw
    middle = snapped(chosen.area, rows.x, rows.y, reach)
    spots = np.unique(middle[recent], axis=0)
    union = (
        shapely.intersection(shapely.union_all(shapely.buffer(shapely.points(spots), reach)), chosen.area)
        if len(spots)
        else shapely.Polygon()
    )
    parts = [part for part in shapely.get_parts(union) if part.geom_type == "Polygon" and part.area > 0]
    member = np.zeros(len(rows.x), dtype=np.int64)
    if parts:
        # The outline may run between an event and the middle of its square: its zone is the nearest.
        found, zone = shapely.STRtree(parts).query_nearest(shapely.points(rows.x[recent], rows.y[recent]), all_matches=False)
        member[np.flatnonzero(recent)[found]] = zone + 1
    ids = np.arange(1, len(parts) + 1)
    n = np.bincount(member, weights=rows.n, minlength=len(parts) + 1)[1:].astype(np.int64)
    # Zones of one event each are equal but for the last digits of their surface, which must not decide the order.
    share = np.array([part.area for part in parts]) / chosen.area.area
    frame = pd.DataFrame({"n": n, "excess": np.round(n - share * n.sum(), 6), "p_adjusted": np.full(len(parts), np.nan)})
    return finish_areas(chosen, frame, parts, place_words(chosen, member, ids), word="Zone")


def _shares(past: History) -> dict[str, Any]:
    return {
        "hit_share": past.hit_share,
        "chance_share": past.chance_share,
        "area_share": past.area_share,
        "n_tested": past.n_tested,
    }
