from __future__ import annotations

import pytest

from allocator.errors import Collector, InputError, Place, Problem, closest, nearest

FRUIT = ["apple", "pear", "plum"]


def test_problems_stand_in_the_order_of_the_file_and_once() -> None:
    late, early = Place("a.yaml", 10, 2), Place("a.yaml", 9, 30)
    twice = Problem("late", "mend", late)
    error = InputError([twice, Problem("early", "mend", early), twice, Problem("nowhere", "mend")])
    assert str(error) == "nowhere; mend\na.yaml:9:30: early; mend\na.yaml:10:2: late; mend"


def test_a_collector_goes_on_after_a_failed_part() -> None:
    problems = Collector()
    problems.finish()
    for what in ("one", "two"):
        with problems.part():
            raise InputError.of(what, "mend")
    problems.add("three", "mend", Place("a"))
    with pytest.raises(InputError, match=r"^one; mend\ntwo; mend\na:1:1: three; mend$"):
        problems.finish()


def test_a_collector_lets_other_errors_through() -> None:
    with pytest.raises(ZeroDivisionError), Collector().part():
        1 / 0  # noqa: B018


@pytest.mark.parametrize(
    ("word", "known", "mend"),
    [
        ("aple", FRUIT, "did you mean 'apple'?"),
        ("kiwi", FRUIT, "known: apple, pear, plum"),
        ("kiwi", [f"{i:02}" for i in range(19)], f"known: {', '.join(f'{i:02}' for i in range(18))}, ..."),
        ("kiwi", [], "none is known here"),
    ],
)
def test_nearest(word: str, known: list[str], mend: str) -> None:
    assert nearest(word, known) == mend


@pytest.mark.parametrize(("cutoff", "found"), [(0.6, "plum"), (0.95, None)])
def test_closest(cutoff: float, found: str | None) -> None:
    assert closest("plums", FRUIT, cutoff) == found
