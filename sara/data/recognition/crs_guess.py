"""Which coordinate system x and y are in, from the numbers and what else the table says; asked for where that leaves more than one.

The first point is read under every system that publishers use - US State Plane in feet and metres, UTM, national grids, Web Mercator - and a
system stays in the running only if the point lands inside the area the system was made for, and where the table's own states, ZIP codes or
time zone say the city is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd

from sara.data._text import is_blank
from sara.data.recognition.names import words_of

__all__ = ["Candidate", "candidates", "states_named", "zone_place"]

# How far, in degrees, the area of a system may lie from the time zone's own city: the widest zones span a continent, a country's grid does not.
_ZONE_REACH, _GRID_REACH = 25.0, 1.0
_NATIONAL = frozenset(
    {
        27700,
        29902,
        2157,
        28992,
        31370,
        3812,
        2154,
        2056,
        21781,
        31287,
        2180,
        3006,
        2193,
        3067,
        5514,
        3765,
        6372,
        2950,
        2951,
        2952,
        3005,
        2326,
        3414,
        32188,
        31467,
        31468,
        31466,
        3003,
        3004,
        2100,
        20790,
        3763,
    }
)
_UTM = frozenset((*range(32601, 32661), *range(32701, 32761), *range(25828, 25839)))
# A point so near to the time zone's own city is in it, where no other system puts one within the wider ring: kilometres.
_IN_CITY, _NO_OTHER = 40.0, 120.0
_MERCATOR = 3857
_US_STATES = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado", "CT": "Connecticut", "DE": "Delaware",
    "FL": "Florida", "GA": "Georgia", "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky",
    "LA": "Louisiana", "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi", "MO": "Missouri",
    "MT": "Montana", "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire", "NJ": "New Jersey", "NM": "New Mexico", "NY": "New York",
    "NC": "North Carolina", "ND": "North Dakota", "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island",
    "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont", "VA": "Virginia",
    "WA": "Washington", "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming", "DC": "Maryland", "PR": "Puerto Rico",
}  # fmt: skip
# First three digits of a ZIP code -> state, as the first of each run.
_ZIP3 = (
    "006 PR,010 MA,028 RI,030 NH,039 ME,050 VT,055 MA,056 VT,060 CT,070 NJ,090 -,100 NY,150 PA,197 DE,200 DC,206 MD,220 VA,247 WV,270 NC,290 SC,"
    "300 GA,320 FL,340 -,341 FL,350 AL,370 TN,386 MS,398 GA,400 KY,430 OH,460 IN,480 MI,500 IA,530 WI,550 MN,570 SD,580 ND,590 MT,600 IL,630 MO,"
    "660 KS,680 NE,700 LA,716 AR,730 OK,733 TX,734 OK,750 TX,800 CO,820 WY,832 ID,840 UT,850 AZ,870 NM,885 TX,889 NV,900 CA,962 -,967 HI,969 -,970 OR,980 WA,995 AK"
)


@dataclass(frozen=True)
class Candidate:
    """A system, and where the first point would land under it."""

    code: int
    name: str
    lon: float
    lat: float

    @property
    def words(self) -> str:
        """One line for an error."""
        return f"crs={self.code} ({self.name}): {self.lat:.4f}, {self.lon:.4f}"


def candidates(x: np.ndarray, y: np.ndarray, frame: pd.DataFrame, tz: str | None) -> tuple[list[Candidate], str]:
    """Return the systems under which the points land where the table says, best known first, and what the table says.

    Parameters
    ----------
    x, y : ndarray
        Coordinates, all of them numbers and none zero.
    frame : DataFrame
        The table as published: states, ZIP codes, names of columns.
    tz : str or None
        The city's time zone.
    """
    states = states_named(frame)
    zone = zone_place(tz)
    middle = (float(np.median(x)), float(np.median(y)))
    found: list[Candidate] = []
    for code, name, box in _systems():
        if _elsewhere(code, name, box, states, zone):
            continue
        lon, lat = _landed(code, *middle)
        if not (np.isfinite(lon) and np.isfinite(lat) and box[0] <= lon <= box[2] and box[1] <= lat <= box[3]):
            continue
        if zone is not None and not _near(lon, lat, zone):
            continue
        if states and not any(_inside(lon, lat, _state_box(state)) for state in states):
            continue
        first_lon, first_lat = _landed(code, float(x[0]), float(y[0]))
        found.append(Candidate(code, name, first_lon, first_lat))
    if zone is not None:
        found.sort(key=lambda one: round(abs(one.lon - zone[0]) + abs(one.lat - zone[1]), 3))
    said = ", ".join([*sorted(states), *([f"time zone {tz}"] if zone is not None else [])])
    found = _one_of_each(found)
    if zone is not None and len(found) > 1:
        away = [_kilometres((one.lon, one.lat), zone) for one in found]
        if min(away) < _IN_CITY and sorted(away)[1] > _NO_OTHER:
            return [found[int(np.argmin(away))]], f"{said}, in whose own city it puts the points"
    return found, said


def _kilometres(one: tuple[float, float], other: tuple[float, float]) -> float:
    wide = np.cos(np.radians((one[1] + other[1]) / 2))
    return float(111.2 * np.hypot((one[0] - other[0]) * wide, one[1] - other[1]))


def _elsewhere(code: int, name: str, box: tuple[float, ...], states: frozenset[str], zone: tuple[float, float] | None) -> bool:
    """Whether a system can be left out before anything is computed."""
    if states:
        american = code in _UTM or code == _MERCATOR or any(name.startswith(f"NAD83 / {state}") for state in states)
        return not american
    if zone is None or code in _UTM or code == _MERCATOR:
        return False
    # A national grid belongs to one country, and so does a time zone's own city.
    reach = _GRID_REACH if code in _NATIONAL else _ZONE_REACH
    return not (box[0] - reach <= zone[0] <= box[2] + reach and box[1] - reach <= zone[1] <= box[3] + reach)


def _one_of_each(found: list[Candidate]) -> list[Candidate]:
    """Leave out systems under which the first point lands where another has it already."""
    kept: list[Candidate] = []
    for one in found:
        if not any(abs(one.lon - other.lon) < 0.002 and abs(one.lat - other.lat) < 0.002 for other in kept):
            kept.append(one)
    return kept


@lru_cache(maxsize=1)
def _systems() -> tuple[tuple[int, str, tuple[float, float, float, float]], ...]:
    """Return ``(code, name, (west, south, east, north))`` of the systems publishers use."""
    from pyproj.database import query_crs_info
    from pyproj.enums import PJType

    wanted = {*_NATIONAL, *_UTM}
    plane, others = [], []
    for info in query_crs_info(auth_name="EPSG", pj_types=[PJType.PROJECTED_CRS]):
        area = info.area_of_use
        if area is None or not info.code.isdigit():
            continue
        box = (area.west, area.south, area.east, area.north)
        state = re.match(r"NAD83 / (" + "|".join(_US_STATES.values()) + r")(?: |$)", info.name)
        if state and not re.search(r"Offshore|Transverse|Oblique|Mapping|LCC|CS2000|Albers|Lambert|GM|TM\b", info.name):
            plane.append((int(info.code), info.name, box))
        elif int(info.code) in wanted:
            others.append((int(info.code), info.name, box))
    # Feet before metres, and the world's own last: in the order of how often cities publish them.
    plane.sort(key=lambda entry: ("ft" not in entry[1], entry[0]))
    others.sort(key=lambda entry: (entry[0] in _UTM, entry[0]))
    return (*plane, *others, (_MERCATOR, "Web Mercator", (-180.0, -75.0, 180.0, 75.0)))


@lru_cache(maxsize=512)
def _transformer(code: int):  # type: ignore[no-untyped-def]
    import pyproj

    return pyproj.Transformer.from_crs(code, 4326, always_xy=True)


def _landed(code: int, x: float, y: float) -> tuple[float, float]:
    lon, lat = _transformer(code).transform(x, y)
    return float(lon), float(lat)


@lru_cache(maxsize=64)
def _state_box(state: str) -> tuple[float, float, float, float]:
    boxes = np.array([box for _, name, box in _systems() if name.startswith(f"NAD83 / {state}")])
    if len(boxes) == 0:
        return (-180.0, -90.0, 180.0, 90.0)
    return (float(boxes[:, 0].min()), float(boxes[:, 1].min()), float(boxes[:, 2].max()), float(boxes[:, 3].max()))


def _inside(lon: float, lat: float, box: tuple[float, float, float, float]) -> bool:
    return box[0] <= lon <= box[2] and box[1] <= lat <= box[3]


def _near(lon: float, lat: float, zone: tuple[float, float]) -> bool:
    # A zone's hour is fifteen degrees wide, and its clock is set by people: half as much again on either side.
    reach = 16.0 if -170 < zone[0] < -50 else 12.0
    return abs(lon - zone[0]) <= reach and abs(lat - zone[1]) <= (20.0 if reach == 16.0 else 9.0)


@lru_cache(maxsize=32)
def zone_place(tz: str | None) -> tuple[float, float] | None:
    """Return longitude and latitude of a time zone's own city, from the zone table, or None."""
    if not tz:
        return None
    for line in _zone_table().splitlines():
        parts = line.split("\t")
        if not line.startswith("#") and len(parts) >= 3 and parts[2] == tz:
            match = re.fullmatch(r"([+-]\d{2})(\d{2})(\d{2})?([+-]\d{3})(\d{2})(\d{2})?", parts[1])
            if match:
                lat, lon = (_degrees(match[i], match[i + 1]) for i in (1, 4))
                return lon, lat
    return None


def _degrees(whole: str, minutes: str) -> float:
    return (-1 if whole[0] == "-" else 1) * (abs(int(whole)) + int(minutes) / 60)


@lru_cache(maxsize=1)
def _zone_table() -> str:
    try:
        return resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    except (ModuleNotFoundError, OSError):
        place = Path("/usr/share/zoneinfo/zone.tab")
        return place.read_text(encoding="utf-8") if place.exists() else ""


def states_named(frame: pd.DataFrame) -> frozenset[str]:
    """Return the US states that columns of states, addresses or ZIP codes name for nearly all rows; usually one, or none."""
    step = max(1, len(frame) // 400)
    sample = pd.DataFrame(frame).iloc[::step]
    by_name = {name.upper(): name for name in _US_STATES.values()}
    for column in sample.columns:
        words = words_of(column)
        if not re.search(r"(?:^|_)(?:state|st|province|zip|zipcode|postal|address|addr|location)(?:_|$)", words):
            continue
        values = sample[column]
        if isinstance(values, pd.DataFrame) or str(values.dtype) == "geometry":
            continue
        filled = values[~is_blank(values)].astype(object).astype(str).str.strip().str.upper()
        if len(filled) == 0:
            continue
        if re.search(r"zip|postal", words):
            told = filled.str.extract(r"^([0-9]{5})(?:\.0|-[0-9]{4})?$")[0].map(_state_of_zip)
        elif re.search(r"(?:^|_)(?:state|st|province)(?:_|$)", words):
            told = filled.map(lambda value: _US_STATES.get(value) or by_name.get(value))
        else:
            told = filled.str.extract(r"[ ,]([A-Z]{2})(?:[ ,]+[0-9]{5}(?:-[0-9]{4})?)?(?:,? USA)?$")[0].map(_US_STATES)
        counts = told.dropna().value_counts(normalize=True)
        if len(counts) and told.notna().mean() > 0.5 and counts.iloc[0] > 0.6:
            return frozenset(counts.index[counts > 0.2])
    return frozenset()


def _state_of_zip(code: object) -> str | None:
    if not isinstance(code, str):
        return None
    starts, names = _zip_runs()
    position = int(np.searchsorted(starts, int(code[:3]), side="right")) - 1
    return _US_STATES.get(names[position]) if position >= 0 else None


@lru_cache(maxsize=1)
def _zip_runs() -> tuple[np.ndarray, list[str]]:
    pairs = [run.split(" ") for run in _ZIP3.split(",")]
    return np.array([int(start) for start, _ in pairs]), [name for _, name in pairs]
