"""`allocator estimate`: what is printed, written and refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import run_command

import allocator as al
from allocator.cli.estimate import command
from allocator.estimates import NAMES
from allocator.panel import POLICIES

PRICES = """\
date,hall,docks
2021-12-31,100,50
2022-12-31,110,50
2023-12-31,99,
2024-12-31,,60
2025-12-31,120,66
2026-12-31,126,61.05
2027-12-31,138.6,67.155
"""
DROPPED = "dropped 3 of 6 periods, in which a return is missing"


@pytest.fixture
def prices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("prices.csv").write_text(PRICES)
    return "prices.csv"


def test_what_is_printed(prices: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["estimate", prices, "--prices", "--missing", "drop-rows", "--method", "sample"]
    code, out, err = run_command(capsys, *arguments)
    # returns 10%, 5%, 10% and 0%, -7.5%, 10%: deviations 5/3, -10/3, 5/3 and -5/6, -25/3, 55/6 points
    assert (code, err) == (0, "")
    assert [line.rstrip() for line in out.splitlines()] == [
        "Mean and risk of 2 lines, from 3 periods, 2022-12-31 to 2027-12-31",
        "",
        "  Covariance        sample covariance, not shrunk",
        "  Per year          mean and covariance times 1, the periods of a year by the dates",
        f"  Missing           {DROPPED}",
        "",
        "Lines, per year",
        "Line     Mean   Volatility",
        "──────────────────────────",
        "hall    8.33%        2.89%",
        "docks   0.83%        8.78%",
        "Volatilities are those of this covariance.",
    ]


@pytest.mark.parametrize("model", [["--method", "oas"], ["--factors", "1"], []])
def test_the_folder_solves_at_once(
    prices: str, tmp_path: Path, model: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("three.csv").write_text(
        "date,a,b,c\n2024-01-31,0.01,0.02,0.03\n2024-02-29,0.02,-0.01,0.01\n"
        "2024-03-31,-0.03,0.01,0.02\n2024-04-30,0.01,0.03,-0.02\n2024-05-31,0.02,0.01,0\n"
    )
    code, out, err = run_command(capsys, "estimate", "three.csv", *model, "--out", "new/case")
    assert (code, err) == (0, "")
    written = [line.removeprefix("wrote ") for line in out.splitlines() if line.startswith("wrote ")]
    assert sorted(written) == sorted(str(path) for path in Path("new/case").iterdir())
    assert out.splitlines()[-1] == "now run: allocator solve new/case"
    code, out, err = run_command(capsys, "solve", "new/case", "--objective", "variance")
    assert (code, err) == (0, "")
    assert "certified: every rule and term holds" in out
    assert "risk estimated from 5 periods, 2024-01-31 to 2024-05-31; " in " ".join(out.split())
    assert al.read_case("new/case").risk.scenarios.shape == (5, 3)  # type: ignore[union-attr]


def test_nothing_is_overwritten(prices: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("case").mkdir()
    Path("case/notes.txt").write_text("mine")
    for out in ("case", prices):
        told = run_command(capsys, "estimate", prices, "--prices", "--missing", "drop-rows", "--out", out)
        assert told == (1, "", f"error: {out} is there already; name a new folder\n")
    assert [path.name for path in Path("case").iterdir()] == ["notes.txt"]
    assert Path(prices).read_text() == PRICES


@pytest.mark.parametrize(
    ("arguments", "messages"),
    [
        (["prices.csv", "--prices"],
         ["prices.csv:1:6: 2 of 14 numbers are missing, 'hall' lacks 1 of 7; fill them, or set 'missing' to drop-rows or drop-lines",
          "prices.csv:4:15: missing: 'docks' at 2023-12-31; fill it",
          "prices.csv:5:12: missing: 'hall' at 2024-12-31; fill it"]),
        (["prices.csv", "--prices", "--missing", "drop-lines"],
         ["prices.csv:1:6: no line has all returns; set 'missing' to drop-rows"]),
        (["prices.csv", "--missing", "drop-rows"],
         ["the mean of 'hall' is 118.9 a year; divide by 100 if these are percentages, "
          "ask for prices if they are prices, or check the periods of a year"]),
        (["prices.csv", "--factors", "0", "--periods", "0"],
         ["factors is 0; give a whole number from 1 to 1,000,000, as in 3",
          "periods is 0; give a whole number from 1 to 1,000,000, as in 252, 12 or 1"]),
        (["none.csv"], ["none.csv:1:1: the file cannot be read (no such file or directory); check the path"]),
        (["prices.txt"], ["prices.txt:1:1: a table is a .csv or a .parquet file; save it as one of them"]),
    ],
)  # fmt: skip
def test_wrong_input(
    prices: str, arguments: list[str], messages: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    told = run_command(capsys, "estimate", *arguments, "--out", "case")
    assert told == (1, "", "".join(f"error: {message}\n" for message in messages))
    assert not Path("case").exists()


@pytest.mark.parametrize("arguments", [["--method", "lw"], ["--missing", "pairwise"], ["--factors", "two"]])
def test_usage(prices: str, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run_command(capsys, "estimate", prices, *arguments)
    assert (code, out) == (2, "")
    assert f"Invalid value for '{arguments[0]}'" in err


def test_the_choices_are_those_of_the_library() -> None:
    choices = {option.name: getattr(option.type, "choices", ()) for option in command.params}
    assert tuple(choices["method"]) == tuple(NAMES)
    assert tuple(choices["missing"]) == POLICIES
