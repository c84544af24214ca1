"""A yes is an allocation, a no is a proof, and nothing but clauses is ever to blame."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import small_case
from helpers import book, tiny

import allocator as al
from allocator.diagnosis.conflict import groups
from allocator.diagnosis.feasibility import LEAST, Feasibility, blamable, worst
from allocator.shapes import Fixed

CASE = tiny({"cash-yield [%]": [8, 5], "capacity [$ bn]": [100, 100]})


def program(case: al.Case, *rules: al.rules.Rule) -> Feasibility:  # type: ignore[name-defined]
    return Feasibility(case, blamable(case, book(*rules).clauses(case)))


def floor(line: str, amount: str) -> al.rules.Amount:  # type: ignore[name-defined]
    return al.rules.Amount(id=line, title=line, scope={"line": line}, at_least=amount)


def test_a_yes_comes_with_an_allocation_that_keeps_all() -> None:
    found = program(CASE, floor("a", "$40 bn"), floor("b", "$60 bn"))
    verdict = found.check()
    assert verdict.status == "fits"
    assert worst(found.clauses, verdict.v) <= 1e-7
    assert verdict.v[:2] * 100 == pytest.approx([40, 60], abs=1e-4)


def test_a_no_is_the_least_by_which_all_must_give_way_and_its_proof() -> None:
    # 30 too many over two floors: 15 each.
    found = program(CASE, floor("a", "$70 bn"), floor("b", "$60 bn"))
    verdict = found.check()
    assert verdict.status == "nothing"
    assert verdict.broken == pytest.approx(0.15, abs=1e-6)
    members = groups(found.clauses)
    both = {index for name in ("a", "b") for index in members[name]}
    assert found.proves(verdict, both)
    assert not found.proves(verdict, set(members["a"]))


def test_what_is_dropped_is_not_counted() -> None:
    found = program(CASE, floor("a", "$70 bn"), floor("b", "$60 bn"))
    members = groups(found.clauses)
    assert found.check(members["a"]).status == "fits"
    assert found.check(members["terms.capacity"]).status == "nothing"


def test_a_smaller_program_says_the_same_and_never_has_the_last_word_on_a_yes() -> None:
    found = program(CASE, floor("a", "$70 bn"), floor("b", "$60 bn"))
    members = groups(found.clauses)
    found.focus({*members["a"], *members["b"]})
    assert found.check(members["terms.capacity"]).broken == pytest.approx(0.15, abs=1e-6)
    found.focus(members["a"])
    assert found.check().status == "nothing"
    assert found.check(members["b"]).status == "fits"
    # What breaks the floor on b is no answer, though the small program lacks it.
    assert found.check(members["a"]).v[1] * 100 >= 60 - 1e-4


@pytest.mark.parametrize("family", ["capacity", "tranche-capacity", "gearing", "cover", "fully-invested"])
def test_no_family_is_held_by_the_box_once_it_is_dropped(family: str) -> None:
    """With all families but one dropped, and then that one too, what was bounded by it alone is bounded no more."""
    case = small_case(**{"fully-invested": "yes"})
    found = program(case, al.rules.Amount(id="size", title="S", at_least="$900 bn"))
    every = {index for name, own in groups(found.clauses).items() if name != "size" for index in own}
    # Nine times the equity, of nothing but debt that nobody limits.
    verdict = found.check(every)
    assert verdict.status == "fits"
    assert verdict.v[case.decision.deployed] >= 9 - 1e-6
    own = {index for name, own in groups(found.clauses).items() if name == f"terms.{family}" for index in own}
    assert own
    alone = found.check(every - own)
    assert alone.status == ("fits" if family == "fully-invested" else "nothing")


def test_soft_rules_are_left_out_and_what_is_fixed_becomes_a_clause() -> None:
    soft = al.rules.Share(id="s", title="S", scope={"line": "a"}, of="equity", at_least="90%", severity="soft",
                          penalty="1 bp")  # fmt: skip
    rules = book(soft, al.rules.Exclusion(id="out", title="O", scope={"line": "a"}))
    found = blamable(CASE, rules.clauses(CASE))
    assert {clause.rule for clause in found} == {"terms.identity", "terms.capacity", "out"}
    assert not any(isinstance(clause, Fixed) for clause in found)


def test_a_verdict_never_rests_on_a_dropped_clause() -> None:
    found = program(CASE, floor("a", "$70 bn"), floor("b", "$60 bn"))
    verdict = found.check()
    every = {index for own in groups(found.clauses).values() for index in own}
    assert found._bound(verdict.multipliers, every) >= -LEAST
    assert found._bound(None, ()) == np.inf
