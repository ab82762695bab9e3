"""Which column is what."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pandas as pd
import pytest

from sara.core.errors import InputError
from sara.data import as_events, recognize


def frame(**columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame(columns)


def test_names_in_many_styles():
    for name in (
        "Call_Received",
        "callReceived",
        "TimeCreate",
        "CREATED DATE",
        "open_dt",
        "calldatetime",
        "requested_datetime",
        "Date Received",
    ):
        assert recognize(frame(**{name: ["2024-03-01 10:00"]})).columns == {"received": name}, name
    for name in (
        "Initial.Type.Description",
        "CallType",
        "nature",
        "TypeText",
        "Complaint Type",
        "service_name",
        "Offense Description",
    ):
        assert recognize(frame(**{name: ["FIGHT"]})).columns.get("type") == name, name


def test_reason_and_confidence_are_told():
    found = recognize(frame(received=["2024-03-01"], nature=["FIGHT"]))
    assert list(found.table.columns) == ["field", "column", "confidence", "reason"]
    assert found.table["confidence"].between(0.4, 1).all()
    assert "read as times" in found.table.set_index("field").loc["received", "reason"]
    assert "received='received'" in repr(found)


def test_content_overrules_the_name():
    no_times = recognize(frame(received=["Smith", "Jones"], date=["2024-03-01", "2024-03-02"]))
    assert no_times.columns == {"time": "date"}
    feet = recognize(frame(lat=["1272000.5", "1273000"], lon=["229000", "228000"]))
    assert "lat" not in feet.columns
    # Latitudes and longitudes that changed places are found, and put right when they are read.
    swapped = recognize(frame(lat=["-122.3", "-122.4"], lon=["47.5", "47.6"]))
    assert swapped.table.set_index("field").loc["lat", "confidence"] < 0.75


def test_a_change_date_is_not_the_time_of_the_event():
    found = recognize(frame(Updated_On=["2024-03-01"], Date=["2024-02-01"], Year=["2024"], due_date=["2024-04-01"]))
    assert found.columns == {"time": "Date"}


def test_degrees_go_before_projected_coordinates():
    both = frame(
        date=["2024-03-01"],
        X_Coordinate=["1183212"],
        Y_Coordinate=["1871530"],
        Latitude=["41.8"],
        Longitude=["-87.6"],
        Location=["(41.8, -87.6)"],
    )
    found = recognize(both).columns
    assert (found["lon"], found["lat"]) == ("Longitude", "Latitude")
    assert not {"x", "y", "point"} & set(found)


def test_date_and_time_apart_are_joined():
    found = recognize(frame(Date=["03/01/2024", "03/02/2024"], Time_24HR=["2310", "0005"], Description_1=["FIGHT", "NOISE"]))
    assert found.columns["time"] == ["Date", "Time_24HR"]
    apart = recognize(
        frame(dispatch_date=["03/01/2024"], dispatch_time=["23:10:00"], call_date=["03/01/2024"], call_time=["23:00:00"])
    )
    assert apart.columns["dispatched"] == ["dispatch_date", "dispatch_time"]


def test_block_number_and_street_are_one_address():
    raw = frame(time=["2024-03-01", "2024-03-02"], Block=["900", "1100"], **{"Street Name": ["N DUPONT AVE", "MAIN ST"]})
    assert recognize(raw).columns["address"] == ["Block", "Street Name"]
    assert as_events(raw)["place"].tolist() == ["900 BLOCK OF N DUPONT AVE", "1100 BLOCK OF MAIN ST"]


def test_the_only_readable_column_is_the_time():
    found = recognize(
        frame(column_1=["359192.3", "356347.3"], column_2=["570510.8", "576182.5"], column_3=["2016-01-01", "2016-01-03"])
    )
    assert found.columns == {"time": "column_3"}


def test_half_a_pair_is_no_location():
    assert recognize(frame(time=["2024-03-01"], latitude=["40.9"])).columns == {"time": "time"}


def test_a_table_of_totals_has_no_time():
    totals = frame(Year=["2005"], Category=["Force"], Total=["12"])
    with pytest.raises(
        InputError, match=r"`time` must be one of the columns.*Columns: Year, Category, Total.*as_events\(table, time='...'\)"
    ):
        as_events(totals)


def test_only_tables_are_recognised():
    with pytest.raises(InputError, match=r"`table` must be a table. Got a str"):
        recognize("calls.csv")


# Fields of the published map -> fields of ours that may hold them.
_FIELDS = {
    "id": ["id"], "type_text": ["type"], "received": ["received", "time"], "dispatched": ["dispatched"], "arrived": ["arrived"],
    "cleared_closed": ["closed"], "priority": ["priority"], "disposition_status": ["disposition"], "lat": ["lat"], "lon": ["lon"], "address": ["address"],
    "area": ["area"],
}  # fmt: skip


def test_names_of_many_publishers(real_data):
    """Names alone, without a row of content: nine in ten fields of 21 publishers, and hardly one wrong."""
    known = pd.read_csv(real_data / "schemas" / "column_map.csv", dtype=str, keep_default_na=False)
    right, wrong, missed = 0, [], []
    for _, row in known.iterrows():
        wanted = {
            ours: [c.split(" (")[0].strip() for c in re.split(r"[,+]", row[ours]) if c.strip()]
            for ours in (*_FIELDS, "category", "type_code")
        }
        columns = list(dict.fromkeys(c for names in wanted.values() for c in names))
        found = recognize(pd.DataFrame(columns=columns, dtype=object)).columns
        for theirs, ours in _FIELDS.items():
            if not wanted[theirs]:
                continue
            got = [c for name in ours if name in found for c in ([found[name]] if isinstance(found[name], str) else found[name])]
            if set(got) & set(wanted[theirs]):
                right += 1
            else:
                (wrong if got else missed).append((row["source"], theirs, wanted[theirs], got))
    total = right + len(wrong) + len(missed)
    assert right / total > 0.93, (wrong, missed)
    assert len(wrong) / total < 0.03, wrong


def test_tables_that_are_no_events_are_told_apart(real_data):
    """Of 120 portal layouts, totals by year are not taken for events."""
    layouts = pd.read_json(real_data / "schemas" / "portal_layouts.json")
    taken = {}
    for _, layout in layouts.iterrows():
        columns = list(dict.fromkeys(column["name"] for column in layout["columns"]))
        found = recognize(pd.DataFrame(columns=columns, dtype=object)).columns
        taken[layout["title"]] = any(name in found for name in ("time", "received", "dispatched", "arrived"))
    totals = [
        title
        for title in taken
        if re.search(r"CCRB|Uniform Crime Reporting System|Rates? |2005 - 2009|by Month|Performance Metrics", title)
    ]
    assert len(totals) > 25
    assert sum(taken[title] for title in totals) <= 3
    calls = [
        title
        for title in taken
        if re.search(r"Calls for Service|Service Requests (?:for|from)|Service Requests - ", title) and "Center" not in title
    ]
    assert len(calls) > 15
    assert sum(taken[title] for title in calls) >= 0.9 * len(calls)


def _bench():
    """Return the benchmark's module: the labels and the score are the same there and here."""
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "bench_recognition.py"
    spec = importlib.util.spec_from_file_location("bench_recognition", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_recognition"] = module
    spec.loader.exec_module(module)
    return module


def test_layouts_of_real_portals(real_data):
    """Nine in ten labelled fields right from names alone, hardly one wrong, no table of events refused, hardly another accepted."""
    bench = _bench()
    scores = dict(bench.runs(real_data))
    for name, score in scores.items():
        assert score.right / score.asked > 0.9, (name, score.missed)
        assert len(score.wrong) / score.asked < 0.03, (name, score.wrong)
        assert not score.refused, (name, score.refused)
        assert len(score.taken) <= 2, (name, score.taken)
    for _, n, mean, share in bench.calibration([pair for score in scores.values() for pair in score.confidence]):
        assert n < 20 or share > mean - 0.1


def test_columns_nobody_named_are_known_by_their_content():
    n = 60
    table = pd.DataFrame(
        {
            "F1": [f"24-{i:06d}" for i in range(n)], "F2": [f"03/{i % 28 + 1:02d}/2024 10:{i:02d}" for i in range(n)], "F3": ["BURGLARY", "NOISE COMPLAINT", "SHOTS FIRED"] * 20,
            "F4": [f"{i + 100} N MAIN ST" for i in range(n)], "F5": [f"-85.{i + 10000}" for i in range(n)], "F6": [f"38.{i + 10000}" for i in range(n)], "F7": ["CLOSED", "OPEN"] * 30,
        }
    )  # fmt: skip
    found = recognize(table)
    assert found.columns == {
        "id": "F1",
        "time": "F2",
        "type": "F3",
        "address": "F4",
        "lon": "F5",
        "lat": "F6",
        "disposition": "F7",
    }
    assert found.table["confidence"].max() < 0.95


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        (
            {"folio": "C5/240301/1", "fecha_creacion": "14/03/2024", "hora_creacion": "23:10:05", "fecha_cierre": "15/03/2024", "hora_cierre": "01:10:05", "tipo_incidente": "Robo", "colonia": "CENTRO", "latitud": "19.4", "longitud": "-99.1"},
            {"id": "folio", "received": ["fecha_creacion", "hora_creacion"], "closed": ["fecha_cierre", "hora_cierre"], "type": "tipo_incidente", "area": "colonia", "lat": "latitud", "lon": "longitud"},
        ),
        (
            {"TATZEIT_ANFANG_DATUM": "14.03.2024", "TATZEIT_ANFANG_STUNDE": "23", "TATZEIT_ENDE_DATUM": "15.03.2024", "TATZEIT_ENDE_STUNDE": "1", "LOR": "01011101", "DELIKT": "Fahrraddiebstahl"},
            {"time": ["TATZEIT_ANFANG_DATUM", "TATZEIT_ANFANG_STUNDE"], "time_to": ["TATZEIT_ENDE_DATUM", "TATZEIT_ENDE_STUNDE"], "area": "LOR", "type": "DELIKT"},
        ),
        (
            {"ID_UNIQUE": "1", "DDS_DATE_CREATION": "2024-03-14T23:10:05", "RUE": "rue Sherbrooke", "ARRONDISSEMENT": "Verdun", "DERNIER_STATUT": "Terminée", "LOC_LONG": "-73.6", "LOC_LAT": "45.5"},
            {"id": "ID_UNIQUE", "received": "DDS_DATE_CREATION", "address": "RUE", "area": "ARRONDISSEMENT", "disposition": "DERNIER_STATUT", "lon": "LOC_LONG", "lat": "LOC_LAT"},
        ),
        (
            {"meldingsnummer": "1", "datum melding": "14-03-2024", "tijd melding": "23:10", "soort": "geluidsoverlast", "straat": "Damrak", "wijk": "Centrum"},
            {"id": "meldingsnummer", "received": ["datum melding", "tijd melding"], "type": "soort", "address": "straat", "area": "wijk"},
        ),
    ],
)  # fmt: skip
def test_headers_in_other_languages(columns, wanted):
    found = recognize(pd.DataFrame({name: [value] * 3 for name, value in columns.items()}))
    assert {name: found.columns.get(name) for name in wanted} == wanted


def _times(n):
    return [f"03/{i % 28 + 1:02d}/2024 10:{i % 60:02d}:00 PM" for i in range(n)]


@pytest.mark.parametrize(
    ("words", "columns"),
    [
        (
            "permits",
            {
                "Permit Number": "P",
                "Permit Type": "Electrical",
                "Issue Date": None,
                "Valuation": "100",
                "Contractor": "x",
                "Address": "1 MAIN ST",
            },
        ),
        (
            "permits or licences",
            {"License ID": "L", "DBA Name": "x", "Application Date": None, "Expiration Date": None, "Address": "1 MAIN ST"},
        ),
        (
            "inspections",
            {
                "Inspection ID": "I",
                "DBA Name": "x",
                "Facility Type": "Restaurant",
                "Risk": "High",
                "Inspection Date": None,
                "Results": "Pass",
            },
        ),
        ("budget", {"Fiscal Year": "2024", "Vendor": "x", "Check Date": None, "Amount": "100", "Account": "1"}),
        (
            "city owns",
            {"tree_id": "T", "species": "oak", "dbh": "3", "planted_date": None, "latitude": "40.1", "longitude": "-90.2"},
        ),
        ("parcels", {"ParcelID": "1", "SaleDate": None, "SalePrice": "1000", "Owner": "x", "YearBuilt": "1990"}),
        ("a list of staff", {"Badge": "1", "LastName": "x", "Rank": "SGT", "HireDate": None, "Race": "W"}),
        ("totals", {"Date": None, "Total Calls": "12", "Fire Calls": "3", "EMS Calls": "9"}),
        ("a budget or payments", {"Fiscal Year": "2023", "Department": "Police", "Fund": "General", "Budget Amount": "100"}),
        ("when each row happened", {"Name": "x", "Shoe Size": "42"}),
        ("measurements", {"DATE": None, "TMAX": "60", "TMIN": "40", "PRCP": "1", "STATION": "USW1"}),
        (
            "a list of facilities",
            {"FACILITYID": "1", "NAME": "x", "TYPE": "Park", "OPENED": None, "LATITUDE": "40.1", "LONGITUDE": "-90.2"},
        ),
        ("years or months", {"Area": "North", "2022": "14", "2023": "12", "2024": "9"}),
        ("counts by period", {"Year": "2020", "Jurisdiction": "x", "Population": "1000", "Total Crimes": "3"}),
    ],
)
def test_tables_of_other_things_are_refused_with_the_reason(words, columns):
    n = 40
    table = pd.DataFrame(
        {
            name: _times(n) if value is None else [value if len(value) > 1 else f"{value}{i}" for i in range(n)]
            for name, value in columns.items()
        }
    )
    assert words in (recognize(table).refused or "")
    with pytest.raises(InputError):
        as_events(table)


def test_counts_by_month_and_area_are_refused_by_content():
    months = [f"2024-{m:02d}-01" for m in range(1, 13)] * 3
    table = pd.DataFrame({"date": months, "neighborhood": ["A"] * 12 + ["B"] * 12 + ["C"] * 12, "n": [str(i) for i in range(36)]})
    assert "totals" in (recognize(table).refused or "")


def test_what_was_not_found_is_listed_with_the_nearest_column():
    found = recognize(frame(received=["2024-03-01"], nature=["FIGHT"], priorty=["1"], Latitude=["40.9"]))
    missing = found.missing.set_index("field")
    assert missing.loc["lon or x or point", "nearest"] != "received"
    assert missing.loc["priority", "nearest"] == "priorty"
    assert "dispatched" in missing.index
    assert found.refused is None


def test_recognition_leaves_the_table_alone():
    table = frame(received=["2024-03-01"], nature=["FIGHT"])
    before = table.copy()
    first, again = recognize(table), recognize(table.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(table, before)
    assert first.columns == again.columns


def test_short_names_of_times_are_known_by_their_content():
    n = 40
    named = {"Rcvd": "received", "Disp": "dispatched", "Arr": "arrived", "Clr": "closed"}
    assert recognize(pd.DataFrame({**dict.fromkeys(named, _times(n)), "Nature": ["FIGHT"] * n})).columns == {
        **{name: column for column, name in named.items()}, "type": "Nature",
    }  # fmt: skip
    words = recognize(pd.DataFrame({"Rcvd": _times(n), "Disp": ["RPT", "GOA"] * (n // 2), "Nature": ["FIGHT"] * n}))
    assert words.columns["disposition"] == "Disp"


def test_words_written_as_one_are_taken_apart():
    n = 40
    found = recognize(
        pd.DataFrame({"DATETIMEINIT": _times(n), "DATETIMECLOSED": _times(n), "DUEDATE": _times(n), "PROBLEM": ["Pothole"] * n})
    )
    assert (found.columns["received"], found.columns["closed"]) == ("DATETIMEINIT", "DATETIMECLOSED")
    assert "DUEDATE" not in found.columns.values()


def test_the_end_of_a_call_is_not_when_it_came_in():
    found = recognize(pd.DataFrame(columns=["Time_PhonePickUp", "Time_FirstUnitAssigned", "Time_CallClosed", "Problem"]))
    assert found.columns == {
        "received": "Time_PhonePickUp",
        "dispatched": "Time_FirstUnitAssigned",
        "closed": "Time_CallClosed",
        "type": "Problem",
    }


def test_x_and_y_that_hold_degrees_are_called_longitude_and_latitude():
    degrees = {"POINT_X": ["-110.951", "-110.922"], "POINT_Y": ["32.221", "32.253"]}
    feet = {"POINT_X": ["990000", "990100"], "POINT_Y": ["450000", "450100"]}
    table = {"received": ["2024-03-01 23:10", "2024-03-02 01:00"], "nature": ["FIGHT", "NOISE"]}
    found = recognize(pd.DataFrame({**table, **degrees}))
    assert (found.columns["lon"], found.columns["lat"]) == ("POINT_X", "POINT_Y")
    assert {"x", "y"} <= set(recognize(pd.DataFrame({**table, **feet})).columns)


def test_a_pair_of_names_that_differ_in_x_and_y_is_a_location():
    table = pd.DataFrame(
        {"received": ["2024-03-01 23:10"] * 3, "SRX": ["880000.5", "880001", "880002"], "SRY": ["1000000", "1000001", "1000002"]}
    )
    assert {name: recognize(table).columns[name] for name in ("x", "y")} == {"x": "SRX", "y": "SRY"}


def test_a_number_with_a_decimal_comma_is_no_pair():
    table = {"Eingangsdatum": ["03.01.2023 10:00", "13.01.2023 11:00"], "Betreff": ["Lärm", "Müll"]}
    found = recognize(pd.DataFrame({**table, "Rechtswert": ["393642,5", "393000,25"], "Hochwert": ["5821522,5", "5821000,25"]}))
    assert "point" not in found.columns and found.columns["x"] == "Rechtswert" and found.columns["type"] == "Betreff"


def test_the_day_a_row_was_drawn_is_not_the_day_it_happened():
    found = recognize(pd.DataFrame(columns=["OFFENSE", "RPTDATE", "CREATED_USER", "CREATED_DATE", "LAST_EDITED_DATE"]))
    assert found.columns["received"] == "RPTDATE" and "CREATED_DATE" not in found.columns.values()
