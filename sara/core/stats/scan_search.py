"""The search of a scan statistic: every circle and every window, in the data and in a thousand replications.

Of a search of hundreds of millions of cylinders, repeated a thousand times, nearly all is spared without changing the answer. A cylinder can
only beat a given likelihood ratio with enough events for what it expects, and what it expects is the same in every replication: a table says how
many. Windows of like length, and rings of like size, are asked together, by the count of what holds them all and the least any of them
expects; only where that is enough is each one looked at. Replications are searched side by side, as sums of small integers.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sara.core.stats.scan import TIE, Circles, Cylinders, Effort, Expected, Maxima, likelihood_ratio

__all__ = ["search", "simulated_maxima"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
# Small integers of whatever width holds them.
Counts = npt.NDArray[np.unsignedinteger[Any]]
# One array for each field of `Cylinders`, some with the replication between.
Hits = tuple[npt.NDArray[Any], ...]
Draw = Callable[[int], Ints]

# Windows, and rings, whose sizes differ by no more than this are asked together: more spares sums, fewer spares looking again.
TIME_STEP, RING_STEP = 1.35, 1.25
# Bytes of counts held at once by each worker; about half of it is replications side by side.
BATCH_BYTES = 96_000_000
MOST_SIDE_BY_SIDE = 64
# Groups that are looked at more closely are taken in portions of this many.
PORTION = 50_000
# A share so large that nothing stands out against it: no window begins there.
NO_WINDOW = 1e30
# Expectations as short floats may be rounded up by so much.
SHORT = 1 - 1e-6
# A closer look at one group takes about as long as so many sums.
LOOKED = 8_000
# More events than any scan has.
NEVER = int(np.iinfo(np.int32).max)
# Centres tried first, to know about how high a maximum is.
TRIAL = 48


def search(
    around: Circles, expected: Expected, codes: Ints, *, longest: int, floor: float, centres: Ints | None = None
) -> Cylinders:
    """Return the cylinders of one set of events with a likelihood ratio of at least `floor`.

    By centre: the best, then the best of those that share no step with it, and so on.

    Parameters
    ----------
    codes : array of int
        ``location * steps + step`` of each event.
    longest : int
        Steps of the longest window.
    """
    finder = _Finder(around, expected, longest)
    found = [
        _apart_in_time(Cylinders(*parts))
        for parts in finder.every([codes], floor, range(len(around.start) - 1) if centres is None else centres)
    ]
    if not found:
        nothing = np.zeros(0, dtype=np.int64)
        return Cylinders(nothing, nothing, nothing, nothing, nothing, np.zeros(0), np.zeros(0))
    return Cylinders(*(np.concatenate([getattr(f, name) for f in found]) for name in Cylinders.__dataclass_fields__))


def simulated_maxima(
    around: Circles,
    expected: Expected,
    draw: Draw,
    *,
    n_sims: int,
    longest: int,
    codes: Ints | None = None,
    effort: Effort | None = None,
    workers: int | None = None,
) -> Maxima:
    """Return the exact maximum of each replication.

    Parameters
    ----------
    draw : callable
        The events of replication `r`, as codes; the same for the same `r`, so that the answer hangs neither on portions nor on workers.
    codes : array of int, optional
        The data, whose maximum is found on the way.
    effort : Effort, optional
        When fewer replications do; needs the data. All of them, if not given.
    workers : int, optional
        Threads; as many as there are processors, at most four, if not given.
    """
    finder = _Finder(around, expected, longest)
    size = finder.side_by_side(n_sims)
    data = [] if codes is None else [codes]
    best, floor, each = finder.first_maxima([*data, *(draw(r) for r in range(size))])
    observed, best = (float(best[0]), best[1:]) if data else (math.nan, best)
    asked = n_sims if effort is None else effort.asked(n_sims, each)
    parts, best = [np.arange(a, min(a + size, asked)) for a in range(size, asked, size)], best[:asked]

    def one(rows: Ints) -> Floats:
        return finder.maxima([draw(int(r)) for r in rows], floor)

    with ThreadPoolExecutor(min(workers or min(4, os.cpu_count() or 1), max(1, len(parts)))) as pool:
        waiting = [pool.submit(one, rows) for rows in parts]
        for part in [None, *waiting]:
            best = best if part is None else np.r_[best, part.result()]
            made = 0 if effort is None else effort.enough(best >= observed * (1 - TIE))
            if made:
                pool.shutdown(wait=False, cancel_futures=True)
                return Maxima(best[:made], observed, asked if made < asked else None)
    return Maxima(best, observed)


def _apart_in_time(found: Cylinders) -> Cylinders:
    """Keep the best cylinder of a centre, then the best of those that share no step with it."""
    order = np.lexsort((found.end, found.first, found.ring, -np.round(found.llr, 9)))
    kept = []
    while len(order):
        row = order[0]
        kept.append(row)
        order = order[(found.first[order] >= found.end[row]) | (found.end[order] <= found.first[row])]
    return found.take(kept)


@dataclass(frozen=True, eq=False)
class _Windows:
    """Windows asked together: lengths ``low`` to ``high`` that begin in a block of ``stride`` steps lie in ``span`` steps.

    ``least`` is the smallest share that a window expects, by length and block; ``short`` the smallest of all lengths.
    """

    low: int
    high: int
    stride: int
    least: Floats
    short: npt.NDArray[np.float32]

    @property
    def span(self) -> int:
        """Steps that hold every window that begins in a block."""
        return self.high + self.stride - 1

    @property
    def blocks(self) -> int:
        """Blocks in which a window may begin."""
        return self.least.shape[1]


def _windows(time: Floats, longest: int) -> list[_Windows]:
    """Return every window length, in groups."""
    before, steps = np.r_[0.0, np.cumsum(time)], len(time)
    out, low = [], 1
    while low <= longest:
        high = min(longest, max(low, math.floor(low * TIME_STEP)))
        stride = max(1, (high - low + 2) // 2)
        blocks = math.ceil(steps / stride)
        least = np.full((high - low + 1, blocks * stride), NO_WINDOW)
        for row, length in enumerate(range(low, high + 1)):
            # A window that begins on a step without any event holds what a shorter one holds.
            least[row, : steps - length + 1] = np.where(
                time[: steps - length + 1] > 0, before[length:] - before[:-length], NO_WINDOW
            )
        least = least.reshape(high - low + 1, blocks, stride).min(axis=2)
        out.append(_Windows(low, high, stride, least, least.min(axis=0).astype(np.float32)))
        low = high + 1
    return out


class _Needed:
    """How many events a cylinder needs to reach a likelihood ratio, by what it expects."""

    # Expectations are looked up by the leading bits of a short float: 512 steps to each doubling, rounded down.
    BITS = 14

    def __init__(self, floor: float, total: int, most: float) -> None:
        # The largest expectation at which c events still reach the floor, for each c, by halving.
        c = np.arange(1, total + 1, dtype=float)
        bound = self._largest(c[: min(total, 4_096)], floor, total)
        while bound[-1] < most and len(bound) < total:
            bound = self._largest(c[: min(total, 2 * len(bound))], floor, total)
        self.largest = bound * (1 + 1e-9)
        self.first = int(np.float32(self.largest[0] / 4).view(np.int32)) >> self.BITS
        last = (int(np.float32(max(most, self.largest[0])).view(np.int32)) >> self.BITS) + 2
        steps = (np.arange(self.first, last, dtype=np.int32) << self.BITS).view(np.float32).astype(float)
        self.table = (np.searchsorted(self.largest, steps * (1 - 1e-6), side="left") + 1).astype(np.int32)
        self.table[-1] = NEVER

    @staticmethod
    def _largest(c: Floats, floor: float, total: int) -> Floats:
        low, high = np.zeros(len(c)), c.copy()
        for _ in range(60):
            middle = (low + high) / 2
            enough = likelihood_ratio(c, middle, total) >= floor
            low, high = np.where(enough, middle, low), np.where(enough, high, middle)
        return high

    def __call__(self, expected: npt.NDArray[np.float32]) -> npt.NDArray[np.int32]:
        """Return a count below which a cylinder can't reach the ratio: the least that can, or for a rounding error one less."""
        return self.table.take((expected.view(np.int32) >> self.BITS) - self.first, mode="clip")


class _Finder:
    """The search, with all that does not change between replications."""

    def __init__(self, around: Circles, expected: Expected, longest: int) -> None:
        self.around, self.expected = around, expected
        self.steps, self.places = len(expected.time), len(expected.place)
        self.longest = min(longest, self.steps)
        self.windows = _windows(expected.time, self.longest)
        self.before = np.r_[0.0, np.cumsum(expected.time)]
        self.pad = max(w.span for w in self.windows) - 1
        self.again, self.looked = max(8, self.places // 32), 0
        # A window that begins or ends on a step without any event holds what a shorter one holds.
        self.solid = expected.time > 0
        held = np.cumsum(expected.place[around.other])
        before = np.repeat(held[around.start[:-1]] - expected.place[around.other[around.start[:-1]]], np.diff(around.ring_start))
        # A ring of the next centre starts at 0 again: where a centre has one ring, the border shows in the centre, not in the ring.
        owner = np.repeat(np.arange(self.places), np.diff(around.start))
        last = np.flatnonzero(np.r_[(np.diff(around.ring) != 0) | (np.diff(owner) != 0), True])
        self.circle = expected.total * (held[last] - before)

    def side_by_side(self, n_sims: int) -> int:
        """Return how many replications are searched together."""
        room = BATCH_BYTES // (self.places * (self.steps + self.pad))
        return int(min(max(1, room), MOST_SIDE_BY_SIDE if self.steps > 1 else 1_024, n_sims))

    def counts(self, drawn: list[Ints]) -> Counts:
        """Return events by location, replication and step; after the last step comes room for windows that run over the end."""
        width = self.steps + self.pad
        base = [(code // self.steps) * (len(drawn) * width) + r * width + code % self.steps for r, code in enumerate(drawn)]
        size = self.places * len(drawn) * width
        most = max((int(np.unique(b, return_counts=True)[1].max()) for b in base if len(b)), default=0)
        out = np.zeros(size, dtype=_smallest(most))
        for b in base:
            np.add.at(out, b, out.dtype.type(1))
        return out.reshape(self.places, len(drawn), width)  # type: ignore[return-value]

    def maxima(self, drawn: list[Ints], floor: float, *, centres: Ints | None = None, known: Floats | None = None) -> Floats:
        """Return each replication's maximum; one that stays below the floor is searched again with a lower one.

        ``known`` are ratios that each replication is known to reach.
        """
        best = np.zeros(len(drawn)) if known is None else known.copy()
        missing = np.arange(len(drawn))
        while len(missing) and floor > 0:
            best[missing] = self._best([drawn[r] for r in missing], floor, centres, best[missing])
            missing, floor = (
                missing[best[missing] < floor * (1 - TIE)],
                floor - 1.5 if floor > 1.5 else floor / 4 if floor > 0.02 else 0.0,
            )
        return best

    def first_maxima(self, drawn: list[Ints]) -> tuple[Floats, float, float]:
        """Return the maxima of the first replications, a floor that nearly all others will pass, and the work of each."""
        n = len(self.around.start) - 1
        some = np.unique(np.linspace(0, n - 1, TRIAL).astype(np.int64))
        known = self.maxima(drawn, 8.0, centres=some)
        self.looked = 0
        best = self.maxima(drawn, max(float(known.min()), 0.1), known=known)
        return best, max(0.1, float(best.min()) - 0.25), self.fixed_work() + LOOKED * self.looked / len(drawn)

    def fixed_work(self) -> float:
        """Return the work of a replication that hangs on the circles and windows alone: numbers added, and questions asked."""
        rings = np.diff(self.around.ring_start)
        asked = sum(w.blocks for w in self.windows)
        return float(
            (len(self.around.other) + 3 * len(self.windows) * rings.sum()) * (self.steps + self.pad) + asked * rings.sum()
        )

    def _best(self, drawn: list[Ints], floor: float, centres: Ints | None, known: Floats) -> Floats:
        best = known.copy()
        for hits in self._hits(drawn, floor, range(self.places) if centres is None else centres, best):
            np.maximum.at(best, hits[1], hits[-1])
        return best

    def every(self, drawn: list[Ints], floor: float, centres: Ints | range) -> Iterator[Hits]:
        """Yield the cylinders at or above the floor, centre by centre."""
        held: list[Hits] = []
        now = -1
        for hits in self._hits(drawn, floor, centres, None):
            if held and hits[0][0] != now:
                yield tuple(np.concatenate(part) for part in zip(*held, strict=True))
                held = []
            now = hits[0][0]
            held.append((hits[0], *hits[2:]))
        if held:
            yield tuple(np.concatenate(part) for part in zip(*held, strict=True))

    def _hits(self, drawn: list[Ints], floor: float, centres: Ints | range, best: Floats | None) -> Iterator[Hits]:
        """Yield centre, replication, ring, first, end, n, expected and likelihood ratio of what reaches the floor (and its replication's best)."""
        need = _Needed(floor, self.expected.total, float(self.circle.max()) if len(self.circle) else 0.0)
        counts, block = self.counts(drawn), self._blocks(drawn)
        around = self.around
        for done, centre in enumerate(centres):
            if best is not None and done % self.again == 0 and best.min() > floor + 0.1:
                # All have reached more by now: less than the least of them is not asked for any more.
                floor = float(best.min())
                need = _Needed(floor, self.expected.total, float(self.circle.max()))
            part = slice(around.start[centre], around.start[centre + 1])
            circle = self.circle[around.ring_start[centre] : around.ring_start[centre + 1]]
            if circle[-1] <= 0:
                continue
            sums = _rings(counts, around.other[part], around.ring[part], len(circle), block)
            groups = _like_rings(circle)
            lowest = circle[groups[:, 0], None].astype(np.float32)
            tops = sums[groups[:, 1]] if len(groups) < len(circle) else sums
            flat = tops.reshape(-1)
            run, length, parts = flat, 1, {1: flat}
            largest = min(int(np.iinfo(flat.dtype).max), NEVER)
            limit = np.full(len(drawn), floor) if best is None else np.maximum(floor, best)
            for w in self.windows:
                run, length = _lengthen(run, length, w.span, parts)
                shaped = run.reshape(tops.shape)[:, :, : w.blocks * w.stride : w.stride]
                asked = need(lowest * w.short)
                over = shaped >= np.minimum(asked, largest).astype(run.dtype)[:, None, :]
                hit = np.flatnonzero(over)
                if len(hit) == 0:
                    continue
                group, r, b = np.unravel_index(hit, over.shape)
                # What a replication has reached already may be more than the floor.
                ratio = likelihood_ratio(shaped[group, r, b], lowest[group, 0] * SHORT * w.short[b], self.expected.total)
                hit = np.flatnonzero(ratio >= limit[r] * (1 - TIE))
                self.looked += len(hit)
                for hits in self._narrow(sums, circle, groups[group[hit]], r[hit], b[hit], w, limit * (1 - TIE)):
                    yield (np.full(len(hits[0]), centre), *hits)

    def _narrow(
        self, sums: npt.NDArray[Any], circle: Floats, rings: Ints, r: Ints, b: Ints, w: _Windows, limit: Floats
    ) -> Iterator[Hits]:
        """Look closer at groups of rings and windows that might hold one: by ring, by length, then at each window."""
        total = self.expected.total
        n_rings = rings[:, 1] - rings[:, 0] + 1
        ring = np.repeat(rings[:, 0], n_rings) + _counting(n_rings)
        r, b = np.repeat(r, n_rings), np.repeat(b, n_rings)
        for a in range(0, len(ring), PORTION):
            k, row, block = ring[a : a + PORTION], r[a : a + PORTION], b[a : a + PORTION]
            line, which = np.unique(k * sums.shape[1] + row, return_inverse=True)
            held = np.zeros((len(line), self.steps + 1), dtype=np.int64)
            np.cumsum(sums.reshape(-1, sums.shape[2])[line, : self.steps], axis=1, dtype=np.int64, out=held[:, 1:])

            def count(which: Ints, first: Ints, end: Ints, held: Ints = held) -> Ints:
                return held[which, np.minimum(end, self.steps)] - held[which, first]

            least = w.least.min(axis=0)
            keep = (
                likelihood_ratio(count(which, block * w.stride, block * w.stride + w.span), circle[k] * least[block], total)
                >= limit[row]
            )
            k, row, block, which = k[keep], row[keep], block[keep], which[keep]
            length = np.arange(w.high - w.low + 1)[:, None]
            n = count(which, block * w.stride, block * w.stride + (w.stride - 1 + w.low) + length)
            length, at = np.nonzero(likelihood_ratio(n, circle[k] * w.least[:, block], total) >= limit[row])
            k, row, which, first = k[at], row[at], which[at], (block[at] * w.stride)[:, None] + np.arange(w.stride)
            end = first + (length + w.low)[:, None]
            inside = end <= self.steps
            first, end = np.where(inside, first, 0), np.where(inside, end, 1)
            # A window that begins or ends on a step without any event holds what a shorter one holds.
            inside &= self.solid[first] & self.solid[end - 1]
            n, e = count(which[:, None], first, end), circle[k][:, None] * (self.before[end] - self.before[first])
            llr = likelihood_ratio(n, e, total)
            hit, window = np.nonzero(inside & (llr >= limit[row][:, None]))
            if len(hit):
                pick = (hit, window)
                yield row[hit], k[hit], first[pick], end[pick], n[pick], e[pick], llr[pick]

    def _blocks(self, drawn: list[Ints]) -> npt.NDArray[np.uint32]:
        """Return events by location, replication and block of the longest span: no window holds more than two blocks in a row."""
        n = math.ceil(self.steps / (self.pad + 1))
        out = np.zeros(self.places * len(drawn) * n, dtype=np.uint32)
        for r, code in enumerate(drawn):
            np.add.at(out, (code // self.steps * len(drawn) + r) * n + code % self.steps // (self.pad + 1), np.uint32(1))
        return out.reshape(self.places, len(drawn), n)


def _rings(counts: Counts, other: Ints, ring: Ints, n_rings: int, block: npt.NDArray[np.uint32]) -> Counts:
    """Return events in each circle of a centre, by replication and step, in the smallest integers that hold any window."""
    held = block[other].sum(axis=0)
    most = int((held[:, 1:] + held[:, :-1]).max()) if held.shape[1] > 1 else int(held.max())
    out: Counts = np.empty((n_rings, *counts.shape[1:]), dtype=np.promote_types(_smallest(most), counts.dtype))
    now = -1
    for j, k in zip(other.tolist(), ring.tolist(), strict=True):
        if k == now:
            out[k] += counts[j]
        elif k == 0:
            out[0] = counts[j]
        else:
            np.add(out[k - 1], counts[j], out=out[k])
        now = k
    return out


def _smallest(most: int) -> np.dtype[Any]:
    """Return the smallest integers that hold numbers up to this."""
    return np.dtype(np.uint8 if most < 256 else np.uint16 if most < 65_536 else np.uint32)


def _like_rings(circle: Floats) -> Ints:
    """Return the first and last ring of groups of like expectation."""
    out, low = [], 0
    for k in range(1, len(circle) + 1):
        if k == len(circle) or circle[k] > RING_STEP * circle[low]:
            out.append((low, k - 1))
            low = k
    return np.array(out, dtype=np.int64)


def _lengthen(run: npt.NDArray[Any], length: int, span: int, parts: dict[int, npt.NDArray[Any]]) -> tuple[npt.NDArray[Any], int]:
    """Return sums of `span` steps from each step on, out of shorter sums made before."""
    while length < span:
        add = max(p for p in parts if p <= span - length)
        longer = np.empty_like(run)
        np.add(run[:-length], parts[add][length:], out=longer[:-length])
        longer[-length:] = run[-length:]
        run, length = longer, length + add
        parts[length] = run
    return run, length


def _counting(n: Ints) -> Ints:
    """Return 0 .. n[0]-1, 0 .. n[1]-1, and so on."""
    return np.arange(int(n.sum())) - np.repeat(np.cumsum(n) - n, n)
