"""Reports: one set of tables, told in three ways, and hostile text stays text."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import small_case

import allocator as al
from allocator.report import markdown
from allocator.report.csv import render
from allocator.report.html import fragment
from allocator.report.moves import moved
from allocator.report.table import Table
from allocator.report.tables import exchange, summary, tables, violations
from allocator.report.terminal import console, show, show_outcome
from allocator.report.words import change, dollars, percent, quantity

ROOT = Path(__file__).parent.parent.parent
EVIL = "<script>alert(1)</script>[bold]|=cmd()"


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    rules = al.Rulebook(
        [
            al.rules.Share(id="cap", title=EVIL, each="line", of="deployed", at_most="30%"),
            al.rules.Share(
                id="want",
                title="W",
                scope={"line": "docks"},
                of="deployed",
                at_least="40%",
                severity="soft",
                penalty="1 bp",
            ),
        ],
        as_of="2026-04-01",
    )
    aim = al.blend({al.DividendYield(): 0.7, al.StrategicWeight(): 0.3})
    return al.allocate(small_case(title=EVIL), rules, aim).record


@pytest.mark.parametrize(
    ("billions", "told"),
    [
        (None, "–"),
        (1234.0, "$1,234 bn"),
        (512.72, "$512.7 bn"),
        (0.0541, "$54 m"),
        (0.0034, "$3.4 m"),
        (0.00034, "$340 k"),
        (1e-9, "$0"),
        (-2.0, "-$2.0 bn"),
    ],
)
def test_dollars(billions: float | None, told: str) -> None:
    assert dollars(billions) == told


def test_changes_have_a_sign() -> None:
    assert [change(0.05), change(-0.05), change(0.0), change(None)] == ["+$50 m", "-$50 m", "$0", "–"]


def test_quantities_are_in_their_units() -> None:
    assert quantity(0.35, "share") == "35%"
    assert quantity(1.25, "multiple") == "1.25x"
    assert quantity(None, "share") == "–"
    assert percent(0.1234, 2) == "12.34%"


def test_the_exchange_rate_is_the_ratio_of_the_weights(record: dict[str, Any]) -> None:
    dividend, strategic = record["objective"]["ranges"]
    points = 0.3 / strategic / (0.7 / dividend) * 0.01 * 1e4
    assert f"was worth {points:.3g} bp of dividend-yield" in exchange(record)


def test_the_summary_adds_up(record: dict[str, Any]) -> None:
    told = dict(summary(record))
    assert told["Deployed"].startswith(dollars(record["totals"]["deployed"]))
    assert sum(each["amount"] for each in record["amounts"]) == pytest.approx(record["totals"]["deployed"], abs=1e-9)


def test_html_is_inert(record: dict[str, Any]) -> None:
    page = fragment(record)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_markdown_is_inert(record: dict[str, Any]) -> None:
    page = markdown.outcome(record)
    assert "<script" not in page
    assert re.search(r"(?<!\\)<", page) is None


def test_the_terminal_takes_no_markup_from_files(record: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    show_outcome(console(), record)
    told = capsys.readouterr().out
    assert EVIL in told
    assert "want (soft)" in told
    assert "Soft rules not met" in told


def test_spreadsheets_get_no_formulas() -> None:
    told = render([{"a": "=1+1", "b": "@x", "c": "-5 apples", "d": -5.0, "e": ["x", "y"]}])
    assert list(csv.reader(io.StringIO(told)))[1] == ["'=1+1", "'@x", "'-5 apples", "-5.0", "x y"]


def test_all_tables_are_rectangular(record: dict[str, Any]) -> None:
    for table in tables(record):
        assert table.rows, table.title
        assert {len(row) for row in table.rows} == {len(table.header)}


def test_nothing_moves_between_an_outcome_and_itself(record: dict[str, Any]) -> None:
    totals, lines, financing = moved(record, record)
    assert not lines.rows
    assert not financing.rows
    assert all(row[3].lstrip("+-").startswith(("0.00", "$0")) for row in totals.rows)


def test_violations_are_told_in_their_unit() -> None:
    rule = al.rules.Amount(id="big", title="Big", at_least="$150 bn", measure="deployed")
    low = al.rules.Leverage(id="low", title="Low", measure="debt-to-equity", at_most="0.10x")
    out = al.allocate(small_case(), al.Rulebook([rule, low], as_of="2026-04-01"), al.DividendYield())
    assert out.status == "infeasible"
    (row,) = violations(out.record).rows
    assert row == ("big", "$110 bn", "at least $150 bn", "$40 bn")
    with pytest.raises(al.Infeasible, match="broken least: big"):
        out.amounts  # noqa: B018


def test_a_portfolio_of_weights_knows_no_dollars() -> None:
    """By hand: 60% at 8% and 40% at 6% return 7.2%, with a variance of 0.36 x 0.04 + 0.16 x 0.01 = 0.016."""
    case = al.Case.from_moments([0.08, 0.06], [[0.04, 0], [0, 0.01]])
    rule = al.rules.Share(id="cap", title="Cap", scope={"line": "line-1"}, of="deployed", at_most="60%")
    out = al.allocate(case, al.Rulebook([rule], as_of="2026-04-01"), al.ExpectedReturn())
    assert summary(out.record) == [
        ("Objective", "expected-return: 7.200%"),
        ("Expected return", "7.20%"),
        ("Volatility", "12.65%"),
    ]
    lines, binding = tables(out.record)
    assert (lines.header, lines.rows[0][:2]) == (["Line", "Share>", ""], ["line-1", "60.0%"])
    assert binding.rows == [("cap", "60%", "at most 60%", "1 pp", "0.0002", "+0.0002", "-0.0002")]
    assert "In the objective's own unit (expected-return; 0.0001 is 1 bp)." in binding.note
    assert "$" not in out._repr_html_()


def test_notebooks_show_the_outcome(record: dict[str, Any]) -> None:
    assert al.Outcome(record)._repr_html_() == fragment(record)


def test_a_waiver_is_named_where_its_rule_leaves_room(record: dict[str, Any]) -> None:
    first, *others = record["rules"]
    rules = [first | {"binding": False, "waiver": "W-1"}, *others]
    (table,) = (each for each in tables(record | {"rules": rules}) if each.title == "Rules with room")
    assert [row[0].endswith(" by waiver W-1") for row in table.rows] == [True]


def test_markdown_calls_nobody() -> None:
    assert markdown.text("ask @octo/team\nor me@example.org") == ("ask @<!-- -->octo/team or me@<!-- -->example.org")


def test_a_title_is_printed_letter_by_letter(capsys: pytest.CaptureFixture[str]) -> None:
    show(console(), [Table("the :bomb: [red]rule[/red] \\", ("name :x:",), [("[bold]a[/bold]",)])])
    told = capsys.readouterr().out
    for text in ("the :bomb: [red]rule[/red] \\\n", "name :x:", "[bold]a[/bold]"):
        assert text in told
