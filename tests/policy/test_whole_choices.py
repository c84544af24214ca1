"""Tickets and counts in a comparison of policies, and in the explanation of what can't be had."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import small_case
from helpers import book, run_command, tiny

import allocator as al
from allocator.policy.diff import compare
from allocator.policy.effect import Allowed
from allocator.report.diff import plain
from allocator.report.markdown import why as markdown
from allocator.report.why import sentences

SMALL = small_case()
Ticket, Count = al.rules.Ticket, al.rules.Count


def rules(least: str = "$25 bn", most: str = "3", line: str = "50%", floor: str = "2", holding: str = "$26 bn") -> Any:
    return book(
        Ticket(id="least", title="Least", at_least=least),
        Count(id="few", title="Few", at_most=most),
        Count(id="some", title="Some", at_least=floor, holding=holding),
        al.rules.Share(id="line", title="Line", each="line", of="deployed", at_most=line),
    )


def effect(**changes: str) -> tuple[str, str, str, str]:
    """The verdict by the text and by the effect, and the answers on both sides."""
    (found,) = compare(rules(), rules(**changes), SMALL)["rules"]
    judged = found["effect"]
    return found["text"], judged["verdict"], judged["possible"]["answer"], judged["impossible"]["answer"]


@pytest.mark.parametrize("changes", [{"least": "$24 bn"}, {"most": "4"}, {"floor": "1"}, {"holding": "$25 bn"}])
def test_a_looser_choice_takes_nothing_away_and_what_it_gives_is_left_open(changes: dict[str, str]) -> None:
    assert effect(**changes) == ("looser", "undetermined", "undetermined", "nothing")


@pytest.mark.parametrize("changes", [{"least": "$26 bn"}, {"most": "2"}, {"floor": "3"}, {"holding": "$27 bn"}])
def test_a_tighter_choice_gives_nothing_and_what_it_takes_is_left_open(changes: dict[str, str]) -> None:
    assert effect(**changes) == ("tighter", "undetermined", "nothing", "undetermined")


def test_other_rules_are_judged_beside_choices_by_examples_that_keep_them() -> None:
    assert effect(line="48%") == ("tighter", "tighter", "nothing", "something")
    assert effect(line="55%") == ("looser", "looser", "something", "nothing")
    old, new = rules().clauses(SMALL), rules(line="55%").clauses(SMALL)
    found = Allowed(SMALL, new).breach(old)
    assert found.v is not None
    assert all(clause.excess(found.v).max() <= 1e-7 for clause in new)


def test_the_reason_is_told() -> None:
    told = plain(compare(rules(), rules(most="4"), SMALL)).splitlines()
    assert told[-2:] == [
        "  Whether something becomes possible is undetermined: 'few' is a matter of whole choices, of which neither an"
        " example nor a proof was looked for.",
        "  Nothing becomes impossible: proved.",
    ]


def test_a_count_of_other_groups_implies_nothing() -> None:
    one = Count(id="n", title="N", at_most="2", scope={"sector": "power"}).clauses(SMALL, book().as_of)
    other = Count(id="n", title="N", at_most="2", scope={"line": ["hall", "chips"]}).clauses(SMALL, book().as_of)
    assert not one[0].implies(other[0])
    assert not one[0].implies(Ticket(id="t", title="T", at_least="$1 bn").clauses(SMALL, book().as_of)[0])
    wide = Ticket(id="t", title="T", at_least="$2 bn").clauses(SMALL, book().as_of)[0]
    part = Ticket(id="t", title="T", at_least="$1 bn", scope={"line": "hall"}).clauses(SMALL, book().as_of)[0]
    assert (wide.implies(part), part.implies(wide), wide.implies(one[0])) == (True, False, False)


# Why nothing fits.

PLAIN = tiny({"cash-yield [%]": [8, 7, 6], "capacity [$ bn]": [40, 40, 40]})
SIZE = al.rules.Amount(id="size", title="Size", at_least="$95 bn")
LEAST = Ticket(id="least", title="Least", at_least="$35 bn")


def test_a_ticket_is_named_where_all_else_can_be_met() -> None:
    why = al.explain(PLAIN, book(SIZE, LEAST, Count(id="few", title="Few", at_most="3")))
    assert why.status == "no-choice"
    assert sentences(why.record) == [
        "No allocation satisfies the rules. Without whole choices something would fit; to blame: least."
    ]
    assert why.conflict["says"].to_dict() == {"least": "Each line has either nothing or at least $35 bn."}
    assert why.repairs.empty
    assert "That nothing fits with all of them is the word of a solver" in markdown(why.record)


def test_two_are_named_where_either_alone_can_be_met() -> None:
    # Two lines hold 80 at most, so that 95 take three; each of them at 35 is 105.
    why = al.explain(
        PLAIN,
        book(
            SIZE,
            Ticket(id="least", title="Least", at_least="$33 bn"),
            Count(id="few", title="Few", at_most="2"),
            Count(id="idle", title="Idle", at_most="3"),
        ),
    )
    assert [each["rule"] for each in why.record["choices"]] == ["few"]
    both = book(
        al.rules.Amount(id="size", title="Size", at_least="$75 bn"),
        Ticket(id="least", title="Least", at_least="$30 bn", scope={"line": ["a", "b"]}),
        Count(id="some", title="Some", at_least="3", holding="$25 bn"),
        Count(id="few", title="Few", at_most="3"),
        al.rules.Amount(id="cap", title="Cap", at_most="$80 bn"),
    )
    why = al.explain(PLAIN, both)
    assert [each["rule"] for each in why.record["choices"]] == ["least", "some"]


def test_what_leaves_nothing_anyway_is_explained_without_choices() -> None:
    size = al.rules.Amount(id="size", title="Size", at_least="$125 bn")
    why = al.explain(PLAIN, book(size, LEAST))
    assert why.status == "infeasible"
    assert why.record["left-out"] == ["least"]
    assert sentences(why.record)[1] == (
        "Without tickets and counts nothing fits either; they were left out (least), and changes tried so."
    )


def test_something_fits() -> None:
    why = al.explain(PLAIN, book(Ticket(id="least", title="Least", at_least="$30 bn")))
    assert why.status == "fits"


# On the command line.

FUND = """\
format: allocator/fund/1
fund:
  id: plain
  title: Plain
  equity: [{holder: one, amount: $100 bn}]
universe: universe.csv
policy: rules.yaml
objective: {dividend-yield: 1}
"""
POLICY = """\
format: allocator/policy/1
policy: {id: try, title: Try, status: example, owner: me, effective: {from: 2026-04-01}, tested-on: .}
sources: {book: {title: A book}}
rules:
  - id: least
    kind: ticket
    title: Nothing or enough
    column: minimum-ticket
    authority: book
    why: Each line costs a team.
  - id: few
    kind: count
    title: Few lines
    at-most: 2
    authority: book
    why: Each line costs a team.
"""
TABLE = "id,cash-yield [%],capacity [$ bn],minimum-ticket [$ bn]\na,8,30,5\nb,7,30,5\nc,6,100,50\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in (("fund.yaml", FUND), ("rules.yaml", POLICY), ("universe.csv", TABLE)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_solve_verify_and_report(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run_command(capsys, "solve", ".", "--as-of", "2026-04-01")
    assert code == 0
    lines = [line.rstrip() for line in out.splitlines()]
    assert "c      $70.0 bn   70.0%   ████████████████████████████" in lines
    assert "few" in [line.split()[0] for line in lines[lines.index("Binding rules") + 3 :] if line][:1]
    assert lines[-1] == (
        "certified: every rule and term holds, and within this choice none can do better by more than $100 k a"
        " year; that no other choice of what is held does by more than $100 k a year is the word of highs"
        " (highs, then clarabel)"
    )
    assert run_command(capsys, "solve", ".", "--as-of", "2026-04-01", "--format", "json", "--out", "o.json")[0] == 0
    code, out, _ = run_command(capsys, "verify", "o.json")
    assert (code, "FAIL" in out, "pass  other choices" in out) == (0, False, True)
    assert run_command(capsys, "report", "o.json", "--out", "page.html")[0] == 0
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert "What is held at all was chosen by a solver (highs)" in page
    assert "Prices are withheld." in page
    assert "a small move of the limit changes nothing" not in page


def test_a_policy_is_checked_without_arrays_and_explained(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run_command(capsys, "policy", "check", "rules.yaml", "--as-of", "2026-04-01")
    assert (code, "2 rules, no errors" in out) == (0, True)
    code, out, _ = run_command(capsys, "policy", "explain", "rules.yaml", "--math", "--as-of", "2026-04-01")
    assert code == 0
    assert "Each line has either nothing or at least its own minimum." in out
    assert "x_i = 0 or x_i >= minimum-ticket_i, for every line" in out
    code, out, _ = run_command(capsys, "policy", "check", "rules.yaml", "--deep", "--as-of", "2026-04-01")
    assert code == 0
    assert [line.split(" ", 1)[1] for line in out.splitlines() if " W2" in line] == [
        "W205 rule 'least' has no test; add one that it passes and one that it fails, under 'tests'",
        "W205 rule 'few' has no test; add one that it passes and one that it fails, under 'tests'",
    ]


def test_deep_says_where_choices_leave_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = POLICY.replace("column: minimum-ticket", "at-least: $150 bn").replace(
        "at-most: 2", "at-least: 1\n    holding: $1 bn"
    )
    (folder / "rules.yaml").write_text(text, encoding="utf-8")
    code, out, _ = run_command(capsys, "policy", "check", "rules.yaml", "--deep", "--as-of", "2026-04-01")
    assert code == 0
    assert "W208 no allocation satisfies the rules, so that none can be tried; see 'allocator why' on the case" in out
    assert run_command(capsys, "solve", ".", "--as-of", "2026-04-01")[0] == 3
    code, out, _ = run_command(capsys, "why", ".", "--as-of", "2026-04-01")
    assert code == 0
    assert "to blame: least and few." in out
