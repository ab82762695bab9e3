"""Where along the streets: density per kilometre, spread along every way out and not across the blocks."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from sara.core.checks import check_choice
from sara.core.errors import InputError
from sara.core.network import loose_ends
from sara.core.result import Setting
from sara.core.source import EventSource
from sara.core.units import metres
from sara.hotspots._ground.area import Selected
from sara.hotspots._ground.areas import AREA_COLUMNS, finish_areas, place_words
from sara.hotspots._ground.street_units import HALF_WIDTH, SNAP, StreetUnits, select_streets
from sara.hotspots._results.street import StreetResult, hot_stretches
from sara.hotspots._surfaces.bandwidth import told_bandwidth
from sara.hotspots._surfaces.network import CUT, Lixels, lixels_of, network_events
from sara.hotspots._surfaces.surface import KERNELS, PER_SIGMA

__all__ = ["street"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Two or three blocks along a street: a stretch that one crew can look after. What reaches further joins streets into neighborhoods again.
BANDWIDTH = 200.0
# Streets are cut into pieces of a fifth of the bandwidth, never longer than this.
PER_BANDWIDTH, LONGEST = 5, 50.0
# Pieces this many times as dense as the mean of all streets are called dense, as on a surface.
DENSE = 3.0
NETWORK = (
    "Streets are joined where they share a point (or end within 0.5 m of each other) and nowhere else; one-way streets and bridges without a "
    "shared point are as the layer draws them. An event is put on the nearest street, which need not be the one it happened on."
)
SMOOTH = "The density is spread over one bandwidth along the streets by construction: it is no test that there is more than chance would give."


# Two million pieces of street are 20 m each in the largest cities; smaller ones say no more and take minutes.
MOST_PIECES = 2_000_000


def street(
    events: gpd.GeoDataFrame | EventSource,
    streets: gpd.GeoDataFrame,
    *,
    area: Any = None,
    bandwidth: float | str | None = None,
    kernel: str = "quartic",
    snap: float | str = "50m",
    step: float | str | None = None,
    weights: str | None = None,
    period: Any = None,
) -> StreetResult:
    """Find the stretches of street where events crowd.

    Answers "which street, from where to where?". Use ``count(streets=...)`` for plain counts by street, `kde` for a surface across blocks.

    Parameters
    ----------
    events : GeoDataFrame or EventSource
        One row per event, from `as_events` or a reader; or a source (`sara.open_events`, the path of a Parquet file). Rows without a location
        are left out and counted.
    streets : GeoDataFrame
        LineStrings or MultiLineStrings, any coordinate system; the column ``name`` where there is one. Streets are cut where they share a
        point; those drawn twice count once.
    area : GeoDataFrame, GeoSeries or polygon, optional
        The study area: only events inside it and streets that meet it are used. All of `streets` if not given.
    bandwidth : float or str, optional
        Reach of the quartic kernel, or sigma of the Gaussian (cut at 3 sigma), in metres along streets. If not given, 200 m (Gaussian: 71 m).
    kernel : {"quartic", "gaussian"}
        How an event is spread along the streets.
    snap : float or str
        Events farther than this from every street are left out and counted.
    step : float or str, optional
        Length of the pieces for which the density is given; a fifth of the bandwidth (Gaussian: of the reach of a quartic that spreads as
        far, 2.83 sigma), at most 50 m, if not given.
    weights : str, optional
        A column of numbers of zero or more (a cost, a harm score) that says how much each event counts.
    period : pair of dates, optional
        First and last day. If not given, what the file covers.

    Returns
    -------
    StreetResult
        ``table``: one row per street between two junctions and one per intersection: ``name``, ``kind`` ("street", "intersection"),
        ``length_m`` (0 for an intersection), ``n`` (events), ``weight`` (sum of `weights`, where given), ``per_km`` (n by length; missing for
        intersections), ``density`` (the highest of its pieces, events per km of street), ``is_hot`` (some of it at least 3 times the mean of
        all streets), ``geometry``. ``lixels``: the pieces: ``street`` (row of ``table``), ``start_m``, ``end_m``, ``density``. ``areas``:
        dense pieces that hang together, as ground of 20 m to either side.

    Raises
    ------
    InputError
        If `streets` is not a layer of lines with a coordinate system, or another argument is not what it must be.
    NotEnoughDataError
        If no event lies near a street.

    Notes
    -----
    The equal-split discontinuous kernel (Okabe, Satoh & Sugihara 2009): what arrives at a junction of k streets goes on in equal parts into
    the k - 1 others, along every path that does not turn back; a dead end turns it back. The mean over each piece is taken from the
    kernel's integral, so that density times length adds up to the events on any network, loops or not. An event within 10 m of a junction
    of three or more streets belongs to the intersection and is spread equally over its streets. Kernels along a street are one-dimensional:
    quartic ``15 / (16 h) (1 - d^2 / h^2)^2``. With many events, paths that reach a street from almost the same distance go on as one (off by
    less than 0.1 % of the peak). What may be said: "most of it lies on this stretch"; not which side of the street or which house.

    References
    ----------
    Okabe, Satoh & Sugihara (2009), International Journal of Geographical Information Science 23(1), 7-32. doi:10.1080/13658810802475491
    Okabe & Sugihara (2012), Spatial Analysis along Networks, Wiley. doi:10.1002/9781119967101
    Weisburd, Bushway, Lum & Yang (2004), Criminology 42(2), 283-322. doi:10.1111/j.1745-9125.2004.tb00521.x

    Examples
    --------
    >>> import geopandas, pandas as pd, shapely
    >>> from sara.data import as_events
    >>> from sara.hotspots import street
    >>> main = geopandas.GeoDataFrame({"name": ["MAIN ST"]}, geometry=[shapely.LineString([(0, 0), (1000, 0)])], crs=32616)
    >>> table = pd.DataFrame({"east": [400, 420, 460, 900], "north": [5, -5, 5, 5]}).assign(when="2024-01-01")
    >>> found = street(as_events(table, time="when", x="east", y="north", crs=32616), main)
    >>> int(found.table["n"].iloc[0]), float(found.table["per_km"].round(1).iloc[0])
    (4, 4.0)
    >>> lixels = found.lixels
    >>> round(float((lixels["density"] * (lixels["end_m"] - lixels["start_m"])).sum()) / 1000, 9)
    4.0
    """
    check_choice(kernel, KERNELS, name="kernel")
    why = "two or three blocks along a street: a stretch, not a neighborhood"
    reach = told_bandwidth(bandwidth, kernel=kernel, default=BANDWIDTH, why=why)
    if reach is None:
        raise InputError(
            "`bandwidth` must be a distance along streets. Got 'auto', which `kde` knows. Write 200 (metres) or '200m'."
        )
    near = metres(snap, name="snap")
    found = Setting(near, "sara" if near == SNAP else "you", "an event further from every street belongs to none; metres")
    chosen = select_streets(events, streets, area=area, period=period, method="street", weights=weights, snap=found)
    units = chosen.grid
    assert isinstance(units, StreetUnits) and chosen.code is not None
    piece = _step(step, reach.value, kernel)
    _check_pieces(float(shapely.length(units.lines).sum()), piece.value)
    lixels = lixels_of(shapely.length(units.lines), piece.value)
    line, position, node = _places(chosen, units)
    rows = chosen.rows
    weight = rows.n.astype(float) if rows.weight is None else rows.weight
    held = network_events(line, position, node, weight, nodes=units.nodes, lixels=lixels, bandwidth=reach.value, kernel=kernel)
    density = held / (lixels.step[lixels.line] / 1000)
    mean = float(held.sum() / (lixels.length.sum() / 1000))
    hot = density >= DENSE * mean
    settings = {
        **chosen.settings,
        "bandwidth": reach,
        "kernel": Setting(kernel, "sara" if kernel == "quartic" else "you", "equal-split discontinuous" + ("" if kernel == "quartic" else f", cut at {CUT:g} sigma")),
        "step": piece,
        "mean_density": Setting(mean, "sara", "per km, over all streets"),
        "dense_from": Setting(DENSE * mean, "sara", f"per km: {DENSE:g} times the mean of all streets"),
    }  # fmt: skip
    return StreetResult.of(
        chosen, table=_table(chosen, units, lixels, density, hot), areas=_areas(chosen, units, lixels, hot, line, position, node, mean),
        method="street", settings=settings, cautions=(*chosen.cautions, *_layer_words(units), NETWORK, SMOOTH),
        lixels=_frame(lixels, density),
    )  # fmt: skip


def _step(value: float | str | None, bandwidth: float, kernel: str) -> Setting:
    if value is not None:
        return Setting(metres(value, name="step"), "you")
    reach = bandwidth if kernel == "quartic" else bandwidth * PER_SIGMA
    words = "the bandwidth" if kernel == "quartic" else "the reach of a quartic that spreads as far"
    return Setting(float(min(round(reach / PER_BANDWIDTH, 1), LONGEST)), "sara", f"a fifth of {words}, at most {LONGEST:g} m")


def _check_pieces(length: float, step: float) -> None:
    if length / step > MOST_PIECES:
        raise InputError(
            f"`step` must give at most {MOST_PIECES:,} pieces of street. Got {length / step:,.0f} pieces of {step:g} m on {length / 1000:,.0f} km. "
            f"Write step={max(1, round(length / MOST_PIECES + 0.5))}"
        )


def _places(chosen: Selected, units: StreetUnits) -> tuple[Ints, Floats, Ints]:
    """Return the line of each row and how far along it lies, or the node it belongs to."""
    code, k = chosen.code, len(units.lines)
    assert code is not None
    on_line = code < k
    line, node = np.where(on_line, code, -1), np.full(len(code), -1, dtype=np.int64)
    node[~on_line] = units.junctions[code[~on_line] - k]
    position = np.full(len(code), np.nan)
    spots = shapely.points(chosen.rows.x[on_line], chosen.rows.y[on_line])
    position[on_line] = shapely.line_locate_point(units.lines[code[on_line]], spots)
    return line, position, node


def _table(chosen: Selected, units: StreetUnits, lixels: Lixels, density: Floats, hot: npt.NDArray[np.bool_]) -> gpd.GeoDataFrame:
    """Return one row per street piece and intersection."""
    assert chosen.code is not None
    n = units.counts(chosen.code, chosen.rows.n)
    table = units.frame()
    length = table["length_m"].to_numpy()
    per_km = np.divide(n, length / 1000, out=np.full(len(n), np.nan), where=length > 0)
    peak, some = np.maximum.reduceat(density, lixels.first[:-1]), np.logical_or.reduceat(hot, lixels.first[:-1])
    at_node, hot_node = np.zeros(len(units.nodes.x)), np.zeros(len(units.nodes.x), dtype=bool)
    for node, end in ((units.nodes.start, lixels.first[:-1]), (units.nodes.end, lixels.first[1:] - 1)):
        np.maximum.at(at_node, node, density[end])
        np.logical_or.at(hot_node, node, hot[end])
    columns: dict[str, Any] = {"n": n.astype(np.int64)}
    if chosen.rows.weight is not None:
        order = np.lexsort((chosen.rows.weight, chosen.code))
        columns["weight"] = units.counts(chosen.code[order], chosen.rows.weight[order])
    columns |= {
        "per_km": per_km, "density": np.r_[peak, at_node[units.junctions]], "is_hot": np.r_[some, hot_node[units.junctions]],
    }  # fmt: skip
    for name, column in columns.items():
        table.insert(len(table.columns) - 1, name, column)
    return table


def _areas(
    chosen: Selected, units: StreetUnits, lixels: Lixels, hot: npt.NDArray[np.bool_], line: Ints, position: Floats, node: Ints, mean: float
) -> gpd.GeoDataFrame:  # fmt: skip
    """Return dense pieces that hang together as ground of 20 m to either side; events count for the stretch they lie on."""
    rows = chosen.rows
    group, of_node, shapes = hot_stretches(units.lines, units.nodes, lixels, hot)
    on_line = line >= 0
    member = np.full(len(line), -1, dtype=np.int64)
    last = np.diff(lixels.first)[line[on_line]] - 1
    held = np.minimum((position[on_line] / lixels.step[line[on_line]]).astype(np.int64), last)
    member[on_line] = group[lixels.first[line[on_line]] + held]
    member[~on_line] = of_node[node[~on_line]]
    inside = member >= 0
    n = np.bincount(member[inside], weights=rows.n[inside], minlength=len(shapes))
    km = np.bincount(group[hot], weights=lixels.step[lixels.line][hot] / 1000, minlength=len(shapes))
    weight = rows.n if rows.weight is None else rows.weight
    excess = np.bincount(member[inside], weights=weight[inside], minlength=len(shapes)) - mean * km
    keep = np.flatnonzero(excess > 0)
    ground = shapely.intersection(shapely.buffer(shapes[keep], HALF_WIDTH), chosen.area)
    frame = pd.DataFrame({"n": n[keep].astype(np.int64), "excess": excess[keep], "p_adjusted": np.full(len(keep), np.nan)})
    return finish_areas(chosen, frame, list(ground), place_words(chosen, member, keep), word="Dense stretch")[AREA_COLUMNS]


def _frame(lixels: Lixels, density: Floats) -> pd.DataFrame:
    line, start = lixels.line, lixels.start
    return pd.DataFrame({"street": line, "start_m": start, "end_m": start + lixels.step[line], "density": density})


def _layer_words(units: StreetUnits) -> tuple[str, ...]:
    """Say what is odd about the layer."""
    told = []
    if units.n_same:
        told.append(f"{units.n_same:,} street pieces lie on the same points as another and were left out.")
    loose = loose_ends(units.lines, units.nodes)
    if loose:
        told.append(
            f"{loose:,} {'street ends' if loose == 1 else 'streets end'} in the middle of another without a point there: not joined, so that no density passes there. Cut the layer at its "
            "junctions first."
        )
    return tuple(told)
