"""What cvxpy is told is what the shapes say; and the answer behaves as reason demands."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from conftest import small_case
from every_shape import everything, told_case
from helpers import solve, value
from hypothesis import given, settings
from hypothesis import strategies as st

import allocator as al
from allocator.modelling import Modelling
from allocator.program import Program
from allocator.scores import Linear, Score
from allocator.shapes import Clause, Cone, RotatedCone, Tail
from allocator.units import Money
from allocator.universe import Universe

pytestmark = pytest.mark.filterwarnings("ignore:Solution may be inaccurate")


@pytest.fixture(scope="module")
def compiled() -> tuple[Modelling, list[tuple[Any, list[Any]]]]:
    """Cvxpy's program; and what it wrote: which members of which clauses, and the constraints that it made of them."""
    case = told_case()
    made: list[tuple[Any, list[Any]]] = []

    class Watched(Modelling):
        def _shape(self, kept: Any, room: Any) -> Any:
            found = super()._shape(kept, room)
            made.append((kept, found[0]))
            return found

    clauses = everything().clauses(case)
    return Watched(clauses, [al.DividendYield().score(case)], case.box.fixing(clauses), case.spread), made


SLACK = 0.05


def told(first: Clause, typical: Any, made: list[Any], v: Any) -> Any:
    """By how much cvxpy's constraints are broken, in the shape's own measure."""
    if isinstance(first, Tail):
        # Its own variables: the best q is the count-th largest entry.
        above, sums = made
        y = first.L @ v + first.k
        q = next(x for x in above.variables() if x.shape == ())
        over = next(x for x in sums.variables() if x.shape == y.shape and x.is_nonneg())
        q.value = np.sort(y)[-math.ceil(first.count)]
        over.value = np.maximum(y - q.value, 0)
        return sums.expr.value
    if isinstance(first, Cone):
        t, x = made[0].args[0].value, made[0].args[1].value
        if isinstance(first, RotatedCone):
            # ||(2 sqrt(s) a, r - s)|| <= r + s, squared: 4 s (||a||^2 - r).
            return (np.sum(x**2, axis=0) - t**2) / (4 * typical)
        return np.linalg.norm(x, axis=0) - t
    return np.abs(made[0].expr.value) if first.equal else made[0].expr.value


@given(seed=st.integers(0, 2**32 - 1))
def test_the_compiled_constraints_are_the_clauses(compiled: Any, seed: int) -> None:
    """At any point of the free entries, feasible or not, cvxpy says what the shapes say."""
    program, made = compiled
    rng = np.random.default_rng(seed)
    v = program.box.low.copy()
    v[program._free] = rng.normal(0.3, 0.3, len(program._free))
    program._z.value = v[program._free]
    program._write({})
    for slack in program._cost.variables():
        slack.value = np.full(slack.shape, SLACK)
    seen = set()
    for kept, constraints in made:
        pairs = [(program.clauses[index], members) for index, members in kept.items()]
        excess = [clause.excess(v)[members] - SLACK * (clause.penalty is not None) for clause, members in pairs]
        first = pairs[0][0]
        typical = np.concatenate([c.typical[k] for c, k in pairs]) if isinstance(first, RotatedCone) else None
        found = told(first, typical, constraints, v)
        np.testing.assert_allclose(np.ravel(found), np.concatenate(excess), atol=1e-9)
        seen |= {clause.rule for clause, members in pairs if members.any()}
    # Nothing is left out but the exclusion, which the box says.
    assert seen == {clause.rule for clause in program.clauses} - {"none"}
    assert float(program._expressions[0].value.value) == pytest.approx(program.scores[0].value(v), abs=1e-9)


def optimum(case: al.Case, rules: al.Rulebook, tolerance: float = 1e-9) -> float:
    """The first stage's bound: no more than a whisker above the truth."""
    program = Program(rules.clauses(case), [al.DividendYield().score(case)], case.box, case.spread)
    point = program.solve([1.0], 1.0, tolerance)
    assert point.status == "optimal"
    assert point.bound - point.value < 1e-7
    return point.bound


LOOSER = {
    "line": ("at_most", 30, 60, "%", 1),
    "top": ("at_most", 55, 80, "%", 1),
    "risk": ("at_most", 11, 16, "%", 1),
    "behind": ("at_most", 10, 40, "%", 1),
    "power": ("at_least", 1.0, 1.6, "x", -1),
    "cover": ("at_least", 1.2, 1.9, "x", -1),
}


@settings(max_examples=25)
@given(st.sampled_from(sorted(LOOSER)), st.floats(0, 1), st.floats(0, 1))
def test_a_looser_limit_never_hurts(rule: str, one: float, two: float) -> None:
    case = told_case()
    field, low, high, unit, sign = LOOSER[rule]
    limits = sorted(low + part * (high - low) for part in (one, two))
    tight, loose = limits if sign > 0 else reversed(limits)
    rules = everything()
    less = optimum(case, rules.replace(rule, **{field: f"{tight:.6f}{unit}"}))
    more = optimum(case, rules.replace(rule, **{field: f"{loose:.6f}{unit}"}))
    assert more >= less - 1e-7


@settings(max_examples=6)
@given(st.permutations(range(5)))
def test_permuted_lines_give_the_permuted_answer(order: list[int]) -> None:
    case = told_case()
    moved = permuted(case, order)
    rules = everything()
    one, two = solve(case, rules), solve(moved, rules)
    assert value(one) == pytest.approx(value(two), rel=1e-7)
    # $ bn of a fund of 100; the canonical allocation is one.
    apart = one.amounts["amount"] - two.amounts["amount"][one.amounts.index]
    assert apart.abs().max() < 0.005
    loans = one.financing - two.financing.loc[one.financing.index]
    assert loans.abs().to_numpy().max() < 0.005


def permuted(case: al.Case, order: list[int]) -> al.Case:
    """The same case with its lines in another order."""
    from allocator.risk import Risk
    from allocator.sparse import Sparse

    u = case.universe
    place = np.argsort(order)
    names = tuple(u.ids[i] for i in order)
    universe = replace(
        u,
        ids=names,
        numbers={name: column[order] for name, column in u.numbers.items()},
        texts={name: tuple(column[i] for i in order) for name, column in u.texts.items()},
        exposure=u.exposure and Sparse(u.exposure.shape, u.exposure.row, place[u.exposure.column], u.exposure.value),
    )
    risk = case.risk
    assert risk is not None
    assert risk.scenarios is not None
    factor = Sparse(risk.factor.shape, risk.factor.row, place[risk.factor.column], risk.factor.value)
    return replace(case, universe=universe, risk=Risk(factor, risk.definite, scenarios=risk.scenarios[:, order]))


@settings(max_examples=6)
@given(st.sampled_from([0.01, 0.3, 2.0, 10.0, 50.0]))
def test_a_fund_of_another_size_gives_the_same_shares(times: float) -> None:
    case, rules = told_case(), everything()
    one, two = solve(case, rules), solve(scaled(case, times), rules)
    assert value(one) == pytest.approx(value(two), rel=1e-7)
    apart = one.amounts["amount"] * times - two.amounts["amount"]
    assert apart.abs().max() < 0.005 * times
    assert one.totals["dividend-yield"] == pytest.approx(two.totals["dividend-yield"], abs=1e-9)


def scaled(case: al.Case, times: float) -> al.Case:
    """The same fund with every dollar counted so many times."""
    equity = [{"holder": "one", "amount": f"${60 * times:f} bn"}, {"holder": "two", "amount": f"${40 * times:f} bn"}]
    fund = small_case(equity=equity).fund
    universe: Universe = case.universe
    holdings = {line: amount * times for line, amount in case.holdings.items()}
    numbers = {**universe.numbers, "capacity": universe.numbers["capacity"] * times}
    stack = tuple(
        tranche.model_copy(update={"capacity": Money.parse(f"${size * times:f} bn")})
        for tranche, size in zip(case.stack, (40, 60), strict=True)
    )
    return replace(case, fund=fund, universe=replace(universe, numbers=numbers), stack=stack, holdings=holdings)


@given(st.integers(0, 2**32 - 1))
def test_a_sum_of_scores_is_a_score_of_sums(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, two = (Score(((float(rng.normal()), Linear(rng.normal(size=4), float(rng.normal()))),)) for _ in range(2))
    v, factor = rng.normal(size=4), float(rng.normal())
    assert (one + two * factor).value(v) == pytest.approx(one.value(v) + factor * two.value(v), abs=1e-9)
