"""Clusters: the same as scikit-learn, on the lattice too; small enough to walk; no cluster in an even scatter."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely.geometry import Point, box

from sara.core.errors import InputError, NotEnoughDataError
from sara.hotspots import clusters
from sara.hotspots._clustering.dbscan import LATTICE_STEPS, Lattice, Pairs, _likelihood_ratio, neighbours
from sara.hotspots._clusters import _numbers, _rare_count

AREA = box(0, 0, 10_000, 8_000)


def blobs(seed: int, n: int = 1_500):
    rng = np.random.default_rng(seed)
    centre = rng.uniform(0, 4_000, (12, 2))
    return np.round(centre[rng.integers(0, 12, n)] + rng.normal(0, 110, (n, 2)), -1)


@pytest.mark.parametrize("seed", range(6))
def test_core_places_are_scikit_learns(seed):
    sklearn = pytest.importorskip("sklearn.cluster")
    at = blobs(seed)
    theirs = sklearn.DBSCAN(eps=90, min_samples=14).fit(at)
    found = _numbers(at[:, 0], at[:, 1], np.ones(len(at)), eps=90, least=14)
    ours = np.full(len(found.near.x), -1)
    for label, core in enumerate(found.core):
        ours[core] = label
    core = np.zeros(len(at), dtype=bool)
    core[theirs.core_sample_indices_] = True
    assert ((ours[found.near.place] >= 0) == core).all()
    pairs = {(a, b) for a, b in zip(ours[found.near.place][core], theirs.labels_[core], strict=True)}
    assert len(pairs) == len(found.core) == theirs.labels_.max() + 1


@pytest.mark.parametrize("seed", range(4))
def test_the_lattice_is_dbscan_on_its_own_points(seed):
    at = blobs(seed)
    rough = neighbours(at[:, 0], at[:, 1], 90.0, max_pairs=10)
    assert isinstance(rough, Lattice)
    exact = neighbours(rough.column.astype(float), rough.row.astype(float), float(LATTICE_STEPS))
    assert isinstance(exact, Pairs)
    weight = np.bincount(rough.place).astype(float)
    np.testing.assert_allclose(rough.density(weight), exact.density(weight[np.argsort(exact.place)]))
    core = np.flatnonzero(rough.density(weight) >= 14)
    ours, theirs = rough.components(core), exact.components(core)
    assert len(np.unique(np.c_[ours, theirs], axis=0)) == len(np.unique(ours)) == len(np.unique(theirs))
    assert np.hypot(rough.x[rough.place] - at[:, 0], rough.y[rough.place] - at[:, 1]).max() <= 90 / LATTICE_STEPS


def test_weights_count_like_repeated_rows():
    at = blobs(1, 400)
    times = np.random.default_rng(0).integers(0, 4, 400)
    one = _numbers(at[:, 0], at[:, 1], times.astype(float), eps=90, least=9)
    many = _numbers(*np.repeat(at, times, axis=0).T, np.ones(times.sum()), eps=90, least=9)
    places = [{(f.near.x[i], f.near.y[i]) for core in f.core for i in core} for f in (one, many)]
    # A place of weight 0 can be core for its neighbours; repeated no times, it is not there.
    there = set(map(tuple, at[times > 0]))
    assert places[0] & there == places[1]
    assert places[1]


def test_the_planted_places_are_found(town):
    found = clusters(town, area=AREA)
    assert found.areas.iloc[0].geometry.contains(Point(7_000, 5_000))
    assert found.areas.geometry.contains(Point(2_000, 3_000)).any()
    assert list(found.areas.columns) == ["name", "n", "excess", "p_adjusted", "km2", "geometry"]
    assert found.areas["name"].iloc[0] == "Cluster 1 near 1400 block of N 35TH ST"
    assert (found.areas["km2"] <= 1).all()
    assert found.areas["p_adjusted"].iloc[0] < 1e-6


def test_counts_are_those_of_the_outline_and_outlines_do_not_overlap(town):
    found = clusters(town, area=AREA, eps=200, min_events=9)
    inside = [shapely.intersects_xy(shape, town["x"], town["y"]).sum() for shape in found.areas.geometry]
    assert found.areas["n"].tolist() == inside
    shapes = found.areas.geometry
    assert shapely.union_all(shapes.to_numpy()).area == pytest.approx(shapes.area.sum())
    want = found.areas["n"] - 3_000 * found.areas["km2"] / 80
    np.testing.assert_allclose(found.areas["excess"], want)


def test_an_even_scatter_has_no_cluster_with_a_small_p(make):
    rng = np.random.default_rng(12)
    hits = 0
    for _ in range(30):
        found = clusters(make(rng.uniform(0, 10_000, 3_000), rng.uniform(0, 8_000, 3_000)), area=AREA)
        hits += bool((found.areas["p_adjusted"] <= 0.05).any())
    assert hits <= 4
    assert "form no cluster" in found.text or len(found.areas)


def test_a_chain_across_town_is_taken_apart(make):
    rng = np.random.default_rng(13)
    x, y = rng.uniform(0, 10_000, 6_000), rng.normal(4_000, 30, 6_000)
    for centre in (1_000, 5_000, 9_000):
        x, y = np.r_[x, rng.normal(centre, 60, 500)], np.r_[y, rng.normal(4_000, 60, 500)]
    free = clusters(make(x, y), area=AREA)
    assert (free.areas["km2"] <= 1).all()
    assert all(any(shape.contains(Point(c, 4_000)) for shape in free.areas.geometry) for c in (1_000, 5_000, 9_000))
    assert "max_km2" in free.settings
    asked = clusters(make(x, y), area=AREA, eps=150, min_events=12)
    assert asked.areas["km2"].iloc[0] > 1
    assert any("more than 1 km2" in caution for caution in asked.cautions)
    assert asked.settings["min_events"].chosen_by == "you"


def test_a_strip_is_told_from_the_busy_downtown_around_it(make):
    rng = np.random.default_rng(15)
    even, downtown = rng.uniform((0, 0), (10_000, 8_000), (2_000, 2)), rng.uniform((4_600, 3_600), (5_400, 4_400), (250, 2))
    strip = np.c_[rng.uniform(4_850, 5_150, 1_000), rng.normal(4_000, 8, 1_000)]
    found = clusters(make(*np.r_[even, downtown, strip].T), area=AREA)
    top = found.areas.geometry.iloc[0]
    assert shapely.intersects_xy(top, strip[:, 0], strip[:, 1]).mean() > 0.97
    assert top.area < 0.15e6
    assert found.table["min_events"].iloc[0] > found.settings["min_events"].value


def test_the_likelihood_ratio_is_kulldorffs():
    # New York leukaemia, as checked against SaTScan: 85 of 552 cases where 49.71 were expected.
    assert _likelihood_ratio(85, 552, 95_249 / 1_057_673) == pytest.approx(11.577255, abs=1e-6)
    assert _likelihood_ratio(40, 552, 95_249 / 1_057_673) == 0
    assert np.isfinite(_likelihood_ratio(552, 552, 0.5))


def test_a_stack_on_one_coordinate_is_one_place_and_is_flagged(make):
    rng = np.random.default_rng(14)
    x, y = np.r_[np.full(200_000, 500.0), rng.uniform(0, 10_000, 500)], np.r_[np.full(200_000, 500.0), rng.uniform(0, 8_000, 500)]
    found = clusters(make(x, y), area=AREA)
    assert found.table["top_share"].iloc[0] > 0.99
    assert any("one and the same coordinate" in caution for caution in found.cautions)


def test_units_and_the_even_scatter_threshold():
    from scipy.stats import poisson

    for mean in (0.001, 0.4, 7.3, 900.0):
        k = _rare_count(mean)
        assert poisson.sf(k - 1, mean) <= 0.001 < poisson.sf(k - 2, mean)


def test_feet_are_metres(town):
    assert clusters(town, area=AREA, eps="500ft").settings["eps"].value == pytest.approx(152.4)


def test_mistakes_are_answered_in_words(make, town):
    with pytest.raises(NotEnoughDataError, match="at least 10 events"):
        clusters(make([1] * 9, [1] * 9), area=AREA)
    with pytest.raises(InputError, match="`eps` must be a distance"):
        clusters(town, area=AREA, eps="150")
    with pytest.raises(InputError, match="`min_events` must be a whole number"):
        clusters(town, area=AREA, min_events=0)
    none = clusters(town, area=AREA, min_events=2_000)
    assert none.areas.empty
    assert "form no cluster" in none.text
    none.plot()
    assert list(none.areas.columns) == ["name", "n", "excess", "p_adjusted", "km2", "geometry"]


def test_where_none_is_found_the_text_says_what_would_find_some(make):
    rng = np.random.default_rng(8)
    x, y = np.r_[rng.uniform(0, 10_000, 100), np.full(20, 5_000.0)], np.r_[rng.uniform(0, 10_000, 100), np.full(20, 5_000.0)]
    rows, area = make(x, y), shapely.box(0, 0, 10_000, 10_000)
    found = clusters(rows, area=area, min_events=40)
    assert found.areas.empty
    most, lower = int(found.settings["densest"].value), int(found.settings["min_events_instead"].value)
    inside = np.hypot(x - 5_000, y - 5_000) <= 150
    assert most == inside.sum() and f"At most {most} lie so close" in found.text
    assert f"min_events={lower} would find 1 place" in found.text and "hot_places" in found.text
    assert len(clusters(rows, area=area, min_events=lower).areas) == 1
    assert not any("outlines were drawn" in caution for caution in found.cautions)
