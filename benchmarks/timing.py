"""The stopwatch of the benchmarks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def best(call: Callable[[], Any], *, times: int = 3) -> float:
    """Return the shortest of some runs, in seconds."""
    out = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        out.append(time.perf_counter() - start)
    return min(out)
