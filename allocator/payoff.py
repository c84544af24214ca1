"""How far each of several objectives can move: the pay-off table at lexicographic endpoints."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from allocator.errors import NotCertified
from allocator.objectives import Range
from allocator.program import Point, Program


def ranges(
    program: Program, penalties: Sequence[float], within: Callable[[Point], Program] | None = None
) -> tuple[Range, ...] | None:
    """The range of each score: its optimum less the worst that it takes at the others'.

    At another's optimum the best value of this one is taken (lexicographic endpoints), so that a range does not depend
    on which of many optima a solver happened to find. An objective that loses nothing at the others' optima has no
    range; it counts by the size of its own optimum instead, since a weight of zero would leave it out.

    Args:
        program: with one score for each objective.
        penalties: how much one unit of the soft rules' cost takes off each.
        within: where there are choices to make, the program in which those of a point are made.

    Returns:
        One range a score; None where nothing satisfies the clauses.

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
    found = []
    for k in range(count):
        worst = tops[k].value
        for j in range(count):
            if j != k:
                level = tops[j].value - program.scores[j].tolerance(tops[j].v)
                held = ends[j].hold(level, units[j], penalties[j], units[k], penalties[k], 1e-8)
                worst = min(worst, _good(held, k).value)
        span, give = tops[k].value - worst, program.scores[k].tolerance(tops[k].v)
        found.append(Range(worst, span if span > 10 * give else max(abs(tops[k].value), give)))
    return tuple(found)


def _good(point: Point, k: int) -> Point:
    if point.status != "optimal":
        raise NotCertified(f"the range of objective {k + 1} could not be found: {point.solver} failed")
    return point
