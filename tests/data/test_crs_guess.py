"""The system of x and y: found where only one fits, asked for where several do."""

from __future__ import annotations

import pandas as pd
import pyproj
import pytest

from sara.core.errors import InputError, SaraWarning
from sara.data import as_events


def projected(code, lon, lat, **columns):
    """Return thirty rows a few steps apart in a system."""
    x, y = pyproj.Transformer.from_crs(4326, code, always_xy=True).transform(lon, lat)
    n = 30
    told = {name: [value] * n for name, value in columns.items()}
    return pd.DataFrame(
        {
            "when": [f"2024-03-{i % 28 + 1:02d} 10:00" for i in range(n)],
            "nature": ["FIGHT"] * n,
            "X": [f"{x + 20 * i:.2f}" for i in range(n)],
            "Y": [f"{y + 20 * i:.2f}" for i in range(n)],
            **told,
        }
    )


@pytest.mark.parametrize(
    ("code", "lon", "lat", "tz", "columns"),
    [
        (3435, -87.63, 41.88, None, {"state": "IL"}),
        (3435, -87.63, 41.88, None, {"Zip Code": "60601"}),
        (26971, -87.63, 41.88, None, {"zip": "60601.0"}),
        (2263, -73.97, 40.75, "America/New_York", {"zip": "10001"}),
        (2248, -76.61, 39.29, None, {"Address": "100 MAIN ST, BALTIMORE, MD 21201"}),
        (2276, -96.8, 32.78, None, {"State": "Texas"}),
        (2913, -122.67, 45.52, None, {"state": "OR"}),
        (32612, -111.97, 33.45, None, {"state": "AZ"}),
        (3857, -81.38, 28.54, None, {}),
        (27700, -0.12, 51.5, "Europe/London", {}),
        (28992, 4.9, 52.37, "Europe/Amsterdam", {}),
        (2193, 174.76, -36.85, "Pacific/Auckland", {}),
        # In the time zone's own city: no other system puts the points near it.
        (32610, -123.07, 49.27, "America/Vancouver", {}),
        (25833, 13.43, 52.53, "Europe/Berlin", {}),
        (3435, -87.63, 41.88, "America/Chicago", {}),
    ],
)
def test_the_only_system_that_fits_is_taken_aloud(code, lon, lat, tz, columns):
    with pytest.warns(SaraWarning, match="only this one fits"):
        events = as_events(projected(code, lon, lat, **columns), tz=tz)
    first = events.to_crs(4326).geometry.iloc[0]
    assert (first.x, first.y) == pytest.approx((lon, lat), abs=0.01)
    assert "guessed from the numbers" in events.attrs["sara"]["crs_source"]


@pytest.mark.parametrize(
    ("code", "lon", "lat", "tz", "columns", "shown"),
    [
        (3435, -88.24, 40.11, "America/Chicago", {}, r"crs=3435 \(NAD83 / Illinois East \(ftUS\)\): 40.1100, -88.2400"),
        (
            3452,
            -90.07,
            29.95,
            None,
            {"zip": "70112"},
            r"crs=3451 .*crs=3452 \(NAD83 / Louisiana South \(ftUS\)\): 29.9500, -90.0700",
        ),
        (25832, 10.0, 53.55, "Europe/Berlin", {}, r"crs=25832 \(ETRS89 / UTM zone 32N\): 53.5500, 10.0000"),
    ],
)
def test_several_systems_are_shown_with_where_the_first_point_lands(code, lon, lat, tz, columns, shown):
    with pytest.raises(InputError, match=shown):
        as_events(projected(code, lon, lat, **columns), tz=tz)
    events = as_events(projected(code, lon, lat, **columns), tz=tz, crs=code)
    assert events.to_crs(4326).geometry.iloc[0].y == pytest.approx(lat, abs=0.01)


def test_far_away_and_missing_points_do_not_change_the_guess():
    frame = projected(3435, -87.63, 41.88, state="IL")
    frame.loc[1, ["X", "Y"]] = ["0", "0"]
    frame.loc[2, ["X", "Y"]] = ["-1.8e308", "-1.8e308"]
    frame.loc[3, ["X", "Y"]] = ["", ""]
    with pytest.warns(SaraWarning, match="EPSG:3435"):
        events = as_events(frame)
    assert events["x"].notna().sum() == 27


@pytest.mark.parametrize(
    "point",
    [
        "(41.9, -87.6)", "-87.6, 41.9", "POINT (-87.6 41.9)", "Point Z (-87.6 41.9 0)", "SRID=4326;POINT(-87.6 41.9)", {"type": "Point", "coordinates": [-87.6, 41.9]},
        {"latitude": "41.9", "longitude": "-87.6"}, "100 MAIN ST\nCHICAGO, IL\n(41.9, -87.6)", "0101000020E61000006666666666E655C03333333333F34440",
    ],
)  # fmt: skip
def test_points_in_one_column_however_written(point):
    from sara.data._coordinates import split_points

    lon, lat = split_points(pd.Series([point] * 2, dtype=object))
    assert float(lon.iloc[0]) == pytest.approx(-87.6, abs=1e-6)
    assert float(lat.iloc[0]) == pytest.approx(41.9, abs=1e-6)
