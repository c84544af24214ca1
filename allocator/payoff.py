"""How far each of several objectives can move: the pay-off table at lexicographic endpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        sizes: how much each can move with one entry of v, at most.
    """

    tops: tuple[Point, ...]
    held: Mapping[tuple[int, int], Point]
    gives: tuple[float, ...]
    sizes: tuple[float, ...]

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
        instead, since a weight of zero would leave it out; where that is zero, by what one line can do to it.
        """
        return tuple(Range(self.worst(k), self.span(k) or self._scale(k)) for k in range(len(self.tops)))

    def _scale(self, k: int) -> float:
        own = abs(self.tops[k].value)
        return own if own > LEAST * self.gives[k] else self.sizes[k] or 1.0


def payoff(programs: Sequence[Program], penalties: Sequence[float]) -> Payoff | None:
    """The pay-off table of the objectives that a program has a score for, each.

    Args:
        programs: for each objective, the one to find its optimum in; all have the same scores.
        penalties: how much one unit of the soft rules' cost takes off each.

    Returns:
        None where nothing satisfies the clauses.

    Raises:
        NotCertified: a solver failed on an endpoint.
    """
    units = [[float(k == j) for j in range(len(programs))] for k in range(len(programs))]
    tops: list[Point] = []
    for k, program in enumerate(programs):
        point = program.solve(units[k], penalties[k])
        if point.status == "infeasible":
            return None
        tops.append(_good(point, k))
    gives = tuple(score.tolerance(top.v) for score, top in zip(programs[0].scores, tops, strict=True))

    def held(j: int, k: int) -> Point:
        level = tops[j].value - gives[j]
        return _good(programs[j].hold(level, units[j], penalties[j], units[k], penalties[k], 1e-8), k)

    pairs = {pair: held(*pair) for pair in permutations(range(len(programs)), 2)}
    return Payoff(tuple(tops), pairs, gives, tuple(score.size for score in programs[0].scores))


def ranges(programs: Sequence[Program], penalties: Sequence[float]) -> tuple[Range, ...] | None:
    """The range of each objective; None where nothing satisfies the clauses (see `payoff`)."""
    table = payoff(programs, penalties)
    return None if table is None else table.ranges()


def _good(point: Point, k: int) -> Point:
    if point.status != "optimal":
        raise NotCertified(f"the range of objective {k + 1} could not be found: {point.solver} failed")
    return point
