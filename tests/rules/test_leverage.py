"""Debt or capital over equity, and one tranche's part of the debt."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from conftest import small_case
from helpers import check_clause, check_price, decisions, dollars, refused, solve, tiny, value
from hypothesis import given
from hypothesis import strategies as st

import allocator as al

Leverage = al.rules.Leverage
ON = dt.date(2026, 4, 1)
SMALL = small_case()
BULLET = {"tenor": "20 years", "repayment": "bullet", "cost": "3%"}
# 8% on what is deployed, 3% on what is borrowed.
CASE = tiny(
    {"cash-yield [%]": [8], "capacity [$ bn]": [400]},
    [{"id": "cheap", "capacity": "$200 bn", **BULLET}, {"id": "dear", "capacity": "$60 bn", **BULLET, "cost": "4%"}],
)


def borrowing(**fields: object) -> Leverage:
    return Leverage.read({"id": "l", "title": "L", **fields})


@pytest.mark.parametrize(
    ("fields", "low", "high", "best", "worth"),
    [
        # F = 50: (12 - 1.5) / 100; one more equity of debt is 8% - 3%.
        ({"measure": "debt-to-equity", "at_most": "0.50x"}, "0.49x", "0.51x", 0.105, 0.05),
        # X = 140, F = 40: (11.2 - 1.2) / 100.
        ({"measure": "deployed-to-equity", "at_most": "1.40x"}, "1.39x", "1.41x", 0.10, 0.05),
        # cheap <= 0.4 (cheap + 60): cheap = 60 k / (1 - k) = 40, whose slope is 60 / 0.36: (16 - 1.2 - 2.4) / 100.
        ({"measure": "tranche", "tranche": "cheap", "at_most": "40%"}, "39.9%", "40.1%", 0.124, 0.05 * 0.6 / 0.36),
    ],
)
def test_it_binds(fields: dict[str, str], low: str, high: str, best: float, worth: float) -> None:
    rule = borrowing(**fields)
    assert value(solve(CASE, rule)) == pytest.approx(best, abs=1e-7)
    assert check_price(CASE, rule, "at-most", low, high) == pytest.approx(worth, rel=1e-3)


def test_soft_is_paid_at_its_penalty_or_met() -> None:
    # The first $200 bn beyond the cap of none earn 5%, the last $60 bn 4%. At 450 bp the cheap ones are taken:
    # (300 * 8% - 6 - 200 * 4.5%) / 100 = 9%; at 600 bp none: 8%.
    for penalty, best, over, worth in (("450 bp", 0.09, 200, 0.045), ("600 bp", 0.08, 0, 0.05)):
        rule = borrowing(measure="debt-to-equity", at_most="0.00x", severity="soft", penalty=penalty)
        out = solve(CASE, rule)
        assert value(out) == pytest.approx(best, abs=1e-7)
        assert out.record["rules"][0]["shortfall"] == pytest.approx(over, abs=0.02)
        low = borrowing(measure="debt-to-equity", at_most="0.10x", severity="soft", penalty=penalty)
        assert check_price(CASE, low, "at-most", "0.09x", "0.11x") == pytest.approx(worth)


@given(v=decisions(SMALL), limit=st.sampled_from([0.3, 0.8, 1.5]), side=st.sampled_from(["at_least", "at_most"]))
def test_agrees_with_a_formula(v: np.ndarray, limit: float, side: str) -> None:
    x, loans = dollars(SMALL, v)
    (debt,) = borrowing(measure="debt-to-equity", **{side: f"{limit}x"}).clauses(SMALL, ON)
    check_clause(debt, v, [loans.sum() / 100], limit)
    (size,) = borrowing(measure="deployed-to-equity", **{side: f"{limit}x"}).clauses(SMALL, ON)
    check_clause(size, v, [x.sum() / 100], limit)
    if loans.sum():
        (part,) = borrowing(measure="tranche", tranche="bonds", **{side: f"{limit:.0%}"}).clauses(SMALL, ON)
        check_clause(part, v, [loans[:, 1].sum() / loans.sum()], limit)


def test_no_debt_passes() -> None:
    (clause,) = borrowing(measure="tranche", tranche="bonds", at_least="40%").clauses(SMALL, ON)
    v = SMALL.decision.vector(np.full(5, 0.2), np.zeros(SMALL.decision.pairs))
    assert clause.excess(v) <= 0
    assert np.isnan(clause.level(v))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"measure": "debt-to-equity", "at_most": {"2026-04-01": "2.00x", "2030-01-01": "1.50x"}},
            "Debt is at most 2.00x equity (from 2030-01-01 at most 1.50x).",
        ),
        (
            {"measure": "deployed-to-equity", "at_least": "1.00x", "at_most": "3.00x"},
            "The capital deployed is at least 1.00x and at most 3.00x equity.",
        ),
        (
            {"measure": "tranche", "tranche": "yen-loans", "at_most": "40%"},
            "Debt of the tranche yen-loans is at most 40% of all debt. Where there is no debt, the rule is kept.",
        ),
    ],
)
def test_sentence(fields: dict[str, object], words: str) -> None:
    assert borrowing(**fields).sentence(ON) == words


@pytest.mark.parametrize(
    ("fields", "notation"),
    [
        ({"measure": "debt-to-equity", "at_most": "2.00x"}, "sum of all f_it <= 2.00 * E"),
        (
            {"measure": "deployed-to-equity", "at_least": "1.00x", "at_most": "300%"},
            "sum of all x_i >= 1.00 * E and sum of all x_i <= 300% * E",
        ),
        (
            {"measure": "tranche", "tranche": "yen", "at_most": "40%"},
            "sum of all f_it of tranche yen <= 40% * (sum of all f_it)",
        ),
    ],
)
def test_formula(fields: dict[str, object], notation: str) -> None:
    assert borrowing(**fields).formula(ON) == notation


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "measure: tranche\ntranche: bond\nat-most: 40%",
            "p.yaml:11:14: rule 'one': no tranche 'bond'; did you mean 'bonds'?",
        ),
        (
            "measure: debt-to-equity\nat-most: 2",
            "p.yaml:11:14: rule 'one' at-most: cannot read '2'; write a multiple such as 1.30x, or a share such as 35%",
        ),
        (
            "measure: debt-to-equity\ntranche: bonds\nat-most: 2.00x",
            "p.yaml:11:14: rule 'one' tranche: it goes with measure: tranche; give both, or none",
        ),
    ],
)
def test_a_file_that_fails(tmp_path: object, lines: str, message: str) -> None:
    assert refused(tmp_path, f"kind: leverage\n{lines}", SMALL) == message
