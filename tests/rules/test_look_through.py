"""Exposure to counterparties behind all lines."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from conftest import small_case
from helpers import amounts, check_clause, check_price, decisions, dollars, refused, solve, tiny, value
from hypothesis import given
from hypothesis import strategies as st

import allocator as al

LookThrough = al.rules.LookThrough
ON = dt.date(2026, 4, 1)
SMALL = small_case()
TWO = tiny(
    {"cash-yield [%]": [8, 5], "capacity [$ bn]": [100, 100]}, exposures=[("a", "acme", 0.5), ("b", "acme", 0.1)]
)


def behind(**fields: object) -> LookThrough:
    return LookThrough.read({"id": "l", "title": "L", "of": "deployed", **fields})


def test_one_counterparty_behind_two_lines() -> None:
    # 0.5 a + 0.1 (100 - a) = 30: a = 50. A point more moves 1 / 0.4 = $2.5 bn from 5% to 8%.
    rule = behind(scope={"counterparty": "acme"}, at_most="30%")
    out = solve(TWO, rule)
    assert amounts(out) == pytest.approx([50, 50], abs=0.01)
    assert check_price(TWO, rule, "at-most", "29%", "31%") == pytest.approx(0.03 / 0.4)


def test_each_counterparty_sums_its_rows_in_its_price() -> None:
    # a <= 30 and b <= 30, so c = 40: 2.4 + 1.8 + 1.6 = 5.8%. A point more: (8 - 4) + (6 - 4) = 6% of it.
    case = tiny(
        {"cash-yield [%]": [8, 6, 4], "capacity [$ bn]": [100, 100, 100]},
        exposures=[("a", "acme", 1.0), ("b", "zeta", 1.0), ("c", "idle", 0.1)],
    )
    rule = behind(each="counterparty", at_most="30%")
    out = solve(case, rule)
    assert value(out) == pytest.approx(0.058, abs=1e-8)
    assert out.record["rules"][0]["binding"] == ["acme", "zeta"]
    assert check_price(case, rule, "at-most", "29%", "31%") == pytest.approx(0.06)


def test_soft_is_paid_at_its_penalty_or_met() -> None:
    # A dollar of exposure less costs 3% / 0.4 = 7.5%. All in a is $20 bn over: at 700 bp that is paid, 8% - 1.4%.
    soft = {"each": "counterparty", "at_most": "30%", "severity": "soft"}
    for penalty, best, over, worth in (("700 bp", 0.066, 20, 0.07), ("800 bp", 0.065, 0, 0.075)):
        rule = behind(**soft, penalty=penalty)
        out = solve(TWO, rule)
        assert value(out) == pytest.approx(best, abs=1e-8)
        assert out.record["rules"][0]["shortfall"] == pytest.approx(over, abs=0.02)
        assert check_price(TWO, rule, "at-most", "29%", "31%") == pytest.approx(worth)


@given(v=decisions(SMALL), limit=st.sampled_from([0.05, 0.2, 0.6]))
def test_agrees_with_a_formula(v: np.ndarray, limit: float) -> None:
    x, _ = dollars(SMALL, v)
    if not x.sum():
        return
    acme, zeta = 0.3 * x[0] + 0.8 * x[1], 0.2 * x[1] + 0.5 * x[4]
    (each,) = behind(each="counterparty", at_most=f"{limit:.0%}").clauses(SMALL, ON)
    assert each.labels == ("acme", "zeta")
    check_clause(each, v, np.array([acme, zeta]) / x.sum(), limit)
    (some,) = behind(scope={"counterparty": ["zeta", "acme"]}, of="equity", at_most=f"{limit:.0%}").clauses(SMALL, ON)
    assert some.labels == ("zeta", "acme")
    check_clause(some, v, np.array([zeta, acme]) / 100, limit)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"each": "counterparty", "at_most": {"2026-04-01": "15%", "2027-01-01": "12.5%"}},
            "Capital that depends on any one counterparty, added up over all lines, is at most 15%"
            " of the capital deployed (from 2027-01-01 at most 12.5%).",
        ),
        (
            {"scope": {"counterparty": "acme"}, "of": "equity", "at_most": "120%"},
            "Capital that depends on acme, added up over all lines, is at most 120% of equity.",
        ),
        (
            {"scope": {"counterparty": ["acme", "zeta"]}, "at_most": "15%"},
            "Capital that depends on acme or zeta, each on its own and added up over all lines, is at most 15%"
            " of the capital deployed.",
        ),
    ],
)
def test_sentence(fields: dict[str, object], words: str) -> None:
    assert behind(**fields).sentence(ON) == words


@pytest.mark.parametrize(
    ("fields", "notation"),
    [
        (
            {"each": "counterparty", "at_most": "15%"},
            "sum of all w_ip * x_i <= 15% * (sum of all x_i), for every counterparty p",
        ),
        (
            {"scope": {"counterparty": ["acme", "zeta"]}, "of": "equity", "at_most": "20%"},
            "sum of all w_ip * x_i <= 20% * E, for p = acme and zeta",
        ),
    ],
)
def test_formula(fields: dict[str, object], notation: str) -> None:
    assert behind(**fields).formula(ON) == notation


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "scope: {counterparty: [acme, zetta]}\nat-most: 15%",
            "p.yaml:11:34: no exposure to 'zetta'; did you mean 'zeta'?",
        ),
        (
            "scope: {sector: power}\nat-most: 15%",
            "p.yaml:11:12: rule 'one' scope: a look-through speaks of counterparties; write each: counterparty",
        ),
        (
            "each: counterparty\nat-most: 0.15",
            "p.yaml:12:14: rule 'one' at-most: cannot read '0.15'; write a share such as 35%",
        ),
    ],
)
def test_a_file_that_fails(tmp_path: object, lines: str, message: str) -> None:
    assert refused(tmp_path, f"kind: look-through\nof: deployed\n{lines}", SMALL) == message


def test_it_needs_exposures(tmp_path: object) -> None:
    case = tiny({"cash-yield [%]": [8]})
    assert refused(tmp_path, "kind: look-through\nof: deployed\neach: counterparty\nat-most: 15%", case) == (
        "p.yaml:11:11: rule 'one' needs exposures, and the case has none; name a table under 'exposures' in fund.yaml"
    )
