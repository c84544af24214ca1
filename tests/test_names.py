"""What a case calls things: the same from its files as from its arrays, and as true of measures as the arrays are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import small_case
from helpers import tiny

import allocator as al
from allocator.errors import InputError, Place
from allocator.files.names import read_names
from allocator.measures import NAMED, MeasureName
from allocator.names import Nature
from allocator.scope import Scope

ROOT = Path(__file__).parent.parent
FOLDERS = [*sorted(path.parent for path in (ROOT / "examples").glob("*/fund.yaml")), ROOT / "tests/bad_inputs/good"]
COLUMNS = {"capacity [$ bn]": [60, 40, 10], "cash-yield [%]": [8, -6, 0], "expected-return [%]": [9, 7, 1]}
MIXED = tiny(COLUMNS | {"drift [%]": [1, 0, -1]}, compression={"from": "50%", "slope": "3%"})
EVERY = [*map(MeasureName, NAMED), *(MeasureName(name, column=True) for name in ("capacity", "cash-yield", "drift"))]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_they_are_those_of_the_case_read_whole(folder: Path) -> None:
    assert read_names(folder) == al.read_case(folder).names


@pytest.mark.parametrize("rows", [None, [0], [1], [2], [0, 2], [0, 1, 2]])
@pytest.mark.parametrize("name", EVERY, ids=repr)
def test_the_nature_of_a_measure_is_what_its_arrays_say(name: MeasureName, rows: list[int] | None) -> None:
    lines = None if rows is None else np.isin(np.arange(3), rows)
    if rows is not None and name.name in ("equity", "reserve", "total-assets"):
        for ask in (
            lambda: MIXED.names.measure(name, "a test", rows=rows),
            lambda: MIXED.measure(name, "a test", lines=lines),
        ):
            with pytest.raises(InputError, match="belongs to no line"):
                ask()
        return
    nature = MIXED.names.measure(name, "a test", rows=rows)
    measure = MIXED.measure(name, "a test", lines=lines)
    negative = bool((measure.row < 0).any()) or measure.constant < 0
    assert nature == Nature(measure.words, negative, measure.loss is not None)


@pytest.mark.parametrize(
    ("columns", "fund", "bent"),
    [
        ({"capacity [$ bn]": [60, 0]}, {"compression": {"from": "50%", "slope": "3%"}}, [0]),
        ({"capacity [$ bn]": [60, 9]}, {"compression": {"from": "50%", "slope": "0%"}}, []),
        ({"capacity [$ bn]": [60, 9]}, {"compression": {"from": "100%", "slope": "3%"}}, []),
        ({"capacity [$ bn]": [6, 9], "compression-slope [%]": [0, 3]}, {"compression": {"from": "0%", "slope": "0%"}}, [1]),
        ({"capacity [$ bn]": [60, 9]}, {}, []),
    ],
)  # fmt: skip
def test_which_yields_compress(columns: dict[str, list[float]], fund: dict[str, object], bent: list[int]) -> None:
    case = tiny(columns, **fund)
    assert case.names.bent == bent
    assert case.decision.bent.tolist() == bent
    assert np.flatnonzero(case.loss_weight).tolist() == bent


@pytest.mark.parametrize(
    "given", ["all", {"sector": "power"}, {"line": ["docks", "hall"]}, {"domicile": "US", "sector": "compute"}]
)
def test_a_scope_is_its_rows(given: object) -> None:
    universe, scope = small_case().universe, Scope.parse(given)
    assert scope.lines(universe).nonzero()[0].tolist() == scope.rows(universe.lines)


def test_all_that_the_stack_names_is_told_at_once() -> None:
    terms = {"capacity": "$40 bn", "cost": "4%", "tenor": "9 years"}
    loans = [
        {"id": "one", **terms, "eligible": {"sector": "grd"}, "covenants": {"content": "51%"}},
        {"id": "two", **terms, "covenants": {"single-obligor": "15%"},
         "sub-limits": [{"id": "part", "scope": {"line": "z"}, "at-most": "$1 bn"}]},
    ]  # fmt: skip
    case = tiny(COLUMNS | {"sector": ["grid", "grid", "power"]}, loans)
    told = (
        "no line has sector 'grd'; did you mean 'grid'?\n"
        "tranche 'one' needs column 'us-share', which the universe lacks; add it to the universe\n"
        "no line 'z'; known: a, b, c\n"
        "the covenant 'single-obligor' of tranche 'two' needs exposures, and the case has none; "
        "give exposures, or leave the covenant out"
    )
    for ask in (case.names.check, lambda: al.Rulebook(as_of="2026-04-01").clauses(case)):
        with pytest.raises(InputError) as caught:
            ask()
        assert str(caught.value) == told


def test_a_rule_tells_all_its_faults_at_once() -> None:
    rule = al.rules.Share(id="r", title="R", scope={"sector": "x"}, of={"column": "drft"}, at_most="5%")
    with pytest.raises(InputError) as caught:
        rule.check(MIXED.names, al.Rulebook().as_of)
    assert str(caught.value) == (
        "column 'sector' is unknown; known: line\n"
        "rule 'r' needs column 'drft', which the universe lacks; add it to the universe, or did you mean 'drift'?"
    )


def test_the_places_of_a_file_are_told() -> None:
    with pytest.raises(InputError, match=r"^p:1:1: a test groups by 'drift', which is numeric; known: line$"):
        MIXED.names.lines.groups("drift", "a test", Place("p"))
