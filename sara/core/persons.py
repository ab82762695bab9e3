"""Columns that name persons, whatever the file calls them: nothing is listed or ranked by these."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sara.core.errors import InputError

__all__ = ["check_no_person", "names_a_person"]

_PERSONS = frozenset(
    [
        "caller",
        "callers",
        "callerid",
        "callback",
        "phone",
        "telephone",
        "mobile",
        "ani",
        "reporter",
        "reporters",
        "complainant",
        "complainants",
        "requester",
        "requesters",
        "informant",
        "informants",
        "witness",
        "witnesses",
        "person",
        "persons",
        "people",
        "suspect",
        "suspects",
        "victim",
        "victims",
        "offender",
        "offenders",
        "perpetrator",
        "arrestee",
        "arrestees",
        "defendant",
        "defendants",
        "officer",
        "officers",
        "employee",
        "employees",
        "badge",
        "surname",
        "firstname",
        "lastname",
        "fullname",
        "email",
        "ssn",
        "dob",
    ]
)
# Words that single a person out. "victim_age" and "officer_initiated" sort persons into groups, and pass.
_WHICH = frozenset(
    [
        "id",
        "ids",
        "key",
        "hash",
        "name",
        "names",
        "first",
        "last",
        "middle",
        "full",
        "given",
        "family",
        "no",
        "num",
        "nr",
        "number",
        "numbers",
        "nbr",
        "serial",
    ]
)
_NAMES = frozenset(["first", "last", "middle", "full", "given", "family"])


def names_a_person(column: object) -> bool:
    """Tell whether a column's name says that each of its values is a person: a caller, a phone number, an officer, a suspect.

    Examples
    --------
    >>> [names_a_person(name) for name in ("caller", "Caller_ID", "PhoneNumber", "officer badge", "last_name")]
    [True, True, True, True, True]
    >>> [names_a_person(name) for name in ("unit", "unit_id", "victim_age", "officer_initiated", "phone_type", "name")]
    [False, False, False, False, False, False]
    """
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", str(column))
    tokens = {word.lower() for word in words}
    if not tokens or not tokens <= _PERSONS | _WHICH:
        return False
    return bool(tokens & _PERSONS) or ("name" in tokens and bool(tokens & _NAMES))


def check_no_person(columns: Iterable[object], *, argument: str = "by") -> None:
    """Refuse columns that name persons.

    Parameters
    ----------
    columns : iterable of str
        Columns that an answer would list.
    argument : str
        For the error.

    Raises
    ------
    InputError
        If one of them names persons.
    """
    for column in columns:
        if not names_a_person(column):
            continue
        if column == "caller":
            raise InputError(
                f"`{argument}` must not list callers: no person is ranked. Got 'caller'. Write: sara.scan.concentration(events, by='caller') for their distribution"
            )
        raise InputError(
            f"`{argument}` must not list persons: no person is ranked. Got {column!r}. Write: {argument}='category', or by another column of places or kinds"
        )
