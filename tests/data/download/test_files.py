"""Plain files: whole, the same one, and never a web page in their place."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
from pathlib import Path

import pytest

import sara
from sara.core.errors import InputError
from sara.data.download import _file, download

_spec = importlib.util.spec_from_file_location("download_portal", Path(__file__).parent / "conftest.py")
assert _spec is not None and _spec.loader is not None
fake = importlib.util.module_from_spec(_spec)
sys.modules["download_portal"] = fake
_spec.loader.exec_module(fake)
Answer = fake.Answer

BODY = b"incident_number,received,call_type,lon,lat\n" + b"".join(
    b"%d,2024-03-%02d 10:00,NOISE,-88.9,40.9\n" % (i, 1 + i % 28) for i in range(20_000)
)


def offer(portal, body=BODY, *, ranges=True, tag='"v1"', path="/files/calls.csv", honours=True):
    """Answer as a file server; one that does not honour If-Range sends the rest of whatever it has."""

    def route(question):
        headers = {"Content-Type": "text/csv", **({"ETag": tag} if tag else {})}
        wanted = question.headers.get("Range")
        fits = not honours or question.headers.get("If-Range") == tag
        if not (ranges and wanted and fits):
            return Answer(body, headers=headers)
        first = int(wanted.removeprefix("bytes=").split("-")[0])
        if first >= len(body):
            return Answer(b"", 416, headers)
        return Answer(body[first:], 206, {**headers, "Content-Range": f"bytes {first}-{len(body) - 1}/{len(body)}"})

    portal.routes[path] = route


def cut(portal, at, body=BODY, tag='"v1"'):
    portal.faults.append(Answer(body, headers={"ETag": tag} if tag else {}, cut=at))


def test_a_file_comes_whole_and_is_read(portal, tmp_path):
    offer(portal)
    path = download(portal.url + "/files/calls.csv", tmp_path / "calls")
    assert path == tmp_path / "calls" / "calls.csv" and path.read_bytes() == BODY
    said = json.loads((tmp_path / "calls" / "manifest.json").read_text())
    assert said["complete"] and said["pages"][0]["sha256"] == hashlib.sha256(BODY).hexdigest()
    assert len(sara.read_calls(path)) == 20_000
    portal.asked.clear()
    assert download(portal.url + "/files/calls.csv", tmp_path / "calls") == path and portal.asked == []


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("tag", ['"v1"', None])
def test_a_file_that_was_cut_is_continued_or_begun_again(portal, tmp_path, ranges, tag):
    offer(portal, ranges=ranges, tag=tag)
    cut(portal, 700_000, tag=tag)
    path = download(portal.url + "/files/calls.csv", tmp_path / "calls")
    assert path.read_bytes() == BODY
    assert ("Range" in portal.asked[1].headers) == (tag is not None)
    assert len(list((tmp_path / "calls").iterdir())) == 2


def test_a_later_call_continues(portal, tmp_path):
    offer(portal)
    cut(portal, 600_000)
    portal.faults += [Answer(b"", 503)] * 4
    with pytest.raises(InputError, match="must answer"):
        download(portal.url + "/files/calls.csv", tmp_path / "calls")
    portal.asked.clear()
    assert download(portal.url + "/files/calls.csv", tmp_path / "calls").read_bytes() == BODY
    assert int(portal.asked[0].headers["Range"].removeprefix("bytes=").rstrip("-")) > 0


@pytest.mark.parametrize("honours", [True, False])
def test_a_file_that_changed_in_between_is_begun_again(portal, tmp_path, honours):
    """Half of March and half of April would look like a file."""
    newer = BODY.replace(b"NOISE", b"FIGHT")
    offer(portal, newer, tag='"v2"', honours=honours)
    cut(portal, 600_000)
    path = download(portal.url + "/files/calls.csv", tmp_path / "calls")
    assert path.read_bytes() == newer


def test_a_part_longer_than_the_file_is_thrown_away(portal, tmp_path):
    offer(portal, BODY[:1000], honours=False)
    cut(portal, 600_000)
    assert download(portal.url + "/files/calls.csv", tmp_path / "calls").read_bytes() == BODY[:1000]


def test_a_login_page_is_no_file(portal, tmp_path):
    portal.routes["/files/calls.csv"] = lambda q: Answer(
        b"\n <HTML><title>Please log in</title></HTML>", headers={"Content-Type": "text/csv"}
    )
    with pytest.raises(InputError, match="web page titled 'Please log in'"):
        download(portal.url + "/files/calls.csv", tmp_path / "calls")


def test_an_empty_file_is_none(portal, tmp_path):
    offer(portal, b"")
    with pytest.raises(InputError, match="an empty one"):
        download(portal.url + "/files/calls.csv", tmp_path / "calls")


def test_a_stream_without_end_ends(portal, tmp_path, monkeypatch):
    monkeypatch.setattr(_file, "MAX_FILE", 100_000)
    offer(portal)
    with pytest.raises(InputError, match="must be at most"):
        download(portal.url + "/files/calls.csv", tmp_path / "calls")


def test_a_full_disk_is_said_before(portal, tmp_path, monkeypatch):
    monkeypatch.setattr(_file.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 1000})())
    offer(portal)
    with pytest.raises(InputError, match="room for the file"):
        download(portal.url + "/files/calls.csv", tmp_path / "calls")


@pytest.mark.parametrize(
    ("path", "headers", "name"),
    [
        ("/export", {"Content-Type": "text/csv; charset=utf-8"}, "export.csv"),
        ("/export", {"Content-Disposition": 'attachment; filename="../../calls 2024.csv"'}, "calls_2024.csv"),
        ("/a/%2e%2e%2fx.csv", {}, "x.csv"),
        ("/manifest.json", {}, "file-manifest.json"),
    ],
)
def test_the_name_of_the_file_is_safe(portal, tmp_path, path, headers, name):
    portal.routes["*"] = lambda q: Answer(BODY, headers=headers)
    got = download(portal.url + path, tmp_path / "calls")
    assert got == tmp_path / "calls" / name and got.read_bytes() == BODY


def test_a_key_in_the_address_of_a_file_is_used_and_not_written(portal, tmp_path):
    offer(portal)
    folder = download(portal.url + "/files/calls.csv?api_key=s3cret&year=2024", tmp_path / "calls").parent
    assert portal.asked[0].params == {"api_key": "s3cret", "year": "2024"}
    assert "s3cret" not in (folder / "manifest.json").read_text() and "year=2024" in (folder / "manifest.json").read_text()


def test_a_condition_makes_no_sense_for_a_file(portal, tmp_path):
    with pytest.raises(InputError, match=r"left out for a file.*kind='socrata'"):
        download(portal.url + "/files/calls.csv", tmp_path / "calls", since="2024-01-01")
