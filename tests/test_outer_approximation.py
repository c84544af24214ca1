"""Tangents and whole choices: what they allow is never less than what the rules do, and each tangent brings it down."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from helpers import book, tiny

import allocator as al
from allocator.outer_approximation import OuterApproximation

CASE = tiny(
    {"cash-yield [%]": [8, 6, 5], "capacity [$ bn]": [60, 60, 60]}, covariance=np.diag([0.09, 0.04, 0.01]),
)  # fmt: skip
RULES = book(
    al.rules.Count(id="two", title="Two", at_most="2"),
    al.rules.Volatility(id="calm", title="Calm", of="equity", at_most="10%"),
)


def outer() -> OuterApproximation:
    score = al.DividendYield().score(CASE)
    return OuterApproximation(RULES.clauses(CASE), score, CASE.box, 0.0, np.inf)


def test_without_tangents_all_that_is_curved_is_left_out() -> None:
    """Two lines of three take all of equity: 60 at 8% and 40 at 6%."""
    found = outer().best()
    assert found is not None
    assert found.bound == pytest.approx(0.6 * 0.08 + 0.4 * 0.06, abs=1e-9)
    (picked,) = found.picked.values()
    assert picked.tolist() == [True, True, False]


def test_each_tangent_brings_the_bound_down_and_never_under_the_optimum() -> None:
    program, best = outer(), al.allocate(CASE, RULES, al.DividendYield()).record["certificate"]["value"]
    bounds = []
    for _ in range(30):
        found = program.best()
        assert found is not None
        bounds.append(found.bound)
        program.touch(found.v, al.DividendYield().score(CASE).witness(found.v))
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(bounds))
    assert min(bounds) >= best - 1e-9
    assert bounds[-1] == pytest.approx(best, abs=2e-6)


def test_a_choice_that_is_barred_is_not_made_again() -> None:
    program = outer()
    seen = []
    while (found := program.best()) is not None:
        seen.append(tuple(found.binaries))
        program.bar(found.binaries)
    # Of three lines none, one or two: seven choices in all.
    assert len(seen) == len(set(seen)) == 7
