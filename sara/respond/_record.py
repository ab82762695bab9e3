"""The design as a record: table, months, settings and cautions of what `comparison` found."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from sara.core.records import Design
from sara.core.result import Setting
from sara.core.stats.panel import count_panel, members
from sara.core.wording import noun_of, officer_caution, source_of
from sara.respond._inputs import Rows
from sara.respond._likeness import ALIKE, Likeness
from sara.respond._pool import Pool

__all__ = ["record"]


def record(
    events: gpd.GeoDataFrame,
    rows: Rows,
    found: Likeness,
    pool: Pool,
    *,
    place: BaseGeometry,
    name: str,
    begin: pd.Timestamp,
    edges: list[pd.Timestamp],
    baseline: int,
    months_after: int,
    width: float,
    chosen: Any,
    asked: tuple[int, int],
    coverage: Setting,
    points: tuple[shapely.STRtree, np.ndarray],
) -> Design:
    months = len(edges) - 1
    if pool.n_given:
        comparison_names = [pool.names[i - 1] for i in found.chosen]
    else:
        comparison_names = [f"similar place {i + 1}" for i in range(len(found.chosen))]
    geometries = [place, *(pool.geometries[i - 1] for i in found.chosen)]
    names = [name, *_unique(comparison_names, name)]
    taken = shapely.union_all(geometries)
    rings = [shapely.difference(geometry.buffer(width), taken) for geometry in geometries]
    ring_panel = _ring_panel(points, rings, edges)
    picked = np.r_[0, found.chosen]
    table = gpd.GeoDataFrame(
        {
            "name": [*names, *(f"ring of {v}" for v in names)],
            "role": ["treated", *["comparison"] * len(found.chosen), *["ring"] * len(names)],
            "ring_of": [None] * len(names) + names,
            "n_before": np.r_[found.panel[picked].sum(axis=1), ring_panel.sum(axis=1)],
            "per_month": np.r_[found.panel[picked].sum(axis=1), ring_panel.sum(axis=1)] / months,
            **{
                c: np.r_[getattr(found, c)[picked], np.full(len(names), np.nan)]
                for c in ("level_ratio", "trend", "season_gap", "distance")
            },
        },
        geometry=[*geometries, *rings],
        crs=events.crs,
    )
    everything = np.vstack([found.panel[picked], ring_panel])
    monthly = pd.DataFrame(
        {
            "name": np.repeat(table["name"].to_numpy(object), months),
            "role": np.repeat(table["role"].to_numpy(object), months),
            "ring_of": np.repeat(table["ring_of"].to_numpy(object), months),
            "month": pd.to_datetime(edges[:-1] * len(table)).astype("datetime64[us]"),
            "n": everything.ravel(),
        }
    )
    used = np.zeros(len(pool.geometries), dtype=bool)
    used[found.chosen - 1] = True
    totals = found.panel[1:].sum(axis=1)
    candidates = gpd.GeoDataFrame(
        {"name": pool.names, "n_before": totals, "per_month": totals / months, "chosen": used},
        geometry=pool.geometries,
        crs=events.crs,
    )
    settings = {
        "start": Setting(begin),
        "before": Setting(
            baseline,
            "you" if baseline == asked[0] else "sara",
            "" if baseline == asked[0] else f"{asked[0]} months were asked for; these are there, in whole years where possible",
        ),
        "after": Setting(months_after),
        "buffer": Setting(width),
        "n": Setting(
            len(found.chosen),
            "you" if len(found.chosen) == asked[1] else "sara",
            "" if len(found.chosen) == asked[1] else "no more similar places",
        ),
        "candidates": Setting(
            pool.n_given or len(pool.geometries),
            "you" if pool.n_given else "sara",
            "" if pool.n_given else "footprints of the place of the response laid where such events concentrate",
        ),
        "coverage": coverage,
    }
    drift = found.drift
    return Design(
        table=table,
        settings=settings,
        counts=rows.counts,
        cautions=_cautions(events, rows, found, pool, chosen, begin, edges, asked, width),
        start=begin,
        before=(edges[0], begin),
        after=(begin, begin + pd.DateOffset(months=months_after)),
        chosen_on=chosen,
        buffer=width,
        last_event=rows.last,
        monthly=monthly,
        dispersion=float(found.dispersion.phi),
        dispersion_df=int(found.dispersion.df),
        drift=float(drift.tau2) if drift else 0.0,
        drift_df=int(drift.df) if drift else 0,
        candidates_table=candidates,
        noun=noun_of(events),
        source=source_of(events),
    )


def _cautions(
    events: gpd.GeoDataFrame,
    rows: Rows,
    found: Likeness,
    pool: Pool,
    chosen: Any,
    begin: pd.Timestamp,
    edges: list[pd.Timestamp],
    asked: tuple[int, int],
    width: float,
) -> tuple[str, ...]:
    said, months = [], len(edges) - 1
    if months < 12 or months % 12:
        said.append(f"The baseline of {months} months is not whole years: seasons may not balance.")
    if edges[-1] < begin:
        said.append(
            f"The events end before the response starts: the months from {edges[-1]:%Y-%m-%d} on are not in these numbers."
        )
    ratios = found.level_ratio[found.chosen]
    if not found.alike:
        said.append(
            f"No similar place was found: those taken have {ratios.min():.2g} to {ratios.max():.2g} times the events of the place of the response. A comparison in numbers "
            "means little; hand in better places with candidates=."
        )
    elif ratios.min() < ALIKE[0] or ratios.max() > ALIKE[1]:
        said.append("Some similar places have under a third or over three times the events of the place of the response.")
    elif not 0.8 <= ratios.mean() <= 1.25:
        said.append(
            f"The similar places have on average {abs(1 - ratios.mean()):.0%} {'fewer' if ratios.mean() < 1 else 'more'} events than the place of the response.".replace(
                "%", " %"
            )
        )
    if len(found.chosen) < asked[1]:
        said.append(
            f"{asked[1]} similar places were asked for; {len(found.chosen)} {'is' if len(found.chosen) == 1 else 'are'} there."
        )
    if pool.twice:
        said.append(
            f"{pool.twice} candidate{'s' * (pool.twice != 1)} covered the same ground as another and {'were' if pool.twice != 1 else 'was'} left out."
        )
    if pool.too_near:
        said.append(
            f"{pool.too_near} candidate{'s' * (pool.too_near != 1)} within {width:.0f} m of the place of the response {'were' if pool.too_near != 1 else 'was'} left out: the response may reach there."
        )
    if chosen is None:
        said.append(
            "It is not recorded how the place of the response was chosen. If because it was high, some fall is to be expected anyway (regression to the mean)."
        )
    elif chosen[1] > begin:
        said.append("The place of the response was chosen by events after the start: the outcome had a part in choosing it.")
    elif chosen[1] > edges[0]:
        said.append(
            "The place of the response was chosen because it was high in the baseline: some fall is to be expected anyway (regression to the mean)."
        )
    return (*said, *officer_caution(events, rows.used, noun=noun_of(events)))


def _ring_panel(points: tuple[shapely.STRtree, np.ndarray], rings: list[BaseGeometry], edges: list[pd.Timestamp]) -> np.ndarray:
    place, point = members(points[0], rings)
    return count_panel(place, points[1][point], len(rings), edges)


def _unique(names: list[str], first: str) -> list[str]:
    """Return names that differ from each other and from `first`."""
    seen, out = {first: 1}, []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return out
