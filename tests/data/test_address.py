"""Addresses as dispatchers write them."""

from __future__ import annotations

import time

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sara.data.addresses.columns import normalize_places, parse_address, parse_addresses, street_name
from sara.data.addresses.rules import _by_rules, _plain

WORDS = [
    "N",
    "SOUTH",
    "MAIN",
    "OAK",
    "ST",
    "AVE",
    "AVENUE",
    "BROADWAY",
    "APT",
    "UNIT",
    "BLK",
    "BLOCK",
    "OF",
    "AND",
    "AT",
    "HWY",
    "US",
    "I",
    "MM",
    "EXIT",
    "SAINT",
    "REAR",
    "KING",
    "MARTIN",
    "L",
    "MLK",
    "FIRST",
    "NB",
    "RAMP",
    "LOT",
    "WI",
    "LAKE",
    "CITY",
    "WY",
    "THE",
]

PLACES = {
    # one house
    "1423 N 35TH ST,MKE": "1423 N 35TH ST",
    "1423 North 35th Street": "1423 N 35TH ST",
    "  1423   n 35th st. ": "1423 N 35TH ST",
    "3017-A N 28TH ST,MKE": "3017 N 28TH ST",
    "123 MAIN STREET APT 4B": "123 MAIN ST",
    "123 Main St #12": "123 MAIN ST",
    "123 Main St, Suite 200, Springfield, IL 62701": "123 MAIN ST",
    "RUSTY ANCHOR @ 12 HARBOR ST": "12 HARBOR ST",
    "12 HARBOR ST @ RUSTY ANCHOR": "12 HARBOR ST",
    "WALGREENS, 123 MAIN ST": "123 MAIN ST",
    "Norway Maple (83 Lewiston St)": "83 LEWISTON ST",
    "25-29 State St  Boston  MA  02109": "25 STATE ST",
    "40-12 MAIN ST": "40-12 MAIN ST",
    "119 1/2 W 5TH ST": "119 1/2 W 5TH ST",
    "813 1 / 2 5 AV N": "813 1/2 5TH AVE N",
    "11hf Acadia St": "11 1/2 ACADIA ST",
    "100 5 AV": "100 5TH AVE",
    "12 AVENUE D": "12 AVENUE D",
    "4358 S ST. LOUIS AVE": "4358 S ST LOUIS AVE",
    "7000 HWY 70 S": "7000 HWY70 S",
    "500 MAIN ST / 5TH AVE": "500 MAIN ST",
    "W204 S8165 CASADENA DR, MUSKEGO WI": "W204 S8165 CASADENA DR",
    "**Z3CR**600 N WATER": "600 N WATER",
    "P.O. BOX 12": None,
    "RR 2 BOX 45": "RR 2 BOX 45",
    "RURAL ROUTE 2, BOX 45": "RR 2 BOX 45",
    "450 SOUTH 900 EAST": "450 S 900 E",
    "N6W23001 BLUEMOUND RD": "N6W23001 BLUEMOUND RD",
    "12 FIRST STREET": "12 1ST ST",
    "12 TWENTY-THIRD ST": "12 23RD ST",
    "1200 N M L King Jr Dr": "1200 N MARTIN LUTHER KING JR DR",
    "1200 DR MLK BLVD": "1200 MARTIN LUTHER KING JR BLVD",
    "123 AVDA DE LA ESTRELLA": "123 AVENIDA DE LA ESTRELLA",
    "123 CALLE PRINCIPAL": "123 CALLE PRINCIPAL",
    "12 RUE DE LA PAIX": "12 RUE DE LA PAIX",
    "Hauptstraße 12": "HAUPTSTRASSE 12",
    "10 Downing Street, London SW1A 2AA": "10 DOWNING ST",
    "Flat 3, 12 High Street": "12 HIGH ST",
    "123 AVE OF THE AMERICAS": "123 AVENUE OF THE AMERICAS",
    "123 State Highway 16": "123 SR16",
    "37-12 82 ST": "37-12 82ND ST",
    "123MAIN ST": "123 MAIN ST",
    "123 MAIN ST 62701": "123 MAIN ST",
    "12 COUNTY RD A": "12 COUNTY RD A",
    "1400 N AVENUE A": "1400 N AVENUE A",
    # a block
    "12 HUNDRED BLOCK OF MAIN ST": "1200 BLOCK OF MAIN ST",
    "1401-1499 MAIN ST": "1400 BLOCK OF MAIN ST",
    "14XX BLOCK OF 3 AV": "1400 BLOCK OF 3RD AVE",
    "3XX BLOCK OF 3 AV W": "300 BLOCK OF 3RD AVE W",
    "XX BLOCK OF UNION ST": "0 BLOCK OF UNION ST",
    "1400 BLOCK OF W 5TH AVE": "1400 BLOCK OF W 5TH AVE",
    "1400 blk W Fifth": "1400 BLOCK OF W FIFTH",
    "1500-BLK W FOREST HOME AV,MKE": "1500 BLOCK OF W FOREST HOME AVE",
    "00 BLOCK OF MAIN ST": "0 BLOCK OF MAIN ST",
    "050XX S DREXEL BLVD": "5000 BLOCK OF S DREXEL BLVD",
    "0000X W VAN BUREN ST": "0 BLOCK OF W VAN BUREN ST",
    "N 35TH ST 1400 BLK": "1400 BLOCK OF N 35TH ST",
    "9300-9600 W SILVER SPRING DR,MKE": "9300 BLOCK OF W SILVER SPRING DR",
    # a crossing
    "5 AV S / S MICHIGAN ST": "5TH AVE S / S MICHIGAN ST",
    "S Michigan Street & 5th Avenue South": "5TH AVE S / S MICHIGAN ST",
    "5TH AVE S AND S MICHIGAN ST": "5TH AVE S / S MICHIGAN ST",
    "S MICHIGAN ST @ 5 AV S": "5TH AVE S / S MICHIGAN ST",
    "INTERSECTION of Groveland St & River St  Mattapan  MA  ": "GROVELAND ST / RIVER ST",
    "E NORTH AV- N FARWELL AV": "E NORTH AVE / N FARWELL AVE",
    "N 125 ST / LAKE CITY WY": "LAKE CITY WAY / N 125TH ST",
    "I43 S/B @8TH ST": "8TH ST / I43 SB",
    "450 S / 900 E": "450 S / 900 E",
    # a highway
    "I-95 NB MM 132": "I95 NB MM 132",
    "MM 41 0 I24 W": "I24 W MM 41",
    "EXIT 92 I65 N": "I65 N EXIT 92",
    # no place
    "UNKNOWN": None,
    "40.123,-88.456": None,
    "1/2 MILE N OF MAIN ST": None,
    "NO LOCATION - NEIGHBORING COUNTY": None,
    "": None,
    ".": None,
    "REDBIRD CT": None,
    "5 AV": None,
}


@pytest.mark.parametrize(("text", "place"), PLACES.items())
def test_known_forms(text, place):
    assert parse_address(text).place == place


@pytest.mark.parametrize("place", sorted({place for place in PLACES.values() if place}))
def test_a_normalized_place_stays_as_it_is(place):
    assert parse_address(place).place == place


def test_the_unit_and_the_name_are_kept_apart():
    parts = parse_addresses(pd.Series(["123 MAIN ST APT 4B", "RUSTY ANCHOR @ 12 HARBOR ST", None], index=["a", "b", "c"]))
    assert parts.loc["a", ["place", "unit", "rule"]].tolist() == ["123 MAIN ST", "4B", "address"]
    assert parts.loc["b", "name"] == "RUSTY ANCHOR"
    assert parts.loc["c", "rule"] == "nothing"


@pytest.mark.parametrize(
    "piece", ["A ", "1 MAIN ST ", "#", "9", "X", " (", "DR MLK ", "I-95 MM ", "1 A:", "/ ", "APT 1 ", "M L KING "]
)
def test_a_hostile_cell_does_not_hold_up_the_file(piece):
    start = time.perf_counter()
    for head in ("", "1 ", "12 OAK ST "):
        parse_address(head + piece * 20_000)
    assert time.perf_counter() - start < 2


UNITS = {
    "12 OAK ST APT 3B": "3B",
    "12 OAK ST #12": "12",
    "12 OAK ST LOT 7": "7",
    "12 OAK ST, STE 200": "200",
    "12 OAK ST UNIT A-3": "A-3",
    "12 OAK ST BLDG 4 APT 2": "4 2",
    "12 OAK ST 3B": "3B",
    "12 OAK ST C": "C",
    "12A OAK ST": "A",
    "12-B OAK ST": "B",
    "12 OAK ST REAR": "REAR",
    "12 OAK ST (REAR)": "REAR",
    "12 OAK ST 2ND FLOOR": "2ND",
    "12 Oak St, Flat 3": "3",
    "12 OAK ST SP 7": "7",
    "12 OAK ST": None,
    "12 OAK ST N": None,
}


@pytest.mark.parametrize(("text", "unit"), UNITS.items())
def test_a_unit_is_never_lost_and_never_part_of_the_place(text, unit):
    found = parse_address(text)
    assert found.unit == unit
    assert found.place == ("12 OAK ST N" if text.endswith(" N") else "12 OAK ST")


def test_an_address_in_parts():
    parts = parse_addresses(pd.Series(["119 1/2 w fifth avenue north apt 2, Springfield, IL 62701-1234"])).iloc[0]
    expected = {
        "place": "119 1/2 W 5TH AVE N", "rule": "address", "number": "119 1/2", "fraction": "1/2", "pre": "W", "base": "5TH", "suffix": "AVE", "post": "N",
        "street": "W 5TH AVE N", "unit": "2", "city": "SPRINGFIELD", "zip": "62701",
    }  # fmt: skip
    assert parts[list(expected)].to_dict() == expected


@pytest.mark.parametrize("file", ["seattle/seattle_911_2015.csv.gz", "milwaukee/calls.csv", "montgomery/911.csv.gz"])
def test_the_quick_way_reads_as_the_rules_read(real_data, file):
    column = {"s": "Hundred.Block.Location", "m": "location", "o": "addr"}[file[0] if file[1] != "o" else "o"]
    texts = pd.read_csv(real_data / file, usecols=[column], encoding="latin-1")[column].dropna().str.upper().unique()
    quick = {text: found for text in texts if (found := _plain(text)) is not None}
    assert len(quick) > 0.8 * len(texts)
    assert [text for text, found in quick.items() if found != _by_rules(text)] == []


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from([*WORDS, *["123", "14XX", "5", "35TH", "40-12", "B", "/", "&", "@", ",", ".", "#", "-"]]),
        min_size=1,
        max_size=9,
    )
)
def test_no_text_breaks_the_rules_and_both_ways_agree(words):
    text = " ".join(words).replace(" ,", ",").replace(" .", ".")
    found = _by_rules(text)
    quick = _plain(text)
    assert quick is None or quick == found, text


def test_the_series_keeps_its_index_its_order_and_the_input():
    given = pd.Series(["1 OAK ST", None, "1 Oak Street"], index=[7, 7, 9], name="location")
    kept = given.copy()
    out = normalize_places(given)
    assert out.name == "place"
    assert list(out.index) == [7, 7, 9]
    assert out.isna().tolist() == [False, True, False]
    assert out.iloc[0] == out.iloc[2] == "1 OAK ST"
    pd.testing.assert_series_equal(given, kept)
    assert normalize_places(pd.Series([], dtype=object)).tolist() == []
    assert normalize_places(pd.Series([None, float("nan")])).isna().all()


def test_a_street_name_alone_is_no_place_where_the_column_knows_the_street():
    out = normalize_places(pd.Series(["100 BROADWAY", "BROADWAY", "CALEDONIA STABLES"]))
    assert out.isna().tolist() == [False, True, False]


def test_the_city_tells_places_apart_only_where_there_are_several():
    home = normalize_places(pd.Series(["1 OAK ST, MKE", "2 OAK ST, MKE", "3 OAK ST", "1 OAK ST, GREENFIELD"]))
    assert home.tolist() == ["1 OAK ST", "2 OAK ST", "3 OAK ST", "1 OAK ST, GREENFIELD"]
    county = normalize_places(pd.Series(["1 OAK ST, UPTON", "1 OAK ST, DOWNTON", "1 OAK ST, MIDTON"]))
    assert county.nunique() == 3


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("NORTH AVE", "NORTH AVE"),
        ("E NORTH AV", "E NORTH AVE"),
        ("5TH AVENUE SOUTH", "5TH AVE S"),
        ("22 ST", "22ND ST"),
        ("111 AV", "111TH AVE"),
        ("COURT ST", "COURT ST"),
        ("N 35 ST", "N 35TH ST"),
    ],
)
def test_streets_in_the_form_of_the_postal_service(text, name):
    assert street_name(text) == name


@pytest.mark.parametrize(
    ("file", "column", "options", "least"),
    [
        ("seattle/seattle_911_2015.csv.gz", "Hundred.Block.Location", {"encoding": "latin-1"}, 1.0),
        ("milwaukee/calls.csv", "location", {}, 0.995),
        ("chicago/burglary_2011-07_2014-11.csv.gz", "Block", {}, 1.0),
        ("chicago/sanitation_code_complaints_2011_2014.csv.gz", "Street_Address", {}, 1.0),
        ("montgomery/911.csv.gz", "addr", {}, 0.93),
    ],
)
def test_published_addresses(real_data, file, column, options, least):
    address = pd.read_csv(real_data / file, usecols=[column], low_memory=False, **options)[column].dropna()
    place = normalize_places(address)
    assert place.notna().mean() >= least
    # Names merge (both orders of a crossing), none is split; a house keeps the first number of its text.
    assert place.nunique() <= address.nunique()
    parts = parse_addresses(address)
    houses = parts.loc[parts["rule"] == "address", "number"]
    written = address[houses.index].str.extract(r"(\d+)(?!.*\*\*)")[0]
    assert (houses.str.extract(r"(\d+)")[0].astype(object) == written.astype(object)).mean() > 0.99 or len(houses) == 0


@pytest.mark.parametrize(
    ("text", "place", "name"),
    [
        ("7-ELEVEN, 100 MAIN ST", "100 MAIN ST", "7-ELEVEN"),
        ("Rusty Anchor, 12 Harbor St, Milwaukee, WI 53202", "12 HARBOR ST", "RUSTY ANCHOR"),
        ("WALMART, 1400 BLOCK OF N 35TH ST", "1400 BLOCK OF N 35TH ST", "WALMART"),
        ("MOTEL 6, 100 MAIN ST", "100 MAIN ST", "MOTEL 6"),
        ("MAIN ST, 1400 BLOCK", "1400 BLOCK OF MAIN ST", None),
        ("N 35TH ST, 14XX BLK", "1400 BLOCK OF N 35TH ST", None),
        ("LAKE FOREST, 60045 IL", None, None),  # a ZIP is no house
        ("100 BLOCK", None, None),  # a block of which street?
        ("1XX BLK OF", None, None),
    ],
)
def test_a_name_before_a_comma_and_a_block_of_no_street(text, place, name):
    found = parse_address(text)
    assert (found.place, found.name) == (place, name)
