"""Cases in which the mathematics once went wrong: covers, compression, caps on income, and what is left to round."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import book, tiny

import allocator as al
from allocator.errors import InputError

LOAN = {"id": "loan", "capacity": "$400 bn", "cost": "3%", "tenor": "30 years", "repayment": "bullet"}


def test_each_over_net_income_is_kept() -> None:
    case = tiny(
        {"cash-yield [%]": [70, 50], "capacity [$ bn]": [50, 50], "strategic-weight": [1, 0.1]},
        compression={"from": "0%", "slope": "4,000 bp"},
    )
    rule = al.rules.Share(id="cap", title="Cap", each="line", of="net-cash-income", at_most="100%")
    out = al.allocate(case, book(rule), al.StrategicWeight(), resolve=False)
    x = out.amounts["amount"].to_numpy()
    net = 0.7 * x[0] + 0.5 * x[1] - 0.4 / 100 * (x @ x)
    assert out.status == "optimal"
    # Were each line to see its own loss only, both could be filled: 50 against 60 - 10.
    assert x.max() == pytest.approx(net, rel=1e-4)
    assert x.sum() < 99


def test_a_line_without_income_may_be_built_where_it_owes_nothing() -> None:
    columns = {"cash-yield [%]": [-1, 5], "capacity [$ bn]": [50, 50], "strategic-weight": [10, 1]}
    for how in ({}, {"compression": {"from": "50%", "slope": "3%"}}):
        case = tiny(columns, [LOAN | {"covenants": {"cover": "1.30x"}}], **how)
        out = al.allocate(case, None, al.StrategicWeight(), resolve=False)
        assert out.status == "optimal"
        assert out.amounts["amount"].iloc[0] == pytest.approx(50, abs=1e-3)
        assert out.financing.iloc[0].sum() == 0


def test_other_debt_is_paid_at_least_once() -> None:
    # Interest of 3% on both; a covenant of 1.30x on each: 5 of income pays 1.3 * 3% * f1 + 3% * f2 and the other way
    # round, so that f1 = f2 = 5 / (2.3 * 3%), and income covers all service 1.15 times.
    loans = [LOAN | {"id": name, "covenants": {"cover": "1.30x"}} for name in ("one", "two")]
    case = tiny({"cash-yield [%]": [5], "capacity [$ bn]": [1000], "strategic-weight": [1]}, loans)
    out = al.allocate(case, None, al.StrategicWeight(), resolve=False)
    capital, debt = out.amounts["amount"].iloc[0], out.totals["debt"]
    assert 0.05 * capital / (0.03 * debt) >= 1.15 - 1e-6


def test_three_thousand_equal_lines_close_within_their_cap() -> None:
    count = 3000
    case = al.Case.from_moments(np.full(count, 0.05), np.diag(np.full(count, 0.04)))
    cap = al.rules.Share(id="cap", title="Cap", each="line", of="deployed", at_most="0.03334%")
    out = al.allocate(case, book(cap), al.Variance(), resolve=False)
    assert out.status == "optimal"
    assert out.amounts["amount"].max() <= 0.0003334 + 1e-7


@pytest.mark.parametrize("scale", [2e-6, 0.04])
def test_what_binds_does_not_hang_on_the_unit(scale: float) -> None:
    case = al.Case.from_moments(np.full(4, 0.05), scale * np.diag([1.0, 2.0, 3.0, 4.0]))
    cap = al.rules.Share(id="cap", title="Cap", each="line", of="deployed", at_most="30%")
    out = al.allocate(case, book(cap), al.Variance())
    assert out.record["rules"][0]["binding"] == ["line-1", "line-2"]
    assert out.record["prices"][0]["clear"] is True


def test_a_step_leaves_a_haircut_below_all() -> None:
    case = tiny({"cash-yield [%]": [60], "capacity [$ bn]": [300]}, [LOAN])
    rule = al.rules.Coverage(id="c", title="C", measure="debt-service", haircut="99.5%", at_least="1.20x")
    out = al.allocate(case, book(rule), al.DividendYield())
    (price,) = (each for each in out.record["prices"] if each["number"] == "haircut")
    assert price["step-up"] is None
    assert price["step-down"] > 0


@pytest.mark.parametrize("compression", [None, {"from": "100%", "slope": "3%"}, {"from": "50%", "slope": "3%"}])
def test_too_little_capacity_is_told(compression: dict[str, str] | None) -> None:
    how = {} if compression is None else {"compression": compression}
    case = tiny({"cash-yield [%]": [5, 5], "capacity [$ bn]": [30, 20]}, **{"fully-invested": "yes"}, **how)
    out = al.allocate(case, None, al.DividendYield(), resolve=False)
    assert out.status == "infeasible"
    assert [each["rule"] for each in out.record["violations"]] == ["terms.capacity"]


def test_nothing_can_be_bought_at_all() -> None:
    case = tiny({"cash-yield [%]": [5, 5], "capacity [$ bn]": [0, 0]}, **{"fully-invested": "yes"})
    out = al.allocate(case, None, al.DividendYield(), resolve=False)
    assert out.status == "infeasible"
    assert out.violations.index.tolist() == ["terms.fully-invested"]
    kept = tiny({"cash-yield [%]": [5, 5], "capacity [$ bn]": [0, 0]})
    assert al.allocate(kept, None, al.DividendYield()).totals["reserve"] == 100


def test_a_soft_rule_against_net_income_is_refused() -> None:
    case = tiny({"cash-yield [%]": [9, 4], "capacity [$ bn]": [50, 50]}, compression={"from": "0%", "slope": "3%"})
    rule = al.rules.Share(id="s", title="S", scope={"line": "a"}, of="net-cash-income", at_most="50%",
                          severity="soft", penalty="50 bp")  # fmt: skip
    with pytest.raises(InputError, match="its shortfall against cash income net of compression is not in dollars"):
        book(rule).clauses(case)
