"""The picture of the page of false alarms: measured over promised, read from its tables."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[1] / "false_alarms.md"
# Chart on the page -> (its name in the picture, false alarms promised per 100 weeks, mark).
SHOWN = {
    "ears_c1": ("ears, C1", 0.1, "s"),
    "weekly_band_root": ("weekly_band, square root", 0.27, "v"),
    "weekly_band": ("weekly_band, negative binomial", 0.27, "^"),
    "farrington_original": ("farrington, original", 2.5, "D"),
    "farrington_flexible": ("farrington, flexible", 5.0, "o"),
    "monitor_p": ("monitor, single p", 1.0, "P"),
}
WORLD = "variance 2 x mean"


def _rates(chart: str) -> tuple[list[float], list[float]] | None:
    found = re.search(rf"<!-- {chart} -->\n(.*?)<!-- / -->", PAGE.read_text(), flags=re.DOTALL)
    if found is None:
        return None
    rows = {line.split("|")[1].strip(): line.split("|")[2:-1] for line in found[1].splitlines() if line.startswith("|")}
    return [float(cell) for cell in rows["weekly mean"]], [float(cell.split("(")[0]) for cell in rows[WORLD]]


def false_alarms() -> Any:
    """Return measured over promised false alarms by weekly mean, where the variance is twice the mean."""
    from sara.plot.style import CATEGORICAL, INK, finish, new_axes

    ax = new_axes(width=7.6, height=4.4)
    for k, (chart, (name, promised, mark)) in enumerate(SHOWN.items()):
        read = _rates(chart)
        if read is None:
            continue
        mean, rate = read
        ratio = [value / promised for value in rate]
        ax.plot(mean, ratio, marker=mark, color=CATEGORICAL[k % len(CATEGORICAL)], linewidth=1.4, ms=5, label=name)
    ax.axhline(1, color=INK, linewidth=1.0, linestyle="--")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xticks([0.5, 1, 2, 5, 10, 20, 50, 100], ["0.5", "1", "2", "5", "10", "20", "50", "100"])
    ax.set_yticks([0.5, 1, 2, 5, 10, 20, 50], ["half", "as promised", "2 x", "5 x", "10 x", "20 x", "50 x"])
    ax.minorticks_off()
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8.5)
    return finish(
        ax, title="How many more false alarms than promised?", subtitle="measured over promised, counts with a variance of twice their mean · nothing changes",
        xlabel="mean count a week", ylabel="",
    )  # fmt: skip
