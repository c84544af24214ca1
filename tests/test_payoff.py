"""The pay-off table at lexicographic endpoints."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from helpers import book, tiny
from scipy.optimize import linprog

import allocator as al
from allocator.objectives import Aim
from allocator.payoff import ranges
from allocator.program import Program

OBJECTIVES = [al.DividendYield(), al.StrategicWeight(), al.ExpectedReturn()]
Y, S, R = [8, 8, 6, 2], [1, 0, 1.5, 2], [4, 9, 9, 1]
CASE = tiny(
    {"cash-yield [%]": Y, "strategic-weight": S, "expected-return [%]": R, "capacity [$ bn]": [60, 60, 60, 60]},
    **{"fully-invested": "yes"},
)


def spans(rules: al.Rulebook, case: al.Case = CASE) -> tuple[float, ...] | None:
    scores = [objective.score(case) for objective in OBJECTIVES]
    program = Program(rules.clauses(case), scores, case.box, case.spread)
    found = ranges([program] * len(scores), [score.income for score in scores])
    return None if found is None else tuple(each.span for each in found)


def by_linear_programs(penalty: float | None = None) -> list[float]:
    """The ranges by scipy, one program after the other; with a soft floor of 60 on d at a penalty, where one is given.

    1e-6 of what is held is given up, as in the canonical choice, so that a degenerate optimum has room.
    """
    cost = np.array([penalty or 0.0, 0.0, penalty or 0.0])  # strategic weight has no income to pay out of
    gains = np.column_stack([np.array([np.array(Y) / 100, S, np.array(R) / 100]), -cost])

    def best(k: int, held: tuple[int, float] | None = None) -> float:
        rows, room = [np.array([0, 0, 0, -1.0, -1.0])], [0.0 if penalty is None else -0.6]
        if held:
            rows, room = [*rows, -gains[held[0]]], [*room, -held[1]]
        bounds = [(0, 0.6)] * 4 + [(0, None)]
        return -float(linprog(-gains[k], rows, room, [np.array([1, 1, 1, 1, 0.0])], [1], bounds).fun)

    tops = [best(k) for k in range(3)]
    return [tops[k] - min(best(k, (j, tops[j] - 1e-6)) for j in range(3) if j != k) for k in range(3)]


def test_against_linear_programs_solved_one_after_the_other() -> None:
    expected = by_linear_programs()
    # By hand for the first: 8% at best; at the most weight, with 60 of d and 40 of c, it is 1.2 + 2.4 = 3.6%.
    assert expected[0] == pytest.approx(0.08 - 0.036, abs=1e-5)
    assert spans(book()) == pytest.approx(expected, rel=1e-4)


def test_it_does_not_depend_on_the_order_of_the_lines() -> None:
    order = [2, 0, 3, 1]
    turned = tiny(
        {
            "cash-yield [%]": [Y[i] for i in order],
            "strategic-weight": [S[i] for i in order],
            "expected-return [%]": [R[i] for i in order],
            "capacity [$ bn]": [60] * 4,
        },
        **{"fully-invested": "yes"},
    )
    assert spans(book(), turned) == pytest.approx(spans(book()), rel=1e-5)


@pytest.mark.parametrize("penalty", [0.01, 0.05])
def test_soft_rules_are_paid_out_of_income(penalty: float) -> None:
    floor = al.rules.Amount(
        id="d", title="D", scope={"line": "d"}, at_least="$60 bn", severity="soft", penalty=f"{penalty * 1e4:.0f} bp"
    )
    found, without = spans(book(floor)), spans(book())
    assert found == pytest.approx(by_linear_programs(penalty), rel=1e-4)
    assert found != pytest.approx(without, rel=1e-2)


def test_where_nothing_fits_there_is_none() -> None:
    floors = [al.rules.Amount(id=line, title=line, scope={"line": line}, at_least="$55 bn") for line in ("a", "b")]
    assert spans(book(*floors)) is None


def test_objectives_that_agree_count_by_their_own_size() -> None:
    # a is best by all three, so nothing is lost at the others' optima.
    case = tiny(
        {
            "cash-yield [%]": [8, 5],
            "strategic-weight": [2, 1],
            "expected-return [%]": [9, 4],
            "capacity [$ bn]": [100, 100],
        }
    )
    assert spans(book(), case) == pytest.approx((0.08, 2.0, 0.09), abs=1e-5)


@pytest.mark.parametrize("combined", [al.blend, al.maximin], ids=["blend", "maximin"])
@pytest.mark.parametrize("pair", [(al.Volatility(), al.Variance()), (al.DividendYield(), al.Variance())], ids=str)
def test_objectives_that_share_an_optimum_of_zero_count_by_what_a_line_can_do(
    combined: Callable[[dict[Aim, float]], Aim], pair: tuple[Aim, Aim]
) -> None:
    """All in the reserve is best for every one; ranges of the solver's noise would be weights of a billion."""
    case = tiny(
        {"cash-yield [%]": [6, 7, 5, 8], "capacity [$ bn]": [50, 40, 60, 30]},
        covariance=np.array([[4, 1, 0, 2], [1, 9, 1, 3], [0, 1, 1, 0], [2, 3, 0, 16]]) / 100,
    )
    idle = al.rules.Leverage(id="idle", title="I", measure="deployed-to-equity", at_most="0x")
    rules = book(idle) if isinstance(pair[0], al.DividendYield) else book()
    out = al.allocate(case, rules, combined({pair[0]: 0.5, pair[1]: 0.5}))
    assert out.status == "optimal"
    assert out.totals["deployed"] == pytest.approx(0, abs=0.01)
    assert min(out.record["objective"]["ranges"]) > 0.01
