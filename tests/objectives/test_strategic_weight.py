"""Points of strategic weight; and soft rules, which it has no income to pay for."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import small_case
from helpers import amounts, book, check_price, decisions, solve, tiny, value
from hypothesis import given
from scipy.optimize import linprog

import allocator as al

SMALL = small_case()
WEIGHTS, CAPACITY = [1.0, 0.5, 0.2], [100, 100, 20]
CASE = tiny({"strategic-weight": WEIGHTS, "cash-yield [%]": [8, 5, 2], "capacity [$ bn]": CAPACITY})


def test_all_that_can_be_borrowed_is_deployed() -> None:
    # Weight counts per dollar of equity: 60 * 1 + 80 * 0.5 over 100, whatever the debt costs.
    case = tiny(
        {"strategic-weight": [1.0, 0.5], "cash-yield [%]": [1, 1], "capacity [$ bn]": [60, 100]},
        [{"id": "loan", "capacity": "$40 bn", "cost": "9%", "tenor": "20 years"}],
    )
    out = solve(case, book(), al.StrategicWeight())
    assert amounts(out) == pytest.approx([60, 80], abs=0.01)
    assert value(out) == pytest.approx(1.0, abs=1e-8)


def test_a_price_is_in_its_own_unit() -> None:
    rule = al.rules.Share(id="s", title="S", scope={"line": "a"}, of="deployed", at_most="40%")
    out = solve(CASE, rule, al.StrategicWeight())
    assert out.record["prices"][0]["dollars"] is None
    assert check_price(CASE, rule, "at-most", "39%", "41%", al.StrategicWeight()) == pytest.approx(0.5)


@given(v=decisions(SMALL))
def test_agrees_with_a_formula(v: np.ndarray) -> None:
    assert al.StrategicWeight().score(SMALL).value(v) == pytest.approx(
        v[:5] @ [0.76, 0.82, 0.75, 0.79, 0.40], abs=1e-12
    )


def least_shortfall_first(floors: list[float], penalties: list[float]) -> tuple[float, float]:
    """The least cost of shortfalls, and the most weight at it: two linear programs over (x, short), by scipy."""
    floor_rows = np.hstack([-np.eye(3), -np.eye(3)])
    rows = np.vstack([floor_rows, [1, 1, 1, 0, 0, 0]])
    room = [*(-np.array(floors)), 100]
    bounds = [(0, k) for k in CAPACITY] + [(0, None)] * 3
    cost = np.array([0, 0, 0, *penalties])
    first = linprog(cost, rows, room, bounds=bounds)
    second = linprog([*(-np.array(WEIGHTS)), 0, 0, 0], np.vstack([rows, cost]), [*room, first.fun], bounds=bounds)
    return first.fun, -second.fun


def test_the_prices_of_soft_rules_are_those_of_the_weight_alone() -> None:
    # b is held at its floor of 40: a point more is a point from 1.0 to 0.5. c can't reach its floor of 30 with 20, so
    # that a point more of it moves nothing; a dollar more of its capacity goes there from a, at 0.2 for 1.0.
    rules = [
        al.rules.Share(
            id=line, title=line, scope={"line": line}, of="equity", at_least=floor, severity="soft", penalty="100 bp"
        )
        for line, floor in (("b", "40%"), ("c", "30%"))
    ]
    out = solve(CASE, book(*rules), al.StrategicWeight(), resolve=True)
    found = {p["of"]: p for p in out.record["prices"]}
    for name, worth in (("b", -0.005), ("c", 0.0), ("terms.capacity", -0.008)):
        told = [found[name][key] for key in ("worth", "below", "above")]
        assert told == pytest.approx([worth] * 3, abs=1e-6)
        assert found[name]["clear"] is True


@pytest.mark.parametrize("floors", [[0, 40, 10], [0, 40, 30], [50, 40, 30], [30, 90, 0]])
def test_soft_rules_come_first_where_there_is_no_income(floors: list[float]) -> None:
    # 100 bp a year on a, 200 on b, 300 on c; c holds 20 at most, and the floors may add up to more than there is.
    penalties = [0.01, 0.02, 0.03]
    rules = [
        al.rules.Amount(
            id=line,
            title=line,
            scope={"line": line},
            at_least=f"${floor} bn",
            severity="soft",
            penalty=f"{penalty * 1e4:.0f} bp",
        )
        for line, floor, penalty in zip("abc", floors, penalties, strict=True)
    ]
    out = solve(CASE, book(*rules), al.StrategicWeight())
    cost, most = least_shortfall_first(floors, penalties)
    paid = sum(p * each["shortfall"] for p, each in zip(penalties, out.record["rules"], strict=True))
    assert paid == pytest.approx(cost, abs=1e-4)
    assert out.totals["strategic-weight"] * 100 == pytest.approx(most, abs=0.01)
    assert out.record["notes"] == ["the objective has no income to pay penalties from: least shortfall first"]
