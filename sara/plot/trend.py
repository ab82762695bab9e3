"""A line with what is usual for it, alarms, and dates that explain a change: drawn from arrays only."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.units import timestamp
from sara.plot.series import date_axis, draw_days, week_mean
from sara.plot.style import INK, LINE, MUTED, PALE, SECOND

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_band", "draw_gaps", "draw_marks", "draw_marks_at", "draw_observed"]

# Beyond this many points, dots on each would be a caterpillar.
_FEW = 60


def draw_observed(
    ax: Axes, x: Any, n: npt.ArrayLike, *, partial: Any = (), last: bool = True, color: str = LINE, mean: bool = True
) -> Axes:
    """Draw counts as a line, gaps left open, the last one marked with its number and partial periods hollow.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    x : array-like
        Starts of the periods, or their numbers.
    n : array-like of float
        Counts; NaN where nothing is known.
    partial : sequence of (x, n)
        Periods covered in part.
    last : bool
        Whether the last known count is marked.
    color : str
        Of the line.
    mean : bool
        Whether more than 400 days are drawn thin and grey, under the mean of seven.

    Returns
    -------
    Axes
        The Axes given.
    """
    at, values = np.asarray(x), np.asarray(n, dtype=float)
    few, smooth = len(values) <= _FEW, week_mean(at, values) if mean else None
    if smooth is not None:
        draw_days(ax, at, values, smooth, color)
    else:
        ax.plot(at, values, color=color, linewidth=1.5 if few else 1.0, marker="o" if few else None, ms=3, zorder=3)
    for start, count in partial:
        ax.plot([start], [count], "o", mfc="white", mec=color, mew=1.2, ms=5, zorder=3)
    known = np.flatnonzero(~np.isnan(values))
    if last and len(known):
        i = known[-1]
        ax.plot([at[i]], [values[i]], "o", color=color, ms=6, zorder=5)
        ax.annotate(f"{values[i]:,.0f}" if values[i] == np.floor(values[i]) else f"{values[i]:,.3g}", (at[i], values[i]), xytext=(6, 4),
                    textcoords="offset points", fontsize=8.5, color=INK, zorder=6)  # fmt: skip
        ax.margins(x=0.06)
    if np.issubdtype(at.dtype, np.datetime64):
        date_axis(ax)
    ax.grid(axis="y", color=PALE, linewidth=0.6)
    ax.set_axisbelow(True)
    return ax


def draw_band(
    ax: Axes, x: Any, low: npt.ArrayLike, high: npt.ArrayLike, *, expected: npt.ArrayLike | None = None, alarm: npt.ArrayLike | None = None,
    n: npt.ArrayLike | None = None, label: str = "what is usual",
) -> Axes:  # fmt: skip
    """Draw what is usual as a grey band with words on it, and the counts outside of it as marks readable without colour.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    x : array-like
        Starts of the periods, or their numbers.
    low, high : array-like of float
        Limits of the band; NaN where there is none.
    expected : array-like of float, optional
        The middle of it, drawn dashed.
    alarm : array-like of bool, optional
        Periods to ring; needs `n`.
    n : array-like of float, optional
        Counts.
    label : str
        Words of the band in the legend.

    Returns
    -------
    Axes
        The Axes given.
    """
    at = np.asarray(x)
    ax.fill_between(
        at, np.asarray(low, dtype=float), np.asarray(high, dtype=float), color=PALE, linewidth=0, label=label, zorder=1
    )
    if expected is not None:
        ax.plot(at, np.asarray(expected, dtype=float), color=MUTED, linestyle="--", linewidth=1.1, label="expected", zorder=2)
    if alarm is not None and n is not None and np.asarray(alarm, dtype=bool).any():
        rung = np.asarray(alarm, dtype=bool)
        ax.plot(at[rung], np.asarray(n, dtype=float)[rung], "D", mfc="none", mec=SECOND, mew=1.6, ms=8, linestyle="none", zorder=6,
                label="outside")  # fmt: skip
    ax.legend(loc="upper left", bbox_to_anchor=(0, 1.0), frameon=False, fontsize=8.5, ncols=3)
    return ax


def draw_gaps(ax: Axes, gaps: Sequence[tuple[Any, Any]]) -> Axes:
    """Hatch the stretches for which a file says nothing.

    Parameters
    ----------
    ax : Axes
        Where to draw, with dates along it.
    gaps : sequence of (date, date)
        First day, and the day after the last.

    Returns
    -------
    Axes
        The Axes given.
    """
    for first, last in gaps:
        ax.axvspan(pd.Timestamp(first), pd.Timestamp(last), facecolor="none", edgecolor=PALE, hatch="////", linewidth=0, zorder=0)  # type: ignore[arg-type]
    return ax


def draw_marks(ax: Axes, marks: Mapping[Any, str] | None) -> Axes:
    """Draw dates that explain a change (a response, a new way to record) as dotted lines with their words.

    Parameters
    ----------
    ax : Axes
        Where to draw, with dates along it.
    marks : dict of date to str, optional
        ``{"2024-03-01": "response begins"}``. Dates outside the picture are left out.

    Returns
    -------
    Axes
        The Axes given.
    """
    from matplotlib.dates import date2num

    dated = sorted((timestamp(date, name="marks"), str(words)) for date, words in (marks or {}).items())
    return draw_marks_at(ax, [(float(date2num(pd.Timestamp(date).to_pydatetime())), words) for date, words in dated])


def draw_marks_at(ax: Axes, marks: Sequence[tuple[float, str]]) -> Axes:
    """Draw the same at places of an axis without dates.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    marks : sequence of (float, str)
        Where on the axis, and the words, in order. Those outside the picture are left out.

    Returns
    -------
    Axes
        The Axes given.
    """
    low, high = ax.get_xlim()
    inside = [(at, words) for at, words in marks if low <= at <= high]
    # Words of marks that stand close go one below the other.
    levels = [sum(abs(at - other) < 0.2 * (high - low) for other, _ in inside[:i]) for i, (at, _) in enumerate(inside)]
    if not inside:
        return ax
    first = 4 + (18 if _legend_inside(ax) else 0)
    _headroom(ax, first + 24 * (max(levels) + 1))
    for (at, words), level in zip(inside, levels, strict=True):
        ax.axvline(at, color=INK, linewidth=1.0, linestyle=":", zorder=2)
        left = at > low + 0.75 * (high - low)
        ax.annotate("\n".join(textwrap.wrap(words, 22)), (at, 1), xycoords=("data", "axes fraction"), xytext=(-4 if left else 4, -first - 24 * level),
                    textcoords="offset points", fontsize=8, color=INK, ha="right" if left else "left", va="top", zorder=7,
                    bbox={"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.85})  # fmt: skip
    ax.set_xlim(low, high)
    return ax


def _legend_inside(ax: Axes) -> bool:
    legend = ax.get_legend()
    return legend is not None and legend.get_bbox_to_anchor().transformed(ax.transAxes.inverted()).x0 < 0.9


def _headroom(ax: Axes, points: float) -> None:
    """Make room above what is drawn, so that words hide no line."""
    figure: Any = ax.figure
    height = ax.get_position().height * figure.get_size_inches()[1] * 72
    bottom, top = ax.get_ylim()
    share = min(points / max(height, 1.0), 0.4)
    ax.set_ylim(bottom, bottom + (top - bottom) / (1 - share))
