"""The rules that read one address; tried in a fixed order, the first that fits decides."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from sara.data.addresses.street import street_name
from sara.data.addresses.words import (
    DIRECTIONS,
    FACILITIES,
    NOT_A_PLACE,
    NUMBERED,
    POSITIONS,
    RAMPS,
    STATES,
    SUFFIXES,
    TELLING,
    UNIT_SUFFIXES,
)

__all__ = ["Address", "parse_address"]

_NOISE = re.compile(r"\*\*.*?\*\*|[\"\x00-\x1f;]+|^INTERSECTION( OF)?\s+|^CORNER( BLOCK)? OF\s+|^NEAR\s+(?!\d)")
_HALF = re.compile(r"^(\d+)\s+1\s*/\s*2\s+")
_BOUND = re.compile(r"\b([NSEW])\s?/\s?B\b")
_GLUED = re.compile(r"^(\d{1,6})(?!(?:ST|ND|RD|TH)\b|X)(?=[A-Z]{3,})")
_UNIT = re.compile(
    r"[\s,]+(?:(?:APARTMENT|APT|UNIT|STE|SUITE|ROOM|RM|LOT|FLOOR|FLR|FL|BLDG|BUILDING|TRLR|TRAILER|SPC|SPACE)\b\.?\s*#?\s*([A-Z0-9-]{1,6})|"
    r"(?:SP|SLIP|DEPT|FLAT|OFC)\s*#?\s*([A-Z]?\d[A-Z0-9-]{0,4})|#\s*([A-Z0-9-]{1,6}))"
    r"(?=$|[\s,])(?!\s*\d{5}$)"
)
_UNIT_FIRST = re.compile(
    r"^(?:FLAT|APT|APARTMENT|UNIT|STE|SUITE|ROOM|RM)\s*#?\s*([A-Z]?\d[A-Z0-9-]{0,4})(?:\s*,\s*|\s+)(?=\d{1,6}\s+[A-Z])"
)
_UNIT_LAST = re.compile(r"^(.*?\S)\s+(\d{1,4}[A-Z]|[A-Z]\d{1,4}|[A-Z]|(?:\d{1,2}(?:ST|ND|RD|TH)) (?:FLOOR|FLR|FL)|[A-Z]+)$")
_ROUTE_BOX = re.compile(
    r"^(?:RR|R R|RURAL (?:ROUTE|RTE|RT)|HC|HCR|HIGHWAY CONTRACT(?: ROUTE)?)\s*#?(\d{1,4}),?\s*BOX\s*#?(\d{1,5}[A-Z]?)$"
)
_BLOCK_MASKED = re.compile(r"^(?=[\dX]{2,6}\b)(\d{0,5})(X{1,3})(?:\s*-?\s*(?:BLOCK|BLK|BKL)\.?)?(?:\s+OF)?\s+(?=\S)")
_BLOCK_WORD = re.compile(r"^(\d{1,6})\s*-?\s*(?:BLOCK|BLK|BKL)\b\.?(?:\s+OF\b)?\s*(?=\S)")
_BLOCK_FIRST = re.compile(r"^(?:BLOCK|BLK|BKL)\s+OF\s+(?:THE\s+)?(\d{1,6})\s+(?=\S)")
_BLOCK_LAST = re.compile(r"^(.*\S)[\s,]+(\d{1,6}|\d{0,4}X{2})\s*-?\s*(?:BLOCK|BLK|BKL)$")
_BLOCK_UNIT = re.compile(r"^UNIT (?:BLOCK|BLK|BKL)(?: OF)?\s+(?=\S)")
_HUNDRED = re.compile(r"^(\d{1,6}) HUNDRED (?=(?:BLOCK|BLK|BKL)\b)")
_NUMBER = re.compile(
    r"^(\d{1,6})(?:\s?-\s?([A-Z])(?=\s)|([A-Z])(?=[\s-])(?!\s(?:ST|AV|AVE)\b)|\s?(1/2|HF)(?=\s))?(?:\s?-\s?(\d{1,6})[A-Z]?(?=\s))?\s+(?=\S)"
)
_GRID = re.compile(r"^([NSEW]\d{2,5}\s?[NSEW]?\d{2,5}|[NSEW]\d{1,5}\s?[NSEW]\d{2,5}|[NSEW]\d{3,5})\s+(?=[A-Z])")
# "900 E & 450 S": a crossing of a grid that numbers its streets in hundreds.
_GRID_CROSSING = re.compile(r"^\d{1,5} [NSEW]\s*(?:[/&@]|AND\b|AT\b)\s*\d{1,5} [NSEW]$")
_SPLIT = re.compile(r"\s*[/&@]\s*|\s+(?:AND|AT)\s+|\s+-\s*|-\s+")
_FIRST_STREET = re.compile(r"\s*[/&@]\s*")
_MILE = re.compile(r"\b(?:MM|MP|MILE\s*(?:MARKER|POST)|MILEPOST)\s*(\d{1,3})(?:[.\s](\d))?(?=\s|$)")
_EXIT = re.compile(r"\bEXIT\s+(\d{1,3}\s?[A-Z]?)\b(?!\s+TO\b)")
# Above this a number before "ST" or "AVE" is a house whose street has lost its name, not a numbered street.
HIGHEST_STREET = 400
# No address is longer; a damaged cell of a million letters must not hold up the file.
LONGEST = 200
_ROAD_ONLY = re.compile(r"^(?:[NSEW]\s)?(?:I|US|SR|CR|RT|HWY|FM)\d{1,4}(?:\s(?:NB|SB|EB|WB|[NSEW]))?$")
_STATES = "|".join(sorted(STATES))
# After a comma a state may stand alone; after a street only with its ZIP ("LAKE CITY WY" is a street, not Wyoming).
_STATE = re.compile(rf"\s+(?:{_STATES})(?:\s+\d{{5}}(?:-\d{{4}})?)?$|\s+\d{{5}}(?:-\d{{4}})?$")
_STATE_ZIP = re.compile(rf"\s+(?:{_STATES})\s+\d{{5}}(?:-\d{{4}})?$")
_ZIP = re.compile(r"(?<=[\s,])(\d{5})(?:-\d{4})?$")
# "500 E OAK ST - OAK CREEK"; between two streets a dash is a crossing.
_DASH_CITY = re.compile(r"^(\d{1,6} .*\S)\s+-\s+([A-Z]+(?: [A-Z]+)*)$")
_PIECES = re.compile(rf",|\s{{2,}}(?=[A-Z ]+?\s{{2,}}(?:{_STATES})\b)")
_IN_BRACKETS = re.compile(r"^([^()]*\S)\s*\((\d[^()]*\s[^()]*)\)$")
_ONLY_BLOCK = re.compile(r"(?:\d{1,6}|\d{0,4}X{2})[ -]?(?:BLOCK|BLK|BKL)")
_ONLY_ZIP = re.compile(r"\d{5}(?:-\d{4})?(?: [A-Z]{2})?")
_REMARK = re.compile(r"^(\d[^():]*[A-Z]{2})\s*(?::\s*|\()([^():]*)\)?$")

# The shapes of nine addresses in ten, read in one pass: a house or block with its street, or two streets; a flat; a city.
_LOOSE = r"(?:[A-Z]+|\d{1,3}(?:ST|ND|RD|TH)?)(?: (?:[A-Z]+|\d{1,3}(?:ST|ND|RD|TH)?))*+"
_PLAIN = re.compile(
    rf"(?:(\d{{1,6}}(?=[ -]BL(?:OC)?K )|\d{{1,4}}XX?)(?:[ -](?:BLOCK|BLK))?(?: OF)? ({_LOOSE})"
    rf"|(\d{{1,6}})(?:-([A-Z]))? ((?:[A-Z]+|\d{{1,3}}(?:ST|ND|RD|TH))(?: (?:[A-Z]+|\d{{1,3}}(?:ST|ND|RD|TH)))*?)\.?(?:,? (?:(?:APT|UNIT|STE|LOT) |#)(\d{{1,5}}[A-Z]?))?"
    rf"|({_LOOSE})\.? ?[/&] ?({_LOOSE}))\.?(?:, ?([A-Z]+(?: [A-Z]+)*))?"
)
# Words by which the rules do something else than read streets.
_OTHER = (TELLING - POSITIONS) | {
    "AND",
    "AT",
    "MM",
    "MP",
    "MILE",
    "MILEPOST",
    "EXIT",
    "INTERSECTION",
    "CORNER",
    "NEAR",
    "NO",
    "NOT",
    "UNK",
    "UNKNOWN",
    "VARIOUS",
    "OF",
}
_NO_CITY = STATES | {"USA", "WISCONSIN"} | TELLING


class Address(NamedTuple):
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
    zip : str or None
        Five digits at the end.
    """

    place: str | None
    rule: str
    number: str | None = None
    street: str | None = None
    cross: str | None = None
    unit: str | None = None
    name: str | None = None
    city: str | None = None
    zip: str | None = None


# A long file is read in parts, and its addresses come again in each.
@lru_cache(maxsize=1 << 16)
def parse_address(text: str) -> Address:
    """Read one address; the rules are tried in a fixed order and the first that fits decides."""
    text = text[:LONGEST].upper()
    return _plain(text) or _by_rules(text)


def _plain(text: str) -> Address | None:
    """Read the common shapes: `_by_rules` gives the same, four times slower."""
    match = _PLAIN.fullmatch(text)
    if match is None:
        return None
    block, of, number, letter, street, unit, left, right, city = match.groups()
    if city and (city.split()[-1] in _NO_CITY or city in _NO_CITY or len(text) != len(" ".join(text.split()))):
        return None
    if number:
        words = street.split()
        if words[0] in SUFFIXES or not TELLING.isdisjoint(words) or _loose_end(words):
            return None
        if unit is not None and not _two_letters(street):
            return None
        number, street = str(int(number)), street_name(street)
        return Address(f"{number} {street}", "address", number, street, None, unit or letter, None, city)
    if block:
        if not _OTHER.isdisjoint(of.split()):
            return None
        return _block_of(int(block.replace("X", "0")), street_name(of), city)
    words = left.split()
    if not (_OTHER.isdisjoint(words) and _OTHER.isdisjoint(right.split())):
        return None
    if words[0].isdigit() and not (_numbered_street(left) and words[1] in SUFFIXES):
        return None
    return _crossing([left, right], city)


def _two_letters(text: str) -> bool:
    return any(len(word) > 1 and word.isalpha() for word in text.split())


def _loose_end(words: list[str]) -> bool:
    """Say whether the last word may be a flat: a letter after a suffix."""
    return len(words) > 2 and len(words[-1]) == 1 and words[-1] not in DIRECTIONS


def _by_rules(text: str) -> Address:
    text = _NOISE.sub(" ", text.replace("\u00a0", " ")).strip(" ,.-")
    text = _NOISE.sub("", _BOUND.sub(r"\1B", text)).strip(" ,.-")
    if len(text) < 2 or NOT_A_PLACE.match(text):
        return Address(None, "nothing")
    if match := _ROUTE_BOX.match(text):
        return Address(f"RR {match[1]} BOX {match[2]}", "name")
    text = _HALF.sub(r"\1 1/2 ", _IN_BRACKETS.sub(r"\1 @ \2", text))
    text, remark = _without_remark(_GLUED.sub(r"\1 ", text))
    found_zip = _ZIP.search(text)
    code = found_zip[1] if found_zip and re.search(r"[A-Z]{2}", text) else None
    text, city, unit = _without_tail(text)
    text = " ".join(text.replace(".", " ").split()) if not _MILE.search(text) else " ".join(text.split())
    if len(text) < 2 or NOT_A_PLACE.match(text):
        return Address(None, "nothing", city=city)
    text, name = _without_name(text)
    found = _read(_HUNDRED.sub(_hundred_word, text))
    unit = unit or (remark if remark in POSITIONS else None) or found.unit
    return found._replace(city=city, unit=unit, name=name or (remark if remark not in POSITIONS else None), zip=code)


def _hundred_word(match: re.Match[str]) -> str:
    return f"{int(match[1]) * (100 if int(match[1]) < 100 else 1)} "


def _without_remark(text: str) -> tuple[str, str | None]:
    """Split off what a dispatcher adds to a house: ``(REAR)``, ``: PARKING LOT``."""
    match = _REMARK.match(text)
    return (match[1], match[2].strip() or None) if match else (text, None)


def _without_tail(text: str) -> tuple[str, str | None, str | None]:
    """Split off unit, city, state and ZIP."""
    units: list[str] = []
    if match := _UNIT_FIRST.match(text):
        units.append(match[1])
        text = text[match.end() :]
    while (match := _UNIT.search(text)) and re.search(r"[A-Z]{2}", text[: match.start()]):
        units.append(match[1] or match[2] or match[3])
        text = (text[: match.start()] + " " + text[match.end() :]).strip()
    unit = " ".join(units) or None
    pieces = [piece.strip() for piece in _PIECES.split(text) if piece.strip()]
    if not pieces:
        return "", None, unit
    head = pieces[0]
    if len(pieces) > 1 and _ONLY_BLOCK.fullmatch(pieces[1]):
        # "MAIN ST, 1400 BLOCK"
        head, pieces = f"{head} {pieces[1]}", pieces[1:]
    elif len(pieces) > 1 and _is_name(head) and re.match(r"\d", pieces[1]) and not _ONLY_ZIP.fullmatch(pieces[1]):
        # "WALGREENS, 123 MAIN ST": the name comes first.
        head, pieces = f"{head} @ {pieces[1]}", pieces[1:]
    rest = [_STATE.sub("", " " + piece).strip() for piece in pieces[1:]]
    rest = [
        piece for piece in rest if piece and piece not in STATES and piece not in ("USA", "WISCONSIN") and not piece.isdigit()
    ]
    if not rest and (match := _STATE_ZIP.search(head)) and re.match(r"\d", head):
        head, city = _city_after_suffix(head[: match.start()].strip())
        return head, city, unit
    if not rest and (match := _DASH_CITY.match(head)) and _ends_a_street(match[1].split()):
        return match[1], match[2], unit
    if (match := _ZIP.search(head)) and re.match(r"\d", head) and _ends_a_street(head[: match.start()].split()):
        head = head[: match.start()].strip()
    return head, " ".join(rest[0].split()) if rest else None, unit


def _is_name(text: str) -> bool:
    """Say whether a text may be the name of a business: no crossing and, where it has a digit ("7-ELEVEN"), no house and no street."""
    if re.search(r"[/&@]", text):
        return False
    return not re.search(r"\d", text) or not (_has_number(text) or _is_street(text) or re.match(r"\d+$", text))


def _ends_a_street(words: list[str]) -> bool:
    """Say whether the last word closes a street's name: a suffix, or a direction after one."""
    return len(words) > 2 and (words[-1] in SUFFIXES or (words[-1] in DIRECTIONS and words[-2] in SUFFIXES))


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
            words = (text[: match.start()] + " " + text[match.end() :]).strip()
            road = street_name(words.removesuffix(" AT"))
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
    street = street_name(_FIRST_STREET.split(street)[0])
    return _block_of(int(number), street)


def _block_of(number: int, street: str, city: str | None = None) -> Address:
    hundred = number // 100 * 100
    return Address(f"{hundred} BLOCK OF {street}", "block", str(hundred), street, None, None, None, city)


def _house(text: str) -> Address | None:
    if match := _GRID.match(text):
        number, street = match[1], street_name(text[match.end() :])
        return Address(f"{number} {street}", "address", number=number, street=street)
    match = _NUMBER.match(text)
    if match is None or _numbered_street(_FIRST_STREET.split(text)[0]) or _GRID_CROSSING.match(text):
        return None
    # A house number with a cross street after it ("500 MAIN ST / 5TH AVE") is the house.
    words, unit = _without_loose_unit(_FIRST_STREET.split(text[match.end() :])[0])
    street = street_name(words)
    first, last = int(match[1]), int(match[5]) if match[5] else None
    if not street:
        return None
    # "1401-1499" is a block; in Queens "30-121" is one house.
    if last is not None and (
        (first % 100 == 0 and last - first >= 99) or (last - first >= 90 and len(match[5]) == len(match[1]))
    ):
        return _block_of(first, street)
    # 40-12 is one house (Queens); 25-29 is a range, named by its first house.
    number = f"{first}-{match[5]}" if last is not None and last < first else str(first)
    half = " 1/2" if match[4] else ""
    return Address(f"{number}{half} {street}", "address", number=number + half, street=street, unit=match[2] or match[3] or unit)


def _without_loose_unit(words: str) -> tuple[str, str | None]:
    """Split off a flat that no word announces: ``OAK ST 3B``, ``OAK ST REAR``, ``OAK ST 2ND FLOOR``."""
    match = _UNIT_LAST.match(words)
    if match is None:
        return words, None
    head, last = match[1].split(), match[2]
    closed = head[:-1] if head[-1] in DIRECTIONS else head
    named = closed[:-1] and any(word not in DIRECTIONS for word in closed[:-1]) and closed[-1] in SUFFIXES
    if not named or closed[-2] in ("COUNTY", "STATE", "TOWN", "US", "TOWNSHIP"):
        return words, None
    if (
        last.isalpha()
        and last not in POSITIONS
        and (len(last) > 1 or last in DIRECTIONS or SUFFIXES[closed[-1]] not in UNIT_SUFFIXES)
    ):
        return words, None
    return match[1], last.split()[0]


def _intersection(text: str) -> Address | None:
    return _crossing(_SPLIT.split(text))


def _crossing(streets: list[str], city: str | None = None) -> Address | None:
    parts = sorted({name for name in (street_name(part) for part in streets if part.strip()) if name})
    if len(parts) < 2:
        return None
    return Address(" / ".join(parts), "intersection", None, parts[0], parts[1], None, None, city)
