"""The public function: an event table's addresses against a county's own points and centre lines, offline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from sara.core.checks import check_columns, check_events, record_of
from sara.core.errors import InputError
from sara.core.result import Setting
from sara.core.units import metres
from sara.data._layer import Layer, open_layer
from sara.data._text import TEXT_DTYPE
from sara.data.addresses.columns import Address, parse_address
from sara.data.geocoder._match import TIE_METRES, Matches, match
from sara.data.geocoder._reference import Numbers, points_of, ranges_of, zip5
from sara.data.geocoder._result import GeocodeResult, result_of

__all__ = ["geocode"]

# A missing part (a suffix, a direction), or one letter misspelled, is forgiven; two of these on one address only just.
MIN_SCORE = 80
OFFSET_METRES = 5.0
Reference = str | Path | pd.DataFrame


def geocode(
    events: gpd.GeoDataFrame,
    *,
    addresses: Reference | None = None,
    streets: Reference | None = None,
    zone: str | None = None,
    min_score: float = MIN_SCORE,
    offset: float | str = OFFSET_METRES,
    crs: Any = None,
) -> GeocodeResult:
    """Put events without a point where their address lies, from files on your own disk.

    Answers "where are the rows that the dispatch system did not map?". Nothing is sent anywhere. Points that the file already has are kept, and
    compared with where their address lies.

    Parameters
    ----------
    events : GeoDataFrame
        The event table; ``address`` is read, or ``place`` where the table has no addresses.
    addresses : str, Path, DataFrame or GeoDataFrame, optional
        The county's address points: a house number and a street (or a full address), perhaps unit, ZIP and city, and a point or longitude and
        latitude. The usual column names are known (NENA, OpenAddresses, ``ADD_NUMBER``, ``HOUSE_NO`` ...).
    streets : str, Path, GeoDataFrame, optional
        Centre lines with address ranges: TIGER's (``LFROMADD``, ``LTOADD``, ``RFROMADD``, ``RTOADD``, ``FULLNAME``, ``ZIPL``, ``ZIPR``; ``LFROMHN`` ...),
        a county's (``FROMADDR_L``, ``L_F_ADD`` ...), or one range for both sides (``from_number``, ``to_number``).
    zone : str, optional
        A column of `events` with the ZIP or the city, which decides between streets of one name. A ZIP or city in the address itself is used anyway.
    min_score : float
        Least score that counts as a match, of 100.
    offset : float or str
        How far beside the centre line a house is put, in metres or ``"15ft"``.
    crs : int, str or CRS, optional
        Of x and y columns in a table without geometry.

    Returns
    -------
    GeocodeResult
        ``events``: the event table, with ``x``, ``y`` and ``geometry`` filled and a column ``geocoded``: "own", "address point", "range", "block",
        "intersection", or missing. ``table``: rows and addresses by outcome. ``by_area``, ``misses``, ``agreement``.

    Raises
    ------
    InputError
        If neither file is given, a file has no recognisable streets, numbers or shapes, or the table has no addresses.

    Notes
    -----
    *Score*: 100, less 8 for a direction or a suffix that only one of the two names has, 4 for a direction on the other side of the name, 10 for each
    letter that differs (names of 4 letters and more without a digit; one letter, two from 8 letters on), 15 for another suffix (25 for a numbered
    street), 25 for another direction, 10 for another ZIP or city. Where a street of exactly that name exists, one that contradicts it is never taken.

    *Range*: the share of the range is the share of the line, (number - first) / (last - first), on the side whose odd or even numbers it is, `offset`
    metres from the line. *Block*: the middle of the part of the range that the file has. *Intersection*: a shared end of two lines, else where
    they cross.

    *Tie rule*: the best score wins, then an address point over a range. Equally good places within 100 m of each other are one place (the one nearest
    to their middle); farther apart, the address is not matched and counted as a tie, unless its ZIP or city decides: of a house by its point or
    range, of a block or crossing by the ranges there. A street without a number is never guessed.

    References
    ----------
    Ratcliffe (2004), Geocoding crime and a first estimate of a minimum acceptable hit rate, International Journal of Geographical Information
    Science 18(1), 61-72. doi:10.1080/13658810310001596076
    Zandbergen (2008), A comparison of address point, parcel and street geocoding techniques, Computers, Environment and Urban Systems 32(3),
    214-232. doi:10.1016/j.compenvurbsys.2007.11.006

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd, sara
    >>> from shapely.geometry import LineString
    >>> calls = sara.as_events(pd.DataFrame({"t": ["2024-03-01 10:00", "2024-03-02 11:00"], "where": ["150 Main St", "15 Oak St"]}), time="t", place="where")
    >>> line = gpd.GeoDataFrame({"FULLNAME": ["Main St"], "LFROMADD": [101], "LTOADD": [199], "RFROMADD": [100], "RTOADD": [200]},
    ...                         geometry=[LineString([(0, 0), (100, 0)])], crs=32616)
    >>> found = sara.geocode(calls, streets=line)
    >>> found.events["geometry"].iloc[0].wkt, found.events["geocoded"].iloc[0]
    ('POINT (50 -5)', 'range')
    >>> found.misses[["address", "reason"]].iloc[0].tolist()
    ['15 OAK ST', 'no such street']
    """
    events = check_events(events)
    if addresses is None and streets is None:
        raise InputError(
            "`addresses` or `streets` must be given. Got neither. Write sara.geocode(calls, streets='tl_2024_55079_addrfeat.zip'), or the county's address points."
        )
    if not isinstance(min_score, (int, float)) or isinstance(min_score, bool) or not 0 < min_score <= 100:
        raise InputError(
            f"`min_score` must be above 0, and 100 at most. Got {min_score!r}. Write 80 to forgive one missing part or letter."
        )
    if zone is not None:
        check_columns(events, [zone], argument="zone")
    aside = metres(offset, name="offset", zero=True)
    text = _addresses(events)
    layers = {
        name: open_layer(source, argument=name, crs=crs)
        for name, source in (("addresses", addresses), ("streets", streets))
        if source is not None
    }
    own = np.isfinite(events["x"].to_numpy(dtype=float, na_value=np.nan)) & np.isfinite(
        events["y"].to_numpy(dtype=float, na_value=np.nan)
    )
    system = events.crs if own.any() else _metric(next(iter(layers.values())))
    numbers = Numbers()
    points = points_of(layers["addresses"], system, numbers) if "addresses" in layers else None
    ranges = ranges_of(layers["streets"], system, numbers) if "streets" in layers else None
    codes, queries = _queries(text, events[zone] if zone is not None else None)
    found = match(
        [one for one, _, _ in queries], *_zones(queries), points, ranges, numbers, min_score=float(min_score), offset=aside
    )
    settings = {
        "min_score": Setting(
            min_score, "sara" if min_score == MIN_SCORE else "you", "forgives a missing part or a misspelled letter"
        ),
        "offset": Setting(aside, "sara" if offset == OFFSET_METRES else "you", "metres beside the centre line"),
        "tie_metres": Setting(TIE_METRES, "sara", "equally good places farther apart are a tie"),
        "zone": Setting(zone, "you" if zone else "sara", "" if zone else "a ZIP or city in the address itself"),
        **{name: Setting(f"{layer.name}, {len(layer.frame):,} rows", "you") for name, layer in layers.items()},
        **{
            f"{name}_columns": Setting(part.columns, "sara", "by their names")
            for name, part in (("addresses", points), ("streets", ranges))
            if part is not None
        },
    }
    return _result(events, own, codes, queries, found, system, settings)


def _addresses(events: gpd.GeoDataFrame) -> pd.Series:
    for column in ("address", "place"):
        if column in events.columns and events[column].notna().any():
            return events[column].astype(object)
    raise InputError(
        "`events` must have addresses. Got a table whose `address` and `place` are empty. Name the column when reading: columns={'address': 'LOCATION'}"
    )


def _metric(layer: Layer) -> Any:
    """Return the UTM zone of a layer: the events have no points of their own to say it."""
    shapes = gpd.GeoSeries(layer.shapes, crs=layer.crs)
    crs = shapes.crs
    if crs is None:
        return 6933
    if crs.is_projected and crs.axis_info[0].unit_name in ("metre", "meter"):
        return crs
    return shapes[shapes.notna()].estimate_utm_crs()


Query = tuple[Address, str | None, str | None]


def _queries(text: pd.Series, zone: pd.Series | None) -> tuple[npt.NDArray[np.int64], list[Query]]:
    """Return which query each row asks, -1 for none, and the queries: distinct places with what tells them apart."""
    first, unique = pd.factorize(text, use_na_sentinel=True)
    parsed = [parse_address(str(one)) for one in unique]
    if zone is None:
        keys: list[tuple[Any, ...]] = [(*_key(one), one.zip, one.city) for one in parsed]
        asked = np.array([*range(len(parsed)), -1], dtype=np.int64)[first]
    else:
        words = (
            zone.astype(object)
            .where(zone.notna(), None)
            .map(lambda v: None if v is None else str(v).strip().upper().removesuffix(".0"))
        )
        second, zones = pd.factorize(words, use_na_sentinel=True)
        both, pairs = pd.factorize(pd.Series(first * (len(zones) + 1) + second + 1))
        asked = np.where(first >= 0, both, -1)
        keys, parsed_pairs = [], []
        for pair in pairs:
            one, said = (
                parsed[pair // (len(zones) + 1)] if pair >= 0 else Address(None, "nothing"),
                ([None, *zones])[pair % (len(zones) + 1)],
            )
            code = zip5(said)
            parsed_pairs.append(one)
            keys.append((*_key(one), code or one.zip, said if said and not code else one.city))
        parsed = parsed_pairs
    order = {key: i for i, key in enumerate(sorted(set(keys), key=str))}
    place = np.array([*(order[key] for key in keys), -1], dtype=np.int64)
    known = dict(zip(keys, parsed, strict=True))
    queries = [(known[key], key[-2], key[-1]) for key in order]
    codes: npt.NDArray[np.int64] = place[asked]
    return codes, queries


def _key(one: Address) -> tuple[Any, ...]:
    return one.place or one.street or "", one.rule, one.unit or ""


def _zones(queries: list[Query]) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    zips, cities = np.full(len(queries), None, dtype=object), np.full(len(queries), None, dtype=object)
    for i, (_, code, city) in enumerate(queries):
        zips[i], cities[i] = code, city
    return zips, cities


def _result(
    events: gpd.GeoDataFrame, own: npt.NDArray[np.bool_], codes: npt.NDArray[np.int64], queries: list[Query], found: Matches, system: Any, settings: dict[str, Setting]
) -> GeocodeResult:  # fmt: skip
    there = codes >= 0
    # One more answer, for rows without an address.
    x, y = np.append(found.x, np.nan)[codes], np.append(found.y, np.nan)[codes]
    outcome = np.append(found.outcome, np.array(["no address"], dtype=object))[codes]
    outcome = np.where(there, outcome, "no address").astype(object)
    distance = np.where(
        own,
        np.hypot(x - events["x"].to_numpy(dtype=float, na_value=np.nan), y - events["y"].to_numpy(dtype=float, na_value=np.nan)),
        np.nan,
    )
    out = _filled(events, own, x, y, outcome, system)
    return result_of(
        events=out, own=own, codes=codes, outcome=outcome, score=np.append(found.score, np.nan)[codes], distance=distance,
        names=np.array([one.place or one.street or "" for one, _, _ in queries], dtype=object), hints=found.hint, settings=settings,
    )  # fmt: skip


def _filled(
    events: gpd.GeoDataFrame,
    own: npt.NDArray[np.bool_],
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    outcome: npt.NDArray[np.object_],
    system: Any,
) -> gpd.GeoDataFrame:
    """Return the event table with the new points; rows that have one keep it to the last digit."""
    new = ~own & np.isfinite(x)
    out = events.copy()
    shapes = events.geometry.to_numpy().copy()
    shapes[new] = shapely.points(x[new], y[new])
    for name, values in (("x", x), ("y", y)):
        column = events[name].to_numpy(dtype=float, na_value=np.nan).copy()
        column[new] = values[new]
        out[name] = column
    out = out.set_geometry(gpd.GeoSeries(gpd.array.from_shapely(np.asarray(shapes, dtype=object), crs=system), index=out.index))
    word = np.full(len(out), None, dtype=object)
    word[new], word[own] = outcome[new], "own"
    out["geocoded"] = pd.Series(word, index=out.index, dtype=object).astype(TEXT_DTYPE)
    record = dict(record_of(events))
    record["geocoded"] = {str(kind): int(n) for kind, n in pd.Series(word, dtype=object).value_counts().sort_index().items()}
    if record.get("crs_source") == "no coordinates":
        record["crs_source"] = "geocode"
    out.attrs = {**events.attrs, "sara": record}
    return out
