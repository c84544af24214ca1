"""`allocator policy`, as a reviewer and a workflow meet it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import run_command

from allocator.cli.policy import COMMANDS
from allocator.files.marked import parse_yaml
from allocator.files.policies import read_rules

ROOT = Path(__file__).parent.parent.parent
POLICY = ROOT / "constraints" / "us-japan-fund.yaml"
CASE = str(ROOT / "examples" / "us-japan")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    return run_command(capsys, "policy", *arguments)


@pytest.fixture
def misspelt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The example's policy with a key misspelt, by its name in the working directory."""
    shutil.copytree(POLICY.parent, tmp_path / "constraints")
    monkeypatch.chdir(tmp_path / "constraints")
    text = POLICY.read_text(encoding="utf-8")
    assert text.count("at-most: 12%\n") == 1
    Path(POLICY.name).write_text(text.replace("at-most: 12%\n", "at-mst: 12%\n"), encoding="utf-8")
    return POLICY.name


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--help")
    assert code == 0
    for name, told in COMMANDS.items():
        assert re.search(rf"{name}\s+{re.escape(told)}", out)
        assert f"Usage: allocator policy {name}" in run(capsys, name, "--help")[1]


def test_the_example_has_no_errors(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "check", str(POLICY), "--case", CASE, "--as-of", "2026-11-22")
    assert (code, err) == (0, "")
    first, *agreed = out.splitlines()
    assert re.fullmatch(rf"{re.escape(str(POLICY))}: \d+ rules, no errors, checked against \S+ as of 2026-11-22", first)
    assert agreed == [
        "  not yet agreed: example/owner-a, example/owner-b",
        "  to agree, write under 'approvals': - {by: example/owner-a, on: DATE, digest: "
        f'"{read_rules(POLICY, "2026-11-22").digest}"}}',
    ]


def test_a_fault_goes_to_standard_output_and_exits_with_1(capsys: pytest.CaptureFixture[str], misspelt: str) -> None:
    code, out, err = run(capsys, "check", misspelt, "--case", CASE)
    assert (code, err) == (1, "")
    first, *_, last = out.splitlines()
    assert re.fullmatch(
        r"us-japan-fund\.yaml:\d+:5: P103 rule 'one-line' at-mst: unknown key; did you mean 'at-most'\?", first
    )
    assert last == "1 error in 1 of 1 file"


def test_json_is_the_list_alone(capsys: pytest.CaptureFixture[str], misspelt: str) -> None:
    code, out, _ = run(capsys, "check", misspelt, "--case", CASE, "--format", "json")
    assert code == 1
    (record,) = json.loads(out)
    assert {key: record[key] for key in ("file", "column", "code", "severity", "what", "mend")} == {
        "file": "us-japan-fund.yaml",
        "column": 5,
        "code": "P103",
        "severity": "error",
        "what": "rule 'one-line' at-mst: unknown key",
        "mend": "did you mean 'at-most'?",
    }
    assert run(capsys, "check", str(POLICY), "--case", CASE, "--format", "json")[:2] == (0, "[]\n")


def test_github_annotates(capsys: pytest.CaptureFixture[str], misspelt: str) -> None:
    code, out, _ = run(capsys, "check", misspelt, "--case", CASE, "--format", "github")
    assert code == 1
    assert re.match(
        r"::error file=us-japan-fund\.yaml,line=\d+,col=5,title=P103::rule 'one-line' at-mst: unknown key; ", out
    )


def test_a_name_of_several_lines_gives_no_command_to_a_workflow(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "a\n::error::b.yaml"
    shutil.copy(POLICY.parent / "statutory-base.yaml", path)
    code, out, _ = run(capsys, "check", str(path), "--case", CASE, "--as-of", "2026-11-22", "--format", "github")
    assert code == 0
    assert " no errors, checked against " in out
    assert not any(line.startswith("::") for line in out.splitlines())


def test_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "check")[0] == 2
    assert run(capsys, "chekc")[0] == 2
    code, out, err = run(capsys, "check", str(POLICY), "--as-of", "June")
    assert (code, out) == (1, "")
    assert err == "error: cannot read 'June' as a date; write a date such as 2026-04-01\n"


def test_the_command_meets_no_solver_and_no_arrays() -> None:
    """As a process of its own: what is imported on the way, the group and the reader included."""
    script = (
        "import sys; from allocator.cli import main\n"
        f"try: main(['policy', 'check', {str(POLICY)!r}, '--case', {CASE!r}, '--as-of', '2026-11-22'])\n"
        "except SystemExit as stopped: assert not stopped.code\n"
        "print(*sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "no errors" in told.stdout
    imported = set(told.stdout.split())
    assert "allocator.policy.check" in imported
    absent = {
        "numpy",
        "cvxpy",
        "scipy",
        "pandas",
        "rich",
        "allocator.case",
        "allocator.objectives",
        "allocator.outcome",
    }
    assert not absent & imported


def test_the_hook_runs_the_check() -> None:
    told = (ROOT / ".pre-commit-hooks.yaml").read_bytes().decode()
    hook = parse_yaml(told.replace("- id", "hook:\n  id").encode(), "hooks")["hook"]
    assert (hook["id"], hook["entry"], hook["language"]) == ("policy-check", "allocator policy check", "python")
    assert re.match(hook["files"], "constraints/us-japan-fund.yaml")
    assert not re.match(hook["files"], "examples/us-japan/fund.yaml")
