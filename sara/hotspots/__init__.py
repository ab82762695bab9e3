"""Where? Counts by cell, cells with more around them than chance would give, and clusters that a patrol or a crew can use."""

from __future__ import annotations

from sara.hotspots._clusters import clusters
from sara.hotspots._count import count
from sara.hotspots._gi_star import gi_star
from sara.hotspots._result import HotspotResult

__all__ = ["HotspotResult", "clusters", "count", "gi_star"]
