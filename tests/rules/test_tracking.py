"""How far the mix may stray from the benchmark."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from conftest import small_case
from helpers import amounts, check_clause, check_price, decisions, dollars, refused, solve, tiny
from hypothesis import given
from hypothesis import strategies as st

import allocator as al

Tracking = al.rules.Tracking
ON = dt.date(2026, 4, 1)
SHARES = {"hall": 0.4, "plant": 0.35, "docks": 0.25}
SMALL = replace(small_case(), benchmark=SHARES)
COLUMNS = {"cash-yield [%]": [5, 8], "capacity [$ bn]": [100, 100]}
TWO = tiny(COLUMNS, covariance=np.diag([0.09, 0.16]), benchmark={"a": 0.7, "b": 0.3})


def close(**fields: object) -> Tracking:
    return Tracking.read({"id": "t", "title": "T", "of": "deployed", **fields})


def test_two_lines() -> None:
    # Moving a part s from a to b strays by s * sqrt(0.09 + 0.16) = s / 2: 10% is a fifth, worth 3% of it.
    rule = close(at_most="10%")
    assert amounts(solve(TWO, rule)) == pytest.approx([50, 50], abs=0.02)
    assert check_price(TWO, rule, "at-most", "9.9%", "10.1%") == pytest.approx(0.03 / 0.5, rel=1e-3)


@given(v=decisions(SMALL), limit=st.sampled_from([0.01, 0.05, 0.2]))
def test_agrees_with_a_formula(v: np.ndarray, limit: float) -> None:
    x, loans = dollars(SMALL, v)
    if not x.sum():
        return
    sigma = np.array([0.12, 0.30, 0.15, 0.11, 0.15])
    covariance = np.outer(sigma, sigma) * (0.3 + 0.7 * np.eye(5))
    apart = x - x.sum() * np.array([0.4, 0, 0.35, 0, 0.25])
    error = float(np.sqrt(apart @ covariance @ apart))
    for of, whole in (("deployed", x.sum()), ("total-assets", 100 + loans.sum()), ("equity", 100)):
        (clause,) = close(of=of, at_most=f"{limit:.0%}").clauses(SMALL, ON)
        check_clause(clause, v, [error / whole], limit)


def test_sentence() -> None:
    assert close(at_most={"2026-04-01": "4%", "2028-01-01": "3.5%"}).sentence(ON) == (
        "Tracking error (one standard deviation of how far a year's return, in dollars, strays from that of as much"
        " capital in the benchmark) is at most 4% of the capital deployed (from 2028-01-01 at most 3.5%)."
    )


def test_formula() -> None:
    notation = "square root of (sum of C_ij * d_i * d_j over all pairs of lines) <= 4% * (sum of all x_i)"
    assert close(at_most="4%").formula(ON) == notation


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "of: deployed\nat-most: 0%",
            "p.yaml:11:14: rule 'one' at-most: the tracking error must be above zero; write 4%, say",
        ),
        (
            "of: net-cash-income\nat-most: 4%",
            "p.yaml:10:9: rule 'one': a tracking error over cash income net of compression means nothing;"
            " use deployed, total-assets or equity",
        ),
        (
            "of: deployed\nat-most: 4%\nseverity: soft\npenalty: 100 bp",
            "p.yaml:12:15: rule 'one' severity: a rule of kind 'tracking' can't be soft;"
            " make it hard, as its excess is not in dollars",
        ),
    ],
)
def test_a_file_that_fails(tmp_path: object, lines: str, message: str) -> None:
    assert refused(tmp_path, f"kind: tracking\n{lines}", SMALL) == message


def test_it_needs_a_covariance_and_a_benchmark(tmp_path: object) -> None:
    assert refused(tmp_path, "kind: tracking\nof: deployed\nat-most: 4%", tiny(COLUMNS)) == (
        "p.yaml:5:5: rule 'one' needs a covariance, and the case has no risk; name one under 'risk' in fund.yaml\n"
        "p.yaml:5:5: rule 'one' needs a benchmark, and the case has none;"
        " name a table under 'benchmark' in fund.yaml"
    )
