"""A quant's own concave expression."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cvxpy as cp
import numpy as np
import pytest
from helpers import amounts, book, everything, solve, tiny

import allocator as al

CASE = tiny({"cash-yield [%]": [8, 2, 4], "capacity [$ bn]": [100, 100, 100]})
ROOTS = al.Concave(lambda v: cp.sum(cp.sqrt(v.capital)), name="roots")
NOTE = "the objective is the caller's own expression: its gap rests on the solver's word"


def test_roots_spread_evenly() -> None:
    out = solve(CASE, book(), ROOTS)
    assert amounts(out) == pytest.approx([100 / 3] * 3, abs=0.5)
    assert out.record["objective"]["value"] == pytest.approx(3**0.5, abs=1e-5)
    assert out.record["objective"]["name"] == "roots"
    assert out.record["notes"] == [NOTE]


def test_the_entries_of_the_decision() -> None:
    """All that is given to it has the size and the meaning that is said: a fund with a loan, a sum of all of them."""
    case, seen = everything(), []

    def function(v: Any) -> Any:
        seen.append((v.capital.shape, v.loans.shape, v.reserve.shape, v.deployed.shape, v.debt.shape))
        return cp.log(v.deployed) - v.debt + 0.5 * v.reserve + 0 * cp.sum(v.capital) + 0 * cp.sum(v.loans)

    out = solve(case, book(), al.Concave(function))
    assert seen[0] == ((4,), (case.decision.pairs,), (), (), ())
    # d log X = 0.5 at X = 2 for the reserve's worth, but debt costs 1 and leaves 1 - 1 + ... : all of equity, no debt.
    assert out.totals["debt"] == pytest.approx(0, abs=0.1)
    assert out.totals["deployed"] == pytest.approx(100, abs=0.1)


def test_a_note_stands_wherever_it_has_a_part() -> None:
    for aim in (
        ROOTS + 0.1 * al.DividendYield(),
        al.blend({ROOTS: 1, al.DividendYield(): 1}),
        al.epsilon(ROOTS, {al.DividendYield(): "3%"}),
        al.lexicographic([(al.DividendYield(), "100 bp"), ROOTS]),
        al.maximin({ROOTS: 1, al.DividendYield(): 1}),
    ):
        assert NOTE in solve(CASE, book(), aim).record["notes"], aim.name


def test_weighed_with_the_dividend_against_another_model() -> None:
    out = solve(CASE, book(), ROOTS + 20 * al.DividendYield())
    x = cp.Variable(3, nonneg=True)
    rate = np.array([0.08, 0.02, 0.04])
    truth = cp.Problem(cp.Maximize(cp.sum(cp.sqrt(x)) + 20 * rate @ x), [cp.sum(x) <= 1]).solve(solver=cp.ECOS)
    assert out.record["certificate"]["bound"] == pytest.approx(truth, abs=1e-5)


def test_what_is_not_concave() -> None:
    with pytest.raises(al.InputError) as caught:
        al.allocate(CASE, objective=al.Concave(lambda v: cp.sum_squares(v.capital)))
    assert str(caught.value) == (
        "the caller's own objective is not concave by cvxpy's rules, so it can't be maximised; "
        "write it with cvxpy's atoms, as in cp.sum(cp.sqrt(v.capital))"
    )


def test_what_is_no_function() -> None:
    with pytest.raises(al.InputError) as caught:
        al.Concave(3)  # type: ignore[arg-type]
    assert str(caught.value) == "3 is no function; give one, as in al.Concave(lambda v: v.deployed)"


def test_a_saved_outcome_says_that_it_cannot_be_rechecked(tmp_path: Path) -> None:
    """Also under the name of another objective, which is then not taken for it."""
    for name in ("roots", "variance"):
        out = solve(CASE, book(), al.Concave(lambda v: cp.sum(cp.sqrt(v.capital)), name=name))
        out.save(str(tmp_path / "out.json"))
        with pytest.raises(al.InputError) as caught:
            al.verify(al.read_outcome(tmp_path / "out.json"), CASE, book())
        shown = {"roots": "roots", "variance": "variance"}[name]
        assert str(caught.value) == (
            f"the objective '{shown}' is the caller's own expression, which no file holds; "
            "compute it again in Python: without it nothing can be rechecked"
        )


def with_its_own(v: Any) -> Any:
    y = cp.Variable(3)
    return cp.sum(y) - cp.sum_squares(y - v.capital)


NO_NUMBER = "is no single number; add it up, as in cp.sum(cp.sqrt(v.capital))"


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (lambda v: cp.sqrt(v.capital), NO_NUMBER),
        (lambda v: None, NO_NUMBER),
        (with_its_own, "has a variable of its own; write it with the entries of v alone"),
    ],
)
def test_what_is_no_number(function: Any, told: str) -> None:
    with pytest.raises(al.InputError) as caught:
        al.allocate(CASE, None, al.Concave(function))
    assert str(caught.value) == f"the caller's own objective {told}"
