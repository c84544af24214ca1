"""Places on a frontier, straight and bent."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocator.arcs import Arcs

PARABOLA = Arcs(np.array([[0.0, 0.0], [2.0, 4.0], [3.0, 9.0]]), np.array([[0.0, -4.0], [0.0, -1.0]]))
"Squares of the first value: of a mixture of 0 and 2, t (1 - t) times the square of 2 are missing from the chord."


@given(st.floats(0, 3))
def test_a_parabola_in_pieces(x: float) -> None:
    place = PARABOLA.place(0, x)
    assert PARABOLA.at(place) == pytest.approx([x, x * x], abs=1e-12)
    assert PARABOLA.at(PARABOLA.place(1, x * x)) == pytest.approx([x, x * x], abs=1e-7)


@given(st.floats(0, 3))
def test_the_same_the_other_way_round(x: float) -> None:
    turned = Arcs(PARABOLA.values[::-1, ::-1], PARABOLA.bends[::-1, ::-1])
    assert turned.at(turned.place(0, x * x)) == pytest.approx([x * x, x], abs=1e-7)
    assert turned.at(turned.place(1, x)) == pytest.approx([x * x, x], abs=1e-12)


def test_straight_where_nothing_is_said_of_bends() -> None:
    record = {"points": [{"values": [8.0, 0.0]}, {"values": [6.0, 1.0]}, {"values": [0.0, 2.0]}], "bends": []}
    arcs = Arcs.of(record)
    assert arcs.place(0, 7.0) == pytest.approx(0.5)
    assert arcs.place(0, 3.0) == pytest.approx(1.5)
    assert arcs.at(1.5) == pytest.approx([3.0, 1.5])
    assert arcs.at(2.0) == pytest.approx([0.0, 2.0])
    # Beyond an end by rounding is the end.
    assert (arcs.place(0, 8.1), arcs.place(0, -1.0), arcs.place(1, 3.0)) == (0.0, 2.0, 2.0)


def test_one_point_and_a_point_twice() -> None:
    alone = Arcs.of({"points": [{"values": [8.0, 0.5]}], "bends": []})
    assert alone.place(1, 0.5) == 0.0
    assert alone.at(0.0).tolist() == [8.0, 0.5]
    kink = Arcs(np.array([[3.0, 3.0], [2.0, 1.0], [2.0, 1.0], [1.0, 0.5]]), np.zeros((3, 2)))
    for level in (1.0, 1.5, 2.0, 2.5, 3.0):
        assert kink.at(kink.place(0, level))[0] == level


@pytest.mark.parametrize("rounding", [-1e-15, 1e-15])
def test_a_level_start_may_fall_by_rounding(rounding: float) -> None:
    arcs = Arcs(np.array([[0.0, 0.0], [4.0, 2.0]]), np.array([[-4.0 + rounding, 0.0]]))
    for x in (0.0, 0.5, 1.0, 2.0):
        assert arcs.at(arcs.place(0, x * x)) == pytest.approx([x * x, x], abs=1e-6)
