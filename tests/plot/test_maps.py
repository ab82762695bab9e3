"""Maps: at most five classes whose words match their numbers, a scale bar of the right length, nothing global touched."""

from __future__ import annotations

from itertools import pairwise

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, box

from sara.plot import maps
from sara.plot.style import new_axes

AREA = box(500_000, 4_000_000, 510_000, 4_008_000)


@given(st.lists(st.one_of(st.integers(0, 10**6), st.floats(0, 1e6)), min_size=1, max_size=50))
def test_every_positive_value_has_a_class_and_a_word(values):
    breaks = maps.class_breaks(values)
    positive = [v for v in values if v > 0]
    assert len(breaks) <= 5
    assert bool(breaks) == bool(positive)
    if positive:
        assert breaks == sorted(set(breaks))
        assert breaks[0] <= max(positive)
        assert len(maps.class_labels(breaks, positive)) == len(breaks) == len(maps.class_colors(len(breaks)))


def test_words_of_counts_are_whole_and_do_not_overlap():
    values = [1, 1, 3, 8, 40, 90]
    breaks = maps.class_breaks(values)
    assert maps.class_labels(breaks, values) == ["1 to 4", "5 to 19", "20 to 49", "50 to 90"]
    assert maps.class_labels([4.0], [4, 4]) == ["4"]


def test_classes_are_told_apart_in_grey():
    grey = [0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b, _ in maps.class_colors(5)]
    assert all(a - b > 0.08 for a, b in pairwise(grey))


def test_the_scale_bar_is_as_long_as_it_says():
    ax = new_axes()
    maps.basemap(ax, AREA)
    maps.scale_bar(ax)
    words = ax.texts[-1].get_text()
    line = ax.lines[-1].get_xdata()
    length = max(line) - min(line)
    assert words.startswith(f"{length / 1000:g} km") or words.startswith(f"{length:g} m")
    assert "mi" in words or "ft" in words


def test_a_map_keeps_its_shape_and_the_users_style():
    before = dict(mpl.rcParams)
    ax = new_axes()
    streets = gpd.GeoDataFrame(geometry=[LineString([(500_000, 4_000_000), (510_000, 4_008_000)])], crs=32616)
    side = maps.basemap(ax, AREA, areas=gpd.GeoDataFrame(geometry=[AREA], crs=32616), streets=streets)
    maps.choropleth(ax, [AREA], [3], unit="calls", side=side)
    maps.points(ax, [505_000], [4_004_000])
    maps.numbered(ax, [AREA], ["all of it"], title="Areas", side=side)
    ax.figure.canvas.draw()
    box_in = ax.get_window_extent()
    scale = [box_in.width / np.ptp(ax.get_xlim()), box_in.height / np.ptp(ax.get_ylim())]
    assert scale[0] == pytest.approx(scale[1], rel=2e-3)
    assert side > AREA.bounds[2]
    assert ax.get_legend().get_title().get_text() == "calls"
    assert dict(mpl.rcParams) == before


# matplotlib draws what a map is asked for; what it may not do is move the map.
def frame_of(ax):
    return (*ax.get_xlim(), *ax.get_ylim())


SHAPES = [box(500_000 + 1_000 * i, 4_000_000, 501_000 + 1_000 * i, 4_001_000) for i in range(6)]


def test_nothing_that_is_drawn_moves_the_frame():
    ax = new_axes()
    maps.basemap(ax, AREA)
    before = frame_of(ax)
    far = box(0, 0, 10, 10)
    maps.polygons(ax, [far], ["red"])
    maps.cells(ax, [0], [0], 100, ["red"])
    maps.hatch(ax, [far])
    maps.lines(ax, [LineString([(0, 0), (1, 1)])], color="red")
    maps.circles(ax, [0], [0], [10])
    maps.points(ax, [0], [0])
    maps.outlines(ax, [far])
    ax.figure.canvas.draw()
    assert frame_of(ax) == before


def test_shapes_get_their_own_colours_and_empty_ones_shift_none():
    ax = new_axes()
    maps.polygons(ax, [SHAPES[0], box(0, 0, 0, 0), SHAPES[2]], ["#ff0000", "#00ff00", "#0000ff"])
    found = ax.collections[-1].get_facecolors()
    assert [mpl.colors.to_hex(c) for c in found] == ["#ff0000", "#0000ff"]


@given(st.lists(st.one_of(st.integers(-(10**5), 10**5), st.floats(-1e5, 1e5)), min_size=1, max_size=40))
def test_more_and_less_mirror_each_other(values):
    by = maps.diverging(values)
    assert len(by.colors) == len(by.labels) == len(by.edges) == 2 * by.below + 1
    numbers = np.array(values, dtype=float)
    up, down = by.group(numbers), by.group(-numbers)
    assert np.array_equal(up - by.below, -(down - by.below))


def test_a_ratio_mirrors_its_inverse():
    by = maps.diverging([0.1, 1, 8], centre=1)
    assert by.breaks == (1.25, 1.5, 2.0)
    assert by.group([1.0, 1.3, 1 / 1.3, 3.0, 1 / 3.0, np.nan]).tolist() == [3, 4, 2, 6, 0, -1]


def test_less_is_hatched_where_more_is_not():
    ax = new_axes()
    side = maps.basemap(ax, AREA)
    by = maps.diverging([-20, -2, 0, 2, 20], breaks=[1, 10])
    maps.fill(ax, SHAPES[:5], [-20, -2, 0, 2, 20], by)
    maps.key(ax, by.entries(), title="change", side=side)
    assert sum(c.get_hatch() is not None for c in ax.collections) == 2
    assert [p.get_hatch() is not None for p in ax.get_legend().legend_handles] == [True, True, False, False, False]


def test_classes_of_another_map_keep_colours_and_say_what_they_hold():
    first = maps.classes([2, 7, 30, 90])
    second = maps.classes([1, 40], breaks=first.breaks)
    assert second.colors == first.colors
    assert second.labels[0].startswith("1 ") and second.labels[-1].endswith("and more")
    with maps.asked(breaks=first.breaks) as look:
        assert maps.class_breaks([1, 1000]) == list(first.breaks)
        assert look.used == first.breaks
    assert maps.class_breaks([5, 5]) == [5.0]


def test_hatches_join_what_touches():
    ax = new_axes()
    maps.hatch(ax, SHAPES)
    assert len(ax.collections[-1].get_paths()) == 1
    assert len(maps.hatch(ax, []).collections) == 1


def test_names_are_written_where_they_fit_and_never_cross():
    areas = gpd.GeoDataFrame(
        {"name": ["West", "East", "A name much too long for so small a place", None]},
        geometry=[
            box(500_000, 4_000_000, 505_000, 4_008_000),
            box(505_000, 4_000_000, 510_000, 4_008_000),
            box(502_000, 4_004_000, 502_200, 4_004_200),
            box(507_000, 4_004_000, 507_200, 4_004_200),
        ],
        crs=32616,
    )
    ax = new_axes()
    maps.basemap(ax, AREA, areas=areas)
    maps.labels(ax, areas)
    assert sorted(t.get_text() for t in ax.texts) == ["East", "West"]
    maps.labels(ax, areas)
    assert len(ax.texts) == 2


def test_a_window_is_framed_cut_and_found_again():
    window = (503_000.0, 4_003_000.0, 505_000.0, 4_005_000.0)
    streets = gpd.GeoDataFrame(
        {"name": ["MAIN ST", None]},
        geometry=[
            LineString([(500_000, 4_004_000), (510_000, 4_004_000)]),
            LineString([(504_000, 4_000_000), (504_000, 4_008_000)]),
        ],
        crs=32616,
    )
    ax = new_axes()
    side = maps.basemap(ax, AREA, streets=streets, window=window)
    maps.clip(ax, window)
    small = maps.locator(ax, AREA, window)
    maps.street_names(ax, streets, window)
    low, high = ax.get_xlim()
    assert low < window[0] and window[2] < side < high
    assert small.get_xlim() == (AREA.bounds[0], AREA.bounds[2])
    assert [t.get_text() for t in ax.texts] == ["MAIN ST"]


def test_named_areas_a_little_beyond_the_study_area_are_shown_whole():
    near = gpd.GeoDataFrame({"name": ["A"]}, geometry=[box(499_000, 4_000_000, 510_000, 4_008_000)], crs=32616)
    far = gpd.GeoDataFrame({"name": ["A"]}, geometry=[box(400_000, 4_000_000, 510_000, 4_008_000)], crs=32616)
    one, two = new_axes(), new_axes()
    maps.basemap(one, AREA, areas=near)
    maps.basemap(two, AREA, areas=far)
    assert one.get_xlim()[0] < 499_000 < two.get_xlim()[0]


def test_one_full_cell_does_not_leave_the_city_in_one_class():
    values = np.r_[np.full(900, 40), np.arange(1, 301), 4_861]
    breaks = maps.class_breaks(values)
    held = np.histogram(values, [*breaks, np.inf])[0]
    assert held.max() < 0.9 * len(values)
    assert len(breaks) >= 4


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([5, 5, 6], ["5", "6"]),
        ([100, 101, 102], ["100", "101", "102"]),
        ([10, 12.5, 19], ["10 to under 12", "12 to under 14", "14 to under 16", "16 to under 18", "18 to 19"]),
    ],
)
def test_values_of_about_one_size_have_classes_of_one_width(values, labels):
    assert maps.class_labels(maps.class_breaks(values), values) == labels
