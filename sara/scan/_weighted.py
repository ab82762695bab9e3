"""Quantiles of values that each stand for several rows, equal to the last bit to those of the rows one by one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["medians", "quantiles"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def medians(values: Floats, n: Ints, group: Ints, n_groups: int) -> Floats:
    """Return the median of each group, missing where it has no value.

    Examples
    --------
    >>> import numpy as np
    >>> medians(np.array([1.0, 5.0, 2.0]), np.array([2, 2, 1]), np.array([0, 0, 2]), 3).tolist()
    [3.0, nan, 2.0]
    """
    out = np.full(n_groups, np.nan)
    if not len(values):
        return out
    order = np.lexsort((values, group))
    values, group = values[order], group[order]
    up_to = np.cumsum(n[order])
    total = np.bincount(group, weights=n[order], minlength=n_groups).astype(np.int64)
    before = np.cumsum(total) - total
    there = np.flatnonzero(total)
    low, high = (np.searchsorted(up_to, before[there] + at, side="right") for at in ((total[there] - 1) // 2, total[there] // 2))
    out[there] = (values[low] + values[high]) / 2
    return out


def quantiles(values: Floats, n: Ints, shares: Sequence[float]) -> list[float]:
    """Return quantiles as `numpy.quantile` interpolates them.

    Examples
    --------
    >>> import numpy as np
    >>> quantiles(np.array([3.0, 1.0]), np.array([1, 3]), [0.5, 1.0])
    [1.0, 3.0]
    """
    order = np.argsort(values, kind="stable")
    values, up_to = values[order], np.cumsum(n[order])
    out = []
    for share in shares:
        at = share * (up_to[-1] - 1)
        below = int(np.floor(at))
        low, high = values[np.searchsorted(up_to, [below, min(below + 1, up_to[-1] - 1)], side="right")]
        part = at - below
        out.append(float(high - (high - low) * (1 - part) if part >= 0.5 else low + (high - low) * part))
    return out
