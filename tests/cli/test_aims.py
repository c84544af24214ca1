"""What is maximised, as the command line asks for it, and how it is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import ROOT
from helpers import run_command as run

from allocator.cli.question import Asked

FUND = str(ROOT / "examples" / "us-japan")
DAY = ("--as-of", "2026-04-01")
USAGE = "Usage: allocator solve [OPTIONS] CASE\nTry 'allocator solve --help' for help.\n\nError: Invalid value for "


def objective(out: str) -> list[str]:
    """The summary's lines on the objective."""
    return [line.strip() for line in out.splitlines() if line.strip().startswith(("Objective ", "Held ", "Kept "))]


def test_a_level_held(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(
        capsys, "solve", FUND, *DAY, "--objective", "volatility", "--hold", "dividend-yield=6%", "--hold",
        "strategic-weight=0.95",
    )  # fmt: skip
    assert (code, err) == (0, "")
    first, *held = objective(out)
    assert first.startswith(
        "Objective         volatility, with dividend-yield at least 6%, strategic-weight at least 0.95: 13."
    )
    assert first.endswith("%")
    assert held[0] == "Held              dividend-yield 6%, at least 6%"
    assert held[1].endswith(", at least 0.95")
    assert "bp of equity (clarabel)" in out


def test_the_case_s_own_blend_with_a_level_held(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "solve", FUND, *DAY, "--hold", "volatility=15%")
    assert code == 0
    first, held = objective(out)
    assert "dividend-yield 0.7, strategic-weight 0.3, with volatility at most 15%: dividend-yield 6." in first
    assert held == "Held              volatility 15%, at most 15%"
    assert "Trade-off         1 point (0.01) of strategic-weight was worth" in out


def test_an_order(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(
        capsys, "solve", FUND, *DAY, "--combine", "lexicographic", "--objective", "dividend-yield=10bp",
        "--objective", "volatility",
    )  # fmt: skip
    assert code == 0
    first, kept = objective(out)
    assert first.startswith("Objective         dividend-yield, then volatility: dividend-yield 6.9")
    assert kept.startswith("Kept              dividend-yield 6.9")


def test_the_order_counts(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(
        capsys, "solve", FUND, *DAY, "--combine", "lexicographic", "--objective", "volatility", "--objective",
        "dividend-yield", "--format", "json",
    )  # fmt: skip
    said = json.loads(out)["objective"]
    assert (said["form"], [part["name"] for part in said["parts"]]) == (
        "lexicographic",
        ["volatility", "dividend-yield"],
    )


def test_the_least_lifted(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "solve", FUND, *DAY, "--combine", "maximin", "--objective", "dividend-yield",
                       "--objective", "volatility")  # fmt: skip
    assert code == 0
    (first,) = objective(out)
    assert first.startswith("Objective         the least of dividend-yield 1 and volatility 1: dividend-yield 6.")
    assert first.endswith("; each at least 73% of the way from its worst to its best")


def test_settings_are_told_and_units_are_right(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "solve", FUND, *DAY, "--objective", "sharpe")
    assert objective(out) == ["Objective         sharpe: 0.80326 (0.802249 after penalties)"]
    assert "In dollars a year of return, less those that pay for the risk at this ratio." in " ".join(out.split())
    _, out, _ = run(capsys, "solve", FUND, *DAY, "--objective", "volatility")
    assert objective(out) == ["Objective         volatility: 13.050%"]
    assert "(volatility; 0.0001 is 1 bp)" in " ".join(out.split())


def test_a_level_out_of_reach_says_what_can_be_had(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "solve", FUND, *DAY, "--objective", "volatility", "--hold", "strategic-weight=2")
    assert code == 3
    told = " ".join(out.split())
    assert "strategic-weight, held 1.4332 at least 2 0.5668" in told
    assert told.endswith("Soft rules left aside, the rules and the terms leave room for strategic-weight at 1.4332.")


def test_a_level_a_little_out_of_reach_gives_way_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "solve", FUND, *DAY, "--hold", "strategic-weight=1.5")
    assert code == 3
    assert "strategic-weight, held 1.4332 at least 1.5 0.0668" in " ".join(out.split())
    assert "cover" not in out


def test_an_order_that_begins_without_income_says_when_soft_rules_were_missed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    order = ("--combine", "lexicographic", "--objective", "strategic-weight", "--objective", "dividend-yield")
    code, out, _ = run(capsys, "solve", FUND, *DAY, *order)
    told = " ".join(out.split())
    assert code == 0
    assert "what an objective without income keeps was found with the soft rules missed least" in told
    assert "strategic-weight 1.421, dividend-yield 6.7" in told
    assert "after penalties)" in told


def test_a_weight_of_one_objective_and_a_result_for_a_case_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(capsys, "solve", FUND, *DAY, "--objective", "tail-loss=0.99")
    assert code == 2
    assert "one objective by itself has no weight; what it is made with stands behind a colon: tail-loss:99%" in err
    saved = tmp_path / "outcome.json"
    run(capsys, "solve", FUND, *DAY, "--objective", "volatility", "--out", str(saved))
    code, _, err = run(capsys, "solve", str(saved), *DAY)
    assert code == 1
    assert err == f"error: '{saved}' is a result and no case; give a case's folder; 'allocator report' shows it\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--hold", "volatility"), "--hold: 'volatility' is not NAME=LEVEL, as in volatility=12%"),
        (("--hold", "volatility="), "--hold: 'volatility=' is not NAME=LEVEL"),
        (("--hold", "=3"), "--hold: '=3' is not NAME=LEVEL"),
        (("--hold", "volatility=1%", "--hold", "volatility=2%"), "--hold: 'volatility' stands twice; give each once"),
        (
            ("--hold", "volatility=high"),
            "--hold: cannot read the level 'high' of 'volatility'; write a share such as 35% of equity",
        ),
        (
            ("--hold", "sharpe=1"),
            "--hold: 'sharpe' can't be part of what is held: it is a ratio, which is found by solving; "
            "pursue it alone, or leave it out",
        ),
        (("--objective", "variance=x"), "--objective: 'variance=x' is not NAME=WEIGHT"),
        (("--objective", "variance="), "--objective: 'variance=' is not NAME=WEIGHT"),
        (
            ("--combine", "lexicographic"),
            "--combine: an order is of two objectives or more, and those of fund.yaml have none; give each with --objective",
        ),
        (
            ("--combine", "lexicographic", "--objective", "variance", "--objective", "sharpe"),
            "--objective: 'sharpe' can't be part of a lexicographic order: it is a ratio, which is found by solving; "
            "pursue it alone, or leave it out",
        ),
        (
            ("--combine", "lexicographic", "--objective", "dividend-yield=ten", "--objective", "variance"),
            "--objective: cannot read the tolerance 'ten' of 'dividend-yield'; write a share such as 35% of equity",
        ),
        (
            ("--combine", "lexicographic", "--objective", "variance", "--objective", "dividend-yield", "--hold", "a=1"),
            "--hold: it does not go with '--combine lexicographic'",
        ),
        (
            ("--combine", "maximin", "--objective", "variance"),
            "--combine: a maximin is of two objectives or more; add one, or pursue it alone",
        ),
        (
            ("--objective", "sharpe", "--objective", "variance"),
            "--objective: 'sharpe' can't be part of a blend: it is a ratio, which is found by solving; "
            "pursue it alone, or leave it out",
        ),
    ],
)
def test_usage(arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "solve", FUND, *DAY, *arguments)
    assert (code, out) == (2, "")
    assert err == f"{USAGE}{told}\n"


def test_a_way_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "solve", FUND, "--combine", "nash")
    assert code == 2
    assert "Invalid value for '--combine': 'nash' is not one of 'blend', 'lexicographic', 'maximin'." in err


def test_the_owners_gains(capsys: pytest.CaptureFixture[str]) -> None:
    """Twice the same kind, each made with another owner, and one of them held."""
    asked = ("solve", FUND, *DAY, "--objective", "owner-gain:united-states")
    code, out, err = run(capsys, *asked, "--hold", "owner-gain:japan=1.85%")
    assert (code, err) == (0, "")
    first, held = objective(out)
    assert first.startswith(
        "Objective         owner-gain of united-states, with owner-gain of japan at least 1.85%: 3."
    )
    assert held == "Held              owner-gain of japan 1.85%, at least 1.85%, before penalties"
    code, _, err = run(capsys, *asked, "--objective", "owner-gain:japn")
    assert (code, err) == (1, "error: no principal 'japn'; did you mean 'japan'?\n")


def test_an_unknown_objective_held(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "solve", FUND, *DAY, "--hold", "volatilty=12%")
    assert (code, err) == (1, "error: unknown kind of objective 'volatilty'; did you mean 'volatility'?\n")


def test_weights_of_an_order_are_tolerances() -> None:
    asked = Asked.of(("dividend-yield=10bp", "variance"), "lexicographic", ())
    assert dict(asked.objectives) == {"dividend-yield": "10bp", "variance": ""}


def test_report_compare_and_verify_take_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other, page = tmp_path / "one.json", tmp_path / "other.json", tmp_path / "page.html"
    run(capsys, "solve", FUND, *DAY, "--objective", "volatility", "--hold", "dividend-yield=6%", "--out", str(one))
    run(capsys, "solve", FUND, *DAY, "--combine", "lexicographic", "--objective", "dividend-yield=10bp",
        "--objective", "volatility", "--out", str(other))  # fmt: skip
    code, out, _ = run(capsys, "compare", str(one), str(other))
    assert code == 0
    assert "volatility, with dividend-yield at least 6%" in " ".join(out.split())
    assert "dividend-yield, then volatility" in " ".join(out.split())
    for saved in (one, other):
        code, out, _ = run(capsys, "verify", str(saved), "--case", FUND)
        assert code == 0, out
        code, _, err = run(capsys, "report", str(saved), "--out", str(page))
        assert (code, err) == (0, "")
        text = page.read_text(encoding="utf-8")
        shown = "volatility, with dividend yield at least 6%" if saved is one else "dividend yield, then volatility"
        assert f"<dd>{shown}</dd>" in text
        assert "bp of equity" in text
        assert "<dd>Level of an objective, <code>objective.dividend-yield</code></dd>" in text
        rules = [each for each in json.loads(saved.read_text())["rules"] if not each["rule"].startswith("objective.")]
        count = len({each["rule"] for each in rules})
        assert f'<dt>Rules</dt><dd class="figure">{count}</dd>' in text


def test_impact_takes_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = ROOT / "constraints" / "us-japan-fund.yaml"
    text = old.read_text(encoding="utf-8")
    assert "at-most: 35%" in text
    for source in (ROOT / "constraints").glob("*.yaml"):
        (tmp_path / source.name).write_bytes(source.read_bytes())
    new = tmp_path / "us-japan-fund.yaml"
    new.write_text(text.replace("at-most: 35%", "at-most: 30%", 1), encoding="utf-8")
    for arguments, told in (
        (("--objective", "sharpe"), "sharpe: sharpe 0.8022 to 0."),
        (
            ("--combine", "lexicographic", "--objective", "dividend-yield=10bp", "--objective", "volatility"),
            "dividend yield, then volatility: dividend-yield 6.9",
        ),
        (
            ("--combine", "maximin", "--objective", "dividend-yield", "--objective", "volatility"),
            "the least of dividend yield 1 and volatility 1: ",
        ),
        (
            ("--objective", "volatility", "--hold", "dividend-yield=6.9%"),
            "volatility, with dividend yield at least 6.9%: worse, -",
        ),
    ):
        code, out, err = run(capsys, "policy", "impact", str(old), str(new), "--case", FUND, *DAY, *arguments)
        assert (code, err) == (0, ""), err
        line = next(line for line in out.splitlines() if line.strip().startswith("Objective"))
        assert line.split("Objective", 1)[1].strip().startswith(told)


def test_where_soft_rules_come_first_the_proof_says_among_what(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "solve", FUND, *DAY, "--objective", "strategic-weight")
    told = " ".join(out.split())
    assert code == 0
    assert "no allocation that misses the soft rules as little can do better by more than" in told
    gains = ("--objective", "owner-gain:japan", "--objective", "owner-gain:united-states", "--combine", "maximin")
    code, out, _ = run(capsys, "solve", FUND, *DAY, *gains)
    assert code == 0
    assert "penalties can't be paid out of the least of several objectives: least shortfall first" in out
