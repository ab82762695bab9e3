"""Areas from files, and events in areas."""

from __future__ import annotations

import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from sara.core.errors import InputError, SaraWarning
from sara.data.places import read_areas, within

UTM = 32616
# The field-book square: its outline crosses itself, so its area is counted twice or not at all without repair.
BOW_TIE = Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])


def frame(names, shapes, *, column="name", crs=UTM):
    return gpd.GeoDataFrame({column: names}, geometry=shapes, crs=crs)


def points(x, y, crs=UTM, index=None):
    return gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y), crs=crs, index=index)


def test_a_point_on_an_edge_counts_once():
    lattice = np.arange(0, 5.0, 0.5)
    x, y = (values.ravel() for values in np.meshgrid(lattice, lattice))
    cells = frame([f"{i}{j}" for i in range(4) for j in range(4)], [box(i, j, i + 1, j + 1) for i in range(4) for j in range(4)])
    found = within(points(x, y), cells)
    assert found.notna().sum() == ((x <= 4) & (y <= 4)).sum()


def test_the_first_area_wins_an_overlap_and_an_edge():
    areas = frame(["big", "small"], [box(0, 0, 4, 4), box(1, 1, 2, 2)])
    assert within(points([1.5], [1.5]), areas).tolist() == ["big"]
    assert within(points([1.5], [1.5]), areas.iloc[::-1]).tolist() == ["small"]


def test_within_agrees_with_a_spatial_join_where_no_point_is_on_an_edge():
    rng = np.random.default_rng(5)
    areas = frame(
        [f"a{i}" for i in range(40)], [Point(x, y).buffer(r) for x, y, r in rng.uniform((0, 0, 20), (1000, 1000, 90), (40, 3))]
    )
    events = points(*rng.uniform(0, 1000, (2, 3000)))
    joined = gpd.sjoin(events, areas, predicate="intersects").sort_values("index_right", kind="stable")
    other = joined[~joined.index.duplicated()]["name"].reindex(events.index)
    pd.testing.assert_series_equal(within(events, areas), other, check_names=False, check_dtype=False)


def test_within_keeps_the_index_and_the_input_and_leaves_missing_points_out():
    areas = frame(["A"], [box(0, 0, 1, 1)])
    events = gpd.GeoDataFrame(geometry=[Point(0.5, 0.5), None, Point(9, 9), Point()], crs=UTM, index=["a", "a", "c", "d"])
    kept = events.copy()
    found = within(events, areas)
    assert found.name == "area"
    assert list(found.index) == ["a", "a", "c", "d"]
    assert found.isna().tolist() == [False, True, True, True]
    pd.testing.assert_frame_equal(pd.DataFrame(events), pd.DataFrame(kept))


def test_within_brings_areas_to_the_coordinates_of_the_events():
    areas = frame(["A"], [box(500_000, 4_500_000, 501_000, 4_501_000)]).to_crs(4326)
    assert within(points([500_500, 502_000], [4_500_500, 4_500_500]), areas).notna().tolist() == [True, False]


def test_within_returns_the_column_asked_for_with_its_kind():
    areas = frame(["A", "B"], [box(0, 0, 1, 1), box(1, 0, 2, 1)]).assign(beat=[7, 9])
    found = within(points([0.5, 5], [0.5, 5]), areas, name="beat")
    assert found.iloc[0] == 7
    assert pd.isna(found.iloc[1])


@pytest.mark.parametrize(
    ("events", "areas", "match"),
    [
        ([1], frame(["A"], [box(0, 0, 1, 1)]), "must be an event table"),
        (points([0], [0], crs=None), frame(["A"], [box(0, 0, 1, 1)]), "coordinate reference system"),
        (points([0], [0]), frame(["A"], [box(0, 0, 1, 1)], crs=None), "coordinate reference system"),
        (points([0], [0]), frame(["A"], [Point(0, 0)]), "must be polygons"),
        (points([0], [0]), frame(["A"], [box(0, 0, 1, 1)], column="nme"), "Did you mean 'nme'"),
        (frame(["A"], [box(0, 0, 1, 1)]), frame(["A"], [box(0, 0, 1, 1)]), "must be points"),
    ],
)
def test_mistakes_of_within(events, areas, match):
    with pytest.raises(InputError, match=match):
        within(events, areas)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"OBJECTID": [1, 2], "PRI_NEIGH": ["Loop", "Uptown"]}, "PRI_NEIGH"),
        ({"L_HOOD": ["North", "North"], "S_HOOD": ["Adams", "Ballard"]}, "S_HOOD"),
        ({"state": ["OR", "OR"], "nhood": ["A", "B"]}, "nhood"),
        ({"Name": [None, None], "census_tract": ["Tract 1", "Tract 2"]}, "census_tract"),
        ({"PRECINCT": ["NO", "NO"], "DISTRICT": ["510", "520"]}, "DISTRICT"),
        ({"shape_area": [1.5, 2.5], "vecindario": ["Centro", "Norte"]}, "vecindario"),
        ({"shape_area": [1.5, 2.5], "gid": [4, 5]}, "gid"),
    ],
)
def test_the_name_column_is_recognised_by_name_and_content(columns, expected):
    areas = read_areas(gpd.GeoDataFrame(columns, geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1)], crs=4326))
    assert areas.attrs["sara"]["name_column"] == expected
    assert areas["name"].tolist() == [str(value) for value in columns[expected]]


def test_areas_without_any_name_are_numbered():
    areas = read_areas(gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1)], crs=4326))
    assert areas["name"].tolist() == ["area 1", "area 2"]


def test_rows_that_share_a_name_become_one_area_and_it_is_said():
    table = frame(["Island", "Island", "Shore", None], [box(0, 0, 1, 1), box(5, 5, 6, 6), box(1, 0, 2, 1), box(2, 0, 3, 1)])
    with pytest.warns(SaraWarning) as caught:
        areas = read_areas(table, name="name")
    assert areas["name"].tolist() == ["Island", "Shore", "unnamed 1"]
    assert areas.geometry.area.tolist() == [2, 1, 1]
    assert any("share a name" in str(w.message) for w in caught)
    assert any("have no 'name'" in str(w.message) for w in caught)


def test_outlines_become_flat_valid_polygons():
    shapes = [
        shapely.force_3d(box(0, 0, 1, 1), z=3),
        BOW_TIE,
        shapely.GeometryCollection([box(5, 5, 6, 6), LineString([(0, 0), (9, 9)])]),
        None,
    ]
    with pytest.warns(SaraWarning, match="no outline"):
        areas = read_areas(frame(["a", "b", "c", "d"], shapes))
    assert areas.is_valid.all()
    assert not areas.has_z.any()
    assert areas.geom_type.isin(["Polygon", "MultiPolygon"]).all()
    assert areas.geometry.area.round(9).tolist() == [1, 2, 1]
    assert areas.attrs["sara"]["rows_repaired"] == 1


@pytest.mark.parametrize("suffix", ["geojson", "gpkg", "shp", "zip", "parquet"])
def test_every_usual_format_reads_the_same(tmp_path, suffix):
    table = frame(
        ["Old Town", "Harbor"], [box(-89, 40, -88.9, 40.1), MultiPolygon([box(-88.9, 40, -88.8, 40.1)])], column="NHOOD", crs=4326
    )
    path = tmp_path / f"areas.{suffix}"
    if suffix == "zip":
        import zipfile

        table.to_file(tmp_path / "inside.shp")
        with zipfile.ZipFile(path, "w") as archive:
            for part in tmp_path.glob("inside.*"):
                archive.write(part, part.name)
    elif suffix == "parquet":
        table.to_parquet(path)
    else:
        table.to_file(path)
    areas = read_areas(path)
    assert areas["name"].tolist() == ["Old Town", "Harbor"]
    assert areas.crs.to_epsg() == 4326
    assert areas.total_bounds.tolist() == pytest.approx([-89, 40, -88.8, 40.1])


def test_geographic_files_come_in_longitude_and_latitude_and_projected_ones_keep_their_own():
    assert read_areas(frame(["A"], [box(-89, 40, -88, 41)], crs=4269)).crs.to_epsg() == 4326
    assert read_areas(frame(["A"], [box(0, 0, 1, 1)], crs=2913)).crs.to_epsg() == 2913


def test_a_shapefile_without_its_prj_is_turned_down(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame(["A"], [box(0, 0, 1, 1)], crs=None).to_file(tmp_path / "areas.shp")
    with pytest.raises(InputError, match=r"must say its coordinate system .*set_crs"):
        read_areas(tmp_path / "areas.shp")


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda folder: folder / "missing.geojson", "must be a boundary file that is there"),
        (lambda folder: (folder / "broken.geojson", (folder / "broken.geojson").write_text("{'no"))[0], "does not open"),
        (lambda _: frame(["A"], [Point(0, 0)]), "must hold polygons"),
        (lambda _: frame([], []), "at least one area"),
        (lambda _: frame(["A"], [box(7_600_000, 600_000, 7_700_000, 700_000)], crs=4326), "coordinates it says it holds"),
    ],
)
def test_mistakes_of_read_areas(tmp_path, make, match):
    with pytest.raises(InputError, match=match):
        read_areas(make(tmp_path))


def test_a_wrong_name_is_answered_with_the_columns():
    with pytest.raises(InputError, match="Did you mean 'nhood'"):
        read_areas(frame(["A"], [box(0, 0, 1, 1)], column="nhood"), name="nhod")


def test_overlapping_areas_agree_with_shapely():
    rng = np.random.default_rng(1)
    areas = frame([f"{i}" for i in range(40)], [Point(x, y).buffer(800) for x, y in rng.uniform(0, 10_000, (40, 2))])
    events = points(*rng.uniform(0, 10_000, (2, 2_000)))
    inside = np.array([area.contains(events.geometry.to_numpy()) for area in areas.geometry])
    expected = np.where(inside.any(axis=0), np.argmax(inside, axis=0).astype(str), None)
    found = within(events, areas)
    assert found.astype(object).where(found.notna(), None).tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("file", "n", "name"),
    [
        ("boston/boston_neighborhoods.geojson", 26, "Roslindale"),
        ("milwaukee/milwaukee_neighborhoods.geojson", 190, "Northridge Lakes"),
        ("portland/portland-police-districts.zip", 60, "510"),
        ("chicago/chicago_boundaries_census_tracts.geojson", 789, "Census Tract 101, Cook, IL"),
        ("memphis/memphis_precincts.geojson", 9, "Airways"),
    ],
)
def test_published_boundaries(real_data, file, n, name):
    areas = read_areas(real_data / file)
    assert len(areas) == n
    assert areas["name"].iloc[0] == name
    assert areas["name"].is_unique
    assert areas.is_valid.all()
    assert not areas.has_z.any()
