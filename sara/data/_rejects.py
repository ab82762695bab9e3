"""Rows that could not be read: kept in memory and beside, as a CSV in the user's own cache folder."""

from __future__ import annotations

import os
from collections import OrderedDict
from pathlib import Path

import pandas as pd

from sara.core.cache import cache_folder
from sara.core.excel import safe_cell

__all__ = ["REJECT_COLUMNS", "reject_rows", "rejects_of", "store_rejects"]

REJECT_COLUMNS = ["file", "line", "column", "value", "reason"]
# Long values (a whole damaged line) are cut: enough to find them again.
MAX_VALUE = 500
_KEPT: OrderedDict[str, pd.DataFrame] = OrderedDict()
_MAX_KEPT, _MAX_FILES = 20, 50


def reject_rows(file: object, line: object, column: object, value: object, reason: object) -> pd.DataFrame:
    """Return rejects as a table; each argument is a list or one value for all."""
    frame = pd.DataFrame({"file": file, "line": line, "column": column, "value": value, "reason": reason}, columns=REJECT_COLUMNS)
    frame["value"] = frame["value"].astype(object).where(frame["value"].notna(), "").astype(str).str.slice(0, MAX_VALUE)
    return frame


def store_rejects(rejects: pd.DataFrame, key: str) -> str | None:
    """Keep the rejects under `key` and write them as CSV; return the file's path, or None where there are none."""
    if len(rejects) == 0:
        return None
    folder = cache_folder()
    path = str(folder / f"rejects-{key[:24]}.csv")
    _KEPT[path] = rejects.reset_index(drop=True)
    _KEPT.move_to_end(path)
    while len(_KEPT) > _MAX_KEPT:
        _KEPT.popitem(last=False)
    safe = rejects.map(safe_cell)
    try:
        # Values may hold what people wrote: for the user's eyes only.
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8", newline="") as file:
            safe.to_csv(file, index=False)
        _forget_old(folder)
    except OSError:
        # They are in memory all the same.
        return path
    return path


def rejects_of(events: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the file that are not in the table.

    Parameters
    ----------
    events : GeoDataFrame
        An event table; its record says where its rejects are.

    Returns
    -------
    DataFrame
        ``file``, ``line`` (in the file, 1 is the header; the sheet's row for Excel; the row's label for a table), ``column``, ``value``,
        ``reason``. Empty where every row was read, or where the record is lost.
    """
    record = events.attrs.get("sara", {})
    path = record.get("rejects") if isinstance(record, dict) else None
    if path and path in _KEPT:
        return _KEPT[path].copy()
    if path and Path(path).is_file():
        return pd.read_csv(path, keep_default_na=False, dtype={"file": str, "column": str, "value": str, "reason": str})
    return pd.DataFrame(columns=REJECT_COLUMNS)


def _forget_old(folder: Path) -> None:
    """Delete all but the newest: what people wrote is not kept for ever."""
    files = sorted(folder.glob("rejects-*.csv"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[_MAX_FILES:]:
        file.unlink(missing_ok=True)
