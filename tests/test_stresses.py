"""Stresses: shocks of one line add up, whatever their order, and none can lose more than all."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from helpers import tiny

from allocator.errors import InputError
from allocator.stresses import Stress

LINES = tiny({"sector": ["power", "power", "grid"], "site": ["US", "JP", "US"]}).universe.lines
SHOCKS: list[dict[str, Any]] = [
    {"scope": {"sector": "power"}, "return": "-30%"},
    {"scope": {"site": "US"}, "return": "-150 bp"},
    {"scope": {"line": "b"}, "return": "5%"},
    {"scope": "all", "return": "-0.5%"},
]


def stress(*shocks: dict[str, Any]) -> Stress:
    return Stress.read({"id": "s", "title": "S", "story": "A story.", "shocks": list(shocks)}, "stress 's'")


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_shocks_add_up_whatever_their_order(order: tuple[int, ...]) -> None:
    assert stress(*(SHOCKS[k] for k in order)).returns(LINES) == (-0.32, -0.255, -0.02)


def test_all_may_be_lost_and_no_more() -> None:
    # In binary fractions -0.7 and -0.3 are not exactly -1 together.
    parts = [{"scope": {"line": "a"}, "return": part} for part in ("-70%", "-10%", "-20%")]
    assert stress(*parts).returns(LINES) == (-1.0, 0.0, 0.0)
    with pytest.raises(InputError) as caught:
        stress(*parts, {"scope": "all", "return": "-1 bp"}).returns(LINES)
    assert str(caught.value) == (
        "stress 's': the shocks of 'a' add up to -100.01%, more than all there is;"
        " write smaller ones, or narrower scopes"
    )


def test_all_scopes_that_match_nothing_are_told() -> None:
    wrong = [{"scope": scope, "return": "-1%"} for scope in ({"sector": "powr"}, {"line": "z"})]
    with pytest.raises(InputError) as caught:
        stress(*wrong).returns(LINES)
    assert str(caught.value) == "no line has sector 'powr'; did you mean 'power'?\nno line 'z'; known: a, b, c"


def test_what_is_held_is_capital_without_debt() -> None:
    from dataclasses import replace

    loans = [{"id": "loan", "capacity": "$40 bn", "cost": "4%", "tenor": "10 years"}]
    case = tiny({"capacity [$ bn]": [80, 80], "cash-yield [%]": [8, 8]}, loans)
    d = case.decision
    held = replace(case, holdings={"b": 70.0}).held
    np.testing.assert_allclose(held, d.vector(np.array([0.0, 0.7]), np.zeros(d.pairs)))
    assert (held[d.deployed], held[d.debt], held[d.reserve]) == pytest.approx((0.7, 0, 0.3))
    with pytest.raises(InputError, match=r"^the holdings: no line 'z'; known: a, b$"):
        _ = replace(case, holdings={"z": 1.0}).held
