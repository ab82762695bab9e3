"""When it happens, and whether it is changing."""

from __future__ import annotations

from sara.trends._clock import ClockResult, clock
from sara.trends._compare import compare
from sara.trends._forecast import forecast
from sara.trends._results.forecast import ForecastResult
from sara.trends._results.compare import TrendCompareResult
from sara.trends._series import SeriesResult, series

__all__ = ["ClockResult", "ForecastResult", "SeriesResult", "TrendCompareResult", "clock", "compare", "forecast", "series"]
