"""Lines over time, bars, the week as a heat map, and curves of concentration: drawn from arrays and frames only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.plot.style import CATEGORICAL, INK, LINE, MUTED, PALE, SECOND, SEQUENTIAL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["bars", "date_axis", "draw_days", "draw_lines", "paired_bars", "return_curve", "top_curve", "week_map", "week_mean"]

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# Beyond six lines nobody can tell them apart.
MOST_LINES = len(CATEGORICAL)
# More days than this are solid ink: a mean over a week shows what they do.
_MANY = 400


def draw_lines(ax: Axes, table: pd.DataFrame, *, by: str | None = None, value: str = "n") -> Axes:
    """Draw counts over time: whole periods as a line with its last point marked, partial ones hollow.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    table : DataFrame
        ``period`` (start), ``n``, ``complete``, and the column `by`.
    by : str, optional
        One line per value of this column: the six largest.
    value : str
        The column to draw.

    Returns
    -------
    Axes
        The Axes given.
    """
    if by is None:
        _one_line(ax, table, LINE, label=None, value=value)
    else:
        largest = (
            table.groupby(by, observed=True, sort=True)["n"].sum().sort_values(ascending=False, kind="stable").index[:MOST_LINES]
        )
        dashes = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))
        for name, color, dash in zip(largest, CATEGORICAL, dashes, strict=False):
            _one_line(ax, table[table[by] == name], color, label=str(name), dash=dash, value=value)
    smooth = by is not None and week_mean(np.unique(table["period"].to_numpy()), np.ones(table["period"].nunique())) is not None
    tallest = float(np.nanmax([1.0 if value == "n" else 1e-12, *table[value].to_numpy(dtype=float, na_value=np.nan)]))
    # Means are lower than the days, which only the lines of one series show.
    ax.set_ylim(bottom=0, top=None if smooth else tallest * 1.08)
    date_axis(ax)
    ax.grid(axis="y", color=PALE, linewidth=0.6)
    ax.set_axisbelow(True)
    hollow = not table["complete"].all()
    if by is not None:
        handles, labels = ax.get_legend_handles_labels()
        if hollow:
            handles.append(ax.plot([], [], "o", mfc="white", mec=MUTED, ms=5)[0])
            labels.append("partial period")
        # Above the highest point there is room only outside the lines.
        ax.legend(
            handles,
            labels,
            loc="upper left",
            bbox_to_anchor=(1.0, 1.0),
            frameon=False,
            fontsize=8.5,
            title=f"{by}, 7-day mean" if smooth else by,
            title_fontsize=8.5,
        )
    return ax


def week_mean(x: Any, n: npt.ArrayLike) -> npt.NDArray[np.float64] | None:
    """Return the mean of the seven days around each point where there are more than 400 of a day or less; None where the points can be seen.

    Parameters
    ----------
    x : array-like of datetime64
        Starts of the periods, one after the other.
    n : array-like of float
        Counts; NaN where nothing is known.

    Returns
    -------
    array of float, or None
        NaN where less than half of the days are known.
    """
    at, values = np.asarray(x), np.asarray(n, dtype=float)
    if len(at) <= _MANY or not np.issubdtype(at.dtype, np.datetime64):
        return None
    step = float(np.median(np.diff(at.astype("datetime64[us]")).astype(np.int64))) / 86_400_000_000
    if not 0 < step <= 1:
        return None
    around = round(7 / step)
    mean = pd.Series(values).rolling(around, center=True, min_periods=around // 2 + 1).mean().to_numpy(dtype=float)
    return np.where(np.isnan(values), np.nan, mean)


def _one_line(ax: Axes, rows: pd.DataFrame, color: str, *, label: str | None, dash: Any = "-", value: str = "n") -> None:
    at, complete = rows["period"].to_numpy(), rows["complete"].to_numpy(dtype=bool)
    known = rows[value].to_numpy(dtype=float, na_value=np.nan)
    there = np.flatnonzero(complete & ~np.isnan(known))
    # Partial periods at the ends are not on the line; inside they leave it open.
    line = slice(there[0], there[-1] + 1) if len(there) else slice(0, 0)
    few, values = len(there) <= 40, np.where(complete, known, np.nan)[line]
    mean = week_mean(at[line], values)
    if mean is not None and label is None:
        draw_days(ax, at[line], values, mean, color)
    else:
        ax.plot(
            at[line],
            values if mean is None else mean,
            color=color,
            linestyle=dash,
            linewidth=1.6 if few else 1.1,
            marker="o" if few else None,
            ms=3,
            label=label,
        )
    partial = np.flatnonzero(~complete & ~np.isnan(known))
    if len(partial):
        ax.plot(at[partial], known[partial], "o", mfc="white", mec=color, mew=1.2, ms=5, zorder=3, linestyle="none")
    if len(there):
        i = there[-1]
        height = known[i] if mean is None or label is None else mean[-1]
        ax.plot([at[i]], [height], "o", color=color, ms=6, zorder=4)
        if label is None:
            # Beside the point, away from a partial period that follows lower down.
            after = partial[partial > i]
            below = len(after) > 0 and known[after[0]] > known[i]
            ax.annotate(
                f"{known[i]:,.0f}" if value == "n" else f"{known[i]:,.3g}",
                (at[i], known[i]),
                xytext=(6, -12 if below else 4),
                textcoords="offset points",
                fontsize=8.5,
                color=INK,
            )
            ax.margins(x=0.07)


def draw_days(ax: Axes, x: Any, n: npt.ArrayLike, mean: npt.ArrayLike, color: str) -> Axes:
    """Draw many days as a thin grey line under the mean of seven, and say so in a legend.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    x : array-like of datetime64
        Starts of the periods.
    n, mean : array-like of float
        Counts, and what `week_mean` makes of them.
    color : str
        Of the mean.

    Returns
    -------
    Axes
        The Axes given.
    """
    ax.plot(np.asarray(x), np.asarray(n, dtype=float), color=MUTED, linewidth=0.35, alpha=0.75, zorder=2, label="counts")
    ax.plot(np.asarray(x), np.asarray(mean, dtype=float), color=color, linewidth=1.4, zorder=3, label="7-day mean")
    ax.legend(loc="upper left", bbox_to_anchor=(0, 1.0), frameon=False, fontsize=8.5, ncols=3)
    return ax


def date_axis(ax: Axes) -> None:
    """Give an Axes few and short dates."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=9)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def bars(
    ax: Axes,
    names: Sequence[str],
    values: npt.ArrayLike,
    *,
    notes: Sequence[str] | None = None,
    horizontal: bool = True,
    color: str = LINE,
) -> Axes:
    """Draw one bar per name, the first on top or left, with a note at its end.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    names : sequence of str
        Labels.
    values : array-like of float
        Lengths.
    notes : sequence of str, optional
        Text at the end of each bar.
    horizontal : bool
        Bars from left to right (long names), or upright.
    color : str
        Colour of the bars.

    Returns
    -------
    Axes
        The Axes given.
    """
    at, size = np.arange(len(names)), np.asarray(values, dtype=float)
    draw = ax.barh if horizontal else ax.bar
    draw(at, size, 0.72, color=color)
    (ax.set_yticks if horizontal else ax.set_xticks)(at, list(names))
    if horizontal:
        ax.invert_yaxis()
    for i, note in enumerate(notes or ()):
        where = (size[i], at[i]) if horizontal else (at[i], size[i])
        ax.annotate(note, where, xytext=(4, 0) if horizontal else (0, 3), textcoords="offset points", fontsize=8, color=INK,
                    va="center" if horizontal else "bottom", ha="left" if horizontal else "center")  # fmt: skip
    top = float(size.max()) * 1.18 if len(size) and size.max() > 0 else 1.0
    (ax.set_xlim if horizontal else ax.set_ylim)(0, top)
    return ax


def paired_bars(ax: Axes, names: Sequence[str], first: npt.ArrayLike, second: npt.ArrayLike, *, labels: tuple[str, str]) -> Axes:
    """Draw two shares side by side for each name, with their percentages.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    names : sequence of str
        Labels along the axis.
    first, second : array-like of float
        Shares from 0 to 1.
    labels : (str, str)
        What the two are.

    Returns
    -------
    Axes
        The Axes given.
    """
    from matplotlib.ticker import PercentFormatter

    at = np.arange(len(names))
    tallest = 0.0
    for values, side, color, hatch, label in ((first, -0.2, MUTED, "//", labels[0]), (second, 0.2, LINE, None, labels[1])):
        shares = np.asarray(values, dtype=float)
        tallest = max(tallest, float(shares.max()))
        ax.bar(
            at + side,
            shares,
            0.38,
            color=color if hatch is None else "white",
            edgecolor=color,
            hatch=hatch,
            linewidth=0.8,
            label=label,
        )
        for x, share in zip(at, shares, strict=True):
            words = f"{100 * share:.0f}" if share >= 0.0095 or share == 0 else "<1"
            ax.annotate(words, (x + side, share), xytext=(0, 2), textcoords="offset points", fontsize=8, color=INK, ha="center")
    ax.set_xticks(at, list(names))
    ax.set_ylim(0, tallest * 1.22)
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    ax.legend(loc="upper right", frameon=False, fontsize=8.5)
    return ax


def week_map(
    ax: Axes, values: npt.NDArray[np.float64], *, unit: str, day_starts: int = 6, stretch: npt.NDArray[np.bool_] | None = None
) -> Axes:
    """Draw the week as a heat map, one row per day from Monday, an operational day wide.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    values : array of float, shape (7, 24)
        One value per weekday (Monday first) and hour of the calendar.
    unit : str
        Label of the colour bar.
    day_starts : int
        Hour at which a row begins: at 6, the small hours of Saturday end Friday's row, so that a night is in one piece.
    stretch : array of bool, shape (7, 24)
        Hours to outline.

    Returns
    -------
    Axes
        The Axes given.
    """
    shown = _operational(values, day_starts)
    image = ax.imshow(
        shown, aspect="auto", cmap=SEQUENTIAL, vmin=0, vmax=max(float(np.nanmax(shown)), 1e-9), interpolation="nearest"
    )
    ax.set_yticks(range(7), _DAYS)
    ticks = np.arange(0, 24, 3)
    ax.set_xticks(ticks - 0.5, [f"{(day_starts + hour) % 24:02d}:00" for hour in ticks])
    midnight = (24 - day_starts) % 24 - 0.5
    if day_starts:
        ax.axvline(midnight, color="white", linewidth=2.2)
        ax.axvline(midnight, color=INK, linewidth=0.8, linestyle="--")
    if stretch is not None and stretch.any():
        _outline(ax, _operational(stretch, day_starts))
    bar = ax.figure.colorbar(image, ax=ax, pad=0.02, fraction=0.046)
    bar.set_label(unit, fontsize=9, color=INK)
    bar.ax.tick_params(labelsize=8.5, colors=INK)
    bar.outline.set_visible(False)  # type: ignore[operator]
    return ax


def _operational(values: npt.NDArray[Any], day_starts: int) -> npt.NDArray[Any]:
    return np.roll(values.ravel(), -day_starts).reshape(7, 24)


def _outline(ax: Axes, mask: npt.NDArray[np.bool_]) -> None:
    """Draw the border of a set of cells, dark on light and light on dark at once."""
    from matplotlib.collections import LineCollection

    padded = np.pad(mask, 1)
    lines = []
    for row in range(8):
        for column in range(25):
            if column < 24 and padded[row, column + 1] != padded[row + 1, column + 1]:
                lines.append([(column - 0.5, row - 0.5), (column + 0.5, row - 0.5)])
            if row < 7 and padded[row + 1, column] != padded[row + 1, column + 1]:
                lines.append([(column - 0.5, row - 0.5), (column - 0.5, row + 0.5)])
    ax.add_collection(LineCollection(lines, colors="white", linewidths=4.0, capstyle="projecting"))
    ax.add_collection(LineCollection(lines, colors=SECOND, linewidths=2.0, capstyle="projecting"))


def top_curve(
    ax: Axes,
    unit_share: npt.ArrayLike,
    event_share: npt.ArrayLike,
    chance: pd.DataFrame,
    *,
    marks: Sequence[tuple[float, float, str]] = (),
) -> Axes:
    """Draw the share of events in the top shares of units (the J-curve), beside what chance alone would draw.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    unit_share, event_share : array-like of float
        The curve, both from 0 to 1.
    chance : DataFrame
        ``unit_share``, ``expected``, ``low``, ``high``.
    marks : sequence of (float, float, str)
        Points to mark, with their words.

    Returns
    -------
    Axes
        The Axes given.
    """
    from matplotlib.ticker import PercentFormatter

    q = chance["unit_share"]
    ax.fill_between(q, chance["low"], chance["high"], color=PALE, label="95 % band of chance")
    ax.plot(q, chance["expected"], color=MUTED, linestyle="--", linewidth=1.3, label="chance alone")
    ax.plot(np.asarray(unit_share), np.asarray(event_share), color=LINE, linewidth=2, label="observed")
    for x, y, words in marks:
        ax.plot([x], [y], "o", color=SECOND, ms=6, zorder=4)
        left = x > 0.55
        ax.annotate(words, (x, y), xytext=(-9 if left else 9, -3), textcoords="offset points", fontsize=8.5, color=INK, va="top", ha="right" if left else "left",
                    bbox={"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.8})  # fmt: skip
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1.02)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    ax.grid(color=PALE, linewidth=0.5)
    ax.set_axisbelow(True)
    ax.legend(loc="lower right", frameon=False, fontsize=8.5)
    return ax


def return_curve(ax: Axes, days: npt.ArrayLike, share: npt.ArrayLike, hazard: npt.ArrayLike) -> Axes:
    """Draw the share of events followed by another, week after week, and the share of those still quiet that had one in each week.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    days : array-like of float
        End of each interval, in days.
    share, hazard : array-like of float
        Share followed by another so far; share of those still at risk that had one in the interval.

    Returns
    -------
    Axes
        The Axes given.
    """
    from matplotlib.ticker import PercentFormatter

    ends, low = np.asarray(days, dtype=float), np.asarray(hazard, dtype=float)
    starts = np.r_[0.0, ends[:-1]]
    ax.bar(
        starts,
        low,
        ends - starts,
        align="edge",
        color=PALE,
        edgecolor=MUTED,
        linewidth=0.5,
        label="in that week, of those still without another",
    )
    ax.plot(
        np.r_[0.0, ends], np.r_[0.0, np.asarray(share, dtype=float)], color=LINE, linewidth=2, marker="o", ms=3.5, label="so far"
    )
    ax.set_xlim(0, ends[-1] * 1.02)
    # Room above the curve for the legend.
    ax.set_ylim(0, max(float(np.nanmax(np.r_[np.asarray(share, dtype=float), low])) * 1.3, 0.01))
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=None, symbol=" %"))
    ax.legend(loc="upper left", frameon=False, fontsize=8.5)
    return ax
