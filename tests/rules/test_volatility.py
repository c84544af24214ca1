"""One standard deviation of a year's return."""

from __future__ import annotations

import datetime as dt

import cvxpy as cp
import numpy as np
import pytest
from conftest import small_case
from helpers import amounts, check_clause, check_price, decisions, dollars, refused, solve, tiny, value
from hypothesis import given
from hypothesis import strategies as st

import allocator as al

Volatility = al.rules.Volatility
ON = dt.date(2026, 4, 1)
SMALL = small_case()
COLUMNS = {"cash-yield [%]": [5, 8], "capacity [$ bn]": [100, 100]}
TWO = tiny(COLUMNS, covariance=np.diag([0.09, 0.16]))


def calm(**fields: object) -> Volatility:
    return Volatility.read({"id": "v", "title": "V", "of": "deployed", **fields})


def test_two_lines() -> None:
    # Half and half: sqrt(0.15^2 + 0.2^2) = 25%. With share s in b the slope is (0.16 s - 0.09 (1 - s)) / 0.25 = 0.14.
    rule = calm(at_most="25%")
    out = solve(TWO, rule)
    assert amounts(out) == pytest.approx([50, 50], abs=0.02)
    assert value(out) == pytest.approx(0.065, abs=1e-7)
    assert check_price(TWO, rule, "at-most", "24.9%", "25.1%") == pytest.approx(0.03 / 0.14, rel=1e-3)


def test_of_equity() -> None:
    # At most 20% of equity: with a reserve for the rest, income per risk is best at x proportional to y / variance,
    # (5 / 0.09, 8 / 0.16): not all of equity is reached, so that income is 0.2 * sqrt(0.05^2 / 0.09 + 0.08^2 / 0.16).
    rule = calm(of="equity", at_most="20%")
    best = 0.2 * (0.05**2 / 0.09 + 0.08**2 / 0.16) ** 0.5
    assert value(solve(TWO, rule)) == pytest.approx(best, abs=1e-7)
    assert check_price(TWO, rule, "at-most", "19.9%", "20.1%") == pytest.approx(best / 0.2, rel=1e-3)


@given(v=decisions(SMALL), limit=st.sampled_from([0.08, 0.14, 0.25]))
def test_agrees_with_cvxpy(v: np.ndarray, limit: float) -> None:
    x, loans = dollars(SMALL, v)
    if not x.sum():
        return
    sigma = np.array([0.12, 0.30, 0.15, 0.11, 0.15])
    covariance = np.outer(sigma, sigma) * (0.3 + 0.7 * np.eye(5))
    risk = float(np.sqrt(cp.quad_form(x, covariance).value))
    for of, whole in (("deployed", x.sum()), ("total-assets", 100 + loans.sum()), ("equity", 100)):
        (clause,) = calm(of=of, at_most=f"{limit:.0%}").clauses(SMALL, ON)
        check_clause(clause, v, [risk / whole], limit)


def test_sentence() -> None:
    assert calm(at_most={"2026-04-01": "14%", "2028-01-01": "12.5%"}).sentence(ON) == (
        "Volatility (one standard deviation of a year's return, in dollars) is at most 14% of the capital deployed"
        " (from 2028-01-01 at most 12.5%)."
    )
    assert calm(of="equity", at_most="30%").sentence(ON) == (
        "Volatility (one standard deviation of a year's return, in dollars) is at most 30% of equity."
    )


@pytest.mark.parametrize(
    ("fields", "notation"),
    [
        (
            {"at_most": "14%"},
            "square root of (sum of C_ij * x_i * x_j over all pairs of lines) <= 14% * (sum of all x_i)",
        ),
    ],
)
def test_formula(fields: dict[str, object], notation: str) -> None:
    assert calm(**fields).formula(ON) == notation


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "of: deployed\nat-most: 0%",
            "p.yaml:11:14: rule 'one' at-most: the volatility must be above zero; write 14%, say",
        ),
        (
            "of: net-cash-income\nat-most: 14%",
            "p.yaml:10:9: rule 'one': volatility over cash income net of compression means nothing;"
            " use deployed, total-assets or equity",
        ),
        (
            "of: deployed\nat-least: 14%\nat-most: 20%",
            "p.yaml:11:5: rule 'one' at-least: unknown key; did you mean 'at-most'?",
        ),
        (
            "of: deployed\nat-most: 14%\nseverity: soft\npenalty: 100 bp",
            "p.yaml:12:15: rule 'one' severity: a rule of kind 'volatility' can't be soft;"
            " make it hard, as its excess is not in dollars",
        ),
    ],
)
def test_a_file_that_fails(tmp_path: object, lines: str, message: str) -> None:
    assert refused(tmp_path, f"kind: volatility\n{lines}", SMALL) == message


def test_it_needs_a_covariance(tmp_path: object) -> None:
    assert refused(tmp_path, "kind: volatility\nof: deployed\nat-most: 14%", tiny(COLUMNS)) == (
        "p.yaml:5:5: rule 'one' needs a covariance, and the case has no risk; name one under 'risk' in fund.yaml"
    )
