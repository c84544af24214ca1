"""The part of the fund in one country, on three bases."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from conftest import small_case
from helpers import amounts, check_clause, check_price, decisions, dollars, refused, solve, tiny, value
from hypothesis import given
from hypothesis import strategies as st

import allocator as al

Domicile = al.rules.Domicile
ON = dt.date(2026, 4, 1)
SMALL = small_case()
TWO = tiny(
    {
        "cash-yield [%]": [5, 8],
        "capacity [$ bn]": [100, 100],
        "domicile": ["US", "JP"],
        "site": ["JP", "US"],
        "us-share [%]": [90, 40],
    }
)


def within(**fields: object) -> Domicile:
    return Domicile.read({"id": "d", "title": "D", "country": "US", "basis": "seat", "of": "deployed", **fields})


@pytest.mark.parametrize(
    ("basis", "side", "limit", "low", "high", "a", "worth"),
    [
        # The seat of a is in the US: a = 85. A point more takes it from 8% to 5%.
        ("seat", "at_least", "85%", "84%", "86%", 85, -0.03),
        # What b builds stands in the US: b <= 30.
        ("assets", "at_most", "30%", "29%", "31%", 70, 0.03),
        # 0.9 a + 0.4 b = 65 and a + b = 100: a = 50. A point more moves 1 / 0.5 = $2 bn.
        ("content", "at_least", "65%", "64%", "66%", 50, -0.06),
    ],
)
def test_it_binds(basis: str, side: str, limit: str, low: str, high: str, a: float, worth: float) -> None:
    rule = within(basis=basis, **{side: limit})
    out = solve(TWO, rule)
    assert amounts(out) == pytest.approx([a, 100 - a], abs=0.005)
    assert value(out) == pytest.approx(0.08 - 0.03 * a / 100, abs=1e-8)
    assert check_price(TWO, rule, side.replace("_", "-"), low, high) == pytest.approx(worth)


def test_soft_is_paid_at_its_penalty_or_met() -> None:
    # A dollar moved to a adds 0.5 of content and costs 3%: 6% a dollar of content. All in b, 65 - 40 = $25 bn is short,
    # which at 500 bp costs 1.25 of 100: 8% - 1.25% = 6.75%. At 700 bp it is met at 6.5%.
    soft = {"basis": "content", "at_least": "65%", "severity": "soft"}
    paid, met = (solve(TWO, within(**soft, penalty=penalty)) for penalty in ("500 bp", "700 bp"))
    assert value(paid) == pytest.approx(0.0675, abs=1e-8)
    assert paid.record["rules"][0]["shortfall"] == pytest.approx(25, abs=0.02)
    assert value(met) == pytest.approx(0.065, abs=1e-8)
    assert met.record["rules"][0]["shortfall"] == pytest.approx(0, abs=0.01)
    for penalty, worth in (("500 bp", -0.05), ("700 bp", -0.06)):
        rule = within(**soft, penalty=penalty)
        assert check_price(TWO, rule, "at-least", "64%", "66%") == pytest.approx(worth)


@given(v=decisions(SMALL), limit=st.sampled_from([0.2, 0.6, 0.9]), side=st.sampled_from(["at_least", "at_most"]))
def test_agrees_with_a_formula(v: np.ndarray, limit: float, side: str) -> None:
    x, loans = dollars(SMALL, v)
    if not x.sum():
        return
    for basis, counted in (
        ("seat", [1, 0, 1, 1, 0]),
        ("assets", [1, 1, 1, 1, 0]),
        ("content", [0.9, 0.4, 0.75, 0.8, 0.1]),
    ):
        for of, whole in (("deployed", x.sum()), ("total-assets", 100 + loans.sum())):
            (clause,) = within(basis=basis, of=of, **{side: f"{limit:.0%}"}).clauses(SMALL, ON)
            check_clause(clause, v, [np.dot(counted, x) / whole], limit)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"at_least": {"2026-04-01": "85%", "2028-01-01": "90%"}},
            "Capital in companies seated in the United States is at least 85% of the capital deployed"
            " (from 2028-01-01 at least 90%).",
        ),
        (
            {"basis": "assets", "country": "XK", "of": "total-assets", "at_most": "7.5%"},
            "Capital in assets that stand in XK is at most 7.5% of total assets, the reserve included.",
        ),
        (
            {"basis": "content", "at_least": "65%", "severity": "soft", "penalty": "100 bp"},
            "Content made in the United States (each line's capital times the part of it that is made there) is at least"
            " 65% of the capital deployed. It may be missed, at a cost of 1% a year (100 bp) on each dollar short.",
        ),
    ],
)
def test_sentence(fields: dict[str, object], words: str) -> None:
    assert within(**fields).sentence(ON) == words


def test_the_limit_of_the_date_is_in_force() -> None:
    rule = within(at_least={"2026-04-01": "85%", "2028-01-01": "90%"})
    for day, limit in (("2026-04-01", 85), ("2027-12-31", 85), ("2028-01-01", 90)):
        out = al.allocate(TWO, al.Rulebook([rule], as_of=day), al.DividendYield(), resolve=False)
        assert amounts(out)[0] == pytest.approx(limit, abs=0.005)


@pytest.mark.parametrize(
    ("fields", "notation"),
    [
        ({"at_least": "85%"}, "sum of x_i over lines whose domicile is US >= 85% * (sum of all x_i)"),
        (
            {"basis": "assets", "country": "XK", "of": "total-assets", "at_most": "7.5%"},
            "sum of x_i over lines whose site is XK <= 7.5% * (R + sum of all x_i)",
        ),
        ({"basis": "content", "at_least": "65%"}, "sum of all u_i * x_i >= 65% * (sum of all x_i)"),
    ],
)
def test_formula(fields: dict[str, object], notation: str) -> None:
    assert within(**fields).formula(ON) == notation


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "kind: domicile\ncountry: UU\nbasis: seat\nof: deployed\nat-least: 85%",
            "p.yaml:10:14: no line has domicile 'UU'; known: CA, JP, US",
        ),
        (
            "kind: domicile\ncountry: JP\nbasis: content\nof: deployed\nat-least: 85%",
            "p.yaml:10:14: rule 'one' country: content is known for the US only, not for 'JP';"
            " use basis: seat or assets",
        ),
    ],
)
def test_a_file_that_fails(tmp_path: object, lines: str, message: str) -> None:
    assert refused(tmp_path, lines, SMALL) == message
