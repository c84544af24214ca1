"""The instances of the OR-Library (Chang, Meade, Beasley and Sharaiha 2000)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from allocator.sparse import Vector


def instance(folder: Path, number: int) -> tuple[Vector, Vector, Vector]:
    """Means and covariance of an instance, and the published frontier (mean, variance)."""
    numbers = np.array((folder / f"orlib/data/port{number}.txt").read_text().split(), float)
    n = int(numbers[0])
    moments = numbers[1 : 1 + 2 * n].reshape(n, 2)
    correlation = np.zeros((n, n))
    for i, j, value in numbers[1 + 2 * n :].reshape(-1, 3):
        correlation[int(i) - 1, int(j) - 1] = correlation[int(j) - 1, int(i) - 1] = value
    frontier = np.loadtxt(folder / f"orlib/data/portef{number}.txt")
    return moments[:, 0], correlation * np.outer(moments[:, 1], moments[:, 1]), frontier
