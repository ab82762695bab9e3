"""Do events that are near each other in space come near each other in time? Knox's table of pairs, by bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sara.core.errors import InputError

__all__ = ["METRICS", "Knox", "knox", "poisson_tail"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

METRICS = {"euclidean": 2.0, "manhattan": 1.0}
# A pair this near to a band's edge lies on it: coordinates of millions of metres hold no finer distance (metres; days).
TIE_METRES, TIE_DAYS = 1e-6, 1e-9
# Pairs held in memory at once, 17 bytes each; more points than that within the last band have no use for bands.
MOST_PAIRS = 60_000_000


@dataclass(frozen=True, eq=False, slots=True)
class Knox:
    """Pairs by distance band (rows) and time band (columns).

    ``expected`` and ``variance`` are exact, over all orders in which the times can be dealt to the places. ``p``: chance of as many pairs or
    more, by dealing them `n_sims` times; ``simulated``: the pairs of each deal, (n_sims, rows, columns). ``space``, ``time``: pairs in each
    band, wherever the other; ``pairs``: all.
    """

    observed: Ints
    expected: Floats
    variance: Floats
    p: Floats
    simulated: Ints
    space: Ints
    time: Ints
    pairs: int

    @property
    def ratio(self) -> Floats:
        """Observed over expected; NaN where none is expected."""
        return np.divide(self.observed, self.expected, out=np.full(self.expected.shape, np.nan), where=self.expected > 0)

    @property
    def median_ratio(self) -> Floats:
        """Observed over the median of the deals; NaN where that is none, or nothing was dealt."""
        middle = np.median(self.simulated, axis=0) if len(self.simulated) else np.zeros(self.expected.shape)
        return np.divide(self.observed, middle, out=np.full(middle.shape, np.nan), where=middle > 0)


def knox(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    day: npt.ArrayLike,
    *,
    distances: Sequence[float],
    days: Sequence[float],
    metric: str = "euclidean",
    n_sims: int = 999,
    seed: int | None = 1,
) -> Knox:
    """Count pairs of events by how far apart they lie in space and in time, and compare with times dealt at random to places.

    Parameters
    ----------
    x, y : array of float, (n,)
        Metres.
    day : array of float or int, (n,)
        Days since any moment.
    distances, days : sequence of float
        Edges of the bands, growing: bands are closed on the left and open on the right, so that (0, 1, 100) has the same place [0, 1) for
        itself and a pair 100 m apart belongs to the band that begins at 100. The last edge may be infinite.
    metric : {"euclidean", "manhattan"}
        As the crow flies, or along a grid of streets.
    n_sims : int
        How often times are dealt anew; 0 for none (p is then NaN).
    seed : int or None
        Same seed, same answer; None for other deals each time.

    Returns
    -------
    Knox
        Tables of one row per distance band and one column per time band.

    Raises
    ------
    InputError
        If more than 60 million pairs lie within the last finite distance.

    Notes
    -----
    Times are dealt to events, never to pairs: pairs that share an event depend on each other. The expected number under that deal is
    ``S_a T_b / N`` (S_a pairs in the distance band, T_b in the time band, N all pairs) and needs no simulation; its variance is that of Barton
    and David. ``p = (1 + deals with as many or more) / (1 + deals)``, never 0.

    References
    ----------
    Knox (1964), Applied Statistics 13(1), 25-29. doi:10.2307/2985220
    Barton & David (1966), in Research Papers in Statistics, Wiley, 259-273.
    Ratcliffe & Rengert (2008), Security Journal 21, 58-76. doi:10.1057/palgrave.sj.8350068

    Examples
    --------
    >>> from sara.core.stats.knox import knox
    >>> found = knox([0, 0, 5_000], [0, 100, 0], [0, 3, 40], distances=(0, 100, 200), days=(0, 3, 6), n_sims=19)
    >>> found.observed.tolist()
    [[0, 0], [0, 1]]
    """
    x, y, day = (np.asarray(values, dtype=float) for values in (x, y, day))
    edges, spans = np.asarray(distances, dtype=float) - TIE_METRES, np.asarray(days, dtype=float) - TIE_DAYS
    # Bands that begin further out are counted with one before them, so that the rest of all pairs is known.
    before = int(edges[0] > 0)
    edges = np.r_[[-TIE_METRES] * before, edges]
    n, rows, columns = len(x), len(edges) - 1, len(spans) - 1
    open_end = bool(np.isinf(edges[-1]))
    inner = rows - 1 if open_end else rows
    first, second, band = _near_pairs(x, y, edges[: inner + 1], METRICS[metric])
    space = np.bincount(band, minlength=inner)
    time, time_paths = _time_margins(day, spans)
    pairs = n * (n - 1) // 2
    if open_end:
        space = np.append(space, pairs - space.sum())
    count = _Counter(first, second, band, spans, inner, time if open_end else None)
    observed = count(day)
    rng = np.random.default_rng(seed)
    # Dealt in the order of the events' own coordinates and times, so that the order of rows can't matter.
    order = np.lexsort((day, y, x))
    simulated = np.empty((n_sims, rows, columns), dtype=np.int64)
    dealt = np.empty(n)
    for k in range(n_sims):
        dealt[order] = rng.permutation(day[order])
        simulated[k] = count(dealt)
    expected = space[:, None] * time[None, :] / max(pairs, 1)
    p = (1 + np.sum(simulated >= observed, axis=0)) / (1 + n_sims) if n_sims else np.full(expected.shape, np.nan)
    degree = np.bincount(np.r_[first, second] * max(inner, 1) + np.r_[band, band], minlength=n * inner).reshape(n, inner)
    if open_end:
        degree = np.c_[degree, (n - 1) - degree.sum(axis=1)]
    paths = np.sum(degree * (degree - 1.0), axis=0) / 2
    variance = _variance(n, space, paths, time, time_paths)
    shown = slice(before, None)
    return Knox(
        observed[shown], expected[shown], variance[shown], np.asarray(p)[shown], simulated[:, shown], space[shown].astype(np.int64), time, pairs
    )  # fmt: skip


def poisson_tail(observed: npt.ArrayLike, expected: npt.ArrayLike) -> Floats:
    """Return the chance of `observed` pairs or more if pairs came one by one, as Knox took it (good where few are expected).

    Examples
    --------
    >>> from sara.core.stats.knox import poisson_tail
    >>> round(float(poisson_tail(5, 152 * 25 / 4560)), 6)
    0.001684
    """
    from scipy.stats import poisson

    return np.asarray(poisson.sf(np.asarray(observed) - 1, expected))


def _near_pairs(x: Floats, y: Floats, edges: Floats, power: float) -> tuple[Ints, Ints, npt.NDArray[np.int8]]:
    """Return the pairs within the bands, (first, second, band), in the order of the first."""
    from scipy.spatial import cKDTree

    none = np.zeros(0, dtype=np.int64)
    if len(x) < 2 or len(edges) < 2:
        return none, none, none.astype(np.int8)
    points = np.c_[x, y]
    tree = cKDTree(points)
    n_pairs = (int(tree.count_neighbors(tree, edges[-1], p=power)) - len(x)) // 2
    if n_pairs > MOST_PAIRS:
        raise InputError(
            f"`distances` must leave at most {MOST_PAIRS:,} pairs of events. Got {n_pairs:,} within {edges[-1]:,.0f} m. Take a shorter period, "
            "one kind of event, or a shorter last distance."
        )
    found = tree.query_pairs(edges[-1], p=power, output_type="ndarray")
    found = found[np.argsort(found[:, 0], kind="stable")]
    first, second = found[:, 0], found[:, 1]
    apart = np.abs(points[first] - points[second])
    distance = apart.sum(axis=1) if power == 1.0 else np.hypot(apart[:, 0], apart[:, 1])
    band = np.searchsorted(edges, distance, side="right") - 1
    inside = (band >= 0) & (band < len(edges) - 1)
    return first[inside], second[inside], band[inside].astype(np.int8)


def _time_margins(day: Floats, spans: Floats) -> tuple[Ints, Floats]:
    """Return how many pairs of all lie in each time band, and how many pairs of such pairs share an event."""
    ordered = np.sort(day)
    n = len(ordered)
    # Others at less than each edge, of either sign; the event itself is among them where the edge is above zero.
    reach = [
        np.searchsorted(ordered, ordered + edge, side="left") - np.searchsorted(ordered, ordered - edge, side="right") - 1
        if edge > 0
        else np.zeros(n, dtype=np.int64)
        for edge in spans
    ]
    degree = np.diff(np.array(reach), axis=0)
    return degree.sum(axis=1) // 2, np.sum(degree * (degree - 1.0), axis=1) / 2


class _Counter:
    """Counts near pairs by band for any deal of the times."""

    def __init__(
        self, first: Ints, second: Ints, band: npt.NDArray[np.int8], spans: Floats, rows: int, time: Ints | None
    ) -> None:
        self.first, self.second, self.spans, self.rows, self.time = first, second, spans, rows, time
        self.columns = len(spans) - 1
        # One more column takes the pairs that lie in no time band.
        self.base = band.astype(np.int64) * (self.columns + 1)
        self.table: Ints | None = None
        self.far = 0

    def __call__(self, day: Floats) -> Ints:
        if self.table is None and len(day):
            self._prepare(day)
        code = self.base + self._column(day)
        counts = np.bincount(code, minlength=self.rows * (self.columns + 1)).reshape(self.rows, self.columns + 1)[:, :-1]
        if self.time is not None:
            counts = np.vstack([counts, self.time - counts.sum(axis=0)])
        return counts

    def _prepare(self, day: Floats) -> None:
        """Whole days, the usual case, look their band up in a table instead of searching for it."""
        whole = bool(np.all(day == np.round(day))) and float(np.ptp(day)) < 1e6
        apart = np.arange(int(np.ptp(day)) + 1 if whole else 0, dtype=float)
        self.table = self._band(apart)

    def _band(self, apart: Floats) -> Ints:
        band = np.searchsorted(self.spans, apart, side="right") - 1
        return np.where((band < 0) | (band >= self.columns), self.columns, band).astype(np.int64)

    def _column(self, day: Floats) -> Ints:
        assert self.table is not None or len(day) == 0
        if self.table is None or len(self.table) == 0:
            return self._band(np.abs(day[self.first] - day[self.second]))
        whole = (day - day.min()).astype(np.int32)
        return self.table[np.abs(whole[self.first] - whole[self.second])]


def _variance(n: int, space: Ints, space_paths: Floats, time: Ints, time_paths: Floats) -> Floats:
    """Return the variance of each count over all deals: pairs with themselves, pairs that share an event, pairs that share none."""
    if n < 4:
        return np.full((len(space), len(time)), np.nan)
    s, t = space[:, None].astype(float), time[None, :].astype(float)
    s2, t2 = space_paths[:, None], time_paths[None, :]
    mean = 2 * s * t / (n * (n - 1))
    shared = 4 * s2 * t2 / (n * (n - 1) * (n - 2))
    apart = 4 * (s * (s - 1) - 2 * s2) * (t * (t - 1) - 2 * t2) / (n * (n - 1) * (n - 2) * (n - 3))
    return np.maximum(mean + shared + apart - mean**2, 0.0)
