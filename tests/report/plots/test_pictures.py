"""What pictures show is what the record says; they fit their place, in letters that can be read, and in grey."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import matplotlib as mpl
import pytest
from drawn import EVIL, all_texts, falls, outside, overlapping, rows, sizes
from helpers import DAY, tiny
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

import allocator as al
from allocator.errors import Infeasible, InputError
from allocator.files.outcomes import check_record
from allocator.report.plots import OUTCOME, picture
from allocator.report.plots.bars import TONES, Chart
from allocator.report.plots.layout import FEW
from allocator.report.plots.text import families

mpl.use("Agg")

ROOT = Path(__file__).parent.parent.parent.parent


@pytest.fixture(scope="module")
def fund() -> al.Outcome:
    case = al.read_case(ROOT / "examples" / "us-japan")
    rules = al.read_rules(ROOT / "constraints" / "us-japan-fund.yaml", as_of="2026-11-22")
    out = al.allocate(case, rules, al.DividendYield(), resolve=False)
    assert out.status == "optimal"
    return out


@pytest.fixture
def evil(fund: al.Outcome) -> al.Outcome:
    """The same with titles that would run, be taken for mathematics, or not fit."""
    record = copy.deepcopy(fund.record)
    named = [
        *record["amounts"],
        *record["totals"]["tranches"].values(),
        *record["rules"],
    ]
    for place, each in enumerate(named):
        each["title"] = EVIL[place % len(EVIL)]
    for each in record["amounts"]:
        if each["sector"] == "power":
            each["sector"] = "$power$ <b>"
    check_record(record)
    return al.Outcome(record)


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    pyplot.close("all")


def broad() -> Axes:
    """Axes on which names take one line."""
    return pyplot.subplots(figsize=(20, 12))[1]


def chart(what: str, record: dict[str, Any]) -> Chart:
    return cast("Chart", picture(what, record))


def test_capital_is_drawn_as_recorded(fund: al.Outcome) -> None:
    drawn = rows(fund.plot(ax=broad()))
    debt = fund.financing.sum(axis=1)
    told = {name: (value, lengths) for name, value, lengths in drawn}
    shown = fund.amounts[fund.amounts["amount"] > 0.001]
    assert len(drawn) == len(shown) + shown["sector"].nunique()
    for line, each in shown.iterrows():
        value, lengths = told[each["title"]]
        amount = f"${each['amount']:.1f} bn" if each["amount"] >= 1 else f"${each['amount'] * 1e3:.1f} m"
        assert value.startswith(f"{amount}, {each['share']:.1%}")
        assert lengths == pytest.approx([debt[line], each["amount"] - debt[line]], abs=1e-9), line


def test_lines_stand_under_their_sectors_largest_first(fund: al.Outcome) -> None:
    found = chart("allocation", fund.record)
    heads = [bar for bar in found.bars if bar.head]
    totals = fund.amounts.groupby("sector")["amount"].sum().sort_values(ascending=False)
    assert [bar.name for bar in heads] == [name for name, total in totals.items() if total > 0.001]
    assert [bar.length for bar in heads] == pytest.approx(list(totals[: len(heads)]))
    titles = dict(zip(fund.amounts["title"], fund.amounts["sector"], strict=True))
    members: list[float] = []
    for bar in found.bars:
        if bar.head:
            head, members = bar.name, []
        else:
            assert titles[bar.name] == head
            members.append(bar.length)
            assert falls(members)


def test_what_holds_a_line_is_told(fund: al.Outcome) -> None:
    told = {bar.name: bar.told for bar in chart("allocation", fund.record).bars}
    full = {each["member"] for each in fund.record["terms"] if each["term"] == "capacity"}
    (cap,) = (each for each in fund.record["rules"] if each["rule"] == "one-line")
    assert full
    assert cap["binding"]
    for line, each in fund.amounts[fund.amounts["amount"] > 0.001].iterrows():
        held = [*["capacity"] * (line in full), *["one-line"] * (line in cap["binding"])]
        end = f"; held by {' and '.join(held)}" if held else f"{each['share']:.1%}"
        assert told[each["title"]].endswith(end), line


def test_sources_and_uses_are_drawn_as_recorded(fund: al.Outcome) -> None:
    drawn = rows(fund.plot("financing", broad()))
    t = fund.record["totals"]
    assert ("Equity", "$300.0 bn", [300.0]) in drawn
    for each in t["tranches"].values():
        (lengths,) = (found for name, _, found in drawn if name == each["title"])
        assert lengths == pytest.approx([each["amount"], each["capacity"] - each["amount"]], abs=1e-8)
    whole = {bar.name: bar.told for bar in chart("financing", fund.record).bars if bar.head}
    told = f"${t['equity'] + t['debt']:.1f} bn"
    assert whole == {"Sources": told, "Uses": told}
    uses = [sum(found) for name, _, found in drawn if name in set(fund.amounts["sector"]) | {"Reserve"}]
    assert sum(uses) == pytest.approx(t["equity"] + t["debt"], abs=1e-6)


def test_a_tranche_tells_what_is_used_and_what_it_costs(fund: al.Outcome) -> None:
    told = {bar.name: bar.told for bar in chart("financing", fund.record).bars}
    trust = fund.record["totals"]["tranches"]["federal-trust"]
    assert told["Loans of a federal trust"] == f"${trust['amount']:.1f} bn of $150.0 bn at 5.205%"


def test_prices_are_drawn_as_recorded_dearest_first(fund: al.Outcome) -> None:
    found = chart("prices", fund.record)
    lengths = [bar.length for bar in found.bars if not bar.head]
    rules = [abs(p["dollars"]) * 1e3 for p in fund.record["prices"] if p["worth"] and not p["of"].startswith("terms.")]
    terms = [abs(p["dollars"]) * 1e3 for p in fund.record["prices"] if p["worth"] and p["of"].startswith("terms.")]
    assert lengths == pytest.approx([*sorted(rules, reverse=True), *sorted(terms, reverse=True)])
    drawn = [length for _, _, (length,) in rows(fund.plot("prices"))]
    visible = [length for length in lengths if length >= 0.02 * max(lengths)]
    assert FEW <= len(drawn) < len(lengths)
    assert sorted(drawn) == pytest.approx(sorted(lengths)[-max(len(visible), FEW) :])
    texts = [text.get_text() for text in all_texts(pyplot.gca())]
    assert f"{len(lengths) - len(drawn)} smaller ones are not shown" in texts


def test_an_unclear_price_is_marked(fund: al.Outcome) -> None:
    record = copy.deepcopy(fund.record)
    dearest = max(record["prices"], key=lambda each: abs(each["worth"]))
    dearest["clear"] = False
    bars = chart("prices", record).bars
    (found,) = (bar for bar in bars if bar.told.endswith(", unclear"))
    assert found.parts[0][0] == "hatched"
    assert {part[0] for bar in bars for part in bar.parts if bar is not found} == {"dark"}


def test_without_income_prices_are_in_the_objectives_unit(fund: al.Outcome) -> None:
    case = tiny({"cash-yield [%]": [8, 6]}, covariance=[[0.04, 0], [0, 0.01]], **{"fully-invested": "yes"})
    rule = al.rules.Share(id="cap", title="A cap", scope={"line": "b"}, of="deployed", at_most="50%")
    out = al.allocate(case, al.Rulebook([rule], as_of=DAY), al.Variance())
    (price,) = (each for each in out.record["prices"] if each["of"] == "cap")
    found = chart("prices", out.record)
    assert found.unit == "variance, per step of the number"
    (bar,) = found.bars
    assert bar.length == abs(price["worth"])
    # Half each: the variance is w^2 4% + (1 - w)^2 1%, whose slope in (1 - w) at a half is 1% - 4%.
    assert bar.length == pytest.approx(0.03 * 0.01, rel=1e-3)
    assert bar.name == "A cap"


def test_risk_is_drawn_as_recorded(fund: al.Outcome) -> None:
    found = chart("risk", fund.record).bars
    bars = {bar.name: bar for bar in found if not bar.head}
    for _, each in fund.amounts[fund.amounts["amount"] > 0.001].iterrows():
        bar = bars[each["title"]]
        assert bar.length == pytest.approx(each["risk-share"] * 100)
        assert bar.mark == pytest.approx(each["share"] * 100)
        assert bar.told == f"{each['risk-share']:.1%}; capital {each['share']:.1%}"
    heads = [bar for bar in found if bar.head]
    assert sum(bar.length for bar in heads) == pytest.approx(100, abs=0.01)
    assert falls([bar.length for bar in heads])


def test_a_hedge_goes_left_of_zero() -> None:
    case = tiny({"cash-yield [%]": [8, 6]}, covariance=[[0.04, -0.009], [-0.009, 0.01]], **{"fully-invested": "yes"})
    rule = al.rules.Share(id="cap", title="A cap", scope={"line": "b"}, of="deployed", at_most="20%")
    out = al.allocate(case, al.Rulebook([rule], as_of=DAY), al.DividendYield(), resolve=False)
    record = copy.deepcopy(out.record)
    record["amounts"] = [
        each | {"share": share, "amount": 100 * share, "risk-share": risk}
        for each, share, risk in zip(record["amounts"], (0.8, 0.2), (1.05, -0.05), strict=True)
    ]
    axes = al.Outcome(record).plot("risk")
    assert [(name, lengths) for name, _, lengths in rows(axes)] == [("a", [105.0]), ("b", [-5.0])]
    assert outside(axes) == []
    assert overlapping(axes) == []


@pytest.mark.parametrize("what", OUTCOME)
def test_axes_have_units_and_a_title(what: str, fund: al.Outcome) -> None:
    axes = fund.plot(what)
    units = {
        "allocation": "$ bn",
        "financing": "$ bn; cost of debt in % a year",
        "prices": "$ m a year, per step of the number",
        "risk": "% of the variance",
    }
    assert axes.get_xlabel() == units[what]
    assert axes.get_title(loc="left") == picture(what, fund.record).title
    assert all(not spine.get_visible() for spine in axes.spines.values())


@pytest.mark.parametrize("texts", ["fund", "evil"])
@pytest.mark.parametrize("wide", [None, 6.4, 3.4])
@pytest.mark.parametrize("what", OUTCOME)
def test_all_is_inside_and_nothing_overlaps(
    what: str, wide: float | None, texts: str, request: pytest.FixtureRequest
) -> None:
    out = request.getfixturevalue(texts)
    axes = None if wide is None else pyplot.subplots(figsize=(wide, 4.8))[1]
    axes = out.plot(what, axes)
    assert outside(axes) == []
    assert overlapping(axes) == []
    assert min(sizes(axes)) >= (9.0 if wide is None else 7.0)
    assert axes.figure.get_size_inches()[0] == (wide or 6.4)


def test_axes_that_are_given_are_drawn_on_and_returned(fund: al.Outcome) -> None:
    _, (first, second) = pyplot.subplots(1, 2, figsize=(13, 6))
    assert fund.plot("financing", first) is first
    assert fund.plot("prices", second) is second
    assert fund.plot("prices", ax=second) is second
    assert len(pyplot.get_fignums()) == 1


def test_texts_are_what_files_say_and_no_mathematics(evil: al.Outcome) -> None:
    axes = evil.plot()
    texts = [text.get_text() for text in all_texts(axes)]
    for told in (EVIL[0], EVIL[1], "$power$ <b>", "a b c"):
        assert told in texts
    assert not any(text.get_parse_math() for text in axes.texts)
    joined = "".join(texts)
    assert EVIL[2] in joined
    assert EVIL[4] in joined


def test_the_readers_own_style_is_kept(fund: al.Outcome) -> None:
    with pyplot.style.context("dark_background"):
        axes = fund.plot("risk", pyplot.subplots()[1])
        assert {text.get_color() for text in axes.texts} == {"white"}
    before = dict(mpl.rcParams)
    fund.plot("risk")
    assert dict(mpl.rcParams) == before


def test_tones_differ_in_grey_or_by_hatch() -> None:
    def grey(color: str) -> float:
        return (
            1.0
            if color == "none"
            else sum(c * part for c, part in zip(to_rgb(color), (0.299, 0.587, 0.114), strict=True))
        )

    levels = sorted((grey(tone["facecolor"]), tone.get("hatch", "")) for tone in TONES.values())
    for (level, hatch), (other, second) in pairwise(levels):
        assert other - level > 0.25 or hatch != second


def test_japanese_is_drawn_in_letters(evil: al.Outcome) -> None:
    """A letter that no font has is drawn as a box, of which matplotlib warns; warnings are errors here."""
    assert len(families()) > 1, "no font with Japanese letters is installed: apt-get install fonts-noto-cjk"
    evil.plot().figure.canvas.draw()


def test_many_lines_are_folded(fund: al.Outcome) -> None:
    record = copy.deepcopy(fund.record)
    first = record["amounts"][0]
    record["amounts"] = [
        first | {"line": f"l{i}", "title": f"Line {i}", "amount": i / 10, "share": i / 2001000 * 2}
        for i in range(1, 2001)
    ]
    record["financing"] = []
    axes = al.Outcome(record).plot()
    assert len(rows(axes)) == 61
    assert "1940 smaller ones are not shown" in [text.get_text() for text in all_texts(axes)]
    assert picture("allocation", record).words.endswith("1940 smaller ones are not shown.")


def test_where_there_is_nothing_to_draw_the_picture_says_so(small: al.Case) -> None:
    out = al.allocate(small, al.Rulebook([al.rules.Amount(id="none", title="None", at_most="$0 bn", measure="deployed")],
                                         as_of=DAY), al.DividendYield(), resolve=False)  # fmt: skip
    assert out.totals["deployed"] == 0
    assert "risk-share" not in out.amounts
    for what, told in (("allocation", "Nothing is deployed."), ("risk", "There is no risk.")):
        assert [text.get_text() for text in out.plot(what).texts] == [told]
        assert picture(what, out.record).words == told
    record = {**out.record, "prices": []}
    assert [text.get_text() for text in al.Outcome(record).plot("prices").texts] == ["No number is worth anything."]


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("alocation", "there is no picture 'alocation'; did you mean 'allocation'?"),
        ("xyz", "there is no picture 'xyz'; known: allocation, financing, prices, risk"),
        ("bars", "there is no picture 'bars'; known: allocation, financing, prices, risk"),
    ],
)
def test_a_picture_that_there_is_not(what: str, message: str, fund: al.Outcome) -> None:
    with pytest.raises(InputError) as caught:
        fund.plot(what)
    assert str(caught.value) == message
    assert pyplot.get_fignums() == []


def test_risk_that_is_not_known_is_not_drawn(fund: al.Outcome) -> None:
    record = copy.deepcopy(fund.record)
    for each in record["amounts"]:
        del each["risk-share"]
    with pytest.raises(InputError) as caught:
        al.Outcome(record).plot("risk")
    assert str(caught.value) == "the outcome does not tell the lines' shares of the risk; compute it again"
    del record["totals"]["volatility"]
    with pytest.raises(InputError) as caught:
        al.Outcome(record).plot("risk")
    assert str(caught.value) == "the case has no risk to draw; give it one under 'risk' in fund.yaml"


def test_no_allocation_has_no_picture() -> None:
    rule = al.rules.Amount(id="much", title="Much", at_least="$120 bn")
    out = al.allocate(tiny({"cash-yield [%]": [8]}), al.Rulebook([rule], as_of=DAY), al.DividendYield())
    with pytest.raises(Infeasible, match="no allocation satisfies the rules"):
        out.plot()


def test_a_portfolio_of_weights_knows_no_dollars() -> None:
    """The price by hand: what leaves b, at 6%, for a, at 8%, earns 2% more, so 1 pp of the cap is worth 0.0002."""
    case = al.Case.from_moments([0.08, 0.06], [[0.04, 0], [0, 0.01]])
    rule = al.rules.Share(id="cap", title="Cap", scope={"line": "line-1"}, of="deployed", at_most="60%")
    out = al.allocate(case, al.Rulebook([rule], as_of=DAY), al.ExpectedReturn())
    axes = out.plot()
    assert (axes.get_title(loc="left"), axes.get_xlabel()) == ("Weights", "%")
    assert [(name, value) for name, value, _ in rows(axes)] == [("line-1", "60.0%"), ("line-2", "40.0%")]
    priced = out.plot("prices")
    assert priced.get_xlabel() == "expected-return, per step of the number"
    assert [(name, value) for name, value, _ in rows(priced)] == [("Cap", "0.0002 per 1 pp")]


def test_a_plain_portfolio_has_neither_loans_nor_sectors() -> None:
    case = tiny({"expected-return [%]": [8, 6]}, covariance=[[0.04, 0], [0, 0.01]], **{"fully-invested": "yes"})
    rule = al.rules.Share(id="half", title="Half", each="line", of="deployed", at_most="60%")
    out = al.allocate(case, al.Rulebook([rule], as_of=DAY), al.ExpectedReturn())
    axes = out.plot()
    assert axes.get_legend() is None
    assert axes.get_title(loc="left") == "Capital by line"
    held = [(name, value) for name, value, _ in rows(axes)]
    assert held == [("a", "$60.0 bn, 60.0%; held by half"), ("b", "$40.0 bn, 40.0%")]
    assert out.plot("financing").get_xlabel() == "$ bn"
