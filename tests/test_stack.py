from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from allocator.case import yearly_service
from allocator.errors import InputError
from allocator.scope import Scope
from allocator.stack import Tranche
from allocator.units import Rate

TERMS: dict[str, Any] = {"id": "loans", "capacity": "$40 bn", "cost": "4.85%", "tenor": "18 years"}


def tranche(**fields: Any) -> Tranche:
    return Tranche.read(TERMS | fields)


@pytest.mark.parametrize(
    ("cost", "rate"),
    [
        ("4.85%", 0.0485),
        ({"rate": "4.85%", "fee": "10 bp"}, 0.0495),
        ({"reference": "sofr", "spread": "120 bp"}, 0.0485),
        ({"reference": "sofr", "spread": "-5 bp", "fee": "15 bp"}, 0.0375),
        ({"reference": "sofr", "spread": "-365 bp"}, 0.0),
    ],
)
def test_a_cost_is_all_in(cost: Any, rate: float) -> None:
    assert tranche(cost=cost).cost.yearly({"sofr": Rate.parse("3.65%")}) == rate


@pytest.mark.parametrize(
    ("cost", "message"),
    [
        ({"reference": "soffr"}, "unknown reference 'soffr'; did you mean 'sofr'?"),
        ({"reference": "sofr", "spread": "-4%"}, "a cost of -35 bp a year, all in, is negative; write zero or more"),
    ],
)
def test_a_cost_that_cannot_be_told(cost: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        tranche(cost=cost).cost.yearly({"sofr": Rate.parse("3.65%")})
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("fields", "cost", "life", "service"),
    [
        # one payment of principal and interest; two of (1 + r)^2 r / ((1 + r)^2 - 1) = 1.21 * 0.1 / 0.21
        ({"tenor": "1 year"}, 0.1, 30, 1.1),
        ({"tenor": "2 years"}, 0.1, 30, 0.121 / 0.21),
        # the shorter of tenor and life counts
        ({"tenor": "20 years"}, 0.1, 2, 0.121 / 0.21),
        ({"tenor": "2 years"}, 0.1, np.inf, 0.121 / 0.21),
        # textbook: 8% over 30 years is 0.0888274 a year
        ({"tenor": "30 years"}, 0.08, 40, 0.08882743),
        # without interest, principal alone; a cost next to nothing is next to that
        ({"tenor": "10 years"}, 0.0, 4, 0.25),
        ({"tenor": "10 years"}, 1e-12, 10, 0.1),
        # a bullet pays interest alone, however short the life
        ({"repayment": "bullet"}, 0.055, 3, 0.055),
    ],
)
def test_service(fields: dict[str, Any], cost: float, life: float, service: float) -> None:
    assert yearly_service(tranche(**fields), cost, np.array([life])) == pytest.approx([service], rel=1e-7)


def test_an_annuity_repays_its_loan() -> None:
    debt, service = 100.0, 100 * yearly_service(tranche(), 0.0485, np.array([25.0]))[0]
    for _ in range(18):
        debt = debt * 1.0485 - service
    assert debt == pytest.approx(0, abs=1e-10)


def test_what_is_not_said() -> None:
    made = tranche()
    assert (made.repayment, made.eligible, made.sub_limits) == ("annuity", Scope({}), [])
    assert set(made.covenants.model_dump().values()) == {None}
