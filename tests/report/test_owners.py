"""Who gets what, as readers see it: the tables word for word, and the section of the page."""

from __future__ import annotations

import copy
import csv
import io
from typing import Any

import pytest
from helpers import book, solve, tiny
from reviewed import EVIL

from allocator.files.outcomes import check_record
from allocator.report import markdown
from allocator.report.csv import outcome as spreadsheets
from allocator.report.html import fragment
from allocator.report.page import page
from allocator.report.tables import tables, who_gets_what
from allocator.report.terminal import console, show_outcome

EQUITY = [
    {"holder": "Treasury", "amount": "$45 bn"},
    {"holder": "Savers", "vehicle": "Listed fund", "amount": "$15 bn", "principal": "east"},
    {"holder": "Ministry", "amount": "$40 bn"},
]
PRINCIPALS = (
    {"id": "east", "title": "East", "holder": "Treasury", "funding": "4%", "walk-away": "$1 bn",
     "strategic": {"column": "own", "worth": "50 bp"}},
    {"id": "west", "title": "West", "holder": "Ministry", "funding": "3%", "walk-away": "-$1.5 bn"},
)  # fmt: skip
WATERFALL = {
    "deemed": {"amount": "$40 bn", "cost": "0%", "tenor": "10 years"},
    "before": {"east": "50%", "west": "50%"},
    "after": {"east": "87.5%", "west": "12.5%"},
}


def found(cash: float = 8, **given: Any) -> dict[str, Any]:
    """One line that takes all of $100 bn, with a score of 0.5; deemed at $4 bn a year."""
    columns = {"cash-yield [%]": [cash], "capacity [$ bn]": [200], "own": [0.5]}
    return solve(tiny(columns, **{"equity": EQUITY, "fully-invested": "yes"} | given), book()).record


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    return found(principals=PRINCIPALS, waterfall=WATERFALL)


def test_both_rules_side_by_side(record: dict[str, Any]) -> None:
    """$8 bn: 2 + 0.875 x 4 = 5.5 to east, three quarters of it to its treasury; 2.5 to west."""
    holders, principals = who_gets_what(record)
    assert holders.title == "What each holder is paid, a year"
    assert holders.header == ["Holder", "Side", "Equity>", "By equity held>", "Paid>", "Of its equity>", "Of all paid>"]
    assert holders.rows == [
        ["Treasury", "East", "$45.0 bn", "$3.6 bn", "$4.1 bn", "9.17%", "51.6%"],
        ["Savers", "East", "$15.0 bn", "$1.2 bn", "$1.4 bn", "9.17%", "17.2%"],
        ["Ministry", "West", "$40.0 bn", "$3.2 bn", "$2.5 bn", "6.25%", "31.2%"],
    ]
    assert holders.note == (
        "By the waterfall: of the first $4.0 bn a year, the annuity of the deemed allocation, 50% East, 50% West; "
        "of what is above it, 87.5% East, 12.5% West. On each side, by equity held."
    )
    assert principals.title == "What each principal gains, a year"
    assert principals.header == [
        "Principal", "Income divided", "Treasury's income>", "Funding>", "Own score>", "Gain>", "Walking away>",
    ]  # fmt: skip
    assert principals.rows == [
        ["East", "by equity held", "$3.6 bn", "$1.8 bn", "$250 m", "$2.0 bn", "$1.0 bn"],
        ["East", "by the waterfall", "$4.1 bn", "$1.8 bn", "$250 m", "$2.6 bn", "$1.0 bn"],
        ["West", "by equity held", "$3.2 bn", "$1.2 bn", "$0", "$2.0 bn", "-$1.5 bn"],
        ["West", "by the waterfall", "$2.5 bn", "$1.2 bn", "$0", "$1.3 bn", "-$1.5 bn"],
    ]
    assert principals.note.startswith("Gain: its treasury's part of the income, less what that treasury's equity costs")


def test_without_a_waterfall_there_is_one_rule() -> None:
    holders, principals = who_gets_what(found(principals=PRINCIPALS))
    assert holders.rows[1] == ["Savers", "East", "$15.0 bn", "$1.2 bn", "8.00%", "15.0%"]
    assert holders.note == "The distributable income is divided by equity held."
    assert principals.rows[0] == ["East", "$3.6 bn", "$1.8 bn", "$250 m", "$2.0 bn", "$1.0 bn"]


def test_without_principals_there_are_holders_and_no_sides() -> None:
    equity = [{"holder": "one", "amount": "$60 bn"}, {"holder": "two", "amount": "$40 bn"}]
    (holders,) = who_gets_what(found(equity=equity))
    assert holders.header == ["Holder", "Equity>", "Paid>", "Of its equity>", "Of all paid>"]
    assert holders.rows == [
        ["one", "$60.0 bn", "$4.8 bn", "8.00%", "60.0%"],
        ["two", "$40.0 bn", "$3.2 bn", "8.00%", "40.0%"],
    ]


def test_a_partner_may_stand_on_no_side() -> None:
    equity = [*EQUITY, {"holder": "Others", "amount": "$10 bn"}]
    holders, _ = who_gets_what(found(equity=equity, principals=PRINCIPALS))
    assert [row[1] for row in holders.rows] == ["East", "East", "West", "–"]


def test_one_holder_gets_all_and_nothing_is_said() -> None:
    made = found(equity=[{"holder": "one", "amount": "$100 bn"}])
    assert made["distributions"]["holders"][0]["share"] == pytest.approx(1)
    assert who_gets_what(made) == []
    assert 'id="owners"' not in page(made)


def test_a_loss_is_said() -> None:
    holders, principals = who_gets_what(found(1, fee="3%", principals=PRINCIPALS, waterfall=WATERFALL))
    assert {tuple(row[3:]) for row in holders.rows} == {("$0", "$0", "0.00%", "–")}
    assert holders.note == (
        "The distributable income is negative: nothing is paid, and holders bear the loss by equity held."
    )
    assert principals.rows[2] == ["West", "by equity held", "-$800 m", "$1.2 bn", "$0", "-$2.0 bn", "-$1.5 bn"]


def test_it_stands_between_the_mix_and_the_rules(record: dict[str, Any]) -> None:
    names = [table.title for table in tables(record)]
    assert names.index("Lines") + 1 == names.index("What each holder is paid, a year")


def test_it_is_on_the_terminal_in_markdown_and_in_a_notebook(
    record: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    show_outcome(console(), record)
    told = capsys.readouterr().out
    assert "Savers     East   $15.0 bn          $1.2 bn   $1.4 bn           9.17%         17.2%\n" in told
    assert "| Savers | East | $15.0 bn | $1.2 bn | $1.4 bn | 9.17% | 17.2% |\n" in markdown.outcome(record)
    assert ">Savers</td>" in fragment(record)


def test_spreadsheets_have_plain_numbers(record: dict[str, Any]) -> None:
    made = spreadsheets(record)
    (east, west) = csv.DictReader(io.StringIO(made["principals.csv"]))
    assert (east["principal"], float(west["walk-away"])) == ("east", -1.5)
    assert float(east["gain-by-waterfall"]) == pytest.approx(4.125 - 1.8 + 0.25)
    savers = list(csv.DictReader(io.StringIO(made["distributions.csv"])))[1]
    assert (savers["vehicle"], float(savers["amount"])) == ("Listed fund", pytest.approx(1.375))
    assert "principals.csv" not in spreadsheets(found(equity=[{"holder": "one", "amount": "$9 bn"}]))


def test_the_page_has_a_section_and_explains_its_words(record: dict[str, Any]) -> None:
    made = page(record)
    assert '<li><a href="#owners">Who gets what</a></li>' in made
    assert made.index('id="mix"') < made.index('id="owners"') < made.index('id="rules"')
    assert '<th scope="row">Savers</th><td>East</td><td class="number">$15.0 bn</td>' in made
    for word in ("Deemed allocation", "Principal", "Waterfall"):
        assert f"<dt>{word}</dt>" in made


def test_names_are_shown_and_do_nothing(record: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    hostile = copy.deepcopy(record)
    hostile["distributions"]["holders"][0]["holder"] = EVIL
    hostile["distributions"]["principals"][0]["title"] = EVIL
    hostile["distributions"]["waterfall"]["before"] = {f"[red]{EVIL}": 1.0}
    check_record(hostile)
    assert "<script" not in page(hostile)
    assert "&lt;script&gt;" in page(hostile)
    assert "<script" not in fragment(hostile)
    assert "<script" not in markdown.outcome(hostile)
    show_outcome(console(), hostile)
    assert f"[red]{EVIL}" in " ".join(capsys.readouterr().out.split())
