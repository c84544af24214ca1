"""A clause over a longer vector says what it said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_shapes import data

from allocator.diagnosis.lifting import as_rows, at_least, stretched, written_in
from allocator.shapes import Box, Clause, Cone, Equal, Fixed, RotatedCone, Rows, Tail
from allocator.sparse import Sparse
from allocator.units import Money

SHAPES = [Rows, Equal, Cone, RotatedCone, Tail]
N, EXTRA = 4, 2


def made(kind: type[Clause], rng: np.random.Generator) -> Any:
    m = 1 if kind is Tail else 3

    def matrix(rows: int) -> Sparse:
        return Sparse.dense(rng.normal(size=(rows, N)) * (rng.random((rows, N)) < 0.7))

    more: dict[str, Any] = {}
    if issubclass(kind, Cone):
        more = {"M": matrix(2 * m), "k": rng.normal(size=2 * m)}
    if kind is RotatedCone:
        more["typical"] = rng.uniform(0.1, 2, m)
    if kind is Tail:
        more = {"L": matrix(5), "k": rng.normal(size=5), "count": 1.5}
    parts = {name: rng.normal(size=m) for name in ("c0", "c1", "theta")}
    return kind(**data(m, N, R0=matrix(m), R1=matrix(m), **parts, **more))


@pytest.mark.parametrize("kind", SHAPES)
@given(seed=st.integers(0, 2**32 - 1))
def test_written_in_is_the_same_clause(kind: type[Clause], seed: int) -> None:
    rng = np.random.default_rng(seed)
    clause, v, more = made(kind, rng), rng.normal(size=N), rng.normal(size=EXTRA)
    np.testing.assert_allclose(written_in(clause, EXTRA).excess(np.append(v, more)), clause.excess(v), atol=1e-12)


@pytest.mark.parametrize("kind", SHAPES)
@given(seed=st.integers(0, 2**32 - 1))
def test_stretched_is_the_clause_at_every_scale(kind: type[Clause], seed: int) -> None:
    """Over (scale * v, scale) the excess is the scale times the clause's own; a squared norm keeps its sign."""
    rng = np.random.default_rng(seed)
    clause, v, scale = made(kind, rng), rng.normal(size=N), float(rng.uniform(0.2, 5))
    own = clause.excess(v)
    found = stretched(clause, EXTRA).excess(np.concatenate([scale * v, [scale], rng.normal(size=EXTRA)]))
    if kind is not RotatedCone:
        np.testing.assert_allclose(found, scale * own, atol=1e-10)
        return
    clear = np.abs(own) > 1e-9
    assert ((found > 0) == (own > 0))[clear].all()


def test_what_is_fixed_becomes_two_caps() -> None:
    # Line 0 of two, its loan 2 of two, and its excess 4, which is defined and says nothing of its own.
    fixed = Fixed(
        **data(1, 5, R0=Sparse.of((1, 5), 0, 0, -1.0), c1=np.full(1, 0.01)), columns=np.array([0, 2, 4])
    )  # fmt: skip
    box = Box(np.zeros(5), np.ones(5), np.arange(5) == 4)
    rows = as_rows(fixed, box)
    assert rows.unit is fixed.unit
    np.testing.assert_array_equal(rows.excess(np.array([0.3, 0.9, 0.2, 0.9, 7.0])), [0.3, 0.2])


def test_at_least_is_dropped_by_its_switch() -> None:
    row = at_least(Sparse.of((1, 2), 0, 1, 2.0), 3.0, 10.0)
    assert row.excess(np.array([0.0, 1.0])) == pytest.approx(1.0)
    assert row.moved(np.ones(1)).excess(np.array([0.0, 1.0])) == pytest.approx(-9.0)
    assert row.unit is not Money
