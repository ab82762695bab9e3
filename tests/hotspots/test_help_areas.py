"""Calls for help: no outline is a home, whatever the method."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from sara.hotspots import clusters, count, kde

AREA = shapely.box(0, 0, 10_000, 8_000)
HOME = shapely.Point(2_000, 3_000)


@pytest.fixture
def calls(make):
    """Return domestic calls: an even scatter, 40 from one home, 80 from a block of many, and 8 from a corner of four homes."""
    rng = np.random.default_rng(5)
    x = np.r_[
        rng.uniform(0, 10_000, 400), np.full(40, HOME.x), rng.normal(7_000, 60, 80), 5_000 + 20 * np.repeat(np.arange(4), 2)
    ]
    y = np.r_[rng.uniform(0, 8_000, 400), np.full(40, HOME.y), rng.normal(5_000, 60, 80), np.full(8, 6_500)]
    return make(x, y, category="domestic")


@pytest.mark.parametrize(("method", "more"), [
    (clusters, {}), (clusters, {"method": "hdbscan"}), (clusters, {"method": "nnh"}), (kde, {"cell_size": 50}), (count, {"cell_size": 50}),
])  # fmt: skip
def test_no_area_is_a_home(calls, method, more):
    found = method(calls, area=AREA, **more)
    outlined = found.areas
    assert not outlined.geometry.intersects(HOME).any()
    assert (outlined["n"] >= 10).all()
    inside = [len(np.unique(calls.geometry[calls.within(shape)].to_wkt())) for shape in outlined.geometry]
    assert all(n >= 3 for n in inside)
    assert any("left out, as such an outline could be a home" in caution for caution in found.cautions)


def test_outlines_that_stay_lie_on_squares_and_say_so(calls):
    found = clusters(calls, area=AREA)
    assert len(found.areas) == 1
    corners = shapely.get_coordinates(found.areas.geometry.iloc[0])
    assert np.allclose(corners % 100, 0)
    assert any("squares of 100 m" in caution for caution in found.cautions)
    assert len(found.table) == 1 and found.table.geometry.iloc[0].equals(found.areas.geometry.iloc[0])


def test_other_events_keep_their_outlines(calls):
    found = clusters(calls.assign(category="noise"), area=AREA)
    assert found.areas.geometry.intersects(HOME).any()
    assert not any("calls for help" in caution for caution in found.cautions)


def test_the_interactive_map_shows_no_home(calls, monkeypatch):
    shown = []
    monkeypatch.setattr("sara.hotspots._maps.explore.to_interactive", lambda layers, **_: shown.extend(layers))
    clusters(calls, area=AREA).explore()
    told = [layer for layer in shown if layer.told is not None]
    assert sum(len(layer.shapes) for layer in told) == 1
    assert not any(layer.shapes.intersects(HOME).any() for layer in told)


def test_small_cells_of_calls_for_help_hide_small_counts(calls):
    found = count(calls, area=AREA, cell_size=50)
    axes = found.plot()
    assert "fewer than 10" in [text.get_text() for text in axes.get_legend().get_texts()]


def test_where_all_are_too_small_the_text_says_so(make):
    rng = np.random.default_rng(5)
    x, y = np.r_[rng.uniform(0, 10_000, 100), np.full(20, HOME.x)], np.r_[rng.uniform(0, 8_000, 100), np.full(20, HOME.y)]
    found = clusters(make(x, y, category="medical"), area=AREA)
    assert found.areas.empty and "too small to be shown" in found.text
