"""`allocator sweep` as an analyst meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import run_command as run

ROOT = Path(__file__).parent.parent.parent
MIX = ("examples/sector-mix", "--as-of", "2026-04-01", "--objective", "dividend-yield")
GRID = """format: allocator/scenarios/1
title: A cap and a yield
grid:
  ai-cap.at-most: [5%, 30%, 40%]
  logistics.cash-yield: [5%, 6%]
"""


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.fixture
def grid(tmp_path: Path) -> str:
    path = tmp_path / "grid.yaml"
    path.write_text(GRID, encoding="utf-8")
    return str(path)


def test_what_is_printed(capsys: pytest.CaptureFixture[str], grid: str) -> None:
    code, out, err = run(capsys, "sweep", *MIX, "--scenarios", grid)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "Four sectors, by policy sector-mix (example) as in force on 2026-04-01"
    assert lines[2] == "  Scenarios A cap and a yield: 6, every combination of levels; 2 inputs move"
    assert lines[3].startswith("  Proved    ")
    titles = ["What comes out", "Capital by line, then debt by tranche", "Rules that bind", "What moves the result most",
              "What a step of an input is worth", "Least regret"]  # fmt: skip
    assert [line for line in lines if line in titles] == titles
    assert "\x1b" not in out


def test_json_csv_and_markdown(capsys: pytest.CaptureFixture[str], grid: str, tmp_path: Path) -> None:
    asked = ("sweep", *MIX, "--scenarios", grid, "--into", str(tmp_path / "s"))
    code, out, _ = run(capsys, *asked, "--format", "json")
    record = json.loads(out)
    assert (code, record["format"], record["count"]) == (0, "allocator/sweep/1", 6)
    # The second run finds all chunks and says the same.
    assert json.loads(run(capsys, *asked, "--format", "json")[1]) == record
    assert run(capsys, *asked, "--format", "csv", "--out", str(tmp_path / "csv"))[0] == 0
    assert {"amounts.csv", "binding.csv", "movers.csv", "prices.csv"} <= {
        path.name for path in (tmp_path / "csv").iterdir()
    }
    assert "### Rules that bind" in run(capsys, *asked, "--format", "markdown")[1]


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("grid: {sofr: [3%]}", 1, "s.yaml:2:8: no number 'sofr'; "),
        ("grid: {", 1, "s.yaml:3:1: the file ends inside a bracket; close it"),
        ("draws: {count: 0, variables: []}", 1, "s.yaml:2:16: draws.count: 0 is not above zero; write more than zero"),
        ("draws: {count: 10}", 1, "draws.variables: missing; add it"),
    ],
)
def test_mistakes(capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, code: int, told: str) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(f"format: allocator/scenarios/1\n{text}\n", encoding="utf-8")
    found, out, err = run(capsys, "sweep", *MIX, "--scenarios", str(path))
    assert (found, out) == (code, "")
    assert told in err
    assert "Traceback" not in err


def test_what_is_no_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = run(capsys, "sweep", *MIX, "--scenarios", str(tmp_path / "none.yaml"))
    assert code == 1
    assert err.startswith("error: ")
    assert "none.yaml" in err


def test_nothing_fits_anywhere(capsys: pytest.CaptureFixture[str], grid: str) -> None:
    path = Path(grid)
    path.write_text("format: allocator/scenarios/1\ngrid: {one-line.at-most: [1%, 2%]}\n", encoding="utf-8")
    code, out, _ = run(capsys, "sweep", "examples/us-japan", "--as-of", "2026-04-01", "--scenarios", grid)
    assert code == 3
    assert "0 with an optimum, 2 that nothing satisfies" in out
    assert "Where nothing fits, to blame" in out
