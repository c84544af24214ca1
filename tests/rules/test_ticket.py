"""Nothing or at least a minimum."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from conftest import small_case
from helpers import amounts, book, refused, solve, tiny, value
from hypothesis import given
from hypothesis import strategies as st

import allocator as al

Ticket = al.rules.Ticket
ON = dt.date(2026, 4, 1)
SMALL = small_case()
THREE = {"cash-yield [%]": [8, 7, 5], "capacity [$ bn]": [60, 30, 100]}


def ticket(**fields: object) -> Ticket:
    return Ticket.read({"id": "t", "title": "T", **fields})


def test_too_little_is_nothing() -> None:
    # Without it: 60 at 8%, 30 at 7%, 10 at 5%. The 10 are under the minimum of 12, so 2 come from the 7%.
    out = solve(tiny(THREE), ticket(at_least="$12 bn"))
    assert amounts(out) == pytest.approx([60, 28, 12], abs=0.02)
    assert value(out) == pytest.approx(0.6 * 0.08 + 0.28 * 0.07 + 0.12 * 0.05, abs=1e-9)


def test_where_the_minimum_is_too_much_the_line_is_left_out() -> None:
    # 40 in the last one would push out all of the second: 60 * 8% + 40 * 5% = 6.8 is less than 60 * 8% + 30 * 7% = 6.9.
    out = solve(tiny(THREE), ticket(at_least="$30 bn", scope={"line": ["b", "c"]}))
    assert amounts(out) == pytest.approx([60, 30, 0], abs=0.02)
    assert out.record["totals"]["reserve"] == pytest.approx(10, abs=0.02)
    assert value(out) == pytest.approx(0.069, abs=1e-9)


def test_each_line_has_its_own_minimum_by_a_column() -> None:
    own = tiny(THREE | {"minimum-ticket [$ bn]": [0, 31, 10]})
    out = solve(own, ticket(column="minimum-ticket"))
    # The second one can take 30 only, which is less than its minimum; the first has none.
    assert amounts(out) == pytest.approx([60, 0, 40], abs=0.02)
    (reading,) = out.record["rules"]
    assert (reading["member"], reading["limit"], reading["unit"]) == ("c", 10.0, "money")
    assert reading["value"] == pytest.approx(40, abs=0.02)


@given(parts=st.lists(st.one_of(st.just(0.0), st.floats(1e-3, 1)), min_size=5, max_size=5))
def test_agrees_with_a_formula(parts: list[float]) -> None:
    (clause,) = ticket(at_least="$25 bn").clauses(SMALL, ON)
    v = SMALL.decision.vector(np.array(parts), np.zeros(SMALL.decision.pairs))
    # Nothing, or 25 of 100: how far each amount is from the nearer of both.
    away = [min(part, abs(part - 0.25)) if part < 0.25 else 0.0 for part in parts]
    np.testing.assert_allclose(np.maximum(clause.excess(v), 0), away, atol=1e-15)
    told = clause.level(v)
    np.testing.assert_allclose(told, [100 * part if part else np.nan for part in parts])


def test_the_tests_of_a_policy() -> None:
    from allocator.policy.cases import run

    held = {"hall": "$50 bn", "docks": "$10 bn"}
    tests = [
        {"name": "too little", "as-of": "2026-04-01", "holdings": held, "expect": "fail by $2.5 bn"},
        {"name": "enough", "as-of": "2026-04-01", "holdings": {"hall": "$12.5 bn"}, "expect": "pass"},
        {"name": "a part of it", "as-of": "2026-04-01", "holdings": {"plant": "$10 m"}, "expect": "fail by $12.49 bn"},
    ]
    (found,) = run(book(ticket(at_least="$12.5 bn", tests=tests)), SMALL)["rules"]
    assert [(each["got"], each["passed"]) for each in found["tests"]] == [
        ("fail by $2.5 bn", True),
        ("pass", True),
        ("fail by $12.49 bn", True),
    ]
    assert found["tests"][0]["reading"] == "docks is $10 bn, the limit is $12.5 bn"


def test_a_waiver_lets_one_line_have_less() -> None:
    from allocator.rulebook.waivers import Waiver

    waiver = Waiver.read(
        {"id": "W-1", "rule": "t", "scope": {"line": ["c"]}, "at-least": "$5 bn", "authority": "a", "approved-by": "me",
         "why": "w", "effective": {"from": "2026-04-01", "until": "2026-06-30"}}
    )  # fmt: skip
    rules = al.Rulebook([ticket(at_least="$12 bn")], as_of="2026-04-01", waivers=[waiver])
    out = solve(tiny(THREE), rules)
    assert amounts(out) == pytest.approx([60, 30, 10], abs=0.02)
    assert [(each["waiver"], each["limit"]) for each in out.record["rules"]] == [("", 12.0), ("W-1", 5.0)]


@pytest.mark.parametrize(
    ("fields", "words", "notation"),
    [
        (
            {"at-least": "$1 bn"},
            "Each line has either nothing or at least $1 bn.",
            "x_i = 0 or x_i >= $1 bn, for every line",
        ),
        (
            {"at-least": {"2026-04-01": "$1 bn", "2028-01-01": "$2 bn"}, "scope": {"sector": ["power", "grid"]}},
            "Of the sectors power and grid, each line has either nothing or at least $1 bn (from 2028-01-01 at least $2 bn).",
            "x_i = 0 or x_i >= $1 bn, for every line in the sectors power and grid",
        ),
        (
            {"column": "minimum-ticket", "scope": {"site": "US"}},
            "Of lines whose site is US, each line has either nothing or at least its own minimum.",
            "x_i = 0 or x_i >= minimum-ticket_i, for every line in lines whose site is US",
        ),
    ],
)
def test_in_words_and_notation(fields: dict[str, object], words: str, notation: str) -> None:
    assert ticket(**fields).sentence(ON) == words
    assert ticket(**fields).formula(ON) == notation


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("", "p.yaml:5:5: rule 'one': a ticket needs at-least, or a column with each line's minimum; give one of them"),
        (
            "at-least: $1 bn\ncolumn: minimum-ticket",
            "p.yaml:5:5: rule 'one': a ticket needs at-least, or a column with each line's minimum; give one of them",
        ),
        ("at-least: $0", "p.yaml:10:15: rule 'one' at-least: the minimum must be above zero; write $1 bn, say"),
        (
            "at-least: 5%",
            "p.yaml:10:15: rule 'one' at-least: cannot read '5%'; write an amount such as $300 bn or $5 m",
        ),
        ("at-most: $5 bn", "p.yaml:10:5: rule 'one' at-most: unknown key; did you mean 'at-least'?"),
        (
            "column: minimum-ticket",
            "p.yaml:10:13: rule 'one' needs column 'minimum-ticket', which the universe lacks; add it to the universe",
        ),
        (
            "column: power-needed",
            "p.yaml:10:13: rule 'one': column 'power-needed' is not in dollars;"
            " name one that is, such as minimum-ticket, or write its unit: power-needed [$ bn]",
        ),
        ("at-least: $1 bn\nscope: {line: hal}", "p.yaml:11:19: no line 'hal'; did you mean 'hall'?"),
        (
            "at-least: $1 bn\nseverity: soft\npenalty: 100 bp",
            "p.yaml:11:15: rule 'one' severity: a rule of kind 'ticket' can't be soft;"
            " make it hard, as a line is held or not, and nothing in between has a price",
        ),
    ],
)
def test_a_file_that_fails(tmp_path: object, lines: str, message: str) -> None:
    assert refused(tmp_path, f"kind: ticket\n{lines}", SMALL) == message


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([5, -1, 2], "rule 't': column 'least' is negative for 'b'; write zero where a line has no minimum"),
        ([0, 0, 2], "rule 't': by column 'least' no line has a minimum; write one, or leave the rule out"),
    ],
)
def test_a_column_that_makes_no_minimum(column: list[float], message: str) -> None:
    case = tiny(THREE | {"least [$ bn]": column})
    with pytest.raises(al.InputError) as caught:
        ticket(column="least", scope={"line": ["a", "b"]}).clauses(case, ON)
    assert str(caught.value) == message
