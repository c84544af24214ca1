"""What linear clauses leave, as bounds and rows: a clause that speaks of one free entry is a bound of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from allocator.errors import Infeasible
from allocator.shapes import Box, Clause, Equal, Fixed, Rows
from allocator.sparse import Sparse, Vector

APART = 1e-10
"By how much two limits, in parts of equity, may contradict one another, as rounding may have it."


class Member(NamedTuple):
    """One member of a clause."""

    rule: str
    label: str

    def __str__(self) -> str:
        return f"{self.rule} ({self.label})" if self.label else self.rule


@dataclass(frozen=True, eq=False)
class Polyhedron:
    """All v with `low <= v <= high` and `least <= rows v <= most`.

    Attributes:
        rows: those that speak of several free entries (m x n).
        least, most: their limits (m).
        low, high: the bounds (n); equal for what is fixed.
        members: whose the rows are (m); None for a definition, which nobody set.
        floors, caps: whose each bound is (n); None where nobody set it.
    """

    rows: Sparse
    least: Vector
    most: Vector
    low: Vector
    high: Vector
    members: tuple[Member | None, ...]
    floors: tuple[Member | None, ...]
    caps: tuple[Member | None, ...]


def polyhedron(clauses: Sequence[Clause], box: Box) -> Polyhedron:
    """What hard linear clauses leave of a box.

    The box's upper bounds follow from the clauses, but for those of what is fixed; they are moved out of reach, so that
    what binds is always a clause.

    Raises:
        Infeasible: two limits of one entry contradict one another.
    """
    linear = [clause for clause in clauses if isinstance(clause, (Rows, Equal))]
    bounds = _Bounds(box, clauses)
    rows = _joined(Sparse.stack([clause.R0 + clause.R1.scaled(clause.theta) for clause in linear]))
    limit = -np.concatenate([clause.c0 + clause.theta * clause.c1 for clause in linear])
    equal = np.repeat([clause.equal for clause in linear], [clause.size for clause in linear])
    most = np.where(equal, limit, np.inf)
    members = [
        Member(clause.rule, label) if clause.priced else None for clause in linear for label in clause.labels
    ]  # fmt: skip
    left = np.ones(len(limit), bool)
    while True:
        fixed = bounds.low == bounds.high
        inside = ~fixed[rows.column]
        count = np.bincount(rows.row[inside], minlength=len(limit))
        known = np.bincount(rows.row, np.where(inside, 0.0, rows.value * bounds.low[rows.column]), len(limit))
        empty = left & (count == 0)
        if (known[empty] < limit[empty] - APART).any() or (known[empty] > most[empty] + APART).any():
            raise Infeasible("no allocation is within all limits")
        single = left & (count == 1)
        left &= count > 1
        if not single.any():
            break
        for k in np.flatnonzero(inside & single[rows.row]):
            row = rows.row[k]
            ends = (limit[row] - known[row]) / rows.value[k], (most[row] - known[row]) / rows.value[k]
            bounds.tighten(int(rows.column[k]), min(ends), max(ends), members[row])
        bounds.meet()
    kept = np.flatnonzero(left)
    return Polyhedron(
        rows.rows(kept),
        limit[kept],
        most[kept],
        bounds.low,
        bounds.high,
        tuple(members[row] for row in kept),
        tuple(bounds.floors),
        tuple(bounds.caps),
    )


class _Bounds:
    """Bounds that tighten, and whose they are."""

    def __init__(self, box: Box, clauses: Sequence[Clause]) -> None:
        self.low: Vector = box.low.copy()
        self.high: Vector = np.where(box.high > box.low, box.high + 1, box.low)
        self.floors: list[Member | None] = [None] * len(self.low)
        self.caps: list[Member | None] = [None] * len(self.low)
        for clause in clauses:
            if isinstance(clause, Fixed):
                self.high[clause.columns] = self.low[clause.columns]
                for column in clause.columns:
                    self.caps[column] = Member(clause.rule, "")

    def tighten(self, column: int, low: float, high: float, member: Member | None) -> None:
        """Take what is tighter."""
        if low > self.low[column]:
            self.low[column], self.floors[column] = low, member
        if high < self.high[column]:
            self.high[column], self.caps[column] = high, member

    def meet(self) -> None:
        """Bounds that cross by rounding are one.

        Raises:
            Infeasible: they cross by more.
        """
        gap: Vector = self.low - self.high
        if (gap > APART).any():
            raise Infeasible("no allocation is within all limits")
        close: NDArray[np.bool_] = np.abs(gap) <= 1e-15 * (1 + np.abs(self.low))
        self.low[gap > 0] = self.high[gap > 0]
        self.high[close] = self.low[close]


def _joined(matrix: Sparse) -> Sparse:
    """The same matrix with one entry at each spot."""
    spot, place = np.unique(matrix.row * matrix.shape[1] + matrix.column, return_inverse=True)
    value = np.bincount(place, matrix.value, len(spot))
    return Sparse.of(matrix.shape, spot // matrix.shape[1], spot % matrix.shape[1], value)
