"""Holdings that are beyond a limit already: they may stand, and get no worse; and what can't be inherited."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import amounts, price, refused, solve, tiny
from hypothesis import assume, given
from hypothesis import strategies as st
from random_cases import random_case, random_rules

import allocator as al
from allocator import kinds
from allocator.direction import direction
from allocator.errors import InputError
from allocator.outcome import Outcome
from allocator.policy.cases import run
from allocator.policy.diff import compare
from allocator.reasons import reasons
from allocator.report import tables, why
from allocator.rulebook.waivers import Waiver
from allocator.rules import Rule
from allocator.scope import Scope

COLUMNS = {"cash-yield [%]": [8, 6, 4], "capacity [$ bn]": [100, 100, 100]}
# Of $90 bn held, a has 50, b 31.5 and c 8.5: of equity 50%, 31.5% and 8.5%.
HELD = {"a": 50.0, "b": 31.5, "c": 8.5}
CASE = tiny(COLUMNS, holdings=HELD)
DAY = "2026-04-01"


def cap(**fields: Any) -> al.rules.Share:
    given = {"id": "cap", "title": "Cap", "each": "line", "of": "equity", "at_most": "30%", "inherited": "no-worse"}
    return al.rules.Share.read({name: value for name, value in {**given, **fields}.items() if value is not None})


def book(*rules: Rule, as_of: str = DAY, waivers: Any = ()) -> al.Rulebook:
    return al.Rulebook(rules, as_of, waivers=waivers)


def clauses(rules: al.Rulebook, case: al.Case = CASE) -> list[tuple[tuple[str, ...], float, str]]:
    """Of each clause of the rules the members, the limit and the number's name."""
    return [
        (each.labels, round(each.numbers[0].value, 12), each.numbers[0].name)
        for each in rules.clauses(case)
        if each.numbers
    ]


def test_what_is_held_beyond_a_limit_may_stand_and_not_grow() -> None:
    # a and b stay at what they have, and c takes what is left. A point more for a takes one from c: 8% less 4%.
    out = solve(CASE, book(cap()), resolve=True)
    assert amounts(out) == pytest.approx([50, 31.5, 18.5], abs=0.01)
    assert price(out, "cap", "at-most inherited by a") == pytest.approx(0.04, rel=1e-3)
    assert price(out, "cap", "at-most inherited by b") == pytest.approx(0.02, rel=1e-3)
    told = [(each["member"], each["limit"], each["inherited"]) for each in out.record["rules"]]
    assert told == [
        ("c", pytest.approx(0.3), ""),
        ("a", pytest.approx(0.5), "the holdings are at 50%, beyond the limit of 30%, and may stay so"),
        ("b", pytest.approx(0.315), "the holdings are at 31.5%, beyond the limit of 30%, and may stay so"),
    ]
    assert not [each for each in out.record["prices"] if each["number"] == "at-most" and each["worth"]]
    assert al.verify(out, CASE, book(cap()))


def test_without_it_the_rule_asks_for_a_sale() -> None:
    assert amounts(solve(CASE, book(cap(inherited=None)))) == pytest.approx([30, 30, 30], abs=0.01)


@pytest.mark.parametrize("held", [{}, {"a": 30.0, "b": 30.0}, {"a": 30.000005}])
def test_holdings_that_breach_nothing_change_nothing(held: dict[str, float]) -> None:
    case = replace(CASE, holdings=held)
    assert clauses(book(cap()), case) == clauses(book(cap(inherited=None)), case) == [(("a", "b", "c"), 0.3, "at-most")]


GLIDE = {"2027-01-01": "40%", "2028-01-01": "31%", "2029-01-01": "29%"}


@pytest.mark.parametrize(
    ("day", "a", "b"),
    [
        # Before the path begins the holdings alone count; then whichever is tighter; and never less than the limit.
        ("2026-12-31", 0.5, 0.315),
        ("2027-01-01", 0.4, 0.315),
        ("2028-12-31", 0.31, 0.31),
        ("2029-01-01", None, None),
    ],
)
def test_a_glide_path_leads_back_to_the_limit(day: str, a: float | None, b: float | None) -> None:
    found = clauses(book(cap(glide=GLIDE), as_of=day))
    if a is None:
        assert found == [(("a", "b", "c"), 0.3, "at-most")]
        return
    assert found == [
        (("c",), 0.3, "at-most"),
        (("a",), a, "at-most inherited by a"),
        (("b",), b, "at-most inherited by b"),
    ]


def test_the_outcome_says_where_the_path_is() -> None:
    out = solve(CASE, book(cap(glide=GLIDE), as_of="2027-06-01"))
    assert [each["inherited"] for each in out.record["rules"]] == [
        "",
        "the holdings are at 50%, beyond the limit of 30%; the glide path is at 40%",
        "the holdings are at 31.5%, beyond the limit of 30%, and may stay so",
    ]
    assert amounts(out) == pytest.approx([40, 31.5, 28.5], abs=0.01)
    table = tables.inherited(out.record)
    assert table is not None
    assert table.rows == [
        ("cap (a)", "at most 40%", "the holdings are at 50%, beyond the limit of 30%; the glide path is at 40%"),
        ("cap (b)", "at most 31.5%", "the holdings are at 31.5%, beyond the limit of 30%, and may stay so"),
    ]
    assert table in tables.tables(out.record)
    assert tables.inherited(solve(CASE, book(cap(inherited=None))).record) is None


def test_a_floor_is_inherited_too() -> None:
    floor = cap(each=None, scope={"line": "c"}, at_most=None, at_least="20%")
    assert clauses(book(floor)) == [(("",), 0.085, "at-least inherited")]
    assert clauses(book(cap(**vars_of(floor), glide={"2026-01-01": "10%"}))) == [(("",), 0.1, "at-least inherited")]
    assert clauses(book(cap(**vars_of(floor), glide={"2026-01-01": "25%"}))) == [(("",), 0.2, "at-least")]


def vars_of(rule: Rule) -> dict[str, Any]:
    return {"each": None, **{name: getattr(rule, name) for name in ("scope", "at_least", "at_most")}}


def test_an_index_is_inherited_at_its_own_level() -> None:
    # Of 90: (50^2 + 31.5^2 + 8.5^2) / 90^2.
    own = (50**2 + 31.5**2 + 8.5**2) / 90**2
    given = {"by": "line", "measure": "hhi", "at_most": "0.4", "of": "deployed"}
    rule = al.rules.Concentration.read({"id": "h", "title": "H", "inherited": "no-worse", **given})
    assert clauses(book(rule)) == [(("",), round(own, 12), "at-most inherited")]
    even = rule.changed("r", {"measure": "effective-number", "at_most": None, "at_least": "2.8"})
    assert clauses(book(even)) == [(("",), round(1 / own, 12), "at-least inherited")]


def test_a_waived_limit_is_what_counts_where_it_is_in_force() -> None:
    # For a it is 40%, of which the holdings are still beyond; for b 35%, of which they aren't.
    terms = {"rule": "cap", "authority": "b", "approved-by": "me", "why": "w",
             "effective": {"from": "2026-04-01", "until": "2026-09-30"}}  # fmt: skip
    waivers = [
        Waiver.read({"id": "W-1", "scope": {"line": "a"}, "at-most": "40%", **terms}),
        Waiver.read({"id": "W-2", "scope": {"line": "b"}, "at-most": "35%", **terms}),
    ]
    assert clauses(book(cap(), waivers=waivers)) == [
        (("c",), 0.3, "at-most"),
        (("a",), 0.5, "at-most of W-1 inherited by a"),
        (("b",), 0.35, "at-most of W-2"),
    ]


def test_what_is_over_nothing_can_t_be_inherited() -> None:
    case = tiny({**COLUMNS, "need": [0, 0, 1], "have": [1, 1, 1]}, holdings={"a": 50.0})
    ratio = {"numerator": {"column": "have"}, "denominator": {"column": "need"}, "at_most": "2.00x"}
    rule = al.rules.Ratio.read({"id": "r", "title": "R", "inherited": "no-worse", **ratio})
    with pytest.raises(InputError) as caught:
        book(rule).clauses(case)
    assert (
        str(caught.value) == "rule 'r' inherited: the holdings are beyond any limit, as the whole is zero; leave it out"
    )


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Where the present holdings are beyond the limit, they may stay so but get no worse."),
        (
            {"glide": {"2026-01-01": "60%", "2027-01-01": "40%", "2028-01-01": "30%"}},
            "Where the present holdings are beyond the limit, they may stay so but get no worse;"
            " from 2026-01-01 at most 60%, from 2027-01-01 at most 40%, from 2028-01-01 at most 30%.",
        ),
        (
            {"glide": "40%"},
            "Where the present holdings are beyond the limit, they may stay so but get no worse; at most 40%.",
        ),
    ],
)
def test_sentence(fields: dict[str, Any], words: str) -> None:
    day = al.Rulebook(as_of=DAY).as_of
    assert cap(**fields).sentence(day) == f"Capital in each line is at most 30% of equity. {words}"


def test_steps_of_the_path_that_are_over_are_not_told() -> None:
    assert (
        cap(glide=GLIDE)
        .sentence(al.Rulebook(as_of="2028-06-01").as_of)
        .endswith("; from 2028-01-01 at most 31%, from 2029-01-01 at most 29%.")
    )


@pytest.mark.parametrize(
    ("fields", "notation"),
    [
        ({}, "x_i <= max(30%, held) * E, for every line"),
        ({"glide": "40%"}, "x_i <= max(30%, min(held, 40%)) * E, for every line"),
        ({"at_most": None, "at_least": "20%", "glide": "9%"}, "x_i >= min(20%, max(held, 9%)) * E, for every line"),
    ],
)
def test_formula(fields: dict[str, Any], notation: str) -> None:
    assert cap(**fields).formula(al.Rulebook(as_of=DAY).as_of) == notation


@pytest.mark.parametrize(
    ("old", "new", "way"),
    [
        ({"inherited": None}, {}, "looser"),
        ({}, {"glide": GLIDE}, "tighter"),
        ({"inherited": None}, {"glide": GLIDE}, "looser"),
        ({"glide": GLIDE}, {"glide": {**GLIDE, "2028-01-01": "30%"}}, "tighter"),
        ({"glide": GLIDE}, {"glide": {"2026-07-01": "45%", **GLIDE}}, "tighter"),
        ({"glide": {"2027-01-01": "40%"}}, {"glide": {"2027-06-01": "35%"}}, "mixed"),
        ({"at_most": None, "at_least": "9%", "glide": "5%"}, {"at_most": None, "at_least": "9%", "glide": "6%"}, "tighter"),
        ({"glide": "40%"}, {"glide": "40.0%"}, "same"),
    ],
)  # fmt: skip
def test_which_way_a_change_goes(old: dict[str, Any], new: dict[str, Any], way: str) -> None:
    assert direction(cap(**old), cap(**new)) == way
    assert direction(cap(**new), cap(**old)) == {"tighter": "looser", "looser": "tighter"}.get(way, way)


def test_a_comparison_tells_the_path_date_by_date_and_its_effect() -> None:
    record = compare(book(cap()), book(cap(glide={"2026-01-01": "45%", "2027-01-01": "40%"})), CASE)
    (found,) = record["rules"]
    assert [(each["field"], each["was"], each["now"], each["way"]) for each in found["changes"]] == [
        ("glide", "", "45% from 2026-01-01, then 40% from 2027-01-01", "tighter"),
    ]
    assert (found["text"], found["effect"]["verdict"]) == ("tighter", "tighter")
    (found,) = compare(book(cap(inherited=None)), book(cap()), CASE)["rules"]
    assert [(each["field"], each["was"], each["now"], each["way"]) for each in found["changes"]] == [
        ("inherited", "", "no-worse", "looser"),
    ]
    assert (found["text"], found["effect"]["verdict"]) == ("looser", "looser")
    (found,) = compare(book(cap(glide=GLIDE)), book(cap(glide={**GLIDE, "2028-01-01": "30.5%"})), CASE)["rules"]
    assert [(each["since"], each["by"], each["way"]) for each in found["changes"]] == [
        ("2028-01-01", "0.5 pp", "tighter")
    ]
    assert found["effect"]["verdict"] == "same"


def test_the_meaning_changes_with_it_and_not_without_it() -> None:
    plain, one, other = (book(cap(**each)) for each in ({"inherited": None}, {}, {"glide": GLIDE}))
    assert len({plain.digest, one.digest, other.digest}) == 3
    assert "inherited" not in al.rulebook.meaning.plain(plain.rules[0])


def test_tests_beside_the_rule_are_of_the_rule_itself() -> None:
    given = {"name": "t", "as-of": DAY, "holdings": {"a": "$50 bn"}, "expect": "fail by 20 pp"}
    (found,) = run(book(cap(tests=[given])), CASE)["rules"]
    assert found["tests"][0]["passed"]


FIELDS = "kind: share\neach: line\nof: deployed\nat-most: 30%\n"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            FIELDS + "inherited: no-wrose",
            "13:16: rule 'one' inherited: cannot read 'no-wrose'; did you mean 'no-worse'?",
        ),
        (
            FIELDS + "glide: 40%",
            "13:12: rule 'one' glide: a glide path is of what is inherited; add inherited: no-worse, or leave it out",
        ),
        (
            FIELDS + "inherited: no-worse\nglide: 1.5x",
            "14:12: rule 'one' glide: 1.50x is not in the unit of the limit; write a share such as 35%",
        ),
        (
            FIELDS + "inherited: no-worse\nglide: 40",
            "14:12: rule 'one' glide: 40 is not in the unit of the limit; write a share such as 35%",
        ),
        (
            FIELDS + "inherited: no-worse\nglide: {2027-01-01: 35%, 2028-01-01: 40%}",
            "14:12: rule 'one' glide: 40% from 2028-01-01 is looser than 35% before; write a path that leads to the limit",
        ),
        (
            FIELDS + "at-least: 1%\ninherited: no-worse\nglide: 40%",
            "15:12: rule 'one' glide: a glide path leads to one limit, and there are two; make two rules of it",
        ),
        (
            "kind: share\neach: line\nof: total-assets\nat-most: 30%\ninherited: no-worse",
            "13:16: rule 'one' inherited: holdings alone don't tell total assets, the reserve included; leave it out",
        ),
        (
            "kind: coverage\nmeasure: debt-service\nat-least: 1.20x\ninherited: no-worse",
            "12:16: rule 'one' inherited: holdings alone don't tell debt service; leave it out",
        ),
        (
            "kind: leverage\nmeasure: debt-to-equity\nat-most: 1.20x\ninherited: no-worse",
            "12:16: rule 'one' inherited: holdings alone don't tell debt; leave it out",
        ),
        (
            "kind: turnover\nat-most: 20%\ninherited: no-worse",
            "11:16: rule 'one' inherited: holdings alone don't tell what is bought and sold; leave it out",
        ),
        (
            "kind: exclusion\nscope: {line: a}\ninherited: no-worse",
            "11:16: rule 'one' inherited: a rule of kind 'exclusion' has no limit;"
            " use one of kind amount, with at-most: $0 bn",
        ),
    ],
)
def test_a_file_that_fails(tmp_path: Path, lines: str, message: str) -> None:
    assert refused(tmp_path, lines, CASE) == f"p.yaml:{message}"


def big(amount: str) -> Rule:
    return al.rules.Amount(id="big", title="Big", scope=Scope({"line": ("a",)}), at_least=amount)


def test_where_nothing_fits_the_inherited_limit_is_told_and_the_rules_own_is_what_moves() -> None:
    record = reasons(CASE, book(cap(), big("$60 bn")))
    assert [member["rule"] for member in record["conflict"]] == ["cap", "big"]
    assert record["conflict"][0]["inherited"] == [
        {"member": "a", "why": "the holdings are at 50%, beyond the limit of 30%, and may stay so"}
    ]
    changes = {single["rule"]: repair["changes"] for single in record["singles"] for repair in single["repairs"]}
    assert {name: [(each["field"], each["was"], each["now"]) for each in found] for name, found in changes.items()} == {
        "cap": [("at-most", "30%", "60%")],
        "big": [("at-least", "$60 bn", "$50 bn")],
    }
    (row, _) = why.conflict(record).rows
    assert row[1].endswith("get no worse. For a the holdings are at 50%, beyond the limit of 30%, and may stay so.")


def test_a_floor_over_a_cap_that_is_inherited_is_left_to_the_case() -> None:
    floor = cap(id="floor", each=None, scope={"line": "a"}, at_most=None, at_least="45%", inherited=None)
    own = cap(each=None, scope={"line": "a"})
    assert amounts(solve(CASE, book(own, floor)))[0] == pytest.approx(50, abs=0.01)
    with pytest.raises(InputError, match="the floor of 'floor', 45%, is above the cap of 'cap', 30%"):
        book(cap(each=None, scope={"line": "a"}, inherited=None), floor)


def test_changes_of_one_number_are_one_change() -> None:
    # a needs 60 and c 40: of the rule's one number, which both move, the looser value is told.
    small = al.rules.Amount(id="small", title="Small", scope=Scope({"line": ("c",)}), at_least="$40 bn")
    record = reasons(
        CASE, book(cap(), big("$60 bn").changed("r", {"relax": "never"}), small.changed("r", {"relax": "never"}))
    )
    repair = record["joint"]["repair"]
    assert [(each["of"], each["now"]) for each in repair["changes"]] == [("cap", "60%")]
    assert not repair["smallest"]


def test_a_limit_in_the_outcome_is_saved_and_verified(tmp_path: Path) -> None:
    out = solve(CASE, book(cap(glide=GLIDE)))
    out.save(tmp_path / "out.json")
    found = al.read_outcome(tmp_path / "out.json")
    assert isinstance(found, Outcome)
    assert al.verify(found, CASE, book(cap(glide=GLIDE)))
    # With other holdings the limits are others.
    assert not al.verify(found, replace(CASE, holdings={**HELD, "b": 33.0}), book(cap(glide=GLIDE)))


@given(st.integers(0, 2**32 - 1))
def test_the_holdings_themselves_keep_every_rule_that_inherits_them(seed: int) -> None:
    rng = np.random.default_rng(seed)
    case = random_case(rng)
    rules = random_rules(rng, case)
    kept = [
        rule.changed("r", {"inherited": "no-worse"})
        for rule in rules.rules
        if not rule.untold() and rule.limits(rules.as_of)
    ]
    assume(kept and case.holdings)
    own = {rule.id for rule in kept}
    found = [clause for clause in al.Rulebook(kept, rules.as_of).clauses(case) if clause.rule in own]
    before = [clause for clause in rules.clauses(case) if clause.rule in own]
    for clause in found:
        assert clause.excess(case.held).max() <= 1e-7
    # Nobody is asked for more than before, and nothing is let beyond what is held.
    level = {(c.rule, label, c.at_least): x for c in found for label, x in zip(c.labels, c.theta, strict=True)}
    for clause in before:
        for member, label in enumerate(clause.labels):
            stands = clause.moved(np.full(clause.size, level[clause.rule, label, clause.at_least]))
            most = max(float(clause.excess(case.held)[member]), 0.0)
            gained = float((stands.room(case.held) - clause.room(case.held))[member])
            assert -1e-12 <= gained <= most + 1e-12


def test_kinds_say_what_holdings_don_t_tell() -> None:
    given: dict[str, dict[str, Any]] = {
        "amount": {"at-least": "$1 bn"}, "domicile": {"country": "US", "basis": "seat", "of": "deployed"},
        "volatility": {"of": "equity", "at-most": "9%"}, "stress-loss": {"each": "stress", "of": "equity", "at-most": "9%"},
        "tail-loss": {"confidence": "95%", "of": "deployed", "at-most": "9%"}, "tracking": {"of": "deployed", "at-most": "9%"},
        "leverage": {"measure": "deployed-to-equity", "at-most": "1.5x"},
        "look-through": {"each": "counterparty", "of": "deployed", "at-most": "9%"},
    }  # fmt: skip
    given["domicile"]["at-least"] = "9%"
    for kind, fields in given.items():
        rule = kinds.find("rules", kind).read({"id": "r", "title": "R", "inherited": "no-worse", **fields})
        assert rule.untold() == ""
