"""Linear clauses as bounds and rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers import book, tiny

import allocator as al
from allocator.errors import Infeasible
from allocator.polyhedron import Member, Polyhedron, polyhedron


def limits(case: al.Case, *rules: Any) -> Polyhedron:
    return polyhedron(book(*rules).clauses(case), case.box)


def share(name: str, **fields: Any) -> al.rules.Share:
    return al.rules.Share(id=name, title="T", of="deployed", **fields)


COLUMNS = {"expected-return [%]": [5, 6, 7], "capacity [$ bn]": [50, 80, 30]}


def test_fully_invested_shares_are_bounds() -> None:
    """What is deployed is the equity, so that a share of it is a bound; the tightest has the name."""
    case = tiny(COLUMNS, fully_invested="yes")
    found = limits(case, share("cap", each="line", at_most="40%"), share("floor", scope={"line": "b"}, at_least="10%"))
    d = case.decision
    assert found.low[: d.n].tolist() == [0, 0.1, 0]
    assert found.high[: d.n].tolist() == [0.4, 0.4, 0.3]
    assert found.caps[: d.n] == (Member("cap", "a"), Member("cap", "b"), Member("terms.capacity", "c"))
    assert found.floors[: d.n] == (None, Member("floor", ""), None)
    assert found.low[d.deployed] == found.high[d.deployed] == 1
    # What is left is the sum of the lines.
    assert found.members == (None,)
    assert found.rows.shape[0] == 1
    assert found.least.tolist() == found.most.tolist() == [0]


def test_with_a_reserve_a_share_is_a_row() -> None:
    case = tiny(COLUMNS)
    found = limits(case, share("cap", each="line", at_most="40%"))
    assert found.members == (None, None, *(Member("cap", line) for line in "abc"))
    d = case.decision
    assert found.high[: d.n].tolist() == [0.5, 0.8, 0.3]
    # No bound of a sum or of the reserve can be reached before those of its parts.
    assert (found.high[[d.reserve, d.deployed]] == [2, 2]).all()


def test_an_entry_that_cancels_is_none() -> None:
    """At this limit a line counts the same on both sides of the ratio: what is left speaks of the other line alone."""
    case = tiny({"expected-return [%]": [5, 6], "one": [1, 2], "other": [3, 4]})
    rule = al.rules.Ratio(
        id="r", title="R", numerator={"column": "one"}, denominator={"column": "other"}, at_most="0.5x"
    )
    found = limits(case, rule)
    assert found.low[0] == 0
    assert found.high[0] == pytest.approx(2)
    assert "r" not in [member.rule for member in found.members if member]


def test_an_exclusion_fixes() -> None:
    case = tiny(COLUMNS)
    found = limits(case, al.rules.Exclusion(id="out", title="O", scope={"line": "b"}))
    assert found.low[1] == found.high[1] == 0
    assert found.caps[1] == Member("out", "")
    assert str(found.caps[1]) == "out"


def test_a_cap_and_a_floor_may_meet() -> None:
    case = tiny({"expected-return [%]": [5, 6, 7]}, fully_invested="yes")
    found = limits(case, share("is", scope={"line": "a"}, at_least="30%", at_most="30%"))
    assert found.low[0] == found.high[0] == pytest.approx(0.3, abs=1e-15)


def test_bounds_that_meet_by_rounding_are_one() -> None:
    """A third as a share and as an amount differ in the last digit."""
    case = tiny({"expected-return [%]": [5, 6, 7]}, fully_invested="yes")
    floor = al.rules.Amount(id="floor", title="T", scope={"line": "a"}, at_least="$33.3333333333 bn")
    found = limits(case, share("cap", scope={"line": "a"}, at_most="33.33333333329%"), floor)
    assert found.low[0] == found.high[0]


def test_what_rows_weigh_that_became_bounds() -> None:
    """By hand: a is at its cap and saves 0.3 a unit there, b is at its floor and costs 0.2.

    Both are shares of what is deployed, which is fixed by the balance: that row weighs what room at both is worth.
    """
    case = tiny(COLUMNS, fully_invested="yes")
    cap, floor = share("cap", scope={"line": "a"}, at_most="40%"), share("floor", scope={"line": "b"}, at_least="10%")
    clauses = book(cap, floor).clauses(case)
    found = polyhedron(clauses, case.box)
    costs = np.zeros(case.decision.size)
    costs[:2] = -0.3, 0.2
    weights = found.weights(costs, np.zeros(1))
    named = dict(zip([m for c in clauses for m in [(c.rule, each) for each in c.labels]], weights, strict=True))
    assert named["cap", ""] == pytest.approx(0.3)
    assert named["floor", ""] == pytest.approx(0.2)
    assert named["terms.identity", "balance"] == pytest.approx(0.3 * 0.4 - 0.2 * 0.1)
    assert sum(weight != 0 for weight in named.values()) == 3
    # With them nothing is left that an entry costs, but for what the box fixes.
    left = weights @ found.linear - costs
    assert left[case.box.high > 0] == pytest.approx(np.zeros(4), abs=1e-15)


def test_what_a_row_weighs_is_its_price_the_other_way_round() -> None:
    """A price is positive where the upper limit binds; a clause is a lower limit of its room."""
    found = limits(tiny(COLUMNS), share("cap", each="line", at_most="40%"))
    prices = -np.arange(1.0, 6.0)
    weights = found.weights(np.zeros(len(found.low)), prices)
    assert weights[found.kept].tolist() == [1, 2, 3, 4, 5]
    assert np.count_nonzero(weights) == 5


@pytest.mark.parametrize(
    "rules",
    [
        (
            share("low", scope={"line": "a"}, at_most="10%"),
            al.rules.Amount(id="high", title="T", scope={"line": "a"}, at_least="$20 bn"),
        ),
        (al.rules.Exclusion(id="out", title="O", scope={"line": ["a", "b", "c"]}),),
    ],
)
def test_what_contradicts_itself_is_told(rules: tuple[Any, ...]) -> None:
    case = tiny({"expected-return [%]": [5, 6, 7]}, fully_invested="yes")
    with pytest.raises(Infeasible) as caught:
        limits(case, *rules)
    assert str(caught.value) == "no allocation is within all limits"
