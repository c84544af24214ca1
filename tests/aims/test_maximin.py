"""The objective that fares worst does as well as it can."""

from __future__ import annotations

import math
from typing import Any

import cvxpy as cp
import numpy as np
import pytest
from helpers import amounts, book, solve, tiny

import allocator as al
from allocator.objectives import Range

DY, SW, ER, VAR = al.DividendYield(), al.StrategicWeight(), al.ExpectedReturn(), al.Variance()
TWO = tiny({"cash-yield [%]": [8, 2], "strategic-weight": [0, 1], "capacity [$ bn]": [100, 100]})


@pytest.mark.parametrize(("weights", "share"), [((1, 1), 0.5), ((2, 1), 2 / 3), ((1, 3), 0.25), ((0.5, 1.5), 0.25)])
def test_two_lines_that_pull_apart(weights: tuple[float, float], share: float) -> None:
    """Each range is from all in one line to all in the other, so that both go up it as their weights are."""
    out = solve(TWO, book(), al.maximin({DY: weights[0], SW: weights[1]}))
    assert amounts(out) == pytest.approx([100 * share, 100 - 100 * share], abs=0.1)
    said = out.record["objective"]
    assert said["lows"] == pytest.approx([0.02, 0], abs=1e-4)
    assert said["ranges"] == pytest.approx([0.06, 1], abs=1e-4)
    assert said["name"] == f"the least of dividend-yield {weights[0]:g} and strategic-weight {weights[1]:g}"


@pytest.mark.parametrize("seed", range(3))
def test_against_another_model(seed: int) -> None:
    """With its ranges given: mean and variance of a plain portfolio, by ECOS."""
    rng = np.random.default_rng(seed)
    mean, F = rng.uniform(0.02, 0.12, 6), 0.1 * rng.normal(size=(9, 6))
    case = al.Case.from_moments(mean, F.T @ F)
    from allocator.aims import Maximin

    out = solve(case, book(), Maximin(((1.0, ER), (2.0, VAR)), (Range(0.05, 0.04), Range(-0.02, 0.015))))
    x = cp.Variable(6, nonneg=True)
    up = [(mean @ x - 0.05) / 0.04, (0.02 - cp.sum_squares(F @ x)) / 0.03]
    aim = cp.minimum(*up) + 1e-4 * (up[0] + up[1])
    truth = cp.Problem(cp.Maximize(aim), [cp.sum(x) == 1]).solve(solver=cp.ECOS)
    assert out.record["certificate"]["bound"] == pytest.approx(truth, abs=3e-5)
    assert out.record["objective"]["value"] == pytest.approx(truth, abs=3e-5)


def test_what_helps_one_and_hurts_none_is_taken() -> None:
    """The least is that of a and b's weight; c has all of b's and yields more."""
    case = tiny({"cash-yield [%]": [8, 2, 3], "strategic-weight": [0, 1, 1], "capacity [$ bn]": [100, 100, 100]})
    out = solve(case, book(), al.maximin({DY: 1, SW: 1}))
    assert amounts(out)[1] == pytest.approx(0, abs=0.1)


def test_an_objective_without_a_range_counts_by_its_size() -> None:
    """One line only: nothing moves, and both are at their best."""
    out = solve(tiny({"cash-yield [%]": [8], "strategic-weight": [2], "capacity [$ bn]": [100]}), book(),
                al.maximin({DY: 1, SW: 1}))  # fmt: skip
    assert out.record["objective"]["ranges"] == pytest.approx([0.08, 2.0], abs=1e-4)
    assert out.record["objective"]["value"] == pytest.approx(0, abs=1e-4)


SINGLE = "pursue it alone, or leave it out"
REFUSED: list[tuple[dict[Any, Any], str]] = [
    ({DY: 1}, "a maximin is of two objectives or more; add one, or pursue it alone"),
    ({DY: 1, SW: 0}, "a maximin is of two objectives or more; add one, or pursue it alone"),
    ({DY: 1, SW: -1}, "weights of a maximin must be zero or more, and not all zero; mend the weights"),
    ({DY: 1, SW: math.inf}, "weights of a maximin must be zero or more, and not all zero; mend the weights"),
    ({DY: 0, SW: 0}, "weights of a maximin must be zero or more, and not all zero; mend the weights"),
    (
        {DY: 1, al.Sharpe(): 1},
        f"'sharpe' can't be part of a maximin: it is a ratio, which is found by solving; {SINGLE}",
    ),
    (
        {DY: 1, al.RiskBudget(): 1},
        "'risk-budget in equal parts' can't be part of a maximin: it fixes the mix, which leaves nothing to weigh; "
        + SINGLE,
    ),
    (
        {DY: 1, DY + SW: 1},
        "a maximin is of single objectives, and '1 dividend-yield + 1 strategic-weight' is none; "
        "give each objective by itself, as in {al.DividendYield(): 1}",
    ),
]


@pytest.mark.parametrize(("given", "said"), REFUSED)
def test_refused(given: dict[Any, Any], said: str) -> None:
    with pytest.raises(al.InputError) as caught:
        al.maximin(given)
    assert str(caught.value) == said


def test_it_does_not_add_up() -> None:
    with pytest.raises(al.InputError) as caught:
        al.maximin({DY: 1, SW: 1}) + ER
    assert str(caught.value) == (
        "'the least of dividend-yield 1 and strategic-weight 1' can't be added or multiplied: "
        "it looks at the least of its objectives only; "
        "add the objectives in it without it, or weigh all of them in one blend"
    )
