"""Every kind of objective with every kind of rule, and in every way to combine: certified, or refused by name.

A new kind needs a line in RULES or OBJECTIVES, or the first test fails.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from helpers import book, everything

import allocator as al
from allocator import kinds
from allocator.objectives import Aim, Objective
from allocator.rules import Rule

CASE = everything()
SIZE = al.rules.Amount(id="size", title="Size", at_least="$105 bn")

# The fields of each kind of rule, tight enough to matter to some objectives.
RULES: dict[str, dict[str, Any]] = {
    "amount": {"measure": "debt", "at_most": "$20 bn"},
    "concentration": {"by": "line", "measure": "hhi", "of": "deployed", "at_most": "0.32"},
    "count": {"at_most": "3"},
    "coverage": {"measure": "debt-service", "haircut": "10%", "at_least": "1.5x"},
    "domicile": {"country": "US", "basis": "seat", "of": "deployed", "at_least": "60%"},
    "exclusion": {"scope": {"line": "b"}},
    "leverage": {"measure": "debt-to-equity", "at_most": "0.2x"},
    "look-through": {"each": "counterparty", "of": "deployed", "at_most": "25%"},
    "ratio": {"numerator": {"column": "supplied"}, "denominator": {"column": "needed"}, "at_least": "1.2x"},
    "share": {"each": "line", "of": "deployed", "at_most": "40%"},
    "stress-loss": {"each": "stress", "of": "deployed", "at_most": "22%"},
    "tail-loss": {"confidence": "90%", "of": "deployed", "at_most": "16%"},
    "ticket": {"at_least": "$30 bn"},
    "tracking": {"of": "deployed", "at_most": "6%"},
    "turnover": {"at_most": "60%"},
    "volatility": {"of": "deployed", "at_most": "15%"},
}
OBJECTIVES: dict[str, dict[str, Any]] = {
    "dividend-yield": {},
    "expected-return": {},
    "owner-gain": {"principal": "east"},
    "risk-budget": {},
    "robust-yield": {},
    "sharpe": {"rate": "4%"},
    "strategic-weight": {},
    "tail-loss": {"confidence": "90%"},
    "tracking": {},
    "variance": {},
    "volatility": {},
}
EMPTY = {
    ("risk-budget", "exclusion"): "the rules and terms leave no capital for a mix with these risk budgets",
    ("risk-budget", "domicile"): "its mix has less than that in the United States",
    ("risk-budget", "count"): "its mix holds all four lines",
    ("risk-budget", "ticket"): "its mix has less than that in one line",
}
"Where nothing fits, and why."


def test_every_kind_has_its_line() -> None:
    assert sorted(RULES) == kinds.known("rules")
    assert sorted(OBJECTIVES) == kinds.known("objectives")


def objective(kind: str) -> Objective:
    made: Objective = kinds.find("objectives", kind)(**OBJECTIVES[kind])
    return made


def rule(kind: str) -> Rule:
    made: Rule = kinds.find("rules", kind)(id="rule", title="Rule", **RULES[kind])
    return made


def check(aim: Aim, *rules: Rule) -> None:
    out = al.allocate(CASE, book(SIZE, *rules), aim, resolve=False)
    assert out.status == "optimal", out.record.get("violations")
    assert out.record["certificate"]["passes"]
    assert out.totals["deployed"] >= 105 - 1e-4


@pytest.mark.parametrize("rules", sorted(RULES))
@pytest.mark.parametrize("kind", sorted(OBJECTIVES))
def test_with_every_rule(kind: str, rules: str) -> None:
    if (kind, rules) not in EMPTY:
        check(objective(kind), rule(rules))
        return
    out = al.allocate(CASE, book(SIZE, rule(rules)), objective(kind), resolve=False)
    assert out.status == "infeasible"
    assert {each["rule"] for each in out.record["violations"]} <= {"rule", "size", f"objective.{kind}"}


def other(kind: str) -> Objective:
    return al.StrategicWeight() if kind == "dividend-yield" else al.DividendYield()


def level(kind: str) -> float:
    """What the other objective's best reaches, made a tenth easier."""
    own = objective(kind)
    best = al.allocate(CASE, book(SIZE), own, resolve=False).record["objective"]["parts"][0]["value"]
    return float(best * (1.1 if own.smaller_is_better else 0.9) + (0.02 if kind == "tracking" else 0.0))


WAYS: dict[str, Callable[[str], Aim]] = {
    "sum": lambda kind: other(kind) + (-0.1 if objective(kind).smaller_is_better else 0.1) * objective(kind),
    "blend": lambda kind: al.blend({other(kind): 1, objective(kind): 2}),
    "epsilon, maximised": lambda kind: al.epsilon(
        objective(kind),
        {
            al.Volatility() if kind == "dividend-yield" else al.DividendYield(): 0.15
            if kind == "dividend-yield"
            else 0.03
        },
    ),
    "epsilon, held": lambda kind: al.epsilon(other(kind), {objective(kind): level(kind)}),
    "order, first": lambda kind: al.lexicographic([objective(kind), other(kind)]),
    "order, last": lambda kind: al.lexicographic([other(kind), objective(kind)]),
    "maximin": lambda kind: al.maximin({other(kind): 1, objective(kind): 1}),
}
RATIO, MIX = "it is a ratio, which is found by solving", "it fixes the mix, which leaves nothing to weigh"
CURVED = "can't be held at a level here: its curves make no single limit"
REFUSED: dict[tuple[str, str], str] = {
    **{("sharpe", way): RATIO for way in WAYS if way != "epsilon, maximised"},
    **{("risk-budget", way): MIX for way in WAYS if way != "epsilon, maximised"},
    ("robust-yield", "epsilon, held"): CURVED,
    ("robust-yield", "order, first"): CURVED,
}
"Where two don't go together, with the reason."


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", sorted(OBJECTIVES))
def test_in_every_way_to_combine(kind: str, way: str) -> None:
    if (kind, way) not in REFUSED:
        check(WAYS[way](kind))
        return
    with pytest.raises(al.InputError) as caught:
        check(WAYS[way](kind))
    said = str(caught.value)
    assert REFUSED[kind, way] in said
    assert said.startswith(f"'{objective(kind).name}' can't be")
