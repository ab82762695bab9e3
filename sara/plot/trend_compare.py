"""A table that draws: per row its counts, a sparkline, a ratio with its interval, and a word; from arrays and frames only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sara.core.units import timestamp
from sara.plot.style import INK, LINE, MUTED, PALE, SECOND

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_compare"]

# Right edges of the number columns, then the stretches of sparkline and ratio, and where the word begins: as shares of the width.
_NUMBERS = {"now": 0.30, "before": 0.37, "base": 0.45}
_SPARK, _RATIO, _WORD = (0.48, 0.665), (0.69, 0.865), 0.885
# From wide to narrow: the first whose ticks give at least five is drawn.
_TICKS = (
    {1 / 16: "1/16", 1 / 4: "1/4", 1: "1", 4: "4", 16: "16"}, {1 / 4: "1/4", 1 / 2: "1/2", 1: "1", 2: "2", 4: "4"}, {0.5: "0.5", 0.7: "0.7", 1: "1", 1.4: "1.4", 2: "2"},
    {0.7: "0.7", 0.85: "0.85", 1: "1", 1.2: "1.2", 1.4: "1.4"},
)  # fmt: skip
_LONGEST = 30


def draw_compare(
    ax: Axes, names: Sequence[str], rows: pd.DataFrame, history: pd.DataFrame, *, base: str, heads: Mapping[str, str], marks: Mapping[Any, str] | None = None,
    bold_first: bool = False,
) -> Axes:  # fmt: skip
    """Draw one line per row of a comparison.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    names : sequence of str
        Row names as they may be shown.
    rows : DataFrame
        ``n``, ``before``, the column `base`, ``ratio``, ``low``, ``high``, ``flag``.
    history : DataFrame
        ``row``, ``period``, ``per_day``: the sparklines; missing values leave a gap.
    base : str
        The column compared with.
    heads : dict of str to str
        Words over the columns ``now``, ``before``, ``base``.
    marks : dict of date to str, optional
        Dates to mark in the sparklines.
    bold_first : bool
        Whether the first row is a total.

    Returns
    -------
    Axes
        The Axes given.
    """
    count = len(rows)
    ax.set_xlim(0, 1)
    ax.set_ylim(count - 0.5, -1.25)
    ax.set_axis_off()
    place = _ratio_scale(rows)
    _heads(ax, heads, base)
    _axis_of_ratios(ax, place, count)
    spans = history.groupby("row")
    for k, (name, (_, row)) in enumerate(zip(names, rows.iterrows(), strict=True)):
        called = row["flag"] in ("more", "fewer")
        weight = "bold" if called or (bold_first and k == 0) else "normal"
        if k % 2 == 1:
            ax.axhspan(k - 0.5, k + 0.5, color="#F4F4F4", zorder=0)
        ax.text(
            0.0,
            k,
            name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…",
            fontsize=8.5,
            va="center",
            color=INK,
            fontweight=weight,
        )
        _numbers(ax, row, k, base)
        if k in spans.groups:
            _spark(ax, spans.get_group(k), k, marks)
        _ratio(ax, row, k, place, called=called)
        ax.text(_WORD, k, {"more": "▲ more", "fewer": "▼ fewer"}.get(row["flag"], row["flag"]), fontsize=8.5, va="center",
                color=INK if called else MUTED, fontweight="bold" if called else "normal")  # fmt: skip
    return ax


def _heads(ax: Axes, heads: Mapping[str, str], base: str) -> None:
    for key, x in _NUMBERS.items():
        if key != "base" or base != "before":
            ax.text(x, -0.62, heads[key], fontsize=8, color=MUTED, ha="right", va="bottom", linespacing=0.95)
    ax.text(_SPARK[0], -0.62, "course", fontsize=8, color=MUTED, va="bottom")
    ax.text(sum(_RATIO) / 2, -0.98, "times as many", fontsize=8, color=MUTED, ha="center", va="bottom")


def _numbers(ax: Axes, row: pd.Series, k: int, base: str) -> None:
    values = {"now": row["n"], "before": row["before"], "base": row[base] if base != "before" else np.nan}
    for key, x in _NUMBERS.items():
        value = values[key]
        if pd.isna(value):
            words = "" if key == "base" and base == "before" else "–"
        else:
            words = f"{value:,.0f}" if float(value).is_integer() or value >= 20 else f"{value:,.1f}"
        ax.text(x, k, words, fontsize=8.5, va="center", ha="right", color=INK, fontweight="bold" if key == "now" else "normal")


def _spark(ax: Axes, part: pd.DataFrame, k: int, marks: Mapping[Any, str] | None) -> None:
    n = part["per_day"].to_numpy(dtype=float)
    if len(n) < 2 or np.isnan(n).all():
        return
    x = np.linspace(*_SPARK, len(n))
    low, high = np.nanmin(n), np.nanmax(n)
    y = k + 0.34 - 0.68 * ((n - low) / (high - low) if high > low else np.full(len(n), 0.5))
    ax.plot(x, y, color=MUTED, linewidth=0.9, zorder=2)
    last = int(np.flatnonzero(~np.isnan(n))[-1])
    ax.plot([x[last]], [y[last]], "o", color=LINE, ms=4, zorder=3)
    begins = part["period"].to_numpy(dtype="datetime64[us]")
    for date in marks or ():
        at = np.datetime64(timestamp(date, name="marks"), "us")
        if begins[0] <= at <= begins[-1]:
            where = float(np.interp(at.astype(np.int64), begins.astype(np.int64), x))
            ax.plot([where, where], [k - 0.45, k + 0.45], color=INK, linewidth=0.9, linestyle=":", zorder=1)
            if k == 0:
                ax.text(where, -0.62, str((marks or {})[date]), fontsize=7.5, color=INK, ha="center", va="bottom")


def _ratio_scale(rows: pd.DataFrame) -> tuple[float, float]:
    """Return the least and largest ratio drawn: all points, and as much of the intervals as leaves them readable."""
    points = rows["ratio"].to_numpy(dtype=float)
    ends = np.concatenate([rows["low"].to_numpy(dtype=float), rows["high"].to_numpy(dtype=float), points])
    known = ends[np.isfinite(ends) & (ends > 0)]
    widest = float(np.exp(np.abs(np.log(known)).max())) if len(known) else 2.0
    widest = min(max(widest * 1.05, 1.45), 16.0)
    return 1 / widest, widest


def _at(value: float, scale: tuple[float, float]) -> float:
    low, high = np.log(scale[0]), np.log(scale[1])
    share = (np.log(max(value, 1e-9)) - low) / (high - low)
    return float(_RATIO[0] + np.clip(share, 0, 1) * (_RATIO[1] - _RATIO[0]))


def _axis_of_ratios(ax: Axes, scale: tuple[float, float], count: int) -> None:
    held = [
        {tick: words for tick, words in ticks.items() if scale[0] <= tick * 1.001 and tick <= scale[1] * 1.001}
        for ticks in _TICKS
    ]
    for tick, words in next((ticks for ticks in held if len(ticks) >= 5), held[-1]).items():
        x = _at(tick, scale)
        ax.plot([x, x], [-0.5, count - 0.5], color=MUTED if tick == 1 else PALE, linewidth=1.1 if tick == 1 else 0.7, zorder=1)
        ax.text(x, -0.62, words, fontsize=7.5, color=MUTED, ha="center", va="bottom")


def _ratio(ax: Axes, row: pd.Series, k: int, scale: tuple[float, float], *, called: bool) -> None:
    if pd.isna(row["low"]):
        return
    color = SECOND if called else LINE
    low, high = _at(row["low"], scale), _at(np.inf if pd.isna(row["high"]) else row["high"], scale)
    ax.plot([low, high], [k, k], color=color, linewidth=1.6 if called else 1.1, zorder=3)
    if pd.notna(row["ratio"]):
        ax.plot([_at(row["ratio"], scale)], [k], "D" if called else "o", color=color, ms=5 if called else 4, zorder=4)
