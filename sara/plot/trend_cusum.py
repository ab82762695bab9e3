"""Cumulative sums on either side of zero, with their limits, and from when to when a shift was called: drawn from arrays only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sara.plot.series import date_axis
from sara.plot.style import INK, LINE, MUTED, PALE, SECOND

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_cusum"]

_NAMES = {"up": "more than usual", "down": "fewer than usual"}
_STYLES = {"up": (LINE, "-"), "down": (INK, "-.")}


def draw_cusum(
    ax: Axes, x: Any, *, known: npt.NDArray[np.bool_], sums: Mapping[str, tuple[npt.NDArray[np.float64], float]],
    alarm: Mapping[str, npt.NDArray[np.bool_]], spans: Sequence[tuple[Any, Any]] = (),
) -> Axes:  # fmt: skip
    """Draw sums of excess upwards and of deficit downwards.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    x : array
        Starts of the periods, or their numbers.
    known : array of bool
        Periods with a number; the others are left open.
    sums : dict of side to (values, limit)
        "up" and "down".
    alarm : dict of side to array of bool
        Periods to mark.
    spans : sequence of (onset, alarm)
        When each shift began and when it was called.

    Returns
    -------
    Axes
        The Axes given.
    """
    at = np.asarray(x)
    for i, (began, called) in enumerate(spans):
        ax.axvspan(began, called, color=PALE, linewidth=0, zorder=0, label="began to called" if i == 0 else None)
    ends = [0.0]
    for side, (values, limit) in sums.items():
        sign = -1.0 if side == "down" else 1.0
        shown = np.where(known, sign * values, np.nan)
        color, style = _STYLES[side]
        ax.plot(at, shown, color=color, linestyle=style, linewidth=1.3, label=_NAMES[side], zorder=3)
        ax.axhline(
            sign * limit,
            color=SECOND,
            linestyle="--",
            linewidth=1.1,
            label="limit" if sign * limit == _first(sums) else None,
            zorder=2,
        )
        rung = alarm[side]
        if rung.any():
            ax.plot(at[rung], shown[rung], "D", mfc="none", mec=SECOND, mew=1.4, ms=6, linestyle="none", zorder=5, label=None)
        last = np.flatnonzero(known)
        if len(last):
            i = last[-1]
            ax.plot([at[i]], [shown[i]], "o", color=color, ms=6, zorder=6)
        ends += [sign * limit, float(np.nanmin(shown)) if known.any() else 0.0, float(np.nanmax(shown)) if known.any() else 0.0]
    ax.axhline(0, color=MUTED, linewidth=0.8, zorder=1)
    low, high = min(ends), max(ends)
    room = high - low
    ax.set_ylim(low - 0.06 * room, high + 0.3 * room)
    ax.yaxis.set_major_formatter(lambda value, _: f"{abs(value):,.0f}" if abs(value) >= 1 or value == 0 else f"{abs(value):g}")
    if np.issubdtype(at.dtype, np.datetime64):
        date_axis(ax)
    ax.grid(axis="y", color=PALE, linewidth=0.6)
    ax.set_axisbelow(True)
    ax.margins(x=0.04)
    key = ax.legend(loc="upper left", fontsize=8.5, ncols=4, facecolor="white", edgecolor="none", framealpha=0.9)
    # A mark must not cross its words.
    key.set_zorder(8)
    return ax


def _first(sums: Mapping[str, tuple[npt.NDArray[np.float64], float]]) -> float:
    side, (_, limit) = next(iter(sums.items()))
    return -limit if side == "down" else limit
