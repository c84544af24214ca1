"""How much may be bought and sold."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from conftest import small_case
from helpers import amounts, check_clause, check_price, decisions, dollars, refused, solve, tiny, value
from hypothesis import given
from hypothesis import strategies as st

import allocator as al

Turnover = al.rules.Turnover
ON = dt.date(2026, 4, 1)
SMALL = replace(small_case(), holdings={"hall": 30.0, "wires": 55.5, "docks": 4.5})
HELD = np.array([30, 0, 0, 55.5, 4.5])
COLUMNS = {"cash-yield [%]": [8, 5, 4], "capacity [$ bn]": [100, 100, 100]}
THREE = tiny(COLUMNS, holdings={"b": 60.0, "c": 40.0})


def calm(**fields: object) -> Turnover:
    return Turnover.read({"id": "t", "title": "T", **fields})


def test_the_worst_line_is_sold_first() -> None:
    # $30 bn of c is sold for a: half of 30 + 30 is 30% of equity. A point more is worth 8% less 4% of it.
    rule = calm(at_most="30%")
    out = solve(THREE, rule)
    assert amounts(out) == pytest.approx([30, 60, 10], abs=0.01)
    assert out.record["rules"][0]["value"] == pytest.approx(0.3, abs=1e-8)
    assert check_price(THREE, rule, "at-most", "29%", "31%") == pytest.approx(0.04)


def test_nothing_may_move() -> None:
    assert amounts(solve(THREE, calm(at_most="0%"))) == pytest.approx([0, 60, 40], abs=1e-4)


def test_what_is_bought_with_new_money_counts_by_half() -> None:
    # Of $100 bn of equity 60 are in b: the other 40 go to a at a turnover of 20%, and then b is sold for a.
    case = replace(THREE, holdings={"b": 60.0})
    assert amounts(solve(case, calm(at_most="20%"))) == pytest.approx([40, 60, 0], abs=0.01)
    assert amounts(solve(case, calm(at_most="25%"))) == pytest.approx([45, 55, 0], abs=0.01)
    # Of what is deployed it is the same here, where all is.
    assert value(solve(case, calm(at_most="25%", of="deployed"))) == pytest.approx(0.45 * 0.08 + 0.55 * 0.05, abs=1e-8)


def test_soft_is_paid_at_its_penalty_or_met() -> None:
    # All in a is $70 bn over; a dollar of c moved is worth 4%, one of b 3%.
    for penalty, best, over in (("200 bp", 0.08 - 0.7 * 0.02, 70), ("350 bp", 0.058 + 0.1 * 0.005, 10)):
        out = solve(THREE, calm(at_most="30%", severity="soft", penalty=penalty))
        assert value(out) == pytest.approx(best, abs=1e-8)
        assert out.record["rules"][0]["shortfall"] == pytest.approx(over, abs=0.02)


@given(v=decisions(SMALL), limit=st.sampled_from([0.1, 0.45, 0.9]))
def test_agrees_with_a_formula(v: np.ndarray, limit: float) -> None:
    x, loans = dollars(SMALL, v)
    moved = np.abs(x - HELD).sum() / 2
    for of, whole in (("equity", 100), ("deployed", x.sum()), ("total-assets", 100 + loans.sum())):
        if whole:
            (clause,) = calm(of=of, at_most=f"{limit:.0%}").clauses(SMALL, ON)
            check_clause(clause, v, [moved / whole], limit)


def test_sentence() -> None:
    what = "Turnover (all that is bought and all that is sold against the present holdings, added up and halved)"
    assert calm(at_most={"2026-04-01": "25%", "2028-01-01": "15%"}).sentence(ON) == (
        f"{what} is at most 25% of equity (from 2028-01-01 at most 15%)."
    )
    assert calm(of="deployed", at_most="20%").sentence(ON) == f"{what} is at most 20% of the capital deployed."


def test_formula() -> None:
    assert calm(at_most="25%").formula(ON) == "1/2 * sum of all |x_i - h_i| <= 25% * E"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "at-most: 120%\nof: deployed",
            "p.yaml:10:14: rule 'one' at-most: 120% is not between 0% and 100%; mend the share, or take it of equity",
        ),
        (
            "at-most: 20%\nof: net-cash-income",
            "p.yaml:11:9: rule 'one': a turnover over cash income net of compression means nothing;"
            " use deployed, total-assets or equity",
        ),
        ("at-least: 20%", "p.yaml:10:5: rule 'one' at-least: unknown key; did you mean 'at-most'?"),
    ],
)
def test_a_file_that_fails(tmp_path: object, lines: str, message: str) -> None:
    assert refused(tmp_path, f"kind: turnover\n{lines}", SMALL) == message


def test_it_needs_holdings(tmp_path: object) -> None:
    assert refused(tmp_path, "kind: turnover\nat-most: 20%", small_case()) == (
        "p.yaml:5:5: rule 'one' needs the present holdings, and the case has none;"
        " name a table under 'holdings' in fund.yaml"
    )
