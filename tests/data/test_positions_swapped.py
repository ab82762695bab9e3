"""A pair turned round west of 90 degrees is out of range as written: the reason says what it is."""

from __future__ import annotations

import pandas as pd

from sara.data import as_events, audit


def test_swapped_pairs_beyond_ninety_degrees_are_called_swapped():
    n = 40
    lon, lat = [-104.99 + i / 1000 for i in range(n)], [39.74 + i / 1000 for i in range(n)]
    lon[3], lat[3] = lat[3], lon[3]
    lon[4], lat[4] = 500.0, 39.7
    table = pd.DataFrame({"when": ["2024-03-01 23:10"] * n, "what": ["FIGHT"] * n, "lon": lon, "lat": lat})
    events = as_events(table, time="when", type="what", lon="lon", lat="lat")
    assert events.attrs["sara"]["bad_locations"] == {
        "longitude and latitude swapped": 1,
        "outside the range of longitude and latitude": 1,
    }
    assert audit(events).table["finding"].str.contains("swapped").any()
