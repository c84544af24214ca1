"""Shapes become one parametrised cvxpy problem, compiled once and re-solved many times."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import cvxpy as cp
import numpy as np

from allocator.certificate import TOLERANCE, bound
from allocator.errors import AllocatorError
from allocator.expression import Entries, Expression
from allocator.formulation import Formulation
from allocator.scores import Score, weighted
from allocator.shapes import Box, Clause, Multipliers, hard_ones, largest_excess, shortfall
from allocator.solvers import able
from allocator.sparse import Vector

SPREAD = 0.1
"The spread's weight in the solver's units: at one the level's multiplier is ten thousands, and Clarabel gives up."


@dataclass(frozen=True, eq=False)
class Point:
    """What one solve gave.

    Attributes:
        status: `optimal`, `infeasible` or `failed`; the solver's word, not ours.
        solver: which one.
        v: the decision, where there is one.
        value: its score, what soft rules cost taken off.
        proof: computes the bound.
        multipliers: they and the witnesses.
        hold: the multiplier of the level held, in a second stage.
    """

    status: str
    solver: str
    v: Vector
    value: float = -np.inf
    proof: Callable[[], float] = lambda: np.inf
    multipliers: Multipliers | None = None
    hold: float = 0.0

    @cached_property
    def bound(self) -> float:
        """No allocation scores more, by the multipliers; computed when it is asked for."""
        return self.proof()


class Program(Formulation):
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
        super().__init__(clauses, box)
        self.scores = tuple(scores)
        self.first = solver
        self._spread = spread
        self._weights = cp.Parameter(len(scores), nonneg=True)
        self._penalty = cp.Parameter(nonneg=True)
        self.needs |= frozenset[str]().union(*(score.needs for score in scores))

    @cached_property
    def _expressions(self) -> list[Expression]:
        entries = Entries(self._z, self._free, self._at, self._fill, self._cost)
        made = [entries.score(score) for score in self.scores]
        self._constraints += [each for expression in made for each in expression.constraints]
        return made

    def _sum(self, weights: Any) -> Any:
        return sum(weights[k] * expression.value for k, expression in enumerate(self._expressions))

    @cached_property
    def _main(self) -> Any:
        aim = cp.Minimize(self._penalty * self._cost - self._sum(self._weights))
        return _dpp(cp.Problem(aim, self._constraints))

    @property
    def _spreading(self) -> Any:
        """What the canonical choice makes small."""
        roots = np.sqrt(self._spread[self._free])
        used = np.flatnonzero(roots)
        return cp.sum_squares(cp.multiply(roots[used], self._z[used]))

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
        spread = names["spread"] * self._spreading
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
        self._write(theta)
        scale = self._scale(weights)
        self._weights.value, self._penalty.value = np.asarray(weights, float) * scale, penalty * scale
        return self._run(self._main, weights, penalty, scale, tolerance, solver, theta, self.needs)

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
        own = SPREAD if weights is None else self._scale(weights)
        names["spread"].value = SPREAD if weights is None else 0.0
        aims = np.zeros(len(self.scores)) if weights is None else np.asarray(weights, float)
        self._weights.value, self._penalty.value = aims * own, penalty * own
        # What was the objective is a constraint now, where squares make a cone.
        needs = self.needs | {"conic"} if "quadratic" in self.needs else self.needs
        needs = needs | {"quadratic"} if weights is None else needs
        found = self._run(problem, aims, penalty, own, tolerance, solver, {}, needs)
        if found.status != "optimal" or not len(self._free):
            return found
        multiplier = float(np.ravel(row.dual_value)[0]) * scale / own
        return replace(found, hold=multiplier)

    @cached_property
    def _all_held(self) -> tuple[Any, Any]:
        """Every score held at a level of its own, with the canonical choice's spread for an objective."""
        levels = cp.Parameter(len(self.scores))
        made = zip(self.scores, self._expressions, strict=True)
        net = [expression.value - max(score.income, 0.0) * self._cost for score, expression in made]
        rows = [(each - levels[k]) / (self.scores[k].size or 1.0) >= 0 for k, each in enumerate(net)]
        return _dpp(cp.Problem(cp.Minimize(SPREAD * self._spreading), [*self._constraints, *rows])), levels

    def keep(self, levels: Sequence[float], tolerance: float = 1e-10, solver: str | None = None) -> Point:
        """Hold each of the scores at a level of its own, after what soft rules cost it, and spread by capacity.

        Args:
            levels: what each must reach.
            tolerance: asked of the solver.
            solver: its name, and no other; by default the first that is able and does not fail.

        Returns:
            A point whose multipliers and bound say nothing of the scores.
        """
        problem, parameter = self._all_held
        self._write({})
        parameter.value = np.asarray(levels, float)
        needs = self.needs | {"conic"} if "quadratic" in self.needs else self.needs
        needs = needs | {"quadratic"}
        return self._run(problem, np.zeros(len(self.scores)), 0.0, 1.0, tolerance, solver, {}, needs)

    def along(
        self, weights: Sequence[float], penalty: float, path: Iterable[Mapping[int, Vector]], tolerance: float = 1e-10
    ) -> Iterator[Point]:
        """Maximise the weighted scores for one set of limits after the other (`theta` of `solve`).

        Where the solver works outside Python's lock, several are under way at once. Each is solved from scratch, so
        that its bits don't depend on the others.
        """
        name, kind = able(self.needs, self.first)[0]
        scale, options = self._scale(weights), kind.options(tolerance)
        self._weights.value, self._penalty.value = np.asarray(weights, float) * scale, penalty * scale
        under_way: deque[tuple[Mapping[int, Vector], Any, Any, Any]] = deque()

        def finished() -> Point:
            theta, future, chain, inverse = under_way.popleft()
            try:
                self._main.unpack_results(future.result(), chain, inverse)
            except (cp.error.SolverError, ValueError):
                # Another solver would take long over what is hardly feasible, as limits next to an optimum held are.
                return Point("failed", name, self.box.low)
            found = Point(self._verdict(self._main), name, self.box.low)
            return self._point(found, weights, penalty, scale, theta)

        with ThreadPoolExecutor(kind.threads) as pool:
            for theta in path:
                if not len(self._free):
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
        return weighted(self.scores, weights)

    def _scale(self, weights: Sequence[float]) -> float:
        """A factor that makes the weighted objective of order one over the box, which solvers need."""
        size = max(abs(weight) * score.size for weight, score in zip(weights, self.scores, strict=True))
        return 1 / size if size > 0 else 1.0

    def _run(
        self,
        problem: Any,
        weights: Sequence[float] | Vector,
        penalty: float,
        scale: float,
        tolerance: float,
        solver: str | None,
        theta: Mapping[int, Vector],
        needs: Collection[str],
    ) -> Point:
        if not len(self._free):
            return self._point(self._fixed(theta), weights, penalty, scale, theta)
        queue = able(needs, solver or self.first)
        for name, kind in queue[:1] if solver else queue:
            try:
                # A solver that is handed new numbers keeps the scaling of its first ones. Between two levels held, or
                # two aims, they differ too much for that: Clarabel then fails.
                keep = problem is vars(self).get("_main")
                problem.solve(solver=kind.cvxpy_name, enforce_dpp=True, warm_start=keep, **kind.options(tolerance))
                found = Point(self._verdict(problem), name, self.box.low)
            except (cp.error.SolverError, ValueError):
                # cvxpy raises ValueError where a solver's answer has a shape it does not know.
                found = Point("failed", name, self.box.low)
            if found.status != "failed":
                break
        return self._point(found, weights, penalty, scale, theta)

    def _fixed(self, theta: Mapping[int, Vector]) -> Point:
        """What there is to say where nothing is free: whether the one allocation left keeps the hard clauses."""
        kept = largest_excess(hard_ones(self.moved(theta)), self.box.low) <= TOLERANCE
        return Point("optimal" if kept else "infeasible", "none", self.box.low)

    def _verdict(self, problem: Any) -> str:
        """`optimal` where a solver left a point with multipliers, however good; the certificate judges it."""
        if problem.status in (cp.INFEASIBLE, cp.INFEASIBLE_INACCURATE):
            return "infeasible"
        z = self._z.value
        duals = all(made.dual_value is not None for made in problem.constraints)
        found = z is not None and np.isfinite(z).all() and duals
        return "optimal" if found and problem.status != cp.UNBOUNDED else "failed"

    def _point(
        self,
        found: Point,
        weights: Sequence[float] | Vector,
        penalty: float,
        scale: float,
        theta: Mapping[int, Vector],
    ) -> Point:
        """What the solver left in the variables, with its bound."""
        if found.status != "optimal":
            return found
        v = self.box.low.copy()
        if len(self._free):
            v[self._free] = self._z.value
        score, clauses = self.score(list(weights)), self.moved(theta)
        witnesses = [read(v) for expression in self._expressions for read in expression.witnesses]
        multipliers = self._multipliers(clauses, witnesses if len(self._free) else score.witness(v), v, scale)
        value = float(score.value(v) - penalty * shortfall(clauses, v))

        def proof() -> float:
            return bound(clauses, score, self.box, multipliers, penalty)

        return replace(found, v=v, value=value, proof=proof, multipliers=multipliers)


def _dpp(problem: Any) -> Any:
    if not problem.is_dpp():
        raise AllocatorError("the program is not a disciplined parametrised convex program; a shape is at fault")
    return problem
