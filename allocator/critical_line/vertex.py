"""Where a critical line begins: a vertex with the highest mean, by the parametric self-dual simplex method.

All bounds are widened, and all gains lowered, by t times random numbers, so that a first vertex is optimal for large t;
then t falls to zero (Dantzig 1963, ch. 11; Vanderbei, Linear Programming, ch. 7). No second phase is needed, and the
last basis is also the right one under an infinitesimal perturbation, which keeps the tracing from cycling.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allocator.critical_line.problem import MeanVariance
from allocator.errors import Infeasible, NotCertified
from allocator.sparse import Indices, Vector

PIVOT = 1e-9
"The least entry of a tableau with rows of order one that may be divided by."
TINY = 1e-13
"What is zero, of numbers of order one."


@dataclass(frozen=True, eq=False)
class Vertex:
    """A basis, over the n variables and then the activities of the m rows.

    Attributes:
        inside: which are strictly between their limits, but for degeneracy; n + m less the number of rows are not.
        side: of the others, -1 at the lower and 1 at the upper limit.
        lower, upper: by how many infinitesimals each limit is widened; zero for what is fixed.
        gain: by how many infinitesimals each mean is changed (n).
    """

    inside: NDArray[np.bool_]
    side: Indices
    lower: Vector
    upper: Vector
    gain: Vector


def highest(problem: MeanVariance) -> Vertex:
    """A vertex with the highest mean; the perturbed problem has no other.

    Raises:
        Infeasible: nothing is within all limits.
        NotCertified: the method came to no end, which only rounding can do.
    """
    table = _Tableau(problem)
    table.crash()
    table.perturb()
    for _ in range(50 * (sum(problem.sizes) + 20)):
        if not table.step():
            return table.vertex()
    raise NotCertified("no vertex with the highest mean was found, as rounding defeats the simplex method")


class _Tableau:
    """Basic entries as linear functions of the others: `z[basic] = T z[other]`.

    Two more rows hold the negative of the mean, and the perturbation of the costs.
    """

    def __init__(self, problem: MeanVariance) -> None:
        n, m = self.n, self.m = problem.sizes
        self.table = np.vstack([problem.limits, -problem.mean, np.zeros(n)])
        self.basic, self.other = n + np.arange(m), np.arange(n)
        self.low = np.concatenate([problem.low, problem.least])
        self.high = np.concatenate([problem.high, problem.most])
        self.moves = self.high > self.low
        # What is at no limit yet starts at the lower one, which is finite for all variables.
        self.side = np.full(n + m, -1)
        self.wide = np.zeros((2, n + m))
        self.gain = np.zeros(n)
        self.random = np.random.default_rng(1956)

    def crash(self) -> None:
        """Take the equations' activities out of the basis; those that can't go follow from others, or contradict."""
        for row in np.flatnonzero(~self.moves[self.basic]):
            entries = np.abs(self.table[row]) * self.moves[self.other]
            most = entries.max(initial=0.0)
            if most > PIVOT:
                # Of those that may as well go in, the one that earns most: where the highest mean is not far.
                earns = np.where(entries >= most / 2, self.table[-2], np.inf)
                self.exchange(int(row), int(np.argmin(earns)))
                continue
            name = self.basic[row]
            if abs(self.table[row] @ self.at()[0] - self.low[name]) > PIVOT:
                raise Infeasible("no allocation satisfies all equations")
            self.low[name], self.high[name] = -np.inf, np.inf

    def perturb(self) -> None:
        """Choose by how much limits are widened and costs raised, so that the basis is optimal for a large t."""
        self.wide[:, self.other] = self.random.uniform(1, 2, (2, self.n)) * self.moves[self.other]
        moved = self.table[: self.m] @ self.at()[1]
        room = np.stack([np.maximum(-moved, 0), np.maximum(moved, 0)])
        self.wide[:, self.basic] = room + self.random.uniform(1, 2, (2, self.m))
        raised = self.random.uniform(1, 2, self.n) * self.moves[self.other]
        self.table[-1] = raised
        real = self.other < self.n
        self.gain[self.other[real]] = -raised[real]

    def at(self) -> Vector:
        """The values of what is not basic, and how they change with t (2 x n)."""
        name, upper = self.other, self.side[self.other] > 0
        value = np.where(upper, self.high[name], self.low[name])
        return np.stack([value, np.where(upper, self.wide[1, name], -self.wide[0, name])])

    def exchange(self, row: int, column: int) -> None:
        """What is basic in the row and what is not in the column change places."""
        pivot = self.table[row, column]
        line = self.table[row] / -pivot
        line[column] = 1 / pivot
        ahead = self.table[:, column].copy()
        self.table[:, column] = 0
        self.table += np.outer(ahead, line)
        self.table[row] = line
        self.basic[row], self.other[column] = self.other[column], self.basic[row]

    def step(self) -> bool:
        """Lower t to where something gives way, and mend that; whether anything did before t was zero."""
        value, change = self.at() @ self.table[: self.m].T
        below, above = value - self.low[self.basic], self.high[self.basic] - value
        spread = np.stack([change + self.wide[0, self.basic], self.wide[1, self.basic] - change])
        slack = np.stack([below, above])
        turn = -self.side[self.other] * self.moves[self.other]
        cost = self.table[-2:] * turn
        ends = np.concatenate([_zero(slack.ravel(), spread.ravel()), _zero(cost[0], cost[1])])
        first = int(np.argmax(ends)) if len(ends) else 0
        if not len(ends) or ends[first] <= TINY:
            return False
        t = float(ends[first])
        if first < 2 * self.m:
            self._push(first % self.m, 1 if first >= self.m else -1, turn, cost[0] + t * cost[1])
        else:
            self._pull(first - 2 * self.m, turn, slack + t * spread, t)
        return True

    def _push(self, row: int, side: int, turn: Vector, cost: Vector) -> None:
        """A basic entry goes to the limit that it would break; the cheapest of the others to move it comes in."""
        helps = -side * self.table[row] * turn
        ratio = np.divide(np.maximum(cost, 0), helps, out=np.full(self.n, np.inf), where=helps > PIVOT)
        best = int(np.argmin(ratio)) if self.n else -1
        if best < 0 or ratio[best] == np.inf:
            raise Infeasible("no allocation is within all limits")
        self.side[self.basic[row]] = side
        self.exchange(row, best)

    def _pull(self, column: int, turn: Vector, slack: Vector, t: float) -> None:
        """An entry at a limit earns more inside: it moves until a basic one, or itself, is at a limit."""
        rate = self.table[: self.m, column] * turn[column]
        ahead = np.stack([-rate, rate])
        ratio = np.divide(np.maximum(slack, 0), ahead, out=np.full(ahead.shape, np.inf), where=ahead > PIVOT)
        name = self.other[column]
        whole = self.high[name] - self.low[name] + t * self.wide[:, name].sum()
        if ratio.min(initial=np.inf) >= whole:
            self.side[name] *= -1
            return
        side, row = np.unravel_index(int(np.argmin(ratio)), ratio.shape)
        self.side[self.basic[row]] = 1 if side else -1
        self.exchange(int(row), column)

    def vertex(self) -> Vertex:
        """The basis as it is."""
        inside = np.zeros(self.n + self.m, bool)
        inside[self.basic] = True
        return Vertex(inside, self.side, self.wide[0], self.wide[1], self.gain)


def _zero(value: Vector, slope: Vector) -> Vector:
    """The t at which `value + t slope` becomes negative as t falls; zero where it stays."""
    falls = (value < -TINY) & (slope > 0)
    return np.divide(-value, slope, out=np.zeros(len(value)), where=falls)
