"""The first vertex against HiGHS, through scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from allocator.critical_line.problem import MeanVariance
from allocator.critical_line.vertex import highest
from allocator.errors import Infeasible, NotCertified
from allocator.sparse import Sparse, Vector


def random_problem(seed: int, whole: bool) -> MeanVariance:
    """Bounds, equations, ranges and one-sided rows; in whole numbers, most vertices are degenerate."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(1, 15)), int(rng.integers(0, 7))
    rows = rng.integers(-2, 3, (m, n)).astype(float) if whole else rng.normal(size=(m, n))
    low = rng.integers(-1, 1, n).astype(float)
    high = low + rng.integers(0, 3, n)
    load = rows @ (low + (high - low) * (rng.integers(0, 3, n) / 2 if whole else rng.random(n)))
    most = np.where(rng.random(m) < 0.3, np.inf, load + rng.integers(0, 2, m))
    least = np.where(rng.random(m) < 0.3, -np.inf, load - rng.integers(0, 2, m))
    equal = rng.random(m) < 0.3
    least[equal] = most[equal] = (load + (rng.random(m) < 0.1))[equal]
    mean = rng.integers(-2, 3, n) / 2.0 if whole else rng.normal(size=n)
    return MeanVariance(Sparse.zeros(1, n), mean, Sparse.dense(rows), least, most, low, high)


def at(problem: MeanVariance) -> Vector:
    """The vertex, from its basis."""
    found, (n, m) = highest(problem), problem.sizes
    side, inside = found.side, found.inside
    x = np.where(inside[:n], 0.0, np.where(side[:n] < 0, problem.low, problem.high))
    busy = ~inside[n:]
    assert inside.sum() == m
    target = np.where(side[n:] < 0, problem.least, problem.most)[busy]
    free = problem.limits[busy][:, inside[:n]]
    x[inside[:n]] = np.linalg.solve(free, target - problem.limits[busy] @ x)
    return x


@pytest.mark.parametrize("whole", [False, True])
def test_the_highest_mean(whole: bool) -> None:
    seen = {0: 0, 2: 0}
    for seed in range(150):
        problem = random_problem(seed, whole)
        rows, equal = problem.limits, problem.least == problem.most
        above, below = np.isfinite(problem.most) & ~equal, np.isfinite(problem.least) & ~equal
        truth = linprog(
            -problem.mean,
            A_ub=np.vstack([rows[above], -rows[below]]),
            b_ub=np.concatenate([problem.most[above], -problem.least[below]]),
            A_eq=rows[equal],
            b_eq=problem.most[equal],
            bounds=np.stack([problem.low, problem.high], axis=1),
        )
        seen[truth.status] += 1
        if truth.status == 2:
            with pytest.raises(Infeasible):
                highest(problem)
            continue
        x = at(problem)
        assert problem.mean @ x == pytest.approx(-truth.fun, abs=1e-9)
        assert np.maximum(problem.low - x, x - problem.high).max() <= 1e-9
        loads = rows @ x
        assert np.maximum(problem.least - loads, loads - problem.most).max(initial=0) <= 1e-9
    assert min(seen.values()) >= 5


def test_no_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from allocator.critical_line import vertex

    monkeypatch.setattr(vertex._Tableau, "step", lambda self: True)
    with pytest.raises(NotCertified) as caught:
        highest(random_problem(1, False))
    assert str(caught.value) == "no vertex with the highest mean was found, as rounding defeats the simplex method"
