"""The period that chose a place: no later than the rows it was chosen from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import sara
from sara.hotspots import clusters, count, gi_star


@pytest.fixture(scope="module")
def two_years():
    rng = np.random.default_rng(4)
    n = 1200
    table = pd.DataFrame(
        {
            "when": pd.Timestamp("2022-01-01") + pd.to_timedelta(np.arange(n) * 876, unit="min"),
            "east": np.r_[rng.normal(2500, 60, n // 3), rng.uniform(0, 5000, n - n // 3)] + 500_000,
            "north": np.r_[rng.normal(2000, 60, n // 3), rng.uniform(0, 4000, n - n // 3)] + 4_500_000,
        }
    )
    order = rng.permutation(n)
    table["when"] = table["when"].to_numpy()[order]
    return sara.as_events(table, time="when", x="east", y="north", crs=32616)


def _chosen(result):
    return [day[:10] for day in result.areas.attrs["sara"]["period"]]


@pytest.mark.parametrize("method", [count, gi_star, clusters])
def test_places_chosen_from_rows_before_a_date_were_not_chosen_on_what_came_later(two_years, method):
    before = two_years[two_years["time"] < "2023-06-01"]
    found = method(before)
    assert _chosen(found) == ["2022-01-01", "2023-06-01"]
    assert found.settings["period"].chosen_by == "sara"
    assert "filter" in found.settings["period"].why
    assert found.counts.rows_in == len(before)


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [("2022-08-01", "2024-01-01", "begin there"), ("2022-08-01", "2023-06-01", "begin and end there"), ("2022-01-01", "2023-06-01", "end there")],
)  # fmt: skip
def test_a_filter_is_seen_from_either_side_in_tables_and_sources(two_years, first, last, words):
    kept = two_years[(two_years["time"] >= first) & (two_years["time"] < last)]
    for events in (kept, sara.open_events(kept)):
        found = count(events)
        assert _chosen(found) == [first, min(last, f"{sara.core.period.resolve_period(two_years)[1]:%Y-%m-%d}")]
        assert words in found.settings["period"].why
        assert found.settings["period"].value.startswith(first)
        assert found.counts.rows_in == found.counts.rows_used + sum(found.counts.left_out.values())


def test_in_a_short_file_a_quarter_of_it_is_a_long_silence():
    when = pd.Timestamp("2024-05-01") + pd.to_timedelta(np.arange(420) * 72, unit="min")
    table = pd.DataFrame(
        {"when": when, "east": 500_000 + np.arange(420) % 29 * 90.0, "north": 4_500_000 + np.arange(420) % 31 * 90.0}
    )
    events = sara.as_events(table, time="when", x="east", y="north", crs=32616)
    assert _chosen(count(events[events["time"] < "2024-05-11"])) == ["2024-05-01", "2024-05-11"]
    assert _chosen(count(events[events["time"] >= "2024-05-11"])) == ["2024-05-11", "2024-05-22"]
    assert _chosen(count(events[events["time"] < "2024-05-18"])) == ["2024-05-01", "2024-05-22"], "four days are no cut"


@pytest.mark.parametrize("method", [count, gi_star, clusters])
def test_the_whole_file_keeps_its_coverage(two_years, method):
    whole = sara.core.period.resolve_period(two_years)
    assert _chosen(method(two_years)) == [f"{day:%Y-%m-%d}" for day in whole[:2]]


def test_a_short_silence_or_one_that_chance_explains_does_not_end_the_period(two_years):
    end = sara.core.period.resolve_period(two_years)[1]
    short = two_years[two_years["time"] < end - pd.Timedelta(days=25)]
    assert _chosen(count(short))[1] == f"{end:%Y-%m-%d}"
    rare = two_years[two_years["time"] < end - pd.Timedelta(days=120)].sample(12, random_state=1)
    assert _chosen(count(rare))[1] == f"{end:%Y-%m-%d}"


def test_a_period_that_was_asked_for_stays(two_years):
    before = two_years[two_years["time"] < "2023-01-01"]
    assert _chosen(clusters(before, period=("2022-01-01", "2023-12-31"))) == ["2022-01-01", "2024-01-01"]


def test_no_area_of_hot_cells_holds_less_than_its_share():
    """Seed 5 is a scatter with a hot cell that has 1 event where 1.25 are the mean."""
    rng = np.random.default_rng(5)
    table = pd.DataFrame({"east": 500_000 + rng.uniform(0, 5000, 400), "north": 4_500_000 + 4000 * rng.beta(0.5, 0.5, 400)})
    events = sara.as_events(table.assign(when="2023-01-01"), time="when", x="east", y="north", crs=32616)
    from shapely.geometry import box

    hot = gi_star(events, area=box(500_000, 4_500_000, 505_000, 4_504_000), cell_size=250, inference="analytic")
    inside = hot.table[hot.table["is_hot"]]
    assert (inside["n"] <= hot.table["n"].mean()).any(), "the scatter has such a cell"
    assert len(hot.areas)
    assert (hot.areas["excess"] > 0).all()
