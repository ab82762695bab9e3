"""A condition on columns, such as ``category == 'disorder'``: parsed into column, operator and value, never evaluated as code.

Plans and study files come from outside; what they may say is this small grammar and no more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sara.core.errors import InputError, suggest

__all__ = ["Clause", "Group", "Predicate", "parse_predicate"]

Value = str | float | int | bool
OPERATORS = ("==", "!=", "<=", ">=", "<", ">", "in", "not in")
# A condition people write is a line; anything longer is not one.
_LONGEST, _DEEPEST = 2_000, 20
_EXAMPLE = "Write \"category == 'disorder'\" or \"category in ('disorder', 'noise') and priority <= 2\""

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<text>'[^'\\]*'|"[^"\\]*")
    |(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?![\w.])
    |`(?P<quoted>[^`]+)`
    |(?P<word>[^\W\d]\w*)
    |(?P<op>==|!=|<=|>=|<|>|\(|\)|\[|\]|,)
    )""",
    re.VERBOSE,
)
_KEYWORDS = {"and", "or", "in", "not", "true", "false"}


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison: column, operator, value (a tuple of values for ``in``)."""

    column: str
    operator: str
    value: Value | tuple[Value, ...]

    def __str__(self) -> str:
        column = (
            self.column
            if re.fullmatch(r"[^\W\d]\w*", self.column) and self.column.lower() not in _KEYWORDS
            else f"`{self.column}`"
        )
        value = "(" + ", ".join(map(_literal, self.value)) + ")" if isinstance(self.value, tuple) else _literal(self.value)
        return f"{column} {self.operator} {value}"


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions that must all hold (``and``) or of which one must (``or``)."""

    joined_by: str
    parts: tuple[Clause | Group, ...]

    def __str__(self) -> str:
        return f" {self.joined_by} ".join(f"({part})" if isinstance(part, Group) else str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Predicate:
    """A parsed condition.

    Parameters
    ----------
    root : Clause or Group
        The tree.
    """

    root: Clause | Group

    def __str__(self) -> str:
        return str(self.root)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it names, each once, in order."""
        return tuple(dict.fromkeys(clause.column for clause in _clauses(self.root)))

    @property
    def category(self) -> str | None:
        """The one category it asks for, where it is just ``category == '...'``."""
        root = self.root
        if isinstance(root, Clause) and root.column == "category" and root.operator == "==" and isinstance(root.value, str):
            return root.value
        return None

    def mask(self, frame: pd.DataFrame, *, name: str = "where") -> np.ndarray:
        """Return which rows meet the condition; a missing value meets none.

        Parameters
        ----------
        frame : DataFrame
            The table.
        name : str
            The argument's name, for errors.

        Raises
        ------
        InputError
            If a column is not there, or a value can't be compared with it.
        """
        return _mask(self.root, frame, name)

    def select(self, frame: pd.DataFrame, *, name: str = "where") -> np.ndarray:
        """Return `mask`, and raise if it meets no row: almost always a slip of spelling."""
        mask = self.mask(frame, name=name)
        if not mask.any():
            raise InputError(f"`{name}` must meet at least one row. Got none for {str(self)!r}.{self._nearest(frame)}")
        return mask

    @staticmethod
    def _met(clause: Clause, frame: pd.DataFrame) -> bool:
        return bool(_mask(clause, frame, "where").any())

    def _nearest(self, frame: pd.DataFrame) -> str:
        for clause in _clauses(self.root):
            values = clause.value if isinstance(clause.value, tuple) else (clause.value,)
            column = frame[clause.column].dropna()
            if column.empty:
                return f" The column {clause.column!r} is empty."
            if not any(isinstance(value, str) for value in values) and not self._met(clause, frame):
                known = column.astype(str).value_counts().index[:8]
                quoted = " Text goes in quotes." if not pd.api.types.is_numeric_dtype(column) else ""
                return f" Values of {clause.column}: {', '.join(known)}.{quoted}"
            for value in values:
                if isinstance(value, str) and not (column.astype(str) == value).any():
                    known = column.astype(str).value_counts().index[:200]
                    near = suggest(value.lower(), known) or f" Values of {clause.column}: {', '.join(known[:8])}"
                    return f"{near} Values are case sensitive."
        return " Each part may be met, but not by one row."


def parse_predicate(text: str, *, name: str = "where") -> Predicate:
    """Parse a condition.

    Parameters
    ----------
    text : str
        Comparisons (``== != < <= > >=``, ``in``, ``not in``) of a column with text in quotes, a number or True/False, joined by ``and``,
        ``or`` and parentheses. A column name with spaces goes in backticks. Dates are ISO text.
    name : str
        The argument's name, for errors.

    Returns
    -------
    Predicate
        Its ``str`` is the canonical form.

    Raises
    ------
    InputError
        If the text is not such a condition.

    Examples
    --------
    >>> from sara.core.predicate import parse_predicate
    >>> print(parse_predicate("category in ['noise','disorder'] and (priority<=2 or hour >= 22)"))
    category in ('noise', 'disorder') and (priority <= 2 or hour >= 22)
    """
    if not isinstance(text, str) or not text.strip():
        raise InputError(f"`{name}` must be a condition on columns. Got {text!r}. {_EXAMPLE}")
    if len(text) > _LONGEST:
        raise InputError(f"`{name}` must be at most {_LONGEST:,} characters. Got {len(text):,}. {_EXAMPLE}")
    parser = _Parser(_tokens(text, name), text, name)
    root = parser.either(0)
    if parser.kind:
        parser.fail(f"{parser.value!r} after the end of the condition")
    return Predicate(root)


def _tokens(text: str, name: str) -> list[tuple[str, str]]:
    found, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            rest = text[at:].strip()
            hint = " One = assigns; two compare." if rest.startswith("=") else ""
            raise InputError(f"`{name}` must be a condition on columns. Got {rest[:20]!r} in {text!r}.{hint} {_EXAMPLE}")
        kind = str(match.lastgroup)
        value = match[kind]
        found.append((kind, value[1:-1] if kind == "text" else value))
        at = match.end()
    return found


class _Parser:
    """Recursive descent: either := both (or both)*; both := term (and term)*; term := ( either ) | column op value."""

    def __init__(self, tokens: list[tuple[str, str]], text: str, name: str) -> None:
        self.tokens, self.text, self.name, self.at = tokens, text, name, 0

    @property
    def kind(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    @property
    def value(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else "the end"

    def fail(self, got: str) -> None:
        raise InputError(f"`{self.name}` must be a condition on columns. Got {got} in {self.text!r}. {_EXAMPLE}")

    def word(self, *words: str) -> bool:
        return self.kind == "word" and self.value.lower() in words

    def either(self, depth: int) -> Clause | Group:
        return self._joined("or", lambda: self._joined("and", lambda: self.term(depth)))

    def _joined(self, word: str, part: Any) -> Clause | Group:
        parts = [part()]
        while self.word(word):
            self.at += 1
            parts.append(part())
        return parts[0] if len(parts) == 1 else Group(word, tuple(parts))

    def term(self, depth: int) -> Clause | Group:
        if depth > _DEEPEST:
            self.fail(f"more than {_DEEPEST} nested parentheses")
        if self.kind == "op" and self.value == "(":
            self.at += 1
            inside = self.either(depth + 1)
            if self.value != ")" or self.kind != "op":
                self.fail(f"{self.value!r} where a ')' was expected")
            self.at += 1
            return inside
        return self.clause()

    def clause(self) -> Clause:
        if self.kind not in ("word", "quoted") or self.word(*_KEYWORDS):
            self.fail(f"{self.value!r} where a column name was expected")
        column = self.value
        self.at += 1
        operator = self.operator()
        if operator in ("in", "not in"):
            return Clause(column, operator, self.values())
        return Clause(column, operator, self.literal())

    def operator(self) -> str:
        if self.word("not"):
            self.at += 1
            if not self.word("in"):
                self.fail(f"{self.value!r} after 'not', where only 'in' may stand")
            self.at += 1
            return "not in"
        value = self.value.lower() if self.kind == "word" else self.value
        if self.kind not in ("op", "word") or value not in OPERATORS:
            self.fail(f"{self.value!r} where one of {' '.join(OPERATORS)} was expected")
        self.at += 1
        return value

    def values(self) -> tuple[Value, ...]:
        closing = {"(": ")", "[": "]"}.get(self.value) if self.kind == "op" else None
        if closing is None:
            self.fail(f"{self.value!r} after 'in', where a list in parentheses was expected")
        self.at += 1
        found = [self.literal()]
        while self.kind == "op" and self.value == ",":
            self.at += 1
            if self.kind == "op" and self.value == closing:
                break
            found.append(self.literal())
        if self.kind != "op" or self.value != closing:
            self.fail(f"{self.value!r} where a {closing!r} was expected")
        self.at += 1
        return tuple(found)

    def literal(self) -> Value:
        kind, value = self.kind, self.value
        if kind == "text":
            self.at += 1
            return value
        if kind == "number":
            self.at += 1
            return float(value) if any(c in value for c in ".eE") else int(value)
        if self.word("true", "false"):
            self.at += 1
            return value.lower() == "true"
        self.fail(f"{value!r} where a value was expected (text goes in quotes)")
        raise AssertionError("unreachable")


def _literal(value: Value) -> str:
    if isinstance(value, str):
        return f'"{value}"' if "'" in value else f"'{value}'"
    return str(value)


def _clauses(node: Clause | Group) -> list[Clause]:
    return [node] if isinstance(node, Clause) else [clause for part in node.parts for clause in _clauses(part)]


def _mask(node: Clause | Group, frame: pd.DataFrame, name: str) -> np.ndarray:
    if isinstance(node, Group):
        masks = [_mask(part, frame, name) for part in node.parts]
        return np.logical_and.reduce(masks) if node.joined_by == "and" else np.logical_or.reduce(masks)
    if node.column not in frame.columns:
        have = ", ".join(map(str, frame.columns[:20]))
        raise InputError(
            f"`{name}` names a column that is not in the table: {node.column!r}.{suggest(node.column, frame.columns)} Columns: {have}"
        )
    column = frame[node.column]
    known = column.notna().to_numpy()
    out = np.zeros(len(frame), dtype=bool)
    if known.any():
        out[known] = _compare(column[known], node, name)
    return out


def _compare(column: pd.Series, clause: Clause, name: str) -> np.ndarray:
    if clause.operator in ("in", "not in"):
        values = clause.value if isinstance(clause.value, tuple) else (clause.value,)
        hit = np.logical_or.reduce([_compare_one(column, "==", value, clause, name) for value in values])
        return hit if clause.operator == "in" else ~hit
    return _compare_one(column, clause.operator, clause.value, clause, name)  # type: ignore[arg-type]


def _compare_one(column: pd.Series, operator: str, value: Value, clause: Clause, name: str) -> np.ndarray:
    left, right = _alike(column, value, clause, name)
    if operator == "==":
        return np.asarray(left == right, dtype=bool)
    if operator == "!=":
        return np.asarray(left != right, dtype=bool)
    return np.asarray({"<": left.__lt__, "<=": left.__le__, ">": left.__gt__, ">=": left.__ge__}[operator](right), dtype=bool)


def _alike(column: pd.Series, value: Value, clause: Clause, name: str) -> tuple[np.ndarray, Any]:
    """Return column and value as things of one kind: text, numbers or dates."""
    dates = pd.api.types.is_datetime64_any_dtype(column)
    numbers = pd.api.types.is_numeric_dtype(column)
    if dates and isinstance(value, str):
        stamp = pd.to_datetime(value, errors="coerce", format="ISO8601")
        if not pd.isna(stamp):
            return column.to_numpy(dtype="datetime64[us]"), np.datetime64(stamp, "us")
    elif numbers and not isinstance(value, str):
        return column.to_numpy(dtype=float), float(value)
    elif not dates and not numbers:
        if isinstance(value, str):
            return column.astype(str).to_numpy(dtype=object), value
        if clause.operator in ("==", "!=", "in", "not in"):
            return column.to_numpy(dtype=object), value
    kind = "dates" if dates else "numbers" if numbers else "text"
    example = {
        "dates": f"{clause.column} >= '2024-03-01'",
        "numbers": f"{clause.column} >= 2",
        "text": f"{clause.column} == 'disorder'",
    }[kind]
    raise InputError(f'`{name}` must compare {clause.column!r} with what it holds, {kind}. Got {value!r}. Write "{example}"')
