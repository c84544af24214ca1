"""How many solves a frontier takes, how close it is, and how close equally spaced weights come.

Solves count all but the canonical choices: four for the pay-off table are among them, to which those of equally spaced
blends come too. Run: `python tests/benchmarks/bench_frontier.py`. The true gap is how far the optima of 1,000 equally spaced blends lie
outside the curve at most, in parts of the ranges; the proved one may not be smaller.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

import allocator as al
from allocator.certificate import shortfall
from allocator.payoff import payoff
from allocator.program import Program
from allocator.sandwich import Sandwich, Touch, project
from allocator.shapes import Cone
from allocator.tracing import trace

ROOT = Path(__file__).parent.parent.parent
PAIR = (al.DividendYield(), al.StrategicWeight())
GAP = 1e-3
SPACED = (30, 100)


def variants() -> dict[str, tuple[al.Case, al.Rulebook]]:
    """The example fund, and what of it is polyhedral: without compression and without the rules that are cones."""
    found = {}
    for name, folder in (("us-japan, 31 lines", "us-japan"), ("its four sectors", "sector-mix")):
        case = al.read_case(ROOT / "examples" / folder)
        rules = al.read_rules(case.policy, as_of="2026-04-01")
        flat = replace(case, fund=case.fund.model_copy(update={"compression": None}))
        cones = {clause.rule for clause in rules.clauses(flat) if isinstance(clause, Cone)}
        kept = al.Rulebook([rule for rule in rules.rules if rule.id not in cones], rules.as_of)
        found |= {name: (case, rules), f"{name}, polyhedral": (flat, kept)}
    return found


def spaced(program: Program, count: int) -> list[Touch[None]]:
    """The optima of equally spaced blends of the yield and the weight, both in parts of their ranges."""
    table = payoff([program] * 2, [1.0, 0.0])
    assert table is not None
    worst = np.array([table.worst(k) for k in (0, 1)])
    ranges = np.array([span for _, span in table.ranges()])
    touches = []
    for part in np.linspace(0, 1, count):
        weights = np.array([part, 1 - part])
        by_range = (weights / ranges).tolist()
        point = program.solve(by_range, by_range[0], 1e-10)
        paid = np.array([shortfall(program.clauses, point.v), 0.0])
        values = np.array([score.value(point.v) for score in program.scores]) - paid
        bound = point.bound - float(weights @ (worst / ranges))
        touches.append(Touch(weights, bound, (values - worst) / ranges))
    return touches


def furthest(touches: Sequence[Touch[None]], corners: np.ndarray) -> float:
    """How far the points lie outside a chain of corners."""
    return max(float(np.linalg.norm(each.point - project(each.point, corners))) for each in touches)


def main() -> None:
    """Print a row for each variant."""
    warnings.simplefilter("ignore")
    head = "| case | solves | more for the choice | proved gap | true gap | ms a solve |"
    print(head, *(f"{count} spaced: gap |" for count in SPACED), f"solves for the gap of {SPACED[-1]} spaced |")
    print("|---|" + "---:|" * (6 + len(SPACED)))
    for name, (case, rules) in variants().items():
        clauses = rules.clauses(case)
        found = trace(case, clauses, PAIR, GAP)
        assert found is not None
        program = Program(clauses, [objective.score(case) for objective in PAIR], case.box, case.spread)
        program.solve([1.0, 0.0], 1.0, 1e-10)
        start = time.perf_counter()
        fine = spaced(program, 1000)
        each = (time.perf_counter() - start) / 1000
        chain = np.array([(spot.scores - found.worst) / found.ranges for spot in found.spots])
        true = furthest(fine, chain)
        assert true <= found.gap
        gaps = [Sandwich.of(spaced(program, count)).gap for count in SPACED]
        same = trace(case, clauses, PAIR, gaps[-1])
        assert same is not None
        cells = [name, found.solves, found.canonical, f"{found.gap:.4%}", f"{true:.4%}", f"{each * 1e3:.1f}"]
        print("|", " | ".join(map(str, [*cells, *(f"{gap:.3%}" for gap in gaps), same.solves])), "|")


if __name__ == "__main__":
    main()
