"""An event table behind an engine: the same rows, the same conditions, nothing brought into memory unasked."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sara
from sara.core.errors import InputError
from sara.core.predicate import parse_predicate
from sara.core.source import EventSource, as_source, is_source, open_events


@pytest.fixture(scope="module")
def events() -> gpd.GeoDataFrame:
    rng = np.random.default_rng(2)
    n = 400
    table = pd.DataFrame(
        {
            "when": pd.to_datetime("2023-11-01") + pd.to_timedelta(rng.integers(0, 300 * 86_400, n), unit="s"),
            "what": rng.choice(["NOISE COMPLAINT", "THEFT", None], n),
            "priority": rng.integers(1, 4, n),
            "east": np.where(rng.random(n) < 0.1, np.nan, rng.uniform(0, 5_000, n)),
            "north": rng.uniform(0, 5_000, n),
            "cost": np.where(rng.random(n) < 0.2, np.nan, rng.integers(0, 50, n)),
        }
    )
    return sara.as_events(table, time="when", type="what", x="east", y="north", crs=32616, source="calls")


@pytest.fixture(scope="module")
def path(events, tmp_path_factory) -> Path:
    return write(events, tmp_path_factory.mktemp("source") / "calls.parquet")


def write(events: gpd.GeoDataFrame, path: Path) -> Path:
    events.to_parquet(path)
    table = pq.read_table(path)
    table = table.replace_schema_metadata({**table.schema.metadata, b"sara": json.dumps(events.attrs["sara"]).encode()})
    pq.write_table(table, path, row_group_size=100)
    return path


def same(one: gpd.GeoDataFrame, other: gpd.GeoDataFrame) -> None:
    pd.testing.assert_frame_equal(pd.DataFrame(one.drop(columns="geometry")), pd.DataFrame(other.drop(columns="geometry")))
    assert one.geometry.geom_equals(other.geometry).where(other.geometry.notna(), one.geometry.isna()).all()
    assert one.crs == other.crs


def test_what_is_loaded_is_what_was_written(events, path):
    source = open_events(path)
    loaded = source.load()
    same(loaded, events)
    assert loaded.attrs["sara"] == events.attrs["sara"] == source.attrs["sara"]
    assert source.n_rows == len(events)
    assert source.crs == events.crs
    assert source.cautions == ()


CONDITIONS = [
    "category == 'noise'",
    "category != 'noise'",
    "category not in ('noise', 'theft')",
    "category in ('noise', 'theft') and hour >= 22",
    "cost > 10 or x < 100",
    "cost != 3",
    "not_here == 1",
    "time >= '2024-03-01' and time < '2024-04-01 12:00'",
    "text != 'a'",
    "time_to >= '2024-01-01'",
    "category == 3",
    "cost == 'x'",
    "month == 2.0",
]


@pytest.mark.parametrize("text", CONDITIONS)
def test_a_condition_means_the_same_as_in_memory(events, path, text):
    predicate = parse_predicate(text)
    try:
        want = int(predicate.mask(events).sum())
    except InputError as error:
        with pytest.raises(InputError, match=str(error)[:30].replace("`", ".")):
            open_events(path).where(text)
        return
    for source in sources(events, path):
        assert source.where(text).n_rows == want
        assert source.query(text).n_rows == want


def sources(events: gpd.GeoDataFrame, path: Path) -> list[EventSource]:
    polars = pytest.importorskip("polars")
    table = pq.read_table(path)
    plain = table.drop_columns(["geometry"])
    return [
        open_events(path), open_events(table), open_events(events), open_events(pd.DataFrame(events.drop(columns="geometry"))),
        open_events(polars.from_arrow(plain)), open_events(polars.from_arrow(plain).lazy()),
        open_events(pytest.importorskip("duckdb").from_arrow(plain)),
    ]  # fmt: skip


def test_every_frame_is_the_same_source(events, path):
    for source in sources(events, path):
        assert source.n_rows == len(events)
        got = pd.DataFrame(source.load().drop(columns="geometry"))
        pd.testing.assert_frame_equal(got, pd.DataFrame(events.drop(columns="geometry")))


def test_a_period_is_half_open(events, path):
    start, end = pd.Timestamp("2024-01-01"), pd.Timestamp("2024-02-01 12:00")
    want = ((events["time"] >= start) & (events["time"] < end)).sum()
    assert open_events(path).select_period(start, end).n_rows == want
    at = events["time"].iloc[7].floor("s")
    assert (
        open_events(path).select_period(at, at + pd.Timedelta(seconds=1)).n_rows
        == ((events["time"] >= at) & (events["time"] < at + pd.Timedelta(seconds=1))).sum()
    )


def test_a_compact_table_has_categories_and_no_shapes(events, path):
    compact = open_events(path).load(["category", "type", "x", "y"], compact=True)
    assert isinstance(compact["category"].dtype, pd.CategoricalDtype)
    assert (
        compact["category"].astype(object).where(compact["category"].notna(), None).tolist()
        == events["category"].astype(object).where(events["category"].notna(), None).tolist()
    )
    assert compact.geometry.isna().all()
    assert compact["time"].isna().all(), "a column that was not asked for is there and missing"
    np.testing.assert_array_equal(compact["x"], events["x"])


def test_columns_that_were_not_published_are_worked_out_or_missing():
    t = pd.date_range("1969-12-28 05:00", periods=400, freq="37h")
    raw = pd.DataFrame({"t_local": t.as_unit("s").astype("int64"), "x": 1.0, "y": 2.0})
    source = open_events(raw)
    assert "no record" in source.cautions[0]
    for frame in (raw, pa.Table.from_pandas(raw), pytest.importorskip("polars").from_pandas(raw).lazy()):
        got = open_events(frame).lazy()
        got = (got.collect(backend="pyarrow") if hasattr(got, "collect") else got).to_pandas()
        assert got["hour"].tolist() == t.hour.tolist()
        assert got["dow"].tolist() == t.day_of_week.tolist()
        assert got["month"].tolist() == t.month.tolist()
        assert got["category"].isna().all()


def test_what_is_a_source_and_what_is_not(events, path):
    assert as_source(events) is None
    assert not is_source(events)
    assert as_source([1, 2]) is None
    assert as_source("calls.csv") is None
    assert is_source(str(path))
    assert is_source(path.parent)
    assert as_source(as_source(path)) is not None


def test_several_files_are_one_source(events, tmp_path):
    half = len(events) // 2
    one, two = events.iloc[:half].copy(), events.iloc[half:].copy()
    one.attrs["sara"] = {**events.attrs["sara"], "coverage": ["2023-11-01", "2024-03-01"]}
    two.attrs["sara"] = {**events.attrs["sara"], "coverage": ["2024-03-01", "2024-09-01"]}
    write(one, tmp_path / "a.parquet")
    write(two, tmp_path / "b.parquet")
    for given in (tmp_path, str(tmp_path / "*.parquet")):
        source = open_events(given)
        assert source.n_rows == len(events)
        assert "coverage" not in source.attrs["sara"], "what differs between the files is true of neither alone"
        same(source.load(), events)
    other = gpd.GeoDataFrame(two.drop(columns="geometry"), geometry=two.geometry.set_crs(32617, allow_override=True))
    other.attrs = two.attrs
    write(other, tmp_path / "b.parquet")
    with pytest.raises(InputError, match="one coordinate system"):
        open_events(tmp_path)


def test_mistakes_are_answered_in_words(events, path, tmp_path):
    with pytest.raises(InputError, match="there is none"):
        open_events(tmp_path / "not.parquet")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(InputError, match="damaged"):
        open_events(tmp_path / "bad.parquet")
    with pytest.raises(InputError, match=r"sara\.convert"):
        open_events("calls.csv")
    with pytest.raises(InputError, match="without 't_local'"):
        open_events(pd.DataFrame({"x": [1.0]}))
    with pytest.raises(InputError, match=r"limit=400"):
        open_events(path).load(limit=10)
    with pytest.raises(InputError, match="Did you mean 'category'"):
        open_events(path).load(["categry"])
