from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.sparse import Sparse


def both(seed: int, rows: int = 4, columns: int = 6) -> tuple[Sparse, np.ndarray]:
    """A matrix with repeated entries, and the same dense."""
    rng = np.random.default_rng(seed)
    count = 15
    row, column = rng.integers(0, rows, count), rng.integers(0, columns, count)
    value = rng.normal(size=count) * (rng.random(count) < 0.8)
    full = np.zeros((rows, columns))
    np.add.at(full, (row, column), value)
    return Sparse.of((rows, columns), row, column, value), full


seeds = st.integers(0, 2**32 - 1)


@given(seeds)
def test_products_are_those_of_the_dense_matrix(seed: int) -> None:
    sparse, full = both(seed)
    rng = np.random.default_rng(seed + 1)
    v, w = rng.normal(size=6), rng.normal(size=4)
    np.testing.assert_allclose(sparse @ v, full @ v, atol=1e-12)
    np.testing.assert_allclose(w @ sparse, w @ full, atol=1e-12)
    np.testing.assert_allclose((sparse * 2.5) @ v, 2.5 * full @ v, atol=1e-12)


@given(seeds)
def test_sums_and_stacks(seed: int) -> None:
    (one, full_one), (two, full_two) = both(seed), both(seed + 1)
    v = np.random.default_rng(seed).normal(size=6)
    np.testing.assert_allclose((one + two) @ v, (full_one + full_two) @ v, atol=1e-12)
    np.testing.assert_allclose(Sparse.stack([one, two]) @ v, np.vstack([full_one, full_two]) @ v, atol=1e-12)
    assert Sparse.stack([one, two]).shape == (8, 6)


def test_dense_leaves_zeros_out() -> None:
    made = Sparse.dense(np.array([[0.0, 2.0], [3.0, 0.0]]))
    assert made.shape == (2, 2)
    assert sorted(zip(made.row.tolist(), made.column.tolist(), made.value.tolist(), strict=True)) == [
        (0, 1, 2.0),
        (1, 0, 3.0),
    ]


def test_scalars_are_broadcast_and_zeros_left_out() -> None:
    made = Sparse.of((3, 3), np.arange(3), np.arange(3), np.array([1.0, 0.0, 2.0]))
    assert len(made.value) == 2
    assert (Sparse.of((3, 3), np.arange(3), 1, 4.0) @ np.array([0.0, 1.0, 0.0])).tolist() == [4, 4, 4]


def test_an_empty_matrix_gives_zeros() -> None:
    assert (Sparse.zeros(2, 3) @ np.ones(3)).tolist() == [0, 0]
    assert (np.ones(2) @ Sparse.zeros(2, 3)).tolist() == [0, 0, 0]


def test_column_squares() -> None:
    made = Sparse.dense(np.array([[3.0, 0.0], [4.0, 1.0]]))
    assert made.column_squares().tolist() == [25, 1]


def test_rows_touching_ignores_explicit_zeros() -> None:
    made = Sparse((2, 2), np.array([0, 1]), np.array([0, 1]), np.array([0.0, 1.0]))
    assert made.rows_touching(np.array([True, False])).tolist() == [False, False]
    assert made.rows_touching(np.array([False, True])).tolist() == [False, True]


def test_numpy_leaves_the_left_product_to_us() -> None:
    with pytest.raises(TypeError):
        np.ones(2) + Sparse.zeros(2, 2)  # type: ignore[operator]
