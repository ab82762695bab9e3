"""The reductions: the same counts from every engine, weeks and months as the calendar has them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import geopandas as gpd
import narwhals as nw
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sara.core.engine import (
    counts_by,
    counts_by_area,
    counts_by_cell,
    counts_by_clock,
    counts_by_location,
    counts_by_period,
    day_index,
    month_index,
    quantile_of_counts,
    span_of,
    week_index,
    week_starts,
)
from sara.core.errors import InputError
from sara.core.expression import is_one_of
from sara.core.source import open_events

# Years 1 to 9999 in seconds, the range of a datetime.
SECONDS = st.integers(-62_135_596_800, 253_402_300_799)


@given(SECONDS)
@settings(max_examples=300)
def test_days_weeks_and_months_are_the_calendars(t):
    day = np.datetime64(t, "s").astype("datetime64[D]")
    assert day_index(t) == day.astype(int)
    assert month_index(t) == day.astype("datetime64[M]").astype(int)
    monday = week_index(t) * 7 + 4
    assert 0 <= day.astype(int) - monday < 7
    assert np.datetime64(int(monday), "D").item().weekday() == 0


def test_week_starts_are_mondays_and_undo_the_index():
    t = np.arange("2022-02-20", "2022-03-20", dtype="datetime64[D]").astype("datetime64[s]").astype("int64")
    starts = week_starts(week_index(t))
    assert set(starts.day_of_week) == {0}
    assert ((pd.to_datetime(t, unit="s") - starts).days < 7).all()


def frame(n: int = 500) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    t = rng.integers(-(10**8), 2 * 10**9, n)
    return pd.DataFrame(
        {
            "t_local": pd.array(t, dtype="Int64"),
            "dow": pd.array((t // 86_400 + 3) % 7, dtype="Int8"),
            "hour": pd.array(np.where(rng.random(n) < 0.1, -1, t // 3_600 % 24), dtype="Int8").copy(),
            "category": rng.choice(["noise", "theft", None], n),
            "x": rng.integers(-500, 500, n) / 2,
            "y": rng.integers(-500, 500, n) / 2,
            "cost": rng.integers(0, 9, n).astype(float),
        }
    ).assign(hour=lambda f: f["hour"].mask(f["hour"] < 0))


def awkward() -> pd.DataFrame:
    """Return rows with everything that tells engines apart: missing keys, coordinates that are none, times before 1970, points on edges."""
    table = frame()
    table["place"] = np.where(table["x"] > 0, "1 A ST", None)
    x = table["x"].to_numpy(copy=True)
    x[:6] = [np.nan, np.inf, -np.inf, 0.0, 50.0, 1e300]
    kind = pd.Categorical(table["category"])
    return table.assign(x=x, kind=kind, t_local=table["t_local"].mask(np.arange(len(table)) % 50 == 7))


BACKENDS = ["numpy types", "geodataframe", "pyarrow", "polars", "lazy polars", "duckdb over parquet", "source", "spark"]


@pytest.fixture(scope="module")
def spark() -> Iterator[object]:
    """Return a Spark of two worker processes."""
    pyspark = pytest.importorskip("pyspark")
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    os.environ["SPARK_HOME"] = str(Path(pyspark.__file__).parent)
    from pyspark.sql import SparkSession

    settings = {
        "spark.sql.session.timeZone": "UTC", "spark.driver.host": "127.0.0.1", "spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "4",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
    }  # fmt: skip
    builder = SparkSession.builder.master("local-cluster[2,1,1024]").appName("sara")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=[pytest.mark.spark, pytest.mark.slow] if name == "spark" else []) for name in BACKENDS],
)
def backend(request, tmp_path_factory) -> object:
    """Return the awkward rows behind one engine."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    name, pandas = request.param, awkward()
    if name == "numpy types":
        return pandas.assign(dow=pandas["dow"].astype("int64"))
    if name == "geodataframe":
        return gpd.GeoDataFrame(pandas, geometry=gpd.points_from_xy(pandas["y"], pandas["y"]))
    arrow = pa.Table.from_pandas(pandas, preserve_index=False)
    if name == "pyarrow":
        return arrow
    if name.endswith("polars"):
        eager = pytest.importorskip("polars").from_arrow(arrow)
        return eager if name == "polars" else eager.lazy()
    path = tmp_path_factory.mktemp("engine") / "rows.parquet"
    pq.write_table(arrow, path, row_group_size=100)
    if name == "spark":
        return request.getfixturevalue("spark").read.parquet(str(path)).repartition(4)
    if find_spec("duckdb") is None:
        pytest.skip("DuckDB is not installed")
    if name == "source":
        return open_events(path)
    import duckdb

    return duckdb.read_parquet(str(path))


REDUCTIONS = {
    "category": lambda f: counts_by(f, "category"),
    "categories of a category column": lambda f: counts_by(f, "kind"),
    "place": lambda f: counts_by(f, "place"),
    "week and sum": lambda f: counts_by(f, {"week": week_index(nw.col("t_local")), "what": "category"}, weights="cost"),
    "day": lambda f: counts_by_period(f, freq="D"),
    "week by category": lambda f: counts_by_period(f, freq="W", by="category"),
    "month by category": lambda f: counts_by_period(f, freq="MS", by="category"),
    "clock": lambda f: counts_by_clock(f),
    "cell": lambda f: counts_by_cell(f, origin=(-250.0, -250.0), size=50.0, by=["category"], weights="cost"),
    "cell and week": lambda f: counts_by_cell(f, origin=(0.0, 0.0), size=100.0, by={"week": week_index(nw.col("t_local"))}),
    "location": lambda f: counts_by_location(f, by=["category"]),
    "area": lambda f: counts_by_area(f, lambda x, y: np.where(x > y, "below", None), by="category"),
    "one of": lambda f: counts_by(f, {"noisy": is_one_of("category", ["noise", "riot"])}),
    "first and last": lambda f: counts_by(f, "category", span="t_local"),
}


@pytest.mark.parametrize("name", REDUCTIONS)
def test_every_engine_gives_the_same_counts(name, backend):
    want = REDUCTIONS[name](awkward())
    pd.testing.assert_frame_equal(REDUCTIONS[name](backend), want)
    assert want["n"].sum() == (496 if name in ("location", "area") else 500)


def test_every_engine_knows_the_first_and_last_moment(backend):
    t = awkward()["t_local"].dropna()
    assert span_of(backend) == (t.min(), t.max())


def test_the_month_as_an_expression_is_the_calendars():
    table = frame()
    month = pd.to_datetime(table["t_local"].astype("int64"), unit="s").dt.to_period("M")
    want = month.value_counts().sort_index()
    got = counts_by(table, {"month": month_index(nw.col("t_local"))})
    assert got["n"].tolist() == want.tolist()
    assert got["month"].tolist() == [p.ordinal for p in want.index]


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(1, 5)), min_size=1, max_size=40), st.floats(0, 1))
@settings(max_examples=200)
def test_a_quantile_of_counts_is_that_of_the_rows(pairs, q):
    values, n = zip(*pairs, strict=True)
    rows = np.repeat(np.array(values, dtype=float), n)
    for method in ("lower", "higher"):
        assert quantile_of_counts(values, n, q, method=method) == np.quantile(rows, q, method=method)


def test_points_on_the_edge_of_a_cell_are_counted_once_and_no_point_is_a_cell_of_its_own():
    cells = counts_by_cell(awkward(), origin=(0.0, 0.0), size=50.0)
    assert cells["n"].sum() == 500
    assert int(cells.loc[cells["column"].isna(), "n"].sum()) == 4, "NaN, the infinities and what lies beyond the Earth"


def test_months_and_clock_agree_with_pandas():
    table = frame()
    time = pd.to_datetime(table["t_local"].astype("int64"), unit="s")
    got = counts_by_period(table, freq="MS").set_index("period")["n"]
    want = time.dt.year.sub(1970).mul(12).add(time.dt.month - 1).value_counts().sort_index()
    assert got.to_dict() == want.to_dict()
    clock = counts_by_clock(table)
    assert clock["hour"].isna().sum() > 0, "rows without an hour are kept in a group of their own"


def test_a_point_on_an_edge_belongs_to_the_cell_it_opens():
    cells = counts_by_cell(pd.DataFrame({"x": [0.0, 9.999, 10.0], "y": [0.0, 10.0, 20.0]}), origin=(0, 0), size=10)
    assert cells[["row", "column", "n"]].to_numpy().tolist() == [[0, 0, 1], [1, 0, 1], [2, 1, 1]]


def test_order_does_not_matter_and_the_input_stays():
    table = frame()
    kept = table.copy(deep=True)
    shuffled = table.sample(frac=1, random_state=1).set_axis(range(900, 1400))
    pd.testing.assert_frame_equal(counts_by(shuffled, ["category", "dow"]), counts_by(table, ["category", "dow"]))
    pd.testing.assert_frame_equal(table, kept)


def test_mistakes_are_answered_in_words():
    with pytest.raises(InputError, match=r"'categry'. Did you mean 'category'\?"):
        counts_by(frame(), "categry")
    with pytest.raises(InputError, match="`freq` must be one of"):
        counts_by_period(frame(), freq="fortnight")
    with pytest.raises(InputError, match="`frame` must be a table"):
        counts_by([1, 2], "category")
    assert counts_by(frame().iloc[:0], "category").empty
