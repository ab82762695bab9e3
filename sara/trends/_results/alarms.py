"""What charts with an upper limit for each period share: their words and their picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sara.trends._input.frequency import moment_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["alarms_found", "draw_limits", "rate_words"]


def rate_words(rate: float, word: str) -> str:
    """Say how often: "about one week in 40"."""
    return f"about one {word} in {round(1 / rate):,}" if rate > 0 else f"hardly any {word}"


def alarms_found(table: pd.DataFrame, *, word: str, dated: bool, limit: str) -> str:
    """Say how many of the periods judged are above their limit, and which was the last."""
    judged = table[table["upper"].notna() & table["n"].notna()]
    if not len(judged):
        return f"No {word} could be judged."
    above = judged[judged["alarm"]]
    many = f"{len(judged):,} {word}s judged" if len(judged) > 1 else f"one {word} judged"
    if not len(above):
        return f"None of the {many} is above {limit}." if len(judged) > 1 else f"The one {word} judged is not above {limit}."
    last = above.iloc[-1]
    name = f"the {word} from {moment_of(last['period'], word)}" if dated else f"{word} {int(last['period'])}"
    # C3 may alarm because of the periods before alone.
    usual = f"; usual up to {int(np.floor(last['upper'])):,}" if last["upper"] >= last["expected"] else ", after high counts"
    said = f"{name} ({int(last['n']):,}{usual})"
    if len(judged) == 1:
        return f"The one {word} judged is above {limit}: {said}."
    verb = "is" if len(above) == 1 else "are"
    return f"{len(above):,} of the {many} {verb} above {limit}{':' if len(above) == 1 else '; the last of them:'} {said}."


def draw_limits(
    ax: Axes,
    history: pd.DataFrame,
    table: pd.DataFrame,
    *,
    label: str,
    most_before: int,
    partial: Any = (),
    alarm_label: str = "",
) -> None:
    """Draw the counts judged with the band up to their limit, and some of the history before; with an `alarm_label`, no limit, only which alarm."""
    from sara.plot.trend import draw_band, draw_observed

    first = len(history) - len(table)
    shown = history.iloc[max(0, first - most_before) :]
    x, n = table["period"].to_numpy(), table["n"].to_numpy(dtype=float)
    upper = table["upper"].to_numpy(dtype=float)
    if alarm_label:
        _draw_alarms(ax, table, alarm_label)
        upper = np.full(len(table), np.nan)
    else:
        draw_band(
            ax,
            x,
            np.where(np.isnan(upper), np.nan, 0.0),
            upper,
            expected=table["expected"],
            alarm=table["alarm"],
            n=n,
            label=label,
        )
    partial = [(start, count) for start, count in partial if start >= shown["period"].iloc[0]]
    draw_observed(ax, shown["period"].to_numpy(), shown["n"].to_numpy(dtype=float), partial=partial)
    highest = np.nanmax(np.concatenate([shown["n"].to_numpy(dtype=float), upper, [1.0]]))
    ax.set_ylim(0, 1.25 * float(highest))
    ax.legend(loc="upper left", frameon=False, fontsize=8.5, ncols=3)


def _draw_alarms(ax: Axes, table: pd.DataFrame, label: str) -> None:
    from sara.plot.style import INK, MUTED

    x, n = table["period"].to_numpy(), table["n"].to_numpy(dtype=float)
    ax.plot(x, table["expected"], color=MUTED, linestyle="--", linewidth=1.2, label="mean of the baseline", zorder=3)
    rung = table["alarm"].to_numpy(dtype=bool)
    if rung.any():
        ax.plot(x[rung], n[rung], "D", mfc="none", mec=INK, mew=1.3, ms=7, linestyle="none", label=label, zorder=6)
