"""The key by which events at one place are counted together."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["place_key"]

# Without an address, points within the same 10 m square are one place: finer than a parcel, coarser than a geocoder's jitter.
PLACE_METRES = 10


def place_key(events: pd.DataFrame) -> pd.Series:
    """Return one key per row: the normalized place, else its coordinates to 10 m, else missing.

    Parameters
    ----------
    events : DataFrame
        An event table.

    Returns
    -------
    Series of object
        On the index of `events`, named ``place``.
    """
    place = events["place"].astype(object)
    missing = place.isna().to_numpy()
    keys = place.to_numpy(dtype=object, copy=True)
    keys[missing] = None
    if missing.any():
        x = events["x"].to_numpy(dtype=float, na_value=np.nan)[missing]
        y = events["y"].to_numpy(dtype=float, na_value=np.nan)[missing]
        ok = np.isfinite(x) & np.isfinite(y)
        cells = np.floor(np.c_[x[ok], y[ok]] / PLACE_METRES).astype(np.int64) * PLACE_METRES
        unique, inverse = np.unique(cells, axis=0, return_inverse=True)
        words = np.array([f"near {east} E {north} N" for east, north in unique], dtype=object)
        found = np.full(missing.sum(), None, dtype=object)
        found[ok] = words[inverse.ravel()] if len(words) else None
        keys[missing] = found
    return pd.Series(keys, index=events.index, name="place", dtype=object)
