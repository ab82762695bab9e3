"""Who started a call, and the rule that said so."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import sara
from sara.data.kinds.origin import ORIGIN_RULES, Origin, origin_of_channel, origin_of_flag, origins, type_origins


def told(types, categories, *, marked=None, channel=None, kind="police", known=None):
    columns = [None if c is None else pd.Series(c, dtype=object) for c in (marked, channel)]
    values, rule = origins(
        pd.Series(types, dtype=object),
        pd.Series(categories, dtype=object),
        marked=columns[0],
        channel=columns[1],
        kind=kind,
        known=known or Origin(),
    )
    return list(zip(values.astype(object).where(values.notna(), None), np.array(ORIGIN_RULES)[rule], strict=True))


def test_each_rule_in_its_turn():
    known = Origin({"officer": "PREMISE"}, "community")
    out = told(
        ["FIGHT", "PREMISE CHECK", "THEFT ONVIEW", "BURGLAR ALARM", "FIGHT", None],
        ["disorder", "premise check", "theft", "alarm", "disorder", None],
        channel=["PHONE", None, None, None, "ZZZ", None],
        known=known,
    )
    assert out == [
        ("community", "source column"),
        ("officer", "profile marker"),
        ("officer", "type's own word"),
        ("alarm", "category"),
        ("community", "default"),
        ("community", "default"),
    ]


def test_what_nobody_says_is_missing_and_counted():
    assert told(["FIGHT", None], ["disorder", None]) == [(None, "none"), (None, "none")]


def test_a_column_of_origins_keeps_a_word_it_does_not_know_as_other():
    assert told(["BURGLAR ALARM"] * 3, ["alarm"] * 3, marked=["OFFICER", "ZZZ", None]) == [
        ("officer", "source column"),
        ("other", "source column"),
        ("alarm", "category"),
    ]


def test_yes_and_no_answer_whether_an_officer_started_it():
    assert origin_of_flag(pd.Series(["Y", "N", None])).astype(object).where(lambda s: s.notna(), None).tolist() == [
        "officer",
        "community",
        None,
    ]


def test_a_complaint_is_a_residents_unless_staff_entered_it():
    out = told(["Pothole"] * 4, ["road"] * 4, channel=["Constituent Call", "Employee Generated", "ZZZ", None], kind="311")
    assert out == [
        ("community", "source column"), ("administrative", "source column"), ("community", "complaint"), ("community", "complaint"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("word", "origin"),
    [
        ("911", "community"), ("E-911", "community"), ("ONVIEW", "officer"), ("On View", "officer"), ("Self-Initiated", "officer"),
        ("OFFICER", "officer"), ("ALARM COMPANY", "alarm"), ("TELEPHONE, OTHER", "community"), ("WALK-IN", "community"),
        ("FOLLOW UP", "administrative"), ("ZZZ", "other"),
    ],
)  # fmt: skip
def test_words_of_a_source_column(word, origin):
    assert origin_of_channel(pd.Series([word])).tolist() == [origin]


def test_a_type_alone_tells_as_much_as_its_words():
    values, rule = type_origins(
        pd.Series(["TRAFFIC STOP", "FIGHT"]), pd.Series(["traffic stop", "disorder"]), Origin(unmarked="community")
    )
    assert values.tolist() == ["officer", "community"]
    assert [ORIGIN_RULES[i] for i in rule] == ["category", "default"]


def test_the_record_counts_the_rules_of_the_rows_kept():
    table = pd.DataFrame({
        "when": ["2024-01-01 10:00", "2024-01-01 11:00", "not a time"], "what": ["TRAFFIC STOP", "FIGHT", "FIGHT"],
    })  # fmt: skip
    record = sara.as_events(table, time="when", type="what").attrs["sara"]
    assert record["origin_rules"] == {"category": 1, "none": 1}
    assert record["types"] == {"rule": 2}


def test_markers_speak_in_the_table_of_types(real_data):
    events = sara.read_calls(real_data / "seattle/seattle_911_2015.csv.gz")
    assert events.attrs["sara"]["origin_marks"]["unmarked"] == "community"
    types = sara.call_types(events).table.set_index("type")
    assert types.loc["TRAFFIC STOP - OFFICER INITIATED ONVIEW", ["origin", "origin_rule"]].tolist() == [
        "officer",
        "profile marker",
    ]
    assert types.loc["TRESPASS", ["origin", "origin_rule"]].tolist() == ["community", "default"]


def test_portland_and_nashville_say_nothing_of_most_rows(real_data):
    for path in ("portland/NIJ_100116_103116.zip", "nashville/calls_2024.csv"):
        events = sara.read_calls(real_data / path)
        rules = events.attrs["sara"]["origin_rules"]
        assert rules["none"] / len(events) > 0.8
        assert events["origin"].isna().sum() == rules["none"]
        assert "neither the file nor the type says" in " ".join(sara.call_types(events).cautions)
