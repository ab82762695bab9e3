"""Addresses as dispatchers write them, to one name per place: parcel, hundred block or intersection.

Rules, not a trained tagger: general address parsers read "1400 BLOCK OF W 5TH AVE" as a street called "BLOCK OF W 5TH". Every rule runs once per
different string, and says its own name, so that a wrong place can be traced to the rule that made it.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

import pandas as pd

from sara.data._address_words import DIRECTIONS, FACILITIES, NOT_A_PLACE, NUMBERED, RAMPS, STATES, SUFFIXES

__all__ = ["Address", "normalize_places", "parse_address", "parse_addresses"]

_NOISE = re.compile(r"\*\*.*?\*\*|[\"\x00-\x1f;]+|^INTERSECTION( OF)?\s+|^CORNER( BLOCK)? OF\s+|^NEAR\s+(?!\d)")
_HALF = re.compile(r"^(\d+)\s+1\s*/\s*2\s+")
_BOUND = re.compile(r"\b([NSEW])\s?/\s?B\b")
_UNIT = re.compile(
    r"[\s,]+(?:(?:APARTMENT|APT|UNIT|STE|SUITE|ROOM|RM|LOT|FLOOR|FLR|FL|BLDG|BUILDING|TRLR|TRAILER|SPC|SPACE)\b\.?\s*#?\s*([A-Z0-9-]{1,6})|#\s*([A-Z0-9-]{1,6}))"
    r"(?=$|[\s,])(?!\s*\d{5}$)"
)
_PLAIN = re.compile(r"(\d{1,6}) ((?:[A-Z]+|\d{1,3}(?:ST|ND|RD|TH))(?: (?:[A-Z]+|\d{1,3}(?:ST|ND|RD|TH)))*)")
# Words that tell of more than a street: a flat, a block.
_TELLING = frozenset(
    [
        "APARTMENT",
        "APT",
        "UNIT",
        "STE",
        "SUITE",
        "ROOM",
        "RM",
        "LOT",
        "FLOOR",
        "FLR",
        "FL",
        "BLDG",
        "BUILDING",
        "TRLR",
        "TRAILER",
        "SPC",
        "SPACE",
        "BLOCK",
        "BLK",
        "BKL",
        "BLOCKS",
        "HF",
    ]
)
_BLOCK_MASKED = re.compile(r"^(?=[\dX]{2,6}\b)(\d{0,5})(X{1,3})(?:\s*-?\s*(?:BLOCK|BLK|BKL)\.?)?(?:\s+OF)?\s+(?=\S)")
_BLOCK_WORD = re.compile(r"^(\d{1,6})\s*-?\s*(?:BLOCK|BLK|BKL)\b\.?(?:\s+OF\b)?\s*(?=\S)")
_BLOCK_FIRST = re.compile(r"^(?:BLOCK|BLK|BKL)\s+OF\s+(?:THE\s+)?(\d{1,6})\s+(?=\S)")
_BLOCK_LAST = re.compile(r"^(.*\S)[\s,]+(\d{1,6}|\d{0,4}X{2})\s*-?\s*(?:BLOCK|BLK|BKL)$")
_BLOCK_UNIT = re.compile(r"^UNIT (?:BLOCK|BLK|BKL)(?: OF)?\s+(?=\S)")
_NUMBER = re.compile(
    r"^(\d{1,6})(?:\s?-\s?([A-Z])(?=\s)|([A-Z])(?=[\s-])(?!\s(?:ST|AV|AVE)\b)|\s?(1/2|HF)(?=\s))?(?:\s?-\s?(\d{1,6})[A-Z]?(?=\s))?\s+(?=\S)"
)
_GRID = re.compile(r"^([NSEW]\d{2,5}\s?[NSEW]?\d{2,5}|[NSEW]\d{3,5})\s+(?=[A-Z])")
_SPLIT = re.compile(r"\s*[/&@]\s*|\s+(?:AND|AT)\s+|\s+-\s*|-\s+")
_HIGHWAY = re.compile(
    r"\b(?:INTERSTATE|IH|I)[\s-]*(\d{1,3})\b|\b(US|SR|CR|RT|RTE|ROUTE|HWY|HIGHWAY|STATE RTE|STATE ROUTE|STATE HWY|US HWY|COUNTY RD|COUNTY ROAD|FM|TH|CTH|STH)[\s-]+(\d{1,4})\b"
)
_ROUTES = {
    "RTE": "RT",
    "ROUTE": "RT",
    "HIGHWAY": "HWY",
    "STATE RTE": "SR",
    "STATE ROUTE": "SR",
    "STATE HWY": "SR",
    "US HWY": "US",
    "COUNTY RD": "CR",
    "COUNTY ROAD": "CR",
}
_MILE = re.compile(r"\b(?:MM|MP|MILE\s*(?:MARKER|POST)|MILEPOST)\s*(\d{1,3})(?:[.\s](\d))?(?=\s|$)")
_EXIT = re.compile(r"\bEXIT\s+(\d{1,3}\s?[A-Z]?)\b(?!\s+TO\b)")
# Above this a number before "ST" or "AVE" is a house whose street has lost its name, not a numbered street.
HIGHEST_STREET = 400
_ROAD_ONLY = re.compile(r"^(?:[NSEW]\s)?(?:I|US|SR|CR|RT|HWY|FM)\d{1,4}(?:\s(?:NB|SB|EB|WB|[NSEW]))?$")
_STATES = "|".join(sorted(STATES))
# After a comma a state may stand alone; after a street only with its ZIP ("LAKE CITY WY" is a street, not Wyoming).
_STATE = re.compile(rf"\s+(?:{_STATES})(?:\s+\d{{5}}(?:-\d{{4}})?)?$|\s+\d{{5}}(?:-\d{{4}})?$")
_STATE_ZIP = re.compile(rf"\s+(?:{_STATES})\s+\d{{5}}(?:-\d{{4}})?$")
_PIECES = re.compile(rf",|\s{{2,}}(?=[A-Z ]+?\s{{2,}}(?:{_STATES})\b)")
_IN_BRACKETS = re.compile(r"^([^()]*\S)\s*\((\d[^()]*\s[^()]*)\)$")


@dataclass(frozen=True, slots=True)
class Address:
    """One address in parts, and the rule that read it.

    Parameters
    ----------
    place : str or None
        The name of the place; None where the text names none (a whole street, "NO LOCATION").
    rule : str
        ``address``, ``block``, ``intersection``, ``milepost``, ``name``, ``street only`` or ``nothing``.
    number : str or None
        House number, or the hundred for a block.
    street, cross : str or None
        Street names with standard directions and suffixes; `cross` for an intersection.
    unit : str or None
        Flat, suite or lot; never part of the place.
    name : str or None
        The name before or after an ``@`` (a business, a building).
    city : str or None
        What followed the first comma, or stood before state and ZIP.
    """

    place: str | None
    rule: str
    number: str | None = None
    street: str | None = None
    cross: str | None = None
    unit: str | None = None
    name: str | None = None
    city: str | None = None


def normalize_places(address: pd.Series) -> pd.Series:
    """Return one name per place: ``"1423 N 35TH ST"``, ``"300 BLOCK OF 3RD AVE W"``, ``"5TH AVE S / S MICHIGAN ST"``.

    Parameters
    ----------
    address : Series of str
        Addresses as published.

    Returns
    -------
    Series of str
        Named ``place``, on the index of `address`. Missing where the text names no single place: blank, "UNKNOWN", a whole street without a
        number (its events are told apart by their coordinates).

    Notes
    -----
    Directions and suffixes are written as in USPS Publication 28 (``AVENUE`` and ``AV`` become ``AVE``), and numbered streets as ordinals
    (``3 AV`` becomes ``3RD AVE``), so that two publishers' names for one street agree. Units are left out: an apartment complex is one place. The
    streets of an intersection are sorted. A city is part of the place only where the column holds several and none has half of them.

    Examples
    --------
    >>> import pandas as pd
    >>> from sara.data._address import normalize_places
    >>> list(normalize_places(pd.Series(["3XX BLOCK OF 3 AV W", "1423 N 35th Street, Apt 4", "S MICHIGAN ST / 5 AV S"])))
    ['300 BLOCK OF 3RD AVE W', '1423 N 35TH ST', '5TH AVE S / S MICHIGAN ST']
    """
    places, position = _unique_places(address)
    values = [places[i].place if i >= 0 else None for i in position]
    return pd.Series(values, index=address.index, name="place", dtype="str" if pd.__version__ >= "3" else object)


def parse_addresses(address: pd.Series) -> pd.DataFrame:
    """Return every address in parts, with the rule that read it.

    Parameters
    ----------
    address : Series of str
        Addresses as published.

    Returns
    -------
    DataFrame
        On the index of `address`: ``place``, ``rule``, ``number``, ``street``, ``cross``, ``unit``, ``name``, ``city``; see `Address`.

    Examples
    --------
    >>> import pandas as pd
    >>> from sara.data._address import parse_addresses
    >>> parse_addresses(pd.Series(["RUSTY ANCHOR @ 12 HARBOR ST #3"]))[["place", "unit", "name"]].iloc[0].tolist()
    ['12 HARBOR ST', '3', 'RUSTY ANCHOR']
    """
    places, position = _unique_places(address)
    nothing = Address(None, "nothing")
    rows = [asdict(place) for place in (*places, nothing)]
    out = pd.DataFrame(rows, dtype=object).iloc[[i if i >= 0 else len(places) for i in position]]
    return out.set_axis(address.index, axis=0)


def _unique_places(address: pd.Series) -> tuple[list[Address], Any]:
    position, unique = pd.factorize(address.astype(object), use_na_sentinel=True)
    parsed = [parse_address(str(text)) for text in unique]
    return _with_cities(_without_whole_streets(parsed)), position


def _without_whole_streets(parsed: list[Address]) -> list[Address]:
    """Take away names that are streets elsewhere in the column (BROADWAY): a whole street is not a place."""
    streets = {
        street
        for place in parsed
        if place.rule in ("address", "block", "intersection")
        for street in (place.street, place.cross)
        if street
    }
    return [
        replace(place, place=None, rule="street only", street=place.place)
        if place.rule == "name" and place.place in streets
        else place
        for place in parsed
    ]


def _with_cities(parsed: list[Address]) -> list[Address]:
    """Keep the city where the column holds several and none is the home of half the addresses."""
    cities = pd.Series([place.city for place in parsed if place.place], dtype=object).value_counts()
    if len(cities) < 2 or cities.iloc[0] >= 0.5 * cities.sum():
        home = cities.index[0] if len(cities) else None
        return [
            replace(place, place=f"{place.place}, {place.city}") if place.place and place.city not in (None, home) else place
            for place in parsed
        ]
    return [replace(place, place=f"{place.place}, {place.city}") if place.place and place.city else place for place in parsed]


def parse_address(text: str) -> Address:
    """Read one address; the rules are tried in a fixed order and the first that fits decides."""
    text = text.upper()
    return _plain(text) or _by_rules(text)


def _plain(text: str) -> Address | None:
    """Read a number and words, as most addresses are: `_by_rules` gives the same, ten times slower."""
    match = _PLAIN.fullmatch(text)
    if match is None:
        return None
    words = match[2].split()
    if words[0] in SUFFIXES or not _TELLING.isdisjoint(words):
        return None
    number, street = str(int(match[1])), street_name(match[2])
    return Address(f"{number} {street}", "address", number=number, street=street)


def _by_rules(text: str) -> Address:
    text = _NOISE.sub(" ", text.replace("\u00a0", " ")).strip(" ,.-")
    text = _NOISE.sub("", _BOUND.sub(r"\1B", text)).strip(" ,.-")
    if len(text) < 2 or NOT_A_PLACE.match(text):
        return Address(None, "nothing")
    text = _HALF.sub(r"\1 1/2 ", _IN_BRACKETS.sub(r"\1 @ \2", text))
    text, city, unit = _without_tail(text)
    text = " ".join(text.replace(".", " ").split()) if not _MILE.search(text) else " ".join(text.split())
    if len(text) < 2:
        return Address(None, "nothing", city=city)
    text, name = _without_name(text)
    found = _read(text)
    return replace(found, city=city, unit=unit or found.unit, name=name)


def _without_tail(text: str) -> tuple[str, str | None, str | None]:
    """Split off unit, city, state and ZIP."""
    unit = None
    match = _UNIT.search(text)
    if match and re.search(r"[A-Z]{2}", text[: match.start()]):
        unit = match[1] or match[2]
        text = (text[: match.start()] + " " + text[match.end() :]).strip()
    pieces = [piece.strip() for piece in _PIECES.split(text) if piece.strip()]
    if not pieces:
        return "", None, unit
    head = pieces[0]
    if len(pieces) > 1 and not re.search(r"\d|[/&@]", head) and re.match(r"\d", pieces[1]):
        # "WALGREENS, 123 MAIN ST": the name comes first.
        head, pieces = f"{head} @ {pieces[1]}", pieces[1:]
    rest = [_STATE.sub("", " " + piece).strip() for piece in pieces[1:]]
    rest = [
        piece for piece in rest if piece and piece not in STATES and piece not in ("USA", "WISCONSIN") and not piece.isdigit()
    ]
    if not rest and (match := _STATE_ZIP.search(head)) and re.match(r"\d", head):
        head, city = _city_after_suffix(head[: match.start()].strip())
        return head, city, unit
    return head, " ".join(rest[0].split()) if rest else None, unit


def _city_after_suffix(text: str) -> tuple[str, str | None]:
    """``39 LORRAINE ST ROSLINDALE``: what follows the last suffix (and its direction) is the city."""
    tokens = text.split()
    for i in range(len(tokens) - 2, 1, -1):
        if tokens[i] in SUFFIXES:
            end = i + 2 if tokens[i + 1] in DIRECTIONS and i + 2 < len(tokens) else i + 1
            return " ".join(tokens[:end]), " ".join(tokens[end:]) or None
    return text, None


def _without_name(text: str) -> tuple[str, str | None]:
    """Split ``PLACE @ address`` or ``address @ PLACE``; an ``@`` between two streets is an intersection."""
    left, at, right = (part.strip() for part in text.partition("@"))
    if not at or not left or not right:
        return text.replace("@", " ").strip(), None
    if _has_number(right) or (re.search(r"[/&]", right) and not _is_street(left)):
        return right, left
    if _has_number(left) and not _is_street(right):
        return left, right
    return text, None


def _has_number(text: str) -> bool:
    """Return whether a house number or block is at the head, not a numbered street (``5 AV S``)."""
    return bool((_NUMBER.match(text) or _BLOCK_MASKED.match(text) or _BLOCK_WORD.match(text)) and not _numbered_street(text))


def _numbered_street(text: str) -> bool:
    tokens = text.split()
    return (
        len(tokens) > 1 and tokens[0].isdigit() and int(tokens[0]) < HIGHEST_STREET and SUFFIXES.get(tokens[1]) in NUMBERED
        and all(token in DIRECTIONS or token in RAMPS for token in tokens[2:])
    )  # fmt: skip


def _is_street(text: str) -> bool:
    tokens = text.split()
    return any(token in SUFFIXES for token in tokens) or bool(re.fullmatch(r"(?:[NSEW]\s)?\d+(ST|ND|RD|TH)?|I-?\s?\d+.*", text))


def _read(text: str) -> Address:
    for rule in (_milepost, _block, _house, _intersection):
        found = rule(text)
        if found is not None:
            return found
    street = street_name(text)
    if (_is_street(text) and street.split()[-1] not in FACILITIES) or _ROAD_ONLY.match(street):
        return Address(None, "street only", street=street)
    return Address(street, "name")


def _milepost(text: str) -> Address | None:
    for pattern, word in ((_MILE, "MM"), (_EXIT, "EXIT")):
        match = pattern.search(text)
        if match and not re.search(r"[/&@]", text):
            road = street_name((text[: match.start()] + " " + text[match.end() :]).strip())
            decimal = f".{match[2]}" if pattern is _MILE and match[2] not in (None, "0") else ""
            mark = match[1].replace(" ", "") + decimal
            return Address(f"{road} {word} {mark}".strip(), "milepost", number=mark, street=road) if road else None
    return None


def _block(text: str) -> Address | None:
    if match := _BLOCK_LAST.match(text):
        number, street = match[2].replace("X", "0"), match[1]
    elif match := _BLOCK_UNIT.match(text):
        number, street = "0", text[match.end() :]
    elif match := _BLOCK_MASKED.match(text):
        number, street = match[1] + "0" * len(match[2]), text[match.end() :]
    elif match := _BLOCK_WORD.match(text) or _BLOCK_FIRST.match(text):
        number, street = match[1], text[match.end() :]
    else:
        return None
    street = street_name(re.split(r"\s*[/&@]\s*", street)[0])
    return _block_of(int(number), street)


def _block_of(number: int, street: str) -> Address:
    hundred = number // 100 * 100
    return Address(f"{hundred} BLOCK OF {street}", "block", number=str(hundred), street=street)


def _house(text: str) -> Address | None:
    if match := _GRID.match(text):
        number, street = match[1], street_name(text[match.end() :])
        return Address(f"{number} {street}", "address", number=number, street=street)
    match = _NUMBER.match(text)
    if match is None or _numbered_street(re.split(r"\s*[/&@]\s*", text)[0]):
        return None
    # A house number with a cross street after it ("500 MAIN ST / 5TH AVE") is the house.
    street = street_name(re.split(r"\s*[/&@]\s*", text[match.end() :])[0])
    first, last = int(match[1]), int(match[5]) if match[5] else None
    if not street:
        return None
    if last is not None and first % 100 == 0 and last - first >= 99:
        return _block_of(first, street)
    # 40-12 is one house (Queens); 25-29 is a range, named by its first house.
    number = f"{first}-{match[5]}" if last is not None and last < first else str(first)
    half = " 1/2" if match[4] else ""
    return Address(f"{number}{half} {street}", "address", number=number + half, street=street, unit=match[2] or match[3])


def _intersection(text: str) -> Address | None:
    parts = [street_name(part) for part in _SPLIT.split(text) if part.strip()]
    parts = sorted({part for part in parts if part})
    if len(parts) < 2:
        return None
    return Address(" / ".join(parts), "intersection", street=parts[0], cross=parts[1])


@lru_cache(maxsize=100_000)
def street_name(text: str) -> str:
    """Return a street's name with standard directions, suffix, ordinals and route numbers."""
    text = _HIGHWAY.sub(lambda m: f"I{m[1]}" if m[1] else f"{_ROUTES.get(m[2], m[2])}{m[3]}", text.replace(",", " "))
    tokens = text.split()
    tail: list[str] = []
    if len(tokens) > 2 and tokens[-1] in DIRECTIONS:
        tail = [DIRECTIONS[tokens.pop()]]
    head: list[str] = []
    if len(tokens) > 1 and tokens[0] in DIRECTIONS and not (len(tokens) == 2 and tokens[1] in SUFFIXES):
        head = [DIRECTIONS[tokens.pop(0)]]
    if len(tokens) > 1 and tokens[-1] in SUFFIXES:
        tail.insert(0, SUFFIXES[tokens.pop()])
    # "WALL ST" keeps its name when that is a suffix too: only the last word is one.
    if len(tokens) == 1 and tokens[0].isdigit() and (tail or head):
        tokens = [_ordinal(tokens[0])]
    if tokens[:1] == ["SAINT"] and len(tokens) > 1:
        tokens[0] = "ST"
    return " ".join(head + tokens + tail)


def _ordinal(number: str) -> str:
    value = int(number)
    ending = "TH" if value % 100 in (11, 12, 13) else {1: "ST", 2: "ND", 3: "RD"}.get(value % 10, "TH")
    return f"{value}{ending}"
