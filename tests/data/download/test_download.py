"""Downloads: every page, in order, once; what breaks is asked for again or said; what is missing is counted."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
import warnings
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

import sara
from sara.core.errors import InputError, SaraWarning
from sara.data.download import _client, download
from sara.data.download._folder import provenance_of, safe_name

_spec = importlib.util.spec_from_file_location("download_portal", Path(__file__).parent / "conftest.py")
assert _spec is not None and _spec.loader is not None
fake = importlib.util.module_from_spec(_spec)
sys.modules["download_portal"] = fake
_spec.loader.exec_module(fake)
Answer, as_json = fake.Answer, fake.as_json

RESOURCE = "/resource/ab12-cd34.json"
LAYER = "/arcgis/rest/services/Public/Calls/FeatureServer/0"


def manifest(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text())


def rows_of(folder: Path) -> list[dict]:
    out = []
    for page in manifest(folder)["pages"]:
        value = json.loads((folder / page["file"]).read_bytes())
        out += value["features"] if isinstance(value, dict) else value
    return out


def offer_socrata(portal, n=25, **options):
    rows = fake.socrata_rows(n)
    portal.routes[RESOURCE] = fake.socrata(rows, **options)
    return rows


def offer_arcgis(portal, n=25, **options):
    features = fake.arcgis_features(n)
    portal.routes[LAYER] = portal.routes[LAYER + "/query"] = fake.arcgis(features, **options)
    return features


# Socrata


@pytest.mark.parametrize(
    "path",
    [
        RESOURCE,
        "/resource/ab12-cd34.csv",
        "/d/ab12-cd34",
        "/Public-Safety/Police-Calls/ab12-cd34",
        "/Public-Safety/Police-Calls/ab12-cd34/about_data",
        "/api/views/ab12-cd34/rows.csv?accessType=DOWNLOAD",
    ],
)
def test_every_form_of_a_socrata_address_gives_all_rows(portal, tmp_path, path):
    rows = offer_socrata(portal)
    folder = download(portal.url + path, tmp_path / "calls", page_size=10)
    assert folder == tmp_path / "calls"
    assert rows_of(folder) == rows
    said = manifest(folder)
    assert (said["complete"], said["rows"], said["rows_told"], [page["rows"] for page in said["pages"]]) == (
        True,
        25,
        25,
        [10, 10, 5],
    )
    asked = [question.params for question in portal.asked if "$offset" in question.params]
    assert all(params["$order"] == ":id" for params in asked)
    assert [int(params["$offset"]) for params in asked] == [0, 10, 20, 25]


def test_pages_are_kept_as_they_came_with_their_hash(portal, tmp_path):
    body = b'[ {"call_type":"NOISE",\n "incident_number" : "1", "received": "2024-03-01T10:00:00.000"} ]\n'
    portal.routes[RESOURCE] = lambda q: (
        as_json([{"count": "1"}])
        if "count(*)" in q.params.get("$select", "")
        else (Answer(body) if q.params["$offset"] == "0" else as_json([]))
    )
    folder = download(portal.url + RESOURCE, tmp_path / "calls")
    page = manifest(folder)["pages"][0]
    assert (folder / page["file"]).read_bytes() == body
    assert page["sha256"] == hashlib.sha256(body).hexdigest() and page["bytes"] == len(body)


def test_a_server_that_gives_fewer_rows_than_asked_for_loses_none(portal, tmp_path):
    rows = offer_socrata(portal, 25, cap=7)
    folder = download(portal.url + RESOURCE, tmp_path / "calls", page_size=10)
    assert rows_of(folder) == rows
    assert [page["rows"] for page in manifest(folder)["pages"]] == [7, 7, 7, 4]


def test_since_and_until_become_a_condition_on_the_one_date_column(portal, tmp_path):
    offer_socrata(portal)
    portal.routes["/api/views/ab12-cd34.json"] = lambda q: as_json(
        {
            "columns": [
                {"fieldName": "received_datetime", "dataTypeName": "calendar_date"},
                {"fieldName": "call_type", "dataTypeName": "text"},
            ]
        }
    )
    download(
        portal.url + RESOURCE + "?$where=beat%20%3D%20%2712%27",
        tmp_path / "calls",
        since="2024-01-01",
        until="2024-02-01",
        where="priority < 3",
    )
    where = next(q.params["$where"] for q in portal.asked if "$where" in q.params)
    assert (
        where
        == "(beat = '12') AND (priority < 3) AND (`received_datetime` >= '2024-01-01T00:00:00' AND `received_datetime` < '2024-02-01T00:00:00')"
    )
    assert len({q.params["$where"] for q in portal.asked if q.path == RESOURCE}) == 1, "count and pages must ask the same"


def test_two_date_columns_are_asked_about(portal, tmp_path):
    offer_socrata(portal)
    portal.routes["/api/views/ab12-cd34.json"] = lambda q: as_json(
        {"columns": [{"fieldName": name, "dataTypeName": "calendar_date"} for name in ("received", "closed")]}
    )
    with pytest.raises(InputError, match=r"`time` must name the column.*received, closed"):
        download(portal.url + RESOURCE, tmp_path / "calls", since="2024-01-01")


def test_missing_rows_are_said_and_a_second_call_starts_anew(portal, tmp_path):
    rows = offer_socrata(portal, 998, says=1000)
    with pytest.warns(SaraWarning, match=r"1,000 rows; 998 came, so 2 are missing"):
        folder = download(portal.url + RESOURCE, tmp_path / "calls")
    assert manifest(folder)["complete"] is False
    portal.routes[RESOURCE] = fake.socrata(fake.socrata_rows(1000))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        download(portal.url + RESOURCE, tmp_path / "calls")
    assert manifest(folder)["complete"] is True and len(rows_of(folder)) == 1000 and rows_of(folder)[:998] == rows


def test_rows_that_came_in_meanwhile_are_not_missing(portal, tmp_path):
    counts = iter(["25", "26"])
    rows = fake.socrata_rows(26)
    page = fake.socrata(rows)
    portal.routes[RESOURCE] = lambda q: as_json([{"count": next(counts)}]) if q.params.get("$select") == "count(*)" else page(q)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        folder = download(portal.url + RESOURCE, tmp_path / "calls")
    assert manifest(folder)["complete"] is True and manifest(folder)["rows_told"] == 26


def test_rows_alike_on_two_pages_are_kept_and_said(portal, tmp_path):
    rows = fake.socrata_rows(20)
    rows[15] = rows[2]
    portal.routes[RESOURCE] = fake.socrata(rows)
    with pytest.warns(SaraWarning, match="1 rows are equal, to the letter"):
        folder = download(portal.url + RESOURCE, tmp_path / "calls", page_size=10)
    assert rows_of(folder) == rows


def test_max_rows_stops_and_says_that_it_did(portal, tmp_path):
    rows = offer_socrata(portal)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        folder = download(portal.url + RESOURCE, tmp_path / "calls", page_size=10, max_rows=13)
    assert rows_of(folder) == rows[:13]
    assert (manifest(folder)["status"], manifest(folder)["complete"]) == ("limited", False)


def test_a_query_with_groups_is_no_table_of_events(portal, tmp_path):
    with pytest.raises(InputError, match=r"query of its own"):
        download(portal.url + RESOURCE + "?$group=call_type&$select=call_type,count(*)", tmp_path / "calls")


# Trouble on the way


@pytest.mark.parametrize(
    "fault",
    [
        Answer(b"oops", 500),
        Answer(b"oops", 503),
        Answer(b'[{"a": 1}, {"b', 200),
        Answer(b"", 200),
        Answer(b'[{"a": "' + b"x" * 5000 + b'"}]', 200, cut=100),
        Answer(b"\xff\xfe\x00", 200, {"Content-Encoding": "gzip"}),
    ],
    ids=["500", "503", "truncated JSON", "empty body", "connection cut", "broken gzip"],
)
@pytest.mark.parametrize("at", [0, 1, 2], ids=["count", "first page", "second page"])
def test_what_breaks_is_asked_for_again(portal, tmp_path, fault, at):
    rows = offer_socrata(portal)
    portal.faults = [None] * at + [fault, fault]
    folder = download(portal.url + RESOURCE, tmp_path / "calls", page_size=10)
    assert rows_of(folder) == rows and manifest(folder)["complete"]
    assert portal.waits == list(_client.WAITS[:2])


def test_a_server_that_hangs_is_asked_again(portal, tmp_path, monkeypatch):
    monkeypatch.setattr(_client, "TIMEOUT", (1.0, 0.3))
    rows = offer_socrata(portal)
    portal.faults = [None, as_json([], hang=5.0)]
    assert rows_of(download(portal.url + RESOURCE, tmp_path / "calls")) == rows


def test_a_page_that_drips_without_end_is_given_up(portal, tmp_path, monkeypatch):
    monkeypatch.setattr(_client, "LONGEST_PAGE", -1.0)
    offer_socrata(portal)
    with pytest.raises(InputError, match="came too slowly"):
        download(portal.url + RESOURCE, tmp_path / "calls")


def test_the_server_says_how_long_to_wait(portal, tmp_path):
    rows = offer_socrata(portal)
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    portal.faults = [Answer(b"", 429, {"Retry-After": "7"}), Answer(b"", 503, {"Retry-After": soon})]
    assert rows_of(download(portal.url + RESOURCE, tmp_path / "calls")) == rows
    assert portal.waits[0] == 7 and 35 <= portal.waits[1] <= 41


def test_an_hour_is_not_waited_for(portal, tmp_path):
    offer_socrata(portal)
    portal.faults = [None, None, Answer(b"", 429, {"Retry-After": "3600"})]
    with pytest.raises(InputError, match=r"asks to wait 3,600 s"):
        download(portal.url + RESOURCE, tmp_path / "calls", page_size=10)
    assert portal.waits == []
    assert len(rows_of(tmp_path / "calls")) == 10, "what came stays"


def test_a_server_that_keeps_failing_is_named_and_the_next_call_goes_on(portal, tmp_path):
    rows = offer_socrata(portal)
    portal.faults = [None, None] + [Answer(b"", 500)] * 5
    with pytest.raises(InputError, match=r"`url` must answer. Got 5 failures .* status 500.*goes on where it stopped"):
        download(portal.url + RESOURCE, tmp_path / "calls", page_size=10)
    assert manifest(tmp_path / "calls")["complete"] is False
    portal.asked.clear()
    folder = download(portal.url + RESOURCE, tmp_path / "calls", page_size=10)
    assert rows_of(folder) == rows
    assert [q.params["$offset"] for q in portal.asked if "$offset" in q.params] == ["10", "20", "25"]


def test_a_closed_port_is_said_in_words(portal, tmp_path):
    with pytest.raises(InputError, match="connection failed"):
        download("http://127.0.0.1:9/resource/ab12-cd34.json", tmp_path / "calls")
    assert not (tmp_path / "calls").exists()


def test_a_login_page_is_no_data_and_not_asked_for_again(portal, tmp_path):
    portal.routes[RESOURCE] = lambda q: Answer(
        b"<!DOCTYPE html><html><head><title>Sign in &amp; go</title></head></html>", 200, {"Content-Type": "text/html"}
    )
    with pytest.raises(InputError, match=r"web page titled 'Sign in & go'.*token="):
        download(portal.url + RESOURCE, tmp_path / "calls")
    assert len(portal.asked) == 1 and not (tmp_path / "calls").exists()


@pytest.mark.parametrize(
    ("status", "words"),
    [(400, "No such column: beet"), (401, "token="), (403, "token="), (404, "must be there"), (410, "must be there")],
)
def test_a_refusal_is_told_in_the_servers_words(portal, tmp_path, status, words):
    portal.routes[RESOURCE] = lambda q: as_json(
        {"message": "No such column: beet", "errorCode": "query.soql.no-such-column"}, status=status
    )
    with pytest.raises(InputError, match=words):
        download(portal.url + RESOURCE, tmp_path / "calls")
    assert len(portal.asked) == 1


def test_a_redirect_on_the_same_host_is_followed(portal, tmp_path):
    rows = offer_socrata(portal)
    moved = portal.routes[RESOURCE]
    portal.routes["/resource/zz99-zz99.json"] = moved

    def route(question):
        from urllib.parse import urlencode

        return Answer(status=302, headers={"Location": f"/resource/zz99-zz99.json?{urlencode(question.params)}"})

    portal.routes[RESOURCE] = route
    assert rows_of(download(portal.url + RESOURCE, tmp_path / "calls")) == rows


def test_a_redirect_in_a_circle_ends(portal, tmp_path):
    portal.routes[RESOURCE] = lambda q: Answer(status=301, headers={"Location": RESOURCE})
    with pytest.raises(InputError, match="redirect in a circle"):
        download(portal.url + RESOURCE, tmp_path / "calls")
    assert len(portal.asked) == _client.MAX_REDIRECTS + 1


def test_a_redirect_to_another_host_is_refused_unless_named_and_never_gets_the_token(portal, tmp_path):
    rows = offer_socrata(portal)
    port = portal.url.rsplit(":", 1)[1]
    moved = portal.routes[RESOURCE]

    def route(question):
        from urllib.parse import urlencode

        if question.headers["Host"].startswith("127."):
            return Answer(status=302, headers={"Location": f"http://localhost:{port}{RESOURCE}?{urlencode(question.params)}"})
        return moved(question)

    portal.routes[RESOURCE] = route
    with pytest.raises(InputError, match=r"stay on its own site.*hosts=\['localhost"):
        download(portal.url + RESOURCE, tmp_path / "calls", token="s3cret")
    folder = download(portal.url + RESOURCE, tmp_path / "calls", token="s3cret", hosts=[f"localhost:{port}"])
    assert rows_of(folder) == rows
    assert {q.headers.get("X-App-Token") for q in portal.asked if q.headers["Host"].startswith("localhost")} == {None}
    assert {q.headers.get("X-App-Token") for q in portal.asked if q.headers["Host"].startswith("127.")} == {"s3cret"}


def test_a_redirect_to_an_unencrypted_stranger_is_refused(portal, tmp_path):
    portal.routes[RESOURCE] = lambda q: Answer(status=302, headers={"Location": "http://example.org/x"})
    with pytest.raises(InputError, match="https"):
        download(portal.url + RESOURCE, tmp_path / "calls")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("data.city.gov", "www.data.city.gov", True),
        ("city.gov", "data.city.gov", True),
        ("data.city.gov", "data.city.gov.evil.com", False),
        ("data.city.gov", "evilcity.gov", False),
        ("data.city.gov", "gis.city.gov", False),
        ("gov", "city.gov", False),
    ],
)
def test_what_counts_as_the_same_site(one, other, same):
    assert _client._same_site(one, other) is same


# Keys and what is written down


def test_a_token_is_sent_as_a_header_and_never_written(portal, tmp_path):
    offer_socrata(portal)
    folder = download(portal.url + RESOURCE + "?$$app_token=s3cret", tmp_path / "calls")
    assert all(q.headers["X-App-Token"] == "s3cret" and "s3cret" not in str(q.params) for q in portal.asked)
    assert all("s3cret" not in file.read_text() for file in folder.iterdir())


def test_the_request_says_no_more_than_it_must(portal, tmp_path, monkeypatch):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    offer_socrata(portal)
    download(portal.url + RESOURCE, tmp_path / "calls")
    headers = {name.lower(): value for name, value in portal.asked[0].headers.items()}
    assert headers["user-agent"] == f"sara/{sara.__version__}"
    assert not {"authorization", "cookie", "x-app-token", "referer"} & set(headers)


@pytest.mark.parametrize("token", ["", "two\nlines", "ümlaut", 7])
def test_a_token_is_one_line_of_plain_letters_and_not_shown_back(portal, tmp_path, token):
    with pytest.raises(InputError, match=r"`token` must be") as caught:
        download(portal.url + RESOURCE, tmp_path / "calls", token=token)
    assert "two" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://data.city.gov/resource/ab12-cd34.json", "allow_http=True"),
        ("ftp://data.city.gov/x.csv", "must be a web address"),
        ("file:///etc/passwd", "must be a web address"),
        ("data.city.gov/resource/ab12-cd34.json", "must be a web address"),
        ("https://me:pw@data.city.gov/x.csv", "user name or password"),
        ("https://[::1/x.csv", "must be a web address"),
        (7, "must be a web address"),
    ],
)
def test_an_address_must_be_safe_to_ask(tmp_path, url, words):
    with pytest.raises(InputError, match=words) as caught:
        download(url, tmp_path / "calls")
    assert ":pw" not in str(caught.value)


# Going on where it stopped


def test_a_finished_folder_is_not_asked_for_again(portal, tmp_path):
    offer_socrata(portal)
    folder = download(portal.url + RESOURCE, tmp_path / "calls")
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    portal.asked.clear()
    download(portal.url + RESOURCE, tmp_path / "calls")
    assert portal.asked == [] and {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_resume_false_replaces_what_was_there(portal, tmp_path):
    offer_socrata(portal, 25)
    download(portal.url + RESOURCE, tmp_path / "calls", page_size=5)
    rows = offer_socrata(portal, 8)
    folder = download(portal.url + RESOURCE, tmp_path / "calls", page_size=5, resume=False)
    assert rows_of(folder) == rows
    assert sorted(file.name for file in folder.iterdir()) == ["manifest.json", "page-000001.json", "page-000002.json"]


@pytest.mark.parametrize("harm", ["changed", "gone"])
def test_a_page_that_was_changed_or_lost_is_fetched_again(portal, tmp_path, harm):
    rows = offer_socrata(portal)
    folder = download(portal.url + RESOURCE, tmp_path / "calls", page_size=10)
    page = folder / "page-000002.json"
    page.unlink() if harm == "gone" else page.write_text("[]")
    download(portal.url + RESOURCE, folder, page_size=10)
    assert rows_of(folder) == rows and manifest(folder)["complete"]


@pytest.mark.parametrize(
    "change", [{"since": "2024-01-01", "time": "received_datetime"}, {"where": "beat = '1'"}, {"max_rows": 3}]
)
def test_a_folder_holds_one_question(portal, tmp_path, change):
    offer_socrata(portal)
    download(portal.url + RESOURCE, tmp_path / "calls")
    with pytest.raises(InputError, match=r"`to` must be an empty folder, or one with the same download"):
        download(portal.url + RESOURCE, tmp_path / "calls", **change)


def test_a_folder_with_other_files_is_left_alone(portal, tmp_path):
    offer_socrata(portal)
    (tmp_path / "notes.csv").write_text("mine")
    with pytest.raises(InputError, match=r"empty folder.*notes.csv"):
        download(portal.url + RESOURCE, tmp_path)
    assert (tmp_path / "notes.csv").read_text() == "mine" and portal.asked == []


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"asked": {}}',
        '{"asked":{"url":"u","kind":"file"},"status":"partial","rows":0,"repeated":0,"notes":[],"complete":false,"rows_told":null,"started":"","finished":null,"pages":[{"file":"../../victim.csv","rows":1,"sha256":"","mark":{}}]}',
    ],
)
def test_a_strange_manifest_is_refused_and_reaches_nothing_outside(portal, tmp_path, text):
    (tmp_path / "victim.csv").write_text("mine")
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(text)
    for resume in (True, False):
        with pytest.raises(InputError, match=r"manifest.json must be as sara wrote it"):
            download(portal.url + RESOURCE, folder, resume=resume)
    assert (tmp_path / "victim.csv").exists()


def test_a_page_left_by_a_call_that_was_killed_is_not_read_as_more(portal, tmp_path):
    rows = offer_socrata(portal)
    (tmp_path / "calls").mkdir()
    (tmp_path / "calls" / "page-000009.json").write_text("[{}]")
    assert rows_of(download(portal.url + RESOURCE, tmp_path / "calls")) == rows
    assert not (tmp_path / "calls" / "page-000009.json").exists()


# ArcGIS


@pytest.mark.parametrize("form", [LAYER, LAYER + "/", LAYER + "/query?where=1%3D1&outFields=*"])
@pytest.mark.parametrize("paged", [True, False])
def test_arcgis_gives_all_rows_with_and_without_paging(portal, tmp_path, form, paged):
    features = offer_arcgis(portal, 25, most=10, paged=paged)
    portal.routes[LAYER + "/"] = portal.routes[LAYER]
    folder = download(portal.url + form, tmp_path / "calls")
    assert rows_of(folder) == features and manifest(folder)["complete"]
    asked = [q for q in portal.asked if "outFields" in q.params and "outSR" in q.params]
    assert all(q.params["outSR"] == "4326" for q in asked)
    assert {q.method for q in asked} == ({"GET"} if paged else {"POST"})


def test_arcgis_batches_when_the_server_gives_fewer_than_it_promised(portal, tmp_path):
    features = fake.arcgis_features(25)
    layer, query = fake.arcgis(features, most=10, paged=False), fake.arcgis(features, most=4, paged=False)
    portal.routes |= {LAYER: layer, LAYER + "/query": query}
    folder = download(portal.url + LAYER, tmp_path / "calls")
    assert (
        sorted(r["attributes"]["OBJECTID"] for r in rows_of(folder)) == [7 + i for i in range(25)]
        and manifest(folder)["complete"]
    )


@pytest.mark.parametrize("paged", [True, False])
def test_arcgis_goes_on_where_it_stopped(portal, tmp_path, paged):
    features = offer_arcgis(portal, 25, most=10, paged=paged)
    before = 3 if paged else 4
    portal.faults = [None] * before + [Answer(b"", 500)] * 5
    with pytest.raises(InputError, match="must answer"):
        download(portal.url + LAYER, tmp_path / "calls")
    had = len(rows_of(tmp_path / "calls"))
    assert had == 10
    folder = download(portal.url + LAYER, tmp_path / "calls")
    assert rows_of(folder) == features


def test_an_unstable_order_is_found_out(portal, tmp_path):
    """A server that ignores the order gives some rows twice and others never."""
    features = fake.arcgis_features(20)
    shuffled = features[:10] + features[5:15]
    portal.routes[LAYER] = portal.routes[LAYER + "/query"] = fake.arcgis(shuffled, most=10)
    with pytest.warns(SaraWarning, match=r"20 rows; 15 came, so 5 are missing. 5 rows came on two pages"):
        folder = download(portal.url + LAYER, tmp_path / "calls")
    assert len(rows_of(folder)) == 15 and manifest(folder)["repeated"] == 5


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            {"code": 400, "message": "Invalid or missing input parameters.", "details": ["'Beet' is not a field"]},
            "'Beet' is not a field",
        ),
        ({"code": 498, "message": "Invalid token.", "details": []}, "token="),
        ({"code": 499, "message": "Token Required", "details": None}, "token="),
    ],
)
def test_an_arcgis_error_dressed_as_success_is_an_error(portal, tmp_path, error, words):
    portal.routes[LAYER] = lambda q: as_json({"error": error})
    with pytest.raises(InputError, match=words):
        download(portal.url + LAYER, tmp_path / "calls")
    assert len(portal.asked) == 1


def test_an_arcgis_hiccup_dressed_as_success_is_asked_again(portal, tmp_path):
    features = offer_arcgis(portal)
    portal.faults = [None, None, as_json({"error": {"code": 504, "message": "Your request has timed out.", "details": []}})]
    assert rows_of(download(portal.url + LAYER, tmp_path / "calls")) == features


def test_a_service_with_one_layer_needs_no_number_and_with_two_asks(portal, tmp_path):
    features = offer_arcgis(portal)
    service = LAYER.rsplit("/", 1)[0]
    portal.routes[service] = lambda q: as_json({"layers": [{"id": 0, "name": "Calls"}], "tables": []})
    assert rows_of(download(portal.url + service, tmp_path / "one")) == features
    portal.routes[service] = lambda q: as_json({"layers": [{"id": 0, "name": "Calls"}, {"id": 3, "name": "Beats"}]})
    with pytest.raises(InputError, match=r"one layer.*/0 Calls, /3 Beats"):
        download(portal.url + service, tmp_path / "two")


def test_arcgis_since_is_a_condition_on_its_date_field(portal, tmp_path):
    offer_arcgis(portal)
    download(portal.url + LAYER, tmp_path / "calls", since="2024-01-01", where="Beat = 3", token="s3cret")
    assert {q.params["where"] for q in portal.asked if "where" in q.params} == {
        "(Beat = 3) AND (TimeReceived >= TIMESTAMP '2024-01-01 00:00:00')"
    }
    assert all(q.headers["X-Esri-Authorization"] == "Bearer s3cret" and "token" not in q.params for q in portal.asked)


# CKAN


def test_ckan_gives_all_records(portal, tmp_path):
    records = [{"_id": i + 1, "CASE": str(i), "TYPE": "NOISE", "CREATED": "2024-03-01T10:00:00"} for i in range(25)]

    def route(question):
        limit, offset = int(question.params["limit"]), int(question.params["offset"])
        assert question.params["sort"] == "_id"
        return as_json({"success": True, "result": {"records": records[offset : offset + limit], "total": 25, "fields": []}})

    portal.routes["/api/3/action/datastore_search"] = route
    url = f"{portal.url}/dataset/calls/resource/0a1b2c3d-0000-1111-2222-333344445555"
    folder = download(url, tmp_path / "calls", page_size=10)
    assert rows_of(folder) == records and manifest(folder)["complete"]
    with pytest.raises(InputError, match="left out for CKAN"):
        download(url, tmp_path / "more", since="2024-01-01")


def test_a_ckan_error_is_told(portal, tmp_path):
    portal.routes["/api/3/action/datastore_search"] = lambda q: as_json(
        {"success": False, "error": {"message": "Not found: resource"}}
    )
    with pytest.raises(InputError, match="Not found: resource"):
        download(
            f"{portal.url}/api/3/action/datastore_search?resource_id=0a1b2c3d-0000-1111-2222-333344445555", tmp_path / "calls"
        )


# Names, kinds and the record


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("calls.csv", "calls.csv"),
        ("../../etc/passwd", "etc_passwd.csv"),
        ("..", "rows.csv"),
        ("", "rows.csv"),
        ("con.csv", "file-con.csv"),
        ("manifest.json", "file-manifest.json"),
        (".hidden.csv", "hidden.csv"),
        ("Anrufe für März.csv", "Anrufe_f_r_M_rz.csv"),
        ("a" * 300 + ".csv", "a" * 96 + ".csv"),
    ],
)
def test_file_names_are_safe(text, name):
    assert safe_name(text, suffix=".csv") == name


def test_what_was_fetched_is_told_to_the_record(portal, tmp_path):
    offer_socrata(portal)
    folder = download(portal.url + RESOURCE, tmp_path / "calls", where="beat = '1'")
    told = provenance_of(folder)
    assert told is not None
    assert told["url"].endswith(RESOURCE) and told["rows"] == told["rows_told"] == 25 and told["complete"] is True
    assert told["query"] == {"kind": "socrata", "where": "beat = '1'"}
    assert provenance_of(tmp_path) is None


def test_a_bar_is_drawn_only_where_somebody_watches(portal, tmp_path, capfd):
    offer_socrata(portal)
    download(portal.url + RESOURCE, tmp_path / "quiet")
    assert capfd.readouterr() == ("", "")
    download(portal.url + RESOURCE, tmp_path / "shown", progress=True, page_size=10)
    out, err = capfd.readouterr()
    assert out == "" and "25/25" in err


def test_without_the_extra_the_line_to_install_it_is_given(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "requests", None)
    with pytest.raises(InputError, match=r'pip install "sara-pop\[web\]"'):
        download("https://data.city.gov/resource/ab12-cd34.json", tmp_path / "calls")


def test_nothing_is_loaded_or_sent_until_asked():
    import subprocess

    code = "import sara, sys; sara.read_calls; assert 'requests' not in sys.modules and 'urllib3' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
