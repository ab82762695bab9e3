"""A problem keeps what it is given, in order, and says what it lacks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

import sara
from sara.core.errors import InputError


class Ticker:
    """A clock that moves one minute at each look."""

    def __init__(self):
        self.n = 0

    def __call__(self) -> datetime:
        self.n += 1
        return datetime(2025, 3, 1, tzinfo=UTC) + timedelta(minutes=self.n)


@pytest.fixture
def effect():
    return sara.assess.wdd((80, 52), (75, 71))


@pytest.fixture
def events():
    table = pd.DataFrame(
        {
            "when": ["2024-03-01 23:10", "2024-03-02 02:00"],
            "what": ["FIGHT", "NOISE"],
            "lon": [-88.9, -88.91],
            "lat": [40.9, 40.91],
        }
    )
    return sara.as_events(table, time="when", type="what", lon="lon", lat="lat")


def test_entries_keep_order_time_and_note(effect):
    problem = sara.Problem("Noise", now=Ticker())
    second = sara.assess.two_counts(80, 52)
    problem.assess.add(effect, second, note="first look").add(effect)
    assert [entry.item for entry in problem.assess.entries] == [effect, second, effect]
    assert [entry.note for entry in problem.assess.entries] == ["first look", "first look", None]
    assert problem.assess.entries[0].added < problem.assess.entries[1].added
    assert problem.assess.entries[0].added.endswith("+00:00")
    assert list(problem.assess) == [effect, second, effect]


def test_conclusions_keep_their_sources():
    problem = sara.Problem("Noise")
    problem.analyze.conclude(" Bars and no bus. ", also_from=["site visit 12 Jan", "licensing board"]).conclude(
        "More.", also_from="a partner"
    )
    first, second = problem.analyze.conclusions
    assert (first.text, first.also_from) == ("Bars and no bus.", ("site visit 12 Jan", "licensing board"))
    assert second.also_from == ("a partner",)


@pytest.mark.parametrize("wrong", ["", "  ", None, 3])
def test_a_title_must_say_something(wrong):
    with pytest.raises(InputError, match=r"`title` must"):
        sara.Problem(wrong)


def test_only_results_enter(effect):
    problem = sara.Problem("Noise")
    with pytest.raises(InputError, match=r"`results` must be sara results.*Got a dict"):
        problem.scan.add(effect, {"a": 1})
    assert len(problem.scan) == 0, "nothing of a refused call stays"
    with pytest.raises(InputError, match="Got none"):
        problem.scan.add()
    with pytest.raises(InputError, match=r"`text` must be a sentence"):
        problem.scan.conclude("")


def test_only_an_assessment_can_be_a_placebo(effect):
    with pytest.raises(InputError, match="Only an assessment"):
        sara.Problem("Noise").scan.add(effect, placebo=True)


def test_check_names_what_is_missing_and_then_no_more(effect):
    problem = sara.Problem("Noise")
    before = problem.check()
    assert set(before.table["stage"]) == {"scan", "analyze", "respond", "assess"}
    assert "Next, in scan" in before.text
    row = before.table.set_index("question").loc["Was it measured against what would have happened anyway?"]
    assert row["answered"] is False or row["answered"] == False  # noqa: E712
    problem.assess.add(effect)
    after = problem.check()
    assert after.table.set_index("question").loc["Was it measured against what would have happened anyway?", "answered"]
    assert len(after.missing) == len(before.missing), "one question is answered, another (what follows from it?) opens"
    assert "what follows" in " ".join(after.missing["question"])


def test_an_event_table_brings_its_provenance_and_not_its_folder(events):
    problem = sara.Problem("Noise")
    events.attrs["sara"] = {
        **events.attrs["sara"],
        "file": "/home/analyst/secret/calls.csv",
        "sha256": "ab" * 32,
        "rows_read": 3,
        "rows_rejected": 1,
    }
    problem.scan.add(events)
    row = problem.provenance().iloc[0]
    assert (row["file"], row["sha256"], row["rows_read"], row["rows_rejected"], row["rows"]) == ("calls.csv", "ab" * 32, 3, 1, 2)
    assert (row["from"], row["to"]) == ("2024-03-01", "2024-03-02")


def test_a_problem_shows_itself_escaped():
    problem = sara.Problem("<script>alert(1)</script>")
    problem.scan.conclude("<b>x</b>")
    assert "<script>" not in problem._repr_html_()
    assert "<b>x</b>" not in problem._repr_html_()
