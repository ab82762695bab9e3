"""Registers of places: parcels, licences, rental registers; and which of them each event is at."""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from sara.core.checks import check_columns, check_events
from sara.core.errors import InputError, SaraWarning, suggest
from sara.core.units import metres
from sara.data._layer import Layer, column_named, open_layer, plain, texts
from sara.data._rejects import reject_rows, store_rejects
from sara.data._text import TEXT_DTYPE, clean_text
from sara.data.addresses.columns import normalize_places
from sara.data.geocoder._reference import ADDRESS, CITY, NUMBER, address_column, numbered_streets
from sara.data.places import area_numbers

__all__ = ["at_places", "read_places"]

# Column names without case and signs, most telling first.
FIELDS: dict[str, tuple[str, ...]] = {
    "id": (
        "parcelid", "parcelnumber", "parcelno", "parcelnum", "taxkey", "taxkeynumber", "taxkeyno", "pin", "pin10", "pin14", "apn", "bbl", "folio", "ain", "parcel", "licensenumber",
        "licenseno", "licencenumber", "licenceno", "licenseid", "licenceid", "registrationnumber", "registrationid", "registrationno", "permitnumber", "accountnumber", "acctnumber", "acctno", "accountno", "registration", "license", "licence", "id", "objectid",
    ),
    "use": (
        "use", "landuse", "landusedesc", "landusedescription", "propertyuse", "usedescription", "usedesc", "propertyclass", "propclass", "classdescription", "classdesc", "buildinguse", "usedscrp", "usecd", "proptype", "propertytype",
        "bldguse", "licensetype", "licencetype", "lictype", "licensedescription", "licencedescription", "businesstype", "businessactivity", "facilitytype", "establishmenttype",
        "occupancytype", "usecode", "landusecode", "lucode", "lagp", "bldgclass", "naicsdescription", "category", "type", "kind", "description",
    ),
    "name": (
        "businessname", "dbaname", "dba", "doingbusinessasname", "doingbusinessas", "tradename", "facilityname", "establishmentname", "premisesname", "premisename", "propertyname",
        "sitename", "buildingname", "complexname", "name",
    ),
    "owner": (
        "owner", "ownername", "ownername1", "owner1", "ownname", "ownername2", "ownersname", "nameofowner", "ownerfullname", "ownernme1", "ownernme", "propertyowner", "taxpayer", "taxpayername", "landlord", "landlordname", "licensee",
        "licenseename", "licenceholder", "licenseholder", "legalname", "legalentity", "corporationname", "registrant", "applicant", "accountname",
    ),
    "size": (
        "floorarea", "floorareasqft", "floorareasqm", "grossfloorarea", "buildingarea", "bldgarea", "bldgareasqft", "buildingsqft", "bldgsqft", "bldgsf", "grosssqft", "totalsqft",
        "finishedsqft", "livingarea", "totallivingarea", "squarefeet", "squarefootage", "sqft", "sqfeet", "size", "lotarea", "lotsize", "lotsqft", "landarea", "acres", "acreage", "area",
    ),
    "units": (
        "units", "nrunits", "numunits", "numberofunits", "nounits", "unitcount", "totalunits", "unitstotal", "unitsres", "resunits", "residentialunits", "dwellingunits", "dwellings",
        "rentalunits", "numofunits", "unitsnumber", "unitsnumberof", "nofunits", "dwellingunitcount",
    ),
    "year": ("yearbuilt", "yrbuilt", "yearblt", "yrblt", "resyrblt", "builtyear", "builtyr", "actyrbuilt", "actyrblt", "constructionyear", "yearconstructed", "effyearbuilt", "year"),
    "address": ADDRESS,
    "city": CITY,
}  # fmt: skip
COLUMNS = ["id", "kind", "use", "name", "owner", "size", "units", "year", "address", "place", "x", "y", "geometry"]
# Not to be shown: who owns a house, and which house it is.
PRIVATE = ["owner", "name", "address", "place"]
_SQUARE_FEET, _ACRE = 0.09290304, 4046.8564224
# What a register is, from columns that only one kind has.
_KINDS = {
    "rental": ("landlord", "landlordname", "rentalunits", "registrationnumber", "registrationid", "registrationno"),
    "licence": ("licensenumber", "licenseno", "licencenumber", "licenceno", "licensetype", "licencetype", "lictype", "licensee", "licensedescription", "licenceholder", "licenseholder"),
    "parcel": ("parcelid", "parcelnumber", "parcelno", "taxkey", "taxkeynumber", "pin", "apn", "bbl", "folio", "landuse", "landusedesc", "yearbuilt", "yrbuilt"),
}  # fmt: skip
NEAREST_METRES = 30.0
_HOUSE = (*NUMBER, "housenrlo", "housenolow", "addrlow", "lowaddress")
Columns = Mapping[str, str | None]


def read_places(
    path: str | Path | pd.DataFrame, *, kind: str | None = None, columns: Columns | None = None, crs: Any = None
) -> gpd.GeoDataFrame:
    """Read a register of places: parcels, licences, rentals.

    Parameters
    ----------
    path : str, Path, DataFrame or GeoDataFrame
        A CSV, Excel, GeoJSON, GeoPackage, shapefile (also zipped) or Parquet file, or a table already read. Polygons, points, or columns of
        longitude and latitude.
    kind : str, optional
        What the register holds: ``"parcel"``, ``"licence"``, ``"rental"`` or a word of your own. Guessed from the columns if not given.
    columns : dict, optional
        Field -> column, where sara's own recognition must be overruled; None leaves a field out. Fields: id, use, name, owner, size, units, year,
        address, city.
    crs : int, str or CRS, optional
        Of x and y columns, or of shapes that do not say it.

    Returns
    -------
    GeoDataFrame
        One row per row of the register, in its order: ``id`` (as published, made unique), ``kind``, ``use`` (as published, lower case), ``name``,
        ``owner``, ``size`` (square metres where the column's name says feet, acres or metres; else as published), ``units`` (dwellings), ``year`` (built),
        ``address`` (as published, in capitals), ``place`` (in the spelling of an event table's ``place``), ``x``, ``y`` (metres, a point inside), ``geometry``. The record in
        ``attrs["sara"]`` names the columns used, the rows read and rejected, ``size_unit`` and ``private_columns``.

    Raises
    ------
    InputError
        If the file is not there, or holds neither addresses nor shapes.

    Notes
    -----
    A row with neither an address nor a shape is rejected, with its line in the file: ``sara.data._rejects``' table and CSV, named in the record.
    ``owner``, ``name``, ``address`` and ``place`` are private: no brief shows them.

    Examples
    --------
    >>> import pandas as pd, sara
    >>> table = pd.DataFrame({"TAXKEY": [1, 2], "HOUSE_NO": [12, 14], "STREET": ["Oak Street", "Oak Street"], "LAND_USE": ["Tavern", "Duplex"],
    ...                       "BLDG_SQFT": [2000, 1500], "OWNER": ["A LLC", "B"], "LON": [-88.9, -88.9], "LAT": [40.9, 40.901]})
    >>> register = sara.read_places(table)
    >>> register[["id", "kind", "use", "place"]].iloc[0].tolist(), round(register["size"].iloc[0])
    (['1', 'parcel', 'tavern', '12 OAK ST'], 186)
    """
    layer = open_layer(path, argument="path", crs=crs)
    frame = layer.frame
    used = _columns(frame, columns or {})
    address, parts = _addresses(frame, used, columns or {})
    used |= parts
    if layer.crs is None and pd.isna(address).all():
        raise InputError(
            f"`path` must hold addresses or shapes. Got {layer.name} with the columns {', '.join(map(str, frame.columns[:20]))}. "
            "Name them: columns={'address': '...'}"
        )
    shapes, x, y, system = _metric(layer)
    there = pd.notna(address) | np.isfinite(x)
    rejects = pd.concat(
        [layer.rejects, reject_rows(layer.name, layer.lines[~there], "", "", "neither an address nor a shape")], ignore_index=True
    )
    out = pd.DataFrame({
        "id": _unique(_as_published(frame, used.get("id"))), "kind": kind or _kind(frame), "use": pd.Series(texts(frame, used.get("use")), dtype=object).str.lower(),
        "name": _as_published(frame, used.get("name")), "owner": _as_published(frame, used.get("owner")), "size": _size(frame, used.get("size")),
        "units": _whole(frame, used.get("units")), "year": _year(_whole(frame, used.get("year"))), "address": address,
        "place": normalize_places(pd.Series(address, dtype=object)), "x": x, "y": y,
    })  # fmt: skip
    for name in ("id", "kind", "use", "name", "owner", "address", "place"):
        out[name] = out[name].astype(object).where(out[name].notna(), None).astype(TEXT_DTYPE)
    places = gpd.GeoDataFrame(out, geometry=gpd.array.from_shapely(shapes, crs=system))[COLUMNS]
    places = places[there].reset_index(drop=True)
    if len(rejects):
        warnings.warn(
            f"{len(rejects):,} of {len(frame) + len(layer.rejects):,} rows of {layer.name} could not be read. See attrs['sara']['rejects'].",
            SaraWarning,
            stacklevel=2,
        )
    key = hashlib.sha256(f"{layer.name} {len(frame)} {sorted(used.items())}".encode()).hexdigest()
    places.attrs["sara"] = {
        "file": layer.name, "columns": used, "rows_read": len(frame) + len(layer.rejects), "rows_rejected": len(rejects), "rejects": store_rejects(rejects, key),
        "size_unit": _size_unit(used.get("size"))[0], "private_columns": PRIVATE,
    }  # fmt: skip
    return places


def at_places(events: gpd.GeoDataFrame, places: gpd.GeoDataFrame, *, distance: float | str = NEAREST_METRES) -> pd.Series:
    """Say which place of a register each event is at.

    Parameters
    ----------
    events : GeoDataFrame
        The event table.
    places : GeoDataFrame
        A register, from `read_places`.
    distance : float or str
        How near an event's point must be to a place's point or outline, in metres or ``"100ft"``, where neither address nor outline decides.

    Returns
    -------
    Series
        Named ``place_id``, on the index of `events`: the ``id`` of the place; missing where there is none.

    Notes
    -----
    In this order: the same address (``place``), the first row of it in the register; the parcel whose outline holds the point; the nearest place within
    `distance`, the first in the register where two are equally near. An event that is known by its hundred block or its crossing only is at no
    parcel: its point stands in the street.

    Examples
    --------
    >>> import pandas as pd, sara
    >>> register = sara.read_places(pd.DataFrame({"pin": [7], "address": ["12 Oak St"], "lon": [-88.9], "lat": [40.9]}))
    >>> table = pd.DataFrame({"t": ["2024-03-01", "2024-03-02"], "where": ["12 OAK ST APT 2", "900 ELM ST"], "lon": [-88.9, -88.95], "lat": [40.9, 40.9]})
    >>> sara.data.at_places(sara.as_events(table, time="t", place="where", lon="lon", lat="lat"), register).fillna("no place").tolist()
    ['7', 'no place']
    """
    events = check_events(events)
    if not isinstance(places, gpd.GeoDataFrame):
        raise InputError(
            f"`places` must be a register. Got a {type(places).__name__}. Write: places = sara.read_places('parcels.geojson')"
        )
    check_columns(places, ["id", "place"], argument="places", table="places")
    within = metres(distance, name="distance", zero=True)
    place = events["place"].astype(object)
    first = pd.Series(np.arange(len(places)), index=places["place"].astype(object)).loc[lambda s: s.index.notna()]
    first = first[~first.index.duplicated()]
    which = place.map(first).fillna(-1).to_numpy(dtype=np.int64)
    loose = place.astype(str).str.contains(r"^\d+ BLOCK OF | / ", regex=True).to_numpy() & place.notna().to_numpy()
    open_ = np.flatnonzero((which < 0) & ~loose & np.isfinite(events["x"].to_numpy(dtype=float, na_value=np.nan)))
    if len(open_) and places.geometry.notna().any():
        which[open_] = _by_shape(events.iloc[open_], places.to_crs(events.crs), within)
    ids = np.append(places["id"].to_numpy(dtype=object), np.array([None], dtype=object))
    return pd.Series(ids[which], index=events.index, name="place_id", dtype=object).astype(TEXT_DTYPE)


def _by_shape(events: gpd.GeoDataFrame, places: gpd.GeoDataFrame, within: float) -> npt.NDArray[np.int64]:
    shapes = places.geometry.to_numpy()
    areas = np.flatnonzero(np.isin(shapely.get_type_id(shapes), (3, 6)))
    x, y = events["x"].to_numpy(dtype=float), events["y"].to_numpy(dtype=float)
    which = np.full(len(x), -1, dtype=np.int64)
    if len(areas):
        inside = area_numbers(x, y, shapes[areas])
        which = np.where(inside >= 0, areas[inside], -1)
    lost = np.flatnonzero(which < 0)
    tree = shapely.STRtree(shapes)
    event, found = (
        tree.query_nearest(shapely.points(x[lost], y[lost]), max_distance=within, all_matches=True)
        if within > 0
        else np.empty((2, 0), dtype=np.int64)
    )
    order = np.lexsort((found, event))
    one, at = np.unique(event[order], return_index=True)
    which[lost[one]] = found[order][at]
    return which


def _columns(frame: pd.DataFrame, given: Columns) -> dict[str, str]:
    wrong = [name for name in given if name not in FIELDS]
    if wrong:
        raise InputError(
            f"`columns` must name fields of a place. Got {wrong[0]!r}.{suggest(wrong[0], FIELDS)} Fields: {', '.join(FIELDS)}"
        )
    check_columns(frame, [column for column in given.values() if column is not None], argument="columns", table="path")
    found = {name: given[name] if name in given else column_named(frame, words) for name, words in FIELDS.items()}
    if "address" not in given:
        found["address"] = address_column(frame)
    return {name: column for name, column in found.items() if column is not None}


def _addresses(frame: pd.DataFrame, used: Mapping[str, str], given: Columns) -> tuple[npt.NDArray[np.object_], dict[str, str]]:
    """Return addresses as published: one column, or a house number and the parts of a street."""
    city = texts(frame, used.get("city"))
    whole = texts(frame, used.get("address"))
    named, numbers, names = ({}, whole, whole) if "address" in given else numbered_streets(frame, used.get("address"), _HOUSE)
    parts = {"number" if name == "number" else f"street {name}": column for name, column in named.items()}
    street = np.full(len(frame), None, dtype=object)
    if parts:
        street = np.array(
            [f"{n} {s}" if n and s and n != "0" else None for n, s in zip(numbers, names, strict=True)], dtype=object
        )
    # Where the whole address is there too, it fills the gaps.
    street = np.where(pd.notna(street), street, whole)
    several = pd.Series(city).nunique() > 1
    return np.array(
        [f"{s}, {c}" if s and c and several and "," not in s else s for s, c in zip(street, city, strict=True)],
        dtype=object,
    ), parts


def _metric(layer: Layer) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.float64], npt.NDArray[np.float64], Any]:
    if layer.crs is None:
        nothing = np.full(len(layer.frame), np.nan)
        return layer.shapes, nothing, nothing.copy(), "EPSG:6933"
    shapes = gpd.GeoSeries(layer.shapes, crs=layer.crs)
    if not (shapes.crs.is_projected and shapes.crs.axis_info[0].unit_name in ("metre", "meter")) and shapes.notna().any():
        shapes = shapes.to_crs(shapes[shapes.notna()].estimate_utm_crs())
    out = shapes.to_numpy().copy()
    broken = ~shapely.is_missing(out) & ~shapely.is_valid(out)
    out[broken] = shapely.make_valid(out[broken])
    out[~shapely.is_missing(out) & shapely.is_empty(out)] = None
    inside = shapely.point_on_surface(out)
    return out, np.asarray(shapely.get_x(inside), dtype=float), np.asarray(shapely.get_y(inside), dtype=float), shapes.crs


def _kind(frame: pd.DataFrame) -> str:
    have = {plain(column) for column in frame.columns}
    return next((kind for kind, words in _KINDS.items() if have & set(words)), "place")


def _unique(given: pd.Series) -> pd.Series:
    """Return ids that all differ: a second row of an id gets ``-2``; a row without one is named by its position."""
    given = given.where(given.notna(), pd.Series([f"row-{i + 1}" for i in range(len(given))], dtype=object))
    again = given.groupby(given).cumcount()
    return given.where(again == 0, given + "-" + (again + 1).astype(str))


def _as_published(frame: pd.DataFrame, column: str | None) -> pd.Series:
    if column is None:
        return pd.Series(np.full(len(frame), None), dtype=object)
    return clean_text(frame[column]).astype(object).reset_index(drop=True)


def _numbers(frame: pd.DataFrame, column: str | None) -> pd.Series:
    if column is None:
        return pd.Series(np.full(len(frame), np.nan))
    values = frame[column]
    if not pd.api.types.is_numeric_dtype(values.dtype):
        values = values.astype(object).where(values.notna(), "").astype(str).str.replace(",", "", regex=False)
    return pd.to_numeric(values, errors="coerce").astype(float).reset_index(drop=True)


def _whole(frame: pd.DataFrame, column: str | None) -> pd.Series:
    values = _numbers(frame, column)
    return values.where((values >= 0) & (values % 1 == 0)).astype("Int64")


def _year(values: pd.Series) -> pd.Series:
    return values.where((values >= 1600) & (values <= 2100))


def _size_unit(column: str | None) -> tuple[str | None, float]:
    if column is None:
        return None, 1.0
    word = plain(column)
    if re.search(r"sqft|sqfeet|squarefeet|squarefootage|sf$|_?ft2|feet", word):
        return "m2, from square feet", _SQUARE_FEET
    if "acre" in word:
        return "m2, from acres", _ACRE
    if re.search(r"sqm|m2|squaremet", word):
        return "m2", 1.0
    return "as published", 1.0


def _size(frame: pd.DataFrame, column: str | None) -> pd.Series:
    values = _numbers(frame, column) * _size_unit(column)[1]
    # Nought means "not known" in every register.
    return values.where(values > 0)
