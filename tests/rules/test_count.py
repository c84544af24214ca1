"""How many lines or groups are held."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from conftest import small_case
from helpers import amounts, book, refused, solve, tiny, value
from hypothesis import given
from hypothesis import strategies as st

import allocator as al

Count = al.rules.Count
ON = dt.date(2026, 4, 1)
SMALL = small_case()
FOUR = {
    "cash-yield [%]": [8, 7, 6, 5],
    "capacity [$ bn]": [30, 30, 30, 100],
    "sector": ["one", "one", "two", "three"],
}


def count(**fields: object) -> Count:
    return Count.read({"id": "n", "title": "N", **fields})


def test_a_cap_takes_the_lines_that_earn_most() -> None:
    # Any two: 30 at 8% and 70 at 5% earn 5.9; 30 at 8% and 30 at 7% earn 4.5.
    out = solve(tiny(FOUR), count(at_most="2"))
    assert amounts(out) == pytest.approx([30, 0, 0, 70], abs=0.02)
    assert value(out) == pytest.approx(0.059, abs=1e-9)
    (reading,) = out.record["rules"]
    assert (reading["value"], reading["limit"], reading["unit"], reading["binding"]) == (2.0, 2.0, "count", [""])


def test_a_cap_on_groups() -> None:
    # Two sectors of three: one and three earn 30 * 8% + 30 * 7% + 40 * 5% = 6.5, one and two 6.3.
    out = solve(tiny(FOUR), count(by="sector", at_most="2"))
    assert amounts(out) == pytest.approx([30, 30, 0, 40], abs=0.02)
    assert out.record["certificate"]["choice"]["open"] == [{"of": "n", "units": ["one", "three"]}]


def test_a_floor_counts_what_has_enough() -> None:
    # Without it: 30, 30, 30, 10. Three with 30 or more are there; a fourth takes 20 from the least that has to give.
    assert amounts(solve(tiny(FOUR), count(at_least="3", holding="$30 bn"))) == pytest.approx(
        [30, 30, 30, 10], abs=0.02
    )
    out = solve(tiny(FOUR), count(at_least="4", holding="$15 bn"))
    assert amounts(out) == pytest.approx([30, 30, 25, 15], abs=0.02)


def test_a_floor_within_a_scope_leaves_the_others_alone() -> None:
    out = solve(tiny(FOUR), count(at_least="1", holding="$50 bn", scope={"sector": ["two", "three"]}))
    assert amounts(out) == pytest.approx([30, 20, 0, 50], abs=0.02)


def test_a_floor_a_cap_and_a_ticket_share_the_choice() -> None:
    rules = book(
        count(at_most="3", at_least="2", holding="$28 bn"), al.rules.Ticket(id="t", title="T", at_least="$25 bn")
    )
    out = solve(tiny(FOUR), rules)
    # Of the first three at most two beside the last, which needs 25 as well: 30 at 8%, 30 at 7%, 40 at 5%.
    assert amounts(out) == pytest.approx([30, 30, 0, 40], abs=0.02)
    chosen = {(each["of"], *each["units"]) for each in out.record["certificate"]["choice"]["open"]}
    # For the floor any two of the three will do.
    whole = {("n", "a", "b", "d"), ("t", "a", "b", "d")}
    assert chosen - whole in [{("n", *pair)} for pair in ("ab", "ad", "bd")]
    assert chosen > whole


@given(parts=st.lists(st.one_of(st.just(0.0), st.floats(1e-3, 1)), min_size=5, max_size=5))
def test_agrees_with_a_formula(parts: list[float]) -> None:
    floor, cap = count(at_least="3", at_most="3", holding="$25 bn").clauses(SMALL, ON)
    v = SMALL.decision.vector(np.array(parts), np.zeros(SMALL.decision.pairs))
    most = sorted(parts, reverse=True)
    assert cap.level(v)[0] == sum(part > 0 for part in parts)
    assert cap.excess(v)[0] == pytest.approx(most[3] + most[4], abs=1e-15)
    assert floor.level(v)[0] == sum(part >= 0.25 - 1e-7 for part in parts)
    assert floor.excess(v)[0] == pytest.approx(sum(max(0.25 - part, 0) for part in most[:3]), abs=1e-15)
    # A floor is over: what is short is nothing exactly where enough of them have enough.
    assert (floor.excess(v)[0] <= 1e-9) == (sum(part >= 0.25 - 1e-9 for part in parts) >= 3)


def test_groups_are_counted_by_what_they_hold_together() -> None:
    floor, cap = count(by="sector", at_least="1", at_most="2", holding="$40 bn").clauses(SMALL, ON)
    v = SMALL.decision.vector(np.array([0.25, 0.15, 0.0, 0.1, 0.0]), np.zeros(SMALL.decision.pairs))
    assert (cap.level(v)[0], floor.level(v)[0]) == (2, 1)


def test_the_tests_of_a_policy() -> None:
    from allocator.policy.cases import run

    held = {"hall": "$50 bn", "docks": "$10 bn", "wires": "$1 bn"}
    tests = [
        {"name": "one too many", "as-of": "2026-04-01", "holdings": held, "expect": "fail by 1"},
        {"name": "two", "as-of": "2026-04-01", "holdings": {"hall": "$50 bn", "docks": "$10 bn"}, "expect": "pass"},
        {"name": "in the wrong unit", "as-of": "2026-04-01", "holdings": held, "expect": "fail by 1 pp"},
    ]
    (found,) = run(book(count(at_most="2", tests=tests[:2])), SMALL)["rules"]
    assert [each["passed"] for each in found["tests"]] == [True, True]
    assert found["tests"][0]["reading"] == "it is 3, the limit is 2"
    with pytest.raises(al.InputError, match=r"is not in the unit of the rule's limit; write one such as fail by 1$"):
        run(book(count(at_most="2", tests=tests[2:])), SMALL)


@pytest.mark.parametrize(
    ("fields", "words", "notation"),
    [
        (
            {"at-most": "15"},
            "The number of lines that have capital is at most 15.",
            "(count of lines with x_i > 0) <= 15",
        ),
        (
            {"at-most": {"2026-04-01": "15", "2028-01-01": "12"}, "by": "country", "scope": {"sector": "power"}},
            "Of the sector power, the number of countries that have capital is at most 15 (from 2028-01-01 at most 12).",
            "(count of countries with X_g > 0 in the sector power) <= 15",
        ),
        (
            {"at-least": "5", "at-most": "9", "holding": "$1 bn"},
            "The number of lines that have capital is at least 5 and at most 9."
            " Towards the floor a line counts from $1 bn on.",
            "(count of lines with x_i >= $1 bn) >= 5 and (count of lines with x_i > 0) <= 9",
        ),
    ],
)
def test_in_words_and_notation(fields: dict[str, object], words: str, notation: str) -> None:
    assert count(**fields).sentence(ON) == words
    assert count(**fields).formula(ON) == notation


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("by: line", "p.yaml:5:5: rule 'one': no limit; state at-least or at-most"),
        ("at-most: 15%", "p.yaml:10:14: rule 'one' at-most: cannot read '15%'; write a whole number such as 5"),
        (
            "at-most: 1.5",
            "p.yaml:10:14: rule 'one' at-most: '1.5' is not a whole number; write a whole number such as 5",
        ),
        ("at-most: 0", "p.yaml:10:14: rule 'one' at-most: 0 is less than one; write 1 or more"),
        (
            "at-least: 3",
            "p.yaml:10:15: rule 'one' at-least: at-least needs holding, what a line must have to count;"
            " add one, such as holding: $1 bn",
        ),
        (
            "at-most: 3\nholding: $1 bn",
            "p.yaml:11:14: rule 'one' holding: it goes with at-least; against at-most any capital counts;"
            " leave it out, or add at-least",
        ),
        (
            "at-least: 3\nholding: $0",
            "p.yaml:11:14: rule 'one' holding: $0 bn is not above zero; write more than zero",
        ),
        (
            "at-least: 4\nholding: $1 bn\nby: sector",
            "p.yaml:10:15: rule 'one': at-least is 4, and there are 3 of sector; lower it",
        ),
        (
            "at-least: 4\nholding: $1 bn\nat-most: 3",
            "p.yaml:10:15: rule 'one' at-least: 4 is above at-most 3; lower the floor or raise the cap",
        ),
        (
            "at-most: 3\nby: sectr",
            "p.yaml:11:9: rule 'one' groups by 'sectr', which is not in the universe; did you mean 'sector'?",
        ),
        (
            "at-most: 3\nseverity: soft\npenalty: 100 bp",
            "p.yaml:11:15: rule 'one' severity: a rule of kind 'count' can't be soft;"
            " make it hard, as a line is held or not, and nothing in between has a price",
        ),
    ],
)
def test_a_file_that_fails(tmp_path: object, lines: str, message: str) -> None:
    assert refused(tmp_path, f"kind: count\n{lines}", SMALL) == message
