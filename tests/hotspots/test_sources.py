"""Maps of an event table behind an engine: the answer is that of the same rows in memory, to the last count and word."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest

import sara
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.source import open_events


@pytest.fixture(scope="module")
def calls() -> gpd.GeoDataFrame:
    events = sara.datasets.load("riverton_calls")
    return events[events["category"].isin(["disorder", "theft", "medical"])]


@pytest.fixture(scope="module")
def city() -> gpd.GeoDataFrame:
    return sara.datasets.load("riverton_areas")


@pytest.fixture(scope="module")
def parquet(tmp_path_factory):
    pytest.importorskip("duckdb")
    path = tmp_path_factory.mktemp("maps") / "calls.parquet"
    sara.convert(sara.datasets.folder() / "calls.csv.gz", path)
    return path


def same_answer(one, other) -> None:
    assert other.text == one.text
    assert other.alt_text == one.alt_text
    assert other.counts == one.counts
    assert other.cautions == one.cautions
    assert {k: str(v) for k, v in other.settings.items()} == {k: str(v) for k, v in one.settings.items()}
    pd.testing.assert_frame_equal(plain(other.table), plain(one.table), check_dtype=False, rtol=1e-12)
    if "geometry" in one.table:
        assert other.table.geometry.geom_equals(one.table.geometry).all()
        assert other.table.crs == one.table.crs
        assert other.areas.attrs == one.areas.attrs


def plain(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(table.drop(columns="geometry", errors="ignore"))


METHODS = {
    "count": lambda e, city: sara.hotspots.count(e, area=city),
    "count without an area": lambda e, city: sara.hotspots.count(e),
    "count of weights": lambda e, city: sara.hotspots.count(e, area=city, cell_size=500, weights="n_reports"),
    "gi_star": lambda e, city: sara.hotspots.gi_star(e, area=city, period=("2023-01-01", "2023-06-30")),
    "clusters": lambda e, city: sara.hotspots.clusters(e, area=city),
    "clusters of weights": lambda e, city: sara.hotspots.clusters(e, area=city, weights="n_reports", min_events=200),
    "weeks": lambda e, city: sara.trends.series(e),
    "months by category": lambda e, city: sara.trends.series(e, freq="MS", by="category"),
    "quarters by place": lambda e, city: sara.trends.series(e, freq="QS", by="place", period=("2022-05-01", "2024-01-01")),
    "a period cut at odd moments": lambda e, city: sara.trends.series(e, period=(pd.Timestamp("2023-01-05 10:30"), pd.Timestamp("2024-02-01 11:15:20"))),
    "six hours": lambda e, city: sara.trends.series(e, freq="6h", period=("2023-01-05", "2023-01-20")),
    "clock": lambda e, city: sara.trends.clock(e),
    "clock of a cut day": lambda e, city: sara.trends.clock(e, period=(pd.Timestamp("2023-01-05 10:30"), pd.Timestamp("2024-02-01 11:15:20"))),
}  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
def test_a_parquet_file_gives_the_answer_of_its_rows_in_memory(name, calls, city, parquet):
    source = open_events(parquet).where("category in ('disorder', 'theft', 'medical')")
    same_answer(METHODS[name](calls, city), METHODS[name](source, city))


@pytest.mark.parametrize("name", ["count", "clusters", "months by category", "clock"])
def test_so_does_a_polars_frame(name, calls, city):
    polars = pytest.importorskip("polars")
    own = polars.from_pandas(pd.DataFrame(calls.drop(columns="geometry"))).lazy()
    source = open_events(own)
    source.attrs, source.crs = dict(calls.attrs), calls.crs
    same_answer(METHODS[name](calls, city), METHODS[name](source, city))


def test_a_path_is_enough(city, parquet):
    assert sara.hotspots.count(str(parquet), area=city, cell_size=500).counts.rows_in > 150_000
    assert sara.trends.clock(parquet).counts == sara.trends.clock(sara.datasets.load("riverton_calls")).counts


def test_a_frame_without_a_record_says_so_and_is_taken_as_metres():
    frame = pd.DataFrame({"t_local": range(0, 40 * 86_400, 3_600), "x": 1.0, "y": 2.0})
    found = sara.hotspots.count(open_events(frame))
    assert any("no record" in caution for caution in found.cautions)
    assert found.table["n"].sum() == len(frame)
    assert any("no record" in caution for caution in sara.trends.series(open_events(frame)).cautions)
    with pytest.raises(InputError, match=r"crs=32616"):
        sara.hotspots.count(open_events(frame), area=sara.datasets.load("riverton_areas"))


def test_cells_finer_than_the_coordinates_are_said_to_be(calls, city):
    coarse = calls.copy()
    coarse.attrs["sara"] = {**calls.attrs["sara"], "smallest_cell": 300}
    assert any("under 300 m" in caution for caution in sara.hotspots.count(coarse, area=city, cell_size=200).cautions)
    assert not any("under 300 m" in caution for caution in sara.hotspots.count(coarse, area=city, cell_size=300).cautions)


def test_mistakes_are_answered_in_words(parquet):
    source = open_events(parquet)
    with pytest.raises(InputError, match="has no rows"):
        sara.hotspots.count(source.where("category == 'Noise'"))
    with pytest.raises(InputError, match="has no rows"):
        sara.trends.series(source.where("category == 'Noise'"), period=("2023-01-01", "2023-02-01"))
    with pytest.raises(InputError, match="zero or more"):
        sara.hotspots.count(source, weights="t_local" if source.where("t_local < 0").n_rows else "place")
    with pytest.raises(InputError, match="not in the table|not in `events`"):
        sara.hotspots.count(source, weights="cost")
    with pytest.raises(NotEnoughDataError):
        sara.hotspots.gi_star(source, period=("1999-01-01", "1999-02-01"))
