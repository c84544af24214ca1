"""`allocator policy diff` and `impact` as reviewers and workflows meet them: words, files, revisions, exit codes."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest
from helpers import run_command

from allocator import kinds

ROOT = Path(__file__).parent.parent.parent
MIX = ROOT / "constraints" / "sector-mix.yaml"
CASE = str(ROOT / "examples" / "sector-mix")
DAY = ("--as-of", "2026-04-01")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    return run_command(capsys, "policy", *arguments)


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The four sectors' policy, by its name in the working directory."""
    monkeypatch.chdir(tmp_path)
    lines = MIX.read_text(encoding="utf-8").splitlines(keepends=True)
    Path("old.yaml").write_text("".join(line for line in lines if "tested-on" not in line), encoding="utf-8")
    return "old.yaml"


def edited(old: str, *changes: tuple[str, str]) -> str:
    text = Path(old).read_text(encoding="utf-8")
    for was, now in changes:
        assert text.count(was) == 1, was
        text = text.replace(was, now)
    Path("new.yaml").write_text(text, encoding="utf-8")
    return "new.yaml"


CAP = ("at-most: 40%", "at-most: 38%")
WORDS = ("Borrowing is capped", "Debt is capped")


def test_diff_to_the_letter(capsys: pytest.CaptureFixture[str], old: str) -> None:
    code, out, err = run(capsys, "diff", old, edited(old, CAP, WORDS), *DAY, "--case", CASE)
    assert (code, err) == (0, "")
    # Many allocations break the new cap by most; of these the amounts of the other lines are any.
    out = re.sub(r"\$[\d.]+ bn in (power|logistics|semiconductor-backend)", r"$? bn in \1", out)
    assert (
        out
        == """\
Four sectors, six rules: what differs, as in force on 2026-04-01
From old.yaml to new.yaml.
Rules: 1 changed, 1 changed in words only, 4 the same.
By the text: tighter.
By the effect on the case 'Four sectors': tighter (some allocations become impossible, none possible).

ai-cap (changed): AI data centres stay under two fifths
  at most: 40% becomes 38%, tighter by 2 pp
  - Capital in the line ai-data-centres is at most 40% of the capital deployed.
  + Capital in the line ai-data-centres is at most 38% of the capital deployed.
  By the text: tighter. By the effect on the case, all else as before: tighter (some allocations become impossible, \
none possible).
  Nothing becomes possible: proved.
  No longer possible, for example: $210.0 bn in ai-data-centres, $? bn in power, $? bn in logistics, $? bn in \
semiconductor-backend ($525.0 bn in all, $225.0 bn of it borrowed). There what it limits is 40%; the new rule \
allows at most 38%.

borrowing (changed in words only): Debt is capped
  title: “Borrowing is capped” becomes “Debt is capped”
  What it asks is the same.
"""
    )


def test_without_a_case_there_are_verdicts_by_the_text(capsys: pytest.CaptureFixture[str], old: str) -> None:
    code, out, _ = run(capsys, "diff", old, edited(old, CAP), *DAY)
    assert code == 0
    assert (
        out
        == """\
Four sectors, six rules: what differs, as in force on 2026-04-01
From old.yaml to new.yaml.
Rules: 1 changed, 5 the same.
By the text: tighter.
No case was given, so the effect was not judged; name one with --case.

ai-cap (changed): AI data centres stay under two fifths
  at most: 40% becomes 38%, tighter by 2 pp
  - Capital in the line ai-data-centres is at most 40% of the capital deployed.
  + Capital in the line ai-data-centres is at most 38% of the capital deployed.
  By the text: tighter.
"""
    )


def test_the_case_is_the_one_that_the_new_policy_was_tested_on(capsys: pytest.CaptureFixture[str], old: str) -> None:
    new = edited(old, CAP, ("  status: example", f"  status: example\n  tested-on: {CASE}"))
    out = run(capsys, "diff", old, new, *DAY)[1]
    assert (
        "By the effect on the case 'Four sectors': tighter (some allocations become impossible, none possible).\n"
        in out
    )
    assert "Besides the rules:\n  tested-on added: “" in out


@pytest.mark.parametrize(
    ("refused", "code", "told"),
    [
        (("looser",), 0, ""),
        (("undetermined", "mixed"), 0, ""),
        (
            ("looser", "tighter"),
            5,
            "failed: new.yaml is tighter: 'ai-cap' (text and effect), all together (text and effect)\n",
        ),
    ],
)
def test_fail_if(refused: tuple[str, ...], code: int, told: str, capsys: pytest.CaptureFixture[str], old: str) -> None:
    new = edited(old, CAP)
    asked = [part for verdict in refused for part in ("--fail-if", verdict)]
    for command in ("diff", "impact"):
        found, out, err = run(capsys, command, old, new, *DAY, "--case", CASE, *asked)
        assert (found, err) == (code, told)
        assert out.startswith("Four sectors, six rules: ")


def test_json_holds_all_of_it_and_is_the_same_twice(capsys: pytest.CaptureFixture[str], old: str) -> None:
    arguments = ("diff", old, edited(old, CAP), *DAY, "--case", CASE, "--format", "json")
    first, second = run(capsys, *arguments)[1], run(capsys, *arguments)[1]
    assert first == second
    record = json.loads(first)
    assert record["format"] == "allocator/policy-diff/1"
    assert record["rules"][0]["effect"]["impossible"]["example"]["limit"] == 0.38


def test_markdown_and_out(capsys: pytest.CaptureFixture[str], old: str) -> None:
    new = edited(old, CAP)
    arguments = ("diff", old, new, *DAY, "--case", CASE, "--format", "markdown", "--out", "told.md")
    assert run(capsys, *arguments) == (0, "", "")
    told = Path("told.md").read_text(encoding="utf-8")
    assert told.startswith("### Four sectors, six rules: what differs")
    assert "> ~~Capital in the line ai-data-centres is at most 40% of the capital deployed.~~\n" in told


def test_html_is_a_redline(capsys: pytest.CaptureFixture[str], old: str) -> None:
    new = edited(old, CAP, ("title: Borrowing is capped", "title: <script>alert(1)</script>"))
    out = run(capsys, "diff", old, new, *DAY, "--case", CASE, "--format", "html")[1]
    assert '<p class="sentence">Capital in the line ai-data-centres is at most <del>40% </del><ins>38% </ins>of ' in out
    assert "<script" not in out
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in out
    assert "src=" not in out
    assert "href=" not in out


def test_a_redline_counts_tests_and_strikes_none(capsys: pytest.CaptureFixture[str], old: str) -> None:
    test = "tests: [{name: half, as-of: 2026-04-01, holdings: {power: $1 bn}, expect: pass}]"
    new = edited(old, ("title: Borrowing is capped", f"title: Borrowing is capped\n    {test}"))
    out = run(capsys, "diff", old, new, *DAY, "--case", CASE, "--format", "html")[1]
    assert "<li>tests: 1 added</li>" in out
    assert "<ins>" not in out.partition("</style>")[2].partition("</section>")[0].partition("<section")[2]


def test_impact_to_the_letter(capsys: pytest.CaptureFixture[str], old: str) -> None:
    code, out, err = run(capsys, "impact", old, edited(old, CAP), *DAY, "--case", CASE)
    assert (code, err) == (0, "")
    assert (
        out.split("\nTotals\n")[0]
        == """\
Four sectors, six rules: what the change does, as in force on 2026-04-01
AI data centres stay under two fifths (ai-cap): at most: 40% becomes 38%, tighter by 2 pp.
On the case 'Four sectors': tighter (some allocations become impossible, none possible).

  Objective         dividend yield: worse, -$96 m a year
  Dividend          $18,258 m to $18,162 m a year, -$96.0 m (-3.20 bp of equity)
  Strategic weight  1.1564 to 1.1641 per dollar of equity, +0.0078
  Size              deployed $524.9 bn to $524.8 bn, -$139 m; debt $224.9 bn to $224.8 bn, -$139 m
  Shifts            power +$18.1 bn, ai-data-centres -$10.6 bn, logistics -$7.7 bn, semiconductor-backend -$7.0 m
  Binding rules     us-content no longer binds
"""
    )


def test_impact_written_to_a_file_is_what_is_printed(capsys: pytest.CaptureFixture[str], old: str) -> None:
    arguments = ("impact", old, edited(old, CAP), *DAY, "--case", CASE)
    printed = run(capsys, *arguments)[1]
    assert run(capsys, *arguments, "--out", "told.txt") == (0, "", "")
    assert Path("told.txt").read_text(encoding="utf-8") == printed


def test_a_comment_tells_words_that_differ_and_is_empty_where_nothing_does(
    capsys: pytest.CaptureFixture[str], old: str
) -> None:
    asked = (*DAY, "--case", CASE, "--format", "markdown")
    code, out, err = run(capsys, "impact", old, edited(old, WORDS), *asked)
    assert (code, err) == (0, "")
    assert out.startswith(
        """\
<!-- allocator: policy impact -->
### Four sectors, six rules: what the change does, as in force on 2026-04-01

No rule asks anything else: words differ, tests, or what stands besides the rules. Rules: 1 changed in words only, 5 \
the same.

<details><summary>What differs, rule by rule</summary>
"""
    )
    assert "- title: “Borrowing is capped” becomes “Debt is capped”\n" in out
    assert run(capsys, "impact", old, edited(old), *asked) == (0, "", "")


def test_impact_exits_with_3_where_nothing_fits(capsys: pytest.CaptureFixture[str], old: str) -> None:
    more = "{id: size, title: Size, kind: amount, at-least: $900 bn, authority: mandate-1, why: So.}"
    new = edited(old, ("rules:\n", f"rules:\n  - {more}\n"))
    code, out, _ = run(capsys, "impact", old, new, *DAY, "--case", CASE)
    assert code == 3
    assert "\n  Nothing fits      no allocation satisfies the new rules; broken least: " in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "error: no case; name one with --case, or under 'tested-on' in the new policy\n"),
        (
            ("--case", CASE, "--objective", "beauty"),
            f"error: unknown kind of objective 'beauty'; known: {', '.join(kinds.known('objectives'))}\n",
        ),
    ],
)
def test_impact_needs_a_case_and_an_objective(
    arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str], old: str
) -> None:
    assert run(capsys, "impact", old, edited(old, CAP), *DAY, *arguments) == (1, "", told)


def git(*arguments: str) -> None:
    who = ("-c", "user.name=Me", "-c", "user.email=me@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], check=True, capture_output=True)


def test_a_revision_is_read_with_what_it_extends_in_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The base is changed on disk since, and its digest in the overlay with it; the revision has both as they were."""
    monkeypatch.chdir(tmp_path)
    Path("rules").mkdir()
    base, overlay = Path("rules/base.yaml"), Path("rules/overlay.yaml")
    text = MIX.read_text(encoding="utf-8")

    def write(limit: str) -> None:
        base.write_text(text.replace("at-most: 40%", f"at-most: {limit}"), encoding="utf-8")
        digest = hashlib.sha256(base.read_bytes()).hexdigest()
        overlay.write_text(
            "format: allocator/policy/1\n"
            f'extends: {{file: base.yaml, sha256: "sha256:{digest}"}}\n'
            "policy: {id: over, title: Over, status: example, owner: me, effective: {from: 2026-04-01}}\n",
            encoding="utf-8",
        )

    write("40%")
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-q", "-m", "One")
    write("38%")
    code, out, err = run(capsys, "diff", "main:rules/overlay.yaml", "rules/overlay.yaml", *DAY)
    assert (code, err) == (0, "")
    assert "\n  at most: 40% becomes 38%, tighter by 2 pp\n" in out

    base.write_text("format: nothing\n", encoding="utf-8")
    assert run(capsys, "diff", "main:rules/overlay.yaml", "HEAD:rules/overlay.yaml", *DAY)[0] == 0
    git("add", ".")
    git("commit", "-q", "-m", "Two")
    assert run(capsys, "diff", "HEAD~1:rules/base.yaml", "rules/base.yaml", *DAY)[2].startswith(
        "error: rules/base.yaml:1:9"
    )
    assert run(capsys, "diff", "HEAD~1:rules/base.yaml", "main:rules/base.yaml", *DAY)[2] == (
        "error: main:rules/base.yaml:1:9: not a policy file; begin it with 'format: allocator/policy/1'\n"
    )
