"""What clusters answer with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from sara.core.wording import km2_words, percent
from sara.hotspots._result import HotspotResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ClustersResult"]


# A crowd that an even scatter brings about somewhere more often than this is no finding.
CHANCE = 0.05


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class ClustersResult(HotspotResult):
    """Where events crowd together."""

    title: ClassVar[str] = "Where does it crowd together?"
    score: ClassVar[str | None] = None

    def _text(self) -> str:
        if self.areas.empty:
            return self._text_none()
        held, km2 = int(self.areas["n"].sum()), float(self.areas["km2"].sum())
        (top, before), n = self._first(), len(self.areas)
        unit = f" ({self.settings['weights'].value})" if "weights" in self.settings else ""
        return (
            f"From {self._span()}, {n:,} {'cluster holds' if n == 1 else 'clusters hold'} {percent(held / self.counts.rows_used)} of "
            f"{self.counts.rows_used:,} {self.noun} on {percent(km2 / (self.area.area / 1e6))} of the study area ({km2_words(km2)}).{before} {top['name']} has "
            f"the largest excess: {top['n']:,} {self.noun} on {km2_words(top['km2'])}, {top['excess']:,.0f}{unit} more than an even spread would put there."
            f"{self._doubtful()}"
        )

    def _text_none(self) -> str:
        first = f"From {self._span()}, {self.counts.rows_used:,} {self.noun} form no cluster"
        small = int(self.areas.attrs.get("sara", {}).get("too_small", 0))
        if small:
            return f"{first} that may be shown: {'the one found is' if small == 1 else f'the {small:,} found are'} too small to be shown for calls for help."
        return (
            f"{first}: nowhere do enough of them ({self.settings['min_events'].value:,.4g}) lie {self._how()}.{self._instead()}"
        )

    def _instead(self) -> str:
        """Say what would find some: an empty map is not the end of the question."""
        other = "take hot_places, which asks only for more than chance would give"
        if "densest" not in self.settings:
            return f" Ask for fewer with min_events=..., or {other}."
        most = f" At most {self.settings['densest'].value:,} lie so close"
        if "min_events_instead" not in self.settings:
            return f"{most}, which is no more than an even scatter would bring together somewhere."
        lower = self.settings["min_events_instead"]
        return f"{most}; min_events={lower.value} {lower.why}. Or {other}."

    def _doubtful(self) -> str:
        """Say how many clusters chance alone would bring about: some methods draw them on any map."""
        n, many = int((self.areas["p_adjusted"] > CHANCE).sum()), len(self.areas)
        if n == 0:
            return ""
        which = (
            "That is no more"
            if many == 1
            else "None of them is more"
            if n == many
            else f"{n:,} of them {'is' if n == 1 else 'are'} no more"
        )
        return f" {which} than an even scatter of as many would bring together somewhere."

    def _how(self) -> str:
        eps = float(self.settings["eps"].value)
        if self._kind() == "stac":
            return f"in one circle of {eps * 2**0.5:,.0f} m radius"
        return f"within {eps:,.4g} m of each other"

    def _kind(self) -> str:
        return str(self.settings["method"].value) if "method" in self.settings else "dbscan"

    def _paint(self, ax: Axes, side: float) -> str:
        from sara.hotspots._maps.draw import OUTLINE_FILL, list_areas
        from sara.plot import maps
        from sara.plot.style import INK, WARN

        maps.outlines(ax, list(self.areas.geometry), color=WARN, fill=OUTLINE_FILL, linewidth=0.9)
        many = f"{len(self.areas):,} clusters" if len(self.areas) != 1 else "1 cluster"
        entries: list[tuple[Any, str]] = [(OUTLINE_FILL, many if len(self.areas) else "no cluster found")]
        higher = self.table[self.table["order"] > 1] if "order" in self.table.columns else self.table[:0]
        if len(higher):
            maps.outlines(ax, list(higher.geometry), color=INK, linewidth=0.7)
            entries.append(({"color": INK, "width": 0.9}, f"{len(higher):,} around {'them' if len(higher) > 1 else 'clusters'}"))
        maps.key(ax, entries, title="outlines", side=side)
        list_areas(ax, self, title="Largest excess", side=side)
        return f"where at least {float(self.settings['min_events'].value):,.4g} {self.noun} lie {self._how()}"
