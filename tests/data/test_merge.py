"""Two exports that overlap."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sara.core.errors import InputError
from sara.data.duplicates import dedupe
from sara.data.merging.exports import merge_exports
from sara.data.schema import as_events


def export(rows, *, ids=True):
    """Rows of (id, minutes, type, result, metres east)."""
    no, minutes, what, result, east = zip(*rows, strict=True)
    table = pd.DataFrame({
        "no": no, "when": [f"{pd.Timestamp('2024-03-01') + pd.Timedelta(minutes=m):%Y-%m-%d %H:%M}" for m in minutes], "what": what,
        "disposition": result, "where": [f"{100 + int(e)} OAK ST" for e in east], "x": [440_000.0 + e for e in east], "y": 4_500_000.0,
    })  # fmt: skip
    table = table if ids else table.drop(columns="no")
    return as_events(table, id="no" if ids else None, time="when", type="what", place="where", x="x", y="y", crs=32616)


MARCH = [("a", 0, "FIGHT", "open", 0), ("b", 60, "NOISE", "done", 500), ("c", 120, "FIGHT", "done", 900)]
LATER = [("b", 60, "NOISE", "done", 500), ("c", 120, "SHOTS FIRED", "report", 900), ("d", 200, "THEFT", "done", 1300)]


def test_each_row_is_there_once_with_its_newest_values():
    events, changes = merge_exports(export(MARCH), export(LATER))
    assert events["id"].tolist() == ["a", "b", "c", "d"]
    assert events["type"].tolist() == ["FIGHT", "NOISE", "SHOTS FIRED", "THEFT"]
    assert events["category"].iloc[2] == "shots fired"
    assert events["first_type"].tolist()[2] == "FIGHT"
    assert events["first_type"].isna().sum() == 3
    assert changes.counts == {"old": 3, "new": 3, "same": 1, "revised": 1, "added": 1, "kept": 1, "already_merged": 0}
    assert changes.revisions.to_numpy().tolist() == [
        ["c", "type", "FIGHT", "SHOTS FIRED"],
        ["c", "disposition", "done", "report"],
    ]
    assert changes.table.set_index("column")["n"].to_dict() == {"disposition": 1, "type": 1}
    assert len(changes.withdrawn) == 0
    record = events.attrs["sara"]
    assert record["rows_read"] == 4
    assert record["coverage"] == ["2024-03-01", "2024-03-02"]


def test_a_row_withdrawn_stays_and_is_told():
    events, changes = merge_exports(export(MARCH), export([MARCH[0], MARCH[2]]))
    assert len(events) == 3
    assert changes.withdrawn["id"].tolist() == ["b"]
    assert changes.counts["kept"] == 1


def test_values_that_come_and_go_and_points_that_move():
    new = export([("a", 0, "FIGHT", None, 0), ("b", 60, "NOISE", "done", 540)])
    old = export([("a", 0, "FIGHT", "open", 0), ("b", 60, "NOISE", None, 500)])
    _, changes = merge_exports(old, new)
    table = changes.table.set_index("column")
    assert table.loc["disposition"].to_dict() == {"n": 2, "filled": 1, "emptied": 1}
    assert table.loc["location", "n"] == 1
    assert changes.revisions.set_index("column").loc["location", "before"] == "440500.0, 4500000.0"


def test_a_column_the_newer_export_lacks_keeps_its_values():
    new = export(LATER)
    new["disposition"] = pd.Series([None] * 3, dtype=object)
    events, changes = merge_exports(export(MARCH), new)
    assert events["disposition"].tolist()[:3] == ["open", "done", "done"]
    assert "disposition" not in set(changes.table["column"])
    more = export(LATER).assign(beat=["1", "2", "3"])
    assert merge_exports(export(MARCH), more)[0]["beat"].tolist()[1:] == ["1", "2", "3"]


def test_what_a_person_decided_of_a_type_stands():
    old = export(MARCH)
    old["category"] = ["noise", "noise", "fireworks"]
    events, changes = merge_exports(old, export(LATER))
    assert events["category"].tolist() == ["noise", "noise", "shots fired", "theft"]
    assert "category" not in set(changes.table["column"])


def test_versions_and_units_of_one_id_are_all_kept():
    first = [("a", 0, "FIGHT", "unit 1", 0), ("a", 0, "FIGHT", "unit 2", 0)]
    more = [*first, ("a", 0, "FIGHT", "unit 3", 0)]
    events, changes = merge_exports(export(first), export(more))
    assert sorted(events["disposition"]) == ["unit 1", "unit 2", "unit 3"]
    assert changes.counts == {"old": 2, "new": 3, "same": 2, "revised": 0, "added": 1, "kept": 0, "already_merged": 0}


def test_without_ids_rows_match_by_content_and_real_duplicates_stay_as_many():
    twice = [("", 0, "FIGHT", "done", 0)] * 2 + [("", 60, "NOISE", "done", 500)]
    events, changes = merge_exports(export(twice, ids=False), export([*twice, ("", 90, "NOISE", "done", 0)], ids=False))
    assert len(events) == 4
    assert changes.counts["same"] == 3
    assert "have no id" in changes.cautions[0]
    revised = [twice[0], ("", 0, "FIGHT", "report", 0), twice[2]]
    events, changes = merge_exports(export(twice, ids=False), export(revised, ids=False))
    assert len(events) == 3
    assert changes.revisions[["before", "after"]].to_numpy().tolist() == [["done", "report"]]


def test_reports_merged_before_do_not_come_back():
    rows = [("a", 0, "FIGHT", "done", 0), ("b", 5, "FIGHT", "done", 0), ("c", 600, "NOISE", "done", 900)]
    merged = dedupe(export(rows))
    events, changes = merge_exports(merged, export([*rows, ("d", 700, "THEFT", "done", 0)]))
    assert events["id"].tolist() == ["a", "c", "d"]
    assert events["n_reports"].tolist() == [2, 1, 1]
    assert events["merged_ids"].iloc[0] == "b"
    assert changes.counts["already_merged"] == 1


def test_another_zone_is_brought_over():
    events, changes = merge_exports(export(MARCH), export(LATER).to_crs(32615).assign(x=0.0, y=0.0))
    assert events.crs == 32616
    assert changes.counts["same"] == 1
    assert np.allclose(events["x"], [440_000, 440_500, 440_900, 441_300], atol=0.01)


def test_the_wrong_way_round_is_said():
    assert "right way round" in merge_exports(export(LATER), export(MARCH))[1].cautions[0]


def test_the_input_is_not_changed():
    old, new = export(MARCH), export(LATER)
    before = old.copy(deep=True), new.copy(deep=True)
    merge_exports(old, new)
    pd.testing.assert_frame_equal(pd.DataFrame(old), pd.DataFrame(before[0]))
    pd.testing.assert_frame_equal(pd.DataFrame(new), pd.DataFrame(before[1]))


def test_mistakes():
    with pytest.raises(InputError, match="as it was read"):
        merge_exports(export(MARCH), dedupe(export([MARCH[0], ("z", 1, "FIGHT", "open", 0)])))
    with pytest.raises(InputError, match="same source"):
        merge_exports(export(MARCH), export(LATER).assign(source="complaints"))
    with pytest.raises(InputError, match="must be an event table"):
        merge_exports(export(MARCH), [1])


rows_strategy = st.lists(
    st.tuples(st.sampled_from(list("abcdef")), st.integers(0, 3), st.sampled_from(["FIGHT", "NOISE"]), st.sampled_from(["open", "done", None]), st.sampled_from([0, 500])),
    min_size=1, max_size=10,
)  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(rows_strategy, rows_strategy, st.booleans())
def test_every_row_is_counted_and_merging_again_changes_nothing(first, second, ids):
    old, new = export(first, ids=ids), export(second, ids=ids)
    events, changes = merge_exports(old, new)
    n = changes.counts
    assert n["old"] == n["same"] + n["revised"] + n["kept"]
    assert n["new"] == n["same"] + n["revised"] + n["added"] + n["already_merged"]
    assert len(events) == n["old"] + n["added"]
    again, more = merge_exports(events, new)
    assert len(again) == len(events)
    assert more.counts["revised"] == more.counts["added"] == 0
    itself, none = merge_exports(old, old)
    assert none.counts["same"] == len(old) == len(itself)


@pytest.mark.parametrize("file", ["chicago/sanitation_code_complaints_2011_2014.csv.gz", "seattle/seattle_911_2015.csv.gz"])
def test_published_files(real_data, file):
    from sara.data.read import read_events

    events = read_events(real_data / file, source="calls")
    middle = events["time"].quantile([0.4, 0.7])
    merged, changes = merge_exports(events[events["time"] <= middle.iloc[1]], events[events["time"] >= middle.iloc[0]])
    assert len(merged) == len(events)
    assert changes.counts["revised"] == 0
    assert sorted(merged["id"]) == sorted(events["id"])
