"""Traces the curve between two objectives: its ends by the pay-off table, the rest by a sandwich of polygons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from allocator.aims import Blend
from allocator.bench import penalties
from allocator.case import Case
from allocator.errors import NotCertified
from allocator.objectives import Objective
from allocator.outcome import best
from allocator.payoff import Payoff, payoff
from allocator.program import Point, Program
from allocator.sandwich import Touch, sandwich
from allocator.shapes import Clause, shortfall
from allocator.solution import LEAST_GAP
from allocator.sparse import Vector
from allocator.traces import Spot, Trace

TIGHT = 1e-10
"The tolerance of each optimisation: a first try at a looser one often leaves a gap that asks for a second."
STEEPER = 1.1
"""An end's weights are so much steeper than what the other objective is worth there: the canonical choice then stays at
the corner, and does not wander along the edge beside it."""


class _Counted(Program):
    """A program that counts its optimisations, so that the report leaves none out."""

    solves = 0
    canonical = 0

    @cached_property
    def _least(self) -> Point:
        """The least that the soft rules cost, which is asked for again with every blend without income."""
        self.solves += 1
        return super().solve([0.0, 0.0], 1.0, TIGHT)

    def solve(
        self, weights: Sequence[float], penalty: float = 0.0, tolerance: float = TIGHT, *rest: Any, **options: Any
    ) -> Point:
        """Count, and maximise the weighted scores."""
        if not any(weights):
            return self._least
        self.solves += 1
        return super().solve(weights, penalty, min(tolerance, TIGHT), *rest, **options)

    def hold(
        self,
        level: float,
        held: Sequence[float],
        held_penalty: float,
        weights: Sequence[float] | None = None,
        *rest: Any,
        **options: Any,
    ) -> Point:
        """Count, and hold a level; with no other aim that is the canonical choice."""
        if weights is None:
            self.canonical += 1
        else:
            self.solves += 1
        return super().hold(level, held, held_penalty, weights, *rest, **options)


@dataclass(frozen=True, eq=False)
class _Tracer:
    """Optimises blends of two objectives, and says what that shows of their curve, with both in parts of their ranges.

    Attributes:
        program: with both scores, compiled once.
        case: what is given.
        pair: the objectives.
        penalties: how much of each score one unit of the soft rules' cost is, at the ends.
        least: whether neither has income, so that the soft rules' least shortfall comes first. The scores are then
            without penalties, and the bounds are on allocations with the least shortfall.
        table: of the ends.
    """

    program: _Counted
    case: Case
    pair: tuple[Objective, Objective]
    penalties: Sequence[float]
    least: bool
    table: Payoff

    def scores(self, v: Vector) -> Vector:
        """Both scores at v, after penalties (2)."""
        cost = 0.0 if self.least else shortfall(self.program.clauses, v)
        paid = zip(self.program.scores, self.penalties, strict=True)
        return np.array([score.value(v) - penalty * cost for score, penalty in paid])

    def _spared(self, v: Vector, penalty: float) -> float:
        """What a bound on score less penalties leaves out: no penalty counts where the least shortfall comes first."""
        return penalty * shortfall(self.program.clauses, v) if self.least else 0.0

    @cached_property
    def best(self) -> Vector:
        """The most of each score (2)."""
        return np.array([self.scores(top.v)[k] for k, top in enumerate(self.table.tops)])

    @cached_property
    def worst(self) -> Vector:
        """What is left of each score at the best of the other (2)."""
        return np.array([min(self.best[k], self.scores(self.table.held[1 - k, k].v)[k]) for k in (0, 1)])

    @cached_property
    def ranges(self) -> Vector:
        """How far each score moves (2)."""
        return np.array([span for _, span in self.table.ranges()])

    def bounds(self) -> list[Touch[Spot]]:
        """That no allocation has more of either than its optimum, as that is proved."""
        units, tops = np.eye(2), self.table.tops
        most = [tops[k].bound + self._spared(tops[k].v, self.penalties[k]) for k in (0, 1)]
        return [Touch(units[k], (most[k] - self.worst[k]) / self.ranges[k]) for k in (0, 1)]

    def ends(self) -> list[Vector]:
        """The weights of the ends, over the ranges; equal ones where one allocation is best by both."""
        if not all(self.table.span(k) for k in (0, 1)):
            return [np.ones(2)]
        units = np.eye(2)
        held = [units[1 - j] + STEEPER * abs(self.table.held[j, 1 - j].hold) * units[j] for j in (0, 1)]
        return [weights * self.ranges for weights in held]

    def ask(self, weights: Vector) -> Touch[Spot]:
        """The optimum of the blend with these weights over the ranges (2), and what it bounds."""
        weights = weights / weights.sum()
        parts = tuple(zip(map(float, weights), self.pair, strict=True))
        blend = Blend(parts, (float(self.ranges[0]), float(self.ranges[1])))
        solution = best(self.program, self.case, blend)
        if solution is None:
            raise NotCertified(f"no solver found the best of {blend.name}")
        most = solution.certificate.bound + self._spared(solution.v, solution.penalty)
        bound = most - float(weights @ (self.worst / self.ranges))
        if not solution.certificate.feasible or solution.least_gap > LEAST_GAP:
            return Touch(weights, bound)
        scores = self.scores(solution.v)
        return Touch(weights, bound, (scores - self.worst) / self.ranges, Spot(blend, solution, scores))


def trace(case: Case, clauses: Sequence[Clause], pair: tuple[Objective, Objective], gap: float) -> Trace | None:
    """The curve between two objectives by the sandwich algorithm.

    Args:
        case: what is given.
        clauses: rules and terms.
        pair: the objectives.
        gap: to be reached, in parts of the ranges.

    Returns:
        None where nothing satisfies the clauses.

    Raises:
        NotCertified: a solver failed.
    """
    program = _Counted(clauses, [objective.score(case) for objective in pair], case.box, case.spread)
    rates, least = penalties(program)
    table = payoff([program, program], rates)
    if table is None:
        return None
    tracer = _Tracer(program, case, pair, rates, least, table)
    ends = [tracer.ask(weights) for weights in tracer.ends()]
    if all(end.point is None for end in ends):
        raise NotCertified("no solver found an end of the curve that keeps every rule")
    found = sandwich(tracer.ask, [*tracer.bounds(), *ends], gap)
    return Trace(
        best=tracer.best,
        worst=tracer.worst,
        ranges=tracer.ranges,
        spots=tuple(touch.made for touch in found.corners if touch.made is not None),
        outer=found.outer * tracer.ranges + tracer.worst,
        gap=found.gap,
        solves=program.solves,
        canonical=program.canonical,
    )
