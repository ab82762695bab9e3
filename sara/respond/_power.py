"""Could we see it work: the smallest fall a design can show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import geopandas as gpd
import numpy as np
import pandas as pd

from sara.core.checks import check_confidence, check_events, located
from sara.core.errors import InputError
from sara.core.records import Design, Plan
from sara.core.result import Counts, Result, Setting
from sara.core.stats.dispersion import two_way_dispersion
from sara.core.stats.panel import count_panel, members, month_edges, point_tree
from sara.core.stats.power import difference_se, smallest_detectable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PowerResult", "power"]

# What hot spot responses have achieved at their better end; used where the plan names no target.
USUAL_TARGET = 0.2
_MONTHS = (3, 6, 9, 12, 18, 24, 36, 48, 60)
_MOST_PLACES = 50


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class PowerResult(Result):
    """How small a change the design can see.

    Parameters
    ----------
    table : DataFrame
        One row per length and number of places: ``months_after``, ``n_similar``, ``smallest_change`` (events a month, seen with chance
        ``power``), ``smallest_share`` (of the place of the response's level before), ``sees_target``.
    smallest_change, smallest_share : float
        The same for the design as it is.
    target : float
        The share by which the outcome is to fall.
    target_from : str
        "plan" or "sara" (a usual target, where the plan names none).
    level : float
        Events a month in the place of the response before.
    months_after, n_similar : int
        Of the design.
    power, confidence : float
        Chance of seeing the change, and level of the interval it is seen by.
    needs : str
        What would make a "no" a "yes"; empty where the answer is yes.
    """

    smallest_change: float
    smallest_share: float
    target: float
    target_from: str
    level: float
    months_after: int
    n_similar: int
    power: float
    confidence: float
    needs: str
    noun: str = "events"

    question: ClassVar[str] = "Could we see it work?"

    @property
    def enough(self) -> bool:
        """Whether the target is large enough to be seen."""
        return bool(self.smallest_share <= self.target)

    @property
    def text(self) -> str:
        """Yes or no, with the numbers."""
        answer = "Yes" if self.enough else "No"
        goal = f"a fall of {self.target:.0%}" + (
            " (the target)" if self.target_from == "plan" else " (a usual target; the plan names none)"
        )
        first = (
            f"{answer}: with {self.months_after} months after and {self.n_similar} similar place{'s' * (self.n_similar != 1)}, a fall of {self.smallest_change:.3g} "
            f"{self.noun} a month ({self.smallest_share:.0%}) or more would be seen {self.power:.0%} of the time; {goal} "
            f"{'is large enough' if self.enough else 'is too small'}."
        ).replace("%", " %")
        return f"{first} {self.needs}".strip()

    @property
    def alt_text(self) -> str:
        """What the curve shows."""
        return f"Curve of the smallest visible fall against months after the start, one line per number of similar places, with the target marked. {self.text}"

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the smallest visible fall against the months waited."""
        from sara.plot import effects

        subtitle = (
            f"smallest fall seen {self.power:.0%} of the time, share of {self.level:.3g} {self.noun} a month before".replace(
                "%", " %"
            )
        )
        return effects.power_curve(
            ax,
            self.table,
            target=self.target,
            months_after=self.months_after,
            n_similar=self.n_similar,
            title=self.question,
            subtitle=f"{subtitle} · n = {self.counts.rows_used:,}",
        )


def power(events: gpd.GeoDataFrame, design: Design | Plan, *, power: float = 0.8, confidence: float = 0.95) -> PowerResult:
    """Say how small a fall the design could see, before anything is done.

    Answers "could we see it work?". Ask it before promising a target.

    Parameters
    ----------
    events : GeoDataFrame
        The events the design was made from; only those before its start are used.
    design : Design or Plan
        From `comparison`; a plan also brings its target.
    power : float
        Chance of seeing a true change.
    confidence : float
        Level of the interval it must be seen by.

    Returns
    -------
    PowerResult
        ``smallest_change`` (events a month), ``smallest_share``, ``enough``, ``needs``; ``table``: other lengths and numbers of places.

    Raises
    ------
    InputError
        If `design` is not a design or plan, or a chance is not between 0.5 and 1.

    Notes
    -----
    (z of the two-sided test + z of the power) x standard error, on all months of the baseline and the mean of the similar places, widened
    by the measured dispersion and by how far untouched places drift apart. A published chart of z x standard error shows a power of
    50 %. The change is taken to leave the variance as it is.

    References
    ----------
    Wheeler & Ratcliffe (2018), Crime Science 7:11. doi:10.1186/s40163-018-0085-5

    Examples
    --------
    >>> import numpy as np, pandas as pd, geopandas as gpd, sara
    >>> rng = np.random.default_rng(1)
    >>> spot = rng.integers(0, 9, 4000)
    >>> table = pd.DataFrame({"x": 500_000 + 1_500 * (spot % 3) + rng.normal(0, 60, 4000), "y": 4_500_000 + 1_500 * (spot // 3) + rng.normal(0, 60, 4000),
    ...                       "time": pd.Timestamp("2022-01-01") + pd.to_timedelta(rng.uniform(0, 730, 4000), unit="D")})
    >>> events = sara.as_events(table, time="time", x="x", y="y", crs=32616)
    >>> place = gpd.GeoSeries.from_xy([500_000], [4_500_000], crs=32616).buffer(150)
    >>> design = sara.respond.comparison(events, treated=place, start="2024-01-01")
    >>> found = sara.respond.power(events, design)
    >>> found.smallest_share < 0.5
    True
    """
    events = check_events(events)
    target, source = USUAL_TARGET, "sara"
    if isinstance(design, Plan):
        if design.target is not None:
            target, source = design.target, "plan"
        events = events[design.predicate.select(events, name="design.outcome")]
        design = design.design
    if not isinstance(design, Design):
        raise InputError(
            f"`design` must be a Design or a Plan. Got a {type(design).__name__}. Write design = sara.respond.comparison(events, treated=..., start=...)"
        )
    confidence = check_confidence(confidence)
    chance = _check_power(power)
    design = design.to_crs(events.crs)
    panel, counts = _recount(events, design)
    level, others = panel[0].mean(), panel[1:].mean(axis=1)
    spread = two_way_dispersion(panel)
    phi = max(1.0, spread.phi) if np.isfinite(spread.phi) else 1.0
    months = (design.months_before, design.months_after)

    def smallest(after: float, places: np.ndarray, treated: float = 1.0) -> float:
        se = difference_se(level, places, months=(months[0], after), phi=phi, tau2=design.drift, places=treated)
        return smallest_detectable(se, power=chance, confidence=confidence)

    found = smallest(months[1], others)
    table = _table(level, others, months[1], target, smallest)
    settings = {
        "months before": Setting(months[0], "sara", "all the design has"),
        "months after": Setting(months[1]),
        "similar places": Setting(design.n),
        "dispersion": Setting(round(phi, 3), "sara", "variance over mean around place and month in the baseline"),
        "drift": Setting(
            round(design.drift, 5),
            "sara",
            f"spread of {design.drift_df + 1} untouched places from year to year" if design.drift_df else "could not be measured",
        ),
        "power": Setting(chance),
        "confidence": Setting(confidence),
        "target": Setting(target, "you" if source == "plan" else "sara", "" if source == "plan" else "a usual target"),
    }
    needs = "" if found <= target * level else _needs(level, others, months[1], target, smallest)
    return PowerResult(
        table=table,
        settings=settings,
        counts=counts,
        cautions=_cautions(design, panel),
        smallest_change=found,
        smallest_share=float(found / level),
        target=target,
        target_from=source,
        level=float(level),
        months_after=months[1],
        n_similar=design.n,
        power=chance,
        confidence=confidence,
        needs=needs,
        noun=design.noun,
    )


def _table(level: float, others: np.ndarray, after: int, target: float, smallest: object) -> pd.DataFrame:
    sizes: Iterable[int] = sorted({1, min(3, len(others)), len(others)})
    rows = []
    for n in sizes:
        # With fewer places each stands for the mean of them all.
        places = np.full(n, others.mean())
        for months in sorted({*_MONTHS, after}):
            change = smallest(months, others if n == len(others) else places)  # type: ignore[operator]
            rows.append((months, n, change, change / level, change <= target * level))
    return pd.DataFrame(rows, columns=["months_after", "n_similar", "smallest_change", "smallest_share", "sees_target"])


def _needs(level: float, others: np.ndarray, after: int, target: float, smallest: object) -> str:
    """Return what would make the answer yes: waiting longer, or more places."""
    longer = next((m for m in range(after + 1, 121) if smallest(m, others) <= target * level), None)  # type: ignore[operator]
    more = next((k for k in range(2, _MOST_PLACES + 1) if smallest(after, others, k) <= target * level), None)  # type: ignore[operator]
    ways = []
    if longer is not None:
        ways.append(f"{longer} months after instead of {after}")
    if more is not None:
        ways.append(f"the same response in {more} such places")
    if not ways:
        return "Neither waiting ten years nor fifty such places would make it visible: choose a larger target or a less noisy outcome."
    return f"It would become a yes with {' or '.join(ways)}."


def _recount(events: gpd.GeoDataFrame, design: Design) -> tuple[np.ndarray, Counts]:
    time = events["time"].to_numpy(dtype="datetime64[us]")
    timed, here = ~np.isnat(time), located(events)
    late, early = timed & (time >= np.datetime64(design.start)), timed & (time < np.datetime64(design.before[0]))
    used = timed & ~late & ~early & here
    assert not (time[used] >= np.datetime64(design.start)).any(), "power may only see events before the response"
    left_out = {
        "without a time": int((~timed).sum()),
        "on or after the start of the response": int(late.sum()),
        "before the baseline": int(early.sum()),
        "without a location": int((timed & ~late & ~early & ~here).sum()),
    }
    known = events[used]
    geometries = list(design.table.geometry[design.table["role"] != "ring"])
    place, point = members(point_tree(known["x"].to_numpy(float), known["y"].to_numpy(float)), geometries, exclusive=True)
    # A plan may be made before the baseline is complete: only the months the design saw.
    months = int(design.monthly["month"].nunique())
    edges = month_edges(design.start, -design.months_before, months - design.months_before)
    panel = count_panel(place, known["time"].to_numpy("datetime64[us]")[point], len(geometries), edges)
    if panel[0].sum() == 0:
        raise InputError(
            "`events` must be those the design was made from. Got none in the place of the response before the start. Hand in the same events."
        )
    return panel, Counts(len(events), int(used.sum()), left_out)


def _cautions(design: Design, panel: np.ndarray) -> tuple[str, ...]:
    said = []
    planned = design.monthly.loc[design.monthly["role"] == "treated", "n"].sum()
    if abs(panel[0].sum() - planned) > 0.05 * planned:
        said.append(
            f"The place of the response has {panel[0].sum():,} events here but had {planned:,} when the design was made: other events, or merged reports."
        )
    if design.drift_df == 0:
        said.append(
            "How far places drift apart from year to year could not be measured: a smaller change may go unseen than this says."
        )
    said.append("A response that moves the problem next door is counted here as one that works.")
    return tuple(said)


def _check_power(value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.5 <= value < 1:
        raise InputError(f"`power` must be a share from 0.5 up to 1. Got {value!r}. Write 0.8 for 80 %.")
    return float(value)
