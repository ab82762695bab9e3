"""Several reports of one incident, joined into one row that says how many told of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from sara.core.checks import check_columns, check_events, record_of
from sara.core.errors import InputError
from sara.core.keys import place_key
from sara.core.units import metres
from sara.data._order import in_order

__all__ = ["dedupe"]

# What two rows may differ in and still be the same row written twice.
IDENTITY = ("id", "geometry", "n_reports", "merged_ids")


def dedupe(
    events: gpd.GeoDataFrame,
    *,
    window: str | pd.Timedelta = "30min",
    distance: float | str = 100,
    by: str | Sequence[str] | None = "category",
) -> gpd.GeoDataFrame:
    """Join reports of the same incident: same kind, near in time, same place or near in space.

    Parameters
    ----------
    events : GeoDataFrame
        An event table.
    window : str or Timedelta
        The longest time from the first report to a later one of the same incident.
    distance : float or str
        The longest distance from the first report, in metres or with a unit; 0 for the same coordinates only. Reports from the same normalized
        place are joined whatever their coordinates.
    by : str or list of str, optional
        Columns in which reports of one incident agree. Where one is missing, the row is not joined. None to compare time and place only.

    Returns
    -------
    GeoDataFrame
        The event table without the later reports, sorted by time. The first report stays; its ``n_reports`` counts all of them and ``merged_ids``
        holds the ids of the others, separated by ``;``. ``attrs["sara"]["merged"]`` is the number of rows that left.

    Raises
    ------
    InputError
        If `events` is not an event table, or an option is not a duration, a distance or a column.

    Notes
    -----
    In the order of time, each report joins the earliest first report of its kind within `window` and `distance`, or becomes one itself. The window
    is counted from the first report and does not slide, so that a loud night is not one incident, and a second `dedupe` changes nothing.

    Rows of different sources are never joined, nor rows without a time. A row without a location is joined by its place only. Where times are
    dates without a clock, minutes mean nothing: rows are joined only if they agree in everything published but the id, or if they have the same
    type on the same day at the same house number (a hundred block is too many houses for that). What this merges of separate incidents is not known: it is part
    of the finding where it matters, so run the analysis with another window as well.

    References
    ----------
    Liu, Bhandaram & Garg (2024), Quantifying spatial under-reporting disparities in resident crowdsourcing. Nature Computational Science 4, 57-65.
    doi:10.1038/s43588-023-00572-6

    Examples
    --------
    >>> import pandas as pd
    >>> from sara.data.duplicates import dedupe
    >>> from sara.data.schema import as_events
    >>> table = pd.DataFrame({
    ...     "when": ["2024-03-01 23:10", "2024-03-01 23:14", "2024-03-02 02:00"], "what": ["FIGHT", "FIGHT", "FIGHT"],
    ...     "lon": [-88.9, -88.9, -88.9], "lat": [40.9, 40.9, 40.9]})
    >>> dedupe(as_events(table, time="when", type="what", lon="lon", lat="lat"))["n_reports"].tolist()
    [2, 1]
    """
    check_events(events)
    seconds, far = _window(window), metres(distance, name="distance", zero=True)
    columns = [by] if isinstance(by, str) else list(by or ())
    check_columns(events, columns, argument="by")
    table = in_order(events)
    keeper = keepers(table, seconds=seconds, distance=far, by=columns)
    out = _merged(table, keeper)
    record = record_of(events)
    before = int(record.get("merged", 0))
    out.attrs = {**events.attrs, "sara": {**record, "merged": before + int((keeper != np.arange(len(table))).sum())}}
    return out


def keepers(table: gpd.GeoDataFrame, *, seconds: float, distance: float, by: Sequence[str]) -> np.ndarray:
    """Return for each row of a sorted event table the position of the first report it belongs to (its own, if it is one)."""
    time = table["time"].to_numpy(dtype="datetime64[us]").astype(np.int64) / 1e6
    usable = ~table["time"].isna().to_numpy()
    usable &= table[list(by)].notna().all(axis=1).to_numpy() if by else True
    kind = _codes(table, ["source", *by])
    if record_of(table).get("time_precision") == "day":
        pairs = _day_pairs(table, kind, usable)
    else:
        x, y = table["x"].to_numpy(dtype=float, na_value=np.nan), table["y"].to_numpy(dtype=float, na_value=np.nan)
        place = pd.factorize(table["place"].astype(object), use_na_sentinel=True)[0]
        pairs = np.concatenate(
            [_near_pairs(time, x, y, kind, usable, seconds, distance), _place_pairs(time, place, kind, usable, seconds)]
        )
    return _numbers(pairs, len(table))


def _window(window: Any) -> float:
    try:
        seconds = pd.Timedelta(window).total_seconds()
    except (ValueError, TypeError):
        seconds = float("nan")
    if isinstance(window, (int, float)) or not np.isfinite(seconds) or seconds < 0:
        raise InputError(f"`window` must be a duration. Got {window!r}. Write '30min', '2h' or '24h'.")
    return float(seconds)


def _codes(table: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    """Return one number per different combination of values."""
    codes = np.zeros(len(table), dtype=np.int64)
    for column in columns:
        values = table[column]
        one, unique = pd.factorize(values if values.dtype.kind in "iufbM" else values.astype(object), use_na_sentinel=True)
        codes = pd.factorize(codes * (len(unique) + 1) + one + 1)[0]
    return codes


def _near_pairs(
    time: np.ndarray, x: np.ndarray, y: np.ndarray, kind: np.ndarray, usable: np.ndarray, seconds: float, distance: float
) -> np.ndarray:
    """Return pairs (earlier row, later row) of one kind within the window and the distance."""
    from scipy.spatial import cKDTree

    rows = np.flatnonzero(usable & np.isfinite(x) & np.isfinite(y))
    if len(rows) < 2:
        return np.empty((0, 2), dtype=np.int64)
    # Time and kind as further directions: one tree finds neighbours in all of them. Half a unit of slack; the exact test follows.
    reach, span = max(distance, 0.01), max(seconds, 1.0)
    cube = np.c_[
        (x[rows] - x[rows].mean()) / reach,
        (y[rows] - y[rows].mean()) / reach,
        (time[rows] - time[rows].min()) / span,
        kind[rows] * 3.0,
    ]
    pairs = cKDTree(cube).query_pairs(1.0 + 1e-6, p=np.inf, output_type="ndarray")
    first, second = rows[pairs.min(axis=1)], rows[pairs.max(axis=1)]
    near = np.hypot(x[first] - x[second], y[first] - y[second]) <= distance + 1e-6
    near &= (np.abs(time[second] - time[first]) <= seconds) & (kind[first] == kind[second])
    return np.c_[first, second][near]


def _place_pairs(time: np.ndarray, place: np.ndarray, kind: np.ndarray, usable: np.ndarray, seconds: float) -> np.ndarray:
    """Return pairs of one kind within the window at the same named place."""
    rows = np.flatnonzero(usable & (place >= 0))
    if len(rows) < 2:
        return np.empty((0, 2), dtype=np.int64)
    group = pd.factorize(kind[rows] * (place.max() + 1) + place[rows])[0]
    order = np.lexsort((rows, time[rows], group))
    rows, group = rows[order], group[order]
    pairs = []
    step = 1
    # Compare with the next row, the one after it, and so on, until no pair is inside the window.
    while step < len(rows):
        inside = (group[step:] == group[:-step]) & (time[rows[step:]] - time[rows[:-step]] <= seconds)
        if not inside.any():
            break
        pairs.append(np.sort(np.c_[rows[:-step][inside], rows[step:][inside]], axis=1))
        step += 1
    return np.concatenate(pairs) if pairs else np.empty((0, 2), dtype=np.int64)


def _day_pairs(table: gpd.GeoDataFrame, kind: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Return pairs of rows with dates only: equal in all but the id, or the same type and house number on the same day."""
    place = table["place"].astype(object)
    house = place.astype(str).str.match(r"\d[\d-]*(?: 1/2)? (?!BLOCK OF )").to_numpy(dtype=bool) & place.notna().to_numpy()
    same = [*[name for name in ("type",) if name in table], "place"]
    both = [
        exact_groups(table),
        np.where(house, _codes(table.assign(_kind=kind, _day=table["time"].dt.normalize()), ["_kind", "_day", *same]), -1),
    ]
    pairs = []
    for group in both:
        rows = np.flatnonzero(usable & (group >= 0))
        first = pd.Series(rows).groupby(group[rows]).transform("min").to_numpy()
        pairs.append(np.c_[first, rows][first != rows])
    return np.concatenate(pairs)


def exact_groups(table: pd.DataFrame) -> np.ndarray:
    """Return one number per different row, leaving out the id; rows without a time or a place are each on their own."""
    codes = _codes(table, [name for name in table.columns if name not in IDENTITY])
    vague = (table["time"].isna() | place_key(table).isna()).to_numpy()
    return np.where(vague, -1, codes)


def _numbers(pairs: np.ndarray, n: int) -> np.ndarray:
    """Return each row's first report: rows in order of time join the earliest first report they are paired with."""
    keeper = np.arange(n)
    if len(pairs) == 0:
        return keeper
    pairs = pairs[np.lexsort((pairs[:, 0], pairs[:, 1]))]
    # A row that has left can't be joined: only pairs with a row that stays count, and whether it stays is known when its turn comes.
    for first, second in pairs.tolist():
        if keeper[first] == first and keeper[second] == second:
            keeper[second] = first
    return keeper


def _merged(table: gpd.GeoDataFrame, keeper: np.ndarray) -> gpd.GeoDataFrame:
    stays = keeper == np.arange(len(table))
    out = table[stays].copy()
    gone = np.flatnonzero(~stays)
    if len(gone) == 0:
        return out.reset_index(drop=True)
    reports = np.bincount(keeper, weights=table["n_reports"].fillna(1).to_numpy(dtype=float), minlength=len(table))
    out["n_reports"] = reports[stays].astype(np.int64)
    merged = table["merged_ids"].to_numpy(dtype=object, na_value=None)
    ids = table["id"].to_numpy(dtype=object, na_value=None)
    words: dict[int, list[str]] = {}
    for row in gone.tolist():
        words.setdefault(int(keeper[row]), []).extend(str(part) for part in (ids[row], merged[row]) if part is not None)
    values = out["merged_ids"].to_numpy(dtype=object, na_value=None).copy()
    position = np.cumsum(stays) - 1
    for row, others in words.items():
        own = values[position[row]]
        values[position[row]] = ";".join(([own] if own is not None else []) + others)
    out["merged_ids"] = pd.Series(values, index=out.index, dtype="str" if pd.__version__ >= "3" else object)
    return out.reset_index(drop=True)
