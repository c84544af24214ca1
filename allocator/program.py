"""Shapes become one parametrised cvxpy problem, compiled once and re-solved many times."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from allocator.certificate import TOLERANCE, bound, shortfall
from allocator.errors import AllocatorError
from allocator.shapes import Box, Clause, Cone, Linear, Multipliers, RotatedCone, Score, Tail
from allocator.solvers import able
from allocator.sparse import Sparse, Vector

MOST_CELLS = 2_000_000
"""Limits of terms times entries of v up to which each such limit is a parameter. Cvxpy's memory grows with that product
(8 bytes each, several times); beyond it the limits are written in, and moving one compiles again."""

LONG = 20
"Entries in a row, on average, from which it is worth a look whether others are the same."


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
        self.box = box.fixing(self.clauses)
        self.first = solver
        self._free = np.flatnonzero(self.box.high > self.box.low)
        self._spread = spread
        self._z = cp.Variable(len(self._free))
        self._weights = cp.Parameter(len(scores), nonneg=True)
        self._penalty = cp.Parameter(nonneg=True)
        own = sum(clause.size for clause in self.clauses if not clause.numbers)
        self._few = own * len(self._free) <= MOST_CELLS
        self._cost: Any = 0.0
        self._blocks: list[_Block] = []
        bounded = np.flatnonzero(~self.box.defined[self._free])
        self._constraints = [self._z[bounded] >= self.box.low[self._free[bounded]]]
        forms: dict[tuple[Any, ...], list[int]] = {}
        for index, clause in enumerate(self.clauses):
            forms.setdefault(_form(index, clause), []).append(index)
        for members in forms.values():
            self._add(members)
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
        aside: list[tuple[NDArray[np.int64], Vector, NDArray[np.int64], Any]] = []
        count = 0
        for index, kept in block.kept.items():
            clause, m = self.clauses[index], int(kept.sum())
            R0, R1 = self._at(clause.R0, kept), self._at(clause.R1, kept)
            if clause.numbers or self._few:
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
                own, alike = self._alike(R1)
                if alike is not None:
                    spot = np.arange(m) + sum(len(each) for each in numbers[:-1])
                    aside.append((spot, theta, own, alike))
                fixed.append(R0 if alike is not None else R0 + sp.diags_array(theta) @ R1)
                moving.append(sp.csr_matrix(R1.shape))
                c0.append(clause.c0[kept] + theta * clause.c1[kept])
                c1.append(np.zeros(m))
            penalty.append(np.full(m, clause.penalty or 0.0))
        room = sp.vstack(fixed, format="csr") @ self._z + np.concatenate(c0)
        which, shift, rate = np.concatenate(numbers), np.concatenate(c1), np.concatenate(penalty)
        slopes = sp.vstack(moving, format="csr")
        moves = np.flatnonzero((np.diff(slopes.indptr) > 0) | (shift != 0))
        if len(moves):
            block.theta = cp.Parameter(count)
            theta = _rows_of_one(which[moves], count) @ block.theta
            room = room + _rows_of_one(moves, len(shift)).T @ cp.multiply(theta, slopes[moves] @ self._z + shift[moves])
        for spot, theta, own, alike in aside:
            shape = (len(rate), alike.size)
            room = room + sp.csr_matrix((theta, (spot, own)), shape=shape) @ alike
        soft = np.flatnonzero(rate)
        if len(soft):
            slack = cp.Variable(len(soft), nonneg=True)
            self._cost = self._cost + rate[soft] @ slack
            room = room + _rows_of_one(soft, len(rate)).T @ slack
        return room

    def _alike(self, matrix: Any) -> tuple[NDArray[np.int64], Any]:
        """For long rows of which many are the same, such as a tranche's debt: variables for those that differ.

        Returns:
            which variable each row is, and the variables; None where rows are short or differ.
        """
        if matrix.nnz <= LONG * matrix.shape[0]:
            return np.zeros(0, int), None
        ends = zip(matrix.indptr, matrix.indptr[1:], strict=False)
        rows = [(matrix.indices[a:b].tobytes(), matrix.data[a:b].tobytes()) for a, b in ends]
        number = {row: k for k, row in enumerate(dict.fromkeys(rows))}
        if 2 * len(number) > len(rows):
            return np.zeros(0, int), None
        which = np.array([number[row] for row in rows])
        alike = cp.Variable(len(number))
        self._constraints.append(alike == matrix[np.unique(which, return_index=True)[1]] @ self._z)
        return which, alike

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
            M = sp.vstack([self._at(c.M, np.repeat(k, d)) for c, k in pairs], format="csr")  # type: ignore[attr-defined]
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
            above = self._at(first.L) @ self._z - q <= over
            sums = cp.reshape(first.count * q + cp.sum(over), (1,), order="F") <= room
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
        theta = theta or {}
        if self._written_in(theta):
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
        if not self._few:
            # A large program's memory is its solver's; the first stage's is given back (and made again if need be).
            vars(self).pop("_main", None)
        problem, names, row = self._held
        self._write({})
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

    def along(
        self, weights: Sequence[float], penalty: float, path: Iterable[Mapping[int, Vector]], tolerance: float = 1e-10
    ) -> Iterator[Point]:
        """Maximise the weighted scores for one set of limits after the other (`theta` of `solve`).

        Where the solver works outside Python's lock, several are under way at once. Each is solved from scratch, so
        that its bits don't depend on the others.
        """
        name, kind = able(self.conic, self.quadratic, self.first)[0]
        scale, options = self._scale(weights), kind.options(tolerance)
        self._weights.value, self._penalty.value = np.asarray(weights, float) * scale, penalty * scale
        under_way: deque[tuple[Mapping[int, Vector], Any, Any, Any]] = deque()

        def finished() -> Point:
            theta, future, chain, inverse = under_way.popleft()
            try:
                self._main.unpack_results(future.result(), chain, inverse)
            except cp.error.SolverError:
                return self.solve(weights, penalty, tolerance, theta=theta)
            found = Point(self._verdict(self._main), name, self.box.low)
            return self._point(found, weights, penalty, scale, theta)

        with ThreadPoolExecutor(kind.threads) as pool:
            for theta in path:
                if self._written_in(theta):
                    yield self.solve(weights, penalty, tolerance, theta=theta)
                    continue
                self._write(theta)
                data, chain, inverse = self._main.get_problem_data(
                    kind.cvxpy_name, enforce_dpp=True, solver_opts=options
                )
                future = pool.submit(chain.solve_via_data, self._main, data, False, False, options)
                under_way.append((theta, future, chain, inverse))
                if len(under_way) > kind.threads:
                    yield finished()
            while under_way:
                yield finished()

    def score(self, weights: Sequence[float]) -> Score:
        """The weighted sum of the scores."""
        total = self.scores[0] * weights[0]
        for score, weight in zip(self.scores[1:], weights[1:], strict=True):
            total = total + score * weight
        return total

    def _scale(self, weights: Sequence[float]) -> float:
        """A factor that makes the weighted objective of order one over the box, which solvers need."""
        size = max(abs(weight) * score.size for weight, score in zip(weights, self.scores, strict=True))
        return 1 / size if size > 0 else 1.0

    def _write(self, theta: Mapping[int, Vector]) -> None:
        """Set the limits."""
        for block in self._blocks:
            if block.theta is None:
                continue
            values = np.zeros(block.theta.shape)
            for index, span in block.spans.items():
                given = theta.get(index, self.clauses[index].theta)
                values[span] = given[0] if self.clauses[index].numbers else given[block.kept[index]]
            block.theta.value = values

    def _written_in(self, theta: Mapping[int, Vector]) -> bool:
        """Whether a limit to move is no parameter, because there are too many."""
        return not self._few and any(not self.clauses[index].numbers for index in theta)

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
            try:
                # A solver that is handed new numbers keeps the scaling of its first ones. Between two levels held, or
                # two aims, they differ too much for that: Clarabel then fails.
                keep = problem is vars(self).get("_main")
                problem.solve(solver=kind.cvxpy_name, enforce_dpp=True, warm_start=keep, **kind.options(tolerance))
                found = Point(self._verdict(problem), name, self.box.low)
            except cp.error.SolverError:
                found = Point("failed", name, self.box.low)
            if found.status != "failed":
                break
        return self._point(found, weights, penalty, scale, theta)

    def _verdict(self, problem: Any) -> str:
        """`optimal` where a solver left a point with multipliers, however good; the certificate judges it."""
        if problem.status in (cp.INFEASIBLE, cp.INFEASIBLE_INACCURATE):
            return "infeasible"
        z = self._z.value
        found = (
            z is not None and np.isfinite(z).all() and all(made.dual_value is not None for made in problem.constraints)
        )
        return "optimal" if found and problem.status != cp.UNBOUNDED else "failed"

    def _point(
        self,
        found: Point,
        weights: Sequence[float] | Vector,
        penalty: float,
        scale: float,
        theta: Mapping[int, Vector] | None,
    ) -> Point:
        """What the solver left in the variables, with its bound."""
        if found.status != "optimal":
            return found
        v = self.box.low.copy()
        v[self._free] = self._z.value
        score, clauses = self.score(list(weights)), self.moved(theta)
        multipliers = self._multipliers(clauses, score, v, scale)
        value = float(score.value(v) - penalty * shortfall(clauses, v))
        most = bound(clauses, score, self.box, multipliers, penalty)
        return replace(found, v=v, value=value, bound=most, multipliers=multipliers)

    def _multipliers(self, clauses: Sequence[Clause], score: Score, v: Vector, scale: float) -> Multipliers:
        weights = [np.zeros(clause.size) for clause in clauses]
        witnesses = [clause.witness(v) for clause in clauses]
        for block in self._blocks:
            own, found = block.read()
            start = 0
            for index, kept in block.kept.items():
                stop = start + int(kept.sum())
                weights[index][kept] = own[start:stop] / scale
                if isinstance(clauses[index], Tail):
                    witnesses[index] = found
                elif isinstance(clauses[index], Cone):
                    priced = (own[start:stop] > 0)[:, None]
                    witnesses[index][kept] = np.where(priced, found[start:stop], witnesses[index][kept])
                start = stop
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
