"""Where a problem's data came from: file names, hashes, rows and coverage, gathered from what was added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from sara.problem.problem import Problem

__all__ = ["provenance"]

COLUMNS = ("source", "file", "sha256", "rows_read", "rows_rejected", "rows", "from", "to", "time_precision", "zone", "stage")


def provenance(problem: Problem) -> pd.DataFrame:
    """Return one row per file that a problem rests on.

    Parameters
    ----------
    problem : Problem
        Its event tables and results are asked for their own records.

    Returns
    -------
    DataFrame
        ``source`` (calls, complaints ...), ``file``, ``sha256``, ``rows_read`` and ``rows_rejected`` by the reader, ``rows`` of the table added,
        ``from`` and ``to`` (the days covered, both included), ``time_precision``, ``zone``, and the first ``stage`` it was added to.
    """
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for name, stage in problem.stages.items():
        for entry in stage.entries:
            for record in _records(entry):
                row = _row(record, stage=name)
                rows.setdefault((row["source"], row["file"], row["sha256"]), row)
    return pd.DataFrame(list(rows.values()), columns=list(COLUMNS))


def _records(entry: Any) -> list[dict[str, Any]]:
    if entry.kind == "events":
        return [entry.source]
    found = []
    for value in vars(entry.item).values():
        record = value.attrs.get("sara") if isinstance(value, pd.DataFrame) else value
        if isinstance(record, dict) and record.get("file"):
            found.append(record)
    return found


def _row(record: dict[str, Any], *, stage: str) -> dict[str, Any]:
    covered = record.get("coverage") or (None, None)
    last = None if covered[1] is None else (pd.Timestamp(covered[1]) - pd.Timedelta(days=1)).date().isoformat()
    return {
        "source": record.get("source"),
        "file": _base_name(record.get("file")),
        "sha256": record.get("sha256"),
        "rows_read": record.get("rows_read"),
        "rows_rejected": record.get("rows_rejected"),
        "rows": record.get("rows"),
        "from": None if covered[0] is None else pd.Timestamp(covered[0]).date().isoformat(),
        "to": last,
        "time_precision": record.get("time_precision"),
        "zone": record.get("zone"),
        "stage": stage,
    }


def _base_name(file: Any) -> str | None:
    # The folder names of the analyst's computer are nobody's business.
    return None if file is None else str(file).replace("\\", "/").rsplit("/", 1)[-1]
