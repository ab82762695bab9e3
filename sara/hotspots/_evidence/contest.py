"""Methods set against each other: what each scores from before an origin, and what its map is worth after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.cells import Cells
from sara.core.checks import check_choice
from sara.core.errors import InputError, NotEnoughDataError, suggest
from sara.core.source import as_source
from sara.core.units import metres
from sara.hotspots._evidence.curve import hit_curve, ranked
from sara.hotspots._evidence.model import Panel, Smoother, forecast
from sara.hotspots._evidence.ranking import Ranking, ranking_of
from sara.hotspots._gi_star import _numbers as gi_star_numbers
from sara.hotspots._kde import LEAST_MASS
from sara.hotspots._persistence import day_of, span_of
from sara.hotspots._result import HotspotResult
from sara.hotspots._surfaces.surface import KERNELS, Raster, lattice_of, mass_inside

__all__ = ["DEFAULTS", "Contest", "Entry", "entries_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# What an analyst would try first, with the settings that did best on the cities measured (docs/hotspots/compare.md).
DEFAULTS = ("persistence", "all counts", "last year", "kde", "gi_star")
KDE_BANDWIDTH = 400.0
# Error of a surface, relative to one event's peak: ten times what `kde` allows, and no ranking hangs on it; many origins take many surfaces.
BOUND = 1e-2
# Maps that need no table of their own: their settings, beside `history`.
QUICK: dict[str, tuple[str, ...]] = {
    "all counts": (), "last year": (), "last period": (), "kde": ("bandwidth", "kernel", "edge"), "gi_star": ("contiguity",), "persistence": (),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Entry:
    """One method in the contest: a name of `QUICK`, or a function of (events before the origin, grid)."""

    label: str
    name: str
    settings: dict[str, Any]
    make: Callable[[Any, Cells], HotspotResult] | None = None

    @property
    def history(self) -> Any:
        """How far back the method looks: an offset, or None for everything."""
        given = self.settings.get("history")
        return {"last year": "12MS"}.get(self.name) if given is None else given


@dataclass(frozen=True, eq=False)
class Contest:
    """Events by cell and day, and the places they lie at, for many origins."""

    events: Any
    panel: Panel
    grid: Cells
    x: Floats
    y: Floats
    n: Floats
    day: Ints
    cell: Ints
    first: pd.Timestamp
    smoother: Smoother
    rasters: dict[tuple[float, str], tuple[Raster, Floats]] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Any, chosen: Any, panel: Panel, grid: Cells) -> Contest:
        """Put the rows in an order of their own, so that theirs can't matter."""
        rows = chosen.rows
        order = np.lexsort((rows.y, rows.x, rows.day))
        place = np.cumsum(grid.member.ravel()) - 1
        parts = (rows.x[order], rows.y[order], rows.n[order].astype(float), rows.day[order], place[chosen.code[order]])
        return cls(events, panel, grid, *parts, rows.period[0], Smoother(grid))

    def map_of(self, entry: Entry, origin: pd.Timestamp, days: int) -> Ranking | Floats:
        """Return what a method makes of the events before `origin`: a score for each cell, or a ranking of its own units."""
        end = day_of(origin)
        start = (
            day_of(self.first)
            if entry.history is None
            else max(day_of(self.first), day_of(origin - span_of(entry.history, name="history")))
        )
        if entry.make is not None:
            return self._made(entry, origin, start)
        if entry.name == "persistence":
            return forecast(self.panel, self.smoother, first=day_of(self.first), origin=end, days=days).expected
        if entry.name == "last period":
            start = max(start, end - days)
        counts = self.panel.between(start, end)
        if entry.name == "kde":
            return self._kde(entry.settings, start, end)
        if entry.name == "gi_star":
            return gi_star_numbers(counts, self.grid.neighbours(entry.settings.get("contiguity", "queen"))).z
        return counts

    def _kde(self, settings: dict[str, Any], start: int, end: int) -> Floats:
        part = slice(*np.searchsorted(self.day, [start, end]))
        assert part.stop == part.start or self.day[part.stop - 1] < end
        raster, mass = self._raster(
            metres(settings.get("bandwidth", KDE_BANDWIDTH), name="bandwidth"), settings.get("kernel", "quartic")
        )
        at = self.grid.centres()
        found = raster.at(raster.smooth(raster.bins(self.x[part], self.y[part], self.n[part])), *at)
        return found / mass if settings.get("edge", "correct") == "correct" else found

    def _raster(self, bandwidth: float, kernel: str) -> tuple[Raster, Floats]:
        """Return the fine raster of a kernel, and its mass inside the study area: made once for all origins."""
        if (bandwidth, kernel) not in self.rasters:
            check_choice(kernel, KERNELS, name="kernel")
            at = self.grid.centres()
            raster = Raster(lattice_of(*at, least=self.grid.cell_size), bandwidth=bandwidth, kernel=kernel, bound=BOUND)
            mass = np.maximum(raster.at(mass_inside(self.grid.area, raster), *at), LEAST_MASS)
            self.rasters[bandwidth, kernel] = (raster, mass)
        return self.rasters[bandwidth, kernel]

    def _made(self, entry: Entry, origin: pd.Timestamp, start: int) -> Ranking | Floats:
        assert entry.make is not None
        begin = pd.Timestamp("1970-01-01") + pd.Timedelta(days=start)
        try:
            result = entry.make(_before(self.events, begin, origin), self.grid)
        except NotEnoughDataError as error:
            raise NotEnoughDataError(f"{entry.label}, made on {origin:%Y-%m-%d}: {error}") from error
        if not isinstance(result, HotspotResult):
            raise InputError(
                f"`methods` must return maps from sara.hotspots. Got a {type(result).__name__} from {entry.label!r}. "
                "Write: lambda events, grid: sara.hotspots.kde(events, grid=grid)"
            )
        if result.period[1] > origin:
            raise InputError(
                f"`methods` must use events from before the origin ({origin:%Y-%m-%d}). Got a map of events to {result.period[1]:%Y-%m-%d} from {entry.label!r}."
            )
        return ranking_of(result)

    def hits(
        self, found: Ranking | Floats, origin: pd.Timestamp, end: pd.Timestamp, at: Floats, *, ties: str
    ) -> tuple[Floats, float]:
        """Return the events from `origin` up to `end` within each area of `at` (km2), the map's first ground first; and all of them."""
        start, stop = day_of(origin), day_of(end)
        if isinstance(found, Ranking):
            part = slice(*np.searchsorted(self.day, [start, stop]))
            unit = found.locate(self.x[part], self.y[part])
            inside = unit >= 0
            observed = np.bincount(unit[inside], weights=self.n[part][inside], minlength=len(found.size)).astype(float)
            score, size = found.score, found.size
        else:
            observed, score, size = self.panel.between(start, stop), found, self.grid.inside_km2()
        curve = hit_curve(observed, size, ranked(score, observed), score if ties == "expected" else None)
        return curve.at(at), float(self.panel.between(start, stop).sum())


def entries_of(methods: Any) -> list[Entry]:
    """Return the methods of a contest from names, ``(name, settings)``, functions, or a dict of label to any of them.

    Raises
    ------
    InputError
        If one is none of these, is not known, or two have the same label.
    """
    if isinstance(methods, str) or callable(methods):
        methods = [methods]
    if isinstance(methods, dict):
        return [_entry(value, str(label)) for label, value in methods.items()]
    found = [_entry(value, None) for value in methods]
    labels = [entry.label for entry in found]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice is not None:
        raise InputError(
            f"`methods` must have labels of their own. Got {twice!r} twice. Write: methods={{'{twice} A': ..., '{twice} B': ...}}"
        )
    if not found:
        raise InputError("`methods` must name at least one method. Got none. Write: methods=['all counts', 'kde', 'persistence']")
    return found


def _entry(value: Any, label: str | None) -> Entry:
    if callable(value):
        name = getattr(value, "__name__", "method")
        if getattr(value, "__module__", "").startswith("sara.hotspots"):
            return _entry(name, label)
        _check_takes_two(value, name)
        return Entry(label or name, name, {}, value)
    name, settings = value if isinstance(value, tuple) and len(value) == 2 else (value, {})
    if not isinstance(name, str) or not isinstance(settings, dict):
        raise InputError(
            f"`methods` must be names, (name, settings) or functions. Got {value!r}. Write: methods=['all counts', ('kde', {{'bandwidth': '300m'}})]"
        )
    label = label or (f"{name} ({', '.join(f'{k} {v}' for k, v in settings.items())})" if settings else name)
    if name in QUICK:
        unknown = next((key for key in settings if key not in (*QUICK[name], "history")), None)
        if unknown is not None:
            known = ", ".join((*QUICK[name], "history"))
            raise InputError(f"`methods` has a setting that {name} does not take: {unknown!r}. It takes: {known}")
        return Entry(label, name, settings)
    return Entry(label, name, {"history": settings.get("history")}, _public(name, settings))


def _check_takes_two(method: Callable[..., Any], name: str) -> None:
    import inspect

    try:
        inspect.signature(method).bind(None, None)
    except ValueError:
        # Some compiled functions do not tell what they take.
        return
    except TypeError:
        raise InputError(
            f"`methods` must be functions of the events before a period and of the cells. Got {name}{inspect.signature(method)}. "
            f"Write: methods={{'mine': lambda events, grid: sara.hotspots.kde(events, grid=grid)}}"
        ) from None


def _public(name: str, settings: dict[str, Any]) -> Callable[[Any, Cells], HotspotResult]:
    """Return a map by the name of its function, with its settings."""
    import sara.hotspots as hotspots

    method = getattr(hotspots, name, None)
    if method is None or not callable(method) or isinstance(method, type) or name in ("accuracy", "compare"):
        known = [*QUICK, "clusters", "hot_places", "local_moran"]
        raise InputError(
            f"`methods` names a method that is not known: {name!r}.{suggest(name, known)} Methods: {', '.join(known)}"
        )
    options = {key: value for key, value in settings.items() if key != "history"}
    import inspect

    takes_grid = "grid" in inspect.signature(method).parameters

    def make(events: Any, grid: Cells) -> HotspotResult:
        if takes_grid:
            return method(events, grid=grid, **options)  # type: ignore[no-any-return]
        area = gpd.GeoSeries([grid.area], crs=grid.crs) if grid.crs is not None else grid.area
        return method(events, area=area, **options)  # type: ignore[no-any-return]

    return make


def _before(events: Any, start: pd.Timestamp, origin: pd.Timestamp) -> Any:
    """Return the events from `start` up to, not including, `origin`, as a file that ends there."""
    source = as_source(events)
    if source is not None:
        part = source.select_period(start, origin)
        if part.attrs:
            part.attrs = {"sara": {**part.attrs["sara"], "coverage": [start.isoformat(), origin.isoformat()]}}
        return part
    rows = events[(events["time"] >= start) & (events["time"] < origin)]
    assert rows.empty or rows["time"].max() < origin
    record = dict(events.attrs.get("sara", {}))
    rows.attrs["sara"] = {**record, "coverage": [start.isoformat(), origin.isoformat()]}
    return rows
