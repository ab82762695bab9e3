"""Streets as a network: pieces between junctions, and which of them an event belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from sara.core.errors import InputError

__all__ = [
    "AT_JUNCTION",
    "JOINED",
    "Nodes",
    "StreetLines",
    "loose_ends",
    "nodes_of",
    "on_streets",
    "snap_to_streets",
    "street_lines",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Lines = npt.NDArray[np.object_]

# Ends of streets closer than this are one junction: layers drawn by hand miss by centimetres, never by a lane.
JOINED = 0.5
# Events this close to a junction belong to it and to no side of it: half the width of a street. Geocoders put "A ST / B ST" on the very point.
AT_JUNCTION = 10.0
# Vertices that agree to the centimetre are the same vertex.
SAME_VERTEX = 0.01


@dataclass(frozen=True, eq=False)
class StreetLines:
    """Pieces of street between junctions, in metres.

    ``row`` is the position of each piece's street in the layer; ``n_same`` counts pieces left out because another lies on the same points,
    ``n_flat`` shapes without a length, ``n_crossings`` the spots where streets of the layer cross without a common point; ``joined`` says
    whether they were cut there.
    """

    lines: Lines
    row: Ints
    n_same: int
    n_flat: int
    n_crossings: int = 0
    joined: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """What has to be said about streets that cross without a common point."""
        if not self.n_crossings:
            return ()
        spots = "1 spot" if self.n_crossings == 1 else f"{self.n_crossings:,} spots"
        if self.joined:
            return (
                f"The streets cross at {spots} without a point in common and share fewer: they were cut and joined there, bridges included.",
            )
        return (
            f"Streets cross at {spots} without a point in common, as bridges and tunnels do: they were not joined there. If they do meet, cut the layer at "
            "its crossings first.",
        )


@dataclass(frozen=True, eq=False)
class Nodes:
    """Where pieces end: the node at the ``start`` and ``end`` of each piece; ``x``, ``y`` and ``degree`` (ends that meet) of each node."""

    start: Ints
    end: Ints
    x: Floats
    y: Floats
    degree: Ints


def street_lines(streets: Any, *, crs: Any = None, name: str = "streets") -> StreetLines:
    """Return a street layer as pieces that end where streets share a point.

    Streets that cross without a common vertex are not joined: that is how layers draw bridges. But where a layer has more such crossings than points
    at which three or more ends meet, its lines were never cut at junctions: they are cut and joined wherever they meet.

    Parameters
    ----------
    streets : GeoDataFrame or GeoSeries
        LineStrings or MultiLineStrings, any coordinate system.
    crs : object, optional
        Coordinate system in metres to bring them to.
    name : str
        The argument's name, for the error.

    Returns
    -------
    StreetLines
        Pieces in the order of the layer; a piece drawn twice is kept once.

    Raises
    ------
    InputError
        If `streets` is not a layer of lines with a coordinate system.

    Examples
    --------
    >>> import geopandas, shapely
    >>> cross = [shapely.LineString([(0, 0), (50, 0), (100, 0)]), shapely.LineString([(50, 0), (50, 80)])]
    >>> len(street_lines(geopandas.GeoSeries(cross, crs=32616)).lines)
    3
    >>> crossing = [shapely.LineString([(0, 0), (100, 0)]), shapely.LineString([(50, -80), (50, 80)])]
    >>> found = street_lines(geopandas.GeoSeries(crossing, crs=32616))
    >>> len(found.lines), found.n_crossings, found.joined
    (4, 1, True)
    """
    layer = _checked(streets, crs, name)
    shapes = shapely.force_2d(layer.geometry.to_numpy())
    lines, row = shapely.get_parts(shapes, return_index=True)
    some = shapely.length(lines) > 0
    if not some.any():
        raise InputError(
            f"`{name}` must have streets with a length. Got none. Check the file: geopandas.read_file('streets.geojson')"
        )
    lines, piece = _split(lines[some])
    row = row[some][piece]
    n_crossings = _crossings(lines)
    joined = n_crossings > int((nodes_of(lines).degree >= 3).sum()) if n_crossings else False
    if joined:
        lines, piece = _split(lines, meeting=True)
        row = row[piece]
    long = shapely.length(lines) > 0
    lines, row = lines[long], row[long]
    first = _first_of_each(lines)
    return StreetLines(
        lines[first], row[first].astype(np.int64), len(lines) - len(first), int((~some).sum()), n_crossings, joined
    )


def _checked(streets: Any, crs: Any, name: str) -> gpd.GeoDataFrame:
    layer = gpd.GeoDataFrame(geometry=streets) if isinstance(streets, gpd.GeoSeries) else streets
    if not isinstance(layer, gpd.GeoDataFrame):
        raise InputError(
            f"`{name}` must be a layer of street lines. Got a {type(streets).__name__}. Write: {name} = geopandas.read_file('streets.geojson')"
        )
    if len(layer) == 0:
        raise InputError(f"`{name}` has no rows. Has an earlier filter removed them all?")
    if layer.crs is None:
        raise InputError(
            f"`{name}` must have a coordinate reference system. Got crs=None. If its numbers are longitude and latitude: {name} = {name}.set_crs(4326)"
        )
    there = layer.geometry.notna() & ~layer.geometry.is_empty
    wrong = there & ~layer.geometry.geom_type.isin(["LineString", "MultiLineString", "LinearRing"])
    if wrong.any():
        raise InputError(
            f"`{name}` must be lines. Got {layer.geometry.geom_type[wrong].iloc[0]} in row {layer.index[wrong][0]}. "
            f"Keep the lines: {name} = {name}[{name}.geom_type.isin(['LineString', 'MultiLineString'])]"
        )
    return layer if crs is None else layer.to_crs(crs)


def _crossings(lines: Lines) -> int:
    """Return at how many spots lines cross within both of them."""
    ends = shapely.get_coordinates(np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1)]))
    node = np.unique(np.round(ends / SAME_VERTEX).astype(np.int64), axis=0, return_inverse=True)[1].reshape(2, -1)
    one, other = shapely.STRtree(lines).query(lines)
    # Most neighbors share an end: these needn't be measured.
    apart = one < other
    for k in (0, 1):
        for n in (0, 1):
            apart &= node[k][one] != node[n][other]
    one, other = one[apart], other[apart]
    cross = shapely.crosses(lines[one], lines[other])
    spots = shapely.get_coordinates(shapely.intersection(lines[one[cross]], lines[other[cross]]))
    return len(np.unique(np.round(spots / JOINED), axis=0)) if len(spots) else 0


def _met(lines: Lines, at: Floats, line: Ints) -> tuple[Floats, Ints, npt.NDArray[np.bool_]]:
    """Return the vertices of lines with those of their meetings put in, the line of each, and which are meetings."""
    one, other = shapely.STRtree(lines).query(lines, predicate="intersects")
    one, other = one[one < other], other[one < other]
    spots, pair = shapely.get_coordinates(shapely.intersection(lines[one], lines[other]), return_index=True)
    # An end that stops at the middle of another line may miss it by rounding.
    ends = np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1)])
    end, touched = shapely.STRtree(lines).query(ends, predicate="dwithin", distance=JOINED)
    foreign = end % len(lines) != touched
    of = np.r_[one[pair], other[pair], touched[foreign]]
    spots = np.r_[spots, spots, shapely.get_coordinates(ends[end[foreign]])]
    far = shapely.line_locate_point(lines[of], shapely.points(spots))
    # What meets a line at its end is joined to that end.
    inner = (far > JOINED) & (far < shapely.length(lines[of]) - JOINED)
    of, spots, far = of[inner], spots[inner], far[inner]
    start = np.r_[True, line[1:] != line[:-1]]
    run = np.cumsum(np.where(start, 0.0, np.hypot(*np.diff(at, axis=0, prepend=at[:1]).T)))
    along = np.r_[run - np.maximum.accumulate(np.where(start, run, 0.0)), far]
    every, owner, put_in = np.r_[at, spots], np.r_[line, of], np.r_[np.zeros(len(at), dtype=bool), np.ones(len(of), dtype=bool)]
    order = np.lexsort((put_in, along, owner))
    every, owner, put_in, along = every[order], owner[order], put_in[order], along[order]
    # A meeting at a vertex, or at another meeting, is that one.
    group = np.cumsum(np.r_[True, (owner[1:] != owner[:-1]) | (np.diff(along) >= SAME_VERTEX)]) - 1
    meets, drawn = np.bincount(group, put_in) > 0, np.bincount(group, ~put_in) > 0
    first = np.r_[True, group[1:] != group[:-1]]
    keep = ~put_in | (first & ~drawn[group])
    group = group[keep]
    first = np.r_[True, group[1:] != group[:-1]]
    return every[keep], owner[keep], meets[group] & first


def _split(lines: Lines, *, meeting: bool = False) -> tuple[Lines, Ints]:
    """Cut lines at inner vertices that another line has too (or wherever they meet); return the pieces, and the line each comes from."""
    at, line = shapely.get_coordinates(lines, return_index=True)
    met = np.zeros(len(at), dtype=bool)
    if meeting:
        at, line, met = _met(lines, at, line)
    key = np.unique(np.round(at / SAME_VERTEX).astype(np.int64), axis=0, return_inverse=True)[1].ravel()
    # A vertex repeated within one line is no junction, unless the line comes back to it later.
    again = np.r_[False, (key[1:] == key[:-1]) & (line[1:] == line[:-1])]
    shared = np.bincount(key[~again], minlength=key.max(initial=-1) + 1)[key] > 1
    first = np.r_[True, line[1:] != line[:-1]]
    last = np.r_[first[1:], True]
    cut = (shared | met) & ~first & ~last & ~again
    # The vertex of a cut ends one piece and starts the next.
    copies = np.repeat(np.arange(len(line)), 1 + cut)
    starts = np.repeat(first, 1 + cut) | np.r_[False, copies[1:] == copies[:-1]]
    piece = np.cumsum(starts) - 1
    held = np.bincount(piece) > 1
    keep = held[piece]
    renumbered = np.cumsum(held) - 1
    owner = line[copies][starts]
    return shapely.linestrings(at[copies][keep], indices=renumbered[piece[keep]]), owner[held].astype(np.int64)


def _first_of_each(lines: Lines) -> Ints:
    """Return the positions of the first of each group of lines on the same points, whichever way they run."""
    rounded = shapely.normalize(shapely.set_precision(lines, SAME_VERTEX, mode="pointwise"))
    return np.sort(np.unique(np.array(shapely.to_wkb(rounded), dtype=object), return_index=True)[1])


def nodes_of(lines: Lines, *, tolerance: float = JOINED) -> Nodes:
    """Return the nodes at the ends of lines; ends within `tolerance` metres of each other are one node.

    Examples
    --------
    >>> import numpy as np, shapely
    >>> nodes_of(np.array([shapely.LineString([(0, 0), (9, 0)]), shapely.LineString([(9.1, 0), (9, 9)])])).degree.tolist()
    [1, 2, 1]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    n = len(lines)
    ends = shapely.get_coordinates(np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1)]))
    pairs = cKDTree(ends).query_pairs(tolerance, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(2 * n, 2 * n))
    n_nodes, label = connected_components(graph, directed=False)
    degree = np.bincount(label, minlength=n_nodes)
    x, y = (np.bincount(label, weights=ends[:, k], minlength=n_nodes) / degree for k in (0, 1))
    return Nodes(label[:n].astype(np.int64), label[n:].astype(np.int64), x, y, degree.astype(np.int64))


def loose_ends(lines: Lines, nodes: Nodes, *, tolerance: float = JOINED) -> int:
    """Return how many dead ends touch the middle of another line: likely junctions that the layer has no point for.

    Examples
    --------
    >>> import numpy as np, shapely
    >>> tee = np.array([shapely.LineString([(0, 0), (100, 0)]), shapely.LineString([(50, 0), (50, 80)])])
    >>> loose_ends(tee, nodes_of(tee))
    1
    """
    ends = np.flatnonzero(nodes.degree == 1)
    spots = shapely.points(nodes.x[ends], nodes.y[ends])
    end, line = shapely.STRtree(lines).query(spots, predicate="dwithin", distance=tolerance)
    others = (nodes.start[line] != ends[end]) & (nodes.end[line] != ends[end])
    return len(np.unique(end[others]))


def snap_to_streets(x: Floats, y: Floats, lines: Lines, *, limit: float) -> tuple[Ints, Floats, Floats]:
    """Return the nearest line of each point, the distance to it, and how far along it the nearest spot lies.

    Parameters
    ----------
    x, y : arrays
        Points, in metres.
    lines : array of LineStrings
        In the same coordinate system.
    limit : float
        Points farther than this from every line belong to none.

    Returns
    -------
    (segment, distance, position)
        ``segment`` is -1, the others missing, where no line is near. Of lines equally near, the one that lies most to the west (then south):
        the order of the layer does not matter.

    Examples
    --------
    >>> import numpy as np, shapely
    >>> street = np.array([shapely.LineString([(0, 0), (100, 0)])])
    >>> snap_to_streets(np.array([30.0, 30.0]), np.array([4.0, 400.0]), street, limit=50)
    (array([ 0, -1]), array([ 4., nan]), array([30., nan]))
    """
    segment = np.full(len(x), -1, dtype=np.int64)
    distance, position = np.full(len(x), np.nan), np.full(len(x), np.nan)
    if len(x) == 0 or len(lines) == 0:
        return segment, distance, position
    # Calls come from the same addresses again and again: each place is looked up once.
    places, back = np.unique(np.c_[x, y], axis=0, return_inverse=True)
    spots = shapely.points(places)
    (which, found), far = shapely.STRtree(lines).query_nearest(spots, max_distance=limit, return_distance=True)
    rank = np.empty(len(lines), dtype=np.int64)
    rank[np.lexsort((shapely.length(lines), *shapely.bounds(lines).T[::-1]))] = np.arange(len(lines))
    order = np.lexsort((rank[found], which))
    which, found, far = which[order], found[order], far[order]
    one = np.r_[True, which[1:] != which[:-1]] if len(which) else np.zeros(0, dtype=bool)
    which, found, far = which[one], found[one], far[one]
    at = np.full(len(places), -1, dtype=np.int64)
    at[which] = np.arange(len(which))
    at = at[back.ravel()]
    near = at >= 0
    segment[near], distance[near] = found[at[near]], far[at[near]]
    position[near] = shapely.line_locate_point(lines[found], spots[which])[at[near]]
    return segment, distance, position


def on_streets(
    x: Floats, y: Floats, lines: Lines, nodes: Nodes, *, limit: float, at_junction: float = AT_JUNCTION
) -> tuple[Ints, Ints, Floats]:
    """Return each point's line, or the junction it belongs to, and its place along the line; a point belongs to one of them or to none.

    Returns
    -------
    (segment, node, position)
        ``node`` is 0 or more for points within `at_junction` metres of a junction of three or more ends (``segment`` is then -1);
        ``segment`` is 0 or more for other points within `limit` of a line. Both are -1 where no street is near.
    """
    from scipy.spatial import cKDTree

    segment, _, position = snap_to_streets(x, y, lines, limit=limit)
    node = np.full(len(x), -1, dtype=np.int64)
    junctions = np.flatnonzero(nodes.degree >= 3)
    if len(junctions) and len(x):
        far, nearest = cKDTree(np.c_[nodes.x, nodes.y][junctions]).query(np.c_[x, y], distance_upper_bound=at_junction)
        close = np.isfinite(far)
        node[close] = junctions[nearest[close]]
    segment[node >= 0], position[node >= 0] = -1, np.nan
    return segment, node, position
