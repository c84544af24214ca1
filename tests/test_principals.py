"""The waterfall by hand, and as a function of income; what Python may not say of owners either."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import small_case
from helpers import tiny
from hypothesis import given
from hypothesis import strategies as st

import allocator as al
from allocator.errors import InputError
from allocator.principals import Deemed, Principal, Waterfall
from allocator.units import Rate

EAST = {"id": "east", "title": "East", "holder": "one", "funding": "4%"}
WEST = {"id": "west", "title": "West", "holder": "two", "funding": "3%"}
TWO = {
    "deemed": {"amount": "$50 bn", "cost": "4%", "tenor": "20 years"},
    "before": {"east": "50%", "west": "50%"},
    "after": {"east": "90%", "west": "10%"},
}


def test_an_annuity_repays_the_deemed_amount_with_its_cost() -> None:
    """$50 bn at 4% over 20 years: what is owed after the last payment is nothing."""
    deemed = Deemed.read(TWO["deemed"])
    owed = 50.0
    for _ in range(20):
        owed = owed * 1.04 - deemed.annuity({})
    assert owed == pytest.approx(0, abs=1e-9)
    # Any table of loans has 0.0735818 for 4% over 20 years.
    assert deemed.annuity({}) == pytest.approx(50 * 0.0735818, abs=1e-5)


def test_a_deemed_amount_without_cost_is_repaid_in_equal_parts() -> None:
    assert Deemed.read({"amount": "$50 bn", "cost": "0%", "tenor": "20 years"}).annuity({}) == 2.5


def test_a_deemed_cost_follows_its_reference() -> None:
    deemed = Deemed.read({"amount": "$50 bn", "cost": {"reference": "sofr", "spread": "35 bp"}, "tenor": "20 years"})
    assert deemed.annuity({"sofr": Rate(0.0365)}) == pytest.approx(50 * 0.0735818, abs=1e-5)


FLAT = TWO | {"deemed": {"amount": "$50 bn", "cost": "0%", "tenor": "10 years"}}
"Deemed at $5 bn a year."


@pytest.mark.parametrize(
    ("income", "east", "west"),
    [(0, 0, 0), (3, 1.5, 1.5), (5, 2.5, 2.5), (7, 2.5 + 1.8, 2.5 + 0.2), (105, 2.5 + 90, 2.5 + 10)],
)
def test_below_at_and_above_the_deemed_annuity(income: float, east: float, west: float) -> None:
    divided = Waterfall.read(FLAT).divided(income, {})
    assert divided == pytest.approx({"east": east, "west": west}, abs=1e-12)


shares = st.integers(0, 1000)


@given(first=shares, then=shares, income=st.floats(0, 1e4), more=st.floats(0, 100))
def test_all_is_divided_and_nobody_gets_less_of_more(first: int, then: int, income: float, more: float) -> None:
    """Sides add up to the income; each is continuous and does not fall: at most the whole of what is more is its own."""

    def split(tenths: int) -> dict[str, str]:
        return {"east": f"{tenths / 10}%", "west": f"{(1000 - tenths) / 10}%"}

    waterfall = Waterfall.read(FLAT | {"before": split(first), "after": split(then)})
    divided, after = waterfall.divided(income, {}), waterfall.divided(income + more, {})
    assert sum(divided.values()) == pytest.approx(income, rel=1e-12)
    for name, amount in divided.items():
        assert -1e-9 <= after[name] - amount <= more + 1e-9


@given(income=st.floats(0, 20), step=st.floats(0.01, 5))
def test_the_side_whose_part_rises_has_a_convex_payoff_and_the_other_a_concave_one(income: float, step: float) -> None:
    waterfall = Waterfall.read(FLAT)
    at = [waterfall.divided(income + k * step, {}) for k in range(3)]
    bend = {name: at[0][name] - 2 * at[1][name] + at[2][name] for name in at[0]}
    assert bend["east"] >= -1e-9
    assert bend["west"] <= 1e-9


def test_what_is_not_said_of_a_principal() -> None:
    east = Principal.read(EAST)
    assert (east.strategic, float(east.walk_away), float(east.weight)) == (None, 0, 1)
    assert float(Principal.read(EAST | {"walk-away": "-$0.5 bn"}).walk_away) == -0.5


def case(*principals: dict[str, Any], columns: Any = None, **given: Any) -> al.Case:
    held = [{"holder": "one", "amount": "$60 bn"}, {"holder": "two", "amount": "$40 bn"}]
    columns = columns or {"cash-yield [%]": [8], "capacity [$ bn]": [100]}
    return tiny(columns, principals=principals, **{"equity": held} | given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"principals": [EAST]}, "principal 'east' has nobody to agree with; name the others too, or none"),
        ({"principals": [EAST, WEST | {"id": "east"}]}, "the principal id 'east' stands twice; give each its own"),
        (
            {"principals": [EAST, WEST | {"holder": "three"}]},
            "the treasury of principal 'west', 'three', holds no equity; known: one, two",
        ),
        (
            {"principals": [EAST, WEST | {"funding": {"reference": "sofr"}}]},
            "unknown reference 'sofr'; none is known here",
        ),
        (
            {"principals": [EAST, WEST | {"strategic": {"column": "own", "worth": "1 bp"}}]},
            "principal 'west' needs column 'own', which the universe lacks; add it to the universe",
        ),
        (
            {"principals": [EAST, WEST], "columns": {"expected-return [%]": [8]}},
            "a fund with principals needs column 'cash-yield', which the universe lacks; add it to the universe",
        ),
        (
            {"principals": [], "waterfall": TWO},
            "a waterfall divides income between principals, and there are none; name them under 'principals'",
        ),
    ],
)
def test_a_case_from_python_fits_together_too(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        case(*given.pop("principals"), **given)
    assert str(caught.value) == message


def test_a_what_if_may_not_take_a_treasury_away() -> None:
    made = case(EAST, WEST, waterfall=TWO)
    assert made.replace("fund", fee="20 bp").principals == made.principals
    with pytest.raises(InputError, match=r"^the treasury of principal 'west', 'two', holds no equity; known: one$"):
        made.replace("fund", equity=[{"holder": "one", "amount": "$100 bn"}])


def test_partners_without_a_waterfall_may_stand_on_no_side() -> None:
    held = [{"holder": name, "amount": "$10 bn"} for name in ("one", "two", "three")]
    assert len(case(EAST, WEST, equity=held).principals) == 2
    with pytest.raises(InputError, match=r"^'three' stands on no side, so that the waterfall would pay it nothing; "):
        case(EAST, WEST, equity=held, waterfall=TWO)


def test_most_cases_have_neither() -> None:
    made = small_case()
    assert (made.principals, made.waterfall) == ((), None)
    assert al.Case.from_moments([0.1, 0.2], [[1, 0], [0, 1]]).principals == ()
