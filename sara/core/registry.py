"""The closed list of what may be written to and read from a record.

A record is data from outside: only kinds named here are built from it, each from the module named here. A test asserts that every `Result`
subclass is on the list.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from sara.core.errors import InputError, suggest

__all__ = ["KINDS", "kind_named"]

KINDS = {
    "AccuracyResult": "sara.hotspots._results.accuracy",
    "AoristicResult": "sara.trends._results.aoristic",
    "AuditResult": "sara.data.quality.result",
    "CallTypesResult": "sara.data.kinds.result",
    "ChangePointsResult": "sara.trends._results.change_points",
    "ChangeResult": "sara.hotspots._results.change",
    "CircularResult": "sara.trends._results.circular",
    "ClockResult": "sara.trends._clock",
    "ClustersResult": "sara.hotspots._results.clusters",
    "CompareResult": "sara.hotspots._results.compare",
    "ConcentrationResult": "sara.scan._concentration",
    "CountResult": "sara.hotspots._results.count",
    "CusumResult": "sara.trends._results.cusum",
    "DayOfWeekResult": "sara.trends._results.day_of_week_test",
    "DecomposeResult": "sara.trends._results.decompose",
    "Design": "sara.core.design",
    "DualKdeResult": "sara.hotspots._results.dual_kde",
    "EarsResult": "sara.trends._results.ears",
    "EffectResult": "sara.assess._effect",
    "EmergingResult": "sara.hotspots._results.emerging",
    "EventDaysResult": "sara.trends._results.event_days",
    "EwmaResult": "sara.trends._results.ewma",
    "FarringtonResult": "sara.trends._results.farrington",
    "ForecastResult": "sara.trends._results.forecast",
    "GeocodeResult": "sara.data.geocoder._result",
    "GiStarResult": "sara.hotspots._results.gi_star",
    "HotPlacesResult": "sara.hotspots._results.hot_places",
    "HotspotResult": "sara.hotspots._result",
    "KdeResult": "sara.hotspots._results.kde",
    "LocalMoranResult": "sara.hotspots._results.local_moran",
    "MonitorResult": "sara.trends._results.monitor",
    "NearRepeatResult": "sara.hotspots._results.near_repeat",
    "PersistenceResult": "sara.hotspots._results.persistence",
    "Plan": "sara.core.plan",
    "PowerResult": "sara.respond._power",
    "ProblemBoard": "sara.scan._board",
    "RatesResult": "sara.hotspots._results.rates",
    "RefreshResult": "sara.problem._refresh_result",
    "RepeatResult": "sara.analyze._repeats",
    "ScanStatisticResult": "sara.hotspots._results.scan_statistic",
    "ScanWindowResult": "sara.trends._results.scan_window",
    "SeasonalResult": "sara.trends._results.seasonal",
    "SeriesResult": "sara.trends._results.series",
    "StreetResult": "sara.hotspots._results.street",
    "TrendCompareResult": "sara.trends._results.compare",
    "TrendTestResult": "sara.trends._results.trend_test",
    "TrendResult": "sara.trends._result",
    "WeeklyBandResult": "sara.trends._results.weekly_band",
}


def kind_named(name: str) -> type[Any]:
    """Return the class of a kind on the list."""
    if name not in KINDS:
        raise InputError(
            f"`kind` must be one sara writes. Got {name!r}.{suggest(name, KINDS)} The record may come from a newer sara: pip install --upgrade sara-pop"
        )
    return getattr(import_module(KINDS[name]), name)  # type: ignore[no-any-return]
