"""A program in conic form, as solvers take it: `1/2 x'Px + q'x` least, where `b - A x` lies in a product of cones.

Matrices are compressed by columns in plain numpy, which Clarabel takes as it is: no other library need be imported.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from allocator.sparse import Indices, Vector


@dataclass(frozen=True, eq=False)
class Compressed:
    """A matrix compressed by columns, rows in order within each and no spot twice; zeros may be stored.

    Attributes:
        shape: rows and columns.
        indptr: where each column begins in the other two, and where the last one ends.
        indices: the rows.
        data: the values.
    """

    shape: tuple[int, int]
    indptr: Indices
    indices: Indices
    data: Vector
    has_canonical_format: ClassVar[bool] = True  # asked by solvers that expect scipy's matrices

    @cached_property
    def columns(self) -> Indices:
        """The column of each stored value."""
        return np.repeat(np.arange(self.shape[1]), np.diff(self.indptr))

    @cached_property
    def spots(self) -> Indices:
        """A number for the spot of each stored value, rising."""
        return self.columns * self.shape[0] + self.indices

    def holding(self, data: Vector) -> Compressed:
        """The same pattern with other values."""
        return Compressed(self.shape, self.indptr, self.indices, data)


def _ordered(row: Indices, column: Indices) -> Indices:
    """The order by column, then by row: digit by digit, which takes numpy a fifth of the time of sorting numbers."""
    order = np.arange(len(row))
    for digit in (row & 0xFFFF, row >> 16, column & 0xFFFF, column >> 16):
        if digit.any():
            order = order[np.argsort(digit[order].astype(np.uint16), kind="stable")]
    return order


@dataclass(frozen=True, eq=False)
class Pattern:
    """Where triplets go in a compressed matrix; those at one spot add up.

    Attributes:
        matrix: the pattern, with zeros.
        place: for each triplet, where its value stands.
    """

    matrix: Compressed
    place: Indices

    @classmethod
    def of(cls, shape: tuple[int, int], row: Indices, column: Indices) -> Pattern:
        """Sort the spots by column, then by row."""
        order = _ordered(row, column)
        rows, columns = row[order], column[order]
        new = np.append(True, (rows[1:] != rows[:-1]) | (columns[1:] != columns[:-1]))[: len(order)]
        place = np.empty(len(order), np.int64)
        place[order] = np.cumsum(new) - 1
        indptr = np.concatenate([[0], np.cumsum(np.bincount(columns[new], minlength=shape[1]))])
        return cls(Compressed(shape, indptr, rows[new], np.zeros(np.count_nonzero(new))), place)

    def data(self, value: Vector) -> Vector:
        """The stored values for triplets with these."""
        return np.asarray(np.bincount(self.place, value, len(self.matrix.data)), float)


@dataclass(frozen=True)
class Cones:
    """How many rows each cone has, in the order of the rows.

    Attributes:
        zero: rows that are zero.
        positive: rows that are zero or more.
        second: for each second-order cone `|| s[1:] || <= s[0]`, its rows.
        exponential: how many cones of three rows, `s[1] * exp(s[0] / s[1]) <= s[2]`.
    """

    zero: int
    positive: int
    second: tuple[int, ...] = ()
    exponential: int = 0


@dataclass(frozen=True, eq=False)
class Conic:
    """A program in conic form.

    Attributes:
        P: its upper triangle.
        q: the linear cost.
        A: the rows.
        b: their right sides.
        low: lower bounds of the variables, minus infinity where there are none; they are no rows of A.
        cones: in which `b - A x` must lie.
    """

    P: Compressed
    q: Vector
    A: Compressed
    b: Vector
    low: Vector
    cones: Cones

    @property
    def linear(self) -> bool:
        """Whether it is a linear program."""
        return not (self.cones.second or self.cones.exponential or self.P.data.any())


class Bounded:
    """The rows of a program with its lower bounds among them, behind the positive ones; for solvers without bounds.

    Args:
        conic: whose pattern they have.
    """

    def __init__(self, conic: Conic) -> None:
        m, n = conic.A.shape
        first = conic.cones.zero + conic.cones.positive
        bounded = np.flatnonzero(np.isfinite(conic.low))
        extra = len(bounded)
        row = np.where(conic.A.indices < first, conic.A.indices, conic.A.indices + extra)
        rows, columns = np.append(row, first + np.arange(extra)), np.append(conic.A.columns, bounded)
        pattern = Pattern.of((m + extra, n), rows, columns)
        own = len(conic.A.data)
        self._own, self._rows = pattern.place[:own], np.delete(np.arange(m + extra), first + np.arange(extra))
        bounds = np.append(np.zeros(own), -np.ones(extra))
        self._A, self._b = pattern.matrix.holding(pattern.data(bounds)), np.zeros(m + extra)
        self._b[first : first + extra] = -conic.low[bounded]
        self.cones = replace(conic.cones, positive=conic.cones.positive + extra)

    def A(self, conic: Conic) -> Compressed:
        """The rows with the bounds."""
        data = self._A.data.copy()
        data[self._own] = conic.A.data
        return self._A.holding(data)

    def b(self, conic: Conic) -> Vector:
        """The right sides with the bounds."""
        out = self._b.copy()
        out[self._rows] = conic.b
        return out

    def own(self, y: Vector) -> Vector:
        """The multipliers of the program's own rows."""
        return y[self._rows]


@dataclass(frozen=True, eq=False)
class Found:
    """What a solver left.

    Attributes:
        status: `optimal` where there are a point and multipliers, however good; `infeasible`, or `failed`.
        x: the point.
        y: multipliers of the rows: `P x + q + A'y` is zero but for bounds.
    """

    status: str
    x: Vector
    y: Vector

    @classmethod
    def of(cls, status: str, x: Any, y: Any) -> Found:
        """What a solver says is optimal counts if it consists of numbers."""
        point, multipliers = np.asarray(x, float), np.asarray(y, float)
        # A sum is finite where all its parts are; where it alone is not, they are of no use either.
        finite = np.isfinite(point.sum() + multipliers.sum())
        return cls("failed" if status == "optimal" and not finite else status, point, multipliers)
