"""Numbers that can be written: rounded to the looser side, with as many digits as that needs."""

from __future__ import annotations

import pytest

from allocator.diagnosis.repairs import rounded
from allocator.units import Index, Money, Multiple, Quantity, Share


@pytest.mark.parametrize(
    ("exact", "was", "at_least", "written"),
    [
        (593.7346, Money(900), True, "$593.7 bn"),
        (593.7346, Money(500), False, "$593.8 bn"),
        (1 / 3, Share(0.30), False, "33.4%"),
        (0.3004, Share(0.30), False, "30.04%"),  # 30.1% would be more than double the change
        (0.29996, Share(0.30), True, "29.996%"),
        (1.2184, Multiple(1.25), True, "1.218x"),
        (1.2496, Multiple(1.25), True, "1.2496x"),
        (0.2501, Index(0.2), False, "0.251"),
        (0.25 + 1e-9, Index(0.2), False, "0.25"),  # the solver's last digits are no reason for another one
        (0.25 - 1e-9, Index(0.3), True, "0.25"),
        (0.0, Money(20), True, "$0 bn"),
    ],
)
def test_rounding(exact: float, was: Quantity, at_least: bool, written: str) -> None:
    found = rounded(exact, was, at_least)
    assert str(found) == written
    assert type(found) is type(was)
