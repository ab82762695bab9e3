"""Lawful assemblies: told by their names, set aside in tables that rank, and never predicted; March the month is no march."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import sara
from sara.core.codec import decode, encode
from sara.core.errors import InputError, NotEnoughDataError
from sara.trends._input.lawful import ASSEMBLY_REASON, assembly_values, is_lawful_day

LAWFUL = (
    "Pride march", "Women's March", "Women\u2019s March 2024", "Freedom March", "March for Our Lives", "Peace march, March 28", "BLM rally", "Rally at city hall",
    "Strike", "Teachers' strike", "Walkout", "Picket line", "Church service", "Mosque Friday prayers", "Sunday mass", "Procesi\u00f3n", "Procesion",
    "Good Friday procession", "Candlelight vigil", "Sit-in", "Protest",
)  # fmt: skip
OTHER = (
    "March Madness", "NCAA March Madness final", "Opening day, March 28", "Opening day March 2024", "St Patrick's Day, 17 March", "Late March concert", "March 2024",
    "Marching band contest", "Car rally", "Pep rally", "Lightning strike", "Home game", "Fireworks", "State fair", "Juneteenth", "Disturbance",
)  # fmt: skip


@pytest.mark.parametrize("name", LAWFUL)
def test_names_of_lawful_assemblies(name):
    assert is_lawful_day("", name)


@pytest.mark.parametrize("name", OTHER)
def test_other_names_are_not_taken_for_assemblies(name):
    assert not is_lawful_day("", name)


def test_kinds_say_it_too_and_a_game_is_a_game():
    assert is_lawful_day("religious event", "Easter at the park")
    assert is_lawful_day("community", "Women's March")
    assert not is_lawful_day("game", "Strike night")
    assert not is_lawful_day("unlawful assembly", "Downtown")


def test_types_of_calls():
    lawful = [
        "PROTEST",
        "DEMONSTRATION",
        "PROTEST/DEMONSTRATION",
        "PICKET LINE",
        "PEACEFUL ASSEMBLY",
        "RALLY",
        "MARCH",
        "LABOR STRIKE",
    ]
    other = [
        "UNLAWFUL ASSEMBLY",
        "BIRD STRIKE",
        "HIT AND RUN - STRIKE",
        "PROTECTION ORDER",
        "BURGLARY PLACE OF WORSHIP",
        "THEFT - WALKOUT",
    ]
    assert assembly_values(lawful, column="type").all()
    assert not assembly_values(other, column="type").any()
    assert not assembly_values(["March", "April"], column="month_name").any()
    assert not assembly_values(["12 MARCH ST", "RALLY PARK"], column="place").any()


@pytest.fixture(scope="module")
def mixed():
    """Three years of three types, one of them protests."""
    days = pd.date_range("2021-01-04", "2023-12-31", freq="D")
    rng = np.random.default_rng(3)
    parts = [
        pd.DataFrame({"when": days.repeat(rng.poisson(mean, len(days))), "kind": kind})
        for kind, mean in (("THEFT", 3), ("NOISE", 2), ("PROTEST", 1))
    ]
    return sara.as_events(pd.concat(parts), time="when", type="kind")


def test_event_days_sets_them_aside_by_name(mixed):
    found = sara.trends.event_days(mixed, {"2023-07-04": "Pride march", "2023-05-05": "Home game"})
    assert found.table["name"].tolist() == ["Home game"]
    assert found.set_aside == 1
    with pytest.raises(NotEnoughDataError, match="no lawful assembly"):
        sara.trends.event_days(mixed, {"2023-07-04": "BLM rally"})


def test_monitor_neither_ranks_nor_judges_them(mixed):
    protests = int((mixed["type"] == "PROTEST").sum())
    board = sara.trends.monitor(mixed, by="type")
    assert sorted(board.table["type"]) == ["NOISE", "THEFT"]
    assert board.counts.left_out[ASSEMBLY_REASON] == protests
    assert any("lawful assemblies are set aside" in words for words in board.cautions)
    wide = pd.DataFrame({"Protest": [1] * 260, "Theft": [2] * 260}, index=pd.date_range("2019-01-07", periods=260, freq="7D"))
    assert sara.trends.monitor(wide).table["series"].tolist() == ["Theft"]
    with pytest.raises(NotEnoughDataError, match="lawful assemblies"):
        sara.trends.monitor(wide[["Protest"]])


def test_compare_does_not_rank_them(mixed):
    found = sara.trends.compare(mixed, by="type")
    assert sorted(found.table["type"]) == ["NOISE", "THEFT", "all"]
    assert found.counts.left_out[ASSEMBLY_REASON] == int((mixed["type"] == "PROTEST").sum())
    assert sum(found.counts.left_out.values()) + found.counts.rows_used == len(mixed)
    assert any("lawful assemblies are set aside" in words for words in found.cautions)


def test_a_series_of_them_is_not_forecast_either(mixed):
    protests = mixed[mixed["type"] == "PROTEST"]
    with pytest.raises(InputError, match="lawful"):
        sara.trends.forecast(protests)
    counted = sara.trends.series(protests)
    assert counted.assemblies and not sara.trends.series(mixed).assemblies
    with pytest.raises(InputError, match="lawful"):
        sara.trends.forecast(counted)
    with pytest.raises(InputError, match="lawful"):
        sara.trends.forecast(decode(encode(counted)))
