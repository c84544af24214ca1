"""What an aim must know before it is one score."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import book, tiny

import allocator as al
from allocator.aims.held import held
from allocator.bench import Bench
from allocator.errors import NotCertified
from allocator.program import Point, Program

CASE = tiny({"cash-yield [%]": [8, 2], "strategic-weight": [0, 1], "capacity [$ bn]": [100, 100]})
DY, SW = al.DividendYield(), al.StrategicWeight()


def test_the_best_and_the_ranges() -> None:
    bench = Bench(CASE, book().clauses(CASE))
    v = bench.best((DY,), [1.0])
    assert v is not None
    assert v[:2] == pytest.approx([1, 0], abs=1e-6)
    found = bench.ranges((DY, SW))
    assert found is not None
    # All in one or all in the other: 8% and nothing, 2% and a weight of 1.
    assert [each.low for each in found] == pytest.approx([0.02, 0.0], abs=2e-5)
    assert [each.span for each in found] == pytest.approx([0.06, 1.0], abs=2e-5)


def test_further_clauses() -> None:
    bench = Bench(CASE, book().clauses(CASE))
    assert bench.within(()) is bench
    v = bench.within([held(SW, CASE, 0.25)]).best((DY,), [1.0])
    assert v is not None
    assert v[:2] == pytest.approx([0.75, 0.25], abs=1e-6)
    assert bench.within([held(SW, CASE, 1.25)]).best((DY,), [1.0]) is None
    assert bench.within([held(SW, CASE, 1.25)]).ranges((DY, SW)) is None


def test_the_program_is_kept_for_what_comes_after() -> None:
    bench = Bench(CASE, book().clauses(CASE))
    first = bench.program((DY, SW))
    assert bench.program((DY, SW)) is first
    assert bench.program((SW,)) is not first


def test_a_solver_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Program, "solve", lambda *_: Point("failed", "clarabel", np.zeros(1)))
    with pytest.raises(NotCertified) as caught:
        Bench(CASE, book().clauses(CASE)).best((DY,), [1.0])
    assert str(caught.value) == "no solver found an optimum on the way to the objective; try another --solver"
