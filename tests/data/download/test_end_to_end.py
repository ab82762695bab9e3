"""What was downloaded is read as events, with its origin on the record."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from pathlib import Path

import pytest

import sara
from sara.core.errors import InputError, SaraWarning

_spec = importlib.util.spec_from_file_location("download_portal", Path(__file__).parent / "conftest.py")
assert _spec is not None and _spec.loader is not None
fake = importlib.util.module_from_spec(_spec)
sys.modules["download_portal"] = fake
_spec.loader.exec_module(fake)
Answer, as_json = fake.Answer, fake.as_json

RESOURCE = "/resource/ab12-cd34.json"
LAYER = "/arcgis/rest/services/Public/Calls/FeatureServer/0"


def test_socrata_pages_become_calls(portal, tmp_path):
    portal.routes[RESOURCE] = fake.socrata(fake.socrata_rows(2500))
    folder = sara.download(portal.url + RESOURCE, tmp_path / "calls", page_size=1000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        calls = sara.read_calls(folder, tz="America/Chicago")
    record = calls.attrs["sara"]
    assert len(calls) == 2500 == record["rows_read"] and record["rows_rejected"] == 0
    assert record["download"]["url"] == portal.url + RESOURCE and record["download"]["complete"] is True
    assert calls["x"].notna().all() and calls["id"].is_unique and set(calls["type"]) == set(fake.TYPES)


def test_arcgis_pages_become_calls_without_a_word_about_more_rows(portal, tmp_path):
    """All pages but the last say that more rows follow: in a whole folder they are there."""
    portal.routes[LAYER] = portal.routes[LAYER + "/query"] = fake.arcgis(fake.arcgis_features(2500))
    folder = sara.download(portal.url + LAYER, tmp_path / "calls")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        calls = sara.read_calls(folder, tz="America/Chicago")
    assert len(calls) == 2500 and calls["x"].notna().all()
    assert not [w for w in said if "more rows" in str(w.message)]
    with pytest.warns(SaraWarning, match="more rows than it sent"):
        sara.read_calls(folder / "page-000001.json", tz="America/Chicago")


@pytest.mark.real
@pytest.mark.parametrize(("file", "n"), [("san_francisco_requests.xml", 56), ("bloomington_requests.json", 21)])
def test_real_open311_answers_become_complaints(portal, tmp_path, real_data, file, n):
    body = (real_data / "open311" / file).read_bytes()
    kind = file.rsplit(".", 1)[1]
    empty = {"json": b"[]", "xml": b"<service_requests/>"}[kind]
    portal.routes[f"/open311/v2/requests.{kind}"] = lambda q: Answer(body if q.params["page"] == "1" else empty)
    folder = sara.download(f"{portal.url}/open311/v2/requests.{kind}", tmp_path / "311", since="2012-05-01", until="2012-06-01")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        complaints = sara.read_complaints(folder)
    assert len(complaints) == n and complaints["type"].notna().all() and complaints.attrs["sara"]["download"]["rows"] == n


def test_a_download_that_is_not_whole_is_warned_of_when_it_is_read(portal, tmp_path):
    portal.routes[RESOURCE] = fake.socrata(fake.socrata_rows(600), says=650)
    with pytest.warns(SaraWarning, match="50 are missing"):
        folder = sara.download(portal.url + RESOURCE, tmp_path / "calls")
    with pytest.warns(SaraWarning, match="not whole: 600 of 650 rows"):
        calls = sara.read_calls(folder)
    assert calls.attrs["sara"]["download"]["complete"] is False
    portal.faults = [None, None] + [Answer(b"", 500)] * 5
    with pytest.raises(InputError, match="must answer"):
        sara.download(portal.url + RESOURCE, tmp_path / "part", page_size=200)
    with pytest.warns(SaraWarning, match="not whole: 200 rows so far"):
        assert len(sara.read_calls(tmp_path / "part")) == 200


def test_next_months_download_is_merged(portal, tmp_path):
    """The whole round: download, read, download again, refresh."""
    rows = fake.socrata_rows(900)
    portal.routes[RESOURCE] = fake.socrata(rows[:700])
    march = sara.read_calls(sara.download(portal.url + RESOURCE, tmp_path / "march"), tz="America/Chicago")
    newer = [dict(row) for row in rows[500:]]
    newer[10]["call_type"] = "ROBBERY"
    portal.routes[RESOURCE] = fake.socrata(newer)
    found = sara.refresh(march, sara.download(portal.url + RESOURCE, tmp_path / "april"))
    assert len(found.events) == 900 and found.found["added"] == 200 and found.found["revised"] == 1
    assert found.types["type"].tolist() == ["ROBBERY"]
