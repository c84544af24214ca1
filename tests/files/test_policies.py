from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import pytest

import allocator as al

POLICY = Path(__file__).parent.parent / "bad_inputs" / "good" / "policy.yaml"
IDS = ["home", "compute-cap", "docks-ticket", "own-power", "spread", "largest", "supplier", "borrowing", "cover",
       "no-docks-debt", "swings"]  # fmt: skip


def test_a_policy_is_read_with_all_that_it_says() -> None:
    rules = al.read_rules(POLICY, as_of="2026-06-01")
    assert [rule.id for rule in rules.rules] == IDS
    assert rules.header is not None
    assert (rules.header.title, rules.header.status, rules.as_of) == (
        "Rules without faults",
        "example",
        dt.date(2026, 6, 1),
    )
    assert rules.authorities["manual-3"].title == "Illustrative manual s. 3"
    assert rules.source is not None
    assert rules.source.path == POLICY
    assert rules.source.digest == hashlib.sha256(POLICY.read_bytes()).hexdigest()
    assert repr(rules) == "Rulebook('Rules without faults', 11 rules as of 2026-06-01)"


@pytest.mark.parametrize(
    ("as_of", "floor"),
    [("2026-04-01", "60%"), ("2027-12-31", "60%"), ("2028-01-01", "70%"), ("2030-12-31", "70%")],
)
def test_the_date_says_which_value_is_in_force(as_of: str, floor: str) -> None:
    rules = al.read_rules(str(POLICY), as_of=as_of)
    assert [str(limit.value) for limit in rules.rule("home").limits(rules.as_of)] == [floor]


def test_places_point_into_the_file_even_after_a_what_if() -> None:
    rules = al.read_rules(POLICY, as_of="2026-06-01").replace("compute-cap", at_most="45%")
    assert str(rules.rule("compute-cap").place("at_most")) == f"{POLICY}:25:14"
    assert str(rules.rule("spread").place()) == f"{POLICY}:46:5"
