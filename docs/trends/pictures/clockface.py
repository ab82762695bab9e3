"""Pictures of hours between two moments, of weekdays against chance, and of the mean hour."""

from __future__ import annotations

from functools import cache
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

import sara


@cache
def _calls() -> gpd.GeoDataFrame:
    return sara.dedupe(sara.datasets.load("riverton_calls"))


@cache
def _burglary() -> gpd.GeoDataFrame:
    """Return burglaries with a made-up first possible moment: Riverton's calls have one time, the one at which it was found."""
    found = _calls().query("category == 'burglary'")
    found = found[found["time"] > "2022-03-10"]
    rng = np.random.default_rng(1)
    hours = np.where(rng.random(len(found)) < 0.15, rng.uniform(24, 240, len(found)), rng.gamma(4, 2, len(found)))
    return found.assign(time_to=found["time"], time=found["time"] - pd.to_timedelta((60 * hours).round(), unit="min"))


def aoristic() -> Any:
    return sara.trends.aoristic(_burglary()).figure()


def day_of_week_test() -> Any:
    return sara.trends.day_of_week_test(_calls().query("category == 'disorder'")).plot()


def day_of_week_few() -> Any:
    return sara.trends.day_of_week_test([0, 1, 0, 0, 1, 8, 1]).plot()


def circular() -> Any:
    from sara.plot.style import new_figure

    figure, axes = new_figure(width=10.6, height=5.4, columns=2)
    for ax, category in zip(axes, ("shoplifting", "traffic collision"), strict=True):
        found = sara.trends.circular(_calls().query("category == @category"))
        found.plot(ax=ax).set_title(category.capitalize(), loc="left", fontsize=12, fontweight="bold", pad=34)
    return figure
