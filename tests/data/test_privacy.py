"""What may be said in public."""

from __future__ import annotations

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box

from sara.core.errors import InputError, NotEnoughDataError
from sara.data.privacy import coarse_geometry, hundred_block, public_place, scrub, snap_points, suppress

PUBLIC = {
    "1423 N 35TH ST": "1400 block of N 35TH ST",
    "1400 BLOCK OF N 35TH ST": "1400 block of N 35TH ST",
    "300 BLOCK OF 3RD AVE W": "300 block of 3RD AVE W",
    "5TH AVE S / S MICHIGAN ST": "5TH AVE S / S MICHIGAN ST",
    "12 HARBOR ST APT 3": "0 block of HARBOR ST",
    "RUSTY ANCHOR @ 12 HARBOR ST": "0 block of HARBOR ST",
    "RUSTY ANCHOR": "a named place",
    "7-ELEVEN": "a named place",
    "MAIN ST / 1423 OAK ST": "1400 block of OAK ST / MAIN ST",
    "40-12 MAIN ST": "40-00 block of MAIN ST",
    "W204 S8165 CASADENA DR": "W204 S8100 block of CASADENA DR",
    "I24 W MM 41": "I24 W MM 41",
    "near 551230 E 4738120 N": "a 250 m square around 551125 E 4738125 N",
    "near -5 E -7 N": "a 250 m square around -125 E -125 N",
    "1423": "a place without an address",
    "UNKNOWN": "a place without an address",
    "  ": "a place without an address",
}


@pytest.mark.parametrize(("name", "public"), PUBLIC.items())
def test_public_names(name, public):
    assert public_place(name) == public
    assert public_place(public) == public, "saying it again changes nothing"


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT, ""])
def test_a_missing_place_has_words(missing):
    assert public_place(missing) == "a place without an address"


@settings(max_examples=150, deadline=None)
@given(
    number=st.integers(1, 99_999),
    street=st.sampled_from(["N 35TH ST", "5 AV S", "BROADWAY", "OLD MILL ROAD", "AVENUE D", "ST JOHN ST"]),
    tail=st.sampled_from(["", " APT 4", ", MKE", " #12", "-A"]),
)
def test_no_house_number_comes_through(number, street, tail):
    text = f"{number}-A {street}" if tail == "-A" else f"{number} {street}{tail}"
    said = public_place(text)
    assert said.startswith(f"{number // 100 * 100} block of ")
    assert "APT" not in said
    assert "#" not in said


def test_hundred_block_leaves_what_has_no_number():
    assert hundred_block("3017-A N 28TH ST,MKE") == "3000 block of N 28TH ST"
    assert hundred_block("S MICHIGAN ST & 5 AV S") == "5TH AVE S / S MICHIGAN ST"
    assert hundred_block("REDBIRD CT") == "REDBIRD CT"


def test_snapped_points_tell_squares_and_nothing_else():
    rng = np.random.default_rng(2)
    points = gpd.GeoDataFrame(
        geometry=gpd.points_from_xy(*rng.uniform(-1000, 1000, (2, 400))), crs=32616, index=[f"r{i}" for i in range(400)]
    )
    points["x"], points["y"] = points.geometry.x, points.geometry.y
    kept = points.copy()
    snapped = snap_points(points, size="100m")
    assert (np.hypot(snapped["x"] - points["x"], snapped["y"] - points["y"]) <= 50 * np.sqrt(2) + 1e-9).all()
    assert ((snapped.geometry.x - 50) % 100 == 0).all()
    assert (snapped["x"] == snapped.geometry.x).all()
    assert snapped.geometry.to_wkt().nunique() <= 400
    pd.testing.assert_frame_equal(pd.DataFrame(points), pd.DataFrame(kept))
    again = snap_points(snapped, size="100m")
    assert again.geometry.geom_equals(snapped.geometry).all()


def test_missing_points_stay_missing():
    points = gpd.GeoDataFrame({"x": [1.0, np.nan], "y": [1.0, np.nan]}, geometry=[Point(1, 1), None], crs=32616)
    snapped = snap_points(points)
    assert snapped.geometry.isna().tolist() == [False, True]
    assert snapped["x"].isna().tolist() == [False, True]


def test_small_shapes_become_squares_that_cover_them():
    shapes = gpd.GeoDataFrame(geometry=[Point(12, 7).buffer(30), box(0, 0, 1000, 1000)], crs=32616)
    coarse = coarse_geometry(shapes)
    assert coarse.geometry.covers(shapes.geometry).all()
    assert coarse.geometry.iloc[0].area == 4 * 250**2
    assert coarse.geometry.iloc[1].equals(shapes.geometry.iloc[1])


@pytest.mark.parametrize("function", [snap_points, coarse_geometry])
def test_degrees_are_turned_down(function):
    with pytest.raises(InputError, match="must be in metres"):
        function(gpd.GeoDataFrame(geometry=[Point(-88.9, 40.9)], crs=4326))


SCRUBBED = {
    "My name is Ana Ruiz, call 555-213-4477.": "My name is [name], call [phone].",
    "reach me at (312) 555-0142 or bob.smith@gmail.com": "reach me at [phone] or [e-mail]",
    "+44 20 7946 0958": "[phone]",
    "call 213-4477": "call [phone]",
    "Mr Smith in apt 4B yelled": "Mr [name] in [unit] yelled",
    "neighbor John Doe said so": "neighbor [name] said so",
    "SMITH, JOHN called": "[name] called",
    "plate ABC-1234 hit my car": "[plate] hit my car",
    "SSN 123-45-6789": "SSN [number]",
    "The bar at 1423 N 35th St is loud": "The bar at 1400 block of N 35TH ST is loud",
    "mi vecino Juan Pérez grita": "mi vecino [name] grita",
    "see www.example.org/me": "see [link]",
}


@pytest.mark.parametrize(("text", "clean"), SCRUBBED.items())
def test_what_points_to_a_person_goes(text, clean):
    assert scrub(text) == clean
    assert scrub(clean) == clean


@pytest.mark.parametrize(
    "text",
    [
        "loud music since 2019, 30 people, $200",
        "Noise on Harbor St near Main Ave",
        "yelled on 12-03-2024 at 10:30",
        "5 cars, 2 bars, every Friday",
    ],
)
def test_what_does_not_stays(text):
    assert scrub(text) == text


def test_missing_text_stays_missing():
    assert scrub(None) is None
    assert scrub(float("nan")) is None


def possible(shown: np.ndarray, counts: np.ndarray, threshold: int, margins: str | None) -> list[set[int]]:
    """Return, by trying everything, the values each hidden cell can have for a reader who knows the totals and what the words mean."""
    hidden = [tuple(cell) for cell in np.argwhere((shown == f"<{threshold}") | (shown == "withheld"))]
    top = int(counts.max()) + int(counts.sum())
    small = range(threshold)
    rows = counts.sum(axis=1) if margins in ("both", "rows") and counts.shape[1] > 1 else None
    columns = counts.sum(axis=0) if margins in ("both", "columns") and counts.shape[0] > 1 else None
    found: list[set[int]] = [set() for _ in hidden]
    limit = min(top, int(counts.max()) + 2 * threshold)
    options = [small if shown[cell] == f"<{threshold}" else range(threshold, limit) for cell in hidden]
    for values in itertools.product(*options):
        trial = counts.copy()
        for cell, value in zip(hidden, values, strict=True):
            trial[cell] = value
        if (rows is None or (trial.sum(axis=1) == rows).all()) and (columns is None or (trial.sum(axis=0) == columns).all()):
            for i, value in enumerate(values):
                found[i].add(value)
    return [values for values, cell in zip(found, hidden, strict=True) if counts[cell] < threshold]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 5), min_size=2, max_size=2), min_size=2, max_size=3),
    st.sampled_from(["both", "rows", "columns", None]),
)
def test_no_hidden_count_follows_from_the_totals(rows, margins):
    counts = np.array(rows)
    table = pd.DataFrame(counts, columns=["a", "b"])
    try:
        shown = suppress(table, columns=["a", "b"], threshold=3, margins=margins).to_numpy(dtype=object)
    except NotEnoughDataError:
        # Hiding everything would not help: some small count has one value whatever is hidden.
        everything = np.where(counts < 3, "<3", "withheld").astype(object)
        assert min(len(values) for values in possible(everything, counts, 3, margins)) == 1
        return
    assert not any(
        shown[cell] == str(counts[cell]) for cell in np.argwhere((counts > 0) & (counts < 3)).tolist() for cell in [tuple(cell)]
    )
    assert all(len(values) > 1 for values in possible(shown, counts, 3, margins))


def test_shown_counts_are_the_counts_and_words_are_true():
    rng = np.random.default_rng(4)
    counts = rng.poisson(rng.choice([4, 15, 60], (30, 5)))
    table = pd.DataFrame(counts, columns=list("abcde")).assign(area=[f"a{i}" for i in range(30)])
    kept = table.copy()
    shown = suppress(table, columns=list("abcde"))
    for cell, word in np.ndenumerate(shown[list("abcde")].to_numpy(dtype=object)):
        value = counts[cell]
        assert (
            (word == "<10" and value < 10) or (word == "withheld" and value >= 10) or (word == str(value) and not 0 < value < 10)
        )
    assert shown["area"].equals(table["area"])
    pd.testing.assert_frame_equal(table, kept)
    assert shown.attrs["suppressed"]["small"] >= ((counts > 0) & (counts < 10)).sum()


def test_the_known_example():
    table = pd.DataFrame({"noise": [40, 31, 25], "theft": [4, 12, 30]})
    assert suppress(table, columns=["noise", "theft"])["theft"].tolist() == ["<10", "withheld", "30"]
    assert suppress(table, columns=["noise", "theft"])["noise"].tolist() == ["withheld", "withheld", "25"]
    assert suppress(table, columns="theft", margins=None)["theft"].tolist() == ["<10", "12", "30"]


def test_missing_counts_stay_missing_and_zero_is_shown():
    shown = suppress(pd.DataFrame({"n": [0, 25, np.nan, 50]}), columns="n")
    assert shown["n"].iloc[:2].tolist() == ["0", "25"]
    assert pd.isna(shown["n"].iloc[2])


@pytest.mark.parametrize(
    ("values", "options", "match"),
    [
        ([1.5, 20], {}, "whole numbers"),
        ([-1, 20], {}, "whole numbers"),
        (["many", 20], {}, "whole numbers"),
        ([1, 20], {"columns": "m"}, "Did you mean|Columns:"),
        ([1, 20], {"margins": "all"}, "must be one of"),
        ([1, 20], {"threshold": 1}, "2 or more"),
    ],
)
def test_mistakes_of_suppress(values, options, match):
    with pytest.raises(InputError, match=match):
        suppress(pd.DataFrame({"n": values}), **{"columns": "n", **options})


@pytest.mark.parametrize(
    "text",
    [
        "JOHN DOE 3125550177 john@doe.org & MAIN ST",
        "<SCRIPT>alert(1)</SCRIPT> 66 EVIL ST / OAK AVE",
        "ASK FOR MARY SMITH AT THE DOOR & OAK AVE",
    ],
)
def test_a_strangers_words_are_no_crossing(text):
    assert public_place(text) in ("a named place", "a place without an address")


@pytest.mark.parametrize(
    "text",
    ["5TH AVE S / S MICHIGAN ST", "E MARTIN LUTHER KING JR BLVD / N 3RD ST", "I 95 NB / EXIT 12", "RAINIER AVE S @ S ALASKA ST"],
)
def test_a_crossing_stays(text):
    assert " / " in public_place(text)
