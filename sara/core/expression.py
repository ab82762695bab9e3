"""A parsed condition as an expression that any engine evaluates, with the meaning it has in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import pandas as pd

from sara.core.errors import InputError, suggest
from sara.core.predicate import Clause, Group, Predicate

__all__ = ["condition", "is_one_of"]

# A number asked of a text column: nothing equals it, everything differs from it.
_OTHER_KIND = object()


def condition(predicate: Predicate, schema: Any) -> Any:
    """Return the expression for the rows that meet a condition; a missing value meets none.

    Parameters
    ----------
    predicate : Predicate
        From `sara.core.predicate.parse_predicate`.
    schema : narwhals.Schema
        Of the frame that is to be filtered.

    Raises
    ------
    InputError
        If a column is not there, or a value can't be compared with it.
    """
    return _expression(predicate.root, schema)


def is_one_of(column: str, values: Sequence[str]) -> Any:
    """Return 1 for rows whose text is one of `values`, 0 for the others and where it is missing: a key that every engine groups by."""
    text = nw.col(column).cast(nw.String)
    hit = text == values[0]
    for value in values[1:]:
        hit = hit | (text == value)
    return nw.when(~text.is_null() & hit).then(nw.lit(1)).otherwise(nw.lit(0))


def _expression(node: Clause | Group, schema: Any) -> Any:
    """Return a parsed condition as an expression that a missing value never meets."""
    if isinstance(node, Group):
        parts = [_expression(part, schema) for part in node.parts]
        out = parts[0]
        for part in parts[1:]:
            out = (out & part) if node.joined_by == "and" else (out | part)
        return out
    if node.column not in schema:
        have = ", ".join(list(schema)[:20])
        raise InputError(
            f"`where` names a column that is not in the table: {node.column!r}.{suggest(node.column, schema)} Columns: {have}"
        )
    column, known = nw.col(node.column), ~nw.col(node.column).is_null()
    kind = schema[node.column]
    if kind in (nw.Float64, nw.Float32):
        known = known & ~column.is_nan()
    if kind in (nw.Categorical, nw.Enum):
        column = column.cast(nw.String)
    values = node.value if isinstance(node.value, tuple) else (node.value,)
    operator = "==" if node.operator in ("in", "not in") else node.operator
    met = [_compare(column, operator, _literal(value, kind, node)) for value in values]
    out = met[0]
    for other in met[1:]:
        out = out | other
    # Missing is neither equal nor different: filled before it can be turned round.
    out = nw.when(known).then(~out if node.operator == "not in" else out).otherwise(nw.lit(False))
    return out


def _compare(column: Any, operator: str, value: Any) -> Any:
    if value is _OTHER_KIND:
        return nw.lit(operator == "!=")
    return {
        "==": lambda: column == value, "!=": lambda: column != value, "<": lambda: column < value,
        "<=": lambda: column <= value, ">": lambda: column > value, ">=": lambda: column >= value,
    }[operator]()  # fmt: skip


def _literal(value: Any, kind: Any, node: Clause) -> Any:
    """Return the value as a thing of the column's kind, or refuse as the table in memory does."""
    if isinstance(kind, nw.Datetime) or kind == nw.Date:
        stamp = pd.to_datetime(value, errors="coerce", format="ISO8601") if isinstance(value, str) else pd.NaT
        if not pd.isna(stamp):
            return stamp.to_pydatetime()
        what, example = "dates", f"{node.column} >= '2024-03-01'"
    elif kind.is_numeric():
        if not isinstance(value, str):
            return float(value)
        what, example = "numbers", f"{node.column} >= 2"
    elif kind == nw.Boolean:
        if isinstance(value, bool):
            return value
        what, example = "true or false", f"{node.column} == true"
    else:
        if isinstance(value, str):
            return value
        if node.operator in ("==", "!=", "in", "not in"):
            return _OTHER_KIND
        what, example = "text", f"{node.column} == 'disorder'"
    raise InputError(f'`where` must compare {node.column!r} with what it holds, {what}. Got {value!r}. Write "{example}"')
