"""What every other part of sara stands on: results, records, errors, units, grids."""

from __future__ import annotations

from sara.core.errors import InputError, NotEnoughDataError, SaraWarning
from sara.core.result import Check, Counts, Result, Setting

__all__ = ["Check", "Counts", "InputError", "NotEnoughDataError", "Result", "SaraWarning", "Setting"]
