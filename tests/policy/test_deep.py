"""Warnings that take a program: what can never bind, what others imply, what is cheaper to miss than to keep."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from helpers import book, tiny

import allocator as al
from allocator.cli import main
from allocator.policy.check import all_problems, check
from allocator.policy.deep import deepened, warnings
from allocator.rules import Rule

ROOT = Path(__file__).parent.parent.parent
CASE = al.Case(
    **{
        **vars(tiny({"cash-yield [%]": [8, 6, 4], "capacity [$ bn]": [30, 100, 100], "sector": ["x", "y", "y"]})),
        "objective": {"dividend-yield": 1.0},
    }
)


def share(name: str, line: Any, **fields: Any) -> Rule:
    scope = {"line": line} if isinstance(line, (str, list)) else line
    given = {"id": name, "title": name, "scope": scope, "of": "deployed", **fields}
    made: Rule = al.rules.Share.read(given)
    return made


def told(*rules: Rule) -> list[str]:
    found = warnings(book(*rules), CASE)
    return [f"{each.code} {each.what}; {each.mend}" for each in found if each.code != "W205"]


def test_what_the_terms_keep_can_never_bind() -> None:
    # No more than $30 bn fits into a, of the $100 bn there are.
    cap = al.rules.Amount(id="cap", title="Cap", scope={"line": "a"}, at_most="$31 bn")
    assert told(cap) == [
        "W201 rule 'cap' can never bind on this case: its terms alone keep it; tighten it, or keep it for other cases"
    ]
    assert told(cap.changed("cap", {"at_most": "$29 bn"})) == []


def test_what_another_rule_keeps_is_redundant() -> None:
    tight, wide = share("tight", "b", at_most="40%"), share("wide", "b", at_most="45%")
    assert told(tight, wide) == [
        "W202 rule 'wide' is redundant on this case: the other rules and the terms keep it; "
        "tighten it, or keep it for other cases"
    ]


def test_floors_on_parts_are_added() -> None:
    floors = [
        share("one", "b", at_least="20%"),
        share("two", "c", at_least="15%"),
        share("both", ["b", "c"], at_least="25%"),
    ]
    cap = share("cap", {"sector": "y"}, at_most="34%", severity="soft", penalty="100 bp")
    assert not [each for each in told(*floors, cap) if each.startswith("W204")]
    hard = cap.changed("cap", {"severity": "hard", "penalty": None})
    (first, *_) = told(*floors[:2], hard)
    assert first == (
        "W204 the cap of 'cap', 34%, is below the floors of 'one' and 'two' together, 35%; raise the cap, or lower a floor"
    )
    # Floors that share lines are not added: the wider one counts with what lies beside it.
    assert not [each for each in told(floors[0], floors[2], hard) if each.startswith("W204")]


def test_where_nothing_fits_it_says_so() -> None:
    assert told(share("one", "a", of="equity", at_least="31%")) == [
        "W208 no allocation satisfies the rules, so that none can be tried; see 'allocator why' on the case"
    ]


def test_of_several_files_it_says_which(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    rule = "  - {id: one, title: O, kind: share, scope: {line: a}, of: equity, at-least: 31%, authority: b, why: w}\n"
    path.write_text(
        "format: allocator/policy/1\n"
        "policy: {id: p, title: P, status: draft, owner: me, effective: {from: 2026-04-01}}\n"
        f"sources: {{b: {{title: B}}}}\nrules:\n{rule}"
    )
    (found,) = (each for each in warnings(al.read_rules(path, "2026-04-01"), CASE) if each.code == "W208")
    assert str(found.place) == f"{path}:2:14"


def test_the_penalty_named_is_the_one_from_which_on_the_rule_is_met() -> None:
    # A dollar in c instead of b costs 2% of it a year. (Nearer to that the canonical choice meets a part of it.)
    floor = share("floor", "c", at_least="10%", severity="soft", penalty="150 bp")
    assert told(floor) == [
        "W203 soft rule 'floor' is missed by $10.0 bn: its penalty of 150 bp is below its price; "
        "a penalty of 200 bp or more has it met"
    ]
    for penalty, short in (("190 bp", 10.0), ("210 bp", 0.0)):
        out = al.allocate(CASE, book(floor.changed("f", {"penalty": penalty})), al.DividendYield(), resolve=False)
        assert sum(each["shortfall"] for each in out.record["rules"]) == pytest.approx(short, abs=0.11)


def test_a_floor_that_cannot_be_met() -> None:
    floor = share("floor", "a", of="equity", at_least="40%", severity="soft", penalty="150 bp")
    (told_of,) = told(floor)
    assert told_of.endswith("; it can't be met, whatever the penalty")


def test_of_the_example_it_says_what_is_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["policy", "check", "--deep", str(ROOT / "constraints/us-japan-fund.yaml"), "--as-of", "2026-11-22"])
    assert not left.value.code
    found = [
        line.split(": ", 1)[1][:4] + line.split("'")[1]
        for line in capsys.readouterr().out.splitlines()
        if ": W" in line
    ]
    assert found == ["W202us-domicile", "W203backend-floor", "W201borrowing", "W201total-size"]


def test_the_text_alone_tells_of_tests_waivers_and_deprecation(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(
        "format: allocator/policy/1\n"
        "policy: {id: p, title: P, status: draft, owner: me, approvers: [one], waiver-term: 90 days,\n"
        "         effective: {from: 2026-01-01}}\n"
        "sources: {book: {title: The book}}\n"
        "rules:\n"
        "  - {id: cap, title: C, kind: share, each: line, of: deployed, at-most: 40%, authority: book, why: w,\n"
        "     deprecated: {since: 2026-05-01, why: old}}\n"
        "waivers:\n"
        "  - {id: W-1, rule: cap, at-most: 50%, effective: {from: 2026-04-01, until: 2026-05-31}, authority: book,\n"
        "     approved-by: one, why: w}\n"
    )
    found = warnings(al.read_rules(path, "2026-06-01"), None)
    assert [f"{each.place.line if each.place else 0} {each.code} {each.what}" for each in found] == [
        "6 W205 rule 'cap' has no test",
        "7 W207 rule 'cap' is deprecated since 2026-05-01, and still binds",
        "9 W206 waiver 'W-1' expired on 2026-05-31",
    ]
    assert [each.code for each in warnings(al.read_rules(path, "2026-04-30"), None)] == ["W205"]


def test_a_warning_says_of_which_policy_and_file_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    overlays = [str(ROOT / "constraints" / f"{name}.yaml") for name in ("headline-900", "us-japan-prudent")]
    with pytest.raises(SystemExit):
        main(["policy", "check", "--deep", *overlays, "--as-of", "2026-11-22"])
    out = capsys.readouterr().out
    # Where nothing fits, the place is that of the policy's id; a rule of the base is told under the overlay.
    assert f"{overlays[0]}:6:7: W208 no allocation satisfies the rules, so that none can be tried; " in out
    base = re.escape(str(ROOT / "constraints" / "us-japan-fund.yaml"))
    assert re.search(rf"{base}:\d+:\d+: W201 under us-japan-prudent\.yaml, rule 'borrowing' can never bind", out)


def test_the_numbers_of_the_case_are_told_by_a_deep_check_only(tmp_path: Path) -> None:
    case = Path(shutil.copytree(ROOT / "tests" / "bad_inputs" / "good", tmp_path / "case"))
    table = (case / "covariance.csv").read_text(encoding="utf-8")
    (case / "covariance.csv").write_text(table.replace("docks,0,0,0.01", "docks,0,0,-0.01"), encoding="utf-8")
    found = check([case / "policy.yaml"], case, "2026-06-01")
    assert all_problems(found) == ()
    assert [str(problem) for problem in all_problems(map(deepened, found))] == [
        f"{case}/covariance.csv:4:11: the variance of docks is negative; write zero or more"
    ]
