from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

import allocator as al
from allocator.errors import InputError
from allocator.rulebook import Rulebook
from allocator.rulebook.document import rulebook_from
from allocator.rules import Rule
from allocator.shapes import Rows
from allocator.units import Dated, Share, today

DAY = "2026-06-01"


def share(name: str = "cap", **fields: Any) -> Rule:
    made: Rule = al.rules.Share.read({"id": name, "title": "A rule", "each": "line", "of": "deployed"} | fields)
    return made


def refusal(*rules: Rule, as_of: str = DAY) -> str:
    with pytest.raises(InputError) as caught:
        Rulebook(rules, as_of)
    return str(caught.value)


def test_rules_may_come_from_python() -> None:
    book = Rulebook([share(at_most="12%")], DAY)
    assert (len(book), book.as_of) == (1, dt.date(2026, 6, 1))
    assert repr(book) == "Rulebook('built in Python', 1 rules as of 2026-06-01)"
    assert book.rule("cap").title == "A rule"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"at_most": 0.5}, "rule 'one' at-most: 0.5 is not text with a unit; write a share such as 35%"),
        ({"atmost": "5%"}, "rule 'one' atmost: unknown key; did you mean 'at-most'?"),
        ({"at_most": "5%", "title": None}, "rule 'one' title: cannot read 'None'; write text"),
        ({}, "rule 'one': no limit; state at-least or at-most"),
    ],
)
def test_a_rule_from_python_is_refused_as_a_file_is(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        al.rules.Share(**{"id": "one", "title": "One", "each": "line", "of": "deployed"} | fields)
    assert str(caught.value) == message


def test_a_rule_needs_a_title() -> None:
    with pytest.raises(InputError, match=r"^rule 'one' title: missing; add it$"):
        al.rules.Share(id="one", each="line", of="deployed", at_most="5%")


def test_today_is_the_default() -> None:
    before = today("America/New_York")
    assert before <= Rulebook().as_of <= today("America/New_York")


@pytest.mark.parametrize(
    ("floor", "cap", "fits"),
    [
        ({"at_least": "30%"}, {"at_most": "30%"}, True),
        ({"at_least": "31%"}, {"at_most": "30%"}, False),
        # another subject, or a soft rule, leaves room
        ({"at_least": "31%", "of": "equity"}, {"at_most": "30%"}, True),
        ({"at_least": "31%", "severity": "soft", "penalty": "1%"}, {"at_most": "30%"}, True),
        # the values of the date count
        ({"at_least": {"2026-01-01": "29%", "2027-01-01": "31%"}}, {"at_most": "30%"}, True),
        ({"at_least": {"2026-01-01": "31%", "2027-01-01": "29%"}}, {"at_most": "30%"}, False),
    ],
)
def test_a_floor_above_a_cap_on_the_same_subject(floor: dict[str, Any], cap: dict[str, Any], fits: bool) -> None:
    rules = share("low", **floor), share("high", **cap)
    if fits:
        assert len(Rulebook(rules, DAY)) == 2
        return
    assert refusal(*rules) == (
        "the floor of 'low', 31%, is above the cap of 'high', 30%; lower the floor or raise the cap"
    )


def test_what_does_not_fit_is_told_in_the_order_of_the_rules() -> None:
    scopes = [{"each": None, "scope": {"sector": name}} for name in ("power", "grid", "ports", "chips", "rail")]
    floors = [share(f"low-{k}", at_least="9%", **scope) for k, scope in enumerate(scopes)]
    caps = [share(f"high-{k}", at_most="8%", **scope) for k, scope in enumerate(scopes)]
    told = refusal(*floors, *reversed(caps)).split("\n")
    assert [line.split("'")[1] for line in told] == [f"low-{k}" for k in range(5)]


def test_the_tightest_of_several_caps_counts() -> None:
    rules = [share(name, at_most=f"{most}%") for name, most in (("wide", 40), ("tight", 20), ("middle", 30))]
    assert "the cap of 'tight', 20%" in refusal(*rules, share("low", at_least="25%"))


def test_ids_and_dates_are_told_together() -> None:
    late = share("one", at_most={"2027-01-01": "20%"})
    assert refusal(share("one", at_most="10%"), late) == (
        "the rule id 'one' stands twice; give each rule an id of its own\n"
        "rule 'one' at-most: no value is in force on 2026-06-01, as its first is from 2027-01-01; "
        "add an earlier one, or ask for a later date"
    )


def test_replace_makes_another_book_and_notes_it() -> None:
    book = Rulebook([share(at_most="12%"), share("other", at_most="50%")], DAY)
    made = book.replace("cap", at_most="10%").replace("other", at_most="40%", title="Another")
    assert [str(limit.value) for rule in made.rules for limit in rule.limits(made.as_of)] == ["10%", "40%"]
    assert dict(made.changes) == {"cap.at-most": "10%", "other.at-most": "40%", "other.title": "Another"}
    assert [str(rule.limits(book.as_of)[0].value) for rule in book.rules] == ["12%", "50%"]
    assert not book.changes
    assert made.rule("cap") == share(at_most="10%")


@pytest.mark.parametrize(
    ("rule", "changes", "message"),
    [
        ("capp", {}, "no rule 'capp'; did you mean 'cap'?"),
        ("cap", {"at_mst": "10%"}, "rule 'cap' at-mst: unknown key; did you mean 'at-most'?"),
        ("cap", {"at_most": "10"}, "rule 'cap' at-most: cannot read '10'; write a share such as 35%"),
        ("cap", {"at_most": "110%"}, "rule 'cap' at-most: 110% is not between 0% and 100%; "
                                     "mend the share, or take it of equity"),
        ("cap", {"at_most": "5%"}, "the floor of 'low', 6%, is above the cap of 'cap', 5%; "
                                   "lower the floor or raise the cap"),
    ],
)  # fmt: skip
def test_replace_is_checked(rule: str, changes: dict[str, str], message: str) -> None:
    book = Rulebook([share(at_most="12%"), share("low", at_least="6%")], DAY)
    with pytest.raises(InputError) as caught:
        book.replace(rule, **changes)
    assert str(caught.value) == message


def test_clauses_are_terms_then_rules(small: al.Case) -> None:
    clauses = Rulebook([share(at_most="12%"), share("low", each="sector", at_least="6%")], DAY).clauses(small)
    assert [clause.rule for clause in clauses if not clause.rule.startswith("terms.")] == ["cap", "low"]
    assert clauses[0].rule == "terms.identity"
    assert isinstance(clauses[-1], Rows)
    assert clauses[-1].labels == ("compute", "logistics", "power")
    assert clauses[-1].theta.tolist() == [0.06] * 3


def test_all_that_the_case_lacks_is_told_at_once(small: al.Case) -> None:
    book = Rulebook([share(each="sectr", at_most="5%"), share("b", each="region", at_most="5%")], DAY)
    with pytest.raises(InputError) as caught:
        book.clauses(small)
    assert str(caught.value) == (
        "rule 'cap' groups by 'sectr', which is not in the universe; did you mean 'sector'?\n"
        "rule 'b' groups by 'region', which is not in the universe; known: domicile, line, sector, site"
    )


def test_a_plain_mapping_is_read_as_a_file_is() -> None:
    rule = {"id": "cap", "title": "T", "kind": "share", "each": "line", "at-most": "12%", "authority": "m", "why": "w"}
    document = {
        "format": "allocator/policy/1",
        "policy": {
            "id": "p", "title": "P", "status": "draft", "owner": "o", "effective": {"from": "2026-01-01"},
            "defaults": {"of": "equity", "owner": "risk"},
        },
        "sources": {"m": {"title": "M"}},
        "rules": [rule, rule | {"id": "own", "of": "deployed", "owner": "me"}],
    }  # fmt: skip
    book = rulebook_from(document, DAY, None)
    assert [(each.of.name, each.owner) for each in book.rules] == [("equity", "risk"), ("deployed", "me")]
    assert book.header is not None
    assert book.header.status == "draft"
    with pytest.raises(InputError, match=r"^rule 'own' of: unknown measure 'x'; "):
        rulebook_from(document | {"rules": [rule, rule | {"id": "own", "of": "x"}]}, DAY, None)


def test_a_soft_default_is_taken_by_those_with_a_penalty_alone(tmp_path: Path) -> None:
    text = (Path(__file__).parent.parent / "bad_inputs" / "good" / "policy.yaml").read_text(encoding="utf-8")
    (tmp_path / "p.yaml").write_text(text.replace("severity: hard}", "severity: soft}"), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        al.read_rules(tmp_path / "p.yaml", as_of=DAY)
    told = str(caught.value).replace(f"{tmp_path}/", "").split("\n")
    assert told[0] == "p.yaml:13:5: rule 'home' severity: a soft rule needs a penalty; add one, such as penalty: 300 bp"
    assert not any("docks-ticket" in message for message in told)


def test_limits_are_typed() -> None:
    (limit,) = share(at_most="12%").limits(dt.date(2026, 6, 1))
    assert (limit.field, limit.value, limit.at_least) == ("at_most", Share(0.12), False)
    assert share(at_most="12%").at_most == Dated({dt.date.min: Share(0.12)})  # type: ignore[attr-defined]


def test_tests_of_a_rule_have_names_of_their_own() -> None:
    test = {"name": "one", "as-of": DAY, "holdings": {"a": "$1 bn"}, "expect": "pass"}
    with pytest.raises(InputError) as caught:
        share(at_most="12%", tests=[test, test | {"expect": "fail by 88 pp"}])
    assert str(caught.value) == "tests: the test 'one' stands twice; give each test a name of its own"


def test_a_sentence_is_on_one_line() -> None:
    made = share(at_most="12%", each=None, scope={"line": "a\n::error::b"})
    assert (
        made.sentence(dt.date(2026, 6, 1)) == "Capital in the line a ::error::b is at most 12% of the capital deployed."
    )
