"""Compare: windows and their dates, published tests, rows and words, no percent on small counts, size by simulation, mistakes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.rates import test_poisson_2indep as two_rates

import sara
from sara.core.errors import InputError, NotEnoughDataError
from sara.trends._input.windows import rule_of


def events_at(times, crs=None, **columns):
    where = {"x": "east", "y": "north", "crs": 32616} if "east" in columns else {}
    named = {c: c for c in columns if c in ("category", "place", "origin")}
    return sara.as_events(pd.DataFrame({"when": times, **columns}), time="when", **where, **named)


def counted_days(counts, start="2021-01-01", **columns):
    """Return one event at noon for each of the counts of consecutive days."""
    days = pd.date_range(start, periods=len(counts), freq="D") + pd.Timedelta(hours=12)
    return events_at(days.repeat(np.asarray(counts)), **columns)


def noisy(rows, *, mean=1.0, days=1461, seed=1, phi=1.0, season=0.0, memory=0.0):
    """Return daily counts of rows without a change: season, days that swing, weeks that swing together."""
    rng = np.random.default_rng(seed)
    rate = mean * (1 + season * np.cos(2 * np.pi * np.arange(days) / 365.25)) * np.ones((rows, 1))
    if memory:
        z = np.zeros((rows, days))
        z[:, 0] = rng.normal(size=rows)
        for k in range(1, days):
            z[:, k] = np.exp(-1 / 14) * z[:, k - 1] + np.sqrt(1 - np.exp(-2 / 14)) * rng.normal(size=rows)
        rate = rate * np.exp(memory * z - memory**2 / 2)
    if phi > 1:
        rate = rate * rng.gamma(rate / (phi - 1), (phi - 1) / rate)
    return rng.poisson(rate)


def city(counts, start="2021-01-01"):
    """Return an event table with one category per row of counts."""
    rows, days = counts.shape
    when = (pd.date_range(start, periods=days, freq="D") + pd.Timedelta(hours=9)).to_numpy()
    at, row = np.tile(when, rows).repeat(counts.ravel()), np.repeat(np.arange(rows), days).repeat(counts.ravel())
    out = events_at(at, category=np.array([f"kind {k:03d}" for k in range(rows)])[row])
    out.attrs["sara"]["coverage"] = [start, str((pd.Timestamp(start) + pd.Timedelta(days=days)).date())]
    return out


# ---- windows


def spans(found):
    return {
        row.window: (f"{row.start:%Y-%m-%d}", f"{row.end - pd.Timedelta(days=1):%Y-%m-%d}", row.days)
        for row in found.windows.itertuples()
    }


STEADY = counted_days(np.ones(365 * 5 + 1, dtype=int), start="2020-01-01")


def test_year_to_date_on_29_february():
    found = sara.trends.compare(STEADY, window="YTD", as_of="2024-02-29")
    assert spans(found) == {
        "now": ("2024-01-01", "2024-02-29", 60),
        "before": ("2023-01-01", "2023-02-28", 59),
        "2023": ("2023-01-01", "2023-02-28", 59),
        "2022": ("2022-01-01", "2022-02-28", 59),
        "2021": ("2021-01-01", "2021-02-28", 59),
    }
    # One a day in all years: the day more is no rise.
    assert found.table["ratio"][0] == pytest.approx(1)
    assert found.table["earlier"][0] == pytest.approx(60)


def test_years_to_date_around_a_leap_day():
    after = spans(sara.trends.compare(STEADY, window="YTD", as_of="2024-03-01", years=1))
    assert (after["now"], after["2023"]) == (("2024-01-01", "2024-03-01", 61), ("2023-01-01", "2023-03-01", 60))
    earlier = spans(sara.trends.compare(STEADY, window="YTD", as_of="2023-02-28"))
    assert earlier["2020"] == ("2020-01-01", "2020-02-28", 59)
    whole = spans(sara.trends.compare(STEADY, window="YTD", as_of="2023-12-31"))
    assert (whole["now"][2], whole["2020"][2]) == (365, 366)


def test_windows_of_days_keep_their_weekdays():
    found = sara.trends.compare(STEADY, window="28D", as_of="2024-06-30")
    ends = found.windows.set_index("window")["end"]
    assert ends["now"] == pd.Timestamp("2024-07-01")
    assert {end.day_of_week for end in ends} == {0}
    assert ends["before"] == pd.Timestamp("2024-06-03")
    # Never more than half a week from the same date.
    for year in ("2023", "2022", "2021"):
        assert abs((ends[year] - pd.Timestamp(f"{year}-07-01")).days) <= 3
    assert spans(sara.trends.compare(STEADY, window="3D", as_of="2024-06-30"))["before"] == ("2024-06-21", "2024-06-23", 3)


def test_months_are_whole_months():
    found = spans(sara.trends.compare(STEADY, window="MS", as_of="2024-03-30"))
    assert found["now"] == ("2024-02-01", "2024-02-29", 29)
    assert (found["before"], found["2023"]) == (("2024-01-01", "2024-01-31", 31), ("2023-02-01", "2023-02-28", 28))
    assert spans(sara.trends.compare(STEADY, window="MS", as_of="2024-03-31"))["now"] == ("2024-03-01", "2024-03-31", 31)
    year = spans(sara.trends.compare(STEADY, window="12MS", as_of="2024-03-30"))
    assert (year["now"], year["before"]) == (("2023-03-01", "2024-02-29", 366), ("2022-03-01", "2023-02-28", 365))
    to_date = spans(sara.trends.compare(STEADY, window="MTD", as_of="2024-03-31"))
    assert (to_date["now"], to_date["before"]) == (("2024-03-01", "2024-03-31", 31), ("2024-02-01", "2024-02-29", 29))


@pytest.mark.parametrize(("given", "kind", "size"), [("7D", "D", 7), ("4W", "D", 28), ("28 days", "D", 28), ("M", "MS", 1), ("QS", "MS", 3), ("ytd", "YTD", 1)])  # fmt: skip
def test_windows_as_people_type_them(given, kind, size):
    assert (rule_of(given).kind, rule_of(given).size) == (kind, size)


def test_a_year_compared_is_a_year_the_data_hold():
    found = sara.trends.compare(STEADY, window="28D", as_of="2022-02-10")
    assert {"2021", "2020", "2022"} >= set(found.windows["window"]) - {"now", "before"}
    assert found.settings["years"].value == 2
    assert any("2 earlier years of 3" in caution for caution in found.cautions)
    short = sara.trends.compare(STEADY, window="28D", as_of="2020-09-30")
    assert (short.against, short.settings["against"].chosen_by) == ("before", "sara")
    assert short.table["last_year"].isna().all()


# ---- numbers


def two_windows(now, before):
    """Return what 56 days give, with counts in each half and nothing else: too short to know more than chance."""
    counts = np.zeros(56, dtype=int)
    counts[0], counts[55] = before, now
    events = counted_days(counts)
    # A test of two numbers: the days between are known to be empty.
    events.attrs["sara"]["gaps"] = []
    return sara.trends.compare(events, period=("2021-01-01", "2021-02-25"))


@pytest.mark.parametrize(("now", "before", "p"), [(6, 2, 0.1748748), (2, 6, 0.1748748), (0, 3, 0.0883790), (3, 0, 0.0883790)])
def test_published_p_values_of_the_e_test(now, before, p):
    row = two_windows(now, before).table.iloc[0]
    assert (row["n"], row["before"]) == (now, before)
    assert row["p"] == pytest.approx(p, abs=1e-6)
    assert pd.isna(row["percent"])


def test_the_textbooks_z_by_name():
    # 33 this year against 95.4, the mean of five.
    starts = [f"{year}-01-01" for year in range(2020, 2026)]
    parts = [events_at([f"{day} 12:00"] * n) for day, n in zip(starts, [95, 95, 95, 96, 96, 33], strict=True)]
    events = sara.as_events(pd.concat(parts)[["time"]].reset_index(drop=True), time="time")
    found = sara.trends.compare(
        events, window="YTD", as_of="2025-01-01", years=5, period=("2020-01-01", "2025-01-01"), method="square-root"
    )
    assert found.table["earlier"][0] == pytest.approx(95.4)
    assert found.table["z"][0] == pytest.approx(-8.045459, abs=1e-6)
    assert any("calls far more" in caution for caution in found.cautions)


def test_both_counts_are_random_and_windows_have_lengths():
    counts = np.ones(1461, dtype=int)
    counts[-28:] = 2
    counts[-1] = 3
    found = sara.trends.compare(counted_days(counts))
    row = found.table.iloc[0]
    assert (row["n"], row["before"], row["last_year"], row["earlier"], row["swing"]) == (57, 28, 28, 28, 1)
    assert row["ratio"] == pytest.approx(57 / 28)
    assert row["p"] == pytest.approx(two_rates(57, 28, 84, 84, method="etest").pvalue, abs=1e-6)
    assert row["before_p"] == pytest.approx(two_rates(57, 28, 28, 28, method="etest").pvalue, abs=1e-6)
    assert row["z"] == pytest.approx(2 * (np.sqrt(57) - np.sqrt(28)) / np.sqrt(4 / 3))
    assert row["percent"] == pytest.approx(100 * 29 / 28)
    assert (row["difference"], row["flag"]) == (29, "more")


def test_rows_and_total_add_up_and_p_values_are_adjusted_without_the_total():
    counts = noisy(12, mean=2.0)
    counts[3, -28:] *= 4
    found = sara.trends.compare(city(counts), by="category")
    table = found.table
    assert table["is_total"].tolist() == [True] + [False] * 12
    rows = table[~table["is_total"]]
    assert table["n"].iloc[0] == rows["n"].sum() == counts[:, -28:].sum()
    assert table["before"].iloc[0] == rows["before"].sum()
    assert rows["p_adjusted"].to_numpy() == pytest.approx(multipletests(rows["p"], method="fdr_bh")[1])
    assert table["p_adjusted"].iloc[0] == table["p"].iloc[0]
    assert rows["category"].iloc[0] == "kind 003"
    assert rows["flag"].iloc[0] == "more"
    assert found.counts.rows_used == counts.sum()
    plain = sara.trends.compare(city(counts), by="category", adjust="none")
    assert plain.table["p_adjusted"].to_numpy() == pytest.approx(plain.table["p"].to_numpy())
    # The order is that of the evidence.
    assert rows["p_adjusted"].is_monotonic_increasing


def test_swing_of_the_history_is_used():
    still, wild = noisy(1, mean=4.0)[0], noisy(1, mean=4.0, phi=6.0)[0]
    one, two = (sara.trends.compare(counted_days(x)).table.iloc[0] for x in (still, wild))
    assert one["swing"] < 1.8
    assert two["swing"] > 2.5
    assert (two["high"] / two["low"]) > 1.3 * (one["high"] / one["low"])


def test_few_are_no_test_and_no_percent():
    found = two_windows(1, 2)
    row = found.table.iloc[0]
    assert row["flag"] == "too few to tell"
    assert np.isnan(row["p_adjusted"])
    assert "too few to tell" in found.text
    assert "%" not in two_windows(19, 19).text
    assert np.isnan(two_windows(30, 19).table["percent"][0])
    assert two_windows(30, 20).table["percent"][0] == pytest.approx(50)
    assert "%" not in two_windows(30, 19).text


def test_a_gap_is_not_a_quiet_time():
    counts = np.full(1461, 10)
    counts[-10:-5] = 0
    events = counted_days(counts)
    events.attrs["sara"]["gaps"] = [["2024-12-22", "2024-12-27"]]
    found = sara.trends.compare(events)
    assert found.windows.set_index("window")["days"]["now"] == 23
    assert found.table["ratio"][0] == pytest.approx(1)
    assert any("gaps" in caution for caution in found.cautions)
    blind = counted_days(counts)
    blind.attrs["sara"]["gaps"] = []
    assert sara.trends.compare(blind).table["ratio"][0] < 0.9


def test_years_that_differ_are_told():
    counts = np.r_[np.full(365, 9), np.full(365, 6), np.full(365, 2), np.full(366, 2)]
    found = sara.trends.compare(counted_days(counts))
    row = found.table.iloc[0]
    assert bool(row["years_differ"])
    assert row["flag"] == "fewer"
    assert "last year 56" in found.text
    assert not sara.trends.compare(STEADY).table["years_differ"].any()


# ---- words and figures


def test_words_say_what_was_compared():
    counts = np.full(1461, 10)
    counts[-28:] = 20
    found = sara.trends.compare(counted_days(counts))
    assert found.text == (
        "Events: 560 in the 28 days to 2024-12-31, 280 a year in the same weeks of 2021 to 2023: 100 % more (ratio 1.80 to 2.23); more than chance and the usual ups "
        "and downs explain."
    )
    assert found.sentences == (found.text,)


def test_one_sentence_a_row_and_the_whole():
    counts = noisy(6, mean=3.0, seed=4)
    counts[2, -28:] *= 3
    found = sara.trends.compare(city(counts), by="category")
    assert len(found.sentences) == 7
    assert found.sentences[0].startswith("All events: ")
    assert found.sentences[1].startswith("Kind 002: ")
    assert found.text.startswith("Of 6 rows by category, beyond chance and the usual ups and downs: 1 more (kind 002)")
    assert "1 in 20 rows called" in found.text
    quiet = sara.trends.compare(city(noisy(3, mean=3.0, seed=5)), by="category")
    assert quiet.text.startswith("None of 3 rows by category differs by more than")


def test_the_figure_has_a_line_a_row_and_marks():
    found = sara.trends.compare(city(noisy(5, mean=3.0)), by="category", n=3)
    ax = found.plot(marks={"2024-03-01": "new codes"})
    words = [text.get_text() for text in ax.texts]
    assert "All events" in words
    assert sum(word.startswith("Kind") for word in words) == 3
    assert "new codes" in words
    assert "the first 3 of 5 rows" in " ".join(words).replace("\n", " ")


def test_places_are_blurred_and_calls_for_help_stay_off():
    places = ["1423 N 35TH ST"] * 400 + ["77 ELM ST"] * 400
    when = pd.date_range("2023-01-01", periods=400, freq="D")
    events = events_at(when.append(when), place=places, category=["noise"] * 400 + ["domestic"] * 400)
    found = sara.trends.compare(events, by="place")
    assert "1423" not in found.text + " ".join(found.sentences) + " ".join(t.get_text() for t in found.plot().texts)
    assert found.private_columns == ("place",)
    assert set(found.table["place"]) == {"all", "1423 N 35TH ST"}
    assert found.counts.left_out["calls for help (kept off lists of places)"] == 400


# ---- the same from anywhere


def test_a_source_gives_the_same():
    events = city(noisy(4, mean=1.0))
    one, two = sara.trends.compare(events, by="category"), sara.trends.compare(sara.open_events(events), by="category")
    assert one.text == two.text
    pd.testing.assert_frame_equal(one.table, two.table, check_dtype=False)
    assert one.counts == two.counts


def test_areas_from_their_shapes():
    import geopandas as gpd

    rng = np.random.default_rng(2)
    when = pd.date_range("2023-01-01", periods=700, freq="D").repeat(2)
    east = rng.uniform(0, 3_000, len(when))
    events = events_at(when, east=east, north=np.full(len(when), 500.0))
    areas = gpd.GeoDataFrame(
        {"name": ["West", "East"]}, geometry=[shapely.box(0, 0, 1_000, 1_000), shapely.box(1_000, 0, 2_000, 1_000)], crs=32616
    )
    found = sara.trends.compare(events, areas=areas)
    assert set(found.table["area"]) == {"all", "West", "East"}
    assert found.counts.left_out["with no area"] == int((east > 2_000).sum())
    other = sara.trends.compare(sara.open_events(events), by="area", areas=areas)
    assert other.text == found.text
    assert other.counts == found.counts


# ---- mistakes


@pytest.mark.parametrize(
    ("bad", "match"),
    [
        ({"window": "5"}, "`window` must be one of"), ({"window": "400D"}, "at most a year"), ({"window": 28}, "`window` must be"), ({"window": "2YTD"}, "`window`"),
        ({"as_of": "2031-01-01"}, "`as_of` must be a day of the period"), ({"by": "caller"}, "no person is ranked"), ({"by": "nope"}, "names a column"),
        ({"by": ["a", "b"]}, "must name one column"), ({"against": "month"}, "`against`"), ({"method": "z"}, "`method`"), ({"adjust": "holm"}, "`adjust`"),
        ({"years": 0}, "`years`"), ({"n": 0}, "`n`"), ({"confidence": 95}, "`confidence`"),
    ],
)  # fmt: skip
def test_mistakes(bad, match):
    with pytest.raises(InputError, match=match):
        sara.trends.compare(STEADY, **bad)


def test_too_little():
    with pytest.raises(NotEnoughDataError, match="begins before the data"):
        sara.trends.compare(STEADY, period=("2024-12-20", "2024-12-31"))
    with pytest.raises(NotEnoughDataError, match="the window before in the data"):
        sara.trends.compare(STEADY, period=("2024-11-20", "2024-12-31"))
    with pytest.raises(NotEnoughDataError, match="an earlier year"):
        sara.trends.compare(STEADY, against="years", period=("2024-06-01", "2024-12-31"))
    with pytest.raises(NotEnoughDataError, match="at least 1 event"):
        sara.trends.compare(STEADY, period=("2010-01-01", "2010-12-31"))


@pytest.mark.parametrize("window", ["1D", "7D", "28D", "MS", "12MS", "MTD", "YTD"])
def test_odd_input(window):
    # Ten days after the last row in which 10 were due are empty; 30 would be unknown.
    for counts in (np.full(900, 1_000), np.r_[np.ones(899, dtype=int), 0], np.r_[np.full(890, 1), np.zeros(10, dtype=int)]):
        found = sara.trends.compare(counted_days(counts), window=window, period=("2021-01-01", "2023-06-19"))
        assert found.text
        assert not found.table["p"].gt(1).any()
    found.plot()


# ---- size by simulation


def called(events, window, key):
    """Return the share of rows whose plain p-value is below 0.05."""
    return float((sara.trends.compare(events, by="category", window=window).table.iloc[1:][key] < 0.05).mean())


@pytest.mark.slow
@pytest.mark.parametrize("world", [{}, {"phi": 2.0}, {"season": 0.3}, {"memory": 0.2}, {"phi": 1.5, "season": 0.3, "memory": 0.15}], ids=str)  # fmt: skip
def test_size_under_swing_season_and_memory(world):
    events = city(noisy(200, mean=1.0, seed=9, **world))
    for window in ("7D", "28D", "12MS"):
        for key in ("p", "before_p"):
            assert called(events, window, key) <= 0.095


def test_size_of_a_quiet_city():
    assert called(city(noisy(120, mean=0.5, seed=9, phi=1.5)), "28D", "p") <= 0.1


def test_the_textbooks_z_calls_too_much():
    counts = noisy(120, mean=1.0, seed=9)
    plain = sara.trends.compare(city(counts), by="category", against="before", method="square-root").table.iloc[1:]
    assert (plain["z"].abs() > 1.96).mean() > 0.1


@pytest.mark.slow
@pytest.mark.real
def test_real_cities_are_not_full_of_alarms(real_data):
    """Chicago burglary, 79 areas, each of 12 days: what is called against the window before."""
    path = real_data / "chicago" / "burglary_2011-07_2014-11.csv.gz"
    if not path.exists():
        pytest.skip(f"{path.name} is not in the folder of real data")
    events = sara.read_calls(path)
    areas = sara.read_areas(real_data / "chicago" / "chicago_neighborhoods.geojson")
    share = []
    for as_of in pd.date_range("2013-09-30", "2014-09-30", freq="61D"):
        table = sara.trends.compare(events, areas=areas, as_of=as_of, against="before").table.iloc[1:]
        share.append((table["p"] < 0.05).mean())
        assert table["flag"].isin(["more", "fewer"]).sum() <= 8
    assert np.mean(share) < 0.09


# ---- windows that are not as long


def test_counts_are_those_of_the_file_and_compared_by_the_day():
    leap = sara.trends.compare(counted_days(np.ones(1155, dtype=int)), window="YTD", as_of="2024-02-29").text
    assert ", 59 a year in the same days of 2021 to 2023: as many by the day (" in leap
    months = sara.trends.compare(
        counted_days(np.r_[np.full(31, 2), np.ones(28, dtype=int), 2], start="2024-01-01"), window="MS"
    ).text
    assert "30 in February 2024, 62 in the month before: 48 % fewer by the day (" in months


def test_unknown_days_of_a_window_are_named():
    counts = np.full(1074, 30)
    counts[-21:-18] = 0
    for against, words in (("years", "840 a year in the same weeks"), ("before", "840 in the 28 days before")):
        found = sara.trends.compare(counted_days(counts), window="28D", against=against)
        assert "(25 of the 28 days are known), " + words in found.text
        assert ": as many by the day (" in found.text
    later = sara.trends.compare(counted_days(np.r_[counts, np.full(10, 30)]), window="28D", against="before")
    assert (
        "750 in the 28 days before (25 of the 28 days are known): as many by the day ("
        in sara.trends.compare(counted_days(np.r_[counts, np.full(21, 30)]), window="28D", against="before").text
    )
    assert any("gaps in these windows" in words for words in later.cautions)
