"""The one order of an event table, whatever the order in."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from sara.data._text import uniques_of

__all__ = ["content_hash", "in_order"]


def in_order(events: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Sort by time, x, y, id and, where all four agree, by content: the same order whatever the order in."""
    time = events["time"].to_numpy(dtype="datetime64[us]").astype(np.int64)
    time = np.where(events["time"].isna().to_numpy(), np.iinfo(np.int64).max, time)
    ids = pd.factorize(events["id"].astype(object), sort=True)[0]
    x, y = events["x"].to_numpy(), events["y"].to_numpy()
    order = np.lexsort((ids, y, x, time))
    keys = np.c_[time[order], ids[order]]
    tied = np.r_[False, (keys[1:] == keys[:-1]).all(axis=1)]
    if tied.any():
        rows = tied | np.r_[tied[1:], False]
        content = np.zeros(len(events), dtype=np.uint64)
        content[order[rows]] = content_hash(pd.DataFrame(events.iloc[order[rows]].drop(columns="geometry")))
        order = np.lexsort((content, ids, y, x, time))
    return events.iloc[order].reset_index(drop=True)


def content_hash(frame: pd.DataFrame) -> np.ndarray:
    """Return one number per row that depends on what is written in it and on nothing else."""
    total = np.zeros(len(frame), dtype=np.uint64)
    plain = frame.drop(columns=[name for name in frame.columns if str(frame[name].dtype) == "geometry"])
    for position in range(plain.shape[1]):
        codes, uniques = uniques_of(plain.iloc[:, position])
        text = np.array([str(value) for value in uniques], dtype=object)
        hashes = pd.util.hash_array(text, categorize=False) if len(text) else np.empty(0, dtype=np.uint64)
        column = np.append(hashes, np.uint64(0))[codes]
        with np.errstate(over="ignore"):
            total = total * np.uint64(1_000_003) + column
    return total
