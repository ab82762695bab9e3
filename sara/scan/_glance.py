"""What the record and counts alone say of a table that is too large to be audited row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from sara.core.checks import record_of
from sara.core.engine import counts_by, counts_by_period, has_location
from sara.core.errors import NotEnoughDataError
from sara.core.period import resolve_period
from sara.core.source import EventSource
from sara.core.wording import percent, period_words

__all__ = ["NOT_LOOKED_AT", "Glance", "glance"]

# What only sara.audit looks at.
NOT_LOOKED_AT = (
    "the order and delay of times, and times heaped on full hours",
    "days without rows inside a month",
    "whether some kinds or areas have a location less often than others",
    "points far from the city, and how exact its coordinates are",
    "types that were renamed, and events reported in several rows that differ",
)


@dataclass(frozen=True)
class Glance:
    """What counting says of a table.

    Parameters
    ----------
    text : str
        Rows, period and share on the map.
    numbers : DataFrame
        ``what``, ``n``: rows read, rejected, without a time, without a location, by who started them, at default points; months without rows.
    categories : DataFrame
        ``category``, ``n``, largest first.
    """

    text: str
    numbers: pd.DataFrame
    categories: pd.DataFrame


def glance(source: EventSource, points: pd.DataFrame | None = None) -> Glance:
    """Count what can be counted in two passes; `points` are the default points where they are known (``n``)."""
    record = record_of(source)
    located = nw.when(has_location()).then(nw.lit(1)).otherwise(nw.lit(0))
    kinds = counts_by(source, {"category": "category", "origin": "origin", "located": located})
    total, mapped = int(kinds["n"].sum()), int(kinds.loc[kinds["located"] == 1, "n"].sum())
    months = counts_by_period(source, freq="MS")
    by_origin = kinds.groupby("origin", dropna=False)["n"].sum()
    read, rejected = record.get("rows_read"), record.get("rows_rejected")
    words, empty = _period(source, months)
    rows: list[tuple[str, Any]] = [
        ("rows read from the publisher's file", read),
        ("rows rejected when it was read", rejected),
        ("rows here", total),
    ]
    rows.append(("without a time", int(months.loc[months["period"].isna(), "n"].sum())))
    rows.append(("without a location", total - mapped))
    rows += [
        (f"started by: {name}" if isinstance(name, str) else "not published who started them", int(n))
        for name, n in by_origin.items()
    ]
    rows.append(("default points", None if points is None else len(points)))
    rows.append(("rows at default points", None if points is None else int(points["n"].sum())))
    rows.append(("months of the period without a row", empty))
    categories = (
        kinds.groupby("category", dropna=False)["n"].sum().sort_values(ascending=False, kind="stable").rename("n").reset_index()
    )
    categories["category"] = categories["category"].where(categories["category"].notna(), "(none)")
    text = f"{total:,} rows{words}; {percent(mapped / max(total, 1))} of them have a location."
    numbers = pd.DataFrame([(what, int(n)) for what, n in rows if n is not None], columns=["what", "n"])
    return Glance(text, numbers, categories)


def _period(source: EventSource, months: pd.DataFrame) -> tuple[str, int | None]:
    """Return the coverage in words, and how many of its months have no row."""
    try:
        start, end, _ = resolve_period(source)
    except NotEnoughDataError:
        return "", None
    first, last = (int(np.datetime64(at, "M").astype(np.int64)) for at in (start, end - pd.Timedelta(seconds=1)))
    there = months["period"].dropna().astype(int)
    return f", {period_words(start, end)}", last - first + 1 - int(there.between(first, last).sum())
