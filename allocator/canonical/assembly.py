"""Variables and rows of a program in conic form, while it is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from allocator.shapes import Box
from allocator.sparse import Indices, Sparse, Vector

TINY = 1e-300
"In place of a multiplier of zero, to divide by."


class Rows:
    """Rows of one cone (or of many cones of one size), affine in the variables and in a parameter each.

    Attributes:
        cone: in which they must lie, by the names of `Cones`.
        size: how many there are.
        each: the rows of one cone.
        start: where they begin among all, once all are known.
        shift, rise: the constants, and what of them the parameter multiplies.
        member: of which parameter each row is; -1 for none.
        entries: row, column, value, and what of it the parameter multiplies.
    """

    def __init__(self, cone: str, size: int, each: int) -> None:
        self.cone, self.size, self.each, self.start = cone, size, each, 0
        self.shift, self.rise = np.zeros(size), np.zeros(size)
        self.member = np.full(size, -1)
        self.entries: list[tuple[Indices, Indices, Vector, Vector]] = []

    def add(self, matrix: Sparse, columns: Indices, rows: Indices | None = None, moving: bool = False) -> None:
        """Add a matrix, its columns and rows put where they are told (-1: left out).

        Moving, it is multiplied by the parameter.
        """
        placed = matrix.placed(columns)
        row = placed.row if rows is None else rows[placed.row]
        none = np.zeros(len(placed.value))
        self.entries.append((row, placed.column, *((none, placed.value) if moving else (placed.value, none))))

    def add_identity(self, columns: Indices, sign: float = 1.0, rows: Indices | None = None) -> None:
        """Add one variable a row."""
        count = len(columns)
        self.add(Sparse.picking(np.arange(count), count, sign), columns, rows)

    @property
    def place(self) -> slice:
        """Where they stand among all."""
        return slice(self.start, self.start + self.size)


@dataclass(frozen=True, eq=False)
class Read:
    """What a solver found: the variables, the multipliers of all rows, and the v that the first variables make."""

    x: Vector
    y: Vector
    v: Vector

    def of(self, rows: Rows) -> Vector:
        """The multipliers of some rows."""
        return self.y[rows.place]


Span = tuple[Vector, Vector]
"The least and the most of some variables."

Reader = Callable[[Read], Vector]
"Gives a part's witness at what was found."


@dataclass(eq=False)
class Term:
    """A score, or a part of one, over the variables: `gain . x + constant` and squares, which only objectives have.

    Attributes:
        columns, gains: the entries that are not zero; those at one column add up.
        constant: of it.
        squares: weights and matrices F; each adds its weight times `|| F x ||^2`.
        witnesses: how each part's witness is read.
    """

    columns: list[Indices] = field(default_factory=list)
    gains: list[Vector] = field(default_factory=list)
    constant: float = 0.0
    squares: list[tuple[float, Sparse]] = field(default_factory=list)
    witnesses: list[Reader] = field(default_factory=list)

    def add(self, columns: Indices, gain: Vector | float = 1.0) -> None:
        """Add entries."""
        self.columns.append(columns)
        self.gains.append(np.broadcast_to(np.asarray(gain, float), columns.shape))

    def plus(self, other: Term, weight: float) -> None:
        """Add another one, weighted; its witnesses stand behind."""
        self.columns += other.columns
        self.gains += [weight * gain for gain in other.gains]
        self.constant += weight * other.constant
        self.squares += [(weight * own, F) for own, F in other.squares]
        self.witnesses += other.witnesses

    @property
    def entries(self) -> tuple[Indices, Vector]:
        """Columns and gains, each in one array."""
        none = np.zeros(0, np.int64)
        return np.concatenate([none, *self.columns]), np.concatenate([np.zeros(0), *self.gains])

    def dense(self, count: int) -> Vector:
        """The gain of each of so many variables."""
        columns, gain = self.entries
        return np.asarray(np.bincount(columns, gain, count), float)


class Assembly:
    """The variables and rows written so far.

    Attributes:
        free: the entries of v that are variables, the first ones.
        place: for each entry of v its variable, -1 where it is fixed.
        fixed: the entries that are fixed where they stand, the others zero.
        count: how many variables there are.
        low: their lower bounds, in parts.
        spans: between what they are at some optimum, in parts; what proves a bound may rely on that.
        blocks: the rows.
        owed: what soft clauses cost.
    """

    def __init__(self, box: Box) -> None:
        self.box, self.mask = box, box.high > box.low
        self.free = np.flatnonzero(self.mask)
        self.fixed = np.where(self.mask, 0.0, box.low)
        self.place = np.full(len(box.low), -1)
        self.place[self.free] = np.arange(len(self.free))
        self.low = [np.where(box.defined, -np.inf, box.low)[self.free]]
        self.spans = [(box.low[self.free], box.high[self.free])]
        self.count = len(self.free)
        self.blocks: list[Rows] = []
        self.owed = Term()

    def variables(self, span: Span, low: float = -np.inf) -> Indices:
        """New variables, as many as the span has."""
        count = len(span[0])
        self.low.append(np.full(count, low))
        self.spans.append(span)
        self.count += count
        return np.arange(self.count - count, self.count)

    def span(self, matrix: Sparse, constant: Vector | float = 0.0) -> Span:
        """Between what `matrix v + constant` is inside the box, row by row."""
        least, most = self.box.low[matrix.column], self.box.high[matrix.column]
        return _summed(matrix.value * least, matrix.value * most, matrix.row, matrix.shape[0], constant)

    def norm(self, matrix: Sparse) -> float:
        """What the length of `matrix v` is at most inside the box."""
        return float(np.linalg.norm(np.maximum(*np.abs(self.span(matrix)))))

    def rows(self, cone: str, size: int, each: int = 0) -> Rows:
        """New rows."""
        self.blocks.append(Rows(cone, size, each or size))
        return self.blocks[-1]

    def over_v(self, rows: Rows, matrix: Sparse, at: Indices | None = None, moving: bool = False) -> None:
        """Add to rows a matrix over v, with what it is at the entries that are fixed."""
        rows.add(matrix, self.place, at, moving)
        constants = rows.rise if moving else rows.shift
        constants[slice(None) if at is None else at] += matrix @ self.fixed

    def within(self, term: Term) -> Span:
        """Between what a term without squares is, as its variables span it."""
        columns, gain = term.entries
        least, most = (np.concatenate(ends) for ends in zip(*self.spans, strict=True))
        whole = np.zeros(len(columns), np.int64)
        return _summed(gain * least[columns], gain * most[columns], whole, 1, term.constant)

    def term(self, row: Rows, term: Term, weight: float = 1.0) -> None:
        """Add a term without squares to a single row."""
        columns, gain = term.entries
        row.add(Sparse.dense(weight * gain[None]), columns)
        row.shift += weight * term.constant

    def largest(self, L: Sparse, k: Vector) -> tuple[Indices, Indices, Rows]:
        """The sum of the `count` largest entries of `L v + k` by its dual: least over q, `count * q + sum over`.

        Returns:
            the variable q; those that say by how much each entry is over q; and the rows that say so.
        """
        least, most = self.span(L, k)
        # At its best q is one of the entries.
        q = self.variables((least.min(keepdims=True), most.max(keepdims=True)))
        over = self.variables((np.zeros(len(most)), most - least.min()), 0.0)
        rows = self.rows("positive", L.shape[0])
        rows.add_identity(over)
        rows.add(Sparse.dense(np.ones((L.shape[0], 1))), q)
        self.over_v(rows, L * -1.0)
        rows.shift -= k
        return q, over, rows


def _summed(one: Vector, other: Vector, row: Indices, count: int, constant: Vector | float) -> Span:
    """What sums are at least and at most, whose entries are each between two numbers."""
    least = np.bincount(row, np.minimum(one, other), count) + constant
    most = np.bincount(row, np.maximum(one, other), count) + constant
    return np.asarray(least, float), np.asarray(most, float)
