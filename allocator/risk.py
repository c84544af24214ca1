"""How returns move together, in factor form: the covariance is `F'F`, and is never formed from a factor model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allocator.errors import Collector, InputError, Place
from allocator.sparse import Dense, Sparse, Vector

Where = Callable[[int, int], Place | None]
DEFINITE = 1e-10
"In parts of the largest eigenvalue: what the least must be above for a covariance to count as definite."
BLOCK = 4096
"Scenarios that are taken at once."
LARGE = 10_000
"Entries from which a full factor is multiplied by BLAS, ten times as fast; fewer add up in one order on all machines."
TOLD = 20
"How many faulty entries of a matrix are told."


def _nowhere(row: int, column: int) -> Place | None:
    return None


@dataclass(frozen=True, eq=False)
class Risk:
    """A covariance as `F'F`.

    Attributes:
        factor: F (d x n), yearly standard deviations as fractions.
        definite: whether no portfolio is free of risk, which makes a least-variance allocation unique.
        note: what was repaired or estimated, told in every result; empty where nothing was.
        scenarios: returns (T x n), equally likely and as the data has them, a period and not a year each; for losses
            in the tail, which a covariance does not tell.
    """

    factor: Sparse
    definite: bool
    note: str = ""
    scenarios: Vector | None = None

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
        problems = Collector()
        for i in map(int, np.flatnonzero(np.diag(matrix) < 0)):
            problems.add(f"the variance of {names[i]} is negative", "write zero or more", where(i, i))
        problems.finish()
        root = _definite_root((matrix + matrix.T) / 2)
        if root is not None:
            return cls(_full(root), definite=True)
        values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
        least, most = float(values[0]), float(max(values[-1], 0.0))
        note = ""
        if _indefinite(values):
            if repair != "nearest":
                raise _told("the covariance is", least, where)
            moved = float(np.sqrt(np.sum(np.minimum(values, 0) ** 2)))
            note = (
                f"covariance repaired to the nearest semidefinite one: least eigenvalue {least:.3g}, moved {moved:.3g}"
            )
        kept = values > 1e-14 * most
        factor = np.sqrt(values[kept])[:, None] * vectors[:, kept].T
        return cls(_full(factor), bool(kept.all() and least > DEFINITE * most), note)

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
        problems = Collector()
        with problems.part():
            _check_square(matrix, names, where)
        if matrix.shape == (len(names), len(names)):
            outside, itself = np.abs(matrix) > 1 + 1e-12, np.eye(len(names), dtype=bool)
            for i, j in np.argwhere(outside & ~itself)[:TOLD]:
                what = f"the correlation of {names[i]} and {names[j]} is {matrix[i, j]:g}, outside -1 to 1"
                problems.add(what, "write a number from -1 to 1", where(int(i), int(j)))
            for i in map(int, np.flatnonzero(np.abs(np.diag(matrix) - 1) > 1e-12)):
                what = f"the correlation of {names[i]} with itself is {matrix[i, i]:g}"
                problems.add(what, "write 1", where(i, i))
        problems.finish()
        values = np.linalg.eigvalsh((matrix + matrix.T) / 2)
        if repair is None and _indefinite(values):
            raise _told("the correlations are", float(values[0]), where)
        return cls.from_covariance(matrix * np.outer(volatility, volatility), names, repair, where)

    @classmethod
    def from_factors(
        cls,
        loadings: Vector,
        covariance: Vector,
        specific: Vector,
        names: tuple[str, ...],
        factors: tuple[str, ...] = (),
        where: Where = _nowhere,
    ) -> Risk:
        """From a factor model: loadings (n x k), the factors' covariance (k x k), specific volatilities (n).

        Args:
            loadings: of lines on factors.
            covariance: of the factors.
            specific: volatilities of the lines' own.
            names: of the lines, for messages.
            factors: their names, for messages.
            where: the place of an entry of the covariance in its file.

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
        common = cls.from_covariance(covariance, factors or tuple(f"factor {i + 1}" for i in range(k)), None, where)
        own = Sparse.picking(np.arange(n), n, specific)
        return cls(Sparse.stack([Sparse.dense(common.factor.array() @ loadings.T), own]), bool((specific > 0).all()))

    @classmethod
    def from_scenarios(cls, returns: Vector, place: Place | None = None) -> Risk:
        """From return scenarios (T x n), equally likely: the sample covariance, in factor form; they are kept.

        Raises:
            InputError: fewer than two scenarios.
        """
        count, n = returns.shape
        if count < 2:
            raise InputError.of("a covariance needs at least two scenarios", "add some", place)
        factor = np.zeros((0, n))
        mean, root = returns.mean(axis=0), np.sqrt(count - 1)
        for start in range(0, count, BLOCK):
            factor = np.vstack([factor, (returns[start : start + BLOCK] - mean) / root])
            if len(factor) > n:
                # Of more scenarios than lines the triangular factor says as much: R'R = F'F.
                factor = np.asarray(np.linalg.qr(factor, mode="r"))
        definite = bool(count > n and np.linalg.matrix_rank(factor) == n)
        return cls(_full(factor), definite, scenarios=returns)

    def volatility(self, capital: Vector) -> float:
        """The standard deviation of a portfolio."""
        return float(np.linalg.norm(self.factor @ capital))

    def shares(self, capital: Vector) -> Vector | None:
        """What each line adds to a portfolio's variance, `x_i (Cx)_i / x'Cx` (n), which adds up to 1.

        A line that hedges the others has a negative share; None where there is no variance. It is Euler's rule for
        homogeneous functions (Litterman 1996, Hot Spots and Hedges).
        """
        moved = self.factor @ capital
        variance = float(moved @ moved)
        return capital * (moved @ self.factor) / variance if variance > 0 else None


def _full(factor: Vector) -> Sparse:
    return Dense(factor) if factor.size >= LARGE else Sparse.dense(factor)


def _definite_root(matrix: Vector) -> Vector | None:
    """R with `R'R` the covariance, by Cholesky; None where it is not clearly definite, and eigenvalues are to tell."""
    # The largest eigenvalue is at most the largest sum of a row.
    margin = DEFINITE * float(np.abs(matrix).sum(axis=1).max(initial=0.0))
    try:
        np.linalg.cholesky(matrix - margin * np.eye(len(matrix)))
        return np.asarray(np.linalg.cholesky(matrix).T)
    except np.linalg.LinAlgError:
        return None


def _indefinite(values: NDArray[np.floating[Any]]) -> bool:
    """Whether the least of the eigenvalues is negative by more than rounding."""
    return bool(len(values) and values[0] < -1e-10 * max(float(values[-1]), 1e-300))


def _told(what: str, least: float, where: Where) -> InputError:
    mend = "check the numbers, or ask for 'repair: nearest'"
    return InputError.of(f"{what} indefinite, with a least eigenvalue of {least:.3g}", mend, where(0, 0))


def _check_square(matrix: Vector, names: tuple[str, ...], where: Where) -> None:
    n = len(names)
    if matrix.shape != (n, n):
        raise InputError.of(f"{n} lines do not fit a matrix of {matrix.shape}", "give a row and a column a line")
    problems = Collector()
    for i, j in np.argwhere(~np.isfinite(matrix))[:TOLD]:
        what = f"the entry of {names[i]} and {names[j]} is not finite"
        problems.add(what, "write a number", where(int(i), int(j)))
    problems.finish()
    apart = np.triu(np.abs(matrix - matrix.T)) > 1e-9 * float(np.abs(matrix).max(initial=1e-300))
    for i, j in np.argwhere(apart)[:TOLD]:
        what = f"not symmetric: {names[i]} with {names[j]} is {matrix[i, j]:g}, and {matrix[j, i]:g} the other way"
        problems.add(what, "make both the same", where(int(i), int(j)))
    problems.finish()
