"""Registers of places, and the events at them."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Point, Polygon, box

import sara
from sara.data._rejects import rejects_of
from sara.data.registers import COLUMNS

CRS = 32616
EAST, NORTH = 400_000, 4_500_000


def parcels(**more):
    return gpd.GeoDataFrame(
        {"TAXKEY": ["10", "11", "11", "12"], "HOUSE_NO": [100, 102, 102, 104], "SDIR": ["N"] * 4, "STREET": ["35TH"] * 4, "STTYPE": ["ST"] * 4,
         "LAND_USE": ["Tavern", "Duplex", "Duplex", None], "OWNER_NAME": ["Ann", "Bob", "Cy", "Dee"], "BLDG_SQFT": ["2,000", 1500, 0, "x"], "NR_UNITS": [0, 2, 2, None],
         "YR_BUILT": [1905, 0, 1910, 1999], **more},
        geometry=[box(EAST + 40 * i, NORTH, EAST + 40 * i + 30, NORTH + 30) for i in (0, 1, 1, 2)], crs=CRS,
    )  # fmt: skip


def test_parcels_become_places():
    given = parcels()
    kept = given.copy(deep=True)
    places = sara.read_places(given)
    pd.testing.assert_frame_equal(pd.DataFrame(given), pd.DataFrame(kept))
    assert list(places.columns) == COLUMNS
    assert places["id"].tolist() == ["10", "11", "11-2", "12"]
    assert places["place"].tolist() == ["100 N 35TH ST", "102 N 35TH ST", "102 N 35TH ST", "104 N 35TH ST"]
    assert places["use"].tolist()[:3] == ["tavern", "duplex", "duplex"]
    assert pd.isna(places["use"].iloc[3])
    assert places["size"].tolist()[:2] == pytest.approx([2000 * 0.09290304, 1500 * 0.09290304])
    assert places["size"].isna().tolist() == [False, False, True, True]
    assert places["units"].tolist()[:3] == [0, 2, 2]
    assert places["year"].isna().tolist() == [False, True, False, False]
    assert (places["kind"] == "parcel").all()
    assert places.attrs["sara"]["size_unit"] == "m2, from square feet"
    assert "owner" in places.attrs["sara"]["private_columns"]
    assert places.attrs["sara"]["rows_read"] == len(places) + places.attrs["sara"]["rows_rejected"] == 4
    assert places.geometry.contains(gpd.GeoSeries(gpd.points_from_xy(places["x"], places["y"]), crs=CRS)).all()


def test_a_licence_file_of_points_and_rows_that_say_nothing(tmp_path):
    path = tmp_path / "licences.csv"
    path.write_text(
        "License Number,DBA Name,Licensee,License Type,Premise Address,City,Longitude,Latitude\n"
        "L1,Rusty Anchor,Ann Smith,Class B Tavern,12 Harbor Street,Riverton,-88.9,40.9\n"
        "L2,No Place,Bob,Tobacco,,,,\n"
        "L3,By Address,Cy,Tobacco,14 Harbor St #2,Riverton,,\n"
        "L4,By Point,Dee,Tobacco,,,-88.9,40.91\n"
    )
    with pytest.warns(sara.SaraWarning, match="1 of 4 rows"):
        places = sara.read_places(path)
    assert places["id"].tolist() == ["L1", "L3", "L4"]
    assert (places["kind"] == "licence").all()
    assert places["place"].astype(object).where(places["place"].notna(), None).tolist() == ["12 HARBOR ST", "14 HARBOR ST", None]
    assert places["owner"].tolist() == ["Ann Smith", "Cy", "Dee"]
    assert places["name"].tolist() == ["Rusty Anchor", "By Address", "By Point"]
    assert places.geometry.isna().tolist() == [False, True, False]
    rejects = rejects_of(places)
    assert rejects[["line", "reason"]].iloc[0].tolist() == [3, "neither an address nor a shape"]
    assert places.crs.is_projected


def test_what_you_say_of_the_columns_is_taken():
    table = pd.DataFrame({"nr": ["a"], "what": ["Bar"], "where": ["1 Oak St"], "type": ["x"]})
    places = sara.read_places(table, kind="licence", columns={"id": "nr", "use": "what", "address": "where"})
    assert places[["id", "kind", "use", "place"]].iloc[0].tolist() == ["a", "licence", "bar", "1 OAK ST"]
    assert pd.isna(sara.read_places(table, columns={"address": "where", "use": None})["use"].iloc[0])


def test_feet_shapes_and_broken_outlines():
    bow = Polygon([(0, 0), (30, 30), (30, 0), (0, 30)])
    table = gpd.GeoDataFrame({"pin": [1, 2]}, geometry=[bow, box(50, 0, 80, 30)], crs=CRS)
    table = table.set_geometry(table.translate(EAST, NORTH)).to_crs(3435)
    places = sara.read_places(table)
    assert places.geometry.is_valid.all()
    assert places.geometry.iloc[1].area == pytest.approx(900, rel=1e-3)
    assert places.crs.axis_info[0].unit_name == "metre"


def events(*rows):
    table = pd.DataFrame(rows, columns=["where", "x", "y"])
    table["t"] = pd.date_range("2024-03-01", periods=len(table), freq="h")
    table[["x", "y"]] += [EAST, NORTH]
    return sara.as_events(table, time="t", place="where", x="x", y="y", crs=CRS)


def test_events_meet_places_by_address_outline_and_nearness():
    places = sara.read_places(parcels())
    found = sara.data.at_places(
        events(
            ("102 N 35TH STREET APT 2", 500, 500),  # the address, wherever the point is
            ("101 N 35TH ST", 15, 15),  # inside the first outline
            ("99 N 35TH ST", 15, -20),  # 20 m off it
            ("98 N 35TH ST", 15, -40),  # too far
            ("100 BLOCK OF N 35TH ST", 15, 15),  # a block is no parcel
            ("N 35TH ST / W OAK ST", 15, 15),
            (None, 95, 15),
            (None, np.nan, np.nan),
        ),
        places,
    )
    assert found.name == "place_id"
    assert found.astype(object).where(found.notna(), None).tolist() == ["11", "10", "10", None, None, None, "12", None]
    near = sara.data.at_places(events(("98 N 35TH ST", 15, -40)), places, distance="150ft")
    assert near.tolist() == ["10"]
    assert sara.data.at_places(events(("99 N 35TH ST", 15, -20)), places, distance=0).isna().all()


def test_the_order_and_index_of_events_do_not_matter():
    places = sara.read_places(parcels())
    given = events(*[(f"{n} N 35TH ST", x, 15) for n, x in zip(range(90, 110), range(0, 200, 10), strict=True)])
    first = sara.data.at_places(given, places)
    mixed = given.sample(frac=1, random_state=1)
    assert (
        sara.data.at_places(mixed, places).loc[given.index].astype(object).where(first.notna(), None).tolist()
        == first.astype(object).where(first.notna(), None).tolist()
    )


def test_riverton_calls_meet_their_lots():
    calls = sara.datasets.load("riverton_calls").iloc[::50]
    places = sara.read_places(sara.datasets.load("riverton_places"))
    found = sara.data.at_places(calls, places)
    houses = calls["place"].isin(places["place"])
    assert found[houses].notna().all()
    at = places.set_index("id").loc[found[houses], "place"].to_numpy()
    assert (at == calls.loc[houses, "place"].to_numpy()).all()


MISTAKES = [
    (lambda: sara.read_places("nowhere.csv"), r"`path` must be a file that is there"),
    (lambda: sara.read_places(pd.DataFrame({"a": [1]})), r"`path` must hold addresses or shapes"),
    (lambda: sara.read_places(pd.DataFrame({"address": []})), r"`path` must hold at least one row"),
    (lambda: sara.read_places(parcels(), columns={"adress": "STREET"}), r"`columns` must name fields.*Did you mean 'address'"),
    (lambda: sara.read_places(parcels(), columns={"use": "nothing"}), r"`columns` names a column"),
    (lambda: sara.read_places(parcels().set_crs(None, allow_override=True)), r"must say its coordinate system"),
    (lambda: sara.data.at_places(events(("1 OAK ST", 0, 0)), [1]), r"`places` must be a register"),
    (lambda: sara.data.at_places([1], sara.read_places(parcels())), r"`events` must be an event table"),
]


@pytest.mark.parametrize(("call", "words"), MISTAKES)
def test_mistakes_are_answered_in_words(call, words):
    with pytest.raises(sara.InputError, match=words):
        call()


def test_a_shape_that_is_a_point_has_its_own_coordinates():
    places = sara.read_places(gpd.GeoDataFrame({"name": ["Anchor"]}, geometry=[Point(EAST, NORTH)], crs=CRS))
    assert places[["x", "y"]].iloc[0].tolist() == [EAST, NORTH]
    assert places["kind"].tolist() == ["place"]
