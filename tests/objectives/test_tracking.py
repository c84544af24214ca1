"""How far the mix strays from a reference portfolio."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cvxpy as cp
import numpy as np
import pytest
from helpers import amounts, book, decisions, dense, everything, solve, tiny, value
from hypothesis import given

import allocator as al
from allocator.sparse import Vector

CASE = everything()
SIZE = al.rules.Amount(id="size", title="Size", at_least="$105 bn")


@given(v=decisions(CASE))
def test_agrees_with_a_formula(v: Vector) -> None:
    assert CASE.risk is not None
    d, x = CASE.decision, v[:4]
    apart = x - x.sum() * np.array([0.4, 0.1, 0.3, 0.2])
    truth = np.sqrt(max(apart @ np.cov(CASE.risk.scenarios, rowvar=False) @ apart, 0.0))
    assert v[d.deployed] == pytest.approx(x.sum())
    assert al.Tracking().measured(CASE, v) == pytest.approx(truth, rel=1e-6, abs=1e-9)


def test_the_benchmark_itself_where_it_fits() -> None:
    out = solve(CASE, book(SIZE), al.Tracking())
    assert out.amounts["share"].tolist() == pytest.approx([0.4, 0.1, 0.3, 0.2], abs=1e-3)
    assert value(out) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_against_another_formulation(seed: int) -> None:
    """No line over 30%, and a reference that has more of one: the nearest mix, by ECOS."""
    rng = np.random.default_rng(seed)
    n = 5
    F = 0.1 * rng.normal(size=(8, n))
    case = al.Case.from_moments(np.zeros(n), F.T @ F)
    shares = np.array([0.6, 0.1, 0.1, 0.1, 0.1])
    cap = al.rules.Share(id="cap", title="Cap", each="line", of="deployed", at_most="30%")
    out = solve(case, book(cap), al.Tracking(dict(zip(case.universe.ids, shares.tolist(), strict=True))))
    x = cp.Variable(n, nonneg=True)
    truth = cp.Problem(cp.Minimize(cp.norm(F @ (x - shares))), [cp.sum(x) == 1, x <= 0.3]).solve(solver=cp.ECOS)
    assert -value(out) == pytest.approx(truth, rel=1e-6)
    assert out.record["objective"]["name"] == "tracking of a given reference"
    assert np.linalg.norm(dense(case.risk.factor) @ (np.array(amounts(out)) - shares)) == pytest.approx(  # type: ignore[union-attr]
        out.record["objective"]["parts"][0]["value"], rel=1e-9
    )


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ({"a": 0.5}, "the reference's shares must be zero or more and add up to 100%; mend the shares"),
        ({"a": "x", "b": 1}, "cannot read the reference's shares of 'a' 'x'; write 30%, say"),
        (3, "cannot read the reference's shares '3'; give lines with their shares, as in {'power': '30%'}"),
    ],
)
def test_a_reference_that_means_nothing(reference: Any, told: str) -> None:
    with pytest.raises(al.InputError) as caught:
        al.Tracking(reference)
    assert str(caught.value) == told


def refused(case: al.Case, aim: al.Tracking) -> str:
    with pytest.raises(al.InputError) as caught:
        al.allocate(case, objective=aim)
    return str(caught.value)


def test_what_the_case_lacks() -> None:
    assert refused(replace(CASE, benchmark={}), al.Tracking()) == (
        "objective 'tracking' needs a benchmark, and the case has none; name a table in fund.yaml"
    )
    assert refused(CASE, al.Tracking({"aa": 1})) == "objective 'tracking': no line 'aa'; did you mean 'a'?"
    assert refused(replace(CASE, benchmark={"a": 0.5}), al.Tracking()) == (
        "objective 'tracking': the reference's shares don't add up to 100%; mend the shares"
    )
    assert refused(replace(CASE, benchmark={"a": float("nan")}), al.Tracking()) == (
        "objective 'tracking': the reference's shares don't add up to 100%; mend the shares"
    )
    assert refused(tiny({"cash-yield [%]": [8]}), al.Tracking()) == (
        "objective 'tracking' needs a covariance, and the case has no risk; give it one, as in 'risk: {correlation: correlation.csv}' in fund.yaml"
    )
