"""The plain records that `respond` makes and `assess` reads, so that neither imports the other."""

from __future__ import annotations

from sara.core.design import Design
from sara.core.plan import Action, Plan

__all__ = ["Action", "Design", "Plan"]
