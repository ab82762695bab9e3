"""The board, concentration and repeats of a table that stays in an engine: the same numbers as in memory."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import sara
from sara.core.source import EventSource


def plain(events):
    """Return the event table as an Arrow table, without shapes and with the whole seconds an engine counts by."""
    import pyarrow as pa

    frame = pd.DataFrame(events.drop(columns="geometry"))
    if "t_local" not in frame:
        whole = (events["time"] - pd.Timestamp(0)) // pd.Timedelta(seconds=1)
        frame["t_local"] = whole.astype("Int64")
    return pa.Table.from_pandas(frame, preserve_index=False)


def in_duckdb(events):
    duckdb = pytest.importorskip("duckdb")
    connection = duckdb.connect()
    connection.register("rows", plain(events))
    return EventSource(connection.sql("SELECT * FROM rows"), events.attrs["sara"], events.crs, keep=connection)


def in_polars(events):
    polars = pytest.importorskip("polars")
    return EventSource(polars.from_arrow(plain(events)).lazy(), events.attrs["sara"], events.crs)


def in_pandas(events):
    return EventSource(plain(events).to_pandas(), events.attrs["sara"], events.crs)


ENGINES = [in_duckdb, in_polars, in_pandas]


def same_board(one, other):
    for name in ("table", "more", "rejected", "reporting"):
        left, right = getattr(one, name), getattr(other, name)
        if "geometry" in left:
            missing = left.geometry.isna().to_numpy()
            assert (missing == right.geometry.isna().to_numpy()).all()
            assert left.geometry[~missing].geom_equals_exact(right.geometry[~missing], 1e-9).all()
            left, right = (pd.DataFrame(frame.drop(columns="geometry")) for frame in (left, right))
        pd.testing.assert_frame_equal(left, right, check_exact=False, rtol=1e-12)
    assert one.counts == other.counts
    assert one.settings == other.settings
    assert one.cautions == other.cautions
    assert one.text == other.text


@pytest.fixture(scope="module")
def planted(town):
    """Return a town with a hot place, a loud caller, patrol, a default address, rows written twice and every kind of gap."""
    rng = np.random.default_rng(3)
    extra = [
        town.rows(300, "noise", x=500_650.0, y=4_001_465.0, place="906 OAK ST", rng=rng, hour=[22, 23, 0]),
        town.rows(120, "theft", x=503_050.0, y=4_003_025.0, place="1400 OAK ST", rng=rng, caller="loud"),
        town.rows(400, "disorder", x=500_050.0, y=4_000_100.0, place="100 OAK ST", rng=rng, origin="officer"),
        town.rows(90, "vandalism", x=501_234.5, y=4_002_345.5, place=None, rng=rng),
        town.rows(25, "theft", x=np.nan, y=np.nan, place="9 ELM ST", rng=rng),
    ]
    events = town.with_(*extra, seed=5)
    arrived = events["time"] + pd.to_timedelta(rng.integers(60, 900, len(events)), unit="s")
    closed = arrived + pd.to_timedelta(rng.integers(-600, 100_000, len(events)), unit="s")
    events["arrived"], events["closed"] = arrived.astype("datetime64[us]"), closed.astype("datetime64[us]")
    events.loc[rng.choice(len(events), 60, replace=False), "arrived"] = pd.NaT
    events.loc[rng.choice(len(events), 60, replace=False), "category"] = None
    events.loc[rng.choice(len(events), 200, replace=False), "origin"] = None
    events.loc[rng.choice(len(events), 300, replace=False), "n_reports"] = 3
    events["Publisher.Own column"] = "a"
    again = events.iloc[rng.choice(len(events), 80, replace=False)].assign(id=[f"again-{i}" for i in range(80)])
    out = pd.concat([events, again], ignore_index=True)
    out.attrs = dict(events.attrs)
    return out


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("named", [True, False])
def test_the_board_is_the_same_from_an_engine(town, planted, engine, named):
    areas = town.areas(residents=np.arange(1000, 2600, 100)) if named else None
    same_board(sara.scan.problems(planted, areas=areas), sara.scan.problems(engine(planted), areas=areas))


@pytest.mark.parametrize("engine", ENGINES[:2])
def test_repeated_rows_are_found_whatever_the_stretch_they_are_looked_for_in(town, planted, engine, monkeypatch):
    expected = sara.scan.problems(planted, areas=town.areas())
    assert expected.counts.left_out["the same row again"] > 50
    monkeypatch.setattr("sara.scan._source.STRETCH", 700)
    same_board(expected, sara.scan.problems(engine(planted), areas=town.areas()))


def test_a_period_and_complaints_from_an_engine(town, planted):
    complaints = town.events(
        town.rows(400, "noise", x=500_700.0, y=4_001_465.0, place="910 OAK ST", rng=np.random.default_rng(2)), source="complaints"
    )
    kwargs = {"areas": town.areas(), "period": ("2022-06-01", "2023-09-30")}
    expected = sara.scan.problems(planted, complaints, **kwargs)
    same_board(expected, sara.scan.problems(in_duckdb(planted), in_polars(complaints), **kwargs))
    same_board(expected, sara.scan.problems(planted, in_duckdb(complaints), **kwargs))


def test_a_source_that_is_no_event_table_is_refused(planted):
    pytest.importorskip("polars")
    with pytest.raises(sara.InputError, match="category"):
        sara.scan.problems(EventSource(in_polars(planted).lazy().drop("category"), None, planted.crs))
    with pytest.raises(sara.InputError, match="metres"):
        sara.scan.problems(EventSource(in_polars(planted).lazy(), None, None))


def test_riverton_is_the_same_from_duckdb():
    from sara.teach.city import city

    made = city(seed=1)
    expected = sara.scan.problems(made.calls, made.complaints, areas=made.areas)
    same_board(expected, sara.scan.problems(in_duckdb(made.calls), in_duckdb(made.complaints), areas=made.areas))


@pytest.mark.parametrize("city", ["seattle", "chicago"])
def test_real_cities_are_the_same_from_engines(real_data, city):
    if city == "seattle":
        events = sara.read_calls(real_data / "seattle" / "seattle_911_2015.csv.gz")
    else:
        events = sara.read_complaints(real_data / "chicago" / "sanitation_code_complaints_2011_2014.csv.gz")
    areas = sara.read_areas(real_data / city / f"{city}_neighborhoods.geojson")
    expected = sara.scan.problems(events, areas=areas)
    for engine in (in_duckdb, in_polars):
        same_board(expected, sara.scan.problems(engine(events), areas=areas))


# ---- concentration and repeats


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("by", ["place", "category", "type", "dow"])
def test_concentration_is_the_same_from_an_engine(planted, engine, by):
    expected, found = sara.scan.concentration(planted, by=by), sara.scan.concentration(engine(planted), by=by)
    pd.testing.assert_frame_equal(expected.table, found.table)
    assert (expected.counts, expected.cautions, expected.text) == (found.counts, found.cautions, found.text)
    assert {k: str(v) for k, v in expected.settings.items()} == {k: str(v) for k, v in found.settings.items()}


@pytest.mark.parametrize("engine", ENGINES)
def test_repeats_are_the_same_from_an_engine(planted, engine):
    expected, found = sara.analyze.repeats(planted), sara.analyze.repeats(engine(planted))
    pd.testing.assert_frame_equal(expected.table, found.table)
    assert (expected.counts, expected.cautions, expected.text) == (found.counts, found.cautions, found.text)


def test_a_column_that_is_not_there_is_named(planted):
    with pytest.raises(sara.InputError, match="beat"):
        sara.scan.concentration(in_pandas(planted), by="beat")


@pytest.mark.spark
def test_the_board_is_the_same_from_spark(town, planted, tmp_path, monkeypatch):
    sql = pytest.importorskip("pyspark.sql")
    import sys

    import pyarrow.parquet as pq

    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    settings = {
        "spark.ui.enabled": "false", "spark.sql.session.timeZone": "UTC", "spark.driver.host": "127.0.0.1", "spark.sql.shuffle.partitions": "2",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
    }  # fmt: skip
    builder = sql.SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    pq.write_table(plain(planted.drop(columns="Publisher.Own column")), tmp_path / "calls.parquet", coerce_timestamps="us")
    source = EventSource(spark.read.parquet(str(tmp_path / "calls.parquet")), planted.attrs["sara"], planted.crs)
    expected = sara.scan.problems(planted.drop(columns="Publisher.Own column"), areas=town.areas())
    same_board(expected, sara.scan.problems(source, areas=town.areas()))
    spark.stop()
