"""From what happened to what the files say: who reports, how often, how it is written down, and what goes wrong."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from sara.teach._demand import near_callers
from sara.teach._kinds import Kind
from sara.teach._names import NEIGHBORHOODS
from sara.teach._places import Sites
from sara.teach._rhythms import DAYS, START, Floats, streams

Ints = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]

__all__ = ["USUAL", "further_reports", "misplaced", "reporting_shares", "spelled", "to_default", "without_lost_hour"]

USUAL = 0.70  # share of incidents that an ordinary neighbourhood reports
SPRING = (np.datetime64("2022-03-13"), np.datetime64("2023-03-12"), np.datetime64("2024-03-10"))
DEFAULT_SHARE = 0.04
NEW_TOWN_LOST = 0.74  # share without coordinates where the geocoder does not know the streets yet
LOST, AT_ZERO, SWAPPED = 0.011, 0.0008, 0.00018


def reporting_shares(seed: int) -> Floats:
    """Return the share of true incidents that each neighbourhood reports."""
    base = np.array([row[4] for row in NEIGHBORHOODS.values()])
    return np.round((base + 0.015 * streams(seed, "reporting").standard_normal(len(base)).clip(-2, 2)), 3)


def further_reports(
    events: pd.DataFrame, kinds: tuple[Kind, ...], sites: Sites, shares: Floats, rng: np.random.Generator
) -> pd.DataFrame:
    """Return further callers about the same incidents, within half an hour: more of them where people report more."""
    rate = np.array([kind.callers for kind in kinds])[events["kind"].to_numpy()]
    area = sites.area[events["site"].to_numpy()]
    extra = rng.poisson(rate * shares[area] / USUAL)
    # Nobody else tells of what one caller sees.
    extra[(events["tag"] == "one caller").to_numpy()] = 0
    row = np.repeat(np.arange(len(events)), extra)
    copies = events.iloc[row].copy()
    copies["t"] = (copies["t"].to_numpy() + 40 + np.floor(1500 * rng.random(len(row)) ** 1.8)).clip(max=DAYS * 86400 - 1)
    copies["caller"] = near_callers(rng, sites, copies["site"].to_numpy())
    copies["copy_of"], copies["tag"] = events.index.to_numpy()[row], "copy"
    return copies


def to_default(events: pd.DataFrame, default: int, rng: np.random.Generator) -> None:
    """Move background events whose place nobody took down to the dispatcher's default address, in place."""
    free = np.flatnonzero((events["tag"] == "").to_numpy())
    lost = rng.permutation(free)[: round(DEFAULT_SHARE * len(events))]
    site, tag = events["site"].to_numpy(copy=True), events["tag"].to_numpy(dtype=object, copy=True)
    site[lost], tag[lost] = default, "default"
    events["site"], events["tag"] = site, tag


def without_lost_hour(t: Floats) -> Floats:
    """Move times in the hour that the clock skips in spring to the hour after it."""
    out = t.copy()
    for day in SPRING:
        begin = float((day - START).astype(np.int64)) * 86400 + 7200
        out[(t >= begin) & (t < begin + 3600)] += 3600
    return out


def spelled(sites: Sites, site: Ints, rng: np.random.Generator, *, untidy: float) -> Texts:
    """Return the address of each event as somebody typed it: mostly tidy, some long, lower case, or with the apartment."""
    used, index = np.unique(site, return_inverse=True)
    tidy = sites.address[used]
    styles = np.stack(
        [tidy, *(np.array([style(text) for text in tidy], dtype=object) for style in (_long, str.title, _avenue, _crossing))]
    )
    pick = np.where(rng.random(len(site)) < untidy, rng.integers(1, len(styles), len(site)), 0)
    text = styles[pick, index.ravel()]
    flats = sites.are("apartment complex")[site] & (rng.random(len(site)) < 0.6)
    door = np.floor(rng.random(len(site)) * sites.units[site].clip(min=1)).astype(np.int64)
    word = np.array(["APT", "#", "UNIT"], dtype=object)[np.searchsorted([0.7, 0.9], rng.random(len(site)))]
    for i in np.flatnonzero(flats):
        gap = "" if word[i] == "#" else " "
        text[i] = f"{text[i]} {word[i]}{gap}{1 + door[i] // 4}{'ABCD'[door[i] % 4]}"
    return text


def _long(text: str) -> str:
    words = {
        "N": "NORTH",
        "S": "SOUTH",
        "E": "EAST",
        "W": "WEST",
        "ST": "STREET",
        "AV": "AVENUE",
        "DR": "DRIVE",
        "LN": "LANE",
        "PL": "PLACE",
    }
    return " ".join(words.get(word, word) for word in text.split(" "))


def _avenue(text: str) -> str:
    return " ".join(
        "AVE" if word == "AV" else "ST." if word == "ST" else "BLK" if word == "BLOCK" else word for word in text.split(" ")
    ).replace("BLK OF", "BLK")


def _crossing(text: str) -> str:
    first, slash, second = text.partition(" / ")
    return f"{second} & {first}" if slash else text.replace("BLOCK OF", "BLK OF")


def misplaced(sites: Sites, site: Ints, tag: Texts, lonlat: Floats, rng: np.random.Generator) -> tuple[Floats, dict[str, int]]:
    """Return the coordinates as published, and how many are wrong in which way.

    Parameters
    ----------
    sites : Sites
        All places.
    site, tag : array
        Of the events; only background events get wrong coordinates, any event may lose its own.
    lonlat : array of float, shape (number of sites, 2)
        Right coordinates.
    rng : Generator
        Chance.
    """
    out = lonlat[site].copy()
    new = sites.area[site] == list(NEIGHBORHOODS).index("Prairie Crossing")
    draw = rng.random(len(site))
    lost = draw < np.where(new & (tag != "default"), NEW_TOWN_LOST, LOST)
    free = ~lost & (tag == "")
    wrong = rng.random(len(site))
    zero, swapped = free & (wrong < AT_ZERO), free & (wrong > 1 - SWAPPED)
    out[lost] = np.nan
    out[zero] = 0.0
    out[swapped] = out[swapped][:, ::-1]
    return out, {"no_coordinates": int(lost.sum()), "at_zero": int(zero.sum()), "swapped": int(swapped.sum())}
