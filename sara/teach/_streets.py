"""The ground of Riverton: boundary, river, streets and blocks. The same for every seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from sara.teach._names import AVENUES, PRAIRIE, STATES, TRADES

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

__all__ = ["CENTER", "CRS", "Ground", "faces_of", "ground"]

# A fictional place on the plains: lon -88.90, lat 40.90, so that no real city is taken for Riverton. Metres are counted from here.
CRS = "EPSG:32616"
CENTER = (339_970.0, 4_529_370.0)

BOUNDARY = [
    (-4000, 2800), (-2900, 2900), (-2880, 3330), (-1300, 3480), (-1260, 3180), (300, 3420), (340, 3640), (1500, 3560), (2050, 3060), (3150, 2980),
    (4000, 2550), (3920, 1500), (4450, 1380), (4420, 300), (4620, -150), (4180, -800), (4150, -1750), (3150, -1900), (3080, -2750), (1700, -2850),
    (1620, -3250), (250, -3330), (-1500, -3180), (-1650, -2700), (-2900, -2520), (-3250, -1450), (-4050, -1150), (-4300, 150), (-4120, 900), (-4350, 1750),
]  # fmt: skip
RIVER = [
    (-5600, 1500), (-4500, 850), (-3400, 330), (-2400, 250), (-1500, -120), (-900, -640), (-350, -1010), (300, -1090), (850, -830), (1250, -420),
    (1850, -250), (2600, -480), (3500, -420), (4400, -700), (5600, -500),
]  # fmt: skip
RIVER_WIDTH, BANK = 125.0, 45.0
STUB = 45.0  # dead ends shorter than this are driveways
OLD_TOWN = [(-640, 250), (-560, -480), (-130, -810), (480, -800), (900, -420), (760, 260), (330, 560), (-250, 560)]
NEW_TOWN = [(2450, 1500), (3960, 1420), (4100, 2600), (3150, 3060), (2480, 2960)]
# The middle of the bar strip: no gap in the streets there.
STRIP_AT = (170.0, -120.0)
# Where a street crosses the water, metres east of the centre.
BRIDGES_AT = (-3050.0, -1750.0, -480.0, 620.0, 1950.0, 3450.0)

# Larger plots without streets through them: name, use, outline.
PLOTS: dict[str, tuple[str, list[tuple[float, float]]]] = {
    "Riverton State College": ("campus", [(-2050, 1180), (-1150, 1230), (-1130, 1760), (-2040, 1730)]),
    "Commons Park": ("park", [(-60, 760), (420, 760), (420, 1130), (-60, 1130)]),
    "Levee Park": ("park", [(-2900, 420), (-2150, 380), (-2100, 640), (-2900, 720)]),
    "Lincoln Park": ("park", [(-3400, -700), (-2720, -760), (-2700, -380), (-3380, -330)]),
    "Fairview Park": ("park", [(1350, 2420), (2000, 2420), (2000, 2830), (1350, 2830)]),
    "Rosewood Park": ("park", [(-560, -2960), (-120, -2990), (-110, -2700), (-540, -2680)]),
    "Meadowbrook Park": ("park", [(2250, -1640), (2800, -1700), (2820, -1360), (2280, -1320)]),
    "Riverton General Hospital": ("hospital", [(930, 1180), (1400, 1180), (1400, 1500), (930, 1500)]),
    "Eastfield Fairgrounds": ("park", [(3560, 300), (4150, 260), (4150, 700), (3560, 720)]),
    "Brickyard Works": ("industry", [(-1750, -2350), (-950, -2450), (-930, -1990), (-1720, -1900)]),
    "Union Freight Yard": ("industry", [(1500, -2150), (2150, -2230), (2170, -1900), (1520, -1830)]),
}


@dataclass(frozen=True)
class Ground:
    """Streets cut at their crossings, in metres from the centre.

    Parameters
    ----------
    boundary, river : Polygon
        The municipal limit; the water inside it.
    stream : LineString
        The middle of the river.
    name, kind : array of object
        Street name and class ("arterial", "collector", "local", "bridge") of each stretch between two crossings.
    line : array of LineString
        The stretches, each drawn from its lower to its higher house number.
    low, high : array of float
        House numbers at the ends of a stretch: about one number per metre, so that a hundred block is about 100 m.
    node : array of int, shape (n, 2)
        The crossings at the two ends.
    crossing : array of float, shape (k, 2)
        Where the crossings are.
    block : array of Polygon
        The faces between streets; they tile the city.
    plots : dict of str to Polygon
        Parks, campus, hospital: outlines that follow streets.
    """

    boundary: shapely.Polygon
    river: shapely.Polygon
    stream: shapely.LineString
    name: npt.NDArray[np.object_]
    kind: npt.NDArray[np.object_]
    line: npt.NDArray[np.object_]
    low: Floats
    high: Floats
    node: Ints
    crossing: Floats
    block: npt.NDArray[np.object_]
    plots: dict[str, shapely.Polygon]


@dataclass(frozen=True)
class _Street:
    name: str
    kind: str
    line: shapely.LineString  # the whole street, before it is cut
    zero: float  # distance along it at which house numbers begin
    prefixes: tuple[str, str]  # direction words before and after the zero


def ground() -> Ground:
    """Return the ground of Riverton."""
    boundary = shapely.Polygon(BOUNDARY)
    center = shapely.LineString(_smooth(np.array(RIVER, dtype=float)))
    water = center.buffer(RIVER_WIDTH / 2)
    streets, pieces = _built(boundary, center)
    lines, owner = _cut(pieces)
    kind = np.array([streets[i].kind for i in owner], dtype=object)
    faces = faces_of(lines, boundary)
    plots = {name: _along_streets(shapely.Polygon(outline), faces) for name, (_, outline) in PLOTS.items()}
    inner = shapely.union_all([plot.buffer(-2) for plot in plots.values()])
    keep = ~shapely.contains(inner, shapely.line_interpolate_point(lines, 0.5, normalized=True))
    # A grid with every block the same is a drawing board: some short streets were never built through.
    gaps = np.where(np.char.endswith(np.array([streets[i].name for i in owner]).astype(str), (" CT")), 0.45, 0.08)
    near_strip = shapely.distance(lines, shapely.Point(STRIP_AT)) < 300
    keep &= (kind != "local") | near_strip | (np.random.default_rng(1851).random(len(lines)) > gaps)
    lines, owner = lines[keep], owner[keep]
    for _ in range(2):
        node, crossing = _nodes(lines)
        degree = np.bincount(node.ravel(), minlength=len(crossing))
        keep = ~((degree[node].min(axis=1) == 1) & (shapely.length(lines) < STUB)) & _largest(node, len(crossing))
        lines, owner = lines[keep], owner[keep]
    node, crossing = _nodes(lines)
    return _numbered(Ground(
        boundary=boundary, river=shapely.intersection(water, boundary), stream=center, name=owner, kind=owner, line=lines, low=np.zeros(0), high=np.zeros(0),
        node=node, crossing=crossing, block=faces_of(lines, boundary), plots=plots,
    ), streets, owner)  # fmt: skip


def _smooth(points: Floats, rounds: int = 4) -> Floats:
    """Cut corners (Chaikin): an angular line becomes a bend."""
    for _ in range(rounds):
        near, far = 0.75 * points[:-1] + 0.25 * points[1:], 0.25 * points[:-1] + 0.75 * points[1:]
        points = np.vstack([points[:1], np.stack([near, far], axis=1).reshape(-1, 2), points[-1:]])
    return points


def _built(boundary: shapely.Polygon, river: shapely.LineString) -> tuple[list[_Street], list[shapely.Geometry]]:
    """Return whole streets and, for each, the part of it that is built."""
    shore = river.buffer(RIVER_WIDTH / 2 + BANK)
    north, south = _banks(boundary, river)
    old, new = shapely.Polygon(OLD_TOWN), shapely.Polygon(NEW_TOWN)
    zones = [
        (_north(), north - shore - old - new),
        (_south(), south - shore),
        (_old_town(), (old & north) - shore),
        (_new_town(), new & boundary),
        (_edge("RIVERSIDE DR", "collector", shapely.intersection(shore.exterior, north)), boundary),
        (_edge("LEVEE RD", "collector", shapely.intersection(shore.exterior, south)), boundary),
        (_edge("RAMPART ST", "arterial", shapely.intersection(old.exterior, north - shore)), boundary),
        (_edge("PRAIRIE PKWY", "arterial", shapely.intersection(new.exterior, boundary.buffer(-30))), boundary),
        (_bridges(_south(), shore), shore & boundary),
    ]
    made = [(street, shapely.intersection(street.line, shape)) for streets, shape in zones for street in streets]
    made = [(street, part) for street, part in made if not part.is_empty]
    return [street for street, _ in made], [part for _, part in made]


def _banks(boundary: shapely.Polygon, river: shapely.LineString) -> tuple[shapely.Polygon, shapely.Polygon]:
    parts = sorted(
        shapely.get_parts(shapely.polygonize([*shapely.get_parts(boundary.exterior.union(river))])), key=lambda p: -p.centroid.y
    )
    return parts[0], parts[-1]


def _grid(
    angle: float,
    across: Floats,
    along: Floats,
    names: tuple[list[str], list[str]],
    prefixes: tuple[tuple[str, str], tuple[str, str]],
    wave: float,
    major: int,
) -> list[_Street]:
    """Return two families of streets, turned by `angle` degrees and bent by a slow wave of `wave` metres."""
    turn = np.deg2rad(angle)
    rotate = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])

    def draw(u: Floats, v: Floats) -> shapely.LineString:
        bent = np.c_[u + wave * np.sin(v / 640 + 0.5), v + 1.3 * wave * np.sin(u / 1150)]
        return shapely.LineString(bent @ rotate)

    streets = []
    reach_u, reach_v = np.arange(along[0] - 200, along[-1] + 200, 40.0), np.arange(across[0] - 200, across[-1] + 200, 40.0)
    for family, positions in enumerate((across, along)):
        for i, position in enumerate(positions):
            reach = np.sort(np.r_[reach_v if family else reach_u, 0.0])
            fixed = np.full(len(reach), position)
            line = draw(fixed, reach) if family else draw(reach, fixed)
            if prefixes[family][0] == prefixes[family][1]:
                # No direction word tells the two sides apart: numbers run from one end, away from the river in the south.
                zero = line.length if prefixes[family][0] == "S " else 0.0
            else:
                zero = float(shapely.line_locate_point(line, shapely.Point(line.coords[int(np.searchsorted(reach, 0.0))])))
            step = major // (2 if family else 1)
            kind = "arterial" if i % step == step // 2 else "collector" if i % (step // 2) == 0 else "local"
            streets.append(_Street(names[family][i], kind, line, zero, prefixes[family]))
    return streets


def _north() -> list[_Street]:
    across, along = np.arange(-1200, 3900, 106.0), np.arange(-4560, 4800, 190.0)
    names = [f"{_ordinal(i + 1)} ST" for i in range(len(across))], [f"{name} AV" for name in AVENUES[: len(along)]]
    return _grid(2.0, across, along, names, (("W ", "E "), ("N ", "N ")), 45.0, 8)


def _south() -> list[_Street]:
    across, along = np.arange(-3900, 300, 112.0), np.arange(-4500, 4800, 176.0)
    numbers = [f"{_ordinal(i + 1)} AV" for i in range(len(along))]
    names = [f"{STATES[i % len(STATES)]} {'ST' if i < len(STATES) else 'PL'}" for i in range(len(across))], numbers
    return _grid(-9.0, across, along, names, (("W ", "E "), ("S ", "S ")), 14.0, 8)


def _old_town() -> list[_Street]:
    across, along = np.arange(-900, 900, 92.0), np.arange(-900, 900, 74.0)
    names = (
        [f"{TRADES[i % len(TRADES)]} ST" for i in range(len(across))],
        [f"{TRADES[-1 - i % len(TRADES)]} ALLEY" for i in range(len(along))],
    )
    lanes = [name if i % 2 else name.replace("ALLEY", "LN") for i, name in enumerate(names[1])]
    return _grid(27.0, across, along, (names[0], lanes), (("", ""), ("", "")), 4.0, 10)


def _new_town() -> list[_Street]:
    """Arcs around a point outside the city, and short courts between them."""
    hub = np.array([4300.0, 3900.0])
    streets = []
    for i, radius in enumerate(np.arange(700, 3300, 98.0)):
        angles = np.deg2rad(np.arange(170, 300, 1.5))
        line = shapely.LineString(
            hub + radius * np.c_[np.cos(angles), np.sin(angles)] + 18 * np.c_[np.sin(angles * 9 + i), np.cos(angles * 7 + i)]
        )
        streets.append(
            _Street(f"{PRAIRIE[i % len(PRAIRIE)]} {'LN' if i < len(PRAIRIE) else 'TER'}", "local", line, 0.0, ("", ""))
        )
    for i, angle in enumerate(np.deg2rad(np.arange(172, 298, 4.5))):
        radii = np.arange(600, 3300, 30.0)
        line = shapely.LineString(hub + radii[:, None] * np.array([np.cos(angle), np.sin(angle)]))
        streets.append(
            _Street(f"{PRAIRIE[i % len(PRAIRIE)]} {'CT' if i < len(PRAIRIE) else 'WAY'}", "local", line, 0.0, ("", ""))
        )
    return streets


def _edge(name: str, kind: str, line: shapely.Geometry) -> list[_Street]:
    """Return the street that runs along the edge of a zone, drawn from west to east."""
    parts = shapely.get_parts(shapely.line_merge(line))
    parts = [part if part.coords[0][0] <= part.coords[-1][0] else shapely.reverse(part) for part in parts]
    start = 0.0
    streets = []
    for part in sorted(parts, key=lambda part: part.coords[0]):
        streets.append(_Street(name, kind, part, -start, ("", "")))
        start += part.length + 100
    return streets


def _bridges(south: list[_Street], shore: shapely.Polygon) -> list[_Street]:
    avenues = [street for street in south if street.name.endswith(" AV")]
    spans = []
    for east in BRIDGES_AT:
        middle = [shapely.intersection(street.line, shore) for street in avenues]
        distance = [
            abs(part.centroid.x - east) if not part.is_empty and part.geom_type == "LineString" else np.inf for part in middle
        ]
        street = avenues[int(np.argmin(distance))]
        spans.append(_Street(street.name, "bridge", street.line, street.zero, street.prefixes))
    return spans


def _cut(pieces: list[shapely.Geometry]) -> tuple[npt.NDArray[np.object_], Ints]:
    """Cut all streets where they cross; return the stretches and the street each belongs to."""
    lines = shapely.get_parts(shapely.union_all(np.array(pieces, dtype=object), grid_size=0.01))
    middle = shapely.line_interpolate_point(lines, 0.5, normalized=True)
    tree = shapely.STRtree(pieces)
    found, owner = tree.query(middle, predicate="dwithin", distance=0.1)
    first = np.full(len(lines), -1, dtype=np.int64)
    # Where two streets lie on each other the later one names the stretch: bridges and zone edges come last.
    order = np.lexsort((owner, found))
    first[found[order]] = owner[order]
    known = first >= 0
    return lines[known], first[known]


def faces_of(lines: npt.NDArray[np.object_], boundary: shapely.Polygon) -> npt.NDArray[np.object_]:
    """Return the blocks between streets; with the strips along the limit they tile the city."""
    edges = shapely.get_parts(shapely.union_all(np.r_[lines, [boundary.exterior]], grid_size=0.01))
    return np.asarray(shapely.get_parts(shapely.polygonize(edges)))


def _along_streets(outline: shapely.Polygon, faces: npt.NDArray[np.object_]) -> shapely.Polygon:
    """Return the union of the blocks whose middle is inside `outline`: a plot that ends at streets."""
    whole = shapely.union_all(faces[shapely.contains(outline, shapely.point_on_surface(faces))])
    return max(shapely.get_parts(whole), key=lambda part: part.area)


def _nodes(lines: npt.NDArray[np.object_]) -> tuple[Ints, Floats]:
    ends = np.stack(
        [shapely.get_coordinates(shapely.get_point(lines, 0)), shapely.get_coordinates(shapely.get_point(lines, -1))], axis=1
    )
    crossing, node = np.unique(np.round(ends.reshape(-1, 2), 2), axis=0, return_inverse=True)
    return node.reshape(-1, 2), crossing


def _largest(node: Ints, n: int) -> npt.NDArray[np.bool_]:
    """Return a mask of the stretches in the largest connected part."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    _, label = connected_components(coo_matrix((np.ones(len(node)), (node[:, 0], node[:, 1])), shape=(n, n)), directed=False)
    part = label[node[:, 0]]
    return np.asarray(part == np.argmax(np.bincount(part)))


def _numbered(bare: Ground, streets: list[_Street], owner: Ints) -> Ground:
    """Give each stretch its name and house numbers, one number per metre from where the street's numbers begin."""
    whole = np.array([street.line for street in streets], dtype=object)[owner]
    zero = np.array([street.zero for street in streets])[owner]
    along = np.stack([shapely.line_locate_point(whole, shapely.get_point(bare.line, i)) - zero for i in (0, -1)], axis=1)
    west = along.mean(axis=1) < 0
    prefix = np.array([street.prefixes for street in streets], dtype=object)[owner]
    number = 100 + np.where(west[:, None], -along, along).clip(0)
    flip = number[:, 0] > number[:, 1]
    return Ground(
        boundary=bare.boundary, river=bare.river, stream=bare.stream, block=bare.block, plots=bare.plots, crossing=bare.crossing,
        name=np.where(west, prefix[:, 0], prefix[:, 1]) + np.array([street.name for street in streets], dtype=object)[owner],
        kind=np.array([street.kind for street in streets], dtype=object)[owner],
        line=np.where(flip, shapely.reverse(bare.line), bare.line),
        node=np.where(flip[:, None], bare.node[:, ::-1], bare.node),
        low=number.min(axis=1), high=number.max(axis=1),
    )  # fmt: skip


def _ordinal(number: int) -> str:
    suffix = "TH" if number % 100 in (11, 12, 13) else {1: "ST", 2: "ND", 3: "RD"}.get(number % 10, "TH")
    return f"{number}{suffix}"
