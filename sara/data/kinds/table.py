"""An edited table of types: read, checked, and applied to the rows."""

from __future__ import annotations

import copy
import csv
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from sara.core.errors import InputError, SaraWarning, suggest
from sara.data._text import is_blank, spread, squeeze, uniques_of
from sara.data.categories import category_table
from sara.data.kinds.origin import ORIGINS
from sara.data.kinds.result import CallTypesResult, editable
from sara.data.quality.ground import many

__all__ = ["apply_types", "read_types"]

_DO = "Write: sara.set_types(events, 'types.csv'), with the columns type and category, as sara.call_types(events).save('types.csv') makes it."


def read_types(table: Any, *, new: bool) -> pd.DataFrame:
    """Return ``key``, ``category``, ``origin`` (None where blank), one row per type, all checked; ``attrs["from"]`` names the table."""
    if isinstance(table, CallTypesResult):
        frame, name = editable(table.table), "call_types"
    elif isinstance(table, pd.DataFrame):
        frame, name = table.copy(), "a frame"
    elif isinstance(table, Mapping):
        frame, name = pd.DataFrame({"type": list(table), "category": list(table.values())}, dtype=object), "a dict"
    elif isinstance(table, (str, Path)):
        frame, name = _read(Path(table)), Path(table).name
    else:
        raise InputError(f"`table` must be a file, a frame or what sara.call_types gave. Got a {type(table).__name__}. {_DO}")
    frame.columns = [str(column).strip().lower() for column in frame.columns]
    for column in ("type", "category"):
        if column not in frame.columns:
            have = ", ".join(frame.columns[:12])
            raise InputError(f"`table` must have the column {column!r}. Got {have}. {_DO}")
    out = pd.DataFrame({"key": _keys(frame["type"]), "category": _lower(frame["category"])})
    out["origin"] = _lower(frame["origin"]) if "origin" in frame.columns else None
    out["type"] = frame["type"].astype(object).to_numpy()
    out = out[(out["key"] != "").to_numpy()].drop_duplicates(["key", "category", "origin"], ignore_index=True)
    _check(out, new=new)
    out.attrs["from"] = name
    return out


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise InputError(f"`table` must be a file. Got {str(path)!r}, which is not there. {_DO}")
    if path.suffix.lower() in (".xlsx", ".xls", ".xlsb", ".ods"):
        return pd.read_excel(path, dtype=str, keep_default_na=False, engine="calamine")
    raw = path.read_bytes()
    try:
        # "Unicode text" of a spreadsheet is UTF-16, with a mark in front.
        text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        # A spreadsheet saves "CSV" in the machine's own code page.
        text = raw.decode("cp1252", errors="replace")
    # "sep=;" in front tells a spreadsheet what parts the cells; it is no row.
    text = re.sub(r"\A\s*\"?sep=.\"?\s*?\r?\n", "", text)
    lines = text.splitlines()
    if not lines:
        raise InputError(f"`table` must have rows. Got an empty file: {path.name!r}. {_DO}")
    # Where the decimal sign is a comma, spreadsheets part the cells with a semicolon.
    delimiter = max(",;\t", key=lines[0].count)
    rows = [row for row in csv.reader(text.splitlines(keepends=True), delimiter=delimiter) if any(cell.strip() for cell in row)]
    width = len(rows[0])
    return pd.DataFrame([(row + [""] * width)[:width] for row in rows[1:]], columns=rows[0], dtype=object)


def _keys(types: pd.Series) -> np.ndarray:
    """Return types as they are compared: upper case, single blanks, without the apostrophe that keeps a spreadsheet from calculating."""
    plain = squeeze(types.where(types.notna(), ""))
    return plain.str.replace(r"^'(?=[=+\-@])", "", regex=True).str.upper().to_numpy(dtype=object)


def _lower(values: pd.Series) -> np.ndarray:
    blank = is_blank(values)
    lower = squeeze(values).str.lower().to_numpy(dtype=object)
    lower[blank.to_numpy()] = None
    return lower


def _check(table: pd.DataFrame, *, new: bool) -> None:
    known = [*category_table()["category"], "other"]
    for column, options in (("category", known), ("origin", ORIGINS)):
        if column == "category" and new:
            continue
        wrong = sorted({value for value in table[column].dropna() if value not in options})
        if wrong:
            listed = "; ".join(f"{value!r}.{suggest(value, options)}".rstrip(".") for value in wrong[:5]) + (
                "; ..." if len(wrong) > 5 else ""
            )
            do = (
                "See sara.data.category_table(). If it is a new category: sara.set_types(events, table, new=True)"
                if column == "category"
                else "Leave the cell blank where the rows should keep theirs."
            )
            raise InputError(
                f"`table` must give {column} one of: {', '.join(options)}. Got {listed}{'' if listed.endswith('?') else '.'} {do}"
            )
    twice = table.loc[table["key"].duplicated(), "type"]
    if len(twice):
        raise InputError(
            f"`table` must list each type once. Got {twice.iloc[0]!r} with different categories or origins. Keep one of its rows."
        )


def apply_types(events: gpd.GeoDataFrame, table: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the events with the table's categories and origins, and what changed in their record."""
    codes, uniques = uniques_of(events["type"])
    place = pd.Index(table["key"]).get_indexer(_keys(pd.Series(uniques, dtype=object)))
    out = events.copy()
    changed = np.zeros(len(events), bool)
    for column in ("category", "origin"):
        # Positions among the words there are, not the words themselves: a million rows are compared as numbers.
        kinds, names = uniques_of(events[column])
        # The place of a type that is not in the table is -1: it finds the last entry, which says nothing.
        given = [None if pd.isna(word) else word for word in table[column]]
        said = np.array([*given, None], dtype=object)[place]
        words = pd.Index([*names, *sorted({word for word in said if word is not None} - set(names))], dtype=object)
        wanted = np.append(words.get_indexer(pd.Index(said, dtype=object)), -1)[codes]
        move = (wanted >= 0) & (wanted != kinds)
        if move.any():
            out[column] = spread(words.to_numpy(dtype=object), np.where(move, wanted, kinds), events.index)
        changed |= move
    unseen = np.flatnonzero(place < 0)
    n = np.bincount(codes[codes >= 0], minlength=len(uniques))
    order = unseen[np.argsort(-n[unseen], kind="stable")]
    # The record is shared by copies of the table: this one gets its own.
    out.attrs = copy.deepcopy(events.attrs)
    record = out.attrs.setdefault("sara", {})
    record["set_types"] = {
        "table": table.attrs["from"], "rows_changed": int(changed.sum()), "types_changed": len(np.unique(codes[changed])),
        "types_not_in_table": len(unseen), "rows_not_in_table": int(n[unseen].sum()), "first_not_in_table": [str(uniques[i]) for i in order[:10]],
    }  # fmt: skip
    if len(unseen):
        listed = ", ".join(repr(str(uniques[i])) for i in order[:5]) + (", ..." if len(unseen) > 5 else "")
        warnings.warn(
            f"{many(len(unseen), 'type')} ({many(int(n[unseen].sum()), 'row')}) {'is' if len(unseen) == 1 else 'are'} not in the table and keep their category: {listed}. "
            "To see all: sara.call_types(events).save('types.csv')",
            SaraWarning,
            stacklevel=3,
        )
    return out
