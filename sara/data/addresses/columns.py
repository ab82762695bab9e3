"""Addresses as dispatchers write them, to one name per place: parcel, hundred block or intersection.

Rules, not a trained tagger: general address parsers read "1400 BLOCK OF W 5TH AVE" as a street called "BLOCK OF W 5TH". Every rule runs once per
different string, and says its own name, so that a wrong place can be traced to the rule that made it.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from sara.data.addresses.rules import Address, _by_rules, _plain, parse_address  # noqa: F401  (the rules are checked against each other)
from sara.data.addresses.street import street_name, street_parts

__all__ = ["Address", "normalize_places", "parse_address", "parse_addresses", "street_name"]

_PARTS = [
    "place",
    "rule",
    "number",
    "fraction",
    "pre",
    "base",
    "suffix",
    "post",
    "street",
    "cross",
    "unit",
    "name",
    "city",
    "zip",
]


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
    >>> from sara.data.addresses.columns import normalize_places
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
        On the index of `address`: ``place``, ``rule``, ``number``, ``fraction`` ("1/2"), ``pre`` (direction before the name), ``base`` (the name),
        ``suffix``, ``post`` (direction after it), ``street`` (these four together), ``cross``, ``unit``, ``name`` (a business), ``city``, ``zip``.

    Examples
    --------
    >>> import pandas as pd
    >>> from sara.data import parse_addresses
    >>> parse_addresses(pd.Series(["RUSTY ANCHOR @ 12 HARBOR ST #3"]))[["place", "unit", "name"]].iloc[0].tolist()
    ['12 HARBOR ST', '3', 'RUSTY ANCHOR']
    """
    places, position = _unique_places(address)
    rows = [_in_parts(place) for place in (*places, Address(None, "nothing"))]
    out = pd.DataFrame(rows, columns=_PARTS, dtype=object).iloc[[i if i >= 0 else len(places) for i in position]]
    return out.set_axis(address.index, axis=0)


def _in_parts(place: Address) -> tuple[str | None, ...]:
    street = street_parts(place.street) if place.street else ("", "", "", "")
    fraction = "1/2" if place.number and place.number.endswith(" 1/2") else None
    parts = (part or None for part in street)
    return (
        place.place,
        place.rule,
        place.number,
        fraction,
        *parts,
        place.street,
        place.cross,
        place.unit,
        place.name,
        place.city,
        place.zip,
    )


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
        place._replace(place=None, rule="street only", street=place.place)
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
            place._replace(place=f"{place.place}, {place.city}") if place.place and place.city not in (None, home) else place
            for place in parsed
        ]
    return [place._replace(place=f"{place.place}, {place.city}") if place.place and place.city else place for place in parsed]
