"""Columns of a table by their bare names, and tables as matrices with labelled rows and columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from allocator.codes import Code
from allocator.errors import Collector, InputError, Place, closest, nearest
from allocator.files.tables import Table
from allocator.sparse import Vector
from allocator.universe import Where, bad_cells, parse_cells, split_header


def first_place(table: Table) -> Place:
    """Where the header begins: the place of what a table lacks."""
    return table.place(None, next(iter(table.columns)))


def find_columns(table: Table, *names: str, labelled: bool = False) -> list[str]:
    """The headers of the columns with these bare names; the table has no others, but for one of labels before them.

    Raises:
        InputError: all columns that are missing, unknown or stand twice.
    """
    headers = list(table.columns)[int(labelled) :]
    found = [split_header(header)[0] for header in headers]
    _check_labels("column", found, names, lambda k, _: table.place(None, headers[k or 0]), first_place(table), False)
    return [headers[found.index(name)] for name in names]


def amounts(table: Table, header: str, units: Mapping[str, float], expected: str) -> Vector:
    """A column of numbers with its unit applied.

    Raises:
        InputError: another unit, or cells that are no numbers.
    """
    unit = split_header(header)[1]
    if unit not in units:
        raise InputError.of(f"column '{header}' has no known unit", f"write {expected}", table.place(None, header))
    return numbers(table, [header])[:, 0] * units[unit]


def numbers(table: Table, headers: Sequence[str]) -> Vector:
    """Columns of plain numbers, side by side.

    Raises:
        InputError: all cells that are no numbers.
    """
    problems = Collector()
    found = []
    for header in headers:
        values = parse_cells(table.columns[header])
        if values is None:
            for row, shown, mend in bad_cells(table.columns[header], header):
                problems.add(f"{shown}, in column '{header}'", mend, table.place(row, header))
        found.append(values)
    problems.finish()
    return np.array(found, float).T


def matrix(table: Table, rows: Sequence[str], columns: Sequence[str]) -> Vector:
    """A table as a matrix: its first column names the rows, its header the columns, in the same order.

    Raises:
        InputError: a name is missing, unknown or out of order, or a cell is no number.
    """
    problems = Collector()
    with problems.part():
        check_rows(table, rows)
    with problems.part():
        check_columns(table, list(table.columns)[1:], columns)
    problems.finish()
    return numbers(table, list(table.columns)[1:])


def matrix_places(table: Table) -> Any:
    """Gives the place of an entry of `matrix` by its row and column."""
    headers = list(table.columns)
    return lambda row, column: table.place(row, headers[column + 1])


def check_rows(table: Table, wanted: Sequence[str]) -> None:
    """The first column must have these names in this order.

    Raises:
        InputError: all that differ.
    """
    first = next(iter(table.columns))
    _check_labels("row", table.columns[first], wanted, lambda row, name: table.place(row, first), first_place(table))


def check_columns(table: Table, found: Sequence[str], wanted: Sequence[str], ordered: bool = True) -> None:
    """These columns of the table must be those wanted, in the same order unless that does not matter.

    Raises:
        InputError: all that differ.
    """
    _check_labels("column", found, wanted, lambda _, name: table.place(None, name), first_place(table), ordered)


def _check_labels(
    kind: str, found: Sequence[Any], wanted: Sequence[str], place: Where, corner: Place, ordered: bool = True
) -> None:
    problems = Collector()
    known, first, meant = set(wanted), set[str](), set[str | None]()
    for k, name in enumerate(map(str, found)):
        if name not in known:
            problems.add(f"{kind} '{name[:60]}' is unknown", nearest(name, wanted), place(k, name), Code.UNKNOWN_NAME)
            meant.add(closest(name, wanted))
        elif name in first:
            problems.add(f"{kind} '{name}' stands twice", "keep one", place(k, name), Code.TWICE)
        first.add(name)
    # A misspelt name is one fault, though it leaves the right one missing.
    for name in wanted:
        if name not in first and name not in meant:
            problems.add(f"no {kind} '{name}'", "add it", corner, Code.MISSING)
    problems.finish()
    for k, (name, right) in enumerate(zip(found, wanted, strict=True)):
        if ordered and name != right:
            what = f"{kind} '{name}' stands where '{right}' belongs"
            raise InputError.of(what, "keep the same order in all tables", place(k, str(name)))
