"""Hexagons: they tile, each point is in one, neighbours are six, and a layout finds them again."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon, box

from sara.core.errors import InputError
from sara.core.grid import Grid, as_grid, blank, cells_of
from sara.core.hexgrid import HexGrid

L_SHAPE = Polygon([(0, 0), (1000, 0), (1000, 300), (300, 300), (300, 1000), (0, 1000)])
SHAPES = [
    box(0, 0, 1000, 1000),
    L_SHAPE,
    box(30, 30, 930, 960),
    Polygon([(0, 0), (1000, 0), (500, 1000)]),
    Point(500, 400).buffer(390),
]
# Quarters of a half width and of a half side: centres, corners, middles of edges and points of the outline all occur.
LATTICE = st.lists(st.tuples(st.integers(-8, 110), st.integers(-8, 110)), min_size=1, max_size=60)


@given(LATTICE, st.sampled_from(SHAPES))
@settings(max_examples=150, deadline=None)
def test_cells_add_up_to_the_points_inside_the_outline(corners, area):
    grid = HexGrid.over(area, cell_size=100)
    u, v = np.array(corners, dtype=float).T
    x, y = grid.x0 + u * 12.5, grid.y0 + v * grid.side / 8
    code = grid.locate(x, y)
    inside = shapely.intersects_xy(area, x, y)
    assert ((code >= 0) == inside).all()
    counts = grid.counts(code)
    assert counts.sum() == inside.sum()
    assert counts[~grid.member].sum() == 0
    # The cell that holds a point is one it lies in or on.
    cells = shapely.polygons(grid.corners(*np.divmod(code[inside], grid.member.shape[1])))
    near = shapely.distance(cells, shapely.points(x[inside], y[inside])) < 1e-6
    assert near.all() or not grid.whole.any()


def test_corners_and_edges_belong_to_one_cell_each():
    grid = HexGrid.over(box(0, 0, 2000, 2000), cell_size=100)
    row, column = np.nonzero(grid.whole)
    corners = np.unique(grid.corners(row, column).reshape(-1, 2), axis=0)
    sides = grid.corners(row, column)
    middles = np.unique(((sides + np.roll(sides, 1, axis=1)) / 2).reshape(-1, 2).round(6), axis=0)
    for points in (corners, middles):
        inside = shapely.intersects_xy(grid.area, points[:, 0], points[:, 1])
        assert grid.counts(grid.locate(*points.T)).sum() == inside.sum() > 500


def test_points_belong_to_the_nearest_centre():
    grid = HexGrid.over(box(0, 0, 5000, 4000), cell_size=170)
    rng = np.random.default_rng(1)
    x, y = rng.uniform(400, 4600, 20_000), rng.uniform(400, 3600, 20_000)
    from scipy.spatial import cKDTree

    cells = np.flatnonzero(grid.member)
    want = cells[cKDTree(np.column_stack(grid.centres())).query(np.c_[x, y])[1]]
    assert (grid.locate(x, y) == want).all()


@pytest.mark.parametrize(
    "shape", [L_SHAPE, Point(0, 0).buffer(777), Point(5e5, 4e6).buffer(900).difference(Point(5e5, 4e6).buffer(400))]
)
@pytest.mark.parametrize("kind", [Grid, HexGrid])
def test_cells_are_those_whose_inside_meets_the_area(shape, kind):
    grid = kind.over(shape, cell_size=70)
    rows, columns = (v.ravel() for v in np.indices(grid.member.shape))
    share = shapely.area(shapely.intersection(shapely.polygons(grid.corners(rows, columns)), shape)) / 1e6 / grid.cell_km2
    assert (grid.member.ravel() == (share > 1e-12)).all()
    assert (grid.whole.ravel() == (share > 1 - 1e-9)).all()
    assert len(grid.frame()) == grid.n_cells == len(grid.centres()[0])
    np.testing.assert_allclose(grid.inside_km2(), share[grid.member.ravel()] * grid.cell_km2, rtol=1e-9, atol=1e-15)
    assert grid.inside_km2().sum() == pytest.approx(shape.area / 1e6, rel=1e-9)


def test_the_cells_tile_without_gaps_and_share_their_corners():
    frame = HexGrid.over(box(0.1, 0.1, 100.1, 100.1), cell_size=7, crs=32616).frame()
    one = shapely.union_all(frame.geometry.to_numpy())
    assert one.geom_type == "Polygon"
    assert len(one.interiors) == 0
    assert one.area == pytest.approx(frame.area.sum(), rel=1e-12)
    assert one.covers(box(0.1, 0.1, 100.1, 100.1))


@pytest.mark.parametrize("contiguity", ["queen", "rook"])
@pytest.mark.parametrize("kind", [Grid, HexGrid])
def test_neighbours_are_the_cells_that_touch(kind, contiguity):
    grid = kind.over(Point(0, 0).buffer(500), cell_size=90)
    found = grid.neighbours(contiguity)
    shapes = grid.frame().geometry.to_numpy()
    touch = shapely.intersects(shapes[:, None], shapes[None, :])
    if contiguity == "rook":
        touch &= shapely.length(shapely.intersection(shapes[:, None], shapes[None, :])) > 1
    np.fill_diagonal(touch, False)
    assert (found.toarray() == touch).all()
    assert found.has_sorted_indices
    assert (found != found.T).nnz == 0


@pytest.mark.parametrize("kind", [Grid, HexGrid])
@pytest.mark.parametrize("distance", [50, 100, 250, "300m"])
def test_neighbours_within_a_distance(kind, distance):
    grid = kind.over(L_SHAPE, cell_size=100)
    x, y = grid.centres()
    far = float(str(distance).removesuffix("m"))
    want = np.hypot(x[:, None] - x, y[:, None] - y) <= far + 1e-6
    np.fill_diagonal(want, False)
    assert (grid.neighbours(distance=distance).toarray() == want).all()


def test_a_grid_is_found_again_from_its_layout():
    grid = HexGrid.over(L_SHAPE, cell_size=90, crs=32616)
    again = HexGrid.from_layout(grid.layout(), L_SHAPE, 32616)
    assert (again.member == grid.member).all()
    assert as_grid(grid) is grid
    frame = grid.frame()
    same = cells_of(grid.layout(), frame["row"], frame["column"], crs=32616)
    assert same.geometry.geom_equals_exact(frame.geometry, 0).all()
    assert type(blank(grid.layout())) is HexGrid
    with pytest.raises(InputError, match="at most 4,000,000 cells"):
        HexGrid.over(box(0, 0, 9_000_000, 4_000_000), cell_size=100)


def test_a_tiny_area_has_a_cell():
    grid = HexGrid.over(box(0, 0, 1, 1), cell_size=100)
    assert grid.n_cells >= 1
    assert (grid.locate(np.array([0.0, 1.0, 0.5, 2.0]), np.array([0.0, 1.0, 0.5, 0.0])) >= 0).tolist() == [
        True,
        True,
        True,
        False,
    ]
