"""Sums of the largest of very many entries, written for a few: the same optimum, with a certificate on all of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers import book
from hypothesis import given
from hypothesis import strategies as st

import allocator as al
from allocator import tails
from allocator.errors import InputError
from allocator.program import Program
from allocator.scores import Score, Worst
from allocator.sparse import Dense, Sparse
from allocator.tails import Tails


def scenarios(count: int, lines: int = 8, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    shock = np.sqrt(5 / rng.chisquare(5, (count, 1)))
    draws = 0.001 + shock * (rng.normal(size=(count, 2)) @ rng.normal(0, 0.01, (2, lines)))
    return pd.DataFrame(draws + shock * rng.normal(0, 0.01, (count, lines)))


CAP = al.rules.Share(id="one", title="One", each="line", of="deployed", at_most="30%")


def tail(limit: str) -> al.rules.TailLoss:
    return al.rules.TailLoss(id="tail", title="Tail", confidence="95%", of="deployed", at_most=limit)


@pytest.mark.parametrize("count", [1300, 6001])
@pytest.mark.parametrize(
    ("rules", "aim"),
    [
        (book(), al.TailLoss("95%")),
        (book(CAP), al.ExpectedReturn() - 0.5 * al.TailLoss("97.53%")),
        (book(CAP, tail("1.8%")), al.ExpectedReturn()),
        (book(CAP, tail("2%")), al.ExpectedReturn() - 3 * al.Variance()),
    ],
    ids=["objective", "with another", "rule", "rule and squares"],
)
def test_the_optimum_is_that_of_all_entries(count: int, rules: al.Rulebook, aim: object) -> None:
    case = al.Case.from_scenarios(scenarios(count))
    score = aim.score(case)  # type: ignore[attr-defined]
    parts = rules.clauses(case), [score], case.box, case.spread
    whole = Program(*parts, whole=True).solve([1.0], 0.0, 1e-10)
    program = Program(*parts)
    found = program.solve([1.0], 0.0, 1e-10)
    assert found.status == whole.status == "optimal"
    assert found.value == pytest.approx(whole.value, abs=1e-9)
    # The bound is on all entries, though few were written.
    assert 0 <= found.bound - found.value + 1e-10 < 1e-8
    (summed,) = program._tails.sums.values()
    assert len(summed.between) + len(summed.sure) < count / 2


def test_an_outcome_is_certified_and_verified() -> None:
    rules = book(CAP, tail("1.9%"))
    case = al.Case.from_scenarios(scenarios(2000))
    out = al.allocate(case, rules, al.ExpectedReturn())
    assert out.status == "optimal"
    assert al.verify(out, case, rules)
    (priced,) = (each for each in out.record["prices"] if each["of"] == "tail" and each["number"] == "at-most")
    assert priced["clear"]


def test_a_tail_that_nothing_keeps() -> None:
    case = al.Case.from_scenarios(scenarios(2000))
    out = al.allocate(case, book(tail("0.01%")), al.ExpectedReturn())
    assert out.status == "infeasible"
    assert out.violations.index.tolist() == ["tail"]


@given(seed=st.integers(0, 2**32 - 1))
def test_what_is_written_never_says_more(seed: int) -> None:
    """Whatever is taken for sure: the short sum is at most the whole one, and the same where it was split."""
    rng = np.random.default_rng(seed)
    L, count = rng.normal(size=(1400, 4)), float(rng.uniform(5, 600))
    part = Worst(Dense(L, 5), count)
    made = Tails((), (Score(((-1.0, part),)),))
    v, other = rng.normal(size=(2, 5))
    made.split(v)
    (_, (short,)) = made.short()
    assert -short.value(v) == pytest.approx(part.value(v), rel=1e-12)
    assert -short.value(other) <= part.value(other) + 1e-12
    turns = 0
    while made.mend(other):
        turns += 1
        assert turns < 2
    (_, (mended,)) = made.short()
    assert -mended.value(other) == pytest.approx(part.value(other), rel=1e-12)
    assert -mended.value(v) == pytest.approx(part.value(v), rel=1e-12)


def test_short_sums_are_written_whole() -> None:
    case = al.Case.from_scenarios(scenarios(tails.FEW))
    assert not Tails((), (al.TailLoss().score(case),))
    case = al.Case.from_scenarios(scenarios(tails.FEW + 1))
    assert Tails((), (al.TailLoss().score(case),))


def test_a_dense_matrix_is_a_sparse_one() -> None:
    rng = np.random.default_rng(0)
    array = rng.normal(size=(6, 3)) * (rng.random((6, 3)) < 0.7)
    one, other = Dense(array, 5, -2.0), Sparse.dense(-2.0 * array).wide(5)
    v, w, mask = rng.normal(size=5), rng.normal(size=6), np.array([True, False, False, True, True])
    assert one.shape == other.shape
    np.testing.assert_allclose(one @ v, other @ v)
    np.testing.assert_allclose(w @ one, w @ other)
    np.testing.assert_allclose((one * 3.0) @ v, 3 * (other @ v))
    np.testing.assert_allclose(one.rows(np.array([4, 1])) @ v, other.rows(np.array([4, 1])) @ v)
    np.testing.assert_allclose(one.wide(7) @ np.append(v, [1, 1]), other @ v)
    np.testing.assert_allclose(one.array(), other.array())
    np.testing.assert_allclose(one.column_squares(), other.column_squares())
    assert one.largest == pytest.approx(other.largest)
    assert one.rows_touching(mask).tolist() == other.rows_touching(mask).tolist()
    plain = Sparse(one.shape, one.row, one.column, one.value)
    np.testing.assert_allclose(plain @ v, other @ v)


def test_the_covariance_of_many_scenarios_is_the_samples() -> None:
    draws = scenarios(9001).to_numpy()
    case = al.Case.from_scenarios(draws)
    assert case.risk is not None
    assert case.risk.factor.shape == (8, 8)
    x = np.full(8, 1 / 8)
    assert case.risk.volatility(x) == pytest.approx(float(np.std(draws @ x, ddof=1)), rel=1e-12)
    few = al.Case.from_scenarios(draws[:5])
    assert few.risk is not None
    assert few.risk.factor.shape == (5, 8)
    assert not few.risk.definite


def test_scenarios_that_do_not_fit() -> None:
    frame = scenarios(10)
    lines = al.Universe.build({"id": [f"l{i}" for i in range(8)], "expected-return [%]": [1] * 8})
    with pytest.raises(InputError, match=r"^the returns are of other lines than the universe, or in another order; "):
        al.Case.from_scenarios(frame, lines)
    with pytest.raises(InputError, match=r"^the returns are of other lines than the universe, or in another order; "):
        al.Case.from_scenarios(frame.to_numpy()[:, :3], lines)
    named = al.Case.from_scenarios(frame.set_axis(list(lines.ids), axis=1), lines)
    assert replace(named).universe is lines
