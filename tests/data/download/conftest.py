"""A portal on this computer: answers as Socrata, ArcGIS, Open311, CKAN and file servers do, and breaks when told to."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

pytest.importorskip("requests", reason="the extra `web` is not installed")


@dataclass
class Question:
    """One request as it came."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]


@dataclass
class Answer:
    """What goes back; `cut` bytes of the body are sent, `hang` seconds pass first."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    hang: float = 0.0


def as_json(value: Any, **more: Any) -> Answer:
    return Answer(json.dumps(value).encode(), headers={"Content-Type": "application/json"}, **more)


class Portal:
    """Routes by path; `faults` are given, one a request, before the route is asked."""

    def __init__(self) -> None:
        self.routes: dict[str, Callable[[Question], Answer]] = {}
        self.faults: list[Answer | None] = []
        self.asked: list[Question] = []
        self.url = ""
        self.stop = threading.Event()

    def answer(self, question: Question) -> Answer:
        self.asked.append(question)
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            return fault
        route = self.routes.get(question.path, self.routes.get("*"))
        return route(question) if route else Answer(b"nothing here", 404)


def handler_of(portal: Portal) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            text = parts.query
            if self.command == "POST":
                text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            answer = portal.answer(Question(self.command, parts.path, dict(parse_qsl(text)), dict(self.headers)))
            portal.stop.wait(answer.hang)
            try:
                self.send_response(answer.status)
                for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body if answer.cut is None else answer.body[: answer.cut])
                if answer.cut is not None:
                    self.wfile.flush()
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
            except OSError:
                self.close_connection = True

        do_POST = do_GET  # noqa: N815

        def log_message(self, *args: Any) -> None:
            pass

    return Handler


@pytest.fixture
def portal(monkeypatch) -> Iterator[Portal]:
    """Give a running portal; waits between tries are noted, not waited."""
    from sara.data.download import _client

    server_portal = Portal()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(server_portal))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    server_portal.url = f"http://127.0.0.1:{server.server_address[1]}"
    server_portal.waits = []
    monkeypatch.setattr(_client, "_sleep", server_portal.waits.append)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    yield server_portal
    server_portal.stop.set()
    server.shutdown()
    server.server_close()
    thread.join(5)


TYPES = ("NOISE", "FIGHT", "BURGLARY", "SUSPICIOUS PERSON", "TRAFFIC STOP")


def socrata_rows(n: int) -> list[dict[str, Any]]:
    """Return rows as SODA 2.1 gives them: numbers as text, a location object, blank fields left out."""
    rows = []
    for i in range(n):
        row = {
            "incident_number": f"24-{i:06d}",
            "call_type": TYPES[i % 5],
            "received_datetime": f"2024-{1 + i % 3:02d}-{1 + i % 28:02d}T{i % 24:02d}:{i % 60:02d}:00.000",
            "block_address": f"{100 * (1 + i % 40)} BLOCK OF MAIN ST",
            "latitude": f"{40.9 + 0.0001 * (i % 97):.6f}",
            "longitude": f"{-88.9 - 0.0001 * (i % 89):.6f}",
            "location": {"type": "Point", "coordinates": [-88.9 - 0.0001 * (i % 89), 40.9 + 0.0001 * (i % 97)]},
            "disposition": "REPORT TAKEN",
        }
        if i % 7 == 0:
            del row["disposition"]
        rows.append(row)
    return rows


def socrata(rows: list[dict[str, Any]], *, cap: int = 50_000, says: int | None = None) -> Callable[[Question], Answer]:
    """Answer as a Socrata resource with these rows, at most `cap` at a time."""

    def route(question: Question) -> Answer:
        if question.params.get("$select") == "count(*)":
            return as_json([{"count": str(len(rows) if says is None else says)}])
        offset, limit = int(question.params.get("$offset", 0)), int(question.params.get("$limit", 1000))
        return as_json(rows[offset : offset + min(limit, cap)])

    return route


def arcgis_features(n: int) -> list[dict[str, Any]]:
    """Return features as ArcGIS gives them: times as epoch milliseconds, points apart from attributes."""
    return [
        {
            "attributes": {"OBJECTID": 7 + i, "CallNumber": f"P{i:05d}", "Nature": TYPES[i % 5], "TimeReceived": 1_704_067_200_000 + 61_000 * i, "Address": f"{i} ELM ST"},
            "geometry": {"x": -88.9 - 0.0001 * (i % 89), "y": 40.9 + 0.0001 * (i % 97)},
        }
        for i in range(n)
    ]  # fmt: skip


def arcgis(
    features: list[dict[str, Any]], *, most: int = 1000, paged: bool = True, says: int | None = None
) -> Callable[[Question], Answer]:
    """Answer as one layer of a FeatureServer, and its query."""
    fields = [
        {"name": "OBJECTID", "type": "esriFieldTypeOID"},
        {"name": "CallNumber", "type": "esriFieldTypeString"},
        {"name": "Nature", "type": "esriFieldTypeString"},
        {"name": "TimeReceived", "type": "esriFieldTypeDate"},
        {"name": "Address", "type": "esriFieldTypeString"},
    ]

    def route(question: Question) -> Answer:
        asked = question.params
        if not question.path.endswith("/query"):
            return as_json({"id": 0, "name": "Calls", "type": "Feature Layer", "geometryType": "esriGeometryPoint", "maxRecordCount": most, "objectIdField": "OBJECTID",
                            "fields": fields, "advancedQueryCapabilities": {"supportsPagination": paged}})  # fmt: skip
        if asked.get("returnCountOnly") == "true":
            return as_json({"count": len(features) if says is None else says})
        if asked.get("returnIdsOnly") == "true":
            return as_json({"objectIdFieldName": "OBJECTID", "objectIds": [f["attributes"]["OBJECTID"] for f in features][::-1]})
        if "objectIds" in asked:
            wanted = {int(one) for one in asked["objectIds"].split(",")}
            found = [f for f in features if f["attributes"]["OBJECTID"] in wanted]
        elif not paged:
            return as_json(
                {"error": {"code": 400, "message": "Unable to complete operation.", "details": ["Pagination is not supported."]}}
            )
        else:
            found = features[int(asked["resultOffset"]) :][: int(asked["resultRecordCount"])]
        given = found[:most]
        more = "resultOffset" in asked and int(asked["resultOffset"]) + len(given) < len(features)
        return as_json({"objectIdFieldName": "OBJECTID", "geometryType": "esriGeometryPoint", "spatialReference": {"wkid": 4326, "latestWkid": 4326}, "fields": fields,
                        "features": given, **({"exceededTransferLimit": True} if more or len(given) < len(found) else {})})  # fmt: skip

    return route
