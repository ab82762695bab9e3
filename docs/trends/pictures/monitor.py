"""The picture of monitor: a week of Riverton with an alarm."""

from __future__ import annotations

from typing import Any

import sara


def monitor() -> Any:
    """Return the board of beats and kinds of call for a week in autumn 2024."""
    calls = sara.datasets.load("riverton_calls")
    board = sara.trends.monitor(calls, by=("area", "category"), period=("2022-03-01", "2024-11-03"), n=10)
    return board.plot(marks={"2024-03-01": "response on the bar strip"})
