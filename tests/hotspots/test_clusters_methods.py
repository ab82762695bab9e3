"""HDBSCAN, Nnh and STAC as an analyst calls them: outlines, orders, chance, mistakes."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from shapely.geometry import Point, box

import sara
from sara.core.codec import decode, encode
from sara.core.errors import InputError
from sara.hotspots import clusters

AREA = box(0, 0, 10_000, 8_000)
OTHERS = ("hdbscan", "nnh", "stac")


@pytest.mark.parametrize("method", OTHERS)
def test_the_corner_and_the_address_are_found_and_counts_are_those_of_the_outline(town, method):
    found = clusters(town, area=AREA, method=method)
    assert found.settings["method"].value == method
    first = found.areas[found.areas["p_adjusted"] < 0.05]
    assert any(shape.dwithin(Point(7_000, 5_000), 150) for shape in first.geometry)
    assert any(shape.intersects(Point(2_000, 3_000)) for shape in first.geometry)
    for row in found.areas.itertuples():
        assert shapely.intersects_xy(row.geometry, town["x"], town["y"]).sum() == row.n
    assert found.areas.geometry.area.sum() == pytest.approx(found.areas.union_all().area)
    assert found.areas.union_all().within(AREA.buffer(1e-6))
    assert list(found.areas.columns) == list(clusters(town, area=AREA).areas.columns)


@pytest.mark.parametrize("method", OTHERS)
def test_order_of_rows_and_index_change_nothing_and_input_stays(town, method):
    before = town.copy()
    one = clusters(town, area=AREA, method=method)
    other = clusters(town.sample(frac=1, random_state=3).set_index(np.arange(len(town)) + 7), area=AREA, method=method)
    assert one.table.drop(columns="geometry").equals(other.table.drop(columns="geometry"))
    assert town.equals(before)


@pytest.mark.parametrize("method", OTHERS)
def test_an_even_scatter_has_no_cluster_more_than_chance(make, method):
    rng = np.random.default_rng(12)
    small = 0
    for _ in range(5):
        even = make(rng.uniform(0, 10_000, 1_500), rng.uniform(0, 8_000, 1_500))
        small += bool((clusters(even, area=AREA, method=method).table["p_adjusted"] < 0.05).any())
    assert small <= 1


@pytest.mark.parametrize("method", ["nnh", "stac"])
def test_simulated_p_is_a_rank_and_the_same_twice(town, method):
    one, other = (clusters(town, area=AREA, method=method, n_sims=19, seed=5) for _ in range(2))
    assert one.table["p_adjusted"].equals(other.table["p_adjusted"])
    p = one.areas["p_adjusted"].to_numpy()
    assert p.min() == pytest.approx(1 / 20) and p.max() <= 1
    assert any("Of 19 even scatters" in caution for caution in one.cautions)
    assert one.settings["n_sims"].value == 19 and one.settings["seed"].value == 5


def test_higher_orders_hold_the_first_and_stay_out_of_the_areas(make):
    rng = np.random.default_rng(0)
    towns = np.array([[1_000, 1_000], [9_000, 1_000], [1_000, 7_000]])
    corners = (towns[:, None] + rng.uniform(0, 700, (3, 5, 2))).reshape(-1, 2)
    at = (corners[:, None] + rng.normal(0, 8, (15, 14, 2))).reshape(-1, 2)
    found = clusters(make(at[:, 0], at[:, 1]), area=AREA, method="nnh", eps=100, outline="hull")
    table = found.table
    assert len(found.areas) == (table["order"] == 1).sum()
    assert table["order"].max() >= 2 and found.areas["n"].sum() == len(at)
    for group in table[table["order"] == 2].itertuples():
        inside = table[table["within"] == group.name]
        assert (inside["order"] == 1).all() and len(inside) >= 2
        assert group.n == inside["n"].sum() and group.members == inside["members"].sum()
    assert table.loc[table["order"] > 1, "p_adjusted"].isna().all()


def test_outlines_grow_from_ellipse_to_twice_and_hulls_hold_their_members(town):
    one, two = (clusters(town, area=AREA, method="nnh", outline=o).table.set_index("name") for o in ("ellipse", "ellipse 2x"))
    assert two["km2"].max() > one["km2"].max()
    hull = clusters(town, area=AREA, method="nnh", outline="hull").areas
    table = clusters(town, area=AREA, method="nnh", outline="hull").table
    assert hull["n"].sum() >= table.loc[table["order"] == 1, "members"].sum()


def test_threshold_is_told_and_a_distance_given_is_kept(town):
    chosen = clusters(town, area=AREA, method="nnh").settings["eps"]
    assert chosen.value == pytest.approx(0.5 * np.sqrt(8e7 / len(town)))
    assert clusters(town, area=AREA, method="nnh", likelihood=0.05).settings["eps"].value < chosen.value
    assert clusters(town, area=AREA, method="nnh", eps="300ft").settings["eps"].value == pytest.approx(91.44)


@pytest.mark.parametrize("given", [
    {"outline": "hull"}, {"likelihood": 0.1}, {"n_sims": 9}, {"seed": 2}, {"method": "hdbscan", "weights": "x"},
    {"method": "stac", "likelihood": 0.1}, {"method": "nnh", "weights": "x"},
])  # fmt: skip
def test_a_setting_of_another_method_is_refused(town, given):
    with pytest.raises(InputError, match="must be left out with method="):
        clusters(town, area=AREA, **given)


@pytest.mark.parametrize(
    "given",
    [
        {"method": "kmeans"},
        {"method": "nnh", "outline": "box"},
        {"method": "nnh", "likelihood": 1.5},
        {"method": "stac", "n_sims": 0},
    ],
)
def test_mistakes_are_told(town, given):
    with pytest.raises(InputError, match="must be"):
        clusters(town, area=AREA, **given)


@pytest.mark.parametrize("method", OTHERS)
def test_a_source_gives_the_same_and_a_saved_result_speaks_and_draws_the_same(method):
    calls = sara.datasets.load("riverton_calls")
    noise = calls[calls["category"] == "noise"]
    area = sara.datasets.load("riverton_areas")
    found = clusters(noise, area=area, method=method)
    other = clusters(sara.open_events(noise), area=area, method=method)
    assert found.areas.drop(columns="geometry").equals(other.areas.drop(columns="geometry"))
    back = decode(encode(found))
    assert back.text == found.text
    assert_geodataframe_equal(back.table.fillna({"within": ""}), found.table.fillna({"within": ""}), check_dtype=False)
    assert back.plot().get_title(loc="left") == found.plot().get_title(loc="left")
