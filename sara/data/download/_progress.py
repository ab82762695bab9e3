"""A line that says how far a download is, where somebody watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["shown"]


@contextmanager
def shown(
    label: str, *, progress: bool | None, done: int, total: int | None, unit: str = "rows"
) -> Iterator[Callable[[int], None]]:
    """Give a function that takes the amount done so far; a terminal or a notebook shows it.

    Parameters
    ----------
    label : str
        What is coming: the host.
    progress : bool or None
        Whether to show; None: only where somebody watches.
    done, total : int or None
        At the start, and in all where that is known.
    unit : {"rows", "bytes"}
        What is counted.
    """
    if not (_watched() if progress is None else progress):
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    amount = DownloadColumn() if unit == "bytes" else MofNCompleteColumn()
    columns = [
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        amount,
        TextColumn(unit if unit == "rows" else ""),
        TimeRemainingColumn(),
    ]
    with Progress(*columns, console=Console(stderr=not _in_notebook()), transient=False) as bar:
        task = bar.add_task(label, total=total, completed=done)
        yield lambda amount: bar.update(task, completed=amount)


def _watched() -> bool:
    return _in_notebook() or bool(getattr(sys.stderr, "isatty", lambda: False)())


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"
