"""Where a caller's own expression stands in the objective, cvxpy writes the program."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest
from conftest import small_case
from helpers import book

import allocator as al
from allocator import formulation, modelling
from allocator.errors import AllocatorError
from allocator.program import Program

pytestmark = pytest.mark.filterwarnings("ignore:Solution may be inaccurate")

RULES = book(
    al.rules.Share(id="one", title="One", each="line", of="deployed", at_most="40%"),
    al.rules.Volatility(id="risk", title="Risk", of="deployed", at_most="12%"),
)
OWN = al.Concave(lambda v: cp.sum(cp.sqrt(v.capital)))


def written() -> Program:
    case = small_case()
    return Program(RULES.clauses(case), [OWN.score(case), al.DividendYield().score(case)], case.box, case.spread)


def best(program: Program, **how: object) -> float:
    point = program.solve([1.0, 2.0], 0.0, 1e-10, **how)  # type: ignore[arg-type]
    assert point.status == "optimal"
    assert point.bound == pytest.approx(point.value, abs=1e-5)
    return point.value


def test_limits_of_very_many_terms_are_written_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are no parameters then, and don't move; a rule's do."""
    few = written()
    index = next(i for i, clause in enumerate(few.clauses) if clause.rule == "terms.capacity")
    cap = next(i for i, clause in enumerate(few.clauses) if clause.rule == "one")
    assert few.moves(index)
    told = best(few)
    monkeypatch.setattr(formulation, "MOST_CELLS", 0)
    many = written()
    assert (many.moves(index), many.moves(cap)) == (False, True)
    assert best(many) == pytest.approx(told, abs=1e-6)
    theta = {cap: few.clauses[cap].theta * 0.8}
    assert best(many, theta=theta) == pytest.approx(best(few, theta=theta), abs=1e-6)
    held = many.hold(told - 1e-4, [1.0, 2.0], 0.0)
    assert held.status == "optimal"
    assert many.scores[0].value(held.v) + 2 * many.scores[1].value(held.v) >= told - 1e-4 - 1e-6


def test_limits_move_one_after_the_other() -> None:
    program = written()
    cap = next(i for i, clause in enumerate(program.clauses) if clause.rule == "one")
    moved = [{cap: program.clauses[cap].theta * times} for times in (1.0, 0.55, 1.2)]
    found = [point.value for point in program.along([1.0, 2.0], 0.0, moved)]
    assert found == pytest.approx([best(program, theta=theta) for theta in moved], abs=1e-7)
    assert found[1] < found[0] - 1e-3


def test_a_shape_that_is_not_dpp_is_refused_at_build() -> None:
    x, p = cp.Variable(), cp.Parameter(nonneg=True)
    with pytest.raises(AllocatorError, match=r"^the program is not a disciplined parametrised convex program"):
        modelling._dpp(cp.Problem(cp.Minimize(p * p * x)))


def test_only_such_an_expression_loads_cvxpy() -> None:
    import subprocess
    import sys

    script = """
import sys
import allocator as al
case = al.Case.from_moments([0.04, 0.08], [[0.01, 0.0], [0.0, 0.04]])
for aim in (al.ExpectedReturn(), al.ExpectedReturn() - 2 * al.Variance(), al.Volatility(), al.Sharpe(rate="1%")):
    assert al.allocate(case, None, aim).status == "optimal"
assert "cvxpy" not in sys.modules and "scipy" not in sys.modules
print("as expected")
"""
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert told.stdout == "as expected\n", told.stderr
    assert np.isfinite(best(written()))
