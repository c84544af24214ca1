"""Clauses become constraints of cvxpy: those of one shape together, with every limit a parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from allocator.certificate import TOLERANCE
from allocator.choices import Choice
from allocator.shapes import Box, Clause, Cone, Multipliers, RotatedCone, Tail
from allocator.sparse import Sparse, Vector

MOST_CELLS = 2_000_000
"""Limits of terms times entries of v up to which each such limit is a parameter. Cvxpy's memory grows with that product
(8 bytes each, several times); beyond it the limits of terms are written in, and don't move."""


@dataclass(eq=False)
class _Block:
    """The members of clauses of one form, written as one constraint.

    Attributes:
        kept: for each clause, by index, which members are written.
        theta: the parameters, or None where none moves.
        spans: for each clause whose limits are parameters, where they stand.
        read: gives the members' weights and witnesses after a solve.
    """

    kept: dict[int, NDArray[np.bool_]]
    theta: Any = None
    spans: dict[int, slice] = field(default_factory=dict)
    read: Callable[[], tuple[Vector, Vector]] = lambda: (np.zeros(0), np.zeros(0))


def _form(index: int, clause: Clause) -> tuple[Any, ...]:
    """Clauses of the same form are written together; each sum of largest entries needs variables of its own."""
    if isinstance(clause, Tail):
        return ("tail", index)
    if isinstance(clause, Cone):
        return (type(clause).__name__, clause.M.shape[0] // clause.size)
    return ("equal" if clause.equal else "rows",)


def _rows_of_one(columns: NDArray[np.int64], count: int) -> Any:
    """A matrix that picks entries of a vector."""
    return sp.csr_matrix((np.ones(len(columns)), (np.arange(len(columns)), columns)), shape=(len(columns), count))


class Formulation:
    """Clauses inside a box, over the entries of v that are free; choices are left out, which allows more.

    Args:
        clauses: rules and terms.
        box: where the entries of v may be; hard clauses that fix some are in it.
    """

    def __init__(self, clauses: Sequence[Clause], box: Box) -> None:
        self.clauses = tuple(clauses)
        self.box = box
        self._free = np.flatnonzero(self.box.high > self.box.low)
        self._z = cp.Variable(len(self._free))
        own = sum(clause.size for clause in self.clauses if not clause.numbers)
        self._few = own * len(self._free) <= MOST_CELLS
        self._cost: Any = 0.0
        self._blocks: list[_Block] = []
        bounded = np.flatnonzero(~self.box.defined[self._free])
        self._constraints = [self._z[bounded] >= self.box.low[self._free[bounded]]]
        forms: dict[tuple[Any, ...], list[int]] = {}
        for index, clause in enumerate(self.clauses):
            if not isinstance(clause, Choice):
                forms.setdefault(_form(index, clause), []).append(index)
        for members in forms.values():
            self._add(members)

    def _at(self, *parts: Sparse) -> Any:
        """Matrices, one above the other, over the free entries, for cvxpy."""
        matrix = Sparse.stack(parts)
        place = np.full(matrix.shape[1], -1)
        place[self._free] = np.arange(len(self._free))
        kept = place[matrix.column] >= 0
        return sp.csr_matrix(
            (matrix.value[kept], (matrix.row[kept], place[matrix.column[kept]])),
            shape=(matrix.shape[0], len(self._free)),
        )

    def _fill(self, z: Any) -> Any:
        """All entries of v, for cvxpy: those given are the free ones, the others stand where they are fixed."""
        fixed = np.where(self.box.high > self.box.low, 0.0, self.box.low)
        return _rows_of_one(self._free, len(fixed)).T @ z + fixed

    def _kept(self, clause: Clause) -> NDArray[np.bool_]:
        """The members to write: those that a free entry touches, and any other that is broken."""
        free = self.box.high > self.box.low
        kept = clause.R0.rows_touching(free) | clause.R1.rows_touching(free) | (clause.excess(self.box.low) > TOLERANCE)
        if isinstance(clause, Cone):
            kept |= clause.M.rows_touching(free).reshape(clause.size, -1).any(axis=1)
        if isinstance(clause, Tail):
            kept |= clause.L.rows_touching(free).any()
        return np.asarray(kept)

    def _add(self, indices: list[int]) -> None:
        """Write the members of clauses of one form as one constraint, which cvxpy handles much faster than many."""
        kept = {index: self._kept(self.clauses[index]) for index in indices}
        if not any(members.any() for members in kept.values()):
            return
        block = _Block(kept)
        made, block.read = self._shape(kept, self._room(block))
        self._constraints += made
        self._blocks.append(block)

    def _room(self, block: _Block) -> Any:
        """The right sides of a block, each with its parameter, and with a slack where a clause is soft."""
        fixed, moving, numbers, c0, c1, penalty = [], [], [], [], [], []
        count = 0
        for index, kept in block.kept.items():
            clause, m = self.clauses[index], int(kept.sum())
            rows = np.flatnonzero(kept)
            R0, R1 = clause.R0.rows(rows), clause.R1.rows(rows)
            if self.moves(index):
                # The members of a rule share its number; those of a term each have their own.
                size = min(m, 1) if clause.numbers else m
                numbers.append(count + (np.zeros(m, int) if clause.numbers else np.arange(m)))
                block.spans[index] = slice(count, count + size)
                count += size
                fixed.append(R0)
                moving.append(R1)
                c0.append(clause.c0[kept])
                c1.append(clause.c1[kept])
            else:
                theta = clause.theta[kept]
                numbers.append(np.full(m, -1))
                fixed.append(R0 + R1.scaled(theta))
                moving.append(Sparse.zeros(*R1.shape))
                c0.append(clause.c0[kept] + theta * clause.c1[kept])
                c1.append(np.zeros(m))
            penalty.append(np.full(m, clause.penalty or 0.0))
        room = self._at(*fixed) @ self._z + np.concatenate(c0)
        which, shift, rate = np.concatenate(numbers), np.concatenate(c1), np.concatenate(penalty)
        slopes = self._at(*moving)
        moves = np.flatnonzero((np.diff(slopes.indptr) > 0) | (shift != 0))
        if len(moves):
            block.theta = cp.Parameter(count)
            theta = _rows_of_one(which[moves], count) @ block.theta
            room = room + _rows_of_one(moves, len(shift)).T @ cp.multiply(theta, slopes[moves] @ self._z + shift[moves])
        soft = np.flatnonzero(rate)
        if len(soft):
            slack = cp.Variable(len(soft), nonneg=True)
            self._cost = self._cost + rate[soft] @ slack
            room = room + _rows_of_one(soft, len(rate)).T @ slack
        return room

    def _shape(self, kept: Mapping[int, NDArray[np.bool_]], room: Any) -> tuple[list[Any], Any]:
        """The constraints of a block, and a function that reads weights and witnesses from their duals."""
        clauses = [self.clauses[index] for index in kept]
        m = sum(int(members.sum()) for members in kept.values())
        first = clauses[0]
        if first.equal:
            row = room == 0
            return [row], lambda: (-np.atleast_1d(row.dual_value), np.zeros(0))
        if isinstance(first, Cone):
            d = first.M.shape[0] // first.size
            pairs = list(zip(clauses, kept.values(), strict=True))
            M = self._at(*(c.M.rows(np.flatnonzero(np.repeat(k, d))) for c, k in pairs))  # type: ignore[attr-defined]
            k0 = np.concatenate([c.k[np.repeat(k, d)] for c, k in pairs])  # type: ignore[attr-defined]
            arms = cp.reshape(M @ self._z + k0, (d, m), order="F")
            if not isinstance(first, RotatedCone):
                cone = cp.SOC(room, arms, axis=0)
                return [cone], lambda: _cone_duals(cone, d)
            # ||a||^2 <= r is ||(2 sqrt(s) a, r - s)|| <= r + s for any s > 0; s near r keeps the cone round.
            s = np.concatenate([c.typical[k] for c, k in pairs])  # type: ignore[attr-defined]
            tall = cp.vstack([cp.multiply(2 * np.sqrt(s)[None, :], arms), cp.reshape(room - s, (1, m), order="F")])
            rotated = cp.SOC(room + s, tall, axis=0)
            return [rotated], lambda: _rotated_duals(rotated, s, d)
        if isinstance(first, Tail):
            # The sum of the largest entries by its dual: count * q + sum max(y - q, 0), least over q.
            q, over = cp.Variable(), cp.Variable(first.L.shape[0], nonneg=True)
            above = self._at(first.L) @ self._z + first.k - q <= over
            sums = cp.reshape(first.count * q + cp.sum(over), (1,), order="F") <= room
            return [above, sums], lambda: _tail_duals(sums, above)
        row = room >= 0
        return [row], lambda: (np.atleast_1d(row.dual_value), np.zeros(0))

    def _write(self, theta: Mapping[int, Vector]) -> None:
        """Set the limits; only those that move may be others than the clauses' own."""
        assert all(map(self.moves, theta))
        for block in self._blocks:
            if block.theta is None:
                continue
            values = np.zeros(block.theta.shape)
            for index, span in block.spans.items():
                given = theta.get(index, self.clauses[index].theta)
                values[span] = given[0] if self.clauses[index].numbers else given[block.kept[index]]
            if block.theta.value is None or (values != block.theta.value).any():
                block.theta.value = values

    def moves(self, index: int) -> bool:
        """Whether the limits of a clause are parameters; those of very many terms are written in."""
        return self._few or bool(self.clauses[index].numbers)

    def _multipliers(self, clauses: Sequence[Clause], score: Sequence[Vector], v: Vector) -> Multipliers:
        weights = [np.zeros(clause.size) for clause in clauses]
        witnesses = [clause.witness(v) for clause in clauses]
        for block in self._blocks:
            own, found = block.read()
            start = 0
            for index, kept in block.kept.items():
                stop = start + int(kept.sum())
                weights[index][kept] = own[start:stop]
                if isinstance(clauses[index], Tail):
                    witnesses[index] = found
                elif isinstance(clauses[index], Cone):
                    priced = (own[start:stop] > 0)[:, None]
                    witnesses[index][kept] = np.where(priced, found[start:stop], witnesses[index][kept])
                start = stop
        return Multipliers(tuple(weights), tuple(witnesses), tuple(score))


def _cone_duals(cone: Any, d: int) -> tuple[Vector, Vector]:
    """Cvxpy's Lagrangian takes off `t-dual * t + x-dual . X`; ours adds `weight * (room - witness . arms)`."""
    weight = np.atleast_1d(cone.dual_value[0])
    arms = np.reshape(cone.dual_value[1], (d, -1), order="F").T
    return weight, -arms / np.maximum(weight, 1e-300)[:, None]


def _rotated_duals(cone: Any, s: Vector, d: int) -> tuple[Vector, Vector]:
    upper = np.atleast_1d(cone.dual_value[0])
    tall = np.reshape(cone.dual_value[1], (d + 1, -1), order="F").T
    weight = np.maximum(upper + tall[:, d], 0)
    return weight, -np.sqrt(s)[:, None] * tall[:, :d] / np.maximum(weight, 1e-300)[:, None]


def _tail_duals(sums: Any, above: Any) -> tuple[Vector, Vector]:
    weight = np.atleast_1d(sums.dual_value)
    return weight, np.atleast_1d(above.dual_value) / max(float(weight[0]), 1e-300)
