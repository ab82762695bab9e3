"""Riverton holds what its truth says, looks like a city, and is the same for the same seed."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from shapely.geometry import shape

from sara._study import read_study
from sara.core.errors import InputError
from sara.data.categories import categorize, help_categories
from sara.teach import city
from sara.teach._write import write_table

# What residents started, by the words of the Source column.
TOLD = ("911", "NON-EMERGENCY", "WALK-IN", "TEXT")
METRES = "EPSG:32616"


@pytest.fixture(scope="module")
def riverton():
    return city(seed=1)


@pytest.fixture(scope="module")
def calls(riverton):
    """The raw calls with what the tests ask for: category, time, month since the start, point."""
    raw = riverton.raw_calls
    time = pd.to_datetime(raw["CallReceived"], format="%m/%d/%Y %H:%M:%S", errors="coerce")
    time = time.where(time.dt.year.between(2022, 2025))
    month = (time.dt.year - 2022) * 12 + time.dt.month - 3
    return raw.assign(category=categorize(raw["CallType"]).to_numpy(), time=time, month=month)


def inside(geometry, table, lon="Longitude", lat="Latitude"):
    return shapely.contains_xy(shape(geometry), table[lon].to_numpy(float), table[lat].to_numpy(float))


def monthly(table):
    return np.bincount(table["month"].dropna().astype(int), minlength=36)[:36]


def once(table):
    """Incidents, by hand: further callers carry the time of the first plus at most 26 minutes, at the same place."""
    table = table.sort_values("time")
    recent = table.groupby(["Longitude", "Latitude"])["time"].diff()
    return table[~(recent <= pd.Timedelta("30min"))]


def test_size_and_period(riverton, calls):
    assert len(riverton.raw_calls) == pytest.approx(150_000, rel=0.04)
    assert len(riverton.raw_complaints) == pytest.approx(40_000, rel=0.04)
    assert calls["time"].min() < pd.Timestamp("2022-03-02")
    assert pd.Timestamp("2025-02-28") < calls["time"].max() < pd.Timestamp("2025-03-01")
    assert (monthly(calls) > 3000).all()


def test_it_is_written_as_json_and_back(riverton):
    assert json.loads(json.dumps(riverton.truth)) == riverton.truth


def test_same_seed_same_city_other_seed_other_city(riverton):
    again, other = city(seed=1), city(seed=2)
    pd.testing.assert_frame_equal(riverton.raw_calls, again.raw_calls)
    pd.testing.assert_frame_equal(riverton.raw_complaints, again.raw_complaints)
    assert riverton.truth == again.truth
    assert len(other.raw_calls) != len(again.raw_calls)
    assert other.truth["problems"][1]["places"] != again.truth["problems"][1]["places"]
    # The map is one city's map.
    assert other.streets.geometry.equals(again.streets.geometry)


def test_changing_one_city_leaves_the_next_alone(riverton):
    mine = city(seed=1)
    mine.areas["name"] = "mine"
    mine.truth["problems"].clear()
    assert riverton.areas["name"].nunique() == 18
    assert len(city(seed=1).truth["problems"]) == 5


@pytest.mark.parametrize("seed", [-1, 1.5, "one"])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises((InputError, ValueError), match=r"seed|whole"):
        city(seed=seed)


def test_streets_are_connected_and_cross_the_river(riverton):
    streets = riverton.streets
    n = int(streets[["from_node", "to_node"]].max().max()) + 1
    graph = coo_matrix((np.ones(len(streets)), (streets["from_node"], streets["to_node"])), shape=(n, n))
    assert connected_components(graph, directed=False)[0] == 1
    river = riverton.facilities.loc[riverton.facilities["use"] == "river", "geometry"].iloc[0]
    wet = streets[streets.intersects(river)]
    assert set(wet["class"]) == {"bridge"} and len(wet) >= 5
    assert (streets["to_number"] >= streets["from_number"]).all()


def test_neighborhoods_tile_the_city(riverton):
    areas = riverton.areas.to_crs(METRES)
    assert 14 <= len(areas) <= 18 and areas["name"].is_unique and areas.is_valid.all()
    whole = areas.union_all()
    # Coordinates are published to 0.1 m: edges may overlap by that much.
    assert areas.area.sum() == pytest.approx(whole.area, rel=1e-5)
    assert len(shapely.get_parts(whole)) == 1
    # Streets, not rulers, made the edges: none of the neighbourhoods fills its box.
    assert (areas.area / areas.envelope.area).median() < 0.8
    shares = areas[["share_english", "share_spanish", "share_vietnamese", "share_other"]].sum(axis=1)
    assert shares.to_numpy() == pytest.approx(1, abs=0.011)
    assert 80_000 < areas["population"].sum() < 120_000


def test_places_are_addresses_on_their_own_street(riverton):
    places = riverton.places
    assert places["address"].is_unique and len(places) > 25_000
    assert {"bar", "apartment complex", "shop", "school", "station", "police headquarters", "house", "park", "campus"} <= set(
        places["use"]
    )
    some = places[places["use"] == "house"].sample(400, random_state=1).to_crs(METRES)
    streets = riverton.streets.to_crs(METRES)
    street = some["address"].str.split(" ", n=1).str[1]
    number = some["address"].str.split(" ").str[0].astype(int)
    for point, name, house in zip(some.geometry, street, number, strict=True):
        own = streets[streets["name"] == name]
        near = own[own.distance(point) < 25]
        assert len(near), name
        assert ((near["from_number"] - 2 <= house) & (house <= near["to_number"] + 2)).any(), (house, name)


def test_planted_events_lie_in_their_polygons(riverton, calls):
    for problem in riverton.truth["problems"]:
        mine = calls[calls["IncidentNumber"].isin(problem["event_ids"])]
        assert len(mine) == problem["n"] == len(problem["event_ids"]), problem["name"]
        assert set(mine["category"]) == {problem["category"]}
        located = mine.dropna(subset=["Longitude"])
        assert len(located) > 0.97 * len(mine)
        assert inside(problem["geometry"], located).mean() > 0.999, problem["name"]
        told = riverton.raw_complaints[riverton.raw_complaints["request_id"].isin(problem["complaint_ids"])]
        assert len(told) == len(problem["complaint_ids"]) > 0


def test_the_strip_is_busy_at_closing_time(riverton, calls):
    strip = calls[calls["IncidentNumber"].isin(riverton.truth["problems"][0]["event_ids"])]
    night = strip["time"] - pd.Timedelta(hours=6)
    closing = night.dt.day_of_week.isin([4, 5]) & strip["time"].dt.hour.isin([23, 0, 1, 2])
    assert closing.mean() > 0.65
    length = (
        gpd.GeoSeries([shape(riverton.truth["response"]["treated"])], crs=4326)
        .to_crs(METRES)
        .minimum_rotated_rectangle()
        .exterior.length.iloc[0]
        / 2
    )
    assert 350 < length < 600
    bars = riverton.places[riverton.places["use"] == "bar"]
    assert (
        inside(
            riverton.truth["response"]["treated"], pd.DataFrame({"Longitude": bars.geometry.x, "Latitude": bars.geometry.y})
        ).sum()
        >= 4
    )


def test_student_noise_is_a_problem_without_its_one_caller(riverton, calls):
    problem = riverton.truth["problems"][2]
    noise = calls[calls["IncidentNumber"].isin(problem["event_ids"])]
    share = noise["CallerID"][noise["CallerID"] != ""].value_counts() / len(noise)
    assert 0.28 < share.iloc[0] < 0.42
    assert share.iloc[1] < 0.02
    # Without that caller: still more noise than any neighbourhood's worth spread over the city.
    per_area = (calls["category"].eq("noise").sum() - len(noise)) / len(riverton.areas)
    assert (1 - share.iloc[0]) * len(noise) > 2 * per_area


def test_burglaries_follow_each_other_nearby(riverton, calls):
    mine = calls[calls["IncidentNumber"].isin(riverton.truth["problems"][3]["event_ids"])].dropna(subset=["Longitude"])
    points = gpd.GeoSeries(gpd.points_from_xy(mine["Longitude"], mine["Latitude"]), crs=4326).to_crs(METRES)
    x, y, day = points.x.to_numpy(), points.y.to_numpy(), mine["time"].to_numpy().astype("datetime64[D]").astype(int)
    pair = np.triu_indices(len(day), 1)
    near = np.hypot(x[pair[0]] - x[pair[1]], y[pair[0]] - y[pair[1]]) <= 150
    soon = np.abs(day[pair[0]] - day[pair[1]]) <= 14
    # Expected if place and time had nothing to do with each other (Knox): row total times column total.
    ratio = (near & soon).sum() / (near.mean() * soon.mean() * near.size)
    # By chance the ratio is 1; the planted chains must stand far above it.
    assert ratio > 3


def test_the_park_and_ride_emerges(riverton, calls):
    month = monthly(calls[calls["IncidentNumber"].isin(riverton.truth["problems"][4]["event_ids"])])
    assert month[:6].mean() < 3 and month[-6:].mean() > 10
    assert month[:12].sum() < month[12:24].sum() < month[24:].sum()


def test_decoys_are_what_they_say(riverton, calls):
    decoys = {decoy["name"]: decoy for decoy in riverton.truth["decoys"]}
    default, mall, park, one, help_ = decoys.values()
    at_default = calls[inside(default["geometry"], calls)]
    assert 0.03 < len(at_default) / len(calls) < 0.05
    assert at_default["category"].nunique() > 30
    for patrol in (mall, park):
        here = calls[inside(patrol["geometry"], calls)]
        assert len(here) > 1000
        assert here["Source"].isin(["OFFICER", "ONVIEW"]).mean() > 0.75
    mine = calls[inside(one["geometry"], calls) & (calls["category"] == one["category"])]
    assert mine["CallerID"].value_counts(normalize=True).iloc[0] >= 0.85
    assert help_["category"] in help_categories()
    assert (calls[inside(help_["geometry"], calls)]["category"] == "domestic").sum() > 100


def test_quiet_neighborhoods_are_not_safe_ones(riverton):
    shares = pd.Series(riverton.truth["reporting"])
    quiet = shares.nsmallest(2)
    assert set(quiet.index) == {"Rosewood", "Brickyard"} and (quiet < 0.45).all()
    assert shares.drop(quiet.index).min() > 0.6
    incidents = pd.DataFrame(riverton.truth["incidents"]).T
    assert (incidents["reported"] / incidents["true"] - shares).abs().max() < 0.02
    people = riverton.areas.set_index("name")["population"]
    rates = incidents.div(people, axis=0)
    # Least calls, but not least incidents.
    assert (
        rates.loc[quiet.index, "reported"].rank().max() <= 2 or rates["reported"].nsmallest(4).index.isin(quiet.index).sum() == 2
    )
    assert (rates.loc[quiet.index, "true"] > rates["true"].quantile(0.25)).all()
    english = riverton.areas.set_index("name")["share_english"]
    assert english[quiet.index].max() < english.drop(quiet.index).min()


def test_officers_and_alarms_are_a_fair_share(calls):
    share = calls["Source"].value_counts(normalize=True)
    assert 0.15 < share[["OFFICER", "ONVIEW"]].sum() < 0.30
    assert 0.03 < share["ALARM COMPANY"] < 0.10
    assert (calls.loc[~calls["Source"].isin(TOLD), "CallerID"] == "").all()


def test_few_places_make_half_of_the_calls(riverton, calls):
    told = calls[calls["Source"].isin(TOLD)]
    n = np.sort(told["Address"].str.upper().value_counts().to_numpy())[::-1]
    k50 = (np.cumsum(n) < n.sum() / 2).sum() / len(riverton.places)
    assert 0.02 < k50 < 0.09


def test_rhythms_differ_by_kind(calls):
    hour = calls.dropna(subset=["time"]).groupby("category")["time"].agg(lambda t: t.dt.hour.isin(range(8, 18)).mean())
    assert hour["fraud"] > 0.8 > hour["traffic collision"] > 0.4 > hour["noise"]
    weekend = calls.dropna(subset=["time"]).groupby("category")["time"].agg(lambda t: t.dt.day_of_week.isin([5, 6]).mean())
    assert weekend["fraud"] < 0.17 < 2 / 7 < weekend["noise"]
    summer = calls.dropna(subset=["time"]).groupby("category")["time"].agg(lambda t: t.dt.month.isin([6, 7, 8]).mean())
    assert summer["animal"] > 0.26 > summer["traffic collision"]


def test_counts_vary_more_than_chance(riverton, calls):
    """Places by month, ordinary city: variance over mean above 1 and no trend to blame (each place against its own mean)."""
    ordinary = once(calls[(calls["category"] == "disorder") & calls["month"].notna()].dropna(subset=["Longitude"]))
    ratios = []
    for geometry in riverton.truth["response"]["comparisons"]:
        month = monthly(ordinary[inside(geometry, ordinary)])
        ratios.append(month.var(ddof=1) / month.mean())
    assert 1.1 < np.mean(ratios) < 2.5


def test_response_and_its_trap(riverton, calls):
    response = riverton.truth["response"]
    disorder = once(calls[calls["category"] == "disorder"].dropna(subset=["Longitude", "time"]))
    strip = monthly(disorder[inside(response["treated"], disorder)])
    twins = np.array([monthly(disorder[inside(one, disorder)]) for one in response["comparisons"]])
    assert 6 <= len(twins) <= 8
    level = twins[:, :24].mean(axis=1) / strip[:24].mean()
    assert (level > 0.35).all() and (level < 1).all()
    assert strip[24:].mean() / strip[:24].mean() - 1 == pytest.approx(response["effect_share"], abs=0.12)
    # The trap: the last half year was the worst luck, and the mean of the two years is not moved by it.
    assert response["temporary_excess_per_month"] > 0.08 * strip[:24].mean()
    assert response["effect_per_month"] < -10 and 0 < response["displacement_per_month"] < -response["effect_per_month"] / 3
    assert response["start"] == "2024-03-01" and len(response["actions"]) == 3
    polygons = gpd.GeoSeries([shape(g) for g in (response["treated"], *response["comparisons"])], crs=4326).to_crs(METRES)
    assert polygons.iloc[1:].distance(polygons.iloc[0]).min() > 2 * response["ring_m"]


@pytest.mark.slow
def test_an_honest_comparison_finds_the_planted_effect():
    """24 months before, 12 after, the truth's own comparison places: the interval from the differences covers the effect in at least 17 of 20 cities."""
    from scipy.stats import t as student

    covered = []
    for seed in range(1, 21):
        made = city(seed=seed)
        raw = made.raw_calls
        raw = raw[(categorize(raw["CallType"]) == "disorder").to_numpy()].dropna(subset=["Longitude"])
        time = pd.to_datetime(raw["CallReceived"], format="%m/%d/%Y %H:%M:%S", errors="coerce")
        raw = once(raw.assign(time=time, month=(time.dt.year - 2022) * 12 + time.dt.month - 3)[time.dt.year.between(2022, 2025)])
        response = made.truth["response"]
        series = [monthly(raw[inside(one, raw)]) for one in (response["treated"], *response["comparisons"])]
        gap = series[0] - np.mean(series[1:], axis=0)
        estimate = gap[24:].mean() - gap[:24].mean()
        half = student.ppf(0.975, 23) * np.sqrt(gap[:24].var(ddof=1) * (1 / 24 + 1 / 12))
        covered.append(abs(estimate - response["effect_per_month"]) <= half)
    assert sum(covered) >= 17


def test_defects_are_there_and_counted(riverton):
    raw, defects = riverton.raw_calls, riverton.truth["defects"]
    assert 0.02 < raw["Longitude"].isna().mean() < 0.05
    first = raw.drop_duplicates()
    assert len(first) > 0.99 * len(raw)
    assert len(raw) - len(first) == defects["exact_copies"] > 50
    assert (first["Longitude"].isna()).sum() == pytest.approx(defects["no_coordinates"], abs=2)
    assert (first["Longitude"] == 0).sum() == defects["at_zero"] > 20
    assert (first["Latitude"] < 0).sum() == defects["swapped"] > 3
    received = pd.to_datetime(first["CallReceived"], format="%m/%d/%Y %H:%M:%S", errors="coerce")
    # pandas 2 knows no year after 2262: the year is read from the text.
    future = first["CallReceived"].str.extract(r"^\d\d/\d\d/(\d{4})", expand=False).astype(float) > 2100
    assert future.sum() == defects["far_future_date"]
    assert (first["CallReceived"] == "").sum() == defects["blank_time"]
    assert (received.isna() & (first["CallReceived"] != "") & ~future).sum() == defects["impossible_date"] + defects[
        "unreadable_time"
    ]
    sent, there = (pd.to_datetime(first[name], format="%m/%d/%Y %H:%M:%S", errors="coerce") for name in ("Dispatched", "Arrived"))
    assert (there < sent).sum() == defects["arrived_before_dispatched"]
    assert defects["further_reports"] > 3000
    at_home = riverton.areas.to_crs(METRES)
    new = at_home.loc[at_home["name"] == "Prairie Crossing", "geometry"].iloc[0]
    assert new.area > 1e6


def test_a_new_subdivision_loses_its_coordinates(riverton):
    told = riverton.raw_complaints
    lost = told.groupby("neighborhood")["latitude"].agg(lambda v: v.isna().mean())
    assert lost.idxmax() == "Prairie Crossing" and lost.max() > 0.6
    assert lost.drop("Prairie Crossing").max() < 0.04


def test_complaint_texts_teach_care(riverton):
    text = riverton.raw_complaints["description"]
    assert text.str.contains("<script>", regex=False).sum() >= 2
    assert text.str.startswith(("=", "+", "@", "-")).sum() >= 5
    assert text.str.contains(r"555-01\d\d").sum() > 200
    assert text.str.startswith("Happened on").sum() == pytest.approx(
        riverton.truth["complaint_defects"]["entered_days_later"], rel=0.15
    )
    language = riverton.raw_complaints.groupby("neighborhood")["language"].agg(lambda v: (v == "Spanish").mean())
    assert language.idxmax() == "Rosewood"


def test_event_tables_come_from_the_files(riverton):
    events = riverton.complaints
    assert len(events) + events.attrs["sara"]["rows_rejected"] == len(riverton.raw_complaints)
    assert events.attrs["sara"]["coverage"][0] == "2022-03-01"
    assert {"noise", "disorder", "drugs", "street light"} <= set(events["category"].dropna())
    assert events["caller"].notna().mean() > 0.5


def test_written_study_is_a_study(riverton, tmp_path):
    out = riverton.write(tmp_path / "city")
    study = read_study(out / "study.toml")
    assert study.study.respond.start == "2024-03-01" and len(study.study.respond.action) == 3
    for name in (
        "calls.csv.gz",
        "complaints.csv.gz",
        "areas.geojson",
        "streets.geojson.gz",
        "places.csv.gz",
        "facilities.geojson",
        "strip.geojson",
        "truth.json",
    ):
        assert (out / name).stat().st_size > 500, name
    assert json.loads((out / "truth.json").read_text(encoding="utf-8")) == riverton.truth
    back = pd.read_csv(out / "calls.csv.gz", dtype=str, keep_default_na=False)
    assert len(back) == len(riverton.raw_calls)
    assert (back["Address"] == riverton.raw_calls["Address"].astype(str)).all()
    # The same table gives the same bytes, whatever the hour and the name of the file.
    write_table(riverton.raw_complaints, tmp_path / "again.csv.gz")
    assert (tmp_path / "again.csv.gz").read_bytes() == (out / "complaints.csv.gz").read_bytes()
