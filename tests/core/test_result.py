import json
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Point

import sara.core.registry as registry
from sara.core.codec import decode, encode
from sara.core.errors import InputError
from sara.core.excel import safe_cell
from sara.core.result import Check, Counts, Result, Setting


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Plain(Result):
    checks: tuple[Check, ...] = ()
    question = "Where?"

    @property
    def text(self) -> str:
        return "<script>alert(1)</script> is the finding."

    def plot(self, *, ax=None):
        raise AssertionError("not drawn here")


def plain(**values):
    table = pd.DataFrame({"n": [1, 2], "address": ["=1+1", "5 MAIN ST"]})
    settings = {"cell_size": Setting(250.0, "sara", "50 cells on the shorter side")}
    return Plain(**{"table": table, "settings": settings, "counts": Counts(5, 3, {"no location": 2}), **values})


def test_rows_must_add_up():
    assert str(Counts(5, 3, {"no location": 2, "no time": 0})) == "3 of 5 rows used (left out: 2 no location)"
    with pytest.raises(InputError, match="must add up"):
        Counts(5, 3, {"no location": 1})


def test_two_tables_are_counted_apart_and_together():
    both = Counts.of(calls=Counts(10, 8, {"officer-initiated": 2}), complaints=Counts(4, 4))
    assert (both.rows_in, both.rows_used) == (14, 12)
    assert both.left_out == {"calls: officer-initiated": 2}
    assert both.sources["complaints"].rows_used == 4


def test_results_are_compared_by_identity_and_can_be_hashed():
    one, other = plain(), plain()
    assert one != other
    assert len({one, other}) == 2


def test_the_notebook_view_escapes_what_strangers_wrote():
    view = plain(cautions=("<img src=x>",))._repr_html_()
    assert "<script>" not in view
    assert "<img" not in view
    assert "&lt;script&gt;" in view


def test_excel_cells_hold_no_formulas(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    path = plain().to_excel(tmp_path / "a.xlsx")
    sheet = openpyxl.load_workbook(path)["table"]
    assert [cell.value for cell in sheet["B"]] == ["address", "'=1+1", "5 MAIN ST"]
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    with pytest.raises(InputError, match=r"must end in \.xlsx"):
        plain().to_excel(tmp_path / "a.csv")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_every_formula_start_is_disarmed(start):
    assert safe_cell(f"{start}cmd").startswith("'")
    assert safe_cell(-5) == -5
    assert "\x00" not in safe_cell("a\x00b")


FRAME = gpd.GeoDataFrame(
    {
        "n": [1, 2, 3],
        "share": [0.1, np.nan, 1 / 3],
        "name": ['a,b\n"c"', None, "é"],
        "when": pd.to_datetime(["2024-01-01 10:00:00.000001", None, "2024-02-01"], format="ISO8601").astype("datetime64[us]"),
        "count": pd.array([1, None, 3], dtype="Int64"),
        "hot": [True, False, True],
    },
    geometry=[Point(0.1, 2), None, Point(1 / 3, 4)],
    crs=32616,
)


def test_a_frame_reads_back_as_it_was():
    FRAME.attrs["sara"] = {"period": ["2024-01-01", "2024-02-01"]}
    back = decode(json.loads(json.dumps(encode(FRAME))))
    pd.testing.assert_frame_equal(pd.DataFrame(back), pd.DataFrame(FRAME), check_dtype=False)
    assert back.crs == FRAME.crs
    assert back.attrs == FRAME.attrs
    assert list(map(str, back.dtypes))[:2] == ["int64", "float64"]


@pytest.mark.parametrize(
    "frame", [FRAME.iloc[:0], pd.DataFrame(), pd.DataFrame({"only": ["x", None]}), pd.DataFrame({"only": [np.inf, -0.0]})]
)
def test_small_frames_read_back(frame):
    back = decode(json.loads(json.dumps(encode(frame))))
    assert list(back.columns) == list(frame.columns)
    assert back.shape == frame.shape


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        2.5,
        float("inf"),
        "x",
        pd.Timestamp("2024-01-01"),
        (1, (2, "a")),
        {"a": [1, 2]},
        Setting(("a", 1), "sara", "why"),
        pd.Timedelta("1h"),
    ],
)
def test_values_read_back(value):
    assert decode(json.loads(json.dumps(encode(value)))) == value


def test_a_check_and_counts_read_back():
    check = decode(json.loads(json.dumps(encode(Check(name="level", passed=None, text="?", cap="was followed by")))))
    assert (check.name, check.passed, check.cap) == ("level", None, "was followed by")
    counts = Counts.of(calls=Counts(3, 2, {"no time": 1}))
    assert decode(json.loads(json.dumps(encode(counts)))) == counts


def test_only_listed_kinds_are_built(monkeypatch):
    with pytest.raises(InputError, match="must be a kind sara knows"):
        plain().to_dict()
    with pytest.raises(InputError, match="must be one sara writes. Got 'os.system'"):
        Result.from_dict({"kind": "os.system", "fields": {}})
    with pytest.raises(InputError, match="to_dict"):
        Result.from_dict({"cmd": "x"})
    monkeypatch.setitem(registry.KINDS, "Plain", __name__)
    with pytest.raises(InputError, match="a record must hold"):
        encode(object())


@pytest.mark.parametrize(
    "damage",
    [
        {"$frame": {"csv": "a\n1\n", "columns": {"b": "int64"}, "crs": None, "geometry": None, "attrs": {}}},
        {"$time": "soon"},
        {"$wkt": "POINT("},
        {"$counts": [1, 2]},
    ],
)
def test_a_damaged_record_is_an_input_error(damage):
    with pytest.raises(InputError):
        decode(damage)
