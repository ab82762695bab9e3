"""Every type of a file, and the table a person corrects."""

from __future__ import annotations

import subprocess
import sys
import warnings
import zlib

import numpy as np
import pandas as pd
import pytest

import sara
from sara.core.errors import InputError, SaraWarning
from sara.core.result import Result
from sara.data import categorize, category_table
from sara.data.categories import STUDY_22, is_bare_code, study_category
from sara.data.kinds.similar import known_types, most_alike, respelled, same_words

WHAT = ["FIGHT"] * 5 + ["DISTRUBANCE"] * 3 + ["10-50"] * 2 + ["SCHOOL"] * 2 + ["ZEBRA CROSSING PATROL OF ZEBRAS"] * 1 + [None] * 2


def events_of(what, **more):
    table = pd.DataFrame({"when": pd.date_range("2024-01-01", periods=len(what), freq="7h").astype(str), "what": what})
    for name, values in more.items():
        table[name] = values
    return sara.as_events(table, time="when", type="what", **{name: name for name in more if name in ("category", "origin")})


def row(result, name):
    return result.table.set_index("type").loc[name]


@pytest.fixture(scope="module")
def result():
    return sara.call_types(events_of(WHAT))


def test_each_way_a_type_gets_its_category(result):
    assert result.table["type"].tolist()[:2] == ["FIGHT", "DISTRUBANCE"]
    assert result.table["n"].tolist() == [5, 3, 2, 2, 1]
    fight, typo, code, school = (row(result, name) for name in ("FIGHT", "DISTRUBANCE", "10-50", "SCHOOL"))
    assert (fight["category"], fight["how"], bool(fight["decide"])) == ("disorder", "rule", False)
    assert (typo["category"], typo["how"], typo["now"], bool(typo["decide"])) == ("disorder", "similar", "other", False)
    assert typo["reason"] == "read as 'DISTURBANCE'" and typo["score"] == pytest.approx(0.91)
    assert (code["category"], code["how"], bool(code["decide"])) == ("other", "none", True)
    assert code["reason"].startswith("a bare code") and pd.isna(code["nearest"])
    assert (school["how"], bool(school["decide"])) == ("none", False)
    assert result.counts.rows_in == 15 and result.counts.left_out == {"no type": 2}


def test_similar_types_do_not_enter_at_reading():
    events = events_of(WHAT)
    assert events.attrs["sara"]["types"] == {"rule": 6, "none": 7, "no type": 2}
    assert set(events.loc[(events["type"] == "DISTRUBANCE").to_numpy(dtype=bool, na_value=False), "category"]) == {"other"}
    accepted = sara.set_types(events, sara.call_types(events))
    assert set(accepted.loc[(accepted["type"] == "DISTRUBANCE").to_numpy(dtype=bool, na_value=False), "category"]) == {"disorder"}
    assert accepted.attrs["sara"]["set_types"]["rows_changed"] == 3
    assert "set_types" not in events.attrs["sara"]
    assert row(sara.call_types(accepted), "DISTRUBANCE")["how"] == "given"


def test_coverage_by_hand(result):
    # The zebras are a patrol by rule: 6 of 13 rows and 2 of 5 types; 3 rows of one more type have a proposal; one code is left.
    share = result.coverage
    assert (share["rows"], share["types"]) == (pytest.approx(6 / 13), pytest.approx(2 / 5))
    assert (share["rows_with_similar"], share["types_with_similar"]) == (pytest.approx(9 / 13), pytest.approx(3 / 5))
    assert (share["rows_to_decide"], share["types_to_decide"]) == (pytest.approx(2 / 13), pytest.approx(1 / 5))
    assert result.undecided["type"].tolist() == ["10-50"]
    assert "46 % of the rows and 40 % of the 5 types" in result.text and "'10-50' (2)" in result.text
    assert "1 type (15 % of the rows) is a bare code." in result.cautions[0]


def test_what_must_be_decided_comes_with_two_categories():
    undecided = sara.call_types(events_of(["CITIZEN HOLIDAY WALK"] * 3 + ["QQQQ"] * 2)).undecided
    first = undecided.iloc[0]
    assert first["type"] == "CITIZEN HOLIDAY WALK"
    assert {first["nearest"], first["next_nearest"]} <= set(category_table()["category"])
    assert 0 < first["score"] < 1 and first["nearest"] != first["next_nearest"]


@pytest.mark.parametrize(
    "code", ["10-50", "459", "21", "94F", "103D", "W26", "PC 211", "VC 23152", "0620", "13A", "10-31B", "5150", "CODE 6", "911"]
)
def test_a_bare_code_is_never_guessed(code):
    assert is_bare_code(pd.Series([code])).all()
    assert categorize(pd.Series([code])).tolist() == ["other"]
    assert bool(sara.call_types(events_of([code])).table["decide"].iloc[0])


@pytest.mark.parametrize(
    "words", ["911 HANG UP", "21B - BUSINESS HOLD UP", "DV", "10-50 ACCIDENT", "DUI", "6XA - MAJOR DIST", "51-50 SUBJECT"]
)
def test_a_code_with_words_is_no_bare_code(words):
    assert not is_bare_code(pd.Series([words])).any()
    assert categorize(pd.Series([words])).tolist() != ["other"]


def test_a_published_description_gives_the_code_its_category():
    table = pd.DataFrame({"when": ["2024-01-01 10:00"] * 2, "what": ["10-50", "10-99"], "said": ["ACCIDENT INJURY", "Other"]})
    events = sara.read_calls(table, columns={"time": "when", "type": "what", "group": "said"}) if _frames_can_be_read() else None
    if events is None:
        pytest.skip("frames are not read by read_calls here")
    found = sara.call_types(events)
    assert (row(found, "10-50")["category"], row(found, "10-50")["how"]) == ("traffic collision", "rule")
    assert row(found, "10-50")["reason"] == "the publisher's group"
    assert bool(row(found, "10-99")["decide"])


def _frames_can_be_read():
    try:
        return len(sara.read_calls(pd.DataFrame({"CallReceived": ["2024-01-01 10:00"], "CallType": ["FIGHT"]}))) == 1
    except (InputError, TypeError):
        return False


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("BURGLAR ALARM", "alarm"), ("SIMPLE BATTERY", "assault"), ("RESIDENCE BURGLARY", "burglary"), ("DIRECTED PATROL", "directed patrol"),
        ("DISTURBANCE", "disturbance"), ("LOUD MUSIC", "disturbance"), ("DOMESTIC DISTURBANCE", "domestic"), ("DRUNK DRIVER", "DWI"),
        ("911 HANG UP", "dropped 911"), ("NARCOTICS", "drugs"), ("MENTAL PATIENT", "mental health / concern for safety"),
        ("WELFARE CHECK", "mental health / concern for safety"), ("SICK PERSON", "medical"), ("MISSING PERSON", "missing person"),
        ("RUNAWAY", "missing person"), ("SUBJECT STOP", "pedestrian stop"), ("ARMED ROBBERY", "robbery"), ("DISCHARGING FIREARM", "shots fired"),
        ("SHOPLIFTING", "shoplifting"), ("DOA - CASUALTY, DEAD BODY", "sudden death"), ("SUSPICIOUS PERSON", "suspicious"),
        ("HIT & RUN", "traffic collision"), ("TRAFFIC STOP", "traffic stop"), ("TRESPASSING", "trespassing"), ("AUTO THEFT", "vehicle theft"),
        ("THEFT FROM VEHICLE", "vehicle theft"), ("JUV DISTURBANCE", "disturbance"), ("PARKING COMPLAINT", None), ("CHILD ABUSE", None),
    ],
)  # fmt: skip
def test_the_22_kinds_of_the_pandemic_study_can_be_told(written, kind):
    types = pd.Series([written])
    found = study_category(types, categorize(types)).astype(object).where(lambda s: s.notna(), None).tolist()
    assert found == [kind]


def test_the_crosswalk_reaches_all_22_and_no_other():
    table = category_table()
    assert set(table["study22"]) - {""} == set(STUDY_22) and len(STUDY_22) == 22


def test_same_answer_in_any_order_and_the_input_is_left_alone(result):
    events = events_of(WHAT)
    before = events.copy()
    mixed = events.sample(frac=1, random_state=2)
    mixed.index = range(100, 100 + len(mixed))
    pd.testing.assert_frame_equal(sara.call_types(mixed).table, result.table)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sara.set_types(events, pd.DataFrame({"type": ["FIGHT"], "category": ["noise"]}))
    pd.testing.assert_frame_equal(pd.DataFrame(events), pd.DataFrame(before))
    assert events.attrs == before.attrs


def test_a_saved_result_speaks_and_draws_as_the_fresh_one(result):
    again = Result.from_dict(result.to_dict())
    assert again.text == result.text and again.coverage == result.coverage and again.cautions == result.cautions
    labels = [[tick.get_text() for tick in r.plot().get_yticklabels()] for r in (result, again)]
    assert labels[0] == labels[1] == ["disorder", "directed patrol", "says nothing", "left to decide"]


def test_nothing_heavy_is_loaded_where_patterns_know_every_type():
    script = (
        "import sys, pandas as pd, sara\n"
        "t = pd.DataFrame({'when': ['2024-01-01 10:00'] * 2, 'what': ['FIGHT', 'BURGLARY']})\n"
        "r = sara.call_types(sara.as_events(t, time='when', type='what'))\n"
        "assert r.coverage['rows'] == 1.0\n"
        "sys.exit('sklearn' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_a_table_without_types_says_what_to_do():
    with pytest.raises(InputError, match="`events` must have types"):
        sara.call_types(events_of([None, None]))
    with pytest.raises(InputError, match="`events` must be an event table"):
        sara.call_types(pd.DataFrame({"type": ["FIGHT"]}))


def test_a_column_of_free_text_is_said_to_be_one():
    words = [f"caller {a} says {b}" for a in "abcdefghijklmnopqrstuvwxyz" for b in "abcdefghijklmnopqrstuvwxyz"]
    many = [f"{text} {i}{chr(97 + i % 26) * 3}" for i, text in enumerate(words * 4)]
    found = sara.call_types(events_of(many))
    assert len(found.table) > 2000 and any("free text" in caution for caution in found.cautions)


# --- the table to edit ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["types.csv", "types.xlsx"])
def test_saved_edited_and_applied(tmp_path, result, name):
    path = result.save(tmp_path / name)
    read = pd.read_csv(path, dtype=str) if name.endswith("csv") else pd.read_excel(path, dtype=str, engine="calamine")
    read.loc[read["type"] == "10-50", ["category", "origin"]] = ["Traffic  Collision", "Community"]
    read.to_csv(path, index=False) if name.endswith("csv") else read.to_excel(path, index=False)
    events = sara.set_types(events_of(WHAT), path)
    mine = events[(events["type"] == "10-50").to_numpy(dtype=bool, na_value=False)]
    assert set(mine["category"]) == {"traffic collision"} and set(mine["origin"]) == {"community"}
    assert events.attrs["sara"]["set_types"]["rows_changed"] == 5 and events.attrs["sara"]["set_types"]["types_changed"] == 2
    assert events["category"].isna().sum() == 2


def test_a_spreadsheets_own_csv_is_read(tmp_path):
    path = tmp_path / "typen.csv"
    path.write_bytes("Type;Category\r\nfight ;noise\r\nCAFÉ;disorder\r\n".encode("cp1252"))
    events = sara.set_types(events_of(["FIGHT", "Café"]), path)
    assert events["category"].tolist() == ["noise", "disorder"]


@pytest.mark.parametrize(
    "content",
    [
        "sep=;\r\nType;CATEGORY;note\r\nfight;Assault;x\r\n".encode("utf-8-sig"),
        "type\tcategory\r\nFIGHT\tassault\r\n".encode("utf-16"),
        b"\n type ,category\nFIGHT,assault",
    ],
    ids=["sep line", "unicode text", "blank first line"],
)
def test_what_a_spreadsheet_makes_of_the_table_is_read(tmp_path, content):
    (tmp_path / "types.csv").write_bytes(content)
    events = sara.as_events(pd.DataFrame({"t": ["2024-03-01 10:00"], "what": ["FIGHT"]}), time="t", type="what")
    assert sara.set_types(events, tmp_path / "types.csv")["category"].tolist() == ["assault"]
    assert sara.set_types(events, {"Fight": "assault"})["category"].tolist() == ["assault"]


def test_next_months_file_lists_what_the_table_does_not_have():
    table = pd.DataFrame({"type": ["FIGHT"], "category": ["noise"]})
    with pytest.warns(SaraWarning, match="1 type \\(2 rows\\) is not in the table and keep their category: 'BURGLARY'"):
        events = sara.set_types(events_of(["FIGHT", "BURGLARY", "BURGLARY"]), table)
    assert events["category"].tolist() == ["noise", "burglary", "burglary"]
    assert events.attrs["sara"]["set_types"]["first_not_in_table"] == ["BURGLARY"]


def test_an_unknown_category_is_an_error_with_a_suggestion_unless_it_is_new():
    table = pd.DataFrame({"type": ["FIGHT"], "category": ["burglery"]})
    with pytest.raises(InputError, match="Got 'burglery'. Did you mean 'burglary'\\?"):
        sara.set_types(events_of(["FIGHT"]), table)
    table["category"] = ["Bar Fight"]
    assert sara.set_types(events_of(["FIGHT"]), table, new=True)["category"].tolist() == ["bar fight"]
    with pytest.raises(InputError, match="must give origin one of"):
        sara.set_types(events_of(["FIGHT"]), table.assign(origin="police"), new=True)


def test_a_type_listed_twice_must_agree():
    twice = pd.DataFrame({"type": ["FIGHT", "fight "], "category": ["noise", "noise"]})
    assert sara.set_types(events_of(["FIGHT"]), twice)["category"].tolist() == ["noise"]
    with pytest.raises(InputError, match="list each type once"):
        sara.set_types(events_of(["FIGHT"]), twice.assign(category=["noise", "assault"]))


def test_a_blank_cell_leaves_the_rows_as_they_are():
    table = pd.DataFrame({"type": ["FIGHT", "BURGLARY"], "category": ["", None], "origin": ["", "officer"]})
    events = sara.set_types(events_of(["FIGHT", "BURGLARY"]), table)
    assert events["category"].tolist() == ["disorder", "burglary"]
    assert events["origin"].astype(object).where(events["origin"].notna(), None).tolist() == [None, "officer"]


def test_origins_told_row_by_row_are_not_flattened(tmp_path):
    events = events_of(["FIGHT"] * 4, origin=["911", "911", "911", "OFFICER"])
    found = sara.call_types(events)
    assert row(found, "FIGHT")["origin"] == "community" and row(found, "FIGHT")["origin_rule"] == "source column"
    later = events_of(["FIGHT"] * 4, origin=["OFFICER", "OFFICER", "911", "OFFICER"])
    after = sara.set_types(later, found.save(tmp_path / "types.csv"))
    assert after["origin"].tolist() == later["origin"].tolist()
    assert sara.set_types(later, found)["origin"].tolist() == later["origin"].tolist()


def test_a_type_that_looks_like_a_formula_survives_the_spreadsheet(tmp_path):
    events = events_of(["=FIGHT()", "-FIGHT"])
    path = sara.call_types(events).save(tmp_path / "types.csv")
    assert "'=FIGHT()" in path.read_text(encoding="utf-8-sig")
    edited = pd.read_csv(path, dtype=str).assign(category="noise")
    assert sara.set_types(events, edited)["category"].tolist() == ["noise", "noise"]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (pd.DataFrame({"nature": ["FIGHT"]}), "must have the column 'type'"),
        (pd.DataFrame({"type": ["FIGHT"]}), "must have the column 'category'"),
        ("nowhere.csv", "which is not there"),
        (7, "must be a file, a frame or what sara.call_types gave"),
    ],
)
def test_what_is_no_table_of_types_is_told_so(table, said):
    with pytest.raises(InputError, match=said):
        sara.set_types(events_of(["FIGHT"]), table)


def test_the_file_to_write_must_be_csv_or_xlsx(result, tmp_path):
    with pytest.raises(InputError, match=r"must end in .csv or .xlsx"):
        result.save(tmp_path / "types.txt")


# --- how often it is right -----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def labelled():
    known = known_types()
    rule = pd.Series("", index=known.index)
    for kind, group in known.groupby("kind"):
        rule[group.index] = categorize(group["type"], kind).to_numpy(dtype=object)
    return known.assign(rule=rule)


@pytest.mark.parametrize(("kind", "precision", "coverage"), [("police", 0.97, 0.93), ("311", 0.95, 0.86)])
def test_patterns_are_right_about_the_labelled_types(labelled, kind, precision, coverage):
    mine = labelled[labelled["kind"] == kind]
    said = mine["rule"] != "other"
    assert (mine["rule"] == mine["category"])[said].mean() > precision
    assert said[mine["category"] != "other"].mean() > coverage


def test_labels_are_categories():
    known = known_types()
    assert set(known["category"]) <= {*category_table()["category"], "other"}
    assert not known.duplicated(["source", "type"]).any() and set(known["kind"]) == {"police", "311"}


def test_a_repaired_spelling_is_right(labelled):
    def dropped(text):
        at = 1 + zlib.crc32(text.encode()) % max(len(text) - 2, 1)
        return text[:at] + text[at + 1 :]

    mine = labelled[(labelled["category"] != "other") & (labelled["kind"] == "police")].drop_duplicates("type")
    bad = mine["type"].map(dropped)
    missed = (categorize(bad) == "other").to_numpy()
    # Each city without its own words, as an unseen city would be.
    fixed = [respelled(text, without=source) for text, source in zip(bad[missed], mine["source"][missed], strict=True)]
    got = categorize(pd.Series([pair[0] if pair else None for pair in fixed], dtype=object)).to_numpy(dtype=object)
    proposed = np.array([pair is not None and name != "other" for pair, name in zip(fixed, got, strict=True)])
    assert proposed.sum() > 60
    assert (got == mine["category"][missed].to_numpy())[proposed].mean() > 0.94


def test_the_nearest_of_a_labelled_type_is_its_own_category():
    alike = most_alike(["BURGLARY REPORT", "LOUD MUSIC"], "police")
    assert alike.first.tolist() == ["burglary", "noise"] and (alike.first_score > 0.6).all()
    assert same_words(["loud  music", "zzz"], "police") == ["noise", None]


@pytest.mark.parametrize(
    ("file", "rules", "rows"),
    [
        ("seattle/seattle_911_2015.csv.gz", {"profile marker", "default"}, 0.99),
        ("milwaukee/calls.csv", {"profile marker", "category", "default"}, 0.99),
        ("nashville/calls_2024.csv", {"type's own word", "category", "none"}, 0.99),
        ("montgomery/911.csv.gz", {"profile marker", "default"}, 0.99),
    ],
)
def test_real_files(real_data, file, rules, rows):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        events = sara.read_calls(real_data / file)
    record = events.attrs["sara"]
    assert set(record["origin_rules"]) == rules and sum(record["origin_rules"].values()) == len(events)
    assert sum(record["types"].values()) == len(events)
    found = sara.call_types(events)
    assert found.coverage["rows"] > rows and found.coverage["rows_to_decide"] < 0.005
    assert found.table["n"].sum() == events["type"].notna().sum()
