"""What rates answer with: a map, and a funnel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sara.core.wording import percent, period_words
from sara.hotspots._result import HotspotResult, figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["RatesResult"]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class RatesResult(HotspotResult):
    """Events for so many people, addresses or other events, and which places stand out.

    Parameters
    ----------
    overall : float
        All events over all exposure, times `per`.
    per : float
        Rates are per this many units of exposure.
    exposure_word : str
        What the exposure is called.
    unit : {"cell", "area"}
        What the table has a row for.
    spread_kind : {"additive", "multiplicative", "none"}
        What the funnel limits allow for besides chance.
    spread : float
        How much: variance of the relative risks, or variance over mean.
    n_aside : int
        Units without exposure.
    n_beyond_chance : int
        Units above what chance alone would give, usual differences or not.
    """

    overall: float
    per: float
    exposure_word: str
    unit: str = "cell"
    spread_kind: str = "none"
    spread: float = 0.0
    n_aside: int = 0
    n_beyond_chance: int = 0

    title: ClassVar[str] = "Where is there more than one would expect?"
    score: ClassVar[str | None] = "rate_smoothed"

    @property
    def _per_words(self) -> str:
        return f"per {self.per:,g} {self.exposure_word.replace('_', ' ')}"

    def _text(self) -> str:
        table = self.table[self.table["rate"].notna()]
        high, low = table[table["is_high"]], table[table["is_low"]]
        first = (
            f"From {self._span()} there were {figures(self.overall)} {self.noun} {self._per_words} "
            f"({self.counts.rows_used:,} in {len(table):,} {self.unit}s)."
        )
        differs = self.spread_kind != "none" and self.spread > 0
        usual = "chance and usual differences" if differs else "chance"
        if high.empty:
            real = (
                f" Against chance alone, {self.n_beyond_chance:,} would: the differences are real, but usual here."
                if differs and self.n_beyond_chance
                else ""
            )
            return f"{first} No {self.unit} stands above what {usual} would give it, after correction for so many tests.{real}"
        held = int(high["n"].sum()) / max(1, self.counts.rows_used)
        share = float(high["exposure"].sum() / table["exposure"].sum())
        said = (
            f"{len(high):,} of them {'stands' if len(high) == 1 else 'stand'} above what {usual} would give, with {percent(held)} of the {self.noun} for "
            f"{percent(share)} of the exposure; {len(low):,} {'stands' if len(low) == 1 else 'stand'} below."
        )
        if self.areas.empty or self.areas.attrs.get("sara", {}).get("calls_for_help"):
            return f"{first} {said}"
        top = self.areas.iloc[0]
        expected = top["n"] - top["excess"]
        return f"{first} {said} {top['name']} has the largest excess: {top['n']:,} where {figures(expected)} were to be expected."

    def _paint(self, ax: Axes, side: float) -> str:
        from sara.hotspots._maps.draw import cell_words
        from sara.hotspots._maps.rates_draw import paint_rates

        paint_rates(self, ax, side)
        return f"{self.noun} {self._per_words}, by {cell_words(self)}"

    def funnel(self, *, ax: Axes | None = None, named: int = 5) -> Axes:
        """Draw each unit's rate against its exposure, with the limits of what is usual.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new one if not given.
        named : int
            How many of the high areas to name, largest excess first; none where the events are calls for help.

        Returns
        -------
        Axes
            Points are units (high and low ones filled); lines the overall rate and the limits that 95 and 99.8 % of usual places keep within.
        """
        from sara.hotspots._maps.rates_draw import draw_funnel

        return draw_funnel(self, ax=ax, named=named, span=period_words(*self.period))

    def _law(self, exposure: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Return the funnel limits, as rates, at any exposure."""
        from sara.core.stats.funnel import Spread, funnel_limits

        expected = self.overall / self.per * exposure
        law = Spread(self.spread_kind, self.spread, 1.0, 0, "")
        limits = {name: funnel_limits(expected, law, level) for name, level in (("95", 0.95), ("998", 0.998))}
        return {name: (low / exposure * self.per, high / exposure * self.per) for name, (low, high) in limits.items()}
