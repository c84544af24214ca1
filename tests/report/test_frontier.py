"""A frontier in words and tables: what stands in them is what the record has."""

from __future__ import annotations

import copy
import csv
import io
import re
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from helpers import tiny

import allocator as al
from allocator.report import markdown
from allocator.report.csv import frontier as files
from allocator.report.frontier import changes, curve, mixes, summary, tables
from allocator.report.page import frontier as page_of
from allocator.report.terminal import paper, show_frontier

mpl.use("Agg")
EVIL = "<script>alert(1)</script>[bold]|=cmd()"


def axis(name: str, unit: str, span: float, income: float = 0.0, smaller: bool = False) -> dict[str, Any]:
    return {"name": name, "unit": unit, "range": span, "income": income, "smaller-is-better": smaller}


def point(
    first: float, second: float, exchange: float | None, binding: str = "", deployed: float = 100.0
) -> dict[str, Any]:
    """A point of two lines in one sector and one in another; the first grows with the first value."""
    part = first / 0.08
    shares = {"mill": 0.5 * part, "dam": 0.5 * part, "dock": 1 - part}
    rules = [{"rule": name, "binding": [""] if name in binding else []} for name in ("cap", "floor", "always")]
    return {
        "values": [first, second],
        "weights": [0.5, 0.5],
        "exchange": exchange,
        "dollars": None if exchange is None else exchange * 100,
        "turn": "",
        "amounts": [
            {"line": line, "title": line, "sector": sector, "amount": share * deployed, "share": share}
            for (line, share), sector in zip(shares.items(), ("power", "power", "ports"), strict=True)
        ],
        "financing": [],
        "totals": {"deployed": deployed, "debt": 0.0, "reserve": 0.0, "tranches": {}},
        "rules": rules,
        "certificate": {"gap": 1e-7},
    }


@pytest.fixture
def record() -> dict[str, Any]:
    return {
        "status": "optimal",
        "case": {"id": "tiny", "title": EVIL, "equity": 100.0},
        "as-of": "2026-04-01",
        "policy": None,
        "set": {"case": {}, "rules": {}},
        "notes": [],
        "between": [axis("dividend-yield", "share", 0.04, income=1.0), axis("strategic-weight", "index", 0.8)],
        "exact": False,
        "why-not-exact": "",
        "gap": {"asked": 1e-3, "proven": 9.2e-4},
        "solves": {"curve": 9, "canonical": 3},
        "points": [
            point(0.08, 0.2, 0.0125, "cap always"),
            point(0.06, 0.7, 0.0875, "floor always"),
            point(0.04, 1.0, 20.0, "floor always", deployed=120.0),
        ],
        "changes": [{"after": 1, "before": 2, "begin": ["floor"], "cease": ["cap"]}],
    }


def test_the_summary(record: dict[str, Any]) -> None:
    assert summary(record) == [
        ("Gap", "0.0920% of the ranges, proved: no allocation lies further outside the curve (0.1000% was asked)"),
        ("Solves", "9 traced the curve; 3 more chose among allocations that are as good"),
        ("Ranges", "4.000 pp of dividend-yield and 0.8000 of strategic-weight"),
    ]
    record |= {"status": "not-certified", "gap": {"asked": 1e-4, "proven": 9.2e-4}}
    record["solves"]["canonical"] = 0
    assert summary(record)[:2] == [
        ("Gap", "NOT PROVED as asked: 0.0920% of the ranges, where 0.0100% was asked"),
        ("Solves", "9 traced the curve"),
    ]


def test_the_curve(record: dict[str, Any]) -> None:
    found = curve(record)
    assert found.title == "dividend-yield against strategic-weight"
    assert found.header == ["Point>", "dividend-yield>", "strategic-weight>", "Cost of 0.01>", "A year>", "Deployed>"]
    # 0.01 of a weight at 1.25% each costs 1.25 bp, of $100 bn that is $12.5 m.
    assert found.rows == [
        ["1", "8.000%", "0.2000", "1.25 bp", "$12 m", "$100.0 bn"],
        ["2", "6.000%", "0.7000", "8.75 bp", "$88 m", "$100.0 bn"],
        ["3", "4.000%", "1.0000", "2,000 bp", "$20.0 bn", "$120.0 bn"],
    ]
    assert found.note == (
        "Cost: what 0.01 more of strategic-weight takes off dividend-yield, at the margin; a year: the same in dollars."
    )


def test_steps_are_a_part_of_the_range_and_less_is_better_of_a_variance(record: dict[str, Any]) -> None:
    record["between"] = [axis("strategic-weight", "index", 0.8), axis("variance", "index", 0.004, smaller=True)]
    found = curve(record)
    assert found.header[3:] == ["Cost of 0.001>", "Deployed>"]
    assert found.rows[0][2:4] == ["0.200000", "0.0000125"]
    assert found.note == "Cost: what 0.001 less of variance takes off strategic-weight, at the margin."
    record["between"][1] = axis("expected-return", "share", 0.004)
    assert curve(record).header[3] == "Cost of 0.1 pp>"


def test_the_mix_by_sector_largest_first(record: dict[str, Any]) -> None:
    found = mixes(record)
    assert found.header == ("Sector", "At 1>", "At 2>", "At 3>")
    assert found.rows == [["power", "100.0%", "75.0%", "50.0%"], ["ports", "0.0%", "25.0%", "50.0%"]]


def test_the_mix_by_line_where_there_are_no_sectors(record: dict[str, Any]) -> None:
    for each in record["points"]:
        each["amounts"] = [line | {"sector": line["line"]} for line in each["amounts"]]
    found = mixes(record)
    assert found.title == "Lines along the curve, in shares of the capital deployed"
    assert [row[0] for row in found.rows] == ["dam", "dock", "mill"]


def test_the_mix_is_shown_at_some_points_the_ends_among_them(record: dict[str, Any]) -> None:
    record["points"] = [point(0.08 - 0.001 * k, 0.01 * k, 0.01) for k in range(30)]
    header = mixes(record).header
    assert (header[1], header[-1], len(header)) == ("At 1>", "At 30>", 8)


def test_where_rules_change(record: dict[str, Any]) -> None:
    found = changes(record)
    assert found.rows == [["1 and 2", "0.2000 to 0.7000", "floor", "cap"]]
    assert found.note == "Bind all along: always."
    record["points"][0]["rules"][-1]["binding"] = []
    assert changes(record).note == "No rule binds all along."


@pytest.fixture
def exact(record: dict[str, Any]) -> dict[str, Any]:
    """Three corners, of which the last is a kink."""
    record |= {"exact": True, "bends": [[0, -1e-4]] * 3, "gap": {"asked": 1e-3, "proven": 3.2e-15}}
    record["between"] = [axis("expected-return", "share", 0.04), axis("variance", "index", 0.8, smaller=True)]
    record["points"] = [point(0.08, 1.0, 0.01), point(0.06, 0.7, 0.02), point(0.06, 0.7, 0.03), point(0.04, 0.2, None)]
    for each, turn in zip(record["points"], ("a enters; b leaves", "", "c enters", ""), strict=True):
        each["turn"] = turn
    return record


def test_an_exact_frontier_says_so(exact: dict[str, Any]) -> None:
    assert summary(exact) == [
        (
            "Gap",
            "exact: every corner portfolio of the critical line is a point, and between two the variance is a parabola "
            "in the return (proved, but for 3e-15 of the ranges)",
        ),
        ("Ranges", "4.000 pp of expected-return and 0.8000 of variance"),
    ]
    assert curve(exact).note == (
        "Cost: what 0.01 less of variance takes off expected-return, at the margin. A point that stands twice is a "
        "kink, with what it costs on either side."
    )
    found = changes(exact)
    assert found.title == "Where lines and rules come in or go out, from the first point to the last"
    assert found.header == ("Point>", "variance>", "What changes")
    assert found.rows == [["1", "1.0000", "a enters; b leaves"], ["3", "0.7000", "c enters"]]
    rows = list(csv.DictReader(io.StringIO(files(exact)["points.csv"])))
    assert [(row["exact"], row["turn"]) for row in rows[:2]] == [("True", "a enters; b leaves"), ("True", "")]


def test_what_a_return_costs_is_added_to_the_variance(exact: dict[str, Any]) -> None:
    exact["between"].reverse()
    for each in exact["points"]:
        each["values"].reverse()
    assert curve(exact).note.startswith("Cost: what 1 pp more of expected-return adds to variance, at the margin.")


def test_why_a_frontier_is_not_exact(record: dict[str, Any]) -> None:
    record["why-not-exact"] = "rule 'risk' is not linear, and so the frontier can't be traced exactly"
    said = "Rule 'risk' is not linear, and so the frontier can't be traced exactly; its gap is proved instead."
    page = paper()
    show_frontier(page, record)
    assert f"\n  {said}\n" in page.file.getvalue()  # type: ignore[attr-defined]
    assert markdown.text(said) in markdown.frontier(record)


def test_it_fits_a_narrow_terminal(record: dict[str, Any]) -> None:
    for table in tables(record):
        header = [name.rstrip(">") for name in table.header]
        widths = [max(len(cell) for cell in column) for column in zip(header, *table.rows, strict=True)]
        assert sum(widths) + 3 * (len(widths) - 1) <= 80, table.title


def test_hostile_text_stays_text(record: dict[str, Any]) -> None:
    page = paper()
    show_frontier(page, record)
    assert EVIL in page.file.getvalue()  # type: ignore[attr-defined]
    assert "<script>" not in markdown.frontier(record)


@pytest.fixture
def two() -> dict[str, Any]:
    """The record of a straight curve: one line has the yield, the other the weight."""
    case = tiny(
        {"cash-yield [%]": [8, 4], "strategic-weight": [0.2, 1.0], "capacity [$ bn]": [100, 100]},
        **{"fully-invested": "yes"},
    )
    return copy.deepcopy(al.frontier(case, None, al.DividendYield(), al.StrategicWeight()).record)


def read(page: str) -> str:
    """The words of a page, without its style."""
    return " ".join(re.sub("<[^>]*>", " ", page.partition("<body>")[2]).split())


def test_the_page_has_the_picture_and_the_tables(two: dict[str, Any]) -> None:
    page = page_of(two)
    assert page.count("<svg") == 2  # for wide screens and for phones
    told = read(page)
    assert "What the best allocations give up of one objective for another, without a policy" in told
    assert "Objective dividend yield against strategic weight" in told
    for name, value in summary(two):
        assert f"{name} {value}" in told
    for table in tables(two):
        assert page.count(f"<caption>{table.title}</caption>") == 1
        for row in table.rows:
            assert " ".join(row) in told
    assert "Not certified" not in told
    assert page_of(two) == page


def test_the_page_says_that_a_gap_is_not_proved(two: dict[str, Any]) -> None:
    two["status"], two["gap"]["proven"] = "not-certified", 0.04
    told = "Not certified. NOT PROVED as asked: 4.0000% of the ranges, where 0.1000% was asked."
    assert told in read(page_of(two))


def test_hostile_text_is_escaped_on_the_page(two: dict[str, Any]) -> None:
    two["case"]["title"], two["notes"] = EVIL, [EVIL]
    for each in two["points"]:
        each["amounts"][0] |= {"title": EVIL, "line": EVIL, "sector": EVIL}
    page = page_of(two)
    assert "<script>" not in page
    shown = ("<h1>{}</h1>", "<dd>{}</dd>", '<th scope="row">{}</th>')  # the title, the note, a row of the mix
    told = EVIL.replace("<", "&lt;").replace(">", "&gt;")
    assert [each.format(told) in page for each in shown] == [True, True, True]


def test_where_nothing_fits_the_page_shows_no_curve() -> None:
    columns = {"cash-yield [%]": [8, 4], "strategic-weight": [0.2, 1.0], "capacity [$ bn]": [100, 100]}
    rules = [al.rules.Amount.read({"id": "floor", "title": "Floor", "measure": "deployed", "at-least": "$150 bn"})]
    found = al.frontier(tiny(columns), rules, al.DividendYield(), al.StrategicWeight())
    assert found.status == "infeasible"
    told = read(page_of(found.record))
    assert "No allocation satisfies the rules." in told
    assert "Mix" not in told


def test_the_files(two: dict[str, Any]) -> None:
    told = files(two)
    assert list(told) == ["points.csv", "compositions.csv", "rules.csv", "changes.csv"]
    rows = list(csv.DictReader(io.StringIO(told["points.csv"])))
    assert [int(row["point"]) for row in rows] == [1, 2]
    assert [float(row["dividend-yield"]) for row in rows] == pytest.approx([0.08, 0.04], abs=1e-5)
    capital = [float(row["amount"]) for row in csv.DictReader(io.StringIO(told["compositions.csv"]))]
    assert np.array(capital) == pytest.approx([100, 0, 0, 100], abs=0.02)
    assert told["rules.csv"] == "point,rule\n"
    assert told["changes.csv"] == "after,before,begin,cease\n"
