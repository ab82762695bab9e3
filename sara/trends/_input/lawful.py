"""What the law protects is not predicted: a series of assemblies is refused."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from sara.core.engine import counts_by
from sara.core.errors import InputError
from sara.core.source import EventSource, as_source

__all__ = ["check_not_assemblies"]

# "Unlawful assembly" is an offense and no assembly of this kind.
_ASSEMBLY = re.compile(r"(?<!un)lawful assembly|peaceful assembly|protest|demonstration|\bvigil|\bpicket|\brally\b|\brallies\b|\bsit-?in\b|\bmarch(es)?\b", re.IGNORECASE)  # fmt: skip


def check_not_assemblies(data: Any) -> None:
    """Refuse events of which at least half are assemblies by their type; anything that is no table of events passes."""
    source = data if isinstance(data, EventSource) else as_source(data) if not isinstance(data, pd.DataFrame | pd.Series) else None
    if source is not None:
        found = counts_by(source, "type")
        types, n = found["type"], found["n"]
    elif isinstance(data, pd.DataFrame) and "type" in data.columns:
        counted = data["type"].value_counts(dropna=False)
        types, n = pd.Series(counted.index), pd.Series(counted.to_numpy())
    else:
        return
    assembled = types.map(lambda kind: isinstance(kind, str) and _ASSEMBLY.search(kind) is not None).to_numpy(dtype=bool)
    if assembled.any() and 2 * int(n[assembled].sum()) >= int(n.sum()):
        kind = types[assembled].iloc[0]
        raise InputError(
            f"`series` must not be assemblies: they are lawful, and not predicted. Got {int(n[assembled].sum()):,} of {int(n.sum()):,} rows such as {kind!r}. Filter them out first."
        )
