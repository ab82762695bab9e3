"""Profiles: saved, edited, checked, read from a path, and one for every publisher of the column map."""

from __future__ import annotations

import re

import pandas as pd
import pytest

import sara
from sara.core.errors import InputError
from sara.data import recognize
from sara.data.recognition.profiles import _plain, find_profile, profiles, read_profile

TABLE = pd.DataFrame(
    {
        "Call No": ["24-0001", "24-0002"], "Date": ["03/04/2024", "05/04/2024"], "Time": ["23:10", "00:05"], "Nature \"final\"": ["FIGHT", "NOISE"],
        "Straße": ["1 MAIN ST", "2 MAIN ST"], "Longitude": ["-88.90", "-88.91"], "Latitude": ["40.90", "40.91"],
    }
)  # fmt: skip
# Publisher of the map -> profile.
NAMES = {
    "Montgomery PA 911": "montgomery", "Seattle PD 2015": "seattle_2015", "Portland NIJ": "portland_nij", "Milwaukee PD": "milwaukee", "Nashville 2024": "nashville",
    "Chicago sanitation": "chicago_sanitation", "Chicago crime": "chicago_crime", "Boston 311 old": "boston_311", "NYC 311": "nyc_311", "Open311 GeoReport v2": "open311",
    "New Orleans CFS": "new_orleans", "Baltimore CFS portal": "baltimore_calls", "Cincinnati PDI CFS": "cincinnati_calls", "Seattle Call Data": "seattle_call_data",
    "Seattle 911 Incident Response": "seattle_911", "SFPD CFS 2016-": "san_francisco_calls", "LAPD CFS": "los_angeles_calls", "Hartford CFS": "hartford_calls",
    "Austin 311": "austin_311", "Baltimore 311": "baltimore_311",
}  # fmt: skip


def test_round_trip(tmp_path):
    """What is saved reads as what was recognised, whatever the names hold."""
    found = recognize(TABLE)
    profile = found.save(tmp_path / "my_city.toml", tz="America/Chicago", dayfirst=True, title='The "city"\\ of 2024')
    known = read_profile(profile)
    assert dict(known.columns) == dict(found.columns)
    assert (known.tz, known.dayfirst, known.title, known.source) == ("America/Chicago", True, 'The "city"\\ of 2024', "calls")
    TABLE.to_csv(tmp_path / "calls.csv", index=False)
    calls = sara.read_calls(tmp_path / "calls.csv", profile=profile)
    assert calls["time"].astype(str).tolist() == ["2024-04-03 23:10:00", "2024-04-05 00:05:00"]
    assert calls.attrs["sara"]["profile"] == "my_city.toml"
    assert calls.attrs["sara"]["zone"] == "America/Chicago"
    assert calls["type"].tolist() == ["FIGHT", "NOISE"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("zone = 'x'", r"must hold only .*Got 'zone'"),
        ("epoch = 'gmt'", r"`epoch` of profile 'p.toml' must be \"utc\" or \"local\". Got 'gmt'"),
        ("dayfirst = 'yes'", "`dayfirst`.*must be true or false"),
        ("tz = 'Chicago'", "`tz` must name a time zone"),
        ("crs = 99999999", "`crs` must be a coordinate reference system"),
        ("[columns]\ntiem = 'Date'", r"must map fields of the event table. Got 'tiem'. Did you mean 'time'"),
        ("[columns]\nlon = ['a', 'b']", "`lon` of profile 'p.toml' must be a column. Got"),
        ("[columns]\ntime = 3", "`time` of profile 'p.toml' must be a column or a list"),
        ("title = 'x'", "`columns` of profile 'p.toml' must name fields"),
        ("[columns]\ntime = 'Date'\n[origin]\nofficr = 'x'", "Got 'officr'. Did you mean 'officer'"),
        ("[columns]\ntime = 'Date'\n[origin]\nofficer = '('", "must be a pattern"),
        ("[columns\ntime = 'Date'", "must be a TOML file. Got 'p.toml', which can't be read"),
    ],
)
def test_slips_in_a_profile_are_named(tmp_path, line, words):
    (tmp_path / "p.toml").write_text(line, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        find_profile(tmp_path / "p.toml", [])


def test_a_profile_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"that is there. Got '.*gone.toml'"):
        find_profile(str(tmp_path / "gone.toml"), [])
    with pytest.raises(InputError, match="or the path of a .toml file. Got 'seatle_2015'. Did you mean 'seattle_2015'"):
        find_profile("seatle_2015", [])
    with pytest.raises(InputError, match="must end in .toml"):
        recognize(TABLE).save(tmp_path / "city.json")
    with pytest.raises(InputError, match="`epoch` of profile"):
        recognize(TABLE).save(tmp_path / "city.toml", epoch="gmt")


def test_a_publisher_is_known_however_its_portal_spells_the_header():
    names = [
        "NOPD_Item",
        "TypeText",
        "Priority",
        "MapX",
        "MapY",
        "TimeCreate",
        "TimeDispatch",
        "TimeArrive",
        "TimeClosed",
        "BLOCK_ADDRESS",
    ]
    known = find_profile(None, names, "calls")
    assert known is not None
    assert known.name == "new_orleans"
    assert known.columns["received"] == "TimeCreate"
    assert "origin" not in known.columns


def test_every_publisher_of_the_map_has_a_profile(real_data):
    """Each names the columns, the zone and the system that the map names."""
    rows = pd.read_csv(real_data / "schemas" / "column_map.csv", dtype=str, keep_default_na=False)
    fields = {
        "id": "id",
        "type_text": "type",
        "dispatched": "dispatched",
        "arrived": "arrived",
        "priority": "priority",
        "lat": "lat",
        "lon": "lon",
        "address": "address",
    }
    assert set(rows["source"]) == set(NAMES)
    for _, row in rows.iterrows():
        known = profiles()[NAMES[row["source"]]]
        for theirs, ours in {**fields, "received": "received"}.items():
            wanted = [c.split(" (")[0].strip() for c in re.split(r"[,+(]", row[theirs]) if c.strip()]
            if not wanted:
                continue
            said = known.columns.get(ours) or (known.columns.get("time") if theirs == "received" else None)
            assert said is not None, (known.name, theirs)
            assert {_plain(c) for c in ([said] if isinstance(said, str) else said)} & {_plain(c) for c in wanted}, (
                known.name,
                theirs,
                said,
            )
        zone = row["tz"].split(" (")[0]
        assert known.tz == (zone or None), known.name
        if row["crs"] and row["crs"] != "4326" and "x" in known.columns:
            assert known.crs == int(row["crs"])


@pytest.mark.parametrize(
    ("file", "reader", "name", "rows"),
    [
        ("milwaukee/calls.csv", "read_calls", "milwaukee", 33968),
        ("nashville/calls_2024.csv", "read_calls", "nashville", 26935),
        ("open311/bloomington_requests.json", "read_complaints", "open311", 21),
        ("open311/san_francisco_requests.xml", "read_complaints", "open311", 56),
        ("boston/311_service_requests_2011.zip", "read_complaints", "boston_311", 58251),
    ],
)
def test_profiles_on_the_publishers_own_files(real_data, file, reader, name, rows):
    events = getattr(sara, reader)(real_data / file)
    record = events.attrs["sara"]
    assert record["profile"] == name
    assert record["rows_read"] == rows == len(events) + record["rows_rejected"]
    assert events["type"].notna().mean() > 0.9
    assert events["time"].notna().mean() > 0.99


def test_a_profile_chosen_by_the_header_leaves_what_it_lacks_to_recognition(tmp_path):
    # Philadelphia writes lon where the standard has long: half of a location in the profile must not make the file unreadable.
    n = 12
    table = pd.DataFrame({
        "service_request_id": range(n), "service_name": ["Illegal Dumping"] * n, "requested_datetime": [f"2023-01-{i + 1:02d} 10:00:00" for i in range(n)],
        "lat": [f"{39.95 + i / 1000:.5f}" for i in range(n)], "lon": [f"{-75.16 - i / 1000:.5f}" for i in range(n)],
    })  # fmt: skip
    table.to_csv(tmp_path / "requests.csv", index=False)
    events = sara.read_complaints(tmp_path / "requests.csv")
    record = events.attrs["sara"]
    assert record["profile"] == "open311"
    assert (record["columns"]["lon"], record["columns"]["lat"]) == ("lon", "lat")
    assert events["x"].notna().all()
    table.drop(columns="lon").to_csv(tmp_path / "half.csv", index=False)
    assert sara.read_complaints(tmp_path / "half.csv")["x"].isna().all()
