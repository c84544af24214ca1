"""A share of the fund in some lines, or in each line or group."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from conftest import small_case
from helpers import amounts, book, check_clause, check_price, decisions, dollars, price, refused, solve, tiny, value
from hypothesis import given
from hypothesis import strategies as st

import allocator as al

Share = al.rules.Share
ON = dt.date(2026, 4, 1)
TWO = tiny({"cash-yield [%]": [8, 5], "capacity [$ bn]": [100, 100]})
SMALL = small_case()


def cap(**fields: object) -> Share:
    return Share.read({"id": "s", "title": "S", "of": "deployed", **fields})


def test_a_cap_on_one_line() -> None:
    # a = 40, b = 60: 0.4 * 8% + 0.6 * 5% = 6.2%. One more point of the cap moves $1 bn from 5% to 8%.
    rule = cap(scope={"line": "a"}, at_most="40%")
    out = solve(TWO, rule)
    assert amounts(out) == pytest.approx([40, 60], abs=0.005)
    assert value(out) == pytest.approx(0.062, abs=1e-8)
    assert check_price(TWO, rule, "at-most", "39%", "41%") == pytest.approx(0.03)


def test_each_line_sums_its_rows_in_its_price() -> None:
    # a = b = 40, c = 20: 3.2 + 2.4 + 0.8 = 6.4%. A point more for a and b takes two from c: 8 + 6 - 2 * 4 = 6% of it.
    case = tiny({"cash-yield [%]": [8, 6, 4], "capacity [$ bn]": [100, 100, 100]})
    rule = cap(each="line", at_most="40%")
    out = solve(case, rule)
    assert amounts(out) == pytest.approx([40, 40, 20], abs=0.01)
    assert value(out) == pytest.approx(0.064, abs=1e-8)
    assert check_price(case, rule, "at-most", "39%", "41%") == pytest.approx(0.06)
    assert out.record["rules"][0]["binding"] == ["a", "b"]


def test_of_equity_the_rest_may_stay_in_reserve() -> None:
    # 30% of equity in a; b is a loss, so that 70 stay in reserve at 2%: 0.3 * 8% + 0.7 * 2% = 3.8%.
    case = tiny({"cash-yield [%]": [8, -1], "capacity [$ bn]": [100, 100]}, **{"reserve-yield": "2%"})
    rule = cap(scope={"line": "a"}, of="equity", at_most="30%")
    assert value(solve(case, rule)) == pytest.approx(0.038, abs=1e-8)
    assert check_price(case, rule, "at-most", "29%", "31%") == pytest.approx(0.06)


def test_floor_and_cap_have_a_price_each() -> None:
    # Floor 20% on c, cap 50% on a together in one rule on the group g = {c}: only the floor binds.
    case = tiny({"cash-yield [%]": [8, 4], "capacity [$ bn]": [100, 100], "group": ["g", "h"]})
    rule = cap(scope={"group": "h"}, at_least="20%", at_most="50%")
    out = solve(case, rule)
    assert price(out, "s", "at-least") == pytest.approx(-0.04)
    assert price(out, "s", "at-most") == pytest.approx(0, abs=1e-9)


def test_soft_is_paid_at_its_penalty_or_met() -> None:
    # A floor of 50% on b costs 3% a dollar. At 200 bp all goes to a and the penalty is paid: 8% - 0.5 * 2% = 7%.
    # At 400 bp it is cheaper to meet it: 0.5 * 8% + 0.5 * 5% = 6.5%.
    floor = {"scope": {"line": "b"}, "at_least": "50%", "severity": "soft"}
    paid, met = (solve(TWO, cap(**floor, penalty=penalty)) for penalty in ("200 bp", "400 bp"))
    assert value(paid) == pytest.approx(0.07, abs=1e-8)
    assert amounts(paid)[1] == pytest.approx(0, abs=0.01)
    assert paid.record["rules"][0]["shortfall"] == pytest.approx(50, abs=0.01)
    assert value(met) == pytest.approx(0.065, abs=1e-8)
    assert met.record["rules"][0]["shortfall"] == pytest.approx(0, abs=0.01)
    assert check_price(TWO, cap(**floor, penalty="200 bp"), "at-least", "49%", "51%") == pytest.approx(-0.02)
    assert check_price(TWO, cap(**floor, penalty="400 bp"), "at-least", "49%", "51%") == pytest.approx(-0.03)


@given(v=decisions(SMALL), limit=st.sampled_from(["5%", "40%", "95%"]), side=st.sampled_from(["at_least", "at_most"]))
def test_agrees_with_a_formula(v: np.ndarray, limit: str, side: str) -> None:
    x, _ = dollars(SMALL, v)
    if not x.sum():
        return
    (by_sector,) = cap(each="sector", **{side: limit}).clauses(SMALL, ON)
    assert by_sector.labels == ("compute", "logistics", "power")
    shares = np.array([x[0] + x[1], x[4], x[2] + x[3]]) / x.sum()
    number = float(limit[:-1]) / 100
    check_clause(by_sector, v, shares, number)
    (some,) = cap(scope={"sector": ["power", "logistics"], "site": "US"}, of="equity", **{side: limit}).clauses(
        SMALL, ON
    )
    check_clause(some, v, [(x[2] + x[3]) / 100], number)


def test_its_shortfall_costs_dollars() -> None:
    v = SMALL.decision.vector(np.array([0.5, 0.0, 0.3, 0.2, 0.0]), np.zeros(SMALL.decision.pairs))
    (clause,) = cap(scope={"line": "docks"}, at_least="6%", severity="soft", penalty="300 bp").clauses(SMALL, ON)
    # 6% of $100 bn is missing: $6 bn at 3% is $0.18 bn a year, 0.0018 of equity.
    assert clause.penalty * clause.excess(v)[0] == pytest.approx(0.0018)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"scope": {"sector": ["power", "grid"]}, "at_most": "30%"},
            "Capital in the sectors power and grid is at most 30% of the capital deployed.",
        ),
        (
            {"each": "line", "at_most": {"2026-04-01": "12%", "2028-01-01": "10%"}},
            "Capital in each line is at most 12% of the capital deployed (from 2028-01-01 at most 10%).",
        ),
        (
            {"scope": {"line": "smr"}, "of": "equity", "at_least": "5%", "at_most": "120%"},
            "Capital in the line smr is at least 5% and at most 120% of equity.",
        ),
        (
            {"scope": {"sector": "chips"}, "at_least": "6%", "severity": "soft", "penalty": "300 bp"},
            "Capital in the sector chips is at least 6% of the capital deployed."
            " It may be missed, at a cost of 3% a year (300 bp) on each dollar short.",
        ),
    ],
)
def test_sentence(fields: dict[str, object], words: str) -> None:
    assert cap(**fields).sentence(ON) == words


@pytest.mark.parametrize(
    ("fields", "notation"),
    [
        (
            {"scope": {"sector": ["power", "grid"]}, "at_most": "30%"},
            "sum of x_i over the sectors power and grid <= 30% * (sum of all x_i)",
        ),
        ({"each": "line", "at_most": "12%"}, "x_i <= 12% * (sum of all x_i), for every line"),
        ({"each": "sector", "of": "equity", "at_least": "1%"}, "X_g >= 1% * E, for every sector"),
    ],
)
def test_formula(fields: dict[str, object], notation: str) -> None:
    assert cap(**fields).formula(ON) == notation


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "kind: share\nof: deployed\nscope: {sector: powr}\nat-most: 30%",
            "p.yaml:11:21: no line has sector 'powr'; did you mean 'power'?",
        ),
        (
            "kind: share\nof: deployed\nscope: {sector: power}\nat-most: 130%",
            "p.yaml:12:14: rule 'one' at-most: 130% is not between 0% and 100%; mend the share, or take it of equity",
        ),
        (
            "kind: share\nof: deployed\neach: sektor\nat-most: 30%",
            "p.yaml:11:11: rule 'one' groups by 'sektor', which is not in the universe; did you mean 'sector'?",
        ),
        (
            "kind: share\nof: deployed\nat-most: 30%",
            "p.yaml:5:5: rule 'one': a share needs a scope, or each; give one of them",
        ),
    ],
)
def test_a_file_that_fails(tmp_path: object, lines: str, message: str) -> None:
    assert refused(tmp_path, lines, SMALL) == message


def test_a_floor_above_a_cap_on_the_same_lines() -> None:
    low, high = (
        cap(id=name, scope={"line": "a"}, **{side: limit})
        for name, side, limit in (("low", "at_least", "50%"), ("high", "at_most", "40%"))
    )
    with pytest.raises(al.InputError, match=r"^the floor of 'low', 50%, is above the cap of 'high', 40%; lower the"):
        book(low, high)
