"""Address points and centre lines as arrays: which columns say what, under any county's names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from sara.core.errors import InputError
from sara.data._layer import Layer, column_named, plain, texts
from sara.data.addresses.columns import parse_address
from sara.data.addresses.street import street_name
from sara.data.addresses.words import DIRECTIONS, PLAIN_SUFFIXES

__all__ = [
    "ADDRESS",
    "CITY",
    "NUMBER",
    "Numbers",
    "Points",
    "Ranges",
    "address_column",
    "numbered_streets",
    "points_of",
    "ranges_of",
    "zip5",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.object_]

# Column names without case and signs, most telling first: TIGER, NENA NG911, OpenAddresses, and what counties write.
_FULL = (
    "fullname", "fullstname", "stnamefull", "streetfull", "fullstreet", "fullstreetname", "streetname", "stname", "street", "roadname", "rdname", "strname", "stfull", "label",
    "streetlabel", "name", "road",
)  # fmt: skip
_BASE = ("basename", "fename", "stname", "streetname", "name", "street", "strname", "roadname", "rdname", "fullname")
_PRE = (
    "predirabrv", "predir", "sdir", "predirection", "stpredir", "predirp", "fedirp", "prefixdir", "stdirpre", "dirpre", "dirprefix", "prefixdirection", "streetdirection", "stdir", "streetdir",
    "direction", "dir", "prefix", "pd",
)  # fmt: skip
_SUFFIX = (
    "suftypabrv", "suffixtype", "suftyp", "suftype", "sttype", "streettype", "fetype", "stpostyp", "postype", "posttype", "strtype", "roadtype", "rdtype", "streetsuffix", "stsuffix",
    "suffix", "type", "suf", "sts",
)  # fmt: skip
_POST = (
    "sufdirabrv",
    "sufdir",
    "postdir",
    "stposdir",
    "fedirs",
    "suffixdir",
    "dirsuf",
    "dirsuffix",
    "suffixdirection",
    "postdirection",
    "sd",
)
NUMBER = (
    "number", "housenumber", "addnumber", "addrnum", "addressnumber", "addressno", "houseno", "housenum", "hsenum", "hseno", "hsnbr", "housenbr", "streetnumber", "streetno", "stnum",
    "stno", "streetnum", "addno", "addrno", "num", "house", "addnum", "civicno", "hsenbr", "housenr",
    "streetnbr", "civicnumber", "no",
)  # fmt: skip
ADDRESS = (
    "fulladdress", "fulladdr", "addrfull", "addfull", "address", "siteaddress", "siteaddr", "situsaddress", "situs", "propertyaddress", "propaddress", "locationaddress", "streetaddress",
    "addr", "address1", "addressline1", "addressfull", "location", "stadd", "premiseaddress", "businessaddress",
)  # fmt: skip
_UNIT = ("unit", "unitid", "unitnumber", "unitno", "apt", "suite", "subaddress", "subaddr", "unitnum", "aptno", "aptnumber")
ZIP = ("zip", "zipcode", "zip5", "postcode", "postalcode", "postal", "zipcode5", "postzip")
CITY = (
    "city", "municipality", "muni", "postcomm", "postalcommunity", "postalcity", "incmuni", "cityname", "town", "community", "place", "msagcomm", "jurisdiction", "neighborhood", "area",
)  # fmt: skip
# What else may be the address of a place, and whose address is another's: an owner lives elsewhere.
_ADDRESS_LIKE = re.compile(r"(?:addr|address|location)(?:full|line|street)?1?$")
_ELSEWHERE = re.compile(
    r"own|mail|bill|contact|agent|tax|landlord|applicant|licensee|manager|postal|pstl|email|web|city|state|zip"
)
_FROM, _TO = ("from", "fr", "f", "low", "lo", "start", "beg", "begin", "min"), ("to", "t", "high", "hi", "end", "max")
_KNOWN_RANGES = {
    "fraddl": "lf", "toaddl": "lt", "fraddr": "rf", "toaddr": "rt", "fromaddl": "lf", "fromaddr": "rf", "leftadd1": "lf", "leftadd2": "lt", "rgtadd1": "rf", "rgtadd2": "rt",
    "rightadd1": "rf", "rightadd2": "rt", "lladd": "lf", "lhadd": "lt", "rladd": "rf", "rhadd": "rt", "llowadd": "lf", "lhighadd": "lt", "rlowadd": "rf", "rhighadd": "rt",
}  # fmt: skip
_RANGE_WORDS = re.compile(r"address|addrs?|add|hnbr|hn|house|hse|numbers?|numb|num|nbr|range")
_QUEENS = re.compile(r"(\d{1,3})-(\d{2,3})")
_ZIP5 = re.compile(r"(\d{3,5})(?:-?\d{4})?$")
_DIGITS = re.compile(r"(\d{1,7})")


class Numbers:
    """House numbers as whole numbers; those of a grid ("W204 S8165") get a negative one of their own."""

    def __init__(self) -> None:
        self._grid: dict[str, int] = {}

    def of(self, text: str | None, *, new: bool = False) -> int:
        """Return the number, or -1 where there is none; `new` words are learned from the reference file only."""
        if not text:
            return -1
        if text.isdigit():
            return int(text) if len(text) < 8 else -1
        if match := _QUEENS.fullmatch(text):
            return int(match[1] + match[2])
        if match := _DIGITS.match(text):
            return int(match[1])
        if not re.fullmatch(r"[NSEW]\d[\w ]*", text):
            return -1
        word = text.replace(" ", "")
        return self._grid.setdefault(word, -2 - len(self._grid)) if new else self._grid.get(word, -1)


@dataclass(frozen=True)
class Points:
    """Address points: street (name in one spelling), number, unit, zip, city, x, y."""

    street: Words
    number: Ints
    unit: Words
    zip: Words
    city: Words
    x: Floats
    y: Floats
    columns: dict[str, str]
    n_rows: int


@dataclass(frozen=True)
class Ranges:
    """Sides of stretches of street, each with its range: the line's number, first and last house number in the line's direction, side, parity."""

    street: Words  # per stretch
    line: Words  # per stretch
    part: Ints  # per range: which stretch
    first: Ints
    last: Ints
    side: Ints  # 1 left, -1 right, 0 not said
    parity: Ints  # 0 even, 1 odd, -1 both
    zip: Words
    city: Words
    columns: dict[str, str]
    n_rows: int


def street_columns(frame: pd.DataFrame) -> tuple[dict[str, str], Words]:
    """Return the columns that name the street, and the streets in one spelling."""
    parts = {
        "pre": _holding(frame, _PRE, DIRECTIONS), "suffix": _holding(frame, _SUFFIX, PLAIN_SUFFIXES), "post": _holding(frame, _POST, DIRECTIONS),
    }  # fmt: skip
    full = column_named(frame, _FULL)
    base = column_named(frame, _BASE)
    whole = full is not None and (plain(full) in _FULL[:6] or plain(full) == "label" or not any(parts.values()))
    if whole:
        used = {"street": str(full)}
        names = texts(frame, full)
    elif base is not None:
        options = {"pre": parts["pre"], "street": base, "suffix": parts["suffix"], "post": parts["post"]}
        used = {key: column for key, column in options.items() if column is not None and (key == "street" or column != base)}
        pieces = [texts(frame, column) for column in used.values()]
        names = np.array([" ".join(word for word in words if word) or None for words in zip(*pieces, strict=True)], dtype=object)
    else:
        return {}, np.full(len(frame), None, dtype=object)
    return used, _spelled(names)


def address_column(frame: pd.DataFrame) -> str | None:
    """Return the column of full addresses: a usual name, or one like it, whose words can be read as houses; else a usual name."""
    named = [column for name in ADDRESS if (column := column_named(frame, [name])) is not None]
    alike = [
        column
        for column in map(str, frame.columns)
        if _ADDRESS_LIKE.search(plain(column)) and not _ELSEWHERE.search(plain(column))
    ]
    alike = [column for column in alike if column in frame.columns and column not in named]
    return next((column for column in [*named, *alike] if _houses(frame, column) > 0.3), named[0] if named else None)


def _houses(frame: pd.DataFrame, column: str) -> float:
    said = pd.Series(texts(frame.head(2_000), column)).dropna().unique()[:500]
    return float(np.mean([parse_address(str(text)).rule == "address" for text in said])) if len(said) else 0.0


def numbered_streets(
    frame: pd.DataFrame, whole: str | None, names: Sequence[str] = NUMBER
) -> tuple[dict[str, str], Words, Words]:
    """Return the columns of a house number and a street, the numbers and the streets in one spelling; nothing where there are none.

    Where the table has full addresses too and these name other streets, its "number" and "name" are of something else: a serial number, a shop.
    """
    nothing: Words = np.full(len(frame), None, dtype=object)
    column = column_named(frame, names)
    used, streets = street_columns(frame) if column is not None else ({}, nothing)
    if column is None or not used:
        return {}, nothing, nothing
    numbers = texts(frame, column)
    if whole is not None:
        rows = np.flatnonzero(pd.notna(texts(frame, whole)) & pd.notna(streets))[:500]
        read = [parse_address(str(text)) for text in texts(frame.iloc[rows], whole)]
        said = [(street, one.street) for street, one in zip(streets[rows], read, strict=True) if one.rule == "address"]
        if len(said) and np.mean([a == b for a, b in said]) < 0.5:
            return {}, nothing, nothing
    return {"number": column, **used}, numbers, streets


def _holding(frame: pd.DataFrame, names: Sequence[str], words: Mapping[str, str]) -> str | None:
    """Return the first column of these names that holds such words: TYPE may be the class of a road, not its suffix."""
    for name in names:
        column = column_named(frame, [name])
        if column is None:
            continue
        said = pd.Series(texts(frame, column)).dropna()
        if said.str.rstrip(".").isin(list(words)).mean() > 0.5:
            return column
    return None


def _spelled(names: Words) -> Words:
    codes, unique = pd.factorize(names, use_na_sentinel=True)
    tidy = [street_name(str(name)[:200].replace(".", " ")) or None for name in unique]
    out: Words = np.array([*tidy, None], dtype=object)[codes]
    return out


def points_of(layer: Layer, crs: Any, numbers: Numbers) -> Points:
    """Return the address points of a layer, in `crs`."""
    frame = layer.frame
    whole = address_column(frame)
    columns, said, street = numbered_streets(frame, whole)
    if columns:
        number = np.array([numbers.of(text, new=True) for text in said], dtype=np.int64)
        unit = texts(frame, column_named(frame, _UNIT))
    else:
        if whole is None:
            raise InputError(
                f"`addresses` must have a house number and a street, or a full address. Got the columns {', '.join(map(str, frame.columns[:20]))}. "
                "Rename them to number and street."
            )
        columns["address"] = whole
        codes, unique = pd.factorize(texts(frame, whole), use_na_sentinel=True)
        parsed = [parse_address(str(text)) for text in unique]
        houses = [found if found.rule == "address" else None for found in parsed] + [None]
        street = np.array([found.street if found else None for found in houses], dtype=object)[codes]
        number = np.array([numbers.of(found.number, new=True) if found else -1 for found in houses], dtype=np.int64)[codes]
        unit = np.array([found.unit if found else None for found in houses], dtype=object)[codes]
    places = _projected(layer, crs, "addresses")
    x, y = _middle(places)
    columns |= _zones(frame, columns)
    keep = np.isfinite(x) & np.isfinite(y) & (number != -1) & pd.notna(street)
    if not keep.any():
        raise InputError(
            f"`addresses` must hold rows with a house number, a street and a point. Got {layer.name} with none of {len(frame):,}. "
            f"Look at the columns sara took: {columns}"
        )
    zips, cities = _zip5(texts(frame, columns.get("zip"))), texts(frame, columns.get("city"))
    return Points(street[keep], number[keep], unit[keep], zips[keep], cities[keep], x[keep], y[keep], columns, len(frame))


def _zones(frame: pd.DataFrame, taken: dict[str, str]) -> dict[str, str]:
    found = {"zip": column_named(frame, ZIP), "city": column_named(frame, CITY)}
    return {key: column for key, column in found.items() if column is not None and column not in taken.values()}


def zip5(word: str | None) -> str | None:
    """Return five digits; a ZIP read as a number has lost its leading noughts (2139 is 02139)."""
    match = _ZIP5.match(word) if word else None
    return match[1].zfill(5) if match else None


def _zip5(words: Words) -> Words:
    codes, unique = pd.factorize(words, use_na_sentinel=True)
    out: Words = np.array([*(zip5(str(word)) for word in unique), None], dtype=object)[codes]
    return out


def _projected(layer: Layer, crs: Any, argument: str) -> Words:
    import geopandas as gpd

    if layer.crs is None:
        raise InputError(
            f"`{argument}` must hold shapes, or columns of longitude and latitude. Got {layer.name} with {', '.join(map(str, layer.frame.columns[:20]))}. "
            "Rename the columns to lon and lat."
        )
    shapes = gpd.GeoSeries(layer.shapes, crs=layer.crs).to_crs(crs)
    return np.asarray(shapes.array, dtype=object)


def _middle(shapes: Words) -> tuple[Floats, Floats]:
    points = shapes.copy()
    other = ~shapely.is_missing(points) & (shapely.get_type_id(points) != 0)
    points[other] = shapely.point_on_surface(points[other])
    x, y = shapely.get_x(points), shapely.get_y(points)
    return np.asarray(x, dtype=float), np.asarray(y, dtype=float)


def range_columns(frame: pd.DataFrame) -> dict[str, str]:
    """Return the columns of ranges: lf, lt, rf, rt (left and right, from and to), or f and t where the file has one range for both sides."""
    found: dict[str, str] = {}
    for column in frame.columns:
        key = _end_of(str(column))
        if key is not None and frame[column].notna().any():
            found.setdefault(key, str(column))
    if "lf" not in found and plain(found.get("rf", "")) in ("fraddr", "fromaddr"):
        # "FROMADDR" without a left side is one range for both.
        found = {"f": found["rf"], "t": found.get("rt", "")}
    if {"lf", "lt"} <= set(found) or {"rf", "rt"} <= set(found):
        return {key: column for key, column in found.items() if len(key) == 2}
    return {key: found[key] for key in ("f", "t") if found.get(key)}


def _end_of(column: str) -> str | None:
    word = plain(column)
    if re.search(r"node|id$|zip|city", word):
        return None
    head, _, tail = column.lower().rpartition("_")
    # "F_ADD_R" is the right side; without its sign it would read "F_ADDR".
    key = (
        _range_key(_RANGE_WORDS.sub("", plain(head)) + {"l": "left", "r": "right"}[tail[0]])
        if head and tail in ("l", "r", "left", "right")
        else None
    )
    return key or _KNOWN_RANGES.get(word) or _range_key(_RANGE_WORDS.sub("", word))


def _range_key(word: str) -> str | None:
    match = re.fullmatch(r"(left|right|l|r)?(from|fr|f|low|lo|start|begin|beg|min|to|t|high|hi|end|max)(left|right|l|r)?", word)
    if match is None or (match[1] and match[3]):
        return None
    side = (match[1] or match[3] or "")[:1]
    return side + ("f" if match[2] in _FROM else "t")


def ranges_of(layer: Layer, crs: Any, numbers: Numbers) -> Ranges:
    """Return the ranges of a layer of centre lines, in `crs`."""
    frame = layer.frame
    ends = range_columns(frame)
    used, street = street_columns(frame.drop(columns=list(ends.values())))
    if not used:
        raise InputError(
            f"`streets` must name the street of each line. Got the columns {', '.join(map(str, frame.columns[:20]))}. Rename the column to fullname."
        )
    lines = _lines(_projected(layer, crs, "streets"))
    keep = ~shapely.is_missing(lines) & pd.notna(street)
    if not keep.any():
        raise InputError(f"`streets` must hold named lines. Got {layer.name} with none. Is it a layer of points?")
    parts: dict[str, list[Any]] = {name: [] for name in ("part", "first", "last", "side", "parity", "zip", "city")}
    columns = dict(used)
    for side, sign in (("l", 1), ("r", -1), ("", 0)):
        if side + "f" not in ends or side + "t" not in ends:
            continue
        columns |= {f"from {side}": ends[side + "f"], f"to {side}": ends[side + "t"]}
        first, last = (np.array([numbers.of(t) for t in texts(frame, ends[side + end])], dtype=np.int64) for end in "ft")
        # TIGER leaves a side without houses blank; counties write 0.
        there = keep & (first >= 0) & (last >= 0) & ~((first == 0) & (last == 0))
        rows = np.flatnonzero(there)
        said = (
            texts(frame, column_named(frame, (f"parity{side}", f"{side}parity", f"parity{'left' if side == 'l' else 'right'}")))
            if side
            else texts(frame, None)
        )
        parity = np.where(first % 2 == last % 2, first % 2, -1)
        parity = np.where(
            np.isin(said, ["B", "BOTH", "M", "MIXED"]), -1, np.where(said == "E", 0, np.where(said == "O", 1, parity))
        )
        # One range for both sides of the street says nothing of odd and even.
        parity = np.where(sign == 0, -1, parity)
        zips = column_named(
            frame,
            [f"zip{side}", f"{side}zip", f"zipcode{side}", f"postcode{side}", f"zip{'left' if side == 'l' else 'right'}", *ZIP]
            if side
            else ZIP,
        )
        cities = column_named(
            frame,
            [
                f"city{side}",
                f"{side}city",
                f"incmuni{side}",
                f"postcomm{side}",
                f"place{side}",
                f"{side}municipality",
                f"muni{side}",
                *CITY,
            ]
            if side
            else CITY,
        )
        cities = cities if cities not in used.values() else None
        columns |= {f"{name} {side}": column for name, column in (("zip", zips), ("city", cities)) if column is not None}
        values = {
            "part": rows, "first": first[rows], "last": last[rows], "side": np.full(len(rows), sign), "parity": parity[rows], "zip": _zip5(texts(frame, zips))[rows],
            "city": texts(frame, cities)[rows],
        }  # fmt: skip
        for name, column in values.items():
            parts[name].append(column)
    whole = {
        name: np.concatenate(pieces) if pieces else np.array([], dtype=object if name in ("zip", "city") else np.int64)
        for name, pieces in parts.items()
    }
    street = np.where(keep, street, np.array(None, dtype=object))
    return Ranges(street, lines, columns=columns, n_rows=len(frame), **whole)


def _lines(shapes: Words) -> Words:
    """Return one line per row; of several parts that do not join, the longest."""
    kinds = shapely.get_type_id(shapes)
    out = np.where(np.isin(kinds, (1, 2)), shapes, np.array(None, dtype=object))
    for i in np.flatnonzero(kinds == 5):
        merged = shapely.line_merge(shapes[i])
        out[i] = max(shapely.get_parts(merged), key=lambda line: line.length)
    empty = ~shapely.is_missing(out) & shapely.is_empty(out)
    out[empty] = None
    return out
