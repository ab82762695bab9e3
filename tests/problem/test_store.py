"""What is saved is what is loaded; what was edited, damaged or is foreign is refused."""

from __future__ import annotations

import csv
import hashlib
import json
from datetime import UTC, datetime

import geopandas as gpd
import pandas as pd
import pytest
import shapely

import sara
from sara.core.errors import InputError
from sara.problem import _store


def fixed() -> datetime:
    return datetime(2025, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def events():
    table = pd.DataFrame(
        {
            "when": ["2024-03-01 23:10", "2024-03-02 02:00"], "what": ["FIGHT", "NOISE"], "lon": [-88.9, -88.91], "lat": [40.9, 40.91],
            "words": ["=HYPERLINK('http://x')", "'quoted', \"twice\"\nnext line"],
        }
    )  # fmt: skip
    return sara.as_events(table, time="when", type="what", lon="lon", lat="lat", text="words")


@pytest.fixture
def problem(events):
    area = gpd.GeoDataFrame({"name": ["Center"]}, geometry=[shapely.box(0, 0, 500, 500)], crs=32616)
    made = sara.Problem("Noise at “night” =1+1", area=area, now=fixed)
    made.scan.add(events, note="=cmd|' /C calc'!A0")
    made.assess.add(sara.assess.wdd((80, 52), (75, 71)), placebo=True)
    made.assess.conclude("It fell.", also_from=["survey"])
    return made


def rewrite(folder, change):
    """Change the record as somebody would who also mends its fingerprint."""
    path = folder / "record.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record.pop("sha256")
    change(record)
    record["sha256"] = _store._digest_of(record)
    path.write_text(json.dumps(record), encoding="utf-8")


def first_frame(value):
    if isinstance(value, dict):
        if set(value) == {"$frame"}:
            return value["$frame"]
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            found = first_frame(part)
            if found is not None:
                return found
    return None


def test_a_saved_problem_loads_as_the_same(problem, tmp_path):
    loaded = sara.Problem.load(problem.save(tmp_path / "record"))
    assert loaded.title == problem.title
    assert loaded.started == problem.started
    pd.testing.assert_frame_equal(pd.DataFrame(loaded.area), pd.DataFrame(problem.area))
    assert loaded.area.crs == problem.area.crs
    effect, before = loaded.assess.entries[0], problem.assess.entries[0]
    assert effect.item.text == before.item.text
    assert effect.item.to_dict() == before.item.to_dict()
    assert (effect.placebo, effect.added, effect.note) == (True, before.added, None)
    assert loaded.assess.conclusions == problem.assess.conclusions
    assert loaded.scan.entries[0].note == "=cmd|' /C calc'!A0"


def test_saving_twice_gives_the_same_bytes(problem, tmp_path):
    a, b = problem.save(tmp_path / "a"), problem.save(tmp_path / "b")
    files = sorted(path.relative_to(a) for path in a.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(b) for path in b.rglob("*") if path.is_file())
    assert all((a / name).read_bytes() == (b / name).read_bytes() for name in files)
    again = sara.Problem.load(a).save(tmp_path / "c")
    assert (again / "record.json").read_bytes() == (a / "record.json").read_bytes()


def test_event_rows_stay_out_unless_asked_for(problem, events, tmp_path):
    folder = problem.save(tmp_path / "record")
    everything = " ".join(path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file())
    assert "next line" not in everything
    loaded = sara.Problem.load(folder)
    assert loaded.scan.entries[0].kind == "events"
    assert loaded.scan.entries[0].item is None
    assert loaded.provenance()["rows"].tolist() == [2]

    problem.save(folder, include_events=True)
    rows = sara.Problem.load(folder).scan.entries[0].item
    pd.testing.assert_frame_equal(pd.DataFrame(rows), pd.DataFrame(events), check_dtype=False)
    assert rows.attrs["sara"]["coverage"] == events.attrs["sara"]["coverage"]

    problem.save(folder)
    everything = " ".join(path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file())
    assert "next line" not in everything, "rows once saved must not outlive a save without them"


def test_no_cell_of_a_saved_table_is_a_formula(problem, tmp_path):
    folder = problem.save(tmp_path / "record", include_events=True)
    cells = [
        cell
        for path in folder.glob("tables/*.csv")
        for row in csv.reader(path.open(encoding="utf-8", newline=""))
        for cell in row
    ]
    assert any("HYPERLINK" in cell for cell in cells)
    assert not [cell for cell in cells if cell[:1] in ("=", "@", "+")]
    assert not [cell for cell in cells if cell.startswith("-") and not cell[1:2].isdigit()]


def test_an_edited_table_is_refused(problem, tmp_path):
    folder = problem.save(tmp_path / "record")
    table = next(folder.glob("tables/assess*.csv"))
    table.write_text(table.read_text(encoding="utf-8").replace("local", "Local", 1), encoding="utf-8")
    with pytest.raises(InputError, match=r"changed after the record was saved.*untouched copy"):
        sara.Problem.load(folder)


def test_an_edited_record_is_refused(problem, tmp_path):
    path = problem.save(tmp_path / "record") / "record.json"
    path.write_text(path.read_text(encoding="utf-8").replace("It fell.", "It rose."), encoding="utf-8")
    with pytest.raises(InputError, match="does not fit its own fingerprint"):
        sara.Problem.load(path.parent)


def test_a_missing_table_is_refused(problem, tmp_path):
    folder = problem.save(tmp_path / "record")
    next(folder.glob("tables/assess*.csv")).unlink()
    with pytest.raises(InputError, match="it is missing"):
        sara.Problem.load(folder)


@pytest.mark.parametrize("name", ["../secret.csv", "/etc/passwd", "tables/../../secret.csv", "tables\\x.csv", "tables/x.pkl", 7])
def test_a_table_outside_the_folder_is_refused(problem, tmp_path, name):
    (tmp_path / "secret.csv").write_text("a\n1\n")
    folder = problem.save(tmp_path / "record")

    def point(record):
        first_frame(record["stages"])["csv"] = {"file": name, "sha256": hashlib.sha256(b"a\n1\n").hexdigest()}

    rewrite(folder, point)
    with pytest.raises(InputError, match="own folder"):
        sara.Problem.load(folder)


def test_a_link_out_of_the_folder_is_refused(problem, tmp_path):
    folder = problem.save(tmp_path / "record")
    table = next(folder.glob("tables/assess*.csv"))
    outside = tmp_path / "outside.csv"
    outside.write_bytes(table.read_bytes())
    table.unlink()
    try:
        table.symlink_to(outside)
    except OSError:
        pytest.skip("this system makes no links")
    with pytest.raises(InputError, match="link"):
        sara.Problem.load(folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: r["stages"]["assess"]["entries"][0]["item"]["$result"].update(kind="Popen"), "must be one sara writes"),
        (lambda r: r["stages"]["assess"]["entries"][0].update(kind="Plan"), "what it says it is"),
        (lambda r: r["stages"]["assess"]["entries"][0].update(added="yesterday"), "ISO text"),
        (lambda r: r["stages"]["assess"]["entries"][0].pop("note"), "entry must hold"),
        (lambda r: r["stages"].pop("scan"), "must hold the stages"),
        (lambda r: r.update(title=3), "title must be"),
        (lambda r: r.update(extra=1), "record must hold"),
        (lambda r: r.update(format=99), "newer sara"),
    ],
)
def test_a_foreign_record_is_refused(problem, tmp_path, change, words):
    folder = problem.save(tmp_path / "record")
    rewrite(folder, change)
    with pytest.raises(InputError, match=words):
        sara.Problem.load(folder)


@pytest.mark.parametrize("text", ["", "not json", "[]", '{"a": 1}', '{"format": 1, "sha256": NaN}', "[" * 100_000])
def test_what_is_no_record_is_refused(tmp_path, text):
    (tmp_path / "record.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        sara.Problem.load(tmp_path)


def test_a_record_that_is_too_large_is_refused(problem, tmp_path, monkeypatch):
    folder = problem.save(tmp_path / "record")
    monkeypatch.setattr(_store, "MAX_TABLE", 10)
    with pytest.raises(InputError, match="at most"):
        sara.Problem.load(folder)


def test_a_folder_without_a_record_says_how_to_make_one(tmp_path):
    with pytest.raises(InputError, match=r"problem\.save"):
        sara.Problem.load(tmp_path)


def test_saving_onto_a_file_is_refused(problem, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="must be a folder"):
        problem.save(tmp_path / "file")


def test_other_files_in_the_folder_are_left_alone(problem, tmp_path):
    (tmp_path / "tables").mkdir()
    mine = tmp_path / "tables" / "mine.csv"
    mine.write_text("a\n1\n")
    problem.save(tmp_path)
    problem.save(tmp_path)
    assert mine.read_text() == "a\n1\n"
