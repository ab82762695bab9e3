"""Two exports that overlap, made one: each row once, the newest revision of it, and a list of what changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd

from sara.core.checks import check_events, record_of
from sara.core.errors import InputError
from sara.core.gaps import gaps_of_times
from sara.core.period import coverage
from sara.data._order import content_hash, in_order, order_of
from sara.data._rejects import rejects_of, store_rejects
from sara.data._text import clean_text, text_column
from sara.data.quality.precision import precision_record
from sara.data.quality.stacks import default_record

__all__ = ["Changes", "merge_exports"]

STAMPS = ("received", "dispatched", "arrived", "closed")
# Worked out from other columns: a change in them is told where it comes from.
DERIVED = ("t", "t_local", "month", "dow", "hour", "geometry", "x", "y", "n_reports", "merged_ids", "first_type", "source", "id")
# Worked out from the type or the address, unless the publisher has such a column; a person may have decided them anew.
FROM_OTHERS = {"category": "type", "origin": "type", "place": "address"}
# A point that moved less has been rounded or projected anew, not revised.
MOVED = 1.0
REVISION_COLUMNS = ["id", "column", "before", "after"]


@dataclass(frozen=True, eq=False)
class Changes:
    """What a newer export changed.

    Parameters
    ----------
    table : DataFrame
        One row per column that changed, the most changed first: ``column``, ``n`` (rows changed), ``filled`` (of them, missing before),
        ``emptied`` (missing now).
    revisions : DataFrame
        One row per value that changed: ``id``, ``column``, ``before``, ``after`` (text; missing where there was none). Holds addresses and
        texts where those changed: for the analyst, not for a brief.
    withdrawn : DataFrame
        Rows of the older export that fall in the period of the newer and are not in it: ``id``, ``time``. They stay in the table.
    counts : dict of str to int
        ``old`` and ``new`` (rows handed in), ``same``, ``revised``, ``added`` (rows only the newer has), ``kept`` (rows only the older has, the
        withdrawn among them), ``already_merged`` (rows of the newer that `sara.dedupe` had joined before). ``old = same + revised + kept`` and
        ``new = same + revised + added + already_merged``.
    overlap : (Timestamp, Timestamp) or None
        First and last time of the newer export that the older also covers.
    cautions : tuple of str
        Plain sentences, such as that the newer export ends before the older.
    rows : DataFrame
        One row per row of the merged table, in its order: ``old`` (its position in the older table in order; -1 where that has none), ``in_new``
        and ``revised``.
    """

    table: pd.DataFrame
    revisions: pd.DataFrame
    withdrawn: pd.DataFrame
    counts: Mapping[str, int]
    overlap: tuple[pd.Timestamp, pd.Timestamp] | None = None
    cautions: tuple[str, ...] = field(default=())
    rows: pd.DataFrame = field(default_factory=pd.DataFrame)


def merge_exports(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, Changes]:
    """Join two event tables of one publisher whose periods may overlap.

    Parameters
    ----------
    old : GeoDataFrame
        The event table so far; may have been through `sara.dedupe` or an earlier merge.
    new : GeoDataFrame
        The newer export, as read.

    Returns
    -------
    events : GeoDataFrame
        Every row of both, once. A row that is in both has the values of `new`; where its type changed, ``first_type`` keeps the first. No row
        is taken away: what `new` no longer has stays.
    changes : Changes
        Counts that add up, what changed per column, each value before and after.

    Raises
    ------
    InputError
        If one is not an event table in metres, `new` has been through `sara.dedupe`, or the two come from different sources.

    Notes
    -----
    Rows with a published id match by source and id. Where an id comes several times (versions of a call, units sent), rows equal in content match
    first, the rest in the order of time; what is left over in `new` is added. Rows without an id match by time, type, address and the point to
    a metre, the first with the first and the second with the second, so that exact duplicates which are real stay as many as they are.

    A column that `new` does not have at all keeps its old values. Category, origin and place of a row whose type and address did not change stay
    as they are in `old`: a person may have decided them. A point that moved less than 1 m has not changed.

    Examples
    --------
    >>> import pandas as pd
    >>> from sara.data.merging.exports import merge_exports
    >>> from sara.data.schema import as_events
    >>> table = pd.DataFrame({
    ...     "no": ["1", "2", "3"], "when": ["2024-03-01 23:10", "2024-03-02 02:00", "2024-03-02 03:00"],
    ...     "what": ["FIGHT", "NOISE", "NOISE"], "lon": [-88.9] * 3, "lat": [40.9] * 3})
    >>> read = lambda rows: as_events(rows, id="no", time="when", type="what", lon="lon", lat="lat")
    >>> later = table.iloc[1:].assign(what=["NOISE", "SHOTS FIRED"])
    >>> events, changes = merge_exports(read(table), read(later))
    >>> len(events), changes.counts["revised"], changes.revisions[["before", "after"]].to_numpy().tolist()
    (3, 1, [['NOISE', 'SHOTS FIRED']])
    """
    old, new = _checked(old, new)
    both, n_old = _stacked(old, new), len(old)
    keys, published = _keys(both)
    left, right = _matches(both, keys, n_old)
    spare = np.setdiff1d(np.arange(n_old, len(both)), right)
    merged = np.isin(_ids(both)[spare], _merged_ids(old))
    added = spare[~merged]
    absent = [name for name in both if name in old and (name not in new or new[name].isna().all()) and old[name].notna().any()]
    revised = _revised(both, left, right, absent, decided=_decided(old, new))
    same = np.setdiff1d(left, revised["_row"].unique())
    out = _rows(both, left, right, added, n_old, absent, decided=_decided(old, new))
    kept = np.setdiff1d(np.arange(n_old), left)
    overlap = _overlap(old, new)
    counts = {
        "old": n_old, "new": len(new), "same": len(same), "revised": len(left) - len(same), "added": len(added), "kept": len(kept),
        "already_merged": int(merged.sum()),
    }  # fmt: skip
    changes = Changes(
        _by_column(revised), revised[REVISION_COLUMNS].reset_index(drop=True), _withdrawn(both, kept, overlap), counts, overlap,
        _cautions(old, new, published, n_old), _origins(out, left, same, n_old),
    )  # fmt: skip
    events = in_order(out)
    events.attrs["sara"] = _record(events, old, new, counts)
    return events, changes


def _checked(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    check_events(old, name="old")
    check_events(new, name="new", moved=getattr(new, "crs", None) != old.crs)
    if (new["n_reports"].fillna(1) > 1).any():
        raise InputError(
            "`new` must be as it was read. Got a table whose reports are merged. Merge the exports first, then: events = sara.dedupe(events)"
        )
    sources = [sorted(set(table["source"].dropna().astype(str))) for table in (old, new)]
    if not set(sources[1]) <= set(sources[0]):
        raise InputError(
            f"`new` must be of the same source as `old`. Got {', '.join(sources[1])} and {', '.join(sources[0])}. "
            "Read both with the same function, such as sara.read_calls"
        )
    if new.crs != old.crs:
        new = new.to_crs(old.crs)
        ok = (~new.geometry.isna() & ~new.geometry.is_empty).to_numpy()
        x, y = np.full(len(new), np.nan), np.full(len(new), np.nan)
        x[ok], y[ok] = new.geometry[ok].x, new.geometry[ok].y
        new = new.assign(x=x, y=y)
    return in_order(old), in_order(new)


def _stacked(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rows of both, each column in one type."""
    n_old, n = len(old), len(old) + len(new)
    columns = {}
    for name in [*old.columns, *(name for name in new.columns if name not in old.columns)]:
        if name not in new:
            columns[name] = old[name].reindex(range(n))
        elif name not in old:
            columns[name] = new[name].reindex(range(-n_old, len(new))).reset_index(drop=True)
        else:
            one, other = old[name], new[name]
            if one.dtype != other.dtype and not (_is_number(one) and _is_number(other)):
                one, other = clean_text(one), clean_text(other)
            columns[name] = pd.concat([one, other], ignore_index=True)
    return gpd.GeoDataFrame(columns, geometry="geometry", crs=old.crs)


def _is_number(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values.dtype)


def _ids(table: pd.DataFrame) -> np.ndarray:
    return table["id"].astype(object).where(table["id"].notna(), "").to_numpy(dtype=object)


def _merged_ids(table: pd.DataFrame) -> np.ndarray:
    """Return the ids that `sara.dedupe` has joined into other rows."""
    values = table["merged_ids"].dropna()
    return values.astype(object).str.split(";").explode().unique() if len(values) else np.empty(0, dtype=object)


def _keys(both: gpd.GeoDataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return a number per identity (id, or content where none was published), and which rows have a published id."""
    ids = pd.Series(_ids(both), dtype=object)
    published = ((ids != "") & ~ids.str.startswith("row-")).to_numpy(dtype=bool)
    shown = both["address"].astype(object).where(both["address"].notna(), both["place"].astype(object))
    content = pd.DataFrame({
        "time": both["time"], "type": both["type"], "where": shown.where(shown.notna(), None),
        # Half a metre off the whole numbers, so that published whole metres do not stand on an edge.
        **{name: np.floor(both[name].to_numpy(dtype=float, na_value=np.nan) + 0.25) for name in ("x", "y")},
    })  # fmt: skip
    parts = [pd.factorize(both["source"].astype(object))[0], pd.factorize(ids.where(published, None))[0]]
    hashed = pd.factorize(content_hash(content))[0]
    key = np.where(published, parts[1] * (parts[0].max() + 1) + parts[0], -1 - hashed * (parts[0].max() + 1) - parts[0])
    return pd.factorize(key)[0], published


def _matches(both: gpd.GeoDataFrame, keys: np.ndarray, n_old: int) -> tuple[np.ndarray, np.ndarray]:
    """Return positions (in old, in new) of the rows that are one: equal in content first, then in the order of time."""
    is_new = np.arange(len(both)) >= n_old
    content = content_hash(pd.DataFrame(both.drop(columns=[name for name in DERIVED if name in both and name != "id"])))
    equal = pd.factorize(pd.MultiIndex.from_arrays([keys, content]))[0]
    left, right = _pairs(equal, is_new, np.arange(len(both)))
    rest = np.setdiff1d(np.arange(len(both)), np.r_[left, right])
    more_left, more_right = _pairs(keys[rest], is_new[rest], rest)
    order = np.argsort(np.r_[left, more_left], kind="stable")
    return np.r_[left, more_left][order], np.r_[right, more_right][order]


def _pairs(keys: np.ndarray, is_new: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pair the first of each key in old with the first in new, the second with the second."""
    nth = pd.Series(0, index=range(len(keys))).groupby([keys, is_new]).cumcount().to_numpy()
    sides = [pd.DataFrame({"key": keys[side], "nth": nth[side], "row": rows[side]}) for side in (~is_new, is_new)]
    joined = sides[0].merge(sides[1], on=["key", "nth"], suffixes=("_old", "_new"))
    return joined["row_old"].to_numpy(dtype=np.int64), joined["row_new"].to_numpy(dtype=np.int64)


def _decided(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame) -> list[str]:
    """Return the columns that no publisher's column fills: what `old` says of them stands."""
    own = set(record_of(old).get("columns") or {}) | set(record_of(new).get("columns") or {})
    return [name for name in FROM_OTHERS if name not in own]


def _revised(
    both: gpd.GeoDataFrame, left: np.ndarray, right: np.ndarray, absent: list[str], *, decided: list[str]
) -> pd.DataFrame:
    """Return one row per value that differs between a row of old and the same row of new."""
    stamped = any(both[name].notna().any() for name in STAMPS)
    skip = {*DERIVED, *absent, *FROM_OTHERS.keys() & set(decided), *(["time"] if stamped else [])}
    found = []
    for name in [column for column in both if column not in skip]:
        before, after = both[name].iloc[left].reset_index(drop=True), both[name].iloc[right].reset_index(drop=True)
        there, now = before.notna().to_numpy(), after.notna().to_numpy()
        differs = (there != now) | (there & now & (before != after).to_numpy(dtype=bool, na_value=False))
        if _is_number(before) and before.dtype.kind == "f":
            differs &= ~np.isclose(
                before.to_numpy(dtype=float), after.to_numpy(dtype=float), rtol=1e-9, atol=1e-9, equal_nan=True
            )
        found.append(_values(both, left, differs, name, before, after))
    found.append(_moved(both, left, right) if "x" not in absent else None)
    frames = [frame for frame in found if frame is not None]
    if not frames:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in (*REVISION_COLUMNS, "_row")})
    return pd.concat(frames, ignore_index=True).sort_values("_row", kind="stable")


def _values(
    both: pd.DataFrame, left: np.ndarray, differs: np.ndarray, name: str, before: pd.Series, after: pd.Series
) -> pd.DataFrame | None:
    if not differs.any():
        return None
    words = [
        side[differs].astype(object).map(str).where(side[differs].notna(), None).to_numpy(dtype=object)
        for side in (before, after)
    ]
    return pd.DataFrame({
        "id": both["id"].iloc[left[differs]].to_numpy(dtype=object), "column": name, "before": words[0], "after": words[1],
        "_row": left[differs],
    })  # fmt: skip


def _moved(both: gpd.GeoDataFrame, left: np.ndarray, right: np.ndarray) -> pd.DataFrame | None:
    """Return the points that are elsewhere now, came or went."""
    x, y = (both[name].to_numpy(dtype=float, na_value=np.nan) for name in ("x", "y"))
    there, now = np.isfinite(x[left]) & np.isfinite(y[left]), np.isfinite(x[right]) & np.isfinite(y[right])
    with np.errstate(invalid="ignore"):
        differs = (there != now) | (there & now & (np.hypot(x[left] - x[right], y[left] - y[right]) > MOVED))
    if not differs.any():
        return None
    words = [
        pd.Series(
            [f"{east:.1f}, {north:.1f}" if ok else None for east, north, ok in zip(x[rows], y[rows], known, strict=True)],
            dtype=object,
        )
        for rows, known in ((left[differs], there[differs]), (right[differs], now[differs]))
    ]
    return pd.DataFrame({
        "id": both["id"].iloc[left[differs]].to_numpy(dtype=object), "column": "location", "before": words[0], "after": words[1],
        "_row": left[differs],
    })  # fmt: skip


def _by_column(revised: pd.DataFrame) -> pd.DataFrame:
    named = revised.assign(filled=revised["before"].isna(), emptied=revised["after"].isna())
    table = named.groupby("column", sort=True).agg(n=("id", "size"), filled=("filled", "sum"), emptied=("emptied", "sum"))
    table = table.astype(np.int64).sort_values("n", ascending=False, kind="stable").reset_index()
    return table[["column", "n", "filled", "emptied"]]


def _rows(
    both: gpd.GeoDataFrame,
    left: np.ndarray,
    right: np.ndarray,
    added: np.ndarray,
    n_old: int,
    absent: list[str],
    *,
    decided: list[str],
) -> gpd.GeoDataFrame:
    """Return old's rows, with new's values where both have the row, then new's own."""
    source = np.arange(n_old)
    source[left] = right
    out = both.iloc[np.r_[source, added]].reset_index(drop=True)
    was = both.iloc[left]
    at = pd.Index(left)
    for name in {*absent, "n_reports", "merged_ids", *(["x", "y", "geometry"] if "x" in absent else [])} & set(out.columns):
        out.loc[at, name] = was[name].to_numpy() if name != "geometry" else was.geometry.array
    for name in decided:
        basis = FROM_OTHERS[name]
        same = (was[basis].astype(object).to_numpy() == out[basis].iloc[left].astype(object).to_numpy()) & was[
            basis
        ].notna().to_numpy()
        same &= was[name].notna().to_numpy()
        out.loc[at[same], name] = was[name].to_numpy(dtype=object)[same]
    return _first_types(out, was, at)


def _origins(out: gpd.GeoDataFrame, left: np.ndarray, same: np.ndarray, n_old: int) -> pd.DataFrame:
    """Return where each row of the merged table, in its order, comes from."""
    at = np.arange(len(out))
    old = np.where(at < n_old, at, -1)
    rows = pd.DataFrame({"old": old, "in_new": (old < 0) | np.isin(at, left), "revised": np.isin(at, np.setdiff1d(left, same))})
    order = order_of(out)
    return rows if order is None else rows.iloc[order].reset_index(drop=True)


def _first_types(out: gpd.GeoDataFrame, was: gpd.GeoDataFrame, at: pd.Index) -> gpd.GeoDataFrame:
    """Keep the first type of a row whose type was revised."""
    before, now = was["type"].astype(object).to_numpy(), out["type"].loc[at].astype(object).to_numpy()
    changed = was["type"].notna().to_numpy() & (before != now)
    if not changed.any() and "first_type" not in was:
        return out
    first = np.full(len(out), None, dtype=object)
    if "first_type" in out:
        first[:] = out["first_type"].astype(object).where(out["first_type"].notna(), None)
        first[at] = was["first_type"].astype(object).where(was["first_type"].notna(), None)
    open_ = changed & pd.isna(first[at])
    first[at[open_]] = before[open_]
    out["first_type"] = text_column(first)
    return out


def _overlap(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    if old["time"].notna().sum() == 0 or new["time"].notna().sum() == 0:
        return None
    # Of the newer export its run of days counts: one row dated 2000 would make everything since look withdrawn.
    run = coverage(new["time"])
    held = new["time"][new["time"].between(*run, inclusive="left")] if run is not None else new["time"]
    start, end = max(old["time"].min(), held.min()), min(old["time"].max(), held.max())
    return (start, end) if start <= end else None


def _withdrawn(both: gpd.GeoDataFrame, kept: np.ndarray, overlap: tuple[pd.Timestamp, pd.Timestamp] | None) -> pd.DataFrame:
    rows = both[["id", "time"]].iloc[kept]
    if overlap is None:
        return pd.DataFrame(rows.iloc[:0])
    return pd.DataFrame(rows[rows["time"].between(*overlap)]).reset_index(drop=True)


def _cautions(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, published: np.ndarray, n_old: int) -> tuple[str, ...]:
    out = []
    if new["time"].max() < old["time"].max():
        out.append(
            f"The newer export ends on {new['time'].max():%Y-%m-%d}, before the older one ({old['time'].max():%Y-%m-%d}): are they the right way round?"
        )
    if published[:n_old].any() and not published[n_old:].any():
        out.append("The newer export has no ids: its rows are matched by content only among rows without an id.")
    elif not published[n_old:].all():
        out.append(
            f"{int((~published[n_old:]).sum()):,} rows of the newer export have no id and are matched by time, type, address and point."
        )
    return tuple(out)


def _record(
    events: gpd.GeoDataFrame, old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, counts: Mapping[str, int]
) -> dict[str, object]:
    first, second = record_of(old), record_of(new)
    rejects = [frame for frame in (rejects_of(old), rejects_of(new)) if len(frame)]
    key = f"{str(first.get('sha256') or 'old')[:12]}{str(second.get('sha256') or 'new')[:12]}"
    rejected = sum(int(record.get("rows_rejected") or 0) for record in (first, second))
    joined = int(first.get("merged", 0)) + counts["already_merged"]
    edges = [pd.Timestamp(day) for record in (first, second) for day in record.get("coverage") or ()]
    edges[1::2] = [day - pd.Timedelta(days=1) for day in edges[1::2]]
    known = events["time"].to_numpy(dtype="datetime64[us]")
    span = coverage(np.r_[known, np.array(edges, dtype="datetime64[us]")])
    return {
        **first, **second,
        "coverage": None if span is None else [f"{day:%Y-%m-%d}" for day in span],
        "gaps": gaps_of_times(known, span, str(second.get("time_precision"))),
        "rows_read": len(events) + rejected + joined, "rows_rejected": rejected, "merged": joined,
        "rejects": store_rejects(pd.concat(rejects, ignore_index=True), key) if rejects else None,
        "bad_locations": {reason: (first.get("bad_locations") or {}).get(reason, 0) + (second.get("bad_locations") or {}).get(reason, 0)
                          for reason in {**(first.get("bad_locations") or {}), **(second.get("bad_locations") or {})}},
        **default_record(events), **precision_record(events, second.get("decimals")), "refreshed": dict(counts),
    }  # fmt: skip
