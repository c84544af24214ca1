"""`allocator frontier` as somebody meets it who asks what one aim costs in the other."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from helpers import run_command as run

import allocator as al

ROOT = Path(__file__).parent.parent.parent
MIX = "examples/sector-mix"
BETWEEN = ("--between", "dividend-yield", "strategic-weight")
ASKED = (MIX, *BETWEEN, "--as-of", "2026-04-01", "--gap", "2%")


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "frontier", *ASKED)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "Four sectors, by policy sector-mix (example) as in force on 2026-04-01"
    assert lines[2].startswith("  Gap     ")
    assert lines[2].endswith(" of the ranges, proved: no allocation lies further outside the curve (2.0000% was asked)")
    assert lines[3].startswith("  Solves  ")
    titles = [
        "dividend-yield against strategic-weight",
        "Lines along the curve, in shares of the capital deployed",
        "Where rules begin or cease to bind",
    ]
    assert [line for line in lines if line in titles] == titles
    assert "\x1b" not in out


def test_the_ends_are_what_solve_prints(capsys: pytest.CaptureFixture[str]) -> None:
    """The first point is the best yield, the last the best weight."""
    code, out, _ = run(capsys, "frontier", *ASKED, "--format", "csv")
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(out)))
    for name, row in (("dividend-yield", rows[0]), ("strategic-weight", rows[-1])):
        solved = run(capsys, "solve", MIX, "--as-of", "2026-04-01", "--objective", name, "--format", "json")[1]
        best = json.loads(solved)["objective"]["value"]
        assert float(row[name]) == pytest.approx(best, rel=1e-4)


def test_json_is_the_record_that_python_has(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = run(capsys, "frontier", *ASKED, "--format", "json")
    assert code == 0
    record = json.loads(out)
    case = al.read_case(MIX)
    rules = al.read_rules("constraints/sector-mix.yaml", as_of="2026-04-01")
    found = al.frontier(case, rules, al.DividendYield(), al.StrategicWeight(), gap=0.02)
    assert record == json.loads(json.dumps(found.record))
    saved = tmp_path / "frontier.json"
    code, table, _ = run(capsys, "frontier", *ASKED, "--out", str(saved))
    assert saved.read_text() == out
    assert "Where rules begin or cease to bind" in table


def test_csv_goes_to_a_folder_and_markdown_to_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(capsys, "frontier", *ASKED, "--format", "csv", "--out", str(tmp_path / "tables"))[:2] == (0, "")
    names = {path.name for path in (tmp_path / "tables").iterdir()}
    assert names == {"points.csv", "compositions.csv", "rules.csv", "changes.csv"}
    assert run(capsys, "frontier", *ASKED, "--format", "markdown", "--out", str(tmp_path / "f.md"))[:2] == (0, "")
    assert (tmp_path / "f.md").read_text().startswith("## Four sectors, by policy sector-mix (example)")


def test_between_the_owners(capsys: pytest.CaptureFixture[str]) -> None:
    """The ends of the curve are the owners' own bests, which the bargain tells."""
    pair = ("owner-gain:united-states", "owner-gain:japan")
    asked = ("examples/us-japan", "--as-of", "2026-04-01", "--between", *pair)
    code, out, _ = run(capsys, "frontier", *asked, "--gap", "10%", "--format", "json")
    assert code == 0
    record = json.loads(out)
    assert [each["name"] for each in record["between"]] == ["owner-gain of united-states", "owner-gain of japan"]
    case = al.read_case("examples/us-japan")
    agreed = al.bargain(case, al.read_rules("constraints/us-japan-fund.yaml", as_of="2026-04-01"), resolve=False)
    bests = [record["between"][k]["best"] * case.equity for k in (0, 1)]
    assert bests == pytest.approx(agreed.owners["best"].tolist(), rel=1e-8)


def test_html_is_a_page_that_loads_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "frontier.html"
    assert run(capsys, "frontier", *ASKED, "--format", "html", "--out", str(out)) == (0, "", "")
    assert out.read_text().startswith("<!DOCTYPE html>")
    assert "<svg" in out.read_text()
    saved, again = tmp_path / "frontier.json", tmp_path / "again.html"
    run(capsys, "frontier", *ASKED, "--out", str(saved))
    assert run(capsys, "report", str(saved), "--out", str(again)) == (0, f"wrote {again}\n", "")
    assert again.read_text() == out.read_text()
    code, _, err = run(capsys, "frontier", *ASKED, "--format", "html", "--out", str(tmp_path / "frontier.txt"))
    assert code == 2
    assert "does not end in .html" in err


def test_a_number_tried_moves_the_curve_and_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    first = run(capsys, "frontier", *ASKED, "--format", "csv")[1]
    setting = ("--set", "borrowing.at-most=0.5x")
    second = run(capsys, "frontier", *ASKED, *setting, "--format", "csv")[1]
    ends = [float(next(csv.DictReader(io.StringIO(text)))["dividend-yield"]) for text in (first, second)]
    assert ends[1] < ends[0]
    assert "tried: borrowing.at-most = 0.5x" in run(capsys, "frontier", *ASKED, *setting)[1]


PLAIN = "examples/plain-portfolio"
RETURN = ("--between", "expected-return", "variance")
CAP = """format: allocator/policy/1
policy: {id: p, title: P, status: example, owner: o, effective: {from: 2026-01-01}}
sources: {a: {title: A}}
rules:
  - {id: cap, title: No asset dominates, kind: share, each: line, of: deployed, at-most: 40%, authority: a, why: W.}
"""


def test_a_portfolio_under_linear_rules_is_exact(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The corners are those of `al.corner_portfolios`, in both orders."""
    policy = tmp_path / "p.yaml"
    policy.write_text(CAP)
    asked = (PLAIN, "--policy", str(policy), "--as-of", "2026-04-01")
    code, out, err = run(capsys, "frontier", *asked, *RETURN)
    assert (code, err) == (0, "")
    assert out.splitlines()[2].startswith(
        "  Gap     exact: every corner portfolio of the critical line is a point, and "
    )
    assert "  Solves" not in out
    assert "Where lines and rules come in or go out, from the first point to the last" in out
    corners = al.corner_portfolios(al.read_case(PLAIN), al.read_rules(policy, as_of="2026-04-01")).corners
    rows = list(csv.DictReader(io.StringIO(run(capsys, "frontier", *asked, *RETURN, "--format", "csv")[1])))
    assert [float(row["variance"]) for row in rows] == pytest.approx(corners["variance"].tolist(), rel=1e-8)
    assert [row["turn"] for row in rows] == corners["change"].tolist()
    code, out, _ = run(capsys, "frontier", *asked, "--between", "variance", "expected-return", "--format", "json")
    record = json.loads(out)
    assert (code, record["exact"], record["solves"]) == (0, True, {"curve": 0, "canonical": 0})
    means = [point["values"][1] for point in record["points"]]
    assert means == pytest.approx(corners["mean"].tolist()[::-1], rel=1e-8)


def test_what_keeps_it_from_being_exact_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "frontier", PLAIN, *RETURN, "--as-of", "2026-04-01", "--gap", "2%")
    assert (code, err) == (0, "")
    said = "  Rule 'breadth' is not linear, and so the frontier can't be traced exactly; its gap is proved instead."
    assert said in out.splitlines()
    assert "Solves" in out


def test_where_nothing_fits_it_says_what_solve_says(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("examples/headline-900", "--as-of", "2026-04-01")
    code, out, err = run(capsys, "frontier", *asked, *BETWEEN)
    assert (code, err) == (3, "")
    assert out == run(capsys, "solve", *asked)[1]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            (MIX, "--between", "dividend-yield", "strategc-weight"),
            1,
            "error: unknown kind of objective 'strategc-weight'; did you mean 'strategic-weight'?",
        ),
        (
            (MIX, "--between", "dividend-yield", "dividend-yield"),
            1,
            "error: both objectives are 'dividend-yield'; give two that differ",
        ),
        (
            (MIX, "--between", "dividend-yield", "variance"),
            1,
            "error: objective 'variance' needs a covariance, and the case has no risk; give it one, as in 'risk: {correlation: correlation.csv}' in fund.yaml",
        ),
        (
            (MIX, *BETWEEN, "--gap", "60%"),
            1,
            "error: a gap of 0.6 can't be proved; ask for 0.001% (1e-5) to 50% (0.5)",
        ),
        (("nowhere", *BETWEEN), 1, "error: there is no case 'nowhere'; a case is a folder with fund.yaml"),
        (
            (MIX, *BETWEEN, "--gap", "0.1"),
            2,
            "Error: Invalid value for --gap: cannot read '0.1'; write a share such as 35%",
        ),
        ((MIX,), 2, "Error: Missing option '--between'."),
        ((MIX, "--between", "dividend-yield"), 2, "Error: Option '--between' requires 2 arguments."),
    ],
)
def test_what_is_refused(
    arguments: tuple[str, ...], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found, out, err = run(capsys, "frontier", *arguments)
    assert (found, out) == (code, "")
    assert err.splitlines()[-1] == message
