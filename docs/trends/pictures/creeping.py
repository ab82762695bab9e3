"""The pictures of ewma and cusum."""

from __future__ import annotations

from typing import Any

import sara


def ewma() -> Any:
    """Return the moving average of Riverton's weekly disorder calls against their first year."""
    calls = sara.datasets.load("riverton_calls").query("category == 'disorder'")
    return sara.trends.ewma(calls).plot(marks={"2024-03-01": "response on the bar strip"})


def cusum() -> Any:
    """Return the sums of Riverton's weekly disorder calls against their first year."""
    calls = sara.datasets.load("riverton_calls").query("category == 'disorder'")
    return sara.trends.cusum(calls).plot(marks={"2024-03-01": "response on the bar strip"})
