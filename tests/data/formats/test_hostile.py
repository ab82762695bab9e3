"""Files made to break a reader: each is refused, or read with every row accounted for."""

from __future__ import annotations

import io
import zipfile

import pandas as pd
import pytest

import sara
from sara.core.errors import InputError
from sara.data._rejects import rejects_of

pytestmark = pytest.mark.filterwarnings("ignore::sara.SaraWarning")
TEXT = "id,received,nature,lon,lat\n" + "".join(f"{i},2024-03-{1 + i % 28:02d} 10:00,FIGHT,-88.9,40.9\n" for i in range(20))
LAST = "21,2024-03-04 10:00,FIGHT,-88.9,40.9\n"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SARA_CACHE", str(tmp_path / "cache"))


def read(path):
    return sara.read_events(path, source="x")


@pytest.mark.parametrize("times", [1, 300], ids=["short", "long"])
@pytest.mark.parametrize(
    "field", ["x" * 2_000_000, '"' + "x" * 2_000_000 + '"', '"' + "x," * 1_000_000 + '"'], ids=["bare", "quoted", "commas"]
)
def test_a_field_of_millions_of_letters_is_one_reject_and_the_rows_after_it_are_read(tmp_path, field, times):
    rows = TEXT.split("\n", 1)[1] * times
    (tmp_path / "a.csv").write_text(
        TEXT.split("\n")[0] + "\n" + rows + f"20,2024-03-01 10:00,{field},-88.9,40.9\n" + LAST.replace("FIGHT", '"A, B"')
    )
    events = read(tmp_path / "a.csv")
    rejects = rejects_of(events)
    assert len(events) == 20 * times + 1 and rejects["line"].tolist() == [20 * times + 2]
    assert "longer than 1,000,000" in rejects["reason"].iloc[0] or "more than 5,000 fields" in rejects["reason"].iloc[0]
    assert "A, B" in events["type"].tolist()


def test_a_quote_never_closed_loses_no_line(tmp_path):
    rows = TEXT.split("\n", 1)[1] * 1500
    (tmp_path / "a.csv").write_text(TEXT.split("\n")[0] + "\n" + '1,2024-03-01 10:00,"FIGHT,-88.9,40.9\n' + rows)
    events = read(tmp_path / "a.csv")
    assert events.attrs["sara"]["rows_read"] == 30_001 == len(events) + len(rejects_of(events))
    assert len(events) >= 30_000


def test_one_line_of_nothing_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("x" * 5_000_000)
    with pytest.raises(InputError, match="must hold a table"):
        read(tmp_path / "a.csv")


@pytest.mark.parametrize(
    "cell",
    [
        '<row r="9"><c r="XFD1048576"><v>1</v></c></row>',
        "<row r='1048576'><c r='XFD1048576'><v>1</v></c></row>",
        '<row r="9"><c r="A99999999"><v>1</v></c></row>',
        '<row\nr="1048576"><c\nr="XFD1048576"><v>1</v></c></row>',
    ],
)
@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/worksheets/table.xml"])
def test_a_cell_at_the_far_corner_is_refused_before_a_place_is_made_for_all_between(tmp_path, cell, part):
    book = io.BytesIO()
    pd.read_csv(io.StringIO(TEXT)).to_excel(book, index=False)
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(tmp_path / "a.xlsx", "w") as new:
        for name in old.namelist():
            content = (
                old.read(name)
                .replace(b"</sheetData>", cell.encode() + b"</sheetData>")
                .replace(b"worksheets/sheet1.xml", part[3:].encode())
            )
            new.writestr(part if name == "xl/worksheets/sheet1.xml" else name, content)
    with pytest.raises(InputError, match="million cells"):
        read(tmp_path / "a.xlsx")


def test_a_sheet_of_one_row_is_a_header_and_a_column_is_a_table(tmp_path):
    pd.DataFrame(columns=["id", "received", "nature"]).to_excel(tmp_path / "a.xlsx", index=False)
    with pytest.raises(InputError, match="header and nothing below"):
        read(tmp_path / "a.xlsx")
    pd.DataFrame({"received": ["2024-03-01 10:00", "2024-03-02 10:00"]}).to_excel(tmp_path / "b.xlsx", index=False)
    assert len(read(tmp_path / "b.xlsx")) == 2


@pytest.mark.parametrize("digits", [400, 5000])
def test_a_number_of_hundreds_of_digits_stays_text(tmp_path, digits):
    (tmp_path / "a.json").write_text(
        '[{"id": %s, "received": "2024-03-01 10:00"}, {"id": 2, "received": "2024-03-01 11:00"}]' % ("9" * digits)
    )
    assert read(tmp_path / "a.json")["id"].tolist() == ["9" * digits, "2"]


def test_a_long_number_keeps_its_last_digit_beside_a_missing_one(tmp_path):
    (tmp_path / "a.json").write_text(
        '[{"id": 9007199254740993, "received": "2024-03-01 10:00"}, {"id": null, "received": "2024-03-01 11:00"}]'
    )
    assert read(tmp_path / "a.json")["id"].tolist()[0] == "9007199254740993"


def test_half_a_letter_is_no_crash(tmp_path):
    (tmp_path / "a.json").write_text(
        '[{"id": "\\ud800", "received": "2024-03-01 10:00", "nature\\udfff": "X \\ud83d\\ude00"}, {"received": "2024-03-01 11:00"}]'
    )
    assert len(read(tmp_path / "a.json")) == 2
    frame = pd.DataFrame({"received": ["2024-03-01 10:00"], "nature": pd.Series(["FIGHT \ud800"], dtype=object)})
    assert read(frame)["type"].tolist() == ["FIGHT ?"]


def test_deep_xml_and_one_long_value(tmp_path):
    (tmp_path / "a.xml").write_text("<?xml version='1.0'?>" + "<a>" * 100_000 + "</a>" * 100_000)
    with pytest.raises(InputError, match="deeper than 50: a.xml"):
        read(tmp_path / "a.xml")
    row = "<r><id>1</id><received>2024-03-01 10:00</received><note n='{}'/></r>"
    (tmp_path / "b.xml").write_text(f"<?xml version='1.0'?><rows>{row.format('x' * 3_000_000)}{row.format('y')}</rows>")
    assert len(read(tmp_path / "b.xml")) == 2


@pytest.mark.parametrize("name", ["calls.shp", "calls.gdb/calls.vrt"])
def test_a_list_of_other_files_in_place_of_a_layer_is_refused(tmp_path, name):
    (tmp_path / "secret.csv").write_text(TEXT)
    listed = f'<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{tmp_path}/secret.csv</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(name, listed)
    with pytest.raises(InputError, match="must be a"):
        read(tmp_path / "a.zip")
    if name.endswith(".shp"):
        (tmp_path / "calls.shp").write_text(listed)
        with pytest.raises(InputError):
            read(tmp_path / "calls.shp")


def test_parts_of_an_archive_that_lie_over_one_another_are_refused(tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"0," * 20_000_000)
        one = archive.filelist[0]
        for number in range(500):
            copy = zipfile.ZipInfo(f"b{number}.csv")
            for key in ("compress_type", "CRC", "compress_size", "file_size", "header_offset", "flag_bits"):
                setattr(copy, key, getattr(one, key))
            archive.filelist.append(copy)
    (tmp_path / "a.zip").write_bytes(packed.getvalue())
    with pytest.raises(InputError, match="must"):
        read(tmp_path / "a.zip")


def test_a_missing_header_is_no_row_lost(tmp_path):
    rows = "".join(f"24-{i},2024-03-{1 + i:02d} 10:00,FIGHT,{100 + i} MAIN ST\n" for i in range(9))
    for name, text in (("a.csv", rows), ("b.csv", rows.replace(" 10:00", ""))):
        (tmp_path / name).write_text(text)
        assert len(read(tmp_path / name)) == 9
    pd.read_csv(io.StringIO(rows), header=None).to_excel(tmp_path / "a.xlsx", index=False, header=False)
    events = read(tmp_path / "a.xlsx")
    assert len(events) == 9 and events.attrs["sara"]["header"] == "missing"


def test_totals_and_notes_at_the_foot_of_a_sheet_are_rejects(tmp_path):
    rows = [[f"24-{i}", f"2024-03-{1 + i:02d} 10:00", "FIGHT", "1"] for i in range(9)]
    foot = [["TOTAL", None, None, "9"], ["Source: records, printed 4/1/2024", None, None, None]]
    pd.DataFrame(rows + foot, columns=["Number", "Received", "Nature", "Count"]).to_excel(tmp_path / "a.xlsx", index=False)
    events = read(tmp_path / "a.xlsx")
    rejects = rejects_of(events)
    assert len(events) == 9 and rejects["line"].tolist() == [11, 12] and rejects["reason"].str.contains("foot of the table").all()
    # A call in the middle whose nature is "TOTAL", or one at the end that has its columns, is a call.
    rows[4][0], rows[8][0] = "TOTAL", "TOTAL LOSS"
    pd.DataFrame(rows, columns=["Number", "Received", "Nature", "Count"]).to_excel(tmp_path / "b.xlsx", index=False)
    assert len(read(tmp_path / "b.xlsx")) == 9


def test_a_page_of_nothing_is_a_day_without_calls(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(TEXT.replace("FIGHT", name))
    (tmp_path / "c.json").write_text("[]")
    events = read(tmp_path)
    assert len(events) == 40 and events.attrs["sara"]["empty_files"] == 1
    with pytest.raises(InputError, match="empty file"):
        read(tmp_path / "c.json")


def test_labels_that_are_times_or_keys_are_columns(tmp_path):
    frame = pd.read_csv(io.StringIO(TEXT), parse_dates=["received"])
    assert len(read(frame.set_index("received"))) == 20
    events = read(frame.set_index(["id", "nature"]))
    assert events["id"].notna().all() and set(events["type"]) == {"FIGHT"}
