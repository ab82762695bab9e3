"""Addresses to points, offline, from a county's own files."""

from __future__ import annotations

from sara.data.geocoder._geocode import geocode
from sara.data.geocoder._result import GeocodeResult

__all__ = ["GeocodeResult", "geocode"]
