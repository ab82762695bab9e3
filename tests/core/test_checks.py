import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import Point, box

from sara.core import checks
from sara.core.errors import InputError, NotEnoughDataError


def events(crs=32616, n=2):
    frame = pd.DataFrame({c: [None] * n for c in ("id", "source", "time", "type", "category", "origin")})
    frame["x"], frame["y"] = 5.0, 5.0
    return gpd.GeoDataFrame(frame, geometry=[Point(5, 5)] * n, crs=crs)


def test_a_good_table_passes_unchanged():
    table = events()
    assert checks.check_events(table) is table


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (None, "must be an event table. Got a NoneType"),
        (pd.DataFrame({"a": [1]}), "Got a table without id, source"),
        (events().iloc[:0], "`events` has no rows. Has an earlier filter"),
        (events(crs=None), "Got crs=None"),
        (events(crs=4326), "must be in metres"),
        (events(crs=2913), "must be in metres"),
    ],
)
def test_bad_tables_say_what_to_do(bad, words):
    with pytest.raises(InputError, match=words.replace("(", r"\(")):
        checks.check_events(bad)


def test_geometry_and_coordinates_that_disagree_are_told():
    table = events(n=4)
    moved = table.copy()
    moved["geometry"] = [Point(5, 5), Point(5.9, 5), Point(5, 6.5), None]
    with pytest.raises(InputError, match=r"Got 1 of 4 rows more than 1 m apart.*\['x'\], events\['y'\] = events.geometry.x"):
        checks.check_events(moved)
    moved["x"], moved["y"] = moved.geometry.x, moved.geometry.y
    assert checks.check_events(moved) is moved
    table.loc[1, ["x", "y"]] = float("nan")
    assert checks.check_events(table) is table


def test_columns_that_are_there_twice_are_named():
    table = pd.concat([events(), events()[["type", "x"]]], axis=1)
    with pytest.raises(InputError, match=r"each column once. Got 'type', 'x' more than once. Write: events = events.loc"):
        checks.check_events(table)
    assert checks.check_events(table.loc[:, ~table.columns.duplicated()]) is not None


@pytest.mark.parametrize("bad", [-1, "a", 1.5, True, float("nan"), [1]])
def test_a_seed_is_a_whole_number_or_none(bad):
    assert checks.check_seed(7) == 7
    assert checks.check_seed(None) is None
    with pytest.raises(InputError, match="`seed` must be a whole number of 0 or more"):
        checks.check_seed(bad)


def test_areas_must_be_polygons_with_a_crs():
    good = gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1)], crs=32616)
    assert checks.check_areas(good, crs=4326).crs == 4326
    with pytest.raises(InputError, match="must be polygons. Got Point"):
        checks.check_areas(gpd.GeoDataFrame(geometry=[Point(0, 0)], crs=32616))
    with pytest.raises(InputError, match="crs=None"):
        checks.check_areas(gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1)]))
    with pytest.raises(InputError, match="Got a str"):
        checks.check_areas("areas.geojson")


def test_a_misspelt_column_gets_a_suggestion():
    with pytest.raises(InputError, match=r"'recieved'\. Did you mean 'received'\? Columns: id, received"):
        checks.check_columns(pd.DataFrame(columns=["id", "received"]), ["recieved"], argument="time")


@pytest.mark.parametrize("bad", [0.4, 1, 95, "0.95", True])
def test_confidence_is_a_share(bad):
    with pytest.raises(InputError, match="`confidence`"):
        checks.check_confidence(bad)


@pytest.mark.parametrize("bad", [(1,), (1, -1), ("a", 2), None, (1, float("nan"))])
def test_a_pair_is_two_counts(bad):
    with pytest.raises(InputError, match="`treated` must"):
        checks.check_pair(bad, name="treated")


def test_the_rest():
    assert checks.check_pair((80, 52), name="treated") == (80.0, 52.0)
    assert checks.check_choice("queen", ("queen", "rook"), name="contiguity") == "queen"
    with pytest.raises(InputError, match="Did you mean 'queen'"):
        checks.check_choice("queens", ("queen", "rook"), name="contiguity")
    with pytest.raises(NotEnoughDataError, match="gi_star needs at least 30 events with a location. Got 12"):
        checks.check_enough(12, 30, method="gi_star")
    with pytest.raises(InputError, match="whole number of 1 or more"):
        checks.check_count(0.5, name="n")
    with pytest.raises(InputError, match="whole number of 1 or more. Got nan"):
        checks.check_count(float("nan"), name="n")
    with pytest.raises(InputError, match="a shape in every row. Got none in row 1"):
        checks.check_areas(gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1), None], crs=32616))
    assert checks.record_of(events()) == {}
