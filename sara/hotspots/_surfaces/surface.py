"""Kernel surfaces: summed exactly, or on a fine raster with a known bound on the error."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

__all__ = [
    "BOUND",
    "KERNELS",
    "PER_SIGMA",
    "Lattice",
    "Raster",
    "density_exact",
    "lattice_of",
    "mass_inside",
    "reach_of",
    "share_bound",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

KERNELS = ("quartic", "gaussian")
# A quartic of reach h has the variance of a Gaussian whose sigma is h / sqrt(8), along each axis.
PER_SIGMA = math.sqrt(8)
# Beyond this many sigma a Gaussian holds 4 millionths of its mass: the raster stops there, the exact sum does not.
TAIL = 5.0
# Binning linearly shifts a kernel's value by at most (pitch / h)^2 of its peak (quartic), (pitch / sigma)^2 / 4 (Gaussian): see `Raster`.
BOUND = 1e-3
# A raster of this many nodes takes 128 MB (four of them are held at once); finer ones are coarsened, and the bound that then holds is told.
MAX_NODES = 16_000_000
# Distances held at once by the exact sum.
CHUNK = 4_000_000


def reach_of(bandwidth: float, kernel: str) -> float:
    """Return how far a kernel is felt, in metres."""
    return bandwidth if kernel == "quartic" else TAIL * bandwidth


def _kernel(d2: Floats, bandwidth: float, kernel: str) -> Floats:
    """Return the kernel per square metre at squared distances."""
    h2 = bandwidth * bandwidth
    if kernel == "quartic":
        return 3 / (math.pi * h2) * np.square(np.maximum(1 - d2 / h2, 0))
    return np.exp(d2 / (-2 * h2)) / (2 * math.pi * h2)


def density_exact(
    x: Floats, y: Floats, weight: Floats, at_x: Floats, at_y: Floats, *, bandwidth: float, kernel: str, power: int = 1
) -> Floats:
    """Return the density (weight per square metre) at places, summed over all points one by one; or the sum of a power of the kernels."""
    out = np.zeros(len(at_x))
    step = max(1, CHUNK // max(1, len(x)))
    for k in range(0, len(at_x), step):
        d2 = np.square(at_x[k : k + step, None] - x) + np.square(at_y[k : k + step, None] - y)
        out[k : k + step] = _kernel(d2, bandwidth, kernel) ** power @ weight
    return out


@dataclass(frozen=True)
class Lattice:
    """Evenly spaced places: those of square cells, or of hexagons, whose rows are shifted by half a cell."""

    x0: float
    y0: float
    dx: float
    dy: float
    columns: int
    rows: int


def lattice_of(x: Floats, y: Floats, *, least: float) -> Lattice:
    """Return the lattice that all places lie on; a single row or column gets a spacing of `least`."""
    spacing = []
    for values in (x, y):
        steps = np.diff(np.unique(np.round(values, 4)))
        # Rounding may split one coordinate into two a hair apart.
        steps = steps[steps > 0.01]
        gap = float(steps.min()) if len(steps) else least
        many = round(float(np.ptp(values)) / gap)
        spacing.append((float(np.ptp(values)) / many if many else gap, many + 1))
    (dx, columns), (dy, rows) = spacing
    return Lattice(float(x.min()), float(y.min()), dx, dy, columns, rows)


class Raster:
    """Points shared out over a fine raster by linear binning, to be smoothed (by FFT; a Gaussian along each axis) and read at the places of a lattice.

    Sharing a point between its four nearest nodes replaces the kernel by its linear interpolation between nodes, which is off by at most
    ``pitch^2 / 8`` times the second derivative along each axis: relative to the kernel's peak at most ``(pitch / h)^2`` for the quartic and
    ``(pitch / sigma)^2 / 4`` for the Gaussian, both axes together. The pitch is the largest whole fraction of the lattice's spacing that keeps
    this under `bound`.

    Parameters
    ----------
    lattice : Lattice
        The places where the surface is wanted; they are nodes of the raster.
    bandwidth : float
        Metres: reach of the quartic, sigma of the Gaussian.
    kernel : str
        ``"quartic"`` or ``"gaussian"``.
    bound : float
        Error allowed, relative to one kernel's peak.
    """

    def __init__(self, lattice: Lattice, *, bandwidth: float, kernel: str, bound: float = BOUND) -> None:
        self.lattice, self.bandwidth, self.kernel = lattice, bandwidth, kernel
        per_axis = bandwidth * math.sqrt(bound) * (1 if kernel == "quartic" else 2)
        reach = reach_of(bandwidth, kernel)
        while True:
            self.fine_x, self.fine_y = (max(1, math.ceil(gap / per_axis - 1e-9)) for gap in (lattice.dx, lattice.dy))
            self.px, self.py = lattice.dx / self.fine_x, lattice.dy / self.fine_y
            # One node more than the kernel's reach: a point between nodes is shared with the outer one.
            self.pad_x, self.pad_y = (math.ceil(reach / pitch) + 1 for pitch in (self.px, self.py))
            columns = (lattice.columns - 1) * self.fine_x + 1 + 2 * self.pad_x
            rows = (lattice.rows - 1) * self.fine_y + 1 + 2 * self.pad_y
            if rows * columns <= MAX_NODES or self.fine_x * self.fine_y == 1:
                break
            per_axis *= 1.25
        self.shape = (rows, columns)
        self.x0, self.y0 = lattice.x0 - self.pad_x * self.px, lattice.y0 - self.pad_y * self.py
        share = (self.px**2 + self.py**2) / 2 / bandwidth**2
        self.bound = share if kernel == "quartic" else share / 4
        self._spectra: dict[int, npt.NDArray[np.complex128]] = {}

    def bins(self, x: Floats, y: Floats, weight: Floats) -> Floats:
        """Return the raster of weights; points too far away to be felt are dropped."""
        rows, columns = self.shape
        cx, cy = (x - self.x0) / self.px, (y - self.y0) / self.py
        column, row = np.floor(cx), np.floor(cy)
        near = (column >= 0) & (column < columns - 1) & (row >= 0) & (row < rows - 1)
        if not near.all():
            cx, cy, column, row, weight = cx[near], cy[near], column[near], row[near], weight[near]
        fx, fy = cx - column, cy - row
        code = row.astype(np.int64) * columns + column.astype(np.int64)
        high, low = weight * fy, weight * (1 - fy)
        out: Floats = np.bincount(code, low * (1 - fx), rows * columns).astype(float, copy=False)
        for step, share in ((1, low * fx), (columns, high * (1 - fx)), (columns + 1, high * fx)):
            out += np.bincount(code + step, share, rows * columns)
        return out.reshape(self.shape)

    def smooth(self, binned: Floats, *, power: int = 1, signed: bool = False) -> Floats:
        """Return the sum of kernels (or of a power of them) at the lattice's places, rows x columns, per square metre.

        Weights below zero need `signed`: without it, what rounding leaves where no kernel reached is taken for nothing.
        """
        if self.kernel == "gaussian":
            return self._by_axis(binned, power)
        from scipy.fft import irfft2, rfft2

        size = self._size()
        spectrum = rfft2(binned, s=size, workers=2)
        spectrum *= self._spectrum(power)
        full = irfft2(spectrum, s=size, workers=2, overwrite_x=True)
        rows, columns = (
            slice(pad, n - pad, fine)
            for pad, n, fine in zip((self.pad_y, self.pad_x), self.shape, (self.fine_y, self.fine_x), strict=True)
        )
        found = full[rows, columns]
        if signed:
            return found
        return np.where(found > 1e-12 * max(float(found.max(initial=0.0)), 1e-300), found, 0.0)

    def _by_axis(self, binned: Floats, power: int) -> Floats:
        """Smooth along one axis, then along the other, at the lattice's places only: a Gaussian, and any power of it, is a product of two."""
        from scipy.sparse import csr_array

        bands = []
        for n, pad, fine, pitch, many in (
            (self.shape[0], self.pad_y, self.fine_y, self.py, self.lattice.rows),
            (self.shape[1], self.pad_x, self.fine_x, self.px, self.lattice.columns),
        ):
            steps = np.arange(-pad, pad + 1)
            height = np.exp(-power * np.square(steps * pitch / self.bandwidth) / 2)
            at = (pad + np.arange(many) * fine)[:, None] + steps
            first = np.arange(many + 1) * len(steps)
            bands.append(csr_array((np.tile(height, many), at.ravel(), first), shape=(many, n)))
        found = (bands[1] @ np.ascontiguousarray((bands[0] @ binned).T)).T
        return np.asarray(found) / (2 * math.pi * self.bandwidth**2) ** power

    def at(self, surface: Floats, x: Floats, y: Floats) -> Floats:
        """Return the values of a smoothed surface at places of the lattice."""
        row = np.round((y - self.lattice.y0) / self.lattice.dy).astype(np.int64)
        column = np.round((x - self.lattice.x0) / self.lattice.dx).astype(np.int64)
        return surface[row, column]

    def nodes(self) -> tuple[Floats, Floats]:
        """Return x of the raster's columns and y of its rows."""
        return self.x0 + np.arange(self.shape[1], dtype=float) * self.px, self.y0 + np.arange(
            self.shape[0], dtype=float
        ) * self.py

    def _size(self) -> tuple[int, int]:
        from scipy.fft import next_fast_len

        # The pads on both sides keep what wraps round off the lattice's places.
        return next_fast_len(self.shape[0], real=True), next_fast_len(self.shape[1], real=True)

    def _spectrum(self, power: int) -> npt.NDArray[np.complex128]:
        from scipy.fft import rfft2

        if power not in self._spectra:
            rows, columns = self._size()
            dy, dx = (np.minimum(np.arange(n), n - np.arange(n)) for n in (rows, columns))
            patch = np.zeros((rows, columns))
            ry, rx = min(self.pad_y, rows // 2), min(self.pad_x, columns // 2)
            yy, xx = np.flatnonzero(dy <= ry), np.flatnonzero(dx <= rx)
            d2 = np.square(dy[yy] * self.py)[:, None] + np.square(dx[xx] * self.px)
            patch[np.ix_(yy, xx)] = _kernel(d2, self.bandwidth, self.kernel) ** power
            self._spectra[power] = rfft2(patch, workers=2)
        return self._spectra[power]


def mass_inside(area: BaseGeometry, raster: Raster) -> Floats:
    """Return how much of a kernel centred at each of the lattice's places lies inside `area`, as a share; off by at most `share_bound`.

    Each node stands for the square around it. Of a square that the outline cuts, the part inside is counted at its own centre of gravity, shared
    out over the nodes around it as an event is: what is left is of second order in the pitch, however the outline runs.
    """
    x, y = raster.nodes()
    whole = np.zeros(raster.shape)
    pieces: list[npt.NDArray[np.object_]] = []
    _fill(area, _edges(x, raster.px), _edges(y, raster.py), whole, pieces, (0, len(y), 0, len(x)))
    if pieces:
        cut = np.concatenate(pieces)
        share = shapely.area(cut) / (raster.px * raster.py)
        centre = shapely.centroid(cut[share > 0])
        whole += raster.bins(shapely.get_x(centre), shapely.get_y(centre), share[share > 0])
    found = raster.smooth(whole) * raster.px * raster.py
    return np.minimum(found, 1.0)


def share_bound(raster: Raster) -> float:
    """Return how far `mass_inside` is off at most.

    A square counted at its centre adds at most ``pitch^2 / 24`` times the kernel's second derivative along each axis, a part of one shared out
    from its centre of gravity ``pitch^2 / 6``, each integrated over the kernel: together at most twice the bound of a single event.
    """
    return 2 * raster.bound


def _edges(nodes: Floats, pitch: float) -> Floats:
    return np.r_[nodes - pitch / 2, nodes[-1] + pitch / 2]


def _fill(
    area: BaseGeometry,
    x: Floats,
    y: Floats,
    whole: Floats,
    pieces: list[npt.NDArray[np.object_]],
    block: tuple[int, int, int, int],
) -> None:
    """Mark the squares inside an area, and collect the parts of those its outline cuts; by halving blocks, one all in or out is settled at once."""
    r0, r1, c0, c1 = block
    around = shapely.box(x[c0], y[r0], x[c1], y[r1])
    if not shapely.intersects(area, around):
        return
    if shapely.contains(area, around):
        whole[r0:r1, c0:c1] = 1.0
        return
    # Only what lies in the block is carried on: a long outline would be walked again for each of its squares.
    area = shapely.intersection(area, around)
    if (r1 - r0) * (c1 - c0) > 1024:
        halves = ((r0, (r0 + r1) // 2, c0, c1), ((r0 + r1) // 2, r1, c0, c1))
        if r1 - r0 < c1 - c0:
            halves = ((r0, r1, c0, (c0 + c1) // 2), (r0, r1, (c0 + c1) // 2, c1))
        for half in halves:
            _fill(area, x, y, whole, pieces, half)
        return
    shapely.prepare(area)
    left, low = (side.ravel() for side in np.meshgrid(x[c0:c1], y[r0:r1]))
    right, high = (side.ravel() for side in np.meshgrid(x[c0 + 1 : c1 + 1], y[r0 + 1 : r1 + 1]))
    squares = shapely.box(left, low, right, high)
    inside = shapely.covers(area, squares)
    whole[r0:r1, c0:c1] = inside.reshape(r1 - r0, c1 - c0)
    pieces.append(shapely.intersection(area, squares[~inside & shapely.intersects(area, squares)]))
