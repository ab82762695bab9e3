"""A density along streets: events spread along every way out, shared equally where streets meet, nothing lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from sara.core.network import Nodes

__all__ = ["Lixels", "lixel_shapes", "lixels_of", "network_events"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
# What travels: the way it is on, how far it has come, how much of an event it is.
Front = tuple[Ints, Floats, Floats]

# A Gaussian is cut at this many sigma and scaled up to hold all its mass (by 0.3 %): far streets would cost much and say nothing.
CUT = 3.0
# Fronts on one street whose distances from their events differ by less than the reach / 64 go on as one, from their mean distance; below
# `MANY` fronts none are joined and the sum is exact.
SLOTS, MANY = 64, 100_000
# Lixels worked on at once.
CHUNK = 2_000_000


@dataclass(frozen=True, eq=False)
class Lixels:
    """Pieces of about equal length into which each line is cut: piece ``first[k] .. first[k + 1]`` belong to line k, each ``step[k]`` long."""

    first: Ints
    step: Floats
    length: Floats

    @property
    def line(self) -> Ints:
        """The line of each piece."""
        return np.repeat(np.arange(len(self.step)), np.diff(self.first))

    @property
    def start(self) -> Floats:
        """Where each piece starts, in metres along its line."""
        line = self.line
        return (np.arange(self.first[-1]) - self.first[line]) * self.step[line]


def lixel_shapes(lines: npt.NDArray[np.object_], lixels: Lixels) -> npt.NDArray[np.object_]:
    """Return each lixel as a line, with the bends of its street."""
    at, line = shapely.get_coordinates(lines, return_index=True)
    new = np.r_[True, line[1:] != line[:-1]]
    run = np.cumsum(np.where(new, 0.0, np.hypot(*np.diff(at, axis=0, prepend=at[:1]).T)))
    along = run - np.maximum.accumulate(np.where(new, run, 0.0))
    last = np.diff(lixels.first)[line] - 1
    held = lixels.first[line] + np.minimum(np.floor(along / lixels.step[line]).astype(np.int64), last)
    of, start = lixels.line, lixels.start
    ends = [shapely.line_interpolate_point(lines[of], start + part * lixels.step[of]) for part in (0, 1)]
    spots = np.concatenate([at, *(shapely.get_coordinates(end) for end in ends)])
    piece = np.r_[held, np.arange(len(of)), np.arange(len(of))]
    far = np.r_[along, start, start + lixels.step[of]]
    order = np.lexsort((far, piece))
    return shapely.linestrings(spots[order], indices=piece[order])


def lixels_of(length: Floats, step: float) -> Lixels:
    """Cut lines of these lengths into equal pieces of at most `step` metres (a line a hair longer than some pieces needs no further one)."""
    many = np.maximum(1, np.ceil(length / step - 1e-3)).astype(np.int64)
    return Lixels(np.r_[0, np.cumsum(many)], length / many, length)


def network_events(
    line: Ints, position: Floats, node: Ints, weight: Floats, *, nodes: Nodes, lixels: Lixels, bandwidth: float, kernel: str
) -> Floats:
    """Return how many events the kernel puts on each lixel.

    Parameters
    ----------
    line, position : arrays
        The line of each event (-1 where it belongs to a node), and metres along it.
    node : array
        The node of each event that belongs to one; -1 for the others.
    weight : array
        How much each event counts.
    nodes, lixels : Nodes, Lixels
        The network.
    bandwidth, kernel : float, str
        Reach of the quartic, or sigma of the Gaussian, in metres along streets.

    Returns
    -------
    array
        Sums to the weights: what reaches a dead end turns round, what reaches a junction of k streets goes on in equal parts into the k - 1 others.
    """
    kernel_within = _Within(bandwidth, kernel)
    out = np.zeros(int(lixels.first[-1]))
    on_line, at_node = line >= 0, node >= 0
    own, first_fronts = _from_lines(*_together(line[on_line], position[on_line], weight[on_line]), lixels, kernel_within)
    out += own
    ways = _Ways(nodes)
    spots, _, held = _together(node[at_node], np.zeros(int(at_node.sum())), weight[at_node])
    # Half of a kernel's mass goes each way along a street; at a node of k streets, one in k parts of it into each.
    edge, parent = ways.out_of(spots)
    fronts = (edge, np.zeros(len(edge)), (2 * held / nodes.degree[spots])[parent])
    one, other = _keep(first_fronts, kernel_within.reach), _travel(fronts, lixels, kernel_within, out)
    front: Front = (np.r_[one[0], other[0]], np.r_[one[1], other[1]], np.r_[one[2], other[2]])
    while len(front[0]):
        front = _joined(front, kernel_within.reach)
        front = _travel(ways.past_node(front), lixels, kernel_within, out)
    return out


class _Within:
    """Share of a one-dimensional kernel between its centre and a distance: 0 to one half."""

    def __init__(self, bandwidth: float, kernel: str) -> None:
        self.bandwidth, self.kernel = bandwidth, kernel
        self.reach = bandwidth if kernel == "quartic" else CUT * bandwidth

    def __call__(self, distance: Floats) -> Floats:
        u = np.minimum(distance, self.reach) / self.bandwidth
        if self.kernel == "quartic":
            return (15 / 16) * u * (1 - u * u * (2 / 3 - u * u / 5))
        from scipy.special import ndtr

        return (ndtr(u) - 0.5) / (2 * ndtr(CUT) - 1)


class _Ways:
    """Lines as ways: way 2k runs along line k, way 2k + 1 back."""

    def __init__(self, nodes: Nodes) -> None:
        tail = np.c_[nodes.start, nodes.end].ravel()
        self.head = np.c_[nodes.end, nodes.start].ravel()
        self.order = np.argsort(tail, kind="stable")
        self.first = np.r_[0, np.cumsum(np.bincount(tail, minlength=len(nodes.degree)))]

    def out_of(self, node: Ints) -> tuple[Ints, Ints]:
        """Return every way out of each node, and the position of the node it leaves."""
        many = self.first[node + 1] - self.first[node]
        parent = np.repeat(np.arange(len(node)), many)
        nth = np.arange(len(parent)) - np.repeat(np.cumsum(many) - many, many)
        return self.order[self.first[node][parent] + nth], parent

    def past_node(self, front: Front) -> Front:
        """Send what arrives at the head of its way on into the others in equal parts; a dead end sends it back."""
        way, far, weight = front
        node = self.head[way]
        degree = (self.first[node + 1] - self.first[node]).astype(float)
        onward, parent = self.out_of(node)
        keep = (onward != (way[parent] ^ 1)) | (degree[parent] == 1)
        onward, parent = onward[keep], parent[keep]
        return onward, far[parent], (weight / np.maximum(degree - 1, 1))[parent]


def _together(key: Ints, position: Floats, weight: Floats) -> Front:
    """Add up events on the same spot; sorted, so that the order of rows does not matter."""
    order = np.lexsort((weight, position, key))
    key, position, weight = key[order], position[order], weight[order]
    new = np.r_[True, (key[1:] != key[:-1]) | (position[1:] != position[:-1])] if len(key) else np.zeros(0, dtype=bool)
    return key[new], position[new], np.add.reduceat(weight, np.flatnonzero(new)) if len(key) else weight


def _from_lines(line: Ints, position: Floats, weight: Floats, lixels: Lixels, within: _Within) -> tuple[Floats, Front]:
    """Return what events leave on their own line, and what goes on: the way, the distance at its head, the weight."""
    step, length = lixels.step[line], lixels.length[line]
    position = np.clip(position, 0, length)
    n = np.diff(lixels.first)[line]
    low = np.clip(np.floor((position - within.reach) / step), 0, n - 1).astype(np.int64)
    high = np.clip(np.floor((position + within.reach) / step), 0, n - 1).astype(np.int64)
    out = np.zeros(int(lixels.first[-1]))
    for rows, nth in _expanded(high - low + 1):
        k = low[rows] + nth
        start = k * step[rows] - position[rows]
        end = start + step[rows]
        share = np.sign(end) * within(np.abs(end)) - np.sign(start) * within(np.abs(start))
        out += np.bincount(lixels.first[line[rows]] + k, share * weight[rows], len(out))
    ways = np.r_[2 * line, 2 * line + 1]
    return out, (ways, np.r_[length - position, position], np.r_[weight, weight])


def _travel(front: Front, lixels: Lixels, within: _Within, out: Floats) -> Front:
    """Leave on each way what the kernel leaves there (added to `out`); return what arrives at its head."""
    way, far, weight = front
    line, back = way >> 1, (way & 1).astype(bool)
    step, n = lixels.step[line], np.diff(lixels.first)[line]
    touched = np.clip(np.ceil((within.reach - far) / step), 1, n).astype(np.int64)
    for rows, nth in _expanded(touched):
        start = far[rows] + nth * step[rows]
        share = within(start + step[rows]) - within(start)
        k = np.where(back[rows], n[rows] - 1 - nth, nth)
        out += np.bincount(lixels.first[line[rows]] + k, share * weight[rows], len(out))
    return _keep((way, far + lixels.length[line], weight), within.reach)


def _expanded(many: Ints) -> list[tuple[Ints, Ints]]:
    """Return row numbers repeated `many` times with a running number within each, in pieces of bounded size."""
    pieces, ends = [], np.cumsum(many)
    cuts = np.searchsorted(ends, np.arange(CHUNK, int(ends[-1]) if len(ends) else 0, CHUNK))
    for rows in np.split(np.arange(len(many)), cuts):
        times = many[rows]
        nth = np.arange(int(times.sum())) - np.repeat(np.cumsum(times) - times, times)
        pieces.append((np.repeat(rows, times), nth))
    return pieces


def _keep(front: Front, reach: float) -> Front:
    near = front[1] < reach
    return front[0][near], front[1][near], front[2][near]


def _joined(front: Front, reach: float) -> Front:
    """Join fronts that arrive by the same way from nearly the same distance: many events, few fronts."""
    way, far, weight = front
    if len(way) < MANY:
        return front
    slot = way * SLOTS + np.minimum((far * (SLOTS / reach)).astype(np.int64), SLOTS - 1)
    found, back = np.unique(slot, return_inverse=True)
    total = np.bincount(back, weight, len(found)).astype(float, copy=False)
    return found // SLOTS, np.bincount(back, weight * far, len(found)) / total, total
