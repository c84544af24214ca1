"""What a solver's point and multipliers prove of a program in conic form; numpy only.

With multipliers in the dual cone every feasible x obeys `cost(x) >= tangent(x) - y'(b - A x)`, which is affine in x;
its least over a box that holds an optimum is a bound that nothing can go under. It is the certificate's bound
(`certificate.bound`) told from the numbers that the solver was handed: for very many solves of one pattern.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allocator.conic import Conic
from allocator.sparse import Vector


@dataclass(frozen=True)
class Proof:
    """What was proved of a point.

    Attributes:
        linear, squares: the parts of the cost at the point, `q'x` and `1/2 x'Px`.
        bound: no point in the box that satisfies the rows costs less.
        worst: by how much a row or a lower bound is broken at most.
        earned: what the rows that are broken may have saved, at their multipliers.
    """

    linear: float
    squares: float
    bound: float
    worst: float
    earned: float

    @property
    def cost(self) -> float:
        """The cost at the point."""
        return self.linear + self.squares

    @property
    def gap(self) -> float:
        """How far the point may be from the optimum."""
        return self.cost - self.bound + self.earned


class Checker:
    """Proves bounds of programs of one pattern.

    Args:
        conic: of the pattern; only rows, second-order cones and squares.
        low, high: a box that holds an optimum of each program.
    """

    def __init__(self, conic: Conic, low: Vector, high: Vector) -> None:
        self.low, self.high = low, high
        self._columns, self._rows = conic.A.columns, conic.A.indices
        # Both triangles of P, by where their numbers stand in one.
        i, j = conic.P.indices, conic.P.columns
        off = np.flatnonzero(i != j)
        self._P = np.append(i, j[off]), np.append(j, i[off]), np.append(np.arange(len(i)), off)
        cones = conic.cones
        sizes = np.array(cones.second, np.int64)
        self._zero, self._linear = cones.zero, cones.zero + cones.positive
        self._tops = self._linear + np.cumsum(sizes) - sizes
        self._cone = np.repeat(np.arange(len(sizes)), sizes)
        self._arm = np.ones(len(self._cone))
        self._arm[self._tops - self._linear] = 0

    def _lengths(self, s: Vector) -> Vector:
        """The length of each second-order cone's arms."""
        arms = s[self._linear :] * self._arm
        return np.sqrt(np.bincount(self._cone, arms * arms, len(self._tops)))

    def _legal(self, y: Vector) -> Vector:
        """Multipliers, moved into the dual cone."""
        legal, zero, linear = y.copy(), self._zero, self._linear
        np.maximum(legal[zero:linear], 0, out=legal[zero:linear])
        if len(self._tops):
            legal[self._tops] = np.maximum(legal[self._tops], self._lengths(y))
        return legal

    def conflict(self, conic: Conic, y: Vector) -> float:
        """By how much rows must be broken at least, as the ray y proves; zero or less where it proves nothing.

        Wherever no row is broken by more than e, `y'(b - A x) >= -e * sum |y|`, cones counted once; what that is at
        most over the box tells the least e (Farkas).
        """
        legal = self._legal(y)
        slope = np.bincount(self._columns, conic.A.data * legal[self._rows], len(conic.q))
        most = float(legal @ conic.b - np.minimum(slope * self.low, slope * self.high).sum())
        total = float(np.abs(legal[: self._linear]).sum() + legal[self._tops].sum())
        return -most / total if total > 0 else 0.0

    def proof(self, conic: Conic, x: Vector, y: Vector) -> Proof:
        """What x and y prove."""
        zero, tops = self._zero, self._tops
        A, n, m = conic.A.data, len(x), len(y)
        row, column, at = self._P
        Px = np.bincount(row, conic.P.data[at] * x[column], n)
        legal = self._legal(y)
        excess = np.bincount(self._rows, A * x[self._columns], m) - conic.b
        np.abs(excess[:zero], out=excess[:zero])
        if len(tops):
            # The arms of a cone are broken together.
            broken = self._lengths(excess) + excess[tops]
            excess[self._linear :] = 0
            excess[tops] = broken
        np.maximum(excess, 0, out=excess)
        slope = conic.q + Px + np.bincount(self._columns, A * legal[self._rows], n)
        squares = float(x @ Px) / 2
        bound = float(np.minimum(slope * self.low, slope * self.high).sum() - legal @ conic.b) - squares
        # Variables without a bound of their own are pushed by rows alone, and may float where nothing presses on them.
        outside = np.maximum.reduce(conic.low - x)
        worst = max(float(np.maximum.reduce(excess)), float(outside))
        return Proof(float(conic.q @ x), squares, bound, worst, float(np.abs(legal) @ excess))
