from __future__ import annotations

import numpy as np
import pytest

import allocator as al
from allocator.errors import InputError, Place, Unparsable
from allocator.scope import Scope


@pytest.mark.parametrize(
    ("given", "lines", "words"),
    [
        ("all", "hall chips plant wires docks", "all lines"),
        ({"sector": "power"}, "plant wires", "sector power"),
        ({"sector": ["power", "compute"]}, "hall chips plant wires", "sector power or compute"),
        ({"sector": ["power", "compute"], "domicile": "JP"}, "chips", "sector power or compute, domicile JP"),
        ({"line": ["docks", "hall"]}, "hall docks", "docks or hall"),
    ],
)
def test_which_lines(small: al.Case, given: object, lines: str, words: str) -> None:
    scope = Scope.parse(given)
    mask = scope.lines(small.universe)
    assert [line for line, chosen in zip(small.universe.ids, mask, strict=True) if chosen] == lines.split()
    assert str(scope) == words
    assert bool(scope) == (given != "all")
    assert scope == Scope.parse(given)
    assert hash(scope) == hash(Scope.parse(given))
    assert Scope.parse(scope) is scope


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sector": "pwer"}, "p:1:1: no line has sector 'pwer'; did you mean 'power'?"),
        ({"line": "hal"}, "p:1:1: no line 'hal'; did you mean 'hall'?"),
        ({"sectr": "power"}, "p:1:1: column 'sectr' is unknown; did you mean 'sector'?"),
        ({"capacity": "60"}, "p:1:1: column 'capacity' holds numbers, not names; known: domicile, line, sector, site"),
        ({"sector": "power", "domicile": "JP"}, "p:1:1: sector power, domicile JP selects no line; widen it"),
        ({"sector": ["pwer", "compte"]},
         "p:1:1: no line has sector 'pwer'; did you mean 'power'?\n"
         "p:1:1: no line has sector 'compte'; did you mean 'compute'?"),
    ],
)  # fmt: skip
def test_what_selects_nothing(small: al.Case, given: object, message: str) -> None:
    with pytest.raises(InputError) as caught:
        Scope.parse(given).lines(small.universe, Place("p"))
    assert str(caught.value) == message


@pytest.mark.parametrize("given", [{}, [], "power", None, {"sector": []}, {"sector": 3}, {"sector": ["a", ["b"]]}])
def test_no_scope(given: object) -> None:
    with pytest.raises(Unparsable):
        Scope.parse(given)


def test_a_mask_is_of_lines(small: al.Case) -> None:
    assert Scope({}).lines(small.universe).dtype == np.bool_


@pytest.mark.parametrize(
    ("columns", "phrase"),
    [
        ({}, "all lines"),
        ({"line": ("smr",)}, "the line smr"),
        ({"sector": ("power", "grid", "ports")}, "the sectors power, grid and ports"),
        ({"site": ("US", "CA")}, "lines whose site is US or CA"),
        ({"jbic": ("yes",), "site": ("US",)}, "lines marked 'jbic' and whose site is US"),
        ({"jbic": ("no",)}, "lines whose jbic is no"),
        ({"site": ("US",), "sector": ("power",)}, "the sector power, in lines whose site is US"),
        ({"sector": ("power",), "line": ("a", "b")}, "the lines a and b, in lines whose sector is power"),
    ],
)
def test_in_a_sentence(columns: dict[str, tuple[str, ...]], phrase: str) -> None:
    assert Scope(columns).phrase() == phrase
