"""Local Moran: the published example in both scales, esda, every deal of the neighbours, draws, islands, and fields where nothing differs."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.spatial.distance import cdist
from shapely.geometry import Point, box

import sara
from sara.core.codec import decode_result, encode_result
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.source import open_events
from sara.hotspots import local_moran
from sara.hotspots._local_moran import _numbers

# The example is printed to six digits.
PRINTED = 5e-7
# Sums in another order differ in the last bits of a double.
ROUNDING = 1e-10
# Getis & Ord's six points: local Moran as esda (over n - 1) and spdep (over n) print it.
POINTS = np.array([(10, 10), (20, 10), (40, 10), (15, 20), (30, 20), (30, 30)], dtype=float)
VALUES = np.array([2, 3, 3.2, 5, 8, 7])
ESDA = np.array([0.329268, -0.088850, -0.862369, -0.019164, -0.086237, 1.322300])
SPDEP = [0.395122, -0.106620, -1.034843, -0.022997, -0.103484, 1.586760]
PATCH = box(0, 0, 5_000, 4_000)
SHAPES = {
    "queen": {"area": PATCH, "cell_size": 250},
    "rook": {"area": PATCH, "cell_size": 250, "contiguity": "rook"},
    "distance": {"area": PATCH, "cell_size": 250, "distance": 600},
    "hexagon": {"area": PATCH, "cell_size": 250, "shape": "hexagon"},
    "areas": {},
}


def near(points, reach):
    """Return 1 for points within reach of each other."""
    weights = (cdist(points, points) <= reach).astype(float)
    np.fill_diagonal(weights, 0)
    return weights


@pytest.fixture
def patchy(make):
    """Return 900 events on 5 x 4 km, thick in one corner."""
    rng = np.random.default_rng(7)
    return make(5_000 * rng.beta(0.8, 2.0, 900), 4_000 * rng.beta(0.8, 2.0, 900))


def named_areas():
    """Return 30 blocks of 500 m, and two that touch no other."""
    blocks = [box(500 * i, 500 * j, 500 * i + 500, 500 * j + 500) for j in range(5) for i in range(6)]
    blocks += [box(3_400, 0, 4_000, 400), box(4_200, 3_000, 5_000, 4_000)]
    return gpd.GeoDataFrame({"name": [f"block {i}" for i in range(len(blocks))]}, geometry=blocks, crs=32616)


def of_shape(events, shape, **more):
    return local_moran(events, **({"areas": named_areas()} if shape == "areas" else {}), **SHAPES[shape], **more)


def peer_weights(table, shape):
    """Return libpysal's neighbours of the cells, from their shapes or centres."""
    weights = pytest.importorskip("libpysal").weights
    if shape == "distance":
        return weights.DistanceBand(np.c_[table.geometry.centroid.x, table.geometry.centroid.y], 600.001, silence_warnings=True)
    kind = weights.Rook if shape == "rook" else weights.Queen
    return kind.from_dataframe(table, use_index=False, silence_warnings=True)


@pytest.mark.parametrize("diagonal", [0, 1])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array, sparse.coo_matrix])
def test_the_published_example_in_both_scales(diagonal, kind):
    weights = near(POINTS, 15)
    np.fill_diagonal(weights, diagonal)
    found = _numbers(VALUES, kind(weights))
    np.testing.assert_allclose(found.i, SPDEP, atol=PRINTED)
    np.testing.assert_allclose(found.i * 5 / 6, ESDA, atol=PRINTED)


def test_its_mean_is_the_citys_morans_i():
    rng = np.random.default_rng(3)
    points, values = rng.random((60, 2)), rng.poisson(2.0, 60)
    weights = near(points, 0.3)
    share = weights / weights.sum(axis=1, keepdims=True)
    away = values - values.mean()
    assert _numbers(values, weights).i.mean() == pytest.approx((away @ share @ away) / (away @ away), rel=1e-12)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_as_esda(shape, patchy):
    esda = pytest.importorskip("esda")
    table = of_shape(patchy, shape, inference="analytic").table
    x, w = table["n"].to_numpy(dtype=float), peer_weights(table, shape)
    theirs = esda.Moran_Local(x, w, permutations=0)
    has = np.array([w.cardinalities[i] > 0 for i in w.id_order])
    assert has.all() == (shape != "areas")
    n = len(x)
    np.testing.assert_allclose(table["I"][has] * (n - 1) / n, theirs.Is[has], atol=ROUNDING)
    quadrant = table["quadrant"].map({"high-high": 1, "low-high": 2, "low-low": 3, "high-low": 4})
    np.testing.assert_array_equal(quadrant[has], theirs.q[has])
    w.transform = "O"
    ours = _numbers(x, w)
    np.testing.assert_allclose(ours.i, table["I"], atol=ROUNDING)
    np.testing.assert_allclose(ours.expected[has], theirs.EIc[has], atol=ROUNDING)
    np.testing.assert_allclose(ours.variance[has], theirs.VIc[has], atol=ROUNDING)
    z = (ours.i - theirs.EIc) / np.sqrt(theirs.VIc)
    np.testing.assert_allclose(table["z"][has], z[has], atol=1e-8)
    np.testing.assert_allclose(table["p"][has], ours.p[has], atol=ROUNDING)
    assert table.loc[~has, ["I", "z", "p", "p_adjusted", "lag", "quadrant"]].isna().all().all()
    assert not table["is_significant"][~has].any()
    assert table["p_adjusted"].notna().sum() == has.sum()


def test_the_moments_belong_to_this_scale():
    """Drawn at random: the moments that Sokal gives are those of I over n; esda sets I over n - 1 against them."""
    rng = np.random.default_rng(8)
    x = rng.poisson(rng.gamma(0.6, 2.0, 12)).astype(float)
    weights = near(rng.random((12, 2)), 0.35)
    i = int(np.argmax(np.abs(x - x.mean()) * (weights.sum(axis=1) == 3)))
    found = _numbers(x, weights)
    around = weights[i] > 0
    drawn = []
    for _ in range(20_000):
        others = rng.permutation(np.delete(x, i))
        drawn.append((x[i] - x.mean()) / x.var() * (others[: around.sum()].mean() - x.mean()))
    assert np.mean(drawn) == pytest.approx(found.expected[i], abs=5 * np.std(drawn) / np.sqrt(20_000))
    assert np.var(drawn) == pytest.approx(found.variance[i], rel=0.06)
    # Twelve places: over n - 1 the variance would be off by a sixth.
    assert np.var(drawn) * (11 / 12) ** 2 != pytest.approx(found.variance[i], rel=0.1)


@pytest.mark.parametrize("shape", ["queen", "areas"])
def test_exact_p_values_are_those_of_neighbours_drawn_at_random(shape, patchy):
    table = of_shape(patchy, shape).table
    x, n_sims = table["n"].to_numpy(dtype=float), 4_000
    matrix = peer_weights(table, shape).sparse.tocsr()
    rng = np.random.default_rng(5)
    for i in rng.choice(len(x), 25, replace=False):
        k = int(matrix[[i]].sum())
        if k == 0:
            assert np.isnan(table["p"][i])
            continue
        others, observed = np.delete(x, i), float((matrix[[i]] @ x)[0])
        sums = np.array([rng.choice(others, k, replace=False).sum() for _ in range(n_sims)])
        p = min(1, 2 * min((sums >= observed).mean(), (sums <= observed).mean()))
        assert abs(table["p"][i] - p) <= 10 * np.sqrt(p / n_sims) + 4 / n_sims


@pytest.mark.filterwarnings("ignore")
def test_esdas_draws_agree_with_what_is_computed(patchy):
    esda = pytest.importorskip("esda")
    table = of_shape(patchy, "areas").table
    n_sims = 4_999
    theirs = esda.Moran_Local(table["n"].to_numpy(dtype=float), peer_weights(table, "areas"), permutations=n_sims, seed=4)
    upper, lower = (theirs.sim >= theirs.Is - 1e-9).mean(axis=0), (theirs.sim <= theirs.Is + 1e-9).mean(axis=0)
    p = np.minimum(1, 2 * np.minimum(upper, lower))
    has = table["p"].notna()
    assert (np.abs(table["p"] - p)[has] <= (10 * np.sqrt(p / n_sims) + 4 / n_sims)[has]).all()


def test_draws_agree_with_what_is_computed(patchy):
    exact, drawn = (of_shape(patchy, "hexagon", inference=how, n_sims=20_000) for how in ("exact", "permutation"))
    apart = np.abs(exact.table["p"] - drawn.table["p"])
    assert (apart <= 10 * np.sqrt(exact.table["p"] / 20_000) + 4 / 20_000).all()
    assert drawn.table["p"].min() >= 1 / 20_001
    assert {"n_sims", "seed"} <= set(drawn.settings)
    assert "n_sims" not in exact.settings


def test_a_corner_that_is_thick_is_high_among_high(patchy):
    found = of_shape(patchy, "queen")
    sure = found.table[found.table["is_significant"]]
    assert (sure["p_adjusted"] <= 0.05).all()
    assert found.areas.geometry.iloc[0].distance(Point(0, 0)) < 1_000
    high = sure[sure["quadrant"] == "high-high"]
    assert found.areas["n"].sum() == high["n"].sum()
    assert f"{len(high):,} high among high" in found.text
    # The mean of the neighbours, for the map's reader.
    top = found.table.iloc[found.table["I"].argmax()]
    near_by = (abs(found.table["row"] - top["row"]) <= 1) & (abs(found.table["column"] - top["column"]) <= 1)
    others = found.table["n"][near_by & (found.table.index != found.table["I"].argmax())]
    assert top["lag"] == pytest.approx(others.mean())


def test_an_even_field_and_a_cell_at_the_mean_are_safe(make):
    x, y = (np.indices((10, 10)).reshape(2, -1) * 100 + 50).astype(float)
    square = {"area": box(0, 0, 1_000, 1_000), "cell_size": 100}
    flat = local_moran(make(x, y), **square)
    assert (flat.table["I"] == 0).all()
    assert (flat.table["p"] == 1).all()
    assert any("same number of events" in caution for caution in flat.cautions)
    assert "none of 100 cells stands out" in flat.text
    assert flat.areas.empty
    # One cell gives its event to another: the rest are exactly at the mean, and say nothing.
    for inference in ("exact", "permutation", "analytic"):
        table = local_moran(make(np.r_[x[1:], x[55]], np.r_[y[1:], y[55]]), **square, inference=inference).table
        assert (table.loc[table["n"] == 1, "p"] == 1).all()
        assert (table.loc[table["n"] == 1, "I"] == 0).all()


def test_a_missing_value_is_no_neighbour_and_has_none():
    weights, values = near(POINTS, 15), np.r_[VALUES[:2], np.nan, VALUES[3:]]
    found, known = _numbers(values, weights), np.arange(6) != 2
    want = _numbers(VALUES[known], weights[known][:, known])
    np.testing.assert_allclose(found.i[known], want.i, atol=ROUNDING)
    assert np.isnan(found.i[2])
    assert found.quadrant[2] is None


@pytest.mark.parametrize("shape", ["queen", "distance"])
def test_turned_moved_and_shuffled_it_is_the_same(shape, patchy, make):
    one = of_shape(patchy, shape).table
    x, y = patchy["x"].to_numpy(), patchy["y"].to_numpy()
    turned = local_moran(make(-y + 7_000, x + 3_000), **{**SHAPES[shape], "area": box(3_000, 3_000, 7_000, 8_000)}).table
    other = turned.set_index(["row", "column"]).loc[list(zip(one["column"], 15 - one["row"], strict=True))]
    for column in ("n", "I", "z", "p", "p_adjusted"):
        np.testing.assert_allclose(other[column], one[column], rtol=1e-9, atol=1e-12)
    assert other["quadrant"].tolist() == one["quadrant"].tolist()
    shuffled = of_shape(patchy.sample(frac=1, random_state=1), shape).table
    pd.testing.assert_frame_equal(pd.DataFrame(shuffled.drop(columns="geometry")), pd.DataFrame(one.drop(columns="geometry")))


@pytest.mark.parametrize("shape", SHAPES)
def test_it_speaks_draws_and_comes_back(shape, patchy):
    found = of_shape(patchy, shape)
    again = decode_result(json.loads(json.dumps(encode_result(found))))
    assert again.text == found.text
    assert again.table["quadrant"].isna().tolist() == found.table["quadrant"].isna().tolist()
    assert again.plot().get_legend() is not None
    assert found.table["n"].sum() == found.counts.rows_used


def test_a_parquet_file_gives_the_answer_of_its_rows_in_memory(tmp_path):
    pytest.importorskip("duckdb")
    path = tmp_path / "calls.parquet"
    sara.convert(sara.datasets.folder() / "calls.csv.gz", path)
    city, calls = sara.datasets.load("riverton_areas"), sara.datasets.load("riverton_calls")
    one = local_moran(calls[calls["category"] == "disorder"], area=city)
    other = local_moran(open_events(path).where("category == 'disorder'"), area=city)
    assert (other.text, other.cautions, other.counts) == (one.text, one.cautions, one.counts)
    np.testing.assert_allclose(other.table["p"], one.table["p"], rtol=1e-12)


def test_mistakes_are_answered_in_words(make, patchy):
    with pytest.raises(NotEnoughDataError, match="at least 30 events"):
        local_moran(make([1] * 29, [1] * 29), area=PATCH)
    with pytest.raises(InputError, match="`inference` must be one of"):
        of_shape(patchy, "queen", inference="conditional")
    with pytest.raises(InputError, match="`n_sims` must be"):
        of_shape(patchy, "queen", n_sims=9)
    with pytest.raises(InputError, match="needs areas that touch"):
        local_moran(patchy, areas=named_areas().iloc[[0, 4, 31]])
    with pytest.raises(InputError, match="must be a matrix of 3 by 3"):
        _numbers([1, 2, 3], np.ones((2, 2)))
