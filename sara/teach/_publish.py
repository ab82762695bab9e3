"""The two raw files, as a dispatch centre and a 311 office would publish them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.teach._demand import anonymous
from sara.teach._kinds import CALLS, COMPLAINTS
from sara.teach._names import NEIGHBORHOODS
from sara.teach._places import Sites
from sara.teach._reporting import misplaced, spelled
from sara.teach._rhythms import START, Floats, streams
from sara.teach._texts import descriptions

Ints = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]

__all__ = ["publish_calls", "publish_complaints"]

LANGUAGES = ("English", "Spanish", "Vietnamese", "Other")
EXACT_COPIES = 0.0012
# How many rows of each defect, besides what `misplaced` does.
BROKEN = {"arrived_before_dispatched": 360, "far_future_date": 9, "impossible_date": 8, "unreadable_time": 9, "blank_time": 12}


def publish_calls(
    events: pd.DataFrame, sites: Sites, lonlat: Floats, seed: int
) -> tuple[pd.DataFrame, pd.Series, dict[str, int]]:
    """Return the calls file, the id of each event, and the number of defects by kind."""
    rng = streams(seed, "publish calls")
    events = events.sort_values(["t", "site", "kind"], kind="stable")
    site, t, tag = events["site"].to_numpy(), events["t"].to_numpy(), events["tag"].to_numpy(dtype=object)
    kind = events["kind"].to_numpy()
    source = np.array([k.source for k in CALLS], dtype=object)[kind]
    ids = _numbers(t, "")
    where, defects = misplaced(sites, site, tag, lonlat, rng)
    times = _course(rng, t, np.array([k.priority for k in CALLS])[kind], source == "officer")
    frame = pd.DataFrame({
        "IncidentNumber": ids, **times, "CallType": np.array([k.name for k in CALLS], dtype=object)[kind],
        "Priority": np.array([k.priority for k in CALLS])[kind], "Source": _sources(rng, source), "Disposition": _dispositions(rng, source, tag == "copy"),
        "Address": spelled(sites, site, rng, untidy=0.09), "Beat": _beats(sites.area[site]), "CallerID": anonymous(np.where(source == "community", events["caller"], -1), seed),
        "Longitude": where[:, 0], "Latitude": where[:, 1],
    })  # fmt: skip
    defects |= _break(rng, frame, tag)
    frame, defects["exact_copies"] = _copied(rng, frame, tag)
    defects["further_reports"] = int((tag == "copy").sum())
    return frame, pd.Series(ids, index=events.index), defects


def publish_complaints(
    events: pd.DataFrame, sites: Sites, lonlat: Floats, seed: int
) -> tuple[pd.DataFrame, pd.Series, dict[str, int]]:
    """Return the 311 file, the id of each event, and the number of defects by kind."""
    rng = streams(seed, "publish complaints")
    late = rng.random(len(events)) < 0.06
    happened = events["t"].to_numpy()
    entered = (
        np.floor(happened / 86400 + 2 + 7 * rng.random(len(events))) * 86400
        + 32400
        + np.floor(7 * 3600 * rng.random(len(events)))
    )
    late &= entered < 1095 * 86400
    events = events.assign(t=np.where(late, entered, happened), happened=np.where(late, happened, np.nan))
    events = events.sort_values(["t", "site", "kind"], kind="stable")
    site, t, tag, kind = (events[name].to_numpy() for name in ("site", "t", "tag", "kind"))
    tag = tag.astype(object)
    ids = _numbers(t, "SR")
    where, defects = misplaced(sites, site, tag, lonlat, rng)
    days = np.exp(1.6 + 1.0 * rng.standard_normal(len(t)))
    closed = t + days * 86400
    open_ = (closed > 1096 * 86400) | (rng.random(len(t)) < 0.02)
    names = np.array([k.name for k in COMPLAINTS], dtype=object)[kind]
    language = _languages(rng, sites.area[site])
    frame = pd.DataFrame({
        "request_id": ids, "created_date": _iso(t), "closed_date": np.where(open_, "", _iso(closed)), "request_type": names,
        "channel": np.array(["Phone", "Mobile App", "Web", "Walk-in"], dtype=object)[np.searchsorted([0.36, 0.68, 0.93], rng.random(len(t)))],
        "language": language, "status": np.where(open_, "Open", "Closed"),
        "description": descriptions(rng, names, language, events["happened"].to_numpy(), tag), "address": spelled(sites, site, rng, untidy=0.16),
        "neighborhood": np.array(list(NEIGHBORHOODS), dtype=object)[sites.area[site]], "reporter_id": anonymous(events["caller"].to_numpy(), seed + 1),
        "latitude": where[:, 1], "longitude": where[:, 0],
    })  # fmt: skip
    defects["entered_days_later"] = int(np.isfinite(events["happened"]).sum())
    defects["further_reports"] = int((tag == "copy").sum())
    frame, defects["exact_copies"] = _copied(rng, frame, tag)
    return frame, pd.Series(ids, index=events.index), defects


def _numbers(t: Floats, prefix: str) -> Texts:
    """Return ids that count the rows of each year in the order in which they came in."""
    year = (START + (t // 86400).astype("timedelta64[D]")).astype("datetime64[Y]").astype(np.int64) + 1970
    rank = np.arange(len(t)) - np.searchsorted(year, year)
    return np.array([f"{prefix}{y % 100}-{r + 1:06d}" for y, r in zip(year, rank, strict=True)], dtype=object)


def _stamps(t: Floats) -> npt.NDArray[np.str_]:
    return np.datetime_as_string(START.astype("datetime64[s]") + np.floor(t).astype("timedelta64[s]"), unit="s").astype("U19")


def _iso(t: Floats) -> Texts:
    stamps = _stamps(t).view("U1").reshape(len(t), 19).copy()
    stamps[:, 10] = " "
    return stamps.view("U19").ravel().astype(object)


def _american(t: Floats) -> Texts:
    """Month first, as most dispatch systems export it."""
    stamps = _stamps(t).view("U1").reshape(len(t), 19)
    out = np.empty_like(stamps)
    out[:, [0, 1, 3, 4, 6, 7, 8, 9]] = stamps[:, [5, 6, 8, 9, 0, 1, 2, 3]]
    out[:, [2, 5]], out[:, 10] = "/", " "
    out[:, 11:] = stamps[:, 11:]
    return out.view("U19").ravel().astype(object)


def _course(rng: np.random.Generator, t: Floats, priority: Ints, officer: npt.NDArray[np.bool_]) -> dict[str, Texts]:
    """Return received, dispatched, arrived and cleared; some calls end before anybody is sent."""
    n = len(t)
    wait = np.exp(np.array([0.2, 1.0, 1.7, 2.3, 2.9])[priority - 1] + 0.7 * rng.standard_normal(n)) * 60
    travel = np.exp(1.5 + 0.5 * rng.standard_normal(n)) * 60
    work = np.exp(2.9 + 0.7 * rng.standard_normal(n)) * 60
    dispatched = np.where(officer, t, t + wait)
    arrived = np.where(officer, t, dispatched + travel)
    cleared = arrived + work
    nobody = ~officer & (rng.random(n) < 0.05)
    cancelled = ~officer & (rng.random(n) < 0.04)
    return {
        "CallReceived": _american(t),
        "Dispatched": np.where(nobody, "", _american(dispatched)),
        "Arrived": np.where(nobody | cancelled, "", _american(arrived)),
        "Cleared": _american(np.where(nobody, t + wait, cleared)),
    }


def _sources(rng: np.random.Generator, source: Texts) -> Texts:
    told = np.array(["911", "NON-EMERGENCY", "WALK-IN", "TEXT"], dtype=object)[
        np.searchsorted([0.52, 0.95, 0.98], rng.random(len(source)))
    ]
    seen = np.where(rng.random(len(source)) < 0.8, "OFFICER", "ONVIEW").astype(object)
    return np.select([source == "officer", source == "alarm", source == "administrative"], [seen, "ALARM COMPANY", "ADMIN"], told)


def _dispositions(rng: np.random.Generator, source: Texts, copy: npt.NDArray[np.bool_]) -> Texts:
    told = np.array(["NO REPORT", "REPORT", "ADVISED", "GOA", "UNFOUNDED", "ARREST", "CANCELLED"], dtype=object)
    told = told[np.searchsorted([0.36, 0.60, 0.74, 0.86, 0.92, 0.96], rng.random(len(source)))]
    seen = np.array(["CHECKED OK", "WARNING", "CITATION", "ARREST"], dtype=object)[
        np.searchsorted([0.5, 0.78, 0.97], rng.random(len(source)))
    ]
    alarm = np.where(rng.random(len(source)) < 0.95, "FALSE ALARM", "REPORT").astype(object)
    duplicate = copy & (rng.random(len(source)) < 0.6)
    return np.select([duplicate, source == "officer", source == "alarm"], ["DUPLICATE", seen, alarm], told)


def _beats(area: Ints) -> Texts:
    """Three sectors; a beat is a neighbourhood under another name, as in most cities."""
    return np.array([f"{1 + i // 6}{i % 6 + 1}" for i in range(len(NEIGHBORHOODS))], dtype=object)[area]


def _languages(rng: np.random.Generator, area: Ints) -> Texts:
    """Few of those who speak another language at home write in it."""
    shares = np.array([row[3] for row in NEIGHBORHOODS.values()])[area] * 0.4
    draw = rng.random(len(area))
    edges = np.cumsum(shares, axis=1)
    return np.select([draw < edges[:, 0], draw < edges[:, 1], draw < edges[:, 2]], list(LANGUAGES[1:]), LANGUAGES[0]).astype(
        object
    )


def _break(rng: np.random.Generator, frame: pd.DataFrame, tag: Texts) -> dict[str, int]:
    """Spoil some rows of the ordinary city, in place."""
    sent = (frame["Arrived"] != "") & (frame["Dispatched"] != "") & (frame["Arrived"] != frame["Dispatched"])
    free = np.flatnonzero((tag == "") & sent.to_numpy())
    edges = np.cumsum(list(BROKEN.values()))
    chosen = dict(zip(BROKEN, np.split(rng.permutation(free)[: edges[-1]], edges[:-1]), strict=True))
    columns = {name: frame[name].to_numpy(dtype=object, copy=True) for name in ("CallReceived", "Dispatched", "Arrived")}
    early = chosen["arrived_before_dispatched"]
    columns["Dispatched"][early], columns["Arrived"][early] = columns["Arrived"][early], columns["Dispatched"][early]
    for i, row in enumerate(chosen["far_future_date"]):
        columns["CallReceived"][row] = (
            columns["CallReceived"][row][:6] + ("2203", "2302", "2205")[i % 3] + columns["CallReceived"][row][10:]
        )
    for i, row in enumerate(chosen["impossible_date"]):
        columns["CallReceived"][row] = ("02/30/", "13/41/", "06/31/")[i % 3] + columns["CallReceived"][row][6:]
    for i, row in enumerate(chosen["unreadable_time"]):
        columns["CallReceived"][row] = (columns["CallReceived"][row][:11] + "25:71:00", "UNKNOWN", "see narrative")[i % 3]
    # A blank first time with the later ones blank too: nobody wrote anything down.
    for name in columns:
        columns[name][chosen["blank_time"]] = ""
    frame["Cleared"] = np.where(np.isin(np.arange(len(frame)), chosen["blank_time"]), "", frame["Cleared"])
    for name, values in columns.items():
        frame[name] = values
    return {name: len(rows) for name, rows in chosen.items()}


def _copied(rng: np.random.Generator, frame: pd.DataFrame, tag: Texts) -> tuple[pd.DataFrame, int]:
    """Repeat some rows of the ordinary city exactly: the same day exported twice."""
    again = (tag == "") & (rng.random(len(frame)) < EXACT_COPIES)
    row = np.repeat(np.arange(len(frame)), 1 + again)
    return frame.iloc[row].reset_index(drop=True), int(again.sum())
