"""How the numbers that a solver is handed follow from inputs: an index map, measured once, by which they are written.

Clauses and scores are affine in yields, costs and limits (a limit through its clause's parameter), so one more program
for each input tells all that it moves, whatever kinds of rule and objective there are. Whether it is so is checked with
all inputs moved at once; where it is not, as for a rate that annuities are made with, it says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from allocator.conic import Compressed, Conic, Pattern
from allocator.errors import InputError
from allocator.sparse import Indices, Vector

Write = Callable[[Vector], tuple[Conic, float]]
"Writes the program, and the constant of its cost, for coordinates of all inputs."
CLOSE, LEAST = 1e-9, 1e-3
"Of its size, or of a least one: by how much a number may differ from what the map says of it."
ROUNDING = 1e-14
ONE = np.ones(1)
FAR = 4.0
"The map is used for inputs of between a part of what they are and so many times that; a zero does not move."
STEP = 1 / 64
"By how much of itself an input is moved to measure what it does."


@dataclass(frozen=True, eq=False)
class IndexMap:
    """Programs of one pattern, affine in inputs.

    All numbers stand behind one another: those of q, A, b, P and the constant.

    Attributes:
        base: the program as it is, in the pattern of all.
        numbers: its numbers.
        entry, input, slope: by how much a number moves with an input.
    """

    base: Conic
    numbers: Vector
    entry: Indices
    input: Indices
    slope: Vector

    def at(self, moved: Vector) -> tuple[Conic, float]:
        """The program, and its cost's constant, with inputs moved by so much."""
        base, (q, A, b, P) = self.base, self._ends
        numbers = self.numbers + np.bincount(self.entry, self.slope * moved[self.input], len(self.numbers))
        curve = base.P if self._flat else base.P.holding(numbers[b:P])
        rows = base.A.holding(numbers[q:A])
        return Conic(curve, numbers[:q], rows, numbers[A:b], base.low, base.cones), float(numbers[P])

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

    def tells(self, moved: Vector, conic: Conic, constant: float) -> bool:
        """Whether these are the program and its constant with inputs moved by so much."""
        told, told_constant = self.at(moved)
        known = (np.isin(conic.A.spots, self.base.A.spots), np.isin(conic.P.spots, self.base.P.spots))
        if not all(part.all() for part in known):
            return False
        one, two = _numbers(told, told_constant, self.base), _numbers(conic, constant, self.base)
        return bool((np.abs(one - two) <= CLOSE * np.maximum(np.maximum(np.abs(one), np.abs(two)), LEAST)).all())

    def prices(self, x: Vector, y: Vector, count: int) -> Vector:
        """How the optimal cost moves with each of `count` inputs, at an optimum and its multipliers (the envelope)."""
        constant, first, second = self._weights
        all_of_them = np.concatenate([ONE, x, y])
        worth = constant * all_of_them[first] * all_of_them[second]
        return np.asarray(np.bincount(self.input, worth, count), float)


class _Measured:
    """Programs written for inputs at other values, as numbers of one pattern.

    Args:
        write: the program for coordinates.
        base: the coordinates as they are.
    """

    def __init__(self, write: Write, base: Vector) -> None:
        self._write, self._base = write, base
        self.steps = np.where(base == 0, STEP, STEP * np.abs(base))
        self._first = write(base)

    def probes(self, inputs: Indices) -> list[tuple[Conic, float] | None]:
        """The program with each of some inputs moved by a step; None where it has another pattern."""
        places = np.arange(len(self._base))
        return [self._at(self._base + self.steps[k] * (places == k)) for k in inputs]

    def _at(self, coordinates: Vector) -> tuple[Conic, float] | None:
        """The program elsewhere; None where it has another pattern, or can't be."""
        try:
            conic, constant = self._write(coordinates)
        except InputError:
            return None
        alike = conic.A.shape == self._first[0].A.shape and conic.cones == self._first[0].cones
        return (conic, constant) if alike else None

    def map(self, inputs: Indices, probes: Sequence[tuple[Conic, float]]) -> IndexMap:
        """What inputs move, by their probes."""
        first = self._first[0]
        A, P = (_union([getattr(conic, name) for conic, _ in (self._first, *probes)]) for name in ("A", "P"))
        whole = replace(first, A=A.holding(_spread(first.A, A)), P=P.holding(_spread(first.P, P)))
        numbers = _numbers(*self._first, whole)
        rows = np.array([_numbers(*probe, whole) for probe in probes]).reshape(len(probes), len(numbers))
        slopes = (rows - numbers) / self.steps[inputs][:, None]
        # Sums that an input does not move round another way at each point.
        slopes[np.abs(rows - numbers) <= ROUNDING * np.maximum(np.abs(rows), np.abs(numbers))] = 0
        which, entry = np.nonzero(slopes)
        return IndexMap(whole, numbers, entry, inputs[which], slopes[which, entry])

    def holds(self, made: IndexMap, inputs: Indices) -> bool:
        """Whether the map tells the program as far as it is to be used: all of some inputs moved to ends of that."""
        ends = np.array(
            [
                np.full(len(inputs), FAR),
                np.full(len(inputs), 1 / FAR),
                np.tile([FAR, 1 / FAR], len(inputs))[: len(inputs)],
            ]
        )
        return all(self.told(made, inputs, times) for times in ends)

    def told(self, made: IndexMap, inputs: Indices, times: Vector | float) -> bool:
        """Whether the map tells the program where some inputs are so many times what they are."""
        moved = np.zeros(len(self._base))
        moved[inputs] = self._base[inputs] * (times - np.ones(len(inputs)))
        found = self._at(self._base + moved)
        return found is not None and made.tells(moved, *found)

    def bent(self, made: IndexMap, inputs: Indices) -> list[int]:
        """Those of some inputs of which the map does not tell the program, each moved alone to both ends."""
        return [k for k in inputs.tolist() if not all(self.told(made, np.array([k]), t) for t in (FAR, 1 / FAR))]


def index_map(write: Write, base: Vector, signed: NDArray[np.bool_]) -> tuple[IndexMap, Vector]:
    """Measure what each input moves, and how far that holds.

    Args:
        write: the program for coordinates.
        base: the coordinates as they are.
        signed: which inputs may change their sign.

    Returns:
        the map, and for each input the least part of itself at which it holds: infinite where it holds nowhere, as the
        program is not affine in the input or of another pattern; `-FAR` where a change of sign changes nothing. At most
        it holds at `FAR` times the input.
    """
    measured, apart = _Measured(write, base), np.zeros(len(base), bool)
    probes = measured.probes(np.arange(len(base)))
    apart[[k for k, probe in enumerate(probes) if probe is None]] = True

    def made() -> tuple[IndexMap, Indices]:
        kept = np.flatnonzero(~apart)
        return measured.map(kept, [probe for k in kept if (probe := probes[k]) is not None]), kept

    found, kept = made()
    if not measured.holds(found, kept):
        apart[measured.bent(found, kept)] = True
        found, kept = made()
    if not measured.holds(found, kept):
        apart[:] = True
        found, kept = made()
    least = np.where(apart | (base == 0), np.inf, 1 / FAR)
    across = kept[signed[kept]]
    if len(across) and not measured.told(found, across, -FAR):
        across = np.array([k for k in across.tolist() if measured.told(found, np.array([k]), -FAR)], np.int64)
    least[across[base[across] != 0]] = -FAR
    return found, least


def still(conic: Conic, constant: float) -> IndexMap:
    """The map of a program in which nothing moves."""
    none = np.zeros(0, np.int64)
    return IndexMap(conic, _numbers(conic, constant, conic), none, none, np.zeros(0))


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


def _numbers(conic: Conic, constant: float, whole: Conic) -> Vector:
    """All numbers of a program, at the spots of a larger pattern."""
    return np.concatenate([conic.q, _spread(conic.A, whole.A), conic.b, _spread(conic.P, whole.P), [constant]])
