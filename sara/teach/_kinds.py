"""The kinds of call and complaint: how many a year, where, when, who starts them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CALLS", "COMPLAINTS", "Kind"]

# Weight of one place of each use, by where a kind happens. A home counts once per unit.
WHERE: dict[str, dict[str, float]] = {
    "home": {"house": 1.0, "apartment complex": 1.0, "shop": 0.25, "block": 0.35},
    "people": {
        "house": 0.5, "apartment complex": 0.55, "shop": 3.5, "bar": 4, "office": 0.6, "school": 5, "station": 30, "transit mall": 30, "hospital": 45,
        "park": 18, "campus": 25, "library": 40, "block": 1.1, "crossing": 1.3, "park and ride": 4,
    },
    "street": {"block": 1.0, "crossing": 2.6, "shop": 0.25, "house": 0.03},
    "car": {"house": 0.45, "apartment complex": 0.30, "shop": 1.1, "block": 0.7, "office": 0.8, "campus": 20, "hospital": 20, "station": 2},
    "shop": {"shop": 6.0, "office": 0.5, "bar": 1.5, "library": 3},
    "business": {"shop": 5.0, "office": 4.0, "warehouse": 7.0, "bar": 3.0, "school": 9.0, "house": 0.13, "library": 8},
    "house": {"house": 1.0, "apartment complex": 0.45},
    "youth": {"school": 70, "house": 0.5, "apartment complex": 0.5, "park": 35, "shop": 1.5, "transit mall": 25, "library": 25},
    "patrol": {"shop": 1.4, "bar": 4, "park": 40, "block": 0.7, "crossing": 0.4, "school": 8, "apartment complex": 0.02, "transit mall": 40},
    "road": {"crossing": 2.0, "block": 1.2},
    "lot": {"block": 1.2, "house": 0.25, "warehouse": 3},
}  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """One published type.

    Parameters
    ----------
    name : str
        As the publisher writes it.
    yearly : float
        Expected reports a year in the whole city, before the planted problems.
    where, hours, weekday : str
        Keys of `WHERE`, `HOURS` and `WEEKDAYS`.
    summer : float
        Height of the season; negative for winter.
    priority : int
        1 is the most urgent.
    source : {"community", "officer", "alarm", "administrative"}
        Who starts it.
    callers : float
        Expected further callers about one incident.
    """

    name: str
    yearly: float
    where: str
    hours: str
    weekday: str = "even"
    summer: float = 0.10
    priority: int = 3
    source: str = "community"
    callers: float = 0.05


CALLS = (
    Kind("DISTURBANCE", 1850, "people", "evening", "weekend", 0.16, 2, callers=0.05),
    Kind("DISORDERLY PERSON", 480, "people", "evening", "weekend", 0.16, 3, callers=0.03),
    Kind("FIGHT IN PROGRESS", 330, "people", "night", "weekend", 0.15, 1, callers=0.25),
    Kind("INTOXICATED PERSON", 330, "people", "night", "weekend", 0.10, 3),
    Kind("NOISE COMPLAINT", 1150, "home", "night", "weekend", 0.25, 4, callers=0.06),
    Kind("LOUD PARTY", 260, "home", "late night", "weekend", 0.25, 4, callers=0.12),
    Kind("SUSPICIOUS PERSON", 2100, "people", "evening", "even", 0.12, 3, callers=0.03),
    Kind("SUSPICIOUS VEHICLE", 1200, "street", "night", "even", 0.08, 3),
    Kind("SUSPICIOUS CIRCUMSTANCES", 650, "home", "night", "even", 0.05, 3),
    Kind("WELFARE CHECK", 2350, "home", "all day", "even", 0.02, 2),
    Kind("DOMESTIC DISTURBANCE", 1750, "home", "evening", "weekend", 0.08, 1, callers=0.06),
    Kind("DOMESTIC VIOLENCE", 620, "home", "night", "weekend", 0.08, 1, callers=0.05),
    Kind("MENTAL HEALTH CRISIS", 640, "home", "all day", "even", 0.05, 1),
    Kind("SUICIDAL SUBJECT", 280, "home", "evening", "even", 0.02, 1),
    Kind("JUVENILE PROBLEM", 560, "youth", "evening", "even", 0.10, 3),
    Kind("MISSING JUVENILE", 230, "home", "evening", "friday", 0.08, 2),
    Kind("TRAFFIC CRASH", 1900, "road", "commute", "friday", -0.06, 2, callers=0.45),
    Kind("HIT AND RUN", 820, "road", "commute", "friday", -0.02, 3, callers=0.03),
    Kind("TRAFFIC HAZARD", 620, "road", "commute", "workdays", -0.05, 3, callers=0.30),
    Kind("RECKLESS DRIVER", 640, "road", "commute", "friday", 0.12, 3, callers=0.05),
    Kind("THEFT", 1250, "people", "daytime", "workdays", 0.10, 4),
    Kind("THEFT FROM VEHICLE", 980, "car", "found", "even", 0.10, 4),
    Kind("VEHICLE THEFT", 360, "car", "found", "workdays", -0.05, 3),
    Kind("SHOPLIFTING", 760, "shop", "shop", "friday", -0.04, 3),
    Kind("BURGLARY RESIDENTIAL", 430, "house", "found", "workdays", -0.06, 3),
    Kind("BURGLARY COMMERCIAL", 170, "business", "opening", "workdays", -0.02, 3),
    Kind("VANDALISM", 820, "people", "found", "even", 0.10, 4),
    Kind("FRAUD REPORT", 640, "home", "office", "office", 0.0, 5),
    Kind("ASSAULT", 580, "people", "night", "weekend", 0.14, 1, callers=0.10),
    Kind("ROBBERY", 120, "people", "night", "weekend", 0.04, 1, callers=0.15),
    Kind("SHOTS HEARD", 390, "home", "late night", "weekend", 0.18, 1, callers=0.80),
    Kind("PERSON WITH GUN", 120, "people", "night", "weekend", 0.10, 1, callers=0.15),
    Kind("THREATS / HARASSMENT", 1000, "home", "daytime", "workdays", 0.02, 4),
    Kind("TRESPASS / UNWANTED PERSON", 1350, "people", "all day", "even", 0.05, 3),
    Kind("DRUG ACTIVITY", 520, "people", "evening", "friday", 0.10, 4),
    Kind("OVERDOSE", 200, "home", "evening", "even", 0.04, 1, callers=0.20),
    Kind("MEDICAL ASSIST", 1350, "home", "all day", "even", 0.0, 1),
    Kind("ANIMAL COMPLAINT", 640, "home", "daytime", "even", 0.15, 4),
    Kind("PARKING COMPLAINT", 1150, "street", "daytime", "workdays", 0.02, 5),
    Kind("ABANDONED VEHICLE", 430, "lot", "office", "workdays", 0.05, 5),
    Kind("CIVIL STANDBY", 460, "home", "daytime", "workdays", 0.02, 4),
    Kind("LANDLORD / TENANT", 190, "home", "office", "workdays", 0.02, 5),
    Kind("911 HANG UP", 1650, "people", "all day", "even", 0.05, 3),
    Kind("SEX OFFENSE", 140, "home", "daytime", "workdays", 0.04, 2),
    Kind("MISSING PERSON", 140, "home", "all day", "even", 0.02, 2),
    Kind("PROSTITUTION", 60, "street", "late night", "friday", 0.10, 4),
    Kind("CITIZEN ASSIST", 1000, "home", "daytime", "workdays", 0.02, 5),
    Kind("FOUND PROPERTY", 330, "people", "daytime", "workdays", 0.10, 5),
    Kind("LOST PROPERTY", 180, "people", "office", "workdays", 0.08, 5),
    Kind("BURGLAR ALARM", 2500, "business", "opening", "even", 0.03, 2, "alarm", 0.0),
    Kind("PANIC ALARM", 210, "business", "shop", "workdays", 0.0, 1, "alarm", 0.0),
    Kind("FOLLOW UP", 620, "home", "office", "office", 0.0, 5, "administrative", 0.0),
    Kind("TRAFFIC STOP", 3900, "road", "commute", "workdays", 0.05, 4, "officer", 0.0),
    Kind("DIRECTED PATROL", 1250, "patrol", "watch", "even", 0.05, 5, "officer", 0.0),
    Kind("PREMISE CHECK", 1250, "patrol", "watch", "even", 0.0, 5, "officer", 0.0),
    Kind("SUBJECT STOP", 700, "patrol", "evening", "friday", 0.10, 4, "officer", 0.0),
    Kind("FOOT PATROL", 350, "patrol", "daytime", "workdays", 0.12, 5, "officer", 0.0),
)

COMPLAINTS = (
    Kind("Noise Complaint", 700, "home", "night", "weekend", 0.30),
    Kind("Illegal Dumping", 1250, "lot", "daytime", "workdays", 0.12),
    Kind("Graffiti", 800, "people", "daytime", "workdays", 0.10),
    Kind("Abandoned Vehicle", 950, "lot", "daytime", "workdays", 0.06),
    Kind("Pothole", 1250, "road", "commute", "workdays", -0.30),
    Kind("Street Light Out", 850, "road", "evening", "even", -0.22),
    Kind("Missed Trash Collection", 1500, "home", "daytime", "office", 0.04),
    Kind("Overgrown Lot", 900, "lot", "daytime", "workdays", 0.75),
    Kind("Parking Violation", 1050, "street", "daytime", "workdays", 0.03),
    Kind("Homeless Encampment", 380, "lot", "daytime", "workdays", 0.25),
    Kind("Rodent Complaint", 360, "home", "daytime", "workdays", 0.30),
    Kind("Stray Dog", 420, "home", "daytime", "even", 0.15),
    Kind("Tree Limb Down", 380, "home", "daytime", "even", 0.30),
    Kind("Sidewalk Damage", 330, "street", "daytime", "workdays", 0.15),
    Kind("Traffic Signal Problem", 260, "road", "commute", "workdays", 0.0),
    Kind("Water Leak", 320, "street", "daytime", "workdays", 0.05),
    Kind("Snow Not Cleared", 260, "street", "commute", "workdays", -0.95),
    Kind("Park Maintenance", 260, "youth", "daytime", "even", 0.45),
    Kind("Drug Activity or Needles", 190, "people", "daytime", "workdays", 0.15),
    Kind("Public Drinking or Disorderly Conduct", 260, "people", "evening", "weekend", 0.20),
    Kind("Housing Condition", 420, "home", "office", "office", -0.05),
)
