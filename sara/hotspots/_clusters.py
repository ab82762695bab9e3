"""Places that a patrol or a crew can go to: where events crowd together, whatever the shape."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from sara.core.checks import check_count
from sara.core.result import Setting
from sara.core.source import EventSource
from sara.core.units import metres
from sara.core.wording import percent
from sara.hotspots._area import Selected, select
from sara.hotspots._areas import AREA_COLUMNS, finish_areas, place_words
from sara.hotspots._clusters_result import ClustersResult
from sara.hotspots._dbscan import LATTICE_STEPS, Lattice, Neighbours, best_parts, neighbours, parts_at
from sara.hotspots._rows import Rows

__all__ = ["clusters"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

EPS = Setting(150.0, "sara", "about a block and a half; evaluations of patrol areas used 400 to 500 feet")
LEAST_EVENTS = 10
# Fewer than this is not a pattern, however short the period.
FLOOR = 6
# How rarely an even scatter would put so many around a given point.
RARE = 0.001
# An area one crew can walk; evidence on hot spots policing is for places of a few blocks.
MAX_KM2 = 1.0
WHY_SMALL = "each cluster is drawn at the density, of at least `min_events`, that tells it best from an even scatter; column `min_events` says which"
# A cluster whose events nearly all carry one coordinate may be an address, or a stand-in for "unknown".
ONE_POINT = 0.9
# Beyond this many core places an outline is drawn from every tenth of eps.
MANY = 4_000
DAYS_IN_MONTH = 365.2425 / 12
NULL = (
    "`p_adjusted` asks how often an even scatter of the same events over the study area would crowd so many within eps of any one event. "
    "No city is an even scatter: a small value says that the crowd is real, not why it is there."
)
CHOSEN = "The outlines were drawn around these events: counts inside are high by construction and some fall is to be expected later anyway (regression to the mean)."


@dataclass(frozen=True, eq=False)
class Clusters:
    """Clusters in numbers: core places, the density asked for, and the densest disc's events."""

    core: list[Ints]
    asked: list[float]
    most: list[float]
    near: Neighbours


def clusters(
    events: gpd.GeoDataFrame | EventSource,
    *,
    area: Any = None,
    eps: float | str | None = None,
    min_events: int | None = None,
    weights: str | None = None,
    period: Any = None,
) -> ClustersResult:
    """Find the addresses, street stretches and small areas where events crowd together.

    Answers "where should a crew go?". Use `gi_star` for a test of every cell, `count` for the plain map.

    Parameters
    ----------
    events : GeoDataFrame or EventSource
        One row per event, from `as_events` or a reader; or a source (`sara.open_events`, the path of a Parquet file). Rows without a location
        are left out and counted.
    area : GeoDataFrame, GeoSeries or polygon, optional
        The study area. If not given, the box around the middle 99 % of the locations, with a caution.
    eps : float or str, optional
        How far apart neighbours may be, in metres or with a unit ("400ft"). 150 m if not given.
    min_events : int, optional
        Events (or weight, where `weights` is given) needed within `eps` of a place. Chosen by sara if not given: one a month, at
        least 6, and more than an even scatter would give in 1 of 1,000 discs; each cluster is then drawn at the density, from there up, that
        tells it best from an even scatter, and at most 1 km2 large. A number given is kept as it is, and a large cluster gets a caution.
    weights : str, optional
        A column of numbers of zero or more (a cost, a harm score): density and excess are then of its sum.
    period : pair of dates, optional
        First and last day. If not given, what the file covers.

    Returns
    -------
    ClustersResult
        ``table``: one row per cluster, largest excess first: ``name``, ``n`` (events inside the outline), ``excess`` (over an even
        scatter in an outline of that size; in units of `weights` where given), ``p_adjusted``, ``km2`` (inside the study area),
        ``per_month`` (events a month), ``n_places`` (different coordinates), ``top_share`` (share at the commonest coordinate),
        ``min_events`` (density asked for), ``weight`` (where given), ``geometry``. ``areas``: the first columns of it.

    Raises
    ------
    InputError
        If an argument is not what it must be.
    NotEnoughDataError
        If fewer than 10 events lie in the study area and the period.

    Notes
    -----
    DBSCAN on the coordinates: a place is core if at least ``min_events`` lie within ``eps``, itself included; core places within ``eps`` of
    each other are one cluster; the outline is everything within ``eps / 2`` of its core places, so that outlines never overlap. Events
    stacked on one coordinate are one place with a weight. Where sara chooses, the density asked for rises in steps of a quarter; of a
    cluster and the denser ones inside it, those with the larger Poisson likelihood ratio against an even scatter are kept, so that a strip
    in a busy downtown is told from the downtown. Up to about ten million neighbouring pairs the answer is exact; beyond, places are
    put on a lattice of eps / 30 (recorded in ``settings``), and memory grows with the places alone.

    ``p_adjusted``: under an even scatter the others within eps of an event are binomial with chance ``pi eps^2 / A``; the tail at the
    cluster's densest place, times the number of events (Bonferroni: any event could have been the centre).

    References
    ----------
    Ester, Kriegel, Sander & Xu (1996), KDD-96, 226-231.
    Kulldorff (1997), Communications in Statistics 26(6), 1481-1496. doi:10.1080/03610929708831995
    Wheeler & Reuter (2021), Police Quarterly 24(2), 182-208. doi:10.1177/1098611120957948

    Examples
    --------
    >>> import pandas as pd
    >>> from sara.data import as_events
    >>> from sara.hotspots import clusters
    >>> places = [(500, 500)] * 20 + [(540, 500)] * 5 + [(4000, 100 * i) for i in range(30)]
    >>> table = pd.DataFrame(places, columns=["east", "north"]).assign(when="2024-01-01")
    >>> spots = clusters(as_events(table, time="when", x="east", y="north", crs=32616), eps=100)
    >>> spots.areas["n"].tolist()
    [25]
    """
    chosen_eps = EPS if eps is None else Setting(metres(eps, name="eps"), "you")
    least = None if min_events is None else check_count(min_events, name="min_events")
    chosen = select(events, area=area, period=period, method="clusters", weights=weights, least=LEAST_EVENTS, cells=False)
    months = (chosen.period[1] - chosen.period[0]).days / DAYS_IN_MONTH
    needed = Setting(least, "you") if least is not None else _choose_least(chosen, chosen_eps.value, months)
    rows, free = chosen.rows, chosen.area.area / 1e6 if least is None else None
    found = _numbers(rows.x, rows.y, _weight(rows), n=rows.n, eps=chosen_eps.value, least=float(needed.value), total_km2=free)
    table = _table(chosen, found, chosen_eps.value, months)
    settings = {**chosen.settings, "eps": chosen_eps, "min_events": needed}
    if free is not None:
        settings["max_km2"] = Setting(MAX_KM2, "sara", WHY_SMALL)
    if isinstance(found.near, Lattice):
        settings["lattice"] = Setting(
            chosen_eps.value / LATTICE_STEPS, "sara", "metres; too many neighbouring pairs to list them one by one"
        )
    areas = table[AREA_COLUMNS].copy()
    areas.attrs = dict(table.attrs)
    cautions = (*chosen.cautions, *_cautions(chosen, table), NULL, CHOSEN)
    return ClustersResult.of(chosen, table=table, areas=areas, method="clusters", settings=settings, cautions=cautions)


def _choose_least(chosen: Selected, eps: float, months: float) -> Setting:
    even = _rare_count(chosen.counts.rows_used * math.pi * eps**2 / chosen.area.area)
    least = max(math.ceil(months - 1e-9), FLOOR, even)
    reasons = {
        FLOOR: f"at least {FLOOR}",
        math.ceil(months - 1e-9): "one a month",
        even: "more than an even scatter gives in 1 of 1,000 discs",
    }
    why = reasons[least]
    if chosen.rows.weight is None:
        return Setting(least, "sara", why)
    mean = float(chosen.rows.weight.sum() / chosen.counts.rows_used)
    return Setting(max(least * mean, 1e-9), "sara", f"{least} events ({why}), times the mean weight of {mean:.3g}")


def _rare_count(mean: float) -> int:
    """Return the least number that a Poisson count with this mean reaches in at most 1 of 1,000."""
    from scipy.special import pdtrc

    k = np.arange(math.floor(mean), math.ceil(mean + 6 * math.sqrt(mean)) + 12)
    return int(k[pdtrc(k, mean) <= RARE][0]) + 1


def _weight(rows: Rows) -> Floats:
    return rows.n.astype(np.float64) if rows.weight is None else rows.weight


def _numbers(
    x: Floats, y: Floats, weight: Floats, *, eps: float, least: float, n: Ints | None = None, total_km2: float | None = None
) -> Clusters:
    """Return the clusters of weighted points, of which each stands for `n` events (1 if not given).

    Where the surface of the study area is given, each is taken at the density that tells it best from an even scatter; else all at `least`.
    """
    near = neighbours(x, y, eps)
    size = len(near.x)
    each = np.ones(len(x)) if n is None else n.astype(np.float64)
    events = np.asarray(np.bincount(near.place, weights=each, minlength=size), dtype=np.float64)
    # The same sum whatever the order of rows.
    order = np.lexsort((weight, near.place))
    summed = np.asarray(np.bincount(near.place[order], weights=weight[order], minlength=size), dtype=np.float64)
    density = near.density(summed)
    # Running sums of fractions miss by a rounding error; a place that has exactly what is asked for is core.
    asked = least - 1e-9 * max(1.0, summed.sum())
    if total_km2 is None:
        parts = [(part, asked) for part in parts_at(near, density, asked)]
    else:
        held = summed * (float(each.sum()) / max(float(summed.sum()), 1e-300))
        parts = best_parts(near, density, held, asked, total_km2=total_km2, max_km2=MAX_KM2)
    around = density if np.array_equal(events, summed) else near.density(events)
    return Clusters([p for p, _ in parts], [a for _, a in parts], [float(around[p].max()) for p, _ in parts], near)


def _table(chosen: Selected, found: Clusters, eps: float, months: float) -> gpd.GeoDataFrame:
    """Return one row per cluster, from exact counts inside its outline."""
    outlines = [_outline(found.near, core, eps, chosen.area) for core in found.core]
    rows, weight = chosen.rows, _weight(chosen.rows)
    place, x, y = _stacks(rows.x, rows.y)
    inside, owner = _inside(outlines, x, y)
    stack_n = np.bincount(place, weights=rows.n, minlength=len(x)).astype(np.int64)
    order = np.lexsort((weight, place))
    stack_weight = np.bincount(place[order], weights=weight[order], minlength=len(x))
    n_events, total = chosen.counts.rows_used, float(np.sort(weight).sum())
    cluster_of = np.full(len(x), -1, dtype=np.int64)
    cluster_of[inside] = owner
    found_rows = []
    for i, (outline, most, asked) in enumerate(zip(outlines, found.most, found.asked, strict=True)):
        here = inside[owner == i]
        n, held = int(stack_n[here].sum()), float(stack_weight[here].sum())
        row = {
            "n": n,
            "excess": held - total * outline.area / chosen.area.area,
            "p_adjusted": _tail(most, n_events, math.pi * eps**2 / chosen.area.area),
            "per_month": n / months,
            "n_places": len(here),
            "top_share": float(stack_n[here].max() / n) if n else 0.0,
            "min_events": float(asked) if rows.weight is not None else float(math.ceil(asked - 1e-3)),
        }
        found_rows.append({**row, "weight": held} if rows.weight is not None else row)
    columns = ["n", "excess", "p_adjusted", "per_month", "n_places", "top_share", "min_events"]
    frame = pd.DataFrame(found_rows, columns=columns + (["weight"] if rows.weight is not None else []))
    frame = frame.astype({"n": "int64", "n_places": "int64"})
    # The asked-for density can chain places into an outline that is no denser than the rest; that is not a hot spot.
    keep = np.flatnonzero((frame["excess"] > 0).to_numpy(dtype=bool))
    member = cluster_of[place]
    names = place_words(chosen, member, keep)
    return finish_areas(chosen, frame.iloc[keep].reset_index(drop=True), [outlines[i] for i in keep], names, word="Cluster")


def _outline(near: Neighbours, core: Ints, eps: float, area: Any) -> Any:
    x, y = near.x[core], near.y[core]
    if len(core) > MANY:
        squares = np.c_[x // (eps / 10), y // (eps / 10)]
        first = np.unique(squares, axis=0, return_index=True)[1]
        x, y = x[first], y[first]
    return shapely.intersection(shapely.union_all(shapely.buffer(shapely.points(x, y), eps / 2, quad_segs=8)), area)


def _stacks(x: Floats, y: Floats) -> tuple[Ints, Floats, Floats]:
    """Return each point's number among the different coordinates, and these."""
    order = np.lexsort((x, y))
    new = np.r_[True, (np.diff(x[order]) != 0) | (np.diff(y[order]) != 0)]
    place = np.empty(len(x), dtype=np.int64)
    place[order] = np.cumsum(new) - 1
    return place, x[order][new], y[order][new]


def _inside(outlines: list[Any], x: Floats, y: Floats) -> tuple[Ints, Ints]:
    """Return the coordinates inside an outline, and which one."""
    if not outlines:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    owner, inside = shapely.STRtree(shapely.points(x, y)).query(np.array(outlines, dtype=object), predicate="intersects")
    # Outlines of the lattice may meet within its step: the first one has the point.
    inside, first = np.unique(inside, return_index=True)
    return inside.astype(np.int64), owner[first].astype(np.int64)


def _tail(most: float, n: int, chance: float) -> float:
    from scipy.special import bdtrc

    return float(min(1.0, n * bdtrc(most - 2, n - 1, min(chance, 1.0)))) if most >= 2 else 1.0


def _cautions(chosen: Selected, table: gpd.GeoDataFrame) -> tuple[str, ...]:
    out = []
    stacked = table[(table["top_share"] >= ONE_POINT) & (table["n"] > 1)]
    if len(stacked):
        which = ", ".join(name.split(" near ")[0].split(" in ")[0] for name in stacked["name"].head(3))
        more = f" and {len(stacked) - 3:,} more" if len(stacked) > 3 else ""
        share = percent(float(stacked["top_share"].min()))
        out.append(
            f"{which}{more}: at least {share} of the {chosen.noun} carry one and the same coordinate. It may be one address, or a default point "
            "that stands for an unknown place: sara.audit(events).default_points"
        )
    large = table[table["km2"] > MAX_KM2]
    if len(large):
        out.append(
            f"{len(large)} of the clusters cover more than {MAX_KM2:g} km2, too much for one crew: ask for more events, or a smaller eps."
        )
    return tuple(out)
