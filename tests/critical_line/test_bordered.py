"""The inverse that is kept up against one computed anew."""

from __future__ import annotations

import numpy as np
import pytest

from allocator.critical_line.bordered import Bordered
from allocator.errors import NotCertified


def matrix(n: int, rows: int, seed: int = 0) -> np.ndarray:
    """A covariance bordered by constraints: symmetric and indefinite."""
    rng = np.random.default_rng(seed)
    factor, border = rng.normal(size=(n, n)), rng.normal(size=(rows, n))
    return np.block([[factor.T @ factor, border.T], [border, np.zeros((rows, rows))]])


@pytest.mark.parametrize("seed", range(5))
def test_coming_and_going(seed: int) -> None:
    whole = matrix(40, 3, seed)
    rng = np.random.default_rng(seed)
    first = [0, 1, 2, 40, 41, 42]
    system = Bordered(43, [(j, whole[j]) for j in first])
    inside = set(first)
    for _ in range(200):
        j = int(rng.integers(40))
        if j not in inside:
            assert system.add(j, whole[j])
            inside.add(j)
        elif len(inside) > 6:
            assert (system.drop(j) == whole[j]).all()
            inside.remove(j)
    assert set(system.members) == inside
    assert (system.rows == whole[system.members]).all()
    anew = np.linalg.inv(whole[np.ix_(system.members, system.members)])
    assert system.inverse == pytest.approx(anew, rel=1e-7, abs=1e-9 * np.abs(anew).max())
    right = rng.normal(size=(2, system.size))
    found, product = system.solve(right)
    assert product[:, system.members] == pytest.approx(right, abs=1e-10)
    assert product == pytest.approx(found @ whole[system.members], abs=1e-10)


def test_a_worn_inverse_is_computed_anew() -> None:
    whole = matrix(10, 1)
    system = Bordered(11, [(j, whole[j]) for j in (0, 1, 2, 10)])
    system.inverse[:] += 0.1
    right = np.eye(4)
    found, _ = system.solve(right)
    assert found == pytest.approx(np.linalg.inv(whole[np.ix_(system.members, system.members)]), rel=1e-9, abs=1e-12)


def test_what_would_be_singular_stays_out() -> None:
    """A copy of a member can't come in; without its only free entry a constraint can't stand."""
    whole = np.array([[2.0, 2.0, 1.0], [2.0, 2.0, 1.0], [1.0, 1.0, 0.0]])
    system = Bordered(3, [(0, whole[0]), (2, whole[2])])
    assert not system.add(1, whole[1])
    assert system.drop(0) is None
    assert system.members.tolist() == [0, 2]
    assert system.inverse == pytest.approx(np.linalg.inv(np.array([[2.0, 1.0], [1.0, 0.0]])))


def test_a_singular_system_is_told() -> None:
    with pytest.raises(NotCertified) as caught:
        Bordered(2, [(0, np.ones(2)), (1, np.ones(2))])
    assert str(caught.value) == "rounding leaves the system of a critical line singular"
