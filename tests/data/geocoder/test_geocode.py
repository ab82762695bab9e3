"""Addresses to points: interpolation by hand, the tie rule, any county's columns, and a city whose truth is known."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import LineString, Point, box

import sara
from sara.core.result import Result
from sara.data.geocoder._names import StreetIndex, _edits, edits
from sara.data.geocoder._reference import range_columns

# A line of 100 m from west to east: left is north. Metres must agree to a millimetre.
MM = 1e-3
CRS = 32616


def calls(*addresses, **columns):
    table = pd.DataFrame(
        {"t": pd.date_range("2024-03-01", periods=len(addresses), freq="h"), "where": list(addresses), **columns}
    )
    return sara.as_events(table, time="t", place="where")


def tiger(*rows):
    """Return lines with TIGER's columns: name, left from, left to, right from, right to, line."""
    names = ("FULLNAME", "LFROMADD", "LTOADD", "RFROMADD", "RTOADD")
    return gpd.GeoDataFrame(
        [dict(zip(names, row[:5], strict=True)) for row in rows], geometry=[LineString(row[5]) for row in rows], crs=CRS
    )


MAIN = tiger(("Main St", 101, 199, 100, 198, [(0, 0), (100, 0)]), ("Main St", 201, 299, 200, 298, [(100, 0), (200, 0)]))


def one(address, *, streets=MAIN, **options):
    found = sara.geocode(calls(address), streets=streets, **options)
    row = found.events.iloc[0]
    reason = found.misses["reason"].iloc[0] if len(found.misses) else None
    return (float(row["x"]), float(row["y"])), row["geocoded"], reason


HAND = {
    "101 Main St": (0.0, 5.0),  # the first number of the left side
    "199 Main St": (100.0, 5.0),
    "151 Main St": (100 * 50 / 98, 5.0),
    "150 Main St": (100 * 50 / 98, -5.0),  # even numbers are on the right
    "250 Main St, Apt 3": (100 + 100 * 50 / 98, -5.0),
}


@pytest.mark.parametrize(("address", "point"), HAND.items())
def test_a_house_is_its_share_of_the_range_beside_the_line(address, point):
    found, kind, _ = one(address)
    assert kind == "range"
    assert found == pytest.approx(point, abs=MM)


def test_the_side_turns_with_the_line_and_a_range_may_run_backwards():
    north = tiger(("Main St", 101, 199, 100, 198, [(0, 0), (0, 100)]))
    assert one("101 MAIN ST", streets=north)[0] == pytest.approx((-5, 0), abs=MM)
    backwards = tiger(("Main St", 199, 101, 198, 100, [(0, 0), (100, 0)]))
    assert one("199 MAIN ST", streets=backwards)[0] == pytest.approx((0, 5), abs=MM)
    assert one("125 MAIN ST", streets=backwards)[0] == pytest.approx((100 * 74 / 98, 5), abs=MM)


def test_a_bent_line_is_measured_along_the_bend():
    bent = tiger(("Main St", 1, 201, None, None, [(0, 0), (100, 0), (100, 100)]))
    # 151 is three quarters of 200 m: 50 m up the second leg, left of it.
    assert one("151 MAIN ST", streets=bent)[0] == pytest.approx((95, 50), abs=MM)


def test_mixed_parity_and_ranges_of_one_number():
    mixed = tiger(("Main St", 100, 199, None, None, [(0, 0), (99, 0)]))
    assert one("150 MAIN ST", streets=mixed)[0] == pytest.approx((50, 5), abs=MM)
    assert one("151 MAIN ST", streets=mixed)[0] == pytest.approx((51, 5), abs=MM)
    single = tiger(("Main St", 101, 101, None, None, [(0, 0), (100, 0)]))
    assert one("101 MAIN ST", streets=single)[0] == pytest.approx((50, 5), abs=MM)
    point = tiger(("Main St", 101, 199, None, None, [(7, 7), (7, 7)]))
    assert one("151 MAIN ST", streets=point)[0] == pytest.approx((7, 7), abs=MM)


def test_the_offset_is_the_callers_and_feet_are_metres():
    assert one("101 MAIN ST", offset=0)[0] == pytest.approx((0, 0), abs=MM)
    assert one("101 MAIN ST", offset="10ft")[0] == pytest.approx((0, 3.048), abs=MM)
    feet = MAIN.to_crs(3435)
    found = sara.geocode(calls("151 MAIN ST"), streets=feet).events
    assert found.crs.axis_info[0].unit_name == "metre"
    back = found.to_crs(CRS).geometry.iloc[0]
    assert (back.x, back.y) == pytest.approx((100 * 50 / 98, 5.0), abs=0.05)


def test_a_block_is_the_middle_of_its_part_of_the_line():
    assert one("1XX BLOCK OF MAIN ST")[0] == pytest.approx((100 * 49.5 / 98, 0), abs=0.6)
    point, kind, _ = one("200 BLOCK MAIN ST")
    assert kind == "block"
    assert point == pytest.approx((150, 0), abs=0.6)
    houses = pd.DataFrame(
        {"number": [101, 151, 199, 301], "street": "MAIN ST", "lon": [-88.9, -88.899, -88.898, -88.0], "lat": 40.9}
    )
    found = sara.geocode(calls("100 BLOCK OF MAIN ST"), addresses=houses)
    middle = found.events.to_crs(4326).geometry.iloc[0]
    assert (middle.x, middle.y) == pytest.approx((-88.899, 40.9), abs=1e-6)


CROSS = tiger(
    ("Main St", 101, 199, 100, 198, [(0, 0), (100, 0)]), ("Main St", 201, 299, 200, 298, [(100, 0), (200, 0)]),
    ("Oak Ave", 1, 99, 2, 98, [(100, -100), (100, 0)]), ("Oak Ave", 101, 199, 102, 198, [(100, 0), (100, 100)]),
    ("Elm Ave", 1, 99, 2, 98, [(50, -50), (50, 50)]),
    ("Loop Dr", 1, 99, 2, 98, [(0, 0), (0, 500), (2000, 500), (2000, 0)]), ("Far Rd", 1, 99, 2, 98, [(0, 400), (2000, 400)]),
)  # fmt: skip


def test_crossings_shared_ends_lines_that_cross_and_streets_that_do_not():
    assert one("MAIN ST / OAK AV", streets=CROSS)[:2] == ((100, 0), "intersection")
    assert one("Oak Avenue and Main Street", streets=CROSS)[:2] == ((100, 0), "intersection")
    # No shared end: the lines cross.
    assert one("ELM AVE & MAIN ST", streets=CROSS)[0] == pytest.approx((50, 0), abs=MM)
    assert one("ELM AVE & OAK AVE", streets=CROSS)[2] == "streets do not cross"
    # Two crossings 2 km apart: no guess.
    assert one("LOOP DR & FAR RD", streets=CROSS)[2] == "tie"
    assert one("MAIN ST & PINE AVE", streets=CROSS)[2] == "no such street"


REASONS = {
    "5000 MAIN ST": "number out of range",
    "12 PINE ST": "no such street",
    "MAIN ST": "no house number",
    "CITY HALL": "unparsed address",
    "I-95 NB MM 132": "unparsed address",
}


@pytest.mark.parametrize(("address", "reason"), REASONS.items())
def test_what_is_not_found_says_why(address, reason):
    point, kind, why = one(address)
    assert why == reason
    assert np.isnan(point[0])
    assert kind is None or pd.isna(kind)


def test_a_tie_is_not_guessed_unless_a_zone_decides():
    far = tiger(("Main St", 101, 199, 100, 198, [(0, 0), (100, 0)]), ("Main St", 101, 199, 100, 198, [(0, 5000), (100, 5000)]))
    far = far.assign(ZIPL=["62701", "62702"], ZIPR=["62701", "62702"])
    assert one("151 MAIN ST", streets=far)[2] == "tie"
    assert one("151 MAIN ST, Springfield, IL 62702", streets=far)[0][1] == pytest.approx(5005, abs=MM)
    events = calls("151 MAIN ST", "151 MAIN ST", "151 MAIN ST", post=["62701", "62702", None])
    found = sara.geocode(events, streets=far, zone="post")
    assert found.events["y"].iloc[:2].tolist() == pytest.approx([5, 5005], abs=MM)
    assert found.misses["reason"].tolist() == ["tie"]
    # The same stretch twice, a few metres apart, is one place.
    near = pd.concat([MAIN, MAIN.set_geometry(MAIN.translate(3, 3))])
    assert one("151 MAIN ST", streets=near)[1] == "range"


def test_a_point_beats_a_range_at_the_same_score_and_not_at_a_lower_one():
    houses = gpd.GeoDataFrame({"ADD_NUMBER": [151], "STREET": ["Main St"]}, geometry=[Point(60, 20)], crs=CRS)
    assert one("151 MAIN ST", addresses=houses)[:2] == ((60, 20), "address point")
    other = houses.assign(STREET="Maine St")
    assert one("151 MAIN ST", addresses=other)[1] == "range"


def test_units_of_one_house_are_one_place_and_the_unit_asked_for_is_preferred():
    houses = gpd.GeoDataFrame(
        {"number": [12, 12, 12], "street": ["Oak St"] * 3, "unit": ["A", "B", "C"]},
        geometry=[Point(0, 0), Point(10, 0), Point(20, 0)],
        crs=CRS,
    )
    assert one("12 OAK ST", streets=None, addresses=houses)[0] == (10, 0)
    assert one("12 OAK ST APT C", streets=None, addresses=houses)[0] == (20, 0)


NAMES = ["N 35TH ST", "S 35TH ST", "MCKINLEY AVE", "W SILVER SPRING DR", "OAK ST", "OAK AVE", "5TH AVE N", "OLD ORCHARD RD"]
SCORES = {
    "N 35TH ST": {"N 35TH ST": 100},
    "35TH ST": {"N 35TH ST": 92, "S 35TH ST": 92},
    "E 35TH ST": {"N 35TH ST": 75, "S 35TH ST": 75},
    "N 35TH AVE": {"N 35TH ST": 75, "S 35TH ST": 50},
    "36TH ST": {},
    "MC KINLEY AVE": {"MCKINLEY AVE": 100},
    "MCKINLY AVE": {"MCKINLEY AVE": 90},
    "MCKNILEY": {"MCKINLEY AVE": 82},
    "SILVER SPRING": {"W SILVER SPRING DR": 84},
    "OAK ST": {"OAK ST": 100},
    "OAK": {"OAK ST": 92, "OAK AVE": 92},
    "ELK ST": {},
    "N 5TH AVE": {"5TH AVE N": 96},
    "OLD ORCH": {"OLD ORCHARD RD": 92},
}


@pytest.mark.parametrize(("said", "scores"), SCORES.items())
def test_scores_of_names(said, scores):
    index = StreetIndex(np.array(NAMES, dtype=object))
    assert {index.names[i]: score for i, score in index.candidates(said)} == scores


def test_edits_count_letters_with_and_without_the_extra(rng=None):
    pairs = [("MAIN", "MIAN", 1), ("MAIN", "MAINE", 1), ("MAIN", "MAIN", 0), ("KINGSTON", "KNGSTNO", 2), ("", "AB", 2)]
    for a, b, n in pairs:
        assert _edits(a, b) == edits(a, b) == n
    draw = np.random.default_rng(1)
    for _ in range(300):
        a, b = ("".join(draw.choice(list("ABC"), draw.integers(0, 7))) for _ in "ab")
        assert _edits(a, b) == edits(a, b)


LAYOUTS = [
    "LFROMADD LTOADD RFROMADD RTOADD", "LFROMHN LTOHN RFROMHN RTOHN", "FROMADDR_L TOADDR_L FROMADDR_R TOADDR_R", "FRADDL TOADDL FRADDR TOADDR",
    "L_F_ADD L_T_ADD R_F_ADD R_T_ADD", "F_ADD_L T_ADD_L F_ADD_R T_ADD_R", "Left_From_Address Left_To_Address Right_From_Address Right_To_Address",
    "LF_ADDR LT_ADDR RF_ADDR RT_ADDR", "LEFTADD1 LEFTADD2 RGTADD1 RGTADD2", "FROMLEFT TOLEFT FROMRIGHT TORIGHT", "L_ADD_FROM L_ADD_TO R_ADD_FROM R_ADD_TO",
]  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_range_columns_of_any_county(layout):
    columns = layout.split()
    found = range_columns(pd.DataFrame({column: ["1"] for column in [*columns, "FROM_NODE", "TO_NODE", "ZIPL", "OBJECTID"]}))
    assert found == dict(zip(("lf", "lt", "rf", "rt"), columns, strict=True))


def test_street_names_in_parts_and_one_range_for_both_sides():
    parts = gpd.GeoDataFrame(
        {"ST_PREDIR": ["N"], "ST_NAME": ["35th"], "ST_POSTYP": ["Street"], "FROMADDR": ["1400"], "TOADDR": ["1499"]},
        geometry=[LineString([(0, 0), (99, 0)])],
        crs=CRS,
    )
    assert one("1423 N 35TH ST", streets=parts)[0] == pytest.approx((23, 0), abs=MM)


def test_files_on_disk(tmp_path):
    MAIN.to_crs(4326).to_file(tmp_path / "lines.gpkg")
    shapes = tmp_path / "lines.shp"
    MAIN.to_file(shapes)
    (tmp_path / "points.csv").write_text(
        "LON,LAT,NUMBER,STREET,UNIT,CITY,POSTCODE\n-88.9,40.9,12,Oak St,,Riverton,61701\n,,13,Oak St,,,\n"
    )
    for path in (tmp_path / "lines.gpkg", shapes):
        assert sara.geocode(calls("151 MAIN ST"), streets=path).events["geocoded"].tolist() == ["range"]
    assert sara.geocode(calls("12 OAK ST"), addresses=tmp_path / "points.csv").events["geocoded"].tolist() == ["address point"]


def test_any_text_is_answered():
    draw = np.random.default_rng(1)
    letters = list("0123456789 ABCNSEWSTAVE/&@,.#-()XÉ½'")
    texts = ["".join(draw.choice(letters, draw.integers(1, 30))) for _ in range(2000)]
    found = sara.geocode(calls(*texts, "1400 BLOCK OF ,", "151 MAIN ST"), streets=MAIN)
    assert found.counts.rows_in == found.counts.rows_used + sum(found.counts.left_out.values()) == 2002
    assert found.events["geocoded"].notna().sum() == 1


def test_own_points_win_and_are_compared():
    table = pd.DataFrame(
        {
            "t": ["2024-03-01 10:00", "2024-03-01 11:00", "2024-03-01 12:00"],
            "where": ["151 MAIN ST", "151 MAIN ST", None],
            "x": [401051.0, None, 400007.0],
            "y": [4500005.0, None, 4500007.0],
        }
    )
    events = sara.as_events(table, time="t", place="where", x="x", y="y", crs=CRS)
    found = sara.geocode(events, streets=MAIN.set_geometry(MAIN.translate(400_000, 4_500_000)))
    assert found.events["geocoded"].tolist() == ["own", "range", "own"]
    assert found.events.loc[0, ["x", "y"]].tolist() == events.loc[0, ["x", "y"]].tolist()
    assert found.agreement["n"] == 1
    assert found.agreement["median_m"] == pytest.approx(1051 - 100 * 50 / 98, abs=MM)
    assert found.agreement["over_500_m"] == 1
    assert found.events.attrs["sara"]["geocoded"] == {"own": 2, "range": 1}
    assert found.counts.rows_used == 3


@pytest.fixture(scope="module")
def riverton():
    events = sara.datasets.load("riverton_calls")
    inside = events[events.geometry.notna() & (events["x"].abs() < 1e6) & events["address"].notna()].iloc[::7]
    return inside, sara.datasets.load("riverton_streets"), sara.datasets.load("riverton_places")


def stripped(events):
    return events.assign(x=np.nan, y=np.nan).set_geometry(gpd.GeoSeries([None] * len(events), index=events.index, crs=events.crs))


def distances(found, truth):
    there = found.events.geometry.notna().to_numpy()
    points = found.events.geometry.to_crs(truth.crs)
    return pd.Series(shapely.distance(points.to_numpy()[there], truth.geometry.to_numpy()[there])), found.events[
        "geocoded"
    ].to_numpy()[there]


def test_riverton_without_its_coordinates(riverton):
    events, streets, places = riverton
    found = sara.geocode(stripped(events), streets=streets)
    distance, kind = distances(found, events)
    assert found.counts.rows_used / found.counts.rows_in > 0.985
    median = distance.groupby(kind).median()
    # Lots stand 16 m from the line, and the file has one range for both sides, which says nothing of the side.
    assert median["range"] < 20
    assert median["block"] < 50
    assert median["intersection"] < 1
    assert (distance > 500).mean() < 0.002
    both = sara.geocode(stripped(events), streets=streets, addresses=places)
    distance, kind = distances(both, events)
    assert both.counts.rows_used / both.counts.rows_in > 0.995
    assert distance[kind == "address point"].median() < 1


def misspelled(address, draw):
    """Return an address with one letter of its street's name changed, dropped or doubled."""
    words = address.split()
    long = [i for i, word in enumerate(words[1:-1], start=1) if len(word) >= 5 and word.isalpha()]
    if not long:
        return address
    i = long[0]
    at = draw.integers(1, len(words[i]) - 1)
    letter = draw.choice(list("ABCDEFGHIKLMNOPRSTUVW"))
    words[i] = [
        words[i][:at] + letter + words[i][at + 1 :],
        words[i][:at] + words[i][at + 1 :],
        words[i][:at] + letter + words[i][at:],
    ][draw.integers(3)]
    return " ".join(words)


def test_simulated_mistakes_are_found_or_left_but_rarely_put_in_a_wrong_place(riverton):
    _, _, places = riverton
    draw = np.random.default_rng(7)
    sample = places.drop_duplicates("address").sample(1500, random_state=7)
    other = {"N": "S", "S": "N", "E": "W", "W": "E"}
    mistakes = {
        "none": lambda a: a,
        "typo": lambda a: misspelled(a, draw),
        "no suffix": lambda a: a.rsplit(" ", 1)[0],
        "no direction": lambda a: " ".join(word for word in a.split() if word not in other),
        "wrong direction": lambda a: " ".join(other.get(word, word) for word in a.split()),
    }
    hit, wrong = {}, {}
    for name, change in mistakes.items():
        changed = sample.assign(said=[change(a) for a in sample["address"]])
        # Only addresses that the mistake changes: a numbered street has no letters to misspell.
        changed = changed[(changed["said"] != changed["address"]) | (name == "none")]
        found = sara.geocode(calls(*changed["said"]), addresses=places)
        points = found.events.geometry.to_crs(sample.estimate_utm_crs())
        truth = changed.geometry.to_crs(points.crs).reset_index(drop=True)
        there = points.notna().to_numpy()
        far = shapely.distance(points.to_numpy()[there], truth.to_numpy()[there]) > 100
        hit[name], wrong[name] = (there.sum() - far.sum()) / len(changed), far.sum() / len(changed)
    assert hit["none"] > 0.995
    assert wrong["none"] < 0.002
    assert hit["typo"] > 0.9
    assert wrong["typo"] < 0.01
    assert hit["no suffix"] > 0.8
    assert wrong["no suffix"] < 0.02
    assert wrong["no direction"] < 0.02
    # A wrong direction that exists is another house: nothing in the text says so.
    assert hit["wrong direction"] < 0.05
    assert wrong["wrong direction"] < 0.5


def test_order_and_index_do_not_matter_and_nothing_given_is_changed(riverton):
    events, streets, places = riverton
    given = stripped(events).iloc[:3000]
    kept, kept_streets = given.copy(deep=True), streets.copy(deep=True)
    first = sara.geocode(given, streets=streets, addresses=places)
    pd.testing.assert_frame_equal(pd.DataFrame(given), pd.DataFrame(kept))
    pd.testing.assert_frame_equal(pd.DataFrame(streets), pd.DataFrame(kept_streets))
    mixed = given.sample(frac=1, random_state=2)
    again = sara.geocode(mixed, streets=streets.sample(frac=1, random_state=3), addresses=places.sample(frac=1, random_state=4))
    pd.testing.assert_frame_equal(again.table, first.table)
    pd.testing.assert_frame_equal(again.misses, first.misses)
    back = again.events.loc[given.index]
    assert np.allclose(back["x"], first.events["x"], atol=MM, equal_nan=True)
    assert (
        back["geocoded"].astype(object).where(back["geocoded"].notna(), "").tolist()
        == first.events["geocoded"].astype(object).where(first.events["geocoded"].notna(), "").tolist()
    )


def test_misses_by_area_and_the_caution_about_few():
    events = sara.as_events(
        pd.DataFrame({"t": pd.date_range("2024-03-01", periods=100, freq="h"), "where": ["151 MAIN ST"] * 50 + ["9 PINE ST"] * 50, "beat": ["A"] * 50 + ["B"] * 50}).rename(columns={"beat": "area"}),
        time="t", place="where",
    ).assign(area=["A"] * 50 + ["B"] * 50)  # fmt: skip
    found = sara.geocode(events, streets=MAIN)
    assert found.by_area[["area", "n", "matched", "missed", "rate", "main_reason"]].iloc[0].tolist() == [
        "B",
        50,
        0,
        50,
        0.0,
        "no such street",
    ]
    assert any("Ratcliffe 2004" in caution for caution in found.cautions)
    assert any("differs by area" in caution for caution in found.cautions)
    assert found.counts.left_out == {"no such street": 50}
    assert "PINE" not in found.text + found.alt_text
    assert found.plot().get_title(loc="left")


def test_a_misspelled_street_is_asked_about_and_a_record_holds_no_address():
    found = sara.geocode(
        calls("5 KINGSTOWN RD", "9999 MAIN ST"),
        streets=tiger(("Kingston Rd", 1, 9, 2, 8, [(0, 0), (9, 0)]), ("Main St", 1, 9, 2, 8, [(0, 0), (9, 0)])),
        min_score=95,
    )
    back = Result.from_dict(found.to_dict())
    assert back.text == found.text
    assert back.events is None
    assert "address" not in back.misses.columns
    assert set(found.misses["reason"]) == {"score too low", "number out of range"}
    assert found.misses.set_index("reason")["did_you_mean"]["score too low"] == "KINGSTON RD"
    assert back.plot().get_title(loc="left")


MISTAKES = [
    (lambda e: sara.geocode(e), r"`addresses` or `streets` must be given"),
    (lambda e: sara.geocode(e, streets="nowhere.shp"), r"`streets` must be a file that is there"),
    (lambda e: sara.geocode(e, streets=[1]), r"`streets` must be a file or a table"),
    (lambda e: sara.geocode(e, streets=MAIN[:0]), r"`streets` must hold at least one row"),
    (lambda e: sara.geocode(e, streets=MAIN[["geometry"]]), r"`streets` must name the street"),
    (lambda e: sara.geocode(e, addresses=pd.DataFrame({"number": [1], "street": ["OAK ST"]})), r"`addresses` must hold shapes"),
    (lambda e: sara.geocode(e, addresses=pd.DataFrame({"a": [1]})), r"`addresses` must have a house number"),
    (lambda e: sara.geocode(e, addresses=pd.DataFrame({"number": [1], "street": ["OAK ST"], "x": [9e5], "y": [1e6]})), r"`crs` must be given"),
    (lambda e: sara.geocode(e, streets=gpd.GeoDataFrame({"name": ["A ST"]}, geometry=[box(0, 0, 1, 1)], crs=CRS)), r"`streets` must hold named lines"),
    (lambda e: sara.geocode(e, streets=MAIN, min_score=0), r"`min_score` must be"),
    (lambda e: sara.geocode(e, streets=MAIN, zone="zipp"), r"`zone` names a column"),
    (lambda e: sara.geocode(e.assign(address=None, place=None), streets=MAIN), r"`events` must have addresses"),
    (lambda e: sara.geocode(e.iloc[:0], streets=MAIN), r"has no rows"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "words"), MISTAKES)
def test_mistakes_are_answered_in_words(call, words):
    with pytest.raises(sara.InputError, match=words):
        call(calls("151 MAIN ST"))


def towns(crs=CRS):
    """Return a Main Street and an Oak Street in each of two towns, 20 km apart, with ZIP and town."""
    lines = tiger(
        ("Main St", 101, 199, 100, 198, [(0, 0), (100, 0)]),
        ("Oak St", 1, 99, 2, 98, [(0, -100), (0, 100)]),
        ("Main St", 101, 139, 100, 140, [(20_000, 0), (20_100, 0)]),
        ("Oak St", 1, 99, 2, 98, [(20_000, 0), (20_000, 100)]),
    )
    return lines.assign(ZIPL=["02139", "02139", "02140", "02140"], ZIPR=["02139", "02139", "02140", "02140"])


def test_a_block_that_two_towns_have_is_a_tie_and_never_a_point_between_them():
    # The ranges differ, so that the middle of both (149) lies in one town only.
    assert one("100 BLOCK MAIN ST", streets=towns())[2] == "tie"
    assert one("100 BLOCK MAIN ST, Cambridge, MA 02140", streets=towns())[0] == pytest.approx((20_050, 0), abs=2)
    assert one("100 BLOCK MAIN ST, Cambridge, MA 02139", streets=towns())[0] == pytest.approx((50, 0), abs=2)
    houses = gpd.GeoDataFrame(
        {"NUMBER": [100, 150, 190, 100, 150], "STREET": "Main St", "CITY": ["Alba", "Alba", "Alba", "Bree", "Bree"]},
        geometry=[Point(x, 0) for x in (0, 50, 90, 20_000, 20_050)],
        crs=CRS,
    )
    found = sara.geocode(calls("1XX MAIN ST", "1XX MAIN ST, BREE"), addresses=houses)
    assert found.misses["reason"].tolist() == ["tie"]
    assert found.events["x"].dropna().iloc[0] >= 20_000


def test_a_zip_decides_between_crossings_of_one_name():
    lines = [
        LineString([(x, 0), (x + 100, 0)] if i % 2 == 0 else [(x, 0), (x, 100)]) for i, x in enumerate((0, 0, 20_000, 20_000))
    ]
    streets = towns().set_geometry(lines, crs=CRS)
    assert one("MAIN ST & OAK ST", streets=streets)[2] == "tie"
    events = calls("OAK ST / MAIN ST", "MAIN ST & OAK ST", "MAIN ST & OAK ST", post=[2139, 2140, 99999])
    found = sara.geocode(events, streets=streets, zone="post")
    assert found.events["x"].iloc[:2].tolist() == pytest.approx([0, 20_000], abs=MM)
    assert found.misses["reason"].tolist() == ["tie"]  # a ZIP that the file never uses tells nothing
    assert {"zip l", "zip r"} <= set(found.settings["streets_columns"].value)


ODD_LAYERS = {
    "a serial number and a shop": {"No": [1, 2], "Name": ["Cafe Rouge", "Bar Blue"], "Address": ["12 Oak St", "14 Oak St"]},
    "a label of whole addresses": {
        "Number": [1, 2],
        "Label": ["12 Oak St", "14 Oak St"],
        "Full_Addr": ["12 Oak St", "14 Oak St"],
    },
    "a name like an address": {"Situs Addr": ["12 Oak St", "14 Oak St"]},
    "the owner's is not the place's": {
        "Owner_Address": ["1 Far Rd", "2 Far Rd"],
        "Prop_Street_Address": ["12 Oak St", "14 Oak St"],
    },
    "a point in the location column": {"Location": ["(43.05, -87.9)"] * 2, "Business Location": ["12 Oak St", "14 Oak St"]},
    "signs for words": {"House #": [12, 14], "Street": ["Oak St", "Oak St"]},
    "decimal commas": {"Address": ["12 Oak St", "14 Oak St"], "Longitude": ["-87,9", "-87,91"], "Latitude": ["43,05", "43,05"]},
}


@pytest.mark.parametrize("columns", ODD_LAYERS.values(), ids=ODD_LAYERS)
def test_layers_named_in_odd_ways(columns):
    layer = pd.DataFrame({"Longitude": [-87.9, -87.91], "Latitude": [43.05, 43.05], **columns})
    found = sara.geocode(calls("14 OAK ST"), addresses=layer)
    assert found.events.to_crs(4326).geometry.iloc[0].x == pytest.approx(-87.91, abs=1e-6)
    assert sara.read_places(layer)["place"].tolist() == ["12 OAK ST", "14 OAK ST"]
