"""What tests beside rules say: holdings in dollars, and `pass` or `fail by` so much."""

from __future__ import annotations

from decimal import Decimal

import pytest

from allocator.errors import InputError, Place, Unparsable
from allocator.expectations import Amounts, Expectation, Verdict
from allocator.files.marked import parse_yaml
from allocator.units import Index, Money, Multiple, Quantity, Share

WRITE = "write pass, or fail by an amount in the rule's unit, such as fail by 1 pp"


@pytest.mark.parametrize(
    ("text", "by", "grain", "unit"),
    [
        ("fail by 1 pp", "0.01", "0.01", Share),
        ("fail by 0.25 pp", "0.0025", "0.0001", Share),
        ("fail by 0.50x", "0.50", "0.01", Multiple),
        ("fail by $150 bn", "150", "1", Money),
        ("fail by $1,500.5 m", "1.5005", "0.0001", Money),
        ("fail by 0.02", "0.02", "0.01", Index),
    ],
)
def test_a_failure_has_a_size_a_grain_and_a_unit(text: str, by: str, grain: str, unit: type[Quantity]) -> None:
    made = Verdict.parse(text)
    assert (made.by, made.grain, made.unit, made.text) == (Decimal(by), Decimal(grain), unit, text)
    assert Verdict.parse(made) is made


def test_a_pass() -> None:
    assert Verdict.parse("pass") == Verdict(None, Decimal(0), None, "pass")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("passes", f"cannot read 'passes'; {WRITE}"),
        ("fail", f"cannot read 'fail'; {WRITE}"),
        ("fail by -1 pp", f"cannot read 'fail by -1 pp'; {WRITE}"),
        ("fail by 1e2 pp", f"cannot read 'fail by 1e2 pp'; {WRITE}"),
        ("fail by 1..2 pp", f"cannot read 'fail by 1..2 pp'; {WRITE}"),
        ("fail by $1 pp", f"cannot read 'fail by $1 pp'; {WRITE}"),
        ("fail by $1", f"cannot read 'fail by $1'; {WRITE}"),
        ("fail by 1 bn", f"cannot read 'fail by 1 bn'; {WRITE}"),
        ("fail by 1%", "'fail by 1%' does not say of what; write percentage points, such as fail by 1 pp"),
        ("fail by 0 pp", "'fail by 0 pp' is no failure; write pass"),
    ],
)
def test_what_is_no_verdict(text: str, message: str) -> None:
    with pytest.raises(Unparsable) as caught:
        Verdict.parse(text)
    assert str(caught.value) == message


def test_amounts_are_dollars_that_know_their_places() -> None:
    made = Amounts.parse(parse_yaml(b"{grid: $85 bn, wind: $500 m}", "p.yaml"))
    assert made == {"grid": Money(85), "wind": Money(Decimal("0.5"))}
    assert made.places["wind"] == Place("p.yaml", 1, 16)
    assert Amounts.parse(made) is made


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "no names with amounts; write a line and an amount, such as {grid: $85 bn}"),
        ("$85 bn", "no names with amounts; write a line and an amount, such as {grid: $85 bn}"),
        ({"grid": "85 bn"}, "cannot read '85 bn'; write an amount such as $300 bn or $5 m"),
        ({"grid": "-$1 bn"}, "-$1 bn is negative; write zero or more"),
        ({"grid": "€1 bn"}, "'€1 bn' is not in US dollars; write an amount such as $300 bn or $5 m"),
        ({"grid": "$2000 tn"}, "$2,000,000 bn is over $1,000,000 bn; check its unit"),
    ],
)
def test_what_are_no_amounts(given: object, message: str) -> None:
    with pytest.raises(Unparsable) as caught:
        Amounts.parse(given)
    assert str(caught.value) == message


def test_a_test_with_all_its_faults_at_once() -> None:
    text = b"{name: t, as-of: 2026-13-01, holdings: {grid: 5}, financing: {grid: [senior]}, expects: pass}"
    with pytest.raises(InputError) as caught:
        Expectation.read(parse_yaml(text, "p.yaml"), "test 't'")
    assert [str(problem) for problem in caught.value.problems] == [
        "p.yaml:1:18: test 't' as-of: cannot read '2026-13-01' as a date; write a date such as 2026-04-01",
        "p.yaml:1:47: test 't' holdings: cannot read '5'; write an amount such as $300 bn or $5 m",
        "p.yaml:1:69: test 't' financing.grid: no names with amounts; write a line and an amount, such as {grid: $85 bn}",
        "p.yaml:1:80: test 't' expects: unknown key; did you mean 'expect'?",
    ]
