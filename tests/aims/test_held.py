"""Objectives held at levels, and in order."""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import numpy as np
import pytest
from helpers import amounts, book, everything, solve, tiny, value

import allocator as al
from allocator.aims.held import held
from allocator.sparse import Vector

DY, SW, ER, VAR, VOL = (
    al.DividendYield(), al.StrategicWeight(), al.ExpectedReturn(), al.Variance(), al.Volatility(),
)  # fmt: skip
TWO = tiny({"cash-yield [%]": [8, 2], "strategic-weight": [0, 1], "capacity [$ bn]": [100, 100]})


def test_a_level_by_hand() -> None:
    """A weight of 0.25 takes 25 of b: 8% of 75 and 2% of 25."""
    out = solve(TWO, book(), al.epsilon(DY, {SW: 0.25}), resolve=True)
    assert amounts(out) == pytest.approx([75, 25], abs=0.01)
    assert value(out) == pytest.approx(0.065, abs=1e-7)
    said = out.record["objective"]
    assert said["name"] == "dividend-yield, with strategic-weight at least 0.25"
    assert (said["form"], said["of"]) == ("epsilon", "single")
    assert said["held"][0]["level"] == 0.25
    assert said["held"][0]["value"] == pytest.approx(0.25, abs=1e-5)
    (rule,) = out.record["rules"]
    assert (rule["rule"], rule["binding"]) == ("objective.strategic-weight", [""])
    # A hundredth more of weight moves 1 of 100 from 8% to 2%.
    (price,) = (each for each in out.record["prices"] if each["of"] == "objective.strategic-weight")
    assert price["worth"] == pytest.approx(-0.01 * 0.06, abs=1e-8)
    assert price["clear"] is True


def test_text_is_read_in_the_unit_of_the_objective() -> None:
    assert al.epsilon(SW, {DY: "7%", VOL: "12%", VAR: "0.02"}).levels == ((DY, 0.07), (VOL, 0.12), (VAR, 0.02))
    assert al.epsilon(SW, {DY: "7%", VOL: "12%"}).name == (
        "strategic-weight, with dividend-yield at least 7%, volatility at most 12%"
    )


def plain(seed: int) -> tuple[al.Case, Vector, Vector]:
    rng = np.random.default_rng(seed)
    mean, F = rng.uniform(0.02, 0.12, 6), 0.1 * rng.normal(size=(9, 6))
    return al.Case.from_moments(mean, F.T @ F), mean, F


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("aim", [VOL, VAR])
def test_risk_held_against_another_model(seed: int, aim: Any) -> None:
    case, mean, F = plain(seed)
    x = cp.Variable(6, nonneg=True)
    least = cp.Problem(cp.Minimize(cp.norm(F @ x)), [cp.sum(x) == 1]).solve(solver=cp.ECOS)
    level = 1.1 * least
    truth = cp.Problem(cp.Maximize(mean @ x), [cp.sum(x) == 1, cp.norm(F @ x) <= level]).solve(solver=cp.ECOS)
    out = solve(case, book(), al.epsilon(ER, {aim: level if aim is VOL else level**2}))
    assert value(out) == pytest.approx(truth, abs=1e-7)


@pytest.mark.parametrize("seed", range(3))
def test_a_tail_held_against_another_model(seed: int) -> None:
    from dataclasses import replace

    from allocator.risk import Risk

    rng = np.random.default_rng(seed)
    returns = 0.01 + 0.05 * rng.normal(size=(40, 5))
    case = replace(al.Case.from_moments(returns.mean(axis=0), np.eye(5)), risk=Risk.from_scenarios(returns))
    x = cp.Variable(5, nonneg=True)
    loss = cp.sum_largest(-returns @ x, 4) / 4
    least = cp.Problem(cp.Minimize(loss), [cp.sum(x) == 1]).solve(solver=cp.ECOS)
    truth = cp.Problem(cp.Maximize(returns.mean(axis=0) @ x), [cp.sum(x) == 1, loss <= least + 0.01])
    out = solve(case, book(), al.epsilon(ER, {al.TailLoss("90%"): float(least) + 0.01}))
    assert value(out) == pytest.approx(truth.solve(solver=cp.ECOS), abs=1e-7)


def test_a_mix_of_risk_budgets_is_kept_beside_the_levels() -> None:
    """Independent volatilities of 10 and 20%: two thirds and one third, whatever else is held."""
    case = tiny({"cash-yield [%]": [8, 4], "capacity [$ bn]": [100, 100]}, covariance=np.diag([0.01, 0.04]))
    out = solve(case, book(), al.epsilon(al.RiskBudget(), {DY: "4%"}))
    assert out.amounts["share"].tolist() == pytest.approx([2 / 3, 1 / 3], abs=1e-5)


def test_a_ratio_is_found_under_the_levels() -> None:
    case, mean, F = plain(0)
    free = solve(case, book(), al.Sharpe())
    level = float(mean @ np.array(amounts(free))) + 0.01
    out = solve(case, book(), al.epsilon(al.Sharpe(), {ER: level}))
    y, k = cp.Variable(6, nonneg=True), cp.Variable(nonneg=True)
    truth = cp.Problem(cp.Maximize(mean @ y), [cp.norm(F @ y) <= 1, cp.sum(y) == k, mean @ y >= level * k])
    assert out.record["objective"]["parts"][0]["value"] == pytest.approx(truth.solve(solver=cp.ECOS), rel=1e-5)


def test_levels_that_nothing_reaches() -> None:
    out = al.allocate(TWO, book(), al.epsilon(DY, {SW: 1.5}))
    assert out.status == "infeasible"
    assert [each["rule"] for each in out.record["violations"]] == ["objective.strategic-weight"]
    assert out.record["violations"][0]["value"] == pytest.approx(1.0, abs=1e-6)


def test_an_order_by_hand() -> None:
    """8% at best; half a point may go, which is 8 1/3 of 100 in b at six points each."""
    out = solve(TWO, book(), al.lexicographic([(DY, "50 bp"), SW]))
    assert amounts(out) == pytest.approx([100 - 100 / 12, 100 / 12], abs=0.01)
    first, last = out.record["objective"]["parts"]
    assert first["tolerance"] == 0.005
    assert first["level"] == pytest.approx(0.075, abs=1e-7)
    assert "level" not in last
    assert (first["counts"], last["counts"]) == (0, 1)
    assert out.record["objective"]["name"] == "dividend-yield, then strategic-weight"


def test_without_a_tolerance_next_to_nothing_is_given_up() -> None:
    assert amounts(solve(TWO, book(), al.lexicographic([DY, SW]))) == pytest.approx([100, 0], abs=0.01)
    assert amounts(solve(TWO, book(), al.lexicographic([SW, DY]))) == pytest.approx([0, 100], abs=0.01)


@pytest.mark.parametrize("seed", range(3))
def test_three_in_order_against_one_program_after_the_other(seed: int) -> None:
    """The mean, of which a fifth of a point may go; then the variance, of which a tenth; then the third line."""
    case, mean, F = plain(seed)
    case = case.replace("line-1", expected_return=float(mean[0]))
    x = cp.Variable(6, nonneg=True)
    whole = cp.sum(x) == 1
    top = cp.Problem(cp.Maximize(mean @ x), [whole]).solve(solver=cp.ECOS)
    kept = mean @ x >= top - 0.002
    least = cp.Problem(cp.Minimize(cp.sum_squares(F @ x)), [whole, kept]).solve(solver=cp.ECOS)
    out = solve(case, book(), al.lexicographic([(ER, 0.002), (VAR, 0.1 * float(least)), ER]))
    truth = cp.Problem(cp.Maximize(mean @ x), [whole, kept, cp.sum_squares(F @ x) <= 1.1 * least])
    assert value(out) == pytest.approx(truth.solve(solver=cp.ECOS), abs=1e-6)
    assert [part.get("level") for part in out.record["objective"]["parts"]] == [
        pytest.approx(top - 0.002, abs=1e-7),
        pytest.approx(1.1 * least, rel=1e-5),
        None,
    ]


def told(make: Any) -> str:
    with pytest.raises(al.InputError) as caught:
        make()
    return str(caught.value)


SINGLE = "pursue it alone, or leave it out"
RATIO, MIX = "it is a ratio, which is found by solving", "it fixes the mix, which leaves nothing to weigh"
REFUSED: list[tuple[Any, str]] = [
    (lambda: al.epsilon(DY, {}), "no objective is held; give at least one with its level"),
    (
        lambda: al.epsilon("yield", {SW: 1}),  # type: ignore[arg-type]
        "'yield' can't be maximised with others held; give a single objective, a sum or a blend",
    ),
    (
        lambda: al.epsilon(al.lexicographic([DY, SW]), {VAR: 1}),
        "'dividend-yield, then strategic-weight' can't be maximised with others held; "
        "give a single objective, a sum or a blend",
    ),
    (
        lambda: al.epsilon(al.epsilon(DY, {SW: 1}), {VAR: 1}),
        "'dividend-yield, with strategic-weight at least 1' can't be maximised with others held; "
        "give a single objective, a sum or a blend",
    ),
    (lambda: al.epsilon(DY, {al.Sharpe(): 1}), f"'sharpe' can't be part of what is held: {RATIO}; {SINGLE}"),
    (
        lambda: al.epsilon(DY, {al.RiskBudget(): 1}),
        f"'risk-budget in equal parts' can't be part of what is held: {MIX}; {SINGLE}",
    ),
    (
        lambda: al.epsilon(DY, {DY + SW: 1}),  # type: ignore[dict-item]
        "what is held is of single objectives, and '1 dividend-yield + 1 strategic-weight' is none; "
        "give each objective by itself, as in {al.DividendYield(): 1}",
    ),
    (
        lambda: al.epsilon(DY, {VOL: "much"}),
        "cannot read the level 'much' of 'volatility'; write a share such as 35% of equity",
    ),
    (
        lambda: al.epsilon(DY, {VOL: None}),  # type: ignore[dict-item]
        "cannot read the level 'None' of 'volatility'; give text with its unit, or a number",
    ),
    (lambda: al.epsilon(DY, {VOL: np.nan}), "the level of 'volatility' is not finite; give a finite number"),
    (
        lambda: al.lexicographic([DY]),
        "a lexicographic order has two objectives or more; add one, or pursue it alone",
    ),
    (lambda: al.lexicographic([(DY, -0.1), SW]), "the tolerance of 'dividend-yield' is negative; give zero or more"),
    (
        lambda: al.lexicographic([(DY, "x"), SW]),
        "cannot read the tolerance 'x' of 'dividend-yield'; write a share such as 35% of equity",
    ),
    (
        lambda: al.lexicographic([al.Sharpe(rate="4%"), DY]),
        f"'sharpe over 4%' can't be part of a lexicographic order: {RATIO}; {SINGLE}",
    ),
    (
        lambda: al.lexicographic([DY, al.RiskBudget()]),
        f"'risk-budget in equal parts' can't be part of a lexicographic order: {MIX}; {SINGLE}",
    ),
]


@pytest.mark.parametrize(("make", "said"), REFUSED)
def test_refused(make: Any, said: str) -> None:
    assert told(make) == said


CURVED = "its curves make no single limit; maximise it and hold another, or blend them"


def test_objectives_that_make_no_single_limit() -> None:
    case = everything()
    assert told(lambda: held(al.RobustYield(), case, 0.06)) == (
        f"'robust-yield within 1 standard error' can't be held at a level here: {CURVED}"
    )
    own = al.Concave(lambda v: cp.sum(cp.sqrt(v.capital)), name="roots")
    assert told(lambda: al.allocate(case, objective=al.epsilon(DY, {own: 1.0}))) == (
        f"'roots' can't be held at a level here: {CURVED}"
    )
    assert told(lambda: al.allocate(case, objective=al.lexicographic([al.RobustYield(), DY]))) == (
        f"'robust-yield within 1 standard error' can't be held at a level here: {CURVED}"
    )


@pytest.mark.parametrize("aim", [DY, SW, ER, VAR, VOL, al.TailLoss(), al.Tracking()])
def test_the_clause_is_broken_where_the_level_is_not_reached(aim: Any) -> None:
    """Whatever its shape: its level at v is the objective's number at v."""
    case = everything()
    rng = np.random.default_rng(1)
    clause = held(aim, case, 0.05)
    for _ in range(20):
        v = case.decision.vector(rng.uniform(0, 0.4, 4), rng.uniform(0, 0.1, case.decision.pairs))
        assert clause.numbers[0].at(clause.level(v))[0] == pytest.approx(aim.measured(case, v), rel=1e-9)
        short = aim.measured(case, v) < 0.05
        assert (clause.excess(v)[0] > 0) == (short if clause.at_least else not short)


def test_an_order_within_rules_that_leave_nothing() -> None:
    case = tiny({"cash-yield [%]": [8, 5], "strategic-weight": [1, 2], "capacity [$ bn]": [50, 30]})
    out = al.allocate(case, book(al.rules.Amount(id="size", title="S", at_least="$90 bn")), al.lexicographic([DY, SW]))
    assert out.status == "infeasible"
    assert out.violations.index.tolist() == ["size"]
