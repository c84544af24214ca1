"""The command line as a new user meets it: what it prints, where, and its exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from allocator import kinds
from allocator.cli import COMMANDS, main
from allocator.files.outcome_model import OutcomeFile

ROOT = Path(__file__).parent.parent.parent
MIX = str(ROOT / "examples" / "sector-mix")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run a command in this process: exit code, standard output, standard error."""
    with pytest.raises(SystemExit) as stopped:
        main(list(arguments))
    told = capsys.readouterr()
    return int(stopped.value.code or 0), told.out, told.err


@pytest.fixture
def started(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    folder = tmp_path / "mine"
    assert run(capsys, "init", str(folder))[0] == 0
    return folder


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--help")
    assert code == 0
    for name, told in COMMANDS.items():
        assert re.search(rf"{name}\s+{re.escape(told)}", out)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, name, "--help")
    assert code == 0
    assert f"Usage: allocator {name}" in out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--version")[1] == "allocator 0.1.0\n"


def test_python_m() -> None:
    told = subprocess.run([sys.executable, "-m", "allocator", "--version"], capture_output=True, text=True, check=True)
    assert told.stdout == "allocator 0.1.0\n"


def test_init_writes_a_case_that_solves(started: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "solve", str(started))
    assert (code, err) == (0, "")
    assert "certified: every rule and term holds" in out
    assert "\x1b" not in out, "no colour when piped"


def test_init_leaves_what_is_there_alone(started: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "init", str(started))
    assert code == 1
    assert err == f"error: {started} is there already; name a new folder\n"


def test_json_is_valid_and_the_same_twice(started: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (run(capsys, "solve", str(started), "--format", "json")[1] for _ in range(2))
    assert first == second
    jsonschema.validate(json.loads(first), OutcomeFile.published(), cls=jsonschema.Draft202012Validator)


def test_the_published_schema_is_that_of_the_model() -> None:
    published = (files("allocator.files") / "outcome.schema.json").read_text(encoding="utf-8")
    assert json.loads(published) == OutcomeFile.published()


def test_verify_passes_and_fails(started: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = started / "outcome.json"
    run(capsys, "solve", str(started), "--set", "one-line.at-most=35%", "--out", str(saved))
    code, out, _ = run(capsys, "verify", str(saved))
    assert code == 0
    assert out.splitlines()[-1] == "verified"

    record = json.loads(saved.read_text())
    record["amounts"][0]["amount"] -= 0.002
    saved.with_name("moved.json").write_text(json.dumps(record))
    code, out, _ = run(capsys, "verify", str(saved.with_name("moved.json")))
    assert code == 4
    assert "FAIL  identity: capital and reserve less equity and debt is -0.002000000 $ bn" in out

    universe = started / "universe.csv"
    universe.write_text(universe.read_text().replace("Data hall", "Data Hall"))
    code, out, _ = run(capsys, "verify", str(saved))
    assert code == 4
    assert "FAIL  input universe.csv: its bytes have changed since" in out


def test_verify_elsewhere_needs_the_case(started: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = tmp_path / "elsewhere.json"
    run(capsys, "solve", str(started), "--out", str(saved))
    code, out, err = run(capsys, "verify", str(saved))
    assert (code, out) == (1, "")
    assert err == f"error: there is no {tmp_path / 'fund.yaml'}; name the case's folder with --case\n"
    assert run(capsys, "verify", str(saved), "--case", str(started))[0] == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "{path}:1:2: this is no JSON; give a file that 'allocator solve --out' wrote"),
        ("[]", "{path}:1:1: no outcome; give a file whose format is allocator/outcome/1"),
        ('{"format": "allocator/outcome/1"}', "{path}:1:1: the outcome is damaged at 'status'; compute it again"),
    ],
)
def test_a_file_that_is_no_outcome(text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    code, _, err = run(capsys, "verify", str(path))
    assert code == 1
    assert err == f"error: {message.format(path=path)}\n"


def test_nothing_fits(capsys: pytest.CaptureFixture[str]) -> None:
    fund = str(ROOT / "examples" / "us-japan")
    code, out, _ = run(capsys, "solve", fund, "--as-of", "2026-04-01", "--set", "deployment-floor.at-least=$900 bn")
    assert code == 3
    assert "No allocation satisfies the rules. Broken least:" in out
    assert re.search(r"deployment-floor +\$\d{3}\.\d+ bn +at least \$900 bn +\$\d{3}\.\d+ bn", out)


def test_compare(started: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    run(capsys, "solve", str(started), "--out", str(one))
    run(capsys, "solve", str(started), "--set", "one-line.at-most=35%", "--out", str(two))
    code, out, _ = run(capsys, "compare", str(one), str(two))
    assert code == 0
    assert "tried: one-line.at-most = 35%" in out
    assert re.search(r"one-line at-most +40% +35%", out)
    assert re.search(r"data-hall +\$5\.8 bn +\$5\.1 bn +-\$7\d\d m +-5\.00 pp", out)
    code, out, _ = run(capsys, "compare", str(one), str(one), "--format", "markdown")
    assert code == 0
    assert "4 unchanged" in out
    assert "Limits that differ" not in out


def test_compare_is_of_one_case(started: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    run(capsys, "solve", str(started), "--out", str(one))
    run(capsys, "solve", MIX, "--out", str(two))
    code, out, err = run(capsys, "compare", str(one), str(two))
    assert (code, out) == (1, "")
    ids = [json.loads(path.read_text())["case"]["id"] for path in (one, two)]
    assert err == f"error: {one} is of the case '{ids[0]}', and {two} of '{ids[1]}'; compare outcomes of one case\n"


def test_whoever_reads_may_leave(started: Path) -> None:
    """A pipe that is closed, as by `head`, is no error; nor is an encoding without the letters of a bar."""
    command = [sys.executable, "-m", "allocator", "solve", str(started)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert process.stderr.read() == b""
    process.wait()
    process.stderr.close()
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    told = subprocess.run(command, capture_output=True, check=True, env=ascii_only)
    assert told.stderr == b""
    assert b"??" in told.stdout


def test_csv_goes_to_a_folder(started: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "tables"
    code, out, _ = run(capsys, "solve", str(started), "--format", "csv", "--out", str(folder))
    assert (code, out) == (0, "")
    assert sorted(path.name for path in folder.iterdir()) == [
        "amounts.csv", "distributions.csv", "financing.csv", "prices.csv", "rules.csv", "totals.csv",
    ]  # fmt: skip
    header = (folder / "amounts.csv").read_text().splitlines()[0]
    assert header == "line,title,sector,amount,share"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["solve", "nowhere"],
            1,
            "error: there is no case 'nowhere'; a case is a folder with fund.yaml",
        ),
        (
            ["solve", MIX, "--as-of", "April"],
            1,
            "error: cannot read 'April' as a date; write a date such as 2026-04-01",
        ),
        (
            ["solve", MIX, "--objective", "yield"],
            1,
            f"error: unknown kind of objective 'yield'; known: {', '.join(kinds.known('objectives'))}",
        ),
        (
            ["solve", MIX, "--solver", "gurobi"],
            1,
            "error: unknown kind of solver 'gurobi'; known: clarabel, highs, piqp, qoco, scs",
        ),
        (
            ["solve", MIX, "--set", "ai-cap.at-mst=30%"],
            1,
            "error: rule 'ai-cap' at-mst: unknown key; did you mean 'at-most'?",
        ),
        (["solve", MIX, "--set", "ai-cup.at-most=30%"], 1, "error: no rule 'ai-cup'; did you mean 'ai-cap'?"),
        (
            ["solve", MIX, "--set", "ai-cap.at-most=30"],
            1,
            "error: rule 'ai-cap' at-most: cannot read '30'; write a share such as 35%",
        ),
        (
            ["solve", MIX, "--objective", "variance"],
            1,
            "error: objective 'variance' needs a covariance, and the case has no risk; give it one, as in 'risk: {correlation: correlation.csv}' in fund.yaml",
        ),
    ],
)
def test_wrong_input(arguments: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    found, out, err = run(capsys, *arguments)
    assert (found, out, err) == (code, "", message + "\n")


@pytest.mark.parametrize(
    "arguments", [["solve"], ["solve", MIX, "--set", "x=1"], ["solve", MIX, "--objective", "a=b"], ["slove"]]
)
def test_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--objective", "variance", "--objective", "variance=2"), "'variance' stands twice; give each once"),
        (("--out", "mix.txt"), "the outcome is written as JSON, and 'mix.txt' does not end in .json; write mix.json"),
        (("--format", "json", "--out", "mix"), "and 'mix' does not end in .json; write mix.json"),
        (("--format", "csv", "--out", __file__), "is a file; name a folder"),
    ],
)  # fmt: skip
def test_usage_is_told(arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "solve", MIX, *arguments)
    assert (code, out) == (2, "")
    assert told in " ".join(err.split())


def test_set_takes_no_argument_of_python(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "solve", MIX, "--set", "ai-cap.rule=x")
    assert code == 1
    assert err.startswith("error: rule 'ai-cap' rule: unknown key")
