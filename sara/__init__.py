"""Police calls and community complaints through Scan, Analyze, Respond and Assess, to a brief.

``import sara`` loads nothing heavy and sets nothing global: each stage is imported when its name is first used.

Examples
--------
>>> import sara
>>> "read_calls" in dir(sara)
True
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sara._version import __version__

if TYPE_CHECKING:
    from sara import analyze, assess, brief, core, data, datasets, hotspots, problem, respond, scan, teach, trends
    from sara.core.errors import InputError, NotEnoughDataError, SaraWarning
    from sara.core.result import Result
    from sara.core.source import open_events
    from sara.data import (
        as_events,
        audit,
        call_types,
        dedupe,
        download,
        geocode,
        read_areas,
        read_calls,
        read_complaints,
        read_events,
        read_places,
        recognize,
        set_types,
        within,
    )
    from sara.problem import Problem
    from sara.problem.refresh import refresh

_MODULES = ("analyze", "assess", "brief", "core", "data", "datasets", "hotspots", "problem", "respond", "scan", "teach", "trends")
_NAMES = {
    "InputError": "sara.core.errors",
    "NotEnoughDataError": "sara.core.errors",
    "Problem": "sara.problem",
    "Result": "sara.core.result",
    "SaraWarning": "sara.core.errors",
    "as_events": "sara.data",
    "audit": "sara.data",
    "convert": "sara.data",
    "call_types": "sara.data",
    "dedupe": "sara.data",
    "download": "sara.data",
    "geocode": "sara.data",
    "open_events": "sara.core.source",
    "read_areas": "sara.data",
    "read_calls": "sara.data",
    "read_complaints": "sara.data",
    "read_events": "sara.data",
    "read_places": "sara.data",
    "recognize": "sara.data",
    "refresh": "sara.problem",
    "set_types": "sara.data",
    "within": "sara.data",
}

__all__ = [
    "InputError",
    "NotEnoughDataError",
    "Problem",
    "Result",
    "SaraWarning",
    "__version__",
    "analyze",
    "as_events",
    "assess",
    "audit",
    "brief",
    "call_types",
    "convert",
    "core",
    "data",
    "datasets",
    "dedupe",
    "download",
    "geocode",
    "hotspots",
    "open_events",
    "problem",
    "read_areas",
    "read_calls",
    "read_complaints",
    "read_events",
    "read_places",
    "recognize",
    "refresh",
    "respond",
    "scan",
    "set_types",
    "teach",
    "trends",
    "within",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"sara.{name}")
    if name in _NAMES:
        value = getattr(import_module(_NAMES[name]), name)
        globals()[name] = value
        return value
    from difflib import get_close_matches

    near = get_close_matches(name, __all__, n=1, cutoff=0.7)
    raise AttributeError(f"module 'sara' has no attribute {name!r}." + (f" Did you mean {near[0]!r}?" if near else ""))


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
