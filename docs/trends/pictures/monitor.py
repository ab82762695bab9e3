"""The picture of monitor: a week of Riverton with an alarm."""

from __future__ import annotations

from typing import Any

import sara


def monitor() -> Any:
    """Return the board of neighborhoods and kinds of call for a week in autumn 2024."""
    calls, areas = sara.datasets.load("riverton_calls"), sara.datasets.load("riverton_areas")
    board = sara.trends.monitor(calls, areas=areas, by="category", period=("2022-03-01", "2024-11-17"))
    return board.plot(marks={"2024-03-01": "response on the bar strip"})
