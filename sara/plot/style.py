"""How a sara figure looks: one place for fonts, colours, titles and source lines.

Nothing here touches `rcParams` or pyplot: figures are made as objects, so a notebook's own settings stay as they were.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "CATEGORICAL",
    "DIVERGING",
    "INK",
    "LINE",
    "MUTED",
    "PALE",
    "SECOND",
    "SEQUENTIAL",
    "WARN",
    "finish",
    "new_axes",
    "new_figure",
    "subtitle_of",
]

# Okabe-Ito colours that reach 3:1 on white (WCAG 1.4.11); its orange, sky blue and yellow do not.
LINE = "#0072B2"
SECOND = "#D55E00"
WARN = "#B2182B"
INK = "#222222"
MUTED = "#595959"
PALE = "#D9D9D9"
CATEGORICAL = ("#0072B2", "#D55E00", "#007A58", "#AA4499", "#595959", "#8C5A00")
# One hue from light to dark: order survives a grey print.
SEQUENTIAL = "cividis_r"
DIVERGING = "RdBu_r"

_TITLE, _LABEL, _SMALL = 12.0, 9.5, 8.0


def new_figure(*, width: float = 7.2, height: float = 4.4, rows: int = 1, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """Return a figure and its Axes, row by row, in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white", dpi=110)
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False)
    return figure, list(axes.ravel())


def new_axes(*, width: float = 7.2, height: float = 4.4) -> Axes:
    """Return one Axes on a figure of its own."""
    return new_figure(width=width, height=height)[1][0]


def finish(ax: Axes, *, title: str, subtitle: str = "", xlabel: str | None = None, ylabel: str | None = None, source: str = "") -> Axes:
    """Give an Axes its question, its unit and period, its labels and its source line.

    Parameters
    ----------
    title : str
        The question the figure answers.
    subtitle : str
        Unit, period and number of rows: "calls a week, 2022-03-01 to 2025-02-28, n = 3,412".
    source : str
        Where the rows come from; drawn below the axes.
    """
    columns = max(30, int(ax.figure.get_size_inches()[0] * ax.get_position().width * 11))
    lines = textwrap.wrap(title, width=columns)
    below = textwrap.wrap(subtitle, width=int(columns * 1.25))
    ax.set_title("\n".join(lines), loc="left", fontsize=_TITLE, fontweight="bold", color=INK, pad=8 + 12 * len(below))
    if below:
        ax.annotate(
            "\n".join(below), (0, 1), xytext=(0, 5), xycoords="axes fraction", textcoords="offset points", fontsize=_LABEL - 0.5, color=MUTED,
            va="bottom", annotation_clip=False,
        )
    if xlabel is not None:
        ax.set_xlabel(xlabel, fontsize=_LABEL, color=INK)
    if ylabel is not None:
        ax.set_ylabel(ylabel, fontsize=_LABEL, color=INK)
    ax.tick_params(labelsize=_LABEL - 0.5, colors=INK)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(MUTED)
    if source:
        ax.annotate(
            source, (1, 0), xytext=(0, -34 if ax.axison and xlabel != "" else -8), xycoords="axes fraction", textcoords="offset points",
            fontsize=_SMALL, color=MUTED, ha="right", va="top", annotation_clip=False,
        )
    return ax


def subtitle_of(*parts: object) -> str:
    """Join the parts that are there with a middle dot."""
    return " · ".join(str(part) for part in parts if part not in (None, ""))
