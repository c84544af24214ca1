"""The index map tells what a program is elsewhere, or that it does not know."""

from __future__ import annotations

import numpy as np
import pytest

from allocator.conic import Cones, Conic, Pattern
from allocator.errors import InputError
from allocator.sensitivity import index_map, still
from allocator.sparse import Vector

BASE = np.array([2.0, 0.5, 1.0])
NEVER = np.zeros(3, bool)


def program(entries: dict[tuple[int, int], float], b: list[float], q: list[float]) -> Conic:
    row, column = (np.array([spot[k] for spot in entries]) for k in (0, 1))
    pattern = Pattern.of((len(b), len(q)), row, column)
    A = pattern.matrix.holding(pattern.data(np.array([*entries.values()])))
    square = Pattern.of((len(q), len(q)), np.arange(len(q)), np.arange(len(q))).matrix
    return Conic(square, np.array(q), A, np.array(b), np.zeros(len(q)), Cones(1, len(b) - 1))


def affine(at: Vector) -> tuple[Conic, float]:
    """A spot that is there for some values alone; two inputs in one number; a constant."""
    entries = {(0, 0): 1.0, (1, 1): 3 * at[0] - at[1]}
    if at[2] != 1.0:
        entries[1, 0] = at[2] - 1.0
    return program(entries, [1.0, at[1]], [at[0], 2.0]), 5 * at[2]


def test_affine_programs() -> None:
    found, least = index_map(affine, BASE, np.array([True, True, False]))
    assert least.tolist() == [-4, -4, 0.25]
    rng = np.random.default_rng(0)
    for _ in range(20):
        at = BASE * np.exp(rng.uniform(-1.3, 1.3, 3))
        told, constant = found.at(at - BASE)
        conic, exact = affine(at)
        dense = np.zeros(conic.A.shape)
        dense[told.A.indices, told.A.columns] = told.A.data
        expected = np.zeros(conic.A.shape)
        expected[conic.A.indices, conic.A.columns] = conic.A.data
        np.testing.assert_allclose(dense, expected, atol=1e-12)
        np.testing.assert_allclose(told.q, conic.q, atol=1e-12)
        np.testing.assert_allclose(told.b, conic.b, atol=1e-12)
        assert constant == pytest.approx(exact, abs=1e-12)


def test_prices_are_the_lagrangians_slopes() -> None:
    found, _ = index_map(affine, BASE, NEVER)
    x, y = np.array([0.3, -0.7]), np.array([1.1, 2.0])

    def lagrangian(at: Vector) -> float:
        conic, constant = found.at(at - BASE)
        left = conic.b - np.bincount(conic.A.indices, conic.A.data * x[conic.A.columns], len(y))
        return float(conic.q @ x - y @ left) + constant

    told = found.prices(x, y, 3)
    for k in range(3):
        step = 1e-3 * (np.arange(3) == k)
        assert told[k] == pytest.approx((lagrangian(BASE + step) - lagrangian(BASE - step)) / 2e-3, abs=1e-9)


@pytest.mark.parametrize(
    ("write", "left_out"),
    [
        (lambda at: (program({(0, 0): 1.0, (1, 1): at[0] ** 2}, [1.0, at[1]], [1.0, 1.0]), 0.0), [0]),
        # A kink above, and one below.
        (lambda at: (program({(0, 0): 1.0, (1, 1): min(at[1], 0.6)}, [1.0, at[0]], [1.0, 1.0]), 0.0), [1]),
        (lambda at: (program({(0, 0): 1.0, (1, 1): max(at[1], 0.4)}, [1.0, at[0]], [1.0, 1.0]), 0.0), [1]),
        # A row more.
        (lambda at: (program({(0, 0): at[0]}, [1.0] * (2 + (at[2] > 2)), [1.0, 1.0]), 0.0), [2]),
        # A product: neither can move while the other does.
        (lambda at: (program({(0, 0): at[0] * at[1]}, [1.0, at[2]], [1.0, 1.0]), 0.0), [0, 1, 2]),
    ],
    ids=["square", "kink above", "kink below", "row", "product"],
)
def test_what_it_does_not_know_is_left_out(write: object, left_out: list[int]) -> None:
    _, least = index_map(write, BASE, NEVER)  # type: ignore[arg-type]
    assert np.flatnonzero(np.isinf(least)).tolist() == left_out


def test_a_kink_at_zero_is_found_where_the_sign_may_change() -> None:
    def write(at: Vector) -> tuple[Conic, float]:
        return program({(0, 0): max(at[0], 0.0), (1, 1): at[1]}, [1.0, at[2]], [1.0, 1.0]), 0.0

    assert index_map(write, BASE, np.ones(3, bool))[1].tolist() == [0.25, -4, -4]
    assert index_map(write, np.zeros(3), np.ones(3, bool))[1].tolist() == [np.inf] * 3


def test_where_nothing_can_be_written_is_left_out() -> None:
    def write(at: Vector) -> tuple[Conic, float]:
        if at[1] > 1:
            raise InputError.of("too much", "write less")
        return affine(at)

    assert np.flatnonzero(np.isinf(index_map(write, BASE, NEVER)[1])).tolist() == [1]


def test_still() -> None:
    found = still(*affine(BASE))
    conic, constant = found.at(np.zeros(3))
    assert conic.A.data.tolist() == affine(BASE)[0].A.data.tolist()
    assert constant == 5.0


def test_a_square_that_is_there_far_away_only_is_left_out() -> None:
    """Squares are looked at like rows."""
    from dataclasses import replace

    def write(at: Vector) -> tuple[Conic, float]:
        conic, constant = affine(at)
        if at[0] > 4:
            corner = Pattern.of((2, 2), np.array([0, 0, 1]), np.array([0, 1, 1]))
            conic = replace(conic, P=corner.matrix.holding(corner.data(np.ones(3))))
        return conic, constant

    assert np.flatnonzero(np.isinf(index_map(write, BASE, NEVER)[1])).tolist() == [0]
