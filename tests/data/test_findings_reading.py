"""What had to be supposed at reading is a finding of the audit."""

from __future__ import annotations

import pandas as pd
import pyproj
import pytest

import sara
from sara.core.errors import InputError, SaraWarning
from sara.data import as_events, audit


def table(times, **columns):
    return pd.DataFrame({"when": times, "nature": ["FIGHT"] * len(times), **columns})


def said(events):
    found = audit(events).table
    return found.loc[found["n"] > 0, "finding"].str.cat(sep=" | ")


@pytest.mark.parametrize(
    ("times", "tz", "words"),
    [
        (["2024-01", "2024-02", "2024-03"], None, "months without a day"),
        ([f"01/{i % 28 + 1:02d}/2024 {i % 12 + 1}:{i % 60:02d}:00" for i in range(400)], None, "AM and PM were lost"),
        ([str(1_704_103_200 + 7_777 * i) for i in range(20)], "America/Chicago", "taken for UTC"),
        ([f"2024-01-01T{i:02d}:30:00Z" for i in range(20)], None, "written in UTC"),
        (["2024-01-01 10:30", "2024-01-02 11:00", "1900-01-01"], None, "stands for none"),
    ],
)
@pytest.mark.filterwarnings("ignore::sara.core.errors.SaraWarning")
def test_what_was_supposed_about_times_is_told(times, tz, words):
    assert words in said(as_events(table(times), time="when", type="nature", tz=tz))


def test_a_plain_file_has_nothing_supposed():
    events = as_events(
        table([f"2024-01-{i + 1:02d} 10:{i:02d}" for i in range(20)]), time="when", type="nature", tz="America/Chicago"
    )
    for words in ("months", "AM and PM", "UTC", "stand for none", "nobody named", "with a zone"):
        assert words not in said(events)


@pytest.mark.filterwarnings("ignore::sara.core.errors.SaraWarning")
def test_zones_systems_and_meanings_are_told():
    times = [f"2024-01-{i + 1:02d}T10:{i:02d}:00Z" for i in range(20)]
    x, y = pyproj.Transformer.from_crs(4326, 3435, always_xy=True).transform(-87.63, 41.88)
    events = as_events(table(times, closed=["2024-02-01 10:00"] * 20, X=[x] * 20, Y=[y] * 20, state=["IL"] * 20))
    assert "nobody named the coordinate system: EPSG:3435" in said(events)
    assert "with a zone" in said(events)
    events.attrs["sara"]["meaning"] = "looks like 311 requests and is read as calls"
    assert (
        audit(events).table.set_index("finding").loc["the file looks like 311 requests and is read as calls", "overrule"]
        == "sara.read_complaints(path)"
    )


def test_months_have_no_weekday_and_no_finer_series():
    with pytest.warns(SaraWarning, match="months without a day"):
        events = as_events(table([f"2024-{i % 6 + 1:02d}" for i in range(60)]), time="when", type="nature")
    record = events.attrs["sara"]
    assert record["time_precision"] == "month"
    assert record["coverage"] == ["2024-01-01", "2024-07-01"]
    assert events["dow"].isna().all() and events["hour"].isna().all()
    assert sara.trends.series(events, freq="MS").table["n"].tolist() == [10] * 6
    for freq in ("W", "D", "h"):
        with pytest.raises(InputError, match="`freq` must be a month or longer"):
            sara.trends.series(events, freq=freq)
    with pytest.raises(InputError, match="must have times with an hour"):
        sara.trends.clock(events)
