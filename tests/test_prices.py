"""Prices: slopes from multipliers, checked by re-solving, and told unclear where they mean nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import ROOT, small_case
from helpers import book, price, solve, tiny, value

import allocator as al

Share = al.rules.Share
TWO = tiny({"cash-yield [%]": [8, 5], "capacity [$ bn]": [100, 100]})


def cap(limit: str, name: str = "cap", **fields: object) -> Share:
    return Share.read(
        {"id": name, "title": "Cap", "scope": {"line": "a"}, "of": "deployed", "at_most": limit, **fields}
    )


def told(out: al.Outcome, of: str, member: str = "") -> dict[str, Any]:
    (found,) = (p for p in out.record["prices"] if p["of"] == of and p["member"] == member)
    return dict(found)


def test_in_dollars_a_year_for_one_step() -> None:
    # A point of the cap is $1 bn from 5% to 8%: $30 m a year; the same either way, and for a whole step.
    found = told(solve(TWO, cap("40%"), resolve=True), "cap")
    assert found["step"] == "1 pp"
    assert found["dollars"] == pytest.approx(0.03, rel=1e-6)
    assert found["step-up-dollars"] == pytest.approx(0.03, rel=1e-4)
    assert found["step-down-dollars"] == pytest.approx(-0.03, rel=1e-4)
    assert [found["below"], found["above"], found["worth"]] == pytest.approx([0.0003] * 3, rel=1e-3)
    assert found["clear"] is True


def test_a_blend_tells_dollars_by_the_income_in_it() -> None:
    # Half of dividend yield over a range of 3%, the other half of variance that does not move: still $30 m a point.
    from allocator.aims import Blend

    aim = Blend(((0.5, al.DividendYield()), (0.5, al.StrategicWeight())), (0.03, 1.0))
    case = tiny({"cash-yield [%]": [8, 5], "strategic-weight": [1, 1], "capacity [$ bn]": [100, 100]})
    found = told(solve(case, cap("40%"), aim, resolve=True), "cap")
    assert found["worth"] == pytest.approx(0.5 * 0.0003 / 0.03, rel=1e-6)
    assert found["dollars"] == pytest.approx(0.03, rel=1e-6)


def test_a_curved_limit_has_steps_other_than_its_slope() -> None:
    rule = al.rules.Concentration(id="cap", title="Cap", by="line", measure="hhi", of="deployed", at_most="0.58")
    rules = book(rule)
    out = solve(TWO, rules, resolve=True)
    found = told(out, "cap")
    assert found["clear"] is True
    for key, limit in (("step-up", "0.59"), ("step-down", "0.57")):
        moved = value(solve(TWO, rules.replace("cap", at_most=limit))) - value(out)
        assert found[key] == pytest.approx(moved, rel=1e-3)
        assert abs(found[key]) != pytest.approx(found["worth"], rel=0.01)


def test_a_kink_is_unclear() -> None:
    # b holds 60. Below 40% less is deployed: 0.08 * d(60 k / (1 - k)) = 0.08 * 60 / 0.36 / 100; above, 3%.
    case = tiny({"cash-yield [%]": [8, 5], "capacity [$ bn]": [100, 60]})
    found = told(solve(case, cap("40%"), resolve=True), "cap")
    assert found["clear"] is False
    assert found["below"] == pytest.approx(0.01 * 0.08 * 60 / 0.36 / 100, rel=1e-3)
    assert found["above"] == pytest.approx(0.0003, rel=1e-3)
    assert found["above"] - 1e-9 <= found["worth"] <= found["below"] + 1e-9


def test_a_rule_that_stands_twice_is_unclear() -> None:
    out = solve(TWO, book(cap("40%", "one"), cap("40%", "two")), resolve=True)
    for name in ("one", "two"):
        found = told(out, name)
        assert found["clear"] is False
        assert [found["below"], found["above"]] == pytest.approx([0.0003, 0], abs=1e-7)
    # Together they are worth what one would be.
    assert price(out, "one", "at-most") + price(out, "two", "at-most") == pytest.approx(0.03, rel=1e-5)


def test_a_cap_of_zero_is_unclear() -> None:
    found = told(solve(TWO, cap("0%"), resolve=True), "cap")
    assert found["clear"] is False
    assert found["below"] is None
    assert found["step-down"] is None
    assert found["step-up"] == pytest.approx(0.0003, rel=1e-4)


def test_a_side_that_nothing_satisfies_is_left_out() -> None:
    case = tiny({"cash-yield [%]": [8, 5], "capacity [$ bn]": [100, 60]}, **{"fully-invested": "yes"})
    found = told(solve(case, cap("40%"), resolve=True), "cap")
    assert found["below"] is None
    assert found["step-down"] is None
    assert found["clear"] is False
    assert found["above"] == pytest.approx(0.0003, rel=1e-3)


def test_a_rule_with_room_is_worth_nothing() -> None:
    found = told(solve(TWO, cap("40%", scope={"line": "b"}), resolve=True), "cap")
    assert found["worth"] == pytest.approx(0, abs=1e-9)
    assert found["below"] is None
    assert found["clear"] is None


def test_without_re_solving_nothing_is_checked() -> None:
    found = told(solve(TWO, cap("40%")), "cap")
    assert found["worth"] == pytest.approx(0.0003, rel=1e-6)
    assert [found[key] for key in ("below", "above", "step-up", "step-down", "clear")] == [None] * 5


LOAN = {"id": "loan", "capacity": "$500 bn", "cost": "3%", "tenor": "20 years", "repayment": "bullet"}


@pytest.mark.parametrize(
    ("term", "name", "column", "columns", "loan", "around", "worth"),
    [
        # A dollar more of a's capacity comes from b: 3%.
        (
            "capacity",
            "a",
            "capacity",
            {"capacity [$ bn]": [40, 100], "gearing [%]": [0, 0]},
            {},
            ("$39 bn", "$41 bn"),
            0.0003,
        ),
        # F = g (100 + F) = 100 at 50%: dF/dg = 100 / 0.25, each dollar of which earns 5%.
        ("gearing", "a", "gearing", {"gearing [%]": [50, 0]}, {}, ("49.9%", "50.1%"), 0.05 * 4),
        # 8 + 0.08 F = 4 * 0.03 F: F = 200, dF/dk = -8 * 0.03 / 0.04^2 = -150.
        ("cover", "a", "dscr", {"dscr [x]": [4, 0], "gearing [%]": [100, 0]}, {}, ("3.99x", "4.01x"), -0.05 * 1.5),
        ("tranche-capacity", "loan", "capacity", {}, {"capacity": "$60 bn"}, ("$59 bn", "$61 bn"), 0.0005),
    ],
)
def test_terms_have_prices_too(
    term: str,
    name: str,
    column: str,
    columns: dict[str, Any],
    loan: dict[str, str],
    around: tuple[str, str],
    worth: float,
) -> None:
    case = tiny({"cash-yield [%]": [8, 5], "capacity [$ bn]": [900, 900], **columns}, [LOAN | loan])
    found = told(solve(case, book(), resolve=True), f"terms.{term}", name)
    assert found["clear"] is True
    step = {"money": 1.0, "share": 0.01, "multiple": 0.01}[found["unit"]]
    assert found["worth"] / step == pytest.approx(worth, rel=1e-5)
    low, high = (value(solve(case.replace(name, **{column: text}), book())) for text in around)
    assert found["worth"] / step == pytest.approx((high - low) / (UNITS[column] * 2), rel=2e-3)


UNITS = {"capacity": 1.0, "gearing": 0.001, "dscr": 0.01}


def test_prices_of_the_small_case_agree_with_their_re_solves() -> None:
    rules = book(
        cap("30%", "sector", scope={"sector": "compute"}),
        al.rules.Coverage(id="cover", title="C", measure="debt-service", haircut="15%", at_least="2.30x"),
        al.rules.Volatility(id="calm", title="V", of="deployed", at_most="9.4%"),
        al.rules.LookThrough(id="parties", title="L", each="counterparty", of="deployed", at_most="12%"),
    )
    out = solve(small_case(), rules, resolve=True)
    checked = [p for p in out.record["prices"] if p["clear"] is not None]
    assert {p["of"] for p in checked} >= {"calm", "cover"}
    for each in checked:
        assert each["clear"], each
        assert [each["below"], each["above"]] == pytest.approx([each["worth"]] * 2, rel=0.01), each


def test_a_sharp_curve_is_no_kink() -> None:
    # The variance is least with 40.2% in a: near a cap of 40% the slope, 0.2 (k - 0.402), changes by 4% over the moves.
    case = tiny({"expected-return [%]": [5, 5]}, covariance=[[0.0598, 0], [0, 0.0402]], **{"fully-invested": "yes"})
    found = told(solve(case, cap("40%"), al.Variance(), resolve=True), "cap")
    assert found["clear"] is True
    assert found["worth"] == pytest.approx(0.01 * 0.2 * 0.002, rel=1e-3)
    assert found["below"] - found["above"] == pytest.approx(0.01 * 0.2 * 0.4e-5, rel=0.02)


@pytest.fixture(scope="module")
def example() -> tuple[al.Case, al.Rulebook, al.Outcome]:
    case = al.read_case(ROOT / "examples" / "us-japan")
    rules = al.read_rules(ROOT / "constraints" / "us-japan-fund.yaml", as_of="2026-11-22")
    return case, rules, al.allocate(case, rules)


def test_on_the_example_each_unclear_price_is_of_a_cover_that_stands_twice(
    example: tuple[al.Case, al.Rulebook, al.Outcome],
) -> None:
    """Lenders' covenants count other debt at the line's own cover: where one lends nothing, both covers say the same."""
    case, rules, out = example
    unclear = [each for each in out.record["prices"] if each["clear"] is False]
    assert {(each["of"], each["number"]) for each in unclear} == {("terms.cover", "limit")}
    v = case.decision.opened(*grains(case, out))
    covers = [clause for clause in rules.clauses(case) if clause.rule.endswith(".cover")]
    loans = {(each["line"], each["tranche"]) for each in out.record["financing"]}
    for each in unclear:
        twins = [
            clause.rule.removeprefix("terms.").removesuffix(".cover")
            for clause in covers
            if clause.rule != "terms.cover"
            for label, over in zip(clause.labels, clause.excess(v), strict=True)
            if label == each["member"] and over > -1e-6
        ]
        assert twins, each
        assert all((each["member"], tranche) not in loans for tranche in twins), each
        # Loosened alone it gives nothing, as the other still holds; tightened it costs.
        assert each["below"] == pytest.approx(0, abs=1e-3 * abs(each["worth"]) + 1e-6)
        assert each["above"] < each["worth"] < 0


def grains(case: al.Case, out: al.Outcome) -> tuple[Any, Any]:
    amounts = {each["line"]: each["amount"] for each in out.record["amounts"]}
    loans = {(each["line"], each["tranche"]): each["amount"] for each in out.record["financing"]}
    capital = [round(amounts[line] * 10**9) for line in case.decision.lines]
    return np.array(capital), np.array([round(loans.get(pair, 0.0) * 10**9) for pair in case.decision.pair_names()])


@pytest.mark.parametrize("aim", [al.DividendYield(), al.StrategicWeight(), al.ExpectedReturn()], ids=repr)
def test_no_rule_of_the_example_has_an_unclear_price(
    aim: Any, example: tuple[al.Case, al.Rulebook, al.Outcome]
) -> None:
    case, rules, _ = example
    unclear = {each["of"] for each in al.allocate(case, rules, aim).record["prices"] if each["clear"] is False}
    assert unclear <= {"terms.cover"}
