"""Types to categories."""

from __future__ import annotations

import pandas as pd
import pytest

from sara.core.errors import InputError
from sara.data import categorize, category_table, help_categories


@pytest.mark.parametrize(
    ("written", "category"),
    [
        ("THEFT (DOES NOT INCLUDE SHOPLIFT OR SVCS)", "theft"),
        ("SHOPLIFT - THEFT", "shoplifting"),
        ("ASLT - IP/JO - WITH OR W/O WPNS (NO SHOOTINGS)", "assault"),
        ("ALARM - RESIDENTIAL - BURGLARY, SILENT/AUDIBLE", "alarm"),
        ("SHOTS - IP/JO - INCLUDES HEARD/NO ASSAULT", "shots fired"),
        ("PARKING VIOLATION (EXCEPT ABANDONED CAR)", "parking"),
        ("TRAFFIC STOP - OFFICER INITIATED ONVIEW", "traffic stop"),
        ("SUSPICIOUS STOP - OFFICER INITIATED ONVIEW", "pedestrian stop"),
        ("MOTOR VEHICLE COLLISION, HIT AND RUN", "traffic collision"),
        ("CRISIS - PERSON IN BEHAVIORAL/EMOTIONAL CRISIS", "mental health"),
        ("AUTO THEFT - VEH THEFT OR THEFT AND RECOVERY", "vehicle theft"),
        ("BATTERY DV", "domestic"),
        ("ENTRY AUTOS", "theft from vehicle"),
        ("ENTRY", "burglary"),
        ("TRBL W/SUBJ", "disorder"),
        ("BUSINESS CHECK", "premise check"),
        ("RETURN STATION", "administrative"),
        ("BURGLARY - NON-RESIDENCE", "burglary"),
        ("EMS: VEHICLE ACCIDENT", "traffic collision"),
        ("EMS: ALTERED MENTAL STATUS", "medical"),
        ("EMS: CARDIAC EMERGENCY", "medical"),
        ("WELFARE CHECK - COLD", "welfare check"),
        ("ILLEGAL DUMPING", "sanitation"),
        ("CHILD - LURING", "child"),
        ("BIAS -RACIAL, POLITICAL, SEXUAL MOTIVATION", "threats"),
        ("911 HANG UP", "dropped 911"),
        ("BURGLARY OF A MOTOR VEHICLE", "theft from vehicle"),
        ("911/NO VOICE", "dropped 911"),
        ("ABANDONED 911", "dropped 911"),
        ("DISCHARGING FIREARM", "shots fired"),
        ("DOM VIOL SUSP", "domestic"),
        ("UNAUTHORIZED USE OF VEHICLE", "vehicle theft"),
        ("FOLLOW UP INVESTIGATION", "administrative"),
        ("DIRECTED TRAFFIC ENFORCEMENT", "traffic"),
        ("NON PURSUIT", "traffic"),
        ("Counterfeiting/Forgery", "fraud"),
        ("Fondling", "sexual offense"),
        ("Theft of Motor Vehicle Parts or Accessories", "theft from vehicle"),
        ("PUBLIC PEACE VIOLATION RECKLESS CONDUCT", "disorder"),
        ("DEATH NOTIFICATION", "administrative"),
        ("CHECK BUILDING", "premise check"),
        ("PROTEST", "disorder"),
        ("Quantum entanglement", "other"),
    ],
)
def test_police_types_of_several_cities(written, category):
    assert categorize(pd.Series([written])).tolist() == [category]


@pytest.mark.parametrize(
    ("written", "category"),
    [
        ("Garbage in alley", "sanitation"),
        ("Request for Pothole Repair", "road"),
        ("Street Light Outages", "street light"),
        ("Rodent Activity", "rodents"),
        ("Abandoned Vehicles", "abandoned vehicle"),
        ("Tree Emergencies", "tree"),
        ("Sidewalk Repair (Make Safe)", "sidewalk"),
        ("Unsatisfactory Living Conditions", "building"),
        ("Request for Snow Plowing", "snow"),
        ("Standing water", "water and sewer"),
        ("Homeless Encampment", "homeless encampment"),
        ("Graffiti Removal", "graffiti"),
        ("Loud Party", "noise"),
    ],
)
def test_complaint_types(written, category):
    assert categorize(pd.Series([written]), "311").tolist() == [category]


def test_missing_stays_missing_and_the_index_is_kept():
    out = categorize(pd.Series(["FIGHT", None, "N/A", ""], index=[4, 9, 2, 7]))
    assert out.index.tolist() == [4, 9, 2, 7]
    assert out.isna().tolist() == [False, True, True, True]


def test_table_is_sound():
    table = category_table()
    assert table["category"].is_unique
    assert (table["category"] == table["category"].str.lower()).all()
    assert set(table["kind"]) == {"police", "311", "both"}
    assert "other" not in set(table["category"])
    assert table["label"].str.len().gt(2).all()
    table.loc[0, "category"] = "spoiled"
    assert category_table().loc[0, "category"] != "spoiled"


def test_help_categories_are_those_who_ask_for_help():
    assert help_categories() == {"domestic", "sexual offense", "medical", "mental health", "welfare check", "child"}


def test_kind_must_be_known():
    with pytest.raises(InputError, match="`kind` must be one of 'police', '311'"):
        categorize(pd.Series(["FIGHT"]), "fire")


@pytest.mark.parametrize(
    ("file", "column", "kind", "most_unmapped"),
    [
        ("seattle/seattle_911_2015.csv.gz", "Initial.Type.Description", "police", 0.001),
        ("milwaukee/calls.csv", "nature", "police", 0.01),
        ("montgomery/911.csv.gz", "title", "police", 0.001),
        ("nashville/calls_2024.csv", "Tencode Description", "police", 0.001),
        ("boston/311_service_requests_2011.zip", "type", "311", 0.08),
    ],
)
def test_real_types_are_mapped(real_data, file, column, kind, most_unmapped):
    types = pd.read_csv(real_data / file, usecols=[column], encoding="latin-1")[column]
    unmapped = categorize(types, kind)[types.notna()] == "other"
    assert unmapped.mean() < most_unmapped
