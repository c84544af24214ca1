"""Policies compared by meaning: every field, both verdicts, and what is said of them."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import ROOT, small_case
from helpers import DAY, book, tiny

import allocator as al
from allocator import kinds
from allocator.policy.diff import compare, verdicts
from allocator.report.diff import change, plain, sides
from allocator.rulebook.document import rulebook_from
from allocator.rulebook.overlays import Change
from allocator.rules import Rule
from allocator.solution import Record

TWO = tiny({"cash-yield [%]": [8, 5], "capacity [$ bn]": [100, 60]})


def rule(name: str, kind: str, **fields: Any) -> Rule:
    made: Rule = kinds.find("rules", kind).read({"id": name, "title": name.capitalize(), **fields})
    return made


def cap(limit: Any, name: str = "cap", **fields: Any) -> Rule:
    return rule(name, "share", **{"scope": {"line": "a"}, "of": "deployed", "at_most": limit, **fields})


def size(amount: str) -> Rule:
    return rule("size", "amount", at_least=amount)


def only(old: Rule, new: Rule) -> Record:
    """What is said of the one rule that differs, without a case."""
    (found,) = compare(book(old), book(new), None)["rules"]
    return dict(found)


def told(old: Rule, new: Rule) -> list[str]:
    return [change(each) for each in only(old, new)["changes"]]


DATED = {"2026-04-01": "85%", "2028-01-01": "92%"}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("12%", "10%", ["at most: 12% becomes 10%, tighter by 2 pp"]),
        (
            "12%",
            {"2026-04-01": "12%", "2028-01-01": "10%"},
            [
                "at most: 12% becomes none before 2026-04-01",
                "at most: 12% becomes 10%, tighter by 2 pp, from 2028-01-01",
            ],
        ),
        (DATED, DATED | {"2028-01-01": "90%"}, ["at most: 92% becomes 90%, tighter by 2 pp, from 2028-01-01"]),
        (DATED, {"2026-04-01": "85%"}, ["at most: 92% becomes 85%, tighter by 7 pp, from 2028-01-01"]),
        (
            DATED,
            {"2026-04-01": "86%", "2027-01-01": "87%", "2028-01-01": "92%"},
            [
                "at most: 85% becomes 86%, looser by 1 pp, from 2026-04-01",
                "at most: 85% becomes 87%, looser by 2 pp, from 2027-01-01",
            ],
        ),
        (
            {"2020-01-01": "12%"}, {"2020-02-01": "12%"},
            ["at most: 12% becomes none before 2020-02-01, mixed, from 2020-01-01"],
        ),
    ],
)  # fmt: skip
def test_a_limit_is_told_date_by_date(before: Any, after: Any, said: list[str]) -> None:
    assert told(cap(before), cap(after)) == said


def test_the_same_limit_in_another_unit_or_order_is_no_change() -> None:
    old = cap("12%", scope={"line": ["a", "b"]}, notes=["one"])
    same = compare(book(old), book(cap("1200 bp", scope={"line": ["b", "a"]}, notes=["one"])), None)
    assert (same["rules"], same["same"], same["text"]) == ([], 1, "same")
    assert plain(same) == f"rules built in Python: what differs, as in force on {DAY}\nNothing differs in meaning.\n"


FIELDS: list[tuple[dict[str, Any], str, str]] = [
    ({"title": "Other"}, "title: “Cap” becomes “Other”", "reworded"),
    ({"why": {"en": "So.", "ja": "理由"}}, "why added: “en: So., ja: 理由”", "reworded"),
    ({"authority": "irp-1"}, "authority added: “irp-1”", "reworded"),
    ({"owner": "risk"}, "owner added: “risk”", "reworded"),
    ({"notes": ["see s. 3"]}, "notes added: “see s. 3”", "reworded"),
    ({"relax": "never"}, "relax: may becomes never, tighter", "changed"),
    ({"deprecated": {"since": DAY, "why": "Old."}}, f"deprecated added: “since: {DAY}, why: Old.”", "reworded"),
    (
        {"tests": [{"name": "at it", "as-of": DAY, "holdings": {"a": "$1 bn"}, "expect": "pass"}]},
        "tests: 1 added",
        "reworded",
    ),
    ({"at_least": "3%"}, "at least added: 3%, tighter", "changed"),
    ({"of": "equity"}, "of: the capital deployed becomes equity, mixed", "changed"),
    ({"scope": {"line": ["a", "b"]}}, "scope: a becomes a or b, tighter", "changed"),
    ({"severity": "soft", "penalty": "100 bp"}, "severity: hard becomes soft, looser", "changed"),
]


@pytest.mark.parametrize(("fields", "said", "kind"), FIELDS)
def test_every_field_of_a_rule_shows(fields: dict[str, Any], said: str, kind: str) -> None:
    old, new = cap("12%"), cap("12%", **fields)
    assert told(old, new)[0] == said
    assert only(old, new)["change"] == kind
    assert (only(old, new)["text"] == "same") == (kind == "reworded")


def test_another_kind_under_the_same_id_is_mixed() -> None:
    found = only(cap("12%"), rule("cap", "amount", at_most="$12 bn"))
    assert found["text"] == "mixed"
    assert change(found["changes"][0]) == "kind: share becomes amount, mixed"


def test_a_renamed_rule_is_one_removed_and_one_added_and_it_is_said() -> None:
    found = compare(book(cap("12%"), size("$50 bn")), book(cap("12%", "top"), size("$50 bn")), TWO)
    assert [(each["rule"], each["change"], each["text"]) for each in found["rules"]] == [
        ("top", "added", "tighter"), ("cap", "removed", "looser"),
    ]  # fmt: skip
    assert found["effect"]["verdict"] == "same"
    assert "  It asks the same as 'cap', which is removed; a rule is known by its id.\n" in plain(found)


HEADER = """\
format: allocator/policy/1
policy: {id: try, title: Try, status: example, owner: me, approvers: [me], effective: {from: 2026-04-01}, waiver-term: 90 days}
sources: {book: {title: A book}}
rules:
  - {id: line, title: Line, kind: share, each: line, of: deployed, at-most: 40%, authority: book, why: A test.}
"""
WAIVER = """\
waivers:
  - {id: W-1, rule: line, scope: {line: [hall]}, at-most: 50%, effective: {from: 2026-04-01, until: 2026-05-01}, authority: book, approved-by: me, why: So.}
"""


def read(text: str) -> al.Rulebook:
    from allocator.files.marked import parse_yaml

    return rulebook_from(parse_yaml(text.encode(), "p.yaml"), DAY)


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("title: Try", "title: Tried", "title: “Try” becomes “Tried”"),
        ("status: example", "status: draft", "status: “example” becomes “draft”"),
        ("owner: me", "owner: you", "owner: “me” becomes “you”"),
        ("approvers: [me]", "approvers: [me, you]", "approvers: “me” becomes “me; you”"),
        ("from: 2026-04-01", "from: 2026-03-01", "effective: “from: 2026-04-01” becomes “from: 2026-03-01”"),
        ("90 days", "91 days", "waiver-term: “90 days” becomes “91 days”"),
        ("title: A book", "title: The book", "source book title: “A book” becomes “The book”"),
        ("{title: A book}", "{title: A book, quote: So.}", "source book quote added: “So.”"),
        ("sources: {", "sources: {law: {title: A law}, ", "source law added: “title: A law”"),
    ],
)
def test_what_differs_besides_the_rules_shows(was: str, now: str, said: str) -> None:
    old, new = read(HEADER), read(HEADER.replace(was, now))
    assert [change(each) for each in compare(old, new, None)["other"]] == [said]


def test_an_approval_shows() -> None:
    old = read(HEADER)
    new = read(f'{HEADER}approvals:\n  - {{by: me, on: 2026-04-01, digest: "{old.digest}"}}\n')
    found = compare(old, new, None)
    assert change(found["other"][0]) == f"approval by me added: “on: 2026-04-01, digest: {old.digest}”"
    assert found["old"]["digest"] == found["new"]["digest"]


@pytest.mark.parametrize(
    ("old", "new", "text", "said"),
    [
        (
            HEADER, HEADER + WAIVER, "looser",
            "waiver W-1 added: at most 50% for the line hall, from 2026-04-01 until 2026-05-01 (that day included), "
            "approved by me: So, looser",
        ),
        (HEADER + WAIVER, HEADER + WAIVER.replace("50%", "60%"), "mixed", "waiver W-1 at most: 50% becomes 60%, mixed"),
        (HEADER + WAIVER, HEADER + WAIVER.replace("So.", "Why."), "same", "waiver W-1 why: “So.” becomes “Why.”"),
    ],
)  # fmt: skip
def test_a_waiver_shows_at_its_rule(old: str, new: str, text: str, said: str) -> None:
    (found,) = compare(read(old), read(new), None)["rules"]
    assert (found["rule"], found["text"], change(found["changes"][0])) == ("line", text, said)


def test_a_waiver_has_an_effect() -> None:
    found = compare(read(HEADER), read(HEADER + WAIVER), small_case())
    assert found["rules"][0]["effect"]["verdict"] == found["effect"]["verdict"] == "looser"
    assert found["effect"]["possible"]["example"]["member"] == "hall"


def test_the_leverage_cap_of_the_example_is_looser_in_text_and_has_no_effect() -> None:
    case = al.read_case(ROOT / "examples" / "us-japan")
    old = al.read_rules(ROOT / "constraints" / "us-japan-fund.yaml", as_of="2026-11-22")
    found = compare(old, old.replace("borrowing", at_most="2.05x"), case)
    (borrowing,) = found["rules"]
    assert (borrowing["text"], borrowing["effect"]["verdict"]) == ("looser", "same")
    assert (found["text"], found["effect"]["verdict"]) == ("looser", "same")
    assert sides(borrowing["effect"], "borrowing") == [
        "Nothing becomes possible and nothing impossible. Both are proved."
    ]


def test_soft_rules_change_what_a_shortfall_costs() -> None:
    soft = {"severity": "soft", "penalty": "100 bp"}
    found = compare(book(cap("12%", **soft)), book(cap("12%", **soft | {"penalty": "200 bp"})), TWO)["rules"][0]
    assert (found["text"], found["effect"]["verdict"]) == ("tighter", "same")
    assert sides(found["effect"], "cap") == [
        "The rule may be missed at a price, so this changes what a shortfall costs, not what is possible."
    ]


def test_each_rule_is_judged_with_all_else_as_before() -> None:
    """Two caps that lean on one another: lifting either changes nothing, lifting both does."""
    old = book(cap("40%"), cap("40%", "twin"), size("$90 bn"))
    new = book(cap("60%"), cap("60%", "twin"), size("$90 bn"))
    found = compare(old, new, TWO)
    assert [each["effect"]["verdict"] for each in found["rules"]] == ["same", "same"]
    assert found["effect"]["verdict"] == "looser"


def test_where_nothing_satisfied_the_old_rules_it_says_so() -> None:
    found = compare(book(cap("30%"), size("$90 bn")), book(cap("40%"), size("$90 bn")), TWO)
    assert found["empty"] == ["old"]
    assert found["effect"]["verdict"] == "looser"
    assert "\nNothing satisfies the old rules.\n" in plain(found)


def test_a_change_that_begins_later_says_when_to_ask() -> None:
    found = compare(book(cap("50%")), book(cap({"2026-04-01": "50%", "2028-01-01": "40%"})), TWO)
    assert (found["text"], found["effect"]["verdict"]) == ("tighter", "same")
    assert "  The change begins on 2028-01-01; to see its effect, ask with --as-of 2028-01-01.\n" in plain(found)


def test_verdicts_are_listed_with_what_they_are_of() -> None:
    found = compare(book(cap("40%"), size("$90 bn")), book(cap("50%"), size("$90 bn")), TWO)
    assert verdicts(found) == {"looser": ["'cap' (text and effect)", "all together (text and effect)"]}


def test_a_rule_that_only_stands_twice_is_not_taken_for_renamed() -> None:
    found = compare(book(cap("12%")), book(cap("12%"), cap("12%", "twin")), None)
    assert [(each["rule"], each["twin"]) for each in found["rules"]] == [("twin", None)]


def test_the_order_of_rules_means_nothing() -> None:
    assert compare(book(cap("12%"), size("$50 bn")), book(size("$50 bn"), cap("12%")), None)["rules"] == []


def test_a_waivers_limit_in_another_unit_is_no_change() -> None:
    found = compare(read(HEADER + WAIVER), read(HEADER + WAIVER.replace("at-most: 50%", "at-most: 5000 bp")), None)
    assert (found["rules"], found["text"]) == ([], "same")


def test_of_two_changes_of_one_field_both_are_told() -> None:
    def amended(first: str) -> al.Rulebook:
        given = {"rule": "cap", "field": "at-most", "direction": "tighter", "authority": "b"}
        steps = ({"was": "14%", "now": "13%", "why": first}, {"was": "13%", "now": "12%", "why": "Then."})
        return al.Rulebook([cap("12%")], DAY, amendments=[Change.read(given | step) for step in steps])

    record = compare(amended("One."), amended("Two."), None)
    assert [change(each) for each in record["other"]] == ["overlay's change of cap at-most why: “One.” becomes “Two.”"]


def test_a_difference_beyond_all_measure_is_told() -> None:
    assert told(size("$1 bn"), size(f"${10**30} bn")) == [
        "at least: $1 bn becomes $1,000,000,000,000,000,000,000,000,000,000 bn, "
        "tighter by $1,000,000,000,000,000,000,000,000,000,000 bn"
    ]
