"""The whole frontier of N assets, exactly, against one point of it by cvxpy and Clarabel. Run it as a script.

    OPENBLAS_NUM_THREADS=1 python tests/benchmarks/bench_corners.py [N ...]

It prints the corners, the seconds of processor time, and the ratio to one solve of cvxpy; and to the whole frontier of
cvxcla and of PyPortfolioOpt where these are installed (no dependencies of ours). Each time is the best of some. The
covariance is a sample one with a common factor; the second case of each N has caps and six sectors with floors and
ceilings.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from allocator.critical_line import MeanVariance, critical_line
from allocator.sparse import Sparse, Vector


def moments(n: int) -> tuple[Vector, Vector]:
    """A mean and a covariance, the same for the same n."""
    rng = np.random.default_rng(n)
    returns = rng.normal(size=(2 * n, n)) * rng.uniform(0.1, 0.4, n) + 0.2 * rng.normal(size=(2 * n, 1))
    return rng.uniform(0.02, 0.15, n), returns.T @ returns / (2 * n)


def problem(mean: Vector, covariance: Vector, sectors: bool) -> MeanVariance:
    """Long-only and fully invested; caps and sectors on request."""
    n = len(mean)
    rows, least, most = np.ones((1, n)), np.ones(1), np.ones(1)
    if sectors:
        rows = np.vstack([rows, np.arange(n) % 6 == np.arange(6)[:, None]])
        least, most = np.append(least, np.full(6, 0.05)), np.append(most, np.full(6, 0.30))
    factor = np.linalg.cholesky(covariance).T
    high = np.full(n, 5 / n if sectors else 2.0)
    return MeanVariance(Sparse.dense(factor), mean, Sparse.dense(rows), least, most, np.zeros(n), high)


def best(run: Callable[[], Any], times: int) -> float:
    """The shortest of some runs, in seconds of one core, whatever else the machine does."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        run()
        taken.append(time.process_time() - start)
    return min(taken)


def one_point(given: MeanVariance, mean: float) -> Callable[[], Any]:
    """The least variance at a mean, by cvxpy and Clarabel, compiled anew as a script would."""
    import cvxpy as cp

    def run() -> None:
        x = cp.Variable(len(given.mean))
        rows = given.limits @ x
        limits = [x >= given.low, x <= given.high, rows >= given.least, rows <= given.most, given.mean @ x >= mean]
        cp.Problem(cp.Minimize(cp.sum_squares(given.dense @ x)), limits).solve(solver="CLARABEL")

    return run


def others(mean: Vector, covariance: Vector) -> dict[str, Callable[[], Any]]:
    """Whole frontiers of other libraries, bounds and budget only."""
    n, found = len(mean), {}
    if importlib.util.find_spec("cvxcla"):
        from cvxcla import CLA

        found["cvxcla"] = lambda: CLA(
            mean=mean, covariance=covariance, lower_bounds=np.zeros(n), upper_bounds=np.ones(n), a=np.ones((1, n)),
            b=np.ones(1),
        )  # fmt: skip
    if importlib.util.find_spec("pypfopt"):
        from pypfopt import CLA as Other  # noqa: N811

        if n <= 200:
            found["PyPortfolioOpt"] = lambda: Other(mean, covariance)._solve()
    return found


def main(sizes: list[int]) -> None:
    """Print a line for each case."""
    print(f"{'N':>5}  {'rules':<8} {'corners':>7} {'free':>5} {'excess':>8} {'seconds':>8}  ratio of the other to ours")
    for n in sizes:
        mean, covariance = moments(n)
        for sectors in (False, True):
            given = problem(mean, covariance, sectors)
            found = critical_line(given)
            own = best(lambda given=given: critical_line(given), 5 if n <= 200 else 3)  # type: ignore[misc]
            halfway = float(found.means[[0, -1]].mean())
            runs = {"one point by cvxpy": one_point(given, halfway)} | ({} if sectors else others(mean, covariance))
            ratios = [f"{name} {best(run, 2) / own:.1f}" for name, run in runs.items()]
            free = int(found.free.sum(axis=1).max())
            name = "sectors" if sectors else "budget"
            print(f"{n:>5}  {name:<8} {len(found):>7} {free:>5} {found.excess:>8.0e} {own:>8.4f}  {', '.join(ratios)}")


if __name__ == "__main__":
    main([int(n) for n in sys.argv[1:]] or [50, 200, 500, 1000])
