"""The scanning report: files in, one page and one workbook out, and nothing in them names a house."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from sara import data, datasets
from sara._scan_report import scan_report
from sara.cli import app
from sara.core.source import EventSource

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def half():
    """Return the last half-year of Riverton's calls and complaints, and its areas."""
    tables = []
    for name in ("calls", "complaints"):
        table = datasets.load(f"riverton_{name}")
        part = table[table["time"] >= "2024-09-01"]
        part.attrs["sara"] = {**table.attrs["sara"], "coverage": ["2024-09-01", "2025-03-01"]}
        tables.append(part)
    return (*tables, datasets.load("riverton_areas"))


@pytest.fixture(scope="module")
def riverton(tmp_path_factory, half):
    calls, complaints, areas = half
    return scan_report(calls, complaints, areas=areas, out=tmp_path_factory.mktemp("scan"))


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
    book = pd.read_excel(riverton.xlsx, sheet_name=None, engine="openpyxl")
    words = page + " ".join(frame.astype(str).to_csv() for frame in book.values())
    board = riverton.scanned.board
    exact = [place for place in pd.concat([board.table, board.more])["top_place"].dropna() if re.match(r"\d+ ", place)]
    assert exact
    for place in exact:
        if "BLOCK" not in place:
            assert place not in words
    assert riverton.withheld.addresses > 0


def test_the_workbook_has_the_same_problems(riverton):
    book = pd.read_excel(riverton.xlsx, sheet_name=None, engine="openpyxl")
    assert {"finding", "problems", "evidence", "turned down", "who is calling", "months", "counts", "settings", "files"} <= set(
        book
    )
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


def in_duckdb(events):
    import pyarrow as pa

    duckdb = pytest.importorskip("duckdb")
    connection = duckdb.connect()
    connection.register("rows", pa.Table.from_pandas(pd.DataFrame(events.drop(columns="geometry")), preserve_index=False))
    return EventSource(connection.sql("SELECT * FROM rows"), events.attrs["sara"], events.crs, keep=connection)


def same_parts(one, other):
    assert one.board.text == other.board.text
    for name in ("series", "clock", "concentration"):
        here, there = getattr(one, name), getattr(other, name)
        assert (here is None) == (there is None)
        if here is not None:
            pd.testing.assert_frame_equal(here.table, there.table, check_dtype=False)
            assert here.text == there.text
    assert one.ground.equals(other.ground)


def test_a_source_gives_the_same_report(tmp_path, half, riverton):
    calls, complaints, areas = half
    report = scan_report(in_duckdb(calls), in_duckdb(complaints), areas=areas, out=tmp_path)
    one, other = riverton.scanned, report.scanned
    same_parts(one, other)
    assert one.clock is not None and len(one.clock.table) == 168
    assert [audit.text for audit in one.audits.values()] == [audit.text for audit in other.audits.values()]
    assert not other.glances and not other.skipped


def test_a_table_too_large_for_an_audit_is_counted(tmp_path, half, riverton, monkeypatch):
    monkeypatch.setattr("sara._scan_report.MOST_ROWS", 1_000)
    calls, _, areas = half
    report = scan_report(in_duckdb(calls), areas=areas, out=tmp_path)
    found = report.scanned
    assert not found.audits and "counted, not audited" in " ".join(found.skipped)
    numbers = found.glances["calls"].numbers.set_index("what")["n"]
    assert numbers["rows here"] == len(calls)
    assert numbers["without a location"] == calls["x"].isna().sum()
    assert numbers["without a time"] == 0 and numbers["months of the period without a row"] == 0
    assert numbers["started by: officer"] == (calls["origin"] == "officer").sum()
    points = data.audit(calls).default_points
    assert (numbers["default points"], numbers["rows at default points"]) == (len(points), points["n"].sum())
    by_category = found.glances["calls"].categories.set_index("category")["n"]
    assert by_category["noise"] == (calls["category"] == "noise").sum()
    page = report.html.read_text(encoding="utf-8")
    assert "Counted, not audited" in page and "heaped on full hours" in page
    book = pd.read_excel(report.xlsx, sheet_name=None, engine="openpyxl")
    assert {"counted calls", "categories calls"} <= set(book)


def test_months_without_a_row_are_counted(half):
    from sara.scan._glance import glance

    calls = half[0]
    gap = calls[~calls["month"].isin([10, 11])]
    gap.attrs = dict(calls.attrs)
    found = glance(in_duckdb(gap)).numbers.set_index("what")["n"]
    assert found["months of the period without a row"] == 2
    assert "default points" not in found.index


@pytest.mark.parametrize("kind", ["duckdb", "pandas"])
def test_rows_inside_an_outline_are_those_of_the_table(half, kind):
    import shapely

    from sara.scan._inside import rows_inside

    calls = half[0]
    x, y = calls["x"].median(), calls["y"].median()
    outline = shapely.Point(x, y).buffer(900).difference(shapely.Point(x + 200, y).buffer(300))
    expected = rows_inside(calls, outline)
    assert 100 < len(expected) < len(calls) / 2
    plain = pd.DataFrame(calls.drop(columns="geometry"))
    source = in_duckdb(calls) if kind == "duckdb" else EventSource(plain, calls.attrs["sara"], calls.crs)
    found = rows_inside(source, outline)
    ids = found["id"] if isinstance(found, pd.DataFrame) else found.load(limit=found.n_rows)["id"]
    assert sorted(ids) == sorted(expected["id"])


def test_the_command_writes_both_files_and_prints_their_paths(tmp_path, half):
    path = tmp_path / "calls.csv"
    frame = half[0].iloc[:3_000][["id", "time", "type", "address", "x", "y"]]
    points = half[0].geometry.iloc[:3_000].to_crs(4326)
    frame.assign(lon=points.x, lat=points.y).drop(columns=["x", "y"]).to_csv(path, index=False)
    words = ["scan", str(path), "--out", str(tmp_path / "here")]
    done = subprocess.run([sys.executable, "-m", "sara", *words], capture_output=True, text=True, cwd=ROOT, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "candidate problem" in done.stdout
    assert str(tmp_path / "here" / "scan.html") in done.stdout
    assert (tmp_path / "here" / "scan.xlsx").exists()
    wrong = CliRunner().invoke(app, ["scan", "nowhere.csv"])
    assert wrong.exit_code == 2 and "Traceback" not in wrong.output


@pytest.mark.slow
def test_the_whole_of_riverton_from_its_files(tmp_path):
    calls, complaints = (datasets.folder() / f"{name}.csv.gz" for name in ("calls", "complaints"))
    areas = datasets.folder() / "areas.geojson"
    one = scan_report(calls, complaints, areas=areas, out=tmp_path / "memory").scanned
    sources = [in_duckdb(datasets.load(f"riverton_{name}")) for name in ("calls", "complaints")]
    same_parts(one, scan_report(*sources, areas=areas, out=tmp_path / "source").scanned)
