"""The one order of an event table, whatever the order in."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from sara.data._text import uniques_of

__all__ = ["content_hash", "in_order", "order_of"]


def in_order(events: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Sort by time, x, y, id and, where all four agree, by content: the same order whatever the order in."""
    order = order_of(events)
    return (events if order is None else events.iloc[order]).reset_index(drop=True)


def order_of(events: gpd.GeoDataFrame) -> np.ndarray | None:
    """Return the positions of the rows in that order; None where they stand in it already."""
    time = events["time"].to_numpy(dtype="datetime64[us]").view(np.int64)
    time = np.where(np.isnat(time.view("datetime64[us]")), np.iinfo(np.int64).max, time)
    # A missing point comes last, as NaN does in a sort, and is equal to itself.
    x, y = (np.nan_to_num(events[name].to_numpy(dtype=float, na_value=np.nan), nan=np.inf) for name in ("x", "y"))
    rising = _rising(time, x, y)
    order = np.arange(len(events)) if rising else np.lexsort((y, x, time))
    again = (np.diff(time[order]) == 0) & (x[order][1:] == x[order][:-1]) & (y[order][1:] == y[order][:-1])
    if again.any():
        # Ids and contents are text and slow: only rows that agree in the rest are compared by them.
        at = np.flatnonzero(np.r_[False, again] | np.r_[again, False])
        group = np.cumsum(np.r_[True, ~again])[at]
        sorted_ = order[at[_by_id_and_content(events, order[at], group)]]
        if rising and (sorted_ == order[at]).all():
            return None
        order[at] = sorted_
    elif rising:
        return None
    return order


def _rising(time: np.ndarray, x: np.ndarray, y: np.ndarray) -> bool:
    """Whether the rows already stand by time, then x, then y."""
    step = np.diff(time)
    if (step < 0).any():
        return False
    same = step == 0
    if not same.any():
        return True
    at = np.flatnonzero(same)
    east = _sign(x[at + 1], x[at])
    return not ((east < 0) | ((east == 0) & (_sign(y[at + 1], y[at]) < 0))).any()


def _sign(after: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Compare where infinite stands for missing: infinity less infinity is no number."""
    return np.asarray((after > before).astype(np.int8) - (after < before).astype(np.int8))


def _by_id_and_content(events: gpd.GeoDataFrame, rows: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Return the order of some rows by group, id and, where both agree, content."""
    ids = pd.factorize(events["id"].iloc[rows].astype(object), sort=True)[0]
    order = np.lexsort((ids, group))
    keys = np.c_[group[order], ids[order]]
    tied = np.r_[False, (keys[1:] == keys[:-1]).all(axis=1)]
    if not tied.any():
        return order
    both = order[tied | np.r_[tied[1:], False]]
    content = np.zeros(len(rows), dtype=np.uint64)
    content[both] = content_hash(pd.DataFrame(events.iloc[rows[both]].drop(columns="geometry")))
    return np.lexsort((content, ids, group))


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
