"""Parts of the risk by budget: published mixes, a convex program, and what is refused."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest
from helpers import amounts, book, everything, solve, tiny

import allocator as al
from allocator.errors import NotCertified
from allocator.objectives.risk_budget import mix
from allocator.risk import Risk
from allocator.sparse import Vector

pytestmark = pytest.mark.filterwarnings("ignore:Solution may be inaccurate")


def covariance(volatility: list[float], correlation: list[list[float]]) -> Vector:
    sigma = np.array(volatility) / 100
    return np.array(correlation) * np.outer(sigma, sigma)


# Volatilities in percent, correlations, budgets, the published mix in percent.
PUBLISHED = {
    # Maillard, Roncalli and Teiletche, The properties of equally weighted risk contribution portfolios, Journal of
    # Portfolio Management 36 (2010), the two four-asset examples of the numerical illustrations.
    "maillard: one correlation": (
        [10, 20, 30, 40],
        (0.5 + 0.5 * np.eye(4)).tolist(),
        None,
        [48, 24, 16, 12],
        0.01,
    ),
    "maillard: blocks": (
        [10, 20, 30, 40],
        [[1, 0.8, 0, 0], [0.8, 1, 0, 0], [0, 0, 1, -0.5], [0, 0, -0.5, 1]],
        None,
        [38.4, 19.2, 24.3, 18.2],
        0.05,
    ),
    # Roncalli, Introduction to Risk Parity and Budgeting, Chapman and Hall 2013, the three-asset example of chapter 2.
    "roncalli: equal": (
        [30, 20, 15],
        [[1, 0.8, 0.5], [0.8, 1, 0.3], [0.5, 0.3, 1]],
        None,
        [19.69, 32.44, 47.87],
        0.005,
    ),
    "roncalli: budgets": (
        [30, 20, 15],
        [[1, 0.8, 0.5], [0.8, 1, 0.3], [0.5, 0.3, 1]],
        [50, 20, 30],
        [31.15, 21.90, 46.96],
        0.005,
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_mixes(name: str) -> None:
    volatility, correlation, budgets, printed, digit = PUBLISHED[name]
    matrix = covariance(volatility, correlation)
    case = al.Case.from_moments(np.zeros(len(matrix)), matrix)
    given = budgets and {line: f"{part}%" for line, part in zip(case.universe.ids, budgets, strict=True)}
    out = solve(case, book(), al.RiskBudget(given))
    # Half of the last printed digit, and what the canonical choice gives up.
    assert amounts(out) == pytest.approx([each / 100 for each in printed], abs=digit / 100 + 2e-6)
    x = np.array(amounts(out))
    parts = x * (matrix @ x) / (x @ matrix @ x)
    wanted = np.full(len(x), 1 / len(x)) if budgets is None else np.array(budgets) / 100
    assert parts == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("seed", range(6))
def test_against_the_logarithmic_barrier(seed: int) -> None:
    """The mix is where `x'Cx / 2 - sum b log x` is least (Spinu 2013), by another solver."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 8))
    F = rng.normal(size=(n + 2, n)) * rng.uniform(0.05, 0.4, n)
    budgets = rng.dirichlet(np.ones(n))
    if n > 3:
        budgets[0], budgets[1] = 0.0, budgets[0] + budgets[1]
    used = budgets > 0
    x = cp.Variable(n, nonneg=True)
    barrier = cp.Problem(
        cp.Minimize(cp.sum_squares(F @ x) / 2 - budgets[used] @ cp.log(x[np.flatnonzero(used)])), [x[~used] == 0]
    )
    barrier.solve(solver=cp.ECOS, abstol=1e-11, reltol=1e-11, feastol=1e-11)
    names = tuple(f"line-{i}" for i in range(n))
    risk = Risk.from_covariance(F.T @ F, names)
    found = mix(risk, budgets, names)
    assert found == pytest.approx(x.value / x.value.sum(), abs=1e-6)
    assert risk.shares(found) == pytest.approx(budgets, abs=1e-10)
    assert found.sum() == pytest.approx(1)


def test_as_much_as_fits_of_the_mix() -> None:
    """Independent volatilities of 10, 20 and 40%: 4 : 2 : 1; capacities of 40, 40 and 5 leave 20, 10 and 5."""
    case = tiny({"cash-yield [%]": [8, 8, 8], "capacity [$ bn]": [40, 40, 5]}, covariance=np.diag([0.01, 0.04, 0.16]))
    out = solve(case, book(), al.RiskBudget())
    assert amounts(out) == pytest.approx([20, 10, 5], abs=0.01)
    assert out.record["objective"]["name"] == "risk-budget in equal parts"
    (part,) = out.record["objective"]["parts"]
    assert part["value"] == pytest.approx(0.35, abs=1e-5)
    assert part["unit"] == "multiple"
    assert part["settings"]["shares"] == pytest.approx([4 / 7, 2 / 7, 1 / 7])


def test_a_line_without_a_budget_gets_nothing() -> None:
    case = al.Case.from_moments([0, 0, 0], np.diag([0.01, 0.04, 0.16]))
    out = solve(case, book(), al.RiskBudget({"line-1": 0.5, "line-2": "50%"}))
    assert amounts(out) == pytest.approx([2 / 3, 1 / 3, 0], abs=1e-5)
    assert out.record["objective"]["name"] == "risk-budget in given parts"


def test_rules_that_do_not_admit_the_mix_are_named() -> None:
    case = al.Case.from_moments([0, 0, 0], np.diag([0.01, 0.04, 0.16]))
    cap = al.rules.Share(id="cap", title="Cap", each="line", of="deployed", at_most="40%")
    out = al.allocate(case, book(cap), al.RiskBudget())
    assert out.status == "infeasible"
    broken = {each["rule"] for each in out.record["violations"]}
    assert broken <= {"cap", "objective.risk-budget"}
    assert "cap" in broken


def test_rules_that_leave_no_capital() -> None:
    case = tiny({"cash-yield [%]": [8, 8], "capacity [$ bn]": [40, 40]}, covariance=np.diag([0.01, 0.04]))
    with pytest.raises(al.InputError) as caught:
        al.allocate(case, book(al.rules.Exclusion(id="out", title="Out", scope={"line": "a"})), al.RiskBudget())
    assert str(caught.value) == (
        "the rules and terms leave no capital for a mix with these risk budgets; "
        "leave lines that are excluded or have no capacity out of the budgets"
    )


REFUSED = [
    ({"a": 0.5}, "the risk budgets must be zero or more and add up to 100%; mend the shares"),
    ({"a": 1.5, "b": -0.5}, "the risk budgets must be zero or more and add up to 100%; mend the shares"),
    ({"a": "half", "b": 0.5}, "cannot read the risk budgets of 'a' 'half'; write 30%, say"),
    ({"a": float("nan"), "b": 0.5}, "the risk budgets of 'a' is not finite; write 30%, say"),
    ([0.5, 0.5], "cannot read the risk budgets '[0.5, 0.5]'; give lines with their shares, as in {'power': '30%'}"),
]


@pytest.mark.parametrize(("budgets", "told"), REFUSED)
def test_budgets_that_mean_nothing(budgets: object, told: str) -> None:
    with pytest.raises(al.InputError) as caught:
        al.RiskBudget(budgets)  # type: ignore[arg-type]
    assert str(caught.value) == told


def refused(case: al.Case, aim: al.RiskBudget) -> str:
    with pytest.raises(al.InputError) as caught:
        al.allocate(case, book(), aim)
    return str(caught.value)


def test_what_the_case_lacks() -> None:
    plain = al.Case.from_moments([0, 0], np.diag([0.01, 0.0]))
    assert refused(plain, al.RiskBudget({"line-3": 1})) == "no line 'line-3' for a risk budget; did you mean 'line-2'?"
    assert refused(plain, al.RiskBudget()) == (
        "'line-2' has no risk, so it can't take a part of it; give it a budget of zero"
    )
    assert refused(tiny({"cash-yield [%]": [8]}), al.RiskBudget()) == (
        "objective 'risk-budget' needs a covariance, and the case has no risk; give it one, as in 'risk: {correlation: correlation.csv}' in fund.yaml"
    )
    assert refused(everything(), al.RiskBudget(shares=[1.0])) == (
        "the mix has not a share for each line; leave it out: it is found from the budgets"
    )


def test_lines_that_cancel_each_other_out_have_no_mix() -> None:
    """Two lines that are one short the other: their mix of equal parts has no risk to share out."""
    risk = Risk.from_covariance(np.array([[0.04, -0.04], [-0.04, 0.04]]), ("a", "b"))
    with pytest.raises(NotCertified) as caught:
        mix(risk, np.array([0.3, 0.7]), ("a", "b"))
    assert str(caught.value) == "no mix with these risk budgets was found: the covariance is nearly singular"
