"""What a critical line is traced through: a mean, a covariance in factor form, and linear limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from allocator.errors import InputError
from allocator.sparse import Sparse, Vector

MOST = 10**7
"How many entries an array may have where a sparse matrix would do."


@dataclass(frozen=True, eq=False)
class MeanVariance:
    """Minimise `x' S x / 2 - lambda mean . x` where `least <= C x <= most` and `low <= x <= high`.

    Attributes:
        factor: F (d x n), with S = F'F; S may be singular.
        mean: what x is to earn (n).
        rows: C (m x n).
        least, most: the rows' limits (m); infinite where there is none, equal for an equation.
        low, high: the bounds of x (n), finite; equal where an entry is fixed.

    Raises:
        InputError: shapes that do not fit, numbers that are not finite, bounds or limits the wrong way round.
    """

    factor: Sparse
    mean: Vector
    rows: Sparse
    least: Vector
    most: Vector
    low: Vector
    high: Vector

    def __post_init__(self) -> None:
        m, n = self.rows.shape
        shapes = [each.shape for each in (self.mean, self.low, self.high, self.least, self.most)]
        if shapes != [(n,)] * 3 + [(m,)] * 2 or self.factor.shape[1] != n:
            raise InputError.of("mean, factor, bounds and rows are of different lengths", "give one entry a variable")
        finite = (self.factor.value, self.rows.value, self.mean, self.low, self.high)
        if not all(np.isfinite(each).all() for each in finite) or np.isnan([self.least, self.most]).any():
            raise InputError.of("a number is missing or infinite", "give finite means, covariances, rows and bounds")
        if (self.low > self.high).any() or (self.least > self.most).any():
            raise InputError.of("a lower limit is above the upper one", "turn them round")

    @property
    def sizes(self) -> tuple[int, int]:
        """How many variables and rows."""
        return self.rows.shape[1], self.rows.shape[0]

    @cached_property
    def dense(self) -> Vector | None:
        """The factor as an array, unless it is large and sparse."""
        size = int(np.prod(self.factor.shape))
        return self.factor.array() if size <= max(MOST, 2 * len(self.factor.value)) else None

    def exposures(self, portfolios: Vector) -> Vector:
        """F x for each of some portfolios (k x n), as k x d."""
        if self.dense is not None:
            return np.asarray(portfolios @ self.dense.T)
        return np.stack([self.factor @ x for x in portfolios])

    def covariances(self, exposures: Vector) -> Vector:
        """S x for each of some portfolios, as k x n, from their exposures (k x d)."""
        if self.dense is not None:
            return np.asarray(exposures @ self.dense)
        return np.stack([exposure @ self.factor for exposure in exposures])

    @cached_property
    def limits(self) -> Vector:
        """C as an array."""
        return self.rows.array()

    def column(self) -> Callable[[int], Vector]:
        """A function that gives a column of S; S itself is only formed where it is small."""
        n, dense = len(self.mean), self.dense
        if dense is not None and n * n <= MOST:
            covariance = dense.T @ dense
            return lambda j: np.asarray(covariance[j])
        return lambda j: np.asarray(self.covariances(self.exposures(np.eye(1, n, j)))[0])

    def scaled(self) -> tuple[MeanVariance, float, float, Vector]:
        """The same problem in numbers of order one.

        Returns:
            the problem, and what variances, means and each row (m) were divided by.
        """
        variance = float(self.factor.column_squares().max(initial=0.0)) or 1.0
        gain = float(np.abs(self.mean).max(initial=0.0)) or 1.0
        size = np.zeros(self.rows.shape[0])
        np.maximum.at(size, self.rows.row, np.abs(self.rows.value))
        size[size == 0] = 1.0
        made = replace(
            self,
            factor=self.factor * variance**-0.5,
            mean=self.mean / gain,
            rows=self.rows.scaled(1 / size),
            least=self.least / size,
            most=self.most / size,
        )
        return made, variance, gain, size
