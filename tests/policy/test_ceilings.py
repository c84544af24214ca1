"""Lines above an excess: they lie above it wherever the other clauses hold, whatever the shape."""

from __future__ import annotations

from dataclasses import replace

import extremes
import numpy as np
import pytest
from conftest import small_case
from helpers import book

import allocator as al
from allocator import kinds
from allocator.policy.ceilings import above, ceilings, straight
from allocator.rules import Rule

SCENARIOS = np.round(np.random.default_rng(3).normal(0.05, 0.2, (20, 5)), 3)
CASE = replace(
    small_case(),
    risk=replace(small_case().risk, scenarios=SCENARIOS),
    holdings={"hall": 30.0, "wires": 40.0},
    benchmark={"hall": 0.5, "docks": 0.5},
)
FIELDS = {"of": "deployed", "by": "line"}


def rule(kind: str, **fields: object) -> Rule:
    made: Rule = kinds.find("rules", kind).read({"id": "r", "title": "R", **fields})
    return made


def top(n: int, limit: str) -> Rule:
    return rule("concentration", measure="top-n", n=str(n), at_most=limit, **FIELDS)


def spread(measure: str, **limit: str) -> Rule:
    return rule("concentration", measure=measure, **limit, **FIELDS)


def tail(confidence: str, limit: str) -> Rule:
    return rule("tail-loss", confidence=confidence, at_most=limit, of="deployed")


def cover(measure: str, limit: str, haircut: str = "0%") -> Rule:
    return rule("coverage", measure=measure, haircut=haircut, at_least=limit)


PAIRS = [
    (top(2, "60%"), top(3, "60%"), True),
    (top(3, "90%"), top(2, "60%"), True),
    (top(3, "89%"), top(2, "60%"), False),
    (spread("hhi", at_most="0.3"), spread("effective-number", at_least="4"), True),
    (spread("hhi", at_most="0.3"), spread("effective-number", at_least="3"), False),
    (cover("debt-service", "1.20x"), cover("debt-service", "1.10x", "10%"), True),
    (cover("interest", "1.20x"), cover("debt-service", "1.20x"), True),
    (rule("volatility", of="deployed", at_most="12%"), rule("volatility", of="deployed", at_most="11%"), True),
    # The mean of more of the worst is smaller; of fewer it may be larger, by as much as they are alone.
    (tail("80%", "20%"), tail("85%", "20%"), True),
    (tail("85%", "20%"), tail("80%", "20%"), False),
    (rule("turnover", at_most="40%"), rule("turnover", at_most="39%"), True),
    (rule("turnover", at_most="39%"), rule("turnover", at_most="40%"), False),
    (rule("tracking", of="total-assets", at_most="5%"), rule("tracking", of="deployed", at_most="5%"), True),
    (rule("volatility", of="total-assets", at_most="12%"), rule("volatility", of="deployed", at_most="12%"), True),
]


@pytest.mark.parametrize(("one", "other", "settled"), PAIRS)
def test_a_line_lies_above_the_excess_where_the_other_rule_holds(one: Rule, other: Rule, settled: bool) -> None:
    within = book(other).clauses(CASE)
    (clause,) = (each for each in book(one).clauses(CASE) if each.rule == "r")
    assert not straight(clause)
    lines = list(ceilings(clause, 0, within, CASE))
    points = list(extremes.Oracle(CASE, within).each(extremes.random(CASE, 100, 3)))
    for line in lines:
        assert all(clause.excess(v)[0] <= line.value(v) + 1e-6 for v in points)
    assert settled == any(above(line, CASE.box) <= 1e-6 for line in lines)


def test_losses_are_bounded_by_the_covers_of_lines_or_by_chords() -> None:
    within = book().clauses(CASE)
    (clause,) = (each for each in book(cover("interest", "1.00x")).clauses(CASE) if each.rule == "r")
    (line,) = ceilings(clause, 0, within, CASE)
    points = list(extremes.Oracle(CASE, within).each(extremes.random(CASE, 200, 4)))
    assert all(clause.excess(v)[0] <= line.value(v) + 1e-7 for v in points)
    # Each line's own cover is over one, so that the whole's is too; but for lines without debt that is a chord only.
    assert max(line.value(v) for v in points) < 0.05


def test_no_line_is_known_between_unlike_curves() -> None:
    (clause,) = (each for each in book(top(2, "60%")).clauses(CASE) if each.rule == "r")
    assert not list(ceilings(clause, 0, book(spread("hhi", at_most="0.3")).clauses(CASE), CASE))


def test_a_linear_excess_is_its_own_closest_line() -> None:
    share = al.rules.Share(id="r", title="R", scope={"line": "hall"}, of="deployed", at_most="30%")
    (clause,) = (each for each in book(share).clauses(CASE) if each.rule == "r")
    *_, last = ceilings(clause, 0, book(share).clauses(CASE), CASE)
    v = np.linspace(0, 1, CASE.decision.size)
    assert last.value(v) == pytest.approx(clause.excess(v)[0])
