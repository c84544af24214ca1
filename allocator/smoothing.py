"""Where a program with long sums has its optimum: a guess, which tells for what entries they need to be written.

Planes find it slowly: seen from afar the sum of the largest of very many entries is smooth, and no plane tells how it
curves. What curves it are the entries that change sides, those near the last one that is summed. So Newton's method
finds the optimum but for what few entries decide; each step is a small program with the tangent and the curve of each
sum. (The second derivative is Hong's, 2009.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from allocator.scores import Linear, Quadratic, Score, Worst, largest
from allocator.shapes import Clause, RotatedCone
from allocator.sparse import Indices, Sparse, Vector
from allocator.tails import LongSum, Tails, Written

STEPS = 10
"Steps of Newton's method, at most."
LEAST = 0.2
"Where less of a step can be taken, few entries decide, and the sum is no smooth one."
CURVED = 0.3
"Ranks as near the last one as this part of how many are summed tell the curve."
ALIKE = 1e-4
"Entries around the last one summed count as apart by so much of the range of all, where they are closer (or tied)."
ROOM = 0.05
"The size that the room of a curve has, in parts of equity: for the scaling of cones only."
FEW_WRONG = 0.1
"Of the entries that are written, as many on the wrong side are soon mended."

Optimum = Callable[[Sequence[Clause], Sequence[Score]], Vector | None]
"Of a program with such clauses and scores; None where there is none."


def guess(tails: Tails, optimum: Optimum, start: Vector | None) -> Vector | None:
    """Where the optimum may be; None where there seems to be none.

    Args:
        tails: the long sums.
        optimum: of the program with other clauses and scores.
        start: a point near by, where one is known.
    """
    v = optimum(*tails.thin()) if start is None else start
    if v is None:
        return None
    for _ in range(STEPS):
        near = {spot: _Near(each, v) for spot, each in tails.sums.items()}
        found = optimum(*tails.replaced({spot: each.written() for spot, each in near.items()}))
        if found is None:
            break
        d = found - v
        if all(each.settles(d) for each in near.values()):
            return found
        part = min(each.reach(d) for each in near.values())
        v = v + part * d
        if part < LEAST:
            break
    return v


@dataclass(eq=False)
class _Near:
    """A sum as it is near v."""

    sum: LongSum
    v: Vector

    @cached_property
    def y(self) -> Vector:
        """The entries."""
        return self.sum.entries(self.v)

    @cached_property
    def order(self) -> Indices:
        """The entries, the largest first."""
        return np.argsort(-self.y, kind="stable")

    @cached_property
    def curve(self) -> Sparse:
        """F, with `||F d||^2` what the sum is at v + d above its tangent at v, as entries change sides.

        Half its second derivative is half the density of the entries at the last one summed, times their rows'
        covariance there; both are taken from the entries around.
        """
        own = self.sum.own
        around = self.order[self.sum.around(int(CURVED * own.count))]
        apart = max(self.y[around[0]] - self.y[around[-1]], ALIKE * np.ptp(self.y)) or 1.0
        arms = own.L.rows(around).array()
        arms = (arms - arms.mean(axis=0)) / np.sqrt(2 * apart)
        return Sparse.dense(np.asarray(np.linalg.qr(arms, mode="r")) if len(arms) > arms.shape[1] else arms)

    @cached_property
    def witness(self) -> Vector:
        """Of the tangent."""
        return largest(self.y, self.sum.own.count)

    def written(self) -> Written:
        """The tangent and the curve, in the place of the clause or part."""
        own, slope, arms = self.sum.own, self.witness @ self.sum.own.L, self.curve @ self.v
        if isinstance(own, Worst):
            line = Linear((slope - 2 * arms @ self.curve) / own.count, float(arms @ arms) / own.count)
            return (1.0, line), (1 / own.count, Quadratic(self.curve))
        known = {each.name: getattr(own, each.name) for each in fields(Clause) if each.init}
        known |= {"R0": own.R0 + Sparse.dense(-slope[None]), "c0": own.c0 - self.witness @ own.k}
        return RotatedCone(**known, M=self.curve, k=-arms, typical=np.full(1, ROOM))

    def reach(self, d: Vector) -> float:
        """How much of a step d to take: until the slope along it has risen by twice what it rises on the curve.

        Where the curve led to the least, a step that rises more than that would end above its start.
        """
        along = self.sum.own.L @ d
        most = self.witness @ along + 4 * float(np.sum((self.curve @ d) ** 2))
        part = 1.0
        while part > LEAST and largest(self.y + part * along, self.sum.own.count) @ along > most:
            part /= 2
        return part

    def settles(self, d: Vector) -> bool:
        """Whether hardly an entry changes sides in a step d that is not near the last one summed before it."""
        before, after = self.order, self.sum.ranked(self.v + d)
        around, count = self.sum.around(), self.sum.own.count
        gone = np.setdiff1d(before[: around.start], after[: int(np.ceil(count))])
        come = np.setdiff1d(after[: int(count)], before[: around.stop])
        return bool(len(gone) + len(come) <= FEW_WRONG * (around.stop - around.start))
