"""Where nothing fits: the least sum of violations, each relative to its limit."""

from __future__ import annotations

import pytest
from helpers import book, tiny

import allocator as al
from allocator.diagnosis.violations import Diagnosis, diagnose
from allocator.errors import NotCertified
from allocator.rules import Rule

TWO = tiny({"cash-yield [%]": [8, 5], "capacity [$ bn]": [100, 100], "sector": ["x", "y"]})


def why(case: al.Case, *rules: Rule) -> tuple[Diagnosis, list[str]]:
    found = diagnose(case, book(*rules).clauses(case))
    assert found is not None
    return found, [found.clauses[i].rule for i in found.broken]


def floor(line: str, limit: str, kind: str = "share", **fields: object) -> Rule:
    if kind == "amount":
        return al.rules.Amount.read({"id": line, "title": line, "scope": {"line": line}, "at_least": limit, **fields})
    fields = {"of": "equity", **fields}
    return al.rules.Share.read({"id": line, "title": line, "scope": {"line": line}, "at_least": limit, **fields})


@pytest.mark.parametrize("kinds", [("share", "share"), ("share", "amount"), ("amount", "share"), ("amount", "amount")])
def test_the_larger_limit_gives_way(kinds: tuple[str, str]) -> None:
    # 70 in a and 60 in b of 100: 30 too many. Off a that is 30 / 70 of its limit, off b 30 / 60; in whatever unit.
    texts = {"share": ("70%", "60%"), "amount": ("$70 bn", "$60 bn")}
    found, broken = why(TWO, floor("a", texts[kinds[0]][0], kinds[0]), floor("b", texts[kinds[1]][1], kinds[1]))
    assert broken == ["a"]
    assert found.total == pytest.approx(3 / 7, abs=1e-6)
    assert found.v[:2] * 100 == pytest.approx([40, 60], abs=1e-4)
    assert found.terms_too is False


def test_a_limit_of_zero_counts_against_equity() -> None:
    # 10 of a where none may be is 0.1 of equity; 10 less than the floor of 10 would be all of it.
    none = al.rules.Share(id="none", title="None", scope={"sector": "x"}, of="equity", at_most="0%")
    found, broken = why(TWO, floor("a", "10%"), none)
    assert broken == ["none"]
    assert found.total == pytest.approx(0.1, abs=1e-6)


def test_a_soft_rule_is_never_to_blame() -> None:
    # The soft floor on b does not count, which could be met by breaking a's: only a's floor and cap conflict, 50
    # against $40 bn; 10 less is 0.2 of the floor.
    cap = al.rules.Amount(id="cap", title="Cap", scope={"line": "a"}, at_most="$40 bn")
    soft = floor("b", "90%", severity="soft", penalty="9,000 bp")
    found, broken = why(TWO, soft, floor("a", "50%"), cap)
    assert broken == ["a"]
    assert found.total == pytest.approx(0.1 / 0.5, abs=1e-6)


def test_an_exclusion_may_be_broken() -> None:
    out = al.rules.Exclusion(id="out", title="Out", scope={"line": "a"})
    found, broken = why(TWO, out, floor("a", "20%"))
    # 0.2 of equity where nothing may be, against all of the floor.
    assert broken == ["out"]
    assert found.total == pytest.approx(0.2, abs=1e-6)


def test_terms_are_broken_only_where_they_leave_nothing_themselves() -> None:
    # 100 must be invested, and the lines hold 80; the least is 20 over the larger capacity, 50.
    case = tiny({"cash-yield [%]": [8, 5], "capacity [$ bn]": [50, 30]}, **{"fully-invested": "yes"})
    found, broken = why(case, floor("a", "10%"))
    assert found.terms_too is True
    assert broken == ["terms.capacity"]
    assert found.total == pytest.approx(20 / 50, abs=1e-6)


def test_it_is_told_rule_by_rule_in_its_unit() -> None:
    rules = book(floor("a", "70%"), floor("b", "$60 bn", "amount"))
    out = al.allocate(TWO, rules, al.DividendYield())
    assert out.status == "infeasible"
    (broken,) = out.record["violations"]
    assert broken["rule"] == "a"
    assert [broken["value"], broken["limit"], broken["slack"]] == pytest.approx([0.4, 0.7, -0.3], abs=1e-5)
    assert broken["unit"] == "share"
    with pytest.raises(al.Infeasible, match=r"^no allocation satisfies the rules; broken least: a$"):
        _ = out.amounts


def test_where_there_is_room_nothing_is_proved_broken() -> None:
    case = TWO
    assert diagnose(case, book(floor("a", "40%"), floor("b", "60%")).clauses(case)) is None


def test_shares_of_the_deployed_give_way_before_dollars() -> None:
    # Two lines at 40% each can't be all; with next to nothing deployed the shares would be broken by next to nothing.
    cap = al.rules.Share(id="cap", title="Cap", each="line", of="deployed", at_most="40%")
    size = al.rules.Amount(id="size", title="Size", at_least="$80 bn")
    found, broken = why(TWO, cap, size)
    assert broken == ["cap"]
    assert found.v[:2].sum() * 100 == pytest.approx(80, abs=1e-4)


def test_where_no_line_takes_anything_a_full_investment_is_to_blame() -> None:
    case = tiny({"cash-yield [%]": [8, 5], "capacity [$ bn]": [0, 0]}, **{"fully-invested": "yes"})
    found, broken = why(case)
    assert found.terms_too is True
    assert broken == ["terms.fully-invested"]
    assert al.allocate(case, objective=al.DividendYield()).status == "infeasible"


@pytest.mark.parametrize("cap", ["19.9999%", "19.99999%"])
def test_a_hairs_breadth_is_told_as_such(cap: str) -> None:
    """Five lines of a fifth at most, less a millionth: nothing fits but for what nobody could tell."""
    case = tiny({"cash-yield [%]": [6, 7, 5, 8, 4], "capacity [$ bn]": [50] * 5})
    rules = book(
        al.rules.Share(id="line", title="L", each="line", of="deployed", at_most=cap),
        al.rules.Amount(id="size", title="S", at_least="$50 bn"),
    )
    with pytest.raises(NotCertified, match=r"^whether the rules leave room turns on less than a millionth of equity"):
        al.allocate(case, rules, al.DividendYield())
