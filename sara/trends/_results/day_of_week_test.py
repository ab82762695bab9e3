"""What events by weekday, month or hour answer with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sara.core.wording import percent
from sara.trends._input.dials import WORDS
from sara.trends._result import TrendResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["DayOfWeekResult"]

_FULL = {
    "Mon": "Mondays", "Tue": "Tuesdays", "Wed": "Wednesdays", "Thu": "Thursdays", "Fri": "Fridays", "Sat": "Saturdays", "Sun": "Sundays",
}  # fmt: skip
_BASE = 20
_LEVEL = 0.05


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class DayOfWeekResult(TrendResult):
    """Whether events fall on some weekdays, months or hours more than chance would have them.

    Parameters
    ----------
    table : DataFrame
        One row per bin: the column `by` (Monday 0, January 1, hour 0-23), ``n`` (events), ``exposure`` (how often it came round: days, or
        hours), ``expected`` (events, were all alike), ``ratio`` (n to expected), ``low``, ``high`` (its interval, for all bins together).
    by : str
        What the bins are.
    labels : tuple of str
        Their names.
    statistic : float
        G.
    p : float
        Chance of a G as large where all bins are alike.
    how : str
        ``"exact"``, ``"monte-carlo"``, ``"chi-square"`` or ``"with swing"``.
    n_splits : int
        Ways to split as many events over the bins.
    least_p : float or None
        The smallest p-value as many events can reach; None where the test is not exact.
    swing : float or None
        How much more the shares vary from week to week (year to year) than those of independent events; None where it was not measured.
    """

    by: str
    labels: tuple[str, ...]
    statistic: float
    p: float
    how: str
    n_splits: int
    least_p: float | None
    swing: float | None

    question: ClassVar[str] = "Is it really that day, or chance?"
    title: ClassVar[str] = "Is it really that day, or chance?"

    def __post_init__(self) -> None:
        word = {"dow": "day", "hour": "hour", "month": "month"}.get(self.by, "bin")
        for name in ("title", "question"):
            object.__setattr__(self, name, f"Is it really that {word}, or chance?")

    @property
    def named(self) -> tuple[str, ...]:
        """Bins above what chance explains: the whole test says so, and their own interval lies above 1."""
        if self.p >= _LEVEL:
            return ()
        above = self.table["low"].to_numpy(dtype=float) > 1
        order = np.argsort(-self.table["ratio"].to_numpy(dtype=float), kind="stable")
        return tuple(self.labels[i] for i in order if above[i])

    def _text(self) -> str:
        n = self.table["n"].to_numpy()
        total, top = int(n.sum()), int(np.argmax(self.table["ratio"].to_numpy(dtype=float)))
        word, chance = WORDS[self.by], _chance(self.p)
        noun = self.noun if total != 1 else "event"
        many = f"{int(n[top]):,} of {total:,} {noun}" if total != 1 else f"the only {noun}"
        held = f"{many} {_on(self.by, self.labels[top])}, where {self._expected(top)} would be expected"
        if self.p >= _LEVEL:
            return f"No {word} stands out from chance: {held}; {self._cause().lower()} a split as uneven {chance}."
        if not self.named:
            return f"The {noun} are less even by {word} than chance would make them ({held}; {self._cause().lower()} as much {chance}), but no single {word} stands out."
        listed = [f"{_plural(name)}{self._times(self.labels.index(name))}" for name in self.named[:3]]
        more = f" and {len(self.named) - 3} more" if len(self.named) > 3 else ""
        stand = "stand out" if len(self.named) > 1 or self.by == "dow" else "stands out"
        return f"{_and(listed) if not more else ', '.join(listed)}{more} {stand}: {held}. {self._cause()} a split as uneven {chance}."

    def _cause(self) -> str:
        if self.how != "with swing":
            return "Chance alone gives"
        return f"The usual ups and downs from {'year to year' if self.by == 'month' else 'week to week'} give"

    def _times(self, i: int) -> str:
        # No ratio on a base under 20.
        row = self.table.iloc[i]
        if row["expected"] < _BASE:
            return ""
        over = float(row["ratio"]) - 1
        # "1 times the average" would say that it does not.
        return f" ({percent(over)} above the average)" if over < 0.095 else f" ({row['ratio']:.2g} times the average)"

    def _expected(self, i: int) -> str:
        value = float(self.table["expected"].iloc[i])
        return f"{value:,.0f}" if value >= 20 else f"{value:.1f}"

    def _paint(self, ax: Axes) -> str:
        from sara.plot.trend_clock import draw_shares

        table = self.table
        rung = [label in self.named for label in self.labels]
        draw_shares(
            ax, self.labels, table["n"], table["expected"], low=table["low"] * table["expected"], high=table["high"] * table["expected"], rung=rung,
            ylabel=self.noun,
        )  # fmt: skip
        return f"{self.noun} by {WORDS[self.by]}"


def _on(by: str, label: str) -> str:
    if by == "dow":
        return f"on {_plural(label)}"
    return (
        f"from {label} to {(int(label[:2]) + 1) % 24:02d}:00"
        if by == "hour"
        else f"in {'bin ' if by == 'bin' and label.isdigit() else ''}{label}"
    )


def _plural(label: str) -> str:
    return _FULL.get(label, label)


def _and(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _chance(p: float) -> str:
    """Return a p-value as how often: 2 times in 100."""
    if p < 0.0001:
        return "less than 1 time in 10,000"
    if p >= 0.995:
        return "nearly always"
    of = 100 if p >= 0.0095 else 1_000 if p >= 0.00095 else 10_000
    times = round(p * of)
    return f"{times} {'time' if times == 1 else 'times'} in {of:,}"
