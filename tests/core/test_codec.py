"""What is written reads back: any text, any float, times with a zone, every kind of column."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sara.core.codec import decode, encode
from sara.core.errors import InputError

ODD = st.text(alphabet=st.sampled_from(list("a\r\n\t\"',;\\'\x00\u2028\ufeffNA #=")), max_size=6) | st.text(max_size=8)


def back(value):
    return decode(json.loads(json.dumps(encode(value))))


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.none() | ODD, st.floats(allow_nan=True), st.floats(width=32)), max_size=5), ODD)
def test_any_text_and_any_float_read_back(rows, name):
    frame = pd.DataFrame({name: [row[0] for row in rows], name + "2": [row[1] for row in rows]})
    frame[name] = frame[name].astype(object)
    frame[name + "3"] = np.array([row[2] for row in rows], dtype="float32")
    found = back(frame)
    assert list(found.columns) == list(frame.columns)
    assert [None if pd.isna(v) else v for v in found[name]] == [row[0] for row in rows]
    for column in frame.columns[1:]:
        np.testing.assert_array_equal(found[column].to_numpy(), frame[column].to_numpy(dtype=found[column].dtype))


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(pd.to_datetime(["2024-03-10 08:30:00.5", None], format="ISO8601").tz_localize("UTC")).dt.tz_convert(
            "America/Chicago"
        ),
        pd.Series(pd.to_datetime([None, None])).dt.tz_localize("UTC"),
        pd.to_datetime(pd.Series(["2024-11-03 05:30", "2024-11-03 06:30"]))
        .dt.tz_localize("UTC")
        .dt.tz_convert("America/New_York"),
        pd.to_timedelta(pd.Series([90, None], dtype="float64"), unit="min"),
        pd.Series([1, 2], dtype="uint8"),
        pd.Series([1, None], dtype="UInt16"),
        pd.Series([1.5, None], dtype="Float64"),
        pd.Series([True, None], dtype="boolean"),
        pd.Series([2**60 + 1, -1]),
    ],
    ids=lambda column: str(column.dtype),
)
def test_every_kind_of_column_reads_back(column):
    if "datetime" in str(column.dtype):
        column = column.astype(f"datetime64[us, {column.dt.tz}]")
    found = back(pd.DataFrame({"a": column}))["a"]
    # Lengths of time read back in pandas' own unit.
    found = found.astype(column.dtype) if "timedelta" in str(column.dtype) else found
    pd.testing.assert_series_equal(found, column, check_names=False)


def test_empty_text_is_not_missing_text():
    assert back(pd.DataFrame({"a": ["", None, "x"], "b": ["", "", ""]}))["a"].isna().tolist() == [False, True, False]


def test_numbers_in_a_column_of_objects_stay_numbers():
    assert back(pd.DataFrame({"a": pd.Series([1, 2], dtype=object)}))["a"].tolist() == [1, 2]
    assert back({"a": np.datetime64("2024-01-01", "ns")}) == {"a": pd.Timestamp("2024-01-01")}


def test_a_column_twice_and_an_unknown_type_are_turned_down():
    with pytest.raises(InputError, match="each column once. Got two called 'a'"):
        encode(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    written = encode(pd.DataFrame({"a": [1]}))
    written["$frame"]["columns"]["a"] = "time[Mars/Base]"
    with pytest.raises(InputError, match="may be damaged"):
        decode(written)
    written["$frame"]["columns"]["a"] = "object"
    with pytest.raises(InputError, match=r"column types sara writes. Got \['object'\]"):
        decode(written)
