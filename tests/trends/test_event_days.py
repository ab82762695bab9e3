"""Event days: matched ordinary days, exact tests, lawful assemblies set aside, hours and places, words, and the size by simulation."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.rates import test_poisson_2indep as two_rates

import sara
from sara.core.errors import InputError, NotEnoughDataError
from sara.core.result import Result
from sara.trends._input.listed_days import us_holidays


def table(times, **columns):
    where = {"x": "east", "y": "north", "crs": 32616} if "east" in columns else {}
    out = sara.as_events(pd.DataFrame({"when": times, **columns}), time="when", **where)
    out.attrs["sara"]["gaps"] = []
    return out


def daily(counts, start="2024-01-01", hour=12):
    days = pd.date_range(start, periods=len(counts), freq="D") + pd.Timedelta(hours=hour)
    out = table(days.repeat(np.asarray(counts)))
    out.attrs["sara"]["coverage"] = [start, str((pd.Timestamp(start) + pd.Timedelta(days=len(counts))).date())]
    return out


WEEK = np.tile([10, 10, 10, 10, 20, 30, 20], 53)[:366]
# A Saturday.
GAME = "2024-06-08"


def with_more(date, more, counts=WEEK):
    out = counts.copy()
    out[(pd.Timestamp(date) - pd.Timestamp("2024-01-01")).days] += more
    return out


# ---- matching and numbers


def test_a_saturday_is_held_against_saturdays():
    row = sara.trends.event_days(daily(with_more(GAME, 30)), {GAME: "Game"}).table.iloc[0]
    assert (row["n"], row["expected"], row["ordinary_days"], row["ratio"], row["swing"]) == (60, 30, 12, 2, 1)
    assert row["p"] == pytest.approx(two_rates(60, 1, 360, 12, method="etest").pvalue, abs=1e-6)
    assert (row["percent"], row["flag"]) == (pytest.approx(100), "more")


def test_season_and_trend_cancel():
    counts = np.round(20 + 0.1 * np.arange(366)).astype(int)
    row = sara.trends.event_days(daily(counts), {GAME: "Game"}).table.iloc[0]
    assert row["ratio"] == pytest.approx(1, abs=0.02)


def test_listed_days_and_holidays_are_no_ordinary_days():
    games = ["2024-06-08", "2024-06-15", "2024-06-29"]
    found = sara.trends.event_days(daily(WEEK), games, holidays=["2024-05-25"])
    assert found.each["ordinary_days"].tolist() == [9, 9, 9]
    july = sara.trends.event_days(daily(WEEK), {"2024-06-06": "Thursday"}, holidays="us")
    # Thursday 4 July is four weeks later; 30 May is none, 27 May was a Monday.
    assert july.each["ordinary_days"].tolist() == [11]


def test_near_the_end_of_the_data_one_side_is_left():
    assert sara.trends.event_days(daily(WEEK), {"2024-01-06": "First"}).each["ordinary_days"].tolist() == [6]
    assert sara.trends.event_days(daily(WEEK), {"2024-06-08": "x"}, match=2).each["ordinary_days"].tolist() == [4]


def test_a_gap_is_no_ordinary_day():
    events = daily(WEEK)
    events.attrs["sara"]["gaps"] = [["2024-06-14", "2024-06-23"]]
    found = sara.trends.event_days(events, [GAME, "2024-06-22"])
    assert found.each["ordinary_days"].tolist() == [10]
    assert found.left_out == {"in a gap of the file": 1}


def test_kinds_and_names_add_up():
    days = pd.DataFrame(
        {"date": ["2024-03-02", "2024-05-04", GAME, "2024-09-07"], "name": ["Lions", "Lions", "Bears", "Fair"], "kind": ["Game", "game ", "game", "festival"]}
    )  # fmt: skip
    found = sara.trends.event_days(daily(with_more(GAME, 30)), days)
    assert found.kinds.set_index("kind")["days"].to_dict() == {"game": 3, "festival": 1}
    assert found.table.groupby("kind")["n"].sum().to_dict() == found.kinds.set_index("kind")["n"].to_dict()
    assert found.each["n"].sum() == found.table["n"].sum() == 30 * 4 + 30
    assert found.kinds.set_index("kind").loc["game", "ratio"] == pytest.approx(120 / 90)
    only = sara.trends.event_days(daily(with_more(GAME, 30)), days, kinds="festival")
    assert only.kinds["kind"].tolist() == ["festival"]
    assert only.counts.rows_in == only.counts.rows_used + sum(only.counts.left_out.values())


def test_hours_past_midnight_belong_to_the_day_before():
    times = [f"{GAME} 17:59", f"{GAME} 18:00", "2024-06-09 01:59", "2024-06-09 02:00"]
    events = table([*times, *pd.date_range("2024-04-01", "2024-08-31", freq="D")])
    for hours in ((18, 26), (18, 2), ("18:00", "02:00")):
        found = sara.trends.event_days(events, [GAME], hours=hours)
        # The two inside, and the one at midnight that every day has.
        assert found.each["n"].tolist() == [3]
    own = pd.DataFrame({"date": [GAME], "start": ["6:00 pm"], "end": ["02:00"]})
    assert sara.trends.event_days(events, own).each["n"].tolist() == [3]
    late = pd.DataFrame({"date": [GAME], "start": ["18:00"]})
    assert sara.trends.event_days(events, late).each["n"].tolist() == [1]


def test_around_a_place():
    rng = np.random.default_rng(1)
    when = pd.date_range("2024-01-01", periods=366, freq="D").repeat(40) + pd.Timedelta(hours=12)
    east, north = rng.uniform(0, 10_000, (2, len(when)))
    more = [pd.Timestamp(f"{GAME} 20:00")] * 25
    events = table([*when, *more], east=np.r_[east, np.full(25, 5_000)], north=np.r_[north, np.full(25, 5_000)])
    games = gpd.GeoDataFrame({"date": [GAME], "kind": "game"}, geometry=gpd.points_from_xy([5_000], [5_000]), crs=32616)
    centre = games.to_crs(events.crs).geometry.iloc[0]
    near = sara.trends.event_days(events, games, radius="1km").table.iloc[0]
    inside = np.hypot(events["x"] - centre.x, events["y"] - centre.y) <= 1_000
    assert near["n"] == int((inside & (events["time"].dt.date == pd.Timestamp(GAME).date())).sum())
    assert near["ratio"] > 5
    plain = pd.DataFrame({"date": [GAME], "kind": "game"})
    assert sara.trends.event_days(events, plain).table["ratio"].iloc[0] < 2
    same = plain.assign(x=centre.x, y=centre.y, radius="1km")
    assert sara.trends.event_days(events, same).table["n"].iloc[0] == near["n"]
    degrees = games.to_crs(4326).geometry
    assert (
        sara.trends.event_days(events, plain.assign(lon=degrees.x, lat=degrees.y), radius=1_000).table["n"].iloc[0] == near["n"]
    )
    with pytest.raises(InputError, match="`radius` must be given"):
        sara.trends.event_days(events, games)
    source = sara.trends.event_days(sara.open_events(events), games, radius=1_000)
    assert source.text == sara.trends.event_days(events, games, radius=1_000).text


def test_several_days_in_one_row():
    fair = pd.DataFrame({"date": ["2024-06-06"], "date_to": ["2024-06-09"], "name": ["Fair"], "kind": ["festival"]})
    found = sara.trends.event_days(daily(WEEK), fair)
    assert found.table["days"].tolist() == [4]
    assert found.each["ordinary_days"].tolist() == [12] * 4


def test_federal_holidays_stand_on_their_own_date():
    own = us_holidays(pd.Timestamp("2021-01-01"), pd.Timestamp("2021-12-31")).set_index("name")["date"]
    assert own["Independence Day"] == pd.Timestamp("2021-07-04")
    off = us_holidays(pd.Timestamp("2021-01-01"), pd.Timestamp("2021-12-31"), observed=True).set_index("name")["date"]
    assert off["Independence Day"] == pd.Timestamp("2021-07-05")
    assert len(own) == 11


# ---- lawful assemblies


ASSEMBLY = "2024-06-15"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("assembly", "A"), ("Protest", "B"), ("demonstration", "C"), ("vigil", "D"), ("march", "E"), ("", "Protest at City Hall"), ("disturbance", "March for jobs"),
        ("event", "Candlelight vigil"), ("political rally", "F"), ("picket", "G"), ("religious procession", "H"),
    ],
)  # fmt: skip
def test_lawful_assemblies_are_set_aside(kind, name):
    days = pd.DataFrame({"date": [GAME, ASSEMBLY], "kind": ["game", kind], "name": ["Home game", name]})
    found = sara.trends.event_days(daily(with_more(ASSEMBLY, 500)), days)
    assert found.set_aside == 1
    # Not compared, not named, and no ordinary day.
    assert found.table["name"].tolist() == ["Home game"]
    assert found.table["ratio"][0] == 1
    assert found.each["ordinary_days"].tolist() == [11]
    written = json.dumps(found.to_dict())
    assert name not in written.replace("Home game", "") or len(name) == 1
    assert "2024-06-15" not in written
    assert "1 day of lawful assembly is set aside" in found.text


def test_what_falls_on_an_assembly_is_not_compared():
    days = pd.DataFrame(
        {"date": [GAME, GAME, "2024-09-07"], "kind": ["game", "protest", "game"], "name": ["Bears", "x", "Lions"]}
    )
    found = sara.trends.event_days(daily(WEEK), days)
    assert found.table["name"].tolist() == ["Lions"]
    assert found.left_out == {"on the day of a lawful assembly": 1}


def test_assemblies_alone_are_refused():
    for kinds in (None, "protest"):
        with pytest.raises((NotEnoughDataError, InputError), match=r"lawful assembly|can be compared"):
            sara.trends.event_days(daily(WEEK), pd.DataFrame({"date": [GAME], "kind": ["protest"]}), kinds=kinds)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("disturbance", "Bar brawl"), ("festival", "March Madness fair"), ("game", "Rally Cats"), ("holiday", "Labor Day")],
)
def test_what_is_no_assembly_is_compared(kind, name):
    found = sara.trends.event_days(daily(WEEK), pd.DataFrame({"date": [GAME], "kind": [kind], "name": [name]}))
    assert (found.set_aside, len(found.table)) == (0, 1)


# ---- words, figure, sameness


def test_words():
    found = sara.trends.event_days(
        daily(with_more(GAME, 30)), pd.DataFrame({"date": [GAME], "kind": ["game"], "name": ["Lions"]})
    )
    assert found.text == (
        "Game days (1 day): 60 events, where ordinary days give 30: 2.0 times as many (ratio 1.52 to 2.63); more than chance and the swing of ordinary days explain."
    )
    few = sara.trends.event_days(
        daily(with_more("2024-06-15", 1, np.zeros(366, dtype=int))), [GAME], period=("2024-01-01", "2024-12-31")
    )
    assert "too few to tell" in few.text
    assert "%" not in few.text
    back = Result.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False)))
    assert back.text == found.text
    back.plot()


def test_the_figure_names_kinds_and_names():
    days = pd.DataFrame({"date": ["2024-03-02", "2024-05-04", GAME], "name": ["Lions", "Lions", "Bears"], "kind": "game"})
    words = [text.get_text() for text in sara.trends.event_days(daily(WEEK), days).plot().texts]
    assert {"Game days", "Lions", "Bears"} <= set(words)


def test_order_and_source_do_not_matter():
    days = pd.DataFrame({"date": ["2024-03-02", "2024-05-04", GAME, GAME], "name": ["a", "b", "c", "c"], "kind": "game"})
    events = daily(with_more(GAME, 9))
    one = sara.trends.event_days(events, days, hours=(10, 14))
    for other in (sara.trends.event_days(events.sample(frac=1, random_state=1), days.iloc[::-1], hours=(10, 14)),
                  sara.trends.event_days(sara.open_events(events), days, hours=(10, 14))):  # fmt: skip
        assert other.text == one.text
        pd.testing.assert_frame_equal(other.table, one.table, check_dtype=False)
        pd.testing.assert_frame_equal(other.each, one.each, check_dtype=False)
        assert other.counts == one.counts
    # The same day listed twice is one day.
    assert one.each["name"].tolist() == ["a", "b", "c"]


# ---- mistakes


@pytest.mark.parametrize(
    ("days", "match"),
    [
        ([1, 2], "must be a date"), ("2024", "must be a table"), ([], "no rows"), (pd.DataFrame({"a": [1]}), "column date"), ({"2024-13-40": "x"}, "must be a date"),
        (5, "must be a table"), (pd.DataFrame({"date": [GAME], "date_to": ["2024-01-01"]}), "date_to"), (pd.DataFrame({"date": [GAME], "start": ["late"]}), "time of day"),
    ],
)  # fmt: skip
def test_lists_that_are_none(days, match):
    with pytest.raises(InputError, match=match):
        sara.trends.event_days(daily(WEEK), days)


@pytest.mark.parametrize(
    ("bad", "match"),
    [
        ({"hours": (25, 30)}, "`hours`"), ({"hours": 18}, "`hours`"), ({"match": 0}, "`match`"), ({"kinds": "fest"}, "`kinds`"), ({"holidays": "uk"}, "`holidays`"),
        ({"adjust": "x"}, "`adjust`"), ({"confidence": 2}, "`confidence`"),
    ],
)  # fmt: skip
def test_mistakes(bad, match):
    with pytest.raises(InputError, match=match):
        sara.trends.event_days(daily(WEEK), [GAME], **bad)


def test_too_little():
    with pytest.raises(NotEnoughDataError, match="1 outside the period"):
        sara.trends.event_days(daily(WEEK), ["2019-07-04"])
    with pytest.raises(NotEnoughDataError, match="fewer than 3 ordinary days"):
        sara.trends.event_days(daily(WEEK), [GAME], match=1)
    dates = sara.as_events(pd.DataFrame({"when": ["2024-01-01", "2024-06-08", "2024-12-31"]}), time="when")
    if dates.attrs["sara"]["time_precision"] == "day":
        with pytest.raises(InputError, match="`hours` must be left out"):
            sara.trends.event_days(dates, [GAME], hours=(18, 26))


# ---- size by simulation


@pytest.mark.slow
def test_size_with_season_swing_and_memory():
    """Eight home games a fall for three years, on days like any other."""
    rng = np.random.default_rng(3)
    when = np.arange(1_400)
    games = pd.Timestamp("2021-01-01") + pd.to_timedelta(
        np.concatenate([240 + 14 * np.arange(8) + 364 * y for y in range(3)]), unit="D"
    )
    called, outside = [], []
    for _ in range(120):
        z = np.zeros(1_400)
        for k in range(1, 1_400):
            z[k] = np.exp(-1 / 14) * z[k - 1] + np.sqrt(1 - np.exp(-2 / 14)) * rng.normal()
        rate = 10 * (1 + 0.3 * np.cos(2 * np.pi * when / 365.25)) * np.exp(0.15 * z)
        counts = rng.poisson(rate * rng.gamma(rate, 1 / rate))
        found = sara.trends.event_days(daily(counts, start="2021-01-01"), list(games))
        called.append(found.kinds["p"][0] < 0.05)
        outside.append((found.each["flag"] != "no clear difference").any())
    assert np.mean(called) <= 0.09
    assert np.mean(outside) <= 0.1


@pytest.mark.slow
@pytest.mark.real
def test_burglaries_fall_on_holidays(real_data):
    """People are at home: Chicago's burglaries, 2011 to 2014."""
    path = real_data / "chicago" / "burglary_2011-07_2014-11.csv.gz"
    if not path.exists():
        pytest.skip(f"{path.name} is not in the folder of real data")
    found = sara.trends.event_days(sara.read_calls(path), "us-holidays")
    assert found.kinds["flag"].tolist() == ["fewer"]
    assert 0.7 < found.kinds["ratio"][0] < 0.9
    # Days that are nothing special, in the same numbers, are not called.
    plain = sara.trends.event_days(
        sara.read_calls(path), list(pd.date_range("2011-10-12", "2014-09-01", freq="37D")), holidays="us"
    )
    assert plain.kinds["flag"].tolist() == ["no clear difference"]
