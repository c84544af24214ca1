"""Return for risk: published ratios, the change of variables of Charnes and Cooper, and what is refused."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest
from helpers import amounts, book, dense, everything, solve, tiny

import allocator as al

pytestmark = pytest.mark.filterwarnings("ignore:Solution may be inaccurate")


def ratio(out: al.Outcome) -> float:
    """The best ratio; that of the amounts is within what the canonical choice may give up."""
    (part,) = out.record["objective"]["parts"]
    assert part["value"] == pytest.approx(part["settings"]["at"], rel=1e-5)
    return float(part["settings"]["at"])


def test_elton_and_gruber() -> None:
    """Elton and Gruber, Modern Portfolio Theory and Investment Analysis, the three securities of the chapter on
    techniques for the efficient frontier: 14/18, 1/18 and 3/18, a mean of 14 2/3 and a variance of 33 5/6.
    """
    sigma = np.array([6.0, 3.0, 15.0]) / 100
    covariance = np.array([[1, 0.5, 0.2], [0.5, 1, 0.4], [0.2, 0.4, 1]]) * np.outer(sigma, sigma)
    out = solve(al.Case.from_moments([0.14, 0.08, 0.20], covariance), book(), al.Sharpe(rate="5%"))
    x = np.array(amounts(out))
    assert x == pytest.approx(np.array([14, 1, 3]) / 18, abs=2e-5)
    assert ratio(out) == pytest.approx((44 / 3 - 5) / (203 / 6) ** 0.5, rel=1e-6)
    assert out.totals["expected-return"] * 100 == pytest.approx(44 / 3, abs=1e-3)
    assert out.record["objective"]["name"] == "sharpe over 5%"


def test_gurobi_optimods(reference: Path) -> None:
    """The example of 'Maximum Sharpe ratio' in the documentation of gurobi-optimods: a ratio of 1.810906."""
    data = reference / "gurobi_optimods" / "data"
    mean = pd.read_csv(data / "sharpe_mu.csv", index_col=0)["expected_return"]
    out = solve(al.Case.from_moments(mean, pd.read_csv(data / "sharpe_cov.csv", index_col=0)), book(), al.Sharpe())
    assert ratio(out) == pytest.approx(1.810906, abs=1e-6)
    assert amounts(out) == pytest.approx([0.4358499, 0, 0.0800445, 0, 0.4841056, 0], abs=1e-5)


def test_matlab() -> None:
    """'Efficient portfolio that maximizes Sharpe ratio' in the documentation of MATLAB's Financial Toolbox."""
    covariance = np.array(
        [
            [0.0064, 0.00408, 0.00192, 0],
            [0.00408, 0.0289, 0.0204, 0.0119],
            [0.00192, 0.0204, 0.0576, 0.0336],
            [0, 0.0119, 0.0336, 0.1225],
        ]
    )
    mean, printed = np.array([0.05, 0.1, 0.12, 0.18]), np.array([0.4251, 0.2917, 0.0856, 0.1977])
    out = solve(al.Case.from_moments(mean, covariance), book(), al.Sharpe(rate=0.03))
    assert amounts(out) == pytest.approx(printed.tolist(), abs=1e-4)
    x = printed / printed.sum()
    own = (mean @ x - 0.03) / (x @ covariance @ x) ** 0.5
    assert ratio(out) == pytest.approx(own, rel=1e-6)


def charnes_cooper(mean: Any, rate: float, cap: float, F: Any = None, loss: Any = None, count: float = 1) -> float:
    """The most of gain over risk, homogenised: what is left of each portfolio is divided by its risk."""
    y, k = cp.Variable(len(mean), nonneg=True), cp.Variable(nonneg=True)
    risk = cp.norm(F @ y) if F is not None else cp.sum_largest(loss @ y, int(count)) / count
    problem = cp.Problem(cp.Maximize(mean @ y - rate * k), [risk <= 1, cp.sum(y) == k, y <= cap * k])
    problem.solve(solver=cp.ECOS, abstol=1e-11, reltol=1e-11, feastol=1e-11)
    return float(problem.value)


CAP = al.rules.Share(id="cap", title="Cap", each="line", of="equity", at_most="40%")


@pytest.mark.parametrize("seed", range(4))
def test_by_charnes_and_cooper(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 8))
    mean, F = rng.uniform(0.02, 0.12, n), rng.normal(size=(n + 3, n)) * 0.1
    case = al.Case.from_moments(mean, F.T @ F)
    out = solve(case, book(CAP), al.Sharpe(rate=0.01))
    assert ratio(out) == pytest.approx(charnes_cooper(mean, 0.01, 0.4, F=F), rel=1e-6)
    x = np.array(amounts(out))
    assert ratio(out) == pytest.approx((mean @ x - 0.01) / np.linalg.norm(F @ x), rel=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_over_tail_loss_by_charnes_and_cooper(seed: int) -> None:
    from dataclasses import replace

    from allocator.risk import Risk

    rng = np.random.default_rng(seed)
    returns = 0.01 + 0.05 * rng.normal(size=(40, 5))
    case = al.Case.from_moments(returns.mean(axis=0), np.eye(5))
    case = replace(case, risk=Risk.from_scenarios(returns))
    out = solve(case, book(CAP), al.Sharpe(risk="tail-loss", confidence="90%"))
    truth = charnes_cooper(returns.mean(axis=0), 0.0, 0.4, loss=-returns, count=4)
    assert ratio(out) == pytest.approx(truth, rel=1e-6)
    assert out.record["objective"]["name"] == "sharpe by tail-loss at 90%"


def test_of_a_fund_with_debt_no_other_point_is_better() -> None:
    """Random allocations within capacity, all of equity and some of the loan: none has more return for its risk."""
    case = everything()
    out = solve(case, book(al.rules.Amount(id="size", title="S", at_least="$105 bn")), al.Sharpe(rate="4%"))
    aim, d = al.Sharpe(rate="4%"), case.decision
    rng = np.random.default_rng(0)
    F, clauses, tried = dense(case.risk.factor), book().clauses(case), 0  # type: ignore[union-attr]
    for _ in range(2000):
        x = rng.dirichlet(np.ones(4)) * rng.uniform(1.05, 1.4)
        loans = np.zeros(d.pairs)
        loans[: len(x)] = (x.sum() - 1.0) * x / x.sum()
        v = d.vector(x, loans)
        if case.box.outside(v) > 0 or any(clause.excess(v).max(initial=0.0) > 1e-12 for clause in clauses):
            continue
        tried += 1
        assert aim.measured(case, v) <= ratio(out) + 1e-9
        risk = np.linalg.norm(F @ x)
        assert aim.measured(case, v) * risk == pytest.approx(al.ExpectedReturn().measured(case, v) - 0.04)
    assert tried > 100


ONE = {"cash-yield [%]": [8, 6], "expected-return [%]": [9, 7], "capacity [$ bn]": [100, 100]}


def refused(case: al.Case, aim: al.Sharpe, *rules: al.rules.Amount) -> str:
    with pytest.raises(al.InputError) as caught:
        al.allocate(case, book(*rules), aim)
    return str(caught.value)


@pytest.mark.parametrize("penalty", ["30 bp", "100 bp", "300 bp", "1000 bp"])
def test_what_soft_rules_cost_is_taken_off_the_gain(penalty: str) -> None:
    """Of two lines alone: the share of the second is looked for on a fine grid."""
    mean, covariance = np.array([0.06, 0.09]), np.diag([0.0225, 0.09])
    floor = al.rules.Share(
        id="floor", title="Floor", scope={"line": "a1"}, of="deployed", at_least="45%", severity="soft", penalty=penalty
    )
    case = al.Case.from_moments(pd.Series(mean, ["a0", "a1"]), covariance)
    out = solve(case, book(floor), al.Sharpe("2%"))
    s = np.linspace(0, 1, 200_001)
    cost = float(floor.penalty or 0) * np.maximum(0.45 - s, 0)
    net = ((1 - s) * mean[0] + s * mean[1] - 0.02 - cost) / np.sqrt(0.0225 * (1 - s) ** 2 + 0.09 * s**2)
    (part,) = out.record["objective"]["parts"]
    assert part["settings"]["at"] == pytest.approx(net.max(), rel=1e-8)
    share = s[net.argmax()]
    assert amounts(out)[1] == pytest.approx(share, abs=2e-3)
    assert part["value"] >= part["settings"]["at"] - 1e-9
    check = al.verify(out, case, book(floor))
    assert check, str(check)
    forged = al.Outcome(copy.deepcopy(out.record))
    forged.record["objective"]["parts"][0]["settings"]["at"] *= 1.01
    assert not al.verify(forged, case, book(floor))


def test_a_reserve_that_earns_the_rate_without_risk() -> None:
    case = tiny(ONE, covariance=np.diag([0.04, 0.01]), **{"reserve-yield": "3%"})
    for rate, shown in ((0.0, "0%"), ("2%", "2%"), ("3%", "3%")):
        assert refused(case, al.Sharpe(rate=rate)) == (
            f"the reserve earns 3% without risk, and the rate of {shown} is no more than that; "
            "give a higher rate, as in al.Sharpe(rate='4%'), or have a rule ask for some capital"
        )


def test_a_rule_that_asks_for_capital_leaves_nothing_without_risk() -> None:
    """All of equity deployed, two independent lines: weights go as gain over variance, 9 / 4 to 7 / 1."""
    case = tiny(ONE, covariance=np.diag([0.04, 0.01]), **{"reserve-yield": "3%"})
    out = solve(case, book(al.rules.Amount(id="size", title="S", at_least="$100 bn")), al.Sharpe())
    assert amounts(out) == pytest.approx([100 * 2.25 / 9.25, 100 * 7 / 9.25], abs=0.3)
    assert ratio(out) == pytest.approx((0.09**2 / 0.04 + 0.07**2 / 0.01) ** 0.5, rel=1e-6)


def test_no_gain_over_the_rate() -> None:
    assert refused(al.Case.from_moments([0.02, 0.01], np.diag([0.04, 0.01])), al.Sharpe(rate="2%")) == (
        "no allocation earns more than the rate of 2%; give a lower rate, or pursue the expected return alone"
    )


def test_no_risk() -> None:
    assert refused(al.Case.from_moments([0.02, 0.05], np.diag([0.04, 0.0])), al.Sharpe(rate="1%")) == (
        "an allocation has no risk, so no ratio is best; pursue the expected return alone"
    )


SETTINGS: list[tuple[dict[str, Any], str]] = [
    ({"rate": "much"}, "cannot read the rate 'much'; write 4%, say"),
    ({"rate": float("inf")}, "the rate is not finite; write 4%, say"),
    ({"rate": None}, "cannot read the rate 'None'; write 4%, say"),
    ({"risk": "beta"}, "unknown risk 'beta'; write volatility or tail-loss"),
    ({"confidence": 0.9}, "a confidence goes with risk 'tail-loss'; leave it out, or change the risk"),
    (
        {"risk": "tail-loss", "confidence": "100%"},
        "the confidence 100% is not from 0% to below 100%; write 95%, say",
    ),
]


@pytest.mark.parametrize(("settings", "told"), SETTINGS)
def test_settings_that_mean_nothing(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(al.InputError) as caught:
        al.Sharpe(**settings)
    assert str(caught.value) == told
