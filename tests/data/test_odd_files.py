"""Files as they come: portals' own layouts, workbooks, damaged and foreign files; each is read right or answered by one error."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import warnings
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pytest

import sara
from sara.core.errors import InputError, SaraWarning
from sara.data._rejects import rejects_of
from sara.data.addresses import columns

pytestmark = pytest.mark.filterwarnings("ignore:No column tells")

HEADER = "id,received,nature,lon,lat\n"
ROW = "{},2024-03-{:02d} 10:00,FIGHT,-88.9,40.9\n"
TEXT = HEADER + ROW.format(1, 13) + ROW.format(2, 14)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SARA_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def write(tmp_path):
    def _write(content, name="calls.csv"):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path / name

    return _write


@pytest.fixture
def workbook(tmp_path):
    def _workbook(**sheets):
        book = openpyxl.Workbook()
        book.remove(book.active)
        for title, rows in sheets.items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(row)
        book.save(tmp_path / "calls.xlsx")
        return tmp_path / "calls.xlsx"

    return _workbook


PORTALS = {
    "New York 311": (
        "Unique Key,Created Date,Closed Date,Agency,Complaint Type,Descriptor,Incident Zip,Incident Address,Street Name,Address Type,City,Status,"
        "Resolution Action Updated Date,Community Board,BBL,Borough,X Coordinate (State Plane),Y Coordinate (State Plane),Open Data Channel Type,"
        "Latitude,Longitude,Location\n"
        '59886461,12/31/2023 11:59:45 PM,,NYPD,Noise - Residential,Loud Music/Party,10466,655 EAST 230 STREET,EAST 230 STREET,ADDRESS,BRONX,Closed,'
        '01/02/2024 12:30:00 AM,12 BRONX,2048330028,BRONX,1023777,263950,MOBILE,40.891041,-73.860577,"(40.891041, -73.860577)"\n',
        {"time": "2023-12-31 23:59:45", "type": "Loud Music/Party", "category": "noise", "id": "59886461"},
    ),
    "Austin 311": (
        "Service Request (SR) Number,SR Description,Method Received,SR Status,Status Change Date,Created Date,Last Update Date,Close Date,SR Location,"
        "Street Number,Street Name,City,Zip Code,State Plane X Coordinate,State Plane Y Coordinate,Latitude Coordinate,Longitude Coordinate\n"
        '24-00000123,Loose Dog,Phone,Closed,2024 Jan 02 10:00:00 AM,2024 Jan 01 12:10:07 AM,,,"1200 SPRINGDALE RD, AUSTIN, TX 78721",1200,SPRINGDALE,'
        "AUSTIN,78721,3127000,10075000,30.2770,-97.6930\n",
        {"time": "2024-01-01 00:10:07", "type": "Loose Dog", "category": "animal", "id": "24-00000123"},
    ),
    "Cincinnati": (
        "ADDRESS_X,LATITUDE_X,LONGITUDE_X,AGENCY,CREATE_TIME_INCIDENT,DISPOSITION_TEXT,EVENT_NUMBER,INCIDENT_TYPE_ID,INCIDENT_TYPE_DESC,PRIORITY\n"
        "15XX LINN ST,39.1131,-84.5286,CPD,2024 Jan 05 11:23:45 PM,ADV: ADVISED,CPD240105001234,DISORD,DISORDERLY PERSON,21\n",
        {"time": "2024-01-05 23:23:45", "type": "DISORDERLY PERSON", "place": "1500 BLOCK OF LINN ST"},
    ),
    "Hartford": (
        "Case_Number,Date,Time_24HR,Address,UCR_1_Category,UCR_1_Description,Neighborhood,geom\n"
        '24000001,01/15/2024,45,123 MAIN ST,09* - DRUGS,NOISE COMPLAINT,DOWNTOWN,"(41.7658, -72.6734)"\n'
        '24000002,01/16/2024,2359,55 PARK ST,09* - DRUGS,FIGHT,DOWNTOWN,"(41.7558, -72.6834)"\n',
        {"time": "2024-01-15 00:45:00", "type": "NOISE COMPLAINT", "place": "123 MAIN ST"},
    ),
    "Los Angeles": (
        "incident_number,area_occ,rpt_dist,dispatch_date,dispatch_time,call_type_code,call_type_text\n"
        "PD24010100000123,Outside,0158,2024-01-01T00:00:00.000,23:59:59,006,CODE 6\n",
        {"time": "2024-01-01 23:59:59", "category": "other", "id": "PD24010100000123"},
    ),
    "San Francisco": (
        "Crime Id,Original Crime Type Name,Report Date,Call Date,Offense Date,Call Time,Call Date Time,Disposition,Address,City\n"
        "160903280,Assault / Battery,03/30/2016,03/30/2016,03/30/2016,18:42,03/30/2016 06:42:00 PM,REP,100 Block Of Chilton Av,San Francisco\n",
        {"time": "2016-03-30 18:42:00", "hour": "18", "place": "100 BLOCK OF CHILTON AVE"},
    ),
    "Detroit": (
        "X,Y,incident_entry_id,called_at,calldescription,callcode,category,officer_initiated,intake_time,longitude,latitude,ObjectId\n"
        "-83.07,42.36,201,1704067200000,SPECIAL ATTENTION,SPATTN,SPATTN,Yes,0.5,-83.07,42.36,1\n",
        {"time": "2023-12-31 19:00:00", "id": "201", "origin": "officer", "type": "SPECIAL ATTENTION"},
    ),
    "Tucson": (
        "X,Y,OBJECTID,case_id,call_id,agency,ADDRESS_PUBLIC,ACTDATETIME,ACT_MONTH,ACT_YEAR,NatureCode,NATURECODEDESC,CALLTYPE,LON,LAT\n"
        "1000000,450000,1,P2401010001,240010001,TPD,200 E BROADWAY BL,2024/01/01 05:00:03+00,Jan,2024,3101,DISORDERLY CONDUCT,PHONE,-110.968,32.221\n",
        {"time": "2024-01-01 00:00:03", "type": "DISORDERLY CONDUCT"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("portal", PORTALS)
def test_portals_layouts(write, portal):
    text, expected = PORTALS[portal]
    read = sara.read_complaints if "311" in portal else sara.read_calls
    events = read(write(text), tz="America/Detroit")
    row = events.iloc[0].astype(str)
    assert {name: row[name] for name in expected} == expected
    assert len(events) == events.attrs["sara"]["rows_read"]
    assert portal in ("Los Angeles", "San Francisco") or events["x"].notna().all()


def test_feet_without_a_system_are_asked_for(write):
    text = "NOPD_Item,TypeText,MapX,MapY,TimeCreate\nA0000124,FIREWORKS,3683840,529120,01/15/2024 12:00:26 AM\n"
    with pytest.raises(InputError, match=r"`crs` must be given: 'MapX' and 'MapY' are not longitude and latitude"):
        sara.read_calls(write(text))
    assert sara.read_calls(write(text), crs=3452).to_crs(4326).geometry.y.iloc[0] == pytest.approx(29.95, abs=0.02)


@pytest.mark.parametrize(
    "content",
    [
        TEXT.replace(",", "\t").encode("utf-16"),
        TEXT.replace(",", "\t").encode("utf-16-le"),
        "sep=;\r\n" + TEXT.replace(",", ";"),
        "Calls for service 2024\nPrinted 1 May\n\n" + TEXT,
        TEXT.replace("lat\n", "lat,nature,id\n").replace("40.9\n", "40.9,other,99\n"),
        TEXT.replace("lat\n", "lat,geometry,index,x\n").replace("40.9\n", "40.9,round,5,no\n"),
        TEXT.replace("lat\n", "lat," + ",".join(f"c{i}" for i in range(395)) + "\n").replace(
            "40.9\n", "40.9" + ",1" * 395 + "\n"
        ),
    ],
    ids=["utf-16", "utf-16 without its mark", "sep=", "titles", "double columns", "columns with our names", "400 columns"],
)
def test_the_same_two_rows(write, content):
    events = sara.read_calls(write(content))
    assert events["id"].tolist() == ["1", "2"]
    assert events["category"].tolist() == ["disorder"] * 2
    assert events["x"].notna().all()
    assert sara.as_events(events).equals(events)


@pytest.mark.parametrize("name", ["calls.csv.gz", "calls.zip"])
def test_damaged_archives(write, name):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("README.txt", "read me")
        archive.writestr("calls.csv", TEXT)
    whole = (
        gzip.compress((HEADER + "".join(ROW.format(i, i % 28 + 1) for i in range(300))).encode())
        if name.endswith("gz")
        else packed.getvalue()
    )
    sara.read_calls(write(whole, name))
    middle = whole[:60] + b"\x55" * 25 + whole[85:] if name.endswith("gz") else whole.replace(b"FIGHT", b"FIXXX")
    for damaged in (whole[:-30], middle):
        with pytest.raises(InputError, match=r"must be a whole (?:gz|zip) file"):
            sara.read_calls(write(damaged, name))


def test_a_zip_with_a_member_without_a_name(write):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("nothing", "")
        archive.writestr("calls.csv", TEXT)
    # A name that begins with a zero byte ends there.
    path = write(packed.getvalue().replace(b"nothing", b"\0othing"), "calls.zip")
    assert len(sara.read_calls(path)) == 2
    assert sara.convert(path, path.with_suffix(".parquet"))


@pytest.mark.parametrize("field", [4, 6, 8, 10], ids=["version made by", "version needed", "flags", "method"])
def test_a_zip_of_a_kind_nobody_reads(write, field):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("calls.csv", TEXT)
    whole = bytearray(packed.getvalue())
    whole[whole.index(b"PK\x01\x02") + field] = 100
    path = write(bytes(whole), "calls.zip")
    for read in (lambda: sara.read_calls(path), lambda: sara.convert(path, path.with_suffix(".parquet"))):
        try:
            read()
        except InputError as error:
            assert "must be" in str(error)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.4\n1 0 obj", "not text"),
        (np.random.default_rng(1).integers(0, 256, 5000, dtype=np.uint8).tobytes(), "not text"),
        ("<!DOCTYPE html><html>log in</html>", "a web page"),
        ('{"type": "FeatureCollection"}', "JSON"),
        (TEXT.replace("2024-03-13", "13/03/2024").replace("2024-03-14", "03/14/2024"), "one order of day and month"),
        (HEADER.replace("lon,lat", "latitude,longitude") + "1,2024-03-01,FIGHT,1272000.5,229000\n", None),
    ],
)
def test_what_is_no_table_is_said_to_be_none(write, content, words):
    if words is None:
        assert sara.read_calls(write(content))["x"].isna().all()
        return
    with pytest.raises(InputError, match=words):
        sara.read_calls(write(content))


def test_every_time_unreadable_is_an_error_and_one_is_a_reject(write):
    with pytest.raises(InputError, match=r"`time` must be readable. Got 'later' in 'received' \(line 2\)"):
        sara.read_calls(write(HEADER + "1,later,FIGHT,-88.9,40.9\n"), columns={"time": "received"})
    text = HEADER.strip() + ',notes\n1,2024-03-13 10:00,FIGHT,-88.9,40.9,"one\ntwo\n\nfour"\n2,later,FIGHT,-88.9,40.9,x\n'
    for ends in ("\n", "\r\n", "\r"):
        events = sara.read_calls(write(text.replace("\n", ends)), columns={"time": "received"})
        assert rejects_of(events)[["line", "value"]].to_numpy().tolist() == [[6, "later"]]


def test_month_first_is_said_aloud_where_nothing_tells(write):
    path = write(HEADER + "1,03/04/2024 10:00,FIGHT,-88.9,40.9\n2,04/05/2024 10:00,FIGHT,-88.9,40.9\n")
    with pytest.warns(SaraWarning, match="'received' is read month first"):
        events = sara.read_calls(path)
    assert "dates such as 03/04 are read month first" in " ".join(sara.audit(events).table["finding"])
    assert events["month"].tolist() == [3, 4]


def test_one_wrong_order_among_many_is_a_reject_and_many_are_an_error(write):
    days = pd.date_range("2024-01-01", periods=360)
    texts = [day.strftime("%m/%d/%Y") for day in days]
    rows = "".join(f"{i},{{}},FIGHT,-88.9,40.9\n" for i in range(360))
    assert len(sara.read_calls(write(HEADER + rows.format(*texts[:-1], "31/12/2024")))) == 359
    mixed = [day.strftime("%d/%m/%Y" if i % 5 == 0 else "%m/%d/%Y") for i, day in enumerate(days)]
    with pytest.raises(InputError, match="one order of day and month"):
        sara.read_calls(write(HEADER + rows.format(*mixed)))


def test_longitude_and_latitude_in_each_others_column(write):
    right = sara.read_calls(write(TEXT))
    with pytest.warns(SaraWarning, match="'lon' holds latitudes and 'lat' longitudes"):
        swapped = sara.read_calls(write(TEXT.replace("-88.9,40.9", "40.9,-88.9")))
    pd.testing.assert_series_equal(swapped["x"], right["x"])
    # Beyond 90 degrees, too.
    with pytest.warns(SaraWarning):
        assert sara.read_calls(write(TEXT.replace("-88.9,40.9", "40.9,-118.2")))["x"].notna().all()


@pytest.mark.parametrize(
    "point",
    [
        "POINT (-88.9 40.9)",
        "0101000020E61000009A999999993956C03333333333734440",
        '"{""type"": ""Point"", ""coordinates"": [-88.9, 40.9]}"',
    ],
)
def test_points_in_a_column_called_geometry(write, point):
    events = sara.read_calls(write(f"id,received,nature,geometry\n1,2024-03-13,FIGHT,{point}\n2,2024-03-14,FIGHT,{point}\n"))
    assert events.to_crs(4326).geometry.x.tolist() == pytest.approx([-88.9] * 2)


def test_points_between_thousands(write):
    text = (
        "id;date;time;type;x;y\n001;13.04.2024;23:10;NOISE;476.123,5;5.551.234,5\n002;04.04.2024;00:10;FIGHT;476123,5;5551234,5\n"
    )
    events = sara.read_calls(write(text), crs=25832)
    assert events["id"].tolist() == ["002", "001"]
    assert events["x"].tolist() == pytest.approx([476123.5] * 2)
    assert events["y"].tolist() == pytest.approx([5551234.5] * 2)


def test_a_folder_whose_columns_were_renamed(tmp_path, write):
    write(TEXT, "2023.csv")
    write("Call_ID,Received Time,Call Nature,Longitude,Latitude\n3,2024-03-15 10:00,NOISE,-88.9,40.9\n", "2024.csv")
    events = sara.read_calls(tmp_path / "20*.csv")
    assert events["id"].tolist() == ["1", "2", "3"]
    assert events[["time", "category", "x"]].notna().all(axis=None)
    write("number,who\n4,me\n", "2025.csv")
    with pytest.raises(InputError, match=r"Got 2025.csv without 'received'"):
        sara.read_calls(tmp_path / "20*.csv")


def test_workbooks_of_several_sheets(workbook):
    head = ["id", "received", "nature", "lon", "lat"]
    row = [1, dt.datetime(2024, 3, 1, 23, 10), "FIGHT", -88.9, 40.9]
    late = [2, "soon", "FIGHT", -88.9, 40.9]
    events = sara.read_calls(workbook(Notes=[["The calls"], ["of 2024"]], Jan=[head, row], Feb=[["ID", *head[1:]], row, late]))
    assert len(events) == 2
    assert rejects_of(events)[["file", "line", "value"]].to_numpy().tolist() == [["calls.xlsx: Feb", 3, "soon"]]
    with pytest.warns(SaraWarning, match="only the sheet 'Calls' was read; 'Units' with other columns was not"):
        sara.read_calls(workbook(Units=[["unit", "car"], [1, 2], [3, 4]], Calls=[head, row, [3, *row[1:]]]))


def test_workbooks_with_the_time_of_day_beside_the_date(workbook):
    head = ["id", "date", "time", "nature", "lon", "lat"]
    days = [(dt.datetime(2024, 3, 1), dt.time(23, 10)), (dt.date(2024, 3, 2), dt.time(0, 10)), (dt.datetime(2024, 3, 3), 0.5)]
    events = sara.read_calls(
        workbook(Calls=[head, *([i, day, clock, "FIGHT", -88.9, 40.9] for i, (day, clock) in enumerate(days))])
    )
    assert events["time"].astype(str).tolist() == ["2024-03-01 23:10:00", "2024-03-02 00:10:00", "2024-03-03 12:00:00"]


@pytest.mark.parametrize(
    ("clock", "read"),
    [(["45", "1205"], "00:45"), (["9", "17"], "09:00"), (["830.0", "1745.0"], "08:30"), (["1899-12-30T08:15:00", "1899-12-30T09:15:00"], "08:15"), (["81500", "235959"], "08:15")],
)  # fmt: skip
def test_times_of_day_however_written(clock, read):
    events = sara.as_events(pd.DataFrame({"day": ["2024-03-13T00:00:00.000", "2024-03-14"], "at": clock}), time=["day", "at"])
    assert events["time"].iloc[0].strftime("%H:%M") == read


def test_named_columns_that_cannot_be_a_location():
    table = pd.DataFrame({"t": pd.to_datetime(["2024-01-01", "2024-01-02"]), "x": [450000.0, 451000.0], "y": [4.5e6, 4.6e6]})
    with pytest.raises(InputError, match="`y` must be given with `x`"):
        sara.as_events(table, time="t", x="x", crs=32616)
    with pytest.raises(InputError, match="must lie within 180 and 90 degrees. Got 450000, 4500000 and 1 more"):
        sara.as_events(table, time="t", lon="x", lat="y")


@pytest.mark.parametrize("given", [{}, {"type": "kind"}, {"category": "word"}, {"type": "kind", "category": "word"}])
def test_a_shuffled_table_with_any_index_gives_the_same_events(given):
    rng = np.random.default_rng(1)
    table = pd.DataFrame({
        "t": pd.date_range("2024-01-01", periods=60, freq="7h"), "x": 450_000 + rng.uniform(0, 900, 60), "y": 4_500_000.0,
        "kind": "FIGHT", "word": "Disorder", "until": pd.date_range("2024-01-02", periods=60, freq="7h"),
    })  # fmt: skip
    before = table.copy(deep=True)
    events = sara.as_events(table, time="t", x="x", y="y", time_to="until", crs=32616, **given)
    mixed = table.sample(frac=1, random_state=1).set_axis(np.arange(60) // 3)
    pd.testing.assert_frame_equal(events, sara.as_events(mixed, time="t", x="x", y="y", time_to="until", crs=32616, **given))
    pd.testing.assert_frame_equal(events, sara.as_events(events))
    pd.testing.assert_frame_equal(table, before)
    assert events["month"].tolist() == table["t"].dt.month.tolist()
    assert events["dow"].tolist() == table["t"].dt.day_of_week.tolist()
    assert events["hour"].tolist() == table["t"].dt.hour.tolist()
    assert events["category"].isna().all() if not given else (events["category"] == "disorder").all()


def test_plain_addresses_are_read_as_the_rules_read_them():
    rng = np.random.default_rng(1)
    words = [
        "N",
        "S",
        "35TH",
        "MAIN",
        "ST",
        "AVE",
        "BROADWAY",
        "LAKE",
        "CITY",
        "WY",
        "APT",
        "B",
        "BLOCK",
        "HWY",
        "US",
        "AND",
        "AT",
        "SAINT",
        "NB",
        "EXIT",
        "MM",
        "WA",
    ]
    plain = 0
    for _ in range(3000):
        text = " ".join([str(rng.integers(0, 9999)), *rng.choice(words, rng.integers(1, 5))])
        found = columns._plain(text)
        plain += found is not None
        assert found is None or found == columns._by_rules(text), text
    assert plain > 1000


def test_both_ends_of_summer_time(write):
    times = [
        "2024-03-10 01:59",
        "2024-03-10 02:30",
        "2024-03-10 03:00",
        "2024-11-03 01:30",
        "2024-11-03T01:30:00-06:00",
        "2024-11-03 02:00",
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error", SaraWarning)
        events = sara.read_calls(
            write(HEADER + "".join(f"{i},{t},FIGHT,-88.9,40.9\n" for i, t in enumerate(times))), tz="America/Chicago"
        )
    assert events["hour"].tolist() == [1, 2, 3, 1, 1, 2]
    assert np.diff(events["t"].to_numpy(dtype=np.int64))[[0, 1, 3, 4]].tolist() == [60, 0, 3600, 1800]
    assert (events.attrs["sara"]["ambiguous_times"], events.attrs["sara"]["skipped_times"]) == (1, 1)
