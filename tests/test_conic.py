"""Matrices compressed by columns, and bounds among rows."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from allocator.conic import Bounded, Cones, Conic, Found, Pattern


def dense(pattern: Pattern, value: np.ndarray) -> np.ndarray:
    own = pattern.matrix.holding(pattern.data(value))
    return sp.csc_matrix((own.data, own.indices, own.indptr), own.shape).toarray()


@given(seed=st.integers(0, 2**32 - 1))
def test_a_pattern_is_scipys(seed: int) -> None:
    """Triplets in any order, some at one spot, some zero: the same matrix, sorted, and zeros keep their spots."""
    rng = np.random.default_rng(seed)
    m, n, count = rng.integers(1, 6, 3)
    count = int(count) * 3
    row, column = rng.integers(0, m, count), rng.integers(0, n, count)
    value = rng.integers(-2, 3, count).astype(float)
    pattern = Pattern.of((int(m), int(n)), row, column)
    assert (dense(pattern, value) == sp.coo_matrix((value, (row, column)), (m, n)).toarray()).all()
    own = pattern.matrix
    assert len(own.indices) == len({*zip(row.tolist(), column.tolist(), strict=True)})
    assert (np.diff(own.columns * m + own.indices) > 0).all()
    assert (own.columns == np.repeat(np.arange(n), np.diff(own.indptr))).all()


def test_a_pattern_without_entries() -> None:
    none = np.zeros(0, np.int64)
    assert Pattern.of((0, 2), none, none).matrix.indptr.tolist() == [0, 0, 0]


def test_bounds_stand_behind_the_positive_rows() -> None:
    pattern = Pattern.of((3, 2), np.array([0, 1, 2]), np.array([0, 1, 0]))
    empty = Pattern.of((2, 2), np.zeros(0, np.int64), np.zeros(0, np.int64)).matrix
    A = pattern.matrix.holding(pattern.data(np.array([1.0, 2.0, 3.0])))
    conic = Conic(empty, np.zeros(2), A, np.array([10.0, 20.0, 30.0]), np.array([-np.inf, 5.0]), Cones(1, 1, (1,)))
    rows = Bounded(conic)
    own = rows.A(conic)
    told = sp.csc_matrix((own.data, own.indices, own.indptr), own.shape).toarray()
    assert told.tolist() == [[1, 0], [0, 2], [0, -1], [3, 0]]
    assert rows.b(conic).tolist() == [10, 20, -5, 30]
    assert rows.cones == Cones(1, 2, (1,))
    assert rows.own(np.arange(4.0)).tolist() == [0, 1, 3]


@pytest.mark.parametrize(("x", "y"), [([np.nan], [1.0]), ([1.0], [np.inf])])
def test_what_is_no_number_is_no_optimum(x: list[float], y: list[float]) -> None:
    assert Found.of("optimal", x, y).status == "failed"
    assert Found.of("infeasible", x, y).status == "infeasible"
    assert Found.of("optimal", [1.0], [2.0]).status == "optimal"
