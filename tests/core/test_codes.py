"""Units as codes: names in order, blanks missing, places without an address by their square."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sara.core.codes import unit_codes
from sara.core.errors import InputError
from sara.core.keys import place_key


def test_codes_point_into_sorted_names_for_any_kind_of_column():
    for column in (
        ["b", None, " ", "a", "b"],
        pd.Categorical(["b", None, " ", "a", "b"]),
        pd.array(["b", None, " ", "a", "b"], dtype="string"),
    ):
        codes, names = unit_codes(pd.DataFrame({"area": column}), "area")
        assert codes.tolist() == [1, -1, -1, 0, 1]
        assert names.tolist() == ["a", "b"]
    codes, names = unit_codes(pd.DataFrame({"beat": [3.0, np.nan, 1.0]}), "beat")
    assert names[codes[[0, 2]]].tolist() == ["3", "1"]
    assert codes[1] == -1


def test_places_are_the_same_as_the_place_key():
    rng = np.random.default_rng(0)
    place = pd.Series(rng.choice(["1 A ST", "2 A ST"], 200)).where(rng.random(200) < 0.6, None)
    events = pd.DataFrame({"place": place, "x": rng.choice([3.0, 17.0, np.nan], 200), "y": 4.0}, index=rng.permutation(200))
    codes, names = unit_codes(events, "place")
    keys = place_key(events).to_numpy()
    assert [names[code] if code >= 0 else None for code in codes] == keys.tolist()


def test_the_order_of_rows_does_not_change_the_names():
    events = pd.DataFrame({"area": list("cabbage")})
    assert unit_codes(events, "area")[1].tolist() == unit_codes(events.iloc[::-1], "area")[1].tolist()


def test_a_wrong_column_is_answered_in_words():
    with pytest.raises(InputError, match="Did you mean 'area'"):
        unit_codes(pd.DataFrame({"area": ["a"]}), "aera")
    with pytest.raises(InputError, match="must name one column"):
        unit_codes(pd.DataFrame({"area": ["a"]}), ["area"])
