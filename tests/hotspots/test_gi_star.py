"""Gi*: the published example, esda, the raster sums, false alarms, and fields where nothing stands out."""

from __future__ import annotations

import json
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pytest
import shapely
from matplotlib.text import Text
from scipy import sparse
from scipy.spatial.distance import cdist
from shapely.geometry import Point, box

from sara.core.codec import decode_result, encode_result
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.stats.fdr import benjamini_hochberg
from sara.core.stats.permutation import held_tails
from sara.hotspots import gi_star
from sara.hotspots._gi_star import _numbers, _standardize
from sara.hotspots._local.around import around

AREA = box(0, 0, 10_000, 8_000)
# The example is printed to six digits.
PRINTED = 5e-7
# Sums in another order differ in the last bits of a double.
ROUNDING = 1e-10
# Getis & Ord's six points, as in the tests of esda.
POINTS = np.array([(10, 10), (20, 10), (40, 10), (15, 20), (30, 20), (30, 30)], dtype=float)
VALUES = np.array([2, 3, 3.2, 5, 8, 7])
PUBLISHED = [-1.397276, -0.289178, 0.650650, -0.289178, 1.234521, 2.024243]
# The same points without themselves: Gi.
PUBLISHED_GI = [-1.013673, -0.043616, 1.315587, -0.314127, 1.153740, 1.778339]


def neighbours_of(member, *, queen):
    """Return the dense neighbour matrix of the member cells, by brute force."""
    at = np.argwhere(member)
    apart = np.abs(at[:, None] - at[None, :])
    return ((apart.max(axis=2) if queen else apart.sum(axis=2)) <= 1).astype(float)


@pytest.mark.parametrize("diagonal", [0, 1])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array, sparse.coo_matrix])
def test_the_published_example(diagonal, kind):
    weights = (cdist(POINTS, POINTS) <= 15).astype(float)
    np.fill_diagonal(weights, diagonal)
    found = _numbers(VALUES, kind(weights))
    np.testing.assert_allclose(found.z, PUBLISHED, atol=PRINTED)
    assert found.p[5] == pytest.approx(0.042945, abs=1e-6)


@pytest.mark.parametrize("diagonal", [0, 1])
def test_the_published_example_without_the_place_itself(diagonal):
    weights = (cdist(POINTS, POINTS) <= 15).astype(float)
    np.fill_diagonal(weights, diagonal)
    np.testing.assert_allclose(_numbers(VALUES, weights, star=False).z, PUBLISHED_GI, atol=PRINTED)


def test_a_missing_value_is_no_neighbour_and_has_none():
    weights = (cdist(POINTS, POINTS) <= 15).astype(float)
    values = np.r_[VALUES[:2], np.nan, VALUES[3:]]
    found = _numbers(values, weights)
    known = ~np.isnan(values)
    want = _numbers(VALUES[known], weights[known][:, known])
    np.testing.assert_allclose(found.z[known], want.z, atol=ROUNDING)
    assert np.isnan([found.z[2], found.p[2]]).all()


def by_windows(raster, member, *, queen):
    """Return Gi* of the member cells of a raster as `gi_star` sums around squares."""
    cells, values = SimpleNamespace(shape="square", member=member, cell_size=100.0), raster[member]
    near = around(cells, values, contiguity="queen" if queen else "rook", distance=None)
    n_around = near.size + 1.0
    return _standardize(near.sums + values, n_around, n_around, values)


@pytest.mark.parametrize("queen", [True, False])
def test_shifted_sums_are_the_matrix(queen):
    rng = np.random.default_rng(8)
    member = rng.random((23, 31)) < 0.8
    raster = np.where(member, rng.poisson(0.7, member.shape), 0).astype(float)
    fast, slow = by_windows(raster, member, queen=queen), _numbers(raster[member], neighbours_of(member, queen=queen))
    np.testing.assert_allclose(fast.z, slow.z, atol=ROUNDING)
    np.testing.assert_allclose(fast.p, slow.p, atol=ROUNDING)


@pytest.fixture
def patchy(make):
    """Return 900 events on 5 x 4 km, thick in one corner."""
    rng = np.random.default_rng(7)
    return make(5_000 * rng.beta(0.8, 2.0, 900), 4_000 * rng.beta(0.8, 2.0, 900))


PATCH = box(0, 0, 5_000, 4_000)
# Squares with sides and corners, hexagons, and areas of which two touch no other.
SHAPES = {
    "queen": {"area": PATCH, "cell_size": 250},
    "rook": {"area": PATCH, "cell_size": 250, "contiguity": "rook"},
    "distance": {"area": PATCH, "cell_size": 250, "distance": 600},
    "hexagon": {"area": PATCH, "cell_size": 250, "shape": "hexagon"},
    "hexagon, distance": {"area": PATCH, "cell_size": 250, "shape": "hexagon", "distance": "600m"},
    "round": {"area": Point(2_000, 2_000).buffer(1_900), "cell_size": 200},
    "areas": {},
    "areas, rook": {"contiguity": "rook"},
}


def named_areas():
    """Return 30 blocks of 500 m, and two that touch no other."""
    blocks = [box(500 * i, 500 * j, 500 * i + 500, 500 * j + 500) for j in range(5) for i in range(6)]
    blocks += [box(3_400, 0, 4_000, 400), box(4_200, 3_000, 5_000, 4_000)]
    return gpd.GeoDataFrame({"name": [f"block {i}" for i in range(len(blocks))]}, geometry=blocks, crs=32616)


def of_shape(method, events, shape, **more):
    keys = {"areas": named_areas()} if shape.startswith("areas") else {}
    return method(events, **keys, **SHAPES[shape], **more)


def peer_weights(table, shape):
    """Return libpysal's neighbours of the cells, from their shapes or centres."""
    weights = pytest.importorskip("libpysal").weights
    if "distance" in shape:
        return weights.DistanceBand(np.c_[table.geometry.centroid.x, table.geometry.centroid.y], 600.001, silence_warnings=True)
    kind = weights.Rook if "rook" in shape else weights.Queen
    return kind.from_dataframe(table, use_index=False, silence_warnings=True)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_as_esda(shape, patchy):
    esda = pytest.importorskip("esda")
    found = of_shape(gi_star, patchy, shape, inference="analytic").table
    theirs = esda.G_Local(found["n"].to_numpy(dtype=float), peer_weights(found, shape), transform="B", star=True, permutations=0)
    np.testing.assert_allclose(found["z"], theirs.Zs, atol=ROUNDING)
    np.testing.assert_allclose(found["p"], 2 * theirs.p_norm, atol=ROUNDING)


@pytest.mark.filterwarnings("ignore")
def test_held_counts_are_those_of_esdas_draws(patchy):
    esda = pytest.importorskip("esda")
    found = of_shape(gi_star, patchy, "areas", inference="conditional").table
    x, n_sims = found["n"].to_numpy(dtype=float), 4_999
    w = peer_weights(found, "areas")
    drawn = esda.G_Local(x, w, transform="B", star=True, permutations=n_sims, seed=3, n_jobs=1)
    n_around = np.array([w.cardinalities[i] for i in w.id_order])
    has = n_around > 0
    exact = held_tails(x, np.asarray(drawn.Gs) * x.sum() - x, n_around)
    slack = 1e-9
    upper = (drawn.sim >= drawn.Gs - slack).mean(axis=0)
    lower = (drawn.sim <= drawn.Gs + slack).mean(axis=0)
    for ours, theirs in ((exact.upper, upper), (exact.lower, lower)):
        error = np.sqrt(ours * (1 - ours) / n_sims) + 1 / n_sims
        assert (np.abs(ours - theirs) <= 5 * error)[has].all()
    np.testing.assert_allclose(found["p"][has], exact.two_sided[has], rtol=ROUNDING)
    assert found["p"][~has].isna().all()
    assert not found["is_hot"][~has].any()


@pytest.mark.parametrize("shape", ["queen", "hexagon", "areas"])
def test_exact_p_values_are_those_of_counts_dealt_at_random(shape, patchy):
    found = of_shape(gi_star, patchy, shape).table
    x, rng, n_sims = found["n"].to_numpy(dtype=float), np.random.default_rng(3), 4_000
    if shape == "areas":
        around = (shapely.distance(*np.meshgrid(found.geometry, found.geometry)) < 1).astype(float)
    else:
        centre = np.c_[found.geometry.centroid.x, found.geometry.centroid.y]
        around = (cdist(centre, centre) < 250 * (1.45 if shape == "queen" else 1.05)).astype(float)
    deals = np.array([around @ rng.permutation(x) for _ in range(n_sims)])
    upper, lower = (deals >= around @ x).mean(axis=0), (deals <= around @ x).mean(axis=0)
    p = np.minimum(1, 2 * np.minimum(upper, lower))
    assert (np.abs(found["p"] - p) <= 10 * np.sqrt(p / n_sims) + 4 / n_sims).all()


def test_draws_agree_with_what_is_computed(patchy):
    exact = of_shape(gi_star, patchy, "queen", inference="conditional").table
    drawn = of_shape(gi_star, patchy, "queen", inference="permutation", n_sims=20_000).table
    assert (np.abs(exact["p"] - drawn["p"]) <= 10 * np.sqrt(exact["p"] / 20_000) + 4 / 20_000).all()
    assert drawn["p"].min() >= 1 / 20_001


def test_the_planted_corner_is_found_and_named(town):
    found = gi_star(town, area=AREA, cell_size=200)
    top = found.areas.iloc[0]
    assert top.geometry.contains(Point(7_000, 5_000))
    assert top["name"] == "Hot area 1 near 1400 block of N 35TH ST"
    hot = found.table[found.table["is_hot"]]
    assert ((hot["z"] > 0) & (hot["p_adjusted"] <= 0.05)).all()
    assert found.areas["n"].sum() == hot["n"].sum()
    assert found.areas["p_adjusted"].min() == found.table["p_adjusted"].min()
    mean = found.table["n"].mean()
    assert found.areas["excess"].sum() == pytest.approx(hot["n"].sum() - mean * len(hot))
    np.testing.assert_allclose(found.table["p_adjusted"], benjamini_hochberg(found.table["p"]))


def test_cells_outside_the_area_are_no_neighbours(make):
    rng = np.random.default_rng(6)
    shape = Point(2_000, 2_000).buffer(2_000)
    found = gi_star(make(rng.uniform(0, 4_000, 900), rng.uniform(0, 4_000, 900)), area=shape, cell_size=200)
    member = np.zeros((20, 20), dtype=bool)
    member[found.table["row"], found.table["column"]] = True
    want = _numbers(found.table["n"].to_numpy(dtype=float), neighbours_of(member, queen=True))
    np.testing.assert_allclose(found.table["z"], want.z, atol=ROUNDING)


def test_an_even_field_has_no_hot_cell_and_says_so(make):
    x, y = (np.indices((10, 10)).reshape(2, -1) * 100 + 50).astype(float)
    found = gi_star(make(x, y), area=box(0, 0, 1_000, 1_000), cell_size=100)
    assert not found.table["is_hot"].any()
    assert found.table[["z", "p", "p_adjusted"]].notna().all().all()
    assert "none of the" in found.text
    assert any("same number of events" in caution for caution in found.cautions)
    assert found.areas.empty


def test_a_grid_of_neighbours_only_is_safe():
    found = by_windows(np.array([[5.0, 0.0]]), np.ones((1, 2), dtype=bool), queen=True)
    assert found.z.tolist() == [0, 0]
    island = np.array([[True, False, True]])
    assert np.isfinite(by_windows(np.array([[5.0, 0.0, 1.0]]), island, queen=True).z).all()


def test_an_even_scatter_rarely_has_a_hot_cell(make):
    rng = np.random.default_rng(11)
    # Four events a cell and 36 in a neighbourhood: there the normal curve holds well enough.
    alarms = sum(
        gi_star(make(rng.uniform(0, 4_000, 1_600), rng.uniform(0, 4_000, 1_600)), area=box(0, 0, 4_000, 4_000), cell_size=200)
        .table["is_hot"]
        .any()
        for _ in range(30)
    )
    assert alarms <= 9


def test_a_higher_confidence_calls_fewer_cells(town):
    loose, strict = (gi_star(town, area=AREA, confidence=c).table["is_hot"] for c in (0.9, 0.999))
    assert strict.sum() < loose.sum()
    assert not (strict & ~loose).any()


def test_too_little_and_wrong_words(make, town):
    with pytest.raises(NotEnoughDataError, match="at least 30 events"):
        gi_star(make([1] * 29, [1] * 29), area=AREA)
    with pytest.raises(InputError, match="`contiguity` must be one of"):
        gi_star(town, area=AREA, contiguity="bishop")
    with pytest.raises(InputError, match="must be a matrix of 3 by 3"):
        _numbers([1, 2, 3], np.ones((2, 2)))


def test_a_lone_address_is_no_hot_spot_and_a_street_of_them_is(make):
    rng = np.random.default_rng(12)
    x, y = rng.uniform(0, 4_000, 400), rng.uniform(0, 4_000, 400)
    square = {"area": box(0, 0, 4_000, 4_000), "cell_size": 200}
    lone = make(np.r_[x, np.full(60, 2_100.0)], np.r_[y, np.full(60, 2_100.0)])
    assert gi_star(lone, **square, inference="analytic").table["is_hot"].sum() >= 9
    # Dealt at random, sixty in one cell have to lie somewhere; and near any cell with a chance of 9 in 400.
    assert not gi_star(lone, **square).table["is_hot"].any()
    along = make(np.r_[x, np.repeat([1_900.0, 2_100.0, 2_300.0], 20)], np.r_[y, np.full(60, 2_100.0)])
    hot = gi_star(along, **square)
    assert hot.table["is_hot"].sum() >= 3
    assert hot.areas.geometry.iloc[0].contains(Point(2_100, 2_100))


def test_cold_places_are_told(make):
    rng = np.random.default_rng(13)
    x, y = rng.uniform(0, 4_000, 4_000), rng.uniform(0, 4_000, 4_000)
    empty = (np.abs(x - 2_500) < 500) & (np.abs(y - 1_500) < 500)
    found = gi_star(make(x[~empty], y[~empty]), area=box(0, 0, 4_000, 4_000), cell_size=200)
    cold = found.table[found.table["is_cold"]]
    assert len(cold) >= 9
    assert (cold["z"] < 0).all()
    assert not (found.table["is_hot"] & found.table["is_cold"]).any()
    assert "cells have fewer." in found.text
    assert found.plot().get_legend() is not None


@pytest.mark.parametrize("shape", ["hexagon", "areas"])
def test_every_shape_speaks_draws_and_keeps_the_sum(shape, patchy):
    found = of_shape(gi_star, patchy, shape)
    assert found.table["n"].sum() == found.counts.rows_used
    words = " ".join(text.get_text() for text in found.plot().figure.findobj(Text))
    assert ("areas with more" if shape == "areas" else "hexagons of 250 m with more") in " ".join(words.split())
    assert found.table.columns[-6:].tolist() == ["z", "p", "p_adjusted", "is_hot", "is_cold", "geometry"]
    again = decode_result(json.loads(json.dumps(encode_result(found))))
    assert again.text == found.text
    assert again.table.geometry.geom_equals(found.table.geometry).all()


def test_weights_are_added_up_and_fractions_are_drawn(patchy):
    patchy["cost"] = np.where(np.arange(len(patchy)) % 3 == 0, 2.0, 1.0)
    whole = of_shape(gi_star, patchy, "queen", weights="cost")
    assert whole.settings["inference"].value == "exact"
    assert whole.table["weight"].sum() == pytest.approx(patchy["cost"].sum())
    patchy["cost"] += 0.25
    drawn = of_shape(gi_star, patchy, "queen", weights="cost", n_sims=999)
    assert drawn.settings["inference"].value == "permutation"
    assert drawn.settings["inference"].chosen_by == "sara"
    assert "not whole numbers" in drawn.settings["inference"].why
    assert any("no p-value is below 0.002" in caution for caution in drawn.cautions)
    # The null stays: all values dealt, own one included.
    np.testing.assert_allclose(
        drawn.table["p"], of_shape(gi_star, patchy, "queen", weights="cost", seed=2, n_sims=999).table["p"], atol=0.2
    )


def test_without_correction_it_says_so(patchy):
    plain, corrected = of_shape(gi_star, patchy, "queen", adjust=None), of_shape(gi_star, patchy, "queen")
    np.testing.assert_array_equal(plain.table["p_adjusted"], plain.table["p"])
    assert plain.table["is_hot"].sum() > corrected.table["is_hot"].sum()
    assert any("not corrected" in caution for caution in plain.cautions)


@pytest.mark.parametrize("shape", ["queen", "distance"])
def test_turned_and_moved_it_is_the_same(shape, patchy, make):
    one = of_shape(gi_star, patchy, shape).table
    x, y = patchy["x"].to_numpy(), patchy["y"].to_numpy()
    turned = gi_star(make(-y + 7_000, x + 3_000), **{**SHAPES[shape], "area": box(3_000, 3_000, 7_000, 8_000)}).table
    # A quarter turn: rows become columns, from the other end.
    other = turned.set_index(["row", "column"]).loc[list(zip(one["column"], 15 - one["row"], strict=True))]
    for column in ("n", "z", "p", "p_adjusted", "is_hot", "is_cold"):
        np.testing.assert_allclose(other[column].to_numpy(dtype=float), one[column].to_numpy(dtype=float), rtol=1e-9, atol=1e-12)
    shuffled = of_shape(gi_star, patchy.sample(frac=1, random_state=1), shape).table
    np.testing.assert_array_equal(shuffled["p"], one["p"])


def test_a_distance_in_feet_is_the_distance(patchy):
    metres = gi_star(patchy, area=PATCH, cell_size="250m", distance=600)
    feet = gi_star(patchy, area=PATCH, cell_size=f"{250 / 0.3048}ft", distance=f"{600 / 0.3048}ft")
    np.testing.assert_allclose(feet.table["z"], metres.table["z"], rtol=1e-9)
    assert "neighbors on average" in feet.settings["distance"].why


def test_a_distance_that_reaches_no_one_is_a_mistake(patchy):
    for shape in ("square", "hexagon"):
        with pytest.raises(InputError, match="must reach from the centre of one cell to the next. Got 200 m with cells of 250 m"):
            gi_star(patchy, area=PATCH, cell_size=250, shape=shape, distance=200)
    for name, value in (("inference", "exactly"), ("adjust", "bonferroni")):
        with pytest.raises(InputError, match=f"`{name}` must be one of"):
            gi_star(patchy, area=PATCH, **{name: value})


def test_areas_of_unlike_size_are_said_to_be(patchy):
    blocks = named_areas()
    assert not any("unlike size" in caution for caution in gi_star(patchy, areas=blocks).cautions)
    blocks.loc[25:29, "geometry"] = blocks.geometry[25:30].scale(3, 3)
    told = gi_star(patchy, areas=blocks).cautions
    assert any("of unlike size" in caution and "hotspots.rates" in caution for caution in told)
