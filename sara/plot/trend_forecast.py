"""The past as a line, and what is to come as a band: drawn from arrays only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sara.plot.style import INK, LINE, PALE, SECOND
from sara.plot.trend import draw_observed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_forecast"]


def draw_forecast(
    ax: Axes, x: Any, n: npt.ArrayLike, ahead: Any, expected: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike, *, label: str, words: str,
) -> Axes:  # fmt: skip
    """Draw counts, the interval of those to come, and their sum in words.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    x, ahead : array-like
        Starts of the periods known and to come.
    n : array-like of float
        Counts; NaN where nothing is known.
    expected, low, high : array-like of float
        Of the periods to come.
    label : str
        Words of the band.
    words : str
        The sum, written beside the band.

    Returns
    -------
    Axes
        The Axes given.
    """
    values, top, middle = np.asarray(n, dtype=float), np.asarray(high, dtype=float), np.asarray(expected, dtype=float)
    draw_observed(ax, x, values, last=False)
    known = np.flatnonzero(~np.isnan(values))
    if len(known):
        ax.plot([np.asarray(x)[known[-1]]], [values[known[-1]]], "o", color=LINE, ms=6, zorder=5, label="last known")
    at = np.asarray(ahead)
    ax.fill_between(at, np.asarray(low, dtype=float), top, color=PALE, linewidth=0, label=label, zorder=1)
    few = len(at) <= 20
    ax.plot(
        at,
        middle,
        color=SECOND,
        linestyle="--",
        linewidth=1.6,
        marker="o" if few else None,
        mfc="white",
        ms=4,
        label="expected",
        zorder=4,
    )
    if len(at) == 1:
        ax.plot([at[0], at[0]], [np.asarray(low, dtype=float)[0], top[0]], color=PALE, linewidth=8, zorder=1)
    highest = max(float(np.nanmax(values)) if len(known) else 0.0, float(top.max()), 1.0)
    ax.set_ylim(0, highest * 1.3)
    ax.annotate(words, (at[-1], float(top.max())), xytext=(0, 6), textcoords="offset points", fontsize=9, color=INK, ha="right", va="bottom", zorder=6,
                bbox={"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.85})  # fmt: skip
    ax.margins(x=0.02)
    # Words of marks hang from the top: the key goes below the line where there is room.
    lowest = min(float(np.nanmin(values)) if len(known) else 0.0, float(np.asarray(low, dtype=float).min()))
    key = ax.legend(
        loc="lower left" if lowest > 0.16 * highest else "upper left", fontsize=8.5, ncols=3, facecolor="white", edgecolor="none"
    )
    key.set_zorder(8)
    return ax
