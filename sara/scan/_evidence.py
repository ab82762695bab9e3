"""The CHEERS test: what the rows say to each of its six questions, and what they cannot say.

A problem is a recurring set of related harmful events in a community that members of the public expect the police to address
(Clarke & Eck, Crime Analysis for Problem Solvers, step 14).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from sara.core.wording import percent

__all__ = ["CHEERS", "HARM", "NOT_PROBLEMS", "RELATED", "cheers_rows", "lasting"]

# What police and city record that is no harmful event by itself: their own work, inquiries, and what another service answers.
NOT_PROBLEMS = frozenset(
    {
        "administrative", "alarm", "assistance", "directed patrol", "dropped 911", "fire", "hazard", "lost or found property", "medical", "missing person", "other",
        "pedestrian stop", "premise check", "sudden death", "traffic stop", "warrant",
    }
)  # fmt: skip

_VIOLENCE, _PROPERTY, _NUISANCE, _ROADS = (
    "injury and fear",
    "loss of property",
    "quiet, use of public space",
    "injury and delay on the road",
)
HARM = {
    **dict.fromkeys(
        ("assault", "domestic", "homicide", "robbery", "sexual offense", "shots fired", "threats", "weapons"), _VIOLENCE
    ),
    **dict.fromkeys(("child", "mental health", "welfare check"), "safety of the person in need"),
    **dict.fromkeys(
        ("burglary", "fraud", "graffiti", "shoplifting", "theft", "theft from vehicle", "vandalism", "vehicle theft"), _PROPERTY
    ),
    **dict.fromkeys(("driving while impaired", "traffic", "traffic collision"), _ROADS),
    **dict.fromkeys(
        ("disorder", "drugs", "noise", "parking", "animal", "abandoned vehicle", "trespassing", "vice", "suspicious", "civil"),
        _NUISANCE,
    ),
}

# Complaints to the city that speak of the same places and conditions as a kind of call.
_DARK, _NEGLECT = ("street light",), ("building", "graffiti")
RELATED: dict[str, tuple[str, ...]] = {
    "abandoned vehicle": ("abandoned vehicle", "parking"),
    "animal": ("animal",),
    "assault": ("disorder", "noise", *_DARK, *_NEGLECT),
    "burglary": (*_DARK, *_NEGLECT),
    "disorder": ("disorder", "noise", "homeless encampment", "sanitation", *_DARK),
    "driving while impaired": ("signs and signals", "traffic"),
    "drugs": ("drugs", "disorder", "homeless encampment", *_DARK, *_NEGLECT),
    "graffiti": ("graffiti",),
    "noise": ("noise",),
    "parking": ("parking", "abandoned vehicle"),
    "robbery": ("disorder", *_DARK),
    "sanitation": ("sanitation", "rodents"),
    "shots fired": ("disorder", "noise", *_DARK, *_NEGLECT),
    "suspicious": (*_DARK, *_NEGLECT),
    "theft": ("disorder", *_DARK),
    "theft from vehicle": ("abandoned vehicle", "parking", *_DARK),
    "threats": ("disorder", "noise"),
    "traffic": ("signs and signals", "road", "sidewalk", "traffic"),
    "traffic collision": ("signs and signals", "road", "sidewalk", "traffic"),
    "trespassing": ("homeless encampment", "building", "disorder"),
    "vandalism": ("vandalism", *_DARK, *_NEGLECT),
    "vehicle theft": ("abandoned vehicle", "parking", *_DARK),
    "vice": ("vice", "disorder", "sanitation", *_DARK),
}

# Letter -> (question, what the rows cannot know).
CHEERS: dict[str, tuple[str, str]] = {
    "Community": ("Who is affected?", "Who is harmed and never calls: ask residents, businesses and visitors."),
    "Harm": ("What harm does it do?", "Injury, fear and money lost are not in a call: ask victims, hospitals, insurers."),
    "Expectation": (
        "Who expects police to act?",
        "Whether police are the right ones to act, and what people want done: hold a meeting.",
    ),
    "Events": (
        "What happens, exactly?",
        "What lies behind the code a dispatcher chose: read narratives, visit at the hours named.",
    ),
    "Recurrence": (
        "Does it keep coming back?",
        "Whether it was there before the records begin: ask those who have lived there longest.",
    ),
    "Similarity": (
        "What do the events share?",
        "Whether the same people, targets or set-up are behind them: that is the analysis to do next.",
    ),
}


def lasting(weeks_active: float, begins_late: bool) -> str:
    """Return "acute" for what began in the second half of the period, "chronic" for what is there in half of all weeks, else "intermittent"."""
    if begins_late:
        return "acute"
    return "chronic" if weeks_active >= 0.5 else "intermittent"


def cheers_rows(row: Mapping[str, Any]) -> pd.DataFrame:
    """Return letter, question, evidence and what stays open for one row of the board."""
    said = {
        "Community": _community(row),
        "Harm": _harm(row),
        "Expectation": _expectation(row),
        "Events": f"{row['n']:,} {row['category']} calls, {row['first']:%Y-%m-%d} to {row['last']:%Y-%m-%d}; {row['expected']:,.0f} expected.",
        "Recurrence": f"Above the expected level in {percent(row['weeks_active'])} of weeks: {row['lasting']}."
        + (
            f" Recent weeks against the city's course: {row['trend']:+.0f} %."
            if pd.notna(row["trend"])
            else " The period is too short for a trend."
        ),
        "Similarity": _similarity(row),
    }
    rows = [(letter, question, said[letter], unknown) for letter, (question, unknown) in CHEERS.items()]
    return pd.DataFrame(rows, columns=["letter", "question", "evidence", "what_machine_cannot_know"])


def _there(value: Any) -> bool:
    return bool(pd.notna(value)) and value != ""


def _community(row: Mapping[str, Any]) -> str:
    places = f"{row['places']:,} different places" if row["places"] != 1 else "One place"
    if not _there(row["callers"]):
        return f"{places}; callers are not published."
    return f"{row['callers']:,.0f} different callers at {row['places']:,} places; the busiest made {percent(row['top_caller_share'])} of the calls."


def _harm(row: Mapping[str, Any]) -> str:
    hours = f" {row['officer_hours']:,.0f} hours from arrival to close." if _there(row["officer_hours"]) else ""
    return f"Kind of harm: {row['harm'] if _there(row['harm']) else 'not classed'}.{hours}"


def _expectation(row: Mapping[str, Any]) -> str:
    asked = f"{percent(row['community_share'])} of the calls of this kind here came from the public."
    if not _there(row["complaints"]):
        return asked
    return f"{asked} {row['complaints']:,.0f} complaints about related matters ({row['complaints_expected']:,.0f} expected)."


def _similarity(row: Mapping[str, Any]) -> str:
    words = (
        [f"{percent(row['repeat_share'])} of the calls came back to a place that had called before."]
        if _there(row["repeat_share"])
        else []
    )
    words += [f"Hours: {row['hours']}."] if _there(row["hours"]) else []
    words += [f"{percent(row['same_type_share'])} have the same call type."] if _there(row["same_type_share"]) else []
    return " ".join(words) or "Times and places are too coarse to compare."
