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
    "AccuracyResult": "sara.hotspots._accuracy_result",
    "AuditResult": "sara.data.quality.result",
    "CallTypesResult": "sara.data.kinds.result",
    "ChangeResult": "sara.hotspots._change_result",
    "ClockResult": "sara.trends._clock",
    "ClustersResult": "sara.hotspots._clusters_result",
    "CompareResult": "sara.hotspots._compare_result",
    "ConcentrationResult": "sara.scan._concentration",
    "CountResult": "sara.hotspots._count_result",
    "Design": "sara.core.design",
    "DualKdeResult": "sara.hotspots._dual_kde_result",
    "EffectResult": "sara.assess._effect",
    "EmergingResult": "sara.hotspots._emerging_result",
    "GeocodeResult": "sara.data.geocoder._result",
    "GiStarResult": "sara.hotspots._gi_star_result",
    "HotPlacesResult": "sara.hotspots._hot_places_result",
    "HotspotResult": "sara.hotspots._result",
    "KdeResult": "sara.hotspots._kde_result",
    "LocalMoranResult": "sara.hotspots._local_moran_result",
    "NearRepeatResult": "sara.hotspots._near_repeat_result",
    "PersistenceResult": "sara.hotspots._persistence_result",
    "Plan": "sara.core.plan",
    "PowerResult": "sara.respond._power",
    "ProblemBoard": "sara.scan._board",
    "RatesResult": "sara.hotspots._rates_result",
    "RefreshResult": "sara.problem._refresh_result",
    "RepeatResult": "sara.analyze._repeats",
    "ScanStatisticResult": "sara.hotspots._scan_statistic_result",
    "SeriesResult": "sara.trends._series",
    "StreetResult": "sara.hotspots._street_result",
}


def kind_named(name: str) -> type[Any]:
    """Return the class of a kind on the list."""
    if name not in KINDS:
        raise InputError(
            f"`kind` must be one sara writes. Got {name!r}.{suggest(name, KINDS)} The record may come from a newer sara: pip install --upgrade sara-pop"
        )
    return getattr(import_module(KINDS[name]), name)  # type: ignore[no-any-return]
