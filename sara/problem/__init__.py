"""One problem from scan to assessment: its record, what the record lacks, and the brief written from it."""

from __future__ import annotations

from sara.problem.checklist import Checklist
from sara.problem.problem import Problem
from sara.problem.record import Conclusion, Entry, Stage
from sara.problem.refresh import RefreshResult, refresh

__all__ = ["Checklist", "Conclusion", "Entry", "Problem", "RefreshResult", "Stage", "refresh"]
