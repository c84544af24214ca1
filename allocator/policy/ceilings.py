"""Linear functions that a clause's excess can't be above, where some other clauses hold.

Where one of them stays at zero or less, nothing breaks the clause. For a linear clause the excess is such a function
itself. For a curved one there is one wherever the curve is bounded by what the other clauses leave: the same curve with
another limit (`bend <= room` there, so the excess here is at most the difference of the rooms), or, for losses from
compression, the covers of the lines one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from allocator.case import Case
from allocator.scores import Linear
from allocator.shapes import Box, Clause, Cone, Fixed, RotatedCone, Rows, Tail
from allocator.sparse import Sparse


def straight(clause: Clause) -> bool:
    """Whether its excess is linear."""
    return isinstance(clause, (Rows, Fixed))


def room(clause: Clause, member: int) -> Linear:
    """The right side of one member, as a function of v."""
    pick = np.zeros(clause.size)
    pick[member] = 1
    gain = pick @ clause.R0 + (pick * clause.theta) @ clause.R1
    return Linear(gain, float(clause.c0[member] + clause.theta[member] * clause.c1[member]))


def above(line: Linear, box: Box) -> float:
    """The most that a line takes in a box."""
    return line.constant + float(np.maximum(line.gain * box.low, line.gain * box.high).sum())


def ceilings(clause: Clause, member: int, within: Sequence[Clause], case: Case) -> Iterator[Linear]:
    """Lines that the excess of a member is not above wherever the other clauses hold; the closest last.

    Args:
        clause: which may be broken.
        member: of it.
        within: hard clauses that hold.
        case: whose decision it is.
    """
    own = room(clause, member)
    for other in within:
        if clause.labels == other.labels and (factor := _factor(clause, other)):
            yield _plus(room(other, member), own, factor, -1.0)
    if straight(clause):
        yield Linear(-own.gain, -own.constant)
    if isinstance(clause, RotatedCone) and clause.size == 1:
        yield _plus(_losses(clause, within, case), own, 1.0, -1.0)


def _plus(one: Linear, other: Linear, first: float, second: float) -> Linear:
    return Linear(first * one.gain + second * other.gain, first * one.constant + second * other.constant)


def _factor(one: Clause, other: Clause) -> float:
    """A number such that one's bend is at most so many times the other's, everywhere; 0 where none is known."""
    if isinstance(one, Tail) and isinstance(other, Tail):
        # The mean of more of the largest is smaller; of entries that are not negative the sum of more is larger.
        times, more = _times(one.L, other.L), one.count / other.count
        alike = times > 0 and np.allclose(one.k, times * other.k, rtol=1e-12, atol=0)
        return times * max(more, 1.0) if alike and (more >= 1 or _never_negative(one)) else 0.0
    if isinstance(one, Cone) and isinstance(other, Cone) and type(one) is type(other):
        times = _times(one.M, other.M)
        if (one.k != 0).any() or (other.k != 0).any():
            return 0.0
        return times**2 if isinstance(one, RotatedCone) else times
    return float(straight(one) and straight(other))


def _never_negative(clause: Tail) -> bool:
    return bool((clause.L.value >= 0).all() and (clause.k >= 0).all())


def _times(one: Sparse, other: Sparse) -> float:
    """How many times the other a matrix is; 0 where it is no multiple."""
    if one.shape != other.shape or len(one.value) != len(other.value) or not len(one.value):
        return 0.0
    times = float(one.value[0] / other.value[0])
    same = np.array_equal(one.row, other.row) and np.array_equal(one.column, other.column)
    return times if same and times > 0 and np.allclose(one.value, times * other.value, rtol=1e-12, atol=0) else 0.0


def _losses(clause: RotatedCone, within: Sequence[Clause], case: Case) -> Linear:
    """A line above the losses from compression: each line's own cover bounds its loss; else a chord does."""
    d = case.decision
    gain, constant = np.zeros(d.size), 0.0
    bounds = dict(_covers(within))
    for column, weight in zip(clause.M.column.tolist(), (clause.M.value**2).tolist(), strict=True):
        if column in bounds:
            line, own = bounds[column]
            gain, constant = gain + weight / own * line.gain, constant + weight / own * line.constant
        else:
            # The loss is convex in the line's capital x: from none to all of it, it lies below its chord.
            x = d.bent[column - d.e]
            gain[x] += weight * case.box.high[column] ** 2 / case.box.high[x]
    return Linear(gain, constant)


def _covers(within: Sequence[Clause]) -> Iterator[tuple[int, tuple[Linear, float]]]:
    """The cones of one arm among the clauses: by the entry of v that is bent, their room and the arm's square."""
    for clause in within:
        if isinstance(clause, RotatedCone) and clause.M.shape[0] == clause.size == len(clause.M.row):
            for row, column, value in zip(clause.M.row, clause.M.column, clause.M.value, strict=True):
                yield int(column), (room(clause, int(row)), float(value) ** 2)
