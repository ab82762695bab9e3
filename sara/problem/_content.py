"""A problem to plain JSON values and back, each part checked for its shape on the way in."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import geopandas as gpd

from sara._version import __version__
from sara.core.codec import decode, encode
from sara.core.errors import InputError
from sara.problem.record import STAGES, Clock, Conclusion, Entry, Stage

if TYPE_CHECKING:
    from sara.problem.problem import Problem

__all__ = ["from_content", "to_content"]


def to_content(problem: Problem, *, include_events: bool) -> dict[str, Any]:
    """Return the whole problem as JSON values; event rows only where asked for."""
    return {
        "sara": __version__,
        "title": problem.title,
        "started": problem.started,
        "area": {"stem": "area", "frame": encode(_outline(problem.area))},
        "stages": {name: _stage(stage, include_events=include_events) for name, stage in problem.stages.items()},
    }


def from_content(content: Any, cls: type[Problem], *, now: Clock) -> Problem:
    """Build the problem that `to_content` wrote."""
    expect(content, {"sara": str, "title": str, "started": str, "area": dict, "stages": dict}, "record")
    if list(content["stages"]) != list(STAGES):
        raise InputError(
            f"a record must hold the stages {', '.join(STAGES)}. Got {', '.join(content['stages'])}. Load an untouched copy."
        )
    area = decode(content["area"].get("frame"))
    if area is not None and not isinstance(area, gpd.GeoDataFrame):
        raise InputError(f"a record's area must be polygons. Got a {type(area).__name__}. Load an untouched copy.")
    problem = cls(content["title"], area=area, now=now)
    problem._set_started(_time(content["started"]))
    for name, stage in problem.stages.items():
        _fill(stage, content["stages"][name])
    return problem


def expect(value: Any, shape: dict[str, type | tuple[type, ...]], what: str) -> None:
    """Raise unless `value` is a dict with exactly these keys and types."""
    if not isinstance(value, dict) or set(value) != set(shape):
        got = sorted(value) if isinstance(value, dict) else type(value).__name__
        raise InputError(f"a {what} must hold {', '.join(shape)}. Got {got}. Load a folder that sara wrote.")
    for key, kind in shape.items():
        if not isinstance(value[key], kind):
            raise InputError(
                f"a {what}'s {key} must be as sara wrote it. Got a {type(value[key]).__name__}. Load an untouched copy."
            )


def _outline(area: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame | None:
    """Keep names and shapes: what else a boundary file carries (editors, dates) is not the record's business."""
    if area is None:
        return None
    names = area[["name"]] if "name" in area.columns else area[[]]
    return gpd.GeoDataFrame(
        names.copy(), geometry=gpd.GeoSeries(area.geometry.to_numpy(), index=area.index, crs=area.crs), crs=area.crs
    ).reset_index(drop=True)


def _stage(stage: Stage, *, include_events: bool) -> dict[str, Any]:
    return {
        "entries": [
            _entry(entry, f"{stage.name}-{i}-{entry.kind}", include_events=include_events)
            for i, entry in enumerate(stage.entries, start=1)
        ],
        "conclusions": [{"text": c.text, "also_from": list(c.also_from), "added": c.added} for c in stage.conclusions],
    }


def _entry(entry: Entry, stem: str, *, include_events: bool) -> dict[str, Any]:
    rows = entry.item if entry.kind != "events" or include_events else None
    return {
        "stem": stem,
        "kind": entry.kind,
        "item": encode(rows),
        "added": entry.added,
        "note": entry.note,
        "placebo": entry.placebo,
        "source": encode(entry.source),
    }


def _fill(stage: Stage, content: Any) -> None:
    expect(content, {"entries": list, "conclusions": list}, "stage")
    for found in content["entries"]:
        shape: dict[str, type | tuple[type, ...]] = {
            "stem": str,
            "kind": str,
            "item": (dict, type(None)),
            "added": str,
            "note": (str, type(None)),
            "placebo": bool,
            "source": dict,
        }
        expect(found, shape, "entry")
        entry = Entry(decode(found["item"]), _time(found["added"]), found["note"], found["placebo"], decode(found["source"]))
        if entry.kind != found["kind"]:
            raise InputError(
                f"a record's entry must be what it says it is. Got a {entry.kind} under the name {found['kind']!r}. Load an untouched copy."
            )
        stage.entries.append(entry)
    for found in content["conclusions"]:
        expect(found, {"text": str, "also_from": list, "added": str}, "conclusion")
        stage.conclusions.append(Conclusion(found["text"], tuple(map(str, found["also_from"])), _time(found["added"])))


def _time(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"a record's time must be ISO text. Got {text!r}. Load an untouched copy.") from None
    return text
