"""Fetching a city's published rows, only when asked to, whole or not at all."""

from __future__ import annotations

from sara.data.download._download import download

__all__ = ["download"]
