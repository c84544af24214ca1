"""How the numbers that a solver is handed follow from inputs: an index map, by which they are written and priced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from allocator.conic import Compressed, Conic, Pattern
from allocator.features import FAR, Features
from allocator.sparse import Indices, Vector

CLOSE, LEAST = 1e-9, 1e-3
"Of its size, or of a least one: by how much a number may differ from what the map says of it."
ONE = np.ones(1)


@dataclass(frozen=True, eq=False)
class IndexMap:
    """Programs of one pattern, affine in features of inputs.

    All numbers stand behind one another: those of q, A, b, P and the constant.

    Attributes:
        base: the program as it is, in the pattern of all.
        numbers: its numbers.
        features: of the inputs.
        least: for each input the least part of what it is at which the map holds: infinite where it holds nowhere else,
            `-FAR` where a change of sign changes nothing. At most it holds at `FAR` times the input.
        entry, feature, slope: by how much a number moves with a feature.
    """

    base: Conic
    numbers: Vector
    features: Features
    least: Vector
    entry: Indices
    feature: Indices
    slope: Vector

    @property
    def apart(self) -> NDArray[np.bool_]:
        """The inputs that can't move."""
        return np.isinf(self.least)

    def knows(self, inputs: Vector) -> NDArray[np.bool_]:
        """Whether the map holds for inputs; for many at once, where these are rows."""
        along, (near, far) = inputs * self._sign, self._ends_of_inputs
        outside = ((along < near) | (along > far)) & (inputs != self.features.base)
        return np.asarray(~outside.any(-1))

    @cached_property
    def _sign(self) -> Vector:
        return np.sign(self.features.base)

    @cached_property
    def _ends_of_inputs(self) -> tuple[Vector, Vector]:
        size = np.abs(self.features.base)
        return np.where(size > 0, size, 1.0) * self.least, FAR * size

    def at(self, inputs: Vector) -> tuple[Conic, float]:
        """The program, and its cost's constant, for inputs."""
        base, (q, A, b, P) = self.base, self._ends
        moved = self.slope * self.features.at(inputs)[self.feature]
        numbers = self.numbers + np.bincount(self.entry, moved, len(self.numbers))
        curve = base.P if self._flat else base.P.holding(numbers[b:P])
        rows = base.A.holding(numbers[q:A])
        return Conic(curve, numbers[:q], rows, numbers[A:b], base.low, base.cones), float(numbers[P])

    def weighed(self, inputs: Vector, weights: Vector) -> Vector:
        """The sum of all numbers times weights, for many inputs at once; both in rows."""
        # Each row is added up by itself: its bits are the same whatever rows stand beside it.
        moves = self.slope * self.features.at(inputs)[:, self.feature] * weights[:, self.entry]
        return np.asarray((self.numbers * weights).sum(-1) + moves.sum(-1))

    @cached_property
    def _ends(self) -> tuple[int, int, int, int]:
        """Where the numbers of q, A, b and P end."""
        base = self.base
        q, A, b = len(base.q), len(base.q) + len(base.A.data), len(base.q) + len(base.A.data) + len(base.b)
        return q, A, b, b + len(base.P.data)

    @cached_property
    def _flat(self) -> bool:
        """Whether no input moves P."""
        _, _, b, P = self._ends
        return not ((self.entry >= b) & (self.entry < P)).any()

    @cached_property
    def _weights(self) -> tuple[Vector, Indices, Indices]:
        """Of each slope's entry: the cost moves with it by a constant, times one multiplier or variable, times another.

        The second and third are places in (1, x, y).
        """
        base, n, m = self.base, len(self.base.q), len(self.base.b)
        none, row, last = np.zeros(m, np.int64), 1 + n + np.arange(m), np.zeros(1, np.int64)
        diagonal = base.P.columns == base.P.indices
        of_A, of_P = np.ones(len(base.A.data)), np.where(diagonal, 0.5, 1.0)
        constant = np.concatenate([np.ones(n), of_A, -np.ones(m), of_P, np.ones(1)])
        first = np.concatenate([1 + np.arange(n), 1 + n + base.A.indices, row, 1 + base.P.indices, last])
        second = np.concatenate([np.zeros(n, np.int64), 1 + base.A.columns, none, 1 + base.P.columns, last])
        return self.slope * constant[self.entry], first[self.entry], second[self.entry]

    def tells(self, inputs: Vector, conic: Conic, constant: float) -> bool:
        """Whether these are the program and its constant for inputs."""
        told, told_constant = self.at(inputs)
        known = (np.isin(conic.A.spots, self.base.A.spots), np.isin(conic.P.spots, self.base.P.spots))
        if not all(part.all() for part in known):
            return False
        one, two = numbers_of(told, told_constant, self.base), numbers_of(conic, constant, self.base)
        return bool((np.abs(one - two) <= CLOSE * np.maximum(np.maximum(np.abs(one), np.abs(two)), LEAST)).all())

    def prices(self, inputs: Vector, x: Vector, y: Vector) -> Vector:
        """How the optimal cost moves with each input, at an optimum and its multipliers (the envelope)."""
        constant, first, second = self._weights
        all_of_them = np.concatenate([ONE, x, y])
        worth = constant * all_of_them[first] * all_of_them[second]
        moved = np.asarray(np.bincount(self.feature, worth, self.features.count), float)
        return self.features.prices(inputs, moved)


def still(conic: Conic, constant: float, inputs: Vector) -> IndexMap:
    """The map of a program in which nothing moves."""
    none = np.zeros(0, np.int64)
    features = Features(inputs, none, np.zeros((0, 2), np.int64))
    numbers = numbers_of(conic, constant, conic)
    return IndexMap(conic, numbers, features, np.zeros(len(inputs)), none, none, np.zeros(0))


def whole_of(programs: Sequence[Conic]) -> Conic:
    """The first of some programs, in the pattern that holds all of them."""
    first = programs[0]
    A, P = (_union([getattr(conic, name) for conic in programs]) for name in ("A", "P"))
    return replace(first, A=A.holding(_spread(first.A, A)), P=P.holding(_spread(first.P, P)))


def numbers_of(conic: Conic, constant: float, whole: Conic) -> Vector:
    """All numbers of a program, at the spots of a larger pattern."""
    return np.concatenate([conic.q, _spread(conic.A, whole.A), conic.b, _spread(conic.P, whole.P), [constant]])


def _union(matrices: Sequence[Compressed]) -> Compressed:
    """The pattern that holds all of them."""
    rows = np.concatenate([matrix.indices for matrix in matrices])
    columns = np.concatenate([matrix.columns for matrix in matrices])
    return Pattern.of(matrices[0].shape, rows, columns).matrix


def _spread(matrix: Compressed, whole: Compressed) -> Vector:
    """A matrix's numbers at the spots of a larger pattern."""
    out = np.zeros(len(whole.data))
    out[np.searchsorted(whole.spots, matrix.spots)] = matrix.data
    return out
