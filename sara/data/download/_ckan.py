"""CKAN's datastore: pages of `limit` records in the order of their row number."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sara.core.errors import InputError
from sara.data.download._client import BrokenError, Client, excerpt
from sara.data.download._pages import Page, State, as_rows, json_of, text_key

__all__ = ["Ckan", "resource_id"]

PAGE_SIZE = 10_000
MOST = 32_000
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def resource_id(url: str) -> str | None:
    """Return the id of a CKAN resource in an address of its API or its page; None for another kind of address."""
    parts = urlsplit(url)
    if parts.path.rstrip("/").endswith("/action/datastore_search"):
        return parse_qs(parts.query).get("resource_id", [None])[0]
    found = re.fullmatch(rf".*/dataset/[^/]+/resource/({_UUID})/?", parts.path)
    return found.group(1) if found else None


class Ckan:
    """One resource of a CKAN portal that its datastore holds."""

    header = "Authorization"

    def __init__(self, client: Client, url: str, asked: Mapping[str, Any], *, page_size: int | None) -> None:
        name = resource_id(url)
        if name is None:
            raise InputError(
                f"`url` must name a CKAN resource. Got {url.split('?')[0]}. Write: 'https://data.city.gov/dataset/calls/resource/<its id>'"
            )
        if any(asked[word] is not None for word in ("since", "until", "time", "where")):
            raise InputError(
                "`since`, `until`, `time` and `where` must be left out for CKAN: its search has no ranges. Download all and filter: events.query(...)"
            )
        parts = urlsplit(url)
        root = re.split(r"/api/(?:\d/)?action/|/dataset/", parts.path)[0]
        self._url = f"{parts.scheme}://{parts.netloc}{root}/api/3/action/datastore_search"
        self._client, self._name = client, name
        self._size = min(page_size or PAGE_SIZE, MOST)

    def count(self) -> int | None:
        """Return the rows the server says there are."""
        total = self._ask(0, 0).get("total")
        return int(total) if isinstance(total, int) else None

    def pages(self, state: State) -> Iterator[Page]:
        """Give page after page, from where the last one ended."""
        offset = int(state.mark["next"]) if state.mark else 0
        while rows := as_rows(self._ask(state.size(self._size), offset).get("records"), self._url):
            offset += len(rows)
            # Of the envelope only the records are kept: the rest (fields, links) is the same on every page.
            body = json.dumps(rows, ensure_ascii=False).encode("utf-8", "surrogatepass")
            yield Page(body, [text_key(row.get("_id")) for row in rows], True, {"next": offset})

    def again(self, body: bytes) -> list[str | None]:
        """Return the keys of a page read back from the disk."""
        return [text_key(row.get("_id")) for row in json.loads(body)]

    def _ask(self, limit: int, offset: int) -> dict[str, Any]:
        params = {"resource_id": self._name, "limit": limit, "offset": offset, "sort": "_id"}
        return self._client.fetch(self._url, self._result, params=params)

    def _result(self, body: bytes) -> dict[str, Any]:
        value = json_of(body, self._url)
        if not isinstance(value, dict) or value.get("success") is not True or not isinstance(value.get("result"), dict):
            said = value.get("error") if isinstance(value, dict) else value
            if said is None:
                raise BrokenError("an answer without a result")
            raise InputError(f"`url` must be a question the server can answer. Got {excerpt(said)} from {self._url}.")
        return value["result"]  # type: ignore[no-any-return]
