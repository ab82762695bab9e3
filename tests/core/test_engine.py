"""The reductions: the same counts from every engine, weeks and months as the calendar has them."""

from __future__ import annotations

import narwhals as nw
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sara.core.engine import (
    counts_by,
    counts_by_cell,
    counts_by_clock,
    counts_by_period,
    day_index,
    month_index,
    week_index,
    week_starts,
)
from sara.core.errors import InputError

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


def engines() -> dict[str, object]:
    pandas = frame()
    out: dict[str, object] = {"pandas": pandas, "numpy types": pandas.assign(t_local=pandas["t_local"].astype("int64"))}
    arrow = pytest.importorskip("pyarrow").Table.from_pandas(pandas, preserve_index=False)
    out["pyarrow"] = arrow
    try:
        import polars

        out["polars"] = polars.from_arrow(arrow)
        out["lazy polars"] = out["polars"].lazy()  # type: ignore[attr-defined]
    except ImportError:
        pass
    try:
        import duckdb

        out["duckdb"] = duckdb.from_arrow(arrow)
    except ImportError:
        pass
    return out


@pytest.mark.parametrize(
    "reduce",
    [
        lambda f: counts_by(f, "category"),
        lambda f: counts_by(f, {"week": week_index(nw.col("t_local")), "kind": "category"}, weights="cost"),
        lambda f: counts_by_period(f, freq="MS", by="category"),
        lambda f: counts_by_clock(f),
        lambda f: counts_by_cell(f, origin=(-250.0, -250.0), size=50.0, by=["category"], weights="cost"),
    ],
    ids=["category", "week", "month", "clock", "cell"],
)
def test_every_engine_gives_the_same_counts(reduce):
    answers = {name: reduce(table) for name, table in engines().items()}
    first = answers["pandas"]
    assert first["n"].sum() == 500
    for other in answers.values():
        pd.testing.assert_frame_equal(other, first)


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
