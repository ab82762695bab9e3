"""Where? Counts by cell, cells with more around them than chance would give, and clusters that a patrol or a crew can use."""

from __future__ import annotations

from sara.hotspots._accuracy import accuracy
from sara.hotspots._change import change
from sara.hotspots._clusters import clusters
from sara.hotspots._compare import compare
from sara.hotspots._count import count
from sara.hotspots._dual_kde import dual_kde
from sara.hotspots._emerging import emerging
from sara.hotspots._gi_star import gi_star
from sara.hotspots._hot_places import hot_places
from sara.hotspots._kde import kde
from sara.hotspots._local_moran import local_moran
from sara.hotspots._near_repeat import near_repeat_zones
from sara.hotspots._persistence import persistence
from sara.hotspots._rates import rates
from sara.hotspots._result import HotspotResult
from sara.hotspots._results.accuracy import AccuracyResult
from sara.hotspots._results.change import ChangeResult
from sara.hotspots._results.clusters import ClustersResult
from sara.hotspots._results.compare import CompareResult
from sara.hotspots._results.count import CountResult
from sara.hotspots._results.dual_kde import DualKdeResult
from sara.hotspots._results.emerging import EmergingResult
from sara.hotspots._results.gi_star import GiStarResult
from sara.hotspots._results.hot_places import HotPlacesResult
from sara.hotspots._results.kde import KdeResult
from sara.hotspots._results.local_moran import LocalMoranResult
from sara.hotspots._results.near_repeat import NearRepeatResult
from sara.hotspots._results.persistence import PersistenceResult
from sara.hotspots._results.rates import RatesResult
from sara.hotspots._results.scan_statistic import ScanStatisticResult
from sara.hotspots._results.street import StreetResult
from sara.hotspots._scan_statistic import scan_statistic
from sara.hotspots._street import street

__all__ = [
    "AccuracyResult",
    "ChangeResult",
    "ClustersResult",
    "CompareResult",
    "CountResult",
    "DualKdeResult",
    "EmergingResult",
    "GiStarResult",
    "HotPlacesResult",
    "HotspotResult",
    "KdeResult",
    "LocalMoranResult",
    "NearRepeatResult",
    "PersistenceResult",
    "RatesResult",
    "ScanStatisticResult",
    "StreetResult",
    "accuracy",
    "change",
    "clusters",
    "compare",
    "count",
    "dual_kde",
    "emerging",
    "gi_star",
    "hot_places",
    "kde",
    "local_moran",
    "near_repeat_zones",
    "persistence",
    "rates",
    "scan_statistic",
    "street",
]
