"""What must not matter to any map: where zero lies, the order and names of rows, the unit of a distance, rows that don't belong to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import LineString, box

from sara import hotspots
from sara.core.codec import decode, encode
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.result import Result

WIDTH, HEIGHT, CELL = 4_000, 3_000, 250
# Sums of fractions in another order, or of coordinates far from zero.
CLOSE = {"rtol": 1e-7, "atol": 1e-9}

Method = Callable[..., Result]
METHODS: dict[str, Method] = {
    "count": lambda e, **k: hotspots.count(e, cell_size=CELL, **k),
    "count, hexagons": lambda e, **k: hotspots.count(e, cell_size=CELL, shape="hexagon", **k),
    "count, areas": lambda e, area, **k: hotspots.count(e, areas=beats(area), **k),
    "rates": lambda e, area, **k: hotspots.rates(e, beats(area), column="people", **k),
    "gi_star": lambda e, **k: hotspots.gi_star(e, cell_size=CELL, **k),
    "gi_star, permutation": lambda e, **k: hotspots.gi_star(e, cell_size=CELL, inference="permutation", n_sims=99, **k),
    "local_moran": lambda e, **k: hotspots.local_moran(e, cell_size=CELL, **k),
    "emerging": lambda e, **k: hotspots.emerging(e, cell_size=CELL, **k),
    "change": lambda e, **k: hotspots.change(e, cell_size=CELL, **k),
    "near_repeat_zones": lambda e, **k: hotspots.near_repeat_zones(e, n_sims=39, **k),
    "kde": lambda e, **k: hotspots.kde(e, cell_size=CELL, bandwidth=600, **k),
    "clusters": lambda e, **k: hotspots.clusters(e, **k),
    "clusters, hdbscan": lambda e, **k: hotspots.clusters(e, method="hdbscan", **k),
    "clusters, nnh": lambda e, **k: hotspots.clusters(e, method="nnh", **k),
    "clusters, stac": lambda e, **k: hotspots.clusters(e, method="stac", **k),
    "hot_places": lambda e, **k: hotspots.hot_places(e, **k),
    "scan_statistic": lambda e, **k: hotspots.scan_statistic(e, cell_size=CELL, n_sims=19, max_days=4, max_radius=500, **k),
    "scan_statistic, space": lambda e, **k: hotspots.scan_statistic(e, model="space", cell_size=CELL, n_sims=19, max_radius=500, **k),
    "persistence": lambda e, **k: hotspots.persistence(e, cell_size=CELL, as_of="2025-01-01", n_sims=99, **k),
}  # fmt: skip
CELLS = [
    name
    for name in METHODS
    if name in ("count", "gi_star", "local_moran", "emerging", "change", "kde", "persistence", "scan_statistic")
]


def ground(dx: float = 0, dy: float = 0) -> gpd.GeoSeries:
    return gpd.GeoSeries([box(dx, dy, dx + WIDTH, dy + HEIGHT)], crs=32616)


def beats(area: gpd.GeoSeries) -> gpd.GeoDataFrame:
    minx, miny, _, _ = area.total_bounds
    shapes = [
        box(minx + i * 500, miny + j * 1_000, minx + (i + 1) * 500, miny + (j + 1) * 1_000) for j in range(3) for i in range(8)
    ]
    names = [f"beat {i}" for i in range(len(shapes))]
    return gpd.GeoDataFrame({"name": names, "people": 100 + 10 * np.arange(len(shapes))}, geometry=shapes, crs=area.crs)


@pytest.fixture(scope="module")
def points() -> pd.DataFrame:
    """Two years of a small town: a scatter, a busy corner, one address, a burst. Whole metres, no point on a cell's edge."""
    rng = np.random.default_rng(7)
    x = np.r_[rng.uniform(0, WIDTH, 500), rng.normal(1_100, 90, 250), np.full(60, 3_110.0), rng.normal(2_600, 80, 40)]
    y = np.r_[rng.uniform(0, HEIGHT, 500), rng.normal(900, 90, 250), np.full(60, 2_090.0), rng.normal(1_600, 80, 40)]
    day = np.r_[rng.integers(0, 731, 810), rng.integers(400, 415, 40)]
    x, y = np.clip(np.floor(x), 1, WIDTH - 1), np.clip(np.floor(y), 1, HEIGHT - 1)
    x, y = x + (x % CELL == 0) * 3, y + (y % CELL == 0) * 3
    place = np.array([f"{a:.0f}00 BLOCK OF {b:.0f} AV N" for a, b in zip(x // 500, y // 500, strict=True)], dtype=object)
    place[750:810] = "77 ELM ST"
    return pd.DataFrame({"x": x, "y": y, "day": day, "place": place})


def events(make: Any, points: pd.DataFrame, dx: float = 0, dy: float = 0) -> gpd.GeoDataFrame:
    time = list(pd.Timestamp("2023-01-01") + pd.to_timedelta(points["day"], unit="D"))
    out = make(points["x"] + dx, points["y"] + dy, time=time, place=points["place"].to_numpy())
    out.attrs["sara"] = {"coverage": ["2023-01-01T00:00:00", "2025-01-01T00:00:00"], "file": "calls.csv"}
    return out


def plain(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table without what is a place."""
    out = pd.DataFrame(table).drop(columns=["geometry", "x", "y"], errors="ignore")
    words = out.select_dtypes(exclude=["number", "bool", "datetime"]).columns
    # Nothing is nothing, however the record wrote it down.
    return out.assign(**{c: out[c].astype(object).where(out[c].notna(), None) for c in words})


@pytest.fixture(scope="module")
def first(points) -> Callable[[Any, str], Result]:
    """Return each method's answer on the town as it is, made once for the file."""
    made: dict[str, Result] = {}

    def one(make: Any, name: str) -> Result:
        if name not in made:
            made[name] = METHODS[name](events(make, points), area=ground())
        return made[name]

    return one


def same(one: Result, other: Result) -> None:
    pd.testing.assert_frame_equal(plain(other.table), plain(one.table), check_dtype=False, **CLOSE)
    if hasattr(one, "areas"):
        pd.testing.assert_frame_equal(plain(other.areas), plain(one.areas), check_dtype=False, **CLOSE)


# STAC lays its lattice from the origin of the coordinates, on purpose: it stays where it is when rows or the study area change.
@pytest.mark.parametrize("name", [name for name in METHODS if name not in ("clusters, stac", "near_repeat_zones")])
def test_where_zero_lies_does_not_matter(make, points, first, name):
    one = first(make, name)
    same(one, METHODS[name](events(make, points, 8 * CELL, -4 * CELL), area=ground(8 * CELL, -4 * CELL)))


@pytest.mark.parametrize("name", METHODS)
def test_order_and_names_of_rows_do_not_matter_and_rows_stay_as_they_are(make, points, name):
    table = events(make, points)
    before = table.copy()
    one = METHODS[name](table, area=ground())
    pd.testing.assert_frame_equal(pd.DataFrame(table), pd.DataFrame(before))
    mixed = table.sample(frac=1, random_state=2)
    mixed.index = np.zeros(len(mixed), dtype=int)
    same(one, METHODS[name](mixed, area=ground()))


@pytest.mark.parametrize("name", METHODS)
def test_rows_that_do_not_belong_are_counted_and_change_nothing(make, points, first, name):
    one = first(make, name)
    more = pd.concat([points, points.head(30).assign(x=points["x"].head(30) + 2 * WIDTH)], ignore_index=True)
    table = events(make, more)
    nowhere = events(make, points.head(9))
    nowhere["x"] = nowhere["y"] = np.nan
    nowhere = nowhere.set_geometry(gpd.GeoSeries([None] * len(nowhere), index=nowhere.index, crs=nowhere.crs))
    later = events(make, points.head(7))
    later["time"] = pd.Timestamp("2026-02-02")
    mixed = gpd.GeoDataFrame(pd.concat([table, nowhere, later], ignore_index=True), crs=table.crs)
    mixed.attrs = dict(table.attrs)
    other = METHODS[name](mixed, area=ground())
    same(one, other)
    assert other.counts.rows_in == one.counts.rows_in + 46
    assert other.counts.rows_used == one.counts.rows_used
    assert other.counts.rows_in == other.counts.rows_used + sum(other.counts.left_out.values())


@pytest.mark.parametrize("name", METHODS)
def test_a_loaded_result_says_and_draws_the_same(make, first, name):
    one = first(make, name)
    other = decode(encode(one))
    assert (other.text, other.alt_text, other.cautions) == (one.text, one.alt_text, one.cautions)
    same(one, other)
    drawn = [[text.get_text() for text in result.plot().texts] for result in (one, other)]
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("size", ["250m", "0.25km"])
def test_a_distance_may_be_written_with_its_unit(make, points, first, name, size):
    method = name.split(",")[0]
    options: dict[str, Any] = {
        "persistence": {"as_of": "2025-01-01", "n_sims": 99},
        "kde": {"bandwidth": "600m"},
        "scan_statistic": {"n_sims": 19, "max_days": 4, "max_radius": "0.5km"},
    }
    one = first(make, name)
    same(one, getattr(hotspots, method)(events(make, points), area=ground(), cell_size=size, **options.get(method, {})))


# Beats are made from the area.
@pytest.mark.parametrize("name", [name for name in METHODS if name not in ("count, areas", "rates")])
def test_the_same_area_in_degrees_gives_the_same_counts(make, points, first, name):
    # Corners only: an edge that is straight in degrees is not quite so in metres, so that it must not pass through points.
    shape = shapely.segmentize(ground().iloc[0], 50)
    degrees = gpd.GeoSeries([shape], crs=32616).to_crs(4326)
    other = METHODS[name](events(make, points), area=degrees)
    assert abs(other.counts.rows_used - first(make, name).counts.rows_used) <= 2


@pytest.mark.parametrize("name", METHODS)
def test_mistakes_are_told_as_must_got_do(make, points, name):
    table = events(make, points)
    with pytest.raises(InputError, match="has no rows"):
        METHODS[name](table.iloc[:0], area=ground())
    nowhere = table.copy()
    nowhere["x"] = nowhere["y"] = np.nan
    with pytest.raises(NotEnoughDataError, match="Got 0"):
        METHODS[name](nowhere, area=ground())
    if name not in ("count, areas", "rates"):
        with pytest.raises(InputError, match="longitude and latitude"):
            METHODS[name](table, area=box(-88, 40, -87, 41))
        with pytest.raises(InputError, match="must be a polygon"):
            METHODS[name](table, area=LineString([(0, 0), (1_000, 1_000)]))


@pytest.mark.parametrize("name", [name for name in METHODS if name != "persistence"])
def test_a_table_that_is_no_event_table_is_told_so(name):
    with pytest.raises(InputError, match="must be an event table"):
        METHODS[name](pd.DataFrame({"a": [1]}), area=ground())


@pytest.mark.parametrize("name", METHODS)
def test_one_event_is_an_answer_or_a_plain_refusal(make, points, name):
    table = events(make, points.head(1))
    try:
        found = METHODS[name](table, area=ground())
    except NotEnoughDataError as error:
        assert " Got " in str(error)
    else:
        assert found.counts.rows_used == 1
        assert found.text
        assert found.plot() is not None
