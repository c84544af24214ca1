"""Verdicts by effect, against an oracle of extreme points, by hand, and at their edges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import chain
from typing import Any

import extremes
import numpy as np
import pytest
from conftest import ROOT, small_case
from helpers import DAY, book, tiny

import allocator as al
from allocator import kinds
from allocator.policy.effect import Allowed, Finding
from allocator.risk import Risk
from allocator.shapes import Clause
from allocator.sparse import Vector
from allocator.stresses import Stress

DIRECTIONS = 1000
CLEAR = 1e-5
"An excess over this contradicts a verdict that there is none."

STRAIGHT: dict[str, dict[str, Any]] = {
    "seat": {"kind": "domicile", "country": "US", "basis": "seat", "of": "deployed", "at-least": "60%"},
    "content": {"kind": "domicile", "country": "US", "basis": "content", "of": "deployed", "at-least": "60%"},
    "compute": {"kind": "share", "scope": {"sector": "compute"}, "of": "deployed", "at-most": "45%"},
    "line": {"kind": "share", "each": "line", "of": "deployed", "at-most": "40%"},
    "docks": {"kind": "amount", "scope": {"line": "docks"}, "at-least": "$2 bn", "at-most": "$25 bn"},
    "size": {"kind": "amount", "at-least": "$60 bn"},
    "power": {
        "kind": "ratio", "numerator": {"column": "power-supplied"}, "denominator": {"column": "power-needed"},
        "at-least": "1.10x",
    },
    "parties": {"kind": "look-through", "each": "counterparty", "of": "deployed", "at-most": "20%"},
    "debt": {"kind": "leverage", "measure": "debt-to-equity", "at-most": "0.80x"},
    "bonds": {"kind": "leverage", "measure": "tranche", "tranche": "bonds", "at-most": "70%"},
    "cover": {"kind": "coverage", "measure": "debt-service", "haircut": "10%", "at-least": "1.40x"},
    "soft": {"kind": "share", "scope": {"line": "plant"}, "of": "deployed", "at-least": "30%", "severity": "soft",
             "penalty": "100 bp"},
}  # fmt: skip
CURVED = STRAIGHT | {
    "top": {"kind": "concentration", "by": "line", "measure": "top-n", "n": "2", "of": "deployed", "at-most": "65%"},
    "hhi": {"kind": "concentration", "by": "sector", "measure": "hhi", "of": "deployed", "at-most": "0.45"},
    "even": {"kind": "concentration", "by": "line", "measure": "effective-number", "of": "deployed", "at-least": "3.2"},
    "calm": {"kind": "volatility", "of": "deployed", "at-most": "11%"},
}
NONE = {"kind": None}
STRAIGHT_PAIRS: list[tuple[str, dict[str, Any]]] = [
    ("seat", {"at-least": "65%"}),
    ("seat", {"at-least": "50%"}),
    ("seat", {"basis": "assets"}),
    ("content", {"at-least": "61%"}),
    ("content", {"country": "US", "basis": "seat"}),
    ("compute", {"at-most": "44%"}),
    ("compute", {"at-most": "70%"}),
    ("compute", {"scope": {"sector": ["compute", "logistics"]}}),
    ("compute", {"of": "equity"}),
    ("line", {"at-most": "38%"}),
    ("line", {"at-most": "99%"}),
    ("line", {"each": "sector"}),
    ("docks", {"at-least": "$1 bn"}),
    ("docks", {"at-least": "$3 bn", "at-most": "$20 bn"}),
    ("docks", {"at-least": "$3 bn", "at-most": "$26 bn"}),
    ("size", {"at-least": "$90 bn"}),
    ("power", {"at-least": "1.00x"}),
    ("power", {"at-least": "0.90x", "at-most": "9.00x"}),
    ("parties", {"at-most": "15%"}),
    ("parties", {"each": None, "scope": {"counterparty": ["acme"]}}),
    ("debt", {"at-most": "0.85x"}),
    ("debt", {"at-most": "0.30x"}),
    ("debt", {"measure": "deployed-to-equity", "at-most": "1.20x"}),
    ("bonds", {"at-most": "65%"}),
    ("bonds", {"tranche": "senior"}),
    ("cover", {"haircut": "15%"}),
    ("cover", {"at-least": "1.10x"}),
    ("cover", {"measure": "interest"}),
    ("soft", {"penalty": "200 bp"}),
    ("soft", {"severity": "hard", "penalty": None}),
    ("seat", NONE),
    ("new", {"kind": "exclusion", "scope": {"line": "chips"}}),
    ("new", {"kind": "share", "scope": {"line": "docks"}, "of": "deployed", "at-most": "60%"}),
]
CURVED_PAIRS: list[tuple[str, dict[str, Any]]] = [
    ("top", {"at-most": "60%"}),
    ("top", {"at-most": "70%"}),
    ("top", {"n": "1"}),
    ("top", {"n": "3"}),
    ("hhi", {"at-most": "0.40"}),
    ("hhi", {"at-most": "0.50"}),
    ("hhi", {"by": "domicile"}),
    ("hhi", {"measure": "effective-number", "at-most": None, "at-least": "2.0"}),
    ("even", {"at-least": "3.5"}),
    ("even", {"at-least": "3"}),
    ("calm", {"at-most": "10.5%"}),
    ("calm", {"at-most": "12%"}),
    ("calm", {"of": "equity"}),
    ("cover", {"at-least": "1.45x"}),
    ("cover", {"haircut": "5%"}),
    ("cover", {"measure": "interest", "at-least": "2.00x"}),
    ("hhi", NONE),
    ("new", {"kind": "volatility", "of": "deployed", "at-most": "60%"}),
]  # fmt: skip
TOLD: dict[str, dict[str, Any]] = {
    "line": STRAIGHT["line"],
    "size": STRAIGHT["size"],
    "tail": {"kind": "tail-loss", "confidence": "80%", "of": "deployed", "at-most": "11%"},
    "stress": {"kind": "stress-loss", "each": "stress", "of": "equity", "at-most": "25%"},
    "near": {"kind": "tracking", "of": "deployed", "at-most": "9%"},
    "moved": {"kind": "turnover", "at-most": "50%"},
}
"On a case with scenarios, stresses, a benchmark and holdings."
TOLD_PAIRS: list[tuple[str, dict[str, Any]]] = [
    ("tail", {"confidence": "85%"}),
    ("tail", {"confidence": "75%"}),
    ("tail", {"at-most": "12%"}),
    ("tail", {"of": "equity"}),
    ("stress", {"at-most": "24%"}),
    ("stress", {"each": None, "stress": "slump"}),
    ("near", {"at-most": "10%"}),
    ("near", {"of": "total-assets"}),
    ("moved", {"at-most": "45%"}),
    ("moved", {"at-most": "51%"}),
    ("moved", {"of": "deployed"}),
    ("moved", NONE),
    ("new", {"kind": "turnover", "of": "deployed", "at-most": "99%"}),
]  # fmt: skip


JAPAN: list[tuple[str, dict[str, Any]]] = [
    ("borrowing", {"at-most": "2.05x"}),
    ("one-line", {"at-most": "10%"}),
    ("largest-three", {"n": "2"}),
    ("sector-spread", {"at-most": "0.30"}),
    ("interest-cover", {"at-least": "1.90x"}),
]
MIX: list[tuple[str, dict[str, Any]]] = [
    ("sector-spread", {"at-most": "0.36"}),
    ("borrowing", {"at-most": "0.80x"}),
    ("cover", {"at-least": "1.00x"}),
    ("backend-floor", NONE),
]
PAIRS = {"straight": STRAIGHT_PAIRS, "curved": CURVED_PAIRS, "told": TOLD_PAIRS, "us-japan": JAPAN, "sector-mix": MIX}
OPEN = {("curved", 6), ("curved", 9), ("us-japan", 4)}
"Pairs of which one side is not determined: a curve that the other rules seem to bound, and no line proves it."


class Base:
    """A case with rules, and extreme points of what they allow."""

    def __init__(self, case: al.Case, rules: al.Rulebook, directions: int = DIRECTIONS) -> None:
        self.case = case
        self.rules = rules
        self.clauses = rules.clauses(case)
        self.old = extremes.Oracle(case, self.clauses)
        self.points = list(self.old.each(extremes.random(case, DIRECTIONS, 1)))
        assert len(self.points) > 0.9 * DIRECTIONS
        self.random = extremes.random(case, directions, 2)


def rule(name: str, given: Mapping[str, Any]) -> Any:
    fields = {key: value for key, value in given.items() if key != "kind" and value is not None}
    return kinds.find("rules", given["kind"]).read({"id": name, "title": name, **fields})


def made(rules: Mapping[str, Mapping[str, Any]]) -> al.Rulebook:
    return book(*(rule(name, given) for name, given in rules.items()))


def told_case() -> al.Case:
    shocks = {"slump": [({"sector": "compute"}, "-40%"), ({"line": "wires"}, "5%")], "tariff": [("all", "-12%")]}
    return replace(
        small_case(),
        risk=Risk.from_scenarios(np.round(np.random.default_rng(3).normal(0.05, 0.2, (20, 5)), 3)),
        stresses=tuple(
            Stress.read({"id": name, "title": name, "story": "S.",
                         "shocks": [{"scope": scope, "return": size} for scope, size in given]})
            for name, given in shocks.items()
        ),
        holdings={"hall": 30.0, "wires": 40.0, "docks": 10.0},
        benchmark={"hall": 0.4, "plant": 0.3, "docks": 0.3},
    )  # fmt: skip


@cache
def base(name: str) -> Base:
    if name == "straight":
        return Base(small_case(compression=None), made(STRAIGHT))
    if name == "curved":
        return Base(small_case(), made(CURVED))
    if name == "told":
        return Base(told_case(), made(TOLD))
    policy = {"us-japan": "us-japan-fund"}.get(name, name)
    rules = al.read_rules(ROOT / "constraints" / f"{policy}.yaml", as_of=DAY)
    # A large case's own new polytopes get fewer directions, as each optimum takes ten milliseconds.
    return Base(al.read_case(ROOT / "examples" / name), rules, 50 if name == "us-japan" else DIRECTIONS)


def after(rules: al.Rulebook, name: str, fields: Mapping[str, Any]) -> al.Rulebook:
    """The rules with one changed, added or, with no fields, removed."""
    there = name in {each.id for each in rules.rules}
    if fields is NONE:
        return rules.with_rules([each for each in rules.rules if each.id != name])
    if not there:
        return rules.with_rules([*rules.rules, rule(name, fields)])
    return rules.replace(name, **{key.replace("-", "_"): value for key, value in fields.items()})


def excess(clauses: Sequence[Clause], points: Iterable[Vector]) -> float:
    return max((float(extremes.broken(clause, v).max()) for v in points for clause in clauses), default=-np.inf)


def check(found: Finding, targets: Sequence[Clause], within: extremes.Oracle, points: Iterable[Vector]) -> None:
    """A verdict is not contradicted: by its own example, or by an extreme point where it has none."""
    hard = [clause for clause in targets if clause.penalty is None]
    if found.answer == "something":
        assert within.allows(found.v)
        assert any(found.clause is clause for clause in hard)
        assert extremes.broken(found.clause, found.v)[found.member] > 9e-7
    else:
        assert excess(hard, points) <= CLEAR


@pytest.mark.parametrize(
    ("name", "index"),
    [(name, index) for name, pairs in PAIRS.items() for index in range(len(pairs))],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_no_extreme_point_contradicts_a_verdict(name: str, index: int) -> None:
    given, (changed, fields) = base(name), PAIRS[name][index]
    clauses = after(given.rules, changed, fields).clauses(given.case)
    old, new = ([each for each in found if each.rule == changed] for found in (given.clauses, clauses))
    possible, impossible = Allowed(given.case, clauses).breach(old), Allowed(given.case, given.clauses).breach(new)
    mine = extremes.own(given.case, [*old, *new], given.points[0])
    within = extremes.Oracle(given.case, clauses)
    check(possible, old, within, within.each([*mine, *given.random]))
    check(impossible, new, given.old, chain(given.points, given.old.each(mine)))
    answers = [possible.answer, impossible.answer]
    assert answers.count("undetermined") == ((name, index) in OPEN), answers


TWO = tiny({"cash-yield [%]": [8, 5], "capacity [$ bn]": [100, 60]})


def cap(limit: str, name: str = "cap", **fields: Any) -> Any:
    return rule(name, {"kind": "share", "scope": {"line": "a"}, "of": "deployed", "at-most": limit, **fields})


def least(amount: str) -> Any:
    return rule("size", {"kind": "amount", "at-least": amount})


def test_the_example_is_the_worst_one_and_is_told_to_the_dollar() -> None:
    # Of 100 deployed at most 60 are in b, so that a has at least two fifths; at most it has all.
    rules = book(least("$90 bn")).clauses(TWO)
    found = Allowed(TWO, rules).breach([each for each in book(cap("50%")).clauses(TWO) if each.rule == "cap"])
    assert found.answer == "something"
    assert found.clause is not None
    assert found.v is not None
    assert found.clause.excess(found.v)[found.member] == pytest.approx(0.5, abs=1e-6)
    grains = found.v[:2] * 100 * 10**9
    assert np.abs(grains - np.rint(grains)).max() < 1e-3


@pytest.mark.parametrize(("limit", "answer"), [("36%", "something"), ("33.4%", "something"), ("33.3%", "nothing")])
def test_a_floor_in_dollars_makes_a_cap_bite_or_not(limit: str, answer: str) -> None:
    # With 90 of 100 deployed and 60 at most in b, a has 30 at least: a third.
    rules = book(least("$90 bn")).clauses(TWO)
    floor = rule("floor", {"kind": "share", "scope": {"line": "a"}, "of": "deployed", "at-least": limit})
    assert Allowed(TWO, rules).breach(book(floor).clauses(TWO)).answer == answer


def test_soft_rules_restrict_nothing_and_are_not_broken() -> None:
    soft = book(cap("10%", severity="soft", penalty="100 bp")).clauses(TWO)
    assert Allowed(TWO, soft).breach(book(cap("50%")).clauses(TWO)).answer == "something"
    assert Allowed(TWO, ()).breach(soft).answer == "nothing"


def test_where_nothing_is_allowed_nothing_is_broken() -> None:
    nothing = Allowed(TWO, book(least("$200 bn")).clauses(TWO))
    assert nothing.empty
    assert nothing.breach(book(cap("10%")).clauses(TWO)).answer == "nothing"
    assert not Allowed(TWO, book(least("$90 bn")).clauses(TWO)).empty


def test_terms_are_no_rules_and_hold_in_both() -> None:
    assert Allowed(TWO, book().clauses(TWO)).breach(book().clauses(TWO)).answer == "nothing"


def test_an_exclusion_is_broken_by_any_dollar() -> None:
    out = rule("out", {"kind": "exclusion", "scope": {"line": "b"}})
    found = Allowed(TWO, book(least("$30 bn")).clauses(TWO)).breach(book(out).clauses(TWO))
    assert found.answer == "something"
    assert found.v is not None
    assert found.v[1] == pytest.approx(0.6)
    assert Allowed(TWO, book(out).clauses(TWO)).breach(book(out).clauses(TWO)).answer == "nothing"


def test_what_is_within_a_millionth_is_nothing() -> None:
    rules = book(cap("50%"), least("$90 bn")).clauses(TWO)
    assert Allowed(TWO, rules).breach(book(cap("49.99999%")).clauses(TWO)).answer == "nothing"
    assert Allowed(TWO, rules).breach(book(cap("49.99%")).clauses(TWO)).answer == "something"
