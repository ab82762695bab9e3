"""The word complaint means three things: readers ask which."""

from __future__ import annotations

import warnings

import pandas as pd
import pytest

import sara
from sara.core.errors import InputError, SaraWarning

N = 30
WHEN = [f"2024-03-{i % 28 + 1:02d} 10:{i:02d}" for i in range(N)]
OFFICERS = {
    "Complaint ID": [str(i) for i in range(N)],
    "Date Received": WHEN,
    "Allegation": ["Excessive Force", "Discourtesy"] * 15,
    "Finding": ["Not Sustained", "Exonerated"] * 15,
    "Badge": ["12"] * N,
}
CRIMES = {
    "CMPLNT_NUM": [str(i) for i in range(N)],
    "RPT_DT": WHEN,
    "OFNS_DESC": ["ROBBERY", "PETIT LARCENY"] * 15,
    "LAW_CAT_CD": ["FELONY", "MISDEMEANOR"] * 15,
    "VIC_SEX": ["F"] * N,
}
REQUESTS = {
    "service_request_id": [str(i) for i in range(N)],
    "created_date": WHEN,
    "request_type": ["Pothole", "Graffiti Removal", "Missed Trash Pickup"] * 10,
    "ward": ["1"] * N,
}
CALLS = {
    "call_number": [str(i) for i in range(N)],
    "received": WHEN,
    "dispatched": WHEN,
    "nature": ["SHOTS FIRED", "BURGLARY ALARM"] * 15,
}


@pytest.fixture
def write(tmp_path):
    def _write(columns):
        path = tmp_path / "file.csv"
        pd.DataFrame(columns).to_csv(path, index=False)
        return path

    return _write


def test_complaints_about_officers_are_asked_about(write):
    path = write(OFFICERS)
    for reader in (sara.read_complaints, sara.read_calls):
        with pytest.raises(
            InputError,
            match=r"looks like complaints about officers: it has 'Allegation'.*read_events\('file.csv', source='complaints about officers'\)",
        ):
            reader(path)
    assert len(sara.read_events(path, source="complaints about officers")) == N
    assert len(sara.read_complaints(path, columns={"type": "Allegation"})) == N


def test_crime_reports_read_as_complaints_are_asked_about(write):
    path = write(CRIMES)
    with pytest.raises(
        InputError,
        match=r"looks like crime reports: it has .*'OFNS_DESC'.*sara.read_calls\('file.csv'\).*columns=\{'type': 'OFNS_DESC'\}",
    ):
        sara.read_complaints(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error", SaraWarning)
        assert len(sara.read_calls(path)) == N
    assert len(sara.read_complaints(path, columns={"type": "OFNS_DESC"})) == N


def test_the_other_reader_is_named_and_recorded(write):
    path = write(REQUESTS)
    with pytest.warns(SaraWarning, match=r"looks like 311 requests and is read as calls.*sara.read_complaints\('file.csv'\)"):
        calls = sara.read_calls(path)
    assert calls.attrs["sara"]["meaning"] == "looks like 311 requests and is read as calls"
    path = write(CALLS)
    with pytest.warns(SaraWarning, match="looks like calls for service and is read as complaints"):
        sara.read_complaints(path)


@pytest.mark.parametrize(("columns", "reader"), [(REQUESTS, sara.read_complaints), (CALLS, sara.read_calls)])
def test_what_is_what_it_is_read_as_is_not_asked(write, columns, reader):
    with warnings.catch_warnings():
        warnings.simplefilter("error", SaraWarning)
        assert "meaning" not in reader(write(columns)).attrs["sara"]


def test_a_table_that_is_no_events_is_refused_and_can_be_overruled(write):
    path = write(
        {
            "Permit Number": [f"P{i}" for i in range(N)],
            "Permit Type": ["Electrical"] * N,
            "Issue Date": WHEN,
            "Valuation": ["100"] * N,
            "Contractor": ["x"] * N,
        }
    )
    with pytest.raises(
        InputError,
        match=r"one row per event. Got a table that is something else: it looks like permits.*columns=\{'time': 'Issue Date'\}",
    ):
        sara.read_calls(path)
    assert len(sara.read_events(path, source="permits", columns={"time": "Issue Date"})) == N
