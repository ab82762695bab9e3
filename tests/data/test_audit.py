"""The quality gate."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

from sara.core.errors import InputError
from sara.core.result import Result
from sara.data.audit import audit
from sara.data.duplicates import dedupe
from sara.data.quality.geocoding import _numbers
from sara.data.quality.stacks import default_points
from sara.data.quality.times import _gaps
from sara.data.schema import as_events

TYPES = ["NOISE COMPLAINT", "FIGHT", "THEFT", "BURGLARY", "SUSPICIOUS PERSON", "TRAFFIC COLLISION", "DOMESTIC", "WELFARE CHECK"]
MIX = np.array([0.2, 0.15, 0.15, 0.1, 0.15, 0.1, 0.1, 0.05])
# Corner of the made-up city, in metres of UTM zone 16.
EAST, NORTH = 440_000.0, 4_500_000.0


def city(n=20_000, *, seed=1, station=0.04, bar=0.015, flats=0.015, mall=0.02, years=2):
    """Calls at 4,000 addresses of unlike size, and four big stacks of which only the station is a default address."""
    rng = np.random.default_rng(seed)
    # As in published files: a heavy tail of busy addresses, each with a mix of its own.
    weight = rng.pareto(2.2, 4000) + 0.3
    mixes = np.cumsum(rng.dirichlet(MIX * 6, 4000), axis=1)
    house = rng.choice(4000, n, p=weight / weight.sum())
    x, y = EAST + rng.permutation(100 * 100)[:4000] % 100 * 80.0, NORTH + rng.permutation(100 * 100)[:4000] // 100 * 80.0
    table = pd.DataFrame({
        "when": pd.Timestamp("2022-01-01") + pd.to_timedelta(rng.integers(0, years * 365 * 1440, n), unit="min"),
        "what": np.array(TYPES)[np.minimum((rng.random(n)[:, None] > mixes[house]).sum(axis=1), len(TYPES) - 1)], "where": [f"{100 + h} OAK ST" for h in house], "x": x[house], "y": y[house],
    })  # fmt: skip
    spots = [
        ("1 CIVIC SQ", station, MIX),
        ("20 BAR ST", bar, [0.25, 0.6, 0.05, 0, 0.1, 0, 0, 0]),
        ("30 FLAT ST", flats, [0.35, 0.1, 0.05, 0.05, 0.05, 0, 0.35, 0.05]),
        ("40 MALL RD", mall, [0.02, 0.05, 0.7, 0.03, 0.15, 0.05, 0, 0]),
    ]
    row = 0
    for i, (name, share, mix) in enumerate(spots):
        here = slice(row, row + int(n * share) - 1)
        row += int(n * share)
        if share:
            size = here.stop - here.start + 1
            table.loc[here, ["where", "x", "y"]] = [name, EAST + 9000 + 100 * i, NORTH]
            table.loc[here, "what"] = rng.choice(TYPES, size, p=np.array(mix))
    return table


def events_of(table, **more):
    return as_events(table, time="when", type="what", place="where", x="x", y="y", crs=32616, **more)


@pytest.fixture(scope="module")
def gate():
    return audit(events_of(city()))


def test_the_default_address_is_found_and_the_bar_the_flats_and_the_mall_are_not(gate):
    assert gate.default_points["place"].tolist() == ["0 block of CIVIC SQ"]
    assert gate.default_points["n"].iloc[0] == 800
    assert gate.default_points["share"].iloc[0] == pytest.approx(0.04)
    assert "only a default address" in gate.text


@pytest.mark.parametrize("seed", range(2, 5))
def test_no_false_alarm_without_one_and_none_missed_with_one(seed):
    assert len(default_points(events_of(city(seed=seed, station=0)))) == 0
    assert default_points(events_of(city(seed=seed)))["n"].tolist() == [800]


def test_a_point_that_many_addresses_share_is_a_default_even_if_small():
    table = city(station=0, bar=0, flats=0, mall=0)
    table.loc[:99, ["x", "y"]] = [EAST + 50, NORTH + 50]
    found = default_points(events_of(table))
    assert found["n"].tolist() == [100]
    assert found["reason"].iloc[0].endswith("different addresses share this point")
    assert found["place"].iloc[0].startswith("a 250 m square")


def test_the_flats_of_one_house_are_one_address():
    table = city(station=0)
    flats = table["where"] == "30 FLAT ST"
    table.loc[flats, "where"] = [f"30 Flat Street Apt {i}" for i in range(flats.sum())]
    assert len(default_points(events_of(table))) == 0


def test_a_patrol_spot_is_not_a_default_address():
    table = city(station=0).assign(who="911")
    table.loc[table["where"] == "20 BAR ST", ["who", "what"]] = ["OFFICER", "DIRECTED PATROL"]
    assert len(default_points(events_of(table, origin="who"))) == 0


def test_a_file_of_one_type_raises_no_alarm_over_a_big_address():
    table = city()
    table["what"] = "BURGLARY"
    assert len(default_points(events_of(table))) == 0


def test_every_row_is_counted_once():
    table = city(4_000)
    table["when"] = table["when"].astype(str)
    table.loc[4:8, "when"] = "tomorrow"
    table.loc[200:249, ["x", "y"]] = np.nan
    table.loc[300:306, ["x", "y"]] = [EAST + 900_000, NORTH]
    table.loc[310:311, "when"] = "1999-01-01 10:00"
    table["who"] = ["OFFICER" if i % 10 == 0 else "911" for i in range(len(table))]
    result = audit(events_of(table, origin="who"))
    steps = dict(zip(result.waterfall["step"], result.waterfall["n"], strict=True))
    assert steps["rows read"] == 4000
    assert steps["rejected: the time can't be read"] == 5
    assert steps["without a location"] == 50
    assert steps["far from the city"] == 7
    assert steps["outside the coverage"] == 2
    assert sum(list(steps.values())[1:]) == 4000
    assert (result.waterfall["left"].diff().iloc[1:-1] == -result.waterfall["n"].iloc[1:-1]).all()
    assert result.counts.rows_in == 4000
    assert result.counts.rows_used == steps["rows that can be used"]
    assert result.rejects["value"].tolist() == ["tomorrow"] * 5
    assert {"line", "column", "value", "reason"} <= set(result.rejects.columns)
    assert "5 are set aside" not in result.text


def test_merged_rows_and_parts_of_a_file_are_counted_honestly():
    events = events_of(city(4_000))
    merged = dedupe(events, window="30D")
    assert len(merged) < len(events)
    whole = audit(merged).waterfall.set_index("step")["n"]
    assert whole["rows read"] == 4000
    assert whole["merged by dedupe"] == 4000 - len(merged)
    part = events[events["category"] == "noise"]
    assert audit(part).waterfall["n"].iloc[0] == len(part)


def test_rows_outside_the_areas_are_counted():
    areas = gpd.GeoDataFrame({"name": ["west"]}, geometry=[box(EAST, NORTH - 10, EAST + 4020, NORTH + 9000)], crs=32616)
    events = events_of(city(4_000))
    result = audit(events, areas=areas.to_crs(4326))
    outside = int((~(events["x"].between(EAST, EAST + 4020) & events["y"].between(NORTH - 10, NORTH + 9000))).sum())
    assert result.table.set_index("kind").loc["location", "n"] == outside


def test_coverage_gaps_and_a_slow_start_are_found():
    table = city(20_000)
    gap = (table["when"] >= "2022-06-01") & (table["when"] < "2022-07-15")
    result = audit(events_of(table[~gap]))
    found = result.table[result.table["kind"] == "coverage"]
    assert result.coverage == (pd.Timestamp("2022-01-01"), pd.Timestamp("2024-01-01"))
    assert found["finding"].str.contains("no row on 44 days from 2022-06-01").any()
    assert (found["severity"] == "serious").any()
    slow = table[(table["when"] >= "2022-10-01") | (np.arange(len(table)) % 400 == 0)]
    words = audit(events_of(slow)).table["finding"]
    assert words.str.contains("sets in at 2022-10").any()


def test_no_gap_in_a_file_of_few_rows():
    assert _gaps(np.random.default_rng(1).poisson(0.3, 700)) == []
    assert _gaps(np.r_[np.full(50, 10), np.zeros(5), np.full(50, 10)]) == [(50, 5, 50.0)]


def test_who_is_missing_from_the_map():
    table = city(8_000)
    noise = np.flatnonzero(table["what"] == "NOISE COMPLAINT")
    table.loc[noise[::3], ["x", "y"]] = np.nan
    result = audit(events_of(table))
    low = result.geocoding[result.geocoding["is_low"]]
    assert low[["by", "value"]].to_numpy().tolist() == [["category", "noise"], ["type", "NOISE COMPLAINT"]]
    assert low["rate"].iloc[0] == pytest.approx(2 / 3, abs=0.01)
    assert result.table["finding"].str.contains("1 category is missing from the map").any()
    # What its category says already is not said again of the type.
    assert not result.table["finding"].str.contains("1 type is missing").any()


def test_the_test_of_geocoding_keeps_its_level():
    rng = np.random.default_rng(8)
    n = np.array([60, 200, 500, 1000, 3000])
    located = rng.binomial(n, 0.9, (4000, 5))
    p = np.array([_numbers(n.astype(float), row.astype(float), float(n.sum()), float(row.sum()))[0] for row in located])
    assert 0.035 < (p <= 0.05).mean() < 0.06


def test_times_out_of_order_and_on_the_hour():
    table = city(3_000)
    table["when"] = table["when"].where(np.arange(3000) % 3 > 0, table["when"].dt.floor("h"))
    table["done"] = table["when"] + pd.Timedelta("20min")
    table.loc[:59, "done"] = table.loc[:59, "when"] - pd.Timedelta("5min")
    events = as_events(
        table.rename(columns={"when": "received", "done": "closed"}), type="what", place="where", x="x", y="y", crs=32616
    )
    findings = audit(events).table
    assert findings.set_index("kind").loc["order", "n"] == 60
    assert findings["finding"].str.contains("on the full hour").any()
    quiet = audit(events_of(city(3_000))).table.query("severity != 'ok'")
    assert not quiet["kind"].isin(["order", "time", "lag"]).any()


def test_late_entry_at_the_right_edge():
    table = city(20_000)
    last = (table["when"] >= "2023-12-24") & (np.arange(len(table)) % 2 == 0)
    assert (audit(events_of(table[~last])).table["kind"] == "lag").any()


def test_a_code_that_appears_is_told_from_a_rare_one():
    table = city(20_000)
    late = (table["what"] == "FIGHT") & (table["when"] >= "2023-01-01")
    table.loc[late, "what"] = "FIGHT (NEW CODE)"
    table.loc[:1, "what"] = "BEES"
    words = audit(events_of(table)).table.query("kind == 'types'")["finding"]
    assert words.str.contains("1 type appears within the period: FIGHT (NEW CODE) (2023-01)", regex=False).any()
    assert words.str.contains("1 type vanishes within the period: FIGHT (2022-12)", regex=False).any()
    assert not words.str.contains("BEES").any()


def test_rounded_coordinates_name_the_smallest_cell():
    table = city(3_000)
    points = gpd.GeoSeries(gpd.points_from_xy(table["x"], table["y"]), crs=32616).to_crs(4326)
    table["lon"], table["lat"] = points.x.round(3), points.y.round(3)
    events = as_events(table, time="when", type="what", place="where", lon="lon", lat="lat")
    words = audit(events).table.set_index("kind").loc["precision"]
    assert "3 decimals (about 111 m): cells below 225 m" in words["finding"]
    assert words["severity"] == "warning"


def test_kinds_of_duplicates_are_told_apart():
    table = city(3_000).assign(no=[f"c{i}" for i in range(3000)], result="DONE")
    table.loc[:9, "result"] = "DUPLICATE CALL"
    copies = table.iloc[100:120].assign(no=[f"d{i}" for i in range(20)])
    again = table.iloc[200:205].assign(result="SENT ON")
    events = as_events(
        pd.concat([table, copies, again], ignore_index=True).rename(columns={"result": "disposition"}),
        id="no",
        time="when",
        type="what",
        place="where",
        x="x",
        y="y",
        crs=32616,
    )
    found = audit(events).table.query("kind == 'duplicates'").set_index("finding")["n"]
    assert [int(n) for words, n in found.items() if "the same as another" in words] == [20]
    assert [int(n) for words, n in found.items() if "repeat the id" in words] == [5]
    assert [int(n) for words, n in found.items() if "declared" in words] == [10]
    assert next(int(n) for words, n in found.items() if "second report" in words) >= 25


def test_the_answer_does_not_depend_on_order_or_index_and_leaves_the_input_alone(gate):
    events = events_of(city())
    kept = events.copy(deep=True)
    shuffled = events.sample(frac=1, random_state=2)
    shuffled.index = [f"r{i}" for i in range(len(shuffled))]
    again = audit(shuffled)
    assert again.text == gate.text
    assert again.counts == gate.counts
    pd.testing.assert_frame_equal(again.table, gate.table)
    pd.testing.assert_frame_equal(pd.DataFrame(events), pd.DataFrame(kept))


def test_a_saved_audit_speaks_and_draws_as_the_fresh_one(gate):
    back = Result.from_dict(json.loads(json.dumps(gate.to_dict(), allow_nan=False)))
    assert back.text == gate.text
    assert back.alt_text == gate.alt_text
    assert back.coverage == gate.coverage
    assert [t.get_text() for t in back.plot().texts] == [t.get_text() for t in gate.plot().texts]


def test_a_saved_audit_holds_no_rejected_value():
    table = city(300)
    table["when"] = table["when"].astype(str)
    table.loc[0, "when"] = "call Ann Smith at noon"
    result = audit(events_of(table))
    assert result.rejects["value"].tolist() == ["call Ann Smith at noon"]
    assert "Ann Smith" not in json.dumps(result.to_dict())


def test_no_exact_address_is_said(gate):
    said = gate.text + gate.alt_text + " ".join(gate.table.astype(str).sum())
    assert "1 CIVIC SQ" not in said.replace("block of", "")


def test_the_figure_shows_each_step_with_its_count(gate):
    ax = gate.plot()
    labels = [tick.get_text() for tick in ax.get_yticklabels()]
    assert labels == gate.waterfall["step"].tolist()
    words = [text.get_text() for text in ax.texts]
    assert f"{gate.waterfall['n'].iloc[0]:,}" in words
    assert all(f"\N{MINUS SIGN}{n:,}" in words for n in gate.waterfall["n"].iloc[1:-1])
    assert ax.get_title(loc="left") == "How many of the rows can be used?"
    assert gate.figure().axes


def test_small_and_bare_tables_pass():
    one = as_events(
        pd.DataFrame({"when": ["2024-03-01 23:10"], "what": ["FIGHT"], "lon": [-88.9], "lat": [40.9]}),
        time="when",
        type="what",
        lon="lon",
        lat="lat",
    )
    assert audit(one).text == "All 1 rows read can be used. 100 % of the rows could be mapped."
    nowhere = events_of(city(50).assign(x=np.nan, y=np.nan))
    assert audit(nowhere).counts.rows_used == 0
    assert "0 % of the rows could be mapped" in audit(nowhere).text
    bare = events_of(city(50))
    bare["time"] = pd.NaT
    assert audit(bare).coverage is None
    audit(bare).plot()


@pytest.mark.parametrize(
    ("events", "match"), [([1, 2], "must be an event table"), (pd.DataFrame({"a": [1]}), "must be an event table")]
)
def test_mistakes(events, match):
    with pytest.raises(InputError, match=match):
        audit(events)


@pytest.mark.parametrize(
    ("file", "kind", "stacks", "declared"),
    [
        ("milwaukee/calls.csv", "calls", [782, 753, 648], 0),
        ("montgomery/911.csv.gz", "calls", [1491, 1006, 905], 0),
        ("seattle/seattle_911_2015.csv.gz", "calls", [], 0),
        ("chicago/sanitation_code_complaints_2011_2014.csv.gz", "complaints", [], 3633),
    ],
)
def test_published_files(real_data, file, kind, stacks, declared):
    from sara.data.read import read_calls, read_complaints

    events = (read_calls if kind == "calls" else read_complaints)(real_data / file)
    result = audit(events)
    assert result.default_points["n"].head(3).tolist() == stacks
    found = result.table[result.table["finding"].str.contains("declared")]["n"].tolist()
    assert found == ([declared] if declared else [])
    assert result.counts.rows_in == events.attrs["sara"]["rows_read"]
