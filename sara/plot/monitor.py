"""The monitor board: a row per series, its last two years as a small line over what is usual, drawn from arrays only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sara.core.units import timestamp
from sara.plot.style import INK, MUTED, PALE, SECOND

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Line", "draw_monitor"]

Floats = npt.NDArray[np.float64]

# Where the columns stand, from 0 to 1: small line, this period, usual, times, p, years.
_SPARK = (0.30, 0.51)
_NOW, _USUAL, _TIMES, _P, _YEARS = 0.57, 0.705, 0.76, 0.835, 1.0
_LONGEST = 40


@dataclass(frozen=True, eq=False)
class Line:
    """One row of the board; ``kind`` is alarm, usual, silent or new."""

    name: str
    kind: str
    period: npt.NDArray[np.datetime64]
    n: Floats
    expected: Floats
    low: Floats
    upper: Floats
    p: float
    ratio: float
    silent_for: int
    last_year: float
    year_before: float


def draw_monitor(
    ax: Axes,
    parts: Sequence[tuple[str, Sequence[Line]]],
    *,
    word: str,
    names: str = "",
    adjusted: bool = True,
    marks: Mapping[Any, str] | None = None,
) -> Axes:
    """Draw the parts of the board one below the other.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    parts : sequence of (heading, rows)
        An empty first part says that there is no alarm; other empty ones are left out.
    word : str
        What a period is called.
    names : str
        Heading of the column of names.
    adjusted : bool
        Whether p is adjusted.
    marks : dict of date to str, optional
        Dates drawn through the small lines.
    """
    ax.set_axis_off()
    rows = [(heading, lines) for k, (heading, lines) in enumerate(parts) if lines or k == 0]
    every = [line for _, lines in rows for line in lines if len(line.period)]
    span = (min(line.period[0] for line in every), max(line.period[-1] for line in every)) if every else None
    y = 0.0
    heads = ((_NOW, f"this\n{word}", "right"), (_USUAL, "usual", "right"), (_TIMES, "times\nusual", "right"),
             (_P, "p\nadjusted" if adjusted else "p", "right"), (_YEARS, "last year\n(before)", "right"))  # fmt: skip
    ax.text(0, y - 0.1, names, ha="left", va="bottom", fontsize=7.5, color=MUTED)
    told = any(not np.isnan(line.last_year) for line in every)
    for x, words, side in heads if told else heads[:-1]:
        ax.text(x, y - 0.1, words, ha=side, va="bottom", fontsize=7.5, color=MUTED, linespacing=0.95)
    if span:
        for x, when, side in ((_SPARK[0], span[0], "left"), (_SPARK[1], span[1], "right")):
            ax.text(x, y - 0.1, str(np.datetime64(when, "D")), ha=side, va="bottom", fontsize=7.5, color=MUTED)
    for heading, lines in rows:
        y += 0.75
        ax.text(0, y, heading, fontsize=8.5, fontweight="bold", color=INK, va="center")
        ax.plot([0, 1], [y + 0.42] * 2, color=MUTED, linewidth=0.6)
        if not lines:
            y += 0.9
            ax.text(0, y, "None.", fontsize=8.5, color=INK, va="center")
        for line in lines:
            y += 1.0
            _row(ax, line, y, span)
        y += 0.3
    if span and marks:
        _marks(ax, marks, span, y)
    ax.set_xlim(0, 1.0)
    ax.set_ylim(y + 0.6, -0.9)
    return ax


def _row(ax: Axes, line: Line, y: float, span: Any) -> None:
    strong = line.kind in ("alarm", "silent")
    name = line.name if len(line.name) <= _LONGEST else line.name[: _LONGEST - 1].rstrip() + "…"
    size = 8.5 if len(name) <= 34 else 7.4
    ax.text(
        0,
        y,
        name,
        fontsize=size,
        color=INK if strong or line.kind == "new" else MUTED,
        va="center",
        fontweight="bold" if line.kind == "alarm" else "normal",
    )
    if span is not None and len(line.period):
        _spark(ax, line, y, span)
    color = INK if strong or line.kind == "new" else MUTED
    last = line.n[-1] if len(line.n) else np.nan
    cells = [
        (_NOW, "?" if np.isnan(last) else f"{last:,.0f}", line.kind == "alarm"),
        (_USUAL, "" if np.isnan(line.low[-1:]).all() else f"{line.low[-1]:,.0f} to {line.upper[-1]:,.0f}", False),
        (_TIMES, "" if np.isnan(line.ratio) or line.kind == "silent" else f"{line.ratio:,.1f}", False),
        (_P, "" if line.kind == "new" else _p(line.p), False),
        (
            _YEARS,
            ""
            if np.isnan(line.last_year)
            else f"{line.last_year:,.0f}" + ("" if np.isnan(line.year_before) else f" ({line.year_before:,.0f})"),
            False,
        ),
    ]
    for x, words, bold in cells:
        ax.text(x, y, words, ha="right", va="center", fontsize=8.5, color=color, fontweight="bold" if bold else "normal")


def _spark(ax: Axes, line: Line, y: float, span: Any) -> None:
    x = _x(line.period, span)
    top = float(np.nanmax(np.concatenate([line.n, line.upper, [1.0]])))

    def height(values: Floats) -> Floats:
        return y + 0.38 - 0.76 * np.asarray(values, dtype=float) / top

    known = ~np.isnan(line.upper)
    if known.any():
        ax.fill_between(
            x[known], height(line.low[known]), height(line.upper[known]), color=PALE, linewidth=0, step="mid", zorder=1
        )
    ax.plot(x, height(line.n), color=INK, linewidth=0.7, zorder=2)
    if np.isnan(line.n[-1]):
        return
    if line.kind == "alarm":
        ax.plot(x[-1:], height(line.n[-1:]), "D", color=SECOND, mec=INK, mew=0.6, ms=5.5, zorder=4)
    else:
        ax.plot(
            x[-1:], height(line.n[-1:]), "o", color=INK if line.kind != "silent" else "white", mec=INK, mew=0.9, ms=3.2, zorder=4
        )


def _x(period: Any, span: Any) -> Floats:
    first, last = (np.datetime64(at, "us").astype(np.int64) for at in span)
    at = np.asarray(period, dtype="datetime64[us]").astype(np.int64)
    return np.asarray(_SPARK[0] + (_SPARK[1] - _SPARK[0]) * (at - first) / max(int(last - first), 1))


def _marks(ax: Axes, marks: Mapping[Any, str], span: Any, bottom: float) -> None:
    for k, (date, words) in enumerate(sorted((timestamp(date, name="marks"), str(words)) for date, words in marks.items())):
        at = np.datetime64(date, "us")
        if not span[0] <= at <= span[1]:
            continue
        x = float(_x(at, span))
        ax.plot([x, x], [0.2, bottom], color=INK, linewidth=0.9, linestyle=":", zorder=3)
        ax.text(x, bottom + 0.3 + 0.45 * (k % 2), words, ha="center", va="top", fontsize=7.5, color=INK)


def _p(p: float) -> str:
    if np.isnan(p):
        return ""
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"
