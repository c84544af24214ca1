from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import allocator as al
from allocator.errors import InputError
from allocator.lines import parse_cells, split_header
from allocator.universe import Universe


def refusal(columns: dict[str, Any]) -> str:
    with pytest.raises(InputError) as caught:
        Universe.build(columns)
    return str(caught.value)


@pytest.mark.parametrize(
    ("header", "cell", "column", "base"),
    [
        ("cash-yield [%]", "6.5", "cash-yield", 0.065),
        ("cash-yield [bp]", 650, "cash-yield", 0.065),
        ("cash-yield", 0.065, "cash-yield", 0.065),
        ("capacity [$ m]", "1500", "capacity", 1.5),
        ("capacity [$ tn]", "0.2", "capacity", 200.0),
        ("dscr", "1.35", "dscr", 1.35),
        ("strategic-weight [%]", "80", "strategic-weight", 0.8),
        ("strategic-weight", "80", "strategic-weight", 80.0),
        ("jobs [1/$ bn]", "120", "jobs", 120.0),
        ("local-content [%]", "40", "local-content", 0.4),
        ("expected-return [%]", "-3", "expected-return", -0.03),
    ],
)
def test_numbers_are_kept_in_base_units(header: str, cell: Any, column: str, base: float) -> None:
    made = Universe.build({"id": ["a"], header: [cell]})
    assert made.numbers[column] == pytest.approx([base], rel=1e-15)
    assert made.units[column] == (split_header(header)[1] if column in ("jobs", "local-content") else "")


def test_words_make_groups_and_numbers_measures() -> None:
    made = Universe.build({"id": ["a", "b"], "block": ["x", "y"], "jobs": ["1", "2.5"], "sector": ["1", "2"]})
    assert dict(made.texts) == {"block": ("x", "y"), "sector": ("1", "2")}
    assert made.numbers["jobs"].tolist() == [1, 2.5]
    assert len(made) == 2


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "no column 'id', or no lines; name every line in a column 'id'"),
        ({"id": []}, "no column 'id', or no lines; name every line in a column 'id'"),
        ({"id": ["a", "a"]}, "the id 'a' stands twice; give each line an id of its own"),
        ({"id": ["a;b"]}, "'a;b' can't be an id; use letters, digits and dashes"),
        ({"id": ["a", "b", "c"], "jobs": ["1", "2", "x"]},
         "'x' is not a number, for 'c' in column 'jobs'; write a number without separators, of at most 15 digits"),
        ({"id": ["a"], "Cash yield": [6]}, "column 'Cash yield' is nearly 'cash-yield'; "
         "write cash-yield, or a name less like it"),
        ({"id": ["a"], "minimum-ticket [$ tn]": [2000]}, "2000 is over $1,000,000 bn, for 'a' in column "
         "'minimum-ticket [$ tn]'; check its unit"),
        ({"id": ["a", "b", "c"], "jobs": [1, 2, "3 k"]}, "'3 k' is not a number, for 'c' in column 'jobs'; "
         "write the number alone, and the unit in the header"),
        ({"id": ["a"], "capacity [$ bn]": [1], "capacity [$ m]": [1]}, "column 'capacity' stands twice; keep one"),
    ],
)  # fmt: skip
def test_what_is_refused_from_python_too(columns: dict[str, Any], message: str) -> None:
    assert refusal(columns) == message


def test_a_name_near_a_known_one_is_free_where_both_stand() -> None:
    made = Universe.build({"id": ["a"], "capacity [$ bn]": [5], "capacity-2 [GW]": [1]})
    assert set(made.numbers) == {"capacity", "capacity-2"}


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1e15, -1e300, "nan", "1_000", "１", "", None])
def test_a_cell_that_is_no_number(bad: Any) -> None:
    assert parse_cells([bad]) is None


def test_cells_that_are_numbers() -> None:
    assert parse_cells(["1e3", " 2 ", -3, 0.5]) == pytest.approx([1000, 2, -3, 0.5])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("header", "parts"),
    [("capacity [$ bn]", ("capacity", "$ bn")), (" life ", ("life", "")), ("jobs [1/$ bn", ("jobs [1/$ bn", ""))],
)
def test_split_header(header: str, parts: tuple[str, str]) -> None:
    assert split_header(header) == parts


def test_exposures_are_a_matrix_of_counterparties_by_lines(small: al.Case) -> None:
    universe = small.universe
    assert universe.counterparties == ("acme", "zeta")
    assert universe.exposure is not None
    assert (universe.exposure @ np.array([10.0, 20, 30, 40, 50])).tolist() == [0.3 * 10 + 0.8 * 20, 0.2 * 20 + 0.5 * 50]


def test_exposures_are_checked_all_at_once(small: al.Case) -> None:
    rows = [("hall", "acme", 0.5), ("hal", "acme", 0.5), ("hall", "acme", 0.1), ("docks", "", 0.1), ("wires", "b", 1.5)]
    with pytest.raises(InputError) as caught:
        small.universe.with_exposures(rows)
    assert str(caught.value).split("\n") == [
        "no line 'hal'; did you mean 'hall'?",
        "'hall' with 'acme' stands twice; keep one",
        "no counterparty for 'docks'; write a name",
        "the exposure 1.5 is not between 0 and 1; write 0% to 100%",
    ]


def test_groups(small: al.Case) -> None:
    names, members = small.universe.groups("sector", "a test")
    assert names == ("compute", "logistics", "power")
    assert (members @ np.array([1.0, 2, 4, 8, 16])).tolist() == [3, 16, 12]
    names, members = small.universe.groups("line", "a test")
    assert names == small.universe.ids
    assert (members @ np.arange(5.0)).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("sector", "a test needs numbers, and column 'sector' is text; name a numeric column"),
        ("gearin", "a test needs column 'gearin', which the universe lacks; add it to the universe, or did you mean "
         "'gearing'?"),
        ("zinc", "a test needs column 'zinc', which the universe lacks; add it to the universe"),
    ],
)  # fmt: skip
def test_a_column_that_is_needed(small: al.Case, column: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        small.universe.number(column, "a test")
    assert str(caught.value) == message


@pytest.mark.parametrize("ids", ["index", "column"])
def test_from_frame(ids: str) -> None:
    frame = pd.DataFrame({"id": ["a", "b"], "sector": ["x", "y"], "capacity [$ bn]": [1, 2.5]})
    made = Universe.from_frame(frame.set_index("id") if ids == "index" else frame)
    assert (made.ids, made.texts["sector"], made.numbers["capacity"].tolist()) == (("a", "b"), ("x", "y"), [1, 2.5])
