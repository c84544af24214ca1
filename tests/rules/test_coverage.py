"""Income over what the debt asks."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from conftest import small_case
from helpers import book, check_clause, check_price, decisions, dollars, refused, solve, tiny, value
from hypothesis import given
from hypothesis import strategies as st

import allocator as al

Coverage = al.rules.Coverage
ON = dt.date(2026, 4, 1)
SMALL = small_case()
LINE = {"cash-yield [%]": [8], "capacity [$ bn]": [1000], "life [years]": [10]}
LOAN = {"id": "loan", "capacity": "$150 bn", "cost": "4%", "tenor": "20 years"}
BULLET = tiny(LINE, [LOAN | {"repayment": "bullet"}])
ANNUITY = tiny(LINE, [LOAN])


def cover(**fields: object) -> Coverage:
    return Coverage.read({"id": "c", "title": "C", "measure": "interest", **fields})


def test_interest() -> None:
    # 8 + 0.08 F = 4 * 0.04 F: F = 100, dF/dk = -8 * 0.04 / (0.16 - 0.08)^2 = -50, and a dollar of it earns 4%.
    rule = cover(at_least="4.00x")
    out = solve(BULLET, rule)
    assert out.totals["debt"] == pytest.approx(100, abs=0.01)
    assert value(out) == pytest.approx(0.12, abs=1e-7)
    assert check_price(BULLET, rule, "at-least", "3.99x", "4.01x") == pytest.approx(-0.02, rel=1e-3)


def test_a_haircut_has_a_price_of_its_own() -> None:
    # 75% of income three times is all of it four times. theta = k / (1 - h): 1 / 0.75 a unit of k, 3 / 0.75^2 of h.
    rule = cover(at_least="3.00x", haircut="25%")
    assert value(solve(BULLET, rule)) == pytest.approx(0.12, abs=1e-7)
    assert check_price(BULLET, rule, "at-least", "2.99x", "3.01x") == pytest.approx(-0.02 / 0.75, rel=1e-3)
    assert check_price(BULLET, rule, "haircut", "24.9%", "25.1%") == pytest.approx(-0.02 * 3 / 0.75**2, rel=1e-3)


def test_debt_service_over_the_life_of_the_asset() -> None:
    # The annuity runs 10 years and not 20: 0.04 / (1 - 1.04^-10) a dollar. 8 + 0.08 F = 1.2 s F.
    s = 0.04 / (1 - 1.04**-10)
    out = solve(ANNUITY, cover(measure="debt-service", at_least="1.20x"))
    assert out.totals["debt"] == pytest.approx(8 / (1.2 * s - 0.08), abs=0.01)
    check_price(ANNUITY, cover(measure="debt-service", at_least="1.20x"), "at-least", "1.199x", "1.201x")


def test_compression_counts() -> None:
    # 0.00005 (x - 100)^2 is lost: 8 + 0.08 F - 0.00005 F^2 = 0.16 F, so F = -800 + sqrt(640000 + 160000).
    case = tiny(
        LINE | {"capacity [$ bn]": [400]}, [LOAN | {"repayment": "bullet"}], compression={"from": "25%", "slope": "4%"}
    )
    rule = cover(at_least="4.00x")
    assert solve(case, rule).totals["debt"] == pytest.approx(-800 + 800_000**0.5, abs=0.02)
    check_price(case, rule, "at-least", "3.99x", "4.01x")


def test_soft_is_paid_at_its_penalty_or_met() -> None:
    # A dollar of debt beyond 100 lets 0.16 - 0.08 of income be short and earns 4%: half a dollar for a dollar.
    # At 10% a year all of 150 is borrowed: $4 bn is short, (250 * 8% - 6 - 0.4) / 100. At 60% none.
    for penalty, best, short in (("1,000 bp", 0.136, 4), ("6,000 bp", 0.12, 0)):
        rule = cover(at_least="4.00x", severity="soft", penalty=penalty)
        out = solve(BULLET, rule)
        assert value(out) == pytest.approx(best, abs=1e-7)
        assert out.record["rules"][0]["shortfall"] == pytest.approx(short, abs=0.01)
        check_price(BULLET, rule, "at-least", "3.99x", "4.01x")


@given(v=decisions(SMALL), limit=st.sampled_from([0.8, 1.2, 3.0]), haircut=st.sampled_from([0.0, 0.15]))
def test_agrees_with_a_formula(v: np.ndarray, limit: float, haircut: float) -> None:
    x, loans = dollars(SMALL, v)
    if not loans.sum() or not x.sum():
        return
    capacity, yields = np.array([60, 30, 40, 50, 30]), np.array([0.07, 0.075, 0.065, 0.055, 0.06])
    income = (x * yields - 0.03 / (2 * capacity) * np.maximum(x - capacity / 2, 0) ** 2).sum() * (1 - haircut)
    years = np.minimum(18, [24, 8, 20, 30, 20])
    service = loans[:, 0] @ (0.045 / (1 - 1.045**-years)) + 0.055 * loans[:, 1].sum()
    interest = (loans @ [0.045, 0.055]).sum()
    for measure, owed in (("debt-service", service), ("interest", interest)):
        (clause,) = cover(measure=measure, at_least=f"{limit}x", haircut=f"{haircut:.0%}").clauses(SMALL, ON)
        check_clause(clause, v, [income / owed], limit)


def test_no_debt_passes() -> None:
    none = al.rules.Leverage(id="none", title="N", measure="debt-to-equity", at_most="0.00x")
    assert value(solve(BULLET, book(cover(at_least="4.00x"), none))) == pytest.approx(0.08)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"at_least": "2.00x"},
            "Cash income net of compression is at least 2.00x interest. Where nothing is owed, the rule is kept.",
        ),
        (
            {"measure": "debt-service", "haircut": "15%", "at_least": {"2026-04-01": "1.20x", "2028-01-01": "1.30x"}},
            "Cash income net of compression, cut by a haircut of 15%, is at least 1.20x debt service"
            " (from 2028-01-01 at least 1.30x). Where nothing is owed, the rule is kept.",
        ),
    ],
)
def test_sentence(fields: dict[str, object], words: str) -> None:
    assert cover(**fields).sentence(ON) == words


@pytest.mark.parametrize(
    ("fields", "notation"),
    [
        (
            {"measure": "debt-service", "haircut": "15%", "at_least": "1.25x"},
            "(1 - 15%) * (sum of all (y_i * x_i - loss_i)) >= 1.25 * (sum of all s_it * f_it)",
        ),
        ({"at_least": "2.00x"}, "sum of all (y_i * x_i - loss_i) >= 2.00 * (sum of all c_t * f_it)"),
    ],
)
def test_formula(fields: dict[str, object], notation: str) -> None:
    assert cover(**fields).formula(ON) == notation


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "measure: interest\nhaircut: 100%\nat-least: 2.00x",
            "p.yaml:11:14: rule 'one' haircut: 100% is not between 0% and 100%; write 15%, say",
        ),
        (
            "measure: interest\nat-least: 200%",
            "p.yaml:11:15: rule 'one' at-least: cannot read '200%'; write a multiple such as 1.30x",
        ),
        ("measure: interest\nat-most: 2.00x", "p.yaml:11:5: rule 'one' at-most: unknown key; did you mean 'at-least'?"),
        (
            "measure: intrest\nat-least: 2.00x",
            "p.yaml:10:14: rule 'one' measure: cannot read 'intrest'; did you mean 'interest'?",
        ),
    ],
)
def test_a_file_that_fails(tmp_path: object, lines: str, message: str) -> None:
    assert refused(tmp_path, f"kind: coverage\n{lines}", SMALL).splitlines()[-1] == message
