"""The 17 patterns of hot and cold over time, as ArcGIS Pro defines them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["KINDS", "NONE", "PATTERNS", "often"]

Bools = npt.NDArray[np.bool_]

KINDS = ("new", "consecutive", "intensifying", "persistent", "diminishing", "sporadic", "oscillating", "historical")
PATTERNS = (*(f"{kind} hot spot" for kind in KINDS), *(f"{kind} cold spot" for kind in KINDS), "none")
NONE = len(PATTERNS) - 1
# Hot in at least this share of steps is hot almost always.
MOSTLY = 0.9


def often(on: Bools) -> Bools:
    """Return which cells (rows) are on in at least 90 % of steps."""
    return np.asarray(on.sum(axis=1) >= MOSTLY * on.shape[1] - 1e-9)


def _classify(hot: Bools, cold: Bools, trend: npt.NDArray[np.int64]) -> npt.NDArray[np.int8]:
    """Return the pattern of each cell as its place in `PATTERNS`.

    Parameters
    ----------
    hot, cold : array of bool, (cells, steps)
        Significantly hot or cold, step by step in order of time; never both.
    trend : array of int, (cells,)
        1 where z rises significantly, -1 where it falls, 0 elsewhere.

    Returns
    -------
    array of int8, (cells,)
        Definitions, in this order, the first that fits being taken (hot; the same with cold for hot, where falling z is a cold spot that
        intensifies). "new": hot in the last step and never before. "consecutive": a single unbroken run of at least two hot steps at the
        end, never hot before, less than 90 % of all steps hot. "intensifying": at least 90 % of steps hot, the last among them, and the
        intensity rises significantly. "persistent": the same without a trend. "diminishing": the same, and it falls. "sporadic": the last
        step hot, on and off before, less than 90 % hot, never cold. "oscillating": the last step hot, less than 90 % hot, cold in some step
        before. "historical": the last step not hot, but at least 90 % of steps.
    """
    up, down = _kind(hot, cold, trend), _kind(cold, hot, -trend)
    return np.where(up >= 0, up, np.where(down >= 0, down + len(KINDS), NONE)).astype(np.int8)


def _kind(on: Bools, other: Bools, rise: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the place in `KINDS`, -1 for none."""
    last, total, mostly = on[:, -1], on.sum(axis=1), often(on)
    run = np.sum(np.logical_and.accumulate(on[:, ::-1], axis=1), axis=1)
    fits = (
        last & (total == 1),
        last & (run == total) & ~mostly,
        mostly & last & (rise > 0),
        mostly & last & (rise == 0),
        mostly & last & (rise < 0),
        last & ~mostly & ~other.any(axis=1),
        last & ~mostly,
        mostly & ~last,
    )
    return np.select(fits, range(len(KINDS)), default=-1)
