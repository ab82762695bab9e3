"""What an audit says of how the file was read: what had to be supposed about its times, its coordinates and its meaning."""

from __future__ import annotations

from typing import Any

import pandas as pd

from sara.core.checks import record_of
from sara.data.quality.ground import Finding, many

__all__ = ["supposed"]


def supposed(events: pd.DataFrame) -> list[Finding]:
    """One finding per thing that the file does not say and reading had to suppose."""
    record = record_of(events)
    n = len(events)
    return [*_times(record, n), *_zones(record, n), *_system(record, n), *_meaning(record, n)]


def _times(record: dict[str, Any], n: int) -> list[Finding]:
    notes = (record.get("time_notes") or {}).get(record.get("time_from") or "", {})
    found = []
    if notes.get("months"):
        found.append(Finding(
            "time", "times are months without a day: every row stands on the first of its month", n, "warning", "weeks, weekdays and hours of these rows mean nothing",
            "the clock and series finer than a month refuse; monthly counts are right", "sara.trends.series(events, freq='MS')",
        ))  # fmt: skip
    if notes.get("AM or PM"):
        found.append(Finding(
            "time", "no hour is before 1 or after 12: AM and PM were lost", n, "serious", "half the hours are twelve hours off", "read; dates are right, hours are not to be used",
            "ask the publisher for another export",
        ))  # fmt: skip
    if notes.get("epoch readings"):
        found.append(Finding(
            "time", f"times are seconds since 1970, taken for UTC: {notes['epoch readings']}", n, "warning", "read the wrong way, every hour is off by the city's distance from UTC",
            "read as UTC", "sara.recognize(table).save('my_city.toml', epoch='local')  # then profile='my_city.toml'",
        ))  # fmt: skip
    if notes.get("UTC") and record.get("zone") is None:
        found.append(Finding(
            "time", "times are written in UTC, and the city's time zone is not known", n, "warning", "hours and weekdays are those of UTC, and late evenings fall on the next day",
            "read as they stand", "sara.read_calls(path, tz='America/Chicago')  # your city's zone",
        ))  # fmt: skip
    blank = int(notes.get("placeholders", 0))
    if blank:
        found.append(Finding(
            "time", f"{many(blank, 'time')} {'was a date' if blank == 1 else 'were dates'} that stand{'s' if blank == 1 else ''} for none (1900-01-01, 9999-12-31 ...)", blank, "note",
            "they would stretch the period by a century", "made blank",
        ))  # fmt: skip
    return found


def _zones(record: dict[str, Any], n: int) -> list[Finding]:
    if not record.get("zones"):
        return []
    known = record.get("zone") is not None
    action = "those without a zone are taken for the city's wall time" if known else "read as they stand; not comparable"
    return [Finding(
        "time", f"times are written {record['zones']}", n, "note" if known else "warning", "differences between the two kinds are off by hours where the zone is wrong",
        action, "" if known else "sara.read_calls(path, tz='America/Chicago')  # your city's zone",
    )]  # fmt: skip


def _system(record: dict[str, Any], n: int) -> list[Finding]:
    said = str(record.get("crs_source") or "")
    if "guessed" not in said:
        return []
    return [Finding(
        "location", f"nobody named the coordinate system: {said}", n, "note", "the wrong one moves every point by metres, or to another state",
        "used; look at one known address on the map", "sara.read_calls(path, crs=3435)  # the publisher's EPSG number",
    )]  # fmt: skip


def _meaning(record: dict[str, Any], n: int) -> list[Finding]:
    if not record.get("meaning"):
        return []
    better = "read_complaints" if str(record["meaning"]).startswith("looks like 311") else "read_calls"
    return [Finding(
        "rows", f"the file {record['meaning']}", n, "warning", "categories of the other kind are tried first, and residents' complaints are told apart from calls",
        "read as you said", f"sara.{better}(path)",
    )]  # fmt: skip
