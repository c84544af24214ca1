"""The mean loss in the worst scenarios."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest
from conftest import small_case
from helpers import amounts, check_clause, check_price, decisions, dollars, refused, solve, tiny, value
from hypothesis import given
from hypothesis import strategies as st

import allocator as al
from allocator.risk import Risk

TailLoss = al.rules.TailLoss
ON = dt.date(2026, 4, 1)
RETURNS = np.round(np.random.default_rng(3).normal(0.06, 0.2, (30, 5)), 3)
SMALL = replace(small_case(), risk=Risk.from_scenarios(RETURNS))
COLUMNS = {"cash-yield [%]": [8, 4], "capacity [$ bn]": [100, 100]}
# In the worst of four years a loses 40% and b 10%, in the next worst 20% and nothing.
TWO = tiny(COLUMNS, scenarios=[[-0.4, -0.1], [0.1, 0.05], [-0.2, 0.0], [0.3, 0.1]])


def tail(**fields: object) -> TailLoss:
    return TailLoss.read({"id": "t", "title": "T", "of": "deployed", "confidence": "75%", **fields})


@pytest.mark.parametrize(
    ("confidence", "part_of_a"),
    [
        # The worst year alone: 0.4 s + 0.1 (1 - s) = 25%.
        ("75%", 0.5),
        # The worst two: (0.6 s + 0.1 (1 - s)) / 2 = 25%, s = 0.8.
        ("50%", 0.8),
        # The worst year and a half of the next: (0.4 s + 0.1 (1 - s) + 0.1 s) / 1.5 = 25%, s = 0.275 / 0.4.
        ("62.5%", 0.6875),
        # Less than one scenario is the worst one.
        ("99%", 0.5),
    ],
)
def test_two_lines(confidence: str, part_of_a: float) -> None:
    rule = tail(confidence=confidence, at_most="25%")
    out = solve(TWO, rule)
    assert amounts(out) == pytest.approx([100 * part_of_a, 100 - 100 * part_of_a], abs=0.01)
    # Of the rule's number one more is worth 8% less 4% by how fast the tail rises with a.
    rise = {"75%": 0.3, "50%": 0.25, "62.5%": 0.4 / 1.5, "99%": 0.3}[confidence]
    assert check_price(TWO, rule, "at-most", "24.9%", "25.1%") == pytest.approx(0.04 / rise, rel=1e-3)


def test_soft_is_paid_at_its_penalty_or_met() -> None:
    # All in a is $15 bn over; a dollar less costs 4% / 0.3 = 13.3%.
    for penalty, best, over in (("1200 bp", 0.08 - 0.15 * 0.12, 15), ("1400 bp", 0.06, 0)):
        out = solve(TWO, tail(at_most="25%", severity="soft", penalty=penalty))
        assert value(out) == pytest.approx(best, abs=1e-8)
        assert out.record["rules"][0]["shortfall"] == pytest.approx(over, abs=0.02)


@given(v=decisions(SMALL), limit=st.sampled_from([0.05, 0.2, 0.6]), confidence=st.sampled_from([50, 90, 95, 99.5]))
def test_agrees_with_rockafellar_and_uryasev(v: np.ndarray, limit: float, confidence: float) -> None:
    x, _ = dollars(SMALL, v)
    if not x.sum():
        return
    # Their minimum over the level a: a + mean of what losses exceed it by, over 1 - confidence.
    losses, level = -RETURNS @ x, cp.Variable()
    over = cp.sum(cp.pos(losses - level)) / (len(RETURNS) * (1 - confidence / 100))
    least = float(cp.Problem(cp.Minimize(level + over)).solve(solver=cp.CLARABEL))
    for of, whole in (("deployed", x.sum()), ("equity", 100)):
        (clause,) = tail(of=of, confidence=f"{confidence}%", at_most=f"{limit:.0%}").clauses(SMALL, ON)
        told = clause.numbers[0].at(clause.level(v))[0]
        assert told == pytest.approx(least / whole, abs=1e-6)
        check_clause(clause, v, [told], limit)


def test_sentence() -> None:
    assert tail(confidence="95%", at_most={"2026-04-01": "30%", "2028-01-01": "25%"}, of="equity").sentence(ON) == (
        "The loss on capital, on average over the worst 5% of the scenarios, is at most 30% of equity"
        " (from 2028-01-01 at most 25%)."
    )
    assert tail(confidence="99.5%", at_most="30%").sentence(ON) == (
        "The loss on capital, on average over the worst 0.5% of the scenarios, is at most 30% of the capital deployed."
    )


def test_formula() -> None:
    assert tail(at_most="30%").formula(ON) == (
        "mean of (sum of all l_is * x_i) over the worst 25% of the scenarios s <= 30% * (sum of all x_i)"
    )


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "of: deployed\nat-most: 30%",
            "p.yaml:5:5: rule 'one' confidence: missing; add it",
        ),
        (
            "of: deployed\nat-most: 30%\nconfidence: 0.95",
            "p.yaml:12:17: rule 'one' confidence: cannot read '0.95'; write a share such as 35%",
        ),
        (
            "of: deployed\nat-most: 30%\nconfidence: 100%",
            "p.yaml:12:17: rule 'one' confidence: 100% is not between 0% and 100%; write 95%, say",
        ),
        (
            "of: deployed\nat-most: 130%\nconfidence: 95%",
            "p.yaml:11:14: rule 'one' at-most: 130% is not between 0% and 100%; mend the share, or take it of equity",
        ),
        (
            "of: net-cash-income\nat-most: 30%\nconfidence: 95%",
            "p.yaml:10:9: rule 'one': a tail loss over cash income net of compression means nothing;"
            " use deployed, total-assets or equity",
        ),
    ],
)
def test_a_file_that_fails(tmp_path: object, lines: str, message: str) -> None:
    assert refused(tmp_path, f"kind: tail-loss\n{lines}", SMALL) == message


def test_it_needs_scenarios(tmp_path: object) -> None:
    lines = "kind: tail-loss\nof: deployed\nat-most: 30%\nconfidence: 95%"
    assert refused(tmp_path, lines, small_case()) == (
        "p.yaml:5:5: rule 'one' needs return scenarios, and the case has none;"
        " name a table under 'risk: {scenarios: ...}' in fund.yaml"
    )
