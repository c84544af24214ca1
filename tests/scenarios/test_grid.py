"""A grid is every combination, and a table is what it says."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from allocator.errors import InputError
from allocator.scenarios.grid import Grid
from allocator.scenarios.table import Table


def test_every_combination_in_order() -> None:
    levels = {"a": [1.0, 2.0], "b": [3.0, 4.0, 5.0], "c": [6.0, 7.0]}
    grid = Grid(levels)
    assert grid.count == 12
    assert [tuple(row) for row in grid.values(0, 12)] == list(product(*levels.values()))
    assert [tuple(row) for row in grid.values(5, 7)] == list(product(*levels.values()))[5:7]
    assert [end.tolist() for end in grid.ends()] == [[1, 3, 6], [2, 5, 7]]


def test_a_grid_is_not_laid_out_in_memory() -> None:
    grid = Grid({f"x{k}": np.arange(10.0) for k in range(9)})
    assert grid.values(123_456_789, 123_456_790).tolist() == [[1, 2, 3, 4, 5, 6, 7, 8, 9]]


def test_a_table() -> None:
    table = Table(["a", "b"], [[1, 2], [3, 4], [5, 0]])
    assert table.values(1, 3).tolist() == [[3, 4], [5, 0]]
    assert [end.tolist() for end in table.ends()] == [[1, 0], [5, 4]]
    assert table.said() == Table(["a", "b"], np.array([[1, 2], [3, 4], [5, 0]], order="F")).said()
    assert table.said() != Table(["a", "b"], [[1, 2], [3, 4], [5, 1]]).said()


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Grid({}), "a grid of no inputs; give the levels of one or more"),
        (lambda: Grid({"a": []}), "the levels of 'a' are not finite numbers; give one or more"),
        (lambda: Grid({"a": [1, np.inf]}), "the levels of 'a' are not finite numbers; give one or more"),
        (lambda: Grid({f"x{k}": range(10) for k in range(10)}), "10,000,000,000 scenarios; ask for 1 to 1,000,000,000"),
        (lambda: Table(["a"], [[1, 2]]), "a table of 1 by 2 numbers for 1 inputs; give a column for each"),
        (lambda: Table(["a"], np.zeros((0, 1))), "0 scenarios; ask for 1 to 1,000,000,000"),
        (lambda: Table(["a", "b"], [[1, 2], [3, np.nan]]), "'b' is not finite in scenario 1; give a number"),
    ],
)
def test_errors(make: object, told: str) -> None:
    with pytest.raises(InputError) as error:
        make()  # type: ignore[operator]
    assert str(error.value) == told
