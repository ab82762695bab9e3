"""What a run tells: six sentences a person would repeat."""

from __future__ import annotations

from types import SimpleNamespace as Thing

import pandas as pd
import pytest

from sara._sentences import sentences
from sara.brief import Withheld


def audit(n, used, *, default=()):
    return Thing(
        waterfall=pd.DataFrame({"n": [n, used]}),
        default_points=pd.DataFrame(default, columns=["n", "place"]),
        located={"rank_of_default": 1},
    )


def effect(**changes):
    facts = {"outcome_words": "Disorder calls", "change": -20.0, "placebo": False, "fell_as_much": 0, "pool_size": 5}
    table = pd.DataFrame({"measure": [], "low": [], "estimate": []})
    made = {"estimate": -31.2, "low": -50.0, "high": -12.0, "confidence": 0.95, "facts": facts, "table": table}
    made |= {"row": lambda _: pd.Series({"estimate": -14.0})}
    made["facts"] = facts | changes.pop("facts", {})
    return Thing(**(made | changes))


def journey(**parts):
    board = Thing(
        table=pd.DataFrame({"public_name": ["Noise in Mill"]}),
        n_found=1,
        rejected=[1],
        quiet_text="Rosewood is quiet: x; few calls need not mean y.",
    )
    made = {
        "audits": {"calls": audit(1200, 1000, default=[(90, "1500 block of CANAL ALY")])},
        "board": board,
        "effect": effect(),
        "power": None,
    }
    made["brief"] = Thing(path="b.html", withheld=Withheld(counts=1, addresses=2))
    return Thing(**(made | parts))


def test_six_sentences_without_a_chain():
    told = sentences(journey())
    assert told == [
        "Of 1,200 calls read, 200 are set aside, each with its reason.",
        "The biggest hot spot, 90 calls at 1500 block of CANAL ALY, is only a default address.",
        "One problem is worth a closer look, first of all noise in Mill, and one look-alike was turned down.",
        "Rosewood is quiet: x, so few calls there need not mean y.",
        "Disorder calls fell by 31 a month more than in similar places (95 % interval 12 to 50), a fall of 14 a month was to be expected anyway, "
        "and none of 5 untouched places fell at least as much.",
        "The brief is in b.html, where 1 count is hidden and 2 places are shown only as hundred blocks or squares to protect people.",
    ]
    assert not any(";" in line for line in told)


def test_an_unclear_effect_and_a_placebo_are_told_as_such():
    unclear = sentences(journey(effect=effect(high=3.0)))[4]
    assert unclear.startswith("Disorder calls did not clearly change more than in similar places, ")
    placebo = sentences(journey(effect=effect(facts={"placebo": True})))[4]
    assert placebo.startswith("In a placebo test, where nothing was done, disorder calls fell")


def test_a_high_run_before_the_start_is_told():
    table = pd.DataFrame({"measure": ["just before"], "low": [1.0], "estimate": [10.0]})
    told = sentences(journey(effect=effect(table=table, facts={"months_just_before": 6})))[4]
    assert "(a fall of 10 if only the 6 months just before the start count)" in told


@pytest.mark.parametrize(
    ("parts", "line", "words"),
    [
        ({"audits": {"burglary": audit(20, 20)}}, 0, "All of 20 rows of burglary read can be used."),
        ({"audits": {"calls": audit(20, 20)}}, 1, "None of the biggest hot spots is only a default address."),
        ({"board": None}, 2, "There are too few rows to rank problems."),
        ({"effect": None}, 4, "Nothing has been planned or assessed yet."),
        ({"brief": Thing(path="b.html", withheld=Withheld())}, 5, "The brief is in b.html, and nothing had to be withheld."),
    ],
)
def test_what_is_not_there_is_said(parts, line, words):
    assert sentences(journey(**parts))[line] == words
