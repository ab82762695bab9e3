"""Designs and plans: what is fixed stays fixed, and says when it was fixed."""

from __future__ import annotations

import copy
import json

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from sara.core.errors import InputError
from sara.core.records import Design, Plan
from sara.core.result import Counts, Result

START = pd.Timestamp("2024-01-01")


def make_design(*, last="2023-12-30", **changes) -> Design:
    names, roles = ["a", "b", "ring of a", "ring of b"], ["treated", "comparison", "ring", "ring"]
    table = gpd.GeoDataFrame(
        {
            "name": names,
            "role": roles,
            "ring_of": [None, None, "a", "b"],
            "n_before": [240, 230, 50, 40],
            "per_month": [10.0, 9.6, 2.1, 1.7],
        },
        geometry=[shapely.box(500_000 + 1000 * i, 0, 500_100 + 1000 * i, 100) for i in range(4)],
        crs=32616,
    )
    values = {
        "table": table,
        "settings": {},
        "counts": Counts(560, 560),
        "start": START,
        "before": (pd.Timestamp("2022-01-01"), START),
        "after": (START, pd.Timestamp("2025-01-01")),
        "chosen_on": None,
        "buffer": 300.0,
        "last_event": pd.Timestamp(last),
        "monthly": pd.DataFrame({"name": ["a"], "role": ["treated"], "ring_of": [None], "month": [START], "n": [10]}),
        "dispersion": 1.2,
        "dispersion_df": 23,
        "drift": 0.0,
        "drift_df": 0,
        "candidates_table": gpd.GeoDataFrame({"name": ["b"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=32616),
        "noun": "calls",
    }
    return Design(**{**values, **changes})


def make_plan(**changes) -> Plan:
    plan = Plan(
        **{
            "goal": "20 % fewer calls by 2025",
            "design": make_design(),
            "outcome": "category=='disorder'",
            "target": "20 %",
            "by": "2025-01-01",
            **changes,
        }
    )
    return plan.add_action("Staggered closing", partner="Licensing board", start="2024-01-01", dose="3 bars")


def through_json(plan):
    return Result.from_dict(json.loads(json.dumps(plan.to_dict())))


def test_the_plan_says_who_does_what():
    plan = make_plan().add_action("Late bus", partner="Transit", start="2024-02-01", end="2024-12-31")
    assert plan.table["partner"].tolist() == ["Licensing board", "Transit"]
    assert plan.outcome == "category == 'disorder'"
    assert "2 actions by Licensing board and Transit" in plan.text and "Not fixed yet" in plan.text
    assert plan.target == 0.2 and plan.fingerprint is None
    assert plan.plot().get_title(loc="left") == plan.question


def test_lock_fixes_everything():
    plan = make_plan().lock(as_of="2023-12-31")
    assert plan.locked and not plan.fixed_afterwards
    assert "Difference in differences" in plan.headline and "1 similar place" in plan.headline
    assert plan.fingerprint in plan.text
    for change in (lambda: plan.add_action("x", partner="y", start="2024-01-01"), plan.lock, plan.as_placebo):
        with pytest.raises(InputError, match="must not change after it is locked"):
            change()
    for name in ("goal", "design", "target", "fingerprint"):
        with pytest.raises(AttributeError):
            setattr(plan, name, None)


@pytest.mark.parametrize(
    ("last", "as_of", "afterwards"),
    [
        ("2023-12-30", None, False),
        ("2023-12-30", "2024-01-01", True),
        ("2024-01-01", None, True),
        ("2025-03-01", "2023-12-31", True),
    ],
)
def test_seeing_the_outcome_first_is_said(last, as_of, afterwards):
    plan = make_plan(design=make_design(last=last)).lock(as_of=as_of)
    assert plan.fixed_afterwards is afterwards
    assert ("Fixed afterwards" in plan.text) is afterwards
    assert any("fixed afterwards" in caution for caution in plan.cautions) is afterwards


def test_the_fingerprint_is_the_same_anywhere_and_for_the_same_decisions():
    assert make_plan().lock().fingerprint == make_plan().lock().fingerprint == "2f5dcd30e11faf14"


@pytest.mark.parametrize(
    "changes",
    [
        {"goal": "30 % fewer"},
        {"outcome": "category == 'noise'"},
        {"target": 0.3},
        {"by": "2026-01-01"},
        {"also_watch": "survey"},
        {"design": make_design(buffer=200.0)},
        {"design": make_design(last="2023-12-29")},
        {"design": make_design(chosen_on=(pd.Timestamp("2023-01-01"), START))},
        {"design": make_design().as_placebo()},
    ],
)
def test_the_fingerprint_changes_with_any_decision(changes):
    assert make_plan(**changes).lock().fingerprint != make_plan().lock().fingerprint


def test_actions_and_the_day_are_part_of_it():
    fingerprints = {
        make_plan().lock().fingerprint,
        make_plan().lock(as_of="2023-12-31").fingerprint,
        make_plan().add_action("x", partner="y", start="2024-01-01").lock().fingerprint,
    }
    assert len(fingerprints) == 3


def test_it_reads_back_as_it_was():
    for plan in (make_plan(), make_plan().lock(), make_plan().as_placebo().lock()):
        again = through_json(plan)
        assert isinstance(again, Plan)
        assert again.to_dict() == plan.to_dict()
        assert (again.text, again.fingerprint, again.placebo) == (plan.text, plan.fingerprint, plan.placebo)


@pytest.mark.parametrize("field", ["goal", "outcome", "target", "also_watch", "placebo", "actions"])
def test_a_plan_that_was_changed_after_it_was_locked_is_refused(field):
    data = copy.deepcopy(make_plan().lock().to_dict())
    data["fields"][field] = {
        "goal": "10 % fewer",
        "outcome": "category == 'noise'",
        "target": 0.1,
        "also_watch": "x",
        "placebo": True,
        "actions": [],
    }[field]
    with pytest.raises(InputError, match="must match its fingerprint"):
        Result.from_dict(data)


def test_a_plan_whose_places_were_moved_is_refused():
    text = json.dumps(make_plan().lock().to_dict())
    assert "500100" in text
    with pytest.raises(InputError, match="must match its fingerprint"):
        Result.from_dict(json.loads(text.replace("500100", "500200")))


def test_placebo_is_said():
    plan = make_plan(design=make_design().as_placebo())
    assert plan.placebo and plan.text.startswith("Placebo plan")
    assert make_plan().as_placebo().placebo
    assert "picked for the test" in make_design().as_placebo().text


def test_a_goal_counted_only_in_calls_carries_its_caution():
    assert any("only in reports" in caution for caution in make_plan().cautions)
    assert not any("only in reports" in caution for caution in make_plan(also_watch="victim survey").cautions)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"design": "design"}, "`design` must come from"),
        ({"outcome": "import os"}, "`outcome` must be a condition"),
        ({"goal": " "}, "`goal` must be text"),
        ({"target": 20}, "`target` must be the share"),
        ({"target": "a lot"}, "`target` must be the share"),
        ({"by": "soon"}, "`by` must be a date"),
    ],
)
def test_mistakes(changes, words):
    with pytest.raises(InputError, match=words):
        make_plan(**changes)


def test_mistakes_in_actions():
    plan = make_plan()
    with pytest.raises(InputError, match="`partner` must be text"):
        plan.add_action("x", partner="", start="2024-01-01")
    with pytest.raises(InputError, match="`end` must be after `start`"):
        plan.add_action("x", partner="y", start="2024-01-01", end="2023-01-01")
    assert len(plan.actions) == 1


def test_another_projection_is_the_same_design():
    design = make_design()
    assert design.to_crs(32616) is design
    moved = design.to_crs(32617)
    assert moved.table.crs.to_epsg() == 32617 and moved.table["n_before"].equals(design.table["n_before"])


def test_settings_and_excel(tmp_path):
    plan = make_plan().lock()
    assert plan.settings["fingerprint"].value == plan.fingerprint
    assert plan.to_excel(tmp_path / "plan.xlsx").exists()
    assert "Staggered closing" in plan._repr_html_()
