"""The axioms of the bargain on small cases at random, and a second formulation of it, written anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cvxpy as cp
import numpy as np
import pytest
from helpers import book, tiny
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import allocator as al
from allocator.rules import Rule

LINES = 4
CLOSE = 2e-3
"In $ bn, of gains of some: the second formulation's solver stops by the product, which is flat at its top."


@dataclass(frozen=True)
class Drawn:
    """Four lines without debt, of $100 bn; two owners of 40 and 30, and a third holder who is none."""

    yields: tuple[int, ...]
    capacity: tuple[int, ...]
    scores: tuple[tuple[int, ...], tuple[int, ...]]
    worth: tuple[int, int]
    away: tuple[int, int]
    weights: tuple[int, int]
    bent: bool
    penalty: int

    def case(self, swapped: bool = False, scale: float = 1.0, shift: float = 0.0) -> al.Case:
        """The case; with its owners in the other order, or the first one's gain times a scale and less a shift."""
        held = (40 * scale, 30.0)
        columns: dict[str, Any] = {
            "cash-yield [%]": [each / 10 for each in self.yields],
            "capacity [$ bn]": list(self.capacity),
            "s0": [each / 10 for each in self.scores[0]],
            "s1": [each / 10 for each in self.scores[1]],
        }
        principals = []
        for k in (1, 0) if swapped else (0, 1):
            own = (scale, shift) if k == 0 else (1.0, 0.0)
            away = self.away[k] / 100 * own[0] - own[1]
            funding = 0.03 + own[1] / held[k]
            principals.append(
                {"id": f"o{k}", "title": f"O{k}", "holder": f"h{k}", "funding": f"{funding:.6%}",
                 "walk-away": f"{'-' if away < 0 else ''}${abs(away):.6f} bn", "weight": str(self.weights[k]),
                 "strategic": {"column": f"s{k}", "worth": f"{self.worth[k] * own[0]:.4f} bp"}}
            )  # fmt: skip
        holders = [("h0", held[0]), ("h1", held[1]), ("h2", 100 - sum(held))]
        equity = [{"holder": name, "amount": f"${amount:g} bn"} for name, amount in holders]
        more: dict[str, Any] = {"compression": {"from": "50%", "slope": "3%"}} if self.bent else {}
        return tiny(columns, equity=equity, principals=principals, **more)

    def rules(self, *more: Rule) -> al.Rulebook:
        """No line over 60%; half in the first two, or pay."""
        cap = al.rules.Share(id="cap", title="Cap", each="line", of="deployed", at_most="60%")
        if not self.penalty:
            return book(cap, *more)
        floor = al.rules.Share(
            id="floor", title="Floor", scope={"line": ["a", "b"]}, of="deployed", at_least="50%", severity="soft",
            penalty=f"{self.penalty} bp",
        )  # fmt: skip
        return book(cap, floor, *more)

    def anew(self) -> tuple[cp.Variable, list[Any], list[cp.Expression]]:
        """The same in cvxpy, from the definitions: capital, constraints, net gains in $ bn."""
        x, excess = cp.Variable(LINES, nonneg=True), cp.Variable(LINES, nonneg=True)
        missed = cp.Variable(nonneg=True)
        capacity = np.array(self.capacity, float)
        rules = [x <= capacity, cp.sum(x) <= 100, x <= 0.6 * cp.sum(x), excess >= x - capacity / 2]
        income = np.array(self.yields) / 1000 @ x
        if self.bent:
            income -= cp.sum(cp.multiply(0.03 / (2 * capacity), cp.square(excess)))
        cost: Any = 0.0
        if self.penalty:
            rules.append(missed >= 0.5 * cp.sum(x) - x[0] - x[1])
            cost = self.penalty / 1e4 * missed
        gains = []
        for k, held in enumerate((40, 30)):
            score = self.worth[k] / 1e4 * (np.array(self.scores[k]) / 10 @ x)
            gains.append(held / 100 * (income - cost) - 0.03 * held + score)
        return x, rules, gains

    def surplus(self, gains: list[float]) -> list[float]:
        return [gain - away / 100 for gain, away in zip(gains, self.away, strict=True)]


def four(low: int, high: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.tuples(*[st.integers(low, high)] * LINES)


CASES = st.builds(
    Drawn,
    yields=four(50, 90),
    capacity=four(30, 90),
    scores=st.tuples(four(0, 10), four(0, 10)),
    worth=st.tuples(st.integers(20, 300), st.integers(20, 300)),
    away=st.tuples(st.integers(-50, 60), st.integers(-50, 40)),
    weights=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    bent=st.booleans(),
    penalty=st.sampled_from([0, 0, 30, 120]),
)
FEW = settings(max_examples=12, deadline=None)


def agreed(case: al.Case, rules: al.Rulebook) -> tuple[dict[str, float], dict[str, float]]:
    """Gains by owner, and capital by line."""
    try:
        found = al.bargain(case, rules, resolve=False)
    except al.Infeasible:
        assume(False)
        raise
    assert found.outcome.status == "optimal"
    check = al.verify(found.outcome, case, rules)
    assert check, str(check)
    return found.owners["gain"].to_dict(), found.outcome.amounts["amount"].to_dict()


@FEW
@given(CASES)
def test_nobody_can_have_more_without_another_having_less(drawn: Drawn) -> None:
    gains, _ = agreed(drawn.case(), drawn.rules())
    _, rules, expressions = drawn.anew()
    for one, other in ((0, 1), (1, 0)):
        held = expressions[other] >= gains[f"o{other}"] - 1e-6
        problem = cp.Problem(cp.Maximize(expressions[one]), [*rules, held])
        problem.solve(solver="CLARABEL")
        slope = max(1.0, drawn.worth[one] / drawn.worth[other])
        assert problem.value <= gains[f"o{one}"] + 1e-3 * slope


@FEW
@given(CASES)
def test_a_second_formulation_agrees(drawn: Drawn) -> None:
    """By the weighted geometric mean, as second-order cones, with SCS; ours by logarithms, with Clarabel."""
    gains, _ = agreed(drawn.case(), drawn.rules())
    _, rules, expressions = drawn.anew()
    net = cp.hstack([each - away / 100 for each, away in zip(expressions, drawn.away, strict=True)])
    problem = cp.Problem(cp.Maximize(cp.geo_mean(net, drawn.weights)), rules)
    problem.solve(solver="SCS", eps_abs=1e-9, eps_rel=1e-9, max_iters=1_000_000)
    assert problem.status == "optimal"
    ours = np.array(drawn.surplus([gains["o0"], gains["o1"]]))
    exponents = np.array(drawn.weights) / sum(drawn.weights)
    assert np.prod(ours**exponents) == pytest.approx(problem.value, abs=5e-5)
    assert ours == pytest.approx(np.asarray(net.value), abs=CLOSE)


@FEW
@given(CASES)
def test_who_stands_first_does_not_matter(drawn: Drawn) -> None:
    gains, _ = agreed(drawn.case(), drawn.rules())
    swapped, _ = agreed(drawn.case(swapped=True), drawn.rules())
    assert swapped == pytest.approx(gains, abs=CLOSE)


@FEW
@given(yields=four(50, 90), scores=four(0, 10), worth=st.integers(20, 300), away=st.integers(-50, 30))
def test_two_alike_have_the_same(yields: tuple[int, ...], scores: tuple[int, ...], worth: int, away: int) -> None:
    """Lines in pairs, of which each owner scores one as the other scores its twin: neither has an edge."""
    twins = (yields[0], yields[0], yields[2], yields[2])
    mine, yours = (scores[0], scores[1], scores[2], scores[3]), (scores[1], scores[0], scores[3], scores[2])
    columns: dict[str, Any] = {
        "cash-yield [%]": [each / 10 for each in twins],
        "capacity [$ bn]": [60] * LINES,
        "s0": [each / 10 for each in mine],
        "s1": [each / 10 for each in yours],
    }
    principals = [
        {"id": f"o{k}", "title": f"O{k}", "holder": f"h{k}", "funding": "3%", "walk-away": f"${away / 100} bn",
         "strategic": {"column": f"s{k}", "worth": f"{worth} bp"}}
        for k in (0, 1)
    ]  # fmt: skip
    for each in principals:
        each["walk-away"] = each["walk-away"].replace("$-", "-$")
    equity = [{"holder": f"h{k}", "amount": "$50 bn"} for k in (0, 1)]
    gains, _ = agreed(tiny(columns, equity=equity, principals=principals), book())
    assert gains["o0"] == pytest.approx(gains["o1"], abs=CLOSE)


@FEW
@given(CASES, st.sampled_from([0.5, 1.5]), st.floats(-0.3, 0.3))
def test_the_scale_of_a_gain_does_not_matter(drawn: Drawn, scale: float, shift: float) -> None:
    """Half as much again of the fund and of the worth, and a dearer funding: the gain and walking away go together."""
    gains, _ = agreed(drawn.case(), drawn.rules())
    other, _ = agreed(drawn.case(scale=scale, shift=shift), drawn.rules())
    assert other["o0"] == pytest.approx(gains["o0"] * scale - shift, abs=CLOSE)
    assert other["o1"] == pytest.approx(gains["o1"], abs=CLOSE)


@FEW
@given(CASES, st.integers(0, LINES - 1))
def test_what_nobody_chose_does_not_matter(drawn: Drawn, line: int) -> None:
    """A further limit that the agreement keeps, on a line or on what is deployed, does not move it."""
    gains, capital = agreed(drawn.case(), drawn.rules())
    name = "abcd"[line]
    most = f"${capital[name] + 0.02:.3f} bn"
    limit = al.rules.Amount(id="more", title="More", measure="deployed", scope={"line": [name]}, at_most=most)
    again, _ = agreed(drawn.case(), drawn.rules(limit))
    assert again == pytest.approx(gains, abs=CLOSE)
