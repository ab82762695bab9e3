"""Benjamini-Hochberg: what is left of many p-values once there were many."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["benjamini_hochberg"]


def benjamini_hochberg(p: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return p-values adjusted for the false discovery rate.

    Parameters
    ----------
    p : array-like of float
        P-values of all tests made; a missing one stays missing and is not counted as a test.

    Returns
    -------
    array of float
        In the order of `p`: the smallest rate at which the test would be called.

    Notes
    -----
    ``min over j >= i of p_(j) m / j``, at most 1, as R's ``p.adjust(method = "BH")``. Holds for independent and positively dependent tests,
    which neighbouring cells are.

    References
    ----------
    Benjamini & Hochberg (1995), JRSS B 57(1), 289-300. doi:10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    >>> from sara.core.stats.fdr import benjamini_hochberg
    >>> benjamini_hochberg([0.01, 0.02, 0.5]).tolist()
    [0.03, 0.03, 0.5]
    """
    values = np.asarray(p, dtype=float)
    adjusted = np.full(values.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(values))
    order = tested[np.argsort(values[tested], kind="stable")]
    m = len(order)
    steps = values[order] * m / np.arange(1, m + 1)
    adjusted[order] = np.minimum(np.minimum.accumulate(steps[::-1])[::-1], 1.0)
    return adjusted
