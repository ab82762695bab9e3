"""Hours of the day, days of the week and months of the year: bars against what is expected, and a rose with its mean direction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sara.plot.style import INK, LINE, MUTED, PALE, SECOND

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_hours", "draw_rose", "draw_shares"]

# Dash, marker and color of what is drawn beside the bars: told apart in grey by the first two.
_WAYS: dict[str, tuple[Any, str, str, str]] = {
    "start": ("--", "o", SECOND, "first possible moment"),
    "mid": (":", "s", MUTED, "middle"),
    "end": ("-.", "^", INK, "last possible moment"),
}


def draw_hours(ax: Axes, weight: npt.ArrayLike, others: Mapping[str, npt.ArrayLike], *, ylabel: str) -> Axes:
    """Draw the hours of the day as bars, with other ways of placing the same events as lines over them.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    weight : array-like of float, length 24
        Height of the bars.
    others : dict of str to array-like
        ``"start"``, ``"mid"``, ``"end"``: what one moment alone would give.
    ylabel : str
        Unit.

    Returns
    -------
    Axes
        The Axes given.
    """
    hours = np.arange(24)
    ax.bar(
        hours + 0.5,
        np.asarray(weight, dtype=float),
        0.92,
        color=LINE,
        alpha=0.45,
        label="spread over the interval (aoristic)",
        zorder=2,
    )
    for name, values in others.items():
        dash, marker, color, words = _WAYS[name]
        ax.plot(
            hours + 0.5,
            np.asarray(values, dtype=float),
            linestyle=dash,
            marker=marker,
            color=color,
            ms=3.5,
            linewidth=1.3,
            label=words,
            zorder=3,
        )
    ax.set_xticks(range(0, 25, 3), [f"{hour % 24:02d}:00" for hour in range(0, 25, 3)])
    ax.set_xlim(0, 24)
    top = max(float(np.max(np.asarray(values, dtype=float))) for values in (weight, *others.values()))
    ax.set_ylim(0, max(top, 1e-9) * 1.28)
    ax.set_ylabel(ylabel, fontsize=9.5, color=INK)
    ax.grid(axis="y", color=PALE, linewidth=0.6)
    ax.set_axisbelow(True)
    ax.legend(loc="upper left", frameon=False, fontsize=8.5, ncols=2)
    return ax


def draw_shares(
    ax: Axes, labels: Sequence[str], n: npt.ArrayLike, expected: npt.ArrayLike, *, low: npt.ArrayLike, high: npt.ArrayLike, rung: Sequence[bool], ylabel: str
) -> Axes:  # fmt: skip
    """Draw counts as bars, what is expected as dashes across them, intervals as whiskers; those above what chance explains are hatched.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    labels : sequence of str
        Names of the bins.
    n, expected : array-like of float
        Counts, and what they would be were all alike.
    low, high : array-like of float
        Interval of each count.
    rung : sequence of bool
        Bins above what chance explains.
    ylabel : str
        Unit.

    Returns
    -------
    Axes
        The Axes given.
    """
    at, count, mean = np.arange(len(labels)), np.asarray(n, dtype=float), np.asarray(expected, dtype=float)
    lower, upper = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    out = np.asarray(rung, dtype=bool)
    ax.bar(at[~out], count[~out], 0.72, color=LINE, alpha=0.45, zorder=2)
    ax.bar(
        at[out],
        count[out],
        0.72,
        color=SECOND,
        alpha=0.6,
        hatch="//",
        edgecolor=INK,
        linewidth=0.8,
        label="above what chance explains",
        zorder=2,
    )
    ax.vlines(at, lower, upper, color=INK, linewidth=1.1, label="interval, all together", zorder=4)
    ax.hlines(mean, at - 0.44, at + 0.44, color=INK, linestyle="--", linewidth=1.2, label="expected", zorder=5)
    few = len(labels) <= 12
    step = 1 if few else 3
    ax.set_xticks(at[::step], list(labels)[::step])
    top = max(float(upper.max()), float(mean.max()), 1e-9)
    if few:
        # At the foot of the bar no line crosses the number.
        for x, value in zip(at, count, strict=True):
            ax.annotate(f"{value:,.0f}", (x, 0), xytext=(0, 3), textcoords="offset points", fontsize=8.5, color=INK, ha="center", zorder=6,
                        bbox={"boxstyle": "round,pad=0.12", "fc": "white", "ec": "none", "alpha": 0.75})  # fmt: skip
    ax.set_ylim(0, top * 1.26)
    ax.set_ylabel(ylabel, fontsize=9.5, color=INK)
    ax.grid(axis="y", color=PALE, linewidth=0.6)
    ax.set_axisbelow(True)
    ax.legend(loc="upper left", frameon=False, fontsize=8.5, ncols=3)
    return ax


def draw_rose(
    ax: Axes, ratio: npt.ArrayLike, *, labels: Sequence[str], mean: float | None, low: float | None, high: float | None, length: float,
    peaks: Sequence[float] = (),
) -> Axes:  # fmt: skip
    """Draw a circle, the first bin at the top and clockwise, with wedges whose area shows the counts, and the mean direction as an arrow.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    ratio : array-like of float
        Each bin in multiples of the average; NaN where nothing is known.
    labels : sequence of str
        Names of the bins.
    mean, low, high : float or None
        Mean direction and its interval, as shares of the circle; None where there is none.
    length : float
        Mean resultant length: the arrow reaches that far to the rim.
    peaks : sequence of float
        Peaks to mark, as shares of the circle.

    Returns
    -------
    Axes
        The Axes given.
    """
    from matplotlib.patches import Circle, Wedge

    values = np.nan_to_num(np.asarray(ratio, dtype=float))
    radius, bins = np.sqrt(values), len(values)
    rim = max(float(radius.max()), 1.0) * 1.08

    def degrees(share: float) -> float:
        return 90.0 - 360.0 * share

    def point(share: float, r: float) -> tuple[float, float]:
        angle = np.deg2rad(degrees(share))
        return r * float(np.cos(angle)), r * float(np.sin(angle))

    for i, r in enumerate(radius):
        ax.add_patch(
            Wedge(
                (0, 0),
                r,
                degrees((i + 1) / bins),
                degrees(i / bins),
                facecolor=LINE,
                alpha=0.5,
                edgecolor="white",
                linewidth=0.8,
                zorder=2,
            )
        )
    ax.add_patch(Circle((0, 0), rim, facecolor="none", edgecolor=PALE, linewidth=1.0, zorder=1))
    ax.add_patch(Circle((0, 0), 1.0, facecolor="none", edgecolor=MUTED, linestyle="--", linewidth=1.1, zorder=3))
    named = range(0, bins, 3) if bins > 12 else range(bins)
    for i in named:
        # An hour's label stands where the hour begins, a day's and a month's in its middle.
        x, y = point(i / bins if bins > 12 else (i + 0.5) / bins, rim * 1.1)
        ax.annotate(labels[i], (x, y), ha="center", va="center", fontsize=9, color=INK)
    for peak in peaks:
        ax.plot(
            *point(peak, rim),
            marker="D",
            color=SECOND,
            ms=8,
            mec=INK,
            zorder=6,
            label="peak" if peak == peaks[0] else None,
            linestyle="none",
        )
    if mean is not None:
        x, y = point(mean, rim * length)
        ax.annotate(
            "",
            (x, y),
            (0, 0),
            arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 2.2, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 16},
            zorder=7,
        )
        ax.plot([], [], color=INK, linewidth=2.2, label=f"mean (R = {length:.2f})")
        if low is not None and high is not None:
            width = (high - low) % 1.0
            arc = [point(low + width * step, rim) for step in np.linspace(0, 1, 60)]
            ax.plot(*zip(*arc, strict=True), color=INK, linewidth=4.0, solid_capstyle="butt", zorder=5, label="its interval")
    ax.set_xlim(-rim * 1.24, rim * 1.24)
    ax.set_ylim(-rim * 1.24, rim * 1.24)
    ax.set_aspect("equal")
    ax.set_axis_off()
    if mean is not None or peaks:
        ax.legend(loc="lower right", bbox_to_anchor=(1.12, 0.0), frameon=False, fontsize=8.5)
    return ax
