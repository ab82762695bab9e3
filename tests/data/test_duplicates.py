"""Several reports of one incident."""

from __future__ import annotations

from unittest import mock

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sara
from sara.core.errors import InputError
from sara.data._order import in_order
from sara.data.duplicates import dedupe
from sara.data.merging import near
from sara.data.merging.rules import same_rows
from sara.data.schema import as_events


def calls(rows, *, day=False):
    """Rows of (minutes, metres east, kind, place or None)."""
    start = pd.Timestamp("2024-03-01")
    minutes, east, kind, place = zip(*rows, strict=True)
    stamp = [start + pd.Timedelta(minutes=m) for m in minutes]
    table = pd.DataFrame({
        "when": [f"{s:%Y-%m-%d}" if day else f"{s:%Y-%m-%d %H:%M}" for s in stamp], "what": kind, "where": place,
        "x": [440_000.0 + e if e is not None else np.nan for e in east], "y": [4_500_000.0 if e is not None else np.nan for e in east],
        "no": [f"c{i}" for i in range(len(rows))],
    })  # fmt: skip
    return as_events(table, id="no", time="when", type="what", place="where", x="x", y="y", crs=32616)


def plain(events):
    return pd.DataFrame(events.drop(columns="geometry")).astype(object).where(lambda t: t.notna(), None)


def test_three_reports_of_one_incident_become_one_row():
    out = dedupe(calls([(0, 0, "FIGHT", None), (10, 50, "FIGHT", None), (29, 99, "FIGHT", None), (31, 0, "FIGHT", None)]))
    assert out["id"].tolist() == ["c0", "c3"]
    assert out["n_reports"].tolist() == [3, 1]
    assert out["merged_ids"].iloc[0] == "c1;c2"
    assert pd.isna(out["merged_ids"].iloc[1])
    assert out.attrs["sara"]["merged"] == 2


@pytest.mark.parametrize(
    ("rows", "left"),
    [
        ([(0, 0, "FIGHT", None), (30, 0, "FIGHT", None)], 1),  # the window is closed
        ([(0, 0, "FIGHT", None), (31, 0, "FIGHT", None)], 2),
        ([(0, 0, "FIGHT", None), (5, 100, "FIGHT", None)], 1),  # so is the distance
        ([(0, 0, "FIGHT", None), (5, 101, "FIGHT", None)], 2),
        ([(0, 0, "FIGHT", None), (5, 0, "LOUD MUSIC", None)], 2),
        ([(0, 0, "FIGHT", "1 OAK ST"), (5, 900, "FIGHT", "1 Oak Street")], 1),  # same place, whatever the geocoder says
        ([(0, None, "FIGHT", "1 OAK ST"), (5, None, "FIGHT", "1 OAK ST")], 1),
        ([(0, None, "FIGHT", None), (5, None, "FIGHT", None)], 2),  # no place at all is not the same place
        ([(0, 0, "FIGHT", None), (20, 0, "FIGHT", None), (40, 0, "FIGHT", None)], 2),  # the window does not slide
    ],
)
def test_what_is_one_incident(rows, left):
    out = dedupe(calls(rows))
    assert len(out) == left
    assert out["n_reports"].sum() == len(rows)


def test_options_are_used():
    events = calls([(0, 0, "FIGHT", None), (50, 0, "FIGHT", None), (51, 300, "LOUD MUSIC", None)])
    assert len(dedupe(events)) == 3
    assert len(dedupe(events, window="1h")) == 2
    assert len(dedupe(events, window="1h", distance="1000ft", by=None)) == 1
    assert len(dedupe(events, window="1h", by="type")) == 2


def test_rows_without_a_time_or_a_kind_are_never_joined():
    events = calls([(0, 0, "FIGHT", "1 OAK ST"), (0, 0, "FIGHT", "1 OAK ST"), (0, 0, "FIGHT", "1 OAK ST")])
    events.loc[[0, 1], "time"] = pd.NaT
    assert len(dedupe(events)) == 3
    events = calls([(0, 0, "FIGHT", "1 OAK ST"), (0, 0, "FIGHT", "1 OAK ST")])
    events["category"] = pd.Series([None, None], dtype=object)
    assert len(dedupe(events)) == 2


def test_with_dates_only_a_house_on_a_day_is_one_and_a_block_is_not():
    events = calls(
        [
            (0, 0, "FIGHT", "1 OAK ST"),
            (60, 0, "FIGHT", "1 OAK ST"),
            (0, 500, "FIGHT", "100 BLOCK OF ELM ST"),
            (60, 500, "FIGHT", "100 BLOCK OF ELM ST"),
        ],
        day=True,
    )
    # The two rows of the block agree in everything but the id, so one of them is the other written twice.
    assert len(dedupe(events)) == 2
    events["disposition"] = pd.Series(["a", "b", "c", "d"], dtype=object)
    out = dedupe(events)
    assert len(out) == 3
    assert out["place"].tolist().count("100 BLOCK OF ELM ST") == 2
    assert len(dedupe(calls([(0, 0, "FIGHT", "1 OAK ST"), (1500, 0, "FIGHT", "1 OAK ST")], day=True))) == 2


def test_different_sources_are_never_joined():
    events = calls([(0, 0, "FIGHT", "1 OAK ST"), (0, 0, "FIGHT", "1 OAK ST")])
    events["source"] = ["calls", "complaints"]
    assert len(dedupe(events)) == 2


def brute_force(events, seconds, distance):
    """The rule, as a reader would do it with a pencil."""
    kept: list[int] = []
    reports: dict[int, int] = {}
    for i in range(len(events)):
        row = events.iloc[i]
        for k in kept:
            first = events.iloc[k]
            near = np.hypot(row["x"] - first["x"], row["y"] - first["y"]) <= distance
            same_place = pd.notna(row["place"]) and row["place"] == first["place"]
            if (
                row["category"] == first["category"]
                and (row["time"] - first["time"]).total_seconds() <= seconds
                and (near or same_place)
            ):
                reports[k] += 1
                break
        else:
            kept.append(i)
            reports[i] = 1
    return [events["id"].iloc[k] for k in kept], [reports[k] for k in kept]


rows_strategy = st.lists(
    st.tuples(st.integers(0, 120), st.one_of(st.none(), st.sampled_from([0, 60, 120, 180, 900])), st.sampled_from(["FIGHT", "LOUD MUSIC"]), st.sampled_from([None, "1 OAK ST", "9 ELM ST"])),
    min_size=1, max_size=14,
)  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(rows_strategy)
def test_the_rule_idempotence_and_order(rows):
    events = calls(rows)
    out = dedupe(events)
    ids, reports = brute_force(events, 1800, 100)
    assert out["id"].tolist() == ids
    assert out["n_reports"].tolist() == reports
    again = dedupe(out)
    pd.testing.assert_frame_equal(plain(again), plain(out))
    shuffled = events.sample(frac=1, random_state=1)
    shuffled.index = [f"r{i}" for i in range(len(shuffled))]
    pd.testing.assert_frame_equal(plain(dedupe(shuffled)), plain(out))


@settings(max_examples=40, deadline=None)
@given(rows_strategy, st.integers(1, 5), st.sampled_from([0, 600, 1800, 7200]))
def test_any_stretch_gives_the_same_first_reports(rows, stretch, seconds):
    events = in_order(calls(rows))
    whole = near.keepers(events, seconds=seconds, distance=100.0, by=["category"])
    with mock.patch.multiple(near, STRETCH=stretch, SLICE=2, ROUNDS=stretch % 3):
        assert (near.keepers(events, seconds=seconds, distance=100.0, by=["category"]) == whole).all()


@pytest.mark.parametrize("stretch", [397, 9_000])
def test_riverton_in_stretches_is_riverton_at_once(stretch):
    events = in_order(sara.datasets.load("riverton_calls").head(20_000 if stretch < 1_000 else 60_000))
    whole, groups, joins = (
        near.keepers(events, seconds=1800.0, distance=100.0, by=["category"]),
        near.exact_groups(events),
        same_rows(events),
    )
    with mock.patch.multiple(near, STRETCH=stretch, SLICE=stretch):
        assert (near.keepers(events, seconds=1800.0, distance=100.0, by=["category"]) == whole).all()
        assert (same_rows(events).keeper == joins.keeper).all()
    assert (whole != np.arange(len(events))).any()
    # Equal rows by another way.
    text = pd.DataFrame(events.drop(columns=[name for name in near.IDENTITY if name in events])).astype(str)
    same = text.duplicated(keep=False).to_numpy() & events["time"].notna().to_numpy()
    same &= events["place"].notna().to_numpy() | events["x"].notna().to_numpy()
    assert ((groups >= 0) == same).all()


def test_values_that_recur():
    few = pd.Series(["a", "b", None, "a", "c", None, "c"])
    for values in (few, few.astype("category"), pd.Series([1.5, 2.0, np.nan, 1.5, -0.0, np.nan, -0.0])):
        assert near.recurring(values).tolist() == [True, False, False, True, True, False, True]
    assert not near.recurring(pd.Series([], dtype=object)).any()


def one_call(**columns):
    """Rows of one call "c", two hours before another; further columns as given, one value per row."""
    n = len(next(iter(columns.values())))
    table = pd.DataFrame({
        "no": ["c"] * n + ["z"], "when": ["2024-03-01 10:00"] * n + ["2024-03-01 12:00"], "what": "FIGHT", "where": "1 OAK ST", "x": 440_000.0,
        "y": 4_500_000.0, **{name: [*values, values[0]] for name, values in columns.items()},
    })  # fmt: skip
    return as_events(table, id="no", time="when", type="what", place="where", x="x", y="y", crs=32616)


def test_the_newest_version_stays_with_the_first_type_and_time():
    events = one_call(
        what=["FIGHT", "SHOTS FIRED", "SHOTS FIRED"],
        updated=["2024-03-01 10:05", "2024-03-01 11:00", "2024-03-01 10:30"],
        note=["a", "b", "c"],
    )
    later = events["note"] == "b"
    events.loc[later, "time"] += pd.Timedelta("5min")
    out = dedupe(events)
    assert out["id"].tolist() == ["c", "z"]
    assert out["type"].tolist() == ["SHOTS FIRED", "FIGHT"]
    assert out["first_type"].iloc[0] == "FIGHT"
    assert pd.isna(out["first_type"].iloc[1])
    assert out["note"].iloc[0] == "b"
    assert out["time"].iloc[0] == pd.Timestamp("2024-03-01 10:00")
    assert out["n_reports"].tolist() == [1, 1]
    assert out["merged_ids"].isna().all()
    assert out.attrs["sara"]["merged_by"] == {"versions of one call": 2}
    pd.testing.assert_frame_equal(plain(dedupe(out)), plain(out))
    pd.testing.assert_frame_equal(plain(dedupe(events.sample(frac=1, random_state=3))), plain(out))


def test_without_a_column_that_says_so_the_last_stamp_tells_the_newest():
    events = one_call(closed=["2024-03-01 10:30", "2024-03-01 11:30", None], disposition=["open", "report", "new"])
    assert dedupe(events)["disposition"].iloc[0] == "report"


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        ({"unit_id": ["A1", "A2", "B7"]}, "one row per unit sent"),
        ({"unit_id": ["A1", "A2", "B7"], "arrived": ["2024-03-01 10:05", "2024-03-01 10:09", None]}, "one row per unit sent"),
        ({"victim_age": [20, 31, 44]}, "one row per victim"),
        ({"beat": ["5", "5", "5"]}, "the same row exported twice"),
        ({"unit_id": ["A1", "A2", "B7"], "disposition": ["x", "y", "z"]}, "versions of one call"),
    ],
)
def test_rows_of_one_id_are_told_apart_by_what_differs(columns, rule):
    out = dedupe(one_call(**columns))
    assert out["id"].tolist() == ["c", "z"]
    assert out["n_reports"].tolist() == [1, 1]
    assert out.attrs["sara"]["merged_by"] == {rule: 2}
    assert len(dedupe(one_call(**columns), rules=())) == 4


def test_an_id_used_again_a_week_later_is_another_call():
    events = one_call(note=["a", "b"])
    events.loc[1, "time"] = pd.Timestamp("2024-03-08 10:00")
    out = dedupe(events)
    assert out["id"].tolist() == ["c", "z", "c"]


def test_versions_over_days_do_not_chain():
    events = one_call(note=["a", "b", "c", "d"])
    events["time"] = pd.to_datetime(
        ["2024-03-01 00:00", "2024-03-01 20:00", "2024-03-02 06:00", "2024-03-02 08:00", "2024-03-09 00:00"]
    )
    out = dedupe(events, rules="versions")
    assert out["time"].dt.strftime("%d %H").tolist() == ["01 00", "02 06", "09 00"]
    pd.testing.assert_frame_equal(plain(dedupe(out, rules="versions")), plain(out))


def test_a_declared_duplicate_joins_the_row_it_names():
    rows = [
        (0, 0, "GRAFFITI", "1 OAK ST"),
        (9000, 5000, "GRAFFITI", "9 ELM ST"),
        (9001, 9000, "GRAFFITI", "5 ASH ST"),
        (9999, 0, "NOISE", "7 FIR ST"),
    ]
    events = calls(rows).assign(parent_id=[None, "c0", "c1", "not there"])
    out = dedupe(events)
    assert out["id"].tolist() == ["c0", "c3"]
    assert out["n_reports"].tolist() == [3, 1]
    assert sorted(out["merged_ids"].iloc[0].split(";")) == ["c1", "c2"]
    assert out.attrs["sara"]["merged_by"] == {"declared duplicates": 2}
    in_a_circle = calls(rows).assign(parent_id=["c1", "c0", None, None])
    assert dedupe(in_a_circle)["id"].tolist() == ["c0", "c2", "c3"]


@pytest.mark.parametrize(
    ("column", "yes", "no"), [("disposition", "Closed - Dup", "Closed"), ("duplicate", "Y", "N"), ("is_duplicate", True, False)]
)
def test_a_declared_duplicate_joins_the_last_of_its_type_at_its_place(column, yes, no):
    day = 1440
    rows = [
        (0, 0, "GRAFFITI", "1 OAK ST"), (5 * day, 0, "GRAFFITI", "1 OAK ST"), (9 * day, 60, "GRAFFITI", None), (10 * day, 0, "NOISE", "1 OAK ST"),
        (200 * day, 0, "GRAFFITI", "1 OAK ST"), (11 * day, 900, "GRAFFITI", "1 OAK ST"),
    ]  # fmt: skip
    events = calls(rows)
    asks = events["id"].isin(["c2", "c3", "c4", "c5"])
    events[column] = pd.Series(np.where(asks, yes, no)).astype(bool if isinstance(yes, bool) else object)
    out = dedupe(events)
    assert out["id"].tolist() == ["c0", "c1", "c3", "c4"]
    assert out["merged_ids"].tolist()[1] == "c2;c5"
    assert out.attrs["sara"]["declared_alone"] == 2
    pd.testing.assert_frame_equal(plain(dedupe(out)), plain(out))


def test_days_exported_twice_are_copies_and_a_single_pair_is_two_reports():
    rng = np.random.default_rng(5)
    rows = [
        (int(m), int(e) * 700, "FIGHT", None)
        for m, e in zip(np.sort(rng.choice(2000, 60, replace=False)) * 3, rng.integers(0, 40, 60), strict=True)
    ]
    events = calls(rows).drop(columns="id")
    table = pd.DataFrame(events.drop(columns="geometry"))[["time", "type", "x", "y"]]
    first_day = table["time"] < table["time"].min().normalize() + pd.Timedelta("1D")
    assert first_day.sum() >= 10
    pair = table.iloc[[-1]]
    again = as_events(pd.concat([table, table[first_day], pair]), time="time", type="type", x="x", y="y", crs=32616)
    out = dedupe(again)
    assert out.attrs["sara"]["merged_by"]["the same row exported twice"] == first_day.sum()
    assert out.attrs["sara"]["merged_by"]["near in time and place"] >= 1
    once = dedupe(as_events(table, time="time", type="type", x="x", y="y", crs=32616))
    assert len(out) == len(once)
    assert out["n_reports"].sum() == once["n_reports"].sum() + 1


exported = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c", None]), st.integers(0, 90).map(lambda m: m * 40), st.sampled_from([0, 60, 900]), st.sampled_from(["FIGHT", "LOUD MUSIC"]),
              st.sampled_from(["done", "closed - dup", None]), st.sampled_from(["A1", "B2"]), st.sampled_from([None, "a", "b"])),
    min_size=1, max_size=14,
)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(exported)
def test_no_row_leaves_without_a_rule_whatever_the_order(rows):
    no, minutes, east, what, result, unit, parent = zip(*rows, strict=True)
    table = pd.DataFrame({
        "no": no, "when": [f"{pd.Timestamp('2024-03-01') + pd.Timedelta(minutes=m):%Y-%m-%d %H:%M}" for m in minutes], "what": what,
        "disposition": result, "unit": unit, "parent_id": parent, "x": [440_000.0 + e for e in east], "y": 4_500_000.0,
    })  # fmt: skip
    events = as_events(table, id="no", time="when", type="what", x="x", y="y", crs=32616)
    out = dedupe(events)
    by = out.attrs["sara"]["merged_by"]
    assert len(out) + sum(by.values()) == len(events)
    assert out.attrs["sara"]["merged"] == sum(by.values())
    reports = by.get("declared duplicates", 0) + by.get("near in time and place", 0)
    assert out["n_reports"].sum() == len(out) + reports
    again = dedupe(out)
    pd.testing.assert_frame_equal(plain(again), plain(out))
    shuffled = events.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(plain(dedupe(shuffled)), plain(out))


def test_the_input_is_not_changed_and_the_record_survives():
    events = calls([(0, 0, "FIGHT", None), (1, 0, "FIGHT", None)])
    kept, attrs = events.copy(deep=True), dict(events.attrs["sara"])
    out = dedupe(events)
    pd.testing.assert_frame_equal(pd.DataFrame(events), pd.DataFrame(kept))
    assert events.attrs["sara"] == attrs
    added = {"merged": 1, "merged_by": {"near in time and place": 1}, "declared_alone": 0}
    assert out.attrs["sara"] == {**attrs, **added}
    assert isinstance(out, gpd.GeoDataFrame)
    assert out.crs == events.crs
    assert dedupe(out).attrs["sara"]["merged"] == 1


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"window": 30}, "must be a duration"),
        ({"window": "soon"}, "must be a duration"),
        ({"distance": "100"}, "text without a unit"),
        ({"by": "categry"}, "Did you mean 'category'"),
        ({"rules": "version"}, "Did you mean 'versions'"),
    ],
)
def test_mistakes(options, match):
    with pytest.raises(InputError, match=match):
        dedupe(calls([(0, 0, "FIGHT", None)]), **options)


def test_an_empty_table_is_turned_down():
    with pytest.raises(InputError, match="has no rows"):
        dedupe(calls([(0, 0, "FIGHT", None)]).iloc[:0])


def test_no_report_is_lost_in_a_crowded_city():
    rng = np.random.default_rng(3)
    n = 20_000
    table = pd.DataFrame({
        "when": pd.Timestamp("2022-03-01") + pd.to_timedelta(rng.integers(0, 120 * 1440, n), unit="min"),
        "what": rng.choice(["FIGHT", "LOUD MUSIC", "BURGLARY", "THEFT"], n), "x": 440_000 + rng.integers(0, 90, n) * 100.0, "y": 4_500_000 + rng.integers(0, 90, n) * 100.0,
    })  # fmt: skip
    events = as_events(table, time="when", type="what", x="x", y="y", crs=32616)
    out = dedupe(events)
    assert out["n_reports"].sum() == n
    assert len(out) < n


def test_published_calls(real_data):
    import sara.data.read as read

    events = read.read_calls(real_data / "milwaukee" / "calls.csv")
    out = dedupe(events)
    assert out["n_reports"].sum() == len(events)
    assert 0.9 < len(out) / len(events) < 0.96
    assert len(dedupe(out)) == len(out)
