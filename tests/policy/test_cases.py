"""The tests beside rules: each kind's excess by hand, what can't be tried, and the reports."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import small_case
from helpers import tiny

import allocator as al
from allocator import kinds
from allocator.cli import main
from allocator.policy.cases import run
from allocator.report import trials
from allocator.risk import Risk
from allocator.stresses import Stress

ROOT = Path(__file__).parent.parent.parent
SMALL = small_case()
SLUMP = {
    "id": "slump",
    "title": "S",
    "story": "A story.",
    "shocks": [{"scope": {"sector": "compute"}, "return": "-40%"}, {"scope": {"line": "hall"}, "return": "-10%"}],
}
TOLD = replace(
    SMALL,
    risk=Risk.from_scenarios(np.array([[-0.5] * 5, [0.1, 0.2, 0.3, 0.2, 0.1]])),
    stresses=(Stress.read(SLUMP),),
    holdings={"hall": 60.0},
    benchmark=dict.fromkeys(SMALL.universe.ids, 0.2),
)  # fmt: skip
EVEN = {"hall": "$20 bn", "chips": "$20 bn", "plant": "$20 bn", "wires": "$20 bn", "docks": "$20 bn"}


def tried(kind: str, fields: dict[str, Any], expect: str, case: al.Case = SMALL, **test: Any) -> dict[str, Any]:
    """What the one test of a rule found."""
    given = {"name": "t", "as-of": "2026-04-01", "holdings": EVEN, "expect": expect, **test}
    rule = kinds.find("rules", kind).read({"id": "r", "title": "R", **fields, "tests": [given]})
    (found,) = run(al.Rulebook([rule], as_of="2026-04-01"), case)["rules"]
    (one,) = found["tests"]
    return dict(one)


@pytest.mark.parametrize(
    ("kind", "fields", "expect", "reading"),
    [
        # 40 of 100 in compute.
        ("share", {"scope": {"sector": "compute"}, "of": "deployed", "at-most": "40%"}, "pass", "it is 40%, the limit is 40%"),
        ("share", {"scope": {"sector": "compute"}, "of": "deployed", "at-most": "35%"}, "fail by 5 pp", "it is 40%, the limit is 35%"),
        ("share", {"each": "sector", "of": "deployed", "at-least": "25%"}, "fail by 5 pp", "logistics is 20%, the limit is 25%"),
        ("share", {"each": "line", "of": "equity", "at-least": "1%", "at-most": "12.5%"}, "fail by 7.5 pp", "hall is 20%, the limit is 12.5%"),
        # Seats: hall, plant and wires.
        ("domicile", {"country": "US", "basis": "seat", "of": "deployed", "at-least": "62.5%"}, "fail by 2.5 pp", "it is 60%, the limit is 62.5%"),
        # 20 * (0.9 + 0.4 + 0.75 + 0.8 + 0.1) = 59.
        ("domicile", {"country": "US", "basis": "content", "of": "deployed", "at-least": "60%"}, "fail by 1 pp", "it is 59%, the limit is 60%"),
        ("amount", {"measure": "deployed", "at-least": "$100.25 bn"}, "fail by $250 m", "it is $100 bn, the limit is $100.25 bn"),
        # 20 * 350 supplied over 20 * 100 needed.
        ("ratio", {"numerator": {"column": "power-supplied"}, "denominator": {"column": "power-needed"}, "at-least": "3.60x"}, "fail by 0.10x", "it is 3.50x, the limit is 3.60x"),
        ("concentration", {"by": "line", "measure": "hhi", "of": "deployed", "at-most": "0.15"}, "fail by 0.05", "it is 0.2, the limit is 0.15"),
        ("concentration", {"by": "line", "measure": "effective-number", "of": "deployed", "at-least": "6"}, "fail by 1", "it is 5, the limit is 6"),
        ("concentration", {"by": "line", "measure": "top-n", "n": "2", "of": "deployed", "at-most": "30%"}, "fail by 10 pp", "it is 40%, the limit is 30%"),
        # acme: 20 * (0.3 + 0.8) = 22.
        ("look-through", {"each": "counterparty", "of": "deployed", "at-most": "20%"}, "fail by 2 pp", "acme is 22%, the limit is 20%"),
        ("exclusion", {"scope": {"sector": "power"}}, "fail by $20 bn", "plant is $20 bn, the limit is $0 bn"),
        ("leverage", {"measure": "deployed-to-equity", "at-most": "1.00x"}, "pass", "it is 1.00x, the limit is 1.00x"),
        # The hall loses half, the chips 40%.
        ("stress-loss", {"each": "stress", "of": "deployed", "at-most": "15%"}, "fail by 3 pp", "slump is 18%, the limit is 15%"),
        ("stress-loss", {"stress": "slump", "of": "equity", "at-most": "18%"}, "pass", "it is 18%, the limit is 18%"),
        # The worse of two years.
        ("tail-loss", {"confidence": "50%", "of": "equity", "at-most": "45%"}, "fail by 5 pp", "it is 50%, the limit is 45%"),
        # 40 of the hall's 60 are sold, and 80 bought.
        ("turnover", {"at-most": "50%"}, "fail by 10 pp", "it is 60%, the limit is 50%"),
        ("tracking", {"of": "deployed", "at-most": "4%"}, "pass", "it is 0%, the limit is 4%"),
    ],
)  # fmt: skip
def test_each_kind_by_hand(kind: str, fields: dict[str, Any], expect: str, reading: str) -> None:
    found = tried(kind, fields, expect, TOLD)
    assert (found["passed"], found["got"], found["reading"]) == (True, expect, reading)


def test_volatility_by_hand() -> None:
    # Two independent lines of 30% and 40%, half in each: sqrt(0.15^2 + 0.2^2) = 25%.
    case = tiny({"cash-yield [%]": [8, 5]}, covariance=[[0.09, 0], [0, 0.16]])
    halves = {"a": "$50 bn", "b": "$50 bn"}
    found = tried("volatility", {"of": "deployed", "at-most": "20%"}, "fail by 5 pp", case, holdings=halves)
    assert (found["passed"], found["got"]) == (True, "fail by 5 pp")


def test_covers_count_compression_and_loans_as_written() -> None:
    # 40 in the hall earn 7% less the loss beyond half of 60: 0.03 / 120 * 10^2 = 0.025; 20 at 5.5% are owed 1.1.
    rule = {"measure": "interest", "at-least": "3.00x"}
    test = {"holdings": {"hall": "$40 bn"}, "financing": {"hall": {"bonds": "$20 bn"}}}
    found = tried("coverage", rule, "fail by 0.48x", **test)
    assert (found["passed"], found["got"]) == (True, "fail by 0.4773x")
    assert tried("coverage", rule, "fail by 0.47x", **test)["passed"] is False


def test_loans_let_more_be_deployed_and_capacities_play_no_part() -> None:
    # The hall takes 60 at most, and bonds lend 60: both are terms, and this is about the rule alone.
    test = {"holdings": {"hall": "$180 bn"}, "financing": {"hall": {"bonds": "$100 bn"}}}
    found = tried("leverage", {"measure": "debt-to-equity", "at-most": "0.80x"}, "fail by 0.20x", **test)
    assert (found["passed"], found["reading"]) == (True, "it is 1.00x, the limit is 0.80x")
    found = tried("leverage", {"measure": "tranche", "tranche": "bonds", "at-most": "90%"}, "fail by 10 pp", **test)
    assert found["passed"] is True


def test_the_limit_is_that_of_the_tests_own_date() -> None:
    rule = {"scope": {"sector": "compute"}, "of": "deployed", "at-most": {"2026-04-01": "40%", "2028-01-01": "30%"}}
    assert tried("share", rule, "pass")["passed"] is True
    assert tried("share", rule, "fail by 10 pp", **{"as-of": "2028-01-01"})["passed"] is True


def test_nothing_owed_keeps_a_cover() -> None:
    found = tried("coverage", {"measure": "interest", "at-least": "3.00x"}, "pass")
    assert (found["passed"], found["got"], found["reading"]) == (True, "pass", "")


def test_something_over_nothing_is_beyond_any_limit() -> None:
    rule = {"numerator": "deployed", "denominator": "debt", "at-most": "3.00x"}
    found = tried("ratio", rule, "pass")
    assert (found["passed"], found["got"]) == (False, "fail by more than any number, as the whole is zero")
    assert tried("ratio", rule, "fail by 1x")["passed"] is False


@pytest.mark.parametrize(
    ("expect", "passed"),
    [
        ("fail by 5 pp", True),
        ("fail by 5.4 pp", False),
        ("fail by 5.0 pp", True),
        ("fail by 4 pp", False),
        ("pass", False),
    ],
)
def test_what_is_expected_holds_to_half_of_its_last_digit(expect: str, passed: bool) -> None:
    rule = {"scope": {"sector": "compute"}, "of": "deployed", "at-most": "35%"}
    assert tried("share", rule, expect)["passed"] is passed
    near = {**EVEN, "hall": "$20.3 bn", "wires": "$19.7 bn"}  # 5.3 pp over
    found = tried("share", rule, "fail by 5 pp", holdings=near)
    assert (found["passed"], found["got"]) == (True, "fail by 5.3 pp")


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ({"holdings": {"hal": "$1 bn"}}, "no line 'hal'; did you mean 'hall'?"),
        ({"financing": {"hal": {"bonds": "$1 bn"}}}, "no line 'hal'; did you mean 'hall'?"),
        ({"financing": {"hall": {"bond": "$1 bn"}}}, "no tranche 'bond'; did you mean 'bonds'?"),
        ({"holdings": {"hall": "$100.5 bn"}}, "it deploys $100.5 bn, and equity is $100 bn; add financing of $500 m, or deploy less"),
        (
            {"holdings": {"hall": "$111 bn"}, "financing": {"hall": {"bonds": "$10 bn"}}},
            "it deploys $111 bn, and equity and debt are $110 bn; add financing of $1 bn, or deploy less",
        ),
    ],
)  # fmt: skip
def test_what_the_case_lacks(test: dict[str, Any], message: str) -> None:
    with pytest.raises(al.InputError) as caught:
        tried("share", {"scope": {"sector": "compute"}, "of": "deployed", "at-most": "40%"}, "pass", **test)
    assert str(caught.value) == f"test 't' of rule 'r': {message}"


def test_a_tranche_that_does_not_lend_there() -> None:
    columns = {"cash-yield [%]": [8, 5], "capacity [$ bn]": [50, 50], "sector": ["x", "y"]}
    tranche = {"id": "loan", "capacity": "$10 bn", "cost": "5%", "tenor": "10 years", "eligible": {"sector": "x"}}
    other = {**tranche, "id": "bond", "eligible": {"sector": "y"}}
    rule = {"measure": "debt-to-equity", "at-most": "2.00x"}
    with pytest.raises(al.InputError) as caught:
        tried(
            "leverage",
            rule,
            "pass",
            tiny(columns, [tranche, other]),
            holdings={"b": "$1 bn"},
            financing={"b": {"loan": "$1 bn"}},
        )
    assert str(caught.value) == "test 't' of rule 'r': 'loan' does not lend to 'b'; use bond"
    with pytest.raises(al.InputError) as caught:
        tried(
            "leverage",
            rule,
            "pass",
            tiny(columns, [tranche]),
            holdings={"b": "$1 bn"},
            financing={"b": {"loan": "$1 bn"}},
        )
    assert str(caught.value) == "test 't' of rule 'r': 'loan' does not lend to 'b'; take the debt of another line"


@pytest.mark.parametrize(
    ("kind", "fields", "expect", "example"),
    [
        ("share", {"each": "line", "of": "deployed", "at-most": "12%"}, "fail by $1 bn", "1 pp"),
        ("amount", {"measure": "deployed", "at-most": "$12 bn"}, "fail by 1 pp", "$1 bn"),
        ("leverage", {"measure": "debt-to-equity", "at-most": "2.00x"}, "fail by 0.5", "0.05x"),
        (
            "concentration",
            {"by": "line", "measure": "hhi", "of": "deployed", "at-most": "0.15"},
            "fail by 5 pp",
            "0.02",
        ),
    ],
)
def test_an_excess_in_another_unit(kind: str, fields: dict[str, Any], expect: str, example: str) -> None:
    with pytest.raises(al.InputError) as caught:
        tried(kind, fields, expect)
    assert str(caught.value) == (
        f"test 't' of rule 'r' expect: '{expect}' is not in the unit of the rule's limit; write one such as fail by {example}"
    )


POLICY = """\
format: allocator/policy/1
policy:
  {id: try, title: Try, status: example, owner: me, approvers: [me],
   effective: {from: 2026-04-01}, waiver-term: 900 days, tested-on: CASE, defaults: {of: deployed}}
sources: {book: {title: A book}}
rules:
  - id: us-content
    title: American work
    kind: domicile
    country: US
    basis: content
    at-least: 72%
    authority: book
    why: A test.
    tests:
      - {name: enough, as-of: 2026-04-01, holdings: {power: $1 bn}, expect: pass}
      - {name: "100% chips, say", as-of: 2026-04-01, holdings: {power: $1 bn}, expect: fail by 2 pp}
  - {id: wide, title: Wide, kind: share, each: line, at-most: 50%, authority: book, why: W}
waivers:
  - {id: W-1, rule: us-content, at-least: 1%, effective: {from: 2026-04-01, until: 2028-04-01}, authority: book,
     approved-by: me, why: W}
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "p.yaml"
    path.write_text(POLICY.replace("CASE", str(ROOT / "examples" / "sector-mix")))
    return path


def command(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        main(["policy", "test", *map(str, arguments)])
    told = capsys.readouterr()
    return int(stopped.value.code or 0), told.out, told.err


def test_the_report(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = command(capsys, policy, "--as-of", "2026-05-01")
    assert (code, err) == (5, "")
    assert out == (
        f"{policy}, tried on Four sectors\n"
        "  us-content  1 passed, 1 FAILED\n"
        f"    {policy}:17: 100% chips, say\n"
        "      expected fail by 2 pp, got pass (it is 74%, the limit is 72%)\n"
        "  1 rule has no test: wide\n"
    )


def test_annotations_escape_what_a_workflow_would_take_for_its_own(
    policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = command(capsys, policy, "--as-of", "2026-05-01", "--format", "github")
    assert code == 5
    assert out == (
        f"::error file={policy},line=17,col=9,title=test of us-content failed::100%25 chips, say:"
        " expected fail by 2 pp, got pass (it is 74%25, the limit is 72%25)\n"
    )


def test_json_has_every_test(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = command(capsys, policy, "--as-of", "2026-05-01", "--format", "json")
    assert code == 5
    (file,) = json.loads(out)["files"]
    assert [(rule["id"], [test["passed"] for test in rule["tests"]]) for rule in file["rules"]] == [
        ("us-content", [True, False]),
        ("wide", []),
    ]


def test_a_file_that_names_no_case(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = policy.read_text()
    policy.write_text(text.replace(f"tested-on: {ROOT / 'examples' / 'sector-mix'}, ", ""))
    code, out, err = command(capsys, policy, "--as-of", "2026-05-01")
    assert (code, out) == (1, "")
    assert err == "".join(
        f"error: {policy}:{line}:9: test '{name}' of rule 'us-content': there is no case to run it on;"
        " name one with --case, or under 'tested-on' in the policy\n"
        for line, name in ((16, "enough"), (17, "100% chips, say"))
    )
    code, out, err = command(capsys, policy, "--as-of", "2026-05-01", "--case", ROOT / "examples" / "sector-mix")
    assert (code, err) == (5, "")


def test_a_name_that_the_case_lacks_has_its_place(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy.write_text(policy.read_text().replace("holdings: {power", "holdings: {powr", 1))
    code, _, err = command(capsys, policy, "--as-of", "2026-05-01")
    assert code == 1
    assert err == (
        f"error: {policy}:16:54: test 'enough' of rule 'us-content': no line 'powr'; did you mean 'power'?\n"
    )


@pytest.mark.parametrize("name", ["statutory-base", "us-japan-fund", "us-japan-prudent"])
def test_the_shipped_policies_pass_their_tests(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = command(capsys, ROOT / "constraints" / f"{name}.yaml", "--as-of", "2026-11-01")
    assert code == 0, out
    assert out.endswith("  every rule has a test\n")


def test_an_overlays_tests_stand_in_for_those_of_the_base() -> None:
    rules = al.read_rules(ROOT / "constraints" / "us-japan-prudent.yaml", as_of="2026-11-01")
    case = al.read_case(ROOT / "examples" / "us-japan")
    found = {rule["id"]: rule for rule in run(rules, case)["rules"]}
    assert [test["name"] for test in found["one-line"]["tests"]] == ["ten lines at the cap", "one line alone"]
    assert found["one-line"]["tests"][0]["place"]["file"].endswith("us-japan-prudent.yaml")


def test_more_than_one_without_a_test() -> None:
    record = {"file": "p.yaml", "case": "", "rules": [{"id": "a", "tests": []}, {"id": "b", "tests": []}]}
    assert trials.plain([record]) == "p.yaml\n  2 rules have no test: a, b\n"


def test_a_folder_stands_for_its_policies_and_a_failure_of_many_is_one_annotation(
    policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = command(capsys, policy, "--as-of", "2026-05-01")
    assert command(capsys, policy.parent, "--as-of", "2026-05-01") == alone
    once = command(capsys, policy, "--as-of", "2026-05-01", "--format", "github")[1]
    assert once
    assert command(capsys, policy, policy, "--as-of", "2026-05-01", "--format", "github")[1] == once


def test_a_file_that_cannot_be_read_does_not_hide_the_others(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = command(capsys, policy.parent / "none.yaml", policy, "--as-of", "2026-05-01")
    assert code == 1
    assert out == command(capsys, policy, "--as-of", "2026-05-01")[1]
    assert err.startswith(f"error: {policy.parent / 'none.yaml'}:1:1: the file ")
