"""Numbers of a case and its rules by name."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import small_case
from helpers import book

import allocator as al
from allocator.errors import InputError
from allocator.inputs import Turns, inputs_of

RULES = book(
    al.rules.Share(id="one", title="One", each="line", of="deployed", at_most="40%"),
    al.rules.Concentration(id="hhi", title="Hhi", by="sector", measure="hhi", of="deployed", at_most="0.36"),
    al.rules.Coverage(id="cover", title="Cover", measure="debt-service", haircut="20%", at_least="1.4x"),
)


def test_what_they_are() -> None:
    case = small_case()
    tranche = case.stack[0].id
    names = ["one.at-most", "hall.cash-yield", "hall.capacity", f"{tranche}.capacity", f"{tranche}.cost", "fund.fee"]
    found = inputs_of(case, RULES.clauses(case), names)
    assert [each.name for each in found] == names
    row = case.universe.ids.index("hall")
    assert [each.value for each in found] == [
        0.4,
        case.universe.numbers["cash-yield"][row],
        case.universe.numbers["capacity"][row],
        float(case.stack[0].capacity),
        case.costs[0],
        float(case.fund.fee),
    ]
    # Each moves its own number, and leaves the case as it was.
    assert found[1].moved(case, 0.5).universe.numbers["cash-yield"][row] == 0.5
    assert found[3].moved(case, 7.0).stack[0].capacity.amount == 7
    assert found[4].moved(case, 0.09).costs[0] == pytest.approx(0.09, abs=1e-12)
    assert float(found[5].moved(case, 0.004).fund.fee) == 0.004
    assert case.universe.numbers["cash-yield"][row] == found[1].value


def test_a_reference_rate_and_a_cost_that_has_it_move_together() -> None:
    from conftest import ROOT

    case = al.read_case(ROOT / "examples/us-japan")
    rate, cost = inputs_of(case, (), ["sofr", "guaranteed-senior.cost"])
    moved = cost.moved(rate.moved(case, rate.value + 0.01), cost.value + 0.002)
    assert moved.costs[0] == pytest.approx(case.costs[0] + 0.012, abs=1e-12)


def test_a_name_of_two_things() -> None:
    case = small_case()
    rules = book(al.rules.Share(id=case.stack[0].id, title="S", each="line", of="deployed", at_most="40%"))
    clauses = rules.clauses(case)
    assert inputs_of(case, clauses, [f"{case.stack[0].id}.at-most"])[0].value == 0.4
    with pytest.raises(InputError, match=r"^no number 'nothing\.at-most'; "):
        inputs_of(case, clauses, ["nothing.at-most"])
    with pytest.raises(InputError, match=r"^5 is no name of a number; write one such as 'one-line\.at-most'$"):
        inputs_of(case, clauses, [5])  # type: ignore[list-item]


def test_coordinates_and_their_prices() -> None:
    """A square root, a product of two numbers, and inputs themselves; prices follow by the chain rule."""
    case = small_case()
    names = ["hall.cash-yield", "hhi.at-most", "cover.at-least", "cover.haircut", "one.at-most"]
    inputs = inputs_of(case, RULES.clauses(case), names)
    turns = Turns(inputs)
    values = np.array([0.06, 0.25, 1.5, 0.1, 0.3])
    assert turns.coordinates(values) == pytest.approx([0.06, 0.5, 1.5 / 0.9, 0.3])
    worth = np.array([1.0, 2.0, 3.0, 4.0])
    told = turns.prices(turns.coordinates(values), values, worth)
    for k in range(len(values)):
        step = 1e-6 * (np.arange(len(values)) == k)
        slope = (turns.coordinates(values + step) - turns.coordinates(values - step)) @ worth / 2e-6
        assert told[k] == pytest.approx(slope, rel=1e-6)
