"""What the public may see of a table: no house, no small count, nothing that gives one back."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from sara.brief._map import public_shapes
from sara.brief._safe import public_table, said, show
from sara.brief.document import Withheld


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "place": ["1423 N 35TH ST", "300 BLOCK OF 3 AV W", "12 OAK AV", "A ST / B ST"], "n": [120, 4, 45, 80], "share": [0.48, 0.016, 0.18, 0.32],
            "excess": [20.0, -3.5, 1.0, 2.0], "note": ["a", "b", None, "d"], "category": ["disorder", "disorder", "disorder", "domestic"],
        }
    )  # fmt: skip


def column(table, name):
    return [row[table.header.index(name)] for row in table.rows]


def test_houses_become_hundred_blocks(frame):
    withheld = Withheld()
    table = public_table(frame, withheld, caption="x", private=("place",))
    assert "1423" not in str(table)
    assert column(table, "place")[0] == "1400 block of N 35TH ST"
    assert column(table, "place")[3] == "A ST / B ST"


def test_small_counts_and_what_gives_them_back_are_hidden(frame):
    withheld = Withheld()
    table = public_table(frame, withheld, caption="x", private=("place",), counts=("n",))
    assert column(table, "n") == ["120", "<10", "withheld", "80"], "one more is hidden: the total is known"
    assert [value == "withheld" for value in column(table, "share")] == [False, True, True, False]
    assert column(table, "excess")[1] == "withheld"
    assert withheld.counts == 2
    assert "2 counts hidden" in withheld.text


def test_counts_of_zero_and_missing_ones_stay(frame):
    withheld = Withheld()
    table = public_table(frame.assign(n=pd.array([120, 0, 45, None], dtype="Int64")), withheld, caption="x", counts=("n",))
    assert column(table, "n") == ["120", "0", "45", "–"]
    assert withheld.counts == 0


def test_calls_for_help_are_on_no_list_of_places(frame):
    withheld = Withheld()
    table = public_table(frame, withheld, caption="x", of_places=True)
    assert len(table.rows) == 3
    assert withheld.help_rows == 1
    assert "calls for help" in withheld.text


def test_free_text_is_dropped_and_counted(frame):
    withheld = Withheld()
    table = public_table(frame, withheld, caption="x")
    assert "note" not in table.header
    assert withheld.texts == 3


def test_the_input_is_not_changed_and_the_index_does_not_matter(frame):
    before = frame.copy()
    one = public_table(frame, Withheld(), caption="x", private=("place",), counts=("n",))
    two = public_table(frame.set_axis([5, 5, 9, 1]), Withheld(), caption="x", private=("place",), counts=("n",))
    pd.testing.assert_frame_equal(frame, before)
    assert one == two


def test_a_cut_table_says_so_and_counts_only_what_it_shows(frame):
    withheld = Withheld()
    table = public_table(frame, withheld, caption="Places", counts=("n",), rows=1)
    assert table.caption == "Places (first 1 of 4)"
    assert withheld.counts == 0


def test_an_empty_table_is_none(frame):
    assert public_table(frame.head(0), Withheld(), caption="x") is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1234567, "1,234,567"), (0.123456, "0.123"), (12345.678, "12,346"), (None, "–"), (np.nan, "–"), (pd.NA, "–"), (True, "yes"), (np.inf, "inf"),
        (pd.Timestamp("2024-03-01"), "2024-03-01"), (pd.Timestamp("2024-03-01 23:10"), "2024-03-01 23:10"), (np.int8(5), "5"),
    ],
)  # fmt: skip
def test_values_are_shown_as_people_write_them(value, words):
    assert show(value) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The bar at 1423 N 35th St is loud.", "The bar at 1400 block of N 35TH ST is loud."),
        ("12 Oak Ave", "0 block of OAK AVE"),
        ("Call 206-555-0147 or a.b@city.gov", "Call [phone] or [e-mail]"),
        ("20 % fewer calls by 2025-03-01, Fri-Sat 23:00-03:00.", "20 % fewer calls by 2025-03-01, Fri-Sat 23:00-03:00."),
        ("3 bars on Main Street, 10 at a place, 5 walks a way", "3 bars on Main Street, 10 at a place, 5 walks a way"),
        ("1,423 calls, 2,240 more", "1,423 calls, 2,240 more"),
    ],
)
def test_houses_in_sentences_are_blurred_and_nothing_else(text, words):
    assert said(text, Withheld()) == words


def test_a_sentence_beside_a_hidden_count_does_not_tell_it():
    turned = pd.DataFrame(
        {"where": ["400 block of OAK ST", "3 OAK PARK"], "n": [7, 40], "reason": ["100 % of the 7 rows, 7.5 a year", "all 40"]}
    )
    table = public_table(turned, Withheld(), caption="x", counts=("n",))
    words = " ".join(word for row in table.rows for word in row)
    assert "the a few rows" in words
    assert "7 rows" not in words
    assert "7.5 a year" in words


def test_a_circle_of_any_size_does_not_tell_the_house_in_its_middle():
    house = shapely.Point(500_123.0, 4_500_077.0)
    shapes = [house.buffer(75), house.buffer(300), shapely.box(500_000, 4_500_000, 500_700, 4_500_300)]
    public = public_shapes(gpd.GeoDataFrame(geometry=shapes, crs=32616))
    for shape in public.geometry[:2]:
        assert np.allclose(np.asarray(shape.exterior.coords) % 250, 0), "corners lie on the lattice whatever the house"
    assert public.geometry[2].equals(shapes[2])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("123 1/2 Oak St", "100 block of OAK ST"),
        ("flat 4 at 77 Elm Street", "flat 4 at 0 block of ELM ST"),
        ("by 2025-03-01 at 345 Pine St", "by 2025-03-01 at 300 block of PINE ST"),
        ("1551 CANAL ALLEY", "1500 block of CANAL ALY"),
        ("1234 Broadway", "1200 block of BROADWAY"),
        ("1423 N 35TH", "1400 block of N 35TH"),
        ("a 5 minute drive", "a 5 minute drive"),
        ("1,167 of 9,017 calls came from one place", "1,167 of 9,017 calls came from one place"),
        ("a 250 m square around 551125 E 4738125 N", "a 250 m square around 551125 E 4738125 N"),
        ("call 3125550142 or 555-0142", "call [phone] or [phone]"),
    ],
)
def test_other_ways_to_write_a_house_or_a_phone(text, words):
    assert said(text, Withheld()) == words
