"""One compiled problem, many solves."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, small_case
from helpers import book

import allocator as al
from allocator.certificate import shortfall
from allocator.program import Program
from allocator.question import Question

RULES = book(
    al.rules.Share(id="one", title="One", each="line", of="deployed", at_most="40%"),
    al.rules.Volatility(id="risk", title="Risk", of="deployed", at_most="12%"),
    al.rules.Share(id="soft", title="Soft", scope={"sector": "logistics"}, of="deployed", at_least="25%",
                   severity="soft", penalty="50 bp"),
)  # fmt: skip


def compiled(rules: al.Rulebook = RULES, case: al.Case | None = None) -> Program:
    case = case or small_case()
    return Program(rules.clauses(case), [al.DividendYield().score(case)], case.box, case.spread)


def best(program: Program, **how: object) -> float:
    point = program.solve([1.0], 1.0, 1e-10, **how)  # type: ignore[arg-type]
    assert point.status == "optimal"
    assert point.bound == pytest.approx(point.value, abs=1e-7)
    return point.bound


def moved(program: Program, rule: str, theta: float) -> dict[int, np.ndarray]:
    index = next(i for i, clause in enumerate(program.clauses) if clause.rule == rule)
    return {index: np.full(program.clauses[index].size, theta)}


@pytest.mark.parametrize(("rule", "text", "theta"), [("one", "25%", 0.25), ("risk", "11%", 0.11), ("soft", "10%", 0.1)])
def test_a_moved_limit_is_the_limit_of_a_new_program(rule: str, text: str, theta: float) -> None:
    program = compiled()
    before = best(program)
    field = "at_least" if rule == "soft" else "at_most"
    there = best(program, theta=moved(program, rule, theta))
    assert there == pytest.approx(best(compiled(RULES.replace(rule, **{field: text}))), abs=1e-8)
    assert there != pytest.approx(before, abs=1e-6)
    assert best(program) == pytest.approx(before, abs=1e-8)


def test_moved_terms() -> None:
    """A line's capacity, moved in the program, is another capacity in the universe, but for compression."""
    case = small_case(compression=None)
    program = compiled(case=case)
    index = next(i for i, clause in enumerate(program.clauses) if clause.rule == "terms.capacity")
    theta = program.clauses[index].theta.copy()
    theta[0] = 20.0
    told = best(program, theta={index: theta})
    assert told == pytest.approx(best(compiled(case=case.replace("hall", capacity="$20 bn"))), abs=1e-8)
    assert told < best(program) - 1e-5


def test_the_level_is_held_and_the_spread_is_least() -> None:
    program, case = compiled(), small_case()
    top = program.solve([1.0], 1.0, 1e-10)
    level = top.value - 1e-4
    held = program.hold(level, [1.0], 1.0)
    assert program.scores[0].value(held.v) - shortfall(program.clauses, held.v) >= level - 1e-9
    assert case.spread @ held.v**2 < case.spread @ top.v**2
    assert held.hold > 0
    # Every allocation between is as good by the score, and wider by the spread.
    for part in (0.25, 0.5, 0.75, 1.0):
        between = held.v + part * (top.v - held.v)
        assert case.spread @ between**2 > case.spread @ held.v**2


def test_another_score_is_best_at_a_level_of_the_first() -> None:
    case = small_case()
    scores = [al.DividendYield().score(case), al.StrategicWeight().score(case)]
    program = Program(RULES.clauses(case), scores, case.box, case.spread)
    one = program.solve([1.0, 0.0], 1.0, 1e-10)
    two = program.solve([0.0, 1.0], 0.0, 1e-10)
    held = program.hold(one.value - 1e-3, [1.0, 0.0], 1.0, [0.0, 1.0], 0.0)
    loose = program.hold(one.value - 1e-2, [1.0, 0.0], 1.0, [0.0, 1.0], 0.0)
    assert scores[1].value(one.v) - 1e-7 <= held.value < loose.value <= two.value + 1e-7


def test_infeasible_is_said() -> None:
    rules = book(al.rules.Amount(id="much", title="Much", at_least="$900 bn"))
    assert compiled(rules).solve([1.0]).status == "infeasible"


@pytest.mark.parametrize("levered", [False, True])
def test_a_thousand_lines(levered: bool) -> None:
    """The benchmark's case, a tenth of its size: every number certified, and few entries in the matrix."""
    sys.path.insert(0, str(ROOT / "tests" / "benchmarks"))
    try:
        import bench_large
    finally:
        sys.path.pop(0)
    assert Path(bench_large.__file__).parent.name == "benchmarks"
    case, rules = bench_large.large_case(1000, levered), bench_large.large_rules(1000)
    out = al.allocate(case, rules, al.DividendYield(), resolve=False)
    assert out.status == "optimal"
    assert [each["solver"] for each in out.record["attempts"]] == ["clarabel"]
    assert al.verify(out, case, rules)
    program = compiled(rules, case)
    written = program._written("first")
    assert len(written.conic(Question(np.ones(1), 0.0)).A.data) < 12 * case.decision.size
