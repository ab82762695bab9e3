"""Each finding of the audit: a fault is planted, its count is known."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from sara.data.audit import audit
from sara.data.duplicates import dedupe
from sara.data.quality.precision import precision
from sara.data.quality.stacks import default_points, known_points
from sara.data.quality.times import _gaps
from sara.data.schema import as_events

EAST, NORTH = 440_000.0, 4_500_000.0
TYPES = ["NOISE COMPLAINT", "FIGHT", "THEFT", "BURGLARY", "SUSPICIOUS PERSON"]


def town(n=6_000, *, days=365, seed=1):
    """Calls spread evenly over a year and a town of 5 km, none of them odd."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame({
        "no": [f"c{i}" for i in range(n)], "when": pd.Timestamp("2023-01-01") + pd.to_timedelta(np.sort(rng.integers(0, days * 1440, n)), unit="min"),
        "what": rng.choice(TYPES, n), "where": [f"{h} OAK ST" for h in rng.integers(1, 3000, n)], "x": EAST + rng.uniform(0, 5000, n),
        "y": NORTH + rng.uniform(0, 5000, n),
    })  # fmt: skip


def events_of(table, **more):
    return as_events(table, id="no", time="when", type="what", place="where", x="x", y="y", crs=32616, **more)


def found(events, kind, words="", **options):
    table = audit(events, **options).table
    return table[(table["kind"] == kind) & table["finding"].str.contains(words, regex=False)]


def degrees(table):
    points = gpd.GeoSeries(gpd.points_from_xy(table["x"], table["y"]), crs=32616).to_crs(4326)
    return table.assign(lon=points.x, lat=points.y).drop(columns=["x", "y"])


def test_a_file_without_a_fault_has_none():
    table = audit(events_of(town())).table
    assert table.loc[~table["severity"].isin(["ok"]), "kind"].tolist() == ["origin"]
    assert table["severity"].isin(["ok", "note"]).all()
    assert (table["why"].str.len() > 0).all()
    assert (table.loc[table["severity"] != "ok", "overrule"].str.len() > 0).all()


@pytest.mark.parametrize(
    ("slip", "words"),
    [
        (lambda t: t.assign(lon=t["lat"], lat=t["lon"]), "longitude and latitude swapped"),
        (lambda t: t.assign(lon=-t["lon"]), "sign of their longitude lost"),
        (lambda t: t.assign(lat=-t["lat"]), "sign of their latitude lost"),
    ],
)
def test_what_moved_a_far_point_is_said(slip, words):
    table = degrees(town(2_000))
    table.iloc[:40] = slip(table.iloc[:40].copy())
    events = as_events(table, id="no", time="when", type="what", place="where", lon="lon", lat="lat")
    assert found(events, "location", "far from the city")["n"].tolist() == [40]
    assert found(events, "location", words)["n"].tolist() == [40]


def test_zeroed_points_are_counted_by_reason():
    table = town(1_000)
    table.loc[:24, ["x", "y"]] = 0.0
    events = events_of(table)
    assert found(events, "location", "none: zero")["n"].tolist() == [25]
    assert audit(events).waterfall.set_index("step").loc["without a location", "n"] == 25


def test_a_boundary_of_another_city_or_system_is_not_used():
    here = gpd.GeoDataFrame({"name": ["all"]}, geometry=[box(EAST - 1, NORTH - 1, EAST + 4000, NORTH + 5001)], crs=32616)
    events = events_of(town())
    outside = int((events["x"] > EAST + 4000).sum())
    for areas in (here, here.to_crs(4326), here.to_crs(3435)):
        assert found(events, "location", "outside all areas", areas=areas)["n"].tolist() == [outside]
    elsewhere = here.translate(90_000)
    wrong = gpd.GeoDataFrame(here.drop(columns="geometry"), geometry=here.geometry.to_numpy(), crs=32617)
    for areas in (gpd.GeoDataFrame(geometry=elsewhere), wrong):
        result = audit(events, areas=areas)
        assert result.table.query("severity == 'serious'")["finding"].str.contains("another city").tolist() == [True]
        assert "outside the areas" not in result.waterfall["step"].tolist()
        assert result.cautions


def test_the_record_of_the_whole_file_speaks_for_a_part_of_it():
    table = town()
    table.loc[:299, ["x", "y"]] = [EAST + 50, NORTH + 50]
    events = events_of(table)
    x, y, n = events.attrs["sara"]["default_points"][0]
    assert (round(x), round(y), n) == (EAST + 50, NORTH + 50, 300)
    part = events[events["type"] == "FIGHT"]
    here = int(((part["x"] == EAST + 50) & (part["y"] == NORTH + 50)).sum())
    assert default_points(part)["n"].tolist() == [here]
    assert audit(part).waterfall.set_index("step").loc["at a default address", "n"] == here
    told = audit(events).default_points.iloc[0]
    assert told["n_addresses"] == events["place"][:].iloc[np.flatnonzero(events["x"] == EAST + 50)].nunique()
    assert told["addresses"].count("block of OAK ST") == 3
    moved = events.to_crs(32617)
    moved["x"], moved["y"] = moved.geometry.x, moved.geometry.y
    assert default_points(moved)["n"].tolist() == [300]
    assert np.allclose(
        known_points(moved)[0, :2],
        [
            moved["x"].iloc[np.flatnonzero(events["x"] == EAST + 50)[0]],
            moved["y"].iloc[np.flatnonzero(events["x"] == EAST + 50)[0]],
        ],
    )
    overruled = events.copy()
    overruled.attrs["sara"] = {**events.attrs["sara"], "default_points": []}
    assert len(audit(overruled).default_points) == 0


def test_misses_by_type_and_area_are_told_where_they_matter():
    table = town().assign(area=np.where(np.arange(6_000) % 3 == 0, "north", "south"))
    away = (table["area"] == "north") & (np.arange(6_000) % 2 == 0)
    table.loc[away, ["x", "y"]] = np.nan
    low = found(events_of(table), "geocoding", "missing from the map")
    assert low["n"].tolist() == [int(away.sum())]
    assert (
        "1 area is missing from the map more often than the others (Cramer's V 0.63): north (50.0 % mapped)"
        in low["finding"].iloc[0]
    )
    # A rare area without points is true, and of no consequence.
    few = town().assign(area=np.where(np.arange(6_000) < 40, "rare", "south"))
    few.loc[:9, ["x", "y"]] = np.nan
    events = events_of(few)
    assert audit(events).geocoding["is_low"].any()
    assert len(found(events, "geocoding", "missing from the map")) == 0


def test_lattices_blocks_and_block_middles_name_the_smallest_cell():
    table = town(3_000)
    snapped = table.assign(x=(table["x"] / 50).round() * 50, y=(table["y"] / 50).round() * 50)
    events = events_of(snapped)
    assert events.attrs["sara"]["smallest_cell"] == 100
    assert "lattice of 50 m" in found(events, "precision")["finding"].iloc[0]
    blocks = table.assign(where=[f"{h} BLOCK OF OAK ST" for h in np.arange(3_000) // 100 * 100])
    assert events_of(blocks).attrs["sara"]["smallest_cell"] == 200
    house = np.arange(3_000) % 1_000
    middles = table.assign(
        where=[f"{h + 1} OAK ST" for h in house],
        x=EAST + house // 10 * 37.0 + np.sin(house // 10),
        y=NORTH + (house // 10) ** 1.5,
    )
    assert precision(events_of(middles)).middles == 1.0
    assert events_of(middles).attrs["sara"]["smallest_cell"] == 200
    assert precision(events_of(table)).smallest_cell in (None, 10)


@pytest.mark.parametrize(("hour", "words"), [("00:00", "exactly at midnight"), ("12:00", "exactly at noon")])
def test_a_default_hour_is_counted(hour, words):
    table = town()
    table.loc[::20, "when"] = table.loc[::20, "when"].dt.normalize() + pd.Timedelta(hour + ":00")
    n = int((table["when"].dt.strftime("%H:%M") == hour).sum())
    assert found(events_of(table), "time", words)["n"].tolist() == [n]


def test_cases_still_open_and_reports_that_come_late():
    table = town(days=120).rename(columns={"when": "received"})
    table["closed"] = (table["received"] + pd.Timedelta("30min")).astype("datetime64[us]")
    late = table["received"] >= table["received"].max().normalize() - pd.Timedelta("13D")
    table.loc[late & (np.arange(len(table)) % 2 == 0), "closed"] = pd.NaT
    events = as_events(table, id="no", type="what", place="where", x="x", y="y", crs=32616)
    n = int((late & (np.arange(len(table)) % 2 == 0)).sum())
    assert found(events, "lag", "not closed yet")["n"].tolist() == [n]
    told = town(days=120)
    told["received"] = told["when"] + pd.to_timedelta(np.where(np.arange(len(told)) % 10 == 0, 20, 0), unit="D")
    assert found(events_of(told), "lag", "20 days or more after the fact")["n"].tolist() == [600]


def test_a_type_with_a_new_name_is_paired():
    table = town()
    late = (table["what"] == "FIGHT") & (table["when"] >= "2023-07-01")
    table.loc[late, "what"] = "FIGHT IN PROGRESS"
    renamed = found(events_of(table), "types", "new name")
    assert renamed["finding"].tolist() == ["1 type seems to have a new name: FIGHT becomes FIGHT IN PROGRESS (2023-06)"]
    assert renamed["n"].iloc[0] == (table["what"].isin(["FIGHT", "FIGHT IN PROGRESS"])).sum()


def test_an_office_closed_on_sundays_has_no_gaps_and_a_dead_feed_has():
    days = np.where(np.arange(700) % 7 == 6, 0, 40)
    assert _gaps(days) == []
    days[350:360] = 0  # the Sunday before belongs to the empty run, and adds nothing to what was due
    assert _gaps(days) == [(349, 11, 360.0)]
    table = town(20_000)
    thin = (table["when"] >= "2023-05-01") & (table["when"] < "2023-05-15") & (np.arange(20_000) % 10 > 0)
    weeks = found(events_of(table[~thin]), "coverage", "less than a quarter")
    assert weeks["severity"].tolist() == ["warning"]


def test_each_kind_of_duplicate_is_counted_apart():
    table = town(3_000).assign(unit="A1", victim_age=30, note="first", result="DONE")
    table.loc[:9, "result"] = "Closed - Dup"
    day = table["when"].dt.normalize() == pd.Timestamp("2023-03-01")
    more = [
        table[day].assign(no=lambda t: "again-" + t["no"]),
        table.iloc[100:120].assign(unit="B2"),
        table.iloc[200:205].assign(victim_age=44),
        table.iloc[300:307].assign(note="second"),
        table.iloc[400:403],
        table.iloc[500:502].assign(when=lambda t: t["when"] + pd.Timedelta("30D")),
    ]
    whole = pd.concat([table, *more], ignore_index=True).rename(columns={"result": "disposition"})
    kinds = found(events_of(whole), "duplicates").set_index("finding")["n"]
    n = {
        words: int(kinds[next(text for text in kinds.index if words in text)])
        for words in (
            "in all but the id",
            "exports overlap",
            "repeat the id",
            "further versions",
            "more unit",
            "more victim",
            "another call",
            "declared",
        )
    }
    doubled = int(day.sum())
    assert doubled >= 5
    assert n["in all but the id"] == doubled + 3
    assert n == {
        "in all but the id": doubled + 3,
        "exports overlap": doubled,
        "repeat the id": 37,
        "further versions": 7,
        "more unit": 20,
        "more victim": 5,
        "another call": 2,
        "declared": 10,
    }


def test_text_as_categories_and_no_shapes_give_the_same_answer():
    table = town()
    table.loc[:299, ["x", "y"]] = [EAST + 50, NORTH + 50]
    events = events_of(table)
    compact = events.copy()
    for name in ("source", "type", "category", "origin", "place", "address", "area", "disposition"):
        compact[name] = compact[name].astype("category")
    compact["geometry"] = gpd.GeoSeries([None] * len(compact), crs=events.crs)
    for record in (events.attrs["sara"], {}):
        compact.attrs["sara"] = record
        plain = events.copy()
        plain.attrs["sara"] = record
        one, other = audit(plain), audit(compact)
        pd.testing.assert_frame_equal(one.table, other.table)
        pd.testing.assert_frame_equal(one.waterfall, other.waterfall)
        pd.testing.assert_frame_equal(one.geocoding, other.geocoding)


def test_a_notebook_shows_the_gravest_first_and_escapes_what_strangers_wrote():
    table = town()
    table.loc[(table["what"] == "FIGHT") & (table["when"] >= "2023-07-01"), "what"] = "<script>alert(1)</script>"
    table.loc[:299, ["x", "y"]] = [EAST + 50, NORTH + 50]
    shown = audit(events_of(table))._repr_html_()
    assert "<script>" not in shown
    assert shown.index("serious") < shown.index("<td style='text-align:left'>note")
    assert "checks in order" in shown


@pytest.mark.parametrize(
    ("file", "reader", "expected"),
    [
        ("seattle/seattle_911_2015.csv.gz", "calls", {"the same as another": 782, "exports overlap": 731}),
        ("montgomery/911.csv.gz", "calls", {"far from the city": 15, "different addresses share": 1491}),
        ("milwaukee/calls.csv", "calls", {"700 block of W STATE ST": 782}),
        ("nashville/calls_2024.csv", "calls", {"67.6 % of the rows have a location": 18_209, "3 decimals (about 111 m)": 18_209}),
        ("chicago/sanitation_code_complaints_2011_2014.csv.gz", "complaints", {"outside the coverage": 28, "declared": 3633, "repeat the id": 375}),
        ("boston/311_service_requests_2011.zip", "complaints", {"different addresses share": 4775, "4 decimals (about 11 m)": 58_251}),
    ],
)  # fmt: skip
def test_published_files_show_their_known_faults(real_data, file, reader, expected):
    import sara.data.read as read

    table = audit(getattr(read, f"read_{reader}")(real_data / file)).table
    for words, n in expected.items():
        hit = table[table["finding"].str.contains(words, regex=False)]
        assert n in hit["n"].tolist(), (words, hit[["finding", "n"]].to_numpy().tolist())


def test_points_outside_milwaukee(real_data):
    import sara.data.read as read
    from sara.data.places import read_areas

    areas = read_areas(real_data / "milwaukee" / "milwaukee_neighborhoods.geojson")
    events = read.read_calls(real_data / "milwaukee" / "calls.csv")
    table = audit(events, areas=areas).table
    shapes = areas.to_crs(events.crs).union_all()
    outside = int((~shapely.intersects(shapes, events.geometry[events["x"].notna()].to_numpy())).sum())
    assert table[table["finding"].str.contains("outside all areas")]["n"].tolist() == [outside]
    assert outside > 486
    assert table[table["finding"].str.contains("far from the city")]["n"].unique().tolist() == [442]


def test_decimals_of_feet_are_none_of_degrees():
    table = town(900)
    rng = np.random.default_rng(2)
    feet = table.assign(
        x=[f"{v:.1f}" for v in 7.64e6 + rng.uniform(0, 2e4, 900)], y=[f"{v:.1f}" for v in 6.8e5 + rng.uniform(0, 2e4, 900)]
    )
    events = as_events(feet, id="no", time="when", type="what", place="where", x="x", y="y", crs=2913)
    assert "smallest_cell" not in events.attrs["sara"]


rows_strategy = st.lists(
    st.tuples(
        st.sampled_from(["2024-03-01 10:00", "2024-03-01 10:20", "2023-05-05 00:00", "2001-01-01 12:00", "tomorrow", None]),
        st.sampled_from([0.0, EAST, EAST + 60, EAST + 900_000, None]), st.sampled_from(["OFFICER", "911", None]), st.sampled_from(["a", "b", None]),
        st.sampled_from(["done", "closed - dup"]),
    ),
    min_size=1, max_size=12,
).filter(lambda rows: any(row[0] not in ("tomorrow", None) for row in rows))  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(rows_strategy)
def test_rows_in_are_rows_kept_and_rejected_and_each_has_one_reason(rows):
    when, east, who, no, result = zip(*rows, strict=True)
    table = pd.DataFrame(
        {
            "no": no,
            "when": when,
            "what": "FIGHT",
            "who": who,
            "disposition": result,
            "x": east,
            "y": [None if e is None else NORTH for e in east],
        }
    )
    events = as_events(table, id="no", time="when", type="what", origin="who", x="x", y="y", crs=32616)
    for made in (events, dedupe(events)):
        gate = audit(made)
        steps = gate.waterfall["n"].tolist()
        assert steps[0] == len(rows) == sum(steps[1:])
        assert gate.counts.rows_in == gate.counts.rows_used + sum(gate.counts.left_out.values())
        assert gate.counts.left_out.get("rejected: the time can't be read", 0) == len(gate.rejects) == when.count("tomorrow")
        assert (gate.table["n"] <= len(rows)).all()
