"""Scan: what keeps coming back, where, and who is telling us."""

from __future__ import annotations

from sara.scan._board import ProblemBoard
from sara.scan._concentration import ConcentrationResult, concentration
from sara.scan._problems import problems

__all__ = ["ConcentrationResult", "ProblemBoard", "concentration", "problems"]
