"""Waivers: another limit for a time, for all that a rule limits or for some of it; and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import price, solve, tiny

import allocator as al
from allocator.errors import InputError
from allocator.rulebook.waivers import Waiver

CASE = tiny({"cash-yield [%]": [8, 6, 4], "capacity [$ bn]": [100, 100, 100]})
CAP = al.rules.Share(id="cap", title="Cap", each="line", of="deployed", at_most="40%")
GIVEN: dict[str, Any] = {
    "id": "W-1", "rule": "cap", "scope": {"line": "a"}, "at-most": "50%", "authority": "book", "approved-by": "me",
    "effective": {"from": "2026-04-01", "until": "2026-09-30"}, "why": "Time to sell.",
}  # fmt: skip


def waiver(**changes: Any) -> Waiver:
    given = GIVEN | {name.replace("_", "-"): value for name, value in changes.items()}
    return Waiver.read({name: value for name, value in given.items() if value is not None}, "waiver 'W-1'")


def book(*waivers: Waiver, as_of: str = "2026-04-01", rule: Any = CAP) -> al.Rulebook:
    return al.Rulebook([rule], as_of, waivers=waivers)


def test_a_waiver_gives_one_line_more_room_and_its_own_price() -> None:
    # a = 50 and b = 40 at their caps, c = 10: 4 + 2.4 + 0.4. A point more for a takes one from c: 8% less 4%.
    out = solve(CASE, book(waiver()), resolve=True)
    assert out.amounts["amount"].tolist() == pytest.approx([50, 40, 10], abs=0.01)
    assert price(out, "cap", "at-most of W-1") == pytest.approx(0.04, rel=1e-3)
    assert price(out, "cap", "at-most") == pytest.approx(0.02, rel=1e-3)
    told = [(each["waiver"], each["limit"], each["binding"]) for each in out.record["rules"]]
    assert told == [("", pytest.approx(0.4), ["b"]), ("W-1", pytest.approx(0.5), ["a"])]


@pytest.mark.parametrize(
    ("day", "state", "most"),
    [
        ("2026-03-31", "not yet in force", 40),
        ("2026-04-01", "in force", 50),
        ("2026-09-30", "in force", 50),
        ("2026-10-01", "expired", 40),
    ],
)
def test_it_counts_in_its_term_only(day: str, state: str, most: float) -> None:
    rules = book(waiver(), as_of=day)
    assert rules.waivers[0].state(rules.as_of) == state
    assert solve(CASE, rules).amounts["amount"].tolist()[0] == pytest.approx(most, abs=0.01)


def test_without_a_scope_it_is_for_the_whole_rule() -> None:
    (clause,) = (each for each in book(waiver(scope=None)).clauses(CASE) if each.rule == "cap")
    assert (clause.waiver, clause.theta.tolist()) == ("W-1", [0.5, 0.5, 0.5])


def test_two_waivers_split_a_rule_in_three() -> None:
    other = waiver(id="W-2", scope={"line": ["b"]}, at_most="60%")
    clauses = [each for each in book(waiver(), other).clauses(CASE) if each.rule == "cap"]
    assert [(each.labels, each.theta.tolist()) for each in clauses] == [
        (("c",), [0.4]),
        (("a",), [0.5]),
        (("b",), [0.6]),
    ]
    whole = np.concatenate([each.R1 @ np.ones(CASE.decision.size) for each in clauses])
    assert whole == pytest.approx(np.ones(3))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"at_most": "40%"}, "waiver 'W-1' at-most: 40% is no looser than the rule's 40%; write a looser limit, or tighten the rule itself"),
        ({"at_most": "30%"}, "waiver 'W-1' at-most: 30% is no looser than the rule's 40%; write a looser limit, or tighten the rule itself"),
        ({"at_most": "0.5"}, "waiver 'W-1' at-most: cannot read '0.5'; write a share such as 35%"),
        ({"at_most": None, "at_least": "1%"}, "waiver 'W-1' at-least: rule 'cap' has no such limit; waive one that it has"),
        ({"rule": "cup"}, "waiver 'W-1' rule: no rule 'cup'; did you mean 'cap'?"),
    ],
)  # fmt: skip
def test_what_does_not_loosen_a_limit_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        book(waiver(**changes))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"at_least": "1%"}, "waiver 'W-1': a waiver sets one limit; write at-least or at-most"),
        ({"effective": {"from": "2026-04-01"}}, "waiver 'W-1' effective: a waiver must end; add until"),
        ({"scope": "all"}, "waiver 'W-1' scope: a waiver's scope has one column; write {line: [...]}, say"),
        ({"approved_by": None}, "waiver 'W-1' approved-by: missing; add it"),
    ],
)
def test_what_is_no_waiver_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        waiver(**changes)
    assert str(caught.value) == message


def test_a_value_of_the_rule_in_the_waivers_term_counts() -> None:
    later = CAP.changed("r", {"at_most": {"2026-01-01": "40%", "2026-06-01": "55%"}})
    with pytest.raises(
        InputError, match="50% is no looser than the rule's 40% from 2026-01-01, then 55% from 2026-06-01"
    ):
        book(waiver(), rule=later)
    assert book(waiver(effective={"from": "2026-04-01", "until": "2026-05-31"}), rule=later)


def test_what_may_never_be_relaxed_is_not_waived() -> None:
    with pytest.raises(InputError, match=r"^waiver 'W-1': rule 'cap' is marked 'relax: never'; leave the waiver out$"):
        book(waiver(), rule=CAP.changed("r", {"relax": "never"}))


@pytest.mark.parametrize("day", ["2026-04-01", "2026-03-31"])
def test_a_name_that_the_rule_does_not_limit_even_before_it_begins(day: str) -> None:
    with pytest.raises(
        InputError, match=r"^waiver 'W-1' scope: rule 'cap' does not limit 'd' on its own; known: a, b, c$"
    ):
        book(waiver(scope={"line": ["a", "d"]}), as_of=day).clauses(CASE)


def test_the_names_of_an_expired_one_are_not_looked_up() -> None:
    assert book(waiver(scope={"line": ["a", "gone"]}), as_of="2026-10-01").clauses(CASE)


WHOLE = al.rules.Share(id="cap", title="Cap", scope={"line": "a"}, of="deployed", at_most="40%")
PARTIES = al.rules.LookThrough(id="cap", title="Cap", scope={"counterparty": "a"}, of="deployed", at_most="40%")


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (CAP, "limits each line, and not each sector on its own; write {line: [...]}"),
        (PARTIES, "limits each counterparty, and not each sector on its own; write {counterparty: [...]}"),
        (WHOLE, "limits all that it speaks of together, and not each sector on its own; leave the scope out"),
    ],
)
def test_a_scope_is_in_the_rules_own_column(rule: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        book(waiver(scope={"sector": "a"}), rule=rule)
    assert str(caught.value) == f"waiver 'W-1' scope: rule 'cap' {message}"


def test_a_number_is_given_once_even_where_a_base_has_it() -> None:
    other = CAP.changed("r", {"id": "other"})
    with pytest.raises(InputError, match=r"^the waiver id 'W-1' stands twice; give each waiver an id of its own$"):
        al.Rulebook([CAP, other], "2026-04-01", waivers=[waiver(), waiver(rule="other")])


@pytest.mark.parametrize("name", ["", " ", "one\ntwo"])
def test_nobody_approves_nothing(name: str) -> None:
    with pytest.raises(InputError, match=r"^waiver 'W-1' approved-by: '.*' is no name; write text on one line$"):
        waiver(approved_by=name)


@pytest.mark.parametrize(
    ("scope", "term", "clash"),
    [
        ({"line": "a"}, {"from": "2026-09-30", "until": "2026-12-31"}, True),
        ({"line": "a"}, {"from": "2026-10-01", "until": "2026-12-31"}, False),
        ({"line": "b"}, {"from": "2026-04-01", "until": "2026-09-30"}, False),
        (None, {"from": "2026-04-01", "until": "2026-04-01"}, True),
    ],
)
def test_the_same_is_not_waived_twice(scope: Any, term: dict[str, str], clash: bool) -> None:
    two = waiver(), waiver(id="W-2", scope=scope, effective=term)
    if not clash:
        assert book(*two)
        return
    with pytest.raises(InputError) as caught:
        book(*two)
    told = "waiver 'W-2' and waiver 'W-1' waive the same at the same time; end the first before the second begins"
    assert str(caught.value) == told


FILE = """\
format: allocator/policy/1
policy:
  id: p
  title: P
  status: draft
  owner: me
  approvers: [one, two]
  effective: {from: 2026-01-01}
TERM
sources: {book: {title: B}}
rules:
  - {id: cap, title: C, kind: share, each: line, of: deployed, at-most: 40%, owner: risk, authority: book, why: w}
waivers:
  - id: W-1
    rule: cap
    at-most: 50%
    effective: {from: 2026-04-01, until: 2026-09-30}
    authority: book
    approved-by: BY
    why: w
"""


@pytest.mark.parametrize(
    ("term", "by", "message"),
    [
        ("", "one", ":14:5: waiver 'W-1': the policy does not say how long a waiver may last; add 'waiver-term: 365 days', say, under 'policy'"),
        ("  waiver-term: 182 days", "one", ":17:42: waiver 'W-1' lasts 183 days, and the policy's waiver-term is 182 days; end it sooner"),
        ("  waiver-term: 183 days", "rsk", ":19:18: waiver 'W-1' approved-by: 'rsk' is no approver of the policy nor the rule's owner; did you mean 'risk'?"),
        ("  waiver-term: 183", "one", ":9:16: policy waiver-term: cannot read '183'; write a length of time such as 365 days"),
        ("  waiver-term: 183 days", "risk", None),
        ("  waiver-term: 183 days", "two", None),
    ],
)  # fmt: skip
def test_the_policy_says_how_long_and_by_whom(tmp_path: Path, term: str, by: str, message: str | None) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(FILE.replace("TERM", term or "  calendar: Asia/Tokyo").replace("BY", by))
    if message is None:
        assert al.read_rules(path, "2026-04-01").waivers[0].id == "W-1"
        return
    with pytest.raises(InputError) as caught:
        al.read_rules(path, "2026-04-01")
    assert str(caught.value) == f"{path}{message}"
