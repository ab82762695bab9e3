import numpy as np
import pandas as pd

from sara.core.keys import place_key


def test_the_address_comes_first_then_the_point_then_nothing():
    events = pd.DataFrame(
        {"place": ["5 MAIN ST", None, None, None], "x": [0.0, 104.0, 109.9, np.nan], "y": [0.0, 200.0, 209.9, 5.0]},
        index=[9, 7, 5, 3],
    )
    key = place_key(events)
    assert key.index.tolist() == [9, 7, 5, 3]
    assert key.iloc[0] == "5 MAIN ST"
    assert key.iloc[1] == key.iloc[2] == "near 100 E 200 N"
    assert key.iloc[3] is None


def test_the_key_does_not_depend_on_the_order():
    rng = np.random.default_rng(1)
    events = pd.DataFrame({"place": None, "x": rng.uniform(0, 500, 50), "y": rng.uniform(0, 500, 50)})
    shuffled = events.sample(frac=1, random_state=2)
    pd.testing.assert_series_equal(place_key(shuffled).sort_index(), place_key(events))
