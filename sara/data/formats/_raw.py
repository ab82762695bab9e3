"""What every reader gives back: a table, where each of its rows stands, and the rows that do not fit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from sara.data._text import TEXT_DTYPE

__all__ = ["MAX_BYTES", "MAX_RATIO", "RawFile", "header_names", "most_bytes", "text_frame"]

# A gigabyte of text is about five million calls; more than that in one small archive is an attack or a mistake.
MAX_BYTES = 2_000_000_000
MAX_RATIO = 200
CHUNK = 50_000


@dataclass(frozen=True, eq=False)
class RawFile:
    """One file: text columns, the line of each row, and the rows that do not fit the header; `names` where its rows come from several sheets."""

    frame: pd.DataFrame
    lines: np.ndarray
    rejects: pd.DataFrame
    sha256: str
    name: str
    notes: dict[str, Any] = field(default_factory=dict)
    names: np.ndarray | None = None


def most_bytes(packed: int) -> int:
    """Return what a file of this many packed bytes may unpack to."""
    return min(MAX_BYTES, max(packed * MAX_RATIO, 50_000_000))


def header_names(cells: list[str]) -> list[str]:
    """Return column names: stripped, empty ones numbered, repeated ones counted."""
    out: list[str] = []
    for position, cell in enumerate(cells):
        name = cell.strip().strip("\ufeff") or f"column_{position + 1}"
        base, again = name, 2
        while name in out:
            name, again = f"{base}_{again}", again + 1
        out.append(name)
    return out


def text_frame(rows: list[list[str]], header: list[str]) -> pd.DataFrame:
    """Turn rows into text columns, a chunk at a time so that the memory of a large file stays near its size."""
    parts = []
    for start in range(0, len(rows), CHUNK):
        columns = list(zip(*rows[start : start + CHUNK], strict=True))
        parts.append(
            pd.DataFrame({name: pd.array(column, dtype=TEXT_DTYPE) for name, column in zip(header, columns, strict=True)})
        )
    if not parts:
        return pd.DataFrame({name: pd.array([], dtype=TEXT_DTYPE) for name in header})
    return pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
