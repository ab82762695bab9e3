"""Addresses and stretches: what chance would put there, and which of nested ones is listed."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from scipy import stats

from sara.hotspots._listing.nesting import nested
from sara.hotspots._listing.units import Units, _truncated_tail, blocks, dots, stretches, truncated_mean


def test_mean_of_places_with_an_event_gives_back_the_mean_of_all():
    for mean in (0.05, 0.4, 1.0, 3.0, 12.0):
        assert truncated_mean(mean / (1 - np.exp(-mean))) == pytest.approx(mean, rel=1e-6)
    assert truncated_mean(1.0) < 1e-6


def test_tail_is_that_of_a_poisson_law_without_zero():
    n, mean = np.array([1.0, 3.0, 9.0]), np.full(3, 1.7)
    expected = stats.poisson.sf(n - 1, 1.7) / stats.poisson.sf(0, 1.7)
    np.testing.assert_allclose(_truncated_tail(n, mean), expected, rtol=1e-12)


def test_alike_addresses_are_rarely_listed():
    rng = np.random.default_rng(4)
    listed = 0
    for _ in range(30):
        keys = np.array([f"{i} ELM ST" for i in rng.integers(0, 900, 2_000)], dtype=object)
        listed += int(dots(keys, np.zeros(2_000, dtype=int), rng.integers(0, 365, 2_000)).hot.sum())
    assert listed <= 4


def test_one_night_is_no_hot_place():
    keys = np.array(["1 A ST"] * 40 + ["2 A ST"] * 40 + [f"{i} B ST" for i in range(300)], dtype=object)
    days = np.r_[np.full(40, 9), np.arange(40), np.arange(300)]
    found = dots(keys, np.zeros(380, dtype=int), days)
    assert [found.name[i] for i in np.flatnonzero(found.hot)] == ["2 A ST"]


def test_addresses_of_a_block_are_counted_with_what_is_published_by_block():
    keys = np.array(
        ["1423 N 35TH ST", "1401 N 35TH ST", "1400 BLOCK OF N 35TH ST", "A ST / B ST", "near 10 E 20 N", "CITY HALL"],
        dtype=object,
    )
    form = np.array([0, 0, 1, 2, 3, 0])
    found = blocks(keys, form, np.arange(6))
    assert found.name.tolist() == ["1400 block of N 35TH ST"] and found.n.tolist() == [3.0]
    assert dots(keys, form, np.arange(6)).of.tolist().count(-1) == 1


def test_stretches_are_expected_by_length_and_corners_belong_to_none():
    cross = [
        shapely.LineString([(0, 0), (300, 0)]),
        shapely.LineString([(300, 0), (400, 0)]),
        shapely.LineString([(300, 0), (300, 200)]),
    ]
    streets = gpd.GeoDataFrame({"name": ["A", "A", "B"]}, geometry=cross, crs=32616)
    x, y = np.array([50.0] * 4 + [300.0] * 5 + [350.0] * 2), np.array([4.0] * 4 + [0.0] * 5 + [-3.0] * 2)
    found = stretches(x, y, streets, np.arange(11), crs=32616, area=shapely.box(-100, -100, 500, 500))
    assert found.n.tolist() == [4.0, 2.0, 0.0]
    assert found.expected.tolist() == pytest.approx([3.0, 1.0, 2.0])


def units(kind, of, hot):
    of = np.array(of)
    n = np.bincount(of[of >= 0], minlength=len(hot)).astype(float)
    expected = np.full(len(hot), 0.1)
    p = np.where(hot, 1e-9, 1.0)
    names = np.array([f"{kind}{i}" for i in range(len(hot))], dtype=object)
    return Units(kind, of, names, n, expected, p, p, np.array(hot), lambda n, m: np.where(n >= 2, 1e-9, 1.0))


def kinds(listed):
    return [(place.kind, place.unit, len(place.rows)) for place in listed]


def test_an_address_that_alone_makes_the_stretch_and_the_area_is_the_address():
    dot = units("dot", [0] * 8 + [1, 2], [True, False, False])
    line = units("line", [0] * 10, [True])
    listed, parts = nested(dot, line, [(np.arange(10), 1.0, 1e-9)])
    assert kinds(listed) == [("dot", 0, 8)] and parts == []


def test_an_area_of_several_addresses_is_the_area_with_its_parts():
    dot = units("dot", [0] * 4 + [1] * 4 + [2] * 4, [True, True, False])
    line = units("line", [0] * 4 + [1] * 4 + [-1] * 4, [False, False])
    listed, parts = nested(dot, line, [(np.arange(12), 1.0, 1e-9)])
    assert kinds(listed) == [("area", 0, 12)]
    assert [(part.kind, part.unit, part.parent) for part in parts] == [("dot", 0, 0), ("dot", 1, 0)]


def test_a_stretch_of_several_addresses_is_the_stretch_even_if_an_area_lies_around_it():
    dot = units("dot", [0] * 3 + [1] * 3 + [2] * 3 + [3], [True, True, True, False])
    line = units("line", [0] * 9 + [1], [True, False])
    listed, parts = nested(dot, line, [(np.arange(10), 1.0, 1e-9)])
    assert kinds(listed) == [("line", 0, 9)]
    assert len(parts) == 3


def test_half_outside_is_a_place_of_its_own_and_events_count_once():
    dot = units("dot", [-1] * 20, [])
    line = units("line", [-1] * 6 + [0] * 8 + [-1] * 6, [True])
    listed, _ = nested(dot, line, [(np.arange(10), 1.0, 1e-9)])
    assert kinds(listed) == [("area", 0, 10), ("line", 0, 4)]
    rows = np.concatenate([place.rows for place in listed])
    assert len(rows) == len(np.unique(rows))


def test_an_area_no_more_than_chance_is_not_listed():
    nothing = units("dot", [-1] * 9, [])
    assert nested(nothing, units("line", [-1] * 9, []), [(np.arange(9), 8.0, 0.4)]) == ([], [])
