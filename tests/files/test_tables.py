"""Tables: what is read, where each cell stood, and every refusal to the letter."""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
import pickle
import re
import sys
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from allocator.errors import InputError, Place
from allocator.files import tables
from allocator.files.tables import Table, read_table

UNIVERSE = 'id,title,capacity [$ bn]\nhall, "Halls, and ""more""", 60\ndocks,日本の港,-5\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


def read_csv(folder: Path, data: str | bytes, **options: Any) -> Table:
    path = folder / "t.csv"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_table(path, "t.csv", **options)


def read_parquet(folder: Path, columns: dict[str, Any] | pa.Table | bytes, **options: Any) -> Table:
    path = folder / "t.parquet"
    if isinstance(columns, bytes):
        path.write_bytes(columns)
    else:
        parquet.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), path)
    return read_table(path, "t.parquet", **options)


def refused(read: Any, *args: Any, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        read(*args, **options)
    return str(caught.value)


def places(table: Table) -> list[list[str]]:
    """Where the header and each row stand, without the name of the file."""
    rows: Iterable[int | None] = [None, *range(len(table))]
    return [[f"{at.line}:{at.column}" for at in (table.place(row, name) for name in table.columns)] for row in rows]


def test_cells_are_text_without_the_blanks_around_them(folder: Path) -> None:
    table = read_csv(folder, UNIVERSE)
    assert table.columns == {
        "id": ("hall", "docks"),
        "title": ('Halls, and "more"', "日本の港"),
        "capacity [$ bn]": ("60", "-5"),
    }
    assert len(table) == 2
    assert repr(table) == "Table(name='t.csv')"


def test_each_cell_knows_the_column_of_its_first_character(folder: Path) -> None:
    table = read_csv(folder, UNIVERSE)
    assert places(table) == [["1:1", "1:4", "1:10"], ["2:1", "2:7", "2:30"], ["3:1", "3:7", "3:12"]]
    assert table.place(None, "title") == Place("t.csv", 1, 4)
    assert table.place(1, "capacity [$ bn]") == Place("t.csv", 3, 12)


@pytest.mark.parametrize(
    ("text", "columns", "found"),
    [
        ("a,b\n1,2", {"a": ("1",), "b": ("2",)}, [["1:1", "1:3"], ["2:1", "2:3"]]),
        ("\ufeffa,b\r\n1,2\r\n\r\n \n", {"a": ("1",), "b": ("2",)}, [["1:1", "1:3"], ["2:1", "2:3"]]),
        ("a,b\n,\n", {"a": ("",), "b": ("",)}, [["1:1", "1:3"], ["2:1", "2:2"]]),
        ("a,b\n  ,  x\n", {"a": ("",), "b": ("x",)}, [["1:1", "1:3"], ["2:3", "2:6"]]),
        ('a,b\n"","x"\n', {"a": ("",), "b": ("x",)}, [["1:1", "1:3"], ["2:1", "2:4"]]),
        ('a,b\n",""",","', {"a": (',"',), "b": (",",)}, [["1:1", "1:3"], ["2:1", "2:7"]]),
        ('a,b\n5" pipe,x"y', {"a": ('5" pipe',), "b": ('x"y',)}, [["1:1", "1:3"], ["2:1", "2:9"]]),
        ("a\nx\ny", {"a": ("x", "y")}, [["1:1"], ["2:1"], ["3:1"]]),
        ("a,b\n\u3000大　阪\u3000,２", {"a": ("大　阪",), "b": ("２",)}, [["1:1", "1:3"], ["2:2", "2:7"]]),
    ],
)
def test_ways_to_write(folder: Path, text: str, columns: dict[str, Any], found: list[list[str]]) -> None:
    table = read_csv(folder, text)
    assert table.columns == columns
    assert places(table) == found


@pytest.mark.parametrize(
    "cell", ["-5", "+5", "-.5", "+1,380.25", "-1e-05", "-2.E+3", "-20 bp", "-3%", "-$5 bn", "a=b", "1-2"]
)
def test_signed_numbers_are_no_formulas(folder: Path, cell: str) -> None:
    assert read_csv(folder, f'a,b\nx,"{cell}"').columns["b"] == (cell,)


FORMULA = "begins like a formula; write the value itself"
QUOTES = (
    "a quoted cell does not end with a quote and a comma on its own line; close it, and write a quote within it twice"
)
LEAVE_OUT = "leave out what is not needed"
COMMAS = "put a cell that has a comma in quotes"
NBSP = "the character U+00A0 (no-break space) is no ordinary space; write an ordinary one"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "t.csv:1:1: the file is empty; write a header and rows"),
        ("\ufeff\n \n", "t.csv:1:1: the file is empty; write a header and rows"),
        ("a,b\n", "t.csv:1:1: the table has no rows; add one below the header"),
        ("\na,b\n1,2", "t.csv:1:1: the line is blank; delete it"),
        ("a,b\n1,2\n\n3,4", "t.csv:3:1: the line is blank; delete it"),
        ("a;b\n1;2", "t.csv:1:1: the columns are separated by semicolons; save it as CSV with commas"),
        ("a\tb\n1\t2", "t.csv:1:1: the columns are separated by tabs; save it as CSV with commas"),
        ("a,b,a\n1,2,3", "t.csv:1:5: the column 'a' stands twice, first as column 1; keep one"),
        ("a, ,b\n1,2,3", "t.csv:1:4: column 2 has no name; write one"),
        ("a,b\n1\n", "t.csv:2:1: the row has 1 of 2 cells; add the others"),
        ("a,b\n1,380,2\n", f"t.csv:2:1: the row has 3 of 2 cells; {COMMAS}"),
        ('a,b\n1,"x\ny"', f"t.csv:2:3: {QUOTES}\nt.csv:3:1: the row has 1 of 2 cells; add the others"),
        ('a,b\n"x"y,1', f"t.csv:2:1: {QUOTES}"),
        ('a,b\n1, "x" \n1,2', f"t.csv:2:4: {QUOTES}"),
        ('a,"b\n1,2', f"t.csv:1:3: {QUOTES}"),
        ("a,b\n=1+1,2", f"t.csv:2:1: the cell '=1+1' {FORMULA}"),
        ("a,b\n1,@x", f"t.csv:2:3: the cell '@x' {FORMULA}"),
        ("a,b\n1,+x", f"t.csv:2:3: the cell '+x' {FORMULA}"),
        ("a,b\n-,1", f"t.csv:2:1: the cell '-' {FORMULA}"),
        ("a,b\n-2+3,1", f"t.csv:2:1: the cell '-2+3' {FORMULA}"),
        ("a,b\n1,-2|' /C calc'!A0", f"t.csv:2:3: the cell '-2|' /C calc'!A0' {FORMULA}"),
        ('a,b\n1," =x"', f"t.csv:2:3: the cell '=x' {FORMULA}"),
        ("a,=b\n1,2", f"t.csv:1:3: the cell '=b' {FORMULA}"),
        ("a,b\n1,=" + "x" * 99, f"t.csv:2:3: the cell '={'x' * 59}' {FORMULA}"),
        ("a,b\n1\u00a0000,2", f"t.csv:2:2: {NBSP}"),
        ("a\u00a0b,c\n1,2", f"t.csv:1:2: {NBSP}"),
        ("a,b\n1\t,2", f"t.csv:2:2: {NBSP.replace('00A0 (no-break space)', '0009 (a control character)')}"),
        ("a,b\n1,2\0", "t.csv:2:4: the character U+0000 (a control character) is not readable text; delete it"),
        ("a,b\r1,2", "t.csv:1:4: the character U+000D (a control character) is not readable text; delete it"),
        ("a,b\nx\u200b,2", "t.csv:2:2: the character U+200B (zero width space) is not readable text; delete it"),
        ("a,b\n1," + "x" * 131_073, "t.csv:2:1: a cell is longer than 131,072 characters; shorten it"),
        ("," * 20_000 + "\n1", f"t.csv:1:1: the table has 20,001 columns, more than 20,000; {LEAVE_OUT}"),
    ],
)  # fmt: skip
def test_refusals(folder: Path, text: str, message: str) -> None:
    assert refused(read_csv, folder, text) == message


def test_other_encodings_are_refused(folder: Path) -> None:
    told = refused(read_csv, folder, b"id,b\nx,\xe9")
    assert told == "t.csv:2:3: the file is not UTF-8 here; save it as UTF-8"


def test_the_number_of_rows_is_bounded(folder: Path) -> None:
    assert len(read_csv(folder, "a\n1\n2\n3", max_rows=3)) == 3
    told = refused(read_csv, folder, "a\n1\n2\n3", max_rows=2)
    assert told == "t.csv:1:1: the table has 3 rows, more than 2; " + LEAVE_OUT


def test_the_size_of_the_file_is_bounded(folder: Path) -> None:
    path = folder / "large.csv"
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)
    assert refused(read_table, path, "t.csv") == (
        "t.csv:1:1: the file is larger than 64 MB; leave out what is not needed"
    )


def test_all_problems_come_at_once_in_the_order_of_the_file(folder: Path) -> None:
    assert refused(read_csv, folder, 'a,a\n=x,1\n\n1\n1,"\n\u00a01,@x').splitlines() == [
        "t.csv:1:3: the column 'a' stands twice, first as column 1; keep one",
        f"t.csv:2:1: the cell '=x' {FORMULA}",
        "t.csv:3:1: the line is blank; delete it",
        "t.csv:4:1: the row has 1 of 2 cells; add the others",
        f"t.csv:5:3: {QUOTES}",
        f"t.csv:6:1: {NBSP}",
        f"t.csv:6:4: the cell '@x' {FORMULA}",
    ]


@pytest.mark.parametrize("row", ["=x,1\n", "1\n", "\u00a0,1\n", "\u200b,1\n", "\n"])
def test_a_broken_table_does_not_bury_its_reader(folder: Path, row: str) -> None:
    lines = refused(read_csv, folder, "a,b\n" + row * 1_060 + "1,2\n").splitlines()
    assert len(lines) == 51
    assert lines[-1] == "t.csv:51:1: and 1,010 more; mend these first"


def test_a_table_survives_pickling(folder: Path) -> None:
    table = read_csv(folder, UNIVERSE)
    twin = pickle.loads(pickle.dumps(table))
    assert twin == table
    assert places(twin) == places(table)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("t.xlsx", "a table is a .csv or a .parquet file; save it as one of them"),
        ("csv", "a table is a .csv or a .parquet file; save it as one of them"),
        ("absent.csv", "the file cannot be read (no such file or directory); check the path"),
    ],
)
def test_files_that_are_no_tables(folder: Path, name: str, message: str) -> None:
    assert refused(read_table, folder / name) == f"{folder / name}:1:1: {message}"


def test_the_suffix_may_be_in_capitals(folder: Path) -> None:
    path = folder / "T.CSV"
    path.write_text("a\nb")
    assert read_table(path).place(0, "a") == Place(str(path), 2, 1)


def test_parquet_gives_text_and_numbers(folder: Path) -> None:
    table = read_parquet(
        folder,
        {
            "id": [" hall", "docks\u3000", None],
            "sector": pa.array(["x", "y", "x"]).dictionary_encode(),
            "n": [1, None, -3],
            "small": pa.array([1, 2, None], pa.uint8()),
            "y": [0.5, None, -2e300],
            "built": [True, False, None],
            "note": pa.nulls(3),
        },
    )
    assert table.columns == {
        "id": ("hall", "docks", ""),
        "sector": ("x", "y", "x"),
        "n": (1.0, "", -3.0),
        "small": (1.0, 2.0, ""),
        "y": (0.5, "", -2e300),
        "built": ("yes", "no", ""),
        "note": ("", "", ""),
    }
    assert {type(cell) for cell in table.columns["n"]} == {float, str}


@pytest.mark.parametrize("kind", [pa.date32(), pa.date64(), pa.timestamp("s"), pa.timestamp("ns")])
def test_dates_of_parquet_are_text(folder: Path, kind: Any) -> None:
    table = read_parquet(folder, {"when": pa.array([dt.datetime(2026, 4, 1), None], kind)})
    assert table.columns == {"when": ("2026-04-01", "")}


def test_times_of_parquet_are_kept(folder: Path) -> None:
    table = read_parquet(folder, {"when": pa.array([dt.datetime(2026, 4, 1, 9, 30)], pa.timestamp("ms"))})
    assert table.columns == {"when": ("2026-04-01 09:30:00.000",)}


def test_parquet_places_are_those_of_its_csv(folder: Path) -> None:
    table = read_parquet(folder, {"a": ["x"], "b": [1.0]})
    assert table.place(0, "b") == Place("t.parquet", 2, 2)
    assert table.place(None, "b") == Place("t.parquet", 1, 2)


NUMBER = "this is no finite number of at most 15 digits; write one, or leave it empty"
KINDS = "save it as text, numbers, dates, or yes and no"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": ["x"], "when": [dt.time(12)]}, f"t.parquet:1:2: column 'when' holds time64[us]; {KINDS}"),
        ({"a": [[1]]}, f"t.parquet:1:1: column 'a' holds list<element: int64>; {KINDS}"),
        ({"a": [b"x"]}, f"t.parquet:1:1: column 'a' holds binary; {KINDS}"),
        ({"a": [Decimal("1.5")]}, f"t.parquet:1:1: column 'a' holds decimal128(2, 1); {KINDS}"),
        ({"a": [1.0, math.nan]}, f"t.parquet:3:1: {NUMBER}"),
        ({"a": [-math.inf]}, f"t.parquet:2:1: {NUMBER}"),
        ({"a": [0], "b": [2**53 + 1]}, f"t.parquet:2:2: {NUMBER}"),
        ({"a": ["x", "=1"]}, f"t.parquet:3:1: the cell '=1' {FORMULA}"),
        ({"a": ["x\ny"]}, "t.parquet:2:1: the character U+000A (a control character) is not readable text; delete it"),
        ({"a": ["x\x1b"]}, "t.parquet:2:1: the character U+001B (a control character) is not readable text; delete it"),
        ({"a": ["x", "1\u00a0000"]}, f"t.parquet:3:1: {NBSP}"),
        ({"a\u00a0b": ["x"]}, f"t.parquet:1:1: {NBSP}"),
        ({" ": ["x"]}, "t.parquet:1:1: column 1 has no name; write one"),
        ({"+a": ["x"]}, f"t.parquet:1:1: the cell '+a' {FORMULA}"),
        (pa.table([[1], [2]], ["a", "a"]), "t.parquet:1:2: the column 'a' stands twice, first as column 1; keep one"),
        ({"a": pa.array([], pa.string())}, "t.parquet:1:1: the table has no rows; add one below the header"),
        (pa.table({}), "t.parquet:1:1: the table has no rows; add one below the header"),
        (b"", "t.parquet:1:1: the file cannot be read as Parquet; save it again"),
        (b"PAR1....PAR1", "t.parquet:1:1: the file cannot be read as Parquet; save it again"),
        (UNIVERSE.encode(), "t.parquet:1:1: the file cannot be read as Parquet; save it again"),
    ],
)  # fmt: skip
def test_parquet_refusals(folder: Path, columns: Any, message: str) -> None:
    assert refused(read_parquet, folder, columns) == message


def test_parquet_is_bounded_before_it_is_unpacked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = refused(read_parquet, folder, {"a": [1.0] * 4}, max_rows=3)
    assert told == "t.parquet:1:1: the table has 4 rows, more than 3; " + LEAVE_OUT
    monkeypatch.setattr(tables, "_MOST_CELLS", 7)
    told = refused(read_parquet, folder, {"a": [1.0] * 4, "b": [1.0] * 4})
    assert told == "t.parquet:1:1: the table has 8 cells, more than 7; " + LEAVE_OUT


def test_parquet_without_pyarrow(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "t.parquet"
    path.write_bytes(b"")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert refused(read_table, path, "t.parquet") == (
        "t.parquet:1:1: Parquet needs pyarrow; install it with pip install 'sovereign-allocator[parquet]'"
    )


TOLD = re.compile(r"t\.(csv|parquet):\d+:\d+: [^\n]+; [^\n]+")


def outcome(read: Any, folder: Path, data: bytes) -> Table | InputError:
    try:
        return read(folder, data)
    except InputError as error:
        return error


def check_closed(read: Any, folder: Path, data: bytes) -> None:
    """Whatever the bytes: a rectangular table whose places can be told, or an error that says where and what."""
    found = outcome(read, folder, data)
    if isinstance(found, InputError):
        assert found.problems
        assert all(TOLD.fullmatch(str(problem)) for problem in found.problems)
    else:
        assert {len(cells) for cells in found.columns.values()} == {len(found)}
        assert len(places(found)) == len(found) + 1


CSV_WORDS = st.sampled_from([*'ab1,,"\n=+-@. ;\t\u3000\u00a0\u200b日', "\r\n", '"x,y"', '""', "-5"])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(folder: Path, data: bytes) -> None:
    check_closed(read_csv, folder, data)


@settings(max_examples=200, deadline=None)
@given(st.lists(CSV_WORDS, max_size=40).map("".join))
def test_any_text_is_read_or_refused(folder: Path, text: str) -> None:
    check_closed(read_csv, folder, text.encode())


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(UNIVERSE)), st.integers(0, 8), st.lists(CSV_WORDS, max_size=3).map("".join))
def test_a_damaged_table_is_read_or_refused(folder: Path, start: int, length: int, text: str) -> None:
    check_closed(read_csv, folder, (UNIVERSE[:start] + text + UNIVERSE[start + length :]).encode())


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_parquet_is_read_or_refused(folder: Path, data: st.DataObject) -> None:
    sink = io.BytesIO()
    parquet.write_table(pa.table({"id": ["hall", "docks"], "n": [1, 2], "y": [0.5, None]}), sink)
    damaged = bytearray(sink.getvalue())
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    check_closed(read_parquet, folder, bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))


cells = st.text(st.sampled_from('aZ09,"; .日本é'), max_size=6).map(str.strip)
grids = st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(cells, min_size=n, max_size=n), min_size=1, max_size=5))


@settings(max_examples=200, deadline=None)
@given(grids)
def test_what_the_csv_module_writes_is_read_back_with_its_places(folder: Path, grid: list[list[str]]) -> None:
    header = [f"c{number}" for number in range(len(grid[0]))]
    sink = io.StringIO()
    csv.writer(sink, quoting=csv.QUOTE_ALL).writerows([header, *grid])
    table = read_csv(folder, sink.getvalue())
    assert list(zip(*table.columns.values(), strict=True)) == [tuple(row) for row in grid]
    for number, name in enumerate(header):
        for row, line in enumerate(grid):
            quoted = ['"' + cell.replace('"', '""') + '"' for cell in line]
            assert table.place(row, name).column == len(",".join([*quoted[:number], ""])) + 1
