"""`allocator bargain`: what it prints and writes, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import run_command as run

FUND = """\
format: allocator/fund/1
fund:
  id: two
  title: Two owners
  currency: USD
  equity:
    - {holder: Treasury, vehicle: Trust, amount: $50 bn}
    - {holder: Ministry, vehicle: Bonds, amount: $50 bn}
  reserve-yield: 0%
  fee: 0 bp
principals:
  - {id: east, title: East, holder: Treasury, funding: 4%, walk-away: $1 bn, strategic: {column: own, worth: 300 bp}}
  - {id: west, title: West, holder: Ministry, funding: 4%, walk-away: $0.5 bn}
universe: universe.csv
"""
UNIVERSE = "id,cash-yield [%],capacity [$ bn],own\na,8,100,0\nb,6,100,1\n"
DAY = ("--as-of", "2026-11-22")


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """The two lines of `owners.py`, which agree at half and half."""
    (tmp_path / "fund.yaml").write_text(FUND)
    (tmp_path / "universe.csv").write_text(UNIVERSE)
    return tmp_path


def test_it_prints_sentences_and_tables(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "bargain", str(case), *DAY)
    assert (code, err) == (0, "")
    told = " ".join(out.split())
    assert "East gains $3.000 bn a year: $3.500 bn of the income, less $2.000 bn that its equity costs it" in told
    assert "a dollar more for East costs West $0.50, and a dollar more for West costs East $2.00." in told
    assert "Gain over walking away 2.000 1.000 Its best" in told
    assert "certified: every rule and term holds" in told


def test_markdown_and_html_go_to_files(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for form, name, inside in (
        ("markdown", "bargain.md", "| Gain over walking away | 2.000 | 1.000 |"),
        ("html", "bargain.html", '<section id="agreement"'),
    ):
        assert run(capsys, "bargain", str(case), *DAY, "--format", form, "--out", str(case / name)) == (0, "", "")
        assert inside in (case / name).read_text(encoding="utf-8")
    code, _, err = run(capsys, "bargain", str(case), "--format", "html", "--out", str(case / "a.pdf"))
    assert code == 2
    assert f"the page is HTML, and '{case}/a.pdf' does not end in .html; write {case}/a.html" in err


def test_the_file_is_read_by_other_commands(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = case / "bargain.json"
    assert run(capsys, "bargain", str(case), *DAY, "--format", "json", "--out", str(saved)) == (0, "", "")
    record = json.loads(saved.read_text())
    assert (record["format"], record["outcome"]["format"]) == ("allocator/bargain/1", "allocator/outcome/1")
    code, out, _ = run(capsys, "verify", str(saved))
    assert (code, out.splitlines()[-1]) == (0, "verified")
    assert run(capsys, "report", str(saved), "--out", str(case / "review.html"))[0] == 0

    (case / "fund.yaml").write_text(FUND.replace("$0.5 bn", "$0.6 bn"))
    code, out, _ = run(capsys, "verify", str(saved))
    assert (code, out.splitlines()[-1]) == (4, "NOT VERIFIED")
    assert "FAIL  bargain: the walk-aways are not the case's\n" in out


def test_no_agreement_exits_with_3_and_the_reason(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (case / "fund.yaml").write_text(FUND.replace("$1 bn", "$3.9 bn").replace("$0.5 bn", "$1.05 bn"))
    code, out, err = run(capsys, "bargain", str(case), *DAY)
    assert (code, out) == (3, "")
    assert err == (
        "error: the owners cannot all beat their walk-aways: East would walk away to $3.9 bn a year, and has $4.000 bn "
        "where it alone decides, $3.900 bn by the most even allocation; West would walk away to $1.05 bn a "
        "year, and has $2.000 bn where it alone decides, $1.050 bn by the most even allocation\n"
    )


def test_no_allocation_exits_with_3(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fund = str(Path(__file__).parent.parent.parent / "examples" / "us-japan")
    code, out, err = run(capsys, "bargain", fund, *DAY, "--set", "deployment-floor.at-least=$900 bn")
    assert (code, err) == (3, "")
    assert "No allocation satisfies the rules. Broken least:" in out


def test_without_principals_there_is_nobody(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head, _, tail = FUND.partition("principals:")
    (case / "fund.yaml").write_text(head + tail[tail.index("universe:") :])
    assert run(capsys, "bargain", str(case), *DAY) == (
        1, "", "error: there is nobody to bargain; name the owners under 'principals' in fund.yaml\n",
    )  # fmt: skip
