"""ARCHITECTURE.md stays true: its inventory is the code's, and the layers it draws are the ones that are checked."""

from __future__ import annotations

import inspect
import re
import tomllib
from pathlib import Path

import pytest

import sara
from sara.core.registry import KINDS, kind_named
from sara.core.result import Result

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("hotspots", "trends", "scan", "analyze", "respond", "assess")
TOP = (
    "read_calls",
    "read_complaints",
    "read_events",
    "as_events",
    "read_areas",
    "within",
    "audit",
    "call_types",
    "set_types",
    "dedupe",
    "download",
    "geocode",
    "read_places",
    "refresh",
    "recognize",
    "open_events",
    "convert",
)


def functions() -> dict[str, str]:
    """Return the public functions and classes people type, with the file each stands in."""
    found = {f"sara.{name}": getattr(sara, name) for name in TOP}
    for package in PACKAGES:
        module = getattr(sara, package)
        found |= {
            f"{package}.{name}": getattr(module, name)
            for name in module.__all__
            if not name.endswith(("Result", "Board", "Design"))
        }
    return {name: str(Path(inspect.getsourcefile(inspect.unwrap(member))).relative_to(ROOT)) for name, member in found.items()}


def test_the_inventory_is_the_code():
    text = (ROOT / "ARCHITECTURE.md").read_text()
    rows = dict(re.findall(r"^\| `([a-z]+\.[a-zA-Z_]+)` \| `(sara/[\w/.]+)` \|", text, flags=re.MULTILINE))
    assert rows == functions()


def test_the_layers_are_the_ones_that_are_checked():
    text = (ROOT / "ARCHITECTURE.md").read_text()
    layers = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]["layers"]
    named = {part.strip().removeprefix("sara.") for layer in layers for part in layer.split("|")} - {"__main__"}
    assert all(re.search(rf"\b{name}\b", text) for name in named)


def subclasses(cls: type) -> set[type]:
    return {cls, *(sub for direct in cls.__subclasses__() for sub in subclasses(direct))}


def test_every_result_is_on_the_closed_list():
    for kind in KINDS:
        assert kind_named(kind).__name__ == kind
    ours = {cls.__name__ for cls in subclasses(Result) if cls is not Result and cls.__module__.startswith("sara.")}
    assert ours <= set(KINDS)


@pytest.mark.parametrize("path", sorted(p for p in (ROOT / "sara").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_file_is_longer_than_a_reader_holds_in_mind(path):
    assert len(path.read_text().splitlines()) <= 450
