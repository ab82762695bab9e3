"""Gi*: the published example, esda, the raster sums, false alarms, and fields where nothing stands out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from scipy.spatial.distance import cdist
from shapely.geometry import Point, box

from sara.core.errors import InputError, NotEnoughDataError
from sara.core.stats.fdr import benjamini_hochberg
from sara.hotspots import gi_star
from sara.hotspots._gi_star import _numbers, _raster_numbers

AREA = box(0, 0, 10_000, 8_000)
# The example is printed to six digits.
PRINTED = 5e-7
# Sums in another order differ in the last bits of a double.
ROUNDING = 1e-10
# Getis & Ord's six points, as in the tests of esda.
POINTS = np.array([(10, 10), (20, 10), (40, 10), (15, 20), (30, 20), (30, 30)], dtype=float)
VALUES = np.array([2, 3, 3.2, 5, 8, 7])
PUBLISHED = [-1.397276, -0.289178, 0.650650, -0.289178, 1.234521, 2.024243]


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


@pytest.mark.parametrize("queen", [True, False])
def test_shifted_sums_are_the_matrix(queen):
    rng = np.random.default_rng(8)
    member = rng.random((23, 31)) < 0.8
    raster = np.where(member, rng.poisson(0.7, member.shape), 0).astype(float)
    fast, slow = _raster_numbers(raster, member, queen=queen), _numbers(raster[member], neighbours_of(member, queen=queen))
    np.testing.assert_allclose(fast.z, slow.z, atol=ROUNDING)
    np.testing.assert_allclose(fast.p, slow.p, atol=ROUNDING)


@pytest.mark.filterwarnings("ignore")
def test_the_same_as_esda():
    esda, libpysal = pytest.importorskip("esda"), pytest.importorskip("libpysal")
    raster = np.random.default_rng(9).poisson(1.5, (20, 24)).astype(float)
    w = libpysal.weights.lat2W(20, 24, rook=False)
    theirs = esda.G_Local(raster.ravel(), w, transform="B", star=True, permutations=0)
    ours = _raster_numbers(raster, np.ones(raster.shape, dtype=bool), queen=True)
    np.testing.assert_allclose(ours.z, theirs.Zs, atol=ROUNDING)
    np.testing.assert_allclose(_numbers(raster.ravel(), w).z, theirs.Zs, atol=ROUNDING)


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
    assert "no cell has more" in found.text
    assert any("same number of events" in caution for caution in found.cautions)
    assert found.areas.empty


def test_a_grid_of_neighbours_only_is_safe():
    found = _raster_numbers(np.array([[5.0, 0.0]]), np.ones((1, 2), dtype=bool), queen=True)
    assert found.z.tolist() == [0, 0]
    island = np.array([[True, False, True]])
    assert np.isfinite(_raster_numbers(np.array([[5.0, 0.0, 1.0]]), island, queen=True).z).all()


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
