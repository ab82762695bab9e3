"""Event tables read back: they are what they were when they were written."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import pandas as pd

from sara.core.errors import SaraWarning
from sara.core.gaps import gaps_of_times
from sara.core.period import coverage
from sara.data.formats._raw import RawFile
from sara.data.schema import again, is_event_table

__all__ = ["own_events"]


def own_events(files: list[RawFile], *, source: str, crs: Any) -> gpd.GeoDataFrame | None:
    """Return the event table that all of the files hold parts of, or None where one of them is something else."""
    if not all("sara" in file.frame.attrs and is_event_table(file.frame) for file in files):
        return None
    frames = [file.frame for file in files]
    if len(frames) == 1:
        out = again(frames[0], source="events", crs=crs)
    else:
        system = frames[0].crs
        moved = [
            frame.to_crs(system) if isinstance(frame, gpd.GeoDataFrame) and frame.crs != system else frame for frame in frames
        ]
        whole = gpd.GeoDataFrame(
            pd.concat([frame.assign() for frame in moved], ignore_index=True), geometry="geometry", crs=system
        )
        whole.attrs["sara"] = _together([frame.attrs["sara"] for frame in frames])
        out = again(whole, source="events", crs=crs)
        time = out["time"].to_numpy(dtype="datetime64[us]")
        found = coverage(time)
        out.attrs["sara"]["gaps"] = gaps_of_times(time, found, str(out.attrs["sara"].get("time_precision")))
        out.attrs["sara"]["coverage"] = None if found is None else [stamp.strftime("%Y-%m-%d") for stamp in found]
    said = sorted(out["source"].dropna().unique())
    if len(said) and source not in said:
        warnings.warn(
            f"{files[0].name or 'The table'} is an event table of {', '.join(map(repr, said))}, and stays one: its column `source` says so.",
            SaraWarning,
            stacklevel=4,
        )
    return out


def _together(records: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Return one record for several parts: rows add up, the rest is the first part's."""
    first = dict(records[0])
    for name in ("rows_read", "rows_rejected"):
        first[name] = sum(int(record.get(name, 0)) for record in records)
    first["file"] = f"{first.get('file')} and {len(records) - 1} more"
    return first
