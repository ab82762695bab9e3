"""Similar places, chosen before the outcome is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from sara.core.checks import check_areas, check_count, check_enough, check_events, located
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.period import resolve_period
from sara.core.records import Design
from sara.core.result import Counts, Setting
from sara.core.stats.dispersion import Dispersion, Drift, place_drift, two_way_dispersion
from sara.core.stats.panel import count_panel, members, month_edges, point_tree
from sara.core.stats.shrinkage import gamma_poisson
from sara.core.units import metres, offset, period, timestamp
from sara.core.wording import noun_of, officer_caution, source_of
from sara.respond._pool import build_places

__all__ = ["comparison"]

# A place with a third or three times the events lives by other rules (crimes fall by numbers there that mean nothing here).
ALIKE = (1 / 3, 3.0)
# One unit of distance: half as many again, or a fifth of the year's events in other seasons.
_LEVEL_UNIT, _TREND_UNIT, _SEASON_UNIT = float(np.log(1.5)), float(np.log(1.5)), 0.2
# Events added to each half and to the seasons, so that trends of small places are not chance.
_TREND_PRIOR, _SEASON_PRIOR = 10.0, 20.0
LEAST_MONTHS, LEAST_EVENTS, POOL = 3, 10, 20


def comparison(
    events: gpd.GeoDataFrame,
    *,
    treated: Any,
    start: str | pd.Timestamp,
    chosen_on: tuple[Any, Any] | None = None,
    candidates: Any = None,
    n: int = 5,
    buffer: float | str = "300m",
    before: str = "24MS",
    after: str = "12MS",
) -> Design:
    """Find similar places to compare the response with, from events before it starts.

    Answers "compared with what?". Only events before `start` are used. Test the design with `power`, put it into a `Plan`.

    Parameters
    ----------
    events : GeoDataFrame
        The events the response is meant to change, from one category as a rule.
    treated : GeoDataFrame, GeoSeries or geometry
        The place that is to get the response; several polygons count as one place. A bare geometry is in the CRS of `events`.
    start : str or Timestamp
        When the response starts.
    chosen_on : (date, date), optional
        The window whose counts chose the place. Not given: the period that `treated` remembers, if it came from `sara.hotspots`.
    candidates : GeoDataFrame, optional
        Places to choose among. Not given: footprints of the treated place's size and shape laid where such events concentrate.
    n : int
        How many similar places; fewer are used where there are fewer.
    buffer : float or str
        Width of the ring in which displacement is looked for, metres or with a unit; candidates stay out of it.
    before, after : str
        Baseline and assessment windows in months: ``"24MS"``. The baseline is cut to the months there are, in whole years where it can.

    Returns
    -------
    Design
        ``table``: places with their role, counts, likeness and geometry. ``candidates_table``: all untouched places of the kind.

    Raises
    ------
    InputError
        If `treated` is not a polygon or a window is not in months.
    NotEnoughDataError
        If there are under 3 months or 10 events before `start`, or no other place has events.

    Notes
    -----
    Likeness is measured on level (log scale, shrunk towards the mean of the places so that lucky and unlucky years do not match), trend
    (second half of the baseline over the first) and the seasons' shares; places with under a third or over three times the events are
    taken only if there is no other. Candidates are laid by the counts of the window that chose the treated place, so that both regress
    to the mean alike. Dispersion: Pearson's chi-square over its degrees of freedom around place and month.

    References
    ----------
    Wheeler & Ratcliffe (2018), Crime Science 7:11. doi:10.1186/s40163-018-0085-5

    Examples
    --------
    >>> import numpy as np, pandas as pd, geopandas as gpd, sara
    >>> rng = np.random.default_rng(1)
    >>> spot = rng.integers(0, 9, 4000)
    >>> table = pd.DataFrame({"x": 500_000 + 1_500 * (spot % 3) + rng.normal(0, 60, 4000), "y": 4_500_000 + 1_500 * (spot // 3) + rng.normal(0, 60, 4000),
    ...                       "time": pd.Timestamp("2022-01-01") + pd.to_timedelta(rng.uniform(0, 730, 4000), unit="D")})
    >>> events = sara.as_events(table, time="time", x="x", y="y", crs=32616)
    >>> place = gpd.GeoSeries.from_xy([500_000], [4_500_000], crs=32616).buffer(150)
    >>> sara.respond.comparison(events, treated=place, start="2024-01-01", n=3).n
    3
    """
    events = check_events(events)
    begin = timestamp(start, name="start")
    width = metres(buffer, name="buffer")
    count = check_count(n, name="n")
    asked, months_after = _months_of(before, "before"), _months_of(after, "after")
    chosen = _chosen_on(treated, chosen_on)
    place, treated_name = _one_place(treated, events)

    first, end, coverage = resolve_period(events)
    months = _baseline(asked, first, begin)
    edges = month_edges(begin, -months, 0)
    rows = _rows_before(events, edges[0], begin, (first, end))
    known = rows.known
    assert known["time"].max() < begin, "a design may only see events before the response"
    x, y, time = known["x"].to_numpy(float), known["y"].to_numpy(float), known["time"].to_numpy("datetime64[us]")
    tree = point_tree(x, y)
    _, inside = members(tree, [place])
    check_enough(len(inside), LEAST_EVENTS, method="comparison", what="events in the treated place before the start")

    given = None if candidates is None else check_areas(candidates, name="candidates", crs=events.crs)
    pool = _pool(x, y, time, place, width, given, chosen, begin, len(inside))
    found = _numbers(tree, time, [place, *pool.geometries], edges, pool.n_given, count, months_after)
    return _design(
        events,
        rows,
        found,
        pool,
        place=place,
        name=treated_name,
        begin=begin,
        edges=edges,
        months_after=months_after,
        width=width,
        chosen=chosen,
        asked=(asked, count),
        coverage=coverage,
        points=(tree, time),
    )


@dataclass(frozen=True)
class _Found:
    """Numbers of all places (treated first): monthly counts, likeness, and which were chosen."""

    panel: np.ndarray
    level_ratio: np.ndarray
    trend: np.ndarray
    season_gap: np.ndarray
    distance: np.ndarray
    chosen: np.ndarray
    alike: bool
    dispersion: Dispersion
    drift: Drift | None


@dataclass(frozen=True)
class _Pool:
    """Untouched places: the given ones first, and how many given ones had to be left out."""

    geometries: list[BaseGeometry]
    names: list[str]
    n_given: int
    too_near: int


@dataclass(frozen=True)
class _Rows:
    known: gpd.GeoDataFrame
    counts: Counts
    last: pd.Timestamp
    used: np.ndarray


def _numbers(
    tree: shapely.STRtree,
    time: np.ndarray,
    places: list[BaseGeometry],
    edges: list[pd.Timestamp],
    n_given: int,
    n: int,
    months_after: int,
) -> _Found:
    """Count, measure likeness, choose."""
    place, point = members(tree, places, exclusive=True)
    panel = count_panel(place, time[point], len(places), edges)
    total = panel.sum(axis=1).astype(float)
    rough = two_way_dispersion(panel)
    spread = gamma_poisson(total, phi=rough.phi if np.isfinite(rough.phi) else 1.0)
    level = np.maximum(np.asarray(spread.expected(total)), 0.5)
    months = panel.shape[1]
    early, late = panel[:, : months // 2].sum(axis=1), panel[:, months - months // 2 :].sum(axis=1)
    trend = np.log((late + _TREND_PRIOR) / (early + _TREND_PRIOR))
    seasons = _seasons(panel, edges)
    gap = 0.5 * np.abs(seasons - seasons[0]).sum(axis=1)
    log_level = np.log(level / level[0])
    distance = np.sqrt((log_level / _LEVEL_UNIT) ** 2 + ((trend - trend[0]) / _TREND_UNIT) ** 2 + (gap / _SEASON_UNIT) ** 2)
    ratio = total / max(total[0], 1.0)
    eligible = np.arange(len(places)) >= 1
    if n_given:
        eligible &= np.arange(len(places)) <= n_given
    alike = eligible & (ratio >= ALIKE[0]) & (ratio <= ALIKE[1])
    # Whoever names as few places as they want compared has chosen them; otherwise unlike places are a last resort.
    pick_from = eligible if (n_given and n_given <= n) or not alike.any() else alike
    options = np.flatnonzero(pick_from)
    chosen = options[np.lexsort((options, np.abs(log_level[options]) if not alike.any() else distance[options]))][:n]
    half = min(months_after, months // 2)
    drift = None
    like = np.flatnonzero((ratio >= ALIKE[0]) & (ratio <= ALIKE[1]) & (np.arange(len(places)) > 0))
    if half >= 6 and len(like) >= 5:
        drift = place_drift(
            [(panel[like, -2 * half : -half].sum(axis=1), panel[like, -half:].sum(axis=1), (half, half))], phi=rough.phi
        )
    return _Found(
        panel,
        ratio,
        (late + 0.5) / (early + 0.5) - 1,
        gap,
        distance,
        chosen,
        bool(alike.any()),
        two_way_dispersion(panel[np.r_[0, chosen]]),
        drift,
    )


def _seasons(panel: np.ndarray, edges: list[pd.Timestamp]) -> np.ndarray:
    season = np.array([edge.month % 12 // 3 for edge in edges[:-1]])
    counts = np.stack([panel[:, season == s].sum(axis=1) for s in range(4)], axis=1).astype(float)
    common = counts.sum(axis=0) / max(counts.sum(), 1.0)
    counts += _SEASON_PRIOR * common
    return counts / counts.sum(axis=1, keepdims=True)


def _pool(
    x: np.ndarray,
    y: np.ndarray,
    time: np.ndarray,
    place: BaseGeometry,
    width: float,
    given: gpd.GeoDataFrame | None,
    chosen: Any,
    begin: pd.Timestamp,
    n_treated: int,
) -> _Pool:
    near = place.buffer(width)
    geometries: list[BaseGeometry] = []
    names: list[str] = []
    too_near = 0
    if given is not None:
        touching = given.geometry.intersects(near).to_numpy()
        too_near = int(touching.sum())
        left = given[~touching]
        geometries = list(left.geometry)
        names = [str(v) for v in left["name"]] if "name" in left.columns else [f"place {i + 1}" for i in range(len(left))]
        if not geometries:
            raise InputError(
                f"`candidates` must lie outside the treated place and its buffer of {width:.0f} m. Got {len(given)}, all inside. Widen the choice."
            )
    n_given = len(geometries)
    if n_given < POOL:
        window = np.ones(len(x), dtype=bool)
        if chosen is not None:
            seen = (time >= np.datetime64(chosen[0])) & (time < np.datetime64(min(chosen[1], begin)))
            window = seen if seen.sum() >= LEAST_EVENTS else window
        avoid = shapely.union_all([near, *geometries])
        built = build_places(
            x[window],
            y[window],
            place,
            avoid=avoid,
            least=LEAST_EVENTS * window.mean(),
            substantial=n_treated * window.mean() / 10,
        )
        names += [f"place {len(geometries) + i + 1}" for i in range(len(built))]
        geometries += built
    if not geometries:
        raise NotEnoughDataError(
            "comparison needs at least 1 other place with such events. Got 0. Hand in places: candidates=sara.read_areas('places.geojson')"
        )
    return _Pool(geometries, names, n_given, too_near)


def _design(
    events: gpd.GeoDataFrame,
    rows: _Rows,
    found: _Found,
    pool: _Pool,
    *,
    place: BaseGeometry,
    name: str,
    begin: pd.Timestamp,
    edges: list[pd.Timestamp],
    months_after: int,
    width: float,
    chosen: Any,
    asked: tuple[int, int],
    coverage: Setting,
    points: tuple[shapely.STRtree, np.ndarray],
) -> Design:
    months = len(edges) - 1
    if pool.n_given:
        comparison_names = [pool.names[i - 1] for i in found.chosen]
    else:
        comparison_names = [f"similar place {i + 1}" for i in range(len(found.chosen))]
    geometries = [place, *(pool.geometries[i - 1] for i in found.chosen)]
    names = [name, *_unique(comparison_names, name)]
    taken = shapely.union_all(geometries)
    rings = [shapely.difference(geometry.buffer(width), taken) for geometry in geometries]
    ring_panel = _ring_panel(points, rings, edges)
    picked = np.r_[0, found.chosen]
    table = gpd.GeoDataFrame(
        {
            "name": [*names, *(f"ring of {v}" for v in names)],
            "role": ["treated", *["comparison"] * len(found.chosen), *["ring"] * len(names)],
            "ring_of": [None] * len(names) + names,
            "n_before": np.r_[found.panel[picked].sum(axis=1), ring_panel.sum(axis=1)],
            "per_month": np.r_[found.panel[picked].sum(axis=1), ring_panel.sum(axis=1)] / months,
            **{
                c: np.r_[getattr(found, c)[picked], np.full(len(names), np.nan)]
                for c in ("level_ratio", "trend", "season_gap", "distance")
            },
        },
        geometry=[*geometries, *rings],
        crs=events.crs,
    )
    everything = np.vstack([found.panel[picked], ring_panel])
    monthly = pd.DataFrame(
        {
            "name": np.repeat(table["name"].to_numpy(object), months),
            "role": np.repeat(table["role"].to_numpy(object), months),
            "ring_of": np.repeat(table["ring_of"].to_numpy(object), months),
            "month": pd.to_datetime(edges[:-1] * len(table)).astype("datetime64[us]"),
            "n": everything.ravel(),
        }
    )
    used = np.zeros(len(pool.geometries), dtype=bool)
    used[found.chosen - 1] = True
    totals = found.panel[1:].sum(axis=1)
    candidates = gpd.GeoDataFrame(
        {"name": pool.names, "n_before": totals, "per_month": totals / months, "chosen": used},
        geometry=pool.geometries,
        crs=events.crs,
    )
    settings = {
        "start": Setting(begin),
        "before": Setting(
            months,
            "you" if months == asked[0] else "sara",
            "" if months == asked[0] else f"{asked[0]} months were asked for; these are there, in whole years where possible",
        ),
        "after": Setting(months_after),
        "buffer": Setting(width),
        "n": Setting(
            len(found.chosen),
            "you" if len(found.chosen) == asked[1] else "sara",
            "" if len(found.chosen) == asked[1] else "no more similar places",
        ),
        "candidates": Setting(
            pool.n_given or len(pool.geometries),
            "you" if pool.n_given else "sara",
            "" if pool.n_given else "footprints of the treated place laid where such events concentrate",
        ),
        "coverage": coverage,
    }
    drift = found.drift
    return Design(
        table=table,
        settings=settings,
        counts=rows.counts,
        cautions=_cautions(events, rows, found, pool, chosen, begin, edges, asked, width),
        start=begin,
        before=(edges[0], begin),
        after=(begin, begin + pd.DateOffset(months=months_after)),
        chosen_on=chosen,
        buffer=width,
        last_event=rows.last,
        monthly=monthly,
        dispersion=float(found.dispersion.phi),
        dispersion_df=int(found.dispersion.df),
        drift=float(drift.tau2) if drift else 0.0,
        drift_df=int(drift.df) if drift else 0,
        candidates_table=candidates,
        noun=noun_of(events),
        source=source_of(events),
    )


def _cautions(
    events: gpd.GeoDataFrame,
    rows: _Rows,
    found: _Found,
    pool: _Pool,
    chosen: Any,
    begin: pd.Timestamp,
    edges: list[pd.Timestamp],
    asked: tuple[int, int],
    width: float,
) -> tuple[str, ...]:
    said, months = [], len(edges) - 1
    if months < 12 or months % 12:
        said.append(f"The baseline of {months} months is not whole years: seasons may not balance.")
    ratios = found.level_ratio[found.chosen]
    if not found.alike:
        said.append(
            f"No similar place was found: those taken have {ratios.min():.2g} to {ratios.max():.2g} times the events of the treated place. A comparison in numbers "
            "means little; hand in better places with candidates=."
        )
    elif ratios.min() < ALIKE[0] or ratios.max() > ALIKE[1]:
        said.append("Some comparison places have under a third or over three times the events of the treated place.")
    elif not 0.8 <= ratios.mean() <= 1.25:
        said.append(
            f"The similar places have on average {abs(1 - ratios.mean()):.0%} {'fewer' if ratios.mean() < 1 else 'more'} events than the treated place.".replace(
                "%", " %"
            )
        )
    if len(found.chosen) < asked[1]:
        said.append(
            f"{asked[1]} similar places were asked for; {len(found.chosen)} {'is' if len(found.chosen) == 1 else 'are'} there."
        )
    if pool.too_near:
        said.append(
            f"{pool.too_near} candidate{'s' * (pool.too_near != 1)} within {width:.0f} m of the treated place {'were' if pool.too_near != 1 else 'was'} left out: the response may reach there."
        )
    if chosen is None:
        said.append(
            "It is not recorded how the treated place was chosen. If because it was high, some fall is to be expected anyway (regression to the mean)."
        )
    elif chosen[0] < begin and chosen[1] > edges[0]:
        said.append(
            "The treated place was chosen because it was high in the baseline: some fall is to be expected anyway (regression to the mean)."
        )
    return (*said, *officer_caution(events, rows.used, noun=noun_of(events)))


def _ring_panel(points: tuple[shapely.STRtree, np.ndarray], rings: list[BaseGeometry], edges: list[pd.Timestamp]) -> np.ndarray:
    place, point = members(points[0], rings)
    return count_panel(place, points[1][point], len(rings), edges)


def _rows_before(
    events: gpd.GeoDataFrame, first: pd.Timestamp, begin: pd.Timestamp, covered: tuple[pd.Timestamp, pd.Timestamp]
) -> _Rows:
    time = events["time"].to_numpy(dtype="datetime64[us]")
    timed = ~np.isnat(time)
    late = timed & (time >= np.datetime64(begin))
    early = timed & (time < np.datetime64(first))
    use = timed & ~late & ~early
    here = located(events)
    left_out = {
        "without a time": int((~timed).sum()),
        "on or after the start of the response": int(late.sum()),
        "before the baseline": int(early.sum()),
        "without a location": int((use & ~here).sum()),
    }
    used = use & here
    check_enough(int(used.sum()), LEAST_EVENTS, method="comparison", what="events with a location before the start")
    # A far-future slip of the pen must not count as having seen the outcome.
    seen = timed & (time >= np.datetime64(covered[0])) & (time < np.datetime64(covered[1]))
    return _Rows(
        events.loc[used, ["time", "x", "y"]], Counts(len(events), int(used.sum()), left_out), pd.Timestamp(time[seen].max()), used
    )


def _baseline(asked: int, first: pd.Timestamp, begin: pd.Timestamp) -> int:
    there = 0
    while there < asked and begin - pd.DateOffset(months=there + 1) >= first.normalize():
        there += 1
    if there < LEAST_MONTHS:
        raise NotEnoughDataError(
            f"comparison needs at least {LEAST_MONTHS} months before the start. Got {there} (the events begin on {first:%Y-%m-%d}, the response on {begin:%Y-%m-%d}). "
            "Read earlier events."
        )
    return there if there == asked or there < 12 else there - there % 12


def _chosen_on(treated: Any, chosen_on: Any) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    if chosen_on is not None:
        return period(chosen_on, name="chosen_on")
    record = getattr(treated, "attrs", {}).get("sara", {})
    window = record.get("period") if isinstance(record, dict) else None
    return None if not window else (pd.Timestamp(window[0]), pd.Timestamp(window[1]))


def _one_place(treated: Any, events: gpd.GeoDataFrame) -> tuple[BaseGeometry, str]:
    if isinstance(treated, BaseGeometry):
        low_x, low_y, high_x, high_y = treated.bounds if not treated.is_empty else (0, 0, 0, 0)
        if low_x >= -180 and high_x <= 180 and low_y >= -90 and high_y <= 90:
            raise InputError(
                f"`treated` must be in the CRS of `events`. Got what looks like longitude and latitude ({low_x:.4f}, {low_y:.4f}). Write treated=geopandas.GeoSeries([geometry], crs=4326)"
            )
        treated = gpd.GeoSeries([treated], crs=events.crs)
    areas = check_areas(treated, name="treated", crs=events.crs)
    place = shapely.union_all(shapely.make_valid(areas.geometry.to_numpy()))
    if place.is_empty or place.area == 0:
        raise InputError(
            "`treated` must be a polygon with an area. Got an empty one. Buffer points or lines first: treated.buffer(50)"
        )
    if len(areas) == 1 and "name" in areas.columns and not pd.isna(areas["name"].iloc[0]):
        return place, str(areas["name"].iloc[0])
    return place, "treated place" if len(areas) == 1 else f"{len(areas)} treated places"


def _months_of(value: str, name: str) -> int:
    step = offset(value, name=name)
    kind = type(step).__name__
    months = {"MonthBegin": 1, "MonthEnd": 1, "QuarterBegin": 3, "QuarterEnd": 3, "YearBegin": 12, "YearEnd": 12}.get(
        kind, 0
    ) * int(getattr(step, "n", 1))
    if months < 1:
        raise InputError(f"`{name}` must be a number of whole months. Got {value!r}. Write '12MS' (12 months) or '24MS'")
    return months


def _unique(names: list[str], first: str) -> list[str]:
    """Return names that differ from each other and from `first`."""
    seen, out = {first: 1}, []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return out
