"""`kde`: units, edges, bandwidths, and what it must not do."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import affinity
from shapely.geometry import Point, box

import sara
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.result import Result
from sara.hotspots import kde
from sara.hotspots._kde import in_units
from sara.hotspots._surfaces.bandwidth import choose_bandwidth, rule_of_thumb

CITY = box(0, 0, 10_000, 8_000)


def test_cells_of_a_gaussian_are_told_by_the_quartic_they_come_from(town):
    size = kde(town, area=CITY, kernel="gaussian").settings["cell_size"]
    assert (size.value, size.why) == (80, "a fifth of the reach of a quartic that spreads as far: smaller cells show no more")
    assert kde(town, area=CITY).settings["cell_size"].why.startswith("a fifth of the bandwidth")


def test_units_of_the_toy_surface():
    per_cell, km2 = np.array([1.0, 2, 4, 2, 1]), np.full(5, 100 / 1e6)
    per_km2 = per_cell / km2
    assert in_units(per_km2, km2, 10, "absolute") == pytest.approx(per_cell)
    assert in_units(per_km2, km2, 10, "probability") == pytest.approx([0.1, 0.2, 0.4, 0.2, 0.1])
    # Per 100 m2 cell, .01 .02 .04 .02 .01 per m2.
    assert in_units(per_km2, km2, 10, "km2") / 1e6 == pytest.approx([0.01, 0.02, 0.04, 0.02, 0.01])


def test_density_is_per_km2_and_adds_up_to_the_events(town):
    found = kde(town, area=CITY)
    km2 = sara.core.grid.as_grid(found).inside_km2()
    assert (found.table["density"] * km2).sum() == pytest.approx(3_000, rel=0.01)
    assert found.table["n"].sum() == 3_000
    assert kde(town, area=CITY, units="absolute").table["density"].sum() == pytest.approx(3_000, rel=1e-12)
    assert kde(town, area=CITY, units="probability").table["density"].sum() == pytest.approx(1, rel=1e-12)
    whole = kde(town, area=CITY, edge=None)
    assert (whole.table["density"] * 0.08**2).sum() == pytest.approx(3_000, rel=2e-3)
    assert whole.area.contains(CITY)


def test_one_event_is_the_kernel(make):
    found = kde(make([5_000], [4_000]), area=CITY, cell_size=80)
    x, y = sara.core.grid.as_grid(found).centres()
    u2 = ((x - 5_000) ** 2 + (y - 4_000) ** 2) / 400**2
    assert found.table["density"].to_numpy() == pytest.approx(1e6 * 3 / (np.pi * 400**2) * np.maximum(1 - u2, 0) ** 2, abs=1e-9)
    assert any("Only 1 calls" in caution for caution in found.cautions)


def test_both_engines_give_the_same_picture(town, monkeypatch):
    exact = kde(town, area=CITY, period=("2024-01-01", "2024-12-31"))
    assert exact.settings["engine"].value == "binned"
    monkeypatch.setattr("sara.hotspots._kde.EXACT_PAIRS", 10**12)
    other = kde(town, area=CITY, period=("2024-01-01", "2024-12-31"))
    assert other.settings["engine"].value == "exact"
    peak = other.table["density"].max()
    assert np.abs(exact.table["density"] - other.table["density"]).max() < 1e-3 * peak
    # Only cells on the very edge of the class may differ.
    assert (exact.table["is_hot"] != other.table["is_hot"]).mean() < 1e-3


def test_an_even_city_is_even_to_its_outline_when_corrected(make):
    x, y = (v.ravel() for v in np.meshgrid(np.arange(10, 4_000, 20.0), np.arange(10, 4_000, 20.0)))
    events, area = make(x, y), box(0, 0, 4_000, 4_000)
    corrected = kde(events, area=area).table["density"]
    assert corrected.to_numpy() == pytest.approx(2_500, rel=0.005)
    clipped = kde(events, area=area, edge="clip").table["density"]
    assert "share inside that is off by at most 0.00" in kde(events, area=area).settings["engine"].why
    assert clipped.min() < 0.4 * 2_500
    assert clipped.max() == pytest.approx(2_500, rel=0.01)


def test_events_outside_the_study_area_are_not_used_and_said_so(make):
    inside = make([1_900] * 40, [2_000] * 40)
    both = make([1_900] * 40 + [2_010] * 60, [2_000] * 100)
    area = box(0, 0, 2_000, 4_000)
    one, two = kde(inside, area=area, edge="clip"), kde(both, area=area, edge="clip")
    assert np.array_equal(one.table["density"], two.table["density"])
    assert two.counts.left_out == {"outside the study area": 60}
    assert any("60 calls outside the study area" in caution for caution in two.cautions)


def test_weights_multiply(town):
    plain = kde(town, area=CITY)
    heavy = kde(town.assign(cost=3.0), area=CITY, weights="cost")
    assert heavy.table["density"].to_numpy() == pytest.approx(3 * plain.table["density"].to_numpy(), rel=1e-9)
    assert np.array_equal(heavy.table["is_hot"], plain.table["is_hot"])
    assert np.array_equal(heavy.table["n"], plain.table["n"])
    one_corner = town.assign(cost=(town["x"] < 5_000).astype(float))
    assert kde(one_corner, area=CITY, weights="cost").table["density"][lambda d: d > 0].size < len(plain.table) * 0.7


def at(events, x, y):
    """Return the events at other places."""
    return events.assign(x=x, y=y).set_geometry(gpd.points_from_xy(x, y, crs=events.crs))


def test_shift_quarter_turn_and_row_order_change_nothing(town):
    first = kde(town, area=CITY)
    assert np.array_equal(kde(town.iloc[::-1], area=CITY).table["density"], first.table["density"])
    moved = at(town, town["x"] + 12_800, town["y"] - 8_000)
    again = kde(moved, area=affinity.translate(CITY, 12_800, -8_000))
    assert again.table["density"].to_numpy() == pytest.approx(first.table["density"].to_numpy(), rel=1e-6, abs=1e-6)
    turned = at(town, -town["y"], town["x"])
    quarter = kde(turned, area=box(-8_000, 0, 0, 10_000))
    one = first.table.pivot(index="row", columns="column", values="density").to_numpy()
    other = quarter.table.pivot(index="row", columns="column", values="density").to_numpy()
    assert other == pytest.approx(one[::-1].T, rel=1e-6, abs=1e-6)


def test_feet_and_metres_are_the_same(town):
    one, two = kde(town, area=CITY, bandwidth="1000ft"), kde(town, area=CITY, bandwidth=304.8)
    assert np.array_equal(one.table["density"], two.table["density"])


def test_defaults_are_told(town):
    found = kde(town, area=CITY)
    assert found.settings["bandwidth"].value == 400
    assert found.settings["cell_size"].value == 80
    gaussian = kde(town, area=CITY, kernel="gaussian")
    assert (gaussian.settings["bandwidth"].value, gaussian.settings["cell_size"].value) == (141, 80)
    # The same spread gives nearly the same picture.
    assert np.corrcoef(found.table["density"], gaussian.table["density"])[0, 1] > 0.98
    hexagons = kde(town, area=CITY, shape="hexagon")
    assert hexagons.layout["shape"] == "hexagon"
    assert hexagons.table["density"].max() == pytest.approx(found.table["density"].max(), rel=0.05)


def test_grid_of_an_earlier_map_is_used(town):
    first = sara.hotspots.count(town, area=CITY, cell_size=200)
    found = kde(town, grid=first)
    assert found.grid.attrs["sara"]["grid"] == first.grid.attrs["sara"]["grid"]
    assert np.array_equal(found.table["n"], first.table["n"])


def test_dense_is_three_times_the_mean(town):
    found = kde(town, area=CITY)
    mean = found.settings["mean_density"].value
    assert mean == pytest.approx(3_000 / 80, rel=0.01)
    assert np.array_equal(found.table["is_hot"], found.table["density"] >= 3 * mean)
    top = found.areas.iloc[0]
    assert top.geometry.contains(Point(7_000, 5_000))
    assert found.areas["p_adjusted"].isna().all()
    assert not found.areas["excess"].le(0).any()


@pytest.mark.parametrize(("spread", "low", "high"), [(60, 100, 250), (250, 300, 800)])
def test_automatic_bandwidth_follows_the_size_of_the_crowds(spread, low, high):
    rng = np.random.default_rng(6)
    x, y = (np.repeat(rng.uniform(1_000, 9_000, 40), 50) + rng.normal(0, spread, 2_000) for _ in range(2))
    found, _ = choose_bandwidth(x, y, np.ones(len(x)), km2=100, kernel="quartic")
    assert low <= found.value <= high
    assert "rule of thumb" in found.why


def test_repeat_calls_to_an_address_do_not_shrink_the_automatic_bandwidth(make):
    rng = np.random.default_rng(7)
    x, y = rng.normal(5_000, 900, 800), rng.normal(5_000, 900, 800)
    one = kde(make(x, y), area=box(0, 0, 10_000, 10_000), bandwidth="auto").settings["bandwidth"].value
    many = (
        kde(make(np.repeat(x, 5), np.repeat(y, 5)), area=box(0, 0, 10_000, 10_000), bandwidth="auto").settings["bandwidth"].value
    )
    assert many == one


def test_rule_of_thumb_by_hand():
    x, y = np.array([0.0, 0, 100, -100]), np.array([100.0, -100, 0, 0])
    assert rule_of_thumb(x, y, np.ones(4)) == pytest.approx(0.9 * 100 * 4**-0.2)


def test_a_bandwidth_that_melts_the_city_is_warned_of(town):
    assert any("melts" in c for c in kde(town, area=CITY, bandwidth=4_438, cell_size=500).cautions)
    assert not any("melts" in c for c in kde(town, area=CITY).cautions)


def test_from_a_source_and_from_a_record(town, tmp_path):
    found = kde(town, area=CITY)
    again = Result.from_dict(found.to_dict())
    assert again.text == found.text
    pd.testing.assert_frame_equal(
        pd.DataFrame(again.table.drop(columns="geometry")), pd.DataFrame(found.table.drop(columns="geometry"))
    )
    assert again.plot().get_title(loc="left") == "Where is it densest?"


def test_it_draws(town):
    area = gpd.GeoDataFrame(
        {"name": ["West", "East"]}, geometry=[box(0, 0, 5_000, 8_000), box(5_000, 0, 10_000, 8_000)], crs=32616
    )
    found = kde(town, area=area)
    ax = found.plot(areas=area)
    assert any("per km2" in t.get_text() for t in ax.texts)
    assert next(t.get_text() for t in ax.get_legend().get_texts()).startswith("below the mean")
    kde(town, area=area, units="probability", shape="hexagon").plot()


def test_mistakes_are_told(town, make):
    with pytest.raises(InputError, match="at least as long as a cell. Got 50 m"):
        kde(town, area=CITY, bandwidth=50, cell_size=200)
    with pytest.raises(InputError, match="distance or 'auto'"):
        kde(town, area=CITY, bandwidth="scott")
    with pytest.raises(InputError, match="`kernel` must be one of"):
        kde(town, area=CITY, kernel="quartics")
    with pytest.raises(InputError, match="`units`"):
        kde(town, area=CITY, units="m2")
    with pytest.raises(InputError, match="`edge`"):
        kde(town, area=CITY, edge="ripley")
    with pytest.raises(NotEnoughDataError):
        kde(make([1], [1]), area=box(5_000, 5_000, 6_000, 6_000))


@pytest.mark.real
@pytest.mark.parametrize(
    ("file", "areas", "low", "high"),
    [("portland/crimes_bur.csv", "portland/portland_neighborhoods.geojson", 400, 800), ("memphis/memphis_robberies.csv", "memphis/memphis_precincts.geojson", 500, 1_000)],
)  # fmt: skip
def test_automatic_bandwidth_is_sane_on_real_cities(real_data, file, areas, low, high):
    crs = {"crs": 2913} if "portland" in file else {}
    found = kde(sara.read_calls(real_data / file, **crs), area=sara.read_areas(real_data / areas), bandwidth="auto")
    assert low <= found.settings["bandwidth"].value <= high
    inside = sara.core.grid.as_grid(found).inside_km2()
    assert (found.table["density"] * inside).sum() == pytest.approx(found.counts.rows_used, rel=0.02)
