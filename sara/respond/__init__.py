"""Respond: with what will it be compared, could it be seen to work, and who does what."""

from __future__ import annotations

from sara.core.records import Design, Plan
from sara.respond._comparison import comparison
from sara.respond._power import PowerResult, power

__all__ = ["Design", "Plan", "PowerResult", "comparison", "power"]
