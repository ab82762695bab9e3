"""Places that a patrol or a crew can go to: where events crowd together, whatever the shape."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from sara.core.checks import check_choice, check_count
from sara.core.errors import InputError
from sara.core.result import Setting
from sara.core.source import EventSource
from sara.core.units import metres
from sara.core.wording import percent
from sara.hotspots._clustering.dbscan import LATTICE_STEPS, Lattice, Neighbours, best_parts, neighbours, parts_at
from sara.hotspots._clustering.methods import OUTLINES, Chance, Found, by_hdbscan, by_nnh, by_stac
from sara.hotspots._clustering.orders import with_orders
from sara.hotspots._clustering.table import Outlined, apart, around, cluster_table, inside_of, tail, weight_of
from sara.hotspots._ground.area import Selected, select
from sara.hotspots._ground.areas import AREA_COLUMNS
from sara.hotspots._results.clusters import ClustersResult

__all__ = ["clusters", "clusters_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

EPS = Setting(150.0, "sara", "about a block and a half; evaluations of patrol areas used 400 to 500 feet")
# The largest distance over which HDBSCAN may join: it finds the densities below by itself.
REACH = Setting(300.0, "sara", "the largest distance over which places are joined; twice that of method='dbscan'")
CRIMESTAT_LEAST = Setting(10, "sara", "as in CrimeStat")
LIKELIHOOD = Setting(0.5, "sara", "the mean random distance itself")
METHODS = {
    "dbscan": Setting("dbscan", "sara", "any shape; drawn at the density that tells it best from an even scatter"),
    "hdbscan": Setting("hdbscan", "you", "any shape and density; what stays together longest while the density asked for rises"),
    "nnh": Setting("nnh", "you", "nearest-neighbour hierarchical clusters, as CrimeStat describes them"),
    "stac": Setting("stac", "you", "overlapping search circles, as STAC describes them"),
}
USED_BY = {
    "weights": ("dbscan",), "outline": ("nnh", "stac"), "likelihood": ("nnh",), "n_sims": ("nnh", "stac"), "seed": ("nnh", "stac"),
}  # fmt: skip
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
    densest: float = 0.0


def clusters(
    events: gpd.GeoDataFrame | EventSource,
    *,
    area: Any = None,
    eps: float | str | None = None,
    min_events: int | None = None,
    weights: str | None = None,
    period: Any = None,
    method: str = "dbscan",
    outline: str | None = None,
    likelihood: float | None = None,
    n_sims: int | None = None,
    seed: int | None = None,
) -> ClustersResult:
    """Find the addresses, street stretches and small areas where events crowd together.

    Answers "where should a crew go?". Use `hot_places` for one list of addresses, stretches and areas, `gi_star` for a test of every cell, `count`
    for the plain map.

    Parameters
    ----------
    events : GeoDataFrame or EventSource
        One row per event, from `as_events` or a reader; or a source (`sara.open_events`, the path of a Parquet file). Rows without a location
        are left out and counted.
    area : GeoDataFrame, GeoSeries or polygon, optional
        The study area. If not given, the box around the middle 99 % of the locations, with a caution.
    eps : float or str, optional
        How far apart neighbours may be, in metres or with a unit ("400ft"). 150 m if not given; 300 m for ``"hdbscan"``, where it is the largest
        distance over which places are joined; for ``"nnh"`` the mean distance of as many random points to their nearest; for ``"stac"`` the
        search radius.
    min_events : int, optional
        Events (or weight, where `weights` is given) needed within `eps` of a place. Chosen by sara if not given: one a month, at
        least 6, and more than an even scatter would give in 1 of 1,000 discs; each cluster is then drawn at the density, from there up, that
        tells it best from an even scatter, and at most 1 km2 large. A number given is kept as it is, and a large cluster gets a caution.
        For ``"hdbscan"`` the least events of a cluster; for ``"nnh"`` and ``"stac"`` too, 10 if not given.
    weights : str, optional
        A column of numbers of zero or more (a cost, a harm score): density and excess are then of its sum. ``"dbscan"`` only.
    period : pair of dates, optional
        First and last day. If not given, what the file covers.
    method : {"dbscan", "hdbscan", "nnh", "stac"}
        ``"dbscan"`` is the one to start with. ``"hdbscan"`` finds clusters of different density without being told how dense. ``"nnh"`` and
        ``"stac"`` are the nearest-neighbour hierarchical clusters and the hot spot areas that CrimeStat is known for.
    outline : {"ellipse", "ellipse 2x", "hull"}, optional
        How ``"nnh"`` and ``"stac"`` draw a cluster: its standard deviational ellipse (the default), twice that, or its convex hull.
    likelihood : float, optional
        ``"nnh"`` only: the share of means of random sets that would be smaller than the threshold; 0.5, the mean itself, if not given.
    n_sims : int, optional
        ``"nnh"`` and ``"stac"``: how many even scatters of as many events to search the same way; ``p_adjusted`` is then from these.
    seed : int, optional
        Start of the random numbers of `n_sims`; 1 if not given.

    Returns
    -------
    ClustersResult
        ``table``: one row per cluster, largest excess first: ``name``, ``n`` (events inside the outline), ``excess`` (over an even
        scatter in an outline of that size; in units of `weights` where given), ``p_adjusted``, ``km2`` (inside the study area),
        ``per_month`` (events a month), ``n_places`` (different coordinates), ``top_share`` (share at the commonest coordinate),
        ``min_events`` (density asked for; ``"dbscan"``), ``weight`` (where given), ``geometry``. ``areas``: the first columns of it.
        The other methods have ``members`` (events that the method joined; an ellipse leaves some of them outside and takes in others);
        ``"nnh"`` and ``"stac"`` also ``major_m`` and ``minor_m`` (half axes of the ellipse, metres) and ``bearing`` (of the longer one, degrees
        clockwise from north); ``"nnh"`` further ``order``, ``threshold_m`` and ``within`` (the name of the higher cluster that it belongs to):
        rows of order 2 and more are clusters of clusters, which ``areas`` leaves out so that no event is counted twice.

    Raises
    ------
    InputError
        If an argument is not what it must be, or belongs to another method.
    NotEnoughDataError
        If fewer than 10 events lie in the study area and the period.

    Notes
    -----
    **dbscan.** A place is core if at least ``min_events`` lie within ``eps``, itself included; core places within ``eps`` of
    each other are one cluster; the outline is everything within ``eps / 2`` of its core places (within ``eps``
    where that holds fewer than asked for; what two such would share goes to the first). Events stacked on one coordinate are one place with a weight. Where sara chooses, the density asked for rises in steps of a quarter; of a
    cluster and the denser ones inside it, those with the larger Poisson likelihood ratio against an even scatter are kept, so that a strip
    in a busy downtown is told from the downtown. Up to about ten million neighbouring pairs the answer is exact; beyond, places are
    put on a lattice of eps / 30 (recorded in ``settings``), and memory grows with the places alone.

    **hdbscan.** As published, on places with weights, within the reach ``eps``; places nearer than 25 m are one, since a stack of events on one
    address would otherwise be infinitely dense and always a cluster of its own. Equal distances are joined at once: the answer does not depend on
    the order of rows, as scikit-learn's does.

    **nnh.** The event with most others within the threshold ``0.5 sqrt(A / N) - t 0.26136 / sqrt(N^2 / A)`` and all of these are a cluster; then
    again among the rest, while there are ``min_events``. Mean centres are joined the same way, with their own threshold, until none is left. The
    interval is that of the *mean* distance: it hardly moves the threshold, and about half of random points have a neighbour within it whatever
    `likelihood` says. What the description leaves open: neighbours are counted anew after each cluster, equal counts are settled west before
    east, `min_events` holds for the first order and two clusters make a higher one.

    **stac.** Circles of ``sqrt(2)`` times the search radius on a triangular lattice; the 25 fullest with ``min_events`` are kept, and those that
    share an event are joined. The original lattice has 20 by 20 nodes whatever the city's size; here nodes lie a search radius apart, so that
    no place is missed.

    Ellipses have CrimeStat's half axes, with n - 2 and a factor of two. Outlines of these three methods may overlap as drawn by their method; the
    one with more events keeps what both cover.

    ``p_adjusted``: under an even scatter the others within eps of an event are binomial with chance ``pi eps^2 / A``; the tail at the
    cluster's densest place, times the number of events (Bonferroni: any event could have been the centre; for ``"stac"``: any circle). With
    `n_sims`, how often the largest cluster of an even scatter has as many members.

    References
    ----------
    Ester, Kriegel, Sander & Xu (1996), KDD-96, 226-231.
    Campello, Moulavi & Sander (2013), PAKDD, 160-172. doi:10.1007/978-3-642-37456-2_14
    Levine (2013), CrimeStat IV: a spatial statistics program for the analysis of crime incident locations, chapters 7 and 8.
    Block (1995), in Crime Analysis Through Computer Mapping, 15-32.
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
    check_choice(method, tuple(METHODS), name="method")
    _check_unused(method, weights=weights, outline=outline, likelihood=likelihood, n_sims=n_sims, seed=seed)
    chosen_eps = _eps(method, eps)
    least = None if min_events is None else check_count(min_events, name="min_events")
    chosen = select(events, area=area, period=period, method="clusters", weights=weights, least=LEAST_EVENTS, cells=False)
    months = (chosen.period[1] - chosen.period[0]).days / DAYS_IN_MONTH
    if method in ("nnh", "stac"):
        needed = CRIMESTAT_LEAST if least is None else Setting(least, "you")
        found = _by_crimestat(
            chosen, method, chosen_eps, float(needed.value), outline=outline, likelihood=likelihood, n_sims=n_sims, seed=seed
        )
    else:
        needed = Setting(least, "you") if least is not None else _choose_least(chosen, chosen_eps.value, months)
        by = _by_dbscan if method == "dbscan" else _by_hdbscan
        found = by(chosen, chosen_eps.value, float(needed.value), free=least is None)
    settings = {**chosen.settings, "method": METHODS[method], "eps": chosen_eps, "min_events": needed, **found.settings}
    table = cluster_table(chosen, found.outlined, months)
    cluster = table.pop("_cluster").to_numpy(dtype=np.int64)
    areas = table[AREA_COLUMNS].copy()
    areas.attrs = dict(table.attrs)
    if method == "nnh":
        table = with_orders(table, cluster, found)
    drawn = (*_nulls(method, found.chance), CHOSEN) if len(areas) else ()
    cautions = (*chosen.cautions, *_cautions(chosen, areas, table), *drawn)
    return ClustersResult.of(chosen, table=table, areas=areas, method="clusters", settings=settings, cautions=cautions)


def clusters_of(chosen: Selected, *, max_km2: float) -> tuple[gpd.GeoDataFrame, dict[str, Setting]]:
    """Return the clusters of rows already chosen, as `clusters` finds them by default, and the settings used.

    One event a month is not asked for: a list of the hottest places of a rare problem is still a list, and each cluster has its p-value.
    """
    months = (chosen.period[1] - chosen.period[0]).days / DAYS_IN_MONTH
    needed = _choose_least(chosen, EPS.value, 0.0)
    found = _by_dbscan(chosen, EPS.value, float(needed.value), free=True, max_km2=max_km2)
    used = {name: value for name, value in found.settings.items() if name in ("max_km2", "lattice")}
    return cluster_table(chosen, found.outlined, months), {"eps": EPS, "min_events": needed, **used}


def _check_unused(method: str, **given: Any) -> None:
    """Refuse what the method would not use: a setting that changes nothing is a misunderstanding."""
    for name, value in given.items():
        if value is not None and method not in USED_BY[name]:
            takers = " or ".join(f"method={used!r}" for used in USED_BY[name])
            raise InputError(
                f"`{name}` must be left out with method={method!r}. Got {name}={value!r}. It is a setting of {takers}."
            )


def _eps(method: str, eps: Any) -> Setting:
    if eps is not None:
        return Setting(metres(eps, name="eps"), "you")
    return REACH if method == "hdbscan" else EPS


def _by_crimestat(
    chosen: Selected, method: str, eps: Setting, least: float, *, outline: Any, likelihood: Any, n_sims: Any, seed: Any
) -> Found:
    drawn = check_choice("ellipse" if outline is None else outline, OUTLINES, name="outline")
    sims = 0 if n_sims is None else check_count(n_sims, name="n_sims")
    start = 1 if seed is None else check_count(seed, name="seed", least=0)
    settings = {"outline": Setting(drawn, "sara", "as CrimeStat draws them") if outline is None else Setting(drawn, "you")}
    if sims:
        settings |= {"n_sims": Setting(sims, "you"), "seed": Setting(start, "sara" if seed is None else "you")}
    if method == "stac":
        found = by_stac(chosen, radius=eps.value, least=least, drawn=drawn, n_sims=sims, seed=start)
    else:
        share = LIKELIHOOD if likelihood is None else Setting(_check_likelihood(likelihood), "you")
        settings["likelihood"] = share
        threshold = eps.value if eps.chosen_by == "you" else None
        found = by_nnh(chosen, threshold=threshold, likelihood=share.value, least=least, drawn=drawn, n_sims=sims, seed=start)
    return replace(found, settings={**settings, **found.settings})


def _check_likelihood(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.floating)) or not 0 < value < 1:
        raise InputError(f"`likelihood` must be a number between 0 and 1. Got {value!r}. 0.5 is the mean random distance itself.")
    return float(value)


def _by_hdbscan(chosen: Selected, eps: float, least: float, *, free: bool) -> Found:
    found = by_hdbscan(chosen, reach=eps, least=least, max_km2=MAX_KM2 if free else None)
    return replace(
        found, settings={"max_km2": Setting(MAX_KM2, "sara", "a larger one is taken apart where it can be")} if free else {}
    )


def _by_dbscan(chosen: Selected, eps: float, least: float, *, free: bool, max_km2: float = MAX_KM2) -> Found:
    rows, total = chosen.rows, chosen.area.area / 1e6 if free else None
    found = _numbers(rows.x, rows.y, weight_of(rows), n=rows.n, eps=eps, least=least, total_km2=total, max_km2=max_km2)
    settings = {"max_km2": Setting(max_km2, "sara", WHY_SMALL)} if free else {}
    if isinstance(found.near, Lattice):
        settings["lattice"] = Setting(eps / LATTICE_STEPS, "sara", "metres; too many neighbouring pairs to list them one by one")
    if not found.core and rows.weight is None:
        settings |= _instead(chosen, found, eps=eps, least=least)
    shapes = _outlines(found, weight_of(rows), eps=eps, least=least, area=chosen.area)
    disc = math.pi * eps**2 / chosen.area.area
    p = [tail(most, chosen.counts.rows_used, disc) for most in found.most]
    asked = [float(a) if rows.weight is not None else float(math.ceil(a - 1e-3)) for a in found.asked]
    return Found(Outlined(shapes, p, {"min_events": asked}), settings)


def _instead(chosen: Selected, found: Clusters, *, eps: float, least: float) -> dict[str, Setting]:
    """Return what would find clusters where none was found: the most events within eps of any one, and half of that if it is more than chance."""
    rows = chosen.rows
    even = _rare_count(chosen.counts.rows_used * math.pi * eps**2 / chosen.area.area)
    lower = max(FLOOR, even, math.ceil(found.densest / 2))
    out = {"densest": Setting(round(found.densest), "sara", f"the most events within {eps:,.4g} m of any one")}
    if lower <= min(found.densest, least):
        would = _numbers(rows.x, rows.y, weight_of(rows), n=rows.n, eps=eps, least=float(lower))
        out["min_events_instead"] = Setting(
            lower, "sara", f"would find {len(would.core):,} {'place' if len(would.core) == 1 else 'places'}"
        )
    return out


def _outlines(found: Clusters, weight: Floats, *, eps: float, least: float, area: Any) -> list[Any]:
    """Return the ground within eps / 2 of each cluster's core places; where that holds less than was asked for, all within eps.

    A lone core place far from those it counts would else be drawn as a cluster of three where twelve were asked for.
    """
    near = found.near
    held = np.bincount(near.place, weights=weight, minlength=len(near.x))
    shapes = [around(near.x[core], near.y[core], eps, area) for core in found.core]
    thin = [i for i, core in enumerate(found.core) if held[core].sum() < least]
    if not thin:
        return shapes
    inside, owner = inside_of([shapes[i] for i in thin], near.x, near.y)
    short = np.bincount(owner, weights=held[inside], minlength=len(thin)) < least - 1e-9 * max(1.0, held.sum())
    wide = [i for i, is_short in zip(thin, short, strict=True) if is_short]
    for i in wide:
        shapes[i] = around(near.x[found.core[i]], near.y[found.core[i]], 2 * eps, area)
    return apart(shapes, area) if wide else shapes


def _choose_least(chosen: Selected, eps: float, months: float) -> Setting:
    even = _rare_count(chosen.counts.rows_used * math.pi * eps**2 / chosen.area.area)
    monthly = math.ceil(months - 1e-9)
    least = max(monthly, FLOOR, even)
    reasons = {
        FLOOR: f"at least {FLOOR}",
        monthly: "one a month",
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


def _numbers(
    x: Floats, y: Floats, weight: Floats, *, eps: float, least: float, n: Ints | None = None, total_km2: float | None = None,
    max_km2: float = MAX_KM2,
) -> Clusters:  # fmt: skip
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
        parts = best_parts(near, density, held, asked, total_km2=total_km2, max_km2=max_km2)
    around = density if np.array_equal(events, summed) else near.density(events)
    return Clusters(
        [p for p, _ in parts],
        [a for _, a in parts],
        [float(around[p].max()) for p, _ in parts],
        near,
        float(density.max(initial=0.0)),
    )


def _nulls(method: str, chance: Chance | None) -> tuple[str, ...]:
    """Say in words what `p_adjusted` asks, and what it does not."""
    ends = "No city is an even scatter: a small value says that the crowd is real, not why it is there."
    if chance is not None:
        some = int((chance.clusters > 0).sum())
        usual = (
            f", {np.median(chance.clusters):,.0f} in the middle of them, the largest with {chance.largest.max():,.0f} events"
            if some
            else ""
        )
        return (
            f"Of {len(chance.clusters):,} even scatters of as many events over the study area, {some:,} had a cluster by this method{usual}. "
            f"`p_adjusted` is how often the largest of a scatter held as many as this one. {ends}",
        )
    if method == "stac":
        return (f"`p_adjusted` asks how often an even scatter of the same events would fill any one search circle so. {ends}",)
    return (NULL,)


def _cautions(chosen: Selected, areas: gpd.GeoDataFrame, table: gpd.GeoDataFrame) -> tuple[str, ...]:
    out = []
    table = table[table["name"].isin(areas["name"])]
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
