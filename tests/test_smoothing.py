"""The guess of where long sums have their optimum: against what is known of normal losses, and where sums aren't smooth."""

from __future__ import annotations

import statistics

import numpy as np
import pandas as pd
import pytest
from helpers import book

import allocator as al
from allocator.program import Point, Program
from allocator.scores import Score, Worst
from allocator.shapes import RotatedCone, Tail
from allocator.smoothing import _Near, guess
from allocator.sparse import Dense
from allocator.tails import FEW, Tails

CAP = al.rules.Share(id="one", title="One", each="line", of="deployed", at_most="30%")


def near(L: np.ndarray, count: float, v: np.ndarray) -> _Near:
    ((_, long),) = Tails((), (Score(((-1.0, Worst(Dense(L), count)),)),)).sums.items()
    return _Near(long, v)


def test_the_tangent_touches_and_the_curve_is_the_second_derivative_of_normal_losses() -> None:
    # Of normal losses with covariance S the mean beyond the quantile is c sqrt(v'Sv), c = pdf(z) / (1 - confidence).
    rng = np.random.default_rng(5)
    mix = rng.normal(size=(4, 4))
    L = rng.normal(size=(200_000, 4)) @ mix
    S, v, d = mix.T @ mix, np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.1, -0.05, 0.02, -0.07])
    normal = statistics.NormalDist()
    c = normal.pdf(normal.inv_cdf(0.95)) / 0.05
    sigma = np.sqrt(v @ S @ v)
    second = c * (d @ S @ d / sigma - (v @ S @ d) ** 2 / sigma**3)
    seen = near(L, 10_000, v)
    own = seen.sum.own
    assert np.sum((seen.curve @ d) ** 2) / own.count == pytest.approx(second / 2, rel=0.1)
    written = Score(seen.written())  # type: ignore[arg-type]
    assert written.value(v) == pytest.approx(own.value(v), rel=1e-12)  # type: ignore[union-attr]
    for part in (1.0, 0.5):
        tangent = own.witness(v) @ L @ (part * d) / own.count
        assert written.value(v + part * d) - written.value(v) - tangent == pytest.approx(part**2 * second / 2, rel=0.1)


def test_a_rule_is_as_its_tail_near_by() -> None:
    rng = np.random.default_rng(6)
    case = al.Case.from_scenarios(pd.DataFrame(rng.normal(0.001, 0.02, (4000, 5))))
    tail = al.rules.TailLoss(id="tail", title="Tail", confidence="95%", of="deployed", at_most="3%")
    clauses = book(CAP, tail).clauses(case)
    tails = Tails(clauses, ())
    (((index, _), long),) = tails.sums.items()
    v = rng.uniform(0, 0.3, case.decision.size)
    written, _ = tails.replaced({(index, -1): _Near(long, v).written()})
    own, smooth = clauses[index], written[index]
    assert isinstance(own, Tail)
    assert isinstance(smooth, RotatedCone)
    assert smooth.excess(v) == pytest.approx(own.excess(v), abs=1e-12)
    assert smooth.moved(own.theta * 2).excess(v) == pytest.approx(own.moved(own.theta * 2).excess(v), abs=1e-12)


def test_a_step_is_shortened_until_the_sum_falls() -> None:
    rng = np.random.default_rng(7)
    L = rng.standard_t(4, size=(20_000, 6))
    v = np.eye(6)[0]
    seen = near(L, 1000, v)
    d = np.full(6, 1 / 6) - v
    assert seen.reach(0.1 * d) == 1
    parts = [seen.reach(times * d) for times in (1, 2, 4)]
    assert 1 > parts[0] > parts[2]
    for times, part in zip((1, 2, 4), parts, strict=True):
        assert seen.sum.own.value(v + part * times * d) < seen.sum.own.value(v)  # type: ignore[union-attr]


@pytest.mark.parametrize("confidence", ["50%", "70%", "95%", "99.9%"])
@pytest.mark.parametrize("kind", ["heavy", "repeated", "five values"])
def test_the_optimum_is_that_of_all_entries_however_they_are_spread(kind: str, confidence: str) -> None:
    rng = np.random.default_rng(8)
    draws = {
        "heavy": 0.001 + rng.standard_t(4, size=(2500, 10)) * rng.uniform(0.005, 0.02, 10),
        "repeated": rng.normal(0.001, 0.02, (60, 10))[rng.integers(0, 60, 2500)],
        "five values": rng.choice([-0.05, -0.01, 0, 0.01, 0.03], size=(2500, 10)),
    }[kind]
    case = al.Case.from_scenarios(pd.DataFrame(draws))
    mean, loss = al.ExpectedReturn().score(case), al.TailLoss(confidence).score(case)

    def solved(rules: al.Rulebook, score: Score) -> Point:
        parts = rules.clauses(case), [score], case.box, case.spread
        whole, found = (Program(*parts, whole=all_written).solve([1.0], 0.0, 1e-10) for all_written in (True, False))
        assert found.value == pytest.approx(whole.value, abs=1e-9)
        assert 0 <= found.bound - found.value + 1e-10 < 1e-8
        return found

    def tail(limit: float) -> al.rules.TailLoss:
        return al.rules.TailLoss(id="t", title="T", confidence=confidence, of="deployed", at_most=f"{limit:.6%}")

    least = -solved(book(CAP), loss).value
    for times in (1.01, 1.1, 1.5):
        solved(book(CAP, tail(times * least)), mean)
    beyond = Program(book(CAP, tail(0.99 * least)).clauses(case), [mean], case.box, case.spread)
    assert beyond.solve([1.0], 0.0, 1e-10).status == "infeasible"


def test_no_guess_where_nothing_keeps_the_rules() -> None:
    tails = Tails((), (Score(((-1.0, Worst(Dense(np.zeros((FEW + 1, 2))), 50)),)),))
    assert guess(tails, lambda clauses, scores: None, None) is None
    start = np.ones(2)
    assert guess(tails, lambda clauses, scores: None, start) is start
