"""What each format can hold that is odd: read right, told, or refused with a reason."""

from __future__ import annotations

import datetime as dt
import io
import json
import struct
import zipfile

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
import shapely

import sara
from sara.core.errors import InputError, SaraWarning
from sara.data._rejects import rejects_of
from sara.data.formats import read_bytes
from sara.data.formats._raw import header_names, typed_frame

HEADER = "id,received,nature,lon,lat\n"
TEXT = HEADER + "1,2024-03-13 10:00,FIGHT,-88.9,40.9\n2,2024-03-14 11:00,NOISE,-88.91,40.91\n"
RECORDS = [
    {"id": "1", "received": "2024-03-13 10:00", "nature": "FIGHT", "lon": -88.9, "lat": 40.9},
    {"id": "2", "received": "2024-03-14 11:00", "nature": "NOISE", "lon": -88.91, "lat": 40.91},
]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SARA_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def write(tmp_path):
    def _write(content, name="export.dat"):
        if not isinstance(content, (bytes, str)):
            content = json.dumps(content)
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path / name

    return _write


def feature(record, geometry, **more):
    return {"type": "Feature", "properties": record, "geometry": geometry, **more}


# --- text -----------------------------------------------------------------------------------------------------------------------------------------------


def test_one_stray_byte_does_not_make_a_file_another_encoding(write):
    text = HEADER + "".join(f"{i},2024-03-13 10:00,CAFÉ FIGHT — ÜBER,-88.9,40.9\n" for i in range(20))
    content = text.encode().replace("CAFÉ".encode(), b"CAF\xc9", 1)
    events = sara.read_calls(write(content))
    assert events["type"].unique().tolist() == ["CAFÉ FIGHT — ÜBER"]
    assert (events.attrs["sara"]["encoding"], events.attrs["sara"]["bytes_not_utf8"]) == ("utf-8", 1)
    old = sara.read_calls(write(text.encode("cp1252")))
    assert old["type"].unique().tolist() == ["CAFÉ FIGHT — ÜBER"]
    assert old.attrs["sara"]["encoding"] == "cp1252"


def test_a_billion_columns_and_a_line_of_a_million_fields(write):
    with pytest.raises(InputError, match="at most 5,000 columns"):
        sara.read_calls(write("a," * 3_000_000 + "\n1,2\n"))
    with pytest.raises(InputError, match="at most 5,000 columns"):
        sara.read_calls(write([{f"c{i}": 1 for i in range(6_000)}]))
    events = sara.read_calls(write(TEXT + "," * 2_000_000 + "x\n"))
    assert len(events) == 2
    assert rejects_of(events)["reason"].tolist() == ["the line has more than 5,000 fields where the header has 5"]
    assert header_names(["a"] * 4_000)[-1] == "a_4000"


def test_formulas_are_text_and_harmless_when_written(write, tmp_path):
    events = sara.read_calls(write(TEXT.replace("FIGHT", "=HYPERLINK(1)") + "3,=cmd|x,FIGHT,-88.9,40.9\n"))
    assert events["type"].iloc[0] == "=HYPERLINK(1)"
    assert rejects_of(events)["value"].tolist() == ["=cmd|x"]


# --- archives -------------------------------------------------------------------------------------------------------------------------------------------


def test_monthly_files_of_one_zip_are_read_like_a_folder(write):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("notes.txt", "Calls of 2024, by month. Ask the records unit.")
        archive.writestr("jan.csv", TEXT)
        archive.writestr("feb.csv", TEXT.replace("\n1,", "\n3,").replace("2024-03-14 11:00", "soon"))
        archive.writestr("late/mar.csv", "ID;Received;Nature;Lon;Lat;Beat\n5;2024-03-15 10:00;FIGHT;-88.9;40.9;7\n")
    events = sara.read_calls(write(packed.getvalue()))
    assert events["id"].tolist() == ["1", "3", "2", "5"]
    assert rejects_of(events)[["file", "line"]].to_numpy().tolist() == [["feb.csv", 3]]
    assert events.attrs["sara"]["files"] == ["jan.csv", "feb.csv", "mar.csv"]


def test_a_zip_with_a_password(write):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("calls.csv", TEXT)
    content = bytearray(packed.getvalue())
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):
        at = content.index(mark) + (6 if mark[2] == 3 else 8)
        content[at] |= 1
    with pytest.raises(InputError, match="must be a zip without a password"):
        sara.read_calls(write(bytes(content)))


def test_a_locked_workbook(write):
    content = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600)
    with pytest.raises(InputError, match="workbook without a password"):
        sara.read_calls(write(content))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"7z\xbc\xaf'\x1c", "a 7z archive"),
        (b"Rar!\x1a\x07", "a rar archive"),
        (b"\x80\x04\x95\x00\x00", "a Python pickle"),
        (b"<!DOCTYPE html><html></html>", "a web page"),
        (b"\xff\xd8\xff\xe0JFIF", "a picture"),
        (b"PAR1" + bytes(40) + b"PAR1", "whole Parquet file"),
        (b"SQLite format 3\x00" + bytes(200), "whole file of its kind"),
    ],
)
def test_what_is_no_table(write, content, words):
    with pytest.raises(InputError, match=words):
        sara.read_calls(write(content))


# --- workbooks ------------------------------------------------------------------------------------------------------------------------------------------


def test_cells_of_every_kind(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["id", "received", "nature", "lon", "lat", "share", "sum", "long", "flag"])
    sheet.append([1, dt.datetime(2024, 3, 13, 10), "FIGHT", -88.9, 40.9, "#N/A", "=A2+1", dt.timedelta(hours=30), True])
    sheet.append([2.0, dt.datetime(2024, 3, 14, 11), "NOISE", -88.91, 40.91, 0.5, "=A3+1", dt.timedelta(minutes=5), False])
    sheet["F2"].data_type = "e"
    book.save(tmp_path / "calls.xlsx")
    with pytest.warns(SaraWarning, match="2 cells hold a formula that was never worked out"):
        events = sara.read_calls(tmp_path / "calls.xlsx")
    assert events["id"].tolist() == ["1", "2"]
    record = events.attrs["sara"]
    assert (record["error_cells"], record["formulas_without_a_value"], record["format"]) == (1, 2, "excel")
    assert events["long"].tolist() == ["30:00:00", "0:05:00"]
    assert events["share"].isna().tolist() == [True, False]


def test_one_cell_in_the_far_corner_is_no_hang(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["id", "received"])
    book.active["XFD1048576"] = "far"
    book.save(tmp_path / "calls.xlsx")
    with pytest.raises(InputError, match="million cells. Got 1,048,576 rows by 16,384 columns"):
        sara.read_calls(tmp_path / "calls.xlsx")


# --- JSON -----------------------------------------------------------------------------------------------------------------------------------------------


def test_features_without_geometry_and_with_other_shapes(write):
    ring = [[-88.9, 40.9], [-88.8, 40.9], [-88.8, 41.0], [-88.9, 40.9]]
    shapes = [
        None, {"type": "Point", "coordinates": []}, {"type": "Point", "coordinates": ["x", 1]}, {"type": "Point", "coordinates": [-88.9, 40.9, 12.0]},
        {"type": "Polygon", "coordinates": [ring]}, {"type": "LineString", "coordinates": ring[:2]}, {"type": "MultiPoint", "coordinates": [ring[0]]},
        {"type": "Polygon", "coordinates": "no"}, {"type": "Circle"}, 7,
    ]  # fmt: skip
    features = [feature({"received": "2024-03-13 10:00", "nature": "FIGHT"}, shape, id=i) for i, shape in enumerate(shapes)]
    path = write({"type": "FeatureCollection", "features": [*features, "no feature", {"type": "Feature"}]})
    with pytest.warns(SaraWarning, match="2 of 10 rows are areas or lines"):
        events = sara.read_calls(path)
    assert events["x"].notna().sum() == 4
    record = events.attrs["sara"]
    assert (record["geometry_not_points"], record["geometry_unreadable"], record["rows_read"]) == (2, 4, 12)
    assert rejects_of(events)[["line", "reason"]].to_numpy().tolist() == [
        [11, "the entry is no record"],
        [12, "every field is blank"],
    ]
    assert sorted(events["id"]) == [str(i) for i in range(10)]


def test_a_map_of_areas_is_not_events(write):
    shapes = [json.loads(shapely.to_geojson(shapely.box(i, 0, i + 1, 1))) for i in range(6)]
    path = write(
        {
            "type": "FeatureCollection",
            "features": [feature({"name": f"N{i}", "created_at": "2024-03-13 10:00"}, s) for i, s in enumerate(shapes)],
        }
    )
    with pytest.raises(InputError, match=r"Got 6 areas or lines.*sara.read_areas"):
        sara.read_calls(path)
    assert len(sara.read_calls(path, columns={"time": "created_at", "type": None})) == 6


def test_the_system_a_geojson_names(write):
    named = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::26916"}}
    made = {
        "type": "FeatureCollection",
        "crs": named,
        "features": [feature(RECORDS[0] | {"lon": 0, "lat": 0}, {"type": "Point", "coordinates": [340000, 4530000]})],
    }
    assert sara.read_calls(write(made)).to_crs(4326).geometry.x.iloc[0] == pytest.approx(-88.9, abs=0.1)


ESRI = {
    "fields": [
        {"name": "OBJECTID", "type": "esriFieldTypeOID", "alias": "OBJECTID"},
        {"name": "F7", "type": "esriFieldTypeString", "alias": "Nature"},
        {"name": "PRIORITY", "type": "esriFieldTypeSmallInteger", "alias": "Priority", "domain": {"type": "codedValue", "codedValues": [{"code": 1, "name": "Emergency"}, {"code": 2, "name": "Routine"}]}},
        {"name": "RECEIVED", "type": "esriFieldTypeDate", "alias": "Received", "length": 8},
    ],
    "spatialReference": {"wkid": 102100},
    "features": [
        {"attributes": {"OBJECTID": 1, "F7": "FIGHT", "PRIORITY": 1, "RECEIVED": 1710324000000}, "geometry": {"x": -9896303, "y": 4997000}},
        {"attributes": {"OBJECTID": 2, "F7": "NOISE", "PRIORITY": 2, "RECEIVED": None}, "geometry": {"x": "NaN", "y": "NaN"}},
        {"attributes": {"OBJECTID": 3, "F7": "NOISE", "PRIORITY": 9, "RECEIVED": 1710327600000}, "geometry": {"rings": [[[-9896303, 4997000], [-9896203, 4997000], [-9896203, 4997100], [-9896303, 4997000]]]}},
        {"attributes": {"OBJECTID": 4, "F7": "NOISE", "PRIORITY": 2, "RECEIVED": 1710331200000}},
    ],
    "exceededTransferLimit": True,
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::sara.SaraWarning")
def test_an_arcgis_page(write):
    with pytest.warns(SaraWarning, match="has more rows than it sent"):
        events = sara.read_calls(write(ESRI), tz="America/Chicago")
    record = events.attrs["sara"]
    assert (record["epoch_columns"], record["renamed_columns"]) == (["RECEIVED"], {"Nature": "F7"})
    assert events["time"].isna().sum() == 1
    assert events["time"].iloc[0] == pd.Timestamp("2024-03-13 05:00")
    assert sorted(events["priority"]) == ["9", "Emergency", "Routine", "Routine"]
    assert events["x"].notna().tolist().count(True) == 2
    assert events.to_crs(4326).geometry.x.iloc[0] == pytest.approx(-88.9, abs=0.01)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"error": {"code": 400, "message": "Invalid query", "details": []}}, "the error a service answered with.*400, Invalid query"),
        ({"error": True, "message": "Unrecognized arguments"}, "Unrecognized arguments"),
        ({"code": "dataset.missing", "error": True, "message": "Not found"}, "Not found"),
        ([{"code": 404, "description": "jurisdiction_id not found"}], "jurisdiction_id not found"),
        ({"success": False, "error": {"message": "Not found", "__type": "Not Found"}}, "Not found"),
        ({"objectIdFieldName": "OBJECTID", "objectIds": [1, 2]}, "only the numbers of its rows"),
        ({"currentVersion": 10.9, "name": "Calls", "fields": ESRI["fields"]}, "the description of a layer"),
        ([{"service_code": "1", "service_name": "Pothole", "group": "Streets"}], "list of services"),
        ({"type": "FeatureCollection"}, "GeoJSON without one"),
        ({"name": "calls", "license": "CC0"}, "JSON without one"),
        ("[1, 2, 3]", "JSON without one"),
        ('[{"a": 1}, {"a": 2}, {"a"', "breaks off or is damaged at character"),
        ("[" * 100_000, "too deep|breaks off"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "too deep|breaks off"),
        ('[{"a": ' + "9" * 5000 + "}]", "none that is called or reads like a time"),
        ("[]", "an empty file"),
        ({"meta": {"view": {"columns": [{"name": "a"}]}}}, "without them"),
    ],
)  # fmt: skip
def test_answers_that_hold_no_table(write, content, words):
    with pytest.raises(InputError, match=words):
        sara.read_calls(write(content))


def test_lines_of_json_that_cannot_be_read_are_rejects(write):
    lines = [json.dumps(record) for record in RECORDS]
    events = sara.read_calls(
        write("\n".join([lines[0], "{oops", "", lines[1], "[3]", lines[1].replace("2024-03-14 11:00", "soon")]))
    )
    assert rejects_of(events).sort_values("line")[["line", "reason"]].to_numpy().tolist() == [
        [2, "the entry is no record"], [5, "the entry is no record"], [6, "the time can't be read"],
    ]  # fmt: skip


def test_pages_that_leave_out_what_is_missing(tmp_path):
    for i in range(30):
        page = [{**record, "id": f"{i}-{record['id']}", **({"note": "x"} if i % 3 == 0 else {})} for record in RECORDS]
        (tmp_path / f"page_{i:03d}.json").write_text(
            json.dumps(page if i else [{k: v for k, v in r.items() if k != "nature"} for r in page])
        )
    events = sara.read_calls(tmp_path)
    assert len(events) == 60 and events["id"].is_unique
    assert events["type"].notna().sum() == 58
    assert (events.attrs["sara"]["n_files"], len(events.attrs["sara"]["files"])) == (30, 20)


# --- XML ------------------------------------------------------------------------------------------------------------------------------------------------


def test_open311_as_published(real_data):
    events = sara.read_complaints(real_data / "open311" / "san_francisco_requests.xml", tz="America/Los_Angeles")
    assert (len(events), events.attrs["sara"]["format"], int(events["x"].isna().sum())) == (56, "Open311 XML", 9)
    assert events["time"].max() < pd.Timestamp("2012-05-23") and events["time"].notna().all()
    assert events.attrs["sara"]["bad_locations"] == {"zero": 9}
    other = sara.read_complaints(real_data / "open311" / "bloomington_requests.json", tz="America/Indiana/Indianapolis")
    assert len(other) == 21 and other["time"].notna().all()
    for name in ("san_francisco_services.xml", "bloomington_services.json"):
        with pytest.raises(InputError, match="list of services of an Open311 endpoint"):
            sara.read_complaints(real_data / "open311" / name)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "ha">]><r><x><y>&a;</y></x></r>', "without a document type or entities"),
        (
            '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><r><x><y>&a;</y></x></r>',
            "without a document type or entities",
        ),
        ('<?xml version="1.0"?>' + "<a>" * 60_000 + "</a>" * 60_000, "deeper than 50"),
        ('<?xml version="1.0"?><rows><row><a>1</a>', "whole XML"),
        ('<?xml version="1.0"?><errors><error><code>403</code><description>no key</description></error></errors>', "403 no key"),
        ('<?xml version="1.0"?><kml><Document/></kml>', "of the kind 'kml'"),
    ],
)
def test_xml_that_is_not_read(write, content, words):
    with pytest.raises(InputError, match=words):
        sara.read_calls(write(content))


# --- layers ---------------------------------------------------------------------------------------------------------------------------------------------


def test_shapefile_nulls_and_systems(tmp_path):
    table = gpd.GeoDataFrame(
        pd.DataFrame(RECORDS).drop(columns=["lon", "lat"]), geometry=gpd.points_from_xy([1e6, 1.1e6], [4e5, 4.1e5]), crs=3435
    )
    table.to_file(tmp_path / "calls.shp")
    shp = bytearray((tmp_path / "calls.shp").read_bytes())
    # The second point, 28 bytes a record behind the header of 100.
    shp[100 + 28 + 12 : 100 + 56] = struct.pack("<dd", -1.7976931348623157e308, -1.7976931348623157e308)
    (tmp_path / "calls.shp").write_bytes(bytes(shp))
    events = sara.read_calls(tmp_path / "calls.shp")
    assert events["x"].notna().tolist() == [True, False]
    assert events.attrs["sara"]["bad_locations"] == {"shapefile null": 1}
    (tmp_path / "calls.prj").unlink()
    with pytest.raises(InputError, match="coordinate reference system"):
        sara.read_calls(tmp_path / "calls.shp")
    again = sara.read_calls(tmp_path / "calls.shp", crs=3435)
    assert again["x"].iloc[0] == pytest.approx(events["x"].iloc[0])
    assert again.attrs["sara"]["crs_missing"] == "no .prj"
    (tmp_path / "calls.shx").unlink()
    (tmp_path / "calls.dbf").unlink()
    with pytest.raises(InputError, match=r"\.shp, \.shx and \.dbf side by side|`time` must be|must hold"):
        sara.read_calls(tmp_path / "calls.shp", crs=3435)


@pytest.mark.parametrize("month", ["080116_083116", "090116_093016", "100116_103116"])
def test_portland(real_data, month):
    rows = {"080116_083116": 19_376, "090116_093016": 18_443, "100116_103116": 17_690}[month]
    with pytest.warns(SaraWarning, match=r"holds the rows of .*\.shp in another format"):
        events = sara.read_calls(real_data / "portland" / f"NIJ_{month}.zip")
    assert len(events) == events.attrs["sara"]["rows_read"] == rows
    assert events["x"].isna().sum() <= 1


def test_layers_of_one_geopackage(tmp_path):
    table = gpd.GeoDataFrame(pd.DataFrame(RECORDS), geometry=gpd.points_from_xy([-88.9] * 2, [40.9] * 2), crs=4326)
    table.to_file(tmp_path / "a.gpkg", layer="y2023", driver="GPKG")
    table.assign(id=["3", "4"]).to_file(tmp_path / "a.gpkg", layer="y2024", driver="GPKG")
    gpd.GeoDataFrame({"beat": [1, 2]}, geometry=table.geometry.to_numpy(), crs=4326).to_file(
        tmp_path / "a.gpkg", layer="beats", driver="GPKG"
    )
    events = sara.read_calls(tmp_path / "a.gpkg")
    assert sorted(events["id"]) == ["1", "2", "3", "4"]
    assert events.attrs["sara"]["layer"] == "y2023, y2024"


# --- Parquet and tables in memory -----------------------------------------------------------------------------------------------------------------------


def test_types_survive():
    frame = pd.DataFrame({
        "label": pd.Categorical(["a", None]), "number": pd.Categorical([1, 2]), "flag": [True, False], "small": pd.array([1, None], dtype="Int8"),
        "day": [dt.date(2024, 3, 1), None], "bytes": [b"\x01\x02", None], "list": [[1, 2], None], "map": [{"a": 1}, None],
        "zone": pd.to_datetime(["2024-03-01 10:00", None]).tz_localize("America/Chicago"), "period": pd.period_range("2024-01", periods=2, freq="M"),
        "long": pd.to_timedelta(["30h", None]),
    })  # fmt: skip
    out = typed_frame(frame)
    assert out["label"].tolist()[0] == "a" and pd.isna(out["label"].iloc[1])
    assert out["number"].tolist() == [1, 2] and out["flag"].tolist() == ["True", "False"]
    assert [out[name].iloc[0] for name in ("day", "bytes", "list", "map", "long")] == [
        "2024-03-01",
        "0102",
        "[1, 2]",
        '{"a": 1}',
        "30:00:00",
    ]
    assert str(out["zone"].dt.tz) == "America/Chicago" and out["period"].iloc[1] == pd.Timestamp("2024-02-01")


def test_arrow_columns(tmp_path):
    import decimal

    table = pa.table({
        "id": pa.array(["1", "2"]).dictionary_encode(), "received": pa.array([dt.datetime(2024, 3, 13, 10), None], pa.timestamp("ns", "America/Chicago")),
        "nature": ["FIGHT", "NOISE"], "cost": pa.array([decimal.Decimal("12.50"), None], pa.decimal128(8, 2)), "units": [["A1", "B2"], []],
        "lon": pa.array([-88.9, -88.9], pa.float32()), "lat": [40.9, 40.9], "day": pa.array([dt.date(2024, 3, 13), None]),
    })  # fmt: skip
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    for events in (sara.read_calls(tmp_path / "a.parquet"), sara.read_calls(table.to_pandas(types_mapper=pd.ArrowDtype))):
        assert events["id"].tolist() == ["1", "2"]
        assert events["cost"].tolist()[0] == 12.5
        assert events["units"].iloc[0] == '["A1", "B2"]'
        # Arrow counts in UTC; the wall clock of Chicago stood at five.
        assert events["time"].iloc[0] == pd.Timestamp("2024-03-13 05:00")


def own(tmp_path, n: int = 6):
    table = pd.DataFrame({"id": [f"c{i}" for i in range(n)], "received": pd.date_range("2024-03-01", periods=n, freq="9h").astype(str), "nature": "FIGHT",
                          "lon": -88.9, "lat": [40.9, None, *[40.91] * (n - 2)], "beat": range(n)})  # fmt: skip
    table.to_csv(tmp_path / "calls.csv", index=False)
    return sara.read_calls(tmp_path / "calls.csv", tz="America/Chicago")


@pytest.mark.parametrize("how", ["sara", "geopandas", "arrow"])
def test_event_tables_come_back(tmp_path, how):
    events = own(tmp_path)
    path = tmp_path / "calls.parquet"
    events.to_parquet(path)
    if how != "geopandas":
        found = pyarrow.parquet.read_table(path)
        meta = {k: v for k, v in found.schema.metadata.items() if how == "sara" or k != b"pandas"}
        found = found.replace_schema_metadata({**meta, b"sara": json.dumps(events.attrs["sara"]).encode()})
        if how == "arrow":
            index = found.schema.get_field_index("category")
            found = found.set_column(index, "category", found.column(index).dictionary_encode())
        pyarrow.parquet.write_table(found, path)
    back = sara.read_calls(path)
    pd.testing.assert_frame_equal(pd.DataFrame(back.drop(columns="geometry")), pd.DataFrame(events.drop(columns="geometry")))
    assert back.geometry.geom_equals(events.geometry).sum() == 5 and back.crs == events.crs
    known = (
        {"file": "calls.parquet", "rows_read": 6, "rows_rejected": 0, "rejects": None}
        if how == "geopandas"
        else events.attrs["sara"]
    )
    assert back.attrs["sara"] == known
    with pytest.warns(SaraWarning, match="is an event table of 'calls', and stays one"):
        assert sara.read_complaints(path)["source"].eq("calls").all()


def test_parts_of_an_event_table_come_back_as_one(tmp_path):
    events = own(tmp_path)
    folder = tmp_path / "parts"
    folder.mkdir()
    for i in range(3):
        events.iloc[i::3].to_parquet(folder / f"part-{i}.parquet")
    back = sara.read_calls(folder)
    assert back["id"].tolist() == events["id"].tolist()
    assert back.attrs["sara"]["rows_read"] == len(back) == 6


def test_tables_in_memory_are_not_changed(tmp_path):
    frame = pd.DataFrame(RECORDS, index=["a", "b"])
    frame.loc["b", "received"] = "soon"
    before = frame.copy(deep=True)
    events = sara.read_calls(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert rejects_of(events)["line"].tolist() == ["b"]
    with pytest.raises(InputError, match="each column once"):
        sara.read_calls(pd.concat([frame, frame["id"]], axis=1))
    with pytest.raises(InputError, match="`time` must be one of the columns"):
        sara.as_events(pd.DataFrame({"a": [1], "b": ["x"]}))
    with pytest.raises(InputError, match="`time` must be one of the columns"):
        sara.as_events(pd.DataFrame({"kind": ["x"], "lon": [-88.9], "lat": [40.9]}), type="kind", lon="lon", lat="lat")


def test_complaints_about_officers_are_refused():
    class Published:
        table = pd.DataFrame(RECORDS)
        agency, state, table_type, year = "Riverton", "Nowhere", "COMPLAINTS", 2024

    with pytest.raises(InputError, match="complaints about officers"):
        sara.read_complaints(Published())


def test_read_bytes_keeps_places():
    (table,) = read_bytes(json.dumps(RECORDS).encode(), "a.json", "x")
    assert np.array_equal(table.lines, [1, 2])
