"""How often each chart calls a rise where nothing happened: ``python docs/trends/false_alarms.py [chart ...] [--quick] [--write]``.

With ``--write`` the tables on the page are replaced.

Series in which nothing changes are simulated: Poisson, with a variance of 1.5 and of 2 times the mean (negative binomial), and Poisson with a season (between 0.6 and 1.6
times the mean). Every week past the history is judged by the same numbers that the public functions use. Told are the false alarms per 100 weeks judged and,
in brackets, the average run length: weeks to the first alarm, by censored runs.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

PAGE = Path(__file__).with_name("false_alarms.md")
MEANS = (0.5, 1, 2, 5, 10, 20, 50, 100)
WORLDS = ("Poisson", "variance 1.5 x mean", "variance 2 x mean", "Poisson with a season")
YEAR = 52
SWING = 0.5


@dataclass(frozen=True)
class Chart:
    """A chart: what its designer promises, how long its history is, and which of the later periods it calls."""

    name: str
    nominal: str
    history: int
    judge: Callable[[Floats, int, float], Bools]
    series: int = 400
    weeks: int = 200


def world(name: str, mean: float, shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Return counts of series in which nothing changes."""
    if name == "Poisson with a season":
        phase = rng.uniform(0, 2 * np.pi, (shape[0], 1))
        level = np.exp(SWING * np.sin(2 * np.pi * np.arange(shape[1]) / YEAR + phase))
        return rng.poisson(mean * level / level.mean()).astype(float)
    factor = {"Poisson": 1.0, "variance 1.5 x mean": 1.5, "variance 2 x mean": 2.0}[name]
    if factor == 1:
        return rng.poisson(mean, shape).astype(float)
    return rng.negative_binomial(mean / (factor - 1), 1 / factor, shape).astype(float)


def measured(chart: Chart, name: str, mean: float, *, quick: bool = False) -> tuple[float, float]:
    """Return false alarms per period judged, and the average run length."""
    rng = np.random.default_rng(int(1_000 * mean) + WORLDS.index(name))
    series, weeks = (chart.series // 8, chart.weeks // 2) if quick else (chart.series, chart.weeks)
    alarm = chart.judge(world(name, mean, (series, chart.history + weeks), rng), chart.history, mean)
    first = np.where(alarm.any(axis=1), alarm.argmax(axis=1) + 1, alarm.shape[1])
    ended = int(alarm.any(axis=1).sum())
    # The rate is per period judged before a chart that remembers is reset; runs that saw no alarm count their whole length.
    return float(alarm.mean()), float(first.sum() / ended) if ended else float("inf")


def table(chart: Chart, *, quick: bool = False) -> str:
    """Return a markdown table: a row per world, a column per mean."""
    lines = [
        f"**{chart.name}** - promised: {chart.nominal}", "", "| weekly mean | " + " | ".join(f"{m:g}" for m in MEANS) + " |",
        "| --- |" + " ---: |" * len(MEANS),
    ]  # fmt: skip
    for name in WORLDS:
        cells = [said(*measured(chart, name, mean, quick=quick)) for mean in MEANS]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def said(rate: float, run: float) -> str:
    length = "none" if np.isinf(run) else f"{run:,.0f}" if run >= 9.5 else f"{run:.1f}"
    return f"{100 * rate:.2f} ({length})"


def ears(method: str) -> Callable[[Floats, int, float], Bools]:
    def judge(n: Floats, history: int, _mean: float) -> Bools:
        from sara.core.stats.ears import ears_limits

        return ears_limits(n, method=method).alarm[:, history:]

    return judge


def band(method: str) -> Callable[[Floats, int, float], Bools]:
    def judge(n: Floats, history: int, _mean: float) -> Bools:
        from sara.core.stats.weekly_band import weekly_band

        found = weekly_band(n, method=method)
        return ((n > found.high) | (n < found.low))[:, history:]

    return judge


def farrington(version: str, alpha: float) -> Callable[[Floats, int, float], Bools]:
    def judge(n: Floats, history: int, _mean: float) -> Bools:
        from sara.core.stats.farrington import farrington_limits

        return farrington_limits(n, np.arange(history, n.shape[1]), YEAR, years=4, alpha=alpha, version=version).alarm

    return judge


def monitor(threshold: float) -> Callable[[Floats, int, float], Bools]:
    """The single p-values of monitor, before they are adjusted."""

    def judge(n: Floats, history: int, _mean: float) -> Bools:
        from sara.trends._monitor import Chart as How
        from sara.trends._monitor import _judge

        how = How("farrington", "flexible", 4, 26, 3, YEAR)
        return _judge(n, np.arange(history, n.shape[1]), how).p <= threshold

    return judge


def public(name: str, **options: Any) -> Callable[[Floats, int, float], Bools]:
    """A chart for one series, asked series by series as a user would; `options` may hold functions of the mean."""

    def judge(n: Floats, history: int, mean: float) -> Bools:
        import sara

        chart = getattr(sara.trends, name)
        told = {key: value(mean) if callable(value) else value for key, value in options.items()}
        return np.array([_alarms(chart(row, **told).table, len(row))[history:] for row in n])

    return judge


def _alarms(table: Any, length: int) -> Bools:
    """Return whether each period of the series has an alarm; those that the chart does not judge have none."""
    out = np.zeros(length, dtype=bool)
    out[table["period"].to_numpy(dtype=int) - 1] = table["alarm"].to_numpy(dtype=bool)
    return out


def _root(mean: float) -> float:
    return float(np.sqrt(mean))


def _level(mean: float) -> float:
    return mean


CHARTS: dict[str, Chart] = {
    "weekly_band": Chart("weekly_band, negative binomial", "0.27 (370), both sides", 8, band("negative-binomial")),
    "weekly_band_root": Chart("weekly_band, square root", "0.27 (370), both sides", 8, band("square-root")),
    "ewma": Chart(
        "ewma, mean and Poisson spread known", "about 0.2 (500), both sides", 0, public("ewma", center=_level, sd=_root)
    ),
    "cusum": Chart("cusum, mean known", "run length as asked for", 0, public("cusum", mean=_level)),
    "ears_c1": Chart("ears, C1", "0.1 (1,000)", 7, ears("C1")),
    "ears_c2": Chart("ears, C2", "0.1 (1,000)", 9, ears("C2")),
    "ears_c3": Chart("ears, C3", "0.1 (1,000)", 11, ears("C3")),
    "farrington_original": Chart(
        "farrington, original", "2.5 (40) at alpha 0.05, two-sided", 4 * YEAR + 4, farrington("original", 0.05), 100, 100
    ),
    "farrington_flexible": Chart(
        "farrington, flexible", "5 (20) at alpha 0.05, one-sided", 4 * YEAR + 4, farrington("flexible", 0.05), 100, 100
    ),
    "monitor_p": Chart("monitor, single p at most 0.01 (not adjusted)", "at most 1 (100)", 4 * YEAR + 4, monitor(0.01), 100, 100),
}


def board(share: float, factor: float, *, cities: int, series: int = 500) -> tuple[float, float, float]:
    """Return what monitor calls among many series of means 0.05 to 50 when a share of them rises in the last week.

    Returns
    -------
    (float, float, float)
        Share of cities with any false alarm, average share of false alarms among the alarms (0 where there is none), share of the rises found.
    """
    import pandas as pd

    from sara.trends import monitor as watch

    rng = np.random.default_rng(round(100 * factor + 1_000 * share))
    weeks = pd.date_range("2020-01-06", periods=5 * YEAR + 1, freq="7D")
    mean = np.geomspace(0.05, 50, series)
    any_false, false, found = [], [], []
    for _ in range(cities):
        shape = (len(weeks), series)
        n = rng.poisson(mean, shape) if factor == 1 else rng.negative_binomial(mean / (factor - 1), 1 / factor, shape)
        rise = rng.choice(series, round(share * series), replace=False)
        n[-1, rise] = rng.poisson(mean[rise] + 4 * np.sqrt(factor * mean[rise]) + 3)
        answer: Any = watch(pd.DataFrame(n, index=weeks, columns=np.arange(series).astype(str))).table
        called = answer.loc[answer["alarm"], "series"].astype(int).to_numpy()
        wrong = ~np.isin(called, rise)
        any_false.append(wrong.any())
        false.append(wrong.mean() if len(called) else 0.0)
        found.append(np.isin(rise, called).mean() if len(rise) else np.nan)
    return float(np.mean(any_false)), float(np.mean(false)), float(np.mean(found))


def board_table(*, quick: bool = False) -> str:
    """Return the markdown table of whole boards."""
    lines = [
        "| variance / mean | share that rises | any false alarm | false among alarms | rises found |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    for factor in (1.0, 1.5, 2.0):
        for share in (0.0, 0.02):
            some, false, found = board(share, factor, cities=5 if quick else 60)
            power = "-" if share == 0 else f"{100 * found:.0f} %"
            lines.append(f"| {factor:g} | {100 * share:g} % | {100 * some:.0f} % of weeks | {100 * false:.1f} % | {power} |")
    return "\n".join([*lines, ""])


def put(name: str, words: str) -> None:
    """Replace one table of the page."""
    page = PAGE.read_text()
    found = re.compile(rf"(<!-- {name} -->\n).*?(<!-- / -->)", flags=re.DOTALL)
    PAGE.write_text(found.sub(lambda m: f"{m[1]}{words.strip()}\n{m[2]}", page))


def main(wanted: list[str], *, quick: bool, write: bool) -> None:
    """Print the tables of the charts named, or of all, and put them on the page."""
    for name in wanted or re.findall(r"<!-- (\w+) -->", PAGE.read_text()):
        words = board_table(quick=quick) if name == "monitor" else table(CHARTS[name], quick=quick)
        print(words, flush=True)
        if write:
            put(name, words)


if __name__ == "__main__":
    named = [word for word in sys.argv[1:] if not word.startswith("--")]
    main(named, quick="--quick" in sys.argv, write="--write" in sys.argv)
