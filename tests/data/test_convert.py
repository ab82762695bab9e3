"""Conversion in parts: the same rows, values, order and rejects as reading the file at once."""

from __future__ import annotations

import gzip
import warnings
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

import sara
from sara.core.errors import InputError, SaraWarning
from sara.data._chunks import _record_end, chunked
from sara.data._rejects import rejects_of

# What a converted file's record has besides, and where the rejects stand.
OWN = {"sorted", "crs", "rejects"}


def same_as_read(path, to: Path, *, rows: int, read=sara.read_calls, **options) -> sara.core.source.EventSource:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SaraWarning)
        want = read(path, **options)
        kind = "complaints" if read is sara.read_complaints else "calls"
        source = sara.convert(path, to, rows=rows, source=kind, **options)
    got = source.load()
    pd.testing.assert_frame_equal(
        pd.DataFrame(got.drop(columns="geometry")), pd.DataFrame(want.drop(columns="geometry")), check_dtype=False
    )
    assert (got.geometry.geom_equals(want.geometry) | want.geometry.isna()).all()
    assert got.crs == want.crs
    ours, theirs = got.attrs["sara"], want.attrs["sara"]
    assert {k: v for k, v in ours.items() if k not in OWN} == {k: v for k, v in theirs.items() if k not in OWN}
    assert ours["rows_read"] == len(got) + ours["rows_rejected"]
    rejected, listed = (rejects_of(events).astype(str).sort_values(["file", "line"], ignore_index=True) for events in (got, want))
    pd.testing.assert_frame_equal(rejected, listed)
    assert len(gpd.read_parquet(to)) == len(want)
    return source


def test_riverton_in_parts_is_riverton(tmp_path):
    source = same_as_read(
        sara.datasets.folder() / "complaints.csv.gz", tmp_path / "c.parquet", rows=9_000, read=sara.read_complaints
    )
    assert source.n_rows > 40_000


@pytest.mark.real
@pytest.mark.parametrize("name", ["seattle/seattle_911_2015.csv.gz", "milwaukee/calls.csv", "nashville/calls_2024.csv"])
def test_real_files_in_parts_are_what_reading_gives(real_data, tmp_path, name):
    same_as_read(real_data / name, tmp_path / "c.parquet", rows=20_000)


def dirty(n: int = 1_200) -> str:
    """Return calls with what goes wrong in files: bad times, ragged lines, lines within quotes, blank rows, columns of changing kind."""
    lines = ["id,received,nature,address,lon,lat,score,flag,pure"]
    for i in range(n):
        time = f"{i % 12 + 1:02d}/{i % 28 + 1:02d}/2024 {i % 24:02d}:{i % 60:02d}"
        time = "soon" if i % 97 == 5 else "" if i % 101 == 7 else time
        note = '"two\nlines, and ""quotes"""' if i % 50 == 3 else f"n{i}" if i > n // 2 else str(i)
        score = "" if i % 40 == 1 else f"{i}.50" if i > n - 100 else str(i)
        lines.append(
            f"{'' if i % 60 == 9 else i % 900},{time},{'FIGHT' if i % 3 else 'THEFT'},{i % 30 * 100} MAIN ST,{-88.9 + i % 50 / 1e4},{40.9},{score},{note},{i}"
        )
        if i % 211 == 13:
            lines.append("short,line")
        if i % 307 == 13:
            lines.append("")
        if i % 401 == 13:
            lines.append(lines[0])
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("rows", [100, 333, 5_000])
def test_rows_that_can_not_be_read_keep_their_lines_whatever_the_size_of_the_parts(tmp_path, rows):
    path = tmp_path / "calls.csv"
    path.write_text(dirty(), newline="\n")
    source = same_as_read(path, tmp_path / "calls.parquet", rows=rows, tz="America/Chicago")
    assert source.attrs["sara"]["rows_rejected"] > 10
    kinds = dict(zip(source.columns, source.lazy().collect_schema().dtypes(), strict=False))
    assert str(kinds["score"]) == "Float64"
    assert str(kinds["flag"]) == "String"
    assert str(kinds["pure"]) == "Int64"


def test_the_day_comes_first_for_all_parts_if_it_does_for_one(tmp_path):
    early = [f"{i},0{i % 9 + 1}/0{i % 8 + 1}/2024 10:00,FIGHT" for i in range(400)]
    late = [f"{i},{13 + i % 15}/03/2024 10:00,FIGHT" for i in range(400, 500)]
    path = tmp_path / "calls.csv"
    path.write_text("\n".join(["id,received,nature", *early, *late]) + "\n")
    source = same_as_read(path, tmp_path / "calls.parquet", rows=100)
    assert source.load()["time"].dt.month.max() < 10


def test_hours_are_kept_where_one_part_has_midnights_only(tmp_path):
    rows = [f"{i},2024-01-{i % 28 + 1:02d} 00:00,FIGHT" for i in range(300)] + [
        f"{i},2024-02-01 10:00,FIGHT" for i in range(300, 400)
    ]
    path = tmp_path / "calls.csv"
    path.write_text("\n".join(["id,received,nature", *rows]) + "\n")
    same_as_read(path, tmp_path / "calls.parquet", rows=100)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_encodings_are_settled_from_the_whole_file(tmp_path, encoding):
    text = "id;received;nature;address\r\n" + "".join(
        f"{i};2024-01-02 10:{i % 60:02d};FIGHT;{'RÚA ' if i > 700 else 'STREET '}{i}\r\n" for i in range(800)
    )
    path = tmp_path / "calls.csv"
    path.write_bytes(text.encode(encoding))
    same_as_read(path, tmp_path / "calls.parquet", rows=100)
    with gzip.open(tmp_path / "packed.csv.gz", "wb") as file:
        file.write(text.encode(encoding))
    same_as_read(tmp_path / "packed.csv.gz", tmp_path / "calls.parquet", rows=100)


def test_a_folder_of_files_whose_headers_differ_is_one_table(tmp_path):
    folder = tmp_path / "days"
    folder.mkdir()
    (folder / "a.csv").write_text(
        "id,received,nature\n" + "".join(f"a{i},2024-01-02 10:{i % 60:02d},FIGHT\n" for i in range(300))
    )
    (folder / "b.csv").write_text(
        "RECEIVED,id,nature,beat\n" + "".join(f"2024-01-03 11:{i % 60:02d},b{i},THEFT,7\n" for i in range(300))
    )
    same_as_read(folder, tmp_path / "calls.parquet", rows=100)


def test_what_can_not_be_read_in_parts_is_read_whole(tmp_path):
    table = pd.DataFrame({"id": ["1", "2"], "received": ["2024-03-01 10:00", "2024-03-02 11:00"], "nature": ["FIGHT", "THEFT"]})
    table.to_excel(tmp_path / "calls.xlsx", index=False)
    table.to_parquet(tmp_path / "plain.parquet")
    for name in ("calls.xlsx", "plain.parquet"):
        assert same_as_read(tmp_path / name, tmp_path / "out.parquet", rows=100).n_rows == 2


def test_a_converted_file_is_read_back_as_it_is(tmp_path):
    path = tmp_path / "calls.csv"
    path.write_text(dirty())
    source = sara.convert(path, tmp_path / "calls.parquet", tz="America/Chicago")
    again = sara.read_calls(tmp_path / "calls.parquet")
    assert len(again) == source.n_rows
    assert sara.audit(source).text == sara.audit(again).text


def test_records_end_where_quotes_do():
    text = 'a,b\n1,"x\ny"\n2,z\n'
    assert text[: _record_end(text, 8)] == "a,b\n"
    assert text[: _record_end(text, 14)] == 'a,b\n1,"x\ny"\n'
    assert _record_end("no end", 6) == 0


def test_mistakes_are_answered_in_words(tmp_path):
    path = tmp_path / "calls.csv"
    path.write_text("id,received,nature\n1,2024-01-01 10:00,FIGHT\n")
    with pytest.raises(InputError, match="`to` must name a Parquet file"):
        sara.convert(path, tmp_path / "calls.csv")
    with pytest.raises(InputError, match="folder that is there"):
        sara.convert(path, tmp_path / "no" / "calls.parquet")
    with pytest.raises(InputError, match="which is not there"):
        sara.convert(tmp_path / "no.csv", tmp_path / "calls.parquet")
    with pytest.raises(InputError, match="`rows` must be a whole number"):
        sara.convert(path, tmp_path / "calls.parquet", rows=1)
    (tmp_path / "broken.csv.gz").write_bytes(gzip.compress(path.read_bytes() * 50)[:40])
    with pytest.raises(InputError, match="damaged"):
        sara.convert(tmp_path / "broken.csv.gz", tmp_path / "calls.parquet")
    assert not (tmp_path / "calls.parquet").exists(), "nothing half made is left"
    assert not list(tmp_path.glob(".sara-*"))
    assert chunked(tmp_path / "no.csv", []) is None
    done = sara.convert(path, tmp_path / "calls.parquet")
    with pytest.raises(InputError, match="must not be a file that is read"):
        sara.convert(tmp_path / "calls.parquet", tmp_path / "calls.parquet")
    assert done.n_rows == 1
