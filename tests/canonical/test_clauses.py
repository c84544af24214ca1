"""The rows of a program in conic form say of any v what the clauses' shapes say of it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse as sp
from every_shape import everything, told_case
from hypothesis import given
from hypothesis import strategies as st

from allocator.canonical import Canonical
from allocator.conic import Conic
from allocator.question import Question
from allocator.scores import Score
from allocator.shapes import Clause, Cone, RotatedCone, Tail
from allocator.sparse import Vector

CASE = told_case()
CLAUSES = everything().clauses(CASE)
SLACK = 0.05


def left(conic: Conic, x: Vector) -> Vector:
    """`b - A x`."""
    A = sp.csc_matrix((conic.A.data, conic.A.indices, conic.A.indptr), conic.A.shape)
    return np.asarray(conic.b - A @ x)


def broken(clause: Clause, conic: Conic, x: Vector) -> Vector:
    """By how much rows are broken, in the clause's own measure."""
    s = left(conic, x)
    if isinstance(clause, RotatedCone):
        arms = s.reshape(len(conic.cones.second), -1)
        typical = (arms[:, 0] - arms[:, -1]) / 2
        return np.asarray((np.sum(arms[:, 1:] ** 2, axis=1) - arms[:, 0] ** 2) / (4 * typical))
    if isinstance(clause, Cone):
        arms = s.reshape(len(conic.cones.second), -1)
        return np.asarray(np.linalg.norm(arms[:, 1:], axis=1) - arms[:, 0])
    if isinstance(clause, Tail):
        assert (s[:-1] >= -1e-12).all()
        return -s[-1:]
    assert conic.cones.zero == (len(s) if clause.equal else 0)
    return np.abs(s) if clause.equal else -s


def variables(clause: Clause, v: Vector, free: Vector) -> Vector:
    """The entries of v, and the best that the clause's own variables can be."""
    more = [v[free]]
    if clause.penalty is not None:
        more.append(np.full(clause.size, SLACK))
    if isinstance(clause, Tail):
        y = clause.L @ v + clause.k
        q = np.sort(y)[-math.ceil(clause.count)]
        more += [np.array([q]), np.maximum(y - q, 0)]
    return np.concatenate(more)


@pytest.mark.parametrize("index", range(len(CLAUSES)), ids=[clause.rule for clause in CLAUSES])
@given(seed=st.integers(0, 2**32 - 1))
def test_rows_are_the_clause(index: int, seed: int) -> None:
    """Feasible or not, with its own limits and with others."""
    rng = np.random.default_rng(seed)
    clause = CLAUSES[index]
    box = CASE.box.fixing(CLAUSES)
    free = np.flatnonzero(box.high > box.low)
    canonical = Canonical([clause], [Score.nothing(len(box.low))], box, CASE.spread, "first")
    v = box.low.copy()
    v[free] = rng.normal(0.3, 0.3, len(free))
    soft = 0.0 if clause.penalty is None else SLACK
    for theta in (clause.theta, clause.theta * rng.uniform(0.5, 2)):
        conic = canonical.conic(Question(np.ones(1), 0.0, theta={0: theta}))
        found = broken(clause, conic, variables(clause, v, free))
        kept = clause.moved(theta).excess(v)
        # Members that no free entry touches are not written where they hold.
        assert len(found) <= len(kept)
        if len(found) == len(kept):
            np.testing.assert_allclose(found, kept - soft, atol=1e-9)
        else:
            assert all(np.abs(kept - soft - each).min() < 1e-9 for each in found)
