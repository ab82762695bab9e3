"""The city of squares of tests/respond, for assessments of it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

_spec = importlib.util.spec_from_file_location("city_of_squares", Path(__file__).parent.parent / "respond" / "conftest.py")
assert _spec is not None and _spec.loader is not None
_city = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_city)
events, make_events, treated = _city.events, _city.make_events, _city.treated
