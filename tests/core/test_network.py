"""Streets: pieces, junctions and the street of an event."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
import shapely.affinity
from shapely import LineString, MultiLineString, Point

from sara.core.errors import InputError
from sara.core.network import nodes_of, on_streets, snap_to_streets, street_lines


def layer(*shapes, crs=32616):
    return gpd.GeoSeries(list(shapes), crs=crs)


def test_streets_are_cut_where_they_share_a_vertex_and_only_there():
    through = LineString([(0, 0), (100, 0), (200, 0)])
    side = LineString([(100, 0), (100, 90)])
    bridge = LineString([(150, -50), (150, 50)])
    found = street_lines(layer(through, side, bridge))
    assert found.row.tolist() == [0, 0, 1, 2]
    assert shapely.length(found.lines).tolist() == [100, 100, 90, 100]
    assert sorted(nodes_of(found.lines).degree.tolist()) == [1, 1, 1, 1, 1, 3]


def grid(turn=0.0):
    """Return 11 by 11 streets of one km, each drawn in one go."""
    ways = [LineString([(0, 100 * i), (1_000, 100 * i)]) for i in range(11)]
    ways += [LineString([(100 * i, 0), (100 * i, 1_000)]) for i in range(11)]
    return layer(*(shapely.affinity.rotate(way, turn, origin=(0, 0)) for way in ways))


@pytest.mark.parametrize("turn", [0.0, 33.3])
def test_streets_never_cut_at_junctions_are_cut_where_they_meet(turn):
    found = street_lines(grid(turn))
    assert found.joined
    assert len(found.lines) == 220
    assert shapely.length(found.lines) == pytest.approx(np.full(220, 100.0))
    degree = nodes_of(found.lines).degree
    # 81 crossings, 36 where streets end at the outer ones, 4 corners.
    assert [int((degree == k).sum()) for k in (2, 3, 4)] == [4, 36, 81]
    assert np.bincount(found.row).tolist() == [10] * 22
    assert "cut and joined there" in found.words[0]


def test_two_streets_that_cross_and_three_through_one_point():
    along, across = LineString([(0, 0), (1_000, 0)]), LineString([(500, -500), (500, 500)])
    found = street_lines(layer(along, across))
    assert (len(found.lines), found.n_crossings, found.joined) == (4, 1, True)
    assert sorted(nodes_of(found.lines).degree.tolist()) == [1, 1, 1, 1, 4]
    third = LineString([(100, -400), (900, 400)])
    found = street_lines(layer(along, across, third))
    assert (len(found.lines), found.n_crossings) == (6, 1)
    assert max(nodes_of(found.lines).degree) == 6
    # A vertex of one at the crossing makes no piece without a length.
    found = street_lines(layer(LineString([(0, 0), (500, 0), (1_000, 0)]), across))
    assert shapely.length(found.lines).tolist() == [500] * 4


def test_bridges_of_a_layer_cut_at_junctions_stay_bridges_and_are_counted():
    cut = street_lines(grid()).lines
    bridge = LineString([(-50, 250), (1_050, 250)])
    found = street_lines(layer(*cut, bridge))
    assert (len(found.lines), found.n_crossings, found.joined) == (221, 11, False)
    assert "at 11 spots without a point in common" in found.words[0]
    assert street_lines(layer(*cut)).words == ()


def test_length_is_kept_and_drawn_twice_is_counted_once():
    a = LineString([(0, 0), (50, 0), (100, 0)])
    found = street_lines(
        layer(a, a.reverse(), MultiLineString([[(0, 5), (9, 5)], [(20, 5), (29, 5)]]), LineString([(3, 3), (3, 3)]))
    )
    # The two copies share their middle vertex, so that both are cut there.
    assert shapely.length(found.lines).sum() == pytest.approx(100 + 18)
    assert (found.n_same, found.n_flat) == (2, 1)


def test_ends_that_miss_by_less_than_half_a_metre_are_joined():
    lines = street_lines(
        layer(LineString([(0, 0), (100, 0)]), LineString([(100.3, 0), (200, 0)]), LineString([(100, 0.8), (100, 90)]))
    ).lines
    assert sorted(nodes_of(lines).degree.tolist()) == [1, 1, 1, 1, 2]


def test_a_ring_is_one_node_of_two_ends():
    ring = LineString([(0, 0), (10, 0), (10, 10), (0, 0)])
    nodes = nodes_of(street_lines(layer(ring)).lines)
    assert nodes.degree.tolist() == [2] and nodes.start[0] == nodes.end[0]


def test_nearest_line_agrees_with_every_distance_measured():
    rng = np.random.default_rng(4)
    ends = rng.uniform(0, 1000, (60, 4))
    lines = np.array([LineString([e[:2], e[2:]]) for e in ends])
    x, y = rng.uniform(0, 1000, (2, 300))
    segment, distance, position = snap_to_streets(x, y, lines, limit=30)
    all_far = shapely.distance(lines[None, :], shapely.points(x, y)[:, None])
    near = all_far.min(axis=1) <= 30
    assert np.array_equal(segment >= 0, near)
    assert np.array_equal(segment[near], all_far.argmin(axis=1)[near])
    assert np.allclose(distance[near], all_far.min(axis=1)[near])
    spot = shapely.line_interpolate_point(lines[segment[near]], position[near])
    assert np.allclose(shapely.distance(spot, shapely.points(x, y)[near]), distance[near])


def test_the_order_of_the_layer_decides_nothing():
    lines = np.array([LineString([(0, 0), (100, 0)]), LineString([(0, 0), (0, 100)]), LineString([(0, 0), (-80, 0)])])
    x, y = np.array([-5.0, 0.0, 30.0, -5.0]), np.array([-5.0, -20.0, 30.0, 5.0])
    first = lines[snap_to_streets(x, y, lines, limit=50)[0]]
    turned = lines[::-1]
    assert np.array_equal(first, turned[snap_to_streets(x, y, turned, limit=50)[0]])


def test_an_event_belongs_to_a_street_or_a_junction_or_to_none():
    cross = [LineString([(0, 0), (100, 0)]), LineString([(0, 0), (-100, 0)]), LineString([(0, 0), (0, 100)])]
    lines = street_lines(layer(*cross)).lines
    x, y = np.array([6.0, 30.0, 100.0, 300.0]), np.array([6.0, 8.0, 0.0, 0.0])
    segment, node, position = on_streets(x, y, lines, nodes_of(lines), limit=50)
    assert (segment >= 0).tolist() == [False, True, True, False]
    assert (node >= 0).tolist() == [True, False, False, False]
    assert np.nanmax(position) == 100


def test_any_coordinate_system_is_brought_to_that_of_the_events():
    here = layer(LineString([(400_000, 4_500_000), (400_100, 4_500_000)]))
    there = here.to_crs(4326)
    assert shapely.length(street_lines(there, crs=32616).lines)[0] == pytest.approx(100, abs=1e-6)


def test_mistakes_are_told():
    with pytest.raises(InputError, match="must be lines. Got Point in row 1"):
        street_lines(layer(LineString([(0, 0), (1, 1)]), Point(0, 0)))
    with pytest.raises(InputError, match="has no rows"):
        street_lines(layer())
    with pytest.raises(InputError, match="coordinate reference system"):
        street_lines(layer(LineString([(0, 0), (1, 1)]), crs=None))
    with pytest.raises(InputError, match="layer of street lines. Got a str"):
        street_lines("streets.geojson")
    with pytest.raises(InputError, match="with a length"):
        street_lines(layer(LineString([(0, 0), (0, 0)])))
