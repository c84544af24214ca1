"""So many dollars of a measure."""

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

Amount = al.rules.Amount
ON = dt.date(2026, 4, 1)
SMALL = small_case()
COMPRESSED = tiny(
    {"cash-yield [%]": [8, 2], "strategic-weight": [0.2, 1.0], "capacity [$ bn]": [100, 1000]},
    compression={"from": "20%", "slope": "10%"},
)


def floor(**fields: object) -> Amount:
    return Amount.read({"id": "m", "title": "M", **fields})


def test_a_reserve() -> None:
    # $20 bn that earns nothing: 80 * 8% = 6.4%. One more costs 8% of $1 bn, 0.0008 of equity.
    case = tiny({"cash-yield [%]": [8], "capacity [$ bn]": [200]})
    rule = floor(measure="reserve", at_least="$20 bn")
    assert value(solve(case, rule)) == pytest.approx(0.064, abs=1e-8)
    assert check_price(case, rule, "at-least", "$19 bn", "$21 bn") == pytest.approx(-0.0008)


def test_capital_in_a_scope() -> None:
    # At least $30 bn in b at 5%, the rest at 8%: 7.1%.
    case = tiny({"cash-yield [%]": [8, 5], "capacity [$ bn]": [100, 100], "sector": ["x", "y"]})
    rule = floor(scope={"sector": "y"}, at_least="$30 bn")
    out = solve(case, rule)
    assert amounts(out) == pytest.approx([70, 30], abs=0.005)
    assert check_price(case, rule, "at-least", "$29 bn", "$31 bn") == pytest.approx(-0.0003)


def test_income_net_of_compression() -> None:
    # Of a (8%) above 20, 0.0005 (a - 20)^2 is lost; b yields 2% and has the strategic weight. Income of $4 bn:
    # 0.08 a + 0.02 (100 - a) - 0.0005 (a - 20)^2 = 4, so 0.0005 a^2 - 0.08 a + 2.2 = 0.
    a = (0.08 - math.sqrt(0.08**2 - 4 * 0.0005 * 2.2)) / 0.001
    assert a == pytest.approx(35.279, abs=1e-3)
    rule = floor(measure="net-cash-income", at_least="$4 bn")
    aim = al.StrategicWeight()
    out = solve(COMPRESSED, rule, aim)
    assert amounts(out) == pytest.approx([a, 100 - a], abs=0.005)
    # A dollar of income asks 1 / (0.06 - 0.001 (a - 20)) of capital in a, each of which loses 0.8 points.
    marginal = 0.06 - 0.001 * (a - 20)
    assert check_price(COMPRESSED, rule, "at-least", "$3.99 bn", "$4.01 bn", aim) == pytest.approx(
        -0.8 / 100 / marginal, rel=1e-4
    )


def test_expected_return_as_a_measure() -> None:
    # 4% and 10% in expectation, 8% and 2% in cash: $7 bn expected is half and half, 5% in cash. A dollar more
    # moves 1 / 0.06 of capital, each dollar of which loses 6% of cash: $1 bn.
    case = tiny({"cash-yield [%]": [8, 2], "expected-return [%]": [4, 10], "capacity [$ bn]": [100, 100]})
    rule = floor(measure="expected-return", at_least="$7 bn")
    out = solve(case, rule)
    assert amounts(out) == pytest.approx([50, 50], abs=0.005)
    assert check_price(case, rule, "at-least", "$6.9 bn", "$7.1 bn") == pytest.approx(-0.01)


def test_soft_is_paid_at_its_penalty_or_met() -> None:
    # Of the case above: a dollar of expected return costs a dollar of cash. At 99% a year (9,900 bp) it is left short
    # by 7 - 4 = $3 bn; at 101% it is met.
    case = tiny({"cash-yield [%]": [8, 2], "expected-return [%]": [4, 10], "capacity [$ bn]": [100, 100]})
    soft = {"measure": "expected-return", "at_least": "$7 bn", "severity": "soft"}
    paid, met = (solve(case, floor(**soft, penalty=penalty)) for penalty in ("9,900 bp", "10,100 bp"))
    assert value(paid) == pytest.approx(0.08 - 0.03 * 0.99, abs=1e-8)
    assert paid.record["rules"][0]["shortfall"] == pytest.approx(3, abs=0.02)
    assert value(met) == pytest.approx(0.05, abs=1e-8)
    assert met.record["rules"][0]["shortfall"] == pytest.approx(0, abs=0.001)
    for penalty, worth in (("9,900 bp", -0.0099), ("10,100 bp", -0.01)):
        rule = floor(**soft, penalty=penalty)
        assert check_price(case, rule, "at-least", "$6.9 bn", "$7.1 bn") == pytest.approx(worth)


@given(v=decisions(SMALL), limit=st.sampled_from([0.5, 5, 60]))
def test_agrees_with_a_formula(v: np.ndarray, limit: float) -> None:
    x, loans = dollars(SMALL, v)
    yields, capacity = np.array([0.07, 0.075, 0.065, 0.055, 0.06]), np.array([60, 30, 40, 50, 30])
    lost = 0.03 / (2 * capacity) * np.maximum(x - capacity / 2, 0) ** 2
    expected = {
        "deployed": x.sum(),
        "debt": loans.sum(),
        "reserve": 100 + loans.sum() - x.sum(),
        "total-assets": 100 + loans.sum(),
        "equity": 100.0,
        "cash-income": x @ yields,
        "net-cash-income": x @ yields - lost.sum(),
        "interest": (loans @ [0.045, 0.055]).sum(),
        "expected-return": x @ [0.08, 0.13, 0.09, 0.08, 0.085],
    }
    for measure, amount in expected.items():
        (clause,) = floor(measure=measure, at_least=f"${limit} bn").clauses(SMALL, ON)
        check_clause(clause, v, [amount], limit)
    (power,) = floor(measure="net-cash-income", scope={"sector": "power"}, at_least=f"${limit} bn").clauses(SMALL, ON)
    check_clause(power, v, [x[2:4] @ yields[2:4] - lost[2:4].sum()], limit)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"scope": {"sector": "quantum"}, "at_least": "$1 bn"},
            "The capital deployed in the sector quantum is at least $1 bn.",
        ),
        (
            {"measure": "net-cash-income", "at_least": {"2026-04-01": "$20 bn", "2027-01-01": "$25.5 bn"}},
            "Cash income net of compression is at least $20 bn (from 2027-01-01 at least $25.5 bn).",
        ),
        (
            {"measure": {"column": "grants"}, "at_most": "$500 m", "severity": "soft", "penalty": "50 bp"},
            "Total grants is at most $500 m. It may be missed, at a cost of 0.5% a year (50 bp) on each dollar over.",
        ),
    ],
)
def test_sentence(fields: dict[str, object], words: str) -> None:
    assert floor(**fields).sentence(ON) == words


@pytest.mark.parametrize(
    ("fields", "notation"),
    [
        ({"scope": {"sector": "quantum"}, "at_least": "$1 bn"}, "sum of x_i over the sector quantum >= $1 bn"),
        (
            {"measure": "total-assets", "at_most": {"2026-04-01": "$20 bn", "2027-01-01": "$25.5 bn"}},
            "R + sum of all x_i <= $20 bn",
        ),
        (
            {"measure": {"column": "us-jobs"}, "at_most": "$500 m", "severity": "soft", "penalty": "50 bp"},
            "(sum of all us-jobs_i * x_i) - excess <= $500 m",
        ),
    ],
)
def test_formula(fields: dict[str, object], notation: str) -> None:
    assert floor(**fields).formula(ON) == notation


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "kind: amount\nmeasure: {column: power-needed}\nat-least: $5 bn",
            "p.yaml:10:14: rule 'one': column 'power-needed' is in MW/$ bn, not in dollars;"
            " compare it with another column by a rule of kind ratio",
        ),
        (
            "kind: amount\nmeasure: net-cash-income\nat-most: $5 bn",
            "p.yaml:11:14: rule 'one': cash income net of compression at most so much is not convex: compression makes"
            " income concave; turn the limit round, or use another measure",
        ),
        (
            "kind: amount\nmeasure: reserve\nscope: {sector: power}\nat-least: $5 bn",
            "p.yaml:10:14: rule 'one': the reserve belongs to no line; leave the scope out, or use deployed or debt",
        ),
    ],
)
def test_a_file_that_fails(tmp_path: object, lines: str, message: str) -> None:
    assert refused(tmp_path, lines, SMALL) == message
