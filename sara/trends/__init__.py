"""When it happens, and whether it is changing."""

from __future__ import annotations

from sara.trends._aoristic import aoristic
from sara.trends._change_points import change_points
from sara.trends._circular import circular
from sara.trends._clock import ClockResult, clock
from sara.trends._compare import compare
from sara.trends._cusum import cusum
from sara.trends._day_of_week_test import day_of_week_test
from sara.trends._decompose import decompose
from sara.trends._ears import ears
from sara.trends._event_days import event_days
from sara.trends._ewma import ewma
from sara.trends._farrington import farrington
from sara.trends._forecast import forecast
from sara.trends._monitor import monitor
from sara.trends._results.aoristic import AoristicResult
from sara.trends._results.change_points import ChangePointsResult
from sara.trends._results.circular import CircularResult
from sara.trends._results.compare import TrendCompareResult
from sara.trends._results.cusum import CusumResult
from sara.trends._results.day_of_week_test import DayOfWeekResult
from sara.trends._results.decompose import DecomposeResult
from sara.trends._results.ears import EarsResult
from sara.trends._results.event_days import EventDaysResult
from sara.trends._results.ewma import EwmaResult
from sara.trends._results.farrington import FarringtonResult
from sara.trends._results.forecast import ForecastResult
from sara.trends._results.monitor import MonitorResult
from sara.trends._results.scan_window import ScanWindowResult
from sara.trends._results.trend_test import TrendTestResult
from sara.trends._results.weekly_band import WeeklyBandResult
from sara.trends._scan_window import scan_window
from sara.trends._seasonal import SeasonalResult, seasonal
from sara.trends._series import SeriesResult, series
from sara.trends._trend_test import trend_test
from sara.trends._weekly_band import weekly_band

__all__ = [
    "AoristicResult",
    "ChangePointsResult",
    "CircularResult",
    "ClockResult",
    "CusumResult",
    "DayOfWeekResult",
    "DecomposeResult",
    "EarsResult",
    "EventDaysResult",
    "EwmaResult",
    "FarringtonResult",
    "ForecastResult",
    "MonitorResult",
    "ScanWindowResult",
    "SeasonalResult",
    "SeriesResult",
    "TrendCompareResult",
    "TrendTestResult",
    "WeeklyBandResult",
    "aoristic",
    "change_points",
    "circular",
    "clock",
    "compare",
    "cusum",
    "day_of_week_test",
    "decompose",
    "ears",
    "event_days",
    "ewma",
    "farrington",
    "forecast",
    "monitor",
    "scan_window",
    "seasonal",
    "series",
    "trend_test",
    "weekly_band",
]
