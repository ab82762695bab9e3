"""No answer lists persons, whatever the file calls their column."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import sara
from sara.core.persons import names_a_person

PERSONS = ("caller", "Caller_ID", "CALLERID", "phone", "PhoneNumber", "reporter_id", "person", "Suspect Name", "victim_id", "OFFENDER", "officer_name",
           "Officer Badge", "BadgeNo", "last_name", "complainant_hash")  # fmt: skip
OTHERS = (
    "unit",
    "unit_id",
    "beat",
    "victim_age",
    "victim_count",
    "officer_initiated",
    "phone_type",
    "name",
    "person_type",
    "area",
    "",
    "911",
)


def test_columns_of_persons_are_known_by_name():
    assert [name for name in PERSONS if not names_a_person(name)] == []
    assert [name for name in OTHERS if names_a_person(name)] == []


@pytest.mark.parametrize("name", ["caller", "phone", "Caller_ID", "officer_name"])
@pytest.mark.parametrize("method", ["series", "compare", "monitor"])
def test_no_answer_on_time_lists_persons(name, method):
    times = pd.date_range("2022-01-03 10:00", "2024-12-30", freq="11h")
    table = pd.DataFrame({"when": times, "who": np.resize(["a", "b"], len(times))})
    events = sara.as_events(table, time="when").assign(**{name: table["who"]})
    with pytest.raises(sara.InputError, match="no person is ranked"):
        getattr(sara.trends, method)(events, by=name)


def test_the_distribution_over_persons_names_none():
    events = sara.as_events(pd.DataFrame({"when": pd.date_range("2024-01-01 10:00", periods=9, freq="5h")}), time="when")
    found = sara.scan.concentration(events.assign(phone=["555-01"] * 5 + ["555-02"] * 4), by="phone")
    assert found.table["unit"].tolist() == ["phone 1", "phone 2"]
    assert "555" not in found.text
