"""What a question about time answers with."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import pandas as pd

from sara.core.result import Result, Setting
from sara.core.wording import period_words
from sara.trends._input.counted import Counted
from sara.trends._input.frequency import word_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["TrendResult"]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class TrendResult(Result):
    """When: one row per period, or per series. Each method has a subclass that says and draws its own.

    Parameters
    ----------
    table : DataFrame
        The columns are in the docstring of each method.
    freq : str or None
        The pandas offset of a period; None for bare numbers.
    start, end : Timestamp or None
        The period, half-open; None for bare numbers.
    noun, source : str
        What the rows are called, and the source line.
    """

    freq: str | None
    start: pd.Timestamp | None
    end: pd.Timestamp | None
    noun: str = "events"
    source: str = ""

    question: ClassVar[str] = "When, and is it more than noise?"
    # The question of this method, over its figure.
    title: ClassVar[str] = "When, and is it more than noise?"
    # Inches.
    size: ClassVar[tuple[float, float]] = (7.6, 4.2)
    count_columns: ClassVar[tuple[str, ...]] = ("n",)

    @classmethod
    def of(
        cls,
        chosen: Counted,
        *,
        table: pd.DataFrame,
        settings: Mapping[str, Setting],
        cautions: tuple[str, ...] = (),
        **fields: Any,
    ) -> Self:
        """Build a result from the series a method worked on; `fields` are those of the subclass."""
        start, end = chosen.span
        return cls(
            table=table, settings={**chosen.settings, **settings}, counts=chosen.counts, cautions=(*chosen.cautions, *cautions),
            freq=chosen.freq, start=start, end=end, noun=chosen.noun, source=chosen.source, **fields,
        )  # fmt: skip

    @property
    def word(self) -> str:
        """What one period is called: week."""
        return word_of(self.freq)[0]

    @property
    def a_word(self) -> str:
        """The same with its article: a week."""
        word, article = word_of(self.freq)
        return f"{article} {word}"

    @property
    def text(self) -> str:
        """The finding in one to three sentences."""
        return self._text()

    @property
    def alt_text(self) -> str:
        """What the figure shows, for a reader who cannot see it."""
        return f"Figure: {self.title} {self.text}"

    @abstractmethod
    def _text(self) -> str:
        """Say the finding of this method."""

    @abstractmethod
    def _paint(self, ax: Axes) -> str:
        """Draw the figure of this method; return its unit (and what else belongs in the subtitle) in words."""

    def plot(self, *, ax: Axes | None = None, marks: Mapping[Any, str] | None = None) -> Axes:
        """Draw the finding on one Axes and return it.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new one if not given.
        marks : dict of date to str, optional
            Dates that may explain a change, drawn as dotted lines: ``{"2024-03-01": "response begins", "2023-07-01": "new call codes"}``.

        Returns
        -------
        Axes
            The figure.
        """
        from sara.plot.style import finish, new_axes, subtitle_of
        from sara.plot.trend import draw_marks

        ax = new_axes(width=self.size[0], height=self.size[1]) if ax is None else ax
        unit = self._paint(ax)
        draw_marks(ax, marks)
        span = "" if self.start is None or self.end is None else period_words(self.start, self.end)
        return finish(ax, title=self.title, subtitle=subtitle_of(unit, span, self._n_words()), source=self.source)

    def _n_words(self) -> str:
        return f"n = {self.counts.rows_used:,}"
