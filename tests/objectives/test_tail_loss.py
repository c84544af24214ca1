"""Conditional value at risk: published figures, linear programs, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from helpers import amounts, book, decisions, everything, solve, tiny, value
from hypothesis import given
from scipy.optimize import linprog
from scipy.stats import norm, qmc

import allocator as al
from allocator.risk import Risk
from allocator.sparse import Vector

# Rockafellar and Uryasev, Optimization of conditional value-at-risk, Journal of Risk 2 (2000), section on portfolio
# optimization: S&P 500, long-term government bonds and small caps; monthly moments, and a mean of 1.1% or more.
MEAN = np.array([0.0101110, 0.0043532, 0.0137058])
COVARIANCE = np.array(
    [
        [0.00324625, 0.00022983, 0.00420395],
        [0.00022983, 0.00049937, 0.00019247],
        [0.00420395, 0.00019247, 0.00764097],
    ]
)
MIX = [0.452013, 0.115573, 0.432414]
CVAR = {"90%": 0.096975, "95%": 0.115908, "99%": 0.152977}
NEAR = {"90%": 0.01, "95%": 0.01, "99%": 0.07}
"How far the mix may be from the published one: the tail is flat near it, and few scenarios make the last hundredth."
TARGET = al.rules.Ratio(
    id="target", title="Target", numerator="expected-return", denominator="equity", at_least="1.1%"
)  # fmt: skip


def normal(points: int) -> Vector:
    """Returns that are normal up to their discretisation, as in the paper by quasi-random numbers: a Sobol sequence
    with its mirror image, its moments made exact.
    """
    z = norm.ppf(qmc.Sobol(3, scramble=True, seed=1).random(points))
    z = np.vstack([z, -z])
    z = z @ np.linalg.inv(np.linalg.cholesky(z.T @ z / len(z))).T
    return np.asarray(MEAN + z @ np.linalg.cholesky(COVARIANCE).T)


def case_of(returns: Vector) -> al.Case:
    case = al.Case.from_moments(MEAN, COVARIANCE)
    return replace(case, risk=Risk.from_scenarios(returns))


@pytest.mark.parametrize("aim", [al.Variance(), al.Volatility()])
def test_the_published_least_variance(aim: al.Variance | al.Volatility) -> None:
    out = solve(al.Case.from_moments(MEAN, COVARIANCE), book(TARGET), aim)
    assert amounts(out) == pytest.approx(MIX, abs=2e-5)
    assert out.totals["volatility"] ** 2 == pytest.approx(0.00378529, abs=1e-8)


@pytest.mark.parametrize("confidence", CVAR)
def test_the_published_least_tail_loss(confidence: str) -> None:
    """Under normality it is that of the least variance. 8,192 scenarios tell the tail of the published mix up to the
    error that is measured here; the least can be no higher, nor lower by much more.
    """
    returns = normal(4096)
    case = case_of(returns)
    out = solve(case, book(TARGET), al.TailLoss(confidence))
    own = tail(-returns @ np.array(MIX), 1 - float(confidence.rstrip("%")) / 100)
    error = abs(own - CVAR[confidence])
    assert error < 0.0025 * CVAR[confidence]
    assert -value(out) <= own + 1e-6
    assert -value(out) == pytest.approx(CVAR[confidence], rel=0.003)
    assert amounts(out) == pytest.approx(MIX, abs=NEAR[confidence])


def tail(losses: Vector, part: float) -> float:
    """The mean of the worst part, by the value at risk that makes it least."""
    return min(q + np.maximum(losses - q, 0).mean() / part for q in np.sort(losses)[-int(part * len(losses)) - 2 :])


@pytest.mark.parametrize("confidence", [0.0, 0.5, 0.9, 0.93, 0.99])
def test_against_a_linear_program(confidence: float) -> None:
    """Rockafellar and Uryasev's own program by HiGHS of scipy; also where the worst part is no whole number."""
    rng = np.random.default_rng(5)
    returns = 0.01 + 0.05 * rng.normal(size=(30, 4))
    case = al.Case.from_moments(returns.mean(axis=0), np.eye(4))
    out = solve(replace(case, risk=Risk.from_scenarios(returns)), book(), al.TailLoss(confidence))
    # x, q, then by how much each scenario is over q.
    cost = np.concatenate([np.zeros(4), [1.0], np.full(30, 1 / (30 * (1 - confidence)))])
    rows = np.hstack([-returns, -np.ones((30, 1)), -np.eye(30)])
    least = linprog(
        cost,
        rows,
        np.zeros(30),
        [np.concatenate([np.ones(4), np.zeros(31)])],
        [1.0],
        [(0, None)] * 4 + [(None, None)] + [(0, None)] * 30,
    )
    assert -value(out) == pytest.approx(least.fun, abs=1e-8)
    part = out.record["objective"]["parts"][0]
    assert part["value"] == pytest.approx(tail(-returns @ np.array(amounts(out)), 1 - confidence), abs=1e-9)


EVERYTHING = everything()


@given(v=decisions(EVERYTHING))
def test_agrees_with_a_formula(v: Vector) -> None:
    assert EVERYTHING.risk is not None
    assert EVERYTHING.risk.scenarios is not None
    losses = -EVERYTHING.risk.scenarios @ v[:4]
    assert al.TailLoss("90%").measured(EVERYTHING, v) == pytest.approx(np.sort(losses)[-4:].mean(), abs=1e-12)


def test_two_scenarios_by_hand() -> None:
    """a loses 10% in one, b 30% in the other; 3/4 of a makes both lose 7.5%."""
    case = replace(
        al.Case.from_moments([0, 0], np.eye(2)), risk=Risk.from_scenarios(np.array([[-0.1, 0.0], [0.0, -0.3]]))
    )
    out = solve(case, book(), al.TailLoss("50%"))
    assert amounts(out) == pytest.approx([0.75, 0.25], abs=1e-5)
    assert value(out) == pytest.approx(-0.075, abs=1e-8)
    assert out.record["objective"]["name"] == "tail-loss at 50%"


@pytest.mark.parametrize(
    ("confidence", "told"),
    [
        ("most", "cannot read the confidence 'most'; write 95%, say"),
        (1.0, "the confidence 100% is not from 0% to below 100%; write 95%, say"),
        ("-5%", "the confidence -5% is not from 0% to below 100%; write 95%, say"),
        (95, "the confidence 9,500% is not from 0% to below 100%; write 95%, say"),
        (float("nan"), "the confidence is not finite; write 95%, say"),
        (None, "cannot read the confidence 'None'; write 95%, say"),
    ],
)
def test_a_confidence_that_means_nothing(confidence: float | str, told: str) -> None:
    with pytest.raises(al.InputError) as caught:
        al.TailLoss(confidence)
    assert str(caught.value) == told


def test_a_case_without_scenarios() -> None:
    for case in (tiny({"cash-yield [%]": [8]}), al.Case.from_moments([0.1], np.eye(1))):
        with pytest.raises(al.InputError) as caught:
            al.allocate(case, objective=al.TailLoss())
        assert str(caught.value) == (
            "objective 'tail-loss' needs return scenarios, and the case has none; "
            "name a table under 'risk: {scenarios: ...}' in fund.yaml, or use Case.from_returns"
        )
