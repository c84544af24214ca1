"""Net distributable income over equity."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import small_case
from helpers import amounts, book, decisions, dollars, solve, tiny, value
from hypothesis import given

import allocator as al

SMALL = small_case()


def test_debt_is_taken_up_to_its_capacity_and_all_costs_are_paid() -> None:
    # 150 at 8%, less 0.0001 * 50^2 to compression, 3% on 50 and 10 bp on 150: 12 - 0.25 - 1.5 - 0.15 = 10.1 on 100.
    case = tiny(
        {"cash-yield [%]": [8], "capacity [$ bn]": [200]},
        [{"id": "loan", "capacity": "$50 bn", "cost": "3%", "tenor": "20 years", "repayment": "bullet"}],
        compression={"from": "50%", "slope": "4%"},
        fee="10 bp",
    )
    out = solve(case, book())
    assert value(out) == pytest.approx(0.101, abs=1e-8)
    assert out.totals["distributable-income"] == pytest.approx(10.1, abs=2e-4)


def test_compression_splits_two_lines_where_their_last_dollars_yield_the_same() -> None:
    # a: 8% - 0.06% x, b: 5% flat. The last dollars are equal at a = 50: 4 - 0.0003 * 2500 + 2.5 = 5.75 on 100.
    case = tiny(
        {"cash-yield [%]": [8, 5], "capacity [$ bn]": [100, 100], "compression-slope [%]": [6, 0]},
        compression={"from": "0%", "slope": "1%"},
    )
    out = solve(case, book())
    assert value(out) == pytest.approx(0.0575, abs=1e-8)
    # Near the optimum a flat top lets the canonical choice move by sqrt(1e-6 / 0.03) of equity at most.
    assert amounts(out) == pytest.approx([50, 50], abs=0.6)


def test_a_reserve_is_kept_where_it_earns_more() -> None:
    case = tiny({"cash-yield [%]": [8, 2], "capacity [$ bn]": [30, 100]}, **{"reserve-yield": "3%"})
    out = solve(case, book())
    assert out.totals["reserve"] == pytest.approx(70, abs=0.01)
    assert value(out) == pytest.approx(0.3 * 0.08 + 0.7 * 0.03, abs=1e-8)


@given(v=decisions(SMALL))
def test_agrees_with_a_formula(v: np.ndarray) -> None:
    x, loans = dollars(SMALL, v)
    capacity, yields = np.array([60, 30, 40, 50, 30]), np.array([0.07, 0.075, 0.065, 0.055, 0.06])
    income = x @ yields - (0.03 / (2 * capacity) * np.maximum(x - capacity / 2, 0) ** 2).sum()
    reserve = 100 + loans.sum() - x.sum()
    net = income + 0.03 * reserve - (loans @ [0.045, 0.055]).sum() - 0.001 * x.sum()
    score = al.DividendYield().score(SMALL)
    assert score.value(v) == pytest.approx(net / 100, abs=1e-12)
    assert score.income == 1
