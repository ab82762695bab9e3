"""Grids: the whole area, empty cells too, each point in one cell."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon, box

from sara.core.errors import InputError
from sara.core.grid import Grid, as_grid, choose_cell_size

L_SHAPE = Polygon([(0, 0), (1000, 0), (1000, 300), (300, 300), (300, 1000), (0, 1000)])
# Multiples of half a cell: edges, corners, the outline and points outside all occur.
LATTICE = st.lists(st.tuples(st.integers(-2, 22), st.integers(-2, 22)), min_size=1, max_size=60)


@given(
    LATTICE, st.sampled_from([box(0, 0, 1000, 1000), L_SHAPE, box(30, 30, 930, 960), Polygon([(0, 0), (1000, 0), (500, 1000)])])
)
@settings(max_examples=150, deadline=None)
def test_cells_add_up_to_the_points_inside_the_outline(corners, area):
    x, y = np.array(corners, dtype=float).T * 50
    grid = Grid.over(area, cell_size=100)
    code = grid.locate(x, y)
    inside = shapely.intersects_xy(area, x, y)
    assert ((code >= 0) == inside).all()
    counts = grid.counts(code)
    assert counts.sum() == inside.sum()
    assert counts[~grid.member].sum() == 0


def test_a_point_on_an_edge_is_in_the_cell_it_opens_and_the_far_edge_in_the_last():
    grid = Grid.over(box(0, 0, 1000, 500), cell_size=100)
    x, y = np.array([0, 100, 1000, 1000, 1000.0001, np.nan, -1e-9]), np.array([0, 100, 500, 0, 0, 1, 3.0])
    assert grid.locate(x, y).tolist() == [0, 11, 49, 9, -1, -1, -1]


@pytest.mark.parametrize(
    "shape", [L_SHAPE, Point(0, 0).buffer(777), Point(5e5, 4e6).buffer(900).difference(Point(5e5, 4e6).buffer(400))]
)
def test_cells_are_those_whose_inside_meets_the_area(shape):
    grid = Grid.over(shape, cell_size=70)
    rows, columns = np.indices(grid.member.shape)
    left, low = grid.x0 + columns * 70, grid.y0 + rows * 70
    boxes = shapely.box(left, low, left + 70, low + 70)
    share = shapely.area(shapely.intersection(boxes, shape)) / 4900
    assert (grid.member == (share > 1e-12)).all()
    assert (grid.whole <= (share > 1 - 1e-9)).all()
    assert len(grid.frame()) == grid.member.sum() == grid.n_cells


def test_an_area_of_whole_cells_has_no_rim():
    assert Grid.over(box(50, 50, 1050, 1050), cell_size=100).n_cells == 100
    assert Grid.over(box(0, 0, 0.3, 0.3), cell_size=0.1).n_cells == 9


def test_neighbouring_cells_share_their_corners():
    frame = Grid.over(box(0.1, 0.1, 100.1, 100.1), cell_size=0.7 * 10, crs=32616).frame()
    assert shapely.union_all(frame.geometry.to_numpy()).geom_type == "Polygon"


@pytest.mark.parametrize(
    ("side", "size"), [(10_000, 200), (3_000, 100), (50_000, 250), (1_000, 50), (150, 10), (30, 10), (7_385, 140)]
)
def test_the_size_follows_the_shorter_side(side, size):
    chosen = choose_cell_size((0, 0, side, 3 * side))
    assert chosen.value == size
    assert chosen.chosen_by == "sara"
    assert chosen.why


def test_too_many_cells_are_refused_with_a_size_that_works():
    with pytest.raises(InputError, match=r"at most 4,000,000 cells.*Write cell_size=(\d+)") as caught:
        Grid.over(box(0, 0, 9_000_000, 4_000_000), cell_size=100)
    size = int(str(caught.value).split("cell_size=")[1].split(",")[0])
    assert Grid.over(box(0, 0, 9_000_000, 4_000_000), cell_size=size).n_cells <= 4_000_000


def test_a_grid_is_found_again_from_its_layout():
    grid = Grid.over(L_SHAPE, cell_size=90, crs=32616)
    again = Grid.from_layout(grid.layout(), L_SHAPE, 32616)
    assert (again.member == grid.member).all()
    assert as_grid(grid) is grid
    with pytest.raises(InputError, match="`grid` must be a grid of cells"):
        as_grid(gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1)]))
    with pytest.raises(InputError, match="coordinate system"):
        as_grid(grid, crs=32610)
