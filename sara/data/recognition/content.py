"""What a column's content says: it can confirm a name, rule it out, or stand in for one that says nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sara.data._build import known_categories
from sara.data._coordinates import numbers, split_points
from sara.data._text import is_blank
from sara.data.categories import categorize
from sara.data.recognition.names import TIMES
from sara.data.times.parse import looks_like_time
from sara.data.times.words import MIDNIGHT_IN_UTC

__all__ = ["date_only", "fit", "is_clock", "nameless", "reads_as_date", "text_of"]

_STREET = (
    r"(?:^|\s)(?:ST|STREET|AVE?|AV|AVENUE|RD|ROAD|BLVD|BOULEVARD|DR|DRIVE|LN|LANE|CT|COURT|PL|PLACE|WAY|HWY|HIGHWAY|PKWY|PIKE|TER|CIR|TRL|LOOP|SQ|ALY|BLOCK|BLK|CALLE|AVENIDA|RUE|STRASSE|STRAAT|RUA|VIA)(?:\s|$|\.|,)"
    r"|STRA(?:ß|SS)E\b|STRAAT\b|\s(?:/|&|AND)\s|^[0-9]+[0-9X]*\s+[NSEW]?\s*[A-Z]"
)
_CLOSED_WORDS = r"OPEN(?:ED)?|CLOSED?|COMPLETED?|PENDING|RESOLVED|CANCEL\w*|ASSIGNED|IN PROGRESS|UNFOUNDED|FOUNDED|REPORT(?: TAKEN| WRITTEN)?|NO REPORT.*|NO ACTION.*|GONE ON ARRIVAL|GOA|UTL|ARREST.*|CITATION.*|CLEARED.*|ADVISED|HANDLED.*|INVEST\w*|DUPLICATE.*|FALSE ALARM|WARNING.*|ABIERTO|CERRADO|OFFEN|ERLEDIGT|FERME|OUVERT"
_LEVELS = r"(?:P|PRIORITY[ -]?)?[0-9][A-Z]?|LOW|MEDIUM|HIGH|URGENT|ROUTINE|EMERGENCY|NON[- ]?EMERGENCY|IMMEDIATE|PROMPT|CRITICAL|NORMAL|DELAYED|BAJA|MEDIA|ALTA|URGENCIA.*"
_STARTERS = r"CITIZEN|OFFICER|ON.?VIEW|SELF.?INITIATED|OFFICER.INITIATED|COMMUNITY|911|E911|PHONE|TELEPHONE|FIELD|ALARM|RADIO|WALK.?IN|COMPUTER|DISPATCH\w*|CALLER|PATROL|FLAG.?DOWN|CFS|RMS|MOBILE|WEB|INTERNET|EMAIL|APP"


def text_of(values: pd.Series) -> pd.Series:
    """Return values as upper-case text without outer blanks."""
    return values.astype(object).astype(str).str.strip().str.upper()


def fit(name: str, filled: pd.Series, n: int) -> tuple[float, str]:
    """Return how well the content fits a field its column is named for (0 rules it out), and a few words about it."""
    if n == 0:
        return 1.0, ""
    if len(filled) == 0:
        return 0.5, "; all of it is blank"
    if name in TIMES:
        return _time_fit(filled)
    if name in ("lon", "lat", "x", "y"):
        return _number_fit(name, filled)
    if name == "point":
        share = float(split_points(filled)[0].notna().mean())
        return (1.2 if share > 0.8 else 0.0), f"; {share:.0%} are points"
    distinct = filled.astype(object).astype(str).nunique() / len(filled)
    if name == "id":
        return _id_fit(filled, distinct)
    if name in ("type", "group", "disposition", "category", "origin", "channel"):
        return _word_fit(name, filled, distinct)
    if name == "address":
        return _address_fit(filled)
    if name == "text":
        length = float(filled.astype(object).astype(str).str.len().mean())
        return (1.1 if length > 40 and distinct > 0.3 else 0.9), f"; {length:.0f} characters on average"
    if name == "priority":
        return (0.6 if distinct > 0.5 and len(filled) > 20 else 1.0), f"; {filled.astype(object).nunique()} different"
    if name == "area":
        dates = len(filled) > 5 and reads_as_date(filled)
        return (
            0.0 if dates else 0.5 if distinct > 0.9 and len(filled) > 50 else 1.0
        ), f"; {filled.astype(object).nunique()} different"
    return 1.0, ""


def _time_fit(filled: pd.Series) -> tuple[float, str]:
    if pd.api.types.is_datetime64_any_dtype(filled.dtype):
        return 1.1, "; holds datetimes"
    share = looks_like_time(filled)
    if share > 0.3:
        return 1.0 + 0.1 * share, f"; {share:.0%} read as times"
    clock = float(
        filled.astype(object).astype(str).str.fullmatch(r"\s*[0-9]{1,2}:?[0-9]{2}(?::[0-9]{2})?\s*(?:[AaPp][Mm])?\s*").mean()
    )
    return (0.55, "; a time of day without its date") if clock > 0.8 else (0.0, "")


def _number_fit(name: str, filled: pd.Series) -> tuple[float, str]:
    values = numbers(filled)[0]
    ok = np.isfinite(values) & (np.abs(values) < 1e30) & (values != 0)
    if not ok.any() or ok.sum() < 0.2 * len(values):
        return 0.0 if np.isnan(values).mean() > 0.5 else 0.6, "; no numbers"
    values = values[ok]
    inside = float(np.mean(np.abs(values) <= (90 if name == "lat" else 180)))
    if name == "lat" and inside <= 0.8 and np.mean(np.abs(values) <= 180) > 0.8:
        # Longitudes under a latitude's name: the two columns may have changed places.
        return 0.42, "; beyond the range of latitude"
    if name in ("lon", "lat"):
        return (1.05 if inside > 0.8 else 0.0), f"; {inside:.0%} lie within the range"
    return 1.0, ""


def _id_fit(filled: pd.Series, distinct: float) -> tuple[float, str]:
    said = f"; {distinct:.0%} are different"
    if len(filled) > 5 and reads_as_date(filled):
        return 0.0, said
    return (1.05 if distinct > 0.95 else 0.9 if distinct > 0.6 else 0.3 if len(filled) > 20 else 0.9), said


def _word_fit(name: str, filled: pd.Series, distinct: float) -> tuple[float, str]:
    text = filled.astype(object).astype(str)
    if name == "category":
        known = bool(text.isin(known_categories()).all())
        return (5.0 if known else 0.0), "; its words are sara's categories"
    if reads_as_date(filled):
        return 0.0, ""
    wordy = float(text.str.contains(r"[^\W\d_]{3}", regex=True).mean())
    repeats = 1.0 if distinct < 0.5 or len(text) < 50 else 0.7
    if name in ("type", "group"):
        return (1.08 if wordy > 0.8 else 0.6) * repeats, f"; {wordy:.0%} are words, {text.nunique()} different"
    return repeats, ""


def _address_fit(filled: pd.Series) -> tuple[float, str]:
    points = float(split_points(filled)[0].notna().mean())
    lettered = float(filled.astype(object).astype(str).str.contains(r"[^\W\d_]{2}", regex=True).mean())
    streets = float(text_of(filled).str.contains(_STREET, regex=True).mean())
    score = 0.0 if points > 0.5 else 1.05 if lettered > 0.8 else 0.4 if lettered > 0.2 else 0.2
    return min(score * (1.1 if streets > 0.6 else 1.0), 1.2), f"; {lettered:.0%} hold words, {streets:.0%} read like streets"


def nameless(sample: pd.DataFrame, used: set[str], lacking: set[str]) -> list[tuple[float, str, str, str]]:
    """Return ``(score, field, column, reason)`` where content alone tells, for the fields still lacking."""
    out: list[tuple[float, str, str, str]] = []
    free = [column for column in sample.columns if column not in used]
    filled = {column: sample[column][~is_blank(sample[column])] for column in free}
    free = [column for column in free if len(filled[column]) >= max(3, 0.3 * len(sample))]
    if "lon" in lacking:
        out += _degrees(filled, free)
    for column in free:
        values = filled[column]
        if pd.api.types.is_datetime64_any_dtype(values.dtype) or pd.api.types.is_float_dtype(values.dtype):
            continue
        out += [(s, f, column, f"its content: {why}") for s, f, why in _guess(values) if f in lacking]
    return out


def _guess(values: pd.Series) -> list[tuple[float, str, str]]:
    text = text_of(values)
    distinct = text.nunique() / len(text)
    out: list[tuple[float, str, str]] = []
    share = lambda pattern: float(text.str.fullmatch(pattern).mean())  # noqa: E731
    points = float(split_points(values)[0].notna().mean())
    if points > 0.9:
        return [(0.7, "point", f"{points:.0%} are points")]
    if reads_as_date(values):
        return []
    streets = float(text.str.contains(_STREET, regex=True).mean())
    if streets > 0.7 and distinct > 0.05 and text.str.len().mean() < 60:
        out.append((0.65, "address", f"{streets:.0%} read like streets"))
    if distinct < 0.5 or len(text) < 30:
        if share(_CLOSED_WORDS) > 0.7:
            out.append((0.55, "disposition", "words for how a case ended"))
        elif share(_STARTERS) > 0.7:
            out.append(
                (
                    0.5,
                    "origin" if text.str.contains("OFFICER|ON.?VIEW|SELF|FIELD").any() else "channel",
                    "words for who called, or how",
                )
            )
        elif share(_LEVELS) > 0.9 and text.nunique() > 1 and not share(r"[0-9]+") > 0.5:
            out.append((0.5, "priority", "words for urgency"))
        wordy = float(text.str.contains(r"[^\W\d_]{3}", regex=True).mean())
        if wordy > 0.8 and streets < 0.3:
            unique = pd.Series(text.unique(), dtype=object)
            known = categorize(unique, "police")
            told = float((known.notna() & (known != "other")).to_numpy(dtype=bool).mean())
            if told > 0.4:
                out.append((0.45 + 0.25 * told, "type", f"{told:.0%} of its words are types of call"))
    if (
        distinct > 0.98
        and len(text) >= 20
        and share(r"[A-Z]{0,6}[-_/ ]?[0-9][0-9A-Z/_-]{3,}") > 0.95
        and text.str.len().std() < 3
    ):
        out.append((0.45, "id", "each row has its own, and all are written alike"))
    if text.str.len().mean() > 60 and distinct > 0.5:
        out.append((0.5, "text", "long, and hardly ever the same"))
    return out


def _degrees(filled: Mapping[str, pd.Series], free: list[str]) -> list[tuple[float, str, str, str]]:
    """Return a pair of columns beside one another that can only be longitude and latitude of one city."""
    found: list[tuple[str, np.ndarray]] = []
    for column in free:
        text = filled[column].astype(object).astype(str)
        if float(text.str.fullmatch(r"\s*-?[0-9]{1,3}[.,][0-9]{3,}\s*").mean()) < 0.8:
            continue
        values = numbers(filled[column])[0]
        values = values[np.isfinite(values) & (values != 0)]
        if len(values) and np.abs(values).max() <= 180 and np.subtract(*np.percentile(values, [90, 10])) < 3:
            found.append((column, values))
    if len(found) != 2:
        return []
    (one, first), (two, second) = found
    centre = {one: float(np.median(first)), two: float(np.median(second))}
    # West of Greenwich and north of the equator one is negative; elsewhere a latitude beyond 90 is none.
    lon = next((c for c in (one, two) if abs(centre[c]) > 90), None)
    if lon is None:
        below = [c for c in (one, two) if centre[c] < 0]
        # In the Americas north of the equator and in western Europe only the longitude is negative.
        lon = below[0] if len(below) == 1 and abs(centre[below[0]]) > 20 else None
    sure = 0.6 if lon is not None else 0.45
    if lon is None:
        lon = min((one, two), key=lambda c: abs(centre[c]))
    lat = two if lon == one else one
    return [(sure, name, column, "its content: degrees within one city") for name, column in (("lon", lon), ("lat", lat))]


def reads_as_date(values: pd.Series) -> bool:
    """Whether nearly all of it is a date with separators; a bare number proves nothing."""
    filled = values[~is_blank(values)]
    if len(filled) == 0:
        return False
    if pd.api.types.is_datetime64_any_dtype(filled.dtype):
        return True
    dated = filled.astype(object).astype(str).str.contains(r"[0-9][-/. ][0-9A-Za-z]{1,9}[-/. ][0-9]", regex=True).mean()
    return float(dated) > 0.95 and looks_like_time(filled) > 0.95


def is_clock(values: pd.Series, *, hours: bool = False) -> bool:
    """Whether a column holds times of day; whole hours only where its name says so."""
    filled = values[~is_blank(values)]
    if len(filled) == 0:
        return len(values) == 0
    if pd.api.types.is_datetime64_any_dtype(filled.dtype):
        return False
    text = filled.astype(object).astype(str).str.strip().str.replace(r"^(?:1899-12-3[01]|1900-01-0[01])[T ]", "", regex=True)
    pattern = r"(?:[01]?[0-9]|2[0-4]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?\s*(?:[AaPp]\.?\s?[Mm]\.?)?|[0-2]?[0-9]?[0-5]?[0-9](?:\.0)?|[0-2]?[0-9](?:[0-5][0-9]){2}|0?\.[0-9]+"
    # Nothing above 23 might be whole hours worked out from another column, or no time of day at all.
    small = pd.to_numeric(text, errors="coerce").between(0, 23) & ~text.str.match(r"0?\.|0[0-9]{3}")
    return float(text.str.fullmatch(pattern).mean()) > 0.8 and (hours or not small.all())


def date_only(values: pd.Series) -> bool:
    """Whether a column of times has no time of day."""
    filled = values[~is_blank(values)]
    if len(filled) == 0:
        return len(values) == 0
    if pd.api.types.is_datetime64_any_dtype(filled.dtype):
        return bool((filled.dt.normalize() == filled).all())
    text = filled.astype(object).astype(str)
    if len(text) >= 10 and text.str.fullmatch(MIDNIGHT_IN_UTC).all() and text.str.slice(11, 13).nunique() <= 2:
        return True
    return (
        float((~text.str.contains(":")).mean()) > 0.8
        or float(text.str.contains(r"[ T]0?0:00(?::00(?:\.0+)?)?(?:Z|\+00:00)?$|12:00:00 AM$").mean()) > 0.95
    )
