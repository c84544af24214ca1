"""A bargain as its readers see it: sentences to the letter, tables, the page, and the picture."""

from __future__ import annotations

import copy
import re
from typing import Any

import matplotlib as mpl
import pytest
from drawn import outside
from helpers import book
from matplotlib import pyplot
from matplotlib.axes import Axes
from owners import FLOOR, owned
from reviewed import EVIL

import allocator as al
from allocator.report import bargain, markdown
from allocator.report.html import bargain as fragment
from allocator.report.page import bargain as page
from allocator.report.plots import picture
from allocator.report.plots.canvas import svg

mpl.use("Agg")

WATERFALL = {
    "deemed": {"amount": "$40 bn", "cost": "0%", "tenor": "10 years"},
    "before": {"east": "50%", "west": "50%"},
    "after": {"east": "100%", "west": "0%"},
}


@pytest.fixture(scope="module")
def found() -> al.Bargain:
    """Of 32 in line b, a soft rule costs $60 m; the income is $7.36 bn, of which the waterfall leaves West $2 bn."""
    return al.bargain(owned(waterfall=WATERFALL), book(al.rules.Share(**FLOOR)), resolve=False)


@pytest.fixture
def record(found: al.Bargain) -> dict[str, Any]:
    return copy.deepcopy(found.record)


def test_what_each_gets_gives_and_would_get_walking_away(record: dict[str, Any]) -> None:
    assert bargain.sentences(record) == [
        "This is what the owners would agree on by the rule of Nash (1950): of all that the rules and terms allow, the "
        "allocation with the greatest product of what each gains over walking away.",
        "East gains $2.610 bn a year: $3.680 bn of the income, less $2.000 bn that its equity costs it, plus $960 m that "
        "its own score of the capital is worth to it, less $30 m, its part of what the soft rules not met cost. Walking "
        "away it would have $1.000 bn, so that the agreement is worth $1.610 bn a year to it. It gives up $1.190 bn a "
        "year against its own best, $3.800 bn; if West alone decided, it would have $2.000 bn.",
        "West gains $1.650 bn a year: $3.680 bn of the income, less $2.000 bn that its equity costs it, less $30 m, its "
        "part of what the soft rules not met cost. Walking away it would have $500 m, so that the agreement is worth "
        "$1.150 bn a year to it. It gives up $350 m a year against its own best, $2.000 bn; if East alone decided, it "
        "would have $800 m.",
        "At the margin, a dollar more for East costs West $0.71, and a dollar more for West costs East $1.40.",
        "The agreement divides income by equity held. By the waterfall, the same income would leave East $4.290 bn and "
        "West, less than walking away, -$30 m a year. The waterfall is worked out on the agreement only: nothing is "
        "optimised by it, and nobody bargains over it.",
    ]


def test_unequal_weights_are_said(record: dict[str, Any]) -> None:
    for part, weight in zip(record["outcome"]["objective"]["parts"], (0.75, 0.25), strict=True):
        part["weight"] = weight
    told = "what each gains over walking away, to the power of its weight (East 3, West 1)."
    assert bargain.sentences(record)[0].endswith(told)


def test_the_table_of_owners(record: dict[str, Any]) -> None:
    made = bargain.owners(record)
    assert made.header == ["$ bn a year", "East>", "West>"]
    assert made.rows == [
        ["Its treasury's part of the income", "3.680", "3.680"],
        ["less what its equity costs it", "-2.000", "-2.000"],
        ["plus what its own score is worth to it", "0.960", "0.000"],
        ["less its part of soft rules not met", "-0.030", "-0.030"],
        ["Gain by the agreement", "2.610", "1.650"],
        ["Walking away", "1.000", "0.500"],
        ["Gain over walking away", "1.610", "1.150"],
        ["Its best, were it alone to decide", "3.800", "2.000"],
        ["Given up against its best", "1.190", "0.350"],
        ["Were another to decide", "2.000", "0.800"],
        ["Gain if the waterfall divided the income", "4.290", "-0.030"],
    ]
    assert [table.title for table in bargain.tables(record)] == [
        "What each owner gets, and would have otherwise", "Soft rules not met", "Lines", "What each holder is paid, a year",
    ]  # fmt: skip


def test_without_a_waterfall_nothing_is_said_of_one() -> None:
    plain = al.bargain(owned(), book(), resolve=False).record
    assert not any("waterfall" in each for each in bargain.sentences(plain))
    assert not any("waterfall" in row[0] for row in bargain.owners(plain).rows)


def test_the_proof(record: dict[str, Any]) -> None:
    told = bargain.proof(record)
    assert re.fullmatch(
        r"certified: every rule and term holds, and no allocation adds more than \$\d+ k a year to the owners' gains, "
        r"weighed as the prices above have it \(highs, then clarabel\)",
        told,
    )
    record["outcome"]["certificate"] |= {"passes": False, "gap": 1.0}
    assert bargain.proof(record).startswith("NOT CERTIFIED: another allocation might do better")


def test_markdown_and_notebooks_have_all_of_it(found: al.Bargain) -> None:
    told, shown = markdown.bargain(found.record), found._repr_html_()
    for said in bargain.sentences(found.record):
        assert said in told
    assert "| Gain over walking away | 1.610 | 1.150 |" in told
    assert ">1.610</td>" in shown
    assert "East gains $2.610 bn a year" in shown


def test_where_nothing_fits_the_rules_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    rule = al.rules.Amount(id="much", title="Much", measure="deployed", at_least="$150 bn")
    nothing = al.bargain(owned(), book(rule)).record
    for told in (markdown.bargain(nothing), fragment(nothing)):
        assert "No allocation satisfies the rules." in told
    assert "there is nothing to agree on" in page(nothing)


def test_the_page_is_to_be_signed_by_the_owners(record: dict[str, Any]) -> None:
    made = page(record)
    assert made.index('id="agreement"') < made.index('id="mix"') < made.index('id="approvals"')
    assert "East gains $2.610 bn a year" in made
    assert made.count('class="signature"') == 2
    assert made.count('<svg class="picture wide"') >= 2
    assert "<dt>Walking away</dt>" in made
    # Markers are defined once and used: what uses them must find them.
    for href in re.findall(r'href="#(bargain-[\w-]+)"', made):
        assert f'id="{href}"' in made


def test_names_are_shown_and_do_nothing(record: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    for each in record["owners"]:
        each["title"] = EVIL
    for made in (page(record), fragment(record), markdown.bargain(record)):
        assert "<script" not in made
    assert "&lt;script&gt;" in page(record)


@pytest.fixture
def axes(found: al.Bargain) -> Any:
    yield found.plot()
    pyplot.close("all")


def told_on(axes: Axes) -> list[str]:
    axes.figure.draw_without_rendering()
    return [text.get_text() for text in axes.texts if text.get_text()]


def test_the_picture_tells_its_points(found: al.Bargain, axes: Axes) -> None:
    told = told_on(axes)
    for line in (
        "The agreement: East $2.610 bn, West $1.650 bn",
        "East alone decides: East $3.800 bn, West $800 m",
        "West alone decides: East $2.000 bn, West $2.000 bn",
        "Both walk away: East $1.000 bn, West $500 m",
        "As great a product of gains over walking away",
        "West, $ bn a year",
    ):
        assert line in told
    assert axes.get_xlabel() == "East, $ bn a year"
    assert picture("bargain", found.record).words.startswith(
        "The agreement: East $2.610 bn, West $1.650 bn. East alone"
    )
    assert outside(axes) == []


def test_the_picture_has_its_points_where_they_are(axes: Axes) -> None:
    at = [tuple(line.get_xydata()[0]) for line in axes.lines if line.get_transform() == axes.transData]
    for point in ((2.61, 1.65), (3.8, 0.8), (2.0, 2.0)):
        assert any(spot == pytest.approx(point, abs=2e-3) for spot in at)
    (dashed,) = (line for line in axes.lines if line.get_linestyle() == "--" and len(line.get_xdata()) > 2)
    products = [(x - 1) * (y - 0.5) for x, y in dashed.get_xydata()]
    assert products == pytest.approx([1.61 * 1.15] * len(products), rel=2e-3)


@pytest.mark.parametrize("kind", ["wide", "narrow"])
def test_names_of_any_length_stay_inside(record: dict[str, Any], kind: str) -> None:
    record["owners"][0]["title"] = "The Ministry of Finance and of very many other affairs of the state, " * 3
    record["owners"][1]["title"] = "電力インフラと送電網への長期投資計画 $x^2$ <b>"
    found = al.Bargain(record)
    wide = {"wide": 6.4, "narrow": 3.4}[kind]
    axes = found.plot(pyplot.figure(figsize=(wide, wide + 3)).add_axes((0.03, 0.1, 0.94, 0.78)))
    assert outside(axes) == []
    assert "<b>" not in svg(picture("bargain", record), "bargain", kind)
    pyplot.close("all")


def test_one_allocation_may_be_best_for_both() -> None:
    """Without a score both want the income alone: a frontier of one point, which is drawn all the same."""
    found = al.bargain(owned({"strategic": None}), book(), resolve=False)
    assert found.owners["gain"].tolist() == pytest.approx([2, 2], abs=1e-4)
    axes = found.plot()
    assert "The agreement: East $2.000 bn, West $2.000 bn" in told_on(axes)
    pyplot.close("all")
