"""Shrunk covariances written from their papers, as a second opinion on scikit-learn's."""

from __future__ import annotations

import numpy as np

from allocator.sparse import Vector


def by_ledoit_and_wolf(values: Vector) -> tuple[Vector, float]:
    """The estimator of Ledoit and Wolf 2004 (J. Multivariate Analysis 88, 365-411), section 3.2, step by step."""
    count, n = values.shape
    centred = values - values.mean(axis=0)

    def squared(matrix: Vector) -> float:
        return float(np.trace(matrix @ matrix.T)) / n

    sample = centred.T @ centred / count
    m = float(np.trace(sample)) / n
    d2 = squared(sample - m * np.eye(n))
    b2 = min(sum(squared(np.outer(x, x) - sample) for x in centred) / count**2, d2)
    return b2 / d2 * m * np.eye(n) + (d2 - b2) / d2 * sample, b2 / d2


def by_chen_and_others(values: Vector) -> tuple[Vector, float]:
    """OAS, equation 23 of Chen, Wiesel, Eldar and Hero 2010, but for its terms in 2/n, as scikit-learn has it."""
    count, n = values.shape
    sample = np.cov(values, rowvar=False, ddof=0)
    squares, square = float(np.trace(sample @ sample)), float(np.trace(sample)) ** 2
    rho = min((squares + square) / ((count + 1) * (squares - square / n)), 1.0)
    return (1 - rho) * sample + rho * np.trace(sample) / n * np.eye(n), rho
