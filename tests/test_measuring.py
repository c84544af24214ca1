"""The index map tells what a program is elsewhere, or that it does not know."""

from __future__ import annotations

import numpy as np
import pytest

from allocator.conic import Cones, Conic, Pattern
from allocator.errors import InputError
from allocator.measuring import index_map
from allocator.sensitivity import still
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
    found = index_map(affine, BASE, np.array([True, True, False]))
    assert found.least.tolist() == [-4, -4, 0.25]
    assert found.knows(BASE * [-4, 4, 0.25])
    assert not found.knows(BASE * [1, 1, 0.24])
    assert not found.knows(BASE * [1, 4.1, 1])
    rng = np.random.default_rng(0)
    for _ in range(20):
        at = BASE * np.exp(rng.uniform(-1.3, 1.3, 3))
        told, constant = found.at(at)
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
    found = index_map(affine, BASE, NEVER)
    x, y = np.array([0.3, -0.7]), np.array([1.1, 2.0])

    def lagrangian(at: Vector) -> float:
        conic, constant = found.at(at)
        left = conic.b - np.bincount(conic.A.indices, conic.A.data * x[conic.A.columns], len(y))
        return float(conic.q @ x - y @ left) + constant

    told = found.prices(BASE, x, y)
    for k in range(3):
        step = 1e-3 * (np.arange(3) == k)
        assert told[k] == pytest.approx((lagrangian(BASE + step) - lagrangian(BASE - step)) / 2e-3, abs=1e-9)


def annuity(rate: float) -> float:
    return rate / (1 - (1 + rate) ** -18)


def bent(at: Vector) -> tuple[Conic, float]:
    """An annuity, by itself and times a limit; the root of a capacity; and a line."""
    entries = {(0, 0): annuity(at[0] + 0.012), (1, 0): at[2] * annuity(at[0] + 0.012), (1, 1): np.sqrt(0.3 / at[1])}
    return program(entries, [at[1], at[2]], [at[0], 2.0]), 5 / at[1]


def test_curves() -> None:
    base = np.array([0.0365, 40.0, 1.25])
    found = index_map(bent, base, NEVER)
    assert found.least.tolist() == [0.25, 0.25, 0.25]
    assert found.features.curved.tolist() == [0, 1]
    rng = np.random.default_rng(0)
    x, y = np.array([0.3, -0.7]), np.array([1.1, 2.0])
    for _ in range(20):
        at = base * 4 ** rng.uniform(-1, 1, 3)
        conic, exact = bent(at)
        told, constant = found.at(at)
        for one, two in ((told.q, conic.q), (told.b, conic.b), (told.A.data, conic.A.data), ([constant], [exact])):
            np.testing.assert_allclose(one, two, rtol=1e-9)

        def lagrangian(at: Vector) -> float:
            conic, constant = bent(at)
            left = conic.b - np.bincount(conic.A.indices, conic.A.data * x[conic.A.columns], len(y))
            return float(conic.q @ x - y @ left) + constant

        prices = found.prices(at, x, y)
        for k in range(3):
            step = 1e-5 * at * (np.arange(3) == k)
            slope = (lagrangian(at + step) - lagrangian(at - step)) / (2 * step[k])
            assert prices[k] == pytest.approx(slope, rel=1e-6)
    # As it is, the program is as it was written, to the bit.
    assert found.at(base)[0].A.data.tolist() == bent(base)[0].A.data.tolist()


@pytest.mark.parametrize(
    ("write", "left_out"),
    [
        # A kink above, and one below.
        (lambda at: (program({(0, 0): 1.0, (1, 1): min(at[1], 0.6)}, [1.0, at[0]], [1.0, 1.0]), 0.0), [1]),
        (lambda at: (program({(0, 0): 1.0, (1, 1): max(at[1], 0.4)}, [1.0, at[0]], [1.0, 1.0]), 0.0), [1]),
        (lambda at: (program({(0, 0): 1.0, (1, 1): abs(at[1] - 0.6)}, [1.0, at[0]], [1.0, 1.0]), 0.0), [1]),
        # A row more.
        (lambda at: (program({(0, 0): at[0]}, [1.0] * (2 + (at[2] > 2)), [1.0, 1.0]), 0.0), [2]),
        # A product: neither can move while the other does.
        (lambda at: (program({(0, 0): at[0] * at[1]}, [1.0, at[2]], [1.0, 1.0]), 0.0), [0, 1, 2]),
        # What bends with two inputs is not known; what else moves is.
        (lambda at: (program({(0, 0): at[0] ** 2 / at[1]}, [1.0, at[2]], [1.0, 1.0]), 0.0), [0, 1]),
    ],
    ids=["kink above", "kink below", "kink between the ends", "row", "product", "product of curves"],
)
def test_what_it_does_not_know_is_left_out(write: object, left_out: list[int]) -> None:
    found = index_map(write, BASE, NEVER)  # type: ignore[arg-type]
    assert np.flatnonzero(found.apart).tolist() == left_out


def test_a_kink_at_zero_is_found_where_the_sign_may_change() -> None:
    def write(at: Vector) -> tuple[Conic, float]:
        return program({(0, 0): max(at[0], 0.0), (1, 1): at[1]}, [1.0, at[2]], [1.0, 1.0]), 0.0

    assert index_map(write, BASE, np.ones(3, bool)).least.tolist() == [0.25, -4, -4]
    assert index_map(write, np.zeros(3), np.ones(3, bool)).least.tolist() == [np.inf] * 3


def test_where_nothing_can_be_written_is_left_out() -> None:
    def write(at: Vector) -> tuple[Conic, float]:
        if at[1] > 1:
            raise InputError.of("too much", "write less")
        return affine(at)

    assert np.flatnonzero(index_map(write, BASE, NEVER).apart).tolist() == [1]


def test_still() -> None:
    found = still(*affine(BASE), BASE)
    conic, constant = found.at(BASE)
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

    assert np.flatnonzero(index_map(write, BASE, NEVER).apart).tolist() == [0]
