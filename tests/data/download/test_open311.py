"""Open311: windows of 90 days, pages where there are any, JSON and XML, every request once."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pandas as pd
import pytest

from sara.core.errors import InputError, SaraWarning
from sara.data.download import download

_spec = importlib.util.spec_from_file_location("download_portal", Path(__file__).parent / "conftest.py")
assert _spec is not None and _spec.loader is not None
fake = importlib.util.module_from_spec(_spec)
sys.modules["download_portal"] = fake
_spec.loader.exec_module(fake)
Answer, as_json = fake.Answer, fake.as_json

ROOT = "/open311/v2"


def requests_(n: int, *, start: str = "2024-01-01", every: str = "1D") -> list[dict]:
    times = pd.date_range(start, periods=n, freq=every)
    return [
        {
            "service_request_id": f"r{i:04d}",
            "status": "open",
            "service_name": ("Graffiti", "Weeds", "Potholes")[i % 3],
            "service_code": f"c{i % 3}",
            "description": "by the <gate> & the wall",
            "requested_datetime": f"{time:%Y-%m-%dT%H:%M:%S}Z",
            "updated_datetime": None,
            "address": f"{i} Oak St",
            "lat": 39.1 + i / 1e4,
            "long": -86.5 - i / 1e4,
        }
        for i, time in enumerate(times)
    ]


def as_xml(rows: list[dict]) -> bytes:
    from xml.sax.saxutils import escape

    inner = "".join(
        "<request>"
        + "".join(f"<{name}/>" if value is None else f"<{name}>{escape(str(value))}</{name}>" for name, value in row.items())
        + "</request>"
        for row in rows
    )
    return f'<?xml version="1.0" encoding="utf-8"?>\n<service_requests>{inner}</service_requests>'.encode()


def offer(portal, rows, *, kind="json", paged=True, cap=50):
    """Answer as an Open311 server: newest first, both ends of a window included, at most `cap` rows."""

    def route(question):
        asked = question.params
        start, end = asked["start_date"], asked["end_date"]
        assert pd.Timestamp(end) - pd.Timestamp(start) <= pd.Timedelta(days=90)
        found = [row for row in rows if start <= row["requested_datetime"] <= end][::-1]
        size = min(cap, int(asked["page_size"]))
        first = (int(asked["page"]) - 1) * size if paged else 0
        part = found[first : first + size]
        return as_json(part) if kind == "json" else Answer(as_xml(part), headers={"Content-Type": "text/xml"})

    portal.routes[f"{ROOT}/requests.{kind}"] = route
    portal.routes[f"{ROOT}/services.json"] = lambda q: as_json(
        [{"service_code": "c0", "service_name": "Graffiti", "group": "Streets", "metadata": False}]
    )


def ids(folder: Path) -> list[str]:
    out = []
    for page in json.loads((folder / "manifest.json").read_text())["pages"]:
        body = (folder / page["file"]).read_bytes()
        if page["file"].endswith(".json"):
            out += [row["service_request_id"] for row in json.loads(body)]
        else:
            from defusedxml.ElementTree import fromstring

            out += [element.findtext("service_request_id") for element in fromstring(body)]
    return out


@pytest.mark.parametrize("kind", ["json", "xml"])
@pytest.mark.parametrize("cap", [10, 50, 1000])
def test_every_request_of_a_year_comes_once(portal, tmp_path, kind, cap):
    """Requests at midnight lie on the edges of windows: they come twice and are kept once."""
    rows = requests_(366)
    offer(portal, rows, kind=kind, cap=cap)
    folder = download(f"{portal.url}{ROOT}/requests.{kind}", tmp_path / "311", since="2024-01-01", until="2025-01-01")
    assert sorted(ids(folder)) == [row["service_request_id"] for row in rows]
    said = json.loads((folder / "manifest.json").read_text())
    assert said["complete"] and said["rows"] == 366 and said["rows_told"] is None


@pytest.mark.parametrize("kind", ["json", "xml"])
def test_a_server_without_pages_is_asked_for_shorter_windows(portal, tmp_path, kind):
    rows = requests_(700, every="7h")
    offer(portal, rows, kind=kind, paged=False, cap=50)
    folder = download(f"{portal.url}{ROOT}/requests.{kind}", tmp_path / "311", since="2024-01-01", until="2024-08-01")
    assert sorted(ids(folder)) == [row["service_request_id"] for row in rows]


def test_an_hour_that_stays_full_is_said(portal, tmp_path):
    rows = requests_(80, every="10s")
    offer(portal, rows, paged=False, cap=50)
    with pytest.warns(SaraWarning, match="looks full: requests may be missing"):
        folder = download(f"{portal.url}{ROOT}/requests.json", tmp_path / "311", since="2024-01-01", until="2024-01-02")
    assert json.loads((folder / "manifest.json").read_text())["complete"] is False


def test_a_server_that_does_not_keep_to_the_dates_is_not_asked_for_ever(portal, tmp_path):
    rows = requests_(250, start="2024-01-01", every="9h")
    questions = []

    def route(question):
        questions.append(question)
        size, page = int(question.params["page_size"]), int(question.params["page"])
        return as_json(rows[:100] if page > 3 else rows[(page - 1) * size : page * size])

    portal.routes[f"{ROOT}/requests.json"] = route
    with pytest.warns(SaraWarning, match="other dates than asked for"):
        folder = download(f"{portal.url}{ROOT}/requests.json", tmp_path / "311", since="2024-01-01", until="2025-01-01")
    assert sorted(ids(folder)) == [row["service_request_id"] for row in rows]
    assert len(questions) < 100
    # Pages that brought nothing new have no file: an empty list is no table.
    assert all(json.loads(page.read_bytes()) for page in folder.glob("page-*"))


def test_it_goes_on_in_the_window_where_it_stopped(portal, tmp_path):
    rows = requests_(366)
    offer(portal, rows, cap=30)
    url = f"{portal.url}{ROOT}/requests.json"
    portal.faults = [None] * 4 + [Answer(b"", 500)] * 5
    with pytest.raises(InputError, match="must answer"):
        download(url, tmp_path / "311", since="2024-01-01", until="2025-01-01")
    had = ids(tmp_path / "311")
    portal.asked.clear()
    folder = download(url, tmp_path / "311", since="2024-01-01", until="2025-01-01")
    assert ids(folder)[: len(had)] == had and sorted(ids(folder)) == [row["service_request_id"] for row in rows]
    assert portal.asked[0].params["page"] != "1"


def test_without_since_the_last_ninety_days_are_meant(portal, tmp_path):
    now = pd.Timestamp.now("UTC").tz_localize(None).floor("s")
    rows = requests_(40, start=str(now - pd.Timedelta(days=39, hours=1)))
    offer(portal, rows)
    folder = download(f"{portal.url}{ROOT}/requests.json?jurisdiction_id=city.gov&service_code=c0", tmp_path / "311")
    asked = portal.asked[-1].params
    assert pd.Timestamp(asked["end_date"]) - pd.Timestamp(asked["start_date"]) == pd.Timedelta(days=90)
    assert asked["jurisdiction_id"] == "city.gov" and asked["service_code"] == "c0" and len(ids(folder)) == 40


def test_the_kinds_of_request_are_in_the_manifest_and_may_be_missing(portal, tmp_path):
    offer(portal, requests_(3))
    url = f"{portal.url}{ROOT}/requests.json"
    folder = download(url, tmp_path / "one", since="2024-01-01", until="2024-02-01")
    assert json.loads((folder / "manifest.json").read_text())["services"] == [
        {"service_code": "c0", "service_name": "Graffiti", "group": "Streets"}
    ]
    del portal.routes[f"{ROOT}/services.json"]
    folder = download(url, tmp_path / "two", since="2024-01-01", until="2024-02-01")
    assert json.loads((folder / "manifest.json").read_text())["services"] == []


def test_the_end_of_pages_may_be_a_404(portal, tmp_path):
    rows = requests_(20)
    offer(portal, rows, cap=10)
    inner = portal.routes[f"{ROOT}/requests.json"]
    portal.routes[f"{ROOT}/requests.json"] = lambda q: Answer(b"[]", 404) if int(q.params["page"]) > 2 else inner(q)
    assert len(ids(download(f"{portal.url}{ROOT}/requests.json", tmp_path / "311", since="2024-01-01", until="2024-02-01"))) == 20


def test_max_rows_stops(portal, tmp_path):
    offer(portal, requests_(60), cap=25)
    folder = download(f"{portal.url}{ROOT}/requests.json", tmp_path / "311", since="2024-01-01", until="2024-03-15", max_rows=30)
    assert len(ids(folder)) == 30


@pytest.mark.parametrize("kind", ["json", "xml"])
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"json": b'[{"code": 400, "description": "jurisdiction_id was not provided"}]', "xml": b"<errors><error><code>400</code><description>jurisdiction_id was not provided</description></error></errors>"}, "jurisdiction_id was not provided"),
        ({"json": b'{"a": 1}', "xml": b'<!DOCTYPE x [<!ENTITY a "b">]><service_requests>&a;</service_requests>'}, "must answer with"),
        ({"json": b"<html><title>Login</title></html>", "xml": b"<html><title>Login</title></html>"}, "titled 'Login'"),
    ],
    ids=["error", "not requests", "login"],
)  # fmt: skip
def test_what_is_no_list_of_requests_is_refused(portal, tmp_path, kind, body, words):
    portal.routes[f"{ROOT}/requests.{kind}"] = lambda q: Answer(body[kind])
    with pytest.raises(InputError, match=words):
        download(f"{portal.url}{ROOT}/requests.{kind}", tmp_path / "311", since="2024-01-01", until="2024-02-01")


def test_a_cut_xml_page_is_asked_for_again(portal, tmp_path):
    rows = requests_(20)
    offer(portal, rows, kind="xml")
    portal.faults = [None, Answer(as_xml(rows)[:700])]
    assert len(ids(download(f"{portal.url}{ROOT}/requests.xml", tmp_path / "311", since="2024-01-01", until="2024-02-01"))) == 20


def test_a_period_without_requests_is_said(portal, tmp_path):
    offer(portal, requests_(5))
    with pytest.raises(InputError, match=r"must hold rows.*since='2020-01-01"):
        download(f"{portal.url}{ROOT}/requests.json", tmp_path / "311", since="2020-01-01", until="2020-02-01")
    with pytest.raises(InputError, match="`since` must be before"):
        download(f"{portal.url}{ROOT}/requests.json", tmp_path / "back", since="2020-02-01", until="2020-01-01")


@pytest.mark.real
@pytest.mark.parametrize(("file", "n"), [("san_francisco_requests.xml", 56), ("bloomington_requests.json", 21)])
def test_real_answers_replayed(portal, tmp_path, real_data, file, n):
    body = (real_data / "open311" / file).read_bytes()
    kind = file.rsplit(".", 1)[1]
    empty = {"json": b"[]", "xml": b"<service_requests/>"}[kind]
    portal.routes[f"{ROOT}/requests.{kind}"] = lambda q: Answer(body if q.params["page"] == "1" else empty)
    folder = download(f"{portal.url}{ROOT}/requests.{kind}", tmp_path / "311", since="2012-05-01", until="2012-06-01")
    assert (folder / f"page-000001.{kind}").read_bytes() == body and len(ids(folder)) == n
