"""Solves what an aim must know before it is one score, and keeps the compiled program for what comes after."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from allocator.case import Case
from allocator.choices import open_choices
from allocator.choosing import Chosen, choose
from allocator.errors import NotCertified
from allocator.exact_penalty import least_shortfall_first, penalty_of
from allocator.objectives import Aim, Range, Scored
from allocator.payoff import ranges
from allocator.program import Program
from allocator.shapes import Clause, soft_ones
from allocator.sparse import Vector


class Bench:
    """Programs of one case under given clauses.

    Args:
        case: what is given.
        clauses: rules and terms.
        solver: the name of one to try first.
    """

    def __init__(self, case: Case, clauses: Sequence[Clause], solver: str | None = None) -> None:
        self.case, self.clauses, self.solver = case, tuple(clauses), solver
        self._last: tuple[tuple[Scored, ...], Program] | None = None

    def within(self, clauses: Sequence[Clause]) -> Bench:
        """The same with further clauses."""
        return Bench(self.case, (*self.clauses, *clauses), self.solver) if clauses else self

    def program(self, over: Sequence[Scored]) -> Program:
        """The program with each of the scores; the last one is kept."""
        if self._last is None or self._last[0] != tuple(over):
            scores = [each.score(self.case) for each in over]
            made = Program(self.clauses, scores, self.case.box, self.case.spread, self.solver)
            self._last = (tuple(over), made)
        return self._last[1]

    def ranges(self, over: Sequence[Aim]) -> tuple[Range, ...] | None:
        """How far each can move: the pay-off table; None where nothing satisfies the clauses."""
        if not open_choices(self.clauses):
            program = self.program(over)
            return ranges([program] * len(over), penalties(program)[0])
        # The choice that is best for an objective is its end of every range.
        programs: list[Program] = []
        for unit in np.eye(len(over)).tolist():
            chosen = self.choose(over, unit)
            if chosen is None:
                return None
            programs.append(chosen.program)
        return ranges(programs, [penalties(program)[0][k] for k, program in enumerate(programs)])

    def best(self, over: Sequence[Scored], weights: Sequence[float]) -> Vector | None:
        """An optimum of weighted scores; None where nothing satisfies the clauses.

        Raises:
            NotCertified: no solver found one.
        """
        if open_choices(self.clauses):
            chosen = self.choose(over, weights)
            return None if chosen is None else chosen.point.v
        program = self.program(over)
        # The surpluses of a bargain pay for soft rules themselves.
        penalty = penalty_of(program, weights)[0] if all(isinstance(each, Aim) for each in over) else 0.0
        found = program.solve(weights, penalty, 1e-10)
        if found.status == "infeasible":
            return None
        if found.status != "optimal":
            raise NotCertified("no solver found an optimum on the way to the objective; try another --solver")
        return found.v

    def choose(self, over: Sequence[Scored], weights: Sequence[float], give: float | None = None) -> Chosen | None:
        """The best choice of what is held, but for what may be given up; None where nothing satisfies the clauses."""
        scores = [each.score(self.case) for each in over]
        return choose(self.case, self.clauses, scores, weights, self.solver, give)


def penalties(program: Program) -> tuple[list[float], bool]:
    """What a unit of the soft rules' cost takes off each score by itself: what a unit of income adds to it.

    Returns:
        the penalties; and whether none of the scores has income, so that the cost is made least first.
    """
    found = [max(score.income, 0.0) for score in program.scores]
    if any(found) or not soft_ones(program.clauses):
        return found, False
    units = np.eye(len(found)).tolist()
    return [least_shortfall_first(program, unit)[0] for unit in units], True
