"""The scanning report: files in, one page and one workbook out, and nothing in them names a house."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from sara._scan_report import scan_report

ROOT = Path(__file__).resolve().parents[1]
RIVERTON = ROOT / "data" / "riverton"


@pytest.fixture(scope="module")
def riverton(tmp_path_factory):
    if not (RIVERTON / "calls.csv.gz").exists():
        pytest.skip("Riverton's files are not there")
    out = tmp_path_factory.mktemp("scan")
    calls, complaints = (RIVERTON / f"{name}.csv.gz" for name in ("calls", "complaints"))
    return scan_report(calls, complaints, areas=RIVERTON / "areas.geojson", out=out)


def test_the_page_tells_the_whole_stage_and_asks_the_network_for_nothing(riverton):
    page = riverton.html.read_text(encoding="utf-8")
    for title in (
        "Can the file bear it?", "What keeps coming back?", "Where?", "When?", "Do a few places hold most of it?", "What looked like a problem and is none",
        "Who is telling us, and who is quiet?", "What to do next", "Before you rely on this", "Evidence for number 1", "How it was counted",
    ):  # fmt: skip
        assert title in page, title
    assert not re.search(r"(?:src|href)=\"(?!data:)", page)
    assert "<script" not in page
    assert page.count("<img") == page.count('alt="') >= 5


def test_no_house_of_the_board_is_named(riverton):
    page = riverton.html.read_text(encoding="utf-8")
    book = pd.read_excel(riverton.xlsx, sheet_name=None)
    words = page + " ".join(frame.astype(str).to_csv() for frame in book.values())
    board = riverton.scanned.board
    exact = [place for place in pd.concat([board.table, board.more])["top_place"].dropna() if re.match(r"\d+ ", place)]
    assert exact
    for place in exact:
        if "BLOCK" not in place:
            assert place not in words
    assert riverton.withheld.addresses > 0


def test_the_workbook_has_the_same_problems(riverton):
    book = pd.read_excel(riverton.xlsx, sheet_name=None)
    assert {"finding", "problems", "evidence", "turned down", "who is calling", "months", "counts", "settings", "files"} <= set(book)
    assert book["problems"]["problem"].tolist() == [*riverton.scanned.board.table["public_name"]]
    assert book["problems"]["calls"].tolist() == riverton.scanned.board.table["n"].tolist()


def test_markup_in_a_file_is_escaped(tmp_path):
    rows = "\n".join(
        f"{i},2024-{1 + i % 9:02d}-{1 + i % 28:02d} {i % 24:02d}:1{i % 6},{'<b>NOISE</b>' if i % 4 else 'THEFT'},{100 + i % 5} <script>OAK</script> ST,-88.9{i % 7},40.9{i % 5}"
        for i in range(400)
    )
    path = tmp_path / "a<b>.csv"
    path.write_text(f"id,received,nature,address,lon,lat\n{rows}\n", encoding="utf-8")
    report = scan_report(path, out=tmp_path / "out")
    page = report.html.read_text(encoding="utf-8")
    assert "<script" not in page and "<b>NOISE" not in page


def test_a_file_that_is_too_small_is_audited_and_says_so(tmp_path):
    rows = "\n".join(f"{i},2024-03-{1 + i % 28:02d} 22:1{i % 10},NOISE,-88.9{i % 7},40.9{i % 5}" for i in range(60))
    path = tmp_path / "calls.csv"
    path.write_text(f"id,received,nature,lon,lat\n{rows}\n", encoding="utf-8")
    report = scan_report(path, out=tmp_path / "out")
    assert report.scanned.board is None
    assert "at least 100" in report.html.read_text(encoding="utf-8")


def test_a_source_gives_the_same_board_and_the_same_page(tmp_path, monkeypatch):
    pytest.importorskip("duckdb")
    import pyarrow as pa

    from sara.core.source import EventSource
    from sara.teach.city import city

    made = city(seed=1)
    import duckdb

    connection = duckdb.connect()
    connection.register("rows", pa.Table.from_pandas(pd.DataFrame(made.calls.drop(columns="geometry")), preserve_index=False))
    source = EventSource(connection.sql("SELECT * FROM rows"), made.calls.attrs["sara"], made.calls.crs, keep=connection)
    one = scan_report(made.calls, areas=made.areas, out=tmp_path / "memory").scanned
    other = scan_report(source, areas=made.areas, out=tmp_path / "source").scanned
    assert one.board.text == other.board.text
    for name in ("series", "clock", "concentration"):
        pd.testing.assert_frame_equal(getattr(one, name).table, getattr(other, name).table, check_dtype=False)
    assert not other.audits and "stay on disk" in " ".join(other.skipped)


def test_the_command_writes_both_files_and_prints_their_paths(tmp_path):
    if not (RIVERTON / "calls.csv.gz").exists():
        pytest.skip("Riverton's files are not there")
    words = ["scan", str(RIVERTON / "calls.csv.gz"), "--out", str(tmp_path / "here")]
    done = subprocess.run([sys.executable, "-m", "sara", *words], capture_output=True, text=True, cwd=ROOT, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "candidate problems stand out" in done.stdout
    assert str(tmp_path / "here" / "scan.html") in done.stdout
    assert (tmp_path / "here" / "scan.xlsx").exists()
    wrong = subprocess.run([sys.executable, "-m", "sara", "scan", "nowhere.csv"], capture_output=True, text=True, cwd=ROOT, timeout=300)
    assert wrong.returncode == 2 and wrong.stderr.startswith("InputError") and "Traceback" not in wrong.stderr


