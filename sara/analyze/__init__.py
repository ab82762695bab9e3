"""Why there, and why then: what precedes and accompanies the events."""

from __future__ import annotations

from sara.analyze._repeats import RepeatResult, repeats

__all__ = ["RepeatResult", "repeats"]
