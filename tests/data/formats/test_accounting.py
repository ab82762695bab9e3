"""Rows in are rows kept and rows rejected, whatever is done to a file; and no file, however damaged, does worse than an InputError."""

from __future__ import annotations

import gzip
import io
import json
import warnings
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import sara
from sara.core.errors import InputError
from sara.data._rejects import rejects_of
from sara.data.formats import _csv

pytestmark = pytest.mark.filterwarnings("ignore::sara.SaraWarning")
HEADER = ["id", "received", "nature", "lon", "lat"]
ROWS = [[str(i), f"2024-03-{1 + i % 28:02d} 10:00", "FIGHT", "-88.9", "40.9"] for i in range(10)]
SLOPPY = settings(
    max_examples=25,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SARA_CACHE", str(tmp_path / "cache"))


def mangled(data, json_like: bool = False) -> list:
    """Return the rows, each of them left alone or damaged in one of the ways files are."""
    words = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp"), blacklist_characters='",;|\t'), max_size=8)
    out: list = []
    for row in ROWS:
        how = data.draw(
            st.sampled_from(
                [
                    "keep",
                    "keep",
                    "time",
                    "place",
                    "word",
                    "blank",
                    *(["list", "text", "null", "deep", "less"] if json_like else []),
                ]
            )
        )
        row = dict(zip(HEADER, row, strict=True))
        if how in ("time", "place", "word"):
            row[{"time": "received", "place": "lon", "word": "nature"}[how]] = data.draw(words)
        if how == "blank":
            row = dict.fromkeys(HEADER, "")
        out.append(
            {"list": [1, 2], "text": "??", "null": None, "deep": {**row, "lon": {"a": [1, {"b": 2}]}}, "less": {"id": "9"}}.get(
                how, row
            )
        )
    return out


def accounted(path, n: int) -> None:
    events = sara.read_calls(path, columns={"time": "received"})
    rejects = rejects_of(events)
    record = events.attrs["sara"]
    assert record["rows_read"] == len(events) + len(rejects) == len(events) + record["rows_rejected"] == n
    assert (rejects["reason"].str.len() > 0).all() and (rejects["file"].str.len() > 0).all()


@SLOPPY
@given(data=st.data())
def test_json(tmp_path, data):
    rows = mangled(data, json_like=True)
    if not any(isinstance(row, dict) and str(row.get("received", "")).startswith("2024") for row in rows):
        return
    (tmp_path / "a.json").write_text(json.dumps(rows))
    accounted(tmp_path / "a.json", 10)
    if sum(isinstance(row, dict) for row in rows) >= 5:
        (tmp_path / "a.ndjson").write_text("\n".join("{broken" if row == "??" else json.dumps(row) for row in rows))
        accounted(tmp_path / "a.ndjson", 10)
    features = [
        {"type": "Feature", "properties": row, "geometry": {"type": "Point", "coordinates": [-88.9, 40.9]}}
        if isinstance(row, dict)
        else row
        for row in rows
    ]
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    accounted(tmp_path / "a.geojson", 10)


@SLOPPY
@given(data=st.data())
def test_sheets_and_parquet(tmp_path, data):
    rows = mangled(data)
    if not any(row["received"].startswith("2024") for row in rows):
        return
    frame = pd.DataFrame(rows)
    frame.to_parquet(tmp_path / "a.parquet")
    accounted(tmp_path / "a.parquet", 10)
    book = openpyxl.Workbook()
    book.active.append(HEADER)
    for row in rows:
        # A workbook cannot hold these; it is what Excel would do.
        book.active.append(
            [openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE.sub("", value).lstrip("=") or None for value in row.values()]
        )
    book.save(tmp_path / "a.xlsx")
    # An empty row of a sheet is no row.
    blank = sum(
        not any(openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE.sub("", v).lstrip("=").strip() for v in row.values()) for row in rows
    )
    accounted(tmp_path / "a.xlsx", 10 - blank)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_the_quick_and_the_careful_way_read_alike(data):
    width = data.draw(st.integers(2, 4))
    cell = st.text(st.sampled_from('ab",;\n\r é\u2028'), max_size=5)
    end = data.draw(st.sampled_from(["\n", "\r\n", "\r"]))
    lines = []
    for row in data.draw(st.lists(st.lists(cell, min_size=width, max_size=width), min_size=1, max_size=6)):
        how = data.draw(st.sampled_from(["csv", "csv", "csv", "all", "raw"]))
        if how == "raw":
            lines.append(",".join(row))
        else:
            text = pd.DataFrame([row]).to_csv(header=False, index=False, quoting=1 if how == "all" else 0, lineterminator="\n")
            lines.append(text.removesuffix("\n"))
    text = ",".join(f"name {i}" for i in range(width)) + end + end.join(lines) + data.draw(st.sampled_from(["", end]))
    read = []
    for limit in (0, 10**9):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_csv, "FAST_FROM", limit)
            table = _csv.read_csv(text.encode(), "a.csv", "x")
            read.append((table.frame.to_dict("list"), table.lines.tolist(), table.rejects.to_dict("list"), table.notes))
    assert read[0] == read[1]


def test_the_quick_way_is_taken_and_counts_lines(monkeypatch):
    text = "id,received,nature\n" + "".join(f'{i},2024-03-01,"two\nlines {i}"\n' for i in range(50))
    monkeypatch.setattr(_csv, "FAST_FROM", 0)
    taken = []
    quick = _csv.fast_rows
    monkeypatch.setattr(_csv, "fast_rows", lambda *a, **k: taken.append(quick(*a, **k)) or taken[-1])
    assert _csv.read_csv(text.encode(), "a.csv", "x").lines.tolist() == list(range(2, 102, 2))
    assert taken[0] is not None
    _csv.read_csv((text + "1,2\n").encode(), "a.csv", "x")
    assert taken[1] is None


def examples() -> dict[str, bytes]:
    table = pd.DataFrame(ROWS, columns=HEADER)
    packed, book, parquet = io.BytesIO(), io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", table.to_csv(index=False))
    table.to_excel(book, index=False)
    table.to_parquet(parquet)
    records = table.to_dict("records")
    return {
        "a.csv": table.to_csv(index=False).encode(),
        "a.csv.gz": gzip.compress(table.to_csv(index=False).encode()),
        "a.zip": packed.getvalue(),
        "a.xlsx": book.getvalue(),
        "a.parquet": parquet.getvalue(),
        "a.json": json.dumps(records).encode(),
        "a.geojson": json.dumps({"type": "FeatureCollection", "features": [{"type": "Feature", "properties": r, "geometry": None} for r in records]}).encode(),
        "a.ndjson": "\n".join(map(json.dumps, records)).encode(),
        "a.xml": ("<?xml version='1.0'?><rows>" + "".join("<r>" + "".join(f"<{k}>{v}</{k}>" for k, v in r.items()) + "</r>" for r in records) + "</rows>").encode(),
    }  # fmt: skip


# Made once: a workbook holds the time it was made at, and is a few bytes longer or shorter the next second.
EXAMPLES = examples()


@pytest.mark.parametrize("name", list(EXAMPLES))
@settings(
    max_examples=25,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_damaged_files_are_read_or_refused(name, tmp_path, data):
    content = bytearray(EXAMPLES[name])
    for _ in range(data.draw(st.integers(1, 4))):
        how = data.draw(st.sampled_from(["flip", "cut", "insert", "drop"]))
        at = data.draw(st.integers(0, max(len(content) - 1, 0)))
        if how == "cut":
            content = content[:at]
        elif how == "flip" and content:
            content[at] ^= 1 << data.draw(st.integers(0, 7))
        elif how == "insert":
            content[at:at] = data.draw(st.binary(max_size=6))
        else:
            del content[at : at + data.draw(st.integers(1, 20))]
    path = tmp_path / name
    path.write_bytes(bytes(content))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            events = sara.read_calls(path, tz="America/Chicago")
        except InputError as error:
            assert "must" in str(error)
            return
    assert events.attrs["sara"]["rows_read"] == len(events) + len(rejects_of(events))
    assert np.isfinite(len(events))
