"""Similar places, chosen before the outcome is known."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pandas as pd

from sara.core.checks import check_areas, check_count, check_enough, check_events
from sara.core.period import resolve_period
from sara.core.records import Design
from sara.core.stats.panel import known_period, members, month_edges, point_tree
from sara.core.units import metres, timestamp
from sara.respond._inputs import baseline_months, chosen_window, covered_edges, months_of, one_place, rows_before
from sara.respond._likeness import choose
from sara.respond._pool import LEAST_EVENTS, untouched_places
from sara.respond._record import record

__all__ = ["comparison"]


def comparison(
    events: gpd.GeoDataFrame,
    *,
    treated: Any,
    start: str | pd.Timestamp,
    chosen_on: tuple[Any, Any] | None = None,
    candidates: Any = None,
    n: int = 5,
    buffer: float | str = "300m",
    before: str = "24MS",
    after: str = "12MS",
) -> Design:
    """Find similar places to compare the response with, from events before it starts.

    Answers "compared with what?". Only events before `start` are used. Test the design with `power`, put it into a `Plan`.

    Parameters
    ----------
    events : GeoDataFrame
        The events the response is meant to change, from one category as a rule.
    treated : GeoDataFrame, GeoSeries or geometry
        The place that is to get the response; several polygons count as one place. A bare geometry is in the CRS of `events`.
    start : str or Timestamp
        When the response starts.
    chosen_on : (date, date), optional
        The window whose counts chose the place. Not given: the period that `treated` remembers, if it came from `sara.hotspots`.
    candidates : GeoDataFrame, optional
        Places to choose among. Not given: footprints of the place of the response's size and shape laid where such events concentrate.
    n : int
        How many similar places; fewer are used where there are fewer.
    buffer : float or str
        Width of the ring in which displacement is looked for, metres or with a unit; candidates stay out of it.
    before, after : str
        Baseline and assessment windows in months: ``"24MS"``. The baseline is cut to the months there are, in whole years where it can.

    Returns
    -------
    Design
        ``table``: places with their role, counts, likeness and geometry. ``candidates_table``: all untouched places of the kind.

    Raises
    ------
    InputError
        If `treated` is not a polygon or a window is not in months.
    NotEnoughDataError
        If there are under 3 months or 10 events before `start`, or no other place has events.

    Notes
    -----
    Likeness is measured on level (log scale, shrunk towards the mean of the places so that lucky and unlucky years do not match), trend
    (second half of the baseline over the first) and the seasons' shares; places with under a third or over three times the events are
    taken only if there is no other. Candidates are laid by the counts of the window that chose the place of the response, so that both regress
    to the mean alike. Dispersion: Pearson's chi-square over its degrees of freedom around place and month.

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
    >>> sara.respond.comparison(events, treated=place, start="2024-01-01", n=3).n
    3
    """
    events = check_events(events)
    begin = timestamp(start, name="start")
    width = metres(buffer, name="buffer")
    count = check_count(n, name="n")
    asked, months_after = months_of(before, "before"), months_of(after, "after")
    chosen = chosen_window(treated, chosen_on)
    place, treated_name = one_place(treated, events)

    first, end, coverage = resolve_period(events)
    first, end = known_period(events["time"].to_numpy("datetime64[us]"), first, end)
    months = baseline_months(asked, first, begin)
    edges = covered_edges(month_edges(begin, -months, 0), end)
    rows = rows_before(events, edges[0], begin, (first, end))
    known = rows.known
    assert known["time"].max() < begin, "a design may only see events before the response"
    x, y, time = known["x"].to_numpy(float), known["y"].to_numpy(float), known["time"].to_numpy("datetime64[us]")
    tree = point_tree(x, y)
    _, inside = members(tree, [place])
    check_enough(len(inside), LEAST_EVENTS, method="comparison", what="events in the place of the response before the start")

    given = None if candidates is None else check_areas(candidates, name="candidates", crs=events.crs)
    pool = untouched_places(x, y, time, place, width, given, chosen, begin, len(inside))
    found = choose(tree, time, [place, *pool.geometries], edges, pool.n_given, count, months_after)
    return record(
        events,
        rows,
        found,
        pool,
        place=place,
        name=treated_name,
        begin=begin,
        edges=edges,
        baseline=months,
        months_after=months_after,
        width=width,
        chosen=chosen,
        asked=(asked, count),
        coverage=coverage,
        points=(tree, time),
    )
