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
    assert maps.class_labels(breaks, values) == ["1", "2 to 4", "5 to 19", "20 to 49", "50 to 90"]
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
