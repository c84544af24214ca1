"""How capital is spread: squared shares, effective number, the largest n."""

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

Concentration = al.rules.Concentration
ON = dt.date(2026, 4, 1)
SMALL = small_case()
TWO = tiny({"cash-yield [%]": [8, 5], "capacity [$ bn]": [100, 100]})


def spread(**fields: object) -> Concentration:
    return Concentration.read({"id": "c", "title": "C", "by": "line", "of": "deployed", **fields})


def test_hhi() -> None:
    # s^2 + (1 - s)^2 = 0.58 gives s = (2 + sqrt(4 - 3.36)) / 4 = 0.7; ds/dh = 1 / (4 s - 2) = 1.25, worth 3% of it.
    rule = spread(measure="hhi", at_most="0.58")
    out = solve(TWO, rule)
    assert amounts(out) == pytest.approx([70, 30], abs=0.01)
    assert value(out) == pytest.approx(0.071, abs=1e-7)
    assert check_price(TWO, rule, "at-most", "0.579", "0.581") == pytest.approx(0.0375, rel=1e-3)


def test_hhi_by_group() -> None:
    # a and b are one group, so that only its share against c's counts: a takes all of the 70%.
    case = tiny({"cash-yield [%]": [8, 6, 5], "capacity [$ bn]": [100, 100, 100], "sector": ["x", "x", "y"]})
    out = solve(case, spread(by="sector", measure="hhi", at_most="0.58"))
    assert amounts(out) == pytest.approx([70, 0, 30], abs=0.02)


def test_effective_number() -> None:
    # 1 / 1.6 = 0.625: s = (2 + 1) / 4 = 0.75; ds/dh = 1, dh/dN = -1 / 1.6^2, worth 3% of it.
    rule = spread(measure="effective-number", at_least="1.6")
    out = solve(TWO, rule)
    assert amounts(out) == pytest.approx([75, 25], abs=0.01)
    assert check_price(TWO, rule, "at-least", "1.595", "1.605") == pytest.approx(-0.03 / 1.6**2, rel=1e-3)


def test_the_largest_two() -> None:
    # c = 30 is what is left of 70; a and c are two lines too, so a = 40, b = 30: 3.2 + 1.8 + 1.2 = 6.2%.
    # A point more: a = 2 k - 1, b = c = 1 - k: 2 * 8 - 6 - 4 = 6% of it.
    case = tiny({"cash-yield [%]": [8, 6, 4], "capacity [$ bn]": [100, 100, 100]})
    rule = spread(measure="top-n", n="2", at_most="70%")
    out = solve(case, rule)
    assert amounts(out) == pytest.approx([40, 30, 30], abs=0.01)
    assert value(out) == pytest.approx(0.062, abs=1e-7)
    assert check_price(case, rule, "at-most", "69%", "71%") == pytest.approx(0.06, rel=1e-3)


@given(v=decisions(SMALL), limit=st.sampled_from([0.2, 0.4, 0.7]))
def test_agrees_with_cvxpy(v: np.ndarray, limit: float) -> None:
    x, loans = dollars(SMALL, v)
    if not x.sum():
        return
    total, sectors = 100 + loans.sum(), np.array([x[:2].sum(), x[2:4].sum(), x[4]])
    (hhi,) = spread(measure="hhi", of="total-assets", at_most=f"{limit}").clauses(SMALL, ON)
    check_clause(hhi, v, [cp.sum_squares(x / total).value], limit)
    (number,) = spread(by="sector", measure="effective-number", at_least=f"{limit * 5}").clauses(SMALL, ON)
    check_clause(number, v, [1 / cp.sum_squares(sectors / x.sum()).value], limit * 5)
    (largest,) = spread(measure="top-n", n="2", at_most=f"{limit:.0%}").clauses(SMALL, ON)
    check_clause(largest, v, [cp.sum_largest(x / x.sum(), 2).value], limit)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"by": "sector", "measure": "hhi", "at_most": {"2026-04-01": "0.28", "2028-01-01": "0.25"}},
            "The HHI of the sectors (each one's share of the capital deployed, squared, and all added up) is at most 0.28"
            " (from 2028-01-01 at most 0.25).",
        ),
        (
            {"measure": "effective-number", "at_least": "12"},
            "The effective number of lines (how many lines of equal size would be as concentrated, by shares of the capital"
            " deployed) is at least 12.",
        ),
        (
            {"by": "country", "measure": "top-n", "n": "3", "at_most": "33%", "of": "equity"},
            "The 3 largest countries together make up at most 33% of equity.",
        ),
        (
            {"measure": "top-n", "n": "1", "at_most": "20%"},
            "The largest line makes up at most 20% of the capital deployed.",
        ),
    ],
)
def test_sentence(fields: dict[str, object], words: str) -> None:
    assert spread(**fields).sentence(ON) == words


@pytest.mark.parametrize(
    ("fields", "notation"),
    [
        (
            {"by": "sector", "measure": "hhi", "at_most": "0.28"},
            "sum of (X_g / (sum of all x_i))^2 over every sector <= 0.28",
        ),
        (
            {"measure": "effective-number", "of": "equity", "at_least": "12"},
            "1 / (sum of (x_i / (E))^2 over every line) >= 12",
        ),
        ({"measure": "top-n", "n": "3", "at_most": "33%"}, "sum of the 3 largest x_i <= 33% * (sum of all x_i)"),
    ],
)
def test_formula(fields: dict[str, object], notation: str) -> None:
    assert spread(**fields).formula(ON) == notation


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "measure: hhi\nat-least: 0.28",
            "p.yaml:13:15: rule 'one' at-least: hhi at least so much is not convex; use at-most",
        ),
        (
            "measure: effective-number\nat-most: 4",
            "p.yaml:13:14: rule 'one' at-most: effective-number at most so much is not convex; use at-least",
        ),
        (
            "measure: top-n\nn: 3\nat-least: 0.5",
            "p.yaml:14:15: rule 'one' at-least: top-n at least so much is not convex; use at-most",
        ),
        ("measure: top-n\nn: 9\nat-most: 50%", "p.yaml:13:8: rule 'one': n is 9, and there are 3 of sector; lower n"),
        (
            "measure: top-n\nn: 1.5\nat-most: 50%",
            "p.yaml:13:8: rule 'one' n: '1.5' is not a whole number; write a whole number such as 5",
        ),
        (
            "measure: hhi\nat-most: 0.28\nseverity: soft\npenalty: 100 bp",
            "p.yaml:14:15: rule 'one' severity: a rule of kind 'concentration' can't be soft;"
            " make it hard, as its excess is not in dollars",
        ),
    ],
)
def test_a_file_that_fails(tmp_path: object, lines: str, message: str) -> None:
    assert refused(tmp_path, f"kind: concentration\nby: sector\nof: deployed\n{lines}", SMALL) == message


@pytest.mark.parametrize(
    "fields",
    [
        {"measure": "hhi", "at_most": "28%"},
        {"measure": "hhi", "at_most": "1.2"},
        {"measure": "hhi", "at_most": "0"},
        {"measure": "effective-number", "at_least": "0"},
        {"measure": "top-n", "n": "2", "at_most": "0.5"},
        {"measure": "top-n", "at_most": "50%"},
        {"measure": "hhi", "n": "2", "at_most": "0.5"},
        {"measure": "hhi"},
    ],
)
def test_what_makes_no_sense_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(al.InputError):
        spread(**fields)
