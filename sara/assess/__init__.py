"""Assess: did it work, did it move next door, and what may be said of it."""

from __future__ import annotations

from sara.assess._effect import EffectResult
from sara.assess._evaluate import evaluate
from sara.assess._rate_ratio import rate_ratio
from sara.assess._two_counts import two_counts
from sara.assess._wdd import wdd

__all__ = ["EffectResult", "evaluate", "rate_ratio", "two_counts", "wdd"]
