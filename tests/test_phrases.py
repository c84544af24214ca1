"""Text in several languages: what is read, what is refused, and which text is said."""

from __future__ import annotations

import copy
import pickle

import pytest

from allocator.errors import Place, Unparsable
from allocator.files.marked import parse_yaml
from allocator.phrases import Phrase


def test_text_is_english() -> None:
    made = Phrase.parse("No line dominates")
    assert made == "No line dominates"
    assert made.languages == {"en": "No line dominates"}
    assert made.said("ja") == made.said("en") == "No line dominates"


def test_languages_beside_one_another() -> None:
    made = Phrase.parse({"ja": "集中の上限", "en": "No line dominates"})
    assert made == "No line dominates"
    assert (made.said("ja"), made.said("fr")) == ("集中の上限", "No line dominates")
    assert Phrase.parse(made) is made


def test_a_copy_keeps_the_languages() -> None:
    made = Phrase({"en": "a", "ja": "b"})
    for twin in (pickle.loads(pickle.dumps(made)), copy.deepcopy(made)):
        assert (twin, twin.languages) == ("a", {"en": "a", "ja": "b"})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (3, "cannot read '3'; write text"),
        (["a"], "cannot read a list; write text"),
        ({"ja": "b"}, "no English text (en); add it, as sentences are made in English"),
        ({}, "no English text (en); add it, as sentences are made in English"),
        ({"en": "a", "jp": "b"}, "'jp' is no code of a language; did you mean 'ja'?"),
        ({"en": "a", "english": "b"}, "'english' is no code of a language; known: en, ja"),
        ({"en": "a", "EN": "b"}, "'EN' is no code of a language; known: en, ja"),
        ({"en": "a", "ja": ["b"]}, "the text in 'ja' is no text; write text"),
        ({"en": {"a": "b"}}, "the text in 'en' is no text; write text"),
    ],
)
def test_what_is_no_text(given: object, message: str) -> None:
    with pytest.raises(Unparsable) as caught:
        Phrase.parse(given)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("line", "column"), [("title: {en: a, jp: b}", 16), ("title: {en: a, ja: [b]}", 16), ("title: {ja: b}", 8)]
)
def test_a_fault_has_its_place(line: str, column: int) -> None:
    given = parse_yaml(line.encode(), "p.yaml")["title"]
    with pytest.raises(Unparsable) as caught:
        Phrase.parse(given)
    assert caught.value.place == Place("p.yaml", 1, column)


def test_how_lines_are_broken_is_not_part_of_a_text() -> None:
    made = Phrase.parse({"en": "No line\n dominates\n", "ja": "甲　乙\n"})
    assert made.languages == {"en": "No line dominates", "ja": "甲　乙"}
