"""Columns of a table by their bare names, and their labels checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from allocator.codes import Code
from allocator.errors import Collector, InputError, Place, Problem, closest, nearest
from allocator.files.tables import Table
from allocator.lines import Where, bad_cells, parse_cells, split_header


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


def amounts(table: Table, header: str, units: Mapping[str, float], expected: str) -> list[float]:
    """A column of numbers with its unit applied.

    Raises:
        InputError: another unit, or cells that are no numbers.
    """
    unit = split_header(header)[1]
    if unit not in units:
        raise InputError.of(f"column '{header}' has no known unit", f"write {expected}", table.place(None, header))
    return [value * units[unit] for value in cells_of(table, header)]


def cells_of(table: Table, header: str) -> list[float]:
    """A column of plain numbers.

    Raises:
        InputError: all cells that are no numbers.
    """
    values = parse_cells(table.columns[header])
    if values is None:
        faults = bad_cells(table.columns[header], header)
        raise InputError(
            Problem(f"{shown}, in column '{header}'", mend, table.place(row, header)) for row, shown, mend in faults
        )
    return values


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
