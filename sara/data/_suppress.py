"""Small counts out of a table, and as many others as it takes that no total gives them back."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
import pandas as pd

from sara.core.checks import check_choice, check_columns, check_count
from sara.core.errors import InputError, NotEnoughDataError

__all__ = ["suppress"]

MARGINS = ("both", "rows", "columns", None)


def suppress(
    table: pd.DataFrame, *, columns: str | Sequence[str], threshold: int = 10, margins: str | None = "both"
) -> pd.DataFrame:
    """Return the table with small counts hidden, and further ones so that no hidden count follows from a total.

    Parameters
    ----------
    table : DataFrame
        One row per area, period or category, without rows of totals.
    columns : str or list of str
        The columns that hold counts.
    threshold : int
        Counts from 1 up to, not including, this number are hidden. A count of 0 tells of nobody and stays, unless it must hide another.
    margins : {"both", "rows", "columns", None}
        Which totals a reader knows: of each row across `columns`, of each column down the rows, both, or none. Totals count as known even where
        they are not printed, if another table prints them.

    Returns
    -------
    DataFrame
        A copy whose `columns` are text: the count, ``"<10"`` for a hidden count below `threshold`, or ``"withheld"`` for a larger count hidden to
        protect one. ``attrs["suppressed"]`` counts both kinds.

    Raises
    ------
    NotEnoughDataError
        If the totals give a small count away whatever is hidden, as where a row has one event in all: leave the totals out, or join rows.

    Notes
    -----
    A reader who adds and subtracts, and knows what the two words mean, finds at least two possible values for each hidden count. This is decided
    exactly: the tables that agree with all that is shown differ by cycles of +1 and -1 through hidden cells, so a count is safe if such a cycle
    passes through it. The counts hidden next are the cheapest three that make a rectangle with it (a good choice, not always the
    fewest).

    References
    ----------
    Cox (1980), Suppression methodology and statistical disclosure control. JASA 75(370), 377-385.

    Examples
    --------
    >>> import pandas as pd
    >>> from sara.data.privacy import suppress
    >>> table = pd.DataFrame({"area": ["A", "B", "C"], "noise": [40, 31, 25], "theft": [4, 12, 30]})
    >>> suppress(table, columns=["noise", "theft"])["theft"].tolist()
    ['<10', 'withheld', '30']
    """
    names = [columns] if isinstance(columns, str) else list(columns)
    check_columns(table, names, argument="columns", table="table")
    check_choice(margins, MARGINS, name="margins")
    least = check_count(threshold, name="threshold", least=2)
    counts, missing = _counts(table, names)
    hidden = _numbers(counts, missing, least, margins)
    out = table.copy()
    for j, name in enumerate(names):
        words = [_word(counts[i, j], hidden[i, j], missing[i, j], least) for i in range(len(table))]
        out[name] = pd.Series(words, index=table.index, dtype="str" if pd.__version__ >= "3" else object)
    small = hidden & (counts < least)
    out.attrs["suppressed"] = {"threshold": least, "small": int(small.sum()), "to_protect": int((hidden & ~small).sum())}
    return out


def _counts(table: pd.DataFrame, names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    values = np.column_stack(
        [pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan) for name in names]
    )
    told = np.column_stack([table[name].notna().to_numpy() for name in names])
    wrong = told & ~(np.isfinite(values) & (values >= 0) & (values == np.floor(values)))
    if wrong.any():
        i, j = np.argwhere(wrong)[0]
        raise InputError(
            f"`columns` must hold counts: whole numbers of zero or more. Got {table[names[j]].iloc[i]!r} in {names[j]!r}. Suppress before working out rates."
        )
    return np.where(told, values, 0).astype(np.int64), ~told


def _word(count: int, hidden: bool, missing: bool, threshold: int) -> str | None:
    if missing:
        return None
    if hidden:
        return f"<{threshold}" if count < threshold else "withheld"
    return str(int(count))


def _numbers(counts: np.ndarray, missing: np.ndarray, threshold: int, margins: str | None) -> np.ndarray:
    """Return which cells to hide: the small ones, and others until none follows from the totals."""
    hidden = (counts > 0) & (counts < threshold) & ~missing
    # The total of a single cell is the cell: with one row there are no column totals to speak of, with one column no row totals.
    rows = margins in ("both", "rows") and counts.shape[1] > 1
    columns = margins in ("both", "columns") and counts.shape[0] > 1
    while rows or columns:
        open_cell = _first_recoverable(counts, hidden, threshold, rows, columns)
        if open_cell is None:
            break
        more = _partners(counts, hidden, missing, open_cell, rows, columns)
        if more is None:
            raise NotEnoughDataError(
                f"suppress needs totals that do not give a count away. Got {int((hidden & (counts < threshold)).sum())} hidden counts of which at least 1 follows from the "
                "totals. Publish without totals (margins=None), or join small rows."
            )
        hidden |= more
    return hidden


def _partners(
    counts: np.ndarray, hidden: np.ndarray, missing: np.ndarray, cell: tuple[int, int], rows: bool, columns: bool
) -> np.ndarray | None:
    """Return the cheapest cells to hide with `cell`: the other corners of a rectangle, or one cell of its row or column."""
    i, j = cell
    # Hiding a zero tells the reader nothing is there to hide, so it costs more than any count.
    price = np.where(hidden, 0.0, np.where(counts > 0, counts, counts.max() + 1)).astype(float)
    price[missing] = np.inf
    cost = price + (price[i][None, :] if rows else 0) + (price[:, j][:, None] if columns else 0)
    if rows and columns:
        cost[i], cost[:, j] = np.inf, np.inf
    elif rows:
        cost = np.where(np.arange(len(counts))[:, None] == i, price, np.inf)
    else:
        cost = np.where(np.arange(counts.shape[1])[None, :] == j, price, np.inf)
    cost[cost == 0] = np.inf
    more = np.zeros_like(hidden)
    if np.isfinite(cost).any():
        k, m = np.unravel_index(int(np.argmin(cost)), cost.shape)
        more[k, m] = True
        if rows and columns:
            more[i, m] = more[k, j] = True
        return more
    free = np.where(np.isfinite(price) & (price > 0), price, np.inf)
    if not np.isfinite(free).any():
        return None
    more[np.unravel_index(int(np.argmin(free)), free.shape)] = True
    return more


def _first_recoverable(
    counts: np.ndarray, hidden: np.ndarray, threshold: int, rows: bool, columns: bool
) -> tuple[int, int] | None:
    """Return a small hidden cell that can take no other value, or None.

    Rows and columns are nodes, hidden cells are edges: an arc row -> column where the cell can be one more, column -> row where it can be one
    less. Nodes whose total nobody knows are one node. A cell can change if, after its own arc, a path leads back without its other arc.
    """
    n_rows, n_columns = counts.shape
    row_node = np.arange(n_rows) if rows else np.zeros(n_rows, dtype=int)
    column_node = n_rows + (np.arange(n_columns) if columns else np.zeros(n_columns, dtype=int))
    arcs: dict[int, list[tuple[int, int]]] = {}
    cells = [tuple(cell) for cell in np.argwhere(hidden)]
    small = counts < threshold
    for number, (i, j) in enumerate(cells):
        if not small[i, j] or counts[i, j] < threshold - 1:
            arcs.setdefault(int(row_node[i]), []).append((int(column_node[j]), number))
        if counts[i, j] > (0 if small[i, j] else threshold):
            arcs.setdefault(int(column_node[j]), []).append((int(row_node[i]), number))
    for number, (i, j) in enumerate(cells):
        if not small[i, j]:
            continue
        up = counts[i, j] < threshold - 1 and _leads(arcs, int(column_node[j]), int(row_node[i]), number)
        down = counts[i, j] > 0 and _leads(arcs, int(row_node[i]), int(column_node[j]), number)
        if not (up or down):
            return int(i), int(j)
    return None


def _leads(arcs: dict[int, list[tuple[int, int]]], start: int, end: int, without: int) -> bool:
    seen, queue = {start}, deque([start])
    while queue:
        node = queue.popleft()
        for to, number in arcs.get(node, ()):
            if number == without or to in seen:
                continue
            if to == end:
                return True
            seen.add(to)
            queue.append(to)
    return False
