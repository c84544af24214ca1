"""Expected return net of costs over equity."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import small_case
from helpers import amounts, book, decisions, dollars, solve, tiny, value
from hypothesis import given

import allocator as al

SMALL = small_case()


def test_it_is_net_of_interest_and_compression() -> None:
    # b expects more, and 40 are borrowed at 3%: 140 * 10% - 0.0002 * 40^2 - 1.2 = 12.48 on 100.
    case = tiny(
        {"cash-yield [%]": [8, 1], "expected-return [%]": [6, 10], "capacity [$ bn]": [200, 200]},
        [{"id": "loan", "capacity": "$40 bn", "cost": "3%", "tenor": "20 years", "repayment": "bullet"}],
        compression={"from": "50%", "slope": "8%"},
    )
    out = solve(case, book(), al.ExpectedReturn())
    # Above 100 the last dollar of b earns 10% - 0.04% * 40 = 8.4%, more than the 6% of a.
    assert amounts(out) == pytest.approx([0, 140], abs=0.02)
    assert value(out) == pytest.approx(0.1248, abs=1e-7)


@given(v=decisions(SMALL))
def test_agrees_with_a_formula(v: np.ndarray) -> None:
    x, loans = dollars(SMALL, v)
    capacity = np.array([60, 30, 40, 50, 30])
    gain = x @ [0.08, 0.13, 0.09, 0.08, 0.085] - (0.03 / (2 * capacity) * np.maximum(x - capacity / 2, 0) ** 2).sum()
    reserve = 100 + loans.sum() - x.sum()
    net = gain + 0.03 * reserve - (loans @ [0.045, 0.055]).sum() - 0.001 * x.sum()
    assert al.ExpectedReturn().score(SMALL).value(v) == pytest.approx(net / 100, abs=1e-12)


def test_a_case_without_the_column() -> None:
    with pytest.raises(al.InputError) as caught:
        al.allocate(tiny({"cash-yield [%]": [8]}), objective=al.ExpectedReturn())
    assert str(caught.value) == (
        "objective 'expected-return' needs column 'expected-return', which the universe lacks; add it to the universe"
    )
