"""A principal's gain: dollars worked out from amounts, and what it makes of two lines by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from conftest import small_case
from helpers import book, decisions, dollars, solve, tiny
from hypothesis import given
from hypothesis import strategies as st
from owners import FLOOR
from owners import owned as two_lines

import allocator as al
from allocator.errors import InputError
from allocator.principals import Principal

EAST = {"id": "east", "title": "East", "holder": "one", "funding": "4%"}
WEST = {"id": "west", "title": "West", "holder": "two", "funding": "3%"}
SCORED = EAST | {"strategic": {"column": "strategic-weight", "worth": "40 bp"}}


def owned(case: al.Case, *principals: dict[str, Any]) -> al.Case:
    return replace(case, principals=tuple(map(Principal.read, principals)))


SMALL = owned(small_case(), SCORED, WEST)


@given(v=decisions(SMALL))
def test_it_is_the_dollars_that_amounts_tell(v: np.ndarray) -> None:
    """One holds $60 bn of $100 bn at 4%, and pays 40 bp for its score; two holds $40 bn at 3%, and has no score."""
    capital, loans = dollars(SMALL, v)
    capacity = np.array([60, 30, 40, 50, 30])
    earned = np.array([0.07, 0.075, 0.065, 0.055, 0.06]) @ capital
    lost = (0.03 / (2 * capacity) * np.maximum(capital - capacity / 2, 0) ** 2).sum()
    reserve = 100 + loans.sum() - capital.sum()
    income = earned - lost + 0.03 * reserve - loans.sum(axis=0) @ [0.045, 0.055] - 0.001 * capital.sum()
    score = np.array([0.76, 0.82, 0.75, 0.79, 0.40]) @ capital
    first, second = (al.OwnerGain(each.id).value(SMALL).value(v) * 100 for each in SMALL.principals)
    assert first == pytest.approx(0.6 * income - 0.04 * 60 + 0.004 * score, rel=1e-9, abs=1e-9)
    assert second == pytest.approx(0.4 * income - 0.03 * 40, rel=1e-9, abs=1e-9)


@given(v=decisions(SMALL), w=decisions(SMALL), part=st.floats(0, 1))
def test_it_is_concave(v: np.ndarray, w: np.ndarray, part: float) -> None:
    score = al.OwnerGain("east").value(SMALL)
    assert score.concave
    between = score.value(part * v + (1 - part) * w)
    assert between >= part * score.value(v) + (1 - part) * score.value(w) - 1e-9


def test_its_part_of_income_pays_for_soft_rules() -> None:
    assert [al.OwnerGain(each.id).value(SMALL).income for each in SMALL.principals] == pytest.approx([0.6, 0.4])


def test_two_principals_want_other_lines() -> None:
    """Lines of 8% and 7% for $60 bn each; east pays 200 bp for the second, which is more than its 60% of a point.

    East puts $60 bn there: 0.6 (0.07 x 60 + 0.08 x 40) - 0.04 x 60 + 0.02 x 60 = $3.24 bn. West has 40% of
    0.08 x 60 + 0.07 x 40, less 0.03 x 40: $1.84 bn.
    """
    case = tiny(
        {"cash-yield [%]": [8, 7], "capacity [$ bn]": [60, 60], "own": [0, 1]},
        equity=[{"holder": "one", "amount": "$60 bn"}, {"holder": "two", "amount": "$40 bn"}],
    )
    case = owned(case, EAST | {"strategic": {"column": "own", "worth": "200 bp"}}, WEST)
    for name, capital, bn in (("east", [40, 60], 3.24), ("west", [60, 40], 1.84)):
        found = solve(case, al.Rulebook([]), al.OwnerGain(name))
        assert found.amounts["amount"].tolist() == pytest.approx(capital, abs=0.02)
        assert found.record["objective"]["value"] * 100 == pytest.approx(bn, abs=1e-3)


def test_what_it_needs() -> None:
    with pytest.raises(InputError, match=r"^no principal 'weest'; did you mean 'west'\?$"):
        al.OwnerGain("weest").value(SMALL)
    with pytest.raises(
        InputError, match=r"^an owner's gain needs to know whose, as in owner-gain:east; known: east, west$"
    ):
        al.OwnerGain().value(SMALL)
    with pytest.raises(InputError, match=r"^no principal 'east'; name them under 'principals' in fund.yaml$"):
        al.OwnerGain("east").value(small_case())


def test_it_is_told_before_and_after_penalties_and_what_moves_it_in_dollars_of_gain() -> None:
    """East gains 2 + 0.02 t - 0.0025 t with t of $100 bn in b, as half of 50 bp on each dollar missing from a is its."""
    cap = al.rules.Share(id="cap", title="C", scope={"line": "b"}, of="deployed", at_most="50%")
    out = solve(two_lines(), book(al.rules.Share.model_validate(FLOOR), cap), al.OwnerGain("east"), resolve=True)
    (part,) = out.record["objective"]["parts"]
    # Of the 80% that the floor asks for in a, 30% are missing.
    assert part["value"] == pytest.approx(0.03, abs=1e-6)
    assert part["net"] == pytest.approx(0.03 - 0.0025 * 0.3, abs=1e-6)
    assert out.principals.loc["east", "gain"] == pytest.approx(100 * part["net"], abs=1e-5)
    assert out.prices.loc["cap", "dollars"] == pytest.approx(0.0175, rel=1e-4)
    assert out.record["objective"]["dollars"] == 100


def test_what_one_owner_s_dollar_costs_the_other_on_a_frontier() -> None:
    """Both gains are parts of $100 bn: what a part of one costs of the other is as much of $100 bn."""
    found = al.frontier(two_lines(), None, al.OwnerGain("west"), al.OwnerGain("east"))
    known = found.points[["exchange", "dollars"]].dropna()
    assert len(known)
    assert known["dollars"].to_numpy() == pytest.approx(100 * known["exchange"].to_numpy())
