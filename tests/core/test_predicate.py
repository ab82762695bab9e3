"""Conditions: what may be said, what it selects, and that nothing is ever run."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sara.core.errors import InputError
from sara.core.predicate import parse_predicate


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "category": ["noise", "disorder", None, "theft"],
            "priority": pd.array([1, None, 3, 2], dtype="Int8"),
            "time": pd.to_datetime(["2024-01-01", "2024-03-01", None, "2024-03-02"]),
            "beat no": [1.0, 2.0, 3.0, np.nan],
            "flag": [True, False, True, False],
        }
    )


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("category == 'noise'", [0]),
        ('category != "noise"', [1, 3]),
        ("category in ('noise', 'theft') and priority <= 2", [0, 3]),
        ("category not in ['noise', 'theft']", [1]),
        ("priority not in [1]", [2, 3]),
        ("time >= '2024-02-01'", [1, 3]),
        ("`beat no` > 1.5 or category == 'noise'", [0, 1, 2]),
        ("category == 'noise' or category == 'theft' and priority == 1", [0]),
        ("(category == 'noise' or category == 'theft') and priority == 2", [3]),
        ("flag == True", [0, 2]),
    ],
)
def test_it_selects(frame, text, rows):
    assert np.flatnonzero(parse_predicate(text).mask(frame)).tolist() == rows


def test_it_agrees_with_pandas_where_nothing_is_missing(frame):
    whole = frame.dropna()
    for text in ("category in ('noise', 'theft') and priority <= 2", "category != 'noise' or priority > 0", "priority == 1"):
        assert parse_predicate(text).mask(whole).tolist() == whole.eval(text).tolist()


@pytest.mark.parametrize(
    "text", ["category in ['a','b'] and (priority<=2 or hour >= 22)", '`a b` == "it\'s"', "x == -1.5e3", "flag == true"]
)
def test_the_canonical_form_reads_back_as_itself(text):
    once = str(parse_predicate(text))
    assert str(parse_predicate(once)) == once


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "category",
        "category ==",
        "category = 'x'",
        "category == noise",
        "== 'x'",
        "category == 'x' and",
        "(category == 'x'",
        "category == 'x')",
        "__import__('os').system('x')",
        "category.str.len() > 3",
        "@x == 1",
        "a == 1; b == 2",
        "a == 1 b == 2",
        "not a == 1",
        "a in ()",
        "a in 'x'",
        "1 == 1",
        "a == b'x'",
        "lambda: 1",
        "a == 'x\\'",
        "category == f'{1}'",
        None,
        5,
        "a == 1 or " * 400 + "a == 1",
        "(" * 30 + "a == 1" + ")" * 30,
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(InputError, match="`outcome` must"):
        parse_predicate(text, name="outcome")


def test_a_column_that_is_not_there_is_named_with_those_that_are(frame):
    with pytest.raises(InputError, match=r"'categry'.*Did you mean 'category'.*Columns: category, priority"):
        parse_predicate("categry == 'noise'").mask(frame)


def test_a_value_of_the_wrong_kind_is_refused(frame):
    with pytest.raises(InputError, match="numbers"):
        parse_predicate("priority == 'high'").mask(frame)
    with pytest.raises(InputError, match="dates"):
        parse_predicate("time >= 3").mask(frame)


def test_no_row_at_all_is_a_slip(frame):
    with pytest.raises(InputError, match="Did you mean 'noise'"):
        parse_predicate("category == 'Noise'").select(frame)


def test_a_column_without_values_meets_nothing():
    assert parse_predicate("category == 'x'").mask(pd.DataFrame({"category": [np.nan, np.nan]})).tolist() == [False, False]


def test_columns_and_the_one_category():
    predicate = parse_predicate("category == 'noise' and (hour > 3 or category == 'x')")
    assert predicate.columns == ("category", "hour")
    assert predicate.category is None
    assert parse_predicate("category == 'noise'").category == "noise"
