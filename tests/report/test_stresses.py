"""What the stresses of a case would cost: in the outcome, as text, in CSV and on the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers import solve, tiny

import allocator as al
from allocator.report import csv
from allocator.report.page import page
from allocator.report.tables import stresses, tables

SLUMP = {"en": "A slump <b>", "ja": "不況"}
CASE = tiny(
    {"cash-yield [%]": [8, 5], "capacity [$ bn]": [60, 100]},
    stresses=[
        {"id": "slump", "title": SLUMP, "story": {"en": "Orders stop.", "ja": "注文が止まる。"},
         "shocks": [{"scope": {"line": "a"}, "return": "-50%"}, {"scope": "all", "return": "-10%"}]},
        {"id": "boom", "title": "A boom", "story": "All want more.", "shocks": [{"scope": "all", "return": "5%"}]},
    ],
)  # fmt: skip


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    # All 60 that a takes, and 40 in b.
    return solve(CASE, al.Rulebook(as_of="2026-04-01")).record


def test_the_loss_is_the_capital_times_what_each_line_loses(record: dict[str, Any]) -> None:
    assert record["stresses"] == [
        {
            "stress": "slump",
            "titles": SLUMP,
            "stories": {"en": "Orders stop.", "ja": "注文が止まる。"},
            "loss": pytest.approx(60 * 0.6 + 40 * 0.1, abs=0.01),
        },
        {
            "stress": "boom",
            "titles": {"en": "A boom"},
            "stories": {"en": "All want more."},
            "loss": pytest.approx(-5, abs=1e-3),
        },
    ]


def test_as_a_table(record: dict[str, Any]) -> None:
    table = stresses(record)
    assert table is not None
    assert table in tables(record)
    assert table.rows == [
        ("A slump <b>", "$40.0 bn", "40.0%", "Orders stop."),
        ("A boom", "-$5.0 bn", "-5.0%", "All want more."),
    ]
    assert stresses(record | {"stresses": []}) is None


def test_as_csv(record: dict[str, Any]) -> None:
    header, slump, boom = csv.outcome(record)["stresses.csv"].splitlines()
    assert header == "stress,loss"
    assert slump.split(",")[0] == "slump"
    assert float(boom.split(",")[1]) == pytest.approx(-5, abs=1e-3)
    assert "stresses.csv" not in csv.outcome(record | {"stresses": []})


def test_on_the_page_in_all_its_languages(record: dict[str, Any]) -> None:
    html = page(record)
    assert '<a href="#stresses">Bad years</a>' in html
    assert 'A slump &lt;b&gt;<br><span lang="ja" dir="auto">不況</span>' in html
    assert 'Orders stop.<br><span lang="ja" dir="auto">注文が止まる。</span>' in html
    assert "Bad years" not in page(record | {"stresses": []})


def test_it_is_saved_and_what_was_tampered_with_is_told(tmp_path: Path, record: dict[str, Any]) -> None:
    path = tmp_path / "out.json"
    al.Outcome(record).save(path)
    assert al.verify(al.read_outcome(path), CASE)
    made = json.loads(path.read_text())
    made["stresses"][0]["loss"] = 30.0
    found = al.verify(al.Outcome(made), CASE)
    assert [check.told for check in found.checks if not check.passes] == ["another is recorded at slump loss"]
    del made["stresses"]
    path.write_text(json.dumps(made))
    with pytest.raises(al.InputError, match="there is no 'stresses'"):
        al.read_outcome(path)
