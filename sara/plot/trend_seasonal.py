"""Years over one another: earlier ones grey, the current one thick, and what is usual for each season."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.plot.style import INK, LINE, MUTED, PALE, SECOND

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_years"]

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# More years than this are not told apart by a label each.
_NAMED = 4


def draw_years(
    ax: Axes, table: pd.DataFrame, usual: pd.DataFrame, *, year: int, value: str = "n", seasons: int = 12, partial: tuple[float, float] | None = None
) -> Axes:  # fmt: skip
    """Draw one line per year.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    table : DataFrame
        ``year``, ``season`` (from 1), ``outside``, and the column `value`.
    usual : DataFrame
        ``season``, ``low``, ``high``: the range of the year shown thick.
    year : int
        The one shown thick.
    value : str
        The column to draw.
    seasons : int
        In a year: 12, 4, or 52 (weeks).
    partial : (float, float), optional
        Season and value of one that is not over yet.

    Returns
    -------
    Axes
        The Axes given.
    """
    if usual["low"].notna().any():
        ax.fill_between(usual["season"], usual["low"], usual["high"], color=PALE, linewidth=0, label="usual", zorder=1)
    earlier = sorted(set(table["year"]) - {year})
    grey = np.linspace(0.72, 0.35, len(earlier)) if len(earlier) > 1 else np.array([0.45])
    dashes = ("-", "--", "-.", ":")
    for i, (one, shade) in enumerate(zip(earlier, grey, strict=True)):
        named = len(earlier) <= _NAMED
        label = str(one) if named else f"{earlier[0]}-{earlier[-1]}" if i == len(earlier) - 1 else None
        at, values = _line(table[table["year"] == one], value, seasons)
        ax.plot(at, values, color=str(shade), linewidth=1.0, linestyle=dashes[i % 4] if named else "-", label=label, zorder=2,
                marker="o" if seasons <= 12 else None, ms=2.5)  # fmt: skip
    own = table[table["year"] == year]
    at, values = _line(own, value, seasons)
    ax.plot(at, values, color=LINE, linewidth=2.2, marker="o" if seasons <= 12 else None, ms=4, label=str(year), zorder=4)
    known = np.flatnonzero(~np.isnan(values))
    if len(known):
        x, y = at[known[-1]], values[known[-1]]
        ax.plot([x], [y], "o", color=LINE, ms=7, zorder=5)
        ax.annotate(
            f"{y:,.0f}" if value == "n" else f"{y:,.3g}",
            (x, y),
            xytext=(7, 4),
            textcoords="offset points",
            fontsize=8.5,
            color=INK,
            zorder=6,
        )
    outside = own[own["outside"] != ""]
    if len(outside):
        ax.plot(outside["season"], outside[value].to_numpy(dtype=float), "D", mfc="none", mec=SECOND, mew=1.6, ms=9, linestyle="none", zorder=6,
                label="outside")  # fmt: skip
    if partial is not None:
        ax.plot([partial[0]], [partial[1]], "o", mfc="white", mec=LINE, mew=1.2, ms=5, zorder=5, linestyle="none")
    _ticks(ax, seasons)
    drawn = [*table[value].to_numpy(dtype=float, na_value=np.nan), *usual["high"]]
    ax.set_ylim(0, max(float(np.nanmax(drawn)), 1e-9) * 1.06)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8.5)
    ax.grid(axis="y", color=PALE, linewidth=0.6)
    ax.set_axisbelow(True)
    return ax


def _line(rows: pd.DataFrame, value: str, seasons: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return a value for every season, so that a gap is left open."""
    at = np.arange(1.0, max(seasons, 53 if seasons == 52 else seasons) + 1)
    values = np.full(len(at), np.nan)
    values[rows["season"].to_numpy(dtype=int) - 1] = rows[value].to_numpy(dtype=float, na_value=np.nan)
    return at, values


def _ticks(ax: Axes, seasons: int) -> None:
    if seasons == 12:
        ax.set_xticks(range(1, 13), _MONTHS)
    elif seasons == 4:
        ax.set_xticks(range(1, 5), ("Jan-Mar", "Apr-Jun", "Jul-Sep", "Oct-Dec"))
    else:
        ax.set_xticks(range(1, 54, 4))
        ax.set_xlabel("week of the year (ISO)", color=MUTED, fontsize=9)
    ax.set_xlim(0.5, (53 if seasons == 52 else seasons) + (0.9 if seasons <= 12 else 2.5))
