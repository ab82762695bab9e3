"""The two errors and the one warning sara raises.

Every message says what must hold, what was got, and what to do:
``<argument> must <rule>. Got <value>. <What to do, as a line to paste>.``
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["InputError", "NotEnoughDataError", "SaraWarning", "suggest"]


class InputError(ValueError):
    """The input is not what the function needs; the message says how to mend it."""


class NotEnoughDataError(ValueError):
    """The input is right but too small for an honest answer."""


class SaraWarning(UserWarning):
    """Something in the input deserves a look; the result stands."""


def suggest(name: object, options: Iterable[object]) -> str:
    """Return ``" Did you mean 'x'?"`` for a near miss, otherwise an empty string."""
    close = difflib.get_close_matches(str(name), [str(option) for option in options], n=1, cutoff=0.7)
    return f" Did you mean {close[0]!r}?" if close else ""
