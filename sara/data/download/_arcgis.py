"""ArcGIS FeatureServer and MapServer layers: pages by offset, or batches of object ids where a layer has no paging."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sara.core.errors import InputError
from sara.data.download._client import BrokenError, Client, excerpt
from sara.data.download._pages import Page, State, between, clauses, json_of, text_key

__all__ = ["ArcGis", "is_arcgis"]

_SERVICE = re.compile(r"(.*/(?:FeatureServer|MapServer))(?:/(\d+))?(?:/query)?/?", re.IGNORECASE)
# Where a layer does not say how many rows it gives at most.
PAGE_SIZE = 1000
_TOKEN_CODES = (401, 403, 498, 499)
_AGAIN_CODES = (408, 429, 500, 502, 503, 504)


def is_arcgis(url: str) -> bool:
    """Tell whether an address is that of an ArcGIS service."""
    return _SERVICE.fullmatch(urlsplit(url).path) is not None


class ArcGis:
    """One layer or table of an ArcGIS service."""

    header = "X-Esri-Authorization"

    def __init__(self, client: Client, url: str, asked: Mapping[str, Any], *, page_size: int | None) -> None:
        parts = urlsplit(url)
        found = _SERVICE.fullmatch(parts.path)
        if found is None:
            raise InputError(
                f"`url` must be a layer of an ArcGIS service. Got {url.split('?')[0]}. Write: 'https://.../FeatureServer/0'"
            )
        self._client, self._asked = client, asked
        service = f"{parts.scheme}://{parts.netloc}{found.group(1)}"
        self._layer = f"{service}/{found.group(2)}" if found.group(2) else f"{service}/{self._only_layer(service)}"
        self._query = f"{self._layer}/query"
        self._url_where = dict(parse_qsl(parts.query)).get("where")
        about = self._ask(self._layer, {})
        self._fields = [field for field in about.get("fields") or [] if isinstance(field, dict)]
        self._id = self._id_field(about)
        most = about.get("maxRecordCount")
        self._most = most if isinstance(most, int) and most > 0 else PAGE_SIZE
        self._size = min(page_size or self._most, self._most)
        advanced = about.get("advancedQueryCapabilities")
        self._paged = bool(self._id) and isinstance(advanced, dict) and advanced.get("supportsPagination") is True
        self._where = clauses(self._url_where if self._url_where != "1=1" else None, asked["where"], self._period()) or "1=1"

    def count(self) -> int | None:
        """Return the rows the server says there are."""
        count = self._ask(self._query, {"where": self._where, "returnCountOnly": "true"}).get("count")
        return count if isinstance(count, int) else None

    def pages(self, state: State) -> Iterator[Page]:
        """Give page after page, from where the last one ended."""
        yield from self._by_offset(state) if self._paged else self._by_ids(state)

    def again(self, body: bytes) -> list[str | None]:
        """Return the keys of a page read back from the disk."""
        return self._keys(json_of(body, self._layer).get("features", []))

    def _by_offset(self, state: State) -> Iterator[Page]:
        offset = int(state.mark["next"]) if state.mark else 0
        while True:
            size = state.size(self._size)
            asked = {
                "where": self._where,
                "orderByFields": self._id,
                "resultOffset": offset,
                "resultRecordCount": size,
                **self._form(),
            }
            body, value = self._client.fetch(self._query, self._parsed, params={**asked, "f": "json"})
            rows = value["features"]
            if not rows:
                return
            offset += len(rows)
            yield Page(body, self._keys(rows), True, {"next": offset}, ("features",))
            if len(rows) < size and not value.get("exceededTransferLimit"):
                return

    def _by_ids(self, state: State) -> Iterator[Page]:
        found = self._ask(self._query, {"where": self._where, "returnIdsOnly": "true"})
        ids = found.get("objectIds") or []
        self._id = self._id or found.get("objectIdFieldName")
        left = sorted({int(one) for one in ids if str(int(one)) not in state.seen})
        asked_again: set[int] = set()
        while left:
            size = state.size(self._size)
            batch, left = left[:size], left[size:]
            # By POST: a thousand ids are longer than an address may be.
            form = {"objectIds": ",".join(map(str, batch)), **self._form(), "f": "json"}
            body, value = self._client.fetch(self._query, self._parsed, form=form)
            keys = self._keys(value["features"])
            if value.get("exceededTransferLimit") and keys:
                self._size = min(self._size, len(keys))
            # A row that does not come twice has been deleted in the meantime.
            missed = set(batch) - {int(key) for key in keys if key is not None and key.isdigit()} - asked_again
            if keys:
                yield Page(body, keys, True, {"last": batch[-1]}, ("features",))
            # Fewer rows than asked for is no sign of deletion where the server says it stopped early.
            asked_again |= set() if value.get("exceededTransferLimit") and keys else missed
            left = sorted(missed) + left

    def _form(self) -> dict[str, str]:
        return {"outFields": "*", "outSR": "4326", "returnGeometry": "true"}

    def _keys(self, features: list[Any]) -> list[str | None]:
        return [text_key((row.get("attributes") or {}).get(self._id)) if isinstance(row, dict) else None for row in features]

    def _parsed(self, body: bytes) -> tuple[bytes, dict[str, Any]]:
        value = self._checked(body, self._query)
        if not isinstance(value.get("features"), list):
            raise InputError(f"`url` must be a layer with rows. Got an answer without features from {self._query}.")
        return body, value

    def _ask(self, url: str, params: dict[str, Any]) -> dict[str, Any]:
        return self._client.fetch(url, lambda body: self._checked(body, url), params={**params, "f": "json"})

    def _checked(self, body: bytes, url: str) -> dict[str, Any]:
        """Return an answer, unless it is an error dressed as success: ArcGIS sends those with status 200."""
        value = json_of(body, url)
        if not isinstance(value, dict):
            raise InputError(f"`url` must be an ArcGIS service. Got {excerpt(value, 80)} from {url}.")
        error = value.get("error")
        if not isinstance(error, dict):
            return value
        code = error.get("code")
        said = excerpt("; ".join(str(part) for part in (error.get("message"), *(error.get("details") or [])) if part))
        if code in _AGAIN_CODES:
            raise BrokenError(f"error {code} ({said})")
        if code in _TOKEN_CODES:
            raise InputError(
                f"`url` must be open to you. Got error {code} ({said}) from {url}. If the publisher gave you a token: token='...'"
            )
        raise InputError(
            f"`url` must be a question the server can answer. Got error {code} ({said}) from {url}. Check where= and time="
        )

    def _only_layer(self, service: str) -> str:
        about = self._ask(service, {})
        layers = [layer for key in ("layers", "tables") for layer in about.get(key) or [] if isinstance(layer, dict)]
        if len(layers) != 1:
            listed = ", ".join(f"/{layer.get('id')} {excerpt(layer.get('name'), 40)}" for layer in layers[:20]) or "none"
            raise InputError(
                f"`url` must name one layer. Got a service with {len(layers)}: {listed}. Write: {service}/{layers[0].get('id') if layers else 0}"
            )
        return str(layers[0].get("id"))

    def _id_field(self, about: Mapping[str, Any]) -> str | None:
        named = about.get("objectIdField")
        if isinstance(named, str) and named:
            return named
        return next((str(field.get("name")) for field in self._fields if field.get("type") == "esriFieldTypeOID"), None)

    def _period(self) -> str | None:
        since, until = self._asked["since"], self._asked["until"]
        if since is None and until is None:
            return None
        column = self._asked["time"] or self._time_column()
        return between(column, since, until, written="TIMESTAMP '%Y-%m-%d %H:%M:%S'")

    def _time_column(self) -> str:
        times = [
            str(field.get("name"))
            for field in self._fields
            if str(field.get("type")).startswith(("esriFieldTypeDate", "esriFieldTypeTimestamp"))
        ]
        if len(times) != 1:
            raise InputError(
                f"`time` must name the column that since= and until= are about. Got {len(times)} columns of dates: {', '.join(times[:20]) or 'none'}. "
                f"Write: time={times[0] if times else 'received'!r}"
            )
        return times[0]
