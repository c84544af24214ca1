"""Amounts in whole dollars balance exactly."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from allocator.decision import DUST, GRAIN, Decision


def decision(lines: int, pairs: int, equity: float, invested: bool) -> Decision:
    rng = np.random.default_rng(lines + pairs)
    return Decision(
        lines=tuple(f"l{i}" for i in range(lines)),
        tranches=("t",),
        pair_line=np.sort(rng.choice(lines, min(pairs, lines), replace=False)),
        pair_tranche=np.zeros(min(pairs, lines), np.int64),
        bent=np.arange(lines // 2),
        threshold=np.full(lines // 2, 0.1),
        equity=equity,
        fully_invested=invested,
    )


@given(
    st.integers(1, 40),
    st.integers(0, 40),
    st.one_of(st.just(1.0), st.floats(0.01, 5000)),
    st.booleans(),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 1e-10, 1e-8, 1e-4]),
)
def test_closing_balances_in_integers(
    lines: int, pairs: int, equity: float, invested: bool, seed: int, noise: float
) -> None:
    """What a solver gives, a little off balance and a little below zero, is closed to the dollar."""
    rng = np.random.default_rng(seed)
    d = decision(lines, pairs, equity, invested)
    loans = rng.uniform(0, 0.5, d.pairs)
    capital = rng.dirichlet(np.ones(lines)) * (1 + loans.sum()) * (1 if invested else rng.uniform(0.2, 1))
    v = d.vector(capital, loans)
    v += noise * rng.normal(size=d.size)
    x, f, reserve = d.close(v)
    assert x.dtype == f.dtype == np.int64
    assert int(x.sum()) + reserve == round(equity * GRAIN) + int(f.sum())
    assert reserve >= 0
    assert not (invested and reserve)
    assert f.min(initial=0) >= 0
    again = d.opened(x, f)
    # Nothing moves by more than a grain, but for dust, and for what was off balance.
    given = np.maximum(v[:lines], 0)
    off = max(given.sum() - 1 - again[d.debt], 0) if not invested else abs(given.sum() - 1 - again[d.debt])
    apart = np.abs(again[:lines] - given) * equity * GRAIN
    assert (apart <= 1 + 1e-3 + (off + DUST) * equity * GRAIN).all()
    assert abs(again[d.reserve] * equity * GRAIN - reserve) <= 1e-3 + 1e-6 * equity * GRAIN
    # Grains survive being written as numbers and read again.
    assert [round(amount / GRAIN * GRAIN) for amount in x.tolist()] == x.tolist()


@given(st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_a_vector_obeys_its_definitions(lines: int, seed: int) -> None:
    d = decision(lines, lines, 100.0, False)
    rng = np.random.default_rng(seed)
    capital, loans = rng.uniform(0, 1, lines), rng.uniform(0, 1, d.pairs)
    v = d.vector(capital, loans)
    assert v[d.deployed] == capital.sum()
    assert v[d.debt] == loans.sum()
    assert abs(v[d.deployed] + v[d.reserve] - 1 - v[d.debt]) < 1e-12
    assert (v[d.e :] == np.maximum(capital[d.bent] - 0.1, 0)).all()
