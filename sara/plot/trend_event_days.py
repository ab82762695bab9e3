"""Event days against ordinary ones: a ratio with its interval per line, every single day as a dot; from frames only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sara.plot.style import INK, LINE, MUTED, PALE, SECOND

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_event_days"]

# Right edges of the number columns, the stretch of the ratio, and where the word begins: as shares of the width.
_NUMBERS = {"days": 0.325, "events": 0.405, "ordinary\ndays give": 0.495}
_RATIO, _WORD = (0.53, 0.84), 0.86
_TICKS = ((1 / 16, 1 / 4, 1, 4, 16), (1 / 4, 1 / 2, 1, 2, 4), (0.5, 0.7, 1, 1.4, 2))
_LONGEST = 32


def draw_event_days(
    ax: Axes, names: Sequence[str], heads: Sequence[bool], rows: Sequence[pd.Series], days: Sequence[pd.DataFrame]
) -> Axes:
    """Draw one line per kind and name.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    names : sequence of str
        Of the lines.
    heads : sequence of bool
        Whether a line is a kind, with its names below.
    rows : sequence of Series
        ``days``, ``n``, ``expected``, ``ratio``, ``low``, ``high``, ``flag``.
    days : sequence of DataFrame
        The days of each line: ``n``, ``expected``.

    Returns
    -------
    Axes
        The Axes given.
    """
    ax.set_xlim(0, 1)
    ax.set_ylim(len(rows) - 0.5, -1.25)
    ax.set_axis_off()
    single = [(part["n"] / part["expected"].where(part["expected"] > 0)).to_numpy(dtype=float) for part in days]
    widest = _widest(rows, single)
    ticks = next((t for t in _TICKS if t[-1] <= widest * 1.001), _TICKS[-1])
    for tick in ticks:
        x = _at(tick, widest)
        ax.plot(
            [x, x], [-0.5, len(rows) - 0.5], color=MUTED if tick == 1 else PALE, linewidth=1.1 if tick == 1 else 0.7, zorder=1
        )
        ax.text(
            x, -0.6, f"{tick:g}" if tick >= 0.5 else f"1/{round(1 / tick)}", fontsize=7.5, color=MUTED, ha="center", va="bottom"
        )
    ax.text(sum(_RATIO) / 2, -0.96, "times as many as on ordinary days", fontsize=8, color=MUTED, ha="center", va="bottom")
    for words, x in _NUMBERS.items():
        ax.text(x, -0.6, words, fontsize=8, color=MUTED, ha="right", va="bottom", linespacing=0.95)
    for k, (name, head, row, part) in enumerate(zip(names, heads, rows, single, strict=True)):
        _line(ax, k, name, row, part, widest, head=head)
    return ax


def _line(ax: Axes, k: int, name: str, row: pd.Series, part: np.ndarray, widest: float, *, head: bool) -> None:
    called = row["flag"] in ("more", "fewer")
    color = SECOND if called else LINE
    if head:
        ax.axhspan(k - 0.5, k + 0.5, color="#F0F0F0", zorder=0)
    ax.text(0.0 if head else 0.015, k, name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…", fontsize=8.5, va="center", color=INK,
            fontweight="bold" if head else "normal")  # fmt: skip
    expected = row["expected"]
    words = (f"{row['days']:,}", f"{row['n']:,}", f"{expected:,.0f}" if expected >= 20 else f"{expected:,.1f}")
    for value, x in zip(words, _NUMBERS.values(), strict=True):
        ax.text(x, k, value, fontsize=8.5, va="center", ha="right", color=INK)
    known = part[np.isfinite(part)]
    if len(known) > 1:
        ax.scatter(
            [_at(v, widest) for v in known], np.full(len(known), k + 0.24), s=7, color=MUTED, linewidths=0, alpha=0.7, zorder=2
        )
    if pd.notna(row["low"]):
        ax.plot(
            [_at(row["low"], widest), _at(np.inf if pd.isna(row["high"]) else row["high"], widest)],
            [k, k],
            color=color,
            linewidth=1.8 if called else 1.2,
            zorder=3,
        )
    if pd.notna(row["ratio"]):
        ax.plot([_at(row["ratio"], widest)], [k], "D" if called else "o", color=color, ms=5.5 if called else 4.5, zorder=4)
    ax.text(_WORD, k, {"more": "▲ more", "fewer": "▼ fewer"}.get(row["flag"], row["flag"]), fontsize=8.5, va="center", color=INK if called else MUTED,
            fontweight="bold" if called else "normal")  # fmt: skip


def _widest(rows: Sequence[pd.Series], single: Sequence[np.ndarray]) -> float:
    ends = np.array([row[name] for row in rows for name in ("ratio", "low", "high")], dtype=float)
    ends = np.concatenate([ends, *single]) if len(single) else ends
    known = ends[np.isfinite(ends) & (ends > 0)]
    return float(min(max(np.exp(np.abs(np.log(known)).max()) * 1.05 if len(known) else 2.0, 2.0), 16.0))


def _at(value: float, widest: float) -> float:
    share = (np.log(max(value, 1e-9)) / np.log(widest) + 1) / 2
    return float(_RATIO[0] + np.clip(share, 0, 1) * (_RATIO[1] - _RATIO[0]))
