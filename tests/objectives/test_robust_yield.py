"""The dividend yield that is kept though the cash yields are off."""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import numpy as np
import pytest
from helpers import amounts, book, decisions, everything, solve, tiny, value
from hypothesis import given

import allocator as al
from allocator.sparse import Vector

CASE = everything()


@pytest.mark.parametrize("radius", [0.5, 1.0, 3.0])
@given(v=decisions(CASE))
def test_the_worst_of_an_ellipsoid(radius: float, v: Vector) -> None:
    """No error in the ellipsoid leaves less, and the one along capital times squared error leaves as much."""
    error, x = CASE.universe.numbers["yield-error"], v[:4]
    own, plain = al.RobustYield(radius).measured(CASE, v), al.DividendYield().measured(CASE, v)
    rng = np.random.default_rng(0)
    u = rng.normal(size=(500, 4))
    sampled = plain + (radius * error * u / np.linalg.norm(u, axis=1, keepdims=True)) @ x
    assert sampled.min() >= own - 1e-12
    pull = error * x
    worst = -radius * error * pull / (np.linalg.norm(pull) or 1.0)
    assert plain + worst @ x == pytest.approx(own, abs=1e-12)


def test_two_lines_by_hand() -> None:
    """Errors alike and yields alike: halves, and 8% less 2% over root 2."""
    case = tiny({"cash-yield [%]": [8, 8], "yield-error [%]": [2, 2], "capacity [$ bn]": [100, 100]})
    out = solve(case, book(), al.RobustYield())
    assert amounts(out) == pytest.approx([50, 50], abs=0.5)
    assert value(out) == pytest.approx(0.08 - 0.02 / 2**0.5, abs=1e-7)
    assert out.record["objective"]["name"] == "robust-yield within 1 standard error"


@pytest.mark.parametrize("seed", range(3))
def test_against_another_formulation(seed: int) -> None:
    """The worst case as a linear row for each direction has no end; its dual is the norm, solved by ECOS."""
    rng = np.random.default_rng(seed)
    n = 5
    rate, error = rng.uniform(4, 9, n), rng.uniform(0.5, 3, n)
    case = tiny({"cash-yield [%]": rate, "yield-error [%]": error, "capacity [$ bn]": [40] * n})
    out = solve(case, book(), al.RobustYield(2))
    x = cp.Variable(n, nonneg=True)
    truth = cp.Problem(
        cp.Maximize((rate @ x - 2 * cp.norm(cp.multiply(error, x))) / 100), [cp.sum(x) <= 1, x <= 0.4]
    ).solve(solver=cp.ECOS)
    assert value(out) == pytest.approx(truth, abs=1e-7)


def test_a_radius_of_zero_is_the_dividend_yield() -> None:
    assert value(solve(CASE, book(), al.RobustYield(0))) == pytest.approx(value(solve(CASE, book())), abs=1e-7)


@pytest.mark.parametrize("radius", [-1, float("nan"), float("inf"), "2%", None])
def test_a_radius_that_means_nothing(radius: Any) -> None:
    with pytest.raises(al.InputError) as caught:
        al.RobustYield(radius)
    assert str(caught.value) == f"the radius {radius} is no number of zero or more; write 1, say"


def test_a_universe_without_errors() -> None:
    with pytest.raises(al.InputError) as caught:
        al.allocate(tiny({"cash-yield [%]": [8]}), objective=al.RobustYield())
    assert str(caught.value) == (
        "objective 'robust-yield' needs column 'yield-error', which the universe lacks; add it to the universe"
    )
