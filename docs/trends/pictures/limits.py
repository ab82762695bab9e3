"""The pictures of ears and farrington."""

from __future__ import annotations

from typing import Any

import sara


def ears() -> Any:
    """Return C2 on the weeks of Riverton's disorder calls in 2023."""
    calls = sara.datasets.load("riverton_calls").query("category == 'disorder'")
    found = sara.trends.ears(calls, method="C2", period=("2023-01-01", "2023-12-31"))
    return found.plot()


def farrington() -> Any:
    """Return the last year of Riverton's disorder calls against the two before."""
    calls = sara.datasets.load("riverton_calls").query("category == 'disorder'")
    found = sara.trends.farrington(calls, years=2, version="flexible")
    return found.plot(marks={"2024-03-01": "response on the bar strip"})
