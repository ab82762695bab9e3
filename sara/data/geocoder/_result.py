"""What geocoding found: rates by outcome and area, what was missed and why, and how far the file's own points agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.result import Counts, Result, Setting
from sara.core.wording import noun_of, source_of
from sara.data._text import TEXT_DTYPE
from sara.data.geocoder._match import NOT_FOUND

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["GeocodeResult", "result_of"]

# Below this share of rows on the map, maps of crime begin to differ from the truth (Ratcliffe 2004).
LEAST_RATE = 0.85
FAR_METRES = 500.0
FOUND = ("own", "address point", "range", "block", "intersection")
BY_AREA = ["area", "n", "own", "matched", "missed", "rate", "main_reason"]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class GeocodeResult(Result):
    """Where the rows lie now, and which could not be found.

    Parameters
    ----------
    table : DataFrame
        One row per outcome: ``outcome`` ("own", "address point", "range", "block", "intersection", or why not), ``n`` (rows), ``share`` (of all rows),
        ``addresses`` (different ones), ``median_score``.
    events : GeoDataFrame or None
        The event table with ``x``, ``y``, ``geometry`` filled and a column ``geocoded``. Not part of a saved record.
    by_area : DataFrame
        One row per area of the table, lowest rate first: ``area``, ``n``, ``own``, ``matched``, ``missed`` (rows), ``rate`` (share on the map), ``main_reason``
        (why most of its missed rows are missed).
    misses : DataFrame
        Addresses not found, most frequent first: ``address`` (private; not part of a saved record), ``n``, ``reason``, ``score``, ``did_you_mean``.
    agreement : dict
        Rows with a point of their own whose address was found too: ``n``, ``median_m`` (metres between the two), ``p90_m``, ``over_500_m`` (rows).
    noun, source : str
        What the rows are, and the file they came from.
    """

    events: gpd.GeoDataFrame | None
    by_area: pd.DataFrame
    misses: pd.DataFrame
    agreement: dict[str, Any]
    noun: str = "events"
    source: str = ""

    question: ClassVar[str] = "How many rows could be put on the map?"
    private_columns: ClassVar[tuple[str, ...]] = ()
    count_columns: ClassVar[tuple[str, ...]] = ("n", "addresses")

    @property
    def text(self) -> str:
        """The share on the map before and after, the main reason for misses, and how well own points agree."""
        n, used, own = self.counts.rows_in, self.counts.rows_used, self._n("own")
        words = [
            f"{_percent(used / n)} of {n:,} {self.noun} have a place on the map: {own:,} had a point of their own, {used - own:,} were found by their address."
        ]
        if used < n:
            reason, missed = max(self.counts.left_out.items(), key=lambda pair: pair[1])
            words.append(f"{n - used:,} were not found, most of them for one reason: {reason} ({missed:,}).")
        if self.agreement["n"]:
            words.append(
                f"Where both are known, own points and addresses lie {self.agreement['median_m']:,.0f} m apart in the middle; {self.agreement['over_500_m']:,} of "
                f"{self.agreement['n']:,} more than 500 m."
            )
        return " ".join(words)

    def _n(self, outcome: str) -> int:
        return int(self.table.loc[self.table["outcome"] == outcome, "n"].sum())

    @property
    def alt_text(self) -> str:
        """The bars, one after another."""
        if len(self.by_area) > 1:
            head = self.by_area.head(12)
            bars = "; ".join(
                f"{area} {_percent(float(rate))} of {n:,}"
                for area, rate, n in zip(*(head[name] for name in ("area", "rate", "n")), strict=True)
            )
            return f"Bars of the share of {self.noun} on the map by area, lowest first: {bars}."
        return (
            f"Bars of {self.noun} by outcome: " + "; ".join(f"{row.outcome} {row.n:,}" for row in self.table.itertuples()) + "."
        )

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the rate of each area, lowest first; without areas, the rows by outcome."""
        from sara.plot.geocode import outcomes, rates
        from sara.plot.style import new_axes, subtitle_of

        bars = min(len(self.by_area), 12) if len(self.by_area) > 1 else len(self.table)
        if ax is None:
            ax = new_axes(width=7.6, height=1.7 + 0.36 * bars)
        n = f"n = {self.counts.rows_in:,}"
        if len(self.by_area) > 1:
            shown = "the 12 areas with the lowest share" if len(self.by_area) > 12 else "by area"
            subtitle = subtitle_of(f"share of {self.noun} with a place on the map, {shown}", "", n)
            return rates(
                self.by_area.head(12), ax=ax, title=self.question, subtitle=subtitle, source=self.source, least=LEAST_RATE
            )
        return outcomes(
            self.table,
            FOUND,
            ax=ax,
            title=self.question,
            subtitle=subtitle_of(f"{self.noun} by outcome", "", n),
            source=self.source,
        )

    def _field_values(self) -> dict[str, Any]:
        values = super()._field_values()
        values["events"] = None
        values["misses"] = self.misses.drop(columns="address", errors="ignore")
        return values


def result_of(
    *,
    events: gpd.GeoDataFrame,
    own: npt.NDArray[np.bool_],
    codes: npt.NDArray[np.int64],
    outcome: npt.NDArray[np.object_],
    score: npt.NDArray[np.float64],
    distance: npt.NDArray[np.float64],
    names: npt.NDArray[np.object_],
    hints: npt.NDArray[np.object_],
    settings: dict[str, Setting],
) -> GeocodeResult:
    """Count what was found, by outcome and by area."""
    final = np.where(own, "own", outcome).astype(object)
    missed = ~np.isin(final, FOUND)
    rows = pd.DataFrame({"outcome": final, "code": codes, "score": np.where(own, np.nan, score)})
    grouped = rows.groupby("outcome")
    table = pd.DataFrame({
        "n": grouped.size(), "share": grouped.size() / max(len(rows), 1), "addresses": grouped["code"].agg(lambda c: int(c[c >= 0].nunique())), "median_score": grouped["score"].median(),
    })  # fmt: skip
    table = table.reindex([word for word in (*FOUND, *NOT_FOUND) if word in table.index]).rename_axis("outcome").reset_index()
    table["outcome"] = table["outcome"].astype(TEXT_DTYPE)
    known = distance[np.isfinite(distance)]
    agreement = {
        "n": len(known), "median_m": float(np.median(known)) if len(known) else float("nan"), "p90_m": float(np.quantile(known, 0.9)) if len(known) else float("nan"),
        "over_500_m": int((known > FAR_METRES).sum()),
    }  # fmt: skip
    counts = Counts(
        len(events),
        int((~missed).sum()),
        {str(word): int(n) for word, n in rows.loc[missed, "outcome"].value_counts().sort_index().items()},
    )
    noun = noun_of(events)
    by_area = _by_area(events, final, missed)
    return GeocodeResult(
        table=table, settings=settings, counts=counts, cautions=_cautions(counts, table, agreement, by_area, noun), events=events, by_area=by_area,
        misses=_misses(rows, missed, names, hints), agreement=agreement, noun=noun, source=source_of(events),
    )  # fmt: skip


def _by_area(events: gpd.GeoDataFrame, final: npt.NDArray[np.object_], missed: npt.NDArray[np.bool_]) -> pd.DataFrame:
    if "area" not in events.columns or events["area"].isna().all():
        return pd.DataFrame(
            {
                name: pd.Series(dtype="str" if name in ("area", "main_reason") else "float64" if name == "rate" else "int64")
                for name in BY_AREA
            }
        )
    area = events["area"].astype(object).where(events["area"].notna(), "(no area)").to_numpy()
    frame = pd.DataFrame({"area": area, "own": final == "own", "matched": ~missed & (final != "own"), "missed": missed})
    out = frame.groupby("area").sum().astype(np.int64)
    out.insert(0, "n", frame.groupby("area").size())
    out["rate"] = 1 - out["missed"] / out["n"]
    reasons = pd.crosstab(area[missed], final[missed])
    main = reasons.idxmax(axis=1) if len(reasons) else pd.Series(dtype=object)
    out["main_reason"] = main.reindex(out.index).astype(object)
    out = out.reset_index().sort_values(["rate", "area"], kind="stable").reset_index(drop=True)
    return out.astype({"area": TEXT_DTYPE, "main_reason": TEXT_DTYPE})[BY_AREA]


def _misses(
    rows: pd.DataFrame, missed: npt.NDArray[np.bool_], names: npt.NDArray[np.object_], hints: npt.NDArray[np.object_]
) -> pd.DataFrame:
    lost = rows[missed & (rows["code"].to_numpy() >= 0)]
    counted = lost.groupby("code").agg(n=("outcome", "size"), reason=("outcome", "first"), score=("score", "first")).reset_index()
    code = counted["code"].to_numpy()
    out = pd.DataFrame({
        "address": pd.Series(names[code], dtype=object).astype(TEXT_DTYPE), "n": counted["n"].astype(np.int64), "reason": counted["reason"].astype(TEXT_DTYPE),
        "score": counted["score"].astype(float), "did_you_mean": pd.Series(hints[code], dtype=object).astype(TEXT_DTYPE),
    })  # fmt: skip
    return out.sort_values(["n", "address", "reason"], ascending=[False, True, True], kind="stable").reset_index(drop=True)


def _cautions(
    counts: Counts, table: pd.DataFrame, agreement: dict[str, Any], by_area: pd.DataFrame, noun: str
) -> tuple[str, ...]:
    out = []
    rate = counts.rows_used / counts.rows_in
    if rate < LEAST_RATE:
        out.append(
            f"Only {_percent(rate)} of the {noun} are on the map. Below 85 % a map differs from the truth (Ratcliffe 2004), the more so where the missed rows "
            "lie together: see `by_area`."
        )
    large = by_area[by_area["n"] >= 30]
    if len(large) > 1 and large["rate"].max() - large["rate"].min() > 0.1:
        low = large.iloc[0]
        out.append(
            f"The share on the map differs by area, from {_percent(float(low['rate']))} ({low['area']}) to {_percent(large['rate'].max())}: differences between areas on a map are partly this."
        )
    blocks = int(table.loc[table["outcome"] == "block", "n"].sum())
    if blocks:
        out.append(
            f"{blocks:,} {noun} are known by their hundred block only and stand in its middle: do not use them below the size of a block."
        )
    if agreement["n"] >= 20 and agreement["median_m"] > 200:
        out.append(
            f"Own points and addresses lie {agreement['median_m']:,.0f} m apart in the middle: one of the files may be of another place, or its coordinates of another system."
        )
    return tuple(out)


def _percent(share: float) -> str:
    """Return a share as a percentage that says 100 only where it is all."""
    value = 100 * share
    if 0 < value < 0.1 or 99.9 < value < 100:
        return "under 0.1 %" if value < 50 else "over 99.9 %"
    return f"{value:.0f} %" if value in (0, 100) else f"{value:.1f} %"
