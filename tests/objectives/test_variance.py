"""The variance of a year's return."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import small_case
from helpers import amounts, book, decisions, solve, tiny, value
from hypothesis import given

import allocator as al

SMALL = small_case()


def test_two_independent_lines() -> None:
    # Weights are as the inverse variances: 0.16 and 0.09 of 0.25, and the variance is 0.09 * 0.16 / 0.25.
    out = solve(al.Case.from_moments([0.05, 0.08], np.diag([0.09, 0.16])), book(), al.Variance())
    assert amounts(out) == pytest.approx([0.64, 0.36], abs=1e-6)
    assert value(out) == pytest.approx(-0.0576, abs=1e-8)
    assert out.record["objective"]["parts"][0]["value"] == pytest.approx(0.0576, abs=1e-8)


def test_three_that_move_together() -> None:
    # Least variance without bounds is S^-1 1 / (1' S^-1 1); here it is positive, so that the bounds do not matter.
    covariance = np.array([[0.04, 0.01, 0.006], [0.01, 0.09, 0.012], [0.006, 0.012, 0.06]])
    weights = np.linalg.solve(covariance, np.ones(3))
    weights /= weights.sum()
    assert (weights > 0.1).all()
    out = solve(al.Case.from_moments([0, 0, 0], covariance), book(), al.Variance())
    assert amounts(out) == pytest.approx(weights.tolist(), abs=1e-5)


@given(v=decisions(SMALL))
def test_agrees_with_a_formula(v: np.ndarray) -> None:
    sigma = np.array([0.12, 0.30, 0.15, 0.11, 0.15])
    covariance = np.outer(sigma, sigma) * (0.3 + 0.7 * np.eye(5))
    x = v[:5]
    assert al.Variance().value(SMALL).value(v) == pytest.approx(x @ covariance @ x, rel=1e-9, abs=1e-15)


def test_a_case_without_risk() -> None:
    with pytest.raises(al.InputError) as caught:
        al.allocate(tiny({"cash-yield [%]": [8]}), objective=al.Variance())
    assert (
        str(caught.value)
        == "objective 'variance' needs a covariance, and the case has no risk; give it one, as in 'risk: {correlation: correlation.csv}' in fund.yaml"
    )


@pytest.mark.parametrize("objective", [al.Variance(), al.Volatility()])
def test_where_nothing_moves_nothing_is_left_to_prove(objective: al.Variance | al.Volatility) -> None:
    """The bound is off by the rounding of sums, where the optimum and the objective's size are both zero."""
    case = tiny({"cash-yield [%]": [6, 7], "capacity [$ bn]": [60, 60]}, covariance=np.zeros((2, 2)))
    assert solve(case, book(), objective).record["certificate"]["value"] == 0
