"""Tables from CSV and Parquet whose cells know where they stand."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from operator import methodcaller
from pathlib import Path
from typing import Any, NoReturn

from allocator.codes import Code
from allocator.errors import InputError, Place, Problem
from allocator.files.marked import (
    FirstFew,
    clean_text,
    hidden_in,
    in_text,
    not_a_space,
    not_readable,
    read_bytes,
)

Cells = Sequence[str | float]
_Fault = tuple[int, str, str]
"The position of a cell in its column or header, what is wrong with it, and the mend."

MOST_BYTES = 64 * 1024 * 1024
_MOST_COLUMNS = 20_000
_MOST_CELLS = 32_000_000
_LEAVE_OUT = "leave out what is not needed"

_CELL = re.compile(r' *("(?:[^"]|"")*")(?=,|$)|\s*([^,]*)')
"A quoted cell, else all up to the next comma."
_SPACES = " \u3000"
_BLANK = re.compile(r"[^\S\n \u3000]")
"What passes for a space and would split a group in two; the space of Japanese text is wide enough to see."
_SIGNS = frozenset("=+-@")
_SIGNED_NUMBER = re.compile(r"[+-]\$?(\d[\d,]*\.?\d*|\.\d+)([eE][+-]?\d+)?( ?[A-Za-z%]+)?")
_SIGN_FIRST = re.compile(r'[=@+-](?<![^,"\s].)(?!(?<=[+-])\d+(\.\d*)?(e[+-]?\d+)?(,|$))')
"A cell that may be a formula; almost no line of a table of numbers has one, which saves a look at each cell."
_MIDNIGHT = re.compile(r" 00:00:00(\.0+)?$")
"What Parquet has behind a date that pandas made a point in time."
_ARROW_TEXTS = ("string", "large_string", "string_view", "null")


@dataclass(frozen=True)
class Table:
    """A table as its file has it, not yet understood.

    Attributes:
        name: the file, as places show it.
        columns: header to cells, as many in each; from CSV all are text, without the blanks around them.
        lines: the lines of the CSV file, in which places are looked up; none for Parquet.
    """

    name: str
    columns: Mapping[str, Cells] = field(repr=False)
    lines: Sequence[str] = field(default=(), repr=False)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def place(self, row: int | None, column: str) -> Place:
        """Where a cell stands; rows count from 0, and None is the header.

        In a Parquet file that is the line it would have in CSV, and the number of its column.
        """
        index = list(self.columns).index(column)
        place = Place(self.name, 1 if row is None else row + 2, index + 1)
        return _place_in(self.lines[place.line - 1], place, index) if self.lines else place


def read_table(path: Path, name: str | None = None, max_rows: int = 200_000) -> Table:
    """Read a `.csv` or `.parquet` file; `name` is what its places show, the path if not given.

    Raises:
        InputError: the first 50 of all that is wrong with it: it cannot be opened or is too large, has no rows,
            names of columns are missing or stand twice, rows are short or long, a cell is a formula or has
            characters that nobody can see, a column is neither text nor numbers, dates, or yes and no.
    """
    name = str(path) if name is None else name
    readers: dict[str, Callable[[bytes, str, int], Table]] = {".csv": _read_csv, ".parquet": _read_parquet}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        _refuse("a table is a .csv or a .parquet file", "save it as one of them", name)
    return reader(read_bytes(path, name, MOST_BYTES, _LEAVE_OUT), name, max_rows)


def _read_csv(data: bytes, name: str, max_rows: int) -> Table:
    text = clean_text(data, name)
    lines = text.rstrip("\n ").split("\n")
    if lines == [""]:
        _refuse("the file is empty", "write a header and rows", name)
    if "," not in lines[0] and (separator := re.search("[;\t]", lines[0])):
        separators = "semicolons" if separator[0] == ";" else "tabs"
        _refuse(f"the columns are separated by {separators}", "save it as CSV with commas", name)
    problems = FirstFew()
    if "\t" in text or not text.isascii():
        problems.add_each(_BLANK.finditer(text), in_text(text, name, not_a_space))
    header = _split(lines[0], Place(name), problems)
    if not header:
        problems.finish()
    _check_size(len(lines) - 1, len(header), name, max_rows)
    problems.add_each(_name_faults(header), _told(partial(_place_in, lines[0], Place(name))))
    rows = []
    for number, line in enumerate(lines[1:], 2):
        place = Place(name, number)
        row = _split(line, place, problems)
        if row and len(row) != len(header):
            mend = "add the others" if len(row) < len(header) else "put a cell that has a comma in quotes"
            problems.add(f"the row has {len(row)} of {len(header)} cells", mend, place)
        rows.append(row)
    problems.finish()
    return Table(name, dict(zip(header, zip(*rows, strict=True), strict=True)), lines)


def _split(line: str, place: Place, problems: FirstFew) -> list[str]:
    """The cells of a line; none where it has none to give, which is a problem.

    Each line is read by itself, so that an open quote does not swallow the lines below.
    """
    if not line.strip():
        problems.add("the line is blank", "delete it", place)
        return []
    try:
        cells = list(map(str.strip, next(csv.reader([line], strict=True, skipinitialspace=True))))
    except csv.Error:
        open_quotes = (i for i, cell in enumerate(_cells(line)) if (cell[2] or "").startswith('"'))
        if (index := next(open_quotes, None)) is None:
            problems.add(f"a cell is longer than {csv.field_size_limit():,} characters", "shorten it", place)
        else:
            what = "a quoted cell does not end with a quote and a comma on its own line"
            problems.add(what, "close it, and write a quote within it twice", _place_in(line, place, index))
        return []
    if _SIGN_FIRST.search(line):
        problems.add_each(_formulas(cells), _told(partial(_place_in, line, place)))
    return cells


def _cells(line: str) -> Iterator[re.Match[str]]:
    """Each cell of a line as the csv module reads it."""
    end = -1
    while end < len(line) and (cell := _CELL.match(line, end + 1)):
        yield cell
        end = cell.end()


def _place_in(line: str, place: Place, index: int) -> Place:
    """Where a cell begins in the line at this place."""
    cell = next(islice(_cells(line), index, None))
    return Place(place.file, place.line, cell.start(cell.lastindex or 0) + 1)


def _read_parquet(data: bytes, name: str, max_rows: int) -> Table:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        _refuse("Parquet needs pyarrow", "install it with pip install 'sovereign-allocator[parquet]'", name)
    with _as_parquet(name):
        file = parquet.ParquetFile(pa.BufferReader(data))
        header, rows = [title.strip(_SPACES) for title in file.schema_arrow.names], file.metadata.num_rows
    _check_size(rows, len(header), name, max_rows)
    problems = FirstFew()
    for check in (_name_faults, _formulas, _unreadable):
        problems.add_each(check(header), _told(lambda index: Place(name, 1, index + 1)))
    problems.finish()
    with _as_parquet(name):
        columns = [_from_arrow(column, pa.types) for column in file.read().columns]
    table = Table(name, dict(zip(header, columns, strict=True)))
    for title, kind in zip(header, file.schema_arrow.types, strict=True):
        cells = table.columns[title]
        if not cells:
            mend = "save it as text, numbers, dates, or yes and no"
            problems.add(f"column '{title}' holds {str(kind)[:60]}", mend, table.place(None, title), Code.VALUE)
        texts = [cell if isinstance(cell, str) else "" for cell in cells]
        for faults in (_formulas(texts), _unreadable(texts), _not_finite(cells)):
            problems.add_each(faults, _told(partial(table.place, column=title)))
    problems.finish()
    return table


@contextmanager
def _as_parquet(name: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # pyarrow raises errors of its own and of Python's
        raise InputError.of("the file cannot be read as Parquet", "save it again", Place(name), Code.FILE) from error


def _from_arrow(column: Any, types: Any) -> Cells:
    """The cells of a column; none at all where its type is neither text nor numbers, dates, or yes and no."""
    kind = column.type
    if types.is_dictionary(kind):
        return _from_arrow(column.cast(kind.value_type), types)
    if types.is_boolean(kind):
        convert: Callable[[Any], str | float] = {True: "yes", False: "no"}.__getitem__
    elif types.is_integer(kind) or types.is_floating(kind):
        convert = _exactly
    elif str(kind) in _ARROW_TEXTS:
        convert = methodcaller("strip", _SPACES)
    elif types.is_date(kind) or types.is_timestamp(kind):
        column, convert = column.cast("string"), partial(_MIDNIGHT.sub, "")
    else:
        return ()
    return tuple("" if cell is None else convert(cell) for cell in column.to_pylist())


def _exactly(number: float) -> float:
    """The number as a float; nan where it is a whole number that no float can hold."""
    return float(number) if float(number) == number else math.nan


def _told(place: Callable[[int], Place]) -> Callable[[_Fault], Problem]:
    return lambda fault: Problem(fault[1], fault[2], place(fault[0]), Code.SYNTAX)


def _name_faults(header: Sequence[str]) -> Iterator[_Fault]:
    first: dict[str, int] = {}
    for index, title in enumerate(header):
        if not title:
            yield index, f"column {index + 1} has no name", "write one"
        elif first.setdefault(title, index) != index:
            earlier = first[title] + 1
            yield index, f"the column '{title[:60]}' stands twice, first as column {earlier}", "keep one"


def _formulas(cells: Sequence[str]) -> Iterator[_Fault]:
    """Cells that a spreadsheet would run."""
    for at, cell in enumerate(cells):
        if cell[:1] in _SIGNS and not _SIGNED_NUMBER.fullmatch(cell):
            yield at, f"the cell '{cell[:60]}' begins like a formula", "write the value itself"


def _unreadable(cells: Sequence[str]) -> Iterator[_Fault]:
    """Cells with characters that are refused in CSV before it is split."""
    hidden = hidden_in("".join(cells).encode()) + "\n"
    refused = re.compile(f"[{re.escape(hidden)}]|{_BLANK.pattern}")
    for at, cell in enumerate(cells):
        if found := refused.search(cell):
            yield at, *(not_readable if found[0] in hidden else not_a_space)(found[0])


def _not_finite(cells: Cells) -> Iterator[_Fault]:
    for at, cell in enumerate(cells):
        if isinstance(cell, float) and not math.isfinite(cell):
            yield at, "this is no finite number of at most 15 digits", "write one, or leave it empty"


def _check_size(rows: int, columns: int, name: str, max_rows: int) -> None:
    """Refuse a table without rows, and one that would fill the memory."""
    if not rows or not columns:
        _refuse("the table has no rows", "add one below the header", name)
    for count, most, what in (
        (rows, max_rows, "rows"),
        (columns, _MOST_COLUMNS, "columns"),
        (rows * columns, _MOST_CELLS, "cells"),
    ):
        if count > most:
            _refuse(f"the table has {count:,} {what}, more than {most:,}", _LEAVE_OUT, name)


def _refuse(what: str, mend: str, name: str) -> NoReturn:
    raise InputError.of(what, mend, Place(name), Code.FILE)
