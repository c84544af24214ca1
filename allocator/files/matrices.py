"""Tables as matrices with labelled rows and columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from allocator.errors import Collector
from allocator.files.columns import cells_of, check_columns, check_rows
from allocator.files.tables import Table
from allocator.sparse import Vector


def numbers(table: Table, headers: Sequence[str]) -> Vector:
    """Columns of plain numbers, side by side.

    Raises:
        InputError: all cells that are no numbers.
    """
    problems = Collector()
    found = []
    for header in headers:
        with problems.part():
            found.append(cells_of(table, header))
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
