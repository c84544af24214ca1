"""One measure over another."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from conftest import small_case
from helpers import amounts, check_clause, check_price, decisions, dollars, refused, solve, tiny, value
from hypothesis import given
from hypothesis import strategies as st

import allocator as al

Ratio = al.rules.Ratio
ON = dt.date(2026, 4, 1)
SMALL = small_case()
# One line at 8% that compresses above 100; bullet debt at 3%. The debt F is deployed, since 8% - 4% * F / 400 > 3%.
LEVERED = tiny(
    {"cash-yield [%]": [8], "capacity [$ bn]": [400]},
    [{"id": "loan", "capacity": "$200 bn", "cost": "3%", "tenor": "20 years", "repayment": "bullet"}],
    compression={"from": "25%", "slope": "4%"},
)


def over(numerator: object, denominator: object, **fields: object) -> Ratio:
    return Ratio.read({"id": "r", "title": "R", "numerator": numerator, "denominator": denominator, **fields})


def test_power_follows_compute() -> None:
    # a needs 10 MW a $ bn, b supplies 50: 50 b = 10 k a with a + b = 100, so a = 100 / (1 + 0.2 k).
    case = tiny({"cash-yield [%]": [9, 5], "capacity [$ bn]": [100, 100], "need [MW]": [10, 0], "supply [MW]": [0, 50]})
    rule = over({"column": "supply"}, {"column": "need"}, at_least="1.15x")
    out = solve(case, rule)
    a = 100 / 1.23
    assert amounts(out) == pytest.approx([a, 100 - a], abs=0.005)
    # Income is (9 a + 5 * 0.2 k a) / 100 = (9 + k) / (1 + 0.2 k): its slope is (1 - 1.8) / 1.23^2, on 100 of equity.
    assert check_price(case, rule, "at-least", "1.145x", "1.155x") == pytest.approx(-0.8 / 1.23**2 / 100, rel=1e-4)


def test_debt_over_income_net_of_compression_has_a_concave_denominator() -> None:
    # F = 5 * (8 + 0.08 F - 0.00005 F^2): 0.00025 F^2 + 0.6 F - 40 = 0.
    F = (-0.6 + math.sqrt(0.36 + 0.04)) / 0.0005
    rule = over("debt", "net-cash-income", at_most="5.00x")
    out = solve(LEVERED, rule)
    assert out.totals["debt"] == pytest.approx(F, abs=0.01)
    income = 8 + 0.08 * F - 0.00005 * F**2
    assert value(out) == pytest.approx((income - 0.03 * F) / 100, abs=1e-7)
    assert out.record["rules"][0]["value"] == pytest.approx(5, abs=1e-3)
    # F - k I(F) = 0: dF/dk = I / (1 - k I'), and a dollar of debt earns I' - 3%.
    marginal = 0.08 - 0.0001 * F
    worth = (marginal - 0.03) * income / (1 - 5 * marginal) / 100
    assert check_price(LEVERED, rule, "at-most", "4.99x", "5.01x") == pytest.approx(worth, rel=1e-3)


def test_expected_return_as_a_measure() -> None:
    # Expected return over cash income at least 1.5x: (4 a + 10 b) = 1.5 (8 a + 2 b) with a + b = 100: 7 b = 8 a.
    case = tiny({"cash-yield [%]": [8, 2], "expected-return [%]": [4, 10], "capacity [$ bn]": [100, 100]})
    rule = over("expected-return", "cash-income", at_least="1.50x")
    out = solve(case, rule)
    a = 100 * 7 / 15
    assert amounts(out) == pytest.approx([a, 100 - a], abs=0.005)
    # (8 k - 4) a = (10 - 2 k) (100 - a): a = 100 (10 - 2 k) / (6 + 6 k), da/dk = -100 * 72 / (6 + 6 k)^2 = -32.
    assert check_price(case, rule, "at-least", "1.49x", "1.51x") == pytest.approx(-32 * 0.06 / 100, rel=1e-3)


def test_nothing_over_nothing_passes() -> None:
    # All is deployed and nothing is borrowed: a reserve of nothing for a debt service of nothing.
    case = tiny({"cash-yield [%]": [8], "capacity [$ bn]": [200]})
    out = solve(case, over("reserve", "debt-service", at_least="0.50x"), resolve=True)
    assert value(out) == pytest.approx(0.08, abs=1e-8)
    (rule,) = out.record["rules"]
    assert rule["value"] is None
    assert rule["slack"] is None
    (clause,) = over("debt", "net-cash-income", at_most="5.00x").clauses(LEVERED, ON)
    assert clause.excess(np.zeros(LEVERED.decision.size)) == 0


def test_soft_is_paid_at_its_penalty_or_met() -> None:
    # A reserve of half the debt service: a bullet loan of 200 at 3% asks 6, so that 3 are to be held. A dollar of
    # reserve costs what the last dollar deployed earns: 8% - 4% * 200 / 400 = 6%.
    for penalty, held in (("500 bp", 0.0), ("700 bp", 3.0)):
        rule = over("reserve", "debt-service", at_least="0.50x", severity="soft", penalty=penalty)
        out = solve(LEVERED, rule)
        assert out.totals["reserve"] == pytest.approx(held, abs=0.02)
        assert out.record["rules"][0]["shortfall"] == pytest.approx(3 - held, abs=0.02)
        deployed = 300 - held
        income = 0.08 * deployed - 0.00005 * (deployed - 100) ** 2 - 6 - float(penalty[:3]) / 1e4 * (3 - held)
        assert value(out) == pytest.approx(income / 100, abs=1e-7)
        check_price(LEVERED, rule, "at-least", "0.49x", "0.51x")


@given(v=decisions(SMALL), limit=st.sampled_from([0.2, 1.15, 4.0]), side=st.sampled_from(["at_least", "at_most"]))
def test_agrees_with_a_formula(v: np.ndarray, limit: float, side: str) -> None:
    x, loans = dollars(SMALL, v)
    needed, supplied = x @ [75, 22, 0, 0, 3], x @ [0, 0, 310, 40, 0]
    capacity, yields = np.array([60, 30, 40, 50, 30]), np.array([0.07, 0.075, 0.065, 0.055, 0.06])
    net = x * yields - 0.03 / (2 * capacity) * np.maximum(x - capacity / 2, 0) ** 2
    given = {
        ("power-supplied", "power-needed"): (supplied, needed),
        ("debt", "equity"): (loans.sum(), 100.0),
        ("debt", "net-cash-income"): (loans.sum(), net.sum()),
        ("net-cash-income", "interest"): (net.sum(), (loans @ [0.045, 0.055]).sum()),
    }
    for (top, bottom), (numerator, denominator) in given.items():
        concave = {"debt/net-cash-income": "at_most", "net-cash-income/interest": "at_least"}.get(
            f"{top}/{bottom}", side
        )
        names = [name if "-" not in name or "power" not in name else {"column": name} for name in (top, bottom)]
        (clause,) = over(*names, **{concave: f"{limit}x"}).clauses(SMALL, ON)
        if numerator > 0 and denominator > 0:
            check_clause(clause, v, [numerator / denominator], limit)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (
            over({"column": "firm-mw"}, {"column": "need-mw"}, at_least="1.15x"),
            "Total firm MW is at least 1.15x total need MW. Where both are zero, the rule is kept.",
        ),
        (
            over(
                "debt",
                "net-cash-income",
                at_most={"2026-04-01": "6.00x", "2030-01-01": "5.00x"},
                scope={"sector": "power"},
            ),
            "In the sector power, debt is at most 6.00x cash income net of compression"
            " (from 2030-01-01 at most 5.00x). Where both are zero, the rule is kept.",
        ),
        (
            over("reserve", "debt-service", at_least="50%", severity="soft", penalty="100 bp"),
            "The reserve is at least 50% of debt service. Where both are zero, the rule is kept."
            " It may be missed, at a cost of 1% a year (100 bp) on each dollar short.",
        ),
    ],
)
def test_sentence(rule: Ratio, words: str) -> None:
    assert rule.sentence(ON) == words


def test_formula() -> None:
    power = over({"column": "firm-mw"}, "deployed", at_least="1.15x", scope={"sector": "power"})
    assert (
        power.formula(ON) == "sum of firm-mw_i * x_i over the sector power >= 1.15 * (sum of x_i over the sector power)"
    )
    assert over("reserve", "debt-service", at_least="50%").formula(ON) == "R >= 50% * (sum of all s_it * f_it)"


CURVED = "is not convex: compression makes income concave; turn the limit round, or use another measure"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "numerator: net-cash-income\ndenominator: interest\nat-most: 3.00x",
            "p.yaml:12:14: rule 'one': cash income net of compression over interest at most so much " + CURVED,
        ),
        (
            "numerator: debt\ndenominator: net-cash-income\nat-least: 3.00x",
            "p.yaml:12:15: rule 'one': debt over cash income net of compression at least so much " + CURVED,
        ),
        (
            "numerator: debt\ndenominator: net-cash-income\nat-most: 0.00x",
            "p.yaml:12:14: rule 'one': 0.00x of cash income net of compression leaves nothing;"
            " write a limit above zero",
        ),
        (
            "numerator: debt\ndenominator: {column: growth}\nat-most: 3.00x",
            "p.yaml:12:14: rule 'one': total growth can be negative, so a ratio to it means nothing;"
            " use another denominator",
        ),
        (
            "numerator: {column: power-needed}\ndenominator: {column: power-nedeed}\nat-most: 3.00x",
            "p.yaml:11:18: rule 'one' needs column 'power-nedeed', which the universe lacks; add it to the universe,"
            " or did you mean 'power-needed'?",
        ),
        (
            "numerator: debt\ndenominator: net-cash-income\nat-most: 3.00x\nseverity: soft\npenalty: 100 bp",
            "p.yaml:13:15: rule 'one': its shortfall is not in dollars, so it can't be soft; make it hard",
        ),
    ],
)
def test_a_file_that_fails(tmp_path: object, lines: str, message: str) -> None:
    grown = al.Case(
        SMALL.fund,
        SMALL.universe.build(
            {
                "id": ["a", "b"],
                "cash-yield": [0.08, 0.05],
                "capacity [$ bn]": [100, 100],
                "growth": [0.1, -0.1],
                "power-needed": [1, 2],
            }
        ),
        SMALL.stack,
        None,
    )
    case = grown if "growth" in lines or "nedeed" in lines else SMALL
    assert refused(tmp_path, f"kind: ratio\n{lines}", case) == message


@pytest.mark.parametrize("size", [1e3, 1e5, 1e7, 1e9])
def test_a_column_of_large_numbers_hides_no_breach(size: float) -> None:
    """A dollar in the plant supplies what millions in the hall need: few dollars count, and none are not enough."""
    columns = {"cash-yield [%]": [1, 8, 4], "expected-return [%]": [-50, 8, 4], "capacity [$ bn]": [60, 60, 60],
               "supplied [W/$ bn]": [size, 0, 0], "needed [W/$ bn]": [0, 1, 0]}  # fmt: skip
    rule = al.rules.Ratio(
        id="r", title="R", numerator={"column": "supplied"}, denominator={"column": "needed"}, at_least="1.15x"
    )
    out = al.allocate(tiny(columns, covariance=np.diag([0.04, 0.01, 0.01])), [rule], al.ExpectedReturn())
    (told,) = out.record["rules"]
    assert out.status != "optimal" or told["value"] >= 1.15 * (1 - 1e-3)
    assert out.status == "optimal" or size > 1e7
