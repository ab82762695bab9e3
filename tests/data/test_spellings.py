"""Street names that look like misspellings of a frequent one."""

from __future__ import annotations

import pandas as pd
import pytest

import sara
from sara.data import street_spellings


def table(**names):
    return pd.DataFrame({"address": [f"{i + 1} {name.replace('_', ' ')}" for name, n in names.items() for i in range(n)]})


def test_a_rare_name_near_a_frequent_one_is_asked_about():
    given = table(
        W_CAPITOL_DR=40,
        W_CAPITAL_DR=2,
        CAPITLO=1,
        N_35TH_ST=40,
        N_36TH_ST=1,
        OAK_ST=40,
        ELK_ST=1,
        E_CAPITAL_DR=1,
        MAPLE_AVE=5,
        MAPEL_AVE=1,
    )
    kept = given.copy()
    found = street_spellings(given)
    # Numbers and short names are never misspellings, another direction is another street, and 5 rows are too few to be the norm of 1.
    assert found[["street", "n", "did_you_mean", "n_other", "letters"]].to_numpy().tolist() == [
        ["W CAPITAL DR", 2, "W CAPITOL DR", 40, 1],
        ["CAPITLO", 1, "W CAPITOL DR", 40, 1],
    ]
    pd.testing.assert_frame_equal(given, kept)
    pd.testing.assert_frame_equal(street_spellings(given.sample(frac=1, random_state=1)), found)


def test_nothing_to_ask_is_an_empty_table_with_its_columns():
    assert list(street_spellings(table(OAK_ST=3)).columns) == ["street", "n", "did_you_mean", "n_other", "letters"]
    with pytest.raises(sara.InputError, match="must have addresses"):
        street_spellings(pd.DataFrame({"a": [1]}))


def test_a_real_dispatch_file(real_data):
    address = pd.read_csv(real_data / "milwaukee/calls.csv", usecols=["location"]).rename(columns={"location": "address"})
    found = street_spellings(address)
    assert {"E LOCUDT ST", "GOOD HBOPE RD", "VILLLARD AVE"} <= set(found["street"])
    assert len(found) < 30
