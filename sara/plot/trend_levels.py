"""Counts with the levels they kept and the time of each change: drawn from arrays only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sara.plot.series import week_mean
from sara.plot.style import INK, LINE, MUTED, PALE, SECOND
from sara.plot.trend import draw_observed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_levels"]

# More numbers than this would cover one another.
MOST_WORDS = 6


def draw_levels(
    ax: Axes, x: npt.NDArray[Any], n: npt.ArrayLike, level: npt.ArrayLike, *, expected: npt.ArrayLike | None = None,
    spans: Sequence[tuple[Any, Any]] = (), firsts: Sequence[Any] = (), words: Sequence[str] = (), label: str = "when it changed",
) -> Axes:  # fmt: skip
    """Draw counts, the level of each stretch as a thick line, and grey bands where each change may have been.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    x : array
        Starts of the periods, or their numbers.
    n, level : array of float
        Counts and levels; NaN in gaps.
    expected : array of float, optional
        Level times season, drawn thin and dashed; of more than 400 days, the mean of seven.
    spans : sequence of (first, last)
        Limits of the date of each change.
    firsts, words : sequence
        First period of each stretch, and its level in words.
    label : str
        Of the bands, in the legend.

    Returns
    -------
    Axes
        The Axes given.
    """
    values, levels = np.asarray(n, dtype=float), np.asarray(level, dtype=float)
    half = (x[1] - x[0]) / 2 if len(x) > 1 else 0.5
    for i, (first, last) in enumerate(spans):
        # A date known to the period still shows as a line of one.
        ax.axvspan(first - half, last + half, color=PALE, linewidth=0, zorder=0, label=label if i == 0 else None)
    draw_observed(ax, x, values, color=LINE)
    ax.lines[0].set_alpha(0.75)
    if expected is not None:
        smooth = week_mean(x, expected)
        ax.plot(
            x,
            np.asarray(expected, dtype=float) if smooth is None else smooth,
            color=MUTED,
            linestyle="--",
            linewidth=1.0,
            zorder=4,
            label="level and season",
        )
    starts = list(firsts)
    for i, first in enumerate(starts):
        inside = (x >= first) & ((x < starts[i + 1]) if i + 1 < len(starts) else np.ones(len(x), dtype=bool))
        ax.plot(
            x[inside],
            levels[inside],
            color=SECOND,
            linewidth=2.6,
            solid_capstyle="butt",
            zorder=5,
            label="level" if i == 0 else None,
        )
        if len(starts) <= MOST_WORDS:
            ax.annotate(words[i], (x[inside][0], float(np.nanmax(levels[inside]))), xytext=(3, 4), textcoords="offset points", fontsize=9,
                        fontweight="bold", color=INK, zorder=7, bbox={"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.8})  # fmt: skip
    top = float(np.nanmax(np.concatenate([values, levels]))) if len(values) else 1.0
    ax.set_ylim(0, max(1.0, top * 1.22))
    ax.legend(loc="upper left", frameon=False, fontsize=8.5, ncols=4, borderaxespad=0.2)
    return ax
