"""What `why` tells, to the letter."""

from __future__ import annotations

from typing import Any

import pytest
from helpers import book, tiny

import allocator as al
from allocator.reasons import FAMILIES, reasons
from allocator.report import markdown
from allocator.report import tables as made
from allocator.report.tables import IDLE
from allocator.report.why import WORDS, headline, listed, notes, tables
from allocator.rulebook.waivers import Waiver
from allocator.solution import Record

CASE = tiny({"cash-yield [%]": [8, 5], "capacity [$ bn]": [100, 30], "sector": ["x", "y"]})


def floor(line: str, amount: str, **more: Any) -> Any:
    return al.rules.Amount(id=line, title=f"Some of {line}", scope={"line": line}, at_least=amount, **more)


@pytest.fixture(scope="module")
def record() -> Record:
    return reasons(CASE, book(floor("a", "$20 bn"), floor("b", "$60 bn")))


def rows(record: Record) -> dict[str, list[tuple[str, ...]]]:
    return {table.title: [tuple(row) for row in table.rows] for table in tables(record)}


def test_the_first_sentence_says_what(record: Record) -> None:
    assert headline(record) == (
        "No allocation satisfies the rules. These 2 together leave none: b and the lines' capacities."
    )


def test_the_members_say_what_they_ask_and_where(record: Record) -> None:
    assert rows(record)["In conflict"] == [
        ("b", "Some of b. The capital deployed in the line b is at least $60 bn.", ""),
        (
            "the lines' capacities",
            "Each line takes at most its capacity. Here: b $30 bn. (A term of the case.)",
            "",
        ),
    ]


def test_single_changes_and_the_joint_one() -> None:
    conflict = reasons(CASE, book(floor("a", "$75 bn"), floor("b", "$30 bn")))
    found = rows(conflict)
    assert found["What would let something fit"] == [
        ("a at-least", "$75 bn", "$70 bn", "the smallest change"),
        ("b at-least", "$30 bn", "$25 bn", "the smallest change"),
    ]
    # Of a it is a fifteenth of its limit, of b a sixth.
    assert found["The least change of the rules together"] == [("a at-least", "$75 bn", "$70 bn")]


def test_a_waiver_is_told_with_its_rule_and_a_change_says_whose_number_of_which_date_it_is() -> None:
    cap = al.rules.Share(id="cap", title="Cap", each="line", of="equity",
                         at_most={"2025-01-01": "20%", "2028-01-01": "25%"})  # fmt: skip
    waiver = Waiver.read(
        {"id": "W-1", "rule": "cap", "scope": {"line": "a"}, "at-most": "30%", "authority": "book", "approved-by": "me",
         "effective": {"from": "2026-01-01", "until": "2026-12-31"}, "why": "Time."}
    )  # fmt: skip
    size = al.rules.Amount(id="size", title="Size", at_least="$55 bn", relax="never")
    found = rows(reasons(CASE, al.Rulebook([cap, size], "2026-04-01", waivers=[waiver])))
    assert found["In conflict"][0] == (
        "cap",
        "Cap. Capital in each line is at most 20% of equity (from 2028-01-01 at most 25%). "
        "Waiver W-1 makes it at most 30% for a until 2026-12-31.",
        "",
    )
    assert found["What would let something fit"] == [
        ("cap at-most, the value from 2025-01-01", "20%", "25%", "the smallest change"),
        ("cap at-most by waiver W-1", "30%", "35%", "the smallest change"),
        ("size", "–", "–", "may not be relaxed"),
    ]


def test_an_exclusion_is_told_by_what_it_would_let_in() -> None:
    out = al.rules.Exclusion(id="out", title="O", scope={"sector": "x"})
    found = rows(reasons(CASE, book(out, floor("a", "$12 bn"))))
    assert found["What would let something fit"] == [
        ("out", "nothing", "$12 bn", "it would have to allow $12 bn of a"),
        ("a at-least", "$12 bn", "$0 bn", "the smallest change"),
    ]


def test_what_stands_against_the_one_rule_that_could_give_way() -> None:
    loan = {"id": "loan", "capacity": "$20 bn", "cost": "5%", "tenor": "20 years"}
    case = tiny({"cash-yield [%]": [9, 8], "capacity [$ bn]": [200, 200]}, [loan])
    debt = al.rules.Leverage(id="debt", title="Debt is capped", measure="debt-to-equity", at_most="0.10x")
    size = al.rules.Amount(id="size", title="Size", at_least="$150 bn")
    against, change = tables(reasons(case, book(size, debt)))[-2:]
    assert against.title == "What stands against size"
    assert [tuple(row) for row in against.rows] == [
        ("1", "debt", "Debt is capped. Debt is at most 0.10x equity.", ""),
        (
            "2",
            "the lenders' capacities",
            "Each source of debt lends at most its capacity. Here: loan $20 bn. (A term of the case.)",
            "",
        ),
    ]
    assert against.note == "Each number is a conflict of its own with it, which stands even if those above gave way."
    assert change.title == "The least change of the others together that keeps size"
    assert [tuple(row) for row in change.rows] == [
        ("debt at-most", "0.10x", "0.50x"),
        ("loan capacity", "$20 bn", "$50 bn"),
    ]


def test_where_no_single_change_helps_it_is_said() -> None:
    record = reasons(
        CASE,
        book(
            floor("a", "$80 bn"),
            floor("b", "$25 bn"),
            al.rules.Amount(id="low", title="L", measure="reserve", at_least="$10 bn"),
            al.rules.Amount(id="high", title="H", measure="debt", at_least="$1 bn"),
        ),
    )
    told = rows(record)["What would let something fit"]
    assert all(
        row[3]
        in ("no change of this rule alone helps", "leaving the rule out helps; no other number was found that does")
        for row in told
    )


@pytest.mark.parametrize(
    ("status", "broken", "told"),
    [
        ("fits", 0.0, "Something fits: the rules and the terms of the case leave room."),
        ("borderline", 0.0, "Something fits, with nothing to spare: some limits can only be met exactly."),
        (
            "borderline",
            5e-5,
            "Borderline: the rules miss each other by less than a millionth of the equity, too little to tell.",
        ),
        ("undecided", 1.0, "Not decided: no solver could prove that something fits, nor that nothing does."),
    ],
)
def test_the_other_first_sentences(status: str, broken: float, told: str) -> None:
    assert headline({"status": status, "broken": broken, "case": {"equity": 100.0}}) == told


def test_that_all_is_idle_is_told_with_the_way_to_ask_why() -> None:
    # Two fifths in each of two lines at most: shares that only nothing can have.
    caps = [
        al.rules.Share(id=line, title=line, scope={"line": line}, of="deployed", at_most="40%") for line in ("a", "b")
    ]
    found = al.allocate(CASE, al.Rulebook(caps), al.DividendYield()).record
    assert found["totals"]["deployed"] == 0
    assert IDLE in made.notes(found)
    assert IDLE in made.notes(reasons(CASE, al.Rulebook(caps)) | {"outcome": found})
    assert IDLE not in made.notes(al.allocate(CASE, al.Rulebook(caps[:1]), al.DividendYield()).record)


def test_only_what_changed() -> None:
    old, new = book(floor("a", "$70 bn"), floor("b", "$20 bn")), book(floor("a", "$70 bn"), floor("b", "$60 bn"))
    record = reasons(CASE, new, old)
    assert headline(record) == "No allocation satisfies the rules. Given what did not change, b leaves none."
    assert notes(record) == ["Only what changed is blamed: b. All other rules, and the terms, are taken as given."]
    both = book(floor("a", "$90 bn"), floor("b", "$20 bn"))
    assert notes(reasons(CASE, both, both)) == [
        "What did not change leaves nothing by itself, so all rules are blamed; changed: nothing."
    ]


def test_markdown_cannot_be_broken_by_a_title() -> None:
    evil = al.rules.Amount(id="a", title="<script>|x", scope={"line": "b"}, at_least="$60 bn")
    told = markdown.why(reasons(CASE, book(evil)))
    assert "<script>" not in told
    assert r"&lt;script&gt;\|x." in told


def test_a_list_in_words() -> None:
    assert [listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == ["a", "a and b", "a, b and c"]


def test_every_family_has_its_words() -> None:
    assert set(WORDS) == set(FAMILIES)
