from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.decision import GRAIN, Decision


def decision(equity: float = 100.0, fully_invested: bool = False) -> Decision:
    """Lines a and b, of which b compresses beyond 0.2 of equity; a tranche t that lends to a alone."""
    return Decision(
        lines=("a", "b"),
        tranches=("t",),
        pair_line=np.array([0]),
        pair_tranche=np.array([0]),
        bent=np.array([1]),
        threshold=np.array([0.2]),
        equity=equity,
        fully_invested=fully_invested,
    )


def test_all_follows_from_capital_and_loans() -> None:
    d = decision()
    v = d.vector(np.array([0.6, 0.5]), np.array([0.3]))
    # a, b, the loan, reserve 1 + 0.3 - 1.1, deployed, debt, what is drawn of t, b beyond 0.2
    assert v == pytest.approx([0.6, 0.5, 0.3, 0.2, 1.1, 0.3, 0.3, 0.3])
    assert (d.f, d.reserve, d.deployed, d.debt, d.drawn, d.e, d.size) == (2, 3, 4, 5, 6, 7, 8)
    assert d.pair_names() == [("a", "t")]
    assert d.vector(np.array([0.6, 0.1]), np.array([0.3]))[d.e] == 0


@pytest.mark.parametrize(
    ("fully_invested", "capital", "loan", "closed"),
    [
        # grains of a third are rounded; what is left is the reserve
        (False, [1 / 3, 1 / 3], 0.0, (33333333333, 33333333333, 0, 33333333334)),
        (False, [0.6, 0.5], 0.3, (60 * GRAIN, 50 * GRAIN, 30 * GRAIN, 20 * GRAIN)),
        # an overdrawn reserve is taken from the lines in proportion: of 100 grains, 60 and 40
        (False, [0.6, 0.4 + 1e-9], 0.0, (60 * GRAIN - 60, 40 * GRAIN + 60, 0, 0)),
        # where none is kept, the lines take what is left: of 100 grains, a third and two thirds
        (True, [1 / 3, 2 / 3 - 1e-9], 0.0, (33333333367, 66666666633, 0, 0)),
        # what all together is next to nothing is nothing
        (False, [0.5, 9e-9], 0.0, (50 * GRAIN, 0, 0, 50 * GRAIN)),
        (False, [0.5, 2e-8], 0.0, (50 * GRAIN, 2000, 0, 50 * GRAIN - 2000)),
        # less than nothing is nothing
        (False, [1.0, -1e-12], -1e-12, (100 * GRAIN, 0, 0, 0)),
    ],
)
def test_closing(fully_invested: bool, capital: list[float], loan: float, closed: tuple[int, ...]) -> None:
    d = decision(fully_invested=fully_invested)
    x, f, reserve = d.close(d.vector(np.array(capital), np.array([loan])))
    assert (*x.tolist(), *f.tolist(), reserve) == closed


@given(
    a=st.floats(0, 2), b=st.floats(0, 2), loan=st.floats(0, 3), equity=st.floats(0.5, 5000), full=st.booleans()
)  # fmt: skip
def test_the_identity_closes_exactly(a: float, b: float, loan: float, equity: float, full: bool) -> None:
    d = decision(round(equity, 3), full)
    x, f, reserve = d.close(d.vector(np.array([a, b]), np.array([loan])))
    assert int(x.sum()) + reserve == round(d.equity * GRAIN) + int(f.sum())
    assert reserve >= 0
    assert not (full and reserve)


def test_what_was_recorded_opens_again() -> None:
    d = decision()
    v = d.vector(np.array([0.6, 0.5]), np.array([0.3]))
    assert d.opened(*d.close(v)[:2]) == pytest.approx(v, abs=1e-15)
