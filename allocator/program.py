"""Shapes become one parametrised cvxpy problem, compiled once and re-solved many times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from allocator.certificate import TOLERANCE, bound, shortfall
from allocator.errors import AllocatorError
from allocator.shapes import Box, Clause, Cone, Linear, Multipliers, RotatedCone, Score, Tail
from allocator.solvers import Solver, able
from allocator.sparse import Sparse, Vector

MOST_CELLS = 2_000_000
"""Limits of terms times entries of v up to which each such limit is a parameter. Cvxpy's memory grows with that product
(8 bytes each, several times); beyond it the limits are written in, and moving one compiles again."""


@dataclass(frozen=True, eq=False)
class Point:
    """What one solve gave.

    Attributes:
        status: `optimal`, `infeasible` or `failed`; the solver's word, not ours.
        solver: which one.
        v: the decision, where there is one.
        value: its score, what soft rules cost taken off.
        bound: no allocation scores more, from the multipliers.
        multipliers: they and the witnesses.
        hold: the multiplier of the level held, in a second stage.
    """

    status: str
    solver: str
    v: Vector
    value: float = -np.inf
    bound: float = np.inf
    multipliers: Multipliers | None = None
    hold: float = 0.0


class Program:
    """Maximise a weighted sum of scores under clauses, inside a box.

    The weights, the cost of soft rules, and every limit are parameters: changing them does not compile again (but for
    the limits of terms where there are very many).

    Args:
        clauses: rules and terms.
        scores: one or more; each solve weighs them.
        box: where the entries of v may be.
        spread: for the canonical choice, what each entry's square costs (0 for none).
        solver: the name of one to try first.
    """

    def __init__(
        self,
        clauses: Sequence[Clause],
        scores: Sequence[Score],
        box: Box,
        spread: Vector,
        solver: str | None = None,
    ) -> None:
        self.clauses, self.scores = tuple(clauses), tuple(scores)
        self._given = clauses, scores, box, spread, solver
        self.box = box.fixing(self.clauses)
        self.first = solver
        self._free = np.flatnonzero(self.box.high > self.box.low)
        self._spread = spread
        self._z = cp.Variable(len(self._free))
        self._weights = cp.Parameter(len(scores), nonneg=True)
        self._penalty = cp.Parameter(nonneg=True)
        self._theta: dict[int, tuple[Any, NDArray[np.int64]]] = {}
        self._moved: set[int] = set()
        self._written: set[int] = set()
        own = sum(clause.size for clause in self.clauses if not clause.numbers)
        self._few = own * len(self._free) <= MOST_CELLS
        self._read: list[Any] = []
        self._cost: Any = 0.0
        self._constraints: list[Any] = []
        for index, clause in enumerate(self.clauses):
            self._add(index, clause)
        bounded = np.flatnonzero(~self.box.defined[self._free])
        self._constraints.append(self._z[bounded] >= self.box.low[self._free[bounded]])
        self.conic = any(isinstance(clause, Cone) for clause in self.clauses)
        self.quadratic = any(part.curved for score in scores for _, part in score.parts)

    def _at(self, matrix: Sparse, rows: NDArray[np.bool_] | None = None) -> Any:
        """A matrix over the free entries, for cvxpy; some of its rows or all."""
        place = np.full(matrix.shape[1], -1)
        place[self._free] = np.arange(len(self._free))
        kept = place[matrix.column] >= 0
        out = sp.csr_matrix(
            (matrix.value[kept], (matrix.row[kept], place[matrix.column[kept]])),
            shape=(matrix.shape[0], len(self._free)),
        )
        return out if rows is None else out[rows]

    def _add(self, index: int, clause: Clause) -> None:
        """Write one clause; members that no free entry touches are left out unless they are broken."""
        free = np.zeros(clause.R0.shape[1], bool)
        free[self._free] = True
        kept = clause.R0.rows_touching(free) | clause.R1.rows_touching(free) | (clause.excess(self.box.low) > TOLERANCE)
        if isinstance(clause, Cone):
            kept |= clause.M.rows_touching(free).reshape(clause.size, -1).any(axis=1)
        if isinstance(clause, Tail):
            kept |= clause.L.rows_touching(free).any()
        if not kept.any():
            self._read.append(None)
            return
        m = int(kept.sum())
        room = self._at(clause.R0, kept) @ self._z + clause.c0[kept]
        if len(clause.R1.value) or clause.c1.any():
            # The members of a rule share its number; those of a term each have their own.
            same = bool(clause.numbers)
            if same or self._few:
                theta = cp.Parameter(value=clause.theta[0]) if same else cp.Parameter(m, value=clause.theta[kept])
                moving = self._at(clause.R1, kept) @ self._z + clause.c1[kept]
                room = room + (theta * moving if same else cp.multiply(theta, moving))
                self._theta[index] = theta, np.flatnonzero(kept)
            else:
                whole = clause.R0 + clause.R1.scaled_rows(clause.theta)
                room = self._at(whole, kept) @ self._z + (clause.c0 + clause.theta * clause.c1)[kept]
                self._written.add(index)
        if clause.penalty is not None:
            slack = cp.Variable(m, nonneg=True)
            room = room + slack
            self._cost = self._cost + clause.penalty * cp.sum(slack)
        made, read = self._shape(clause, kept, room)
        self._constraints += made
        self._read.append((kept, read))

    def _shape(self, clause: Clause, kept: NDArray[np.bool_], room: Any) -> tuple[list[Any], Any]:
        """The constraints of a shape, and a function that reads weights and witness from their duals."""
        m = int(kept.sum())
        if clause.equal:
            row = room == 0
            return [row], lambda: (-np.atleast_1d(row.dual_value), np.zeros(0))
        if isinstance(clause, Cone):
            d = clause.M.shape[0] // clause.size
            arms_of = np.repeat(kept, d)
            arms = cp.reshape(self._at(clause.M, arms_of) @ self._z + clause.k[arms_of], (d, m), order="F")
            if not isinstance(clause, RotatedCone):
                cone = cp.SOC(room, arms, axis=0)
                return [cone], lambda: _cone_duals(cone, d)
            # ||a||^2 <= r is ||(2 sqrt(s) a, r - s)|| <= r + s for any s > 0; s near r keeps the cone round.
            s = clause.typical[kept]
            tall = cp.vstack([cp.multiply(2 * np.sqrt(s)[None, :], arms), cp.reshape(room - s, (1, m), order="F")])
            rotated = cp.SOC(room + s, tall, axis=0)
            return [rotated], lambda: _rotated_duals(rotated, s, d)
        if isinstance(clause, Tail):
            # The sum of the largest entries by its dual: count * q + sum max(y - q, 0), least over q.
            q, over = cp.Variable(), cp.Variable(clause.L.shape[0], nonneg=True)
            above = self._at(clause.L) @ self._z - q <= over
            sums = cp.reshape(clause.count * q + cp.sum(over), (1,), order="F") <= room
            return [above, sums], lambda: _tail_duals(sums, above)
        row = room >= 0
        return [row], lambda: (np.atleast_1d(row.dual_value), np.zeros(0))

    def _score(self, score: Score) -> Any:
        total: Any = 0.0
        for weight, part in score.parts:
            if isinstance(part, Linear):
                total = total + weight * (part.gain[self._free] @ self._z + part.constant)
            else:
                total = total + weight * cp.sum_squares(self._at(part.F) @ self._z)
        return total

    @cached_property
    def _expressions(self) -> list[Any]:
        return [self._score(score) for score in self.scores]

    def _sum(self, weights: Any) -> Any:
        return sum(weights[k] * expression for k, expression in enumerate(self._expressions))

    @cached_property
    def _main(self) -> Any:
        return _dpp(cp.Problem(cp.Minimize(self._penalty * self._cost - self._sum(self._weights)), self._constraints))

    @cached_property
    def _held(self) -> tuple[Any, dict[str, Any], Any]:
        """The same with a level held, and with the canonical choice's spread in the objective."""
        names = {
            "weights": cp.Parameter(len(self.scores), nonneg=True),
            "penalty": cp.Parameter(nonneg=True),
            "level": cp.Parameter(),
            "spread": cp.Parameter(nonneg=True),
        }
        held = self._sum(names["weights"]) - names["penalty"] * self._cost >= names["level"]
        roots = np.sqrt(self._spread[self._free])
        used = np.flatnonzero(roots)
        spread = names["spread"] * cp.sum_squares(cp.multiply(roots[used], self._z[used]))
        aim = cp.Minimize(self._penalty * self._cost + spread - self._sum(self._weights))
        return _dpp(cp.Problem(aim, [*self._constraints, held])), names, held

    def solve(
        self,
        weights: Sequence[float],
        penalty: float = 0.0,
        tolerance: float = 1e-8,
        solver: str | None = None,
        theta: Mapping[int, Vector] | None = None,
    ) -> Point:
        """Maximise the weighted scores.

        Args:
            weights: of the scores, >= 0.
            penalty: how much one unit of the soft rules' cost takes off.
            tolerance: asked of the solver.
            solver: its name, and no other; by default the first that is able and does not fail.
            theta: for some clauses, by index, other parameters than their own.
        """
        if self._written & set(theta or {}):
            moved = Program(self.moved(theta), self.scores, self.box, self._spread, self.first)
            return moved.solve(weights, penalty, tolerance, solver)
        self._write(theta)
        scale = self._scale(weights)
        self._weights.value, self._penalty.value = np.asarray(weights, float) * scale, penalty * scale
        return self._run(self._main, weights, penalty, scale, tolerance, solver, theta, self.quadratic, self.conic)

    def hold(
        self,
        level: float,
        held: Sequence[float],
        held_penalty: float,
        weights: Sequence[float] | None = None,
        penalty: float = 0.0,
        tolerance: float = 1e-10,
        solver: str | None = None,
    ) -> Point:
        """Hold a weighted sum of scores at a level, and maximise another; or, by default, spread by capacity.

        Returns:
            A point whose multipliers are those of the second stage; its bound says nothing of the first.
        """
        problem, names, row = self._held
        self._write(None)
        scale = self._scale(held)
        names["weights"].value = np.asarray(held, float) * scale
        names["penalty"].value, names["level"].value = held_penalty * scale, level * scale
        names["spread"].value = 1.0 if weights is None else 0.0
        own = 1.0 if weights is None else self._scale(weights)
        aims = np.zeros(len(self.scores)) if weights is None else np.asarray(weights, float)
        self._weights.value, self._penalty.value = aims * own, penalty * own
        conic = self.conic or self.quadratic
        quadratic = weights is None or self.quadratic
        found = self._run(problem, aims, penalty, own, tolerance, solver, None, quadratic, conic)
        if found.status != "optimal":
            return found
        multiplier = float(np.ravel(row.dual_value)[0]) * scale / own
        return replace(found, hold=multiplier)

    def twin(self) -> Program:
        """The same program again, for another thread."""
        return Program(*self._given)

    def score(self, weights: Sequence[float]) -> Score:
        """The weighted sum of the scores."""
        total = self.scores[0] * weights[0]
        for score, weight in zip(self.scores[1:], weights[1:], strict=True):
            total = total + score * weight
        return total

    def _scale(self, weights: Sequence[float]) -> float:
        """A factor that makes the weighted objective of order one over the box, which solvers need."""
        size = 0.0
        for weight, score in zip(weights, self.scores, strict=True):
            for own, part in score.parts:
                if isinstance(part, Linear):
                    largest = np.abs(part.gain[self._free]).max(initial=0.0)
                else:
                    largest = part.F.column_squares().max(initial=0.0)
                size = max(size, abs(weight * own) * float(largest))
        return 1 / size if size > 0 else 1.0

    def _write(self, theta: Mapping[int, Vector] | None) -> None:
        """Set the limits; only those that change, since cvxpy checks each value that it is given."""
        for index in (self._moved | set(theta or {})) & set(self._theta):
            parameter, kept = self._theta[index]
            given = (theta or {}).get(index, self.clauses[index].theta)
            parameter.value = given[kept] if parameter.shape else given[0]
        self._moved = set(theta or {})

    def moved(self, theta: Mapping[int, Vector] | None) -> tuple[Clause, ...]:
        """The clauses, some with other parameters."""
        if not theta:
            return self.clauses
        return tuple(c.moved(theta[i]) if i in theta else c for i, c in enumerate(self.clauses))

    def _run(
        self,
        problem: Any,
        weights: Sequence[float] | Vector,
        penalty: float,
        scale: float,
        tolerance: float,
        solver: str | None,
        theta: Mapping[int, Vector] | None,
        quadratic: bool,
        conic: bool,
    ) -> Point:
        queue = able(conic, quadratic, solver or self.first)
        for name, kind in queue[:1] if solver else queue:
            found = Point(self._status(problem, kind, tolerance), name, self.box.low)
            if found.status != "failed":
                break
        if found.status != "optimal":
            return found
        v = self.box.low.copy()
        v[self._free] = self._z.value
        score = self.score(list(weights))
        clauses = self.moved(theta)
        multipliers = self._multipliers(clauses, score, v, scale)
        value = float(score.value(v) - penalty * shortfall(clauses, v))
        most = bound(clauses, score, self.box, multipliers, penalty)
        return replace(found, v=v, value=value, bound=most, multipliers=multipliers)

    def _status(self, problem: Any, kind: type[Solver], tolerance: float) -> str:
        """Run one solver: `optimal` where it left a point with multipliers, however good; the certificate judges it."""
        try:
            problem.solve(solver=kind.cvxpy_name, enforce_dpp=True, **kind.options(tolerance))
        except cp.error.SolverError:
            return "failed"
        if problem.status in (cp.INFEASIBLE, cp.INFEASIBLE_INACCURATE):
            return "infeasible"
        found = self._z.value is not None and all(made.dual_value is not None for made in problem.constraints)
        return "optimal" if found and problem.status != cp.UNBOUNDED else "failed"

    def _multipliers(self, clauses: Sequence[Clause], score: Score, v: Vector, scale: float) -> Multipliers:
        weights, witnesses = [], []
        for clause, read in zip(clauses, self._read, strict=True):
            weight, witness = np.zeros(clause.size), clause.witness(v)
            if read is not None:
                kept, duals = read
                own, found = duals()
                weight[kept] = own / scale
                if isinstance(clause, Cone):
                    witness[kept] = np.where((own > 0)[:, None], found, witness[kept])
                elif isinstance(clause, Tail):
                    witness = found
            weights.append(weight)
            witnesses.append(witness)
        return Multipliers(tuple(weights), tuple(witnesses), tuple(score.witness(v)))


def _dpp(problem: Any) -> Any:
    if not problem.is_dpp():
        raise AllocatorError("the program is not a disciplined parametrised convex program; a shape is at fault")
    return problem


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
