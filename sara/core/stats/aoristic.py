"""Aoristic weights: an event known to lie between two moments counts in part in each stretch of the week it may have happened in."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["DAY", "WEEK", "aoristic_weights", "point_weights"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# In minutes.
DAY = 1_440
WEEK = 7 * DAY


def aoristic_weights(
    start: npt.ArrayLike, minutes: npt.ArrayLike, *, bin_minutes: int = 60, each: npt.ArrayLike | None = None
) -> Floats:
    """Spread events evenly over the minutes they may have happened in, and add up by stretch of the week.

    Parameters
    ----------
    start : array-like of int
        First possible minute, counted from any Monday 00:00.
    minutes : array-like of int
        Length of the interval. Up to one minute, the event counts in full where it starts; from a week on, equally in every stretch.
    bin_minutes : int
        Length of a stretch, a divisor of a day.
    each : array-like of float, optional
        How much an event counts; 1 if not given.

    Returns
    -------
    array of float, shape (10080 / bin_minutes,)
        Monday 00:00 first; their sum is the sum of `each`.

    Notes
    -----
    No loop over events or hours: each interval raises the weight per minute where it starts and lowers it where it ends, and a running sum
    over the minutes of two weeks does the rest.

    References
    ----------
    Ratcliffe (2002), Journal of Quantitative Criminology 18(1), 23-43. doi:10.1023/A:1013240828824

    Examples
    --------
    >>> from sara.core.stats.aoristic import aoristic_weights
    >>> aoristic_weights([110], [20])[1:3].tolist()  # Monday 01:50 to 02:10
    [0.5, 0.5]
    """
    at, length = np.mod(np.asarray(start, dtype=np.int64), WEEK), np.asarray(minutes, dtype=np.int64)
    weight = np.ones(len(at)) if each is None else np.asarray(each, dtype=float)
    long = length >= WEEK
    # What is known to the minute lies in that minute.
    span = np.maximum(length[~long], 1)
    first, last, per = at[~long], at[~long] + span, weight[~long] / span
    size = 2 * WEEK + 1
    density = np.cumsum(np.bincount(first, per, size) - np.bincount(last, per, size))
    # Where no interval runs, what the running sum has left is rounding.
    running = np.cumsum(np.bincount(first, minlength=size) - np.bincount(last, minlength=size))
    density[running == 0] = 0.0
    week = density[:WEEK] + density[WEEK : 2 * WEEK]
    bins = WEEK // bin_minutes
    return np.asarray(week.reshape(bins, bin_minutes).sum(axis=1) + weight[long].sum() / bins)


def point_weights(minute: npt.ArrayLike, *, bin_minutes: int = 60) -> Ints:
    """Count events by the stretch of the week that holds one moment of each, such as the start or the middle.

    Parameters
    ----------
    minute : array-like of int
        Counted from any Monday 00:00.
    bin_minutes : int
        Length of a stretch.
    """
    at = np.mod(np.asarray(minute, dtype=np.int64), WEEK) // bin_minutes
    return np.bincount(at, minlength=WEEK // bin_minutes).astype(np.int64)
