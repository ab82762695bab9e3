"""The answer to "did it work?": an estimate with its interval, what else was tried, and what may be said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from sara.assess import _words
from sara.core.result import VERBS, Check, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["EffectResult"]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class EffectResult(Result):
    """An effect, its interval, and the checks that cap what may be said about it.

    Parameters
    ----------
    table : DataFrame
        One row per measure: ``measure``, ``unit``, ``before``, ``after`` (where a measure has them), ``estimate``, ``se``, ``low``,
        ``high``, ``z``, ``p``. The first row of `evaluate` is the headline named in the plan; the rest is sensitivity.
    estimate, low, high : float
        The headline and its interval, in the unit of its row.
    se : float
        Its standard error; for a ratio, the standard error of its logarithm.
    p : float
        Its p-value.
    checks : tuple of Check
        The validity panel; the weakest ``cap`` decides `verb`. Empty for plain counts.
    method : str
        "evaluate", "wdd", "rate_ratio" or "two_counts".
    confidence : float
        Level of every interval in `table`.
    facts : dict
        What the sentences need: words for the outcome, months, the headline's own text.
    monthly : DataFrame, optional
        ``month``, ``place``, ``role``, ``n``: the counts behind the estimate.
    places : GeoDataFrame, optional
        ``name``, ``role``, ``geometry``.
    pool : DataFrame, optional
        ``before``, ``after`` (events a month), ``change``: untouched places of the same kind.
    """

    estimate: float
    low: float
    high: float
    se: float
    p: float
    checks: tuple[Check, ...] = ()
    method: str
    confidence: float = 0.95
    facts: Mapping[str, Any] = field(default_factory=dict)
    monthly: pd.DataFrame | None = None
    places: pd.DataFrame | None = None
    pool: pd.DataFrame | None = None

    question: ClassVar[str] = "Did it work?"

    @property
    def verb(self) -> str:
        """The strongest of `VERBS` that the weakest check allows; counts without a validity panel allow the weakest."""
        if not self.checks:
            return VERBS[0]
        caps = [VERBS.index(check.cap) for check in self.checks if check.cap in VERBS]
        return VERBS[min(caps, default=2)]

    @property
    def weakest(self) -> Check | None:
        """The check that caps the verb most, red before amber; None where nothing caps it."""
        capping = [check for check in self.checks if check.cap in VERBS and check.passed is not True]
        return min(capping, key=lambda check: (VERBS.index(check.cap), check.passed is None), default=None)  # type: ignore[arg-type]

    @property
    def text(self) -> str:
        """The finding in words that the design allows."""
        return _words.finding(self)

    @property
    def alt_text(self) -> str:
        """What the figure shows, for a reader who cannot see it."""
        return f"Intervals on one line each for {', '.join(map(str, self.table['measure'][:4]))}, with zero change marked. {self.text}"

    def row(self, measure: str) -> pd.Series:
        """Return the row of one measure by its name."""
        return self.table[self.table["measure"] == measure].iloc[0]

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the measures with their intervals; for `evaluate` the three answers to "did it work?"."""
        from sara.plot import effects
        from sara.plot.style import new_axes

        ax = ax or new_axes(height=3.6)
        if self.method == "evaluate":
            return effects.three_answers(
                ax,
                self.table,
                title=self._title,
                subtitle=_words.subtitle(self),
                confidence=self.confidence,
                source=str(self.facts.get("source", "")),
            )
        return effects.intervals(
            ax,
            self.table,
            title=self._title,
            subtitle=_words.subtitle(self),
            neutral=0.0 if self.method == "wdd" else 1.0,
            confidence=self.confidence,
        )

    def figure(self) -> Figure:
        """Draw all that is known: months, the three answers, the places and the untouched ones."""
        if self.method != "evaluate" or self.monthly is None or self.places is None:
            return super().figure()
        from sara.plot import effects

        return effects.assessment(
            self.table,
            self.monthly,
            self.places,
            self.pool,
            title=self._title,
            subtitle=_words.subtitle(self),
            facts=dict(self.facts),
            confidence=self.confidence,
        )

    @property
    def _title(self) -> str:
        return (
            "Placebo: would the method have seen an effect where nothing was done?"
            if self.facts.get("placebo")
            else self.question
        )
