"""Files to event tables: every row is in the table or among the rejects."""

from __future__ import annotations

import gzip
import io
import warnings
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sara.core.errors import InputError, SaraWarning
from sara.data import as_events, read_calls, read_complaints, read_events
from sara.data._rejects import _KEPT, rejects_of
from sara.data.formats import _raw
from sara.data.recognition.profiles import profiles

# Some of these small files tell no type on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:No column tells")

HEADER = "id,received,nature,lon,lat"
ROWS = [
    "1,2024-03-01 23:10,FIGHT,-88.90,40.90",
    "2,2024-03-02 01:05,NOISE,-88.91,40.91",
    "3,2024-03-03 12:00,BURG - RES,-88.92,40.92",
]
TEXT = "\n".join([HEADER, *ROWS]) + "\n"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SARA_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def write(tmp_path):
    def _write(content: str | bytes, name: str = "calls.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return _write


def accounted(events) -> None:
    record = events.attrs["sara"]
    assert record["rows_read"] == len(events) + record["rows_rejected"]
    assert record["rows_rejected"] == len(rejects_of(events))


def test_a_plain_file(write):
    events = read_calls(write(TEXT), tz="America/Chicago")
    assert events["id"].tolist() == ["1", "2", "3"]
    assert events["category"].tolist() == ["disorder", "noise", "burglary"]
    assert events["source"].unique().tolist() == ["calls"]
    record = events.attrs["sara"]
    assert (record["file"], record["zone"], record["encoding"]) == ("calls.csv", "America/Chicago", "utf-8")
    assert len(record["sha256"]) == 64
    accounted(events)


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode("utf-8-sig"),
        "\u00ef\u00bb\u00bf".encode() + TEXT.encode(),
        TEXT.encode("utf-16"),
        TEXT.replace("FIGHT", "FIGHT CAF\u00c9").encode("latin-1"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        TEXT.replace(",", ";").encode(),
        TEXT.replace(",", "\t").encode(),
        TEXT.replace(",", "|").encode(),
        b"\n\n" + TEXT.encode(),
        TEXT.rstrip("\n").encode(),
    ],
)
def test_encodings_marks_and_delimiters(write, content):
    events = read_calls(write(content))
    assert events["id"].tolist() == ["1", "2", "3"]
    assert events["x"].notna().all()


def test_latin_letters_survive(write):
    events = read_calls(write(TEXT.replace("FIGHT", "CAF\u00c9 FIGHT").encode("cp1252")))
    assert events["type"].iloc[0] == "CAF\u00c9 FIGHT"


def test_a_file_cut_off_within_a_letter_is_still_utf8(write):
    events = read_calls(write((TEXT.replace("FIGHT", "CAF\u00c9") + "4,2024-03-04 10:00,CAF\u00c9").encode()[:-1]))
    assert events["type"].iloc[0] == "CAF\u00c9"
    assert rejects_of(events)["line"].tolist() == [5]


def test_decimal_commas(write):
    events = read_calls(write("id;received;lon;lat\n1;01.03.2024 23:10;-88,9;40,9\n2;31.03.2024 23:10;-88,9;40,9\n"))
    plain = read_calls(write("id,received,lon,lat\n1,2024-03-01 23:10,-88.9,40.9\n", "plain.csv"))
    assert events["x"].iloc[0] == pytest.approx(plain["x"].iloc[0])
    assert events["time"].iloc[0] == pd.Timestamp("2024-03-01 23:10")


def test_lines_of_rejects_are_those_an_editor_shows(write):
    text = 'id,received,nature,note\n1,2024-03-01 23:10,FIGHT,"two\nlines"\n2,soon,FIGHT,x\n3,2024-03-01 23:12,NOISE\n'
    rejects = rejects_of(read_calls(write(text))).sort_values("line")
    assert rejects["line"].tolist() == [4, 5]
    lines = text.split("\n")
    assert lines[4 - 1].startswith("2,soon")
    assert lines[5 - 1].startswith("3,")
    assert rejects["reason"].tolist() == ["the time can't be read", "the line has 3 fields where the header has 4"]


def test_rejects_outlive_memory_and_hold_no_formula(write):
    events = read_calls(write(TEXT + '4,"=HYPERLINK(""x"")",FIGHT,-88.9,40.9\n'))
    path = events.attrs["sara"]["rejects"]
    _KEPT.clear()
    assert rejects_of(events)["line"].tolist() == [5]
    assert "'=HYPERLINK" in Path(path).read_text(encoding="utf-8")


def test_truncated_last_line_ragged_and_blank_rows(write):
    events = read_calls(
        write(TEXT + "4,2024-03-04 10:00,FIGHT,-88.9,40.9,extra\n\n,,,,\n5,2024-03-05 10:00,FIGHT,-88.9,40.9,\n6,2024-03")
    )
    assert events["id"].tolist() == ["1", "2", "3", "5"]
    assert sorted(rejects_of(events)["line"]) == [5, 7, 9]
    accounted(events)


def test_a_quote_that_never_closes_costs_one_line(write):
    events = read_calls(
        write(
            TEXT
            + '4,2024-03-04 10:00,"FIGHT,-88.9,40.9\n5,2024-03-05 10:00,FIGHT,-88.9,40.9\n6,2024-03-06 10:00,FIGHT,-88.9,40.9\n'
        )
    )
    assert events["id"].tolist() == ["1", "2", "3", "5", "6"]
    accounted(events)


def test_a_repeated_header_is_rejected(write):
    events = read_calls(write(TEXT + TEXT))
    assert len(events) == 6
    assert rejects_of(events)["reason"].tolist() == ["the line repeats the header"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_rows_in_are_rows_kept_and_rows_rejected(write, data):
    """Whatever is done to the lines of a file: no line vanishes and nothing crashes."""
    lines = [f"{i},2024-03-{1 + i % 28:02d} 10:00,FIGHT,-88.9,40.9" for i in range(12)]
    mangle = st.sampled_from(["keep", "cut", "add", "blank", "time", "place", "bytes"])
    for number, how in enumerate(data.draw(st.lists(mangle, min_size=12, max_size=12))):
        if how == "cut":
            lines[number] = lines[number][: data.draw(st.integers(1, len(lines[number])))]
        elif how == "add":
            lines[number] += "," * data.draw(st.integers(1, 3)) + data.draw(st.sampled_from(["", "x"]))
        elif how == "blank":
            lines[number] = ",,,,"
        elif how in ("time", "place", "bytes"):
            letters = data.draw(
                st.text(
                    st.characters(blacklist_characters=',"\n\r;|\t', blacklist_categories=("Cs", "Cc", "Zl", "Zp")), max_size=8
                )
            )
            parts = lines[number].split(",")
            parts[{"time": 1, "place": 3, "bytes": 2}[how]] = letters
            lines[number] = ",".join(parts)
    events = read_calls(write("\n".join([HEADER, *lines])), columns={"time": "received"})
    assert len(events) + len(rejects_of(events)) == len(lines)
    accounted(events)
    assert set(rejects_of(events)["line"]) <= set(range(2, 14))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.lists(
            st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"), max_size=6), min_size=4, max_size=4
        ),
        min_size=1,
        max_size=8,
    )
)
def test_any_text_in_quotes_comes_through(write, rows):
    """Quotes, delimiters and newlines inside a field are text, not structure."""
    buffer = io.StringIO()
    pd.DataFrame(rows, columns=["a", "b", "c", "d"]).assign(received="2024-03-01 10:00", nature="FIGHT").to_csv(
        buffer, index=False, quoting=1
    )
    events = read_calls(write(buffer.getvalue()), columns={"time": "received", "type": "nature"})
    assert len(events) == len(rows)
    accounted(events)


def test_packed_files(write):
    assert len(read_calls(write(gzip.compress(TEXT.encode()), "calls.csv.gz"))) == 3
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("__MACOSX/._calls.csv", "junk")
        archive.writestr("readme.pdf", "junk")
        archive.writestr("export/calls.csv", TEXT)
    assert len(read_calls(write(packed.getvalue(), "calls.zip"))) == 3
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("calls.zip", packed.getvalue())
    assert len(read_calls(write(outer.getvalue(), "outer.zip"))) == 3


def test_zip_with_two_tables_asks_which(write):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", TEXT)
        archive.writestr("b.csv", "code,meaning\n1,FIGHT\n")
    with pytest.raises(InputError, match=r"Got 2 in two.zip: a.csv, b.csv"):
        read_calls(write(packed.getvalue(), "two.zip"))


@pytest.mark.parametrize("kind", ["gz", "zip"])
def test_bombs_are_refused_without_being_unpacked(write, kind, monkeypatch):
    monkeypatch.setattr(_raw, "MAX_BYTES", 1_000_000)
    bomb = b"0" * 3_000_000
    if kind == "gz":
        content = gzip.compress(bomb)
    else:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("calls.csv", bomb)
        content = packed.getvalue()
    with pytest.raises(InputError, match="must not unpack to more than 1 MB"):
        read_calls(write(content, f"bomb.{kind}"))


def test_excel_with_titles_dates_and_serials(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Calls for service", None, None, None])
    sheet.append([])
    sheet.append(["id", "received", "nature", "lon", "lat"])
    sheet.append([1, pd.Timestamp("2024-03-01 23:10").to_pydatetime(), "FIGHT", -88.9, 40.9])
    sheet.append([2, 45353.5, "NOISE", -88.9, 40.9])
    sheet.append([])
    sheet.append([3, "soon", "NOISE", -88.9, 40.9])
    path = tmp_path / "calls.xlsx"
    book.save(path)
    events = read_calls(path)
    assert events["time"].tolist() == [pd.Timestamp("2024-03-01 23:10"), pd.Timestamp("2024-03-02 12:00")]
    assert events["id"].tolist() == ["1", "2"]
    assert rejects_of(events)["line"].tolist() == [7]
    accounted(events)


def test_a_folder_whose_headers_differ(tmp_path, write):
    write(TEXT, "2024_a.csv")
    write("ID;LAT;LON;Nature;Received;beat\n4;40.9;-88.9;FIGHT;2024-04-01 10:00;12\n5;40.9;-88.9;FIGHT;soon;12\n", "2024_b.csv")
    write("6,2024-05-01 10:00,FIGHT,-88.9,40.9\n", "2024_c.csv")
    for path in (tmp_path, str(tmp_path / "2024_*.csv")):
        events = read_calls(path)
        assert events["id"].tolist() == ["1", "2", "3", "4", "6"]
        assert rejects_of(events)[["file", "line"]].to_numpy().tolist() == [["2024_b.csv", 3]]
        accounted(events)


def test_a_file_without_a_header(write):
    events = read_events(
        write("359192.3,570510.8,2016-01-01\n356347.3,576182.5,2016-01-03\n"),
        source="arson",
        crs=26971,
        columns={"x": "column_1", "y": "column_2"},
    )
    assert events["time"].dt.day.tolist() == [1, 3]
    assert events.crs.to_epsg() == 32616
    assert events["source"].unique().tolist() == ["arson"]


def test_columns_overrule_recognition_and_none_leaves_out(write):
    path = write("id,opened,closed_on,a,b,lon,lat\n1,2024-03-01,2024-04-01,FIGHT,NOISE,-88.9,40.9\n")
    events = read_calls(path, columns={"time": "closed_on", "type": "b", "lon": None})
    assert events["time"].iloc[0] == pd.Timestamp("2024-04-01")
    assert events["type"].iloc[0] == "NOISE"
    assert events["x"].isna().all()


def test_a_file_without_types_says_so_once(write):
    path = write("id,received,lon,lat\n1,2024-03-01,-88.9,40.9\n")
    with pytest.warns(SaraWarning, match=r"No column tells what the rows are.*Columns: id, received, lon, lat"):
        events = read_calls(path)
    assert events["category"].isna().all()
    with warnings.catch_warnings():
        warnings.simplefilter("error", SaraWarning)
        read_calls(path, columns={"type": None})


def test_words_for_nothing_are_missing(write):
    events = read_calls(
        write("id,received,nature,priority,lon,lat\n1,NULL,N/A,null,NaN,NA\n2,NaT,FIGHT,3,-88.9,40.9\n"),
        columns={"time": "received"},
    )
    assert events["time"].isna().all()
    assert events["type"].isna().sum() == 1
    assert events["priority"].isna().sum() == 1
    assert events.attrs["sara"]["bad_locations"] == {}


def test_ids_written_as_decimals_are_whole(write):
    assert read_calls(write("id,received\n12.0,2024-03-01\n13.0,2024-03-02\n"))["id"].tolist() == ["12", "13"]


def test_complaints_are_the_communitys_unless_staff_entered_them(write):
    events = read_complaints(
        write("case_id,open_dt,type,source\n1,2024-03-01,Graffiti Removal,Phone\n2,2024-03-02,Pothole,Employee Generated\n")
    )
    assert events["origin"].tolist() == ["community", "administrative"]
    assert events["category"].tolist() == ["graffiti", "road"]
    assert events["channel"].tolist() == ["Phone", "Employee Generated"]


def test_row_order_does_not_matter(write):
    one = read_calls(write(TEXT))
    other = read_calls(write("\n".join([HEADER, *ROWS[::-1]]), "b.csv"))
    assert pd.DataFrame(one.drop(columns="geometry")).equals(pd.DataFrame(other.drop(columns="geometry")))


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (b"", {}, "must hold a table. Got an empty file"),
        (HEADER, {}, "must hold rows. Got a header and nothing below"),
        ("a,b\n1,2\n", {}, r"`time` must be one of the columns.*Columns: a, b.*columns=\{'time': '...'"),
        (
            TEXT,
            {"columns": {"time": "recieved"}},
            r"`time` names a column that is not in the table: 'recieved'. Did you mean 'received'\?",
        ),
        (
            TEXT,
            {"columns": {"tiem": "received"}},
            r"`columns` must map fields of the event table. Got 'tiem'. Did you mean 'time'\?",
        ),
        (TEXT, {"profile": "seatle_2015"}, r"`profile` must be one of .*Did you mean 'seattle_2015'\?"),
        (TEXT, {"profile": "seattle_2015"}, r"`profile` 'seattle_2015' must fit the file. Got a file without At.Scene.Time"),
        (b"PK\x03\x04broken", {}, "must be a whole zip file"),
        (b"\x1f\x8bbroken", {}, "must be a whole gz file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", {}, "must be a whole Excel file"),
    ],
)
def test_mistakes_say_what_to_do(write, content, options, words):
    with pytest.raises(InputError, match=words):
        read_calls(write(content), **options)


def test_paths_that_are_not_there(tmp_path):
    with pytest.raises(InputError, match="which is not there"):
        read_calls(tmp_path / "nothing.csv")
    with pytest.raises(InputError, match="which fits none"):
        read_calls(str(tmp_path / "*.csv"))
    with pytest.raises(InputError, match=r"sara.as_events\(table\)"):
        read_calls(12)
    with pytest.raises(InputError, match="Got a header and nothing below it: the table"):
        read_calls(pd.DataFrame())
    with pytest.raises(InputError, match="Got empty text"):
        read_calls("")
    with pytest.raises(InputError, match=r"sara.download\(url, 'folder/'\)"):
        read_calls("https://data.example.org/calls.csv")
    with pytest.raises(InputError, match="`source` must be a word"):
        read_events(tmp_path, source="")


def test_profiles_are_sound():
    for name, profile in profiles().items():
        assert profile.title, name
        columns = [c for value in profile.columns.values() for c in ([value] if isinstance(value, str) else value)]
        assert columns, name
        # A standard is no city.
        assert profile.tz is not None or name == "open311", name


@pytest.fixture(scope="module")
def seattle(real_data):
    return read_calls(real_data / "seattle" / "seattle_911_2015.csv.gz")


def test_seattle(seattle):
    record = seattle.attrs["sara"]
    assert len(seattle) == 91_067
    assert (record["profile"], record["zone"], record["time_from"], record["rows_rejected"]) == (
        "seattle_2015",
        "America/Los_Angeles",
        "arrived",
        0,
    )
    assert seattle.crs.to_epsg() == 32610
    assert record["coverage"][0] == "2015-01-01"
    # The initial type says ONVIEW in 3,563 traffic stops and 2,211 suspicious stops.
    assert (seattle["origin"] == "officer").sum() == 3_563 + 2_211
    assert seattle["id"].is_unique
    assert seattle["hour"].notna().all()


def test_chicago_crimes_in_degrees_and_in_feet(real_data):
    path = real_data / "chicago" / "burglary_2011-07_2014-11.csv.gz"
    crimes = read_calls(path)
    assert (len(crimes), crimes.attrs["sara"]["time_precision"], crimes["category"].unique().tolist()) == (
        66_932,
        "day",
        ["burglary"],
    )
    assert crimes["hour"].isna().all()
    head = pd.read_csv(path, nrows=2_000, dtype=str)
    feet = as_events(head, time="Date", id="ID", x="X_Coordinate", y="Y_Coordinate", crs=3435)
    both = crimes[["id", "x", "y"]].merge(feet[["id", "x", "y"]].rename(columns={"x": "x_feet", "y": "y_feet"}), on="id").dropna()
    assert len(both) > 1_900
    # The city's degrees and whole feet agree to a foot or so.
    assert np.hypot(both["x"] - both["x_feet"], both["y"] - both["y_feet"]).quantile(0.999) < 1.0


def test_chicago_complaints(real_data):
    complaints = read_complaints(real_data / "chicago" / "sanitation_code_complaints_2011_2014.csv.gz")
    accounted(complaints)
    assert len(complaints) == 74_401
    assert complaints["time"].dt.year.eq(2000).sum() == 28
    assert complaints.attrs["sara"]["coverage"][0] > "2009"
    assert complaints["origin"].eq("community").all()
    assert complaints["category"].isin(["sanitation", "graffiti", "water and sewer"]).all()


@pytest.mark.parametrize(
    ("file", "rows", "reader", "options"),
    [
        ("milwaukee/calls.csv", 33_968, read_calls, {}),
        ("nashville/calls_2024.csv", 26_935, read_calls, {}),
        ("memphis/memphis_robberies.csv", 2_245, read_calls, {}),
        ("portland/crimes_bur.csv", 5_364, read_calls, {"crs": 2913}),
        ("near_repeat/chicago_arson.csv.gz", 522, read_calls, {"crs": 26971}),
        pytest.param("montgomery/911.csv.gz", 99_492, read_calls, {}, marks=pytest.mark.slow),
        pytest.param("portland/NIJ_080116_083116.zip", 19_376, read_calls, {"crs": 2913}, marks=pytest.mark.slow),
        pytest.param("boston/311_service_requests_2011.zip", 58_251, read_complaints, {}, marks=pytest.mark.slow),
    ],
)
def test_other_cities(real_data, file, rows, reader, options):
    events = reader(real_data / file, **options)
    accounted(events)
    assert events.attrs["sara"]["rows_read"] == pytest.approx(rows, abs=1)
    assert events["time"].notna().mean() > 0.999
    assert events["x"].notna().mean() > 0.65
