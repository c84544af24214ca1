"""The redline: word by word, inert, and nothing of it lost."""

from __future__ import annotations

import pytest

from allocator.report.redline import words


@pytest.mark.parametrize(
    ("was", "now", "runs"),
    [
        (
            "at most 12%.",
            "at most 10%.",
            [("same", "at most "), ("del", "12%"), ("same", " "), ("ins", "10%"), ("same", ".")],
        ),
        ("is $1.5 bn here", "is $2 bn here", [("same", "is "), ("del", "$1.5 "), ("ins", "$2 "), ("same", "bn here")]),
        ("", "all new", [("ins", "all new")]),
        ("all gone", "", [("del", "all gone")]),
        ("the same", "the same", [("same", "the same")]),
        ("日米基金", "日米", [("del", "日米基金"), ("same", " "), ("ins", "日米")]),
        ("", "", []),
    ],
)
def test_words_are_struck_and_put_in(was: str, now: str, runs: list[tuple[str, str]]) -> None:
    found = list(words(was, now))
    assert found == runs
    told = "".join(run for how, run in found if how != "del")
    assert told.split() == now.split()
