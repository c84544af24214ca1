"""One standard deviation of a year's return."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import amounts, book, decisions, everything, solve, tiny, value
from hypothesis import given

import allocator as al
from allocator.sparse import Vector

CASE = everything()


def test_two_independent_lines() -> None:
    # Weights are as the inverse variances: 0.16 and 0.09 of 0.25, and the root of 0.09 * 0.16 / 0.25 is 0.24.
    out = solve(al.Case.from_moments([0.05, 0.08], np.diag([0.09, 0.16])), book(), al.Volatility())
    assert amounts(out) == pytest.approx([0.64, 0.36], abs=1e-5)
    assert value(out) == pytest.approx(-0.24, abs=1e-8)


def test_it_is_the_root_of_the_least_variance() -> None:
    size = al.rules.Amount(id="size", title="Size", at_least="$120 bn")
    one, other = (solve(CASE, book(size), aim) for aim in (al.Volatility(), al.Variance()))
    assert value(one) ** 2 == pytest.approx(-value(other), rel=1e-6)


@given(v=decisions(CASE))
def test_agrees_with_a_formula(v: Vector) -> None:
    assert CASE.risk is not None
    sample = np.cov(CASE.risk.scenarios, rowvar=False)
    assert al.Volatility().measured(CASE, v) == pytest.approx(np.sqrt(v[:4] @ sample @ v[:4]), rel=1e-9, abs=1e-12)


def test_a_case_without_risk() -> None:
    with pytest.raises(al.InputError) as caught:
        al.allocate(tiny({"cash-yield [%]": [8]}), objective=al.Volatility())
    assert (
        str(caught.value)
        == "objective 'volatility' needs a covariance, and the case has no risk; give it one, as in 'risk: {correlation: correlation.csv}' in fund.yaml"
    )
