"""The pictures of weekly_band and scan_window."""

from __future__ import annotations

from typing import Any

import sara


def weekly_band() -> Any:
    """Return the band over the weeks of Riverton's disorder calls of one year."""
    calls = sara.datasets.load("riverton_calls").query("category == 'disorder'")
    return sara.trends.weekly_band(calls, period=("2023-06-01", "2024-06-30")).plot(
        marks={"2024-03-01": "response on the bar strip"}
    )


def scan_window() -> Any:
    """Return the fullest two weeks of Riverton's disorder calls of one year."""
    calls = sara.datasets.load("riverton_calls").query("category == 'disorder'")
    return sara.trends.scan_window(calls, period=("2023-01-01", "2023-12-31")).plot()
