"""Follows the optimum of `x' S x / 2 - lambda mean . x` as lambda falls: the parametric active set.

An index stands for a variable, or, after the n variables, for the activity `C x` of a row. With multipliers p of the
rows, `w = S x + C'p - lambda mean` is what a variable costs at the margin. Of each index one of two numbers moves and
the other stands still: a free variable moves between its bounds and its w is zero; the activity of an idle row moves
between its limits and its p is zero. Of a variable at a bound w moves, of a row at a limit p does, and neither may
change its sign. What moves is linear in lambda until the first is at its end: there the index changes roles (Markowitz
1956; Best 1996). The free variables and busy rows make a symmetric system, whose inverse is kept up.

Ties are broken by infinitesimal changes of all means and limits, compared lexicographically and never carried out, so
that lambda, so perturbed, falls at each turn and no basis returns. Under it a turn never makes the system singular at a
positive lambda: a direction without risk, or a limit that follows from others, doesn't move with lambda.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allocator.critical_line.bordered import Bordered
from allocator.critical_line.problem import MeanVariance
from allocator.critical_line.vertex import Vertex
from allocator.errors import NotCertified
from allocator.sparse import Indices, Vector

STILL = 1e-12
"A number of order one that moves by less than this until lambda is zero stands still."
TIE = 1e-12
"Lambdas closer than this, relative, are one."
END = 1e-14
"A lambda of an order-one problem that is zero but for rounding, as where a direction without risk would turn."
MEAN, COST, WIDTH = 1, 2, 3
"Rows of what is linear in lambda and the two infinitesimals, the larger one first; row 0 is constant."


@dataclass(frozen=True, eq=False)
class Turn:
    """Where the path turns.

    Attributes:
        slope: lambda.
        weights, multipliers: x (n) and p (m) there.
        changes: the indices that change roles, each with whether it begins to move as x or to bind as a row.
        free, bound: the roles below: which variables are free (n); which rows bind, -1 at the least, 1 at the most (m).
    """

    slope: float
    weights: Vector
    multipliers: Vector
    changes: tuple[tuple[int, bool], ...]
    free: NDArray[np.bool_]
    bound: Indices


def trace(problem: MeanVariance, start: Vertex) -> tuple[list[Turn], Vector]:
    """All turns from the highest mean to the least variance, where lambda is zero.

    Returns:
        the turns, and the rows' multipliers that prove the first mean the highest, for each unit of lambda (m).

    Raises:
        NotCertified: there is no end to it, which only rounding can do.
    """
    path = _Path(problem, start)
    path.settle()
    prices = path.prices()
    return path.follow(), prices


class _Path:
    def __init__(self, problem: MeanVariance, start: Vertex) -> None:
        n, m = self.n, self.m = problem.sizes
        self.column, self.limits = problem.column(), problem.limits
        nothing = np.zeros(m)
        self.gains = np.zeros((4, n + m))
        self.gains[MEAN, :n], self.gains[COST, :n] = problem.mean, start.gain
        self.ends = np.zeros((2, 4, n + m))
        self.ends[:, 0] = [[*problem.low, *problem.least], [*problem.high, *problem.most]]
        self.ends[:, WIDTH] = [-start.lower, start.upper]
        self.side = np.where(start.inside, 0, start.side)
        row = np.arange(n + m) >= n
        self.basic = start.inside != row
        # A multiplier is zero or more for a variable at its lower bound and for a row at its upper limit.
        self.sign = np.where(row, -1, 1)
        self.settled = np.concatenate([problem.high > problem.low, problem.most > problem.least])
        self.held = np.zeros((4, n + m))
        at = np.where(self.side[:n] < 0, self.ends[0, :, :n], self.ends[1, :, :n]) * (self.side[:n] != 0)
        for k in (0, WIDTH):
            self.held[k] = [*problem.covariances(problem.exposures(at[k][None]))[0], *(problem.rows @ at[k])]
        self.nothing = nothing
        self.system = Bordered(n + m, [(int(j), self._line(int(j))) for j in np.flatnonzero(self.basic)])

    def _line(self, index: int) -> Vector:
        if index < self.n:
            return np.concatenate([self.column(index), self.limits[:, index]])
        return np.concatenate([self.limits[index - self.n], self.nothing])

    def values(self) -> Vector:
        """What moves, of each index: constant, by lambda, and by the infinitesimals (4 x (n + m))."""
        names = self.system.members
        aim = self.gains[:, names] - self.held[:, names]
        rows = names >= self.n
        aim[:, rows] += self._end(names[rows])
        moving, product = self.system.solve(aim)
        out = product + self.held - self.gains
        out[:, names] = moving
        return out

    def _end(self, index: Indices) -> Vector:
        return np.asarray(np.where(self.side[index] < 0, self.ends[0][:, index], self.ends[1][:, index]))

    def next(self, values: Vector, by: int, now: float, able: NDArray[np.bool_]) -> tuple[float, int, int]:
        """The first index to be at its end as row `by` falls: where, which, and -1 for its lower end, 1 for its upper.

        The index is -1 where none ever is.
        """
        rate = values[by]
        names = np.flatnonzero(able & (np.abs(rate) > STILL * max(1.0, 1.0 / now)))
        rate, side = rate[names], self.side[names]
        lower = rate > 0
        # The sign of a multiplier is all that binds it; on the other side it has no end.
        ahead = (side == 0) | (lower == (side * self.sign[names] < 0))
        names, rate, lower, pressed = names[ahead], rate[ahead], lower[ahead], side[ahead] != 0

        def when(k: int, own: Indices) -> Vector:
            """Row k of where some of them are at their ends."""
            end = np.where(lower[own], self.ends[0, k, names[own]], self.ends[1, k, names[own]])
            return np.asarray((np.where(pressed[own], 0.0, end) - values[k, names[own]]) / rate[own])

        first = np.minimum(when(0, np.arange(len(names))), now)
        best = float(first.max(initial=-np.inf))
        if best == -np.inf:
            return 0.0, -1, 0
        tied = np.flatnonzero(first >= best - TIE * abs(best))
        for k in range(by + 1, WIDTH + 1):
            if len(tied) > 1:
                later = when(k, tied)
                tied = tied[later >= later.max()]
        chosen = int(tied[0])
        return best, int(names[chosen]), -1 if lower[chosen] else 1

    def turn(self, index: int, side: int) -> bool:
        """An index changes roles at an end of what moves; whether it could, the system staying regular."""
        pressed = bool(self.side[index])
        if self.basic[index]:
            line = self.system.drop(index)
            if line is None:
                return False
        else:
            line = self._line(index)
            if not self.system.add(index, line):
                return False
        if pressed:
            self._hold(index, line, -1.0)
            self.side[index] = 0
        else:
            self.side[index] = side
            self._hold(index, line, 1.0)
        self.basic[index] = not self.basic[index]
        return True

    def _hold(self, index: int, line: Vector, times: float) -> None:
        """A variable at a bound counts in all rows as what it is."""
        if index < self.n:
            self.held += times * np.multiply.outer(self._end(np.array([index]))[:, 0], line)

    def settle(self) -> None:
        """Of all with the highest mean, go to the one with the least variance.

        It is a trace of its own, from the perturbed costs to none, in which what has a price in mean stays.
        """
        face = self.settled & ~(np.abs(self.values()[MEAN]) > STILL)
        for _ in self._turns(COST, face):
            pass

    def prices(self) -> Vector:
        """The rows' multipliers for each unit of lambda (m)."""
        return np.where(self.basic, self.values()[MEAN], 0.0)[self.n :]

    def follow(self) -> list[Turn]:
        """All turns as lambda falls from infinity; those at one lambda are one."""
        turns: list[Turn] = []
        for slope, weights, multipliers, change in self._turns(MEAN, self.settled):
            changes = change
            if turns and slope > 0 and slope >= turns[-1].slope * (1 - TIE):
                slope, weights, multipliers = turns[-1].slope, turns[-1].weights, turns[-1].multipliers
                changes = turns.pop().changes + change
            n = self.n
            bound = np.where(self.basic[n:], self.side[n:], 0)
            turns.append(Turn(slope, weights, multipliers, changes, self.basic[:n].copy(), bound))
        return turns

    def _turns(
        self, by: int, able: NDArray[np.bool_]
    ) -> Iterator[tuple[float, Vector, Vector, tuple[tuple[int, bool], ...]]]:
        """Each turn as row `by` falls to zero: where, the point there, and what changes; nothing does at the end."""
        now, passed = np.inf, able.copy()
        for _ in range(100 * (self.n + self.m + 10)):
            values = self.values()
            where, index, side = self.next(values, by, now, passed)
            if index < 0 or where <= END:
                yield 0.0, *self._point(values, by, max(where, 0.0)), ()
                return
            point = self._point(values, by, where)
            if not self.turn(index, side):
                # Only what stands still, but for rounding, would make the system singular.
                passed[index] = False
                continue
            now, passed = where, able.copy()
            yield where, *point, ((index, bool(self.basic[index])),)
        raise NotCertified("no end of the critical line was found, as rounding defeats the pivots")

    def _point(self, values: Vector, by: int, where: float) -> tuple[Vector, Vector]:
        """The weights and the multipliers at a place on the way, what stands still included."""
        now = np.where(self.basic, values[0] + where * values[by], 0.0)
        ends = np.where(self.side < 0, self.ends[0, 0], self.ends[1, 0])
        n = self.n
        free = np.clip(now[:n], self.ends[0, 0, :n], self.ends[1, 0, :n])
        return np.where(self.basic[:n], free, ends[:n]), now[n:]
