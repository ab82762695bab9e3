"""Street names in one spelling, and their parts: direction, name, suffix, direction."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from sara.data.addresses.words import DIRECTIONS, LEADING, ORDINALS, PLAIN_SUFFIXES, SUFFIXES

__all__ = ["Street", "street_name", "street_parts"]

_HIGHWAY = re.compile(
    r"\b(?:INTERSTATE|IH|I)[\s-]*(\d{1,3})\b|"
    r"\b(US (?:HWY|HIGHWAY|RTE|RT|ROUTE)|US|U S|STATE (?:RTE|RT|ROUTE|HWY|HIGHWAY|ROAD|RD)|COUNTY (?:ROAD|RD|RTE|ROUTE)|SR|CR|RTE|RT|ROUTE|HWY|HIGHWAY|FM|TH|CTH|STH)"
    r"[\s-]+(\d{1,4})\b"
)
_ROUTES = {"RTE": "RT", "ROUTE": "RT", "HIGHWAY": "HWY", "U S": "US"}
_KING = re.compile(
    r"\b(?:(?:DR|DOCTOR|REV) (?=\S+ .*\b(?:KING|MLK)\b|MLK ))?(?:MARTIN (?:LUTHER|L)|M L|ML) KING(?: JR| JUNIOR)?\b|\b(?:DR )?MLK(?: JR)?\b"
)
_BOUND = re.compile(r"\b([NSEW])(?:ORTH|OUTH|AST|EST)BOUND\b")
_KING_NAME = "MARTIN LUTHER KING JR"


class Street(NamedTuple):
    """A street's name in parts; a part that is not there is empty.

    Parameters
    ----------
    pre, post : str
        Direction before and after the name.
    base : str
        The name itself.
    suffix : str
        The standard suffix, such as ``AVE``.
    """

    pre: str
    base: str
    suffix: str
    post: str


@lru_cache(maxsize=100_000)
def street_name(text: str) -> str:
    """Return a street's name with standard directions, suffix, ordinals and route numbers."""
    if "," in text:
        text = text.replace(",", " ")
    if "KING" in text or "MLK" in text:
        text = _KING.sub(_KING_NAME, text)
    if "BOUND" in text:
        text = _BOUND.sub(r"\1B", text)
    text = _HIGHWAY.sub(_route, text)
    tokens = text.split()
    tail: list[str] = []
    if len(tokens) > 2 and tokens[-1] in DIRECTIONS:
        tail = [DIRECTIONS[tokens.pop()]]
    head: list[str] = []
    if len(tokens) > 1 and tokens[0] in DIRECTIONS and not (len(tokens) == 2 and tokens[1] in SUFFIXES):
        head = [DIRECTIONS[tokens.pop(0)]]
    numbered = bool(tail or head)
    if head and tail and len(tokens) == 1 and tokens[0].isdigit():
        # "S 900 E": a grid counts its streets in hundreds, they are no ordinals.
        numbered = False
    if len(tokens) > 1 and tokens[-1] in PLAIN_SUFFIXES:
        tail.insert(0, PLAIN_SUFFIXES[tokens.pop()])
        numbered = True
        if len(tokens) == 1 and tokens[0] in ORDINALS:
            tokens = [ORDINALS[tokens[0]]]
    # "WALL ST" keeps its name when that is a suffix too: only the last word is one.
    if len(tokens) == 1 and tokens[0].isdigit() and numbered:
        tokens = [_ordinal(tokens[0])]
    if len(tokens) > 1:
        # "SAINT", and what stands before a name as its first word: "AVE D", "AVDA DEL SOL".
        tokens[0] = "ST" if tokens[0] == "SAINT" else LEADING.get(tokens[0], tokens[0])
    elif len(tokens) == 1 and tail and tail[0] in DIRECTIONS and tokens[0] in LEADING:
        tokens[0] = LEADING[tokens[0]]
    return " ".join(head + tokens + tail)


def _route(match: re.Match[str]) -> str:
    if match[1]:
        return f"I{match[1]}"
    words = match[2]
    kind = (
        "US" if words.startswith("US") else "SR" if words.startswith("STATE") else "CR" if words.startswith("COUNTY") else words
    )
    return f"{_ROUTES.get(kind, kind)}{match[3]}"


def _ordinal(number: str) -> str:
    value = int(number)
    ending = "TH" if value % 100 in (11, 12, 13) else {1: "ST", 2: "ND", 3: "RD"}.get(value % 10, "TH")
    return f"{value}{ending}"


@lru_cache(maxsize=100_000)
def street_parts(street: str) -> Street:
    """Return the parts of a street's name, once it stands in one spelling.

    Examples
    --------
    >>> from sara.data.addresses.street import street_parts
    >>> street_parts("W 5TH AVE")
    Street(pre='W', base='5TH', suffix='AVE', post='')
    >>> street_parts("NORTH AVE").base
    'NORTH'
    """
    tokens = street.split()
    pre = post = suffix = ""
    if len(tokens) > 2 and tokens[-1] in DIRECTIONS:
        post = tokens.pop()
    if len(tokens) > 1 and tokens[0] in DIRECTIONS and not (len(tokens) == 2 and tokens[1] in SUFFIXES):
        pre = tokens.pop(0)
    if len(tokens) > 1 and tokens[-1] in PLAIN_SUFFIXES:
        suffix = PLAIN_SUFFIXES[tokens.pop()]
    return Street(DIRECTIONS.get(pre, pre), " ".join(tokens), suffix, DIRECTIONS.get(post, post))
