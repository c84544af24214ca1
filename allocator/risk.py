"""How returns move together, in factor form: the covariance is `F'F`, and is never formed from a factor model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from allocator.errors import InputError, Place
from allocator.sparse import Sparse, Vector

Where = Callable[[int, int], Place | None]


def _nowhere(row: int, column: int) -> Place | None:
    return None


@dataclass(frozen=True, eq=False)
class Risk:
    """A covariance as `F'F`.

    Attributes:
        factor: F (d x n), yearly standard deviations as fractions.
        definite: whether no portfolio is free of risk, which makes a least-variance allocation unique.
        note: what was repaired, told in every result; empty where nothing was.
    """

    factor: Sparse
    definite: bool
    note: str = ""

    @classmethod
    def from_covariance(
        cls, matrix: Vector, names: tuple[str, ...], repair: str | None = None, where: Where = _nowhere
    ) -> Risk:
        """From a covariance (n x n).

        Args:
            matrix: the covariance.
            names: of the lines, for messages.
            repair: `nearest` replaces an indefinite one by the nearest semidefinite one (Higham 1988).
            where: the place of an entry in its file.

        Raises:
            InputError: not square, not finite, not symmetric, or indefinite (its least eigenvalue is told).
        """
        _check_square(matrix, names, where)
        values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
        least, most = float(values[0]), float(max(values[-1], 0.0))
        note = ""
        if least < -1e-10 * max(most, 1e-300):
            if repair != "nearest":
                mend = "check the numbers, or ask for 'repair: nearest'"
                raise InputError.of(
                    f"the covariance is indefinite: its least eigenvalue is {least:.3g}", mend, where(0, 0)
                )
            moved = float(np.sqrt(np.sum(np.minimum(values, 0) ** 2)))
            note = (
                f"covariance repaired to the nearest semidefinite one: least eigenvalue {least:.3g}, moved {moved:.3g}"
            )
        kept = values > 1e-14 * most
        factor = np.sqrt(values[kept])[:, None] * vectors[:, kept].T
        return cls(Sparse.dense(factor), bool(kept.all() and least > 1e-10 * most), note)

    @classmethod
    def from_correlation(
        cls,
        matrix: Vector,
        volatility: Vector,
        names: tuple[str, ...],
        repair: str | None = None,
        where: Where = _nowhere,
    ) -> Risk:
        """From correlations (n x n) and the lines' own volatilities (n).

        Raises:
            InputError: as for a covariance; also for a diagonal other than 1 or a correlation outside [-1, 1].
        """
        _check_square(matrix, names, where)
        for i, j in np.argwhere(np.abs(matrix) > 1 + 1e-12)[:20]:
            what = f"the correlation of {names[i]} and {names[j]} is {matrix[i, j]:g}, outside -1 to 1"
            raise InputError.of(what, "mend it", where(int(i), int(j)))
        for i in np.flatnonzero(np.abs(np.diag(matrix) - 1) > 1e-12):
            what = f"the correlation of {names[i]} with itself is {matrix[i, i]:g}"
            raise InputError.of(what, "write 1", where(int(i), int(i)))
        return cls.from_covariance(matrix * np.outer(volatility, volatility), names, repair, where)

    @classmethod
    def from_factors(cls, loadings: Vector, covariance: Vector, specific: Vector, names: tuple[str, ...]) -> Risk:
        """From a factor model: loadings (n x k), the factors' covariance (k x k), specific volatilities (n).

        Raises:
            InputError: shapes that do not fit, negative specific volatilities, an indefinite factor covariance.
        """
        n, k = loadings.shape
        if covariance.shape != (k, k) or specific.shape != (n,):
            given = f"a covariance of {covariance.shape} and {len(specific)} specifics"
            what = f"{n} lines with {k} factors do not fit {given}"
            raise InputError.of(what, "give one row a line and one column a factor")
        if (specific < 0).any():
            name = names[int(np.argmin(specific))]
            raise InputError.of(f"the specific volatility of {name} is negative", "write zero or more")
        common = cls.from_covariance(covariance, tuple(f"factor {i + 1}" for i in range(k)))
        root = np.zeros(common.factor.shape)
        root[common.factor.row, common.factor.column] = common.factor.value
        own = Sparse.of((n, n), np.arange(n), np.arange(n), specific)
        return cls(Sparse.stack([Sparse.dense(root @ loadings.T), own]), bool((specific > 0).all()))

    @classmethod
    def from_scenarios(cls, returns: Vector) -> Risk:
        """From return scenarios (T x n), equally likely: the sample covariance, in factor form.

        Raises:
            InputError: fewer than two scenarios.
        """
        count, n = returns.shape
        if count < 2:
            raise InputError.of("a covariance needs at least two scenarios", "add some")
        factor = (returns - returns.mean(axis=0)) / np.sqrt(count - 1)
        return cls(Sparse.dense(factor), bool(count > n and np.linalg.matrix_rank(factor) == n))

    def volatility(self, capital: Vector) -> float:
        """The standard deviation of a portfolio."""
        return float(np.linalg.norm(self.factor @ capital))


def _check_square(matrix: Vector, names: tuple[str, ...], where: Where) -> None:
    n = len(names)
    if matrix.shape != (n, n):
        raise InputError.of(f"{n} lines do not fit a matrix of {matrix.shape}", "give a row and a column a line")
    for i, j in np.argwhere(~np.isfinite(matrix))[:1]:
        what = f"the entry of {names[i]} and {names[j]} is not finite"
        raise InputError.of(what, "write a number", where(int(i), int(j)))
    apart = np.abs(matrix - matrix.T)
    if n and apart.max() > 1e-9 * max(float(np.abs(matrix).max()), 1e-300):
        i, j = sorted(divmod(int(apart.argmax()), n))
        what = f"not symmetric: {names[i]} with {names[j]} is {matrix[i, j]:g}, and {matrix[j, i]:g} the other way"
        raise InputError.of(what, "make both the same", where(i, j))
