"""What linear clauses leave, as bounds and rows: a clause that speaks of one free entry is a bound of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from allocator.errors import Infeasible
from allocator.shapes import Box, Clause, Equal, Fixed, Rows
from allocator.sparse import Indices, Sparse, Vector

APART = 1e-10
"By how much two limits, in parts of equity, may contradict one another, as rounding may have it."


class Member(NamedTuple):
    """One member of a clause."""

    rule: str
    label: str

    def __str__(self) -> str:
        return f"{self.rule} ({self.label})" if self.label else self.rule


class Step(NamedTuple):
    """A row that was left out of the rows, as it spoke of one free entry only: a bound of it.

    Attributes:
        row: which one of the rows of all linear clauses.
        column, entry: of what, and its coefficient there.
    """

    row: int
    column: int
    entry: float


@dataclass(frozen=True, eq=False)
class Polyhedron:
    """All v with `low <= v <= high` and `least <= rows v <= most`.

    Attributes:
        rows: those that speak of several free entries (m x n).
        least, most: their limits (m).
        low, high: the bounds (n); equal for what is fixed.
        members: whose the rows are (m); None for a definition, which nobody set.
        floors, caps: whose each bound is (n); None where nobody set it.
        linear: the rows of all linear clauses, of which `kept` are the rows above.
        steps: the rows that became bounds, in their order: earlier ones may have fixed other entries of later ones.
        owners: which of those rows each bound is, the lower ones above the upper ones (2 x n); -1 for none.
    """

    rows: Sparse
    least: Vector
    most: Vector
    low: Vector
    high: Vector
    members: tuple[Member | None, ...]
    floors: tuple[Member | None, ...]
    caps: tuple[Member | None, ...]
    linear: Sparse
    kept: Indices
    steps: tuple[Step, ...]
    owners: Indices

    def weights(self, costs: Vector, prices: Vector) -> Vector:
        """What each row of all linear clauses weighs in a certificate, from the multipliers of bounds and rows.

        A row that became a bound weighs what it takes for its entry to cost nothing.

        Args:
            costs: what each entry costs at the margin, the rows' prices included (n).
            prices: of the rows, positive where the upper limit binds (m).
        """
        found, gain = np.zeros(self.linear.shape[0]), -costs
        found[self.kept] = -prices
        for row, column, entry in reversed(self.steps):
            if gain[column] and self.owners[int(gain[column] > 0), column] == row:
                found[row] = -gain[column] / entry
                inside = slice(*np.searchsorted(self.linear.row, (row, row + 1)))
                gain[self.linear.column[inside]] += found[row] * self.linear.value[inside]
        return found


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
    left, steps = np.ones(len(limit), bool), []
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
            bounds.tighten(int(rows.column[k]), min(ends), max(ends), int(row), members[row])
            steps.append(Step(int(row), int(rows.column[k]), float(rows.value[k])))
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
        rows,
        kept,
        tuple(steps),
        bounds.owners,
    )


class _Bounds:
    """Bounds that tighten, and whose they are."""

    def __init__(self, box: Box, clauses: Sequence[Clause]) -> None:
        self.low: Vector = box.low.copy()
        self.high: Vector = np.where(box.high > box.low, box.high + 1, box.low)
        self.floors: list[Member | None] = [None] * len(self.low)
        self.caps: list[Member | None] = [None] * len(self.low)
        self.owners: Indices = np.full((2, len(self.low)), -1)
        for clause in clauses:
            if isinstance(clause, Fixed):
                self.high[clause.columns] = self.low[clause.columns]
                for column in clause.columns:
                    self.caps[column] = Member(clause.rule, "")

    def tighten(self, column: int, low: float, high: float, row: int, member: Member | None) -> None:
        """Take what is tighter."""
        if low > self.low[column]:
            self.low[column], self.floors[column], self.owners[0, column] = low, member, row
        if high < self.high[column]:
            self.high[column], self.caps[column], self.owners[1, column] = high, member, row

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
