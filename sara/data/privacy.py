"""What may be said in public: blocks for houses, squares for points, "<10" for small counts, and text without names."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from sara.core.errors import InputError
from sara.core.units import metres
from sara.data._suppress import suppress
from sara.data.addresses.columns import parse_address

__all__ = ["coarse_geometry", "hundred_block", "public_place", "scrub", "snap_points", "suppress"]

# The side of the square that stands for a point in public: about two blocks, so that no single house is meant.
SQUARE_METRES = 250.0
UNNAMED = "a place without an address"
NAMED = "a named place"

_NEAR = re.compile(r"^\s*NEAR\s+(-?\d+(?:\.\d+)?)\s*E\s+(-?\d+(?:\.\d+)?)\s*N\s*$", re.IGNORECASE)
_SAID = re.compile(r"^(?:\d+(?:-00)?|[NSEW]\d+ ?(?:[NSEW]\d+)?) block of \S")
_SQUARE = re.compile(r"^a 250 m square around -?\d+ E -?\d+ N$")


@lru_cache(maxsize=100_000)
def hundred_block(text: str) -> str:
    """Return an address as its hundred block; what has no house number stays as it is.

    Parameters
    ----------
    text : str
        An address: ``"1423 N 35TH ST"``.

    Returns
    -------
    str
        ``"1400 block of N 35TH ST"``. House numbers below 100 become ``"0 block of ..."``. Unit, business name and city are left out.

    Examples
    --------
    >>> from sara.data.privacy import hundred_block
    >>> hundred_block("1423 N 35th Street, Apt 4")
    '1400 block of N 35TH ST'
    >>> hundred_block("5 AV S / S MICHIGAN ST")
    '5TH AVE S / S MICHIGAN ST'
    """
    parts = parse_address(text)
    if parts.rule in ("address", "block") and parts.number and parts.street:
        return f"{_hundred(parts.number)} block of {parts.street}"
    return parts.place or parts.street or text.strip()


@lru_cache(maxsize=100_000)
def _public(text: str) -> str:
    near = _NEAR.match(text)
    if near:
        east, north = (int(np.floor(float(value) / SQUARE_METRES) * SQUARE_METRES + SQUARE_METRES / 2) for value in near.groups())
        return f"a 250 m square around {east} E {north} N"
    if _SQUARE.match(text) or text in (UNNAMED, NAMED) or (_SAID.match(text) and not re.search(r"[@#,]", text)):
        return text
    parts = parse_address(text)
    if parts.rule == "nothing" or not re.search(r"[A-Za-z]{2}|[A-Za-z]\d", text):
        return UNNAMED
    if parts.rule == "name":
        return NAMED
    words = hundred_block(text)
    # A house number that hides inside another form ("MAIN ST / 1423 OAK ST") must not slip through.
    if parts.rule == "intersection":
        streets = words.split(" / ")
        if len(streets) != 2 or not all(_is_street(street) for street in streets) or re.search(r"\S@\S|\d{7}", text):
            return NAMED
        return " / ".join(hundred_block(street) if re.match(r"\d+\s", street) else street for street in words.split(" / "))
    return words


def _is_street(words: str) -> bool:
    """Say whether words can be a street: text that a stranger wrote between two ampersands is none."""
    return len(words.split()) <= 6 and not re.search(r"[@<>=(){}\[\]:;]|\d{7}|\S\s+\d+\s+[A-Z]{2}", words)


def public_place(name: Any) -> str:
    """Return the words by which a place may be named in public.

    Parameters
    ----------
    name : str or missing
        A place: an address, a hundred block, an intersection, or the key of a point (``"near 551230 E 4738120 N"``, in metres).

    Returns
    -------
    str
        A house becomes its hundred block, a point a square of 250 m, an intersection, a street or a milepost stays. A business or building
        name becomes ``"a named place"``: the name of a bar is as exact as its address. A missing one is ``"a place without an address"``.

    Notes
    -----
    Saying a public name again changes nothing: ``public_place(public_place(name)) == public_place(name)``.

    Examples
    --------
    >>> from sara.data.privacy import public_place
    >>> public_place("1423 N 35TH ST")
    '1400 block of N 35TH ST'
    >>> public_place("near 551230 E 4738120 N")
    'a 250 m square around 551125 E 4738125 N'
    >>> public_place(None)
    'a place without an address'
    """
    if pd.isna(name) or not str(name).strip():
        return UNNAMED
    return _public(str(name))


def _hundred(number: str) -> str:
    digits = re.findall(r"\d+", number)
    letters = re.match(r"^[NSEW]", number)
    if letters:
        # Wisconsin's grid numbers (W204 S8165): the last one is the house on its street.
        return re.sub(r"\d+$", lambda match: str(int(match[0]) // 100 * 100), number)
    # 40-12 is number 12 of block 40 (Queens).
    return f"{digits[0]}-00" if re.fullmatch(r"\d+-\d+", number) else str(int(digits[0]) // 100 * 100)


def snap_points(events: gpd.GeoDataFrame, *, size: float | str = SQUARE_METRES) -> gpd.GeoDataFrame:
    """Return the table with every point moved to the middle of its grid square.

    Parameters
    ----------
    events : GeoDataFrame
        Points in metres; columns ``x`` and ``y``, where there are any, move along.
    size : float or str
        Side of a square, in metres or with a unit.

    Returns
    -------
    GeoDataFrame
        A copy. All points of one square are one point: nobody can tell which house was meant.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from sara.data.privacy import snap_points
    >>> points = gpd.GeoDataFrame(geometry=gpd.points_from_xy([12.0, 240.0], [7.0, 3.0]), crs=32616)
    >>> snap_points(points).geometry.to_wkt().tolist()
    ['POINT (125 125)', 'POINT (125 125)']
    """
    side = metres(size, name="size")
    _check_projected(events)
    out = events.copy()
    shapes = out.geometry.to_numpy()
    there = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
    centers = shapely.centroid(shapes[there])
    x, y = ((np.floor(values / side) + 0.5) * side for values in (shapely.get_x(centers), shapely.get_y(centers)))
    moved = np.full(len(out), None, dtype=object)
    moved[there] = shapely.points(x, y)
    out = out.set_geometry(gpd.GeoSeries(moved, index=out.index, crs=events.crs))
    for column, values in (("x", x), ("y", y)):
        if column in out.columns:
            coordinates = np.full(len(out), np.nan)
            coordinates[there] = values
            out[column] = coordinates
    out.attrs = dict(events.attrs)
    return out


def coarse_geometry(table: gpd.GeoDataFrame, *, size: float | str = SQUARE_METRES) -> gpd.GeoDataFrame:
    """Return the table with every shape too small to hide a house replaced by the grid squares it touches.

    Parameters
    ----------
    table : GeoDataFrame
        Points, lines or polygons in metres.
    size : float or str
        Side of a square, in metres or with a unit. A polygon at least as large as one square stays as it is.

    Returns
    -------
    GeoDataFrame
        A copy, of polygons.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from sara.data.privacy import coarse_geometry
    >>> place = gpd.GeoDataFrame(geometry=gpd.points_from_xy([12.0], [7.0]).buffer(30), crs=32616)
    >>> float(coarse_geometry(place).geometry.area.iloc[0])
    250000.0
    """
    side = metres(size, name="size")
    _check_projected(table)
    out = table.copy()
    shapes = [
        shape if shape is None or shape.is_empty or shape.area >= side**2 else _squares(shape, side) for shape in out.geometry
    ]
    out = out.set_geometry(gpd.GeoSeries(shapes, index=out.index, crs=table.crs))
    out.attrs = dict(table.attrs)
    return out


def _squares(shape: Any, side: float) -> Any:
    x0, y0, x1, y1 = np.floor(np.array(shape.bounds) / side)
    cells = [
        shapely.box(i * side, j * side, (i + 1) * side, (j + 1) * side)
        for i in np.arange(x0, x1 + 1)
        for j in np.arange(y0, y1 + 1)
    ]
    return shapely.union_all([cell for cell in cells if cell.intersects(shape)])


def _check_projected(table: Any) -> None:
    if not isinstance(table, gpd.GeoDataFrame):
        raise InputError(
            f"`table` must have geometry. Got a {type(table).__name__}. Write: sara.as_events(table, lon='...', lat='...')"
        )
    if table.crs is None or not table.crs.is_projected:
        got = "crs=None" if table.crs is None else table.crs.name
        raise InputError(f"`table` must be in metres. Got {got}. Write: table = table.to_crs(table.estimate_utm_crs())")


# Order matters: an e-mail address holds what looks like other things.
_SCRUB = (
    (re.compile(r"[\w.+-]+\s?@\s?[\w-]+(?:\.[\w-]+)+"), "[e-mail]"),
    (re.compile(r"\b(?:https?://|www\.)\S+", re.IGNORECASE), "[link]"),
    (re.compile(r"(?<!\w)@\w{3,}"), "[name]"),
    (re.compile(r"\b\d{3}-\d{2}-\d{4}\b"), "[number]"),
    (re.compile(r"(?<![\w.])(?:\+?1[\s.-]?)?(?:\(\d{3}\)\s?|\d{3}[\s.-]?)\d{3}[\s.-]?\d{4}(?!\w)"), "[phone]"),
    (re.compile(r"(?<![\w.])\+\d{1,3}(?:[\s.-]?\d{2,4}){2,5}(?!\w)"), "[phone]"),
    (re.compile(r"(?<![\w-])\d{3}[\s.-]\d{4}(?!\w)"), "[phone]"),
    (re.compile(r"\b(?:born|dob|d\.o\.b\.)\b:?\s*[\w/.,-]+(?:\s\d{1,2},?\s\d{4})?", re.IGNORECASE), "[date of birth]"),
    (re.compile(r"\b(?:plate|tag|license|licence|lic|vin|reg)\b(?:\s*(?:plate|no|number|is|#|:))*\s*(?=[A-Z0-9-]*\d)[A-Z0-9-]{4,17}\b", re.IGNORECASE), "[plate]"),
    (re.compile(r"\b(?:\d[ -]?){9,19}\b"), "[number]"),
)  # fmt: skip
_STREET = (
    r"(?:ST|STREET|AV|AVE|AVENUE|BLVD|RD|ROAD|DR|DRIVE|LN|LANE|CT|COURT|PL|PLACE|WAY|TER|PKWY|HWY|CIR|CIRCLE|SQ|LOOP|TRL|PIKE)"
)
_HOUSE = re.compile(
    rf"\b\d{{1,6}}(?:-?[A-Z])?\s+(?:(?:[NSEW]|NE|NW|SE|SW|NORTH|SOUTH|EAST|WEST)\.?\s+)?(?:[\w'.]+\s+){{1,3}}?{_STREET}\b\.?",
    re.IGNORECASE,
)
_UNIT = re.compile(
    r"(?<!\w)(?:apt|apartment|unit|suite|ste|room|rm)\b\.?\s*#?\s*(?=\w*\d|[A-Z]\b)\w{1,5}\b|(?<!\w)#\s?\d{1,5}[A-Z]?\b",
    re.IGNORECASE,
)
_TITLE = r"(?:mr|mrs|ms|miss|dr|prof|officer|ofc|sgt|sergeant|det|detective|lt|lieutenant|capt|captain|deputy|pastor|rev|father|sister|judge|sr|sra|señor|señora|don|doña)"
_PERSON = r"[A-ZÀ-Þ][\w'’-]+"
_NAMES = (
    re.compile(rf"\b(?i:{_TITLE})\b\.?\s+({_PERSON}(?:\s+{_PERSON}){{0,2}})"),
    re.compile(rf"\b(?i:my name is|name is|name's|named|called|i am|i'm|this is|me llamo|mi nombre es|soy|se llama)\s+({_PERSON}(?:\s+{_PERSON}){{0,2}})"),
    re.compile(rf"\b(?i:neighbou?r|landlord|tenant|owner|manager|husband|wife|boyfriend|girlfriend|ex|son|daughter|brother|sister|mother|father|friend|suspect|victim|caller|rp|complainant|vecino|dueño)[,:]?\s+({_PERSON}(?:\s+{_PERSON}){{0,2}})"),
    re.compile(r"\b([A-ZÀ-Þ][\w'’-]+,\s+[A-ZÀ-Þ][\w'’-]+)(?=\s+(?:called|said|says|reported|reports|stated|states|wants|is)\b)"),
    re.compile(rf"\b({_PERSON}\s+{_PERSON})(?=\s+(?:called|said|says|reported|reports|stated|states|told|lives|threatened|hit|at \[phone\])\b)"),
)  # fmt: skip


def scrub(text: Any) -> str | None:
    """Return free text without what points to a person: e-mail, phone, plate, house number, unit, long number, names.

    Parameters
    ----------
    text : str or missing
        What a caller or a resident wrote.

    Returns
    -------
    str or None
        The text with ``[phone]``, ``[name]`` and so on in the place of what was found; house numbers become hundred blocks. None stays None.

    Notes
    -----
    Names are found by what stands around them ("Mr", "my name is", "neighbor"), so names without such a word stay in. Scrubbing lowers the
    risk; it does not make a text public. A person must read what is published.

    Examples
    --------
    >>> from sara.data.privacy import scrub
    >>> scrub("My name is Ana Ruiz, call 555-213-4477. The bar at 1423 N 35th St is loud.")
    'My name is [name], call [phone]. The bar at 1400 block of N 35TH ST is loud.'
    """
    if pd.isna(text):
        return None
    out = str(text)
    for pattern, word in _SCRUB:
        out = pattern.sub(word, out)
    out = _UNIT.sub("[unit]", _HOUSE.sub(lambda match: hundred_block(match[0].rstrip(".")), out))
    for pattern in _NAMES:
        out = pattern.sub(lambda match: match[0].replace(match[1], "[name]"), out)
    return out
