"""One table in every format: the same events come out, and every row is accounted for."""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import zipfile
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import sara
from sara.data._rejects import rejects_of

N = 40
CRS_FEET = 3435


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SARA_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    return pd.DataFrame({
        "id": [f"C{i:04d}" for i in range(N)],
        "received": pd.date_range("2024-03-01 08:00", periods=N, freq="97min").astype("datetime64[us]"),
        "nature": rng.choice(["FIGHT", "NOISE COMPLAINT", "BURGLARY REPORT"], N),
        "beat": rng.integers(1, 9, N),
        "lon": np.round(-88.9 + rng.normal(0, 0.01, N), 6),
        "lat": np.round(40.9 + rng.normal(0, 0.01, N), 6),
    })  # fmt: skip


def shaped(table: pd.DataFrame, crs: int = 4326) -> gpd.GeoDataFrame:
    points = gpd.points_from_xy(table["lon"], table["lat"], crs=4326)
    return gpd.GeoDataFrame(table.drop(columns=["lon", "lat"]), geometry=points).to_crs(crs)


def iso(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(received=table["received"].dt.strftime("%Y-%m-%dT%H:%M:%S"))


def records(table: pd.DataFrame) -> list[dict]:
    return json.loads(iso(table).to_json(orient="records"))


def socrata_rows(table: pd.DataFrame) -> dict:
    names = ["sid", "id_", "created_at", *(c for c in table if c not in ("lon", "lat")), "location"]
    hidden = [{"name": n, "fieldName": f":{n}", "dataTypeName": "meta_data", "flags": ["hidden"]} for n in names[:3]]
    shown = [{"name": n.title(), "fieldName": n, "dataTypeName": "text"} for n in names[3:-1]]
    place = {"name": "Location", "fieldName": "location", "dataTypeName": "location",
             "subColumnTypes": ["human_address", "latitude", "longitude", "machine_address", "needs_recoding"]}  # fmt: skip
    data = [
        [
            f"row-{i}",
            "x",
            1_400_000_000,
            r["id"],
            r["received"],
            r["nature"],
            r["beat"],
            [None, str(r["lat"]), str(r["lon"]), None, False],
        ]
        for i, r in enumerate(records(table))
    ]
    return {"meta": {"view": {"name": "Calls", "columns": [*hidden, *shown, place]}}, "data": data}


def esri(table: pd.DataFrame, wkid: int | None = 102671) -> dict:
    moved = shaped(table, CRS_FEET)
    features = [
        {"attributes": {"id": r["id"], "received": r["received"], "NATURE": int(r["nature"] == "FIGHT") + 2 * int("BURG" in r["nature"]), "beat": r["beat"]},
         "geometry": {"x": p.x, "y": p.y}}
        for r, p in zip(records(table), moved.geometry, strict=True)
    ]  # fmt: skip
    words = {0: "NOISE COMPLAINT", 1: "FIGHT", 2: "BURGLARY REPORT"}
    domain = {"type": "codedValue", "codedValues": [{"code": k, "name": v} for k, v in words.items()]}
    fields = [{"name": "id", "type": "esriFieldTypeString", "alias": "id"}, {"name": "received", "type": "esriFieldTypeString"},
              {"name": "NATURE", "type": "esriFieldTypeInteger", "domain": domain}, {"name": "beat", "type": "esriFieldTypeInteger"}]  # fmt: skip
    return {"fields": fields, "spatialReference": {"wkid": wkid, "latestWkid": CRS_FEET}, "features": features}


def zipped(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def to_bytes(write, suffix: str, tmp_path) -> bytes:
    path = tmp_path / f"made{suffix}"
    write(path)
    content = path.read_bytes()
    path.unlink()
    return content


def shapefile(table, folder, *, prj: bool = True) -> None:
    folder.mkdir(exist_ok=True)
    iso(shaped(table, 4326)).to_file(folder / "calls.shp")
    if not prj:
        (folder / "calls.prj").unlink()


def written(how: str, table: pd.DataFrame, tmp_path):
    """Return what to hand to read_calls."""
    csv = table.to_csv(index=False).encode()
    plain = {
        "csv": lambda: csv,
        "csv.gz": lambda: gzip.compress(csv),
        "csv.bz2": lambda: __import__("bz2").compress(csv),
        "csv.xz": lambda: __import__("lzma").compress(csv),
        "zip": lambda: zipped({"readme.txt": b"read me", "calls.csv": csv}),
        "zip in zip": lambda: zipped({"inner.zip": zipped({"calls.csv": csv})}),
        "gz in zip": lambda: zipped({"calls.csv.gz": gzip.compress(csv)}),
        "zip of parts": lambda: zipped({f"m{i}.csv": table.iloc[i::4].to_csv(index=False).encode() for i in range(4)}),
        "xlsx": lambda: to_bytes(lambda p: table.to_excel(p, index=False), ".xlsx", tmp_path),
        "parquet": lambda: to_bytes(lambda p: table.assign(nature=table["nature"].astype("category")).to_parquet(p), ".parquet", tmp_path),
        "geoparquet": lambda: to_bytes(lambda p: shaped(table).to_parquet(p), ".parquet", tmp_path),
        "geoarrow": lambda: to_bytes(lambda p: shaped(table, CRS_FEET).to_parquet(p, geometry_encoding="geoarrow"), ".parquet", tmp_path),
        "feather": lambda: to_bytes(lambda p: table.to_feather(p), ".feather", tmp_path),
        "geojson": lambda: to_bytes(lambda p: iso(shaped(table)).to_file(p, driver="GeoJSON"), ".geojson", tmp_path),
        "geojson lines": lambda: to_bytes(lambda p: iso(shaped(table)).to_file(p, driver="GeoJSONSeq"), ".geojsonl", tmp_path),
        "gpkg": lambda: to_bytes(lambda p: shaped(table, CRS_FEET).to_file(p, driver="GPKG"), ".gpkg", tmp_path),
        "gpkg in zip": lambda: zipped({"a.gpkg": to_bytes(lambda p: shaped(table).to_file(p, driver="GPKG"), ".gpkg", tmp_path)}),
        "fgb": lambda: to_bytes(lambda p: shaped(table, CRS_FEET).to_file(p, driver="FlatGeobuf"), ".fgb", tmp_path),
        "esri json": lambda: json.dumps(esri(table)).encode(),
        "esri pages": lambda: json.dumps([esri(table.iloc[:25]), esri(table.iloc[25:])]).encode(),
        "socrata rows": lambda: json.dumps(socrata_rows(table)).encode(),
        "socrata json": lambda: json.dumps([
            {"id": r["id"], "received": r["received"], "nature": r["nature"], "beat": str(r["beat"]),
             "location": {"latitude": str(r["lat"]), "longitude": str(r["lon"]), "human_address": '{"address": "1 MAIN ST"}'}}
            for r in records(table)
        ]).encode(),
        "socrata points": lambda: json.dumps([
            {**{k: v for k, v in r.items() if k not in ("lon", "lat")}, "point": {"type": "Point", "coordinates": [r["lon"], r["lat"]]}}
            for r in records(table)
        ]).encode(),
        "socrata csv": lambda: table.assign(Location=[f"({a}, {o})" for a, o in zip(table["lat"], table["lon"], strict=True)])
        .drop(columns=["lon", "lat"]).to_csv(index=False).encode(),
        "socrata csv points": lambda: table.assign(Location=[f"POINT ({o} {a})" for a, o in zip(table["lat"], table["lon"], strict=True)])
        .drop(columns=["lon", "lat"]).to_csv(index=False).encode(),
        "json": lambda: json.dumps(records(table)).encode(),
        "json with a mark": lambda: b"\xef\xbb\xbf" + json.dumps(records(table)).encode(),
        "json utf-16": lambda: json.dumps(records(table)).encode("utf-16"),
        "ckan": lambda: json.dumps({"success": True, "result": {"fields": [{"id": "x"}], "records": records(table)}}).encode(),
        "odata": lambda: json.dumps({"@odata.context": "x", "value": records(table)}).encode(),
        "json by column": lambda: iso(table).to_json().encode(),
        "json split": lambda: iso(table).to_json(orient="split").encode(),
        "json lists": lambda: json.dumps(iso(table).to_dict(orient="list")).encode(),
        "json arrays": lambda: json.dumps([list(table), *(list(r.values()) for r in records(table))]).encode(),
        "json lines": lambda: "\n".join(map(json.dumps, records(table))).encode(),
        "xml": lambda: ("<?xml version='1.0'?><rows>" + "".join(
            "<row>" + "".join(f"<{k}>{v}</{k}>" for k, v in r.items()) + "</row>" for r in records(table)) + "</rows>").encode(),
    }  # fmt: skip
    if how in plain:
        # The name says nothing: content decides.
        path = tmp_path / "export.dat"
        path.write_bytes(plain[how]())
        return path
    if how == "shapefile":
        shapefile(table, tmp_path / "layer")
        return tmp_path / "layer" / "calls.shp"
    if how == "shapefile folder":
        shapefile(table, tmp_path / "layer", prj=False)
        return tmp_path / "layer"
    if how == "shapefile zip":
        shapefile(table, tmp_path / "layer")
        (tmp_path / "calls.zip").write_bytes(
            zipped({f"in/CALLS{p.suffix.upper()}": p.read_bytes() for p in (tmp_path / "layer").iterdir()})
        )
        return tmp_path / "calls.zip"
    if how == "frame":
        return table.set_index(pd.Index(range(100, 100 + N)))
    if how == "geoframe":
        return shaped(table, CRS_FEET)
    if how == "openpolicedata":
        return SimpleNamespace(table=table, agency="Riverton", state="Nowhere", table_type="CALLS FOR SERVICE", year=2024)
    if how == "folder":
        folder = tmp_path / "days"
        folder.mkdir()
        (folder / "readme.txt").write_text("Calls by day, from the city.\n")
        for i in range(10):
            part = table.iloc[i::10]
            if i == 3:
                part = part.rename(columns={"received": "Received Time", "nature": "Call Nature", "id": "Call ID"})
            if i == 5:
                (folder / f"d{i}.geojson").write_text(iso(shaped(part)).to_json())
            elif i == 6:
                part.to_excel(folder / f"d{i}.xlsx", index=False)
            elif i == 7:
                (folder / f"d{i}.json").write_text(json.dumps(records(part)))
            elif i == 8:
                part.to_parquet(folder / f"d{i}.parquet")
            else:
                part.to_csv(folder / f"d{i}.csv", index=False, sep=";" if i % 2 else ",")
        return folder
    if how == "esri folder":
        folder = tmp_path / "pages"
        folder.mkdir()
        for i in range(4):
            (folder / f"page_{i}.json").write_text(json.dumps(esri(table.iloc[i * 10 : (i + 1) * 10])))
        return folder
    raise AssertionError(how)


FORMATS = (
    "csv", "csv.gz", "csv.bz2", "csv.xz", "zip", "zip in zip", "gz in zip", "zip of parts", "xlsx", "parquet", "geoparquet", "geoarrow", "feather",
    "geojson", "geojson lines", "gpkg", "gpkg in zip", "fgb", "esri json", "esri pages", "socrata rows", "socrata json", "socrata points",
    "socrata csv", "socrata csv points", "json", "json with a mark", "json utf-16", "ckan", "odata", "json by column", "json split", "json lists",
    "json arrays", "json lines", "xml", "shapefile", "shapefile folder", "shapefile zip", "frame", "geoframe", "openpolicedata", "folder", "esri folder",
)  # fmt: skip


@pytest.mark.parametrize("how", FORMATS)
def test_the_same_events_come_out(how, table, tmp_path):
    (tmp_path / "plain.csv").write_bytes(table.to_csv(index=False).encode())
    plain = sara.read_calls(tmp_path / "plain.csv", tz="America/Chicago")
    before = table.copy(deep=True)
    events = sara.read_calls(written(how, table, tmp_path), tz="America/Chicago")
    assert events["id"].tolist() == plain["id"].tolist()
    for name in ("time", "t", "type", "category", "month", "hour"):
        assert events[name].astype(str).tolist() == plain[name].astype(str).tolist(), name
    # A centimetre: state plane feet there and back.
    assert np.abs(events[["x", "y"]].to_numpy() - plain[["x", "y"]].to_numpy()).max() < 0.02
    record = events.attrs["sara"]
    assert record["rows_read"] == len(events) + record["rows_rejected"] == N
    assert record["rows_rejected"] == len(rejects_of(events)) == 0
    json.dumps(record)
    pd.testing.assert_frame_equal(table, before)
    assert sara.audit(events).text


def connections(table, tmp_path):
    lite = sqlite3.connect(tmp_path / "calls.db")
    iso(table).to_sql("calls", lite, index=False)
    yield "sqlite3", lite
    sqlalchemy = pytest.importorskip("sqlalchemy")
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'calls.db'}")
    yield "engine", engine
    with engine.connect() as connection:
        yield "SQLAlchemy connection", connection
    duckdb = pytest.importorskip("duckdb")
    duck = duckdb.connect()
    duck.register("seen", table)
    duck.execute("CREATE TEMP TABLE calls AS SELECT * FROM seen")
    yield "DuckDB", duck


def test_queries(table, tmp_path):
    (tmp_path / "plain.csv").write_bytes(table.to_csv(index=False).encode())
    plain = sara.read_calls(tmp_path / "plain.csv", tz="America/Chicago")
    for name, connection in connections(table, tmp_path):
        for query in (
            "SELECT * FROM calls",
            "calls",
            "-- all\nWITH c AS (SELECT * FROM calls WHERE nature LIKE '%T%') SELECT * FROM c;",
        ):
            events = sara.read_calls(query, connection=connection, tz="America/Chicago")
            assert events["id"].tolist() == plain["id"].tolist(), (name, query)
            assert events["time"].tolist() == plain["time"].tolist()
            assert events["x"].to_numpy() == pytest.approx(plain["x"].to_numpy())
            assert events.attrs["sara"]["rows_read"] == N
        with pytest.raises(sara.InputError, match=r"must be a query that the database can run. Got \w+: .*calls_of_2025"):
            sara.read_calls("SELECT * FROM calls_of_2025", connection=connection)
        with pytest.raises(sara.InputError, match="must be a query that reads"):
            sara.read_calls("DELETE FROM calls", connection=connection)
        # It is open still, and holds what it held.
        assert len(sara.read_calls("calls", connection=connection, tz="America/Chicago")) == N
    with pytest.raises(sara.InputError, match="`connection` must be given with a query"):
        sara.read_calls("SELECT * FROM calls")
    with pytest.raises(sara.InputError, match="`connection` must be an open connection"):
        sara.read_calls("SELECT * FROM calls", connection="postgresql://host/calls")
