"""The one order of an event table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sara.data._order import content_hash, in_order
from sara.data.schema import as_events


def made(n=200, seed=1):
    """Rows that often agree in time, place or id, some of them in all."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({
        "no": rng.choice(["a", "b", "c", "d"], n), "when": rng.choice(["2024-03-01 10:00", "2024-03-01 11:00", None], n), "what": rng.choice(["FIGHT", "NOISE"], n),
        "x": rng.choice([440_000.0, 440_001.0, np.nan], n), "y": rng.choice([4_500_000.0, 4_500_001.0], n), "note": rng.choice(["u", "v", "w"], n),
    })  # fmt: skip
    return as_events(table, id="no", time="when", type="what", x="x", y="y", crs=32616)


def plain(events):
    return pd.DataFrame(events.drop(columns="geometry")).astype(object).where(lambda t: t.notna(), None)


def slowly(events):
    """Sort as a reader would write it: by time, x, y, id and content, what is missing last (an id that is missing first)."""
    keys = pd.DataFrame({
        "time": events["time"].fillna(pd.Timestamp("2200-01-01")), "x": events["x"].fillna(np.inf), "y": events["y"].fillna(np.inf), "id": events["id"].fillna(""),
        "content": content_hash(pd.DataFrame(events.drop(columns="geometry"))),
    })  # fmt: skip
    return events.iloc[keys.reset_index(drop=True).sort_values(list(keys), kind="stable").index].reset_index(drop=True)


def test_the_order_is_by_time_x_y_id_and_content_whatever_the_order_in():
    events = made()
    expected = plain(slowly(events))
    for seed in range(5):
        shuffled = events.sample(frac=1, random_state=seed)
        pd.testing.assert_frame_equal(plain(in_order(shuffled)), expected)


def test_what_is_in_order_stays_so_and_keeps_its_record():
    events = in_order(made(seed=2))
    again = in_order(events.set_index(events.index + 7))
    pd.testing.assert_frame_equal(plain(again), plain(events))
    assert again.attrs == events.attrs
    assert again.index.equals(pd.RangeIndex(len(events)))
