"""Which way a change goes by its text: number by number, date by date, and what can't be told."""

from __future__ import annotations

from typing import Any

import pytest

from allocator import kinds
from allocator.direction import direction
from allocator.rules import Rule
from allocator.units import parse_date

BASES: dict[str, dict[str, Any]] = {
    "share": {"scope": {"sector": ["power", "grid"]}, "of": "deployed", "at-most": "35%"},
    "domicile": {"country": "US", "basis": "seat", "of": "deployed", "at-least": "85%"},
    "amount": {"measure": "deployed", "at-least": "$450 bn"},
    "ratio": {"numerator": "reserve", "denominator": "debt-service", "at-least": "0.50x"},
    "concentration": {"by": "line", "measure": "top-n", "n": "3", "of": "deployed", "at-most": "33%"},
    "look-through": {"scope": {"counterparty": ["acme"]}, "of": "deployed", "at-most": "15%"},
    "leverage": {"measure": "debt-to-equity", "at-most": "2.00x"},
    "coverage": {"measure": "interest", "haircut": "15%", "at-least": "2.00x"},
    "exclusion": {"scope": {"line": ["coal"]}},
    "volatility": {"of": "deployed", "at-most": "11%"},
    "ticket": {"at-least": "$1 bn"},
    "count": {"at-most": "15"},
    "tail-loss": {"confidence": "95%", "of": "equity", "at-most": "30%"},
    "stress-loss": {"stress": "slump", "of": "equity", "at-most": "30%"},
    "tracking": {"of": "deployed", "at-most": "4%"},
    "turnover": {"at-most": "20%"},
}


def rule(kind: str, changes: dict[str, Any]) -> Rule:
    given = {"id": "r", "title": "R", **BASES[kind], **changes}
    made: Rule = kinds.find("rules", kind).read({name: value for name, value in given.items() if value is not None})
    return made


FLOOR = {"at-most": None, "at-least": "5", "holding": "$1 bn"}
SOFT = {"severity": "soft", "penalty": "100 bp"}


@pytest.mark.parametrize(
    ("kind", "before", "after", "way"),
    [
        ("share", {}, {"at-most": "34%"}, "tighter"),
        ("share", {}, {"at-most": "36%"}, "looser"),
        ("share", {}, {"at-least": "5%"}, "tighter"),
        ("share", {"at-least": "5%"}, {}, "looser"),
        ("share", {"at-least": "5%"}, {"at-least": "4%", "at-most": "34%"}, "mixed"),
        ("share", {}, {"of": "equity"}, "mixed"),
        ("share", {}, {"scope": {"sector": ["power"]}}, "looser"),
        ("share", {}, {"scope": {"sector": ["power", "grid", "ports"]}}, "tighter"),
        ("share", {}, {"scope": {"sector": ["power", "grid"], "site": "US"}}, "looser"),
        ("share", {}, {"scope": {"sector": ["power", "ports"]}}, "mixed"),
        ("share", {"at-most": None, "at-least": "5%"}, {"at-most": None, "at-least": "5%", "scope": "all"}, "looser"),
        ("share", {"at-least": "1%"}, {"at-least": "1%", "scope": {"sector": ["power"]}}, "mixed"),
        ("share", {}, {"scope": None, "each": "line"}, "mixed"),
        ("share", {}, SOFT, "looser"),
        ("ticket", {}, {"at-least": "$2 bn"}, "tighter"),
        ("ticket", {}, {"at-least": "$500 m"}, "looser"),
        ("ticket", {}, {"scope": {"sector": "power"}}, "looser"),
        ("ticket", {}, {"at-least": None, "column": "minimum-ticket"}, "mixed"),
        ("count", {}, {"at-most": "14"}, "tighter"),
        ("count", {}, {"at-most": "16"}, "looser"),
        ("count", {}, {"at-least": "5", "holding": "$1 bn"}, "mixed"),
        ("count", FLOOR, FLOOR | {"at-least": "4"}, "looser"),
        ("count", FLOOR, FLOOR | {"holding": "$2 bn"}, "tighter"),
        ("count", FLOOR, FLOOR | {"scope": {"sector": "power"}}, "tighter"),
        ("count", {"scope": {"sector": "power"}}, {"scope": {"sector": ["power", "grid"]}}, "tighter"),
        ("count", {}, {"by": "sector"}, "mixed"),
        ("share", SOFT, {}, "tighter"),
        ("share", SOFT, SOFT | {"penalty": "90 bp"}, "looser"),
        ("share", {}, {"relax": "never"}, "tighter"),
        ("share", SOFT, {"at-most": "36%"}, "mixed"),
        ("share", {}, {"at-most": {"2020-01-01": "35%", "2028-01-01": "33%"}}, "tighter"),
        ("share", {}, {"at-most": {"2020-01-01": "34%", "2028-01-01": "36%"}}, "mixed"),
        ("share", {"at-most": {"2020-01-01": "35%"}}, {"at-most": {"2020-02-01": "35%"}}, "mixed"),
        ("share", {}, {"at-most": "35.0%", "title": "Another", "why": "w", "owner": "o", "authority": "a"}, "same"),
        ("domicile", {}, {"at-least": "84%"}, "looser"),
        ("domicile", {}, {"basis": "assets"}, "mixed"),
        ("amount", {}, {"at-least": "$0.46 tn"}, "tighter"),
        ("ratio", {}, {"at-least": "50%"}, "same"),
        ("ratio", {}, {"at-least": "0.49x"}, "looser"),
        ("concentration", {}, {"n": "4"}, "tighter"),
        ("concentration", {}, {"n": "2", "at-most": "32%"}, "mixed"),
        ("look-through", {}, {"scope": {"counterparty": ["acme", "zeta"]}}, "tighter"),
        ("leverage", {}, {"at-most": "2.05x"}, "looser"),
        ("coverage", {}, {"haircut": "14%"}, "looser"),
        ("coverage", {}, {"haircut": "16%", "at-least": "2.10x"}, "tighter"),
        ("exclusion", {}, {"scope": {"line": ["coal", "gas"]}}, "tighter"),
        ("volatility", {}, {"at-most": "10.5%"}, "tighter"),
        ("tail-loss", {}, {"confidence": "99%"}, "tighter"),
        ("tail-loss", {}, {"confidence": "90%", "at-most": "29%"}, "mixed"),
        ("tail-loss", {}, {"at-most": "31%"}, "looser"),
        ("stress-loss", {}, {"at-most": "29%"}, "tighter"),
        ("stress-loss", {}, {"stress": None, "each": "stress"}, "mixed"),
        ("stress-loss", {}, {"stress": "tariff"}, "mixed"),
        ("tracking", {}, {"at-most": "4.5%"}, "looser"),
        ("turnover", {}, {"at-most": "15%"}, "tighter"),
        ("turnover", {}, {"of": "equity"}, "same"),
        ("turnover", {}, SOFT, "looser"),
    ],
)
def test_a_change_goes_one_way_and_its_reverse_the_other(
    kind: str, before: dict[str, Any], after: dict[str, Any], way: str
) -> None:
    old, new = rule(kind, before), rule(kind, after)
    assert direction(old, new) == way
    assert direction(new, old) == {"tighter": "looser", "looser": "tighter"}.get(way, way)


def test_a_rule_that_comes_or_goes() -> None:
    cap = rule("share", {})
    assert [direction(None, cap), direction(cap, None), direction(None, None)] == ["tighter", "looser", "same"]


def test_another_kind_is_mixed() -> None:
    assert direction(rule("share", {}), rule("volatility", {})) == "mixed"


def test_one_date_alone_may_be_asked_for() -> None:
    later = rule("share", {"at-most": {"2020-01-01": "35%", "2028-01-01": "33%"}})
    assert direction(rule("share", {}), later, parse_date("2026-01-01")) == "same"
    assert direction(rule("share", {}), later, parse_date("2028-01-01")) == "tighter"
