"""The rows of many series: one per event, or per stretch of time and kind of a source, with the values they are grouped by."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.core.engine import counts_by, counts_by_area, has_location
from sara.core.expression import is_one_of
from sara.core.source import EventSource
from sara.data._lists import PLACE_LIKE
from sara.data.categories import help_categories
from sara.data.places import area_numbers

__all__ = ["rows_of_many"]

Times = npt.NDArray[np.datetime64]

# Seconds that move every time above zero, where all engines round a division the same way; a whole number of days.
_UP = 86_400 * 10_000_000


def rows_of_many(known: Any, columns: tuple[str, ...], shapes: Any, unit: int) -> pd.DataFrame:
    """Return one row per event, or per stretch and kind of a source: time, last, n, officer, helped, and a column k0, k1, ... per group."""
    place_like = any(c in PLACE_LIKE for c in columns)
    if not isinstance(known, EventSource):
        time = known["time"].to_numpy(dtype="datetime64[us]")
        out = pd.DataFrame({"time": time, "last": time, "n": np.ones(len(known), dtype=np.int64)})
        out["officer"] = known["origin"].isin(["officer"]).to_numpy(dtype=bool, na_value=False)
        out["helped"] = known["category"].isin(help_categories()).to_numpy(dtype=bool) if place_like else False
        for k, column in enumerate(columns):
            if column == "area" and shapes is not None:
                out[f"k{k}"] = _label(shapes)(
                    known["x"].to_numpy(dtype=float, na_value=np.nan), known["y"].to_numpy(dtype=float, na_value=np.nan)
                )
            else:
                out[f"k{k}"] = known[column].array
        return out
    t = nw.col("t_local")
    keys: dict[str, Any] = {"stretch": t if unit == 1 else (t + _UP) // unit, "officer": is_one_of("origin", ["officer"])}
    keys["helped"] = is_one_of("category", sorted(help_categories())) if place_like else nw.lit(0)
    of_file = {f"k{k}": column for k, column in enumerate(columns) if not (column == "area" and shapes is not None)}
    if shapes is None:
        found = counts_by(known, {**keys, **of_file}, span="t_local")
    else:
        found = counts_by_area(known, _label(shapes), by={**keys, **of_file}).rename(
            columns={"area": f"k{columns.index('area')}"}
        )
        found["last"] = found["first"] = found["stretch"] if unit == 1 else found["stretch"] * unit - _UP
        # Rows without a location are in no area, but have their time.
        elsewhere = known.lazy().filter(nw.when(has_location()).then(nw.lit(0)).otherwise(nw.lit(1)) == 1)
        found = pd.concat([found, counts_by(elsewhere, {**keys, **of_file}, span="t_local")], ignore_index=True)
    out = pd.DataFrame(
        {"time": _moments(found["first"]), "last": _moments(found["last"]), "n": found["n"].to_numpy(dtype=np.int64)}
    )
    out["officer"], out["helped"] = found["officer"].to_numpy(dtype=bool), found["helped"].to_numpy(dtype=bool)
    for k in range(len(columns)):
        out[f"k{k}"] = found[f"k{k}"].array
    return out


def _label(shapes: Any) -> Any:
    names, polygons = shapes["name"].to_numpy(dtype=object), shapes.geometry.to_numpy()

    def label(x: Any, y: Any) -> Any:
        which = area_numbers(np.asarray(x, dtype=float), np.asarray(y, dtype=float), polygons)
        return np.where(which >= 0, names[which], None)

    return label


def _moments(seconds: pd.Series) -> Times:
    missing = seconds.isna().to_numpy()
    out = seconds.fillna(0).to_numpy(dtype=np.int64).astype("datetime64[s]").astype("datetime64[us]")
    out[missing] = np.datetime64("NaT", "us")
    return np.asarray(out)
