"""A page: its rows, what tells them apart, and the page without some of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sara.core.errors import InputError
from sara.data.download._client import BrokenError, excerpt, refuse_page

__all__ = ["Page", "State", "as_rows", "between", "clauses", "json_of", "row_hash", "text_key", "without"]


@dataclass(frozen=True)
class Page:
    """One answer of a server.

    Parameters
    ----------
    body : bytes
        As it came.
    keys : list of str or None
        One per row; None where a row can't be told from another.
    sure : bool
        Whether equal keys are the same row (an id) or may be two alike (a hash of what is written).
    mark : dict
        Where it stands in the question, so that a later call can go on after it.
    path : tuple of str
        Where in the body the list of rows lies; ``("xml",)`` for the elements of an XML root.
    """

    body: bytes
    keys: Sequence[str | None]
    sure: bool
    mark: Mapping[str, Any]
    path: tuple[str, ...] = ()

    @property
    def suffix(self) -> str:
        """The ending of its file."""
        return ".xml" if self.path == ("xml",) else ".json"


@dataclass
class State:
    """How far a download is.

    Parameters
    ----------
    mark : dict or None
        Of the last whole page.
    seen : set of str
        Keys of all rows so far.
    rows : int
        Rows kept so far.
    room : int or None
        Rows still wanted; None for all.
    """

    mark: Mapping[str, Any] | None
    seen: set[str]
    rows: int
    room: int | None

    def size(self, page_size: int) -> int:
        """Return how many rows to ask for."""
        return page_size if self.room is None else max(1, min(page_size, self.room))


def json_of(body: bytes, url: str) -> Any:
    """Return the value of a JSON answer; one that was cut is asked for again, a web page is refused."""
    refuse_page(body, url)
    try:
        return json.loads(body)
    except RecursionError:
        raise InputError(f"`url` must answer with rows. Got JSON nested beyond reason from {url.split('?')[0]}.") from None
    except ValueError as error:
        raise BrokenError(f"an answer that is not whole JSON ({excerpt(error, 80)})") from None


def as_rows(value: Any, url: str) -> list[dict[str, Any]]:
    """Return a list of rows, or say what came instead."""
    if isinstance(value, list) and all(isinstance(row, dict) for row in value):
        return value
    raise InputError(f"`url` must answer with a list of rows. Got {excerpt(json.dumps(value), 120)} from {url.split('?')[0]}.")


def row_hash(row: Mapping[str, Any]) -> str:
    """Return a short fingerprint of what is written in a row."""
    return hashlib.blake2b(
        json.dumps(row, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass"), digest_size=12
    ).hexdigest()


def text_key(value: Any) -> str | None:
    """Return an id as text; None for a blank one."""
    return None if value is None or str(value).strip() == "" else str(value).strip()


def clauses(*parts: str | None) -> str | None:
    """Join conditions so that each keeps its meaning; None where there is none."""
    there = [part for part in parts if part]
    return " AND ".join(f"({part})" for part in there) if len(there) > 1 else (there[0] if there else None)


def between(column: str, since: Any, until: Any, *, written: str) -> str:
    """Return the condition that a column lies from `since` up to, not including, `until`; `written` is how the service writes a time."""
    limits = ((">=", since), ("<", until))
    return " AND ".join(f"{column} {sign} {pd.Timestamp(day).strftime(written)}" for sign, day in limits if day is not None)


def without(page: Page, positions: set[int]) -> bytes:
    """Return the page's body without the rows at `positions`."""
    if not positions:
        return page.body
    if page.path == ("xml",):
        return _xml_without(page.body, positions)
    value = json.loads(page.body)
    holder: Any = value
    for name in page.path[:-1]:
        holder = holder[name]
    rows = holder[page.path[-1]] if page.path else value
    kept = [row for n, row in enumerate(rows) if n not in positions]
    if page.path:
        holder[page.path[-1]] = kept
    else:
        value = kept
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _xml_without(body: bytes, positions: set[int]) -> bytes:
    from xml.etree.ElementTree import tostring

    from defusedxml.ElementTree import fromstring

    root = fromstring(body)
    for n, element in enumerate(list(root)):
        if n in positions:
            root.remove(element)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))
