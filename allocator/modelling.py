"""The caller's own expressions need cvxpy: the whole program is one parametrised problem of it, compiled once."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import cvxpy as cp
import numpy as np

from allocator.errors import AllocatorError
from allocator.expression import Entries, Expression
from allocator.formulation import Formulation
from allocator.question import Answer, Question
from allocator.scores import Score
from allocator.shapes import Box, Clause, moved
from allocator.solvers import Modelled
from allocator.sparse import Vector


class Modelling(Formulation):
    """The same programs as `Canonical`'s, of all stages, as problems of cvxpy.

    Args:
        clauses: rules and terms.
        scores: each question weighs them.
        box: where the entries of v may be.
        spread: what each entry's square costs in the canonical choice.
    """

    def __init__(self, clauses: Sequence[Clause], scores: Sequence[Score], box: Box, spread: Vector) -> None:
        super().__init__(clauses, box)
        self.scores = tuple(scores)
        self._spread = spread
        self._weights = cp.Parameter(len(scores), nonneg=True)
        self._penalty = cp.Parameter(nonneg=True)

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

    @cached_property
    def _all_held(self) -> tuple[Any, Any]:
        """Every score held at a level of its own, with the canonical choice's spread for an objective."""
        levels = cp.Parameter(len(self.scores))
        made = zip(self.scores, self._expressions, strict=True)
        net = [expression.value - max(score.income, 0.0) * self._cost for score, expression in made]
        rows = [(each - levels[k]) / (self.scores[k].size or 1.0) >= 0 for k, each in enumerate(net)]
        return _dpp(cp.Problem(cp.Minimize(self._spreading), [*self._constraints, *rows])), levels

    def _problem(self, question: Question) -> Any:
        """The problem of a question's stage, with its numbers in the parameters."""
        self._write(question.theta)
        self._weights.value, self._penalty.value = question.weights, question.penalty
        if question.held is not None:
            problem, names, _ = self._held
            names["weights"].value, names["penalty"].value = question.held.weights, question.held.penalty
            names["level"].value, names["spread"].value = question.held.level, question.spread
            return problem
        if question.levels is not None:
            problem, levels = self._all_held
            levels.value = question.levels
            return problem
        return self._main

    def ask(self, question: Question, solver: type[Modelled], tolerance: float) -> Answer:
        """Put a question to a solver."""
        problem = self._problem(question)
        try:
            with warnings.catch_warnings():
                # cvxpy warns of inaccurate solutions; here the certificate is the judge of those.
                warnings.simplefilter("ignore")
                problem.solve(solver=solver.cvxpy_name, enforce_dpp=True, warm_start=False, **solver.options(tolerance))
        except (cp.error.SolverError, ValueError):
            # cvxpy raises ValueError where a solver's answer has a shape it does not know.
            return Answer("failed")
        return self._answer(problem, question)

    def _answer(self, problem: Any, question: Question) -> Answer:
        """`optimal` where a solver left a point with multipliers, however good; the certificate judges it."""
        if problem.status in (cp.INFEASIBLE, cp.INFEASIBLE_INACCURATE):
            return Answer("infeasible")
        z = self._z.value
        duals = all(made.dual_value is not None for made in problem.constraints)
        if z is None or not np.isfinite(z).all() or not duals or problem.status == cp.UNBOUNDED:
            return Answer("failed")
        v = self.box.low.copy()
        v[self._free] = z
        witnesses = [read(v) for expression in self._expressions for read in expression.witnesses]
        multipliers = self._multipliers(moved(self.clauses, question.theta), witnesses, v)
        hold = 0.0 if question.held is None else float(np.ravel(self._held[2].dual_value)[0])
        return Answer("optimal", v, multipliers, hold)


def _dpp(problem: Any) -> Any:
    if not problem.is_dpp():
        raise AllocatorError("the program is not a disciplined parametrised convex program; a shape is at fault")
    return problem
