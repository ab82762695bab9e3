"""Next month's file: each row once in its newest version, nothing lost, every change counted, locked plans held against it."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sara
from sara.core.errors import InputError
from sara.core.result import Result

TYPES = ("FIGHT", "NOISE", "BURGLARY", "SUSPICIOUS PERSON")


def table(n=60, *, start="2024-03-01", hours=12, ids=True) -> pd.DataFrame:
    """Return rows as a city publishes them, one every twelve hours."""
    time = pd.date_range(start, periods=n, freq=f"{hours}h")
    frame = pd.DataFrame({
        "incident_number": [f"24-{i:05d}" for i in range(n)], "received": time.strftime("%Y-%m-%d %H:%M:%S"),
        "nature": [TYPES[i % 4] for i in range(n)], "closed": (time + pd.Timedelta(hours=1)).strftime("%Y-%m-%d %H:%M:%S"),
        "address": [f"{100 + i} MAIN ST" for i in range(n)],
        "lon": -88.9 + 0.001 * (np.arange(n) % 7), "lat": 40.9 + 0.001 * (np.arange(n) % 5),
    })  # fmt: skip
    return frame if ids else frame.drop(columns="incident_number")


def events_of(frame: pd.DataFrame, **more):
    names = {"id": "incident_number"} if "incident_number" in frame else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return sara.as_events(
            frame, source="calls", time="received", type="nature", lon="lon", lat="lat", tz="America/Chicago", **names, **more
        )


def as_text(events, columns=("id", "time", "type", "closed", "address")):
    return events[list(columns)].astype(object).map(str)


def test_what_changed_is_counted_by_kind():
    all_rows = table()
    older, newer = all_rows.iloc[:40].copy(), all_rows.iloc[20:].copy()
    older.loc[30:39, "closed"] = None
    newer.loc[22, "nature"] = "ARSON"
    newer = newer.drop(25)
    found = sara.refresh(events_of(older), events_of(newer))
    kinds = found.table[found.table["column"].isna()].set_index("change")["n"].to_dict()
    assert kinds == {"same": 8, "revised": 11, "new": 20, "earlier": 20, "vanished": 1}
    columns = found.table[found.table["column"].notna()].set_index("column")[["n", "filled", "emptied"]]
    assert columns.loc["closed"].tolist() == [10, 10, 0] and columns.loc["type"].tolist() == [1, 0, 0]
    assert len(found.events) == 60 and found.events["vanished"].sum() == 1
    assert found.events.loc[found.events["vanished"], "id"].tolist() == ["24-00025"]
    assert found.types["type"].tolist() == ["ARSON"]
    assert found.text == (
        "The newer file adds 20 rows. The table now covers 2024-03-01 to 2024-03-30. Of the 19 rows in both, 11 were revised (closed filled in 10, type changed in 1). "
        "One row of the older table is no longer in the newer file, and kept, marked as vanished. 1 type was not seen before: ARSON."
    )


def test_rows_that_come_late_are_said():
    all_rows = table()
    found = sara.refresh(events_of(all_rows.drop(index=[5, 35]).iloc[:38]), events_of(all_rows.iloc[30:]))
    assert found.found["late"] == 1 and "1 of them dated in the period known before" in found.text


@pytest.mark.parametrize("ids", [True, False])
def test_the_same_file_twice_changes_nothing(ids):
    all_rows = table(ids=ids)
    older, newer = events_of(all_rows.iloc[:40]), events_of(all_rows.iloc[20:].drop(index=[25]))
    once = sara.refresh(older, newer)
    twice = sara.refresh(once.events, newer)
    assert not twice.changed and twice.text.startswith("Nothing changed: all 39 rows of the newer file were known as they are.")
    pd.testing.assert_frame_equal(pd.DataFrame(twice.events), pd.DataFrame(once.events))
    assert twice.events["vanished"].sum() == 1


def test_a_row_that_comes_back_is_no_longer_marked():
    all_rows = table()
    once = sara.refresh(events_of(all_rows.iloc[:40]), events_of(all_rows.iloc[20:].drop(index=[25])))
    back = sara.refresh(once.events, events_of(all_rows.iloc[20:]))
    assert back.found["returned"] == 1 and not back.events["vanished"].any() and back.changed
    assert "One row that had vanished is back." in back.text


def test_a_mark_stays_when_a_later_file_does_not_reach_back():
    all_rows = table(80)
    once = sara.refresh(events_of(all_rows.iloc[:40]), events_of(all_rows.iloc[20:60].drop(index=[25])))
    later = sara.refresh(once.events, events_of(all_rows.iloc[50:]))
    assert later.events.loc[later.events["vanished"], "id"].tolist() == ["24-00025"] and later.found["newly_vanished"] == 0


def test_one_stray_date_makes_nothing_look_vanished():
    all_rows = table(200)
    newer = all_rows.iloc[150:].copy()
    newer.loc[199, "received"] = "2000-01-01 00:00:00"
    found = sara.refresh(events_of(all_rows.iloc[:180]), events_of(newer))
    assert found.found["vanished"] == 0


def test_a_list_of_changes_is_no_full_export():
    all_rows = table()
    newer = all_rows.iloc[[10, 30, 45, 50]].copy()
    found = sara.refresh(events_of(all_rows.iloc[:48]), events_of(newer))
    assert found.found["vanished"] == 0 and any("looks like a list of what changed" in caution for caution in found.cautions)


def test_copies_that_dedupe_had_joined_are_said():
    """One id twice: whether the second row is a newer version, only dedupe can tell, so none is taken away."""
    all_rows = table()
    twice = pd.concat([all_rows, all_rows.iloc[[22, 24]].assign(closed=None)], ignore_index=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        once = sara.dedupe(events_of(twice))
    assert len(once) == 60
    found = sara.refresh(once, events_of(twice))
    assert found.found["added"] == 2 and any(
        "2 of the added rows have the id of a row already there" in caution for caution in found.cautions
    )
    assert len(sara.dedupe(found.events)) == 60


def test_inputs_are_not_changed_and_their_order_does_not_matter():
    all_rows = table()
    older, newer = events_of(all_rows.iloc[:40]), events_of(all_rows.iloc[20:].assign(nature="ARSON"))
    kept = older.copy(deep=True), newer.copy(deep=True)
    first = sara.refresh(older, newer)
    for before, now in zip(kept, (older, newer), strict=True):
        pd.testing.assert_frame_equal(pd.DataFrame(before), pd.DataFrame(now))
    again = sara.refresh(
        older.sample(frac=1, random_state=1),
        newer.sample(frac=1, random_state=2).set_index(pd.Index([f"r{i}" for i in range(40)])),
    )
    pd.testing.assert_frame_equal(pd.DataFrame(first.events), pd.DataFrame(again.events))
    assert first.text == again.text


@given(
    n=st.integers(3, 40),
    cut=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    edits=st.lists(
        st.tuples(
            st.integers(0, 39), st.sampled_from(["nature", "closed", "address"]), st.sampled_from(["ARSON", "NOISE", None])
        ),
        max_size=12,
    ),
    gone=st.sets(st.integers(0, 39), max_size=4),
    order=st.integers(0, 5),
)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_row_is_there_once_in_its_newest_version(n, cut, edits, gone, order):
    all_rows = table(n)
    end = max(1, round(max(cut) * n))
    begin = min(round(min(cut) * n), n - 1)
    older, newer = all_rows.iloc[:end].copy(), all_rows.iloc[begin:].copy()
    for row, column, value in edits:
        if row in newer.index:
            newer.loc[row, column] = None if column == "closed" else value
    newer = newer.drop(index=[row for row in gone if row in newer.index and len(newer) > 5])
    if len(newer) == 0:
        return
    old_events, new_events = events_of(older.sample(frac=1, random_state=order)), events_of(newer)
    found = sara.refresh(old_events, new_events)
    merged = found.events.set_index("id")
    assert merged.index.is_unique
    assert set(merged.index) == set(old_events["id"]) | set(new_events["id"])
    assert len(found.events) == len(old_events) + found.found["added"]
    columns = ["time", "type", "address"] + (["closed"] if new_events["closed"].notna().any() else [])
    newest = new_events.set_index("id")[columns].astype(object).map(str)
    pd.testing.assert_frame_equal(merged.loc[newest.index, columns].astype(object).map(str), newest)
    untouched = old_events[~old_events["id"].isin(new_events["id"])].set_index("id")[columns].astype(object).map(str)
    pd.testing.assert_frame_equal(merged.loc[untouched.index, columns].astype(object).map(str), untouched)
    assert sum(found.table.loc[found.table["column"].isna(), "n"]) == len(found.events)
    assert not sara.refresh(found.events, new_events).changed


# Files


def test_a_newer_file_is_read_as_the_older_was(tmp_path):
    """Columns that nobody would guess, told once."""
    odd = table().rename(columns={"received": "zzz", "nature": "qqq"})
    odd.iloc[:40].to_csv(tmp_path / "march.csv", index=False)
    odd.iloc[20:].to_csv(tmp_path / "april.csv", index=False)
    march = sara.read_calls(
        tmp_path / "march.csv", columns={"time": "zzz", "type": "qqq", "id": "incident_number"}, tz="America/Chicago"
    )
    found = sara.refresh(march, tmp_path / "april.csv")
    assert found.found["same"] == 20 and found.found["added"] == 20 and len(found.events) == 60
    assert str(found.settings["read as"]).startswith("columns of the older file")
    assert found.events.attrs["sara"]["zone"] == "America/Chicago"
    assert found.figure() is not None and "march.csv and april.csv" in found.source_line


def test_a_new_layout_is_recognised_afresh(tmp_path):
    table().iloc[:40].to_csv(tmp_path / "march.csv", index=False)
    table().iloc[20:].rename(columns={"nature": "Call Type", "received": "Received Date"}).drop(columns="closed").to_csv(
        tmp_path / "april.csv", index=False
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        march = sara.read_calls(tmp_path / "march.csv", tz="America/Chicago")
        found = sara.refresh(march, tmp_path / "april.csv")
    assert found.found["same"] == 20 and found.found["added"] == 20
    assert any("no column for closed" in caution for caution in found.cautions)
    assert found.events["closed"].notna().sum() == 40, "what the newer file does not say is not taken away"


# Mistakes


def test_a_filtered_table_is_refused(tmp_path):
    table().to_csv(tmp_path / "march.csv", index=False)
    calls = sara.read_calls(tmp_path / "march.csv", columns={"type": "nature"})
    with pytest.raises(InputError, match=r"`known` must be the whole table. Got 15 of the 60 rows"):
        sara.refresh(calls[calls["type"] == "FIGHT"], events_of(table()))
    assert not sara.refresh(calls, calls).changed


def test_other_mistakes_are_answered_in_words():
    older = events_of(table())
    with pytest.raises(InputError, match="`known` must be an event table"):
        sara.refresh(table(), older)
    with pytest.raises(InputError, match="has no rows"):
        sara.refresh(older.iloc[:0], older)
    with pytest.raises(InputError, match="same source"):
        sara.refresh(older, sara.as_events(table(), source="complaints", time="received", type="nature", lon="lon", lat="lat"))
    with pytest.raises(InputError, match="`events` must be left out"):
        sara.refresh(older, older, events=older)
    with pytest.raises(InputError, match="rows of one source"):
        sara.refresh(older, older, source="complaints")


# In a problem


@pytest.fixture(scope="module")
def planned():
    """A problem with a locked plan, its calls up to the start and the calls after it."""
    calls = sara.datasets.load("riverton_calls")
    calls = calls[calls["category"].isin(["disorder", "alarm"]) & calls["time"].notna()]
    areas = sara.datasets.load("riverton_areas")
    before = calls[calls["time"] < "2024-03-01"].copy()
    strip = before[before["category"] == "disorder"]
    treated = sara.hotspots.clusters(strip, area=areas).areas.head(1)
    design = sara.respond.comparison(strip, treated=treated, start="2024-03-01")
    plan = sara.respond.Plan(goal="20 % fewer", design=design, outcome="category == 'disorder'")
    plan.add_action("Staggered closing", partner="Licensing board", start="2024-03-01")
    plan.lock(as_of="2024-02-29")
    before.attrs = {
        "sara": {
            **calls.attrs["sara"],
            "rows_read": len(before),
            "rows_rejected": 0,
            "merged": 0,
            "coverage": ["2022-03-01", "2024-03-01"],
        }
    }
    return calls, before, plan


def problem_of(before, plan):
    problem = sara.Problem("Disorder on the bar strip")
    problem.scan.add(before)
    problem.respond.add(plan)
    return problem


def newer_of(calls):
    newer = calls[calls["time"] >= "2024-01-01"].copy()
    newer.attrs = {"sara": {**calls.attrs["sara"], "rows_read": len(newer), "rows_rejected": 0, "merged": 0}}
    return newer


def test_a_problem_gets_the_merged_table_and_the_old_rows_leave(planned):
    calls, before, plan = planned
    problem = problem_of(before, plan)
    found = sara.refresh(problem, newer_of(calls))
    kinds = [(entry.kind, entry.item is None) for entry in problem.scan.entries]
    assert kinds == [("events", True), ("events", False), ("RefreshResult", False)]
    assert len(problem.scan.entries[1].item) == len(calls)
    assert (
        found.plans[["n_then", "n_now", "entered", "left", "revised"]]
        .apply(lambda row: row["n_then"] == row["n_now"] > 0, axis=1)
        .all()
    )
    assert not any("locked" in caution for caution in found.cautions)
    n = len(problem.scan.entries)
    again = sara.refresh(problem, newer_of(calls))
    assert not again.changed and len(problem.scan.entries) == n, "a file that changes nothing is not noted"


def test_revisions_before_the_start_of_a_locked_plan_are_a_caution_the_brief_prints(planned, tmp_path):
    calls, before, plan = planned
    newer = newer_of(calls)
    place = plan.design.to_crs(newer.crs).places("treated").geometry.union_all()
    inside = newer.geometry.within(place) & (newer["category"] == "disorder") & (newer["time"] < "2024-03-01")
    at = newer.index[inside][:3]
    newer.loc[at, "category"] = "alarm"
    newer.loc[at, "type"] = "ALARM - BUSINESS"
    problem = problem_of(before, plan)
    found = sara.refresh(problem, newer)
    treated = found.plans.set_index("role").loc["treated"]
    assert (treated["left"], treated["entered"], treated["n_then"] - treated["n_now"]) == (3, 0, 3)
    caution = next(caution for caution in found.cautions if "locked" in caution)
    assert caution.startswith(
        "3 events before the response's start (2024-03-01) were revised, added or moved after the plan was locked"
    )
    assert (
        f"the place of the response {treated['n_then']:,} before, {treated['n_now']:,} now" in caution
        and plan.fingerprint in caution
    )
    problem.brief(tmp_path / "strip.html")
    assert "after the plan was locked" in (tmp_path / "strip.html").read_text()


def test_a_saved_problem_says_that_it_has_no_rows_and_takes_them(planned, tmp_path):
    calls, before, plan = planned
    problem_of(before, plan).save(tmp_path / "strip")
    problem = sara.Problem.load(tmp_path / "strip")
    with pytest.raises(InputError, match=r"whose rows were not saved.*events=sara.read_calls"):
        sara.refresh(problem, newer_of(calls))
    sara.refresh(problem, newer_of(calls), events=before)
    assert [entry.kind for entry in problem.scan.entries] == ["events", "events", "RefreshResult"]
    problem.save(tmp_path / "strip")
    back = sara.Problem.load(tmp_path / "strip").scan.of_kind("RefreshResult")[0]
    assert back.text == problem.scan.of_kind("RefreshResult")[0].text and back.events is None
    assert back.plot().get_title(loc="left") == "What did the newer file change?"


def test_a_problem_without_a_table_asks_for_one(planned):
    calls, before, _ = planned
    with pytest.raises(InputError, match="without an event table"):
        sara.refresh(sara.Problem("Noise"), newer_of(calls))
    problem = sara.Problem("Noise")
    problem.scan.add(before, sara.datasets.load("riverton_complaints"))
    with pytest.raises(InputError, match="`source` must say which rows"):
        sara.refresh(problem, newer_of(calls))
    assert sara.refresh(problem, newer_of(calls), source="calls").found["added"] > 0


def test_a_saved_result_speaks_and_keeps_no_addresses():
    all_rows = table()
    newer = all_rows.iloc[20:].copy()
    newer.loc[22, "address"] = "9 SECRET LANE"
    found = sara.refresh(events_of(all_rows.iloc[:40], place="address"), events_of(newer, place="address"))
    text = json.dumps(found.to_dict(), allow_nan=False)
    assert "SECRET" not in text and "SECRET" not in found.text and "SECRET" in found.revisions["after"].astype(str).str.cat()
    back = Result.from_dict(json.loads(text))
    assert back.text == found.text and back.counts == found.counts and back.changed == found.changed
    assert (
        back.table.astype(object)
        .map(str)
        .replace("None", "nan")
        .equals(found.table.astype(object).map(str).replace("None", "nan"))
    )


def test_the_figure_shows_every_row_of_its_weeks_once():
    found = sara.refresh(events_of(table().iloc[:40]), events_of(table().iloc[20:]))
    ax = found.plot()
    assert sum(bar.get_height() for bar in ax.patches) == 60 == found.weeks.drop(columns="period").to_numpy().sum()
    assert ax.get_ylabel() == "calls a week"


@pytest.mark.real
@pytest.mark.parametrize(
    ("file", "time", "low", "high", "read", "ids"),
    [
        ("seattle/seattle_911_2015.csv.gz", "At.Scene.Time", "2015-08-01", "2015-08-15", sara.read_calls, False),
        (
            "chicago/sanitation_code_complaints_2011_2014.csv.gz",
            "Creation_Date",
            "2014-05-01",
            "2014-07-15",
            sara.read_complaints,
            True,
        ),
    ],
)
def test_real_files_split_and_joined_again(real_data, tmp_path, file, time, low, high, read, ids):
    whole = pd.read_csv(real_data / file, dtype=str, keep_default_na=False, encoding="latin-1")
    when = pd.to_datetime(whole[time], format="mixed", errors="coerce")
    older, newer = whole[when < high].copy(), whole[(when >= low) | when.isna()].copy()
    both = np.flatnonzero(((when >= low) & (when < high)).loc[newer.index])
    newer = newer.drop(index=newer.index[both[::400]])
    n_gone = len(both[::400])
    if ids:
        older.loc[when.loc[older.index] >= low, "Completion_Date"] = ""
    older.to_csv(tmp_path / "old.csv", index=False)
    newer.to_csv(tmp_path / "new.csv", index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        old, new = read(tmp_path / "old.csv"), read(tmp_path / "new.csv")
        found = sara.refresh(old, tmp_path / "new.csv")
        assert not sara.refresh(found.events, tmp_path / "new.csv").changed
    assert len(found.events) == len(old) + found.found["added"] and len(found.events) == len(whole)
    assert found.found["newly_vanished"] == n_gone and found.found["same"] + found.found["revised"] == len(both) - n_gone
    assert (
        found.found["revised"] == (new["closed"].notna() & (new["time"] < high) & (new["time"] >= low)).sum()
        if ids
        else found.found["revised"] == 0
    )


def test_of_a_few_rows_those_that_are_gone_are_vanished_not_a_kind_of_file():
    rows = pd.DataFrame({"no": ["1", "2", "3"], "when": [f"2024-03-0{i} 10:00" for i in (1, 2, 3)], "what": "FIGHT"})
    later = pd.DataFrame({"no": ["1", "4"], "when": ["2024-03-01 10:00", "2024-03-04 10:00"], "what": "FIGHT"})
    found = sara.refresh(*(sara.as_events(table, id="no", time="when", type="what", source="calls") for table in (rows, later)))
    assert found.found["vanished"] == 2 and found.events["vanished"].tolist() == [False, True, True, False]
    assert not found.cautions
