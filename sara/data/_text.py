"""Text as published: what counts as missing, and how it is tidied."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

__all__ = ["BLANKS", "clean_text", "is_blank", "squeeze", "text_column", "uniques_of"]

# Words publishers write where they mean nothing at all.
BLANKS = frozenset({"", "NULL", "(NULL)", "<NULL>", "N/A", "#N/A", "NA", "NAN", "NAT", "NONE"})
TEXT_DTYPE: Any = "str" if int(pd.__version__.split(".")[0]) >= 3 else "object"


def is_blank(text: pd.Series) -> pd.Series:
    """Return a mask of values that are missing or say so in words."""
    if pd.api.types.is_numeric_dtype(text.dtype) or pd.api.types.is_datetime64_any_dtype(text.dtype):
        return text.isna()
    if str(text.dtype) == "str":
        return text.isna() | text.str.strip().str.upper().isin(list(BLANKS)).fillna(True).astype(bool)
    plain = text.astype(object)
    return plain.isna() | plain.astype(str).str.strip().str.upper().isin(BLANKS)


def squeeze(text: pd.Series) -> pd.Series:
    """Return text without outer blanks and with runs of blanks made one."""
    return text.astype(object).astype(str).str.strip().str.replace(r"\s+", " ", regex=True)


def uniques_of(values: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return ``(codes, unique values)``; the code of a missing value is -1."""
    codes, uniques = pd.factorize(values, use_na_sentinel=True)
    return codes, np.asarray(uniques, dtype=object)


def text_column(values: Any, index: pd.Index | None = None) -> pd.Series:
    """Return a text column in this pandas' own text type, missing where missing."""
    column = pd.Series(values, index=index, dtype=object)
    missing = column.isna()
    return column.where(~missing, None).astype(TEXT_DTYPE)


def clean_text(values: pd.Series) -> pd.Series:
    """Return published values as tidy text: blanks squeezed, words for nothing made missing, 12.0 written 12.

    Works on the unique values, so a long column of few types costs little.
    """
    codes, uniques = uniques_of(values)
    unique = pd.Series(uniques, dtype=object)
    if pd.api.types.is_float_dtype(values.dtype) and len(unique) and all(float(v).is_integer() for v in uniques):
        unique = unique.map(lambda v: str(int(v)))
    squeezed = squeeze(unique)
    tidy = squeezed.where(~is_blank(squeezed), None).to_numpy(dtype=object)
    out = np.append(tidy, np.array([None], dtype=object))[codes]
    return text_column(out, values.index)
