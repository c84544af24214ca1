"""`allocator report`: a page of a case or of an outcome, with the exit codes of solve."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import run_command as run

MIX = str(Path(__file__).parent.parent.parent / "examples" / "sector-mix")
DAY = ("--as-of", "2026-11-22")


def test_a_case_and_its_outcome_give_the_same_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    solved, direct, stored = tmp_path / "outcome.json", tmp_path / "direct.html", tmp_path / "new" / "stored.html"
    tried = (*DAY, "--set", "ai-cap.at-most=38%")
    assert run(capsys, "report", MIX, *tried, "--out", str(direct)) == (0, f"wrote {direct}\n", "")
    run(capsys, "solve", MIX, *tried, "--out", str(solved))
    assert run(capsys, "report", str(solved), "--out", str(stored)) == (0, f"wrote {stored}\n", "")
    # Paths of inputs are relative to the case, so that the pages do not tell where they were made.
    assert direct.read_text(encoding="utf-8") == stored.read_text(encoding="utf-8")
    assert "ai-cap.at-most = 38%" in direct.read_text(encoding="utf-8")


def test_another_objective_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "review.html"
    assert run(capsys, "report", MIX, *DAY, "--objective", "strategic-weight", "--out", str(page))[0] == 0
    assert "<dd>strategic weight</dd>" in page.read_text(encoding="utf-8")


def test_where_nothing_fits_a_page_is_written_all_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "review.html"
    fund = str(Path(MIX).parent / "us-japan")
    code, out, err = run(capsys, "report", fund, *DAY, "--set", "deployment-floor.at-least=$900 bn", "--out", str(page))
    assert (code, out, err) == (3, f"wrote {page}\n", "")
    assert "No allocation satisfies the rules." in page.read_text(encoding="utf-8")


def test_the_page_needs_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "report", MIX)
    assert (code, out) == (2, "")
    assert "Error: Missing option '--out'." in err


def test_the_page_is_html(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "report", MIX, "--out", str(tmp_path / "review.pdf"))
    assert code == 2
    told = f"the page is HTML, and '{tmp_path}/review.pdf' does not end in .html; write {tmp_path}/review.html"
    assert f"Error: Invalid value for --out: {told}\n" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "option",
    [
        ("--policy", "p.yaml"),
        ("--objective", "variance"),
        ("--combine", "maximin"),
        ("--hold", "variance=0.1"),
        DAY,
        ("--set", "a.at-most=1%"),
    ],
    ids=lambda o: o[0],
)
def test_an_outcome_is_not_solved_again(option: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "report", "outcome.json", *option, "--out", "review.html")
    assert code == 2
    told = "an outcome has its rules and its objective in it; drop all options but --out"
    assert f"Error: {told}\n" in err


def test_what_is_no_outcome_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.json"
    path.write_text("[]")
    code, out, err = run(capsys, "report", str(path), "--out", str(tmp_path / "review.html"))
    assert (code, out) == (1, "")
    told = "no outcome or frontier; give a file whose format is allocator/outcome/1 or allocator/frontier/1"
    assert err == f"error: {path}:1:1: {told}\n"
