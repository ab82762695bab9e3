"""Addresses, hundred blocks and crossings: every place an event can happen at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import shapely

from sara.teach._areas import neighborhoods
from sara.teach._names import BAR_NAMES, NEIGHBORHOODS
from sara.teach._streets import PLOTS, STRIP_AT, Floats, Ground, Ints, ground

__all__ = ["STRIP", "TWINS", "Sites", "Stretch", "TownMap", "town_map"]

Texts = npt.NDArray[np.object_]

USES = (
    "house", "apartment complex", "shop", "bar", "office", "warehouse", "school", "station", "park and ride", "transit mall", "hospital",
    "police headquarters", "park", "campus", "library", "block", "crossing",
)  # fmt: skip
# Nightlife: where the stretch is, how many bars. The first is the strip; the others are what an honest comparison needs.
STRIP = ("Ferry strip", STRIP_AT, 5)
TWINS = (
    ("Mill District bars", (-1180.0, 420.0), 3),
    ("Northgate bars", (-330.0, 2560.0), 3),
    ("Eastfield bars", (2900.0, 1050.0), 3),
    ("Station Quarter bars", (620.0, -1900.0), 3),
    ("South Bank bars", (-700.0, -1480.0), 3),
    ("Lincoln Park bars", (-2500.0, -330.0), 3),
)
REACH = 225.0  # metres from the middle of a stretch to its ends
SCHOOLS = (
    ("Adams Elementary", (-3300, 2250)), ("Bluestem Elementary", (3150, 2350)), ("Clay Street School", (-1700, 2350)), ("Eastfield Middle School", (2700, 350)),
    ("Fairview High School", (1750, 3150)), ("Garden Elementary", (900, 1900)), ("Lincoln Park School", (-3600, -250)), ("Meadowbrook Elementary", (2700, -2050)),
    ("Mill School", (-1600, 650)), ("Northgate High School", (-700, 3000)), ("Old Town Academy", (-350, 100)), ("Rosewood Elementary", (350, -2750)),
    ("Brickyard School", (-2300, -1400)), ("South Bank Middle School", (-200, -1950)), ("Eastgate High School", (3300, -950)), ("Westlake Elementary", (-3700, 1400)),
)  # fmt: skip
SINGLES = (
    ("Riverton Police Headquarters", "police headquarters", (-120, 330)),
    ("Riverton Station", "station", (1020, -1560)),
    ("Station Park & Ride", "park and ride", (1180, -1700)),
    ("Downtown Transit Mall", "transit mall", (430, 120)),
    ("Central Library", "library", (-330, -60)),
)


@dataclass(frozen=True)
class Sites:
    """Places as parallel arrays: parcels first, then hundred blocks, then crossings.

    Parameters
    ----------
    x, y : array of float
        Metres from the centre.
    address : array of object
        The tidy spelling; unique.
    use : array of int
        Index into `USES`.
    name : array of object
        Of a bar, school or other facility; empty otherwise.
    units : array of int
        Homes at the place.
    area : array of int
        Index into `NEIGHBORHOODS`.
    street : array of object
        Street name; of a crossing the first of the two.
    """

    x: Floats
    y: Floats
    address: Texts
    use: Ints
    name: Texts
    units: Ints
    area: Ints
    street: Texts

    def are(self, *uses: str) -> npt.NDArray[np.bool_]:
        """Return a mask of the sites with one of these uses."""
        return np.isin(self.use, [USES.index(use) for use in uses])


@dataclass(frozen=True)
class Stretch:
    """A few hundred metres of one street with bars on it.

    Parameters
    ----------
    name : str
        What it is called.
    polygon : Polygon
        The street and the lots on both sides, in metres from the centre.
    sites : array of int
        The places inside `polygon`; `bars` are those with a bar.
    """

    name: str
    polygon: shapely.Polygon
    sites: Ints
    bars: Ints


@dataclass(frozen=True)
class TownMap:
    """Everything that does not move: ground, neighbourhoods, places, nightlife stretches (the strip first)."""

    ground: Ground
    areas: npt.NDArray[np.object_]
    sites: Sites
    stretches: tuple[Stretch, ...]


@cache
def town_map() -> TownMap:
    """Return the map of Riverton; it is the same for every seed."""
    base = ground()
    areas = neighborhoods(base)
    rng = np.random.default_rng(1837)
    parcels = _parcels(base, areas, rng)
    blocks, crossings = _blocks(base), _crossings(base)
    columns = [np.concatenate(parts) for parts in zip(parcels, blocks, crossings, strict=True)]
    x, y, address, use, name, units, street = columns
    _, first = np.unique(address.astype(str), return_index=True)
    keep = np.sort(first)
    x, y, address, use, name, units, street = (column[keep] for column in columns)
    sites = Sites(
        x=x, y=y, address=address, use=use.astype(np.int64), name=name, units=units.astype(np.int64), area=_area_of(x, y, areas), street=street,
    )  # fmt: skip
    return _with_nightlife(base, areas, sites)


def _area_of(x: Floats, y: Floats, areas: npt.NDArray[np.object_]) -> Ints:
    point, area = shapely.STRtree(areas).query(shapely.points(x, y), predicate="dwithin", distance=60.0)
    gap = shapely.distance(shapely.points(x, y)[point], areas[area])
    order = np.lexsort((area, gap, point))
    _, first = np.unique(point[order], return_index=True)
    return area[order][first].astype(np.int64)


def _parcels(base: Ground, areas: npt.NDArray[np.object_], rng: np.random.Generator) -> list[npt.NDArray]:
    """Return lots along the streets: houses face the quiet streets, shops the arterials."""
    length = shapely.length(base.line)
    middle = shapely.get_coordinates(shapely.line_interpolate_point(base.line, 0.5, normalized=True))
    ends = shapely.get_coordinates(shapely.get_point(base.line, -1)) - shapely.get_coordinates(shapely.get_point(base.line, 0))
    area = np.array(list(NEIGHBORHOODS), dtype=object)[_area_of(middle[:, 0], middle[:, 1], areas)]
    core, new = area == "Old Town", area == "Prairie Crossing"
    main = base.kind == "arterial"
    facing = core | new | main | (np.abs(ends[:, 0]) > np.abs(ends[:, 1]))
    spacing = np.select([core, main, new], [15.0, 27.0, 24.0], 21.0)
    n = np.where(facing & (base.kind != "bridge"), np.floor((length - 22) / spacing), 0).clip(0).astype(np.int64)
    segment = np.repeat(np.arange(len(n)), 2 * n)
    rank = np.arange(len(segment)) - np.repeat(np.cumsum(2 * n) - 2 * n, 2 * n)
    side, step = rank % 2, rank // 2
    along = 11 + (step + 0.5) * ((length - 22) / n.clip(1))[segment]
    line = base.line[segment]
    on = shapely.get_coordinates(shapely.line_interpolate_point(line, along))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(line, along + 0.5)) - on
    normal = np.c_[-ahead[:, 1], ahead[:, 0]] / np.hypot(ahead[:, 0], ahead[:, 1])[:, None]
    setback = np.where(core, 9.0, 15.0)[segment] + rng.random(len(segment)) * 4
    where = on + normal * (np.where(side == 1, 1.0, -1.0) * setback)[:, None]
    number = np.floor(base.low[segment] + (base.high - base.low)[segment] * along / length[segment]).astype(np.int64)
    number += (number % 2) != side
    use = _uses(core[segment], main[segment], area[segment], rng)
    clear = ~shapely.contains_xy(shapely.union_all(list(base.plots.values())), where[:, 0], where[:, 1])
    clear &= ~shapely.contains_xy(base.river, where[:, 0], where[:, 1]) & shapely.contains_xy(
        base.boundary.buffer(-5), where[:, 0], where[:, 1]
    )
    clear &= rng.random(len(segment)) > np.where(core, 0.05, 0.12)[segment]
    street = base.name[segment]
    address = np.array([f"{n} {s}" for n, s in zip(number, street, strict=True)], dtype=object)
    units = np.where(
        use == 0, 1, np.where(use == 1, np.exp(2.9 + 0.75 * rng.standard_normal(len(use))).clip(6, 220).astype(np.int64), 0)
    )
    # A shop street in the old core has flats above the shops.
    units = np.where((use == 2) & core[segment], 2, units)
    name = np.full(len(use), "", dtype=object)
    columns = [where[clear, 0], where[clear, 1], address[clear], use[clear], name[clear], units[clear], street[clear]]
    return _with_facilities(base, columns)


def _uses(core: npt.NDArray[np.bool_], main: npt.NDArray[np.bool_], area: Texts, rng: np.random.Generator) -> Ints:
    draw = rng.random(len(core))
    busy = np.isin(area, ["Mill District", "South Bank", "Station Quarter", "Riverbend", "Brickyard", "Rosewood", "College Hill"])
    shop = np.select([core, main], [0.38, 0.30], 0.004)
    office = shop + np.select([core, main], [0.12, 0.07], 0.001)
    store = office + np.select([core, main], [0.0, 0.02], 0.001)
    flats = store + np.select([core, main & busy, main, busy], [0.02, 0.07, 0.03, 0.012], 0.004)
    return np.select([draw < shop, draw < office, draw < store, draw < flats], [2, 4, 5, 1], 0).astype(np.int64)


def _with_facilities(base: Ground, columns: list[npt.NDArray]) -> list[npt.NDArray]:
    """Put parks, schools and the single facilities on lots of their own: the nearest lot's number, half a step on."""
    x, y, address, use, name, units, street = columns
    wanted = [(label, USES.index("school"), spot) for label, spot in SCHOOLS]
    wanted += [(label, USES.index(kind), spot) for label, kind, spot in SINGLES]
    # Works and yards are plots without an address of their own in the files.
    wanted += [
        (label, USES.index(PLOTS[label][0]), (plot.centroid.x, plot.centroid.y))
        for label, plot in base.plots.items()
        if PLOTS[label][0] in USES
    ]
    taken: set[int] = set()
    for label, kind, spot in wanted:
        order = np.argsort(np.hypot(x - spot[0], y - spot[1]), kind="stable")
        lot = int(next(i for i in order[:50] if i not in taken))
        taken.add(lot)
        use[lot], name[lot], units[lot] = kind, label, 0
        if label in base.plots:
            x[lot], y[lot] = spot
    return [x, y, address, use, name, units, street]


def _blocks(base: Ground) -> list[npt.NDArray]:
    """Return one place per hundred block: what an officer gives who did not see the house number."""
    middle = shapely.get_coordinates(shapely.line_interpolate_point(base.line, 0.5, normalized=True))
    hundred = (np.floor((base.low + base.high) / 200) * 100).astype(np.int64)
    keys = np.array([f"{h} BLOCK OF {name}" for h, name in zip(hundred, base.name, strict=True)], dtype=object)
    keep = base.kind != "bridge"
    unique, first = np.unique(keys[keep].astype(str), return_index=True)
    return _bare(middle[keep][first], unique.astype(object), "block", base.name[keep][first])


def _crossings(base: Ground) -> list[npt.NDArray]:
    """Return the crossings of two streets with different names."""
    node, name = base.node.ravel(), np.repeat(base.name, 2)
    order = np.lexsort((name.astype(str), node))
    node, name = node[order], name[order]
    new = np.r_[True, (node[1:] != node[:-1]) | (name[1:] != name[:-1])]
    node, name = node[new], name[new]
    pair = np.flatnonzero(node[1:] == node[:-1])
    _, first = np.unique(node[pair], return_index=True)
    pair = pair[first]
    address = np.array([f"{a} / {b}" for a, b in zip(name[pair], name[pair + 1], strict=True)], dtype=object)
    return _bare(base.crossing[node[pair]], address, "crossing", name[pair])


def _bare(where: Floats, address: Texts, use: str, street: Texts) -> list[npt.NDArray]:
    n = len(where)
    return [
        where[:, 0],
        where[:, 1],
        address,
        np.full(n, USES.index(use)),
        np.full(n, "", dtype=object),
        np.zeros(n, dtype=np.int64),
        street,
    ]


def _with_nightlife(base: Ground, areas: npt.NDArray[np.object_], sites: Sites) -> TownMap:
    """Choose the street stretches with bars, and turn lots there into bars."""
    use, name = sites.use.copy(), sites.name.copy()
    names = iter(BAR_NAMES)
    stretches = []
    points = shapely.points(sites.x, sites.y)
    middle = shapely.line_interpolate_point(base.line, 0.5, normalized=True)
    for label, spot, n_bars in (STRIP, *TWINS):
        at = shapely.Point(spot)
        wide = (base.kind == "arterial") | ((label == STRIP[0]) & (base.kind == "local"))
        gap = np.where(wide, shapely.distance(base.line, at), np.inf)
        street = base.name[int(np.argmin(gap))]
        lines = base.line[(base.name == street) & (shapely.distance(middle, at) < REACH)]
        polygon = shapely.union_all(shapely.buffer(lines, 32.0, cap_style="flat", join_style="bevel")).buffer(4)
        inside = np.flatnonzero(shapely.contains(polygon, points))
        lots = inside[np.isin(use[inside], [0, 1, 2, 4]) & (sites.street[inside] == street)]
        along = np.argsort(shapely.line_locate_point(shapely.line_merge(shapely.union_all(lines)), points[lots]), kind="stable")
        bars = lots[along[(np.linspace(0.08, 0.92, n_bars) * len(along)).astype(np.int64)]]
        use[bars] = USES.index("bar")
        name[bars] = [next(names) for _ in bars]
        stretches.append(
            Stretch(label, polygon, inside[(sites.street[inside] == street) | ~np.isin(use[inside], [0, 1, 2])], bars)
        )
    changed = Sites(**{**sites.__dict__, "use": use, "name": name, "units": np.where(use == USES.index("bar"), 0, sites.units)})
    return TownMap(base, areas, changed, tuple(stretches))
