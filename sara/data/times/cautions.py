"""What a reader says aloud about times; all of it is in the record too, for the audit."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np

from sara.core.errors import SaraWarning
from sara.data.times.parse import ParsedTimes

__all__ = ["say", "zones_differ"]


def say(column: str, parsed: ParsedTimes, *, tz: str | None) -> None:
    """Warn about the main column of times: an order of day and month, a zone or a half of the day that nobody told."""
    notes = parsed.notes
    if notes.get("UTC") and tz is None:
        _warn(
            f"{column!r} is written in UTC, and the city's time zone is not known: hours and weekdays are those of UTC. Write tz='America/Chicago' (your city's zone)."
        )
    if notes.get("day and month"):
        _warn(
            f"{column!r} is read {notes['day and month']}. If that is wrong, say so in a profile, sara.recognize(table).save('my_city.toml', dayfirst=True), "
            f"or turn it into times first: table[{column!r}] = pd.to_datetime(table[{column!r}], dayfirst=True), then sara.as_events(table)"
        )
    if notes.get("epoch readings"):
        _warn(
            f"{column!r} holds seconds since 1970, which some publishers count in UTC and some in local time: {notes['epoch readings']}. "
            "To be sure, write epoch = \"utc\" or epoch = \"local\" in a profile: sara.recognize(table).save('my_city.toml', epoch='utc')"
        )
    if notes.get("months"):
        _warn(
            f"{column!r} holds months without a day: every row stands on the first of its month. Weeks, weekdays and hours are not to be used."
        )
    if notes.get("AM or PM"):
        _warn(
            f"{column!r} has lost its AM and PM: no hour is before 1 or after 12. Dates are right, hours are not to be used. Ask the publisher for another export."
        )


def zones_differ(parsed: Mapping[str, ParsedTimes], fields: Mapping[str, list[str]], *, tz: str | None) -> dict[str, str]:
    """Return a note, and warn, where one column of times carries its zone and another does not."""
    fixed = {name: bool((~np.isnan(times.utc)).any()) for name, times in parsed.items() if (~np.isnat(times.local)).any()}
    with_zone, without = ([" + ".join(fields[name]) for name in fixed if fixed[name] is kind] for kind in (True, False))
    if not with_zone or not without:
        return {}
    said = f"{', '.join(with_zone)} with a zone, {', '.join(without)} without"
    if tz is None:
        _warn(
            f"Times are written {said}: they cannot be compared until the city's zone is known. Write tz='America/Chicago' (your city's zone); those without are then taken for its wall time."
        )
    return {"zones": said}


def _warn(text: str) -> None:
    warnings.warn(text, SaraWarning, stacklevel=6)
