"""What `explain` gives to those who write Python."""

from __future__ import annotations

import pytest
from helpers import book, tiny

import allocator as al

CASE = tiny({"cash-yield [%]": [8, 5], "capacity [$ bn]": [100, 100]})
FLOORS = [
    al.rules.Amount(id=line, title="<b>" + line, scope={"line": line}, at_least=least)
    for line, least in (("a", "$70 bn"), ("b", "$60 bn"))
]


def test_an_explanation_as_frames() -> None:
    found = al.explain(CASE, book(*FLOORS))
    assert found.status == "infeasible"
    assert found.conflict.index.tolist() == ["a", "b"]
    assert found.conflict.loc["a", "says"] == "The capital deployed in the line a is at least $70 bn."
    assert found.repairs.reset_index().to_dict("records")[:2] == [
        {"repair": 1, "of": "a", "field": "at-least", "waiver": "", "was": "$70 bn", "now": "$40 bn", "smallest": True},
        {"repair": 2, "of": "b", "field": "at-least", "waiver": "", "was": "$60 bn", "now": "$30 bn", "smallest": True},
    ]
    assert repr(found) == (
        "Explanation('Tiny', 'No allocation satisfies the rules. These 2 together leave none: a and b.')"
    )


def test_a_repair_stands_once() -> None:
    """The floor alone can give way, so that its smallest change is also the least change of all rules together."""
    found = al.explain(CASE, book(al.rules.Amount(id="much", title="Much", at_least="$120 bn")))
    assert found.repairs[["of", "was", "now"]].to_dict("records") == [
        {"of": "much", "was": "$120 bn", "now": "$100 bn"}
    ]


def test_a_notebook_breaks_no_name() -> None:
    shown = al.explain(CASE, FLOORS)._repr_html_()
    assert 'white-space:nowrap">$70 bn' not in shown
    assert 'white-space:nowrap">a</td>' in shown


def test_a_notebook_shows_its_tables_and_no_markup_of_titles() -> None:
    shown = al.explain(CASE, FLOORS)._repr_html_()
    assert "<p>No allocation satisfies the rules." in shown
    assert "What would let something fit" in shown
    assert "&lt;b&gt;a. The capital" in shown


def test_where_something_fits_there_is_no_conflict_and_nothing_to_repair() -> None:
    found = al.explain(CASE)
    assert found.status == "fits"
    assert (len(found.conflict), len(found.repairs)) == (0, 0)
    assert found.conflict.index.name == "member"


def test_only_what_changed_is_blamed() -> None:
    assert al.explain(CASE, FLOORS, FLOORS[:1]).conflict.index.tolist() == ["b"]


def test_what_is_no_rulebook_is_refused() -> None:
    with pytest.raises(al.InputError, match=r"is no rulebook"):
        al.explain(CASE, "rules")  # type: ignore[arg-type]
