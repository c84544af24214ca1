"""`allocator why` as somebody meets it whose rules leave nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import run_command as run

ROOT = Path(__file__).parent.parent.parent
HEADLINE = "examples/headline-900"
DAY = ("--as-of", "2026-04-01")


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_the_headline_question(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "why", HEADLINE, *DAY)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[2] == (
        "No allocation satisfies the rules. These 2 together leave none: deployment-floor and interest-cover."
    )
    for place in ("constraints/headline-900.yaml:23", "constraints/us-japan-fund.yaml:472"):
        assert place in out
    assert "deployment-floor at-least   $900 bn   $593.7 bn   the smallest change" in out
    assert "no change of this rule alone helps" in out
    assert "the lines' covers would have to give way too." in out


def test_the_number_that_it_tells_solves_and_the_next_one_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    for floor, expected in (("$593.7 bn", 0), ("$593.9 bn", 3)):
        setting = f"deployment-floor.at-least={floor}"
        assert run(capsys, "solve", HEADLINE, *DAY, "--set", setting, "--format", "json")[0] == expected


def test_json_has_it_all_twice_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (run(capsys, "why", HEADLINE, *DAY, "--format", "json")[1] for _ in range(2))
    assert first == second
    record = json.loads(first)
    assert record["format"] == "allocator/why/1"
    assert record["status"] == "infeasible"
    assert [member["rule"] for member in record["conflict"]] == ["deployment-floor", "interest-cover"]


def test_only_what_changed(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "why", HEADLINE, *DAY, "--changed-only", "constraints/us-japan-fund.yaml")
    assert code == 0
    assert "Given what did not change, deployment-floor leaves none." in out


def test_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    out = run(capsys, "why", HEADLINE, *DAY, "--format", "markdown")[1]
    assert "| deployment-floor at-least | $900 bn | $593.7 bn | the smallest change |" in out


def test_where_something_fits_it_tells_what_holds_the_objective_back(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "why", "examples/sector-mix", *DAY)
    assert code == 0
    assert "Something fits: the rules and the terms of the case leave room." in out
    assert "Binding rules, dearest first" in out


def test_solve_says_where_to_ask(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "solve", HEADLINE, *DAY)
    assert code == 3
    assert "`allocator why` tells which rules conflict, and what would let something fit." in " ".join(out.split())


def test_the_headline_case_is_the_example_but_for_its_policy() -> None:
    def lines(name: str) -> list[str]:
        return (ROOT / "examples" / name / "fund.yaml").read_text(encoding="utf-8").splitlines()

    apart = [pair for pair in zip(lines("us-japan"), lines("headline-900"), strict=True) if pair[0] != pair[1]]
    assert [new.split(":")[0].strip() for _, new in apart[1:]] == [
        "id", "title", "universe", "exposures", "risk", "policy",
    ]  # fmt: skip


def test_the_readme_shows_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    shown = (ROOT / HEADLINE / "README.md").read_text(encoding="utf-8").split("```text\n")[1].split("```")[0]
    out = run(capsys, "why", HEADLINE, *DAY)[1]
    assert [line.rstrip() for line in out.splitlines()] == [line.rstrip() for line in shown.splitlines()][1:]
