"""Times in one width, read from their digits: the same as pandas reads them."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sara.data.times import fixed
from sara.data.times.parse import parse_times

FORMS = [
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%d.%m.%Y %H:%M",
    "%Y-%m-%d",
    "%Y%m%d %H%M",
    "%m/%d/%Y %I:%M %p",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%d/%m/%y %H:%M",
]
times = st.datetimes(min_value=pd.Timestamp("1680-01-01").to_pydatetime(), max_value=pd.Timestamp("2230-01-01").to_pydatetime())


def spoiled(text, place, letter):
    """One letter of a text put in the place of another."""
    return text[: place % len(text)] + letter + text[place % len(text) + 1 :]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(FORMS),
    st.lists(times, min_size=1, max_size=6),
    st.lists(st.tuples(times, st.integers(0, 30), st.sampled_from("0123456789 :/aPxé")), max_size=12),
    st.sampled_from([object, "string[pyarrow]"]),
)
def test_digits_are_read_as_pandas_reads_them(form, clean, odd, dtype):
    written = [t.strftime(form) for t in clean] + [spoiled(t.strftime(form), place, letter) for t, place, letter in odd]
    text = pd.Series(
        [*written, None, "", "02/30/2024 10:00:00", "02/29/2023 10:00:00 PM", "12/31/2024 23:59:60", "31.04.2024 09:00"],
        dtype=object,
    ).astype(dtype)
    usual = pd.to_datetime(text.astype(object), format=form, errors="coerce").to_numpy(dtype="datetime64[us]")
    with mock.patch.object(fixed, "_LEAST", 0):
        found = fixed.stamps(text, form)
    assert found.dtype == "datetime64[us]"
    np.testing.assert_array_equal(found, usual)


@pytest.mark.parametrize("blank", [None, "", " ", "NULL"])
def test_blanks_do_not_change_what_a_column_means(blank):
    stamp = pd.Series(pd.date_range("2024-01-01", periods=3_000, freq="307min").strftime("%m/%d/%Y %H:%M:%S"), dtype=object)
    holed = stamp.where(np.arange(len(stamp)) % 3 == 0, blank)
    whole, found = (parse_times(values, tz=None, name="when") for values in (stamp, holed))
    there = np.arange(len(stamp)) % 3 == 0
    np.testing.assert_array_equal(found.local[there], whole.local[there])
    assert np.isnat(found.local[~there]).all() and not found.bad.any() and dict(found.notes) == dict(whole.notes)
