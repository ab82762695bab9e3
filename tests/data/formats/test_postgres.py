"""A query against a real PostgreSQL: typed, streamed, with points as PostGIS and as numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import sara

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    pgserver = pytest.importorskip("pgserver")
    found = pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    yield found
    found.cleanup()


@pytest.fixture(scope="module")
def calls(server):
    psycopg = pytest.importorskip("psycopg")
    n = 60_000
    rng = np.random.default_rng(5)
    with psycopg.connect(server.get_uri()) as connection:
        connection.execute(
            "CREATE TABLE cfs (event_no bigint, received timestamptz, local_time timestamp, nature text, cost numeric(8,2), lon double precision,"
            " lat double precision, units text[], extra jsonb, day date, ok boolean)"
        )
        with connection.cursor().copy(
            "COPY cfs (event_no, received, local_time, nature, cost, lon, lat, units, extra, day, ok) FROM STDIN"
        ) as copy:
            times = pd.date_range("2024-01-01 06:00", periods=n, freq="4min")
            lon, lat = -87.6 + rng.normal(0, 0.02, n), 41.8 + rng.normal(0, 0.02, n)
            for i in range(n):
                copy.write_row((i, f"{times[i]}+00", str(times[i] - pd.Timedelta("6h")), ["FIGHT", "NOISE"][i % 2], "12.50", lon[i], lat[i],
                                "{A1,B2}", '{"a": 1}', str(times[i].date()), i % 3 == 0))  # fmt: skip
    return server.get_uri()


def test_drivers_agree_and_rows_are_streamed(calls):
    import psycopg
    import sqlalchemy

    engine = sqlalchemy.create_engine(calls.replace("postgresql://", "postgresql+psycopg://"))
    query = "SELECT * FROM cfs WHERE nature LIKE '%I%' ORDER BY event_no"
    with psycopg.connect(calls) as plain, psycopg.connect(calls, autocommit=True) as own, engine.connect() as connection:
        read = [
            sara.read_calls(
                query, connection=one, tz="America/Chicago", columns={"time": "received", "type": "nature", "id": "event_no"}
            )
            for one in (plain, own, engine, connection)
        ]
        # The connection is left as it was: it can be used again.
        assert plain.execute("SELECT count(*) FROM cfs").fetchone()[0] == 60_000
    for events in read:
        assert len(events) == events.attrs["sara"]["rows_read"] == 60_000
        # 06:00 UTC is midnight in Chicago.
        assert events["time"].iloc[0] == pd.Timestamp("2024-01-01 00:00")
        assert events["id"].tolist() == read[0]["id"].tolist()
        assert events["cost"].iloc[0] == 12.5
        assert events["units"].iloc[0] == '["A1", "B2"]'
        assert events.attrs["sara"]["database"] in ("psycopg", "SQLAlchemy postgresql")
        assert "127.0.0.1" not in str(events.attrs) and "postgres:" not in str(events.attrs)


def test_wall_time_and_table_name(calls):
    import psycopg

    with psycopg.connect(calls) as connection:
        events = sara.read_calls(
            "public.cfs", connection=connection, tz="America/Chicago", columns={"time": "local_time", "type": "nature"}
        )
        assert events["time"].iloc[0] == pd.Timestamp("2024-01-01 00:00")
    with psycopg.connect(calls) as connection, pytest.raises(sara.InputError, match="UndefinedTable"):
        sara.read_calls("SELECT * FROM nowhere", connection=connection)
