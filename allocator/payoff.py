"""How far each of several objectives can move: the pay-off table at lexicographic endpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from allocator.errors import NotCertified
from allocator.objectives import Range
from allocator.program import Point, Program

LEAST = 100
"A range of less than so many times what counts as the same is none: its weight would magnify the solver's noise."


@dataclass(frozen=True, eq=False)
class Payoff:
    """The pay-off table.

    At another's optimum the best value of each objective is taken (lexicographic endpoints), so that nothing depends on
    which of many optima a solver happened to find.

    Attributes:
        tops: the optimum of each objective.
        held: by the indices of two, the best of the second while the first stays within its tolerance of its optimum.
        gives: that tolerance of each.
    """

    tops: tuple[Point, ...]
    held: Mapping[tuple[int, int], Point]
    gives: tuple[float, ...]

    def worst(self, k: int) -> float:
        """The least value that an objective takes at its own and the others' optima."""
        return min([self.tops[k].value, *(point.value for (_, other), point in self.held.items() if other == k)])

    def span(self, k: int) -> float:
        """The optimum of an objective less the worst that it takes; 0 where it loses nothing at the others'."""
        span = self.tops[k].value - self.worst(k)
        return span if span > LEAST * self.gives[k] else 0.0

    def ranges(self) -> tuple[Range, ...]:
        """The range of each score: from the worst that it takes, how far it moves.

        An objective that loses nothing at the others' optima has no range; it counts by the size of its own optimum
        instead, since a weight of zero would leave it out.
        """
        return tuple(
            Range(self.worst(k), self.span(k) or max(abs(top.value), self.gives[k])) for k, top in enumerate(self.tops)
        )


def payoff(
    program: Program, penalties: Sequence[float], within: Callable[[Point], Program] | None = None
) -> Payoff | None:
    """The pay-off table of a program with one score for each objective.

    Args:
        program: with the scores.
        penalties: how much one unit of the soft rules' cost takes off each.
        within: where there are choices to make, the program in which those of a point are made.

    Returns:
        None where nothing satisfies the clauses.

    Raises:
        NotCertified: a solver failed on an endpoint.
    """
    count = len(program.scores)
    units = [[float(k == j) for j in range(count)] for k in range(count)]
    tops: list[Point] = []
    ends: list[Program] = []
    for k in range(count):
        point = program.solve(units[k], penalties[k])
        if point.status == "infeasible":
            return None
        # The endpoint's choice is the one that is best for it, and in it the rest is exact.
        ends.append(within(_good(point, k)) if within and program.mixed else program)
        tops.append(_good(ends[k].solve(units[k], penalties[k]) if program.mixed else point, k))
    gives = tuple(score.tolerance(top.v) for score, top in zip(program.scores, tops, strict=True))
    held = {
        (j, k): _good(ends[j].hold(tops[j].value - gives[j], units[j], penalties[j], units[k], penalties[k], 1e-8), k)
        for j, k in permutations(range(count), 2)
    }
    return Payoff(tuple(tops), held, gives)


def ranges(
    program: Program, penalties: Sequence[float], within: Callable[[Point], Program] | None = None
) -> tuple[Range, ...] | None:
    """The range of each score of a program; None where nothing satisfies the clauses (see `payoff`)."""
    table = payoff(program, penalties, within)
    return None if table is None else table.ranges()


def _good(point: Point, k: int) -> Point:
    if point.status != "optimal":
        raise NotCertified(f"the range of objective {k + 1} could not be found: {point.solver} failed")
    return point
