"""Who gets what, worked out by hand from the income: by equity, by the waterfall, and where there is nothing to pay."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from conftest import ROOT, small_case
from helpers import book, decisions, solve, tiny
from hypothesis import given
from hypothesis import strategies as st

import allocator as al
from allocator.distributions import distributions
from allocator.errors import InputError
from allocator.files.outcomes import check_record
from allocator.principals import Principal, Waterfall

EAST = {
    "id": "east", "title": "East", "holder": "treasury", "funding": "4%", "walk-away": "$1 bn",
    "strategic": {"column": "own", "worth": "50 bp"},
}  # fmt: skip
WEST = {"id": "west", "title": "West", "holder": "ministry", "funding": "3%", "walk-away": "-$1 bn"}
FLAT = {
    "deemed": {"amount": "$40 bn", "cost": "0%", "tenor": "10 years"},
    "before": {"east": "50%", "west": "50%"},
    "after": {"east": "90%", "west": "10%"},
}
"Deemed at $4 bn a year."
EQUITY = [
    {"holder": "treasury", "amount": "$45 bn"},
    {"holder": "retail", "vehicle": "Listed fund", "amount": "$15 bn", "principal": "east"},
    {"holder": "ministry", "amount": "$40 bn"},
]


def owned(waterfall: dict[str, Any] | None = None, cash: float = 8, **fund: Any) -> al.Case:
    """One line of $200 bn, a score of 0.5 to east; $100 bn of equity, 60 of it on the side of east."""
    columns = {"cash-yield [%]": [cash], "capacity [$ bn]": [200], "own": [0.5]}
    return tiny(columns, principals=(EAST, WEST), waterfall=waterfall, **{"equity": EQUITY} | fund)


def paid(case: al.Case, income: float) -> list[float]:
    return [each["amount"] for each in distributions(case, np.array([100.0]), income)["holders"]]


def test_without_a_waterfall_by_equity_held() -> None:
    assert paid(owned(), 8.0) == pytest.approx([3.6, 1.2, 3.2])


@pytest.mark.parametrize(
    ("income", "amounts"),
    [
        (2, [0.75, 0.25, 1.0]),  # half to each side; three quarters of east's half to its treasury
        (4, [1.5, 0.5, 2.0]),
        (8, [0.75 * 5.6, 0.25 * 5.6, 2.4]),  # 2 + 0.9 x 4 to east, 2 + 0.1 x 4 to west
    ],
)
def test_by_the_waterfall_below_at_and_above_the_deemed_annuity(income: float, amounts: list[float]) -> None:
    assert paid(owned(FLAT), income) == pytest.approx(amounts)


def test_a_holder_with_two_vehicles_is_paid_on_both() -> None:
    equity = [*EQUITY, {"holder": "ministry", "vehicle": "Second", "amount": "$10 bn"}]
    found = distributions(owned(FLAT, equity=equity), np.array([100.0]), 8.0)
    assert [each["amount"] for each in found["holders"]] == pytest.approx([4.2, 1.4, 2.4 * 0.8, 2.4 * 0.2])
    assert found["principals"][1]["equity"] == 50
    assert found["principals"][1]["income-by-waterfall"] == pytest.approx(2.4)


def test_the_whole_record_by_hand() -> None:
    """The line earns 8% on all $100 bn; nothing is borrowed, and a reserve earns nothing."""
    found = solve(owned(FLAT), book()).record
    said = found["distributions"]
    assert found["totals"]["distributable-income"] == pytest.approx(8, abs=1e-4)
    assert said["paid"] == found["totals"]["distributable-income"]
    assert said["waterfall"] == {
        "deemed": 4.0, "before": {"east": 0.5, "west": 0.5}, "after": {"east": 0.9, "west": 0.1},
    }  # fmt: skip
    second = {
        "holder": "retail", "vehicle": "Listed fund", "principal": "east", "equity": 15.0, "by-equity": 1.2,
        "amount": 1.4, "yield": 1.4 / 15, "share": 1.4 / 8,
    }  # fmt: skip
    assert said["holders"][1] == pytest.approx(second, abs=1e-4)
    east, west = said["principals"]
    assert east == pytest.approx(
        {
            "principal": "east", "title": "East", "holder": "treasury", "equity": 45.0, "income": 3.6,
            "income-by-waterfall": 4.2, "funding": 1.8, "strategic": 0.25, "penalties": 0.0, "gain": 3.6 - 1.8 + 0.25,
            "gain-by-waterfall": 4.2 - 1.8 + 0.25, "walk-away": 1.0,
        },
        abs=1e-4,
    )  # fmt: skip
    assert (west["strategic"], west["walk-away"]) == (0.0, -1.0)
    assert west["gain-by-waterfall"] == pytest.approx(2.4 - 1.2, abs=1e-4)


def test_principals_as_a_frame() -> None:
    found = solve(owned(FLAT), book()).principals
    columns = ["income", "funding", "strategic", "penalties", "gain", "walk-away"]
    columns += ["income-by-waterfall", "gain-by-waterfall"]
    assert found.columns.tolist() == columns
    assert found.loc["east"].tolist() == pytest.approx([3.6, 1.8, 0.25, 0, 2.05, 1.0, 4.2, 2.65], abs=1e-4)
    assert found.loc["west"].tolist() == pytest.approx([3.2, 1.2, 0.0, 0, 2.0, -1.0, 2.4, 1.2], abs=1e-4)
    alone = solve(tiny({"cash-yield [%]": [8, 6]}), book()).principals
    assert (len(alone), alone.columns.tolist(), alone.index.name) == (0, columns, "principal")


def test_a_loss_pays_nobody_and_is_borne_by_equity() -> None:
    """1% earned less a fee of 3%, all invested: -$2 bn a year."""
    found = solve(owned(FLAT, 1, fee="3%", **{"fully-invested": "yes"}), book()).record
    said = found["distributions"]
    assert found["totals"]["distributable-income"] == pytest.approx(-2)
    assert said["paid"] == 0
    assert [(each["amount"], each["by-equity"], each["yield"], each["share"]) for each in said["holders"]] == [
        (0, 0, 0, None)
    ] * 3
    assert [each["income"] for each in said["principals"]] == pytest.approx([-0.9, -0.8])
    assert all(each["gain"] == each["gain-by-waterfall"] for each in said["principals"])
    check_record(found)


def test_an_income_of_nothing_is_nobody_s() -> None:
    said = distributions(owned(FLAT), np.array([0.0]), 0.0)
    assert [(each["amount"], each["share"]) for each in said["holders"]] == [(0, None)] * 3
    assert json.dumps(said).count("-0.0") == 0


SMALL = replace(
    small_case(),
    principals=tuple(
        Principal.read(each | {"holder": holder, "strategic": {"column": "strategic-weight", "worth": "40 bp"}})
        for each, holder in ((EAST, "one"), (WEST, "two"))
    ),
    waterfall=Waterfall.read(FLAT),
)


@given(v=decisions(SMALL))
def test_the_gain_that_is_maximised_is_the_one_that_is_told(v: np.ndarray) -> None:
    """Also at a loss, and though the record works from dollars and the score from the decision."""
    income = al.DividendYield().value(SMALL).value(v) * SMALL.equity
    told = distributions(SMALL, v[: SMALL.decision.n] * SMALL.equity, income)["principals"]
    for principal, each in zip(SMALL.principals, told, strict=True):
        assert each["gain"] == pytest.approx(al.OwnerGain(principal.id).value(SMALL).value(v) * 100, rel=1e-9, abs=1e-9)


@given(income=st.floats(0, 100), more=st.floats(0, 1))
def test_all_income_is_paid_and_more_of_it_takes_from_nobody(income: float, more: float) -> None:
    case = owned(FLAT)
    first, then = paid(case, income), paid(case, income + more)
    assert sum(first) == pytest.approx(income, rel=1e-9, abs=1e-12)
    assert all(-1e-9 <= b - a <= more + 1e-9 for a, b in zip(first, then, strict=True))


def test_each_holder_is_told_where_nobody_is_a_principal() -> None:
    found = solve(small_case(), book()).record["distributions"]
    assert [each["holder"] for each in found["holders"]] == ["one", "two"]
    assert [each["principal"] for each in found["holders"]] == ["", ""]
    assert [each["share"] for each in found["holders"]] == pytest.approx([0.6, 0.4])
    assert (found["waterfall"], found["principals"]) == (None, [])


def test_a_portfolio_without_income_has_no_distributions() -> None:
    out = al.allocate(al.Case.from_moments([0.1, 0.2], [[1, 0], [0, 1]]), None, al.ExpectedReturn(), resolve=False)
    assert "distributions" not in out.record
    assert al.verify(out, al.Case.from_moments([0.1, 0.2], [[1, 0], [0, 1]]))


@pytest.fixture(scope="module")
def case() -> al.Case:
    return owned(FLAT)


@pytest.fixture(scope="module")
def out(case: al.Case) -> al.Outcome:
    return solve(case, book())


def test_it_is_the_same_after_writing_and_reading(out: al.Outcome, case: al.Case, tmp_path: Path) -> None:
    out.save(str(tmp_path / "o.json"))
    again = al.read_outcome(tmp_path / "o.json")
    assert again.record["distributions"] == out.record["distributions"]
    assert al.verify(again, case)
    schema = json.loads((files("allocator.files") / "outcome.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(json.loads((tmp_path / "o.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("change", "value", "message"),
    [
        ("amount", "much", "the outcome is damaged at 'distributions.holders.0.amount'; compute it again"),
        ("bonus", 1.0, "the outcome is damaged at 'distributions.holders.0.bonus'; compute it again"),
    ],
)
def test_a_damaged_holder_is_refused(out: al.Outcome, change: str, value: object, message: str) -> None:
    record = copy.deepcopy(out.record)
    record["distributions"]["holders"][0][change] = value
    with pytest.raises(InputError) as caught:
        check_record(record)
    assert str(caught.value) == message


def test_an_income_and_its_distributions_belong_together(out: al.Outcome) -> None:
    told = "the outcome is damaged: an income and its 'distributions' belong together; compute it again"
    for part in ("distributions", "totals"):
        record = copy.deepcopy(out.record)
        if part == "totals":
            del record["totals"]["distributable-income"]
        else:
            del record["distributions"]
        with pytest.raises(InputError) as caught:
            check_record(record)
        assert str(caught.value) == told


def test_a_diagnosis_pays_nobody(case: al.Case, out: al.Outcome) -> None:
    much = al.rules.Amount(id="much", title="Much", at_least="$900 bn")
    found = al.allocate(case, book(much), al.DividendYield())
    assert found.status == "infeasible"
    assert "distributions" not in found.record
    with pytest.raises(InputError, match=r"^the outcome is damaged: 'distributions' does not belong to this status; "):
        check_record(found.record | {"distributions": out.record["distributions"]})


def test_the_scores_of_the_example_follow_from_its_readme() -> None:
    """Five scores a line, weighed three ways; the common one is the mean of the owners' weights."""
    text = (ROOT / "examples" / "us-japan" / "README.md").read_text(encoding="utf-8")
    rows = [[cell.strip(" `") for cell in row.split("|")[1:-1]] for row in text.splitlines() if row.startswith("| ")]
    weights = {
        row[0]: [float(cell) for cell in row[1:6]] for row in rows if len(row) == 6 and row[0].startswith("strategic-")
    }
    assert weights["strategic-weight"] == pytest.approx(
        (np.array(weights["strategic-us"]) + weights["strategic-japan"]) / 2
    )
    universe = al.read_case(ROOT / "examples" / "us-japan").universe
    scores = {row[0]: [float(cell) for cell in row[1:6]] for row in rows if len(row) == 6 and row[0] in universe.ids}
    assert set(scores) == set(universe.ids)
    assert {score for line in scores.values() for score in line} <= {0, 0.25, 0.5, 0.75, 1}
    for column, weight in weights.items():
        assert sum(weight) == pytest.approx(1)
        made = np.array([scores[line] for line in universe.ids]) @ weight
        np.testing.assert_allclose(universe.numbers[column], made, atol=0.005 + 1e-9, err_msg=column)
