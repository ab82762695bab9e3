"""What the rows of a file mean: "complaint" is a resident's request, a recorded crime, or an allegation against an officer."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sara.core.errors import InputError, SaraWarning
from sara.data._text import is_blank
from sara.data.categories import categorize, category_table
from sara.data.recognition.content import text_of
from sara.data.recognition.names import words_of_all

__all__ = ["Meaning", "check_meaning", "meaning_of"]

_SAMPLE = 400
# Words of column names; each column counts once.
_NAMES = {
    "officers": r"(?:.*_)?(?:allegations?|badge|shield|sustained|exonerated|complainant|fado|ccrb|opa|copa|internal_affairs|iad?_number|discipline|disciplinary|misconduct|officer_(?:name|race|gender|sex|age|rank|id|badge|last|first|initials|assignment)|accused_officer|board_disposition|investigative_findings?|findings?|use_of_force|subject_officer|employee_(?:id|name|rank|race)|involved_officers?)(?:_.*)?",
    "crime": r"(?:.*_)?(?:iucr|ucr|nibrs|fbi|offen[sc]es?|ofns|crimes?|crm|arrests?|arrested|victims?|vict|weapons?|suspects?|law_cat|statute|felony|misdemeanor|larceny|charge|penal_code|mo_codes?|premises?|premis|atpt|ky_cd|pd_cd|pd_desc|occurred_from|occurred_to|occ_from)(?:_.*)?",
    "311": r"(?:.*_)?(?:311|service_requests?|sr|service_name|service_code|request_type|requested_datetime|case_enquiry|complaint_type|descriptor|street_light|ward|ssa|constituent|department|agency_responsible|responsible_agency|resolution|case_title|csr|community_board|due_date|graffiti|pothole|ontime|sla|submitted|intake)(?:_.*)?",
    "calls": r"(?:.*_)?(?:dispatch|dispatched|disp|arrive|arrived|on_scene|at_scene|onscene|cad|911|call_type|calltype|call_number|nature_of_call|tencode|signal|priority|clearance|cleared|cfs|radio_code|self_initiated|selfinitiated|initiated|nature|units?)(?:_.*)?",
}
_FINDINGS = r"(?:NOT )?SUSTAINED|EXONERATED|UNFOUNDED|UNSUBSTANTIATED|SUBSTANTIATED(?: .*)?|EXCESSIVE FORCE|DISCOURTESY|ABUSE OF AUTHORITY|OFFENSIVE LANGUAGE|CONDUCT UNBECOMING|NEGLECT OF DUTY|RUDENESS|UNPROFESSIONAL.*|BIASED POLICING|RACIAL PROFILING|IMPROPER .*"
_WORDS = {
    "officers": "complaints about officers",
    "crime": "crime reports",
    "311": "311 requests",
    "calls": "calls for service",
}


@dataclass(frozen=True)
class Meaning:
    """What the rows look like, and the columns that say so."""

    kind: str | None
    seen: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The kind, in words."""
        return _WORDS.get(self.kind or "", "other events")


def meaning_of(frame: pd.DataFrame, mapping: Mapping[str, Any]) -> Meaning:
    """Return what the rows look like: complaints about officers, crime reports, 311 requests, calls for service, or not known."""
    names = words_of_all(frame.columns)
    seen = {kind: [column for column, words in names.items() if re.fullmatch(pattern, words)] for kind, pattern in _NAMES.items()}
    step = max(1, len(frame) // _SAMPLE)
    sample = frame.iloc[::step]
    findings = [column for column in names if _share(sample, column, _FINDINGS) > 0.6]
    if len(set(seen["officers"]) | set(findings)) >= 2 or (findings and seen["officers"]):
        return Meaning("officers", tuple(dict.fromkeys(seen["officers"] + findings)))
    told = _types(sample, mapping)
    if told == "311":
        seen["311"] = list(dict.fromkeys(seen["311"] + _columns(mapping, "type")))
    score = {kind: len(columns) + (2 if kind == told else 0) for kind, columns in seen.items() if kind != "officers"}
    best = max(score, key=lambda kind: score[kind])
    others = max(value for kind, value in score.items() if kind != best)
    if score[best] >= 2 and score[best] > others:
        return Meaning(best, tuple(seen[best]))
    return Meaning(None)


def check_meaning(frame: pd.DataFrame, mapping: Mapping[str, Any], *, source: str, told: bool, call: str = "") -> dict[str, str]:
    """Ask, or warn, where a file does not look like what it is read as; return what was said, for the record.

    Parameters
    ----------
    frame : DataFrame
        The table as published.
    mapping : dict
        Field -> column.
    source : str
        What the reader was told the rows are.
    told : bool
        The user named the type's column or a profile: yes, this is what was meant.
    call : str
        The file, for the line to paste.
    """
    if told or source not in ("calls", "complaints") or len(frame) == 0:
        return {}
    found = meaning_of(frame, mapping)
    seen = ", ".join(repr(column) for column in found.seen[:5])
    path = repr(call) if call else "path"
    kind = "type" if "type" in mapping else None
    column = mapping.get("type")
    yes = f"columns={{'type': {column!r}}}" if kind else "columns={'type': '...'}"
    if found.kind == "officers" or (source == "complaints" and found.kind == "crime"):
        word = "complaints about officers" if found.kind == "officers" else "crimes"
        better = f"sara.read_events({path}, source={word!r})" + (f" or sara.read_calls({path})" if found.kind == "crime" else "")
        raise InputError(
            f"`path` must hold {'requests and complaints of residents' if source == 'complaints' else 'calls for service or crimes'} here. "
            f"Got a file that looks like {found.words}: it has {seen}. If so, write: {better}. "
            f"If it is what you said all the same, name its type: sara.read_{source}({path}, {yes})"
        )
    other = {"calls": "311", "complaints": "calls"}[source]
    if found.kind != other:
        return {}
    better = "read_complaints" if other == "311" else "read_calls"
    said = f"looks like {found.words} and is read as {source}"
    warnings.warn(
        f"The file {said}: it has {seen}. If it is, write: sara.{better}({path}). If not, name its type: {yes}",
        SaraWarning,
        stacklevel=4,
    )
    return {"meaning": said}


def _share(sample: pd.DataFrame, column: str, pattern: str) -> float:
    values = sample[column] if column in sample.columns else sample.iloc[:, [str(c) for c in sample.columns].index(column)]
    if (
        isinstance(values, pd.DataFrame)
        or str(values.dtype) == "geometry"
        or not (values.dtype == object or str(values.dtype) in ("str", "string", "category"))
    ):
        return 0.0
    filled = values[~is_blank(values)]
    return float(text_of(filled).str.fullmatch(pattern).mean()) if len(filled) else 0.0


def _columns(mapping: Mapping[str, Any], name: str) -> list[str]:
    given = mapping.get(name)
    return [] if given is None else [given] if isinstance(given, str) else list(given)


def _types(sample: pd.DataFrame, mapping: Mapping[str, Any]) -> str | None:
    """Say whose categories the types fall into, where those of the city's services and of the police differ clearly."""
    columns = [column for name in ("type", "group") for column in _columns(mapping, name) if column in sample.columns]
    if not columns:
        return None
    words = pd.concat([sample[column].astype(object) for column in columns]).dropna().astype(str)
    if len(words) == 0:
        return None
    city, police = categorize(words, "311"), categorize(words, "police")
    table = category_table()
    kinds = {kind: set(table.loc[table["kind"] == kind, "category"]) for kind in ("311", "police")}
    only_city = city.isin(kinds["311"]) & ~police.isin(kinds["police"])
    only_police = police.isin(kinds["police"]) & ~city.isin(kinds["311"])
    return "311" if only_city.mean() > 0.4 and only_city.mean() > 3 * only_police.mean() else None
