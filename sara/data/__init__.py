"""Files to event tables, and what is wrong with them."""

from __future__ import annotations

from sara.data.addresses.columns import parse_addresses
from sara.data.audit import audit
from sara.data.categories import categorize, category_table, help_categories
from sara.data.convert import convert
from sara.data.download import download
from sara.data.duplicates import dedupe
from sara.data.geocoder import GeocodeResult, geocode
from sara.data.kinds.call_types import CallTypesResult, call_types, set_types
from sara.data.places import read_areas, within
from sara.data.quality.result import AuditResult
from sara.data.read import read_calls, read_complaints, read_events
from sara.data.recognize import RecognitionResult, recognize
from sara.data.registers import at_places, read_places
from sara.data.schema import as_events
from sara.data.spellings import street_spellings

__all__ = [
    "AuditResult",
    "CallTypesResult",
    "GeocodeResult",
    "RecognitionResult",
    "as_events",
    "at_places",
    "audit",
    "call_types",
    "categorize",
    "category_table",
    "convert",
    "dedupe",
    "download",
    "geocode",
    "help_categories",
    "parse_addresses",
    "read_areas",
    "read_calls",
    "read_complaints",
    "read_events",
    "read_places",
    "recognize",
    "set_types",
    "street_spellings",
    "within",
]
