"""The least by which limits must give way: one alone, or several together.

The limit of a ratio multiplies what is decided, so that the smallest change is no convex question in v. It is one in
`w = scale * v` with the scale free and the ratio's denominator held (Charnes and Cooper 1962): one solve, whose bound
proves that no smaller change does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from allocator.diagnosis.feasibility import Feasibility
from allocator.diagnosis.lifting import SWITCH, at_least, column, stretched
from allocator.program import Point, Program
from allocator.scores import Linear, Score
from allocator.shapes import Box, Clause, RotatedCone, Rows
from allocator.sparse import Sparse, Vector
from allocator.terms import is_term

TOLERANCES = (1e-9, 1e-11)


@dataclass(frozen=True)
class Giving:
    """What may give way: the limit of a rule's clause, a tranche's capacity, or the lines' capacities in all.

    Attributes:
        clause: its index.
        member: of a tranche, which; None for all members of the clause, by one amount.
        apart: whether each member gives way by an amount of its own.
    """

    clause: int
    member: int | None = None
    apart: bool = False


@dataclass(frozen=True, eq=False)
class Least:
    """The least by which something must give way.

    Attributes:
        v: the allocation that this makes possible.
        amount: by how much the clauses give way, as the program counts it.
        proved: no less would do.
    """

    v: Vector
    amount: float
    proved: float

    @property
    def close(self) -> bool:
        """Whether the proof leaves no room for a smaller change that a reader would see."""
        return bool(self.amount - self.proved <= max(1e-6, 1e-3 * self.amount))


def direction(clause: Clause) -> float:
    """Whether theta goes up (1) or down (-1) where the clause is loosened; 0 where it may be either."""
    signs = {*np.sign(clause.R1.value).tolist(), *np.sign(clause.c1[clause.c1 != 0]).tolist()}
    return signs.pop() if len(signs) == 1 else 0.0


def denominator(clause: Clause, v: Vector) -> float:
    """What theta multiplies, in size: the same for all members."""
    return abs(float((clause.R1 @ v + clause.c1)[0]))


class Stretch:
    """The program in (w, scale, gifts), compiled once for all that may give way.

    Args:
        feasibility: whose clauses are meant.
        givings: what may give way.
        v: an allocation near the answers, for the size of the denominators.
    """

    def __init__(self, feasibility: Feasibility, givings: Sequence[Giving], v: Vector) -> None:
        self.feasibility, self.givings = feasibility, tuple(givings)
        self._n = feasibility.case.decision.size
        own = [feasibility.clauses[giving.clause] for giving in givings]
        widths = [clause.size if giving.apart else 1 for giving, clause in zip(givings, own, strict=True)]
        self._gifts = np.cumsum([self._n + 1, *widths])
        rooms = [clause.size if isinstance(clause, RotatedCone) else 0 for clause in own]
        self._rooms = np.cumsum([self._gifts[-1], *rooms])
        self._width = int(self._rooms[-1])
        floor = 1e-3
        self.sizes = [max(denominator(c, v), floor * _most(c)) if _is_rule(c) else 1.0 for c in own]
        self._clauses: list[Clause] = []
        self._switches: dict[int, int] = {}
        for index, clause in enumerate(feasibility.clauses):
            self._add(index, clause)
        self._held = len(self._clauses)
        self._clauses += [self._hold(k, clause) for k, clause in enumerate(own)]
        self._clauses.append(self._at_least(column(1, self._width, self._n, 1.0), 1.0))
        scores = [self._score(k) for k in range(len(givings))]
        self._program = Program(self._clauses, scores, self._box(), np.zeros(self._width))

    def _add(self, index: int, clause: Clause) -> None:
        extra = self._width - self._n - 1
        mine = [k for k, giving in enumerate(self.givings) if giving.clause == index]
        if not mine:
            self._clauses.append(stretched(clause, extra))
            return
        for k in mine:
            self._switches[k] = len(self._clauses)
        gifts = Sparse.zeros(clause.size, self._width)
        for k in mine:
            rows = np.arange(clause.size) if self.givings[k].member is None else np.array([self.givings[k].member])
            columns = self._gifts[k] + (rows if self.givings[k].apart else 0)
            gifts += Sparse.of(gifts.shape, rows, columns, 1.0)
        if not isinstance(clause, RotatedCone):
            by_member = self.givings[mine[0]].member is not None
            self._clauses.append(replace(stretched(clause, extra), R1=gifts, numbers=() if by_member else SWITCH))
            return
        # A cone's room stands on both its sides: it is a variable here, so that the gift can be switched.
        room = Sparse.of(gifts.shape, np.arange(clause.size), self._rooms[mine[0]] + np.arange(clause.size), 1.0)
        whole = stretched(_as_lines(clause), extra)
        self._clauses.append(replace(whole, R0=whole.R0 + room * -1.0, R1=gifts))
        self._clauses.append(stretched(clause, extra, room))

    def _hold(self, k: int, clause: Clause) -> Clause:
        """The denominator is at least its size; as gifts are least, it is no more."""
        if not _is_rule(clause):
            return self._at_least(column(1, self._width, self._n, 1.0), 1.0)
        first = clause.R1.row == 0
        row = Sparse.of((1, self._width), 0, clause.R1.column[first], clause.R1.value[first])
        row += column(1, self._width, self._n, float(clause.c1[0]))
        return self._at_least(row * (direction(clause) or 1.0), self.sizes[k])

    def _at_least(self, row: Sparse, least: float) -> Clause:
        """`row >= least` where it is switched on by a theta of 0."""
        return at_least(row, least, least + self.feasibility.reach).moved(np.ones(1))

    def _score(self, k: int) -> Score:
        gain = np.zeros(self._width)
        gain[self._gifts[k] : self._gifts[k + 1]] = -1.0
        return Score(((1.0, Linear(gain)),))

    def _box(self) -> Box:
        high = np.full(self._width, 100 * self.feasibility.reach)
        inner = self.feasibility.case.box.defined
        free = np.concatenate(
            [inner, np.zeros(self._rooms[0] - self._n, bool), np.ones(self._width - self._rooms[0], bool)]
        )
        return Box(np.zeros(self._width), high, free)

    def alone(self, k: int) -> Least | None:
        """The least by which one of them gives way while all else holds; None where no solver finds it.

        The amount is of theta times the denominator, over `sizes[k]`.
        """
        weights = np.zeros(len(self.givings))
        weights[k] = 1.0
        return self._solve(weights, [k], self._held + k)

    def together(self, chosen: Sequence[int], sizes: Mapping[int, float]) -> Least | None:
        """The least weighted sum by which some of them give way, each over its size."""
        weights = np.zeros(len(self.givings))
        for k in chosen:
            weights[k] = 1 / sizes[k]
        return self._solve(weights, chosen, len(self._clauses) - 1)

    def _solve(self, weights: Vector, giving: Sequence[int], held: int) -> Least | None:
        theta = {held: np.zeros(1)}
        for k in giving:
            at, member = self._switches[k], self.givings[k].member
            on = theta.setdefault(at, np.zeros(self._clauses[at].size))
            on[slice(None) if member is None else member] = 1.0
        best: Least | None = None
        for tolerance in TOLERANCES:
            point = self._program.solve(list(weights), tolerance=tolerance, theta=theta)
            if point.status == "optimal" and point.v[self._n] > 0:
                best = self._least(point)
                if self.feasibility.broken(best.v, {self.givings[k].clause for k in giving}) <= 1e-8:
                    return best
        return best

    def _least(self, point: Point) -> Least:
        d = self.feasibility.case.decision
        v = np.maximum(point.v[: self._n] / point.v[self._n], 0.0)
        return Least(d.vector(v[: d.n], v[d.f : d.reserve]), -point.value, -point.bound)


def _is_rule(clause: Clause) -> bool:
    return not is_term(clause)


def _most(clause: Clause) -> float:
    return max(float(np.abs(clause.R1.value).max(initial=0.0)), float(np.abs(clause.c1).max(initial=0.0)))


def _as_lines(clause: Clause) -> Rows:
    """The clause's room alone: not below zero."""
    names = ("rule", "words", "labels", "R0", "c0", "R1", "c1", "theta", "numbers", "unit", "at_least", "priced")
    return Rows(**{name: getattr(clause, name) for name in names})
