"""The frontier under any linear limits, against a conic solver at many levels."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.critical_line import MeanVariance, critical_line
from allocator.errors import Infeasible
from allocator.sparse import Sparse

TIGHT = {"tol_gap_abs": 1e-13, "tol_gap_rel": 1e-13, "tol_feas": 1e-13}


@st.composite
def problems(draw: st.DrawFn) -> MeanVariance:
    """Two to nine assets, up to four rows; copies, riskless assets, ties, fixed weights and redundant rows among them."""
    rng = np.random.default_rng(draw(st.integers(0, 10**9)))
    n, m = draw(st.integers(2, 9)), draw(st.integers(0, 4))
    factor = rng.normal(size=(draw(st.integers(1, 2 * n)), n)) * rng.uniform(0.05, 0.4, n)
    mean = rng.uniform(-0.05, 0.2, n)
    if draw(st.booleans()):
        factor[:, 0] = factor[:, 1]
    if draw(st.booleans()):
        factor[:, -1] = 0
    if draw(st.booleans()):
        mean = np.round(mean, 1)
    low = rng.choice([0.0, -0.5, 0.05], n) * draw(st.integers(0, 1))
    high = low + rng.choice([0.0, 0.3, 1.0], n, p=[0.1, 0.4, 0.5])
    rows = np.vstack([np.ones(n), rng.choice([0, 1.0, -1.0, 0.4], (m, n))])
    load = rows @ (low + (high - low) * rng.random(n))
    most = load + rng.choice([0, 0.1, np.inf], m + 1)
    least = np.where(rng.random(m + 1) < 0.5, load - rng.choice([0, 0.2], m + 1), -np.inf)
    most[0] = least[0] = load[0]
    if draw(st.booleans()):
        rows, least, most = (
            np.vstack([rows, 3 * rows[-1]]),
            np.append(least, 3 * least[-1]),
            np.append(most, 3 * most[-1]),
        )
    if draw(st.integers(0, 9)) == 0:
        least[0] = most[0] = high.sum() + 0.1
    return MeanVariance(Sparse.dense(factor), mean, Sparse.dense(rows), least, most, low, high)


@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")  # at such tolerances; the comparison tells
@given(problems())
def test_no_solver_finds_less_variance(problem: MeanVariance) -> None:
    factor, rows = problem.exposures(np.eye(len(problem.mean))).T, problem.limits
    x, floor = cp.Variable(len(problem.mean)), cp.Parameter()
    above, below = np.isfinite(problem.most), np.isfinite(problem.least)
    limits = [x >= problem.low, x <= problem.high, rows[above] @ x <= problem.most[above]]
    if below.any():
        limits.append(rows[below] @ x >= problem.least[below])
    most = cp.Problem(cp.Maximize(problem.mean @ x), limits)
    most.solve(solver="HIGHS")
    if most.status == "infeasible":
        with pytest.raises(Infeasible):
            critical_line(problem)
        return
    found = critical_line(problem)
    assert found.means[0] == pytest.approx(most.value, abs=1e-8)
    least = cp.Problem(cp.Minimize(cp.sum_squares(10 * factor @ x)), [*limits, problem.mean @ x >= floor])
    for part in (0.0, 0.3, 0.9):
        mean = found.means[-1] + part * (found.means[0] - found.means[-1])
        own = found.at_mean(mean)
        floor.value = mean
        least.solve(solver="CLARABEL", **TIGHT)
        assert least.status in ("optimal", "optimal_inaccurate")
        variance = np.sum((factor @ own) ** 2)
        # A solver meets limits only up to its tolerance, which may earn it as much again times the slope there.
        assert variance == pytest.approx(least.value / 100, rel=1e-6, abs=1e-9 * (1 + found.slope_at(mean)))
        assert np.maximum(problem.low - own, own - problem.high).max() <= 1e-12
        assert own @ problem.mean == pytest.approx(mean, abs=1e-12)
    # Nothing to the left of the last corner: the least variance of all is there.
    floor.value = -10.0
    least.solve(solver="CLARABEL", **TIGHT)
    assert found.variances[-1] == pytest.approx(least.value / 100, rel=1e-6, abs=1e-9)


@given(problems())
def test_the_curve_is_convex_and_falls(problem: MeanVariance) -> None:
    """The variance is convex in the mean with twice lambda as its slope; corners go down in both."""
    try:
        found = critical_line(problem)
    except Infeasible:
        return
    assert (np.diff(found.means) <= 1e-12).all()
    assert (np.diff(found.variances) <= 1e-12).all()
    assert (np.diff(found.slopes) <= 0).all()
    chord, fall = -np.diff(found.variances), -np.diff(found.means)
    assert (chord <= 2 * found.slopes[:-1] * fall + 1e-12).all()
    assert (chord >= 2 * found.slopes[1:] * fall - 1e-12).all()
    assert found.slopes[-1] == 0
    assert found.excess < 1e-9


def whole_numbers(seed: int) -> MeanVariance:
    """Small whole numbers: corners where much happens at once, riskless directions, rows that follow from others."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(2, 13)), int(rng.integers(0, 6))
    factor = rng.integers(-2, 3, (int(rng.integers(1, n + 1)), n)).astype(float)
    factor[:, 0] = factor[:, -1]
    rows = np.vstack([np.ones(n), rng.integers(-1, 3, (m, n))])
    low = rng.integers(-1, 1, n).astype(float)
    high = low + rng.choice([0, 0.25, 0.5, 1, 2], n)
    load = rows @ (low + (high - low) * rng.choice([0, 0.5, 1], n))
    most = np.where(rng.random(m + 1) < 0.3, np.inf, load + rng.choice([0, 0.5, 1], m + 1))
    least = np.where(rng.random(m + 1) < 0.3, -np.inf, load - rng.choice([0, 0.5, 1], m + 1))
    equal = rng.random(m + 1) < 0.3
    equal[0] = True
    least[equal] = most[equal] = load[equal]
    rows, least, most = np.vstack([rows, 2 * rows[-1]]), np.append(least, 2 * least[-1]), np.append(most, 2 * most[-1])
    return MeanVariance(Sparse.dense(factor), rng.integers(0, 4, n) / 10, Sparse.dense(rows), least, most, low, high)


def test_nothing_degenerate_defeats_it() -> None:
    """Each is feasible by the way it is made, and proves itself: a wrong corner raises."""
    for seed in range(1200):
        problem = whole_numbers(seed)
        found = critical_line(problem)
        assert found.excess < 1e-9
