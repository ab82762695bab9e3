"""Socrata (SODA 2.x): pages of `$limit` rows in the order of the system id, and a count to hold them against."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from sara.core.errors import InputError
from sara.data.download._client import Client
from sara.data.download._pages import Page, State, as_rows, between, clauses, json_of, row_hash

__all__ = ["Socrata", "dataset_id"]

PAGE_SIZE = 10_000
MOST = 50_000
_ID = r"[a-z0-9]{4}-[a-z0-9]{4}"
_PATHS = (
    rf"/resource/({_ID})(?:\.\w+)?/?",
    rf"/d/({_ID})(?:/.*)?",
    rf"/api/(?:v3/)?views/({_ID})(?:[./].*)?",
    rf"/[^/]+/[^/]+/({_ID})(?:/(?:about_data|data|data_preview|explore)?)?",
)
_PERIOD_TYPES = ("calendar_date", "date", "floating_timestamp", "fixed_timestamp")


def dataset_id(url: str) -> str | None:
    """Return the id in a Socrata address; None for another kind of address."""
    for pattern in _PATHS:
        found = re.fullmatch(pattern, urlsplit(url).path)
        if found:
            return found.group(1)
    return None


class Socrata:
    """One dataset of a Socrata portal."""

    header = "X-App-Token"

    def __init__(self, client: Client, url: str, asked: Mapping[str, Any], *, page_size: int | None) -> None:
        parts = urlsplit(url)
        name = dataset_id(url)
        if name is None:
            raise InputError(
                f"`url` must name a Socrata dataset. Got {url.split('?')[0]}. Write: 'https://data.city.gov/resource/abcd-1234.json' with its own four-by-four id"
            )
        self._client = client
        self._base, self._name = f"{parts.scheme}://{parts.netloc}", name
        self._url = f"{self._base}/resource/{quote(name)}.json"
        given = dict(parse_qsl(parts.query))
        if {"$query", "query", "$group", "$having"} & set(given):
            raise InputError(
                "`url` must ask for rows as they are. Got a query of its own ($query or $group). Leave it out; choose rows by where="
            )
        self._fixed = {
            key: value for key, value in given.items() if key == "$select" or (not key.startswith("$") and key != "accessType")
        }
        self._url_where = given.get("$where")
        self._asked = asked
        self._size = min(page_size or PAGE_SIZE, MOST)
        self._where_text: str | None = None

    def count(self) -> int | None:
        """Return the rows the server says there are."""
        value = self._ask({"$select": "count(*)"})
        try:
            return int(next(iter(value[0].values())))
        except (IndexError, StopIteration, ValueError, TypeError):
            return None

    def pages(self, state: State) -> Iterator[Page]:
        """Give page after page, from where the last one ended."""
        offset = int(state.mark["next"]) if state.mark else 0
        while True:
            asked = {**self._fixed, "$limit": state.size(self._size), "$offset": offset, "$order": ":id"}
            body, rows = self._client.fetch(self._url, self._parsed, params=self._with_where(asked))
            if not rows:
                return
            # The next page begins where this one ended, however many rows the server thought enough.
            offset += len(rows)
            yield Page(body, [row_hash(row) for row in rows], False, {"next": offset})

    def again(self, body: bytes) -> list[str | None]:
        """Return the keys of a page read back from the disk."""
        return [row_hash(row) for row in as_rows(json_of(body, self._url), self._url)]

    def _parsed(self, body: bytes) -> tuple[bytes, list[dict[str, Any]]]:
        return body, as_rows(json_of(body, self._url), self._url)

    def _ask(self, params: dict[str, Any]) -> Any:
        filters = {key: value for key, value in self._fixed.items() if not key.startswith("$")}
        return self._client.fetch(
            self._url, lambda body: as_rows(json_of(body, self._url), self._url), params=self._with_where({**filters, **params})
        )

    def _with_where(self, params: dict[str, Any]) -> dict[str, Any]:
        if self._where_text is None:
            self._where_text = clauses(self._url_where, self._asked["where"], self._period()) or ""
        return params | ({"$where": self._where_text} if self._where_text else {})

    def _period(self) -> str | None:
        since, until = self._asked["since"], self._asked["until"]
        if since is None and until is None:
            return None
        column = self._asked["time"] or self._time_column()
        return between(f"`{column}`", since, until, written="'%Y-%m-%dT%H:%M:%S'")

    def _time_column(self) -> str:
        url = f"{self._base}/api/views/{self._name}.json"
        found = self._client.fetch(url, lambda body: json_of(body, url))
        columns = found.get("columns", []) if isinstance(found, dict) else []
        times = [str(c.get("fieldName")) for c in columns if isinstance(c, dict) and c.get("dataTypeName") in _PERIOD_TYPES]
        times = [name for name in times if not name.startswith(":")]
        if len(times) != 1:
            raise InputError(
                f"`time` must name the column that since= and until= are about. Got {len(times)} columns of dates: {', '.join(times[:20]) or 'none'}. "
                f"Write: time={times[0] if times else 'received'!r}"
            )
        return times[0]
