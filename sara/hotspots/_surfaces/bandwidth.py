"""How far a kernel reaches, and why."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from sara.core.errors import InputError
from sara.core.result import Setting
from sara.core.units import metres
from sara.hotspots._surfaces.surface import PER_SIGMA, Lattice, Raster

__all__ = ["BANDWIDTH", "MUSH", "choose_bandwidth", "choose_ratio_bandwidth", "rule_of_thumb", "told_bandwidth"]

Floats = npt.NDArray[np.float64]

# A map to be read: analysts use 300 to 500 m in one city. As a ranking for the next quarter 200 m did better on three of four files
# (docs/hotspots/compare.md), only spread-out burglary wanted this much. A Gaussian of the same spread has sigma 141 m.
BANDWIDTH = 400.0
# What "auto" chooses among: below 100 m a surface is a map of addresses, above 1 km one of districts.
CANDIDATES = (100.0, 150.0, 200.0, 250.0, 300.0, 400.0, 500.0, 600.0, 800.0, 1000.0)
# The same for a ratio of two surfaces, which is noisier than either.
RATIO_CANDIDATES = (200.0, 300.0, 400.0, 500.0, 600.0, 800.0, 1000.0, 1200.0, 1500.0, 2000.0)
# From here on a surface of one city shows little but where its centre is.
MUSH = 1000.0
# Places are told apart to this many metres when one is left out at a time, more coarsely where that takes more than 4 million nodes.
PITCH, MOST = 25.0, 4_000_000
# Share of events taken to fall anywhere in the study area: one far from all others must not rule out every short reach.
ANYWHERE = 0.01


def told_bandwidth(value: Any, *, kernel: str, default: float = BANDWIDTH, why: str = "") -> Setting | None:
    """Return the bandwidth a person gave or sara's own; None for "auto", which needs the events.

    Raises
    ------
    InputError
        If `value` is neither a distance nor "auto".
    """
    if value is None:
        reach = default if kernel == "quartic" else float(round(default / PER_SIGMA))
        reason = (
            why
            or "to be read as a map: 300 to 500 m is usual in one city; to rank cells for later months try 200 to 300 m with sara.hotspots.compare"
        )
        return Setting(
            reach, "sara", reason if kernel == "quartic" else f"sigma with the spread of a quartic of {default:g} m; {reason}"
        )
    if isinstance(value, str) and value.strip().lower() == "auto":
        return None
    if isinstance(value, str) and not any(c.isdigit() for c in value):
        raise InputError(f"`bandwidth` must be a distance or 'auto'. Got {value!r}. Write 400 (metres), '400m' or 'auto'.")
    return Setting(metres(value, name="bandwidth"), "you")


def choose_bandwidth(x: Floats, y: Floats, weight: Floats, *, km2: float, kernel: str) -> tuple[Setting, tuple[str, ...]]:
    """Return the bandwidth under which places are most likely given all other places, and what to be careful about.

    Likelihood cross-validation (Habbema, Hermans & van den Broek 1974; Duin 1976): the density at each place is made from the events of all
    other places. All events of a place are left out together: one by one, repeat calls to an address would always ask for no smoothing at all.
    """
    lattice, code = _lattice(x, y)
    held: Floats = np.bincount(code, weight, lattice.rows * lattice.columns).astype(float, copy=False)
    place = np.flatnonzero(held)
    total = held.sum()
    if len(place) < 2:
        return Setting(BANDWIDTH, "sara", "all events lie at one place: nothing to choose by"), ()
    scale = 1.0 if kernel == "quartic" else PER_SIGMA
    scores = [_likelihood(held, place, total, lattice, reach / scale, kernel, km2) for reach in CANDIDATES]
    best = int(np.argmax(scores))
    thumb = rule_of_thumb(x, y, weight)
    found = CANDIDATES[best] if kernel == "quartic" else float(round(CANDIDATES[best] / scale))
    listed = f"{CANDIDATES[0] / scale:.0f} to {CANDIDATES[-1] / scale:,.0f} m"
    why = f"of {listed}, the one under which each place is most likely given all others (cross-validation); the rule of thumb would be {thumb:,.0f} m"
    cautions: tuple[str, ...] = ()
    if best in (0, len(CANDIDATES) - 1):
        cautions = (
            f"The bandwidth of {found:,.0f} m lies at the {'lower' if best == 0 else 'upper'} end of what was tried: "
            "the events ask for an even "
            + (
                "shorter one, that is, for a list of addresses: see clusters."
                if best == 0
                else "longer one, that is, they hardly crowd."
            ),
        )
    return Setting(found, "sara", why), cautions


def rule_of_thumb(x: Floats, y: Floats, weight: Floats) -> float:
    """Return ``0.9 min(SD, sqrt(1 / ln 2) Dm) n^-0.2``, the default of desktop GIS: SD the standard distance, Dm the median one to the centre."""
    total = weight.sum()
    away = np.hypot(x - (x * weight).sum() / total, y - (y * weight).sum() / total)
    order = np.argsort(away)
    middle = away[order][np.searchsorted(np.cumsum(weight[order]), total / 2)]
    standard = math.sqrt(float((away**2 * weight).sum() / total))
    return 0.9 * min(standard, math.sqrt(1 / math.log(2)) * float(middle)) * float(total) ** -0.2


def choose_ratio_bandwidth(x: Floats, y: Floats, one: Floats, two: Floats, *, kernel: str) -> tuple[Setting, tuple[str, ...]]:
    """Return the bandwidth that tells best which of two kinds an event is, from the events of all other places (Kelsall & Diggle 1998)."""
    lattice, code = _lattice(x, y)
    size = lattice.rows * lattice.columns
    first, both = (np.bincount(code, w, size).astype(float, copy=False) for w in (one, one + two))
    place = np.flatnonzero(both)
    scale = 1.0 if kernel == "quartic" else PER_SIGMA
    share = float(first.sum() / both.sum())
    scores = []
    for reach in RATIO_CANDIDATES:
        ones, all_ = (_others(held, place, lattice, reach / scale, kernel) for held in (first, both))
        # One event of the city's mix, so that a place without neighbors is guessed by that.
        weight = _peak(reach / scale, kernel)
        chance = np.clip((ones + share * weight) / (all_ + weight), 1e-9, 1 - 1e-9)
        scores.append(float((first[place] * np.log(chance) + (both - first)[place] * np.log1p(-chance)).sum()))
    best = int(np.argmax(scores))
    found = float(round(RATIO_CANDIDATES[best] / scale))
    why = (
        f"of {RATIO_CANDIDATES[0] / scale:.0f} to {RATIO_CANDIDATES[-1] / scale:,.0f} m, the one that tells best which of the two an event is from those "
        "of all other places (cross-validation)"
    )
    flat = best == len(RATIO_CANDIDATES) - 1
    told = ("The bandwidth lies at the upper end of what was tried: the two hardly differ from place to place.",) if flat else ()
    return Setting(found, "sara", why), told


def _lattice(x: Floats, y: Floats) -> tuple[Lattice, npt.NDArray[np.int64]]:
    """Return a lattice over all places, fine enough to tell them apart, and the node of each."""
    side = max(PITCH, math.sqrt(float(np.ptp(x)) * float(np.ptp(y)) / MOST))
    columns, rows = (int(float(np.ptp(v)) / side) + 1 for v in (x, y))
    column = np.minimum(((x - x.min()) / side).astype(np.int64), columns - 1)
    row = np.minimum(((y - y.min()) / side).astype(np.int64), rows - 1)
    lattice = Lattice(float(x.min()) + side / 2, float(y.min()) + side / 2, side, side, columns, rows)
    return lattice, row * columns + column


def _peak(bandwidth: float, kernel: str) -> float:
    return (3 / math.pi if kernel == "quartic" else 1 / (2 * math.pi)) / bandwidth**2


def _others(held: Floats, place: npt.NDArray[np.int64], lattice: Lattice, bandwidth: float, kernel: str) -> Floats:
    """Return the density at each place, per square metre, made from all other places."""
    raster = Raster(lattice, bandwidth=bandwidth, kernel=kernel, bound=1.0)
    counts = np.zeros(raster.shape)
    inner = (slice(raster.pad_y, raster.shape[0] - raster.pad_y), slice(raster.pad_x, raster.shape[1] - raster.pad_x))
    counts[inner] = held.reshape(lattice.rows, lattice.columns)
    return np.maximum(raster.smooth(counts).ravel()[place] - held[place] * _peak(bandwidth, kernel), 0)


def _likelihood(
    held: Floats, place: npt.NDArray[np.int64], total: float, lattice: Lattice, bandwidth: float, kernel: str, km2: float
) -> float:
    own = held[place]
    others = _others(held, place, lattice, bandwidth, kernel) / np.maximum(total - own, 1e-300)
    return float((own * np.log((1 - ANYWHERE) * others + ANYWHERE / (km2 * 1e6))).sum())
