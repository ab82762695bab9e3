"""The event table: its columns, times, coordinates, ids and order."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from sara.core.errors import InputError, SaraWarning
from sara.data import as_events
from sara.data._build import EVENT_COLUMNS
from sara.data._rejects import rejects_of

# A geodesic library and UTM formulas agree to well under a millimetre.
MILLIMETRE = 0.001


def table(n: int = 5, **columns: object) -> pd.DataFrame:
    base = {
        "when": [f"2024-03-{day:02d} 23:10" for day in range(1, n + 1)],
        "what": ["FIGHT", "BURG - RES", "NOISE", "FIGHT", "WELFARE CHECK"][:n],
        "lon": [-88.90 + 0.001 * i for i in range(n)],
        "lat": [40.90] * n,
    }
    return pd.DataFrame({**base, **columns})


def made(frame: pd.DataFrame, **options: object) -> gpd.GeoDataFrame:
    return as_events(frame, time="when", type="what", lon="lon", lat="lat", **options)


def test_columns_come_in_the_documented_order_and_others_follow():
    events = made(table(unit=["A", "B", "C", "D", "E"]))
    assert list(events.columns[: len(EVENT_COLUMNS)]) == list(EVENT_COLUMNS)
    assert list(events.columns[len(EVENT_COLUMNS) :]) == ["unit"]
    assert events["disposition"].isna().all()
    assert isinstance(events.index, pd.RangeIndex)
    assert str(events["t"].dtype) == "Int64"
    assert str(events["hour"].dtype) == "Int8"
    assert str(events["time"].dtype) == "datetime64[us]"


def test_record_is_plain_json():
    record = made(table(), tz="America/Chicago").attrs["sara"]
    assert json.loads(json.dumps(record)) == record
    assert record["zone"] == "America/Chicago"
    assert record["coverage"] == ["2024-03-01", "2024-03-06"]
    assert (record["rows_read"], record["rows_rejected"], record["rejects"]) == (5, 0, None)


def test_calendar_columns_agree_with_pandas():
    frame = table(when=["1969-07-20 20:17", "2024-02-29 00:00", "2024-12-31 23:59", "2023-01-01 12:00", "2022-06-15 06:30"])
    events = made(frame)
    time = events["time"].dt
    assert (events["month"].to_numpy() == time.month).all()
    assert (events["dow"].to_numpy() == time.day_of_week).all()
    assert (events["hour"].to_numpy() == time.hour).all()


def test_seconds_follow_the_zone():
    events = made(table(2, when=["2024-01-15 12:00", "2024-07-15 12:00"]), tz="America/Chicago")
    assert (events["t"] - events["t_local"]).tolist() == [6 * 3600, 5 * 3600]
    assert (made(table(2))["t"] == made(table(2))["t_local"]).all()


def test_ambiguous_hour_takes_its_first_occurrence_and_is_counted():
    events = made(table(2, when=["2024-11-03 01:30", "2024-03-10 02:30"]), tz="America/Chicago")
    record = events.attrs["sara"]
    assert (record["ambiguous_times"], record["skipped_times"]) == (1, 1)
    assert pd.Timestamp(events["t"].iloc[1], unit="s") == pd.Timestamp("2024-11-03 06:30")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2024-03-01 23:10:05", "2024-03-01 23:10:05"),
        ("2024-03-01T23:10:05.250", "2024-03-01 23:10:05.250"),
        ("20240301", "2024-03-01"),
        ("20240301231005", "2024-03-01 23:10:05"),
        ("3/1/2024 11:10 PM", "2024-03-01 23:10"),
        ("03/01/2024 11:10:05 pm", "2024-03-01 23:10:05"),
        ("03/01/2024 23:10:05 PM", "2024-03-01 23:10:05"),
        ("12/30/15 20:42", "2015-12-30 20:42"),
        ("3/1/2024 9:05", "2024-03-01 09:05"),
        ("31.12.2024 09:05", "2024-12-31 09:05"),
        ("31/12/2024 09:05", "2024-12-31 09:05"),
        ("01-Mar-2024 23:10", "2024-03-01 23:10"),
        ("March 1, 2024 23:10", "2024-03-01 23:10"),
        ("Fri, 1 Mar 2024 23:10", "2024-03-01 23:10"),
        ("2024-03-01 2310", "2024-03-01 23:10"),
        ("45352.5", "2024-03-01 12:00"),
        ("  2024-03-01   23:10 ", "2024-03-01 23:10"),
    ],
)
def test_times_as_publishers_write_them(written, read):
    events = made(table(1, when=[written], what=["FIGHT"]))
    assert events["time"].iloc[0] == pd.Timestamp(read)


@pytest.mark.parametrize(
    ("written", "wall"),
    [
        ("2024-03-01T23:10:00-06:00", "2024-03-01 23:10"),
        ("2024-03-02T05:10:00Z", "2024-03-01 23:10"),
        ("2024-03-02 05:10:00 UTC", "2024-03-01 23:10"),
        ("2024-03-02T05:10:00.000+0000", "2024-03-01 23:10"),
        ("1709356200", "2024-03-01 23:10"),
        ("1709356200000", "2024-03-01 23:10"),
    ],
)
def test_times_fixed_in_utc_become_the_citys_wall_time(written, wall):
    events = made(table(1, when=[written], what=["FIGHT"]), tz="America/Chicago")
    assert events["time"].iloc[0] == pd.Timestamp(wall)
    assert events["t"].iloc[0] == 1709356200


def test_epoch_without_a_zone_shows_both_readings():
    with pytest.raises(InputError, match=r"2024-03-02 05:10:00 if local.*2024-03-01 23:10:00 in Chicago"):
        made(table(1, when=[1709356200], what=["FIGHT"]))


def test_utc_without_a_zone_is_said_aloud():
    with pytest.warns(SaraWarning, match="hours and weekdays are those of UTC"):
        made(table(1, when=["2024-03-02T05:10:00Z"], what=["FIGHT"]))


def test_mixed_ways_of_writing_do_not_stop_at_the_first():
    written = ["2024-03-01 23:10", "3/2/2024 11:10 PM", "20240303", "2024-03-04T23:10:00", "Mar 5, 2024"]
    events = made(table(5, when=written))
    assert events["time"].dt.day.tolist() == [1, 2, 3, 4, 5]
    assert len(rejects_of(events)) == 0


def test_one_day_above_twelve_decides_for_the_column():
    days = made(table(3, when=["03/04/2024 10:00", "25/04/2024 10:00", "05/04/2024 10:00"]))
    months = made(table(3, when=["03/04/2024 10:00", "04/25/2024 10:00", "05/04/2024 10:00"]))
    assert days["time"].dt.month.tolist() == [4, 4, 4]
    assert months["time"].dt.month.tolist() == [3, 4, 5]
    unsure = made(table(1, when=["03/04/2024 10:00"], what=["FIGHT"])).attrs["sara"]["time_notes"]["time"]
    assert "month first" in unsure["day and month"]


def test_long_columns_read_as_short_ones_do():
    """The quick way for long columns gives what the careful way gives, unreadable and odd values included."""
    times = pd.date_range("2024-01-01", periods=400, freq="7h")
    for form in ("%Y-%m-%d %H:%M:%S", "%m/%d/%Y %H:%M", "%d.%m.%Y %H:%M", "%m/%d/%y %I:%M %p", "%d/%m/%Y %H:%M"):
        written = times.strftime(form).tolist()
        written[7], written[50], written[60] = "soon", "", "2024-05-05"
        events = as_events(pd.DataFrame({"id": [str(i) for i in range(400)], "time": written}))
        expected = times.floor("s" if "%S" in form else "min").to_series().reset_index(drop=True)
        expected[50], expected[60] = pd.NaT, pd.Timestamp("2024-05-05")
        got = events.set_index("id")["time"].reindex([str(i) for i in range(400)]).reset_index(drop=True)
        assert len(events) == 399, form
        assert got.drop(7).equals(expected.drop(7).astype("datetime64[us]").rename("time")), form


def test_unreadable_time_is_rejected_with_its_line_and_blank_is_kept():
    events = made(table(4, when=["2024-03-01 23:10", "soon", "", "N/A"]))
    assert len(events) == 3
    assert events["time"].isna().sum() == 2
    rejects = rejects_of(events)
    assert rejects[["line", "column", "value"]].to_numpy().tolist() == [[1, "when", "soon"]]
    assert events.attrs["sara"]["rows_read"] == len(events) + len(rejects)


def test_impossible_order_is_kept():
    frame = pd.DataFrame(
        {"received": ["2024-03-01 10:00"], "closed": ["2024-03-01 09:00"], "type": ["FIGHT"], "lon": [-88.9], "lat": [40.9]}
    )
    events = as_events(frame)
    assert len(events) == 1
    assert events["closed"].iloc[0] < events["received"].iloc[0]
    assert events.attrs["sara"]["time_from"] == "received"


def test_dates_without_a_clock_have_no_hour():
    events = made(table(3, when=["2024-03-01", "2024-03-02", "2024-03-03"]))
    assert events.attrs["sara"]["time_precision"] == "day"
    assert events["hour"].isna().all()
    assert events["dow"].tolist() == [4, 5, 6]


def test_date_and_time_in_two_columns():
    frame = pd.DataFrame({"Date": ["03/01/2024"], "Time": ["2310"], "what": ["FIGHT"]})
    assert as_events(frame, time=["Date", "Time"], type="what")["time"].iloc[0] == pd.Timestamp("2024-03-01 23:10")


def test_coordinates_that_are_none_are_counted_and_the_row_stays():
    frame = table(
        5, lon=[0.0, -1.7976931348623157e308, -999.0, np.nan, -88.9], lat=[0.0, -1.7976931348623157e308, 40.9, 40.9, 40.9]
    )
    events = made(frame)
    assert len(events) == 5
    assert events["geometry"].notna().sum() == 1
    assert events.attrs["sara"]["bad_locations"] == {
        "zero": 1, "shapefile null": 1, "outside the range of longitude and latitude": 1, "one of the two is missing": 1,
    }  # fmt: skip


def test_strays_keep_their_location_but_do_not_choose_the_zone():
    frame = table(5, lon=[-88.9, -88.9, -88.9, 77.2, 40.9], lat=[40.9, 40.9, 40.9, 28.6, -88.9])
    events = made(frame)
    assert events.crs.to_epsg() == 32616
    assert events["x"].notna().sum() >= 4
    assert (events["x"].dropna().abs() < 1e9).all()


def test_state_plane_feet_land_on_the_same_point_as_degrees():
    feet = pd.DataFrame({"time": ["2024-03-01"], "x": [1176066.0], "y": [1898481.0]})
    degrees = pd.DataFrame({"time": ["2024-03-01"], "lon": [-87.629000612], "lat": [41.876794668]})
    one, other = as_events(feet, crs=3435), as_events(degrees)
    assert one.crs == other.crs
    # The publisher rounds feet to whole ones.
    assert np.hypot(one["x"] - other["x"], one["y"] - other["y"]).iloc[0] < 0.5


def test_metres_without_a_system_are_asked_for():
    with pytest.raises(InputError, match=r"`crs` must be given: 'x' and 'y' are not longitude and latitude"):
        as_events(pd.DataFrame({"time": ["2024-03-01"], "x": [400000.0], "y": [4500000.0]}))


def test_x_and_y_that_can_only_be_degrees_are_taken_as_such():
    events = as_events(pd.DataFrame({"time": ["2024-03-01"], "x": [-88.9], "y": [40.9]}))
    assert events.crs.to_epsg() == 32616


@pytest.mark.parametrize(
    "point", ["(40.9, -88.9)", "POINT (-88.9 40.9)", "40.9,-88.9", "1500 W MAIN ST\nCITY, IL\n(40.9, -88.9)"]
)
def test_point_text(point):
    events = as_events(pd.DataFrame({"time": ["2024-03-01"], "the_geom": [point]}))
    expected = as_events(pd.DataFrame({"time": ["2024-03-01"], "lon": [-88.9], "lat": [40.9]}))
    assert events["x"].iloc[0] == pytest.approx(expected["x"].iloc[0], abs=MILLIMETRE)


def test_geometry_of_a_geodataframe_is_used_and_nothing_changes_it():
    frame = table()
    shapes = gpd.GeoDataFrame(frame[["when", "what"]], geometry=gpd.points_from_xy(frame["lon"], frame["lat"]), crs=4326)
    before = shapes.copy(deep=True)
    events = as_events(shapes, time="when", type="what")
    assert np.allclose(events["x"], made(frame)["x"], atol=MILLIMETRE)
    assert shapes.equals(before)


def test_ids_from_content_survive_a_shuffle_and_tell_copies_apart():
    frame = pd.concat([table(), table().iloc[:2]], ignore_index=True)
    one = made(frame)
    other = made(frame.sample(frac=1, random_state=3))
    assert one["id"].is_unique
    assert one["id"].str.startswith("row-").all()
    assert pd.DataFrame(one.drop(columns="geometry")).equals(pd.DataFrame(other.drop(columns="geometry")))
    assert one["id"].str.endswith("-2").sum() == 2


def test_order_does_not_depend_on_order_in():
    frame = table(5, when=["2024-03-01 23:10"] * 5, lon=[-88.9] * 5, number=["7", "7", "7", "8", "8"], note=list("cabed"))
    one = as_events(frame, id="number", time="when", type="what", lon="lon", lat="lat")
    other = as_events(frame.iloc[::-1], id="number", time="when", type="what", lon="lon", lat="lat")
    assert one["note"].tolist() == other["note"].tolist()
    assert one["id"].is_monotonic_increasing


def test_an_event_table_comes_back_unchanged_and_metres_after_degrees():
    events = made(table(), tz="America/Chicago")
    again = as_events(events)
    assert again.equals(events)
    assert again.attrs == events.attrs
    moved = as_events(events.to_crs(4326))
    assert moved.crs == events.crs
    assert np.allclose(moved["x"], events["x"], atol=MILLIMETRE)
    flat = as_events(pd.DataFrame(events.drop(columns="geometry")), crs=events.crs)
    assert flat.equals(events)
    renamed = as_events(events.rename(columns={"type": "nature"}), time="time", type="nature")
    assert np.allclose(renamed["x"], events["x"])
    assert not [name for name in renamed.columns if name.endswith("_published")]
    assert renamed["t"].tolist() == events["t"].tolist()
    part = as_events(events.query("category == 'disorder'"))
    assert len(part) == 2
    assert part.attrs["sara"]["zone"] == "America/Chicago"


def test_input_is_not_changed():
    frame = table(5, lon=["-88,9"] * 5)
    before = frame.copy(deep=True)
    made(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_own_category_is_taken_in_lower_case_and_mapped_types_otherwise():
    frame = table(2, kind=["Bar Fights", "Break-Ins"])
    assert as_events(frame, time="when", category="kind", lon="lon", lat="lat")["category"].tolist() == [
        "bar fights",
        "break-ins",
    ]
    assert made(frame)["category"].tolist() == ["disorder", "burglary"]
    known = as_events(pd.DataFrame({"time": ["2024-03-01"], "type": ["XYZ"], "category": ["burglary"]}))
    assert known["category"].tolist() == ["burglary"]


def test_published_columns_that_bear_our_names_are_not_lost():
    events = made(table(2, hour=["late", "early"]))
    assert events["hour_published"].tolist() == ["late", "early"]


def test_origin_from_source_column_from_type_and_unknown():
    frame = table(4, what=["TRAFFIC STOP - OFFICER INITIATED ONVIEW", "FIGHT", "PREMISE CHECK", "FOLLOW UP"])
    assert made(frame)["origin"].fillna("?").tolist() == ["officer", "?", "officer", "administrative"]
    frame["src"] = ["911", "ON-VIEW", "ALARM CO.", "martian"]
    named = as_events(frame, time="when", type="what", origin="src", lon="lon", lat="lat")
    assert named["origin"].tolist() == ["community", "officer", "alarm", "other"]
    frame["self"] = ["N", "Y", "N", ""]
    flag = as_events(frame, time="when", type="what", origin="self", lon="lon", lat="lat")
    assert flag["origin"].tolist()[:3] == ["community", "officer", "community"]


def test_place_is_the_normalized_address():
    events = as_events(
        pd.DataFrame({"time": ["2024-03-01", "2024-03-02"], "address": ["1423 n 35th street", "3XX BLOCK OF PINE ST"]})
    )
    assert events["place"].tolist() == ["1423 N 35TH ST", "300 BLOCK OF PINE ST"]


def test_a_table_without_rows_or_locations():
    empty = as_events(table().iloc[:0], time="when", type="what", lon="lon", lat="lat")
    assert len(empty) == 0
    assert list(empty.columns) == list(EVENT_COLUMNS)
    nowhere = as_events(pd.DataFrame({"time": ["2024-03-01"], "type": ["FIGHT"]}))
    assert nowhere["x"].isna().all()
    assert nowhere.crs.axis_info[0].unit_name in ("metre", "meter")


def test_survives_query_concat_and_parquet(tmp_path):
    events = made(table(), tz="America/Chicago")
    path = tmp_path / "events.parquet"
    events.to_parquet(path)
    back = gpd.read_parquet(path)
    # geopandas before 1.1 does not write attrs: a missing record is a caution, not an error.
    assert back.attrs == (events.attrs if tuple(map(int, gpd.__version__.split(".")[:2])) >= (1, 1) else {})
    assert pd.concat([events.iloc[:2], events.iloc[2:]]).attrs == events.attrs
    assert as_events(back)["x"].tolist() == events["x"].tolist()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda t: as_events(t, time="wen"), r"`time` names a column that is not in the table: 'wen'. Did you mean 'when'\?"),
        (lambda t: as_events(t[["what", "lon"]]), r"`time` must be one of the columns.*Columns: what, lon"),
        (lambda _: as_events("calls.csv"), r"`table` must be a table. Got a str.*read_calls"),
        (lambda t: as_events(t, time="when", tz="CST6"), r"`tz` must name a time zone. Got 'CST6'"),
        (
            lambda t: as_events(t.assign(x=4e5, y=4.5e6), time="when", x="x", y="y", crs="nonsense"),
            r"`crs` must be a coordinate reference system",
        ),
        (
            lambda t: as_events(pd.concat([t, t], axis=1), time="when"),
            r"`table` must have each column once. Got two called 'when'",
        ),
    ],
)
def test_mistakes_say_what_to_do(call, words):
    with pytest.raises(InputError, match=words):
        call(table())
